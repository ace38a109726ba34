"""A region that a user puts together from any municipalities of Japan."""

import json
import pathlib
import re
import subprocess
import sys
import tempfile

import geopandas as gpd
import openpyxl
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

import gunmane
from gunmane import cli
from gunmane.cache import national_folder
from gunmane.errors import FileError, RegionError
from gunmane.exports.templates import template_xlsx
from gunmane.grounds import prepare_ground
from gunmane.i18n import LANGUAGES, say
from gunmane.municipalities import (
    file_stem,
    find_municipalities,
    find_region,
    load_municipalities,
    load_regions,
    long_code,
    own_region,
    own_region_id,
)
from gunmane.municipalities.national import national_halls, plane_zone
from gunmane.municipalities.own import MAX_MUNICIPALITIES

# A wide rural part of Hokkaido, islands of Okinawa that no road joins, wards of Tokyo; and what is smaller still.
ANYWHERE = {
    "hidaka": ["01601", "01602"],
    "yaeyama": ["47381", "47382"],
    "tokyo": ["13101", "13102", "13103"],
    "one settlement": ["13362"],
    "an island each": ["46303", "46304"],
}
ALL = sorted(load_municipalities().index.drop("hoppo"))
some_codes = st.lists(st.sampled_from(ALL), min_size=1, max_size=MAX_MUNICIPALITIES, unique=True)


def write_totals(region, folder):
    """The template of totals filled in: people, km of road and bridges by the land of each municipality."""
    path = folder / "totals.xlsx"
    path.write_bytes(template_xlsx("totals", "ja", region))
    book = openpyxl.load_workbook(path)
    sheet = book.active
    column = {cell.value: cell.column for cell in sheet[1]}
    for row, km2 in enumerate(region.municipalities.area / 1e6, start=2):
        for heading, per_km2 in (("人口（人）", 80), ("道路延長（km）", 2), ("橋数（橋）", 0.5)):
            sheet.cell(row, column[heading], round(km2 * per_km2) + 1)
    book.save(path)
    return path


def write_roads(region, folder):
    """A line from settlement to settlement of each municipality."""
    towns = region.towns.to_crs(4326)
    lines = [
        shapely.LineString(part.geometry.to_list()) for _, part in towns.groupby("muni_code") if len(part) > 1
    ]
    path = folder / "roads.geojson"
    gpd.GeoDataFrame({"highway": ["residential"] * len(lines)}, geometry=lines, crs=4326).to_file(path)
    return path


# -- what is carried -------------------------------------------------------------------------------------


def test_every_municipality_of_japan_is_carried_with_text_codes():
    assert len(ALL) == 1741
    assert all(len(code) == 5 and code.isdecimal() for code in ALL)


def test_every_municipality_has_a_hall_whose_long_code_is_right():
    halls = national_halls()
    assert sorted(halls.index) == ALL
    assert [long_code(code) for code in halls.index] == halls["lg_code6"].to_list()


@pytest.mark.parametrize("region_id", load_regions()["region_id"])
def test_the_plane_zone_of_each_model_region_is_the_published_one(region_id):
    region = find_region(region_id)
    assert {6668 + plane_zone(code) for code in region.municipalities.index} == {region.epsg}


ZONES = {"01202": 11, "01100": 12, "01631": 13, "13101": 9, "13421": 14, "46201": 2, "46222": 1}
ISLANDS = {"47201": 15, "47207": 16, "47357": 17}


@pytest.mark.parametrize(("code", "zone"), [*ZONES.items(), *ISLANDS.items()])
def test_prefectures_in_several_plane_zones_are_told_apart(code, zone):
    assert plane_zone(code) == zone


def test_every_municipality_lies_within_its_plane_zone():
    # No zone reaches farther than 300 km from its meridian; Ogasawara alone spreads over the ocean.
    shapes = load_municipalities().drop(index=["hoppo", "13421"])
    for zone, part in shapes.groupby(shapes.index.map(plane_zone)):
        west, _, east, _ = part.to_crs(6668 + zone).total_bounds
        assert -300_000 < west < east < 300_000


def test_the_wheel_carries_the_national_layers():
    sys_path = str(national_folder().parent.parent)
    said = "from tools.hatch_build import FACTS; print(*FACTS)"
    told = subprocess.run(
        [sys.executable, "-c", said], cwd=sys_path, capture_output=True, text=True, check=True
    )
    assert told.stdout.split() == ["data/model_regions", "data/national"]


# -- looking for one -------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["宇陀", "うだ", "ウダ", "ｕｄａ", "29212", "奈良 うだ", "nara uda"])
def test_a_municipality_is_found_by_name_reading_roman_letters_code_or_prefecture(text):
    assert find_municipalities(text).index[0] == "29212"


