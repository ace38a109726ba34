"""A region made ready for planning: assets and roads in, units, links, shares and travel minutes out."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import pathlib
from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import pandas as pd

from gunmane import schema
from gunmane.assets.faults import NOTICES, UNUSUAL_RULES
from gunmane.assumptions import load_assumptions
from gunmane.cache import read_entry, write_entry
from gunmane.deliveries import Delivery, LedgerFile
from gunmane.inputs import Inputs, load_inputs
from gunmane.municipalities import Region, find_region
from gunmane.network import Network, build_network
from gunmane.quantities import place_assets
from gunmane.scenario import Ground, Note
from gunmane.strands import Progress
from gunmane.units import join_own_parts, link_units, make_units, travel_matrix, unit_facts


def prepare_ground(
    region: str | Region,
    *,
    roads: pathlib.Path | None = None,
    assets: Sequence[pathlib.Path | str | LedgerFile | Delivery] = (),
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
        Ledger files, or what was taken from them before: rows replace the sample rows of the same body and sector, road
        lines the sample network, totals the statistics that the sample follows.
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
    chosen = region if isinstance(region, Region) else find_region(region)
    say = progress or (lambda fraction, key: True)
    say(0.0, "progress.reading")
    inputs = load_inputs(chosen, roads, assets, is_roads_as_assets=is_roads_as_assets, has_water=has_water)
    place = inputs.region
    key = _ground_key(place, inputs)
    cached = _read_cached(key)
    say(0.3, "progress.network")
    parts = cached or _build(place, inputs, say)
    # Only what is made from the sample stays on disk: a user's own files leave nothing behind.
    if cached is None and roads is None and not assets:
        # A cache that cannot be written (full disk, read-only home) costs time on the next start, nothing else.
        with contextlib.suppress(OSError):
            _write_cached(key, parts)
    say(1.0, "progress.ready")
    return _ground(place, inputs, parts)


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
        notes += _snap_notes(shares)
    # Titles, sums and what is abolished stand in the list of faults, but nobody has to mend them.
    faults = int((~inputs.rejects["rule"].isin(NOTICES - UNUSUAL_RULES)).sum())
    if faults:
        notes.append(Note.of("rejected_rows", count=faults))
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
        readings=inputs.readings,
        references=inputs.references,
    )


def _snap_notes(shares: pd.DataFrame) -> list[Note]:
    """Say how far the assets lie from the road file's lines, and when that is too far for the hours to be trusted."""
    median, most, farthest = (float(shares["snap_m"].quantile(part)) for part in (0.5, 0.9, 1.0))
    values = {"median_m": round(median), "most_m": round(most), "farthest_m": round(farthest)}
    notes = [Note.of("snap_distances", **values)]
    if median > load_assumptions().value("roads_far_median_m"):
        notes.insert(0, Note.of("roads_too_far", median_m=round(median)))
    return notes


@functools.cache
def code_fingerprint() -> str:
    """Return a hash of gunmane's own code, so that a cache made by other code is never read."""
    package = pathlib.Path(__file__).resolve().parent
    digest = hashlib.sha256()
    for file in sorted(package.rglob("*.py")):
        digest.update(str(file.relative_to(package)).encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()


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
