"""What the headings of a ledger mean: our column of each, the sector they speak of, the unit they name."""

from __future__ import annotations

import dataclasses
import functools
import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from importlib import resources

from gunmane import schema

# What a number in this unit is multiplied by to be in ours.
UNIT_FACTORS: dict[str, dict[str, float]] = {
    "length_m": {"m": 1.0, "km": 1000.0, "百m": 100.0, "cm": 0.01, "mm": 0.001, "間": 20 / 11, "尺": 10 / 33},
    "width_m": {"m": 1.0, "km": 1000.0, "cm": 0.01, "mm": 0.001, "間": 20 / 11, "尺": 10 / 33},
    "area_m2": {
        "m2": 1.0,
        "百m2": 100.0,
        "千m2": 1000.0,
        "ha": 10000.0,
        "a": 100.0,
        "km2": 1000000.0,
        "坪": 400 / 121,
        "畝": 12000 / 121,
        "反": 120000 / 121,
        "町": 1200000 / 121,
    },
    "diameter_mm": {"mm": 1.0, "cm": 10.0, "m": 1000.0, "インチ": 25.4},
    "annual_cost_jpy": {"円": 1.0, "千円": 1000.0, "万円": 10000.0, "百万円": 1000000.0, "億円": 100000000.0},
}
UNIT_WORDS = {
    "メートル": "m",
    "キロメートル": "km",
    "センチメートル": "cm",
    "ミリメートル": "mm",
    "ミリ": "mm",
    "ヘクタール": "ha",
    "アール": "a",
    "平方メートル": "m2",
    "平米": "m2",
    "平方キロメートル": "km2",
    "m²": "m2",
    "m^2": "m2",
    "km^2": "km2",
    "千m": "km",
    "千メートル": "km",
    "千m²": "千m2",
    "千平米": "千m2",
    "千平方メートル": "千m2",
    "万m2": "ha",
    "町歩": "町",
    "歩": "坪",
    "inch": "インチ",
    "in": "インチ",
    "yen": "円",
    "jpy": "円",
    "千円/年": "千円",
    "円/年": "円",
    "万円/年": "万円",
    "百万円/年": "百万円",
}
# Units that are also the end of other words (期間, 区町): read in brackets only.
IN_BRACKETS = {"間", "尺", "坪", "畝", "反", "町", "町歩", "歩", "in"}
ALL_UNITS = {unit for table in UNIT_FACTORS.values() for unit in table} | set(UNIT_WORDS)
UNITS = ALL_UNITS - IN_BRACKETS
# Words that are units, but not of a size or a cost in ours.
OTHER_UNITS = {
    "ft",
    "feet",
    "yd",
    "mi",
    "mile",
    "acre",
    "エーカー",
    "フィート",
    "マイル",
    "ドル",
    "$",
    "usd",
    "m3",
    "%",
}
PER_YEAR = re.compile(r"[/・]?(年間|年度|年額|毎年|年)$")
TAX = re.compile(r"[・,、/ ]*\(?税(込み?|抜き?|別)?\)?$")
MULTIPLE = re.compile(r"^[十百千万億]+")
UNIT_PARTS = re.compile(r"[・,、;:\s]+")
PLACE_COLUMNS = ("lon", "lat", "x", "y", "lat_lon", "wkt", "address")
MARKS = re.compile(r"[\s_\-・:：;,.、。'\"*※★●○◎■□/|>]+")
BRACKETED = re.compile(r"[(\[{〔【<〈「『]([^)\]}〕】>〉」』]*)[)\]}〕】>〉」』]")
LEVELS = re.compile(r"[\s_/|>・.:]+")
ASCII_LEVELS = re.compile(r"[/|>.:]+")
NUMBERED = re.compile(r"^(\d{1,3}|[①-⑳]|\(\d{1,3}\))[.)、:\s]+")
SHORTEST_END = 2
SHORTEST_PART = 3
EXACT, STRIPPED, LAST_LEVEL, ENDING, INSIDE = range(5)
# What a heading that names the asset itself (橋梁名) or the title counts beside one that several ledgers share.
STRONG = 3
# Columns that only a whole heading means: 飲食施設 is no 施設, 行番号 no 番号.
WHOLE_ONLY = (
    "asset_id",
    "sector",
    "subtype",
    "muni_code",
    "owner_code",
    "account_class",
    "lon",
    "lat",
    "x",
    "y",
    "wkt",
)
# Columns of words that a heading of grades (健全性_上部構造) is not, though it ends like theirs.
NO_GRADES = ("material", "subtype")


@dataclasses.dataclass(frozen=True)
class Vocabulary:
    """Headings by our column and sector ("any" for all), compared by `plain`; lists in order of preference."""

    columns: Mapping[str, Mapping[str, tuple[str, ...]]]
    signs: Mapping[str, str]
    titles: tuple[tuple[str, str], ...]
    words: Mapping[str, str]
    several: tuple[str, ...]
    other: tuple[str, ...]
    loose: tuple[str, ...]
    strong: frozenset[str]
    whole: tuple[str, ...]
    part: tuple[str, ...]


