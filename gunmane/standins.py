"""Sample rows as stand-ins: a user's own rows take their place, and what became of both is told."""

from __future__ import annotations

import dataclasses

import geopandas as gpd
import pandas as pd

from gunmane.assets.matching import Matched, match_conditions
from gunmane.deliveries import Delivery
from gunmane.errors import FileError
from gunmane.municipalities import Region
from gunmane.scenario import Note


@dataclasses.dataclass(eq=False)
class StandIns:
    """The assets as they grow while file after file takes the place of sample rows."""

    assets: gpd.GeoDataFrame
    rejects: list[pd.DataFrame]
    notes: list[Note]

    def replace(self, own: gpd.GeoDataFrame, faults: pd.DataFrame, name: str, region: Region) -> None:
        """
        Let a file's rows take the place of sample rows; what is told of it goes to the notes.

        Raises
        ------
        FileError
            If no row of the file can be taken.
        """
        if own.empty:
            raise FileError("no_row_taken", file=name, rejected=len(faults))
        table, count, clashing = _replace_rows(self.assets, own)
        faults = pd.concat([faults, _clashes(clashing, name)], ignore_index=True)
        if len(clashing) == len(own):
            raise FileError("no_row_taken", file=name, rejected=len(faults))
        taken = own[~own["asset_id"].isin(clashing["asset_id"])]
        counts = {"taken": len(taken), "rejected": faults_rows(faults), "sample_rows": count}
        self.assets = table
        self.rejects.append(faults)
        self.notes.append(Note.of("assets_replaced", file=name, **counts))
        self.notes += _ledger_notes(taken, region, name)

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
    """Say what of a ledger stays out of the plan, and whether it may be half a ledger."""
    outside = own[~own["owner_code"].isin(region.contributing_codes)]
    notes = _bridges_beside_official(own, region)
    if len(outside):
        codes = ", ".join(sorted(set(outside["owner_code"])))
        notes.append(Note.of("body_takes_no_part", file=name, count=len(outside), codes=codes))
    return notes


def _bridges_beside_official(own: gpd.GeoDataFrame, region: Region) -> list[Note]:
    """Set a ledger's bridges beside the official count of each town, so that half a ledger is noticed."""
    bridges = own[own["sector"] == "bridge"].groupby("owner_code").size()
    official = region.statistics["bridges_inspected"].dropna()
    notes = []
    for code in bridges.index.intersection(official.index):
        if bridges[code] != official[code]:
            values = {"taken": int(bridges[code]), "official": int(official[code])}
            ja, en = region.name_of(code, "ja"), region.name_of(code, "en")
            notes.append(Note.of("bridges_beside_official", name_ja=ja, name_en=en, **values))
    return notes


def faults_rows(rejects: pd.DataFrame) -> int:
    """Return how many rows were rejected as a whole; a fault of one value keeps its row."""
    whole = rejects[~rejects["rule"].astype("str").str.endswith("_value")]
    return int(whole[["source_file", "row"]].drop_duplicates().shape[0])


def _replace_rows(
    table: gpd.GeoDataFrame, own: gpd.GeoDataFrame
) -> tuple[gpd.GeoDataFrame, int, gpd.GeoDataFrame]:
    """
    Own rows take the place of the sample rows of the same body and sector.

    Also how many sample rows those were, and the own rows whose id another file's row already has.
    """
    # A row that is not taken takes no sample row's place.
    is_known = own["asset_id"].isin(table.loc[~table["is_synthetic"].astype(bool), "asset_id"])
    pairs = set(zip(own.loc[~is_known, "owner_code"], own.loc[~is_known, "sector"], strict=True))
    is_replaced = table["is_synthetic"] & pd.Series(
        [pair in pairs for pair in zip(table["owner_code"], table["sector"], strict=True)], index=table.index
    )
    kept = table[~is_replaced]
    is_clash = is_known | own["asset_id"].isin(kept["asset_id"])
    joined = pd.concat([kept, own[~is_clash]], ignore_index=True)
    merged = gpd.GeoDataFrame(joined, geometry="geometry", crs=table.crs)
    return merged, int(is_replaced.sum()), own[is_clash]


def _clashes(rows: gpd.GeoDataFrame, name: str) -> pd.DataFrame:
    """Faults of rows whose id stands in another file (`schema.REJECTS`)."""
    return pd.DataFrame(
        {
            "source_file": name,
            "row": pd.to_numeric(rows["source"].str.extract(r"#(\d+)$")[0], errors="coerce").astype("Int64"),
            "column": "asset_id",
            "value": rows["asset_id"],
            "became": "",
            "rule": "asset_id_duplicate",
            "advice_key": "advice.asset_id_duplicate",
        }
    )
