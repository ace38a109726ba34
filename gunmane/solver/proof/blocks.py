"""Blocks: units that never part, counted apart from the search so that a proof does not rest on it."""

from __future__ import annotations

import dataclasses

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from gunmane.solver.problem import Array, Problem, numbered_by_first


@dataclasses.dataclass(frozen=True, eq=False)
class Blocks:
    """
    Units bound together by rules that no plan gives up, and the connected pieces of each block.

    Parameters
    ----------
    problem
        The task.
    of_unit
        Block of each unit; blocks in the order of their first unit.
    units
        Rows of the units of each block.
    territory
        Territory of each block.
    piece_of_unit
        Connected piece of its block that each unit lies in.
    block_of_piece
        Block of each piece.
    near
        Pieces linked to each piece.
    """

    problem: Problem
    of_unit: Array
    units: tuple[Array, ...]
    territory: Array
    piece_of_unit: Array
    block_of_piece: Array
    near: tuple[frozenset[int], ...]

    @property
    def size(self) -> int:
        """Number of blocks."""
        return len(self.units)

    def sums(self, amounts: Array) -> Array:
        """Return the sum of an amount of each unit over each block."""
        return np.bincount(self.of_unit, weights=amounts, minlength=self.size)

    def in_territory(self, territory: int) -> Array:
        """Return the blocks of a territory."""
        return np.flatnonzero(self.territory == territory)

    def reached(self, pieces: set[int], start: int) -> set[int]:
        """Return the pieces that hang together with one of them."""
        found = {start}
        ends = [start]
        while ends:
            new = (self.near[ends.pop()] & pieces) - found
            found |= new
            ends += new
        return found


def block_numbers(problem: Problem) -> Array:
    """
    Return the block of each unit.

    A municipality that must stay whole, must-links inside one territory, units of one lock and locked bundles bind.
    A must-link or a lock that leaves its territory cannot be kept by any plan; `judge` names it.
    """
    bonds = [(a, b) for a, b in problem.must_link if problem.territory[a] == problem.territory[b]]
    for numbers in (problem.whole_group, problem.locked_name, problem.locked_bundle):
        rows = np.flatnonzero(numbers >= 0)
        key = numbers[rows] * (int(problem.territory.max(initial=0)) + 1) + problem.territory[rows]
        _, first, place = np.unique(key, return_index=True, return_inverse=True)
        bonds += zip(rows[first][place].tolist(), rows.tolist(), strict=True)
    return _joined(np.array(bonds, dtype=np.int64).reshape(-1, 2), problem.size)


def make_blocks(problem: Problem) -> Blocks:
    """Bind the units of a problem."""
    of_unit = block_numbers(problem)
    order = np.argsort(of_unit, kind="stable")
    units = tuple(np.split(order, np.flatnonzero(np.diff(of_unit[order])) + 1))
    ends = np.array(
        [(a, b) for a, others in enumerate(problem.neighbours) for b in others], dtype=np.int64
    ).reshape(-1, 2)
    is_inner = of_unit[ends[:, 0]] == of_unit[ends[:, 1]]
    piece_of_unit = _joined(ends[is_inner], problem.size)
    near: list[set[int]] = [set() for _ in range(int(piece_of_unit.max(initial=-1)) + 1)]
    for a, b in piece_of_unit[ends[~is_inner]].tolist():
        near[a].add(b)
    first = np.unique(piece_of_unit, return_index=True)[1]
    return Blocks(
        problem=problem,
        of_unit=of_unit,
        units=units,
        territory=problem.territory[[int(rows[0]) for rows in units]],
        piece_of_unit=piece_of_unit,
        block_of_piece=of_unit[first],
        near=tuple(frozenset(others) for others in near),
    )


def _joined(pairs: Array, size: int) -> Array:
    graph = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(size, size))
    return numbered_by_first(connected_components(graph, directed=False)[1])
