"""The app on a free port of this machine and a browser that may reach nothing else."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from typing import Any

ROOT = pathlib.Path(__file__).resolve().parent.parent
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
LOCAL = re.compile(r"(https?|wss?)://(127\.0\.0\.1|localhost)[:/]")
SIZE = {"width": 1366, "height": 768}
MAP_DONE = '.leaflet-container[data-busy="no"]'
WAIT_MS = 300_000


@dataclasses.dataclass(frozen=True)
class Server:
    """
    A running app.

    Parameters
    ----------
    url
        Its address.
    started
        `time.perf_counter()` when its process was started.
    process
        The process.
    """

    url: str
    started: float
    process: subprocess.Popen[bytes]

    def peak_mb(self) -> float | None:
        """Return the largest resident memory so far (MB), where the system tells it."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status")
        if not status.exists():
            return None
        found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text(encoding="utf-8"))
        return int(found.group(1)) / 1024 if found else None


def browser_path() -> str | None:
    """Return the browser of the system; None where there is none."""
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)


def missing_reason() -> str:
    """Say why no browser can be driven here; empty where one can."""
    try:
        import playwright.sync_api  # noqa: F401
    except ImportError:
        return "playwright is not installed"
    return "" if browser_path() else "no Chromium on this machine"


@contextlib.contextmanager
def serve(*, cache: pathlib.Path | None = None, workspace: pathlib.Path | None = None) -> Iterator[Server]:
    """
    Start the app on a free loopback port and stop it again.

    Parameters
    ----------
    cache
        Folder of its cache; the user's own where none is given.
    workspace
        File of its saved plans; with a cache they lie there unless another is given.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless", "true"]
    command += ["--server.address", "127.0.0.1", "--server.port", str(port)]
    plans = workspace or (cache / "plans.sqlite" if cache else None)
    own = {"GUNMANE_CACHE": cache, "GUNMANE_WORKSPACE": plans}
    environment = {**os.environ, **{name: str(path) for name, path in own.items() if path}}
    with tempfile.TemporaryFile() as log:
        started = time.perf_counter()
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
        try:
            _wait_until_up(url, process)
            yield Server(url, started, process)
        finally:
            process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)
            process.kill()


def _wait_until_up(url: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        if process.poll() is not None:
            msg = f"the app ended with code {process.returncode}"
            raise RuntimeError(msg)
        with (
            contextlib.suppress(OSError),
            urllib.request.urlopen(f"{url}/_stcore/health", timeout=1) as answer,
        ):
            if answer.status == 200:
                return
        time.sleep(0.1)
    msg = "the app did not answer within a minute"
    raise RuntimeError(msg)


@contextlib.contextmanager
def launched() -> Iterator[Any]:
    """Start the browser of the system and stop it again."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=browser_path(), args=list(ARGUMENTS))
        try:
            yield chromium
        finally:
            chromium.close()


def new_page(chromium: Any, outside: list[str] | None = None) -> Any:
    """Open a page of 1366 x 768 that knows nothing of others; whatever is not on this machine is blocked and listed."""

    def guard(route: Any) -> None:
        if LOCAL.match(route.request.url):
            route.continue_()
            return
        if outside is not None:
            outside.append(route.request.url)
        route.abort()

    context = chromium.new_context(viewport=SIZE, locale="ja-JP")
    context.route("**/*", guard)
    page = context.new_page()
    page.set_default_timeout(WAIT_MS)
    return page


@contextlib.contextmanager
def open_page() -> Iterator[tuple[Any, list[str]]]:
    """Start a browser with one page; what it asked for outside this machine is listed beside it."""
    outside: list[str] = []
    with launched() as chromium:
        yield new_page(chromium, outside), outside


def wait_for_map(page: Any) -> None:
    """Wait until the page has run and its map has drawn what it was given."""
    page.wait_for_selector(".gm-bands")
    page.wait_for_selector("iframe")
    page.frame_locator("iframe").first.locator(MAP_DONE).wait_for()


def wait_for_maps(page: Any) -> None:
    """Wait until the page has run to its end and each of its maps has drawn what it was given."""
    page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]').wait_for()
    for number in range(page.locator("iframe:visible").count()):
        page.frame_locator("iframe:visible").nth(number).locator(MAP_DONE).wait_for()
