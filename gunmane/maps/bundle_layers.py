"""Bundles and management units as map layers: areas by colour, thick outlines, numbers and bases."""

from __future__ import annotations

import geopandas as gpd
import pandas as pd

from gunmane.i18n import t
from gunmane.maps.layers import LayerSpec, LegendRow, Style
from gunmane.maps.palette import INK, UNASSIGNED, bundle_colours

BASE_RADII = ((12, 10.0), (24, 7.5), (60, 6.0), (float("inf"), 4.5))
"""Up to so many bases, each star has this radius in pixels: many large ones would hide the numbers."""


def bundle_layers(
    bundles: gpd.GeoDataFrame,
    units: gpd.GeoDataFrame,
    *,
    lang: str,
    colours: pd.DataFrame | None = None,
    name: str = "bundles",
) -> list[LayerSpec]:
    """
    Draw a plan: units in the colour of their bundle, outlines and numbers of the bundles, their bases.

    Parameters
    ----------
    bundles
        One row a bundle, indexed by `bundle_id`: `label` (the number on the map), the dissolved area and,
        where the base is known, `base_x` and `base_y` in the table's own CRS.
    units
        One row a unit, indexed by `unit_id`: `name`, `bundle_id` (missing where in none), the area and,
        where wanted, `tip` (text beside the pointer instead of name and bundle).
    lang
        "ja" or "en".
    colours
        `colour` and `pattern` by `bundle_id`; by default those of `bundle_colours`.
    name
        First part of the layers' names, so that two plans can lie on one map.

    Returns
    -------
    layers
        Areas (kind "unit"), outlines with numbers and, if any is known, bases (both kind "bundle").

    Raises
    ------
    ValueError
        If a unit names a bundle that has no row.
    """
    shades = bundle_colours(bundles) if colours is None else colours
    unknown = set(units["bundle_id"].dropna()) - set(bundles.index)
    if unknown:
        msg = f"units name bundles without a row: {sorted(map(str, unknown))[:5]}"
        raise ValueError(msg)

    layers = [_unit_areas(bundles, units, shades, lang, name), _outlines(bundles, lang, name)]
    bases = _bases(bundles, lang, name)
    return [*layers, bases] if bases is not None else layers


def _unit_areas(
    bundles: gpd.GeoDataFrame, units: gpd.GeoDataFrame, shades: pd.DataFrame, lang: str, name: str
) -> LayerSpec:
    styles = [
        Style(colour="#FFFFFF", weight=0.6, fill=shade.colour, opacity=0.55, pattern=shade.pattern)
        for shade in shades.loc[bundles.index].itertuples()
    ]
    legend = [LegendRow(str(label), style) for label, style in zip(bundles["label"], styles, strict=True)]
    row_of = pd.Series(range(len(bundles)), index=bundles.index)
    style = units["bundle_id"].map(row_of).fillna(len(bundles)).astype(int)
    if (style == len(bundles)).any():
        legend.append(LegendRow(t("map.unassigned", lang), UNASSIGNED))
    frame = units[[units.geometry.name]].assign(
        id=units.index.astype(str), style=style, tip=_unit_tips(bundles, units, lang)
    )
    return LayerSpec(
        f"{name}.units", t("map.layer.bundles", lang), "unit", frame, (*styles, UNASSIGNED), tuple(legend)
    )


def _unit_tips(bundles: gpd.GeoDataFrame, units: gpd.GeoDataFrame, lang: str) -> pd.Series:
    if "tip" in units:
        return units["tip"]
    title = t("map.layer.bundles", lang)
    bundle = units["bundle_id"].map(title + " " + bundles["label"].astype(str))
    return units["name"].fillna("").astype(str) + "\n" + bundle.fillna(t("map.unassigned", lang))


def _outlines(bundles: gpd.GeoDataFrame, lang: str, name: str) -> LayerSpec:
    style = Style(colour=INK, weight=2.4, halo="#FFFFFF", label="plate")
    frame = bundles[[bundles.geometry.name]].assign(
        id=bundles.index.astype(str), style=0, label=bundles["label"].astype(str)
    )
    title = t("map.layer.outlines", lang)
    legend = (LegendRow(t("map.bundle_outline", lang), style, "line"),)
    return LayerSpec(f"{name}.outlines", title, "bundle", frame, (style,), legend)


def _bases(bundles: gpd.GeoDataFrame, lang: str, name: str) -> LayerSpec | None:
    if not {"base_x", "base_y"} <= set(bundles.columns):
        return None
    known = bundles[bundles["base_x"].notna() & bundles["base_y"].notna()]
    if known.empty:
        return None
    radius = next(size for count, size in BASE_RADII if len(known) <= count)
    style = Style(colour=INK, weight=1.4 if radius > 6 else 1, fill="#FFFFFF", symbol="star", radius=radius)
    title = t("map.layer.bases", lang)
    frame = gpd.GeoDataFrame(
        {"id": known.index.astype(str), "style": 0, "tip": title + " " + known["label"].astype(str)},
        geometry=gpd.points_from_xy(known["base_x"].astype(float), known["base_y"].astype(float)),
        index=known.index,
        crs=bundles.crs,
    )
    return LayerSpec(f"{name}.bases", title, "bundle", frame, (style,), (LegendRow(title, style, "point"),))
