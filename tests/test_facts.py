"""The facts of the eleven regions are all there and agree with each other."""

from __future__ import annotations

import re

import pytest

from gunmane.assumptions import LEVELS, load_assumptions, load_sources
from gunmane.cache import data_folder
from gunmane.errors import RegionError
from gunmane.municipalities import find_region, load_borders, load_decisions, load_japan, load_regions
from gunmane.municipalities.facts import _shapes, _table
from gunmane.workload import load_tasks

REGION_IDS = list(load_regions()["region_id"])


def test_there_are_eleven_regions():
    assert len(REGION_IDS) == 11


def test_forty_local_governments_take_part_in_five_roles():
    members = _table("members.csv")
    assert len(members) == 40
    assert members["role"].value_counts().to_dict() == {
        "member": 25,
        "lead": 11,
        "co_lead": 2,
        "coordinator": 1,
        "observer": 1,
    }


def test_codes_keep_their_leading_zero():
    assert "01631" in find_region("hokkaido_makubetsu").municipalities.index


def test_the_42_shared_borders_are_exactly_those_of_the_polygons():
    shapes = _shapes().set_index("muni_code").sort_index().geometry
    touching = {
        (a, b) for a in shapes.index for b in shapes.index if a < b and shapes[a].intersects(shapes[b])
    }
    borders = load_borders()
    assert touching == set(zip(borders["muni_code_a"], borders["muni_code_b"], strict=True))
    assert len(touching) == 42


def test_a_coordinator_and_an_observer_contribute_no_assets():
    assert "27" not in find_region("osaka_senshu").contributing_codes
    assert "29" not in find_region("nara_uda").contributing_codes
    assert "30" in find_region("wakayama_ito").contributing_codes


@pytest.mark.parametrize("region_id", REGION_IDS)
def test_every_municipality_has_polygon_hall_statistics_and_towns(region_id):
    region = find_region(region_id)
    codes = set(region.municipalities.index)
    assert codes == set(region.halls.index) == set(region.statistics.index) == set(region.towns["muni_code"])
    assert codes == {c for c in region.bodies["code"] if len(c) == 5}


def test_towns_without_a_place_are_counted():
    assert sum(find_region(r).towns_without_place for r in REGION_IDS) == 10
    assert sum(len(find_region(r).towns) for r in REGION_IDS) == 5065


def test_an_unknown_region_names_the_nearest():
    with pytest.raises(RegionError) as caught:
        find_region("nara_udo")
    assert str(caught.value.values["near"]).startswith("nara_uda")


@pytest.mark.parametrize("name", ["6", "nara_uda", "宇陀", "Uda"])
def test_a_region_is_found_by_number_id_and_name(name):
    assert find_region(name).region_id == "nara_uda"


def test_every_decision_names_confidence_and_source():
    decisions = load_decisions()
    assert decisions["confidence"].str.fullmatch("[A-E](/[A-E])?").all()
    assert decisions["source"].str.startswith("http").all()


def test_every_assumption_has_unit_source_grade_and_ascending_values():
    table = load_assumptions().table
    assert (table["low"] <= table["central"]).all() and (table["central"] <= table["high"]).all()
    assert table["confidence"].str.fullmatch("[A-E](/[A-E])?").all()
    assert (table["unit"].str.len() > 0).all() and (table["source"].str.len() > 0).all()


def test_every_task_names_coefficients_that_exist():
    keys = set(load_assumptions().table.index) | {"", "road_upkeep", "road_snow_removal"}
    tasks = load_tasks()
    for column in ("hours_key", "cost_key", "times_key", "every_years_key"):
        assert set(tasks[column]) <= keys, column


def test_tasks_share_trips_only_with_tasks_that_exist():
    tasks = load_tasks()
    names = set(tasks["sector"].str.cat(tasks["task"], sep=":")) | {""}
    assert set(tasks["shares_trip_with"]) <= names


def test_the_background_of_japan_is_light_and_whole():
    japan = load_japan()
    assert len(japan) == 48
    assert (data_folder() / "japan.geojson").stat().st_size < 300_000


def test_every_file_of_facts_is_named_in_its_readme():
    text = (data_folder() / "README.md").read_text(encoding="utf-8")
    assert [
        f.name for f in data_folder().iterdir() if f.name != "README.md" and f"`{f.name}`" not in text
    ] == []


def test_levels_are_low_central_high():
    assert LEVELS == ("low", "central", "high")


def test_every_section_that_an_assumption_rests_on_is_listed_with_its_pages():
    table, sections = load_assumptions().table, set(load_sources()["section"])
    text = " ".join(table["source"].str.cat(table["note"], sep=" "))
    named = {
        section for part in re.findall(r"出所 ([\d., ]+)", text) for section in re.findall(r"[\d.]+", part)
    }
    assert named <= sections
