"""Files out: what they hold, that other programs read them back, and that a failed write keeps the old ones."""

import ast
import csv
import dataclasses
import io
import json
import pathlib
import re
import shutil
import subprocess
import zipfile

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import box

import gunmane.assets
from gunmane import exports, schema
from gunmane.assumptions import load_assumptions
from gunmane.cli.report import _tell_bundles
from gunmane.errors import FileError
from gunmane.evidence import Evidence
from gunmane.exports.broken import broken_sentence
from gunmane.exports.geojson import lon_lat_shapes
from gunmane.exports.members import safe_text
from gunmane.exports.sheets import Sheet, workbook_bytes
from gunmane.exports.words import count_text, text_width, two_figures, yen_range, yen_text
from gunmane.exports.workbook import _read_me, bundle_sheet
from gunmane.i18n import catalogue, say, t
from gunmane.municipalities import Region
from gunmane.scenario import Ground, Note, Plan, Scenario
from gunmane.summaries import FACTS

SECRET = '=HYPERLINK("http://x","橋 <b>")'


def drawn_region():
    """Two municipalities side by side, each 2 km wide; both keep bridges."""
    shapes = gpd.GeoDataFrame(
        {"name_ja": ["音更町", "幕別町"], "name_en": ["Otofuke", "Makubetsu"]},
        geometry=[box(0, -120000, 2000, -118000), box(2000, -120000, 4000, -118000)],
        crs=6681,
        index=pd.Index(["01631", "01643"], name="muni_code"),
    )
    bodies = pd.DataFrame(
        {"code": ["01643", "01631"], "name_ja": ["幕別町", "音更町"], "role": ["lead", "member"]}
    )
    return Region(
        region_id="drawn",
        name_ja="描いた地域",
        name_en="Drawn region",
        kind="wide_area",
        direction="horizontal",
        epsg=6681,
        default_layer="structures",
        default_sectors=("bridge",),
        has_snow_removal=False,
        bodies=bodies,
        municipalities=shapes,
        towns=shapes.iloc[:0],
        towns_without_place=0,
        halls=shapes.iloc[:0],
        statistics=pd.DataFrame({"road_length_m": [1000.0, 2000.0]}, index=shapes.index).reindex(
            columns=[*FACTS, "road_upkeep_percent_of_road_bridge_spend"], fill_value=np.nan
        ),
    )


def drawn_ground(region, *, is_synthetic=True, roads_source="sample"):
    """Four units in a row, 1 km each; one bridge a unit and one across two."""
    cells = [box(x, -120000, x + 1000, -118000) for x in (0, 1000, 2000, 3000)]
    units = gpd.GeoDataFrame(
        {
            "muni_code": ["01631", "01631", "01643", "01643"],
            "name": ["木野", "宝来", "札内", "piece 1"],
            "node": range(4),
            "component": 0,
            "is_piece": [False, False, False, True],
        },
        geometry=cells,
        crs=6681,
        index=pd.Index(["01631-001", "01631-002", "01643-001", "01643-002"], name="unit_id"),
    )
    assets = gpd.GeoDataFrame(
        {
            "asset_id": ["b1", "-2+3", "b3", "b4", "b5"],
            "sector": "bridge",
            "name": SECRET,
            "muni_code": ["01631", "01631", "01643", "01643", "01643"],
            "owner_code": ["01631", "01631", "01643", "01643", "01643"],
            "built_year": pd.array([1970, None, 1980, 1990, 2000], dtype="Int16"),
            "condition": pd.array([1, 2, 3, None, 4], dtype="Int8"),
            "length_m": [10.0, 20.0, np.nan, 40.0, 100.0],
            "area_m2": np.nan,
            "subtype": "",
            "position": ["ledger", "town_point", "ledger", "town_hall", "town_point"],
            "source": "own.csv#2",
            "is_synthetic": is_synthetic,
        },
        geometry=[shapely.Point(500 + 1000 * min(i, 3), -119000) for i in range(5)],
        crs=6681,
    )
    rejects = pd.DataFrame(
        {
            "source_file": ["own.csv"],
            "row": pd.array([7], dtype="Int64"),
            "column": ["sector"],
            "value": ["@cmd"],
            "rule": ["sector_unknown"],
            "advice_key": ["advice.none"],
        }
    )
    return Ground(
        region=region,
        assets=assets,
        rejects=rejects,
        roads=assets.iloc[:0],
        network_facts={"length_m": 1.0, "gap": float("nan")},
        units=units,
        links=pd.DataFrame(),
        shares=pd.DataFrame(),
        travel_min=np.zeros((4, 4), dtype="float32"),
        hall_units={},
        provenance={
            "roads_source": roads_source,
            "input_sha256": {"facts": "ab"},
            "data_dates": {"towns": "x"},
        },
        notes=(),
    )


