"""Which language and which region the pages show, and the address that says so."""

from __future__ import annotations

import re
from typing import cast

import streamlit as st

from gunmane import i18n
from gunmane.access import ASTRAY
from gunmane.errors import RegionError
from gunmane.municipalities import Region, find_region
from gunmane.schema import PACKAGES

PAGES = {
    "start": "start.py",
    "region": "region.py",
    "data": "ledgers.py",
    "group": "group.py",
    "compare": "compare.py",
    "what_if": "what_if.py",
    "output": "output.py",
}
"""Pages in the order of the header, by the file beside main.py."""

MORE_PAGES = {"plans": "plans.py"}
"""Pages that other places of the header lead to."""

SHOW_PLANS = ("group", "compare", "output", "plans", "what_if")
"""Pages that show plans: an address with a plan in it opens the plan there."""

LANGUAGES = {"ja": "日本語", "en": "English"}
REGIONS_KEPT = 11
MARKS = re.compile(r"([\\\[\]*`$~<>])")


def lang() -> str:
    """Return the language of the pages: "ja" until the user chooses "en"."""
    return str(st.session_state.get("_lang", "ja"))


def tr(key: str, **values: object) -> str:
    """Return a sentence of the catalogue in the session's language."""
    return i18n.t(key, lang(), **values)


def plain(text: str) -> str:
    """Return a person's text so that no sign in it is taken for a mark of Markdown: no link, image or colour."""
    return MARKS.sub(r"\\\1", text)


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
    """Open a page (a key of `PAGES` or `MORE_PAGES`), of another region where one is named."""
    if chosen is not None:
        set_region(chosen)
    st.switch_page({**PAGES, **MORE_PAGES}[page])


def open_plan() -> str:
    """Return the id of the saved plan that the pages show of the region; "" where none is."""
    of_region, plan_id = st.session_state.get("_plan_open", (None, ""))
    return str(plan_id) if of_region == region_id() else ""


def read_address() -> None:
    """Take what the address names, where it says something else than was last written there."""
    if "_address" not in st.session_state and st.query_params.get("own"):
        st.session_state["_files_lost"] = True
    if ASTRAY in st.query_params:
        st.session_state["_astray"] = True
    written = st.session_state.get("_address", {})
    asked = {name: st.query_params.get(name) for name in ("lang", "region", "layer", "plan")}
    new = {name: value for name, value in asked.items() if value and value != written.get(name)}
    if "lang" in new:
        set_lang(new["lang"])
    if "region" in new:
        try:
            set_region(new["region"])
            st.session_state.pop("_region_error", None)
        except RegionError as error:
            st.session_state["_region_error"] = error
    if new.get("layer") in PACKAGES:
        st.session_state.setdefault("_layers", {})[region_id()] = new["layer"]
    if "plan" in new:
        # Opened where a page shows plans: until then its ground need not be made ready.
        st.session_state["_plan_asked"] = new["plan"]


def write_address() -> None:
    """Keep the address in step, so that it can be sent to a colleague: language, region, package, saved plan."""
    wanted = {"lang": lang()}
    here = region()
    if here is not None:
        wanted["region"] = here.region_id
        wanted["layer"] = st.session_state.get("_layers", {}).get(here.region_id, here.default_layer)
    plan_id = st.session_state.get("_plan_asked") or open_plan()
    if plan_id:
        wanted["plan"] = plan_id
    if any(st.session_state.get("_brought", {}).values()) or st.session_state.get("_own"):
        # A session that is opened at this address knows that there were files, which nobody keeps.
        wanted["own"] = "1"
        st.session_state.pop("_files_lost", None)
    if dict(st.query_params) != wanted:
        st.query_params.from_dict(wanted)
    st.session_state["_address"] = wanted
