"""Units that were chosen together on the map: what they amount to, and the bundles that they lie in."""

from __future__ import annotations

from collections.abc import Collection

import pandas as pd
import streamlit as st

from app_pages import session, words
from app_pages.map_view import Selection
from app_pages.place import plain
from app_pages.tables import heading, html_table
from gunmane.maps import Choosing
from gunmane.scenario import Plan
from gunmane.strands import split_work

_KEY = "_group_chosen"
NAMED = 12
"""So many of the chosen units are named under their sum."""


def choosing_for(plan: Plan) -> Choosing:
    """Return what is chosen of a plan's units, for its map."""
    region, serial, ids, _ = _state()
    return Choosing("unit", ids if region == plan.ground.region.region_id else (), serial)


def origin(plan: Plan) -> int:
    """Return a number that changes whenever the map, and not the table of units, changed the choice."""
    region, _, _, at = _state()
    return at if region == plan.ground.region.region_id else 0


def _state() -> tuple[str, int, tuple[str, ...], int]:
    held = st.session_state.get(_KEY) or ("", 0, (), 0)
    return (*held, held[1]) if len(held) == 3 else held


def take_chosen(plan: Plan, told: Selection) -> bool:
    """Keep what the map says is chosen; ids come from a browser and are looked up. Return whether it is news."""
    # What the table chose since is newer than what the map told last.
    if told.serial <= _state()[1]:
        return False
    _keep(plan, told.ids, told.serial, told.serial)
    return True


def choose(plan: Plan, ids: Collection[str]) -> None:
    """Let units be chosen from beside the map, which shows them at its next turn."""
    # One more than the map's own number, which is its clock: whatever it tells next is later.
    _keep(plan, ids, _state()[1] + 1, origin(plan))


def _keep(plan: Plan, ids: Collection[str], serial: int, at: int) -> None:
    known = plan.ground.units.index
    kept = tuple(known[known.isin(set(ids))].astype("str"))
    st.session_state[_KEY] = (plan.ground.region.region_id, serial, kept, at)


def chosen_ids(plan: Plan) -> tuple[str, ...]:
    """Return the units of a plan that are chosen together."""
    return choosing_for(plan).ids


def show_chosen(plan: Plan, strands: tuple[str, ...]) -> None:
    """Show the chosen units bundle by bundle with their sum."""
    ids = chosen_ids(plan)
    if not ids:
        return
    tr = session.tr
    table = chosen_table(plan, ids, strands)
    if table.empty:
        # The view shows fields or bodies that none of the units belongs to.
        return
    st.html(heading(tr("group.chosen_title", count=words.count(len(ids)))))
    head = [
        tr("group.pick_bundle"), tr("group.chosen_units"), tr("group.work_year_taxed"), tr("group.col.onsite"),
    ]  # fmt: skip
    rows = [
        [
            str(row.Index) or tr("group.chosen_sum"),
            words.count(row.units),
            words.yen_short(row.annual_jpy) + " " + words.yen_spread(row.annual_jpy_low, row.annual_jpy_high),
            words.significant(row.onsite_hours),
        ]
        for row in table.itertuples()
    ]
    st.html(html_table(head, rows, left=(1,)))
    st.caption(plain(_names(plan, ids)))


def _names(plan: Plan, ids: tuple[str, ...]) -> str:
    """Return the names of units, the first of many."""
    tr, names = session.tr, plan.ground.units["name"].reindex(list(ids)).astype("str")
    more = tr("group.and_more", count=len(ids) - NAMED) if len(ids) > NAMED else ""
    return tr("word.list_sep").join(names[:NAMED]) + more


def chosen_table(plan: Plan, ids: tuple[str, ...], strands: tuple[str, ...]) -> pd.DataFrame:
    """
    Return what units amount to in each bundle, and in all (index "") where they lie in several.

    Parameters
    ----------
    plan
        The plan.
    ids
        Units.
    strands
        Strands that are looked at together.
    """
    by_strand = split_work(plan.work, plan.scenario)
    parts = plan.assignment[plan.assignment["unit_id"].isin(ids) & plan.assignment["strand"].isin(strands)]
    sums = ["annual_jpy", "annual_jpy_low", "annual_jpy_high", "onsite_hours"]
    if parts.empty:
        return pd.DataFrame()
    joined = [by_strand[name].merge(own, on="unit_id") for name, own in parts.groupby("strand", sort=True)]
    work = pd.concat(joined, ignore_index=True)
    # A bundle whose chosen units have no work stays in the table, with none.
    found = work.groupby("bundle_id")[sums].sum().reindex(sorted(set(parts["bundle_id"])), fill_value=0.0)
    found.insert(0, "units", parts.groupby("bundle_id")["unit_id"].nunique())
    if len(found) > 1:
        total = found.sum().to_frame("").T
        total["units"] = parts["unit_id"].nunique()
        found = pd.concat([found, total])
    return found
