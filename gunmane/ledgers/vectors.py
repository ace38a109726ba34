"""Files that carry geometry: GeoJSON, GeoPackage, GeoParquet, shapefile (also zipped), FlatGeobuf."""

from __future__ import annotations

import pathlib
import warnings

import geopandas as gpd
import pyarrow.parquet
import pyogrio

from gunmane.errors import FileError
from gunmane.ledgers.files import MAX_ROWS, checked_file, unpacked

# The prefix forces the driver: another format under this name could make GDAL open other files.
GEOJSON_DRIVER = "GeoJSON:"
SHP_HEAD_BYTES = 100
OGR_ERRORS = (
    pyogrio.errors.DataSourceError,
    pyogrio.errors.DataLayerError,
    pyogrio.errors.FeatureError,
    pyogrio.errors.CRSError,
    pyogrio.errors.GeometryError,
)


def read_vector(path: pathlib.Path, *, layer_name: str) -> gpd.GeoDataFrame:
    """
    Return the rows of a file that carries geometry, in its own CRS and its own order.

    Broken geometry comes back missing: a fault of the row, not of the file.

    Parameters
    ----------
    path
        File to read; it must have passed `checked_file`.
    layer_name
        Layer to take where a file has several ("assets", "roads").

    Raises
    ------
    FileError
        If the file cannot be read, has no geometry, no rows, too many, no CRS, or several layers to take.
    """
    kind = path.suffix.lower()
    if kind == ".zip":
        with unpacked(path) as inner:
            return _renamed(inner, path, layer_name)
    if kind in {".parquet", ".geoparquet"}:
        rows = _read_parquet(path)
    elif kind in {".geojson", ".json"}:
        rows = _read_geojson(path)
    elif kind == ".shp":
        rows = _read_shapefile(path)
    else:
        rows = _read_ogr(str(path), path.name, layer=_layer(path, layer_name))
    if "geometry" not in rows or not isinstance(rows, gpd.GeoDataFrame):
        raise FileError("ledger_not_spatial", file=path.name)
    if rows.empty:
        # A file cut off inside its index still opens, but gives fewer rows than its head promises.
        is_cut = kind == ".fgb" and int(pyogrio.read_info(path)["features"]) > 0
        raise FileError("ledger_unreadable" if is_cut else "ledger_no_rows", file=path.name)
    if rows.crs is None:
        key = "ledger_prj_missing" if kind == ".shp" else "ledger_crs_missing"
        raise FileError(key, file=path.name)
    return rows.reset_index(drop=True)


def _renamed(inner: pathlib.Path, outer: pathlib.Path, layer_name: str) -> gpd.GeoDataFrame:
    """Read a file out of a zip so that its errors name the zip that the user knows."""
    try:
        return read_vector(checked_file(inner), layer_name=layer_name)
    except FileError as error:
        raise FileError(error.key, **{**error.values, "file": outer.name}) from error


def _read_ogr(
    source: str, file: str, *, layer: str | None = None, encoding: str | None = None
) -> gpd.GeoDataFrame:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            count = int(pyogrio.read_info(source, layer=layer, encoding=encoding)["features"])
            if count > MAX_ROWS:
                raise FileError("ledger_too_many_rows", file=file, rows=f"{count:,}", limit=f"{MAX_ROWS:,}")
            return pyogrio.read_dataframe(
                source,
                layer=layer,
                encoding=encoding,
                on_invalid="ignore",
                force_2d=True,
                datetime_as_string=True,
            )
    except (*OGR_ERRORS, ValueError) as error:
        raise FileError("ledger_unreadable", file=file) from error


def _read_geojson(path: pathlib.Path) -> gpd.GeoDataFrame:
    return _read_ogr(f"{GEOJSON_DRIVER}{path.resolve()}", path.name)


def _read_shapefile(path: pathlib.Path) -> gpd.GeoDataFrame:
    missing = [s for s in (".shx", ".dbf") if _sister(path, s) is None]
    if missing:
        raise FileError("ledger_shapefile_incomplete", file=path.name, missing=" ".join(missing))
    if _sister(path, ".prj") is None:
        raise FileError("ledger_prj_missing", file=path.name)
    with path.open("rb") as file:
        head = file.read(SHP_HEAD_BYTES)
    # A shapefile's head gives its length in 16-bit words; GDAL takes a file cut short for missing shapes.
    if path.stat().st_size < 2 * int.from_bytes(head[24:28], "big"):
        raise FileError("ledger_unreadable", file=path.name)
    return _read_ogr(str(path), path.name, encoding=_dbf_encoding(path))


def _sister(path: pathlib.Path, suffix: str) -> pathlib.Path | None:
    for name in (suffix, suffix.upper()):
        candidate = path.with_suffix(name)
        if candidate.is_file():
            return candidate
    return None


def _dbf_encoding(path: pathlib.Path) -> str:
    """Tell UTF-8 from CP932 by the bytes: a `.cpg` is often absent, or says Shift_JIS and means CP932."""
    dbf, cpg = _sister(path, ".dbf"), _sister(path, ".cpg")
    declared = cpg.read_text(encoding="ascii", errors="ignore").strip().lower() if cpg else ""
    if declared.replace("-", "") in {"utf8", "65001"}:
        return "UTF-8"
    if declared.replace("-", "_") in {"shift_jis", "sjis", "cp932", "932", "windows_31j", "ms932"}:
        return "CP932"
    try:
        (dbf.read_bytes() if dbf else b"").replace(b"\x00", b" ")[32:].decode("utf-8")
    except UnicodeDecodeError:
        return "CP932"
    return "UTF-8"


def _layer(path: pathlib.Path, layer_name: str) -> str:
    """Return the one layer with geometry, or the one that bears the expected name."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            layers = pyogrio.list_layers(path)
    except (*OGR_ERRORS, ValueError) as error:
        raise FileError("ledger_unreadable", file=path.name) from error
    if not len(layers):
        raise FileError("ledger_unreadable", file=path.name)
    spatial = [str(name) for name, geometry in layers if geometry is not None]
    if not spatial:
        raise FileError("ledger_not_spatial", file=path.name)
    if len(spatial) == 1:
        return spatial[0]
    if layer_name in spatial:
        return layer_name
    raise FileError("ledger_layers", file=path.name, layers=", ".join(spatial[:10]), wanted=layer_name)


def _read_parquet(path: pathlib.Path) -> gpd.GeoDataFrame:
    try:
        count = pyarrow.parquet.ParquetFile(path).metadata.num_rows
        if count > MAX_ROWS:
            raise FileError("ledger_too_many_rows", file=path.name, rows=f"{count:,}", limit=f"{MAX_ROWS:,}")
        rows = gpd.read_parquet(path)
    except (OSError, pyarrow.lib.ArrowException) as error:
        raise FileError("ledger_unreadable", file=path.name) from error
    except ValueError as error:
        # GeoPandas says so of a Parquet file that has no geometry column.
        key = "ledger_not_spatial" if "geo metadata" in str(error) else "ledger_unreadable"
        raise FileError(key, file=path.name) from error
    rows = rows.rename_geometry("geometry") if rows.geometry.name != "geometry" else rows
    return rows.set_geometry(rows.geometry.force_2d())
