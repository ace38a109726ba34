"""A worker process as its pool sees it: started, given orders, listened to, ended."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gunmane.jobs.handles import JobHandle

# Not multiprocessing: that would run the server's main script, a page of Streamlit's, again in every worker.
START = """
import json, sys
sys.path[:] = json.loads(sys.argv[1])
from gunmane.jobs.child import main
main(sys.argv[2:])
"""


class Worker:
    """
    One worker process.

    Parameters
    ----------
    modules
        Modules to import before it is ready.
    hear
        Called with this worker and a message, in a thread of its own.
    mourn
        Called with this worker once the process has ended, however it ended.

    Raises
    ------
    OSError
        If no process can be started.
    """

    def __init__(
        self,
        modules: Sequence[str],
        hear: Callable[[Worker, dict[str, Any]], None],
        mourn: Callable[[Worker], None],
    ) -> None:
        self.is_ready = False
        self.is_retired = False
        self.job: JobHandle | None = None
        self.idle_since = 0.0
        self._hear, self._mourn = hear, mourn
        paths = json.dumps([str(pathlib.Path(path).absolute()) for path in sys.path])
        flags = 0
        if sys.platform == "win32":
            flags = subprocess.CREATE_NO_WINDOW | subprocess.BELOW_NORMAL_PRIORITY_CLASS
        self._process = subprocess.Popen(  # noqa: S603 - this interpreter and our own module
            [sys.executable, "-c", START, paths, *modules],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            creationflags=flags,
            text=True,
            encoding="utf-8",
        )
        self._thread = threading.Thread(target=self._listen, name="gunmane-worker", daemon=True)
        self._thread.start()

    @property
    def pid(self) -> int:
        """Number of the process."""
        return self._process.pid

    @property
    def is_free(self) -> bool:
        """Whether it can be given a job now."""
        return self.is_ready and not self.is_retired and self.job is None and self._process.poll() is None

    def send(self, **order: object) -> None:
        """Send an order; a worker that is gone is mourned by who listens to it."""
        with contextlib.suppress(OSError, ValueError):
            assert self._process.stdin is not None  # noqa: S101 - for the type checker: it was asked for
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()

    def retire(self) -> None:
        """Let the process go: it ends itself once its orders end."""
        self.is_retired = True
        with contextlib.suppress(OSError, ValueError):
            assert self._process.stdin is not None  # noqa: S101 - as above
            self._process.stdin.close()

    def kill(self) -> None:
        """End the process, whatever it is at."""
        self._process.kill()

    def wait(self, seconds: float) -> bool:
        """Wait at most so long for its end; return whether it has ended."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _listen(self) -> None:
        assert self._process.stdout is not None  # noqa: S101 - as above
        with contextlib.suppress(OSError, ValueError):
            for line in self._process.stdout:
                self._hear(self, json.loads(line))
        self._process.wait()
        self._process.stdout.close()
        self._mourn(self)


def core_count() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
