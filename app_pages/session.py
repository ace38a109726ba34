"""What a person's session holds: language, region, ground, choices, plan; the pages ask here for all of it."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Any, TypeVar, cast

import streamlit as st

from app_pages.data import (
    OwnGround,
    Upload,
    forget_files,
    ground,
    ground_key,
    is_sample,
    own,
    remembered,
    shared_shelf,
    use_files,
)
from app_pages.frame import footer, header
from app_pages.place import (
    LANGUAGES,
    MORE_PAGES,
    PAGES,
    go,
    lang,
    read_address,
    region,
    region_id,
    require_region,
    set_lang,
    set_region,
    tr,
    write_address,
)
from app_pages.processes import start
from app_pages.waiting import page_guard, show_error, watch
from app_pages.work import Awaited, Call
from gunmane.errors import GunmaneError
from gunmane.scenario import Plan, Scenario

if TYPE_CHECKING:
    from gunmane.evidence import Evidence

__all__ = [
    "LANGUAGES",
    "MORE_PAGES",
    "PAGES",
    "OwnGround",
    "Upload",
    "ask",
    "evidence",
    "footer",
    "forget_files",
    "go",
    "ground",
    "header",
    "is_asking",
    "is_sample",
    "lang",
    "make",
    "own",
    "page_guard",
    "plan",
    "read_address",
    "region",
    "region_id",
    "remembered",
    "require_region",
    "scenario",
    "set_lang",
    "set_region",
    "set_scenario",
    "show_error",
    "study",
    "take",
    "taker",
    "today",
    "tr",
    "use_files",
    "watch",
    "write_address",
]

T = TypeVar("T")

MAKE_PLAN, COMPARE = "gunmane.plans:make_plan", "gunmane.evidence:compare"
PLANS_KEPT = 64
EVIDENCE_KEPT = 24
STUDIES_KEPT = 4


# -- choices, plan, comparison ------------------------------------------------------------------------------


def scenario(layer: str | None = None) -> Scenario:
    """Return the choices for the region: those of its current package, or of `layer`."""
    place = require_region()
    current = st.session_state.setdefault("_layers", {}).get(place.region_id, place.default_layer)
    wanted = layer or current
    known = st.session_state.setdefault("_scenarios", {}).get((place.region_id, wanted))
    return cast(Scenario, known or Scenario.default(place, layer=wanted))


def set_scenario(chosen: Scenario) -> None:
    """Keep choices as those of their region and package, and make that package the current one."""
    st.session_state.setdefault("_scenarios", {})[chosen.region_id, chosen.layer] = chosen
    st.session_state.setdefault("_layers", {})[chosen.region_id] = chosen.layer


def _kept(kind: str, choices: Scenario) -> tuple[Any, str] | None:
    """Return what this session kept last for a package, and the fingerprint it was made with."""
    held = st.session_state.get(f"_{kind}", {}).get((choices.region_id, choices.layer))
    if held is None or held[0] != ground_key():
        return None
    return held[2], held[1]


def _keep(kind: str, choices: Scenario, value: Any) -> None:
    place = (choices.region_id, choices.layer)
    st.session_state.setdefault(f"_{kind}", {})[place] = (ground_key(), choices.fingerprint(), value)


def plan() -> Plan | None:
    """Return the last good plan of the current region and package; its `scenario` says what it was made with."""
    choices = scenario()
    kept = _kept("plans", choices)
    if kept is not None:
        return cast(Plan, kept[0])
    if own() is None:
        return cast("Plan | None", shared_shelf("plans", PLANS_KEPT).find(choices.fingerprint()))
    return None


def make(choices: Scenario, *, is_redone: bool = False) -> Plan:
    """
    Return the plan of some choices and make them the session's; a bar with a cancel button stands meanwhile.

    Where it fails and there is a plan from before, that one stays: it is returned, with the error's sentence above.

    Parameters
    ----------
    choices
        The choices.
    is_redone
        True makes it anew even when it is known, for instance after it was cancelled.

    Raises
    ------
    GunmaneError
        If it cannot be made and there is none from before.
    """
    set_scenario(choices)
    before = plan()

    try:
        # The neighbouring numbers of bundles are looked for where a page shows them.
        inputs = {"scenario": choices, "ground": ground(), "has_alternatives": False}
        work: Call[Plan] = Call(MAKE_PLAN, inputs, is_short=True)
        return _made("plans", PLANS_KEPT, choices, work, is_redone=is_redone)
    except GunmaneError as error:
        if before is None:
            raise
        show_error(error)
        return before


def today() -> Plan:
    """
    Return today's state for the session's choices: one area a body and field.

    Raises
    ------
    GunmaneError
        If nothing is there to be counted.
    """
    choices, here = scenario(), ground()

    def look() -> Plan:
        from gunmane.evidence import today_state

        return today_state(choices, here)

    return remembered("today", choices.fingerprint(), look, max_entries=PLANS_KEPT)


def evidence(*, is_made: bool = True, is_redone: bool = False) -> Evidence | None:
    """
    Return the comparison of the session's choices, making it where it is not known yet.

    Parameters
    ----------
    is_made
        False only looks whether it is known.
    is_redone
        True makes it anew even when it is known, for instance after it was cancelled.

    Raises
    ------
    GunmaneError
        If it cannot be made.
    """
    choices = scenario()
    if not is_made:
        if _is_running("evidence", choices):
            return None
        kept = _kept("evidence", choices)
        if kept is not None and kept[1] == choices.fingerprint():
            return cast("Evidence", kept[0])
        found = None if own() else shared_shelf("evidence", EVIDENCE_KEPT).find(choices.fingerprint())
        return cast("Evidence | None", found)
    work: Call[Evidence] = Call(COMPARE, {"scenario": choices, "ground": ground()})
    return _made("evidence", EVIDENCE_KEPT, choices, work, is_redone=is_redone)


def _is_running(kind: str, choices: Scenario) -> bool:
    """Return whether this session is making a result just now."""
    name, job = st.session_state.get("_jobs", {}).get(kind, (None, None))
    return job is not None and name == (ground_key(), choices.fingerprint()) and not job.wait(0)


def _made(kind: str, max_entries: int, choices: Scenario, work: Call[T], *, is_redone: bool) -> T:
    """Return a result from this session, from the shelf all share, or by doing the work."""
    fingerprint = choices.fingerprint()
    kept = _kept(kind, choices)
    # What is being made anew, also after a rerun of the page, is waited for.
    is_redone = is_redone or _is_running(kind, choices)
    if kept is not None and kept[1] == fingerprint and not is_redone:
        return cast(T, kept[0])
    shelf = shared_shelf(kind, max_entries)
    if own() is None and not is_redone:
        known = shelf.find(fingerprint)
        if known is not None:
            _keep(kind, choices, known)
            return cast(T, known)

    value, is_whole = _awaited(kind, (ground_key(), fingerprint), work, is_redone=is_redone)
    _keep(kind, choices, value)
    if own() is None and is_whole:
        shelf.put(fingerprint, value)
    return value


def _awaited(
    kind: str, name: Any, work: Call[T], *, is_redone: bool, tell: Callable[[Any], str] | None = None
) -> tuple[T, bool]:
    """Return what a job of this session gives, begun where it is not running yet, and whether it ran to its end."""
    jobs = cast("dict[str, tuple[Any, Awaited]]", st.session_state.setdefault("_jobs", {}))
    is_stale = kind in jobs and (jobs[kind][0] != name or (is_redone and jobs[kind][1].wait(0)))
    if is_stale:
        jobs.pop(kind)[1].cancel()
    if kind not in jobs:
        # One at a time: what this session left running about something else would only hold this one up.
        for other in [held for held in jobs if held != kind]:
            jobs.pop(other)[1].cancel()
        jobs[kind] = (name, start(work))
    job = jobs[kind][1]
    try:
        value = cast(T, watch(job, tell=tell))
    finally:
        if job.wait(0):
            jobs.pop(kind, None)
    return value, not job.is_cancelled


# -- what is asked of a plan beside itself ------------------------------------------------------------------


def take(chosen: Plan) -> None:
    """Make a plan that was found beside another the session's, with the choices that it was made with."""
    taker()(chosen)


