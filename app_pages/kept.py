"""Plans that are kept: every step by hand is saved as it is done, and found again by name or address."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Callable, Iterator

import streamlit as st

from app_pages import access, session
from app_pages.hands import Hand, Kept, show_opened
from gunmane.errors import ConflictError, GunmaneError, WorkspaceError
from gunmane.i18n import say
from gunmane.scenario import Plan
from gunmane.workbench import History
from gunmane.workspace import PlanCard, Workspace, open_workspace
from gunmane.workspace.drafts import keep_draft, open_history, save_history

MOST_LISTED = 12


@st.cache_resource(show_spinner=False)
def _place() -> Workspace:
    """Return the place where plans are kept; opened once, it holds no user's plan in memory."""
    return open_workspace()


def workspace() -> Workspace:
    """
    Return the place where plans are kept, as the user of this session sees it.

    Raises
    ------
    WorkspaceError
        If it cannot be opened, or nobody can tell who asks: one person's plans would be another's.
    """
    user = access.user()
    if user is None:
        raise WorkspaceError("workspace_nobody")
    return _place().as_user(user)


def save(plan: Plan, hand: Hand) -> None:
    """Save what was done since; where that fails the page says so, and the next step saves this one as well."""
    now = hand.history
    if hand.kept is None and not now.line():
        return
    kept = hand.kept = hand.kept or Kept("", 0, History(now.base))
    try:
        place = workspace()
        if not kept.plan_id:
            kept.plan_id = keep_draft(place, _default_name(plan), now.base, plan.ground)
        for after in _not_saved(kept.history, now):
            kept.version = save_history(place, kept.plan_id, kept.history, after, kept.version)
            kept.history = after
        kept.fault = None
    except GunmaneError as fault:
        kept.fault = fault


def _not_saved(saved: History, now: History) -> Iterator[History]:
    """Yield the record as it was after each edit, undo or redo that is not saved yet."""
    at = saved
    for number in range(len(saved.steps) + 1, len(now.steps) + 1):
        after = now.steps[number - 1].after
        if at.position != after:
            at = dataclasses.replace(now, steps=at.steps, position=after)
            yield at
        at = dataclasses.replace(now, steps=now.steps[:number], position=number)
        yield at
    if at.position != now.position:
        yield now


def _default_name(plan: Plan) -> str:
    now = datetime.datetime.now().astimezone()
    layer = session.tr(f"layer.{plan.scenario.layer}")
    return session.tr("kept.default_name", layer=layer, date=now.strftime("%Y-%m-%d %H:%M"))


def show_state(plan: Plan, hand: Hand) -> None:
    """Say whether what the page shows is saved, and what to do where it is not."""
    tr, kept = session.tr, hand.kept
    if kept is None:
        return
    if kept.fault is None:
        st.caption(tr("kept.saved"))
        return
    session.show_error(kept.fault)
    if isinstance(kept.fault, ConflictError) and st.button(tr("kept.save_apart"), key="kept_apart"):
        hand.kept = None
        save(plan, hand)
        st.rerun()


def open_kept(plan_id: str, plan: Plan) -> None:
    """Open a saved plan of the region that the page shows; where it cannot be, the plan on the page stays."""
    try:
        stored = workspace().load(plan_id)
        history = open_history(stored, plan.ground)
        show_opened(plan, history, Kept(plan_id, stored.version, history))
    except GunmaneError as fault:
        session.show_error(fault)


def show_list(plan: Plan) -> None:
    """Show the saved plans of the region, folded: open, rename, duplicate, put away."""
    tr = session.tr
    try:
        cards = workspace().list(region=plan.scenario.region_id)
    except GunmaneError as fault:
        if access.user() is None:
            # No fault of this visit: said quietly, wherever plans would be listed.
            st.caption(say(fault, session.lang()))
        else:
            session.show_error(fault)
        return
    with st.expander(tr("kept.title", count=len(cards))):
        if not cards:
            st.info(tr("kept.none"))
        for card in cards[:MOST_LISTED]:
            _show_card(plan, card)
        if len(cards) > MOST_LISTED:
            st.caption(tr("kept.more", count=len(cards) - MOST_LISTED))


def _show_card(plan: Plan, card: PlanCard) -> None:
    tr = session.tr
    with st.container(border=True):
        st.text(card.name)
        st.caption(tr("kept.card", steps=card.position, at=_local(card.changed_at)))
        with st.container(horizontal=True):
            if st.button(tr("kept.open"), key=f"kept_open_{card.plan_id}"):
                open_kept(card.plan_id, plan)
                st.session_state["_group_next_panel"] = "picked"
                st.rerun()
            with st.popover(tr("kept.rename")):
                name = st.text_input(
                    tr("kept.name"), value=card.name, key=f"kept_name_{card.plan_id}", max_chars=200
                )
                if st.button(tr("kept.rename_now"), key=f"kept_rename_{card.plan_id}"):
                    _try(lambda: workspace().rename(card.plan_id, name))
            if st.button(tr("kept.duplicate"), key=f"kept_copy_{card.plan_id}"):
                _try(lambda: workspace().duplicate(card.plan_id, tr("kept.copy_of", name=card.name)))
            if st.button(tr("kept.archive"), key=f"kept_archive_{card.plan_id}"):
                _try(lambda: workspace().archive(card.plan_id))


def _try(change: Callable[[], object]) -> None:
    try:
        change()
    except GunmaneError as fault:
        session.show_error(fault)
        return
    st.rerun()


def _local(moment: str) -> str:
    return datetime.datetime.fromisoformat(moment).astimezone().strftime("%Y-%m-%d %H:%M")
