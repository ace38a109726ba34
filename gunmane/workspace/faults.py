"""What a database refuses, as a sentence that names the place and never a password."""

from __future__ import annotations

import contextlib
import sqlite3
import ssl
import struct
from collections.abc import Iterator
from typing import Any

from sqlalchemy.exc import DBAPIError

from gunmane.errors import WorkspaceError

# Primary result codes of SQLite (https://www.sqlite.org/rescode.html); extended ones hold them in the low byte.
OF_SQLITE = {
    sqlite3.SQLITE_BUSY: "workspace_locked",
    sqlite3.SQLITE_LOCKED: "workspace_locked",
    sqlite3.SQLITE_FULL: "workspace_full",
    sqlite3.SQLITE_IOERR: "workspace_disk",
    sqlite3.SQLITE_TOOBIG: "workspace_too_large",
    sqlite3.SQLITE_READONLY: "workspace_read_only",
    sqlite3.SQLITE_CANTOPEN: "workspace_read_only",
    sqlite3.SQLITE_PERM: "workspace_read_only",
    sqlite3.SQLITE_AUTH: "workspace_read_only",
    sqlite3.SQLITE_CORRUPT: "workspace_broken",
    sqlite3.SQLITE_NOTADB: "workspace_broken",
}
PRIMARY = 0xFF
# SQLSTATE, appendix A of the PostgreSQL manual.
OF_POSTGRES = {
    "28P01": "workspace_login",
    "28000": "workspace_login",
    "3D000": "workspace_no_database",
    "42501": "workspace_no_right",
    "25006": "workspace_no_right",
    "53100": "workspace_full",
    "53200": "workspace_full",
    "53300": "workspace_busy",
    "57P03": "workspace_busy",
    "55P03": "workspace_locked",
    "40001": "workspace_locked",
    "40P01": "workspace_locked",
    "57014": "workspace_locked",
    "XX001": "workspace_broken",
    "XX002": "workspace_broken",
}
# Where nobody answers, or an answer breaks off.
LOST = (OSError, EOFError, ssl.SSLError, struct.error)


@contextlib.contextmanager
def told(place: str) -> Iterator[None]:
    """
    Turn what a database refuses into a sentence.

    Parameters
    ----------
    place
        The database as it may be told: a path, or host and name without user and password.

    Raises
    ------
    WorkspaceError
        Saying what happened; the transaction was rolled back, so what was saved before is there.
    """
    try:
        yield
    except DBAPIError as error:
        fault = _fault(error.orig, place)
    except sqlite3.Error as error:
        fault = _fault(error, place)
    except LOST as error:
        fault = _fault(error, place)
    else:
        return
    # The driver's own error may repeat what it was given, a password among it.
    raise fault from None


def _fault(error: Any, place: str) -> WorkspaceError:
    if isinstance(error, sqlite3.Error):
        code = getattr(error, "sqlite_errorcode", None) or 0
        reason = getattr(error, "sqlite_errorname", None) or type(error).__name__
        return WorkspaceError(OF_SQLITE.get(code & PRIMARY, "workspace_failed"), place=place, reason=reason)
    says = error.args[0] if getattr(error, "args", None) else None
    if isinstance(says, dict):
        code = str(says.get("C", ""))
        return WorkspaceError(OF_POSTGRES.get(code, "workspace_failed"), place=place, reason=code or "-")
    return WorkspaceError("workspace_unreachable", place=place, reason=type(error).__name__)
