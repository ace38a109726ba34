"""Which unit serves each bundle best as its base."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from gunmane.solver.link_bases import DECIMALS, stepped_bases
from gunmane.solver.minutes import Array
from gunmane.solver.problem import Problem

# Excess and hours that differ by no more are the same.
SAME = 10.0**-DECIMALS
# What a bundle costs from a place that no road leads from.
UNREACHED = 1e12
NOWHERE = (UNREACHED, 0.0, 0.0)


def choose_bases(problem: Problem, rows: Array, place: Array, count: int, given: Mapping[int, int]) -> Array:
    """
    Return the row of the base of each bundle: fewest units beyond the travel limit, least excess, fewest hours.

    With a table of minutes every candidate is tried; along links, steps lead to it (`link_bases`). Where the rules
    allow fewer bases than bundles would take, bundles share them.

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
        tried = {i: base_candidates(problem, units) for i, units in enumerate(members) if i not in given}
        stepped = stepped_bases(problem, rows, place, tried)
        bases = [
            given[i] if i in given else stepped[i] if i in stepped else best_base(problem, units, tried[i])
            for i, units in enumerate(members)
        ]
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
    return first_of(candidates, *base_sums(problem, candidates, units))


def first_of(candidates: Array, hours: Array, excess: Array, beyond: Array) -> int:
    """Return the candidate with fewest units beyond the limit, then least excess, then fewest hours."""
    is_best = beyond == beyond.min()
    for values in (excess, hours):
        # Sums of the same numbers in another order differ in their last digits; rounding may tell those apart.
        is_best &= values <= np.where(is_best, values, np.inf).min() + SAME
    return int(candidates[is_best].min())


def base_sums(problem: Problem, candidates: Array, units: Array) -> tuple[Array, Array, Array]:
    """Return hours, excess and units beyond the limit of a bundle from each candidate for its base."""
    both = problem.minutes.both(candidates, units)
    excess = problem.excess_of(problem.minutes.out(candidates, units), both, units)
    hours = problem.hours_of(both, units).sum(axis=1)
    return hours, excess.sum(axis=1), (excess > 0).sum(axis=1)


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
