"""What a server and the processes that it started hold together, each shared page counted once."""

from __future__ import annotations

import os
import pathlib
import re

_PROC = pathlib.Path("/proc")


def held_mb(pid: int) -> float | None:
    """
    Return the memory of a process and all that it started (MB), None where the system does not tell.

    It is the proportional set size: a page that three processes share counts a third in each.

    Parameters
    ----------
    pid
        Number of the process.
    """
    found = [_held_kb(each) for each in processes_of(pid)]
    return sum(found) / 1024 if found and all(found) else None


def cpu_s(pid: int) -> float:
    """Return the CPU seconds taken so far by a process and all that it started, as far as they still live."""
    ticks = 0
    for each in processes_of(pid):
        # The name in the second field may hold blanks; user and system time are the 12th and 13th behind it.
        fields = _text(each, "stat").rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12]) if len(fields) > 12 else 0
    return ticks / os.sysconf("SC_CLK_TCK")


def processes_of(pid: int) -> list[int]:
    """Return a process and all that it started, and they in turn; empty where it is gone."""
    if not (_PROC / str(pid)).is_dir():
        return []
    children = {int(name) for task in _tasks(pid) for name in _text(pid, f"task/{task}/children").split()}
    return [pid, *(each for child in sorted(children) for each in processes_of(child))]


def _held_kb(pid: int) -> int:
    told = re.search(r"^Pss:\s+(\d+)", _text(pid, "smaps_rollup"), re.MULTILINE)
    return int(told.group(1)) if told else 0


def _tasks(pid: int) -> list[str]:
    folder = _PROC / str(pid) / "task"
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def _text(pid: int, name: str) -> str:
    try:
        return (_PROC / str(pid) / name).read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
