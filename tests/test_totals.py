"""Totals by municipality: published tables and one's own, and a region that is drawn from them."""

import io

import openpyxl
import pandas as pd
import pytest

from gunmane.assets import take_assets
from gunmane.deliveries import take_delivery
from gunmane.errors import FileError
from gunmane.exports.faults import faults_xlsx
from gunmane.exports.templates import template_xlsx
from gunmane.i18n import say
from gunmane.ledgers.profiles import Profile
from gunmane.ledgers.raw import Raw
from gunmane.ledgers.totals import TEMPLATE, totals_from
from gunmane.municipalities import find_region, region_codes, with_statistics
from gunmane.sample import sample_rows

UDA = find_region("nara_uda")
SURVEY = Profile(kind="public_facilities", role="statistics")
OWN = Profile(kind="table", role="statistics")


def raw_of(rows, *, file="totals.xlsx", **told):
    head, *body = rows
    table = pd.DataFrame(body, columns=pd.Index(head), index=range(2, 2 + len(body)), dtype=object)
    return Raw(file=file, format="xlsx", table=table, told=told)


def survey_rows(values, *, width=60):
    """Seven rows of headings over many columns, then one row a town and year: (year, code, road, park, out, sewer)."""
    heads = [[""] * width for _ in range(7)]
    heads[0][0] = "公共施設状況調経年比較表"
    heads[3][0], heads[3][2], heads[3][3], heads[3][4] = "決算年度", "団体コード", "都道府県名", "団体名"
    heads[1][5], heads[5][5] = "一　道路", "実延長(m)"
    heads[1][7], heads[2][7], heads[2][15] = "二　都市公園等", "都市計画区域内", "都市計画区域外"
    for i, name in ((7, "市町村立都市公園"), (9, "市町村立その他の公園"), (11, "計"), (13, "市町村立以外")):
        heads[4][i], heads[6][i], heads[6][i + 1] = name, "箇所数", "面積(㎡)"
        heads[4][i + 8], heads[6][i + 8], heads[6][i + 9] = name, "箇所数", "面積(㎡)"
    heads[1][23], heads[4][26] = "三　公営住宅等", "合計(戸)"
    heads[1][40], heads[2][40], heads[5][44] = "八　下水道等", "1　公共下水道", "現在処理区域内人口(人)"
    body = []
    for year, code, road, park, outside, sewer in values:
        row = [""] * width
        row[0], row[2], row[5], row[12], row[19], row[20], row[44] = year, code, road, park, 3, outside, sewer
        body.append(row)
    return [*heads, *body]


def test_the_newest_year_of_the_survey_counts_for_each_town():
    rows = survey_rows([("2022", "292125", 700, 1, 2, 3), ("2023", "292125", 781_800, 716_000, 50, 16_822)])
    totals = totals_from(raw_of(rows), SURVEY, region=UDA)
    assert totals.loc["29212"].dropna().to_dict() == {
        "road_length_m": 781_800,
        "park_area_m2": 716_050,
        "sewered_population": 16_822,
    }
    assert totals.attrs["years"] == [2023]
    assert totals.attrs["absent"] == ["29385", "29386", "29453"]


def test_a_count_of_parks_is_never_added_to_their_area():
    """Column 20 (from 1) of the survey counts the parks outside of planning areas; their area stands beside it."""
    totals = totals_from(raw_of(survey_rows([("2023", "292125", 1, 10, 20, 1)])), SURVEY, region=UDA)
    assert totals.at["29212", "park_area_m2"] == 30


def test_a_dash_of_the_survey_is_nil_and_a_blank_is_missing():
    rows = survey_rows([("2023", "293857", 106_100, "-", "-", "-"), ("2023", "293865", 1000, "", "", "")])
    totals = totals_from(raw_of(rows), SURVEY, region=UDA)
    assert totals.loc["29385", ["park_area_m2", "sewered_population"]].tolist() == [0, 0]
    assert totals.loc["29386", ["park_area_m2", "sewered_population"]].isna().all()


