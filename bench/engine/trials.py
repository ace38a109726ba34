"""A trial: one method on one instance in a child that is ended at ten times the CPU time it was given."""

from __future__ import annotations

import dataclasses
import math
import multiprocessing
import os
import pathlib
import queue
import resource
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from bench.engine.parts import Array, Part, whole_labels

TIMES_TOO_LONG = 10
WALL_SLACK = 20  # a child on a busy machine is given so many times its CPU limit before it is ended
WALL_MORE_S = 120.0

Starts = Callable[[Part, int], Iterator[Array | None]]


@dataclasses.dataclass(frozen=True, eq=False)
class Trial:
    """
    What a method did on an instance.

    Parameters
    ----------
    state
        "done", "not finished" (ended at ten times its CPU time) or "failed".
    labels
        Bundle of each unit in the order of the instance, or None.
    cpu_s
        CPU seconds of all its threads.
    added_mb
        Largest resident memory above what the child began with (MB).
    tries
        Labels looked at.
    note
        What went wrong.
    """

    state: str
    labels: Array | None
    cpu_s: float
    added_mb: float
    tries: int = 1
    note: str = ""


def best_labels(parts: list[Part], starts: Starts, *, cpu_s: float, seed: int) -> tuple[Array, int]:
    """
    Return the best labels that a method finds in some CPU seconds, and how many it looked at.

    Each part gets its share of the time by its units, the largest last; what the others leave is its own. Labels
    are ordered by loose pieces and wrong numbers, then by what lies outside the window, then by hours from the best
    bases: so a method is credited with the best it finds inside the window, else with the least violation.
    """
    begin = time.process_time()
    order = sorted(range(len(parts)), key=lambda at: parts[at].size)
    busy = sum(part.size for part in parts if part.count > 1)
    found = [np.zeros(part.size, dtype=np.int64) for part in parts]
    done, tries = 0, 0
    for at in order:
        part = parts[at]
        if part.count == 1:
            continue
        done += part.size
        best: Any = None
        for labels in starts(part, seed):
            if labels is not None:
                tries += 1
                rank = part.rank(labels)
                if best is None or rank < best:
                    best, found[at] = rank, labels.copy()
            if best is not None and time.process_time() - begin >= cpu_s * done / busy:
                break
        if best is None:
            msg = "no labels were found"
            raise RuntimeError(msg)
    return whole_labels(parts, found), tries


def run_trial(method: Callable[[], tuple[Array, int]], *, cpu_s: float) -> Trial:
    """
    Run a method in a forked child and measure it.

    Parameters
    ----------
    method
        Returns labels and the number of tries.
    cpu_s
        CPU seconds that the method was given; at ten times these the system ends the child. Infinite: never.
    """
    context = multiprocessing.get_context("fork")
    answers: Any = context.Queue()
    limit = None if math.isinf(cpu_s) else math.ceil(TIMES_TOO_LONG * cpu_s)
    child = context.Process(target=_answer, args=(method, answers, limit), daemon=True)
    begin = time.monotonic()
    child.start()
    end = math.inf if limit is None else begin + WALL_SLACK * limit + WALL_MORE_S
    try:
        while time.monotonic() < end:
            try:
                return Trial(*answers.get(timeout=0.2))
            except queue.Empty:
                if not child.is_alive() and answers.empty():
                    break
    finally:
        if child.is_alive():
            child.kill()
        child.join()
    spent = float(limit or 0.0)
    if limit is not None and (child.exitcode or 0) < 0:
        return Trial("not finished", None, spent, math.nan, 0, f"ended after {spent:.0f} CPU s")
    return Trial("failed", None, spent, math.nan, 0, f"the process ended with code {child.exitcode}")


def _answer(method: Callable[[], tuple[Array, int]], answers: Any, limit: int | None) -> None:
    # The child's own streams are nobody's: libraries like to talk.
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 1)
    os.dup2(silent, 2)
    if limit is not None:
        resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 1))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    before = resident_mb()
    begin = time.process_time()
    try:
        labels, tries = method()
    except Exception as error:  # noqa: BLE001 - a method that fails is a result of the comparison
        spent = time.process_time() - begin
        answers.put(("failed", None, spent, peak_mb() - before, 0, f"{type(error).__name__}: {error}"[:200]))
        return
    spent = time.process_time() - begin
    answers.put(("done", np.asarray(labels), spent, max(0.0, peak_mb() - before), tries, ""))


def resident_mb() -> float:
    """Return the memory that is resident now (MB); where the system does not tell, the largest so far."""
    return _status_mb("VmRSS") or peak_mb()


def peak_mb() -> float:
    """Return the largest resident memory of this program so far (MB)."""
    found = _status_mb("VmHWM")
    if found:
        return found
    # What the process was before it started this program may be in this number, so it is the second choice.
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return (kilobytes / 1024 if sys.platform == "darwin" else kilobytes) / 1024


def _status_mb(name: str) -> float:
    try:
        lines = pathlib.Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0.0
    found = [line.split()[1] for line in lines if line.startswith(f"{name}:")]
    return float(found[0]) / 1024 if found else 0.0
