"""What lies in a folder of fetched files: `manifest.json`, and each file's licence beside it."""

from __future__ import annotations

import datetime
import json
import pathlib
from typing import Any

from gunmane.cache import atomic_path
from gunmane.errors import FileError
from gunmane.fetching.addresses import Download
from gunmane.fetching.soundness import set_aside
from gunmane.i18n import t

MANIFEST = "manifest.json"
FORMAT = "gunmane-fetch/1"
LANGS = ("ja", "en")
MAX_BYTES = 8 * 1024**2


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


def record(
    folder: pathlib.Path,
    one: Download,
    *,
    name: str,
    url: str,
    sha256: str,
    byte_count: int,
    made_of: str = "",
) -> None:
    """
    Enter a file into the manifest and write its licence beside it.

    Parameters
    ----------
    folder
        Where the files lie.
    one
        What the file is.
    name
        Its name in the folder.
    url
        Where it came from; "" where it was carried in.
    sha256, byte_count
        Of the file.
    made_of
        SHA-256 of the files it was joined from; "" for one that came as it is.

    Raises
    ------
    FileError
        If the folder cannot be written to.
    """
    path = folder / MANIFEST
    if path.is_file() and not read_manifest(folder):
        set_aside(path, folder / f"{MANIFEST}.unreadable")
    entry = {
        "id": one.id,
        "kind": one.kind,
        "title": one.title_ja,
        "url": url,
        "sha256": sha256,
        "bytes": byte_count,
        "fetched_at": datetime.datetime.now(tz=datetime.UTC).replace(microsecond=0).isoformat(),
        "version": one.version,
        "licence": one.licence,
        "credit": one.credit,
        "page": one.page,
        **({"made_of": made_of} if made_of else {}),
    }
    files = dict(sorted({**read_manifest(folder), name: entry}.items()))
    text = json.dumps({"format": FORMAT, "files": files}, ensure_ascii=False, indent=1) + "\n"
    try:
        with atomic_path(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
        with atomic_path(folder / f"{name}.licence.txt") as temporary:
            temporary.write_text(licence_text(one, name, entry), encoding="utf-8")
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise FileError("output_not_written", folder=str(folder), reason=reason) from error


def licence_text(one: Download, name: str, entry: dict[str, Any]) -> str:
    """Return the text beside a file: what it is, its terms, the line to show, where it came from; both languages."""
    lines = []
    for lang in LANGS:
        lines += [
            f"{t('fetch.licence.title', lang)}: {one.title_ja} ({name})",
            f"{t('fetch.licence.licence', lang)}: {one.licence}",
            f"{t('fetch.licence.credit', lang)}: {one.credit}",
            f"{t('fetch.licence.version', lang)}: {one.version or '-'}",
            f"{t('fetch.licence.page', lang)}: {one.page}",
            f"{t('fetch.licence.url', lang)}: {entry['url'] or '-'}",
            f"{t('fetch.licence.fetched_at', lang)}: {entry['fetched_at']}",
            f"SHA-256: {entry['sha256']}",
            "",
        ]
    return "\n".join(lines)
