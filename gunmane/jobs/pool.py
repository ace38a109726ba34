"""The pool: who is next, who has waited too long, whose session is gone, which worker is to be replaced."""

from __future__ import annotations

import atexit
import contextlib
import dataclasses
import pathlib
import tempfile
import threading
import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

from gunmane.cache import cache_folder
from gunmane.errors import JobError
from gunmane.jobs.handles import READING, JobHandle, State
from gunmane.jobs.parcels import Packed, Store
from gunmane.jobs.workers import Worker, core_count
from gunmane.own_folders import own_folder, sweep_old_folders

LOOK_EVERY_S = 0.2
# Workers that ended before they could begin, one after the other, until nobody is kept waiting for the next.
MOST_FALSE_STARTS = 3
FOLDER = "jobs"


@dataclasses.dataclass(frozen=True)
class Limits:
    """
    How long and how much.

    Parameters
    ----------
    most_waiting
        Jobs in the line at most (>= 1); one more is refused.
    grace_s
        Seconds that a cancelled job has to hand back what it has before its worker is killed.
    session_s
        Seconds that a job outlives the last sign of its session.
    idle_s
        Seconds that a worker beyond the first waits for work before it ends.
    held_mb
        Memory (MB) that a worker may hold between jobs; one that holds more is replaced.
    """

    most_waiting: int = 20
    grace_s: float = 5.0
    session_s: float = 60.0
    idle_s: float = 60.0
    held_mb: float = 400.0


def most_workers() -> int:
    """Return how many workers leave a core to the server: one less than the cores, at least one."""
    return max(1, core_count() - 1)


