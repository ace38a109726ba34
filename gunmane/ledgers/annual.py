"""道路メンテナンス年報: one row a bridge with its grade and without a place; headings over several rows."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from gunmane.errors import FileError
from gunmane.ledgers.heading_rows import JOINER
from gunmane.ledgers.profiles import Profile
from gunmane.ledgers.raw import Raw
from gunmane.municipalities import Region, region_codes, region_names

ERA_START = {"m": 1867, "t": 1911, "s": 1925, "h": 1988, "r": 2018}
_ERA_WORDS = (("明治", "m"), ("大正", "t"), ("昭和", "s"), ("平成", "h"), ("令和", "r"))
_ERA = re.compile(r"([mtshr])\s*\.?\s*(\d{1,2}|元)(?!\d)")
_WESTERN = re.compile(r"(?<!\d)(1[89]\d\d|20\d\d)(?!\d)")
_TITLE_YEAR = re.compile(r"(令和|平成|r|h)\s*(\d{1,2}|元)\s*年度|(20\d\d)\s*年度")
UNNAMED = re.compile(r"^(Unnamed|column|列)[: _]?\d*$")
# A table opens with headings over several rows; below them stand bridges.
HEADING_DEPTH = 8

COLUMNS = (
    "owner_code",
    "owner_name",
    "muni_code",
    "name",
    "route_name",
    "condition_raw",
    "inspected_year",
    "built_year",
    "length_m",
    "width_m",
    "source",
)
# Our column -> words of its heading, and words that make it another one; the first that fits counts.
WORDS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "name": (("橋梁名", "橋りょう名", "橋名", "施設名"), ("フリガナ", "ふりがな", "カナ", "かな")),
    "route_name": (("路線名",), ("種別", "番号", "フリガナ")),
    "owner_code": (("管理者コード", "団体コード"), ()),
    "owner_name": (("管理者名", "管理者", "団体名"), ("区分", "コード", "事務所")),
    "prefecture": (("都道府県",), ("コード",)),
    "place": (("市区町村", "市町村"), ("コード",)),
    "built_year": (("架設年", "建設年", "竣工年", "完成年"), ()),
    "length_m": (("橋長", "延長"), ()),
    "width_m": (("幅員",), ()),
    "inspected_year": (("点検実施年", "点検年", "診断年"), ()),
    "condition_raw": (("判定区分", "健全性", "健全度"), ("前回", "部材", "修繕")),
}


def western_year(value: Any) -> int | None:
    """
    Return the western year that a cell means, or None.

    S55, 昭和55年度, H2, R1, 令和元年, 1980, 1993.0, 1980年3月 and full-width digits are read; 不明 is None.
    """
    text = (
        unicodedata.normalize("NFKC", "" if value is None or value is pd.NA else str(value)).strip().lower()
    )
    for word, letter in _ERA_WORDS:
        text = text.replace(word, letter)
    western = _WESTERN.search(text)
    if western:
        return int(western.group(1))
    era = _ERA.match(text)
    if not era:
        return None
    return ERA_START[era.group(1)] + (1 if era.group(2) == "元" else int(era.group(2)))


def conditions_from(raw: Raw, profile: Profile, *, region: Region) -> pd.DataFrame:
    """
    Return the grades of those bridges whose manager is a body of the region.

    Headings may stand in the column names, in the first rows of the table, or partly in both: they are recognised by
    their words, columns named by the profile first. Bridges of a prefecture are taken where the file says that they
    lie in the region.

    Parameters
    ----------
    raw
        Rows as the file has them.
    profile
        May name columns (`name`, `route_name`, `owner_name`, `condition_raw` …).
    region
        Bodies to keep.

    Returns
    -------
    conditions
        `COLUMNS`: `owner_code` 5 digits (2 of a prefecture), `muni_code` where the bridge lies or "", `inspected_year`
        and `built_year` western or missing, lengths in m or missing, `source` "file#row". `attrs` has `rows`, `kept`,
        `other_owner`, `outside_region`, `owner_unclear`, `year_from` ("column", "title" or "") and `columns` (the
        file's names of the columns that were used).

    Raises
    ------
    FileError
        If the name, the manager or the grade of bridges has no column, or no row is left to read.
    """
    found, rows, heads = headed(raw, WORDS, profile.columns)
    missing = [word for key, word in _NEEDED if key not in found]
    if "owner_name" not in found and "owner_code" not in found:
        missing.append("管理者名")
    if missing:
        named = ", ".join(h for h in heads if h)[:200] or "-"
        raise FileError("annual_no_columns", file=raw.file, missing="・".join(missing), columns=named)
    cells = {key: texts(rows, at) for key, at in found.items()}
    table = pd.DataFrame(cells, index=rows.index)
    is_filled = (table["name"] != "") | (table["condition_raw"] != "")
    table = table[is_filled]
    if table.empty:
        raise FileError("ledger_no_rows", file=raw.file)
    kept = _kept(table, raw, region)
    kept.attrs["columns"] = own_headings(raw, found)
    return kept


_NEEDED = (("name", "橋梁名"), ("condition_raw", "判定区分"))


def _kept(table: pd.DataFrame, raw: Raw, region: Region) -> pd.DataFrame:
    codes, why = _owners(table, region)
    places = _places(table, region)
    is_prefecture = codes.str.len() == 2
    has_place = "place" in table.columns
    is_outside = is_prefecture & (places == "") & has_place & (table.get("place", pd.Series("")) != "")
    chosen = (codes != "") & ~is_outside
    year, year_from = _inspected(table, raw)
    out = pd.DataFrame(index=table.index)
    out["owner_code"] = codes
    out["owner_name"] = [region.name_of(code, "ja") if code else "" for code in codes]
    out["muni_code"] = places.where(is_prefecture | (places != ""), codes)
    for key in ("name", "route_name", "condition_raw"):
        out[key] = table[key] if key in table.columns else ""
    out["inspected_year"] = year
    out["built_year"] = years(table.get("built_year"), table.index)
    for key in ("length_m", "width_m"):
        out[key] = numbers(table.get(key), table.index)
    out["source"] = [f"{raw.file}#{row}" for row in table.index]
    text = ["owner_code", "owner_name", "muni_code", "name", "route_name", "condition_raw", "source"]
    out = out.astype(dict.fromkeys(text, "str"))[chosen][list(COLUMNS)].reset_index(drop=True)
    out.attrs = {
        "rows": len(table),
        "kept": len(out),
        "other_owner": int((why == "other").sum()),
        "owner_unclear": int((why == "unclear").sum()),
        "outside_region": int((is_outside & (codes != "")).sum()),
        "year_from": year_from,
    }
    return out


def _owners(table: pd.DataFrame, region: Region) -> tuple[pd.Series, pd.Series]:
    """Code of each row's manager ("" outside the region), and why it has none: "other" or "unclear"."""
    by_code, by_name = region_codes(region), region_names(region)
    known = set(region.bodies["code"]) | set(region.municipalities.index)
    empty = pd.Series("", index=table.index)
    given = table.get("owner_code", empty).map(lambda v: by_code.get(plain_digits(v), ""))
    names = table.get("owner_name", empty).map(bare_name)
    prefectures = table.get("prefecture", empty).map(bare_name)
    codes, why = [], []
    for code, name, prefecture in zip(given, names, prefectures, strict=True):
        hit = code or by_name.get(name, "")
        home = by_name.get(prefecture, "") if prefecture else ""
        # Two towns of Japan may share a name: 府中市 lies in Tokyo and in Hiroshima.
        if hit and prefecture and hit[:2] != home[:2]:
            hit = ""
        codes.append(hit if hit in known else "")
        why.append("" if hit in known else "other" if name or code else "unclear")
    return pd.Series(codes, index=table.index, dtype="str"), pd.Series(why, index=table.index)


def _places(table: pd.DataFrame, region: Region) -> pd.Series:
    by_name = region_names(region)
    place = table.get("place", pd.Series("", index=table.index)).map(bare_name)
    codes = place.map(lambda name: by_name.get(name, "") if name else "")
    return codes.where(codes.str.len() == 5, "").astype("str")


def _inspected(table: pd.DataFrame, raw: Raw) -> tuple[pd.Series, str]:
    """Year of each inspection: a column's, else the one that the title, the sheet or the file's name says."""
    if "inspected_year" in table.columns:
        found = years(table["inspected_year"], table.index)
        if found.notna().any():
            return found, "column"
    above = [" ".join(map(_text, raw.table.iloc[i])) for i in range(min(HEADING_DEPTH, len(raw.table)))]
    words = (
        raw.told.get("title", ""),
        raw.told.get("sheet", ""),
        *map(str, raw.table.columns),
        *above,
        raw.file,
    )
    for word in words:
        hit = _TITLE_YEAR.search(unicodedata.normalize("NFKC", str(word)).lower())
        if hit:
            year = western_year(hit.group(0))
            return pd.Series(year, index=table.index, dtype="Int64"), "title"
    return pd.Series(pd.NA, index=table.index, dtype="Int64"), ""


def headed(
    raw: Raw,
    words: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]],
    named: Mapping[str, tuple[str, ...]],
) -> tuple[dict[str, int], pd.DataFrame, list[str]]:
    """
    Return where columns stand, the rows below all headings, and each column's headings joined.

    Parameters
    ----------
    raw
        Table whose headings may reach into its first rows.
    words
        Our column -> words that its heading holds, words that it must not hold.
    named
        Our column -> names of the file that a profile gives; they go first.
    """
    depth = heading_depth(raw.table, words)
    levels = heading_levels(raw.table, depth)
    heads = [" ".join(parts) for parts in levels]
    found: dict[str, int] = {}
    spelled = {plain(str(name)): i for i, name in reversed(list(enumerate(raw.table.columns)))}
    for key, names in named.items():
        hit = next((spelled[plain(name)] for name in names if plain(name) in spelled), None)
        if hit is not None:
            found[key] = hit
    taken = set(found.values())
    for key, (wanted, other) in words.items():
        if key in found:
            continue
        hit = _find(heads, wanted, other, taken)
        if hit is not None:
            found[key] = hit
            taken.add(hit)
    return found, raw.table.iloc[depth:], heads


