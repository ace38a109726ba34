"""Numbers of a ledger: full-width digits, groups of three, units that follow them, "about"."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from gunmane.assets.values import Cells, is_unknown

# What one of each unit is in the column's own unit; texts after NFKC and casefold (㎡ and m² become m2).
LENGTHS = {
    "m": 1.0,
    "メートル": 1.0,
    "km": 1_000.0,
    "キロメートル": 1_000.0,
    "千m": 1_000.0,
    "cm": 0.01,
    "mm": 0.001,
    "間": 20 / 11,
    "尺": 10 / 33,
}
UNITS: dict[str, dict[str, float]] = {
    "length_m": LENGTHS,
    "width_m": LENGTHS,
    "diameter_mm": {"mm": 1.0, "ミリ": 1.0, "cm": 10.0, "m": 1_000.0, "インチ": 25.4},
    "area_m2": {
        "m2": 1.0,
        "平方メートル": 1.0,
        "平米": 1.0,
        "a": 100.0,
        "アール": 100.0,
        "ha": 10_000.0,
        "ヘクタール": 10_000.0,
        "km2": 1_000_000.0,
        "千m2": 1_000.0,
        "千平方メートル": 1_000.0,
        "坪": 400 / 121,
        "畝": 12_000 / 121,
        "反": 120_000 / 121,
        "町": 1_200_000 / 121,
        "町歩": 1_200_000 / 121,
    },
    "annual_cost_jpy": {
        "円": 1.0,
        "千円": 1_000.0,
        "万円": 10_000.0,
        "百万円": 1_000_000.0,
        "億円": 100_000_000.0,
    },
}
# Signs that stand before or after a number and say what it is, not how much.
SIGNS = {"diameter_mm": "φϕø∅", "annual_cost_jpy": "¥\\"}
ABOUT = re.compile(r"^(約|およそ|概ね|おおむね)|(程度|前後|くらい|ぐらい)$")
NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?", re.ASCII)
GROUPED = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?", re.ASCII)
PLAIN = r"^[+-]?[0-9]{1,15}(\.[0-9]{0,15})?$"


class Read(NamedTuple):
    """What a cell was read as: NaN where it is missing, None where it cannot be read; how, "" where plainly."""

    value: float | None
    how: str


class ReadCells(NamedTuple):
    """The distinct cells of a column read: value (NaN), whether each is a fault, how each was read."""

    values: NDArray[np.float64]
    is_fault: NDArray[np.bool_]
    how: NDArray[Any]


UNKNOWN = Read(float("nan"), "")
UNREADABLE = Read(None, "")


def read_number(text: str, column: str = "") -> Read:
    """
    Return the number that a cell holds, in the unit of its column.

    Parameters
    ----------
    text
        Cell as text.
    column
        Column of `schema.ASSETS`, whose units may follow the number (`UNITS`); any other unit makes it no number.
    """
    plain = unicodedata.normalize("NFKC", text).strip()
    if is_unknown(plain):
        return UNKNOWN
    how = "" if plain == text.strip() else "width"
    bare = ABOUT.sub("", plain).strip()
    factor = 1.0
    if bare != plain:
        how = "other"
    signs = SIGNS.get(column, "")
    if signs and bare.strip(signs) != bare:
        bare, how = bare.strip(signs).strip(), "unit"
    number, unit = _split(bare.casefold())
    if unit:
        if unit not in UNITS.get(column, {}):
            return UNREADABLE
        factor, how = UNITS[column][unit], "unit"
    if GROUPED.fullmatch(number):
        number, how = number.replace(",", ""), how or "other"
    if not NUMBER.fullmatch(number):
        return UNREADABLE
    value = float(number)
    if not np.isfinite(value):
        return UNREADABLE
    # Decimal units: 12.3 km are 12,300 m, not 12,300.000000000002.
    return Read(value if factor == 1.0 else float(f"{value * factor:.12g}"), how)


def _split(text: str) -> tuple[str, str]:
    """Part a number from the unit that follows it."""
    found = re.match(r"[+\-0-9.,]*(?:(?<=\d)e[+-]?\d+)?", text, re.ASCII)
    end = found.end() if found else 0
    return text[:end].strip(), text[end:].strip()


def read_cells(cells: Cells, read: Callable[[str], Read], *, is_number: bool = True) -> ReadCells:
    """Read every distinct cell with `read`; plain numbers (if it is about numbers) all at once."""
    texts = cells.texts
    values = np.full(len(texts), np.nan)
    is_fault = np.zeros(len(texts), dtype=bool)
    how = np.full(len(texts), "", dtype=object)
    is_plain = np.zeros(len(texts), dtype=bool)
    if is_number:
        matched = pc.match_substring_regex(pa.array(texts, type=pa.string()), PLAIN)
        is_plain = matched.to_numpy(zero_copy_only=False).astype(bool)
        values[is_plain] = texts[is_plain].astype("float64")
    for i in np.flatnonzero(~is_plain):
        value, how[i] = read(str(texts[i]))
        is_fault[i] = value is None
        values[i] = np.nan if value is None else value
    return ReadCells(values, is_fault, how)


def plain_text(value: float) -> str:
    """Return a number as a person would write it: 12300, 4.5; "" where it is missing."""
    if not np.isfinite(value):
        return ""
    return str(int(value)) if float(value).is_integer() else repr(float(value))
