"""How a step is measured: each method in a child process of its own, with a time bound."""

from __future__ import annotations

import dataclasses
import gc
import multiprocessing
import os
import queue
import time
from collections.abc import Callable
from typing import Any

REPEAT_BELOW_S = 3.0
REPEATS = 3


@dataclasses.dataclass(frozen=True)
class Timed:
    """
    One method of one step.

    Parameters
    ----------
    wall_s, cpu_s
        Seconds of the fastest run; `wall_s` is the bound itself where `state` is "stopped".
    state
        "done", "stopped" (at the time bound) or "failed".
    result
        What the method returned (small: counts, labels), or the error's text.
    factor
        Where only a part was run: whole / part; the seconds are already multiplied.
    """

    wall_s: float
    cpu_s: float
    state: str
    result: Any = None
    factor: float = 1.0


def timed(function: Callable[[], Any], *, bound_s: float, factor: float = 1.0) -> Timed:
    """
    Run a method in a forked child and return its seconds.

    The child has all data of the parent without copying; a method that takes less than three seconds runs three
    times and the fastest counts. A method that is not done at the bound is ended.

    Parameters
    ----------
    function
        The method, without arguments; what it returns must be small and picklable.
    bound_s
        Seconds after which it is ended.
    factor
        The seconds are multiplied by it: for methods of which only a part was run.
    """
    context = multiprocessing.get_context("fork")
    answers: Any = context.Queue()
    child = context.Process(target=_answer, args=(function, answers), daemon=True)
    child.start()
    try:
        state, wall_s, cpu_s, result = _wait(answers, child, bound_s)
    finally:
        if child.is_alive():
            child.kill()
        child.join()
    if state == "stopped":
        return Timed(bound_s, bound_s, state)
    return Timed(wall_s * factor, cpu_s * factor, state, result, factor)


def _wait(answers: Any, child: Any, bound_s: float) -> tuple[str, float, float, Any]:
    end = time.monotonic() + bound_s
    while time.monotonic() < end:
        try:
            return answers.get(timeout=0.2)
        except queue.Empty:
            if not child.is_alive() and answers.empty():
                return "failed", 0.0, 0.0, f"the process ended with code {child.exitcode}"
    return "stopped", bound_s, bound_s, None


def _answer(function: Callable[[], Any], answers: Any) -> None:
    # The child's own streams are nobody's: libraries like to talk.
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 1)
    os.dup2(silent, 2)
    runs = []
    result: Any = None
    try:
        for _ in range(REPEATS):
            gc.collect()
            wall, cpu = time.perf_counter(), time.process_time()
            result = function()
            runs.append((time.perf_counter() - wall, time.process_time() - cpu))
            if runs[-1][0] >= REPEAT_BELOW_S:
                break
    except Exception as error:  # noqa: BLE001 - a method that fails is a result of the comparison
        answers.put(("failed", 0.0, 0.0, f"{type(error).__name__}: {error}"[:200]))
        return
    wall_s, cpu_s = (min(column) for column in zip(*runs, strict=True))
    answers.put(("done", wall_s, cpu_s, result))
