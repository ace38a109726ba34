"""Steps by hand that are saved nowhere, when another plan would take their place: asked about, never dropped."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from app_pages import kept, session
from app_pages.hands import Hand, hand_at
from app_pages.place import plain
from gunmane.errors import GunmaneError, WorkspaceError
from gunmane.workspace.records import PlanCard

KEY = "plan_over_unsaved"
_ASKED = "_open_over_unsaved"


def open_or_ask(card: PlanCard, open_it: Callable[[bool], None]) -> None:
    """
    Open a saved plan; where that would drop what is saved nowhere, ask at the next run of the page.

    Parameters
    ----------
    card
        The plan.
    open_it
        Opens it; told True, also over what is not saved.

    Raises
    ------
    GunmaneError
        If it cannot be opened for another reason; the plan on the page stays.
    """
    try:
        open_it(False)
    except WorkspaceError as fault:
        if fault.key != KEY:
            raise
        st.session_state[_ASKED] = (card.plan_id, fault.values["region"], fault.values["layer"])
        st.rerun()


def show_question(card: PlanCard, open_it: Callable[[bool], None]) -> None:
    """
    Ask what becomes of the steps that are saved nowhere, where opening this plan would drop them.

    Parameters
    ----------
    card, open_it
        As for `open_or_ask`.

    Raises
    ------
    GunmaneError
        If the plan cannot be opened.
    """
    plan_id, *place = st.session_state.get(_ASKED, ("", "", ""))
    hand = hand_at(str(place[0]), str(place[1])) if plan_id == card.plan_id else None
    if hand is None or not hand.is_loose:
        return
    tr, name = session.tr, hand.kept.name if hand.kept is not None else ""
    st.warning(tr("unsaved.ask", plan=plain(name or tr("unsaved.nameless")), other=plain(card.name)))
    with st.container(horizontal=True):
        is_saved = st.button(tr("unsaved.save_first"), type="primary", key="unsaved_save")
        is_dropped = st.button(tr("unsaved.drop"), key="unsaved_drop")
        is_left = st.button(tr("unsaved.stay"), key="unsaved_stay")
    if is_saved:
        fault = _saved_apart(hand)
        if fault is not None:
            session.show_error(fault)
            return
    if is_saved or is_dropped or is_left:
        del st.session_state[_ASKED]
    if is_saved or is_dropped:
        open_it(True)
    if is_left:
        st.rerun()


def _saved_apart(hand: Hand) -> GunmaneError | None:
    """Save the steps of a record as a plan of their own; return why that failed, with the record as it was."""
    before = hand.kept
    kept.save_apart(hand.desk.figures(hand.history.draft), hand)
    fault = hand.kept.fault if hand.kept is not None else None
    if fault is not None:
        hand.kept = before
    return fault
