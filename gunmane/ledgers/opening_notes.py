"""What a reader of a delivery must know of how its file was opened: what was left out, what could not be read."""

from __future__ import annotations

from gunmane.ledgers.raw import Raw
from gunmane.scenario import Note

SHOWN = 6
# What `Raw.told` counts -> the note that says it.
COUNTS = {
    "formulas_without_value": "ledger_formulas",
    "error_cells": "ledger_error_cells",
    "short_rows": "ledger_short_rows",
}
# What `Raw.told` counts by columns -> the note that says it.
MERGED = {"merged_filled": "ledger_merged_filled", "merged_kept": "ledger_merged_kept"}


def opening_notes(raw: Raw) -> tuple[Note, ...]:
    """
    Return notes on sheets, layers and files of a zip that were not read, and on cells that gave nothing.

    Parameters
    ----------
    raw
        File as `open_raw` gave it.
    """
    told = raw.told
    notes: list[Note] = []
    hidden = [str(name) for name in told.get("hidden_sheets", ())]
    if told.get("sheet") in hidden:
        notes.append(Note.of("ledger_hidden_read", file=raw.file, read=told["sheet"]))
    if unread := [name for name in hidden if name != told.get("sheet")]:
        notes.append(Note.of("ledger_hidden_left", file=raw.file, left=_list(unread)))
    for all_key, key, note in (
        ("sheets", "sheet", "ledger_sheets_left"),
        ("layers", "layer", "ledger_layers_left"),
    ):
        left = [str(name) for name in told.get(all_key, ()) if name not in {told.get(key), *hidden}]
        if left:
            notes.append(Note.of(note, file=raw.file, read=told[key], left=_list(left)))
    if told.get("left_out"):
        members = _list(told["left_out"])
        notes.append(Note.of("ledger_members_left", file=raw.file, read=told["member"], left=members))
    for key, note in COUNTS.items():
        if told.get(key):
            notes.append(Note.of(note, file=raw.file, count=told[key]))
    for key, note in MERGED.items():
        if told.get(key):
            columns = _list(list(told[key]))
            notes.append(Note.of(note, file=raw.file, count=sum(told[key].values()), columns=columns))
    return tuple(notes)


def _list(names: list[str]) -> str:
    return ", ".join(names[:SHOWN]) + (" …" if len(names) > SHOWN else "")
