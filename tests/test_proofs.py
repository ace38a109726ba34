"""How far the plan of a real region is from the best there is."""

import dataclasses

import pandas as pd
import pytest

from gunmane.explain import note_sentence
from gunmane.grounds import prepare_ground
from gunmane.plans import make_plan
from gunmane.proofs import COLUMNS, prove_plan
from gunmane.scenario import Scenario


@pytest.fixture(scope="module")
def ground():
    return prepare_ground("nara_uda")


@pytest.fixture(scope="module")
def plan(ground):
    return make_plan(Scenario.default(ground.region, layer="structures"), ground, has_alternatives=False)


def moved(plan):
    """The plan with one municipality of a bundle with several put into a bundle of its own."""
    labels = plan.assignment.set_index("unit_id")["bundle_id"]
    town = plan.ground.units["muni_code"].reindex(labels.index)
    several = town.groupby(labels).nunique().idxmax()
    alone = town[labels == several].iloc[0]
    table = plan.assignment.assign(bundle_id=labels.where(town != alone, "S99").to_numpy())
    bundles = pd.concat([plan.bundles, plan.bundles.iloc[:1].rename(index=lambda _: "S99")])
    return dataclasses.replace(plan, assignment=table, bundles=bundles)


def test_plan_of_whole_municipalities_is_the_best_there_is(plan):
    found = prove_plan(plan)
    assert list(found.table.columns) == list(COLUMNS)
    assert found.table[["state", "is_proven", "gap_ratio"]].to_numpy().tolist() == [["best", True, 0.0]]
    assert found.plan is plan
    assert found.table["objective_hours"].tolist() == pytest.approx([plan.totals["travel_hours"]])


def test_plan_moved_by_hand_is_told_a_better_one(plan):
    found = prove_plan(moved(plan))
    assert found.table["state"].tolist() == ["better"]
    assert found.plan.assignment["bundle_id"].tolist() == plan.assignment["bundle_id"].tolist()
    assert [note.key for note in found.facts][-1] == "proof_better_is_best"


def test_strand_of_too_many_units_says_why_not(ground):
    rules = Scenario.default(ground.region, layer="daily", keeps_municipality_whole=False)
    found = prove_plan(make_plan(rules, ground, has_alternatives=False))
    assert found.table["state"].tolist() == ["refused"]
    assert found.proofs == {}
    assert str(len(ground.units)) in note_sentence(found.facts[0], "ja")


def test_each_strand_is_proven_apart(ground):
    rules = Scenario.default(ground.region, layer="daily", joins_fields=False, keeps_municipality_whole=True)
    plan = make_plan(rules, ground, has_alternatives=False)
    found = prove_plan(plan)
    assert found.table["strand"].tolist() == sorted(plan.assignment["strand"].unique())
    assert (found.table["state"] == "best").all()


def test_proof_ended_early_still_tells_how_far_the_plan_may_be(plan):
    found = prove_plan(plan, time_limit_s=0.0)
    assert found.table["state"].tolist() == ["near"]
    assert 0 <= found.table["gap_ratio"].iloc[0] <= 1
    assert "%" in note_sentence(found.facts[0], "en")
