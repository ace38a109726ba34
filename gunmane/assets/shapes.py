"""Geometries of a ledger made usable: in the region's zone, flat, valid, mended where only one way mends them."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray

from gunmane.assets.faults import Faults
from gunmane.assets.values import texts_of
from gunmane.assumptions import load_assumptions
from gunmane.municipalities import Region

# Degrees between which all of Japan lies: 20.42 to 45.56 north, 122.93 to 153.99 east.
JAPAN_LAT = (20.0, 46.0)
JAPAN_LON = (122.0, 154.0)
DEGREES = 4326
MOST_DEGREES = 180.0


def mend_geometry(rows: gpd.GeoDataFrame, region: Region, faults: Faults) -> NDArray[Any]:
    """
    Return geometries in the region's zone, without heights, valid; None where there is none. Faults are listed.

    Mended without a guess, since only one way puts the row inside the region: longitude and latitude that changed
    places, and metres of the region's zone in columns of degrees. A broken outline becomes what it encloses, a
    collection its parts of the highest dimension.
    """
    given = rows.geometry.to_numpy()
    is_missing = np.asarray(shapely.is_missing(given) | shapely.is_empty(given))
    _list_missing(rows, is_missing, faults)
    moved = rows.geometry.to_crs(region.epsg).to_numpy() if len(rows) else given
    flat = np.asarray(shapely.force_2d(moved), dtype=object)
    bounds = shapely.bounds(flat)
    is_lost = ~is_missing & ~np.isfinite(bounds).all(axis=1)
    flat[is_missing | is_lost] = None
    if rows.crs.is_geographic:
        is_lost &= ~_mend_degrees(flat, given, is_lost, rows.crs, region, faults)
    _list_lost(given, is_lost, faults, is_degrees=rows.crs.is_geographic)
    _mend_shapes(flat, faults)
    return flat


def _list_missing(rows: gpd.GeoDataFrame, is_missing: NDArray[np.bool_], faults: Faults) -> None:
    """List the rows without a place; of those with an address that fits no town, or several, the address."""
    address, why = texts_of(rows, "address"), texts_of(rows, "address_fault").to_numpy(dtype=object)
    for rule in ("address_unmatched", "address_ambiguous"):
        faults.add(is_missing & (why == rule), "geometry", address, rule)
    faults.add(is_missing & (why == ""), "geometry", np.full(len(rows), ""), "geometry_missing")


def region_shape(region: Region) -> Any:
    """Return the region with what its borders may be wrong by."""
    tolerance_m = load_assumptions().value("asset_border_tolerance_m")
    whole = shapely.union_all(shapely.buffer(region.municipalities.geometry.to_numpy(), tolerance_m))
    shapely.prepare(whole)
    return whole


def _mend_degrees(
    flat: NDArray[Any],
    given: NDArray[Any],
    is_lost: NDArray[np.bool_],
    crs: Any,
    region: Region,
    faults: Faults,
) -> NDArray[np.bool_]:
    """Mend what is no place in degrees; changes `flat` and returns which rows were dealt with."""
    is_done = np.zeros(len(given), dtype=bool)
    at = np.flatnonzero(is_lost)
    at = at[np.isfinite(shapely.bounds(given[at])).all(axis=1)]
    if not len(at):
        return is_done
    whole = region_shape(region)
    east_north = np.asarray(shapely.force_2d(given[at]), dtype=object)
    north_east = shapely.transform(east_north, lambda xy: xy[:, ::-1])
    to_plane = pyproj.Transformer.from_crs(crs, region.epsg, always_xy=True)
    swapped = shapely.transform(north_east, lambda xy: np.column_stack(to_plane.transform(*xy.T)))
    # Numbers that could be degrees are not taken for metres.
    is_metres = np.abs(shapely.bounds(given[at])).max(axis=1) > MOST_DEGREES
    fits = [_lies_in(whole, candidate) for candidate in (swapped, east_north, north_east)]
    fits = [fits[0], fits[1] & is_metres, fits[2] & is_metres]
    is_only = np.sum(fits, axis=0) == 1
    shown = _corners(given, at)
    for rule, fit, candidate in (
        ("lon_lat_swapped", fits[0], swapped),
        ("metres_in_degrees", fits[1], east_north),
        ("metres_in_degrees", fits[2], north_east),
    ):
        own = at[is_only & fit]
        flat[own] = candidate[is_only & fit]
        is_done[own] = True
        mask = np.zeros(len(given), dtype=bool)
        mask[own] = True
        became = np.full(len(given), "", dtype=object)
        became[own] = _lon_lat(flat[own], region)
        faults.mend(mask, "geometry", shown, rule, became=became)
    return is_done


def _list_lost(given: NDArray[Any], is_lost: NDArray[np.bool_], faults: Faults, *, is_degrees: bool) -> None:
    """List the rows whose place is none, with the numbers that the ledger gives."""
    shown = _corners(given, np.flatnonzero(is_lost)) if is_lost.any() else None
    is_swapped = is_lost & _would_lie_in_japan(given) if is_degrees else np.zeros(len(given), dtype=bool)
    faults.add(is_swapped, "geometry", shown, "lon_lat_swapped")
    is_finite = np.isfinite(shapely.bounds(given)).all(axis=1)
    is_impossible = is_lost & ~is_swapped & is_finite
    if is_degrees:
        faults.add(is_impossible, "geometry", shown, "degrees_impossible")
        is_impossible &= False
    faults.add((is_lost & ~is_swapped & ~is_finite) | is_impossible, "geometry", shown, "geometry_invalid")


def _mend_shapes(flat: NDArray[Any], faults: Faults) -> None:
    """Make outlines valid and collections one kind; changes `flat`."""
    is_there = ~shapely.is_missing(flat)
    is_collection = is_there & (shapely.get_type_id(flat) == shapely.GeometryType.GEOMETRYCOLLECTION)
    is_crossed = is_there & ~shapely.is_valid(flat)
    at = np.flatnonzero(is_collection | is_crossed)
    if not len(at):
        return
    shown, became = (np.full(len(flat), "", dtype=object) for _ in range(2))
    shown[at] = shapely.is_valid_reason(flat[at])
    shown[is_collection & ~is_crossed] = "GeometryCollection"
    made = [_main_part(geometry) for geometry in shapely.make_valid(flat[at])]
    repaired = np.empty(len(at), dtype=object)
    repaired[:] = made
    is_flat = shapely.get_dimensions(repaired) < shapely.get_dimensions(flat[at])
    is_hopeless = np.zeros(len(flat), dtype=bool)
    is_hopeless[at] = is_flat | shapely.is_empty(repaired)
    flat[at] = repaired
    became[at] = [geometry.geom_type for geometry in repaired]
    faults.add(is_hopeless, "geometry", shown, "geometry_invalid")
    faults.mend(is_crossed & ~is_hopeless, "geometry", shown, "geometry_mended", became=became)
    is_only_collection = is_collection & ~is_crossed & ~is_hopeless
    faults.mend(is_only_collection, "geometry", shown, "geometry_collection", became=became)


def _main_part(geometry: Any) -> Any:
    """The parts of the highest dimension, which is what the asset is."""
    if geometry.geom_type != "GeometryCollection":
        return geometry
    parts = shapely.get_parts(geometry)
    if not len(parts):
        return geometry
    dimension = shapely.get_dimensions(parts)
    return shapely.union_all(parts[dimension == dimension.max()])


def _would_lie_in_japan(given: NDArray[Any]) -> NDArray[np.bool_]:
    """Whether each geometry would lie in Japan if its longitude and latitude changed places."""
    bounds = shapely.bounds(given)
    with np.errstate(invalid="ignore"):
        lon_is_lat = (bounds[:, 0] >= JAPAN_LAT[0]) & (bounds[:, 2] <= JAPAN_LAT[1])
        lat_is_lon = (bounds[:, 1] >= JAPAN_LON[0]) & (bounds[:, 3] <= JAPAN_LON[1])
    return np.asarray(lon_is_lat & lat_is_lon)


def _lies_in(whole: Any, geometry: NDArray[Any]) -> NDArray[np.bool_]:
    """Whether each geometry is finite and lies in a prepared shape with all its corners."""
    coords, owner = shapely.get_coordinates(geometry, return_index=True)
    with np.errstate(invalid="ignore"):
        inside = shapely.contains_xy(whole, coords[:, 0], coords[:, 1])
    outside = np.bincount(owner[~inside], minlength=len(geometry))
    return np.asarray(outside == 0)


def _corners(given: NDArray[Any], at: NDArray[np.int64]) -> NDArray[Any]:
    """The first place of the geometries `at` as the ledger gives it, for a person to read."""
    shown = np.full(len(given), "", dtype=object)
    coords, owner = shapely.get_coordinates(given[at], return_index=True)
    with_place, first = np.unique(owner, return_index=True)
    for i, (lon, lat) in zip(at[with_place], coords[first], strict=True):
        shown[i] = f"lon={_degrees(lon)}, lat={_degrees(lat)}"
    return shown


def _lon_lat(geometry: NDArray[Any], region: Region) -> list[str]:
    """The first place of each geometry in degrees."""
    coords, owner = shapely.get_coordinates(geometry, return_index=True)
    first = coords[np.unique(owner, return_index=True)[1]]
    lon, lat = pyproj.Transformer.from_crs(region.epsg, DEGREES, always_xy=True).transform(*first.T)
    return [f"lon={x:.6f}, lat={y:.6f}" for x, y in zip(lon, lat, strict=True)]


def _degrees(value: float) -> str:
    """Degrees with the decimals that they have, two at least (34.50)."""
    text = f"{value:.7f}".rstrip("0")
    return text + "0" * max(0, 2 - len(text.partition(".")[2]))
