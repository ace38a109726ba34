"""Choices that contradict each other are refused with a sentence in both languages before a plan is made."""

from __future__ import annotations

import pytest

from gunmane.errors import ScenarioError
from gunmane.i18n import LANGUAGES, catalogue, say
from gunmane.scenario import Scenario

REFUSED = [
    ({"locked_units": (("a", "north"), ("a", "south"))}, "locked_twice"),
    ({"locked_bundles": (("a", "b"), ("b", "c"))}, "in_two_locked_bundles"),
    ({"locked_bundles": ((),)}, "locked_bundle_empty"),
    ({"must_link": (("a", "b"),), "cannot_link": (("b", "a"),)}, "tied_and_apart"),
    ({"must_link": (("a", "b"), ("b", "c")), "cannot_link": (("a", "c"),)}, "tied_and_apart"),
    ({"cannot_link": (("a", "a"),)}, "tied_and_apart"),
    ({"must_link": (("a", "b"),), "locked_units": (("a", "north"), ("b", "south"))}, "tied_and_apart"),
    ({"locked_units": (("a", "north"), ("b", "north")), "cannot_link": (("a", "b"),)}, "tied_and_apart"),
    ({"locked_bundles": (("a", "b"),), "must_link": (("b", "c"),)}, "tied_and_apart"),
    ({"locked_bundles": (("a", "b"),), "cannot_link": (("a", "b"),)}, "tied_and_apart"),
    ({"side_windows": (("trees", 1.0, None, True),)}, "side_column_unknown"),
    ({"side_windows": (("jpy", -1.0, None, True),)}, "must_be_positive"),
    ({"side_windows": (("onsite_hours", 9.0, 3.0, True),)}, "side_window_order"),
    ({"site_limit_min": 120.0}, "site_limit_layer"),
    ({"layer": "structures", "site_limit_km": 0.0}, "must_be_positive"),
    ({"base_count": 0}, "count_range"),
    ({"base_count": 1, "fixed_bases": ("a", "b")}, "base_count_fixed"),
    ({"most_municipalities": 0}, "count_range"),
    ({"evenness_strength": -1.0}, "strength_range"),
    ({"compactness_strength": float("nan")}, "strength_range"),
]


@pytest.mark.parametrize(("choice", "key"), REFUSED)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_contradiction_is_refused_with_a_sentence(choice, key, lang):
    with pytest.raises(ScenarioError) as caught:
        Scenario("nara_uda", **choice)
    assert caught.value.key == key
    assert "{" not in say(caught.value, lang)


@pytest.mark.parametrize(
    "choice",
    [
        {"must_link": (("a", "b"),), "cannot_link": (("a", "c"),)},
        {"locked_bundles": (("a", "b"), ("c",)), "must_link": (("a", "b"),), "cannot_link": (("a", "c"),)},
        {"locked_units": (("a", "n"), ("b", "n"), ("c", "s")), "must_link": (("a", "b"),)},
        {"side_windows": (("jpy", 3.0, None, True), ("jpy", None, 9.0, False))},
        {"base_count": 1, "fixed_bases": ("a", "b"), "joins_owners": False},
    ],
)
def test_choices_that_agree_are_taken(choice):
    assert Scenario("nara_uda", **choice).fingerprint() != Scenario("nara_uda").fingerprint()


def test_a_refusal_names_fields_by_their_words():
    with pytest.raises(ScenarioError) as caught:
        Scenario("nara_uda", evenness_strength=-1.0)
    assert catalogue("ja")["field_name.evenness_strength"] in say(caught.value, "ja")
