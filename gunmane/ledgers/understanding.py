"""The rows of a file under our own column names, as its profile says what they mean."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
from numpy.typing import NDArray

from gunmane import schema
from gunmane.errors import FileError
from gunmane.ledgers.cells import about, marked_grades, with_era, with_units, without_dashes
from gunmane.ledgers.datums import in_one_datum
from gunmane.ledgers.headings import plain, unit_of
from gunmane.ledgers.marks import row_marks
from gunmane.ledgers.places import (
    JAPAN_LAT,
    JAPAN_LON,
    LON_LAT,
    degrees,
    degrees_of_parts,
    lat_lon_pairs,
    numbers,
    points,
    shapes_of_text,
    usable_shapes,
)
from gunmane.ledgers.profiles import Position, Profile
from gunmane.ledgers.raw import Raw
from gunmane.ledgers.recognition import plain_name
from gunmane.ledgers.rounds import is_paired
from gunmane.ledgers.settling import ERA_ALONE, YEARS
from gunmane.ledgers.unplaced import (
    Addressed,
    find_addressed,
    nothing_addressed,
    summary_texts,
    told_addresses,
    with_towns,
)
from gunmane.municipalities import Region

# Readings of single words that are listed for a person; a profile with more is a code list.
READINGS_KEPT = 500
GRADES, DATES = "condition_raw", "inspected_year"


def understand(raw: Raw, profile: Profile, *, region: Region | None = None) -> gpd.GeoDataFrame:
    """
    Return the rows of a file under our column names.

    Parameters
    ----------
    raw
        The file.
    profile
        What its columns mean.
    region
        Region that it belongs to: addresses are matched to its 大字 points; without it none is.

    Returns
    -------
    rows
        One row a row of the file, in its order: the columns that the profile names and the constants (text trimmed,
        missing where empty; numbers where the file has numbers), `position` ("ledger", "town_point", missing),
        `source` ("file#row") and a geometry (None where there is none). Where there are any also `address_fault` and
        `address` (`told_addresses`), `remark` (`summary_texts`) and the columns of `row_marks`. `attrs`: `title` and
        `heading_row` as the reader told; `positions` (rows by ledger, town_point, none); `address_unmatched`,
        `address_ambiguous` (rows); `original` (our column -> the file's columns); `readings` (`schema.READINGS` as
        dictionaries: units and words that the profile changed).

    Raises
    ------
    FileError
        If the profile names columns that the file does not have, or nothing says in which system its places are.
    """
    profile = _spelt(raw, profile)
    readings: list[dict[str, Any]] = []
    table = _cells(raw, profile, readings)
    shapes, crs = _geometry(raw, profile.position)
    shapes = in_one_datum(shapes, raw.table, profile.position)
    is_placed = ~shapely.is_missing(shapes)
    is_town = np.zeros(len(table), dtype=bool)
    found = _addressed(raw, profile.position.address, table, np.flatnonzero(~is_placed), region)
    if region is not None and (found.towns >= 0).any():
        shapes, crs = with_towns(shapes, crs, found, region)
        is_town[found.rows] = found.towns >= 0
    if crs is None and is_placed.any():
        key = "ledger_prj_missing" if raw.format == "shapefile" else "ledger_crs_missing"
        raise FileError(key, file=raw.file)
    crs = crs or pyproj.CRS.from_user_input(LON_LAT if region is None else region.epsg)
    table["position"] = _positions(table.get("position"), is_placed, is_town)
    table["source"] = raw.file + "#" + pd.Series(raw.table.index, index=table.index).astype("str")
    for name, told in (told_addresses(found, len(table)) | row_marks(raw.table, profile)).items():
        table[name] = told
    remarks = summary_texts(raw.table, table, found)
    if remarks is not None:
        table["remark"] = remarks
    rows = gpd.GeoDataFrame(table.reset_index(drop=True), geometry=shapes, crs=crs)
    rows.attrs = _attrs(raw, profile, readings) | {
        "positions": {
            "ledger": int(is_placed.sum()),
            "town_point": int(is_town.sum()),
            "none": int((~is_placed & ~is_town).sum()),
        },
        "address_unmatched": int(found.is_unmatched.sum()),
        "address_ambiguous": int(found.is_open.sum()),
    }
    return rows


def readings_of(rows: gpd.GeoDataFrame, file: str) -> pd.DataFrame:
    """Return the units and words that a profile changed (`understand`) as `schema.READINGS`."""
    names = schema.names("readings")
    table = pd.DataFrame(rows.attrs.get("readings", []), columns=names)
    table["source_file"] = file
    return table[names].astype({column.name: column.dtype for column in schema.READINGS})


def _cells(raw: Raw, profile: Profile, readings: list[dict[str, Any]]) -> pd.DataFrame:
    """Return our columns; adds to `readings` what units and words became."""
    columns: dict[str, Any] = {}
    for ours, names in profile.columns.items():
        grades = profile.columns.get(GRADES, ())
        if ours == DATES and is_paired(grades, names):
            values = _dates_of_grades(raw.table, grades, names)
        else:
            values = _merged(raw.table, ours, names)
        if ours in profile.units:
            values = with_units(values, _trimmed(_column(raw.table, profile.units[ours])))
        elif ours in profile.factors:
            values = _scaled(values, profile.factors[ours], ours, names[0], readings)
        if ours in profile.values:
            values = _reworded(values, profile.values[ours], ours, readings)
        columns[ours] = values
    for ours, constant in profile.constants.items():
        columns[ours] = _filled(columns.get(ours), constant, raw.table.index)
    return pd.DataFrame(columns, index=raw.table.index)


def _told(raw: Raw) -> dict[str, object]:
    return {"file": raw.file, "columns": ", ".join(map(str, raw.table.columns[:12]))}


def _attrs(raw: Raw, profile: Profile, readings: list[dict[str, Any]]) -> dict[str, Any]:
    title = {key: raw.told[key] for key in ("title", "heading_row") if key in raw.told}
    original = {ours: tuple(names) for ours, names in profile.columns.items()}
    return (title if title.get("title") else {}) | {"original": original, "readings": readings}


def _spelt(raw: Raw, profile: Profile) -> Profile:
    """Return the profile with the file's own spelling of each column; one that the file does not have is an error."""
    present = {plain_name(name): name for name in reversed(list(raw.table.columns))}
    exact = set(raw.table.columns)

    def spelt(name: str) -> str:
        return name if name in exact else str(present.get(plain_name(name), ""))

    def fault(ours: str, names: tuple[str, ...]) -> FileError:
        listed = ", ".join(map(str, raw.table.columns[:30]))
        return FileError(
            "profile_column_absent", file=raw.file, ours=ours, column=", ".join(names), columns=listed
        )

    columns = {}
    for ours, names in profile.columns.items():
        columns[ours] = tuple(found for found in map(spelt, names) if found)
        if names and not columns[ours]:
            raise fault(ours, names)
    units = {ours: spelt(name) for ours, name in profile.units.items()}
    for ours, unit in units.items():
        if not unit:
            raise fault(f"units.{ours}", (profile.units[ours],))
    place = profile.position
    one: dict[str, Any] = {}
    for key in ("lon", "lat", "x", "y", "lat_lon", "wkt"):
        one[key] = spelt(getattr(place, key)) if getattr(place, key) else ""
        if getattr(place, key) and not one[key]:
            raise fault(f"position.{key}", (getattr(place, key),))
    for key in ("lon_parts", "lat_parts", "address"):
        one[key] = tuple(found for found in map(spelt, getattr(place, key)) if found)
        if key != "address" and len(one[key]) < len(getattr(place, key)):
            raise fault(f"position.{key}", getattr(place, key))
    if place.address and not one["address"]:
        raise fault("position.address", place.address)
    return dataclasses.replace(
        profile,
        columns={ours: names for ours, names in columns.items() if names},
        units=units,
        position=dataclasses.replace(place, **one),
    )


