"""比べる: today beside the plans, figure by figure, and any two of them side by side on the map."""

from __future__ import annotations

import math
from typing import Any

import streamlit as st

from app_pages import plan_map, session, words
from app_pages.alternatives import show_other_plans
from app_pages.compare_works import rate, show_pairs, table_notes, works_captions, works_rows
from app_pages.firmness import show_firmness
from app_pages.group_panel import amount
from app_pages.map_view import show_map
from app_pages.plan_map import View
from app_pages.rollout import show_rollout
from app_pages.tables import STYLE, Cell, heading, html_table
from gunmane.evidence import STATES, Evidence
from gunmane.explain import crossing_notes, state_changes
from gunmane.municipalities import Region
from gunmane.scenario import Plan, Scenario

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
MAP_HEIGHT = 430
SIDES = ("left", "right")
WORKS_NOTES = ("contracts_", "engineers_")
SAID_AS = {"hours": words.hours, "minutes": words.minutes, "contracts": rate, "engineers": rate}


def main() -> None:
    """Show the page."""
    region = session.require_region()
    st.html(STYLE)
    _title(region, session.scenario())
    evidence = _evidence()
    if evidence is None or evidence.table.empty:
        st.info(session.tr("compare.empty"))
        return
    _gain(evidence)
    _tables(evidence)
    show_pairs(evidence)
    _side_by_side(evidence)
    show_other_plans()
    show_firmness()
    show_rollout()


def _title(region: Region, choices: Scenario) -> None:
    tr = session.tr
    name = region.name_ja if session.lang() == "ja" else region.name_en
    sectors = tr("word.list_sep").join(tr(f"sector.{s}") for s in choices.sectors)
    layer = tr(f"layer.{choices.layer}")
    with st.container(horizontal=True, vertical_alignment="center"):
        title = tr("compare.title", region=name, layer=layer, sectors=sectors)
        st.html(heading(title), width="content")
        if st.button(tr("compare.change"), key="compare_change"):
            session.go("group")


def _evidence() -> Evidence | None:
    is_redone = bool(st.session_state.pop("_compare_redo", False))
    known = None if is_redone else session.evidence(is_made=False)
    if known is None:
        place = st.empty()
        with place.container():
            st.caption(session.tr("compare.making"))
            known = session.evidence(is_redone=is_redone)
        place.empty()
    if known is not None and _is_partial(known):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.warning(session.tr("compare.partial"))
            if st.button(session.tr("compare.again"), key="compare_again", type="primary"):
                st.session_state["_compare_redo"] = True
                for side in SIDES:
                    # The maps below open on the whole comparison, not on what there was of it.
                    st.session_state.pop(f"compare_{side}_{session.region_id()}", None)
                st.rerun()
    return known


def _is_partial(evidence: Evidence) -> bool:
    """Return whether the comparison was cancelled: a state or a combination of choices is missing."""
    ways = ("together", "apart") if evidence.has_several_fields else ("together",)
    needed = {(way, state) for way in ways for state in ("today", "today_moved", "no_crossing", "crossing")}
    return evidence.is_partial or not needed <= set(evidence.plans)


def _gain(evidence: Evidence) -> None:
    tr = session.tr
    sentences = []
    for note in crossing_notes(evidence):
        said = {name: SAID_AS.get(name.partition("_")[0], words.count)(value) for name, value in note.values}
        # Two figures that read the same tell nothing.
        if note.key.startswith(WORKS_NOTES) and len(set(said.values())) == 1:
            continue
        sentences.append(tr(f"crossing.{note.key}", **said))
    st.info(f"**{tr('crossing.title')}** " + " ".join(sentences))
    st.caption(tr("notice.today"))


def _tables(evidence: Evidence) -> None:
    tr = session.tr
    ways = [way for way in ("together", "apart") if way in set(evidence.table["fields"])]
    for way in ways:
        title = tr(f"compare.{way}") if evidence.has_several_fields else tr("compare.one_field")
        st.html(comparison_table(evidence, way, caption=title))
    first = evidence.table.iloc[0]
    st.caption(
        tr(
            "compare.same_work",
            yen=words.yen(
                first["annual_jpy"], first["annual_jpy_low"], first["annual_jpy_high"], has_tax=False
            ),
            share=words.percent(first["grade_e_share"]),
        )
    )
    works_captions(evidence)
    st.caption(" ".join(table_notes(evidence)))
    if evidence.table["travel_hours"].isna().any():
        st.caption(tr("compare.unknown_base"))


