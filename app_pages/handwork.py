"""群を組む by hand: move units, new bundles, merge, base, locks, undo and redo; figures change at once."""

from __future__ import annotations

import hashlib
import json

import streamlit as st

from app_pages import hand_problem, hand_titles, kept, session, words
from app_pages.hands import FAULT, Hand, hand_of, show_history
from app_pages.tables import heading
from app_pages.work import Call
from gunmane.errors import GunmaneError
from gunmane.scenario import Plan
from gunmane.workbench import (
    Draft,
    Edit,
    History,
    Improve,
    LockAll,
    LockBundles,
    LockUnits,
    Merge,
    MoveUnits,
    NewBundle,
    SetBase,
    UnlockAll,
    UnlockBundles,
    UnlockUnits,
    checklist,
    split_evenly,
)

IMPROVE = "gunmane.workbench:improve"
_TOLD = "_hand_told"


def do(plan: Plan, edit: Edit) -> None:
    """Do an edit; what cannot be done is told above the map, and the plan stays as it is."""
    hand = hand_of(plan)
    try:
        after = hand.history.did(edit)
    except GunmaneError as fault:
        st.session_state[FAULT] = fault
        return
    _show(plan, hand, after)


def _show(plan: Plan, hand: Hand, history: History) -> None:
    if show_history(hand, history):
        kept.save(plan, hand)


def _step(plan: Plan, *, is_back: bool) -> None:
    hand = hand_of(plan)
    if is_back and hand.history.can_undo:
        _show(plan, hand, hand.history.undone())
    elif not is_back and hand.history.can_redo:
        _show(plan, hand, hand.history.redone())


def show_fault() -> None:
    """Tell what could not be done, once."""
    fault = st.session_state.pop(FAULT, None)
    if fault is not None:
        session.show_error(fault)


def show_steps(plan: Plan) -> None:
    """Show undo and redo, how many steps and locks there are, what leads on, and what is still wrong."""
    tr, hand = session.tr, hand_of(plan)
    history, draft = hand.history, hand.history.draft
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        st.button(
            tr("hand.undo"), key="hand_undo", disabled=not history.can_undo, shortcut="Ctrl+Z",
            on_click=_step, args=(plan,), kwargs={"is_back": True},
        )  # fmt: skip
        st.button(
            tr("hand.redo"), key="hand_redo", disabled=not history.can_redo, shortcut="Ctrl+Y",
            on_click=_step, args=(plan,), kwargs={"is_back": False},
        )  # fmt: skip
        steps, bundles, units = map(len, (history.line(), draft.locked_bundles, draft.locked_units))
        st.caption(tr("hand.state", steps=steps, bundles=bundles, units=words.count(units)))
    kept.show_state(plan, hand)
    _show_ahead(plan, draft)


def _show_ahead(plan: Plan, draft: Draft) -> None:
    """Show the next place where something is wrong, the engine going on from here, and the lock of everything."""
    tr, items = session.tr, checklist(plan)
    edit: Edit = UnlockAll() if draft.locked_bundles or draft.locked_units else LockAll()
    with st.container(horizontal=True, gap="xsmall"):
        hand_problem.show_button(items)
        is_asked = st.button(tr("hand.improve"), key="hand_improve", help=tr("hand.improve_help"))
        st.button(tr(f"hand.{edit.kind}"), key="hand_lock_all", on_click=do, args=(plan, edit))
    hand_problem.show_words(plan, items)
    if is_asked or session.is_asking("improve"):
        _improve(plan)
    told = st.session_state.pop(_TOLD, None)
    if told is not None:
        st.info(told)


