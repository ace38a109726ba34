"""The one intake: rows of any ledger or sample in, assets that keep the schema and a list of every fault out."""

from __future__ import annotations

import dataclasses
import functools
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from numpy.typing import NDArray

from gunmane import schema
from gunmane.assets.duplicates import drop_same_ids, drop_same_places, part_sides
from gunmane.assets.faults import Faults, OnInvalid
from gunmane.assets.grades import take_grades
from gunmane.assets.numbers import ReadCells, read_cells, read_number
from gunmane.assets.owners import take_owners
from gunmane.assets.parts import merge_parts
from gunmane.assets.places import find_places, list_far_owners, rejected_places
from gunmane.assets.readings import Readings
from gunmane.assets.shapes import mend_geometry
from gunmane.assets.unusual import SIZES, list_unusual
from gunmane.assets.values import (
    Cells,
    account_key,
    cells_of,
    is_one_of,
    is_unknown,
    sector_key,
    texts_of,
)
from gunmane.assets.years import read_year
from gunmane.errors import FileError
from gunmane.municipalities import Region

TRUE_WORDS = {"true", "1", "1.0", "yes"}
ENTERPRISE_SECTORS = ("sewer", "water")
YEARS = ("built_year", "inspected_year")
ORIGIN = r"(?s)^(?P<file>.+)#(?P<row>0{0,3}[1-9][0-9]{0,11})$"


@dataclasses.dataclass(frozen=True, eq=False)
class Taken:
    """
    What the intake gives of the rows of a ledger.

    Parameters
    ----------
    assets
        `schema.ASSETS` sorted by `asset_id`, in the region's plane zone.
    rejects
        Every fault (`schema.REJECTS`). `len(rows)` is `len(assets)` plus the distinct `(source_file, row)` of the
        rules that do not end in `_value`.
    readings
        How cells of the rows that were taken were read (`schema.READINGS`), where they are not plainly their value.
    rejected_places
        `row, rule` and a point (EPSG:4326) of the rejected rows that have a place.
    """

    assets: gpd.GeoDataFrame
    rejects: pd.DataFrame
    readings: pd.DataFrame
    rejected_places: gpd.GeoDataFrame


def take_assets(
    rows: gpd.GeoDataFrame, *, region: Region, source: str
) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """
    Return the assets among the rows, and every fault found in them: the first two of `take_rows`.

    Parameters
    ----------
    rows, region, source
        As in `take_rows`.

    Raises
    ------
    FileError
        As `take_rows`.
    """
    taken = take_rows(rows, region=region, source=source)
    return taken.assets, taken.rejects


def take_rows(
    rows: gpd.GeoDataFrame,
    *,
    region: Region,
    source: str,
    on_invalid: OnInvalid = "fix",
    grade_scale: str = "",
    year_style: str = "auto",
) -> Taken:
    """
    Return the assets among the rows, every fault found in them and how their cells were read.

    A row without a known sector, a usable geometry, a place in the region or an id of its own is rejected, and so is
    one that stands twice, that a body outside the region keeps, or that sums up others. A fault in any other column
    keeps the row, sets that value missing and is listed under a rule that ends in `_value`; a value that is only
    unusual stays. The order of the rows changes nothing: of two rows with one id, or of one place and kind, the one
    with the lower row number stays.

    Parameters
    ----------
    rows
        Rows under the column names of `schema.ASSETS` with a geometry in any coordinate system; `sector` must be
        a column, others may be absent. `muni_code` is found from the place where it is missing, `owner_code`
        defaults to it, `length_m` and `area_m2` to what the geometry measures. Codes may have 5 or 6 digits
        (the check digit is dropped), may have lost a leading zero, or be names. `address_fault`, `address` and
        `remark` are as `understand` gives them.
    region
        The region that the assets belong to.
    source
        File the rows came from, for rows whose own `source` (`file#row`) does not say so.
    on_invalid
        What becomes of a row that can be mended without a guess (`Faults.mend`): "fix" mends it and lists before and
        after, "reject" does not take it. "raise" stops at any fault.
    grade_scale
        Scale of the grades in `condition_raw` (`load_grades`); "" takes the usual one of each sector.
    year_style
        "auto", "western" or "era" (`read_year`).

    Raises
    ------
    FileError
        If the rows have no coordinate system, no geometry or no column `sector`; `assets_invalid` if `on_invalid` is
        "raise" and there is any fault.
    """
    _guard(rows, source)
    faults = Faults(_origins(rows, source), on_invalid)
    readings = Readings(faults.origins)
    faults.add_heading(rows.attrs)
    faults.add_remarks(texts_of(rows, "remark").to_numpy(dtype=object))
    _list_out_of_use(rows, faults)
    geometry = mend_geometry(rows, region, faults)
    table = _identities(rows, geometry, region, faults=faults, readings=readings)
    given, raw = cells_of(rows, "condition"), cells_of(rows, "condition_raw")
    condition, kept = take_grades(given, raw, table["sector"], grade_scale, faults=faults, readings=readings)
    table["condition"], table["condition_raw"] = _integers(condition, "Int8"), kept
    table["account_class"] = _accounts(rows, table["sector"], faults, readings)
    table["position"] = _positions(rows, faults)
    for column in schema.ASSETS:
        if column.dtype in ("Int16", "float64"):
            table[column.name] = _numbers(rows, column, year_style, faults, readings)
    list_unusual(table, {name: cells_of(rows, name) for name in SIZES}, faults)
    _measure(table, geometry)
    table["source"] = faults.origins["source_file"] + "#" + faults.origins["row"].astype("str")
    table["is_synthetic"] = _flags(rows)
    table["side"], table["part_of"] = texts_of(rows, "side"), texts_of(rows, "part_of")
    merge_parts(table, geometry, faults)
    part_sides(table, faults)
    drop_same_ids(table["asset_id"], faults)
    drop_same_places(table, geometry, faults)
    faults.raise_first(source)
    return _taken(table, geometry, region, faults, readings)


