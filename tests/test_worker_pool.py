"""Worker processes as the pages use them: real ones, told to wait, to die, to hold too much."""

import contextlib
import os
import pathlib
import signal
import subprocess
import sys
import time

import geopandas as gpd
import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from long_jobs import World
from pandas.testing import assert_frame_equal

from gunmane.errors import JobError, PlanError
from gunmane.jobs import Limits, Pool, most_workers, tables
from gunmane.jobs.parcels import Store

PATIENCE_S = 60
needs_kill = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GUNMANE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "jobs"


@pytest.fixture
def make_pool(monkeypatch):
    """A pool of so many workers, whatever the cores of this machine."""
    monkeypatch.setattr("gunmane.jobs.pool.most_workers", lambda: 2)
    with contextlib.ExitStack() as stack:
        yield lambda workers=1, alive=None, **limits: stack.enter_context(
            Pool(workers, limits=Limits(**limits), is_alive=alive)
        )


@pytest.fixture
def pool(make_pool):
    return make_pool()


def seen(condition):
    """Wait until something holds."""
    until = time.monotonic() + PATIENCE_S
    while not (found := condition()) and time.monotonic() < until:
        time.sleep(0.01)
    return found


def began(folder):
    """Wait until a job of `until_told` or `deaf` runs, and return its process."""
    return int(seen(lambda: [p.name for p in pathlib.Path(folder).glob("began-*")])[0].removeprefix("began-"))


def is_running(pid):
    try:
        return "\nState:\tZ" not in pathlib.Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def ended(job):
    assert job.wait(PATIENCE_S)
    return job


def fault_of(job):
    with pytest.raises(BaseException) as caught:
        ended(job).result()
    return caught.value


# -- one job ------------------------------------------------------------------------------------------------


def test_a_job_gives_what_its_function_gives(pool):
    job = ended(pool.submit("one", "long_jobs:add", {"one": 2, "other": 3}))
    assert (job.state, job.result(), job.result()) == ("done", 5, 5)


def test_a_job_runs_in_another_process_that_knows_nothing_of_the_pages(pool):
    pid, pages = ended(pool.submit("one", "long_jobs:folder_here", {})).result()
    assert [pid] == pool.worker_pids() and pid != os.getpid() and not pages


def test_an_error_of_our_own_comes_back_with_its_key_and_values(pool):
    job = pool.submit("one", "long_jobs:refuse", {"reason": 7})
    fault = fault_of(job)
    assert (type(fault), fault.key, fault.values, job.state) == (
        PlanError,
        "job_line_full",
        {"count": 7},
        "failed",
    )


@pytest.mark.parametrize(("name", "word"), [("fall", "StrangeError"), ("unsendable", "lambda"), ("no", "no")])
def test_a_job_that_nobody_foresaw_fails_and_the_worker_goes_on(pool, name, word):
    fault = fault_of(pool.submit("one", f"long_jobs:{name}", {}))
    assert word in str(fault) + "".join(getattr(fault, "__notes__", ()))
    assert ended(pool.submit("one", "long_jobs:add", {"one": 1, "other": 1})).result() == 2


def test_what_a_job_prints_is_no_message_and_nothing_waits_to_be_read(pool):
    assert ended(pool.submit("one", "long_jobs:print_and_read", {})).result() == ""


def test_a_study_in_a_job_starts_no_processes_of_its_own(pool):
    assert ended(pool.submit("one", "long_jobs:workers_of_a_study", {})).result() == 1


def test_progress_is_told_while_the_job_runs(pool, tmp_path):
    job = pool.submit("one", "long_jobs:until_told", {"folder": str(tmp_path)})
    assert (job.doing, job.fraction) == ("jobs.starting", 0.0)
    assert seen(lambda: job.fraction == 0.5)
    assert (job.state, job.key, job.place_in_line) == ("running", "progress.planning", 0)
    (tmp_path / "go").touch()
    assert ended(job).state == "done"


