"""
Shortest minutes between the same nodes again and again, each time with other minutes along the same roads.

Customizable contraction (Dibbelt, Strasser, Wagner 2016, doi:10.1145/2886843): nodes are taken out one by one, those
with few neighbours first, and what a node joined is joined by an edge. Which edges that takes depends on the drawing
alone and is found once; how many minutes they take is then a matter of additions.
"""

from __future__ import annotations

import dataclasses
import heapq
from typing import Any

import numpy as np
import numpy.typing as npt

from gunmane.graph import Bools, Floats

Numbers = npt.NDArray[np.int32]
Matrix = npt.NDArray[np.float32]
# A node whose minutes are asked for goes as late as one with so many more neighbours: fewer others are then needed.
ASKED_LATER_BY = 12


@dataclasses.dataclass(frozen=True, eq=False)
class Ways:
    """
    What the drawing of a network says of the ways between some of its nodes.

    Nodes are numbered in the order in which they are taken out; an edge leads from the one taken out first.

    Parameters
    ----------
    arc_edge, is_up
        Edge of each arc, and whether the arc leads the same way; -1 for loops.
    edge_count
        Number of edges.
    first, second, third
        Triangles of edges: the way along the first and second is one for the third. In the order of `steps`.
    steps
        Where each group of triangles ends whose edges are final by then.
    needed
        Nodes that the asked ones are reached by, the one taken out last first, each with its `edges` and the
        positions in `needed` that they lead to, `ups`.
    asked
        Positions in `needed` of the nodes that were asked for.
    """

    arc_edge: Numbers
    is_up: Bools
    edge_count: int
    first: Numbers
    second: Numbers
    third: Numbers
    steps: npt.NDArray[np.int64]
    edges: tuple[Numbers, ...]
    ups: tuple[Numbers, ...]
    asked: Numbers


def find_ways(start: npt.ArrayLike, end: npt.ArrayLike, asked: npt.ArrayLike, count: int) -> Ways:
    """
    Take a network apart.

    Parameters
    ----------
    start, end
        Arcs.
    asked
        Nodes whose minutes will be asked for, each once.
    count
        Number of nodes.
    """
    one, other, nodes = (np.asarray(values, np.int64) for values in (start, end, asked))
    is_asked = np.zeros(count, bool)
    is_asked[nodes] = True
    number, above = _taken_apart(one, other, is_asked)
    edge_from = np.repeat(np.arange(count), [len(own) for own in above])
    edge_to = np.concatenate([np.empty(0, np.int64), *above])
    keys = edge_from * count + edge_to
    begin = np.searchsorted(edge_from, np.arange(count + 1))

    low, high = np.minimum(number[one], number[other]), np.maximum(number[one], number[other])
    arc_edge = np.where(low < high, np.searchsorted(keys, low * count + high), -1)
    triangles, steps = _triangles(above, begin, keys, count)
    needed = _needed(above, np.sort(number[nodes]), count)
    position = np.full(count, -1)
    position[needed] = np.arange(len(needed))
    return Ways(
        arc_edge=arc_edge.astype(np.int32),
        is_up=number[one] < number[other],
        edge_count=len(keys),
        **{
            name: row.astype(np.int32)
            for name, row in zip(("first", "second", "third"), triangles, strict=True)
        },
        steps=steps,
        edges=tuple(np.arange(begin[v], begin[v + 1], dtype=np.int32) for v in needed),
        ups=tuple(position[above[v]].astype(np.int32) for v in needed),
        asked=position[number[nodes]].astype(np.int32),
    )


def _taken_apart(
    one: npt.NDArray, other: npt.NDArray, is_asked: Bools
) -> tuple[npt.NDArray[np.int64], list[npt.NDArray[np.int64]]]:
    """Place of each node in the order of taking out, and by place the places of its neighbours at that time."""
    joined: list[set[int]] = [set() for _ in is_asked]
    for a, b in zip(one.tolist(), other.tolist(), strict=True):
        if a != b:
            joined[a].add(b)
            joined[b].add(a)
    later = np.where(is_asked, ASKED_LATER_BY, 0).tolist()
    heap = [(len(own) + later[v], v) for v, own in enumerate(joined)]
    heapq.heapify(heap)
    number = np.full(len(joined), -1, np.int64)
    above: list[list[int]] = []
    while heap:
        size, v = heapq.heappop(heap)
        if number[v] >= 0 or size != len(joined[v]) + later[v]:
            continue
        number[v] = len(above)
        around = joined[v]
        above.append(list(around))
        for u in above[-1]:
            joined[u] |= around
            joined[u] -= {u, v}
            heapq.heappush(heap, (len(joined[u]) + later[u], u))
        joined[v] = set()
    return number, [np.sort(number[own]) if own else np.empty(0, np.int64) for own in above]


