"""The head and foot of every page: pages, region, language, what the data is, and whose."""

from __future__ import annotations

import html

import streamlit as st

from app_pages import terms, tour
from app_pages.access import show_account
from app_pages.data import own, sample_part
from app_pages.help import listen, show_help
from app_pages.place import (
    LANGUAGES,
    MORE_PAGES,
    PAGES,
    SHOW_PLANS,
    lang,
    region,
    region_id,
    set_lang,
    set_region,
    tr,
    write_address,
)
from app_pages.waiting import show_error
from gunmane.exports.credits import credit_lines
from gunmane.municipalities import load_regions


def header(page: str) -> None:
    """Show the header of a page: its name among the pages, region, language, and what the data is."""
    tour.begin()
    unknown_region = st.session_state.pop("_region_error", None)
    with st.container(
        horizontal=True, vertical_alignment="center", key="header", gap="small", horizontal_alignment="left"
    ):
        st.html(f'<span class="gm-brand">{tr("app.name")}</span>', width="content")
        for name, file in PAGES.items():
            label = tr(f"app.page.{name}")
            st.page_link(file, label=f"**{label}**" if name == page else label, width="content")
        _region_choice()
        _language_choice()
        show_help()
    with st.container(horizontal=True, vertical_alignment="center", key="state_line"):
        _bands(page)
        st.session_state["_busy"] = st.empty()
        st.session_state["_chip"] = st.empty()
        show_chip(page)
        show_account()
    # Places that are there on every run: what came and went between other elements would move the map below.
    st.session_state["_ground_bar"] = st.empty()
    with st.container(key="tour_place"):
        tour.show_band(page)
    st.session_state["_page"] = page
    if st.session_state.get("_files_lost"):
        st.warning(tr("data.lost"))
    if st.session_state.pop("_astray", False):
        st.warning(tr("access.astray"))
    if unknown_region is not None:
        show_error(unknown_region)
    _open_asked(page)


def _open_asked(page: str) -> None:
    """Open the plan that the address names, its bar below the header; the page then begins again with it."""
    if page not in SHOW_PLANS or "_plan_asked" not in st.session_state:
        return
    from app_pages import kept

    if kept.open_asked():
        write_address()
        st.rerun()


def show_chip(page: str) -> None:
    """Show, in the place that the header kept for it, which plan is open and whether it is saved."""
    place = st.session_state.get("_chip")
    if place is None:
        return
    with place:
        if page in SHOW_PLANS:
            # Only where plans are shown: the first page is there without what makes and saves them.
            from app_pages import kept

            kept.show_chip()
        else:
            st.page_link(MORE_PAGES["plans"], label=tr("plans.title"), width="content")


def _region_choice() -> None:
    column = "name_ja" if lang() == "ja" else "name_en"
    names = dict(load_regions().set_index("region_id")[column])
    here = region()
    if here is not None:
        # A region of the user's own stands in the list while it is open.
        names.setdefault(here.region_id, getattr(here, column))
    st.session_state["_region_choice"] = region_id()
    st.selectbox(
        tr("app.region"),
        list(names),
        format_func=lambda code: str(names[code]),
        key="_region_choice",
        placeholder=tr("app.choose_region"),
        label_visibility="collapsed",
        width="stretch",
        on_change=lambda: set_region(st.session_state["_region_choice"]),
    )


def _language_choice() -> None:
    st.session_state["_language_choice"] = lang()
    st.segmented_control(
        tr("app.language"),
        list(LANGUAGES),
        format_func=LANGUAGES.__getitem__,
        key="_language_choice",
        required=True,
        label_visibility="collapsed",
        on_change=lambda: set_lang(st.session_state["_language_choice"]),
    )


def _bands(page: str) -> None:
    notes = []
    part = sample_part()
    if part != "none":
        extra = tr("app.sample_band_start") if page == "start" else ""
        notes.append(f'<span class="gm-sample">{tr(f"notice.sample.{part}")}{extra}</span>')
    notes.append(f'<span class="gm-disclaimer">{tr("notice.disclaimer")}</span>')
    st.html(f'<div class="gm-bands" role="note">{"".join(notes)}</div>')


def footer() -> None:
    """Show the terms of the page, and whose data is in use: a line each; what is pressed opens."""
    st.html(terms.strip(st.session_state.get("_page", "")) + terms.meanings())
    listen()
    mine = own()
    given = {} if mine is None else mine.ground.provenance
    lines = [html.escape(line) for line in credit_lines(given, lang())]
    items = "".join(f"<li>{line}</li>" for line in lines)
    title = tr("credits.line", credits=" / ".join(lines))
    st.html(f'<details class="gm-credits"><summary>{title}</summary><ul>{items}</ul></details>')
