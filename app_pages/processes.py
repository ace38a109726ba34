"""The worker processes of this server, shared by all sessions; each session sees its own work alone."""

from __future__ import annotations

import logging
import uuid
from typing import Any, TypeVar

import streamlit as st
from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

from app_pages.work import Awaited, Call, Job, ProcessJob, Progress
from gunmane.jobs import Limits, Pool
from gunmane.jobs.child import find_function
from gunmane.jobs.memory import few_heaps

T = TypeVar("T")
LOG = logging.getLogger("gunmane.pages")
# Work that is cancelled still makes a whole plan of the best it has.
GRACE_S = 30.0


@st.cache_resource(show_spinner=False, on_release=Pool.close)
def shared_pool() -> Pool:
    """
    Return the pool of this server.

    Raises
    ------
    OSError
        If there is no folder for what goes between the processes.
    """
    return Pool(modules=("gunmane.plans",), limits=Limits(grace_s=GRACE_S), is_alive=_is_open)


@st.cache_resource(show_spinner=False)
def share_heaps() -> None:
    """Have the threads of this server share their free memory; once is enough."""
    few_heaps()


def warm_up() -> None:
    """Have a worker process ready before the first work."""
    try:
        shared_pool()
    except OSError:
        LOG.warning("no folder for worker processes; long work runs beside the pages", exc_info=True)


def start(call: Call[T]) -> Awaited:
    """
    Begin work for this session in a process of its own; where no file can be written, in a thread.

    Parameters
    ----------
    call
        The work.

    Raises
    ------
    JobError
        If too much work waits already.
    """
    try:
        handle = shared_pool().submit(_session(), call.function, call.inputs, is_short=call.is_short)
    except OSError:
        LOG.warning("the work runs beside the pages: nothing can be written for a process", exc_info=True)
        return Job(_beside(call))
    return ProcessJob(call, handle)


def _beside(call: Call[T]) -> Any:
    def work(progress: Progress) -> T:
        return call.finished(find_function(call.function)(**call.inputs, progress=progress))

    return work


def _session() -> str:
    context = get_script_run_ctx()
    if context is not None:
        return context.session_id
    return str(st.session_state.setdefault("_session", uuid.uuid4().hex))


def _is_open(session: str) -> bool:
    """Return whether the browser of a session is still connected."""
    return runtime.exists() and runtime.get_instance().is_active_session(session)
