"""All tables of saved plans copied as they are into one file: the form of every backup, whatever the database."""

from __future__ import annotations

import pathlib
import sqlite3

from sqlalchemy import Connection, MetaData, Table, create_engine, inspect, select
from sqlalchemy.pool import StaticPool

from gunmane.cache import atomic_path
from gunmane.errors import WorkspaceError
from gunmane.workspace.databases import OWNER_ONLY
from gunmane.workspace.tables import PREFIX

ROWS_AT_ONCE = 1000


def write_copy(connection: Connection, out: pathlib.Path) -> pathlib.Path:
    """
    Write every table of ours into a new file of SQLite, of whichever version they are.

    Parameters
    ----------
    connection
        In a transaction, so that the copy is one state.
    out
        The file; it is there as a whole or not at all.

    Raises
    ------
    WorkspaceError
        If the file cannot be written.
    """
    try:
        with atomic_path(out) as temporary:
            engine = create_engine(
                "sqlite://", creator=lambda: sqlite3.connect(temporary), poolclass=StaticPool
            )
            try:
                with engine.begin() as copy:
                    for table in our_tables(connection):
                        table.create(copy)
                        copy_rows(connection, table, copy, table)
            finally:
                engine.dispose()
        out.chmod(OWNER_ONLY)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise WorkspaceError("backup_not_written", place=str(out), reason=reason) from None
    return out


def our_tables(connection: Connection) -> list[Table]:
    """Return the tables of ours that a database really has, in the order of names."""
    names = [name for name in inspect(connection).get_table_names() if name.startswith(PREFIX)]
    found = MetaData()
    return [Table(name, found, autoload_with=connection) for name in sorted(names)]


def copy_rows(source: Connection, table: Table, target: Connection, into: Table) -> int:
    """Copy the rows of one table into one of the same columns and return how many there were."""
    rows = source.execute(select(table).execution_options(yield_per=ROWS_AT_ONCE))
    count = 0
    for part in rows.partitions(ROWS_AT_ONCE):
        target.execute(into.insert(), [dict(row._mapping) for row in part])
        count += len(part)
    return count
