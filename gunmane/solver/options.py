"""What sets of atoms cost as bundles, and options: labels of one territory at one number of bundles."""

from __future__ import annotations

import dataclasses

import numpy as np

from gunmane.solver.atoms import Atoms, by_atom
from gunmane.solver.bases import SAME
from gunmane.solver.problem import Array, Problem
from gunmane.solver.score import DECIMALS, pieces_of, window_excess
from gunmane.solver.soft import strayed_work

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


def make_option(
    atoms: Atoms, labels: Array, *, is_exempt: bool, count_in_all: int, travel: Array | None = None
) -> Option:
    """
    Return labels of atoms with what they cost.

    Parameters
    ----------
    atoms, is_exempt, count_in_all
        As for `bundle_costs`.
    labels
        Bundle of each atom.
    travel
        Breaks, excess and hours of travel of all bundles where they are known; None chooses bases by the table.
    """
    holds = labels[None, :] == np.arange(int(labels.max()) + 1)[:, None]
    sums = bundle_costs(
        atoms, holds, is_exempt=is_exempt, count_in_all=count_in_all, has_travel=travel is None
    ).sum(axis=0)
    if travel is not None:
        sums[[1, 2, 4]] += travel
    sums[4] += shared_hours(atoms, labels)
    return option_of(labels.copy(), sums)


def option_of(labels: Array, values: Array) -> Option:
    """Return labels with their summed `bundle_costs`."""
    return Option(labels, int(values[0]), int(values[1]), *(float(value) for value in values[2:]))


def bundle_costs(
    atoms: Atoms, holds: Array, *, is_exempt: bool, count_in_all: int, has_travel: bool = True
) -> Array:
    """
    Return spare pieces, breaks, excess, soft window excess and hours of sets of atoms, each as one bundle.

    Hours are those of travel and of the soft terms that bundles have one by one (`shared_hours` has the others).

    Parameters
    ----------
    atoms
        The atoms.
    holds
        Sets x atoms: whether the set holds the atom.
    is_exempt
        Whether the territory has no work, so that the window does not apply.
    count_in_all
        Bundles wanted in the whole problem: what the mean of an even plan is taken from.
    has_travel
        False leaves travel out.
    """
    values = _travel_costs(atoms, holds) if has_travel else np.zeros((len(holds), 5))
    if not is_exempt:
        _add_windows(atoms, holds, values)
    _add_pairs(atoms, holds, values)
    _add_fixed(atoms, holds, values)
    _add_municipalities(atoms, holds, values)
    values[:, 4] += _soft_hours(atoms, holds, count_in_all, is_exempt=is_exempt)
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
    beyond, excess = atoms.reach or (None, None)
    for place, table in ((1, beyond), (2, excess), (4, atoms.hours)):
        if table is None:
            continue
        total = _sums(table, holds)
        sums.append((place, total))
        is_best &= total <= np.where(is_best, total, np.inf).min(axis=1, keepdims=True) + SAME
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


def _add_windows(atoms: Atoms, holds: Array, values: Array) -> None:
    rules = atoms.problem.rules
    amounts = np.column_stack([atoms.measure, by_atom(atoms, atoms.problem.amounts)])
    limits = [(rules.floor, rules.ceiling, rules.is_window_hard)]
    limits += [(window.floor, window.ceiling, window.is_hard) for window in atoms.problem.windows]
    sums = _sums(amounts, holds)
    for column, (floor, ceiling, is_hard) in enumerate(limits):
        excess = window_excess(sums[:, column], floor, ceiling)
        if is_hard:
            values[:, 1] += excess > 0
            values[:, 2] += excess
        else:
            values[:, 3] += excess


