"""The figures of a draft, worked out bundle by bundle, are those of judging and describing the whole plan anew."""

import random

import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from streets import MITSUE, SONI, UDA, street_ground

from gunmane.clusters import evaluate_labels
from gunmane.errors import GunmaneError, PlanError
from gunmane.grounds import prepare_ground
from gunmane.plans import assemble_plan, make_plan, plan_tasks
from gunmane.scenario import Scenario
from gunmane.strands import as_strand
from gunmane.window import Window
from gunmane.workbench import (
    ChangeChoices,
    Desk,
    History,
    LockBundles,
    LockUnits,
    Merge,
    MoveUnits,
    NewBundle,
    SetBase,
    Split,
    UnlockAll,
    draft_of,
    figures,
)

NUMBERS = [
    "unit_count",
    "annual_jpy",
    "annual_jpy_low",
    "annual_jpy_high",
    "structure_count",
    "onsite_hours",
    "grade_e_share",
    "travel_hours",
    "farthest_min",
    "unreached_units",
    "asset_count",
    "length_m",
    "area_m2",
]
WORDS = [
    "muni_codes",
    "owner_codes",
    "fields",
    "is_wide_area",
    "is_multi_sector",
    "base_unit_id",
    "base_name",
    "lead_code",
    "window_verdict",
    "rules_broken",
    "strand",
]


@pytest.fixture(scope="module")
def street():
    """Seven units in three towns along one road with a side way: a-b-c | d-e | f-g, a to d as well."""
    towns = [UDA, UDA, UDA, SONI, SONI, MITSUE, MITSUE]
    ways = {"ab": 5, "bc": 6, "cd": 9, "de": 4, "ef": 12, "fg": 5, "ad": 15}
    return street_ground(towns, ways, km={"b": 40.0, "e": 300.0, "g": 0.0})


def fresh(plan, draft):
    """The plan of a draft's labels and bases, with nothing taken from what was known before."""
    tasks = plan_tasks(plan)
    groupings = []
    for task in tasks:
        labels, place = draft.labels[task.name], task.place
        bases = {name: unit for name, unit in draft.bases.items() if (labels == name).any()}
        groupings.append(
            evaluate_labels(
                labels, place.units, place.links, task.load, place.travel_min, task.rules, bases=bases
            )
        )
    solved = [
        as_strand(task.name, task.work, task.load, one) for task, one in zip(tasks, groupings, strict=True)
    ]
    return assemble_plan(
        draft.scenario,
        plan.ground,
        solved,
        groupings,
        work=plan.work,
        window=Window(**plan.window),
        alternatives=pd.DataFrame(),
    )


def fresh_names(plan, other):
    """The name that each bundle of `other` has in `plan`."""
    both = other.assignment.merge(plan.assignment, on=["strand", "unit_id"], suffixes=("", "_plan"))
    assert len(both) == len(plan.assignment) == len(other.assignment)
    pairs = both[["bundle_id", "bundle_id_plan"]].drop_duplicates()
    assert pairs["bundle_id"].is_unique and pairs["bundle_id_plan"].is_unique
    return pairs.set_index("bundle_id")["bundle_id_plan"]


def broken_rows(plan, name_of):
    rows = plan.broken.assign(bundle_id=plan.broken["bundle_id"].map(name_of).fillna(""))
    rows[["amount", "limit"]] = rows[["amount", "limit"]].round(6)
    return sorted(map(tuple, rows[sorted(rows.columns)].astype(str).to_numpy().tolist()))


def assert_as_fresh(draft, plan):
    other = fresh(plan, draft)
    name_of = fresh_names(plan, other)
    bundles = other.bundles.rename(index=name_of).loc[plan.bundles.index]
    mine, theirs = (table[NUMBERS].astype("float64").to_numpy() for table in (plan.bundles, bundles))
    np.testing.assert_allclose(mine, theirs, rtol=1e-9, atol=1e-9)
    assert plan.bundles[WORDS].to_dict("index") == bundles[WORDS].to_dict("index")
    assert (
        plan.bundles["worst_condition"].astype(str).tolist()
        == bundles["worst_condition"].astype(str).tolist()
    )
    assert plan.bundles.geometry.geom_equals(bundles.geometry).all()
    assert plan.totals == pytest.approx(other.totals, rel=1e-9, nan_ok=True)
    assert broken_rows(plan, dict.fromkeys(plan.bundles.index) | {n: n for n in plan.bundles.index}) == (
        broken_rows(other, name_of)
    )
    members = other.members.assign(bundle_id=other.members["bundle_id"].map(name_of))
    pd.testing.assert_frame_equal(plan.members, members, check_dtype=False)
    assert plan.notes == other.notes
    assert plan.bundles[NUMBERS].dtypes.equals(bundles[NUMBERS].dtypes)


