"""Why a plan is as it is, on a street of six units drawn here: a-b-c | d-e-f, five minutes between neighbours."""

from __future__ import annotations

import dataclasses

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import LineString, box

from gunmane import schema
from gunmane.errors import PlanError
from gunmane.evidence import Evidence, compare
from gunmane.explain import (
    bundle_places,
    change_mark,
    crossing_notes,
    explain_bundle,
    explain_unit,
    is_window_undecided,
    note_sentence,
    rule_checklist,
    state_changes,
    work_sources,
)
from gunmane.i18n import LANGUAGES, catalogue, t
from gunmane.municipalities import find_region
from gunmane.plans import make_plan
from gunmane.scenario import Ground, Note, Scenario

WEST, EAST = "29212", "29385"
NAMES = "abcdef"


def drawn_ground(minutes: float = 5.0) -> Ground:
    region = find_region("nara_uda")
    codes = [WEST, WEST, WEST, EAST, EAST, EAST]
    ids = pd.Index(list(NAMES), name="unit_id")
    units = gpd.GeoDataFrame(
        {
            "muni_code": codes,
            "name": [f"{n}村" for n in NAMES],
            "node": range(6),
            "component": 0,
            "is_piece": False,
        },
        geometry=[box(i, 0, i + 1, 1) for i in range(6)],
        index=ids,
        crs=region.epsg,
    )
    links = pd.DataFrame(
        {
            "source_id": list("abcde"),
            "target_id": list("bcdef"),
            "travel_min": minutes,
            "crosses_border": [False, False, True, False, False],
            "is_assumed": False,
        }
    )
    assets = gpd.GeoDataFrame(
        {
            "asset_id": [f"r{n}" for n in NAMES],
            "sector": "road",
            "subtype": "municipal_1",
            "name": "",
            "muni_code": codes,
            "owner_code": codes,
            "account_class": "general",
            "built_year": pd.array([pd.NA] * 6, dtype="Int16"),
            "condition": pd.array([3, 1, 1, 1, 1, pd.NA], dtype="Int8"),
            "condition_raw": "",
            "length_m": 100_000.0,
            "width_m": 4.0,
            "area_m2": np.nan,
            "annual_cost_jpy": np.nan,
            "source": "drawn",
            "is_synthetic": True,
        },
        geometry=[LineString([(i, 0.5), (i + 1, 0.5)]) for i in range(6)],
        crs=region.epsg,
    )
    place = np.arange(6)
    return Ground(
        region=region,
        assets=assets,
        rejects=pd.DataFrame({name: [] for name in schema.names("rejects")}),
        roads=assets[["geometry"]].assign(road_class="municipal_1"),
        network_facts={},
        units=units,
        links=links,
        shares=pd.DataFrame(
            {"asset_id": assets["asset_id"], "unit_id": list(NAMES), "share": 1.0, "snap_m": 0.0}
        ),
        travel_min=(np.abs(place[:, None] - place) * minutes).astype("float32"),
        hall_units={WEST: "b", EAST: "e"},
        provenance={"is_synthetic": True},
    )


@pytest.fixture(scope="module")
def two_bundles():
    ground = drawn_ground()
    choices = Scenario("nara_uda", "daily", ("road",), bundle_count=2, keeps_municipality_whole=False)
    return make_plan(choices, ground)


@pytest.fixture(scope="module")
def evidence():
    return compare(Scenario("nara_uda", "daily", ("road",), keeps_municipality_whole=False), drawn_ground())


def test_a_unit_is_nearer_to_its_own_base_than_to_the_next(two_bundles):
    reasons = explain_unit(two_bundles, "c")
    assert reasons.bundle_id == "D1"
    assert reasons.base_min == 5.0
    assert list(reasons.moves["bundle_id"]) == ["D2"]
    assert list(reasons.moves["base_min"]) == [10.0]


def test_moving_a_unit_costs_its_trips_times_the_longer_way(two_bundles):
    reasons = explain_unit(two_bundles, "c")
    expected = reasons.crew_days * 2 * (10.0 - 5.0) / 60
    assert reasons.moves["travel_hours_change"].iloc[0] == pytest.approx(expected)


def test_moving_a_unit_off_its_neighbours_breaks_connection(two_bundles):
    moves = explain_unit(two_bundles, "a").moves
    assert not moves["is_adjacent"].iloc[0]
    assert moves["breaks"].iloc[0] == ["connected"]


def test_the_unit_of_the_base_says_so(two_bundles):
    reasons = explain_unit(two_bundles, "b")
    assert reasons.is_base
    assert reasons.base_min == 0


def test_a_move_is_judged_as_making_the_plan_anew_would(two_bundles):
    choices = two_bundles.scenario.replace(must_link=(("c", "d"), ("d", "e"), ("e", "f")))
    moved = make_plan(choices, two_bundles.ground)
    change = explain_unit(two_bundles, "c").moves["travel_hours_change"].iloc[0]
    best = moved.totals["travel_hours"] - two_bundles.totals["travel_hours"]
    assert change >= best - 1e-6


def test_a_bundle_lists_its_members_by_body_and_sector(two_bundles):
    members = explain_bundle(two_bundles, "D1").members
    assert members[["owner_code", "sector"]].to_numpy().tolist() == [[WEST, "road"]]
    assert members["asset_count"].tolist() == [3]
    assert members["length_m"].tolist() == [300_000.0]
    assert members["urgent_count"].tolist() == [1]


def test_members_add_up_to_the_bundle(two_bundles):
    for bundle_id, row in two_bundles.bundles.iterrows():
        members = explain_bundle(two_bundles, bundle_id).members
        assert members["annual_jpy"].sum() == pytest.approx(row["annual_jpy"])
        assert members["onsite_hours"].sum() == pytest.approx(row["onsite_hours"])


