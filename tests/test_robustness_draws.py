"""What a draw changes: rows within their ranges, work and minutes as if they had been made with the drawn rows."""

from __future__ import annotations

import dataclasses

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse.csgraph import dijkstra
from shapely.geometry import LineString

from gunmane.assumptions import LEVELS, Assumptions, load_assumptions
from gunmane.graph import arc_matrix
from gunmane.grounds import prepare_ground
from gunmane.network import build_network
from gunmane.plans import scenario_assumptions, scenario_work
from gunmane.robustness.amounts import drawn_work, take_amounts
from gunmane.robustness.draws import CLASS_SPEEDS, TOGETHER, Draw, linked_rows, take_ranges, triangular
from gunmane.robustness.roads import drawn_minutes, join_roads, scaled_minutes, take_roads
from gunmane.robustness.ways import find_ways, minutes_between
from gunmane.scenario import Scenario
from gunmane.schema import ROAD_CLASSES
from gunmane.workload import load_tasks, road_prices, unit_work

DAILY = Scenario("nara_uda", layer="daily", sectors=("road", "park", "sewer", "river"), has_snow_removal=True)
STRUCTURES = Scenario("nara_uda", layer="structures", sectors=("bridge", "tunnel"))
SEEDS = st.integers(0, 2**31)
NUMBERS = ["onsite_hours", "annual_jpy", "pieces"]


@pytest.fixture(scope="module")
def ground():
    return prepare_ground("nara_uda")


def ranges_of(scenario, assets=None):
    assumptions = scenario_assumptions(scenario)
    prices = road_prices(prepare_ground("nara_uda").region, assumptions)
    rows = pd.DataFrame({"owner_code": ["29212"] * 50, "sector": "road"}) if assets is None else assets
    return take_ranges(scenario, assumptions, prices, rows)


RANGES = ranges_of(DAILY)


def plain_draw(amounts, assumptions):
    """A draw that changes coefficients only."""
    ones = np.ones(len(amounts.assets), dtype=np.int64)
    return Draw(assumptions, amounts.upkeep, amounts.snow_removal, ones)


def work_with(scenario, ground, assumptions):
    return unit_work(
        ground.assets,
        ground.shares,
        load_tasks(),
        scenario=scenario,
        region=ground.region,
        assumptions=assumptions,
    )


@given(st.floats(0, 1), st.lists(st.floats(-1e6, 1e6), min_size=3, max_size=3))
def test_a_triangular_value_lies_in_its_range(level, ends):
    low, central, high = sorted(ends)
    assert low - 1e-6 <= triangular(level, low, central, high) <= high + 1e-6


def test_triangular_values_have_the_mean_of_the_three():
    drawn = triangular((np.arange(10_000) + 0.5) / 10_000, 1.0, 2.0, 6.0)
    assert drawn.mean() == pytest.approx(3.0, abs=0.01)
    assert (drawn < 2.0).mean() == pytest.approx(0.2, abs=0.01)


@settings(max_examples=25)
@given(SEEDS)
def test_every_row_is_drawn_within_its_range(seed):
    table = RANGES.drawn(seed, 0).assumptions.table
    assert (table["low"] - 1e-9 <= table["central"]).all() and (
        table["central"] <= table["high"] + 1e-9
    ).all()
    assert table.index.equals(load_assumptions().table.index)


@settings(max_examples=25)
@given(SEEDS)
def test_windows_and_classes_of_road_keep_their_order(seed):
    central = RANGES.drawn(seed, 1).assumptions.table["central"]
    for rows in (*TOGETHER[:3], CLASS_SPEEDS):
        assert central[list(rows)].is_monotonic_increasing
    assert central["speed_kmh_unknown_class"] == central["speed_kmh_municipal_road"]


def test_hours_and_yen_of_one_task_are_drawn_together():
    keys = tuple(load_assumptions().table.sort_index().index)
    first = dict(zip(keys, linked_rows(keys), strict=True))
    assert first["park_upkeep_onsite_hours_per_ha_year"] == first["park_upkeep_jpy_per_m2_year"]
    assert first["park_upkeep_jpy_per_m2_year"] != first["patrol_visits_per_year"]


def test_a_users_own_value_without_a_range_stays():
    own = DAILY.replace(assumption_overrides=(("patrol_visits_per_year", (24, 24, 24)),))
    drawn = [ranges_of(own).drawn(0, number).assumptions for number in range(3)]
    assert {row.value("patrol_visits_per_year") for row in drawn} == {24}
    assert len({row.value("onsite_hours_per_crew_day") for row in drawn}) == 3


