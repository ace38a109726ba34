"""Road lines from a file; class, one-way and level where OpenStreetMap, N13 or our own columns give them."""

from __future__ import annotations

import pathlib
import re
from collections.abc import Callable
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gunmane import schema
from gunmane.errors import FileError
from gunmane.ledgers.files import MAX_ROWS
from gunmane.ledgers.rows import as_text, read_rows
from gunmane.municipalities import Region

# OpenStreetMap wiki, "Japan tagging": trunk 国道, primary 主要地方道, secondary 一般都道府県道.
OSM_CLASSES = {
    "motorway": "expressway",
    "motorway_link": "expressway",
    "trunk": "national",
    "trunk_link": "national",
    "primary": "prefectural",
    "primary_link": "prefectural",
    "secondary": "prefectural",
    "secondary_link": "prefectural",
    "tertiary": "municipal_1",
    "tertiary_link": "municipal_1",
    "unclassified": "municipal_2",
    "residential": "municipal_other",
    "living_street": "municipal_other",
    "service": "municipal_other",
    "track": "farm",
}
OSM_NOT_FOR_CARS = (
    "footway",
    "path",
    "steps",
    "cycleway",
    "pedestrian",
    "bridleway",
    "corridor",
    "platform",
    "elevator",
    "construction",
    "proposed",
    "abandoned",
    "razed",
)
# 国土数値情報 N13 (2024): N13_003 class, N13_004 state (2 bridge, 3 tunnel, 5 being built), N13_006 width.
N13_CLASSES = {"1": "national", "2": "prefectural", "3": "municipal_other", "4": "expressway"}
# Middle of width classes 1 (< 3 m), 2 (3-5.5), 3 (5.5-13), 4 (13-19.5), 5 (>= 19.5); open: bound.
N13_WIDTHS_M = {"1": 3.0, "2": 4.25, "3": 9.25, "4": 16.25, "5": 19.5}
NO = ("", "no", "false", "0", "none", "nan")
YES = ("yes", "true", "1")
FIRST_WORD = re.compile(r"[a-z_]+")

Attributes = dict[str, Any]


def read_roads(path: pathlib.Path, *, region: Region) -> tuple[gpd.GeoDataFrame, dict[str, Any]]:
    """
    Return the road lines of a file and what was found out about them.

    Parameters
    ----------
    path
        GeoJSON, GeoPackage, GeoParquet, shapefile (also zipped), FlatGeobuf, or a table with WKT.
    region
        Region that the file must touch; lines outside it are kept, they serve routing.

    Returns
    -------
    roads
        Columns of `schema.ROADS`, `width_m` (m, missing where unknown), `source` ("file#row") and LineStrings
        in the region's plane zone; multi-part lines are taken apart.
    facts
        `scheme` ("osm", "n13", "own" or "none": the file says nothing about its lines), `has_class`,
        `has_oneway`, `has_levels`, `row_count`, `line_count`, `length_m`, `length_in_region_m`,
        `unknown_class_ratio`, and rows left out: `not_for_cars`, `not_lines`, `broken`, with `broken_rows`
        (the first ten row numbers, as in `source`), `is_synthetic`: whether any line says that it is sample data.

    Raises
    ------
    FileError
        If the file cannot be used as a whole, or holds no line that a car may use.
    """
    path = pathlib.Path(path)
    rows = read_rows(path, region=region, layer_name="roads").to_crs(region.epsg)
    shapes = rows.geometry.to_numpy()
    # A place that the coordinate system does not reach comes back infinite.
    is_broken = shapely.is_missing(shapes) | ~np.isfinite(shapely.bounds(shapes)).all(axis=1)
    is_line = np.isin(shapely.get_type_id(shapes), (1, 2, 5))
    if not is_line.any():
        kinds = sorted(set(rows.geometry[~is_broken].geom_type))
        raise FileError("ledger_no_lines", file=path.name, found=", ".join(kinds[:4]))
    is_broken |= is_line & ~(shapely.length(shapes) > 0)

    attributes, scheme = _attributes(rows)
    is_car = ~attributes.pop("is_not_for_cars")
    is_kept = is_line & ~is_broken & is_car
    if not is_kept.any():
        raise FileError("ledger_no_usable_lines", file=path.name, rows=len(rows))
    table = gpd.GeoDataFrame(
        {**attributes, "source": rows["source"]}, geometry=rows.geometry, crs=rows.crs, index=rows.index
    )
    roads = _single_lines(table[is_kept], path.name)
    facts = _facts(roads, scheme, region)
    facts |= {
        "row_count": len(rows),
        "not_for_cars": int((~is_car & is_line).sum()),
        "not_lines": int((~is_line & ~shapely.is_missing(shapes)).sum()),
        "broken": int(is_broken.sum()),
        "broken_rows": [int(name.rpartition("#")[2]) for name in rows["source"][is_broken][:10]],
        "is_synthetic": "is_synthetic" in rows and bool(as_text(rows["is_synthetic"]).isin(YES).any()),
    }
    return roads, facts


