"""What a step by hand changed for the plan, its bundles and its towns; and by how much each rule is broken."""

import pytest
from streets import MITSUE, SONI, UDA, street_ground

from gunmane.plans import make_plan
from gunmane.scenario import Scenario
from gunmane.workbench import (
    ChangeChoices,
    Desk,
    LockBundles,
    Merge,
    MoveUnits,
    NewBundle,
    apply,
    checklist,
    draft_of,
    plan_accounts,
    problems,
    step_changes,
)


@pytest.fixture(scope="module")
def street():
    """Seven units in three towns along one road: a-b-c | d-e | f-g."""
    towns = [UDA, UDA, UDA, SONI, SONI, MITSUE, MITSUE]
    return street_ground(towns, {"ab": 5, "bc": 6, "cd": 19, "de": 4, "ef": 22, "fg": 5})


@pytest.fixture(scope="module")
def desk(street):
    return Desk(street)


@pytest.fixture(scope="module")
def draft(street):
    """D1 a b c, D2 d e, D3 f g."""
    scenario = Scenario("nara_uda", sectors=("road",), bundle_count=3, travel_limit_min=30.0, move_budget=500)
    return draft_of(make_plan(scenario, street, has_alternatives=False))


def changes(desk, before, after):
    return step_changes(*(plan_accounts(desk.figures(draft)) for draft in (before, after)))


def test_only_the_bundles_and_towns_that_a_move_touched_are_told(desk, draft):
    told = changes(desk, draft, apply(draft, MoveUnits(("c",), "D2")))
    assert [(one.kind, one.name) for one in told] == [
        ("plan", ""),
        ("bundle", "D1"),
        ("bundle", "D2"),
        ("town", UDA),
    ]


def test_what_one_bundle_loses_the_other_gains_and_the_plan_keeps(desk, draft):
    whole, one, other, *_ = changes(desk, draft, apply(draft, MoveUnits(("c",), "D2")))
    (before, after), (gets, has) = one.number("annual_jpy"), other.number("annual_jpy")
    assert before - after == pytest.approx(has - gets) and before > after
    assert not whole.has_other("annual_jpy") and whole.has_other("travel_hours")


def test_every_change_is_that_of_the_figures_of_both_plans(desk, draft):
    after = apply(draft, MoveUnits(("c",), "D2"))
    plans = [desk.figures(one) for one in (draft, after)]
    told = {one.name: one for one in changes(desk, draft, after) if one.kind == "bundle"}
    for name, one in told.items():
        for figure in ("travel_hours", "farthest_min", "annual_jpy_low", "annual_jpy_high"):
            assert one.number(figure) == pytest.approx([plan.bundles.at[name, figure] for plan in plans])


def test_a_new_bundle_has_nothing_before_and_a_merged_one_nothing_after(desk, draft):
    new = changes(desk, draft, apply(draft, NewBundle(("c",), "")))
    gone = changes(desk, draft, apply(draft, Merge(("D2", "D3"))))
    assert [one.name for one in new if one.before is None] == ["D4"]
    assert len([one for one in gone if one.after is None]) == 1
    assert gone[0].number("bundle_count") == (3, 2)


def test_a_lock_changes_no_figure(desk, draft):
    told = changes(desk, draft, apply(draft, LockBundles(("D1",))))
    assert [one.kind for one in told] == ["plan"]
    assert not any(told[0].has_other(name) for name in told[0].after.numbers)


def test_a_rule_that_a_move_breaks_is_named_at_its_bundle(desk, draft):
    told = {one.name: one for one in changes(desk, draft, apply(draft, MoveUnits(("a",), "D3")))}
    assert "connected" not in told["D3"].before.rules
    assert "connected" in told["D3"].after.rules
    assert len(told[""].after.rules) > len(told[""].before.rules)


def test_undone_is_the_change_turned_round(desk, draft):
    after = apply(draft, MoveUnits(("c",), "D2"))
    there, back = changes(desk, draft, after), changes(desk, after, draft)
    assert [one.number("travel_hours") for one in back] == [one.number("travel_hours")[::-1] for one in there]


def test_a_problem_says_by_how_much_a_unit_is_too_far(desk, draft):
    plan = desk.figures(apply(draft, MoveUnits(("f",), "D1")))
    far = [one for one in problems(checklist(plan)) if one.key == "travel_limit"]
    rows = plan.broken[plan.broken["rule"] == "travel_limit"]
    assert [one.place.amount for one in far] == rows["amount"].tolist() != []
    assert all(one.place.amount > one.limit == 30 for one in far)


def test_a_bundle_outside_the_window_says_its_own_work(desk, draft):
    plan = desk.figures(apply(draft, ChangeChoices.of(floor_jpy=1e12, ceiling_jpy=2e12)))
    told = [one for one in problems(checklist(plan)) if one.key == "floor"]
    amounts = [plan.bundles.at[one.place.bundle_id, "annual_jpy"] for one in told]
    assert len(told) == 3 and [one.place.amount for one in told] == pytest.approx(amounts)
    assert all(one.limit == 1e12 for one in told)
