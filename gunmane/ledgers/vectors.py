"""Files that carry geometry: GeoJSON, GeoPackage, shapefile, FlatGeobuf; GeoParquet stands in a module of its own."""

from __future__ import annotations

import dataclasses
import pathlib
import warnings
from collections.abc import Collection
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyogrio
import pyproj
import shapely

from gunmane.errors import FileError
from gunmane.ledgers import files
from gunmane.ledgers.dbf import check_shapefile, dbf_encoding, sister
from gunmane.ledgers.geoparquet import open_parquet, plain_table, shapes_of_wkb
from gunmane.ledgers.profiles import Layout
from gunmane.ledgers.raw import Raw

# The prefix forces the driver: another format under this name could make GDAL open other files.
GEOJSON_DRIVER = "GeoJSON:"
FORMATS = {".geojson": "geojson", ".json": "geojson", ".gpkg": "gpkg", ".fgb": "fgb", ".shp": "shapefile"}
# Layers that bear one of these names come first where a file has several.
LAYER_NAMES = ("assets", "roads")
SQLITE_HEAD_BYTES = 100
OGR_ERRORS = (
    pyogrio.errors.DataSourceError,
    pyogrio.errors.DataLayerError,
    pyogrio.errors.FeatureError,
    pyogrio.errors.FieldError,
    pyogrio.errors.CRSError,
    pyogrio.errors.GeometryError,
    pa.ArrowException,
    OSError,
    ValueError,
    RuntimeError,
)


@dataclasses.dataclass(frozen=True)
class _Source:
    """What GDAL is asked for: the file under a name that fixes its driver, one layer, an encoding."""

    name: str
    file: str
    layer: str | None = None
    encoding: str | None = None
    columns: list[str] | None = None
    max_rows: int | None = None

    @property
    def asked(self) -> dict[str, Any]:
        return {
            "layer": self.layer,
            "encoding": self.encoding,
            "columns": self.columns,
            "max_features": self.max_rows,
            "datetime_as_string": True,
        }


def open_vector(
    path: pathlib.Path,
    *,
    layout: Layout,
    columns: Collection[str] | None = None,
    max_rows: int | None = None,
) -> Raw:
    """
    Return the rows and shapes of a GIS file in its own CRS and its own order.

    Broken geometry comes back missing: a fault of the row, not of the file. Heights and measures are left out,
    curves become lines. A file or layer without geometry is a table: `shapes` is None.

    Parameters
    ----------
    path
        File to read; it must have passed `checked_file`.
    layout
        `layer` and `encoding` (of a shapefile) count where given.
    columns
        Columns to keep besides the shapes; None keeps all.
    max_rows
        Rows to read at most.

    Returns
    -------
    raw
        Index: 1 for the first feature. `told`: `layer`, `layers` and `spatial_layers` (all of the file and those
        with shapes, where it has several), `encoding` and `has_prj` (of a shapefile).

    Raises
    ------
    FileError
        If the file is broken or cut off, has no rows or too many, or no layer of that name.
    """
    kind = path.suffix.lower()
    if kind in {".parquet", ".geoparquet"}:
        return open_parquet(path, columns=columns, max_rows=max_rows)
    told: dict[str, Any] = {}
    source = _Source(str(path), path.name, max_rows=max_rows)
    if kind in {".geojson", ".json"}:
        source = dataclasses.replace(source, name=f"{GEOJSON_DRIVER}{path.resolve()}")
    elif kind == ".shp":
        check_shapefile(path)
        told = {
            "encoding": layout.encoding or dbf_encoding(path),
            "has_prj": sister(path, ".prj") is not None,
        }
        source = dataclasses.replace(source, encoding=told["encoding"])
    else:
        if kind == ".gpkg":
            _check_sqlite(path)
        layer, layers, spatial = _layer(path, layout.layer)
        told = {"layer": layer} | ({"layers": layers, "spatial_layers": spatial} if len(layers) > 1 else {})
        source = dataclasses.replace(source, layer=layer)
    info = _info(source)
    if columns is not None:
        kept = [str(name) for name in info["fields"] if str(name) in columns]
        source = dataclasses.replace(source, columns=kept)
    table, shapes, crs = _read(source)
    # A file cut off inside its index still opens, but gives fewer rows than its head promises.
    if kind == ".fgb" and max_rows is None and len(table) < int(info["features"]):
        raise FileError("ledger_unreadable", file=path.name)
    if table.empty and not len(table.index):
        raise FileError("ledger_no_rows", file=path.name)
    table.index = pd.RangeIndex(1, len(table) + 1)
    return Raw(path.name, FORMATS[kind], table, shapes=shapes, crs=crs, told=told)


