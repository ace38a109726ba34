"""A job as the one who waits for it sees it: where it stands, what came of it."""

from __future__ import annotations

import itertools
import pathlib
import shutil
import threading
import time
import weakref
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal

from gunmane.errors import JobError
from gunmane.jobs.child import BEST, FAULT, RESULT
from gunmane.jobs.parcels import read_answer

if TYPE_CHECKING:
    from gunmane.jobs.pool import Pool

State = Literal["waiting", "running", "done", "failed", "cancelled"]
# Catalogue keys of what a job does before it tells anything itself.
WAITING, STARTING, READING = "jobs.place", "jobs.starting", "jobs.reading"
_SERIALS = itertools.count(1)


class JobHandle:
    """
    One job of a pool; the pool alone makes it and moves it on.

    Parameters
    ----------
    pool
        Its pool.
    session
        Whose it is.
    function
        What it calls.
    folder
        Where its results are written; it goes when nobody holds this handle any more.
    things
        File -> the object that was sent in it.
    """

    def __init__(
        self,
        pool: Pool,
        session: str,
        function: str,
        folder: pathlib.Path,
        things: Mapping[str, object],
    ) -> None:
        self.serial = next(_SERIALS)
        self.session, self.function, self.folder = session, function, folder
        self.state: State = "waiting"
        self.fraction = 0.0
        self.key = WAITING
        self.is_cancelled = False
        self.kill_at: float | None = None
        self.started = time.monotonic()
        self._pool, self._things = pool, things
        self._ended = threading.Event()
        self._reading = threading.Lock()
        self._fault: BaseException | None = None
        self._value: Any = None
        self._is_read = self._has_best = False
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)

    @property
    def place_in_line(self) -> int:
        """How many jobs of the line start before it, and one; 0 once it has started."""
        return self._pool.place_of(self)

    @property
    def doing(self) -> str:
        """Catalogue key of what happens to it now: waits for its turn, for a worker to start, is read, is worked on."""
        is_first_wait = self.state == "waiting" and not self._pool.has_ready_worker()
        return STARTING if is_first_wait else self.key

    @property
    def best_so_far(self) -> Any:
        """The best that the work handed over before its end, None where it has not yet."""
        return read_answer(self.folder / BEST, self._things) if self._has_best else None

    def cancel(self) -> None:
        """Ask the work to stop with the best so far; it is killed if it does not within the pool's grace."""
        self._pool.cancel(self)

    def wait(self, seconds: float) -> bool:
        """
        Wait at most so long; return whether the job has ended. Who waits is there: the session lives on.

        Parameters
        ----------
        seconds
            How long (s, >= 0).
        """
        until = time.monotonic() + seconds
        while True:
            self._pool.touch(self.session)
            left = until - time.monotonic()
            if self._ended.wait(max(0.0, min(left, self._pool.limits.session_s / 4))) or left <= 0:
                return self._ended.is_set()

    def result(self) -> Any:
        """
        Return what the work gave, or raise what it raised; only after `wait` said that it has ended.

        A cancelled job gives the best that it had.

        Raises
        ------
        JobError
            If the job was lost, or cancelled before there was anything.
        Exception
            Whatever the work raised.
        """
        with self._reading:
            if not self._is_read:
                self._read()
        if self._fault is not None:
            raise self._fault
        return self._value

    def _read(self) -> None:
        if (self.folder / RESULT).is_file():
            self._value = read_answer(self.folder / RESULT, self._things)
        elif (self.folder / FAULT).is_file():
            self._fault = read_answer(self.folder / FAULT, {})
        elif self.state == "cancelled" and self._has_best:
            self._value = self.best_so_far
        elif self._fault is None:
            self._fault = JobError("job_cancelled" if self.state == "cancelled" else "job_not_written")
        self._is_read = True
        # Held once is enough: the value has what it needs of what was sent.
        self._things = dict(self._things) if self._has_best else {}
        (self.folder / RESULT).unlink(missing_ok=True)

    # -- what the pool does with it, under its lock ---------------------------------------------------------

    def hear(self, message: Mapping[str, Any]) -> None:
        """Take over what the worker told."""
        self.fraction = float(message.get("fraction", self.fraction))
        self.key = str(message.get("key", self.key))
        self._has_best |= bool(message.get("has_best"))

    def end(self, state: State, fault: BaseException | None, then: Callable[[], None]) -> None:
        """Set how it ended."""
        self.state, self._fault = state, fault
        then()
        self._ended.set()