def test_sums_of_a_prefecture_and_towns_elsewhere_are_counted_apart():
    rows = survey_rows(
        [("2023", "290009", 9, 9, 9, 9), ("2023", "011002", 9, 9, 9, 9), ("2023", "29212", 5, 5, 5, 5)]
    )
    totals = totals_from(raw_of(rows), SURVEY, region=UDA)
    assert (list(totals.index), totals.attrs["other_rows"]) == (["29212"], 2)


def test_a_survey_with_moved_columns_is_read_by_its_headings():
    rows = [["", *row] for row in survey_rows([("2023", "292125", 781_800, 10, 20, 30)])]
    totals = totals_from(raw_of(rows), SURVEY, region=UDA)
    assert totals.loc["29212", ["road_length_m", "park_area_m2", "sewered_population"]].tolist() == [
        781_800,
        30,
        30,
    ]


def test_another_table_is_refused_as_the_survey():
    with pytest.raises(FileError) as error:
        totals_from(raw_of([["橋名", "橋長"], ["あ橋", "3"]]), SURVEY, region=UDA)
    assert error.value.key == "totals_layout"


def test_the_template_gives_every_total_in_our_units():
    row = ["292125", "宇陀市", "26,694", "247.5", "781.8", "525", "57", "71.6", "１６，８２２", "4人"]
    totals = totals_from(raw_of([list(TEMPLATE.values()), row]), OWN, region=UDA)
    assert totals.loc["29212"].to_dict() == {
        "population": 26_694,
        "area_km2": 247.5,
        "road_length_m": 781_800,
        "bridges_inspected": 525,
        "bridges_grade_3_4": 57,
        "park_area_m2": 716_000,
        "sewered_population": 16_822,
        "civil_engineers": 4,
    }


@pytest.mark.parametrize(
    ("head", "cell", "metres"), [("道路延長(km)", "150.5", 150_500), ("道路延長（ｍ）", "150500", 150_500)]
)
def test_the_unit_of_a_heading_counts(head, cell, metres):
    totals = totals_from(raw_of([["団体コード", head], ["29212", cell]]), OWN, region=UDA)
    assert totals.at["29212", "road_length_m"] == metres


@pytest.mark.parametrize("code", ["01631", "016314", "1631", "16314", 1631, 16314.0, "０１６３１"])
def test_codes_may_have_lost_a_zero_or_carry_a_check_digit(code):
    region = find_region("hokkaido_makubetsu")
    totals = totals_from(raw_of([["団体コード", "橋数"], [code, 373]]), OWN, region=region)
    assert totals.index.tolist() == ["01631"]


def test_civil_engineers_are_found_below_a_merged_heading_by_name():
    rows = [
        ["都道府県名", "団体名", "職種", "", ""],
        ["", "", "一般行政職", "土木技師", "建築技師"],
        ["奈良県", "宇陀市", 120, 6, 1],
        ["", "曽爾村", 20, "-", 0],
        ["東京都", "宇陀市", 1, 99, 9],
    ]
    totals = totals_from(raw_of(rows), Profile(kind="staff", role="statistics"), region=UDA)
    assert totals["civil_engineers"].to_dict() == {
        "29212": 6.0,
        "29385": pytest.approx(float("nan"), nan_ok=True),
    }


def test_cells_that_are_no_numbers_are_told():
    totals = totals_from(raw_of([["団体コード", "橋数"], ["29212", "約500"]]), OWN, region=UDA)
    assert totals.attrs["not_numbers"] == [("29212", "bridges_inspected", "約500")]
    assert totals["bridges_inspected"].isna().all()


@pytest.mark.parametrize("rows", [[["a", "b"], ["1", "2"]], [["団体コード"], ["29212"]]])
def test_a_table_without_totals_is_refused(rows):
    with pytest.raises(FileError, match="totals_no_columns"):
        totals_from(raw_of(rows), OWN, region=UDA)


