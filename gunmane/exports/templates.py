"""Empty ledgers to fill in, one a sector, with headings that are read back as they are."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Mapping, Sequence

import openpyxl
import pandas as pd
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from gunmane import schema
from gunmane.assets.grades import load_grades
from gunmane.exports.sheets import fixed_date
from gunmane.exports.template_fields import TEMPLATES, Field, Need, template_fields
from gunmane.exports.words import text_width
from gunmane.i18n import catalogue, t
from gunmane.municipalities import Region, long_code

__all__ = ["TEMPLATES", "template_fields", "template_xlsx"]

ROWS_PREPARED = 2_000
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
WORD_COLUMNS = ("name", "route_name", "subtype", "material")
CODE_COLUMNS = ("muni_code", "owner_code")
FILLS: Mapping[Need, PatternFill] = {
    "needed": PatternFill("solid", fgColor="FFE7A8"),
    "place": PatternFill("solid", fgColor="FFCFA8"),
    "advised": PatternFill("solid", fgColor="D9EBC8"),
    "optional": PatternFill("solid", fgColor="DDE6EE"),
}
LINE = Side(style="thin", color="8899AA")
MIN_WIDTH, MAX_WIDTH = 12, 34
# Characters that a page holds in readable size, and points that a line of text is high.
A4_WIDTH = 150
LINE_POINTS = 16.0
ABOUT_WIDTHS = (24, 21, 30, 8, 40, 22, 62)
GRADE_WIDTHS = (30, 26, 16, 40, 56)
# Marks for those who keep the table of grades, not for those who fill in a ledger.
ASSUMED = "assumption"
INNER_MARK = re.compile(r"\s*\((出所 [\d.]+|一般知識)\)")
ROMAN = {"I": "Ⅰ", "II": "Ⅱ", "III": "Ⅲ", "IV": "Ⅳ"}
EXAMPLE_DIGITS = 4


def template_xlsx(name: str, lang: str = "ja", region: Region | None = None) -> bytes:
    """
    Return an empty ledger as .xlsx: the table, what each column means, and what grades mean.

    The table has its headings in the first row and nothing below; columns of codes, years and grades are text, so that
    zeros stay, and grades are chosen from a list. Examples stand on the second sheet only. Where nothing is graded
    there is no third sheet.

    Parameters
    ----------
    name
        A sector, or "totals" for figures by municipality.
    lang
        "ja" or "en".
    region
        Region that it is for: its codes and names stand in the table of totals, and among the values that other
        templates allow; None leaves them to be written.

    Raises
    ------
    ValueError
        If there is no such template.
    """
    fields = template_fields(name, lang)
    book = openpyxl.Workbook()
    book.properties.creator = "gunmane"
    _table(book.active, name, fields, lang)
    if name == "totals" and region is not None:
        _write_towns(book.active, region)
    _about(book.create_sheet(), name, fields, lang, region)
    if any(field.ours == "condition_raw" for field in fields):
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
        cell.fill = FILLS[field.need]
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
    page.print_title_rows = "1:1"
    _set_print(page, sum(column.width for column in page.column_dimensions.values()))


def _add_list(page: Worksheet, letter: str, field: Field, lang: str) -> None:
    rule = DataValidation(type="list", formula1=f'"{",".join(field.listed)}"', allow_blank=True)
    rule.errorStyle = "stop" if field.is_strict else "warning"
    rule.showErrorMessage = True
    rule.errorTitle = field.heading
    rule.error = t("template.choose", lang, words=t("word.list_sep", lang).join(field.listed))
    rule.add(f"{letter}2:{letter}{ROWS_PREPARED + 1}")
    page.add_data_validation(rule)


def _write_towns(page: Worksheet, region: Region) -> None:
    """Write code and name of each municipality; the name as the ledgers of Japan have it, in both languages."""
    for at, code in enumerate(sorted(region.municipalities.index), start=2):
        cell = page.cell(row=at, column=1, value=long_code(code))
        cell.number_format = "@"
        page.cell(row=at, column=2, value=region.name_of(code, "ja"))


# -- what the columns mean ----------------------------------------------------------------------------------


def _about(page: Worksheet, name: str, fields: Sequence[Field], lang: str, region: Region | None) -> None:
    """Say of each column what it means, whether it must be there and how it is written, with an example."""
    group = "total" if name == "totals" else "column"
    examples = _examples(name, lang, region)
    rows = [
        [
            field.heading,
            field.ours,
            t(f"template.need.{field.need}", lang),
            t(f"template.kind.{_kind(field.ours)}", lang),
            _allowed(field, name, lang, region),
            field.listed[min(1, len(field.listed) - 1)] if field.listed else examples[field.ours],
            t(f"template.{group}.{field.ours}", lang),
        ]
        for field in fields
    ]
    lead = t("template.lead_totals" if name == "totals" else "template.lead", lang)
    if name == "totals" and region is not None:
        told = t("template.filled_in", lang, region=region.name_ja if lang == "ja" else region.name_en)
        lead = f"{lead}{told}" if lang == "ja" else f"{lead} {told}"
    heads = _heads(("heading", "ours", "needed", "kind", "allowed", "example", "note"), lang)
    _write(page, t("template.sheet_about", lang), lead, heads, rows, ABOUT_WIDTHS)
    for at, field in enumerate(fields, start=3):
        for column in (1, 3):
            page.cell(row=at, column=column).fill = FILLS[field.need]


def _heads(keys: Sequence[str], lang: str) -> list[str]:
    return [t(f"template.head.{key}", lang) for key in keys]


def _kind(ours: str) -> str:
    return "text" if ours in (*TEXT_COLUMNS, *WORD_COLUMNS) else "number"


def _allowed(field: Field, name: str, lang: str, region: Region | None) -> str:
    """Return the values that a column takes: a list, the codes of the region, or a range."""
    if field.ours in CODE_COLUMNS and region is not None:
        codes = sorted(region.municipalities.index)
        if field.ours == "owner_code":
            codes += region.prefecture_codes
        # Totals are known by the code of six digits, which the first sheet holds.
        shown = {code: long_code(code) if name == "totals" else code for code in codes}
        named = [f"{shown[code]} {region.name_of(code, lang)}" for code in codes]
        return t("word.list_sep", lang).join(named)
    return t("word.list_sep", lang).join(field.listed) or _range(field.ours)


def _range(ours: str) -> str:
    column = next((column for column in schema.ASSETS if column.name == ours), None)
    if column is None or column.low is None or column.high is None:
        return ""
    return (
        f"{column.low:,.0f}–{column.high:,.0f}"
        if column.low < 1000
        else f"{column.low:.0f}–{column.high:.0f}"
    )


def _examples(name: str, lang: str, region: Region | None) -> dict[str, str]:
    """Return an example of each column: those of the sector before the common ones, places of the region."""
    known = catalogue(lang)
    groups = ("total_example",) if name == "totals" else ("example", f"example_{name}")
    found: dict[str, str] = {}
    for group in groups:
        prefix = f"template.{group}."
        found |= {key.removeprefix(prefix): text for key, text in known.items() if key.startswith(prefix)}
    if region is None:
        return found
    code = min(region.municipalities.index)
    found |= {"muni_code": code, "owner_code": code}
    if name == "totals":
        return found | {"muni_code": long_code(code), "name": region.name_of(code, "ja")}
    towns = region.towns[region.towns["muni_code"] == code]
    if towns.empty:
        return found
    place = towns.iloc[:1].to_crs(epsg=4326).geometry.iloc[0]
    return found | {
        "lat": f"{place.y:.{EXAMPLE_DIGITS}f}",
        "lon": f"{place.x:.{EXAMPLE_DIGITS}f}",
        "address": f"{region.name_of(code, 'ja')}{towns['town'].iloc[0]}",
    }


# -- what grades mean ---------------------------------------------------------------------------------------


def _grades(page: Worksheet, name: str, lang: str) -> None:
    """Say what the common condition is, and what the grades of each of the sector's scales stand for in it."""
    table = load_grades()
    own = table[table["sector"] == name]
    rows: list[list[str]] = []
    scales = list(dict.fromkeys(own["scale"]))
    for scale in scales:
        told = t(f"data.scale.{scale}", lang)
        if len(scales) > 1 and scale == scales[0]:
            told = t("template.usual_scale", lang, scale=told)
        for condition, same in own[own["scale"] == scale].groupby("condition", sort=True):
            rows.append([told, *_grade_row(int(str(condition)), same, lang)])
    lead = t("template.grades_lead", lang)
    if len(scales) > 1:
        lead += ("" if lang == "ja" else " ") + t("template.other_scales", lang)
    heads = _heads(("scale", "grade", "condition", "meaning", "source"), lang)
    _write(page, t("template.sheet_grades", lang), lead, heads, rows, GRADE_WIDTHS)