def _triangles(
    above: list[npt.NDArray[np.int64]], begin: npt.NDArray, keys: npt.NDArray, count: int
) -> tuple[list[npt.NDArray], npt.NDArray[np.int64]]:
    """Triangles of edges below each node that goes, and where the groups end that may be added at once."""
    group = np.zeros(count, np.int64)
    sides: list[tuple[Any, Any, Any, Any]] = []
    for v, own in enumerate(above):
        group[own] = np.maximum(group[own], group[v] + 1)
        if len(own) > 1:
            i, j = np.triu_indices(len(own), 1)
            sides.append((begin[v] + i, begin[v] + j, own[i] * count + own[j], np.full(len(i), group[v])))
    if not sides:
        return [np.empty(0, np.int64)] * 3, np.zeros(1, np.int64)
    first, second, third, at = (np.concatenate(column) for column in zip(*sides, strict=True))
    order = np.argsort(at, kind="stable")
    steps = np.searchsorted(at[order], np.arange(int(at.max()) + 2))
    return [row[order] for row in (first, second, np.searchsorted(keys, third))], steps


def _needed(above: list[npt.NDArray[np.int64]], asked: npt.NDArray, count: int) -> npt.NDArray[np.int64]:
    """Asked nodes and all that their edges lead up to, the one taken out last first."""
    is_needed = np.zeros(count, bool)
    is_needed[asked] = True
    for v, own in enumerate(above):
        if is_needed[v]:
            is_needed[own] = True
    return np.flatnonzero(is_needed)[::-1]


def minutes_between(ways: Ways, arc_min: Floats) -> Matrix:
    """
    Return the minutes from each asked node to each other.

    Parameters
    ----------
    ways
        The network taken apart.
    arc_min
        Minutes of each arc, in the order of the arcs that it was made from; infinite where none may drive.

    Returns
    -------
    minutes
        Square, in the order of the asked nodes; infinite where no way leads.
    """
    up, down = _final(ways, arc_min)
    is_same = bool((up == down).all())
    size = len(ways.edges)
    there = np.full((size, size), np.inf, np.float32)
    back = there if is_same else there.copy()
    for row, (edges, ups) in enumerate(zip(ways.edges, ways.ups, strict=True)):
        if len(ups):
            out = (up[edges][:, None] + there[ups, :row]).min(axis=0)
            home = out if is_same else (down[edges][:, None] + back[ups, :row]).min(axis=0)
            there[row, :row], there[:row, row] = out, home
            if not is_same:
                back[row, :row], back[:row, row] = home, out
        there[row, row] = back[row, row] = 0.0
    return np.ascontiguousarray(there[np.ix_(ways.asked, ways.asked)])


def _final(ways: Ways, arc_min: Floats) -> tuple[Matrix, Matrix]:
    """Minutes of every edge, both ways: along an arc, or through nodes that were taken out before."""
    up, down = np.full((2, ways.edge_count), np.inf)
    for side, drives in ((up, ways.is_up), (down, ~ways.is_up)):
        own = drives & (ways.arc_edge >= 0)
        np.minimum.at(side, ways.arc_edge[own], arc_min[own])
    is_same = bool((up == down).all())
    for begin, stop in zip(ways.steps[:-1], ways.steps[1:], strict=True):
        first, second, third = (side[begin:stop] for side in (ways.first, ways.second, ways.third))
        np.minimum.at(up, third, down[first] + up[second])
        if is_same:
            # Both ways alike: the other is the same sum.
            down = up
        else:
            np.minimum.at(down, third, down[second] + up[first])
    return up.astype(np.float32), down.astype(np.float32)
