"""Works contracts of bridges: expected numbers, the backlog, and which of them may share an engineer."""

from __future__ import annotations

import math
from fractions import Fraction

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gunmane.assumptions import Assumptions, load_assumptions
from gunmane.contracts import (
    RANGED,
    Duties,
    Terms,
    backlog_contracts,
    bundle_contracts,
    duties_of,
    expected_contracts,
    shared_pairs,
    terms_of,
    works_figures,
    works_trials,
)
from gunmane.errors import ScenarioError
from gunmane.i18n import LANGUAGES, say
from gunmane.municipalities import find_region

Q = 0.012329787974114258
MILLION = 1e6
ASSUMPTIONS = load_assumptions()
DUTIES = duties_of(ASSUMPTIONS)


def overridden(**values):
    return ASSUMPTIONS.replaced({key: (value, value, value) for key, value in values.items()})


def drawn_bridges(*rows):
    """One row a bridge: (unit, bundle, grade or None)."""
    return pd.DataFrame(
        {
            "asset_id": [f"b{i:03d}" for i in range(len(rows))],
            "unit_id": [unit for unit, _, _ in rows],
            "bundle_id": [bundle for _, bundle, _ in rows],
            "condition": pd.array([grade for _, _, grade in rows], dtype="Int8"),
        }
    )


def trials_of(bridges, assumptions=ASSUMPTIONS, *, minutes=10.0):
    """Two units "p" and "q", some minutes apart."""
    travel = np.array([[0.0, minutes], [minutes, 0.0]], dtype="float32")
    return works_trials(
        bridges, assumptions, unit_ids=pd.Index(["p", "q"]), travel_min=travel, seed=0
    )  # fmt: skip


# Two bodies whose backlog makes one full contract each, every year; no bridge worsens.
TWO_SITES = drawn_bridges(*[("p", "S1", 3)] * 5, *[("q", "S2", 4)] * 5)
SURE = {
    "bridge_repair_probability_per_year": 0.0,
    "bridge_repair_within_years_grade3": 1.0,
    "bridges_per_contract": 5.0,
}


# -- expected contracts ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "expected", "digits"),
    [(322, 1.1933267244554226, 12), (100, 0.7124, 4), (1000, 2.8659, 4), (10, 0.117, 3), (50, 0.462, 3)],
)
def test_the_closed_form_gives_the_published_values(count, expected, digits):
    found = expected_contracts(count, probability=Q, bridges_per_contract=5)
    assert found == pytest.approx(expected, abs=0.5 * 10**-digits)


@given(count=st.integers(0, 40), tenths=st.integers(0, 10), size=st.integers(1, 12), least=st.integers(1, 6))
def test_the_closed_form_is_the_sum_over_every_number_of_bridges(count, tenths, size, least):
    q = Fraction(tenths, 10)
    exact = sum(
        math.comb(count, n) * q**n * (1 - q) ** (count - n) * orders(n, size, least) for n in range(count + 1)
    )
    found = expected_contracts(count, probability=tenths / 10, bridges_per_contract=size, at_least=least)
    assert found == pytest.approx(float(exact), abs=1e-9)


def orders(bridges, size, least):
    """How many contracts of `least` bridges or more there are when each but the last is full."""
    return sum(min(size, bridges - begun) >= least for begun in range(0, bridges, size))


@pytest.mark.parametrize("size", [1, 3, 5, 7, 10])
def test_fifty_thousand_bridges_keep_every_digit(size):
    found = expected_contracts(50_000, probability=Q, bridges_per_contract=size)
    # Far from zero the remainder is uniform, so rounding up adds half of what it can add at most.
    assert found == pytest.approx((50_000 * Q + (size - 1) / 2) / size, rel=1e-9)


@given(a=st.integers(0, 2000), b=st.integers(0, 2000), size=st.integers(1, 10))
def test_ordering_together_never_takes_more_contracts(a, b, size):
    alone = [expected_contracts(n, probability=Q, bridges_per_contract=size) for n in (a, b, a + b)]
    assert alone[2] <= alone[0] + alone[1] + 1e-9


@pytest.mark.parametrize(
    ("wrong", "values"),
    [("count", (-1, 0.1, 5)), ("chance", (5, 1.5, 5)), ("chance", (5, math.nan, 5)), ("size", (5, 0.1, 0))],
)
def test_numbers_that_cannot_be_are_refused(wrong, values):
    with pytest.raises(ValueError, match="out of range"):
        expected_contracts(values[0], probability=values[1], bridges_per_contract=values[2])


