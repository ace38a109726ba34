"""The comparison's second half: works contracts of bridges with their engineers, and each choice changed alone."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from app_pages import session, words
from app_pages.tables import Cell, heading, html_table
from gunmane.assumptions import LEVELS, Assumptions
from gunmane.contrasts import FACTORS, PAIR_FIGURES
from gunmane.evidence import Evidence, fixed_count
from gunmane.explain import LESS_IS_BETTER, works_changes
from gunmane.plans import scenario_assumptions

WORKS_ROWS = ("contracts", "dedicated_contracts", "engineers")
MINUTES_FIGURES = {"farthest_min"}
RATES = {"contracts", "dedicated_contracts", "engineers", "travel_hours"}
SHOWN = tuple(name for name in PAIR_FIGURES if name != "dedicated_contracts")
ALWAYS_SHOWN = {"order_count", "below_floor", "travel_hours"}


def works_rows(evidence: Evidence, way: str, states: list[str]) -> list[list[str | Cell]]:
    """Return the rows of works contracts for the table of one way of joining fields; none for other work."""
    changes = works_changes(evidence, way, figures=WORKS_ROWS)
    rows: list[list[str | Cell]] = []
    for figure in WORKS_ROWS:
        own = changes[changes["figure"] == figure].set_index("state")
        if own.empty:
            continue
        cells = [_works_cell(own.loc[state].to_dict()) for state in states]
        rows.append([session.tr(f"compare.figure.{figure}"), *cells])
    return rows


def _works_cell(row: dict[str, Any]) -> Cell:
    tr = session.tr
    if words.is_missing(row["value"]):
        return Cell(words.unknown())
    text = tr("compare.works.ranged", **{name: rate(row[name]) for name in ("value", "low", "high")})
    mark = str(row["mark"])
    if not mark:
        return Cell(text)
    before, after = rate(row["value"] - row["change"]), rate(row["value"])
    if row["verdict"] == "same" or before == after:
        return Cell(text, tr("compare.same"), "plain")
    said = "either" if row["verdict"] == "borderline" else mark
    return Cell(text, tr(f"compare.mark.{said}", change=words.change(before, after)), mark)


def rate(value: float) -> str:
    """Return a number of contracts or people a year: two figures, and no more than one decimal."""
    if words.is_missing(value):
        return words.unknown()
    return "0" if abs(value) < 0.05 else words.significant(value) if abs(value) >= 1 else f"{value:.1f}"


def works_captions(evidence: Evidence) -> None:
    """Say below the tables what works contracts and engineers rest on, and let the size of a contract be varied."""
    if evidence.trials.empty:
        return
    tr, first = session.tr, evidence.table.iloc[0]
    if first["ungraded_count"] > 0:
        st.caption(tr("compare.works.ungraded", count=words.count(first["ungraded_count"])))
    if first["borderline_contracts"] > 0:
        st.caption(tr("compare.works.borderline", count=rate(first["borderline_contracts"])))
    assumptions = scenario_assumptions(next(iter(evidence.plans.values())).scenario)
    with st.expander(tr("compare.works.how")):
        st.caption(_contracts_caption(assumptions, first["backlog_count"]))
        if evidence.trials["jpy_per_bridge"].isna().any():
            st.caption(tr("compare.works.unknown_cost"))
        else:
            st.caption(_engineers_caption(assumptions))
        st.html(size_table(evidence))


def _contracts_caption(assumptions: Assumptions, backlog_count: float) -> str:
    chances = _levels(assumptions, "bridge_repair_probability_per_year", "chance")
    return session.tr(
        "compare.works.contracts",
        **{
            name: session.tr("word.percent", value=words.significant(100 * value))
            for name, value in chances.items()
        },
        **{
            name: f"{value:.0f}"
            for name, value in _levels(assumptions, "bridges_per_contract", "size").items()
        },
        backlog=words.count(backlog_count),
        years=words.count(assumptions.value("bridge_repair_within_years_grade3")),
    )


def _levels(assumptions: Assumptions, key: str, name: str) -> dict[str, float]:
    ends = {"low": f"{name}_low", "central": name, "high": f"{name}_high"}
    return {ends[level]: assumptions.value(key, level) for level in LEVELS}


def _engineers_caption(assumptions: Assumptions) -> str:
    cost = _levels(assumptions, "bridge_repair_work_jpy_per_bridge", "cost")
    return session.tr(
        "compare.works.engineers",
        threshold=_exact_jpy(assumptions.value("dedicated_engineer_threshold_jpy")),
        limit=_exact_jpy(assumptions.value("engineer_exception_contract_limit_jpy")),
        minutes=words.minutes(assumptions.value("travel_limit_min_between_sites")),
        cost=words.yen(cost["cost"], cost["cost_low"], cost["cost_high"], has_tax=False),
        grade=assumptions.confidence("bridge_repair_work_jpy_per_bridge"),
    )


def _exact_jpy(value: float) -> str:
    """Return an amount that a rule names, with all its figures."""
    factor, unit = next((f, u) for f, u in words.JPY_UNITS[session.lang()] if value >= f or f == 1)
    return session.tr("compare.works.jpy", amount=f"{value / factor:,.10g}", unit=unit)


def size_table(evidence: Evidence) -> str:
    """Return the works contracts of each state by the bridges that a contract may hold, all else central."""
    tr, table = session.tr, evidence.trials
    first = table.iloc[0]
    central = table[
        (table["probability"] == first["probability"])
        & (table["jpy_per_bridge"].eq(first["jpy_per_bridge"]) | table["jpy_per_bridge"].isna())
        & (table["fields"] == first["fields"])
    ]
    states = list(dict.fromkeys(central["state"]))
    rows: list[list[str | Cell]] = []
    for size, own in central.groupby("bridges_per_contract", sort=True):
        by_state = own.set_index("state")["contracts"]
        name = tr("compare.works.size", count=words.count(float(str(size))))
        rows.append([name, *(rate(by_state[state]) for state in states)])
    head = [tr("compare.works.sizes_name"), *(tr(f"compare.state.{state}") for state in states)]
    return html_table(head, rows, caption=tr("compare.works.sizes"))


def show_pairs(evidence: Evidence) -> None:
    """Show what each choice alone changes, by the others; nothing where no choice can make a difference."""
    if evidence.pairs.empty:
        return
    tr = session.tr
    st.html(heading(tr("compare.pair.title")))
    st.html(pair_table(evidence.pairs))
    st.caption(tr("compare.pair.note"))
    factors = set(evidence.pairs["factor"])
    if "crossing" in factors and "owners" not in factors:
        st.caption(tr("compare.pair.owners_same"))


def pair_table(pairs: pd.DataFrame) -> str:
    """Return a row a pair and a column a figure; figures that are unknown, or nothing everywhere, are left out."""
    tr = session.tr
    figures = [name for name in SHOWN if name in ALWAYS_SHOWN or _tells(pairs, name)]
    rows: list[list[str | Cell]] = []
    for setting, own in pairs.groupby(["factor", *FACTORS], sort=False):
        factor, *others = (str(part) for part in setting)
        by_figure = own.set_index("figure")
        name = Cell(tr(f"compare.pair.{factor}"), other_choices(dict(zip(FACTORS, others, strict=True))))
        rows.append([name, *(_pair_cell(figure, by_figure.loc[figure].to_dict()) for figure in figures)])
    head = [tr("compare.pair.name"), *(tr(f"compare.pair.figure.{name}") for name in figures)]
    return html_table(head, rows)


def other_choices(settings: dict[str, str]) -> str:
    """Return the settings of the choices that stay, in words; "" where there are none."""
    said = [session.tr(f"compare.pair.setting.{name}_{value}") for name, value in settings.items() if value]
    return session.tr("word.list_sep").join(said)


def _tells(pairs: pd.DataFrame, figure: str) -> bool:
    own = pairs[pairs["figure"] == figure]
    return bool(
        (own["verdict"] != "unknown").any() and own[["before_high", "after_high"]].to_numpy().max() > 0
    )


def _pair_cell(figure: str, row: dict[str, Any]) -> Cell:
    tr, verdict = session.tr, str(row["verdict"])
    if verdict == "unknown":
        return Cell(words.unknown())
    before, after = _figure(figure, row["before"]), _figure(figure, row["after"])
    text = before if before == after else tr("compare.pair.values", before=before, after=after)
    said = tr(f"compare.pair.verdict.{verdict}")
    if verdict in ("same", "not_ranked"):
        return Cell(text, said, "plain")
    low, high = (_change(figure, row[f"change{end}"]) for end in ("_low", "_high"))
    # The middle is what a reader finds who takes one shown figure from the other.
    central = "0" if before == after else words.change(before, after)
    if {low, central, high} == {"0"}:
        return Cell(text, tr("compare.pair.verdict.same"), "plain")
    key = "single" if low == high else "ranged" if central != "0" else "range"
    small = tr(f"compare.pair.{key}", verdict=said, change=central, low=low, high=high)
    is_better = verdict == "less" and figure in LESS_IS_BETTER
    is_worse = verdict == "more" and figure in LESS_IS_BETTER
    return Cell(text, small, "better" if is_better else "worse" if is_worse else "plain")


def _figure(figure: str, value: float) -> str:
    if figure in MINUTES_FIGURES:
        return f"{value:,.0f}"
    if figure == "travel_hours":
        return words.significant(value)
    return rate(value) if figure in RATES else f"{value:,.0f}"


def _change(figure: str, value: float) -> str:
    said = _figure(figure, abs(value))
    return said if said == "0" else ("+" if value > 0 else "−") + said


def table_notes(evidence: Evidence) -> list[str]:
    """Return what a reader of the comparison must know; nothing is said of a column that is not there."""
    notes = [session.tr("compare.not_ranked")]
    if "crossing_same_count" in set(evidence.table["state"]):
        notes.append(session.tr("compare.same_count"))
    count = fixed_count(evidence)
    if count is not None:
        notes.append(session.tr("compare.fixed_count", count=count))
    return notes
