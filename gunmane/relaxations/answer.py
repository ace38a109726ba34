"""The answer to "why not": facts by name, and relaxations that were each tried by making their plan."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pandas as pd

from gunmane.plans import plan_tasks
from gunmane.relaxations.against import COLUMNS, old_breaks, places_needing
from gunmane.relaxations.facts import is_refuted, rule_facts, unreached_facts
from gunmane.relaxations.in_force import levers_of
from gunmane.relaxations.levers import Lever, switch
from gunmane.relaxations.search import LARGEST_SET, Set, SetSearch
from gunmane.relaxations.tighten import Tightening
from gunmane.relaxations.trials import MOST_TRIALS, EndOfTrialsError, Trials, broken_counts
from gunmane.relaxations.words import conflict_note, rule_names
from gunmane.scenario import Note, Plan, Scenario
from gunmane.strands import Progress, Task
from gunmane.window import Window

# Part of the trials that looks for sets; the rest brings them to their least.
SEARCH_SHARE = 0.6
# How much longer a search may be that shows whether the rules hold after all.
LONGER = 4
COSTS = ("travel_hours", "order_count", "farthest_min")
VERDICTS = {"below": "below_floor", "above": "above_ceiling", "borderline": "borderline"}


@dataclasses.dataclass(frozen=True)
class Change:
    """
    One choice that a relaxation sets otherwise.

    Parameters
    ----------
    field
        Field of `Scenario`, "side_windows.floor" and the like for a part of one, or the key of an assumption.
    before, after
        What stood there (for a list: the entry) and what stands there now (None: given up; for borders: all open).
    where
        Ids of units or codes of municipalities where the plan needs it; empty where that is nowhere in particular.
    column
        For a side window: what it measures.
    amount
        How much of the rule is given up: relative for a number, 1 for a rule given up wholly.
    """

    field: str
    before: Any
    after: Any
    where: tuple[str, ...] = ()
    column: str = ""
    amount: float = 0.0


@dataclasses.dataclass(frozen=True, eq=False)
class Relaxation:
    """
    A set of changes of which none can be left out, with the plan that it gives.

    Parameters
    ----------
    changes
        What is set otherwise.
    scenario, plan
        The choices with the changes, and the plan that `make_plan` makes of them (without neighbouring numbers).
    size
        Number of changes, then the sum of their amounts: smaller is milder.
    costs
        What changes against the plan that was asked about: `COSTS` of `Plan.totals`, and `below_floor, above_ceiling,
        borderline`: bundles by their verdict against the window as it was.
    """

    changes: tuple[Change, ...]
    scenario: Scenario
    plan: Plan
    size: tuple[int, float]
    costs: dict[str, float]

    @property
    def left(self) -> pd.DataFrame:
        """Rules that its plan does not keep, as `Plan.broken`; empty where it mends everything."""
        return self.plan.broken


@dataclasses.dataclass(frozen=True, eq=False)
class WhyNot:
    """
    What stands against the rules of a plan, and what would mend it.

    Parameters
    ----------
    facts
        Notes under `whynot.fact`, never empty.
    relaxations
        The mildest first; empty where the rules hold, or where no relaxation changes anything.
    plan
        The plan that was asked about.
    trials
        Plans that were made.
    is_complete
        False where the caller cancelled or the trials were used up before the smallest sets were sure.
    """

    facts: tuple[Note, ...]
    relaxations: tuple[Relaxation, ...]
    plan: Plan
    trials: int = 0
    is_complete: bool = True


def why_not(
    plan: Plan, *, most: int = 5, most_trials: int = MOST_TRIALS, progress: Progress | None = None
) -> WhyNot:
    """
    Say what stands against the rules of a plan, and the smallest relaxations after which they hold.

    Every relaxation is true: its plan was made from its scenario, and breaks nothing but what no relaxation mends.
    Sets of one change come first; two and more are looked for only where no single one suffices.

    Parameters
    ----------
    plan
        A made plan.
    most
        Relaxations wanted at most (> 0).
    most_trials
        Plans made at most (> 0).
    progress
        Called with a fraction (0-1) and a catalogue key; False ends with what was found so far.

    Returns
    -------
    answer
        Facts, and relaxations; where not everything can be mended the best that can, with what stays broken.
    """
    facts = (*unreached_facts(plan), *rule_facts(plan.scenario, plan.ground, plan.work))
    if plan.broken.empty:
        return WhyNot((Note.of("all_kept"), *facts), (), plan)

    def refutes(scenario: Scenario) -> bool:
        return is_refuted(rule_facts(scenario, plan.ground, plan.work))

    trials = Trials(plan, most=most_trials, refutes=refutes, progress=progress)
    question = _Question(plan, most=most, trials=trials)
    question.answer()
    if progress is not None:
        progress(1.0, "progress.ready")
    # A change that turned out idle can leave a smaller set than those beside it.
    fewest = min((known.size[0] for known in question.relaxations), default=0)
    found = sorted(
        (known for known in question.relaxations if known.size[0] == fewest), key=lambda known: known.size
    )
    return WhyNot(
        (*facts, *question.notes()), tuple(found[:most]), plan, question.trials.count, question.is_complete
    )


class _Question:
    """One plan with its levers, and what was found for it."""

    def __init__(self, plan: Plan, *, most: int, trials: Trials) -> None:
        self._plan = plan
        self._most = most
        self._tasks: Sequence[Task] = plan_tasks(plan)
        self._breaks = plan.broken.reindex(columns=list(COLUMNS), fill_value="")
        self._conflicts: list[list[Lever]] = []
        self._is_longer = False
        self.trials = trials
        self.levers = levers_of(plan)
        self.relaxations: list[Relaxation] = []
        self.is_complete = True

    def answer(self) -> None:
        """Fill `relaxations`; whatever ends the trials, what was found until then stays."""
        try:
            sets = self._longer() or self._sets()
        except EndOfTrialsError:
            self.is_complete, sets = False, []
        self.trials.allow(1.0)
        for levers in sets:
            self._take(levers)

    def notes(self) -> list[Note]:
        """Return what the search itself has to tell."""
        notes = [conflict_note(levers, self._plan.ground) for levers in self._conflicts[: self._most]]
        if self._is_longer:
            notes.append(Note.of("longer_suffices", moves=self._plan.scenario.move_budget * LONGER))
        if self.trials.is_cancelled:
            notes.append(Note.of("search_cancelled", trials=self.trials.count))
        elif not self.is_complete:
            notes.append(Note.of("search_bounded", trials=self.trials.count))
        if not self.relaxations and self.is_complete:
            notes.append(Note.of("nothing_mends", **rule_names(broken_counts(self._plan.broken))))
        elif self.trials.goal:
            notes.append(Note.of("mends_in_part", **rule_names(self.trials.goal)))
        return notes

    def _longer(self) -> list[list[Lever]]:
        """Return the lever that searches longer, alone, where the rules hold after all."""
        scenario = self._plan.scenario
        longer = switch("move_budget", "move_budget", scenario.move_budget * LONGER, scenario)
        self._is_longer = self._holds([longer])
        return [[longer]] if self._is_longer else []

    def _sets(self) -> list[list[Lever]]:
        """Return the smallest sets of levers that mend all that any lever mends."""
        if not self.levers:
            return []
        broken = broken_counts(self._plan.broken)
        self.trials.goal = self._tried(self.levers)
        if self.trials.goal[""] or self.trials.goal.total() >= broken.total():
            self.trials.goal = Counter()
            return self._best_alone(broken)
        held: list[Set] = [frozenset(range(len(self.levers)))]

        def holds(chosen: Set) -> bool:
            is_held = self._holds([self.levers[i] for i in sorted(chosen)])
            if is_held:
                held.append(chosen)
            return is_held

        names = sorted(frozenset().union(*(lever.frees for lever in self.levers)), key=self._first)
        number = {name: i for i, name in enumerate(names)}
        frees = [frozenset(number[name] for name in lever.frees) for lever in self.levers]
        search = SetSearch(frees, holds, most=self._most)
        self.trials.allow(SEARCH_SHARE)
        try:
            search.run()
        except EndOfTrialsError:
            self.is_complete = False
        self._conflicts = [[self._alone(names[rule]) for rule in sorted(c)] for c in search.conflicts]
        sets = search.sets or [min(held, key=lambda chosen: (len(chosen), sorted(chosen)))]
        if self.trials.is_cancelled:
            # What was not yet narrowed down is no advice.
            sets = [chosen for chosen in sets if len(chosen) <= LARGEST_SET]
        return [[self.levers[i] for i in sorted(chosen)] for chosen in sets]

    def _first(self, name: str) -> int:
        return next(i for i, lever in enumerate(self.levers) if name in lever.frees)

    def _alone(self, name: str) -> Lever:
        """Return the lever that frees one rule and no other."""
        return next(lever for lever in self.levers if lever.frees == {name})

    def _best_alone(self, broken: Counter[str]) -> list[list[Lever]]:
        """Return the one lever that leaves least broken, where pulling all of them mends nothing."""
        trials = [(self._tried([lever]), lever) for lever in self.levers]
        left, lever = min(trials, key=lambda trial: (trial[0][""], trial[0].total()))
        if left[""] or left.total() >= broken.total():
            self.trials.goal = broken
            return []
        self.trials.goal = left
        return [[lever]]

    def _tried(self, levers: Sequence[Lever]) -> Counter[str]:
        """Return what is left broken when levers are pulled as far as they go."""
        return self.trials.tried(self._plan.scenario, {lever: lever.loosest for lever in levers}).left

    def _holds(self, levers: Sequence[Lever]) -> bool:
        pulled = {lever: lever.loosest for lever in levers}
        return self.trials.plan_that_holds(self._plan.scenario, pulled) is not None

    def _take(self, levers: Sequence[Lever]) -> None:
        """Bring a set to its least and keep it, unless the same choices are there already."""
        try:
            least = Tightening(levers, self._plan.scenario, self._tasks, self.trials, breaks=self._breaks)
        except EndOfTrialsError:
            self.is_complete = False
            return
        least.run()
        self.is_complete &= least.is_complete
        if all(known.scenario != least.scenario for known in self.relaxations):
            self.relaxations.append(self._relaxation(least))

    def _relaxation(self, least: Tightening) -> Relaxation:
        breaks = old_breaks(self._tasks, least.plan)
        changes = tuple(
            Change(
                field=lever.field,
                before=lever.before,
                after=value,
                where=places_needing(lever, breaks, least.plan),
                column=lever.column,
                amount=round(lever.amount(value), 6),
            )
            for lever, value in least.values.items()
        )
        was, now = (_figures(plan, Window(**self._plan.window)) for plan in (self._plan, least.plan))
        return Relaxation(
            changes=changes,
            scenario=least.scenario,
            plan=least.plan,
            size=(len(changes), round(sum(change.amount for change in changes), 6)),
            costs={name: now[name] - was[name] for name in was},
        )


def _figures(plan: Plan, window: Window) -> dict[str, float]:
    """Return the figures of a plan that relaxing may cost, its bundles held against one window."""
    names = ("annual_jpy_low", "annual_jpy", "annual_jpy_high")
    columns = names if window.measure == "jpy" else ("structure_count",) * 3
    ends = [plan.bundles[column].astype("float64") for column in columns]
    verdicts = Counter(window.verdict(*row) for row in zip(*ends, strict=True))
    sizes = {name: float(verdicts[verdict]) for verdict, name in VERDICTS.items()}
    return {**{name: float(plan.totals[name]) for name in COSTS}, **sizes}
