"""xROAD (全国道路施設点検データベース): bridges and tunnels as JSON or CSV, nested, flattened or renamed."""

from __future__ import annotations

import dataclasses
import json
import pathlib
import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gunmane.errors import FileError
from gunmane.ledgers.annual import western_year
from gunmane.ledgers.raw import Raw

# Bounds of the machine: a prefecture's bridges are 30 MB, and Python holds about ten times the text.
MAX_JSON_BYTES = 100 * 1024**2
MAX_RECORDS = 1_000_000
MAX_COLUMNS = 400
MAX_DEPTH = 12
MEGABYTE = 1024**2

COLUMNS = (
    "shisetsu_id",
    "shisetsu_bangou",
    "shisetsu_kubun",
    "kanrisya_code",
    "koushin_nichiji",
    "syogen.shisetsu.meisyou",
    "syogen.shisetsu.furigana",
    "syogen.rosen.meisyou",
    "syogen.rosen.bangou",
    "syogen.kanrisya.meisyou",
    "syogen.kanrisya.kubun",
    "syogen.kanrisya.jimusyo",
    "syogen.kasetsu_nendo",
    "syogen.kyouyou_nendo",
    "syogen.kansei_nendo",
    "syogen.kyouchou",
    "syogen.enchou",
    "syogen.fukuin",
    "syogen.kouzou_keishiki.joubu",
    "syogen.ichi.ido",
    "syogen.ichi.keido",
    "syogen.gyousei_kuiki.todoufuken_mei",
    "syogen.gyousei_kuiki.todoufuken_code",
    "syogen.gyousei_kuiki.shikuchouson_mei",
    "syogen.gyousei_kuiki.shikuchouson_code",
    "tenken.nendo",
    "tenken.kiroku.hantei_kubun",
    "tenken.syuzen_sochi_joukyou",
)
# 国土交通データプラットフォーム joins the levels by underscores and puts a name of its own before them.
_PREFIX = re.compile(r"^(?:(?:properties|metadata|meta)[._])*(?:rsdb:)?", re.IGNORECASE)
_DOTTED = {name.replace(".", "_"): name for name in COLUMNS}
_RECORD_MARKS = frozenset({"shisetsu_id", "shisetsu_bangou"})
_FACILITY = re.compile(r"^\s*([A-Za-z]{2})\d*-(?:(\d{6})-)?")

# Kinds of facility by the letters of `shisetsu_bangou` and by words; no task of the plan covers the last three.
KIND_OF_LETTERS = {"BR": "橋梁", "TN": "トンネル"}
KIND_WORDS = ("横断歩道橋", "トンネル", "シェッド", "カルバート", "門型標識", "橋")
SECTOR_OF_KIND = {"橋梁": "bridge", "橋": "bridge", "横断歩道橋": "bridge", "トンネル": "tunnel"}


def open_json(path: pathlib.Path) -> Raw:
    """
    Return the facilities of an xROAD answer saved as JSON, one row each under dotted column names.

    A list, an object that holds a list (`data`, `result`, `bridges` …), one record or one record a line are read;
    levels are joined by dots (`syogen.rosen.meisyou`), also where 国土交通データプラットフォーム had joined them by
    underscores. Of a list of inspections the newest is kept, counted in `told["inspections_left_out"]`. Every cell is
    text; the index counts records from 1.

    Parameters
    ----------
    path
        File to read.

    Raises
    ------
    FileError
        If the file is too large, nested too deep, cut off, not JSON, or holds no facility of xROAD.
    """
    size = path.stat().st_size
    if size > MAX_JSON_BYTES:
        raise FileError(
            "ledger_too_large", file=path.name, size=size // MEGABYTE, limit=MAX_JSON_BYTES // MEGABYTE
        )
    text, encoding = _decoded(path)
    told: dict[str, Any] = {"encoding": encoding, "inspections_left_out": 0}
    try:
        table = _table(_records(text), path.name, told)
    except RecursionError as error:
        raise FileError("xroad_too_deep", file=path.name, limit=MAX_DEPTH) from error
    except json.JSONDecodeError as error:
        row = text.count("\n", 0, error.pos) + 1
        raise FileError("xroad_cut_off", file=path.name, row=row) from error
    except ValueError as error:
        raise FileError("ledger_unreadable", file=path.name) from error
    if table.empty or not _RECORD_MARKS.intersection(table.columns):
        found = ", ".join(list(table.columns)[:8]) or "-"
        raise FileError("xroad_no_facility", file=path.name, columns=found)
    if not told["inspections_left_out"]:
        del told["inspections_left_out"]
    return prepared(Raw(file=path.name, format="json", table=table, told=told))


