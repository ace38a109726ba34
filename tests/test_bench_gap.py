"""The gap of the search to the proven optimum, as the benchmark tells it."""

import dataclasses
import math

import networkx as nx
import pandas as pd
import pytest

from bench.engine import gap
from gunmane.clusters import Rules, prove_grouping


@pytest.fixture
def row():
    return gap.GapRow(0, "plain", 20, 3, 0.1, 0, 0, 10.2, 10.0, 10.0, 0.02, True, 1, 1, 0.1, 0.1)


@pytest.mark.parametrize("land", ["plain", "towns"])
def test_land_is_drawn_alike_from_a_seed_and_hangs_together(land):
    one, other = gap.flat_instance(25, 4, land), gap.flat_instance(25, 4, land)
    pd.testing.assert_frame_equal(one.links, other.links)
    pd.testing.assert_frame_equal(one.load, other.load)
    ends = one.links[["source_id", "target_id"]]
    assert nx.is_connected(nx.Graph(list(ends.itertuples(index=False, name=None))))


@pytest.mark.parametrize("land", gap.LANDS)
def test_window_of_an_instance_is_hard_and_around_the_mean(land):
    instance = gap.gap_instance(0, land)
    mean = instance.load["measure"].sum() / instance.count
    assert instance.rules.is_window_hard
    assert (instance.rules.floor, instance.rules.ceiling) == pytest.approx((0.9 * mean, 1.1 * mean))


def test_gap_is_what_the_search_drives_beyond_the_bound(monkeypatch):
    instance = dataclasses.replace(gap.flat_instance(20, 1, "plain"), rules=Rules(bundle_count=3), count=3)
    monkeypatch.setattr(gap, "gap_instance", lambda seed, land: instance)
    rows = gap.gap_rows([0], lambda words: None)
    tables = (instance.units, instance.links, instance.load, instance.travel_min)
    best = prove_grouping(*tables, instance.rules).grouping.objective_hours
    assert [row.land for row in rows] == list(gap.LANDS)
    assert rows[0].gap_ratio == pytest.approx(rows[0].search_hours / best - 1, abs=1e-6)


def test_targets_are_of_proven_instances_and_name_the_others(row):
    rows = [dataclasses.replace(row, gap_ratio=value) for value in (0.0, 0.002, 0.06)]
    rows.append(dataclasses.replace(row, gap_ratio=0.2, is_proven=False))
    median, worst, _ = gap.gap_targets(rows)
    assert (median.value, median.verdict) == (0.002, "met")
    assert (worst.value, worst.verdict) == (0.06, "missed")
    assert "1 not proven in time, gap at most 20.0%" in median.note


def test_plan_that_keeps_the_rules_less_well_is_counted_apart(row):
    rows = [row, dataclasses.replace(row, gap_ratio=math.inf, search_breaks=1)]
    _, worst, worse = gap.gap_targets(rows)
    assert (worst.value, worse.value, worse.verdict) == (0.02, 1.0, "missed")
    assert "on 1 of them a plan keeps all rules" in worse.note
    assert rows[1].as_dict()["gap_ratio"] is None
