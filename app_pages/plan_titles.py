"""Titles that a person gave to bundles, on the map of any page: beside the number, in the legend, at the pointer."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import streamlit as st

from app_pages import plan_map, session
from app_pages.plan_map import View
from gunmane.maps import LayerSpec, LegendRow
from gunmane.scenario import Plan

TITLE_SHOWN = 8
"""Signs of a title that stand on the map; all of it stands at the pointer and in the lists."""
LAYERS_KEPT = 24
_LAYERS = "_titled_layers"
_LABELLED = ("bundles.units", "bundles.outlines")


def titled_layers(plan: Plan, view: View) -> list[LayerSpec]:
    """Return the layers of a plan in one view, made once, with the titles that a person gave to its bundles."""
    return with_titles(plan, view, plan_map.kept_layers(plan, view))


def with_titles(plan: Plan, view: View, layers: Sequence[LayerSpec]) -> list[LayerSpec]:
    """
    Return layers of `plan_map.plan_layers` with titles on them; where a plan has none, as they are.

    Titles are a person's own words: they are held in the session, never on a shelf that others share.

    Parameters
    ----------
    plan, view
        What the layers show.
    layers
        Layers of areas, outlines and whatever lies with them.
    """
    titles = plan.titles
    if not titles:
        return list(layers)
    held = st.session_state.setdefault(_LAYERS, {})
    told = []
    for layer in layers:
        # Two maps beside each other may colour the same areas in different ways.
        key = (layer.name, layer.fingerprint, layer.styles, tuple(titles.items()), session.lang())
        if layer.name in _LABELLED and key not in held:
            held[key] = _with_titles(plan, view, layer)
        told.append(held.get(key, layer))
    while len(held) > LAYERS_KEPT:
        held.pop(next(iter(held)))
    return told


def _with_titles(plan: Plan, view: View, layer: LayerSpec) -> LayerSpec:
    titles = plan.titles
    if layer.name == "bundles.outlines":
        names = layer.frame["id"].map(lambda name: short_title(titles, name))
        return dataclasses.replace(layer, frame=layer.frame.assign(label=names))
    legend = tuple(LegendRow(short_title(titles, row.text), row.style, row.shape) for row in layer.legend)
    bundle_of = plan_map.shown_units(plan, view)["bundle_id"].reindex(layer.frame["id"])
    tips = [
        f"{tip}\n{session.tr('hand.tip.title', bundle=bundle, title=titles[bundle])}"
        if bundle in titles
        else tip
        for tip, bundle in zip(layer.frame["tip"], bundle_of, strict=True)
    ]
    return dataclasses.replace(layer, frame=layer.frame.assign(tip=tips), legend=legend)


def short_title(titles: Mapping[str, str], bundle: str) -> str:
    """Return the name of a bundle with the beginning of its title."""
    title = titles.get(bundle, "")
    cut = title if len(title) <= TITLE_SHOWN else title[: TITLE_SHOWN - 1] + "…"
    return f"{bundle} {cut}" if cut else bundle
