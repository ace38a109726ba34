"""群を組む, what a hand has locked: a mark on each such unit of the map, and its name where a step is refused."""

from __future__ import annotations

import geopandas as gpd
import streamlit as st

from app_pages import plan_map, session
from app_pages.hands import hand_of
from app_pages.plan_map import View
from gunmane.errors import GunmaneError
from gunmane.maps import LayerSpec, LegendRow, Style
from gunmane.scenario import Plan
from gunmane.workbench import Draft

_LAYERS = "_hand_locks"
MARK = Style(colour="#1A1A1A", weight=1.4, fill="#F0E442", symbol="square", radius=4, halo="#FFFFFF")


def lock_layers(plan: Plan, view: View) -> list[LayerSpec]:
    """Return a layer that marks every unit which is locked, by itself or with its bundle; none without locks."""
    hand = hand_of(plan)
    draft = hand.history.draft
    key = (hand.mark, view.key, session.lang(), draft.locked_units, draft.locked_bundles)
    held = st.session_state.get(_LAYERS)
    if held is None or held[0] != key:
        held = st.session_state[_LAYERS] = (key, _layers(plan, view, draft))
    return list(held[1])


def _layers(plan: Plan, view: View, draft: Draft) -> list[LayerSpec]:
    if not draft.locked_units and not draft.locked_bundles:
        return []
    shown = plan_map.shown_units(plan, view).dropna(subset="bundle_id")
    held = shown[shown.index.isin(draft.locked_units) | shown["bundle_id"].isin(draft.locked_bundles)]
    if held.empty:
        return []
    frame = gpd.GeoDataFrame(
        {"id": held.index.astype("str"), "style": 0},
        geometry=held.geometry.representative_point().array,
        crs=held.crs,
    )
    title = session.tr("hand.locks")
    return [LayerSpec("hand.locks", title, "", frame, (MARK,), (LegendRow(title, MARK, "point"),))]


def with_names(plan: Plan, fault: GunmaneError) -> GunmaneError:
    """
    Return a fault with the names of units in the place of their ids, which stand nowhere on the pages.

    Parameters
    ----------
    plan
        Whose units.
    fault
        What a step was refused with.
    """
    told = fault.values.get("units")
    if not isinstance(told, str):
        return fault
    known = plan.ground.units["name"]
    cut = told.removesuffix(" …")
    names = [str(known.get(unit, unit)) for unit in cut.split(", ")]
    said = session.tr("word.list_sep").join(names) + told[len(cut) :]
    return type(fault)(fault.key, **{**fault.values, "units": said})
