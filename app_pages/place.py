"""Which language and which region the pages show, and the address that says so."""

from __future__ import annotations

from typing import cast

import streamlit as st

from gunmane import i18n
from gunmane.errors import RegionError
from gunmane.municipalities import Region, find_region

PAGES = {
    "start": "start.py",
    "region": "region.py",
    "data": "ledgers.py",
    "group": "group.py",
    "compare": "compare.py",
    "output": "output.py",
}
"""Pages in the order of the header, by the file beside main.py."""

LANGUAGES = {"ja": "日本語", "en": "English"}
REGIONS_KEPT = 11


def lang() -> str:
    """Return the language of the pages: "ja" until the user chooses "en"."""
    return str(st.session_state.get("_lang", "ja"))


def tr(key: str, **values: object) -> str:
    """Return a sentence of the catalogue in the session's language."""
    return i18n.t(key, lang(), **values)


def set_lang(choice: str) -> None:
    """Change the language; anything but a known one is ignored."""
    if choice in LANGUAGES:
        st.session_state["_lang"] = choice


def region_id() -> str | None:
    """Return the id of the region that the pages show; None until one is chosen."""
    return cast("str | None", st.session_state.get("_region"))


def set_region(chosen: str | None) -> None:
    """
    Change the region.

    Raises
    ------
    RegionError
        If there is no such region; the one before stays.
    """
    st.session_state["_region"] = None if chosen is None else find_region(chosen).region_id


@st.cache_resource(show_spinner=False, max_entries=REGIONS_KEPT)
def _region(chosen: str) -> Region:
    return find_region(chosen)


def region() -> Region | None:
    """Return the chosen region with its facts."""
    chosen = region_id()
    return None if chosen is None else _region(chosen)


def require_region() -> Region:
    """Return the chosen region; where none is chosen, say what to do next and end the page here."""
    chosen = region()
    if chosen is None:
        st.info(tr("app.no_region"))
        if st.button(tr("app.choose_region"), type="primary", key="choose_region"):
            go("start")
        st.stop()
    return chosen


def go(page: str, chosen: str | None = None) -> None:
    """Open a page (a key of `PAGES`), of another region where one is named."""
    if chosen is not None:
        set_region(chosen)
    st.switch_page(PAGES[page])


def read_address() -> None:
    """Take language and region from the address, when it says something else than was last written there."""
    if "_address" not in st.session_state and st.query_params.get("own"):
        st.session_state["_files_lost"] = True
    written = st.session_state.get("_address", {})
    asked = {name: st.query_params.get(name) for name in ("lang", "region")}
    if asked["lang"] and asked["lang"] != written.get("lang"):
        set_lang(asked["lang"])
    if asked["region"] and asked["region"] != written.get("region"):
        try:
            set_region(asked["region"])
            st.session_state.pop("_region_error", None)
        except RegionError as error:
            st.session_state["_region_error"] = error


def write_address() -> None:
    """Keep the address in step, so that it can be sent to a colleague."""
    wanted = {"lang": lang()}
    chosen = region_id()
    if chosen:
        wanted["region"] = chosen
    if any(st.session_state.get("_brought", {}).values()) or st.session_state.get("_own"):
        # A session that is opened at this address knows that there were files, which nobody keeps.
        wanted["own"] = "1"
        st.session_state.pop("_files_lost", None)
    if dict(st.query_params) != wanted:
        st.query_params.from_dict(wanted)
    st.session_state["_address"] = wanted
