"""Beside a hand-made plan: what is to be checked, what differs, what the engine adds, why a unit is where it is."""

import contextlib
import dataclasses
import random

import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from streets import MITSUE, SONI, UDA, street_ground

from gunmane.assumptions import load_assumptions
from gunmane.errors import PlanError
from gunmane.evidence import today_state
from gunmane.i18n import LANGUAGES, t
from gunmane.plans import assemble_plan, make_plan, plan_tasks
from gunmane.prices import border_prices
from gunmane.scenario import Scenario
from gunmane.strands import as_strand
from gunmane.window import work_window
from gunmane.workbench import (
    ChangeChoices,
    Desk,
    LockBundles,
    LockUnits,
    MoveUnits,
    SetBase,
    Split,
    apply,
    checklist,
    difference,
    draft_of,
    improve,
    improve_kept,
    next_problem,
    split_evenly,
    town_figures,
    why_here,
)
from gunmane.workbench.draft import as_labels
from gunmane.workbench.improving import _is_better


@pytest.fixture(scope="module")
def street():
    """Seven units in three towns along one road: a-b-c | d-e | f-g, long ways over the borders."""
    towns = [UDA, UDA, UDA, SONI, SONI, MITSUE, MITSUE]
    return street_ground(towns, {"ab": 5, "bc": 6, "cd": 19, "de": 4, "ef": 22, "fg": 5})


@pytest.fixture(scope="module")
def desk(street):
    return Desk(street)


@pytest.fixture(scope="module")
def plan(street):
    scenario = Scenario("nara_uda", sectors=("road",), bundle_count=3, travel_limit_min=30.0, move_budget=500)
    return make_plan(scenario, street, has_alternatives=False)


@pytest.fixture
def draft(plan):
    """D1 a b c, D2 d e, D3 f g."""
    made = draft_of(plan)
    assert made.labels[""].tolist() == ["D1"] * 3 + ["D2"] * 2 + ["D3"] * 2
    return made


def placed(draft, strand=""):
    return "".join(name[1:] for name in draft.labels[strand])


def broken(draft, desk):
    return {
        item.key: item.places for item in checklist(desk.figures(draft)) if not item.is_ok and item.is_hard
    }


def test_a_whole_plan_has_every_rule_kept(draft, desk):
    items = checklist(desk.figures(draft))
    assert [item.key for item in items][:3] == ["complete", "connected", "travel_limit"]
    assert broken(draft, desk) == {}
    assert all(t(f"rule.{item.key}", lang) for item in items for lang in LANGUAGES)


def test_a_cut_bundle_is_named_where_it_is_cut(draft, desk):
    cut = apply(draft, MoveUnits(("a",), "D3"))
    assert {place.bundle_id for place in broken(cut, desk)["connected"]} == {"D3"}


@pytest.mark.parametrize(("unit", "bundle"), [("c", "D2"), ("a", "D3"), ("d", "D1")])
def test_a_divided_town_is_told_at_its_smaller_part(draft, street, unit, bundle):
    whole = apply(draft, ChangeChoices.of(keeps_municipality_whole=True))
    told = broken(apply(whole, MoveUnits((unit,), bundle)), Desk(street))["municipality_whole"]
    assert [(place.unit_id, place.bundle_id) for place in told] == [(unit, bundle)]


def test_a_plan_put_together_names_a_divided_town_as_its_draft_does(plan, street):
    choices = plan.scenario.replace(keeps_municipality_whole=True)
    (task,) = plan_tasks(dataclasses.replace(plan, scenario=choices))
    judged = task.judged(pd.Series([0, 0, 1, 1, 1, 2, 2], index=list("abcdefg")))
    strands, window = [as_strand("", task.work, task.load, judged)], work_window(choices, load_assumptions())
    given = {"work": plan.work, "window": window, "alternatives": pd.DataFrame()}
    made = assemble_plan(choices, street, strands, [judged], **given)
    told = [
        plan.broken.query("rule == 'municipality_whole'")
        for plan in (made, Desk(street).figures(draft_of(made)))
    ]
    assert [one[["bundle_id", "unit_id"]].to_numpy().tolist() for one in told] == [[["D2", "c"]]] * 2


