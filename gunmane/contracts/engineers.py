"""Engineers of works contracts: which contracts meet in one year, and which two of them one engineer may look after."""

from __future__ import annotations

import math
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
from scipy.sparse.csgraph import connected_components

from gunmane.contracts.expected import BACKLOG_FROM
from gunmane.contracts.terms import Duties, Terms, dedicated_from

Ints = np.ndarray[Any, np.dtype[np.int64]]
Bools = np.ndarray[Any, np.dtype[np.bool_]]

# Years drawn to see which contracts meet in one year; the share that is saved is taken from them, not the level.
DRAWN_YEARS = 20


class Draw:
    """Years drawn for some bridges, and what part of the contracts' engineers is left when two sites share one."""

    def __init__(
        self,
        bridges: pd.DataFrame,
        duties: Duties,
        *,
        unit_ids: pd.Index,
        travel_min: np.ndarray[Any, Any],
        seed: int,
    ) -> None:
        table = bridges.sort_values("asset_id", ignore_index=True)
        self.duties, self.travel_min = duties, travel_min
        self.bundle = pd.factorize(table["bundle_id"], sort=True)[0].astype("int64")
        self.unit = unit_ids.get_indexer(table["unit_id"]).astype("int64")
        self.grade = pd.to_numeric(table["condition"], errors="coerce").to_numpy(dtype="float64")
        self.chance = np.random.default_rng(seed).random((DRAWN_YEARS, len(table)))

    def engineers_per_contract(self, terms: Terms) -> float:
        """Return engineers over contracts that need one, in the drawn years (0.5-1; 1 where none meets another)."""
        least = dedicated_from(terms.jpy_per_bridge, self.duties.dedicated_from_jpy)
        if least is None:
            return math.nan
        if self.duties.most_sites < 2 or least > terms.bridges_per_contract:
            return 1.0
        year, unit, site = self._sites(terms)
        size = np.bincount(site)
        needs = size >= least
        shares = needs & (size * terms.jpy_per_bridge < self.duties.shared_below_jpy)
        saved = sum(
            self._pairs(unit[rows], site[rows])
            for rows in _runs_of(year, where=shares[site], until=DRAWN_YEARS)
            if site[rows[0]] != site[rows[-1]]
        )
        dedicated = int(needs.sum())
        return 1.0 - saved / dedicated if dedicated else 1.0

    def _sites(self, terms: Terms) -> tuple[Ints, Ints, Ints]:
        """Return year, unit and contract of each repair, sorted by contract; contracts are filled unit by unit."""
        year, bridge = np.nonzero(self.chance < terms.probability)
        backlog = np.flatnonzero(self.grade >= BACKLOG_FROM)
        order = backlog[np.lexsort((self.unit[backlog], -self.grade[backlog], self.bundle[backlog]))]
        # Dealt in turn, so that every bundle's backlog, and the whole, is spread evenly; the urgent ones first.
        turn = np.arange(len(order)) % self.duties.spread_years
        old = [order[turn == y % self.duties.spread_years] for y in range(DRAWN_YEARS)]
        bridges = np.concatenate([bridge, *old]).astype("int64")
        years = np.concatenate([year, np.repeat(np.arange(DRAWN_YEARS), [len(part) for part in old])])
        kind = np.arange(len(bridges)) >= len(bridge)
        place = np.lexsort((bridges, self.unit[bridges], self.bundle[bridges], kind, years))
        bridges, years, kind = bridges[place], years[place], kind[place]
        keys = np.stack([years, kind, self.bundle[bridges]])
        starts = np.ones(len(bridges), dtype=bool)
        starts[1:] = (keys[:, 1:] != keys[:, :-1]).any(axis=0)
        begin = np.maximum.accumulate(np.where(starts, np.arange(len(bridges)), 0))
        opens = (np.arange(len(bridges)) - begin) % terms.bridges_per_contract == 0
        return years.astype("int64"), self.unit[bridges], np.cumsum(opens) - 1

    def _pairs(self, unit: Ints, site: Ints) -> int:
        """Return how many pairs of contracts may share, their farthest places within the limit both ways."""
        minutes = self.travel_min[np.ix_(unit, unit)]
        minutes = np.maximum(minutes, minutes.T)
        first = np.flatnonzero(np.diff(site, prepend=-1))
        apart = np.maximum.reduceat(np.maximum.reduceat(minutes, first, axis=0), first, axis=1)
        may_share = apart <= self.duties.between_sites_min
        np.fill_diagonal(may_share, False)
        return shared_pairs(may_share)


def _runs_of(year: Ints, *, where: Bools, until: int) -> list[Ints]:
    """Return the places of each year's rows that are marked, years without any left out."""
    marked = np.flatnonzero(where)
    cuts = np.searchsorted(year[marked], np.arange(1, until))
    return [rows for rows in np.split(marked, cuts) if len(rows)]


def shared_pairs(may_share: Bools) -> int:
    """
    Return the largest number of pairs of which no two have a member in common (maximum matching).

    Parameters
    ----------
    may_share
        Square and symmetric, False on the diagonal.
    """
    pairs = 0
    count, part = connected_components(may_share, directed=False)
    for number in range(count):
        members = np.flatnonzero(part == number)
        own = may_share[np.ix_(members, members)]
        # Every vertex joined with at least half of the others: there is a circuit through all (Dirac 1952), so
        # every second step of it is a pair.
        if 2 * int(own.sum(axis=0).min()) >= len(members):
            pairs += len(members) // 2
        elif len(members) > 1:
            pairs += len(nx.max_weight_matching(nx.from_numpy_array(own), maxcardinality=True))
    return pairs
