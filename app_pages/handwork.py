"""群を組む by hand: move units, new bundles, merge, base, locks, undo and redo; figures change at once."""

from __future__ import annotations

import hashlib
import json

import streamlit as st

from app_pages import kept, session, words
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
    Item,
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
    next_problem,
    problems,
    split_evenly,
)

IMPROVE = "gunmane.workbench:improve"
_PROBLEM = "_hand_problem"
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
    """Show undo, redo, and how many steps and locks there are."""
    tr, hand = session.tr, hand_of(plan)
    history, draft = hand.history, hand.history.draft
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            tr("hand.undo"), key="hand_undo", disabled=not history.can_undo, shortcut="Ctrl+Z",
            on_click=_step, args=(plan,), kwargs={"is_back": True},
        )  # fmt: skip
        st.button(
            tr("hand.redo"), key="hand_redo", disabled=not history.can_redo, shortcut="Ctrl+Y",
            on_click=_step, args=(plan,), kwargs={"is_back": False},
        )  # fmt: skip
        locked = len(draft.locked_bundles) + len(draft.locked_units)
        edit: Edit = UnlockAll() if locked else LockAll()
        st.button(
            tr("hand.unlock_all" if locked else "hand.lock_all"),
            key="hand_lock_all",
            on_click=do,
            args=(plan, edit),
        )
        st.caption(
            tr(
                "hand.state",
                steps=words.count(len(history.line())),
                bundles=words.count(len(draft.locked_bundles)),
                units=words.count(len(draft.locked_units)),
            )
        )
    if hand.before:
        st.caption(_changes(hand.before, plan.totals))
    kept.show_state(plan, hand)


def _changes(before: dict[str, float], after: dict[str, float]) -> str:
    """Say what the last step changed, figure by figure; what stayed is left out."""
    tr = session.tr
    said = []
    for name, tell in (
        ("travel_hours", words.hours),
        ("farthest_min", words.minutes),
        ("broken_count", words.count),
        ("below_floor", words.count),
        ("above_ceiling", words.count),
        ("order_count", words.count),
    ):
        old, new = tell(before[name]), tell(after[name])
        if old != new:
            said.append(tr("hand.change", name=tr(f"hand.figure.{name}"), before=old, after=new))
    return tr("hand.changed", changes=tr("word.list_sep").join(said) or tr("hand.nothing"))


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
            to = st.selectbox(tr("hand.to"), targets, key="hand_to", width=140)
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
            other = st.selectbox(tr("hand.with"), others, key="hand_with", width=140)
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


def _split(plan: Plan, bundle: str) -> None:
    hand = hand_of(plan)
    try:
        edit = split_evenly(hand.history.draft, plan.ground, bundle, desk=hand.desk)
    except GunmaneError as fault:
        st.session_state[FAULT] = fault
        return
    do(plan, edit)


def show_ahead(plan: Plan) -> None:
    """Show what leads on: the next place where something is wrong, and the engine going on from here."""
    tr = session.tr
    with st.container(horizontal=True):
        items = checklist(plan)
        found = problems(items)
        label = tr("hand.next_problem", count=words.count(len(found)))
        st.button(label, key="hand_next", disabled=not found, on_click=_go_to_next, args=(items,))
        is_asked = st.button(tr("hand.improve"), key="hand_improve", help=tr("hand.improve_help"))
    if is_asked or session.is_asking("improve"):
        _improve(plan)
    told = st.session_state.pop(_TOLD, None)
    if told is not None:
        st.info(told)


def _go_to_next(items: list[Item]) -> None:
    problem = next_problem(items, st.session_state.get(_PROBLEM))
    st.session_state[_PROBLEM] = problem
    if problem is None:
        return
    place = problem.place
    kind, name = ("unit", place.unit_id) if place.unit_id else ("bundle", place.bundle_id)
    if name:
        st.session_state["_group_pick"] = (kind, name, "list")
        st.session_state["_group_focus"] = (
            kind,
            name,
            st.session_state.get("_group_focus", ("", "", 0))[2] + 1,
        )


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
