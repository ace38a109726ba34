"""Local search: an atom, with everything it would cut off, moves to a neighbouring bundle."""

from __future__ import annotations

import dataclasses

import numpy as np

from gunmane.solver.atoms import Atoms
from gunmane.solver.budget import Budget
from gunmane.solver.problem import Array
from gunmane.solver.score import pieces_of, window_excess

# A move must gain more than this part of the cost, or rounding would let moves go back and forth.
LEAST_GAIN = 1e-9


@dataclasses.dataclass(frozen=True)
class Weights:
    """Hours that one broken rule, its relative excess, and soft window excess count in the search."""

    breaks: float
    excess: float
    soft: float


@dataclasses.dataclass(frozen=True)
class Move:
    """A set of atoms that leaves one bundle for another, and what the whole cost changes by."""

    atoms: tuple[int, ...]
    source: int
    target: int
    change: float


@dataclasses.dataclass(frozen=True, eq=False)
class Walk:
    """A bundle walked from its base: its atoms in the order met, and what goes along with each."""

    order: Array
    goes_along: Array
    borders: list[frozenset[int]]


class Bundling:
    """
    Bundles of a territory's atoms with the sums that make moves cheap to evaluate.

    Parameters
    ----------
    atoms
        The atoms.
    labels
        Bundle of each atom, 0 to k-1, each used and connected.
    weights
        What broken rules count.
    is_exempt
        Whether the window does not apply.
    """

    def __init__(self, atoms: Atoms, labels: Array, weights: Weights, *, is_exempt: bool) -> None:
        self.atoms = atoms
        self.weights = weights
        self.is_exempt = is_exempt
        self.table = weighted_hours(atoms, weights)
        self.load(labels)

    def load(self, labels: Array) -> None:
        """Start again from other labels."""
        self.labels = np.append(labels, -1)
        self.count = int(labels.max()) + 1
        self.sums = np.array([self.table[labels == b].sum(axis=0) for b in range(self.count)])
        self.measure = np.array([self.atoms.measure[labels == b].sum() for b in range(self.count)])
        self.base_columns = np.zeros(self.count, dtype=np.int64)
        self.costs = np.zeros(self.count)
        for bundle in range(self.count):
            self._refresh(bundle)

    @property
    def cost(self) -> float:
        """Weighted cost of all bundles."""
        return float(self.costs.sum())

    def members(self, bundle: int) -> Array:
        """Return the atoms of a bundle, sorted."""
        return np.flatnonzero(self.labels[:-1] == bundle)

    def neighbours_of(self, bundle: int) -> set[int]:
        """Return the bundles that touch a bundle."""
        links = self.atoms.neighbours
        found = {int(self.labels[other]) for atom in self.members(bundle).tolist() for other in links[atom]}
        return found - {bundle}

    def best_move(self, bundle: int, budget: Budget) -> Move | None:
        """Return the move out of a bundle that lowers the cost most, or None."""
        walk = self._walk(bundle)
        targets = [(i, target) for i, border in enumerate(walk.borders) for target in sorted(border)]
        if not targets:
            return None
        budget.spent += len(targets)
        changes = self._changes(bundle, walk, targets)
        best = int(np.argmin(changes))
        if changes[best] >= -LEAST_GAIN * (1 + abs(self.cost)):
            return None
        chunk, target = targets[best]
        atoms = tuple(walk.order[walk.goes_along[chunk]].tolist())
        return Move(atoms, bundle, target, float(changes[best]))

    def apply(self, move: Move) -> None:
        """Carry out a move."""
        atoms = list(move.atoms)
        moved = self.table[atoms].sum(axis=0)
        self.labels[atoms] = move.target
        self.sums[move.source] -= moved
        self.sums[move.target] += moved
        for bundle in (move.source, move.target):
            self.measure[bundle] = self.atoms.measure[self.labels[:-1] == bundle].sum()
            self._refresh(bundle)

    def window_cost(self, measure: Array) -> Array:
        """Return what bundles of some measure cost for lying outside the window."""
        if self.is_exempt:
            return np.zeros(measure.shape)
        rules = self.atoms.problem.rules
        excess = window_excess(measure, rules.floor, rules.ceiling)
        if rules.is_window_hard:
            return self.weights.breaks * ((excess > 0) + excess)
        return self.weights.soft * excess

    def _refresh(self, bundle: int) -> None:
        is_own = (self.labels[self.atoms.owner] == bundle)[None, :]
        value, column = self._least(self.sums[bundle][None, :], is_own, np.arange(is_own.shape[1]))
        self.base_columns[bundle] = column[0]
        extra = self._extra_cost(set(self.members(bundle).tolist()))
        self.costs[bundle] = value[0] + self.window_cost(self.measure[[bundle]])[0] + extra

    def _least(self, values: Array, is_allowed: Array, columns: Array) -> tuple[Array, Array]:
        """Return the least allowed value of each row and its column, as `base_candidates` allows them."""
        if self.atoms.is_restricted:
            is_fixed = is_allowed & self.atoms.is_fixed[columns]
            is_allowed = np.where(is_fixed.any(axis=1, keepdims=True), is_fixed, is_allowed)
            is_allowed = is_allowed | ~is_allowed.any(axis=1, keepdims=True)
        masked = np.where(is_allowed, values, np.inf)
        place = masked.argmin(axis=1)
        return masked[np.arange(len(masked)), place], columns[place]

    def _walk(self, bundle: int) -> Walk:
        owner = int(self.atoms.owner[self.base_columns[bundle]])
        members = self.members(bundle)
        root = owner if owner < self.atoms.size and self.labels[owner] == bundle else int(members[0])
        order, spans = _cut_spans(self.atoms.neighbours, self.labels, bundle, root)
        size = len(order)
        goes_along = np.eye(size, dtype=bool)
        for place, cuts in enumerate(spans):
            for start, end in cuts:
                goes_along[place, start:end] = True
        borders = []
        own = [
            {int(self.labels[other]) for other in self.atoms.neighbours[atom]} - {bundle} for atom in order
        ]
        for place, cuts in enumerate(spans):
            border = set(own[place])
            for start, end in cuts:
                border.update(*own[start:end])
            is_all = bool(goes_along[place].all())
            borders.append(frozenset() if is_all else frozenset(border))
        return Walk(np.array(order, dtype=np.int64), goes_along, borders)

    def _changes(self, bundle: int, walk: Walk, targets: list[tuple[int, int]]) -> Array:
        """Return what each (chunk of the walk, target) changes the cost by."""
        chunks = np.array([chunk for chunk, _ in targets])
        goals = np.array([target for _, target in targets])
        near = self._near_columns(bundle, goals)
        leaving = walk.goes_along[chunks]
        place = np.full(self.atoms.size + 1, len(walk.order))
        place[walk.order] = np.arange(len(walk.order))
        owner = self.atoms.owner[near]
        takes_column = np.hstack([leaving, np.zeros((len(chunks), 1), dtype=bool)])[:, place[owner]]
        moved = self._chunk_sums(walk, chunks, near)
        measure = np.array([self.atoms.measure[walk.order[row]].sum() for row in leaving])

        label_of_column = self.labels[owner]
        stays = (label_of_column == bundle)[None, :] & ~takes_column
        left, _ = self._least(self.sums[bundle, near][None, :] - moved, stays, near)
        joins = (label_of_column[None, :] == goals[:, None]) | takes_column
        joined, _ = self._least(self.sums[np.ix_(goals, near)] + moved, joins, near)
        after = left + joined
        after += self.window_cost(self.measure[bundle] - measure) + self.window_cost(
            self.measure[goals] + measure
        )
        if self._has_extras:
            after += self._extra_costs(walk, leaving, goals)
        return after - self.costs[bundle] - self.costs[goals]

    def _near_columns(self, bundle: int, goals: Array) -> Array:
        if self.atoms.is_restricted:
            return np.arange(len(self.atoms.columns))
        is_near = np.zeros(self.count + 1, dtype=bool)
        is_near[goals] = True
        is_near[bundle] = True
        return np.flatnonzero(is_near[self.labels[self.atoms.owner]])

    def _chunk_sums(self, walk: Walk, chunks: Array, near: Array) -> Array:
        own = self.table[np.ix_(walk.order, near)]
        sums = own[chunks]
        for row in np.flatnonzero(walk.goes_along[chunks].sum(axis=1) > 1).tolist():
            sums[row] = own[walk.goes_along[chunks[row]]].sum(axis=0)
        return sums

    @property
    def _has_extras(self) -> bool:
        return bool(self.atoms.conflicts) or max(self.atoms.pieces) > 1

    def _extra_costs(self, walk: Walk, leaving: Array, goals: Array) -> Array:
        own = set(walk.order.tolist())
        extras = []
        for row, goal in zip(leaving, goals.tolist(), strict=True):
            chunk = set(walk.order[row].tolist())
            other = set(self.members(goal).tolist())
            extras.append(self._extra_cost(own - chunk) + self._extra_cost(other | chunk))
        return np.array(extras)

    def _extra_cost(self, members: set[int]) -> float:
        """Return what conflicts and disconnected pieces inside one bundle cost."""
        faults = sum(a in members and b in members for a, b in self.atoms.conflicts)
        if any(self.atoms.pieces[atom] > 1 for atom in members):
            units = np.sort(np.concatenate([self.atoms.units[atom] for atom in sorted(members)]))
            faults += len(pieces_of(self.atoms.problem, units)) - 1
        return self.weights.breaks * faults


