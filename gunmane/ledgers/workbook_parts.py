"""What stands in the parts of a workbook before it is read whole: how far its cells reach, formulas, errors."""

from __future__ import annotations

import dataclasses
import itertools
import pathlib
import posixpath
import re
import zipfile
from collections.abc import Iterator
from typing import Any
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring, iterparse

from gunmane.errors import FileError
from gunmane.ledgers import files
from gunmane.ledgers.archives import ZIP_FAULTS, checked_zip, member_blocks

# The reader lays a sheet out as one block of cells from the first filled one to the last.
MAX_CELLS = 30_000_000
MAX_ROW_BYTES = 64 * files.MEGABYTE
LETTERS = 26
# A cell with something in it: a formatted blank cell closes itself.
FILLED = re.compile(rb"<(?:\w+:)?c\s[^>]*?\br\s*=\s*[\"']\s*([A-Za-z]+)(\d+)\s*[\"'][^>]*(?<!/)>")
ERROR = re.compile(rb"<(?:\w+:)?c\s[^>]*?\bt\s*=\s*[\"']e[\"']")
FORMULA = re.compile(
    rb"<(?:\w+:)?c\b([^>]*)>\s*<(?:\w+:)?f(?:\s[^>]*)?(?:/>|>[^<]*</(?:\w+:)?f>)\s*"
    rb"(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v>\s*</(?:\w+:)?v>)?\s*</(?:\w+:)?c>"
)
# A formula that gave an empty text has a value: "".
EMPTY_TEXT = re.compile(rb"\bt\s*=\s*[\"']str[\"']")
TABLE_NS = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
VALUE_TYPE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}value-type"
RELATION_ID = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


@dataclasses.dataclass(frozen=True)
class Part:
    """
    A sheet as it stands in its file.

    Parameters
    ----------
    rows, columns
        Last row and column that is filled, counted from 1; 0 where nothing is.
    formulas_without_value
        Formulas whose value was never stored.
    error_cells
        Cells that hold an error such as #N/A.
    merged
        Cells merged over several rows as ((first row, column), (last row, column)), counted from 0; of an OpenDocument
        sheet only, as its reader does not tell them.
    """

    rows: int = 0
    columns: int = 0
    formulas_without_value: int = 0
    error_cells: int = 0
    merged: tuple[tuple[tuple[int, int], tuple[int, int]], ...] = ()


def look_through(path: pathlib.Path) -> dict[str, Part]:
    """
    Return what stands in each sheet of a workbook, by the sheet's name; nothing for `.xls`.

    Raises
    ------
    FileError
        If the file is broken or locked, would unpack to too much, or a sheet's filled cells lie too far apart.
    """
    kind = path.suffix.lower()
    if kind == ".xls":
        # Its grid has 65,536 x 256 cells, which is bound enough.
        return {}
    members = {member.filename: member for member in checked_zip(path)}
    try:
        if kind == ".ods":
            return _ods_parts(path, members)
        parts: dict[str, Part] = {}
        for name, member in members.items():
            parts[name] = Part()
            for block in _rows_of(path, member):
                if name.startswith("xl/worksheets/"):
                    parts[name] = _counted(parts[name], block, path.name, name)
        names = _sheet_names(path, members)
    except (*ZIP_FAULTS, KeyError, ParseError, DefusedXmlException) as error:
        raise FileError("ledger_unreadable", file=path.name) from error
    return {sheet: parts.get(part, Part()) for sheet, part in names.items()}


def _rows_of(path: pathlib.Path, member: zipfile.ZipInfo) -> Iterator[bytes]:
    """Yield a part in blocks that end where a row ends."""
    rest = b""
    for block in member_blocks(path, member):
        whole, end, after = (rest + block).rpartition(b"row>")
        if end:
            yield whole + end
        rest = after
        if len(rest) > MAX_ROW_BYTES:
            # Pictures and shared words have no rows; only their size was of interest.
            rest = b""
    yield rest


