"""Every region, both packages: what a plan promises holds on the real regions with their sample assets."""

from __future__ import annotations

import functools
import os
import subprocess
import sys

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest

from gunmane import schema
from gunmane.evidence import compare, today_state
from gunmane.grounds import prepare_ground
from gunmane.municipalities import find_region, load_regions
from gunmane.plans import make_plan, scenario_work
from gunmane.scenario import Ground, Plan, Scenario

REGION_IDS = list(load_regions()["region_id"])
QUICK = ("nara_uda", "hiroshima_geihoku", "shiga_kusatsu")
CASES = [
    pytest.param(region, layer, marks=[] if region in QUICK else [pytest.mark.slow])
    for region in REGION_IDS
    for layer in schema.PACKAGES
]
every_case = pytest.mark.parametrize(("region_id", "layer"), CASES)


@functools.cache
def ground_of(region_id: str) -> Ground:
    return prepare_ground(region_id)


@functools.cache
def plan_of(region_id: str, layer: str) -> Plan:
    return make_plan(scenario_of(region_id, layer), ground_of(region_id))


def scenario_of(region_id: str, layer: str, **choices: object) -> Scenario:
    return Scenario.default(find_region(region_id), layer=layer, **choices)


@every_case
def test_every_unit_is_in_exactly_one_bundle(region_id, layer):
    plan = plan_of(region_id, layer)
    assert sorted(plan.assignment["unit_id"]) == sorted(plan.ground.units.index)
    assert plan.assignment["bundle_id"].isin(plan.bundles.index).all()


@every_case
def test_shares_of_every_planned_asset_sum_to_one(region_id, layer):
    plan = plan_of(region_id, layer)
    sums = plan.members.groupby("asset_id")["share"].sum()
    planned = plan.ground.assets[
        plan.ground.assets["owner_code"].isin(plan.ground.region.contributing_codes)
        & plan.ground.assets["sector"].isin(set(plan.work["sector"]))
    ]
    np.testing.assert_allclose(sums.to_numpy(), 1.0, atol=1e-9)
    assert set(sums.index) == set(planned["asset_id"])


@every_case
def test_bundles_are_connected_or_named_as_broken(region_id, layer):
    plan = plan_of(region_id, layer)
    graph = nx.Graph(zip(plan.ground.links["source_id"], plan.ground.links["target_id"], strict=True))
    graph.add_nodes_from(plan.ground.units.index)
    named = set(plan.broken.loc[plan.broken["rule"] == "connected", "bundle_id"])
    for bundle_id, rows in plan.assignment.groupby("bundle_id"):
        assert nx.is_connected(graph.subgraph(rows["unit_id"])) or bundle_id in named


@every_case
def test_the_travel_limit_is_kept_or_named_as_broken(region_id, layer):
    plan = plan_of(region_id, layer)
    limit = {"daily": 45, "structures": 120}[layer]
    far = plan.bundles.index[plan.bundles["farthest_min"] > limit + 1e-3]
    assert set(far) <= set(plan.broken.loc[plan.broken["rule"] == "travel_limit", "bundle_id"])


@every_case
def test_structures_keep_a_municipality_whole(region_id, layer):
    if layer != "structures":
        pytest.skip("daily work may divide a municipality above the ceiling")
    plan = plan_of(region_id, layer)
    units = plan.ground.units.join(plan.assignment.set_index("unit_id")["bundle_id"])
    assert (units.groupby(["muni_code", "component"])["bundle_id"].nunique() == 1).all()


@every_case
def test_sums_over_bundles_and_towns_are_the_whole(region_id, layer):
    plan = plan_of(region_id, layer)
    for column in ("annual_jpy", "annual_jpy_low", "annual_jpy_high", "onsite_hours"):
        assert plan.bundles[column].sum() == pytest.approx(plan.work[column].sum())
    assert plan.totals["structure_count"] == pytest.approx(plan.work["pieces"].sum(), abs=1e-3)


@every_case
def test_no_row_is_lost_on_the_way_in(region_id, layer):
    ground = ground_of(region_id)
    placed = set(ground.shares["asset_id"])
    own = ground.assets[ground.assets["owner_code"].isin(ground.region.contributing_codes)]
    assert placed == set(own["asset_id"])
    assert ground.rejects.empty


@every_case
def test_shuffled_rows_give_the_same_plan(region_id, layer):
    ground = ground_of(region_id)
    mixed = Ground(
        **{
            **vars(ground),
            "assets": ground.assets.sample(frac=1, random_state=3).reset_index(drop=True),
            "shares": ground.shares.sample(frac=1, random_state=4).reset_index(drop=True),
            "links": ground.links.sample(frac=1, random_state=5).reset_index(drop=True),
        }
    )
    again = make_plan(scenario_of(region_id, layer), mixed)
    pd.testing.assert_frame_equal(again.assignment, plan_of(region_id, layer).assignment)


@every_case
def test_a_plan_that_may_cross_is_never_worse_than_one_that_may_not(region_id, layer):
    free = plan_of(region_id, layer)
    apart = make_plan(scenario_of(region_id, layer, may_cross_border=False), ground_of(region_id))
    assert len(free.broken) <= len(apart.broken)


@every_case
def test_today_has_one_area_a_body_and_field(region_id, layer):
    scenario = scenario_of(region_id, layer)
    work = scenario_work(scenario, ground_of(region_id))
    pairs = {(o, schema.FIELD_OF_SECTOR[s]) for o, s in zip(work["owner_code"], work["sector"], strict=True)}
    assert today_state(scenario, ground_of(region_id)).totals["order_count"] == len(pairs)


@pytest.mark.parametrize("region_id", QUICK)
def test_the_comparison_sums_the_same_work_in_every_state(region_id):
    scenario = Scenario.default(find_region(region_id))
    table = compare(scenario, ground_of(region_id)).table
    assert table["annual_jpy"].round(0).nunique() == 1


def test_other_hash_seeds_and_processes_give_the_same_plan():
    code = (
        "import gunmane, hashlib; p = gunmane.plan('nara_uda', layer='daily');"
        "print(hashlib.sha256(p.assignment.to_csv().encode()).hexdigest())"
    )
    made = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed, "OMP_NUM_THREADS": threads},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed, threads in (("1", "1"), ("2", "2"))
    }
    assert len(made) == 1


def test_cutting_units_in_two_leaves_the_sums_of_a_plan_unchanged():
    plan = plan_of("nara_uda", "daily")
    ground = plan.ground
    twin = ground.units.copy()
    twin.index = pd.Index([f"{unit}~2" for unit in twin.index], name="unit_id")
    half = ground.shares.assign(share=ground.shares["share"] / 2)
    cut = Ground(
        **{
            **vars(ground),
            "units": gpd.GeoDataFrame(pd.concat([ground.units, twin])).sort_index(),
            "shares": pd.concat([half, half.assign(unit_id=half["unit_id"] + "~2")], ignore_index=True),
            "links": ground.links,
        }
    )
    work = scenario_work(plan.scenario, cut)
    for column in ("annual_jpy", "onsite_hours"):
        assert work[column].sum() == pytest.approx(plan.work[column].sum())
