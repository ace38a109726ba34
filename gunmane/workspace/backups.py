"""Backups of saved plans, and the way back: nothing is replaced unasked, and what is replaced is kept."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import pathlib
import shutil
import tempfile

from sqlalchemy import func, inspect, select, text

from gunmane.errors import WorkspaceError
from gunmane.workspace.copies import copy_rows, write_copy
from gunmane.workspace.databases import Database, connect, data_folder
from gunmane.workspace.migrations import MIGRATIONS, migrate, schema_version
from gunmane.workspace.tables import PLANS, SCHEMA, TABLES

DAILY = "backups"
DAYS_KEPT = 7
# What SQLite keeps beside a file while it is in use.
BESIDE = ("", "-wal", "-shm", "-journal")
# Faults of a file that a backup may take the place of.
BEYOND_REPAIR = ("workspace_broken", "workspace_broken_with_backup", "workspace_other_program")


@dataclasses.dataclass(frozen=True)
class Restored:
    """
    What a restored backup put in place.

    Parameters
    ----------
    plan_count
        Plans that are there now.
    kept
        File with what was there before; None where nothing was.
    """

    plan_count: int
    kept: pathlib.Path | None


def backup(database: Database, out: pathlib.Path, *, is_replacing: bool = False) -> pathlib.Path:
    """
    Write every saved plan into one file, whoever is at work meanwhile.

    Parameters
    ----------
    database
        Where the plans lie.
    out
        The file.
    is_replacing
        True takes the place of a file that is there.

    Raises
    ------
    WorkspaceError
        If a file is there, it is the workspace itself, it cannot be written, or the plans cannot be read.
    """
    if database.path is not None and out.exists() and database.path.exists() and out.samefile(database.path):
        raise WorkspaceError("backup_is_workspace", place=str(out))
    if out.exists() and not is_replacing:
        raise WorkspaceError("backup_exists", place=str(out))
    with database.reading() as connection:
        return write_copy(connection, out)


def restore(backup_file: pathlib.Path, address: str | None, *, is_replacing: bool = False) -> Restored:
    """
    Put the plans of a backup in place of those of a workspace: all of them, or nothing is changed.

    Parameters
    ----------
    backup_file
        What `backup` wrote, from a file or a server; the plans may go to either.
    address
        The workspace, as for `open_workspace`.
    is_replacing
        True replaces plans that are there, or a file that is broken; both are kept beside it.

    Raises
    ------
    WorkspaceError
        If the backup is none or broken, plans are there and `is_replacing` is False, or they cannot be written.
    """
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gunmane-restore-")))
        source = _usable_copy(backup_file, folder)
        stack.callback(source.close)
        target, moved = _target(address, is_replacing=is_replacing)
        stack.callback(target.close)
        restored = _replace_rows(source, target, is_replacing=is_replacing)
    return dataclasses.replace(restored, kept=restored.kept or moved)


def daily_copy(database: Database) -> pathlib.Path | None:
    """
    Copy a file of saved plans once a day into the folder `backups` beside it, and return the copy.

    The last seven stay. A file that turns out broken is not copied, so that it never pushes out a sound copy.

    Raises
    ------
    WorkspaceError
        If the file is broken.
    """
    if database.path is None:
        return None
    day = datetime.datetime.now(tz=datetime.UTC).strftime("%Y%m%d")
    folder = database.path.parent / DAILY
    out = folder / f"{database.path.stem}-{day}.backup.sqlite"
    if out.exists():
        return None
    with database.reading() as connection:
        if not connection.execute(select(func.count()).select_from(PLANS)).scalar():
            return None
        check_sound(connection.exec_driver_sql("PRAGMA quick_check(1)").scalar(), database.place)
        # A disk that has no room for a copy still has room for the next step.
        with contextlib.suppress(WorkspaceError):
            write_copy(connection, out)
    for old in sorted(folder.glob(f"{database.path.stem}-????????.backup.sqlite"))[:-DAYS_KEPT]:
        with contextlib.suppress(OSError):
            old.unlink()
    return out if out.exists() else None


def newest_copy(database: Database) -> pathlib.Path | None:
    """Return the newest daily copy of a file of saved plans; None where there is none."""
    if database.path is None:
        return None
    found = sorted((database.path.parent / DAILY).glob(f"{database.path.stem}-????????.backup.sqlite"))
    return found[-1] if found else None


def check_sound(said: object, place: str) -> None:
    """
    Refuse a file of which SQLite says that it is broken.

    Raises
    ------
    WorkspaceError
        If it says anything but "ok".
    """
    if said != "ok":
        raise WorkspaceError("workspace_broken", place=place, reason="quick_check")


def _usable_copy(file: pathlib.Path, folder: pathlib.Path) -> Database:
    """Return a copy of a backup brought up to the tables of today; the backup itself is never written to."""
    copy = folder / "backup.sqlite"
    try:
        shutil.copyfile(file, copy)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise WorkspaceError("backup_unreadable", place=str(file), reason=reason) from None
    database = connect(copy)
    try:
        with database.reading() as connection:
            check_sound(connection.exec_driver_sql("PRAGMA quick_check(1)").scalar(), str(file))
            found = schema_version(connection) if inspect(connection).get_table_names() else 0
        if not 0 < found <= len(MIGRATIONS):
            raise WorkspaceError("workspace_newer", place=str(file), version=found, known=len(MIGRATIONS))
        migrate(database)
    except WorkspaceError as error:
        database.close()
        if error.key == "workspace_newer" and error.values["version"]:
            raise
        raise WorkspaceError("backup_unusable", place=str(file)) from None
    return database


def _target(address: str | None, *, is_replacing: bool) -> tuple[Database, pathlib.Path | None]:
    database = connect(address)
    try:
        migrate(database)
    except WorkspaceError as error:
        database.close()
        if error.key not in BEYOND_REPAIR or database.path is None or not is_replacing:
            raise
    else:
        return database, None
    moved = _moved_aside(database.path)
    database = connect(address)
    migrate(database)
    return database, moved


def _moved_aside(path: pathlib.Path) -> pathlib.Path:
    """Give a broken file and what lies beside it another name, so that a person may still look into it."""
    aside = path.with_name(f"{path.stem}-broken-{_stamp()}{path.suffix}")
    try:
        for ending in BESIDE:
            part = path.with_name(path.name + ending)
            if part.exists():
                part.rename(aside.with_name(aside.name + ending))
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise WorkspaceError("workspace_read_only", place=str(path), reason=reason) from None
    return aside


def _replace_rows(source: Database, target: Database, *, is_replacing: bool) -> Restored:
    kept = None
    with source.reading() as backup_rows, target.writing() as connection:
        if target.path is None:
            names = ", ".join(table.name for table in TABLES.sorted_tables)
            connection.execute(text(f"LOCK TABLE {names} IN ACCESS EXCLUSIVE MODE"))
        there = int(connection.execute(select(func.count()).select_from(PLANS)).scalar() or 0)
        if there and not is_replacing:
            raise WorkspaceError("restore_would_replace", place=target.place, count=there)
        if there:
            folder = target.path.parent if target.path is not None else data_folder()
            stem = target.path.stem if target.path is not None else "server"
            kept = write_copy(connection, folder / f"{stem}-before-restore-{_stamp()}.backup.sqlite")
        count = 0
        for table in TABLES.sorted_tables:
            if table is SCHEMA:
                continue
            connection.execute(table.delete())
            rows = copy_rows(backup_rows, table, connection, table)
            count = rows if table is PLANS else count
    return Restored(count, kept)


def _stamp() -> str:
    return datetime.datetime.now(tz=datetime.UTC).strftime("%Y%m%dT%H%M%S%f")
