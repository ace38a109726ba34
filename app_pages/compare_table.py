"""The comparison's first half: a column a state, a row a figure, each with its change against today."""

from __future__ import annotations

import math
from typing import Any

import streamlit as st

from app_pages import session, words
from app_pages.compare_works import works_rows
from app_pages.table_files import offer_csv
from app_pages.tables import Cell, html_table
from gunmane.evidence import STATES, Evidence
from gunmane.explain import state_changes

FIGURES = (
    "order_count",
    "below_floor",
    "borderline",
    "above_ceiling",
    "travel_hours",
    "farthest_min",
    "unreached_units",
    "broken_count",
    "wide_area_count",
    "multi_sector_count",
)
# What the others count in: they have units of their own.
_UNITS = {name: "orders" for name in FIGURES if name not in {"travel_hours", "farthest_min"}}
_UNITS |= {"unreached_units": "units", "broken_count": "rules"}
WHOLE_MINUTES = 9.5


def show_comparison(evidence: Evidence, way: str, *, caption: str) -> None:
    """Show the table of one way of joining fields, and offer it as a file."""
    head, rows = comparison_rows(evidence, way)
    st.html(html_table(head, rows, caption=caption, is_inline=True))
    offer_csv(head, rows, name=f"comparison_{way}", key=f"comparison_csv_{way}")


def comparison_rows(evidence: Evidence, way: str) -> tuple[list[str], list[list[str | Cell]]]:
    """Return heads and rows for one way of joining fields: a column a state, a row a figure, each with its change."""
    tr = session.tr
    chosen = evidence.table[evidence.table["fields"] == way]
    states = [state for state in STATES if state in set(chosen["state"])]
    changes = state_changes(evidence.table, way, figures=FIGURES)
    counts = dict(zip(chosen["state"], chosen["order_count"], strict=True))
    rows: list[list[str | Cell]] = []
    for figure in FIGURES:
        own = changes[changes["figure"] == figure].set_index("state")
        if figure in {"unreached_units", "multi_sector_count"} and not own["value"].gt(0).any():
            continue
        cells = [
            change_cell(figure, own.loc[state].to_dict(), is_ranked=counts[state] == counts[states[0]])
            for state in states
        ]
        rows.append([tr(f"compare.figure.{figure}"), *cells])
    work = [_work(evidence, way, state) for state in states]
    rows += works_rows(evidence, way, states)
    rows.insert(4, [tr("compare.figure.annual_jpy"), *work])
    rows.insert(5, [tr("compare.figure.grade_e_share"), *_shares(evidence, way, states)])
    head = [tr("compare.figure.name"), *(tr(f"compare.state.{state}") for state in states)]
    return head, rows


def _work(evidence: Evidence, way: str, state: str) -> str:
    totals = evidence.plans[way, state].totals
    return words.yen(totals["annual_jpy"], totals["annual_jpy_low"], totals["annual_jpy_high"], has_tax=False)


def _shares(evidence: Evidence, way: str, states: list[str]) -> list[str]:
    return [words.percent(evidence.plans[way, state].totals["grade_e_share"]) for state in states]


def figure_words(figure: str, value: float) -> str:
    """Return a figure of the comparison with its unit."""
    if words.is_missing(value) or math.isinf(value):
        return words.unknown()
    if figure == "travel_hours":
        return words.hours(value)
    if figure == "farthest_min":
        return words.minutes(value)
    return session.tr(f"compare.unit.{_UNITS[figure]}", count=words.count(value))


def change_words(figure: str, before: float, after: float) -> str:
    """Return the change of a figure with sign and unit: the difference of what is shown; "" where there is none."""
    if words.is_missing(before) or words.is_missing(after) or math.isinf(before) or math.isinf(after):
        return ""
    ends = [_bare(figure, value) for value in (before, after)]
    if ends[0] == ends[1]:
        return ""
    change = words.change(*ends)
    key = {"travel_hours": "hours", "onsite_hours": "hours", "farthest_min": "minutes"}.get(figure)
    if key:
        return session.tr(f"word.{key}", value=change)
    return session.tr(f"compare.unit.{_UNITS[figure]}", count=change) if figure in _UNITS else change


def _bare(figure: str, value: float) -> str:
    """Return the number of a figure as it is shown, without its unit."""
    if figure in {"travel_hours", "onsite_hours"}:
        return words.significant(value)
    if figure == "farthest_min" and value < WHOLE_MINUTES:
        return words.significant(value)
    return f"{value:,.0f}"


def change_cell(figure: str, row: dict[str, Any], *, is_ranked: bool = True) -> Cell:
    """
    Return the cell of one figure and state: its value, and its change against today in words and sign.

    Parameters
    ----------
    figure
        One of `FIGURES`.
    row
        A row of `state_changes`.
    is_ranked
        Whether less travel is better: not where the number of orders is another one.
    """
    tr = session.tr
    if row["is_exempt"]:
        return Cell(tr("compare.exempt"))
    text, mark, change = figure_words(figure, row["value"]), str(row["mark"]), float(row["change"])
    if mark == "" or (mark == "other" and figure == "broken_count"):
        return Cell(text)
    if figure == "broken_count":
        return Cell(text, "", "")
    if mark == "unknown":
        return Cell(text, tr("compare.change_unknown"), "plain") if text != words.unknown() else Cell(text)
    # What reads the same is not called a change.
    said = change_words(figure, row["value"] - change, row["value"])
    if mark == "same" or not said:
        return Cell(text, tr("compare.same"), "plain")
    if figure == "travel_hours" and not is_ranked:
        return Cell(text, tr("compare.mark.not_ranked", change=said), "plain")
    return Cell(text, tr(f"compare.mark.{mark}", change=said), mark)