@pytest.mark.parametrize(
    ("choices", "key", "limit"),
    [
        ({"floor_jpy": 2e8}, "bundle_annual_jpy_ceiling", 2e8),
        ({"ceiling_jpy": 3e7}, "bundle_annual_jpy_floor", 3e7),
    ],
)
def test_drawn_ends_of_the_window_never_cross_the_users(choices, key, limit):
    ranges = ranges_of(DAILY.replace(**choices))
    drawn = np.array([ranges.drawn(0, number).assumptions.value(key) for number in range(20)])
    assert ((drawn >= limit) if "floor_jpy" in choices else (drawn <= limit)).all()
    assert len(set(drawn)) > 1


def test_one_more_ledger_row_leaves_the_rows_of_the_assumptions_as_they_were():
    more = ranges_of(DAILY, pd.DataFrame({"owner_code": ["29212"] * 51, "sector": "road"}))
    one, other = RANGES.drawn(3, 2), more.drawn(3, 2)
    assert one.assumptions.table.equals(other.assumptions.table) and one.upkeep.equals(other.upkeep)
    assert len(other.copies) == 51


def test_one_more_assumption_leaves_the_others_as_they_were():
    table = RANGES.assumptions.table
    more = pd.concat([table.iloc[[0]].rename(index={table.index[0]: "a_row_that_comes_first"}), table])
    drawn = dataclasses.replace(RANGES, assumptions=Assumptions(more)).drawn(3, 2).assumptions.table
    alone = RANGES.drawn(3, 2).assumptions.table
    assert drawn.loc[alone.index, "central"].equals(alone["central"])


def test_bodies_are_drawn_apart_from_each_other():
    draws = pd.DataFrame([RANGES.drawn(0, number).upkeep for number in range(30)])
    table = RANGES.prices.upkeep.loc[draws.columns]
    assert ((draws >= table["low"]) & (draws <= table["high"])).all(axis=None)
    ratio = draws / table["central"].astype(float)
    assert ratio.corr().abs().to_numpy()[np.triu_indices(len(table), 1)].max() < 0.9


def test_rows_and_bodies_are_drawn_apart_from_each_other():
    draws = [RANGES.drawn(0, number) for number in range(30)]
    first = RANGES.prices.upkeep.sort_index().index[0]
    bodies = pd.Series([draw.upkeep[first] for draw in draws])
    rows = pd.DataFrame([draw.assumptions.table["central"] for draw in draws], index=bodies.index)
    assert rows.loc[:, rows.nunique() > 1].corrwith(bodies).abs().max() < 0.9


def test_a_drawn_part_of_a_ledger_is_missing_or_too_much():
    many = pd.DataFrame({"owner_code": ["29212"] * 20_000, "sector": "road"})
    rows = {"ledger_missing_ratio": (0.2, 0.2, 0.2), "ledger_extra_ratio": (0.1, 0.1, 0.1)}
    copies = (
        ranges_of(DAILY.replace(assumption_overrides=tuple(sorted(rows.items()))), many).drawn(0, 0).copies
    )
    assert set(copies) == {0, 1, 2}
    assert (copies == 0).mean() == pytest.approx(0.1, abs=0.01)
    assert (copies == 2).mean() == pytest.approx(0.9 * 0.25, abs=0.01)


@pytest.mark.parametrize("scenario", [DAILY, STRUCTURES])
def test_a_draw_that_changes_nothing_gives_the_plans_own_work(scenario, ground):
    amounts = take_amounts(scenario, ground, load_assumptions())
    same = drawn_work(amounts, plain_draw(amounts, load_assumptions()))
    work = scenario_work(scenario, ground)
    assert same[["unit_id", "owner_code", "task"]].equals(work[["unit_id", "owner_code", "task"]])
    for name in ("onsite_hours", "annual_jpy", "annual_jpy_high", "pieces", "grade_e_jpy"):
        assert same[name].to_numpy() == pytest.approx(work[name].to_numpy())


@pytest.mark.parametrize("scenario", [DAILY, STRUCTURES])
def test_drawn_coefficients_give_the_work_that_counting_anew_gives(scenario, ground):
    amounts = take_amounts(scenario, ground, load_assumptions())
    drawn = take_ranges(scenario, load_assumptions(), road_prices(ground.region, load_assumptions()),
                        amounts.assets).drawn(5, 7).assumptions  # fmt: skip
    fixed = drawn.table.copy()
    # What a km of road costs is drawn by body, not by row.
    rows = ["road_upkeep_plain_jpy_per_km_year", "snow_removal_jpy_per_km_year", "own_spending_range_ratio"]
    fixed.loc[rows, list(LEVELS)] = load_assumptions().table.loc[rows, list(LEVELS)]
    anew = work_with(scenario, ground, dataclasses.replace(drawn, table=fixed))
    work = drawn_work(amounts, plain_draw(amounts, drawn))
    for name in NUMBERS:
        assert work[name].to_numpy() == pytest.approx(anew[name].to_numpy())


