"""Tables to an Excel workbook: codes stay text, nothing is a formula, 60,000 rows in seconds, the same bytes again."""

from __future__ import annotations

import dataclasses
import datetime
import io
import math
import re
import zipfile
from collections.abc import Callable, Collection, Sequence
from itertools import accumulate
from typing import Any

import openpyxl
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from gunmane.exports.words import text_width

FORMATS = {"code": "@", "text": "@", "int": "#,##0", "decimal": "#,##0.0", "ratio": "0%", "any": "General"}
HEADER_ROW = 2
MAX_ROWS = 1_000_000  # Excel's sheet ends at 1,048,576
MAX_TEXT = 32_767
MIN_WIDTH, MAX_WIDTH = 7, 80
WRAPPED_WIDTH = 26  # of a text column in a table of many columns
HEADER_LINES = 3
LINE_POINTS = 16.0
A4_WIDTH = 150  # characters that an A4 page holds in readable size; wider tables print on A3
NOTICE_WIDTH = 120
A3_WIDTH = 215  # wider tables go over several pages side by side
WIDTH_SAMPLE = 200
NUMBER_TEXT: dict[str, Callable[[float], str]] = {
    "int": "{:,.0f}".format,
    "decimal": "{:,.1f}".format,
    "ratio": "{:.0%}".format,
    "any": "{:,.6g}".format,
}
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
RULE = Side(style="hair", color="8899AA")
MARK = PatternFill("solid", fgColor="FFD9B3")
LARGE = 10_000
MARGIN_INCHES = 0.4
HEADED_MARGIN_INCHES = 0.8
MAX_PAGE_HEADER = 215  # Excel takes 255, its own codes and the sheet's name among them
PLACES = {"int": 0, "decimal": 1}
EPOCH = (1980, 1, 1, 0, 0, 0)  # the first date a zip entry can have
MODIFIED = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*")


@dataclasses.dataclass(frozen=True)
class Sheet:
    """
    One table of a workbook.

    Parameters
    ----------
    title
        Name of the sheet (31 characters at most).
    columns
        (header, kind) of each column; kinds: code, text, int, decimal, ratio, any.
    rows
        Values in the order of the columns; None is an empty cell.
    remark
        What the reader of this table must know; it stands behind the notice.
    print_rows
        Rows that print; None prints all.
    marked
        Cells to colour, as (position of the row, position of the column); a marked cell is written as text.
    """

    title: str
    columns: Sequence[tuple[str, str]]
    rows: Sequence[Sequence[Any]]
    remark: str = ""
    print_rows: int | None = None
    marked: Collection[tuple[int, int]] = ()


def workbook_bytes(sheets: Sequence[Sheet], *, notice: str) -> bytes:
    """
    Return an .xlsx file with one sheet a table.

    openpyxl makes the book, its styles and its print set-up; the rows are put into it as text, because its own
    writer takes ten seconds for a table of members.

    Parameters
    ----------
    sheets
        Tables in order; a table above a million rows goes on in a further sheet.
    notice
        Line above every table, which also prints.
    """
    book = openpyxl.Workbook()
    book.remove(book.active)
    book.properties.creator = "gunmane"
    bodies = []
    for sheet in [part for whole in sheets for part in _parts(whole)]:
        page = book.create_sheet(sheet.title[:31])
        _set_up(page, sheet, notice)
        bodies.append(_body(sheet, _styles(page)))
    buffer = io.BytesIO()
    book.save(buffer)
    return _with_bodies(buffer.getvalue(), bodies)


def _parts(sheet: Sheet) -> list[Sheet]:
    if len(sheet.rows) <= MAX_ROWS:
        return [sheet]
    starts = range(0, len(sheet.rows), MAX_ROWS)
    return [
        dataclasses.replace(
            sheet,
            title=f"{sheet.title[:28]} {i}",
            rows=sheet.rows[start : start + MAX_ROWS],
            marked={(row - start, column) for row, column in sheet.marked if 0 <= row - start < MAX_ROWS},
        )
        for i, start in enumerate(starts, start=1)
    ]


def _set_up(page: Worksheet, sheet: Sheet, notice: str) -> None:
    widths = _widths(sheet)
    _set_notice(page, f"{notice} / {sheet.remark}" if sheet.remark else notice, widths)
    for number, ((header, _), width) in enumerate(zip(sheet.columns, widths, strict=True), start=1):
        cell = page.cell(row=HEADER_ROW, column=number, value=header)
        cell.data_type = "s"
        cell.font = Font(bold=True)
        cell.fill = PatternFill("solid", fgColor="DDE6EE")
        cell.alignment = Alignment(wrap_text=True, vertical="top")
        page.column_dimensions[get_column_letter(number)].width = width
    lines = max(_lines(header, width) for (header, _), width in zip(sheet.columns, widths, strict=True))
    page.row_dimensions[HEADER_ROW].height = lines * LINE_POINTS
    page.freeze_panes = page.cell(row=HEADER_ROW + 1, column=1)
    last = get_column_letter(max(len(sheet.columns), 1))
    page.auto_filter.ref = f"A{HEADER_ROW}:{last}{HEADER_ROW + max(len(sheet.rows), 1)}"
    _set_print(page, sheet, notice, widths)


