"""Which units always move together: whole municipalities, must-links, and what joins their parts by road."""

from __future__ import annotations

import heapq

import numpy as np

from gunmane.solver.problem import Array, Problem
from gunmane.solver.score import pieces_of

# What drawing in a foe weighs beside drawing in all the work of the territory.
FOE_WEIGHT = 10.0

Bonds = list[tuple[int, int]]


def bind_units(problem: Problem, rows: Array) -> Array:
    """
    Return the atom of each unit of a territory (rows elsewhere: -1), atoms in the order of their first unit.

    Parameters
    ----------
    problem
        The task; units are bound by `whole_group`, by locks and by must-links inside the territory.
    rows
        Units of the territory, sorted.
    """
    first_of_group: dict[tuple[str, int], int] = {}
    bonds = [(a, b) for a, b in problem.must_link if problem.territory[a] == problem.territory[b]]
    ties = {"whole": problem.whole_group, "lock": problem.locked_name, "bundle": problem.locked_bundle}
    for kind, groups in ties.items():
        bonds += [
            (first_of_group.setdefault((kind, int(groups[unit])), unit), unit)
            for unit in rows[groups[rows] >= 0].tolist()
        ]
    return _bound(np.arange(problem.size), bonds, rows)


def joined_pieces(problem: Problem, rows: Array, atom_of: Array) -> Array:
    """
    Return atoms that are each connected: parts that no link joins take along the atoms between them.

    The way drawn in holds little work and few atoms, and no foe or second fixed base where another way leads.

    Parameters
    ----------
    problem
        The task.
    rows
        Units of the territory, sorted; its links connect them.
    atom_of
        Atoms as `bind_units` gives them.
    """
    while True:
        members = _members(rows, atom_of)
        loose = next((atom for atom, units in members.items() if len(pieces_of(problem, units)) > 1), None)
        if loose is None:
            return atom_of
        way = _way_between(problem, members, atom_of, loose)
        bonds = [(int(members[loose][0]), int(members[atom][0])) for atom in way]
        firsts = np.arange(problem.size)
        for units in members.values():
            firsts[units] = units[0]
        atom_of = _bound(firsts, bonds, rows)


def _bound(root: Array, bonds: Bonds, rows: Array) -> Array:
    """Return atoms from roots (each unit's own or a lower unit bound to it) and further bonds."""
    root = root.copy()

    def find(unit: int) -> int:
        while root[unit] != unit:
            unit = int(root[unit])
        return unit

    for a, b in bonds:
        low, high = sorted((find(a), find(b)))
        root[high] = low
    atom_of = np.full(len(root), -1, dtype=np.int64)
    atom_of[rows] = np.unique([find(unit) for unit in rows.tolist()], return_inverse=True)[1]
    return atom_of


def _members(rows: Array, atom_of: Array) -> dict[int, Array]:
    order = rows[np.argsort(atom_of[rows], kind="stable")]
    cuts = np.flatnonzero(np.diff(atom_of[order])) + 1
    return dict(enumerate(np.split(order, cuts)))


def _way_between(problem: Problem, members: dict[int, Array], atom_of: Array, loose: int) -> list[int]:
    """Return the atoms that join the largest piece of an atom to another piece at the least weight."""
    total = float(sum(problem.measure[units].sum() for units in members.values())) or 1.0
    foes = _foes(problem, members[loose])
    start = set(pieces_of(problem, members[loose])[0])
    best = dict.fromkeys(sorted(start), 0.0)
    heap = [(0.0, unit, -1) for unit in sorted(start)]
    before: dict[int, int] = {}
    while heap:
        weight, unit, last = heapq.heappop(heap)
        if unit in before:
            continue
        before[unit] = last
        if atom_of[unit] == loose and unit not in start:
            return _atoms_on_way(before, unit, atom_of, loose)
        for other in problem.neighbours[unit]:
            atom = int(atom_of[other])
            step = 0.0
            if atom not in (loose, int(atom_of[unit])):
                units = members[atom]
                step = float(problem.measure[units].sum()) / total + len(units) / problem.size
                step += FOE_WEIGHT * len(foes.intersection(units.tolist()))
            if other not in before and weight + step < best.get(other, np.inf):
                best[other] = weight + step
                heapq.heappush(heap, (weight + step, other, unit))
    msg = "the links of a territory must connect its units"
    raise ValueError(msg)


def _foes(problem: Problem, units: Array) -> set[int]:
    own = set(units.tolist())
    foes = {b if a in own else a for a, b in problem.cannot_link if (a in own) != (b in own)}
    fixed = set(problem.fixed_bases)
    return foes | (fixed - own if fixed & own else set())


def _atoms_on_way(before: dict[int, int], end: int, atom_of: Array, loose: int) -> list[int]:
    atoms = set()
    while end >= 0:
        atoms.add(int(atom_of[end]))
        end = before[end]
    return sorted(atoms - {loose})
