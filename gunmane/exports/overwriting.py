"""What must not be written over: files given as input, and files that gunmane did not write itself."""

from __future__ import annotations

import pathlib
from collections.abc import Collection, Iterable

from gunmane.errors import FileError
from gunmane.ledgers.profile_files import sidecar

# An earlier output says what it is within its first bytes.
SAID_WITHIN_BYTES = 4096


def inputs_to_keep(paths: Iterable[pathlib.Path | str]) -> list[pathlib.Path]:
    """Return the files among the inputs of a command, and the profiles that lie beside them."""
    files = [path for path in paths if isinstance(path, pathlib.Path) and path.name]
    return [*files, *(sidecar(path) for path in files)]


def is_kept(path: pathlib.Path, keep: Collection[pathlib.Path]) -> bool:
    """Tell whether `path` is one of the files to keep, also under another spelling or through a link."""
    return path.exists() and any(other.exists() and path.samefile(other) for other in keep)


def refuse_inputs(paths: Iterable[pathlib.Path], keep: Collection[pathlib.Path]) -> None:
    """
    Refuse to write over a file that a command was given.

    Raises
    ------
    FileError
        If one of `paths` is one of the files to keep.
    """
    for path in paths:
        if is_kept(path, keep):
            raise FileError("output_is_input", file=path.name, folder=str(path.parent))


def refuse_others(paths: Iterable[pathlib.Path]) -> None:
    """
    Refuse to write over files of which nothing says that gunmane wrote them.

    Raises
    ------
    FileError
        If one of `paths` is there.
    """
    for path in paths:
        if path.is_file():
            raise FileError("output_is_other", file=path.name, folder=str(path.parent))


def says(path: pathlib.Path, words: str) -> bool:
    """Tell whether a file says so near its start: what an earlier output is known by."""
    if not path.is_file():
        return False
    with path.open("rb") as stream:
        return words in stream.read(SAID_WITHIN_BYTES).decode("utf-8", "replace")


def holds(path: pathlib.Path, data: bytes) -> bool:
    """Tell whether a file is there with just these bytes."""
    return path.is_file() and path.stat().st_size == len(data) and path.read_bytes() == data
