"""What is handed out and sent back: ledger templates that are read as they are, and the rows to be mended."""

import io

import geopandas as gpd
import openpyxl
import pandas as pd
import pytest
from made_deliveries import bridge_rows, delivered
from openpyxl.utils import get_column_letter

from gunmane.cli import main
from gunmane.deliveries import take_delivery
from gunmane.exports.faults import fault_kinds, faults_xlsx
from gunmane.exports.samplefiles import sample_files
from gunmane.exports.templates import TEMPLATES, template_fields, template_xlsx
from gunmane.exports.words import text_width
from gunmane.i18n import t
from gunmane.ledgers.opening import open_raw
from gunmane.ledgers.proposals import propose_profile
from gunmane.municipalities import find_region
from gunmane.schema import SECTORS, names

LANGS = ("ja", "en")


@pytest.fixture(scope="module")
def region():
    return find_region("nara_uda")


def sheets(content):
    return openpyxl.load_workbook(io.BytesIO(content)).worksheets


def table(sheet):
    """Rows below the headings, by heading."""
    rows = list(sheet.iter_rows(min_row=2))
    head = [cell.value for cell in rows[0]]
    return [dict(zip(head, row, strict=True)) for row in rows[1:]]


# -- the rows to be mended ----------------------------------------------------------------------------------


def test_the_workbook_has_the_faulty_rows_in_the_ledgers_own_columns(region):
    delivery = delivered(bridge_rows(4, faults=1), region)
    page = sheets(faults_xlsx(delivery, "ja"))[0]
    (row,) = table(page)
    assert list(row)[4:] == list(delivery.columns)
    assert row[t("faults.head.row", "ja")].value == 5
    assert row["施設番号"].value == "004"
    assert row[t("faults.head.fault", "ja")].value == t("files.fault.outside_japan", "ja")
    assert page.freeze_panes == "A3" and page.auto_filter.ref


def test_the_cells_at_fault_are_coloured_and_no_others(region):
    page = sheets(faults_xlsx(delivered(bridge_rows(4, faults=1), region), "ja"))[0]
    (row,) = table(page)
    coloured = {name for name, cell in row.items() if cell.fill.fill_type == "solid"}
    assert coloured == {"緯度", "経度"}


@pytest.mark.parametrize("text", ["=1+1", "+81", "-1", "@SUM(A1)"])
def test_no_cell_of_a_ledger_becomes_a_formula(region, text):
    original = bridge_rows(2, faults=1)
    original.loc[3, "橋梁名"] = text
    page = sheets(faults_xlsx(delivered(original, region), "ja"))[0]
    cell = table(page)[0]["橋梁名"]
    assert (cell.value, cell.data_type, cell.quotePrefix) == (text, "s", True)


def test_a_value_that_was_not_read_keeps_its_row_and_is_told(region):
    original = bridge_rows(3)
    original.loc[3, "架設年"] = "1700"
    delivery = delivered(original, region)
    assert len(delivery.assets) == 3
    (row,) = table(sheets(faults_xlsx(delivery, "en"))[0])
    assert row[t("faults.head.outcome", "en")].value == t("faults.outcome.unset", "en")
    assert row["架設年"].fill.fill_type == "solid"


def test_kinds_of_faults_are_counted_those_that_cost_a_row_first(region):
    original = bridge_rows(6, faults=2)
    original.loc[[2, 3, 4], "架設年"] = "1700"
    kinds = fault_kinds(delivered(original, region).rejects)
    assert kinds["rule"].tolist() == ["outside_japan", "built_year_value"]
    assert kinds["rows"].tolist() == [2, 3]
    assert kinds["first_row"].tolist() == [6, 2]


@pytest.mark.parametrize("lang", LANGS)
def test_the_workbook_says_how_cells_were_read(region, lang):
    told = {"source_file": "橋.csv", "column": "built_year", "value": "S55", "became": "1980"}
    told |= {"reading": "era_year", "rows": 4, "first_row": 2}
    page = sheets(faults_xlsx(delivered(bridge_rows(4), region, readings=[told]), lang))[2]
    (row,) = table(page)
    assert [cell.value for cell in row.values()][1:4] == ["S55", "1980", t("reading.era_year", lang)]
    assert "架設年" in row[t("faults.head.column", lang)].value


