"""Road lines from a file; class, one-way and level where OpenStreetMap, N13 or our own columns give them."""

from __future__ import annotations

import pathlib
import re
from collections.abc import Callable
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
from numpy.typing import NDArray

from gunmane import schema
from gunmane.errors import FileError
from gunmane.ledgers.codelists import ROAD_CLASS_WORDS, known_profile, looked_up, named_text, named_words
from gunmane.ledgers.files import MAX_ROWS
from gunmane.ledgers.opening import open_layer
from gunmane.ledgers.profiles import Profile
from gunmane.ledgers.proposals import propose_profile
from gunmane.ledgers.raw import Raw
from gunmane.ledgers.recognition import plain_name
from gunmane.ledgers.rows import check_places
from gunmane.ledgers.shapes import shapes_of
from gunmane.municipalities import Region
from gunmane.scenario import Note

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
    "proposed",
    "abandoned",
    "razed",
)
OSM_BEING_BUILT = ("construction",)
# Of `path_kind`, as `known/n13.toml` calls what N13_002 says.
NOT_FOR_CARS = ("footpath", "steps")
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
    roads, facts
        As `roads_from`.

    Raises
    ------
    FileError
        If the file cannot be used as a whole, or holds no line that a car may use.
    """
    raw = open_layer(pathlib.Path(path), "roads")
    return roads_from(raw, propose_profile(raw, region=region), region=region)


def roads_from(raw: Raw, profile: Profile, *, region: Region) -> tuple[gpd.GeoDataFrame, dict[str, Any]]:
    """
    Return the road lines of a file and what was found out about them.

    Parameters
    ----------
    raw
        The file as it came.
    profile
        What its columns mean; columns that it does not name are taken by OpenStreetMap's, N13's or our own names.
    region
        Region that the file must touch; lines outside it are kept, they serve routing.

    Returns
    -------
    roads
        Columns of `schema.ROADS`, `width_m` (m, missing where unknown), `source` ("file#row") and LineStrings
        in the region's plane zone; multi-part lines are taken apart.
    facts
        `scheme` ("osm", "n13", "own", "table" or "none": the file says nothing about its lines), `has_class`,
        `has_oneway`, `has_levels`, `row_count`, `line_count`, `length_m`, `length_in_region_m`,
        `unknown_class_ratio`, and rows left out: `not_for_cars` (of them `being_built`), `not_lines`, `broken`, with
        `broken_rows` (the first ten row numbers, as in `source`), `is_synthetic`: whether any line says that it is
        sample data, `notes`.

    Raises
    ------
    FileError
        If the file cannot be used as a whole, or holds no line that a car may use.
    """
    shapes = _shapes_in_zone(raw, profile, region)
    # A place that the coordinate system does not reach comes back infinite.
    is_broken = shapely.is_missing(shapes) | ~np.isfinite(shapely.bounds(shapes)).all(axis=1)
    is_line = np.isin(shapely.get_type_id(shapes), (1, 2, 5))
    if not is_line.any():
        kinds = sorted(set(gpd.GeoSeries(shapes[~is_broken]).geom_type))
        raise FileError("ledger_no_lines", file=raw.file, found=", ".join(kinds[:4]))
    is_broken |= is_line & ~(shapely.length(shapes) > 0)

    attributes, scheme = _attributes(raw, profile)
    is_car = ~attributes.pop("is_not_for_cars").to_numpy(dtype=bool)
    is_built = ~attributes.pop("is_being_built").to_numpy(dtype=bool)
    is_kept = is_line & ~is_broken & is_car & is_built
    if not is_kept.any():
        raise FileError("ledger_no_usable_lines", file=raw.file, rows=len(shapes))
    source = raw.file + "#" + pd.Series(raw.table.index, index=raw.table.index).astype("str")
    table = pd.DataFrame({**attributes, "source": source})[is_kept]
    roads = _single_lines(table, shapes[is_kept], raw.file, region)
    facts = _facts(roads, scheme, region)
    facts |= {
        "row_count": len(shapes),
        "not_for_cars": int((~(is_car & is_built) & is_line).sum()),
        "being_built": int((~is_built & is_line).sum()),
        "not_lines": int((~is_line & ~shapely.is_missing(shapes)).sum()),
        "broken": int(is_broken.sum()),
        "broken_rows": [int(number) for number in raw.table.index[is_broken][:10]],
        "is_synthetic": bool(named_text(raw, Profile(), "is_synthetic").str.lower().isin(YES).any()),
    }
    facts["notes"] = _notes(facts)
    return roads, facts


def _shapes_in_zone(raw: Raw, profile: Profile, region: Region) -> NDArray[Any]:
    """Return a shape for every row in the region's plane zone, missing where it has none that can be used."""
    shapes = shapes_of(raw, profile, region=region)
    try:
        moved = shapes.to_crs(region.epsg).to_numpy()
    except (pyproj.exceptions.ProjError, pyproj.exceptions.CRSError) as error:
        raise FileError("ledger_crs_unusable", file=raw.file, crs=str(shapes.crs.name)) from error
    bounds = shapely.bounds(moved)
    area = region.municipalities.union_all()
    west, south, east, north = area.bounds
    with np.errstate(invalid="ignore"):
        is_near = (
            (bounds[:, 0] <= east)
            & (bounds[:, 2] >= west)
            & (bounds[:, 1] <= north)
            & (bounds[:, 3] >= south)
        )
    shapely.prepare(area)
    if not shapely.intersects(area, moved[is_near]).any():
        check_places(gpd.GeoDataFrame(geometry=shapes.set_axis(shapes.index - 1)), region, raw.file)
    return np.asarray(moved, dtype=object)


