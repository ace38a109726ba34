"""Alternatives keep the rules, cost little more and differ; the front holds what nothing beats in every respect."""

import dataclasses
import functools
import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import random_world, valley_world, world

from gunmane.alternatives import near_optimal, neighbouring_counts, trade_offs
from gunmane.alternatives.difference import difference_ratio, matched_labels, most_different
from gunmane.alternatives.figures import crossed_borders, divided_towns, named_after, unevenness_ratio
from gunmane.alternatives.front import AIMS, dominated, front_facts
from gunmane.alternatives.near import near_groupings
from gunmane.alternatives.pool import Margin
from gunmane.assumptions import load_assumptions
from gunmane.clusters import Rules
from gunmane.grounds import prepare_ground
from gunmane.plans import make_plan
from gunmane.scenario import Scenario
from gunmane.strands import Place, Task

MARGIN, LEAST = 0.05, 0.05


def task_of(drawn, **rules):
    """A drawn world as one strand, its first plan, and the labels of that."""
    units, links, load, minutes = drawn
    task = Task("", pd.DataFrame(), Place(units, links, minutes), load, Rules(**rules))
    found = task.grouped()
    return task, found.labels


def near(task, labels, *, count=5, margin_ratio=MARGIN, **choices):
    return near_groupings(task, labels, count=count, margin_ratio=margin_ratio, least=LEAST, **choices)


def bundles(labels):
    return {"".join(sorted(rows.index)) for _, rows in labels.groupby(labels)}


@pytest.fixture
def row_of_three():
    """a-b-c, five minutes between neighbours: two bundles are ab and c, or its mirror a and bc."""
    return world([("a", "b", 5), ("b", "c", 5)], dict.fromkeys("abc", "M"))


@pytest.fixture
def two_villages():
    """a-b-c ---60 min--- d-e-f: whoever divides this otherwise than in the middle drives far."""
    links = [("a", "b", 5), ("b", "c", 5), ("c", "d", 60), ("d", "e", 5), ("e", "f", 5)]
    return world(links, dict.fromkeys("abcdef", "M"))


@functools.cache
def valley():
    return task_of(valley_world(120, 4, seed=5), bundle_count=6, target=20.0, move_budget=2_000)


@functools.cache
def valley_alternatives():
    return near(*valley())


@functools.cache
def plan_of(region_id, **choices):
    ground = prepare_ground(region_id)
    choices = {"move_budget": 20_000, **choices}
    return make_plan(Scenario.default(ground.region, **choices), ground, has_alternatives=False)


@functools.cache
def alternatives_of(region_id):
    return near_optimal(plan_of(region_id, layer="daily"), count=3)


@functools.cache
def as_many_as_there_are():
    return near_optimal(plan_of("nara_uda", layer="daily"), count=20)


@functools.cache
def front_of(region_id, layer):
    return trade_offs(plan_of(region_id, layer=layer))


# -- how far two plans differ ---------------------------------------------------------------------------------

LABELS = st.lists(st.integers(0, 3), min_size=6, max_size=6).map(np.array)
WEIGHT = np.array([1.0, 2.0, 3.0, 0.0, 4.0, 5.0])


def test_difference_is_the_share_of_work_that_moves():
    mine, theirs = np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1])
    assert difference_ratio(mine, theirs, np.array([1.0, 3.0, 2.0, 4.0])) == pytest.approx(0.3)


def test_names_of_bundles_make_no_difference():
    assert difference_ratio(np.array([0, 0, 1, 2]), np.array([2, 2, 0, 1]), np.ones(4)) == 0.0


def test_land_without_work_makes_no_difference():
    assert difference_ratio(np.array([0, 0, 1]), np.array([0, 1, 1]), np.array([1.0, 0.0, 1.0])) == 0.0
    assert difference_ratio(np.array([0, 1]), np.array([0, 0]), np.zeros(2)) == 0.0


@given(a=LABELS, b=LABELS, c=LABELS)
def test_difference_is_a_distance(a, b, c):
    def away(x, y):
        return difference_ratio(x, y, WEIGHT)

    assert away(a, a) == 0
    assert 0 <= away(a, b) < 1
    assert away(a, b) == pytest.approx(away(b, a))
    assert away(a, c) <= away(a, b) + away(b, c) + 1e-9


def test_bundles_bear_the_names_of_those_they_share_most_work_with():
    model = pd.Series([0, 0, 1, 1, 2], index=list("abcde"))
    labels = pd.Series([2, 2, 0, 1, 1], index=list("abcde"))
    weight = pd.Series([1.0, 1.0, 5.0, 1.0, 3.0], index=list("abcde"))
    assert matched_labels(labels, model, weight).tolist() == [0, 0, 1, 2, 2]