def _info(source: _Source) -> dict[str, Any]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            info: dict[str, Any] = pyogrio.read_info(
                source.name, layer=source.layer, encoding=source.encoding
            )
    except OGR_ERRORS as error:
        raise FileError("ledger_unreadable", file=source.file) from error
    count = int(info["features"])
    if count > files.MAX_ROWS:
        raise FileError(
            "ledger_too_many_rows", file=source.file, rows=f"{count:,}", limit=f"{files.MAX_ROWS:,}"
        )
    return info


def _read(source: _Source) -> tuple[pd.DataFrame, np.ndarray | None, pyproj.CRS | None]:
    """Read through Arrow, which is fast; through GDAL's own features where Arrow cannot say it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                meta, rows = pyogrio.read_arrow(source.name, **source.asked)
                return _from_arrow(source, meta, rows)
            except (UnicodeDecodeError, pa.ArrowException, NotImplementedError):
                return _feature_by_feature(source)
    except OGR_ERRORS as error:
        raise FileError("ledger_unreadable", file=source.file) from error


def _from_arrow(
    source: _Source, meta: dict[str, Any], rows: Any
) -> tuple[pd.DataFrame, np.ndarray | None, pyproj.CRS | None]:
    name = meta["geometry_name"] or "wkb_geometry"
    if name not in rows.column_names or meta["geometry_type"] is None:
        return plain_table(rows), None, None
    wkb = rows.column(name)
    rows = rows.drop_columns([name])
    given = wkb.is_valid().to_numpy()
    shapes = shapes_of_wkb(wkb)
    del wkb
    table = plain_table(rows)
    del rows
    is_odd = shapely.is_missing(shapes) & given
    if is_odd.any():
        # Curves: GDAL itself draws them as lines when it reads feature by feature.
        _, drawn, _ = _feature_by_feature(dataclasses.replace(source, columns=[]))
        if drawn is not None and len(drawn) == len(shapes):
            shapes[is_odd] = drawn[is_odd]
    return table, shapes, _crs(meta["crs"])


def _feature_by_feature(source: _Source) -> tuple[pd.DataFrame, np.ndarray | None, pyproj.CRS | None]:
    rows = pyogrio.read_dataframe(source.name, **source.asked, on_invalid="ignore", force_2d=True)
    if "geometry" not in rows:
        return pd.DataFrame(rows), None, None
    shapes = np.asarray(rows.geometry.to_numpy(), dtype=object)
    return pd.DataFrame(rows.drop(columns="geometry")), shapes, rows.crs


def _crs(said: str | None) -> pyproj.CRS | None:
    """Return the system that a file names, or None where nobody knows it."""
    try:
        return pyproj.CRS.from_user_input(said) if said else None
    except pyproj.exceptions.CRSError:
        return None


def _layer(path: pathlib.Path, wanted: str) -> tuple[str, list[str], list[str]]:
    """
    Return the layer to read, all layers, and those with shapes.

    The wanted layer counts, else the only one with shapes, one of a known name, or the one with most rows.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            listed = pyogrio.list_layers(path)
            spatial = [str(name) for name, geometry in listed if geometry is not None]
            layers = [str(name) for name, _ in listed]
            if wanted and wanted in layers:
                return wanted, layers, spatial
            known = [name for name in LAYER_NAMES if name in spatial]
            choice = known[:1] or spatial or layers
            if len(choice) > 1 and not wanted:
                counts = {name: int(pyogrio.read_info(path, layer=name)["features"]) for name in choice}
                choice = sorted(choice, key=lambda name: (-counts[name], name))
    except OGR_ERRORS as error:
        raise FileError("ledger_unreadable", file=path.name) from error
    if not layers:
        raise FileError("ledger_unreadable", file=path.name)
    if wanted:
        found = ", ".join(layers[:10])
        raise FileError("ledger_layer_unknown", file=path.name, layer=wanted, layers=found)
    return choice[0], layers, spatial


def _check_sqlite(path: pathlib.Path) -> None:
    """Refuse a GeoPackage that is shorter than its own head says: SQLite opens it until it needs the rest."""
    with path.open("rb") as stream:
        head = stream.read(SQLITE_HEAD_BYTES)
    page_bytes = int.from_bytes(head[16:18], "big")
    page_bytes = 65536 if page_bytes == 1 else page_bytes
    # The count of pages holds only where the writer kept both change counters alike.
    is_kept = head[24:28] == head[92:96]
    if is_kept and path.stat().st_size < page_bytes * int.from_bytes(head[28:32], "big"):
        raise FileError("ledger_unreadable", file=path.name)
