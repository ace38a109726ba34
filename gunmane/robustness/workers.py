"""Draws on all cores: worker processes that get the plan once and hand back the bundles of each draw."""

from __future__ import annotations

import contextlib
import dataclasses
import multiprocessing
import os
import pathlib
import pickle
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
    wait,
)
from multiprocessing.connection import wait as wait_for_end
from multiprocessing.synchronize import Event as ProcessEvent

from gunmane.errors import GunmaneError
from gunmane.own_folders import own_folder
from gunmane.robustness.solving import Labels, Stock, solve_draw

LOOK_EVERY_S = 0.2  # how soon a cancelled run ends
# A worker takes about as long to start as it takes to solve this many units.
UNITS_A_WORKER = 4000
Flag = threading.Event | ProcessEvent
# What a worker was given when it started; of this thread alone, as several plans may be studied in one process.
_given = threading.local()


@dataclasses.dataclass(frozen=True, eq=False)
class Run:
    """
    What came back from the draws.

    Parameters
    ----------
    labels
        Number of the draw -> bundle of each unit by strand; in ascending order, whatever ended first.
    failures
        Number of the draw -> why it could not be planned.
    is_cancelled
        Whether the caller ended the run.
    is_lost
        Whether a worker ended without an answer (no memory, killed), and with it the rest of the run.
    is_alone
        Whether the draws were solved here because no worker could start.
    """

    labels: dict[int, dict[str, Labels]]
    failures: dict[int, GunmaneError]
    is_cancelled: bool = False
    is_lost: bool = False
    is_alone: bool = False


def worker_count(draws: int, units: int, asked: int | None = None) -> int:
    """
    Return how many workers solve so many draws: those asked for, else one a core where there is enough to do.

    A worker process that may not have children (a job of the app) solves alone.

    Parameters
    ----------
    draws, units
        What is to be solved.
    asked
        Workers asked for (>= 1); never more than draws.

    Raises
    ------
    ValueError
        If fewer than one is asked for.
    """
    if asked is not None and asked < 1:
        msg = f"workers must be at least 1, not {asked}"
        raise ValueError(msg)
    if multiprocessing.current_process().daemon:
        return 1
    has_affinity = hasattr(os, "sched_getaffinity")
    cores = len(os.sched_getaffinity(0)) if has_affinity else os.cpu_count() or 1
    worth = min(cores, 1 + draws * units // UNITS_A_WORKER)
    return max(1, min(asked or worth, draws))


def run_draws(stock: Stock, draws: int, *, workers: int, tell: Callable[[float], bool]) -> Run:
    """
    Solve the draws 0 … draws - 1.

    Parameters
    ----------
    stock
        The plan.
    draws
        How many.
    workers
        Processes; 1 solves in a thread of this one.
    tell
        Called with the part done (0-1), also while nothing is new; False ends the run with what is done.

    Returns
    -------
    run
        Independent of the number of workers and of who ends first. A cancelled run holds the draws done so far.
    """
    labels: dict[int, dict[str, Labels]] = {}
    failures: dict[int, GunmaneError] = {}
    is_cancelled = is_lost = False
    with _pool(stock, workers) as pool:
        open_draws = {pool.submit(_solve, number): number for number in range(draws)}
        while open_draws and not (is_cancelled or is_lost):
            ended, _ = wait(open_draws, timeout=LOOK_EVERY_S, return_when=FIRST_COMPLETED)
            for future in ended:
                is_lost |= _take(future, open_draws.pop(future), labels, failures)
            is_cancelled = not tell((draws - len(open_draws)) / draws) and bool(open_draws)
    return Run(dict(sorted(labels.items())), dict(sorted(failures.items())), is_cancelled, is_lost)


def _take(
    future: Future[dict[str, Labels] | None],
    number: int,
    labels: dict[int, dict[str, Labels]],
    failures: dict[int, GunmaneError],
) -> bool:
    """Put an ended draw where it belongs; True where its worker was lost."""
    fault = future.exception()
    if isinstance(fault, GunmaneError):
        failures[number] = fault
    elif fault is not None and not isinstance(fault, BrokenExecutor):
        raise fault
    elif fault is None and (found := future.result()) is not None:
        labels[number] = found
    return fault is not None and isinstance(fault, BrokenExecutor)


@contextlib.contextmanager
def _pool(stock: Stock, workers: int) -> Iterator[Executor]:
    """Start the workers; at the end tell them to stop, whatever they are at, and wait for them."""
    with own_folder() as folder:
        path = folder / "stock.pickle"
        path.write_bytes(pickle.dumps(stock, protocol=pickle.HIGHEST_PROTOCOL))
        pool: Executor
        flag: Flag
        if workers == 1:
            flag = threading.Event()
            pool = ThreadPoolExecutor(1, initializer=_begin, initargs=(path, flag))
        else:
            # Spawned, not forked: the app runs threads, and a fork of those may hang.
            context = multiprocessing.get_context("spawn")
            flag = context.Event()
            pool = ProcessPoolExecutor(workers, context, initializer=_begin_process, initargs=(path, flag))
        try:
            yield pool
        finally:
            flag.set()
            pool.shutdown(wait=True, cancel_futures=True)


def _begin(path: pathlib.Path, flag: Flag) -> None:
    # Written by `_pool` a moment ago, in a folder that only this user can open.
    _given.stock, _given.flag = pickle.loads(path.read_bytes()), flag  # noqa: S301


def _begin_process(path: pathlib.Path, flag: Flag) -> None:
    # The process that started the workers ends them; a key press in the terminal reaches it as well.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _begin(path, flag)


def _end_with_parent() -> None:
    """End this worker when the process that started it is gone: a pool whose owner was killed would wait for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait_for_end([parent.sentinel])
        os._exit(1)


def _solve(number: int) -> dict[str, Labels] | None:
    return solve_draw(_given.stock, number, lambda: not _given.flag.is_set())
