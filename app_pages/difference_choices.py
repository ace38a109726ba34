"""What can be compared: today, the plan in use, saved plans, the comparison's states, and what was found beside it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import streamlit as st

from app_pages import kept, session
from app_pages.studying import plan_key
from gunmane.alternatives import Alternatives, Front
from gunmane.errors import GunmaneError
from gunmane.evidence import TODAY_STATES, Evidence
from gunmane.scenario import Plan
from gunmane.workbench import Desk
from gunmane.workbench.draft import by_hand
from gunmane.workspace.drafts import open_history

_OPENED = "_difference_saved"
OPENED_KEPT = 4
SAVED_LISTED = 30


@dataclasses.dataclass(frozen=True)
class Choice:
    """
    A plan that can be chosen.

    Parameters
    ----------
    key
        Names it for as long as it can be chosen.
    label
        What the page calls it.
    load
        Gives the plan; may raise a GunmaneError where it cannot be opened.
    is_today
        Whether it is a state of today, which no rule judges.
    """

    key: str
    label: str
    load: Callable[[], Plan]
    is_today: bool = False


def choices(current: Plan) -> tuple[dict[str, Choice], bool]:
    """
    Return what can be chosen by key, in the order of the list, and whether saved plans could be listed.

    Parameters
    ----------
    current
        The plan in use.
    """
    tr = session.tr
    is_by_hand = any(note.key == "hand_made" for note in current.notes)
    found = [
        Choice("today", tr("compare.state.today"), session.today, is_today=True),
        Choice(
            "current",
            tr("difference.current_by_hand" if is_by_hand else "difference.current"),
            lambda: current,
        ),
    ]
    try:
        found += _saved(current)
        can_list = True
    except GunmaneError:
        can_list = False
    known = session.evidence(is_made=False)
    if known is not None:
        found += _states(known)
    found += _beside(current)
    return {choice.key: choice for choice in found}, can_list


def _saved(current: Plan) -> Iterator[Choice]:
    plans = kept.workspace()
    for card in plans.list(region=current.scenario.region_id)[:SAVED_LISTED]:
        label = session.tr("difference.saved", name=card.name)
        yield Choice(f"saved:{card.plan_id}", label, lambda name=card.plan_id: _opened(name, current))  # type: ignore[misc]


def _opened(plan_id: str, current: Plan) -> Plan:
    """Return a saved plan with its figures; what this session opened before is looked up, whoever may see it now."""
    stored = kept.workspace().load(plan_id)
    held: dict[tuple[str, int], tuple[object, Plan]] = st.session_state.setdefault(_OPENED, {})
    key = (plan_id, stored.version)
    if key in held and held[key][0] is current.ground:
        return held[key][1]
    history = open_history(stored, current.ground)
    made = Desk(current.ground).figures(history.draft)
    made = dataclasses.replace(made, by_hand=by_hand(history.draft, len(history.line())))
    held[key] = (current.ground, made)
    while len(held) > OPENED_KEPT:
        held.pop(next(iter(held)))
    return made


def _states(known: Evidence) -> Iterator[Choice]:
    tr = session.tr
    for (way, state), plan in known.plans.items():
        if state == "today":
            continue
        name = tr(f"compare.state.{state}")
        if known.has_several_fields and state not in TODAY_STATES:
            name = tr(f"compare.of_{way}", state=name)
        elif way != "together":
            continue
        label = tr("difference.state", name=name)
        is_today = state in TODAY_STATES
        yield Choice(f"state:{way}:{state}", label, lambda plan=plan: plan, is_today=is_today)  # type: ignore[misc]


def _beside(current: Plan) -> Iterator[Choice]:
    """Yield the alternatives and trade-offs that were found beside the plan in use."""
    own = plan_key(current)

    def is_of(found: Any) -> bool:
        return any(plan_key(plan) == own for plan in found.plans)

    near: Alternatives | None = session.study("alternatives", is_of=is_of)
    front: Front | None = session.study("trade_offs", is_of=is_of)
    for kind, plans in (("alternative", near.plans if near else ()), ("trade", front.plans if front else ())):
        for number, plan in enumerate(plans):
            if plan_key(plan) == own:
                continue
            yield Choice(f"{kind}:{number}", _found_name(kind, number), lambda plan=plan: plan)  # type: ignore[misc]


def _found_name(kind: str, number: int) -> str:
    from app_pages.alternatives import front_name, near_name

    if kind == "alternative":
        return near_name(number)
    return session.tr("difference.trade", name=front_name(number))
