"""A layer in the forms in which it leaves: whole or the part in view, simplified for its zoom, as GeoJSON."""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

LEVEL_ZOOMS = (5, 7, 9, 11, 13, 15)
"""Zooms up to which one simplified form serves; above the last, features go out as they are."""

DECIMALS = 6
"""Decimals of a degree that leave the server (about 0.1 m)."""

_SPECK_PX = 8
_LINE_HEAD = len('{"type":"LineString","coordinates":')
_TILE_PX = 256
_ENCODE = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
_HTML_SIGNS = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})


@dataclass(frozen=True)
class View:
    """
    The part of a layer that a map shows.

    Parameters
    ----------
    bbox
        West, south, east, north in degrees (WGS84); None for the whole layer.
    zoom
        Zoom of the map (0 to 24), which sets how far lines are simplified; None for no simplification.
    """

    bbox: tuple[float, float, float, float] | None = None
    zoom: float | None = None


def parse_view(query: Mapping[str, str]) -> View:
    """
    Read `bbox=west,south,east,north` and `zoom=…` from the query of an address; both may be missing.

    Raises
    ------
    ValueError
        If a number is missing, not finite or outside the globe, or west/east or south/north are swapped.
    """
    zoom = query.get("zoom")
    zoom_value = None if zoom is None else float(zoom)
    if zoom_value is not None and not 0 <= zoom_value <= 24:
        raise ValueError("zoom must lie between 0 and 24")
    if "bbox" not in query:
        return View(None, zoom_value)

    sides = [float(side) for side in query["bbox"].split(",")]
    if len(sides) != 4 or not all(math.isfinite(side) for side in sides):
        raise ValueError("bbox must be four finite numbers: west,south,east,north")
    west, south, east, north = sides
    if not (-540 <= west < east <= 540 and -90 <= south < north <= 90):
        raise ValueError("bbox must run from west to east and from south to north, in degrees")
    return View((west, south, east, north), zoom_value)


class Layer:
    """
    One layer in the forms in which it leaves: heads made once, geometries once a level.

    `size_bytes` counts coordinates, objects, text and every level made so far, roughly.
    """

    def __init__(self, frame: gpd.GeoDataFrame, shared: Sequence[str], merge_by: str | None) -> None:
        known = frame.to_crs(4326) if frame.crs is not None else frame
        geometry = shapely.force_2d(np.asarray(known.geometry.array, dtype=object))
        has_place = ~(shapely.is_missing(geometry) | shapely.is_empty(geometry))
        self._geometry = geometry[has_place]
        table = pd.DataFrame(known.drop(columns=known.geometry.name))[has_place]
        self._min_zoom = _min_zooms(table)
        self._merge_by = _merge_groups(table, merge_by, self._geometry)
        self._extent_deg = _extents(self._geometry)
        table, self._words = _share_words(table.drop(columns="min_zoom", errors="ignore"), shared)
        self._heads = _feature_heads(table)
        self._tree = shapely.STRtree(self._geometry)
        # GEOS builds the tree at its first query, and that is not safe between threads.
        self._tree.query(shapely.box(0, 0, 0, 0))
        self._levels: dict[int, list[bytes]] = {}
        self._lock = threading.Lock()
        self.size_bytes = int(shapely.get_num_coordinates(self._geometry).sum()) * 16
        self.size_bytes += len(self._geometry) * 300 + sum(map(len, self._heads))

    def collection(self, view: View) -> bytes:
        """Return the features of a view as the bytes of a GeoJSON FeatureCollection, in the layer's order."""
        rows = np.arange(len(self._geometry))
        if view.bbox is not None:
            rows = np.sort(self._tree.query(shapely.box(*view.bbox)))
        texts = self._texts(_level_of(view.zoom))
        parts: list[bytes] = []
        if view.zoom is not None:
            rows = rows[self._min_zoom[rows] <= view.zoom]
            pixel_deg = 360 / _TILE_PX / 2**view.zoom
            is_speck = (self._extent_deg[rows] < _SPECK_PX * pixel_deg) & (self._merge_by[rows] >= 0)
            parts = self._merged(rows[is_speck], texts)
            rows = rows[~is_speck]
        parts += [self._heads[row] + texts[row] + b"}" for row in rows]
        return self._words + b",".join(parts) + b"]}"

    def _merged(self, rows: np.ndarray, texts: list[bytes]) -> list[bytes]:
        """Join lines too short to be pointed at, so that a whole region goes out in a few features."""
        features = []
        for group in np.unique(self._merge_by[rows]):
            lines = b",".join(texts[row][_LINE_HEAD:-1] for row in rows[self._merge_by[rows] == group])
            head = b'{"type":"Feature","properties":{"s":%d},"geometry":' % group
            features.append(head + b'{"type":"MultiLineString","coordinates":[' + lines + b"]}}")
        return features

    def _texts(self, level: int) -> list[bytes]:
        with self._lock:
            if level not in self._levels:
                shapes = _simplified(self._geometry, level)
                self._levels[level] = [text.encode() for text in shapely.to_geojson(shapes)]
                self.size_bytes += sum(len(text) + 40 for text in self._levels[level])
            return self._levels[level]