def test_a_bundle_knows_its_neighbours_and_places(two_bundles):
    reasons = explain_bundle(two_bundles, "D2")
    assert reasons.neighbours == ("D1",)
    assert reasons.places["is_whole"].to_dict() == {EAST: True}
    assert reasons.apart == ()


def test_a_divided_municipality_is_named_as_a_part():
    choices = Scenario("nara_uda", "daily", ("road",), bundle_count=3, keeps_municipality_whole=False)
    places = bundle_places(make_plan(choices, drawn_ground()))
    assert not places["is_whole"].all()
    assert places.groupby("muni_code")["unit_count"].sum().to_dict() == {WEST: 3, EAST: 3}


def test_rules_that_hold_are_kept_and_hard_ones_named(two_bundles):
    checks = rule_checklist(two_bundles).set_index("rule")
    assert checks.loc[["connected", "travel_limit", "bundle_count"], "state"].tolist() == ["kept"] * 3
    assert "municipality_whole" not in checks.index
    assert not checks.loc["floor", "is_hard"]


def test_a_limit_that_cannot_hold_is_broken_and_says_where():
    choices = Scenario("nara_uda", "daily", ("road",), base_policy="town_hall", travel_limit_min=4.0)
    checks = rule_checklist(make_plan(choices, drawn_ground())).set_index("rule")
    assert checks.at["travel_limit", "state"] == "broken"
    assert checks.at["travel_limit", "unit_ids"]
    assert checks.at["travel_limit", "limit"] == 4.0


def test_too_many_bundles_say_how_many_are_possible():
    choices = Scenario("nara_uda", "daily", ("road",), bundle_count=999)
    checks = rule_checklist(make_plan(choices, drawn_ground())).set_index("rule")
    assert checks.at["bundle_count", "state"] == "broken"
    assert checks.at["bundle_count", "limit"] == 999
    assert checks.at["bundle_count", "amount"] <= 6


def test_sources_are_those_of_the_largest_amounts_first(two_bundles):
    sources = work_sources(two_bundles, two_bundles.work)
    assert sources["annual_jpy"].is_monotonic_decreasing
    assert sources["annual_jpy"].sum() == pytest.approx(two_bundles.totals["annual_jpy"])
    assert sources["confidence"].isin(list("ABCDE")).all()


def test_unknown_names_are_refused_by_name(two_bundles):
    with pytest.raises(PlanError, match="bundle_unknown"):
        explain_bundle(two_bundles, "D99")
    with pytest.raises(PlanError, match="unit_not_planned"):
        explain_unit(two_bundles, "zzz")
    with pytest.raises(PlanError, match="strand_unknown"):
        explain_unit(two_bundles, "a", strand="park")


def test_every_change_is_against_today(evidence):
    changes = state_changes(evidence.table, "together", figures=("order_count", "travel_hours"))
    hours = changes[changes["figure"] == "travel_hours"].set_index("state")
    today = hours.at["today", "value"]
    assert (hours["change"] - (hours["value"] - today)).abs().max() == pytest.approx(0)
    assert hours.at["today", "mark"] == ""


@pytest.mark.parametrize(
    ("figure", "change", "mark"),
    [
        ("travel_hours", -3.0, "better"),
        ("travel_hours", 3.0, "worse"),
        ("order_count", 3.0, "other"),
        ("farthest_min", 0.0, "same"),
        ("travel_hours", float("nan"), "unknown"),
    ],
)
def test_what_gets_worse_is_marked_as_plainly_as_what_gets_better(figure, change, mark):
    assert change_mark(figure, change) == mark


def test_crossing_is_told_with_figures_of_both_plans(evidence):
    notes = crossing_notes(evidence)
    values = dict(notes[0].values)
    table = evidence.table.set_index("state")
    assert values["orders_before"] == table.at["no_crossing", "order_count"]
    assert values["orders_after"] == table.at["crossing", "order_count"]


def test_crossing_without_both_plans_is_unknown(evidence):
    cut = Evidence(evidence.table[evidence.table["state"] == "today"], {}, False)
    assert [note.key for note in crossing_notes(cut)] == ["unknown"]


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        (["borderline"] * 27, True),
        (["borderline"] * 9 + ["within"], True),
        (["borderline"] * 2 + ["none"], True),
        (["borderline"] * 8 + ["within"] * 2, False),
        (["none"], False),
    ],
)
def test_a_window_that_nearly_every_bundle_straddles_decides_nothing(two_bundles, verdicts, expected):
    bundles = two_bundles.bundles.iloc[[0] * len(verdicts)].assign(window_verdict=verdicts)
    assert is_window_undecided(dataclasses.replace(two_bundles, bundles=bundles)) is expected


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_sentence_of_a_rule_is_there_in_both_languages(lang):
    words = catalogue(lang)
    for rule in ("connected", "travel_limit", "border_crossed", "municipality_whole", "municipality_auto",
                 "must_link", "cannot_link", "fixed_base", "bundle_count", "floor", "ceiling"):  # fmt: skip
        for state in ("kept", "broken"):
            assert f"check.{rule}_{state}" in words
    for gain in ("mends_size", "fewer_orders", "less_travel", "nothing", "unknown"):
        assert f"crossing.{gain}" in words


@pytest.mark.parametrize("lang", LANGUAGES)
def test_notes_name_sectors_and_layers_in_words(lang):
    said = note_sentence(Note.of("sector_without_task", sectors="bridge, tunnel", layer="daily"), lang)
    assert t("sector.bridge", lang) in said
    assert t("layer.daily", lang) in said
    assert "daily," not in said