def _identities(
    rows: gpd.GeoDataFrame, geometry: NDArray[Any], region: Region, *, faults: Faults, readings: Readings
) -> pd.DataFrame:
    """Id, sector, place, owner and texts of each row."""
    table = pd.DataFrame(index=faults.origins.index)
    table["asset_id"] = _ids(rows, faults)
    table["sector"] = _sectors(rows, faults, readings)
    muni = find_places(cells_of(rows, "muni_code"), geometry, region, faults=faults, readings=readings)
    owners = cells_of(rows, "owner_code")
    table["muni_code"] = muni
    classes = _road_classes(rows, table["sector"])
    table["owner_code"] = take_owners(owners, classes, muni, region, faults=faults, readings=readings)
    list_far_owners(table["owner_code"], muni, geometry, region, faults)
    for name in ("subtype", "name", "route_name", "material"):
        table[name] = texts_of(rows, name)
    return table


def _taken(
    table: pd.DataFrame, geometry: NDArray[Any], region: Region, faults: Faults, readings: Readings
) -> Taken:
    kept = np.flatnonzero(faults.usable)
    assets = table.iloc[kept][schema.names("assets")]
    assets = assets.astype({column.name: column.dtype for column in schema.ASSETS})
    assets = gpd.GeoDataFrame(assets, geometry=geometry[kept], crs=region.epsg)
    assets = assets.sort_values("asset_id", ignore_index=True)
    return Taken(
        assets=schema.check_table(assets, "assets"),
        rejects=faults.table(),
        readings=readings.table(faults.usable),
        rejected_places=rejected_places(geometry, faults, region),
    )


def _guard(rows: gpd.GeoDataFrame, source: str) -> None:
    if not isinstance(rows, gpd.GeoDataFrame) or rows.active_geometry_name is None:
        raise FileError("assets_no_geometry", file=source)
    if rows.crs is None:
        raise FileError("assets_no_crs", file=source)
    if "sector" not in rows.columns:
        has = ", ".join(str(c) for c in rows.columns if c != rows.active_geometry_name) or "-"
        raise FileError("assets_no_sector", file=source, has=has, allowed=", ".join(schema.SECTORS))


def _origins(rows: gpd.GeoDataFrame, source: str) -> pd.DataFrame:
    """File and row number of each row: its own `source` where all rows have one, else the frame's index."""
    if "source" in rows.columns and len(rows):
        parts = pc.extract_regex(pa.array(texts_of(rows, "source"), type=pa.string()), ORIGIN)
        if not parts.null_count:
            own = pd.DataFrame(
                {
                    "source_file": pd.array(parts.field("file"), dtype="str"),
                    "row": parts.field("row").cast(pa.int64()).to_numpy(),
                }
            )
            if not own.duplicated().any():
                return own
    index = rows.index
    if not (
        pd.api.types.is_integer_dtype(index) and index.is_unique and (len(index) == 0 or index.min() >= 0)
    ):
        index = pd.RangeIndex(len(rows))
    file = pd.array([source], dtype="str").take(np.zeros(len(rows), dtype=np.int64))
    return pd.DataFrame({"source_file": file, "row": np.asarray(index, dtype="int64") + 1})


def _ids(rows: gpd.GeoDataFrame, faults: Faults) -> pd.Series:
    """Ids as text; a row without one is named after its file and row."""
    origin = faults.origins
    ids = texts_of(rows, "asset_id")
    return ids.where(ids != "", origin["source_file"] + "#" + origin["row"].astype("str"))


