"""What a plan is while only some of its parts have joined: its bundles so far, and today's rest."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from gunmane.assumptions import Assumptions
from gunmane.plans import plan_tasks, scenario_assumptions
from gunmane.rollout.judging import BROKEN_COLUMNS, judge_bundles_so_far
from gunmane.rollout.land import Land, place_of
from gunmane.rollout.parts import Part, parts_of, verdict_of
from gunmane.scenario import Plan
from gunmane.strands import Place, Task
from gunmane.window import Window

Array = np.ndarray[Any, np.dtype[Any]]


@dataclasses.dataclass(frozen=True, eq=False)
class Stage:
    """
    One bundle while some of its parts have joined.

    Parameters
    ----------
    bundle_id
        The bundle.
    place, load
        Units that are in, what leads between them, and the load of the work that has joined.
    base
        Unit of the base: the plan's as soon as it is in, before that the best one so far.
    travel_hours
        Hours a year from that base.
    sums
        Yen a year (low, central, high) and bridges and tunnels that have joined.
    verdict
        How they stand in the work window.
    broken
        Rules not kept: `rule, unit_id, amount, limit`; floors are left out (see `not_yet`).
    not_yet
        Rules on the least work of a bundle that it has not reached: floor, side_floor.
    """

    bundle_id: str
    place: Place
    load: pd.DataFrame
    base: str
    travel_hours: float
    sums: Array
    verdict: str
    broken: pd.DataFrame
    not_yet: tuple[str, ...]

    @property
    def is_order(self) -> bool:
        """Whether there is work to order."""
        return self.verdict != "none"


class Course:
    """
    A plan as it may be joined, part by part.

    Parameters
    ----------
    plan
        The plan to reach.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.assumptions = scenario_assumptions(plan.scenario)
        self.most_share = self.assumptions.value("rollout_step_work_ratio")
        self.window = Window(**plan.window)
        self.tasks: dict[str, Task] = {task.name: task for task in plan_tasks(plan)}
        self.parts: tuple[Part, ...] = parts_of(plan, list(self.tasks.values()), self.assumptions)
        self.lands: dict[str, Land] = lands_of(plan, self.tasks, self.parts, self.window, self.assumptions)
        self.parts_of_area: dict[tuple[str, str], frozenset[int]] = {}
        for number, part in enumerate(self.parts):
            self.parts_of_area[part.area] = self.parts_of_area.get(part.area, frozenset()) | {number}
        self._busy = frozenset(
            i for i, part in enumerate(self.parts) if verdict_of(part.sums, self.window) != "none"
        )
        self.broken_in_plan = set(zip(plan.broken["rule"], plan.broken["bundle_id"], strict=True))
        self._stages: dict[frozenset[int], Stage] = {}

    def stage(self, joined: frozenset[int]) -> Stage:
        """Return a bundle of which these parts have joined (at least one; all of the same bundle)."""
        if joined not in self._stages:
            self._stages[joined] = self._judged(joined)
        return self._stages[joined]

    def has_work(self, numbers: frozenset[int]) -> bool:
        """Whether any of these parts has work to order."""
        return not self._busy.isdisjoint(numbers)

    def new_breaks(self, joined: frozenset[int]) -> int:
        """Return how many rules a bundle breaks so far that it does not break in the plan."""
        stage = self.stage(joined)
        return sum((rule, stage.bundle_id) not in self.broken_in_plan for rule in stage.broken["rule"])

    def known_hours(self, part: Part) -> float:
        """Return today's travel hours of a part, 0 where its office is not known."""
        return 0.0 if math.isnan(part.today_hours) else part.today_hours

    def _judged(self, joined: frozenset[int]) -> Stage:
        bundle_id = self.parts[min(joined)].bundle_id
        land = self.lands[bundle_id]
        rows = land.rows_in(joined)
        place = land.place if rows.all() else place_of(land.place, np.flatnonzero(rows))
        load = land.load(joined).iloc[np.flatnonzero(rows)]
        bundle_of = pd.Series(bundle_id, index=place.units.index)
        given = {bundle_id: land.base} if self._serves(land, place) else {}
        found = judge_bundles_so_far(bundle_of, load, land.task, place, bases=given)
        sums = np.sum([self.parts[i].sums for i in sorted(joined)], axis=0)
        verdict = verdict_of(sums, self.window)
        return Stage(
            bundle_id=bundle_id,
            place=place,
            load=load,
            base=found.bases[bundle_id],
            travel_hours=found.travel_hours,
            sums=sums,
            verdict=verdict,
            broken=found.broken[BROKEN_COLUMNS],
            not_yet=self._not_yet(sums, verdict, land.task, load),
        )

    @staticmethod
    def _serves(land: Land, place: Place) -> bool:
        """
        Whether the plan's base serves a bundle that is not whole yet.

        It does once it is in; at once where it lies outside the bundle (several share it), and where the number of
        bases is limited, so that no other stands in for it.
        """
        is_in = land.base in place.units.index
        is_outside = land.base not in land.place.units.index
        return bool(land.base) and (is_in or is_outside or land.task.rules.base_count is not None)

    def _not_yet(self, sums: Array, verdict: str, task: Task, load: pd.DataFrame) -> tuple[str, ...]:
        """Return the floors that are not reached: by the central value where they are rules, else by the range."""
        measure = sums[1] if self.window.measure == "jpy" else sums[3]
        is_small = verdict == "below"
        if self.plan.scenario.is_window_hard:
            is_small = bool(verdict != "none" and measure < self.window.floor[1])
        is_side = any(load[window.column].sum() < window.floor for window in task.rules.windows)
        return ("floor",) * is_small + ("side_floor",) * is_side


def lands_of(
    plan: Plan, tasks: dict[str, Task], parts: Sequence[Part], window: Window, assumptions: Assumptions
) -> dict[str, Land]:
    """Return the land of each bundle that something joins, by its id, in the order of the parts."""
    units_of = plan.assignment.groupby("bundle_id")["unit_id"].agg(sorted)
    own: dict[str, dict[int, Part]] = {}
    for number, part in enumerate(parts):
        own.setdefault(part.bundle_id, {})[number] = part
    lands = {}
    for bundle_id, held in own.items():
        task = tasks[next(iter(held.values())).strand]
        place = place_of(task.place, task.place.units.index.get_indexer(units_of[bundle_id]))
        base = str(plan.bundles.at[bundle_id, "base_unit_id"])
        lands[bundle_id] = Land(task, place, base, held, window=window, assumptions=assumptions)
    return lands