def _set_print(page: Worksheet, sheet: Sheet, notice: str, widths: Sequence[float]) -> None:
    """Set up how a sheet prints: landscape, on as many pages side by side as it takes to be read."""
    last = get_column_letter(max(len(sheet.columns), 1))
    for side in ("left", "right", "top", "bottom"):
        setattr(page.page_margins, side, MARGIN_INCHES + (0.3 if side == "bottom" else 0.0))
    page.print_title_rows = f"1:{HEADER_ROW}"
    page.page_setup.orientation = "landscape"
    page.page_setup.paperSize = page.PAPERSIZE_A3 if sum(widths) > A4_WIDTH else page.PAPERSIZE_A4
    pages = max(math.ceil(sum(widths) / A3_WIDTH), 1)
    page.page_setup.fitToWidth = pages
    is_cut = sheet.print_rows is not None and len(sheet.rows) > sheet.print_rows
    end = HEADER_ROW + max(int(sheet.print_rows or 0) if is_cut else len(sheet.rows), 1)
    if pages > 1:
        # The notice above the table would be cut where the page ends: the page's own header tells it whole.
        page.print_title_cols, page.print_title_rows = "A:A", f"{HEADER_ROW}:{HEADER_ROW}"
        page.oddHeader.left.text = notice[:MAX_PAGE_HEADER].replace("&", "&&")
        page.page_margins.top = HEADED_MARGIN_INCHES
    if pages > 1 or is_cut:
        page.print_area = f"A{HEADER_ROW if pages > 1 else 1}:{last}{end}"
    page.page_setup.fitToHeight = 0
    page.sheet_properties.pageSetUpPr = openpyxl.worksheet.properties.PageSetupProperties(fitToPage=True)
    page.oddFooter.left.text = sheet.title
    page.oddFooter.right.text = "&P / &N"
    if pages > 1 and sheet.remark:
        page.oddFooter.center.text = sheet.remark[:MAX_PAGE_HEADER].replace("&", "&&")


def _set_notice(page: Worksheet, text: str, widths: Sequence[float]) -> None:
    """Put the notice above the table, on as many lines as it takes, so that it also prints in full."""
    count = next((i for i, w in enumerate(accumulate(widths), 1) if w >= NOTICE_WIDTH), len(widths))
    page["A1"].value = text
    page["A1"].font = Font(bold=True, color="B00020")
    page["A1"].alignment = Alignment(wrap_text=True, vertical="top")
    page.row_dimensions[1].height = _lines(text, sum(widths[:count])) * LINE_POINTS
    if count > 1:
        page.merge_cells(start_row=1, end_row=1, start_column=1, end_column=count)


def _widths(sheet: Sheet) -> list[float]:
    return [_width(header, kind, sheet, column) for column, (header, kind) in enumerate(sheet.columns)]


def _width(header: str, kind: str, sheet: Sheet, column: int) -> float:
    values = [row[column] for row in sheet.rows[:WIDTH_SAMPLE] if row[column] is not None]
    if kind in NUMBER_TEXT:
        numbers = [v for row in sheet.rows if _is_number(v := row[column]) and math.isfinite(v)]
        values += [max(numbers), min(numbers)] if numbers else []
    texts = [_number_text(v, kind) if kind in NUMBER_TEXT and _is_number(v) else str(v) for v in values]
    longest = max([text_width(header) / HEADER_LINES + 1, *(text_width(text) for text in texts)])
    widest = WRAPPED_WIDTH if kind == "text" and len(sheet.columns) > 3 else MAX_WIDTH
    return float(min(max(longest + 2, MIN_WIDTH), widest))


def _number_text(value: float, kind: str) -> str:
    return NUMBER_TEXT["int" if _is_large(value, kind) else kind](value)


def _is_large(value: float, kind: str) -> bool:
    """Years and small counts stay plain, large whole numbers get their thousands."""
    return kind == "any" and abs(value) >= LARGE and float(value).is_integer()


def _lines(text: str, width: float) -> int:
    """Return how many lines a text takes in a column; a little is lost at each line's end."""
    return max(math.ceil(text_width(text) / max(width - 2, 1)), 1)


