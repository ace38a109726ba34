"""What a session did by hand to its plans: the record of steps, and the figures made ready for the next one."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable

import streamlit as st

from app_pages import session
from app_pages.plan_map import labels_key
from gunmane.errors import GunmaneError
from gunmane.scenario import Ground, Note, Plan
from gunmane.workbench import Accounts, Desk, Draft, Edit, History, draft_of, plan_accounts
from gunmane.workbench.draft import by_hand

_HANDS = "_hands"


@dataclasses.dataclass
class Kept:
    """
    Where the steps of a hand are saved.

    Parameters
    ----------
    plan_id, version
        The saved plan, "" while it is nowhere, and the version that it was saved as last.
    history
        The record as it was saved last.
    fault
        Why the last step is not saved; None where it is.
    name
        What the saved plan is called.
    """

    plan_id: str
    version: int
    history: History
    fault: GunmaneError | None = None
    name: str = ""


@dataclasses.dataclass
class Hand:
    """
    What a person did to the plan of one package.

    Parameters
    ----------
    history
        The record of steps.
    desk
        The ground with the figures of the bundles seen so far.
    mark
        Tells the plan that the page shows from every other.
    kept
        Where it is saved; None before the first step.
    done
        How the last edit came or went ("did", "undone", "redone"), and the edit; None before the first.
    before, accounts
        The accounts of the plan before that, and of the plan as it is; none until they are asked for.
    waiting
        What was clicked and is not done yet, the first first: each makes of the record the next one.
    fault
        Why the last click did nothing; None once it was told.
    begun
        Steps that somebody did to the plan before this record began, as the file that it came from tells.
    turn
        Held while something is done: a page that a click has ended may work on beside the next one.
    """

    history: History
    desk: Desk
    mark: tuple[str, int]
    kept: Kept | None = None
    done: tuple[str, Edit] | None = None
    before: Accounts = dataclasses.field(default_factory=dict)
    accounts: Accounts = dataclasses.field(default_factory=dict)
    waiting: list[Callable[[History], History]] = dataclasses.field(default_factory=list)
    fault: GunmaneError | None = None
    begun: int = 0
    turn: threading.RLock = dataclasses.field(default_factory=threading.RLock)

    @property
    def is_unsaved(self) -> bool:
        """Whether something was done that nobody has tried to save yet."""
        return self.is_loose and (self.kept is None or self.kept.fault is None)

    @property
    def is_loose(self) -> bool:
        """Whether something was done that is saved nowhere, tried or not: it would be lost with this record."""
        if self.kept is None:
            return bool(self.history.line())
        saved = self.kept.history
        return (len(saved.steps), saved.position) != (len(self.history.steps), self.history.position)

    @property
    def steps(self) -> int:
        """How many steps by hand led to the plan."""
        return self.begun + len(self.history.line())

    @property
    def titles(self) -> dict[str, str]:
        """The titles that a person gave to bundles, by the names of the bundles."""
        return {name: title for name, title in self.history.draft.names.items() if title}

    def titled(self, bundle: str) -> str:
        """Return the name of a bundle with its title behind it, where it has one."""
        title = self.history.draft.names.get(bundle, "")
        return f"{bundle} {title}" if title else bundle

    def account(self, plan: Plan, draft: Draft) -> Accounts:
        """Return the accounts of a plan that is a draft on this desk."""
        return plan_accounts(plan, tasks=self.desk.board(draft).tasks.values())


def _mark(plan: Plan) -> tuple[str, int]:
    return plan.scenario.fingerprint(), labels_key(plan)


def _hands() -> dict[tuple[str, str], Hand]:
    hands: dict[tuple[str, str], Hand] = st.session_state.setdefault(_HANDS, {})
    return hands


def hand_at(region_id: str, layer: str) -> Hand | None:
    """Return the record of a region and package, where there is one."""
    return _hands().get((region_id, layer))


def hand_of(plan: Plan) -> Hand:
    """Return the record of the plan that the page shows; a plan that came from elsewhere begins a new one."""
    place = (plan.scenario.region_id, plan.scenario.layer)
    known = _hands().get(place)
    if known is not None and known.mark == _mark(plan) and known.desk.ground is plan.ground:
        return known
    desk = known.desk if known is not None and known.desk.ground is plan.ground else Desk(plan.ground)
    begun = int(plan.by_hand.get("steps", 0))
    hand = _hands()[place] = Hand(History(draft_of(plan)), desk, _mark(plan), begun=begun)
    return hand


def hand_shown() -> Hand | None:
    """Return the record of the plan that the pages show, where there is one; nothing is made for it."""
    if not _hands() or session.region_id() is None:
        return None
    plan = session.plan()
    if plan is None:
        return None
    known = _hands().get((plan.scenario.region_id, plan.scenario.layer))
    is_of = known is not None and known.mark == _mark(plan) and known.desk.ground is plan.ground
    return known if is_of else None


def make_ready(plan: Plan) -> None:
    """Work out once what every edit of the plan that the page shows needs: the first is then as fast as the others."""
    hand = hand_of(plan)
    with hand.turn:
        if not hand.accounts:
            draft = hand.history.draft
            hand.accounts = hand.account(hand.desk.figures(draft), draft)


def work_off(hand: Hand) -> None:
    """
    Do what was clicked and is not done yet, in the record's turn; a fault is kept for the page to tell.

    A click while a page runs ends that page at its next question to the session. What was clicked before it waits in
    the record until it is done, so that no click is lost.
    """
    while hand.waiting:
        try:
            after = hand.waiting[0](hand.history)
            if after is not hand.history:
                show_history(hand, after)
        except GunmaneError as fault:
            hand.fault = fault
        hand.waiting.pop(0)


def show_history(hand: Hand, history: History) -> bool:
    """
    Let a state of a record be the session's plan; where its figures fail nothing has changed, and False is told.

    What the session holds is asked for first: whoever ends the page there finds everything done, or nothing.
    """
    seen, take = session.plan(), session.taker()
    done = _done(hand.history, history)
    try:
        shown = hand.desk.figures(history.draft)
        has_change = done is not None and seen is not None
        before = hand.accounts or (hand.account(seen, hand.history.draft) if has_change and seen else {})
        accounts = hand.account(shown, history.draft) if has_change else {}
    except GunmaneError as fault:
        hand.fault = fault
        return False
    steps = hand.begun + len(history.line())
    if steps:
        # Whoever reads the plan or its files must know that no search made it.
        shown = dataclasses.replace(shown, notes=(Note.of("hand_made", steps=steps), *shown.notes))
    shown = dataclasses.replace(shown, by_hand=by_hand(history.draft, steps))
    if has_change:
        hand.before, hand.accounts, hand.done = before, accounts, done
    hand.history, hand.mark = history, _mark(shown)
    take(shown)
    return True


def _done(before: History, after: History) -> tuple[str, Edit] | None:
    """Return how a record went on: the edit that was done, taken back or done again; None where it did not."""
    if len(after.steps) > len(before.steps):
        return "did", after.steps[-1].edit
    if before.can_undo and before.steps[before.position - 1].after == after.position:
        return "undone", before.steps[before.position - 1].edit
    if after.can_undo and after.steps[after.position - 1].after == before.position:
        return "redone", after.steps[after.position - 1].edit
    return None


def show_opened(ground: Ground, history: History, kept: Kept) -> None:
    """
    Go on from a saved record on the ground of the page, and make its package the current one.

    Raises
    ------
    PlanError
        If the record was made with other data; the plan on the page stays.
    """
    hand, hands = Hand(history, Desk(ground), ("", 0), kept), _hands()
    shown = hand.desk.figures(history.draft)
    if show_history(hand, history):
        hands[shown.scenario.region_id, shown.scenario.layer] = hand
