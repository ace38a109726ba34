"""What holds for every grouping, on drawn and on random worlds."""

import dataclasses
import itertools

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import random_world, rich_world, valley_world

from gunmane.clusters import Rules, Soft, evaluate_labels, group_units
from gunmane.solver import exact, grouping
from gunmane.solver.atoms import make_atoms
from gunmane.solver.problem import make_problem
from gunmane.solver.score import judge

seeds = st.integers(0, 2**32 - 1)
rule_choices = st.builds(
    Rules,
    bundle_count=st.none() | st.integers(1, 5),
    floor=st.sampled_from([0.0, 3.0, 6.0]),
    target=st.sampled_from([4.0, 8.0]),
    ceiling=st.sampled_from([6.0, 9.0, 50.0]),
    is_window_hard=st.booleans(),
    travel_limit_min=st.sampled_from([5.0, 15.0, float("inf")]),
    may_cross_border=st.booleans(),
    keeps_municipality_whole=st.sampled_from([True, False, None]),
    split_above=st.just(8.0),
    must_link=st.sampled_from([(), (("u00", "u03"),)]),
    cannot_link=st.sampled_from([(), (("u01", "u02"),)]),
    fixed_bases=st.sampled_from([(), ("u02",), ("u00", "u04")]),
    base_units=st.sampled_from([None, ("u01", "u02")]),
)
VALLEY_RULES = Rules(floor=8.0, target=20.0, ceiling=30.0, travel_limit_min=60.0, move_budget=60_000)


def partitions(size):
    """Return every way to label `size` things, numbered by first appearance."""
    for labels in itertools.product(range(size), repeat=size):
        highest = -1
        for label in labels:
            if label > highest + 1:
                break
            highest = max(highest, label)
        else:
            yield labels


def best_by_force(world, rules):
    """Return the key of the best of all labels that keep what the solver never gives up for another rule."""
    problem = make_problem(*world, rules)
    wanted = sum(grouping.wanted_counts(problem, grouping.make_territories(problem)))
    found = [judge(problem, np.array(labels), wanted) for labels in partitions(problem.size)]
    structural = {"connected", "border_crossed", "municipality_whole"}
    return min((v.key for v in found if not structural & {b.rule for b in v.breaks}), default=None)


def order_of(found, rules):
    """Connected bundles first, then the number asked for, then the key."""
    away = abs(len(found.bases) - rules.bundle_count) if rules.bundle_count else 0
    return (int((found.broken["rule"] == "connected").sum()), away, found.key)


def graph_of(world):
    graph = nx.Graph(list(world[1].itertuples(index=False, name=None)))
    graph.add_nodes_from(world[0].index)
    return graph


@settings(max_examples=40)
@given(seed=seeds, rules=rule_choices)
def test_few_units_are_solved_to_the_optimum(seed, rules):
    world = random_world(6, np.random.default_rng(seed))
    rules = dataclasses.replace(rules, bundle_count=None, must_link=())
    found, best = group_units(*world, rules), best_by_force(world, rules)
    assert best is None or found.key <= (*best[:4], best[4] + 1e-6)


@settings(max_examples=60)
@given(seed=seeds, rules=rule_choices, size=st.integers(5, 10))
def test_every_unit_is_in_one_connected_bundle(seed, rules, size):
    world = random_world(size, np.random.default_rng(seed))
    found = group_units(*world, rules)
    assert found.labels.index.tolist() == sorted(world[0].index)
    assert sorted(found.labels.unique()) == list(range(found.labels.nunique()))
    for _, units in found.labels.groupby(found.labels):
        assert nx.is_connected(graph_of(world).subgraph(units.index))


@settings(max_examples=60)
@given(seed=seeds, rules=rule_choices, size=st.integers(5, 10))
def test_rules_are_kept_or_named(seed, rules, size):
    world = random_world(size, np.random.default_rng(seed))
    found = group_units(*world, rules)
    assert (found.key[0] == 0) == found.broken.empty
    assert evaluate_labels(found.labels, *world, rules).key == found.key
    assert set(found.bases) == set(found.labels)


