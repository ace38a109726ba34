"""Edges: parts cut at their junctions, loose ends joined where the drawing misses by little."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt
import shapely
from scipy.sparse import coo_array, csgraph
from scipy.spatial import cKDTree

from gunmane.graph import Bools, Floats, Ints
from gunmane.noding.junctions import Cuts, Longs, Noding, passes
from gunmane.noding.lines import GRID_M, Lines

NEIGHBOURS = 4  # nodes that a loose end looks at within the tolerance


@dataclasses.dataclass(frozen=True, eq=False)
class Stops:
    """
    Every vertex and cut of every part in driving order.

    Parameters
    ----------
    part, along_m, junction
        Part, metres from its start, junction there.
    xy
        Place (m).
    is_node
        True where an edge begins or ends.
    """

    part: Ints
    along_m: Floats
    junction: Longs
    xy: Floats
    is_node: Bools


@dataclasses.dataclass(frozen=True, eq=False)
class Edges:
    """
    Parts between two junctions.

    Parameters
    ----------
    source, target
        Junctions at both ends.
    part, start_m, end_m
        Part that each edge lies on, and where on it (m from its start).
    """

    source: Longs
    target: Longs
    part: Ints
    start_m: Floats
    end_m: Floats


def make_stops(lines: Lines, noding: Noding, cuts: Cuts, merged: Longs) -> Stops:
    """
    Order vertices and cuts along their parts, and mark where edges end: at ends and where two or more meet.

    Parameters
    ----------
    lines, noding
        Parts and where they meet.
    cuts
        Cuts to make.
    merged
        For each junction of `noding` the junction that it was merged into (itself where not).
    """
    part = np.concatenate([lines.part, cuts.part])
    along = np.concatenate([lines.along_m, cuts.along_m])
    junction = merged[np.concatenate([noding.junction, cuts.junction])]
    xy = np.concatenate([lines.xy, _place_on_part(lines, cuts.part, cuts.along_m)])
    is_end = np.concatenate([lines.is_end | lines.is_turn, np.ones(len(cuts.part), bool)])
    meets = np.bincount(junction) > 1
    order = np.lexsort((junction, along, part))
    is_node = (is_end | meets[junction])[order]
    return Stops(part[order], along[order], junction[order], xy[order], is_node)


def _place_on_part(lines: Lines, part: Ints, along_m: Floats) -> Floats:
    """Place (m) at so many metres along a part."""
    longest = float(lines.along_m.max()) + 1.0 if len(lines.along_m) else 1.0
    after = np.searchsorted(lines.part * longest + lines.along_m, part * longest + along_m)
    first = np.searchsorted(lines.part, part)
    last = np.searchsorted(lines.part, part, side="right") - 1
    after = np.clip(after, first + 1, last)
    room = np.maximum(lines.along_m[after] - lines.along_m[after - 1], 1e-12)
    ratio = np.clip((along_m - lines.along_m[after - 1]) / room, 0, 1)[:, None]
    place: Floats = lines.xy[after - 1] * (1 - ratio) + lines.xy[after] * ratio
    return place


def divide_long_edges(lines: Lines, edges: Edges, *, limit_m: float, first: int) -> tuple[Cuts, Floats]:
    """
    Cut long edges into equal parts, so that towns along a road without junctions have nodes of their own.

    Parameters
    ----------
    lines, edges
        Parts and the edges on them.
    limit_m
        Longest edge that stays whole (m, > 0).
    first
        Number of the first new junction.

    Returns
    -------
    cuts, xy
        The cuts, and the places of the new junctions (m).
    """
    length = edges.end_m - edges.start_m
    # A millionth of slack, so that rounding does not cut an edge of just the limit.
    added = (np.ceil(length / limit_m * (1 - 1e-6)) - 1).clip(min=0).astype(np.int64)
    edge = np.repeat(np.arange(len(length)), added)
    place = np.arange(len(edge)) - np.repeat(np.cumsum(added) - added, added) + 1
    along = edges.start_m[edge] + length[edge] * place / (added[edge] + 1)
    part = edges.part[edge]
    cuts = Cuts(part, along, first + np.arange(len(edge)))
    return cuts, _place_on_part(lines, part, along)


def make_edges(stops: Stops) -> Edges:
    """Join successive nodes of each part; an edge of no length between one junction and itself is none."""
    at = np.flatnonzero(stops.is_node)
    one, other = at[:-1], at[1:]
    same = stops.part[one] == stops.part[other]
    one, other = one[same], other[same]
    length = stops.along_m[other] - stops.along_m[one]
    leads = (stops.junction[one] != stops.junction[other]) | (length > GRID_M)
    one, other = one[leads], other[leads]
    return Edges(
        source=stops.junction[one],
        target=stops.junction[other],
        part=stops.part[one],
        start_m=stops.along_m[one],
        end_m=stops.along_m[other],
    )


def make_points(stops: Stops, *, spacing_m: float) -> tuple[Floats, Floats, Longs, Floats]:
    """
    Set points along the roads, and name the nearer node of each.

    Parameters
    ----------
    stops
        Vertices and cuts.
    spacing_m
        Between stops farther apart, points are added so that none is farther from the next (m, > 0).

    Returns
    -------
    x, y, junction, away_m
        Place of each point, junction of the nearer end of its edge, metres along the road to it.
    """
    index = np.arange(len(stops.part))
    before = np.maximum.accumulate(np.where(stops.is_node, index, 0))
    after = np.minimum.accumulate(np.where(stops.is_node, index, len(index))[::-1])[::-1]
    step = np.diff(stops.along_m)
    same = stops.part[1:] == stops.part[:-1]
    added = np.where(same, np.ceil(step / spacing_m) - 1, 0).clip(min=0).astype(np.int64)
    origin = np.repeat(index[:-1], added)
    place = np.arange(len(origin)) - np.repeat(np.cumsum(added) - added, added) + 1
    ratio = place / (added[origin] + 1)

    xy = np.concatenate(
        [stops.xy, stops.xy[origin] + ratio[:, None] * (stops.xy[origin + 1] - stops.xy[origin])]
    )
    along = np.concatenate([stops.along_m, stops.along_m[origin] + ratio * step[origin]])
    left = np.concatenate([before, before[origin]])
    right = np.concatenate([after, after[origin + 1]])
    back, ahead = along - stops.along_m[left], stops.along_m[right] - along
    junction = np.where(back <= ahead, stops.junction[left], stops.junction[right])
    return xy[:, 0], xy[:, 1], junction, np.minimum(back, ahead)


def join_loose_ends(
    lines: Lines, noding: Noding, edges: Edges, *, tolerance_m: float
) -> tuple[Cuts, Longs, int]:
    """
    Join ends at which only one edge arrives to what lies within the tolerance.

    First to nodes (every other loose end, and the nearest node at which roads already meet), else to the nearest
    point of another line that it does not pass over or under. The short end of an overshoot, whose own foot is
    as near, stays as it is.

    Returns
    -------
    cuts, merged, snapped
        Cuts where an end meets the inside of a line; the junction that each junction was merged into; number of
        ends joined.
    """
    count = len(noding.xy)
    no_cuts = Cuts(np.empty(0, np.int32), np.empty(0), np.empty(0, np.int64))
    both = np.concatenate([edges.source, edges.target])
    degree = np.bincount(both, minlength=count)
    order = np.argsort(both, kind="stable")
    edge_at = (order % max(len(edges.part), 1))[
        np.searchsorted(both[order], np.arange(count)).clip(max=len(both) - 1)
    ]
    loose = np.flatnonzero(degree == 1)
    if len(loose) == 0 or tolerance_m <= 0:
        return no_cuts, np.arange(count), 0

    edge = edge_at[loose]
    foot = np.where(edges.source[edge] == loose, edges.target[edge], edges.source[edge])
    ends = _LooseEnds(loose, foot, edges.end_m[edge] - edges.start_m[edge], edges.part[edge])
    merged, is_joined = _merge_nodes(noding, degree, ends, tolerance_m)
    cuts = _meet_insides(lines, noding, ends, ~is_joined, tolerance_m)
    snapped = int(is_joined.sum()) + len(cuts.part)
    return cuts, merged, snapped


@dataclasses.dataclass(frozen=True, eq=False)
class _LooseEnds:
    """Junctions at which one edge ends: the edge's other end, its length (m) and its part."""

    junction: Longs
    foot: Longs
    length_m: Floats
    part: Ints

    def is_stub(self, xy: Floats, end: npt.NDArray, goal: Floats, tolerance_m: float) -> Bools:
        """Whether an end is so short that its own foot is no farther from the goal than the end is long."""
        back = np.hypot(*(xy[self.foot[end]] - goal).T)
        short: Bools = (self.length_m[end] <= 2 * tolerance_m) & (back <= self.length_m[end])
        return short


