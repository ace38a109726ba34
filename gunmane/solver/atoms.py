"""Atoms: units that always move together, with what the search sums over them."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np

from gunmane.solver.binding import bind_units, joined_pieces
from gunmane.solver.problem import Array, Problem
from gunmane.solver.score import pieces_of


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
    measure: Array
    conflicts: tuple[tuple[int, int], ...]
    pieces: tuple[int, ...]

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
    def reach(self) -> tuple[Array, Array] | None:
        """
        Atoms x columns: units with work beyond the travel limit, and by how much in all (relative).

        None where every base reaches everything.
        """
        rows = np.concatenate(self.units)
        excess = self.problem.excess(self.columns, rows)
        if not excess.any():
            return None
        return _by_atom((excess > 0).astype(float), self.units), _by_atom(excess, self.units)

    def weighted_hours(self, breaks: float, excess: float) -> Array:
        """Return atoms x columns: hours, with units beyond the travel limit and their excess at a weight in hours."""
        if self.reach is None:
            return self.hours
        return self.hours + breaks * self.reach[0] + excess * self.reach[1]

    @functools.cached_property
    def has_chosen_bases(self) -> bool:
        """Whether bases may stand only at some units, and one of them lies in this part of the network."""
        rows = self.units[0]
        is_near = self.problem.component == self.problem.component[rows[0]]
        return bool((self.problem.may_be_base & is_near).any()) and self.problem.rules.base_units is not None

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
    return Atoms(
        problem=problem,
        units=units,
        neighbours=_neighbours(problem, units, atom_of),
        columns=columns,
        owner=owner,
        is_fixed=np.isin(columns, np.array(problem.fixed_bases, dtype=np.int64)),
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
    rows = np.concatenate(units)
    degree = problem.indptr[rows + 1] - problem.indptr[rows]
    here = np.repeat(atom_of[rows], degree)
    begun = np.repeat(problem.indptr[rows] - np.concatenate([[0], np.cumsum(degree)[:-1]]), degree)
    there = atom_of[problem.indices[begun + np.arange(len(here))]]
    codes = np.unique((here * len(units) + there)[here != there])
    cuts = np.searchsorted(codes, np.arange(1, len(units)) * len(units))
    return tuple(tuple((part % len(units)).tolist()) for part in np.split(codes, cuts))


def _by_atom(values: Array, units: tuple[Array, ...]) -> Array:
    """Return atoms x columns from columns x units: the sums of the units of each atom."""
    starts = np.cumsum([0, *(len(members) for members in units[:-1])])
    return np.ascontiguousarray(np.add.reduceat(values, starts, axis=1).T)


def by_atom(atoms: Atoms, values: Array) -> Array:
    """Return atoms x columns: sums of the columns (units x columns) over the units of each atom."""
    if values.shape[1] == 0:
        return np.zeros((atoms.size, 0))
    rows = np.concatenate(atoms.units)
    starts = np.cumsum([0, *(len(units) for units in atoms.units[:-1])])
    return np.ascontiguousarray(np.add.reduceat(values[rows].astype(float), starts, axis=0))


def _conflicts(problem: Problem, rows: Array, atom_of: Array) -> tuple[tuple[int, int], ...]:
    """Return pairs of atoms that should not share a bundle, once for each pair of units that says so."""
    is_inside = np.zeros(problem.size, dtype=bool)
    is_inside[rows] = True
    fixed = [unit for unit in problem.fixed_bases if is_inside[unit]]
    # Two bases that must be used cannot serve one bundle.
    pairs = [(a, b) for i, a in enumerate(fixed) for b in fixed[i + 1 :]]
    pairs += [(a, b) for a, b in problem.cannot_link if is_inside[a] and is_inside[b]]
    locked = rows[problem.locked_name[rows] >= 0]
    first = locked[np.unique(problem.locked_name[locked], return_index=True)[1]].tolist()
    pairs += [(a, b) for i, a in enumerate(first) for b in first[i + 1 :]]
    indptr, far = problem.site_conflicts
    if len(far):
        near = np.repeat(np.arange(problem.size), np.diff(indptr))
        is_pair = (near < far) & is_inside[near] & is_inside[far]
        pairs += list(zip(near[is_pair].tolist(), far[is_pair].tolist(), strict=True))
    if not pairs:
        return ()
    atoms = np.sort(atom_of[np.array(pairs, dtype=np.int64)], axis=1)
    atoms = atoms[atoms[:, 0] != atoms[:, 1]]
    return tuple(map(tuple, atoms[np.lexsort((atoms[:, 1], atoms[:, 0]))].tolist()))
