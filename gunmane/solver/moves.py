"""Local search: an atom, with everything it would cut off, moves to a neighbouring bundle."""

from __future__ import annotations

import dataclasses

import numpy as np

from gunmane.solver.atoms import Atoms
from gunmane.solver.budget import Budget
from gunmane.solver.problem import Array
from gunmane.solver.score import window_excess
from gunmane.solver.walks import Walk, walk_bundle

# A move must gain more than this part of the cost, or rounding would let moves go back and forth.
LEAST_GAIN = 1e-9
# Moves out of a bundle that are evaluated in full however they screen, and screened moves that count as one.
LEAST_SCREENED = 3
SCREENED_PER_MOVE = 8


@dataclasses.dataclass(frozen=True)
class Weights:
    """
    Hours that faults count in the search.

    Parameters
    ----------
    breaks, excess
        One broken rule, and its relative excess.
    soft
        Window excess of 1.
    bend
        How much more the next part of a window excess counts than the one before; above 0 it spreads excess over
        neighbours until it meets a bundle with room.
    """

    breaks: float
    excess: float
    soft: float
    bend: float = 0.0


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
        self.table = atoms.weighted_hours(weights.breaks, weights.excess)
        self.count = 0
        self.labels = np.full(atoms.size + 1, -1, dtype=np.int64)
        self._walks: dict[int, Walk] = {}
        self.sums = np.zeros((0, self.table.shape[1]))
        self.measure = np.zeros(0)
        self.base_columns = np.zeros(0, dtype=np.int64)
        self.travel = np.zeros(0)
        # Grows with every change of a bundle: what was worked out for it holds while its stamp stays.
        self.stamps = np.zeros(0, dtype=np.int64)
        self._clock = 0
        self.load(labels)

    def load(self, labels: Array) -> None:
        """Go over to other labels; only bundles that hold other atoms than now are summed up anew."""
        count = int(labels.max()) + 1
        is_other = labels != self.labels[:-1]
        touched = np.union1d(labels[is_other], self.labels[:-1][is_other])
        kept = min(count, self.count)
        if count != self.count:
            for name in ("sums", "measure", "base_columns", "travel", "stamps"):
                old = getattr(self, name)
                new = np.zeros((count, *old.shape[1:]), dtype=old.dtype)
                new[:kept] = old[:kept]
                setattr(self, name, new)
            self._walks = {bundle: walk for bundle, walk in self._walks.items() if bundle < count}
        self.count = count
        self.labels[:-1] = labels
        for bundle in touched[(touched >= 0) & (touched < count)].tolist():
            self._sum_up(bundle)

    def _sum_up(self, bundle: int) -> None:
        members = self.members(bundle)
        self._walks.pop(bundle, None)
        self.sums[bundle] = self.table[members].sum(axis=0)
        self.measure[bundle] = self.atoms.measure[members].sum()
        self._refresh(bundle)

    @property
    def costs(self) -> Array:
        """Weighted cost of each bundle."""
        return self.travel + self.window_cost(self.measure)

    def cost_of(self, bundle: int) -> float:
        """Return the weighted cost of one bundle."""
        return float(self.travel[bundle] + self.window_cost(self.measure[[bundle]])[0])

    @property
    def cost(self) -> float:
        """Weighted cost of all bundles."""
        return float(self.costs.sum())

    @property
    def hours(self) -> float:
        """Travel hours of all bundles, broken rules not counted."""
        labels = self.labels[:-1]
        return float(self.atoms.hours[np.arange(self.atoms.size), self.base_columns[labels]].sum())

    @property
    def has_window_excess(self) -> bool:
        """Whether some bundle lies outside the window."""
        return bool(self.window_cost(self.measure).any())

    def members(self, bundle: int) -> Array:
        """Return the atoms of a bundle, sorted."""
        return np.flatnonzero(self.labels[:-1] == bundle)

    def neighbours_of(self, bundle: int) -> set[int]:
        """Return the bundles that touch a bundle."""
        links = self.atoms.neighbours
        around = {other for atom in self.members(bundle).tolist() for other in links[atom]}
        return set(self.labels[sorted(around)].tolist()) - {bundle}

    def improve(self, bundle: int, budget: Budget) -> set[int]:
        """
        Carry out the moves out of a bundle that lower the cost, the best first; return the bundles changed.

        Moves are screened with the bases where they are; those that pass are evaluated with bases chosen anew,
        and once more on what the moves before them have left.
        """
        walk = self._walk(bundle)
        chunks, goals = self._targets(bundle, walk)
        if len(chunks) == 0:
            return set()
        passed = self._screen(bundle, walk, chunks, goals)
        budget.spent += len(passed) + len(chunks) // SCREENED_PER_MOVE
        chunks, goals = chunks[passed], goals[passed]
        changes = self._changes(bundle, walk, chunks, goals)
        changed: set[int] = set()
        for place in np.argsort(changes, kind="stable").tolist():
            if not self._is_gain(changes[place]):
                break
            atom, goal = int(walk.order[chunks[place]]), int(goals[place])
            atoms = (
                self._still_gains(bundle, atom, goal, budget) if changed else walk.goes_along[chunks[place]]
            )
            if atoms is None:
                continue
            self.apply(walk.order[atoms] if not changed else atoms, bundle, goal)
            changed |= {bundle, goal}
        return changed

    def _still_gains(self, bundle: int, atom: int, goal: int, budget: Budget) -> Array | None:
        """Return the atoms that an atom takes along to a bundle as it is now, or None if that is no gain."""
        if self.labels[atom] != bundle:
            return None
        walk = self._walk(bundle)
        place = np.flatnonzero(walk.order == atom)
        chunks, goals = self._targets(bundle, walk)
        if not ((chunks == place[0]) & (goals == goal)).any():
            return None
        budget.spent += 1
        change = self._changes(bundle, walk, place, np.array([goal]))
        return walk.order[walk.goes_along[place[0]]] if self._is_gain(float(change[0])) else None

    def _is_gain(self, change: float) -> bool:
        return change < -LEAST_GAIN * (1 + abs(float(self.travel.sum())))

    def _targets(self, bundle: int, walk: Walk) -> tuple[Array, Array]:
        """Return every (place in the walk, bundle that its atom and what goes along could join)."""
        touches = np.zeros((len(walk.order), self.count), dtype=bool)
        touches[walk.link_places, self.labels[walk.link_atoms]] = True
        touches[:, bundle] = False
        joint = touches.copy()
        for place in walk.cutting.tolist():
            joint[place] = touches[walk.goes_along[place]].any(axis=0)
        joint[walk.goes_along.all(axis=1)] = False
        chunks, goals = np.nonzero(joint)
        return chunks, goals

    def _screen(self, bundle: int, walk: Walk, chunks: Array, goals: Array) -> Array:
        """Return the places of moves worth evaluating: gains with the bases as they are, at least a few."""
        goals_here, place_of_goal = np.unique(goals, return_inverse=True)
        bases = self.table[np.ix_(walk.order, self.base_columns[goals_here])]
        extra = bases - self.table[walk.order, self.base_columns[bundle]][:, None]
        measure = self.atoms.measure[walk.order]
        joint_extra, joint_measure = extra.copy(), measure.copy()
        for place in walk.cutting.tolist():
            joint_extra[place] = extra[walk.goes_along[place]].sum(axis=0)
            joint_measure[place] = measure[walk.goes_along[place]].sum()
        moved = joint_measure[chunks]
        window = self.window_cost(np.concatenate([self.measure[bundle] - moved, self.measure[goals] + moved]))
        before = self.window_cost(self.measure)
        change = joint_extra[chunks, place_of_goal] + window[: len(moved)] + window[len(moved) :]
        change -= before[bundle] + before[goals]
        order = np.argsort(change, kind="stable")
        return order[: max(LEAST_SCREENED, int((change < 0).sum()))]

    def apply(self, atoms: Array, source: int, target: int) -> None:
        """Move atoms from one bundle to another."""
        moved = self.table[atoms].sum(axis=0)
        self.labels[atoms] = target
        self.sums[source] -= moved
        self.sums[target] += moved
        for bundle in (source, target):
            self._walks.pop(bundle, None)
            self.measure[bundle] = self.atoms.measure[self.labels[:-1] == bundle].sum()
            self._refresh(bundle)

    def window_cost(self, measure: Array) -> Array:
        """Return what bundles of some measure cost for lying outside the window."""
        if self.is_exempt:
            return np.zeros(measure.shape)
        rules = self.atoms.problem.rules
        excess = window_excess(measure, rules.floor, rules.ceiling)
        if rules.is_window_hard and not self.weights.bend:
            return self.weights.breaks * ((excess > 0) + excess)
        return self.weights.soft * excess * (1 + self.weights.bend * excess)

    def weigh(self, weights: Weights) -> None:
        """Count window excess otherwise; broken rules must count as before."""
        self.weights = weights

    def _refresh(self, bundle: int) -> None:
        self._clock += 1
        self.stamps[bundle] = self._clock
        is_own = (self.labels[self.atoms.owner] == bundle)[None, :]
        value, column = self._least(self.sums[bundle][None, :], is_own, np.arange(is_own.shape[1]))
        self.base_columns[bundle] = column[0]
        self.travel[bundle] = value[0]
        if self._has_extras:
            self.travel[bundle] += self._extra_cost(set(self.members(bundle).tolist()))

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
        walk = self._walks.get(bundle)
        if walk is None:
            walk = self._walks[bundle] = self._new_walk(bundle)
        return walk

    def _new_walk(self, bundle: int) -> Walk:
        owner = int(self.atoms.owner[self.base_columns[bundle]])
        is_inside = owner < self.atoms.size and self.labels[owner] == bundle
        root = owner if is_inside else int(self.members(bundle)[0])
        return walk_bundle(self.atoms.neighbours, self.labels, bundle, root)

    def _changes(self, bundle: int, walk: Walk, chunks: Array, goals: Array) -> Array:
        """Return what each (chunk of the walk, bundle that it joins) changes the cost by."""
        near = self._near_columns(bundle, goals)
        leaving = walk.goes_along[chunks]
        place = np.full(self.atoms.size + 1, len(walk.order))
        place[walk.order] = np.arange(len(walk.order))
        owner = self.atoms.owner[near]
        takes_column = np.hstack([leaving, np.zeros((len(chunks), 1), dtype=bool)])[:, place[owner]]
        moved = self._chunk_sums(walk, chunks, near)
        measure = self.atoms.measure[walk.order][chunks]
        for row in np.flatnonzero(leaving.sum(axis=1) > 1).tolist():
            measure[row] = self.atoms.measure[walk.order[leaving[row]]].sum()

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
        window = self.window_cost(self.measure[goals])
        return after - self.cost_of(bundle) - self.travel[goals] - window

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
        return bool(self.atoms.conflicts)

    def _extra_costs(self, walk: Walk, leaving: Array, goals: Array) -> Array:
        own = set(walk.order.tolist())
        extras = []
        for row, goal in zip(leaving, goals.tolist(), strict=True):
            chunk = set(walk.order[row].tolist())
            other = set(self.members(goal).tolist())
            extras.append(self._extra_cost(own - chunk) + self._extra_cost(other | chunk))
        return np.array(extras)

    def _extra_cost(self, members: set[int]) -> float:
        """Return what conflicts inside one bundle cost."""
        return self.weights.breaks * sum(a in members and b in members for a, b in self.atoms.conflicts)


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
        for other in bundling.improve(bundle, budget):
            waiting |= {other} | bundling.neighbours_of(other)
