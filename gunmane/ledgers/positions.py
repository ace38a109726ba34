"""Which columns of a ledger give its places, and in which system: proposed from their names and their values."""

from __future__ import annotations

import dataclasses
import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyproj
import shapely
from numpy.typing import NDArray

from gunmane.ledgers.datums import datum_column, read_datums
from gunmane.ledgers.headings import PLACE_COLUMNS, bare, plain
from gunmane.ledgers.places import (
    JAPAN_LAT,
    JAPAN_LON,
    LON_LAT,
    OLD_DATUM,
    RIVAL_SHARE,
    Fit,
    chosen,
    degrees,
    in_old_datum,
    is_between,
    looked_at,
    numbers,
    plane_fits,
)
from gunmane.ledgers.profiles import Position
from gunmane.ledgers.raw import Raw
from gunmane.municipalities import Region
from gunmane.scenario import Note

Found = tuple[Position, list[Note]]
# The ends of an asset that stand for it, the likeliest first; those after which it ends (終点, 下流) do not.
ENDS = ("代表点?", "中心点?", "中央", "起点", "始点", "上流", "起点坑口", "a1", "左岸")
COORDINATE = {
    "lon": "経度|東経|lon|longitude",
    "lat": "緯度|北緯|lat|latitude",
    "x": "x座標値?|座標x|x",
    "y": "y座標値?|座標y|y",
}
NAMED_DATUM = re.compile("測地系|jgd|wgs", re.IGNORECASE)


def propose_position(raw: Raw, names: Mapping[str, tuple[str, ...]], *, region: Region | None) -> Found:
    """
    Return where the rows of a file lie, as far as its columns and values say, and what to tell of it.

    Shapes come first, then longitude and latitude, X and Y, one column with both, shapes as text; the columns of an
    address are named beside them for the rows that have nothing else.

    Parameters
    ----------
    raw
        The file.
    names
        "lon", "lat", "x", "y", "lat_lon", "wkt", "address" -> the file's columns of that meaning, best first.
    region
        Region that the ledger belongs to, if known.
    """
    table = raw.table.iloc[looked_at(len(raw.table))]
    headings = [str(column) for column in raw.table.columns]
    first = {name: names[name][0] for name in PLACE_COLUMNS if names.get(name)}
    first = first | _of_one_end(headings, first)
    address = names.get("address", ())
    place, notes = Position(), list[Note]()
    if raw.shapes is not None and not bool(shapely.is_missing(np.asarray(raw.shapes, dtype=object)).all()):
        place, notes = _of_shapes(raw, region)
    elif parts := _of_parts(headings):
        place = Position(crs=LON_LAT, **parts)
    elif "lon" in first and "lat" in first:
        place, notes = _of_pair(table, first["lon"], first["lat"], region, raw.file)
    elif "x" in first and "y" in first:
        place, notes = _of_pair(table, first["x"], first["y"], region, raw.file, is_plane=True)
    elif "lat_lon" in first and _is_pair(table[first["lat_lon"]]):
        place = Position(crs=LON_LAT, lat_lon=first["lat_lon"])
    elif "wkt" in first:
        place = Position(wkt=first["wkt"])
    elif raw.shapes is None and not address:
        notes = [Note.of("place_none", file=raw.file)]
    elif raw.shapes is None:
        notes = [Note.of("place_address", file=raw.file, columns=", ".join(address))]
    place, notes = _of_old_datum(place, notes, raw)
    if place.lon or place.x or place.lat_lon:
        notes = [*notes, *_of_datum_column(raw)]
    return dataclasses.replace(place, address=address), notes


def _of_one_end(headings: Sequence[str], first: Mapping[str, str]) -> dict[str, str]:
    """Return the pair of columns for one end of an asset (起点側緯度, 上流X) where none is for the whole of it."""
    pairs = (("lon", "lat"), ("x", "y"))
    if "lat_lon" in first or "wkt" in first or any(set(pair) <= set(first) for pair in pairs):
        return {}
    for end in ENDS:
        for pair in pairs:
            named = {name: re.compile(f"{end}側?の?({COORDINATE[name]})") for name in pair}
            found = {
                name: next((heading for heading in headings if wanted.fullmatch(bare(heading))), "")
                for name, wanted in named.items()
            }
            if all(found.values()):
                return found
    return {}


