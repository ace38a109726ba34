"""Where a ledger's rows lie: in the region or not, in which municipality, how far from their owner."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
from numpy.typing import NDArray

from gunmane.assets.faults import Faults
from gunmane.assets.readings import Readings
from gunmane.assets.shapes import DEGREES, JAPAN_LAT, JAPAN_LON, region_shape
from gunmane.assets.values import Cells, plain_code
from gunmane.assumptions import load_assumptions
from gunmane.municipalities import Region


def find_places(
    given: Cells, geometry: NDArray[Any], region: Region, *, faults: Faults, readings: Readings
) -> NDArray[Any]:
    """
    Municipality of each row: as the ledger says (code or name), else where it lies.

    Rows outside Japan and outside the region are rejected; a municipality that is none of the region's, and a row
    far from its municipality, are listed.
    """
    codes = region.municipalities.index.to_numpy()
    shapes = region.municipalities.geometry.to_numpy()
    names = {str(name): str(code) for code, name in region.municipalities["name_ja"].items()}
    known = frozenset(codes)
    said = given.each(lambda text: names.get(text) or plain_code(text, known))
    how = [
        "" if s == t or s not in known else "name" if t in names else "code"
        for s, t in zip(said, given.texts, strict=True)
    ]
    readings.add("muni_code", given, said, np.array(how, dtype=object))
    position = pd.Index(codes).get_indexer(pd.Index(said, dtype=object))[given.codes]

    is_inside = _inside(geometry, region, faults)
    is_stray = is_inside & (position < 0)
    position[is_stray] = _nearest(shapes, geometry[is_stray])
    found = np.where(position >= 0, codes[position], "")
    is_wrong = is_stray & (said[given.codes] != "")
    faults.add(is_wrong, "muni_code", given, "muni_code_value", became=found)
    is_named = is_inside & ~is_stray
    is_far = _far_from(found, is_named, geometry, region)
    faults.add(is_far, "muni_code", given, "muni_far_value")
    return found


def list_far_owners(
    owner: pd.Series, muni: NDArray[Any], geometry: NDArray[Any], region: Region, faults: Faults
) -> None:
    """List the rows far from the border of the municipality that keeps them, where they lie in another."""
    codes = owner.to_numpy(dtype=object)
    is_far = _far_from(codes, faults.usable & (codes != muni), geometry, region)
    faults.add(is_far, "owner_code", codes, "owner_far_value")


def _far_from(
    codes: NDArray[Any], at: NDArray[np.bool_], geometry: NDArray[Any], region: Region
) -> NDArray[np.bool_]:
    """Whether each row `at` lies far from the municipality of its code."""
    far_m = load_assumptions().value("asset_far_from_municipality_m")
    is_far = np.zeros(len(codes), dtype=bool)
    for code, shape in region.municipalities.geometry.items():
        own = np.flatnonzero(at & (codes == code))
        if len(own):
            is_far[own] = ~_touches(shapely.buffer(shape, far_m), geometry[own])
    return is_far


def _inside(geometry: NDArray[Any], region: Region, faults: Faults) -> NDArray[np.bool_]:
    """Whether each usable row touches the region; the others are listed with their place."""
    usable = np.flatnonzero(faults.usable)
    is_inside = np.zeros(len(geometry), dtype=bool)
    is_inside[usable] = _touches(region_shape(region), geometry[usable])
    away = np.flatnonzero(faults.usable & ~is_inside)
    if not len(away):
        return is_inside
    places = lon_lat(geometry[away], region)
    shown = np.full(len(geometry), "", dtype=object)
    shown[away] = [f"lon={x:.5f}, lat={y:.5f}" for x, y in np.round(places, 5) + 0.0]
    is_abroad = np.zeros(len(geometry), dtype=bool)
    is_abroad[away] = ~(
        (places[:, 0] >= JAPAN_LON[0])
        & (places[:, 0] <= JAPAN_LON[1])
        & (places[:, 1] >= JAPAN_LAT[0])
        & (places[:, 1] <= JAPAN_LAT[1])
    )
    is_away = faults.usable & ~is_inside
    faults.add(is_away & is_abroad, "geometry", shown, "outside_japan")
    faults.add(is_away & ~is_abroad, "geometry", shown, "outside_region")
    return is_inside


def lon_lat(geometry: NDArray[Any], region: Region) -> NDArray[np.float64]:
    """Return the first corner of each geometry of the region's zone as longitude and latitude (degrees)."""
    xy = _first_corners(geometry)
    to_degrees = pyproj.Transformer.from_crs(region.epsg, DEGREES, always_xy=True)
    return np.column_stack(to_degrees.transform(xy[:, 0], xy[:, 1])).reshape(-1, 2)


def rejected_places(geometry: NDArray[Any], faults: Faults, region: Region) -> gpd.GeoDataFrame:
    """Return `row, rule` and a point (EPSG:4326) of every rejected row that has a place, sorted."""
    table = faults.table_of_rejected()
    at = table.index.to_numpy()
    has_place = ~np.asarray(shapely.is_missing(geometry[at]) | shapely.is_empty(geometry[at]))
    table, at = table[has_place], at[has_place]
    places = lon_lat(geometry[at], region)
    is_finite = np.isfinite(places).all(axis=1)
    points = shapely.points(places[is_finite])
    found = gpd.GeoDataFrame(table.loc[is_finite, ["row", "rule"]], geometry=points, crs=DEGREES)
    return found.sort_values(["row", "rule"], ignore_index=True)


def _first_corners(geometry: NDArray[Any]) -> NDArray[np.float64]:
    coords, owner = shapely.get_coordinates(geometry, return_index=True)
    return coords[np.unique(owner, return_index=True)[1]]


def _touches(shape: Any, geometry: NDArray[Any]) -> NDArray[np.bool_]:
    """Whether each geometry meets the shape; its first vertex answers for nearly all of them."""
    shapely.prepare(shape)
    first = _first_corners(geometry)
    meets = np.asarray(shapely.contains_xy(shape, first[:, 0], first[:, 1]))
    rest = np.flatnonzero(~meets)
    meets[rest] = shapely.intersects(shape, geometry[rest])
    return meets


def _nearest(shapes: NDArray[Any], geometry: NDArray[Any]) -> NDArray[Any]:
    """Position of the municipality that holds the middle of each geometry, else of the nearest one."""
    if not len(geometry):
        return np.empty(0, dtype=np.int64)
    middle = shapely.point_on_surface(geometry)
    found = np.full(len(geometry), -1, dtype=np.int64)
    for i, shape in enumerate(shapes):
        shapely.prepare(shape)
        open_rows = np.flatnonzero(found < 0)
        found[open_rows[shapely.contains(shape, middle[open_rows])]] = i
    rest = np.flatnonzero(found < 0)
    if len(rest):
        away = np.stack([shapely.distance(middle[rest], shape) for shape in shapes])
        found[rest] = np.argmin(np.round(away, 2), axis=0)
    return found
