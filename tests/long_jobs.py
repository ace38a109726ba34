"""What worker processes do in the tests: small work that waits, dies, keeps its best, or tells what it was given."""

import dataclasses
import gc
import os
import pathlib
import signal
import subprocess
import sys
import time

import pandas as pd

from gunmane.errors import PlanError


@dataclasses.dataclass(frozen=True, eq=False)
class World:
    """Stands for itself, as a ground does."""

    name: str
    table: pd.DataFrame
    inner: object = None


@dataclasses.dataclass(frozen=True, eq=False)
class Answer:
    world: World
    inner: object
    value: float


def add(one, other):
    return one + other


def look_at(world):
    return Answer(world, world.inner, float(world.table["x"].sum()))


def until_told(folder, progress):
    """Work until the file "go" is there or the job was cancelled; give the number of turns."""
    progress(0.25, "progress.planning")
    pathlib.Path(folder, f"began-{os.getpid()}").touch()
    turns = 0
    while progress(0.5, "progress.planning") and not pathlib.Path(folder, "go").exists():
        turns += 1
        time.sleep(0.005)
    return turns


def deaf(folder, progress):
    """Hand over a best so far, and never listen again."""
    progress.keep({"best": 1})
    progress.keep({"best": 2})
    pathlib.Path(folder, f"began-{os.getpid()}").touch()
    while True:
        time.sleep(0.01)


def die():
    os.kill(os.getpid(), signal.SIGTERM if sys.platform == "win32" else signal.SIGKILL)


def refuse(reason):
    raise PlanError("job_line_full", count=reason)


def stopped_at_first(scenario, ground, progress):
    """Compare as if a person cancelled after the first part."""
    from gunmane.evidence import compare

    return compare(scenario, ground, progress=lambda part, key: progress(part, key) and part < 0.3)


class StrangeError(Exception):
    """Cannot be sent as it is."""

    def __init__(self, one, other):
        super().__init__(one)
        self.other = lambda: other


def fall():
    raise StrangeError("one", "two")


def unsendable():
    return lambda: 1


def print_and_read():
    print("this is no message")
    subprocess.run([sys.executable, "-c", "print('nor is this')"], check=True)
    return sys.stdin.read()


def folder_here():
    return os.getpid(), sorted(name for name in sys.modules if name.startswith(("streamlit", "app_pages")))


def left_behind():
    """Count what earlier jobs of this process were given."""
    return sum(isinstance(thing, World) for thing in gc.get_objects())


def workers_of_a_study():
    from gunmane.robustness.workers import worker_count

    return worker_count(100, 100_000)


def hold(megabytes):
    globals()["_HELD"] = bytearray(megabytes * 1_000_000)
    return os.getpid()


def pid():
    return os.getpid()


def told_pid(progress):
    progress(1.0, "progress.planning")
    return os.getpid()


def fill_the_disk():
    """Give more than the limit of this process on a file's size lets it write."""
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    return bytes(100_000)
