"""Drafts of the workbench as they are kept: a step saved for every edit, undo and redo, and the history as it was."""

from __future__ import annotations

from gunmane.errors import WorkspaceError
from gunmane.scenario import Ground
from gunmane.workbench import Draft, History, Step
from gunmane.workspace.keeping import Workspace
from gunmane.workspace.planfiles import differing_inputs, ground_inputs, input_texts
from gunmane.workspace.records import StoredPlan

# Every so many steps the whole draft is kept beside them, so that opening replays no more than these.
STEPS_BETWEEN = 25


def keep_draft(plans: Workspace, name: str, draft: Draft, ground: Ground) -> str:
    """
    Keep a draft as a new plan, with the fingerprint of every input, and return the plan's id.

    Parameters
    ----------
    plans
        Where to keep it.
    name
        What people call it.
    draft, ground
        The draft and its ground.

    Raises
    ------
    WorkspaceError
        As `Workspace.create`.
    """
    inputs = ground_inputs(ground, draft.scenario)
    return plans.create(name, region=draft.scenario.region_id, base=draft.to_json(), data=inputs)


def open_history(stored: StoredPlan, ground: Ground) -> History:
    """
    Return the history of a kept plan as it was last saved: every step, what can be undone and what redone.

    Parameters
    ----------
    stored
        The plan (`Workspace.load`).
    ground
        The ground at hand.

    Raises
    ------
    WorkspaceError
        If the plan was made from other data; each input that differs is named.
    PlanError, ScenarioError
        If what is stored is of a newer gunmane.
    """
    base = Draft.from_json(stored.base)
    found = differing_inputs(stored.data, ground_inputs(ground, base.scenario))
    if found:
        values = input_texts(found)
        raise WorkspaceError("draft_other_data", plan=stored.card.name, count=len(found), **values)
    record = stored.record
    position = stored.steps[stored.position - 1].number if stored.position else 0
    known = {0: base}
    if stored.snapshot is not None:
        place, state = stored.snapshot
        known[stored.steps[place - 1].number] = Draft.from_json(state)
    return History(base, tuple(Step.from_json(one.step) for one in record), position, known)


def save_history(
    plans: Workspace, plan_id: str, before: History, after: History, expected_version: int
) -> int:
    """
    Save the one thing that was done to a history, and return the plan's new version.

    Parameters
    ----------
    plans, plan_id
        Where the plan is kept.
    before, after
        The history as it was saved last, and after an edit, an undo or a redo.
    expected_version
        The version of `before`.

    Raises
    ------
    ConflictError
        If somebody else saved since; nothing is changed.
    WorkspaceError
        If more than one step lies between, the position is on a branch left behind, or it cannot be saved.
    """
    count = len(after.steps)
    if count == len(before.steps) + 1:
        step = after.steps[-1]
        kept = {**step.to_json(), "kind": step.edit.to_json().get("kind", "")}
        state = after.draft.to_json() if count % STEPS_BETWEEN == 0 else None
        return plans.append(plan_id, kept, expected_version, state=state)
    line = [0, *after.at(count).line()]
    if count != len(before.steps) or after.position not in line:
        raise WorkspaceError("plan_version_unknown", plan=plans.load(plan_id).card.name)
    return plans.set_position(plan_id, line.index(after.position), expected_version)
