"""What a person does in the browser, timed there: a map drawn, pulled and zoomed, units moved, a page changed."""

from __future__ import annotations

import time
from typing import Any

from bench import browser
from gunmane.i18n import t

LANG = "ja"
QUIET_MS = 1_500
SECTORS = ("road", "bridge", "park", "sewer")
DRAG_PX = 160
LASSO_PX = 60

# Sees every drawing and every task of 50 ms and more (none shorter is told by the browser).
_WATCH = """() => {
    const seen = (window.gmSeen = { tasks: [], drawn: 0, begun: 0 });
    const stage = map.gunmane.stage, redraw = stage.redraw;
    stage.redraw = function () {
        redraw.apply(this, arguments);
        seen.drawn = performance.now();
    };
    map.on("gunmane:state", (told) => told.isBusy || (seen.drawn = performance.now()));
    for (const name of ["mouseup", "click"]) {
        window.addEventListener(name, () => (seen.begun = performance.now()), { capture: true });
    }
    new PerformanceObserver((list) => list.getEntries().forEach((task) => seen.tasks.push(task.duration)))
        .observe({ entryTypes: ["longtask"] });
}"""
_RESET = "() => { gmSeen.tasks = []; gmSeen.begun = performance.now(); }"
_READ = "() => [Math.max(0, ...gmSeen.tasks), Math.max(0, gmSeen.drawn - gmSeen.begun) / 1000]"
_ON = "(names) => { names.forEach((name) => map.gunmane.stage.turn('assets.' + name, true)); }"
_COUNT = """() => map.gunmane.stage.sources.filter((one) => one.spec.kind === "asset")
    .reduce((sum, one) => sum + one.places.length, 0)"""
# From the press of a button to the moment at which some text stands on the page.
_UNTIL = """(wanted) => {
    window.gmPressed = 0;
    document.addEventListener("click", () => (window.gmPressed = performance.now()), { capture: true, once: true });
    window.gmTold = new Promise((done) => {
        const look = () => document.querySelector(".stApp").textContent.includes(wanted)
            && (watch.disconnect(), done((performance.now() - window.gmPressed) / 1000));
        const watch = new MutationObserver(look);
        watch.observe(document.body, { childList: true, subtree: true, characterData: true });
    });
}"""


def frame_of(page: Any) -> Any:
    """Return the frame that the page's map lives in."""
    return page.locator("iframe").first.element_handle().content_frame()


def open_map_s(page: Any, address: str) -> float:
    """Return the seconds from asking for a page until its map has drawn all that it was given."""
    begin = time.perf_counter()
    page.goto(address)
    browser.wait_for_map(page)
    return time.perf_counter() - begin


def show_sectors(page: Any) -> int:
    """Switch on roads, bridges, parks and sewers, and return how many places the map then holds."""
    frame = frame_of(page)
    frame.evaluate(_ON, list(SECTORS))
    browser.wait_for_map(page)
    page.wait_for_timeout(QUIET_MS)
    frame.evaluate(_WATCH)
    return int(frame.evaluate(_COUNT))


def drag(page: Any, across: int) -> tuple[float, float]:
    """Pull the map aside; return the longest task (ms) and the seconds from letting go to the last drawing."""
    frame, box = frame_of(page), page.locator("iframe").first.bounding_box()
    x, y = box["x"] + box["width"] * 0.55, box["y"] + box["height"] * 0.5
    frame.evaluate(_RESET)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + across, y + across / 2, steps=12)
    # A map let go of while it moves glides on: that is a drag of its own.
    page.wait_for_timeout(300)
    page.mouse.up()
    page.wait_for_timeout(QUIET_MS)
    return tuple(frame.evaluate(_READ))  # type: ignore[return-value]


def zoom(page: Any, direction: str) -> tuple[float, float]:
    """Zoom "in" or "out" one step by its button; return the longest task (ms) and the seconds to the last drawing."""
    frame = frame_of(page)
    frame.evaluate(_RESET)
    page.frame_locator("iframe").first.locator(f".leaflet-control-zoom-{direction}").click()
    page.wait_for_timeout(QUIET_MS)
    return tuple(frame.evaluate(_READ))  # type: ignore[return-value]


def choose_units(page: Any, half: int = LASSO_PX) -> None:
    """Draw around the middle of the map, and wait for the tools that move what was chosen."""
    page.frame_locator("iframe").first.get_by_role("button", name=t("map.draw", LANG)).click()
    box = page.locator("iframe").first.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x + half, y + half)
    page.mouse.down()
    for across, down in ((-half, half), (-half, -half), (half, -half), (half, half)):
        page.mouse.move(x + across, y + down, steps=4)
    page.mouse.up()
    _move_button(page).wait_for()
    idle(page)


def move_s(page: Any, steps: int) -> float:
    """Move what is chosen into the bundle offered; return the seconds until `steps` steps stand beside the map."""
    page.evaluate(_UNTIL, told_steps(steps))
    _move_button(page).click()
    seconds = float(page.evaluate("() => window.gmTold"))
    idle(page)
    return seconds


def told_steps(steps: int) -> str:
    """Return what the page says after so many steps by hand, nothing being locked."""
    return t("hand.state", LANG, steps=steps, bundles=0, units=0)


def change_page_s(page: Any, name: str) -> float:
    """Go to another page by the header; return the seconds until its map has drawn."""
    # The map before has the same look: only a page that says its own name has changed.
    link = page.get_by_role("link", name=t(f"app.page.{name}", LANG), exact=True)
    begin = time.perf_counter()
    link.click()
    page.wait_for_url(f"**/{name}?*")
    link.locator("strong").wait_for()
    browser.wait_for_map(page)
    return time.perf_counter() - begin


def idle(page: Any) -> None:
    """Wait until no run of the page is under way."""
    page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]').wait_for()


def _move_button(page: Any) -> Any:
    return page.get_by_role("button", name=t("hand.move", LANG), exact=True)
