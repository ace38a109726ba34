"""群を組む, titles that a person gives to bundles: written here, shown on the map, in the table and in lists."""

from __future__ import annotations

import streamlit as st

from app_pages import session
from app_pages.hands import hand_of
from gunmane.scenario import Plan
from gunmane.workbench import TITLE_LENGTH, NameBundle

_FIELD = "hand_title"


def ask_title(plan: Plan, bundle: str) -> NameBundle | None:
    """Show the field for a bundle's title; return the edit once its button was pressed."""
    tr = session.tr
    title = hand_of(plan).titles.get(bundle, "")
    with st.popover(tr("hand.title")), st.form(f"hand_title_form_{bundle}", border=False):
        wanted = st.text_input(
            tr("hand.title_of", bundle=bundle),
            value=title,
            max_chars=TITLE_LENGTH,
            key=f"{_FIELD}_{bundle}_{title}",
            help=tr("hand.title_help"),
        )
        is_sent = st.form_submit_button(tr("hand.title_now"))
    wanted = " ".join(str(wanted or "").split())
    return NameBundle(bundle, wanted) if is_sent and wanted != title else None
