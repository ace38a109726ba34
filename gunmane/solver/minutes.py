"""Minutes between units: from a table, or along the links where a table would be too large."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, Protocol

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

Array = np.ndarray[Any, np.dtype[Any]]

# Rows of minutes that are remembered: 512 rows of 100,000 units take 0.4 GB as 64-bit numbers, so fewer there.
REMEMBERED_NUMBERS = 8_000_000


class Minutes(Protocol):
    """Minutes one way, and there and back, between bases and units."""

    @property
    def has_table(self) -> bool:
        """Whether every pair of units is at hand."""

    def out(self, bases: Array, units: Array) -> Array:
        """Return bases x units: minutes one way, infinite where no road leads."""

    def both(self, bases: Array, units: Array) -> Array:
        """Return bases x units: minutes there and back, infinite where no road leads."""

    def between(self, starts: Array, ends: Array) -> Array:
        """Return minutes one way from each start to the end beside it."""


class TableMinutes:
    """
    Minutes read from a square table.

    Parameters
    ----------
    out_min
        Minutes one way from row to column; infinite where no road leads.
    """

    has_table = True

    def __init__(self, out_min: Array) -> None:
        self.out_min = out_min
        self.both_min = out_min + out_min.T

    def out(self, bases: Array, units: Array) -> Array:
        """Return bases x units: minutes one way."""
        return self.out_min[np.ix_(bases, units)]

    def both(self, bases: Array, units: Array) -> Array:
        """Return bases x units: minutes there and back."""
        return self.both_min[np.ix_(bases, units)]

    def between(self, starts: Array, ends: Array) -> Array:
        """Return minutes one way from each start to the end beside it."""
        return self.out_min[starts, ends]


class LinkMinutes:
    """
    Minutes as the shortest ways along links, worked out for each base when it is first asked for.

    Parameters
    ----------
    pairs
        Units at both ends of each link.
    link_min
        Minutes one way along each link (>= 0), the same in both directions.
    size
        Number of units.
    """

    has_table = False

    def __init__(self, pairs: Array, link_min: Array, size: int) -> None:
        # A link of no length would vanish from a sparse matrix.
        minutes = np.maximum(link_min, 1e-9)
        self.size = size
        self.graph = coo_array((minutes, (pairs[:, 0], pairs[:, 1])), shape=(size, size)).tocsr()
        self._rows: OrderedDict[int, Array] = OrderedDict()
        self._most = max(16, REMEMBERED_NUMBERS // max(1, size))

    def row(self, base: int) -> Array:
        """Return minutes one way from a base to every unit."""
        known = self._rows.get(base)
        if known is None:
            known = dijkstra(self.graph, directed=False, indices=base).astype(np.float32)
            self._rows[base] = known
            if len(self._rows) > self._most:
                self._rows.popitem(last=False)
        else:
            self._rows.move_to_end(base)
        return known

    def out(self, bases: Array, units: Array) -> Array:
        """Return bases x units: minutes one way."""
        if len(bases) == 0:
            return np.zeros((0, len(units)))
        return np.vstack([self.row(int(base))[units] for base in bases]).astype(float)

    def both(self, bases: Array, units: Array) -> Array:
        """Return bases x units: minutes there and back."""
        return 2.0 * self.out(bases, units)

    def between(self, starts: Array, ends: Array) -> Array:
        """Return minutes one way from each start to the end beside it."""
        return np.array(
            [self.row(int(start))[end] for start, end in zip(starts, ends, strict=True)], dtype=float
        )


def make_minutes(travel_min: Array | None, pairs: Array, link_min: Array, size: int) -> Minutes:
    """
    Return minutes from a square table, or along the links where there is none.

    Parameters
    ----------
    travel_min
        Square, minutes one way in the order of the sorted units; None takes the ways along the links.
    pairs, link_min, size
        As for `LinkMinutes`.

    Raises
    ------
    ValueError
        If there is neither a table nor minutes for every link.
    """
    if travel_min is not None:
        return TableMinutes(np.asarray(travel_min, dtype=float))
    if not np.isfinite(link_min).all() or (link_min < 0).any():
        msg = "without travel_min every link needs travel_min >= 0 (minutes one way)"
        raise ValueError(msg)
    return LinkMinutes(pairs, link_min, size)