def _sectors(rows: gpd.GeoDataFrame, faults: Faults, readings: Readings) -> pd.Series:
    given = cells_of(rows, "sector")
    sectors = given.each(sector_key)
    is_missing = np.array([is_unknown(s) for s in sectors], dtype=bool)
    is_known = is_one_of(sectors, schema.SECTORS)
    faults.add(is_missing[given.codes], "sector", given, "sector_missing")
    faults.add((~is_missing & ~is_known)[given.codes], "sector", given, "sector_unknown")
    readings.add("sector", given, sectors, np.where(is_known & (sectors != given.texts), "word", ""))
    return pd.Series(pd.array(sectors, dtype="str").take(given.codes))


def _list_out_of_use(rows: gpd.GeoDataFrame, faults: Faults) -> None:
    """List the rows that are in use no more or not yet, and nothing else of them."""
    use, said = (texts_of(rows, name).to_numpy(dtype=object) for name in ("out_of_use", "out_of_use_said"))
    for rule in ("abolished", "not_opened"):
        faults.add(use == rule, "", said, rule)
    faults.is_remark |= use != ""


def _road_classes(rows: gpd.GeoDataFrame, sector: pd.Series) -> Cells:
    """Class of each road, "" for what is no road."""
    given = cells_of(rows, "subtype")
    return dataclasses.replace(given, codes=np.where(sector == "road", given.codes, len(given.texts) - 1))


def _accounts(rows: gpd.GeoDataFrame, sector: pd.Series, faults: Faults, readings: Readings) -> NDArray[Any]:
    given = cells_of(rows, "account_class")
    account = given.each(account_key)
    is_blank = np.array([is_unknown(a) for a in account], dtype=bool)
    is_known = is_one_of(account, ("general", "enterprise"))
    usual = np.where(sector.isin(ENTERPRISE_SECTORS), "enterprise", "general")
    is_fault = faults.usable & (~is_blank & ~is_known)[given.codes]
    faults.add(is_fault, "account_class", given, "account_class_value", became=usual)
    readings.add("account_class", given, account, np.where(is_known & (account != given.texts), "word", ""))
    return np.where(is_known[given.codes], account[given.codes], usual)


def _positions(rows: gpd.GeoDataFrame, faults: Faults) -> NDArray[Any]:
    """How exact each place is; the ledger's own place where nothing is said."""
    given = cells_of(rows, "position")
    is_known = is_one_of(given.texts, schema.POSITIONS)
    is_fault = ~is_known & (given.texts != "")
    faults.add(faults.usable & is_fault[given.codes], "position", given, "position_value")
    return np.where(is_known, given.texts, "ledger")[given.codes]


def _numbers(
    rows: gpd.GeoDataFrame, column: schema.Column, year_style: str, faults: Faults, readings: Readings
) -> pd.Series:
    name, is_whole = column.name, column.dtype.startswith("Int")
    values = rows[name] if name in rows.columns else pd.Series(dtype=object)
    is_numeric = pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)
    given: Any
    if is_numeric and not (name in YEARS and year_style == "era"):
        given = values.to_numpy()
        number = values.to_numpy(dtype="float64", na_value=np.nan)
        is_fault = np.isinf(number) | _out_of_range(number, column)
    else:
        given = cells_of(rows, name)
        read = _read(given, column, year_style)
        wrong = read.is_fault | _out_of_range(read.values, column)
        readings.add(name, given, read.values, np.where(wrong, "", read.how))
        number, is_fault = read.values[given.codes], wrong[given.codes]
    faults.add(faults.usable & is_fault, name, given, f"{name}_value")
    number = np.where(is_fault, np.nan, number)
    return _integers(number, column.dtype) if is_whole else pd.Series(number, dtype="float64")


def _read(given: Cells, column: schema.Column, year_style: str) -> ReadCells:
    if column.name not in YEARS:
        return read_cells(given, functools.partial(read_number, column=column.name))
    return read_cells(given, functools.partial(read_year, style=year_style), is_number=False)


def _out_of_range(number: NDArray[np.float64], column: schema.Column) -> NDArray[np.bool_]:
    is_out = np.zeros(len(number), dtype=bool)
    if column.low is not None:
        is_out |= number < column.low
    if column.high is not None:
        is_out |= number > column.high
    if column.dtype.startswith("Int"):
        is_out |= np.isfinite(number) & (number != np.floor(np.where(np.isfinite(number), number, 0)))
    return is_out


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
    given = cells_of(rows, "is_synthetic")
    return given.each(lambda text: text.casefold() in TRUE_WORDS)[given.codes].astype(bool)
