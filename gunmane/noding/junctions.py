"""Noding: where road lines meet, whether drawn as a shared vertex, a touch or a crossing."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from scipy.sparse import coo_array, csgraph
from scipy.spatial import cKDTree

from gunmane.graph import Bools, Floats, Ints
from gunmane.noding.lines import GRID_M, Lines

PAIRS_AT_ONCE = 500_000
Longs = npt.NDArray[np.int64]


@dataclasses.dataclass(frozen=True, eq=False)
class Cuts:
    """
    Places at which parts are cut beside their own vertices.

    Parameters
    ----------
    part, along_m
        Part and metres from its start.
    junction
        Number of the junction there, in the numbering of `Noding.junction`.
    """

    part: Ints
    along_m: Floats
    junction: Longs

    def joined(self, other: Cuts) -> Cuts:
        """Return both sets of cuts."""
        return Cuts(
            np.concatenate([self.part, other.part]),
            np.concatenate([self.along_m, other.along_m]),
            np.concatenate([self.junction, other.junction]),
        )


@dataclasses.dataclass(frozen=True, eq=False)
class Noding:
    """
    Which vertices are the same place on the ground, and where lines are cut.

    Parameters
    ----------
    junction
        Junction of each vertex: equal where vertices meet.
    xy
        Place of each junction (m).
    cuts
        Cuts beside the vertices.
    crossings
        Places where lines cross or touch without a shared vertex.
    passed
        Crossings left alone because one line passes over the other.
    tree, starts
        Search tree over the segments, and the first vertex of each.
    """

    junction: Longs
    xy: Floats
    cuts: Cuts
    crossings: int
    passed: int
    tree: shapely.STRtree
    starts: Ints


def passes(lines: Lines, one: Any, other: Any) -> Bools:
    """Return whether parts pass over or under each other: on different levels, or one is a bridge or tunnel."""
    return (lines.level[one] != lines.level[other]) | lines.is_over[one] | lines.is_over[other]


def find_junctions(lines: Lines) -> Noding:
    """
    Find where lines meet exactly (within the grid of 1 mm).

    Shared vertices meet, except where neither is an end of its line and the lines are on different levels or one
    is a bridge or tunnel. An end that touches another line meets it; a vertex that lies on another line and a
    crossing in mid-segment do so unless the lines pass over each other.
    """
    place = _places(lines.xy)
    is_end = lines.is_end
    grade = lines.level.astype(np.int64) * 2 + lines.is_over
    has_end = np.zeros(int(place.max()) + 1 if len(place) else 0, bool)
    has_end[place[is_end]] = True
    # An end connects everything at its place; elsewhere a bridge's vertex is not the road's below it.
    grade_of_vertex = np.where(has_end[place], 0, grade[lines.part] + 1000)
    junction = np.unique(place * 4096 + grade_of_vertex, return_inverse=True)[1].astype(np.int64)
    junction_count = int(junction.max()) + 1 if len(junction) else 0
    xy = np.empty((junction_count, 2))
    # Of vertices a hair apart the smallest gives the place, so that row order does not show.
    order = np.lexsort((lines.xy[:, 1], lines.xy[:, 0]))[::-1]
    xy[junction[order]] = lines.xy[order]

    starts = lines.starts
    tree = shapely.STRtree(shapely.linestrings(np.stack([lines.xy[starts], lines.xy[starts + 1]], axis=1)))
    touches, crossings, passed = _meetings(lines, tree, starts, is_end)
    touch_segment, touch_vertex, touch_m = touches
    touched = Cuts(
        lines.part[starts[touch_segment]],
        lines.along_m[starts[touch_segment]] + touch_m,
        junction[touch_vertex],
    )
    crossed, cross_xy = _crossing_cuts(lines, starts, crossings, junction_count)
    cuts = _unique(touched.joined(crossed))
    found = len(cross_xy) + len(np.unique(touched.junction))
    return Noding(junction, np.concatenate([xy, cross_xy]), cuts, found, passed, tree, starts)


def _places(xy: Floats) -> Longs:
    """Number of each place on the grid; vertices at one place get one number."""
    grid = np.rint(xy / GRID_M)
    x = np.unique(grid[:, 0], return_inverse=True)[1].astype(np.int64)
    y, y_of = np.unique(grid[:, 1], return_inverse=True)
    return np.unique(x * (len(y) + 1) + y_of, return_inverse=True)[1].astype(np.int64)


def _meetings(
    lines: Lines, tree: shapely.STRtree, starts: Ints, is_end: Bools
) -> tuple[tuple[Longs, Longs, Floats], tuple[Longs, Longs, Floats, Floats], int]:
    """Touches (segment, vertex of another segment on it, metres) and crossings (two segments, x, y)."""
    one, other = tree.query(tree.geometries)
    order = np.flatnonzero(one < other)
    touches: list[tuple[Any, ...]] = []
    crossings: list[tuple[Any, ...]] = []
    passed = 0
    for begin in range(0, len(order), PAIRS_AT_ONCE):
        chunk = order[begin : begin + PAIRS_AT_ONCE]
        a, b = one[chunk], other[chunk]
        over = passes(lines, lines.part[starts[a]], lines.part[starts[b]])
        has_touch = np.zeros(len(a), bool)
        for segment, vertex in ((a, starts[b]), (a, starts[b] + 1), (b, starts[a]), (b, starts[a] + 1)):
            along, on = _on_segment(lines.xy, starts[segment], vertex)
            has_touch |= on
            meets = on & (~over | is_end[vertex])
            touches.append((segment[meets], vertex[meets], along[meets]))
        rest = np.flatnonzero(~has_touch)
        crossing, xy = _cross(lines.xy, starts[a[rest]], starts[b[rest]])
        hit = rest[crossing]
        is_open = ~over[hit]
        passed += int(np.sum(~is_open))
        crossings.append((a[hit][is_open], b[hit][is_open], xy[is_open, 0], xy[is_open, 1]))
    return _stacked(touches, 3), _stacked(crossings, 4), passed  # type: ignore[return-value]


def _stacked(rows: list[tuple[Any, ...]], width: int) -> tuple[Any, ...]:
    if not rows:
        return tuple(np.empty(0, np.int64) if i < 2 else np.empty(0) for i in range(width))
    return tuple(np.concatenate([row[i] for row in rows]) for i in range(width))


def _on_segment(xy: Floats, start: Any, vertex: Any) -> tuple[Floats, Bools]:
    """Metres along the segment to the vertex's foot, and whether the vertex lies on its inside."""
    direction = xy[start + 1] - xy[start]
    offset = xy[vertex] - xy[start]
    length = np.maximum(np.hypot(direction[:, 0], direction[:, 1]), 1e-12)
    along = (direction[:, 0] * offset[:, 0] + direction[:, 1] * offset[:, 1]) / length
    aside = (direction[:, 0] * offset[:, 1] - direction[:, 1] * offset[:, 0]) / length
    on = (np.abs(aside) <= GRID_M) & (along > GRID_M) & (along < length - GRID_M)
    return along, on