def drawn_plan(**choices):
    region = drawn_region()
    ground = drawn_ground(region, **choices)
    ids = list(ground.units.index)
    assignment = pd.DataFrame({"strand": "", "unit_id": ids, "bundle_id": ["S1", "S1", "S1", "S2"]})
    figures = {
        "strand": "",
        "muni_codes": [["01631", "01643"], ["01643"]],
        "owner_codes": [["01631", "01643"], ["01643"]],
        "fields": [["road"], ["road"]],
        "is_wide_area": [True, False],
        "is_multi_sector": False,
        "base_unit_id": ["01631-002", ""],
        "base_name": ["宝来", ""],
        "unit_count": [3, 1],
        "annual_jpy": [123_456_789.0, 0.0],
        "annual_jpy_low": [40_000_000.0, 0.0],
        "annual_jpy_high": [200_000_499.0, 0.0],
        "structure_count": [4.0, 1.0],
        "onsite_hours": [12.34, 1.0],
        "travel_hours": [5.0, np.nan],
        "farthest_min": [7.25, np.inf],
        "asset_count": [4, 2],
        "length_m": [70.0, 100.0],
        "area_m2": 0.0,
        "worst_condition": pd.array([3, None], dtype="Int8"),
        "grade_e_share": [0.51234, 0.0],
        "lead_code": ["01643", "01643"],
        "window_verdict": ["within", "none"],
        "rules_broken": [[], ["floor"]],
    }
    cells = ground.units.geometry.to_numpy()
    shapes = [shapely.union_all(cells[:3]), cells[3]]
    bundles = gpd.GeoDataFrame(
        figures, geometry=shapes, crs=6681, index=pd.Index(["S1", "S2"], name="bundle_id")
    )
    parts = [
        ("b1", 0, "S1", 1.0),
        ("-2+3", 1, "S1", 1.0),
        ("b3", 2, "S1", 1.0),
        ("b5", 2, "S1", 0.25),
        ("b4", 3, "S2", 1.0),
        ("b5", 3, "S2", 0.75),
    ]
    members = pd.DataFrame(
        [("structures", asset, ids[unit], bundle, share) for asset, unit, bundle, share in parts],
        columns=["package", "asset_id", "unit_id", "bundle_id", "share"],
    )
    work = pd.DataFrame(
        {
            "unit_id": ids[:2],
            "onsite_hours": 6.17,
            "annual_jpy_low": 1e6,
            "annual_jpy": 2e6,
            "annual_jpy_high": 3e6,
        }
    )
    broken = pd.DataFrame(
        {
            "strand": [""],
            "bundle_id": ["S2"],
            "rule": ["floor"],
            "unit_id": [""],
            "amount": [1.0],
            "limit": [np.inf],
        }
    )
    return Plan(
        scenario=Scenario("drawn", layer="structures", sectors=("bridge",)),
        ground=ground,
        assignment=assignment,
        bundles=bundles,
        members=members,
        work=work,
        broken=broken,
        alternatives=pd.DataFrame({"bundle_count": [2], "travel_hours": [np.nan], "is_chosen": [True]}),
        totals={"order_count": 2, "travel_hours": float("nan"), "grade_e_share": 0.5},
        window={"measure": "structures", "floor": (1.0, 2.0, 3.0), "ceiling": (9.0, 9.0, float("inf"))},
        notes=(Note.of("rejected_rows", count=1),),
    )


@pytest.fixture
def plan():
    return drawn_plan()


@pytest.fixture
def evidence(plan):
    figures = {
        "order_count": 2,
        "below_floor": 0,
        "borderline": 1,
        "above_ceiling": 0,
        "travel_hours": np.nan,
        "farthest_min": 7.0,
        "annual_jpy_low": 1.0,
        "annual_jpy": 2e6,
        "annual_jpy_high": 3e6,
        "grade_e_share": np.nan,
        "broken_count": 0,
    }
    table = pd.DataFrame(
        [{"fields": "together", "state": state, **figures} for state in ("today", "crossing")]
    )
    return Evidence(table, {("together", "today"): plan}, has_several_fields=False)


