"""Plans that are kept: every step by hand is saved as it is done, and found again by name or address."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator

import streamlit as st

from app_pages import access, session
from app_pages.data import without_totals
from app_pages.hands import Hand, Kept, hand_at, hand_shown, show_opened
from app_pages.moments import now_local
from app_pages.place import plain
from gunmane.errors import ConflictError, GunmaneError, WorkspaceError
from gunmane.municipalities import find_region
from gunmane.scenario import Plan
from gunmane.workbench import History
from gunmane.workspace import StoredPlan, Workspace, open_workspace
from gunmane.workspace.databases import file_mark
from gunmane.workspace.drafts import keep_draft, open_history, save_history
from gunmane.workspace.rows import MAX_NAME

CHIP_LENGTH = 20
# Why a step cannot be saved in its own plan, however often it is tried: it can be saved as another.
NOT_HERE = {
    "plan_saved_by_another",
    "plan_saved_elsewhere",
    "plan_version_unknown",
    "plan_to_look_at",
    "plan_archived",
    "kept_gone",
}


@st.cache_resource(show_spinner=False)
def _place() -> tuple[Workspace, object]:
    """Return the place where plans are kept, opened once, and which file it is; it holds no user's plan in memory."""
    place = open_workspace()
    return place, _mark(place)


def _mark(place: Workspace) -> object:
    path = place.database.path
    return None if path is None else file_mark(path)


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
    place, mark = _place()
    if _mark(place) != mark:
        # Taken away or put back from a backup meanwhile: what is there now is opened, or made.
        place.close()
        _place.clear()
        place, _ = _place()
    return place.as_user(user)


def save(plan: Plan, hand: Hand, *, is_asked: bool = False) -> None:
    """
    Save what was done since; where that fails the page says so, and the next step saves this one as well.

    Parameters
    ----------
    plan, hand
        The plan that the page shows, and what was done to it.
    is_asked
        True saves a plan that nothing was done to yet.
    """
    now = hand.history
    if hand.kept is None and not now.line() and not is_asked:
        return
    kept = hand.kept = hand.kept or Kept("", 0, History(now.base))
    try:
        place = workspace()
        if not kept.plan_id:
            kept.name = kept.name or default_name(plan)
            kept.plan_id = keep_draft(place, kept.name, now.base, plan.ground)
        for after in _not_saved(kept.history, now):
            kept.version = save_history(place, kept.plan_id, kept.history, after, kept.version)
            kept.history = after
        kept.fault = None
    except GunmaneError as fault:
        # Nobody chose it from a list here: the place was changed, or the plan is no longer shared.
        kept.fault = WorkspaceError("kept_gone") if fault.key == "plan_unknown" else fault


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


def default_name(plan: Plan) -> str:
    """Return the name that a plan gets until somebody gives it another."""
    layer = session.tr(f"layer.{plan.scenario.layer}")
    return session.tr("kept.default_name", layer=layer, date=now_local())


def show_state(plan: Plan, hand: Hand) -> None:
    """Say whether what the page shows is saved, and where it is not, what can be done: nothing done is lost."""
    tr, kept = session.tr, hand.kept
    if kept is None:
        return
    if kept.fault is None:
        st.caption(tr("kept.saved"))
        return
    session.show_error(kept.fault)
    if kept.fault.key not in NOT_HERE:
        st.warning(tr("unsaved.said"))
    with st.container(horizontal=True):
        if isinstance(kept.fault, ConflictError) and st.button(tr("kept.open_theirs"), key="kept_theirs"):
            attempt(lambda: open_kept(kept.plan_id, is_sure=True))
        if kept.fault.key in NOT_HERE and st.button(tr("kept.save_apart"), key="kept_apart"):
            save_apart(plan, hand)
            st.rerun()
        if kept.fault.key not in NOT_HERE:
            if st.button(tr("kept.save_again"), key="kept_again"):
                save(plan, hand)
                st.rerun()
            # While the place itself cannot be written to, no other plan can be saved there either.
            st.page_link(session.PAGES["output"], label=tr("unsaved.to_file"), width="content")


def save_apart(plan: Plan, hand: Hand) -> None:
    """
    Save everything that was done as a plan of its own, beside the one that it came from; as `save` where it fails.

    Parameters
    ----------
    plan, hand
        As for `save`.
    """
    name = session.tr("kept.copy_of", name=hand.kept.name) if hand.kept and hand.kept.name else ""
    hand.kept = Kept("", 0, History(hand.history.base), name=name[:MAX_NAME])
    save(plan, hand)


