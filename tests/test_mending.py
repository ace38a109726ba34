"""Mending: bundles outside their window cut anew with neighbours, connected and never farther outside than before."""

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import rich_world

from gunmane.clusters import Rules, SideWindow, group_units
from gunmane.solver import landing
from gunmane.solver.budget import Budget
from gunmane.solver.grouping import make_territories
from gunmane.solver.mending import mended, window_excess
from gunmane.solver.problem import make_problem

seeds = st.integers(0, 2**32 - 1)
COUNT = 5
NARROW = Rules(target=10.0, floor=9.0, ceiling=11.0, is_window_hard=True, keeps_municipality_whole=False)


def land_of(world, rules):
    return landing.Land(make_territories(make_problem(*world, rules))[0].board(COUNT))


def grown(land, seed, count=COUNT):
    rng = np.random.default_rng(seed)
    roots = rng.choice(land.size, count, replace=False).tolist()
    return land.rooted(roots, np.zeros(count))


def budget():
    return Budget(10**9, lambda _: True)


def drawn(seed, *, side=False):
    windows = (SideWindow("pieces", 3.0, 9.0, is_hard=True),) if side else ()
    world = rich_world(40, np.random.default_rng(seed))
    total = float(world[2]["measure"].sum())
    share = total / COUNT
    rules = Rules(
        target=share,
        floor=0.9 * share,
        ceiling=1.1 * share,
        is_window_hard=True,
        keeps_municipality_whole=False,
        windows=windows,
    )
    land = land_of(world, rules)
    return land, grown(land, seed)


@given(seeds, st.booleans())
@settings(max_examples=25)
def test_as_many_connected_bundles_as_before(seed, side):
    land, labels = drawn(seed, side=side)
    found = mended(land, labels, seed % 97, budget(), moves=4_000)
    graph = nx.Graph()
    graph.add_nodes_from(range(land.size))
    here = np.repeat(np.arange(land.size), np.diff(land.board.indptr))
    graph.add_edges_from(zip(here.tolist(), land.board.indices.tolist(), strict=True))
    members = [np.flatnonzero(found == bundle).tolist() for bundle in range(COUNT)]
    assert all(own and nx.is_connected(graph.subgraph(own)) for own in members)
    assert sum(map(len, members)) == land.size


@given(seeds, st.booleans())
@settings(max_examples=25)
def test_no_more_lies_outside_than_before(seed, side):
    land, labels = drawn(seed, side=side)
    found = mended(land, labels, seed % 97, budget(), moves=4_000)
    assert window_excess(land.board, found).sum() <= window_excess(land.board, labels).sum() + 1e-9


@given(seeds)
@settings(max_examples=10)
def test_the_same_seed_mends_the_same_way(seed):
    land, labels = drawn(seed)
    one, other = (mended(land, labels, 7, budget(), moves=2_000) for _ in range(2))
    assert np.array_equal(one, other)


def test_labels_inside_are_left_alone():
    land, labels = drawn(3)
    inside = mended(land, labels, 1, budget(), moves=100_000)
    assert not window_excess(land.board, inside).any()
    spent = budget()
    assert np.array_equal(mended(land, inside, 5, spent, moves=1_000), inside)
    assert spent.spent == 0


def comb(teeth, length):
    """Return a spine with dead ends of equal units: labels by tooth leave the spine to one bundle."""
    ids = [f"t{tooth:02d}-{place:02d}" for tooth in range(teeth) for place in range(length)]
    links = [
        (f"t{tooth:02d}-{p:02d}", f"t{tooth:02d}-{p + 1:02d}")
        for tooth in range(teeth)
        for p in range(length - 1)
    ]
    links += [(f"t{tooth:02d}-00", f"t{tooth + 1:02d}-00") for tooth in range(teeth - 1)]
    units = pd.DataFrame({"muni_code": "M"}, index=pd.Index(ids, name="unit_id"))
    frame = pd.DataFrame(links, columns=["source_id", "target_id"]).assign(travel_min=5.0)
    load = pd.DataFrame({"crew_days": 1.0, "measure": 1.0, "is_needed": True}, index=units.index)
    return units, frame, load, None


def test_work_is_carried_through_full_bundles_to_a_far_end():
    # Ten units too few at one end, ten too many at the other, and full bundles in between.
    land = land_of(comb(10, 10), NARROW)
    labels = np.repeat([0, 0, 1, 2, 3, 4, 5, 6, 7, 8], 10)
    labels[95:] = 9
    assert window_excess(land.board, labels).sum() > 1
    found = mended(land, labels, 0, budget(), moves=400_000)
    assert not window_excess(land.board, found).any()


def test_mending_ends_when_its_moves_are_spent():
    land, labels = drawn(11)
    spent = budget()
    mended(land, labels, 1, spent, moves=10)
    before = budget()
    mended(land, labels, 1, before, moves=10**9)
    assert spent.spent <= before.spent


def test_a_cancelled_search_mends_no_longer():
    land, labels = drawn(11)
    ended = Budget(10**9, lambda _: False)
    ended.report()
    assert np.array_equal(mended(land, labels, 1, ended, moves=10**9), labels)


@pytest.mark.parametrize("seed", range(4))
def test_a_plan_is_inside_a_narrow_window_where_one_can_be(seed):
    found = group_units(
        *comb(9, 10), Rules(**{**NARROW.__dict__, "bundle_count": 9, "seed": seed, "move_budget": 20_000})
    )
    assert found.broken.empty
