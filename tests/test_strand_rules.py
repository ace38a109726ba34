"""Further rules of a scenario reach the solver with what they count, on drawn streets and on a real region."""

from __future__ import annotations

import dataclasses

import pandas as pd
import pytest
from streets import MITSUE, SONI, UDA, street_ground

from gunmane.errors import PlanError, ScenarioError
from gunmane.explain import explain_unit, rule_checklist
from gunmane.exports.broken import broken_sentence
from gunmane.grounds import prepare_ground
from gunmane.i18n import LANGUAGES, say
from gunmane.plans import make_plan, plan_tasks
from gunmane.scenario import Scenario

STREET = {"ab": 10, "bc": 10, "cd": 10, "de": 10, "ef": 10}


@pytest.fixture(scope="module")
def street():
    """Units a to f, ten minutes apart, 100 km of road each; ab, cd and ef are three towns."""
    return street_ground([UDA] * 2 + [SONI] * 2 + [MITSUE] * 2, STREET)


def plan_with(ground, **choices):
    return make_plan(
        Scenario("nara_uda", "daily", ("road",), keeps_municipality_whole=False, **choices),
        ground,
        has_alternatives=False,
    )


def bundles(plan):
    groups = plan.assignment.groupby("bundle_id")["unit_id"]
    return {"".join(sorted(units)) for _, units in groups}


def test_the_load_counts_what_further_windows_may_ask_for(street):
    choices = {"side_windows": (("length_m", 1.0, None, True),)}
    load = plan_tasks(plan_with(street, bundle_count=2, **choices))[0].load
    assert load["length_m"].tolist() == [100_000.0] * 6
    assert (load["jpy"] == load["measure"]).all() and load["structures"].eq(0).all()
    assert (load["trade:road"] == load["onsite_hours"]).all() and (load["onsite_hours"] > 0).all()


@pytest.mark.parametrize(("column", "each"), [("length_m", 100_000.0), ("onsite_hours", None)])
def test_a_window_on_another_column_is_kept(street, column, each):
    each = each or plan_tasks(plan_with(street))[0].load[column].max()
    plan = plan_with(street, bundle_count=2, side_windows=((column, 2.5 * each, 3.5 * each, True),))
    assert bundles(plan) == {"abc", "def"}
    assert plan.broken.empty


def test_a_window_on_another_column_that_cannot_hold_is_told_with_its_amounts(street):
    plan = plan_with(street, bundle_count=2, side_windows=(("length_m", 350_000.0, None, True),))
    row = plan.broken.query("rule == 'side_floor'").iloc[0]
    assert row["column"] == "length_m" and row["limit"] == 350_000.0
    assert "350 km" in broken_sentence(plan, row.to_dict(), "en")
    check = rule_checklist(plan).query("rule == 'side_floor'").iloc[0]
    assert (check["state"], check["is_hard"], check["column"]) == ("broken", True, "length_m")


def test_locked_units_and_bundles_are_kept(street):
    locked = plan_with(street, bundle_count=2, locked_units=(("a", "west"), ("d", "west"), ("e", "east")))
    assert bundles(locked) == {"abcd", "ef"}
    whole = plan_with(street, bundle_count=3, locked_bundles=(("a",),))
    assert "a" in bundles(whole)
    assert locked.broken.empty and whole.broken.empty


def test_only_named_borders_are_crossed(street):
    plan = plan_with(street, bundle_count=2, open_borders=((UDA, SONI),))
    assert bundles(plan) == {"abcd", "ef"}
    assert plan.broken.empty


def test_a_bundle_holds_no_more_municipalities_than_allowed(street):
    plan = plan_with(street, bundle_count=2, most_municipalities=2)
    assert plan.broken.empty
    assert plan.bundles["muni_codes"].map(len).max() == 2


def test_an_unknown_border_or_locked_unit_is_named(street):
    for choices, key in (
        ({"open_borders": ((UDA, "99999"),)}, "border_unknown"),
        ({"locked_units": (("zz", "west"),)}, "unit_unknown"),
        ({"locked_bundles": (("zz",),)}, "unit_unknown"),
    ):
        with pytest.raises(ScenarioError) as caught:
            plan_with(street, **choices)
        assert caught.value.key == key
        assert all("{" not in say(caught.value, lang) for lang in LANGUAGES)


def test_a_ground_without_units_is_answered_with_a_sentence(street):
    nothing = dataclasses.replace(
        street,
        units=street.units.iloc[:0],
        links=street.links.iloc[:0],
        shares=street.shares.iloc[:0],
        travel_min=street.travel_min[:0, :0],
    )
    with pytest.raises(PlanError) as caught:
        plan_with(nothing)
    assert "{" not in say(caught.value, "ja")


def test_limits_between_sites_hold_on_a_real_region():
    ground = prepare_ground("nara_uda")
    choices = Scenario.default(
        ground.region, layer="structures", site_limit_km=12.0, keeps_municipality_whole=False
    )
    plan = make_plan(choices, ground, has_alternatives=False)
    task = plan_tasks(plan)[0]
    busy = task.place.units[task.load["is_needed"]]
    bundle = plan.assignment.set_index("unit_id")["bundle_id"].reindex(busy.index)
    farthest = busy[["x_m", "y_m"]].groupby(bundle).agg(lambda xs: xs.max() - xs.min()).max(axis=None)
    told = plan.broken[plan.broken["rule"] == "site_distance"]
    assert len(told) or farthest <= 12_000
    assert told["amount"].gt(12_000).all() and pd.notna(farthest)


def test_a_unit_of_one_strand_is_explained_beside_rules_of_another(street):
    plan = plan_with(street, joins_owners=False, must_link=(("c", "d"),), fixed_bases=("e",))
    strand = plan.assignment.query("unit_id == 'a'")["strand"].iloc[0]
    assert explain_unit(plan, "a", strand=strand).unit_id == "a"
