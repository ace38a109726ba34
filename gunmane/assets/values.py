"""Cells of a ledger as text, each distinct one looked at once, and codes whatever a spreadsheet did to them."""

from __future__ import annotations

import dataclasses
import unicodedata
from collections.abc import Callable, Collection
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
    "不詳",
    "なし",
    "未調査",
}

# Words that ledgers use for our sectors, after NFKC.
SECTOR_WORDS = {
    "道路": "road",
    "橋梁": "bridge",
    "橋りょう": "bridge",
    "道路橋": "bridge",
    "橋": "bridge",
    "トンネル": "tunnel",
    "隧道": "tunnel",
    "公園": "park",
    "都市公園": "park",
    "下水道": "sewer",
    "水道": "water",
    "上水道": "water",
    "河川": "river",
}
ACCOUNT_WORDS = {"一般会計": "general", "企業会計": "enterprise", "公営企業会計": "enterprise"}


@dataclasses.dataclass(frozen=True, eq=False)
class Cells:
    """
    A column as its distinct texts: ledgers repeat few words very often.

    Parameters
    ----------
    texts
        Each distinct text once, without outer blanks; the last is "" and stands for missing cells.
    codes
        Position in `texts` of each row.
    """

    texts: NDArray[Any]
    codes: NDArray[np.int64]

    def rows(self) -> NDArray[Any]:
        """Return the text of each row."""
        return self.texts[self.codes]

    def each(self, change: Callable[[str], Any]) -> NDArray[Any]:
        """Return every distinct text changed, by position in `texts`."""
        changed = np.empty(len(self.texts), dtype=object)
        for i, text in enumerate(self.texts):
            changed[i] = change(text)
        return changed


def cells_of(rows: gpd.GeoDataFrame, name: str) -> Cells:
    """Return a column of the rows as `Cells`; all of it missing where the ledger has no such column."""
    if name not in rows.columns:
        return Cells(np.array([""], dtype=object), np.zeros(len(rows), dtype=np.int64))
    values = rows[name].reset_index(drop=True)
    if values.dtype == object:
        # 1, 1.0 and True are one value to a hash table, but not to a reader: their texts differ.
        values = pd.Series(_storable([as_text(value) for value in values]), dtype="str")
    codes, distinct = pd.factorize(values, use_na_sentinel=True)
    bare = np.array([*(as_text(value) for value in distinct), ""], dtype=object)
    position, texts = pd.factorize(bare)
    blank = int(position[-1])
    order = np.append(np.delete(np.arange(len(texts)), blank), blank)
    place = np.empty(len(texts), dtype=np.int64)
    place[order] = np.arange(len(texts))
    return Cells(np.asarray(texts, dtype=object)[order], place[position][codes])


def texts_of(rows: gpd.GeoDataFrame, name: str) -> pd.Series:
    """Return a column as text without outer blanks, "" where it is missing."""
    if name not in rows.columns:
        return pd.Series("", index=range(len(rows)), dtype="str")
    values = rows[name].reset_index(drop=True)
    if isinstance(values.dtype, pd.StringDtype):
        return values.str.strip().fillna("").astype("str")
    return pd.Series(cells_of(rows, name).rows(), dtype="str")


def _storable(texts: list[str]) -> list[str]:
    """Texts without halves of characters (a lone surrogate of a broken file), which no table can hold."""
    if all(map(str.isascii, texts)):
        return texts
    return [text.encode("utf-8", "replace").decode("utf-8") for text in texts]


def is_one_of(texts: NDArray[Any], words: Collection[str]) -> NDArray[np.bool_]:
    """Return whether each text is one of some words; one long text costs no memory for the others."""
    known = frozenset(words)
    return np.fromiter((text in known for text in texts), dtype=bool, count=len(texts))


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


def sector_key(value: Any) -> str:
    """Return the sector that a cell means, by our key or by its Japanese word; other text as it stands."""
    text = unicodedata.normalize("NFKC", as_text(value)).casefold()
    return SECTOR_WORDS.get(text, text)


def account_key(value: Any) -> str:
    """Return the account that a cell means, by our key or by its Japanese word; other text as it stands."""
    text = unicodedata.normalize("NFKC", as_text(value)).casefold()
    return ACCOUNT_WORDS.get(text, text)
