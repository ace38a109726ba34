"""比べる, below: other ways to divide the region that are nearly as good, and what is traded for what."""

from __future__ import annotations

import html

import pandas as pd
import streamlit as st

from app_pages import plan_map, session, words
from app_pages.front_chart import CHOSEN, front_chart, front_points, letter, state_of
from app_pages.outlines import outline_picture
from app_pages.plan_map import View
from app_pages.studying import ask_button, current_plan, is_same, plan_key
from app_pages.tables import heading, html_table
from app_pages.work import Call
from gunmane.alternatives import Alternatives, Front
from gunmane.assumptions import LEVELS
from gunmane.explain import note_sentence
from gunmane.plans import scenario_assumptions
from gunmane.scenario import Note, Plan

PICTURES_KEPT = 64
FRONT_KEY = "trade_offs_chart"


def show_other_plans() -> None:
    """Show what else could be done with the session's choices; searched only when asked for."""
    plan = current_plan()
    views = plan_map.plan_views(plan)
    st.html(heading(session.tr("alternatives.title")))
    st.caption(session.tr("alternatives.about"))
    _show_near(plan, views)
    st.html(heading(session.tr("alternatives.trade.title")))
    st.caption(session.tr("alternatives.trade.about"))
    _show_front(plan, views)


def _is_about(found: Alternatives | Front, plan: Plan) -> bool:
    """Return whether a study found its plans beside this one."""
    return any(is_same(made, plan) for made in found.plans)


# -- nearly as good -------------------------------------------------------------------------------------------


def _show_near(plan: Plan, views: list[View]) -> None:
    tr = session.tr
    values = scenario_assumptions(plan.scenario)
    margins = [values.value("alternative_margin_ratio", level) for level in LEVELS]
    row = st.container(horizontal=True, vertical_alignment="bottom")
    margin = row.segmented_control(
        tr("alternatives.margin"),
        margins,
        default=margins[1],
        format_func=words.percent,
        key="alternatives_margin",
        required=True,
    )
    inputs = {"plan": plan, "margin_ratio": float(margin or margins[1])}
    found: Alternatives | None = ask_button(
        "alternatives",
        tr("alternatives.ask"),
        of=(plan_key(plan), margin),
        work=Call("gunmane.alternatives:near_optimal", inputs),
        is_of=lambda held: _is_about(held, plan),
        is_listed=True,
        row=row,
    )
    if found is None:
        return
    _tell(found.facts, is_cancelled=found.is_cancelled)
    if len(found.plans) < 2:
        return
    view = _view(views, "alternatives_view")
    base = found.plans[0]
    shades = plan_map.bundle_shades(base, plan_map.plan_views(base))
    names = [near_name(i) for i in range(len(found.plans))]
    for i, column in enumerate(st.columns(len(found.plans), gap="small")):
        with column:
            st.html(_titled(names[i], _picture(found.plans[i], base, view, shades, names[i])))
            st.html(near_figures(found, i))
            _use(found.plans[i], plan, key=f"alternative_use_{i}", name=names[i])
    st.html(near_table(found, names))
    st.caption(tr("alternatives.hatched") + tr("alternatives.table_note"))


def near_figures(found: Alternatives, number: int) -> str:
    """Return the first figures of an alternative as lines below its picture."""
    row = found.table.iloc[number]
    hours = words.hours(row["travel_hours"]) + (change_words(row["objective_change_ratio"]) if number else "")
    figures = [("hours", hours), ("farthest", words.minutes(row["farthest_min"]))]
    figures.append(("borders", words.count(row["borders_crossed"])))
    if number:
        figures.append(("moved", words.count(row["moved_units"])))
    lines = [f"{session.tr(f'alternatives.col.{name}')}: {said}" for name, said in figures]
    return '<p style="margin:0">' + "<br>".join(map(html.escape, lines)) + "</p>"


def near_name(number: int) -> str:
    """Return what an alternative is called: the plan itself by name, the others by number."""
    return session.tr("alternatives.name" if number else "alternatives.this", number=number)


def near_table(found: Alternatives, names: list[str]) -> str:
    """Return the figures of a plan and its alternatives, one row a plan."""
    tr = session.tr
    columns = ("hours", "farthest", "off", "borders", "moved", "difference", "nearest")
    head = [tr("alternatives.col.name"), *(tr(f"alternatives.col.{name}") for name in columns)]
    rows: list[list[str]] = []
    for name, row in zip(names, found.table.to_dict("records"), strict=True):
        is_first = not rows
        rows.append(
            [
                name,
                words.hours(row["travel_hours"])
                + ("" if is_first else change_words(row["objective_change_ratio"])),
                words.minutes(row["farthest_min"]),
                words.count(row["below_floor"] + row["above_ceiling"]),
                words.count(row["borders_crossed"]),
                "—" if is_first else words.count(row["moved_units"]),
                "—" if is_first else words.percent(row["difference_ratio"]),
                words.percent(row["nearest_ratio"]),
            ]
        )
    return html_table(head, rows, caption=tr("alternatives.caption"))


# -- what is traded for what ----------------------------------------------------------------------------------


