"""The benchmark's steps run and say what they measured, on a world small enough for a test. Nothing is timed here."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from bench import bundling, measure, networks, report
from bench.rows import OURS, Row, Target, ratio_words
from bench.world import World, size_words
from gunmane.clusters import Rules
from gunmane.municipalities import find_region

SIDE = 6
STEP_M = 400.0


def quiet(text):
    assert text


@pytest.fixture(scope="module")
def world():
    """A grid of 6 x 6 streets in the middle of 草津市, each street one line that crosses the others unnoded."""
    region = find_region("shiga_kusatsu")
    middle = region.municipalities.geometry.iloc[0].representative_point()
    at = (np.arange(SIDE) - SIDE / 2) * STEP_M
    lines = [
        shapely.LineString([(middle.x + at[0], middle.y + y), (middle.x + at[-1], middle.y + y)]) for y in at
    ]
    lines += [
        shapely.LineString([(middle.x + x, middle.y + at[0]), (middle.x + x, middle.y + at[-1])]) for x in at
    ]
    roads = gpd.GeoDataFrame(
        {"road_class": "municipal_2"}, geometry=lines, crs=region.epsg, index=range(2 * SIDE)
    )
    return World(region, roads, "grid")


@pytest.fixture
def task():
    """Twelve units in a row, five minutes apart, the work of two bundles."""
    ids = pd.Index([f"00001-{i:03d}" for i in range(12)], name="unit_id")
    at = np.arange(12)
    units = gpd.GeoDataFrame(
        {"muni_code": "00001"}, geometry=gpd.points_from_xy(at * 1000.0, at * 0.0), index=ids, crs=6674
    )
    links = pd.DataFrame({"source_id": ids[:-1], "target_id": ids[1:], "travel_min": 5.0})
    load = pd.DataFrame({"crew_days": 1.0, "measure": 1.0, "is_needed": True}, index=ids)
    points = gpd.GeoDataFrame(
        {"x": at * 1000.0, "y": 0.0, "work": 1.0}, geometry=units.geometry.to_numpy(), crs=6674
    )
    rules = Rules(bundle_count=2, floor=3, target=6, ceiling=9)
    return bundling.Task(units, links, load, np.abs(at[:, None] - at) * 5.0, rules, points, 2)


@pytest.mark.parametrize("steps", [networks.build_steps, networks.path_steps, networks.link_steps])
def test_network_steps_measure_ours_and_others(world, steps):
    if steps is networks.link_steps:
        pytest.importorskip("libpysal", reason="make bench installs libpysal")
    rows = list(steps(world, 60.0, quiet))
    assert {row.timed.state for row in rows} == {"done"}, [(r.method, r.timed.result) for r in rows]
    assert {row.step for row in rows} == {row.step for row in rows if row.method == OURS}


def test_a_drawn_grid_is_cut_at_its_crossings_by_ours_and_not_by_the_loop(world):
    rows = {row.method: row.output for row in networks.build_steps(world, 60.0, quiet) if "lines" in row.step}
    assert rows[OURS].startswith(f"{SIDE * SIDE} nodes")
    assert not rows["networkx loop"].startswith(f"{SIDE * SIDE} nodes")
    assert "edges" in size_words(world)


def test_bundles_of_spopt_and_ours_are_judged_alike(task):
    pytest.importorskip("spopt", reason="make bench installs spopt")
    rows = {row.method: row for row in bundling.bundle_steps(task, 60.0, quiet)}
    assert rows[OURS].output.startswith("2 bundles")
    assert "0 not connected" in rows[OURS].output
    assert rows["spopt.WardSpatial"].timed.state == "done"


def test_labels_that_no_link_joins_are_counted_as_not_connected(task):
    words = bundling.quality_words(task, np.arange(12) % 2)
    assert "2 not connected" in words


def test_a_method_is_ended_at_its_bound_and_a_failing_one_is_told():
    endless = measure.timed(lambda: [None for _ in iter(int, 1)], bound_s=0.5)
    failing = measure.timed(lambda: 1 // 0, bound_s=30.0)
    assert endless.state == "stopped"
    assert failing.state == "failed"
    assert "ZeroDivisionError" in failing.result


def test_the_report_names_misses_and_unequal_outputs():
    ours = Row("step", OURS, measure.Timed(1.0, 1.0, "done"), "10 nodes")
    other = Row("step", "other", measure.Timed(4.0, 4.0, "stopped"), "", "no crossings")
    target = Target("figure", 9.0, 8.0, "s")
    facts = report.machine_facts("command") | {"load_after": "0"}
    text = report.markdown(facts, {"grid": "12 lines"}, [ours, other], [target])
    assert ratio_words(other, ours) == "> 4 x"
    assert "**missed**" in text
    assert "no crossings" in text
