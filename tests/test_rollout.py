"""A staged roll-out: who joins when, each step keeps the rules, it starts today and ends with the plan."""

import dataclasses
import functools
import itertools
import math

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, box

from gunmane import schema
from gunmane.clusters import evaluate_labels
from gunmane.evidence import today_state
from gunmane.explain import note_sentence
from gunmane.grounds import prepare_ground
from gunmane.i18n import LANGUAGES
from gunmane.municipalities import find_region
from gunmane.plans import make_plan, plan_tasks
from gunmane.rollout import staged_rollout
from gunmane.rollout.course import Course
from gunmane.rollout.order import joining_order, step_ends
from gunmane.rollout.tables import broken_table, stages_table
from gunmane.scenario import Ground, Scenario

TOWNS = ("29212", "29385", "29386", "29453")
QUICK = ("nara_uda", "hiroshima_geihoku", "wakayama_ito", "shiga_kusatsu")
CASES = [(region, layer) for region in QUICK for layer in schema.PACKAGES]


def drawn_ground(towns, roads, parks, links):
    """
    Units a, b, c … of these towns, joined by links (i, j, minutes).

    `roads` and `parks` are km of road and ha of park in each unit; 0 is none. A town's hall is its first unit.
    """
    region = find_region("nara_uda")
    names = [chr(ord("a") + i) for i in range(len(towns))]
    graph = nx.Graph()
    graph.add_nodes_from(range(len(towns)))
    graph.add_weighted_edges_from(links)
    minutes = np.full((len(towns), len(towns)), np.inf, dtype="float32")
    for i, ends in nx.all_pairs_dijkstra_path_length(graph):
        minutes[i, list(ends)] = list(ends.values())
    units = gpd.GeoDataFrame(
        {"muni_code": towns, "name": names, "node": range(len(towns)), "component": 0, "is_piece": False},
        geometry=[box(i, 0, i + 1, 1) for i in range(len(towns))],
        index=pd.Index(names, name="unit_id"),
        crs=region.epsg,
    )
    table = pd.DataFrame(
        [(names[min(a, b)], names[max(a, b)], float(m)) for a, b, m in links],
        columns=["source_id", "target_id", "travel_min"],
    )
    crosses = table["source_id"].map(units["muni_code"]) != table["target_id"].map(units["muni_code"])
    assets = drawn_assets(units, roads, parks)
    return Ground(
        region=region,
        assets=assets,
        rejects=pd.DataFrame({name: [] for name in schema.names("rejects")}),
        roads=assets[["geometry"]].assign(road_class="municipal_1"),
        network_facts={},
        units=units,
        links=table.assign(crosses_border=crosses, is_assumed=False),
        shares=assets[["asset_id"]].assign(unit_id=assets["asset_id"].str[1:], share=1.0, snap_m=0.0),
        travel_min=minutes,
        hall_units={code: names[towns.index(code)] for code in dict.fromkeys(towns)},
        provenance={"is_synthetic": True},
    )


def drawn_assets(units, roads, parks):
    km = [
        ("road", f"r{unit}", size, i) for i, (unit, size) in enumerate(zip(units.index, roads, strict=True))
    ]
    ha = [
        ("park", f"p{unit}", size, i) for i, (unit, size) in enumerate(zip(units.index, parks, strict=True))
    ]
    rows = [row for row in km + ha if row[2] > 0]
    sector = [row[0] for row in rows]
    codes = [units["muni_code"].iloc[row[3]] for row in rows]
    return gpd.GeoDataFrame(
        {
            "asset_id": [row[1] for row in rows],
            "sector": sector,
            "subtype": "",
            "name": "",
            "muni_code": codes,
            "owner_code": codes,
            "account_class": "general",
            "built_year": pd.array([pd.NA] * len(rows), dtype="Int16"),
            "condition": pd.array([pd.NA] * len(rows), dtype="Int8"),
            "condition_raw": "",
            "length_m": [1000.0 * row[2] if row[0] == "road" else np.nan for row in rows],
            "width_m": 4.0,
            "area_m2": [10_000.0 * row[2] if row[0] == "park" else np.nan for row in rows],
            "annual_cost_jpy": np.nan,
            "source": "drawn",
            "is_synthetic": True,
        },
        geometry=[LineString([(row[3], 0.5), (row[3] + 1, 0.5)]) for row in rows],
        crs=units.crs,
    )


