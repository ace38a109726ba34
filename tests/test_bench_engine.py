"""The land that the engine is measured on, and the parts of its table, on instances small enough for a test."""

import dataclasses
import itertools
import math

import networkx as nx
import numpy as np
import pandas as pd
import pytest

from bench.engine import comparators, figures, instances, parts, record, steps, table, trials
from bench.engine.comparators import METIS, Result
from bench.rows import OURS, Target
from gunmane.clusters import Rules, evaluate_labels, group_units

pytest.importorskip(
    "pymetis", reason="the drawn land is shown to have an answer with METIS (requirements-bench.txt)"
)


@pytest.fixture(scope="module")
def small():
    """200 units in four bundles: a main land of three and an island of one."""
    return instances.make_instance(200, seed=3)


@pytest.fixture(scope="module")
def main_land(small):
    return max(parts.make_parts(small), key=lambda part: part.size)


@pytest.fixture
def three_valleys():
    """Two bundles' work, a third of it up each of three valleys of seven units that meet at an idle one."""
    ids = pd.Index(["m", *[f"{valley}{i}" for valley in "abc" for i in range(7)]], name="unit_id")
    before = ["m" if unit[1] == "0" else f"{unit[0]}{int(unit[1]) - 1}" for unit in ids[1:]]
    links = pd.DataFrame({"source_id": before, "target_id": ids[1:], "travel_min": 5.0})
    work = np.array([0.0, *[2 / 21] * 21])
    units = pd.DataFrame({"muni_code": "00001", "x_m": 0.0, "y_m": 0.0}, index=ids)
    load = pd.DataFrame({"crew_days": work, "measure": work, "is_needed": work > 0}, index=ids)
    rules = Rules(bundle_count=2, floor=0.9, target=1.0, ceiling=1.1, is_window_hard=True)
    return instances.Instance(units, links, load, None, rules, 2)


def lands_of(instance):
    graph = nx.Graph(list(zip(instance.links["source_id"], instance.links["target_id"], strict=True)))
    assert set(graph) == set(instance.units.index)
    return sorted(nx.connected_components(graph), key=len)


def task_of(instance):
    return (instance.units, instance.links, instance.load, instance.travel_min, instance.rules)


def result(method, hours, *, instance="1", state="done", outside=0):
    return Result("1k", instance, method, state, 1.0, 10.0, 5, 0, outside, 10, 1.1, 0.9, hours, "")


@pytest.mark.parametrize("seed", [0, 1, 3, 4, 5])
def test_roads_have_a_mean_degree_of_2_4_and_units_about_as_much(seed):
    drawn = instances.make_instance(1_000, seed)
    assert drawn.road_degree == pytest.approx(2.4, abs=0.01)
    assert 2.2 < 2 * len(drawn.links) / len(drawn.units) < 2.6
    assert 5 <= drawn.units["muni_code"].nunique() <= 12


@pytest.mark.parametrize(("units", "lands", "count"), [(1_000, [1, 9], 10), (10_000, [1, 2, 37], 40)])
def test_each_land_carries_the_work_of_whole_bundles(units, lands, count):
    drawn = instances.make_instance(units, 5)
    mean = drawn.load["measure"].sum() / count
    work = [drawn.load.loc[list(land), "measure"].sum() / mean for land in lands_of(drawn)]
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
    assert len(lands_of(drawn)) == 1
    assert {"muni_code", "x_m", "y_m"} <= set(drawn.units.columns)
    assert drawn.travel_min.shape == (len(drawn.units),) * 2


@pytest.mark.parametrize("seed", [3, 8])
def test_a_plan_inside_the_window_exists(seed):
    drawn = instances.make_instance(200, seed)
    assert group_units(*task_of(drawn)).key[:4] == (0, 0, 0, 0)
    assert (drawn.moved_work > 0) == (seed == 8)


def test_work_is_moved_only_as_far_as_a_plan_needs_it(three_valleys):
    from bench.engine.answers import with_answer

    evened = with_answer(three_valleys)
    work = evened.load["measure"]
    alone = [work[work.index.str[0] == valley].sum() for valley in "abc"]
    assert work.sum() == pytest.approx(2)
    assert max(alone) == pytest.approx(0.91), "one valley alone, just inside; the other two with the junction"
    assert evened.moved_work == pytest.approx((0.91 - 2 / 3) / 2)


