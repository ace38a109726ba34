"""The form of choices: nothing is computed until its button is pressed, and wrong choices are said in words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from app_pages import session
from gunmane import schema
from gunmane.errors import GunmaneError
from gunmane.evidence import window_of
from gunmane.municipalities import Region
from gunmane.plans import scenario_assumptions
from gunmane.scenario import Scenario
from gunmane.window import travel_limit_min

MAN = 10_000
DAILY_SECTORS = ("road", "park", "sewer", "water", "river")
STRUCTURE_SECTORS = ("bridge", "tunnel")
WHOLE = {"auto": None, "yes": True, "no": False}
BASES = ("best", "town_hall")


def worded(group: str, names: Sequence[str]) -> Callable[[str], str]:
    """Return what puts the names of a group of the catalogue in words, all looked up now."""
    words = {name: session.tr(f"{group}.{name}") for name in names}
    return lambda name: words.get(name, name)


def choose_layer(current: Scenario) -> Scenario:
    """Show the work layers; a change takes effect at once, with the choices last made for that layer."""
    key = f"group_layer_{current.region_id}"
    st.session_state[key] = current.layer
    chosen = st.segmented_control(
        session.tr("group.layer"),
        list(schema.PACKAGES),
        format_func=worded("layer", schema.PACKAGES),
        key=key,
        required=True,
        on_change=lambda: session.set_scenario(session.scenario(st.session_state[key])),
        help=session.tr("group.layer_help"),
    )
    return current if chosen in (None, current.layer) else session.scenario(chosen)


def show_form(current: Scenario, region: Region) -> tuple[Scenario | None, GunmaneError | None]:
    """
    Show the form with the current choices in it.

    Returns
    -------
    wanted
        The new choices after the button was pressed and they can be planned with; None otherwise.
    error
        Why they cannot be planned with; None otherwise.
    """
    version = st.session_state.get("_group_form", 0)
    with st.form(f"group_form_{current.region_id}_{current.layer}_{version}", border=False):
        top = st.container()
        values: dict[str, Any] = {}
        with top:
            is_sent = st.form_submit_button(session.tr("group.make"), type="primary", width="stretch")
        values.update(_what(current))
        values.update(_size(current))
        values.update(_bounds(current))
        values.update(_expert(current))
    if st.button(session.tr("group.reset"), key="group_reset"):
        forget_form()
        return Scenario.default(region, layer=current.layer), None
    if not is_sent:
        return None, None
    try:
        return checked(current, values), None
    except GunmaneError as error:
        return None, error


def forget_form() -> None:
    """Let the form show the session's choices again instead of what was typed."""
    st.session_state["_group_form"] = st.session_state.get("_group_form", 0) + 1


def checked(current: Scenario, values: dict[str, Any]) -> Scenario:
    """
    Return the choices of a filled form.

    Raises
    ------
    ScenarioError
        If they cannot be planned with.
    """
    wanted = current.replace(**values)
    window_of(wanted)
    return wanted


def _what(current: Scenario) -> dict[str, Any]:
    offered = DAILY_SECTORS if current.layer == "daily" else STRUCTURE_SECTORS
    sectors = st.multiselect(
        session.tr("group.sectors"),
        list(offered),
        default=[s for s in current.sectors if s in offered],
        format_func=worded("sector", offered),
        placeholder=session.tr("group.choose"),
        help=session.tr("group.sectors_help"),
    )
    values: dict[str, Any] = {"sectors": tuple(sectors)}
    if current.layer == "daily":
        values["has_snow_removal"] = st.checkbox(session.tr("group.snow"), value=current.has_snow_removal)
    return values


def _size(current: Scenario) -> dict[str, Any]:
    assumptions = scenario_assumptions(current)
    plain = current.replace(floor_jpy=None, ceiling_jpy=None)
    window = window_of(plain)
    counts_tunnels = window.measure == "structures" and "tunnel" in current.sectors
    unit = session.tr(f"group.window_unit.{'tunnels' if counts_tunnels else window.measure}")
    divisor = MAN if window.measure == "jpy" else 1
    st.markdown(
        session.tr(
            "group.window_now",
            floor=f"{window.floor[1] / divisor:,.0f}",
            ceiling=f"{window.ceiling[1] / divisor:,.0f}",
            unit=unit,
        )
    )
    left, right = st.columns(2)
    floor = left.number_input(
        session.tr("group.floor"),
        value=_man(current.floor_jpy),
        step=500,
        placeholder=session.tr("group.as_assumed"),
    )
    ceiling = right.number_input(
        session.tr("group.ceiling"),
        value=_man(current.ceiling_jpy),
        step=500,
        placeholder=session.tr("group.as_assumed"),
    )
    is_hard = st.checkbox(
        session.tr("group.hard"), value=current.is_window_hard, help=session.tr("group.hard_help")
    )
    left, right = st.columns(2)
    count = left.number_input(
        session.tr("group.count"), value=current.bundle_count, step=1, placeholder=session.tr("group.auto")
    )
    assumed = travel_limit_min(current.replace(travel_limit_min=None), assumptions)
    limit = right.number_input(
        session.tr("group.limit"),
        value=None if current.travel_limit_min is None else int(current.travel_limit_min),
        step=5,
        placeholder=session.tr("group.limit_assumed", minutes=f"{assumed:.0f}"),
    )
    return {
        "floor_jpy": None if floor is None else float(floor) * MAN,
        "ceiling_jpy": None if ceiling is None else float(ceiling) * MAN,
        "is_window_hard": is_hard,
        "bundle_count": None if count is None else int(count),
        "travel_limit_min": None if limit is None else float(limit),
    }


def _bounds(current: Scenario) -> dict[str, Any]:
    crosses = st.checkbox(session.tr("group.crosses"), value=current.may_cross_border)
    owners = st.checkbox(
        session.tr("group.joins_owners"),
        value=current.joins_owners,
        help=session.tr("group.joins_owners_help"),
    )
    fields = current.joins_fields
    if current.layer == "daily":
        fields = st.checkbox(session.tr("group.joins_fields"), value=current.joins_fields)
    names = list(WHOLE)
    whole = st.radio(
        session.tr("group.whole.name"),
        names,
        index=names.index(next(n for n, v in WHOLE.items() if v is current.keeps_municipality_whole)),
        format_func=worded("group.whole", names),
        horizontal=True,
        help=session.tr(f"group.whole_help_{current.layer}"),
    )
    base = st.radio(
        session.tr("group.base.name"),
        list(BASES),
        index=BASES.index(current.base_policy),
        format_func=worded("group.base", BASES),
        horizontal=True,
    )
    return {
        "may_cross_border": crosses,
        "joins_owners": owners,
        "joins_fields": fields,
        "keeps_municipality_whole": WHOLE[whole],
        "base_policy": base,
    }


def _expert(current: Scenario) -> dict[str, Any]:
    with st.expander(session.tr("group.expert")):
        st.caption(session.tr("group.expert_help"))
        seed = st.number_input(session.tr("group.seed"), value=current.seed, step=1)
        budget = st.number_input(session.tr("group.budget"), value=current.move_budget, step=5000)
    return {"seed": int(seed or 0), "move_budget": int(budget if budget is not None else current.move_budget)}


def _man(value: float | None) -> int | None:
    return None if value is None else round(value / MAN)
