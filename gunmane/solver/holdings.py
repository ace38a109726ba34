"""Bundles with their units, bases and minutes laid out side by side: what rules and soft terms are read from."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping

import numpy as np

from gunmane.solver.bases import choose_bases
from gunmane.solver.problem import Array, Problem


@dataclasses.dataclass(frozen=True, eq=False)
class Holdings:
    """
    Some or all bundles of a plan.

    Parameters
    ----------
    labels
        Bundle of every unit, 0 to k-1.
    count
        Bundles of the whole plan.
    bundles
        Labels of the bundles held here, ascending.
    rows, place
        Their units, ascending in each bundle, bundle after bundle; and the place of each unit's bundle in `bundles`.
    bases
        Row of the base of each.
    out_min, both_min
        Minutes of each unit from its base one way, and there and back.
    """

    labels: Array
    count: int
    bundles: Array
    rows: Array
    place: Array
    bases: Array
    out_min: Array
    both_min: Array

    @property
    def is_whole(self) -> bool:
        """Whether every bundle of the plan is held."""
        return len(self.bundles) == self.count

    @functools.cached_property
    def first(self) -> Array:
        """First unit of each bundle."""
        return self.rows[np.searchsorted(self.place, np.arange(len(self.bundles)))]

    @functools.cached_property
    def is_held(self) -> Array:
        """Whether each label of the plan is held here."""
        mask = np.zeros(self.count, dtype=bool)
        mask[self.bundles] = True
        return mask

    def sums(self, values: Array) -> Array:
        """Return the sum over the units of each bundle of a value that every unit of the problem has."""
        return np.bincount(self.place, weights=values[self.rows], minlength=len(self.bundles))

    def counts_of(self, numbers: Array) -> Array:
        """Return how many different numbers >= 0 the units of each bundle have."""
        own = numbers[self.rows]
        is_set = own >= 0
        base = int(numbers.max(initial=-1)) + 1
        kinds = np.unique(self.place[is_set] * base + own[is_set]) // max(1, base)
        return np.bincount(kinds, minlength=len(self.bundles))


def hold_bundles(
    problem: Problem, labels: Array, bundles: Array | None = None, given: Mapping[int, int] | None = None
) -> Holdings:
    """
    Return bundles with the bases that serve them best.

    Parameters
    ----------
    problem
        The task.
    labels
        Bundle of every unit, 0 to k-1, each used.
    bundles
        Labels to hold, ascending; None holds all.
    given
        Row of the base of some labels; the others get their best base.
    """
    count = int(labels.max(initial=-1)) + 1
    if bundles is None:
        bundles = np.arange(count)
        rows = np.argsort(labels, kind="stable")
    else:
        rows = np.flatnonzero(np.isin(labels, bundles))
        rows = rows[np.argsort(labels[rows], kind="stable")]
    place = np.searchsorted(bundles, labels[rows])
    known = {int(np.searchsorted(bundles, label)): base for label, base in (given or {}).items()}
    bases = choose_bases(problem, rows, place, len(bundles), known)
    out_min, both_min = _from_bases(problem, bases[place], rows)
    return Holdings(labels, count, bundles, rows, place, bases, out_min, both_min)


def _from_bases(problem: Problem, bases: Array, units: Array) -> tuple[Array, Array]:
    """Return minutes of each unit from its own base, one way and both ways."""
    out, both = np.zeros(len(units)), np.zeros(len(units))
    order = np.argsort(bases, kind="stable")
    cuts = np.flatnonzero(np.diff(bases[order])) + 1
    for places in np.split(order, cuts) if len(order) else []:
        base = bases[places[:1]]
        out[places] = problem.minutes.out(base, units[places])[0]
        both[places] = problem.minutes.both(base, units[places])[0]
    return out, both
