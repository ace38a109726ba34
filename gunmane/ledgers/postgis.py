"""A table of a PostGIS database, named by a URL: read, never written, and the password never told."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import ssl
import struct
import urllib.parse
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pyproj
import shapely

from gunmane.errors import FileError
from gunmane.ledgers.files import MAX_ROWS, MAX_UNPACKED_BYTES, MEGABYTE
from gunmane.ledgers.raw import Raw

SCHEMES = ("postgresql", "postgres", "postgis")
SSL_MODES = ("disable", "prefer", "require")
PORT = 5432
# Bounds of the machine.
CONNECT_S = 15.0
STATEMENT_S = 300
CHUNK_ROWS = 10_000
# The session can change nothing, whatever a view may call.
SESSION = {
    "default_transaction_read_only": "on",
    "statement_timeout": f"{STATEMENT_S}s",
    "client_encoding": "UTF8",
    "datestyle": "ISO",
    "bytea_output": "hex",
}
# Types that arrive as numbers; all others arrive as PostgreSQL writes them.
NUMBERS = ("smallint", "integer", "bigint", "real", "double precision")
SHAPES = ("geometry", "geography")
USUAL_NAMES = ("geom", "the_geom", "wkb_geometry", "geometry", "shape")
# What the server's own codes mean to a user (SQLSTATE, appendix A of the PostgreSQL manual).
REASONS = {
    "28P01": "postgis_login",
    "28000": "postgis_login",
    "3D000": "postgis_no_database",
    "42501": "postgis_no_right",
    "57014": "postgis_slow",
    "25006": "postgis_writes",
}

RELATION = """
SELECT n.nspname, c.relname, c.relkind::text, c.oid::bigint
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relname = :name AND c.relkind IN ('r', 'v', 'm', 'f', 'p')
AND (n.nspname = :schema OR (:schema = '' AND pg_table_is_visible(c.oid)))
ORDER BY 1 LIMIT 1
"""
SPATIAL = """
SELECT DISTINCT n.nspname, c.relname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_type t ON t.oid = a.atttypid
WHERE t.typname IN ('geometry', 'geography') AND a.attnum > 0 AND NOT a.attisdropped
AND c.relkind IN ('r', 'v', 'm', 'f', 'p') AND has_table_privilege(c.oid, 'SELECT') ORDER BY 1, 2 LIMIT 50
"""
COLUMNS = """
SELECT a.attname, t.typname, format_type(a.atttypid, NULL) FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
WHERE a.attrelid = :oid::bigint::oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
"""
KEY = """
SELECT a.attname FROM pg_index i CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY k(attnum, place)
JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
WHERE i.indrelid = :oid::bigint::oid AND i.indisprimary ORDER BY k.place
"""
POSTGIS = """
SELECT n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'postgis'
"""


@dataclasses.dataclass(frozen=True)
class Address:
    """
    Where a table stands.

    Parameters
    ----------
    host, port, database, user
        As in the URL; a host that starts with "/" is the folder of a local socket.
    password
        Left out of every text made from this.
    ssl_mode
        "disable", "prefer" (encrypt where the server offers it) or "require" (encrypt, and check its certificate).
    table
        "schema.table" or "table"; "" where the database has only one with shapes.
    """

    host: str
    port: int
    database: str
    user: str
    password: str = dataclasses.field(repr=False)
    ssl_mode: str = "prefer"
    table: str = ""

    @property
    def shown(self) -> str:
        """The address as it may be told, without user and password."""
        return f"postgis:{self.host or 'localhost'}/{self.database}"


@dataclasses.dataclass(frozen=True)
class _Table:
    schema: str
    name: str
    kind: str
    oid: int
    columns: tuple[tuple[str, str, str], ...]
    key: tuple[str, ...]

    @property
    def shown(self) -> str:
        return f"{self.schema}.{self.name}"

    @property
    def shapes(self) -> list[str]:
        return [name for name, kind, _ in self.columns if kind in SHAPES]


def is_postgis_url(text: str) -> bool:
    """Return whether a text names a database instead of a file."""
    return text.strip().lower().startswith(tuple(f"{scheme}://" for scheme in SCHEMES))


def parse_url(url: str, *, table: str = "") -> Address:
    """
    Return the parts of `postgresql://user:password@host:port/database?table=schema.table&sslmode=require`.

    Parameters
    ----------
    url
        The address; special characters in user and password are written as %40 and so on. Without a password the
        one in `PGPASSWORD` counts.
    table
        Table to read; goes before the one in the address.

    Raises
    ------
    FileError
        If it is no such address; the error never repeats it.
    """
    try:
        parts = urllib.parse.urlsplit(url.strip())
        asked = dict(
            urllib.parse.parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
        )
        port = parts.port or PORT
    except ValueError as error:
        raise FileError("postgis_url", file="postgis") from error
    mode = asked.get("sslmode", "prefer")
    is_known = (
        parts.scheme.lower() in SCHEMES and mode in SSL_MODES and set(asked) <= {"table", "sslmode", "host"}
    )
    database = urllib.parse.unquote(parts.path.lstrip("/"))
    if not is_known or not database or not parts.username:
        raise FileError("postgis_url", file="postgis")
    return Address(
        host=asked.get("host") or parts.hostname or "localhost",
        port=port,
        database=database,
        user=urllib.parse.unquote(parts.username),
        # As with every PostgreSQL client: a password in the address would stand in the list of processes.
        password=urllib.parse.unquote(parts.password or os.environ.get("PGPASSWORD", "")),
        ssl_mode=mode,
        table=table or asked.get("table", ""),
    )


def open_postgis(url: str, *, table: str = "", max_rows: int | None = None) -> Raw:
    """
    Return the rows of a table, view or materialized view of a PostGIS database.

    The session is read-only. Rows come in the order of the primary key, else sorted by all columns, so that the
    same table gives the same row numbers.

    Parameters
    ----------
    url
        See `parse_url`.
    table
        "schema.table"; "" takes the one in the address, or the only one with shapes.
    max_rows
        Read no more than that, for a first look.

    Returns
    -------
    raw
        `file` is "postgis:host/database/schema.table". Numbers stay numbers, other values are text as PostgreSQL
        writes it. Flat shapes, east then north. `told`: `layer`, `shape_columns`, `relation` ("view"
        …), `columns_left_out` (further shapes and raw bytes), `broken` (shapes that cannot be read, count).

    Raises
    ------
    FileError
        If the address is wrong, nobody answers, the login is refused, the database has no PostGIS or no such table,
        the table has no shapes or no rows, is too large, or a view tries to write. No error tells the password.
    """
    address = parse_url(url, table=table)
    with _session(address) as run:
        home = run(POSTGIS)
        if not home:
            raise FileError("postgis_absent", file=address.shown)
        found = _find_table(run, address)
        file = f"{address.shown}/{found.shown}"
        if not found.shapes:
            names = ", ".join(name for name, _, _ in found.columns)[:200] or "-"
            raise FileError("postgis_no_shapes", file=file, columns=names)
        shape = min(found.shapes, key=lambda name: (name not in USUAL_NAMES, found.shapes.index(name)))
        plain = [(n, t) for n, k, t in found.columns if k not in SHAPES and k != "bytea"]
        query = _query(found, plain, shape, str(home[0][0]))
        rows = _fetch(run, query, file, max_rows)
        crs = _crs(run, {row[-1] for row in rows if row[-1]}, str(home[0][0]), file)
    return _raw(file, found, shape, plain, rows, crs)


@contextlib.contextmanager
def _session(address: Address) -> Iterator[Any]:
    """Yield what runs one statement; every fault of the way becomes a sentence without the password."""
    import pg8000.exceptions

    told: FileError | None = None
    connection: Any = None
    try:
        connection = _connect(address)
        connection.run("BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield connection.run
    except pg8000.exceptions.DatabaseError as error:
        told = _refusal(error, address)
    except ssl.SSLError:
        told = FileError("postgis_certificate", file=address.shown)
    except (pg8000.exceptions.InterfaceError, OSError, EOFError):
        key = "postgis_lost" if connection is not None else "postgis_unreachable"
        told = FileError(key, file=address.shown, host=address.host, port=address.port)
    except UnicodeError:
        told = FileError("postgis_failed", file=address.shown, reason="UTF8")
    finally:
        if connection is not None:
            with contextlib.suppress(pg8000.exceptions.Error, OSError, EOFError):
                connection.close()
    if told is not None:
        # Nothing of the driver's own error goes along: it may repeat what it was given.
        raise told from None


def _connect(address: Address) -> Any:
    import pg8000.exceptions
    import pg8000.native

    try:
        connection = pg8000.native.Connection(
            address.user,
            host=address.host,
            port=address.port,
            database=address.database,
            password=address.password,
            unix_sock=f"{address.host}/.s.PGSQL.{address.port}" if address.host.startswith("/") else None,
            ssl_context=_ssl_context(address),
            timeout=CONNECT_S,
            application_name="gunmane",
            startup_params=SESSION,
        )
    except ssl.SSLError:
        # A certificate that cannot be checked is a ValueError too.
        raise
    except (KeyError, ValueError, struct.error) as error:
        # Something that is no PostgreSQL answers.
        raise pg8000.exceptions.InterfaceError from error
    # The server ends a long statement; the socket only waits a little longer.
    connection._usock.settimeout(STATEMENT_S + CONNECT_S)
    return connection


def _ssl_context(address: Address) -> Any:
    """False: never; None: where the server offers it; a context: always, with a certificate that can be checked."""
    if address.ssl_mode == "disable" or address.host.startswith("/"):
        return False
    return ssl.create_default_context() if address.ssl_mode == "require" else None


def _refusal(error: Exception, address: Address) -> FileError:
    says = error.args[0] if error.args and isinstance(error.args[0], dict) else {}
    code = str(says.get("C", ""))
    key = REASONS.get(code, "postgis_failed")
    values: dict[str, object] = {"user": address.user, "seconds": STATEMENT_S, "reason": code or "-"}
    return FileError(key, file=address.shown, **values)


def _find_table(run: Any, address: Address) -> _Table:
    schema, _, name = address.table.rpartition(".")
    if not address.table:
        spatial = run(SPATIAL)
        if len(spatial) != 1:
            tables = ", ".join(f"{s}.{t}" for s, t in spatial)[:300] or "-"
            raise FileError("postgis_which_table", file=address.shown, tables=tables)
        schema, name = spatial[0]
    found = run(RELATION, name=name, schema=schema)
    if not found:
        tables = ", ".join(f"{s}.{t}" for s, t in run(SPATIAL))[:300] or "-"
        raise FileError("postgis_no_table", file=address.shown, table=address.table, tables=tables)
    schema, name, kind, oid = found[0]
    columns = tuple((str(a), str(b), str(c)) for a, b, c in run(COLUMNS, oid=oid))
    key = tuple(str(row[0]) for row in run(KEY, oid=oid))
    return _Table(str(schema), str(name), str(kind), int(oid), columns, key)


def _quoted(name: str) -> str:
    """Return an identifier that PostgreSQL takes for a name, whatever stands in it."""
    return '"' + name.replace('"', '""') + '"'


def _query(table: _Table, plain: list[tuple[str, str]], shape: str, home: str) -> str:
    shown = [_quoted(name) if kind in NUMBERS else f"{_quoted(name)}::text" for name, kind in plain]
    flat = f"{_quoted(home)}.ST_Force2D({_quoted(home)}.ST_CurveToLine({_quoted(shape)}::{_quoted(home)}.geometry))"
    srid = f"{_quoted(home)}.ST_SRID({_quoted(shape)}::{_quoted(home)}.geometry)"
    order = [_quoted(name) for name in table.key] or [str(i + 1) for i in range(len(shown) + 1)]
    # The limit of PostgreSQL for a result is 1,664 columns; a table has 1,600 at most.
    return (
        f"SELECT {', '.join([*shown, f'{_quoted(home)}.ST_AsBinary({flat})', srid])} "
        f"FROM {_quoted(table.schema)}.{_quoted(table.name)} ORDER BY {', '.join(order)}"
    )


def _fetch(run: Any, query: str, file: str, max_rows: int | None) -> list[list[Any]]:
    """Rows through a cursor of the server, chunk by chunk, within the bounds of rows and bytes."""
    wanted = MAX_ROWS + 1 if max_rows is None else max_rows
    run(f"DECLARE gunmane_rows NO SCROLL CURSOR FOR {query} LIMIT {int(wanted)}")
    rows: list[list[Any]] = []
    size = 0
    while chunk := run(f"FETCH FORWARD {CHUNK_ROWS} FROM gunmane_rows"):
        rows += chunk
        size += sum(len(value) for row in chunk for value in row if isinstance(value, str | bytes))
        if len(rows) > MAX_ROWS:
            raise FileError("ledger_too_many_rows", file=file, rows=f"> {MAX_ROWS:,}", limit=f"{MAX_ROWS:,}")
        if size > MAX_UNPACKED_BYTES:
            limit = MAX_UNPACKED_BYTES // MEGABYTE
            raise FileError("ledger_too_large", file=file, size=size // MEGABYTE, limit=limit)
    if not rows:
        raise FileError("ledger_no_rows", file=file)
    return rows


def _crs(run: Any, srids: set[int], home: str, file: str) -> pyproj.CRS | None:
    if len(srids) > 1:
        raise FileError("postgis_many_srid", file=file, found=", ".join(map(str, sorted(srids)))[:200])
    if not srids:
        return None
    srid = srids.pop()
    said = run(
        f"SELECT auth_name, auth_srid, srtext FROM {_quoted(home)}.spatial_ref_sys WHERE srid = :srid",
        srid=srid,
    )
    name, code, text = said[0] if said else ("EPSG", srid, "")
    for given in (f"{name}:{code}", text):
        with contextlib.suppress(pyproj.exceptions.CRSError):
            return pyproj.CRS.from_user_input(given)
    raise FileError("ledger_crs_unusable", file=file, crs=f"SRID {srid}")


def _raw(
    file: str,
    table: _Table,
    shape: str,
    plain: list[tuple[str, str]],
    rows: list[list[Any]],
    crs: pyproj.CRS | None,
) -> Raw:
    index = pd.RangeIndex(1, len(rows) + 1)
    columns: dict[str, pd.Series] = {}
    for i, (name, kind) in enumerate(plain):
        values = [row[i] for row in rows]
        dtype = ("Float64" if kind in ("real", "double precision") else "Int64") if kind in NUMBERS else "str"
        columns[name] = pd.Series(values, index=index, dtype=dtype)
    wkb = np.array([row[-2] for row in rows], dtype=object)
    shapes = shapely.from_wkb(wkb, on_invalid="ignore")
    is_broken = np.array([value is not None for value in wkb]) & shapely.is_missing(shapes)
    left_out = [
        name for name, kind, _ in table.columns if name != shape and (kind in SHAPES or kind == "bytea")
    ]
    told: dict[str, Any] = {
        "layer": table.shown,
        "shape_columns": table.shapes,
        "relation": {"v": "view", "m": "materialized view", "f": "foreign table"}.get(table.kind, "table"),
        "columns_left_out": left_out,
        "broken": int(is_broken.sum()),
    }
    frame = pd.DataFrame(columns, index=index)
    return Raw(file, "postgis", frame, shapes, crs, {key: value for key, value in told.items() if value})
