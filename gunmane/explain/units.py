"""Why a unit lies in its bundle, and what moving it would change."""

from __future__ import annotations

import dataclasses
from collections import Counter
from typing import Any

import pandas as pd

from gunmane.clusters import Problem, Verdict, judge, make_problem
from gunmane.errors import PlanError
from gunmane.explain.frame import WORK_SUMS, YEN, Frame, bundle_number, strand_frame, touching
from gunmane.scenario import Plan

MOVES_SHOWN = 4


@dataclasses.dataclass(frozen=True, eq=False)
class UnitReasons:
    """
    Why a unit lies in its bundle.

    Parameters
    ----------
    unit_id, name, muni_code, bundle_id
        What and where.
    base_min
        Minutes one way from its bundle's base; NaN where the base is not known, infinite where no road leads.
    is_base, is_apart
        Whether the base stands in it; whether it lies off the main road network.
    crew_days
        Trips from the base a year.
    work
        One row a body and sector: yen with range, `onsite_hours, pieces, grade_e_jpy`.
    moves
        What moving it would change, as `move_prices`.
    """

    unit_id: str
    name: str
    muni_code: str
    bundle_id: str
    base_min: float
    is_base: bool
    is_apart: bool
    crew_days: float
    work: pd.DataFrame
    moves: pd.DataFrame


def explain_unit(plan: Plan, unit_id: str, *, strand: str = "") -> UnitReasons:
    """
    Say why a unit lies in its bundle, and what moving it would change.

    Parameters
    ----------
    plan
        The plan.
    unit_id
        The unit.
    strand
        Where fields or bodies are planned apart: which of them.

    Raises
    ------
    PlanError
        If the plan has no such strand, or no such unit in it.
    """
    frame = strand_frame(plan, strand)
    if unit_id not in frame.bundle_of.index:
        raise PlanError("unit_not_planned", unit=unit_id)
    unit = frame.place.units.loc[unit_id]
    bundle_id = str(frame.bundle_of[unit_id])
    base = frame.base_of(bundle_id)
    own = frame.work[frame.work["unit_id"] == unit_id]
    return UnitReasons(
        unit_id=unit_id,
        name=str(unit["name"]),
        muni_code=str(unit["muni_code"]),
        bundle_id=bundle_id,
        base_min=frame.minutes(base, unit_id),
        is_base=base == unit_id,
        is_apart=int(unit["component"]) != 0,
        crew_days=float(frame.load.at[unit_id, "crew_days"]),
        work=own.groupby(["owner_code", "sector"], as_index=False)[WORK_SUMS].sum(),
        moves=move_prices(frame, unit_id),
    )


def move_prices(frame: Frame, unit_id: str) -> pd.DataFrame:
    """
    Return what moving a unit to other bundles would change, the nearest base first.

    Every other base stays where it is; the base of the unit's own bundle moves only if it stands in the unit.

    Returns
    -------
    moves
        `bundle_id, base_min` (minutes one way from that bundle's base), `is_adjacent` (a road leads from the unit
        into it), `travel_hours_change` (hours/year, whole strand), `verdict_here, verdict_there` (window verdicts
        after the move), `breaks, mends` (rules). Empty where no base is known.
    """
    columns = [
        "bundle_id",
        "base_min",
        "is_adjacent",
        "travel_hours_change",
        "verdict_here",
        "verdict_there",
        "breaks",
        "mends",
    ]
    home = str(frame.bundle_of[unit_id])
    adjacent = touching(frame, unit_id=unit_id)
    others = adjacent | touching(frame, home)
    reach = sorted(
        (not frame.base_of(other), frame.minutes(frame.base_of(other), unit_id), bundle_number(other), other)
        for other in others
    )
    chosen = [row[-1] for row in reach if not row[0]]
    chosen = sorted(chosen, key=lambda other: other not in adjacent)[:MOVES_SHOWN]
    if not frame.base_of(home) or not chosen:
        return pd.DataFrame({name: [] for name in columns})
    problem = _problem(frame)
    before = _judged(frame, problem, frame.bundle_of)
    rows = [_move(frame, problem, before, unit_id, other) for other in chosen]
    moves = pd.DataFrame(rows).assign(is_adjacent=[other in adjacent for other in chosen])
    return moves[columns]


def _move(frame: Frame, problem: Problem, before: Verdict, unit_id: str, other: str) -> dict[str, Any]:
    home = str(frame.bundle_of[unit_id])
    moved = frame.bundle_of.copy()
    moved[unit_id] = other
    after = _judged(frame, problem, moved, moved=unit_id)
    change = Counter(rule.rule for rule in after.breaks)
    change.subtract(Counter(rule.rule for rule in before.breaks))
    return {
        "bundle_id": other,
        "base_min": frame.minutes(frame.base_of(other), unit_id),
        "travel_hours_change": float(after.hours.sum() - before.hours.sum()),
        "verdict_here": _verdict(frame, moved, home),
        "verdict_there": _verdict(frame, moved, other),
        "breaks": sorted(rule for rule, count in change.items() if count > 0),
        "mends": sorted(rule for rule, count in change.items() if count < 0),
    }


def _problem(frame: Frame) -> Problem:
    # The number of bundles is not what a single move is judged by.
    rules = dataclasses.replace(frame.rules, bundle_count=None)
    return make_problem(frame.place.units, frame.place.links, frame.load, frame.place.travel_min, rules)


def _judged(frame: Frame, problem: Problem, bundle_of: pd.Series, *, moved: str = "") -> Verdict:
    """Judge an assignment with every base where it is, but for one that stood in the moved unit."""
    numbers = {bundle: i for i, bundle in enumerate(sorted(set(bundle_of), key=bundle_number))}
    row = {unit_id: i for i, unit_id in enumerate(problem.unit_ids)}
    bases = {number: frame.base_of(bundle) for bundle, number in numbers.items()}
    given = {number: row[base] for number, base in bases.items() if base and base != moved}
    labels = bundle_of.reindex(list(problem.unit_ids)).map(numbers).to_numpy(dtype="int64")
    return judge(problem, labels, len(numbers), given)


def _verdict(frame: Frame, bundle_of: pd.Series, bundle_id: str) -> str:
    inside = frame.work["unit_id"].map(bundle_of) == bundle_id
    sums = frame.work.loc[inside, [*YEN, "pieces"]].sum()
    if frame.window.measure == "jpy":
        return frame.window.verdict(*(float(sums[name]) for name in YEN))
    return frame.window.verdict(*(float(sums["pieces"]),) * 3)
