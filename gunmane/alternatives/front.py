"""What even work and uncrossed borders cost in travel: plans of which none is better in every respect."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from gunmane.alternatives.difference import Array
from gunmane.alternatives.figures import crossed_borders, made_plan, named_after, plan_figures
from gunmane.clusters import Grouping, Rules
from gunmane.plans import plan_labels, plan_tasks, scenario_assumptions
from gunmane.scenario import Note, Plan, Scenario
from gunmane.strands import Progress, Task

PROGRESS_KEY = "progress.trade_offs"
AIMS = ("travel_hours", "unevenness_ratio", "borders_crossed")
# Each plan of the front may spend this part of the moves of the plan.
BUDGET_SHARE = 2
# Borders are closed one after another, at most so many.
MOST_CLOSED = 6
DECIMALS = 6

Borders = Sequence[tuple[str, str]]


@dataclasses.dataclass(frozen=True, eq=False)
class Front:
    """
    Plans with as many bundles as one plan, from the least travel to the most even and the least crossing.

    Parameters
    ----------
    table
        Indexed by `point`, row 0 the plan itself, then from the least travel on: what it was searched with
        (`evenness_strength, keeps_whole_strength, may_cross_border, borders_open`, the last missing where all are),
        the figures `order_count, objective_hours` (by the plan's own rules), `travel_hours, unevenness_ratio`
        (`sum |work of a bundle - mean| / all work`), `borders_crossed, towns_divided, farthest_min, below_floor,
        borderline, above_ceiling, broken_count, window_excess`, and `is_dominated`: another point is no worse in
        travel, evenness, borders crossed and work window, and better in one of the first three.
    plans
        The plan of each row; the bundles are named after those of the plan itself.
    facts
        What must be said: that nothing is traded for anything, or that not crossing needs more bundles.
    is_cancelled
        Whether the search was ended early.
    """

    table: pd.DataFrame
    plans: tuple[Plan, ...]
    facts: tuple[Note, ...]
    is_cancelled: bool = False


@dataclasses.dataclass(frozen=True)
class Aim:
    """What one point of the front is searched with; no `open_borders` leaves the plan's own choice."""

    evenness: float = 0.0
    keeps_whole: float = 0.0
    open_borders: tuple[tuple[str, str], ...] | None = None

    def rules(self, task: Task, count: int) -> Rules:
        """Return the rules of a strand under this aim, with a given number of bundles."""
        own = task.rules
        soft = dataclasses.replace(own.soft, evenness=self.evenness, keeps_whole=self.keeps_whole)
        borders = own.open_borders if self.open_borders is None else self.open_borders
        return dataclasses.replace(
            own,
            soft=soft,
            bundle_count=count,
            open_borders=borders,
            may_cross_border=own.may_cross_border and borders != (),
            move_budget=own.move_budget // BUDGET_SHARE,
        )

    def scenario(self, plan: Plan) -> Scenario:
        """Return the choices that stand for this aim; the number of bundles only where there is one strand."""
        own = plan.scenario
        is_one = plan.assignment["strand"].nunique() == 1
        borders = own.open_borders if self.open_borders is None else self.open_borders
        return own.replace(
            evenness_strength=self.evenness,
            keeps_whole_strength=self.keeps_whole,
            bundle_count=len(plan.bundles) if is_one else own.bundle_count,
            open_borders=borders or None,
            may_cross_border=own.may_cross_border and borders != (),
        )


@dataclasses.dataclass(frozen=True, eq=False)
class _Point:
    aim: Aim | None
    plan: Plan
    groupings: tuple[Grouping, ...]
    figures: dict[str, float]


def trade_offs(plan: Plan, *, progress: Progress | None = None) -> Front:
    """
    Return plans that trade travel against evenness against borders crossed, with as many bundles as a plan.

    The plan is searched again with strengths of evenness and of whole municipalities (`trade_off_strength` of the
    assumptions, all three values), and with its crossed borders closed one after another, the one with least work
    behind it first. Every plan is judged by the rules of the given one; one that breaks more of them is left out.

    Parameters
    ----------
    plan
        The plan.
    progress
        Called with a fraction (0-1) and a catalogue key; False ends the search with what there is.
    """
    sweep = _Sweep(plan, progress)
    for aim in sweep.strengths():
        sweep.search(aim)
    sweep.close_borders()
    return _front(sweep)


class _Sweep:
    """The points found so far, and what the next one is searched from."""

    def __init__(self, plan: Plan, progress: Progress | None) -> None:
        self.plan = plan
        self.tasks = plan_tasks(plan)
        self.labels = plan_labels(plan)
        own = tuple(
            named_after(task.judged(self.labels[task.name]), self.labels[task.name], task.load["measure"])
            for task in self.tasks
        )
        self.points = [_Point(None, plan, own, _figures(plan, own))]
        self.needs_more_bundles = False
        self.is_cancelled = False
        self._progress = progress
        self._known = {_name(own)}
        values = scenario_assumptions(plan.scenario)
        self.levels = [values.value("trade_off_strength", level) for level in ("low", "central", "high")]
        self._asked = 0
        self._all = 6 + 2 * min(MOST_CLOSED, len(crossed_borders(plan)))

    def strengths(self) -> Iterator[Aim]:
        """Return the aims that leave the borders as they are."""
        middle = self.levels[1]
        yield Aim()
        yield from (Aim(evenness=level) for level in self.levels)
        yield Aim(keeps_whole=middle)
        yield Aim(evenness=middle, keeps_whole=middle)

    def close_borders(self) -> None:
        """Close the borders that are crossed, one after another, the one with the least work behind it first."""
        here: _Point | None = self.points[0]
        while here is not None:
            plan = here.plan
            crossed = crossed_borders(plan)
            behind = {pair: _work_behind(plan, pair) for pair in crossed}
            order = sorted(behind, key=lambda pair: (behind[pair], pair))
            here = self._closed_one(crossed, order)

    def _closed_one(self, crossed: Borders, order: Borders) -> _Point | None:
        for pair in order:
            if self.is_cancelled or self._asked >= self._all:
                return None
            left = tuple(other for other in crossed if other != pair)
            found = self.search(Aim(open_borders=left))
            if found is not None:
                self.search(Aim(evenness=self.levels[1], open_borders=left))
                return found
        return None

    def search(self, aim: Aim) -> _Point | None:
        """Search one point and keep it if it is new; None where the rules or the number of bundles do not hold."""
        if self.is_cancelled:
            return None
        starts = [self.points[0], self.points[-1]]
        found = []
        for i, task in enumerate(self.tasks):
            own = self.points[0].groupings[i]
            rules = aim.rules(task, len(own.bases))
            reached = task.grouped(rules, starts=[point.groupings[i].labels for point in starts])
            self.needs_more_bundles |= aim.open_borders is not None and len(reached.bases) > len(own.bases)
            found.append(task.judged(reached.labels) if _is_kept(reached, own) else reached)
        self._tell()
        pairs = zip(found, self.points[0].groupings, strict=True)
        if not all(_is_kept(mine, own) for mine, own in pairs):
            return None
        named = tuple(
            named_after(own, self.labels[task.name], task.load["measure"])
            for own, task in zip(found, self.tasks, strict=True)
        )
        return self._keep(aim, named)

    def _tell(self) -> None:
        self._asked += 1
        if self._progress is not None:
            part = min(1.0, self._asked / self._all)
            self.is_cancelled = self._progress(part, PROGRESS_KEY) is False

    def _keep(self, aim: Aim, groupings: tuple[Grouping, ...]) -> _Point:
        name = _name(groupings)
        if name in self._known:
            return next(point for point in self.points if _name(point.groupings) == name)
        self._known.add(name)
        made = made_plan(
            self.plan,
            self.tasks,
            groupings,
            scenario=aim.scenario(self.plan),
            notes=(Note.of("trade_off_plan"),),
        )
        self.points.append(_Point(aim, made, groupings, _figures(made, groupings)))
        return self.points[-1]


def _is_kept(found: Grouping, own: Grouping) -> bool:
    """Return whether a strand has as many bundles and breaks no more rules, and by no more, than in the plan."""
    keeps = all(here <= there for here, there in zip(found.key[:2], own.key[:2], strict=True))
    return keeps and len(found.bases) == len(own.bases)


def _name(groupings: Sequence[Grouping]) -> bytes:
    return b"".join(found.labels.to_numpy().tobytes() for found in groupings)


def _figures(plan: Plan, groupings: Sequence[Grouping]) -> dict[str, float]:
    return {**plan_figures(plan, groupings), "window_excess": sum(found.key[2] for found in groupings)}


def _work_behind(plan: Plan, pair: tuple[str, str]) -> float:
    """Return the work that would part if a border were closed: in each bundle that of the smaller side."""
    town = plan.assignment["unit_id"].map(plan.ground.units["muni_code"])
    home = plan.assignment.assign(town=town)[town.isin(pair)]
    column = "annual_jpy" if plan.window["measure"] == "jpy" else "pieces"
    work = plan.work.groupby("unit_id")[column].sum()
    size = home.assign(work=home["unit_id"].map(work).fillna(0.0))
    sides = size.groupby(["bundle_id", "town"])["work"].sum().unstack(fill_value=0.0)
    return float(sides.min(axis=1).sum()) if sides.shape[1] == 2 else 0.0


def _front(sweep: _Sweep) -> Front:
    first, *others = sweep.points
    points = [first, *sorted(others, key=lambda point: tuple(point.figures[aim] for aim in AIMS))]
    table = pd.DataFrame(
        [{**_searched_with(point), **point.figures} for point in points],
        index=pd.RangeIndex(len(points), name="point"),
    )
    table["is_dominated"] = dominated(table[[*AIMS, "window_excess"]].to_numpy(dtype="float64"))
    plans = tuple(point.plan for point in points)
    facts = front_facts(table, needs_more_bundles=sweep.needs_more_bundles)
    return Front(table, plans, facts, sweep.is_cancelled)


def front_facts(table: pd.DataFrame, *, needs_more_bundles: bool) -> tuple[Note, ...]:
    """
    Return what a reader of the front must know: whether anything is better than the plan itself, and what is missing.

    Parameters
    ----------
    table
        The points as in `Front.table`; the plan is the first.
    needs_more_bundles
        Whether closing a border took more bundles than the plan has.
    """
    facts = []
    if table["is_dominated"].iloc[0]:
        facts.append(Note.of("trade_offs_better", count=_better_than_first(table)))
    elif int((~table["is_dominated"]).sum()) == 1:
        facts.append(Note.of("trade_offs_none"))
    if needs_more_bundles:
        facts.append(Note.of("trade_offs_need_more_bundles", count=int(table["borders_crossed"].min())))
    return tuple(facts)


def _better_than_first(table: pd.DataFrame) -> int:
    """Return how many points beat the first: worse in nothing, better in something."""
    figures = table[[*AIMS, "window_excess"]].to_numpy(dtype="float64")
    return sum(bool(dominated(figures[[0, i]])[0]) for i in range(1, len(figures)))


def _searched_with(point: _Point) -> dict[str, object]:
    choices = point.plan.scenario
    return {
        "evenness_strength": choices.evenness_strength,
        "keeps_whole_strength": choices.keeps_whole_strength,
        "may_cross_border": choices.may_cross_border,
        "borders_open": np.nan if choices.open_borders is None else len(choices.open_borders),
    }


def dominated(values: Array) -> Array:
    """
    Return which rows another row dominates.

    Parameters
    ----------
    values
        A row a plan: what shall be small, and in the last column what a plan that dominates may not have more of.
    """
    tidy: Array = np.round(values, DECIMALS)
    is_no_worse = np.all(tidy[None, :, :] <= tidy[:, None, :], axis=2)
    is_better = np.any(tidy[None, :, :-1] < tidy[:, None, :-1], axis=2)
    return np.any(is_no_worse & is_better, axis=1)