def test_large_and_small_ke_find_the_same_town():
    assert list(find_municipalities("外ケ浜").index) == list(find_municipalities("外ヶ浜").index) == ["02307"]


def test_a_prefecture_alone_finds_all_of_it():
    assert len(find_municipalities("奈良県")) == 39


def test_an_empty_text_finds_nothing():
    assert find_municipalities("  ").empty


def test_the_northern_territories_are_not_found():
    assert "hoppo" not in find_municipalities("根室", limit=2000).index


# -- the region ------------------------------------------------------------------------------------------


@settings(max_examples=15, deadline=None)
@given(codes=some_codes)
def test_the_id_of_any_region_opens_the_same_region_again(codes):
    made = own_region("", codes)
    again = find_region(made.region_id)
    assert again.region_id == made.region_id == own_region_id(codes)
    assert list(again.municipalities.index) == sorted(codes)
    assert set(again.towns["muni_code"]) == set(again.halls.index) == set(codes)


@settings(max_examples=15, deadline=None)
@given(codes=some_codes)
def test_halls_lie_in_their_own_municipality(codes):
    region = own_region("", codes)
    assert (region.halls.geometry.distance(region.municipalities.geometry) < 1000).all()


@given(codes=some_codes)
def test_file_names_of_a_region_are_short_and_its_own(codes):
    stem = file_stem(own_region_id(codes))
    assert len(stem) <= 60
    assert stem.startswith("own-")
    assert file_stem("nara_uda") == "nara_uda"


def test_regions_with_the_same_first_codes_have_files_of_different_names():
    assert file_stem(own_region_id(ALL[:20])) != file_stem(own_region_id(ALL[:21]))


@pytest.mark.parametrize(
    "text", ["1631,1643", "016314 016438", "01631、01643", "own-01643-01631", "１６３１，１６４３"]
)
def test_codes_keep_their_zero_however_they_are_written(text):
    assert find_region(text).region_id == "own-01631-01643"


def test_statistics_are_those_carried_and_missing_elsewhere():
    region = find_region("29212,29211")
    assert (
        region.statistics.at["29212", "road_length_m"]
        == find_region("nara_uda").statistics.at["29212", "road_length_m"]
    )
    assert region.statistics.loc["29211"].drop(["region_no"]).isna().all()
    assert dict(region.remarks)["own_region"] == {"count": 2, "known": 1}


def test_every_municipality_is_a_member():
    region = find_region("29212,29385")
    assert region.contributing_codes == ("29212", "29385")


def test_municipalities_that_do_not_touch_are_told():
    told = dict(find_region("29212,29385,01202").remarks)["own_region_apart"]
    assert (told["count"], told["names_ja"]) == (2, "函館市 / 宇陀市、曽爾村")


def test_neighbours_are_no_separate_groups():
    assert "own_region_apart" not in dict(find_region("29212,29385,29386").remarks)


def test_a_hall_outside_its_village_is_replaced_and_told():
    region = find_region("46303")
    assert dict(region.remarks)["own_region_halls"]["names_ja"] == "三島村"


def test_a_village_without_settlements_gets_one_unit_and_is_told():
    region = find_region("13362")
    assert list(region.towns["town"]) == ["利島村"]
    assert dict(region.remarks)["own_region_no_towns"]["names_ja"] == "利島村"


@pytest.mark.parametrize("codes", [["hoppo"], ["29212", "hoppo"]])
def test_the_northern_territories_are_refused(codes):
    with pytest.raises(RegionError) as refused:
        own_region("", codes)
    assert refused.value.key == "own_region_northern_territories"


def test_a_wrong_code_is_named_with_near_ones():
    with pytest.raises(RegionError) as refused:
        find_region("29212,29219")
    assert refused.value.values["code"] == "29219"
    assert "29212" in refused.value.values["near"]


@pytest.mark.parametrize("codes", [[], ALL[: MAX_MUNICIPALITIES + 1]])
def test_no_municipality_and_too_many_are_refused(codes):
    with pytest.raises(RegionError) as refused:
        own_region("", codes)
    assert refused.value.key == "own_region_count"


def test_an_unknown_package_is_a_wrong_call():
    with pytest.raises(ValueError, match="package"):
        own_region("", ["29212"], package="weekly")