def plain(heading: str) -> str:
    """Return a heading as it is compared: full-width, blanks, line breaks, marks and case do not count."""
    text = unicodedata.normalize("NFKC", str(heading)).casefold()
    return MARKS.sub("", text)


def bare(heading: str) -> str:
    """Return a heading without brackets, a leading number and a unit at its end, as it is compared."""
    text = NUMBERED.sub("", unicodedata.normalize("NFKC", str(heading)).strip())
    text = BRACKETED.sub("", text)
    compared = plain(text)
    for unit in sorted(UNITS, key=len, reverse=True):
        if unit.isascii() and not compared.isascii() and compared.endswith(unit):
            return compared.removesuffix(unit)
    return compared


def unit_of(heading: str) -> str:
    """Return the unit that a heading names in brackets or at its end (m, km, ha, 千円 …), or ""."""
    text = unicodedata.normalize("NFKC", str(heading)).casefold()
    for inside in reversed(BRACKETED.findall(text)):
        word = next((word for word in unit_words(inside) if word in ALL_UNITS), "")
        if word:
            return UNIT_WORDS.get(word, word)
    compared = plain(text)
    for unit in sorted(UNITS, key=len, reverse=True):
        if compared.endswith(unit) and not compared.removesuffix(unit).isascii():
            return UNIT_WORDS.get(unit, unit)
    return ""


def unit_words(inside: str) -> list[str]:
    """Return what may be a unit in a bracket, without tax and time: 千円/年・税込 -> 千円."""
    whole = TAX.sub("", inside.replace("単位", "").strip(" :=、,・"))
    words = [whole, *UNIT_PARTS.split(whole)]
    return [word for word in (PER_YEAR.sub("", word).strip() for word in words) if word]


def unknown_unit(heading: str, ours: str) -> str:
    """Return the unit that a heading names though a column of ours cannot be in it (円/m2, 面積 in m), or ""."""
    known = UNIT_FACTORS.get(ours)
    if known is None or (named := unit_of(heading)) in known:
        return ""
    if named:
        return named
    for inside in BRACKETED.findall(unicodedata.normalize("NFKC", str(heading)).casefold()):
        words = unit_words(inside)
        is_said = "単位" in inside
        for word in words if is_said else [w for w in words if _is_unit(w)]:
            return word
    return ""


def _is_unit(word: str) -> bool:
    parts = word.split("/")
    if len(parts) > 1:
        return any(part in ALL_UNITS | OTHER_UNITS for part in parts)
    return word in OTHER_UNITS or (bool(MULTIPLE.match(word)) and MULTIPLE.sub("", word) in ALL_UNITS)


def factor_of(heading: str, ours: str) -> float:
    """Return what the numbers under a heading are multiplied by to be in the unit of our column (1 if not said)."""
    return UNIT_FACTORS.get(ours, {}).get(unit_of(heading), 1.0)


@functools.cache
def vocabulary() -> Vocabulary:
    """Return `headings.toml`, made ready to compare."""
    text = (resources.files("gunmane.ledgers") / "headings.toml").read_text(encoding="utf-8")
    given = tomllib.loads(text)
    signs, titles, words, several, other, loose, strong, member = (
        given.pop(key) for key in ("sign", "title", "words", "several", "other", "loose", "strong", "member")
    )
    own = {name: {"any": [name]} for name in schema.names("assets")}
    columns = {
        ours: {sector: tuple(dict.fromkeys(plain(h) for h in headings)) for sector, headings in table.items()}
        for ours, table in (own | given).items()
    }
    telling: dict[str, set[str]] = {}
    for table in (*columns.values(), {s: tuple(map(plain, headings)) for s, headings in signs.items()}):
        for sector, headings in table.items():
            for heading in headings:
                telling.setdefault(heading, set()).add(sector)
    return Vocabulary(
        columns=columns,
        signs={
            h: next(iter(sectors))
            for h, sectors in telling.items()
            if len(sectors) == 1 and "any" not in sectors
        },
        titles=tuple(
            sorted(
                ((plain(word), sector) for sector, listed in titles.items() for word in listed),
                key=lambda pair: (-len(pair[0]), pair),
            )
        ),
        words={word: sector for sector, listed in words.items() for word in listed},
        several=tuple(several["any"]),
        other=tuple(plain(word) for word in other["any"]),
        loose=tuple(plain(word) for word in loose["any"]),
        strong=frozenset(plain(word) for listed in strong.values() for word in listed),
        whole=tuple(plain(word) for word in member["whole"]),
        part=tuple(plain(word) for word in member["part"]),
    )


def votes_of_headings(headings: Iterable[str]) -> dict[str, int]:
    """Return how much the headings speak of each sector: those that name the asset itself count `STRONG`."""
    known = vocabulary()
    votes = dict.fromkeys(schema.SECTORS, 0)
    for heading in headings:
        spoken: dict[str, int] = {}
        for text in (plain(heading), bare(heading), _last_level(heading)):
            if text in known.signs:
                vote = STRONG if text in known.strong else 1
                spoken[known.signs[text]] = max(vote, spoken.get(known.signs[text], 0))
        for sector, vote in spoken.items():
            votes[sector] += vote
    return votes