def test_work_done_more_rarely_is_less_work_a_year(ground):
    own = (("bridge_inspection_interval_years", (4, 5, 10)),)
    structures = STRUCTURES.replace(assumption_overrides=own)
    amounts = take_amounts(structures, ground, scenario_assumptions(structures))
    rare = scenario_assumptions(structures).replaced({"bridge_inspection_interval_years": (4, 10, 10)})
    work = drawn_work(amounts, plain_draw(amounts, rare))
    assert work["onsite_hours"].sum() == pytest.approx(
        scenario_work(structures, ground)["onsite_hours"].sum() / 2
    )


def test_a_coefficient_of_nothing_can_be_drawn_above_nothing(ground):
    own = DAILY.replace(assumption_overrides=(("park_upkeep_jpy_per_m2_year", (0, 0, 100)),))
    amounts = take_amounts(own, ground, scenario_assumptions(own))
    drawn = scenario_assumptions(own).replaced({"park_upkeep_jpy_per_m2_year": (0, 50, 100)})
    work, anew = drawn_work(amounts, plain_draw(amounts, drawn)), work_with(own, ground, drawn)
    assert work["annual_jpy"].to_numpy() == pytest.approx(anew["annual_jpy"].to_numpy())
    nothing = drawn_work(amounts, plain_draw(amounts, scenario_assumptions(own)))
    assert nothing.loc[nothing["sector"] == "park", "annual_jpy"].sum() == 0


def test_yen_that_the_ledger_knows_do_not_follow_a_coefficient(ground):
    assets = gpd.GeoDataFrame(ground.assets).assign(annual_cost_jpy=1000.0)
    known = dataclasses.replace(ground, assets=assets)
    amounts = take_amounts(DAILY, known, load_assumptions())
    dear = load_assumptions().replaced({"park_upkeep_jpy_per_m2_year": (400, 400, 400)})
    draw = dataclasses.replace(plain_draw(amounts, dear), upkeep=amounts.upkeep * 2)
    work, before = drawn_work(amounts, draw), scenario_work(DAILY, known)
    assert work["annual_jpy"].to_numpy() == pytest.approx(before["annual_jpy"].to_numpy())


def test_a_dearer_body_pays_more_for_its_own_roads_only(ground):
    amounts = take_amounts(DAILY, ground, load_assumptions())
    upkeep = amounts.upkeep.copy()
    upkeep["29212"] *= 3
    work = drawn_work(amounts, dataclasses.replace(plain_draw(amounts, load_assumptions()), upkeep=upkeep))
    before = scenario_work(DAILY, ground)
    own = (
        (before["owner_code"] == "29212") & (before["sector"] == "road") & (before["task"] == "upkeep")
    ).to_numpy()
    ratio = work["annual_jpy"][own].to_numpy() / before["annual_jpy"][own].to_numpy()
    assert ratio == pytest.approx(3.0)
    assert work["annual_jpy"][~own].to_numpy() == pytest.approx(before["annual_jpy"][~own].to_numpy())


def test_an_asset_that_is_not_there_takes_its_work_along(ground):
    amounts = take_amounts(STRUCTURES, ground, load_assumptions())
    draw = plain_draw(amounts, load_assumptions())
    draw.copies[:100] = 0
    gone = ground.assets["asset_id"].isin(amounts.assets.index[:100])
    without = scenario_work(STRUCTURES, dataclasses.replace(ground, assets=ground.assets[~gone]))
    work = drawn_work(amounts, draw)
    assert work[NUMBERS].sum().to_numpy() == pytest.approx(without[NUMBERS].sum().to_numpy())
    assert len(work) >= len(without)


def test_the_rows_order_of_the_assets_does_not_change_a_draw(ground):
    mixed = dataclasses.replace(
        ground,
        assets=ground.assets.sample(frac=1, random_state=1),
        shares=ground.shares.sample(frac=1, random_state=2),
    )
    one, other = (take_amounts(DAILY, place, load_assumptions()) for place in (ground, mixed))
    prices = road_prices(ground.region, load_assumptions())
    works = [
        drawn_work(own, take_ranges(DAILY, load_assumptions(), prices, own.assets).drawn(0, 0))
        for own in (one, other)
    ]
    assert works[0]["annual_jpy"].to_numpy() == pytest.approx(works[1]["annual_jpy"].to_numpy())


def test_minutes_at_the_usual_speeds_are_those_of_the_ground(ground):
    roads = take_roads(ground)
    assert roads is not None
    assert drawn_minutes(roads, load_assumptions()) == pytest.approx(ground.travel_min, rel=1e-4, abs=1e-3)