def weighted_hours(atoms: Atoms, weights: Weights) -> Array:
    """Return atoms x columns: hours, with units beyond the travel limit at their weight."""
    if atoms.beyond is None or atoms.excess is None:
        return atoms.hours
    return atoms.hours + weights.breaks * atoms.beyond + weights.excess * atoms.excess


def _cut_spans(
    neighbours: tuple[tuple[int, ...], ...], labels: Array, bundle: int, root: int
) -> tuple[list[int], list[list[tuple[int, int]]]]:
    """
    Walk a connected bundle depth first and find what each atom would cut off.

    Returns the atoms in the order met and, for each, the spans of that order that lose their way to the root
    when it leaves (for the root: all branches but the largest). Tarjan (1972), low points.
    """
    place = {root: 0}
    order, low = [root], [0]
    spans: list[list[tuple[int, int]]] = [[]]
    stack = [(0, -1, iter(neighbours[root]))]
    while stack:
        here, parent, others = stack[-1]
        for other in others:
            if labels[other] != bundle:
                continue
            seen = place.get(other)
            if seen is None:
                there = len(order)
                place[other] = there
                order.append(other)
                low.append(there)
                spans.append([])
                stack.append((there, here, iter(neighbours[other])))
                break
            if seen != parent:
                low[here] = min(low[here], seen)
        else:
            stack.pop()
            if parent >= 0:
                low[parent] = min(low[parent], low[here])
                if low[here] >= parent:
                    spans[parent].append((here, len(order)))
    branches = sorted(spans[0], key=lambda span: (span[0] - span[1], span[0]))
    spans[0] = branches[1:]
    return order, spans


def descend(bundling: Bundling, budget: Budget, dirty: set[int] | None = None) -> None:
    """
    Move atoms while a move lowers the cost.

    Parameters
    ----------
    bundling
        Changed in place.
    budget
        Moves are counted here; the descent ends when it is spent.
    dirty
        Bundles from which moves may have become better; None means all.
    """
    waiting = set(range(bundling.count)) if dirty is None else set(dirty)
    while waiting and budget.is_open:
        bundle = min(waiting)
        waiting.discard(bundle)
        changed: set[int] = set()
        while budget.is_open and (move := bundling.best_move(bundle, budget)) is not None:
            bundling.apply(move)
            changed |= {bundle, move.target}
        for other in changed:
            waiting |= {other} | bundling.neighbours_of(other)
        if changed:
            waiting.discard(bundle)