def _find(
    heads: Sequence[str], wanted: tuple[str, ...], other: tuple[str, ...], taken: set[int]
) -> int | None:
    flat = [plain(head) for head in heads]
    for word in wanted:
        for i, head in enumerate(flat):
            # A column of both (橋梁名(フリガナ)) still holds the name.
            is_other = any(o in head and not head.startswith(plain(word) + "(") for o in map(plain, other))
            if i not in taken and plain(word) in head and not is_other:
                return i
    return None


def heading_depth(table: pd.DataFrame, words: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]) -> int:
    """Return how many of the first rows are headings: the last of them that holds a word of `words`."""
    every = {plain(word) for wanted, _ in words.values() for word in wanted}
    depth = 0
    for i in range(min(HEADING_DEPTH, len(table))):
        cells = [plain(cell) for cell in table.iloc[i]]
        filled = [cell for cell in cells if cell]
        hits = sum(any(word in cell for word in every) for cell in filled)
        has_number = any(_number(cell) is not None for cell in filled)
        if hits >= 1 and not has_number:
            depth = i + 1
    return depth


def heading_levels(table: pd.DataFrame, depth: int) -> list[tuple[str, ...]]:
    """
    Return each column's headings from the top down, a merged heading repeated over the columns it spans.

    Parameters
    ----------
    table
        Table whose column names are the first level.
    depth
        Rows of the table that are headings too.
    """
    names = ["" if UNNAMED.match(str(c)) else str(c) for c in table.columns]
    parts = [name.split(JOINER) for name in names]
    if max((len(part) for part in parts), default=0) > 1:
        # The reader has joined the rows of headings already.
        below = [[_text(cell) for cell in table.iloc[i]] for i in range(depth)]
        return [(*part, *(line[i] for line in below if line[i])) for i, part in enumerate(parts)]
    lines = [names, *([_text(cell) for cell in table.iloc[i]] for i in range(depth))]
    filled = [sum(bool(cell) for cell in line) for line in lines]
    # What stands alone above all other headings is the table's title.
    first = next((i for i, count in enumerate(filled) if count > 1), 0)
    levels: list[list[str]] = [[] for _ in names]
    starts = [i == 0 for i in range(len(names))]
    for line in lines[first:]:
        held = ""
        for i, cell in enumerate(line):
            if cell or starts[i]:
                held = cell
            starts[i] = starts[i] or bool(cell)
            if held and (not levels[i] or levels[i][-1] != held):
                levels[i].append(held)
    return [tuple(parts) for parts in levels]


