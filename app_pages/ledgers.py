"""データ: bring ledgers, see how each was understood, mend that, and plan with them."""

from __future__ import annotations

import streamlit as st

from app_pages import ledgers_desk, ledgers_detail, ledgers_list, ledgers_reading, ledgers_ready, session
from app_pages.session import tr
from app_pages.tables import STYLE
from gunmane.municipalities import Region

SIDE_HEIGHT = 560
TABS = ("files", "ready", "templates")


def show() -> None:
    """Show the page."""
    session.header("data")
    place = session.require_region()
    st.session_state.pop("_wants_upload", None)
    st.html(STYLE)
    ledgers_list.take_dropped()
    ledgers_reading.read_waiting(place)
    files, ready, templates = st.tabs(
        [tr(f"data.tab.{name}") for name in TABS], key=f"data_tabs_{session.lang()}", on_change="rerun"
    )
    if files.open:
        with files:
            _files(place)
    if ready.open:
        with ready:
            ledgers_ready.show_readiness(place)
    if templates.open:
        with templates:
            ledgers_ready.show_templates(place)


def _files(place: Region) -> None:
    """Show the files on the left, and on the right what is known of the chosen one."""
    left, right = st.columns([4, 6], gap="medium")
    with left, st.container(height=SIDE_HEIGHT, border=False, key="data_files"):
        ledgers_list.show_in_use(place)
        ledgers_list.show_drop_zone()
        ledgers_list.show_files()
    with right, st.container(height=SIDE_HEIGHT, border=False, key="data_detail"):
        file = ledgers_desk.chosen()
        if file is None and session.own() is not None:
            st.info(tr("data.desk_empty"))
        elif file is None:
            ledgers_list.show_first_steps()
        else:
            ledgers_detail.show(file, place)


with session.page_guard():
    show()
