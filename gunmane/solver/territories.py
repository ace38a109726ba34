"""Territories: parts of the land that are solved apart."""

from __future__ import annotations

import dataclasses

import numpy as np

from gunmane.solver.atoms import Atoms
from gunmane.solver.boards import make_board, strict_weights
from gunmane.solver.counts import Counts
from gunmane.solver.kernels import state
from gunmane.solver.kernels.state import Board
from gunmane.solver.options import shared_hours
from gunmane.solver.problem import Array


@dataclasses.dataclass(frozen=True, eq=False)
class Territory:
    """
    One part of the land.

    Parameters
    ----------
    atoms
        Its atoms.
    counts
        Its numbers of bundles.
    is_exempt
        Whether it has no work, so that windows do not apply.
    count_in_all
        Bundles wanted in the whole problem.
    """

    atoms: Atoms
    counts: Counts
    is_exempt: bool
    count_in_all: int
    _boards: dict[int, Board] = dataclasses.field(default_factory=dict, repr=False)

    @property
    def wanted(self) -> int:
        """Bundles wanted here."""
        return self.counts.wanted

    @property
    def has_table(self) -> bool:
        """Whether minutes come from a table."""
        return self.atoms.problem.minutes.has_table

    @property
    def break_hours(self) -> float:
        """Hours that a broken rule counts in the search."""
        return strict_weights(self.atoms.problem)[0]

    def board(self, count: int) -> Board:
        """Return the arrays that the search reads for a number of bundles."""
        # With a table only the reach of rows depends on the number.
        key = 0 if self.has_table else count
        if key not in self._boards:
            self._boards[key] = make_board(
                self.atoms, count, count_in_all=self.count_in_all, is_exempt=self.is_exempt
            )
        return self._boards[key]

    def shared_cost(self, labels: Array, board: Board) -> float:
        """Return what labels cost in the search beyond the sum over bundles."""
        here = np.repeat(np.arange(self.atoms.size), np.diff(board.indptr))
        is_cut = labels[here] != labels[board.indices]
        cost = board.weights[state.CUT] * float(board.link_count[is_cut].sum()) / 2
        if len(board.foes):
            near = np.repeat(np.arange(self.atoms.size), np.diff(board.foe_ptr))
            together = int((labels[near] == labels[board.foes]).sum()) // 2
            cost += together * float(board.weights[state.BREAKS] + board.weights[state.EXCESS])
        if len(board.muni_ids):
            atom = np.repeat(np.arange(self.atoms.size), np.diff(board.muni_ptr))
            held = np.unique(np.column_stack([labels[atom], board.muni_ids]), axis=0)
            cost += float(board.weights[state.WHOLE]) * len(held)
            most = float(board.weights[state.MOST_MUNIS])
            if np.isfinite(most):
                over = np.clip(np.bincount(held[:, 0]) - most, 0, None)
                cost += float(board.weights[state.BREAKS]) * int((over > 0).sum())
                cost += float(board.weights[state.EXCESS]) * float(over.sum()) / most
        return cost + shared_hours(self.atoms, labels)

    def travel_of(self, labels: Array, bases: Array) -> Array:
        """Return breaks, excess and hours of travel of all bundles from given bases (rows of units)."""
        problem = self.atoms.problem
        rows, own = self.atoms.unit_labels(labels)
        breaks, excess, hours = 0.0, 0.0, 0.0
        for bundle, base in enumerate(bases.tolist()):
            units = rows[own == bundle]
            far = problem.excess(np.array([base]), units)[0]
            breaks += int((far > 0).sum())
            excess += float(far.sum())
            hours += float(problem.hours(np.array([base]), units)[0].sum())
        return np.array([breaks, excess, hours])
