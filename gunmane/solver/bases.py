"""Which unit serves each bundle best as its base."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.sparse import csr_array

from gunmane.solver.medians import group_graph, inner_medians, sweep
from gunmane.solver.minutes import Array
from gunmane.solver.problem import Problem

# Sums are compared after rounding, so that the order of adding them never decides.
DECIMALS = 6
# What a bundle costs from a place that no road leads from.
UNREACHED = 1e12
NOWHERE = (UNREACHED, 0.0, 0.0)
# Of allowed units, so many around the median are tried where minutes are worked out along links.
NEAREST_TRIED = 4


def choose_bases(problem: Problem, rows: Array, place: Array, count: int, given: Mapping[int, int]) -> Array:
    """
    Return the row of the base of each bundle: fewest units beyond the travel limit, least excess, fewest hours.

    Where minutes are worked out along links, each bundle's median of the ways inside it is taken; and where that
    leaves units beyond the limit, its middle too is tried. Where the rules allow fewer bases than bundles would take,
    bundles share them.

    Parameters
    ----------
    problem
        The task.
    rows, place
        Units, ascending in each bundle, bundle after bundle, and the place of the bundle of each.
    count
        Number of bundles.
    given
        Row of the base of some places.
    """
    ends = np.searchsorted(place, np.arange(count + 1))
    members = [rows[ends[i] : ends[i + 1]] for i in range(count)]
    if problem.minutes.has_table:
        bases = [given[i] if i in given else best_base(problem, units) for i, units in enumerate(members)]
    else:
        bases = _along_links(problem, members, rows, place, given)
    found = np.array(bases, dtype=np.int64)
    most = problem.rules.base_count
    if most is not None and not given:
        found = _shared(problem, members, found, most)
    return found


def base_candidates(problem: Problem, units: Array) -> Array:
    """
    Return the rows where the base of a bundle may stand.

    A fixed base comes first, then allowed units of the bundle, then allowed units elsewhere in its part of the
    network, then any unit of the bundle.
    """
    fixed = np.intersect1d(units, np.array(problem.fixed_bases, dtype=np.int64))
    if len(fixed):
        return fixed
    own = units[problem.may_be_base[units]]
    if len(own):
        return own
    outside = np.flatnonzero(problem.may_be_base & (problem.component == problem.component[units[0]]))
    return outside if len(outside) else units


def best_base(problem: Problem, units: Array, candidates: Array | None = None) -> int:
    """Return the row of the base with fewest units beyond the limit, then least excess, then fewest hours."""
    if candidates is None:
        candidates = base_candidates(problem, units)
    if len(candidates) == 1:
        return int(candidates[0])
    return int(candidates[np.lexsort((candidates, *base_sums(problem, candidates, units)))[0]])


def base_sums(problem: Problem, candidates: Array, units: Array) -> tuple[Array, Array, Array]:
    """Return hours, excess and units beyond the limit of each candidate, rounded: the last is compared first."""
    both = problem.minutes.both(candidates, units)
    excess = problem.excess_of(problem.minutes.out(candidates, units), both, units)
    hours = problem.hours_of(both, units).sum(axis=1)
    return hours.round(DECIMALS), excess.sum(axis=1).round(DECIMALS), (excess > 0).sum(axis=1)


def _along_links(
    problem: Problem, members: list[Array], rows: Array, place: Array, given: Mapping[int, int]
) -> list[int]:
    """Choose bases where no table of minutes is at hand."""
    tried = {i: base_candidates(problem, units) for i, units in enumerate(members) if i not in given}
    own = [i for i, cs in tried.items() if len(cs) > NEAREST_TRIED and np.isin(cs, members[i]).all()]
    for i, near in _middles(problem, rows, place, np.array(own, dtype=np.int64)).items():
        # Where every unit may serve the median itself does; else the allowed units that are nearest to it are tried.
        is_free = len(tried[i]) == len(members[i])
        tried[i] = near[:1] if is_free else near[np.isin(near, tried[i])][:NEAREST_TRIED]
    if np.isfinite(problem.rules.travel_limit_min):
        for i, centre in _centres(problem, rows, place, {i: int(tried[i][0]) for i in own}).items():
            tried[i] = np.union1d(tried[i], [centre]) if problem.may_be_base[centre] else tried[i]
    return [
        given[i] if i in given else best_base(problem, units, np.sort(tried[i]))
        for i, units in enumerate(members)
    ]


def _inner_graph(problem: Problem, rows: Array, group: Array) -> csr_array:
    """Return the links between units of one group as minutes, units in the order of `rows`."""
    local = np.full(problem.size, -1)
    local[rows] = np.arange(len(rows))
    ends = local[problem.pairs]
    is_here = (ends >= 0).all(axis=1)
    return group_graph(ends[is_here], problem.pair_minutes[is_here], group, len(rows))


def _middles(problem: Problem, rows: Array, place: Array, wanted: Array) -> dict[int, Array]:
    """Return the units of each wanted bundle by their way from its median, the median first."""
    if len(wanted) == 0:
        return {}
    is_in = np.isin(place, wanted)
    units = rows[is_in]
    group = np.searchsorted(wanted, place[is_in])
    weight = problem.crew_days[units]
    heaviest = np.lexsort((units, -weight, group))
    start = heaviest[np.searchsorted(group[heaviest], np.arange(len(wanted)))]
    _, minutes = inner_medians(_inner_graph(problem, units, group), group, weight, start)
    order = np.lexsort((units, minutes, group))
    cuts = np.searchsorted(group[order], np.arange(1, len(wanted)))
    return dict(zip(wanted.tolist(), np.split(units[order], cuts), strict=True))


def _centres(problem: Problem, rows: Array, place: Array, medians: dict[int, int]) -> dict[int, int]:
    """Return the unit in the middle of the longest way of each bundle that its median leaves beyond the limit."""
    far = []
    for i, median in medians.items():
        units = rows[place == i]
        minutes = problem.minutes.out(np.array([median]), units)
        both = problem.minutes.both(np.array([median]), units)
        if problem.excess_of(minutes, both, units).any():
            far.append(i)
    is_in = np.isin(place, far)
    units, group = rows[is_in], np.searchsorted(far, place[is_in])
    if not far:
        return {}
    graph = _inner_graph(problem, units, group)
    source = np.searchsorted(units, [medians[i] for i in far], sorter=np.argsort(units, kind="stable"))
    source = np.argsort(units, kind="stable")[source]
    ways = []
    for _ in range(3):
        found = np.nan_to_num(sweep(graph, source)[0], posinf=0.0)
        ways.append(found)
        order = np.lexsort((units, -found * problem.is_needed[units], group))
        source = order[np.searchsorted(group[order], np.arange(len(far)))]
    order = np.lexsort((units, np.maximum(ways[1], ways[2]), group))
    chosen = units[order[np.searchsorted(group[order], np.arange(len(far)))]]
    return dict(zip(far, chosen.tolist(), strict=True))


def _shared(problem: Problem, members: list[Array], bases: Array, most: int) -> Array:
    """
    Return bases of which at most `most` differ, as far as roads lead.

    The place that is missed least is given up time and again; bundles with a fixed base of their own, and bundles
    without work, keep theirs.
    """
    is_busy = np.array([bool(problem.is_needed[units].any()) for units in members])
    places = np.unique(bases[is_busy])
    if len(places) <= most:
        return bases
    fixed = np.array(problem.fixed_bases, dtype=np.int64)
    kept = set(bases[[i for i, units in enumerate(members) if np.isin(units, fixed).any()]].tolist())
    costs = [_ranked(problem, units, places) if is_busy[i] else {} for i, units in enumerate(members)]
    alive = set(places.tolist())
    serves = bases.copy()
    while len(alive) > most:
        losses = {place: _loss(costs, serves, alive, place) for place in sorted(alive - kept)}
        out = min(losses, key=lambda place: (losses[place], place), default=-1)
        if out < 0 or losses[out][0] >= UNREACHED:
            break
        alive.discard(out)
        for i in np.flatnonzero((serves == out) & is_busy).tolist():
            serves[i] = min(alive, key=lambda place: (costs[i].get(place, NOWHERE), place))
    return serves


def _ranked(problem: Problem, units: Array, places: Array) -> dict[int, tuple[float, float, float]]:
    """Return units beyond the limit, excess and hours of a bundle from each place in its part of the network."""
    near = places[problem.component[places] == problem.component[units[0]]]
    hours, excess, beyond = base_sums(problem, near, units)
    return {int(p): (float(beyond[i]), float(excess[i]), float(hours[i])) for i, p in enumerate(near)}


def _loss(
    costs: list[dict[int, tuple[float, float, float]]], serves: Array, alive: set[int], place: int
) -> tuple[float, float, float]:
    """Return what giving up a place changes units beyond the limit, excess and hours by."""
    total = np.zeros(3)
    for i in np.flatnonzero(serves == place).tolist():
        if costs[i]:
            now = costs[i][place]
            next_best = min((costs[i].get(other, NOWHERE) for other in alive - {place}), default=NOWHERE)
            total += np.subtract(next_best, now)
    return float(total[0]), float(total[1]), float(total[2])