def is_xroad(columns: Iterable[str]) -> bool:
    """Return whether column names are those of xROAD, in any of their spellings."""
    names = {dotted(name) for name in columns}
    return bool(names & _RECORD_MARKS) and any(n.startswith(("syogen.", "tenken.")) for n in names)


def prepared(raw: Raw) -> Raw:
    """
    Return an xROAD table under dotted names, with the `sector` and `subtype` of each row where its number tells.

    `code_of_number` holds the six digits in the middle of `shisetsu_bangou` (BR0-042064-00019): the body that keeps
    the facility. Bridges and tunnels become our sectors; 横断歩道橋 are bridges with that subtype. Of other
    facilities (シェッド, 大型カルバート, 門型標識) `sector` holds the word itself, so that the intake lists each
    as a kind that is not planned.
    Any other table is returned as it is.

    Parameters
    ----------
    raw
        Rows of a CSV, a spreadsheet or JSON.
    """
    if not is_xroad(raw.table.columns):
        return raw
    names = [dotted(str(name)) for name in raw.table.columns]
    if len(set(names)) < len(names):
        names = [str(name) for name in raw.table.columns]
    table = raw.table.set_axis(names, axis=1)
    if "sector" not in table.columns:
        kinds = facility_kinds(table)
        sectors = [SECTOR_OF_KIND.get(kind, kind) for kind in kinds]
        subtypes = [kind if kind == "横断歩道橋" else "" for kind in kinds]
        table = table.assign(sector=pd.array(sectors, dtype="str"), subtype=pd.array(subtypes, dtype="str"))
    if "code_of_number" not in table.columns and "shisetsu_bangou" in table.columns:
        codes = table["shisetsu_bangou"].astype("str").str.extract(_FACILITY)[1].fillna("")
        table = table.assign(code_of_number=codes.astype("str"))
    return dataclasses.replace(raw, table=table)


def dotted(name: str) -> str:
    """Return a column's name with the levels joined by dots; a name that xROAD does not have as it stands."""
    bare = _PREFIX.sub("", unicodedata.normalize("NFKC", str(name)).strip())
    return _DOTTED.get(bare.lower().replace(".", "_"), bare or str(name))


def facility_kinds(table: pd.DataFrame) -> NDArray[Any]:
    """Return the kind of each facility as a word, by its number, else by its class or name; "" where neither tells."""
    blank = pd.Series("", index=table.index, dtype="str")
    numbers = table.get("shisetsu_bangou", blank).fillna("").astype("str").str.strip()
    words = table.get("shisetsu_kubun", blank).fillna("").astype("str")
    letters = numbers.str.extract(_FACILITY)[0].str.upper()
    kinds = []
    for letter, word in zip(letters.to_numpy(dtype=object), words.to_numpy(dtype=object), strict=True):
        named = next((kind for kind in KIND_WORDS if kind in str(word)), "")
        known = isinstance(letter, str) and letter
        kinds.append(named or (KIND_OF_LETTERS.get(str(letter), str(letter)) if known else ""))
    return np.array(kinds, dtype=object)


def _decoded(path: pathlib.Path) -> tuple[str, str]:
    data = path.read_bytes()
    for encoding in ("utf-8-sig", "cp932"):
        try:
            return data.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    raise FileError("ledger_unreadable", file=path.name)


_BLANK = re.compile(r"[ \t\r\n]*")


def _skip(text: str, at: int) -> int:
    found = _BLANK.match(text, at)
    return found.end() if found else at


