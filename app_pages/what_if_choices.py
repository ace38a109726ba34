"""もしも: choosing what happens, from the map, from lists, by keyboard; and taking it back."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from app_pages import session
from app_pages.map_view import Selection
from app_pages.tables import heading
from app_pages.what_if_map import CLOSABLE
from gunmane.assumptions import LEVELS, load_assumptions
from gunmane.errors import ScenarioError
from gunmane.scenario import Ground, Plan
from gunmane.summaries import find_assets
from gunmane.what_if import AddBase, AddLink, Change, CloseAsset, CloseRoad, LoseBase, WhatIf, Winter
from gunmane.what_if.applying import roads_named
from gunmane.what_if.words import asset_name, change_sentence, unit_name

KINDS = ("close", "link", "winter", "base")
HITS_SHOWN = 30
MOST_KMH = 120
UNITS_KEPT = 8
FAULT = "_what_if_fault"
ADDED = "_what_if_added"
# Classes that a plan may draw a new road as; the others are not built by towns.
NEW_CLASSES = ("national", "prefectural", "municipal_1", "municipal_2", "municipal_other")


def chosen() -> WhatIf:
    """Return what happens in the region of the page."""
    held: dict[str | None, WhatIf] = st.session_state.setdefault("_what_if", {})
    return held.get(session.region_id(), WhatIf())


def _set(what_if: WhatIf) -> None:
    st.session_state.setdefault("_what_if", {})[session.region_id()] = what_if


def add(make: Callable[[], Change]) -> None:
    """
    Let something more happen; where it cannot be, the page says why and the rest stays.

    Parameters
    ----------
    make
        Makes the change; may raise `ScenarioError`.
    """
    st.session_state[ADDED] = True
    try:
        _set(chosen().having(make()))
    except ScenarioError as fault:
        st.session_state[FAULT] = fault


def take_back(change: Change) -> None:
    """Let something not happen."""
    _set(chosen().without(change))


def show_changes(ground: Ground) -> None:
    """List what happens, each with a button to take it back."""
    tr, what_if = session.tr, chosen()
    fault = st.session_state.pop(FAULT, None)
    if fault is not None:
        session.show_error(fault)
    if not what_if.changes:
        st.info(tr("what_if.none"))
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.html(heading(tr("what_if.changes", count=len(what_if.changes))), width="stretch")
        if len(what_if.changes) > 1:
            st.button(tr("what_if.clear"), key="what_if_clear", on_click=_set, args=(WhatIf(),))
    for number, change in enumerate(what_if.changes):
        said = change_sentence(change, ground, session.lang())
        words, undo = st.columns([7, 3], vertical_alignment="center", wrap=False)
        words.text(said)
        with undo:
            st.button(
                tr("what_if.remove"),
                key=f"what_if_remove_{number}",
                help=tr("what_if.remove_of", name=said),
                width="stretch",
                on_click=take_back,
                args=(change,),
            )


def show_picked(plan: Plan, picked: Selection | None) -> None:
    """Offer what can happen to what was clicked on the map."""
    ground = plan.ground
    is_done = picked is not None and CloseAsset(picked.id) in chosen().changes
    if picked is None or is_done or picked.kind not in {"asset", "unit", "bundle"}:
        if not chosen().changes:
            st.caption(session.tr("what_if.picked_none"))
        return
    with st.container(border=True, key="what_if_picked"):
        if picked.kind == "asset":
            _picked_asset(ground, picked.id)
            return
        bases = plan.bundles["base_unit_id"].astype("object")
        unit = str(bases.get(picked.id, "")) if picked.kind == "bundle" else picked.id
        if unit in ground.units.index:
            _picked_unit(plan, unit)


def _picked_asset(ground: Ground, asset_id: str) -> None:
    tr = session.tr
    rows = ground.assets[(ground.assets["asset_id"] == asset_id) & ground.assets["sector"].isin(CLOSABLE)]
    if rows.empty:
        st.caption(tr("what_if.picked_none"))
        return
    st.text(asset_name(ground, asset_id, session.lang()))
    with st.container(horizontal=True):
        st.button(
            tr("what_if.close"),
            key="what_if_close_picked",
            type="primary",
            on_click=add,
            args=(lambda: CloseAsset(asset_id),),
        )
        name = str(rows["route_name"].iloc[0] or rows["name"].iloc[0] or "")
        owner = str(rows["owner_code"].iloc[0])
        if rows["sector"].iloc[0] == "road" and len(roads_named(ground, name, owner)) > 1:
            st.button(
                tr("what_if.whole_road"),
                key="what_if_close_whole",
                on_click=add,
                args=(lambda: CloseRoad(name, owner),),
            )


def _picked_unit(plan: Plan, unit: str) -> None:
    tr = session.tr
    st.text(unit_name(plan.ground, unit, session.lang()))
    with st.container(horizontal=True):
        _base_buttons(plan, unit, "picked")
        for side in ("from", "to"):
            st.button(
                tr(f"what_if.pick_{side}"),
                key=f"what_if_pick_{side}",
                on_click=_set_end,
                args=(side, unit),
            )


def _set_end(side: str, unit: str) -> None:
    st.session_state["what_if_kind"] = "link"
    st.session_state[f"what_if_{side}_{session.region_id()}"] = unit


def _base_buttons(plan: Plan, unit: str | None, place: str) -> None:
    """Offer a base in a unit, or the loss of the one that is there."""
    tr, bases = session.tr, set(plan.bundles["base_unit_id"])
    kinds = (("base_add", AddBase, unit not in bases), ("base_lose", LoseBase, unit in bases))
    for name, kind, can_be in kinds:
        st.button(
            tr(f"what_if.{name}"),
            key=f"what_if_{name}_{place}",
            disabled=unit is None or not can_be,
            help=None if can_be or unit is None else tr(f"what_if.not_{name}"),
            on_click=add,
            args=(lambda kind=kind: kind(str(unit)),),
        )


def show_form(plan: Plan) -> None:
    """Show the lists to choose from; once something happens they are folded, above the figures."""
    count = len(chosen().changes)
    if not count:
        _form(plan)
        return
    # Another key after each change: the lists fold again, and what it does is in sight.
    with st.expander(session.tr("what_if.more"), key=f"what_if_more_{count}"):
        st.caption(session.tr("what_if.picked_none"))
        _form(plan)


def _form(plan: Plan) -> None:
    """Show the lists: roads and bridges, a new road, winter, bases."""
    tr = session.tr
    kinds = {name: tr(f"what_if.kinds.{name}") for name in KINDS}
    kind = st.segmented_control(
        tr("what_if.kind"),
        KINDS,
        default=None if "what_if_kind" in st.session_state else "close",
        format_func=kinds.__getitem__,
        key="what_if_kind",
        required=True,
    )
    {"close": _close_form, "link": _link_form, "winter": _winter_form, "base": _base_form}[
        str(kind or "close")
    ](plan)


def _close_form(plan: Plan) -> None:
    tr, lang, ground = session.tr, session.lang(), plan.ground
    text = st.text_input(tr("what_if.search"), key="what_if_search", placeholder=tr("what_if.search_hint"))
    if not text.strip():
        return
    assets = ground.assets[ground.assets["sector"].isin(CLOSABLE)]
    found = find_assets(assets, text, limit=HITS_SHOWN)
    if found.empty:
        st.info(tr("what_if.found_none", text=text))
        return
    ids = [str(asset) for asset in found["asset_id"]]
    # Two bridges of one name are told apart by their numbers.
    is_double = found["name"].duplicated(keep=False)
    labels = {
        asset: f"{asset_name(ground, asset, lang)} [{tr(f'sector.{sector}')}]"
        + (f" {asset}" if double else "")
        for asset, sector, double in zip(ids, found["sector"], is_double, strict=True)
    }
    with st.container(horizontal=True, vertical_alignment="bottom"):
        asset = st.selectbox(
            tr("what_if.found", count=HITS_SHOWN),
            ids,
            format_func=lambda asset: labels.get(asset, str(asset)),
            key="what_if_hit",
        )
        st.button(
            tr("what_if.close"),
            key="what_if_close_hit",
            type="primary",
            on_click=add,
            args=(lambda: CloseAsset(str(asset)),),
        )


def _unit_choice(plan: Plan, label: str, key: str, *, has_bases_first: bool = False) -> str | None:
    lang, ground = session.lang(), plan.ground

    def look() -> dict[str, str]:
        return {str(unit): unit_name(ground, str(unit), lang) for unit in ground.units.index}

    names = session.remembered("unit_names", lang, look, max_entries=UNITS_KEPT)
    bases = set(plan.bundles["base_unit_id"]) if has_bases_first else set()
    mark = session.tr("what_if.is_base")
    labels = {unit: f"{name} [{unit}]" + (mark if unit in bases else "") for unit, name in names.items()}
    return st.selectbox(
        label,
        sorted(names, key=lambda unit: unit not in bases),
        index=None,
        format_func=lambda unit: labels.get(unit, str(unit)),
        key=f"{key}_{session.region_id()}",
        placeholder=session.tr("what_if.choose"),
    )


def _link_form(plan: Plan) -> None:
    tr = session.tr
    classes = {name: tr(f"road_class.{name}") for name in NEW_CLASSES}
    left, right = st.columns(2, gap="small")
    with left:
        start = _unit_choice(plan, tr("what_if.link_from"), "what_if_from")
        road_class = st.selectbox(
            tr("what_if.link_class"),
            NEW_CLASSES,
            index=NEW_CLASSES.index("municipal_1"),
            format_func=classes.__getitem__,
            key="what_if_class",
        )
    with right:
        end = _unit_choice(plan, tr("what_if.link_to"), "what_if_to")
        speed = st.number_input(tr("what_if.link_speed"), 5, MOST_KMH, 40, step=5, key="what_if_speed")
    st.button(
        tr("what_if.link_add"),
        key="what_if_link_add",
        type="primary",
        disabled=start is None or end is None,
        on_click=add,
        args=(lambda: AddLink((str(start), str(end)), float(speed), str(road_class)),),
    )
    st.caption(tr("what_if.link_note"))


def _winter_form(_: Plan) -> None:
    tr, known = session.tr, load_assumptions()
    low, central, high = (f"{100 * known.value('speed_factor_winter', level):.0f}" for level in LEVELS)
    st.button(
        tr("what_if.winter_add"),
        key="what_if_winter",
        type="primary",
        disabled=bool(chosen().of(Winter)),
        on_click=add,
        args=(Winter,),
    )
    st.caption(tr("what_if.winter_note", low=low, central=central, high=high))


def _base_form(plan: Plan) -> None:
    unit = _unit_choice(plan, session.tr("what_if.base_unit"), "what_if_base", has_bases_first=True)
    with st.container(horizontal=True):
        _base_buttons(plan, unit, "form")
    st.caption(session.tr("what_if.base_note"))
