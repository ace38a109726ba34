"""Assets as map layers, one a sector: roads by class, bridges and tunnels by grade, the rest by urgency."""

from __future__ import annotations

import dataclasses

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gunmane.i18n import catalogue, t
from gunmane.maps.ground import names_of
from gunmane.maps.layers import LayerSpec, LegendRow, Shape, Style
from gunmane.maps.palette import (
    GRADE_STYLES,
    ROAD_STYLES,
    SECTOR_STYLES,
    TUNNEL_STYLES,
    URGENT_STYLES,
    as_sample,
)

DRAWING_ORDER = ("river", "park", "sewer", "water", "road", "tunnel", "bridge")
"""Sectors from the bottom of the map to its top."""

_GRADES = (0, 1, 2, 3, 4)


def asset_layers(
    assets: gpd.GeoDataFrame, *, lang: str, visible: tuple[str, ...] = DRAWING_ORDER
) -> list[LayerSpec]:
    """
    Draw assets, one layer a sector that has any, all of kind "asset".

    With tens of thousands of rows this takes a second: keep the result for as long as the table is the same.

    Parameters
    ----------
    assets
        `asset_id, sector, subtype, condition` (1 to 4 or missing), `condition_raw, name, is_synthetic` and
        the place, in any CRS; `subtype`, `condition_raw` and `name` may be missing.
    lang
        "ja" or "en".
    visible
        Sectors that are shown until the user switches them.

    Returns
    -------
    layers
        In drawing order.
    """
    layers = []
    # Where all is sample the map says so above itself; where only some is, each layer has to.
    is_mixed = "is_synthetic" in assets and assets["is_synthetic"].nunique() > 1
    for sector in DRAWING_ORDER:
        rows = assets[assets["sector"] == sector]
        if len(rows):
            layer = _sector_layer(rows, sector, lang)
            layer = _apart(layer, rows["is_synthetic"], lang) if is_mixed else layer
            layers.append(dataclasses.replace(layer, visible=sector in visible))
    return layers


def _apart(layer: LayerSpec, is_sample: pd.Series, lang: str) -> LayerSpec:
    """Draw sample assets pale and below, and say so in the legend; beside real ones they must not pass for such."""
    if not is_sample.any():
        return layer
    # Styles are drawn in their order: what is real comes last.
    styles = (*(as_sample(style) for style in layer.styles), *layer.styles)
    frame = layer.frame.assign(style=layer.frame["style"] + len(layer.styles) * ~is_sample)
    if is_sample.all():
        title = t("sample_mark.all", lang, sector=layer.title)
        legend = tuple(dataclasses.replace(row, style=as_sample(row.style)) for row in layer.legend)
    else:
        title = layer.title
        first = layer.legend[0]
        legend = (
            *layer.legend,
            dataclasses.replace(first, text=t("sample_mark.pale", lang), style=as_sample(first.style)),
        )
    return dataclasses.replace(layer, title=title, frame=frame, styles=styles, legend=legend)


def _sector_layer(rows: gpd.GeoDataFrame, sector: str, lang: str) -> LayerSpec:
    grade = _grades(rows)
    if sector == "road":
        keys = list(reversed(ROAD_STYLES))
        kind = _text(rows, "subtype").where(lambda values: values.isin(ROAD_STYLES), "unknown")
        choice, styles = kind.map(keys.index), [ROAD_STYLES[key] for key in keys]
        words = [t(f"map.subtype.{key}", lang) for key in keys]
    elif sector in {"bridge", "tunnel"}:
        table = GRADE_STYLES if sector == "bridge" else TUNNEL_STYLES
        choice, styles = grade, [table[key] for key in _GRADES]
        words = [t(f"map.grade.{key}", lang) for key in _GRADES]
    else:
        choice, styles = (grade >= 3).astype(int), [SECTOR_STYLES[sector], URGENT_STYLES[sector]]
        words = [t(f"map.sector.{sector}", lang), t("map.urgent", lang)]

    used = set(choice)
    shown = [row for row in _legend_order(sector, len(styles)) if row in used]
    legend = tuple(LegendRow(words[row], styles[row], _swatch(sector)) for row in shown)
    frame = gpd.GeoDataFrame(
        {
            "id": rows["asset_id"].astype(str),
            "style": choice.astype(int),
            "tip": _text(rows, "name"),
            "about": _about(rows, sector, lang),
        },
        geometry=_as_points(rows.geometry) if sector == "bridge" else rows.geometry,
        crs=rows.crs,
    )
    is_synthetic = bool(rows["is_synthetic"].any()) if "is_synthetic" in rows else False
    return LayerSpec(
        f"assets.{sector}", t(f"map.sector.{sector}", lang), "asset", frame, tuple(styles), legend,
        is_synthetic=is_synthetic,
    )  # fmt: skip


