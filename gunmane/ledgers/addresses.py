"""Addresses without coordinates: matched to the points of 大字 and 町丁目, without any service."""

from __future__ import annotations

import dataclasses
import difflib
import functools
import re
import unicodedata

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gunmane.ledgers.letters import USUAL_LETTERS
from gunmane.municipalities import Region

PREFECTURE = re.compile(r"^(北海道|東京都|京都府|大阪府|.{2,3}?県)")
DISTRICT = re.compile(r"^[^\d]{1,5}?郡")
SAME_SOUND = str.maketrans(
    {
        "ヶ": "ケ",
        "が": "ケ",
        "ガ": "ケ",
        "ヵ": "ケ",
        "カ": "ケ",
        "箇": "ケ",
        "之": "の",
        "ノ": "の",
        "乃": "の",
        "ッ": "ツ",
        "っ": "つ",
    }
)
NUMERALS = {letter: value for value, letter in enumerate("〇一二三四五六七八九")}
COUNTED = re.compile(r"([一二三四五六七八九十〇]+)(?=丁目|条|線|号|区|番|丁)")
BLANKS = re.compile(r"\s+")
DASHES = re.compile(r"[‐‑‒–—―−ｰー－](?=\d)|(?<=\d)[‐‑‒–—―−ｰー－]")
AREA = re.compile(r"大字|小字|字(?!名)")
NUMBER_NEXT = re.compile(r"^(\d|[-|]|番|地|第|甲|乙|丙|丁|戊|[イロハニホヘト](?=\d)|$)")
# A town of one letter needs a number or a mark after it: 中 is not the start of 中里.
SURE_LETTERS = 2
# What may follow a town in an address that names no municipality at all: it could be anywhere.
ENDS_HERE = re.compile(r"^(\d|[-|(]|番|地|先|内|付近|外|他|ほか|$)")
# Towns that look like one that is not there: at most this many, for so many addresses of a ledger.
NEAR_NAMES, NEAR_LOOKED_UP = 3, 500
NEAR_RATIO = 0.5


@dataclasses.dataclass(frozen=True)
class Gazetteer:
    """
    The towns of a region by how addresses name them.

    Parameters
    ----------
    municipalities
        Name -> code.
    prefectures
        Names of the region's prefectures.
    towns
        Code -> town as compared -> position in `region.towns`, -1 where two places bear the name.
    longest
        Code -> letters of its longest town.
    names
        Municipality and town of each row of `region.towns`, as a person writes them.
    """

    municipalities: dict[str, str]
    prefectures: tuple[str, ...]
    towns: dict[str, dict[str, int]]
    longest: dict[str, int]
    names: tuple[str, ...]


def plain_address(text: str) -> str:
    """
    Return an address as it is compared.

    Full-width and old letters become usual ones, ヶ ケ が and ノ 之 の the same, 丁目 in Arabic digits,
    大字 and 字 a mark (|) where a part ends, dashes between numbers one dash.
    """
    text = unicodedata.normalize("NFKC", text)
    text = DASHES.sub("-", BLANKS.sub("", text)).translate(USUAL_LETTERS)
    text = COUNTED.sub(lambda found: str(_kanji_number(found.group(1))), text)
    return AREA.sub("|", text.translate(SAME_SOUND)).strip("|")


def _kanji_number(text: str) -> int:
    """Return a number up to 99 written in kanji."""
    if "十" in text:
        tens, _, ones = text.partition("十")
        return 10 * (NUMERALS.get(tens, 1) if tens else 1) + (NUMERALS.get(ones, 0) if ones else 0)
    return int("".join(str(NUMERALS[letter]) for letter in text))


@functools.lru_cache(maxsize=32)
def gazetteer(region: Region) -> Gazetteer:
    """Return the towns of a region, ready to be matched; kept for each region object."""
    towns: dict[str, dict[str, int]] = {code: {} for code in region.municipalities.index}
    for at, (code, town) in enumerate(zip(region.towns["muni_code"], region.towns["town"], strict=True)):
        key = plain_address(str(town)).replace("|", "")
        listed = towns.setdefault(str(code), {})
        if key:
            listed[key] = -1 if key in listed else at
    for listed in towns.values():
        _add_short_blocks(listed)
    return Gazetteer(
        municipalities={plain_address(name): code for code, name in region.municipalities["name_ja"].items()},
        prefectures=tuple(plain_address(region.name_of(code, "ja")) for code in region.prefecture_codes),
        towns=towns,
        longest={code: max(map(len, listed), default=0) for code, listed in towns.items()},
        names=tuple(
            f"{region.name_of(str(code), 'ja')}{town}"
            for code, town in zip(region.towns["muni_code"], region.towns["town"], strict=True)
        ),
    )


def _add_short_blocks(listed: dict[str, int]) -> None:
    """Add 上笠1- for 上笠1丁目; open (-1) where a 上笠 without blocks could be meant by 上笠1-2."""
    for key in [key for key in listed if key.endswith("丁目")]:
        found = re.fullmatch(r"(.*\D)(\d+)丁目", key)
        if found:
            short = f"{found.group(1)}{found.group(2)}-"
            is_open = short in listed or found.group(1) in listed
            listed[short] = -1 if is_open else listed[key]