@pytest.mark.parametrize("way", ["wished", "along links"])
@settings(max_examples=40)
@given(seed=seeds, rules=rule_choices)
def test_few_units_keep_as_many_rules_where_a_search_is_needed(way, seed, rules):
    units, links, load, minutes = rich_world(7, np.random.default_rng(seed))
    best = group_units(units, links, load, minutes, rules)
    if way == "wished":
        wishes = dataclasses.replace(rules, soft=Soft(status_quo=50.0))
        found = group_units(units, links, load, minutes, wishes)
    else:
        found = group_units(units, links, load, None, rules)
    if len(found.bases) == len(best.bases) or rules.bundle_count is None:
        assert found.key[:3] <= best.key[:3]
    assert "connected" not in set(found.broken["rule"])


@settings(max_examples=40)
@given(seed=seeds, rules=rule_choices, size=st.integers(6, 9))
def test_search_is_never_better_than_the_optimum_and_keeps_its_form(seed, rules, size):
    world = random_world(size, np.random.default_rng(seed))
    best = group_units(*world, rules)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(grouping, "LARGEST", 1)
        found = group_units(*world, rules)
    if rules.bundle_count is None or len(found.bases) == len(best.bases):
        assert found.key >= (*best.key[:4], best.key[4] - 1e-6)
    for _, units in found.labels.groupby(found.labels):
        assert nx.is_connected(graph_of(world).subgraph(units.index))


def best_start(world, rules):
    """Return the best of all labels in the order of plans, those too that the search alone would never try."""
    problem = make_problem(*world, rules)
    wanted = sum(grouping.wanted_counts(problem, grouping.make_territories(problem)))
    found = [judge(problem, np.array(labels), wanted) for labels in partitions(problem.size)]

    def rank(verdict):
        loose = sum(fault.rule == "connected" for fault in verdict.breaks)
        asked = rules.bundle_count
        return (loose, abs(len(verdict.bases) - asked) if asked else 0, verdict.key)

    return pd.Series(min(found, key=rank).labels, index=list(problem.unit_ids))


@settings(max_examples=40)
@given(seed=seeds, rules=rule_choices)
def test_result_is_never_worse_than_the_best_start(seed, rules):
    world = random_world(6, np.random.default_rng(seed))
    start = best_start(world, rules)
    found = group_units(*world, rules, starts=[start])
    assert order_of(found, rules) <= order_of(evaluate_labels(start, *world, rules), rules)


@settings(max_examples=25)
@given(seed=seeds, rules=rule_choices, order=st.permutations(range(8)))
def test_row_order_does_not_change_the_plan(seed, rules, order):
    units, links, load, minutes = random_world(8, np.random.default_rng(seed))
    shuffled = (units.iloc[order], links.iloc[::-1], load.iloc[order[::-1]], minutes[np.ix_(order, order)])
    one, other = group_units(units, links, load, minutes, rules), group_units(*shuffled, rules)
    assert one.labels.equals(other.labels)
    assert (one.key, one.bases) == (other.key, other.bases)


@settings(max_examples=25)
@given(seed=seeds, part=st.floats(0, 1))
def test_splitting_a_unit_leaves_the_sums_unchanged(seed, part):
    units, links, load, minutes = random_world(6, np.random.default_rng(seed))
    labels = pd.Series([0, 0, 1, 1, 2, 2], index=units.index)
    places = [*range(6), 3]
    two = load.iloc[places].set_axis([*units.index, "u03b"])
    shared = two[["crew_days", "measure"]].mul([1, 1, 1, part, 1, 1, 1 - part], axis=0)
    more = pd.concat([links, pd.DataFrame([("u03", "u03b")], columns=links.columns)])
    tables = (units.iloc[places].set_axis(two.index), more, shared, minutes[np.ix_(places, places)])
    divided = evaluate_labels(
        pd.Series([*labels, 1], index=two.index), *tables, Rules(floor=3.0, ceiling=5.0)
    )
    whole = evaluate_labels(labels, units, links, load, minutes, Rules(floor=3.0, ceiling=5.0))
    assert divided.travel_hours == pytest.approx(whole.travel_hours)
    assert divided.key[2] == pytest.approx(whole.key[2], abs=2e-6)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_valley_is_divided_into_connected_bundles_within_the_rules(seed):
    world = valley_world(300, 6, seed, island_units=20)
    found = group_units(*world, VALLEY_RULES)
    assert found.key[0] == 0
    for _, units in found.labels.groupby(found.labels):
        assert nx.is_connected(graph_of(world).subgraph(units.index))