def _swatch(sector: str) -> Shape:
    return "area" if sector == "park" else ("point" if sector == "bridge" else "line")


def _legend_order(sector: str, count: int) -> list[int]:
    """Return the rows of the style table as one reads them; they are drawn from 0 up, the last on top."""
    if sector == "road":
        return list(reversed(range(count)))
    return [*_GRADES[1:], 0] if sector in {"bridge", "tunnel"} else list(range(count))


def _grades(rows: gpd.GeoDataFrame) -> pd.Series:
    if "condition" not in rows:
        return pd.Series(0, index=rows.index)
    return pd.to_numeric(rows["condition"]).fillna(0).astype(int)


def _text(rows: gpd.GeoDataFrame, column: str) -> pd.Series:
    if column not in rows:
        return pd.Series("", index=rows.index, dtype=object)
    return rows[column].astype(object).where(rows[column].notna(), "").astype(str)


def _about(rows: gpd.GeoDataFrame, sector: str, lang: str) -> pd.Series:
    """Return what follows the name beside the pointer: the sort, the grade in words, whether it is a sample."""
    words = catalogue(lang)
    sort = _text(rows, "subtype").map(lambda key: words.get(f"map.subtype.{key}", key))
    about = t(f"map.sector.{sector}", lang) + sort.map(lambda word: f" ({word})" if word else "")
    official = sector in {"bridge", "tunnel"}
    state = {g: t(f"map.grade.{g}" if official or g == 0 else f"map.condition.{g}", lang) for g in _GRADES}
    about += "\n" + _grades(rows).map(state)
    about += _text(rows, "condition_raw").map(
        lambda word: " " + t("map.raw_grade", lang, grade=word) if word else ""
    )
    if "is_synthetic" in rows:
        about += rows["is_synthetic"].map({True: "\n" + t("map.sample", lang), False: ""})
    return about


def _as_points(places: gpd.GeoSeries) -> gpd.GeoSeries:
    """Return the middle of every line and area, so that a bridge is one symbol."""
    shapes = np.asarray(places.array, dtype=object)
    is_line = shapely.get_type_id(shapes) == shapely.GeometryType.LINESTRING
    points = shapely.centroid(shapes)
    points[is_line] = shapely.line_interpolate_point(shapes[is_line], 0.5, normalized=True)
    return gpd.GeoSeries(points, index=places.index, crs=places.crs)


def place_layer(
    places: gpd.GeoDataFrame, *, name: str, title: str, style: Style, lang: str = "ja", visible: bool = True
) -> LayerSpec:
    """
    Draw towns, town halls or other points of kind "place".

    Parameters
    ----------
    places
        Points indexed by their id, with `name_ja` and `name_en`, or `name`, and, where wanted, `label`
        (written on the map) and `tip` (beside the pointer, instead of the name).
    name, title
        Name of the layer and its title in the legend.
    style
        How every point is drawn.
    lang
        "ja" or "en".
    visible
        Whether it is shown until the user switches it.
    """
    columns = [column for column in ("label", "tip") if column in places.columns]
    frame = places[[*columns, places.geometry.name]].assign(id=places.index.astype(str), style=0)
    if "tip" not in frame:
        frame["tip"] = names_of(places, lang)
    return LayerSpec(
        name, title, "place", frame, (style,), (LegendRow(title, style, "point"),), visible=visible
    )
