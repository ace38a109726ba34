"""もしも: the layers of its map: what becomes of each unit, what is closed, the ways around, bases as they would be."""

from __future__ import annotations

import dataclasses

import geopandas as gpd
import numpy as np
import pandas as pd

from app_pages import plan_map, session, words
from app_pages.plan_map import View
from app_pages.plan_titles import with_titles
from gunmane import maps
from gunmane.maps import LayerSpec, LegendRow, Style
from gunmane.maps.palette import ROAD_STYLES
from gunmane.scenario import Plan
from gunmane.what_if import Consequences, LoseBase

LAYERS_KEPT = 12
# Minutes one way from which on a longer way is drawn in the stronger style.
MUCH_MIN = 5.0
SMALL_FROM_ZOOM = 12.0
CLOSABLE = ("road", "bridge", "tunnel")
# Hatching says the same as the colour.
UNIT_STYLES = {
    "no_trips": Style(colour="#FFFFFF", weight=0.5, fill="#E4E7EA", opacity=0.25),
    "same": Style(colour="#FFFFFF", weight=0.5, fill="#C7D3DC", opacity=0.45),
    "shorter": Style(colour="#FFFFFF", weight=0.5, fill="#56B4E9", opacity=0.6, pattern="dots"),
    "longer_1": Style(colour="#FFFFFF", weight=0.5, fill="#F5D58A", opacity=0.65, pattern="slash"),
    "longer_2": Style(colour="#FFFFFF", weight=0.5, fill="#E69F00", opacity=0.75, pattern="backslash"),
    "unreached": Style(colour="#5F1400", weight=1.5, fill="#D55E00", opacity=0.8, pattern="cross"),
    "no_base": Style(colour="#5F1400", weight=1.5, fill="#CC79A7", opacity=0.7, pattern="grid"),
    "reached": Style(colour="#FFFFFF", weight=0.5, fill="#009E73", opacity=0.6, pattern="vertical"),
    "unknown": Style(colour="#FFFFFF", weight=0.5, fill="#E4E7EA", opacity=0.3, pattern="horizontal"),
}
# The worst of several strands is shown.
WORST_FIRST = (
    "no_base",
    "unreached",
    "longer_2",
    "longer_1",
    "shorter",
    "reached",
    "same",
    "unknown",
    "no_trips",
)
CLOSED = Style(colour="#B3261E", weight=6, halo="#FFFFFF")
CROSS = Style(colour="#FFFFFF", weight=1.2, fill="#B3261E", symbol="times", radius=10)
DETOUR = Style(colour="#6A3D9A", weight=4, dash="10 6", halo="#FFFFFF")
NEW = Style(colour="#00693E", weight=5, dash="2 6", halo="#FFFFFF")
BASE = Style(colour="#1F2933", weight=1.4, fill="#FFFFFF", symbol="star", radius=9)
LOST = Style(colour="#B3261E", weight=1.6, fill="#FFFFFF", symbol="triangle", radius=9)


def what_if_layers(plan: Plan, found: Consequences | None) -> list[LayerSpec]:
    """
    Return the layers of the map, from the bottom to the top.

    Parameters
    ----------
    plan
        The plan that is asked about.
    found
        What the changes do; None while there are none.
    """
    view = plan_map.plan_views(plan)[0]
    return with_titles(plan, view, _layers(plan, view, found))


def _layers(plan: Plan, view: View, found: Consequences | None) -> list[LayerSpec]:
    own = plan_map.kept_layers(plan, view)
    roads = _road_layers(plan)
    if found is None:
        return [own[0], *roads, *own[2:]]

    def make() -> list[LayerSpec]:
        return [_units(found), *roads, *own[2:3], *_lines(found), *_bases(found)]

    key = (plan_map.labels_key(plan), found.what_if.fingerprint(), session.lang())
    return session.remembered("what_if_layers", key, make, max_entries=LAYERS_KEPT)


def _road_layers(plan: Plan) -> list[LayerSpec]:
    """Return roads, bridges and tunnels: what can be closed by a click."""
    lang = session.lang()

    def make() -> list[LayerSpec]:
        assets = plan.ground.assets
        chosen = assets[assets["sector"].isin(CLOSABLE)]
        layers = maps.asset_layers(chosen, lang=lang, visible=CLOSABLE)
        return [_from_near(layer) for layer in layers]

    return session.remembered("what_if_roads", lang, make, max_entries=LAYERS_KEPT)


def _from_near(layer: LayerSpec) -> LayerSpec:
    """Return a layer whose many small things are drawn from near only: they would hide what becomes of the units."""
    names = list(reversed(ROAD_STYLES)) if layer.name == "assets.road" else [""] * len(layer.styles)
    styles = tuple(
        style if name in plan_map.TRUNKS else dataclasses.replace(style, min_zoom=SMALL_FROM_ZOOM)
        for name, style in zip(names, layer.styles, strict=True)
    )
    return dataclasses.replace(layer, styles=styles)