def _records(text: str) -> Iterator[dict[str, Any]]:
    """Yield the records one by one, so that a long list is never held twice."""
    decoder = json.JSONDecoder()
    at = _skip(text, 0)
    if text[at : at + 1] == "[":
        yield from _listed(text, at, decoder)
        return
    first, end = decoder.raw_decode(text, at)
    rest = _skip(text, end)
    if rest == len(text):
        yield from _held(first)
        return
    yield from _held(first)
    while rest < len(text):
        record, end = decoder.raw_decode(text, rest)
        yield from _held(record)
        rest = _skip(text, end)


def _listed(text: str, at: int, decoder: json.JSONDecoder) -> Iterator[dict[str, Any]]:
    at = _skip(text, at + 1)
    if text[at : at + 1] == "]":
        return
    while True:
        record, end = decoder.raw_decode(text, at)
        if isinstance(record, dict):
            yield from ([record] if _is_record(record) else _held(record))
        at = _skip(text, end)
        mark = text[at : at + 1]
        if mark == "]" and _skip(text, at + 1) == len(text):
            return
        if mark != ",":
            raise json.JSONDecodeError("list not closed", text, at)
        at = _skip(text, at + 1)


def _held(value: Any, depth: int = 0) -> list[dict[str, Any]]:
    """Return the records of an answer: the first list of objects inside it, else the object itself."""
    if isinstance(value, list):
        return [record for record in value if isinstance(record, dict)]
    if not isinstance(value, dict) or depth > MAX_DEPTH:
        return []
    if any(dotted(key) in _RECORD_MARKS for key in value):
        return [value]
    for inner in value.values():
        found = _held(inner, depth + 1) if isinstance(inner, list | dict) else []
        if any(_is_record(record) for record in found[:20]):
            return found
    return [value] if depth == 0 else []


def _is_record(record: dict[str, Any]) -> bool:
    keys = set(record)
    for part in ("metadata", "properties"):
        keys |= set(record[part]) if isinstance(record.get(part), dict) else set()
    return any(dotted(key) in _RECORD_MARKS for key in keys)


def _table(records: Iterator[dict[str, Any]], file: str, told: dict[str, Any]) -> pd.DataFrame:
    columns: dict[str, list[str]] = {}
    count = 0
    for record in records:
        if count >= MAX_RECORDS:
            raise FileError(
                "ledger_too_many_rows", file=file, rows=f"> {MAX_RECORDS:,}", limit=f"{MAX_RECORDS:,}"
            )
        for name, value in _flat(record, file, told).items():
            cells = columns.get(name)
            if cells is None:
                if len(columns) >= MAX_COLUMNS:
                    raise FileError("xroad_too_many_columns", file=file, limit=MAX_COLUMNS)
                cells = columns[name] = []
            cells.extend([""] * (count - len(cells)))
            cells.append(value)
        count += 1
    index = pd.RangeIndex(1, count + 1)
    whole = {
        name: pd.array(cells + [""] * (count - len(cells)), dtype="str") for name, cells in columns.items()
    }
    return pd.DataFrame(whole, index=index)


def _flat(record: dict[str, Any], file: str, told: dict[str, Any]) -> dict[str, str]:
    flat: dict[str, str] = {}
    stack: list[tuple[str, Any, int]] = [("", record, 0)]
    while stack:
        path, value, depth = stack.pop()
        if depth > MAX_DEPTH:
            raise FileError("xroad_too_deep", file=file, limit=MAX_DEPTH)
        if isinstance(value, list) and any(isinstance(part, dict) for part in value):
            parts = [part for part in value if isinstance(part, dict)]
            told["inspections_left_out"] += (len(parts) - 1) * path.startswith("tenken")
            value = max(parts, key=lambda part: western_year(part.get("nendo")) or 0)
        if isinstance(value, dict):
            if len(value) > MAX_COLUMNS:
                raise FileError("xroad_too_many_columns", file=file, limit=MAX_COLUMNS)
            stack.extend(
                (f"{path}.{key}" if path else str(key), part, depth + 1) for key, part in value.items()
            )
        elif path:
            name = dotted(path)
            flat[name] = flat.get(name) or _cell(value)
    return dict(sorted(flat.items()))


def _cell(value: Any) -> str:
    if value is None or (isinstance(value, float) and not np.isfinite(value)):
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "; ".join(_cell(part) for part in value if not isinstance(part, list))
    return str(value).strip()
