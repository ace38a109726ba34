"""What sets of atoms cost as bundles, and options: labels of one territory at one number of bundles."""

from __future__ import annotations

import dataclasses

import numpy as np

from gunmane.solver.atoms import Atoms
from gunmane.solver.problem import Array
from gunmane.solver.score import DECIMALS, pieces_of, window_excess

# Spare pieces, breaks, excess, soft window excess, hours: what options of one number of bundles are ordered by.
Rank = tuple[int, int, float, float, float]


@dataclasses.dataclass(frozen=True, eq=False)
class Option:
    """
    Labels of a territory's atoms, and what they add to each part of the key.

    `loose` counts the pieces beyond one of each bundle: no other rule is worth an unconnected bundle.
    """

    labels: Array
    loose: int
    breaks: int
    excess: float
    soft: float
    hours: float

    @property
    def rank(self) -> Rank:
        """Its part of the key, rounded for comparing."""
        return _rounded((self.loose, self.breaks, self.excess, self.soft, self.hours))


def make_option(atoms: Atoms, labels: Array, *, is_exempt: bool) -> Option:
    """Return labels of atoms with what they cost."""
    holds = labels[None, :] == np.arange(int(labels.max()) + 1)[:, None]
    sums = bundle_costs(atoms, holds, is_exempt=is_exempt).sum(axis=0)
    return option_of(labels.copy(), sums)


def option_of(labels: Array, values: Array) -> Option:
    """Return labels with their summed `bundle_costs`."""
    return Option(labels, int(values[0]), int(values[1]), *(float(value) for value in values[2:]))


def bundle_costs(atoms: Atoms, holds: Array, *, is_exempt: bool) -> Array:
    """
    Return spare pieces, breaks, excess, soft window excess and hours of sets of atoms, each as one bundle.

    Parameters
    ----------
    atoms
        The atoms.
    holds
        Sets x atoms: whether the set holds the atom.
    is_exempt
        Whether the territory has no work, so that the window does not apply.
    """
    values = _travel_costs(atoms, holds)
    if not is_exempt:
        _add_window(atoms, holds, values)
    if atoms.problem.cannot_link:
        owner = {int(unit): atom for atom, units in enumerate(atoms.units) for unit in units}
        for a, b in atoms.problem.cannot_link:
            if a in owner and b in owner:
                values[holds[:, owner[a]] & holds[:, owner[b]], 1:3] += 1
    _add_fixed(atoms, holds, values)
    has_pieces = np.array(atoms.pieces) > 1
    for row in np.flatnonzero(holds[:, has_pieces].any(axis=1)).tolist():
        units = np.sort(np.concatenate([atoms.units[atom] for atom in np.flatnonzero(holds[row])]))
        extra = len(pieces_of(atoms.problem, units)) - 1
        values[row, :3] += (extra, extra > 0, extra)
    return values


def _travel_costs(atoms: Atoms, holds: Array) -> Array:
    """Choose the base of each set as `best_base` does; return 0, breaks, excess, 0 and hours."""
    is_own = np.hstack([holds, np.zeros((len(holds), 1), dtype=bool)])[:, atoms.owner]
    is_fixed = is_own & atoms.is_fixed
    is_best = np.where(is_fixed.any(axis=1, keepdims=True), is_fixed, is_own)
    is_best |= ~is_best.any(axis=1, keepdims=True)
    values = np.zeros((len(holds), 5))
    sums = []
    for place, table, decimals in (
        (1, atoms.beyond, 0),
        (2, atoms.excess, DECIMALS),
        (4, atoms.hours, DECIMALS),
    ):
        if table is None:
            continue
        total = _sums(table, holds)
        sums.append((place, total))
        rounded = np.where(is_best, total.round(decimals), np.inf)
        is_best &= rounded == rounded.min(axis=1, keepdims=True)
    column = is_best.argmax(axis=1)
    for place, total in sums:
        values[:, place] = total[np.arange(len(holds)), column]
    return values


def _sums(table: Array, holds: Array) -> Array:
    """Return the sum of the rows that each set holds; the atoms are always added in their order."""
    total = np.zeros((len(holds), table.shape[1]))
    if len(holds) <= holds.shape[1]:
        for row, held in enumerate(holds):
            total[row] = table[held].sum(axis=0)
    else:
        for atom in range(holds.shape[1]):
            total[holds[:, atom]] += table[atom]
    return total


def _add_window(atoms: Atoms, holds: Array, values: Array) -> None:
    rules = atoms.problem.rules
    excess = window_excess(_sums(atoms.measure[:, None], holds)[:, 0], rules.floor, rules.ceiling)
    if rules.is_window_hard:
        values[:, 1] += excess > 0
        values[:, 2] += excess
    else:
        values[:, 3] += excess


def _add_fixed(atoms: Atoms, holds: Array, values: Array) -> None:
    fixed = set(atoms.problem.fixed_bases)
    if not fixed:
        return
    per_atom = np.array([sum(int(unit) in fixed for unit in units) for units in atoms.units], dtype=float)
    if per_atom.any():
        spare = np.clip(_sums(per_atom[:, None], holds)[:, 0] - 1, 0, None)
        values[:, 1] += spare
        values[:, 2] += spare


def combine(tables: list[dict[int, Option]], total: int, *, is_exact_count: bool) -> list[Option]:
    """
    Return one option of each territory, best together in the order of the key.

    Parameters
    ----------
    tables
        For each territory its options by number of bundles.
    total
        Bundles wanted in all.
    is_exact_count
        True takes exactly `total` bundles; False may leave it for fewer breaks or less window excess.
    """
    sums: dict[int, tuple[Rank, list[Option]]] = {0: ((0, 0, 0.0, 0.0, 0.0), [])}
    for table in tables:
        joined: dict[int, tuple[Rank, list[Option]]] = {}
        for before, (rank, options) in sorted(sums.items()):
            for count, option in sorted(table.items()):
                new = (
                    rank[0] + option.loose,
                    rank[1] + option.breaks,
                    rank[2] + option.excess,
                    rank[3] + option.soft,
                    rank[4] + option.hours,
                )
                old = joined.get(before + count)
                if old is None or _rounded(new) < _rounded(old[0]):
                    joined[before + count] = (new, [*options, option])
        sums = joined
    if is_exact_count:
        return sums[total][1]

    def order(count: int) -> tuple[int, int, float, float, int, float]:
        loose, breaks, excess, soft, hours = _rounded(sums[count][0])
        return (loose, breaks, excess, soft, abs(count - total), hours)

    return sums[min(sorted(sums), key=order)][1]


def _rounded(rank: Rank) -> Rank:
    return (*rank[:2], *(round(value, DECIMALS) for value in rank[2:]))  # type: ignore[return-value]
