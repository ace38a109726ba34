"""Bad input: each fault of tables and rules has a sentence in both languages, and nothing breaks without one."""

import numpy as np
import pandas as pd
import pytest
from worlds import world

from gunmane.clusters import Rules, SideWindow, evaluate_labels, group_units, move_prices, prove_grouping
from gunmane.errors import GunmaneError, ScenarioError, TableError
from gunmane.i18n import LANGUAGES, say


@pytest.fixture
def street():
    """a-b-c, five minutes each."""
    return world([("a", "b", 5), ("b", "c", 5)], dict.fromkeys("abc", "M"))


def refused(key, tables, rules=None, kind=TableError, **choices):
    """Check that grouping is refused with a sentence that names what is wrong; return it in Japanese."""
    with pytest.raises(kind) as caught:
        group_units(*tables, rules or Rules(), **choices)
    assert isinstance(caught.value, GunmaneError) and caught.value.key == key
    assert all("{" not in say(caught.value, lang) for lang in LANGUAGES)
    return say(caught.value, "ja")


@pytest.mark.parametrize("column", ["crew_days", "measure"])
@pytest.mark.parametrize("value", [-1.0, np.nan, np.inf, "many"])
def test_negative_or_missing_work_is_refused(street, column, value):
    units, links, load, minutes = street
    wrong = load.assign(**{column: [1.0, value, 1.0]})
    assert "b" in refused("work_wrong", (units, links, wrong, minutes))


def test_missing_work_of_a_further_window_is_refused(street):
    rules = Rules(windows=(SideWindow("pieces", 1.0),))
    assert "pieces" in refused("load_column_missing", street, rules)
    units, links, load, minutes = street
    refused("work_wrong", (units, links, load.assign(pieces=-1.0), minutes), rules)


def test_a_unit_without_a_row_of_work_is_refused(street):
    units, links, load, minutes = street
    assert "b" in refused("load_missing", (units, links, load.drop("b"), minutes))


@pytest.mark.parametrize("table", ["units", "load"])
def test_a_unit_that_stands_twice_is_refused(street, table):
    units, links, load, minutes = street
    twice = ["a", "b", "b"]
    tables = (units.set_axis(twice), load) if table == "units" else (units, load.set_axis(twice))
    assert "b" in refused("units_twice", (tables[0], links, tables[1], minutes))


def test_ids_that_read_the_same_are_one_unit(street):
    units, links, load, minutes = street
    same = [1, "1", "c"]
    assert "1" in refused("units_twice", (units.set_axis(same), links[:0], load.set_axis(same), minutes))


@pytest.mark.parametrize("name", [None, np.nan])
def test_a_unit_without_an_id_is_refused(street, name):
    units, links, load, minutes = street
    ids = ["a", name, "c"]
    refused("ids_missing", (units.set_axis(ids), links[:0], load.set_axis(ids), minutes))


def test_a_unit_without_a_municipality_is_refused(street):
    units, links, load, minutes = street
    wrong = units.assign(muni_code=["M", None, "M"])
    assert "b" in refused("municipality_missing", (wrong, links, load, minutes))


def test_columns_that_are_needed_are_named(street):
    units, links, load, minutes = street
    said = refused("table_column_missing", (units.drop(columns="muni_code"), links, load, minutes))
    assert "muni_code" in said
    said = refused("table_column_missing", (units, links.drop(columns="target_id"), load, minutes))
    assert "target_id" in said


def test_unknown_need_of_a_unit_is_refused(street):
    units, links, load, minutes = street
    refused("work_wrong", (units, links, load.assign(is_needed=[True, None, True]), minutes))


@pytest.mark.parametrize("strength", [np.nan, np.inf, "much"])
def test_strengths_that_are_no_number_are_refused(street, strength):
    labels = pd.Series(0, index=list("abc"))
    refused("strength_no_number", street, references=[(labels, strength)])


def test_minutes_named_by_their_units_may_stand_in_any_order(street):
    units, links, load, minutes = street
    far = minutes.copy()
    far[0, 1:] = far[1:, 0] = [50.0, 60.0]
    named = pd.DataFrame(far, index=units.index, columns=units.index)
    found = [group_units(units, links, load, table, Rules(bundle_count=2)) for table in (far, named[::-1])]
    turned = group_units(units, links, load, named.loc[::-1, ::-1], Rules(bundle_count=2))
    assert [plan.labels.tolist() for plan in (*found, turned)] == [[0, 1, 1]] * 3


def test_minutes_that_are_no_numbers_are_refused(street):
    units, links, load, minutes = street
    wrong = minutes.astype(object)
    wrong[0, 1] = "soon"
    assert "「a」から「b」" in refused("minutes_wrong", (units, links, load, wrong))


def test_endless_minutes_of_a_link_are_refused_where_no_table_is_given(street):
    units, links, load, _ = street
    refused("link_minutes_missing", (units, links.assign(travel_min=[5.0, np.inf]), load, None))