def test_fast_measure_of_labels_is_the_judge_s(small):
    labels = np.zeros(len(small.units), dtype=int)
    lands = parts.make_parts(small)
    for number, part in enumerate(lands):
        labels[part.rows] = number
    judged = evaluate_labels(pd.Series(labels, index=small.units.index), *task_of(small))
    fast = sum(part.all_hours(np.zeros(part.size, dtype=int)) for part in lands)
    assert fast == pytest.approx(judged.travel_hours, rel=1e-5)


def test_hours_by_sweeps_inside_bundles_are_those_of_the_best_bases_on_a_tree(three_valleys):
    part = parts.make_parts(three_valleys)[0]
    labels = (part.rows > 7).astype(int)
    labels[part.rows == 0] = 1
    swept = dataclasses.replace(part, hours=None)
    assert swept.all_hours(labels) == pytest.approx(part.all_hours(labels), rel=1e-5)


def test_loose_pieces_and_a_wrong_number_come_before_hours(main_land):
    labels = np.arange(main_land.size) % main_land.count
    assert main_land.rank(labels)[0] == main_land.loose_pieces(labels) > 0
    assert main_land.rank(np.zeros(main_land.size, dtype=int))[0] == main_land.count - 1


def test_metis_is_connected_and_mended_into_the_window(main_land):
    from bench.engine import metis

    plain = list(itertools.islice(metis.plain_starts(main_land, 0), 6))
    assert all(main_land.loose_pieces(labels) == 0 for labels in plain)
    mended = (labels for labels in metis.mended_starts(main_land, 0) if labels is not None)
    assert min(main_land.rank(labels)[:2] for labels in itertools.islice(mended, 12)) == (0, 0)


@pytest.mark.parametrize(
    ("peer", "library"),
    [
        ("scikit-learn Ward along links", "sklearn"),
        ("networkx Louvain", "networkx"),
        ("GerryChain ReCom", "gerrychain"),
        ("spopt WardSpatial", "spopt"),
    ],
)
def test_peers_give_connected_labels_of_a_part(main_land, peer, library):
    pytest.importorskip(library, reason="make bench installs it")
    labels = next(found for found in comparators.PEERS[peer](main_land, 0) if found is not None)
    assert labels.shape == (main_land.size,)
    assert main_land.loose_pieces(labels) == 0


