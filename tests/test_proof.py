"""Proven bundles of few units: as good as trying every plan, and honest where a limit ends the proof."""

import dataclasses
import math

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_clusters_properties import partitions, rule_choices, seeds
from worlds import random_world, rich_world, valley_world, world

from gunmane.clusters import Rules, SideWindow, Soft, evaluate_labels, group_units, prove_grouping
from gunmane.errors import ScenarioError
from gunmane.i18n import say
from gunmane.solver.grouping import make_territories, wanted_counts
from gunmane.solver.problem import make_problem
from gunmane.solver.proof.blocks import block_numbers
from gunmane.solver.proof.stages import prove
from gunmane.solver.score import judge

further_choices = st.fixed_dictionaries(
    {
        "windows": st.sampled_from(
            [
                (),
                (SideWindow("pieces", floor=2, ceiling=5, is_hard=True),),
                (SideWindow("pieces", floor=3, ceiling=4),),
            ]
        ),
        "site_limit_min": st.sampled_from([math.inf, 15.0]),
        "site_limit_m": st.sampled_from([math.inf, 15_000.0]),
        "locked_units": st.sampled_from([(), (("u00", "a"), ("u03", "a"), ("u04", "b"))]),
        "locked_bundles": st.sampled_from([(), (("u04", "u05"),), (("u01", "u03"),)]),
        "most_municipalities": st.sampled_from([None, 1, 2]),
        "open_borders": st.sampled_from([None, (), (("M", "N"), ("N", "O"))]),
        "soft": st.builds(
            Soft,
            keeps_whole=st.sampled_from([0, 0.5]),
            status_quo=st.sampled_from([0, 0.7]),
            compactness=st.sampled_from([0, 0.4]),
            evenness=st.sampled_from([0, 0.9]),
        ),
    }
)


def wanted_of(problem):
    return problem.rules.bundle_count or sum(wanted_counts(problem, make_territories(problem)))


def order_of(problem, verdict):
    """How plans are ordered: an asked number first, then the key."""
    asked = problem.rules.bundle_count
    return (0 if asked is None else abs(len(verdict.bases) - asked), *verdict.key)


def best_by_force(problem):
    """Return the order of the best of all plans that keep what no plan gives up: blocks, territories, connection."""
    blocks, wanted = block_numbers(problem), wanted_of(problem)
    found = []
    for choice in partitions(int(blocks.max()) + 1):
        labels = np.array(choice)[blocks]
        if all(len(set(problem.territory[labels == label])) == 1 for label in set(choice)):
            verdict = judge(problem, labels, wanted)
            if not any(fault.rule == "connected" for fault in verdict.breaks):
                found.append(order_of(problem, verdict))
    return min(found)


def proven(problem, **limits):
    """Prove without the search: the only start is one bundle on each connected part."""
    return prove(
        problem, wanted_of(problem), [], **{"node_limit": 10_000, "time_limit_s": math.inf, **limits}
    )


@pytest.fixture
def two_shores():
    """a-b-c-d-e-f-g-h along a lake: a ferry brings a and b near g and h, but no bundle may cross the water."""
    links = [(one, other, 20) for one, other in zip("abcdefg", "bcdefgh", strict=True)]
    units, table, load, minutes = world(links, dict.fromkeys("abcdefgh", "M"))
    near = np.ix_([0, 1, 6, 7], [0, 1, 6, 7])
    minutes[near] = np.where(np.eye(4) > 0, 0.0, 1.0)
    return units, table, load, minutes


@settings(max_examples=40)
@given(seed=seeds, rules=rule_choices)
def test_proof_finds_what_trying_every_plan_finds(seed, rules):
    problem = make_problem(*random_world(6, np.random.default_rng(seed)), rules)
    found = proven(problem)
    assert all(part.is_proven for part in found.parts)
    assert order_of(problem, found.verdict) == pytest.approx(best_by_force(problem), rel=3e-6, abs=3e-6)


@settings(max_examples=60)
@given(seed=seeds, rules=rule_choices, more=further_choices, strength=st.sampled_from([0.0, 0.5, -0.5]))
def test_proof_knows_further_rules_and_soft_terms(seed, rules, more, strength):
    rng = np.random.default_rng(seed)
    drawn = rich_world(6, rng)
    reference = pd.Series(rng.integers(0, 3, 6), index=drawn[0].index)
    problem = make_problem(*drawn, dataclasses.replace(rules, **more), [(reference, strength)])
    found = proven(problem)
    assert all(part.is_proven for part in found.parts)
    assert order_of(problem, found.verdict) == pytest.approx(best_by_force(problem), rel=3e-6, abs=3e-6)


@settings(max_examples=10)
@given(seed=seeds, rules=rule_choices, size=st.integers(8, 11))
def test_proof_agrees_with_the_table_of_all_connected_sets(seed, rules, size):
    drawn = random_world(size, np.random.default_rng(seed))
    rules = dataclasses.replace(rules, bundle_count=None)
    problem = make_problem(*drawn, rules)
    found = group_units(*drawn, rules).key
    assert proven(problem).verdict.key == pytest.approx(found, rel=3e-6, abs=3e-6)


@settings(max_examples=20)
@given(seed=seeds, rules=rule_choices, nodes=st.integers(0, 2))
def test_limits_leave_a_plan_and_bounds_that_hold(seed, rules, nodes):
    problem = make_problem(*random_world(6, np.random.default_rng(seed)), rules)
    found, best = proven(problem, node_limit=nodes), best_by_force(problem)
    assert order_of(problem, found.verdict) >= tuple(value - 3e-6 for value in best)
    first = next((part for part in found.parts if not part.is_proven), found.parts[-1])
    number = found.parts.index(first)
    assert first.bound <= best[number] + 3e-6 * max(1.0, best[number])