def roads_of(*lines, ends, assumed=()):
    """Roads of (class, points) with a unit at each end, and assumed links of (unit, unit, minutes)."""
    shapes = [LineString(points) for _, points in lines]
    table = gpd.GeoDataFrame({"road_class": [name for name, _ in lines]}, geometry=shapes, crs=6674)
    network = build_network(table, assumptions=load_assumptions())
    node = [int(np.argmin(np.hypot(network.x - x, network.y - y))) for x, y in ends]
    units = pd.DataFrame({"node": node}, index=[f"u{i}" for i in range(len(ends))])
    links = pd.DataFrame(list(assumed), columns=["source_id", "target_id", "travel_min"]).assign(
        is_assumed=True
    )
    return join_roads(network, np.zeros(len(network.source), bool), units, links)


def test_ways_are_looked_for_again_when_one_class_of_road_is_slower():
    short = ("national", [(0, 0), (7000, 0)])
    way_round = ("municipal_1", [(0, 0), (0, 1000), (7000, 1000), (7000, 0)])
    roads = roads_of(short, way_round, ends=[(0, 0), (7000, 0)])
    slow = load_assumptions().replaced({"speed_kmh_national_road": (10, 10, 50)})
    assert drawn_minutes(roads, load_assumptions())[0, 1] == pytest.approx(12)
    assert drawn_minutes(roads, slow)[0, 1] == pytest.approx(27)


def test_an_assumed_link_takes_the_speed_of_unknown_roads_and_the_detour():
    lines = ("national", [(0, 0), (5000, 0)]), ("national", [(9000, 0), (12000, 0)])
    roads = roads_of(*lines, ends=[(5000, 0), (9000, 0)], assumed=[("u0", "u1", 10.0)])
    rows = {"speed_kmh_unknown_class": (10, 10, 30), "straight_line_detour_ratio": (1.2, 1.75, 1.8)}
    drawn = drawn_minutes(roads, load_assumptions().replaced(rows))
    assert drawn[0, 1] == pytest.approx(10 * (20 / 10) * (1.75 / 1.4))


def test_roads_that_do_not_give_the_minutes_again_change_all_minutes_alike(ground):
    assert take_roads(dataclasses.replace(ground, travel_min=ground.travel_min + 7)) is None
    slow = load_assumptions().replaced({"speed_kmh_municipal_road": (10, 10, 30)})
    assert scaled_minutes(ground.travel_min, slow) == pytest.approx(ground.travel_min * 2)


NODES = 14
ARCS = st.lists(
    st.tuples(st.integers(0, NODES - 1), st.integers(0, NODES - 1), st.integers(1, 9), st.integers(1, 9)),
    max_size=40,
)


@given(arcs=ARCS, asked=st.sets(st.integers(0, NODES - 1), min_size=1), is_oneway=st.booleans())
def test_a_network_taken_apart_once_gives_the_minutes_of_every_speed(arcs, asked, is_oneway):
    start, end, *speeds = np.array(arcs, dtype=int).reshape(-1, 4).T
    nodes = sorted(asked)
    both = np.concatenate([start, end]), np.concatenate([end, start])
    ways = find_ways(*both, nodes, NODES)
    for minutes in speeds:
        against = np.full(len(minutes), np.inf) if is_oneway else minutes
        graph = arc_matrix(start, end, minutes, NODES)
        expected = dijkstra(graph, directed=is_oneway, indices=nodes)[:, nodes]
        assert (minutes_between(ways, np.concatenate([minutes, against])) == expected).all()


def one_way(roads, road_class):
    chosen = roads.network.road_class == ROAD_CLASSES.index(road_class)
    return dataclasses.replace(roads, network=dataclasses.replace(roads.network, is_oneway=chosen))


def test_one_way_roads_are_driven_the_right_way():
    way_round = ("municipal_1", [(0, 0), (0, 1000), (7000, 1000), (7000, 0)])
    roads = roads_of(("national", [(0, 0), (7000, 0)]), way_round, ends=[(0, 0), (7000, 0)])
    drawn = drawn_minutes(one_way(roads, "national"), load_assumptions())
    assert drawn.tolist() == pytest.approx(np.array([[0, 12], [27, 0]]))


def test_one_way_roads_cut_nobody_off():
    roads = roads_of(("national", [(0, 0), (7000, 0)]), ends=[(0, 0), (7000, 0)])
    drawn = drawn_minutes(one_way(roads, "national"), load_assumptions())
    assert drawn.tolist() == pytest.approx(np.array([[0, 12], [12, 0]]))