def comparison_table(evidence: Evidence, way: str, *, caption: str) -> str:
    """Return the table of one way of joining fields: a column a state, a row a figure, each with its change."""
    tr = session.tr
    chosen = evidence.table[evidence.table["fields"] == way]
    states = [state for state in STATES if state in set(chosen["state"])]
    changes = state_changes(evidence.table, way, figures=FIGURES)
    rows: list[list[str | Cell]] = []
    for figure in FIGURES:
        own = changes[changes["figure"] == figure].set_index("state")
        if figure in {"unreached_units", "multi_sector_count"} and not own["value"].gt(0).any():
            continue
        cells = [change_cell(figure, own.loc[state].to_dict()) for state in states]
        rows.append([tr(f"compare.figure.{figure}"), *cells])
    work = [_work(evidence, way, state) for state in states]
    rows += works_rows(evidence, way, states)
    rows.insert(4, [tr("compare.figure.annual_jpy"), *work])
    rows.insert(5, [tr("compare.figure.grade_e_share"), *_shares(evidence, way, states)])
    head = [tr("compare.figure.name"), *(tr(f"compare.state.{state}") for state in states)]
    return html_table(head, rows, caption=caption, is_inline=True)


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
    unit = "units" if figure == "unreached_units" else "rules" if figure == "broken_count" else "orders"
    return session.tr(f"compare.unit.{unit}", count=words.count(value))


def change_cell(figure: str, row: dict[str, Any]) -> Cell:
    """Return the cell of one figure and state: its value, and its change against today in words and sign."""
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
    if mark == "same" or text == figure_words(figure, row["value"] - change):
        return Cell(text, tr("compare.same"), "plain")
    sign = "+" if change > 0 else "−"
    said = tr(f"compare.mark.{mark}", change=sign + figure_words(figure, abs(change)))
    return Cell(text, said, mark)


# -- two plans side by side -----------------------------------------------------------------------------------


def _side_by_side(evidence: Evidence) -> None:
    tr = session.tr
    st.html(heading(tr("compare.side_by_side")))
    choices = list(evidence.plans)
    last = (
        choices.index(("together", "crossing")) if ("together", "crossing") in choices else len(choices) - 1
    )
    names = {pair: _state_name(evidence, pair) for pair in choices}
    region_id = evidence.plans[choices[0]].scenario.region_id
    chosen = []
    for column, side, start in zip(st.columns(2, gap="small"), SIDES, (0, last), strict=True):
        pair = column.selectbox(
            tr(f"compare.{side}"),
            choices,
            index=start,
            format_func=lambda pair: names.get(pair, str(pair)),
            key=f"compare_{side}_{region_id}",
            placeholder=tr("group.choose"),
        )
        chosen.append(pair)
    views = [_choose_view(evidence.plans[pair], side) for pair, side in zip(chosen, SIDES, strict=True)]
    maps = st.columns(2, gap="small")
    for column, side, pair, view in zip(maps, SIDES, chosen, views, strict=True):
        with column:
            _plan_map(evidence.plans[pair], side, view)
            st.html(_plan_figures(evidence, pair))


def _state_name(evidence: Evidence, pair: tuple[str, str]) -> str:
    way, state = pair
    name = session.tr(f"compare.state.{state}")
    return name if not evidence.has_several_fields else session.tr(f"compare.of_{way}", state=name)


def _choose_view(plan: Plan, side: str) -> View:
    """Return what of a plan is drawn; where bundles overlap, a field stands beside the map's name."""
    views = plan_map.plan_views(plan)
    if len(views) == 1:
        return views[0]
    by_key = {view.key: view for view in views}
    name = f"compare_view_{side}"
    if st.session_state.get(name) not in by_key:
        # Another plan has other fields to draw.
        st.session_state.pop(name, None)
    key = st.selectbox(
        session.tr("compare.view", side=session.tr(f"compare.{side}")),
        list(by_key),
        format_func=lambda name: by_key[name].label if name in by_key else str(name),
        key=name,
        placeholder=session.tr("group.choose"),
        width=420,
    )
    return by_key[key]


def _plan_map(plan: Plan, side: str, view: View) -> None:
    region = plan.ground.region
    show_map(
        plan_map.region_map(region, view_name=f"{region.region_id}.compare"),
        plan_map.kept_layers(plan, view),
        key=f"compare_map_{side}_{region.region_id}_{session.lang()}",
        height=MAP_HEIGHT,
    )


def _plan_figures(evidence: Evidence, pair: tuple[str, str]) -> str:
    tr, plan = session.tr, evidence.plans[pair]
    totals, measure = plan.totals, plan.window["measure"]
    busy = plan.bundles[plan.bundles["window_verdict"] != "none"]
    column = "annual_jpy" if measure == "jpy" else "structure_count"
    rows: list[list[str | Cell]] = [
        [tr("compare.figure.order_count"), figure_words("order_count", totals["order_count"])],
        [tr("compare.figure.travel_hours"), figure_words("travel_hours", totals["travel_hours"])],
        [tr("compare.figure.farthest_min"), figure_words("farthest_min", totals["farthest_min"])],
    ]
    if len(busy):
        low, high = float(busy[column].min()), float(busy[column].max())
        rows.append(
            [
                tr("compare.figure.sizes"),
                tr("compare.from_to", low=amount(low, plan), high=amount(high, plan)),
            ]
        )
    return html_table([tr("compare.figure.name"), _state_name(evidence, pair)], rows)


with session.page_guard():
    session.header("compare")
    main()