def own_headings(raw: Raw, at: Mapping[str, int]) -> dict[str, tuple[str, ...]]:
    """Return the file's name of each column of ours (-> its position), where it has one that no other has."""
    names = [str(name) for name in raw.table.columns]
    return {
        key: (names[place],)
        for key, place in sorted(at.items())
        if names[place].strip() and not UNNAMED.match(names[place]) and names.count(names[place]) == 1
    }


def texts(rows: pd.DataFrame, at: int) -> pd.Series:
    """Return a column by its position as text without outer blanks and line breaks; "" where missing."""
    return rows.iloc[:, at].map(_text).astype("str")


def numbers(given: pd.Series | None, index: pd.Index) -> pd.Series:
    """Return cells as numbers ("12.3m", "1,234.5", full-width), missing where they are none."""
    if given is None:
        return pd.Series(np.nan, index=index, dtype="float64")
    return pd.Series([_number(cell) for cell in given], index=index, dtype="float64")


def years(given: pd.Series | None, index: pd.Index) -> pd.Series:
    """Return cells as western years (`Int64`), missing where they are none."""
    if given is None:
        return pd.Series(pd.NA, index=index, dtype="Int64")
    return pd.Series([western_year(cell) for cell in given], index=index, dtype="Int64")


def _text(cell: Any) -> str:
    if cell is None or cell is pd.NA or (isinstance(cell, float) and np.isnan(cell)):
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return " ".join(str(cell).split())


def plain(text: Any) -> str:
    """Return a heading as it is compared: full width folded, no blanks."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", _text(text))).casefold()


def plain_digits(value: Any) -> str:
    """Return the digits of a code as text: "29212.0" and "２９２１２" are 29212."""
    text = plain(value).replace("-", "")
    return text[:-2] if text.endswith(".0") else text


def bare_name(value: Any) -> str:
    """Return a body's name as it is compared: 宇陀郡曽爾村 and 曽爾村 are one."""
    text = re.sub(r"\s+", "", unicodedata.normalize("NFKC", _text(value)))
    return re.sub(r"^.{1,5}郡(?=.{1,6}[町村]$)", "", text)


_NUMBER = re.compile(r"([+-]?\d[\d,]*\.?\d*)(?:m|km|ha|m2|橋|人|戸|名)?")


def _number(cell: Any) -> float | None:
    found = _NUMBER.fullmatch(plain(cell))
    if not found:
        return None
    try:
        return float(found.group(1).replace(",", ""))
    except ValueError:
        return None
