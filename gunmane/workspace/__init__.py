"""Saved plans: one file of the user's, or a team's PostgreSQL server; every step with who and when."""

from __future__ import annotations

import pathlib

from gunmane.errors import ConflictError, WorkspaceError
from gunmane.workspace.databases import connect, default_address
from gunmane.workspace.keeping import Workspace
from gunmane.workspace.migrations import migrate
from gunmane.workspace.records import Event, PlanCard, Step, StoredPlan

__all__ = [
    "ConflictError",
    "Event",
    "PlanCard",
    "Step",
    "StoredPlan",
    "Workspace",
    "WorkspaceError",
    "default_address",
    "open_workspace",
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
        gunmane. Nothing in it is changed then; before an older one is changed it is copied into a file beside it.
    """
    database = connect(address)
    try:
        migrate(database)
    except BaseException:
        database.close()
        raise
    return Workspace(database, user)
