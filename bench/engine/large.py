"""`python -m bench.engine.large`: group an instance from a file in a process of its own, and print what it took."""

from __future__ import annotations

import dataclasses
import json
import pathlib
import pickle
import subprocess
import sys
import tempfile
from typing import Any

import numpy as np
import pandas as pd

from bench.engine.instances import Instance
from bench.engine.record import recorded
from bench.engine.trials import Trial, peak_mb, resident_mb

ROOT = pathlib.Path(__file__).resolve().parents[2]


@dataclasses.dataclass(frozen=True, eq=False)
class LargeRun:
    """
    A run in a process that did nothing else.

    Parameters
    ----------
    trial
        Labels, CPU seconds of the search, memory above what stood before it.
    wall_s
        Wall seconds of the search.
    first_cpu_s, first_wall_s
        Seconds until the first plan that kept the window; None if none did.
    end_inside
        Whether the last plan kept it.
    peak_mb
        Largest memory of the whole process.
    """

    trial: Trial
    wall_s: float
    first_cpu_s: float | None
    first_wall_s: float | None
    end_inside: bool
    peak_mb: float


def run_large(instance: Instance, move_budget: int | None) -> LargeRun:
    """
    Group an instance in a new process.

    Raises
    ------
    RuntimeError
        If the process ends with an error.
    """
    with tempfile.TemporaryDirectory(prefix="gunmane-bench-") as folder:
        task, labels = pathlib.Path(folder, "task.pickle"), pathlib.Path(folder, "labels.npy")
        task.write_bytes(pickle.dumps(instance))
        command = [sys.executable, "-m", "bench.engine.large", str(task), str(labels), str(move_budget or 0)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            msg = f"the run ended with code {done.returncode}: {done.stderr[-400:]}"
            raise RuntimeError(msg)
        told: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
        trial = Trial("done", np.load(labels), told.pop("cpu_s"), told.pop("added_mb"), told.pop("moves"))
    return LargeRun(trial, **told)


def main(task: str, labels_path: str, moves: str) -> None:
    """Read the instance, group it, write the labels, print the figures."""
    instance: Instance = pickle.loads(pathlib.Path(task).read_bytes())
    before = resident_mb()
    found, record, end = recorded(instance, move_budget=int(moves) or None, keeps_labels=False)
    first = record.first_inside() or (end if end.is_inside else None)
    told = {
        "cpu_s": end.cpu_s,
        "added_mb": peak_mb() - before,
        "moves": found.moves,
        "wall_s": end.wall_s,
        "first_cpu_s": first.cpu_s if first else None,
        "first_wall_s": first.wall_s if first else None,
        "end_inside": end.is_inside,
        "peak_mb": peak_mb(),
    }
    labels: pd.Series = found.labels.reindex(instance.units.index)
    np.save(labels_path, labels.to_numpy())
    print(json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:])