def _grade_row(condition: int, same: pd.DataFrame, lang: str) -> list[str]:
    """Return one condition of a scale: the grades that mean it, what they mean, and who says so."""
    grades = [_roman(str(grade)) for grade in same["grade"]]
    sources = [
        t("template.assumed", lang) if source == ASSUMED else _plain(str(source)) for source in same["source"]
    ]
    return [
        t("word.list_sep", lang).join(grades),
        t(f"condition.{condition}", lang),
        _plain(str(same["note"].iloc[0])),
        "\n".join(dict.fromkeys(sources)),
    ]


def _roman(grade: str) -> str:
    return re.sub(r"^[IV]+", lambda found: ROMAN.get(found.group(), found.group()), grade)


def _plain(text: str) -> str:
    return INNER_MARK.sub("", text)


# -- a sheet to read ----------------------------------------------------------------------------------------


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
    page.row_dimensions[1].height = LINE_POINTS * _lines(lead, sum(widths))
    for number, (head, width) in enumerate(zip(heads, widths, strict=True), start=1):
        cell = page.cell(row=2, column=number, value=head)
        cell.font, cell.fill = Font(bold=True), FILLS["optional"]
        page.column_dimensions[get_column_letter(number)].width = width
    for at, row in enumerate(rows, start=3):
        for number, text in enumerate(row, start=1):
            cell = page.cell(row=at, column=number, value=text)
            cell.data_type, cell.number_format = "s", "@"
            cell.alignment = Alignment(wrap_text=True, vertical="top")
            cell.border = Border(bottom=LINE)
        # Not every program makes a row as high as its text needs.
        lines = max(_lines(text, width) for text, width in zip(row, widths, strict=True))
        page.row_dimensions[at].height = LINE_POINTS * lines
    page.freeze_panes = "A3"
    page.print_title_rows = "2:2"
    _set_print(page, sum(widths))


def _lines(text: str, width: float) -> int:
    """Return how many lines a text takes in a column; a little is lost at each line's end."""
    return sum(max(math.ceil(text_width(line) / max(width - 2, 1)), 1) for line in text.split("\n"))


def _set_print(page: Worksheet, width: float) -> None:
    """Set up how a sheet prints: landscape, all columns on one page, with its name and the page's number."""
    page.page_setup.orientation = "landscape"
    page.page_setup.paperSize = page.PAPERSIZE_A3 if width > A4_WIDTH else page.PAPERSIZE_A4
    page.page_setup.fitToWidth, page.page_setup.fitToHeight = 1, 0
    page.sheet_properties.pageSetUpPr = openpyxl.worksheet.properties.PageSetupProperties(fitToPage=True)
    page.oddFooter.left.text = page.title
    page.oddFooter.right.text = "&P / &N"
