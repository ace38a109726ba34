"""What is asked about the plan in use: which plan that is, and the button of a long look that finds the last answer."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app_pages import session
from app_pages.plan_map import labels_key
from app_pages.work import Call
from gunmane.scenario import Plan


def current_plan() -> Plan:
    """Return the plan of the session's choices, made where it is not there yet."""
    choices = session.scenario()
    plan = session.plan()
    if plan is None or plan.scenario.fingerprint() != choices.fingerprint():
        plan = session.make(choices)
    return plan


def plan_key(plan: Plan) -> tuple[str, int]:
    """Return what tells a plan from others: its choices and its bundles."""
    return plan.scenario.fingerprint(), labels_key(plan)


def is_same(one: Plan, other: Plan) -> bool:
    """Return whether two plans have the same choices and bundles; one may have been made again."""
    return one is other or plan_key(one) == plan_key(other)


def ask_button(
    kind: str,
    label: str,
    *,
    of: Hashable,
    work: Call[Any],
    is_of: Callable[[Any], bool],
    is_listed: bool = False,
    row: DeltaGenerator | None = None,
) -> Any:
    """
    Show the button that begins a long look at a plan; return what is held of it, or what came of it just now.

    Parameters
    ----------
    kind
        What is asked, for instance "alternatives".
    label
        Words of the button.
    of
        What tells this question from another of the kind.
    work
        Does it.
    is_of
        Says of what is held whether it is about the plan that the page shows.
    is_listed
        Whether the lists at the top of the page offer what is found, so that they are drawn anew.
    row
        Where the button stands; by default where the page is.

    Returns
    -------
    found
        None before it was asked.
    """
    held: Any = session.study(kind, is_of=is_of)
    is_wanted = (row or st).button(label, key=f"{kind}_ask", type="secondary" if held else "primary")
    if is_wanted or session.is_asking(kind):
        held = session.ask(kind, of, work)
        if is_listed and session.study(kind, is_of=is_of) is not None:
            st.rerun()
    return held
