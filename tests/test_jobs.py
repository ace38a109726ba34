"""Work beside the pages, in threads and in processes: told apart, cancelled, and done where no file can be written."""

from __future__ import annotations

import os
import pathlib

import pytest

from app_pages import processes
from app_pages.work import Call, Job, ProcessJob
from gunmane.errors import GunmaneError
from gunmane.i18n import t


@pytest.fixture
def pool(tmp_path, monkeypatch):
    monkeypatch.setenv("GUNMANE_CACHE", str(tmp_path / "cache"))
    processes.shared_pool.clear()
    yield
    processes.shared_pool.clear()


def test_a_job_never_bears_the_serial_of_one_that_is_gone():
    serials = []
    for number in range(50):
        job = Job(lambda tell, number=number: number)
        serials.append(job.serial)
        assert job.wait(5) and job.result() == number
        del job
    assert len(set(serials)) == 50


@pytest.mark.usefixtures("pool")
def test_long_work_of_a_page_is_done_in_another_process_and_finished_in_this_one():
    job = processes.start(Call("long_jobs:pid", {}, lambda worker: (worker, os.getpid())))
    assert job.wait(60)
    worker, here = job.result()
    assert [worker] == processes.shared_pool().worker_pids() and worker != here == os.getpid()


@pytest.mark.usefixtures("pool")
def test_work_of_a_page_is_cancelled_with_its_best_so_far(tmp_path):
    job = processes.start(Call("long_jobs:until_told", {"folder": str(tmp_path)}))
    while not job.fraction:
        assert not job.wait(0.01)
    job.cancel()
    assert job.wait(60) and job.is_cancelled and job.result() >= 0


@pytest.mark.usefixtures("pool")
def test_an_error_of_the_work_reaches_the_page_as_a_sentence():
    job = processes.start(Call("long_jobs:refuse", {"reason": 3}))
    assert job.wait(60)
    with pytest.raises(GunmaneError) as caught:
        job.result()
    assert t("error.job_line_full", "ja", count=3) in str(caught.value)


@pytest.mark.usefixtures("pool")
def test_where_no_file_can_be_written_the_work_is_done_here(tmp_path):
    pathlib.Path(tmp_path / "cache").write_text("a file where the folder should be")
    job = processes.start(Call("long_jobs:told_pid", {}, lambda pid: [pid]))
    assert job.wait(60) and job.result() == [os.getpid()] and not isinstance(job, ProcessJob)


def test_closing_the_pool_of_the_pages_ends_its_processes(pool):
    held = processes.shared_pool()
    job = processes.start(Call("long_jobs:pid", {}))
    assert job.wait(60)
    processes.shared_pool.clear()
    assert held.worker_pids() == []
