"""What `make bench` says of the pages' speed and of the memory of a server and its workers. Nothing is timed here."""

import os
import subprocess
import sys

import pytest

from bench import memory, ui

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what a process holds")
# Starts a process that holds 60 MB, and tells that it does.
PARENT = "import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1]])"
CHILD = "held = bytearray(b'x' * 60_000_000); print('there', flush=True); input()"


@pytest.fixture
def family():
    """A process, and one that it started and that holds 60 MB."""
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout.readline() == "there\n"
        yield parent
        parent.communicate("\n")


def test_what_a_process_started_is_counted_with_it(family):
    parent, child = memory.processes_of(family.pid)
    assert parent == family.pid
    assert memory.held_mb(family.pid) > memory.held_mb(child) > 57
    assert memory.held_mb(family.pid) < 200


def test_of_a_process_that_is_gone_nothing_is_told():
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    assert memory.held_mb(gone.pid) is None
    assert memory.cpu_s(gone.pid) == 0


def test_work_done_is_told_as_cpu_seconds():
    before = memory.cpu_s(os.getpid())
    while memory.cpu_s(os.getpid()) == before:
        sum(range(100_000))
    assert before < memory.cpu_s(os.getpid())


def test_without_a_browser_the_figures_are_told_as_not_measured(monkeypatch):
    monkeypatch.setattr(ui.browser, "BROWSERS", ())
    (row,) = ui.ui_figures("nara_uda", str)
    assert row.verdict == "not measured"
    assert "Chromium" in row.note
