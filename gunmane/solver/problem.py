"""Units, links, load and rules as sorted arrays: what every part of the solver reads."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from gunmane.errors import ScenarioError
from gunmane.solver.rules import Rules
from gunmane.travel import MINUTES_PER_HOUR

Array = np.ndarray[Any, np.dtype[Any]]

# Minutes are compared with the limit at this tolerance: travel times arrive as 32-bit numbers.
MINUTES_TOLERANCE = 1e-4
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
    municipality
        Number of the municipality of each unit.
    neighbours
        Units linked to each unit, sorted; links over a border are left out when bundles may not cross it.
    component
        Connected part of the whole link graph; bundles never span two.
    territory
        Connected part of the links that bundles may use: where borders may be crossed the component,
        else a municipality's part of it. Territories are solved apart.
    crew_days, measure, is_needed
        Load of each unit; `is_needed` where it has work that crews drive to.
    out_min, both_min
        Minutes from unit i to j, and there and back; infinite where no road leads.
    must_link, cannot_link
        Pairs of unit rows, each sorted and once.
    fixed_bases
        Rows of units that must be bases.
    may_be_base
        Whether a base may stand at the unit.
    whole_group
        Units with the same number >= 0 must stay together as a municipality's part; -1 is free.
    rules
        The rules as given.
    """

    unit_ids: tuple[str, ...]
    municipality: Array
    neighbours: tuple[tuple[int, ...], ...]
    component: Array
    territory: Array
    crew_days: Array
    measure: Array
    is_needed: Array
    out_min: Array
    both_min: Array
    must_link: tuple[tuple[int, int], ...]
    cannot_link: tuple[tuple[int, int], ...]
    fixed_bases: tuple[int, ...]
    may_be_base: Array
    whole_group: Array
    rules: Rules

    @property
    def size(self) -> int:
        """Number of units."""
        return len(self.unit_ids)

    def hours(self, bases: Array, units: Array) -> Array:
        """Return hours a year from each base (row) to each unit (column); 0 where unreachable."""
        minutes = self.both_min[np.ix_(bases, units)]
        reachable = np.where(np.isfinite(minutes), minutes, 0.0)
        return reachable * self.crew_days[units] / MINUTES_PER_HOUR

    def excess(self, bases: Array, units: Array) -> Array:
        """Return how far each unit with work lies beyond the limit of each base (relative, 0 within)."""
        minutes = self.out_min[np.ix_(bases, units)]
        limit = self.rules.travel_limit_min
        is_unreachable = ~np.isfinite(self.both_min[np.ix_(bases, units)])
        if np.isfinite(limit):
            over = np.clip((minutes - limit - MINUTES_TOLERANCE) / limit, 0.0, UNREACHABLE_EXCESS)
        else:
            over = np.zeros(minutes.shape)
        return np.where(is_unreachable, UNREACHABLE_EXCESS, over) * self.is_needed[units]


