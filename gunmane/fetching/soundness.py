"""Whether a file is what its name says, and where one that is not goes."""

from __future__ import annotations

import pathlib
import zipfile
import zlib

from gunmane.errors import FileError
from gunmane.ledgers.files import MAGIC, MEGABYTE

ZIPS = (".zip", ".xlsx")
# The heads of .xls (an OLE file); the others stand with the readers.
HEADS = {**MAGIC, ".xls": b"\xd0\xcf\x11\xe0"}
# Bound of the machine for the check of every byte inside a zip; a larger one is checked by its directory.
MAX_UNPACKED_BYTES = 8192 * MEGABYTE


def sound_or_aside(part: pathlib.Path, name: str) -> None:
    """
    Let a file pass that is what its name says; set another aside as `<name>.wrong`.

    Raises
    ------
    FileError
        If it is not: mostly a page for people where a file was expected.
    """
    if not is_sound(part, name):
        kept = set_aside(part, part.with_name(f"{name}.wrong"))
        raise FileError("fetch_not_what_it_says", file=name, kept=kept.name)


def is_sound(path: pathlib.Path, name: str) -> bool:
    """Return whether a file begins as its name says and, being a zip, unpacks without a fault."""
    suffix = pathlib.PurePath(name.lower()).suffix
    try:
        with path.open("rb") as file:
            head = file.read(16)
        if not head or not head.startswith(HEADS.get(suffix, b"")):
            return False
        if suffix not in ZIPS:
            return True
        with zipfile.ZipFile(path) as archive:
            size = sum(member.file_size for member in archive.infolist())
            return size > MAX_UNPACKED_BYTES or archive.testzip() is None
    except (OSError, ValueError, EOFError, RuntimeError, NotImplementedError, zipfile.BadZipFile, zlib.error):
        return False


def set_aside(path: pathlib.Path, wanted: pathlib.Path) -> pathlib.Path:
    """Move a file to a name that nothing has yet, and return it."""
    target, number = wanted, 2
    while target.exists():
        target = wanted.with_name(f"{wanted.name}{number}")
        number += 1
    return path.replace(target)
