"""群を組む, the map of a plan under a hand: titles, locks, and at the pointer why a unit lies where it does."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np
import pandas as pd
import streamlit as st

from app_pages import plan_map, session, words
from app_pages.hands import Hand, hand_of
from app_pages.plan_map import View
from app_pages.plan_titles import short_title
from gunmane.maps import LayerSpec, LegendRow
from gunmane.scenario import Plan

_LAYERS = "_hand_layers"


def hand_layers(plan: Plan, view: View) -> list[LayerSpec]:
    """Return the layers of a plan in one view as the session's own hand has named and locked it."""
    hand = hand_of(plan)
    made = plan_map.kept_layers(plan, view)
    key = (hand.mark, view.key, session.lang(), tuple(hand.titles.items()), hand.history.draft.locked_units)
    # A person's own titles: kept in the session, never on a shelf that others share.
    held = st.session_state.get(_LAYERS)
    if held is None or held[0] != (key, hand.history.draft.locked_bundles) or held[1] is not made[0]:
        layers = [_with_hand(plan, view, hand, layer) for layer in made]
        held = st.session_state[_LAYERS] = ((key, hand.history.draft.locked_bundles), made[0], layers)
    return list(held[2])


def _with_hand(plan: Plan, view: View, hand: Hand, layer: LayerSpec) -> LayerSpec:
    if layer.name == "bundles.outlines":
        names = layer.frame["id"].map(lambda name: short_title(hand.titles, name))
        return dataclasses.replace(layer, frame=layer.frame.assign(label=names))
    if layer.name != "bundles.units":
        return layer
    legend = tuple(
        LegendRow(short_title(hand.titles, row.text), row.style, row.shape) for row in layer.legend
    )
    more = why_short(plan, view, hand).reindex(layer.frame["id"]).fillna("")
    tips = [f"{tip}\n{line}" if line else tip for tip, line in zip(layer.frame["tip"], more, strict=True)]
    return dataclasses.replace(layer, frame=layer.frame.assign(tip=tips), legend=legend)


def why_short(plan: Plan, view: View, hand: Hand) -> pd.Series:
    """
    Return in a line or two for each unit what holds it where it is, "" where nothing is known.

    Parameters
    ----------
    plan, view
        What the map shows.
    hand
        Its titles and locks.

    Returns
    -------
    lines
        By unit: the title of its bundle, the lock, that it is the base, or the nearest base of another bundle.
    """
    draft = hand.history.draft
    shown = plan_map.shown_units(plan, view)["bundle_id"].dropna().astype(str)
    nearest, minutes = _nearest_other(plan, shown)
    bases = set(plan.bundles["base_unit_id"].astype(str))
    # Some hundred units share a few sentences: each is put in words once.
    tr = functools.cache(session.tr)
    said_minutes = functools.cache(words.minutes)
    lines = {}
    for unit, bundle, other, away in zip(shown.index, shown, nearest, minutes, strict=True):
        title = hand.titles.get(bundle, "")
        said = [tr("hand.tip.title", bundle=bundle, title=title)] if title else []
        if unit in draft.locked_units or bundle in draft.locked_bundles:
            said.append(tr("hand.tip.locked"))
        if unit in bases:
            said.append(tr("hand.tip.base", bundle=bundle))
        elif other:
            said.append(tr("hand.tip.nearest", bundle=other, minutes=said_minutes(away)))
        lines[unit] = "\n".join(said)
    return pd.Series(lines, dtype=object)


def _nearest_other(plan: Plan, shown: pd.Series) -> tuple[list[str], list[float]]:
    """Return for each unit the other bundle of its strand whose base is nearest, "" without any, and the minutes."""
    bundles = plan.bundles
    at = plan.ground.units.index.get_indexer(bundles["base_unit_id"].astype("object").fillna(""))
    to = plan.ground.units.index.get_indexer(shown.index)
    minutes = np.where(at[:, None] >= 0, plan.ground.travel_min[np.ix_(at, to)], np.inf).astype("float64")
    strand = bundles["strand"].to_numpy()
    own = bundles.index.get_indexer(shown)
    minutes[(strand[:, None] != strand[own][None, :]) | (np.arange(len(bundles))[:, None] == own)] = np.inf
    best = minutes.argmin(axis=0)
    away = minutes[best, np.arange(len(to))]
    names = [str(bundles.index[i]) if np.isfinite(value) else "" for i, value in zip(best, away, strict=True)]
    # Whole minutes from ten up is what is told.
    return names, np.where(away >= 9.5, np.round(away), np.round(away, 1)).tolist()