def _styles(page: Worksheet) -> dict[str, int]:
    """Register the style of each kind of cell and return its number; the cells that served are taken away."""
    kinds = [(kind, number_format, False, False) for kind, number_format in FORMATS.items()]
    kinds += [("quoted", "@", True, False), ("marked", "@", False, True), ("marked quoted", "@", True, True)]
    numbers = {}
    for column, (kind, number_format, is_quoted, is_marked) in enumerate(kinds, start=1):
        # One cell each: openpyxl keeps the style object itself, and a second use would change the first.
        probe = page.cell(row=HEADER_ROW + 1, column=column)
        probe.number_format = number_format
        is_text = number_format == "@"
        probe.alignment = Alignment(
            horizontal="left" if is_text else None,
            vertical="top",
            indent=1 if is_text else 0,
            wrap_text=kind == "text" or None,
        )
        probe.border = Border(bottom=RULE)
        probe.quotePrefix = is_quoted
        if is_marked:
            probe.fill = MARK
        numbers[kind] = int(probe.style_id)
        del page._cells[HEADER_ROW + 1, column]
    return numbers


def _body(sheet: Sheet, styles: dict[str, int]) -> bytes:
    letters = [get_column_letter(i) for i in range(1, len(sheet.columns) + 1)]
    kinds = [kind for _, kind in sheet.columns]
    told: list[dict[Any, str]] = [{} for _ in kinds]
    wrapped = [
        (i, width)
        for i, (width, kind) in enumerate(zip(_widths(sheet), kinds, strict=True))
        if kind == "text"
    ]
    lines, marked = [], frozenset(sheet.marked)
    for number, row in enumerate(sheet.rows, start=HEADER_ROW + 1):
        cells = []
        for column, (letter, value, kind, known) in enumerate(zip(letters, row, kinds, told, strict=True)):
            if marked and (number - HEADER_ROW - 1, column) in marked:
                cells.append(f'<c r="{letter}{number}"{_marked_rest(value, styles)}')
                continue
            if value is None:
                continue
            # The same few names stand in thousands of rows: each is written out once.
            rest = known.get(value) if isinstance(value, str) else _rest(value, kind, styles)
            if rest is None:
                rest = known[value] = _rest(value, kind, styles)
            cells.append(f'<c r="{letter}{number}"{rest}')
        count = max((_lines(str(row[i]), width) for i, width in wrapped if row[i] is not None), default=1)
        height = f' ht="{count * LINE_POINTS}" customHeight="1"' if count > 1 else ""
        lines.append(f'<row r="{number}"{height}>{"".join(cells)}</row>')
    return "".join(lines).encode()


def _rest(value: Any, kind: str, styles: dict[str, int]) -> str:
    """Return a cell's XML after its place."""
    if kind not in {"code", "text"} and _is_number(value):
        if not math.isfinite(value):
            return "/>"
        style = styles["int" if _is_large(value, kind) else kind]
        value = round(value, PLACES[kind]) if kind in PLACES else value
        return f' s="{style}"><v>{value}</v></c>'
    text = str(value)
    style = (
        styles["quoted"] if text.startswith(FORMULA_STARTS) else styles["text" if kind == "text" else "code"]
    )
    return f' s="{style}" t="inlineStr"><is><t xml:space="preserve">{_escaped(text)}</t></is></c>'


def _marked_rest(value: Any, styles: dict[str, int]) -> str:
    """Return a coloured cell's XML after its place; an empty one is coloured too."""
    text = "" if value is None else str(value)
    style = styles["marked quoted" if text.startswith(FORMULA_STARTS) else "marked"]
    return f' s="{style}" t="inlineStr"><is><t xml:space="preserve">{_escaped(text)}</t></is></c>'


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _escaped(text: str) -> str:
    safe = NOT_XML.sub("", text[:MAX_TEXT])
    return safe.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def fixed_date(data: bytes) -> bytes:
    """Return a workbook with a fixed date on everything, so that the same tables give the same file."""
    return _with_bodies(data, [])


def _with_bodies(data: bytes, bodies: list[bytes]) -> bytes:
    """Put the rows into the sheets, and a fixed date on everything, so that the same tables give the same file."""
    out = io.BytesIO()
    fixed = datetime.datetime(*EPOCH, tzinfo=datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ").encode()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as new,
    ):
        for name in old.namelist():
            content = old.read(name)
            found = re.fullmatch(r"xl/worksheets/sheet(\d+)\.xml", name)
            if found and bodies:
                body = bodies[int(found.group(1)) - 1]
                content = content.replace(b"</sheetData>", body + b"</sheetData>", 1)
                content = re.sub(rb"<dimension [^>]*/>", b"", content, count=1)
            if name == "docProps/core.xml":
                content = MODIFIED.sub(rb"\g<1>" + fixed, content)
            info = zipfile.ZipInfo(name, date_time=EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(info, content)
    return out.getvalue()
