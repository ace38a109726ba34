"""群を組む, under rules that a plan does not keep: why they cannot all hold, and relaxations, each one click away."""

from __future__ import annotations

import html

import streamlit as st

from app_pages import session
from app_pages.plan_map import labels_key
from app_pages.tables import heading
from app_pages.work import Call
from gunmane.relaxations import (
    Relaxation,
    WhyNot,
    change_sentence,
    cost_rows,
    fact_sentence,
    left_sentence,
)
from gunmane.scenario import Plan

KIND = "why_not"


def show_why_not(plan: Plan) -> bool:
    """
    Offer, under a plan that breaks rules, to look how they may be relaxed; show what was found.

    Returns
    -------
    is_taken
        Whether the user has just made a relaxed plan the session's.
    """
    if plan.broken.empty:
        return False
    tr = session.tr
    held: WhyNot | None = session.study(KIND, is_of=lambda found: _key(found.plan) == _key(plan))
    is_cut_short = held is not None and any(note.key == "search_cancelled" for note in held.facts)
    place = st.empty()
    is_wanted = (held is None or is_cut_short) and place.button(
        tr("whynot.again" if held else "whynot.ask"),
        key="why_not_ask",
        type="secondary" if held else "primary",
        help=tr("whynot.ask_help"),
    )
    if is_wanted or session.is_asking(KIND):
        held = session.ask(KIND, _key(plan), Call("gunmane.relaxations:why_not", {"plan": plan}))
        place.empty()
    return held is not None and _show_answer(held)


def _key(plan: Plan) -> tuple[str, int]:
    return plan.scenario.fingerprint(), labels_key(plan)


def _show_answer(answer: WhyNot) -> bool:
    tr, lang = session.tr, session.lang()
    st.html(heading(tr("whynot.facts")))
    st.html(_listed([fact_sentence(note, lang) for note in answer.facts]))
    if answer.relaxations:
        st.html(heading(tr("whynot.options")))
        st.caption(tr("whynot.options_note") + tr("whynot.trials", count=answer.trials))
    else:
        st.info(tr("whynot.no_options"))
    taken = [
        relaxation
        for number, relaxation in enumerate(answer.relaxations, 1)
        if _is_wanted(relaxation, number)
    ]
    for relaxation in taken:
        session.take(relaxation.plan)
    return bool(taken)


def _is_wanted(relaxation: Relaxation, number: int) -> bool:
    """Show one relaxation with what it costs; return whether its button was pressed."""
    tr, lang = session.tr, session.lang()
    ground = relaxation.plan.ground
    with st.container(border=True, key=f"why_not_{number}"):
        changes = [change_sentence(change, ground, lang) for change in relaxation.changes]
        st.html(f"<b>{html.escape(tr('whynot.option', number=number))}</b>{_listed(changes)}")
        costs = [
            tr("whynot.cost_row", what=what, change=change) for what, change in cost_rows(relaxation, lang)
        ]
        st.caption(tr("word.list_sep").join(costs) if costs else tr("whynot.same_costs"))
        left = left_sentence(relaxation, lang)
        if left:
            st.warning(left)
        return st.button(tr("whynot.use"), key=f"why_not_use_{number}")


def _listed(sentences: list[str]) -> str:
    items = "".join(f"<li>{html.escape(sentence)}</li>" for sentence in sentences)
    return f'<ul style="margin:0;padding-left:1.4em">{items}</ul>'
