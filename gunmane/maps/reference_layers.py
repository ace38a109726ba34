"""Layers to look at: borders, emergency routes, dense districts, flood depth and others, light and below the assets."""

from __future__ import annotations

import colorsys
from collections.abc import Mapping

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gunmane.i18n import catalogue, t
from gunmane.maps.layers import LayerSpec, LegendRow, Shape, Style

OPACITY = 0.35
ROUTES = {"1": "#7B1E7A", "2": "#B04FAF", "3": "#CF93CE", "": "#8D8D8D"}
"""Emergency routes by rank; "" stands for any other."""
FLOOD_HUES = (0.155, 0.6)
"""From the shallowest (yellow) to the deepest (blue), as hues."""
OTHERS = ("#8C6D31", "#3B7A6B", "#7A5195", "#B0483C", "#4C6A92", "#6B6B6B")
BORDERS = Style(colour="#5A4A78", weight=1.6, dash="6 3", fill="#5A4A78", opacity=0.06)
DID = Style(colour="#9A4F2C", weight=1, fill="#E8A27C", opacity=OPACITY, pattern="dots")
LEGEND_ROWS = 8
"""Classes that the legend lists; the rest are drawn like the last and called "other"."""


def reference_layers(references: Mapping[str, gpd.GeoDataFrame], *, lang: str) -> list[LayerSpec]:
    """
    Draw layers that no plan is made from, one a file and sort, areas first so that they lie lowest.

    Parameters
    ----------
    references
        By file: tables as `ledgers.references.reference_from` gives them (`layer, name, rank, label, label_key` and
        the place; flood areas with `scenario`).
    lang
        "ja" or "en".
    """
    layers = [
        _layer(rows, file, str(sort), scenario, lang)
        for file, table in references.items()
        for (sort, scenario), rows in _sorts(table)
        if len(rows)
    ]
    return sorted(layers, key=lambda layer: layer.legend[0].shape != "area")


def _sorts(table: gpd.GeoDataFrame) -> list[tuple[tuple[str, str], gpd.GeoDataFrame]]:
    """Return the rows by their sort, floods by what they tell of too: depths of two scenarios are not mixed."""
    sort = table["layer"] if "layer" in table.columns else pd.Series("other", index=table.index)
    kind = table["scenario"] if "scenario" in table.columns else pd.Series("", index=table.index)
    usable = table[~(table.geometry.isna() | table.geometry.is_empty)]
    groups = usable.groupby(
        [sort.reindex(usable.index).fillna("other"), kind.reindex(usable.index).fillna("")], sort=True
    )
    return [((str(one), str(two)), rows) for (one, two), rows in groups]


def _layer(rows: gpd.GeoDataFrame, file: str, sort: str, scenario: str, lang: str) -> LayerSpec:
    words = _class_words(rows, sort, lang)
    classes, choice = _classes(rows, words)
    shape = _shape(rows)
    styles = [_style(sort, rank, number, len(classes)) for number, (rank, _) in enumerate(classes)]
    name = t(f"reference.layer.{sort}", lang)
    if scenario:
        name += " " + t(f"reference.scenario.{scenario}", lang)
    legend = tuple(
        LegendRow(word or name, style, shape) for (_, word), style in zip(classes, styles, strict=True)
    )
    frame = gpd.GeoDataFrame(
        {
            "id": rows.index.astype(str),
            "style": choice,
            "tip": _text(rows, "name").where(lambda given: given != "", name),
            "about": [f"{name} {word}\n{file}" if word else f"{name}\n{file}" for word in words],
        },
        geometry=rows.geometry.to_numpy(),
        crs=rows.crs,
    )
    title = t("map.reference_title", lang, layer=name, file=file)
    return LayerSpec(f"reference.{sort}.{scenario}.{file}", title, "", frame, tuple(styles), legend)


def _class_words(rows: gpd.GeoDataFrame, sort: str, lang: str) -> pd.Series:
    """Return what each row's class means: in the reader's language where it is known, else as the file says."""
    known = catalogue(lang)
    keys, labels = _text(rows, "label_key"), _text(rows, "label")
    words = keys.map(lambda key: known.get(key, ""))
    words = words.where(words != "", labels)
    unknown = _text(rows, "rank").map(lambda rank: t("map.reference_rank", lang, rank=rank) if rank else "")
    return words.where((words != "") | (sort in {"borders", "did"}), unknown)


def _classes(rows: gpd.GeoDataFrame, words: pd.Series) -> tuple[list[tuple[str, str]], np.ndarray]:
    """Return rank and words of each class in the order of their ranks, and the class of every row."""
    rank = _text(rows, "rank")
    order = pd.DataFrame({"rank": rank.to_numpy(), "word": words.to_numpy()})
    order["number"] = pd.to_numeric(order["rank"], errors="coerce").fillna(np.inf)
    kinds = order.drop_duplicates("word").sort_values(["number", "rank", "word"])
    at = {word: min(number, LEGEND_ROWS - 1) for number, word in enumerate(kinds["word"])}
    choice = order["word"].map(at).to_numpy(dtype="int64")
    shown = list(zip(kinds["rank"], kinds["word"], strict=True))[:LEGEND_ROWS]
    if len(kinds) > LEGEND_ROWS:
        shown[-1] = ("", "…")
    return shown, choice


def _style(sort: str, rank: str, number: int, count: int) -> Style:
    if sort == "borders":
        return BORDERS
    if sort == "did":
        return DID
    if sort == "emergency_route":
        return Style(colour=ROUTES.get(rank, ROUTES[""]), weight=5, opacity=0.55, halo="#FFFFFF", grows=True)
    if sort == "flood":
        share = number / max(count - 1, 1)
        hue = FLOOD_HUES[0] + share * (FLOOD_HUES[1] - FLOOD_HUES[0])
        fill = _hex(colorsys.hls_to_rgb(hue, 0.72 - 0.3 * share, 0.65))
        return Style(colour="", weight=0.5, fill=fill, opacity=0.3 + 0.25 * share)
    colour = OTHERS[number % len(OTHERS)]
    return Style(colour=colour, weight=1.4, fill=colour, opacity=OPACITY, symbol="diamond", radius=5)


def _hex(colour: tuple[float, float, float]) -> str:
    return "#" + "".join(f"{round(part * 255):02X}" for part in colour)


def _shape(rows: gpd.GeoDataFrame) -> Shape:
    """Return what most shapes of a layer are."""
    dimension = int(np.median(shapely.get_dimensions(np.asarray(rows.geometry.array, dtype=object))))
    return "area" if dimension >= 2 else "line" if dimension == 1 else "point"


def _text(rows: gpd.GeoDataFrame, column: str) -> pd.Series:
    if column not in rows.columns:
        return pd.Series("", index=rows.index, dtype=object)
    return rows[column].astype(object).where(rows[column].notna(), "").astype(str)
