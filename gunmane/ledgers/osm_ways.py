"""Ways with `highway` out of `.osm.pbf` and large `.osm` files, in memory that follows the roads, not the file."""

from __future__ import annotations

import pathlib
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from gunmane.errors import FileError
from gunmane.ledgers.files import MAX_ROWS

# What a road's use, place among others and keeping are read from; every other tag stays in the file.
TAGS = (
    "highway",
    "oneway",
    "bridge",
    "tunnel",
    "layer",
    "width",
    "name",
    "ref",
    "junction",
    "service",
    "access",
    "area",
)
# Driven against the order of the way's nodes.
AGAINST = ("-1", "reverse")
# Bound of the machine: nodes that all roads together may name.
MAX_NODES = 30_000_000

Shapes = npt.NDArray[Any]
Ways = tuple[pd.DataFrame, Shapes, dict[str, Any]]


def read_ways(path: pathlib.Path) -> Ways:
    """
    Return the ways of a file that carry `highway`, by their ids, their shapes, and what was found out.

    The ways are read first, then the places of their nodes alone. A road driven against the order of its nodes is
    turned, and `oneway` then says "yes".

    Raises
    ------
    FileError
        If the file cannot be read to its end, or holds too many roads.
    """
    try:
        tags, counts, refs = _tagged_ways(path)
        places = _node_places(path, refs)
    except (RuntimeError, OSError, ValueError, UnicodeError) as error:
        raise FileError("ledger_unreadable", file=path.name) from error
    table = pd.DataFrame(tags, columns=["osm_id", *TAGS]).astype("str")
    shapes = _lines(counts, places)
    is_against = table["oneway"].isin(AGAINST).to_numpy()
    shapes[is_against] = shapely.reverse(shapes[is_against])
    table["oneway"] = table["oneway"].where(~is_against, "yes")
    order = pd.to_numeric(table["osm_id"]).argsort(kind="stable").to_numpy()
    missing = len(np.unique(refs[np.isnan(places[:, 0])]))
    told = {"nodes_missing": missing} if missing else {}
    return table.iloc[order].reset_index(drop=True), shapes[order], told


def _tagged_ways(path: pathlib.Path) -> tuple[list[list[str]], list[int], npt.NDArray[np.int64]]:
    import osmium

    rows, counts, refs = [], [], []
    total = 0
    ways: Iterable[Any] = osmium.FileProcessor(str(path), osmium.osm.WAY).with_filter(
        osmium.filter.KeyFilter("highway")
    )
    for way in ways:
        rows.append([str(way.id), *(way.tags.get(tag, "") for tag in TAGS)])
        nodes = np.array([node.ref for node in way.nodes], dtype=np.int64)
        counts.append(len(nodes))
        refs.append(nodes)
        total += len(nodes)
        if len(rows) > MAX_ROWS or total > MAX_NODES:
            raise FileError("osm_too_many", file=path.name, limit=f"{MAX_ROWS:,}")
    return rows, counts, np.concatenate(refs) if refs else np.empty(0, np.int64)


def _node_places(path: pathlib.Path, refs: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Return longitude and latitude of each reference; not a number where the file does not hold the node."""
    import osmium

    wanted = np.unique(refs)
    found = np.full((len(wanted), 2), np.nan)
    if not len(wanted):
        return found
    nodes: Iterable[Any] = osmium.FileProcessor(str(path), osmium.osm.NODE).with_filter(
        osmium.filter.IdFilter(wanted.tolist())
    )
    for node in nodes:
        if node.location.valid():
            found[np.searchsorted(wanted, node.id)] = node.location.lon, node.location.lat
    return found[np.searchsorted(wanted, refs)]


def _lines(counts: list[int], places: npt.NDArray[np.float64]) -> Shapes:
    """Return one shape a way; where nodes are missing it is the runs of known ones, None without any."""
    way = np.repeat(np.arange(len(counts)), counts)
    is_known = ~np.isnan(places[:, 0])
    starts = np.ones(len(way), dtype=bool)
    starts[1:] = (way[1:] != way[:-1]) | ~is_known[:-1]
    run = np.cumsum(starts) - 1
    is_point = is_known & (np.bincount(run[is_known], minlength=run[-1] + 1 if len(run) else 0)[run] > 1)
    shapes = np.full(len(counts), None, dtype=object)
    if not is_point.any():
        return shapes
    owners, number = np.unique(run[is_point], return_inverse=True)
    lines = shapely.linestrings(places[is_point], indices=number)
    line_way = np.zeros(len(owners), dtype=np.int64)
    line_way[number] = way[is_point]
    filled, parts, sizes = np.unique(line_way, return_inverse=True, return_counts=True)
    shapes[filled] = shapely.multilinestrings(lines, indices=parts)
    single = filled[sizes == 1]
    shapes[single] = shapely.get_geometry(shapes[single], 0)
    return shapes
