"""What is handed out and sent back: ledger templates that are read as they are, and the rows to be mended."""

import io

import openpyxl
import pytest
from made_deliveries import bridge_rows, delivered

from gunmane.exports.faults import fault_kinds, faults_xlsx
from gunmane.i18n import t
from gunmane.municipalities import find_region

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
    assert row[t("faults.head.fault", "ja")].value == t("files.fault.outside_region", "ja")
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
    assert row[t("faults.head.outcome", "en")].value == t("faults.outcome.mended", "en")
    assert row["架設年"].fill.fill_type == "solid"


def test_kinds_of_faults_are_counted_those_that_cost_a_row_first(region):
    original = bridge_rows(6, faults=2)
    original.loc[[2, 3, 4], "架設年"] = "1700"
    kinds = fault_kinds(delivered(original, region).rejects)
    assert kinds["rule"].tolist() == ["outside_region", "built_year_value"]
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
