"""保存した案: every plan that is kept, with notes, the record of steps, and who else may see it."""

from __future__ import annotations

import functools

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app_pages import access, kept, kept_list, moments, plan_upload, plans_record, session, unsaved
from app_pages.place import open_plan, plain
from app_pages.tables import STYLE, heading
from gunmane.errors import GunmaneError, RegionError
from gunmane.municipalities import find_region
from gunmane.workspace import PlanCard, StoredPlan

WHICH = ("here", "all", "archived")
PICKED = "_plans_picked"
LIST_HEIGHT = 320


def main() -> None:
    """Show the page."""
    st.html(STYLE)
    left, right = st.columns([6, 4], gap="medium")
    with left:
        st.html(heading(session.tr("plans.title")))
        plan = session.plan() if session.region_id() is not None else None
        if plan is not None:
            kept_list.show_keep_now(plan)
        cards = _cards()
        picked = _list(cards)
        plan_upload.show_upload()
        below = st.container()
    with right:
        if picked is None:
            st.info(session.tr("plans.pick" if cards else "plans.none"))
        else:
            _show(picked, below)


def _cards() -> list[PlanCard]:
    """Return the plans that are asked for, the last changed first."""
    tr = session.tr
    here = session.region_id()
    choices = WHICH if here is not None else WHICH[1:]
    which = st.segmented_control(
        tr("plans.which"),
        list(choices),
        format_func=lambda name: tr(f"plans.which_{name}"),
        key="plans_which",
        default=choices[0],
        required=True,
        label_visibility="collapsed",
    )
    region = here if which == "here" else None
    return kept.workspace().list(region=region, is_archived=which == "archived")


def _list(cards: list[PlanCard]) -> PlanCard | None:
    """Show the plans as a table and as a list to choose from; return the one that is chosen."""
    if not cards:
        return None
    tr, by_id = session.tr, {card.plan_id: card for card in cards}
    open_id = open_plan()
    before = st.session_state.get(PICKED) or open_id
    table = pd.DataFrame([_row(card, is_open=card.plan_id == open_id) for card in cards])
    is_alone = access.user() == ""
    table = table.drop(columns=["owner", "by"] if is_alone else [])
    if st.session_state.get("plans_which") == "here":
        table = table.drop(columns="region")
    # Another key for another content: a row's number then says nothing about the rows before.
    key = f"plans_table_{hash(tuple(by_id))}_{session.lang()}"
    chosen = st.dataframe(
        table,
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        height=min(LIST_HEIGHT, 36 * (len(table) + 1) + 4),
        row_height=36,
        column_config={name: tr(f"plans.col.{name}", zone=moments.zone_name()) for name in table},
        key=key,
    )
    rows = chosen["selection"]["rows"] if chosen else []
    clicked = cards[rows[0]].plan_id if rows and rows[0] < len(cards) else None
    if clicked is not None and clicked != st.session_state.get(f"{key}_seen"):
        before = clicked
    st.session_state[f"{key}_seen"] = clicked
    st.session_state["plans_pick"] = before if before in by_id else None
    picked = st.selectbox(
        tr("plans.choose"),
        list(by_id),
        format_func=lambda name: _label(by_id[name]) if name in by_id else str(name),
        key="plans_pick",
        placeholder=tr("group.choose"),
    )
    st.session_state[PICKED] = picked
    return by_id.get(picked) if picked else None


def _label(card: PlanCard) -> str:
    """Return what tells a plan from another of the same name."""
    return session.tr("plans.label", name=card.name, at=moments.local(card.changed_at))


def _row(card: PlanCard, *, is_open: bool) -> dict[str, object]:
    tr = session.tr
    return {
        "name": card.name,
        "state": tr("plans.open_now") if is_open else "",
        "at": moments.local(card.changed_at),
        "steps": card.position,
        "region": _region_name(card.region),
        "by": plans_record.who(card.changed_by),
        "owner": plans_record.who(card.owner),
    }


def _region_name(region_id: str) -> str:
    """Return the name of a region; of one that this gunmane does not know, its id."""
    try:
        region = find_region(region_id)
    except RegionError:
        return region_id
    return region.name_ja if session.lang() == "ja" else region.name_en


def _show(card: PlanCard, below: DeltaGenerator) -> None:
    """Show one plan: what can be done with it, notes and sharing; its record below the list."""
    stored = kept.workspace().load(card.plan_id)
    with st.container(key="plans_detail"):
        # A name is text: no mark of a formatting language in it means anything.
        st.text(card.name)
        if card.owner != access.user():
            st.caption(
                session.tr("plans.shared_by" if card.may_edit else "plans.shown_by", owner=plain(card.owner))
            )
        _tools(card)
        plans_record.show_notes(stored)
        _sharing(stored)
    with below:
        plans_record.show_record(stored)


def _tools(card: PlanCard) -> None:
    tr, is_own = session.tr, card.owner == access.user()
    with st.container(horizontal=True):
        if card.archived_at is not None:
            if is_own and st.button(tr("plans.restore"), type="primary", key="plans_restore"):
                kept.attempt(lambda: kept.workspace().restore(card.plan_id))
            return
        is_asked = st.button(tr("kept.open"), type="primary", key="plans_open")
        if is_own:
            with st.popover(tr("kept.rename")):
                name = st.text_input(tr("kept.name"), value=card.name, key="plans_name", max_chars=200)
                if st.button(tr("kept.rename_now"), key="plans_rename"):
                    kept.attempt(lambda: kept.rename(card.plan_id, name))
        if st.button(tr("kept.duplicate"), key="plans_copy"):
            kept.attempt(lambda: kept.workspace().duplicate(card.plan_id, tr("kept.copy_of", name=card.name)))
        if is_own and st.button(tr("kept.archive"), key="plans_archive"):
            kept.attempt(lambda: kept.workspace().archive(card.plan_id))
    open_it = functools.partial(_open, card)
    if is_asked:
        unsaved.open_or_ask(card, open_it)
    unsaved.show_question(card, open_it)


def _open(card: PlanCard, is_sure: bool) -> None:
    """Open a plan in 群を組む, in its own region; over steps that are saved nowhere only when sure."""
    before = session.region_id()
    try:
        session.set_region(card.region)
        kept.open_kept(card.plan_id, is_sure=is_sure)
    except GunmaneError:
        session.set_region(before)
        raise
    session.go("group")


def _sharing(stored: StoredPlan) -> None:
    tr, card = session.tr, stored.card
    if access.user() == "" or card.owner != access.user():
        return
    st.html(heading(tr("plans.sharing")))
    st.caption(tr("plans.sharing_help"))
    for name, may_edit in sorted(stored.shared_with.items()):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.text(tr("plans.may_edit" if may_edit else "plans.may_look", user=name))
            if st.button(tr("plans.unshare"), key=f"plans_unshare_{name}"):
                kept.attempt(functools.partial(kept.workspace().unshare, card.plan_id, name))
    with st.form("plans_share", border=False):
        with_user = st.text_input(tr("plans.colleague"), key="plans_with", max_chars=200)
        may_edit = st.checkbox(tr("plans.let_edit"), value=True, key="plans_let_edit")
        if st.form_submit_button(tr("plans.share")):
            plain = access.clean_user(with_user)
            kept.attempt(lambda: kept.workspace().share(card.plan_id, plain, may_edit=may_edit))


with session.page_guard():
    session.header("plans")
    main()
