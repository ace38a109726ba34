"""What a region's ground is made from: sample rows, and the user's own files in their place."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import pathlib
from collections.abc import Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

import gunmane
from gunmane.assets import take_assets
from gunmane.cache import data_folder
from gunmane.errors import FileError
from gunmane.ledgers import read_assets, read_roads
from gunmane.municipalities import Region
from gunmane.sample import load_sample
from gunmane.scenario import Note

DATA_DATES = {
    "statistics": "FY2023/24",
    "bridges": "R2-R6",
    "settlement": "FY2024",
    "towns": "Geolonia",
    "borders": "JMA",
}


@dataclasses.dataclass(frozen=True, eq=False)
class Inputs:
    """
    What the ground is made from.

    Parameters
    ----------
    assets, rejects
        Tables of `schema`.
    roads
        `schema.ROADS` in the region's plane zone.
    provenance, notes
        Hashes and dates; what the reader must know.
    """

    assets: gpd.GeoDataFrame
    rejects: pd.DataFrame
    roads: gpd.GeoDataFrame
    provenance: dict[str, Any]
    notes: tuple[Note, ...]


def load_inputs(
    region: Region,
    roads: pathlib.Path | None,
    files: Sequence[pathlib.Path],
    *,
    is_roads_as_assets: bool = False,
    has_water: bool = False,
) -> Inputs:
    """
    Read what the ground of a region is made from; parameters as for `grounds.prepare_ground`.

    Raises
    ------
    FileError
        If a file cannot be used, or none of its rows.
    """
    sample = load_sample(region, with_water=has_water)
    table, rejects = take_assets(sample.assets, region=region, source=f"sample:{region.region_id}")
    notes = [Note.of("sample_assets", region=region.region_id)]
    notes += [Note.of(key, **values) for key, values in sample.facts["notes"]]
    provenance: dict[str, Any] = {
        "gunmane_version": gunmane.__version__,
        "data_dates": DATA_DATES,
        "roads_source": "sample",
        "assets_source": ["sample"],
        "sample_facts": sample.facts,
        "input_sha256": {"facts": facts_fingerprint()},
    }
    lines, has_sample_roads = sample.roads, True
    if roads is not None:
        lines, facts = read_roads(roads, region=region)
        provenance["roads_source"] = roads.name
        provenance["road_file_facts"] = facts
        has_sample_roads = bool(facts["is_synthetic"])
        provenance["input_sha256"][f"roads/{roads.name}"] = file_sha256(roads)
        notes.append(Note.of("roads_replaced", file=roads.name))
    elif is_roads_as_assets:
        raise FileError("roads_as_assets_needs_roads")
    replaced, dropped_roads = [], 0
    if is_roads_as_assets and roads is not None:
        rows = roads_as_rows(lines, region, roads.name)
        notes.append(_official_lengths(rows, region))
        # Real lines stand for every road of the region, whoever keeps it: no sample road stays beside them.
        is_sample_road = table["is_synthetic"] & (table["sector"] == "road")
        dropped_roads = int(is_sample_road.sum())
        table = table[~is_sample_road]
        replaced.append((rows, roads.name))
    for number, file in enumerate(files, start=1):
        replaced.append((read_assets(file, region=region), file.name))
        provenance["input_sha256"][f"assets{number}/{file.name}"] = file_sha256(file)
    for rows, name in replaced:
        own, faults = take_assets(rows, region=region, source=name)
        if own.empty:
            raise FileError("no_row_taken", file=name, rejected=len(faults))
        table, count, clashing = _replace_rows(table, own)
        faults = pd.concat([faults, _clashes(clashing, name)], ignore_index=True)
        if len(clashing) == len(own):
            raise FileError("no_row_taken", file=name, rejected=len(faults))
        rejects = pd.concat([rejects, faults], ignore_index=True)
        provenance["assets_source"].append(name)
        taken = own[~own["asset_id"].isin(clashing["asset_id"])]
        counts = {"taken": len(taken), "rejected": faults_rows(faults), "sample_rows": count + dropped_roads}
        notes.append(Note.of("assets_replaced", file=name, **counts))
        notes += _ledger_notes(taken, region, name)
        dropped_roads = 0
    provenance["is_synthetic"] = bool(table["is_synthetic"].any()) or has_sample_roads
    return Inputs(table, rejects, lines, provenance, tuple(notes))


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
            "rule": "asset_id_duplicate",
            "advice_key": "advice.asset_id_duplicate",
        }
    )


def roads_as_rows(lines: gpd.GeoDataFrame, region: Region, name: str) -> gpd.GeoDataFrame:
    """
    Return road lines as asset rows: cut at municipal borders, the part outside the region left out.

    Roads of a national or prefectural class belong to the prefecture's or the state's own keeping; expressways and
    national roads are left out, prefectural ones get the prefecture's code, all others the municipality's.
    """
    areas = region.municipalities.reset_index()[["muni_code", "geometry"]]
    classes = (
        lines["road_class"] if "road_class" in lines.columns else pd.Series("unknown", index=lines.index)
    )
    table = gpd.GeoDataFrame(
        {"subtype": classes.to_numpy(), "line": np.arange(1, len(lines) + 1)},
        geometry=lines.geometry.to_numpy(),
        crs=lines.crs,
    )
    table = table[~table["subtype"].isin(["expressway", "national"])]
    cut = gpd.overlay(table, areas, how="intersection", keep_geom_type=True)
    cut = cut.sort_values(["line", "muni_code"], ignore_index=True)
    owner = cut["muni_code"].where(cut["subtype"] != "prefectural", cut["muni_code"].str[:2])
    number = cut["line"].astype("str")
    return gpd.GeoDataFrame(
        {
            "asset_id": "road:" + number + ":" + cut["muni_code"],
            "sector": "road",
            "subtype": cut["subtype"],
            "muni_code": cut["muni_code"],
            "owner_code": owner,
            "account_class": "general",
            "source": name + "#" + number,
            "is_synthetic": False,
        },
        geometry=cut.geometry,
        crs=lines.crs,
    )


def _official_lengths(rows: gpd.GeoDataFrame, region: Region) -> Note:
    drawn_km = float(rows.geometry.length.sum()) / 1000
    official_km = float(region.statistics["road_length_m"].sum()) / 1000
    return Note.of("roads_as_assets", drawn_km=round(drawn_km, 1), official_km=round(official_km, 1))


@functools.cache
def facts_fingerprint() -> str:
    """Return a hash of every fact file, for cache keys and plan files."""
    digest = hashlib.sha256()
    for file in sorted(data_folder().iterdir()):
        if file.is_file():
            digest.update(file.name.encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()


def file_sha256(path: pathlib.Path) -> str:
    """Return the hash of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