def _min_zooms(table: pd.DataFrame) -> np.ndarray:
    if "min_zoom" not in table:
        return np.zeros(len(table))
    return table["min_zoom"].fillna(0).to_numpy(dtype=float)


def _merge_groups(table: pd.DataFrame, merge_by: str | None, geometry: np.ndarray) -> np.ndarray:
    """Return the group in which a single line may be joined with others; -1 for all other shapes."""
    if merge_by is None:
        return np.full(len(table), -1)
    is_line = shapely.get_type_id(geometry) == shapely.GeometryType.LINESTRING
    return np.where(is_line, table[merge_by].to_numpy(dtype=int), -1)


def _extents(geometry: np.ndarray) -> np.ndarray:
    """Return the longer side of each shape's box in degrees."""
    west, south, east, north = shapely.bounds(geometry).T
    return np.maximum(east - west, north - south)


def _share_words(table: pd.DataFrame, shared: Sequence[str]) -> tuple[pd.DataFrame, bytes]:
    """Put words that many rows repeat into one list; return the table with places in it, and the opening."""
    table, lists = table.copy(), {}
    for column in shared:
        places, words = pd.factorize(table[column])
        table[column] = pd.Series(places, index=table.index).where(places >= 0)
        lists[column] = [str(word) for word in words]
    opening = f'{{"type":"FeatureCollection","words":{_encoded(lists)},"features":['
    return table.astype(dict.fromkeys(shared, "Int64")), opening.encode()


def _feature_heads(table: pd.DataFrame) -> list[bytes]:
    """Return the text of each feature up to its geometry; missing and empty values leave no property."""
    plain = table.astype(object).where(table.notna(), None)
    names = [str(name) for name in plain.columns]
    heads = []
    for values in plain.itertuples(index=False, name=None):
        kept = {n: v for n, v in zip(names, map(_plain, values), strict=True) if v is not None and v != ""}
        heads.append(f'{{"type":"Feature","properties":{_encoded(kept)},"geometry":'.encode())
    return heads


def _encoded(value: object) -> str:
    """Return JSON in which no sign of HTML stands as such."""
    return _ENCODE(value).translate(_HTML_SIGNS)


def _plain(value: object) -> object:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _level_of(zoom: float | None) -> int:
    """Return the index in `LEVEL_ZOOMS` that serves a zoom; their number stands for no simplification."""
    if zoom is None:
        return len(LEVEL_ZOOMS)
    return int(np.searchsorted(LEVEL_ZOOMS, zoom))


def _simplified(geometry: np.ndarray, level: int) -> np.ndarray:
    """Return shapes moved by at most half a pixel at the level's zoom, rounded to what can be seen."""
    if level == len(LEVEL_ZOOMS):
        return shapely.transform(geometry, lambda xy: np.round(xy, DECIMALS))
    pixel_deg = 360 / _TILE_PX / 2 ** LEVEL_ZOOMS[level]
    shapes = shapely.simplify(geometry, pixel_deg / 2, preserve_topology=False)
    shapes = np.where(shapely.is_empty(shapes), geometry, shapes)
    digits = min(DECIMALS, math.ceil(-math.log10(pixel_deg / 8)))
    return shapely.transform(shapes, lambda xy: np.round(xy, digits))
