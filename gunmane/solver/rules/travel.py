"""Rules on the way from the base, on bases, and on the way between sites."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gunmane.solver.holdings import Holdings
from gunmane.solver.minutes import Array
from gunmane.solver.problem import UNREACHABLE_EXCESS, Problem
from gunmane.solver.rules.breaks import Break
from gunmane.solver.sites import BLOCK, MINUTES_TOLERANCE, site_metres, site_minutes

Measure = Callable[[Problem, Array, Array], Array]


class TravelLimit:
    """No unit with work lies farther from its base than the limit (minutes one way)."""

    names = ("travel_limit",)

    def check(self, problem: Problem, held: Holdings) -> list[Break]:
        """Return one break a unit beyond the limit."""
        excess = problem.excess_of(held.out_min, held.both_min, held.rows)
        far = np.flatnonzero(excess)
        return [
            Break("travel_limit", label, unit, minutes, problem.rules.travel_limit_min, over)
            for label, unit, minutes, over in zip(
                held.bundles[held.place[far]].tolist(),
                held.rows[far].tolist(),
                held.out_min[far].tolist(),
                excess[far].tolist(),
                strict=True,
            )
        ]


class FixedBase:
    """A unit that must be a base is the base of its bundle."""

    names = ("fixed_base",)

    def check(self, problem: Problem, held: Holdings) -> list[Break]:
        """Return one break a fixed base that does not serve."""
        fixed = np.array(problem.fixed_bases, dtype=np.int64)
        at = np.flatnonzero(np.isin(held.rows, fixed))
        counts = np.bincount(held.place[at], minlength=len(held.bundles))
        return [
            Break("fixed_base", int(held.bundles[p]), unit, float(counts[p]), 1.0, 1.0)
            for unit, p in sorted(zip(held.rows[at].tolist(), held.place[at].tolist(), strict=True))
            if unit != held.bases[p]
        ]


class BaseCount:
    """Bundles with work are served from at most so many places."""

    names = ("base_count",)

    def check(self, problem: Problem, held: Holdings) -> list[Break]:
        """Return one break for the plan; a part of a plan cannot tell and is not asked."""
        most = problem.rules.base_count
        if most is None or not held.is_whole:
            return []
        is_busy = held.sums(problem.is_needed) > 0
        count = len(np.unique(held.bases[is_busy]))
        if count <= most:
            return []
        return [Break("base_count", -1, -1, float(count), float(most), (count - most) / most)]


class Sites:
    """No two units with work of one bundle lie farther from each other than a limit, by road or in a straight line."""

    names = ("site_minutes", "site_distance")

    def check(self, problem: Problem, held: Holdings) -> list[Break]:
        """Return one break a unit with units too far from it; it counts those of a higher row."""
        rules = problem.rules
        limits = ((rules.site_limit_min, site_minutes), (rules.site_limit_m, site_metres))
        breaks = []
        for (limit, measure), name in zip(limits, self.names, strict=True):
            if np.isfinite(limit):
                for i, label in enumerate(held.bundles.tolist()):
                    units = held.rows[held.place == i]
                    units = units[problem.is_needed[units]]
                    breaks += _too_far(problem, measure, name, label, units, limit)
        return breaks


def _too_far(
    problem: Problem, measure: Measure, name: str, label: int, units: Array, limit: float
) -> list[Break]:
    breaks = []
    step = max(1, BLOCK // max(1, len(units)))
    for start in range(0, len(units), step):
        here = units[start : start + step]
        amount = measure(problem, here, units)
        is_far = (amount > limit + MINUTES_TOLERANCE) & (here[:, None] < units[None, :])
        over = np.where(is_far, np.minimum(amount / limit - 1, UNREACHABLE_EXCESS), 0.0)
        counts, sums = is_far.sum(axis=1), over.sum(axis=1)
        worst = np.where(is_far, amount, -np.inf).max(axis=1, initial=-np.inf)
        breaks += [
            Break(name, label, int(here[i]), float(worst[i]), limit, float(sums[i]), count=int(counts[i]))
            for i in np.flatnonzero(counts).tolist()
        ]
    return breaks
