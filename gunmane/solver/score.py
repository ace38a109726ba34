"""What labels are worth: bases, hours, rules broken, and the key by which plans are ordered."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping

import numpy as np

from gunmane.solver.problem import Array, Problem, numbered_by_first

Key = tuple[int, float, float, int, float]

# Sums are compared after rounding, so that the order of adding them never decides.
DECIMALS = 6
# A measure this close to a window limit (relative) lies inside it.
WINDOW_TOLERANCE = 1e-9


@dataclasses.dataclass(frozen=True)
class Break:
    """A rule that one bundle, unit or plan does not keep; `excess` is how far, relative to the limit."""

    rule: str
    label: int
    unit: int
    amount: float
    limit: float
    excess: float


@dataclasses.dataclass(frozen=True, eq=False)
class Verdict:
    """
    Labels judged.

    Parameters
    ----------
    labels
        Bundle of each unit, numbered by the first unit of each.
    bases
        Row of the base unit of each bundle.
    hours
        Travel hours a year of each bundle, work that no road reaches left out (it is named as broken).
    breaks
        Rules not kept.
    window_excess
        Sum over bundles of the relative shortfall below the floor or overrun above the ceiling, where soft.
    key
        Order of plans: rules broken, by how much, soft window excess, distance from the count, hours.
    """

    labels: Array
    bases: Array
    hours: Array
    breaks: tuple[Break, ...]
    window_excess: float
    key: Key


def window_excess(measure: Array, floor: float, ceiling: float) -> Array:
    """
    Return how far each measure lies outside the window, relative to the limit that it passes.

    Parameters
    ----------
    measure
        Measure of each bundle.
    floor, ceiling
        Limits; 0 and infinity set none.
    """
    excess = np.zeros(measure.shape)
    if floor > 0:
        excess = np.maximum(1 - measure / floor, 0.0)
    if math.isfinite(ceiling):
        excess = np.maximum(excess, measure / ceiling - 1)
    return np.where(excess > WINDOW_TOLERANCE, excess, 0.0)


def judge(
    problem: Problem, labels: Array, count_wanted: int, bases: Mapping[int, int] | None = None
) -> Verdict:
    """
    Judge labels against every rule.

    Parameters
    ----------
    problem
        The task.
    labels
        Bundle of each unit.
    count_wanted
        Bundles wanted.
    bases
        Row of the base unit of given labels; the others get their best base.
    """
    tidy = numbered_by_first(labels)
    given = {int(tidy[labels == label][0]): unit for label, unit in (bases or {}).items()}
    members = [np.flatnonzero(tidy == label) for label in range(int(tidy.max(initial=-1)) + 1)]
    found_bases, hours, breaks = [], [], []
    for label, units in enumerate(members):
        base = given[label] if label in given else best_base(problem, units)
        reach = problem.excess(np.array([base]), units)[0]
        hours.append(float(problem.hours(np.array([base]), units)[0].sum()))
        found_bases.append(base)
        breaks += _travel_breaks(problem, label, base, units[reach > 0], reach[reach > 0])
        breaks += _base_breaks(problem, label, base, units)
        breaks += _connection_breaks(problem, label, units)
    soft, window_breaks = _window(problem, tidy, members)
    breaks += window_breaks + _pair_breaks(problem, tidy) + _whole_breaks(problem, tidy)
    breaks += _border_breaks(problem, members) + _count_breaks(problem, len(members))
    key = (
        len(breaks),
        round(sum(sorted(b.excess for b in breaks)), DECIMALS),
        round(soft, DECIMALS),
        abs(len(members) - count_wanted),
        round(sum(hours), DECIMALS),
    )
    return Verdict(tidy, np.array(found_bases, dtype=np.int64), np.array(hours), tuple(breaks), soft, key)


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


def best_base(problem: Problem, units: Array) -> int:
    """Return the row of the base with fewest units beyond the limit, then least excess, then fewest hours."""
    candidates = base_candidates(problem, units)
    excess = problem.excess(candidates, units)
    hours = problem.hours(candidates, units).sum(axis=1).round(DECIMALS)
    order = np.lexsort((candidates, hours, excess.sum(axis=1).round(DECIMALS), (excess > 0).sum(axis=1)))
    return int(candidates[order[0]])


def pieces_of(problem: Problem, units: Array) -> list[list[int]]:
    """Return the connected pieces of a set of units, largest first."""
    left = set(units.tolist())
    pieces = []
    for start in units.tolist():
        if start not in left:
            continue
        left.discard(start)
        piece = [start]
        for unit in piece:
            for other in problem.neighbours[unit]:
                if other in left:
                    left.discard(other)
                    piece.append(other)
        pieces.append(piece)
    return sorted(pieces, key=lambda piece: (-len(piece), piece))


def _travel_breaks(problem: Problem, label: int, base: int, units: Array, excess: Array) -> list[Break]:
    limit = problem.rules.travel_limit_min
    return [
        Break("travel_limit", label, unit, float(problem.out_min[base, unit]), limit, over)
        for unit, over in zip(units.tolist(), excess.tolist(), strict=True)
    ]


def _base_breaks(problem: Problem, label: int, base: int, units: Array) -> list[Break]:
    fixed = np.intersect1d(units, np.array(problem.fixed_bases, dtype=np.int64)).tolist()
    return [Break("fixed_base", label, unit, float(len(fixed)), 1.0, 1.0) for unit in fixed if unit != base]


def _connection_breaks(problem: Problem, label: int, units: Array) -> list[Break]:
    pieces = pieces_of(problem, units)
    if len(pieces) == 1:
        return []
    return [Break("connected", label, min(pieces[-1]), float(len(pieces)), 1.0, float(len(pieces) - 1))]


def _window(problem: Problem, labels: Array, members: list[Array]) -> tuple[float, list[Break]]:
    rules = problem.rules
    # Land without any work cannot be asked for a contract of some size; bundles that share land with work can.
    has_work = np.bincount(problem.territory, weights=problem.measure + problem.is_needed) > 0
    counts = np.array([bool(has_work[problem.territory[units]].any()) for units in members])
    measure = np.bincount(labels, weights=problem.measure, minlength=len(members))
    excess = window_excess(measure, rules.floor, rules.ceiling) * counts
    if not rules.is_window_hard:
        return float(excess.sum()), []
    breaks = []
    for label in np.flatnonzero(excess).tolist():
        is_low = measure[label] < rules.floor
        rule, limit = ("floor", rules.floor) if is_low else ("ceiling", rules.ceiling)
        unit = int(members[label][0])
        breaks.append(Break(rule, label, unit, float(measure[label]), limit, float(excess[label])))
    return 0.0, breaks


def _pair_breaks(problem: Problem, labels: Array) -> list[Break]:
    apart = [(a, b) for a, b in problem.must_link if labels[a] != labels[b]]
    together = [(a, b) for a, b in problem.cannot_link if labels[a] == labels[b]]
    return [Break("must_link", int(labels[a]), a, 2.0, 1.0, 1.0) for a, _ in apart] + [
        Break("cannot_link", int(labels[a]), a, 2.0, 1.0, 1.0) for a, _ in together
    ]


def _whole_breaks(problem: Problem, labels: Array) -> list[Break]:
    breaks = []
    for group in range(int(problem.whole_group.max(initial=-1)) + 1):
        units = np.flatnonzero(problem.whole_group == group)
        count = len(np.unique(labels[units]))
        if count > 1:
            first = int(units[0])
            breaks.append(
                Break("municipality_whole", int(labels[first]), first, float(count), 1.0, float(count - 1))
            )
    return breaks


def _border_breaks(problem: Problem, members: list[Array]) -> list[Break]:
    if problem.rules.may_cross_border:
        return []
    counts = [len(np.unique(problem.municipality[units])) for units in members]
    return [
        Break("border_crossed", label, int(members[label][0]), float(count), 1.0, float(count - 1))
        for label, count in enumerate(counts)
        if count > 1
    ]


def _count_breaks(problem: Problem, count: int) -> list[Break]:
    asked = problem.rules.bundle_count
    if asked is None or asked == count:
        return []
    return [Break("bundle_count", -1, -1, float(count), float(asked), abs(count - asked) / asked)]