@pytest.fixture
def folder(plan, evidence, tmp_path):
    exports.write_plan(plan, tmp_path / "out", evidence=evidence)
    return tmp_path / "out"


# GeoJSON ----------------------------------------------------------------------------------------------


def collections(plan):
    return [json.loads(exports.bundles_geojson(plan)), json.loads(exports.units_geojson(plan))]


def rings_of(table):
    for feature in table["features"]:
        geometry = feature["geometry"]
        polygons = [geometry["coordinates"]] if geometry["type"] == "Polygon" else geometry["coordinates"]
        yield from polygons


def test_outer_rings_run_counter_clockwise_and_are_closed(plan):
    for table in collections(plan):
        for polygon in rings_of(table):
            assert shapely.LinearRing(polygon[0]).is_ccw and polygon[0][0] == polygon[0][-1]


def test_holes_run_clockwise():
    shape = gpd.GeoSeries([box(0, 0, 3000, 3000).difference(box(1000, 1000, 2000, 2000))], crs=6681)
    assert not lon_lat_shapes(shape)[0].interiors[0].is_ccw


def test_coordinates_are_degrees_with_seven_decimals_at_most(plan):
    for raw in (exports.bundles_geojson(plan), exports.units_geojson(plan)):
        numbers = re.findall(rb"\[(-?[\d.]+),(-?[\d.]+)\]", raw)
        assert len(numbers) > 8
        for lon, lat in numbers:
            assert 140 < float(lon) < 147 and 41 < float(lat) < 46
            assert len(lon.split(b".")[-1]) <= 7 and len(lat.split(b".")[-1]) <= 7


def test_no_crs_and_no_number_that_json_does_not_have(plan):
    for raw in (exports.bundles_geojson(plan), exports.units_geojson(plan)):
        assert "crs" not in json.loads(raw, parse_constant=pytest.fail)


def test_disclaimers_sample_notice_and_provenance_are_foreign_members(plan):
    for table in collections(plan):
        assert table["disclaimer_ja"] == (
            "機械的な試算です。関係団体の合意を示すものではありません。管理者の責任は各団体に残ります。"
        )
        assert "responsibility" in table["disclaimer_en"]
        assert table["sample_notice_ja"] == "道路・施設は模擬です。実在の位置ではありません"
        assert {"gunmane_version", "seed", "input_sha256", "sources"} <= set(table["provenance"])


def test_a_plan_on_real_files_has_no_sample_notice():
    real = drawn_plan(is_synthetic=False, roads_source="roads.gpkg")
    assert all("sample_notice_ja" not in table for table in collections(real))
    assert not any(
        f["properties"]["is_synthetic"] for f in json.loads(exports.bundles_geojson(real))["features"]
    )


def test_the_free_text_of_a_ledger_leaves_in_no_file(folder):
    for path in folder.iterdir():
        raw = path.read_bytes()
        if path.suffix == ".xlsx":
            with zipfile.ZipFile(path) as archive:
                raw = b"".join(archive.read(name) for name in archive.namelist())
        assert b"HYPERLINK" not in raw


def test_codes_are_text_and_keep_their_zero(plan):
    bundle = json.loads(exports.bundles_geojson(plan))["features"][0]["properties"]
    unit = json.loads(exports.units_geojson(plan))["features"][0]["properties"]
    assert bundle["muni_codes"] == ["01631", "01643"] and unit["muni_code"] == "01631"


def test_yen_are_rounded_to_the_thousand_and_unknown_is_null(plan):
    first, second = [f["properties"] for f in json.loads(exports.bundles_geojson(plan))["features"]]
    assert first["annual_jpy"] == 123_457_000 and first["annual_jpy_high"] == 200_000_000
    assert second["travel_hours"] is None and second["farthest_min"] is None


def test_every_unit_names_its_bundle_in_each_strand(plan):
    both = pd.concat(
        [plan.assignment.assign(strand=s, bundle_id=b) for s, b in (("park", "D2"), ("road", "D1"))]
    )
    units = json.loads(exports.units_geojson(dataclasses.replace(plan, assignment=both)))["features"]
    assert units[0]["properties"]["bundle_ids"] == {"park": "D2", "road": "D1"}
    assert units[0]["properties"]["bundle_id"] == "D2;D1" and len(units) == 4