def _add_pairs(atoms: Atoms, holds: Array, values: Array) -> None:
    """Count units that should not share a bundle (fixed bases have a rule of their own)."""
    fixed = {atom for atom in atoms.owner[atoms.is_fixed].tolist() if atom < atoms.size}
    pairs = [pair for pair in atoms.conflicts if not fixed.issuperset(pair)]
    if pairs:
        found, count = np.unique(np.array(pairs), axis=0, return_counts=True)
        for (a, b), times in zip(found.tolist(), count.tolist(), strict=True):
            values[holds[:, a] & holds[:, b], 1:3] += times


def _add_municipalities(atoms: Atoms, holds: Array, values: Array) -> None:
    most = atoms.problem.rules.most_municipalities
    if most is None:
        return
    over = np.clip(_town_counts(atoms, holds) - most, 0, None)
    values[:, 1] += over > 0
    values[:, 2] += over / most


def _town_counts(atoms: Atoms, holds: Array) -> Array:
    """Return how many municipalities each set holds a part of."""
    towns = atoms.problem.municipality
    has_town = np.zeros((atoms.size, int(towns.max(initial=-1)) + 1), dtype=bool)
    for atom, units in enumerate(atoms.units):
        has_town[atom, towns[units]] = True
    return (holds.astype(np.float32) @ has_town.astype(np.float32) > 0).sum(axis=1)


def _soft_hours(atoms: Atoms, holds: Array, count_in_all: int, *, is_exempt: bool) -> Array:
    """Return the hours of the soft terms that each bundle has by itself."""
    problem, hours = atoms.problem, np.zeros(len(holds))
    soft, weight = problem.rules.soft, problem.reference_hours
    measure = float(problem.measure.sum())
    if soft.evenness and measure > 0 and not is_exempt:
        own = _sums(atoms.measure[:, None], holds)[:, 0]
        hours += soft.evenness * weight / measure * np.abs(own - measure / max(1, count_in_all))
    trades = float(problem.trades.sum())
    if soft.similarity and trades > 0:
        own = _sums(by_atom(atoms, problem.trades), holds)
        sums = own.sum(axis=1)
        mixed = sums - (own**2).sum(axis=1) / np.maximum(sums, 1e-12)
        hours += soft.similarity * weight / trades * mixed
    if soft.keeps_whole:
        towns = int(problem.municipality.max(initial=-1)) + 1
        hours += soft.keeps_whole * weight / max(1, towns) * _town_counts(atoms, holds)
    if soft.compactness:
        ends = np.array(
            [(a, b) for a, others in enumerate(atoms.neighbours) for b in others if a < b], dtype=np.int64
        ).reshape(-1, 2)
        # A cut link counts half for the bundle on either side.
        times = np.array([_link_count(atoms, a, b) for a, b in ends.tolist()])
        cut = (holds[:, ends[:, 0]] != holds[:, ends[:, 1]]) @ times if len(ends) else 0.0
        hours += soft.compactness * weight / max(1, len(problem.pairs)) * cut / 2
    return hours


def _link_count(atoms: Atoms, a: int, b: int) -> int:
    inside = set(atoms.units[b].tolist())
    return sum(len(inside.intersection(atoms.problem.links_of(unit).tolist())) for unit in atoms.units[a])


def shared_hours(atoms: Atoms, labels: Array) -> float:
    """Return the hours of the soft terms that only all bundles together have: work that strays from given areas."""
    problem = atoms.problem
    kinds = [(problem.area, problem.rules.soft.status_quo), *problem.references]
    total = float(problem.measure.sum())
    rows, own = atoms.unit_labels(labels)
    hours = 0.0
    for areas, strength in kinds:
        if strength and total > 0:
            part = strayed_work(own, np.unique(areas[rows], return_inverse=True)[1], problem.measure[rows])
            hours += strength * problem.reference_hours * part * float(problem.measure[rows].sum()) / total
    return hours


def has_shared_terms(problem: Problem) -> bool:
    """Whether some soft term belongs to all bundles together, so that bundles cannot be costed one by one."""
    return bool(problem.rules.soft.status_quo) or any(strength for _, strength in problem.references)


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