def test_bundles_are_cut_where_the_shortest_ways_would_part_them(two_shores):
    rules = Rules(bundle_count=2, floor=4.0, ceiling=4.0, target=4.0, is_window_hard=True)
    proof = prove_grouping(*two_shores, rules)
    # Two bundles at the ends and the middle would be better: that they were met shows in the rounds.
    assert proof.rounds > 1
    assert proof.is_proven
    assert proof.grouping.labels.tolist() == [0, 0, 0, 0, 1, 1, 1, 1]


def test_rules_that_cannot_hold_are_broken_as_little_as_can_be(two_shores):
    rules = Rules(bundle_count=3, floor=3.0, target=3.0, is_window_hard=True)
    proof = prove_grouping(*two_shores, rules)
    assert proof.is_proven
    assert proof.key[:2] == (1, pytest.approx(1 / 3, abs=1e-6))
    assert proof.grouping.broken["rule"].tolist() == ["floor"]


def test_number_comes_from_the_rules_or_from_the_caller(two_shores):
    rules = Rules(bundle_count=2)
    assert len(prove_grouping(*two_shores, rules).grouping.bases) == 2
    assert len(prove_grouping(*two_shores, rules, count=5).grouping.bases) == 5


def test_number_that_cannot_be_had_is_come_as_near_as_can_be(two_shores):
    proof = prove_grouping(*two_shores, Rules(), count=99)
    assert len(proof.grouping.bases) == 8
    assert proof.grouping.broken["rule"].tolist() == ["bundle_count"]
    assert proof.is_proven


def test_proof_without_time_gives_the_plan_of_the_search_and_a_bound():
    drawn = valley_world(20, 3, 1)
    rules = Rules(bundle_count=4, move_budget=500)
    proof = prove_grouping(*drawn, rules, time_limit_s=0.0)
    assert proof.key <= group_units(*drawn, rules).key
    assert proof.unproven == ("objective",)
    assert 0 < proof.gap <= 1


def test_caller_may_end_the_proof():
    heard = []
    rules = Rules(bundle_count=4, move_budget=500)
    proof = prove_grouping(*valley_world(20, 3, 1), rules, progress=lambda part: bool(heard.append(part)))
    assert len(heard) == 1
    assert not proof.is_proven


def test_plan_of_twenty_units_is_proven_and_never_worse_than_the_search():
    drawn = valley_world(20, 3, 1)
    rules = Rules(bundle_count=4, move_budget=500)
    proof = prove_grouping(*drawn, rules)
    assert (proof.is_proven, proof.gap) == (True, 0.0)
    assert not proof.improves(proof.key)
    graph = nx.Graph(list(drawn[1].itertuples(index=False, name=None)))
    for _, units in proof.grouping.labels.groupby(proof.grouping.labels):
        assert nx.is_connected(graph.subgraph(units.index))
    assert evaluate_labels(proof.grouping.labels, *drawn, rules).key == proof.key


def test_gap_of_another_plan_counts_hours_or_is_unknown(two_shores):
    rules = Rules(bundle_count=2)
    proof = prove_grouping(*two_shores, rules)
    longer = (*proof.key[:4], proof.key[4] * 1.25)
    assert proof.gap_of(longer) == pytest.approx(0.2)
    assert proof.improves(longer)
    assert math.isnan(proof.gap_of((1, *proof.key[1:])))


def test_order_of_rows_does_not_change_the_proof():
    units, links, load, minutes = random_world(12, np.random.default_rng(3))
    order = np.random.default_rng(0).permutation(12)
    shuffled = (units.iloc[order], links.iloc[::-1], load.iloc[order[::-1]], minutes[np.ix_(order, order)])
    rules = Rules(bundle_count=3, ceiling=9.0, target=8.0)
    one, other = prove_grouping(units, links, load, minutes, rules), prove_grouping(*shuffled, rules)
    assert one.grouping.labels.equals(other.grouping.labels)
    assert (one.key, one.parts) == (other.key, other.parts)


def test_minutes_along_links_are_proven_like_those_of_a_table():
    units, links, load, minutes = rich_world(9, np.random.default_rng(5))
    rules = Rules(bundle_count=3, travel_limit_min=15.0)
    table, ways = (prove_grouping(units, links, load, given, rules) for given in (minutes, None))
    assert ways.is_proven
    assert ways.key == pytest.approx(table.key)


def test_too_many_units_are_refused_with_a_sentence():
    with pytest.raises(ScenarioError) as told:
        prove_grouping(*random_world(41, np.random.default_rng(1)), Rules())
    assert told.value.key == "proof_too_large"
    assert "41" in say(told.value, "ja")


def test_many_units_in_few_whole_municipalities_are_proven():
    drawn = valley_world(60, 5, 2)
    proof = prove_grouping(*drawn, Rules(bundle_count=2, keeps_municipality_whole=True))
    assert proof.is_proven
    assert proof.block_count <= drawn[0]["muni_code"].nunique()


@pytest.mark.parametrize(
    ("choice", "name"),
    [({"soft": Soft(similarity=1.0)}, "similarity_strength"), ({"base_count": 1}, "base_count")],
)
def test_what_is_not_linear_is_refused_by_name(two_shores, choice, name):
    units, links, load, minutes = two_shores
    load = load.assign(**{"trade:steel": 1.0, "trade:soil": range(8)})
    with pytest.raises(ScenarioError) as told:
        prove_grouping(units, links, load, minutes, Rules(bundle_count=2, **choice))
    assert (told.value.key, told.value.values["name"]) == ("proof_not_covered", name)


def test_number_of_bases_that_binds_nothing_is_no_hindrance(two_shores):
    assert prove_grouping(*two_shores, Rules(bundle_count=2, base_count=2)).is_proven
