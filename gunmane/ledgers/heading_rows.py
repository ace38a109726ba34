"""Where the headings of a table stand: below titles, in one to four rows, with merged cells and units."""

from __future__ import annotations

import dataclasses
import re
import unicodedata
from collections.abc import Collection, Sequence
from typing import Any

from gunmane import schema
from gunmane.errors import FileError
from gunmane.ledgers.profiles import Layout

LON_NAMES = ("lon", "lng", "longitude", "経度")
LAT_NAMES = ("lat", "latitude", "緯度")
WKT_NAMES = ("wkt", "geometry", "geom", "the_geom")
# In the plane coordinates of Japan X points north; elsewhere X is longitude. Nobody can tell from the name.
X_NAMES, Y_NAMES = ("x", "x座標"), ("y", "y座標")
# Titles, dates and blank rows may stand above the headings; further down they are data.
FIRST_ROWS = 100
MAX_HEADING_ROWS = 4
# Between the parts of a heading that is spread over several rows: "位置 / 緯度".
JOINER = " / "
UNNAMED = "列{number}"
SHOWN = 4
NUMBER = re.compile(r"[-+]?[\d,]*\.?\d+(?:[eE][-+]?\d+)?%?")
DATE = re.compile(r"\d{1,4}[-/.年]\d{1,2}[-/.月]\d{1,2}日?(?:[T ][\d:.]+)?")
UNIT = re.compile(
    r"[(\[〔【]?(?:m|km|cm|mm|m2|m3|ha|度|年|年度|西暦|和暦|人|戸|円|千円|百万円|箇所|個|本|基|%)[)\]〕】]?"
)
# What numbers the rows of two tables beside each other; and how a heading that comes twice is told apart.
NUMBERING = re.compile(r"no\.?|#|番号|通番|連番|項番|通し番号|整理番号")
TIMES = re.compile(r" \(\d+\)$")
NAMING = re.compile(r"名|番号|name|(?:^|_)(?:id|no)$")
MIN_BLOCK = 2
# Parts of words that stand in headings of Japanese ledgers and seldom in their cells' first rows.
HEADING_WORDS = re.compile(
    r"番号|名称|[^\d]名$|コード|延長|橋長|幅員|面積|所在|住所|緯度|経度|座標|区分|種別|種類|備考|路線|管理者|年度|年月|判定|健全"
    r"|材質|口径|管径|管種|施設|構造|数量|単位|標高|^no\.?$|^id$|_id$|name$|code$|year|length|width|area|type|lon|lat|wkt"
)


@dataclasses.dataclass(frozen=True)
class Headings:
    """
    The headings of a table.

    Parameters
    ----------
    at
        Their first row, counted from 0 among all rows.
    count
        How many rows they fill; 0 where the table has none.
    names
        One name a column, all different, none blank.
    is_named
        Whether the file itself names the column.
    title
        What the first filled row above them says; "" where nothing stands there.
    first
        What the first filled row of the file says.
    is_titled
        True where the row taken for headings looks like a title: it fills at most half as many cells as a row below.
    tables
        How many tables with the same headings stand beside each other.
    """

    at: int
    count: int
    names: tuple[str, ...]
    is_named: tuple[bool, ...]
    title: str = ""
    first: str = ""
    is_titled: bool = False
    tables: int = 1

    def told(self) -> dict[str, Any]:
        """Return what `Raw.told` says of the headings; rows are counted from 1."""
        told: dict[str, Any] = {"heading_row": self.at + 1, "heading_rows": self.count, "title": self.title}
        return told | {"first": self.first, "is_titled": self.is_titled}


def find_headings(
    lines: Sequence[Sequence[str]],
    layout: Layout,
    *,
    merged: Collection[tuple[tuple[int, int], tuple[int, int]]] = (),
) -> Headings:
    """
    Return the headings among the first rows of a table.

    They begin at the first row that names a place (longitude and latitude, WKT, or X and Y); else at the first
    filled row of words that is about as wide as the rows below it; else at the first filled row. Rows of words below
    that fill what it leaves blank, and rows of units, belong to them.

    Parameters
    ----------
    lines
        The first rows as text; no more than `FIRST_ROWS` are looked at, unless the layout names a row further down.
    layout
        `heading_row` and `heading_rows` count where they are not 0.
    merged
        Merged cells as ((first row, first column), (last row, last column)), counted from 0.
    """
    rows = [[" ".join(str(cell).split()) for cell in line] for line in lines[: row_limit(layout)]]
    filled = [sum(bool(cell) for cell in row) for row in rows]
    first = next((i for i, count in enumerate(filled) if count), 0)
    words = " ".join(cell for cell in rows[first] if cell)[:60] if rows else ""
    named = _row_naming_a_place(rows)
    at, is_titled = named, False
    if at is None:
        at = _row_of_words(rows, filled)
        is_titled = bool(rows) and at == first and 2 * filled[first] <= max(filled)
    if layout.heading_row:
        at, is_titled = min(layout.heading_row - 1, max(len(rows) - 1, 0)), False
    elif not layout.heading_rows:
        at = _with_groups_above(rows, at, merged)
    count = layout.heading_rows or (0 if not rows else _row_count(rows, at, merged, is_titled=is_titled))
    count = min(count, len(rows) - at)
    names, is_named = _names(rows[at : at + count], at, merged)
    title = words if at > first else ""
    return Headings(at, count, names, is_named, title, words, is_titled, _tables(names, is_named))


