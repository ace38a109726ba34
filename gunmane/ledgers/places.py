"""Where the rows of a ledger lie: degrees in any spelling, plane coordinates, text with both, shapes as text."""

from __future__ import annotations

import dataclasses
import functools
import re
import unicodedata
from collections.abc import Callable, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
from numpy.typing import NDArray

from gunmane.errors import FileError
from gunmane.municipalities import Region, find_region, load_japan, load_regions

LON_LAT = "EPSG:4326"
# Degrees between which all of Japan lies: 20.42 to 45.56 north, 122.93 to 153.99 east.
JAPAN_LAT = (20.0, 46.0)
JAPAN_LON = (122.0, 154.0)
# Japan's plane rectangular zones: JGD2011 in zone n is EPSG:6668+n (Geospatial Information Authority of Japan).
ZONE_BASE = 6668
# The same two in the datum that Japan left in 2002: some 400 m away.
OLD_DEGREES, OLD_ZONE_BASE = "EPSG:4301", 30160
OLD_DATUM = re.compile(r"日本測地系(?!\s*20)|旧\s*測地系|旧日本測地|tokyo\s*datum|tokyo97", re.IGNORECASE)
ZONES = tuple(range(1, 20))
# Rows looked at to find a coordinate system: enough to tell, and always the same ones.
LOOKED_AT = 2000
# A second reading with half as many points inside as the best one leaves the choice open.
RIVAL_SHARE = 0.5
# Marks after NFKC, which takes a ″ apart into two ′, a ゜ into a blank and a ring, and makes º an o.
DEGREE, MINUTE, SECOND = "度|°|゜|\u309a|o", "分|['′’]", "秒|[\"″”“]|['′’]{2}"
DMS = re.compile(
    rf"""^(?:北緯|東経|[NE])?\s*(\d{{1,3}})\s*(?:{DEGREE}|[.\-:\s])\s*(\d{{1,2}})\s*(?:{MINUTE}|[.\-:\s])\s*
    (\d{{1,2}}(?:\.\d+)?)\s*(?:{SECOND})?\s*[NE]?$""",
    re.VERBOSE | re.IGNORECASE,
)
# Whole minutes without seconds tell a place to a mile only; a cell like that has lost something.
DEGREE_MINUTE = re.compile(
    rf"^(?:北緯|東経|[NE])?\s*(\d{{1,3}})\s*(?:{DEGREE})\s*(\d{{1,2}}\.\d+)\s*(?:{MINUTE})?\s*[NE]?$",
    re.IGNORECASE,
)
DECIMAL = re.compile(r"^(?:北緯|東経|[NE])?\s*(\d{1,3}\.\d+|\d{1,3})\s*(?:度|°)?\s*[NE]?$", re.IGNORECASE)
PACKED = re.compile(r"^(\d{2,3})(\d{2})(\d{2}(?:\.\d+)?)$")
PAIR = re.compile(r"[\s,、;/]+")
SRID = re.compile(r"^\s*SRID=(\d+);", re.IGNORECASE)
# Kinds of WKT for which shapely gives up on the whole table instead of the row.
CURVES = re.compile(r"CIRCULARSTRING|COMPOUNDCURVE|CURVEPOLYGON|MULTICURVE|MULTISURFACE", re.IGNORECASE)


@dataclasses.dataclass(frozen=True)
class Fit:
    """A reading of two coordinates and the part of the points that it puts inside the area (0-1)."""

    crs: str
    is_first_north: bool
    share: float


def is_between(values: NDArray[np.float64], bounds: tuple[float, float]) -> NDArray[np.bool_]:
    """Return whether each value lies between the bounds; a missing one does not."""
    with np.errstate(invalid="ignore"):
        return np.asarray((values >= bounds[0]) & (values <= bounds[1]))


def numbers(values: pd.Series, read: Callable[[str], float] | None = None) -> NDArray[np.float64]:
    """
    Return cells as numbers, missing (NaN) where they are none; full-width digits and commas are understood.

    Parameters
    ----------
    values
        Cells, as text or numbers.
    read
        How to read a text that is no plain number.
    """
    if pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values):
        return values.to_numpy(dtype="float64", na_value=np.nan)
    codes, distinct = pd.factorize(values, use_na_sentinel=True)
    texts = pd.Series(distinct, dtype=object)
    read_plainly = pd.to_numeric(texts, errors="coerce").to_numpy(dtype="float64", copy=True)
    for at in np.flatnonzero(~np.isfinite(read_plainly)):
        text = unicodedata.normalize("NFKC", str(texts.iat[at])).strip()
        read_plainly[at] = (read or _number)(text)
    return np.append(read_plainly, np.nan)[codes]


