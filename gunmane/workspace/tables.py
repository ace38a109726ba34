"""The tables that saved plans lie in: text and whole numbers only, so that they are the same in every database."""

from __future__ import annotations

import datetime
import json
from typing import Any

from sqlalchemy import BigInteger, Column, Integer, MetaData, Table, Text

PREFIX = "gunmane_"

TABLES = MetaData()
SCHEMA = Table(f"{PREFIX}schema", TABLES, Column("version", Integer, nullable=False))
PLANS = Table(
    f"{PREFIX}plans",
    TABLES,
    Column("plan_id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("region", Text, nullable=False),
    Column("base", Text, nullable=False),
    Column("data", Text, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("step_count", BigInteger, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("changed_at", Text, nullable=False),
    Column("changed_by", Text, nullable=False),
    Column("archived_at", Text),
)
STEPS = Table(
    f"{PREFIX}steps",
    TABLES,
    Column("plan_id", Text, primary_key=True),
    Column("number", BigInteger, primary_key=True),
    Column("place", BigInteger, nullable=False),
    Column("step", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("dropped_in", BigInteger),
)
EVENTS = Table(
    f"{PREFIX}events",
    TABLES,
    Column("plan_id", Text, primary_key=True),
    Column("serial", BigInteger, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("detail", Text, nullable=False),
)
SHARES = Table(
    f"{PREFIX}shares",
    TABLES,
    Column("plan_id", Text, primary_key=True),
    Column("user_name", Text, primary_key=True),
    Column("may_edit", Integer, nullable=False),
)
SNAPSHOTS = Table(
    f"{PREFIX}snapshots",
    TABLES,
    Column("plan_id", Text, primary_key=True),
    Column("number", BigInteger, primary_key=True),
    Column("state", Text, nullable=False),
)


def as_text(value: Any) -> str:
    """
    Return a value as JSON; characters beyond ASCII are escaped, since not every database takes every character.

    Raises
    ------
    ValueError, TypeError
        If JSON cannot hold it (a missing number, an object of a program).
    """
    return json.dumps(value, allow_nan=False, separators=(",", ":"))


def now_text() -> str:
    """Return the time of now (UTC, ISO 8601, to the microsecond)."""
    return datetime.datetime.now(tz=datetime.UTC).isoformat(timespec="microseconds")
