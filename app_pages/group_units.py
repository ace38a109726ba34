"""群を組む, management units as a table: searched, sorted and chosen by rows, into the same choice as on the map."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from app_pages import chosen, plan_map, session, words
from app_pages.hands import Hand, hand_of
from app_pages.plan_map import View
from gunmane.scenario import Plan
from gunmane.strands import split_work

ROW_PX, MOST_PX = 35, 213
_ROWS = "_group_unit_rows"


def show_units(plan: Plan, view: View) -> None:
    """Show, where it is switched on, the units of a view as a table whose chosen rows are the chosen units."""
    tr = session.tr
    left, right = st.columns([5, 6], vertical_alignment="center")
    if not left.toggle(tr("units.show"), key="group_units_on", help=tr("units.help")):
        return
    wanted = right.text_input(
        tr("units.filter"),
        key="group_units_filter",
        placeholder=tr("units.filter"),
        label_visibility="collapsed",
    )
    table = filtered(unit_table(plan, view, hand_of(plan)), str(wanted or ""))
    if table.empty:
        st.info(tr("units.none"))
        return
    ids = list(map(str, table.index))
    # A choice made on the map gives the table other rows from the start; one made here leaves it alone.
    key = f"group_units_{plan.scenario.region_id}_{chosen.origin(plan)}_{view.key}_{wanted}_{session.lang()}"
    st.session_state[_ROWS] = ids
    now = set(chosen.chosen_ids(plan))
    st.dataframe(
        table,
        hide_index=True,
        column_config=_config(),
        on_select=lambda: _take_rows(plan, key),
        selection_mode="multi-row",
        selection_default={"selection": {"rows": [i for i, unit in enumerate(ids) if unit in now]}},
        height=min(ROW_PX * (len(ids) + 1) + 3, MOST_PX),
        key=key,
    )
    st.caption(tr("units.note", count=words.count(len(ids)), chosen=words.count(len(now))))


def unit_table(plan: Plan, view: View, hand: Hand) -> pd.DataFrame:
    """
    Return the units of a view as they are listed, in the order of their bundles.

    Returns
    -------
    table
        Indexed by `unit_id`: `name, town, bundle`, `work` (million JPY a year; 万円 in Japanese), `onsite` (hours a
        year), `minutes` (one way from the base; missing where there is none) and `locked`.
    """
    region, lang, draft = plan.ground.region, session.lang(), hand.history.draft
    shown = plan_map.shown_units(plan, view)
    shown = shown[shown["bundle_id"].notna()]
    bundle = shown["bundle_id"].astype(str)
    load = _load(plan, view).reindex(shown.index).fillna(0.0)
    order = pd.Series(range(len(plan.bundles)), index=plan.bundles.index.astype(str))
    is_locked = shown.index.isin(draft.locked_units) | bundle.isin(draft.locked_bundles)
    table = pd.DataFrame(
        {
            "name": shown["name"].astype(str),
            "town": [region.name_of(str(code), lang) for code in shown["muni_code"]],
            "bundle": bundle.map(hand.titled),
            "work": (load["annual_jpy"] / (1e4 if lang == "ja" else 1e6)).map(_rounded),
            "onsite": load["onsite_hours"].map(_rounded),
            "minutes": _minutes(plan, bundle),
            "locked": np.where(is_locked, session.tr("units.locked"), ""),
        },
        index=shown.index,
    )
    return table.loc[bundle.map(order).sort_values(kind="stable").index]


def filtered(table: pd.DataFrame, wanted: str) -> pd.DataFrame:
    """Return the rows in whose name, town or bundle every word that is wanted stands."""
    text = (
        table["name"] + " " + table["town"] + " " + table["bundle"] + " " + table["locked"]
    ).str.casefold()
    keep = pd.Series(True, index=table.index)
    for word in wanted.casefold().split():
        keep &= text.str.contains(word, regex=False)
    return table[keep]


def _load(plan: Plan, view: View) -> pd.DataFrame:
    works = split_work(plan.work, plan.scenario)
    parts = [works[name] for name in view.strands if name in works]
    return pd.concat(parts).groupby("unit_id")[["annual_jpy", "onsite_hours"]].sum()


def _minutes(plan: Plan, bundle: pd.Series) -> list[float | None]:
    units = plan.ground.units.index
    at = units.get_indexer(bundle.map(plan.bundles["base_unit_id"]).astype("object").fillna(""))
    minutes = plan.ground.travel_min[at, units.get_indexer(bundle.index)].astype("float64")
    return [
        round(float(value), 1) if place >= 0 and np.isfinite(value) else None
        for place, value in zip(at, minutes, strict=True)
    ]


def _rounded(value: float) -> float:
    return float(words.significant(float(value)).replace(",", ""))


def _config() -> dict[str, Any]:
    tr = session.tr
    config: dict[str, Any] = {
        name: st.column_config.TextColumn(tr(f"units.col.{name}"))
        for name in ("name", "town", "bundle", "locked")
    }
    for name in ("work", "onsite", "minutes"):
        config[name] = st.column_config.NumberColumn(tr(f"units.col.{name}"), format="localized")
    return config


def _take_rows(plan: Plan, key: str) -> None:
    """Let the rows chosen in the table be the choice; what the filter hides stays as it was."""
    ids = st.session_state.get(_ROWS, [])
    rows = st.session_state[key]["selection"]["rows"]
    picked = {ids[row] for row in rows if row < len(ids)}
    hidden = set(chosen.chosen_ids(plan)) - set(ids)
    chosen.choose(plan, picked | hidden)