def _number(text: str) -> float:
    try:
        return float(text.replace(",", ""))
    except ValueError:
        return float("nan")


def degrees(values: pd.Series, bounds: tuple[float, float]) -> NDArray[np.float64]:
    """
    Return cells as degrees: 135.96, 135度57分36秒, 135度57.6分, 135-57-36, 135.57.36 or, where all fit, 1355736.5.

    Parameters
    ----------
    values
        Cells, as text or numbers.
    bounds
        Degrees of Japan in this direction; numbers packed as degrees, minutes and seconds are told by them.
    """
    read = numbers(values, _degrees_text)
    known = read[np.isfinite(read)]
    if len(known) and (np.abs(known) >= 1000 * bounds[0]).all():
        unpacked = np.where(np.isfinite(read), _unpacked(read), np.nan)
        if is_between(unpacked[np.isfinite(read)], bounds).all():
            return unpacked
    return read


def degrees_of_parts(parts: Sequence[pd.Series]) -> NDArray[np.float64]:
    """
    Return degrees from columns with whole degrees, minutes and, where there is a third, seconds.

    Missing (NaN) where a part is missing or negative, or minutes or seconds are 60 or more; empty seconds are 0.
    """
    whole, minute = numbers(parts[0]), numbers(parts[1])
    second = np.nan_to_num(numbers(parts[2])) if len(parts) > 2 else np.zeros(len(whole))
    with np.errstate(invalid="ignore"):
        is_right = (whole >= 0) & (minute >= 0) & (minute < 60) & (second >= 0) & (second < 60)
        return np.where(is_right, whole + minute / 60 + second / 3600, np.nan)


def _degrees_text(text: str) -> float:
    """Return degrees from text, NaN where it is none."""
    decimal = DECIMAL.match(text)
    if decimal:
        return float(decimal.group(1))
    parts = DMS.match(text)
    if parts:
        whole, minute, second = (float(part) for part in parts.groups())
        if minute < 60 and second < 60:
            return whole + minute / 60 + second / 3600
    halves = DEGREE_MINUTE.match(text)
    if halves and float(halves.group(2)) < 60:
        return float(halves.group(1)) + float(halves.group(2)) / 60
    return _number(text)