def test_the_order_of_rows_does_not_change_a_file(plan):
    turned = dataclasses.replace(
        plan, members=plan.members[::-1], assignment=plan.assignment[::-1], work=plan.work[::-1]
    )
    for make in (exports.bundles_geojson, exports.units_geojson, exports.members_csv):
        assert make(turned) == make(plan)


@given(st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 4000)), min_size=3, max_size=12))
def test_any_polygon_comes_out_valid_and_right_handed(corners):
    shape = shapely.Polygon(corners)
    found = lon_lat_shapes(gpd.GeoSeries([shape], crs=6681))[0]
    assert shapely.is_valid(found)
    for polygon in shapely.get_parts(found):
        assert shapely.is_ccw(polygon.exterior) and not any(
            shapely.is_ccw(ring) for ring in polygon.interiors
        )


def test_geopandas_reads_the_files_back(folder):
    bundles = gpd.read_file(folder / "bundles.geojson")
    units = gpd.read_file(folder / "units.geojson")
    assert bundles.crs == 4326 and list(bundles["bundle_id"]) == ["S1", "S2"]
    assert bundles.is_valid.all() and units.is_valid.all()
    assert list(units["muni_code"]) == ["01631", "01631", "01643", "01643"]
    areas = bundles.to_crs(6681).area
    assert areas["S1" if "S1" in areas else 0] == pytest.approx(6e6, rel=1e-3)


def test_gdal_reads_the_files_back(folder):
    if shutil.which("ogrinfo") is None:
        pytest.skip("ogrinfo (GDAL) is not on this machine")
    told = subprocess.run(
        ["ogrinfo", "-so", "-al", folder / "bundles.geojson"], capture_output=True, text=True, check=True
    )
    assert "Feature Count: 2" in told.stdout and "warning" not in told.stderr.lower()


# CSV and workbook ---------------------------------------------------------------------------------------


def test_members_open_in_excel_as_utf8_with_text_codes(folder):
    raw = (folder / "members.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf") and b"\r" not in raw
    rows = list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig"))))
    assert rows[0]["muni_code"] == "01631" and rows[0]["owner_name"] == "音更町"
    assert {row["is_synthetic"] for row in rows} == {"true"}


def test_the_parts_of_a_divided_asset_add_up(folder):
    table = pd.read_csv(folder / "members.csv", dtype={"asset_id": "str"})
    parts = table[table["asset_id"] == "b5"]
    assert parts["share"].sum() == pytest.approx(1) and parts["length_m"].sum() == pytest.approx(100)


@pytest.mark.parametrize("text", ["=1+1", "+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1"])
def test_text_in_a_csv_is_never_a_formula(text):
    assert not safe_text(text).startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    assert not re.search(r"[\x00-\x1f]", safe_text(text))


def test_the_workbook_has_its_sheets_and_says_what_is_sample(folder):
    book = openpyxl.load_workbook(folder / "workbook.xlsx")
    assert book.sheetnames == [
        "はじめに", "束", "構成施設", "比較", "現況", "前提値",
        "データの充足状況", "出所", "台帳の誤り", "守れなかった条件",
    ]  # fmt: skip
    for sheet in book.worksheets:
        assert sheet["A1"].value.startswith("道路・施設は模擬です。実在の位置ではありません")
        assert sheet.page_setup.orientation == "landscape" and sheet.page_setup.fitToHeight == 0
        assert sheet.freeze_panes == "A3" and sheet.sheet_properties.pageSetUpPr.fitToPage


def test_codes_and_formulas_stay_text_in_the_workbook(folder):
    sheet = openpyxl.load_workbook(folder / "workbook.xlsx")["構成施設"]
    header = [cell.value for cell in sheet[2]]
    row = dict(zip(header, sheet[4], strict=True))
    assert row["市町村コード"].value == "01631" and row["市町村コード"].number_format == "@"
    assert row["施設ID"].value == "-2+3" and row["施設ID"].data_type == "s" and row["施設ID"].quotePrefix
    assert row["延長（m）"].value == 20 and row["延長（m）"].number_format == "#,##0.0"


def test_no_sheet_holds_a_formula(folder):
    with zipfile.ZipFile(folder / "workbook.xlsx") as archive:
        assert not any(b"<f>" in archive.read(name) for name in archive.namelist())


def test_text_that_xml_cannot_hold_does_not_break_the_workbook():
    nasty = "a\x00\x0b<&>\ud800\ufffe]]>"
    raw = workbook_bytes([Sheet("x", [("名", "text")], [[nasty]])], notice="n")
    assert openpyxl.load_workbook(io.BytesIO(raw)).active["A3"].value == "a<&>]]>"