def _cross(xy: Floats, a: Any, b: Any) -> tuple[Longs, Floats]:
    """Pairs of segments that cross in the middle of both, and where."""
    p, r = xy[a], xy[a + 1] - xy[a]
    q, s = xy[b], xy[b + 1] - xy[b]
    turn = r[:, 0] * s[:, 1] - r[:, 1] * s[:, 0]
    between = q - p
    with np.errstate(divide="ignore", invalid="ignore"):
        t = (between[:, 0] * s[:, 1] - between[:, 1] * s[:, 0]) / turn
        u = (between[:, 0] * r[:, 1] - between[:, 1] * r[:, 0]) / turn
    t_room = GRID_M / np.maximum(np.hypot(r[:, 0], r[:, 1]), GRID_M)
    u_room = GRID_M / np.maximum(np.hypot(s[:, 0], s[:, 1]), GRID_M)
    inside = (t > t_room) & (t < 1 - t_room) & (u > u_room) & (u < 1 - u_room)
    hit = np.flatnonzero(inside)
    return hit, p[hit] + t[hit, None] * r[hit]


def _crossing_cuts(
    lines: Lines, starts: Ints, crossings: tuple[Longs, Longs, Floats, Floats], junction_count: int
) -> tuple[Cuts, Floats]:
    """Cuts of both lines at each crossing; crossings at one place are one junction."""
    a, b, x, y = crossings
    xy = np.column_stack([x, y])
    if len(xy) == 0:
        empty = Cuts(np.empty(0, np.int32), np.empty(0), np.empty(0, np.int64))
        return empty, np.empty((0, 2))
    pairs = cKDTree(xy).query_pairs(GRID_M, output_type="ndarray")
    near = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(xy), len(xy)))
    count, number = csgraph.connected_components(near, directed=False)
    places = np.empty((count, 2))
    order = np.lexsort((y, x))[::-1]
    places[number[order]] = xy[order]
    segment = starts[np.concatenate([a, b])]
    along = lines.along_m[segment] + np.hypot(*(np.concatenate([xy, xy]) - lines.xy[segment]).T)
    junction = np.concatenate([number, number]).astype(np.int64) + junction_count
    return Cuts(lines.part[segment], along, junction), places


def _unique(cuts: Cuts) -> Cuts:
    """Drop a cut that repeats another at the same junction and metre of the same part."""
    order = np.lexsort((cuts.along_m, cuts.junction, cuts.part))
    part, along, junction = cuts.part[order], cuts.along_m[order], cuts.junction[order]
    repeats = np.zeros(len(part), bool)
    repeats[1:] = (part[1:] == part[:-1]) & (junction[1:] == junction[:-1]) & (np.diff(along) <= GRID_M)
    return Cuts(part[~repeats], along[~repeats], junction[~repeats])
