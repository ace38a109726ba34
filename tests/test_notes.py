"""A plan says what its reader must know: prices, snow, missing data, half a ledger."""

from __future__ import annotations

import functools

import geopandas as gpd
import pandas as pd
import pytest

from gunmane.assumptions import load_assumptions
from gunmane.explain import note_sentence
from gunmane.grounds import prepare_ground
from gunmane.i18n import LANGUAGES
from gunmane.municipalities import find_region
from gunmane.plans import make_plan, scenario_work
from gunmane.sample import load_sample
from gunmane.scenario import Scenario
from gunmane.workload import own_upkeep_jpy_per_km, road_prices


@functools.cache
def plan_of(region_id, **choices):
    return make_plan(Scenario.default(find_region(region_id), **choices), prepare_ground(region_id))


def keys(plan):
    return [note.key for note in plan.notes]


@pytest.mark.parametrize(
    ("region_id", "code"), [("hiroshima_geihoku", "34368"), ("hiroshima_geihoku", "34369")]
)
def test_snow_is_counted_once_where_the_settlement_holds_it(region_id, code):
    region = find_region(region_id)
    prices = road_prices(region, load_assumptions())
    both = prices.upkeep.at[code, "central"] + prices.snow_removal.at[code, "central"]
    assert both == pytest.approx(own_upkeep_jpy_per_km(region)[code])


def test_a_plan_with_snow_removal_says_how_much_of_it_is_snow():
    plan = plan_of("hiroshima_geihoku")
    note = next(n for n in plan.notes if n.key == "snow_included")
    snow = plan.work.loc[plan.work["task"] == "snow_removal", "annual_jpy"].sum()
    assert float(dict(note.values)["central_ja"]) == pytest.approx(snow / 1e8, rel=0.06)


def test_a_plan_without_snow_removal_says_nothing_of_its_cost():
    assert "snow_included" not in keys(plan_of("nara_uda", layer="daily"))


def test_a_sector_without_data_is_named():
    assert "sector_without_assets" in keys(plan_of("nara_uda", layer="daily"))


def test_a_ledger_with_part_of_the_bridges_is_set_beside_the_official_number(tmp_path):
    bridges = load_sample(find_region("nara_uda")).assets.query(
        "sector == 'bridge' and owner_code == '29212'"
    )
    own = gpd.GeoDataFrame(bridges.head(3).assign(is_synthetic=False))
    own.to_file(tmp_path / "own.gpkg")
    ground = prepare_ground("nara_uda", assets=[tmp_path / "own.gpkg"])
    note = next(n for n in ground.notes if n.key == "bridges_beside_official")
    assert dict(note.values)["taken"] == 3 and dict(note.values)["official"] == 525


def test_a_sample_that_was_written_reads_back_without_a_fault(tmp_path):
    bridges = load_sample(find_region("nara_uda")).assets.query("sector == 'bridge'")
    gpd.GeoDataFrame(bridges).to_parquet(tmp_path / "bridges.parquet")
    ground = prepare_ground("nara_uda", assets=[tmp_path / "bridges.parquet"])
    work = scenario_work(Scenario.default(ground.region), ground)
    pd.testing.assert_series_equal(
        work.groupby("owner_code")["pieces"].sum(),
        plan_of("nara_uda").work.groupby("owner_code")["pieces"].sum(),
    )


@pytest.mark.parametrize(
    ("choices", "key"),
    [
        ({"layer": "daily", "floor_jpy": 9e10, "ceiling_jpy": 1e11}, "floor_above_total_jpy"),
        ({"layer": "structures", "joins_owners": False}, "floor_above_total_structures"),
    ],
)
def test_a_floor_above_all_work_is_told(choices, key):
    plan = plan_of("nara_uda", **choices)
    note = next(n for n in plan.notes if n.key == key)
    assert all("{" not in note_sentence(note, lang) for lang in LANGUAGES)
    assert dict(note.values)["count"] <= dict(note.values)["all"]


def test_a_floor_within_reach_is_not_told():
    assert not {"floor_above_total_jpy", "floor_above_total_structures"} & {*keys(plan_of("nara_uda"))}
