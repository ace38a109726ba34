"""What was done to a draft, step by step: undo, redo, and the same draft again from the steps alone."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

from gunmane.errors import PlanError
from gunmane.workbench.applying import apply
from gunmane.workbench.draft import Draft
from gunmane.workbench.edits import Edit, edit_from_json

# So many of the latest states are kept whole; older ones are made again from the steps.
STATES_KEPT = 64


@dataclasses.dataclass(frozen=True)
class Step:
    """
    One edit, and the step that it was done after.

    Parameters
    ----------
    edit
        What was done.
    after
        Number of the step before it (1, 2, …); 0 is the draft that all began with.
    """

    edit: Edit
    after: int

    def to_json(self) -> dict[str, Any]:
        """Return the step as values that JSON can hold."""
        return {"after": self.after, "edit": self.edit.to_json()}

    @staticmethod
    def from_json(told: Mapping[str, Any]) -> Step:
        """
        Return the step that `to_json` wrote.

        Raises
        ------
        PlanError
            If it is none.
        """
        edit, after = told.get("edit"), told.get("after")
        if not isinstance(edit, Mapping) or not isinstance(after, int):
            raise PlanError("edit_format", kind="", format=str(told.get("format", "")))
        return Step(edit_from_json(edit), after)


@dataclasses.dataclass(frozen=True, eq=False)
class History:
    """
    A draft with everything that was ever done to it; every change gives another history.

    An edit after an undo begins a new branch: the steps undone can no longer be redone, and stay in the record.

    Parameters
    ----------
    base
        The draft that all began with.
    steps
        Every step in the order in which it was done, those of branches left behind too.
    position
        Number of the step that is shown; 0 is the base.
    """

    base: Draft
    steps: tuple[Step, ...] = ()
    position: int = 0
    _known: Mapping[int, Draft] = dataclasses.field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        """
        Refuse a record in which a step follows one that comes later.

        Raises
        ------
        PlanError
            If so, or if no step has the number of the position.
        """
        is_order = all(0 <= step.after <= number for number, step in enumerate(self.steps))
        if not is_order or not 0 <= self.position <= len(self.steps):
            raise PlanError("history_broken", position=self.position, count=len(self.steps))

    @property
    def draft(self) -> Draft:
        """The draft at the position."""
        return self._known.get(self.position) or _draft_at(self, self.position)

    @property
    def can_undo(self) -> bool:
        """Whether there is a step to take back."""
        return self.position > 0

    @property
    def can_redo(self) -> bool:
        """Whether a step was taken back and nothing done since."""
        return self._next() > 0

    def did(self, edit: Edit) -> History:
        """
        Return the history with one more edit.

        Raises
        ------
        PlanError, ScenarioError
            As `apply`; the history stays as it is.
        """
        after = apply(self.draft, edit)
        number = len(self.steps) + 1
        known = {**self._known, self.position: self.draft, number: after}
        return History(self.base, (*self.steps, Step(edit, self.position)), number, _latest(known))

    def undone(self) -> History:
        """
        Return the history one step back.

        Raises
        ------
        PlanError
            If nothing was done yet.
        """
        if not self.can_undo:
            raise PlanError("nothing_to_undo")
        return self.at(self.steps[self.position - 1].after)

    def redone(self) -> History:
        """
        Return the history with the step done again that was taken back last.

        Raises
        ------
        PlanError
            If nothing was taken back, or something else was done since.
        """
        if not self.can_redo:
            raise PlanError("nothing_to_redo")
        return self.at(self._next())

    def at(self, position: int) -> History:
        """
        Return the history at any of its steps.

        Raises
        ------
        PlanError
            If there is no such step.
        """
        moved = dataclasses.replace(self, position=position)
        return dataclasses.replace(moved, _known=_latest({**self._known, position: moved.draft}))

    def line(self) -> list[int]:
        """Return the numbers of the steps that lead from the base to the position."""
        return _line(self.steps, self.position)

    def _next(self) -> int:
        """Return the number of the latest step after the position on the branch in use; 0 where there is none."""
        # A later step elsewhere that follows an earlier one than this left the steps after this one behind.
        line = [0, *_line(self.steps, len(self.steps))]
        after = line[line.index(self.position) + 1 :] if self.position in line else []
        return after[0] if after else 0


def replay(base: Draft, steps: Iterable[Step], position: int | None = None) -> Draft:
    """
    Return the draft that the steps lead to, the same every time.

    Parameters
    ----------
    base
        The draft that all began with.
    steps
        Every step in the order in which it was done.
    position
        Number of the step to stop at; None takes the last.

    Raises
    ------
    PlanError, ScenarioError
        As `apply`, or if the record is broken.
    """
    given = tuple(steps)
    return History(base, given, len(given) if position is None else position).draft


def _line(steps: tuple[Step, ...], position: int) -> list[int]:
    line = []
    while position > 0:
        line.append(position)
        position = steps[position - 1].after
    return line[::-1]


def _draft_at(history: History, position: int) -> Draft:
    draft, line = history.base, _line(history.steps, position)
    for at, number in enumerate(reversed(line)):
        known = history._known.get(number)
        if known is not None:
            draft, line = known, line[len(line) - at :]
            break
    for number in line:
        draft = apply(draft, history.steps[number - 1].edit)
    return draft


def _latest(known: Mapping[int, Draft]) -> dict[int, Draft]:
    return dict(list(known.items())[-STATES_KEPT:])
