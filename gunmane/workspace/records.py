"""What is kept of a plan, as it comes back: its line of steps, who did what, and who may see it."""

from __future__ import annotations

import dataclasses
from typing import Any

Json = dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Step:
    """
    One saved step.

    Parameters
    ----------
    number
        1, 2, … in the order of saving; never given twice in one plan.
    place
        Place in the line of steps that it was saved at (from 1).
    step
        What was done, as it was given.
    who, at
        Who saved it ("" where one person works alone) and when (UTC, ISO 8601).
    is_dropped
        Whether it was undone and another step was saved in its place; it is no part of the line any more.
    """

    number: int
    place: int
    step: Json
    who: str
    at: str
    is_dropped: bool = False


@dataclasses.dataclass(frozen=True)
class Event:
    """One thing that was done to a plan: `kind` (created, step, position, renamed, …), by whom, when (UTC)."""

    kind: str
    who: str
    at: str
    version: int
    detail: Json


@dataclasses.dataclass(frozen=True)
class PlanCard:
    """
    What a list of plans tells of one.

    Parameters
    ----------
    plan_id
        Address of the plan; nobody can guess it.
    name, owner, region
        Its name, whose it is ("" where one person works alone), the id of its region.
    version
        Rises by one with every step and every undo or redo.
    position, step_count
        Steps of the line that are in force, and all that are in it.
    created_at, changed_at, changed_by
        When it was made and last changed (UTC, ISO 8601), and who changed it.
    archived_at
        When it was put away; None while it is in use.
    may_edit
        Whether the one who asks may save steps.
    """

    plan_id: str
    name: str
    owner: str
    region: str
    version: int
    position: int
    step_count: int
    created_at: str
    changed_at: str
    changed_by: str
    archived_at: str | None = None
    may_edit: bool = True


@dataclasses.dataclass(frozen=True)
class StoredPlan:
    """
    A plan as it was last saved.

    Parameters
    ----------
    card
        What the list tells of it.
    base
        What the steps start from, as it was given.
    data
        Fingerprints of the inputs by name, as they were given.
    steps
        The line of steps: the first `card.position` are in force, the rest were undone and can be redone.
    dropped
        Steps that were undone and replaced; kept as a record.
    notes
        What people wrote about it, in the order of writing.
    shared_with
        User -> whether that user may save steps too.
    snapshot
        (place, state) of the latest state kept at or before the position: replaying can start from there.
    """

    card: PlanCard
    base: Json
    data: Json
    steps: tuple[Step, ...]
    dropped: tuple[Step, ...]
    notes: tuple[Event, ...]
    shared_with: dict[str, bool]
    snapshot: tuple[int, Json] | None = None

    @property
    def version(self) -> int:
        """The version to expect when the next step is saved."""
        return self.card.version

    @property
    def record(self) -> tuple[Step, ...]:
        """Every step in the order of saving, those that were dropped too."""
        return tuple(sorted((*self.steps, *self.dropped), key=lambda step: step.number))

    @property
    def position(self) -> int:
        """How many steps of the line are in force."""
        return self.card.position
