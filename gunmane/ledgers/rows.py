"""A file to rows under our own column names: opened, understood, found to lie in the region."""

from __future__ import annotations

import dataclasses
import pathlib
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from gunmane import schema
from gunmane.errors import FileError
from gunmane.ledgers.opening import open_layer
from gunmane.ledgers.profiles import Profile
from gunmane.ledgers.proposals import propose_profile
from gunmane.ledgers.raw import Raw
from gunmane.ledgers.understanding import understand
from gunmane.municipalities import Region, load_japan

FULL_TURN = 360
MOST_NAMED = 12


def read_assets(path: pathlib.Path, *, region: Region) -> gpd.GeoDataFrame:
    """
    Return the rows of an asset ledger under our own column names, for `take_assets`.

    Parameters
    ----------
    path
        Any file that `open_raw` opens; what its columns mean is proposed from their names and values.
    region
        Region that the ledger must touch.

    Returns
    -------
    rows
        As `understand`, every value as trimmed text (missing stays missing); `attrs["notes"]` is what the reader
        must know of how the file was read.

    Raises
    ------
    FileError
        If the file cannot be used as a whole; faults of single rows are left to `take_assets`.
    """
    path = pathlib.Path(path)
    raw = open_layer(path, "assets")
    profile = propose_profile(raw, region=region)
    _require_place(raw, profile)
    rows = understand(raw, profile, region=region)
    _check_source(rows, region, raw.file)
    if "sector" not in rows.columns:
        found = ", ".join(str(c) for c in raw.table.columns)
        raise FileError("ledger_no_sector", file=raw.file, columns=found[:200] or "-")
    for name in [name for name in schema.names("assets") if name in rows.columns]:
        rows[name] = as_text(rows[name])
    rows.attrs["notes"] = profile.notes
    return rows


def read_rows(path: pathlib.Path, *, region: Region, layer_name: str) -> gpd.GeoDataFrame:
    """
    Return every row and column of a file, with `source`, after checking that it lies in the region.

    Parameters
    ----------
    path
        File to read.
    region
        Region that the file must touch.
    layer_name
        Layer to take where a file has several ("assets", "roads").

    Raises
    ------
    FileError
        If the file cannot be used as a whole.
    """
    raw = open_layer(pathlib.Path(path), layer_name)
    proposed = propose_profile(raw, region=region)
    _require_place(raw, proposed)
    place = dataclasses.replace(proposed.position, address=())
    places = understand(raw, Profile(position=place), region=region)
    _check_source(places, region, raw.file)
    table = raw.table.reset_index(drop=True)
    rows = gpd.GeoDataFrame(table, geometry=places.geometry.to_numpy(), crs=places.crs)
    rows["source"] = places["source"]
    rows.attrs = {key: places.attrs[key] for key in ("title", "heading_row") if key in places.attrs}
    return rows


def _require_place(raw: Raw, profile: Profile) -> None:
    """Refuse a file in which nothing can be a place, or whose places are in a system that nobody names."""
    place = profile.position
    has_columns = any((place.lon, place.x, place.lat_lon, place.wkt, place.address))
    columns = ", ".join(map(str, raw.table.columns[:12]))
    if raw.shapes is None and not has_columns:
        if raw.told.get("is_titled"):
            raise FileError("ledger_no_heading", file=raw.file, found=raw.told.get("first", columns))
        is_table = raw.format in {"csv", "xlsx", "xls", "ods"}
        raise FileError(
            "ledger_no_place" if is_table else "ledger_not_spatial", file=raw.file, columns=columns
        )
    if raw.shapes is not None and not has_columns and raw.crs is None and not place.crs:
        key = "ledger_prj_missing" if raw.format == "shapefile" else "ledger_crs_missing"
        raise FileError(key, file=raw.file)


def _check_source(rows: gpd.GeoDataFrame, region: Region, file: str) -> None:
    numbers = rows["source"].str.rpartition("#")[2].astype("int64").to_numpy()
    told = [name for name in ("address", "address_fault") if name in rows.columns]
    check_places(rows[["geometry", *told]].set_axis(numbers - 1), region, file)


