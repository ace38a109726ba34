"""Saved plans live through what ends programs: a kill at any moment loses nothing that was told as saved."""

import random
import signal
import sqlite3
import subprocess
import sys

import pytest

from gunmane.workspace import open_workspace

# Saves steps of every size as fast as it can and tells each one after it is saved.
SAVER = """
import os, sys
from gunmane.workspace import open_workspace

plans = open_workspace(sys.argv[1])
plan_id, rest = plans.list()[0].plan_id, "x" * 30_000
kept = plans.load(plan_id)
version, number = kept.version, len(kept.steps) + len(kept.dropped)
while True:
    number += 1
    step = {"kind": "step", "number": number, "rest": rest[: number * 997 % 30_000]}
    version = plans.append(plan_id, step, version, state={"number": number} if number % 7 == 0 else None)
    os.write(1, f"{version} {number}\\n".encode())
    if number % 5 == 0:
        version = plans.set_position(plan_id, plans.load(plan_id).position - 2, version)
        os.write(1, f"{version} {number}\\n".encode())
"""


def saved_until_killed(path, chance):
    """What a process told as saved before it was killed at some moment."""
    command = [sys.executable, "-c", SAVER, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        told = [process.stdout.readline() for _ in range(1 + chance.randrange(12))]
        # The kill falls anywhere between two lines: how far the next save is by now is not ours to say.
        sum(range(chance.randrange(400_000)))
        process.send_signal(signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
        told += process.stdout.read().splitlines(keepends=True)
    assert told[0], "the process saved nothing before it was killed"
    return [tuple(map(int, line.split())) for line in told if line.endswith(b"\n")]


def check_kept(path, told):
    version, number = told[-1]
    with open_workspace(path) as plans:
        kept = plans.load(plans.list()[0].plan_id)
    numbers = sorted(step.number for step in (*kept.steps, *kept.dropped))
    assert version <= kept.version <= version + 1
    assert numbers == list(range(1, len(numbers) + 1)) and number <= len(numbers) <= number + 1
    whole = {step.number: len(step.step["rest"]) for step in (*kept.steps, *kept.dropped)}
    assert all(size == n * 997 % 30_000 for n, size in whole.items())
    assert [step.place for step in kept.steps] == list(range(1, len(kept.steps) + 1))
    with sqlite3.connect(path) as opened:
        assert opened.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    opened.close()


def kill_rounds(path, count):
    with open_workspace(path) as plans:
        plans.create("案", region="nara_uda", base={}, data={})
    chance = random.Random(count)
    for _ in range(count):
        check_kept(path, saved_until_killed(path, chance))


def test_a_kill_at_any_moment_loses_no_step_that_was_told_as_saved(tmp_path):
    kill_rounds(tmp_path / "plans.sqlite", 10)


@pytest.mark.slow
@pytest.mark.timeout(3000)
def test_two_hundred_kills_lose_no_step_that_was_told_as_saved(tmp_path):
    kill_rounds(tmp_path / "plans.sqlite", 200)