def test_a_table_longer_than_a_sheet_goes_on_in_another(monkeypatch):
    monkeypatch.setattr("gunmane.exports.sheets.MAX_ROWS", 2)
    raw = workbook_bytes([Sheet("束", [("番号", "int")], [[1], [2], [3]])], notice="n")
    book = openpyxl.load_workbook(io.BytesIO(raw))
    assert book.sheetnames == ["束 1", "束 2"] and book["束 2"]["A3"].value == 3


def test_the_workbook_speaks_english_too(plan, evidence):
    book = openpyxl.load_workbook(io.BytesIO(exports.workbook(plan, evidence, "en")))
    assert (
        book.sheetnames[:2] == ["Read me", "Bundles"]
        and book["Bundles"]["B3"].value == "Otofuke, part of Makubetsu"
    )


def test_unknown_figures_are_empty_cells(folder):
    sheet = openpyxl.load_workbook(folder / "workbook.xlsx")["比較"]
    header = [cell.value for cell in sheet[2]]
    assert sheet.cell(3, header.index("移動時間（班・時間/年）") + 1).value is None


def test_the_assumptions_a_plan_uses_stand_first(folder):
    sheet = openpyxl.load_workbook(folder / "workbook.xlsx")["前提値"]
    marks = [row[0] for row in sheet.iter_rows(min_row=3, values_only=True)]
    assert marks == sorted(marks, key=lambda m: m != "はい") and "はい" in marks and "いいえ" in marks


def test_the_same_plan_gives_the_same_workbook(plan, evidence):
    raw = exports.workbook(plan, evidence)
    assert raw == exports.workbook(plan, evidence)
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        assert {entry.date_time[0] for entry in archive.infolist()} == {1980}


def test_libreoffice_opens_the_workbook(folder, tmp_path):
    if shutil.which("soffice") is None:
        pytest.skip("LibreOffice is not on this machine")
    profile = f"-env:UserInstallation=file://{tmp_path}/profile"
    target = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,3"
    subprocess.run(
        ["soffice", profile, "--headless", "--convert-to", target, "--outdir", tmp_path, folder / "workbook.xlsx"],
        capture_output=True, check=True, timeout=180,
    )  # fmt: skip
    found = next(tmp_path.glob("workbook*.csv")).read_text(encoding="utf-8")
    assert "01631" in found and "-2+3" in found and "道路・施設は模擬です" in found


def book_of(plan):
    return exports.workbook(
        plan, Evidence(pd.DataFrame(), {("together", "today"): plan}, has_several_fields=False)
    )


def sheet_rows(raw, name):
    head, *rows = list(openpyxl.load_workbook(io.BytesIO(raw))[name].iter_rows(min_row=2, values_only=True))
    return [dict(zip(head, row, strict=True)) for row in rows]


def test_assets_that_are_not_at_their_own_place_are_marked_in_every_file():
    real = drawn_plan(is_synthetic=False)
    rows = list(csv.DictReader(io.StringIO(exports.members_csv(real).decode("utf-8-sig"))))
    assert {r["asset_id"]: r["position"] for r in rows}["b4"] == "town_hall"
    bundles, units = [[f["properties"] for f in table["features"]] for table in collections(real)]
    assert [b["approximate_place_count"] for b in bundles] == [2, 2]
    assert [u["approximate_place_count"] for u in units] == [0, 1, 1, 2]
    raw = book_of(real)
    assert [r["実際の位置でない施設（件）"] for r in sheet_rows(raw, "束")] == [2, 2]
    assert "大字の代表点（住所から）" in {r["位置の確かさ"] for r in sheet_rows(raw, "構成施設")}


def test_the_place_of_a_sample_asset_is_called_sample(folder):
    table = pd.read_csv(folder / "members.csv")
    assert set(table["position"]) == {"sample"}


def test_structures_are_called_what_they_are(plan):
    raw = book_of(plan)
    assert {r["分野"] for r in sheet_rows(raw, "束")} == {"橋梁"}


