"""Sample rows as stand-ins: a user's own rows take their place, and what became of both is told."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from gunmane import schema
from gunmane.assets.matching import Matched, match_conditions
from gunmane.assumptions import load_assumptions
from gunmane.deliveries import Delivery
from gunmane.errors import FileError
from gunmane.municipalities import Region
from gunmane.scenario import Note

# Counted by the length that is kept up; a single pump station or lamp is a piece beside it.
LENGTH_SECTORS = ("road", "sewer", "water", "river")
METRES_PER_KM = 1000
# What two rows at the point of a settlement must share beside their id to be one asset.
SAME = ("name", "length_m", "area_m2", "material", "diameter_mm")

MadeWay = dict[tuple[str, str], tuple[int, float]]
# Sector -> the official figure that counts the same thing, and the unit that its size is told in ("": by the piece).
OFFICIAL = {"bridge": "bridges_inspected", "road": "road_length_m", "park": "park_area_m2"}
UNITS = {"bridge": "", "park": "ha"}
PER_UNIT = {"": 1.0, "km": 1000.0, "ha": 10_000.0}
UNIT_WORDS = {"": ("件", "pieces"), "km": ("km", "km"), "ha": ("ha", "ha")}
SAMPLE_KINDS = ("sample_assets", "sample_roads_and_some", "sample_roads_only", "sample_assets_only")
NETWORK_NOTES = ("sample_trunks_thinned", "sample_islands")
# Note -> the sector it is on, and the fact of the sample that it holds for.
TOWN_NOTES = {
    "sample_no_parks": ("park", "has_park_record", False),
    "sample_bridges_estimated": ("bridge", "bridges_estimated", True),
    "sample_rivers_estimated": ("river", "rivers_estimated", True),
}


@dataclasses.dataclass(eq=False)
class StandIns:
    """The assets as they grow while file after file takes the place of sample rows; `made_way` counts the latter."""

    assets: gpd.GeoDataFrame
    rejects: list[pd.DataFrame]
    notes: list[Note]
    made_way: MadeWay = dataclasses.field(default_factory=dict)

    def replace(self, own: gpd.GeoDataFrame, faults: pd.DataFrame, name: str, region: Region) -> None:
        """
        Let a file's rows take the place of sample rows; what is told of it goes to the notes.

        Raises
        ------
        FileError
            If no row of the file can be taken, or all of them stand in the files before.
        """
        if own.empty:
            raise FileError("no_row_taken", file=name, rejected=len(faults))
        is_known = _stands_in(own, self.assets)
        faults = pd.concat([faults, _known_rows(own[is_known], name)], ignore_index=True)
        if is_known.all():
            raise FileError("no_row_new", file=name, rows=len(own))
        taken = own[~is_known]
        is_replaced = _replaced(self.assets, taken)
        kept = self.assets[~is_replaced]
        self.make_way(self.assets[is_replaced])
        beside = _beside(taken, kept, region, name)
        taken, renamed = _with_free_ids(taken, kept, name)
        joined = pd.concat([kept, taken], ignore_index=True)
        self.assets = gpd.GeoDataFrame(joined, geometry="geometry", crs=self.assets.crs)
        self.rejects.append(faults)
        counts = {"taken": len(taken), "rejected": faults_rows(faults), "sample_rows": int(is_replaced.sum())}
        self.notes.append(Note.of("assets_replaced", file=name, **counts))
        if renamed:
            self.notes.append(Note.of("ids_renamed", file=name, rows=renamed))
        self.notes += beside
        self.notes += _ledger_notes(taken, region, name)

    def make_way(self, removed: gpd.GeoDataFrame) -> None:
        """Count sample rows that own rows took the place of."""
        for (owner, sector), rows in removed.groupby(["owner_code", "sector"]):
            count, size = self.made_way.get((str(owner), str(sector)), (0, 0.0))
            more = _size(rows, UNITS.get(str(sector), "km"))
            self.made_way[str(owner), str(sector)] = (count + len(rows), size + more)

    def grade(self, delivery: Delivery, region: Region) -> None:
        """Give grades of a report without coordinates to the bridges of the ledgers that it names."""
        if delivery.conditions is None:
            return
        matched = match_conditions(
            self.assets,
            delivery.conditions,
            region=region,
            places_at_town_hall=delivery.places_at_town_hall,
        )
        self.assets = matched.assets
        self.rejects += [matched.rejects, _unmatched(matched.unmatched, delivery.file)]
        self.notes += _matching_notes(matched, region)


def _matching_notes(matched: Matched, region: Region) -> list[Note]:
    counts = {"matched": matched.matched, "unmatched": len(matched.unmatched)}
    notes = [Note.of("conditions_matched", **counts, bridges_left=matched.bridges_left)]
    if len(matched.placed):
        notes.append(Note.of("conditions_placed", placed=len(matched.placed)))
    if matched.sample_removed:
        owners = ", ".join(region.name_of(code, "ja") for code in sorted(matched.sample_removed))
        removed = sum(matched.sample_removed.values())
        notes.append(Note.of("conditions_sample_replaced", owners=owners, count=removed))
    return notes


def _unmatched(rows: pd.DataFrame, name: str) -> pd.DataFrame:
    """Rows of a report that no bridge took, as faults (`schema.REJECTS`)."""
    rule = "condition_" + rows["reason"].astype("str")
    return pd.DataFrame(
        {
            "source_file": name,
            "row": pd.to_numeric(rows["source"].str.extract(r"#(\d+)$")[0], errors="coerce").astype("Int64"),
            "column": "name",
            "value": rows["name"],
            "became": "",
            "rule": rule,
            "advice_key": "advice." + rule,
        }
    )


def _ledger_notes(own: gpd.GeoDataFrame, region: Region, name: str) -> list[Note]:
    """Say what of a ledger stays out of the plan, and how many of its places are not their own."""
    notes = []
    outside = own[~own["owner_code"].isin(region.contributing_codes)]
    if len(outside):
        codes = ", ".join(sorted(set(outside["owner_code"])))
        notes.append(Note.of("body_takes_no_part", file=name, count=len(outside), codes=codes))
    if "position" in own.columns:
        count = int((own["position"] == "town_point").sum())
        if count:
            notes.append(Note.of("places_approximate", file=name, count=count, total=len(own)))
    return notes


def partial_notes(assets: gpd.GeoDataFrame, made_way: MadeWay, region: Region) -> list[Note]:
    """
    Set what was read of each body and sector beside what is published, so that half a ledger is noticed.

    Parameters
    ----------
    assets
        `schema.ASSETS`; only real rows count.
    made_way
        Sample rows that made way for them, and their sizes (km, of parks ha), by owner and sector: what a sector is
        set beside that nobody publishes.
    region
        Gives the official figures and the names.
    """
    real = assets[~assets["is_synthetic"].astype(bool)]
    share = load_assumptions().value("ledger_whole_share")
    notes = []
    for (owner, sector), rows in real.groupby(["owner_code", "sector"], sort=True):
        unit = UNITS.get(str(sector), "km")
        ours = _size(rows, unit)
        # Single pieces take no line's place: the sample lines stay.
        if unit == "km" and not ours:
            continue
        sample_rows, sample_size = made_way.get((str(owner), str(sector)), (0, 0.0))
        official = _official(region, str(owner), str(sector))
        values = {
            "name_ja": region.name_of(str(owner), "ja"),
            "name_en": region.name_of(str(owner), "en"),
            "taken": len(rows),
            "sample_rows": sample_rows,
        }
        if sector == "bridge" and official is not None:
            if len(rows) != official:
                notes.append(Note.of("bridges_beside_official", official=round(official), **values))
            continue
        words = {f"unit_{lang}": word for lang, word in zip(("ja", "en"), UNIT_WORDS[unit], strict=True)}
        sizes = {"ours": _text(ours, unit), "sample": _text(sample_size, unit), **words}
        if official is not None and ours < share * official:
            told = {**values, **sizes, "official": _text(official, unit), "sector": sector}
            notes.append(Note.of("ledger_beside_official", **told))
        elif official is None and ours < share * sample_size:
            notes.append(Note.of("ledger_beside_sample", sector=sector, **values, **sizes))
    return notes


def _official(region: Region, owner: str, sector: str) -> float | None:
    """Return what is published of a body and sector, in the unit that it is told in."""
    column = OFFICIAL.get(sector)
    if column is None or owner not in region.statistics.index:
        return None
    value = float(region.statistics.at[owner, column])
    return None if math.isnan(value) else value / PER_UNIT[UNITS.get(sector, "km")]


def _text(size: float, unit: str) -> str:
    return f"{size:,.1f}" if unit else f"{size:,.0f}"


def _size(rows: pd.DataFrame, unit: str) -> float:
    if not unit:
        return float(len(rows))
    column = "area_m2" if unit == "ha" else "length_m"
    return float(rows[column].astype("float64").sum()) / PER_UNIT[unit]


def sample_notes(
    notes: Sequence[Note],
    assets: gpd.GeoDataFrame,
    region: Region,
    facts: Mapping[str, Any],
    *,
    has_sample_roads: bool,
) -> list[Note]:
    """
    Return notes of which those on the sample say only what is sample still.

    Parameters
    ----------
    notes
        Notes of a ground.
    assets
        The assets in question, own rows and sample rows.
    region
        Gives names.
    facts
        What the sample was drawn with (`sample_facts` of a ground's provenance).
    has_sample_roads
        Whether sample lines are in the network.
    """
    is_sample = assets["is_synthetic"].astype(bool)
    kept: list[Note] = []
    for note in notes:
        if note.key in SAMPLE_KINDS:
            kept += _sample_kind(assets, is_sample, region, has_sample_roads=has_sample_roads)
        elif note.key in NETWORK_NOTES:
            kept += [note] if has_sample_roads else []
        elif note.key == "sample_prefecture_estimated":
            is_prefecture = assets["owner_code"].astype("str").str.len() == len("29")
            kept += [note] if (is_sample & is_prefecture).any() else []
        elif note.key in TOWN_NOTES and facts.get("municipalities"):
            kept += _town_note(note.key, assets[~is_sample], region, facts["municipalities"])
        else:
            kept.append(note)
    return kept


def _sample_kind(
    assets: gpd.GeoDataFrame, is_sample: pd.Series, region: Region, *, has_sample_roads: bool
) -> list[Note]:
    """Say whether roads, assets or both are sample; of assets, which sectors hold any."""
    held = set(assets.loc[is_sample, "sector"])
    sectors = ", ".join(sector for sector in schema.SECTORS if sector in held)
    if has_sample_roads and is_sample.all():
        return [Note.of("sample_assets", region=region.region_id)]
    if has_sample_roads and sectors:
        return [Note.of("sample_roads_and_some", sectors=sectors)]
    if has_sample_roads:
        return [Note.of("sample_roads_only")]
    return [Note.of("sample_assets_only", sectors=sectors)] if sectors else []


def _town_note(key: str, real: pd.DataFrame, region: Region, facts: Mapping[str, Any]) -> list[Note]:
    """Name the municipalities that a note on the sample holds for still: those without rows of their own."""
    sector, fact, value = TOWN_NOTES[key]
    own = set(real.loc[real["sector"] == sector, "owner_code"])
    codes = [code for code, found in facts.items() if found.get(fact) is value and code not in own]
    if not codes:
        return []
    names_ja = "、".join(region.name_of(code, "ja") for code in codes)
    names_en = ", ".join(region.name_of(code, "en") for code in codes)
    return [Note.of(key, names_ja=names_ja, names_en=names_en)]


def faults_rows(rejects: pd.DataFrame) -> int:
    """Return how many rows were rejected as a whole; a fault of one value keeps its row."""
    whole = rejects[~rejects["rule"].astype("str").str.endswith("_value")]
    return int(whole[["source_file", "row"]].drop_duplicates().shape[0])


def _forms(table: gpd.GeoDataFrame) -> pd.Series:
    """
    Tell lines from single pieces where a sector is counted by length.

    A list of pump stations, manholes or lamps says nothing about pipes and roads, and takes no place of theirs.
    """
    is_by_length = table["sector"].isin(LENGTH_SECTORS) & (table["length_m"].fillna(0) > 0)
    return is_by_length.map({True: "length", False: "piece"})


def _keys(table: gpd.GeoDataFrame) -> pd.MultiIndex:
    return pd.MultiIndex.from_arrays([table["owner_code"], table["sector"], _forms(table)])


def _replaced(table: gpd.GeoDataFrame, own: gpd.GeoDataFrame) -> pd.Series:
    """Sample rows of the same body, sector and form as a row of the user's make way."""
    return table["is_synthetic"].astype(bool) & _keys(table).isin(_keys(own).unique())


def _places(table: gpd.GeoDataFrame, by: str | Sequence[str]) -> pd.MultiIndex:
    shapes = table.geometry.to_wkb()
    names = [by] if isinstance(by, str) else by
    texts = [table[name].astype("str").fillna("") for name in names]
    return pd.MultiIndex.from_arrays([table["sector"], shapes, *texts])


def _stands_in(own: gpd.GeoDataFrame, table: gpd.GeoDataFrame) -> pd.Series:
    """Whether a row is an asset that an earlier file has: the same place and sector, and the same id or name."""
    real = table[~table["is_synthetic"].astype(bool)]
    if real.empty:
        return pd.Series(False, index=own.index)
    has_name = (own["name"].fillna("") != "").to_numpy(dtype=bool)
    same_id = _places(own, "asset_id").isin(_places(real, "asset_id"))
    same_name = _places(own, "name").isin(_places(real, "name")) & has_name
    # Many assets share the point of a settlement, and every list is numbered from 1: only both together tell.
    is_rough = own["position"].isin(["town_point", "town_hall"]).to_numpy(dtype=bool)
    is_alike = _places(own, ["asset_id", *SAME]).isin(_places(real, ["asset_id", *SAME]))
    is_known = np.where(is_rough, is_alike, same_id & (~has_name | same_name) | same_name)
    return pd.Series(is_known, index=own.index)


def _with_free_ids(own: gpd.GeoDataFrame, table: gpd.GeoDataFrame, name: str) -> tuple[gpd.GeoDataFrame, int]:
    """Towns number their bridges from 1, each on its own: an id that is taken bears its file's name before it."""
    taken = set(table["asset_id"])
    ids = own["asset_id"].astype("str")
    is_taken = ids.isin(taken)
    if not is_taken.any():
        return own, 0
    stem = name.rpartition(".")[0] or name
    others = taken | set(ids[~is_taken])
    number, prefix = 2, stem
    while any(f"{prefix}:{one}" in others for one in ids[is_taken]):
        prefix, number = f"{stem} ({number})", number + 1
    return own.assign(asset_id=ids.where(~is_taken, prefix + ":" + ids)), int(is_taken.sum())


def _beside(own: gpd.GeoDataFrame, kept: gpd.GeoDataFrame, region: Region, name: str) -> list[Note]:
    """What stands beside a file's rows: pieces beside sample lines, and rows that other files have of the same."""
    notes: list[Note] = []
    pairs = ["owner_code", "sector"]
    synthetic = kept[kept["is_synthetic"].astype(bool)]
    real = kept[~kept["is_synthetic"].astype(bool)]
    pieces = own[own["sector"].isin(LENGTH_SECTORS) & (_forms(own) == "piece")]
    for (code, sector), rows in pieces.groupby(pairs):
        lines = synthetic[(synthetic["owner_code"] == code) & (synthetic["sector"] == sector)]
        km = float(lines["length_m"].sum()) / METRES_PER_KM
        if km > 0:
            names = {f"name_{lang}": region.name_of(str(code), lang) for lang in ("ja", "en")}
            values = {"file": name, "rows": len(rows), "sector": str(sector), "km": round(km, 1)}
            notes.append(Note.of("pieces_beside_sample", **values, **names))
    earlier = real.groupby(pairs).size()
    for (code, sector), rows in own.groupby(pairs):
        if (code, sector) in earlier.index:
            names = {f"name_{lang}": region.name_of(str(code), lang) for lang in ("ja", "en")}
            values = {"file": name, "rows": len(rows), "sector": str(sector)}
            notes.append(Note.of("also_in_other_file", **values, earlier=int(earlier[code, sector]), **names))
    return notes


def _known_rows(rows: gpd.GeoDataFrame, name: str) -> pd.DataFrame:
    """Faults of rows that stand in another file (`schema.REJECTS`)."""
    return pd.DataFrame(
        {
            "source_file": name,
            "row": pd.to_numeric(rows["source"].str.extract(r"#(\d+)$")[0], errors="coerce").astype("Int64"),
            "column": "asset_id",
            "value": rows["asset_id"],
            "became": "",
            "rule": "other_file_duplicate",
            "advice_key": "advice.other_file_duplicate",
        }
    )
