"""The price of a border is what judging the whole plan twice would say."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from streets import SONI, UDA, street_ground
from worlds import rich_world, world

from gunmane.clusters import Rules, SideWindow, Soft, evaluate_labels, move_prices
from gunmane.grounds import prepare_ground
from gunmane.plans import make_plan, plan_tasks
from gunmane.prices import best_moves, border_prices
from gunmane.scenario import Scenario
from gunmane.solver.bases import first_of
from gunmane.solver.prices import PriceList
from gunmane.solver.problem import make_problem
from gunmane.solver.score import judge

seeds = st.integers(0, 2**32 - 1)
strengths = st.sampled_from([0.0, 0.5, 2.0])
rule_choices = st.builds(
    Rules,
    bundle_count=st.none() | st.integers(1, 4),
    floor=st.sampled_from([0.0, 6.0]),
    target=st.just(8.0),
    ceiling=st.sampled_from([9.0, 50.0]),
    is_window_hard=st.booleans(),
    travel_limit_min=st.sampled_from([15.0, float("inf")]),
    may_cross_border=st.booleans(),
    keeps_municipality_whole=st.sampled_from([True, False, None]),
    split_above=st.just(8.0),
    must_link=st.sampled_from([(), (("u00", "u03"),)]),
    cannot_link=st.sampled_from([(), (("u01", "u02"),)]),
    fixed_bases=st.sampled_from([(), ("u00", "u04")]),
    base_units=st.sampled_from([None, ("u01", "u02")]),
    windows=st.sampled_from([(), (SideWindow("pieces", 3.0, 9.0, True), SideWindow("pieces", 6.0, 7.0))]),
    site_limit_min=st.sampled_from([20.0, float("inf")]),
    site_limit_m=st.sampled_from([15_000.0, float("inf")]),
    locked_units=st.sampled_from([(), (("u00", "n"), ("u02", "n"), ("u05", "s"))]),
    locked_bundles=st.sampled_from([(), (("u01", "u03"),)]),
    base_count=st.sampled_from([None, 2]),
    most_municipalities=st.sampled_from([None, 1]),
    open_borders=st.sampled_from([None, (("M", "N"),)]),
    soft=st.builds(Soft, strengths, strengths, strengths, strengths, strengths),
)


def by_two_judges(problem, labels, unit, bundle, moved):
    """What changes between the plan and the plan with the units moved, each judged as a whole."""
    count = int(labels.max()) + 1
    after = labels.copy()
    after[moved] = bundle
    one, other = judge(problem, labels, count), judge(problem, after, count)
    return (
        other.hours.sum() - one.hours.sum(),
        other.objective_hours - one.objective_hours,
        other.key[0] - one.key[0],
        sum(b.excess for b in other.breaks) - sum(b.excess for b in one.breaks),
        other.window_excess - one.window_excess,
        len(other.bases) - len(one.bases),
    )


@pytest.mark.parametrize("has_table", [True, False])
@settings(max_examples=60, deadline=None)
@given(seed=seeds, rules=rule_choices, drawn=st.lists(st.integers(0, 3), min_size=9, max_size=9))
def test_a_price_is_the_difference_of_two_full_judgements(has_table, seed, rules, drawn):
    units, links, load, minutes = rich_world(9, np.random.default_rng(seed))
    given_references = [(pd.Series(range(9), index=units.index) // 3, 0.7)]
    problem = make_problem(units, links, load, minutes if has_table else None, rules, given_references)
    prices = PriceList(problem, np.array(drawn))
    for unit, bundle in prices.moves():
        price = prices.price(unit, bundle)
        found = (price.travel_hours, price.objective, price.breaks, price.excess, price.window, price.count)
        expected = by_two_judges(problem, prices.labels, unit, bundle, prices.chunk(unit))
        assert found == pytest.approx(expected, abs=1e-5)


@pytest.fixture
def comb():
    """a-b-c-d in a row with e hanging on c; x beyond c and d; five minutes each."""
    links = [("a", "b", 5), ("b", "c", 5), ("c", "e", 5), ("c", "d", 5), ("d", "x", 5), ("c", "x", 5)]
    return world(links, dict.fromkeys("abcdex", "M"))


def test_the_last_digit_of_an_excess_does_not_choose_the_base():
    excess = np.array([5e-7 + 1e-12, 5e-7])
    assert first_of(np.array([3, 5]), np.array([1.0, 2.0]), excess, np.array([1, 1])) == 3


@pytest.mark.parametrize(("base", "moved"), [("a", 3), ("c", 3), ("e", 4)])
def test_a_unit_takes_along_what_it_would_cut_off(comb, base, moved):
    labels = pd.Series([0, 0, 0, 0, 0, 1], index=list("abcdex"))
    table = move_prices(labels, *comb, Rules(fixed_bases=(base,)))
    assert table["unit_id"].tolist() == ["c", "d", "x"]
    assert table["moved_units"].tolist() == [moved, 1, 1]


def test_the_price_of_a_move_says_where_and_what(comb):
    labels = pd.Series(["west"] * 5 + ["east"], index=list("abcdex"))
    row = move_prices(labels, *comb, Rules(), unit_ids=["d"]).iloc[0]
    assert row[["unit_id", "label", "to_label", "moved_units", "measure_moved"]].tolist() == [
        "d", "west", "east", 1, 1.0,
    ]  # fmt: skip
    after = evaluate_labels(labels.where(labels.index != "d", "east"), *comb, Rules()).travel_hours
    before = evaluate_labels(labels, *comb, Rules()).travel_hours
    assert row["travel_hours_change"] == pytest.approx(after - before)


def test_the_only_unit_of_a_bundle_can_be_given_away(comb):
    labels = pd.Series([0, 0, 0, 0, 0, 1], index=list("abcdex"))
    row = move_prices(labels, *comb, Rules(bundle_count=2), unit_ids=["x"]).iloc[0]
    assert (row["count_change"], row["breaks_change"]) == (-1, 1)


def test_a_plan_of_one_bundle_has_no_borders(comb):
    assert move_prices(pd.Series(0, index=list("abcdex")), *comb, Rules()).empty


def test_a_closed_border_has_its_price(comb):
    units, links, load, minutes = comb
    units = units.assign(muni_code=["M"] * 5 + ["N"])
    labels = pd.Series([0, 0, 0, 0, 0, 1], index=list("abcdex"))
    rules = dataclasses.replace(Rules(), may_cross_border=False)
    row = move_prices(labels, units, links, load, minutes, rules, unit_ids=["d"]).iloc[0]
    # The bundle then crosses the border, and no link that it may use joins its two units.
    assert row["breaks_change"] == 2


@pytest.fixture(scope="module")
def street_plan():
    """Six units in a street, ten minutes apart but c-d five: abc of one town, def of another."""
    links = {"ab": 10, "bc": 10, "cd": 5, "de": 10, "ef": 10}
    ground = street_ground([UDA] * 3 + [SONI] * 3, links)
    choices = Scenario("nara_uda", "daily", ("road",), bundle_count=2, keeps_municipality_whole=False)
    return make_plan(choices, ground)


def test_the_prices_of_a_plan_name_its_bundles(street_plan):
    prices = border_prices(street_plan)
    assert prices[["unit_id", "bundle_id", "to_bundle_id"]].values.tolist() == [
        ["c", "D1", "D2"],
        ["d", "D2", "D1"],
    ]
    assert prices["measure_moved"].tolist() == [
        pytest.approx(street_plan.work.query("unit_id == @unit")["annual_jpy"].sum()) for unit in "cd"
    ]


def test_the_best_moves_keep_rules_before_they_save_hours(street_plan):
    prices = pd.concat([border_prices(street_plan)] * 2, ignore_index=True).assign(unit_id=list("wxyz"))
    prices = prices.assign(breaks_change=[1, 0, 0, 0], excess_change=0.0, window_change=0.0)
    prices["objective_change"] = [-9.0, 2.0, 1.0, -5.0]
    prices["count_change"] = [0, 0, 0, -1]
    assert best_moves(prices, 2)["unit_id"].tolist() == ["y", "x"]


def test_a_plan_of_one_bundle_has_no_prices(street_plan):
    single = make_plan(street_plan.scenario.replace(bundle_count=1), street_plan.ground)
    prices = border_prices(single)
    assert prices.empty and list(prices.columns) == list(border_prices(street_plan).columns)


def test_a_price_list_that_is_ended_has_the_moves_looked_at_until_then(street_plan):
    left = iter([True, False])
    prices = border_prices(street_plan, progress=lambda part, key: next(left))
    pd.testing.assert_frame_equal(prices, border_prices(street_plan).iloc[:1])


def test_prices_hold_on_a_real_region():
    ground = prepare_ground("nara_uda")
    plan = make_plan(Scenario.default(ground.region, layer="daily"), ground, has_alternatives=False)
    prices = border_prices(plan)
    task = plan_tasks(plan)[0]
    labels = plan.assignment.set_index("unit_id")["bundle_id"]
    moved = labels.copy()
    # Only a unit that takes nothing along can be moved by hand here.
    row = prices[prices["moved_units"] == 1].iloc[-1]
    moved[row["unit_id"]] = row["to_bundle_id"]
    change = task.judged(moved).travel_hours - task.judged(labels).travel_hours
    assert row["travel_hours_change"] == pytest.approx(change, abs=1e-6)