class Pool:
    """
    Worker processes and the line of jobs before them.

    A job gets what its session gave and nothing else, and only its handle has what came of it. Files lie in the user's
    cache folder and go with their jobs; those of a killed server go when the next pool starts.

    Parameters
    ----------
    workers
        Worker processes at most; never more than `most_workers()`, None takes those. The first is started at once.
    modules
        Modules that a worker imports before its first job.
    limits
        How long and how much.
    is_alive
        Asked of a session that was not heard of for some time: True counts as a sign of it.

    Raises
    ------
    ValueError
        If fewer than one worker is asked for.
    """

    def __init__(
        self,
        workers: int | None = None,
        *,
        modules: Sequence[str] = (),
        limits: Limits | None = None,
        is_alive: Callable[[str], bool] | None = None,
    ) -> None:
        if workers is not None and workers < 1:
            msg = f"workers must be at least 1, not {workers}"
            raise ValueError(msg)
        self.most = min(workers or most_workers(), most_workers())
        self.limits = limits or Limits()
        self._modules, self._is_alive = tuple(modules), is_alive
        self._change = threading.Condition(threading.RLock())
        self._waiting: list[JobHandle] = []
        self._packed: dict[JobHandle, Packed] = {}
        self._short: weakref.WeakSet[JobHandle] = weakref.WeakSet()
        self._workers: list[Worker] = []
        self._seen: dict[str, float] = {}
        self._false_starts = 0
        self._is_closed = False
        self._exit = contextlib.ExitStack()
        sweep_old_folders()
        sweep_old_folders(cache_folder() / FOLDER)
        self._folder = self._exit.enter_context(own_folder(cache_folder() / FOLDER))
        (self._folder / "store").mkdir()
        self._store = Store(self._folder / "store")
        atexit.register(self.close)
        threading.Thread(target=self._tend, name="gunmane-pool", daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- what a session asks --------------------------------------------------------------------------------

    def submit(
        self, session: str, function: str, inputs: Mapping[str, object], *, is_short: bool = False
    ) -> JobHandle:
        """
        Put a job into the line.

        Parameters
        ----------
        session
            Whose it is; one job of a session runs at a time.
        function
            "module:function"; called with the inputs by name, and with `progress` where it takes one: that is called
            with a fraction (0-1) and a catalogue key and answers False once the job was cancelled; its method
            `keep(value)` hands over the best so far.
        inputs
            Name -> value. Large tables and what stands for itself (a ground, a plan) are sent once, whoever asks.
        is_short
            True lets it go before all that wait and are not short.

        Returns
        -------
        job
            The job.

        Raises
        ------
        JobError
            If the line is full, or the pool was closed.
        OSError
            If the inputs cannot be written.
        """
        self._refuse_if_full()
        packed, things = self._store.pack(dict(inputs))
        try:
            with self._change:
                self._refuse_if_full()
                folder = pathlib.Path(tempfile.mkdtemp(dir=self._folder, prefix="job-"))
                job = JobHandle(self, session, function, folder, things)
                self._packed[job] = packed
                if is_short:
                    self._waiting.insert(self._short_waiting(), job)
                    self._short.add(job)
                else:
                    self._waiting.append(job)
                self._seen[session] = time.monotonic()
                self._false_starts = 0
                self._change.notify_all()
        except BaseException:
            self._store.release(packed)
            raise
        return job

    def touch(self, session: str) -> None:
        """Note a sign of a session: its jobs live on."""
        with self._change:
            if session in self._seen:
                self._seen[session] = time.monotonic()

    def end(self, session: str) -> None:
        """Cancel all jobs of a session that has ended."""
        with self._change:
            for job in self._jobs_of(session):
                self.cancel(job)

    def cancel(self, job: JobHandle) -> None:
        """Take a job out of the line, or ask it to stop; who does not stop within the grace is killed."""
        with self._change:
            if job.state not in {"waiting", "running"} or job.is_cancelled:
                return
            job.is_cancelled = True
            if job.state == "waiting":
                self._waiting.remove(job)
                self._finish(job, "cancelled")
                return
            job.kill_at = time.monotonic() + self.limits.grace_s
            for worker in self._workers:
                if worker.job is job:
                    worker.send(cancel=job.folder.name)
            self._change.notify_all()

    def place_of(self, job: JobHandle) -> int:
        """Return the place of a job in the line, from 1; 0 where it is in none."""
        with self._change:
            return self._waiting.index(job) + 1 if job in self._waiting else 0

    def has_ready_worker(self) -> bool:
        """Return whether a worker is past its start; until then every job waits for one."""
        with self._change:
            return any(worker.is_ready and not worker.is_retired for worker in self._workers)

    def worker_pids(self) -> list[int]:
        """Return the numbers of the worker processes."""
        with self._change:
            return [worker.pid for worker in self._workers]

    def close(self) -> None:
        """End all jobs and workers, and remove the files; a second time does nothing."""
        with self._change:
            if self._is_closed:
                return
            self._is_closed = True
            workers = list(self._workers)
            for job in list(self._waiting):
                self.cancel(job)
            for worker in workers:
                if worker.job is not None:
                    worker.job.is_cancelled = True
                worker.retire()
            self._change.notify_all()
        for worker in workers:
            if not worker.wait(self.limits.grace_s):
                worker.kill()
                worker.wait(self.limits.grace_s)
        atexit.unregister(self.close)
        self._exit.close()

    # -- what the pool does by itself -----------------------------------------------------------------------

    def _short_waiting(self) -> int:
        return sum(job in self._short for job in self._waiting)

    def _refuse_if_full(self) -> None:
        with self._change:
            if self._is_closed:
                raise JobError("job_no_worker")
            if len(self._waiting) >= self.limits.most_waiting:
                raise JobError("job_line_full", count=len(self._waiting))

    def _tend(self) -> None:
        while True:
            self._ask_after_sessions()
            with self._change:
                if self._is_closed:
                    return
                now = time.monotonic()
                self._end_overdue(now)
                self._start_jobs()
                self._staff(now)
                self._change.wait(LOOK_EVERY_S)

    def _ask_after_sessions(self) -> None:
        """Ask, without holding anybody up, whether silent sessions are still there."""
        if self._is_alive is None:
            return
        before = time.monotonic() - self.limits.session_s / 2
        with self._change:
            silent = [session for session, seen in self._seen.items() if seen < before]
        for session in silent:
            if self._is_alive(session):
                self.touch(session)

    def _end_overdue(self, now: float) -> None:
        """Cancel jobs whose session is gone, and kill workers of jobs that did not stop in time."""
        for session, seen in list(self._seen.items()):
            jobs = self._jobs_of(session)
            if not jobs:
                del self._seen[session]
            elif seen + self.limits.session_s < now:
                self.end(session)
        for worker in self._workers:
            if worker.job is not None and worker.job.kill_at is not None and worker.job.kill_at < now:
                worker.kill()

    def _jobs_of(self, session: str) -> list[JobHandle]:
        running = [worker.job for worker in self._workers if worker.job is not None]
        return [job for job in [*running, *self._waiting] if job.session == session]

    def _start_jobs(self) -> None:
        """Give every free worker the first job of the line whose session has none running."""
        for worker in self._workers:
            if not worker.is_free:
                continue
            job = next(iter(self._startable()), None)
            if job is None:
                return
            self._waiting.remove(job)
            job.state, job.key, worker.job = "running", READING, job
            worker.send(
                job=job.folder.name,
                folder=str(job.folder),
                store=str(self._store.folder),
                inputs=self._packed[job].name,
                function=job.function,
            )

    def _startable(self) -> list[JobHandle]:
        """Return the jobs that could run now: the first of every session that has none running."""
        busy = {worker.job.session for worker in self._workers if worker.job is not None}
        first: dict[str, JobHandle] = {}
        for job in self._waiting:
            first.setdefault(job.session, job)
        return [job for session, job in first.items() if session not in busy]

    def _staff(self, now: float) -> None:
        """Start workers that are needed, one of them always, and let those go that have long had nothing to do."""
        there = [worker for worker in self._workers if not worker.is_retired]
        free = [worker for worker in there if worker.job is None]
        for worker in free[1:] if len(free) == len(there) else free:
            if worker.is_ready and len(there) > 1 and worker.idle_since + self.limits.idle_s < now:
                worker.retire()
        wanted = min(self.most - len(there), max(len(self._startable()) - len(free), 1 - len(there)))
        for _ in range(wanted if self._false_starts < MOST_FALSE_STARTS else 0):
            try:
                self._workers.append(Worker(self._modules, self._hear, self._mourn))
            except OSError:
                self._false_starts += 1
        if self._false_starts >= MOST_FALSE_STARTS and not there:
            for job in list(self._waiting):
                self._waiting.remove(job)
                self._finish(job, "failed", JobError("job_no_worker"))

    def _hear(self, worker: Worker, message: dict[str, Any]) -> None:
        """Take over what a worker tells; called in the worker's thread."""
        with self._change:
            job = worker.job
            if message.get("is_ready"):
                worker.is_ready, worker.idle_since, self._false_starts = True, time.monotonic(), 0
            elif job is None or message.get("job") != job.folder.name:
                return
            elif "outcome" in message:
                worker.job, worker.idle_since = None, time.monotonic()
                if (message.get("held_mb") or 0.0) > self.limits.held_mb:
                    worker.retire()
                self._finish(job, "cancelled" if job.is_cancelled else message["outcome"])
            else:
                job.hear(message)
                return
            self._change.notify_all()

    def _mourn(self, worker: Worker) -> None:
        """Take a worker that has ended off the list; what it was at is lost."""
        with self._change:
            self._workers.remove(worker)
            if not worker.is_ready:
                self._false_starts += 1
            job, worker.job = worker.job, None
            if job is not None and job.is_cancelled:
                self._finish(job, "cancelled")
            elif job is not None:
                self._finish(job, "failed", JobError("job_lost"))
            self._change.notify_all()

    def _finish(self, job: JobHandle, state: State, fault: BaseException | None = None) -> None:
        packed = self._packed.pop(job)
        job.end(state, fault, lambda: self._store.release(packed))