def _of_parts(headings: Sequence[str]) -> dict[str, Any]:
    """Return the columns of degrees, minutes and seconds where each has one of its own, or {}."""
    spelt = {plain(heading): heading for heading in reversed(headings)}
    place: dict[str, Any] = {}
    for name in ("lon", "lat"):
        for word in COORDINATE[name].split("|"):
            whole, minute, second = (
                next(
                    (
                        spelt[key]
                        for key in (f"{word}{unit}", f"{word}({unit})", f"{unit}({word})")
                        if key in spelt
                    ),
                    "",
                )
                for unit in ("度", "分", "秒")
            )
            if whole and minute:
                place |= {name: whole, f"{name}_parts": tuple(part for part in (minute, second) if part)}
                break
    return place if {"lon", "lat"} <= set(place) else {}


def _of_old_datum(place: Position, notes: list[Note], raw: Raw) -> Found:
    """Return the place in the old Tokyo datum where its own headings, or else the title, say so."""
    columns = [name for name in (place.lon, place.lat, place.x, place.y, place.lat_lon) if name]
    title = (
        "" if datum_column([str(column) for column in raw.table.columns]) else str(raw.told.get("title", ""))
    )
    texts = columns if any(map(NAMED_DATUM.search, columns)) else [*columns, title]
    if not columns or not any(OLD_DATUM.search(unicodedata.normalize("NFKC", text)) for text in texts):
        return place, notes
    crs = in_old_datum(place.crs)
    told = [
        Note(note.key, tuple((key, crs if key == "crs" else value) for key, value in note.values))
        for note in notes
    ]
    return dataclasses.replace(place, crs=crs), [*told, Note.of("place_old_datum", file=raw.file, crs=crs)]


def _of_datum_column(raw: Raw) -> list[Note]:
    """Tell of a column that names the datum of each row."""
    column = datum_column([str(heading) for heading in raw.table.columns])
    if not column:
        return []
    is_old, is_unread = read_datums(raw.table.iloc[:, [str(c) for c in raw.table.columns].index(column)])
    notes = []
    if is_old.any():
        notes.append(Note.of("place_old_datum_rows", file=raw.file, column=column))
    if is_unread.any():
        notes.append(Note.of("place_datum_unread", file=raw.file, column=column))
    return notes


def _is_pair(values: pd.Series) -> bool:
    text = values.dropna().astype("str").str.strip()
    text = text[text != ""]
    return (
        bool(text.str.contains(r"\d[^\d]*[\s,、;/]+[^\d]*\d", regex=True).mean() > RIVAL_SHARE)
        if len(text)
        else False
    )


def _of_pair(
    table: pd.DataFrame, east: str, north: str, region: Region | None, file: str, *, is_plane: bool = False
) -> Found:
    """Return how to read two columns; `east` and `north` are what their names say (for X and Y: X and Y)."""
    lon, lat = degrees(table[east], JAPAN_LON), degrees(table[north], JAPAN_LAT)
    straight = np.mean(is_between(lon, JAPAN_LON) & is_between(lat, JAPAN_LAT)) if len(lon) else 0.0
    lon, lat = degrees(table[north], JAPAN_LON), degrees(table[east], JAPAN_LAT)
    turned = np.mean(is_between(lon, JAPAN_LON) & is_between(lat, JAPAN_LAT)) if len(lon) else 0.0
    if straight > 0 and straight >= turned:
        return Position(crs=LON_LAT, lon=east, lat=north), []
    if turned > 0:
        note = [] if is_plane else [Note.of("place_swapped", file=file, lon=north, lat=east)]
        return Position(crs=LON_LAT, lon=north, lat=east), note
    x, y = (east, north) if is_plane else (north, east)
    first, second = numbers(table[x]), numbers(table[y])
    known = np.isfinite(first) & np.isfinite(second)
    if not known.any() or (np.abs(np.r_[first[known], second[known]]) <= 360).all():
        # Degrees outside Japan, or nothing: the intake lists each row.
        return Position(crs=LON_LAT, lon=east, lat=north), []
    fits = plane_fits(first, second, region=region)
    fit = chosen(fits)
    place = Position(x=x, y=y)
    if fit is None:
        return place, [_undecided(fits, file)]
    place = dataclasses.replace(place, crs=fit.crs, is_x_north=fit.is_first_north)
    return place, [_decided(fit, file)]