def test_a_table_of_other_towns_is_refused():
    with pytest.raises(FileError, match="totals_no_town"):
        totals_from(raw_of([["団体コード", "橋数"], ["13101", "5"]]), OWN, region=UDA)


def workbook(path, rows, *, merged=(), sheet="Sheet1"):
    book = openpyxl.Workbook()
    book.active.title = sheet
    for row in rows:
        book.active.append(row)
    for area in merged:
        book.active.merge_cells(area)
    book.save(path)
    return path


def test_the_survey_as_published_is_recognised_and_read(tmp_path):
    rows = survey_rows(
        [("2023", "292125", 781_800, 716_000, 50, 16_822), ("2023", "293857", 106_000, "-", "-", "-")]
    )
    merged = ("H2:W2", "H3:O3", "P3:W3", "L5:M5", "T5:U5", "AO2:AS2", "AO3:AS3")
    path = workbook(tmp_path / "001068878.xlsx", rows, merged=merged, sheet="AFAHO14H1030")
    delivery = take_delivery(path, region=UDA)
    assert (delivery.profile.kind, delivery.profile.role) == ("public_facilities", "statistics")
    assert delivery.statistics.loc["29212"].to_dict() == {
        "road_length_m": 781_800,
        "park_area_m2": 716_050,
        "sewered_population": 16_822,
    }


def test_the_staff_survey_is_recognised_by_its_civil_engineers(tmp_path):
    rows = [
        ["第4表 職種別職員数"],
        ["都道府県名", "団体名", "職種", "", ""],
        ["", "", "一般行政職", "土木技師", "建築技師"],
    ]
    rows += [["奈良県", "宇陀市", 120, 6, 1], ["奈良県", "曽爾村", 20, 0, 0]]
    path = workbook(tmp_path / "000983631.xlsx", rows, merged=("C2:E2", "A2:A3", "B2:B3"))
    delivery = take_delivery(path, region=UDA)
    assert delivery.profile.kind == "staff"
    assert delivery.statistics["civil_engineers"].to_dict() == {"29212": 6, "29385": 0}


def test_the_template_filled_in_is_recognised_and_read(tmp_path):
    path = tmp_path / "totals.xlsx"
    path.write_bytes(template_xlsx("totals", "ja"))
    book = openpyxl.load_workbook(path)
    sheet = next(
        s for s in book.worksheets if any(c.value == TEMPLATE["muni_code"] for row in s for c in row)
    )
    heading = next(c for row in sheet for c in row if c.value == TEMPLATE["muni_code"])
    for i, cell in enumerate(["29212", "宇陀市", 26_694, 247.5, 781.8, 525, 57, 71.6, 16_822, 4]):
        sheet.cell(heading.row + 1, heading.column + i, cell)
    book.save(path)
    delivery = take_delivery(path, region=UDA)
    assert delivery.profile.role == "statistics"
    assert delivery.statistics.loc["29212", ["road_length_m", "park_area_m2"]].tolist() == [781_800, 716_000]


def test_given_totals_replace_only_their_cells_and_are_told():
    totals = pd.DataFrame({"road_length_m": [5e5, None], "civil_engineers": [4, 0]}, index=["29212", "29385"])
    region = with_statistics(UDA, totals)
    assert region.statistics.at["29212", "road_length_m"] == 5e5
    assert region.statistics.at["29385", "road_length_m"] == UDA.statistics.at["29385", "road_length_m"]
    assert region.statistics.attrs["replaced"] == [
        ("29212", "road_length_m", float(UDA.statistics.at["29212", "road_length_m"]), 5e5),
        ("29212", "civil_engineers", None, 4.0),
        ("29385", "civil_engineers", None, 0.0),
    ]
    assert "civil_engineers" not in UDA.statistics.columns