def _notes(facts: dict[str, Any]) -> tuple[Note, ...]:
    """Return what the reader must know of lines that were left out or say little."""
    notes = []
    # Roads that are being built have a sentence of their own.
    left_out = {name: facts[name] for name in ("broken", "not_lines", "not_for_cars")}
    left_out["not_for_cars"] -= facts["being_built"]
    if any(left_out.values()):
        rows = "・".join(str(number) for number in facts["broken_rows"]) or "–"
        notes.append(Note.of("roads_left_out", rows=rows, **left_out))
    if facts["being_built"]:
        notes.append(Note.of("roads_being_built", rows=facts["being_built"]))
    if facts["scheme"] == "n13":
        notes.append(Note.of("roads_n13"))
    return tuple(notes)


def _single_lines(table: pd.DataFrame, shapes: NDArray[Any], file: str, region: Region) -> gpd.GeoDataFrame:
    parts, at = shapely.get_parts(shapes, return_index=True)
    is_line = shapely.length(parts) > 0
    parts, at = parts[is_line], at[is_line]
    if len(parts) > MAX_ROWS:
        raise FileError("ledger_too_many_rows", file=file, rows=f"{len(parts):,}", limit=f"{MAX_ROWS:,}")
    lines = table.iloc[at].reset_index(drop=True)
    is_turned = lines.pop("is_reversed").to_numpy(dtype=bool)
    parts[is_turned] = shapely.reverse(parts[is_turned])
    return gpd.GeoDataFrame(lines, geometry=shapely.force_2d(parts), crs=region.epsg)


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


def _attributes(raw: Raw, profile: Profile) -> tuple[Attributes, str]:
    """Return the attribute columns by the first scheme whose column is there, and the scheme's name."""
    names = {plain_name(str(column)) for column in raw.table.columns}
    if "road_class" not in profile.columns:
        if "highway" in names:
            return _osm(lambda name: named_text(raw, Profile(), name)), "osm"
        if "n13_003" in names or "n13_004" in names:
            profile = known_profile("n13")
    attributes = _own(lambda name: named_words(raw, profile, name))
    if profile.kind == "n13":
        return attributes, "n13"
    if {column.name for column in schema.ROADS} & names:
        return attributes, "own"
    named = any(column.name in profile.columns for column in schema.ROADS)
    return attributes, "table" if named else "none"


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
        "is_being_built": highway.isin(OSM_BEING_BUILT),
    }


def _own(text: Callable[[str], pd.Series]) -> Attributes:
    words = looked_up(text("road_class").str.lower(), ROAD_CLASS_WORDS, keep_other=True)
    state, path = text("state"), text("path_kind")
    return {
        "road_class": words.where(words.isin(schema.ROAD_CLASSES), "unknown"),
        "is_oneway": text("is_oneway").str.lower().isin(YES),
        "is_bridge": text("is_bridge").str.lower().isin(YES) | (state == "bridge"),
        "is_tunnel": text("is_tunnel").str.lower().isin(YES) | (state == "tunnel"),
        "level": _levels(text("level")),
        "width_m": _metres(text("width_m")),
        "is_reversed": pd.Series(False, index=words.index),
        "is_not_for_cars": path.isin(NOT_FOR_CARS),
        "is_being_built": state == "under_construction",
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