def test_other_numbers_of_bundles_cannot_be_named():
    labels = pd.Series([0, 1], index=list("ab"))
    with pytest.raises(ValueError, match="model 1"):
        matched_labels(labels, labels * 0, labels * 0.0 + 1)


def test_bases_and_broken_rules_are_named_along():
    task, _ = task_of(world([("a", "b", 50), ("b", "c", 5)], dict.fromkeys("abc", "M")), bundle_count=1)
    task = dataclasses.replace(task, rules=dataclasses.replace(task.rules, travel_limit_min=10.0))
    found = task.judged(pd.Series([0, 0, 1], index=list("abc")))
    turned = named_after(found, pd.Series([1, 1, 0], index=list("abc")), task.load["measure"])
    assert turned.bases == {1: found.bases[0], 0: "c"}
    far = turned.broken.query("rule == 'travel_limit'").iloc[0]
    assert turned.labels[far["unit_id"]] == far["label"] == 1


def test_most_different_plans_are_chosen_and_close_ones_left_out():
    places = np.array([0.0, 0.01, 0.3, 0.31, 0.9])
    table = np.abs(places[:, None] - places[None, :])
    assert set(most_different(table, 2, least=0.05)) == {3, 4}
    assert len(most_different(table, 4, least=0.05)) == 2


@given(places=st.lists(st.floats(0, 1, allow_nan=False), min_size=1, max_size=8), count=st.integers(1, 5))
def test_chosen_plans_are_apart(places, count):
    table = np.abs(np.subtract.outer(places, places))
    chosen = [0, *most_different(table, count, least=0.1)]
    assert len(chosen) <= count + 1
    apart = table[np.ix_(chosen, chosen)][~np.eye(len(chosen), dtype=bool)]
    assert (apart >= 0.1).all()


# -- alternatives of drawn worlds -----------------------------------------------------------------------------


def test_symmetric_world_has_its_mirror_as_alternative(row_of_three):
    task, labels = task_of(row_of_three, bundle_count=2)
    found = near(task, labels, margin_ratio=0.0)
    assert {frozenset(bundles(one.labels)) for one in found} == {
        frozenset({"ab", "c"}),
        frozenset({"a", "bc"}),
    }
    assert found[0].key == found[1].key


def test_world_with_one_answer_has_no_alternative(two_villages):
    task, labels = task_of(two_villages, bundle_count=2)
    assert [bundles(found.labels) for found in near(task, labels)] == [{"abc", "def"}]


def test_one_bundle_has_no_alternative(two_villages):
    task, labels = task_of(two_villages, bundle_count=1)
    assert len(near(task, labels)) == 1


def test_alternatives_of_a_valley_are_several_and_apart():
    task, found = valley()[0], valley_alternatives()
    weight = task.load["measure"].to_numpy()
    assert len(found) >= 3
    for i, one in enumerate(found):
        for other in found[:i]:
            assert difference_ratio(one.labels.to_numpy(), other.labels.to_numpy(), weight) >= LEAST


def test_alternatives_of_a_valley_lie_inside_the_margin():
    task = valley()[0]
    best, *others = valley_alternatives()
    again = [task.judged(found.labels) for found in others]
    assert all(found.key[:4] <= best.key[:4] for found in again)
    assert all(found.key[4] <= best.key[4] * (1 + MARGIN) + 1e-6 for found in again)
    assert {found.labels.nunique() for found in again} == {6}


@settings(max_examples=6)
@given(seed=st.integers(0, 10_000))
def test_no_alternative_breaks_more_than_the_best(seed):
    drawn = random_world(9, np.random.default_rng(seed))
    rules = {"floor": 3.0, "target": 6.0, "ceiling": 9.0, "travel_limit_min": 25.0, "move_budget": 400}
    task, labels = task_of(drawn, **rules)
    best, *others = near(task, labels, margin_ratio=0.2)
    margin = Margin.around(best, 0.2)
    assert all(margin.holds(task.judged(found.labels)) for found in others)


def test_alternatives_are_the_same_each_time_and_in_any_order_of_rows():
    task, labels = valley()
    place = task.place
    turned = np.arange(len(place.units))[::-1]
    other = Place(place.units.iloc[turned], place.links[::-1], place.travel_min[np.ix_(turned, turned)])
    mixed = dataclasses.replace(task, place=other, load=task.load[::-1])
    first, second = valley_alternatives(), near(mixed, labels[::-1])
    assert len(first) == len(second)
    for one, two in zip(first, second, strict=True):
        pd.testing.assert_series_equal(one.labels.sort_index(), two.labels.sort_index())


