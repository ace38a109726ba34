"""GeoParquet, and Parquet without shapes: read by columns, and by parts for a first look."""

from __future__ import annotations

import datetime
import json
import pathlib
from collections.abc import Collection
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pyproj
import shapely

from gunmane.errors import FileError
from gunmane.ledgers import files
from gunmane.ledgers.raw import Raw

# GeoParquet says so: without a word about its system a file is in longitude and latitude.
LON_LAT = "OGC:CRS84"
PARQUET_FAULTS = (OSError, ValueError, KeyError, TypeError, pa.lib.ArrowException, pyproj.exceptions.CRSError)


def open_parquet(
    path: pathlib.Path, *, columns: Collection[str] | None = None, max_rows: int | None = None
) -> Raw:
    """
    Return the rows and shapes of a Parquet file; `shapes` is None where it has no geometry.

    Parameters
    ----------
    path
        File to read; it must have passed `checked_file`.
    columns
        Columns to keep besides the shapes; None keeps all.
    max_rows
        Rows to read at most.

    Raises
    ------
    FileError
        If the file is broken or cut off, or has no rows or too many.
    """
    try:
        with pyarrow.parquet.ParquetFile(path) as parquet:
            count = parquet.metadata.num_rows
            if count > files.MAX_ROWS:
                limit = f"{files.MAX_ROWS:,}"
                raise FileError("ledger_too_many_rows", file=path.name, rows=f"{count:,}", limit=limit)
            said = json.loads((parquet.schema_arrow.metadata or {}).get(b"geo", b"{}"))
            main = str(said.get("primary_column", ""))
            extra = set(said.get("columns", {})) - {main}
            names = [n for n in parquet.schema_arrow.names if n == main or _is_wanted(n, columns, extra)]
            rows = _rows(parquet, names, max_rows)
        shapes, crs = _shapes(path, rows, said, main) if main else (None, None)
        table = plain_table(rows.drop_columns([main]) if main else rows)
    except PARQUET_FAULTS as error:
        raise FileError("ledger_unreadable", file=path.name) from error
    if not len(table):
        raise FileError("ledger_no_rows", file=path.name)
    table.index = pd.RangeIndex(1, len(table) + 1)
    return Raw(path.name, "geoparquet", table, shapes=shapes, crs=crs)


def _is_wanted(name: str, columns: Collection[str] | None, extra: set[str]) -> bool:
    # A file's second geometry is no cell of a ledger; nor is the index that a program left behind.
    return (
        name not in extra and not name.startswith("__index_level_") and (columns is None or name in columns)
    )


def _rows(parquet: Any, names: list[str], max_rows: int | None) -> Any:
    if max_rows is None:
        return parquet.read(columns=names)
    first = next(parquet.iter_batches(batch_size=max(max_rows, 1), columns=names), None)
    if first is None:
        return parquet.read(columns=names)
    return pa.Table.from_batches([first])


def _shapes(
    path: pathlib.Path, rows: Any, said: dict[str, Any], main: str
) -> tuple[np.ndarray, pyproj.CRS | None]:
    column = said["columns"][main]
    named = column.get("crs", LON_LAT)
    crs = pyproj.CRS.from_user_input(named) if named else None
    if str(column.get("encoding", "WKB")).upper() != "WKB":
        # Shapes as nested numbers: GeoPandas knows each kind; the file says so rarely that it may read it again.
        shapes = gpd.read_parquet(path, columns=[main]).geometry.to_numpy()[: rows.num_rows]
        return np.asarray(shapely.force_2d(shapes), dtype=object), crs
    return shapes_of_wkb(rows.column(main)), crs


def shapes_of_wkb(wkb: Any) -> np.ndarray:
    """Return shapes without heights from well-known binary (an Arrow column); broken ones are missing."""
    parts = [getattr(chunk, "storage", chunk) for chunk in wkb.chunks]
    shapes = [shapely.from_wkb(part.to_numpy(zero_copy_only=False), on_invalid="ignore") for part in parts]
    whole = np.concatenate(shapes) if shapes else np.empty(0, dtype=object)
    # Most files are flat already, and making a flat copy costs more than reading.
    is_high = shapely.has_z(whole) | shapely.has_m(whole)
    whole[is_high] = shapely.force_2d(whole[is_high])
    return whole


def plain_table(rows: Any) -> pd.DataFrame:
    """Return Arrow columns as numbers, truth values and text: dates as ISO 8601, nested values as JSON."""
    for i, field in enumerate(rows.schema):
        if isinstance(field.type, pa.BaseExtensionType):
            # JSON within a property, or a type of another program: what it is stored as says enough.
            rows = rows.set_column(i, field.name, rows.column(i).cast(field.type.storage_type))
    text = pd.StringDtype(na_value=np.nan)
    names = {pa.string(): text, pa.large_string(): text, pa.string_view(): text}
    table = rows.to_pandas(
        types_mapper=names.get,
        split_blocks=True,
        self_destruct=True,
        date_as_object=True,
        ignore_metadata=True,
    )
    for name, values in table.items():
        if pd.api.types.is_datetime64_any_dtype(values.dtype):
            table[name] = values.map(lambda v: v.isoformat(), na_action="ignore").astype("str")
        elif values.dtype == object and not _is_truth(values):
            table[name] = values.map(_word, na_action="ignore").astype("str")
    return table


def _is_truth(values: pd.Series) -> bool:
    return bool(values.dropna().map(lambda v: isinstance(v, bool | np.bool_)).all())


def _word(value: Any) -> str:
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, np.ndarray | list | dict | tuple):
        return json.dumps(
            value.tolist() if isinstance(value, np.ndarray) else value, ensure_ascii=False, default=str
        )
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
