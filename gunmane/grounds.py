"""A region made ready for planning: assets and roads in, units, links, shares and travel minutes out."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
import pathlib
from collections.abc import Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

import gunmane
from gunmane import schema
from gunmane.assets import take_assets
from gunmane.assumptions import load_assumptions
from gunmane.cache import data_folder, read_entry, write_entry
from gunmane.errors import FileError
from gunmane.ledgers import read_assets, read_roads
from gunmane.municipalities import Region, find_region
from gunmane.network import Network, build_network
from gunmane.quantities import place_assets
from gunmane.sample import load_sample
from gunmane.scenario import Ground, Note
from gunmane.strands import Progress
from gunmane.units import join_own_parts, link_units, make_units, travel_matrix, unit_facts

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


def prepare_ground(
    region: str | Region,
    *,
    roads: pathlib.Path | None = None,
    assets: Sequence[pathlib.Path] = (),
    is_roads_as_assets: bool = False,
    has_water: bool = False,
    progress: Progress | None = None,
) -> Ground:
    """
    Make a region ready for planning.

    Parameters
    ----------
    region
        Region, or its id, number or name.
    roads
        Road file that replaces the sample network; lines outside the region serve routing only.
    assets
        Ledger files with our own column names; each replaces the sample rows of the same body and sector.
    is_roads_as_assets
        True makes the road file's lines inside the region the road assets.
    has_water
        True adds sample water mains.
    progress
        Called with a fraction (0-1) and a catalogue key under `progress.`.

    Raises
    ------
    RegionError
        If the region is unknown.
    FileError
        If a file cannot be used; nothing made before is touched.
    """
    place = region if isinstance(region, Region) else find_region(region)
    say = progress or (lambda fraction, key: True)
    say(0.0, "progress.reading")
    inputs = _inputs(place, roads, assets, is_roads_as_assets=is_roads_as_assets, has_water=has_water)
    key = _ground_key(place, inputs)
    cached = _read_cached(key)
    say(0.3, "progress.network")
    parts = cached or _build(place, inputs, say)
    # Only what is made from the sample stays on disk: a user's own files leave nothing behind.
    if cached is None and roads is None and not assets:
        _write_cached(key, parts)
    say(1.0, "progress.ready")
    return _ground(place, inputs, parts)


def _inputs(
    region: Region,
    roads: pathlib.Path | None,
    files: Sequence[pathlib.Path],
    *,
    is_roads_as_assets: bool,
    has_water: bool,
) -> Inputs:
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
    lines = sample.roads
    if roads is not None:
        lines, facts = read_roads(roads, region=region)
        provenance["roads_source"] = roads.name
        provenance["road_file_facts"] = facts
        provenance["input_sha256"][roads.name] = file_sha256(roads)
        notes.append(Note.of("roads_replaced", file=roads.name))
    elif is_roads_as_assets:
        raise FileError("roads_as_assets_needs_roads")
    replaced = []
    if is_roads_as_assets and roads is not None:
        rows = roads_as_rows(lines, region, roads.name)
        notes.append(_official_lengths(rows, region))
        replaced.append((rows, roads.name))
    for file in files:
        replaced.append((read_assets(file, region=region), file.name))
        provenance["input_sha256"][file.name] = file_sha256(file)
    for rows, name in replaced:
        own, faults = take_assets(rows, region=region, source=name)
        if own.empty:
            raise FileError("no_row_taken", file=name, rejected=len(faults))
        table, count = _replace_rows(table, own)
        rejects = pd.concat([rejects, faults], ignore_index=True)
        provenance["assets_source"].append(name)
        notes.append(
            Note.of(
                "assets_replaced", file=name, taken=len(own), rejected=faults_rows(faults), sample_rows=count
            )
        )
    provenance["is_synthetic"] = bool(table["is_synthetic"].any()) or roads is None
    return Inputs(table, rejects, lines, provenance, tuple(notes))


def faults_rows(rejects: pd.DataFrame) -> int:
    """Return how many rows were rejected as a whole; a fault of one value keeps its row."""
    whole = rejects[~rejects["rule"].astype("str").str.endswith("_value")]
    return int(whole[["source_file", "row"]].drop_duplicates().shape[0])


def _replace_rows(table: gpd.GeoDataFrame, own: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, int]:
    """Own rows take the place of the sample rows of the same body and sector; also how many those were."""
    pairs = set(zip(own["owner_code"], own["sector"], strict=True))
    is_replaced = table["is_synthetic"] & pd.Series(
        [pair in pairs for pair in zip(table["owner_code"], table["sector"], strict=True)], index=table.index
    )
    kept = table[~is_replaced]
    own = own[~own["asset_id"].isin(kept["asset_id"])]
    joined = pd.concat([kept, own], ignore_index=True)
    return gpd.GeoDataFrame(joined, geometry="geometry", crs=table.crs), int(is_replaced.sum())


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


Parts = tuple[gpd.GeoDataFrame, pd.DataFrame, pd.DataFrame, np.ndarray, dict[str, float], dict[str, str]]


def _build(region: Region, inputs: Inputs, say: Progress) -> Parts:
    assumptions = load_assumptions()
    network = build_network(inputs.roads, assumptions=assumptions, region=region)
    say(0.5, "progress.units")
    units, node_unit = make_units(network, region)
    links = link_units(network, units, node_unit, assumptions=assumptions)
    say(0.7, "progress.travel")
    travel_min = travel_matrix(network, units, links)
    links = join_own_parts(units, links, travel_min)
    say(0.85, "progress.shares")
    own = inputs.assets[inputs.assets["owner_code"].isin(region.contributing_codes)]
    shares = schema.check_table(place_assets(own, units, node_unit, network), "shares")
    halls = _hall_units(region, units, node_unit, network)
    facts = network.facts | unit_facts(network, units, node_unit)
    return units, links, shares, travel_min, facts, halls


def _hall_units(
    region: Region, units: gpd.GeoDataFrame, node_unit: np.ndarray, network: Network
) -> dict[str, str]:
    """Unit in which each town hall lies: the one of the nearest road node in its own municipality."""
    muni = units["muni_code"].to_numpy()
    chosen: dict[str, str] = {}
    for code, hall in region.halls.geometry.items():
        inside = np.flatnonzero((node_unit >= 0) & (muni[node_unit] == code))
        if not len(inside):
            continue
        distance = np.hypot(network.x[inside] - hall.x, network.y[inside] - hall.y)
        chosen[str(code)] = str(units.index[node_unit[inside[int(np.argmin(distance))]]])
    return chosen


def _ground(region: Region, inputs: Inputs, parts: Parts) -> Ground:
    units, links, shares, travel_min, facts, halls = parts
    notes = [*inputs.notes]
    if facts.get("component_count", 1) > 1:
        notes.append(Note.of("several_components", count=int(facts["component_count"])))
    assumed = int(links["is_assumed"].sum())
    if assumed:
        notes.append(Note.of("assumed_links", count=assumed))
    if facts.get("unknown_class_share", 0) > 0:
        notes.append(Note.of("road_class_unknown", percent=round(100 * facts["unknown_class_share"])))
    if inputs.provenance["roads_source"] != "sample" and len(shares):
        notes.append(_snap_note(shares))
    if len(inputs.rejects):
        notes.append(Note.of("rejected_rows", count=len(inputs.rejects)))
    return Ground(
        region=region,
        assets=inputs.assets,
        rejects=inputs.rejects,
        roads=inputs.roads,
        network_facts=facts,
        units=units,
        links=links,
        shares=shares,
        travel_min=travel_min,
        hall_units=halls,
        provenance=inputs.provenance,
        notes=tuple(notes),
    )


def _snap_note(shares: pd.DataFrame) -> Note:
    """Say how far the assets lie from the road file's lines: half, nine of ten, and the farthest (m)."""
    median, most, farthest = shares["snap_m"].quantile([0.5, 0.9, 1.0]).round().astype("int64")
    return Note.of("snap_distances", median_m=int(median), most_m=int(most), farthest_m=int(farthest))


