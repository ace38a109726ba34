"""One run at a time in a folder: a lock that ends with its process, however that ends."""

from __future__ import annotations

import contextlib
import os
import pathlib
import sys
from collections.abc import Iterator

from gunmane.errors import FileError

LOCK = ".gunmane-fetch.lock"
UNKNOWN_PID = "?"
TRIES = 20
# The byte that is locked on Windows, where locked bytes cannot be read by others: behind the text.
FAR_BYTE = 1024


@contextlib.contextmanager
def only_run(folder: pathlib.Path) -> Iterator[None]:
    """
    Hold the folder for this run; a lock that a run left behind when it died holds nobody up.

    The system frees the lock when its process ends, so that the number in the file only tells who holds it. On a disk
    that knows no locks the run goes on without one.

    Parameters
    ----------
    folder
        Folder of fetched files; it exists.

    Raises
    ------
    FileError
        If another run holds it; `pid` is its process.
    """
    path = folder / LOCK
    handle = _acquired(path)
    try:
        yield
    finally:
        if handle is not None:
            with contextlib.suppress(OSError):
                # Gone before it is free: whoever opens it afterwards sees that it is no longer the folder's lock.
                path.unlink(missing_ok=True)
            os.close(handle)
            with contextlib.suppress(OSError):
                if sys.platform == "win32":
                    path.unlink(missing_ok=True)


def _acquired(path: pathlib.Path) -> int | None:
    """Return the open and locked file, None where the disk knows no locks."""
    for _ in range(TRIES):
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise FileError("output_not_written", folder=str(path.parent), reason=reason) from error
        try:
            _lock(handle)
        except (BlockingIOError, PermissionError) as error:
            pid = _holder(handle)
            os.close(handle)
            raise FileError("fetch_locked", folder=str(path.parent), pid=pid) from error
        except OSError:
            os.close(handle)
            return None
        if _is_same(handle, path):
            os.ftruncate(handle, 0)
            os.write(handle, f"{os.getpid()}\n".encode())
            return handle
        # The run before took its lock away between our opening and our locking.
        os.close(handle)
    return None


def _lock(handle: int) -> None:
    if sys.platform == "win32":
        import msvcrt

        os.lseek(handle, FAR_BYTE, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        os.lseek(handle, 0, os.SEEK_SET)
    else:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _holder(handle: int) -> str:
    with contextlib.suppress(OSError, ValueError):
        os.lseek(handle, 0, os.SEEK_SET)
        return str(int(os.read(handle, 32)))
    return UNKNOWN_PID


def _is_same(handle: int, path: pathlib.Path) -> bool:
    try:
        there = path.stat()
    except OSError:
        return False
    held = os.fstat(handle)
    return (held.st_dev, held.st_ino) == (there.st_dev, there.st_ino)
