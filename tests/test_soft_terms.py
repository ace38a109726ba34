"""Soft terms: 0 when perfect, known values on a drawn street, and what they add to the objective."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import rich_world, world

from gunmane.clusters import Rules, Soft, evaluate_labels, group_units
from gunmane.solver.problem import make_problem


@pytest.fixture
def street():
    """a-b-c-d-e-f, ten minutes between neighbours; abc and def are two towns, ab and cdef today's two areas."""
    links = [(a, b, 10) for a, b in itertools.pairwise("abcdef")]
    units, links, load, minutes = world(links, dict.fromkeys("abc", "M") | dict.fromkeys("def", "N"))
    trades = {"trade:road": [1.0, 1, 1, 0, 0, 0], "trade:park": [0.0, 0, 0, 1, 1, 2]}
    return units.assign(area_id=list("xxyyyy")), links, load.assign(**trades), minutes


def terms(tables, words, rules=None, **choices):
    labels = pd.Series({unit: number for number, word in enumerate(words.split()) for unit in word})
    return evaluate_labels(labels, *tables, rules or Rules(), **choices)


@pytest.mark.parametrize(
    ("words", "term", "value"),
    [
        ("abc def", "keeps_whole", 0.0),
        ("ab cd ef", "keeps_whole", 2 / 2),
        ("ab cdef", "status_quo", 0.0),
        # Of six units c leaves its bundle's largest overlap, and c its area's.
        ("abc def", "status_quo", 2 / 12),
        ("abcdef", "status_quo", 2 / 12),
        ("abcdef", "compactness", 0.0),
        ("ab cd ef", "compactness", 2 / 5),
        ("ab cd ef", "evenness", 0.0),
        ("abcd ef", "evenness", 2 / 6),
        ("abc def", "similarity", 0.0),
        # Three hours of roads and four of parks in one bundle.
        ("abcdef", "similarity", 1 - (9 + 16) / 49),
    ],
)
def test_terms_have_their_values(street, words, term, value):
    assert terms(street, words).soft_terms[term] == pytest.approx(value)


def test_reference_hours_are_those_of_each_town_on_its_own(street):
    # One base in the middle of each town: two units ten minutes away, a day each, there and back.
    assert make_problem(*street, Rules()).reference_hours == pytest.approx(2 * 2 * 20 / 60)


def test_parts_of_a_town_that_no_link_joins_count_apart(street):
    units, links, load, minutes = street
    moved = units.assign(muni_code=["M", "M", "N", "N", "N", "M"])
    assert make_problem(moved, links, load, minutes, Rules()).reference_hours == pytest.approx(3 * 20 / 60)


def test_a_strength_adds_reference_hours_times_its_term(street):
    plain, strong = terms(street, "abcd ef"), terms(street, "abcd ef", Rules(soft=Soft(evenness=3.0)))
    assert plain.objective_hours == plain.travel_hours == strong.travel_hours
    assert strong.objective_hours - strong.travel_hours == pytest.approx(3.0 * (2 / 6) * (4 * 20 / 60))
    assert strong.key[4] == pytest.approx(strong.objective_hours)


def test_a_reference_draws_near_or_pushes_away(street):
    today = pd.Series(list("xxyyyy"), index=list("abcdef"))
    near = terms(street, "abc def", references=[(today, 2.0)])
    away = terms(street, "abc def", references=[(today, -2.0)])
    assert near.soft_terms["reference_0"] == near.soft_terms["status_quo"] > 0
    assert near.objective_hours - near.travel_hours == pytest.approx(away.travel_hours - away.objective_hours)


@pytest.mark.parametrize(
    ("strength", "expected"),
    [
        ({"keeps_whole": 5.0}, {"abc", "def"}),
        ({"status_quo": 9.0}, {"ab", "cdef"}),
        ({"similarity": 9.0}, {"abc", "def"}),
    ],
)
def test_a_strong_term_decides_the_plan(street, strength, expected):
    units, links, load, minutes = street
    uneven = load.assign(crew_days=[1.0, 1, 1, 9, 1, 1])
    found = group_units(units, links, uneven, minutes, Rules(bundle_count=2, soft=Soft(**strength)))
    assert {"".join(rows.index) for _, rows in found.labels.groupby(found.labels)} == expected


def test_terms_of_a_world_without_work_or_links_are_zero():
    units, links, load, minutes = world([], {"a": "M"}, days={"a": 0.0}, measure={"a": 0.0})
    found = evaluate_labels(pd.Series({"a": 0}), units, links, load, minutes, Rules(soft=Soft(1, 1, 1, 1, 1)))
    assert set(found.soft_terms.values()) == {0.0}
    assert found.objective_hours == 0.0


def by_hand(units, links, load, labels):
    """The five terms as their definitions say, unit by unit."""
    bundles, towns, areas = (
        sorted(set(labels)),
        sorted(set(units["muni_code"])),
        sorted(set(units["area_id"])),
    )
    ids, work = list(units.index), load["measure"]
    shared = {(b, a): sum(work[u] for u in ids if labels[u] == b and units.at[u, "area_id"] == a)
              for b in bundles for a in areas}  # fmt: skip
    total, sizes = work.sum(), work.groupby(labels).sum()
    strayed = sum(sizes[b] - max(shared[b, a] for a in areas) for b in bundles)
    strayed += sum(sum(shared[b, a] for b in bundles) - max(shared[b, a] for b in bundles) for a in areas)
    in_towns = sum(len({labels[u] for u in ids if units.at[u, "muni_code"] == t}) - 1 for t in towns)
    cut = [labels[a] != labels[b] for a, b in zip(links["source_id"], links["target_id"], strict=True)]
    hours = load[["trade:road", "trade:park"]].groupby(labels).sum()
    sums = hours.sum(axis=1)
    mixed = sum(sums[b] * (1 - ((hours.loc[b] / sums[b]) ** 2).sum()) for b in bundles if sums[b] > 0)
    return {
        "keeps_whole": in_towns / len(towns),
        "status_quo": strayed / (2 * total) if total else 0.0,
        "compactness": sum(cut) / len(cut),
        "similarity": mixed / sums.sum() if sums.sum() else 0.0,
    }


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), drawn=st.lists(st.integers(0, 3), min_size=9, max_size=9))
def test_terms_are_what_their_definitions_say(seed, drawn):
    units, links, load, minutes = rich_world(9, np.random.default_rng(seed))
    labels = pd.Series(drawn, index=units.index)
    found = evaluate_labels(labels, units, links, load, minutes, Rules()).soft_terms
    expected = by_hand(units, links, load, labels)
    assert {name: found[name] for name in expected} == pytest.approx(expected)
    assert all(0 <= value <= max(1.0, len(units)) for value in found.values())
