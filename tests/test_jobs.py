"""Work in threads of its own: every job can be told from every other, also from one that is gone."""

from __future__ import annotations

from app_pages.work import Job


def test_a_job_never_bears_the_serial_of_one_that_is_gone():
    serials = []
    for number in range(50):
        job = Job(lambda tell, number=number: number)
        serials.append(job.serial)
        assert job.wait(5) and job.result() == number
        del job
    assert len(set(serials)) == 50
