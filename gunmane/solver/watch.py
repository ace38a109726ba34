"""What the caller of a search sees while it runs: the best labels so far, and how it says when to stop."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gunmane.solver.problem import Array
from gunmane.solver.territories import Territory

Tell = Callable[["Watch", float], bool]


class Watch:
    """
    The best labels of every territory so far.

    Parameters
    ----------
    size
        Number of units.
    territories
        Solved apart, in this order.
    tell
        Called with the watch and the part done (0 to 1); False ends the search.
    """

    def __init__(self, size: int, territories: list[Territory], tell: Tell) -> None:
        self.territories = territories
        self._size = size
        self._tell = tell
        self._labels: list[Array] = [np.zeros(t.atoms.size, dtype=np.int64) for t in territories]
        self._rank: list[tuple[float, ...] | None] = [None for _ in territories]

    def offer(self, territory: Territory, rank: tuple[float, ...], labels: Array) -> None:
        """Note labels of a territory's atoms where they are better than those before."""
        number = next(i for i, known in enumerate(self.territories) if known is territory)
        known = self._rank[number]
        if known is None or rank < known:
            self._rank[number], self._labels[number] = rank, labels.copy()

    def report(self, part: float) -> bool:
        """Tell the caller how far the search is; return whether it may go on."""
        return self._tell(self, part) is not False

    @property
    def labels(self) -> Array:
        """Best labels of all units so far: every unit in one bundle, each connected by links."""
        return join_labels(self._size, self.territories, self._labels)


def join_labels(size: int, territories: list[Territory], labels: list[Array]) -> Array:
    """Return labels of all units from the labels of each territory's atoms."""
    joined = np.full(size, -1, dtype=np.int64)
    offset = 0
    for territory, own in zip(territories, labels, strict=True):
        rows, numbers = territory.atoms.unit_labels(own)
        joined[rows] = numbers + offset
        offset += int(own.max()) + 1
    return joined
