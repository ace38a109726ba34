"""A scenario refuses what cannot be planned and tells apart what differs."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from gunmane.errors import ScenarioError
from gunmane.i18n import LANGUAGES, say
from gunmane.municipalities import find_region
from gunmane.scenario import Scenario


@pytest.mark.parametrize(
    ("choice", "key"),
    [
        ({"layer": "weekly"}, "layer_unknown"),
        ({"sectors": ("road", "harbour")}, "sector_unknown"),
        ({"sectors": ()}, "sector_unknown"),
        ({"bundle_count": 0}, "bundle_count_range"),
        ({"floor_jpy": -1.0}, "must_be_positive"),
        ({"travel_limit_min": float("nan")}, "must_be_positive"),
        ({"floor_jpy": 2e8, "ceiling_jpy": 1e8}, "window_order"),
        ({"base_policy": "moon"}, "base_policy_unknown"),
        ({"seed": -1}, "seed_range"),
    ],
)
def test_a_choice_out_of_range_is_refused(choice, key):
    with pytest.raises(ScenarioError) as caught:
        Scenario("nara_uda", **choice)
    assert caught.value.key == key


@pytest.mark.parametrize(
    ("choice", "key"),
    [
        ({"bundle_count": 1.5}, "bundle_count_range"),
        ({"bundle_count": "3"}, "bundle_count_range"),
        ({"base_count": float("nan")}, "count_range"),
        ({"seed": None}, "seed_range"),
        ({"move_budget": float("inf")}, "seed_range"),
        ({"floor_jpy": "3"}, "must_be_positive"),
        ({"evenness_strength": None}, "strength_range"),
        ({"may_cross_border": "no"}, "flag_wrong"),
        ({"must_link": (("a", "b", "c"),)}, "rows_wrong"),
        ({"cannot_link": ("ab",)}, "rows_wrong"),
        ({"fixed_bases": "abc"}, "rows_wrong"),
        ({"locked_bundles": ("abc",)}, "rows_wrong"),
        ({"side_windows": (("jpy", 1.0),)}, "rows_wrong"),
        ({"side_windows": (("jpy", "a", None, False),)}, "must_be_positive"),
        ({"sectors": None}, "sector_unknown"),
    ],
)
def test_a_choice_of_another_kind_is_refused_with_a_sentence(choice, key):
    with pytest.raises(ScenarioError) as caught:
        Scenario("nara_uda", **choice)
    assert caught.value.key == key
    assert all("{" not in say(caught.value, lang) for lang in LANGUAGES)


def test_numbers_of_an_array_are_plain_numbers():
    numbered = Scenario("nara_uda", bundle_count=np.int64(3), floor_jpy=np.float64(2.5))
    assert numbered.fingerprint() == Scenario("nara_uda", bundle_count=3, floor_jpy=2.5).fingerprint()


def test_the_order_of_sectors_does_not_matter():
    a = Scenario("nara_uda", sectors=("park", "road"))
    assert a == Scenario("nara_uda", sectors=("road", "park"))
    assert a.fingerprint() == Scenario("nara_uda", sectors=("road", "park")).fingerprint()


def test_choices_from_a_file_are_the_same_choices():
    choices = {
        "must_link": (("a", "b"),),
        "side_windows": (("jpy", 1.0, None, True),),
        "locked_bundles": (("c", "d"),),
        "open_borders": (("29212", "29385"),),
    }
    given = Scenario("nara_uda", **choices)
    assert Scenario(**json.loads(json.dumps(dataclasses.asdict(given)))) == given


def test_another_choice_has_another_fingerprint():
    a = Scenario("nara_uda")
    assert a.fingerprint() != a.replace(may_cross_border=False).fingerprint()


def test_a_region_opens_on_what_it_works_on():
    assert Scenario.default(find_region("nara_uda")).layer == "structures"
    assert Scenario.default(find_region("hiroshima_geihoku")).has_snow_removal
    assert Scenario.default(find_region("osaka_senshu")).sectors == ("road", "park", "sewer")


def test_the_other_package_takes_all_its_sectors():
    assert Scenario.default(find_region("nara_uda"), layer="daily").sectors == (
        "road",
        "park",
        "sewer",
        "river",
    )
