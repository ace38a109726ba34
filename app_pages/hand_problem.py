"""群を組む, what is still wrong with a plan: said in words, place by place, and the map taken there."""

from __future__ import annotations

import math
from collections.abc import Sequence

import streamlit as st

from app_pages import chosen, session, words
from app_pages.group_panel import amount_words
from app_pages.hands import hand_of
from app_pages.place import plain
from app_pages.tables import check_list
from gunmane.scenario import Plan
from gunmane.workbench import Item, Problem, next_problem, problems
from gunmane.workbench.draft import name_order

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
COUNTED = {"connected", "border_crossed", "locked_unit"}
"""Rules whose amount is a number of parts."""


def show_button(plan: Plan, items: Sequence[Item]) -> None:
    """Show the button that takes the map to the next place where something is wrong."""
    found = problems(items)
    label = session.tr("hand.next_problem", count=words.count(len(found)))
    st.button(label, key="hand_next", disabled=not found, on_click=_go_to_next, args=(plan, items))


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
    if rule == "municipality_whole" and problem.place.unit_id in plan.ground.units.index:
        return divided_words(plan, problem)
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


def divided_words(plan: Plan, problem: Problem) -> str:
    """Return which municipality lies in which bundles, its smaller part, and where moving that would mend it."""
    tr, parts = session.tr, town_parts(plan, problem)
    unit, titled = plan.ground.units.loc[problem.place.unit_id], hand_of(plan).titled
    return tr(
        "problem.municipality_whole",
        town=plan.ground.region.name_of(str(unit["muni_code"]), session.lang()),
        bundles=tr("problem.and").join(titled(name) for name in sorted(parts, key=name_order)),
        small=titled(problem.place.bundle_id),
        count=words.count(len(parts[problem.place.bundle_id])),
        large=titled(next(iter(parts))),
    )


def town_parts(plan: Plan, problem: Problem) -> dict[str, tuple[str, ...]]:
    """Return the units of the municipality of a problem by the bundle they lie in, the most first."""
    place, own = problem.place, plan.assignment
    town_of = plan.ground.units["muni_code"]
    strand = plan.bundles.at[place.bundle_id, "strand"]
    own = own[(own["strand"] == strand) & (own["unit_id"].map(town_of) == town_of[place.unit_id])]
    parts = {
        str(name): tuple(rows["unit_id"].astype(str)) for name, rows in own.groupby("bundle_id", sort=True)
    }
    return dict(sorted(parts.items(), key=lambda part: (-len(part[1]), part[0] == place.bundle_id)))


def _choose_smaller(plan: Plan, problem: Problem) -> None:
    """Choose the smaller part of a divided municipality, and the bundle of the rest to move it to."""
    parts = town_parts(plan, problem)
    chosen.choose(plan, parts[problem.place.bundle_id])
    st.session_state["hand_to"] = next(iter(parts))
    st.session_state["_group_next_panel"] = "picked"


def _go_to_next(plan: Plan, items: Sequence[Item]) -> None:
    problem = next_problem(items, st.session_state.get(_AT))
    st.session_state[_AT] = problem
    if problem is None:
        return
    place = problem.place
    if problem.key == "municipality_whole" and place.unit_id in plan.ground.units.index:
        _choose_smaller(plan, problem)
    elif place.unit_id:
        chosen.choose(plan, (place.unit_id,))
    kind, name = ("unit", place.unit_id) if place.unit_id else ("bundle", place.bundle_id)
    if name:
        number = st.session_state.get("_group_focus", ("", "", 0))[2] + 1
        st.session_state["_group_pick"] = (kind, name, "list")
        st.session_state["_group_focus"] = (kind, name, number)
