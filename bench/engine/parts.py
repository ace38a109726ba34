"""What every comparator gets: the connected parts of an instance, and one fast measure of labels for all."""

from __future__ import annotations

import dataclasses
import functools
from typing import Any

import numpy as np
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components, dijkstra

from bench.engine.instances import Instance
from gunmane.travel import MINUTES_PER_HOUR

Array = np.ndarray[Any, np.dtype[Any]]

# Up to so many units a square table of minutes is made for the comparators, outside their time; above it hours are
# those of ways inside each bundle, from a base that two sweeps find.
TABLE_UNITS = 12_000
ROWS_AT_ONCE = 500
SWEEPS = 3
WHOLE_NUMBERS = 10_000  # METIS and ReCom count work in whole numbers: so many to a mean bundle
TOLERANCE = 1e-9


@dataclasses.dataclass(frozen=True, eq=False)
class Part:
    """
    A connected part of an instance and the bundles it is to be cut into.

    Parameters
    ----------
    rows
        Its units, as rows of the instance.
    count
        Bundles: its share of the work in mean bundles, at least one.
    starts, ends, minutes
        Its links as CSR over its own rows, both directions, and the minutes of each.
    days, work
        Crew-days and measure of each unit.
    places
        Metres.
    hours
        Hours a year from base (row) to unit (column), or None where a table would be too large.
    floor, ceiling
        Window of a bundle's work.
    """

    rows: Array
    count: int
    starts: Array
    ends: Array
    minutes: Array
    days: Array
    work: Array
    places: Array
    hours: Array | None
    floor: float
    ceiling: float

    @property
    def size(self) -> int:
        """Number of units."""
        return len(self.rows)

    @functools.cached_property
    def sources(self) -> Array:
        """First end of each link of `ends`."""
        return np.repeat(np.arange(self.size), np.diff(self.starts))

    @functools.cached_property
    def graph(self) -> csr_array:
        """Minutes along links."""
        return csr_array((self.minutes, self.ends, self.starts), shape=(self.size, self.size))

    @functools.cached_property
    def whole_work(self) -> Array:
        """Work in whole numbers, 10,000 to the mean bundle."""
        return np.round(self.work * (self.count * WHOLE_NUMBERS / self.work.sum())).astype(np.int64)

    def excess(self, work: Array) -> Array:
        """Return how far each bundle's work lies outside the window, relative to the limit that it passes."""
        below = np.clip(1 - work / self.floor, 0, None) if self.floor > 0 else np.zeros(len(work))
        found = np.maximum(below, np.clip(work / self.ceiling - 1, 0, None))
        return np.where(found < TOLERANCE, 0.0, found)

    def loose_pieces(self, labels: Array) -> int:
        """Return how many pieces there are beyond one for each bundle."""
        inside = labels[self.sources] == labels[self.ends]
        links = (self.sources[inside], self.ends[inside])
        graph = coo_array((np.ones(int(inside.sum()), dtype=np.int8), links), shape=(self.size, self.size))
        return int(connected_components(graph, directed=False)[0]) - len(np.unique(labels))

    def bundle_hours(self, members: Array) -> float:
        """Return hours a year of one bundle (rows of this part) from its best base. Needs the table."""
        assert self.hours is not None
        return float((self.hours[np.ix_(members, members)] @ self.days[members]).min())

    def all_hours(self, labels: Array) -> float:
        """Return hours a year of labels, every bundle from its best base."""
        if self.hours is None:
            return _swept_hours(self, labels)
        order = np.argsort(labels, kind="stable")
        cuts = np.flatnonzero(np.diff(labels[order])) + 1
        return sum(self.bundle_hours(members) for members in np.split(order, cuts))

    def rank(self, labels: Array) -> tuple[int, float, float]:
        """Return what orders labels: loose pieces and bundles too many or too few, window excess, hours."""
        faults = self.loose_pieces(labels) + abs(len(np.unique(labels)) - self.count)
        excess = self.excess(np.bincount(labels, weights=self.work, minlength=self.count)).sum()
        return faults, round(float(excess), 9), self.all_hours(labels)


