"""CSV and its kin: any usual encoding and separator, titles above the headings, read as a stream."""

from __future__ import annotations

import contextlib
import csv
import dataclasses
import io
import itertools
import pathlib
import re
from collections import Counter
from collections.abc import Collection, Iterator
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute
import pyarrow.csv

from gunmane.errors import FileError
from gunmane.ledgers import files
from gunmane.ledgers.encodings import Utf8Stream, find_encoding
from gunmane.ledgers.heading_rows import (
    LAT_NAMES,
    LON_NAMES,
    UNNAMED,
    Headings,
    find_headings,
    plain,
    refuse_tables_beside,
    row_limit,
)
from gunmane.ledgers.profiles import Layout
from gunmane.ledgers.raw import Raw

SEPARATORS = (",", "\t", ";", "|")
# What Excel writes above a table to say its separator; Excel itself does not count the line.
SEP_LINE = re.compile(r'"?sep=(.)"?\s*$')
DECIMAL_COMMA = r"[-+]?\d{1,3},\d+"
HEAD_CHARACTERS = 1 << 20
BLOCK_BYTES = 16 << 20
MAX_COLUMNS = 2000
# A last row of our own: where it is swallowed, a quote was never closed.
LAST = "\x1e"


@dataclasses.dataclass(frozen=True)
class _Head:
    """The start of a text table: how many characters stand before row 1, its first records, their separator."""

    separator: str
    skipped: int
    records: list[list[str]]


class _Rows:
    """Batches of good rows and the rows of another width, until they become one table."""

    def __init__(self, file: str, names: tuple[str, ...], separator: str, first: int) -> None:
        self.file, self.names, self.separator, self.first = file, names, separator, first
        self.odd: dict[int, list[str | None]] = {}
        self.fault = 0
        self.short_count = 0

    def take_odd(self, row: Any) -> str:
        """Keep a row that is too short, or too long only by blank cells; note the first that is neither."""
        with contextlib.suppress(csv.Error):
            cells = next(csv.reader([row.text], delimiter=self.separator), [])
            width = len(self.names)
            if len(cells) <= width or not any(cell.strip() for cell in cells[width:]):
                padded = [cell or None for cell in cells[:width]]
                self.short_count += any(padded) and len(cells) < width
                self.odd[row.number] = padded + [None] * (width - len(padded))
                return "skip"
        self.fault = self.fault or row.number
        return "error"


def open_delimited(
    path: pathlib.Path,
    *,
    layout: Layout,
    columns: Collection[str] | None = None,
    max_rows: int | None = None,
) -> Raw:
    """
    Return the rows of a CSV, TSV or text table as text; blank cells are missing, blank rows left out.

    The file is read in blocks, so its size does not count against memory; only the chosen columns are kept.

    Parameters
    ----------
    path
        File to read; it must have passed `checked_file`.
    layout
        `encoding`, `separator`, `heading_row` and `heading_rows` count where given.
    columns
        Columns to keep; None keeps all.
    max_rows
        Rows to read at most.

    Returns
    -------
    raw
        Index: row number as a spreadsheet shows it (a cell with line breaks is one row). `told`: `encoding`,
        `separator`, `heading_row`, `heading_rows`, `title`, `short_rows` (rows with fewer cells than headings; the
        missing ones are at their end).

    Raises
    ------
    FileError
        If its encoding is not known, it is no text, has no rows or too many, a row has more cells than headings, a
        quote is never closed, several tables stand side by side, or degrees are written with a decimal comma.
    """
    encoding = find_encoding(path, path.name, wanted=layout.encoding)
    head = _read_head(path, encoding, layout)
    headings = find_headings(head.records, layout)
    refuse_tables_beside(headings, path.name)
    start = headings.at + headings.count
    headings = _widened(headings, head.records)
    if not headings.names:
        raise FileError("ledger_no_rows", file=path.name)
    if len(headings.names) > MAX_COLUMNS:
        raise FileError("ledger_too_many_columns", file=path.name, limit=MAX_COLUMNS)
    skip = _characters(path, encoding, head, start)
    ending = "\n" + head.separator.join([LAST] * len(headings.names)) + "\n"
    rows = _Rows(path.name, headings.names, head.separator, start + 1)
    with Utf8Stream(path, encoding, skip=skip, ending=ending) as stream:
        table = _read_rows(stream, rows, columns, max_rows)
    unnamed = [n for n, known in zip(headings.names, headings.is_named, strict=True) if not known]
    blank = [name for name in unnamed if name in table and not table[name].notna().any()]
    if table.empty:
        raise FileError("ledger_no_rows", file=path.name)
    _refuse_decimal_commas(table, path.name)
    told = {"encoding": encoding, "separator": head.separator, **headings.told()}
    if rows.short_count:
        told["short_rows"] = rows.short_count
    return Raw(path.name, "csv", table.drop(columns=blank), told=told)


