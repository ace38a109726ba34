"""Rules on what a bundle is made of: connected land, municipalities, borders, and how many bundles there are."""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from gunmane.solver.holdings import Holdings
from gunmane.solver.problem import Problem
from gunmane.solver.rules.breaks import Break


class Connected:
    """Every bundle hangs together by links that it may use."""

    names = ("connected",)

    def check(self, problem: Problem, held: Holdings) -> list[Break]:
        """Return one break a bundle in several pieces, told of the smallest."""
        size = len(held.rows)
        local = np.empty(problem.size, dtype=np.int64)
        local[held.rows] = np.arange(size)
        one, other = held.labels[problem.usable_pairs].T
        ends = local[problem.usable_pairs[(one == other) & held.is_held[one]]].T
        inner = coo_array((np.ones(ends.shape[1], dtype=np.int8), (ends[0], ends[1])), shape=(size, size))
        total, piece = connected_components(inner, directed=False)
        first = np.full(total, problem.size)
        np.minimum.at(first, piece, held.rows)
        sizes = np.bincount(piece, minlength=total)
        home = np.zeros(total, dtype=np.int64)
        home[piece] = held.place
        counts = np.bincount(home, minlength=len(held.bundles))
        breaks = []
        for i in np.flatnonzero(counts > 1).tolist():
            own = np.flatnonzero(home == i)
            told = own[np.lexsort((-first[own], sizes[own]))[0]]
            count = float(counts[i])
            breaks.append(Break("connected", int(held.bundles[i]), int(first[told]), count, 1.0, count - 1))
        return breaks


class MunicipalityWhole:
    """The units of a municipality that must stay whole share a bundle, as far as roads join them."""

    names = ("municipality_whole",)

    def check(self, problem: Problem, held: Holdings) -> list[Break]:
        """Return one break a municipality that is divided."""
        groups = problem.whole_group
        concerned = np.unique(groups[held.rows])
        concerned = concerned[concerned >= 0]
        if len(concerned) == 0:
            return []
        is_concerned = np.zeros(int(groups.max()) + 1, dtype=bool)
        is_concerned[concerned] = True
        units = np.flatnonzero((groups >= 0) & is_concerned[groups])
        kinds = np.unique(groups[units] * held.count + held.labels[units]) // held.count
        counts = np.bincount(kinds, minlength=len(is_concerned))
        breaks = []
        for group in np.flatnonzero(counts > 1).tolist():
            first, count = int(np.argmax(groups == group)), float(counts[group])
            breaks.append(Break("municipality_whole", int(held.labels[first]), first, count, 1.0, count - 1))
        return breaks


class BorderCrossed:
    """The municipalities of a bundle are joined by borders that may be crossed."""

    names = ("border_crossed",)

    def check(self, problem: Problem, held: Holdings) -> list[Break]:
        """Return one break a bundle: into how many groups closed borders divide its municipalities."""
        if problem.open_pairs is None:
            return []
        base = int(problem.municipality.max(initial=0)) + 1
        own = np.unique(held.place * base + problem.municipality[held.rows])
        home = own // base
        one, other = problem.open_pairs.T
        # A border joins two towns of a bundle where the bundle holds both.
        reach = np.arange(len(held.bundles))[:, None] * base
        ends = (np.searchsorted(own, reach + one), np.searchsorted(own, reach + other))
        is_here = np.isin(reach + one, own) & np.isin(reach + other, own)
        pairs = (ends[0][is_here], ends[1][is_here])
        graph = coo_array((np.ones(len(pairs[0]), dtype=np.int8), pairs), shape=(len(own), len(own)))
        groups = connected_components(graph, directed=False)[1]
        kinds = np.unique(home * len(own) + groups) // max(1, len(own))
        counts = np.bincount(kinds, minlength=len(held.bundles))
        return [
            Break(
                "border_crossed",
                int(held.bundles[i]),
                int(held.first[i]),
                float(counts[i]),
                1.0,
                counts[i] - 1.0,
            )
            for i in np.flatnonzero(counts > 1).tolist()
        ]


class MunicipalityLimit:
    """A bundle holds parts of at most so many municipalities."""

    names = ("municipality_limit",)

    def check(self, problem: Problem, held: Holdings) -> list[Break]:
        """Return one break a bundle with more."""
        most = problem.rules.most_municipalities
        if most is None:
            return []
        counts = held.counts_of(problem.municipality)
        return [
            Break(
                "municipality_limit",
                int(held.bundles[i]),
                int(held.first[i]),
                float(counts[i]),
                float(most),
                float(counts[i] - most) / most,
            )
            for i in np.flatnonzero(counts > most).tolist()
        ]


class BundleCount:
    """There are as many bundles as were asked for."""

    names = ("bundle_count",)

    def check(self, problem: Problem, held: Holdings) -> list[Break]:
        """Return one break for the plan if their number is another."""
        asked = problem.rules.bundle_count
        if asked is None or asked == held.count:
            return []
        away = abs(held.count - asked) / asked
        return [Break("bundle_count", -1, -1, float(held.count), float(asked), away)]
