"""The one intake: rows of any ledger or sample in, assets that keep the schema and a list of every fault out."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gunmane import schema
from gunmane.assets.faults import Faults
from gunmane.assets.places import find_places, mend_geometry
from gunmane.assets.values import (
    GRADED_SECTORS,
    UNITS,
    as_number,
    as_text,
    change_each,
    column_of,
    inspection_grade,
    is_unknown,
    plain_code,
    sector_key,
)
from gunmane.errors import FileError
from gunmane.municipalities import Region

TRUE_WORDS = {"true", "1", "1.0", "yes"}
ENTERPRISE_SECTORS = ("sewer", "water")


def take_assets(
    rows: gpd.GeoDataFrame, *, region: Region, source: str
) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """
    Return the assets among the rows, and every fault found in them.

    A row without a known sector, a usable geometry, a place in the region or an id of its own is rejected.
    A fault in any other column keeps the row, sets that value missing and is listed under a rule that ends in
    `_value`. So `len(rows)` is `len(assets)` plus the distinct `(source_file, row)` of the other rules. The order
    of the rows changes nothing: of two rows with one id the one with the lower row number stays.

    Parameters
    ----------
    rows
        Rows under the column names of `schema.ASSETS` with a geometry in any coordinate system; `sector` must be
        a column, others may be absent. `muni_code` is found from the place where it is missing, `owner_code`
        defaults to it, `length_m` and `area_m2` to what the geometry measures. Codes may have 5 or 6 digits
        (the check digit is dropped) and may have lost a leading zero.
    region
        The region that the assets belong to.
    source
        File the rows came from, for rows whose own `source` (`file#row`) does not say so.

    Returns
    -------
    assets, rejects
        Tables of `schema.ASSETS` (sorted by `asset_id`, in the region's plane zone) and `schema.REJECTS`.

    Raises
    ------
    FileError
        If the rows have no coordinate system, no geometry or no column `sector`.
    """
    _guard(rows, source)
    faults = Faults(_origins(rows, source))
    faults.add_heading(rows.attrs)
    geometry = mend_geometry(rows, region, faults)
    table = pd.DataFrame(index=faults.origins.index)
    table["asset_id"] = _ids(rows, faults)
    table["sector"] = _sectors(rows, faults)
    table["muni_code"] = find_places(rows, geometry, region, faults)
    table["owner_code"] = _owners(rows, table["muni_code"], region, faults)
    for name in ("subtype", "name", "route_name", "material", "condition_raw"):
        table[name] = _texts(rows, name)
    table["account_class"] = _accounts(rows, table["sector"], faults)
    for column in schema.ASSETS:
        if column.dtype in ("Int16", "Int8", "float64"):
            given = column_of(rows, column.name)
            if column.name == "condition":
                given = _take_grades(given, table)
            table[column.name] = _numbers(given, column, faults)
    _measure(table, geometry)
    table["position"] = "ledger"
    table["source"] = faults.origins["source_file"] + "#" + faults.origins["row"].astype("str")
    table["is_synthetic"] = _flags(rows)
    _drop_duplicates(table["asset_id"], faults)

    kept = np.flatnonzero(~faults.is_rejected)
    assets = table.iloc[kept][schema.names("assets")]
    assets = assets.astype({column.name: column.dtype for column in schema.ASSETS})
    assets = gpd.GeoDataFrame(assets, geometry=geometry[kept], crs=region.epsg)
    assets = assets.sort_values("asset_id", ignore_index=True)
    return schema.check_table(assets, "assets"), faults.table()


def _guard(rows: gpd.GeoDataFrame, source: str) -> None:
    if not isinstance(rows, gpd.GeoDataFrame) or rows.active_geometry_name is None:
        raise FileError("assets_no_geometry", file=source)
    if rows.crs is None:
        raise FileError("assets_no_crs", file=source)
    if "sector" not in rows.columns:
        has = ", ".join(str(c) for c in rows.columns if c != rows.active_geometry_name) or "-"
        raise FileError("assets_no_sector", file=source, has=has, allowed=", ".join(schema.SECTORS))


def _texts(rows: gpd.GeoDataFrame, name: str) -> NDArray[Any]:
    return change_each(column_of(rows, name), as_text)


def _origins(rows: gpd.GeoDataFrame, source: str) -> pd.DataFrame:
    """File and row number of each row: its own `source` where all rows have one, else the frame's index."""
    if "source" in rows.columns:
        parts = [as_text(value).rpartition("#") for value in rows["source"]]
        if all(file and number.isdecimal() and len(number) <= 12 for file, _, number in parts):
            own = pd.DataFrame({"source_file": [p[0] for p in parts], "row": [int(p[2]) for p in parts]})
            if len(own) and not own.duplicated().any():
                return own
    index = rows.index
    if not (
        pd.api.types.is_integer_dtype(index) and index.is_unique and (len(index) == 0 or index.min() >= 0)
    ):
        index = pd.RangeIndex(len(rows))
    return pd.DataFrame({"source_file": source, "row": np.asarray(index, dtype="int64") + 1})


def _ids(rows: gpd.GeoDataFrame, faults: Faults) -> NDArray[Any]:
    """Ids as text; a row without one is named after its file and row."""
    ids = np.array([as_text(value) for value in column_of(rows, "asset_id")], dtype=object)
    is_bare = np.array([not text for text in ids], dtype=bool)
    origin = faults.origins
    ids[is_bare] = [
        f"{f}#{r}" for f, r in zip(origin["source_file"][is_bare], origin["row"][is_bare], strict=True)
    ]
    return ids


def _sectors(rows: gpd.GeoDataFrame, faults: Faults) -> NDArray[Any]:
    given = column_of(rows, "sector")
    sectors = change_each(given, sector_key)
    is_missing = np.array([is_unknown(s) for s in sectors], dtype=bool)
    is_known = np.isin(sectors.astype("U"), schema.SECTORS)
    faults.add(is_missing, "sector", given, "sector_missing")
    faults.add(~is_missing & ~is_known, "sector", given, "sector_unknown")
    return sectors


def _owners(rows: gpd.GeoDataFrame, muni: pd.Series, region: Region, faults: Faults) -> NDArray[Any]:
    known = frozenset({*region.municipalities.index, *region.prefecture_codes, *region.bodies["code"]})
    given = column_of(rows, "owner_code")
    owner = change_each(given, lambda value: plain_code(value, known))
    is_known = np.isin(owner.astype("U"), sorted(known))
    faults.add(~faults.is_rejected & ~is_known & (owner != ""), "owner_code", given, "owner_code_value")
    return np.where(is_known, owner, muni.to_numpy())


def _accounts(rows: gpd.GeoDataFrame, sector: pd.Series, faults: Faults) -> NDArray[Any]:
    given = column_of(rows, "account_class")
    account = change_each(given, lambda value: as_text(value).casefold())
    is_blank = np.array([is_unknown(a) for a in account], dtype=bool)
    is_known = np.isin(account.astype("U"), ("general", "enterprise"))
    faults.add(~faults.is_rejected & ~is_blank & ~is_known, "account_class", given, "account_class_value")
    usual = np.where(sector.isin(ENTERPRISE_SECTORS), "enterprise", "general")
    return np.where(is_known, account, usual)


def _take_grades(given: pd.Series, table: pd.DataFrame) -> pd.Series:
    """Conditions with I to IV of bridges and tunnels as 1 to 4; any such grade is kept in `table`'s raw column."""
    if pd.api.types.is_numeric_dtype(given):
        return given
    grades = change_each(given, inspection_grade).astype("float64")
    is_grade = np.isfinite(grades)
    is_bare = is_grade & (table["condition_raw"] == "").to_numpy(dtype=bool)
    raw = change_each(given, as_text)
    table["condition_raw"] = np.where(is_bare, raw, table["condition_raw"].to_numpy(dtype=object))
    is_read = is_grade & table["sector"].isin(GRADED_SECTORS).to_numpy(dtype=bool)
    return pd.Series(np.where(is_read, grades.astype(object), given.to_numpy(dtype=object)), dtype=object)


def _numbers(given: pd.Series, column: schema.Column, faults: Faults) -> pd.Series:
    if pd.api.types.is_numeric_dtype(given) and not pd.api.types.is_bool_dtype(given):
        number = given.to_numpy(dtype="float64", na_value=np.nan)
        is_fault = np.isinf(number)
    else:
        read = change_each(given, lambda value: as_number(value, UNITS.get(column.name, "")))
        is_fault = np.array([value is None for value in read], dtype=bool)
        number = np.where(is_fault, np.nan, read).astype("float64")
    if column.low is not None:
        is_fault |= number < column.low
    if column.high is not None:
        is_fault |= number > column.high
    if column.dtype.startswith("Int"):
        is_fault |= np.isfinite(number) & (number != np.floor(np.where(np.isfinite(number), number, 0)))
    faults.add(~faults.is_rejected & is_fault, column.name, given, f"{column.name}_value")
    number = np.where(is_fault, np.nan, number)
    return (
        pd.Series(number).astype(column.dtype)
        if column.dtype == "float64"
        else _integers(number, column.dtype)
    )


def _integers(number: NDArray[np.float64], dtype: str) -> pd.Series:
    is_known = np.isfinite(number)
    whole = pd.Series(np.where(is_known, number, 0).astype("int64")).astype(dtype)
    return whole.where(is_known, pd.NA)


def _measure(table: pd.DataFrame, geometry: NDArray[Any]) -> None:
    """Fill lengths and areas that the ledger does not give; changes `table`."""
    dimension = shapely.get_dimensions(geometry)
    length = np.where(dimension == 1, shapely.length(geometry), np.nan)
    area = np.where(dimension == 2, shapely.area(geometry), np.nan)
    table["length_m"] = table["length_m"].fillna(pd.Series(length))
    table["area_m2"] = table["area_m2"].fillna(pd.Series(area))


def _flags(rows: gpd.GeoDataFrame) -> NDArray[Any]:
    given = column_of(rows, "is_synthetic")
    return change_each(given, lambda value: as_text(value).casefold() in TRUE_WORDS).astype(bool)


def _drop_duplicates(ids: pd.Series, faults: Faults) -> None:
    """Of the usable rows with one id keep the one with the lowest row number."""
    usable = np.flatnonzero(~faults.is_rejected)
    order = faults.origins.iloc[usable].sort_values(["source_file", "row"]).index.to_numpy()
    is_later = np.zeros(len(ids), dtype=bool)
    is_later[order] = ids.iloc[order].duplicated().to_numpy()
    faults.add(is_later, "asset_id", ids, "asset_id_duplicate")
