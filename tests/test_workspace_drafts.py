"""Drafts that are kept: opened again they are as they were, with everything that can be undone and redone."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gunmane.errors import ConflictError, WorkspaceError
from gunmane.grounds import prepare_ground
from gunmane.i18n import LANGUAGES, say
from gunmane.plans import make_plan
from gunmane.scenario import Scenario
from gunmane.workbench import History, LockUnits, MoveUnits, NewBundle, draft_of
from gunmane.workspace import open_workspace
from gunmane.workspace.drafts import STEPS_BETWEEN, keep_draft, open_history, save_history


@pytest.fixture(scope="module")
def ground():
    return prepare_ground("nara_uda")


@pytest.fixture(scope="module")
def draft(ground):
    return draft_of(make_plan(Scenario.default(ground.region, layer="daily"), ground))


@pytest.fixture
def plans(tmp_path):
    with open_workspace(tmp_path / "plans.sqlite") as opened:
        yield opened


def a_move(draft, number):
    """A unit moved to another bundle than its own."""
    (labels,) = draft.labels.values()
    unit = labels.index[number % len(labels)]
    return MoveUnits(units=(unit,), to=next(b for b in draft.bundles() if b != labels[unit]))


def same(one, other):
    assert one.draft.to_json() == other.draft.to_json()
    assert [step.to_json() for step in one.steps] == [step.to_json() for step in other.steps]
    assert (one.position, one.can_undo, one.can_redo) == (other.position, other.can_undo, other.can_redo)


@settings(max_examples=8)
@given(acts=st.lists(st.one_of(st.integers(0, 50), st.sampled_from(["undo", "redo"])), max_size=12))
def test_a_history_comes_back_as_it_was_after_every_step(acts, draft, ground, tmp_path_factory):
    with open_workspace(tmp_path_factory.mktemp("kept") / "p.sqlite") as plans:
        plan_id, version, history = keep_draft(plans, "案", draft, ground), 0, History(draft)
        for act in acts:
            if (act == "undo" and not history.can_undo) or (act == "redo" and not history.can_redo):
                continue
            after = history.undone() if act == "undo" else history.redone() if act == "redo" else None
            after = after or history.did(a_move(history.draft, act))
            version, history = save_history(plans, plan_id, history, after, version), after
            same(open_history(plans.load(plan_id), ground), history)


def test_opening_starts_from_a_draft_that_was_kept_on_the_way(plans, draft, ground):
    plan_id, history = keep_draft(plans, "案", draft, ground), History(draft)
    for version in range(STEPS_BETWEEN + 2):
        after = history.did(a_move(history.draft, version))
        history, _ = after, save_history(plans, plan_id, history, after, version)
    stored = plans.load(plan_id)
    assert stored.snapshot[0] == STEPS_BETWEEN
    same(open_history(stored, ground), history)


def test_two_who_edit_one_draft_are_told_and_the_first_edit_stays(plans, draft, ground):
    plan_id, history = keep_draft(plans, "案", draft, ground), History(draft)
    first = history.did(LockUnits(units=tuple(draft.labels[""].index[:2])))
    save_history(plans, plan_id, history, first, 0)
    second = history.did(NewBundle(units=tuple(draft.labels[""].index[:1])))
    with pytest.raises(ConflictError):
        save_history(plans, plan_id, history, second, 0)
    same(open_history(plans.load(plan_id), ground), first)


def test_a_draft_of_other_data_is_refused_with_what_differs(plans, draft, ground):
    plan_id = keep_draft(plans, "案", draft, ground)
    stored = plans.load(plan_id)
    stored.data["assets1/橋.xlsx"] = "ab"
    with pytest.raises(WorkspaceError) as caught:
        open_history(stored, ground)
    told = [say(caught.value, lang) for lang in LANGUAGES]
    assert all("橋.xlsx" in sentence and "{" not in sentence for sentence in told)


def test_more_than_one_step_at_once_is_never_half_saved(plans, draft, ground):
    plan_id, history = keep_draft(plans, "案", draft, ground), History(draft)
    after = history.did(a_move(draft, 1))
    after = after.did(a_move(after.draft, 2))
    with pytest.raises(WorkspaceError):
        save_history(plans, plan_id, history, after, 0)
    assert plans.load(plan_id).version == 0