@pytest.mark.parametrize("value", [-1.0, np.nan])
def test_negative_or_missing_minutes_are_refused(street, value):
    units, links, load, minutes = street
    wrong = minutes.copy()
    wrong[0, 2] = value
    said = refused("minutes_wrong", (units, links, load, wrong))
    assert "「a」から「c」" in said


def test_minutes_of_another_shape_are_refused(street):
    units, links, load, minutes = street
    refused("minutes_shape", (units, links, load, minutes[:2, :2]))


def test_links_without_minutes_are_refused_where_no_table_is_given(street):
    units, links, load, _ = street
    refused("link_minutes_missing", (units, links, load, None))
    refused("minutes_wrong", (units, links.assign(travel_min=-1.0), load, None))


def test_a_link_to_an_unknown_unit_is_refused(street):
    units, links, load, minutes = street
    more = pd.concat([links, pd.DataFrame({"source_id": ["c"], "target_id": ["zz"]})])
    assert "zz" in refused("links_unknown", (units, more, load, minutes))


def test_a_limit_in_metres_needs_places(street):
    refused("places_missing", street, Rules(site_limit_m=5.0))


@pytest.mark.parametrize(
    ("rules", "key"),
    [
        (Rules(locked_units=(("a", "n"), ("a", "s"))), "locked_twice"),
        (Rules(locked_bundles=(("a", "b"), ("b", "c"))), "in_two_locked_bundles"),
        (Rules(locked_bundles=(("a", "zz"),)), "unit_unknown"),
        (Rules(locked_units=(("zz", "n"),)), "unit_unknown"),
        (Rules(base_units=("zz",)), "unit_unknown"),
    ],
)
def test_rules_that_no_unit_can_follow_are_refused(street, rules, key):
    refused(key, street, rules, ScenarioError)


@pytest.mark.parametrize(
    "rules",
    [
        Rules(must_link=(("a", "b"),), cannot_link=(("a", "b"),)),
        Rules(must_link=(("a", "b"),), locked_units=(("a", "n"), ("b", "s"))),
        Rules(locked_bundles=(("a", "b"),), must_link=(("b", "c"),)),
        Rules(locked_bundles=(("a", "c"),)),
        Rules(locked_bundles=(("a", "b"),), bundle_count=1),
        Rules(floor=99.0, is_window_hard=True),
        Rules(windows=(SideWindow("measure", 99.0, is_hard=True),)),
    ],
)
def test_rules_that_contradict_each_other_are_answered_with_a_plan_that_names_one(street, rules):
    found = group_units(*street, rules)
    assert len(found.labels) == 3
    assert found.key[0] > 0 and not found.broken.empty


@pytest.mark.parametrize(
    "words",
    [
        {"bundle_count": 2.5},
        {"seed": 1.5},
        {"move_budget": np.inf},
        {"base_count": "2"},
        {"most_municipalities": True},
        {"must_link": (("a", "b", "c"),)},
        {"cannot_link": ("ab",)},
        {"locked_units": (("a",),)},
        {"open_borders": (("M", "N", "O"),)},
        {"fixed_bases": "ab"},
        {"locked_bundles": ("ab",)},
        {"windows": (("measure", 1.0, 2.0, True),)},
        {"soft": None},
    ],
)
def test_rules_that_nothing_can_mean_are_refused_by_name(words):
    with pytest.raises(ValueError, match=next(iter(words))):
        Rules(**words)


def test_a_target_below_every_work_gives_each_unit_a_bundle(street):
    assert group_units(*street, Rules(target=1e-308)).labels.nunique() == 3


def test_labels_that_leave_out_a_unit_are_refused(street):
    for labels in (pd.Series({"a": 0, "b": 0}), pd.Series([0, 0, None], index=list("abc"))):
        with pytest.raises(TableError) as caught:
            evaluate_labels(labels, *street, Rules())
        assert "c" in say(caught.value, "en")


def test_a_base_that_is_no_unit_is_refused(street):
    with pytest.raises(TableError) as caught:
        evaluate_labels(pd.Series(0, index=list("abc")), *street, Rules(), bases={0: "zz"})
    assert "zz" in say(caught.value, "ja")


def test_a_world_without_units_has_a_plan_without_bundles():
    nothing = world([], {})
    assert group_units(*nothing, Rules(bundle_count=None)).broken.empty
    assert move_prices(pd.Series(dtype="int64"), *nothing, Rules()).empty
    assert prove_grouping(*nothing, Rules()).is_proven
    asked = group_units(*nothing, Rules(bundle_count=2))
    assert asked.broken["rule"].tolist() == ["bundle_count"]


def test_a_world_of_one_unit_is_one_bundle():
    found = group_units(*world([], {"a": "M"}), Rules())
    assert (found.labels.to_dict(), found.bases, found.travel_hours) == ({"a": 0}, {0: "a"}, 0.0)


@pytest.mark.parametrize("has_table", [True, False])
def test_units_without_links_are_bundles_of_their_own(has_table):
    units, links, load, minutes = world([], dict.fromkeys("abc", "M"))
    links = links.assign(travel_min=[])
    found = group_units(units, links, load, minutes if has_table else None, Rules())
    assert found.labels.nunique() == 3
    assert found.broken.empty