def test_work_outside_every_bundle_is_told(plan):
    partial = dataclasses.replace(plan, assignment=plan.assignment.query("unit_id != 'e'"))
    assert [place.unit_id for place in checklist(partial)[0].places] == ["e"]


def test_next_problem_goes_round_all_of_them(draft, desk):
    items = checklist(desk.figures(apply(apply(draft, MoveUnits(("a",), "D3")), MoveUnits(("d",), "D1"))))
    count = sum(len(item.places) for item in items if not item.is_ok)
    seen = [None]
    for _ in range(count):
        seen.append(next_problem(items, seen[-1]))
    assert count > 1 and len(set(seen[1:])) == count
    assert next_problem(items, seen[-1]) == seen[1]


def test_nothing_broken_has_no_next_problem(draft, desk):
    items = [item for item in checklist(desk.figures(draft)) if item.is_hard]
    assert next_problem(items) is None


def test_the_units_that_moved_are_those_that_moved(draft, desk):
    after = apply(draft, MoveUnits(("c",), "D2"))
    found = difference(desk.figures(draft), desk.figures(after))
    assert found.moved[["unit_id", "before", "after"]].to_numpy().tolist() == [["c", "D1", "D2"]]
    assert dict(zip(found.pairs["before"], found.pairs["after"], strict=True)) == {
        n: n for n in ("D1", "D2", "D3")
    }


def test_bundles_under_other_names_are_no_difference(draft, desk):
    other = {"D1": "D5", "D2": "D4", "D3": "D6"}
    renamed = draft.replace(labels={"": as_labels(draft.labels[""].map(other).to_dict())})
    found = difference(desk.figures(draft), desk.figures(renamed))
    assert found.moved.empty
    assert (found.bundles["change"].abs() < 1e-9).all()


def test_a_new_bundle_has_no_counterpart(draft, desk):
    found = difference(desk.figures(draft), desk.figures(apply(draft, Split("D1", ("a",)))))
    assert ["", "D4"] in found.pairs[["before", "after"]].to_numpy().tolist()
    assert found.bundles.query("bundle_after == 'D4'")["change"].isna().all()


def test_changes_of_figures_are_the_difference_of_the_figures(draft, desk):
    plans = desk.figures(draft), desk.figures(apply(draft, MoveUnits(("c",), "D2")))
    totals = difference(*plans).totals.set_index("figure")
    expected = plans[1].totals["travel_hours"] - plans[0].totals["travel_hours"]
    assert totals.loc["travel_hours", "change"] == pytest.approx(expected)
    assert totals.loc["travel_hours", "mark"] == "worse"


def test_today_can_be_compared_with_any_plan(street, plan):
    found = difference(today_state(plan.scenario, street), plan)
    assert found.moved.empty
    assert set(found.towns["muni_code"]) == {UDA, SONI, MITSUE}
    work = found.towns.query("figure == 'annual_jpy'")
    assert work["change"].abs().max() < 1


def test_plans_on_other_units_are_not_compared(plan):
    other = street_ground([UDA, SONI], {"ab": 5})
    with pytest.raises(PlanError):
        difference(plan, make_plan(plan.scenario.replace(bundle_count=None), other))


def test_the_accounts_of_the_towns_add_up_to_the_plan(draft, desk):
    plan = desk.figures(apply(draft, MoveUnits(("c",), "D2")))
    towns = town_figures(plan)
    assert towns["travel_hours"].sum() == pytest.approx(plan.totals["travel_hours"])
    assert towns["annual_jpy"].sum() == pytest.approx(plan.totals["annual_jpy"])
    assert towns["farthest_min"].max() == pytest.approx(plan.totals["farthest_min"])
    assert towns["bundle_count"].to_dict() == {UDA: 2, SONI: 1, MITSUE: 1}


def test_the_engine_mends_what_a_hand_made_worse(draft, street, desk):
    worse = apply(draft, MoveUnits(("c",), "D2"))
    assert placed(apply(worse, improve(worse, street, desk=desk))) == placed(draft)


def test_what_the_engine_found_is_taken_only_where_it_is_better(draft, desk):
    worse = apply(draft, MoveUnits(("c",), "D2"))
    board = desk.board(draft)
    assert not _is_better(draft, board, "", worse.labels[""])
    assert not _is_better(draft, board, "", draft.labels[""])
    assert _is_better(worse, board, "", draft.labels[""])


