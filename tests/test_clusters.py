"""Bundles of drawn worlds: the rules, the order of plans, and what is said when a rule cannot hold."""

import dataclasses
import math

import pandas as pd
import pytest
from worlds import world

from gunmane import i18n
from gunmane.clusters import Rules, evaluate_labels, group_units
from gunmane.errors import ScenarioError

FREE = Rules(target=2.0, ceiling=4.0)


def bundles(grouping):
    """Return the bundles as words: {"abc", "def"}."""
    return {"".join(sorted(units.index)) for _, units in grouping.labels.groupby(grouping.labels)}


def without_work(drawn, letters):
    """Return the world with no work at some units."""
    units, links, load, minutes = drawn
    load = load.copy()
    load.loc[list(letters), ["crew_days", "measure"]] = 0.0
    return units, links, load.assign(is_needed=load["crew_days"] > 0), minutes


def with_rules(**choices):
    return dataclasses.replace(FREE, **choices)


@pytest.fixture
def two_villages():
    """a-b-c ---60 min--- d-e-f, five minutes between neighbours; abc belong to M, def to N."""
    links = [("a", "b", 5), ("b", "c", 5), ("c", "d", 60), ("d", "e", 5), ("e", "f", 5)]
    return world(links, dict.fromkeys("abc", "M") | dict.fromkeys("def", "N"))


@pytest.fixture
def village_across_the_border():
    """a-b ---30--- c-d-e: c belongs to a's municipality M but lies by the road of N."""
    links = [("a", "b", 5), ("b", "c", 30), ("c", "d", 5), ("d", "e", 5)]
    return world(links, {"a": "M", "b": "M", "c": "M", "d": "N", "e": "N"})


@pytest.fixture
def island():
    """a-b-c-d on the mainland; x-y on an island, no work on y."""
    links = [("a", "b", 5), ("b", "c", 5), ("c", "d", 5), ("x", "y", 5)]
    return world(links, dict.fromkeys("abcdxy", "M"), days={"y": 0.0}, measure={"y": 0.0})


def test_each_village_becomes_a_bundle_with_its_base_in_the_middle(two_villages):
    found = group_units(*two_villages, with_rules(bundle_count=2))
    assert bundles(found) == {"abc", "def"}
    assert found.bases == {0: "b", 1: "e"}


def test_travel_hours_count_each_crew_day_out_and_back(two_villages):
    found = group_units(*two_villages, with_rules(bundle_count=2))
    assert found.travel_hours == pytest.approx(4 * 2 * 5 / 60)


def test_the_number_of_bundles_follows_work_and_target(two_villages):
    found = group_units(*two_villages, with_rules(target=3.0))
    assert (found.count_wanted, found.labels.nunique()) == (2, 2)


def test_labels_are_numbered_by_the_smallest_unit(two_villages):
    found = group_units(*two_villages, with_rules(bundle_count=3))
    assert found.labels.drop_duplicates().tolist() == [0, 1, 2]
    assert found.labels.index.tolist() == list("abcdef")


def test_border_stays_uncrossed_where_crossing_is_not_allowed(village_across_the_border):
    crossing = group_units(*village_across_the_border, with_rules(bundle_count=2))
    apart = group_units(*village_across_the_border, with_rules(bundle_count=2, may_cross_border=False))
    assert bundles(crossing) == {"ab", "cde"}
    assert bundles(apart) == {"abc", "de"}


def test_municipality_stays_whole_when_asked(village_across_the_border):
    found = group_units(*village_across_the_border, with_rules(bundle_count=2, keeps_municipality_whole=True))
    assert bundles(found) == {"abc", "de"}


@pytest.mark.parametrize(("split_above", "expected"), [(3.0, {"abc", "de"}), (2.5, {"ab", "cde"})])
def test_municipality_is_divided_only_above_the_ceiling(village_across_the_border, split_above, expected):
    rules = with_rules(bundle_count=2, keeps_municipality_whole=None, split_above=split_above)
    assert bundles(group_units(*village_across_the_border, rules)) == expected


def test_island_gets_its_own_bundle(island):
    found = group_units(*island, with_rules(target=4.0))
    assert bundles(found) == {"abcd", "xy"}
    assert found.broken.empty


def test_land_without_work_gets_one_bundle_and_breaks_no_floor(island):
    rules = with_rules(target=1.0, floor=1.0, is_window_hard=True)
    found = group_units(*without_work(island, "xy"), rules)
    assert "xy" in bundles(found)
    assert found.broken.empty


def test_units_of_an_unreachable_bundle_are_named(island):
    given = pd.Series(0, index=list("abcdxy"))
    found = evaluate_labels(given, *island, FREE)
    row = found.broken.query("rule == 'travel_limit'").iloc[0]
    assert (row["unit_id"], row["amount"]) == ("x", math.inf)
    assert math.isfinite(found.travel_hours)


def test_must_link_is_kept(two_villages):
    found = group_units(*two_villages, with_rules(bundle_count=2, must_link=(("b", "d"),)))
    assert found.labels["b"] == found.labels["d"]
    assert found.broken.empty


