"""？: keys, words and the first visit again, in one place of the header; the key ? opens it."""

from __future__ import annotations

import html

import streamlit as st

from app_pages import terms, tour
from app_pages.place import tr

KEYS = ("help", "tab", "enter", "escape", "arrows", "zoom", "space", "draw", "undo", "redo", "find")

# One listener a page, however often the page runs again; typing a question mark into a field stays typing.
_OPENS_BY_KEY = """<script>
if (!window.gunmaneHelp) {
  window.gunmaneHelp = true;
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
    if (event.key !== "?" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
    document.querySelector(".st-key-help button")?.click();
  });
}
</script>"""


def show_help() -> None:
    """Show the button, and what it opens."""
    with st.popover(tr("help.open"), key="help"):
        st.button(tr("help.tour"), key="tour_show", on_click=tour.restart)
        st.html(f"<h2 class='gm-title'>{tr('help.keys')}</h2>{_keys()}")
        st.html(
            f"<h2 class='gm-title'>{tr('help.words')}</h2><p>{tr('help.words_lead')}</p>{terms.glossary()}"
        )


def listen() -> None:
    """Let the key ? press the button; at the foot, where an element without a face takes no room in a row."""
    st.html(_OPENS_BY_KEY, unsafe_allow_javascript=True)


def _keys() -> str:
    rows = "".join(
        f"<tr><th scope='row'><kbd>{html.escape(tr(f'key_name.{key}'))}</kbd></th>"
        f"<td>{html.escape(tr(f'key.{key}'))}</td></tr>"
        for key in KEYS
    )
    head = (
        f"<thead><tr><th scope='col'>{tr('help.key')}</th><th scope='col'>{tr('help.does')}</th></tr></thead>"
    )
    return f'<table class="gm-keys">{head}<tbody>{rows}</tbody></table>'
