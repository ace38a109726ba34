"""What a reader of a roll-out must know, as notes."""

from __future__ import annotations

import math

import pandas as pd

from gunmane.rollout.course import Course
from gunmane.scenario import Note


def rollout_facts(
    course: Course, steps: pd.DataFrame, stages: pd.DataFrame, broken: pd.DataFrame
) -> tuple[Note, ...]:
    """
    Return how the order was made, which rules wait or break at which step, and what gets worse on the way.

    Parameters
    ----------
    course
        The plan, part by part.
    steps, stages, broken
        Tables of a `Rollout`.
    """
    percent = round(100 * course.most_share)
    how = Note.of("rollout_one_part" if len(course.parts) == 1 else "rollout_how", percent=percent)
    return (
        how,
        *_of_rules(course, broken, len(stages) - 1),
        *_of_floors(steps),
        *_of_hours(course),
        *_of_orders(stages),
    )


def _of_rules(course: Course, broken: pd.DataFrame, step_count: int) -> list[Note]:
    new = broken[~broken["is_in_plan"]]
    notes = [Note.of("rollout_kept", steps=step_count)] if new.empty else []
    for (step, rule), rows in new.groupby(["step", "rule"], sort=True):
        bundles = ", ".join(sorted({name for name in rows["bundle_id"] if name})) or "–"
        notes.append(Note.of("rollout_breaks", step=step, rule=rule, count=len(rows), bundles=bundles))
    if len(broken) > len(new):
        notes.append(Note.of("rollout_as_plan", count=len(course.plan.broken)))
    return notes


def _of_floors(steps: pd.DataFrame) -> list[Note]:
    waiting = steps[steps["not_yet"].str.len() > 0]
    never = waiting.loc[waiting["floor_met_step"].isna(), "bundle_id"].unique()
    late = waiting.dropna(subset="floor_met_step").groupby("bundle_id", sort=False)["floor_met_step"].first()
    notes = [
        Note.of("rollout_floor_later", bundle=bundle_id, step=int(met)) for bundle_id, met in late.items()
    ]
    if len(never):
        notes.append(Note.of("rollout_floor_never", bundles=", ".join(never)))
    return notes


def _of_hours(course: Course) -> list[Note]:
    unknown = sorted({part.owner_code for part in course.parts if math.isnan(part.today_hours)})
    if not unknown:
        return []
    region = course.plan.ground.region
    names = {f"names_{lang}": ", ".join(region.name_of(c, lang) for c in unknown) for lang in ("ja", "en")}
    return [Note.of("rollout_hours_unknown", **names)]


def _of_orders(stages: pd.DataFrame) -> list[Note]:
    orders = stages["order_count"]
    today, most = int(orders.iloc[0]), int(orders.max())
    if most <= today:
        return []
    return [
        Note.of("rollout_more_orders", step=int(stages["step"][orders.idxmax()]), count=most, today=today)
    ]
