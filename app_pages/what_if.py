"""もしも: what closed roads, planned roads, winter and bases lost or added would do to the plan."""

from __future__ import annotations

import streamlit as st

from app_pages import plan_map, session
from app_pages.map_view import Selection, show_map
from app_pages.session import tr
from app_pages.tables import STYLE, heading
from app_pages.what_if_choices import ADDED, chosen, show_changes, show_form, show_picked
from app_pages.what_if_map import what_if_layers
from app_pages.what_if_tables import show_figures
from app_pages.work import Call
from gunmane.errors import GunmaneError
from gunmane.exports.what_if import what_if_files
from gunmane.municipalities import file_stem
from gunmane.scenario import Plan
from gunmane.what_if import Consequences, Streets

KIND, STREETS = "what_if", "what_if_streets"
MAP_HEIGHT = 560
FILES = {"record": "what_if.json", "units": "what_if_units.csv", "map": "what_if.geojson"}
MIMES = {"json": "application/json", "csv": "text/csv", "geojson": "application/geo+json"}


def show() -> None:
    """Show the page."""
    session.header("what_if")
    region = session.require_region()
    st.html(STYLE)
    plan = _plan()
    left, right = st.columns([6, 4], gap="medium")
    with right, st.container(height=MAP_HEIGHT + 60, border=False, key="what_if_side"):
        name = region.name_ja if session.lang() == "ja" else region.name_en
        st.html(heading(tr("what_if.title", region=name)))
        changes, hit, form, figures = st.container(gap="xsmall"), *(st.container() for _ in range(3))
    with changes:
        show_changes(plan.ground)
    with figures:
        found = _asked(plan)
    with left:
        picked = _map(plan, found)
    with hit:
        show_picked(plan, picked)
    with form:
        show_form(plan)
    with figures:
        _figures(plan, found)


def _plan() -> Plan:
    """Return the plan of the session, made where there is none of its choices."""
    choices, plan = session.scenario(), session.plan()
    if plan is None or plan.scenario.fingerprint() != choices.fingerprint():
        plan = session.make(choices)
    return plan


def _asked(plan: Plan) -> Consequences | None:
    """Return what the chosen changes do; None while there are none, or where they cannot be."""
    what_if = chosen()
    if not what_if.changes:
        return None
    is_replanned = bool(st.session_state.get("what_if_replan", False))
    of = (plan.scenario.fingerprint(), plan_map.labels_key(plan), what_if.fingerprint(), is_replanned)
    inputs = {"plan": plan, "what_if": what_if, "is_replanned": is_replanned}
    try:
        if what_if.has_roads:
            inputs["streets"] = _streets(plan)
        work: Call[Consequences] = Call("gunmane.what_if:told_consequences", inputs, is_short=True)
        return session.ask(KIND, of, work)
    except GunmaneError as fault:
        session.show_error(fault)
        return None


def _streets(plan: Plan) -> Streets:
    """Return the roads of the region ready for changes, made once."""
    held: Streets | None = session.study(STREETS, is_of=lambda _: True)
    if held is None:
        work: Call[Streets] = Call("gunmane.what_if:take_streets", {"ground": plan.ground}, is_short=True)
        held = session.ask(STREETS, "", work)
    return held


def _map(plan: Plan, found: Consequences | None) -> Selection | None:
    region = plan.ground.region
    # The mark on what was closed would hide that it is.
    is_added = bool(st.session_state.pop(ADDED, False))
    return show_map(
        plan_map.region_map(region),
        what_if_layers(plan, found),
        key=f"what_if_map_{region.region_id}_{session.lang()}",
        height=MAP_HEIGHT,
        selected=("asset", "") if is_added else None,
    )


def _figures(plan: Plan, found: Consequences | None) -> None:
    if found is None:
        sectors = tr("word.list_sep").join(tr(f"sector.{s}") for s in plan.scenario.sectors)
        layer = tr(f"layer.{plan.scenario.layer}")
        st.caption(tr("what_if.plan_is", layer=layer, sectors=sectors, count=len(plan.bundles)))
        st.caption(tr("what_if.about"))
        return
    st.html(heading(tr("what_if.figures")))
    show_figures(found)
    st.toggle(tr("what_if.replan"), key="what_if_replan")
    _downloads(found)


def _downloads(found: Consequences) -> None:
    region = found.plan.ground.region
    files = what_if_files(found)
    with st.container(horizontal=True):
        for name, file in FILES.items():
            st.download_button(
                tr(f"what_if.download.{name}"),
                files[file],
                file_name=f"{file_stem(region.region_id)}-{file}",
                mime=MIMES[file.rpartition(".")[2]],
                key=f"what_if_download_{name}",
            )


with session.page_guard():
    show()
