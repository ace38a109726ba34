"""Bundles hold what their units hold, and say whose it is and where it lies."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import LineString, Point, box

from gunmane.bundles import Strand, assign_bundles, bundle_members, describe_bundles, judge_bundles
from gunmane.municipalities import find_region
from gunmane.window import Window

UDA, SONI = "29212", "29385"


@pytest.fixture
def units():
    """u1 | u2 || u3: two units in Uda, one in Soni, side by side."""
    return gpd.GeoDataFrame(
        {"muni_code": [UDA, UDA, SONI], "name": ["一", "二", "三"]},
        index=pd.Index(["u1", "u2", "u3"], name="unit_id"),
        geometry=[box(i, 0, i + 1, 1) for i in range(3)],
        crs=6674,
    )


@pytest.fixture
def assets():
    rows = [("r1", "road", UDA, 2000.0, np.nan, 2), ("b1", "bridge", SONI, 20.0, np.nan, 3)]
    table = pd.DataFrame(
        rows, columns=["asset_id", "sector", "owner_code", "length_m", "area_m2", "condition"]
    )
    return gpd.GeoDataFrame(table, geometry=[LineString([(0, 0), (2, 0)]), Point(2.5, 0)], crs=6674)


@pytest.fixture
def shares():
    return pd.DataFrame(
        {"asset_id": ["r1", "r1", "b1"], "unit_id": ["u1", "u2", "u3"], "share": [0.5, 0.5, 1.0]}
    )


@pytest.fixture
def strand():
    work = pd.DataFrame(
        {
            "unit_id": ["u1", "u2", "u3"],
            "owner_code": [UDA, UDA, SONI],
            "sector": ["road", "road", "bridge"],
            "annual_jpy": [10.0, 20.0, 30.0],
            "annual_jpy_low": [5.0, 10.0, 15.0],
            "annual_jpy_high": [20.0, 40.0, 60.0],
            "pieces": [0.0, 0.0, 1.0],
            "onsite_hours": [9.0, 9.0, 9.0],
            "grade_e_jpy": [0.0, 0.0, 30.0],
        }
    )
    load = pd.DataFrame({"crew_days": 2.0, "measure": 1.0, "is_needed": True}, index=["u1", "u2", "u3"])
    return Strand("", work, load, pd.Series({"u1": 0, "u2": 1, "u3": 1}), {0: "u1", 1: "u2"})


@pytest.fixture
def travel():
    ids = ["u1", "u2", "u3"]
    return pd.DataFrame([[0, 10, 30], [20, 0, 15], [30, 15, 0]], index=ids, columns=ids, dtype="float64")


@pytest.fixture
def described(strand, units, assets, shares, travel):
    placed = assign_bundles([strand], "D")
    members = bundle_members(placed, shares, pd.Series("", index=["r1", "b1"]), "daily")
    return describe_bundles([strand], placed, members, units=units, assets=assets, travel=travel)


def test_travel_counts_the_way_out_and_the_way_back(described):
    assert described.at["D2", "travel_hours"] == pytest.approx(2.0 * (15 + 15) / 60)
    assert described.at["D2", "farthest_min"] == 15


def test_a_bundle_of_two_bodies_is_wide_area(described):
    assert not described.at["D1", "is_wide_area"]
    assert described.at["D2", "is_wide_area"] and described.at["D2", "owner_codes"] == [UDA, SONI]


def test_bridges_and_roads_are_one_field(described):
    assert described.at["D2", "fields"] == ["road"] and not described.at["D2", "is_multi_sector"]


def test_sums_over_bundles_are_the_whole(described, strand):
    for column in ("annual_jpy", "annual_jpy_low", "annual_jpy_high", "onsite_hours"):
        assert described[column].sum() == strand.work[column].sum()
    assert described["length_m"].sum() == pytest.approx(2020)


def test_an_unknown_base_makes_travel_unknown_not_zero(strand, units, assets, shares, travel):
    unknown = Strand("", strand.work, strand.load, strand.labels, {1: "u2"})
    placed = assign_bundles([unknown], "T")
    members = bundle_members(placed, shares, pd.Series("", index=["r1", "b1"]), "daily")
    table = describe_bundles([unknown], placed, members, units=units, assets=assets, travel=travel)
    assert np.isnan(table.at["T1", "travel_hours"]) and np.isnan(table.at["T1", "farthest_min"])


def test_the_regions_lead_body_leads_where_it_takes_part(described, strand):
    broken = pd.DataFrame({"rule": ["travel_limit"], "bundle_id": ["D2"]})
    work = strand.work.assign(bundle_id=["D1", "D2", "D2"])
    window = Window("jpy", (1, 1, 1), (2, 2, 2), (100, 100, 100))
    judged = judge_bundles(described, broken, window=window, region=find_region("nara_uda"), work=work)
    assert judged.at["D2", "lead_code"] == UDA
    assert judged.at["D2", "rules_broken"] == ["travel_limit"] and judged.at["D1", "rules_broken"] == []


def test_bundles_keep_counting_over_strands(strand):
    other = Strand("park", strand.work, strand.load, strand.labels, {})
    placed = assign_bundles([strand, other], "D")
    assert sorted(placed["bundle_id"].unique()) == ["D1", "D2", "D3", "D4"]
    assert placed.groupby(["strand", "unit_id"]).size().eq(1).all()