@pytest.mark.parametrize(
    ("column", "value", "key"),
    [
        ("road_length_m", 1e12, "totals_out_of_range"),
        ("road_length_m", 0.0, "totals_out_of_range"),
        ("road_length_m", 1.9e7, "totals_roads_too_dense"),
        ("bridges_inspected", -1.0, "totals_out_of_range"),
        ("bridges_inspected", 1.0, "totals_more_bad_bridges"),
        ("park_area_m2", 2e7, "totals_parks_too_large"),
        ("civil_engineers", 1e9, "totals_out_of_range"),
    ],
)
def test_absurd_totals_are_refused_with_a_sentence(column, value, key):
    code = "29385" if column == "park_area_m2" else "29212"
    with pytest.raises(FileError) as error:
        with_statistics(UDA, pd.DataFrame({column: [value]}, index=[code]))
    assert error.value.key == key
    for lang in ("ja", "en"):
        assert UDA.name_of(code, lang) in say(error.value, lang)


def test_every_spelling_of_a_code_is_known():
    codes = region_codes(UDA)
    assert {codes[text] for text in ("29212", "292125")} == {"29212"}
    assert {codes[text] for text in ("29", "290009", "29000")} == {"29"}


@pytest.mark.parametrize("region_id", ["hokkaido_makubetsu", "nara_uda"])
def test_a_sample_is_drawn_from_given_totals_with_blanks_and_zeros(region_id):
    region = find_region(region_id)
    first, *others = region.municipalities.index
    totals = pd.DataFrame(
        {"road_length_m": 3e5, "bridges_inspected": 0.0, "bridges_grade_3_4": 0.0, "park_area_m2": 0.0},
        index=[first, *others],
    )
    totals.loc[others[0], "road_length_m"] = None
    given = with_statistics(region, totals)
    assets, rejects = take_assets(sample_rows(given).assets, region=given, source="sample")
    own = assets[assets["owner_code"] == first]
    assert rejects.empty
    assert own.loc[own["sector"] == "road", "length_m"].sum() == pytest.approx(3e5, rel=0.01)
    assert not assets["sector"].isin(["bridge", "park"]).any()


def test_a_sample_follows_a_given_count_of_bridges():
    totals = pd.DataFrame({"bridges_inspected": [100.0], "bridges_grade_3_4": [40.0]}, index=["29212"])
    bridges = sample_rows(with_statistics(UDA, totals)).assets.query(
        "sector == 'bridge' and owner_code == '29212'"
    )
    assert (len(bridges), (bridges["condition"] >= 3).sum()) == (100, 40)


def totals_delivery(folder, rows, **choices):
    heads = ["団体コード", "市町村名", "道路延長（km）", "橋数（橋）", "うち判定Ⅲ・Ⅳ（橋）", "公園面積（ha）"]
    return take_delivery(workbook(folder / "合計.xlsx", [heads, *rows]), region=UDA, **choices)


GOOD = ["29212", "宇陀市", 781.8, 525, 57, 71.6]


def faults_of(delivery):
    return delivery.rejects[["row", "column", "value", "rule"]].to_numpy().tolist()


def test_what_is_wrong_in_totals_is_a_fault_with_its_row(tmp_path):
    rows = [GOOD, ["29385", "東吉野村", 1, 1, 0, 0], ["29386", "御杖村", "約120", 130, 20, -1]]
    delivery = totals_delivery(tmp_path, rows)
    assert faults_of(delivery) == [
        [3, "muni_code", "29385 東吉野村", "totals_code_name"],
        [4, "road_length_m", "約120", "totals_number_value"],
        [4, "park_area_m2", "-1", "totals_out_of_range_value"],
    ]
    assert delivery.fault_rows.index.tolist() == [3, 4]
    assert delivery.statistics.index.tolist() == ["29212", "29386"]
    assert (delivery.rejected_count, delivery.unset_count) == (1, 2)