def test_search_that_is_ended_keeps_what_it_has():
    task, labels = valley()
    seen = []
    found = near(task, labels, say=lambda part: seen.append(part) or len(seen) < 3)
    assert len(seen) <= 5
    assert 1 <= len(found) <= 3


def test_margin_holds_neither_more_broken_rules_nor_another_number(two_villages):
    task, labels = task_of(two_villages, bundle_count=2, travel_limit_min=12.0)
    margin = Margin.around(task.judged(labels), 100.0)
    far, single = (task.judged(pd.Series(list(text), index=list("abcdef"))) for text in ("000011", "012222"))
    assert not margin.holds(far)
    assert not margin.holds(single)
    assert margin.holds(task.judged(labels))


# -- the front ------------------------------------------------------------------------------------------------


def test_dominated_is_what_another_beats_nowhere_losing():
    values = np.array([[1, 9, 0, 0], [2, 2, 0, 0], [2, 3, 0, 0], [0, 0, 0, 1], [2, 2, 0, 0]], dtype=float)
    assert dominated(values).tolist() == [False, False, True, False, False]


@given(rows=st.lists(st.lists(st.integers(0, 3).map(float), min_size=4, max_size=4), min_size=1, max_size=12))
def test_every_dominated_row_is_beaten_by_one_that_is_not(rows):
    values = np.array(rows)
    is_beaten = dominated(values)
    assert not is_beaten.all()
    for row in values[is_beaten]:
        better = values[~is_beaten]
        assert ((better <= row).all(axis=1) & (better[:, :3] < row[:3]).any(axis=1)).any()


# -- real regions ---------------------------------------------------------------------------------------------


def test_alternatives_of_a_region_are_plans_within_the_margin():
    found = alternatives_of("nara_uda")
    assert len(found.plans) == len(found.table) >= 2
    best = found.table.iloc[0]
    assert (found.table["objective_change_ratio"] <= found.margin_ratio + 1e-9).all()
    assert (found.table["broken_count"] <= best["broken_count"]).all()
    least = load_assumptions().value("alternative_difference_ratio")
    assert found.table["nearest_ratio"].min() >= least
    for row, plan in zip(found.table.itertuples(), found.plans, strict=True):
        assert plan.totals["travel_hours"] == pytest.approx(row.travel_hours)
        assert len(plan.bundles) == len(found.plans[0].bundles)


def test_moved_units_are_those_whose_bundle_has_another_name():
    found = alternatives_of("nara_uda")
    own, other = (plan.assignment.set_index("unit_id")["bundle_id"] for plan in found.plans[:2])
    rows = found.moved[found.moved["alternative"] == 1].set_index("unit_id")
    assert len(rows) == found.table.at[1, "moved_units"] > 0
    pd.testing.assert_series_equal(rows["to_bundle_id"], other[rows.index], check_names=False)
    assert (rows["bundle_id"] == own[rows.index]).all()
    work = found.plans[0].work["annual_jpy"].sum()
    assert rows["measure"].sum() / work == pytest.approx(found.table.at[1, "difference_ratio"], abs=1e-4)


def test_alternative_tells_its_reader_what_it_is():
    plan = alternatives_of("nara_uda").plans[1]
    assert plan.notes[0].key == "alternative_plan"


def test_whole_towns_leave_nothing_to_choose_and_that_is_said():
    found = near_optimal(plan_of("nara_uda", layer="structures"))
    assert len(found.plans) == 1
    assert [note.key for note in found.facts] == ["alternatives_none"]


def test_fields_apart_are_varied_together():
    plan = plan_of("nara_uda", layer="daily", joins_fields=False)
    found = near_optimal(plan, count=2)
    assert set(found.moved["strand"]) <= set(plan.assignment["strand"])
    assert (found.table["objective_change_ratio"] <= found.margin_ratio + 1e-9).all()
    assert found.table["nearest_ratio"].min() > 0


def test_no_alternatives_are_asked_for_in_vain():
    with pytest.raises(ValueError, match="count"):
        near_optimal(plan_of("nara_uda", layer="structures"), count=0)


def test_no_more_alternatives_than_asked_for_and_too_few_are_said():
    plan = plan_of("nara_uda", layer="daily")
    assert len(near_optimal(plan, count=1).plans) == 2
    many = as_many_as_there_are()
    assert len(many.plans) < 21
    assert "alternatives_fewer" in {note.key for note in many.facts}


def test_without_a_margin_nothing_costs_more():
    found = near_optimal(plan_of("nara_uda", layer="daily"), count=2, margin_ratio=0.0)
    assert (found.table["objective_change_ratio"] <= 1e-9).all()
    with pytest.raises(ValueError, match="margin_ratio"):
        near_optimal(found.plans[0], margin_ratio=-0.1)


