"""Workbooks (xlsx, xlsm, xls, ods): the values of one sheet as the text that a person wrote."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import functools
import itertools
import pathlib
from collections.abc import Collection, Iterator
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import python_calamine

from gunmane.errors import FileError
from gunmane.i18n import LANGUAGES, t
from gunmane.ledgers import files
from gunmane.ledgers.heading_rows import (
    UNNAMED,
    Headings,
    count_known,
    find_headings,
    has_place,
    refuse_tables_beside,
    row_limit,
)
from gunmane.ledgers.merged_cells import fill_down
from gunmane.ledgers.profiles import Layout
from gunmane.ledgers.raw import Raw
from gunmane.ledgers.workbook_parts import MAX_CELLS, Part, look_through

MAX_COLUMNS = 2000
CHUNK_CELLS = 1_000_000
FORMATS = {".xlsx": "xlsx", ".xlsm": "xlsx", ".xls": "xls", ".ods": "ods"}
# Sheets of our own templates that are no ledger, by their keys in the catalogues.
EXPLAINING = ("template.sheet_about", "template.sheet_grades")
BOOK_FAULTS = (python_calamine.CalamineError, OSError, ValueError, KeyError)


@dataclasses.dataclass(frozen=True, eq=False)
class _Sheet:
    """A sheet with rows: where its cells begin, its headings, and what speaks for it."""

    name: str
    cells: Any
    headings: Headings
    is_visible: bool
    rows: int

    @property
    def rank(self) -> tuple[bool, bool, int, bool, int]:
        """Say how likely it is the ledger: a table that is seen, with a place, with known headings, with rows."""
        known, is_placed = count_known(self.headings.names), has_place(self.headings.names)
        # A note on its own must not stand before a ledger that someone hid.
        is_seen_table = self.is_visible and (is_placed or known > 1)
        return is_seen_table, is_placed, min(known, 6), self.is_visible, self.rows


def open_sheets(
    path: pathlib.Path,
    *,
    layout: Layout,
    columns: Collection[str] | None = None,
    max_rows: int | None = None,
) -> Raw:
    """
    Return the rows of one sheet of a workbook as text; blank cells are missing, blank rows left out.

    Whole numbers come without a point, dates as ISO 8601. Formulas are never computed: their stored value counts, and
    a cell that has none is missing and counted, as are cells with an error (#N/A).

    Parameters
    ----------
    path
        File to read; it must have passed `checked_file`. Macros are ignored.
    layout
        `sheet`, `heading_row` and `heading_rows` count where given; else the visible sheet with a place, most known
        headings, most rows.
    columns
        Columns to keep; None keeps all.
    max_rows
        Rows to read at most.

    Returns
    -------
    raw
        Index: the sheet's own row numbers. `told`: `sheet`, `sheets` (those with rows), `hidden_sheets`,
        `heading_row`, `heading_rows`, `title`, `formulas_without_value`, `error_cells`, `merged_filled` and
        `merged_kept` (cells by columns, see `fill_down`).

    Raises
    ------
    FileError
        If the file is broken, locked, too large when unpacked, has no rows or too many, no sheet of that name, or
        rows only where our templates explain their columns; or several tables stand beside each other.
    """
    kind = path.suffix.lower()
    parts = look_through(path)
    with _faults_told(path.name):
        book = python_calamine.load_workbook(str(path))
        sheets = [s for s in (_sheet(book, meta, layout) for meta in book.sheets_metadata) if s]
        names = tuple(book.sheet_names)
    if layout.sheet and layout.sheet not in names:
        raise FileError(
            "ledger_sheet_unknown", file=path.name, sheet=layout.sheet, sheets=", ".join(names[:10])
        )
    chosen = (
        [s for s in sheets if s.name == layout.sheet] if layout.sheet else _tables(sheets, names, path.name)
    )
    if not chosen:
        raise FileError("ledger_no_rows", file=path.name)
    sheet = max(chosen, key=lambda s: s.rank)
    refuse_tables_beside(sheet.headings, path.name)
    with _faults_told(path.name):
        table = _table(sheet, path.name, columns, max_rows)
        part = parts.get(sheet.name, Part())
        merged = fill_down(table, sheet.headings, sheet.cells.merged_cell_ranges or part.merged)
    if table.empty:
        raise FileError("ledger_no_rows", file=path.name)
    told = {"sheet": sheet.name, "sheets": [s.name for s in chosen], **sheet.headings.told()}
    told |= _told(sheets, part) | merged
    return Raw(path.name, FORMATS[kind], table, told=told)


def _tables(sheets: list[_Sheet], names: tuple[str, ...], file: str) -> list[_Sheet]:
    """
    Return the sheets that may be the ledger: not those that explain the columns of our own templates.

    Raises
    ------
    FileError
        If only such sheets have rows.
    """
    explaining = _explaining()
    found = [sheet for sheet in sheets if sheet.name not in explaining]
    if sheets and not found:
        empty = next((name for name in names if name not in explaining), names[0])
        raise FileError(
            "ledger_only_explained", file=file, sheet=empty, left="・".join(s.name for s in sheets)
        )
    return found


@functools.cache
def _explaining() -> frozenset[str]:
    return frozenset(t(key, lang) for key in EXPLAINING for lang in LANGUAGES)


def _told(sheets: list[_Sheet], part: Part) -> dict[str, Any]:
    told: dict[str, Any] = {}
    hidden = [sheet.name for sheet in sheets if not sheet.is_visible]
    if hidden:
        told["hidden_sheets"] = hidden
    if part.formulas_without_value:
        told["formulas_without_value"] = part.formulas_without_value
    if part.error_cells:
        told["error_cells"] = part.error_cells
    return told


@contextlib.contextmanager
def _faults_told(file: str) -> Iterator[None]:
    try:
        yield
    except python_calamine.PasswordError as error:
        raise FileError("ledger_zip_locked", file=file) from error
    except BOOK_FAULTS as error:
        raise FileError("ledger_unreadable", file=file) from error
    except BaseException as error:
        # What a reader written in Rust raises when it gives up is no `Exception`, and its class is not exported.
        if type(error).__name__ != "PanicException":
            raise
        raise FileError("ledger_unreadable", file=file) from error


def _sheet(book: Any, meta: Any, layout: Layout) -> _Sheet | None:
    """Return a sheet with its headings, or None where it has no cells or is no sheet of cells."""
    if meta.typ != python_calamine.SheetTypeEnum.WorkSheet or layout.sheet not in {"", meta.name}:
        return None
    cells = book.get_sheet_by_name(meta.name)
    if cells.start is None:
        return None
    indent = [""] * cells.start[1]
    first = itertools.islice(cells.iter_rows(), max(row_limit(layout), cells.start[0] + 8))
    lines = [indent + [cell_text(value) for value in row] for row in first]
    headings = find_headings(lines, layout, merged=cells.merged_cell_ranges or ())
    is_visible = meta.visible == python_calamine.SheetVisibleEnum.Visible
    rows = cells.end[0] + 1 - headings.at - headings.count
    return _Sheet(meta.name, cells, headings, is_visible, rows) if rows > 0 else None


def _table(sheet: _Sheet, file: str, columns: Collection[str] | None, max_rows: int | None) -> pd.DataFrame:
    indent, width = sheet.cells.start[1], sheet.cells.width
    if width * sheet.rows > MAX_CELLS:
        raise FileError("ledger_sheet_too_large", file=file, sheet=sheet.name, limit=f"{MAX_CELLS:,}")
    names = list(sheet.headings.names[indent : indent + width])
    names += [UNNAMED.format(number=indent + i + 1) for i in range(len(names), width)]
    is_named = [*sheet.headings.is_named[indent : indent + width], *[False] * width][:width]
    parts: list[list[Any]] = [[] for _ in range(width)]
    numbers: list[int] = []
    for chunk_numbers, rows in _chunks(sheet, width, max_rows):
        numbers += chunk_numbers
        if len(numbers) > files.MAX_ROWS:
            raise FileError(
                "ledger_too_many_rows", file=file, rows=f"{len(numbers):,}", limit=f"{files.MAX_ROWS:,}"
            )
        for part, cells in zip(parts, zip(*rows, strict=True), strict=True):
            part.append(pa.array([cell_text(value) or None for value in cells], pa.large_string()))
    text = pd.StringDtype(na_value=np.nan)
    kept: dict[str, Any] = {}
    for name, known, part in zip(names, is_named, parts, strict=True):
        whole = pa.chunked_array(part, pa.large_string())
        if (known or whole.null_count < len(whole)) and (columns is None or name in columns):
            kept[name] = pd.array(whole, dtype=text)
    if len(kept) > MAX_COLUMNS:
        raise FileError("ledger_too_many_columns", file=file, limit=MAX_COLUMNS)
    return pd.DataFrame(kept, index=pd.Index(numbers, dtype="int64"))


def _chunks(sheet: _Sheet, width: int, max_rows: int | None) -> Iterator[tuple[list[int], list[list[Any]]]]:
    """Yield row numbers and rows of cells below the headings, blank rows left out, so many cells at a time."""
    start = sheet.headings.at + sheet.headings.count
    below = itertools.islice(enumerate(sheet.cells.iter_rows(), start=1), start, None)
    filled = ((number, row) for number, row in below if row.count("") < width)
    wanted = itertools.islice(filled, files.MAX_ROWS + 1 if max_rows is None else max_rows)
    size = max(CHUNK_CELLS // max(width, 1), 1)
    while chunk := list(itertools.islice(wanted, size)):
        yield [number for number, _ in chunk], [row for _, row in chunk]


def cell_text(value: object) -> str:
    """Return a cell as a person wrote it: whole numbers without a point, dates and times as ISO 8601."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime.datetime):
        is_day = value.time() == datetime.time()
        return value.date().isoformat() if is_day else value.isoformat()
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    return str(value)