def test_a_trial_tells_labels_or_why_there_are_none():
    done = trials.run_trial(lambda: (np.arange(3), 7), cpu_s=5.0)
    failed = trials.run_trial(lambda: (np.arange(1 // 0), 7), cpu_s=5.0)
    assert (done.state, done.labels.tolist(), done.tries) == ("done", [0, 1, 2], 7)
    assert (failed.state, failed.labels) == ("failed", None)
    assert "ZeroDivisionError" in failed.note


def test_a_trial_is_ended_at_ten_times_its_time():
    endless = trials.run_trial(lambda: [None for _ in iter(int, 1)], cpu_s=0.1)
    assert (endless.state, endless.labels, endless.cpu_s) == ("not finished", None, 1.0)


def test_the_best_labels_inside_the_window_are_kept(main_land):
    lopsided = np.zeros(main_land.size, dtype=int)
    lopsided[: main_land.count] = np.arange(main_land.count)

    def starts(part, seed):
        from bench.engine import metis

        yield lopsided
        yield from itertools.islice(metis.mended_starts(part, seed), 400)
        yield lopsided

    labels, tries = trials.best_labels([main_land], starts, cpu_s=math.inf, seed=0)
    assert tries > 2
    assert main_land.rank(labels)[:2] == (0, 0)


def test_no_plan_goes_below_the_bound(small):
    hours = group_units(*task_of(small)).travel_hours
    assert 0.9 * hours < steps.instance_bound(small, "200", hours).hours <= hours


def test_without_a_window_the_bound_comes_to_the_best_bases(three_valleys):
    from bench.engine.bound import lower_bound

    part = dataclasses.replace(parts.make_parts(three_valleys)[0], count=3, floor=0.0, ceiling=math.inf)
    hours = part.hours * part.days
    best = min(hours[list(bases)].min(axis=0).sum() for bases in itertools.combinations(range(part.size), 3))
    assert 0.99 * best < lower_bound(part, 1.1 * best) <= best * (1 + 1e-6)


def test_ours_and_a_peer_are_compared_on_one_instance(small):
    told = []
    ours, theirs = comparators.compare(small, "200", methods=[METIS], move_budget=20_000, tell=told.append)
    assert (ours.method, theirs.method) == (OURS, METIS)
    assert ours.state == theirs.state == "done"
    assert (ours.bundles, theirs.bundles) == (4, 4)
    assert len(told) == 2


def test_a_method_that_is_never_finished_is_given_up(monkeypatch):
    tried = []

    def compare(instance, group, *, methods, **_):
        tried.append(set(methods))
        yield result(OURS, 90.0, instance=instance)
        yield from (result(METIS, math.nan, instance=instance, state="not finished") for _ in methods)

    monkeypatch.setattr(comparators, "compare", compare)
    list(comparators.compare_all(iter("abcd"), "1k", methods=[METIS]))
    assert tried == [{METIS}, {METIS}, {METIS}, set()]


def test_the_table_compares_hours_only_where_both_keep_every_rule():
    found = [result(OURS, 90.0), result(METIS, 100.0), result(OURS, 50.0, instance="2")]
    found += [
        result(METIS, 40.0, instance="2", outside=3),
        result("spopt AZP", math.nan, state="not finished"),
    ]
    ours, metis, azp = table.summary_rows(found)
    assert ours[:2] == [OURS, "2 of 2"]
    assert metis[1] == "1 of 2"
    assert metis[7:9] == ["-10.0%", "1 of 1"]
    assert azp[1] == "not finished on 1 of 1 tried"
    ratio, broken = figures.metis_targets(found)
    assert (ratio.value, ratio.verdict, broken.value) == (0.9, "met", 0)


def test_the_bound_is_told_for_plans_that_keep_every_rule():
    bounds = [table.Bound("1k", "1", 80.0, 3.0), table.Bound("1k", "2", 10.0, 3.0)]
    words = table.bound_words([result(OURS, 88.0), result(OURS, 99.0, instance="2", outside=1)], bounds)
    assert "at most 10.0% above" in words
    assert "median of 1" in words


def test_parts_are_read_as_they_were_written(tmp_path):
    target = Target("good plan", math.inf, 60.0, "s", "never")
    report = steps.PartReport("1k", "2026-01-01", "0 to 9", 5, [result(OURS, math.nan)], [], [target])
    # A fresh clone has no folder for results.
    path = tmp_path / "results" / "engine.json"
    steps.write_reports(path, {"1k": report})
    again = steps.read_reports(path)["1k"]
    assert again.targets == [target]
    assert again.targets[0].verdict == "missed"
    assert math.isnan(again.results[0].hours)


def test_regions_are_one_row_each_with_their_faults():
    rows = table.region_rows([result(OURS, 90.0), result(METIS, 80.0, outside=2)])
    assert rows[0][:2] == ["1", "90"]
    assert "80 (2)" in rows[0]


def test_moments_tell_when_a_plan_was_good_enough(small):
    found, noted, end = record.recorded(small, move_budget=20_000, keeps_labels=True)
    moments = [*noted.moments, end]
    assert record.seconds_to(small, moments, found, within=0.01) <= end.cpu_s
    unreachable = dataclasses.replace(found, travel_hours=0.5 * found.travel_hours)
    assert record.seconds_to(small, moments, unreachable, within=0.01) is None


def test_a_search_told_to_end_still_has_a_plan(small):
    found, _, _ = record.recorded(small, move_budget=10**9, keeps_labels=False, cpu_s=0.05)
    assert found.is_cancelled
    assert (found.broken["rule"] != "connected").all()


def test_held_out_seeds_are_not_those_of_development():
    assert set(steps.seeds_of(is_development=True, count=None)) == set(range(10))
    assert steps.seeds_of(is_development=False, count=None) == list(range(100, 120))
    assert steps.seeds_of(is_development=False, count=2) == [100, 101]
