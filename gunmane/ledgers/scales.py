"""Scales of grades: which one a column of grades is on, and that a scale which is not known is not read."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterable, Mapping

import pandas as pd

from gunmane.cache import data_folder
from gunmane.ledgers.headings import plain

# What a heading says of the scale, by sector: 健全度 of a sewer is on another scale than its 緊急度.
SCALE_WORDS = {"sewer": {"緊急度": "urgency", "劣化": "defect_rank", "健全": "health_5"}}
# Grades of some scale: a number, one letter, a Roman numeral.
TOKEN = re.compile(r"\d{1,3}(\.\d+)?|[a-z]|i{1,3}|iv|vi{0,3}")
ROMAN = re.compile(r"i{1,3}|iv|vi{0,3}")
NOTHING = {"", "0"}
# Headings that are nothing but a grade, as `letters` gives them.
BARE_GRADES = ("i", "ii", "iii", "iv")
GRADE_AT_END = re.compile(r"(iv|i{1,3}|[a-e]|[1-5])[)\]」』】\s]*$")
MOST_SHOWN = 8


@functools.cache
def grades() -> pd.DataFrame:
    """Return `data/model_regions/grades.csv` as text."""
    return pd.read_csv(data_folder() / "grades.csv", dtype="str", encoding="utf-8")


@functools.cache
def scale_names() -> tuple[str, ...]:
    """Return the names of all scales, in the order of the table."""
    return tuple(dict.fromkeys(grades()["scale"]))


@functools.cache
def scales_of(sector: str) -> Mapping[str, frozenset[str]]:
    """Return scale -> its grades as `letters` gives them; the usual one of the sector first."""
    own = grades()[grades()["sector"] == sector]
    return {
        str(scale): frozenset(letters(grade) for grade in listed)
        for scale, listed in own.groupby("scale", sort=False)["grade"]
    }


def letters(word: str) -> str:
    """Return a cell without blanks, full-width and case."""
    return "".join(unicodedata.normalize("NFKC", str(word)).split()).casefold()


def grade_words(values: pd.Series) -> list[str]:
    """Return the distinct words of a column of grades, as `letters` gives them, without a trailing .0."""
    words = values.dropna().astype("str").unique()
    return sorted({letters(word).removesuffix(".0") for word in words} - {""})


def is_graded(values: pd.Series, sector: str) -> bool:
    """Return whether a column has cells and at least half of its words are grades of some scale of the sector."""
    words = grade_words(values)
    known = frozenset[str]().union(*scales_of(sector).values()) if sector else _all_grades()
    return bool(words) and sum(word in known for word in words) * 2 >= len(words)


@functools.cache
def _all_grades() -> frozenset[str]:
    return frozenset(letters(grade) for grade in grades()["grade"])


def grade_under(heading: str) -> str:
    """Return the grade that a heading ends with (健全性 / Ⅲ -> iii), or "": a mark below it means that grade."""
    found = GRADE_AT_END.search(unicodedata.normalize("NFKC", str(heading)).casefold().strip())
    return found.group(1) if found else ""


def _telling(tokens: set[str], known: frozenset[str]) -> set[str]:
    """Leave out odd letters beside Roman numerals that are known (Ⅱ, L): mistakes of rows, no other scale."""
    kinds = {
        word: "number" if word[0].isdigit() else "roman" if ROMAN.fullmatch(word) else "letter"
        for word in tokens
    }
    met = {kinds[word] for word in tokens & known}
    return {word for word in tokens if not met or kinds[word] in met or kinds[word] == "number"}


def settle_scale(words: Iterable[str], heading: str, sector: str) -> tuple[str, tuple[str, ...]]:
    """
    Return the scale of a column of grades, and the grades for which none can be told.

    Parameters
    ----------
    words
        Its distinct words (`grade_words`).
    heading
        Its heading; of a sewer it says whether 3 is a 健全度 or a 緊急度.
    sector
        Sector of the ledger.

    Returns
    -------
    scale
        Name in `grades.csv`; "" takes the usual one of the sector.
    foreign
        Grades that show another scale than all known ones (5 of a bridge): none of the column can be read. Empty where
        the scale is told, or words that are no grades at all stay for the intake to list.
    """
    scales = scales_of(sector)
    tokens = {word for word in set(words) - NOTHING if TOKEN.fullmatch(word)}
    if not tokens or not scales:
        return "", ()
    usual = next(iter(scales))
    said = next((s for word, s in SCALE_WORDS.get(sector, {}).items() if word in plain(heading)), usual)
    tokens = _telling(tokens, scales[said])
    if tokens <= scales[said]:
        return ("" if said == usual else said), ()
    fitting = [scale for scale, known in scales.items() if tokens <= known]
    # 健全度 Ⅰ of a sewer is not a 緊急度 Ⅰ: sound or urgent, nobody can tell from the grades alone.
    if said == usual and len(fitting) == 1:
        return fitting[0], ()
    return "", tuple(sorted(tokens - scales[said])[:MOST_SHOWN])