def test_the_engine_leaves_what_it_cannot_make_better(draft, street, desk):
    assert improve(draft, street, desk=desk).labels == ()


def test_the_engine_moves_no_locked_unit_and_no_locked_bundle(draft, street, desk):
    worse = apply(draft, MoveUnits(("c",), "D2"))
    held = apply(worse, LockUnits(("c",)))
    assert apply(held, improve(held, street, desk=desk)).labels[""]["c"] == "D2"
    assert improve(apply(worse, LockBundles(("D2",))), street, desk=desk).labels == ()


def test_a_bundle_stays_on_its_ground_though_a_unit_locked_in_it_would_be_better_elsewhere(
    draft, street, desk
):
    held = apply(apply(draft, MoveUnits(("c",), "D2")), LockUnits(("c",)))
    after = apply(held, improve(held, street, desk=desk)).labels[""]
    assert after[["a", "b", "d", "e"]].tolist() == ["D1", "D1", "D2", "D2"]


def test_a_base_chosen_by_hand_stays_through_an_improvement(draft, street, desk):
    based = apply(apply(draft, MoveUnits(("c",), "D2")), SetBase("D2", "e"))
    better = apply(based, improve(based, street, desk=desk))
    assert (better.bases, placed(better)) == ({"D2": "e"}, placed(draft))


def test_the_best_so_far_can_be_looked_at_while_the_engine_works(draft, street, desk):
    worse = apply(apply(draft, MoveUnits(("c",), "D2")), MoveUnits(("f",), "D2"))
    seen = []
    improve(worse, street, desk=desk, on_best=lambda best: seen.append(best()))
    assert seen
    keys = [plan_key(desk.figures(apply(worse, edit))) for edit in seen]
    assert all(key <= plan_key(desk.figures(worse)) for key in keys)


class Report:
    """What a worker process is given to tell of itself."""

    def __init__(self):
        self.kept = []

    def __call__(self, fraction, key):
        return True

    def keep(self, value):
        self.kept.append(value)


def test_a_worker_process_hands_over_the_best_so_far_and_finds_the_same(draft, street, desk):
    worse, report = apply(draft, MoveUnits(("c",), "D2")), Report()
    assert improve_kept(worse, street, report) == improve(worse, street, desk=desk)
    assert report.kept
    assert all(
        plan_key(desk.figures(apply(worse, edit))) <= plan_key(desk.figures(worse)) for edit in report.kept
    )


def test_an_improvement_of_a_draft_that_went_on_is_refused(draft, street, desk):
    worse = apply(draft, MoveUnits(("c",), "D2"))
    found = improve(worse, street, desk=desk)
    with pytest.raises(PlanError) as told:
        apply(apply(worse, MoveUnits(("f",), "D2")), found)
    assert told.value.key == "draft_went_on"


def test_an_improvement_can_be_ended(draft, street, desk):
    worse = apply(draft, MoveUnits(("c",), "D2"))
    found = improve(worse, street, lambda part, key: False, desk=desk)
    assert found.is_cancelled
    assert desk.figures(apply(worse, found)).totals["order_count"] == 3


def plan_key(plan):
    """Rules broken, by how much, outside the window, objective hours, judged anew with the plan's own bases."""
    from gunmane.clusters import evaluate_labels

    keys = []
    for task in plan_tasks(plan):
        own = plan.assignment[plan.assignment["strand"] == task.name].set_index("unit_id")["bundle_id"]
        place = task.place
        bases = {name: plan.bundles.at[name, "base_unit_id"] for name in set(own)}
        keys.append(
            evaluate_labels(
                own, place.units, place.links, task.load, place.travel_min, task.rules, bases=bases
            ).key
        )
    return keys


def shaken(draft, rng):
    """The draft after some moves of single units, with a unit and a bundle locked."""
    for _ in range(4):
        strand = rng.choice(sorted(draft.labels))
        unit, bundle = rng.choice(list(draft.labels[strand].index)), rng.choice(draft.bundles(strand))
        with contextlib.suppress(PlanError):
            draft = apply(draft, MoveUnits((unit,), bundle))
    draft = apply(draft, LockUnits((rng.choice("abcdefg"),)))
    return apply(draft, LockBundles((rng.choice(draft.bundles()),)))