def test_who_waits_is_told_whether_a_worker_starts_reads_or_has_other_work(pool, tmp_path):
    first = pool.submit("one", "long_jobs:deaf", {"folder": str(tmp_path)})
    assert first.doing == "jobs.starting"
    began(tmp_path)
    assert (first.doing, first.place_in_line) == ("jobs.reading", 0)
    second = pool.submit("two", "long_jobs:add", {"one": 1, "other": 1})
    assert (second.doing, second.place_in_line) == ("jobs.place", 1)


# -- cancelling ---------------------------------------------------------------------------------------------


def test_a_cancelled_job_hands_back_the_best_it_has(pool, tmp_path):
    job = pool.submit("one", "long_jobs:until_told", {"folder": str(tmp_path)})
    pid = began(tmp_path)
    job.cancel()
    assert isinstance(ended(job).result(), int)
    assert (job.state, job.is_cancelled, pool.worker_pids()) == ("cancelled", True, [pid])


def test_a_job_that_does_not_listen_is_killed_and_its_best_so_far_stays(make_pool, tmp_path):
    pool = make_pool(grace_s=0.1)
    job = pool.submit("one", "long_jobs:deaf", {"folder": str(tmp_path)})
    pid = began(tmp_path)
    assert seen(lambda: job.best_so_far == {"best": 2})
    job.cancel()
    assert ended(job).result() == {"best": 2} and job.state == "cancelled"
    assert ended(pool.submit("one", "long_jobs:pid", {})).result() != pid and not is_running(pid)


def test_a_job_cancelled_in_the_line_never_starts(pool, tmp_path):
    first = pool.submit("one", "long_jobs:until_told", {"folder": str(tmp_path)})
    second = pool.submit("two", "long_jobs:die", {})
    second.cancel()
    assert fault_of(second).key == "job_cancelled" and second.state == "cancelled"
    (tmp_path / "go").touch()
    assert ended(first).state == "done"


# -- the line -----------------------------------------------------------------------------------------------


def test_the_line_tells_each_job_its_place_and_refuses_one_too_many(make_pool, tmp_path):
    pool = make_pool(most_waiting=2)
    running = pool.submit("one", "long_jobs:until_told", {"folder": str(tmp_path)})
    began(tmp_path)
    waiting = [pool.submit(name, "long_jobs:pid", {}) for name in ("two", "three")]
    assert [job.place_in_line for job in (running, *waiting)] == [0, 1, 2]
    with pytest.raises(JobError) as refused:
        pool.submit("four", "long_jobs:pid", {})
    assert (refused.value.key, refused.value.values) == ("job_line_full", {"count": 2})
    (tmp_path / "go").touch()
    assert {ended(job).state for job in waiting} == {"done"}


def test_one_session_has_one_running_job_and_holds_nobody_up(make_pool, tmp_path):
    pool = make_pool(2)
    running = pool.submit("one", "long_jobs:until_told", {"folder": str(tmp_path)})
    began(tmp_path)
    own, other = (pool.submit(name, "long_jobs:pid", {}) for name in ("one", "two"))
    assert ended(other).state == "done" and own.state == "waiting"
    (tmp_path / "go").touch()
    assert ended(running).state == ended(own).state == "done"


def test_short_jobs_go_before_long_ones_in_the_order_in_which_they_came(pool, tmp_path):
    running = pool.submit("one", "long_jobs:until_told", {"folder": str(tmp_path)})
    began(tmp_path)
    jobs = [pool.submit(n, "long_jobs:pid", {}, is_short=n in "bd") for n in "abcd"]
    assert [job.place_in_line for job in jobs] == [3, 1, 4, 2]
    (tmp_path / "go").touch()
    assert {ended(job).state for job in (running, *jobs)} == {"done"}


