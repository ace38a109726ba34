"""Empty ledgers to fill in, one a sector, with headings that are read back as they are."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Mapping, Sequence

import openpyxl
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from gunmane import schema
from gunmane.assets.grades import load_grades, scale_of
from gunmane.exports.sheets import fixed_date
from gunmane.exports.words import text_width
from gunmane.i18n import t
from gunmane.ledgers.totals import TEMPLATE as TOTALS

TEMPLATES = (*schema.SECTORS, "totals")
ROWS_PREPARED = 2_000
LANGUAGES = ("ja", "en")
PLACE = ("lat", "lon", "address")
# Cells that a spreadsheet would spoil as numbers: zeros at their front, years with an era, grades.
TEXT_COLUMNS = (
    "asset_id",
    "muni_code",
    "owner_code",
    "condition_raw",
    "built_year",
    "inspected_year",
    "address",
)
REQUIRED = ("name", "lat", "lon")
HEADER_FILL = PatternFill("solid", fgColor="DDE6EE")
NEEDED_FILL = PatternFill("solid", fgColor="FFE7A8")
LINE = Side(style="thin", color="8899AA")
MIN_WIDTH, MAX_WIDTH = 12, 34
ABOUT_WIDTHS = (24, 16, 10, 12, 44, 24, 60)
GRADE_WIDTHS = (16, 18, 40, 60)

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
    listed
        Words to choose from; others may be written where `is_strict` is False.
    """

    ours: str
    heading: str
    listed: tuple[str, ...] = ()
    is_required: bool = False
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
        return [Field(ours, heading, is_required=ours == "muni_code") for ours, heading in TOTALS.items()]
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
                listed,
                is_required=ours in REQUIRED,
                is_strict=ours == "condition_raw",
            )
        )
    return fields


def grade_words(sector: str) -> tuple[str, ...]:
    """Return the grades of a sector's usual scale as ledgers write them, the soundest first; Roman ones in one sign."""
    roman = {"I": "Ⅰ", "II": "Ⅱ", "III": "Ⅲ", "IV": "Ⅳ"}
    _, grades = scale_of(sector)
    short = [grade for grade in grades if grade in roman or (len(grade) == 1 and grade.isalpha())]
    short.sort(key=lambda grade: (grades[grade], grade))
    return tuple(roman.get(grade, grade) for grade in short)


def template_xlsx(name: str, lang: str = "ja") -> bytes:
    """
    Return an empty ledger as .xlsx: the table, what each column means, and what grades mean.

    The table has its headings in the first row and nothing below; columns of codes, years and grades are text, so that
    zeros stay, and grades are chosen from a list. Examples stand on the second sheet only.

    Parameters
    ----------
    name
        A sector, or "totals" for figures by municipality.
    lang
        "ja" or "en".

    Raises
    ------
    ValueError
        If there is no such template.
    """
    fields = template_fields(name, lang)
    book = openpyxl.Workbook()
    book.properties.creator = "gunmane"
    _table(book.active, name, fields, lang)
    _about(book.create_sheet(), name, fields, lang)
    _grades(book.create_sheet(), name, lang)
    buffer = io.BytesIO()
    book.save(buffer)
    return fixed_date(buffer.getvalue())


def _table(page: Worksheet, name: str, fields: Sequence[Field], lang: str) -> None:
    page.title = t(f"template.sheet.{name}", lang)
    for number, field in enumerate(fields, start=1):
        letter = get_column_letter(number)
        cell = page.cell(row=1, column=number, value=field.heading)
        cell.font = Font(bold=True)
        cell.fill = NEEDED_FILL if field.is_required else HEADER_FILL
        cell.border = Border(bottom=LINE)
        cell.alignment = Alignment(wrap_text=True, vertical="top")
        column = page.column_dimensions[letter]
        column.width = min(max(text_width(field.heading) + 4, MIN_WIDTH), MAX_WIDTH)
        if field.ours in TEXT_COLUMNS:
            column.number_format = "@"
        if field.listed:
            _add_list(page, letter, field, lang)
    page.freeze_panes = "A2"
    page.auto_filter.ref = f"A1:{get_column_letter(len(fields))}1"


