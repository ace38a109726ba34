"""Provably best bundles of few atoms: every connected set is costed, then the best partition is put together."""

from __future__ import annotations

import numpy as np

from gunmane.solver.atoms import Atoms
from gunmane.solver.options import Option, bundle_costs, option_of
from gunmane.solver.problem import Array

# Connected sets double with each atom; 14 atoms take about a second at worst.
LARGEST = 14
# Sums of different order that should be equal differ by less than this.
TOLERANCE = 1e-8
SETS_AT_ONCE = 1024


def best_options(atoms: Atoms, *, is_exempt: bool, count_in_all: int) -> dict[int, Option]:
    """
    Return the best labels for every possible number of bundles.

    Parameters
    ----------
    atoms
        At most `LARGEST` atoms.
    is_exempt
        Whether the territory has no work, so that the window does not apply.
    count_in_all
        Bundles wanted in the whole problem.

    Raises
    ------
    ValueError
        If there are too many atoms.
    """
    if atoms.size > LARGEST:
        msg = f"at most {LARGEST} atoms can be solved exactly, not {atoms.size}"
        raise ValueError(msg)
    sets = connected_sets(atoms.neighbours)
    holds = _holds(sets, atoms.size)
    parts = [holds[i : i + SETS_AT_ONCE] for i in range(0, len(sets), SETS_AT_ONCE)]
    values = np.vstack(
        [bundle_costs(atoms, part, is_exempt=is_exempt, count_in_all=count_in_all) for part in parts]
    )
    table = _Partitions(sets, values, atoms.size)
    options = {}
    for count in range(1, atoms.size + 1):
        values, labels = table.best(count)
        if labels is not None:
            options[count] = option_of(labels, values)
    return options


def connected_sets(neighbours: tuple[tuple[int, ...], ...]) -> Array:
    """Return every connected set of atoms as a bitmask, sorted."""
    reach = [sum(1 << other for other in others) for others in neighbours]
    found = {1 << atom for atom in range(len(neighbours))}
    layer = found
    while layer:
        larger = set()
        for mask in layer:
            border = 0
            for atom, others in enumerate(reach):
                if mask >> atom & 1:
                    border |= others
            border &= ~mask
            while border:
                bit = border & -border
                larger.add(mask | bit)
                border ^= bit
        layer = larger - found
        found |= layer
    return np.array(sorted(found), dtype=np.int64)


def _holds(sets: Array, size: int) -> Array:
    return (sets[:, None] >> np.arange(size)[None, :] & 1).astype(bool)


class _Partitions:
    """Best partition of each set of atoms into each number of bundles, from the last atom backwards."""

    def __init__(self, sets: Array, values: Array, size: int) -> None:
        self.size = size
        full = (1 << size) - 1
        self.values = np.full((full + 1, size + 1, values.shape[1]), np.inf)
        self.choice = np.full((full + 1, size + 1), -1, dtype=np.int64)
        self.values[0, 0] = 0.0
        low = sets & -sets
        by_low = {1 << a: np.flatnonzero(low == 1 << a) for a in range(size)}
        for rest in self._reachable(sets, by_low, full):
            first = by_low[rest & -rest]
            fitting = first[(sets[first] & ~rest) == 0]
            self._solve(rest, sets[fitting], values[fitting])

    @staticmethod
    def _reachable(sets: Array, by_low: dict[int, Array], full: int) -> list[int]:
        seen = {full}
        layer = [full]
        while layer:
            larger: set[int] = set()
            for rest in layer:
                first = sets[by_low[rest & -rest]]
                larger.update((rest & ~first[(first & ~rest) == 0]).tolist())
            layer = sorted(larger - seen - {0})
            seen.update(layer)
        return sorted(seen)

    def _solve(self, rest: int, sets: Array, values: Array) -> None:
        # sets x counts x costs: the set as one bundle, and the best of what remains
        total = values[:, None, :] + self.values[rest & ~sets, :-1]
        is_best = np.isfinite(total[:, :, 0])
        for part in range(values.shape[1]):
            column = np.where(is_best, total[:, :, part], np.inf)
            is_best &= column <= column.min(axis=0, keepdims=True) + TOLERANCE
        found = is_best.any(axis=0)
        pick = is_best.argmax(axis=0)
        counts = np.flatnonzero(found)
        self.values[rest, counts + 1] = total[pick[counts], counts]
        self.choice[rest, counts + 1] = sets[pick[counts]]

    def best(self, count: int) -> tuple[Array, Array | None]:
        rest = (1 << self.size) - 1
        values = self.values[rest, count]
        if not np.isfinite(values[0]):
            return values, None
        labels = np.zeros(self.size, dtype=np.int64)
        for label in range(count, 0, -1):
            chosen = int(self.choice[rest, label])
            labels[_holds(np.array([chosen]), self.size)[0]] = label - 1
            rest &= ~chosen
        return values, labels
