"""From a set of levers pulled as far as they go to the least of each that still works."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from gunmane.relaxations.against import needed_value, old_breaks, snapped
from gunmane.relaxations.levers import Lever, relaxed
from gunmane.relaxations.trials import EndOfTrialsError, Trials
from gunmane.scenario import Scenario
from gunmane.strands import Task


class Tightening:
    """
    A set of levers with the values that they have so far; every state of it is a plan that was made.

    Parameters
    ----------
    levers
        A set that holds when each lever is pulled as far as it goes.
    original
        The scenario that is relaxed.
    tasks
        The strands under its rules.
    trials
        Where plans are made.
    breaks
        What the plan of the original scenario breaks, as `old_breaks` gives it.

    Raises
    ------
    EndOfTrialsError
        If no plan of the set is known and none may be made.
    ValueError
        If the set does not hold.
    """

    def __init__(
        self,
        levers: Sequence[Lever],
        original: Scenario,
        tasks: Sequence[Task],
        trials: Trials,
        *,
        breaks: pd.DataFrame,
    ) -> None:
        self._original = original
        self._tasks = tasks
        self._trials = trials
        self._breaks = breaks
        self.values: dict[Lever, Any] = {lever: lever.loosest for lever in levers}
        self.is_complete = True
        plan = trials.plan_that_holds(original, self.values)
        if plan is None:
            msg = f"levers {[lever.field for lever in levers]} do not hold"
            raise ValueError(msg)
        self.plan = plan

    @property
    def scenario(self) -> Scenario:
        """The scenario with the values so far."""
        return relaxed(self._original, self.values)

    def run(self) -> None:
        """Give every lever the least value that works, and leave out levers that are not needed."""
        try:
            self._drop_idle()
            for lever in list(self.values):
                self._least(lever)
            self._drop_idle()
        except EndOfTrialsError:
            self.is_complete = False

    def _try(self, values: dict[Lever, Any]) -> bool:
        plan = self._trials.plan_that_holds(self._original, values)
        if plan is not None:
            self.values, self.plan = values, plan
        return plan is not None

    def _least(self, lever: Lever) -> None:
        if lever.way == "halve":
            self._halve(lever)
        elif lever.way == "count":
            self._count(lever)
        elif lever.way == "thin":
            self._thin(lever)

    def _halve(self, lever: Lever) -> None:
        """Close in on the limit between one that fails and one that holds; limits that plans need are tried first."""
        fails = float(lever.before)
        hints = [self._breaks]
        while abs(self.values[lever] - fails) > lever.grain * (1 + 1e-9):
            here = float(self.values[lever])
            low, high = sorted((fails, here))
            middle = snapped(lever, (low + high) / 2)
            step = lever.step if here < fails else -lever.step
            hinted = [needed_value(lever, breaks) for breaks in (*hints, old_breaks(self._tasks, self.plan))]
            probes = [value for value in (*hinted, middle, middle + step) if value and low < value < high]
            if not probes:
                break
            hints, probe = [], probes[0]
            if not self._try({**self.values, lever: probe}):
                fails = probe

    def _count(self, lever: Lever) -> None:
        """Try the next numbers, then close in from a number that is known to be possible."""
        asked = int(lever.before)
        for number in (asked - 1, asked + 1, asked - 2, asked + 2):
            if number > 0 and self._try({**self.values, lever: number}):
                return
        known = lever.choices(self.plan)
        here = next((number for number in known if self._try({**self.values, lever: number})), None)
        fails = asked
        while here is not None and abs(here - fails) > 1:
            middle = (here + fails) // 2
            if self._try({**self.values, lever: middle}):
                here = middle
            else:
                fails = middle

    def _thin(self, lever: Lever) -> None:
        """Keep only the parts of a value that are needed, from those that the plan so far uses."""
        parts = lever.choices(self.plan)
        if not parts or not self._try({**self.values, lever: parts}):
            return
        for part in parts:
            kept = tuple(other for other in self.values[lever] if other != part)
            if kept and part in self.values[lever] and self._try({**self.values, lever: kept}):
                used = set(lever.choices(self.plan))
                fewer = tuple(other for other in kept if other in used)
                if fewer and fewer != kept:
                    self._try({**self.values, lever: fewer})

    def _drop_idle(self) -> None:
        for lever in list(self.values):
            if len(self.values) > 1:
                self._try({other: value for other, value in self.values.items() if other is not lever})
