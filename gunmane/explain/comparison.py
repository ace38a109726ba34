"""What changes from state to state of the evidence, and what crossing borders changes, both ways."""

from __future__ import annotations

import math

import pandas as pd

from gunmane.evidence import Evidence, crossing_gain
from gunmane.scenario import Note

LESS_IS_BETTER = (
    "below_floor",
    "above_ceiling",
    "travel_hours",
    "farthest_min",
    "unreached_units",
    "broken_count",
    "grade_e_share",
)
"""Figures of `evidence.FIGURES` that are better when smaller; the others are neither better nor worse."""

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
    return tuple(notes)


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