def _single_lines(table: gpd.GeoDataFrame, file: str) -> gpd.GeoDataFrame:
    lines = table.explode(index_parts=False, ignore_index=True)
    lines = lines[lines.geometry.length > 0].reset_index(drop=True)
    if len(lines) > MAX_ROWS:
        raise FileError("ledger_too_many_rows", file=file, rows=f"{len(lines):,}", limit=f"{MAX_ROWS:,}")
    turned = lines.pop("is_reversed").to_numpy(dtype=bool)
    shapes = np.where(turned, shapely.reverse(lines.geometry.to_numpy()), lines.geometry.to_numpy())
    return lines.set_geometry(gpd.GeoSeries(shapes, index=lines.index, crs=lines.crs))


def _facts(roads: gpd.GeoDataFrame, scheme: str, region: Region) -> dict[str, Any]:
    area = region.municipalities.union_all()
    shapely.prepare(area)
    shapes = roads.geometry.to_numpy()
    is_inside = shapely.contains_properly(area, shapes)
    is_cut = ~is_inside & shapely.intersects(area, shapes)
    inside_m = (
        shapely.length(shapes[is_inside]).sum() + shapely.length(area.intersection(shapes[is_cut])).sum()
    )
    is_unknown = roads["road_class"] == "unknown"
    length = shapely.length(shapes)
    return {
        "scheme": scheme,
        "has_class": bool((~is_unknown).any()),
        "has_oneway": bool(roads["is_oneway"].any()),
        "has_levels": bool((roads["is_bridge"] | roads["is_tunnel"] | (roads["level"] != 0)).any()),
        "line_count": len(roads),
        "length_m": float(length.sum()),
        "length_in_region_m": float(inside_m),
        "unknown_class_ratio": float(length[is_unknown].sum() / length.sum()),
    }


def _attributes(rows: gpd.GeoDataFrame) -> tuple[Attributes, str]:
    """Return the attribute columns by the first scheme whose column is there, and the scheme's name."""
    names = {str(c).strip().lower(): c for c in rows.columns}
    empty = pd.Series("", index=rows.index, dtype="str")

    def text(name: str) -> pd.Series:
        if name not in names:
            return empty
        return as_text(rows[names[name]]).fillna("")

    if "highway" in names:
        return _osm(text), "osm"
    if "n13_003" in names or "n13_004" in names:
        return _n13(text), "n13"
    own = {column.name for column in schema.ROADS} & set(names)
    return _own(text), "own" if own else "none"


def _osm(text: Callable[[str], pd.Series]) -> Attributes:
    highway = text("highway").map(_first_word)
    oneway = text("oneway").str.lower()
    is_reversed = oneway.isin(["-1", "reverse"])
    # Motorways and roundabouts run one way unless the tag says otherwise.
    is_implied = (highway.isin(["motorway"]) | (text("junction") == "roundabout")) & (oneway == "")
    return {
        "road_class": highway.map(OSM_CLASSES).fillna("unknown").astype("str"),
        "is_oneway": oneway.isin(YES) | is_reversed | is_implied,
        "is_bridge": ~text("bridge").str.lower().isin(NO),
        "is_tunnel": ~text("tunnel").str.lower().isin(NO),
        "level": _levels(text("layer")),
        "width_m": _metres(text("width")),
        "is_reversed": is_reversed,
        "is_not_for_cars": highway.isin(OSM_NOT_FOR_CARS),
    }


def _n13(text: Callable[[str], pd.Series]) -> Attributes:
    state = text("n13_004")
    return {
        "road_class": text("n13_003").map(N13_CLASSES).fillna("unknown").astype("str"),
        "is_oneway": pd.Series(False, index=state.index),
        "is_bridge": state == "2",
        "is_tunnel": state == "3",
        "level": _levels(text("n13_005")),
        "width_m": text("n13_006").map(N13_WIDTHS_M).astype("float64"),
        "is_reversed": pd.Series(False, index=state.index),
        "is_not_for_cars": state == "5",
    }


def _own(text: Callable[[str], pd.Series]) -> Attributes:
    words = text("road_class").str.lower()
    return {
        "road_class": words.where(words.isin(schema.ROAD_CLASSES), "unknown"),
        "is_oneway": text("is_oneway").str.lower().isin(YES),
        "is_bridge": text("is_bridge").str.lower().isin(YES),
        "is_tunnel": text("is_tunnel").str.lower().isin(YES),
        "level": _levels(text("level")),
        "width_m": _metres(text("width_m")),
        "is_reversed": pd.Series(False, index=words.index),
        "is_not_for_cars": pd.Series(False, index=words.index),
    }


def _first_word(value: str) -> str:
    """Return the first tag of a value that osmnx may have stored as the text of a list."""
    found = FIRST_WORD.search(value.lower())
    return found.group(0) if found else ""


def _levels(values: pd.Series) -> pd.Series:
    column = next(c for c in schema.ROADS if c.name == "level")
    numbers = pd.to_numeric(values, errors="coerce")
    return numbers.where(numbers.between(column.low, column.high)).fillna(0).round().astype("Int8")


def _metres(values: pd.Series) -> pd.Series:
    numbers = pd.to_numeric(values.str.replace(r"\s*m$", "", regex=True), errors="coerce").astype("float64")
    return numbers.where((numbers > 0) & (numbers <= 200))
