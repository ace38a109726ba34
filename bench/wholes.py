"""Step (e): whole figures beside their targets: sample, plan, app."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from typing import Any

from bench import browser
from bench.networks import Progress
from bench.rows import Target
from gunmane.i18n import t
from gunmane.municipalities import load_regions

SAMPLE_FIRST_S = 60.0
SAMPLE_CACHED_S = 2.0
PLAN_S = 15.0
PLAN_MB = 1536.0
FIRST_MAP_S = 8.0
RERUN_S = 2.0
SETTLE_MS = 1_500

# One process reads every region; each is timed alone, imports are not counted as a region's.
SAMPLE_CODE = """
import json, sys, time
from gunmane.municipalities import find_region
from gunmane.sample import load_sample
rows = {}
for name in sys.argv[1:]:
    region = find_region(name)
    begin = time.perf_counter()
    sample = load_sample(region)
    rows[name] = [time.perf_counter() - begin, len(sample.assets)]
print(json.dumps(rows))
"""
COMMAND_CODE = "import sys; from gunmane.cli import main; sys.exit(main())"


@dataclasses.dataclass(frozen=True)
class Run:
    """A finished process: wall and CPU seconds, largest resident memory (MB), what it printed."""

    wall_s: float
    cpu_s: float
    peak_mb: float
    text: str


def run_python(code: str, arguments: list[str], cache: pathlib.Path) -> Run:
    """
    Run Python code in a new process with a cache folder of its own and measure it.

    Raises
    ------
    RuntimeError
        If it ends with another code than 0.
    """
    environment = {**os.environ, "GUNMANE_CACHE": str(cache)}
    with tempfile.TemporaryFile() as out:
        begin = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-c", code, *arguments],
            cwd=browser.ROOT,
            env=environment,
            stdout=out,
            stderr=out,
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall_s = time.perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        text = out.read().decode("utf-8", "replace")
    if process.returncode:
        msg = f"{' '.join(arguments)} ended with code {process.returncode}: {text[-400:]}"
        raise RuntimeError(msg)
    kilobytes = usage.ru_maxrss if sys.platform != "darwin" else usage.ru_maxrss / 1024
    return Run(wall_s, usage.ru_utime + usage.ru_stime, kilobytes / 1024, text)


def whole_figures(region: str, tell: Progress, *, all_regions: bool) -> Iterator[Target]:
    """Measure sample, plan and app with caches of their own, which are removed again."""
    with tempfile.TemporaryDirectory(prefix="gunmane-bench-") as folder:
        cache = pathlib.Path(folder)
        regions = [str(name) for name in load_regions()["region_id"]] if all_regions else [region]
        yield from _sample_figures(regions, cache / "sample", tell)
        yield from _plan_figures(region, cache, tell)
        yield from _app_figures(region, cache / "sample", tell)


def _sample_figures(regions: list[str], cache: pathlib.Path, tell: Progress) -> Iterator[Target]:
    tell("(e) sample")
    first = run_python(SAMPLE_CODE, regions, cache)
    rows = json.loads(first.text.strip().splitlines()[-1])
    assets = sum(count for _, count in rows.values())
    slowest = max(rows, key=lambda name: rows[name][0])
    note = f"{assets:,} assets; slowest {slowest} {rows[slowest][0]:.1f} s; peak {first.peak_mb:,.0f} MB; one process"
    limit = SAMPLE_FIRST_S if len(regions) > 1 else None
    yield Target(f"sample of {len(regions)} regions, first time", first.wall_s, limit, "s", note)
    again = run_python(SAMPLE_CODE, regions, cache)
    rows = json.loads(again.text.strip().splitlines()[-1])
    slowest = max(rows, key=lambda name: rows[name][0])
    note = f"{slowest}; all {len(regions)} with imports {again.wall_s:.1f} s"
    yield Target("sample from cache, slowest region", rows[slowest][0], SAMPLE_CACHED_S, "s", note)


def _plan_figures(region: str, cache: pathlib.Path, tell: Progress) -> Iterator[Target]:
    tell("(e) plan")
    out = str(cache / "out")
    command = ["plan", region, "--lang", "en", "--out", out]
    cases = {
        "nothing in the cache": (cache / "plan", command),
        "everything in the cache": (cache / "plan", command),
        "everything in the cache, with --evidence": (cache / "plan", [*command, "--evidence"]),
    }
    for case, (folder, arguments) in cases.items():
        run = run_python(COMMAND_CODE, arguments, folder)
        name = f"gunmane plan {region}, {case}"
        limit = None if "--evidence" in case else PLAN_S
        yield Target(f"{name}: time", run.wall_s, limit, "s", f"{run.cpu_s:.1f} CPU s")
        yield Target(f"{name}: peak memory", run.peak_mb, PLAN_MB, "MB")


def _app_figures(region: str, cache: pathlib.Path, tell: Progress) -> Iterator[Target]:
    reason = browser.missing_reason()
    if reason:
        yield Target("app: first map", None, FIRST_MAP_S, "s", reason)
        return
    tell("(e) app")
    try:
        yield from _first_figures(region, cache)
        yield from _opening_figures(region, cache)
    except Exception as error:  # noqa: BLE001 - a page that fails is a figure that was not measured
        yield Target("app", None, FIRST_MAP_S, "s", str(error).splitlines()[0][:120])


def _first_figures(region: str, cache: pathlib.Path) -> Iterator[Target]:
    with browser.open_page() as (page, outside), browser.serve(cache=cache) as server:
        page.goto(server.url)
        browser.wait_for_map(page)
        seconds = time.perf_counter() - server.started
        note = "the browser stands open; server start and the start page's map"
        yield Target("app: process start to the first map", seconds, FIRST_MAP_S, "s", note)
        note = f"{len(outside)} requests to the outside"
        yield from _group_figures(region, server, page, note)
        yield Target("app: peak memory of the server", server.peak_mb(), None, "MB", "one session")


def _opening_figures(region: str, cache: pathlib.Path) -> Iterator[Target]:
    with browser.open_page() as (page, outside), browser.serve(cache=cache) as server:
        page.goto(f"{server.url}/group?region={region}")
        browser.wait_for_map(page)
        seconds = time.perf_counter() - server.started
        note = f"sample and network in the cache, plan made; {len(outside)} requests to the outside"
        yield Target(f"app: process start to the bundles of {region}", seconds, FIRST_MAP_S, "s", note)


def _group_figures(region: str, server: browser.Server, page: Any, note: str) -> Iterator[Target]:
    begin = time.perf_counter()
    page.goto(f"{server.url}/group?region={region}")
    browser.wait_for_map(page)
    seconds = time.perf_counter() - begin
    yield Target(f"app: bundles of {region} opened in a running app", seconds, None, "s", note)
    try:
        seconds = rerun_seconds(page)
    except Exception as error:  # noqa: BLE001 - the page may have changed; the other figures stand
        yield Target(
            "app: rerun after a changed parameter", None, RERUN_S, "s", str(error).splitlines()[0][:120]
        )
        return
    note = f"{region}: another number of bundles, button to new table and map"
    yield Target("app: rerun after a changed parameter", seconds, RERUN_S, "s", note)


def rerun_seconds(page: Any) -> float:
    """Ask for another number of bundles on 群を組む and return the seconds until the table and the map show it."""
    pattern = re.escape(t("group.table", "ja", count="@")).replace("@", r"(\d+)")
    page.get_by_text(re.compile(pattern)).first.wait_for()
    found = re.search(pattern, page.inner_text("body"))
    count = int(found.group(1)) if found else 3
    wanted = count - 1 if count > 2 else count + 1  # fewer is always feasible where bundles may merge
    page.get_by_role("radio", name=t("group.panel.choices", "ja")).first.click()
    box = page.get_by_label(t("group.count", "ja")).first
    box.fill(str(wanted))
    box.press("Tab")
    page.wait_for_timeout(SETTLE_MS)
    begin = time.perf_counter()
    page.get_by_role("button", name=t("group.make", "ja")).first.click()
    page.get_by_text(t("group.table", "ja", count=wanted)).first.wait_for()
    page.locator('[data-testid="stStatusWidget"]').wait_for(state="detached")
    browser.wait_for_map(page)
    return time.perf_counter() - begin
