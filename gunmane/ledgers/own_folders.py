"""Temporary folders of our own, and what a process that was killed left of them."""

from __future__ import annotations

import contextlib
import functools
import os
import pathlib
import shutil
import tempfile
import time
from collections.abc import Iterator

PREFIX = "gunmane-"
# No file is read for that long: what is older belongs to nobody any more.
OLD_SECONDS = 24 * 60 * 60


@contextlib.contextmanager
def own_folder() -> Iterator[pathlib.Path]:
    """Yield a temporary folder that goes when the block ends; the first one of a process sweeps away old ones."""
    _sweep_once()
    with tempfile.TemporaryDirectory(prefix=PREFIX) as folder:
        yield pathlib.Path(folder)


def sweep_old_folders(*, now: float | None = None) -> list[pathlib.Path]:
    """
    Remove temporary folders that an earlier process of the same user could not remove: it was killed.

    Parameters
    ----------
    now
        Time in seconds since 1970; None takes the clock's.

    Returns
    -------
    removed
        The folders removed.
    """
    before = (time.time() if now is None else now) - OLD_SECONDS
    removed: list[pathlib.Path] = []
    with contextlib.suppress(OSError):
        for folder in pathlib.Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
            with contextlib.suppress(OSError):
                if _is_own(folder) and folder.stat().st_mtime < before:
                    shutil.rmtree(folder)
                    removed.append(folder)
    return removed


def _is_own(folder: pathlib.Path) -> bool:
    """Tell whether it is a folder that only its maker may enter, as the standard library makes it, and we are it."""
    if folder.is_symlink() or not folder.is_dir():
        return False
    facts = folder.stat()
    return os.name == "nt" or (facts.st_uid == os.getuid() and not facts.st_mode & 0o077)


@functools.cache
def _sweep_once() -> None:
    sweep_old_folders()
