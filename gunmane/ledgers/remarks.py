"""What a reader of several-part ledgers, models and databases found out, as notes for the reader of a plan."""

from __future__ import annotations

from typing import Any

from gunmane.ledgers.raw import Raw
from gunmane.scenario import Note


def remarks(raw: Raw) -> tuple[Note, ...]:
    """
    Return what must be said of a file that was joined, derived or read in part; nothing for any other file.

    Parameters
    ----------
    raw
        A file as `join_files`, `open_citygml` or `open_postgis` gave it.
    """
    told = raw.told
    notes = _of_joining(raw.file, told["joined"]) if "joined" in told else []
    if raw.format == "citygml":
        if told.get("derived"):
            notes.append(Note.of("plateau_derived", file=raw.file, count=told["derived"]))
        if told.get("manholes"):
            notes.append(Note.of("plateau_manholes", file=raw.file, count=told["manholes"]))
        if told.get("others"):
            found = ", ".join(f"{name} {count:,}" for name, count in told["others"].items())
            notes.append(Note.of("plateau_others", file=raw.file, found=found[:200]))
    if raw.format == "postgis" and told.get("columns_left_out"):
        columns = ", ".join(told["columns_left_out"])[:200]
        notes.append(Note.of("postgis_left_out", file=raw.file, columns=columns))
    return tuple(notes)


def _of_joining(file: str, joined: dict[str, Any]) -> list[Note]:
    if "manholes" in joined:
        return [Note.of("spans_drawn", file=file, other=joined["file"], found=joined["found"])]
    return [
        Note.of("join_differing", file=file, other=joined["file"], columns=column, count=count)
        for column, count in sorted(joined["differing"].items())
    ]
