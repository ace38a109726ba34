"""The coefficients of works contracts: one point within their ranges, and what holds at every point."""

from __future__ import annotations

import dataclasses
import itertools
import math
import sys
from typing import Any

from gunmane.assumptions import Assumptions
from gunmane.errors import ScenarioError

KEYS = (
    "bridge_repair_probability_per_year",
    "bridges_per_contract",
    "bridges_per_contract_inner",
    "bridge_repair_within_years_grade3",
    "bridge_repair_work_jpy_per_bridge",
    "dedicated_engineer_threshold_jpy",
    "engineer_exception_contract_limit_jpy",
    "engineer_exception_max_sites",
    "travel_limit_min_between_sites",
)
"""Rows of the assumptions that this stage rests on."""

ROUNDING = 1e-9


@dataclasses.dataclass(frozen=True)
class Terms:
    """
    One point within the ranges of the coefficients.

    Parameters
    ----------
    probability
        That a bridge comes to need repair in a year (0-1).
    bridges_per_contract
        Most bridges in one contract (>= 1).
    jpy_per_bridge
        Cost of repairing one bridge (JPY, tax included); NaN where no row gives it.
    """

    probability: float
    bridges_per_contract: int
    jpy_per_bridge: float


@dataclasses.dataclass(frozen=True)
class Duties:
    """
    What holds for works contracts whatever the terms.

    Parameters
    ----------
    spread_years
        Years over which the backlog is repaired (>= 1).
    dedicated_from_jpy
        A contract of this amount or more needs an engineer of its own.
    shared_below_jpy, most_sites, between_sites_min
        Contracts below this amount may share an engineer, so many of them, within so many minutes (専任特例 1 号).
    """

    spread_years: int
    dedicated_from_jpy: float
    shared_below_jpy: float
    most_sites: int
    between_sites_min: float


def terms_of(assumptions: Assumptions) -> list[Terms]:
    """
    Return every combination of the coefficients' values, the central one first.

    Bridges a contract take the low, central and high value and the two between them
    (`bridges_per_contract_inner`); probability and cost take low, central and high.

    Raises
    ------
    ScenarioError
        If a probability is outside 0-1, a contract would hold no bridge, or a cost is negative.
    """
    probability = _values(assumptions, "bridge_repair_probability_per_year", low=0, high=1)
    size = _values(assumptions, "bridges_per_contract", low=1)
    inner = _values(assumptions, "bridges_per_contract_inner", low=1)
    sizes = [round(value) for value in (*size, *(v for v in inner if min(size) < v < max(size)))]
    cost = [math.nan]
    if "bridge_repair_work_jpy_per_bridge" in assumptions.table.index:
        cost = _values(assumptions, "bridge_repair_work_jpy_per_bridge", low=0)
    points = itertools.product(_central_first(probability), _central_first(sizes), _central_first(cost))
    return [Terms(*point) for point in points]


def _values(assumptions: Assumptions, key: str, *, low: float, high: float = math.inf) -> list[float]:
    values = [assumptions.value(key, level) for level in ("central", "low", "high")]
    wrong = [value for value in values if not low <= value <= high]
    if wrong and math.isinf(high):
        raise ScenarioError("assumption_too_low", key=key, value=wrong[0], low=low)
    if wrong:
        raise ScenarioError("assumption_range", key=key, value=wrong[0], low=low, high=high)
    return values


def _central_first(values: list[Any]) -> list[Any]:
    return [values[0], *sorted(set(values) - {values[0]})]


def duties_of(assumptions: Assumptions) -> Duties:
    """Return what holds for works contracts; years and sites are whole numbers of at least one."""
    return Duties(
        spread_years=max(1, round(assumptions.value("bridge_repair_within_years_grade3"))),
        dedicated_from_jpy=assumptions.value("dedicated_engineer_threshold_jpy"),
        shared_below_jpy=assumptions.value("engineer_exception_contract_limit_jpy"),
        most_sites=max(1, round(assumptions.value("engineer_exception_max_sites"))),
        between_sites_min=assumptions.value("travel_limit_min_between_sites"),
    )


def dedicated_from(jpy_per_bridge: float, threshold_jpy: float) -> int | None:
    """Return from how many bridges on a contract needs an engineer of its own; None where the cost is unknown."""
    if math.isnan(jpy_per_bridge):
        return None
    # A cost of nothing never reaches the threshold; no contract holds so many bridges.
    if jpy_per_bridge <= 0:
        return sys.maxsize
    return max(1, math.ceil(threshold_jpy / jpy_per_bridge - ROUNDING))
