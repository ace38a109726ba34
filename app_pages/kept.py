"""Plans that are kept: every step by hand is saved as it is done, and found again by name or address."""

from __future__ import annotations

import datetime
from collections.abc import Callable

import streamlit as st

from app_pages import session
from app_pages.hands import Hand, Kept, open_history
from gunmane.errors import ConflictError, GunmaneError, WorkspaceError
from gunmane.i18n import say
from gunmane.scenario import Plan
from gunmane.workbench import Draft, History, Step
from gunmane.workspace import PlanCard, Workspace, open_workspace

MOST_LISTED = 12
LOOPBACK = {"127.0.0.1", "localhost", "::1"}


@st.cache_resource(show_spinner=False)
def _place() -> Workspace:
    """Return the place where plans are kept; opened once, it holds no user's plan in memory."""
    return open_workspace()


def _user() -> str | None:
    """Return who works in this session: "" for the one person at this machine, None where nobody can tell."""
    name = st.user.get("email") if st.user.get("is_logged_in") else None
    if name:
        return str(name)
    return "" if st.get_option("server.address") in LOOPBACK else None


def workspace() -> Workspace:
    """
    Return the place where plans are kept, as the user of this session sees it.

    Raises
    ------
    WorkspaceError
        If it cannot be opened, or nobody can tell who asks: one person's plans would be another's.
    """
    user = _user()
    if user is None:
        raise WorkspaceError("workspace_nobody")
    return _place().as_user(user)


def save(plan: Plan, hand: Hand) -> None:
    """Save what was done since; where that fails the plan stays on the page, marked as not saved."""
    line = tuple(hand.history.line())
    kept = hand.kept
    if kept is None and not line:
        return
    try:
        place = workspace()
        if kept is None:
            kept = hand.kept = _create(place, plan, hand.history, _default_name(plan))
        kept.fault = None
        common = 0
        while common < min(len(line), len(kept.saved)) and line[common] == kept.saved[common]:
            common += 1
        if common == len(line):
            if kept.position != len(line):
                kept.version = place.set_position(kept.plan_id, len(line), kept.version)
        else:
            if kept.position != common:
                kept.version = place.set_position(kept.plan_id, common, kept.version)
            for number in line[common:]:
                edit = hand.history.steps[number - 1].edit.to_json()
                kept.version = place.append(kept.plan_id, edit, kept.version)
            kept.saved = line
        kept.position = len(line)
    except GunmaneError as fault:
        if kept is None:
            hand.kept = kept = Kept("", 0)
        kept.fault = fault
    st.session_state["_kept_plan"] = kept.plan_id or None


def _create(place: Workspace, plan: Plan, history: History, name: str) -> Kept:
    base = history.base
    data = {str(key): str(value) for key, value in plan.ground.provenance.get("input_sha256", {}).items()}
    made = place.create(
        name, region=plan.scenario.region_id, base=base.to_json(), data={**data, "ground": base.ground_key}
    )
    return Kept(made, 0)


def _default_name(plan: Plan) -> str:
    now = datetime.datetime.now().astimezone()
    layer = session.tr(f"layer.{plan.scenario.layer}")
    return session.tr("kept.default_name", layer=layer, date=now.strftime("%Y-%m-%d %H:%M"))


def show_state(hand: Hand) -> None:
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
        st.rerun()


def open_kept(plan_id: str, plan: Plan) -> None:
    """Open a saved plan of the region that the page shows; where it cannot be, the plan on the page stays."""
    try:
        stored = workspace().load(plan_id)
        base = Draft.from_json(stored.base)
        steps = tuple(Step.from_json({"after": i, "edit": step.step}) for i, step in enumerate(stored.steps))
        history = History(base, steps, stored.position)
        line = tuple(range(1, len(steps) + 1))
        kept = Kept(plan_id, stored.version, line, stored.position)
        open_history(plan, history, kept)
    except GunmaneError as fault:
        session.show_error(fault)


def show_list(plan: Plan) -> None:
    """Show the saved plans of the region, folded: open, rename, duplicate, put away."""
    tr = session.tr
    try:
        cards = workspace().list(region=plan.scenario.region_id)
    except GunmaneError as fault:
        if _user() is None:
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
