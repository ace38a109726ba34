"""The statements behind saved plans: one plan's row with the right to it, its next version, its next event."""

from __future__ import annotations

import json
import unicodedata
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, func, select, update

from gunmane.errors import ConflictError, WorkspaceError
from gunmane.workspace.records import Event, Json, PlanCard, Step
from gunmane.workspace.tables import EVENTS, PLANS, SHARES, STEPS, as_text, now_text

MAX_NAME = 200
MINUTE = 16
CARD = [
    PLANS.c[name]
    for name in (
        "plan_id",
        "name",
        "owner",
        "region",
        "version",
        "position",
        "step_count",
        "created_at",
        "changed_at",
        "changed_by",
        "archived_at",
    )
]


def visible(user: str) -> Select[Any]:
    """Return the query of the cards that a user may see: those of the user's own and those that were shared."""
    mine = and_(SHARES.c.plan_id == PLANS.c.plan_id, SHARES.c.user_name == user)
    query = select(*CARD, SHARES.c.may_edit).select_from(PLANS.outerjoin(SHARES, mine))
    return query.where((PLANS.c.owner == user) | SHARES.c.may_edit.is_not(None))


def as_card(row: Row[Any], user: str) -> PlanCard:
    """Return a row of `visible` as a card."""
    values = dict(row._mapping)
    may_edit = values.pop("may_edit")
    return PlanCard(**values, may_edit=values["owner"] == user or bool(may_edit))


def find_card(connection: Connection, plan_id: str, user: str) -> PlanCard:
    """
    Return the card of a plan.

    Raises
    ------
    WorkspaceError
        If there is no such plan, or it is another's and not shared: the two are told alike.
    """
    row = connection.execute(visible(user).where(PLANS.c.plan_id == plan_id)).first()
    if row is None:
        raise WorkspaceError("plan_unknown")
    return as_card(row, user)


def check_right(card: PlanCard, user: str, *, is_owner: bool = False) -> None:
    """
    Refuse a change that a user has no right to.

    Raises
    ------
    WorkspaceError
        If the plan was only shared to look at, or is another's where only the owner may.
    """
    if is_owner and card.owner != user:
        raise WorkspaceError("plan_of_another", plan=card.name, owner=card.owner)
    if not card.may_edit:
        raise WorkspaceError("plan_to_look_at", plan=card.name, owner=card.owner)


def next_version(
    connection: Connection, card: PlanCard, user: str, expected: int, values: dict[str, Any]
) -> int:
    """
    Change a plan's row if nobody else did since, and return its new version.

    Raises
    ------
    ConflictError
        If the version is another than the one expected, saying who saved what and when.
    WorkspaceError
        If the plan was archived.
    """
    if card.archived_at is not None:
        raise WorkspaceError("plan_archived", plan=card.name)
    if card.version != expected:
        raise _conflict(connection, card, user, expected)
    version = expected + 1
    changed = connection.execute(
        update(PLANS)
        .where(PLANS.c.plan_id == card.plan_id, PLANS.c.version == expected)
        .values(version=version, changed_at=now_text(), changed_by=user, **values)
    )
    if changed.rowcount != 1:
        raise _conflict(connection, card, user, expected)
    return version


def _conflict(connection: Connection, card: PlanCard, user: str, expected: int) -> ConflictError:
    since = (EVENTS.c.plan_id == card.plan_id) & (EVENTS.c.version > expected)
    saved = since & EVENTS.c.kind.in_(("step", "position"))
    last = connection.execute(select(EVENTS).where(saved).order_by(EVENTS.c.version.desc())).first()
    if last is None:
        # The version expected was never there: a page of another plan or of a restored backup.
        return ConflictError("plan_version_unknown", plan=card.name)
    count = connection.execute(select(func.count()).select_from(EVENTS).where(saved)).scalar()
    key = "plan_saved_elsewhere" if last.who == user else "plan_saved_by_another"
    return ConflictError(
        key,
        plan=card.name,
        who=last.who,
        at=f"{last.at[:MINUTE].replace('T', ' ')} UTC",
        moment=last.at,
        count=int(count or 0),
        what=str(json.loads(last.detail).get("kind", last.kind)),
        version=int(last.version),
    )


def touch(connection: Connection, plan_id: str, user: str, **values: Any) -> None:
    """Change a plan's row without a new version; it also makes others of the same plan wait."""
    row = PLANS.c.plan_id == plan_id
    connection.execute(update(PLANS).where(row).values(changed_at=now_text(), changed_by=user, **values))


def lock_plan(connection: Connection, plan_id: str) -> None:
    """Make others of the same plan wait until this transaction ends."""
    row = PLANS.c.plan_id == plan_id
    connection.execute(update(PLANS).where(row).values(version=PLANS.c.version))


def add_event(connection: Connection, plan_id: str, kind: str, user: str, detail: Json, version: int) -> None:
    """Write down what was done, by whom and when; the plan's row has been changed in the same transaction."""
    query = select(func.coalesce(func.max(EVENTS.c.serial), 0)).where(EVENTS.c.plan_id == plan_id)
    serial = int(connection.execute(query).scalar() or 0) + 1
    row = {"plan_id": plan_id, "serial": serial, "kind": kind, "who": user, "at": now_text()}
    connection.execute(EVENTS.insert().values(**row, version=version, detail=as_text(detail)))


def add_step(connection: Connection, plan_id: str, place: int, step: Json, user: str, version: int) -> int:
    """Write a step at a place of the line; what was undone from there on is out of the line, not lost."""
    line = (STEPS.c.plan_id == plan_id) & STEPS.c.dropped_in.is_(None)
    connection.execute(update(STEPS).where(line & (STEPS.c.place >= place)).values(dropped_in=version))
    query = select(func.coalesce(func.max(STEPS.c.number), 0)).where(STEPS.c.plan_id == plan_id)
    number = int(connection.execute(query).scalar() or 0) + 1
    row = {"plan_id": plan_id, "number": number, "place": place, "who": user, "at": now_text()}
    connection.execute(STEPS.insert().values(**row, step=as_text(step)))
    return number


def as_step(row: Row[Any]) -> Step:
    """Return a row of the steps."""
    step = json.loads(row.step)
    return Step(int(row.number), int(row.place), step, row.who, row.at, row.dropped_in is not None)


def as_event(row: Row[Any]) -> Event:
    """Return a row of the events."""
    return Event(row.kind, row.who, row.at, int(row.version), json.loads(row.detail))


def clean_name(name: str) -> str:
    """
    Return a name in one line without what no database or screen can show.

    Raises
    ------
    WorkspaceError
        If nothing is left, or it is longer than 200 characters.
    """
    shown = "".join(
        c if unicodedata.category(c)[0] != "C" else " " for c in unicodedata.normalize("NFC", name)
    )
    plain = " ".join(shown.split())
    if not plain:
        raise WorkspaceError("plan_name_empty")
    if len(plain) > MAX_NAME:
        raise WorkspaceError("plan_name_long", limit=MAX_NAME, length=len(plain))
    return plain