def _add_list(page: Worksheet, letter: str, field: Field, lang: str) -> None:
    rule = DataValidation(type="list", formula1=f'"{",".join(field.listed)}"', allow_blank=True)
    rule.errorStyle = "stop" if field.is_strict else "warning"
    rule.showErrorMessage = True
    rule.errorTitle = field.heading
    rule.error = t("template.choose", lang, words=t("word.list_sep", lang).join(field.listed))
    rule.add(f"{letter}2:{letter}{ROWS_PREPARED + 1}")
    page.add_data_validation(rule)


def _about(page: Worksheet, name: str, fields: Sequence[Field], lang: str) -> None:
    heads = [
        t(f"template.head.{key}", lang)
        for key in ("heading", "ours", "needed", "kind", "allowed", "example", "note")
    ]
    group = "total" if name == "totals" else "column"
    rows = [
        [
            field.heading,
            field.ours,
            t("template.needed" if field.is_required else "template.optional", lang),
            t(f"template.kind.{_kind(field.ours)}", lang),
            t("word.list_sep", lang).join(field.listed) or _range(field.ours),
            _example(field, name, lang),
            t(f"template.{group}.{field.ours}", lang),
        ]
        for field in fields
    ]
    _write(page, t("template.sheet_about", lang), t("template.lead", lang), heads, rows, ABOUT_WIDTHS)


def _kind(ours: str) -> str:
    if ours in TEXT_COLUMNS or ours in ("name", "route_name", "subtype", "material"):
        return "text"
    return "number"


def _range(ours: str) -> str:
    column = next((column for column in schema.ASSETS if column.name == ours), None)
    if column is None or column.low is None or column.high is None:
        return ""
    return (
        f"{column.low:,.0f}–{column.high:,.0f}"
        if column.low < 1000
        else f"{column.low:.0f}–{column.high:.0f}"
    )


def _example(field: Field, name: str, lang: str) -> str:
    group = "total_example" if name == "totals" else "example"
    if field.listed:
        return field.listed[min(1, len(field.listed) - 1)]
    return t(f"template.{group}.{field.ours}", lang)


def _grades(page: Worksheet, name: str, lang: str) -> None:
    """Say what the common condition is, and what each grade of the sector stands for in it."""
    heads = [t(f"template.head.{key}", lang) for key in ("grade", "condition", "meaning", "source")]
    table = load_grades()
    sector = "bridge" if name == "totals" else name
    rows = [
        [row.grade, t(f"condition.{row.condition}", lang), row.note, row.source]
        for row in table[table["sector"] == sector].itertuples()
    ] or [["–", "–", t("template.no_scale", lang), "–"]]
    _write(page, t("template.sheet_grades", lang), t("template.grades_lead", lang), heads, rows, GRADE_WIDTHS)


def _write(
    page: Worksheet,
    title: str,
    lead: str,
    heads: Sequence[str],
    rows: Sequence[Sequence[str]],
    widths: Sequence[int],
) -> None:
    page.title = title
    page["A1"].value = lead
    page["A1"].font = Font(bold=True)
    page["A1"].alignment = Alignment(wrap_text=True, vertical="top")
    page.merge_cells(start_row=1, end_row=1, start_column=1, end_column=len(heads))
    page.row_dimensions[1].height = 16 * (1 + text_width(lead) // sum(widths))
    for number, (head, width) in enumerate(zip(heads, widths, strict=True), start=1):
        cell = page.cell(row=2, column=number, value=head)
        cell.font, cell.fill = Font(bold=True), HEADER_FILL
        page.column_dimensions[get_column_letter(number)].width = width
    for at, row in enumerate(rows, start=3):
        for number, text in enumerate(row, start=1):
            cell = page.cell(row=at, column=number, value=text)
            cell.data_type, cell.number_format = "s", "@"
            cell.alignment = Alignment(wrap_text=True, vertical="top")
            cell.border = Border(bottom=LINE)
    page.freeze_panes = "A3"
    page.page_setup.orientation = "landscape"
    page.page_setup.fitToHeight = 0
    page.sheet_properties.pageSetUpPr = openpyxl.worksheet.properties.PageSetupProperties(fitToPage=True)
