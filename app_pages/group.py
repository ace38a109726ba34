"""群を組む: choose the rules, see the bundles on the map and why they are as they are."""

from __future__ import annotations

import logging

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app_pages import (
    chosen,
    group_panel,
    group_picked,
    hand_change,
    hand_locks,
    hand_map,
    hands,
    handwork,
    kept_list,
    plan_map,
    prices,
    reference_map,
    session,
    why_not,
)
from app_pages.group_form import choose_layer, forget_form, show_form, worded
from app_pages.map_view import Selection, show_map
from app_pages.plan_map import View
from app_pages.tables import STYLE, heading
from gunmane.errors import GunmaneError
from gunmane.scenario import Plan, Scenario

LOG = logging.getLogger("gunmane.pages")

MAP_HEIGHT = 500
PANELS = ("summary", "picked", "choices")


def main() -> None:
    """Show the page."""
    region = session.require_region()
    handwork.go_on()
    st.html(STYLE)
    left, right = st.columns([6, 4], gap="small")
    with right:
        current, panel = _right_head()
        # Another key for another content, so that it opens at its top.
        name = "_".join(str(part) for part in (st.session_state.get("_group_pick") or ())[:2])
        turn = st.session_state.get("_group_relaxed", 0)
        box = st.container(
            height=MAP_HEIGHT - 46, border=False, gap="xsmall", key=f"group_panel_{panel}_{name}_{turn}"
        )
    with box:
        wanted, error = show_form(current, region) if panel == "choices" else (None, None)
    with left:
        status = st.container()
    with status:
        if error is not None:
            session.show_error(error)
        handwork.show_fault()
        plan = _made(wanted or current)
    if wanted is not None and plan.scenario.fingerprint() == wanted.fingerprint():
        # The new plan is shown by its figures; where it failed, the form stays beside the sentence.
        forget_form()
        st.session_state["_group_next_panel"] = "summary"
        st.rerun()
    views = plan_map.plan_views(plan)
    shades = plan_map.bundle_shades(plan, views)
    with left:
        view = _choose_view(views)
        _show_map(plan, view)
    picked = _pick(plan)
    beside, later = None, None
    with box:
        if panel != "choices":
            handwork.show_steps(plan)
        if panel == "summary":
            hand_change.show_change(plan, hands.hand_of(plan))
            kept_list.show_list(plan)
            beside = group_panel.show_summary(plan)
            if any(note.key == "cancelled" for note in plan.notes) and st.button(
                session.tr("group.search_on"), key="group_search_on"
            ):
                st.session_state["_group_redo"] = True
                st.rerun()
        elif panel == "picked":
            later = group_picked.show_picked(plan, view, picked)
    _table(plan, shades, picked)
    if beside is not None:
        _show_beside(plan, beside)
    if later is not None:
        with later[0]:
            prices.show_bundle_prices(plan, later[1], has_note=picked is not None and picked[0] == "bundle")
    if panel == "picked":
        # The first step by hand shall not wait for what every step needs.
        hands.make_ready(plan)


def _show_beside(plan: Plan, place: DeltaGenerator) -> None:
    """Show what else could be: last, because each takes a search of its own; the longest at the end."""
    with place:
        above = st.container()
        asked = group_panel.show_neighbouring(plan)
        prices.show_best_moves(plan)
    if asked is not None:
        _make_with(plan, asked)
    with above:
        is_relaxed = why_not.show_why_not(plan)
    if is_relaxed:
        st.session_state["_group_relaxed"] = st.session_state.get("_group_relaxed", 0) + 1
        forget_form()
        st.rerun()


def _made(choices: Scenario) -> Plan:
    """Return the plan of some choices; whatever goes wrong, the plan from before stays, with a sentence above."""
    before = session.plan()
    is_redone = bool(st.session_state.pop("_group_redo", False))
    try:
        return session.make(choices, is_redone=is_redone)
    except GunmaneError:
        raise
    except Exception:
        if before is None:
            raise
        LOG.exception("plan failed")
        st.error(session.tr("group.failed"))
        return before