def _read_head(path: pathlib.Path, encoding: str, layout: Layout) -> _Head:
    with path.open("r", encoding=encoding, newline="") as stream:
        text = stream.read(HEAD_CHARACTERS)
    first = re.split(r"[\r\n]", text, maxsplit=1)[0]
    said = SEP_LINE.fullmatch(first)
    skipped = len(first) + len(re.match(r"\r?\n?", text[len(first) :]).group(0)) if said else 0  # type: ignore[union-attr]
    text = text[skipped:]
    separator = layout.separator or (said.group(1) if said else "")
    if not separator:
        marks = ("\t", *SEPARATORS) if path.suffix.lower() == ".tsv" else SEPARATORS
        separator = max(marks, key=lambda mark: _evenness(_records(text, mark, row_limit(layout))))
    return _Head(separator, skipped, _records(text, separator, row_limit(layout)))


def _refuse_decimal_commas(table: pd.DataFrame, file: str) -> None:
    """Refuse degrees such as 34,47: elsewhere in the file a comma may stand between thousands, and nobody knows."""
    for name in table.columns:
        if plain(name) in (*LON_NAMES, *LAT_NAMES):
            found = table[name].dropna().str.strip()
            with_comma = found[found.str.fullmatch(DECIMAL_COMMA)]
            if len(with_comma):
                row, value = with_comma.index[0], with_comma.iloc[0]
                raise FileError("ledger_decimal_comma", file=file, row=int(row), column=name, value=value)


def _records(text: str, separator: str, limit: int) -> list[list[str]]:
    records: list[list[str]] = []
    # A shape too long for a cell stands below the headings; what was read so far holds them.
    with contextlib.suppress(csv.Error):
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
        records.extend(itertools.islice(reader, limit))
    return records


def _evenness(records: list[list[str]]) -> tuple[int, int]:
    """Say how well a separator cuts: how many rows have the commonest number of cells, and how many cells."""
    widths = Counter(len(record) for record in records if len(record) > 1)
    return max(((rows, width) for width, rows in widths.items()), default=(0, 0))


def _widened(headings: Headings, records: list[list[str]]) -> Headings:
    """Return the headings with columns at their end that the file has but does not name."""
    here, start = len(headings.names), headings.at + headings.count
    own = max((len(record) for record in records[headings.at : start]), default=0)
    below = [record for record in records[start:] if any(record)]
    common = min((len(record) for record in below), default=0)
    is_blank = not any(any(record[here:]) for record in below)
    width = max(own if own <= MAX_COLUMNS else 0, common if is_blank else 0)
    more = tuple(UNNAMED.format(number=i + 1) for i in range(here, width))
    names, is_named = headings.names + more, headings.is_named + (False,) * len(more)
    return dataclasses.replace(headings, names=names, is_named=is_named)


def _characters(path: pathlib.Path, encoding: str, head: _Head, count: int) -> int:
    """Return how many characters stand before the record that follows the first `count` ones."""
    used = head.skipped

    def lines() -> Iterator[str]:
        nonlocal used
        with path.open("r", encoding=encoding, newline="") as stream:
            stream.read(head.skipped)
            for line in stream:
                used += len(line)
                yield line

    for _ in itertools.islice(csv.reader(lines(), delimiter=head.separator), count):
        pass
    return used


