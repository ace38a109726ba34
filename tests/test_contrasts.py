"""What each choice alone changes: which pairs there are, what they say, and that the states stay what they were."""

from __future__ import annotations

import dataclasses
import functools
import itertools

import numpy as np
import pandas as pd
import pytest

from app_pages.compare_works import rate
from gunmane.contrasts import (
    PAIR_FIGURES,
    Cell,
    Meaning,
    change_verdict,
    figure_trials,
    meaning_of,
    plan_bridges,
    plan_trials,
)
from gunmane.errors import ScenarioError
from gunmane.evidence import FIGURES, STATES, WORKS_FIGURES, Evidence, compare
from gunmane.explain import works_changes, works_notes
from gunmane.exports.comparison import comparison_sheet, pair_sheets
from gunmane.grounds import prepare_ground
from gunmane.i18n import LANGUAGES, t
from gunmane.municipalities import find_region
from gunmane.plans import make_plan, plan_labels, scenario_work
from gunmane.scenario import Plan, Scenario

REGIONS = {"bridges": ("wakayama_ito", "structures"), "roads": ("hiroshima_geihoku", "daily")}


@functools.cache
def evidence_of(name: str) -> Evidence:
    region_id, layer = REGIONS[name]
    return compare(Scenario.default(find_region(region_id), layer=layer), prepare_ground(region_id))


@pytest.fixture(scope="module")
def bridges() -> Evidence:
    """A prefecture with a city and three towns, so that bodies joined and borders crossed are two choices."""
    return evidence_of("bridges")


def cell_of(row: dict[str, str], *, is_made: bool) -> Cell:
    """The combination that one side of a pair names; what a pair does not name changes nothing."""
    made = {"crossing": "yes", "owners": "joined", "fields": "together", "": True}
    settings = {name: row[name] in ("", made[name]) for name in ("crossing", "owners", "fields")}
    return Cell(**{**settings, row["factor"]: is_made})


# -- which pairs there are -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("meaning", "count"),
    [
        (Meaning(False, False, False, False), 1),
        (Meaning(True, False, False, False), 2),
        (Meaning(True, False, True, False), 3),
        (Meaning(True, True, True, False), 4),
        (Meaning(True, True, True, True), 8),
    ],
)
def test_a_choice_that_changes_nothing_makes_no_plan(meaning, count):
    assert len(meaning.cells()) == count


@pytest.mark.parametrize("flags", list(itertools.product((False, True), repeat=3)))
def test_a_combination_that_stands_for_others_stands_for_itself(flags):
    for known in itertools.product((False, True), repeat=4):
        meaning = Meaning(*known)
        once = meaning.cell(Cell(*flags))
        assert meaning.cell(once) == once


@pytest.mark.parametrize(
    ("region_id", "joins_owners", "expected"),
    [
        ("nara_uda", True, Meaning(crossing=True, crossing_apart=False, owners=False, fields=False)),
        ("nara_uda", False, Meaning(crossing=True, crossing_apart=False, owners=True, fields=False)),
        ("wakayama_ito", True, Meaning(crossing=True, crossing_apart=True, owners=True, fields=False)),
        ("shiga_kusatsu", True, Meaning(crossing=False, crossing_apart=False, owners=False, fields=True)),
    ],
)
def test_only_choices_that_can_differ_are_compared(region_id, joins_owners, expected):
    scenario = Scenario.default(find_region(region_id), joins_owners=joins_owners)
    ground = prepare_ground(region_id)
    assert meaning_of(scenario, scenario_work(scenario, ground), ground) == expected


def test_each_choice_is_shown_by_the_settings_of_the_others(bridges):
    pairs = bridges.pairs.drop_duplicates(["factor", "crossing", "owners", "fields"])
    assert pairs[["factor", "crossing", "owners", "fields"]].to_numpy().tolist() == [
        ["crossing", "", "joined", ""],
        ["crossing", "", "apart", ""],
        ["owners", "yes", "", ""],
        ["owners", "no", "", ""],
    ]


# -- what they say ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", REGIONS)
def test_both_sides_of_a_pair_are_the_figures_of_its_plans(name):
    evidence = evidence_of(name)
    for row in evidence.pairs[evidence.pairs["figure"] == "order_count"].to_dict("records"):
        for side, is_made in (("before", False), ("after", True)):
            assert row[side] == evidence.cells[cell_of(row, is_made=is_made)].totals["order_count"]


