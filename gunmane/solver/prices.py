"""The price of a border: what a unit costs or gains in a neighbouring bundle, judged on the two bundles alone."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from gunmane.solver.bases import base_candidates, base_sums, first_of
from gunmane.solver.holdings import Holdings, hold_bundles
from gunmane.solver.problem import Array, Problem, numbered_by_first
from gunmane.solver.rules.book import find_breaks
from gunmane.solver.rules.windows import soft_excess
from gunmane.solver.score import break_count, break_excess, bundle_hours, judge
from gunmane.solver.soft import has_soft_terms, soft_hours, soft_terms


@dataclasses.dataclass(frozen=True)
class Price:
    """
    What moving a unit, with all that it would cut off, into another bundle changes.

    Parameters
    ----------
    unit, source, target
        Row of the unit, its bundle, and the bundle it moves into.
    moved
        Units that move.
    travel_hours, objective
        Hours a year, of travel alone and with the soft terms.
    measure
        Measure that moves.
    breaks, excess, window
        Rules broken, by how much (relative), and soft window excess (relative).
    count
        -1 where the bundle is left without units, else 0.
    """

    unit: int
    source: int
    target: int
    moved: int
    travel_hours: float
    objective: float
    measure: float
    breaks: int
    excess: float
    window: float
    count: int


@dataclasses.dataclass(frozen=True, eq=False)
class _State:
    """What two bundles, or a whole plan, amount to."""

    hours: float
    soft: float
    breaks: int
    excess: float
    window: float


@dataclasses.dataclass(frozen=True, eq=False)
class _Sums:
    """Hours, excess and units beyond the limit of a bundle from each candidate for its base."""

    candidates: Array
    hours: Array
    excess: Array
    beyond: Array


class PriceList:
    """
    Prices of moves over the borders of a plan.

    Parameters
    ----------
    problem
        The task.
    labels
        Bundle of each unit; every bundle gets its best base.
    """

    def __init__(self, problem: Problem, labels: Array) -> None:
        self.problem = problem
        self.labels = numbered_by_first(labels)
        self.count = int(self.labels.max(initial=-1)) + 1
        self._bases = dict(enumerate(hold_bundles(problem, self.labels).bases.tolist()))
        self._before: dict[tuple[int, int], _State] = {}
        self._sums: dict[int, _Sums] = {}

    def moves(self, units: Array | None = None) -> list[tuple[int, int]]:
        """Return every (unit, neighbouring bundle) that a link leads to, of some units or of all, in their order."""
        pairs = self.problem.pairs
        here = np.concatenate([pairs[:, 0], pairs[:, 1]])
        there = self.labels[np.concatenate([pairs[:, 1], pairs[:, 0]])]
        is_border = self.labels[here] != there
        if units is not None:
            is_border &= np.isin(here, units)
        found = np.unique(np.column_stack([here[is_border], there[is_border]]), axis=0)
        return [(int(unit), int(bundle)) for unit, bundle in found]

    def chunk(self, unit: int) -> Array:
        """
        Return a unit and what it would cut off from the base of its bundle, sorted.

        Where the base stands in the unit itself, or outside the bundle, the largest part stays.
        """
        own = np.flatnonzero(self.labels == self.labels[unit])
        rest = own[own != unit]
        near = np.searchsorted(rest, np.intersect1d(rest, self.problem.links_of(unit)))
        if len(near) < 2:
            return np.array([unit])
        piece = _pieces(self.problem, rest)
        loose = np.unique(piece[near])
        base = int(np.searchsorted(rest, self._bases[int(self.labels[unit])]))
        if base < len(rest) and rest[base] == self._bases[int(self.labels[unit])] and piece[base] in loose:
            stays = piece[base]
        else:
            sizes = np.bincount(piece)[loose]
            # Of parts as large, the one with the first unit stays.
            stays = loose[np.argmax(sizes)]
        return np.sort(np.append(rest[np.isin(piece, loose[loose != stays])], unit))

    def price(self, unit: int, bundle: int) -> Price:
        """
        Return what moving a unit, with what it would cut off, into another bundle changes.

        Parameters
        ----------
        unit
            Row of the unit.
        bundle
            Label of another bundle.
        """
        source = int(self.labels[unit])
        moved = self.chunk(unit)
        before = self._state_before(source, bundle)
        after = self._state_after(moved, source, bundle)
        return Price(
            unit=unit,
            source=source,
            target=bundle,
            moved=len(moved),
            travel_hours=after.hours - before.hours,
            objective=after.hours - before.hours + after.soft - before.soft,
            measure=float(self.problem.measure[moved].sum()),
            breaks=after.breaks - before.breaks,
            excess=after.excess - before.excess,
            window=after.window - before.window,
            count=-int(len(moved) == int((self.labels == source).sum())),
        )

    @property
    def _is_local(self) -> bool:
        """Whether a move changes nothing but its two bundles; where bundles share few bases it may change others."""
        return self.problem.rules.base_count is None

    @functools.cached_property
    def _soft_before(self) -> float:
        return self._soft(self.labels)

    def _soft(self, labels: Array) -> float:
        problem = self.problem
        return soft_hours(problem, soft_terms(problem, labels)) if has_soft_terms(problem) else 0.0

    def _state_before(self, one: int, other: int) -> _State:
        key = (min(one, other), max(one, other)) if self._is_local else (-1, -1)
        if key not in self._before:
            self._before[key] = self._state(self.labels, list(key), self._bases, self._soft_before)
        return self._before[key]

    def _state_after(self, moved: Array, source: int, target: int) -> _State:
        labels = self.labels.copy()
        labels[moved] = target
        looked = [source, target]
        if not (labels == source).any():
            # The last label takes the place of the bundle that is gone.
            last = self.count - 1
            labels[labels == last] = source
            looked = [source if target == last else target]
        bases = self._bases_after(labels, looked, (source, target)) if self._is_local else {}
        return self._state(labels, sorted(looked), bases, self._soft(labels))

    def _state(self, labels: Array, looked: list[int], bases: dict[int, int], soft: float) -> _State:
        problem = self.problem
        if not self._is_local:
            verdict = judge(problem, labels, self.count)
            breaks, window = list(verdict.breaks), verdict.window_excess
            hours = float(verdict.hours.sum())
        else:
            given = {bundle: bases[bundle] for bundle in looked if bundle in bases}
            held: Holdings = hold_bundles(problem, labels, np.array(looked), given)
            breaks, window = find_breaks(problem, held), soft_excess(problem, held)
            hours = float(bundle_hours(problem, held).sum())
        return _State(hours, soft, break_count(breaks), break_excess(breaks), window)

    def _bases_after(self, labels: Array, looked: list[int], known: tuple[int, int]) -> dict[int, int]:
        """Return the best bases of changed bundles from the sums of the bundles as they were."""
        if not self.problem.minutes.has_table or len(looked) < 2:
            return {}
        return {bundle: self._best_after(np.flatnonzero(labels == bundle), bundle) for bundle in known}

    def _best_after(self, units: Array, bundle: int) -> int:
        problem = self.problem
        old, was = self._sums_of(bundle), np.flatnonzero(self.labels == bundle)
        candidates = base_candidates(problem, units)
        is_known = np.isin(candidates, old.candidates)
        totals = np.zeros((3, len(candidates)))
        at = np.searchsorted(old.candidates, candidates[is_known])
        totals[:, is_known] = [values[at] for values in (old.hours, old.excess, old.beyond)]
        for changed, sign in ((np.setdiff1d(was, units), -1), (np.setdiff1d(units, was), 1)):
            if len(changed):
                totals[:, is_known] += sign * np.array(base_sums(problem, candidates[is_known], changed))
        if not is_known.all():
            totals[:, ~is_known] = base_sums(problem, candidates[~is_known], units)
        return first_of(candidates, *totals)

    def _sums_of(self, bundle: int) -> _Sums:
        if bundle not in self._sums:
            units = np.flatnonzero(self.labels == bundle)
            candidates = base_candidates(self.problem, units)
            self._sums[bundle] = _Sums(candidates, *base_sums(self.problem, candidates, units))
        return self._sums[bundle]


def _pieces(problem: Problem, units: Array) -> Array:
    """Return the number of the connected piece of each unit, pieces in the order of their first unit."""
    local = np.full(problem.size, -1)
    local[units] = np.arange(len(units))
    counts = np.diff(problem.indptr)[units]
    # Links of the units alone: where each unit's begin, and how many come before it.
    at = np.repeat(problem.indptr[units] - np.cumsum(counts) + counts, counts) + np.arange(counts.sum())
    here, there = np.repeat(np.arange(len(units)), counts), local[problem.indices[at]]
    ends = (here[there >= 0], there[there >= 0])
    graph = coo_array((np.ones(len(ends[0]), dtype=np.int8), ends), shape=(len(units), len(units)))
    return numbered_by_first(connected_components(graph, directed=False)[1])
