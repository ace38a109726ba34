"""Tables with a place in their columns (longitude and latitude, or WKT): CSV in any usual encoding, Excel."""

from __future__ import annotations

import contextlib
import csv
import datetime
import io
import itertools
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
# Titles, dates and blank rows may stand above the headings; further down they are data.
HEADING_ROWS = 10


def read_table(path: pathlib.Path) -> gpd.GeoDataFrame:
    """
    Return the rows of a table as text, with the points or shapes that their columns give.

    Blank rows are left out. The index plus 1 is the row's number as a spreadsheet shows it (headings in row 1:
    the first data row is 2). Headings are looked for in the first rows: `attrs["heading_row"]` is their row
    number, `attrs["title"]` what the first filled row above them says.
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
    told = dict(rows.attrs)
    rows.columns = [str(name).strip() for name in rows.columns]
    if rows.empty:
        raise FileError("ledger_no_rows", file=path.name)
    if len(rows) > MAX_ROWS:
        raise FileError("ledger_too_many_rows", file=path.name, rows=f"{len(rows):,}", limit=f"{MAX_ROWS:,}")
    placed = _placed(rows, path.name, str(told["first"]), is_titled=bool(told["is_titled"]))
    placed.attrs = {"heading_row": told["heading_row"], "title": told["title"]}
    return placed


def _placed(rows: pd.DataFrame, file: str, first: str, *, is_titled: bool) -> gpd.GeoDataFrame:
    """Return the rows with their places; `first` is what row 1 of the file says."""
    lon, lat, wkt = (_column(rows, names) for names in (LON_NAMES, LAT_NAMES, WKT_NAMES))
    if lon and lat:
        points = _points(rows[lon], rows[lat])
        return gpd.GeoDataFrame(rows.drop(columns=[lon, lat]), geometry=points, crs=LON_LAT)
    if wkt:
        shapes, crs = _shapes(rows[wkt], file)
        return gpd.GeoDataFrame(rows.drop(columns=wkt), geometry=shapes, crs=crs)
    columns = ", ".join(list(rows.columns)[:12])
    if _column(rows, XY_NAMES):
        raise FileError("ledger_xy", file=file, columns=columns)
    if is_titled:
        raise FileError("ledger_no_heading", file=file, found=first)
    raise FileError("ledger_no_place", file=file, columns=columns)


def _heading(lines: list[list[str]]) -> tuple[int, dict[str, object]]:
    """
    Return the position of the headings among the first lines of a table, and what to tell of it.

    They are the first line that names a place, or X and Y; else the first line that is filled. `is_titled` says that
    this line is a title rather than headings: it fills at most half as many cells as a line below it.
    """
    for wanted in ((LON_NAMES, LAT_NAMES), (WKT_NAMES,), (XY_NAMES,)):
        hits = [i for i, cells in enumerate(lines) if all(_has(cells, names) for names in wanted)]
        if hits:
            break
    filled = [sum(bool(cell.strip()) for cell in cells) for cells in lines]
    first = next((i for i, count in enumerate(filled) if count), 0)
    at = hits[0] if hits else first
    words = " ".join(" ".join(lines[first]).split()) if lines else ""
    is_titled = not hits and bool(lines) and 2 * filled[first] <= max(filled)
    title = words[:60] if at > first else ""
    return at, {"heading_row": at + 1, "title": title, "first": words[:60], "is_titled": is_titled}


def _has(cells: list[str], names: tuple[str, ...]) -> bool:
    return any(_plain(cell) in names for cell in cells)


def _plain(name: str) -> str:
    return unicodedata.normalize("NFKC", name).strip().casefold()


def _column(rows: pd.DataFrame, names: tuple[str, ...]) -> str | None:
    by_key = {_plain(str(c)): str(c) for c in reversed(rows.columns)}
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
    text = _decoded(path)
    start = text.split("\n", HEADING_ROWS)[:HEADING_ROWS]
    # A title row has no separators: the line with the most of them tells.
    separator = max((",", "\t", ";"), key=lambda mark: max(line.count(mark) for line in start))
    at, told = _heading(_first_records(text, separator))
    body = _without_records(text, separator, at)
    try:
        rows = pd.read_csv(
            io.StringIO(body),
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
        row = str(int(found.group(1)) + at) if found else "?"
        raise FileError("ledger_ragged", file=path.name, row=row) from error
    rows.index = pd.RangeIndex(at + 1, at + 1 + len(rows))
    rows = rows[(rows.fillna("") != "").any(axis=1)]
    rows.attrs = told
    return rows


def _first_records(text: str, separator: str) -> list[list[str]]:
    records: list[list[str]] = []
    # A shape too long for a cell stands below the headings; what was read so far holds them.
    with contextlib.suppress(csv.Error):
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
        records.extend(itertools.islice(reader, HEADING_ROWS))
    return records


def _without_records(text: str, separator: str, count: int) -> str:
    """Return the text below its first records; a quoted cell may hold line breaks."""
    stream = io.StringIO(text, newline="")
    for _ in itertools.islice(csv.reader(stream, delimiter=separator), count):
        pass
    return stream.read()


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
    start = [[_cell_text(v) for v in line] for line in itertools.islice(lines, HEADING_ROWS)]
    at, told = _heading(start)
    header = start[at] if start else []
    while header and not header[-1]:
        header.pop()
    width = len(header)
    # Blank rows are left out as they come: a sheet may claim a million of them.
    rows: dict[int, list[str]] = {}
    rest = ([_cell_text(v) for v in line[:width]] for line in lines)
    for number, cells in enumerate(itertools.chain(start[at + 1 :], rest), start=at + 1):
        if len(rows) > MAX_ROWS:
            break
        texts = cells[:width]
        if any(texts):
            rows[number] = texts + [""] * (width - len(texts))
    table = pd.DataFrame(list(rows.values()), index=list(rows), columns=header or None, dtype="str")
    table.attrs = told
    return table


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