def as_text(values: pd.Series) -> pd.Series:
    """Return values as trimmed text, whole numbers without a point, empty ones missing."""
    if pd.api.types.is_bool_dtype(values):
        return values.map({True: "true", False: "false"}).astype("str")
    if pd.api.types.is_numeric_dtype(values):
        return values.map(_number_text, na_action="ignore").astype("str")
    text = values.map(_value_text, na_action="ignore").astype("str").str.strip()
    return text.where(text != "")


def _number_text(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else repr(float(value))


def _value_text(value: Any) -> str:
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    return _number_text(value) if isinstance(value, int | float) else str(value)


def check_places(rows: gpd.GeoDataFrame, region: Region, file: str) -> None:
    """
    Check that a file has places and that one of them touches the region.

    Parameters
    ----------
    rows
        Rows with geometry in the file's own system, missing where it cannot be used; the index plus 1 is the row's
        number. `address` and `address_fault` as `understand` gives them.
    region
        Region that one row must touch.
    file
        Name to give in errors.

    Raises
    ------
    FileError
        If no row has a place, or all lie elsewhere.
    """
    shapes = rows.geometry[rows.geometry.notna()]
    if shapes.empty:
        _require_addresses(rows, region, file)
        first = "・".join(str(number + 1) for number in rows.index[:3])
        raise FileError("ledger_no_usable_place", file=file, rows=len(rows), first=first)
    if pyproj.CRS(rows.crs).is_geographic:
        # One mistyped row is a fault of that row; only a file without any degrees is none of ours.
        is_degrees = (np.abs(shapely.bounds(shapes.to_numpy())) <= FULL_TURN).all(axis=1)
        if not is_degrees.any():
            west, south = shapes.total_bounds[:2]
            raise FileError("ledger_not_degrees", file=file, x=f"{west:,.0f}", y=f"{south:,.0f}")
        shapes = shapes[is_degrees]
    area = region.municipalities.union_all()
    shapely.prepare(area)
    if _touches(shapes, area, region.epsg, file):
        return
    turned = gpd.GeoSeries(shapely.transform(shapes.to_numpy(), lambda c: c[:, ::-1]), crs=rows.crs)
    if _touches(turned, area, region.epsg, file):
        raise FileError("ledger_swapped", file=file, row=int(shapes.index[0]) + 1)
    raise FileError(
        "ledger_outside", file=file, where=_where(shapes), region=region.name_ja, region_en=region.name_en
    )


def _require_addresses(rows: gpd.GeoDataFrame, region: Region, file: str) -> None:
    """Say which address fits no town, and how to name the municipality, where addresses are all that there is."""
    if "address_fault" not in rows.columns:
        return
    unfound = rows[rows["address_fault"] != ""]
    towns = [(code, region.name_of(str(code), "ja")) for code in region.municipalities.index]
    code, town = towns[0]
    raise FileError(
        "ledger_address_unfound",
        file=file,
        rows=len(unfound),
        row=int(unfound.index[0]) + 1,
        address=str(unfound["address"].iloc[0]),
        town=town,
        code=code,
        towns=", ".join(f"{code} {name}" for code, name in towns[:MOST_NAMED])
        + " …" * (len(towns) > MOST_NAMED),
    )


def _touches(shapes: gpd.GeoSeries, area: Any, epsg: int, file: str) -> bool:
    try:
        projected = shapes.to_crs(epsg).to_numpy()
    except (pyproj.exceptions.ProjError, pyproj.exceptions.CRSError) as error:
        raise FileError("ledger_crs_unusable", file=file, crs=str(shapes.crs.name)) from error
    is_placed = np.isfinite(shapely.bounds(projected)).all(axis=1)
    return bool(shapely.intersects(area, projected[is_placed]).any())


def _where(shapes: gpd.GeoSeries) -> str:
    """Name where a file lies: the prefecture if there is one, and longitude and latitude."""
    first = shapely.get_coordinates(shapes.iloc[0])[0]
    point = gpd.GeoSeries(gpd.points_from_xy([first[0]], [first[1]]), crs=shapes.crs).to_crs(4326).iloc[0]
    if not np.isfinite([point.x, point.y]).all():
        return f"x = {first[0]:,.0f}, y = {first[1]:,.0f}"
    japan = load_japan()
    hit = japan[japan.intersects(point)]
    place = f"{hit.iloc[0]['pref_ja']} " if len(hit) else ""
    return f"{place}({point.x:.3f}, {point.y:.3f})"