def _show_front(plan: Plan, views: list[View]) -> None:
    tr = session.tr
    found: Front | None = ask_button(
        "trade_offs",
        tr("alternatives.trade.ask"),
        of=plan_key(plan),
        work=Call("gunmane.alternatives:trade_offs", {"plan": plan}),
        is_of=lambda held: _is_about(held, plan),
        is_listed=True,
    )
    if found is None:
        return
    _tell(found.facts, is_cancelled=found.is_cancelled)
    if len(found.plans) < 2:
        return
    names = [front_name(i) for i in range(len(found.plans))]
    st.session_state.setdefault("trade_offs_choice", 0)
    left, right = st.columns([6, 4], gap="medium")
    with left:
        looked_at = min(int(st.session_state["trade_offs_choice"] or 0), len(names) - 1)
        st.vega_lite_chart(
            front_points(found, names, chosen=looked_at),
            front_chart(found),
            width="stretch",
            on_select=lambda: _take_point(len(names)),
            key=FRONT_KEY,
        )
    with right:
        chosen = st.selectbox(
            tr("alternatives.trade.choose"),
            range(len(names)),
            format_func=lambda i: names[i] if i < len(names) else str(i),
            key="trade_offs_choice",
        )
        chosen = min(int(chosen or 0), len(names) - 1)
        base = found.plans[0]
        shades = plan_map.bundle_shades(base, plan_map.plan_views(base))
        view = _view(views, "trade_offs_view")
        st.html(_picture(found.plans[chosen], base, view, shades, names[chosen]))
        _use(found.plans[chosen], plan, key="trade_offs_use", name=names[chosen])
    st.html(front_table(found, names))
    st.caption(tr("alternatives.trade.note"))


def _take_point(count: int) -> None:
    """Look at the plan whose point was pressed; its number comes from a browser and is looked up."""
    points = st.session_state[FRONT_KEY]["selection"].get(CHOSEN) or []
    number = points[0].get("number") if points else None
    if isinstance(number, int) and 0 <= number < count:
        st.session_state["trade_offs_choice"] = number


def front_name(number: int) -> str:
    """Return what a plan of the front is called: the plan itself by name, the others by letter."""
    return session.tr("alternatives.trade.name", letter=letter(number)) if number else letter(0)


def front_table(found: Front, names: list[str]) -> str:
    """Return the figures of every point of the front, one row a plan."""
    tr = session.tr
    columns = ("hours", "uneven", "borders", "divided", "farthest", "off")
    head = [
        tr("alternatives.col.name"),
        *(tr(f"alternatives.col.{name}") for name in columns),
        tr("alternatives.trade.state"),
    ]
    rows: list[list[str]] = []
    first = float(found.table.at[0, "travel_hours"])
    for name, row in zip(names, found.table.to_dict("records"), strict=True):
        change = row["travel_hours"] / first - 1 if first else 0.0
        rows.append(
            [
                name,
                words.hours(row["travel_hours"]) + (change_words(change) if rows else ""),
                words.percent(row["unevenness_ratio"]),
                words.count(row["borders_crossed"]),
                words.count(row["towns_divided"]),
                words.minutes(row["farthest_min"]),
                words.count(row["below_floor"] + row["above_ceiling"]),
                tr(f"alternatives.trade.{state_of(row['is_dominated'])}"),
            ]
        )
    words_at = len(columns) + 1
    return html_table(head, rows, caption=tr("alternatives.trade.caption"), left=(words_at,))


# -- what both have -------------------------------------------------------------------------------------------


def change_words(ratio: float) -> str:
    """Return a change of travel in brackets; one that rounds to nothing is said to be nothing."""
    said = f"{100 * ratio:+.1f}".replace("-", "−")
    return session.tr("alternatives.change", change="±0" if said in {"+0.0", "−0.0"} else said)


def _tell(facts: tuple[Note, ...], *, is_cancelled: bool) -> None:
    for note in facts:
        st.info(note_sentence(note, session.lang()))
    if is_cancelled:
        st.warning(session.tr("alternatives.cancelled"))


def _view(views: list[View], key: str) -> View:
    if len(views) == 1:
        return views[0]
    by_key = {view.key: view for view in views}
    if st.session_state.get(key) not in by_key:
        st.session_state.pop(key, None)
    chosen = st.selectbox(
        session.tr("alternatives.view"),
        list(by_key),
        format_func=lambda name: by_key[name].label if name in by_key else str(name),
        key=key,
        width=420,
    )
    return by_key[chosen]


def _titled(name: str, picture: str) -> str:
    return f"{heading(name)}{picture}"


def _picture(plan: Plan, base: Plan, view: View, shades: pd.DataFrame, name: str) -> str:
    """Return the bundles of one view of a plan, hatched where they are others than in the plan beside it."""

    def make() -> str:
        bundles = plan.bundles[plan.bundles["strand"].isin(view.strands)]
        here, there = (plan_map.shown_units(one, view)["bundle_id"] for one in (plan, base))
        units = plan.ground.units
        moved = units.geometry[(here != there).to_numpy() & here.notna().to_numpy()]
        alt = session.tr("alternatives.picture", name=name, count=len(moved))
        return outline_picture(bundles, shades["colour"], moved, alt=alt)

    key = (plan_key(plan), plan_key(base), view.key, name, session.lang())
    return session.remembered("outlines", key, make, max_entries=PICTURES_KEPT)


def _use(chosen: Plan, current: Plan, *, key: str, name: str) -> None:
    """Show a button that makes a plan the session's and opens its map; the plan in use is said to be it."""
    tr = session.tr
    if is_same(chosen, current):
        st.button(tr("alternatives.in_use"), key=key, disabled=True, width="stretch")
    elif st.button(
        tr("alternatives.use"), key=key, width="stretch", help=tr("alternatives.use_help", name=name)
    ):
        session.take(chosen)
        session.go("group")
