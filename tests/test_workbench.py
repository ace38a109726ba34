"""A plan shaped by hand: every edit does what it says, an edit that cannot be changes nothing, undo brings all back."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gunmane.errors import GunmaneError, PlanError, ScenarioError
from gunmane.i18n import LANGUAGES, say
from gunmane.scenario import Scenario
from gunmane.workbench import (
    ChangeChoices,
    Draft,
    History,
    Improve,
    LockAll,
    LockBundles,
    LockUnits,
    Merge,
    MoveUnits,
    NameBundle,
    NewBundle,
    SetBase,
    Split,
    Step,
    UnlockAll,
    UnlockBundles,
    UnlockUnits,
    apply,
    edit_from_json,
    replay,
)
from gunmane.workbench.draft import as_labels

UNITS = "abcdef"


@pytest.fixture
def draft():
    """D1 holds a and b, D2 holds c, d and e, D3 holds f."""
    return three_bundles()


def three_bundles():
    labels = as_labels(dict(zip(UNITS, ["D1", "D1", "D2", "D2", "D2", "D3"], strict=True)))
    return Draft(Scenario("nara_uda"), "key", {"": labels}, names={"D1": "", "D2": "", "D3": ""})


@pytest.fixture
def apart():
    """Two fields planned apart: D1 and D2 are of roads, D3 and D4 of parks, over the same units."""
    road = as_labels({"a": "D1", "b": "D1", "c": "D2"})
    park = as_labels({"a": "D3", "b": "D4", "c": "D4"})
    names = dict.fromkeys(["D1", "D2", "D3", "D4"], "")
    return Draft(Scenario("nara_uda", joins_fields=False), "key", {"park": park, "road": road}, names=names)


def placed(draft, strand=""):
    return "".join(name[1:] for name in draft.labels[strand])


def refused(draft, edit):
    """The key of the error; the draft given must be what it was, and the sentence must be there."""
    before = draft.to_json()
    with pytest.raises(GunmaneError) as told:
        apply(draft, edit)
    assert draft.to_json() == before
    assert all(say(told.value, lang) for lang in LANGUAGES)
    return told.value.key


def test_units_move_into_the_bundle_named(draft):
    assert placed(apply(draft, MoveUnits(("c", "e"), "D1"))) == "111213"


def test_a_bundle_without_units_is_gone_and_its_name_is_never_given_again(draft):
    emptied = apply(draft, MoveUnits(("f",), "D2"))
    assert emptied.bundles() == ["D1", "D2"]
    assert apply(emptied, NewBundle(("a",))).bundles() == ["D1", "D2", "D4"]


def test_a_split_leaves_the_name_with_the_rest(draft):
    assert placed(apply(draft, Split("D2", ("d", "e")))) == "112443"


def test_a_merger_keeps_the_name_base_and_title_of_the_larger(draft):
    named = apply(apply(draft, NameBundle("D2", " north  side ")), SetBase("D2", "d"))
    merged = apply(named, Merge(("D1", "D2")))
    assert (placed(merged), merged.bases, merged.names["D2"]) == ("222223", {"D2": "d"}, "north side")


def test_a_base_that_leaves_its_bundle_is_chosen_anew(draft):
    based = apply(apply(draft, SetBase("D2", "d")), SetBase("D1", "a"))
    assert apply(based, MoveUnits(("d",), "D1")).bases == {"D1": "a"}


def test_none_gives_a_bundle_its_best_base_again(draft):
    assert apply(apply(draft, SetBase("D2", "d")), SetBase("D2", None)).bases == {}


def test_a_locked_unit_does_not_move(draft):
    locked = apply(draft, LockUnits(("c",)))
    edits = (MoveUnits(("c",), "D1"), Split("D2", ("c",)), NewBundle(("c",)), Improve((("", "c", "D1"),)))
    assert {refused(locked, edit) for edit in edits} == {"units_locked"}
    assert placed(apply(apply(locked, UnlockUnits(("c",))), MoveUnits(("c",), "D1"))) == "111223"


def test_no_unit_enters_or_leaves_a_locked_bundle(draft):
    locked = apply(draft, LockBundles(("D2",)))
    edits = (MoveUnits(("c",), "D1"), MoveUnits(("a",), "D2"), Merge(("D1", "D2")), SetBase("D2", "c"))
    assert {refused(locked, edit) for edit in edits} == {"bundles_locked"}
    assert apply(locked, UnlockBundles(("D2",))).locked_bundles == frozenset()


def test_lock_all_holds_every_bundle_and_unlock_all_lets_go_of_units_too(draft):
    locked = apply(apply(draft, LockUnits(("a",))), LockAll())
    assert locked.locked_bundles == {"D1", "D2", "D3"}
    free = apply(locked, UnlockAll())
    assert (free.locked_bundles, free.locked_units) == (frozenset(), frozenset())


@pytest.mark.parametrize(
    ("edit", "key"),
    [
        (MoveUnits(("z",), "D1"), "units_unknown"),
        (MoveUnits(("a",), "D9"), "bundle_unknown"),
        (MoveUnits(("a",), "D1"), "edit_nothing"),
        (NewBundle(("a", "b")), "edit_nothing"),
        (NewBundle(("a",), "park"), "strand_unknown"),
        (Merge(("D1", "D1")), "merge_needs_two"),
        (Split("D1", ("a", "b")), "split_needs_part"),
        (Split("D1", ("c",)), "units_elsewhere"),
        (SetBase("D1", "c"), "units_elsewhere"),
        (LockUnits(("z",)), "units_unknown"),
        (NameBundle("D1", "x" * 81), "title_too_long"),
        (ChangeChoices.of(layer="structures"), "choice_needs_new_plan"),
        (ChangeChoices.of(colour="red"), "choice_unknown"),
        (ChangeChoices.of(travel_limit_min=-1), "must_be_positive"),
    ],
)
def test_an_edit_that_cannot_be_changes_nothing_and_says_why(draft, edit, key):
    assert refused(draft, edit) == key


def test_units_do_not_move_between_strands(apart):
    lonely = apart.replace(labels={**apart.labels, "road": as_labels({"a": "D1", "b": "D2"})})
    assert refused(lonely, MoveUnits(("c",), "D1")) == "units_other_strand"
    assert refused(apart, Merge(("D1", "D3"))) == "strands_mixed"


def test_an_edit_of_one_strand_leaves_the_other(apart):
    moved = apply(apart, NewBundle(("b",), "road"))
    assert (placed(moved, "road"), placed(moved, "park")) == ("152", "344")


def test_other_sectors_need_a_new_plan_only_where_fields_are_apart(draft, apart):
    wider = ChangeChoices.of(sectors=["road", "park"])
    assert apply(draft, wider).scenario.sectors == ("road", "park")
    assert refused(apart, wider) == "choice_needs_new_plan"


def test_a_draft_comes_back_from_json_as_it_was(draft):
    ruled = ChangeChoices.of(must_link=[["a", "b"]], side_windows=[["jpy", 1.0, None, True]])
    full = apply(apply(apply(draft, ruled), LockUnits(("c",))), SetBase("D2", "d"))
    told = json.loads(json.dumps(full.to_json()))
    assert Draft.from_json(told).to_json() == full.to_json()
    assert Draft.from_json(told).scenario == full.scenario


@pytest.mark.parametrize("told", [{}, {"format": "gunmane-draft/1"}, {"format": "gunmane-draft/9"}])
def test_what_is_no_draft_is_refused_with_a_sentence(told):
    with pytest.raises(PlanError) as fault:
        Draft.from_json(told)
    assert "Nothing was" in say(fault.value, "en")


EVERY_EDIT = [
    MoveUnits(("c", "e"), "D1"),
    NewBundle(("a",)),
    Merge(("D1", "D2")),
    Split("D2", ("d",), is_even=True),
    SetBase("D2", "d"),
    SetBase("D2", None),
    NameBundle("D1", "x"),
    LockUnits(("a",)),
    UnlockUnits(("a",)),
    LockBundles(("D1",)),
    UnlockBundles(("D1",)),
    LockAll(),
    UnlockAll(),
    Improve((("", "a", "D2"), ("", "f", "D7")), moves=9),
    ChangeChoices.of(travel_limit_min=40.0, must_link=[("a", "b")]),
]


@pytest.mark.parametrize("edit", EVERY_EDIT, ids=lambda edit: edit.kind)
def test_every_edit_comes_back_from_json_as_it_was(edit):
    assert edit_from_json(json.loads(json.dumps(edit.to_json()))) == edit


@pytest.mark.parametrize(
    "told",
    [{}, {"format": "gunmane-edit/1", "kind": "fly"}, {"format": "gunmane-edit/1", "kind": "merge", "x": 1}],
)
def test_an_unknown_step_is_refused_with_a_sentence(told):
    with pytest.raises(PlanError) as fault:
        edit_from_json(told)
    assert fault.value.key == "edit_format"


def test_undo_and_redo_bring_back_bundles_bases_locks_and_choices(draft):
    history = History(draft)
    told = [draft.to_json()]
    for edit in (EVERY_EDIT[0], EVERY_EDIT[4], EVERY_EDIT[7], EVERY_EDIT[9], EVERY_EDIT[14]):
        history = history.did(edit)
        told.append(history.draft.to_json())
    for state in told[-2::-1]:
        history = history.undone()
        assert history.draft.to_json() == state
    for state in told[1:]:
        history = history.redone()
        assert history.draft.to_json() == state


def test_an_edit_after_undo_ends_the_branch_and_keeps_its_steps(draft):
    first, second = MoveUnits(("c",), "D1"), MoveUnits(("d",), "D1")
    history = History(draft).did(first).undone().did(second)
    assert not history.can_redo
    assert [step.edit for step in history.steps] == [first, second]
    assert placed(history.draft) == "112123"
    assert placed(history.at(1).draft) == "111223"


def test_undo_crosses_back_over_a_branch_and_redo_takes_the_newer(draft):
    first, second, third = (MoveUnits((unit,), "D1") for unit in "cdf")
    history = History(draft).did(first).did(second).undone().did(third).undone().undone()
    assert history.draft.to_json() == draft.to_json()
    assert placed(history.redone().redone().draft) == "111221"


def test_nothing_to_undo_or_redo_is_told(draft):
    for act in (History.undone, History.redone):
        with pytest.raises(PlanError):
            act(History(draft))


def test_a_refused_edit_leaves_the_history_as_it_was(draft):
    history = History(draft).did(LockAll())
    with pytest.raises(PlanError):
        history.did(MoveUnits(("a",), "D2"))
    assert (len(history.steps), history.position) == (1, 1)


def test_a_record_whose_steps_follow_later_ones_is_refused(draft):
    with pytest.raises(PlanError):
        History(draft, (Step(LockAll(), 1),), 1)


@given(acts=st.lists(st.sampled_from([*EVERY_EDIT, "undo", "redo"]), max_size=120))
def test_the_steps_alone_lead_to_the_same_draft(acts):
    moves = {"undo": History.undone, "redo": History.redone}
    history = base = History(three_bundles())
    for act in acts:
        with contextlib.suppress(PlanError, ScenarioError):
            history = moves[act](history) if act in moves else history.did(act)
    steps = [Step.from_json(json.loads(json.dumps(step.to_json()))) for step in history.steps]
    assert replay(base.draft, steps, history.position).to_json() == history.draft.to_json()
