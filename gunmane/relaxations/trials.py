"""Plans made to try a relaxation: counted, remembered, ended when the caller or their number says so."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from gunmane.errors import GunmaneError
from gunmane.plans import assemble_plan, scenario_assumptions
from gunmane.relaxations.levers import Lever, relaxed
from gunmane.scenario import Plan, Scenario
from gunmane.strands import Progress, as_strand, solve_strand, strand_tasks
from gunmane.window import work_window

# Plans that one question may cost: the largest model region answers within two minutes.
MOST_TRIALS = 120
# Plans held at once: one of a large region takes some megabytes.
PLANS_KEPT = 24
PROGRESS_KEY = "progress.relaxing"


class EndOfTrialsError(Exception):
    """The caller cancelled, or no more plans may be made."""


@dataclasses.dataclass(frozen=True, eq=False)
class Trial:
    """
    A scenario tried.

    Parameters
    ----------
    left
        Number of rules of each name that its plan does not keep; a scenario that cannot be planned counts as one
        that breaks the rule "".
    plan
        Its plan; None where it cannot be planned or keeps fewer rules than was wanted.
    """

    left: Counter[str]
    plan: Plan | None


UNPLANNED = Trial(Counter({"": 1}), None)


class Trials:
    """
    Scenarios tried on the ground and work of a plan; the same one is never solved twice.

    Parameters
    ----------
    plan
        The plan whose scenario is relaxed. Relaxing changes no work.
    most
        Plans made at most (> 0).
    refutes
        Whether it is certain, without making a plan, that no bundles can keep the rules of a scenario.
    progress
        Called with a fraction (0-1) and a catalogue key; False ends the trials.
    """

    def __init__(
        self,
        plan: Plan,
        *,
        most: int = MOST_TRIALS,
        refutes: Callable[[Scenario], bool] = lambda scenario: False,
        progress: Progress | None = None,
    ) -> None:
        self._ground, self._work = plan.ground, plan.work
        self._refutes = refutes
        self._most = most
        self._allowed = most
        self._progress = progress
        self._known = {plan.scenario.fingerprint(): Trial(broken_counts(plan.broken), plan)}
        self._refuted: dict[str, bool] = {}
        self.count = 0
        self.is_cancelled = False
        # Rules that no relaxation mends; a plan that breaks no others is as good as any.
        self.goal: Counter[str] = Counter()

    def allow(self, share: float) -> None:
        """Let only a share (0-1) of the trials be used from now on, counted from the first; 1 frees the others."""
        self._allowed = round(share * self._most)

    def tried(self, original: Scenario, values: Mapping[Lever, Any]) -> Trial:
        """
        Return a scenario tried with the values of some levers put in.

        Raises
        ------
        EndOfTrialsError
            If the caller cancelled, or no more plans may be made.
        """
        try:
            scenario = relaxed(original, values)
        except GunmaneError:
            return UNPLANNED
        name = scenario.fingerprint()
        known = self._known.get(name)
        if known is None or (known.plan is None and known.left <= self.goal and known is not UNPLANNED):
            # One that was tried before the goal was known is made again: only plans that reach it are kept.
            known = self._known[name] = self._made(scenario)
            self._forget_oldest()
        return known

    def _forget_oldest(self) -> None:
        """Let go of the oldest plan beyond a bound; should it be asked for again, it is made again."""
        kept = [name for name, trial in self._known.items() if trial.plan is not None]
        if len(kept) > PLANS_KEPT:
            self._known[kept[0]] = dataclasses.replace(self._known[kept[0]], plan=None)

    def plan_that_holds(self, original: Scenario, values: Mapping[Lever, Any]) -> Plan | None:
        """
        Return the plan of a relaxed scenario where it breaks no other rules than no relaxation mends, else None.

        Raises
        ------
        EndOfTrialsError
            As `tried`.
        """
        if self._is_refuted(original, values):
            return None
        trial = self.tried(original, values)
        return trial.plan if trial.left <= self.goal else None

    def _is_refuted(self, original: Scenario, values: Mapping[Lever, Any]) -> bool:
        """Return whether a relaxed scenario needs no plan to show that its rules cannot hold."""
        if self.goal:
            return False
        try:
            scenario = relaxed(original, values)
            name = scenario.fingerprint()
            if name not in self._refuted:
                self._refuted[name] = name not in self._known and self._refutes(scenario)
        except GunmaneError:
            return True
        return self._refuted[name]

    def _made(self, scenario: Scenario) -> Trial:
        if self.count >= self._allowed or not self._tell(0.0):
            raise EndOfTrialsError
        try:
            trial = self._solved(scenario)
        except GunmaneError:
            return UNPLANNED
        finally:
            self.count += 1
        if self.is_cancelled:
            # The plan of a search that was cut short says nothing about the rules.
            raise EndOfTrialsError
        return trial

    def _solved(self, scenario: Scenario) -> Trial:
        """Return what `make_plan` gives for a scenario, the plan put together only where it is good enough."""
        ground, assumptions = self._ground, scenario_assumptions(scenario)
        window = work_window(scenario, assumptions)
        tasks = strand_tasks(self._work, scenario, ground, window, assumptions)
        groupings = [solve_strand(task.place, task.load, task.rules, progress=self._inner) for task in tasks]
        left = broken_counts(pd.concat([grouping.broken for grouping in groupings]))
        if not left <= self.goal:
            return Trial(left, None)
        strands = [
            as_strand(task.name, task.work, task.load, grouping)
            for task, grouping in zip(tasks, groupings, strict=True)
        ]
        plan = assemble_plan(
            scenario, ground, strands, groupings, work=self._work, window=window, alternatives=pd.DataFrame()
        )
        return Trial(left, plan)

    def _inner(self, fraction: float, _: str) -> bool:
        return self._tell(fraction)

    def _tell(self, part: float) -> bool:
        if self._progress is not None and not self.is_cancelled:
            fraction = min(1.0, (self.count + part) / self._most)
            self.is_cancelled = self._progress(fraction, PROGRESS_KEY) is False
        return not self.is_cancelled


def broken_counts(broken: pd.DataFrame) -> Counter[str]:
    """Return how many rules of each name a plan does not keep."""
    return Counter(broken["rule"].astype("str"))