def test_a_town_given_twice_counts_only_where_both_rows_say_the_same(tmp_path):
    soni = ["29385", "曽爾村", 100, 60, 5, 0]
    same = totals_delivery(tmp_path, [GOOD, soni, ["293857", *soni[1:]]])
    assert faults_of(same) == [[4, "muni_code", "29385", "totals_double"]]
    other = totals_delivery(tmp_path, [["293857", "曽爾村", 90, 60, 5, 0], GOOD, soni])
    assert [fault[::3] for fault in faults_of(other)] == [
        [2, "totals_double_differs"],
        [4, "totals_double_differs"],
    ]
    assert same.statistics.at["29385", "road_length_m"] == 100_000
    assert other.statistics.index.tolist() == ["29212"]


def test_rows_of_other_towns_and_sums_are_told(tmp_path):
    delivery = totals_delivery(tmp_path, [GOOD, ["29201", "奈良市", 1, 1, 1, 1], ["", "合計", 1, 1, 1, 1]])
    told = {note.key: dict(note.values) for note in delivery.notes}
    assert (
        told["totals_other_towns"]["examples"] == "奈良市" and told["totals_sum_rows"]["examples"] == "合計"
    )
    assert told["totals_absent"]["names_ja"] == "曽爾村、御杖村、東吉野村"
    assert delivery.rejects.empty


def test_a_row_whose_town_cannot_be_told_is_a_fault_in_ones_own_table(tmp_path):
    delivery = totals_delivery(tmp_path, [GOOD, ["", "東部", 1, 1, 1, 1]])
    assert faults_of(delivery) == [[3, "name", "東部", "totals_town_unknown"]]


@pytest.mark.parametrize(
    ("cells", "rule"),
    [
        ({3: 130, 4: 200}, ["totals_more_bad_bridges_value"] * 2),
        ({2: 83_000}, ["totals_out_of_range_value"]),
        ({2: 8_300}, ["totals_roads_too_dense_value"]),
        ({2: 0.7}, ["totals_roads_too_thin_value"]),
        ({4: 9_999}, ["totals_more_bad_bridges_value"] * 2),
    ],
)
def test_what_a_plan_would_refuse_is_a_fault_and_does_not_count(tmp_path, cells, rule):
    row = [cells.get(i, cell) for i, cell in enumerate(GOOD)]
    delivery = totals_delivery(tmp_path, [row])
    assert delivery.rejects["rule"].tolist() == rule
    assert with_statistics(UDA, delivery.statistics).statistics.loc["29212"].notna().sum() > 5


def test_faults_of_totals_have_words_and_a_workbook(tmp_path):
    rows = [[*GOOD[:2], "約1", 130, 200, -1], ["29386", "曽爾村", 1, 1, 1, 1]]
    delivery = totals_delivery(tmp_path, rows)
    for lang in ("ja", "en"):
        book = openpyxl.load_workbook(io.BytesIO(faults_xlsx(delivery, lang)))
        text = str([cell.value for sheet in book for row in sheet for cell in row])
        assert "totals_" not in text and "advice." not in text
    assert delivery.profile.columns["road_length_m"] == ("道路延長（km）",)


def test_totals_with_a_fault_are_refused_where_none_is_wanted(tmp_path):
    with pytest.raises(FileError) as error:
        totals_delivery(tmp_path, [[*GOOD[:2], "約1", 130, 20, 1]], on_invalid="raise")
    assert error.value.key == "assets_invalid"


def test_a_town_of_the_same_name_elsewhere_is_not_taken():
    rows = [["団体コード", "市町村名", "橋数"], ["29212", "宇陀市", 500], ["13206", "宇陀市", 9]]
    totals = totals_from(raw_of(rows), OWN, region=UDA)
    assert totals["bridges_inspected"].tolist() == [500] and totals.attrs["rejects"].empty