@settings(max_examples=15, phases=[Phase.explicit, Phase.generate])
@given(seed=st.integers(0, 2**32 - 1), may_cross=st.booleans(), joins=st.booleans())
def test_an_improvement_is_never_worse_and_keeps_every_lock(street, seed, may_cross, joins):
    chosen = {"may_cross_border": may_cross, "joins_owners": joins, "move_budget": 200}
    begun = draft_of(
        make_plan(Scenario("nara_uda", sectors=("road",), **chosen), street, has_alternatives=False)
    )
    draft, desk = shaken(begun, random.Random(seed)), Desk(street)
    after = apply(draft, improve(draft, street, desk=desk))
    assert plan_key(desk.figures(after)) <= plan_key(desk.figures(draft))
    for strand, labels in draft.labels.items():
        held = labels.index.isin(draft.locked_units) | labels.isin(draft.locked_bundles).to_numpy()
        assert (after.labels[strand][held] == labels[held]).all()
        assert not (after.labels[strand][~held].isin(draft.locked_bundles)).any()


def test_an_even_split_makes_two_joined_halves(draft, street, desk):
    all_in_one = draft.replace(labels={"": as_labels(dict.fromkeys("abcdefg", "D1"))})
    edit = split_evenly(all_in_one, street, "D1", desk=desk)
    assert set(edit.units) in ({"a", "b", "c"}, {"d", "e", "f", "g"}, {"a", "b", "c", "d"}, {"e", "f", "g"})
    assert edit.is_even


def test_an_even_split_leaves_locked_units_where_they_are(draft, street, desk):
    locked = apply(
        draft.replace(labels={"": as_labels(dict.fromkeys("abcdefg", "D1"))}), LockUnits(("a", "b"))
    )
    assert {"a", "b"}.isdisjoint(split_evenly(locked, street, "D1", desk=desk).units)


def test_a_bundle_of_one_unit_cannot_be_split(draft, street, desk):
    lonely = apply(draft, Split("D1", ("a",)))
    with pytest.raises(PlanError):
        split_evenly(lonely, street, "D4", desk=desk)


def test_prices_of_a_unit_are_those_of_the_borders(draft, street, desk, plan):
    found = why_here(draft, street, "c", desk=desk)
    border = border_prices(plan).query("unit_id == 'c'")
    columns = ["to_bundle_id", "travel_hours_change", "breaks_change"]
    assert found.prices[columns].to_numpy().tolist() == border[columns].to_numpy().tolist()


@pytest.mark.parametrize(
    ("edit", "unit", "key"),
    [
        (LockUnits(("c",)), "c", "unit_locked_by_hand"),
        (LockBundles(("D1",)), "c", "bundle_locked_by_hand"),
        (SetBase("D1", "c"), "c", "base_by_hand"),
        (SetBase("D1", None), "b", "base_is_best"),
        (SetBase("D1", None), "a", "no_neighbour"),
        (ChangeChoices.of(must_link=[["a", "c"]]), "c", "asked_together"),
        (ChangeChoices.of(keeps_municipality_whole=True), "c", "town_stays_whole"),
        (ChangeChoices.of(locked_units=[["c", "x"]]), "c", "locked_by_choice"),
        (ChangeChoices.of(may_cross_border=False), "c", "rules_broken_elsewhere"),
        (MoveUnits(("c",), "D2"), "c", "better_elsewhere"),
        (Split("D1", ("c",)), "c", "only_emptying"),
    ],
)
def test_what_holds_a_unit_is_said(draft, street, desk, edit, unit, key):
    held = why_here(apply(draft, edit), street, unit, desk=desk).holds
    assert key in {note.key for note in held}
    assert all(t(f"why_here.{note.key}", lang, **dict(note.values)) for note in held for lang in LANGUAGES)


def test_a_unit_cheapest_where_it_is_says_what_the_next_would_cost(draft, street, desk):
    free = apply(
        draft, ChangeChoices.of(travel_limit_min=300.0, floor_jpy=1.0, keeps_municipality_whole=False)
    )
    found = why_here(free, street, "c", desk=desk)
    (note,) = [note for note in found.holds if note.key == "dearer_elsewhere"]
    assert dict(note.values)["bundle"] == "D2"
    assert np.isclose(dict(note.values)["hours"], found.prices["objective_change"].iloc[0], atol=0.1)
