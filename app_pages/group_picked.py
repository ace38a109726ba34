"""群を組む, what was picked or chosen: what can be done with it, what the last step changed, and why it lies there."""

from __future__ import annotations

import html

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app_pages import chosen, group_pick, group_units, hand_change, handwork, plan_map, prices, session
from app_pages.hands import hand_of
from app_pages.plan_map import View
from gunmane.i18n import t
from gunmane.scenario import Plan
from gunmane.workbench import WhyHere, why_here

BUNDLE_KEY, UNIT_KEY = "group_bundle", "group_unit"
PICK = "_group_pick"


def show_picked(plan: Plan, view: View, picked: tuple[str, str] | None) -> tuple[DeltaGenerator, str] | None:
    """
    Show the tools of what was chosen first, then figures and reasons.

    Returns
    -------
    later
        Where the moves over the borders of the picked bundle go, which take longest; None without a bundle.
    """
    of_unit = plan_map.shown_units(plan, view)["bundle_id"].dropna()
    bundle_id, unit_id = _bundle_and_unit(picked, of_unit)
    ids = chosen.chosen_ids(plan) or ((unit_id,) if unit_id else ())
    handwork.show_unit_tools(plan, ids, view.strands)
    hand_change.show_change(plan, hand_of(plan))
    group_units.show_units(plan, view)
    chosen.show_chosen(plan, view.strands)
    _show_lists(plan, of_unit, bundle_id, unit_id)
    if bundle_id is None:
        st.info(session.tr("group.nothing_picked"))
        return None
    handwork.show_bundle_tools(plan, bundle_id)
    if unit_id is not None:
        show_why(plan, unit_id, str(plan.bundles.at[bundle_id, "strand"]))
    group_pick.show_bundle(plan, bundle_id, titled=hand_of(plan).titled(bundle_id))
    return st.container(), bundle_id


def _bundle_and_unit(picked: tuple[str, str] | None, of_unit: pd.Series) -> tuple[str | None, str | None]:
    """Return the bundle, and the unit of it, that the view shows of what was picked."""
    kind, name = picked or ("", "")
    if kind == "bundle":
        return (name, None) if (of_unit == name).any() else (None, None)
    return (str(of_unit[name]), name) if name in of_unit.index else (None, None)


def _show_lists(plan: Plan, of_unit: pd.Series, bundle_id: str | None, unit_id: str | None) -> None:
    """Show the bundles, and the units of the picked one, as lists to pick from."""
    tr, titled = session.tr, hand_of(plan).titled
    shown = set(of_unit)
    names = [str(name) for name in plan.bundles.index if name in shown]
    left, right = st.columns(2)
    st.session_state[BUNDLE_KEY] = bundle_id
    left.selectbox(
        tr("group.pick_bundle"), names, format_func=titled, key=BUNDLE_KEY, placeholder=tr("group.choose"),
        on_change=lambda: _picked_in_list("bundle", BUNDLE_KEY),
    )  # fmt: skip
    if bundle_id is None:
        return
    inside = of_unit.index[of_unit == bundle_id]
    labels = plan.ground.units["name"].reindex(inside).astype("str").to_dict()
    st.session_state[UNIT_KEY] = unit_id
    right.selectbox(
        tr("group.pick_unit"), list(labels), format_func=lambda unit: labels.get(unit, str(unit)), key=UNIT_KEY,
        placeholder=tr("group.choose"), on_change=lambda: _picked_in_list("unit", UNIT_KEY),
    )  # fmt: skip


def _picked_in_list(kind: str, key: str) -> None:
    name = st.session_state.get(key)
    if name is not None:
        st.session_state[PICK] = (kind, name, "list")


def show_why(plan: Plan, unit_id: str, strand: str) -> None:
    """Say which rule or cost holds a unit in its bundle, and show the price of each bundle next to it."""
    hand = hand_of(plan)
    reasons = group_pick.show_unit(plan, unit_id, strand)
    why = why_here(hand.history.draft, plan.ground, unit_id, strand=strand, desk=hand.desk)
    st.html(holds_list(why))
    prices.show_unit_prices(plan, why.prices, reasons)


def holds_list(why: WhyHere) -> str:
    """Return what holds a unit where it is as a list, the strongest first."""
    lang = session.lang()
    said = [t(f"why_here.{note.key}", lang, **dict(note.values)) for note in why.holds]
    items = "".join(f"<li>{html.escape(sentence)}</li>" for sentence in said)
    title = html.escape(session.tr("hand.why"))
    return f'<div class="gm-reasons"><p><b>{title}</b></p><ul style="margin:0;padding-left:1.4em">{items}</ul></div>'
