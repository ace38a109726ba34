"""Each rule on a drawn street: what keeps it, what breaks it, and by how much."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import rich_world, world

from gunmane.clusters import Rules, SideWindow, evaluate_labels, group_units
from gunmane.solver.problem import make_problem
from gunmane.solver.rules.book import RULES
from gunmane.solver.score import judge

WEST_EAST = {"a": "W", "b": "W", "c": "C", "d": "C", "e": "E", "f": "E"}


@pytest.fixture
def street():
    """a-b-c-d-e-f, ten minutes and 10 km between neighbours; ab, cd and ef are three municipalities."""
    units, links, load, minutes = world(
        [(a, b, 10) for a, b in zip("abcde", "bcdef", strict=True)], WEST_EAST
    )
    units = units.assign(x_m=np.arange(6) * 10_000.0, y_m=0.0)
    return units, links, load.assign(pieces=[5.0, 1, 1, 1, 1, 1]), minutes


def broken(tables, words, **choices):
    """Return what the bundles "abc def" break, as {(rule, unit): (amount, limit)}."""
    labels = pd.Series({unit: number for number, word in enumerate(words.split()) for unit in word})
    found = evaluate_labels(labels, *tables, Rules(**choices))
    assert (found.key[0] > 0) == (len(found.broken) > 0)
    return {(b.rule, b.unit_id): (b.amount, b.limit) for b in found.broken.itertuples()}


def test_every_rule_has_words_in_both_languages():
    from gunmane.i18n import LANGUAGES, catalogue

    names = [name for rule in RULES for name in rule.names]
    assert len(names) == len(set(names)) == 18
    wanted = [f"{family}.{name}" for family in ("rule", "files.rule") for name in names]
    wanted += [f"check.{name}_{state}" for name in names for state in ("kept", "broken")]
    assert [key for lang in LANGUAGES for key in wanted if key not in catalogue(lang)] == []


@pytest.mark.parametrize(
    ("words", "window", "expected"),
    [
        ("abc def", SideWindow("pieces", 3.0, 7.0, is_hard=True), {}),
        ("abc def", SideWindow("pieces", 4.0, 7.0, is_hard=True), {("side_floor", "d"): (3.0, 4.0)}),
        ("abc def", SideWindow("pieces", 0.0, 6.0, is_hard=True), {("side_ceiling", "a"): (7.0, 6.0)}),
        ("abc def", SideWindow("pieces", 4.0, 6.0), {}),
    ],
)
def test_a_further_window_limits_another_column(street, words, window, expected):
    assert broken(street, words, windows=(window,)) == expected


def test_a_soft_further_window_counts_in_the_key_and_names_its_column_when_hard(street):
    labels = pd.Series([0, 0, 0, 1, 1, 1], index=list("abcdef"))
    soft = evaluate_labels(labels, *street, Rules(windows=(SideWindow("pieces", 4.0, 5.0),)))
    assert soft.key[2] == pytest.approx(1 / 4 + 2 / 5)
    hard = evaluate_labels(labels, *street, Rules(windows=(SideWindow("pieces", 4.0, is_hard=True),)))
    assert hard.broken["column"].tolist() == ["pieces"]


@pytest.mark.parametrize(("limit", "expected"), [(20.0, {}), (19.0, {("site_minutes", "a"): (20.0, 19.0)})])
def test_sites_of_a_bundle_lie_within_minutes_of_each_other(street, limit, expected):
    assert broken(street, "abc de f", site_limit_min=limit) == expected


def test_sites_of_a_bundle_lie_within_metres_of_each_other(street):
    expected = {("site_distance", "a"): (20_000.0, 19_000.0)}
    assert broken(street, "abc de f", site_limit_m=19_000.0) == expected


def test_the_longer_direction_counts_between_sites(street):
    units, links, load, minutes = street
    minutes = minutes.copy()
    minutes[1, 0] = 25.0
    assert broken((units, links, load, minutes), "ab cdef", site_limit_min=30.0) == {}
    assert ("site_minutes", "a") in broken((units, links, load, minutes), "ab c d e f", site_limit_min=24.0)


def test_a_site_without_work_may_lie_anywhere(street):
    units, links, load, minutes = street
    idle = load.assign(is_needed=[False, True, True, True, True, True])
    assert broken((units, links, idle, minutes), "abc de f", site_limit_min=19.0) == {}


def test_each_pair_of_sites_too_far_apart_counts(street):
    labels = pd.Series(0, index=list("abcdef"))
    found = evaluate_labels(labels, *street, Rules(site_limit_min=35.0))
    # a-e, a-f and b-f; a is told once for its two.
    assert found.key[0] == 3
    assert found.broken["unit_id"].tolist() == ["a", "b"]


LOCKS = (("a", "west"), ("b", "west"), ("f", "east"))


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("abc def", {}),
        ("a bcdef", {("locked_unit", "a"): (2.0, 1.0), ("locked_unit", "b"): (2.0, 1.0)}),
        ("abcdef", {("locked_unit", "a"): (2.0, 1.0)}),
    ],
)
def test_locked_units_lie_where_their_lock_is(street, words, expected):
    assert broken(street, words, locked_units=LOCKS) == expected


@pytest.mark.parametrize(
    ("words", "amount"), [("ab cdef", None), ("abc def", 1.0), ("a b cdef", 1.0), ("abcdef", 4.0)]
)
def test_a_locked_bundle_stays_as_it_is(street, words, amount):
    found = broken(street, words, locked_bundles=(("a", "b"),))
    told = {} if amount is None else {("locked_bundle", "a"): (amount, 0.0)}
    assert {key: value for key, value in found.items() if key[0] != "connected"} == told


def test_a_bundle_that_swallows_a_locked_one_uses_links_that_it_may_not(street):
    assert ("connected", "c") in broken(street, "abc def", locked_bundles=(("a", "b"),))


@pytest.mark.parametrize(
    ("words", "most", "expected"),
    [
        ("abcd ef", 2, {}),
        ("abcdef", 2, {("municipality_limit", "a"): (3.0, 2.0)}),
        ("abc def", 1, {("municipality_limit", "a"): (2.0, 1.0), ("municipality_limit", "d"): (2.0, 1.0)}),
    ],
)
def test_a_bundle_holds_at_most_so_many_municipalities(street, words, most, expected):
    assert broken(street, words, most_municipalities=most) == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("abcd ef", set()),
        ("abcdef", {("border_crossed", "a"), ("connected", "e")}),
        ("ab cdef", {("border_crossed", "c"), ("connected", "e")}),
    ],
)
def test_only_open_borders_are_crossed(street, words, expected):
    assert set(broken(street, words, open_borders=(("C", "W"),))) == expected


def test_a_closed_plan_crosses_no_open_border_either(street):
    found = broken(street, "abcd ef", may_cross_border=False, open_borders=(("C", "W"),))
    assert ("border_crossed", "a") in found


def test_bundles_share_bases_where_few_are_allowed(street):
    labels = pd.Series([0, 0, 1, 1, 2, 2], index=list("abcdef"))
    free = evaluate_labels(labels, *street, Rules())
    shared = evaluate_labels(labels, *street, Rules(base_count=2))
    assert (len(set(free.bases.values())), len(set(shared.bases.values()))) == (3, 2)
    assert shared.broken.empty
    assert shared.travel_hours > free.travel_hours


def test_fixed_bases_are_not_given_up_for_fewer_bases(street):
    labels = pd.Series([0, 0, 1, 1, 2, 2], index=list("abcdef"))
    rules = Rules(base_count=1, fixed_bases=("a", "f"))
    found = evaluate_labels(labels, *street, rules)
    assert {"a", "f"} <= set(found.bases.values())
    assert found.broken[["rule", "amount", "limit"]].values.tolist() == [["base_count", 2.0, 1.0]]


def test_an_island_needs_a_base_of_its_own(street):
    units, links, load, minutes = street
    cut = minutes.copy()
    cut[:4, 4:] = cut[4:, :4] = np.inf
    tables = units, links[links["source_id"] != "d"], load, cut
    assert broken(tables, "ab cd ef", base_count=1) == {("base_count", ""): (2.0, 1.0)}


def test_a_bundle_without_work_takes_no_place_for_bases(street):
    units, links, load, minutes = street
    idle = load.assign(crew_days=[1, 1, 1, 1, 0, 0], is_needed=[True] * 4 + [False] * 2)
    assert broken((units, links, idle, minutes), "ab cd ef", base_count=2) == {}


def test_limits_change_nothing_where_they_are_wide(street):
    wide = Rules(
        site_limit_min=999.0,
        site_limit_m=1e9,
        base_count=99,
        most_municipalities=99,
        windows=(SideWindow("pieces"),),
    )
    assert group_units(*street, wide).key == group_units(*street, Rules()).key


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    drawn=st.lists(st.integers(0, 3), min_size=9, max_size=9),
    order=st.permutations(range(9)),
    has_table=st.booleans(),
)
def test_row_order_does_not_change_a_judgement(seed, drawn, order, has_table):
    units, links, load, minutes = rich_world(9, np.random.default_rng(seed))
    rules = Rules(
        site_limit_min=20.0,
        site_limit_m=15e3,
        travel_limit_min=15.0,
        most_municipalities=2,
        locked_units=(("u00", "n"), ("u05", "s")),
    )
    table = minutes if has_table else None
    turned = minutes[np.ix_(order, order)] if has_table else None
    labels = pd.Series(drawn, index=units.index)
    one = evaluate_labels(labels, units, links, load, table, rules)
    other = evaluate_labels(labels.iloc[order], units.iloc[order], links[::-1], load[::-1], turned, rules)
    assert (one.key, one.bases) == (other.key, other.bases)
    pd.testing.assert_frame_equal(one.broken, other.broken)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), drawn=st.lists(st.integers(0, 3), min_size=9, max_size=9))
def test_relaxing_a_rule_never_makes_labels_break_more(seed, drawn):
    tables = rich_world(9, np.random.default_rng(seed))
    strict = Rules(
        site_limit_min=15.0, most_municipalities=1, windows=(SideWindow("pieces", 4.0, 9.0, True),)
    )
    for choice in ({"site_limit_min": 25.0}, {"most_municipalities": 2}, {"windows": ()}):
        loose = dataclasses.replace(strict, **choice)
        keys = [judge(make_problem(*tables, rules), np.array(drawn), 3).key[:2] for rules in (loose, strict)]
        assert keys[0] <= keys[1]
