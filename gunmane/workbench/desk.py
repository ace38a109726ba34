"""A ground with the drafts on it: the figures of each draft at the speed of a hand."""

from __future__ import annotations

from gunmane.scenario import Ground, Plan
from gunmane.workbench.board import Board
from gunmane.workbench.draft import Draft, check_ground, ground_key

# Choices changed and changed back find their figures again.
BOARDS_KEPT = 3


class Desk:
    """
    A ground made ready for drafts; one a session, not to be shared between threads.

    Parameters
    ----------
    ground
        The region made ready (`grounds.prepare_ground`).
    """

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.key = ground_key(ground)
        self._boards: dict[str, Board] = {}

    def board(self, draft: Draft) -> Board:
        """
        Return the board of a draft's choices.

        Raises
        ------
        PlanError
            If the draft was made with another ground, or there is nothing to plan.
        ScenarioError
            If the choices name a unit that the region does not have.
        """
        check_ground(draft, self.key)
        name = draft.scenario.fingerprint()
        board = self._boards.pop(name, None) or Board(draft.scenario, self.ground)
        self._boards = {**dict(list(self._boards.items())[1 - BOARDS_KEPT :]), name: board}
        return board

    def figures(self, draft: Draft) -> Plan:
        """
        Return the plan that a draft is, with the figures of every bundle and of the whole.

        Raises
        ------
        PlanError, ScenarioError
            As `board`.
        """
        return self.board(draft).plan(draft)


def figures(draft: Draft, ground: Ground, *, desk: Desk | None = None) -> Plan:
    """
    Return the plan that a draft is, with the figures of every bundle and of the whole.

    Parameters
    ----------
    draft
        The draft.
    ground
        Its ground.
    desk
        What a session holds, so that only the bundles touched since are worked out; it must be of this ground.

    Raises
    ------
    PlanError
        If the draft was made with another ground.
    ScenarioError
        If the choices name a unit that the region does not have.
    """
    return (desk or Desk(ground)).figures(draft)
