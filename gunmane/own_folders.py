"""Temporary folders of our own, and what a process that was killed left of them."""

from __future__ import annotations

import contextlib
import functools
import os
import pathlib
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator

PREFIX = "gunmane-"
# Held by the folder's maker for as long as it lives: the system lets go of it, however the maker ends.
LOCK = ".lock"
FILES = "files"
# No file is read for that long: what is older belongs to nobody any more, also where a disk knows no locks.
OLD_SECONDS = 24 * 60 * 60
TRIES = 10


@contextlib.contextmanager
def own_folder(parent: pathlib.Path | None = None) -> Iterator[pathlib.Path]:
    """
    Yield an empty folder that only this user may enter and that goes when the block ends.

    The first one that a process makes in a place sweeps away what killed processes left there.

    Parameters
    ----------
    parent
        Where to make it; None takes the system's folder for temporary files.

    Raises
    ------
    OSError
        If it cannot be made.
    """
    if parent is not None:
        parent.mkdir(parents=True, exist_ok=True)
    _sweep_once(parent or pathlib.Path(tempfile.gettempdir()))
    folder, handle = _made(parent)
    try:
        yield folder / FILES
    finally:
        if handle is not None:
            # Windows removes no file that is open.
            os.close(handle)
        shutil.rmtree(folder, ignore_errors=True)


def sweep_old_folders(parent: pathlib.Path | None = None, *, now: float | None = None) -> list[pathlib.Path]:
    """
    Remove temporary folders that an earlier process of the same user could not remove: it was killed.

    A folder with a lock goes as soon as nobody holds the lock, one without when it is a day old.

    Parameters
    ----------
    parent
        Where to look; None takes the system's folder for temporary files.
    now
        Time in seconds since 1970; None takes the clock's.

    Returns
    -------
    removed
        The folders removed.
    """
    place = parent or pathlib.Path(tempfile.gettempdir())
    before = (time.time() if now is None else now) - OLD_SECONDS
    removed: list[pathlib.Path] = []
    with contextlib.suppress(OSError):
        for folder in place.glob(f"{PREFIX}*"):
            with contextlib.suppress(OSError):
                if _is_own(folder) and _is_removed(folder, before):
                    removed.append(folder)
    return removed


def _made(parent: pathlib.Path | None) -> tuple[pathlib.Path, int | None]:
    """Return a new folder and its lock; None where the disk knows no locks."""
    for _ in range(TRIES):
        folder = pathlib.Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
        handle = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _lock(handle)
            (folder / FILES).mkdir()
        except (BlockingIOError, PermissionError, FileNotFoundError):
            # Another process that swept just now took it for one that was left.
            os.close(handle)
            continue
        except OSError:
            os.close(handle)
            (folder / LOCK).unlink()
            (folder / FILES).mkdir(exist_ok=True)
            return folder, None
        return folder, handle
    msg = f"no temporary folder can be kept in {parent or tempfile.gettempdir()}"
    raise OSError(msg)


def _is_removed(folder: pathlib.Path, before: float) -> bool:
    """Remove a folder whose maker is gone; without a lock its age in seconds since 1970 tells."""
    if not (folder / LOCK).is_file():
        is_left = folder.stat().st_mtime < before
        if is_left:
            shutil.rmtree(folder)
        return is_left
    handle = os.open(folder / LOCK, os.O_RDWR)
    try:
        _lock(handle)
        # Held while it goes, so that a maker that comes just now sees it; Windows removes no file that is open.
        if sys.platform != "win32":
            shutil.rmtree(folder)
    finally:
        os.close(handle)
    if sys.platform == "win32":
        shutil.rmtree(folder)
    return True


def _lock(handle: int) -> None:
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _is_own(folder: pathlib.Path) -> bool:
    """Tell whether it is a folder that only its maker may enter, as the standard library makes it, and we are it."""
    if folder.is_symlink() or not folder.is_dir():
        return False
    facts = folder.stat()
    return os.name == "nt" or (facts.st_uid == os.getuid() and not facts.st_mode & 0o077)


@functools.cache
def _sweep_once(place: pathlib.Path) -> None:
    sweep_old_folders(place)
