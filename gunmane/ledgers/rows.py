"""A file to rows under our own column names: read, placed in the region, every value as trimmed text."""

from __future__ import annotations

import pathlib
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from gunmane import schema
from gunmane.errors import FileError
from gunmane.ledgers.files import TABLES, checked_file
from gunmane.ledgers.tables import read_table
from gunmane.ledgers.vectors import read_vector
from gunmane.municipalities import Region, load_japan

DBF_NAME_LENGTH = 10
FULL_TURN = 360


def read_assets(path: pathlib.Path, *, region: Region) -> gpd.GeoDataFrame:
    """
    Return the rows of an asset ledger that uses our own column names, for `take_assets`.

    Parameters
    ----------
    path
        GeoJSON, GeoPackage, GeoParquet, shapefile (also zipped), FlatGeobuf, CSV or Excel.
    region
        Region that the ledger must touch.

    Returns
    -------
    rows
        The columns of `schema.ASSETS` that the file has, as trimmed text (missing stays missing), other
        columns left out; geometry in the file's own CRS, missing where broken; `source` "file#row".

    Raises
    ------
    FileError
        If the file cannot be used as a whole; faults of single rows are left to `take_assets`.
    """
    rows = read_rows(path, region=region, layer_name="assets")
    wanted = schema.names("assets")
    told = dict(rows.attrs)
    rows = rows.rename(columns=_own_names(rows.columns, wanted))
    if "sector" not in rows.columns:
        found = ", ".join(str(c) for c in rows.columns if c not in {"geometry", "source"})
        raise FileError("ledger_no_sector", file=path.name, columns=found[:200] or "-")
    kept = [name for name in wanted if name in rows.columns]
    table = rows[[*kept, "geometry"]].copy()
    for name in kept:
        table[name] = as_text(table[name])
    table.attrs = told
    return table


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
    path = pathlib.Path(path)
    checked_file(path)
    is_table = path.suffix.lower() in TABLES
    rows = read_table(path) if is_table else read_vector(path, layer_name=layer_name)
    rows["geometry"] = _finite(rows.geometry.to_numpy())
    check_places(rows, region, path.name)
    rows["source"] = [f"{path.name}#{number + 1}" for number in rows.index]
    # The index plus 1 is the row's number: see `read_table` and `read_vector`.
    told = dict(rows.attrs) if rows.attrs.get("title") else {}
    rows = rows.reset_index(drop=True)
    rows.attrs = told
    return rows


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


def _own_names(columns: pd.Index, wanted: list[str]) -> dict[str, str]:
    """Map a file's columns to ours: case and blanks do not count, and a dbf cuts names to ten letters."""
    names: dict[str, str] = {}
    present = {str(c).strip().lower() for c in columns}
    for column in columns:
        key = str(column).strip().lower()
        cut = [w for w in wanted if len(key) == DBF_NAME_LENGTH and w.startswith(key) and w not in present]
        if key in wanted:
            # Of "sector" and "Sector" the one spelt as ours counts, else the first.
            if key not in names.values() and (column == key or key not in columns):
                names[column] = key
        elif len(cut) == 1:
            names[column] = cut[0]
    return names


def _finite(shapes: np.ndarray) -> np.ndarray:
    """Return the shapes, missing where they are empty or a coordinate is no number."""
    shapes = np.asarray(shapes, dtype=object)
    is_usable = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    bounds = shapely.bounds(shapes)
    coordinates, owner = shapely.get_coordinates(shapes, return_index=True)
    broken = np.unique(owner[~np.isfinite(coordinates).all(axis=1)])
    is_usable &= np.isfinite(bounds).all(axis=1)
    is_usable[broken] = False
    usable = shapes.copy()
    usable[~is_usable] = None
    return usable


def check_places(rows: gpd.GeoDataFrame, region: Region, file: str) -> None:
    """
    Check that a file has places and that one of them touches the region.

    Parameters
    ----------
    rows
        Rows with geometry in the file's own system, missing where it cannot be used; the index plus 1 is the row's
        number.
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
