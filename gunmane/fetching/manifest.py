"""What lies in a folder of fetched files: `manifest.json`, and each file's licence beside it."""

from __future__ import annotations

import dataclasses
import datetime
import json
import pathlib
from typing import Any

from gunmane.cache import atomic_path
from gunmane.errors import FileError
from gunmane.fetching.addresses import Download
from gunmane.fetching.soundness import set_aside
from gunmane.i18n import t
from gunmane.ledgers.manifests import DIGEST, LICENCE_SUFFIX, MANIFEST, NOTHING, read_manifest

__all__ = ["MANIFEST", "Arrival", "licence_text", "now", "read_manifest", "record"]

FORMAT = "gunmane-fetch/1"
LANGS = ("ja", "en")
TOLD = ("licence", "owner", "credit", "version", "page", "url", "fetched_at", "carried_at")
DATES = ("fetched_at", "carried_at")


@dataclasses.dataclass(frozen=True)
class Arrival:
    """
    How a file came into the folder.

    Parameters
    ----------
    name, sha256, byte_count
        The file as it lies there.
    url
        Where it was fetched from, also where that was done on another machine; "" where nobody knows.
    fetched_at, carried_at
        When it came over the network, and when it was taken in from a folder (ISO 8601, UTC); "" where it was not.
    reads_as
        Kind that our reader knew it as; "" where it was not read.
    made_of
        SHA-256 of the files it was joined from; "" for one that came as it is.
    """

    name: str
    sha256: str
    byte_count: int
    url: str = ""
    fetched_at: str = ""
    carried_at: str = ""
    reads_as: str = ""
    made_of: str = ""


def now() -> str:
    """Return the present moment as manifests have it."""
    return datetime.datetime.now(tz=datetime.UTC).replace(microsecond=0).isoformat()


def record(folder: pathlib.Path, one: Download, came: Arrival) -> None:
    """
    Enter a file into the manifest and write its licence beside it.

    Parameters
    ----------
    folder
        Where the files lie.
    one
        What the file is.
    came
        How it came there.

    Raises
    ------
    FileError
        If the folder cannot be written to.
    """
    path = folder / MANIFEST
    if path.is_file() and not read_manifest(folder):
        set_aside(path, folder / f"{MANIFEST}.unreadable")
    optional = {key: getattr(came, key) for key in (*DATES, "reads_as", "made_of")}
    entry = {
        "id": one.id,
        "kind": one.kind,
        "title": one.title_ja,
        "url": came.url,
        "sha256": came.sha256,
        "bytes": came.byte_count,
        "version": one.version,
        "owner": one.owner,
        "licence": one.licence,
        "credit": one.credit,
        "page": one.page,
        **{key: value for key, value in optional.items() if value},
    }
    files = dict(sorted({**read_manifest(folder), came.name: entry}.items()))
    text = json.dumps({"format": FORMAT, "files": files}, ensure_ascii=False, indent=1) + "\n"
    try:
        with atomic_path(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
        with atomic_path(folder / f"{came.name}{LICENCE_SUFFIX}") as temporary:
            temporary.write_text(licence_text(one, came.name, entry), encoding="utf-8")
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise FileError("output_not_written", folder=str(folder), reason=reason) from error


def licence_text(one: Download, name: str, entry: dict[str, Any]) -> str:
    """Return the text beside a file: what it is, its terms, the line to show, where it came from; both languages."""
    lines = []
    for lang in LANGS:
        lines.append(f"{t('fetch.licence.title', lang)}: {one.title_ja} ({name})")
        # A file that was carried in has no date of fetching unless the other machine's manifest came along.
        told = [key for key in TOLD if key not in DATES or entry.get(key)]
        lines += [f"{t(f'fetch.licence.{key}', lang)}: {entry.get(key) or NOTHING}" for key in told]
        lines += [f"{DIGEST}: {entry['sha256']}", ""]
    return "\n".join(lines)
