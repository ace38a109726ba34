"""From today to a plan in steps: which towns and which fields join when, each step keeping the rules."""

from __future__ import annotations

import dataclasses

import pandas as pd

from gunmane.rollout.course import Course
from gunmane.rollout.facts import rollout_facts
from gunmane.rollout.order import joining_order, step_ends
from gunmane.rollout.tables import (
    Steps,
    broken_table,
    joins_table,
    stages_table,
    steps_table,
    unit_steps,
)
from gunmane.scenario import Note, Plan
from gunmane.strands import Progress

__all__ = ["Rollout", "staged_rollout"]

PROGRESS_KEY = "progress.staging"


@dataclasses.dataclass(frozen=True, eq=False)
class Rollout:
    """
    An order in which towns and fields join a plan.

    Whoever has not joined stays as today: one area for each body and field, based at its town hall.

    Parameters
    ----------
    steps
        One row for each step, bundle and set of fields: `step` (from 1), `strand, bundle_id, joining_codes` (bodies),
        `joining_fields, joining_sectors`, the work that joins (`annual_jpy_low, annual_jpy, annual_jpy_high, pieces`;
        the rows sum to the plan), then the bundle as it is after the step: `bundle_jpy, bundle_structures,
        bundle_hours` (travel, hours/year), `base_unit_id, rules_broken, not_yet` (floors that it does not reach yet),
        `floor_met_step` (the step from which it does; missing where the plan does not either).
    stages
        The region before the first step (0: today) and after each: `step, order_count` (bundles and today's areas
        with work), `bundle_count, today_count, annual_jpy, work_share` (what has joined), `travel_hours` (hours/year;
        NaN while the office of a body that has not joined is not known), `bundle_hours` (of bundles alone),
        `not_yet_count` (bundles below a floor), `broken_count, new_broken_count` (rules broken; those that the plan
        does not break there).
    joins
        `strand, owner_code, field, bundle_id, step`: a body whose field is divided among bundles joins part by part.
    units
        `strand, unit_id, bundle_id, step`: from which step a unit lies in its bundle.
    broken
        `step, strand, bundle_id, rule, unit_id, amount, limit, column, is_in_plan`.
    facts
        What a reader must know, as notes.
    is_cancelled
        Whether the search for the order was ended early.
    """

    steps: pd.DataFrame
    stages: pd.DataFrame
    joins: pd.DataFrame
    units: pd.DataFrame
    broken: pd.DataFrame
    facts: tuple[Note, ...]
    is_cancelled: bool = False


def staged_rollout(plan: Plan, *, progress: Progress | None = None) -> Rollout:
    """
    Return an order of steps from today to a plan.

    What joins is the work of one body in one field inside one bundle. The order with the fewest broken rules, then
    orders, then travel hours, summed over the way, is sought by a beam search; a bundle that has begun is completed
    before another begins. It is then cut into the fewest steps of which none brings more than the share
    `rollout_step_work_ratio` of the work, unless one town's field alone is larger, or a rule would break.

    Parameters
    ----------
    plan
        The plan to reach.
    progress
        Called with a fraction (0-1) and a catalogue key; False ends the search: the rest joins bundle by bundle.

    Returns
    -------
    rollout
        Steps and what stands after each. Every step is judged by `clusters.evaluate_labels`; floors are told as "not
        yet". Where no order keeps the other rules, the steps that break one are named.
    """
    course = Course(plan)
    branch, is_cancelled = joining_order(
        course, lambda part: progress is None or progress(part, PROGRESS_KEY) is not False
    )
    ends = step_ends(branch.tallies, _shares(course, branch.order), course.most_share)
    steps = [frozenset(branch.order[a:b]) for a, b in zip([0, *ends], ends, strict=False)]
    after: Steps = [frozenset(branch.order[:end]) for end in ends]
    broken = broken_table(course, after)
    stages = stages_table(course, steps, broken)
    table = steps_table(course, steps, broken)
    facts = rollout_facts(course, table, stages, broken)
    if progress is not None:
        progress(1.0, "progress.ready")
    return Rollout(
        steps=table,
        stages=stages,
        joins=joins_table(course, steps),
        units=unit_steps(course, steps),
        broken=broken,
        facts=(*facts, Note.of("rollout_cancelled")) if is_cancelled else facts,
        is_cancelled=is_cancelled,
    )


def _shares(course: Course, order: tuple[int, ...]) -> list[float]:
    """Return the share of the work that each part brings: of yen, without any of bridges and tunnels, else of parts."""
    for column in (1, 3):
        total = float(sum(part.sums[column] for part in course.parts))
        if total > 0:
            return [float(course.parts[i].sums[column]) / total for i in order]
    return [1 / len(order)] * len(order)