def test_two_sessions_run_side_by_side_in_two_processes(make_pool, tmp_path):
    pool = make_pool(2)
    jobs = [pool.submit(name, "long_jobs:until_told", {"folder": str(tmp_path)}) for name in ("one", "two")]
    assert seen(lambda: len(list(tmp_path.glob("began-*"))) == 2)
    (tmp_path / "go").touch()
    assert {ended(job).state for job in jobs} == {"done"}


def test_a_core_is_left_to_the_server():
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    assert most_workers() == max(1, cores - 1)


@pytest.mark.parametrize("workers", [0, -1])
def test_a_pool_of_nobody_is_refused(workers):
    with pytest.raises(ValueError, match="at least 1"):
        Pool(workers)


# -- workers that are lost ----------------------------------------------------------------------------------


@needs_kill
def test_a_worker_killed_in_the_middle_is_a_sentence_and_the_pool_mends_itself(pool, tmp_path):
    job = pool.submit("one", "long_jobs:until_told", {"folder": str(tmp_path)})
    os.kill(began(tmp_path), signal.SIGKILL)
    assert fault_of(job).key == "job_lost" and job.state == "failed"
    assert ended(pool.submit("one", "long_jobs:add", {"one": 1, "other": 1})).result() == 2


def test_a_job_that_ends_its_process_is_not_tried_again(pool):
    jobs = [pool.submit(str(number), "long_jobs:die", {}) for number in range(5)]
    assert {fault_of(job).key for job in jobs} == {"job_lost"}
    assert ended(pool.submit("one", "long_jobs:add", {"one": 1, "other": 1})).result() == 2


def test_without_any_process_a_job_fails_with_a_sentence(pool, monkeypatch):
    seen(pool.worker_pids)
    monkeypatch.setattr("gunmane.jobs.workers.START", "raise SystemExit(1)")
    fault_of(pool.submit("one", "long_jobs:die", {}))
    assert fault_of(pool.submit("one", "long_jobs:pid", {})).key == "job_no_worker"
    monkeypatch.undo()
    assert fault_of(pool.submit("one", "long_jobs:fall", {})).args


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on a file's size")
def test_a_result_that_the_disk_does_not_take_is_a_fault_and_no_half_result(pool):
    fault = fault_of(pool.submit("one", "long_jobs:fill_the_disk", {}))
    assert isinstance(fault, OSError) or fault.key == "job_not_written"


@pytest.mark.skipif(
    not pathlib.Path("/proc/self/statm").exists(), reason="the system does not tell its memory"
)
def test_a_worker_that_holds_too_much_is_replaced(make_pool):
    pool = make_pool(held_mb=600)
    first = ended(pool.submit("one", "long_jobs:pid", {})).result()
    assert ended(pool.submit("one", "long_jobs:hold", {"megabytes": 700})).result() == first
    assert ended(pool.submit("one", "long_jobs:pid", {})).result() != first


def test_workers_beyond_the_first_go_when_nothing_is_to_do(make_pool, tmp_path):
    pool = make_pool(2, idle_s=0.0)
    jobs = [pool.submit(name, "long_jobs:until_told", {"folder": str(tmp_path)}) for name in ("one", "two")]
    assert seen(lambda: len(pool.worker_pids()) == 2)
    (tmp_path / "go").touch()
    assert all(ended(job).state == "done" for job in jobs)
    assert seen(lambda: len(pool.worker_pids()) == 1)


# -- sessions that are gone ---------------------------------------------------------------------------------


def test_a_job_dies_with_its_session_and_those_in_line_as_well(make_pool, tmp_path):
    pool = make_pool(session_s=0.3)
    jobs = [pool.submit("gone", "long_jobs:until_told", {"folder": str(tmp_path)}) for _ in "ab"]
    assert seen(lambda: all(job.state == "cancelled" for job in jobs))


