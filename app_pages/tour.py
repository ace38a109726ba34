"""The guided first visit: a slim band on the real pages that says what to do here now, and leads on."""

from __future__ import annotations

import re
from typing import cast

import streamlit as st

from app_pages.place import go, region, region_id, set_region, tr
from gunmane.errors import RegionError

STEPS = ("start", "region", "group", "compare", "output")
"""The pages that the visit leads through."""

EXAMPLE = "nara_uda"
"""The region that the visit goes on with where none was chosen."""

COOKIE = "gunmane_tour"
CLOSED = "closed"
_KEPT = re.compile(r"([1-5])(?:\.([a-z0-9_-]{1,400}))?")
_YEAR_S = 31_536_000


def begin() -> None:
    """Take up what the browser remembers of an earlier visit, before anything shows the region."""
    _state()


def show_band(page: str) -> None:
    """Show what to do on a page, until the visit is closed; the browser remembers how far it went."""
    state = _state()
    if state == CLOSED:
        if st.session_state.get("_tour_is_told"):
            _remember(CLOSED)
        return
    if page in STEPS and not (page == "start" and st.session_state.get("_tour_resumes")):
        state = str(STEPS.index(page) + 1)
        st.session_state["_tour"] = state
    step = int(state)
    _remember(f"{step}.{region_id() or ''}".rstrip("."))
    with st.container(horizontal=True, vertical_alignment="center", key="tour_band", gap="small"):
        is_away = page not in STEPS or st.session_state.get("_tour_resumes", False)
        sentence = tr("tour.goes_on", step=step) if is_away else _sentence(page)
        st.html(f"<b>{tr('tour.title', step=step, steps=len(STEPS))}</b> {sentence}")
        if is_away:
            _resume_button(step)
        else:
            _step_buttons(step)
        if is_away or page != STEPS[-1]:
            # On the last page the end is the way out: one button for it.
            st.button(tr("tour.close"), key="tour_close", type="tertiary", on_click=close)


def close() -> None:
    """Close the visit for good; the help brings it back."""
    st.session_state.update(_tour=CLOSED, _tour_is_told=True)


def restart() -> None:
    """Begin the visit again."""
    st.session_state.update(_tour="1", _tour_is_told=True, _tour_resumes=False)


def _state() -> str:
    """Return the step of this session ("1" to "5") or `CLOSED`; at first what the browser remembers."""
    if "_tour" not in st.session_state:
        told = str(st.context.cookies.get(COOKIE, ""))
        found = _KEPT.fullmatch(told)
        st.session_state["_tour"] = CLOSED if told == CLOSED else found[1] if found else "1"
        if found and found[1] != "1" and region_id() is None:
            _open_again(found[2])
    return cast(str, st.session_state["_tour"])


def _open_again(chosen: str | None) -> None:
    """Offer to go on where an earlier visit stopped, in its region where there still is one."""
    st.session_state["_tour_resumes"] = True
    try:
        set_region(chosen)
    except RegionError:
        # A remembered region is a help, never a reason to stop somebody at the door.
        set_region(None)


def _remember(value: str) -> None:
    """Let the browser keep a word, for its own next visit to this server; nothing else is sent with it."""
    kept = f"{COOKIE}={value}; path=/; max-age={_YEAR_S}; samesite=lax"
    st.html(f'<script>document.cookie = "{kept}"</script>', unsafe_allow_javascript=True)


def _sentence(page: str) -> str:
    has_region = page == "start" and region() is not None
    return tr(f"tour.at_{page}_chosen" if has_region else f"tour.at_{page}")


def _resume_button(step: int) -> None:
    if st.button(tr("tour.resume"), key="tour_resume", type="primary"):
        st.session_state["_tour_resumes"] = False
        _go(step)
    if st.session_state.get("_tour_resumes"):
        st.button(tr("tour.again"), key="tour_again", on_click=restart)


def _step_buttons(step: int) -> None:
    if step > 1 and st.button(tr("tour.back"), key="tour_back"):
        _go(step - 1)
    if step == len(STEPS):
        st.button(tr("tour.done"), key="tour_done", type="primary", on_click=close)
    elif st.button(tr("tour.next"), key="tour_next", type="primary"):
        _go(step + 1)


def _go(step: int) -> None:
    go(STEPS[step - 1], EXAMPLE if step > 1 and region_id() is None else None)
