"""How much memory a process holds, and how it gives back to the system what it needs no more."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import pathlib
import sys

# mallopt(3): the greatest number of heaps that threads share out among themselves.
_M_ARENA_MAX = -8
_MOST_HEAPS = 2


def few_heaps() -> None:
    """
    Let all threads of this process share two heaps; where the C library has no such setting nothing happens.

    Every run of a page is a thread. Left alone, each core lends them eight heaps, and what is free in one is of no use
    to the others: a server with five people at work then holds a fifth more than it needs.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).mallopt(_M_ARENA_MAX, _MOST_HEAPS)


def let_go() -> None:
    """Give memory that is free back to the system: after large work, for what waits needs little of it."""
    gc.collect()
    arrow = sys.modules.get("pyarrow")
    if arrow is not None:
        arrow.default_memory_pool().release_unused()
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).malloc_trim(0)


def held_mb() -> float | None:
    """Return the memory that this process holds (MB), None where the system does not tell."""
    try:
        pages = int(pathlib.Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return None
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
