"""Borders at a ridge are firm, borders in a plain are not, and every draw can be had again."""

from __future__ import annotations

import dataclasses
import multiprocessing
import os
import pathlib
import subprocess
import sys
import time

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra
from shapely.geometry import LineString, box

from gunmane import schema
from gunmane.explain import note_sentence
from gunmane.grounds import prepare_ground
from gunmane.i18n import LANGUAGES
from gunmane.municipalities import find_region
from gunmane.plans import make_plan, plan_labels, plan_tasks
from gunmane.robustness import firmness
from gunmane.robustness.firm import count_facts
from gunmane.robustness.shares import Counted, wilson_interval
from gunmane.robustness.solving import better_of_both, drawn_tasks, solve_draw, take_stock
from gunmane.robustness.workers import run_draws, worker_count
from gunmane.scenario import Ground, Scenario
from gunmane.strands import solve_strand

UDA = "29212"
ROADS_A_UNIT = 12
NAMES = "abcdefghijkl"
# a-b-c-d-e-f ---90 min--- g-h-i-j-k-l, five minutes between neighbours.
RIDGE = [(i, i + 1, 90.0 if i == 5 else 5.0) for i in range(11)]
# Twelve villages around a plain, five minutes between neighbours, none unlike another.
PLAIN = [(i, (i + 1) % 12, 5.0) for i in range(12)]
TWO = Scenario(
    "nara_uda", "daily", ("road",), bundle_count=2, keeps_municipality_whole=False, move_budget=2000
)


def drawn_ground(links):
    """Twelve units of one town on a row of squares, a dozen roads of 5 km in each, linked as told."""
    region = find_region("nara_uda")
    ids = pd.Index(list(NAMES), name="unit_id")
    units = gpd.GeoDataFrame(
        {"muni_code": UDA, "name": ids, "node": range(12), "component": 0, "is_piece": False},
        geometry=[box(i, 0, i + 1, 1) for i in range(12)],
        index=ids,
        crs=region.epsg,
    )
    one, other, minutes = (np.array(column) for column in zip(*links, strict=True))
    names = np.array(list(NAMES))
    table = pd.DataFrame({"source_id": names[one], "target_id": names[other], "travel_min": minutes})
    graph = coo_array((minutes, (one, other)), shape=(12, 12))
    home = np.repeat(names, ROADS_A_UNIT)
    asset_id = [f"r{i:03d}" for i in range(len(home))]
    assets = gpd.GeoDataFrame(
        {
            "asset_id": asset_id,
            "sector": "road",
            "subtype": "municipal_1",
            "muni_code": UDA,
            "owner_code": UDA,
            "is_synthetic": True,
            "condition": pd.array([pd.NA] * len(home), dtype="Int8"),
            "built_year": pd.array([pd.NA] * len(home), dtype="Int16"),
            "length_m": 5000.0,
            "area_m2": np.nan,
            "annual_cost_jpy": np.nan,
        },
        geometry=[LineString([(0, 0), (1, 0)])] * len(home),
        crs=region.epsg,
    )
    return Ground(
        region=region,
        assets=assets,
        rejects=pd.DataFrame({name: [] for name in schema.names("rejects")}),
        roads=assets[["geometry"]].iloc[:0],
        network_facts={},
        units=units,
        links=table.assign(crosses_border=False, is_assumed=False),
        shares=pd.DataFrame({"asset_id": asset_id, "unit_id": home, "share": 1.0, "snap_m": 0.0}),
        travel_min=dijkstra(graph, directed=False).astype("float32"),
        hall_units={UDA: "b"},
        provenance={"is_synthetic": True},
    )


def drawn_plan(links, **choices):
    return make_plan(TWO.replace(**choices), drawn_ground(links), has_alternatives=False)


def sentences(facts, lang="ja"):
    return {note.key: note_sentence(note, lang) for note in facts}


@pytest.fixture(scope="module")
def ridge():
    return drawn_plan(RIDGE)


@pytest.fixture(scope="module")
def ridge_firmness(ridge):
    return firmness(ridge, draws=12, workers=1)


def test_a_border_at_a_ridge_is_firm(ridge_firmness):
    border = ridge_firmness.borders.iloc[0]
    assert (border["pair_count"], border["apart_share"], border["verdict"]) == (1, 1.0, "firm")
    inside = ridge_firmness.pairs[ridge_firmness.pairs["is_together"]]
    assert len(inside) == 10 and (inside["together_share"] == 1.0).all()