@pytest.mark.parametrize("lang", LANGS)
def test_a_ledger_without_a_fault_gives_a_workbook_that_says_so(region, lang):
    pages = sheets(faults_xlsx(delivered(bridge_rows(3), region), lang))
    assert [page.title for page in pages] == [
        t(f"faults.sheet.{n}", lang) for n in ("rows", "kinds", "readings")
    ]
    assert t("files.none", lang) in [cell.value for cell in pages[0][3]]


def test_rows_beyond_those_kept_are_counted_in_a_sentence(region):
    delivery = delivered(bridge_rows(8, faults=5), region)
    cut = type(delivery)(**{**vars(delivery), "fault_rows": delivery.fault_rows.head(2)})
    notice = sheets(faults_xlsx(cut, "ja"))[0]["A1"].value
    assert t("faults.cut", "ja", shown="2", total="5") in notice


def test_the_same_ledger_gives_the_same_bytes(region):
    delivery = delivered(bridge_rows(4, faults=2), region)
    assert faults_xlsx(delivery, "ja") == faults_xlsx(delivery, "ja")


# -- templates ----------------------------------------------------------------------------------------------


def filled(name, lang, rows, folder):
    """A template with rows written below its headings, as a clerk would."""
    book = openpyxl.load_workbook(io.BytesIO(template_xlsx(name, lang)))
    page = book.worksheets[0]
    for row in rows:
        page.append([row.get(field.ours) for field in template_fields(name, lang)])
    path = folder / f"記入済み_{name}.xlsx"
    book.save(path)
    return path


def clerk_rows(name):
    """Two assets of a sector in 宇陀市 with every column filled."""
    listed = {field.ours: field.listed for field in template_fields(name, "ja") if field.listed}
    row = {
        "asset_id": "0012", "name": "第一", "route_name": "中央", "subtype": "その他", "muni_code": "29212",
        "owner_code": "29212", "built_year": "S50", "condition_raw": "1", "inspected_year": "2023",
        "material": "コンクリート", "diameter_mm": 250, "length_m": 24.5, "width_m": 5.2, "area_m2": 2500,
        "annual_cost_jpy": 350000, "lat": 34.5278, "lon": 135.9525, "address": "宇陀市榛原萩原",
    }  # fmt: skip
    first = row | {ours: words[0] for ours, words in listed.items()}
    last = first | {ours: words[-1] for ours, words in listed.items()}
    return [first, last | {"asset_id": "0013", "name": "第二", "lat": 34.5301, "lon": 135.9601}]


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("sector", SECTORS)
def test_a_filled_template_is_read_to_exactly_its_columns(sector, lang, region, tmp_path):
    path = filled(sector, lang, clerk_rows(sector), tmp_path)
    raw = open_raw(path)
    profile = propose_profile(raw, region=region)
    headings = {field.ours: field.heading for field in template_fields(sector, lang)}
    place = {
        "lat": profile.position.lat,
        "lon": profile.position.lon,
        "address": "".join(profile.position.address),
    }
    read = {ours: "".join(names) for ours, names in profile.columns.items()} | place
    assert read == headings
    assert (profile.role, profile.constants["sector"]) == ("assets", sector)


@pytest.mark.parametrize("sector", SECTORS)
def test_a_filled_template_is_taken_without_a_fault(sector, region, tmp_path):
    delivery = take_delivery(filled(sector, "ja", clerk_rows(sector), tmp_path), region=region)
    assert delivery.rejects.empty, delivery.rejects.to_dict("records")
    assert sorted(delivery.assets["asset_id"]) == ["0012", "0013"]
    assert set(delivery.assets["built_year"]) == {1975}
    graded = "condition_raw" in {field.ours for field in template_fields(sector, "ja")}
    assert (delivery.assets["condition"].notna() == graded).all()


@pytest.mark.parametrize(
    ("sector", "kinds"),
    [
        ("road", {"municipal_1", "forest"}),
        ("sewer", {"汚水管", "pump_station"}),
        ("park", {"街区公園", "都市緑地"}),
    ],
)
def test_kinds_chosen_from_a_list_are_those_that_work_is_counted_by(sector, kinds, region, tmp_path):
    delivery = take_delivery(filled(sector, "ja", clerk_rows(sector), tmp_path), region=region)
    assert set(delivery.assets["subtype"]) == kinds