def sector_of_headings(headings: Iterable[str]) -> str:
    """Return the sector that the headings speak of most; "" where they speak of none or of two alike."""
    votes = votes_of_headings(headings)
    best = sorted(votes, key=lambda sector: -votes[sector])
    return best[0] if votes[best[0]] > votes[best[1]] else ""


def sector_of_title(title: str) -> str:
    """Return the sector that the name of a file, a sheet or a layer says; "" where it says none or several."""
    text = plain(title)
    found: dict[str, int] = {}
    for word, sector in vocabulary().titles:
        if word in text:
            found.setdefault(sector, len(word))
            # A longer word hides the shorter ones within it: 下水道 is no 水道.
            text = text.replace(word, "|")
    longest = sorted(found, key=lambda sector: -found[sector])
    if not longest or (len(longest) > 1 and found[longest[0]] == found[longest[1]]):
        return ""
    return longest[0]


def match_headings(headings: Sequence[str], sector: str) -> dict[str, tuple[str, ...]]:
    """
    Return our column -> the headings that mean it, the best first.

    A whole heading, be it without brackets and unit, beats the last part of a heading in levels, then a known heading
    at its end, then one within it; of two alike the one that `headings.toml` prefers. A heading is used once; a
    column of ours takes several only where they mean the same (`several` in `headings.toml`).

    Parameters
    ----------
    headings
        The file's own column names, in their order.
    sector
        Sector of the ledger; "" takes the headings of all.
    """
    found = []
    for at, heading in enumerate(headings):
        for ours, table in vocabulary().columns.items():
            hit = _match(heading, _listed(ours, table, sector), is_whole=ours in WHOLE_ONLY)
            is_grade = (
                ours in NO_GRADES and hit is not None and hit[0] > STRIPPED and _is_grade(heading, sector)
            )
            if hit is not None and not is_grade:
                # 供用面積(ha) is as whole a heading as 敷地面積: the order of the list decides.
                rank = max(hit[0], STRIPPED)
                found.append((rank, -hit[2], hit[1], hit[0], at, heading, ours))
    matched: dict[str, list[str]] = {}
    used: set[str] = set()
    for level, _, _, _, _, heading, ours in sorted(found):
        is_further = ours in matched and (ours not in vocabulary().several or level > STRIPPED)
        if heading in used or is_further:
            continue
        matched.setdefault(ours, []).append(heading)
        used.add(heading)
    return {ours: tuple(listed) for ours, listed in matched.items()}


def _is_grade(heading: str, sector: str) -> bool:
    return fit_of(heading, "condition_raw", sector) is not None


def fit_of(heading: str, ours: str, sector: str) -> int | None:
    """Return how well a heading means a column of ours (`EXACT` … `INSIDE`), None where it does not."""
    listed = _listed(ours, vocabulary().columns[ours], sector)
    hit = _match(heading, listed, is_whole=ours in WHOLE_ONLY)
    return None if hit is None else hit[0]


def _listed(ours: str, table: Mapping[str, tuple[str, ...]], sector: str) -> tuple[str, ...]:
    """Return the headings to compare with: our own name, those of the sector, those of all."""
    if sector:
        return (plain(ours), *table.get(sector, ()), *table.get("any", ()))
    rest = (heading for name, listed in table.items() if name != "any" for heading in listed)
    return tuple(dict.fromkeys((plain(ours), *table.get("any", ()), *rest)))


def _last_level(heading: str) -> str:
    """Return the last part of a heading that has several levels, as it is compared, or ""."""
    text = BRACKETED.sub(" ", unicodedata.normalize("NFKC", str(heading)))
    # English words stand side by side in one name: a terrain_name is no name, a bridge.name is.
    levels = LEVELS if not text.isascii() else ASCII_LEVELS
    parts = [part for part in levels.split(text) if part.strip() and part.casefold() not in UNITS]
    return bare(parts[-1]) if len(parts) > 1 else ""


def _match(heading: str, listed: tuple[str, ...], *, is_whole: bool) -> tuple[int, int, int] | None:
    """Return how a heading fits (level, position in the list, letters matched), or None."""
    stripped = bare(heading)
    for level, text in ((EXACT, plain(heading)), (STRIPPED, stripped), (LAST_LEVEL, _last_level(heading))):
        if text and text in listed:
            return level, listed.index(text), 0
    hits = []
    for position, known in enumerate(() if is_whole else listed):
        if known.isascii() or known not in stripped or len(known) < SHORTEST_END:
            continue
        rest = stripped.replace(known, "", 1)
        level = ENDING if stripped.endswith(known) else INSIDE
        is_short = level == INSIDE and len(known) < SHORTEST_PART
        if not is_short and not any(word in rest for word in vocabulary().other):
            hits.append((level, position, len(known)))
    return min(hits, key=lambda hit: (hit[0], -hit[2], hit[1])) if hits else None
