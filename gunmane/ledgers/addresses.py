"""Addresses without coordinates: matched to the points of 大字 and 町丁目, without any service."""

from __future__ import annotations

import dataclasses
import functools
import re
import unicodedata

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gunmane.municipalities import Region

PREFECTURE = re.compile(r"^(北海道|東京都|京都府|大阪府|.{2,3}?県)")
DISTRICT = re.compile(r"^[^\d]{1,5}?郡")
OLD_LETTERS = str.maketrans(
    "澤邊邉嶋櫻濱廣國條瀧龍檜圓渕髙﨑驛壽榮龜眞會舘學鐵", "沢辺辺島桜浜広国条滝竜桧円淵高崎駅寿栄亀真会館学鉄"
)
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
    """

    municipalities: dict[str, str]
    prefectures: tuple[str, ...]
    towns: dict[str, dict[str, int]]
    longest: dict[str, int]


def plain_address(text: str) -> str:
    """
    Return an address as it is compared.

    Full-width and old letters become usual ones, ヶ ケ が and ノ 之 の the same, 丁目 in Arabic digits,
    大字 and 字 a mark (|) where a part ends, dashes between numbers one dash.
    """
    text = unicodedata.normalize("NFKC", text)
    text = DASHES.sub("-", BLANKS.sub("", text)).translate(OLD_LETTERS)
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
    address names, else the row's, else the region's only one.

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
    codes = muni_codes.fillna("").astype("str").str.replace(r"\.0$", "", regex=True)
    codes = codes.where(~codes.str.fullmatch(r"\d{4}"), "0" + codes)
    codes = codes.where(~codes.str.fullmatch(r"\d{6}"), codes.str[:5])
    pairs = pd.MultiIndex.from_arrays([addresses, codes])
    at, distinct = pd.factorize(pairs)
    found = [_find(str(address), str(code), known) for address, code in distinct]
    place = np.array([position for position, _ in found], dtype="int64")
    is_open = np.array([is_ambiguous for _, is_ambiguous in found], dtype=bool)
    return place[at], is_open[at]


def _find(address: str, code: str, known: Gazetteer) -> tuple[int, bool]:
    text = plain_address(address)
    if not text:
        return -1, False
    code = known.municipalities.get(plain_address(code), code)
    named = PREFECTURE.match(text)
    if named and any(text.startswith(name) for name in known.prefectures):
        text = text.removeprefix(next(name for name in known.prefectures if text.startswith(name)))
    elif named and not any(text.startswith(name) for name in known.municipalities):
        return -1, False
    rest, code = _municipality(text, code, known)
    listed, longest = known.towns.get(code, {}), known.longest.get(code, 0)
    found = _town(rest.lstrip("|"), listed, longest)
    # A town may begin as its municipality does: 養父市場 in 養父市.
    return found if found != (-1, False) else _town(text, listed, longest)


def _municipality(text: str, code: str, known: Gazetteer) -> tuple[str, str]:
    """Return what follows the municipality in an address, and its code ("" where none is known)."""
    district = DISTRICT.match(text)
    for start in (text, text[district.end() :] if district else ""):
        for name, own in sorted(known.municipalities.items(), key=lambda pair: -len(pair[0])):
            if start.startswith(name):
                return start.removeprefix(name), own
    if code in known.towns:
        return text, code
    return text, next(iter(known.municipalities.values())) if len(known.municipalities) == 1 else ""


def _town(rest: str, listed: dict[str, int], longest: int) -> tuple[int, bool]:
    """Return the longest town that begins an address: -1 where none does, open where two places bear the name."""
    whole = rest.replace("|", "")
    for length in range(min(longest, len(whole)), 0, -1):
        key = whole[:length]
        if key not in listed:
            continue
        is_sure = length >= SURE_LETTERS or bool(NUMBER_NEXT.match(_after(rest, length)))
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
