"""Who keeps an asset: codes and names of the region's bodies, and the owners whom no body of it can plan for."""

from __future__ import annotations

import functools
import re
import unicodedata
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gunmane.assets.faults import Faults
from gunmane.assets.readings import Readings
from gunmane.assets.values import Cells, is_one_of, is_unknown, plain_code
from gunmane.municipalities import Region, load_japan

# What an owner's cell may mean beside a code: where the asset lies, its prefecture, somebody outside, nothing known.
HERE, PREFECTURE, OUTSIDE, UNREAD = "@here", "@prefecture", "@outside", "@unread"
HERE_WORDS = {
    "市町村",
    "市区町村",
    "市",
    "町",
    "村",
    "本市",
    "本町",
    "本村",
    "当市",
    "当町",
    "当村",
    "自治体",
}
PREFECTURE_WORDS = {"県", "都道府県", "府", "道", "本県"}
# What may follow the name of a body without naming another: its office, its head, one of its departments.
OFFICE = re.compile(
    r"(役所|役場|庁|長|知事|議会)?([一-龥々ァ-ヶー・]*(部|課|室|係|局|支所|事務所|センター|管理所))?"
)
DEPARTMENT = re.compile(r"[一-龥々ァ-ヶー・]{1,12}(部|課|室|係)")
# Bodies that keep assets of their own and are no local government of the region.
OTHERS = re.compile(
    r"^国$|^国(管理|有|営|直轄)|^直轄|国土交通省|国交省|農林水産省|農水省|林野庁|環境省|防衛省|財務省|文化庁"
    r"|地方整備局|開発局|国道事務所|河川国道|NEXCO|ネクスコ|高速道路|公社|公団|機構|旅客鉄道|鉄道|^JR|電力|電鉄"
    r"|株式会社|\(株\)|土地改良区|組合|財団|自治会|町内会|個人|民間|私有|企業団",
)
MUNICIPALITY = re.compile(r"(?!都市|農村|山村|漁村|農山|市街)[一-龥々ぁ-んァ-ヶー]{1,8}[市区町村]")
# Classes of roads, ours and as ledgers write them, that say who keeps a road by law (道路法 12 条 to 16 条).
OF_STATE = re.compile(
    r"national|expressway|(一般)?国道(\d+号)?(\((直轄|指定区間内?)\))?|直轄国道|高速自動車国道|高速道路|自動車専用道路"
)
OF_PREFECTURE = re.compile(
    r"prefectural|主要地方道|(主要|一般)?(都道府)?[都道府県]道|補助国道"
    r"|(一般)?国道\((補助(国道)?|指定区間外|[都道府県]管理)\)"
)
COUNTY = re.compile(r"^[^市区町村]{1,6}郡")
SPELLED = str.maketrans({"曾": "曽", "ケ": "ヶ"})


class Owner(NamedTuple):
    """What an owner's cell means: a code or one of the marks above, and how it was read ("" where plainly)."""

    code: str
    how: str


@functools.cache
def prefecture_names() -> frozenset[str]:
    """Return the names of all 47 prefectures."""
    return frozenset(str(name) for name in load_japan()["pref_ja"] if str(name).endswith(tuple("都道府県")))


def read_owner(text: str, region: Region) -> Owner:
    """
    Return who an owner's cell means.

    A code (5 or 6 digits, 2 for a prefecture) or a name: 宇陀市, 奈良県宇陀市, 宇陀市役所, 宇陀市長, 宇陀市建設課,
    奈良県宇陀土木事務所; 市町村 stands for the municipality where the asset lies, 県 for its prefecture. Bodies that
    are not of the region (国, 国土交通省, NEXCO, another town, a company) are `OUTSIDE`: nobody here plans for them.
    What cannot be read at all is `UNREAD`.

    Parameters
    ----------
    text
        Cell as text.
    region
        Region whose bodies are known.
    """
    names, known, named = _bodies(region)
    if is_unknown(unicodedata.normalize("NFKC", text)):
        return Owner("", "")
    code = plain_code(text, known)
    if code in known:
        return Owner(code, "" if code == text else "code")
    if code.isdecimal():
        is_code = len(code) in {2, 5} and 1 <= int(code[:2]) <= 47
        return Owner(OUTSIDE if is_code else UNREAD, "")
    plain = re.sub(r"\s+", "", unicodedata.normalize("NFKC", text)).translate(SPELLED)
    if plain in HERE_WORDS:
        return Owner(HERE, "name")
    if plain in PREFECTURE_WORDS:
        return Owner(PREFECTURE, "name")
    return _named(plain, names, named)


