"""The smallest sets of levers: found through conflicts, whatever the rules are, and never more trials than needed."""

import contextlib
import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from gunmane.relaxations.search import LARGEST_SET, SetSearch

RULES = range(6)


class EndedError(Exception):
    """No more trials."""


def searched(conflicts, frees, *, most=50, trials=10**6):
    """Search where rules hold unless every rule of some conflict is kept."""
    tried = []

    def holds(levers):
        if len(tried) >= trials:
            raise EndedError
        tried.append(levers)
        freed = frozenset().union(*(frees[i] for i in levers))
        return all(conflict & freed for conflict in conflicts)

    search = SetSearch(frees, holds, most=most)
    with contextlib.suppress(EndedError):
        search.run()
    return search, tried


def alone(rules=RULES):
    return [frozenset({rule}) for rule in rules]


def smallest(conflicts, frees):
    """Every smallest set of levers that frees a rule of each conflict, by trying all."""
    for size in range(1, len(frees) + 1):
        found = {
            frozenset(levers)
            for levers in itertools.combinations(range(len(frees)), size)
            if all(c & frozenset().union(*(frees[i] for i in levers)) for c in conflicts)
        }
        if found:
            return found
    return set()


sets_of_rules = st.frozensets(st.sampled_from(list(RULES)), min_size=1, max_size=4)


@settings(deadline=None)
@given(conflicts=st.lists(sets_of_rules, min_size=1, max_size=5))
def test_the_sets_found_are_all_the_smallest(conflicts):
    search, _ = searched(conflicts, alone())
    assert set(search.sets) == smallest(conflicts, alone())
    assert len(search.sets) == len(set(search.sets))


@settings(deadline=None)
@given(conflicts=st.lists(sets_of_rules, min_size=1, max_size=5), more=st.lists(sets_of_rules, max_size=3))
def test_a_lever_that_frees_several_rules_counts_as_one(conflicts, more):
    frees = [*alone(), *more]
    search, _ = searched(conflicts, frees)
    assert set(search.sets) == smallest(conflicts, frees)


@settings(deadline=None)
@given(conflicts=st.lists(sets_of_rules, min_size=1, max_size=5))
def test_every_conflict_told_is_one_of_those_that_are_there(conflicts):
    search, _ = searched(conflicts, alone())
    minimal = {c for c in conflicts if not any(other < c for other in conflicts)}
    assert set(search.conflicts) <= minimal


def test_disjoint_causes_are_mended_by_one_lever_each():
    search, _ = searched([{0, 1}, {2}, {3, 4}], alone(), most=1)
    assert len(search.sets[0]) == 3
    assert all(search.sets[0] & cause for cause in ({0, 1}, {2}, {3, 4}))


def test_rules_that_come_first_are_preferred_in_a_conflict():
    search, _ = searched([{0, 1}, {4, 5}], alone(), most=1)
    assert search.conflicts[0] == {0, 1}


@settings(deadline=None)
@given(conflicts=st.lists(sets_of_rules, min_size=1, max_size=5), trials=st.integers(0, 12))
def test_a_search_that_is_ended_keeps_only_sets_that_hold(conflicts, trials):
    search, tried = searched(conflicts, alone(), trials=trials)
    assert len(tried) <= trials
    assert all(found in tried and all(c & found for c in conflicts) for found in search.sets)


def test_causes_beyond_the_largest_set_still_get_an_answer():
    rules = range(LARGEST_SET + 2)
    search, _ = searched([{rule} for rule in rules], alone(rules))
    assert search.sets == [frozenset(rules)]
