"""Columns that a profile names, as text: the first filled one counts, and codes become our words."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from gunmane.ledgers.profiles import Profile
from gunmane.ledgers.raw import Raw
from gunmane.ledgers.recognition import known_sources, plain_name

# Words that road ledgers use for the classes of the Road Act (道路法 3 条) and for roads beside it, after NFKC.
ROAD_CLASS_WORDS = {
    "高速自動車国道": "expressway",
    "自動車専用道路": "expressway",
    "高速道路": "expressway",
    "国道": "national",
    "一般国道": "national",
    "都道府県道": "prefectural",
    "一般都道府県道": "prefectural",
    "主要地方道": "prefectural",
    "一般県道": "prefectural",
    "県道": "prefectural",
    "府道": "prefectural",
    "道道": "prefectural",
    "1級市町村道": "municipal_1",
    "1級市道": "municipal_1",
    "1級町道": "municipal_1",
    "1級村道": "municipal_1",
    "1級": "municipal_1",
    "2級市町村道": "municipal_2",
    "2級市道": "municipal_2",
    "2級町道": "municipal_2",
    "2級村道": "municipal_2",
    "2級": "municipal_2",
    "その他市町村道": "municipal_other",
    "その他の市町村道": "municipal_other",
    "その他市道": "municipal_other",
    "その他町道": "municipal_other",
    "その他村道": "municipal_other",
    "その他": "municipal_other",
    "市町村道": "municipal_other",
    "市道": "municipal_other",
    "町道": "municipal_other",
    "村道": "municipal_other",
    "農道": "farm",
    "林道": "forest",
}


def known_profile(kind: str) -> Profile:
    """Return the built-in profile of a kind of file ("n13")."""
    return next(known.profile for known in known_sources() if known.profile.kind == kind)


def named_text(raw: Raw, profile: Profile, name: str) -> pd.Series:
    """
    Return a column of ours as the file has it: trimmed text, "" where every column for it is empty.

    Parameters
    ----------
    raw
        The file.
    profile
        What its columns mean; a column of ours that it does not name is looked for under its own name.
    name
        Column of ours.
    """
    spelt = {plain_name(str(column)): column for column in reversed(list(raw.table.columns))}
    asked = profile.columns.get(name) or (name,)
    found = [spelt[plain_name(one)] for one in asked if plain_name(one) in spelt]
    text = pd.Series("", index=raw.table.index, dtype="str")
    for column in reversed(found):
        given = plain_text(raw.table[column])
        text = given.where(given != "", text)
    return text


def named_words(raw: Raw, profile: Profile, name: str) -> pd.Series:
    """
    Return a column of ours in our words: codes by the profile's list, other text as it stands.

    Where the file has nothing the profile's constant counts, else "".

    Parameters
    ----------
    raw, profile, name
        As in `named_text`.
    """
    words = looked_up(named_text(raw, profile, name), profile.values.get(name, {}), keep_other=True)
    return words.where(words != "", profile.constants.get(name, ""))


def looked_up(codes: pd.Series, words: Mapping[str, str], *, keep_other: bool = False) -> pd.Series:
    """
    Return each code's word; a code may have lost or gained leading zeros and be full-width.

    Parameters
    ----------
    codes
        Text.
    words
        Code -> word.
    keep_other
        True leaves a code as it stands that the list does not have; else it becomes "".
    """
    plain = {_plain_code(code): word for code, word in words.items()}
    return _each_distinct(codes, lambda code: plain.get(_plain_code(code), code if keep_other else ""))


def plain_text(values: pd.Series) -> pd.Series:
    """Return cells as trimmed text: whole numbers without a point, "" where missing."""
    return _each_distinct(values, _cell_text)


def number_of(values: pd.Series) -> pd.Series:
    """Return text as numbers (float64), missing where it is none; digits may be grouped by commas."""
    tidy = _each_distinct(values, lambda text: unicodedata.normalize("NFKC", text).replace(",", ""))
    return pd.to_numeric(tidy, errors="coerce").astype("float64")


def whole_code(codes: pd.Series, length: int) -> pd.Series:
    """
    Return codes of local governments with the zeros that were lost, and without the sixth digit that checks them.

    Parameters
    ----------
    codes
        Text; what is no number becomes "".
    length
        Digits: 5 for a municipality, 2 for a prefecture.
    """

    def whole(text: str) -> str:
        digits = unicodedata.normalize("NFKC", text)
        is_code = digits.isascii() and digits.isdigit() and len(digits) <= 6
        return digits.zfill(length)[:length] if is_code else ""

    return _each_distinct(codes, whole)


def _plain_code(code: str) -> str:
    text = unicodedata.normalize("NFKC", code).strip()
    return str(int(text)) if text.isascii() and text.isdigit() else text


def _cell_text(value: Any) -> str:
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value).strip()


def _each_distinct(values: pd.Series, change: Any) -> pd.Series:
    """Change every distinct value once: columns of codes repeat few of them very often."""
    codes, distinct = pd.factorize(values, use_na_sentinel=True)
    changed = np.array([*(change(value) for value in distinct), ""], dtype=object)
    return pd.Series(changed[codes], index=values.index, dtype="str")