def test_faults_say_whether_their_row_was_taken(plan):
    faults = pd.DataFrame(
        {
            "source_file": "own.csv",
            "row": pd.array([7, 8, 9], dtype="Int64"),
            "column": ["sector", "length_m", "built_year"],
            "value": ["x", "1,0", "?"],
            "became": ["", "10", ""],
            "rule": ["sector_unknown", "length_m_value", "built_year_value"],
            "advice_key": ["advice.sector_unknown", "advice.length_m_value", "advice.built_year_value"],
        }
    )
    told = dataclasses.replace(plan, ground=dataclasses.replace(plan.ground, rejects=faults))
    rows = sheet_rows(book_of(told), "台帳の誤り")
    assert len({r["取り込み"] for r in rows}) == 3
    assert [r["列"] for r in rows] == ["分野", "延長・橋長（m）", "建設年"]


def test_the_workbook_says_how_ready_each_bodys_data_is(plan):
    raw = book_of(plan)
    bridges = [r for r in sheet_rows(raw, "データの充足状況") if r["分野"] == "橋梁"]
    assert [(r["管理者"], r["施設（件）"], r["健全度あり（件）"]) for r in bridges] == [
        ("音更町", 2, 2),
        ("幕別町", 3, 2),
    ]


def test_hashes_have_a_column_of_their_own_and_terms_are_words(plan):
    given = {"sources": [{"file": "own.csv", "sha256": "ab12", "kind": "own"}]}
    told = dataclasses.replace(
        plan, ground=dataclasses.replace(plan.ground, provenance={**plan.ground.provenance, **given})
    )
    rows = sheet_rows(book_of(told), "出所")
    assert (rows[0]["ファイルの照合値（sha256）"], rows[0]["資料"]) == ("ab12", None)
    assert "row by row" not in {r["利用条件"] for r in rows}


# plan.json and writing --------------------------------------------------------------------------------


def test_plan_json_has_everything_for_a_rerun(folder, plan):
    table = json.loads((folder / "plan.json").read_text(encoding="utf-8"))
    choices = {k: tuple(v) if isinstance(v, list) else v for k, v in table["scenario"].items()}
    assert Scenario(**choices) == plan.scenario
    assert len(table["assignment"]) == 4 and table["rules_broken"][0]["rule"] == "floor"
    assert table["notes"][0]["ja"] and table["notes"][0]["en"] and table["totals"]["travel_hours"] is None
    assert table["provenance"]["input_sha256"] == {"facts": "ab"}


def test_facts_in_another_order_give_the_same_plan_file(plan):
    turned = dict(reversed(plan.ground.network_facts.items()))
    other = dataclasses.replace(plan, ground=dataclasses.replace(plan.ground, network_facts=turned))
    assert exports.plan_json(other) == exports.plan_json(plan)