@pytest.mark.parametrize(
    ("region_id", "apart", "joined"),
    [("hyogo_tajima", 9.05, 7.46), ("nara_uda", 4.21, 2.83), ("hiroshima_geihoku", 3.19, 2.79)],
)
def test_official_numbers_of_bridges_give_the_known_contracts(region_id, apart, joined):
    counts = find_region(region_id).statistics["bridges_inspected"].astype("int64")
    each = [expected_contracts(int(n), probability=Q, bridges_per_contract=5) for n in counts]
    assert sum(each) == pytest.approx(apart, abs=0.005)
    whole = expected_contracts(int(counts.sum()), probability=Q, bridges_per_contract=5)
    assert whole == pytest.approx(joined, abs=0.005)


# -- the backlog -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "contracts"), [(0, 0.0), (3, 0.6), (5, 1.0), (12, 1.0), (26, 1.2), (30, 2.0)]
)
def test_the_backlog_is_spread_over_its_years(count, contracts):
    assert backlog_contracts(count, spread_years=5, bridges_per_contract=5) == pytest.approx(contracts)


@given(count=st.integers(0, 300), years=st.integers(1, 9), size=st.integers(1, 12), least=st.integers(1, 12))
def test_backlog_contracts_are_those_of_each_year_on_average(count, years, size, least):
    dealt = np.bincount(np.arange(count) % years, minlength=years)
    mean = sum(orders(int(n), size, least) for n in dealt) / years
    found = backlog_contracts(count, spread_years=years, bridges_per_contract=size, at_least=least)
    assert found == pytest.approx(mean)


def test_a_bridge_without_a_grade_is_counted_and_in_no_backlog():
    bridges = drawn_bridges(("p", "S1", 3), ("p", "S1", None), ("p", "S1", 2), ("q", "S2", None))
    table = bundle_contracts(bridges, Terms(Q, 5, 1e7), DUTIES)
    assert table["bridge_count"].to_dict() == {"S1": 3, "S2": 1}
    assert table["backlog_count"].to_dict() == {"S1": 1, "S2": 0}
    assert table["ungraded_count"].to_dict() == {"S1": 1, "S2": 1}
    assert table["backlog_contracts"].to_dict() == pytest.approx({"S1": 0.2, "S2": 0.0})


# -- engineers -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("jpy", "dedicated"), [(9 * MILLION, 1.0), (8.99 * MILLION, 0.0), (45 * MILLION, 1.0)]
)
def test_a_contract_at_the_threshold_needs_an_engineer_of_its_own(jpy, dedicated):
    bridges = drawn_bridges(*[("p", "S1", 4)] * 5)
    duties = Duties(1, 45 * MILLION, 100 * MILLION, 2, 120)
    table = bundle_contracts(bridges, Terms(0.0, 5, jpy), duties)
    assert table["dedicated_contracts"].to_list() == [dedicated]


@pytest.mark.parametrize(
    ("minutes", "jpy_per_bridge", "engineers"),
    [
        (120, 10 * MILLION, 1.0),
        (121, 10 * MILLION, 2.0),
        (10, 20 * MILLION, 2.0),
        (np.inf, 10 * MILLION, 2.0),
    ],
)
def test_two_near_sites_below_the_limit_share_an_engineer(minutes, jpy_per_bridge, engineers):
    assumptions = overridden(**SURE, bridge_repair_work_jpy_per_bridge=jpy_per_bridge)
    first = trials_of(TWO_SITES, assumptions, minutes=minutes).iloc[0]
    assert first["dedicated_contracts"] == 2.0
    assert first["engineers"] == pytest.approx(engineers)


def test_a_contract_whose_farthest_bridge_is_too_far_shares_with_none():
    bridges = drawn_bridges(*[("p", "S1", 3)] * 5, *[("p", "S2", 3)] * 4, ("q", "S2", 3))
    first = trials_of(bridges, overridden(**SURE), minutes=130).iloc[0]
    assert first["engineers"] == pytest.approx(2.0)


def test_sites_are_near_only_if_both_ways_are():
    travel = np.array([[0.0, 10.0], [130.0, 0.0]], dtype="float32")
    units = pd.Index(["p", "q"])
    trials = works_trials(TWO_SITES, overridden(**SURE), unit_ids=units, travel_min=travel, seed=0)
    assert trials.iloc[0]["engineers"] == pytest.approx(2.0)