def _decided(fit: Fit, file: str) -> Note:
    zone = int(fit.crs.removeprefix("EPSG:")) - 6668
    key = "place_zone" if fit.is_first_north else "place_zone_x_east"
    return Note.of(key, file=file, zone=zone, crs=fit.crs, percent=round(100 * fit.share))


def _undecided(fits: list[Fit], file: str) -> Note:
    if not fits:
        return Note.of("place_zone_none", file=file)
    listed = ", ".join(f"{fit.crs} ({'X=N' if fit.is_first_north else 'X=E'})" for fit in fits[:8])
    return Note.of("place_zone_open", file=file, found=listed)


def _of_shapes(raw: Raw, region: Region | None) -> Found:
    """Return how to read shapes: the file's own system, unless the numbers cannot be in it."""
    shapes = np.asarray(raw.shapes, dtype=object)
    shapes = shapes[~shapely.is_missing(shapes)]
    bounds = shapely.bounds(shapes[looked_at(len(shapes))])
    bounds = bounds[np.isfinite(bounds).all(axis=1)]
    if not len(bounds):
        return Position(), []
    east, north = bounds[:, 0], bounds[:, 1]
    is_degrees = (np.abs(bounds) <= 360).all(axis=1)
    if raw.crs is None or raw.crs.is_geographic:
        if is_degrees.any():
            return _of_degrees(raw, east[is_degrees], north[is_degrees])
        return _of_metres(raw, east, north, region)
    return _of_plane(raw, east, north, region)


def _of_degrees(raw: Raw, east: NDArray[np.float64], north: NDArray[np.float64]) -> Found:
    straight = is_between(east, JAPAN_LON) & is_between(north, JAPAN_LAT)
    turned = is_between(east, JAPAN_LAT) & is_between(north, JAPAN_LON)
    crs = "" if raw.crs is not None else LON_LAT
    notes = [] if raw.crs is not None else [Note.of("place_crs_degrees", file=raw.file)]
    if turned.any() and not straight.any():
        notes.append(Note.of("place_shapes_swapped", file=raw.file))
        return Position(crs=crs, is_swapped=True), notes
    if raw.crs is None and not straight.any():
        return Position(), [Note.of("place_zone_none", file=raw.file)]
    return Position(crs=crs), notes


def _of_metres(
    raw: Raw, east: NDArray[np.float64], north: NDArray[np.float64], region: Region | None
) -> Found:
    """Shapes without a system, or in one of degrees that their numbers cannot be."""
    fits = plane_fits(north, east, region=region)
    fit = chosen(fits)
    if fit is None:
        return Position(), [_undecided(fits, raw.file)]
    zone = int(fit.crs.removeprefix("EPSG:")) - 6668
    percent = round(100 * fit.share)
    notes = [Note.of("place_crs_zone", file=raw.file, zone=zone, crs=fit.crs, percent=percent)]
    if not fit.is_first_north:
        notes.append(Note.of("place_shapes_swapped", file=raw.file))
    return Position(crs=fit.crs, is_swapped=not fit.is_first_north), notes


def _of_plane(
    raw: Raw, east: NDArray[np.float64], north: NDArray[np.float64], region: Region | None
) -> Found:
    """Shapes in a plane system: turned only where that alone brings them into the region."""
    if region is None or _share(raw.crs, east, north, region) > 0:
        return Position(), []
    if _share(raw.crs, north, east, region) > 0:
        return Position(is_swapped=True), [Note.of("place_shapes_swapped", file=raw.file)]
    return Position(), []


def _share(crs: Any, east: NDArray[np.float64], north: NDArray[np.float64], region: Region) -> float:
    move = pyproj.Transformer.from_crs(crs, region.epsg, always_xy=True)
    x, y = move.transform(east, north)
    return float(
        np.mean(shapely.contains_xy(region.municipalities.union_all(), np.asarray(x), np.asarray(y)))
    )