def unit_states(found: Consequences) -> pd.DataFrame:
    """Return one row a unit, the worst of its strands: its row of `Consequences.units` and `shown`, its style."""
    units = found.units
    is_much = units["change_min"].abs().to_numpy() >= MUCH_MIN
    longer = np.where(is_much, "longer_2", "longer_1")
    shown = pd.Series(np.where(units["state"] == "longer", longer, units["state"]), index=units.index)
    table = units.assign(shown=shown, rank=shown.map(WORST_FIRST.index))
    return table.sort_values(["rank", "strand"]).drop_duplicates("unit_id").set_index("unit_id")


def _units(found: Consequences) -> LayerSpec:
    tr, units = session.tr, found.plan.ground.units
    states = unit_states(found).reindex(units.index)
    names = list(UNIT_STYLES)
    tips = [
        tr(
            "what_if.legend.tip",
            name=row["name"],
            state=tr(f"what_if.state.{row['state']}"),
            before=words.minutes(row["before_min"]),
            after=words.minutes(row["after_min"]),
        )
        for row in states.to_dict("records")
    ]
    frame = gpd.GeoDataFrame(
        {"id": units.index.astype(str), "style": states["shown"].map(names.index).to_numpy(), "tip": tips},
        geometry=units.geometry.to_numpy(),
        crs=units.crs,
    )
    used = set(states["shown"])
    legend = tuple(LegendRow(_state_words(name), UNIT_STYLES[name]) for name in WORST_FIRST if name in used)
    styles = tuple(UNIT_STYLES.values())
    title = tr("what_if.map_of")
    return LayerSpec("what_if.units", title, "unit", frame, styles, legend, is_synthetic=session.is_sample())


def _state_words(name: str) -> str:
    tr = session.tr
    if name.startswith("longer_"):
        return words.heading(tr(f"what_if.legend.{name}", limit=f"{MUCH_MIN:g}"))
    return words.heading(tr(f"what_if.state.{name}"))


def _lines(found: Consequences) -> list[LayerSpec]:
    """Return detours, planned roads, closed stretches and the crosses on them, those that there are."""
    tr, detours = session.tr, found.detours
    layers = []
    for name, table, style in (
        ("detour", detours.ways, DETOUR),
        ("new", found.links, NEW),
    ):
        if len(table):
            title = tr(f"what_if.legend.{name}")
            legend = (LegendRow(title, style, "line"),)
            layers.append(LayerSpec(f"what_if.{name}", title, "", _frame(table), (style,), legend))
    if len(detours.table):
        layers.append(_closed(detours.table))
    return layers


def _closed(table: gpd.GeoDataFrame) -> LayerSpec:
    """Return the closed stretches, each with its cross: one thing, so one row of the legend."""
    title = session.tr("what_if.legend.closed")
    middle = table.geometry.interpolate(0.5, normalized=True)
    frame = gpd.GeoDataFrame(
        {
            "id": [str(number) for number in range(2 * len(table))],
            "style": [0] * len(table) + [1] * len(table),
        },
        geometry=[*table.geometry, *middle],
        crs=table.crs,
    )
    rows = (LegendRow(title, CROSS, "point"),)
    return LayerSpec("what_if.closed", title, "", frame, (CLOSED, CROSS), rows)


def _frame(table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    ids = [str(number) for number in range(len(table))]
    return gpd.GeoDataFrame({"id": ids, "style": 0}, geometry=table.geometry.to_numpy(), crs=table.crs)


def _bases(found: Consequences) -> list[LayerSpec]:
    """Return the bases as they would be, and those that are lost."""
    tr, units = session.tr, found.plan.ground.units
    after = sorted({base for own in found.bases.values() for base in own})
    before = set(found.plan.bundles["base_unit_id"])
    lost = sorted(before & {change.unit_id for change in found.what_if.of(LoseBase)})
    layers = []
    for name, ids, style in (("bases", after, BASE), ("base_lost", lost, LOST)):
        if ids:
            title = tr(f"what_if.legend.{name}")
            frame = gpd.GeoDataFrame(
                {"id": ids, "style": 0, "tip": [f"{title}: {units.at[unit, 'name']}" for unit in ids]},
                geometry=units.geometry.reindex(ids).representative_point().to_numpy(),
                crs=units.crs,
            )
            rows = (LegendRow(title, style, "point"),)
            layers.append(LayerSpec(f"what_if.{name}", title, "unit", frame, (style,), rows))
    return layers
