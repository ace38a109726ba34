"""The map of one file on データ: what was taken from it, and where the rows lie that were not."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, cast

import geopandas as gpd
import numpy as np
import streamlit as st

from app_pages import session, words
from app_pages.ledgers_brought import Brought
from app_pages.map_view import put_layers, show_map, take_keys
from app_pages.plan_map import region_map
from app_pages.session import tr
from app_pages.work import Job, Progress
from gunmane import maps
from gunmane.exports.words import word
from gunmane.i18n import t
from gunmane.maps import LayerSpec, LegendRow, Style
from gunmane.municipalities import Region

if TYPE_CHECKING:
    from gunmane.deliveries import Delivery

Bounds = tuple[float, float, float, float]
MAP_HEIGHT = 400
NEAR_DEG = 0.5
LINE = Style(colour="#0B5394", weight=1.6)
MARK = Style(colour="#FFFFFF", weight=1.5, fill="#B3261E", symbol="cross", radius=7)


@dataclasses.dataclass(frozen=True)
class _Drawn:
    """Layers of a file, and under which keys the browser may fetch them, by fingerprint."""

    layers: list[LayerSpec]
    keys: dict[str, str]


def show_file_map(file: Brought, delivery: Delivery, place: Region) -> None:
    """Show what was taken, and the rejected rows that have a place, each with its fault in words."""
    lost = delivery.rejected_places
    bounds, away = view_of(place, lost)
    drawn = _drawn(file, delivery)
    if lost.empty:
        st.caption(tr("data.map.none_lost"))
    else:
        st.caption(tr("data.map.lost", count=words.count(len(lost)), away=words.count(away)))
    # Each view of its own: a map that another file was looked at on must not hide the crosses of this one.
    name = f"data_{place.region_id}" + (f"_{file.serial}_{file.version}" if len(lost) > away else "")
    base = region_map(place, view_name=name, bounds=bounds)
    show_map(base, drawn.layers, key=f"{name}_{session.lang()}", height=MAP_HEIGHT)


def view_of(place: Region, lost: gpd.GeoDataFrame) -> tuple[Bounds, int]:
    """
    Return what the map opens on, and how many rejected rows lie outside it.

    Parameters
    ----------
    place
        Region, all of which is shown.
    lost
        Rejected rows with a place; those within `NEAR_DEG` of the region are shown too, as a place at the other end
        of the country would leave nothing to be seen.
    """
    west, south, east, north = place.municipalities.to_crs(4326).total_bounds.round(5).tolist()
    shapes = lost.to_crs(4326).geometry
    near = shapes.cx[west - NEAR_DEG : east + NEAR_DEG, south - NEAR_DEG : north + NEAR_DEG]
    if near.empty:
        return (west, south, east, north), len(lost)
    left, low, right, high = np.round(near.total_bounds, 5).tolist()
    return (min(west, left), min(south, low), max(east, right), max(north, high)), len(lost) - len(near)


def _drawn(file: Brought, delivery: Delivery) -> _Drawn:
    """Return the layers of a file, made beside the page with a bar: a large ledger takes seconds."""
    held = cast("dict[tuple[int, int, str], Job[_Drawn]]", st.session_state.setdefault("_data_layers", {}))
    lang = session.lang()
    key = (file.serial, file.version, lang)
    if key not in held:
        held.clear()

        def draw(progress: Progress) -> _Drawn:
            progress(0.1, "progress.drawing")
            layers = file_layers(file.name, delivery, lang)
            progress(0.5, "progress.drawing")
            return _Drawn(layers, put_layers(layers))

        held[key] = Job(draw)
    try:
        drawn = session.watch(held[key], may_cancel=False)
    except Exception:
        held.pop(key, None)
        raise
    take_keys(drawn.keys)
    return drawn


def file_layers(name: str, delivery: Delivery, lang: str) -> list[LayerSpec]:
    """Return the layers of one file, in drawing order."""
    layers = []
    if delivery.reference is not None:
        layers += maps.reference_layers({name: delivery.reference}, lang=lang)
    if delivery.roads is not None and len(delivery.roads):
        layers.append(_road_lines(delivery.roads, lang))
    if len(delivery.assets):
        layers += maps.asset_layers(delivery.assets, lang=lang)
    if len(delivery.rejected_places):
        layers.append(_lost_layer(delivery.rejected_places, lang))
    return layers


def _road_lines(roads: gpd.GeoDataFrame, lang: str) -> LayerSpec:
    """Draw the road lines of a file."""
    title = t("data.map.roads", lang)
    shapes = roads[["geometry"]].reset_index(drop=True)
    tips = roads["name"].fillna("").astype("str").to_list() if "name" in roads.columns else title
    frame = shapes.assign(id=shapes.index.astype("str"), style=0, tip=tips)
    return LayerSpec("file.roads", title, "", frame, (LINE,), (LegendRow(title, LINE, "line"),))


def _lost_layer(lost: gpd.GeoDataFrame, lang: str) -> LayerSpec:
    """Draw the rejected rows that have a place."""
    tips = [
        t("data.map.tip", lang, row=row, fault=word("fault", rule, lang))
        for row, rule in zip(lost["row"], lost["rule"], strict=True)
    ]
    places = lost[["geometry"]].assign(tip=tips, name=tips).reset_index(drop=True)
    return maps.place_layer(places, name="rejected", title=t("data.map.title", lang), style=MARK, lang=lang)