def drawn_plan(ground, **choices):
    settings_ = {"layer": "daily", "sectors": ("road", "park"), "keeps_municipality_whole": False, **choices}
    return make_plan(Scenario("nara_uda", **settings_), ground, has_alternatives=False)


def valley():
    """Three towns in a row, two units each, five minutes apart: a-b | c-d | e-f; only the outer two have parks."""
    towns = [TOWNS[i // 2] for i in range(6)]
    return drawn_ground(towns, [100] * 6, [10, 10, 0, 0, 10, 10], [(i, i + 1, 5.0) for i in range(5)])


@st.composite
def grounds(draw):
    """Up to four towns of up to three units, joined as a tree with an extra link; some work is missing."""
    sizes = draw(st.lists(st.integers(1, 3), min_size=1, max_size=4))
    towns = [TOWNS[i] for i, size in enumerate(sizes) for _ in range(size)]
    count = len(towns)
    links = {(draw(st.integers(max(0, i - 3), i - 1)), i) for i in range(1, count)}
    minutes = [float(draw(st.integers(1, 30))) for _ in links]
    kms = draw(st.lists(st.sampled_from([0, 50, 200]), min_size=count, max_size=count))
    has = draw(st.lists(st.sampled_from([0, 20]), min_size=count, max_size=count))
    kms[0] = 50
    return drawn_ground(towns, kms, has, [(*ends, m) for ends, m in zip(sorted(links), minutes, strict=True)])


@functools.cache
def region_plan(region_id, layer):
    ground = prepare_ground(region_id)
    return make_plan(Scenario.default(find_region(region_id), layer=layer), ground, has_alternatives=False)


@functools.cache
def region_rollout(region_id, layer):
    return staged_rollout(region_plan(region_id, layer))


def held_after(rollout, step):
    """Unit and bundle of everything that is in after a step."""
    return rollout.units[rollout.units["step"] <= step]


# What every roll-out promises -----------------------------------------------------------------------------


def check_promises(plan, rollout):
    check_joins(plan, rollout)
    check_ends(plan, rollout)
    check_connected(plan, rollout)


def check_joins(plan, rollout):
    bundle_of = plan.assignment.set_index(["strand", "unit_id"])["bundle_id"]
    tasks = {task.name: task for task in plan_tasks(plan)}
    expected = set()
    for name, task in tasks.items():
        field = task.work["sector"].map(schema.FIELD_OF_SECTOR)
        bundle = [bundle_of[name, unit] for unit in task.work["unit_id"]]
        expected |= set(zip(itertools.repeat(name), task.work["owner_code"], field, bundle))
    joins = rollout.joins
    told = list(zip(*(joins[c] for c in ("strand", "owner_code", "field", "bundle_id")), strict=True))
    assert sorted(told) == sorted(expected)
    assert sorted(joins["step"].unique()) == list(range(1, len(rollout.stages)))
    for column in ("annual_jpy_low", "annual_jpy", "annual_jpy_high", "pieces"):
        assert rollout.steps[column].sum() == pytest.approx(plan.work[column].sum())


def check_ends(plan, rollout):
    first, last = rollout.stages.iloc[0], rollout.stages.iloc[-1]
    today = today_state(plan.scenario, plan.ground).totals
    assert first["order_count"] == today["order_count"]
    assert first["travel_hours"] == pytest.approx(today["travel_hours"], nan_ok=True, rel=1e-6)
    assert last["order_count"] == plan.totals["order_count"] and last["today_count"] == 0
    assert last["travel_hours"] == pytest.approx(plan.totals["travel_hours"], rel=1e-6)
    held = held_after(rollout, len(rollout.stages) - 1)
    pd.testing.assert_frame_equal(held[["strand", "unit_id", "bundle_id"]], plan.assignment)


def check_connected(plan, rollout):
    graph = nx.Graph(zip(plan.ground.links["source_id"], plan.ground.links["target_id"], strict=True))
    graph.add_nodes_from(plan.ground.units.index)
    named = rollout.broken[rollout.broken["rule"] == "connected"]
    for step in rollout.stages["step"][1:]:
        own = set(named.loc[named["step"] == step, "bundle_id"])
        for bundle_id, rows in held_after(rollout, step).groupby("bundle_id"):
            assert nx.is_connected(graph.subgraph(rows["unit_id"])) or bundle_id in own


@settings(max_examples=8)
@given(grounds(), st.sampled_from([None, 1, 2]), st.booleans())
def test_drawn_lands_join_once_from_today_to_the_plan(ground, count, joins_fields):
    plan = drawn_plan(ground, bundle_count=count, joins_fields=joins_fields)
    check_promises(plan, staged_rollout(plan))


@pytest.mark.parametrize(("region_id", "layer"), CASES)
def test_real_regions_join_once_from_today_to_the_plan(region_id, layer):
    check_promises(region_plan(region_id, layer), region_rollout(region_id, layer))


@pytest.mark.slow
@pytest.mark.parametrize("region_id", ["osaka_senshu", "hyogo_tajima", "hokkaido_makubetsu"])
def test_the_large_regions_join_once_from_today_to_the_plan(region_id):
    check_promises(region_plan(region_id, "daily"), region_rollout(region_id, "daily"))


@pytest.mark.parametrize(("region_id", "layer"), CASES)
def test_each_step_is_what_the_rules_say_of_it(region_id, layer):
    plan, rollout = region_plan(region_id, layer), region_rollout(region_id, layer)
    (task,) = plan_tasks(plan)
    rules = dataclasses.replace(
        task.rules,
        bundle_count=None,
        floor=0.0,
        keeps_municipality_whole=bool(task.rules.keeps_municipality_whole),
    )
    for step in rollout.stages["step"][1:]:
        labels = held_after(rollout, step).set_index("unit_id")["bundle_id"]
        rows = task.place.units.index.get_indexer(labels.index)
        links = task.place.links
        links = links[links["source_id"].isin(labels.index) & links["target_id"].isin(labels.index)]
        minutes = task.place.travel_min[np.ix_(rows, rows)]
        load = task.load.loc[labels.index]
        found = evaluate_labels(labels, task.place.units.iloc[rows], links, load, minutes, rules)
        assert set(found.broken["rule"]) <= set(rollout.broken.loc[rollout.broken["step"] == step, "rule"])


# One behaviour each ---------------------------------------------------------------------------------------


def test_a_town_in_the_middle_joins_before_the_one_behind_it():
    plan = drawn_plan(valley(), bundle_count=1, sectors=("road",))
    rollout = staged_rollout(plan)
    step_of = rollout.joins.set_index("owner_code")["step"]
    assert step_of[TOWNS[1]] < max(step_of[TOWNS[0]], step_of[TOWNS[2]])
    assert rollout.broken.empty


def road_valley(base, **choices):
    """The valley in one bundle, roads alone, and its base put into a unit by hand."""
    plan = drawn_plan(valley(), bundle_count=1, sectors=("road",), **choices)
    return dataclasses.replace(plan, bundles=plan.bundles.assign(base_unit_id=base))


def test_a_base_that_has_not_joined_yet_is_stood_in_for():
    plan = road_valley("f")
    steps = staged_rollout(plan).steps
    assert steps["joining_codes"].tolist()[-1] == [TOWNS[2]] and len(steps) == 3
    for step, base in zip(steps["step"], steps["base_unit_id"], strict=True):
        joined = {code for codes in steps.loc[steps["step"] <= step, "joining_codes"] for code in codes}
        assert plan.ground.units.at[base, "muni_code"] in joined
    assert steps["base_unit_id"].iloc[-1] == "f"


def test_no_base_stands_in_where_few_are_allowed():
    steps = staged_rollout(road_valley("c", base_count=1)).steps
    free = staged_rollout(road_valley("c")).steps
    assert set(steps["base_unit_id"]) == {"c"} != set(free["base_unit_id"])


def test_a_base_outside_its_bundle_serves_from_the_first_step():
    ground = drawn_ground(
        [TOWNS[0]] * 3 + [TOWNS[1]] * 2, [100] * 5, [0] * 5, [(i, i + 1, 5.0) for i in range(4)]
    )
    plan = drawn_plan(ground, bundle_count=3, base_policy="town_hall", sectors=("road",))
    bundle_of = plan.assignment.set_index("unit_id")["bundle_id"]
    (alone,) = [name for name, base in plan.bundles["base_unit_id"].items() if bundle_of[base] != name]
    steps = staged_rollout(plan).steps.set_index("bundle_id")
    assert steps.at[alone, "base_unit_id"] == plan.bundles.at[alone, "base_unit_id"]


def test_a_town_without_work_comes_with_the_land_that_it_joins():
    ground = drawn_ground(
        [TOWNS[0], TOWNS[1], TOWNS[2]], [100, 0, 100], [0, 0, 0], [(0, 1, 5.0), (1, 2, 5.0)]
    )
    rollout = staged_rollout(drawn_plan(ground, bundle_count=1, sectors=("road",)))
    assert TOWNS[1] not in set(rollout.joins["owner_code"]) and rollout.broken.empty
    assert rollout.units.set_index("unit_id")["step"]["b"] == 1


def test_a_bundle_that_grows_past_the_floor_says_from_which_step():
    ground = drawn_ground(list(TOWNS[:3]), [100, 100, 100], [0] * 3, [(0, 1, 5.0), (1, 2, 5.0)])
    plan = drawn_plan(ground, bundle_count=1, sectors=("road",))
    floor = 0.99 * staged_rollout(plan).stages["annual_jpy"].iloc[2]
    narrow = plan.scenario.replace(floor_jpy=floor, ceiling_jpy=2e8, is_window_hard=True)
    steps = staged_rollout(make_plan(narrow, ground, has_alternatives=False)).steps
    assert [bool(rules) for rules in steps["not_yet"]] == [True, False, False]
    assert list(steps["floor_met_step"]) == [2, 2, 2]


def test_what_breaks_at_every_order_is_named_with_its_step():
    ground = drawn_ground(list(TOWNS[:3]), [100, 100, 100], [0] * 3, [(0, 1, 20.0), (1, 2, 20.0)])
    plan = drawn_plan(ground, bundle_count=1, sectors=("road",), travel_limit_min=25.0, fixed_bases=("b",))
    one_by_one = plan.scenario.replace(
        assumption_overrides=(("rollout_step_work_ratio", (0.1, 0.1, 0.1)),), cannot_link=(("a", "c"),)
    )
    rollout = staged_rollout(dataclasses.replace(plan, scenario=one_by_one))
    assert set(rollout.broken["rule"]) == {"cannot_link"} and set(rollout.broken["step"]) == {3}
    assert any(note.key == "rollout_breaks" for note in rollout.facts)


def row_of_towns():
    """a-b-c, each a town, most work in b, a park in c."""
    return drawn_ground(list(TOWNS[:3]), [100, 200, 50], [0, 0, 20], [(0, 1, 5.0), (1, 2, 9.0)]), ()


def two_bundles():
    """a-b of one town with the work far from its hall: hours would let it join first, orders the towns c and d."""
    towns = [TOWNS[0], TOWNS[0], TOWNS[1], TOWNS[2]]
    ground = drawn_ground(towns, [10, 200, 100, 100], [0] * 4, [(0, 1, 60.0), (0, 2, 5.0), (2, 3, 5.0)])
    return ground, (("a", "b"), ("c", "d"))


def far_from_the_hall():
    """a alone, and b-c of one town with the work far from its hall: what is driven today decides."""
    ground = drawn_ground(
        [TOWNS[0], TOWNS[1], TOWNS[1]], [100, 10, 200], [0] * 3, [(0, 1, 5.0), (1, 2, 60.0)]
    )
    return ground, (("a",), ("b", "c"))


def summed_over_its_steps(course, order):
    """Rules broken, orders and hours after each part of an order, summed: by the tables of the roll-out."""
    steps = [frozenset({number}) for number in order]
    after = [frozenset(order[:end]) for end in range(1, len(order) + 1)]
    stages = stages_table(course, steps, broken_table(course, after)).iloc[1:]
    return tuple(stages[["new_broken_count", "order_count", "travel_hours"]].sum().round(3))


@pytest.mark.parametrize("land", [row_of_towns, two_bundles, far_from_the_hall])
def test_no_other_order_brings_its_benefit_earlier(land):
    ground, locked = land()
    course = Course(drawn_plan(ground, bundle_count=max(1, len(locked)), locked_bundles=locked))
    best, _ = joining_order(course, lambda part: True)
    orders = list(itertools.permutations(range(len(course.parts))))
    found = {order: summed_over_its_steps(course, order) for order in orders}
    assert found[best.order] == min(found.values()) < found[orders[0]]


def test_a_bundle_that_has_begun_is_completed_before_another_begins():
    towns = [TOWNS[0], TOWNS[0], TOWNS[1], TOWNS[2], TOWNS[2]]
    links = [(0, 2, 5.0), (0, 1, 5.0), (1, 3, 5.0), (3, 4, 60.0)]
    ground = drawn_ground(towns, [50, 50, 50, 10, 200], [0] * 5, links)
    plan = drawn_plan(ground, bundle_count=2, locked_bundles=(("a", "c"), ("b", "d", "e")), sectors=("road",))
    course = Course(plan)
    best, _ = joining_order(course, lambda part: True)
    bundles = [course.parts[number].bundle_id for number in best.order]
    assert [name for name, _ in itertools.groupby(bundles)] == ["D2", "D1"]
    assert best.now[0] == 0


def test_the_base_of_the_plan_serves_as_soon_as_it_is_in():
    plan = drawn_plan(valley(), bundle_count=1, sectors=("road",))
    moved = plan.bundles.assign(base_unit_id="d")
    steps = staged_rollout(dataclasses.replace(plan, bundles=moved)).steps
    assert plan.bundles["base_unit_id"].iloc[0] != "d" and steps["base_unit_id"].iloc[-1] == "d"


def test_a_base_shared_by_several_bundles_serves_from_the_first_step():
    ground = valley()
    plan = drawn_plan(ground, bundle_count=3, base_count=1, sectors=("road",))
    rollout = staged_rollout(plan)
    assert plan.bundles["base_unit_id"].nunique() == 1 and plan.broken.empty
    assert set(rollout.steps["base_unit_id"]) == set(plan.bundles["base_unit_id"])
    assert rollout.broken.empty
    check_promises(plan, rollout)


def test_shuffled_rows_give_the_same_order():
    ground = valley()
    mixed = dataclasses.replace(
        ground,
        assets=ground.assets.sample(frac=1, random_state=1).reset_index(drop=True),
        shares=ground.shares.sample(frac=1, random_state=2).reset_index(drop=True),
        links=ground.links.sample(frac=1, random_state=3).reset_index(drop=True),
    )
    one, other = (staged_rollout(drawn_plan(g, bundle_count=2)) for g in (ground, mixed))
    pd.testing.assert_frame_equal(one.joins, other.joins)
    pd.testing.assert_frame_equal(one.stages, other.stages)


def test_a_small_first_step_is_asked_for_by_the_assumption():
    plan = region_plan("shiga_kusatsu", "daily")
    few = plan.scenario.replace(assumption_overrides=(("rollout_step_work_ratio", (0.5, 0.5, 0.5)),))
    many, less = (staged_rollout(dataclasses.replace(plan, scenario=s)) for s in (plan.scenario, few))
    assert len(less.stages) < len(many.stages)
    assert many.stages["work_share"].iloc[1] <= 0.25 + 1e-9


def test_stopping_gives_an_order_all_the_same_and_says_so():
    plan = region_plan("nara_uda", "daily")
    rollout = staged_rollout(plan, progress=lambda fraction, key: fraction < 0.3)
    assert rollout.is_cancelled and rollout.facts[-1].key == "rollout_cancelled"
    check_joins(plan, rollout)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(("region_id", "layer"), CASES)
def test_everything_told_has_its_sentence(region_id, layer, lang):
    told = [note_sentence(note, lang) for note in region_rollout(region_id, layer).facts]
    assert told and not any("{" in text or "rollout" in text for text in told)


def test_the_hours_of_a_prefecture_without_an_office_are_not_guessed():
    stages = region_rollout("wakayama_ito", "daily").stages
    assert math.isnan(stages["travel_hours"].iloc[0]) and not math.isnan(stages["travel_hours"].iloc[-1])


# Where one step ends ----------------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(1, 9), st.floats(0.05, 1)), min_size=1, max_size=7))
def test_steps_end_where_least_breaks_and_no_other_cut_is_better(rows):
    total = sum(row[2] for row in rows)
    tallies = [(0, 9, 0.0), *((breaks, orders, 1.0) for breaks, orders, _ in rows)]
    shares = [row[2] / total for row in rows]

    def cost(ends):
        parts = [sum(shares[a:b]) for a, b in zip([0, *ends], ends, strict=False)]
        above = sum(round(max(part - 0.4, 0.0), 9) for part in parts)
        return (
            sum(tallies[e][0] for e in ends),
            round(above, 6),
            len(ends),
            sum(tallies[e][1] for e in ends),
        )

    count = len(rows)
    every = [
        [*inner, count] for size in range(count) for inner in itertools.combinations(range(1, count), size)
    ]
    assert cost(step_ends(tallies, shares, 0.4)) == min(map(cost, map(list, every)))