@pytest.mark.parametrize("name", REGIONS)
def test_ranges_hold_the_central_value_and_changes_are_after_less_before(name):
    pairs = evidence_of(name).pairs.dropna(subset=["change"])
    for part in ("before", "after", "change"):
        assert (pairs[f"{part}_low"] <= pairs[part] + 1e-9).all()
        assert (pairs[part] <= pairs[f"{part}_high"] + 1e-9).all()
    np.testing.assert_allclose(pairs["change"], pairs["after"] - pairs["before"])


@pytest.mark.parametrize("name", REGIONS)
def test_hours_of_different_numbers_of_orders_are_not_ranked(name):
    pairs = evidence_of(name).pairs
    orders = pairs[pairs["figure"] == "order_count"]["change"].to_numpy()
    hours = pairs[pairs["figure"] == "travel_hours"]["verdict"].to_numpy()
    assert ((hours == "not_ranked") == (orders != 0)).all() and (orders != 0).any()


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ([-2.0, -1.0, 0.0], "less"),
        ([2.0, 1.0, 3.0], "more"),
        ([1.0, -1.0, 2.0], "borderline"),
        ([0.0, 0.0, 2.0], "borderline"),
        ([0.0, 0.05, -0.05], "same"),
        ([1.0, np.nan, 1.0], "unknown"),
    ],
)
def test_a_verdict_holds_only_where_no_point_says_the_opposite(change, verdict):
    assert change_verdict(np.array(change), least=0.1) == verdict


def test_a_window_that_straddles_the_floor_gives_a_range(two_towns):
    # Two bundles of 10 million (3 to 40), a floor of 20: none, both or neither is too small.
    values = figure_trials(two_towns, pd.DataFrame())["below_floor"]
    assert values.tolist() == [2.0, 2.0, 0.0]


@pytest.fixture
def two_towns() -> Plan:
    scenario = Scenario.default(find_region("nara_uda"), layer="daily")
    plan = make_plan(scenario.replace(move_budget=50), prepare_ground("nara_uda"), has_alternatives=False)
    bundles = plan.bundles.iloc[:2].assign(
        annual_jpy=1e7, annual_jpy_low=3e6, annual_jpy_high=4e7, window_verdict="borderline"
    )
    window = {**plan.window, "floor": (2e7, 2e7, 2e7), "ceiling": (9e7, 9e7, 9e7)}
    return dataclasses.replace(plan, bundles=bundles, window=window)


# -- bridges and their works -----------------------------------------------------------------------------------


def test_every_planned_bridge_is_repaired_in_one_bundle(bridges):
    for plan in bridges.cells.values():
        held = plan_bridges(plan)
        assert held["asset_id"].is_unique
        assert set(held["bundle_id"]) <= set(plan.bundles.index)
        assert len(held) == round(plan.totals["structure_count"])


def test_daily_work_has_no_works_contracts():
    evidence = evidence_of("roads")
    assert evidence.trials.empty
    assert evidence.table[list(WORKS_FIGURES)].isna().all(axis=None)
    assert set(evidence.pairs.loc[evidence.pairs["figure"] == "engineers", "verdict"]) == {"unknown"}
    assert works_notes(evidence) == ()


def test_bridges_that_daily_work_looks_after_have_no_works_contracts(bridges):
    plan = bridges.plans["together", "crossing"]
    daily = dataclasses.replace(plan, scenario=plan.scenario.replace(layer="daily"))
    assert len(plan_bridges(plan)) and plan_bridges(daily).empty


def test_joining_bridges_never_adds_contracts_at_any_point(bridges):
    today = bridges.trials[bridges.trials["state"] == "today"]["worsening_contracts"].to_numpy()
    joined = bridges.trials[bridges.trials["state"] == "crossing"]["worsening_contracts"].to_numpy()
    assert (joined <= today + 1e-9).all() and joined[0] < today[0]


def test_changes_are_taken_at_the_same_point_of_the_ranges_on_both_sides(bridges):
    pairs = bridges.pairs[bridges.pairs["figure"] == "engineers"]
    for row in pairs.to_dict("records"):
        before, after = (
            plan_trials(bridges.cells[cell_of(row, is_made=side)])["engineers"] for side in (False, True)
        )
        assert row["change_low"] == pytest.approx((after - before).min())
        assert row["change_high"] == pytest.approx((after - before).max())


