"""What a page shows while it waits, and when something went wrong."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable, Iterator
from typing import Any

import streamlit as st

from app_pages import moments
from app_pages.place import lang, plain, tr
from app_pages.work import Awaited
from gunmane import i18n
from gunmane.errors import GunmaneError

LOG = logging.getLogger("gunmane.pages")
QUIET_SECONDS = 0.4


def watch(job: Awaited, *, may_cancel: bool = True, tell: Callable[[Any], str] | None = None) -> Any:
    """
    Wait for a job with a bar, words and the time that may be left; return or raise what it ends with.

    Parameters
    ----------
    job
        The job. A rerun of the page leaves it running; the next run waits for it again.
    may_cancel
        Whether a button to cancel stands beside the bar.
    tell
        Says in words the best so far, None before there is any; it stands under the bar.
    """
    if not job.wait(QUIET_SECONDS):
        box = st.empty()
        with box.container(horizontal=True, vertical_alignment="center", key=f"work_bar_{job.serial}"):
            bar = st.progress(job.fraction, text=_progress_words(job))
            if may_cancel:
                st.button(tr("app.cancel"), key=f"cancel_{job.serial}", on_click=job.cancel)
        below = st.empty()
        said = ""
        while not job.wait(0.2):
            bar.progress(job.fraction, text=_progress_words(job))
            now = tell(job.best) if tell is not None else ""
            if now != said:
                said = now
                below.caption(said)
        box.empty()
        below.empty()
    return job.result()


def _progress_words(job: Awaited) -> str:
    if job.is_cancelled:
        return tr("app.stopping")
    spent = time.monotonic() - job.started
    key, place = job.key, job.place
    if place:
        # What it does may have changed between the two questions: who is in line waits for something.
        return tr("jobs.starting" if key == "jobs.starting" else "jobs.place", place=place)
    what = i18n.catalogue(lang()).get(key) or tr("app.working")
    if job.fraction < 0.1 or spent < 2:
        return what
    left = max(1, round(spent * (1 - job.fraction) / job.fraction))
    return tr("app.time_left", what=what, seconds=left)


def show_error(error: GunmaneError) -> None:
    """Show an error of our own as its sentence; what a person wrote in it is text and no mark."""
    told = {name: plain(text) if isinstance(text, str) else text for name, text in error.values.items()}
    if "moment" in told:
        # The same clock as in every list of the pages.
        told["at"] = moments.told(str(error.values["moment"]))
    st.error(i18n.say(type(error)(error.key, **told), lang()))


@contextlib.contextmanager
def page_guard() -> Iterator[None]:
    """Turn whatever goes wrong on a page into one sentence; a traceback goes to the server's log only."""
    try:
        yield
    except GunmaneError as error:
        LOG.info("page stopped: %s", error)
        show_error(error)
    except Exception:
        LOG.exception("page failed")
        st.error(tr("app.unexpected"))
