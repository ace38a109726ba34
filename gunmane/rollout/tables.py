"""The steps of a roll-out as tables: who joins when, what stands after each step, what is not kept yet."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from gunmane import schema
from gunmane.rollout.course import Course, Stage
from gunmane.rollout.judging import BROKEN_COLUMNS, judge_bundles_so_far
from gunmane.rollout.land import place_of
from gunmane.rollout.parts import SUMS

STEP_COLUMNS = [
    "step",
    "strand",
    "bundle_id",
    "joining_codes",
    "joining_fields",
    "joining_sectors",
    *SUMS,
    "bundle_jpy",
    "bundle_structures",
    "bundle_hours",
    "base_unit_id",
    "rules_broken",
    "not_yet",
    "floor_met_step",
]
Steps = list[frozenset[int]]


def bundle_stages(course: Course, joined: frozenset[int]) -> dict[str, Stage]:
    """Return every bundle that has begun once these parts have joined, in the order of bundles."""
    begun = {name: own for name, land in course.lands.items() if (own := land.parts & joined)}
    return {name: course.stage(own) for name, own in begun.items()}


def broken_table(course: Course, after: Steps) -> pd.DataFrame:
    """
    Return what each step breaks, each strand judged as a whole.

    Parameters
    ----------
    course
        The plan, part by part.
    after
        The parts that have joined after each step.

    Returns
    -------
    broken
        `step, strand, bundle_id, rule, unit_id, amount, limit, column`, and `is_in_plan`: the plan itself breaks
        this rule there.
    """
    tables = []
    for step, joined in enumerate(after, start=1):
        stages = bundle_stages(course, joined)
        for name in course.tasks:
            own = {b: s for b, s in stages.items() if course.lands[b].task.name == name}
            if own:
                tables.append(_judged(course, name, own).assign(step=step, strand=name))
    table = pd.concat(tables, ignore_index=True)
    pairs = zip(table["rule"], table["bundle_id"], strict=True)
    known = [pair in course.broken_in_plan for pair in pairs]
    table["is_in_plan"] = pd.Series(known, index=table.index, dtype="bool")
    return table[["step", "strand", "bundle_id", *BROKEN_COLUMNS, "is_in_plan"]]


def _judged(course: Course, name: str, stages: dict[str, Stage]) -> pd.DataFrame:
    task = course.tasks[name]
    bundle_of = pd.concat([pd.Series(b, index=s.place.units.index) for b, s in stages.items()]).sort_index()
    place = place_of(task.place, task.place.units.index.get_indexer(bundle_of.index))
    load = pd.concat([stage.load for stage in stages.values()])
    bases = {b: s.base for b, s in stages.items()}
    return judge_bundles_so_far(bundle_of, load, task, place, bases=bases).broken


def steps_table(course: Course, steps: Steps, broken: pd.DataFrame) -> pd.DataFrame:
    """
    Return one row for each step, bundle and set of fields that some bodies join with; columns as `Rollout.steps`.

    Parameters
    ----------
    course
        The plan, part by part.
    steps
        The parts that join at each step.
    broken
        As `broken_table`.
    """
    met = _floor_met(course, steps)
    rows, joined = [], frozenset[int]()
    for step, numbers in enumerate(steps, start=1):
        joined = joined | numbers
        stages = bundle_stages(course, joined)
        here = broken[broken["step"] == step]
        for (bundle_id, fields), codes in _joining(course, numbers).items():
            stage = stages[bundle_id]
            own = [i for i in numbers if course.parts[i].bundle_id == bundle_id]
            own = [i for i in own if course.parts[i].field in fields and course.parts[i].owner_code in codes]
            rows.append(
                {
                    "step": step,
                    "strand": course.lands[bundle_id].task.name,
                    "bundle_id": bundle_id,
                    "joining_codes": codes,
                    "joining_fields": list(fields),
                    "joining_sectors": _sectors(course, own),
                    **dict(zip(SUMS, np.sum([course.parts[i].sums for i in own], axis=0), strict=True)),
                    "bundle_jpy": stage.sums[1],
                    "bundle_structures": stage.sums[3],
                    "bundle_hours": stage.travel_hours,
                    "base_unit_id": stage.base,
                    "rules_broken": sorted(set(here.loc[here["bundle_id"] == bundle_id, "rule"])),
                    "not_yet": list(stage.not_yet),
                    "floor_met_step": met.get(bundle_id),
                }
            )
    return pd.DataFrame(rows, columns=STEP_COLUMNS).astype({"floor_met_step": "Int64"})


def _sectors(course: Course, numbers: list[int]) -> list[str]:
    held = {sector for i in numbers for sector in course.parts[i].work["sector"]}
    return [sector for sector in schema.SECTORS if sector in held]


def _joining(course: Course, numbers: frozenset[int]) -> dict[tuple[str, tuple[str, ...]], list[str]]:
    """Return which bodies join which bundle with the same fields, in the order of the parts."""
    fields_of: dict[tuple[str, str], set[str]] = {}
    for i in sorted(numbers):
        part = course.parts[i]
        fields_of.setdefault((part.bundle_id, part.owner_code), set()).add(part.field)
    codes: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for (bundle_id, owner), fields in fields_of.items():
        named = tuple(field for field in schema.FIELDS if field in fields)
        codes.setdefault((bundle_id, named), []).append(owner)
    return codes


def _floor_met(course: Course, steps: Steps) -> dict[str, int]:
    """Return the step from which each bundle keeps its floors; a bundle that never does is not in it."""
    met: dict[str, int] = {}
    joined = frozenset[int]()
    for step, numbers in enumerate(steps, start=1):
        joined = joined | numbers
        for bundle_id, stage in bundle_stages(course, joined).items():
            if stage.not_yet:
                met.pop(bundle_id, None)
            else:
                met.setdefault(bundle_id, step)
    return met


def stages_table(course: Course, steps: Steps, broken: pd.DataFrame) -> pd.DataFrame:
    """Return the region before the first step (0) and after each; columns as `Rollout.stages`."""
    total = sum(part.sums[1] for part in course.parts)
    rows: list[dict[str, Any]] = []
    joined = frozenset[int]()
    for step, numbers in enumerate([frozenset[int](), *steps]):
        joined = joined | numbers
        stages = bundle_stages(course, joined).values()
        rest = [part for i, part in enumerate(course.parts) if i not in joined]
        today = sum(course.has_work(area - joined) for area in course.parts_of_area.values())
        jpy = float(sum(stage.sums[1] for stage in stages))
        bundles = sum(stage.is_order for stage in stages)
        rows.append(
            {
                "step": step,
                "order_count": bundles + today,
                "bundle_count": bundles,
                "today_count": today,
                "annual_jpy": jpy,
                "work_share": jpy / total if total else float("nan"),
                "travel_hours": float(sum(s.travel_hours for s in stages) + sum(p.today_hours for p in rest)),
                "bundle_hours": float(sum(stage.travel_hours for stage in stages)),
                "not_yet_count": sum(bool(stage.not_yet) for stage in stages),
                "broken_count": int((broken["step"] == step).sum()),
                "new_broken_count": int(((broken["step"] == step) & ~broken["is_in_plan"]).sum()),
            }
        )
    return pd.DataFrame(rows)


def joins_table(course: Course, steps: Steps) -> pd.DataFrame:
    """Return one row for each body, field and bundle: the step in which it joins."""
    step_of = {i: step for step, numbers in enumerate(steps, start=1) for i in numbers}
    rows = [
        (part.strand, part.owner_code, part.field, part.bundle_id, step_of[i])
        for i, part in enumerate(course.parts)
    ]
    return pd.DataFrame(rows, columns=["strand", "owner_code", "field", "bundle_id", "step"])


def unit_steps(course: Course, steps: Steps) -> pd.DataFrame:
    """Return the plan's assignment with the step in which each unit is in its bundle for the first time."""
    first: dict[tuple[str, str], int] = {}
    joined = frozenset[int]()
    for step, numbers in enumerate(steps, start=1):
        joined = joined | numbers
        for bundle_id in sorted({course.parts[i].bundle_id for i in numbers}):
            units = course.stage(course.lands[bundle_id].parts & joined).place.units.index
            for unit in units:
                first.setdefault((bundle_id, unit), step)
    table = course.plan.assignment.copy()
    keys = zip(table["bundle_id"], table["unit_id"], strict=True)
    # Land where nobody has work joins with the last step.
    table["step"] = [first.get(key, len(steps)) for key in keys]
    return table
