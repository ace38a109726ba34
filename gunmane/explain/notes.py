"""The sentence of a note, its keys of sectors and packages said as words."""

from __future__ import annotations

from gunmane.i18n import catalogue, t
from gunmane.scenario import Note

GROUPS = {
    "sector": "sector",
    "sectors": "sector",
    "layer": "layer",
    "grade_scale": "data.scale",
    "rule": "rule",
}
SEPARATOR = ", "


def note_sentence(note: Note, lang: str) -> str:
    """
    Return what a note tells the reader of a plan.

    Parameters
    ----------
    note
        Key under `note.` and values; sectors, packages and rules among them are keys of tables.
    lang
        "ja" or "en".

    Raises
    ------
    KeyError
        If the catalogue has no such note, or its sentence names a value that the note has not.
    """
    return t(f"note.{note.key}", lang, **worded(dict(note.values), lang))


def worded(values: dict[str, object], lang: str) -> dict[str, object]:
    """Return the values of a note or an error with sectors and packages in words, other values as they are."""
    words = catalogue(lang)
    joint = t("word.list_sep", lang)
    said: dict[str, object] = {}
    for name, value in values.items():
        group = GROUPS.get(name)
        if group is None:
            said[name] = value
            continue
        keys = str(value).split(SEPARATOR)
        said[name] = joint.join(words.get(f"{group}.{key}", key) for key in keys)
    return said
