"""Medians of groups of units along links: where a base costs the fewest hours, for all groups in the same sweeps."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from gunmane.solver.minutes import Array

# Sweeps towards the median; a median of the tree is nearly always met after three or four.
MOST_SWEEPS = 12
# A link of no length would vanish from a sparse matrix.
LEAST_MIN = 1e-9
NO_UNIT = -9999


def inner_medians(graph: csr_array, group: Array, weight: Array, start: Array) -> tuple[Array, Array]:
    """
    Return a unit of each group from which its weighted minutes are few, and the minutes of each unit from it.

    From a first unit all groups are swept at once; each goes over to the median of its tree of shortest ways, where no
    branch holds more than half of the weight (Goldman 1971), while that lowers its sum.

    Parameters
    ----------
    graph
        Square, minutes along links whose ends lie in one group.
    group
        Number of the group of each unit, 0 to k-1; -1 for none.
    weight
        Weight of each unit (>= 0).
    start
        First unit of each group to try.
    """
    best, here = start.copy(), start.copy()
    best_sum = np.full(len(start), np.inf)
    minutes = np.full(len(group), np.inf)
    for _ in range(MOST_SWEEPS):
        found, before = sweep(graph, here)
        total = _sums(np.where(np.isfinite(found), found, 0.0) * weight, group, len(start))
        is_better = total < best_sum - 1e-9 * (1 + np.abs(total))
        if not is_better.any():
            break
        best = np.where(is_better, here, best)
        best_sum = np.where(is_better, total, best_sum)
        in_better = (group >= 0) & is_better[group]
        minutes = np.where(in_better, found, minutes)
        there = _tree_medians(found, before, group, weight, here)
        here = np.where(is_better, there, best)
        if (here == best).all():
            break
    return best, minutes


def sweep(graph: csr_array, sources: Array) -> tuple[Array, Array]:
    """
    Return minutes from the nearest source, and the unit before each on its way.

    Of several ways as short, the one over the unit of the lowest row is taken, so that it does not matter which other
    groups are swept along.

    Parameters
    ----------
    graph
        Square and symmetric, minutes along links.
    sources
        Units to start from, at most one in each connected part.
    """
    found = dijkstra(graph, indices=np.unique(sources), min_only=True)
    ends = np.repeat(np.arange(len(found)), np.diff(graph.indptr))
    is_way = np.isfinite(found[ends]) & (found[ends] + graph.data == found[graph.indices])
    before = np.full(len(found), NO_UNIT)
    # Written from the highest row down, so that the lowest stays.
    before[graph.indices[is_way][::-1]] = ends[is_way][::-1]
    return found, before


def _tree_medians(found: Array, before: Array, group: Array, weight: Array, root: Array) -> Array:
    """Return the median of the tree of shortest ways of each group: the deepest unit with half the weight behind it."""
    behind = weights_behind(before, np.where(np.isfinite(found), weight, 0.0))
    half = behind[root] / 2
    is_heavy = np.isfinite(found) & (group >= 0)
    is_heavy[is_heavy] = behind[is_heavy] >= half[group[is_heavy]] * (1 + 1e-12)
    rows = np.flatnonzero(is_heavy)
    # The heavy units of a tree lie on one way from its root, so the farthest of them is the deepest.
    order = rows[np.lexsort((-rows, found[rows], group[rows]))]
    last = np.flatnonzero(np.diff(group[order], append=-1))
    medians = root.copy()
    medians[group[order[last]]] = order[last]
    return medians


def weights_behind(before: Array, weight: Array) -> Array:
    """
    Return the weight of each unit and of all units whose way leads over it.

    Parameters
    ----------
    before
        The unit before each on its way from the root; negative for roots and units without a way.
    weight
        Weight of each unit.
    """
    depth = _depths(before)
    total = weight.astype(float).copy()
    order = np.argsort(depth, kind="stable")
    cuts = np.searchsorted(depth[order], np.arange(1, int(depth.max(initial=0)) + 2))
    for level in range(len(cuts) - 1, 0, -1):
        rows = order[cuts[level - 1] : cuts[level]]
        np.add.at(total, before[rows], total[rows])
    return total


def _depths(before: Array) -> Array:
    """Return how many units lie before each on its way, by doubling the steps."""
    is_root = before < 0
    above = np.where(is_root, np.arange(len(before)), before)
    depth = (~is_root).astype(np.int64)
    while True:
        further = depth[above]
        if not further.any():
            return depth
        depth = depth + further
        above = above[above]


def group_graph(pairs: Array, minutes: Array, group: Array, size: int) -> csr_array:
    """Return the links between units of one group, both ways, as a square matrix of minutes."""
    is_inside = (group[pairs[:, 0]] == group[pairs[:, 1]]) & (group[pairs[:, 0]] >= 0)
    one, other = pairs[is_inside].T
    values = np.maximum(minutes[is_inside], LEAST_MIN)
    ends = (np.concatenate([one, other]), np.concatenate([other, one]))
    return csr_array((np.concatenate([values, values]), ends), shape=(size, size))


def _sums(values: Array, group: Array, count: int) -> Array:
    is_in = group >= 0
    return np.bincount(group[is_in], weights=values[is_in], minlength=count)
