"""Choices that mean nothing or contradict each other whatever the region is like: told before a plan is made."""

from __future__ import annotations

import math
import numbers
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from gunmane import schema
from gunmane.errors import ScenarioError

Pairs = Sequence[tuple[str, str]]
SideChoice = tuple[str, float | None, float | None, bool]
# What kind each choice is of, and the error that says so; choices not named here are words.
WHOLE = {
    "bundle_count": "bundle_count_range",
    "base_count": "count_range",
    "most_municipalities": "count_range",
    "seed": "seed_range",
    "move_budget": "seed_range",
}
REAL = {
    **dict.fromkeys(
        ("floor_jpy", "ceiling_jpy", "travel_limit_min", "site_limit_min", "site_limit_km"),
        "must_be_positive",
    ),
    **dict.fromkeys(
        (
            "keeps_whole_strength",
            "status_quo_strength",
            "compactness_strength",
            "evenness_strength",
            "similarity_strength",
        ),
        "strength_range",
    ),
}
FLAGS = (
    "is_window_hard",
    "may_cross_border",
    "joins_owners",
    "joins_fields",
    "keeps_municipality_whole",
    "has_snow_removal",
    "uses_metis",
)
# So many entries each row of a rule has; 0 takes any number.
ROWS = {
    "must_link": 2,
    "cannot_link": 2,
    "locked_units": 2,
    "open_borders": 2,
    "assumption_overrides": 2,
    "side_windows": 4,
    "locked_bundles": 0,
}


def plain_kinds(choices: Mapping[str, Any], *, may_be_none: Iterable[str]) -> dict[str, Any]:
    """
    Return choices as plain Python values: whole numbers, numbers, yes or no, and rows of rules as tuples.

    Parameters
    ----------
    choices
        Choices of a scenario by name.
    may_be_none
        Choices that None leaves open.

    Raises
    ------
    ScenarioError
        If a choice is of another kind: a part of a bundle, a word where a number belongs, a row of another length.
    """
    none, plain = set(may_be_none), dict(choices)
    for name, value in choices.items():
        if value is None and name in none:
            continue
        is_flag = isinstance(value, bool | np.bool_)
        if name in WHOLE:
            _need(isinstance(value, numbers.Integral) and not is_flag, WHOLE[name], name, value)
            plain[name] = int(value)
        elif name in REAL:
            _need(isinstance(value, numbers.Real) and not is_flag, REAL[name], name, value)
            plain[name] = value if isinstance(value, int) else float(value)
        elif name in FLAGS:
            _need(is_flag, "flag_wrong", name, value)
            plain[name] = bool(value)
        elif name in ROWS:
            plain[name] = _as_tuples(value)
            _need(_has_rows(plain[name], ROWS[name]), "rows_wrong", name, value)
        elif name == "fixed_bases":
            plain[name] = _as_tuples(value)
            _need(isinstance(plain[name], tuple), "rows_wrong", name, value)
    return plain


def _need(is_fine: bool, key: str, name: str, value: object) -> None:
    if not is_fine:
        raise ScenarioError(key, name=name, value=value)


def _as_tuples(value: Any) -> Any:
    """Return lists and tuples, and those inside them, as tuples."""
    return tuple(_as_tuples(item) for item in value) if isinstance(value, list | tuple) else value


def _has_rows(value: Any, length: int) -> bool:
    """Whether a value is rows of so many entries; a text is none, as its letters would be taken for entries."""
    return isinstance(value, tuple) and all(
        isinstance(row, tuple) and (length == 0 or len(row) == length) for row in value
    )


def check_side_windows(windows: Iterable[SideChoice]) -> None:
    """
    Refuse further windows that no bundle can lie in.

    Parameters
    ----------
    windows
        (column, floor, ceiling, whether it is a rule); None sets no limit.

    Raises
    ------
    ScenarioError
        If a column is not in `schema.SIDE_COLUMNS`, a limit is not above 0, or a floor is above its ceiling.
    """
    for column, floor, ceiling, _ in windows:
        if column not in schema.SIDE_COLUMNS:
            raise ScenarioError("side_column_unknown", column=column, allowed=", ".join(schema.SIDE_COLUMNS))
        for value in (floor, ceiling):
            is_number = isinstance(value, numbers.Real) and not isinstance(value, bool)
            if value is not None and not (is_number and 0 < value < math.inf):
                raise ScenarioError("must_be_positive", name=column, value=value)
        if floor is not None and ceiling is not None and floor > ceiling:
            raise ScenarioError(
                "side_window_order", name=column, floor=f"{floor:,.10g}", ceiling=f"{ceiling:,.10g}"
            )


def check_bonds(
    must_link: Pairs, cannot_link: Pairs, locked_units: Pairs, locked_bundles: Sequence[tuple[str, ...]]
) -> None:
    """
    Refuse pairs and locks that put the same units together and apart.

    Parameters
    ----------
    must_link, cannot_link
        Pairs of unit ids that share, or must not share, a bundle.
    locked_units
        (unit id, name of a lock).
    locked_bundles
        Unit ids of which each set is a bundle by itself.

    Raises
    ------
    ScenarioError
        If a unit has two locks or lies in two locked bundles, or units that are tied together (directly or over
        others) must be apart: by a pair, by the names of their locks, or because a locked bundle holds one of them
        and not the other.
    """
    lock_of: dict[str, str] = {}
    for unit, name in locked_units:
        if lock_of.setdefault(unit, name) != name:
            raise ScenarioError("locked_twice", unit=unit, one=lock_of[unit], other=name)
    bundle_of: dict[str, int] = {}
    for number, bundle in enumerate(locked_bundles):
        if not bundle:
            raise ScenarioError("locked_bundle_empty")
        for unit in bundle:
            if bundle_of.setdefault(unit, number) != number:
                raise ScenarioError("in_two_locked_bundles", unit=unit)
    groups = tied_groups([*must_link, *_ties(locked_units), *((b[0], u) for b in locked_bundles for u in b)])
    group_of = {unit: number for number, group in enumerate(groups) for unit in group}
    for a, b in cannot_link:
        if a == b or group_of.get(a, -1) == group_of.get(b, -2):
            raise ScenarioError("tied_and_apart", unit=a, other=b)
    for group in groups:
        _check_group(group, lock_of, bundle_of)


def _check_group(group: list[str], lock_of: dict[str, str], bundle_of: dict[str, int]) -> None:
    """Refuse a group of tied units that locks or locked bundles keep apart."""
    locked = [unit for unit in group if unit in lock_of]
    for unit in locked:
        if lock_of[unit] != lock_of[locked[0]]:
            raise ScenarioError("tied_and_apart", unit=locked[0], other=unit)
    inside = [unit for unit in group if unit in bundle_of]
    for unit in group if inside else []:
        if bundle_of.get(unit) != bundle_of[inside[0]]:
            raise ScenarioError("tied_and_apart", unit=inside[0], other=unit)


def _ties(locked_units: Pairs) -> list[tuple[str, str]]:
    first: dict[str, str] = {}
    return [(first.setdefault(name, unit), unit) for unit, name in locked_units]


def tied_groups(pairs: Pairs) -> list[list[str]]:
    """Return the groups of units that pairs tie together, directly or over others, each sorted."""
    root: dict[str, str] = {}

    def find(unit: str) -> str:
        while root.setdefault(unit, unit) != unit:
            unit = root[unit]
        return unit

    for a, b in pairs:
        low, high = sorted((find(a), find(b)))
        root[high] = low
    groups: dict[str, list[str]] = {}
    for unit in sorted(root):
        groups.setdefault(find(unit), []).append(unit)
    return list(groups.values())