def _merge_nodes(
    noding: Noding, degree: npt.NDArray, ends: _LooseEnds, tolerance_m: float
) -> tuple[Longs, Bools]:
    """Junction that each junction is merged into, and which loose ends found a node."""
    nodes = np.flatnonzero(degree > 0)
    tree = cKDTree(noding.xy[nodes])
    far, near = tree.query(noding.xy[ends.junction], k=NEIGHBOURS + 1, distance_upper_bound=tolerance_m)
    end = np.repeat(np.arange(len(ends.junction)), NEIGHBOURS + 1)
    found = np.isfinite(far).ravel()
    end, node = end[found], nodes[near.ravel()[found]]
    other = node != ends.junction[end]
    end, node = end[other], node[other]
    reaches = ~ends.is_stub(noding.xy, end, noding.xy[node], tolerance_m)
    end, node = end[reaches], node[reaches]
    # Rows come nearest first: of the nodes where roads meet only the first may stay, of loose ends all.
    meets = degree[node] > 1
    first = np.zeros(len(end), bool)
    _, position = np.unique(end[meets], return_index=True)
    first[np.flatnonzero(meets)[position]] = True
    chosen = first | ~meets
    end, node = end[chosen], node[chosen]

    count = len(noding.xy)
    pairs = coo_array((np.ones(len(end)), (ends.junction[end], node)), shape=(count, count))
    _, group = csgraph.connected_components(pairs, directed=False)
    # The busiest junction of a group keeps its place; the westernmost among equals.
    order = np.lexsort((noding.xy[:, 1], noding.xy[:, 0], -degree))
    keeper = np.full(int(group.max()) + 1, -1)
    keeper[group[order[::-1]]] = order[::-1]
    is_joined = np.zeros(len(ends.junction), bool)
    is_joined[end] = True
    is_joined |= np.isin(ends.junction, node)
    return keeper[group].astype(np.int64), is_joined