def test_the_date_of_a_plan_file_can_be_set(plan, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    assert json.loads(exports.plan_json(plan))["created"] == "1970-01-02"


def test_a_failed_write_keeps_every_earlier_file(folder, plan, evidence, monkeypatch):
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    other = dataclasses.replace(plan, scenario=plan.scenario.replace(seed=5))
    real = exports.pathlib.Path.write_bytes

    def full(path, data):
        if ".workbook" in path.name:
            raise OSError(28, "No space left on device")
        return real(path, data)

    monkeypatch.setattr("pathlib.Path.write_bytes", full)
    with pytest.raises(FileError):
        exports.write_plan(other, folder, evidence=evidence)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_file_that_cannot_be_replaced_keeps_every_earlier_file(tmp_path):
    names = ("bundles.geojson", "units.geojson", "members.csv", "workbook.xlsx", "plan.json")
    (tmp_path / "members.csv").mkdir()
    for name in ("bundles.geojson", "plan.json"):
        (tmp_path / name).write_text("earlier")
    with pytest.raises(FileError):
        exports.write_files(dict.fromkeys(names, b"new"), tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bundles.geojson", "members.csv", "plan.json"]
    assert {(tmp_path / name).read_text() for name in ("bundles.geojson", "plan.json")} == {"earlier"}


def test_a_folder_that_cannot_be_made_is_one_sentence(plan, evidence, tmp_path):
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(FileError) as caught:
        exports.write_plan(plan, tmp_path / "taken" / "out", evidence=evidence)
    assert caught.value.key == "output_not_written" and "taken" in say(caught.value, "ja")


# Words ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "ja", "en"),
    [
        (123_456_789, "1.2億円", "JPY 120 M"),
        (3_440_000, "340万円", "JPY 3.4 M"),
        (99_600_000, "1.0億円", "JPY 100 M"),
        (0, "0円", "JPY 0"),
        (float("nan"), "–", "–"),
    ],
)
def test_yen_have_two_figures(value, ja, en):
    assert (yen_text(value, "ja"), yen_text(value, "en")) == (ja, en)


def test_a_range_without_width_is_one_value():
    assert (
        yen_range(1e6, 1e6, 1e6, "ja") == "100万円"
        and yen_range(1e6, 2e6, 3e6, "ja") == "200万円 (100万円–300万円)"
    )


@given(st.floats(min_value=1e-3, max_value=1e12))
def test_two_figures_stay_within_five_percent(value):
    assert two_figures(value) == pytest.approx(value, rel=0.051)


def test_full_width_text_takes_two_columns():
    assert text_width("束 S1") == 5 and text_width("ｶﾞ") == 2


def test_the_sample_notice_names_what_is_sample():
    partly = drawn_plan(is_synthetic=True, roads_source="roads.gpkg")
    assert json.loads(exports.bundles_geojson(partly))["sample_notice_ja"] == t("notice.sample.assets", "ja")


def part_real_plan():
    """The bridges b1 and b4 are a user's own, the others and the roads sample."""
    plan = drawn_plan()
    assets = plan.ground.assets.assign(is_synthetic=[False, True, True, False, True])
    members = plan.members[plan.members["asset_id"] != "b5"]
    return dataclasses.replace(plan, members=members, ground=dataclasses.replace(plan.ground, assets=assets))


def test_after_a_user_s_own_assets_each_file_says_which_part_is_sample():
    mixed = part_real_plan()
    bundles, units = collections(mixed)
    assert bundles["sample_notice_ja"] == t("notice.sample.mixed", "ja")
    assert [f["properties"]["sample_part"] for f in bundles["features"]] == ["some", "some"]
    assert [f["properties"]["is_synthetic"] for f in units["features"]] == [False, True, True, False]
    sheet = bundle_sheet(mixed, "ja", "bundles")
    assert {row[[name for name, _ in sheet.columns].index("データ")] for row in sheet.rows} == {"一部模擬"}


def test_the_two_layers_have_names_of_their_own(plan):
    names = [table["name"] for table in collections(plan)]
    assert names == ["drawn-structures-bundles", "drawn-structures-units"]


def test_a_bundle_that_holds_a_part_of_a_town_says_so(plan):
    first, second = [f["properties"] for f in collections(plan)[0]["features"]]
    assert first["label_ja"] == "S1 音更町・幕別町の一部" and second["label_en"] == "S2 part of Makubetsu"


def test_too_few_bundles_say_what_was_asked_for_and_what_was_made(plan):
    row = {"strand": "", "bundle_id": "", "rule": "bundle_count", "unit_id": "", "amount": 2.0, "limit": 6.0}
    assert broken_sentence(plan, row, "ja") == (
        "指定した束の数にならない: 指定は 6 束、作れたのは 2 束（市町村を分けない条件では 2 束まで）"
    )
    assert broken_sentence(plan, {**row, "limit": 1.0}, "en").endswith("asked for 1, made 2")
    written = json.loads(exports.plan_json(dataclasses.replace(plan, broken=pd.DataFrame([row]))))
    assert "6 束" in written["rules_broken"][0]["ja"]


def test_today_has_areas_without_lead_and_says_what_it_assumes(folder):
    book = openpyxl.load_workbook(folder / "workbook.xlsx")
    assert all(book[name]["A1"].value.endswith(t("files.today_caution", "ja")) for name in ("比較", "現況"))
    header = [cell.value for cell in book["現況"][2]]
    assert header[0] == "区域" and "代表団体（案）" not in header and len(book["現況"][3]) == len(header)
    assert "代表団体（案）" in [cell.value for cell in book["束"][2]]


def test_counts_are_exact_and_amounts_of_broken_rules_are_plain(folder):
    assert [count_text(value) for value in (525.0, 1319.4, float("nan"))] == ["525", "1,319", "–"]
    row = next(
        openpyxl.load_workbook(folder / "workbook.xlsx")["守れなかった条件"].iter_rows(
            min_row=3, values_only=True
        )
    )
    assert repr(row[4]) == "1" and row[5] is None and row[0] == "規模の下限に届かない (1 / –)"


def rules_of_intake():
    """Rules that the intake lists: literals in its calls, those of number columns, those with advice."""
    found = {f"{c.name}_value" for c in schema.ASSETS if c.dtype in ("Int16", "Int8", "float64")}
    for path in sorted(pathlib.Path(gunmane.assets.__file__).parent.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "add" and len(node.args) == 4:
                found |= {node.args[3].value} if isinstance(node.args[3], ast.Constant) else set()
    return found | {key.removeprefix("advice.") for key in catalogue("ja") if key.startswith("advice.")}


@pytest.mark.parametrize("lang", ["ja", "en"])
def test_every_rule_of_the_intake_has_words(lang):
    rules = rules_of_intake()
    assert len(rules) >= 17 and {f"files.fault.{rule}" for rule in rules} <= set(catalogue(lang))


def test_rejected_rows_say_why_in_words(folder):
    sheet = openpyxl.load_workbook(folder / "workbook.xlsx")["台帳の誤り"]
    assert sheet["G2"].value == "理由" and sheet["G3"].value == "扱えない分野"


def test_assumptions_have_names_few_figures_and_room_for_their_numbers(folder):
    sheet = openpyxl.load_workbook(folder / "workbook.xlsx")["前提値"]
    rows = {row[2]: row for row in sheet.iter_rows(min_row=3, values_only=True)}
    assert all(row[1] for row in rows.values() if row[0] == "はい")
    assert rows["snow_removal_jpy_per_km_year"][3] == "円/km/年"
    assert all(len(f"{value:.12g}") <= 10 for row in rows.values() for value in row[4:7])
    assert sheet.column_dimensions["F"].width >= len("200,000,000") + 1


def test_a_name_of_an_assumption_is_one_that_exists():
    keys = {key.removeprefix("files.assumption.") for key in catalogue("ja") if "files.assumption." in key}
    assert keys <= set(load_assumptions().table.index)


def test_a_wide_table_prints_over_several_pages_and_a_long_one_in_part():
    wide = Sheet("w", [("名", "code")] * 30, [["x" * 12] * 30] * 3, print_rows=2)
    page = openpyxl.load_workbook(io.BytesIO(workbook_bytes([wide], notice="n"))).active
    assert page.page_setup.fitToWidth == 2 and page.print_title_cols == "$A:$A"
    assert page.print_area == "'w'!$A$2:$AD$4" and page.oddHeader.left.text == "n"


def test_the_first_sheet_counts_what_is_sample_by_sector():
    rows = _read_me(part_real_plan(), "ja").rows
    assert ["データの内訳", "道路網: 模擬"] in rows
    assert ["データの内訳", "橋梁: 読み込んだ台帳 2 件、模擬 2 件"] in rows


# -- titles that a person gave ---------------------------------------------------------------------------------


@pytest.fixture
def titled_plan(plan):
    first = str(plan.bundles.index[0])
    return dataclasses.replace(plan, by_hand={"steps": 1, "titles": {first: "=東部の村"}})


def test_a_title_stands_in_the_label_of_its_bundle(titled_plan):
    first, other = (row["properties"] for row in json.loads(exports.bundles_geojson(titled_plan))["features"])
    assert first["label_ja"].startswith(f"{first['bundle_id']} =東部の村 ")
    assert "東部の村" not in other["label_ja"] and first["label_en"].startswith(
        f"{first['bundle_id']} =東部の村 "
    )


@pytest.mark.parametrize("name", ["束", "構成施設"])
def test_every_sheet_that_names_a_bundle_has_its_title_beside_it(titled_plan, evidence, name):
    sheet = openpyxl.load_workbook(io.BytesIO(exports.workbook(titled_plan, evidence, "ja")))[name]
    heads = [cell.value for cell in sheet[2]]
    at = heads.index(t("files.column.bundle_title", "ja"))
    told = {(row[at - 1].value, row[at].value, row[at].data_type) for row in sheet.iter_rows(min_row=3)}
    assert heads[at - 1] == t("files.column.bundle_id", "ja")
    assert {title for bundle, title, _ in told if bundle in titled_plan.titles} == {"=東部の村"}
    assert all(kind == "s" for _, title, kind in told if title)


def test_a_workbook_without_titles_has_no_column_for_them(folder):
    book = openpyxl.load_workbook(folder / "workbook.xlsx")
    assert t("files.column.bundle_title", "ja") not in [cell.value for cell in book["構成施設"][2]]


def test_the_command_prints_the_title_behind_the_name(titled_plan, capsys):
    _tell_bundles(titled_plan, "ja")
    assert f"{titled_plan.bundles.index[0]} =東部の村" in capsys.readouterr().out