def match_addresses(
    addresses: pd.Series, muni_codes: pd.Series, region: Region
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """
    Return the position in `region.towns` of the town of each address, -1 where there is none, and which are open.

    The longest town whose name begins what follows the municipality's counts. The municipality is the one that the
    address names, else the row's, else the region's only one. Where none of them is known, a town counts that the
    region has only once and that is all that the address says before its numbers.

    Parameters
    ----------
    addresses
        Text, "" where there is none.
    muni_codes
        Code (or name) of the municipality where a row has one, same index.
    region
        Region whose towns are looked up.
    """
    known = gazetteer(region)
    pairs = pd.MultiIndex.from_arrays([addresses, _plain_codes(muni_codes)])
    at, distinct = pd.factorize(pairs)
    found = [_find(str(address), str(code), known) for address, code in distinct]
    place = np.array([position for position, _ in found], dtype="int64")
    is_open = np.array([is_ambiguous for _, is_ambiguous in found], dtype=bool)
    return place[at], is_open[at]


def near_names(addresses: pd.Series, muni_codes: pd.Series, region: Region) -> list[str]:
    """
    Return for each address that fits no town, or several, the names that it may mean, as one text ("" if none).

    Parameters
    ----------
    addresses, muni_codes, region
        As in `match_addresses`.
    """
    known = gazetteer(region)
    pairs = pd.MultiIndex.from_arrays([addresses, _plain_codes(muni_codes)])
    at, distinct = pd.factorize(pairs)
    looked_up = [_near(str(text), str(code), known) for text, code in distinct[:NEAR_LOOKED_UP]]
    names = [*looked_up, *[""] * (len(distinct) - len(looked_up))]
    return [names[position] for position in at]


def names_municipality(addresses: pd.Series, region: Region) -> NDArray[np.bool_]:
    """Return whether each address names a municipality of the region."""
    known = gazetteer(region)
    codes, distinct = pd.factorize(addresses)
    named = [
        bool(_municipality(_without_prefecture(plain_address(str(a)), known) or "", "", known)[2])
        for a in distinct
    ]
    return np.array([*named, False], dtype=bool)[codes]


def _plain_codes(muni_codes: pd.Series) -> pd.Series:
    codes = muni_codes.fillna("").astype("str").str.replace(r"\.0$", "", regex=True)
    codes = codes.where(~codes.str.fullmatch(r"\d{4}"), "0" + codes)
    return codes.where(~codes.str.fullmatch(r"\d{6}"), codes.str[:5])


def _find(address: str, code: str, known: Gazetteer) -> tuple[int, bool]:
    text = _without_prefecture(plain_address(address), known)
    if not text:
        return -1, False
    code = known.municipalities.get(plain_address(code), code)
    rest, code, _ = _municipality(text, code, known)
    if code not in known.towns:
        return _anywhere(text, known)
    listed, longest = known.towns[code], known.longest[code]
    found = _town(rest.lstrip("|"), listed, longest)
    # A town may begin as its municipality does: 養父市場 in 養父市.
    return found if found != (-1, False) else _town(text, listed, longest)


def _without_prefecture(text: str, known: Gazetteer) -> str:
    """Return an address without one of the region's prefectures; "" where it names another."""
    for name in known.prefectures:
        if text.startswith(name):
            return text.removeprefix(name)
    is_elsewhere = PREFECTURE.match(text) and not any(text.startswith(name) for name in known.municipalities)
    return "" if is_elsewhere else text


def _anywhere(text: str, known: Gazetteer) -> tuple[int, bool]:
    """Return the one town of the whole region that an address without a municipality can mean."""
    found = set[tuple[int, bool]]()
    for code, listed in known.towns.items():
        position, is_open = _town(text, listed, known.longest[code], ends=ENDS_HERE)
        if position >= 0 or is_open:
            found.add((position, is_open))
    if len(found) > 1:
        return -1, True
    return found.pop() if found else (-1, False)


def _near(address: str, code: str, known: Gazetteer) -> str:
    text = _without_prefecture(plain_address(address), known)
    rest, own, _ = _municipality(text, known.municipalities.get(plain_address(code), code), known)
    listed = [known.towns[own]] if own in known.towns else list(known.towns.values())
    asked = re.split(r"[\d(-]|番|(?<=.)\|", rest.lstrip("|"))[0]
    shown: list[str] = []
    for towns in listed:
        alike = difflib.get_close_matches(asked, sorted(towns), NEAR_NAMES, NEAR_RATIO)
        keys = [asked] if asked in towns else [key for key in alike if towns[key] >= 0]
        shown += [known.names[towns[key]] if towns[key] >= 0 else key for key in keys]
    unique = sorted(dict.fromkeys(shown))
    ranked = sorted(unique, key=lambda name: -difflib.SequenceMatcher(None, asked, name).ratio())
    return "、".join(ranked[:NEAR_NAMES])


def _municipality(text: str, code: str, known: Gazetteer) -> tuple[str, str, bool]:
    """Return what follows the municipality in an address, its code ("" where none is known), whether it is named."""
    district = DISTRICT.match(text)
    for start in (text, text[district.end() :] if district else ""):
        for name, own in sorted(known.municipalities.items(), key=lambda pair: -len(pair[0])):
            if start.startswith(name):
                return start.removeprefix(name), own, True
    if code in known.towns:
        return text, code, False
    only = next(iter(known.municipalities.values())) if len(known.municipalities) == 1 else ""
    return text, only, False


def _town(
    rest: str, listed: dict[str, int], longest: int, *, ends: re.Pattern[str] | None = None
) -> tuple[int, bool]:
    """Return the longest town that begins an address: -1 where none does, open where two places bear the name."""
    whole = rest.replace("|", "")
    for length in range(min(longest, len(whole)), 0, -1):
        key = whole[:length]
        if key not in listed:
            continue
        after = _after(rest, length)
        is_sure = (
            bool(ends.match(after)) if ends else length >= SURE_LETTERS or bool(NUMBER_NEXT.match(after))
        )
        if is_sure:
            return listed[key], listed[key] < 0
    return -1, False


def _after(text: str, letters: int) -> str:
    """Return what follows so many letters, marks not counted."""
    for at, letter in enumerate(text):
        if letters == 0:
            return text[at:]
        letters -= letter != "|"
    return ""