def _swept_hours(part: Part, labels: Array) -> float:
    """
    Return hours of ways that stay inside each bundle, from bases that are improved by sweeps.

    The median of a tree is where no branch carries more than half of the weight, whatever its lengths are. So each
    sweep takes the shortest-way tree from the present base and moves the base to that tree's median.
    """
    inside = labels[part.sources] == labels[part.ends]
    graph = csr_array(
        coo_array((part.minutes[inside], (part.sources[inside], part.ends[inside])), part.graph.shape)
    )
    bases = np.unique(labels, return_index=True)[1]
    best = np.inf
    for _ in range(SWEEPS):
        away, before, _ = dijkstra(graph, indices=bases, min_only=True, return_predecessors=True)
        hours = float(part.days @ np.where(np.isfinite(away), away, 0.0)) * 2 / MINUTES_PER_HOUR
        best = min(best, hours)
        bases = _tree_medians(part.days, labels, away, before)
    return best


def _tree_medians(days: Array, labels: Array, away: Array, before: Array) -> Array:
    """Return the median of each bundle's shortest-way tree: the farthest unit whose branch has half of the days."""
    branch = days.astype(float).copy()
    depth = _depths(before)
    for level in range(int(depth.max(initial=0)), 0, -1):
        units = np.flatnonzero(depth == level)
        np.add.at(branch, before[units], branch[units])
    total = np.bincount(labels, weights=days)
    is_half = (branch >= total[labels] / 2) & np.isfinite(away)
    order = np.lexsort((np.where(is_half, -depth, 1), labels))
    return order[np.unique(labels[order], return_index=True)[1]]


def _depths(before: Array) -> Array:
    """Return the number of steps from each unit to its root (whose predecessor is negative)."""
    depth = (before >= 0).astype(np.int64)
    jump = np.where(before >= 0, before, np.arange(len(before)))
    while True:
        further = depth + depth[jump]
        if (further == depth).all():
            return depth
        depth, jump = further, jump[jump]


def make_parts(instance: Instance, *, has_tables: bool = True) -> list[Part]:
    """Return the connected parts of an instance, with the tables of hours that the comparators read if asked."""
    ids = instance.units.index
    size = len(ids)
    pairs = np.column_stack([ids.get_indexer(instance.links[end]) for end in ("source_id", "target_id")])
    minutes = np.maximum(instance.links["travel_min"].to_numpy(dtype=float), 1e-9)
    both = np.concatenate([pairs, pairs[:, ::-1]])
    graph = csr_array(coo_array((np.tile(minutes, 2), both.T), shape=(size, size)))
    component = connected_components(graph, directed=False)[1]
    work = instance.load["measure"].to_numpy(dtype=float)
    mean = work.sum() / instance.count
    return [
        _part(instance, graph, np.flatnonzero(component == number), mean, has_tables)
        for number in range(int(component.max()) + 1)
    ]


def _part(instance: Instance, graph: csr_array, rows: Array, mean: float, has_table: bool) -> Part:
    own = csr_array(graph[rows][:, rows])
    own.sort_indices()
    load = instance.load.iloc[rows]
    work = load["measure"].to_numpy(dtype=float)
    return Part(
        rows=rows,
        count=max(1, round(work.sum() / mean)),
        starts=own.indptr.astype(np.int64),
        ends=own.indices.astype(np.int64),
        minutes=own.data,
        days=load["crew_days"].to_numpy(dtype=float),
        work=work,
        places=instance.units[["x_m", "y_m"]].to_numpy(dtype=float)[rows],
        hours=_hours(instance.travel_min, own, rows) if has_table else None,
        floor=instance.rules.floor,
        ceiling=instance.rules.ceiling,
    )


def _hours(travel_min: Array | None, graph: csr_array, rows: Array) -> Array | None:
    """Return hours of one crew-day there and back, base by unit, 0 where no road leads (no comparator knows it)."""
    if travel_min is not None:
        out = travel_min[np.ix_(rows, rows)]
        both = (out + out.T) / MINUTES_PER_HOUR
        return np.where(np.isfinite(both), both, 0.0).astype(np.float32)
    if len(rows) > TABLE_UNITS:
        return None
    table = np.empty((len(rows), len(rows)), dtype=np.float32)
    for at in range(0, len(rows), ROWS_AT_ONCE):
        chunk = np.arange(at, min(at + ROWS_AT_ONCE, len(rows)))
        table[chunk] = dijkstra(graph, directed=False, indices=chunk) * (2 / MINUTES_PER_HOUR)
    return table


def whole_labels(parts: list[Part], found: list[Array]) -> Array:
    """Return labels of the whole instance from labels of its parts."""
    labels = np.zeros(sum(part.size for part in parts), dtype=np.int64)
    offset = 0
    for part, own in zip(parts, found, strict=True):
        numbered = np.unique(own, return_inverse=True)[1]
        labels[part.rows] = numbered + offset
        offset += int(numbered.max()) + 1
    return labels
