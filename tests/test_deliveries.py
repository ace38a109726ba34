"""One file from its bytes to what it is for: nothing lost, pieces joined, and which region it belongs to."""

import json
import pathlib

import geopandas as gpd
import openpyxl
import pandas as pd
import pytest
import shapely

from gunmane.cli import main
from gunmane.deliveries import Delivery, LedgerFile, recognise, take_deliveries, take_delivery
from gunmane.errors import FileError
from gunmane.grounds import prepare_ground
from gunmane.homes import find_home
from gunmane.ledgers.profile_files import sidecar, write_profile
from gunmane.municipalities import find_region
from gunmane.plans import make_plan
from gunmane.scenario import Scenario

UDA = find_region("nara_uda")
SAMPLES = pathlib.Path(__file__).resolve().parents[2] / "shared" / "samples"


def places(count):
    """Points in 宇陀市 in degrees, one beside the other."""
    hall = UDA.halls.to_crs(4326).geometry["29212"]
    return [(round(hall.x + i * 0.0004, 6), round(hall.y, 6)) for i in range(count)]


@pytest.fixture
def bridges(tmp_path):
    """A bridge ledger as a town keeps it: Excel, a title, Japanese headings, 和暦, grades Ⅰ to Ⅳ."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "橋梁"
    sheet.append(["宇陀市 橋梁台帳（令和6年度末）"])
    sheet.append([])
    sheet.append(["管理番号", "橋梁名", "路線名", "橋長(m)", "架設年度", "判定区分", "緯度", "経度"])
    for i, (lon, lat) in enumerate(places(24)):
        sheet.append([f"B{i:03d}", f"第{i}橋", "市道1号", f"{10 + i}.5", "昭和55年", "Ⅲ", lat, lon])
    path = tmp_path / "橋梁台帳.xlsx"
    book.save(path)
    return path


def test_a_japanese_workbook_becomes_bridges(bridges):
    delivery = take_delivery(bridges, region=UDA)
    assert (delivery.profile.role, delivery.row_count, len(delivery.assets)) == ("assets", 24, 24)
    first = delivery.assets.iloc[0]
    assert first[["sector", "built_year", "condition", "condition_raw"]].tolist() == ["bridge", 1980, 3, "Ⅲ"]
    assert first["length_m"] == 10.5 and first["source"] == "橋梁台帳.xlsx#4"


def test_what_a_cell_said_stays_beside_what_it_became(bridges):
    readings = take_delivery(bridges, region=UDA).readings
    years = readings[readings["column"] == "built_year"]
    assert years[["value", "became", "rows", "first_row"]].to_numpy().tolist() == [
        ["昭和55年", "1980", 24, 4]
    ]


def test_rows_in_are_assets_and_rejected_rows(bridges):
    book = openpyxl.load_workbook(bridges)
    book.active["A6"] = "B000"
    book.active["G7"] = ""
    book.save(bridges)
    delivery = take_delivery(bridges, region=UDA)
    assert delivery.row_count == len(delivery.assets) + delivery.rejected_count == 24
    assert delivery.rejected_count == 2
    assert set(delivery.fault_rows.index) >= {6, 7}
    assert delivery.fault_rows.loc[7, "橋梁名"] == "第3橋"


def test_an_asset_across_the_border_stays_with_the_body_whose_ledger_it_is(bridges):
    """Else one bridge would stand for the neighbour's whole ledger."""
    book = openpyxl.load_workbook(bridges)
    hall = UDA.halls.to_crs(4326).geometry["29453"]
    book.active["G9"], book.active["H9"] = hall.y, hall.x
    book.save(bridges)
    delivery = take_delivery(bridges, region=UDA)
    assert set(delivery.assets["muni_code"]) == {"29212", "29453"}
    assert set(delivery.assets["owner_code"]) == {"29212"}
    assert "ledger_keeper_named" in {note.key for note in delivery.notes}


def test_a_profile_beside_the_file_holds(bridges):
    profile = recognise(bridges, region=UDA)[1]
    sidecar(bridges).write_text(write_profile(profile).replace('"橋梁名"', '"路線名"'), encoding="utf-8")
    assert set(take_delivery(bridges, region=UDA).assets["name"]) == {"市道1号"}


def test_a_file_that_nobody_can_name_asks_instead_of_guessing(tmp_path):
    path = tmp_path / "list.csv"
    path.write_text("甲,乙\n1,2\n", encoding="utf-8")
    delivery = take_delivery(path, region=UDA)
    assert delivery.profile.role == "unknown" and delivery.row_count == 1
    with pytest.raises(FileError) as caught:
        prepare_ground(UDA, assets=[delivery])
    assert caught.value.key == "ledger_role_unknown"


def test_one_file_that_cannot_be_read_stops_no_other(bridges, tmp_path):
    (tmp_path / "empty.csv").write_bytes(b"")
    found = list(take_deliveries([LedgerFile(tmp_path / "empty.csv"), LedgerFile(bridges)], region=UDA))
    assert isinstance(found[0], FileError) and isinstance(found[1], Delivery)


