"""A database by its address: the file of one person, or a team's PostgreSQL server."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import pathlib
import sqlite3
from collections.abc import Iterator
from typing import Any

import platformdirs
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import QueuePool

from gunmane.errors import FileError, WorkspaceError
from gunmane.workspace.faults import LOST, told

FILE_NAME = "plans.sqlite"
SCHEMES = ("postgresql://", "postgres://")
SQLITE = "sqlite:///"
# How long one waits for another that is saving, and for a server.
WAIT_S = 10.0
SERVER_S = 30.0
# Rights of a file that holds plans: those of its owner alone.
OWNER_ONLY = 0o600
IS_WRITING = "gunmane_is_writing"


@dataclasses.dataclass(frozen=True, eq=False)
class Database:
    """
    Where saved plans lie, open.

    Parameters
    ----------
    engine
        Its connections.
    place
        The address as it may be told, without user and password.
    path
        The file; None for a server.
    """

    engine: Engine
    place: str
    path: pathlib.Path | None

    @contextlib.contextmanager
    def writing(self) -> Iterator[Connection]:
        """
        Yield a connection whose block is one transaction: all of it is saved, or nothing.

        Raises
        ------
        WorkspaceError
            If it cannot be saved; what was saved before is there.
        """
        with told(self.place), self.engine.connect() as connection:
            marked = connection.execution_options(**{IS_WRITING: True})
            with marked.begin():
                yield marked

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        """
        Yield a connection that sees one state from beginning to end.

        Raises
        ------
        WorkspaceError
            If it cannot be read.
        """
        with told(self.place), self.engine.connect() as connection:
            if self.path is None:
                connection = connection.execution_options(isolation_level="REPEATABLE READ")
            with connection.begin():
                yield connection

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


def default_address() -> str:
    """Return `GUNMANE_WORKSPACE`, else the file in the user's data folder."""
    given = os.environ.get("GUNMANE_WORKSPACE", "").strip()
    return given or str(data_folder() / FILE_NAME)


def data_folder() -> pathlib.Path:
    """Return the folder of what the user keeps; made only when something is kept."""
    return pathlib.Path(platformdirs.user_data_dir("gunmane", appauthor=False))


def is_server(address: str) -> bool:
    """Tell whether an address names a server instead of a file."""
    return address.strip().lower().startswith(SCHEMES)


def connect(address: str | pathlib.Path | None = None) -> Database:
    """
    Return the database at an address; nothing is made or read yet but the folder of a new file.

    Parameters
    ----------
    address
        A path, `sqlite:///path`, or `postgresql://user:password@host:port/database`; None takes `default_address`.

    Raises
    ------
    WorkspaceError
        If it is no such address, or the folder of the file cannot be made.
    """
    text = str(address).strip() if address is not None else default_address()
    if is_server(text):
        return _server(text)
    plain = text[len(SQLITE) :] if text.lower().startswith(SQLITE) else text
    if not plain or "://" in plain:
        raise WorkspaceError("workspace_address")
    return _file(pathlib.Path(plain).expanduser())


def _file(path: pathlib.Path) -> Database:
    place = str(path)
    if path.is_dir():
        raise WorkspaceError("workspace_is_folder", place=place)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WorkspaceError("workspace_read_only", place=place, reason=type(error).__name__) from None
    engine = create_engine("sqlite://", creator=lambda: open_file(path), poolclass=QueuePool)
    event.listen(engine, "begin", _begin)
    event.listen(engine, "connect", lambda _, record: record.info.update(mark=file_mark(path)))

    def check_file(_: object, record: Any, __: object) -> None:
        # What is written to a file that was deleted meanwhile would be told as saved and be gone.
        if record.info.get("mark") != file_mark(path):
            raise DisconnectionError

    event.listen(engine, "checkout", check_file)
    return Database(engine, place, path)


def file_mark(path: pathlib.Path) -> tuple[int, int] | None:
    """Return what tells a file from another of the same name later on; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def open_file(path: pathlib.Path) -> sqlite3.Connection:
    """Return a connection to a file that is on the disk before a save is told as done."""
    if not path.exists():
        # Nobody else of the machine reads it; where it cannot be made SQLite says so.
        with contextlib.suppress(OSError):
            path.touch(mode=OWNER_ONLY)
    connection = sqlite3.connect(path, timeout=WAIT_S, isolation_level=None, check_same_thread=False)
    try:
        # On a disk that cannot hold a log beside the file SQLite keeps its older journal; FULL is safe with both.
        connection.execute("PRAGMA journal_mode=WAL").fetchone()
        connection.execute("PRAGMA synchronous=FULL")
    except BaseException:
        connection.close()
        raise
    return connection


def _begin(connection: Connection) -> None:
    """Begin as what it is: a writer waits its turn at once, or two that read first would both have to give up."""
    is_writing = connection.get_execution_options().get(IS_WRITING, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if is_writing else "BEGIN")


def _server(url: str) -> Database:
    from gunmane.ledgers.postgis import parse_url

    try:
        address = parse_url(url)
    except FileError:
        raise WorkspaceError("workspace_address") from None
    place = f"postgresql://{address.host}:{address.port}/{address.database}"
    engine = create_engine(
        "postgresql+pg8000://", creator=lambda: _open_server(address), pool_pre_ping=True, pool_recycle=3600
    )
    return Database(engine, place, None)


def _open_server(address: Any) -> Any:
    import ssl

    import pg8000.dbapi

    contexts = {"disable": False, "require": ssl.create_default_context()}
    is_local = address.host.startswith("/")
    try:
        return pg8000.dbapi.connect(
            address.user,
            host=address.host,
            port=address.port,
            database=address.database,
            password=address.password,
            unix_sock=f"{address.host}/.s.PGSQL.{address.port}" if is_local else None,
            ssl_context=False if is_local else contexts.get(address.ssl_mode),
            timeout=SERVER_S,
            application_name="gunmane",
        )
    except (KeyError, ValueError, *LOST) as error:
        if isinstance(error, OSError):
            raise
        # Something that is no PostgreSQL answers.
        raise ConnectionError from error