def show_unit_tools(plan: Plan, units: tuple[str, ...], strands: tuple[str, ...]) -> None:
    """Show what can be done with units: those chosen together, or the one that was picked."""
    draft = hand_of(plan).history.draft
    strand = _strand_of(draft, units, strands)
    if strand is None:
        return
    tr, labels = session.tr, draft.labels[strand]
    own = tuple(unit for unit in units if unit in labels.index)
    here = set(labels.reindex(own))
    st.html(heading(tr("hand.units_title", count=words.count(len(own)))))
    targets = [name for name in draft.bundles(strand) if here != {name}]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if targets:
            to = st.selectbox(
                tr("hand.to"), targets, format_func=hand_of(plan).titled, key="hand_to", width=120,
                label_visibility="collapsed",
            )  # fmt: skip
            st.button(
                tr("hand.move"),
                key="hand_move",
                type="primary",
                on_click=do,
                args=(plan, MoveUnits(own, str(to))),
            )
        st.button(tr("hand.new"), key="hand_new", on_click=do, args=(plan, NewBundle(own, strand)))
        if set(own) <= draft.locked_units:
            st.button(tr("hand.unlock"), key="hand_unlock", on_click=do, args=(plan, UnlockUnits(own)))
        else:
            st.button(tr("hand.lock"), key="hand_lock", on_click=do, args=(plan, LockUnits(own)))
        if len(own) == 1:
            base = SetBase(str(labels[own[0]]), own[0])
            st.button(tr("hand.base"), key="hand_base", on_click=do, args=(plan, base))


def show_bundle_tools(plan: Plan, bundle: str) -> None:
    """Show what can be done with a bundle as a whole."""
    tr, draft = session.tr, hand_of(plan).history.draft
    if bundle not in draft.bundles():
        return
    strand = draft.strand_of(bundle)
    others = [name for name in draft.bundles(strand) if name != bundle]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if others:
            other = st.selectbox(
                tr("hand.with"), others, format_func=hand_of(plan).titled, key="hand_with", width=120
            )
            st.button(
                tr("hand.merge"), key="hand_merge", on_click=do, args=(plan, Merge((bundle, str(other))))
            )
        st.button(tr("hand.split"), key="hand_split", on_click=_split, args=(plan, bundle))
        if bundle in draft.locked_bundles:
            st.button(
                tr("hand.unlock_bundle"),
                key="hand_unlock_bundle",
                on_click=do,
                args=(plan, UnlockBundles((bundle,))),
            )
        else:
            st.button(
                tr("hand.lock_bundle"),
                key="hand_lock_bundle",
                on_click=do,
                args=(plan, LockBundles((bundle,))),
            )
        if bundle in draft.bases:
            st.button(
                tr("hand.best_base"), key="hand_best_base", on_click=do, args=(plan, SetBase(bundle, None))
            )
        named = hand_titles.ask_title(plan, bundle)
    if named is not None:
        do(plan, named)
        st.rerun()


def _split(plan: Plan, bundle: str) -> None:
    hand = hand_of(plan)
    try:
        edit = split_evenly(hand.history.draft, plan.ground, bundle, desk=hand.desk)
    except GunmaneError as fault:
        st.session_state[FAULT] = fault
        return
    do(plan, edit)


def _improve(plan: Plan) -> None:
    """Let the engine go on from the plan as it is, with a bar and a way to end it; what it finds is one step."""
    hand = hand_of(plan)
    draft = hand.history.draft
    key = hashlib.sha256(json.dumps(draft.to_json(), sort_keys=True).encode()).hexdigest()
    edit: Improve = session.ask("improve", key, Call(IMPROVE, {"draft": draft, "ground": plan.ground}))
    if edit.labels:
        do(plan, edit)
        st.session_state[_TOLD] = session.tr("hand.improved", count=words.count(len(edit.labels)))
    else:
        st.session_state[_TOLD] = session.tr("hand.not_improved")
    st.rerun()


def _strand_of(draft: Draft, units: tuple[str, ...], strands: tuple[str, ...]) -> str | None:
    """Return the strand of those in view that holds most of the units."""
    held = {name: int(draft.labels[name].index.isin(units).sum()) for name in strands if name in draft.labels}
    best = max(held, key=lambda name: held[name], default=None)
    return best if best is not None and held[best] else None
