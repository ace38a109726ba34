"""The numbered steps from no tables to those of today; what is there is backed up before it is changed."""

from __future__ import annotations

import datetime
import pathlib
from collections.abc import Callable

from sqlalchemy import Connection, inspect, select, text

from gunmane.errors import WorkspaceError
from gunmane.workspace.copies import write_copy
from gunmane.workspace.databases import Database, data_folder
from gunmane.workspace.tables import PREFIX, SCHEMA

# The same number in every version of gunmane: whoever holds it changes the tables alone.
LOCK = 7_160_715

FIRST = """
CREATE TABLE gunmane_plans (
    plan_id TEXT PRIMARY KEY, name TEXT NOT NULL, owner TEXT NOT NULL, region TEXT NOT NULL, base TEXT NOT NULL,
    data TEXT NOT NULL, version BIGINT NOT NULL, position BIGINT NOT NULL, step_count BIGINT NOT NULL,
    created_at TEXT NOT NULL, changed_at TEXT NOT NULL, changed_by TEXT NOT NULL, archived_at TEXT);
CREATE INDEX gunmane_plans_owner ON gunmane_plans (owner, region);
CREATE TABLE gunmane_steps (
    plan_id TEXT NOT NULL, number BIGINT NOT NULL, place BIGINT NOT NULL, step TEXT NOT NULL, who TEXT NOT NULL,
    at TEXT NOT NULL, dropped_in BIGINT, PRIMARY KEY (plan_id, number));
CREATE TABLE gunmane_events (
    plan_id TEXT NOT NULL, serial BIGINT NOT NULL, kind TEXT NOT NULL, who TEXT NOT NULL, at TEXT NOT NULL,
    version BIGINT NOT NULL, detail TEXT NOT NULL, PRIMARY KEY (plan_id, serial));
CREATE TABLE gunmane_shares (
    plan_id TEXT NOT NULL, user_name TEXT NOT NULL, may_edit INTEGER NOT NULL, PRIMARY KEY (plan_id, user_name));
CREATE INDEX gunmane_shares_user ON gunmane_shares (user_name);
CREATE TABLE gunmane_snapshots (
    plan_id TEXT NOT NULL, number BIGINT NOT NULL, state TEXT NOT NULL, PRIMARY KEY (plan_id, number))
"""


def _make_tables(connection: Connection) -> None:
    for statement in FIRST.split(";"):
        connection.execute(text(statement))


# Never changed once released; a new form of the tables is one more at the end.
MIGRATIONS: tuple[Callable[[Connection], None], ...] = (_make_tables,)


def schema_version(connection: Connection) -> int:
    """
    Return the version of the tables; 0 where there are none of ours.

    Parameters
    ----------
    connection
        In a transaction.
    """
    if SCHEMA.name not in inspect(connection).get_table_names():
        return 0
    return int(connection.execute(select(SCHEMA.c.version)).scalar() or 0)


def migrate(database: Database) -> tuple[int, pathlib.Path | None]:
    """
    Bring the tables to the form of this gunmane, after a backup where plans may be in them.

    Parameters
    ----------
    database
        Where they lie.

    Returns
    -------
    version
        The version that was found (0: a new database).
    backup
        The copy made before a change; None where nothing had to be changed or nothing was there.

    Raises
    ------
    WorkspaceError
        If a newer gunmane made them, the file is another program's, or it cannot be written. Nothing is changed then.
    """
    with database.reading() as connection:
        found = _checked(connection, database)
    if found == len(MIGRATIONS):
        return found, None
    with database.writing() as connection:
        if database.path is None:
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        # Another process may have been faster.
        found = _checked(connection, database)
        backup = _backup(connection, database, found) if 0 < found < len(MIGRATIONS) else None
        _run(connection, found)
    return found, backup


def _run(connection: Connection, found: int) -> None:
    if found == 0:
        connection.execute(text(f"CREATE TABLE {SCHEMA.name} (version INTEGER NOT NULL)"))
        connection.execute(SCHEMA.insert().values(version=0))
    for step in MIGRATIONS[found:]:
        step(connection)
    connection.execute(SCHEMA.update().values(version=len(MIGRATIONS)))


def _checked(connection: Connection, database: Database) -> int:
    found = schema_version(connection)
    if found > len(MIGRATIONS):
        raise WorkspaceError("workspace_newer", place=database.place, version=found, known=len(MIGRATIONS))
    # Beside the tables of others a server has room for ours; a file belongs to one program.
    names = inspect(connection).get_table_names() if found == 0 and database.path is not None else []
    if any(not name.startswith(PREFIX) for name in names):
        raise WorkspaceError("workspace_other_program", place=database.place)
    return found


def _backup(connection: Connection, database: Database, found: int) -> pathlib.Path:
    stamp = datetime.datetime.now(tz=datetime.UTC).strftime("%Y%m%dT%H%M%S%f")
    folder = database.path.parent if database.path is not None else data_folder()
    stem = database.path.stem if database.path is not None else "server"
    return write_copy(connection, folder / f"{stem}-v{found}-{stamp}.backup.sqlite")