def test_the_borders_of_a_plain_without_any_ridge_are_fragile():
    border = firmness(drawn_plan(PLAIN), draws=12, workers=1).borders.iloc[0]
    assert border["pair_count"] == 2
    assert border["verdict"] == "fragile"
    assert border["low"] <= border["apart_share"] <= border["high"] < 0.8


def test_two_processes_find_what_one_finds(ridge_firmness):
    plan = drawn_plan(PLAIN)
    alone, shared = (firmness(plan, draws=5, workers=count) for count in (1, 2))
    for name in ("pairs", "borders", "table", "counts"):
        assert_frame_equal(getattr(alone, name), getattr(shared, name))
    assert alone.facts == shared.facts


def test_another_seed_draws_otherwise_and_the_same_seed_the_same():
    stock = take_stock(drawn_plan(PLAIN), 1)
    one, again = (solve_draw(stock, 0)[""] for _ in range(2))
    others = [solve_draw(dataclasses.replace(stock, seed=seed), 0)[""] for seed in range(2, 8)]
    assert (one == again).all()
    assert any((one != other).any() for other in others)


def test_more_draws_keep_the_draws_that_were_made(ridge):
    stock = take_stock(drawn_plan(PLAIN))
    few, more = (run_draws(stock, count, workers=1, tell=lambda part: True).labels for count in (2, 3))
    assert all((few[number][""] == more[number][""]).all() for number in few)
    assert list(more) == [0, 1, 2]


def test_without_draws_a_sentence_says_that_nothing_is_known(ridge):
    none = firmness(ridge, draws=0)
    assert none.borders["verdict"].tolist() == ["unknown"] and none.pairs["together_share"].isna().all()
    assert "1 回も終わっていない" in sentences(none.facts)["robustness_none"]


def test_cancelling_leaves_the_draws_that_are_done_and_tells_how_many(ridge):
    heard = []

    def until_two(fraction, key):
        heard.append((fraction, key))
        return fraction < 0.4

    part = firmness(ridge, draws=5, workers=1, progress=until_two)
    assert 1 <= part.draws < 5 and part.is_cancelled
    assert f"5 回のうち終わった {part.draws} 回" in sentences(part.facts)["robustness_cancelled"]
    assert {key for _, key in heard} == {"progress.robustness"}


def killing_workers(*, after):
    """A progress that kills the worker processes once a part of the draws is done."""

    def progress(fraction, key):
        for child in multiprocessing.active_children() if fraction >= after else ():
            child.kill()
        return True

    return progress


def test_a_worker_that_dies_ends_the_run_with_what_is_done_and_a_sentence(ridge):
    lost = firmness(ridge, draws=60, workers=2, progress=killing_workers(after=0.03))
    assert 1 <= lost.draws < 60
    assert "処理の一つが止まりました" in sentences(lost.facts)["robustness_worker_lost"]


def test_where_no_worker_can_start_one_process_finds_the_same(ridge, ridge_firmness):
    alone = firmness(ridge, draws=12, workers=2, progress=killing_workers(after=0.0))
    assert "robustness_one_process" in sentences(alone.facts)
    assert_frame_equal(alone.pairs, ridge_firmness.pairs)


ORPHANS = """
from gunmane.robustness import firmness
from test_robustness import RIDGE, drawn_plan
import multiprocessing
if __name__ == "__main__":
    def tell(fraction, key):
        for child in multiprocessing.active_children() if fraction > 0.02 else ():
            print(child.pid, flush=True)
        return True
    firmness(drawn_plan(RIDGE), draws=5000, workers=2, progress=tell)
"""


@pytest.mark.slow
@pytest.mark.skipif(not pathlib.Path("/proc").exists(), reason="looks for processes in /proc")
def test_workers_end_when_the_process_that_started_them_is_killed(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(ORPHANS, encoding="utf-8")
    paths = os.pathsep.join([str(pathlib.Path(__file__).parent), str(pathlib.Path(__file__).parents[1])])
    with subprocess.Popen(
        [sys.executable, script], stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": paths}
    ) as owner:
        workers = {int(owner.stdout.readline()) for _ in range(4)}
        owner.kill()
    deadline = time.monotonic() + 30
    while any(is_running(pid) for pid in workers) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not [pid for pid in workers if is_running(pid)]


def is_running(pid):
    status = pathlib.Path(f"/proc/{pid}/stat")
    return status.exists() and status.read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0] != "Z"


