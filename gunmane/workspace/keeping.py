"""Plans that are kept: every change is one transaction, every step stays, and nobody overwrites another."""

from __future__ import annotations

import json
import uuid
from types import TracebackType
from typing import Any, Self

from sqlalchemy import Connection, delete, func, select

from gunmane.errors import WorkspaceError
from gunmane.workspace.databases import Database
from gunmane.workspace.records import Event, Json, PlanCard, StoredPlan
from gunmane.workspace.rows import (
    add_event,
    add_step,
    as_card,
    as_event,
    as_step,
    check_right,
    clean_name,
    find_card,
    lock_plan,
    next_version,
    touch,
    visible,
)
from gunmane.workspace.tables import EVENTS, PLANS, SHARES, SNAPSHOTS, STEPS, as_text, now_text


class Workspace:
    """
    Saved plans as one user sees them.

    What a method returned is on the disk: a program or a machine that dies afterwards loses nothing of it.

    Parameters
    ----------
    database
        Where the plans lie (`open_workspace` opens it).
    user
        Who acts: owner of what is made, and named in every step; "" where one person works alone.
    """

    def __init__(self, database: Database, user: str = "") -> None:
        self._database, self.user = database, user

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection, also of those made by `as_user`."""
        self._database.close()

    @property
    def database(self) -> Database:
        """Where the plans lie."""
        return self._database

    def as_user(self, user: str) -> Workspace:
        """Return the same workspace as another user sees it."""
        return Workspace(self._database, user)

    def create(self, name: str, *, region: str, base: Json, data: Json) -> str:
        """
        Keep a new plan and return its id.

        Parameters
        ----------
        name
            What people call it (1-200 characters; not unique).
        region
            Id of its region.
        base
            What its steps start from, as JSON can hold it.
        data
            Fingerprint of each input by name.

        Raises
        ------
        WorkspaceError
            If the name is empty or long, or it cannot be saved.
        """
        with self._database.writing() as connection:
            return self._insert(connection, name, region, as_text(base), as_text(data), {})

    def _insert(
        self, connection: Connection, name: str, region: str, base: str, data: str, detail: Json
    ) -> str:
        plan_id, now = uuid.uuid4().hex, now_text()
        row = {"plan_id": plan_id, "name": clean_name(name), "owner": self.user, "region": region}
        row |= {"created_at": now, "changed_at": now, "changed_by": self.user}
        numbers = {"version": 0, "position": 0, "step_count": 0}
        connection.execute(PLANS.insert().values(**row, **numbers, base=base, data=data))
        add_event(connection, plan_id, "created", self.user, {"name": row["name"], **detail}, 0)
        return plan_id

    def append(self, plan_id: str, step: Json, expected_version: int, *, state: Json | None = None) -> int:
        """
        Save a step after those in force and return the plan's new version.

        Steps that were undone leave the line; they stay in the record.

        Parameters
        ----------
        plan_id
            The plan.
        step
            What was done, as JSON can hold it; its `kind` is told to others who save at the same time.
        expected_version
            The version that the step was made on.
        state
            What the plan is after the step; kept so that loading need not replay from the beginning.

        Raises
        ------
        ConflictError
            If somebody else saved since; nothing is changed.
        WorkspaceError
            If there is no such plan, it may only be looked at, is archived, or cannot be saved.
        """
        with self._database.writing() as connection:
            card = self._editable(connection, plan_id)
            place = card.position + 1
            version = next_version(
                connection, card, self.user, expected_version, {"position": place, "step_count": place}
            )
            number = add_step(connection, plan_id, place, step, self.user, version)
            if state is not None:
                connection.execute(
                    SNAPSHOTS.insert().values(plan_id=plan_id, number=number, state=as_text(state))
                )
            detail = {"number": number, "kind": str(step.get("kind", ""))}
            add_event(connection, plan_id, "step", self.user, detail, version)
        return version

    def set_position(self, plan_id: str, position: int, expected_version: int) -> int:
        """
        Save how many steps of the line are in force (undo and redo) and return the plan's new version.

        Raises
        ------
        ConflictError
            If somebody else saved since; nothing is changed.
        WorkspaceError
            If the line has no such position, there is no such plan, it may only be looked at, is archived, or cannot
            be saved.
        """
        with self._database.writing() as connection:
            card = self._editable(connection, plan_id)
            version = next_version(connection, card, self.user, expected_version, {"position": position})
            if not 0 <= position <= card.step_count:
                raise WorkspaceError(
                    "plan_position", plan=card.name, position=position, count=card.step_count
                )
            detail = {"from": card.position, "to": position}
            add_event(connection, plan_id, "position", self.user, detail, version)
        return version

    def load(self, plan_id: str) -> StoredPlan:
        """
        Return a plan as it was last saved.

        Raises
        ------
        WorkspaceError
            If there is no such plan or it is another's and not shared, or it cannot be read.
        """
        with self._database.reading() as connection:
            card = find_card(connection, plan_id, self.user)
            kept = connection.execute(select(PLANS.c.base, PLANS.c.data).where(_of(PLANS, plan_id))).one()
            rows = connection.execute(select(STEPS).where(_of(STEPS, plan_id)).order_by(STEPS.c.number)).all()
            written = _of(EVENTS, plan_id) & (EVENTS.c.kind == "note")
            notes = connection.execute(select(EVENTS).where(written).order_by(EVENTS.c.serial)).all()
            shares = connection.execute(select(SHARES).where(_of(SHARES, plan_id))).all()
            state = connection.execute(_nearest_state(card)).first()
        steps = [as_step(row) for row in rows]
        return StoredPlan(
            card=card,
            base=json.loads(kept.base),
            data=json.loads(kept.data),
            steps=tuple(sorted((s for s in steps if not s.is_dropped), key=lambda s: s.place)),
            dropped=tuple(s for s in steps if s.is_dropped),
            notes=tuple(as_event(row) for row in notes),
            shared_with={row.user_name: bool(row.may_edit) for row in shares},
            snapshot=(int(state.place), json.loads(state.state)) if state is not None else None,
        )

    def list(
        self, *, owner: str | None = None, region: str | None = None, is_archived: bool | None = False
    ) -> list[PlanCard]:
        """
        Return the plans that the user may see, the last changed first.

        Parameters
        ----------
        owner, region
            Only those of this owner or region.
        is_archived
            False: those in use; True: those put away; None: both.

        Raises
        ------
        WorkspaceError
            If they cannot be read.
        """
        query = visible(self.user).order_by(PLANS.c.changed_at.desc(), PLANS.c.plan_id)
        if owner is not None:
            query = query.where(PLANS.c.owner == owner)
        if region is not None:
            query = query.where(PLANS.c.region == region)
        if is_archived is not None:
            column = PLANS.c.archived_at
            query = query.where(column.is_not(None) if is_archived else column.is_(None))
        with self._database.reading() as connection:
            return [as_card(row, self.user) for row in connection.execute(query)]

    def history(self, plan_id: str) -> tuple[Event, ...]:
        """
        Return everything that was done to a plan, the first first.

        Raises
        ------
        WorkspaceError
            If there is no such plan or it is another's and not shared, or it cannot be read.
        """
        query = select(EVENTS).where(_of(EVENTS, plan_id)).order_by(EVENTS.c.serial)
        with self._database.reading() as connection:
            find_card(connection, plan_id, self.user)
            return tuple(as_event(row) for row in connection.execute(query))

    def duplicate(self, plan_id: str, name: str) -> str:
        """
        Keep a copy with the whole line of steps under another name, the user's own, and return its id.

        Raises
        ------
        WorkspaceError
            If there is no such plan, the name cannot be one, or it cannot be saved.
        """
        with self._database.writing() as connection:
            card = find_card(connection, plan_id, self.user)
            kept = connection.execute(select(PLANS.c.base, PLANS.c.data).where(_of(PLANS, plan_id))).one()
            detail = {"of": plan_id}
            new = self._insert(connection, name, card.region, kept.base, kept.data, detail)
            numbers = {"version": card.version, "position": card.position, "step_count": card.step_count}
            touch(connection, new, self.user, **numbers)
            for table in (STEPS, SNAPSHOTS):
                columns = [c for c in table.c if c.name != "plan_id"]
                rows = connection.execute(select(*columns).where(_of(table, plan_id))).mappings().all()
                if rows:
                    connection.execute(table.insert(), [{**row, "plan_id": new} for row in rows])
        return new

    def rename(self, plan_id: str, name: str) -> None:
        """
        Give a plan of the user's another name; the former one stays in its history.

        Raises
        ------
        WorkspaceError
            If it is not the user's, the name cannot be one, or it cannot be saved.
        """
        plain = clean_name(name)
        with self._database.writing() as connection:
            card = self._own(connection, plan_id)
            self._note_down(connection, card, "renamed", {"from": card.name, "to": plain}, name=plain)

    def annotate(self, plan_id: str, text: str) -> None:
        """
        Add a note to a plan; none is ever changed.

        Raises
        ------
        WorkspaceError
            If the plan may only be looked at, or it cannot be saved.
        """
        with self._database.writing() as connection:
            self._note_down(connection, self._editable(connection, plan_id), "note", {"text": text})

    def archive(self, plan_id: str) -> None:
        """Put a plan of the user's away; raises `WorkspaceError` as `rename` does."""
        with self._database.writing() as connection:
            card = self._own(connection, plan_id)
            self._note_down(connection, card, "archived", {}, archived_at=now_text())

    def restore(self, plan_id: str) -> None:
        """Take a plan of the user's out again; raises `WorkspaceError` as `rename` does."""
        with self._database.writing() as connection:
            self._note_down(connection, self._own(connection, plan_id), "restored", {}, archived_at=None)

    def share(self, plan_id: str, with_user: str, *, may_edit: bool = True) -> None:
        """
        Let another user see a plan of the user's, and save steps unless `may_edit` is False.

        Raises
        ------
        WorkspaceError
            If the plan is not the user's, nobody is named, or it cannot be saved.
        """
        if not with_user or with_user == self.user:
            raise WorkspaceError("share_with_nobody")
        with self._database.writing() as connection:
            card = self._own(connection, plan_id)
            self._note_down(connection, card, "shared", {"with": with_user, "may_edit": may_edit})
            connection.execute(delete(SHARES).where(_of(SHARES, plan_id) & (SHARES.c.user_name == with_user)))
            connection.execute(
                SHARES.insert().values(plan_id=plan_id, user_name=with_user, may_edit=int(may_edit))
            )

    def unshare(self, plan_id: str, with_user: str) -> None:
        """Hide a plan of the user's from another again; raises `WorkspaceError` as `rename` does."""
        with self._database.writing() as connection:
            card = self._own(connection, plan_id)
            self._note_down(connection, card, "unshared", {"with": with_user})
            connection.execute(delete(SHARES).where(_of(SHARES, plan_id) & (SHARES.c.user_name == with_user)))

    def keep_state(self, plan_id: str, number: int, state: Json) -> None:
        """
        Keep what a plan is after the step of this number, so that loading can start from there.

        Raises
        ------
        WorkspaceError
            If the plan may only be looked at, has no such step, or it cannot be saved.
        """
        with self._database.writing() as connection:
            card = self._editable(connection, plan_id)
            lock_plan(connection, plan_id)
            known = _of(STEPS, plan_id) & (STEPS.c.number == number)
            if not connection.execute(select(func.count()).select_from(STEPS).where(known)).scalar():
                raise WorkspaceError("plan_position", plan=card.name, position=number, count=card.step_count)
            connection.execute(
                delete(SNAPSHOTS).where(_of(SNAPSHOTS, plan_id) & (SNAPSHOTS.c.number == number))
            )
            connection.execute(
                SNAPSHOTS.insert().values(plan_id=plan_id, number=number, state=as_text(state))
            )

    def _editable(self, connection: Connection, plan_id: str) -> PlanCard:
        card = find_card(connection, plan_id, self.user)
        check_right(card, self.user)
        return card

    def _own(self, connection: Connection, plan_id: str) -> PlanCard:
        card = find_card(connection, plan_id, self.user)
        check_right(card, self.user, is_owner=True)
        return card

    def _note_down(
        self, connection: Connection, card: PlanCard, kind: str, detail: Json, **values: Any
    ) -> None:
        """Change a plan's row and write down what was done: no step, so that no one's next save is refused."""
        touch(connection, card.plan_id, self.user, **values)
        add_event(connection, card.plan_id, kind, self.user, detail, card.version)


def _of(table: Any, plan_id: str) -> Any:
    return table.c.plan_id == plan_id


def _nearest_state(card: PlanCard) -> Any:
    """Query of the latest state kept at or before the position of the line."""
    same = (SNAPSHOTS.c.plan_id == STEPS.c.plan_id) & (SNAPSHOTS.c.number == STEPS.c.number)
    query = select(STEPS.c.place, SNAPSHOTS.c.state).select_from(STEPS.join(SNAPSHOTS, same))
    line = _of(STEPS, card.plan_id) & STEPS.c.dropped_in.is_(None) & (STEPS.c.place <= card.position)
    return query.where(line).order_by(STEPS.c.place.desc()).limit(1)
