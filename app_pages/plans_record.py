"""What was written about a kept plan, and what was done to it: by whom, when, and the way back to any step."""

from __future__ import annotations

import html

import streamlit as st

from app_pages import kept, moments, session, words
from app_pages.tables import heading, html_table
from gunmane.workbench.edits import KINDS
from gunmane.workspace import Event, StoredPlan

EVENTS_SHOWN = 60
NOTE_LENGTH = 2000


def who(name: str) -> str:
    """Return a user as the pages tell of one."""
    return name or session.tr("plans.alone")


def show_notes(stored: StoredPlan) -> None:
    """Show the notes of a plan, the newest first, and a field for one more."""
    tr, card = session.tr, stored.card
    st.html(heading(tr("plans.notes", count=words.count(len(stored.notes)))))
    for note in reversed(stored.notes):
        # No caption: an address in it would become a link to the mail program.
        by = tr("plans.note_by", at=moments.told(note.at), who=who(note.who))
        st.html(f'<span class="gm-disclaimer">{html.escape(by)}</span>')
        st.text(str(note.detail.get("text", "")))
    if not card.may_edit or card.archived_at is not None:
        return
    with st.form("plans_note", border=False, clear_on_submit=True):
        text = st.text_area(tr("plans.note"), key="plans_note_text", max_chars=NOTE_LENGTH, height=70)
        if st.form_submit_button(tr("plans.add_note")) and text.strip():
            kept.attempt(lambda: kept.workspace().annotate(card.plan_id, text.strip()))


def show_record(stored: StoredPlan) -> None:
    """Show everything that was done to a plan, and let a person go to any step of its line."""
    tr, card = session.tr, stored.card
    st.html(heading(tr("plans.record")))
    _go_to(stored)
    events = kept.workspace().history(card.plan_id)
    said = {step.number: _edit_words(step.step.get("edit", {})) for step in stored.record}
    rows = [
        (moments.local(event.at), _event_words(event, said), who(event.who))
        for event in reversed(events[-EVENTS_SHOWN:])
    ]
    head = [tr("plans.record_at", zone=moments.zone_name()), tr("plans.record_what"), tr("plans.record_who")]
    with st.container(height=260, border=True, key="plans_events"):
        st.html(html_table(head, rows, left=(1, 2)))
    if len(events) > EVENTS_SHOWN:
        st.caption(tr("plans.record_more", count=words.count(len(events) - EVENTS_SHOWN)))


def _go_to(stored: StoredPlan) -> None:
    tr, card = session.tr, stored.card
    if not stored.steps or not card.may_edit or card.archived_at is not None:
        return
    key = f"plans_place_{card.plan_id}_{card.version}"
    with st.container(horizontal=True, vertical_alignment="bottom"):
        place = st.selectbox(
            tr("plans.place"),
            range(len(stored.steps) + 1),
            index=stored.position,
            format_func=lambda at: _place_words(stored, at),
            key=key,
        )
        is_asked = st.button(tr("plans.go_to"), key="plans_go_to", disabled=place == stored.position)
    if is_asked and place is not None:
        kept.attempt(lambda: kept.go_to(stored, place))


def _place_words(stored: StoredPlan, place: int) -> str:
    tr = session.tr
    if place == 0:
        return tr("plans.place_base")
    step = stored.steps[place - 1]
    said = tr("plans.place_step", number=place, what=_edit_words(step.step.get("edit", {})))
    return said + (tr("plans.place_now") if place == stored.position else "")


def _event_words(event: Event, said: dict[int, str]) -> str:
    tr, detail = session.tr, event.detail
    if event.kind == "step":
        return said.get(int(detail.get("number", 0))) or tr("plans.event.step")
    if event.kind == "position":
        before, place = (int(detail.get(name, 0)) for name in ("from", "to"))
        back = "back" if place else "back_to_start"
        return tr(f"plans.event.{back if place < before else 'forth'}", place=place)
    if event.kind in ("shared", "unshared"):
        return tr(f"plans.event.{event.kind}", user=str(detail.get("with", "")))
    if event.kind == "renamed":
        return tr("plans.event.renamed", name=str(detail.get("to", "")))
    known = event.kind in ("created", "note", "archived", "restored")
    return tr(f"plans.event.{event.kind}") if known else event.kind


def _edit_words(edit: dict[str, object]) -> str:
    """Return what an edit did, as a sentence; bundles are named, units counted."""
    tr, kind = session.tr, str(edit.get("kind", ""))
    told = {name: value for name, value in edit.items() if name not in ("kind", "format")}
    units = told.get("units", ())
    bundles = told.get("bundles", ())
    labels = told.get("labels", ())
    values = {
        "units": words.count(len(units) if isinstance(units, list | tuple) else 0),
        "moved": words.count(len(labels) if isinstance(labels, list | tuple) else 0),
        "bundles": tr("word.list_sep").join(map(str, bundles)) if isinstance(bundles, list | tuple) else "",
        "to": str(told.get("to", "")),
        "bundle": str(told.get("bundle", "")),
        "title": str(told.get("title", "")),
    }
    key = f"plans.edit.{kind}"
    if kind == "set_base" and told.get("unit") is None:
        key = "plans.edit.set_base_auto"
    return tr(key, **values) if kind in KINDS else kind
