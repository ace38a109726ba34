"""Minutes along links instead of a table: the same hours, the same rules, and bases nearly as good."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import rich_world, valley_world, world

from gunmane.clusters import Rules, evaluate_labels
from gunmane.solver.problem import make_problem


def with_minutes(units, links, load, minutes):
    """Give each link the minutes between its ends, so that ways along links are those of the table."""
    ends = [units.index.get_indexer(links[name]) for name in ("source_id", "target_id")]
    return units, links.assign(travel_min=minutes[ends[0], ends[1]]), load, minutes


def quarters(units, links, load, minutes, count):
    """Give each unit to the nearest of some units."""
    seeds = np.linspace(0, len(units) - 1, count).astype(int)
    return pd.Series(minutes[seeds].argmin(axis=0), index=units.index)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), drawn=st.lists(st.integers(0, 2), min_size=9, max_size=9))
def test_hours_and_rules_are_those_of_the_table(seed, drawn):
    units, links, load, minutes = rich_world(9, np.random.default_rng(seed))
    labels = pd.Series(drawn, index=units.index)
    rules = Rules(travel_limit_min=20.0, site_limit_min=25.0)
    by_table = evaluate_labels(labels, units, links, load, minutes, rules)
    bases = {labels[base]: base for base in by_table.bases.values()}
    by_road = evaluate_labels(labels, units, links, load, None, rules, bases=bases)
    assert by_road.key == pytest.approx(by_table.key, abs=1e-4)


@pytest.mark.parametrize(("seed", "choices"), [(1, {}), (2, {}), (3, {"travel_limit_min": 25.0})])
def test_bases_are_nearly_the_best(seed, choices):
    tables = with_minutes(*valley_world(250, 5, seed))
    labels, rules = quarters(*tables, 4), dataclasses.replace(Rules(), **choices)
    best = evaluate_labels(labels, *tables, rules)
    found = evaluate_labels(labels, *tables[:3], None, rules)
    assert found.key[0] <= best.key[0] * 1.1 + 1
    assert found.travel_hours <= best.travel_hours * 1.02


def test_only_allowed_units_are_bases_along_links():
    tables = with_minutes(*valley_world(120, 4, 5))
    allowed = tuple(tables[0].index[::7])
    labels = quarters(*tables, 3)
    found = evaluate_labels(labels, *tables[:3], None, Rules(base_units=allowed))
    best = evaluate_labels(labels, *tables, Rules(base_units=allowed))
    assert set(found.bases.values()) <= set(allowed)
    assert found.travel_hours <= best.travel_hours * 1.05


def test_of_links_that_stand_twice_the_quickest_counts_once():
    units, links, load, _ = world([("a", "b", 5), ("b", "c", 5)], dict.fromkeys("abc", "M"))
    back = pd.DataFrame({"source_id": ["b"], "target_id": ["a"], "travel_min": [3.0]})
    problem = make_problem(units, pd.concat([links.assign(travel_min=5.0), back]), load, None, Rules())
    assert problem.pairs.tolist() == [[0, 1], [1, 2]]
    assert problem.minutes.out(np.array([0]), np.arange(3)).tolist() == [[0.0, 3.0, 8.0]]