# -- a plan ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("codes", ANYWHERE.values(), ids=list(ANYWHERE))
def test_a_region_anywhere_is_planned_from_a_sheet_of_totals(codes, tmp_path):
    totals = write_totals(own_region("", codes), tmp_path)
    plan = gunmane.plan(municipalities=codes, assets=totals, layer="structures")
    assert set(plan.ground.units["muni_code"]) == set(codes)
    assert set(plan.assignment["unit_id"]) <= set(plan.ground.units.index)
    # A bundle without a structure has nobody to lead it.
    assert set(plan.bundles["lead_code"]) - {""} <= set(codes)


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(codes=st.lists(st.sampled_from(ALL), min_size=1, max_size=2, unique=True))
def test_every_municipality_can_be_planned_from_totals(codes):
    with tempfile.TemporaryDirectory() as folder:
        totals = write_totals(own_region("", codes), pathlib.Path(folder))
        plan = gunmane.plan(municipalities=codes, assets=totals, layer="structures")
    assert set(plan.ground.units["muni_code"]) == set(codes)


def test_municipalities_with_statistics_are_planned_without_a_file():
    plan = gunmane.plan(municipalities=["29212", "29385"], layer="structures")
    assert plan.scenario.region_id == "own-29212-29385"
    assert {note.key for note in plan.notes} >= {"own_region", "sample_assets"}


def test_a_region_without_totals_says_what_is_needed():
    with pytest.raises(FileError) as refused:
        gunmane.plan(municipalities=["01601"])
    assert refused.value.key == "own_region_needs_totals"
    for lang in LANGUAGES:
        assert "gunmane template totals --region own-01601" in say(refused.value, lang)


def test_own_roads_and_ledgers_need_no_totals(tmp_path):
    roads = write_roads(find_region("01601"), tmp_path)
    ground = prepare_ground("01601", roads=roads, is_roads_as_assets=True)
    assert not ground.assets["is_synthetic"].any()
    assert set(ground.assets["sector"]) == {"road"}
    assert {note.key for note in ground.notes} >= {"own_region_no_sample"}


def test_roads_alone_without_totals_are_no_plan(tmp_path):
    with pytest.raises(FileError) as refused:
        prepare_ground("01601", roads=write_roads(find_region("01601"), tmp_path))
    assert refused.value.key == "own_region_no_assets"


def test_the_plan_of_a_region_does_not_depend_on_the_order_of_its_codes(tmp_path):
    codes = ANYWHERE["yaeyama"]
    totals = write_totals(own_region("", codes), tmp_path)
    plans = [
        gunmane.plan(municipalities=order, assets=totals, layer="structures")
        for order in (codes, codes[::-1])
    ]
    assert plans[0].assignment.equals(plans[1].assignment)


def test_a_plan_needs_a_region_or_municipalities_and_not_both():
    for call in ({}, {"region": "nara_uda", "municipalities": ["29212"]}):
        with pytest.raises(ValueError, match="not both"):
            gunmane.plan(**call)


# -- the command -----------------------------------------------------------------------------------------


def test_the_command_plans_any_municipalities(tmp_path, capsys):
    out = tmp_path / "out"
    given = ["--municipalities", "29212,29385", "--layer", "structures", "--out", str(out), "--lang", "ja"]
    assert cli.main(["plan", *given]) == 0
    assert "宇陀市・曽爾村" in capsys.readouterr().out
    region = json.loads((out / "plan.json").read_text("utf-8"))["region"]
    assert region["region_id"] == "own-29212-29385"


@pytest.mark.parametrize("given", [["nara_uda", "--municipalities", "29212"], []])
def test_the_command_wants_one_region_and_says_so(given, tmp_path, capsys):
    assert cli.main(["plan", *given, "--out", str(tmp_path), "--lang", "ja"]) == 1
    assert "--municipalities" in capsys.readouterr().err


def test_the_template_of_totals_names_the_municipalities_of_an_own_region(tmp_path):
    given = ["totals", "--region", "01601,01602", "--out", str(tmp_path), "--lang", "ja"]
    assert cli.main(["template", *given]) == 0
    sheet = openpyxl.load_workbook(tmp_path / "template_totals_own-01601-01602_ja.xlsx").active
    assert [sheet.cell(row, 2).value for row in (2, 3)] == ["日高町", "平取町"]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_command_finds_the_code_of_a_municipality(lang, capsys):
    assert cli.main(["regions", "--find", "うだ", "--lang", lang]) == 0
    assert re.search(r"29212 +宇陀市 +うだし +Uda City +奈良県", capsys.readouterr().out)


def test_the_command_gives_municipalities_as_json(capsys):
    assert cli.main(["regions", "--find", "音更", "--json"]) == 0
    assert [row["muni_code"] for row in json.loads(capsys.readouterr().out)] == ["01631"]


def test_a_name_that_no_municipality_has_is_told(capsys):
    assert cli.main(["regions", "--find", "ぞぞぞ", "--lang", "ja"]) == 1
    assert "ぞぞぞ" in capsys.readouterr().err
