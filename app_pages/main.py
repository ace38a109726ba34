"""The frame of the pages: title, icon, styles, address, and which page is open."""

from __future__ import annotations

import sys
from pathlib import Path

import streamlit as st

HERE = Path(__file__).resolve().parent
if str(HERE.parent) not in sys.path:
    # The pages are a folder beside the package, wherever the server was started from.
    sys.path.insert(0, str(HERE.parent))

from app_pages import access, frame, session  # noqa: E402
from app_pages.place import SHOW_PLANS  # noqa: E402
from app_pages.processes import share_heaps, warm_up  # noqa: E402


def main() -> None:
    """Open the page that the address names."""
    share_heaps()
    session.read_address()
    st.set_page_config(
        page_title=session.tr("app.title"),
        page_icon=str(HERE / "icon.png"),
        layout="wide",
        initial_sidebar_state="collapsed",
        menu_items={},
    )
    access.require_user()
    pages = [
        st.Page(
            file,
            title=session.tr(f"app.page.{name}"),
            url_path="" if name == "start" else name,
            default=name == "start",
        )
        for name, file in {**session.PAGES, **session.MORE_PAGES}.items()
    ]
    chosen = st.navigation(pages, position="hidden")
    st.html(HERE / "style.css")
    st.html(HERE / f"words_{session.lang()}.css")
    # Screen readers choose their voice by it.
    st.html(
        f'<script>document.documentElement.lang = "{session.lang()}"</script>', unsafe_allow_javascript=True
    )
    chosen.run()
    frame.show_chip(chosen.url_path)
    session.footer()
    if chosen.url_path in SHOW_PLANS:
        # Only there: the first page is there without what opens and saves plans.
        from app_pages import kept

        kept.note_open()
    session.write_address()
    # After what the person came for is on its way.
    warm_up()


main()
