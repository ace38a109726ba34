"""Where a ledger's rows lie: geometries made usable, and the municipality of each."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gunmane.assets.faults import Faults
from gunmane.assets.values import change_each, column_of, plain_code
from gunmane.assumptions import load_assumptions
from gunmane.municipalities import Region

# Degrees between which all of Japan lies: 20.42 to 45.56 north, 122.93 to 153.99 east.
JAPAN_LAT = (20.0, 46.0)
JAPAN_LON = (122.0, 154.0)


def mend_geometry(rows: gpd.GeoDataFrame, region: Region, faults: Faults) -> NDArray[Any]:
    """Geometries in the region's zone, without heights, valid; faults are listed."""
    given = rows.geometry.to_numpy()
    is_missing = np.asarray(shapely.is_missing(given) | shapely.is_empty(given))
    faults.add(is_missing, "geometry", np.full(len(given), ""), "geometry_missing")
    moved = rows.geometry.to_crs(region.epsg).to_numpy() if len(rows) else given
    flat = shapely.force_2d(moved)
    bounds = shapely.bounds(flat)
    is_lost = ~is_missing & ~np.isfinite(bounds).all(axis=1)
    flat[is_missing | is_lost] = None
    kind = shapely.get_type_id(flat)
    is_broken = (
        ~is_missing & ~is_lost & (~shapely.is_valid(flat) | (kind == shapely.GeometryType.GEOMETRYCOLLECTION))
    )
    at = np.flatnonzero(is_broken)
    repaired = np.array([_main_part(geometry) for geometry in shapely.make_valid(flat[at])], dtype=object)
    is_flat = shapely.get_dimensions(repaired) < shapely.get_dimensions(flat[at])
    is_swapped = is_lost & _swapped(rows, given)
    faults.add(is_swapped, "geometry", _corners(given, is_swapped), "lon_lat_swapped")
    is_hopeless = is_lost & ~is_swapped
    is_hopeless[at] = is_flat | shapely.is_empty(repaired)
    flat[at] = repaired
    shown = np.full(len(given), "", dtype=object)
    shown[at] = shapely.is_valid_reason(moved[at])
    faults.add(is_hopeless, "geometry", shown, "geometry_invalid")
    faults.add(is_broken & ~is_hopeless, "geometry", shown, "geometry_mended_value")
    return np.asarray(flat, dtype=object)


def _swapped(rows: gpd.GeoDataFrame, given: NDArray[Any]) -> NDArray[np.bool_]:
    """Whether each geometry would lie in Japan if its longitude and latitude changed places."""
    if rows.crs is None or not rows.crs.is_geographic:
        return np.zeros(len(given), dtype=bool)
    bounds = shapely.bounds(given)
    with np.errstate(invalid="ignore"):
        lon_is_lat = (bounds[:, 0] >= JAPAN_LAT[0]) & (bounds[:, 2] <= JAPAN_LAT[1])
        lat_is_lon = (bounds[:, 1] >= JAPAN_LON[0]) & (bounds[:, 3] <= JAPAN_LON[1])
    return np.asarray(lon_is_lat & lat_is_lon)


def _corners(given: NDArray[Any], mask: NDArray[np.bool_]) -> NDArray[Any]:
    """The first place of each marked geometry as the ledger gives it, for a person to read."""
    shown = np.full(len(given), "", dtype=object)
    for i in np.flatnonzero(mask):
        lon, lat = shapely.get_coordinates(given[i])[0]
        shown[i] = f"lon={_degrees(lon)}, lat={_degrees(lat)}"
    return shown


def _degrees(value: float) -> str:
    """Degrees with the decimals that they have, two at least (34.50)."""
    text = f"{value:.7f}".rstrip("0")
    return text + "0" * max(0, 2 - len(text.partition(".")[2]))


def _main_part(geometry: Any) -> Any:
    """The parts of the highest dimension, which is what the asset is."""
    if geometry.geom_type != "GeometryCollection":
        return geometry
    parts = shapely.get_parts(geometry)
    if not len(parts):
        return geometry
    dimension = shapely.get_dimensions(parts)
    return shapely.union_all(parts[dimension == dimension.max()])


def find_places(
    rows: gpd.GeoDataFrame, geometry: NDArray[Any], region: Region, faults: Faults
) -> NDArray[Any]:
    """Municipality of each row: as the ledger says, else where it lies; rows outside the region are listed."""
    codes = region.municipalities.index.to_numpy()
    shapes = region.municipalities.geometry.to_numpy()
    assumptions = load_assumptions()
    given = column_of(rows, "muni_code")
    said = change_each(given, lambda value: plain_code(value, frozenset(codes)))
    position = pd.Index(codes).get_indexer(pd.Index(said, dtype=object))
    usable = np.flatnonzero(~faults.is_rejected)

    is_inside = np.zeros(len(geometry), dtype=bool)
    whole = shapely.union_all(shapely.buffer(shapes, assumptions.value("asset_border_tolerance_m")))
    is_inside[usable] = _touches(whole, geometry[usable])
    faults.add(~faults.is_rejected & ~is_inside, "geometry", given, "outside_region")
    is_stray = is_inside & (position < 0)
    faults.add(is_stray & (said != ""), "muni_code", given, "muni_code_value")
    is_far = np.zeros(len(geometry), dtype=bool)
    for i, shape in enumerate(shapes):
        own = np.flatnonzero(is_inside & (position == i))
        around = shapely.buffer(shape, assumptions.value("asset_far_from_municipality_m"))
        is_far[own] = ~_touches(around, geometry[own])
    faults.add(is_far, "muni_code", given, "muni_far_value")
    position[is_stray] = _nearest(shapes, geometry[is_stray])
    return np.where(position >= 0, codes[position], "")


def _touches(shape: Any, geometry: NDArray[Any]) -> NDArray[np.bool_]:
    """Whether each geometry meets the shape; its first vertex answers for nearly all of them."""
    shapely.prepare(shape)
    coords, owner = shapely.get_coordinates(geometry, return_index=True)
    first = coords[np.unique(owner, return_index=True)[1]]
    meets = np.asarray(shapely.contains_xy(shape, first[:, 0], first[:, 1]))
    rest = np.flatnonzero(~meets)
    meets[rest] = shapely.intersects(shape, geometry[rest])
    return meets


def _nearest(shapes: NDArray[Any], geometry: NDArray[Any]) -> NDArray[Any]:
    """Position of the municipality that holds the middle of each geometry, else of the nearest one."""
    if not len(geometry):
        return np.empty(0, dtype=np.int64)
    middle = shapely.point_on_surface(geometry)
    away = np.stack([shapely.distance(middle, shape) for shape in shapes])
    return np.argmin(np.round(away, 2), axis=0)
