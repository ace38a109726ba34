"""How many moves a search may still evaluate, and whether its caller wants it to end."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

# Reading so many table cells takes about as long as evaluating a move.
CELLS_PER_MOVE = 100_000


class Budget:
    """
    Moves that may be evaluated: counted, not timed, so that a rerun ends at the same place.

    Parameters
    ----------
    total
        Moves in all.
    tell
        Called with the part spent (0 to 1); False cancels.

    First bundles are chosen by reading whole tables; that has an account of its own, as large as the moves'.
    """

    def __init__(self, total: int, tell: Callable[[float], bool]) -> None:
        self.total = total
        self.spent = 0
        self.is_cancelled = False
        self.cells = 0
        self._limit = total
        self._tell = tell

    @property
    def left(self) -> int:
        """Moves left up to the present limit."""
        return max(0, self._limit - self.spent)

    @property
    def is_open(self) -> bool:
        """Whether the search may go on."""
        return self.left > 0 and not self.is_cancelled

    def affords(self, cells: int) -> bool:
        """Count table cells to be read for first bundles; False once they would cost more than all moves."""
        self.cells += cells
        return self.cells <= self.total * CELLS_PER_MOVE and not self.is_cancelled

    def charge(self, cells: int) -> None:
        """Count table cells read in the search as moves, whole ones only."""
        self.spent += cells // CELLS_PER_MOVE

    @contextlib.contextmanager
    def limited(self, moves: int) -> Iterator[None]:
        """Let no more than some of the moves left be spent inside a `with` block."""
        outer = self._limit
        self._limit = min(outer, self.spent + max(0, moves))
        try:
            yield
        finally:
            self._limit = outer

    def report(self) -> None:
        """Tell the caller how far the search is."""
        if not self.is_cancelled and not self._tell(min(1.0, self.spent / max(1, self.total))):
            self.is_cancelled = True