def test_a_session_that_gives_signs_keeps_its_job(make_pool, tmp_path):
    pool = make_pool(2, session_s=0.5)
    gone = pool.submit("gone", "long_jobs:until_told", {"folder": str(tmp_path)})
    here = pool.submit("here", "long_jobs:until_told", {"folder": str(tmp_path)})
    assert seen(lambda: here.wait(0) or gone.state == "cancelled")
    (tmp_path / "go").touch()
    assert ended(here).state == "done"


def test_a_session_that_is_known_to_live_need_not_give_signs(make_pool, tmp_path):
    pool = make_pool(2, session_s=0.5, alive="here".__eq__)
    gone = pool.submit("gone", "long_jobs:until_told", {"folder": str(tmp_path)})
    here = pool.submit("here", "long_jobs:until_told", {"folder": str(tmp_path)})
    assert seen(lambda: gone.state == "cancelled") and here.state in {"waiting", "running"}


def test_ending_a_session_ends_its_jobs_alone(make_pool, tmp_path):
    pool = make_pool(2)
    one, two = (pool.submit(n, "long_jobs:until_told", {"folder": str(tmp_path)}) for n in ("one", "two"))
    assert seen(lambda: one.fraction and two.fraction)
    pool.end("one")
    assert ended(one).state == "cancelled" and two.state == "running"


# -- what crosses -------------------------------------------------------------------------------------------


@pytest.fixture
def world():
    table = pd.DataFrame({"x": np.arange(20_000) / 7, "name": [f"橋{n}" for n in range(20_000)]})
    return World("outer", table, World("inner", table))


def test_what_stands_for_itself_comes_back_as_the_very_same(pool, world):
    answer = ended(pool.submit("one", "long_jobs:look_at", {"world": world})).result()
    assert answer.world is world and answer.inner is world.inner
    assert answer.value == pytest.approx(world.table["x"].sum())


def test_what_a_job_was_given_is_gone_before_the_next(pool, world):
    ended(pool.submit("one", "long_jobs:look_at", {"world": world}))
    assert ended(pool.submit("two", "long_jobs:left_behind", {})).result() == 0


def test_large_tables_are_written_once_and_go_with_what_needs_them(pool, world, cache):
    def files(pattern):
        return sorted(path.name for path in cache.glob(f"gunmane-*/files/store/{pattern}"))

    ended(pool.submit("one", "long_jobs:look_at", {"world": world}))
    held = files("*")
    assert len(files("*.arrow")) == 1 and len(held) == 3
    ended(pool.submit("two", "long_jobs:look_at", {"world": world}))
    assert files("*") == held


def test_nothing_stays_in_the_store_when_nobody_needs_it(tmp_path, world):
    store = Store(tmp_path)
    packed, things = store.pack({"world": World("short", world.table)})
    store.release(packed)
    assert len(list(tmp_path.iterdir())) == 2
    del packed, things
    another, _ = store.pack(1)
    store.release(another)
    assert not list(tmp_path.iterdir())


def test_the_files_of_a_job_go_with_its_handle(pool, cache):
    job = ended(pool.submit("one", "long_jobs:add", {"one": 1, "other": 1}))
    folder = job.folder
    assert folder.is_dir() and job.result() == 2
    del job
    assert seen(lambda: not folder.exists())


COLUMNS = {
    "whole": st.integers(-(2**63), 2**63 - 1),
    "real": st.floats(width=64),
    "flag": st.booleans(),
    "text": st.none() | st.text(st.characters(exclude_categories=("Cs",)), max_size=4),
}


