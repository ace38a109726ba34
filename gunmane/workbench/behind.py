"""What stands behind the figures of a comparison: the units of each figure, and each town's part in the bundles."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from gunmane.scenario import Plan
from gunmane.strands import split_work
from gunmane.workbench.difference import Difference
from gunmane.workbench.draft import name_order

VERDICT_OF = {"below_floor": "below", "borderline": "borderline", "above_ceiling": "above"}
FLAG_OF = {"wide_area_count": "is_wide_area", "multi_sector_count": "is_multi_sector"}


def town_parts(plan: Plan) -> pd.DataFrame:
    """
    Return what each town has to do with the bundles of a plan, indexed by `muni_code`.

    Parameters
    ----------
    plan
        Any plan, today's state too.

    Returns
    -------
    towns
        `bundles` (tuple of the names of those with work in the town), `led` (tuple of those with work that it would
        lead), and `annual_jpy_low, annual_jpy, annual_jpy_high` (JPY/year of the work in it).
    """
    town_of = plan.ground.units["muni_code"].astype(str)
    levels = ["annual_jpy_low", "annual_jpy", "annual_jpy_high"]
    sums = plan.work.groupby(plan.work["unit_id"].map(town_of))[levels].sum()
    held: dict[str, set[str]] = {}
    for strand, work in split_work(plan.work, plan.scenario).items():
        own = plan.assignment[plan.assignment["strand"] == strand].set_index("unit_id")["bundle_id"]
        for unit in set(work["unit_id"]) & set(own.index):
            held.setdefault(town_of[unit], set()).add(str(own[unit]))
    busy = plan.bundles[plan.bundles["window_verdict"] != "none"]
    led = {code: tuple(map(str, own.index)) for code, own in busy.groupby("lead_code")}
    codes = sorted(set(town_of))
    table = pd.DataFrame(
        {
            "bundles": [tuple(sorted(held.get(code, ()), key=name_order)) for code in codes],
            "led": [led.get(code, ()) for code in codes],
        },
        index=pd.Index(codes, name="muni_code"),
    )
    return table.join(sums.reindex(codes).fillna(0.0))


def units_of(plan: Plan, bundles: Iterable[str]) -> tuple[str, ...]:
    """Return the units that lie in any of some bundles, in the order of the ground."""
    inside = set(plan.assignment.loc[plan.assignment["bundle_id"].isin(set(bundles)), "unit_id"])
    return tuple(unit for unit in map(str, plan.ground.units.index) if unit in inside)


def farthest_units(plan: Plan) -> tuple[str, ...]:
    """Return the unit with work that is farthest from its base (minutes out); none where no base is known."""
    rows = plan.assignment[plan.assignment["unit_id"].isin(set(plan.work["unit_id"]))]
    bases = rows["bundle_id"].map(plan.bundles["base_unit_id"]).fillna("")
    at, ends = (plan.ground.units.index.get_indexer(side) for side in (bases, rows["unit_id"]))
    drive = plan.ground.travel_min[at, ends].astype("float64")
    drive = np.where((at >= 0) & np.isfinite(drive), drive, -1.0)
    if not len(drive) or drive.max() < 0:
        return ()
    return (str(rows["unit_id"].iloc[int(drive.argmax())]),)


def units_behind(figure: str, before: Plan, after: Plan, made: Difference) -> tuple[str, ...]:
    """
    Return the units that a reader of one figure wants to see: where it came to be other than it was.

    Parameters
    ----------
    figure
        One of the plans' totals.
    before, after, made
        The plans and their difference.

    Returns
    -------
    units
        Ids; those that moved where the figure has no place of its own, none where nothing moved either.
    """
    found: tuple[str, ...] = ()
    if figure == "farthest_min":
        found = (*farthest_units(before), *farthest_units(after))
    elif figure == "order_count":
        pairs = made.pairs
        gone = units_of(before, pairs.loc[pairs["after"] == "", "before"])
        found = (*gone, *units_of(after, pairs.loc[pairs["before"] == "", "after"]))
    elif figure in VERDICT_OF or figure in FLAG_OF:
        found = (*_such(figure, before), *_such(figure, after))
    return tuple(dict.fromkeys(found or map(str, made.moved["unit_id"])))


def _such(figure: str, plan: Plan) -> tuple[str, ...]:
    """Return the units of the bundles that a figure counts."""
    bundles = plan.bundles[plan.bundles["window_verdict"] != "none"]
    if figure in VERDICT_OF:
        chosen = bundles["window_verdict"] == VERDICT_OF[figure]
    else:
        chosen = bundles[FLAG_OF[figure]].astype(bool)
    return units_of(plan, map(str, bundles.index[chosen]))
