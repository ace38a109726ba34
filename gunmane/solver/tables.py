"""The tables that a grouping is made from, checked and brought into the order of the unit ids."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pandas as pd

from gunmane.errors import ScenarioError, TableError
from gunmane.solver.minutes import Array, Minutes, make_minutes
from gunmane.solver.rules import Rules

TRADE = "trade:"
# So many of the units at fault are named in a sentence.
NAMED = 5


@dataclasses.dataclass(frozen=True, eq=False)
class UnitTables:
    """
    Units and their load as arrays, sorted by unit id.

    Parameters
    ----------
    ids
        Sorted unit ids.
    row
        Row of each id.
    codes
        Municipality code of each unit.
    area
        Number of today's area of each unit.
    places
        n x 2: metres east and north; NaN where the units have none.
    crew_days, measure, is_needed
        Load of each unit.
    amounts
        n x windows: the column that each further window counts.
    trades
        n x trades: on-site hours a year, trades in the order of their names.
    """

    ids: tuple[str, ...]
    row: dict[str, int]
    codes: Array
    area: Array
    places: Array
    crew_days: Array
    measure: Array
    is_needed: Array
    amounts: Array
    trades: Array


def read_units(units: pd.DataFrame, load: pd.DataFrame, rules: Rules) -> tuple[UnitTables, Array]:
    """
    Return units and load as sorted arrays, and the order that sorts the units as given.

    Parameters
    ----------
    units
        Indexed by `unit_id`: `muni_code` and, if known, `area_id, x_m, y_m`.
    load
        Indexed by `unit_id`: `crew_days, measure` (>= 0) and, if known, `is_needed`, the columns of further windows
        and `trade:<name>`.
    rules
        The rules, for the columns that their windows count.

    Raises
    ------
    TableError
        If a unit has no id, stands twice, or has no municipality or no load, a number is missing or negative, or a
        column that is needed is not there.
    """
    _need_columns("units", units, ("muni_code",))
    units, load = (table.set_axis(_ids(table.index)) for table in (units, load))
    _refuse("load_missing", units.index.difference(load.index))
    _refuse("municipality_missing", units.index[units["muni_code"].isna()])
    order = np.argsort(units.index.to_numpy(dtype=str), kind="stable")
    ids = tuple(units.index[order].tolist())
    sorted_load = load.reindex(units.index[order])
    crew_days, measure = (_numbers(sorted_load, name) for name in ("crew_days", "measure"))
    has_work = (crew_days > 0) | (measure > 0)
    sides = [_numbers(sorted_load, window.column) for window in rules.windows]
    trades = sorted(str(name) for name in load.columns if str(name).startswith(TRADE))
    codes = units["muni_code"].to_numpy(dtype=str)[order]
    areas = units["area_id"].to_numpy(dtype=str)[order] if "area_id" in units.columns else codes
    return UnitTables(
        ids=ids,
        row={unit_id: i for i, unit_id in enumerate(ids)},
        codes=codes,
        area=np.unique(areas, return_inverse=True)[1],
        places=_places(units.iloc[order], rules),
        crew_days=crew_days,
        measure=measure,
        is_needed=_flags(sorted_load) if "is_needed" in load.columns else has_work,
        amounts=_columns(sides, len(ids)),
        trades=_columns([_numbers(sorted_load, name) for name in trades], len(ids)),
    ), order


def _refuse(key: str, units: pd.Index[Any], **values: object) -> None:
    if len(units):
        raise TableError(key, units=", ".join(str(u) for u in units[:NAMED]), count=len(units), **values)


def _ids(index: pd.Index[Any]) -> pd.Index[str]:
    """Return ids as text, each once: 1 and "1" are one unit."""
    if index.isna().any():
        raise TableError("ids_missing", count=int(index.isna().sum()))
    ids = index.astype("str")
    _refuse("units_twice", ids[ids.duplicated()])
    return ids


def _need_columns(table: str, frame: pd.DataFrame, names: tuple[str, ...]) -> None:
    missing = [name for name in names if name not in frame.columns]
    if missing:
        raise TableError("table_column_missing", table=table, name=", ".join(missing))


def _flags(load: pd.DataFrame) -> Array:
    _refuse("work_wrong", load.index[load["is_needed"].isna()], name="is_needed")
    return load["is_needed"].to_numpy(dtype=bool)


def _numbers(load: pd.DataFrame, column: str) -> Array:
    if column not in load.columns:
        raise TableError("load_column_missing", name=column)
    values = pd.to_numeric(load[column], errors="coerce").to_numpy(dtype=float)
    _refuse("work_wrong", load.index[~(np.isfinite(values) & (values >= 0))], name=column)
    return values


def _columns(values: list[Array], size: int) -> Array:
    return np.column_stack(values) if values else np.zeros((size, 0))


def _places(units: pd.DataFrame, rules: Rules) -> Array:
    if not {"x_m", "y_m"} <= set(units.columns):
        if np.isfinite(rules.site_limit_m):
            raise TableError("places_missing")
        return np.full((len(units), 2), np.nan)
    places: Array = np.column_stack(
        [pd.to_numeric(units[name], errors="coerce").to_numpy(dtype=float) for name in ("x_m", "y_m")]
    )
    if np.isfinite(rules.site_limit_m):
        _refuse("places_missing", units.index[~np.isfinite(places).all(axis=1)])
    return places


def read_links(links: pd.DataFrame, row: dict[str, int]) -> tuple[Array, Array]:
    """
    Return links as sorted pairs of rows, each once, and the minutes along each (NaN where not known).

    Parameters
    ----------
    links
        `source_id, target_id` and, if known, `travel_min`.
    row
        Row of each unit id.

    Raises
    ------
    TableError
        If a link names a unit that does not exist, or its minutes are negative, or a column is missing.
    """
    _need_columns("links", links, ("source_id", "target_id"))
    ends = [links[name].astype("str") for name in ("source_id", "target_id")]
    known = pd.Index(list(row), dtype="str")
    rows = np.column_stack([known.get_indexer(end) for end in ends]).reshape(-1, 2)
    lost = (rows < 0).any(axis=1)
    if lost.any():
        names = np.concatenate([end[side < 0] for end, side in zip(ends, rows.T, strict=True)])
        _refuse("links_unknown", pd.Index(np.unique(names.astype(str))))
    minutes = np.full(len(rows), np.nan)
    if "travel_min" in links.columns:
        minutes = pd.to_numeric(links["travel_min"], errors="coerce").to_numpy(dtype=float)
    if (minutes < 0).any():
        first = links.iloc[int(np.argmax(minutes < 0))]
        raise TableError("minutes_wrong", unit=first["source_id"], other=first["target_id"])
    rows = np.sort(rows, axis=1)
    # Of links that stand twice the quickest counts.
    order = np.lexsort((minutes, rows[:, 1], rows[:, 0]))
    rows, minutes = rows[order], minutes[order]
    is_first = np.ones(len(rows), dtype=bool)
    is_first[1:] = (rows[1:] != rows[:-1]).any(axis=1)
    is_kept = is_first & (rows[:, 0] != rows[:, 1])
    return rows[is_kept].astype(np.int64), minutes[is_kept]


def read_minutes(
    travel_min: Array | None, order: Array, pairs: Array, link_min: Array, ids: tuple[str, ...]
) -> Minutes:
    """
    Return minutes between units from a square table, or along the links where there is none.

    Parameters
    ----------
    travel_min
        Square, minutes one way in the order of the units as given, or None. A frame whose rows and columns are named
        by the units is read by these names.
    order
        What sorts the units.
    pairs, link_min
        Links as `read_links` gives them.
    ids
        Sorted unit ids.

    Raises
    ------
    TableError
        If the table has another shape or holds missing or negative minutes, or there is neither a table nor minutes
        for every link.
    """
    size = len(ids)
    if travel_min is None:
        if not np.isfinite(link_min).all():
            a, b = pairs[int(np.argmin(np.isfinite(link_min)))]
            raise TableError("link_minutes_missing", unit=ids[a], other=ids[b])
        return make_minutes(None, pairs, link_min, size)
    table = _sorted_table(travel_min, order, ids)
    is_wrong = np.isnan(table) | (table < 0)
    if is_wrong.any():
        a, b = divmod(int(np.argmax(is_wrong)), size)
        raise TableError("minutes_wrong", unit=ids[a], other=ids[b])
    return make_minutes(table, pairs, link_min, size)


def _sorted_table(travel_min: Array | pd.DataFrame, order: Array, ids: tuple[str, ...]) -> Array:
    """Return a square table in the order of the sorted ids; cells that are no number become NaN."""
    size = len(ids)
    shape = np.shape(travel_min)
    if shape != (size, size):
        raise TableError("minutes_shape", count=size, shape=" x ".join(map(str, shape)))
    if isinstance(travel_min, pd.DataFrame):
        named = travel_min.set_axis(travel_min.index.astype("str"), axis=0)
        named = named.set_axis(travel_min.columns.astype("str"), axis=1)
        if set(named.index) == set(named.columns) == set(ids):
            travel_min, order = named.loc[list(ids), list(ids)].to_numpy(), np.arange(size)
    table = np.asarray(travel_min)
    if table.dtype.kind not in "fiu":
        table = pd.to_numeric(table.ravel(), errors="coerce").astype(float).reshape(shape)
    return table[np.ix_(order, order)]


def row_of(unit_id: str, row: dict[str, int], rule: str) -> int:
    """
    Return the row of a unit that a rule names.

    Raises
    ------
    ScenarioError
        If there is no such unit.
    """
    if unit_id not in row:
        raise ScenarioError("unit_unknown", unit=unit_id, rule=rule)
    return row[unit_id]


def pair_rows(
    pairs: tuple[tuple[str, str], ...], row: dict[str, int], rule: str
) -> tuple[tuple[int, int], ...]:
    """Return pairs of unit ids as pairs of rows, each sorted and once; raises as `row_of`."""
    rows = {tuple(sorted((row_of(a, row, rule), row_of(b, row, rule)))) for a, b in pairs}
    return tuple(sorted((a, b) for a, b in rows if a != b))


def base_mask(rules: Rules, row: dict[str, int]) -> Array:
    """Return whether a base may stand at each unit; raises as `row_of`."""
    mask = np.ones(len(row), dtype=bool)
    if rules.base_units is not None:
        mask[:] = False
        mask[[row_of(u, row, "base_units") for u in rules.base_units]] = True
    return mask


def lock_names(rules: Rules, row: dict[str, int]) -> Array:
    """
    Return the number of the lock of each unit, locks in the order of their names; -1 is free.

    Raises
    ------
    ScenarioError
        If a unit has two locks, or does not exist.
    """
    number = {name: i for i, name in enumerate(sorted({name for _, name in rules.locked_units}))}
    found = np.full(len(row), -1, dtype=np.int64)
    names = sorted(number)
    for unit, name in rules.locked_units:
        place = row_of(unit, row, "locked_unit")
        if found[place] not in (-1, number[name]):
            raise ScenarioError("locked_twice", unit=unit, one=names[found[place]], other=name)
        found[place] = number[name]
    return found


def lock_bundles(rules: Rules, row: dict[str, int]) -> Array:
    """
    Return the number of the locked bundle of each unit, bundles in the order of their first unit; -1 is free.

    Raises
    ------
    ScenarioError
        If a unit lies in two locked bundles, or does not exist.
    """
    found = np.full(len(row), -1, dtype=np.int64)
    sets = sorted({tuple(sorted({row_of(u, row, "locked_bundle") for u in b})) for b in rules.locked_bundles})
    ids = list(row)
    for number, places in enumerate(sets):
        for place in places:
            if found[place] >= 0:
                raise ScenarioError("in_two_locked_bundles", unit=ids[place])
            found[place] = number
    return found
