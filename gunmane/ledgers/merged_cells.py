"""Cells merged over several rows of a sheet: what they say holds for each row, what they measure only once."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from typing import Any

import numpy as np
import pandas as pd

from gunmane.ledgers.heading_rows import UNNAMED, Headings, plain

# A cell that is nothing but an amount: two bridges that share it would count it twice.
AMOUNT = re.compile(
    r"約?\s*[-+]?[\d,]*\.?\d+\s*(?:k?m|cm|mm|m2|m²|㎡|km2|ha|千?円|百万円|千円|人|戸|本|基|箇所|個)?"
)
# Headings under which a number says what something is, not how much of it there is.
NO_AMOUNT = re.compile(
    r"番号|コード|緯度|経度|座標|年|月|日|判定|健全|区分|種別|種類|等級|緊急度|^no\.?$|^x$|^y$|id$|code$|lat|lon|year|date"
)


def fill_down(
    table: pd.DataFrame, headings: Headings, merged: Collection[tuple[tuple[int, int], tuple[int, int]]]
) -> dict[str, dict[str, int]]:
    """
    Write what a cell merged over several rows says into each of them, in place.

    Amounts stay in the first row, as one amount for several rows may be their sum.

    Parameters
    ----------
    table
        Rows of a sheet by the sheet's own row numbers; changed.
    headings
        Its headings.
    merged
        Merged cells as ((first row, first column), (last row, last column)), counted from 0.

    Returns
    -------
    told
        `merged_filled`: cells that were filled, `merged_kept`: cells left blank below an amount; by columns.
    """
    start = headings.at + headings.count
    numbers = table.index.to_numpy()
    told: dict[str, dict[str, int]] = {"merged_filled": {}, "merged_kept": {}}
    filled: dict[str, Any] = {}
    for (top, column), (bottom, _) in sorted(merged):
        known = column < len(headings.names)
        name = headings.names[column] if known else UNNAMED.format(number=column + 1)
        if top < start or bottom == top or name not in table.columns:
            continue
        first, end = np.searchsorted(numbers, [top + 1, bottom + 2])
        if end - first < 2 or numbers[first] != top + 1:
            continue
        values = filled.setdefault(name, table[name].to_numpy(dtype=object, copy=True))
        if pd.isna(values[first]):
            continue
        is_blank = pd.isna(values[first:end])
        kind = "merged_kept" if _is_amount(str(values[first]), name) else "merged_filled"
        told[kind][name] = told[kind].get(name, 0) + int(is_blank.sum())
        if kind == "merged_filled":
            values[first:end][is_blank] = values[first]
    for name in told["merged_filled"]:
        table[name] = pd.array(filled[name], dtype=table[name].dtype)
    return {kind: columns for kind, columns in told.items() if columns}


def _is_amount(value: str, name: str) -> bool:
    text = unicodedata.normalize("NFKC", value).strip()
    return bool(AMOUNT.fullmatch(text)) and not NO_AMOUNT.search(plain(name))
