"""Totals by municipality: 公共施設状況調, 定員管理調査, and a plain table of one's own. No GIS file is needed."""

from __future__ import annotations

import dataclasses
import re
import unicodedata
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from gunmane.errors import FileError
from gunmane.ledgers.annual import (
    heading_depth,
    heading_levels,
    numbers,
    own_headings,
    plain,
    plain_digits,
    texts,
    western_year,
)
from gunmane.ledgers.profiles import Profile
from gunmane.ledgers.raw import Raw
from gunmane.ledgers.total_rows import (
    RowFault,
    newest_rows,
    rejects_of,
    settle_doubles,
    towns_of_rows,
)
from gunmane.municipalities import Region, total_faults
from gunmane.scenario import Note

# Our column -> heading of the template; the unit in brackets is what the number is taken in.
TEMPLATE = {
    "muni_code": "団体コード",
    "name": "市町村名",
    "population": "人口（人）",
    "area_km2": "面積（km2）",
    "road_length_m": "道路延長（km）",
    "bridges_inspected": "橋数（橋）",
    "bridges_grade_3_4": "うち判定Ⅲ・Ⅳ（橋）",
    "park_area_m2": "公園面積（ha）",
    "sewered_population": "下水道処理人口（人）",
    "civil_engineers": "土木技師数（人）",
}
Words = Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]
WORDS: Words = {
    "muni_code": (("団体コード", "市町村コード", "市区町村コード", "行政コード", "muni_code"), ()),
    "name": (("団体名", "市町村名", "市区町村名", "自治体名", "市町村"), ("コード", "道", "立")),
    "prefecture": (("都道府県名", "都道府県"), ("コード", "道路", "国道")),
    "year": (("決算年度", "年度"), ("末",)),
    "bridges_grade_3_4": (("iii・iv", "iii,iv", "iii/iv", "iiiiv", "要修繕橋", "うちiii"), ("率",)),
    "bridges_inspected": (("橋数", "橋梁数", "点検橋", "bridges_inspected"), ("率", "iii")),
    "road_length_m": (("道路実延長", "道路延長", "市町村道延長", "市町村道", "実延長"), ("率", "舗装")),
    "park_area_m2": (("公園面積", "都市公園面積"), ("率", "一人")),
    "sewered_population": (("下水道処理人口", "下水処理人口", "処理区域内人口"), ("率",)),
    "civil_engineers": (("土木技師", "土木技術職", "土木職員"), ("率",)),
    "population": (("人口",), ("率", "密度", "下水", "処理")),
    "area_km2": (("面積",), ("公園", "道路", "率")),
}
VALUES = tuple(name for name in TEMPLATE if name not in ("muni_code", "name"))
_UNIT = re.compile(r"[(\[【〔](千?m|km|ha|m2|㎡|km2|千?人|橋|人)[)\]】〕]")
FACTORS = {
    "road_length_m": {"m": 1.0, "千m": 1000.0, "km": 1000.0},
    "park_area_m2": {"m2": 1.0, "ha": 10_000.0, "km2": 1e6},
    "area_km2": {"km2": 1.0, "ha": 0.01, "m2": 1e-6},
}
PEOPLE = {"人": 1.0, "千人": 1000.0}
# Columns of 公共施設状況調 (市町村経年比較表, sheet AFAHO14H1030): where they stand counted from 0, the words of their
# headings, and words of other columns.
SURVEY: tuple[tuple[str, int, tuple[str, ...], tuple[str, ...]], ...] = (
    ("year", 0, ("年度",), ("団体", "以前")),
    ("muni_code", 2, ("団体コード",), ()),
    ("road_length_m", 5, ("道路", "実延長"), ("農道", "林道", "改良", "舗装")),
    ("public_housing_units", 26, ("住宅", "合計"), ("面積",)),
    ("sewered_population", 44, ("公共下水道", "現在処理区域内人口"), ("特定環境",)),
)
PARK_AT = 12
NIL = {"-", "－", "―", "‐", "ー"}


@dataclasses.dataclass(frozen=True)
class Found:
    """Where a table has its columns: position, and what its numbers are multiplied by."""

    at: Mapping[str, tuple[int, ...]]
    factor: Mapping[str, float]
    nil_is_zero: bool = False


