"""The saved plans of the region, folded beside the map: open, rename, duplicate, put away."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from app_pages import access, kept, moments, session, unsaved
from app_pages.hands import Kept, hand_of, hand_shown
from gunmane.errors import GunmaneError
from gunmane.i18n import say
from gunmane.scenario import Plan
from gunmane.workbench import History
from gunmane.workspace import PlanCard

MOST_LISTED = 12


def show_list(plan: Plan) -> None:
    """Show the saved plans of the region, folded: open, rename, duplicate, put away."""
    tr = session.tr
    try:
        cards = kept.workspace().list(region=plan.scenario.region_id)
    except GunmaneError as fault:
        if access.user() is None:
            # No fault of this visit: said quietly, wherever plans would be listed.
            st.caption(say(fault, session.lang()))
        else:
            session.show_error(fault)
        return
    show_keep_now(plan)
    with st.expander(tr("kept.title", count=len(cards))):
        if not cards:
            st.info(tr("kept.none"))
        for card in cards[:MOST_LISTED]:
            _show_card(card)
        if len(cards) > MOST_LISTED:
            st.caption(tr("kept.more", count=len(cards) - MOST_LISTED))


def show_keep_now(plan: Plan) -> None:
    """Offer to save the plan of the pages, where it is saved nowhere."""
    hand = hand_shown()
    if (hand is None or hand.kept is None) and st.button(session.tr("plans.keep_now"), key="kept_now"):
        _keep_now(plan)


def _show_card(card: PlanCard) -> None:
    tr = session.tr
    with st.container(border=True):
        st.text(card.name)
        st.caption(tr("kept.card", steps=card.position, at=moments.told(card.changed_at)))
        with st.container(horizontal=True):
            if st.button(tr("kept.open"), key=f"kept_open_{card.plan_id}"):
                _attempt(card, unsaved.open_or_ask)
            with st.popover(tr("kept.rename")):
                name = st.text_input(
                    tr("kept.name"), value=card.name, key=f"kept_name_{card.plan_id}", max_chars=200
                )
                if st.button(tr("kept.rename_now"), key=f"kept_rename_{card.plan_id}"):
                    kept.attempt(lambda: kept.rename(card.plan_id, name))
            if st.button(tr("kept.duplicate"), key=f"kept_copy_{card.plan_id}"):
                kept.attempt(
                    lambda: kept.workspace().duplicate(card.plan_id, tr("kept.copy_of", name=card.name))
                )
            if st.button(tr("kept.archive"), key=f"kept_archive_{card.plan_id}"):
                kept.attempt(lambda: kept.workspace().archive(card.plan_id))
        _attempt(card, unsaved.show_question)


def _attempt(card: PlanCard, way: Callable[[PlanCard, Callable[[bool], None]], None]) -> None:
    """Open a plan one way or the other; where it cannot be, a sentence says so."""

    def open_it(is_sure: bool) -> None:
        kept.open_kept(card.plan_id, is_sure=is_sure)
        st.session_state["_group_next_panel"] = "picked"
        st.rerun()

    try:
        way(card, open_it)
    except GunmaneError as fault:
        session.show_error(fault)


def _keep_now(plan: Plan) -> None:
    """Save the plan of the page as it is, so that it has a name and an address before anything is changed."""
    hand = hand_of(plan)
    hand.kept = Kept("", 0, History(hand.history.base), name=kept.default_name(plan))
    kept.save(plan, hand, is_asked=True)
    if hand.kept.fault is None:
        st.rerun()
    session.show_error(hand.kept.fault)
    if not hand.kept.plan_id:
        hand.kept = None