def _merged(table: pd.DataFrame, ours: str, names: tuple[str, ...]) -> pd.Series:
    """Return a column of ours from the file's that fill it, which may be years of an era or marks under grades."""
    parts = [_trimmed(_column(table, name)) for name in names]
    if ours in YEARS:
        return _dated([with_era(part, name) for part, name in zip(parts, names, strict=True)])
    if ours == GRADES and len(parts) > 1:
        marked = marked_grades(parts, names)
        return _first_filled([without_dashes(part) for part in parts]) if marked is None else marked
    return _first_filled(parts)


def _dates_of_grades(table: pd.DataFrame, grades: tuple[str, ...], dates: tuple[str, ...]) -> pd.Series:
    """Return the date of the round whose grade each row has; of a row without a grade the first date that it has."""
    filled = [without_dashes(_trimmed(_column(table, name))).notna() for name in grades]
    is_graded = np.any(filled, axis=0)
    parts = [with_era(_trimmed(_column(table, name)), name).astype(object) for name in dates]
    kept, is_earlier = [], np.zeros(len(table), dtype=bool)
    for part, has_grade in zip(parts, filled, strict=True):
        kept.append(part.where(~is_graded | (has_grade.to_numpy(dtype=bool) & ~is_earlier)))
        is_earlier |= has_grade.to_numpy(dtype=bool)
    values = _first_filled(kept)
    return values.map(_cell, na_action="ignore").astype("str")


