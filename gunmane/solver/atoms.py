"""Atoms: units that always move together, with what the search sums over them."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np

from gunmane.solver.binding import bind_units, joined_pieces
from gunmane.solver.problem import Array, Problem
from gunmane.solver.score import pieces_of

# Minutes that stand for "no road leads there" where regions are grown.
FAR_MIN = 1e6


@dataclasses.dataclass(frozen=True, eq=False)
class Atoms:
    """
    The atoms of one territory.

    Parameters
    ----------
    problem
        The task.
    units
        Rows of the units of each atom; atoms in the order of their first unit.
    neighbours
        Atoms linked to each atom, sorted.
    columns
        Rows of units where a base may stand (a column of the tables below).
    owner
        Atom that holds each column; the number of atoms for a column outside the territory.
    is_fixed
        Whether a column is a base that must be used.
    beyond, excess
        Atoms x columns: units with work beyond the travel limit, and by how much in all (relative);
        None when every base reaches everything.
    measure
        Measure of each atom.
    conflicts
        Pairs of atoms that should not share a bundle, once for each pair of units.
    pieces
        Connected pieces of each atom by itself; above 1 it needs others to be connected (few atoms only).
    """

    problem: Problem
    units: tuple[Array, ...]
    neighbours: tuple[tuple[int, ...], ...]
    columns: Array
    owner: Array
    is_fixed: Array
    beyond: Array | None
    excess: Array | None
    measure: Array
    conflicts: tuple[tuple[int, int], ...]
    pieces: tuple[int, ...]
    _weighted: dict[tuple[float, float], Array] = dataclasses.field(default_factory=dict, repr=False)

    @property
    def size(self) -> int:
        """Number of atoms."""
        return len(self.units)

    @functools.cached_property
    def hours(self) -> Array:
        """Atoms x columns: travel hours a year."""
        rows = np.concatenate(self.units)
        return _by_atom(self.problem.hours(self.columns, rows), self.units)

    @functools.cached_property
    def minutes(self) -> Array:
        """Atoms x columns: minutes there and back, the mean of the atom's units weighted by their work."""
        rows = np.concatenate(self.units)
        minutes = self.problem.minutes.both(self.columns, rows)
        # A trace of weight everywhere gives units without work a place as well.
        weight = self.problem.crew_days[rows] + 1e-6
        sums = _by_atom(np.where(np.isfinite(minutes), minutes, FAR_MIN) * weight, self.units)
        return sums / _by_atom(weight[None, :], self.units)

    @functools.cached_property
    def is_restricted(self) -> bool:
        """Whether some bundle could find no base among its own columns, or only certain ones."""
        return bool(self.is_fixed.any()) or len(np.unique(self.owner[self.owner < self.size])) < self.size

    def weighted_hours(self, breaks: float, excess: float) -> Array:
        """Return atoms x columns: hours, with units beyond the travel limit and their excess at a weight in hours."""
        if self.beyond is None or self.excess is None:
            return self.hours
        key = (breaks, excess)
        if key not in self._weighted:
            self._weighted[key] = self.hours + breaks * self.beyond + excess * self.excess
        return self._weighted[key]

    def minutes_between(self, members: Array) -> Array:
        """Return minutes there and back between atoms that each own a column, by the first column of each."""
        order = np.argsort(self.owner, kind="stable")
        first = order[np.searchsorted(self.owner[order], members)]
        return self.minutes[np.ix_(members, first)]

    def unit_labels(self, labels: Array) -> tuple[Array, Array]:
        """Return (rows of units, label of each) for labels of atoms."""
        rows = np.concatenate(self.units)
        return rows, np.repeat(labels, [len(units) for units in self.units])


def make_atoms(problem: Problem, territory: int, *, is_joined: bool = False) -> Atoms:
    """
    Bind the units of a territory that must stay together, and sum what the search needs.

    Units are bound by `whole_group` and by must-links inside the territory; a must-link that leaves it cannot be
    kept and is named by `judge`.

    Parameters
    ----------
    problem
        The task.
    territory
        Number of the territory.
    is_joined
        Whether an atom in several pieces takes along the atoms between them, so that every atom is connected.
    """
    rows = np.flatnonzero(problem.territory == territory)
    atom_of = bind_units(problem, rows)
    if is_joined:
        atom_of = joined_pieces(problem, rows, atom_of)
    order = rows[np.argsort(atom_of[rows], kind="stable")]
    units = tuple(np.split(order, np.flatnonzero(np.diff(atom_of[order])) + 1))
    columns = _columns(problem, rows)
    owner = np.where(problem.territory[columns] == territory, atom_of[columns], len(units))
    excess = problem.excess(columns, order)
    is_beyond = bool(excess.any())
    return Atoms(
        problem=problem,
        units=units,
        neighbours=_neighbours(problem, units, atom_of),
        columns=columns,
        owner=owner,
        is_fixed=np.isin(columns, np.array(problem.fixed_bases, dtype=np.int64)),
        beyond=_by_atom((excess > 0).astype(float), units) if is_beyond else None,
        excess=_by_atom(excess, units) if is_beyond else None,
        measure=np.array([problem.measure[members].sum() for members in units]),
        conflicts=_conflicts(problem, rows, atom_of),
        pieces=tuple(len(pieces_of(problem, members)) if len(members) > 1 else 1 for members in units),
    )


def _columns(problem: Problem, rows: Array) -> Array:
    is_allowed = problem.may_be_base & (problem.component == problem.component[rows[0]])
    if problem.rules.base_units is None or not is_allowed.any():
        return rows
    fixed = np.intersect1d(rows, np.array(problem.fixed_bases, dtype=np.int64))
    return np.union1d(np.flatnonzero(is_allowed), fixed)


def _neighbours(problem: Problem, units: tuple[Array, ...], atom_of: Array) -> tuple[tuple[int, ...], ...]:
    found = []
    for atom, members in enumerate(units):
        others = {int(atom_of[other]) for unit in members.tolist() for other in problem.neighbours[unit]}
        found.append(tuple(sorted(others - {atom})))
    return tuple(found)


def _by_atom(values: Array, units: tuple[Array, ...]) -> Array:
    """Return atoms x columns from columns x units: the sums of the units of each atom."""
    starts = np.cumsum([0, *(len(members) for members in units[:-1])])
    return np.ascontiguousarray(np.add.reduceat(values, starts, axis=1).T)


def _conflicts(problem: Problem, rows: Array, atom_of: Array) -> tuple[tuple[int, int], ...]:
    inside = set(rows.tolist())
    fixed = [unit for unit in problem.fixed_bases if unit in inside]
    # Two bases that must be used cannot serve one bundle.
    pairs = [(a, b) for i, a in enumerate(fixed) for b in fixed[i + 1 :]]
    pairs += [(a, b) for a, b in problem.cannot_link if a in inside and b in inside]
    atoms = [tuple(sorted((int(atom_of[a]), int(atom_of[b])))) for a, b in pairs]
    return tuple(sorted((a, b) for a, b in atoms if a != b))
