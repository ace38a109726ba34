"""群を組む by hand: move units, new bundles, merge, base, locks, undo and redo; figures change at once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable

import streamlit as st

from app_pages import hand_best, hand_locks, hand_problem, hand_titles, kept, session, words
from app_pages.hands import Hand, hand_of, hand_shown, work_off
from app_pages.tables import heading
from app_pages.work import Call
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

IMPROVE = "gunmane.workbench:improve_kept"
_TOLD = "_hand_told"


def do(hand: Hand, edit: Edit) -> None:
    """Do an edit; what cannot be done is told above the map, and the plan stays as it is."""
    _ask(hand, lambda history: history.did(edit))


def _ask(hand: Hand, change: Callable[[History], History]) -> None:
    hand.waiting.append(change)
    go_on()


def _undo(hand: Hand) -> None:
    _ask(hand, lambda history: history.undone() if history.can_undo else history)


def _redo(hand: Hand) -> None:
    _ask(hand, lambda history: history.redone() if history.can_redo else history)


def _split(hand: Hand, bundle: str) -> None:
    ground = hand.desk.ground
    _ask(hand, lambda history: history.did(split_evenly(history.draft, ground, bundle, desk=hand.desk)))


def go_on() -> None:
    """Do and save what was clicked so far, also what a later click kept from being done."""
    hand = hand_shown()
    if hand is None:
        return
    with hand.turn:
        work_off(hand)
        plan = session.plan()
        if hand.is_unsaved and plan is not None:
            kept.save(plan, hand)


def show_fault() -> None:
    """Tell what could not be done, once."""
    hand = hand_shown()
    if hand is not None and hand.fault is not None:
        fault, hand.fault = hand.fault, None
        plan = session.plan()
        session.show_error(fault if plan is None else hand_locks.with_names(plan, fault))


def show_steps(plan: Plan) -> None:
    """Show undo and redo, how many steps and locks there are, what leads on, and what is still wrong."""
    tr, hand = session.tr, hand_of(plan)
    history, draft = hand.history, hand.history.draft
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        st.button(
            tr("hand.undo"), key="hand_undo", disabled=not history.can_undo, shortcut="Ctrl+Z",
            on_click=_undo, args=(hand,),
        )  # fmt: skip
        st.button(
            tr("hand.redo"), key="hand_redo", disabled=not history.can_redo, shortcut="Ctrl+Y",
            on_click=_redo, args=(hand,),
        )  # fmt: skip
        bundles, units = len(draft.locked_bundles), len(draft.locked_units)
        st.caption(tr("hand.state", steps=hand.steps, bundles=bundles, units=words.count(units)))
    kept.show_state(plan, hand)
    _show_ahead(plan, hand)


def _show_ahead(plan: Plan, hand: Hand) -> None:
    """Show the next place where something is wrong, the engine going on from here, and the lock of everything."""
    tr, items, draft = session.tr, checklist(plan), hand.history.draft
    edit: Edit = UnlockAll() if draft.locked_bundles or draft.locked_units else LockAll()
    with st.container(horizontal=True, gap="xsmall"):
        hand_problem.show_button(plan, items)
        is_asked = st.button(tr("hand.improve"), key="hand_improve", help=tr("hand.improve_help"))
        st.button(tr(f"hand.{edit.kind}"), key="hand_lock_all", on_click=do, args=(hand, edit))
    hand_problem.show_words(plan, items)
    if is_asked or session.is_asking("improve"):
        _improve(plan)
    told = st.session_state.pop(_TOLD, None)
    if told is not None:
        st.info(told)


def show_unit_tools(plan: Plan, units: tuple[str, ...], strands: tuple[str, ...]) -> None:
    """Show what can be done with units: those chosen together, or the one that was picked."""
    hand = hand_of(plan)
    draft = hand.history.draft
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
                tr("hand.to"), targets, format_func=hand.titled, key="hand_to", width=120,
                label_visibility="collapsed",
            )  # fmt: skip
            st.button(
                tr("hand.move"),
                key="hand_move",
                type="primary",
                on_click=do,
                args=(hand, MoveUnits(own, str(to))),
            )
        st.button(tr("hand.new"), key="hand_new", on_click=do, args=(hand, NewBundle(own, strand)))
        if set(own) <= draft.locked_units:
            st.button(tr("hand.unlock"), key="hand_unlock", on_click=do, args=(hand, UnlockUnits(own)))
        else:
            st.button(tr("hand.lock"), key="hand_lock", on_click=do, args=(hand, LockUnits(own)))
        if len(own) == 1:
            base = SetBase(str(labels[own[0]]), own[0])
            st.button(tr("hand.base"), key="hand_base", on_click=do, args=(hand, base))


def show_bundle_tools(plan: Plan, bundle: str) -> None:
    """Show what can be done with a bundle as a whole."""
    tr, hand = session.tr, hand_of(plan)
    draft = hand.history.draft
    if bundle not in draft.bundles():
        return
    strand = draft.strand_of(bundle)
    others = [name for name in draft.bundles(strand) if name != bundle]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if others:
            other = st.selectbox(tr("hand.with"), others, format_func=hand.titled, key="hand_with", width=120)
            st.button(
                tr("hand.merge"), key="hand_merge", on_click=do, args=(hand, Merge((bundle, str(other))))
            )
        st.button(tr("hand.split"), key="hand_split", on_click=_split, args=(hand, bundle))
        if bundle in draft.locked_bundles:
            st.button(
                tr("hand.unlock_bundle"),
                key="hand_unlock_bundle",
                on_click=do,
                args=(hand, UnlockBundles((bundle,))),
            )
        else:
            st.button(
                tr("hand.lock_bundle"),
                key="hand_lock_bundle",
                on_click=do,
                args=(hand, LockBundles((bundle,))),
            )
        if bundle in draft.bases:
            st.button(
                tr("hand.best_base"), key="hand_best_base", on_click=do, args=(hand, SetBase(bundle, None))
            )
        named = hand_titles.ask_title(plan, bundle)
    if named is not None:
        do(hand, named)
        st.rerun()


def _improve(plan: Plan) -> None:
    """Let the engine go on from the plan as it is, with a bar and a way to end it; what it finds is one step."""
    hand = hand_of(plan)
    draft = hand.history.draft
    key = hashlib.sha256(json.dumps(draft.to_json(), sort_keys=True).encode()).hexdigest()
    work: Call[Improve] = Call(IMPROVE, {"draft": draft, "ground": plan.ground})
    edit = session.ask("improve", key, work, tell=hand_best.teller(plan, hand))
    if edit.labels:
        do(hand, edit)
        st.session_state[_TOLD] = session.tr("hand.improved", count=words.count(len(edit.labels)))
    else:
        is_held = bool(draft.locked_units or draft.locked_bundles or draft.bases)
        st.session_state[_TOLD] = session.tr("hand.not_improved_held" if is_held else "hand.not_improved")
    st.rerun()


def _strand_of(draft: Draft, units: tuple[str, ...], strands: tuple[str, ...]) -> str | None:
    """Return the strand of those in view that holds most of the units."""
    held = {name: int(draft.labels[name].index.isin(units).sum()) for name in strands if name in draft.labels}
    best = max(held, key=lambda name: held[name], default=None)
    return best if best is not None and held[best] else None