def test_alternatives_of_a_region_differ_pairwise_from_one_another():
    plans = as_many_as_there_are().plans
    work = plans[0].work.groupby("unit_id")["annual_jpy"].sum()
    least = load_assumptions().value("alternative_difference_ratio")
    for one, other in itertools.combinations(plans, 2):
        mine, theirs = (
            plan.assignment.set_index("unit_id")["bundle_id"].reindex(work.index) for plan in (one, other)
        )
        assert difference_ratio(mine.factorize()[0], theirs.factorize()[0], work.to_numpy()) >= least


def test_the_same_region_has_the_same_alternatives():
    first, again = alternatives_of("nara_uda"), near_optimal(plan_of("nara_uda", layer="daily"), count=3)
    pd.testing.assert_frame_equal(first.table, again.table)
    pd.testing.assert_frame_equal(first.moved, again.moved)


def test_alternatives_that_are_ended_keep_the_plan_and_say_so():
    plan = plan_of("nara_uda", layer="daily")
    found = near_optimal(plan, progress=lambda part, key: False)
    assert found.is_cancelled and found.plans[0] is plan
    assert not alternatives_of("nara_uda").is_cancelled


def test_neighbouring_counts_of_a_plan_tell_the_plan_itself_and_never_none():
    plan = plan_of("nara_uda", layer="daily", bundle_count=1)
    counts = neighbouring_counts(plan).set_index("bundle_count")
    assert counts.index.tolist() == [1, 2]
    assert counts["is_chosen"].tolist() == [True, False]
    assert counts.at[1, "travel_hours"] == pytest.approx(plan.totals["travel_hours"])
    assert counts.at[2, "travel_hours"] < counts.at[1, "travel_hours"]


def test_neighbouring_counts_are_those_that_a_plan_is_made_with():
    plan = plan_of("nara_uda", layer="structures")
    made = make_plan(plan.scenario, plan.ground)
    pd.testing.assert_frame_equal(neighbouring_counts(plan), made.alternatives)
    assert made.alternatives["bundle_count"].tolist() == [2, 3, 4]


def test_front_of_a_region_is_beaten_by_none_of_its_plans():
    found = front_of("hiroshima_geihoku", "daily")
    kept = found.table[~found.table["is_dominated"]]
    assert len(kept) >= 2
    for aim in AIMS:
        assert kept[aim].min() <= found.table.at[0, aim]
    assert found.table["order_count"].nunique() == 1


def test_front_of_a_region_keeps_no_plan_that_another_beats():
    table = front_of("hiroshima_geihoku", "daily").table
    figures = table[[*AIMS, "window_excess"]].astype("float64").round(6)
    for here, row in figures.iterrows():
        beats = (figures <= row).all(axis=1) & (figures[list(AIMS)] < row[list(AIMS)]).any(axis=1)
        assert table.at[here, "is_dominated"] == beats.any()
    assert (table["broken_count"] <= table.at[0, "broken_count"]).all()


def test_the_same_region_has_the_same_front():
    first = front_of("nara_uda", "structures")
    again = trade_offs(plan_of("nara_uda", layer="structures"))
    pd.testing.assert_frame_equal(first.table, again.table)
    for one, other in zip(first.plans, again.plans, strict=True):
        pd.testing.assert_frame_equal(one.assignment, other.assignment)


def test_front_tells_the_figures_of_its_plans():
    found = front_of("hiroshima_geihoku", "daily")
    for row, plan in zip(found.table.itertuples(), found.plans, strict=True):
        assert len(crossed_borders(plan)) == row.borders_crossed
        assert unevenness_ratio(plan) == pytest.approx(row.unevenness_ratio)
        assert len(divided_towns(plan)) == row.towns_divided


@pytest.mark.parametrize(("hours", "told"), [(9.0, "trade_offs_better"), (11.0, "trade_offs_none")])
def test_front_says_whether_a_plan_beats_this_one(hours, told):
    rows = [(10.0, 0.3, 1, 0.0), (hours, 0.3, 1, 0.0)]
    table = pd.DataFrame(rows, columns=[*AIMS, "window_excess"])
    table["is_dominated"] = dominated(table.to_numpy(dtype="float64"))
    facts = front_facts(table, needs_more_bundles=False)
    assert [note.key for note in facts] == [told]


def test_not_crossing_takes_more_bundles_where_there_are_more_towns():
    found = front_of("nara_uda", "structures")
    assert "trade_offs_need_more_bundles" in {note.key for note in found.facts}


def test_front_that_is_ended_keeps_the_plan():
    found = trade_offs(plan_of("nara_uda", layer="structures"), progress=lambda part, key: False)
    assert found.is_cancelled
    assert found.plans[0] is plan_of("nara_uda", layer="structures")