@pytest.mark.parametrize("seed", [1, 2])
def test_plan_that_may_cross_is_never_worse_than_one_that_may_not(seed):
    world = valley_world(250, 6, seed)
    apart = group_units(*world, dataclasses.replace(VALLEY_RULES, may_cross_border=False))
    crossing = group_units(*world, VALLEY_RULES, starts=[apart.labels])
    assert crossing.key <= evaluate_labels(apart.labels, *world, VALLEY_RULES).key


def test_valley_with_shuffled_rows_is_divided_the_same():
    units, links, load, minutes = valley_world(250, 5, 4)
    order = np.random.default_rng(0).permutation(len(units))
    shuffled = (units.iloc[order], links.iloc[::-1], load.iloc[order[::-1]], minutes[np.ix_(order, order)])
    one, other = group_units(units, links, load, minutes, VALLEY_RULES), group_units(*shuffled, VALLEY_RULES)
    assert one.labels.equals(other.labels)
    assert one.key == other.key


def test_more_moves_never_make_the_plan_worse():
    world = valley_world(250, 5, 5)
    keys = [
        group_units(*world, dataclasses.replace(VALLEY_RULES, move_budget=moves, bundle_count=12)).key
        for moves in (0, 8_000)
    ]
    assert keys[1] <= keys[0]


def test_cancelled_search_returns_the_best_so_far():
    world = valley_world(250, 5, 6)
    heard = []

    def cancel(best, part):
        heard.append((best.labels, best.travel_hours, part))
        return len(heard) < 3

    found = group_units(*world, VALLEY_RULES, progress=cancel)
    assert found.is_cancelled
    assert found.moves < VALLEY_RULES.move_budget
    assert len(found.labels) == 250


def test_exact_solver_refuses_too_many_atoms():
    with pytest.raises(ValueError, match=str(exact.LARGEST)):
        exact.best_options(many_atoms(), is_exempt=False, count_in_all=3)


def many_atoms():
    return make_atoms(make_problem(*random_world(exact.LARGEST + 5, np.random.default_rng(1)), Rules()), 0)


@pytest.mark.parametrize("count", [120, 249, 999])
def test_many_bundles_cost_no_more_moves_than_allowed_and_come_out_as_asked(count):
    rules = dataclasses.replace(VALLEY_RULES, bundle_count=count, travel_limit_min=1.0)
    found = group_units(*valley_world(250, 5, 7), rules)
    assert len(found.bases) == min(count, 250)
    assert ("bundle_count" in set(found.broken["rule"])) == (count > 250)
    # The last move of a search may pass the limit by what one bundle's moves count; so may the steps to the number.
    assert found.moves <= VALLEY_RULES.move_budget + 4 * 250


def test_numbers_beyond_the_units_are_answered_without_a_search():
    found = group_units(*valley_world(250, 5, 7), dataclasses.replace(VALLEY_RULES, bundle_count=10**6))
    assert found.moves == 0
    assert found.broken.query("rule == 'bundle_count'")["amount"].tolist() == [250.0]


def test_whole_municipality_in_parts_is_joined_before_the_search():
    units, links, load, minutes = valley_world(200, 6, 8)
    # Two far corners of the land belong to one small municipality; all other units move alone.
    ends = [units.index[i] for i in np.unravel_index(np.argmax(minutes), minutes.shape)]
    codes = pd.Series([f"m{i}" for i in range(len(units))], index=units.index)
    codes[ends] = "cut"
    world = units.assign(muni_code=codes), links, load, minutes
    rules = dataclasses.replace(VALLEY_RULES, keeps_municipality_whole=True, bundle_count=40)
    found = group_units(*world, rules)
    assert len(found.bases) == 40
    assert found.labels[ends[0]] == found.labels[ends[1]]
    for _, members in found.labels.groupby(found.labels):
        assert nx.is_connected(graph_of(world).subgraph(members.index))
