"""Every rule of a plan and how it stands, and what the yen of its work rest on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from gunmane.assumptions import LEVELS, Assumptions
from gunmane.explain.frame import YEN, bundle_number
from gunmane.plans import scenario_assumptions
from gunmane.scenario import Plan
from gunmane.window import travel_limit_min
from gunmane.workload import load_tasks, planned_tasks, road_prices

NEARLY_ALL = 0.9
"""Share of the bundles from which on they are spoken of together."""
M_PER_KM = 1000
TOLERANCE = 1e-6
"""Sums this close to a limit lie inside it."""
SIDE_FIGURES = {
    "jpy": "annual_jpy",
    "structures": "structure_count",
    "onsite_hours": "onsite_hours",
    "length_m": "length_m",
}
"""Columns of the bundles that hold what a further window counts."""


def rule_checklist(plan: Plan, *, bundle_id: str | None = None) -> pd.DataFrame:
    """
    Return every rule in force and how it stands.

    Parameters
    ----------
    plan
        The plan.
    bundle_id
        For one bundle alone; None for the whole plan.

    Returns
    -------
    checks
        `rule`, `state` ("kept", "borderline", "broken"), `is_hard` (False for a preference), `limit` (minutes, metres,
        yen, structures or count; NaN where there is none), `bundle_ids` (where it is not kept), `unit_ids`,
        `amount` (the worst found; NaN where nothing is measured), `column` (what a further window counts, else "").
    """
    scenario = plan.scenario
    bundles = plan.bundles if bundle_id is None else plan.bundles.loc[[bundle_id]]
    bundles = bundles[bundles["window_verdict"] != "none"]
    broken = plan.broken if bundle_id is None else plan.broken[plan.broken["bundle_id"] == bundle_id]
    limit = travel_limit_min(scenario, scenario_assumptions(scenario))
    keeps_whole = scenario.keeps_municipality_whole is not False
    has_closed = not scenario.may_cross_border or scenario.open_borders is not None
    is_all = bundle_id is None
    in_force = [
        ("connected", True, np.nan, np.nan),
        ("travel_limit", True, limit, bundles["farthest_min"].max()),
        ("border_crossed", has_closed, np.nan, np.nan),
        ("municipality_whole", keeps_whole, np.nan, np.nan),
        ("must_link", bool(scenario.must_link), np.nan, np.nan),
        ("cannot_link", bool(scenario.cannot_link), np.nan, np.nan),
        ("fixed_base", bool(scenario.fixed_bases), np.nan, np.nan),
        ("municipality_limit", scenario.most_municipalities is not None, scenario.most_municipalities,
         bundles["muni_codes"].map(len).max()),
        ("locked_unit", bool(scenario.locked_units), np.nan, np.nan),
        ("locked_bundle", bool(scenario.locked_bundles), np.nan, np.nan),
        ("site_minutes", scenario.site_limit_min is not None, scenario.site_limit_min, np.nan),
        ("site_distance", scenario.site_limit_km is not None, (scenario.site_limit_km or 0) * M_PER_KM, np.nan),
        ("base_count", scenario.base_count is not None and is_all, scenario.base_count,
         bundles["base_unit_id"].nunique()),
        ("bundle_count", scenario.bundle_count is not None and is_all, scenario.bundle_count, len(bundles)),
    ]  # fmt: skip
    rows = [
        _rule_row(rule, broken[broken["rule"] == rule], float(limit or np.nan), float(amount))
        for rule, is_on, limit, amount in in_force
        if is_on
    ]
    rows += [_window_row(plan, bundles, broken, end) for end in ("floor", "ceiling")]
    for column, floor, ceiling, is_hard in scenario.side_windows:
        for end, value in (("floor", floor), ("ceiling", ceiling)):
            if value is not None:
                rows.append(_side_row(bundles, column, end, value, is_hard=is_hard))
    return pd.DataFrame(rows)


def is_window_undecided(plan: Plan) -> bool:
    """Return whether nearly every bundle with work is borderline, so that the window tells bundles little apart."""
    verdicts = plan.bundles["window_verdict"]
    busy = verdicts[verdicts != "none"]
    return len(busy) > 0 and float((busy == "borderline").mean()) >= NEARLY_ALL


def _rule_row(rule: str, broken: pd.DataFrame, limit: float, amount: float) -> dict[str, Any]:
    return {
        "rule": rule,
        "state": "broken" if len(broken) else "kept",
        "is_hard": True,
        "limit": limit,
        "amount": float(broken["amount"].max()) if len(broken) else amount,
        "bundle_ids": tuple(sorted({str(b) for b in broken["bundle_id"] if b}, key=bundle_number)),
        "unit_ids": tuple(sorted({str(u) for u in broken["unit_id"].dropna() if u})),
        "column": "",
    }


def _side_row(bundles: pd.DataFrame, column: str, end: str, limit: float, *, is_hard: bool) -> dict[str, Any]:
    amounts = bundles[SIDE_FIGURES[column]].astype("float64")
    outside = amounts < limit - TOLERANCE if end == "floor" else amounts > limit + TOLERANCE
    return {
        "rule": f"side_{end}",
        "state": "broken" if outside.any() else "kept",
        "is_hard": is_hard,
        "limit": float(limit),
        "amount": float(amounts.min() if end == "floor" else amounts.max()),
        "bundle_ids": tuple(bundles.index[outside]),
        "unit_ids": (),
        "column": column,
    }


def _window_row(plan: Plan, bundles: pd.DataFrame, broken: pd.DataFrame, end: str) -> dict[str, Any]:
    limit = float(plan.window[end][1])
    names = YEN if plan.window["measure"] == "jpy" else ("structure_count",) * 3
    low, central, high = (bundles[name].astype("float64") for name in names)
    outside, central_end = (high < limit, central.min()) if end == "floor" else (low > limit, central.max())
    # As a hard rule the central value counts; as a preference only what lies outside with its whole range.
    outside |= bundles.index.isin(broken.loc[broken["rule"] == end, "bundle_id"])
    straddles = (low < limit) & (limit < high)
    where = outside if outside.any() else straddles
    return {
        "rule": end,
        "state": "broken" if outside.any() else "borderline" if straddles.any() else "kept",
        "is_hard": plan.scenario.is_window_hard,
        "limit": limit,
        "amount": float(central_end),
        "bundle_ids": tuple(bundles.index[where]),
        "unit_ids": (),
        "column": "",
    }


def work_sources(plan: Plan, work: pd.DataFrame) -> pd.DataFrame:
    """
    Return what the yen of some work rest on, the largest first.

    Parameters
    ----------
    plan
        The plan.
    work
        Rows of its `schema.WORK`.

    Returns
    -------
    sources
        `sector, task, name_ja, name_en, annual_jpy, key` (row of the assumptions; "road_upkeep" and
        "road_snow_removal" stand for the town's own spending or the plain row), `confidence, source, low, central,
        high, unit`, and for a town's own spending `own_codes`.
    """
    assumptions = scenario_assumptions(plan.scenario)
    tasks = planned_tasks(plan.scenario, load_tasks()).set_index(["sector", "task"])
    sums = work.groupby(["sector", "task"])["annual_jpy"].sum()
    basis = road_prices(plan.ground.region, assumptions).basis
    rows = []
    for (sector, task), amount in sums[sums > 0].sort_values(ascending=False).items():
        about = tasks.loc[(sector, task)]
        owners = sorted(set(work.loc[(work["sector"] == sector) & (work["task"] == task), "owner_code"]))
        rows.append(
            {
                "sector": sector,
                "task": task,
                "name_ja": about["name_ja"],
                "name_en": about["name_en"],
                "annual_jpy": float(amount),
                "own_codes": tuple(c for c in owners if basis.get(c) == "own"),
                **_source(str(about["cost_key"]), assumptions),
            }
        )
    return pd.DataFrame(rows)


def _source(key: str, assumptions: Assumptions) -> dict[str, Any]:
    rows = {
        "road_upkeep": "road_upkeep_plain_jpy_per_km_year",
        "road_snow_removal": "snow_removal_jpy_per_km_year",
    }
    row = assumptions.table.loc[rows.get(key, key)]
    return {
        "key": key,
        "unit": row["unit"],
        "confidence": assumptions.confidence(str(row.name)),
        "source": row["source"],
        **{level: float(row[level]) for level in LEVELS},
    }
