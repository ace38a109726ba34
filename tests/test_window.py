"""The work window and the verdict of a range against it."""

from __future__ import annotations

import pytest

from gunmane.assumptions import load_assumptions
from gunmane.scenario import Scenario
from gunmane.window import Window, travel_limit_min, work_window

WINDOW = Window("jpy", (20, 35, 50), (50, 100, 150), (150, 200, 225))


@pytest.mark.parametrize(
    ("work", "verdict"),
    [
        ((40, 80, 150), "within"),
        ((5, 10, 20), "below"),
        ((300, 400, 500), "above"),
        ((10, 50, 150), "borderline"),
        ((100, 150, 300), "borderline"),
        ((0, 0, 0), "none"),
    ],
)
def test_a_range_that_straddles_a_limit_is_borderline(work, verdict):
    assert WINDOW.verdict(*work) == verdict


def test_structures_are_counted_until_yen_are_given():
    assert work_window(Scenario("x", layer="structures"), load_assumptions()).measure == "structures"
    given = work_window(Scenario("x", layer="structures", floor_jpy=1e7), load_assumptions())
    assert (given.measure, given.floor) == ("jpy", (1e7, 1e7, 1e7))


def test_the_target_stays_inside_a_window_that_the_user_has_narrowed():
    window = work_window(Scenario("x", ceiling_jpy=4e7), load_assumptions())
    assert window.target[1] == 4e7


def test_the_limit_is_the_users_or_the_packages():
    assumptions = load_assumptions()
    assert travel_limit_min(Scenario("x", travel_limit_min=10), assumptions) == 10
    assert travel_limit_min(Scenario("x", layer="daily"), assumptions) == 45
    assert travel_limit_min(Scenario("x", layer="structures"), assumptions) == 120
