"""A plan solved again for one draw."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pandas as pd

from gunmane.clusters import Grouping
from gunmane.plans import plan_labels, scenario_assumptions
from gunmane.robustness.amounts import Amounts, drawn_work, take_amounts
from gunmane.robustness.draws import Ranges, take_ranges
from gunmane.robustness.roads import Roads, drawn_minutes, scaled_minutes, take_roads
from gunmane.scenario import Ground, Plan, Scenario
from gunmane.strands import Task, solve_strand, strand_tasks
from gunmane.window import work_window
from gunmane.workload import road_prices

Labels = npt.NDArray[np.int32]
# From the plan's own bundles the way to the best of a draw is short, so a part of the moves is enough.
NEAR_BUDGET_SHARE = 4


@dataclasses.dataclass(frozen=True, eq=False)
class Stock:
    """
    All that draws of one plan need, taken once and handed to each worker once.

    Parameters
    ----------
    scenario
        The plan's.
    ground
        The plan's, without what draws do not read (assets, shares, road lines).
    ranges, amounts
        What is drawn, and the work that it changes.
    roads
        The roads that are driven at drawn speeds; None where all minutes change by one part.
    labels
        The plan's bundle of each unit, by strand.
    seed
        Seed of the draws.
    keeps_count
        Whether each strand keeps the plan's number of bundles.
    """

    scenario: Scenario
    ground: Ground
    ranges: Ranges
    amounts: Amounts
    roads: Roads | None
    labels: dict[str, pd.Series]
    seed: int
    keeps_count: bool = False


def take_stock(plan: Plan, seed: int | None = None, *, keeps_count: bool = False) -> Stock:
    """Return what draws of a plan need; without a seed they take the scenario's."""
    scenario, ground = plan.scenario, plan.ground
    assumptions = scenario_assumptions(scenario)
    amounts = take_amounts(scenario, ground, assumptions)
    prices = road_prices(ground.region, assumptions)
    light = dataclasses.replace(
        ground,
        assets=ground.assets.iloc[:0],
        rejects=ground.rejects.iloc[:0],
        roads=ground.roads.iloc[:0],
        shares=ground.shares.iloc[:0],
        references={},
    )
    return Stock(
        scenario=scenario,
        ground=light,
        ranges=take_ranges(scenario, assumptions, prices, amounts.assets),
        amounts=amounts,
        roads=take_roads(ground),
        labels=plan_labels(plan),
        seed=scenario.seed if seed is None else seed,
        keeps_count=keeps_count,
    )


def solve_draw(
    stock: Stock, number: int, goes_on: Callable[[], bool] = lambda: True
) -> dict[str, Labels] | None:
    """
    Solve a plan again for one draw.

    Parameters
    ----------
    stock
        The plan.
    number
        Number of the draw: what is drawn depends on it and the seed only.
    goes_on
        Asked during the search; False ends it.

    Returns
    -------
    labels
        Bundle of each unit by strand, in the order of `stock.labels`; None where the search was ended.

    Raises
    ------
    ScenarioError
        If the drawn rows contradict the user's choices.
    """
    labels = {}
    for task in drawn_tasks(stock, number):
        start = stock.labels[task.name]
        found = better_of_both(task, start, goes_on)
        if found is None:
            return None
        labels[task.name] = found.labels.loc[start.index].to_numpy(np.int32)
    return labels


def drawn_tasks(stock: Stock, number: int) -> list[Task]:
    """
    Return the strands of a plan as one draw has them: with its work, minutes, window and limits.

    Raises
    ------
    ScenarioError
        If the drawn rows contradict the user's choices.
    """
    draw = stock.ranges.drawn(stock.seed, number)
    work = drawn_work(stock.amounts, draw)
    if stock.roads is None:
        minutes = scaled_minutes(stock.ground.travel_min, draw.assumptions)
    else:
        minutes = drawn_minutes(stock.roads, draw.assumptions)
    ground = dataclasses.replace(stock.ground, travel_min=minutes)
    window = work_window(stock.scenario, draw.assumptions)
    tasks = strand_tasks(work, stock.scenario, ground, window, draw.assumptions)
    return [
        _with_count(task, stock.labels[task.name].nunique()) if stock.keeps_count else task for task in tasks
    ]


def _with_count(task: Task, count: int) -> Task:
    return dataclasses.replace(task, rules=dataclasses.replace(task.rules, bundle_count=count))


def better_of_both(task: Task, start: pd.Series, goes_on: Callable[[], bool]) -> Grouping | None:
    """
    Solve a strand afresh, and from the plan's bundles; the better of both is the draw's.

    Afresh alone, two searches that end in different but equally good bundles would make every border look fragile;
    from the plan alone, a search that does not find out of its start would make every border look firm.
    """

    def tell(*_: object) -> bool:
        return goes_on()

    near = dataclasses.replace(task.rules, move_budget=task.rules.move_budget // NEAR_BUDGET_SHARE)
    from_plan = solve_strand(task.place, task.load, near, starts=[start], progress=tell)
    afresh = solve_strand(task.place, task.load, task.rules, progress=tell)
    return min((from_plan, afresh), key=lambda found: found.key) if goes_on() else None