def test_one_engineer_looks_after_two_sites_at_most():
    bridges = drawn_bridges(*[("p", f"S{i // 5}", 3) for i in range(15)])
    first = trials_of(bridges, overridden(**SURE)).iloc[0]
    assert (first["dedicated_contracts"], first["engineers"]) == (3.0, pytest.approx(2.0))


@given(
    size=st.integers(1, 9),
    edges=st.sets(st.tuples(st.integers(0, 8), st.integers(0, 8)), max_size=20),
)
def test_the_most_pairs_are_found(size, edges):
    matrix = np.zeros((size, size), dtype=bool)
    for a, b in edges:
        if a != b and a < size and b < size:
            matrix[a, b] = matrix[b, a] = True
    best = nx.max_weight_matching(nx.from_numpy_array(matrix), maxcardinality=True)
    assert shared_pairs(matrix) == len(best)


def test_an_unknown_cost_leaves_the_engineers_unknown():
    table = ASSUMPTIONS.table.drop(index="bridge_repair_work_jpy_per_bridge")
    trials = trials_of(TWO_SITES, Assumptions(table))
    assert trials["contracts"].notna().all()
    assert trials[["dedicated_contracts", "engineers"]].isna().all(axis=None)
    assert math.isnan(works_figures(TWO_SITES, trials)["engineers_low"])


# -- trials over the ranges ------------------------------------------------------------------------------------


def test_every_value_of_the_coefficients_is_tried_the_central_one_first():
    terms = terms_of(ASSUMPTIONS)
    assert terms[0] == Terms(Q, 5, 10 * MILLION)
    assert {point.bridges_per_contract for point in terms} == {1, 3, 5, 7, 10}
    assert len(set(terms)) == 3 * 5 * 3


def test_low_and_high_hold_every_trial_and_the_central_one():
    bridges = drawn_bridges(*[("p", "S1", 1 + i % 4) for i in range(80)])
    trials = trials_of(bridges)
    figures = works_figures(bridges, trials)
    for name in RANGED:
        assert figures[f"{name}_low"] == trials[name].min() <= figures[name] <= figures[f"{name}_high"]
    assert (figures["bridge_count"], figures["backlog_count"]) == (80, 40)


def test_contracts_whose_engineer_depends_on_the_cost_are_borderline():
    trials = trials_of(TWO_SITES, overridden(**SURE))
    # Five bridges: 15 million at the low cost, 200 million at the high one.
    assert works_figures(TWO_SITES, trials)["borderline_contracts"] == 2.0


def test_engineers_are_between_half_of_the_contracts_and_all():
    bridges = drawn_bridges(*[("pq"[i % 2], f"S{i % 3}", 1 + i % 4) for i in range(400)])
    trials = trials_of(bridges)
    assert (trials["engineers"] <= trials["dedicated_contracts"] + 1e-9).all()
    assert (2 * trials["engineers"] >= trials["dedicated_contracts"] - 1e-9).all()
    assert (trials["engineers"] < trials["dedicated_contracts"]).any()


@settings(max_examples=25)
@given(order=st.permutations(range(12)))
def test_the_order_of_bridges_changes_nothing(order):
    few = overridden(
        bridges_per_contract=2.0,
        bridge_repair_work_jpy_per_bridge=3e7,
        bridge_repair_probability_per_year=0.3,
    )
    bridges = drawn_bridges(*[("pq"[i % 2], f"S{i % 3}", 1 + i % 4) for i in range(12)])
    shuffled = bridges.iloc[list(order)]
    pd.testing.assert_frame_equal(trials_of(shuffled, few), trials_of(bridges, few))


def test_without_bridges_nothing_is_known():
    none = drawn_bridges()
    assert trials_of(none).empty
    assert all(math.isnan(value) for value in works_figures(none, trials_of(none)).values())


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(
    ("key", "value"), [("bridge_repair_probability_per_year", 1.5), ("bridges_per_contract", 0.0)]
)
def test_coefficients_that_cannot_be_are_told_in_a_sentence(key, value, lang):
    with pytest.raises(ScenarioError) as caught:
        terms_of(overridden(**{key: value}))
    assert key in say(caught.value, lang) and str(value) in say(caught.value, lang)
