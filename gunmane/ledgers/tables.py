"""Tables with a place in their columns (longitude and latitude, or WKT): CSV in any usual encoding, Excel."""

from __future__ import annotations

import datetime
import io
import pathlib
import re
import unicodedata
import zipfile

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pyproj
import shapely

from gunmane.errors import FileError
from gunmane.ledgers.files import MAX_ROWS, checked_zip

LON_LAT = "EPSG:4326"
LON_NAMES = ("lon", "lng", "longitude", "経度")
LAT_NAMES = ("lat", "latitude", "緯度")
WKT_NAMES = ("wkt", "geometry", "geom", "the_geom")
# In the plane coordinates of Japan X points north; elsewhere X is longitude. Nobody can tell from the name.
XY_NAMES = ("x", "y", "x座標", "y座標")
SRID = re.compile(r"^\s*SRID=(\d+);", re.IGNORECASE)
# Kinds of WKT for which shapely gives up on the whole table instead of the row.
CURVES = re.compile(r"CIRCULARSTRING|COMPOUNDCURVE|CURVEPOLYGON|MULTICURVE|MULTISURFACE", re.IGNORECASE)
MAX_COLUMNS = 400


def read_table(path: pathlib.Path) -> gpd.GeoDataFrame:
    """
    Return the rows of a table as text, with the points or shapes that their columns give.

    Blank rows are left out; the index keeps each row's place in the file (0 is the first below the header).
    A row whose place cannot be read has missing geometry: a fault of the row, not of the file.

    Parameters
    ----------
    path
        File to read; it must have passed `checked_file`.

    Raises
    ------
    FileError
        If the file cannot be read, has no rows, too many, or no columns that give a place.
    """
    rows = _read_excel(path) if path.suffix.lower() == ".xlsx" else _read_csv(path)
    rows.columns = [str(name).strip() for name in rows.columns]
    if rows.empty:
        raise FileError("ledger_no_rows", file=path.name)
    if len(rows) > MAX_ROWS:
        raise FileError("ledger_too_many_rows", file=path.name, rows=f"{len(rows):,}", limit=f"{MAX_ROWS:,}")
    lon, lat, wkt = (_column(rows, names) for names in (LON_NAMES, LAT_NAMES, WKT_NAMES))
    if lon and lat:
        points = _points(rows[lon], rows[lat])
        return gpd.GeoDataFrame(rows.drop(columns=[lon, lat]), geometry=points, crs=LON_LAT)
    if wkt:
        shapes, crs = _shapes(rows[wkt], path.name)
        return gpd.GeoDataFrame(rows.drop(columns=wkt), geometry=shapes, crs=crs)
    key = "ledger_xy" if _column(rows, XY_NAMES) else "ledger_no_place"
    raise FileError(key, file=path.name, columns=", ".join(list(rows.columns)[:12]))


def _column(rows: pd.DataFrame, names: tuple[str, ...]) -> str | None:
    by_key = {unicodedata.normalize("NFKC", str(c)).casefold(): str(c) for c in reversed(rows.columns)}
    return next((by_key[name] for name in names if name in by_key), None)


def _degrees(values: pd.Series) -> np.ndarray:
    text = values.fillna("").map(lambda v: unicodedata.normalize("NFKC", str(v)).strip())
    return pd.to_numeric(text, errors="coerce").to_numpy(dtype="float64")


def _points(lon: pd.Series, lat: pd.Series) -> np.ndarray:
    x, y = _degrees(lon), _degrees(lat)
    points = np.asarray(shapely.points(x, y), dtype=object)
    points[~(np.isfinite(x) & np.isfinite(y))] = None
    return points


def _shapes(values: pd.Series, file: str) -> tuple[np.ndarray, str]:
    text = values.fillna("").astype("str").str.strip()
    srids = sorted({m.group(1) for m in text.map(SRID.match) if m})
    if len(srids) > 1:
        raise FileError("ledger_many_crs", file=file, found=", ".join(srids))
    crs = f"EPSG:{srids[0]}" if srids else LON_LAT
    try:
        pyproj.CRS.from_user_input(crs)
    except pyproj.exceptions.CRSError as error:
        raise FileError("ledger_crs_unusable", file=file, crs=crs) from error
    plain = text.str.replace(SRID, "", regex=True).to_numpy(dtype=object)
    plain[np.array([bool(CURVES.search(value)) for value in plain], dtype=bool)] = ""
    shapes = shapely.force_2d(shapely.from_wkt(plain, on_invalid="ignore"))
    return shapes, crs


def _decoded(path: pathlib.Path) -> str:
    data = path.read_bytes()
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings: tuple[str, ...] = ("utf-16",)
    else:
        encodings = ("utf-8-sig", "cp932")
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError as error:
            line = data[: error.start].count(b"\n") + 1
            continue
        if "\x00" not in text:
            return text
        line = text[: text.index("\x00")].count("\n") + 1
        break
    raise FileError("ledger_encoding", file=path.name, row=line)


def _read_csv(path: pathlib.Path) -> pd.DataFrame:
    text = _decoded(path).lstrip("\r\n")
    header = text.split("\n", 1)[0]
    separator = max((",", "\t", ";"), key=header.count)
    try:
        rows = pd.read_csv(
            io.StringIO(text),
            sep=separator,
            dtype="str",
            keep_default_na=False,
            index_col=False,
            skip_blank_lines=False,
        )
    except pd.errors.EmptyDataError as error:
        raise FileError("ledger_no_rows", file=path.name) from error
    except (pd.errors.ParserError, ValueError) as error:
        found = re.search(r"line (\d+)", str(error))
        raise FileError("ledger_ragged", file=path.name, row=found.group(1) if found else "?") from error
    return rows[(rows.fillna("") != "").any(axis=1)]


def _read_excel(path: pathlib.Path) -> pd.DataFrame:
    """Read the first sheet that has a header with a place; cells come back as the text that Excel shows."""
    checked_zip(path)
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        try:
            sheets = [_sheet(sheet) for sheet in book.worksheets]
        finally:
            book.close()
    # A broken workbook shows itself as whatever the parser stumbles over first.
    except (
        zipfile.BadZipFile,
        OSError,
        KeyError,
        ValueError,
        TypeError,
        AttributeError,
        SyntaxError,
        EOFError,
    ) as error:
        raise FileError("ledger_unreadable", file=path.name) from error
    filled = [sheet for sheet in sheets if not sheet.empty]
    if not filled:
        raise FileError("ledger_no_rows", file=path.name)
    placed = [s for s in filled if (_column(s, LON_NAMES) and _column(s, LAT_NAMES)) or _column(s, WKT_NAMES)]
    return (placed or filled)[0]


def _sheet(sheet: openpyxl.worksheet.worksheet.Worksheet) -> pd.DataFrame:
    lines = sheet.iter_rows(max_col=MAX_COLUMNS, values_only=True)
    header = [_cell_text(v) for v in next(lines, ())]
    while header and not header[-1]:
        header.pop()
    width = len(header)
    # Blank rows are left out as they come: a sheet may claim a million of them.
    rows: dict[int, list[str]] = {}
    for number, line in enumerate(lines):
        if len(rows) > MAX_ROWS:
            break
        texts = [_cell_text(value) for value in line[:width]]
        if any(texts):
            rows[number] = texts + [""] * (width - len(texts))
    return pd.DataFrame(list(rows.values()), index=list(rows), columns=header or None, dtype="str")


def _cell_text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime.datetime | datetime.date):
        return value.isoformat()
    return str(value)