def test_one_bridge_a_contract_leaves_nothing_to_join(bridges):
    single = bridges.trials[bridges.trials["bridges_per_contract"] == 1]
    assert single.groupby("probability")["contracts"].agg(np.ptp).max() < 1e-6


def test_the_same_plan_gives_the_same_trials(bridges):
    plan = bridges.plans["together", "crossing"]
    pd.testing.assert_frame_equal(plan_trials(plan), plan_trials(plan))


def test_changes_of_works_are_against_today(bridges):
    changes = works_changes(bridges, "together", figures=("contracts", "engineers"))
    own = changes[changes["figure"] == "contracts"].set_index("state")
    assert own.at["today", "mark"] == "" and own.at["today", "change"] == 0
    assert own.at["crossing", "verdict"] == "less" and own.at["crossing", "mark"] == "other"
    assert (
        own.at["crossing", "change_low"] <= own.at["crossing", "change"] <= own.at["crossing", "change_high"]
    )


# -- the comparison around them --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", REGIONS)
def test_states_and_columns_stay_and_new_figures_stand_behind(name):
    evidence = evidence_of(name)
    assert list(evidence.table.columns) == ["fields", "state", *FIGURES, *WORKS_FIGURES]
    assert set(evidence.table["state"]) <= set(STATES)
    assert not evidence.is_partial


@pytest.mark.parametrize("name", REGIONS)
def test_states_and_combinations_share_their_plans(name):
    evidence = evidence_of(name)
    assert evidence.cells[Cell(False, True, True)] is evidence.plans["together", "no_crossing"]
    assert evidence.cells[Cell(True, True, True)] is evidence.plans["together", "crossing"]
    assert len(evidence.cells) == 4


@pytest.mark.parametrize("joins_fields", [True, False])
@pytest.mark.parametrize("bundle_count", [None, 4])
def test_a_plan_is_the_same_by_itself_and_in_the_comparison(joins_fields, bundle_count):
    ground = prepare_ground("nara_uda")
    scenario = Scenario.default(find_region("nara_uda"), layer="daily", bundle_count=bundle_count)
    scenario = scenario.replace(joins_fields=joins_fields, may_cross_border=True)
    compared = compare(scenario, ground).plans["together" if joins_fields else "apart", "crossing"]
    assert plan_labels(compared).keys() == plan_labels(make_plan(scenario, ground)).keys()
    assert compared.totals == make_plan(scenario, ground).totals


def test_a_comparison_stopped_half_way_says_so_and_keeps_whole_pairs_only():
    scenario = Scenario.default(find_region("wakayama_ito"))
    ground = prepare_ground("wakayama_ito")
    cut = compare(scenario, ground, progress=lambda fraction, key: fraction < 0.5)
    assert cut.is_partial
    assert set(cut.table["state"]) == {"today", "today_moved", "no_crossing", "crossing"}
    assert set(cut.pairs["factor"]) == {"crossing"} and len(cut.pairs) == len(PAIR_FIGURES)


def test_a_coefficient_that_cannot_be_is_told_before_any_plan_is_made():
    wrong = (("bridges_per_contract", (0.0, 5.0, 10.0)),)
    scenario = Scenario.default(find_region("wakayama_ito"), assumption_overrides=wrong)
    steps = []
    with pytest.raises(ScenarioError, match="bridges_per_contract"):
        compare(scenario, prepare_ground("wakayama_ito"), progress=lambda fraction, key: steps.append(key))
    assert steps == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_workbook_holds_works_contracts_and_pairs(bridges, lang):
    sheet = comparison_sheet(bridges, lang)
    heads = [name for name, _ in sheet.columns]
    engineers = [row[heads.index(t("files.column.engineers", lang))] for row in sheet.rows]
    assert engineers == pytest.approx(list(bridges.table["engineers"]))
    (pairs,) = pair_sheets(bridges, lang)
    assert len(pairs.rows) == len(bridges.pairs)
    assert t("compare.pair.setting.owners_joined", lang) in {row[1] for row in pairs.rows}


@pytest.mark.parametrize(
    ("value", "said"),
    [(0.04, "0"), (0.16, "0.2"), (1.46, "1.5"), (17.85, "18"), (0.0, "0"), (np.nan, "不明")],
)
def test_a_rate_has_two_figures_and_no_false_digits(value, said):
    assert rate(value) == said
