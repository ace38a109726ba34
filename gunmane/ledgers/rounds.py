"""Inspection rounds that headings name: which of several columns of grades or dates is the newest."""

from __future__ import annotations

import dataclasses
import datetime
import os
import re
import unicodedata
from collections.abc import Iterable, Sequence

import pandas as pd

# The Western year before the first of an era (元号法).
BEFORE_ERA = {"昭和": 1925, "平成": 1988, "令和": 2018, "s": 1925, "h": 1988, "r": 2018}
OF_ERA = re.compile(
    r"(?<![a-z])(昭和|平成|令和|[shr])\s*\.?(元|\d{1,2})(?![\d])\s*(年度?)?(?=[^a-z]|$)", re.ASCII
)
WESTERN = re.compile(r"(?<!\d)((?:19|20)\d{2})(?!\d)\s*(年度?)?", re.ASCII)
TURN = re.compile(r"第?\s*([1-9一二三四五])\s*(巡目|回目|巡|回)", re.ASCII)
INDEX = re.compile(r"(?<=[^\d.])[(\[]?([1-9])[)\]]?\s*$", re.ASCII)
NEWEST = re.compile(r"最新|直近|現在|今回|最終")
FUTURE = re.compile(r"予測|予定|将来|目標|次回|対策後|措置後|補修後|修繕後|年後|見込")
OLDER = re.compile(r"前々回|前回|前期|過去|初回")
COUNTS = {"一": 1, "二": 2, "三": 3, "四": 4, "五": 5}
# The kinds of rounds, the surest last; a bare number at the end of a heading (点検年度2) says least.
OLD, NUMBERED, TURNED, DATED, LATEST = range(5)


@dataclasses.dataclass(frozen=True, order=True)
class Round:
    """
    A round of inspections.

    Parameters
    ----------
    kind
        `OLD` … `LATEST`.
    number
        Year, or which round; newer ones are higher.
    """

    kind: int
    number: int


# A heading without a number beside others with one.
FIRST = Round(NUMBERED, 1)


def part_round(heading: str) -> tuple[Round | None, str]:
    """Return the round that a heading names, None where it names none, and the heading without it."""
    text = unicodedata.normalize("NFKC", str(heading)).casefold()
    if FUTURE.search(text):
        return None, text
    if found := OLDER.search(text):
        return Round(OLD, 0), _without(text, found)
    if found := NEWEST.search(text):
        return Round(LATEST, 0), _without(text, found)
    if found := OF_ERA.search(text):
        year = 1 if found[2] == "元" else int(found[2])
        return _dated(BEFORE_ERA[found[1]] + year, text, found)
    if found := WESTERN.search(text):
        return _dated(int(found[1]), text, found)
    if found := TURN.search(text):
        return Round(TURNED, COUNTS.get(found[1]) or int(found[1])), _without(text, found)
    if found := INDEX.search(text):
        return Round(NUMBERED, int(found[1])), _without(text, found)
    return None, text


def this_year() -> int:
    """Return the year that it is, or the one that `SOURCE_DATE_EPOCH` names (results that can be made again)."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    now = datetime.datetime.now(datetime.UTC)
    return (datetime.datetime.fromtimestamp(int(epoch), datetime.UTC) if epoch.isdigit() else now).year


def _dated(year: int, text: str, found: re.Match[str]) -> tuple[Round | None, str]:
    """A year that is still to come is that of a forecast."""
    if year > this_year():
        return None, text
    return Round(DATED, year), _without(text, found)


def _without(text: str, found: re.Match[str]) -> str:
    rest = text[: found.start()] + text[found.end() :]
    return re.sub(r"[(\[（]\s*[)\]）]", "", rest)


def is_paired(grades: Sequence[str], dates: Sequence[str]) -> bool:
    """Return whether several headings of grades and of dates are those of the same rounds, in the same order."""
    rounds = [[part_round(name)[0] or FIRST for name in names] for names in (grades, dates)]
    return len(grades) > 1 and rounds[0] == rounds[1] and len(set(rounds[0])) == len(grades)


def newest_year(values: pd.Series) -> float:
    """Return the latest year among cells (2019, R1.8.1, 令和元年度), NaN where none is one."""
    return max(_years(map(str, values.dropna().unique())), default=float("nan"))


def _years(words: Iterable[str]) -> list[float]:
    parted = (part_round(word)[0] for word in words)
    return [float(named.number) for named in parted if named is not None and named.kind == DATED]
