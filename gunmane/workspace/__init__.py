"""Saved plans: one file of the user's, or a team's PostgreSQL server; every step with who and when."""

from __future__ import annotations

import pathlib

from gunmane.errors import ConflictError, WorkspaceError
from gunmane.workspace.backups import Restored, backup, daily_copy, newest_copy, restore
from gunmane.workspace.databases import connect, default_address
from gunmane.workspace.keeping import Workspace
from gunmane.workspace.migrations import migrate
from gunmane.workspace.records import Event, PlanCard, Step, StoredPlan

__all__ = [
    "ConflictError",
    "Event",
    "PlanCard",
    "Restored",
    "Step",
    "StoredPlan",
    "Workspace",
    "WorkspaceError",
    "backup",
    "default_address",
    "open_workspace",
    "restore",
]


def open_workspace(address: str | pathlib.Path | None = None, *, user: str = "") -> Workspace:
    """
    Open the place where plans are kept; what is not there yet is made, what is older is brought up to date.

    Parameters
    ----------
    address
        A path of a file, `sqlite:///path`, or `postgresql://user:password@host:port/database` (also
        `?sslmode=require`; `PGPASSWORD` counts). None: `GUNMANE_WORKSPACE`, else a file in the user's data folder.
    user
        Who acts; "" where one person works alone.

    Raises
    ------
    WorkspaceError
        If the place cannot be reached, read or written to, is another program's, is broken, or was made by a newer
        gunmane. Nothing in it is changed then. A file is copied before it is brought up to date, and once a day.
    """
    database = connect(address)
    try:
        migrate(database)
        daily_copy(database)
    except WorkspaceError as error:
        database.close()
        copy = newest_copy(database) if error.key == "workspace_broken" else None
        if copy is None:
            raise
        raise WorkspaceError("workspace_broken_with_backup", **error.values, backup=str(copy)) from None
    return Workspace(database, user)
