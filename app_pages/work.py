"""Long work beside a page, in a thread or a process: watched and cancelled from there, its results kept for reuse."""

from __future__ import annotations

import collections
import dataclasses
import itertools
import os
import threading
import time
from collections.abc import Callable, Hashable, Mapping
from typing import Any, Generic, Protocol, TypeVar, cast

from gunmane.jobs import JobHandle
from gunmane.jobs.memory import let_go

T = TypeVar("T")
Progress = Callable[[float, str], bool]
Work = Callable[[Progress], T]

_TURNS = threading.BoundedSemaphore(max(2, os.cpu_count() or 2))


_SERIALS = itertools.count(1)


class Job(Generic[T]):
    """
    One piece of work in a thread of its own.

    Parameters
    ----------
    work
        Called with a function that takes a fraction (0-1) and a catalogue key, and answers False once the
        job was cancelled: the work then hands back the best it has.
    """

    def __init__(self, work: Work[T]) -> None:
        # Never given twice, unlike the address of an object: two jobs of one run need bars of their own.
        self.serial = next(_SERIALS)
        self.fraction = 0.0
        self.key = "progress.waiting"
        self.is_cancelled = False
        self.place = 0
        self.best: Any = None
        self.started = time.monotonic()
        self._work = work
        self._value: T | None = None
        self._error: BaseException | None = None
        self._done = threading.Event()
        threading.Thread(target=self._run, name="gunmane-work", daemon=True).start()

    def _run(self) -> None:
        try:
            with _TURNS:
                self._value = self._work(self._tell)
        except BaseException as error:  # the page that waits logs or shows it
            self._error = error
        finally:
            self._done.set()
        # What it took to get there is not needed again; whoever waits does not wait for this.
        let_go()

    def _tell(self, fraction: float, key: str) -> bool:
        self.fraction, self.key = min(max(fraction, 0.0), 1.0), key
        return not self.is_cancelled

    def cancel(self) -> None:
        """Ask the work to stop with the best so far."""
        self.is_cancelled = True

    def wait(self, seconds: float) -> bool:
        """Wait at most so long; return whether the work is done."""
        return self._done.wait(seconds)

    def result(self) -> T:
        """
        Return what the work gave, or raise what it raised; only after `wait` said it is done.

        Raises
        ------
        Exception
            Whatever the work raised.
        """
        if self._error is not None:
            raise self._error
        return self._value  # type: ignore[return-value]


class Awaited(Protocol):
    """What a page can wait for: work in a thread or in a process."""

    serial: int
    started: float

    @property
    def fraction(self) -> float:
        """Part done (0-1)."""

    @property
    def key(self) -> str:
        """Catalogue key of what is done just now."""

    @property
    def place(self) -> int:
        """Place in the line, 0 once it has begun."""

    @property
    def is_cancelled(self) -> bool:
        """Whether it was asked to stop."""

    @property
    def best(self) -> Any:
        """The best that it handed over so far, None where it has not."""

    def cancel(self) -> None:
        """Ask it to stop with the best so far."""

    def wait(self, seconds: float) -> bool:
        """Wait at most so long; return whether it has ended."""

    def result(self) -> Any:
        """Return what came of it, or raise what went wrong."""


@dataclasses.dataclass(frozen=True)
class Call(Generic[T]):
    """
    Work for a process of its own.

    Parameters
    ----------
    function
        "module:function", called with the inputs by name and with `progress`.
    inputs
        What it is given; all of it can be pickled.
    finish
        Makes of its answer, back in the page, what is asked for; None takes the answer.
    is_short
        Whether it goes before longer work that waits.
    """

    function: str
    inputs: Mapping[str, object]
    finish: Callable[[Any], T] | None = None
    is_short: bool = False

    def finished(self, answer: Any) -> T:
        """Return what is asked for."""
        return cast(T, answer) if self.finish is None else self.finish(answer)


class ProcessJob(Generic[T]):
    """
    One piece of work in a process of its own, with the face of a `Job`.

    Parameters
    ----------
    call
        The work.
    handle
        The job of the pool that does it.
    """

    def __init__(self, call: Call[T], handle: JobHandle) -> None:
        self.serial = next(_SERIALS)
        self.started = handle.started
        self._call, self._handle = call, handle

    @property
    def fraction(self) -> float:
        """Part done (0-1)."""
        return self._handle.fraction

    @property
    def key(self) -> str:
        """Catalogue key of what is done just now."""
        return self._handle.doing

    @property
    def place(self) -> int:
        """Place in the line, 0 once it has begun."""
        return self._handle.place_in_line

    @property
    def is_cancelled(self) -> bool:
        """Whether it was asked to stop."""
        return self._handle.is_cancelled

    @property
    def best(self) -> Any:
        """The best that it handed over so far, None where it has not."""
        return self._handle.best_so_far

    def cancel(self) -> None:
        """Ask the work to stop with the best so far."""
        self._handle.cancel()

    def wait(self, seconds: float) -> bool:
        """Wait at most so long; return whether the work is done."""
        return self._handle.wait(seconds)

    def result(self) -> T:
        """
        Return what the work gave, or raise what it raised; only after `wait` said it is done.

        Raises
        ------
        Exception
            Whatever the work raised.
        """
        return self._call.finished(self._handle.result())


class Shelf:
    """
    Results that every session may use, the longest unused dropped first; any thread may call it.

    Only what was made from sample data and public facts belongs here, never anything of one user.

    Parameters
    ----------
    kind
        What it holds, for people who read a log.
    max_entries
        Results held at most (> 0).
    """

    def __init__(self, kind: str, max_entries: int) -> None:
        self.kind = kind
        self._max_entries = max_entries
        self._lock = threading.Lock()
        self._entries: collections.OrderedDict[Hashable, Any] = collections.OrderedDict()
        self._jobs: dict[Hashable, Job[Any]] = {}

    def find(self, key: Hashable) -> Any:
        """Return what stands under a key, None where nothing does."""
        with self._lock:
            if key not in self._entries:
                return None
            self._entries.move_to_end(key)
            return self._entries[key]

    def put(self, key: Hashable, value: Any) -> None:
        """Keep a result, and drop the longest unused ones beyond the bound."""
        with self._lock:
            self._entries[key] = value
            self._entries.move_to_end(key)
            while len(self._entries) > self._max_entries:
                self._entries.popitem(last=False)

    def job(self, key: Hashable, work: Work[Any]) -> Job[Any]:
        """Return the job that makes a result; sessions that ask at the same time wait for the same one."""

        def make(progress: Progress) -> Any:
            try:
                value = work(progress)
                self.put(key, value)
            finally:
                with self._lock:
                    self._jobs.pop(key, None)
            return value

        with self._lock:
            running = self._jobs.get(key)
            if running is None:
                running = self._jobs[key] = Job(make)
            return running