def taker() -> Callable[[Plan], None]:
    """
    Return what makes a plan the session's all at once.

    A click elsewhere ends a running page wherever it asks the session for something: asked for here, before the work.
    """
    ground_now, state = ground_key(), st.session_state
    scenarios, layers, plans = (state.setdefault(name, {}) for name in ("_scenarios", "_layers", "_plans"))

    def take_it(chosen: Plan) -> None:
        choices = chosen.scenario
        place = choices.region_id, choices.layer
        scenarios[place], layers[choices.region_id] = choices, choices.layer
        plans[place] = (ground_now, choices.fingerprint(), chosen)

    return take_it


def study(kind: str, *, is_of: Callable[[T], bool]) -> T | None:
    """
    Return what this session was told last about a plan, None where it is about another.

    Parameters
    ----------
    kind
        What was asked, for instance "alternatives".
    is_of
        Says of what is held whether it is about the plan that the page shows.
    """
    held = st.session_state.get("_studies", {}).get(kind)
    if held is None or held[0] != ground_key() or not is_of(held[1]):
        return None
    return cast(T, held[1])


def ask(kind: str, of: Hashable, work: Call[T], *, tell: Callable[[Any], str] | None = None) -> T:
    """
    Return what a long look at a plan tells, with a bar meanwhile; the session keeps the last of each kind.

    Parameters
    ----------
    kind
        What is asked.
    of
        What tells this question from another of the kind, whoever asks: choices and bundles, for instance.
    work
        Does it.
    tell
        Says the best so far in words, for work that hands it over.

    Raises
    ------
    GunmaneError
        If it cannot be told.
    """
    shelf = shared_shelf(kind, STUDIES_KEPT)
    known = shelf.find((ground_key(), of)) if own() is None else None
    if known is not None:
        value = cast(T, known)
    else:
        value, is_whole = _awaited(kind, (ground_key(), of), work, is_redone=False, tell=tell)
        if own() is None and is_whole:
            shelf.put((ground_key(), of), value)
    st.session_state.setdefault("_studies", {})[kind] = (ground_key(), value)
    return value


def is_asking(kind: str) -> bool:
    """Return whether a look of this kind is running for the ground of the page."""
    name, job = st.session_state.get("_jobs", {}).get(kind, (None, None))
    return job is not None and name[0] == ground_key() and not job.wait(0)
