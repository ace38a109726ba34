"""The land that the engine is measured on, and the parts of its table, on instances small enough for a test."""

import networkx as nx
import numpy as np
import pandas as pd
import pytest

from bench.engine import instances

pytest.importorskip(
    "pymetis", reason="the drawn land is shown to have an answer with METIS (requirements-bench.txt)"
)


@pytest.fixture(scope="module")
def small():
    """200 units in four bundles: a main land of three and an island of one."""
    return instances.make_instance(200, seed=3)


def parts_of(instance):
    graph = nx.Graph(list(zip(instance.links["source_id"], instance.links["target_id"], strict=True)))
    assert set(graph) == set(instance.units.index)
    return sorted(nx.connected_components(graph), key=len)


@pytest.mark.parametrize("seed", instances.DEVELOPMENT_SEEDS)
def test_roads_have_a_mean_degree_of_2_4_and_units_about_as_much(seed):
    drawn = instances.make_instance(1_000, seed)
    assert drawn.road_degree == pytest.approx(2.4, abs=0.01)
    assert 2.2 < 2 * len(drawn.links) / len(drawn.units) < 2.6
    assert 5 <= drawn.units["muni_code"].nunique() <= 12


@pytest.mark.parametrize(("units", "lands", "count"), [(1_000, [1, 9], 10), (10_000, [1, 2, 37], 40)])
def test_each_land_carries_the_work_of_whole_bundles(units, lands, count):
    drawn = instances.make_instance(units, 0)
    mean = drawn.load["measure"].sum() / count
    work = [drawn.load.loc[list(part), "measure"].sum() / mean for part in parts_of(drawn)]
    assert drawn.count == drawn.rules.bundle_count == count
    assert work == pytest.approx(lands)
    assert (drawn.rules.floor, drawn.rules.ceiling) == pytest.approx((0.9 * mean, 1.1 * mean))


def test_equal_seeds_draw_equal_land_and_others_other_land(small):
    again, other = instances.make_instance(200, seed=3), instances.make_instance(200, seed=4)
    for name in ("units", "links", "load"):
        pd.testing.assert_frame_equal(getattr(small, name), getattr(again, name))
    assert not np.array_equal(small.load["measure"], other.load["measure"])


def test_ways_along_links_are_never_shorter_than_by_road(small):
    row = {unit: i for i, unit in enumerate(small.units.index)}
    ends = small.links[["source_id", "target_id"]].map(row.get).to_numpy()
    by_road = small.travel_min[ends[:, 0], ends[:, 1]]
    assert (small.links["travel_min"].to_numpy() >= by_road - 1e-9).all()
    assert np.isinf(small.travel_min).any(), "no road leads to the island"
    assert instances.make_instance(3_001, seed=0).travel_min is None


def test_idle_units_carry_no_work_and_are_not_driven_to(small):
    idle = small.load["measure"] == 0
    assert 0 < idle.sum() < len(idle) / 5
    assert (small.load.loc[idle, "crew_days"] == 0).all()
    assert (small.load["is_needed"] == ~idle).all()


def test_a_handful_of_units_is_refused():
    with pytest.raises(ValueError, match="at least 20"):
        instances.make_instance(19, seed=0)


def test_a_model_region_is_its_largest_connected_part_with_places():
    drawn = instances.region_instance("hiroshima_geihoku")
    assert len(parts_of(drawn)) == 1
    assert {"muni_code", "x_m", "y_m"} <= set(drawn.units.columns)
    assert drawn.travel_min.shape == (len(drawn.units),) * 2
