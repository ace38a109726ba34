"""The worker process: takes one job after another from the process that started it, and ends with it."""

from __future__ import annotations

import contextlib
import importlib
import inspect
import json
import multiprocessing
import os
import pathlib
import pickle
import queue
import signal
import threading
import time
import traceback
from collections.abc import Callable
from typing import Any, TextIO

from gunmane.jobs.memory import few_heaps, held_mb, let_go
from gunmane.jobs.parcels import Reader, write_answer

TELL_EVERY_S = 0.05
# The pages answer first; a core of their own is what they mostly have.
NICENESS = 2
RESULT, FAULT, BEST = "result.pickle", "fault.pickle", "best.pickle"


class Report:
    """
    What a job calls to say how far it is.

    Parameters
    ----------
    tell
        Sends a message to the process that waits.
    is_wanted
        Answers False once the job was cancelled.
    keep
        Writes the best so far.
    """

    def __init__(
        self, tell: Callable[..., None], is_wanted: Callable[[], bool], keep: Callable[[object], None]
    ) -> None:
        self._tell, self._is_wanted, self._keep = tell, is_wanted, keep
        self._last_key, self._last_time = "", 0.0

    def __call__(self, fraction: float, key: str) -> bool:
        """Say how far the work is (0-1) and at what (a catalogue key); False asks it to stop with the best it has."""
        now = time.monotonic()
        if key != self._last_key or now - self._last_time >= TELL_EVERY_S:
            self._last_key, self._last_time = key, now
            self._tell(fraction=min(max(float(fraction), 0.0), 1.0), key=key)
        return self._is_wanted()

    def keep(self, value: object) -> None:
        """Hand over the best so far: it is shown meanwhile, and stays when the worker is killed."""
        self._keep(value)
        self._tell(has_best=True)


class Child:
    """
    The process at work.

    Parameters
    ----------
    orders
        One order a line; its end means that nobody waits any more.
    answers
        Where messages go, one a line.
    """

    def __init__(self, orders: TextIO, answers: TextIO) -> None:
        self._orders, self._answers = orders, answers
        self._answering = threading.Lock()
        self._cancelled: set[str] = set()
        self._todo: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()

    def run(self) -> None:
        """Do jobs until the orders end."""
        threading.Thread(target=self._listen, name="gunmane-orders", daemon=True).start()
        self.tell(is_ready=True)
        while True:
            self._do(self._todo.get())

    def tell(self, **message: object) -> None:
        """Send one message; without anybody to read it this process ends."""
        try:
            with self._answering:
                self._answers.write(json.dumps(message) + "\n")
                self._answers.flush()
        except OSError:
            os._exit(0)

    def _listen(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            for line in self._orders:
                order = json.loads(line)
                if "cancel" in order:
                    self._cancelled.add(order["cancel"])
                else:
                    self._todo.put(order)
        # The parent is gone or wants no more of this process: whatever runs here is for nobody.
        os._exit(0)

    def _do(self, order: dict[str, Any]) -> None:
        job, folder = str(order["job"]), pathlib.Path(order["folder"])
        try:
            self._answer(order, job, folder)
            outcome = "done"
        except BaseException as error:  # noqa: BLE001 - the one who waits gets whatever was raised
            # A full disk takes no fault either; the one who waits then sees that there is none.
            with contextlib.suppress(OSError):
                write_answer(folder / FAULT, _portable(error), {})
            outcome = "failed"
        let_go()
        self._cancelled.discard(job)
        self.tell(job=job, outcome=outcome, held_mb=held_mb())

    def _answer(self, order: dict[str, Any], job: str, folder: pathlib.Path) -> None:
        reader = Reader(pathlib.Path(order["store"]))
        inputs: dict[str, Any] = reader.read(order["inputs"])
        names = reader.names()
        report = Report(
            lambda **message: self.tell(job=job, **message),
            lambda: job not in self._cancelled,
            lambda value: write_answer(folder / BEST, value, names),
        )
        function = find_function(order["function"])
        if "progress" in inspect.signature(function).parameters:
            inputs = {**inputs, "progress": report}
        write_answer(folder / RESULT, function(**inputs), names)


def find_function(path: str) -> Callable[..., Any]:
    """
    Return a function by "module:name".

    Raises
    ------
    ValueError
        If there is no such function.
    """
    module, _, name = path.partition(":")
    found = getattr(importlib.import_module(module), name, None) if name else None
    if not callable(found):
        msg = f"a job needs 'module:function', not {path!r}"
        raise ValueError(msg)  # noqa: TRY004 - the path is wrong, not its type
    return found  # type: ignore[no-any-return]


def _portable(error: BaseException) -> BaseException:
    """Return an error that can be sent, with the place where it was raised."""
    where = "".join(traceback.format_exception(error))
    try:
        if type(pickle.loads(pickle.dumps(error))) is not type(error):  # noqa: S301 - made here
            raise TypeError
    except Exception:  # noqa: BLE001 - whatever a stranger's error raises when it is taken apart
        return RuntimeError(where)
    error.add_note(where)
    return error


def _own_pipes() -> tuple[TextIO, TextIO]:
    """Keep the pipes to the parent for messages alone; what a library prints goes to the log."""
    orders = os.fdopen(os.dup(0), "r", encoding="utf-8")
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return orders, answers


def main(modules: list[str]) -> None:
    """
    Be a worker process.

    Parameters
    ----------
    modules
        Modules to import before the first job, so that it need not wait for them.
    """
    orders, answers = _own_pipes()
    # The process that started this one ends it; a key press in the terminal reaches it as well.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Cores are shared out by the pool: a job does not start processes of its own.
    multiprocessing.current_process().daemon = True
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    few_heaps()
    for name in modules:
        importlib.import_module(name)
    let_go()
    Child(orders, answers).run()
