"""What lies beside a file that was fetched or carried in: who answers for it, under which terms, as of when."""

from __future__ import annotations

import contextlib
import json
import pathlib
from typing import Any

from gunmane.i18n import LANGUAGES, t
from gunmane.ledgers.files import file_sha256
from gunmane.ledgers.profiles import Answers

MANIFEST = "manifest.json"
LICENCE_SUFFIX = ".licence.txt"
MAX_BYTES = 8 * 1024**2
# Our answer -> its key in the manifest, which is also the key of its label in the text beside the file.
KEYS = {"owner": "owner", "licence": "licence", "credit": "credit", "date": "version"}
DIGEST = "SHA-256"
NOTHING = "-"


def read_manifest(folder: pathlib.Path) -> dict[str, dict[str, Any]]:
    """Return what the manifest says of each file by its name; nothing where there is none or it is unreadable."""
    path = folder / MANIFEST
    try:
        if path.stat().st_size > MAX_BYTES:
            return {}
        files = json.loads(path.read_text(encoding="utf-8"))["files"]
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return {}
    if not isinstance(files, dict):
        return {}
    return {str(name): entry for name, entry in files.items() if isinstance(entry, dict)}


def answers_beside(path: pathlib.Path) -> Answers | None:
    """
    Return who answers for a file as the manifest of its folder, or else the text of its licence beside it, says.

    Parameters
    ----------
    path
        The file, as `gunmane fetch` left it.

    Returns
    -------
    answers
        None where nothing lies beside it, or where what lies there is about a file with other bytes.
    """
    path = pathlib.Path(path)
    entry = read_manifest(path.parent).get(path.name) or _licence_entry(path)
    if not entry:
        return None
    told = {name: str(entry.get(key) or "") for name, key in KEYS.items()}
    with contextlib.suppress(OSError):
        if any(told.values()) and str(entry.get("sha256", "")).lower() == file_sha256(path):
            return Answers(**told)
    return None


def _licence_entry(path: pathlib.Path) -> dict[str, str]:
    """Return the lines of a licence text by their key, whichever language they are in."""
    beside = path.with_name(f"{path.name}{LICENCE_SUFFIX}")
    try:
        if beside.stat().st_size > MAX_BYTES:
            return {}
        lines = beside.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, ValueError):
        return {}
    labels = {t(f"fetch.licence.{key}", lang): key for key in KEYS.values() for lang in LANGUAGES}
    labels[DIGEST] = "sha256"
    found: dict[str, str] = {}
    for line in lines:
        label, mark, text = line.partition(": ")
        if mark and label in labels and text.strip() != NOTHING:
            found.setdefault(labels[label], text.strip())
    return found
