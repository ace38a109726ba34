"""What is handed out and sent back: ledger templates that are read as they are, and the rows to be mended."""

import io

import geopandas as gpd
import openpyxl
import pandas as pd
import pytest
from made_deliveries import bridge_rows, delivered
from openpyxl.utils import get_column_letter

from gunmane.deliveries import take_delivery
from gunmane.exports.faults import fault_kinds, faults_xlsx
from gunmane.exports.samplefiles import sample_files
from gunmane.exports.templates import TEMPLATES, template_fields, template_xlsx
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
    table, about, grades = openpyxl.load_workbook(io.BytesIO(template_xlsx(name, lang))).worksheets
    fields = template_fields(name, lang)
    assert [cell.value for cell in table[1]] == [field.heading for field in fields]
    assert table.max_row == 1
    assert [about.cell(row=at, column=1).value for at in range(3, 3 + len(fields))] == [
        f.heading for f in fields
    ]
    assert grades.max_row > 2


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
