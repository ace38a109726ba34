"""Files carried in by hand: found by their names in a folder, checked, copied so that no half file is ever seen."""

from __future__ import annotations

import fnmatch
import os
import pathlib
import re
import shutil
from collections.abc import Iterable

from gunmane.cache import atomic_path
from gunmane.errors import FileError
from gunmane.fetching.addresses import Download
from gunmane.fetching.locking import LOCK
from gunmane.fetching.soundness import is_sound
from gunmane.ledgers.files import file_sha256
from gunmane.ledgers.manifests import LICENCE_SUFFIX, MANIFEST, read_manifest

# A bound of the machine: a folder carried in holds some dozens of files, a whole disk millions.
MAX_FILES = 100_000
# The names of 国土数値情報 tell of which day or year the data is: N03-20250101_29_GML.zip, P13-11_29_GML.zip.
DATED_NAME = re.compile(r"[A-Z]\d{2}[a-z]?-(?:(\d{4})(\d{2})(\d{2})|(\d{2}))(?=[_.-])", re.IGNORECASE)


def list_files(folder: pathlib.Path) -> tuple[pathlib.Path, ...]:
    """
    Return the files of a folder and its subfolders, sorted; links to elsewhere are not followed.

    Raises
    ------
    FileError
        If it is no folder, or holds too many files to be the one that was meant.
    """
    if not folder.is_dir():
        raise FileError("fetch_no_folder", folder=str(folder))
    found: list[pathlib.Path] = []
    for place, _, names in os.walk(folder, followlinks=False):
        found += [pathlib.Path(place) / name for name in names]
        if len(found) > MAX_FILES:
            raise FileError("fetch_folder_too_full", folder=str(folder), limit=f"{MAX_FILES:,}")
    return tuple(sorted(path for path in found if path.is_file() and not path.is_symlink()))


def find_carried(one: Download, files: tuple[pathlib.Path, ...]) -> tuple[pathlib.Path, ...]:
    """
    Return the files that fit a download by their names, the best first.

    Its own name goes before the patterns, an earlier pattern before a later one, and of several the last by name:
    the names of public data sets carry their year. Upper and lower case are the same.
    """
    found: dict[pathlib.Path, None] = {}
    for pattern in (one.file, *one.patterns):
        if not pattern:
            continue
        low = pattern.lower()
        fitting = [f for f in files if fnmatch.fnmatchcase(_tail(f, low.count("/")), low)]
        fitting.sort(key=lambda path: (path.name.lower(), str(path)), reverse=True)
        found |= dict.fromkeys(fitting)
    return tuple(found)


def left_over(files: Iterable[pathlib.Path], used: Iterable[pathlib.Path]) -> tuple[pathlib.Path, ...]:
    """Return the files of a folder that nothing was made of, without what a fetch writes beside its files."""
    taken = set(used)
    return tuple(
        path
        for path in files
        if path not in taken
        and path.name not in (MANIFEST, LOCK)
        and not path.name.endswith(LICENCE_SUFFIX)
        and not path.name.startswith(".")
    )


def version_of_name(name: str) -> str:
    """Return the day or year that a data set's name tells (2025-01-01, 2011), "" where it tells none."""
    found = DATED_NAME.match(name)
    if not found:
        return ""
    year, month, day, short = found.groups()
    return f"20{short}" if short else f"{year}-{month}-{day}"


def _tail(path: pathlib.Path, folders: int) -> str:
    """Return a file's name with as many of its folders as a pattern names, in lower case."""
    return "/".join(path.parts[-folders - 1 :]).lower()


def check_carried(one: Download, source: pathlib.Path) -> str:
    """
    Check a carried file and return its SHA-256.

    It is checked against the table, and against the manifest that lies beside it where it was fetched elsewhere.

    Raises
    ------
    FileError
        If it is not what its name says, or its checksum is another.
    """
    if not is_sound(source, kept_name(one, source)):
        raise FileError("fetch_carried_broken", file=source.name)
    digest = file_sha256(source)
    listed = str(read_manifest(source.parent).get(source.name, {}).get("sha256", ""))
    if any(known and known.lower() != digest for known in (one.sha256, listed)):
        raise FileError("fetch_carried_checksum", file=source.name)
    return digest


def copy_carried(one: Download, source: pathlib.Path, digest: str, out: pathlib.Path) -> pathlib.Path:
    """
    Copy a carried file into the folder of fetched files; return the copy.

    Raises
    ------
    FileError
        If it cannot be copied, or its SHA-256 is no longer `digest`; nothing is copied then.
    """
    target = out / kept_name(one, source)
    if target.is_file() and file_sha256(target) == digest:
        return target
    try:
        with atomic_path(target) as temporary:
            shutil.copyfile(source, temporary)
            if file_sha256(temporary) != digest:
                raise FileError("fetch_carried_checksum", file=source.name)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise FileError("output_not_written", folder=str(out), reason=reason) from error
    return target


def kept_name(one: Download, source: pathlib.Path) -> str:
    """Return the name a carried file keeps: its own, which tells its version, unless only its folder told it."""
    by_folder = [p.lower() for p in one.patterns if "/" in p]
    is_nameless = any(fnmatch.fnmatchcase(_tail(source, p.count("/")), p) for p in by_folder)
    is_same = source.name.lower() == one.file.lower()
    return one.file if one.file and (is_same or is_nameless) else source.name


def fits(one: Download, name: str) -> bool:
    """Return whether a file of this name may be the download: its own name or one of its patterns."""
    low = name.lower()
    return any(fnmatch.fnmatchcase(low, p.lower()) for p in (one.file, *one.patterns) if p and "/" not in p)