def _counted(part: Part, block: bytes, file: str, name: str) -> Part:
    found = FILLED.findall(block)
    columns = max((_column_number(letters) for letters in {letters for letters, _ in found}), default=0)
    rows = max((int(number) for _, number in found), default=0)
    empty = sum(not EMPTY_TEXT.search(match.group(1)) for match in FORMULA.finditer(block))
    part = Part(
        max(part.rows, rows),
        max(part.columns, columns),
        part.formulas_without_value + empty,
        part.error_cells + len(ERROR.findall(block)),
    )
    _check_area(part, file, posixpath.basename(name))
    return part


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * LETTERS + letter - ord("A") + 1
    return number


def _check_area(part: Part, file: str, sheet: str) -> None:
    if part.rows * part.columns > MAX_CELLS:
        raise FileError("ledger_sheet_too_large", file=file, sheet=sheet, limit=f"{MAX_CELLS:,}")


def _sheet_names(path: pathlib.Path, members: dict[str, zipfile.ZipInfo]) -> dict[str, str]:
    """Return the part in which each sheet stands."""
    book = fromstring(_whole(path, members["xl/workbook.xml"]), forbid_dtd=True)
    links = fromstring(_whole(path, members["xl/_rels/workbook.xml.rels"]), forbid_dtd=True)
    targets = {link.get("Id"): link.get("Target", "") for link in links}
    sheets = [element for element in book.iter() if element.tag.rpartition("}")[2] == "sheet"]
    return {
        sheet.get("name", ""): posixpath.normpath(
            posixpath.join("/xl", targets.get(sheet.get(RELATION_ID), ""))
        )[1:]
        for sheet in sheets
    }


def _whole(path: pathlib.Path, member: zipfile.ZipInfo) -> bytes:
    return b"".join(itertools.islice(member_blocks(path, member), 64))


def _ods_parts(path: pathlib.Path, members: dict[str, zipfile.ZipInfo]) -> dict[str, Part]:
    """Return the filled extent of each sheet; one cell of an OpenDocument sheet may stand for a million."""
    for name, member in members.items():
        if name != "content.xml":
            for _ in member_blocks(path, member):
                pass
    parts: dict[str, Part] = {}
    merged: list[tuple[tuple[int, int], tuple[int, int]]] = []
    rows, columns, width, filled = 0, 0, 0, 0
    sheet = ""
    with zipfile.ZipFile(path) as archive, archive.open(members["content.xml"]) as stream:
        for event, element in iterparse(stream, events=("start", "end"), forbid_dtd=True):
            tag = element.tag
            if tag == f"{TABLE_NS}table" and event == "start":
                sheet, rows, columns = element.get(f"{TABLE_NS}name", ""), 0, 0
                parts[sheet], merged = Part(), []
            elif tag == f"{TABLE_NS}table-row" and event == "start":
                width = filled = 0
            elif event == "start":
                continue
            elif tag == f"{TABLE_NS}table":
                parts[sheet] = dataclasses.replace(parts[sheet], merged=tuple(merged))
            elif tag in {f"{TABLE_NS}table-cell", f"{TABLE_NS}covered-table-cell"}:
                if (height := int(element.get(f"{TABLE_NS}number-rows-spanned", "1"))) > 1:
                    merged.append(((rows, width), (rows + height - 1, width)))
                width += _times(element, "columns")
                filled = width if len(element) or element.text or element.get(VALUE_TYPE) else filled
            elif tag == f"{TABLE_NS}table-row":
                rows += _times(element, "rows")
                columns = max(columns, filled)
                if filled:
                    parts[sheet] = Part(rows, columns)
                    _check_area(parts[sheet], path.name, sheet)
                element.clear()
    return parts


def _times(element: Any, what: str) -> int:
    return max(int(element.get(f"{TABLE_NS}number-{what}-repeated", "1")), 1)