def _named(plain: str, names: dict[str, str], named: re.Pattern[str]) -> Owner:
    """Find a body by its name, of several that a text begins with the longest."""
    if OTHERS.search(plain):
        return Owner(OUTSIDE, "")
    local = COUNTY.sub("", _prefectures_pattern().sub("", plain, count=1) or plain)
    for text in (local, plain):
        if found := named.fullmatch(text):
            return Owner(names[found["name"]], "name")
    # 宇陀市・曽爾村, 宇陀市管理: begins as one of the region, says more; nobody outside.
    if any(local.startswith(name) for name in names):
        return Owner(UNREAD, "")
    if MUNICIPALITY.match(local) or _prefectures_pattern().match(plain):
        return Owner(OUTSIDE, "")
    if DEPARTMENT.fullmatch(plain):
        return Owner(HERE, "name")
    return Owner(UNREAD, "")


@functools.cache
def _prefectures_pattern() -> re.Pattern[str]:
    return re.compile("^(" + "|".join(sorted(prefecture_names())) + ")")


@functools.lru_cache(maxsize=32)
def _bodies(region: Region) -> tuple[dict[str, str], frozenset[str], re.Pattern[str]]:
    """Names of municipalities, prefectures and bodies -> codes; the codes; what a named owner looks like."""
    names = {str(name): str(code) for code, name in region.municipalities["name_ja"].items()}
    names |= {region.name_of(code, "ja"): code for code in region.prefecture_codes}
    names |= {
        str(name): str(code)
        for code, name in zip(region.bodies["code"], region.bodies["name_ja"], strict=True)
    }
    names = {name.translate(SPELLED): code for name, code in names.items()}
    longest = sorted(names, key=lambda name: (-len(name), name))
    either = "|".join(re.escape(name) for name in longest)
    return names, frozenset(names.values()), re.compile(f"(?P<name>{either})(?:{OFFICE.pattern})")


def owner_by_class(text: str) -> str:
    """Return `OUTSIDE` for a class of roads that the state keeps, `PREFECTURE` for one of prefectures, else ""."""
    plain = re.sub(r"\s+", "", unicodedata.normalize("NFKC", text))
    if OF_PREFECTURE.fullmatch(plain):
        return PREFECTURE
    return OUTSIDE if OF_STATE.fullmatch(plain) else ""


def is_of_state(classes: pd.Series) -> NDArray[np.bool_]:
    """Return whether each text is a class of roads that the state keeps unless somebody else is named."""
    codes, distinct = pd.factorize(classes, use_na_sentinel=True)
    found = [owner_by_class(str(text)) == OUTSIDE for text in distinct]
    return np.array([*found, False], dtype=bool)[codes]


def take_owners(
    given: Cells, classes: Cells, muni: NDArray[Any], region: Region, *, faults: Faults, readings: Readings
) -> pd.Series:
    """
    Return the owner's code of each row; where the ledger names none, the municipality where it lies.

    A row of an owner outside the region is rejected (`owner_outside`): it is not theirs to plan. A cell that cannot
    be read gives the municipality where the row lies and is listed (`owner_code_value`). A road without an owner whose
    class says that the state or the prefecture keeps it is theirs.

    Parameters
    ----------
    given
        Cells of `owner_code`.
    classes
        Cells of the class of each road, "" for all else.
    muni
        Municipality of each row.
    region
        The region.
    faults, readings
        Lists that are added to.
    """
    read = [read_owner(str(text), region) for text in given.texts]
    codes = np.array([owner.code for owner in read], dtype=object)
    rows = codes[given.codes]
    faults.add(faults.usable & (rows == OUTSIDE), "owner_code", given, "owner_outside")
    faults.add(faults.usable & (rows == UNREAD), "owner_code", given, "owner_code_value", became=muni)
    by_class = classes.each(owner_by_class)
    is_open = (rows == "") & (by_class != "")[classes.codes]
    rows = np.where(is_open, by_class[classes.codes], rows)
    faults.add(faults.usable & is_open & (rows == OUTSIDE), "subtype", classes, "owner_outside")
    prefecture = pd.Series(muni, dtype="str").str[:2].to_numpy(dtype=object)
    owner = np.where(is_one_of(rows, ("", HERE, OUTSIDE, UNREAD)), muni, rows)
    owner = np.where(rows == PREFECTURE, prefecture, owner)
    _list_readings(given, read, owner, readings)
    is_read = by_class == PREFECTURE
    for code in sorted(set(owner[is_open & (rows == PREFECTURE)])):
        became = np.full(len(by_class), code, dtype=object)
        how = np.where(is_read, "word", "")
        readings.add("owner_code", classes, became, how, rows=is_open & (owner == code))
    return pd.Series(owner, dtype="str")


def _list_readings(given: Cells, read: list[Owner], owner: NDArray[Any], readings: Readings) -> None:
    """List names and codes as they were read; words that depend on the place, town by town."""
    how = np.array([one.how for one in read], dtype=object)
    codes = np.array([one.code for one in read], dtype=object)
    is_local = is_one_of(codes, (HERE, PREFECTURE))
    readings.add("owner_code", given, codes, np.where(is_local, "", how))
    at = is_local[given.codes]
    for code in sorted(set(owner[at])):
        became = np.full(len(codes), code, dtype=object)
        readings.add("owner_code", given, became, np.where(is_local, how, ""), rows=at & (owner == code))
