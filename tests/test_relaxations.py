"""Relaxations: each is true (its plan was made and keeps the rules), none of its changes can be left out."""

import dataclasses
import functools

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from streets import MITSUE, SONI, UDA, street_ground

from gunmane.errors import ScenarioError
from gunmane.grounds import prepare_ground
from gunmane.i18n import LANGUAGES
from gunmane.municipalities import find_region
from gunmane.plans import make_plan
from gunmane.relaxations import change_sentence, cost_rows, fact_sentence, left_sentence, why_not
from gunmane.relaxations.in_force import MOST_ITEMS, levers_of
from gunmane.scenario import Scenario

STREET = {"ab": 5, "bc": 5, "cd": 5, "de": 5, "ef": 5}
# Fields of the scenario behind a change that bears another name.
PARTS = {
    "open_borders": ("may_cross_border", "open_borders"),
    "structures_bundle_pieces_floor": ("assumption_overrides",),
    "structures_bundle_pieces_ceiling": ("assumption_overrides",),
}
LISTS = ("must_link", "cannot_link", "fixed_bases", "locked_units", "locked_bundles")


def planned(ground, **choices):
    settings_ = {"keeps_municipality_whole": False, **choices}
    return make_plan(Scenario("nara_uda", "daily", ("road",), **settings_), ground, has_alternatives=False)


@pytest.fixture(scope="module")
def street():
    """a-b-c | d-e-f, five minutes between neighbours, two towns."""
    return street_ground([UDA] * 3 + [SONI] * 3, STREET)


@pytest.fixture(scope="module")
def island():
    """a-b-c | d-e, and f with little work on an island of the second town."""
    links = {ends: minutes for ends, minutes in STREET.items() if ends != "ef"}
    return street_ground([UDA] * 3 + [SONI] * 3, links, km={"f": 10})


@pytest.fixture(scope="module")
def near_bases(street):
    """The street in two bundles with a travel limit that they cannot keep, and the answer."""
    plan = planned(street, travel_limit_min=3.0, bundle_count=2)
    return plan, why_not(plan)


@pytest.fixture(scope="module")
def small_island(island):
    """The island under a floor that it cannot reach, and the answer."""
    plan = planned(island, is_window_hard=True)
    return plan, why_not(plan)


def changes_of(answer):
    """Every relaxation as {field: after}."""
    return [{change.field: change.after for change in r.changes} for r in answer.relaxations]


def keys_of(answer):
    return {note.key for note in answer.facts}


def without(original, relaxation, change):
    """The relaxed choices with one change undone."""
    if change.field in LISTS:
        kept = (*getattr(relaxation.scenario, change.field), change.before)
        return relaxation.scenario.replace(**{change.field: kept})
    names = PARTS.get(change.field, (change.field.split(".")[0].removesuffix("_rest"),))
    return relaxation.scenario.replace(**{name: getattr(original, name) for name in names})


def broken_rules(scenario, ground):
    """Names of rules that the plan of some choices breaks; choices that cannot be planned break "all"."""
    try:
        return set(make_plan(scenario, ground, has_alternatives=False).broken["rule"])
    except ScenarioError:
        return {"all"}


def assert_true_and_minimal(plan, answer):
    """Each relaxation's plan is what its choices give, breaks only what is said, and needs each of its changes."""
    said = {note.key: note for note in answer.facts}
    for relaxation in answer.relaxations:
        left = broken_rules(relaxation.scenario, plan.ground)
        assert left == set(relaxation.plan.broken["rule"]) == set(relaxation.left["rule"])
        assert not left or "mends_in_part" in said
        assert len(relaxation.left) < len(plan.broken)
        if answer.is_complete:
            for change in relaxation.changes:
                assert broken_rules(without(plan.scenario, relaxation, change), plan.ground) - left


def assert_sayable(plan, answer):
    for lang in LANGUAGES:
        for note in answer.facts:
            assert "{" not in fact_sentence(note, lang)
        for relaxation in answer.relaxations:
            assert all(change_sentence(change, plan.ground, lang) for change in relaxation.changes)
            assert all(what and how for what, how in cost_rows(relaxation, lang))
            assert bool(left_sentence(relaxation, lang)) == bool(len(relaxation.left))


def test_a_plan_that_breaks_nothing_says_so(street):
    answer = why_not(planned(street))
    assert answer.facts[0].key == "all_kept"
    assert answer.relaxations == ()
    assert answer.trials == 0


