"""The app served to a browser that reaches nothing but this machine, and how a test waits for what a person sees."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from caches import new_cache

from gunmane.i18n import t

ROOT = Path(__file__).resolve().parent.parent
REGION = "nara_uda"
LOOPBACK = re.compile(
    r"^(https?|wss?)://(127\.0\.0\.1|localhost|\[::1\])[:/]|^(data|blob|about|chrome-error):"
)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE_MS = 120_000


@pytest.fixture(scope="module")
def browser():
    """Chromium of the system, driven by Playwright."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    found = next((p for p in map(shutil.which, ("chromium", "chromium-browser", "google-chrome")) if p), None)
    if found is None:
        pytest.skip("no Chromium here; `make browser` installs it where apt and root are")
    with api.sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=found, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """The app served on a free port of loopback, with a cache of its own; nothing that failed inside it is hidden."""
    served = Served(tmp_path_factory.mktemp("app"), new_cache(tmp_path_factory))
    try:
        served.start()
        yield served.address
    finally:
        served.stop()
    said = (served.folder / "log").read_text("utf-8", "replace")
    assert "Traceback" not in said, said[-3000:]


class Served:
    """The app on one port and with one place for saved plans, however often it is killed and started again."""

    def __init__(self, folder, cache):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.folder, self.process = folder, None
        own = {"GUNMANE_CACHE": str(cache), "GUNMANE_WORKSPACE": str(folder / "plans.sqlite")}
        self.environment = {**os.environ, **own}
        self.address = f"http://127.0.0.1:{self.port}"

    def start(self):
        command = [sys.executable, "-m", "streamlit", "run", "app.py", f"--server.port={self.port}"]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=self.environment, stdout=log, stderr=subprocess.STDOUT
            )
        _wait_until_it_serves(self.port, self.process)

    def stop(self):
        self.process.terminate()
        self.process.wait(30)

    def kill(self):
        """End it as a power cut does: nothing is said to it before."""
        self.process.kill()
        self.process.wait(30)


def _wait_until_it_serves(port, server):
    for _ in range(300):
        assert server.poll() is None, "the server ended at once"
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=2):
                return
        except OSError:
            time.sleep(0.2)
    pytest.fail("the server did not answer within a minute")


@pytest.fixture
def page(browser):
    """A tab of 1366 x 768 that blocks and records whatever is asked of another machine."""
    context = browser.new_context(viewport={"width": 1366, "height": 768}, accept_downloads=True)
    asked_outside = []

    def guard(route):
        if LOOPBACK.match(route.request.url):
            route.continue_()
        else:
            asked_outside.append(route.request.url)
            route.abort()

    context.route("**/*", guard)
    tab = context.new_page()
    tab.set_default_timeout(PATIENCE_MS)
    yield tab
    context.close()
    assert asked_outside == []


def open_map(tab):
    """Wait until the page has run to its end and its map has drawn every layer; return the map."""
    idle(tab)
    drawn = tab.frame_locator("iframe").first.locator('.leaflet-container[data-busy="no"]')
    drawn.wait_for(state="visible")
    return drawn


def open_page(tab, address, name="", **query):
    asked = "&".join(f"{key}={value}" for key, value in query.items())
    tab.goto(f"{address}/{name}?{asked}")


def idle(tab):
    """Wait until no run of the page is under way: a run may take away what was just opened."""
    tab.locator('[data-testid="stApp"][data-test-script-state="notRunning"]').wait_for()


def choose(tab, label, option):
    """Choose from a drop-down by what stands above it; a rerun of the page may still close it, then it is reopened."""
    field = tab.get_by_role("combobox", name=re.compile(f"{re.escape(label)}$")).first
    wanted = tab.get_by_role("option", name=option, exact=True)
    for _ in range(10):
        idle(tab)
        field.click()
        try:
            wanted.click(timeout=3_000)
        except playwright_timeout():
            tab.keyboard.press("Escape")
            continue
        return
    pytest.fail(f"no {option} below {label}")


def playwright_timeout():
    from playwright.sync_api import TimeoutError as Late

    return Late


def go_to(tab, name, lang="ja"):
    """Go to another page by the header, and wait until the header says that this page is there."""
    link = tab.get_by_role("link", name=t(f"app.page.{name}", lang), exact=True)
    link.click()
    arrived(tab, name, lang)


def arrived(tab, name, lang="ja"):
    """Wait for another page: of the one before, everything still stands until the new header has come."""
    tab.wait_for_url(f"**/{name}?*")
    tab.get_by_role("link", name=t(f"app.page.{name}", lang), exact=True).locator("strong").wait_for()


def map_says(tab, condition):
    """Wait until a condition holds inside the frame of the page's map."""
    tab.locator("iframe").first.element_handle().content_frame().wait_for_function(condition)


def in_map(tab, script):
    """What a script answers inside the frame of the page's first map."""
    return tab.locator("iframe").first.element_handle().content_frame().evaluate(script)


def painted(tab, drawn):
    """How many of 40 x 30 places of the map's drawing are coloured."""
    return drawn.locator(".gm-stage canvas").first.evaluate(
        """canvas => {
            const pen = canvas.getContext("2d");
            const seen = new Set();
            for (let i = 1; i < 40; i++) for (let j = 1; j < 30; j++) {
                const [r, g, b, a] = pen.getImageData(canvas.width * i / 40, canvas.height * j / 30, 1, 1).data;
                if (a) seen.add(r + "," + g + "," + b);
            }
            return seen.size;
        }"""
    )


def downloaded(tab, label, folder):
    with tab.expect_download() as arriving:
        tab.get_by_role("button", name=label, exact=True).click()
    path = folder / arriving.value.suggested_filename
    arriving.value.save_as(path)
    return path
