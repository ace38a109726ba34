"""Work counts every asset once, in hours and in yen with a range."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import Point

from gunmane import schema
from gunmane.assumptions import load_assumptions
from gunmane.municipalities import find_region
from gunmane.scenario import Scenario
from gunmane.workload import (
    load_tasks,
    own_upkeep_jpy_per_km,
    quantity_gaps,
    road_prices,
    strand_load,
    unit_work,
)

UDA, SONI = "29212", "29385"
DAILY = Scenario("nara_uda", layer="daily", sectors=("road", "park", "sewer", "river"))
STRUCTURES = Scenario("nara_uda", layer="structures", sectors=("bridge", "tunnel"))


def assets_of(*rows):
    """Rows of (asset_id, sector, owner_code, length_m, area_m2, condition)."""
    table = pd.DataFrame(
        rows, columns=["asset_id", "sector", "owner_code", "length_m", "area_m2", "condition"]
    )
    table = table.assign(muni_code=table["owner_code"], subtype="", annual_cost_jpy=np.nan, built_year=pd.NA)
    table["condition"] = table["condition"].astype("Int8")
    return gpd.GeoDataFrame(table, geometry=[Point(0, 0)] * len(table), crs=6674)


def shares_of(*rows):
    return pd.DataFrame(rows, columns=["asset_id", "unit_id", "share"])


def work_of(assets, shares, scenario):
    return unit_work(
        assets,
        shares,
        load_tasks(),
        scenario=scenario,
        region=find_region("nara_uda"),
        assumptions=load_assumptions(),
    )


@pytest.fixture
def road():
    """One road of 10 km in Soni, which has no settlement figure of its own."""
    return assets_of(("r1", "road", SONI, 10_000.0, np.nan, None))


def test_a_road_is_patrolled_and_kept_up(road):
    work = work_of(road, shares_of(("r1", "u1", 1.0)), DAILY).set_index("task")
    assert work.at["patrol", "onsite_hours"] == pytest.approx(10 * 0.05 * 52)
    assert work.at["upkeep", "onsite_hours"] == pytest.approx(10 * 10)
    assert work.at["upkeep", "annual_jpy"] == pytest.approx(10 * 223_000)


def test_work_has_a_range_around_its_central_value(road):
    work = work_of(road, shares_of(("r1", "u1", 1.0)), DAILY)
    assert (work["annual_jpy_low"] <= work["annual_jpy"]).all()
    assert (work["annual_jpy"] <= work["annual_jpy_high"]).all()


def test_a_towns_own_settlement_comes_first():
    region = find_region("nara_uda")
    own = own_upkeep_jpy_per_km(region)
    prices = road_prices(region, load_assumptions())
    assert prices.basis[UDA] == "own" and prices.basis[SONI] == "plain"
    assert prices.upkeep.at[UDA, "central"] == pytest.approx(own[UDA])


def test_a_snowy_settlement_is_divided_into_upkeep_and_snow_removal():
    region = find_region("akita_odate")
    prices = road_prices(region, load_assumptions())
    both = prices.upkeep.at["05204", "central"] + prices.snow_removal.at["05204", "central"]
    assert both == pytest.approx(own_upkeep_jpy_per_km(region)["05204"])


def test_snow_removal_is_counted_only_where_chosen(road):
    shares = shares_of(("r1", "u1", 1.0))
    assert "snow_removal" not in set(work_of(road, shares, DAILY)["task"])
    assert "snow_removal" in set(work_of(road, shares, DAILY.replace(has_snow_removal=True))["task"])


def test_an_observers_assets_make_no_work():
    pref = assets_of(("r1", "road", "29", 10_000.0, np.nan, None))
    assert work_of(pref, shares_of(("r1", "u1", 1.0)), DAILY).empty


def test_grade_three_and_four_bridges_add_the_backlog():
    bridges = assets_of(("b1", "bridge", UDA, 10.0, np.nan, 1), ("b2", "bridge", UDA, 10.0, np.nan, 3))
    work = work_of(bridges, shares_of(("b1", "u1", 1.0), ("b2", "u2", 1.0)), STRUCTURES)
    assert set(work.loc[work["task"] == "backlog_work", "unit_id"]) == {"u2"}


def test_every_bridge_is_one_piece_short_or_long():
    bridges = assets_of(
        ("b1", "bridge", UDA, 10.0, np.nan, 1),
        ("b2", "bridge", UDA, 15.0, np.nan, 1),
        ("b3", "bridge", UDA, np.nan, np.nan, None),
    )
    work = work_of(bridges, shares_of(("b1", "u", 1.0), ("b2", "u", 1.0), ("b3", "u", 1.0)), STRUCTURES)
    assert work["pieces"].sum() == 3
    assert work.set_index("task")["pieces"].to_dict()["inspection_long"] == 1


def test_a_park_without_area_adds_nothing_and_is_counted():
    parks = assets_of(("p1", "park", UDA, np.nan, np.nan, None))
    assert work_of(parks, shares_of(("p1", "u1", 1.0)), DAILY)["annual_jpy"].sum() == 0
    assert quantity_gaps(parks, find_region("nara_uda"), DAILY).at["park", "without_quantity"] == 1


def test_a_cost_that_the_ledger_knows_replaces_the_assumption(road):
    known = road.assign(annual_cost_jpy=1_000_000.0)
    work = work_of(known, shares_of(("r1", "u1", 1.0)), DAILY).set_index("task")
    assert work.at["upkeep", "annual_jpy_low"] == work.at["upkeep", "annual_jpy_high"] == 1_000_000


@given(share=st.floats(0, 1))
def test_cutting_a_unit_in_two_leaves_every_sum_unchanged(share):
    rows = assets_of(
        ("r1", "road", SONI, 10_000.0, np.nan, None), ("p1", "park", SONI, np.nan, 20_000.0, None)
    )
    whole = work_of(rows, shares_of(("r1", "u1", 1.0), ("p1", "u1", 1.0)), DAILY)
    cut = work_of(
        rows,
        shares_of(("r1", "u1", share), ("r1", "u2", 1 - share), ("p1", "u1", 1 - share), ("p1", "u2", share)),
        DAILY,
    )
    for column in ("onsite_hours", "annual_jpy", "annual_jpy_low", "annual_jpy_high", "grade_e_jpy"):
        assert cut[column].sum() == pytest.approx(whole[column].sum())
    loads = [strand_load(w, measure="jpy", assumptions=load_assumptions()) for w in (whole, cut)]
    assert loads[0]["crew_days"].sum() == pytest.approx(loads[1]["crew_days"].sum())


def test_a_park_shares_trips_with_road_upkeep_when_both_are_planned_together():
    rows = assets_of(
        ("r1", "road", SONI, 10_000.0, np.nan, None), ("p1", "park", SONI, np.nan, 20_000.0, None)
    )
    work = work_of(rows, shares_of(("r1", "u1", 1.0), ("p1", "u1", 1.0)), DAILY)
    together = strand_load(work, measure="jpy", assumptions=load_assumptions())["crew_days"].sum()
    apart = sum(
        strand_load(part, measure="jpy", assumptions=load_assumptions())["crew_days"].sum()
        for _, part in work.groupby("sector")
    )
    assert together < apart


def test_the_order_of_rows_does_not_change_the_work():
    rows = assets_of(*[(f"r{i}", "road", SONI, 1000.0 * i, np.nan, None) for i in range(1, 6)])
    shares = shares_of(*[(f"r{i}", f"u{i % 2}", 1.0) for i in range(1, 6)])
    a = work_of(rows, shares, DAILY)
    b = work_of(rows.iloc[::-1], shares.sample(frac=1, random_state=1), DAILY)
    pd.testing.assert_frame_equal(a, b)


def test_work_keeps_its_schema(road):
    assert list(work_of(road, shares_of(("r1", "u1", 1.0)), DAILY).columns) == schema.names("work")
