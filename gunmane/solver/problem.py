"""Units, links, load and rules as sorted arrays: what every part of the solver reads."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components

from gunmane.errors import TableError
from gunmane.solver.medians import group_graph
from gunmane.solver.minutes import Array, Minutes
from gunmane.solver.reference import hours_apart
from gunmane.solver.rules import Rules, SideWindow
from gunmane.solver.sites import MINUTES_TOLERANCE, far_pairs
from gunmane.solver.tables import (
    NAMED,
    base_mask,
    lock_bundles,
    lock_names,
    pair_rows,
    read_links,
    read_minutes,
    read_units,
    row_of,
)
from gunmane.travel import MINUTES_PER_HOUR

__all__ = [
    "MINUTES_TOLERANCE",
    "UNREACHABLE_EXCESS",
    "Array",
    "Problem",
    "bundle_names",
    "label_rows",
    "make_problem",
    "numbered_by_first",
]

# How far beyond the limit (relative) a unit counts that no road reaches.
UNREACHABLE_EXCESS = 1000.0


@dataclasses.dataclass(frozen=True, eq=False)
class Problem:
    """
    One grouping task, its units in the order of their ids.

    Parameters
    ----------
    unit_ids
        Sorted ids; every other array follows this order.
    municipality, area
        Number of the municipality and of today's area of each unit.
    places
        n x 2: metres east and north; NaN where not known.
    pairs, pair_minutes
        All links as sorted pairs of rows, and minutes one way along each (NaN where not known).
    indptr, indices, link_minutes
        Links that bundles may use, from both ends: neighbours of unit i are `indices[indptr[i]:indptr[i + 1]]`. Links
        over a border that may not be crossed, and those that leave a locked bundle, are left out.
    component
        Connected part of all links; bundles never span two.
    territory
        Connected part of the links that bundles may use. Territories are solved apart.
    crew_days, measure, is_needed
        Load of each unit; `is_needed` where it has work that crews drive to.
    amounts, windows
        n x windows: the column that each further window of the rules counts.
    trades
        n x trades: on-site hours a year.
    minutes
        Minutes one way, and there and back, between units.
    must_link, cannot_link
        Pairs of unit rows, each sorted and once.
    fixed_bases
        Rows of units that must be bases.
    may_be_base
        Whether a base may stand at the unit.
    whole_group
        Units with the same number >= 0 must stay together as a municipality's part; -1 is free.
    locked_name, locked_bundle
        Number of the lock, and of the locked bundle, of each unit; -1 is free.
    open_pairs
        Pairs of municipality numbers whose border is open, or None where all are.
    references
        (label of each unit, strength): labels that the result should be near (> 0) or unlike (< 0).
    rules
        The rules as given.
    """

    unit_ids: tuple[str, ...]
    municipality: Array
    area: Array
    places: Array
    pairs: Array
    pair_minutes: Array
    indptr: Array
    indices: Array
    link_minutes: Array
    component: Array
    territory: Array
    crew_days: Array
    measure: Array
    is_needed: Array
    amounts: Array
    windows: tuple[SideWindow, ...]
    trades: Array
    minutes: Minutes
    must_link: tuple[tuple[int, int], ...]
    cannot_link: tuple[tuple[int, int], ...]
    fixed_bases: tuple[int, ...]
    may_be_base: Array
    whole_group: Array
    locked_name: Array
    locked_bundle: Array
    open_pairs: Array | None
    references: tuple[tuple[Array, float], ...]
    rules: Rules

    @property
    def size(self) -> int:
        """Number of units."""
        return len(self.unit_ids)

    @functools.cached_property
    def neighbours(self) -> tuple[tuple[int, ...], ...]:
        """Units linked to each unit by links that bundles may use, sorted."""
        flat, ends = self.indices.tolist(), self.indptr.tolist()
        return tuple(tuple(flat[ends[i] : ends[i + 1]]) for i in range(self.size))

    @functools.cached_property
    def usable_pairs(self) -> Array:
        """Links that bundles may use, each once, as sorted pairs of rows."""
        here = np.repeat(np.arange(self.size), np.diff(self.indptr))
        is_once = here < self.indices
        return np.column_stack([here[is_once], self.indices[is_once]])

    @functools.cached_property
    def road_graph(self) -> csr_array:
        """All links, both ways, as a square matrix of minutes."""
        return group_graph(self.pairs, self.pair_minutes, np.zeros(self.size, dtype=np.int64), self.size)

    @functools.cached_property
    def has_work(self) -> Array:
        """Whether each territory has any work: land without cannot be asked for a contract of some size."""
        return np.bincount(self.territory, weights=self.measure + self.is_needed) > 0

    @functools.cached_property
    def reference_hours(self) -> float:
        """Hours a year if each connected part of a municipality had one best base of its own: what soft terms weigh."""
        is_inside = self.municipality[self.pairs[:, 0]] == self.municipality[self.pairs[:, 1]]
        parts = _parts(self.pairs[is_inside], self.size)
        return hours_apart(self.minutes, self.crew_days, parts, self.pairs, self.pair_minutes)

    @functools.cached_property
    def site_conflicts(self) -> tuple[Array, Array]:
        """Units too far for one bundle under the site limits, as (indptr, indices); empty without such limits."""
        if not self.rules.has_site_limit:
            return np.zeros(self.size + 1, dtype=np.int64), np.zeros(0, dtype=np.int64)
        return far_pairs(self)

    @functools.cached_property
    def must_pairs(self) -> Array:
        """`must_link` as an array of two columns."""
        return np.array(self.must_link, dtype=np.int64).reshape(-1, 2)

    @functools.cached_property
    def cannot_pairs(self) -> Array:
        """`cannot_link` as an array of two columns."""
        return np.array(self.cannot_link, dtype=np.int64).reshape(-1, 2)

    def links_of(self, unit: int) -> Array:
        """Return the units that bundles may reach from a unit by one link, sorted."""
        return self.indices[self.indptr[unit] : self.indptr[unit + 1]]

    def hours(self, bases: Array, units: Array) -> Array:
        """Return hours a year from each base (row) to each unit (column); 0 where unreachable."""
        return self.hours_of(self.minutes.both(bases, units), units)

    def hours_of(self, both_min: Array, units: Array) -> Array:
        """Return hours a year of units at so many minutes there and back; 0 where unreachable."""
        reachable = np.where(np.isfinite(both_min), both_min, 0.0)
        return reachable * self.crew_days[units] / MINUTES_PER_HOUR

    def excess(self, bases: Array, units: Array) -> Array:
        """Return how far each unit with work lies beyond the limit of each base (relative, 0 within)."""
        return self.excess_of(self.minutes.out(bases, units), self.minutes.both(bases, units), units)

    def excess_of(self, out_min: Array, both_min: Array, units: Array) -> Array:
        """Return how far units at so many minutes one way, and there and back, lie beyond the limit (relative)."""
        limit = self.rules.travel_limit_min
        if np.isfinite(limit):
            over = np.clip((out_min - limit - MINUTES_TOLERANCE) / limit, 0.0, UNREACHABLE_EXCESS)
        else:
            over = np.zeros(out_min.shape)
        return np.where(np.isfinite(both_min), over, UNREACHABLE_EXCESS) * self.is_needed[units]


def make_problem(
    units: pd.DataFrame,
    links: pd.DataFrame,
    load: pd.DataFrame,
    travel_min: Array | None,
    rules: Rules,
    references: Sequence[tuple[pd.Series, float]] = (),
) -> Problem:
    """
    Sort and check what a grouping is made from.

    Parameters
    ----------
    units
        Indexed by `unit_id`: `muni_code` and, if known, `area_id` (today's area; else the municipality) and `x_m, y_m`.
    links
        `source_id, target_id` and, if known, `travel_min` (minutes one way along the link).
    load
        Indexed by `unit_id`: `crew_days, measure` (>= 0) and, if known, `is_needed`, the columns that further windows
        count, and `trade:<name>` (on-site hours a year of a trade).
    travel_min
        Square, minutes one way in the order of `units`; None takes the shortest ways along the links.
    rules
        The rules.
    references
        (labels by `unit_id`, strength): labels to keep near (> 0) or away from (< 0).

    Raises
    ------
    TableError
        If the tables do not fit together or hold missing or negative numbers (a `ValueError`).
    ScenarioError
        If a rule names a unit that does not exist, or locks one twice.
    """
    found, order = read_units(units, load, rules)
    row, size = found.row, len(found.ids)
    pairs, pair_minutes = read_links(links, row)
    codes, municipality = np.unique(found.codes, return_inverse=True)
    locked = lock_bundles(rules, row)
    open_pairs = _open_pairs(rules, codes)
    is_usable = _may_cross(municipality, pairs, open_pairs) & (locked[pairs[:, 0]] == locked[pairs[:, 1]])
    usable, usable_minutes = pairs[is_usable], pair_minutes[is_usable]
    territory = _parts(usable, size)
    indptr, indices, link_minutes = _both_ways(usable, usable_minutes, size)
    return Problem(
        unit_ids=found.ids,
        municipality=municipality,
        area=found.area,
        places=found.places,
        pairs=pairs,
        pair_minutes=pair_minutes,
        indptr=indptr,
        indices=indices,
        link_minutes=link_minutes,
        component=_parts(pairs, size),
        territory=territory,
        crew_days=found.crew_days,
        measure=found.measure,
        is_needed=found.is_needed,
        amounts=found.amounts,
        windows=rules.windows,
        trades=found.trades,
        minutes=read_minutes(travel_min, order, pairs, pair_minutes, found.ids),
        must_link=pair_rows(rules.must_link, row, "must_link"),
        cannot_link=pair_rows(rules.cannot_link, row, "cannot_link"),
        fixed_bases=tuple(sorted({row_of(u, row, "fixed_base") for u in rules.fixed_bases})),
        may_be_base=base_mask(rules, row),
        whole_group=_whole_groups(municipality, territory, found.measure, rules),
        locked_name=lock_names(rules, row),
        locked_bundle=locked,
        open_pairs=open_pairs,
        references=tuple((label_rows(found.ids, labels), _strength(value)) for labels, value in references),
        rules=rules,
    )


def label_rows(unit_ids: tuple[str, ...], labels: pd.Series) -> Array:
    """
    Return the label of each unit row as numbers from 0.

    Raises
    ------
    TableError
        If a unit has no label or several, or a label belongs to no unit.
    """
    index = labels.index.astype("str")
    wrong = sorted(
        map(
            str,
            {*index[index.duplicated()], *index[labels.isna()], *set(unit_ids).symmetric_difference(index)},
        )
    )
    if wrong:
        raise TableError("labels_incomplete", units=", ".join(wrong[:NAMED]), count=len(wrong))
    return pd.factorize(labels.set_axis(index).loc[list(unit_ids)])[0]


def _strength(value: float) -> float:
    if not (isinstance(value, (int, float, np.number)) and np.isfinite(value)):
        raise TableError("strength_no_number", value=value)
    return float(value)


def bundle_names(unit_ids: tuple[str, ...], labels: pd.Series, rows: Array) -> dict[int, object]:
    """Return what `labels` call the bundle of each label in `rows`."""
    named = labels.set_axis(labels.index.astype("str")).loc[list(unit_ids)]
    return dict(zip(rows.tolist(), named.tolist(), strict=True))


def _open_pairs(rules: Rules, codes: Array) -> Array | None:
    """Return pairs of municipality numbers whose border is open; None where all are."""
    if not rules.may_cross_border:
        return np.zeros((0, 2), dtype=np.int64)
    if rules.open_borders is None:
        return None
    number = {str(code): i for i, code in enumerate(codes)}
    known = [(number[a], number[b]) for a, b in rules.open_borders if a in number and b in number]
    return np.unique(np.sort(np.array(known, dtype=np.int64).reshape(-1, 2), axis=1), axis=0)


def _may_cross(municipality: Array, pairs: Array, open_pairs: Array | None) -> Array:
    """Return whether bundles may use each link, as far as borders go."""
    if open_pairs is None:
        return np.ones(len(pairs), dtype=bool)
    ends = np.sort(municipality[pairs], axis=1)
    base = int(municipality.max(initial=0)) + 1
    is_open = np.isin(ends[:, 0] * base + ends[:, 1], open_pairs[:, 0] * base + open_pairs[:, 1])
    return is_open | (ends[:, 0] == ends[:, 1])


def _parts(pairs: Array, size: int) -> Array:
    graph = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(size, size))
    found = connected_components(graph, directed=False)[1]
    return numbered_by_first(found)


def numbered_by_first(labels: Array) -> Array:
    """Return labels renumbered 0, 1, … in the order in which they first appear."""
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first, kind="stable")] = np.arange(len(first))
    return rank[inverse]


def _both_ways(pairs: Array, minutes: Array, size: int) -> tuple[Array, Array, Array]:
    """Return links from both ends: where each unit's begin, the other ends (sorted), minutes along them."""
    here = np.concatenate([pairs[:, 0], pairs[:, 1]])
    there = np.concatenate([pairs[:, 1], pairs[:, 0]])
    order = np.lexsort((there, here))
    indptr = np.zeros(size + 1, dtype=np.int64)
    indptr[1:] = np.cumsum(np.bincount(here, minlength=size))
    return indptr, there[order], np.concatenate([minutes, minutes])[order]


def _whole_groups(municipality: Array, territory: Array, measure: Array, rules: Rules) -> Array:
    groups = np.full(len(municipality), -1, dtype=np.int64)
    if rules.keeps_municipality_whole is False:
        return groups
    parts = numbered_by_first(municipality * (int(territory.max(initial=0)) + 1) + territory)
    if rules.keeps_municipality_whole:
        return parts
    of_municipality = np.bincount(municipality, weights=measure)
    is_whole = of_municipality[municipality] <= rules.split_above
    return np.where(is_whole, parts, groups)