@pytest.fixture
def spans(tmp_path):
    """A sewer ledger in two pieces: a table without places, and shapes that know nothing but the key."""
    lines = [shapely.LineString([place, (place[0] + 0.0002, place[1])]) for place in places(20)]
    keys = [f"K{i:03d}" for i in range(20)]
    gpd.GeoDataFrame({"管渠番号": keys}, geometry=lines, crs=4326).to_file(tmp_path / "span.gpkg")
    table = pd.DataFrame({"管渠番号": keys, "管種": "VU", "口径": 200, "布設年度": "H2"})
    table.to_csv(tmp_path / "span.csv", index=False, encoding="cp932")
    return [LedgerFile(tmp_path / "span.csv"), LedgerFile(tmp_path / "span.gpkg")]


@pytest.mark.parametrize("turned", [False, True])
def test_a_table_takes_the_shapes_that_were_brought_with_it(spans, turned):
    files = spans[::-1] if turned else spans
    found = {one.file: one for one in take_deliveries(files, region=UDA)}
    assert len(found["span.csv"].assets) == 20
    assert set(found["span.csv"].assets["diameter_mm"]) == {200.0}
    assert found["span.gpkg"].row_count == 0
    made = prepare_ground(UDA, assets=files).assets
    assert len(made[~made["is_synthetic"]]) == 20


def test_a_plan_is_made_from_figures_by_municipality_alone(tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["団体コード", "市町村名", "道路延長(km)", "橋数"])
    book.active.append(["29212", "宇陀市", 700, 400])
    book.active.append(["29385", "曽爾村", 90, 60])
    book.save(tmp_path / "合計.xlsx")
    ground = prepare_ground(UDA, assets=[tmp_path / "合計.xlsx"])
    assert ground.assets["is_synthetic"].all()
    own = ground.assets[ground.assets["sector"] == "bridge"].groupby("owner_code").size()
    assert (own["29212"], own["29385"], own["29453"]) == (400, 60, 142)
    assert "sample_from_totals" in {note.key for note in ground.notes}
    plan = make_plan(Scenario.default(ground.region, layer="structures"), ground)
    assert plan.bundles["structure_count"].sum() >= 400


def test_the_region_of_a_ledger_is_found_from_its_places(bridges):
    home = find_home(*recognise(bridges, region=None))
    assert (home.region_id, home.rows, home.inside, home.prefecture) == ("nara_uda", 24, 24, "奈良県")


def test_the_region_of_a_list_is_found_from_its_addresses(tmp_path):
    path = tmp_path / "公園.csv"
    path.write_text("公園名,所在地\n一号公園,島根県益田市本町1-1\n", encoding="cp932")
    assert find_home(*recognise(path, region=None)).region_id.endswith("masuda")


def test_check_tells_and_writes_what_to_send_back(bridges, tmp_path, capsys):
    assert main(["check", str(bridges), "--lang", "ja", "--out", str(tmp_path / "out")]) == 0
    told = capsys.readouterr().out
    assert "宇陀市" in told and "built_year" in told and "昭和55年 → 1980" in told
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"橋梁台帳.xlsx.profile.toml", "橋梁台帳.xlsx.xroad.csv"} <= names


def test_check_as_json_counts_what_the_table_shows(bridges, capsys):
    assert main(["check", str(bridges), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["region_id"] == "nara_uda"
    assert told["files"][0]["taken"] == 24 and told["files"][0]["columns"]["name"] == ["橋梁名"]


def test_check_says_of_a_file_from_elsewhere_what_it_is(tmp_path, capsys):
    path = tmp_path / "park.csv"
    path.write_text("公園名,緯度,経度\n中央公園,35.68,139.76\n", encoding="utf-8")
    assert main(["check", str(path), "--lang", "en"]) == 1
    told = capsys.readouterr()
    assert "outside the 11 model regions" in " ".join(told.out.split()) and "--region" in told.err


def test_a_template_is_written_for_every_sector(tmp_path):
    assert main(["template", "all", "--out", str(tmp_path), "--quiet"]) == 0
    assert len(list(tmp_path.glob("*.xlsx"))) == 8


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the real files to read with are not beside the project")
@pytest.mark.parametrize(
    ("name", "kind", "rows", "prefecture"),
    [
        ("nara_n03/N03-21_29_210101.geojson", "n03", 39, "奈良県"),
        ("handa_sewer/span_geoms.gpkg", "sewer_lines", 60, "愛知県"),
        ("plateau/nagaoka_sewer.gml", "plateau_sewer", 2, "新潟県"),
        ("kanagawa_park_ledger/parks_cp932.csv", None, 5, ""),
    ],
)
def test_real_files_are_known_and_placed(name, kind, rows, prefecture):
    raw, profile = recognise(SAMPLES / name, region=None)
    assert len(raw.table) == rows and (kind is None or profile.kind == kind)
    assert find_home(raw, profile).prefecture == prefecture