def row_limit(layout: Layout) -> int:
    """Return how many first rows are needed to find the headings."""
    return max(FIRST_ROWS, layout.heading_row + MAX_HEADING_ROWS)


def refuse_tables_beside(headings: Headings, file: str) -> None:
    """
    Refuse a sheet with several tables beside each other: one row of it would be several rows of the ledger.

    Raises
    ------
    FileError
        If the same headings come several times side by side.
    """
    if headings.tables > 1:
        first = [name for name, known in zip(headings.names, headings.is_named, strict=True) if known]
        found = " | ".join(first[: min(len(first) // headings.tables, SHOWN)])
        raise FileError("ledger_tables_beside", file=file, count=headings.tables, found=found)


def _tables(names: Collection[str], is_named: Collection[bool]) -> int:
    """Return how often the headings repeat from the first one on, or from the second where the first only counts."""
    bare = [TIMES.sub("", name) for name, known in zip(names, is_named, strict=True) if known]
    starts = [0] + [1] * bool(bare and NUMBERING.fullmatch(plain(bare[0])))
    for part in (bare[start:] for start in starts):
        for width in range(MIN_BLOCK, len(part) // 2 + 1):
            block = part[:width]
            times = len(part) // width
            is_repeated = part[width : 2 * width] == block and len(set(block)) == width
            # A table of its own names what its rows are; counts of one thing may well repeat (箇所数 | 面積).
            is_repeated = is_repeated and any(NAMING.search(plain(name)) for name in block)
            # Two headings are two by chance; they must be all there is.
            if is_repeated and (width > MIN_BLOCK or part == block * times):
                return next(n for n in range(times, 1, -1) if part[: n * width] == block * n)
    return 1


def count_known(names: Collection[str]) -> int:
    """Return how many names are words that headings of ledgers have: tells a ledger's sheet from its notes."""
    own = set(schema.names("assets"))
    return sum(plain(name) in own or bool(HEADING_WORDS.search(plain(name))) for name in names)


def plain(name: str) -> str:
    """Return a heading as it is compared: full-width letters and case do not count."""
    return unicodedata.normalize("NFKC", str(name)).strip().casefold()


def has_name(cells: Collection[str], names: Collection[str]) -> bool:
    """Tell whether one of the cells is one of the names, case and full width apart."""
    return any(plain(cell) in names for cell in cells)


def has_place(names: Collection[str]) -> bool:
    """Tell whether headings name longitude and latitude, or shapes as text."""
    return (has_name(names, LON_NAMES) and has_name(names, LAT_NAMES)) or has_name(names, WKT_NAMES)


def _row_naming_a_place(rows: list[list[str]]) -> int | None:
    for wanted in ((LON_NAMES, LAT_NAMES), (WKT_NAMES,), (X_NAMES, Y_NAMES)):
        for i, cells in enumerate(rows):
            if all(has_name(cells, names) for names in wanted):
                return i
    return None


def _row_of_words(rows: list[list[str]], filled: list[int]) -> int:
    """Return the first row of known words, else the first wide one of words, else the first filled row."""
    widest = max(filled, default=0)
    for i, row in enumerate(rows):
        known = count_known([cell for cell in row if cell])
        if known > 1 and 2 * known >= filled[i] and 2 * filled[i] >= widest and _is_words(row):
            return i
    for i, row in enumerate(rows):
        if filled[i] >= min(widest, 2) and 2 * filled[i] > widest and _is_words(row):
            return i
    return next((i for i, count in enumerate(filled) if count), 0)


def _is_words(row: list[str]) -> bool:
    """Tell whether a row may be headings: hardly a number or a date in it."""
    cells = [unicodedata.normalize("NFKC", cell) for cell in row if cell]
    values = sum(bool(NUMBER.fullmatch(cell) or DATE.fullmatch(cell)) for cell in cells)
    return bool(cells) and 5 * values <= len(cells)


def _is_units(row: list[str]) -> bool:
    cells = [unicodedata.normalize("NFKC", cell).replace(" ", "") for cell in row if cell]
    return bool(cells) and all(UNIT.fullmatch(cell) for cell in cells)


def _with_groups_above(rows: list[list[str]], at: int, merged: Collection[Any]) -> int:
    """
    Return the row where the groups above a heading row begin.

    They are merged across a part of its columns, or down into it; where nothing tells of merged cells (CSV), a row
    that fills every blank of the row below does.
    """
    width = sum(bool(cell) for cell in rows[at]) if rows else 0
    while at > 0 and any(rows[at - 1]):
        spans = [m for m in merged if m[0][0] <= at - 1 <= m[1][0]]
        groups = [m for m in spans if m[0][1] < m[1][1] and (m[1][1] - m[0][1] + 1) * 2 <= width]
        is_tall = any(m[1][0] >= at for m in spans)
        if not (is_tall or len(groups) > 1 or _fills_blanks(rows[at - 1], rows[at])):
            break
        at -= 1
    return at


def _fills_blanks(above: list[str], below: list[str]) -> bool:
    blanks = [i for i in range(_filled_width(below)) if not below[i]]
    is_filled = all(i < len(above) and above[i] for i in blanks)
    return bool(blanks) and is_filled and sum(map(bool, above)) > 1 and _is_words(above)


def _row_count(rows: list[list[str]], at: int, merged: Collection[Any], *, is_titled: bool) -> int:
    if is_titled:
        return 1
    count = 1
    tall = max((m[1][0] for m in merged if m[0][0] == at), default=at)
    while count < MAX_HEADING_ROWS and at + count < len(rows) - 1:
        row = rows[at + count]
        if not any(row) or not (at + count <= tall or _continues(rows[at : at + count], row)):
            break
        if not _is_words(row):
            break
        count += 1
    return count


def _continues(block: list[list[str]], row: list[str]) -> bool:
    """Tell whether a row goes on with the headings above it rather than being data."""
    if _is_units(row):
        return True
    width = max(len(row), *(len(line) for line in block))
    above = [any(i < len(line) and line[i] for line in block) for i in range(width)]
    here = [i < len(row) and bool(row[i]) for i in range(width)]
    if not _is_words(row) or not any(here):
        return False
    # Below a merged group stand its parts: also where the group's other cells are blank.
    has_parts = any(h and not a for a, h in zip(above, here, strict=True))
    leaves_blank = any(a and not h for a, h in zip(above, here, strict=True))
    is_known = 2 * count_known([cell for cell in row if cell]) >= sum(here)
    return has_parts and (leaves_blank or is_known)


def _names(
    block: list[list[str]], at: int, merged: Collection[Any]
) -> tuple[tuple[str, ...], tuple[bool, ...]]:
    """Return one name a column from the rows of headings: parts joined, blanks numbered, doubles counted."""
    width = max((_filled_width(row) for row in block), default=0)
    spread = [_spread(row, width, at + i, merged, is_last=i == len(block) - 1) for i, row in enumerate(block)]
    names: list[str] = []
    is_named: list[bool] = []
    for column in range(width):
        own = [row[column] if column < len(row) else "" for row in block]
        parts: list[str] = []
        if any(own) or any(m[0][1] <= column <= m[1][1] and m[0][0] <= at < m[1][0] for m in merged):
            for part in (row[column] for row in spread):
                if parts and _is_units([part]):
                    parts[-1] += part if part.startswith(tuple("([（［〔【")) else f"({part})"
                elif part and (not parts or parts[-1] != part):
                    parts.append(part)
        name = unique = JOINER.join(parts) or UNNAMED.format(number=column + 1)
        times = 1
        while unique in names:
            times += 1
            unique = f"{name} ({times})"
        names.append(unique)
        is_named.append(bool(parts))
    return tuple(names), tuple(is_named)


def _spread(row: list[str], width: int, number: int, merged: Collection[Any], *, is_last: bool) -> list[str]:
    """Return a row of headings with each group's word above all of its columns."""
    cells = [row[i] if i < len(row) else "" for i in range(width)]
    spans = [m for m in merged if m[0][0] == number]
    for (_, west), (_, east) in spans:
        for i in range(west, min(east + 1, width)):
            cells[i] = cells[west]
    if spans or merged or is_last:
        return cells
    for i in range(1, width):
        cells[i] = cells[i] or cells[i - 1]
    return cells


def _filled_width(row: list[str]) -> int:
    return max((i + 1 for i, cell in enumerate(row) if cell), default=0)
