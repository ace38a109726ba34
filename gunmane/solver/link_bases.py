"""Bases of bundles where minutes are ways along links: from the median of a bundle in steps to a better unit."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from gunmane.solver.medians import group_graph, inner_medians, sweep
from gunmane.solver.minutes import Array
from gunmane.solver.problem import Problem

# Sums are compared after rounding, so that the order of adding them never decides.
DECIMALS = 6
# Where only some units of a bundle may be its base, so many around the median are tried.
NEAREST_TRIED = 4

# Units beyond the limit, their excess, hours: what bases are compared by.
Cost = tuple[int, float, float]


class Region:
    """
    The land around a bundle in which all its shortest ways lie.

    A unit on the shortest way between two units of the bundle lies no farther from the median than twice the farthest
    unit of the bundle.

    Parameters
    ----------
    problem
        The task.
    units
        Units of the bundle, sorted.
    median
        One of them.
    reach
        Minutes from the median within which all of them lie; infinite if not known.
    """

    def __init__(self, problem: Problem, units: Array, median: int, reach: float) -> None:
        self.problem = problem
        self.units = units
        minutes = dijkstra(problem.road_graph, indices=median, limit=2 * reach + 1e-9)
        far = minutes[units]
        near = np.flatnonzero(minutes <= 2 * far[np.isfinite(far)].max() + 1e-9)
        self._graph = problem.road_graph[near][:, near]
        place = np.full(problem.size, -1)
        place[near] = np.arange(len(near))
        self._place = place[units]
        self._known: dict[int, Cost] = {}

    def cost(self, base: int) -> Cost:
        """Return what the bundle costs from one of its units."""
        if base not in self._known:
            minutes = np.full(len(self.units), np.inf)
            is_near = self._place >= 0
            start = self._place[np.searchsorted(self.units, base)]
            if start >= 0:
                minutes[is_near] = dijkstra(self._graph, indices=start)[self._place[is_near]]
            excess = self.problem.excess_of(minutes, 2 * minutes, self.units)
            hours = float(self.problem.hours_of(2 * minutes, self.units).sum())
            self._known[base] = (
                int((excess > 0).sum()),
                round(float(excess.sum()), DECIMALS),
                round(hours, DECIMALS),
            )
        return self._known[base]

    def best(self, bases: Array) -> int:
        """Return the best of some units of the bundle."""
        return min(np.unique(bases).tolist(), key=lambda base: (self.cost(base), base))

    def climbed(self, base: int) -> int:
        """Return where steps to a better neighbour in the bundle lead from a unit of it."""
        while True:
            near = self.problem.links_of(base)
            better = self.best(np.append(near[np.isin(near, self.units)], base))
            if self.cost(better) >= self.cost(base):
                return base
            base = better


def stepped_bases(problem: Problem, rows: Array, place: Array, tried: Mapping[int, Array]) -> dict[int, int]:
    """
    Return bases of the bundles that may choose among many of their own units.

    Parameters
    ----------
    problem
        The task.
    rows, place
        Units, ascending in each bundle, bundle after bundle, and the place of the bundle of each.
    tried
        Where the base of a place may stand; places that can only choose among few, or outside, are not answered.
    """
    ends = np.searchsorted(place, np.arange(int(place.max(initial=-1)) + 2))
    members = {i: rows[ends[i] : ends[i + 1]] for i in tried}
    wanted = [i for i, some in tried.items() if len(some) > NEAREST_TRIED and np.isin(some, members[i]).all()]
    regions, bases = {}, {}
    for i, (near, reach) in _by_median(problem, rows, place, np.array(wanted, dtype=np.int64)).items():
        regions[i] = Region(problem, members[i], int(near[0]), reach)
        is_free = len(tried[i]) == len(members[i])
        nearest = near[np.isin(near, tried[i])][:NEAREST_TRIED]
        bases[i] = regions[i].climbed(int(near[0])) if is_free else regions[i].best(nearest)
    far = {i: base for i, base in bases.items() if regions[i].cost(base)[0] > 0}
    for i, centre in _centres(problem, rows, place, far).items():
        if centre in tried[i]:
            other = regions[i].climbed(centre) if len(tried[i]) == len(members[i]) else centre
            bases[i] = regions[i].best(np.array([bases[i], other]))
    return bases


def inner_graph(problem: Problem, rows: Array, group: Array) -> csr_array:
    """
    Return the links between units of one group, both ways, as a square matrix of minutes.

    Parameters
    ----------
    problem
        The task.
    rows
        Units; the matrix has their order.
    group
        Number of the group of each.
    """
    local = np.full(problem.size, -1)
    local[rows] = np.arange(len(rows))
    ends = local[problem.pairs]
    is_here = (ends >= 0).all(axis=1)
    return group_graph(ends[is_here], problem.pair_minutes[is_here], group, len(rows))


def _by_median(problem: Problem, rows: Array, place: Array, wanted: Array) -> dict[int, tuple[Array, float]]:
    """Return the units of each wanted bundle by their way inside it from its median, and how far the last lies."""
    if len(wanted) == 0:
        return {}
    is_in = np.isin(place, wanted)
    units, group = rows[is_in], np.searchsorted(wanted, place[is_in])
    heaviest = np.lexsort((units, -problem.crew_days[units], group))
    start = heaviest[np.searchsorted(group[heaviest], np.arange(len(wanted)))]
    graph = inner_graph(problem, units, group)
    _, minutes = inner_medians(graph, group, problem.crew_days[units], start)
    order = np.lexsort((units, minutes, group))
    ends = np.searchsorted(group[order], np.arange(len(wanted) + 1))
    return {
        i: (units[order[ends[k] : ends[k + 1]]], float(minutes[order[ends[k + 1] - 1]]))
        for k, i in enumerate(wanted.tolist())
    }


def _centres(problem: Problem, rows: Array, place: Array, bases: Mapping[int, int]) -> dict[int, int]:
    """Return the unit in the middle of about the longest way inside each bundle."""
    if not bases:
        return {}
    wanted = np.array(sorted(bases))
    is_in = np.isin(place, wanted)
    units, group = rows[is_in], np.searchsorted(wanted, place[is_in])
    graph = inner_graph(problem, units, group)
    starts = np.arange(len(wanted))
    order = np.argsort(units, kind="stable")
    source = order[np.searchsorted(units, [bases[i] for i in wanted.tolist()], sorter=order)]
    ways = []
    for _ in range(3):
        ways.append(np.nan_to_num(sweep(graph, source)[0], posinf=0.0))
        # From the farthest unit with work to the unit farthest from that, and back: about the longest way.
        order = np.lexsort((units, -ways[-1] * problem.is_needed[units], group))
        source = order[np.searchsorted(group[order], starts)]
    order = np.lexsort((units, np.maximum(ways[1], ways[2]), group))
    chosen = units[order[np.searchsorted(group[order], starts)]]
    return dict(zip(wanted.tolist(), chosen.tolist(), strict=True))