def test_draws_that_contradict_a_choice_are_counted_with_the_reason(ridge):
    stock = take_stock(ridge)
    choices = stock.scenario.replace(floor_jpy=1e10)
    run = run_draws(dataclasses.replace(stock, scenario=choices), 2, workers=1, tell=lambda part: True)
    assert not run.labels and {fault.key for fault in run.failures.values()} == {"window_order"}


def test_a_floor_above_what_may_be_drawn_as_ceiling_is_no_contradiction():
    plan = drawn_plan(RIDGE, floor_jpy=190e6)
    assert firmness(plan, draws=3, workers=1).failures == 0


def test_holding_the_number_of_bundles_draws_no_other():
    free = TWO.replace(bundle_count=None, floor_jpy=1e6, ceiling_jpy=20e6)
    plan = make_plan(free, drawn_ground(RIDGE), has_alternatives=False)
    assert firmness(plan, draws=6, workers=1).counts["bundle_count"].nunique() > 1
    held = firmness(plan, draws=6, workers=1, keeps_count=True)
    assert held.counts["is_chosen"].all()
    assert "この案と同じ 6 に" in sentences(held.facts)["robustness_count_held"]


def test_one_bundle_has_no_border_and_says_so():
    alone = firmness(drawn_plan(RIDGE, bundle_count=1), draws=2, workers=1)
    assert alone.borders.empty
    assert "robustness_no_border" in sentences(alone.facts)


def test_shares_are_counted_over_the_draws_of_the_plans_own_pairs(ridge):
    draws = np.array([[0] * 6 + [1] * 6, [0] * 5 + [1] * 7, [0] * 12])
    counted = Counted(ridge, "", pd.Index(list(NAMES)), draws)
    pairs = counted.pairs().set_index(["source_id", "target_id"])["together_share"]
    assert pairs["f", "g"] == pytest.approx(2 / 3) and pairs["e", "f"] == pytest.approx(2 / 3)
    border = counted.borders(firm_from=0.8, fragile_below=0.5).iloc[0]
    assert border["apart_share"] == pytest.approx(1 / 3) and border["same_count_share"] == 0.5
    assert (border["verdict"], border["is_sure"]) == ("fragile", False)
    assert counted.counts()["draws"].tolist() == [1, 2]
    assert counted.counts()["is_chosen"].tolist() == [False, True]


def test_a_unit_is_counted_with_the_base_of_its_bundle(ridge):
    draws = np.array([[0] * 6 + [1] * 6, [0] * 5 + [1] * 7])
    table = Counted(ridge, "", pd.Index(list(NAMES)), draws).of_units().set_index("unit_id")
    assert table.loc["f", "with_base_share"] == 0.5 and table.loc["a", "with_base_share"] == 1.0
    assert table.loc["f", "bundle_id"] == "D1"


def test_an_interval_holds_its_share_and_narrows_with_draws():
    shares = np.linspace(0, 1, 11)
    few, many = wilson_interval(shares, 5), wilson_interval(shares, 500)
    assert (few[0] <= shares + 1e-12).all() and (shares <= few[1] + 1e-12).all()
    assert (few[0] >= 0).all() and (few[1] <= 1).all()
    assert (many[1] - many[0] < few[1] - few[0]).all()
    assert wilson_interval([0.5], 10)[0] == pytest.approx(0.2366, abs=1e-4)
    assert wilson_interval([0.5], 0)[1] == 1.0


def test_workers_are_never_more_than_draws_and_at_least_one():
    assert worker_count(1, 10_000, 8) == 1
    assert worker_count(50, 10, None) == 1
    assert worker_count(0, 10, None) == 1
    with pytest.raises(ValueError, match="at least 1"):
        worker_count(5, 10, 0)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_fact_can_be_said(ridge_firmness, lang):
    said = sentences(ridge_firmness.facts, lang)
    assert {"robustness_made", "robustness_borders", "robustness_precision"} <= set(said)
    assert "12" in said["robustness_made"]