def totals_from(raw: Raw, profile: Profile, *, region: Region) -> pd.DataFrame:
    """
    Return totals of the region's municipalities, from a published table or from one's own.

    A table over several years gives each municipality's newest row. Columns are found by the words of their headings,
    those that the profile names first; lengths and areas are turned into m and m2 by the unit in the heading.

    Parameters
    ----------
    raw
        Rows as the file has them.
    profile
        `kind` "public_facilities" reads 公共施設状況調, where "-" says that there is none (0); anywhere else "-" and
        blank cells are missing.
    region
        Municipalities to keep.

    Returns
    -------
    totals
        Indexed by `muni_code`, sorted; columns as in the statistics of the region, and `civil_engineers`; only those
        that the table has, missing where the cell is. `attrs`: `file`, `absent` (municipalities without a row),
        `years`, `without` (columns that were not found), `other_rows`, `doubled` (municipalities with two rows of
        one year), `not_numbers` (code, column, cell), `rejects` (`schema.REJECTS`: also what contradicts itself or
        cannot be true, which is missing in the totals), `columns` (the file's names) and `notes`.

    Raises
    ------
    FileError
        If neither code nor name has a column, no total has one, the layout is not that of 公共施設状況調, or no
        municipality of the region is in it.
    """
    is_survey = profile.kind == "public_facilities"
    depth = _depth(raw.table)
    levels = heading_levels(raw.table, depth)
    rows = raw.table.iloc[depth:]
    found = _survey_columns(raw, rows, levels) if is_survey else _own_columns(raw, levels, profile)
    named = {key: texts(rows, found.at[key][0]) for key in WHO if key in found.at}
    towns = towns_of_rows(named, rows.index, region, is_published=profile.kind in PUBLISHED)
    chosen = rows[(towns.codes != "").to_numpy()]
    if chosen.empty and not towns.faults:
        raise FileError("totals_no_town", file=raw.file, region_ja=region.name_ja, region_en=region.name_en)
    table, wrong = _values(chosen, found)
    values = [name for name in VALUES_OUT if name in table.columns]
    table["muni_code"], table["year"] = towns.codes[towns.codes != ""], _years(chosen, found)
    newest, doubles = settle_doubles(newest_rows(table), values)
    out = newest.set_index("muni_code")[values]
    code_of = newest["muni_code"].to_dict()
    odd = _implausible(out, newest, chosen, found, region)
    numberless = [
        RowFault(row, key, cell, "totals_number_value") for row, key, cell in wrong if row in code_of
    ]
    absent = [code for code in region.municipalities.index if code not in out.index]
    out.attrs = {
        "file": raw.file,
        "absent": absent,
        "years": sorted({int(year) for year in newest["year"].dropna()}),
        "without": [name for name in VALUES if name not in out.columns],
        "other_rows": int((towns.codes == "").sum()),
        "doubled": sorted({fault.value for fault in doubles}),
        "not_numbers": [(code_of[fault.row], fault.column, fault.value) for fault in numberless],
        "rejects": rejects_of([*towns.faults, *doubles, *numberless, *odd], raw.file),
        "columns": own_headings(raw, {key: places[0] for key, places in found.at.items()}),
        "notes": [*towns.notes(raw.file), *_absent_notes(absent, raw.file, region)],
    }
    return out


VALUES_OUT = (*VALUES, "public_housing_units")
WHO = ("muni_code", "name", "prefecture")
# Tables of all Japan: most of their rows are of other regions.
PUBLISHED = ("public_facilities", "staff")


def _implausible(
    out: pd.DataFrame, newest: pd.DataFrame, rows: pd.DataFrame, found: Found, region: Region
) -> list[RowFault]:
    """Take out of `out` what cannot be true, and return it; what was published counts in its stead."""
    row_of = {code: row for row, code in newest["muni_code"].items()}
    odd: list[RowFault] = []
    while faults := total_faults(region, out):
        for fault in faults:
            for name in fault.columns:
                row = row_of[fault.code]
                cell = " + ".join(texts(rows.loc[[row]], place).iloc[0] for place in found.at[name])
                odd.append(RowFault(row, name, cell, f"{fault.key}_value"))
                out.loc[fault.code, name] = np.nan
    return odd


def _absent_notes(absent: list[str], file: str, region: Region) -> list[Note]:
    if not absent:
        return []
    names_ja = "、".join(region.name_of(code, "ja") for code in absent)
    names_en = ", ".join(region.name_of(code, "en") for code in absent)
    return [Note.of("totals_absent", file=file, names_ja=names_ja, names_en=names_en)]


def _depth(table: pd.DataFrame) -> int:
    """Rows that are headings: down to the first row with a code or a year in its first columns."""
    for i in range(min(12, len(table))):
        cells = [plain_digits(cell) for cell in table.iloc[i, :5]]
        if any(re.fullmatch(r"\d{5,6}", cell) for cell in cells):
            return i
    return heading_depth(table, WORDS)


def _own_columns(raw: Raw, levels: list[tuple[str, ...]], profile: Profile) -> Found:
    heads = [plain("".join(parts)) for parts in levels]
    at: dict[str, tuple[int, ...]] = {}
    spelled = {plain(str(name)): i for i, name in reversed(list(enumerate(raw.table.columns)))}
    own = {key: (key,) for key in (*VALUES, "muni_code")}
    for key, names in {**own, **profile.columns}.items():
        hit = next((spelled[plain(name)] for name in names if plain(name) in spelled), None)
        if hit is not None:
            at[key] = (hit,)
    taken = {i for places in at.values() for i in places}
    for key, (wanted, other) in WORDS.items():
        hit = None if key in at else _first(heads, wanted, other, taken)
        if hit is not None:
            at[key] = (hit,)
            taken.add(hit)
    if not ({"muni_code", "name"} & set(at)) or not set(at) & set(VALUES):
        named = ", ".join(head for head in heads if head)[:200] or "-"
        raise FileError("totals_no_columns", file=raw.file, columns=named)
    return Found(at, {key: _factor(key, heads[places[0]]) for key, places in at.items()})