def test_must_link_brings_along_the_units_between(two_villages):
    found = group_units(*two_villages, with_rules(bundle_count=2, must_link=(("a", "e"),)))
    assert bundles(found) == {"abcde", "f"}
    assert found.broken.empty


def test_must_link_over_water_is_named_as_broken(island):
    found = group_units(*island, with_rules(must_link=(("a", "x"),)))
    assert found.broken[["rule", "unit_id"]].values.tolist() == [["must_link", "a"]]


def test_cannot_link_is_kept(two_villages):
    found = group_units(*two_villages, with_rules(bundle_count=2, cannot_link=(("a", "b"),)))
    assert found.labels["a"] != found.labels["b"]
    assert found.broken.empty


def test_cannot_link_inside_a_whole_municipality_is_named_as_broken(two_villages):
    rules = with_rules(bundle_count=2, cannot_link=(("a", "b"),), keeps_municipality_whole=True)
    found = group_units(*two_villages, rules)
    assert found.broken[["rule", "unit_id"]].values.tolist() == [["cannot_link", "a"]]


def test_three_units_that_may_not_meet_need_three_bundles(two_villages):
    pairs = (("a", "b"), ("b", "c"), ("a", "c"))
    found = group_units(*two_villages, with_rules(bundle_count=2, cannot_link=pairs))
    assert found.broken[["rule", "amount", "limit"]].values.tolist() == [["bundle_count", 3.0, 2.0]]


def test_fixed_bases_are_the_bases(two_villages):
    found = group_units(*two_villages, with_rules(bundle_count=2, fixed_bases=("a", "c")))
    assert set(found.bases.values()) == {"a", "c"}
    assert found.broken.empty


def test_second_fixed_base_of_a_whole_municipality_is_named_as_broken(two_villages):
    rules = with_rules(bundle_count=2, fixed_bases=("a", "c"), keeps_municipality_whole=True)
    found = group_units(*two_villages, rules)
    assert found.broken["rule"].tolist() == ["fixed_base"]


def test_bases_stand_only_where_they_may(two_villages):
    found = group_units(*two_villages, with_rules(bundle_count=2, base_units=("a", "f")))
    assert found.bases == {0: "a", 1: "f"}


def test_bundle_without_an_allowed_base_takes_the_best_one_outside(two_villages):
    found = group_units(
        *two_villages, with_rules(bundle_count=2, base_units=("c",), cannot_link=(("c", "d"),))
    )
    assert set(found.bases.values()) == {"c"}
    assert found.travel_hours == pytest.approx(2 * (5 + 10 + 60 + 65 + 70) / 60)


def test_land_that_reaches_no_allowed_base_takes_one_of_its_own_units(island):
    found = group_units(*island, with_rules(target=4.0, base_units=("a",)))
    assert found.bases == {0: "a", 1: "x"}
    assert found.broken.empty


def test_travel_limit_raises_the_number_of_bundles(two_villages):
    found = group_units(*two_villages, with_rules(target=6.0, ceiling=6.0, travel_limit_min=30))
    assert found.count_feasible[0] == 2
    assert bundles(found) == {"abc", "def"}


def test_unit_beyond_the_travel_limit_is_named_with_its_minutes(two_villages):
    found = group_units(*two_villages, with_rules(bundle_count=1, travel_limit_min=65))
    expected = [["travel_limit", "a", 70.0, 65.0]]
    assert found.broken[["rule", "unit_id", "amount", "limit"]].values.tolist() in (
        expected,
        [["travel_limit", "f", 70.0, 65.0]],
    )


def test_unit_without_work_may_lie_beyond_the_travel_limit(two_villages):
    found = group_units(*without_work(two_villages, "ef"), with_rules(bundle_count=1, travel_limit_min=60))
    assert found.broken.empty


def test_soft_window_is_counted_in_the_key_only(two_villages):
    found = group_units(*two_villages, with_rules(bundle_count=1))
    assert found.broken.empty
    assert found.key[2] == pytest.approx(0.5)


def test_hard_window_that_cannot_hold_is_named(two_villages):
    found = group_units(*two_villages, with_rules(bundle_count=1, is_window_hard=True))
    assert found.broken[["rule", "label", "amount", "limit"]].values.tolist() == [["ceiling", 0, 6.0, 4.0]]


def test_hard_ceiling_raises_the_number_of_bundles(two_villages):
    found = group_units(*two_villages, with_rules(target=6.0, ceiling=2.5, is_window_hard=True))
    assert found.count_feasible[0] == 3
    assert found.broken.empty


def test_more_bundles_than_units_is_named(two_villages):
    found = group_units(*two_villages, with_rules(bundle_count=9))
    assert found.labels.nunique() == 6
    assert found.broken[["rule", "amount", "limit"]].values.tolist() == [["bundle_count", 6.0, 9.0]]


