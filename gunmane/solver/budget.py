"""How many moves a search may still evaluate, and whether its caller wants it to end."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator


class Budget:
    """
    Moves that may be evaluated: counted, not timed, so that a rerun ends at the same place.

    Parameters
    ----------
    total
        Moves in all.
    tell
        Called with the part spent (0 to 1); False cancels.
    """

    def __init__(self, total: int, tell: Callable[[float], bool]) -> None:
        self.total = total
        self.spent = 0
        self.is_cancelled = False
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