def _meet_insides(lines: Lines, noding: Noding, ends: _LooseEnds, is_free: Bools, tolerance_m: float) -> Cuts:
    """Cut of the nearest line beside each free end."""
    free = np.flatnonzero(is_free)
    points = noding.xy[ends.junction[free]]
    at, segment = noding.tree.query(shapely.points(points), predicate="dwithin", distance=tolerance_m)
    start = noding.starts[segment]
    own, other = ends.part[free[at]], lines.part[start]
    fits = (own != other) & ~passes(lines, own, other)
    at, start = at[fits], start[fits]
    direction = lines.xy[start + 1] - lines.xy[start]
    length = np.maximum(np.hypot(direction[:, 0], direction[:, 1]), 1e-12)
    offset = points[at] - lines.xy[start]
    along = np.clip(np.einsum("ij,ij->i", direction, offset) / length, 0, length)
    goal = lines.xy[start] + direction * (along / length)[:, None]
    away = np.hypot(*(points[at] - goal).T)
    keep = ~ends.is_stub(noding.xy, free[at], goal, tolerance_m) & (away <= tolerance_m)
    at, start, along, away = at[keep], start[keep], along[keep], away[keep]
    order = np.lexsort((along, start, away, at))
    _, first = np.unique(at[order], return_index=True)
    best = order[first]
    return Cuts(
        lines.part[start[best]], lines.along_m[start[best]] + along[best], ends.junction[free[at[best]]]
    )