def _unpacked(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return DDDMMSS.s as degrees, NaN where minutes or seconds are 60 or more."""
    with np.errstate(invalid="ignore"):
        second = values % 100
        minute = values // 100 % 100
        packed = values // 10000 + minute / 60 + second / 3600
        return np.where((minute < 60) & (second < 60), packed, np.nan)


def in_old_datum(crs: str) -> str:
    """Return the system in the old Tokyo datum that has the same axes; `crs` itself where there is none."""
    zone = int(crs.removeprefix("EPSG:")) - ZONE_BASE if crs.startswith("EPSG:") else 0
    if crs == LON_LAT:
        return OLD_DEGREES
    return f"EPSG:{OLD_ZONE_BASE + zone}" if zone in ZONES else crs


def lat_lon_pairs(values: pd.Series) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return latitudes and longitudes of a column that holds both as text, put right where all are swapped."""
    text = values.fillna("").astype("str").str.strip("()（） ")
    halves = text.map(lambda cell: [*PAIR.split(unicodedata.normalize("NFKC", cell)), "", ""][:2])
    first = degrees(pd.Series([half[0] for half in halves], dtype="str"), JAPAN_LAT)
    second = degrees(pd.Series([half[1] for half in halves], dtype="str"), JAPAN_LON)
    is_turned = is_between(first, JAPAN_LON) & is_between(second, JAPAN_LAT)
    if is_turned.any() and not is_between(first, JAPAN_LAT).any():
        return second, first
    return first, second


def points(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[Any]:
    """Return a point a row, None where a coordinate is missing or infinite."""
    made = np.asarray(shapely.points(x, y), dtype=object)
    made[~(np.isfinite(x) & np.isfinite(y))] = None
    return made


def shapes_of_text(values: pd.Series, file: str) -> tuple[NDArray[Any], str]:
    """
    Return the shapes of a column with WKT, and the system that it names (degrees if none).

    Raises
    ------
    FileError
        If it names several systems, or one that is not known.
    """
    text = values.fillna("").astype("str").str.strip()
    srids = sorted({m.group(1) for m in text.map(SRID.match) if m})
    if len(srids) > 1:
        raise FileError("ledger_many_crs", file=file, found=", ".join(srids))
    crs = f"EPSG:{srids[0]}" if srids else LON_LAT
    try:
        pyproj.CRS.from_user_input(crs)
    except pyproj.exceptions.CRSError as error:
        raise FileError("ledger_crs_unusable", file=file, crs=crs) from error
    bare = text.str.replace(SRID, "", regex=True).to_numpy(dtype=object)
    bare[np.array([bool(CURVES.search(value)) for value in bare], dtype=bool)] = ""
    return np.asarray(shapely.force_2d(shapely.from_wkt(bare, on_invalid="ignore")), dtype=object), crs


def usable_shapes(shapes: NDArray[Any]) -> NDArray[Any]:
    """Return the shapes without heights, missing where they are empty or a coordinate is no number."""
    flat = np.asarray(shapely.force_2d(shapes), dtype=object)
    coordinates, owner = shapely.get_coordinates(flat, return_index=True)
    is_usable = ~(shapely.is_missing(flat) | shapely.is_empty(flat))
    is_usable[np.unique(owner[~np.isfinite(coordinates).all(axis=1)])] = False
    flat[~is_usable] = None
    return flat


def looked_at(count: int) -> NDArray[np.int64]:
    """Return the positions of the rows looked at, spread evenly over the table."""
    return np.unique(np.linspace(0, max(count - 1, 0), min(count, LOOKED_AT)).astype("int64"))


def plane_fits(
    first: NDArray[np.float64], second: NDArray[np.float64], *, region: Region | None
) -> list[Fit]:
    """
    Return the plane zones and axis orders that put points where they may lie, the likeliest first.

    With a region: inside it, its own zone before all others. Without: inside the municipalities of the model
    regions, each in its own zone; else on land in Japan in any zone.

    Parameters
    ----------
    first, second
        Coordinates (m) under X and under Y; X is north in Japan's plane coordinates.
    region
        Region that the ledger belongs to.
    """
    usable = np.isfinite(first) & np.isfinite(second)
    pair = (first[usable], second[usable])
    if not len(pair[0]):
        return []
    if region is not None:
        own = _inside(pair, (region.epsg,), _area(region))
        rest = [ZONE_BASE + zone for zone in ZONES if ZONE_BASE + zone != region.epsg]
        return own or _inside(pair, tuple(rest), _area(region))
    near = []
    for region_id, epsg in load_regions()[["region_id", "epsg"]].itertuples(index=False):
        near += _inside(pair, (int(epsg),), _area(find_region(str(region_id))))
    found = near or _inside(pair, tuple(ZONE_BASE + zone for zone in ZONES), _land())
    best: dict[tuple[str, bool], Fit] = {}
    for fit in sorted(found, key=lambda fit: fit.share):
        best[(fit.crs, fit.is_first_north)] = fit
    return sorted(best.values(), key=lambda fit: (-fit.share, fit.crs, not fit.is_first_north))


def _inside(
    pair: tuple[NDArray[np.float64], NDArray[np.float64]], codes: tuple[int, ...], area: Any
) -> list[Fit]:
    fits = []
    for code in codes:
        for is_first_north in (True, False):
            north, east = pair if is_first_north else pair[::-1]
            lon, lat = _to_degrees(code).transform(east, north)
            share = float(np.mean(shapely.contains_xy(area, np.asarray(lon), np.asarray(lat))))
            if share > 0:
                fits.append(Fit(f"EPSG:{code}", is_first_north, share))
    return sorted(fits, key=lambda fit: (-fit.share, fit.crs, not fit.is_first_north))


def share_inside(lon: NDArray[np.float64], lat: NDArray[np.float64], region: Region) -> float:
    """Return the part of the points (degrees) that lies in the region (0-1)."""
    usable = np.isfinite(lon) & np.isfinite(lat)
    if not usable.any():
        return 0.0
    return float(np.mean(shapely.contains_xy(_area(region), lon[usable], lat[usable])))


@functools.cache
def _to_degrees(code: int) -> pyproj.Transformer:
    return pyproj.Transformer.from_crs(code, 4326, always_xy=True)


@functools.lru_cache(maxsize=32)
def _area(region: Region) -> Any:
    area = region.municipalities.to_crs(4326).union_all()
    shapely.prepare(area)
    return area


@functools.cache
def _land() -> Any:
    area = gpd.GeoSeries(load_japan().geometry).union_all()
    shapely.prepare(area)
    return area


def chosen(fits: list[Fit]) -> Fit | None:
    """Return the one reading that fits far better than the others, or None."""
    if not fits:
        return None
    is_clear = len(fits) == 1 or fits[1].share < RIVAL_SHARE * fits[0].share
    return fits[0] if is_clear else None
