"""What can join at once: one body's work of one field in one bundle, and what it is today."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pandas as pd

from gunmane import schema
from gunmane.assumptions import Assumptions
from gunmane.explain.frame import bundle_number
from gunmane.scenario import Ground, Plan
from gunmane.strands import Task
from gunmane.travel import driving_hours
from gunmane.window import Window
from gunmane.workload import strand_load

Array = np.ndarray[Any, np.dtype[Any]]
YEN = ("annual_jpy_low", "annual_jpy", "annual_jpy_high")
SUMS = (*YEN, "pieces")


@dataclasses.dataclass(frozen=True, eq=False)
class Part:
    """
    What joins at once: the work of one body in one field inside one bundle.

    Parameters
    ----------
    strand, bundle_id, owner_code, field
        Where it joins, whose it is, and what is maintained.
    work
        Its rows of `schema.WORK`.
    sums
        Yen a year (low, central, high) and bridges and tunnels.
    today_hours
        Travel hours a year from the body's town hall; NaN where its office is not known.
    """

    strand: str
    bundle_id: str
    owner_code: str
    field: str
    work: pd.DataFrame
    sums: Array
    today_hours: float

    @property
    def area(self) -> tuple[str, str]:
        """Today's contract area that it is taken from: one of each body and field."""
        return self.owner_code, self.field


def verdict_of(sums: Array, window: Window) -> str:
    """Return how `SUMS` stand in the work window."""
    if window.measure == "jpy":
        return window.verdict(*(float(value) for value in sums[:3]))
    return window.verdict(*(float(sums[3]),) * 3)


def parts_of(plan: Plan, tasks: list[Task], assumptions: Assumptions) -> tuple[Part, ...]:
    """Return what a plan joins, in the order of strands, bundles, bodies and fields."""
    measure = str(plan.window["measure"])
    parts = []
    for task in tasks:
        own = plan.assignment[plan.assignment["strand"] == task.name]
        bundle_of = own.set_index("unit_id")["bundle_id"]
        work = task.work.assign(
            bundle_id=task.work["unit_id"].map(bundle_of),
            field=task.work["sector"].map(schema.FIELD_OF_SECTOR),
        )
        for (owner, field), area in work.groupby(["owner_code", "field"], sort=True):
            load = strand_load(area, measure=measure, assumptions=assumptions)
            hours = _today_hours(load, str(owner), plan.ground)
            for bundle_id, rows in area.groupby("bundle_id", sort=True):
                here = hours.reindex(rows["unit_id"].unique()).sum(skipna=False)
                parts.append(_part(task.name, str(bundle_id), (str(owner), str(field)), rows, float(here)))
    order = {name: i for i, name in enumerate(schema.FIELDS)}
    keyed = sorted(parts, key=lambda p: (p.strand, bundle_number(p.bundle_id), p.owner_code, order[p.field]))
    return tuple(keyed)


def _part(strand: str, bundle_id: str, area: tuple[str, str], rows: pd.DataFrame, today_hours: float) -> Part:
    sums = rows[list(SUMS)].sum().to_numpy(dtype="float64")
    work = rows.drop(columns=["bundle_id", "field"])
    return Part(strand, bundle_id, *area, work, sums, today_hours)


def _today_hours(load: pd.DataFrame, owner: str, ground: Ground) -> pd.Series:
    """Return the hours a year from a body's hall to each of its units; NaN where the hall is not known."""
    hall = ground.hall_units.get(owner, "")
    days = load["crew_days"].where(load["is_needed"], 0.0).to_numpy(dtype="float64")
    if not hall:
        return pd.Series(np.where(load["is_needed"], np.nan, 0.0), index=load.index)
    place = ground.units.index
    start, ends = place.get_loc(hall), place.get_indexer(load.index)
    out = ground.travel_min[start, ends].astype("float64")
    back = ground.travel_min[ends, start].astype("float64")
    # As everywhere: trips that no road leads to are not driven.
    reached = np.isfinite(out) & np.isfinite(back)
    hours = np.zeros(len(load))
    hours[reached] = driving_hours(days[reached], out[reached], back[reached])
    return pd.Series(hours, index=load.index)
