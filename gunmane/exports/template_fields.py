"""The columns of the ledgers to fill in, by sector: headings, words to choose from, which ones must be there."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Literal

from gunmane import schema
from gunmane.assets.grades import scale_of
from gunmane.ledgers.totals import TEMPLATE as TOTALS

TEMPLATES = (*schema.SECTORS, "totals")
LANGUAGES = ("ja", "en")
# A row needs a place: degrees, or an address in their stead.
PLACE = ("lat", "lon", "address")
# A row is taken without these, but can hardly be told apart or counted as work.
ADVISED = ("name", "length_m", "area_m2")
Need = Literal["needed", "place", "advised", "optional"]

# Our column -> the Japanese heading, by sector where "any" does not serve; in the order of the sheet.
HEADINGS: Mapping[str, Mapping[str, str]] = {
    "asset_id": {"any": "管理番号"},
    "name": {
        "road": "路線名", "bridge": "橋梁名", "tunnel": "トンネル名", "park": "公園名", "sewer": "管渠名",
        "water": "管路名称", "river": "河川名",
    },
    "route_name": {"bridge": "路線名", "tunnel": "路線名", "sewer": "処理分区", "water": "配水区", "river": "水系名"},
    "subtype": {
        "road": "道路種別", "bridge": "橋種", "tunnel": "トンネル種別", "park": "公園種別", "sewer": "管渠種別",
        "water": "管路種別", "river": "河川区分",
    },
    "muni_code": {"any": "市町村コード"},
    "owner_code": {"any": "管理者コード"},
    "built_year": {
        "any": "建設年度", "bridge": "架設年度", "tunnel": "竣工年度", "park": "開設年度", "sewer": "布設年度",
        "water": "布設年度", "river": "改修年度",
    },
    "condition_raw": {
        "road": "判定区分", "bridge": "判定区分", "tunnel": "判定区分", "park": "健全度判定", "sewer": "緊急度",
        "river": "判定区分",
    },
    "inspected_year": {"any": "点検年度", "water": ""},
    "material": {
        "road": "舗装種別", "bridge": "上部工材料", "sewer": "管種", "water": "管種", "river": "護岸種別",
    },
    "diameter_mm": {"sewer": "管径（mm）", "water": "口径（mm）"},
    "length_m": {
        "road": "道路延長（m）", "bridge": "橋長（m）", "tunnel": "トンネル延長（m）", "sewer": "管渠延長（m）",
        "water": "管路延長（m）", "river": "河川延長（m）",
    },
    "width_m": {"road": "道路幅員（m）", "bridge": "全幅員（m）", "tunnel": "幅員（m）", "river": "川幅（m）"},
    "area_m2": {"park": "供用面積（m2）"},
    "annual_cost_jpy": {"any": "年間維持管理費（円）"},
    "lat": {"any": "緯度"},
    "lon": {"any": "経度"},
    "address": {"any": "所在地"},
}  # fmt: skip
SUBTYPES: Mapping[str, tuple[str, ...]] = {
    "road": ("1級市町村道", "2級市町村道", "その他市町村道", "農道", "林道"),
    "bridge": ("道路橋", "溝橋", "農道橋"),
    "park": ("街区公園", "近隣公園", "地区公園", "総合公園", "運動公園", "都市緑地"),
    "sewer": ("汚水管", "雨水管", "ポンプ場"),
}
"""Kinds that the plan or the map tells apart; other words may be written too."""


@dataclasses.dataclass(frozen=True)
class Field:
    """
    One column of a template.

    Parameters
    ----------
    ours
        Our column, "lat", "lon" or "address"; in "totals" a column of the region's statistics.
    heading
        As it stands in the first row.
    need
        "needed": every row; "place": one of the ways to say where; "advised": better there; "optional".
    listed
        Words to choose from; others may be written where `is_strict` is False.
    """

    ours: str
    heading: str
    need: Need = "optional"
    listed: tuple[str, ...] = ()
    is_strict: bool = False


def template_fields(name: str, lang: str) -> list[Field]:
    """
    Return the columns of a template in the order of its sheet.

    Parameters
    ----------
    name
        One of `TEMPLATES`.
    lang
        "ja" or "en"; English headings are our own column names.

    Raises
    ------
    ValueError
        If there is no such template.
    """
    if name not in TEMPLATES or lang not in LANGUAGES:
        msg = f"no template {name!r} in {lang!r}; there are {TEMPLATES} in {LANGUAGES}"
        raise ValueError(msg)
    if name == "totals":
        # The units in brackets are what the numbers are read in, in both languages.
        return [
            Field(ours, heading, "needed" if ours == "muni_code" else "optional")
            for ours, heading in TOTALS.items()
        ]
    fields = []
    for ours, headings in HEADINGS.items():
        heading = headings.get(name, headings.get("any", ""))
        if not heading:
            continue
        listed = (
            grade_words(name)
            if ours == "condition_raw"
            else SUBTYPES.get(name, ())
            if ours == "subtype"
            else ()
        )
        fields.append(
            Field(
                ours,
                heading if lang == "ja" else ours,
                _need(ours),
                listed,
                is_strict=ours == "condition_raw",
            )
        )
    return fields


def _need(ours: str) -> Need:
    if ours in PLACE:
        return "place"
    return "advised" if ours in ADVISED else "optional"


def grade_words(sector: str) -> tuple[str, ...]:
    """Return the grades of a sector's usual scale as ledgers write them, the soundest first; Roman ones in one sign."""
    roman = {"I": "Ⅰ", "II": "Ⅱ", "III": "Ⅲ", "IV": "Ⅳ"}
    _, grades = scale_of(sector)
    short = [grade for grade in grades if grade in roman or (len(grade) == 1 and grade.isalpha())]
    short.sort(key=lambda grade: (grades[grade], grade))
    return tuple(roman.get(grade, grade) for grade in short)