@functools.cache
def facts_fingerprint() -> str:
    """Return a hash of every fact file, for cache keys and plan files."""
    digest = hashlib.sha256()
    for file in sorted(data_folder().iterdir()):
        if file.is_file():
            digest.update(file.name.encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()


@functools.cache
def code_fingerprint() -> str:
    """Return a hash of gunmane's own code, so that a cache made by other code is never read."""
    package = pathlib.Path(__file__).resolve().parent
    digest = hashlib.sha256()
    for file in sorted(package.rglob("*.py")):
        digest.update(str(file.relative_to(package)).encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()


def file_sha256(path: pathlib.Path) -> str:
    """Return the hash of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _ground_key(region: Region, inputs: Inputs) -> str:
    rows = {
        "region": region.region_id,
        "code": code_fingerprint(),
        "inputs": inputs.provenance["input_sha256"],
        "sources": [inputs.provenance["roads_source"], inputs.provenance["assets_source"]],
        "counts": [len(inputs.assets), len(inputs.roads)],
    }
    return hashlib.sha256(json.dumps(rows, sort_keys=True).encode()).hexdigest()[:32]


def _write_cached(key: str, parts: Parts) -> None:
    units, links, shares, travel_min, facts, halls = parts
    rest = json.dumps({"facts": facts, "halls": halls}, sort_keys=True)
    write_entry(
        "ground",
        key,
        {
            "units.parquet": units.to_parquet,
            "links.parquet": links.to_parquet,
            "shares.parquet": shares.to_parquet,
            "travel.npy": lambda path: np.save(path, travel_min),
            "rest.json": lambda path: _write_text(path, rest),
        },
    )


def _write_text(path: pathlib.Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def _read_cached(key: str) -> Parts | None:
    folder = read_entry("ground", key)
    if folder is None:
        return None
    rest = json.loads((folder / "rest.json").read_text(encoding="utf-8"))
    return (
        gpd.read_parquet(folder / "units.parquet"),
        pd.read_parquet(folder / "links.parquet"),
        pd.read_parquet(folder / "shares.parquet"),
        np.load(folder / "travel.npy"),
        rest["facts"],
        rest["halls"],
    )
