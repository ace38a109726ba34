"""Large tables as Arrow files: what is read back is the same table to the last bit."""

from __future__ import annotations

import pathlib
import pickle
from typing import Any

import geopandas as gpd
import pandas as pd
import pyarrow as pa
import shapely

# A smaller table is not worth a file of its own.
LEAST_BYTES = 64 * 1024
FACTS = b"gunmane"
FAITHFUL = frozenset(
    f"{kind}{bits}"
    for kind, widths in (("int", (8, 16, 32, 64)), ("uint", (8, 16, 32, 64)), ("float", (32, 64)))
    for bits in widths
) | {"bool", "boolean", "Int8", "Int16", "Int32", "Int64"}


def is_table(thing: object) -> bool:
    """
    Return whether something is a large table whose columns Arrow gives back exactly.

    Columns of objects, categories or times, several levels of names and tables with notes of their own are not.

    Parameters
    ----------
    thing
        Anything.
    """
    if type(thing) not in {pd.DataFrame, gpd.GeoDataFrame} or not isinstance(thing, pd.DataFrame):
        return False
    if thing.attrs or thing.index.nlevels > 1 or thing.columns.nlevels > 1 or not thing.columns.is_unique:
        return False
    if not all(isinstance(name, str) for name in thing.columns) or not _is_faithful(thing.index.dtype):
        return False
    if not all(_is_faithful(dtype) or _is_geometry(dtype) for dtype in thing.dtypes):
        return False
    return int(thing.memory_usage(index=True).sum()) >= LEAST_BYTES


def write_table(table: pd.DataFrame) -> pa.Buffer:
    """
    Return a table as the bytes of an Arrow file.

    Parameters
    ----------
    table
        A table of which `is_table` holds.
    """
    shapes = [name for name, dtype in table.dtypes.items() if _is_geometry(dtype)]
    arrow = pa.Table.from_pandas(pd.DataFrame(table.drop(columns=shapes)))
    facts: dict[str, Any] = {
        "columns": table.columns,
        "dtypes": {name: dtype for name, dtype in table.dtypes.items() if name not in shapes},
        "index": (table.index.dtype, table.index.name),
        "crs": {name: table[name].crs for name in shapes},
        "geometry": getattr(table, "_geometry_column_name", None),
        "is_geo": type(table) is gpd.GeoDataFrame,
    }
    for number, name in enumerate(shapes):
        lines = pa.array(shapely.to_wkb(table[name].to_numpy()), pa.large_binary())
        arrow = arrow.append_column(f"shapes {number}", lines)
    arrow = arrow.replace_schema_metadata({**(arrow.schema.metadata or {}), FACTS: pickle.dumps(facts)})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, arrow.schema) as writer:
        writer.write_table(arrow)
    return sink.getvalue()


def read_table(path: pathlib.Path) -> pd.DataFrame:
    """
    Return the table that `write_table` wrote; its text stays in the file and is shared by all who read it.

    Parameters
    ----------
    path
        The Arrow file, written by this user.
    """
    with pa.memory_map(str(path)) as source:
        arrow = pa.ipc.open_file(source).read_all()
    facts = pickle.loads(arrow.schema.metadata[FACTS])  # noqa: S301 - only this user can write there
    crs = facts["crs"]
    shapes = {name: arrow.column(f"shapes {number}") for number, name in enumerate(crs)}
    table = arrow.drop_columns([f"shapes {number}" for number in range(len(crs))]).to_pandas()
    # Numbers that lie in the file cannot be written to; the copy can, text needs none.
    table = table.astype(facts["dtypes"]).copy()
    dtype, name = facts["index"]
    table.index = table.index.rename(name) if table.index.dtype == dtype else table.index.astype(dtype)
    for column, lines in shapes.items():
        found = shapely.from_wkb(lines.to_numpy(zero_copy_only=False))
        table[column] = gpd.GeoSeries(found, index=table.index, crs=crs[column])
    table = table[list(facts["columns"])]
    table.columns = facts["columns"]
    if not facts["is_geo"]:
        return table
    whole = gpd.GeoDataFrame(table)
    name = facts["geometry"]
    return whole.set_geometry(name) if name in crs else whole


def _is_faithful(dtype: Any) -> bool:
    return str(dtype) in FAITHFUL or isinstance(dtype, pd.StringDtype)


def _is_geometry(dtype: Any) -> bool:
    return str(dtype) == "geometry"
