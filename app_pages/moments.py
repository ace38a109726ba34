"""Moments as the clock of the person at the browser shows them, and which clock that is."""

from __future__ import annotations

import datetime
import zoneinfo

import streamlit as st

from app_pages.place import tr

JAPAN = datetime.timedelta(hours=9)


def local(moment: str) -> str:
    """Return a moment of a record (ISO 8601, with its zone) as the browser's clock shows it."""
    return _here(moment).strftime("%Y-%m-%d %H:%M")


def told(moment: str) -> str:
    """Return a moment as `local` does, with the name of the clock behind it."""
    return tr("moments.told", at=local(moment), zone=zone_name(moment))


def now_local() -> str:
    """Return what the browser's clock shows now."""
    return local(datetime.datetime.now(tz=datetime.UTC).isoformat())


def zone_name(moment: str | None = None) -> str:
    """Return what the browser's clock is called, at a moment where it changes over the year; None takes today's."""
    at = _here(moment or datetime.datetime.now(tz=datetime.UTC).isoformat())
    offset = at.utcoffset() or datetime.timedelta()
    if offset == JAPAN and at.tzname() == "JST":
        return tr("moments.japan")
    minutes = round(offset.total_seconds() / 60)
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'+' if minutes >= 0 else '−'}{hours}" + (f":{rest:02}" if rest else "") if minutes else "UTC"


def _here(moment: str) -> datetime.datetime:
    at = datetime.datetime.fromisoformat(moment)
    try:
        return at.astimezone(zoneinfo.ZoneInfo(st.context.timezone or ""))
    except (ValueError, zoneinfo.ZoneInfoNotFoundError):
        # A browser that does not tell, or a zone that this machine does not know: the clock of the machine.
        return at.astimezone()
