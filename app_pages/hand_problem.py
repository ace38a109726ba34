"""群を組む, what is still wrong with a plan: said in words, place by place, and the map taken there."""

from __future__ import annotations

import math
from collections.abc import Sequence

import streamlit as st

from app_pages import session, words
from app_pages.group_panel import amount_words
from app_pages.place import plain
from app_pages.tables import check_list
from gunmane.scenario import Plan
from gunmane.workbench import Item, Problem, next_problem, problems

_AT = "_hand_problem"
MEASURED = {
    "travel_limit",
    "floor",
    "ceiling",
    "side_floor",
    "side_ceiling",
    "site_minutes",
    "site_distance",
    "municipality_limit",
    "base_count",
    "bundle_count",
}
"""Rules whose amount and limit are of one unit, so that the difference says by how much."""
COUNTED = {"connected", "municipality_whole", "border_crossed", "locked_unit"}
"""Rules whose amount is a number of parts."""


def show_button(items: Sequence[Item]) -> None:
    """Show the button that takes the map to the next place where something is wrong."""
    found = problems(items)
    label = session.tr("hand.next_problem", count=words.count(len(found)))
    st.button(label, key="hand_next", disabled=not found, on_click=_go_to_next, args=(items,))


def show_words(plan: Plan, items: Sequence[Item]) -> None:
    """Say what is wrong where the map went last, and what the button will lead to."""
    tr, found = session.tr, problems(items)
    here = st.session_state.get(_AT)
    if here in found:
        # The amount may have changed since the map went there.
        here = found[found.index(here)]
        number = tr("problem.number", number=found.index(here) + 1, count=len(found))
        st.html(check_list([("broken", number + problem_words(plan, here), "")]))
    ahead = next_problem(items, here)
    if ahead is not None and ahead != here:
        st.caption(plain(tr("problem.ahead", what=problem_words(plan, ahead))))


def problem_words(plan: Plan, problem: Problem) -> str:
    """Return which rule is broken, where, and by how much where that is measured."""
    tr, rule = session.tr, problem.key
    where = _where(plan, problem)
    found, limit = problem.place.amount, problem.limit
    if rule in MEASURED and math.isfinite(found) and math.isfinite(limit):
        say = amount_words(plan, rule, problem.column)
        measured = tr(f"field_name.{problem.column}") if problem.column else ""
        values = {"amount": say(found), "limit": say(limit), "over": say(abs(found - limit))}
        said = tr(f"problem.{rule}", where=where, measure=measured, **values)
    elif rule in COUNTED and math.isfinite(found):
        said = tr(f"problem.{rule}", where=where, count=words.count(found))
    else:
        said = tr("problem.other", where=where, rule=tr(f"rule.{rule}"))
    return said if problem.is_hard else said + tr("check.preference")


def _where(plan: Plan, problem: Problem) -> str:
    tr, place = session.tr, problem.place
    units, region = plan.ground.units, plan.ground.region
    if place.unit_id in units.index:
        unit = units.loc[place.unit_id]
        town = region.name_of(str(unit["muni_code"]), session.lang())
        name = tr("problem.unit", name=str(unit["name"]), town=town)
        return tr("problem.unit_in", unit=name, bundle=place.bundle_id) if place.bundle_id else name
    return tr("problem.bundle", bundle=place.bundle_id) if place.bundle_id else tr("problem.plan")


def _go_to_next(items: Sequence[Item]) -> None:
    problem = next_problem(items, st.session_state.get(_AT))
    st.session_state[_AT] = problem
    if problem is None:
        return
    place = problem.place
    kind, name = ("unit", place.unit_id) if place.unit_id else ("bundle", place.bundle_id)
    if name:
        number = st.session_state.get("_group_focus", ("", "", 0))[2] + 1
        st.session_state["_group_pick"] = (kind, name, "list")
        st.session_state["_group_focus"] = (kind, name, number)
