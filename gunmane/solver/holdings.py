"""Bundles with their units, bases and minutes laid out side by side: what rules and soft terms are read from."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping

import numpy as np
from scipy.sparse.csgraph import dijkstra

from gunmane.solver.bases import choose_bases
from gunmane.solver.link_bases import inner_graph
from gunmane.solver.medians import sweep
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
    out_min, both_min = _from_bases(problem, bases, rows, place)
    return Holdings(labels, count, bundles, rows, place, bases, out_min, both_min)


def _from_bases(problem: Problem, bases: Array, rows: Array, place: Array) -> tuple[Array, Array]:
    """Return minutes of each unit from the base of its bundle, one way and both ways."""
    cuts = np.searchsorted(place, np.arange(1, max(1, len(bases))))
    parts = list(zip(bases.tolist(), np.split(rows, cuts), strict=False))
    if problem.minutes.has_table:
        ways = [(np.array([base]), units) for base, units in parts]
        ends = [[minutes(*way)[0] for way in ways] for minutes in (problem.minutes.out, problem.minutes.both)]
        return np.concatenate([[], *ends[0]]), np.concatenate([[], *ends[1]])
    out = np.concatenate([[], *_by_road(problem, parts, _farthest(problem, bases, rows, place))])
    return out, 2 * out


def _by_road(problem: Problem, parts: list[tuple[int, Array]], farthest: Array) -> list[Array]:
    """Return minutes of the units of each bundle from its base, looked for no farther than need be."""
    return [
        dijkstra(problem.road_graph, indices=base, limit=limit)[units]
        for (base, units), limit in zip(parts, farthest.tolist(), strict=True)
    ]


def _farthest(problem: Problem, bases: Array, rows: Array, place: Array) -> Array:
    """Return the minutes beyond which no unit of each bundle lies, by ways inside the bundle; infinite if unknown."""
    order = np.argsort(rows, kind="stable")
    at = order[np.minimum(np.searchsorted(rows, bases, sorter=order), max(0, len(rows) - 1))]
    is_inside = (rows[at] == bases) & (place[at] == np.arange(len(bases)))
    farthest = np.full(len(bases), np.inf)
    if is_inside.any():
        found = sweep(inner_graph(problem, rows, place), at[is_inside])[0]
        farthest = np.zeros(len(bases))
        np.maximum.at(farthest, place, found)
    # Sums of the same minutes in another order may differ in their last digit.
    return farthest * (1 + 1e-9) + 1e-9
