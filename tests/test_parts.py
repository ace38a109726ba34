"""Parts of a municipality that only a neighbour's roads join are linked, and nothing else is."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from gunmane.units import join_own_parts


@pytest.fixture
def units():
    """Town A lies on both sides of town B: a1 -5- b1 -5- a2, and a3 on an island."""
    return pd.DataFrame(
        {"muni_code": ["A", "A", "A", "B"]}, index=pd.Index(["a1", "a2", "a3", "b1"], name="unit_id")
    )


@pytest.fixture
def links():
    return pd.DataFrame(
        {
            "source_id": ["a1", "a2"],
            "target_id": ["b1", "b1"],
            "travel_min": [5.0, 5.0],
            "crosses_border": [True, True],
            "is_assumed": [False, False],
        }
    )


@pytest.fixture
def travel_min():
    far = np.inf
    return np.array([[0, 10, far, 5], [10, 0, far, 5], [far, far, 0, far], [5, 5, far, 0]], dtype="float32")


def test_two_parts_of_a_town_are_joined_over_the_neighbours_road(units, links, travel_min):
    added = join_own_parts(units, links, travel_min).query("is_over_neighbour")
    assert added[["source_id", "target_id", "travel_min"]].values.tolist() == [["a1", "a2", 10.0]]
    assert not added["crosses_border"].any() and not added["is_assumed"].any()


def test_an_island_stays_apart(units, links, travel_min):
    joined = join_own_parts(units, links, travel_min)
    assert "a3" not in set(joined["source_id"]) | set(joined["target_id"])


def test_parts_that_own_links_join_get_no_link(units, links, travel_min):
    own = pd.concat([links, links.iloc[[0]].assign(target_id="a2", crosses_border=False)], ignore_index=True)
    assert not join_own_parts(units, own, travel_min)["is_over_neighbour"].any()


def test_the_order_of_links_changes_nothing(units, links, travel_min):
    a = join_own_parts(units, links, travel_min)
    b = join_own_parts(units, links.iloc[::-1], travel_min)
    pd.testing.assert_frame_equal(a, b)
