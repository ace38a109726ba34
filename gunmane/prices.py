"""The price of a border: what moving any unit of a plan into a neighbouring bundle changes."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from gunmane.clusters import PRICE_COLUMNS, move_prices
from gunmane.plans import plan_tasks
from gunmane.scenario import Plan
from gunmane.strands import Progress, Task

PROGRESS_KEY = "progress.pricing"
COLUMNS = (
    "strand",
    "unit_id",
    "bundle_id",
    "to_bundle_id",
    *(name for name in PRICE_COLUMNS if name not in {"unit_id", "label", "to_label"}),
)
# Moves are compared as plans are: rules broken, by how much, window, then hours.
ORDER = ["breaks_change", "excess_change", "window_change", "objective_change"]
DECIMALS = 6


def border_prices(plan: Plan, *, progress: Progress | None = None) -> pd.DataFrame:
    """
    Return what moving each unit into each bundle that a road leads to changes.

    A unit takes along what it would cut off from its base; both bundles get their best base, before and after.

    Parameters
    ----------
    plan
        A plan, as made or with labels moved by hand.
    progress
        Called with a fraction (0-1) and a catalogue key; False ends with the moves looked at so far.

    Returns
    -------
    prices
        `strand, unit_id, bundle_id, to_bundle_id, moved_units, travel_hours_change, objective_change` (hours/year),
        `measure_moved` (in the measure of the plan's window), `breaks_change, excess_change, window_change`
        (relative), `count_change` (-1 where the bundle is left empty); by strand and unit.
    """
    tell = progress or (lambda part, key: True)
    tasks = plan_tasks(plan)
    tables = [pd.DataFrame({name: [] for name in COLUMNS})]
    is_ended = False

    def go_on(part: float) -> bool:
        nonlocal is_ended
        is_ended |= tell((len(tables) - 1 + part) / len(tasks), PROGRESS_KEY) is False
        return not is_ended

    for task in tasks:
        tables.append(_strand_prices(plan, task, go_on))
        if is_ended:
            break
    filled = [table for table in tables if len(table)] or tables[:1]
    return pd.concat(filled, ignore_index=True)[list(COLUMNS)]


def _strand_prices(plan: Plan, task: Task, go_on: Callable[[float], bool]) -> pd.DataFrame:
    own = plan.assignment[plan.assignment["strand"] == task.name]
    labels = own.set_index("unit_id")["bundle_id"]
    place = task.place
    found = move_prices(
        labels, place.units, place.links, task.load, place.travel_min, task.rules, progress=go_on
    )
    found = found.rename(columns={"label": "bundle_id", "to_label": "to_bundle_id"})
    found.insert(0, "strand", task.name)
    return found


def best_moves(prices: pd.DataFrame, count: int) -> pd.DataFrame:
    """
    Return the moves that make a plan best, one a unit: fewest rules broken, by least, least outside the window, hours.

    Moves that leave a bundle empty are left out: plans with different numbers of bundles are not ranked by hours.

    Parameters
    ----------
    prices
        As `border_prices` gives them.
    count
        At most so many (>= 0). Where no move makes the plan better, these are the cheapest.
    """
    stays = prices[prices["count_change"] == 0]
    rounded = stays.assign(**{name: stays[name].astype("float64").round(DECIMALS) for name in ORDER})
    order = rounded.sort_values([*ORDER, "strand", "unit_id", "to_bundle_id"], kind="stable")
    order = order.drop_duplicates(["strand", "unit_id"])
    return prices.loc[order.index[:count]].reset_index(drop=True)