@pytest.mark.parametrize("sector", SECTORS)
def test_what_was_read_from_a_template_and_written_as_csv_is_read_to_the_same(sector, region, tmp_path):
    first = take_delivery(filled(sector, "ja", clerk_rows(sector), tmp_path), region=region).assets
    written = sample_files(
        first, gpd.GeoDataFrame({"is_synthetic": []}, geometry=[], crs=region.epsg), region
    )
    (tmp_path / "assets.csv").write_bytes(written["assets.csv"])
    again = take_delivery(tmp_path / "assets.csv", region=region).assets
    same = [name for name in names("assets") if name != "source"]
    pd.testing.assert_frame_equal(pd.DataFrame(first[same]), pd.DataFrame(again[same]))
    assert first.geometry.geom_equals_exact(again.geometry, tolerance=0.05).all()


@pytest.mark.parametrize("lang", LANGS)
def test_filled_totals_are_read_in_the_units_of_their_headings(lang, region, tmp_path):
    row = {"muni_code": "29212", "name": "宇陀市", "population": 26000, "road_length_m": 920.4}
    row |= {"park_area_m2": 35.2, "bridges_inspected": 560}
    delivery = take_delivery(filled("totals", lang, [row], tmp_path), region=region)
    assert delivery.profile.role == "statistics"
    told = delivery.statistics.loc["29212"]
    assert told["road_length_m"] == pytest.approx(920_400)
    assert told["park_area_m2"] == pytest.approx(352_000)
    assert told["bridges_inspected"] == 560


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_is_empty_and_explains_every_column(name, lang):
    table, about, *grades = openpyxl.load_workbook(io.BytesIO(template_xlsx(name, lang))).worksheets
    fields = template_fields(name, lang)
    assert [cell.value for cell in table[1]] == [field.heading for field in fields]
    assert table.max_row == 1
    assert [about.cell(row=at, column=1).value for at in range(3, 3 + len(fields))] == [
        f.heading for f in fields
    ]
    # Only what is graded has a sheet of grades.
    assert [page.max_row > 2 for page in grades] == [True] * (name not in ("water", "totals"))


def test_codes_stay_text_and_grades_are_chosen_from_a_list():
    page = openpyxl.load_workbook(io.BytesIO(template_xlsx("bridge", "ja"))).worksheets[0]
    at = {field.ours: number for number, field in enumerate(template_fields("bridge", "ja"), start=1)}
    letter = get_column_letter(at["muni_code"])
    assert page.column_dimensions[letter].number_format == "@"
    rules = {str(rule.sqref): rule.formula1 for rule in page.data_validations.dataValidation}
    assert (
        rules[f"{get_column_letter(at['condition_raw'])}2:{get_column_letter(at['condition_raw'])}2001"]
        == '"Ⅰ,Ⅱ,Ⅲ,Ⅳ"'
    )


def test_a_template_has_the_same_bytes_each_time():
    assert template_xlsx("sewer", "ja") == template_xlsx("sewer", "ja")


def test_an_unknown_template_is_refused():
    with pytest.raises(ValueError, match="no template"):
        template_xlsx("dam", "ja")


def cells(page):
    return [str(cell.value) for row in page.iter_rows() for cell in row if cell.value is not None]


def about_rows(name, lang="ja", region=None):
    """What the second sheet says of each of our columns: need, allowed values, example."""
    page = openpyxl.load_workbook(io.BytesIO(template_xlsx(name, lang, region))).worksheets[1]
    rows = page.iter_rows(min_row=3, values_only=True)
    return {row[1]: (row[2], row[4], row[5]) for row in rows}


@pytest.mark.parametrize("lang", LANGS)
def test_each_sector_has_examples_of_its_own(lang):
    named = [about_rows(sector, lang)["name"][2] for sector in SECTORS]
    assert len(set(named)) == len(SECTORS)
    assert "公園" in about_rows("park")["name"][2]


@pytest.mark.parametrize("sector", SECTORS)
def test_the_place_is_needed_in_one_way_or_the_other(sector):
    needs = {ours: need for ours, (need, _, _) in about_rows(sector).items()}
    either = t("template.need.place", "ja")
    assert [ours for ours, need in needs.items() if need == either] == ["lat", "lon", "address"]
    assert needs["name"] == t("template.need.advised", "ja")
    assert t("template.need.needed", "ja") not in needs.values()
    page = openpyxl.load_workbook(io.BytesIO(template_xlsx(sector))).worksheets[0]
    fills = {cell.value: cell.fill.fgColor.rgb for cell in page[1]}
    assert fills["緯度"] == fills["所在地"] != fills["管理番号"]