def _right_head() -> tuple[Scenario, str]:
    tr = session.tr
    forced = st.session_state.pop("_group_next_panel", None)
    st.session_state["group_panel_choice"] = forced or st.session_state.get("group_panel_choice", PANELS[0])
    with st.container(horizontal=True, vertical_alignment="bottom"):
        current = choose_layer(session.scenario())
        panel = st.segmented_control(
            tr("group.panel.name"),
            list(PANELS),
            format_func=worded("group.panel", PANELS),
            key="group_panel_choice",
            required=True,
        )
    return current, panel or "summary"


def _choose_view(views: list[View]) -> View:
    if len(views) == 1:
        return views[0]
    by_key = {view.key: view for view in views}
    if st.session_state.get("group_view") not in by_key:
        # Another plan has other fields to draw.
        st.session_state.pop("group_view", None)
    chosen = st.selectbox(
        session.tr("group.view"),
        list(by_key),
        format_func=lambda key: by_key[key].label if key in by_key else str(key),
        key="group_view",
        placeholder=session.tr("group.choose"),
        help=session.tr("group.view_help"),
    )
    return by_key[chosen]


def _show_map(plan: Plan, view: View) -> None:
    picked = st.session_state.get("_group_pick")
    told = show_map(
        plan_map.region_map(plan.ground.region, credits_of=reference_map.reference_sources(plan.ground)),
        [
            *reference_map.reference_layers(plan.ground, visible=False),
            *hand_map.hand_layers(plan, view),
            *hand_locks.lock_layers(plan, view),
        ],
        key=f"group_map_{plan.scenario.region_id}",
        height=MAP_HEIGHT,
        selected=picked[:2] if picked and picked[2] == "list" else None,
        choosing=chosen.choosing_for(plan),
        focus=st.session_state.get("_group_focus"),
    )
    if told is not None and told.kind == "chosen":
        if chosen.take_chosen(plan, told) and st.session_state.get("group_panel_choice") != "picked":
            st.session_state["_group_next_panel"] = "picked"
            st.rerun()
        return
    if told is not None and told.serial != st.session_state.get("_group_click"):
        st.session_state["_group_click"] = told.serial
        _take_click(plan, told)


def _take_click(plan: Plan, told: Selection) -> None:
    """Keep what was clicked; ids come from the browser and are looked up first."""
    is_known = told.id in (plan.bundles.index if told.kind == "bundle" else plan.ground.units.index)
    if told.kind in {"bundle", "unit"} and is_known:
        st.session_state["_group_pick"] = (told.kind, told.id, "map")
        if st.session_state.get("group_panel_choice") != "picked":
            st.session_state["_group_next_panel"] = "picked"
            st.rerun()


def _pick(plan: Plan) -> tuple[str, str] | None:
    kind, name, _ = st.session_state.get("_group_pick") or ("", "", "")
    if kind == "bundle" and name in plan.bundles.index:
        return kind, name
    if kind == "unit" and name in plan.ground.units.index:
        return kind, name
    return None


def _make_with(plan: Plan, count: int) -> None:
    session.set_scenario(plan.scenario.replace(bundle_count=count))
    forget_form()
    st.rerun()


def _table(plan: Plan, shades: pd.DataFrame, picked: tuple[str, str] | None) -> None:
    tr = session.tr
    st.html(heading(tr("group.table", count=int(plan.totals["order_count"]))))
    key = f"group_table_{plan.scenario.fingerprint()}_{session.lang()}"
    bundle = picked[1] if picked and picked[0] == "bundle" else None
    chosen = group_panel.show_bundle_table(
        plan, shades, picked=bundle, key=key, titles=hands.hand_of(plan).titles
    )
    st.caption(tr("group.table_note") + tr(f"group.window_note.{plan.window['measure']}"))
    if chosen is not None:
        st.session_state["_group_pick"] = ("bundle", chosen, "list")
        st.session_state["_group_next_panel"] = "picked"
        st.rerun()


with session.page_guard():
    session.header("group")
    main()