@given(
    rows=st.lists(st.tuples(*COLUMNS.values()), min_size=1, max_size=20),
    dtype=st.sampled_from(["str", "string", "string[python]"]),
    name=st.none() | st.sampled_from(["text", "unit_id"]),
)
@settings(max_examples=60)
def test_a_table_is_read_back_to_the_last_bit(tmp_path_factory, rows, dtype, name):
    frame = pd.DataFrame(rows, columns=list(COLUMNS)).astype(
        {"text": dtype, "whole": "Int64", "real": "float64"}
    )
    frame.loc[frame["flag"], "whole"] = pd.NA
    frame.index = pd.Index([f"{n:03}" for n in range(len(frame))], name=name)
    path = tmp_path_factory.mktemp("tables") / "table.arrow"
    path.write_bytes(tables.write_table(frame))
    found = tables.read_table(path)
    assert_frame_equal(found, frame, check_exact=True, check_index_type="exact", check_column_type="exact")
    found["real"] += 1.0


def test_a_map_layer_is_read_back_with_its_shapes_and_its_zone(tmp_path):
    points = [shapely.Point(1 / 3, 2, 5), None, shapely.Point(), shapely.box(0, 0, 1, 0.1)]
    layer = gpd.GeoDataFrame({"geometry": points, "n": range(4)}, crs=6674).rename_geometry("cell")
    (tmp_path / "layer.arrow").write_bytes(tables.write_table(layer))
    found = tables.read_table(tmp_path / "layer.arrow")
    assert found.crs == layer.crs and found.geometry.name == "cell"
    assert found.geometry.to_wkb().equals(layer.geometry.to_wkb())
    assert_frame_equal(pd.DataFrame(found[["n"]]), pd.DataFrame(layer[["n"]]), check_index_type="exact")


@pytest.mark.parametrize(
    "column", [[("a", 1)], pd.Categorical(["a"]), pd.to_datetime(["2020-01-01"]), pd.array([0.1], "Float64")]
)
def test_a_table_that_arrow_would_change_is_left_alone(column):
    frame = pd.DataFrame({"n": np.arange(20_000)})
    assert tables.is_table(frame)
    frame["odd"] = list(column) * 20_000 if isinstance(column, list) else column.take([0] * 20_000)
    assert not tables.is_table(frame)


# -- what is left -------------------------------------------------------------------------------------------

SERVER = """
import sys, time
sys.path.insert(0, sys.argv[1])
from gunmane.jobs import Pool
if __name__ == "__main__":
    pool = Pool()
    job = pool.submit("one", "long_jobs:deaf", {"folder": sys.argv[2]})
    while not job.wait(1):
        pass
"""


def serve(tmp_path):
    """Start a server with a job that never listens; return it and its worker's number."""
    script = tmp_path / "server.py"
    script.write_text(SERVER)
    here = str(pathlib.Path(__file__).parent)
    server = subprocess.Popen([sys.executable, str(script), here, str(tmp_path)])
    return server, began(tmp_path)


@needs_kill
@pytest.mark.parametrize("name", ["SIGKILL", "SIGTERM", "SIGINT"])
def test_no_worker_outlives_its_server(tmp_path, name):
    server, worker = serve(tmp_path)
    server.send_signal(getattr(signal, name))
    server.wait(PATIENCE_S)
    assert seen(lambda: not is_running(worker))


@needs_kill
def test_files_of_a_killed_server_go_at_the_next_start_and_those_of_a_living_one_stay(
    tmp_path, cache, make_pool
):
    living = make_pool()
    server, _ = serve(tmp_path)
    before = {path.name for path in cache.iterdir()}
    server.kill()
    server.wait()
    make_pool()
    left = before & {path.name for path in cache.iterdir()}
    assert len(before) == 2 and len(left) == 1
    assert ended(living.submit("one", "long_jobs:pid", {})).state == "done"


def test_a_closed_pool_leaves_no_process_and_no_file_and_takes_nothing(make_pool, tmp_path, cache):
    pool = make_pool()
    job = pool.submit("one", "long_jobs:deaf", {"folder": str(tmp_path)})
    worker = began(tmp_path)
    pool.close()
    assert ended(job).state == "cancelled" and not is_running(worker) and not list(cache.iterdir())
    with pytest.raises(JobError):
        pool.submit("one", "long_jobs:pid", {})