def _dated(parts: list[pd.Series]) -> pd.Series:
    """Return the first filled year of each row; a cell that is only an era (昭和) goes with the next column's (55)."""
    eras = [part.astype("str").str.fullmatch(ERA_ALONE.pattern, case=False).fillna(False) for part in parts]
    if len(parts) == 1 or not any(is_era.any() for is_era in eras):
        return _first_filled(parts)
    texts = [part.map(_cell, na_action="ignore").astype(object) for part in parts]
    values = pd.Series(None, index=parts[0].index, dtype=object)
    for text, is_era, following in zip(texts, eras, [*texts[1:], values], strict=True):
        year = text.where(~is_era, text + following)
        values = values.where(values.notna(), year)
    return values.astype("str")


def _first_filled(parts: list[pd.Series]) -> pd.Series:
    values = parts[0]
    for further in parts[1:]:
        if values.isna().any():
            if values.dtype != further.dtype:
                values, further = values.astype(object), further.astype(object)
            values = values.where(values.notna(), further)
    return values


def _column(table: pd.DataFrame, name: str) -> pd.Series:
    """Return a column; the first of several that bear one name."""
    found = table[name]
    return found.iloc[:, 0] if isinstance(found, pd.DataFrame) else found


def _trimmed(values: pd.Series) -> pd.Series:
    """Return text without outer blanks, missing where empty; numbers as they are."""
    if pd.api.types.is_bool_dtype(values):
        return values.map({True: "true", False: "false"}).astype("str")
    if not (pd.api.types.is_string_dtype(values) or values.dtype == object):
        return values if pd.api.types.is_numeric_dtype(values) else values.astype("str")
    text = (
        values
        if isinstance(values.dtype, pd.StringDtype)
        else values.map(_cell, na_action="ignore").astype("str")
    )
    text = text.str.strip()
    return text.where(text != "")


def _cell(value: Any) -> str:
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _scaled(
    values: pd.Series, factor: float, ours: str, heading: str, readings: list[dict[str, Any]]
) -> pd.Series:
    """Return numbers in our unit; a cell that is no plain number (2.5km) stays for the intake to read or refuse."""
    number = numbers(values, about) * factor
    is_number = np.isfinite(number)
    if is_number.any():
        first = int(np.flatnonzero(is_number)[0])
        unit = unit_of(heading) or heading
        reading = {
            "column": ours,
            "value": f"{values.iloc[first]} ({unit})",
            "became": f"{number[first]:.10g} (×{factor:g})",
            "reading": "unit",
            "rows": int(is_number.sum()),
            "first_row": int(values.index[first]),
        }
        readings.append(reading)
    is_other = (values.notna() & ~is_number).to_numpy(dtype=bool)
    if not is_other.any():
        return pd.Series(number, index=values.index)
    mixed = number.astype(object)
    mixed[is_other] = values.to_numpy(dtype=object)[is_other]
    mixed[~is_number & ~is_other] = None
    return pd.Series(mixed, index=values.index, dtype=object)


