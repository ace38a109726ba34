"""What changes from state to state of the evidence, and what crossing borders changes, both ways."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from gunmane.assumptions import load_assumptions
from gunmane.contrasts import change_verdict, noticed_change, plan_trials
from gunmane.evidence import Evidence, crossing_gain
from gunmane.scenario import Note, Plan

Floats = np.ndarray[Any, np.dtype[np.float64]]

LESS_IS_BETTER = (
    "below_floor",
    "above_ceiling",
    "travel_hours",
    "farthest_min",
    "unreached_units",
    "broken_count",
    "grade_e_share",
    "engineers",
)
"""Figures of the comparison that are better when smaller; the others are neither better nor worse."""

MARK_OF_VERDICT = {"borderline": "other", "same": "same"}
TODAY_STATES = ("today", "today_moved")
TOLERANCE = 1e-6


def state_changes(table: pd.DataFrame, fields: str, *, figures: tuple[str, ...]) -> pd.DataFrame:
    """
    Return every figure of every state with its change against today.

    Parameters
    ----------
    table
        `Evidence.table`.
    fields
        "together" or "apart".
    figures
        Columns of the table to return.

    Returns
    -------
    changes
        One row a figure and state: `figure, state, value, change` (NaN where either is unknown), `mark` ("better",
        "worse", "other", "same", "unknown", or "" for today itself), `is_exempt` (today is not held to rules).
    """
    chosen = table[table["fields"] == fields].set_index("state")
    rows = []
    for figure in figures:
        now = float(chosen.at["today", figure]) if "today" in chosen.index else math.nan
        for state in chosen.index:
            value = float(chosen.at[state, figure])
            rows.append(
                {
                    "figure": figure,
                    "state": state,
                    "value": value,
                    "change": value - now,
                    "mark": "" if state == "today" else change_mark(figure, value - now),
                    "is_exempt": figure == "broken_count" and state in TODAY_STATES,
                }
            )
    return pd.DataFrame(rows)


def change_mark(figure: str, change: float) -> str:
    """Return "better", "worse", "other", "same" or "unknown" for the change of a figure."""
    if math.isnan(change):
        return "unknown"
    if abs(change) <= TOLERANCE * max(1.0, abs(change)):
        return "same"
    if figure not in LESS_IS_BETTER:
        return "other"
    return "better" if change < 0 else "worse"


def works_changes(evidence: Evidence, fields: str, *, figures: tuple[str, ...]) -> pd.DataFrame:
    """
    Return figures of the works contracts of every state with their ranges and their change against today.

    Parameters
    ----------
    evidence
        The comparison.
    fields
        "together" or "apart".
    figures
        Some of `contracts.RANGED`.

    Returns
    -------
    changes
        One row a figure and state: `figure, state, low, value, high, change, change_low, change_high` (over all values
        of the coefficients, the same on both sides), `verdict` (`contrasts.change_verdict`), `mark` as in
        `state_changes` ("other" where the verdict is "borderline"). Empty where the work has no such contracts.
    """
    if evidence.trials.empty:
        return pd.DataFrame(columns=["figure", "state", "value", "mark", "verdict"])
    own = evidence.trials[evidence.trials["fields"] == fields]
    by_state = {str(state): rows for state, rows in own.groupby("state", sort=False)}
    rows = []
    for figure in figures:
        now = (
            by_state["today"][figure].to_numpy(dtype="float64") if "today" in by_state else np.array([np.nan])
        )
        for state, trials in by_state.items():
            values = trials[figure].to_numpy(dtype="float64")
            rows.append({"figure": figure, "state": state, **_works_change(figure, values, now)})
    table = pd.DataFrame(rows)
    return table.assign(mark=table["mark"].mask(table["state"] == "today", ""))


def works_difference(before: Plan, after: Plan, *, figures: tuple[str, ...]) -> pd.DataFrame:
    """
    Return figures of the works contracts of any two plans with their ranges and their change.

    Parameters
    ----------
    before, after
        The plans, of one scenario's coefficients.
    figures
        Some of `contracts.RANGED`.

    Returns
    -------
    changes
        One row a figure: `figure, before_low, before, before_high`, and the second plan's as in `works_changes`. Empty
        where one of them has no such contracts.
    """
    old, new = plan_trials(before), plan_trials(after)
    rows = []
    for figure in figures if len(old) and len(old) == len(new) else ():
        was, now = (trials[figure].to_numpy(dtype="float64") for trials in (old, new))
        ends = {"before_low": was.min(), "before": was[0], "before_high": was.max()}
        rows.append({"figure": figure, **ends, **_works_change(figure, now, was)})
    return pd.DataFrame(rows)


def _works_change(figure: str, values: Floats, now: Floats) -> dict[str, object]:
    change = values - now
    verdict = _verdict(figure, now, values)
    return {
        "low": values.min(),
        "value": values[0],
        "high": values.max(),
        "change": change[0],
        "change_low": change.min(),
        "change_high": change.max(),
        "verdict": verdict,
        "mark": MARK_OF_VERDICT.get(verdict) or change_mark(figure, float(change[0])),
    }


def _verdict(figure: str, before: Floats, after: Floats) -> str:
    noticed = load_assumptions().value("noticed_travel_change_ratio")
    return change_verdict(after - before, least=noticed_change(figure, float(before[0]), noticed))


def works_notes(evidence: Evidence) -> tuple[Note, ...]:
    """
    Say what crossing borders changes of the works contracts of bridges and of their engineers, if anything.

    Keys stand under `crossing.`; figures are central values, and where another value of a coefficient says the
    opposite, that is said.
    """
    if evidence.trials.empty:
        return ()
    together = evidence.trials[evidence.trials["fields"] == "together"]
    apart, free = (together[together["state"] == state] for state in ("no_crossing", "crossing"))
    if apart.empty or free.empty:
        return ()
    notes = []
    for figure in ("contracts", "engineers"):
        before, after = apart[figure].to_numpy(dtype="float64"), free[figure].to_numpy(dtype="float64")
        verdict = _verdict(figure, before, after)
        values = {f"{figure}_before": float(before[0]), f"{figure}_after": float(after[0])}
        if verdict in ("less", "more"):
            notes.append(Note.of(f"{figure}_{verdict}", **values))
        elif verdict == "borderline":
            notes.append(Note.of(f"{figure}_either", **values))
    return tuple(notes)


def crossing_notes(evidence: Evidence) -> tuple[Note, ...]:
    """
    Say what crossing borders changes against not crossing them: what it mends, what it costs, or nothing.

    Travel is compared only between plans with as many orders. Keys stand under `crossing.`.
    """
    gain = crossing_gain(evidence)
    table = evidence.table[evidence.table["fields"] == "together"].set_index("state")
    if gain == "unknown":
        return (Note.of("unknown"),)
    apart, free = table.loc["no_crossing"], table.loc["crossing"]
    same = table.loc["crossing_same_count"] if "crossing_same_count" in table.index else free
    notes = [
        Note.of(
            gain,
            below_before=int(apart["below_floor"]),
            below_after=int(free["below_floor"]),
            orders_before=int(apart["order_count"]),
            orders_after=int(free["order_count"]),
            hours_before=float(apart["travel_hours"]),
            hours_after=float(same["travel_hours"]),
        )
    ]
    notes += _costs(apart, free, same)
    if int(free["wide_area_count"]) > int(apart["wide_area_count"]):
        notes.append(Note.of("coordination", wide=int(free["wide_area_count"])))
    return (*notes, *works_notes(evidence))


def _costs(apart: pd.Series, free: pd.Series, same: pd.Series) -> list[Note]:
    """Return what crossing makes worse."""
    notes = []
    if free["farthest_min"] > apart["farthest_min"] + 0.5:
        notes.append(
            Note.of(
                "farther",
                minutes_before=float(apart["farthest_min"]),
                minutes_after=float(free["farthest_min"]),
            )
        )
    is_equal_count = same["order_count"] == apart["order_count"]
    if is_equal_count and same["travel_hours"] > 1.01 * apart["travel_hours"]:
        notes.append(
            Note.of(
                "more_travel",
                hours_before=float(apart["travel_hours"]),
                hours_after=float(same["travel_hours"]),
            )
        )
    if free["below_floor"] > apart["below_floor"]:
        notes.append(
            Note.of(
                "more_small", below_before=int(apart["below_floor"]), below_after=int(free["below_floor"])
            )
        )
    return notes