def make_problem(
    units: pd.DataFrame, links: pd.DataFrame, load: pd.DataFrame, travel_min: Array, rules: Rules
) -> Problem:
    """
    Sort and check what a grouping is made from.

    Parameters
    ----------
    units
        Indexed by `unit_id`: `muni_code`.
    links
        `source_id, target_id`.
    load
        Indexed by `unit_id`: `crew_days, measure` (>= 0) and, if known, `is_needed`.
    travel_min
        Square, minutes one way in the order of `units`.
    rules
        The rules.

    Raises
    ------
    ValueError
        If the tables do not fit together or hold missing or negative numbers.
    ScenarioError
        If a rule names a unit that does not exist.
    """
    order = _checked_order(units, load, travel_min)
    ids = tuple(str(u) for u in units.index[order])
    row = {unit_id: i for i, unit_id in enumerate(ids)}
    sorted_load = load.reindex(units.index[order])
    crew_days = sorted_load["crew_days"].to_numpy(dtype=float)
    measure = sorted_load["measure"].to_numpy(dtype=float)
    has_work = (crew_days > 0) | (measure > 0)
    is_needed = sorted_load["is_needed"].to_numpy(dtype=bool) if "is_needed" in load.columns else has_work
    out_min = np.asarray(travel_min, dtype=float)[np.ix_(order, order)]

    municipality = np.unique(units["muni_code"].to_numpy(dtype=str)[order], return_inverse=True)[1]
    pairs = _link_rows(links, row)
    component = _parts(pairs, len(ids))
    is_inside = municipality[pairs[:, 0]] == municipality[pairs[:, 1]]
    usable = pairs if rules.may_cross_border else pairs[is_inside]
    territory = _parts(usable, len(ids))
    return Problem(
        unit_ids=ids,
        municipality=municipality,
        neighbours=_neighbours(usable, len(ids)),
        component=component,
        territory=territory,
        crew_days=crew_days,
        measure=measure,
        is_needed=is_needed,
        out_min=out_min,
        both_min=out_min + out_min.T,
        must_link=_pair_rows(rules.must_link, row, "must_link"),
        cannot_link=_pair_rows(rules.cannot_link, row, "cannot_link"),
        fixed_bases=tuple(sorted({_row_of(u, row, "fixed_bases") for u in rules.fixed_bases})),
        may_be_base=_base_mask(rules, row),
        whole_group=_whole_groups(municipality, territory, measure, rules),
        rules=rules,
    )


def _checked_order(units: pd.DataFrame, load: pd.DataFrame, travel_min: Array) -> Array:
    if units.index.has_duplicates or load.index.has_duplicates:
        msg = "units and load need each unit_id once"
        raise ValueError(msg)
    missing = units.index.difference(load.index)
    if len(missing):
        msg = f"load needs a row for every unit; missing: {list(missing[:5])}"
        raise ValueError(msg)
    if travel_min.shape != (len(units), len(units)):
        msg = f"travel_min must be {len(units)} x {len(units)}, not {travel_min.shape}"
        raise ValueError(msg)
    if np.isnan(travel_min).any() or (travel_min < 0).any():
        msg = "travel_min holds missing or negative minutes"
        raise ValueError(msg)
    numbers = load.loc[units.index, ["crew_days", "measure"]].to_numpy(dtype=float)
    is_wrong = ~(np.isfinite(numbers) & (numbers >= 0)).all(axis=1)
    if is_wrong.any():
        msg = f"crew_days and measure must be numbers >= 0; see {list(units.index[is_wrong][:5])}"
        raise ValueError(msg)
    return np.argsort(units.index.to_numpy(dtype=str), kind="stable")


def _link_rows(links: pd.DataFrame, row: dict[str, int]) -> Array:
    ends = links[["source_id", "target_id"]].to_numpy(dtype=object).reshape(-1, 2)
    unknown = sorted({str(u) for u in ends.ravel()} - row.keys())
    if unknown:
        msg = f"links name units that do not exist: {unknown[:5]}"
        raise ValueError(msg)
    pairs = sorted(
        {(min(row[str(a)], row[str(b)]), max(row[str(a)], row[str(b)])) for a, b in ends if a != b}
    )
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)


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


def _neighbours(pairs: Array, size: int) -> tuple[tuple[int, ...], ...]:
    found: list[list[int]] = [[] for _ in range(size)]
    for a, b in pairs.tolist():
        found[a].append(b)
        found[b].append(a)
    return tuple(tuple(sorted(units)) for units in found)


def _row_of(unit_id: str, row: dict[str, int], rule: str) -> int:
    if unit_id not in row:
        raise ScenarioError("unit_unknown", unit=unit_id, rule=rule)
    return row[unit_id]


def _pair_rows(
    pairs: tuple[tuple[str, str], ...], row: dict[str, int], rule: str
) -> tuple[tuple[int, int], ...]:
    rows = {tuple(sorted((_row_of(a, row, rule), _row_of(b, row, rule)))) for a, b in pairs}
    return tuple(sorted((a, b) for a, b in rows if a != b))


def _base_mask(rules: Rules, row: dict[str, int]) -> Array:
    mask = np.ones(len(row), dtype=bool)
    if rules.base_units is not None:
        mask[:] = False
        mask[[_row_of(u, row, "base_units") for u in rules.base_units]] = True
    return mask


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
