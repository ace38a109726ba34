"""The search's sums: what moves bring up to date equals what is worked out anew, and what the judge says."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra
from worlds import rich_world

from gunmane.clusters import Rules, SideWindow, Soft
from gunmane.solver.games import load_labels, make_game
from gunmane.solver.grouping import make_territories
from gunmane.solver.kernels.costs import NEVER, move_change
from gunmane.solver.kernels.moves import anneal, apply_move, descend
from gunmane.solver.kernels.walks import gather_chunk, walk_bundle
from gunmane.solver.landing import Land, first_labels
from gunmane.solver.options import make_option
from gunmane.solver.problem import make_problem
from gunmane.solver.score import judge, pieces_of

SIZE = 26
seeds = st.integers(0, 2**32 - 1)
strengths = st.sampled_from([0.0, 0.7, 3.0])
softs = st.builds(Soft, *[strengths] * 5)
kinds = st.builds(
    dict,
    bundle_count=st.integers(2, 6),
    floor=st.sampled_from([0.0, 6.0]),
    ceiling=st.sampled_from([14.0, 60.0]),
    target=st.just(10.0),
    is_window_hard=st.booleans(),
    travel_limit_min=st.sampled_from([12.0, float("inf")]),
    windows=st.sampled_from(
        [(), (SideWindow("pieces", 4, 15), SideWindow("crew_days", 3, 15, is_hard=True))]
    ),
    most_municipalities=st.sampled_from([None, 1, 2]),
    keeps_municipality_whole=st.just(False),
    must_link=st.sampled_from([(), (("u00", "u03"),)]),
    cannot_link=st.sampled_from([(), (("u01", "u02"), ("u04", "u09"))]),
    site_limit_m=st.sampled_from([float("inf"), 20_000.0]),
    fixed_bases=st.sampled_from([(), ("u02",), ("u05", "u11")]),
    base_units=st.sampled_from([None, ("u01", "u02", "u07", "u12", "u20")]),
    soft=softs,
)
worlds = {"seed": seeds, "rules": kinds.map(lambda kind: Rules(**kind)), "has_table": st.booleans()}


def joined_world(seed, *, size=SIZE, has_table=True):
    """A rich world in one part; its table is longer one way than the other, like one-way roads."""
    rng = np.random.default_rng(seed)
    units, links, load, _ = rich_world(size, rng)
    more = pd.DataFrame([("u00", f"u{i:02d}", 45.0) for i in (1,)], columns=links.columns)
    links = pd.concat([links, more]).drop_duplicates(["source_id", "target_id"], ignore_index=True)
    ends = (units.index.get_indexer(links["source_id"]), units.index.get_indexer(links["target_id"]))
    table = dijkstra(coo_array((links["travel_min"], ends), shape=(size, size)), directed=False)
    return units, links, load, table * rng.uniform(1, 1.2, table.shape) if has_table else None


def begun(seed, rules, *, has_table, references=True):
    """The one territory of a world, its board, and a game that has been annealed for a while."""
    tables = joined_world(seed, has_table=has_table)
    rng = np.random.default_rng(seed)
    refs = [(pd.Series(rng.integers(0, 3, SIZE), index=tables[0].index), s) for s in (1.5, -0.5)]
    problem = make_problem(*tables, rules, refs if references else [])
    (territory,) = make_territories(problem)
    count = min(rules.bundle_count, territory.atoms.size)
    board = territory.board(count)
    game = make_game(board, first_labels(Land(board), count, 0, rng, territory), seed % 2**31)
    scale = float(problem.reference_hours) + 1.0
    anneal(board, game, 400, 100.0 * scale, 0.01 * scale)
    return territory, board, game


def whole_cost(territory, board, game):
    return float(game.cost.sum()) + territory.shared_cost(game.labels, board)


def unit_labels(territory, game):
    rows, labels = territory.atoms.unit_labels(game.labels)
    return labels[np.argsort(rows)]


def chosen_bases(board, game):
    slots = game.candidates[np.arange(len(game.pick)), game.pick]
    return dict(enumerate(board.column_unit[game.slot_column[slots]].tolist()))


def travel(game):
    return game.sums[np.arange(len(game.pick)), game.pick]


@settings(max_examples=40)
@given(**worlds)
def test_sums_after_many_moves_are_those_worked_out_anew(seed, rules, has_table):
    _, board, game = begun(seed, rules, has_table=has_table)
    fresh = make_game(board, game.labels, 1)
    for name in ("size", "amount", "trade", "munis", "areas"):
        assert getattr(game, name) == pytest.approx(getattr(fresh, name), abs=1e-9), name
    assert game.cost - travel(game) == pytest.approx(fresh.cost - travel(fresh), rel=1e-9, abs=1e-6)
    borders = [set(g.border[: (g.border_place >= 0).sum()].tolist()) for g in (game, fresh)]
    assert borders[0] == borders[1] == set(np.flatnonzero(game.border_place >= 0).tolist())


@settings(max_examples=40)
@given(**worlds)
def test_each_candidate_base_has_the_hours_of_its_row(seed, rules, has_table):
    _, _, game = begun(seed, rules, has_table=has_table)
    used = []
    for bundle, own in enumerate(game.candidates):
        slots = own[: game.candidate_count[bundle]]
        anew = game.rows[slots][:, game.labels == bundle].sum(axis=1)
        assert game.sums[bundle, : len(slots)] == pytest.approx(anew, rel=1e-9, abs=1e-6)
        used.append(slots)
    expected = np.bincount(np.concatenate(used), minlength=len(game.slot_use))
    assert game.slot_use.tolist() == expected.tolist()


@settings(max_examples=40)
@given(**worlds)
def test_loading_the_same_labels_finds_the_same_costs(seed, rules, has_table):
    territory, board, game = begun(seed, rules, has_table=has_table)
    fresh = make_game(board, game.labels.copy(), 1)
    descend(board, game, 2_000)
    descended = whole_cost(territory, board, game)
    load_labels(board, game, game.labels.copy())
    # By road a few candidates beside the middle are tried: descending may have met others before.
    if has_table:
        assert whole_cost(territory, board, game) == pytest.approx(descended, rel=1e-9)
    load_labels(board, game, fresh.labels)
    assert game.cost == pytest.approx(fresh.cost, rel=1e-12)


@settings(max_examples=40)
@given(**worlds)
def test_the_change_foretold_is_the_change_of_the_whole_cost(seed, rules, has_table):
    territory, board, game = begun(seed, rules, has_table=has_table)
    for atom in np.flatnonzero(game.border_place >= 0).tolist():
        a = int(game.labels[atom])
        for b in sorted(
            set(game.labels[board.indices[slice(*board.indptr[atom : atom + 2])]].tolist()) - {a}
        ):
            walk_bundle(board, game, a)
            if game.labels[atom] != a or game.parent[atom] < 0:
                continue
            count = gather_chunk(board, game, atom)
            before, change = whole_cost(territory, board, game), move_change(board, game, a, b, count)
            if change < NEVER:
                apply_move(board, game, a, b, count)
                after = whole_cost(territory, board, game)
                assert after - before == pytest.approx(change, rel=1e-9, abs=1e-9 * (1 + abs(before)))


@settings(max_examples=40)
@given(**worlds)
def test_moves_keep_bundles_connected(seed, rules, has_table):
    territory, board, game = begun(seed, rules, has_table=has_table)
    descend(board, game, 2_000)
    rows, labels = territory.atoms.unit_labels(game.labels)
    assert set(labels.tolist()) == set(range(len(game.size)))
    for bundle in range(len(game.size)):
        assert len(pieces_of(territory.atoms.problem, np.sort(rows[labels == bundle]))) == 1


@settings(max_examples=40)
@given(seed=seeds, count=st.integers(2, 6), soft=softs, has_table=st.booleans())
def test_costs_are_the_judges_objective_where_nothing_is_broken(seed, count, soft, has_table):
    rules = Rules(bundle_count=count, floor=0.0, target=10.0, ceiling=1e9, soft=soft)
    territory, board, game = begun(seed, rules, has_table=has_table)
    load_labels(board, game, game.labels.copy())
    problem = territory.atoms.problem
    verdict = judge(problem, unit_labels(territory, game), count, chosen_bases(board, game))
    # The search counts every part of a municipality, the term those beyond the first.
    found = whole_cost(territory, board, game) - soft.keeps_whole * problem.reference_hours
    assert verdict.key[:4] == (0, 0.0, 0.0, 0)
    assert found == pytest.approx(verdict.objective_hours, rel=1e-5, abs=1e-4)
    if has_table:
        assert verdict.key == judge(problem, verdict.labels, count).key


@settings(max_examples=40)
@given(seed=seeds, rules=worlds["rules"])
def test_options_are_ordered_as_the_judge_orders_them(seed, rules):
    # How far sites are apart is not weighed in the search: each pair too far counts once.
    rules = dataclasses.replace(rules, site_limit_m=float("inf"))
    territory, _, game = begun(seed, rules, has_table=True)
    problem, count = territory.atoms.problem, len(game.size)
    option = make_option(territory.atoms, game.labels, is_exempt=False, count_in_all=count)
    key = judge(problem, unit_labels(territory, game), count).key
    hours = option.hours - rules.soft.keeps_whole * problem.reference_hours
    assert (option.breaks, option.excess, option.soft, hours) == pytest.approx((*key[:3], key[4]), abs=1e-4)
