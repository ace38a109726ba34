"""The road network as arrays, and shortest times on it: what every stage that drives needs."""

from __future__ import annotations

import dataclasses
from typing import Any, cast

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse import csgraph

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int32]
Bools = npt.NDArray[np.bool_]


def _no_floats() -> Floats:
    return np.empty(0, np.float64)


def _no_ints() -> Ints:
    return np.empty(0, np.int32)


@dataclasses.dataclass(frozen=True, eq=False)
class Network:
    """
    A routable road network: nodes, edges, and what building it found.

    Nodes are numbered by place (x, then y), so that neither the order nor the file of the road lines shows.

    Parameters
    ----------
    x, y
        Place of each node (m, in the region's plane zone).
    source, target
        Nodes of each edge; a one-way edge leads from source to target.
    length_m, speed_kmh, travel_min
        Length along the road, speed and minutes of each edge.
    road_class
        Code of each edge's class in `schema.ROAD_CLASSES`.
    is_oneway
        True where traffic runs from source to target only.
    line
        Row of the road table that each edge came from.
    component
        Drawn component of each node, numbered by length; 0 is the longest.
    facts
        Counts, metres and shares that building the network found.
    point_x, point_y, point_node, point_m
        Points along the roads (m): every vertex, and more where vertices lie far apart; the nearer end node of
        the edge that they lie on, and the metres along the road to it.
    gap_source, gap_target, gap_m, gap_min
        Where the drawing breaks off: the nearest nodes of two components, the metres of straight line between
        their roads, and the assumed minutes. They are no edges; who drives over them says that he assumes it.
    """

    x: Floats
    y: Floats
    source: Ints
    target: Ints
    length_m: Floats
    speed_kmh: Floats
    travel_min: Floats
    road_class: npt.NDArray[np.int8]
    is_oneway: Bools
    line: Ints
    component: Ints
    facts: dict[str, float]
    point_x: Floats = dataclasses.field(default_factory=_no_floats)
    point_y: Floats = dataclasses.field(default_factory=_no_floats)
    point_node: Ints = dataclasses.field(default_factory=_no_ints)
    point_m: Floats = dataclasses.field(default_factory=_no_floats)
    gap_source: Ints = dataclasses.field(default_factory=_no_ints)
    gap_target: Ints = dataclasses.field(default_factory=_no_ints)
    gap_m: Floats = dataclasses.field(default_factory=_no_floats)
    gap_min: Floats = dataclasses.field(default_factory=_no_floats)

    def arcs(self, *, is_directed: bool = True, is_open: Bools | None = None) -> tuple[Ints, Ints, Floats]:
        """
        Return (from node, to node, minutes) of every arc; loops are left out.

        Parameters
        ----------
        is_directed
            False lets traffic run against one-way edges.
        is_open
            Which gaps may be driven over, one value a gap; None: none.
        """
        backward = ~self.is_oneway if is_directed else np.ones(len(self.source), bool)
        gaps = np.zeros(len(self.gap_m), bool) if is_open is None else is_open
        start = [self.source, self.target[backward], self.gap_source[gaps], self.gap_target[gaps]]
        end = [self.target, self.source[backward], self.gap_target[gaps], self.gap_source[gaps]]
        minutes = [self.travel_min, self.travel_min[backward], self.gap_min[gaps], self.gap_min[gaps]]
        all_start, all_end, all_min = np.concatenate(start), np.concatenate(end), np.concatenate(minutes)
        differs = all_start != all_end
        return all_start[differs], all_end[differs], all_min[differs]

    def matrix(self, *, is_directed: bool = True, is_open: Bools | None = None) -> Any:
        """Return the minutes between neighbouring nodes as a sparse matrix (CSR); options as in `arcs`."""
        return arc_matrix(*self.arcs(is_directed=is_directed, is_open=is_open), len(self.x))


def arc_matrix(start: npt.ArrayLike, end: npt.ArrayLike, minutes: npt.ArrayLike, count: int) -> Any:
    """Return arcs as a CSR matrix of `count` nodes; of parallel arcs the quickest counts, not their sum."""
    rows, columns, weights = np.asarray(start), np.asarray(end), np.asarray(minutes)
    order = np.lexsort((weights, columns, rows))
    rows, columns, weights = rows[order], columns[order], weights[order]
    first = np.ones(len(rows), bool)
    first[1:] = (rows[1:] != rows[:-1]) | (columns[1:] != columns[:-1])
    return sparse.csr_array((weights[first], (rows[first], columns[first])), shape=(count, count))


def travel_minutes(
    network: Network,
    sources: npt.ArrayLike,
    *,
    is_directed: bool = True,
    is_open: Bools | None = None,
    limit_min: float = np.inf,
) -> Floats:
    """
    Minutes from each source node to every node.

    Parameters
    ----------
    network
        The network.
    sources
        Node numbers.
    is_directed, is_open
        As in `Network.arcs`.
    limit_min
        Farther nodes are infinite (minutes).

    Returns
    -------
    minutes
        One row a source, one column a node; infinite where no road leads. Holds sources x nodes numbers of
        8 bytes: ask for many sources in parts.
    """
    nodes = np.atleast_1d(np.asarray(sources, np.int32))
    if len(nodes) == 0 or len(network.x) == 0:
        return np.empty((len(nodes), len(network.x)))
    graph = network.matrix(is_directed=is_directed, is_open=is_open)
    return cast(Floats, csgraph.dijkstra(graph, indices=nodes, limit=limit_min))


def nearest_source(graph: Any, sources: npt.ArrayLike) -> tuple[Floats, Ints]:
    """
    Sweep a graph from all sources at once.

    Parameters
    ----------
    graph
        Square CSR matrix of minutes.
    sources
        Node numbers, each once.

    Returns
    -------
    minutes, position
        Minutes from the nearest source to each node (infinite where none leads), and the position of that
        source in `sources` (-1 where none leads).
    """
    nodes = np.atleast_1d(np.asarray(sources, np.int32))
    count = int(graph.shape[0])
    if len(nodes) == 0 or count == 0:
        return np.full(count, np.inf), np.full(count, -1, np.int32)
    minutes, _, found = csgraph.dijkstra(graph, indices=nodes, min_only=True, return_predecessors=True)
    place = np.full(count, -1, np.int32)
    place[nodes] = np.arange(len(nodes), dtype=np.int32)
    reached = np.isfinite(minutes)
    position = np.full(count, -1, np.int32)
    position[reached] = place[found[reached]]
    return cast(Floats, minutes), position
