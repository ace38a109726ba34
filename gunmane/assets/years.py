"""Years of a ledger: Western and Japanese ones, with a month or day behind them, as Western years."""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

from gunmane.assets.numbers import UNKNOWN, UNREADABLE, Read
from gunmane.assets.values import is_unknown


class Era(NamedTuple):
    """An era of the Japanese calendar: the Western year before its first, and its last year."""

    before: int
    last: int


# Law on eras (元号法) and the edicts before it; Reiwa runs to the last year that our columns hold.
ERAS = {
    "明治": Era(1867, 45),
    "大正": Era(1911, 15),
    "昭和": Era(1925, 64),
    "平成": Era(1988, 31),
    "令和": Era(2018, 82),
}
SHORT = {
    "m": "明治",
    "明": "明治",
    "t": "大正",
    "大": "大正",
    "s": "昭和",
    "昭": "昭和",
    "h": "平成",
    "平": "平成",
    "r": "令和",
    "令": "令和",
}
KANJI = {"〇": 0, "一": 1, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
WORDS = re.compile(r"^(約|およそ|推定)|(頃|ころ|ごろ|\(推定\)|推定)$")
# A month and a day, which do not change the year: .3, /3/31, 年3月, 年3月31日, 年度, 年度末.
TAIL = (
    r"(?:年度?末?|年(?P<m1>\d{1,2})月(?:(?P<d1>\d{1,2})日)?(?:末|竣工|完成|供用)?"
    r"|(?P<sep>[./-])(?P<m2>\d{1,2})(?:(?P=sep)(?P<d2>\d{1,2}))?)?"
)
CLOCK = r"(?:[t ]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?"
WESTERN = re.compile(r"(?:西暦)?(?P<year>\d{4})" + TAIL + CLOCK, re.ASCII)
ERA_YEAR = re.compile(
    r"(?P<era>明治|大正|昭和|平成|令和|[mtshr明大昭平令])[.・]?(?P<year>元|\d{1,2}|[〇一二三四五六七八九十]{1,3})"
    + TAIL,
    re.ASCII,
)
COMPACT = re.compile(r"(?P<year>\d{4})(?P<m1>\d{2})(?P<d1>\d{2})?", re.ASCII)
BARE_ERA = re.compile(r"(?P<year>\d{1,2})(?:\.0)?" + TAIL, re.ASCII)
# Western years that a compact date may begin with, as the columns of years do.
EARLIEST, LATEST = 1868, 2100


def read_year(text: str, style: str = "auto") -> Read:
    """
    Return the Western year that a cell names: 1993, 1993.0, 1980/04/01, 19800401, 昭和55年, S55.3, H2, 令和元年度.

    A date gives the calendar year in which it lies. Not read, since each would be a guess: years of two digits (but
    see `style`), days counted since 1900, 1975年代, 1975以前, an era beyond its last year (昭和70年), 1993.5.

    Parameters
    ----------
    text
        Cell as text.
    style
        "era" says that bare years are years of an era; 46 to 64 can only be 昭和. "auto" and "western": no such thing.
    """
    plain = unicodedata.normalize("NFKC", text).strip().casefold()
    if is_unknown(plain):
        return UNKNOWN
    bare = WORDS.sub("", plain)
    clock = re.sub(r"\s+(?!\d{1,2}:)", "", bare)
    bare = re.sub(r"\s+", "", bare)
    if re.fullmatch(r"\d{4}(\.0+)?", bare, re.ASCII):
        return Read(float(bare[:4]), _how(text, bare[:4]))
    if re.fullmatch(r"\d{4}\.[1-9]", bare, re.ASCII):
        return UNREADABLE
    if western := (WESTERN.fullmatch(clock) or COMPACT.fullmatch(bare)):
        year = int(western["year"])
        return Read(float(year), "other") if EARLIEST <= year <= LATEST and _is_date(western) else UNREADABLE
    if found := ERA_YEAR.fullmatch(bare):
        return _of_era(found["era"], found["year"], is_date=_is_date(found))
    if style == "era" and (found := BARE_ERA.fullmatch(bare)):
        return _only_era(int(found["year"]), is_date=_is_date(found))
    return UNREADABLE


def _how(text: str, digits: str) -> str:
    if text.strip() == digits:
        return ""
    return "width" if unicodedata.normalize("NFKC", text).strip() == digits else "other"


def _is_date(found: re.Match[str]) -> bool:
    """Whether month and day, where there are any, can be a month and a day."""
    parts = found.groupdict()
    month, day = parts.get("m1") or parts.get("m2"), parts.get("d1") or parts.get("d2")
    return (month is None or 1 <= int(month) <= 12) and (day is None or 1 <= int(day) <= 31)


def _of_era(name: str, year: str, *, is_date: bool) -> Read:
    era = ERAS[SHORT.get(name, name)]
    number = _count(year)
    if not is_date or number is None or not 1 <= number <= era.last:
        return UNREADABLE
    return Read(float(era.before + number), "era_year")


def _only_era(year: int, *, is_date: bool) -> Read:
    """Read a bare year of an era that only one of them has."""
    fitting = [era for era in ERAS.values() if 1 <= year <= era.last and era is not ERAS["令和"]]
    if not is_date or len(fitting) != 1:
        return UNREADABLE
    return Read(float(fitting[0].before + year), "era_year")


def _count(text: str) -> int | None:
    """Return the number that digits or 五十五 stand for; 元 is the first year."""
    if text == "元":
        return 1
    if text.isdecimal():
        return int(text)
    tens, has_ten, ones = text.rpartition("十")
    if len(tens) > 1 or len(ones) > 1:
        return None
    tail = KANJI.get(ones, 0) if ones else 0
    return (KANJI.get(tens, 1) * 10 if has_ten else 0) + tail