def refuse_loose(region: str, layer: str) -> None:
    """
    Refuse to put another plan in the place of steps that are saved nowhere.

    Raises
    ------
    WorkspaceError
        If the record of this region and package holds such steps.
    """
    hand = hand_at(region, layer)
    if hand is not None and hand.is_loose:
        name = hand.kept.name if hand.kept is not None else ""
        name = name or session.tr("unsaved.nameless")
        raise WorkspaceError("plan_over_unsaved", plan=name, region=region, layer=layer)


def open_kept(plan_id: str, *, is_sure: bool = False) -> None:
    """
    Open a saved plan of the region that the pages show; where it cannot be, the plan from before stays.

    Parameters
    ----------
    plan_id
        The plan.
    is_sure
        True opens it also over steps that are saved nowhere.

    Raises
    ------
    GunmaneError
        If there is no such plan, it is another's or another region's, it was made with other data, or steps that are
        saved nowhere would be lost.
    """
    stored = workspace().load(plan_id)
    if stored.card.region != session.region_id():
        here, there = (find_region(name) for name in (str(session.region_id()), stored.card.region))
        names = {"here_ja": here.name_ja, "here_en": here.name_en}
        names |= {"there_ja": there.name_ja, "there_en": there.name_en}
        raise WorkspaceError("plan_of_other_region", plan=stored.card.name, **names)
    ground = session.ground()
    history = open_history(stored, ground)
    if not is_sure:
        refuse_loose(stored.card.region, history.draft.scenario.layer)
    show_opened(ground, history, Kept(plan_id, stored.version, history, name=stored.card.name))


def open_asked() -> bool:
    """Open the plan that the address names, and tell whether it is open; where it cannot be, a sentence says why."""
    plan_id = str(st.session_state.pop("_plan_asked"))
    try:
        if session.region_id() is None:
            session.set_region(workspace().load(plan_id).card.region)
        if without_totals():
            raise WorkspaceError("plan_needs_files", plan=workspace().load(plan_id).card.name)
        open_kept(plan_id)
    except GunmaneError as fault:
        session.show_error(fault)
        return False
    note_open()
    return True


def rename(plan_id: str, name: str) -> None:
    """
    Give a saved plan another name, also where the pages show it.

    Raises
    ------
    WorkspaceError
        As `Workspace.rename`.
    """
    workspace().rename(plan_id, name)
    hand = hand_shown()
    if hand is not None and hand.kept is not None and hand.kept.plan_id == plan_id:
        hand.kept.name = workspace().load(plan_id).card.name


def go_to(stored: StoredPlan, place: int) -> None:
    """
    Let a saved plan be as it was after a step of its line, also where the pages show it; every step stays.

    Raises
    ------
    ConflictError
        If somebody else saved since.
    WorkspaceError
        As `Workspace.set_position`, or if steps that are saved nowhere would be lost.
    """
    plan_id = stored.card.plan_id
    hand = hand_shown()
    is_shown = hand is not None and hand.kept is not None and hand.kept.plan_id == plan_id
    if hand is not None and is_shown:
        scenario = hand.history.draft.scenario
        refuse_loose(scenario.region_id, scenario.layer)
    workspace().set_position(plan_id, place, stored.version)
    if is_shown:
        open_kept(plan_id)


def note_open() -> None:
    """Remember which saved plan the pages show of the region, for the address."""
    hand = hand_shown()
    plan_id = hand.kept.plan_id if hand is not None and hand.kept is not None else ""
    st.session_state["_plan_open"] = (session.region_id(), plan_id)


def show_chip() -> None:
    """Say which plan the pages show and whether it is saved; it leads to the saved plans."""
    tr, hand = session.tr, hand_shown()
    if hand is not None and hand.kept is not None:
        key = "plans.chip_saved" if hand.kept.fault is None else "plans.chip_unsaved"
        name = hand.kept.name or tr("plans.title")
        short = name if len(name) <= CHIP_LENGTH else name[: CHIP_LENGTH - 1] + "…"
        label = tr(key, name=plain(short))
    elif session.region_id() is not None and (plan := session.plan()) is not None:
        label = tr("plans.chip_by_hand" if plan.by_hand else "plans.chip_fresh")
    else:
        label = tr("plans.title")
    st.page_link(session.MORE_PAGES["plans"], label=label, width="content")


def attempt(change: Callable[[], object]) -> None:
    """Do something to saved plans and show the page anew; where it fails a sentence says so."""
    try:
        change()
    except GunmaneError as fault:
        session.show_error(fault)
        return
    st.rerun()
