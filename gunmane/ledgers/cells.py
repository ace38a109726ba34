"""What a cell says together with its heading or the cell beside it: a mark under a grade, a year of an era, a unit."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from gunmane.ledgers.scales import grade_under, letters

MARKS = frozenset({"○", "〇", "◯", "●", "◎", "✓", "✔", "レ", "*"})
ERAS = ("明治", "大正", "昭和", "平成", "令和")
BARE_YEAR = r"[0-9０-９]{1,2}(\.0)?年?度?"
PLAIN_NUMBER = r"[+-]?[0-9０-９][0-9０-９,，.．]*"
DASHES = r"[-‐‑–—―−－ー─]+"
ABOUT = re.compile(r"^(約|およそ|概ね|おおむね)\s*|\s*(程度|前後|くらい|ぐらい)$")


def marked_grades(parts: Sequence[pd.Series], names: Sequence[str]) -> pd.Series | None:
    """
    Return the grade whose column has a mark in each row (○ under Ⅲ), None where the cells are no marks.

    Parameters
    ----------
    parts
        One column a grade, as text.
    names
        Their headings. A row with several marks gets all their grades, which the intake lists as unreadable.
    """
    under = [grade_under(name).upper() for name in names]
    parts = [without_dashes(part) for part in parts]
    words = {letters(word) for part in parts for word in part.dropna().unique()}
    if len(parts) < 2 or not all(under) or not words or not words <= MARKS:
        return None
    found = np.full(len(parts[0]), "", dtype=object)
    for part, grade in zip(parts, under, strict=True):
        is_marked = part.notna().to_numpy(dtype=bool)
        found[is_marked] = np.where(found == "", "", found + "・")[is_marked] + grade
    grades = pd.Series(found, index=parts[0].index, dtype="str")
    return grades.where(grades != "")


def with_era(values: pd.Series, heading: str) -> pd.Series:
    """Return years with the era that the heading names (架設年（昭和）) before numbers of one or two digits."""
    text = unicodedata.normalize("NFKC", str(heading))
    named = [era for era in ERAS if era in text]
    if len(named) != 1:
        return values
    words = values.map(_whole, na_action="ignore").astype("str")
    is_bare = words.str.fullmatch(BARE_YEAR).fillna(False).to_numpy(dtype=bool)
    return words.where(~is_bare, named[0] + words) if is_bare.any() else values


def with_units(values: pd.Series, units: pd.Series) -> pd.Series:
    """Return numbers with the unit beside them, for the intake to read or refuse as one cell (0.5, ha -> 0.5ha)."""
    words = values.map(_whole, na_action="ignore").astype("str")
    is_number = words.str.fullmatch(PLAIN_NUMBER).fillna(False) & units.notna()
    return words.where(~is_number, words + units.astype("str"))


def without_dashes(part: pd.Series) -> pd.Series:
    """Return a column of text in which a dash alone counts as empty, so that an older round may fill it."""
    if not isinstance(part.dtype, pd.StringDtype):
        return part
    return part.where(~part.str.fullmatch(DASHES).fillna(False))


def about(text: str) -> float:
    """Return a number that may say that it is about so much (約0.5), NaN where it is none."""
    try:
        return float(ABOUT.sub("", text).replace(",", ""))
    except ValueError:
        return float("nan")


def _whole(value: Any) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
