"""Cells of a ledger read as text, numbers and codes, whatever a spreadsheet did to them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

UNKNOWN_WORDS = {
    "",
    "-",
    "－",
    "―",
    "ー",
    "nan",
    "none",
    "null",
    "<na>",
    "na",
    "n/a",
    "不明",
    "なし",
    "未調査",
}

# Words that ledgers use for our sectors, after NFKC.
SECTOR_WORDS = {
    "道路": "road",
    "橋梁": "bridge",
    "橋りょう": "bridge",
    "橋": "bridge",
    "トンネル": "tunnel",
    "公園": "park",
    "下水道": "sewer",
    "水道": "water",
    "上水道": "water",
    "河川": "river",
}
# Units that the numbers of a column are in, after NFKC (㎡ and m² become m2).
UNITS = {"length_m": "m", "width_m": "m", "area_m2": "m2", "annual_cost_jpy": "円"}
# Only of bridges and tunnels: I is sound and IV urgent there, while I is the most urgent of a sewer.
GRADED_SECTORS = ("bridge", "tunnel")
GRADES = {"i": 1.0, "ii": 2.0, "iii": 3.0, "iv": 4.0}
GROUPED = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?")


def as_text(value: Any) -> str:
    """Return a cell as text without outer blanks; "" where it is missing, 5.0 (a spreadsheet's 5) as "5"."""
    if value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and np.isnan(value)):
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def is_unknown(text: str) -> bool:
    """Return whether a ledger says that it does not know."""
    return text.casefold() in UNKNOWN_WORDS


def change_each(values: pd.Series, change: Callable[[Any], Any]) -> NDArray[Any]:
    """Return every value changed, each distinct one once: ledgers repeat few words very often."""
    codes, distinct = pd.factorize(values, use_na_sentinel=True)
    changed = np.empty(len(distinct) + 1, dtype=object)
    for i, value in enumerate(distinct):
        changed[i] = change(value)
    changed[-1] = change(None)
    return changed[codes]


def check_digit(code: str) -> str:
    """Return the sixth digit of a local government code (11 minus the weighted sum modulo 11, last digit)."""
    total = sum(int(digit) * weight for digit, weight in zip(code, range(6, 1, -1), strict=True))
    return str((11 - total % 11) % 10)


def plain_code(value: Any, known: frozenset[str]) -> str:
    """
    Return the 5-digit (prefecture: 2-digit) code that a ledger means, or "" where it is missing.

    Parameters
    ----------
    value
        Text or number; a leading zero may be lost, a check digit may follow, digits may be full-width.
    known
        Codes to prefer where digits can be read two ways. What fits none of them is returned as it stands.
    """
    text = unicodedata.normalize("NFKC", as_text(value)).replace("-", "")
    if is_unknown(text):
        return ""
    digits = text[:-2] if text.endswith(".0") else text
    if not digits.isdecimal() or len(digits) > 6:
        return text
    readings = [digits.zfill(2), digits.zfill(5)] if len(digits) <= 2 else [digits.zfill(5)]
    long = digits.zfill(6)
    if check_digit(long[:5]) == long[5]:
        readings += [long[:5], long[:2]] if long[2:5] == "000" else [long[:5]]
    for reading in readings:
        if reading in known:
            return reading
    return readings[-1] if len(digits) == 6 else readings[0]


def as_number(value: Any, unit: str = "") -> float | None:
    """
    Return a cell as a number: NaN where it is missing, None where it is no finite number.

    Digits may be full-width and grouped by commas (1,234.5).

    Parameters
    ----------
    value
        Text or number.
    unit
        Unit of the column, which may follow the number (12.5m); any other unit makes it no number.
    """
    text = unicodedata.normalize("NFKC", as_text(value)).strip()
    if is_unknown(text):
        return float("nan")
    if unit and text.casefold().endswith(unit):
        text = text[: -len(unit)].rstrip()
    if GROUPED.fullmatch(text):
        text = text.replace(",", "")
    try:
        number = float(text)
    except ValueError:
        return None
    return number if np.isfinite(number) else None


def sector_key(value: Any) -> str:
    """Return the sector that a cell means, by our key or by its Japanese word; other text as it stands."""
    text = unicodedata.normalize("NFKC", as_text(value)).casefold()
    return SECTOR_WORDS.get(text, text)


def inspection_grade(value: Any) -> float:
    """Return 1 to 4 for the grades I to IV of the inspections of bridges and tunnels, NaN for any other text."""
    text = unicodedata.normalize("NFKC", as_text(value)).strip("「」").casefold()
    return GRADES.get(text, float("nan"))


def column_of(rows: gpd.GeoDataFrame, name: str) -> pd.Series:
    """Return a column by position, empty where the ledger has none."""
    if name in rows.columns:
        return rows[name].reset_index(drop=True)
    return pd.Series([None] * len(rows), dtype=object)