def test_the_least_travel_limit_that_works_is_found(near_bases):
    plan, answer = near_bases
    assert {"travel_limit_min": 5.0} in changes_of(answer)
    assert broken_rules(plan.scenario.replace(travel_limit_min=4.0), plan.ground) == {"travel_limit"}


def test_more_bundles_are_offered_where_they_shorten_the_way(street):
    answer = why_not(planned(street, travel_limit_min=4.0, bundle_count=5))
    assert {"bundle_count": 6} in changes_of(answer)


def test_the_units_that_need_a_longer_limit_are_named(near_bases):
    plan, answer = near_bases
    change = answer.relaxations[0].changes[0]
    assert change.where == ("a", "c", "d", "f")
    assert "宇陀市 a" in change_sentence(change, plan.ground, "ja")


def test_an_island_below_the_floor_is_told_by_name(small_island):
    _, answer = small_island
    notes = {note.key: dict(note.values) for note in answer.facts}
    assert notes["islands"]["unit_ids"] == ("f",)
    assert "曽爾村 f" in notes["parts_below_floor"]["names_ja"]
    assert "Soni" in notes["parts_below_floor"]["names_en"]


def test_the_floor_falls_to_what_the_island_has_and_no_further(small_island):
    plan, answer = small_island
    floors = [c["floor_jpy"] for c in changes_of(answer) if "floor_jpy" in c]
    work = plan.work.loc[plan.work["unit_id"] == "f", "annual_jpy"].sum()
    assert floors == [work // 10_000 * 10_000]
    assert {"is_window_hard": False} in changes_of(answer)


def test_a_whole_region_below_the_floor_is_told(street):
    plan = planned(street_ground([UDA, SONI], {"ab": 5}), is_window_hard=True, floor_jpy=1.5e8)
    answer = why_not(plan)
    assert "strand_below_floor" in keys_of(answer)
    assert_true_and_minimal(plan, answer)


@pytest.mark.parametrize(("lang", "scale", "floor"), [("ja", 1e4, "15,000万円"), ("en", 1e6, "150 million")])
def test_a_region_below_the_floor_is_told_with_its_work_and_the_floor(lang, scale, floor):
    answer = why_not(planned(street_ground([UDA, SONI], {"ab": 5}), is_window_hard=True, floor_jpy=1.5e8))
    (fact,) = (note for note in answer.facts if note.key == "strand_below_floor")
    work = answer.plan.work["annual_jpy"].sum()
    assert work < 1.5e8
    assert floor in fact_sentence(fact, lang) and f"{work / scale:,.4g}" in fact_sentence(fact, lang)


def test_a_unit_above_the_ceiling_is_told_by_name():
    ground = street_ground([UDA] * 3, {"ab": 5, "bc": 5}, km={"b": 2000})
    answer = why_not(planned(ground, is_window_hard=True))
    note = next(note for note in answer.facts if note.key == "units_above_ceiling")
    assert dict(note.values)["unit_ids"] == ("b",)
    assert "宇陀市 b" in fact_sentence(note, "ja") and "Uda City b" in fact_sentence(note, "en")
    ceilings = [c["ceiling_jpy"] for c in changes_of(answer) if "ceiling_jpy" in c]
    assert len(ceilings) == 1


def test_a_whole_town_above_the_ceiling_may_be_divided():
    ground = street_ground([UDA] * 4, {"ab": 5, "bc": 5, "cd": 5}, km=dict.fromkeys("abcd", 800))
    answer = why_not(planned(ground, is_window_hard=True, keeps_municipality_whole=True))
    assert "tied_above_ceiling" in keys_of(answer)
    assert {"keeps_municipality_whole": False} in changes_of(answer)


def test_a_pair_across_a_closed_border_opens_that_border_or_is_given_up(street):
    answer = why_not(planned(street, must_link=(("a", "f"),), may_cross_border=False))
    assert "tie_over_border" in keys_of(answer)
    assert changes_of(answer) == [{"must_link": None}, {"open_borders": ((UDA, SONI),)}]


def test_only_the_borders_that_are_needed_are_opened():
    towns_, km = [UDA, UDA, SONI, SONI, MITSUE, MITSUE], {"c": 30, "d": 30}
    ground = street_ground(towns_, STREET, km={**dict.fromkeys("abef", 300), **km})
    answer = why_not(planned(ground, is_window_hard=True, may_cross_border=False))
    opened = [c["open_borders"] for c in changes_of(answer) if "open_borders" in c]
    assert opened in ([((UDA, SONI),)], [((SONI, MITSUE),)])


def test_a_pair_that_no_road_joins_can_only_be_given_up(island):
    answer = why_not(planned(island, must_link=(("a", "f"),)))
    assert "tie_without_road" in keys_of(answer)
    assert changes_of(answer) == [{"must_link": None}]


def test_units_kept_apart_in_a_whole_town_are_a_contradiction(street):
    answer = why_not(planned(street, cannot_link=(("a", "b"),), keeps_municipality_whole=True))
    assert "foes_tied" in keys_of(answer)
    assert changes_of(answer) == [{"cannot_link": None}, {"keeps_municipality_whole": False}]


def test_two_bases_in_a_whole_town_are_a_contradiction(street):
    answer = why_not(planned(street, fixed_bases=("a", "c"), keeps_municipality_whole=True))
    assert "bases_tied" in keys_of(answer)
    assert [r.changes[0].before for r in answer.relaxations[:2]] == ["a", "c"]


def test_a_number_of_bundles_that_nothing_reaches_falls_to_the_nearest(street):
    answer = why_not(planned(street, bundle_count=40))
    assert "count_above_groups" in keys_of(answer)
    assert changes_of(answer) == [{"bundle_count": 6}]


def test_fewer_bundles_than_parts_rise_to_the_parts(island):
    answer = why_not(planned(island, bundle_count=1))
    assert "count_below_parts" in keys_of(answer)
    assert changes_of(answer) == [{"bundle_count": 2}]


def test_locks_that_a_whole_town_contradicts_are_released_or_the_town_divided(street):
    locks = (("a", "x"), ("c", "y"))
    answer = why_not(planned(street, locked_units=locks, keeps_municipality_whole=True))
    assert "foes_tied" in keys_of(answer)
    assert [r.changes[0].before for r in answer.relaxations] == [*locks, True]


def test_a_locked_bundle_in_pieces_is_told_and_released(street):
    answer = why_not(planned(street, locked_bundles=(("a", "c"),)))
    assert "lock_in_pieces" in keys_of(answer)
    assert changes_of(answer) == [{"locked_bundles": None}]


def test_bodies_too_small_alone_are_joined():
    ground = street_ground([UDA, UDA, SONI, SONI], {"ab": 5, "bc": 5, "cd": 5}, km=dict.fromkeys("abcd", 70))
    plan = planned(ground, joins_owners=False, is_window_hard=True, floor_jpy=4e7)
    answer = why_not(plan)
    assert {"joins_owners": True} in changes_of(answer)
    assert "宇陀市" in fact_sentence(answer.facts[0], "ja")


def test_a_further_window_gives_way_like_the_first(street):
    plan = planned(street, side_windows=(("length_m", None, 150_000.0, True),), bundle_count=3)
    changes = changes_of(why_not(plan))
    assert {"side_windows.ceiling": 200_000.0} in changes
    assert {"side_windows.is_hard": False} in changes


@pytest.mark.parametrize(
    ("choices", "field", "after"),
    [
        ({"base_count": 1, "must_link": (("a", "b"),)}, "base_count", 2),
        ({"most_municipalities": 1, "must_link": (("a", "f"),)}, "most_municipalities", 2),
    ],
)
def test_limits_on_numbers_rise_by_one(island, street, choices, field, after):
    ground = island if field == "base_count" else street
    assert {field: after} in changes_of(why_not(planned(ground, **choices)))


def test_of_many_pairs_the_last_are_given_up_together(street):
    plan = planned(street)
    crowded = plan.scenario.replace(cannot_link=more_pairs())
    levers = levers_of(dataclasses.replace(plan, scenario=crowded))
    assert [lever.field for lever in levers].count("cannot_link") == MOST_ITEMS
    rest = next(lever for lever in levers if lever.field == "cannot_link_rest")
    assert rest.apply(crowded, None).cannot_link == more_pairs()[:MOST_ITEMS]


def more_pairs():
    names = [f"{letter}{number}" for letter in "ab" for number in range(6)]
    return tuple((a, b) for a in names for b in names if a < b)[:40]


def test_rules_that_cannot_hold_together_are_told(near_bases):
    _, answer = near_bases
    note = next(note for note in answer.facts if note.key == "rules_together")
    assert fact_sentence(note, "ja").endswith("「移動時間の上限 3分」と「束の数 2」。")


def test_several_causes_are_mended_together(street):
    choices = {"cannot_link": (("a", "b"),), "must_link": (("a", "c"), ("d", "f")), "bundle_count": 9}
    plan = planned(street, **choices)
    answer = why_not(plan)
    assert {r.size[0] for r in answer.relaxations} == {2}
    assert_true_and_minimal(plan, answer)


def test_where_two_changes_are_offered_no_single_rule_given_up_would_do(street):
    choices = {"cannot_link": (("a", "b"),), "must_link": (("a", "c"), ("d", "f")), "bundle_count": 9}
    plan = planned(street, **choices)
    assert {r.size[0] for r in why_not(plan).relaxations} == {2}
    for lever in levers_of(plan):
        assert broken_rules(lever.apply(plan.scenario, lever.loosest), plan.ground)


def test_the_plan_of_a_relaxation_is_the_one_that_its_choices_give(near_bases):
    plan, answer = near_bases
    for relaxation in answer.relaxations:
        made = make_plan(relaxation.scenario, plan.ground, has_alternatives=False)
        pd.testing.assert_frame_equal(relaxation.plan.assignment, made.assignment)
        assert relaxation.plan.totals == made.totals


def test_the_order_of_the_rows_changes_no_relaxation(near_bases):
    plan, first = near_bases
    tables = {name: getattr(plan.ground, name) for name in ("links", "assets", "shares")}
    mixed = {
        name: table.sample(frac=1, random_state=1).reset_index(drop=True) for name, table in tables.items()
    }
    ground = dataclasses.replace(plan.ground, **mixed)
    again = why_not(make_plan(plan.scenario, ground, has_alternatives=False))
    assert [r.changes for r in again.relaxations] == [r.changes for r in first.relaxations]
    assert again.facts == first.facts


@pytest.mark.parametrize("codes", [[UDA], [UDA, SONI], [UDA] * 3])
@pytest.mark.parametrize("km", [0, 10, 5000])
def test_a_land_without_roads_has_an_answer_whatever_is_asked_of_it(codes, km):
    names = [chr(ord("a") + i) for i in range(len(codes))]
    ground = street_ground(codes, {}, km={**dict.fromkeys(names, km), names[0]: 100})
    plan = planned(ground, is_window_hard=True, bundle_count=2, travel_limit_min=1.0, base_count=1)
    answer = why_not(plan)
    assert answer.facts and not plan.broken.empty
    assert_sayable(plan, answer)


def test_the_mildest_come_first_and_no_more_than_asked(street):
    plan = planned(street, fixed_bases=("a", "c"), keeps_municipality_whole=True)
    answer = why_not(plan)
    assert [r.size for r in answer.relaxations] == sorted(r.size for r in answer.relaxations)
    assert len(why_not(plan, most=1).relaxations) == 1


def test_what_it_costs_is_the_difference_to_the_plan_asked_about(near_bases):
    plan, answer = near_bases
    for relaxation in answer.relaxations:
        was, now = plan.totals, relaxation.plan.totals
        for name in ("travel_hours", "order_count", "farthest_min"):
            assert relaxation.costs[name] == pytest.approx(now[name] - was[name])


def test_a_lower_floor_does_not_hide_small_bundles(small_island):
    _, answer = small_island
    lowered = next(r for r in answer.relaxations if r.changes[0].field == "floor_jpy")
    assert lowered.costs["below_floor"] == 0


def test_progress_rises_and_ends(street):
    told = []
    plan = planned(street, travel_limit_min=4.0, bundle_count=2)
    why_not(plan, progress=lambda fraction, key: told.append((fraction, key)) or True)
    fractions = [fraction for fraction, _ in told]
    assert fractions == sorted(fractions)
    assert told[-1] == (1.0, "progress.ready")


@pytest.mark.parametrize("calls", [0, 1, 3, 8, 20])
def test_cancelling_gives_what_was_found(street, calls):
    plan = planned(street, travel_limit_min=3.0, bundle_count=2, cannot_link=(("b", "c"),))
    left = iter(range(calls))
    answer = why_not(plan, progress=lambda fraction, key: next(left, None) is not None)
    assert answer.facts
    assert all(r.plan.broken.empty for r in answer.relaxations)
    assert answer.is_complete or keys_of(answer) & {"search_cancelled"}


@pytest.mark.parametrize("trials", [1, 4, 9, 16])
def test_no_more_plans_are_made_than_allowed(street, trials):
    plan = planned(street, travel_limit_min=3.0, bundle_count=2, cannot_link=(("b", "c"),))
    answer = why_not(plan, most_trials=trials)
    assert answer.trials <= trials
    assert answer.facts
    assert_sayable(plan, answer)


def test_the_same_question_has_the_same_answer(near_bases):
    plan, first = near_bases
    again = why_not(plan)
    assert first.facts == again.facts
    assert [r.changes for r in first.relaxations] == [r.changes for r in again.relaxations]


def unreachable(ground):
    """The same ground where no road leads from the first unit to the others, whatever the links say."""
    minutes = ground.travel_min.copy()
    minutes[0, 1:] = minutes[1:, 0] = float("inf")
    return dataclasses.replace(ground, travel_min=minutes)


def test_a_unit_that_no_road_reaches_is_told_and_stays(street):
    plan = planned(unreachable(street), must_link=(("a", "b"),), bundle_count=1)
    answer = why_not(plan)
    (note,) = (note for note in answer.facts if note.key == "unreached")
    named = dict(note.values)["unit_ids"]
    assert named == tuple(sorted(plan.broken.loc[plan.broken["rule"] == "travel_limit", "unit_id"]))
    assert f"{'宇陀市' if named[0] in 'abc' else '曽爾村'} {named[0]}" in fact_sentence(note, "ja")
    assert_sayable(plan, answer)
    assert_true_and_minimal(plan, answer)


towns = st.lists(st.sampled_from([UDA, SONI, MITSUE]), min_size=2, max_size=6).map(sorted)


@st.composite
def questions(draw):
    """A plan on a few units of up to three towns with hard rules drawn against it."""
    codes = draw(towns)
    names = [chr(ord("a") + i) for i in range(len(codes))]
    links = {
        names[draw(st.integers(max(0, i - 2), i - 1))] + names[i]: draw(st.integers(1, 30))
        for i in range(1, len(names))
        if draw(st.integers(0, 9))
    }
    pair = st.tuples(st.sampled_from(names), st.sampled_from(names)).filter(lambda p: p[0] < p[1])
    km = {name: draw(st.sampled_from([0, 20, 100, 900])) for name in names[1:]}
    choices = {
        "travel_limit_min": draw(st.sampled_from([None, 3.0, 12.0])),
        "is_window_hard": draw(st.booleans()),
        "may_cross_border": draw(st.booleans()),
        "keeps_municipality_whole": draw(st.sampled_from([None, True, False])),
        "bundle_count": draw(st.sampled_from([None, 1, 2, 4])),
        "must_link": tuple(draw(st.lists(pair, max_size=1))),
        "cannot_link": tuple(draw(st.lists(pair, max_size=2))),
        "fixed_bases": tuple(draw(st.lists(st.sampled_from(names), max_size=2, unique=True))),
        "base_policy": draw(st.sampled_from(["best", "best", "town_hall"])),
        "most_municipalities": draw(st.sampled_from([None, None, 1])),
        "base_count": draw(st.sampled_from([None, None, 2])),
        "locked_units": draw(st.sampled_from([(), ((names[0], "x"), (names[-1], "y"))])),
        "locked_bundles": draw(st.sampled_from([(), (), (tuple(names[:2]),)])),
        "side_windows": draw(st.sampled_from([(), (("onsite_hours", 50.0, 4000.0, True),)])),
    }
    return street_ground(codes, links, km=km), choices


@settings(deadline=None, max_examples=12, suppress_health_check=list(HealthCheck))
@given(question=questions())
def test_whatever_is_asked_each_relaxation_is_true_and_minimal(question):
    ground, choices = question
    try:
        plan = planned(ground, **choices)
    except ScenarioError:
        return
    answer = why_not(plan, most=2)
    assert answer.facts
    assert ("all_kept" in keys_of(answer)) == plan.broken.empty
    assert_sayable(plan, answer)
    assert_true_and_minimal(plan, answer)


@functools.cache
def region(region_id):
    return prepare_ground(region_id)


TIGHT = [
    ("nara_uda", "structures", {"travel_limit_min": 20.0, "is_window_hard": True, "may_cross_border": False}),
    ("hiroshima_geihoku", "structures", {"travel_limit_min": 40.0, "bundle_count": 2}),
    ("shiga_kusatsu", "structures", {"travel_limit_min": 8.0, "bundle_count": 1}),
    ("nara_uda", "structures", {"site_limit_min": 20.0}),
    ("wakayama_ito", "structures", {"travel_limit_min": 30.0, "most_municipalities": 1}),
]


@pytest.mark.parametrize(("region_id", "layer", "choices"), TIGHT)
def test_a_tight_real_region_is_told_how_to_relax(region_id, layer, choices):
    scenario = Scenario.default(find_region(region_id), layer=layer, **choices)
    plan = make_plan(scenario, region(region_id), has_alternatives=False)
    answer = why_not(plan, most=2)
    assert len(plan.broken)
    assert answer.relaxations
    assert all(r.plan.broken.empty for r in answer.relaxations)
    assert_true_and_minimal(plan, answer)
    assert_sayable(plan, answer)
