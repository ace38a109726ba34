"""Plans that are nearly as good as a plan and differ from it and each other as much as possible."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from gunmane.alternatives.difference import Array, difference_table, most_different
from gunmane.alternatives.figures import made_plan, named_after, plan_figures
from gunmane.alternatives.pool import near_pool
from gunmane.clusters import Grouping
from gunmane.plans import plan_labels, plan_tasks, scenario_assumptions
from gunmane.scenario import Note, Plan
from gunmane.strands import Progress, Task, counts_beside

PROGRESS_KEY = "progress.alternatives"
MOVED_COLUMNS = ("alternative", "strand", "unit_id", "bundle_id", "to_bundle_id", "measure")


@dataclasses.dataclass(frozen=True, eq=False)
class Alternatives:
    """
    Plans nearly as good as one plan.

    Parameters
    ----------
    table
        Indexed by `alternative`, row 0 the plan itself, then the alternatives from the least objective on:
        `order_count, objective_hours, travel_hours, objective_change_ratio` (of the objective, 0.02 is two per cent
        more), `farthest_min, below_floor, borderline, above_ceiling, unevenness_ratio, borders_crossed,
        towns_divided, broken_count, difference_ratio` (share of the work in another bundle than in the plan),
        `nearest_ratio` (the same against the most similar other row) and `moved_units` (units with work that are
        in another bundle than in the plan).
    plans
        The plan of each row, the first the plan itself; the bundles of an alternative are named after those of the
        plan that they share most work with.
    moved
        One row a unit with work that an alternative puts elsewhere: `alternative, strand, unit_id, bundle_id` (the
        plan's), `to_bundle_id, measure`.
    margin_ratio
        Hours that an alternative may need more, as a share of the plan's.
    facts
        What must be said: that there are none, or fewer than asked for, or one better than the plan.
    is_cancelled
        Whether the search was ended early.
    """

    table: pd.DataFrame
    plans: tuple[Plan, ...]
    moved: pd.DataFrame
    margin_ratio: float
    facts: tuple[Note, ...]
    is_cancelled: bool = False


def near_optimal(
    plan: Plan, *, count: int = 5, margin_ratio: float | None = None, progress: Progress | None = None
) -> Alternatives:
    """
    Return plans that keep the rules as well as a plan, cost little more, and differ as much as possible.

    An alternative breaks no more rules and by no more, lies as well in the work window, has as many bundles, and its
    objective is within the margin. Every strand is varied at once and keeps these bounds by itself; where a strand
    has fewer alternatives than another, it stays as it is in the later ones.

    Parameters
    ----------
    plan
        The plan.
    count
        Alternatives at most (>= 1). Fewer are returned where fewer are found that differ enough
        (`alternative_difference_ratio` of the assumptions); `facts` then says so.
    margin_ratio
        Objective (hours a year) that an alternative may have more, as a share (>= 0); None takes the assumption
        `alternative_margin_ratio`.
    progress
        Called with a fraction (0-1) and a catalogue key; False ends the search with what there is.

    Raises
    ------
    ValueError
        If `count` is below 1 or `margin_ratio` negative.
    """
    if count < 1 or (margin_ratio is not None and not margin_ratio >= 0):
        msg = f"count must be >= 1 and margin_ratio >= 0, not {count} and {margin_ratio}"
        raise ValueError(msg)
    assumptions = scenario_assumptions(plan.scenario)
    margin = assumptions.value("alternative_margin_ratio") if margin_ratio is None else margin_ratio
    least = assumptions.value("alternative_difference_ratio")
    say = _Told(progress)
    tasks, labels = plan_tasks(plan), plan_labels(plan)
    chosen = []
    for i, task in enumerate(tasks):
        with_part = say.part(i, len(tasks))
        chosen.append(
            near_groupings(
                task, labels[task.name], count=count, margin_ratio=margin, least=least, say=with_part
            )
        )
    rows = _joined_strands(chosen)
    return _described(plan, tasks, rows, count=count, margin_ratio=margin, is_cancelled=say.is_cancelled)


class _Told:
    """Hands fractions of parts on as fractions of the whole, and keeps whether the caller ended it."""

    def __init__(self, progress: Progress | None) -> None:
        self._progress = progress
        self.is_cancelled = False

    def part(self, number: int, of: int) -> Callable[[float], bool]:
        def say(fraction: float) -> bool:
            if self._progress is not None and self._progress((number + fraction) / of, PROGRESS_KEY) is False:
                self.is_cancelled = True
            return not self.is_cancelled

        return say


def near_groupings(
    task: Task,
    labels: pd.Series,
    *,
    count: int,
    margin_ratio: float,
    least: float,
    say: Callable[[float], bool] = lambda fraction: True,
) -> list[Grouping]:
    """
    Return the given bundles of a strand judged, and after them up to `count` alternatives, the most different first.

    Parameters
    ----------
    task
        The strand.
    labels
        Bundle of each unit in the plan.
    count
        Alternatives at most.
    margin_ratio
        Objective that an alternative may have more, as a share.
    least
        Share of the work by which two must differ at least.
    say
        Called with the part done (0-1); False ends the search.
    """
    pool = near_pool(task, labels, margin_ratio=margin_ratio, say=say)
    weight = task.load["measure"].reindex(pool[0].labels.index)
    # Where two choices are as different, the one with the better objective comes first.
    ordered = [pool[0], *sorted(pool[1:], key=lambda found: (found.key, found.labels.tolist()))]
    table = difference_table([found.labels.to_numpy() for found in ordered], weight.to_numpy(dtype="float64"))
    rows = most_different(table, count, least=least)
    return [named_after(ordered[row], labels, weight) for row in (0, *rows)]


def _joined_strands(chosen: Sequence[Sequence[Grouping]]) -> list[list[Grouping]]:
    """Return the strands of every plan: first the plan itself, then each alternative from the best objective on."""
    longest = max(len(strand) for strand in chosen)
    rows = [[strand[i] if i < len(strand) else strand[0] for strand in chosen] for i in range(longest)]
    return [rows[0], *sorted(rows[1:], key=lambda row: sum(found.key[4] for found in row))]


def _described(
    plan: Plan,
    tasks: Sequence[Task],
    rows: Sequence[Sequence[Grouping]],
    *,
    count: int,
    margin_ratio: float,
    is_cancelled: bool,
) -> Alternatives:
    weight = _weights(tasks, rows[0])
    table = difference_table([_numbers(row) for row in rows], weight.to_numpy())
    plans: list[Plan] = [plan]
    figures = [plan_figures(plan, rows[0])]
    for i, row in enumerate(rows[1:], start=1):
        change = _change(rows[0], row)
        note = Note.of(
            "alternative_plan",
            number=i,
            change=_signed_percent(change),
            difference=_percent(float(table[i, 0])),
        )
        plans.append(made_plan(plan, tasks, row, notes=(note,)))
        figures.append(plan_figures(plans[-1], row))
    moved = _moved(plans, weight)
    away = np.where(np.eye(len(rows), dtype=bool), np.inf, table).min(axis=1, initial=np.inf)
    described = pd.DataFrame(figures, index=pd.RangeIndex(len(rows), name="alternative")).assign(
        objective_change_ratio=[_change(rows[0], row) for row in rows],
        difference_ratio=table[:, 0],
        nearest_ratio=np.where(np.isfinite(away), away, np.nan),
        moved_units=[int((moved["alternative"] == i).sum()) for i in range(len(rows))],
    )
    facts = _facts(described, count, margin_ratio)
    return Alternatives(described, tuple(plans), moved, margin_ratio, facts, is_cancelled)


def _change(best: Sequence[Grouping], row: Sequence[Grouping]) -> float:
    before, after = (sum(found.key[4] for found in strands) for strands in (best, row))
    return after / before - 1 if before else 0.0


def _weights(tasks: Sequence[Task], groupings: Sequence[Grouping]) -> pd.Series:
    """Return the work of each unit of each strand, indexed by strand and unit."""
    return pd.concat(
        {
            task.name: task.load["measure"].reindex(found.labels.index).astype("float64")
            for task, found in zip(tasks, groupings, strict=True)
        },
        names=["strand", "unit_id"],
    )


def _numbers(row: Sequence[Grouping]) -> Array:
    """Return the bundles of all strands as one array; no bundle belongs to two strands."""
    parts, start = [], 0
    for found in row:
        parts.append(found.labels.to_numpy() + start)
        start += int(found.labels.max()) + 1
    return np.concatenate(parts)


def _moved(plans: Sequence[Plan], weight: pd.Series) -> pd.DataFrame:
    home = plans[0].assignment.set_index(["strand", "unit_id"])["bundle_id"]
    measure = weight[weight > 0]
    tables = []
    for i, other in enumerate(plans[1:], start=1):
        there = other.assignment.set_index(["strand", "unit_id"])["bundle_id"].reindex(measure.index)
        here = home.reindex(measure.index)
        rows = pd.DataFrame({"bundle_id": here, "to_bundle_id": there, "measure": measure})
        tables.append(rows[rows["bundle_id"] != rows["to_bundle_id"]].reset_index().assign(alternative=i))
    if not tables:
        return pd.DataFrame({name: [] for name in MOVED_COLUMNS})
    return pd.concat(tables, ignore_index=True)[list(MOVED_COLUMNS)]


def _facts(table: pd.DataFrame, count: int, margin_ratio: float) -> tuple[Note, ...]:
    found = len(table) - 1
    facts = []
    if found == 0:
        facts.append(Note.of("alternatives_none", margin=_percent(margin_ratio)))
    elif found < count:
        facts.append(Note.of("alternatives_fewer", count=found, asked=count, margin=_percent(margin_ratio)))
    best = float(table["objective_change_ratio"].min())
    if round(-100 * best, 1) > 0:
        facts.append(Note.of("alternative_better", change=_percent(-best)))
    return tuple(facts)


def _percent(ratio: float) -> str:
    return f"{round(100 * ratio, 1):g}"


def _signed_percent(ratio: float) -> str:
    return f"{100 * ratio:+.1f}"


def neighbouring_counts(plan: Plan) -> pd.DataFrame:
    """
    Return what one bundle fewer and one more would give, strand by strand.

    Returns
    -------
    counts
        `strand, bundle_count, travel_hours, farthest_min, below_floor, above_ceiling, broken_count, is_chosen`; plans
        with different numbers of bundles are not ranked by their hours.
    """
    labels = plan_labels(plan)
    tables = [counts_beside(task, task.judged(labels[task.name])) for task in plan_tasks(plan)]
    return pd.concat(tables, ignore_index=True)