def drawn_edit(draft, rng):
    """Any edit that a hand may do, possible or not."""
    strand = rng.choice(sorted(draft.labels))
    units, bundles = list(draft.labels[strand].index), draft.bundles(strand)
    some = tuple(rng.sample(units, rng.randint(1, min(4, len(units)))))
    bundle = rng.choice(bundles)
    own = draft.units_of(bundle)
    if rng.random() < 0.05:
        return ChangeChoices.of(travel_limit_min=rng.choice([None, 8.0, 60.0]))
    return rng.choice(
        [
            MoveUnits(some, bundle),
            MoveUnits(some[:1], bundle),
            MoveUnits(some[:1], bundle),
            NewBundle(some, strand),
            Merge(tuple(rng.sample(bundles, min(2, len(bundles))))),
            Split(bundle, tuple(rng.sample(own, max(1, len(own) // 2)))),
            SetBase(bundle, rng.choice([None, *own])),
            LockUnits(some[:1]),
            LockBundles((bundle,)),
            UnlockAll(),
        ]
    )


def after_random_acts(history, rng, count):
    """Yield the history after each of so many acts; those that cannot be are passed over."""
    for _ in range(count):
        act = rng.choice(["edit"] * 5 + ["undo", "redo"])
        try:
            history = history.did(drawn_edit(history.draft, rng)) if act == "edit" else (
                history.undone() if act == "undo" else history.redone()
            )  # fmt: skip
        except GunmaneError:
            continue
        yield history


choices = st.fixed_dictionaries(
    {
        "may_cross_border": st.booleans(),
        "joins_owners": st.booleans(),
        "is_window_hard": st.booleans(),
        "base_policy": st.sampled_from(["best", "town_hall"]),
        "must_link": st.sampled_from([(), (("a", "c"),)]),
        "base_count": st.sampled_from([None, 2]),
    }
)


# A whole sequence is drawn from one seed: there is nothing to shrink.
@settings(max_examples=40, phases=[Phase.explicit, Phase.generate])
@given(seed=st.integers(0, 2**32 - 1), chosen=choices)
def test_after_any_edits_figures_are_those_of_a_fresh_evaluation(street, seed, chosen):
    scenario = Scenario("nara_uda", sectors=("road",), travel_limit_min=30.0, move_budget=200, **chosen)
    history = History(draft_of(make_plan(scenario, street, has_alternatives=False)))
    desk = Desk(street)
    plan = desk.figures(history.draft)
    for history in after_random_acts(history, random.Random(seed), 8):  # noqa: B020
        plan = desk.figures(history.draft)
    assert_as_fresh(history.draft, plan)


def run_on_region(region, layer, seeds, acts):
    ground = prepare_ground(region)
    scenario = Scenario.default(ground.region, layer=layer, move_budget=2000)
    begun, desk = History(draft_of(make_plan(scenario, ground, has_alternatives=False))), Desk(ground)
    for seed in seeds:
        last = begun
        for later in after_random_acts(begun, random.Random(seed), acts):
            last = later
            plan = desk.figures(later.draft)
        if last is not begun:
            assert_as_fresh(last.draft, plan)


def test_figures_of_a_real_region_are_those_of_a_fresh_evaluation():
    run_on_region("nara_uda", "daily", range(2), 12)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("region", "layer", "sequences"),
    [
        ("nara_uda", "daily", 80),
        ("nara_uda", "structures", 80),
        ("osaka_senshu", "daily", 30),
        ("hyogo_tajima", "daily", 10),
    ],
)
def test_figures_stay_those_of_a_fresh_evaluation_over_200_sequences(region, layer, sequences):
    run_on_region(region, layer, range(sequences), 12)


def test_undo_brings_back_every_figure(street):
    scenario = Scenario("nara_uda", sectors=("road",), move_budget=200)
    history, desk = History(draft_of(make_plan(scenario, street, has_alternatives=False))), Desk(street)
    before = desk.figures(history.draft)
    bundle = history.draft.bundles()[0]
    moved = history.did(Split(bundle, tuple(history.draft.units_of(bundle)[:1])))
    assert desk.figures(moved.draft).totals["order_count"] == before.totals["order_count"] + 1
    again = desk.figures(moved.undone().draft)
    pd.testing.assert_frame_equal(
        again.bundles.drop(columns="geometry"), before.bundles.drop(columns="geometry")
    )


def test_the_draft_of_a_plan_has_the_figures_of_the_plan(street):
    plan = make_plan(Scenario("nara_uda", sectors=("road",), move_budget=200), street)
    found = figures(draft_of(plan), street)
    assert found.totals == pytest.approx(plan.totals)
    assert list(found.bundles.index) == list(plan.bundles.index)


def test_bundles_keep_their_names_over_edits(street):
    plan = make_plan(Scenario("nara_uda", sectors=("road",), bundle_count=3, move_budget=200), street)
    history = History(draft_of(plan)).did(Merge(("D1", "D2")))
    kept = history.draft.bundles()
    named = figures(history.did(NewBundle(("a",))).draft, street)
    assert set(kept) < set(named.bundles.index)
    assert "D4" in named.bundles.index


def test_a_draft_of_other_data_is_not_worked_out(street):
    draft = draft_of(make_plan(Scenario("nara_uda", sectors=("road",), move_budget=200), street))
    other = street_ground(
        [UDA, UDA, UDA, SONI, SONI, SONI, MITSUE], {"ab": 5, "bc": 6, "cd": 9, "de": 4, "ef": 1}
    )
    with pytest.raises(PlanError) as told:
        figures(draft, other)
    assert told.value.key == "draft_other_ground"