def test_totals_are_one_row_a_municipality_and_have_no_grades():
    pages = openpyxl.load_workbook(io.BytesIO(template_xlsx("totals"))).worksheets
    assert [page.title for page in pages] == [t("template.sheet.totals", "ja"), "列の説明"]
    assert "1 市町村 1 行" in pages[1]["A1"].value and "1 施設" not in pages[1]["A1"].value


def test_totals_for_a_region_hold_its_codes_and_names(region, tmp_path):
    book = openpyxl.load_workbook(io.BytesIO(template_xlsx("totals", "ja", region)))
    page = book.worksheets[0]
    rows = [(row[0], row[1]) for row in page.iter_rows(min_row=2, values_only=True)]
    assert rows == [
        ("292125", "宇陀市"), ("293857", "曽爾村"), ("293865", "御杖村"), ("294535", "東吉野村")
    ]  # fmt: skip
    page["E3"].value = 96.5
    book.save(tmp_path / "合計.xlsx")
    told = take_delivery(tmp_path / "合計.xlsx", region=region).statistics
    assert told.loc["29385", "road_length_m"] == pytest.approx(96_500)


def test_codes_and_places_of_a_region_are_its_examples(region):
    told = about_rows("bridge", "ja", find_region("shimane_masuda"))
    assert "32204 益田市" in told["muni_code"][1] and "32 島根県" in told["owner_code"][1]
    assert told["address"][2].startswith("益田市") and told["lat"][2].startswith("34.")


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("sector", [name for name in SECTORS if name != "water"])
def test_grades_are_told_in_plain_words_a_scale_at_a_time(sector, lang):
    page = openpyxl.load_workbook(io.BytesIO(template_xlsx(sector, lang))).worksheets[2]
    text = " ".join(cells(page))
    assert not [mark for mark in ("assumption", "(出所", "hantei_kubun", "一般知識") if mark in text]
    rows = list(page.iter_rows(min_row=3, max_col=3, values_only=True))
    scales = [scale for scale, _, _ in rows]
    assert scales == sorted(scales, key=scales.index)
    # A grade is told once a scale.
    grades = [(scale, g) for scale, told, _ in rows for g in told.split(t("word.list_sep", lang))]
    assert len(set(grades)) == len(grades)


def test_of_several_scales_the_usual_one_is_named():
    page = openpyxl.load_workbook(io.BytesIO(template_xlsx("sewer"))).worksheets[2]
    usual = {row[0] for row in page.iter_rows(min_row=3, values_only=True) if "標準" in row[0]}
    assert usual == {"下水管の緊急度（Ⅰ～Ⅲ）【標準】"}
    assert "標準" in page["A1"].value


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_sheet_prints_across_one_page_with_its_text_whole(name):
    book = openpyxl.load_workbook(io.BytesIO(template_xlsx(name)))
    for page in book.worksheets:
        assert page.page_setup.orientation == "landscape" and page.sheet_properties.pageSetUpPr.fitToPage
        assert (page.page_setup.fitToWidth, page.page_setup.fitToHeight) == (1, 0)
    page = book.worksheets[1]
    for row in page.iter_rows(min_row=3):
        needed = max(
            text_width(str(cell.value or "")) / page.column_dimensions[cell.column_letter].width
            for cell in row
        )
        assert page.row_dimensions[row[0].row].height >= 15 * needed


@pytest.mark.parametrize(
    ("word", "file"),
    [
        ("橋梁", "template_bridge_ja.xlsx"),
        ("下水道台帳", "template_sewer_ja.xlsx"),
        ("totals", "template_totals_ja.xlsx"),
    ],
)
def test_the_command_takes_the_words_of_the_trade(word, file, tmp_path):
    assert main(["template", word, "--out", str(tmp_path), "--lang", "ja", "--quiet"]) == 0
    assert [path.name for path in tmp_path.iterdir()] == [file]


def test_the_command_fills_in_the_codes_of_a_region(tmp_path):
    assert main(["template", "totals", "--region", "宇陀", "--out", str(tmp_path), "--lang", "ja"]) == 0
    (path,) = tmp_path.iterdir()
    assert path.name == "template_totals_nara_uda_ja.xlsx"
    assert openpyxl.load_workbook(path).worksheets[0]["B2"].value == "宇陀市"