def _read_rows(
    stream: Utf8Stream, rows: _Rows, columns: Collection[str] | None, max_rows: int | None
) -> pd.DataFrame:
    kept = [name for name in rows.names if columns is None or name in columns]
    batches, numbers, is_whole = [], [], False
    count, position = 0, 0
    try:
        for batch in _batches(stream, rows):
            # The reader says the number of an odd row; the others fill the numbers between them.
            own = _numbers(position, batch.num_rows, rows.odd)
            position = int(own[-1]) + 1 if len(own) else position
            is_last = batch.num_rows > 0 and batch.column(0)[-1].as_py() == LAST
            is_whole |= is_last
            is_filled = _is_filled(batch)
            if is_last:
                is_filled[-1] = False
            batches.append(batch.filter(pa.array(is_filled)).select(kept))
            numbers.append(own[is_filled])
            count += int(is_filled.sum())
            if max_rows is not None and count >= max_rows:
                break
            if count > files.MAX_ROWS:
                raise FileError(
                    "ledger_too_many_rows", file=rows.file, rows=f"{count:,}", limit=f"{files.MAX_ROWS:,}"
                )
        else:
            if not is_whole:
                raise FileError("ledger_quote_open", file=rows.file, row=rows.first + position - 1)
    except pa.ArrowInvalid as error:
        if rows.fault:
            raise FileError("ledger_ragged", file=rows.file, row=str(rows.first + rows.fault - 1)) from error
        raise FileError("ledger_quote_open", file=rows.file, row=rows.first + position) from error
    return _table(batches, numbers, rows, kept).head(max_rows if max_rows is not None else files.MAX_ROWS + 1)


def _batches(stream: Utf8Stream, rows: _Rows) -> Iterator[Any]:
    text = pa.large_string()
    reader = pyarrow.csv.open_csv(
        pa.PythonFile(stream, mode="r"),
        read_options=pyarrow.csv.ReadOptions(
            column_names=list(rows.names), use_threads=False, block_size=BLOCK_BYTES
        ),
        parse_options=pyarrow.csv.ParseOptions(
            delimiter=rows.separator,
            newlines_in_values=True,
            ignore_empty_lines=False,
            invalid_row_handler=rows.take_odd,
        ),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types=dict.fromkeys(rows.names, text),
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=True,
        ),
    )
    yield from reader


def _numbers(position: int, count: int, odd: dict[int, list[str | None]]) -> np.ndarray:
    """Return the row numbers (0 for the first row below the headings) of the next `count` good rows."""
    taken = np.array(sorted(n - 1 for n in odd if n - 1 >= position), dtype="int64")
    numbers = np.arange(position, position + count, dtype="int64")
    # Each odd row at or before a number pushes the good ones one on.
    return numbers + np.searchsorted(taken - np.arange(len(taken)), numbers, side="right")


def _is_filled(batch: Any) -> np.ndarray:
    is_filled = np.zeros(batch.num_rows, dtype=bool)
    for column in batch.columns:
        is_filled |= column.is_valid().to_numpy(zero_copy_only=False)
        if is_filled.all():
            break
    return is_filled


def _table(batches: list[Any], numbers: list[np.ndarray], rows: _Rows, kept: list[str]) -> pd.DataFrame:
    schema = pa.schema([(name, pa.large_string()) for name in kept])
    odd = {
        n: cells for n, cells in sorted(rows.odd.items()) if any(cell and cell != "\x1a" for cell in cells)
    }
    if odd:
        at = [rows.names.index(name) for name in kept]
        columns = [pa.array([cells[i] for cells in odd.values()], pa.large_string()) for i in at]
        batches.append(pa.RecordBatch.from_arrays(columns, schema=schema))
        numbers.append(np.array(list(odd), dtype="int64") - 1)
    whole = pa.Table.from_batches(batches, schema=schema)
    index = np.concatenate(numbers) if numbers else np.zeros(0, dtype="int64")
    if odd:
        order = np.argsort(index, kind="stable")
        whole, index = whole.take(pa.array(order)), index[order]
    names = {pa.large_string(): pd.StringDtype(na_value=np.nan)}
    table = whole.to_pandas(types_mapper=names.get, split_blocks=True, self_destruct=True)
    return table.set_axis(pd.Index(index + rows.first), axis=0)
