"""The ground of a map, drawn from our own areas: paper, borders and names instead of tiles from outside."""

from __future__ import annotations

import geopandas as gpd
import pandas as pd

from gunmane.i18n import t
from gunmane.maps.layers import LayerSpec, LegendRow, Style
from gunmane.maps.palette import BORDER, INK, NEIGHBOUR, PAPER, REGION_STYLES


def ground_below(borders: gpd.GeoDataFrame, backdrop: gpd.GeoDataFrame | None) -> list[LayerSpec]:
    """Return what lies under every other layer: the land around, then the towns' own land."""
    layers = []
    if backdrop is not None:
        land = Style(colour="#D5D5CC", weight=0.6, fill=NEIGHBOUR)
        frame = _plain_areas(backdrop)
        layers.append(LayerSpec("ground.backdrop", "", "", frame, (land,), is_switchable=False))
    own = Style(colour="", fill=PAPER)
    layers.append(LayerSpec("ground.land", "", "", _plain_areas(borders), (own,), is_switchable=False))
    return layers


def ground_above(borders: gpd.GeoDataFrame, *, lang: str) -> list[LayerSpec]:
    """
    Return what lies on every other layer: municipal borders, prefectural ones where two meet, and names.

    Parameters
    ----------
    borders
        Areas of municipalities, `muni_code` as a column or as the index, or of prefectures with `pref_code`;
        `name_ja` and `name_en`, or `name`, are written on the map where they are there.
    lang
        "ja" or "en".
    """
    municipal = Style(colour=BORDER, weight=1.3, halo="#FFFFFF")
    prefectural = Style(colour=INK, weight=2.4, dash="10 3 2 3", halo="#FFFFFF")
    styles = (municipal, prefectural)
    areas = _plain_areas(borders).assign(label=names_of(borders, lang))
    if "pref_code" in borders:
        thin = Style(colour=BORDER, weight=0.8, label="quiet")
        return [LayerSpec("ground.borders", t("map.border.prefecture", lang), "", areas, (thin,))]

    frames = [areas]
    legend = [LegendRow(t("map.border.municipality", lang), municipal, "line")]
    codes = borders["muni_code"] if "muni_code" in borders else borders.index.to_series()
    prefecture = codes.astype(str).str[:2].rename("prefecture")
    if prefecture.nunique() > 1:
        joined = borders[[borders.geometry.name]].dissolve(by=prefecture)
        frames.append(_plain_areas(joined).assign(style=1, label=""))
        legend.append(LegendRow(t("map.border.prefecture", lang), prefectural, "line"))
    frame = pd.concat(frames, ignore_index=True)
    return [LayerSpec("ground.borders", t("map.layer.borders", lang), "", frame, styles, tuple(legend))]


def names_of(places: gpd.GeoDataFrame, lang: str) -> pd.Series:
    """Return the names in a language: `name_ja` or `name_en`, else `name`, else nothing."""
    column = next((column for column in (f"name_{lang}", "name") if column in places), None)
    if column is None:
        return pd.Series("", index=places.index, dtype=object)
    return places[column].astype(object).where(places[column].notna(), "").astype(str)


def overview_layers(regions: gpd.GeoDataFrame, *, lang: str) -> list[LayerSpec]:
    """
    Draw regions on the map of Japan as markers whose shape and colour say their kind.

    Parameters
    ----------
    regions
        Points indexed by `region_id` with `name_ja` and `name_en`, or `name` (shown beside the pointer),
        `kind` (wide_area, multi_sector or both) and, where wanted, `label` (written on the map instead of the
        name) and `tip` (shown instead of the name).
    lang
        "ja" or "en".

    Raises
    ------
    ValueError
        If a kind is not one of the three.
    """
    kinds = list(REGION_STYLES)
    unknown = sorted(set(regions["kind"]) - set(kinds))
    if unknown:
        msg = f"kind must be one of {kinds}, not {unknown}"
        raise ValueError(msg)
    styles = tuple(REGION_STYLES.values())
    name = names_of(regions, lang)
    label, tip = regions.get("label", name), regions.get("tip", name)
    frame = regions[[regions.geometry.name]].assign(
        id=regions.index.astype(str), style=regions["kind"].map(kinds.index), label=label, tip=tip
    )
    legend = tuple(
        LegendRow(t(f"map.kind.{kind}", lang), style, "point")
        for kind, style in REGION_STYLES.items()
        if (regions["kind"] == kind).any()
    )
    return [LayerSpec("regions", t("map.layer.regions", lang), "region", frame, styles, legend)]


def _plain_areas(areas: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {"id": areas.index.astype(str), "style": 0}, geometry=areas.geometry, index=areas.index, crs=areas.crs
    )