def _reworded(
    values: pd.Series, words: Mapping[str, str], ours: str, readings: list[dict[str, Any]]
) -> pd.Series:
    """Return cells with the profile's words in place of the file's; other words stay."""
    codes, distinct = pd.factorize(values, use_na_sentinel=True)
    exact = {str(word).strip(): new for word, new in words.items()}
    loose = {plain(word): new for word, new in words.items()}
    became = np.empty(len(distinct) + 1, dtype=object)
    counts = np.bincount(codes[codes >= 0], minlength=len(distinct))
    for at, value in enumerate(distinct):
        text = _cell(value)
        new = exact.get(text, loose.get(plain(text)))
        became[at] = text if new is None else (new or None)
        if new is not None and new != text and len(readings) < READINGS_KEPT:
            reading = {
                "column": ours,
                "value": text,
                "became": new,
                "reading": "name" if ours in {"muni_code", "owner_code"} else "word",
                "rows": int(counts[at]),
                "first_row": int(values.index[int(np.argmax(codes == at))]),
            }
            readings.append(reading)
    became[-1] = None
    return pd.Series(became[codes], index=values.index, dtype=object).astype("str")


def _filled(values: pd.Series | None, constant: str, index: pd.Index) -> pd.Series:
    if values is None:
        return pd.Series(constant, index=index, dtype="str")
    if not values.isna().any():
        return values
    return values.astype(object).where(values.notna(), constant)


def _geometry(raw: Raw, place: Position) -> tuple[NDArray[Any], pyproj.CRS | None]:
    """Return a shape or None a row, and their system; None where nothing says it or there is no place at all."""
    said = pyproj.CRS.from_user_input(place.crs) if place.crs else None
    table, count = raw.table, len(raw.table)
    if place.lon and place.lat:
        lon = _degrees(table, (place.lon, *place.lon_parts), JAPAN_LON)
        lat = _degrees(table, (place.lat, *place.lat_parts), JAPAN_LAT)
        return points(lon, lat), said or pyproj.CRS.from_user_input(LON_LAT)
    if place.x and place.y:
        x, y = numbers(_column(table, place.x)), numbers(_column(table, place.y))
        if said is None:
            raise FileError("ledger_xy", **_told(raw))
        # X of a plane zone is north; of degrees and of foreign systems it is what the profile says.
        return (points(y, x) if place.is_x_north else points(x, y)), said
    if place.lat_lon:
        lat, lon = lat_lon_pairs(_column(table, place.lat_lon))
        return points(lon, lat), said or pyproj.CRS.from_user_input(LON_LAT)
    if place.wkt:
        shapes, crs = shapes_of_text(_column(table, place.wkt), raw.file)
        return usable_shapes(_turned(shapes, place)), said or pyproj.CRS.from_user_input(crs)
    if raw.shapes is not None:
        shapes = np.asarray(raw.shapes, dtype=object)
        return usable_shapes(_turned(shapes, place)), said or raw.crs
    return np.full(count, None, dtype=object), None


def _degrees(table: pd.DataFrame, names: tuple[str, ...], bounds: tuple[float, float]) -> NDArray[np.float64]:
    columns = [_column(table, name) for name in names]
    return degrees_of_parts(columns) if len(columns) > 1 else degrees(columns[0], bounds)


def _turned(shapes: NDArray[Any], place: Position) -> NDArray[Any]:
    if not place.is_swapped:
        return shapes
    return np.asarray(shapely.transform(shapely.force_2d(shapes), lambda c: c[:, ::-1]), dtype=object)


def _addressed(
    raw: Raw, names: tuple[str, ...], table: pd.DataFrame, bare: NDArray[np.int64], region: Region | None
) -> Addressed:
    if not names or not len(bare):
        return nothing_addressed(bare)
    parts = [_trimmed(_column(raw.table, name)).iloc[bare] for name in names]
    none = pd.Series(None, index=table.index, dtype="str")
    return find_addressed(parts, table.get("muni_code", none).iloc[bare], bare, region)


def _positions(
    given: pd.Series | None, is_placed: NDArray[np.bool_], is_town: NDArray[np.bool_]
) -> NDArray[Any]:
    """Return how exact each place is; what our own export said of it stays."""
    found = np.full(len(is_placed), None, dtype=object)
    found[is_placed] = "ledger"
    found[is_town] = "town_point"
    if given is None:
        return found
    said = given.to_numpy(dtype=object)
    is_said = np.isin(np.array([str(word) for word in said], dtype="U"), schema.POSITIONS) & is_placed
    return np.where(is_said, said, found)
