"""Rules on units that are asked to lie together or apart: pairs, locks, locked bundles."""

from __future__ import annotations

import numpy as np

from gunmane.solver.holdings import Holdings
from gunmane.solver.minutes import Array
from gunmane.solver.problem import Problem
from gunmane.solver.rules.breaks import Break


class MustLink:
    """Both units of a pair share a bundle."""

    names = ("must_link",)

    def check(self, problem: Problem, held: Holdings) -> list[Break]:
        """Return one break a pair that is divided."""
        one, other = held.labels[problem.must_pairs].T
        is_broken = (one != other) & (held.is_held[one] | held.is_held[other])
        return _pair_breaks("must_link", problem.must_pairs[is_broken], held.labels)


class CannotLink:
    """The units of a pair lie in different bundles."""

    names = ("cannot_link",)

    def check(self, problem: Problem, held: Holdings) -> list[Break]:
        """Return one break a pair that is together."""
        one, other = held.labels[problem.cannot_pairs].T
        is_broken = (one == other) & held.is_held[one]
        return _pair_breaks("cannot_link", problem.cannot_pairs[is_broken], held.labels)


def _pair_breaks(rule: str, pairs: Array, labels: Array) -> list[Break]:
    return [Break(rule, int(labels[a]), a, 2.0, 1.0, 1.0) for a in pairs[:, 0].tolist()]


class LockedUnit:
    """Units with one lock share a bundle; units with different locks do not."""

    names = ("locked_unit",)

    def check(self, problem: Problem, held: Holdings) -> list[Break]:
        """Return one break a lock that is spread over several bundles, and one a bundle that holds several locks."""
        locks = problem.locked_name
        if not problem.rules.locked_units:
            return []
        breaks = []
        for lock in np.unique(locks[held.rows][locks[held.rows] >= 0]).tolist():
            units = np.flatnonzero(locks == lock)
            count = len(np.unique(held.labels[units]))
            if count > 1:
                breaks.append(_spread("locked_unit", int(held.labels[units[0]]), int(units[0]), count))
        for i in np.flatnonzero(held.counts_of(locks) > 1).tolist():
            own = held.rows[held.place == i]
            own = own[locks[own] >= 0]
            count = len(np.unique(locks[own]))
            breaks.append(_spread("locked_unit", int(held.bundles[i]), int(own[0]), count))
        return breaks


class LockedBundle:
    """The units of a locked bundle are a bundle by themselves."""

    names = ("locked_bundle",)

    def check(self, problem: Problem, held: Holdings) -> list[Break]:
        """Return one break a locked bundle: how many units are missing from it or do not belong."""
        locked = problem.locked_bundle
        if not problem.rules.locked_bundles:
            return []
        breaks = []
        for number in np.unique(locked[held.rows][locked[held.rows] >= 0]).tolist():
            units = np.flatnonzero(locked == number)
            names, counts = np.unique(held.labels[units], return_counts=True)
            sizes = np.bincount(held.labels, minlength=held.count)[names]
            # Its bundle is the one that is nearest to it: units missing there, and units that do not belong.
            wrong = len(units) + sizes - 2 * counts
            best = int(np.argmin(wrong))
            if wrong[best]:
                amount = float(wrong[best])
                breaks.append(
                    Break("locked_bundle", int(names[best]), int(units[0]), amount, 0.0, amount / len(units))
                )
        return breaks


def _spread(rule: str, label: int, unit: int, count: int) -> Break:
    return Break(rule, label, unit, float(count), 1.0, float(count - 1))