def test_a_draw_is_solved_afresh_too_so_that_a_poor_plan_does_not_hold_it(ridge):
    poor = pd.Series([0] * 2 + [1] * 10, index=pd.Index(list(NAMES), name="unit_id"))
    stock = dataclasses.replace(take_stock(ridge), labels={"": poor})
    assert solve_draw(stock, 0)[""].tolist() == [0] * 6 + [1] * 6


@pytest.fixture(scope="module")
def six_bundles():
    ground = prepare_ground("nara_uda")
    choices = Scenario.default(ground.region, layer="daily", bundle_count=6, keeps_municipality_whole=False)
    return make_plan(choices, ground, has_alternatives=False)


def with_moves(task, budget):
    return dataclasses.replace(task, rules=dataclasses.replace(task.rules, move_budget=budget))


def test_a_draw_is_never_worse_than_the_plans_own_bundles(six_bundles):
    hasty = with_moves(plan_tasks(six_bundles)[0], 0)
    start = plan_labels(six_bundles)[""]
    found = better_of_both(hasty, start, lambda: True)
    assert found.key <= hasty.judged(start).key
    assert hasty.grouped().key > hasty.judged(start).key


def test_a_draw_is_never_worse_than_a_search_afresh(six_bundles):
    task = with_moves(plan_tasks(six_bundles)[0], 10_000)
    poor = plan_labels(six_bundles)[""] * 0
    afresh = solve_strand(task.place, task.load, task.rules)
    assert better_of_both(task, poor, lambda: True).key <= afresh.key


def test_a_draw_has_work_minutes_window_and_limits_of_its_own(six_bundles):
    usual = plan_tasks(six_bundles)[0]
    drawn = drawn_tasks(take_stock(six_bundles), 0)[0]
    slower = drawn.place.travel_min[0, 1:] / usual.place.travel_min[0, 1:]
    assert slower.std() > 0.01
    assert (drawn.load["measure"] / usual.load["measure"]).std() > 0.01
    rules = {name: getattr(drawn.rules, name) for name in ("floor", "target", "ceiling", "travel_limit_min")}
    assert all(value != getattr(usual.rules, name) for name, value in rules.items())
    assert dataclasses.replace(drawn.rules, split_above=usual.rules.split_above, **{
        name: getattr(usual.rules, name) for name in rules}) == usual.rules  # fmt: skip


def test_a_number_of_bundles_that_never_moves_is_told_in_one_number():
    facts = count_facts(np.array([3, 3]), 3, is_held=False)
    assert [(note.key, dict(note.values)) for note in facts] == [("robustness_count_same", {"count": 3})]


@pytest.mark.parametrize(
    ("firm", "fragile", "verdict"), [(0.0, 0.0, "firm"), (1.0, 0.0, "between"), (1.0, 1.0, "fragile")]
)
def test_what_counts_as_firm_and_fragile_are_rows_of_the_assumptions(firm, fragile, verdict):
    rows = (("border_firm_ratio", (firm,) * 3), ("border_fragile_ratio", (fragile,) * 3))
    plan = drawn_plan(PLAIN, assumption_overrides=tuple(sorted(rows)))
    assert firmness(plan, draws=3, workers=1).borders["verdict"].tolist() == [verdict]


def test_bodies_that_stay_apart_are_counted_apart():
    ground = prepare_ground("nara_uda")
    choices = Scenario.default(ground.region, joins_owners=False)
    plan = make_plan(choices, ground, has_alternatives=False)
    drawn = firmness(plan, draws=2, workers=1)
    assert set(drawn.table["strand"]) == set(plan.assignment["strand"])
    assert len(drawn.table) == len(plan.assignment)


def test_a_real_region_gives_a_share_for_every_pair_of_neighbours():
    ground = prepare_ground("nara_uda")
    plan = make_plan(Scenario.default(ground.region), ground, has_alternatives=False)
    drawn = firmness(plan, draws=3, workers=1)
    assert drawn.draws == 3 and len(drawn.pairs) == len(ground.links)
    shares = [drawn.pairs["together_share"], drawn.borders["apart_share"], drawn.table["with_base_share"]]
    assert all(share.between(0, 1).all() for share in shares)
    assert "robustness_speeds_scaled" not in sentences(drawn.facts)
    touching = drawn.pairs[~drawn.pairs["is_together"]]
    assert drawn.borders["pair_count"].sum() == len(touching)