def test_fewer_bundles_than_islands_is_named(island):
    found = group_units(*island, with_rules(bundle_count=1))
    assert bundles(found) == {"abcd", "xy"}
    assert found.broken["rule"].tolist() == ["bundle_count"]


@pytest.fixture
def cut_municipality():
    """m-n-o, five minutes each: m and o are one municipality, n lies between."""
    return world([("m", "n", 5), ("n", "o", 5)], {"m": "M", "n": "N", "o": "M"})


def test_municipality_cut_by_a_neighbour_takes_it_along(cut_municipality):
    found = group_units(*cut_municipality, with_rules(bundle_count=2, keeps_municipality_whole=True))
    assert bundles(found) == {"mno"}
    assert found.broken[["rule", "amount", "limit"]].values.tolist() == [["bundle_count", 1.0, 2.0]]
    assert found.count_feasible == (1, 1)


def test_no_other_rule_is_worth_an_unconnected_bundle(cut_municipality):
    rules = with_rules(travel_limit_min=1.0, is_window_hard=True, ceiling=2.0, keeps_municipality_whole=True)
    assert bundles(group_units(*cut_municipality, rules)) == {"mno"}


def test_given_bundle_that_no_road_joins_is_named(cut_municipality):
    given = pd.Series([0, 1, 0], index=list("mno"))
    found = evaluate_labels(given, *cut_municipality, with_rules(keeps_municipality_whole=True))
    assert found.broken[["rule", "amount"]].values.tolist() == [["connected", 2.0]]


def test_number_asked_for_is_kept_beside_a_start_that_breaks_fewer_rules(two_villages):
    start = pd.Series(range(6), index=list("abcdef"))
    found = group_units(*two_villages, with_rules(bundle_count=2, travel_limit_min=1.0), starts=[start])
    assert found.labels.nunique() == 2
    assert set(found.broken["rule"]) == {"travel_limit"}


def test_start_that_gives_up_one_rule_for_three_is_kept():
    links = [("a", "b", 5), ("b", "c", 5), ("c", "d", 60), ("d", "e", 5), ("e", "f", 5)]
    tables = world(links, dict.fromkeys("abcdef", "M"))
    rules = with_rules(keeps_municipality_whole=True, travel_limit_min=12.0)
    start = pd.Series([0, 0, 0, 1, 1, 1], index=list("abcdef"))
    assert group_units(*tables, rules).key[0] == 3
    found = group_units(*tables, rules, starts=[start])
    assert set(found.broken["rule"]) == {"municipality_whole"}
    assert found.labels.tolist() == start.tolist()


def test_given_labels_are_judged_with_given_bases(two_villages):
    given = pd.Series(["M", "M", "M", "N", "N", "N"], index=list("abcdef"))
    found = evaluate_labels(given, *two_villages, FREE, bases={"M": "a", "N": "f"})
    assert found.bases == {0: "a", 1: "f"}
    assert found.travel_hours == pytest.approx(2 * 2 * (5 + 10) / 60)


def test_given_bases_belong_to_their_bundles_in_any_order_of_rows(two_villages):
    given = pd.Series(["M", "M", "M", "N", "N", "N"], index=list("abcdef"))[::-1]
    found = evaluate_labels(given, *two_villages, FREE, bases={"M": "a", "N": "f"})
    assert found.bases == {0: "a", 1: "f"}


def test_given_labels_that_cross_a_closed_border_are_named(village_across_the_border):
    given = pd.Series([0, 0, 1, 1, 1], index=list("abcde"))
    found = evaluate_labels(given, *village_across_the_border, with_rules(may_cross_border=False))
    assert found.broken.query("rule == 'border_crossed'")["unit_id"].tolist() == ["c"]


def test_judging_the_result_again_gives_the_same_figures(two_villages):
    rules = with_rules(bundle_count=3)
    found = group_units(*two_villages, rules)
    again = evaluate_labels(found.labels, *two_villages, rules)
    assert (again.key, again.bases) == (found.key, found.bases)


def test_missing_load_is_refused(two_villages):
    units, links, load, minutes = two_villages
    load = load.assign(measure=load["measure"].where(load.index != "b"))
    with pytest.raises(ValueError, match="b"):
        group_units(units, links, load, minutes, FREE)


@pytest.mark.parametrize("rule", ["must_link", "cannot_link"])
def test_unknown_unit_in_a_rule_is_named_in_both_languages(two_villages, rule):
    with pytest.raises(ScenarioError) as caught:
        group_units(*two_villages, with_rules(**{rule: (("a", "zz"),)}))
    assert "zz" in i18n.say(caught.value, "ja")
    assert "zz" in i18n.say(caught.value, "en")


def test_rules_out_of_range_are_refused():
    with pytest.raises(ValueError, match="travel_limit_min"):
        Rules(travel_limit_min=0)


def test_world_without_units_has_no_bundles():
    empty = world([], {})
    found = group_units(*empty, FREE)
    assert len(found.labels) == 0
    assert found.key == (0, 0.0, 0.0, 0, 0.0)
