"""Files are written whole or not at all; broken cache entries are never read."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from gunmane.cache import atomic_path, read_entry, write_entry
from gunmane.grounds import prepare_ground


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GUNMANE_CACHE", str(tmp_path / "cache"))


def write_text(text):
    return lambda path: path.write_text(text, encoding="utf-8") and None


def test_an_error_while_writing_keeps_the_old_file(tmp_path):
    file = tmp_path / "plan.json"
    file.write_text("old")
    with pytest.raises(RuntimeError), atomic_path(file) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert file.read_text() == "old"
    assert list(tmp_path.glob(".plan*")) == []


def test_a_written_file_replaces_the_old_one(tmp_path):
    file = tmp_path / "plan.json"
    file.write_text("old")
    with atomic_path(file) as temporary:
        temporary.write_text("new")
    assert file.read_text() == "new"


def test_an_entry_is_read_back():
    write_entry("sample", "key", {"a.txt": write_text("a")})
    folder = read_entry("sample", "key")
    assert folder is not None and (folder / "a.txt").read_text() == "a"


def test_a_truncated_entry_is_not_read():
    folder = write_entry("sample", "key", {"a.txt": write_text("abc")})
    (folder / "a.txt").write_text("ab")
    assert read_entry("sample", "key") is None


def test_an_entry_without_manifest_is_not_read_and_is_made_again():
    folder = write_entry("sample", "key", {"a.txt": write_text("abc")})
    (folder / "manifest.json").unlink()
    assert read_entry("sample", "key") is None
    write_entry("sample", "key", {"a.txt": write_text("abc")})
    assert read_entry("sample", "key") == folder


@pytest.mark.parametrize("manifest", ["[]", "3", "null", "{}", '"x"', '{"a.txt": 3}'])
def test_a_manifest_of_anything_else_is_not_read(manifest):
    folder = write_entry("sample", "key", {"a.txt": write_text("abc")})
    (folder / "manifest.json").write_text(manifest)
    assert read_entry("sample", "key") is None


def test_a_cache_that_cannot_be_written_costs_only_time(tmp_path, monkeypatch):
    (tmp_path / "taken").write_text("a file")
    monkeypatch.setenv("GUNMANE_CACHE", str(tmp_path / "taken"))
    assert read_entry("sample", "key") is None
    assert len(prepare_ground("nara_uda").units)


def test_an_error_while_writing_leaves_no_entry():
    def fail(path):
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_entry("sample", "key", {"a.txt": write_text("a"), "b.txt": fail})
    assert read_entry("sample", "key") is None


def test_a_killed_writer_leaves_no_entry(tmp_path):
    code = (
        "import time, sys; from gunmane.cache import write_entry\n"
        "def slow(path):\n    path.write_text('half'); print('writing', flush=True); time.sleep(60)\n"
        "write_entry('sample', 'key', {'a.txt': slow})"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, env=dict(os.environ)
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        process.wait(10)
    time.sleep(0.05)
    assert read_entry("sample", "key") is None
    write_entry("sample", "key", {"a.txt": write_text("whole")})
    assert read_entry("sample", "key") is not None
