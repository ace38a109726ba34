"""Minutes between all units: exact shortest paths on a network contracted to what they need."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import csgraph

from gunmane.graph import Ints, Network, arc_matrix

Matrix = npt.NDArray[np.float32]
CELLS_AT_ONCE = 2_000_000  # sources x nodes of one part of the work: 16 MB
MAX_DEGREE = 8  # beyond this, arcs win back in number what nodes save
MIN_ROUND_SHARE = 0.01  # a round that takes out less is not worth its sorting


def travel_matrix(network: Network, units: gpd.GeoDataFrame, links: pd.DataFrame | None = None) -> Matrix:
    """
    Minutes from each unit's node to each other's.

    Parameters
    ----------
    network
        The network; one-way is kept where known.
    units
        `schema.UNITS`, indexed by `unit_id`.
    links
        `schema.LINKS`: its assumed links are driven with their minutes, in both directions; None: none.

    Returns
    -------
    travel_min
        Square, in the order of `units`; infinite where no road and no assumed link leads. Where one-way roads
        alone stop the way (a drawing cut at its edge), one-way is ignored for that pair.
    """
    nodes = units["node"].to_numpy(np.int32)
    terminals, position = np.unique(nodes, return_inverse=True)
    extra = _assumed_arcs(units, links)
    minutes = _between(network.arcs(is_directed=True), extra, terminals, len(network.x))
    if network.is_oneway.any() and np.isinf(minutes).any():
        both = _between(network.arcs(is_directed=False), extra, terminals, len(network.x))
        minutes = np.where(np.isinf(minutes), both, minutes)
    return np.ascontiguousarray(minutes[np.ix_(position, position)])


def _assumed_arcs(units: gpd.GeoDataFrame, links: pd.DataFrame | None) -> tuple[Any, Any, Any]:
    if links is None:
        return np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0)
    assumed = links[links["is_assumed"].astype(bool)]
    one = units["node"].reindex(assumed["source_id"]).to_numpy(np.int32)
    other = units["node"].reindex(assumed["target_id"]).to_numpy(np.int32)
    minutes = assumed["travel_min"].to_numpy(np.float64)
    differs = one != other
    one, other, minutes = one[differs], other[differs], minutes[differs]
    return np.concatenate([one, other]), np.concatenate([other, one]), np.concatenate([minutes, minutes])


def _between(arcs: tuple[Any, Any, Any], extra: tuple[Any, Any, Any], terminals: Ints, count: int) -> Matrix:
    """Minutes between the terminals, swept in parts so that memory stays small."""
    start, end, weight = (np.concatenate(pair) for pair in zip(arcs, extra, strict=True))
    keep, graph = contracted(start, end, weight, terminals, count)
    place = np.searchsorted(keep, terminals)
    result = np.empty((len(terminals), len(terminals)), np.float32)
    step = max(1, CELLS_AT_ONCE // max(len(keep), 1))
    for begin in range(0, len(terminals), step):
        rows = place[begin : begin + step]
        result[begin : begin + step] = csgraph.dijkstra(graph, indices=rows)[:, place]
    return result


def contracted(
    start: npt.ArrayLike, end: npt.ArrayLike, weight: npt.ArrayLike, terminals: npt.ArrayLike, count: int
) -> tuple[npt.NDArray, Any]:
    """
    Take nodes out of a network without changing any distance between those that stay.

    In each round nodes of few neighbours that are not next to each other go, and each way through one of them
    becomes an arc: chains and dead ends first, then simple junctions.

    Parameters
    ----------
    start, end, weight
        Arcs.
    terminals
        Nodes that must stay.
    count
        Number of nodes.

    Returns
    -------
    keep, graph
        Nodes that stay, ascending, and their arcs as a CSR matrix in that order.
    """
    is_terminal = np.zeros(count, bool)
    is_terminal[np.asarray(terminals)] = True
    arcs = _quickest(np.asarray(start, np.int64), np.asarray(end, np.int64), np.asarray(weight, float), count)
    alive = is_terminal.copy()
    alive[arcs[0]] = alive[arcs[1]] = True
    for degree in range(2, MAX_DEGREE + 1):
        while True:
            goes = _independent(arcs, alive & ~is_terminal, degree, count)
            if goes.sum() <= (0 if degree == 2 else MIN_ROUND_SHARE * alive.sum()):
                break
            arcs = _taken_out(arcs, goes, count)
            alive &= ~goes
    keep = np.flatnonzero(alive)
    number = np.full(count, -1)
    number[keep] = np.arange(len(keep))
    return keep, arc_matrix(number[arcs[0]], number[arcs[1]], arcs[2], len(keep))


Arcs = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float64]]


def _quickest(start: npt.NDArray, end: npt.NDArray, weight: npt.NDArray, count: int) -> Arcs:
    """Arcs sorted by start and end, of parallel ones the quickest, without loops."""
    key = start * count + end
    order = np.lexsort((weight, key))
    key = key[order]
    first = np.ones(len(key), bool)
    first[1:] = key[1:] != key[:-1]
    first &= start[order] != end[order]
    order = order[first]
    return start[order], end[order], weight[order]


def _independent(arcs: Arcs, may_go: npt.NDArray, degree: int, count: int) -> npt.NDArray:
    """Nodes with at most `degree` neighbours, no two of them neighbours: of two the one that ranks lower goes."""
    start, end, _ = arcs
    low, high = np.minimum(start, end), np.maximum(start, end)
    pairs = np.unique(low * count + high)
    low, high = pairs // count, pairs % count
    neighbours = np.bincount(low, minlength=count) + np.bincount(high, minlength=count)
    goes = may_go & (neighbours <= degree)
    # A rank that jumps about, so that long chains lose half their nodes a round and not one.
    rank = (np.arange(count, dtype=np.uint64) * np.uint64(11400714819323198485)) >> np.uint64(11)
    contested = goes[low] & goes[high]
    low, high = low[contested], high[contested]
    stays = np.where(rank[low] < rank[high], high, low)
    goes[stays] = False
    return goes


def _taken_out(arcs: Arcs, goes: npt.NDArray, count: int) -> Arcs:
    """Replace the arcs of the nodes that go by arcs between their neighbours."""
    start, end, weight = arcs
    enters, leaves = goes[end], goes[start]
    kept = ~enters & ~leaves
    in_from, in_to, in_weight = start[enters], end[enters], weight[enters]
    out_from, out_to, out_weight = start[leaves], end[leaves], weight[leaves]
    first = np.searchsorted(out_from, in_to)
    ways = np.searchsorted(out_from, in_to, side="right") - first
    one = np.repeat(np.arange(len(in_to)), ways)
    other = np.arange(len(one)) - np.repeat(np.cumsum(ways) - ways, ways) + np.repeat(first, ways)
    return _quickest(
        np.concatenate([start[kept], in_from[one]]),
        np.concatenate([end[kept], out_to[other]]),
        np.concatenate([weight[kept], in_weight[one] + out_weight[other]]),
        count,
    )