def _first(heads: list[str], wanted: tuple[str, ...], other: tuple[str, ...], taken: set[int]) -> int | None:
    for word in wanted:
        for i, head in enumerate(heads):
            bare = _UNIT.sub("", head)
            if i not in taken and word in bare and not any(o in bare for o in other):
                return i
    return None


def _factor(key: str, head: str) -> float:
    """What the numbers of a column are multiplied by: its unit as the heading says it, else ours."""
    text = head.replace("㎡", "m2").replace("m²", "m2")
    found = _UNIT.search(text)
    if not found:
        return 1.0
    table = FACTORS.get(key, PEOPLE)
    return table.get(found.group(1), 1.0)


def _survey_columns(raw: Raw, rows: pd.DataFrame, levels: list[tuple[str, ...]]) -> Found:
    """Columns of 公共施設状況調 by their headings; by where they are known to stand only below blank headings."""
    heads = [plain("/".join(parts)) for parts in levels]
    at: dict[str, tuple[int, ...]] = {}
    for key, place, words, others in SURVEY:
        hit = _survey_column(heads, place, words, others)
        if hit is not None:
            at[key] = (hit,)
    parks = _park_columns(heads, levels)
    if parks:
        at["park_area_m2"] = parks
    needed = {"muni_code": "団体コード", "road_length_m": "道路 実延長"}
    missing = [word for key, word in needed.items() if key not in at]
    if not missing:
        codes = texts(rows.head(50), at["muni_code"][0]).map(plain_digits)
        missing = [] if codes.str.fullmatch(r"\d{4,6}").any() else ["団体コード"]
    if missing:
        raise FileError("totals_layout", file=raw.file, where="、".join(missing))
    factor = {key: _factor(key, heads[places[0]]) for key, places in at.items()}
    return Found(at, factor, nil_is_zero=True)


def _survey_column(
    heads: list[str], place: int, words: tuple[str, ...], others: tuple[str, ...]
) -> int | None:
    """The first column whose heading has all the words, else its known place where nothing is said there."""
    for i, head in enumerate(heads):
        if all(word in head for word in words) and not any(other in head for other in others):
            return i
    is_blank = place < len(heads) and not heads[place]
    return place if is_blank else None


def _park_columns(heads: list[str], levels: list[tuple[str, ...]]) -> tuple[int, ...]:
    """
    Areas of the municipality's own parks inside and outside of city planning areas; the total column of each.

    Counts and areas stand side by side, so a column without the word 面積 below 計 is never added.
    """
    parks = [
        i for i, head in enumerate(heads) if "公園" in head and "面積" in head.replace("計画区域面積", "")
    ]
    own = [i for i in parks if "以外" not in heads[i]]
    totals = [
        i for i in own if any(re.sub(r"[()\[\]0-9]", "", plain(part)) in ("計", "合計") for part in levels[i])
    ]
    if not totals and len(heads) > PARK_AT and PARK_AT in own:
        totals = [PARK_AT]
    inside = [i for i in totals if "区域外" not in heads[i]][:1]
    outside = [i for i in totals if "区域外" in heads[i]][:1]
    return (*inside, *outside)


def _values(rows: pd.DataFrame, found: Found) -> tuple[pd.DataFrame, list[tuple[Any, str, str]]]:
    """Numbers of every total in our units; and row, column and cell of what is none."""
    out = pd.DataFrame(index=rows.index)
    wrong: list[tuple[Any, str, str]] = []
    for key in VALUES_OUT:
        if key not in found.at:
            continue
        parts = []
        for place in found.at[key]:
            cells = texts(rows, place).map(lambda cell: unicodedata.normalize("NFKC", cell))
            number = numbers(cells.where(~cells.isin(NIL), "0" if found.nil_is_zero else ""), rows.index)
            odd = number.isna() & (cells != "") & ~cells.isin(NIL)
            wrong += [(row, key, cells[row]) for row in rows.index[odd.to_numpy()]]
            parts.append(number)
        total = parts[0] if len(parts) == 1 else pd.concat(parts, axis=1).sum(axis=1, min_count=1)
        out[key] = np.round(total * found.factor.get(key, 1.0), 6)
    return out, wrong


def _years(rows: pd.DataFrame, found: Found) -> pd.Series:
    if "year" not in found.at:
        return pd.Series(pd.NA, index=rows.index, dtype="Int64")
    return pd.Series(
        [western_year(c) for c in texts(rows, found.at["year"][0])], index=rows.index, dtype="Int64"
    )
