"""The account of each town in a plan: its units, its bundles, its work, and the driving to it."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from gunmane.plans import plan_tasks
from gunmane.scenario import Plan
from gunmane.strands import Task
from gunmane.travel import driving_hours

FIGURES = (
    "unit_count",
    "bundle_count",
    "shared_bundle_count",
    "annual_jpy",
    "onsite_hours",
    "travel_hours",
    "farthest_min",
    "unreached_units",
)


def town_figures(plan: Plan, *, tasks: Iterable[Task] | None = None) -> pd.DataFrame:
    """
    Return one row a municipality that units lie in, indexed by `muni_code`, in the order of the codes.

    Parameters
    ----------
    plan
        Any plan, today's state too.
    tasks
        Its strands, where they are at hand (`plans.plan_tasks`).

    Returns
    -------
    towns
        `unit_count`; `bundle_count` (bundles with work in it), `shared_bundle_count` (those of several bodies);
        `annual_jpy` (JPY/year), `onsite_hours` (hours/year); `travel_hours` (hours/year of crews to its units),
        `farthest_min` (minutes one way) and `unreached_units` (that no road joins to their base); the driving is NaN
        where a base is not known.
    """
    ground = plan.ground
    town_of = ground.units["muni_code"].astype(str)
    tables = [_strand_units(plan, task) for task in (plan_tasks(plan) if tasks is None else tasks)]
    units = pd.concat(tables, ignore_index=True)
    units = units.assign(muni_code=units["unit_id"].map(town_of))
    busy = units[units["is_busy"]].drop_duplicates(["muni_code", "bundle_id"])
    shared = busy["bundle_id"].map(plan.bundles["is_wide_area"]).astype(bool)
    grouped = units.groupby("muni_code", sort=True)
    towns = pd.DataFrame(
        {
            "unit_count": grouped["unit_id"].nunique(),
            "bundle_count": busy.groupby("muni_code").size(),
            "shared_bundle_count": busy[shared].groupby("muni_code").size(),
            "annual_jpy": grouped["annual_jpy"].sum(),
            "onsite_hours": grouped["onsite_hours"].sum(),
            "travel_hours": grouped["travel_hours"].sum(skipna=False),
            "farthest_min": grouped["out_min"].max(skipna=False),
            "unreached_units": grouped["is_unreached"].sum(),
        }
    )
    counts = ["unit_count", "bundle_count", "shared_bundle_count", "unreached_units"]
    return (
        towns.fillna(dict.fromkeys(counts, 0)).astype(dict.fromkeys(counts, "int64")).rename_axis("muni_code")
    )


def _strand_units(plan: Plan, task: Task) -> pd.DataFrame:
    """Return each unit of a strand with its bundle, work and driving; a unit without trips counts 0 minutes."""
    ground, own = plan.ground, plan.assignment[plan.assignment["strand"] == task.name]
    bundle_of = own.set_index("unit_id")["bundle_id"].reindex(task.place.units.index)
    load = task.load.loc[bundle_of.index]
    bases = bundle_of.map(plan.bundles["base_unit_id"]).fillna("")
    at, ends = ground.units.index.get_indexer(bases), ground.units.index.get_indexer(bundle_of.index)
    out, back = (ground.travel_min[i, j].astype("float64") for i, j in ((at, ends), (ends, at)))
    needed = load["is_needed"].to_numpy(dtype=bool)
    reached = np.isfinite(out) & np.isfinite(back)
    hours = driving_hours(load["crew_days"].to_numpy(), np.where(reached, out, 0), np.where(reached, back, 0))
    is_known = (bases != "").to_numpy() | ~needed
    return pd.DataFrame(
        {
            "unit_id": bundle_of.index,
            "bundle_id": bundle_of.to_numpy(),
            "is_busy": (load["jpy"] + load["structures"] + load["onsite_hours"]).to_numpy() > 0,
            "annual_jpy": load["jpy"].to_numpy(),
            "onsite_hours": load["onsite_hours"].to_numpy(),
            "travel_hours": np.where(is_known, np.where(needed, hours, 0.0), np.nan),
            "out_min": np.where(is_known, np.where(needed & reached, out, 0.0), np.nan),
            "is_unreached": needed & ~reached & (bases != "").to_numpy(),
        }
    )
