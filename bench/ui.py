"""Step "ui": how fast the pages are under a hand, and what a server holds while five people work on it."""

from __future__ import annotations

import contextlib
import pathlib
import statistics
import tempfile
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from bench import browser, memory, screens
from bench.networks import Progress
from bench.rows import Target

TIMES = 5
PEOPLE = 5
COLD_S, WARM_S = 6.0, 2.0
TASK_MS, SETTLE_S = 100.0, 0.5
MOVE_S, PAGE_S = 0.4, 1.0
HELD_MB = 1024.0


def ui_figures(region: str, tell: Progress, *, times: int = TIMES) -> Iterator[Target]:
    """
    Measure the pages of a region in a browser of this machine, everything outside blocked.

    Parameters
    ----------
    region
        The region whose pages are opened.
    tell
        Says what is being measured.
    times
        How often each figure is taken (>= 1); the median counts.
    """
    reason = browser.missing_reason()
    if reason:
        yield Target("ui", None, None, "s", reason)
        return
    with tempfile.TemporaryDirectory(prefix="gunmane-bench-") as folder:
        cache = pathlib.Path(folder)
        for part in (_first_maps, _hands, _people):
            tell(f"ui: {part.__name__.strip('_').replace('_', ' ')}")
            try:
                yield from part(region, cache, times)
            except Exception as error:  # noqa: BLE001 - a page that fails is a figure that was not measured
                yield Target(f"ui: {part.__name__}", None, None, "s", str(error).splitlines()[0][:160])


def _first_maps(region: str, cache: pathlib.Path, times: int) -> Iterator[Target]:
    """Time the first map on a server that was just started, and for the next person on the same server."""
    cold, warm = [], []
    with _chromium() as new_page:
        with browser.serve(cache=cache) as server:
            first = screens.open_map_s(new_page(), _address(server, "region", region))
            # The loops of the search are compiled once a machine: that belongs to no figure below.
            screens.open_map_s(new_page(), _address(server, "group", region))
        for _ in range(times):
            with browser.serve(cache=cache) as server:
                cold.append(screens.open_map_s(new_page(), _address(server, "region", region)))
                warm.append(screens.open_map_s(new_page(), _address(server, "region", region)))
    yield Target(f"first map of {region}, nothing kept on the disk", first, None, "s", "once in a lifetime")
    yield _median("first map, server just started", cold, COLD_S, "s", "data in the cache on disk")
    yield _median("first map of the next person", warm, WARM_S, "s", "a browser without anything kept")


def _hands(region: str, cache: pathlib.Path, times: int) -> Iterator[Target]:
    """Time what a hand does: pull, zoom, move units, change pages."""
    with _chromium() as new_page, browser.serve(cache=cache) as server:
        page = new_page()
        screens.open_map_s(page, _address(server, "region", region))
        count = screens.show_sectors(page)
        yield from _view_figures(page, times, f"{count:,} places in the map: {', '.join(screens.SECTORS)}")
        # Another tab: the one above still looks where it was pulled to.
        page = new_page()
        screens.open_map_s(page, _address(server, "group", region))
        screens.choose_units(page)
        moves, spent = [], []
        for step in range(1, times + 1):
            before = memory.cpu_s(server.process.pid)
            moves.append(screens.move_s(page, step))
            spent.append(memory.cpu_s(server.process.pid) - before)
        note = f"server and workers {statistics.median(spent):.2f} CPU s until the page is at rest"
        yield _median("hand move to new figures", moves, MOVE_S, "s", note)
        yield from _page_figures(page, times)


def _view_figures(page: Any, times: int, note: str) -> Iterator[Target]:
    steps: dict[str, Callable[[int], tuple[float, float]]] = {
        "pull": lambda k: screens.drag(page, screens.DRAG_PX * (-1) ** k),
        "zoom in": lambda _: screens.zoom(page, "in"),
        "zoom out": lambda _: screens.zoom(page, "out"),
    }
    seen: dict[str, list[tuple[float, float]]] = {name: [] for name in steps}
    for k in range(times):
        for name, step in steps.items():
            seen[name].append(step(k))
    for name, pairs in seen.items():
        yield _median(f"{name}: longest task", [task for task, _ in pairs], TASK_MS, "ms", note)
        yield _median(f"{name}: settled", [settled for _, settled in pairs], SETTLE_S, "s", note)


def _page_figures(page: Any, times: int) -> Iterator[Target]:
    names = ("region", "group", "compare")
    for name in names:
        # Once each before: what a page makes the first time is the first map's figure, not a page change.
        screens.change_page_s(page, name)
    seen: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(times):
        for name in names:
            seen[name].append(screens.change_page_s(page, name))
    for name, seconds in seen.items():
        yield _median(f"page change to {name}", seconds, PAGE_S, "s", "link in the header to map drawn")


def _people(region: str, cache: pathlib.Path, _times: int) -> Iterator[Target]:
    """Let five people work on one server: each makes as many steps as his number, and sees that many."""
    with _chromium() as new_page, browser.serve(cache=cache) as server:
        pages, held = [], []
        for person in range(1, PEOPLE + 1):
            page = new_page()
            pages.append(page)
            screens.open_map_s(page, _address(server, "region", region))
            screens.change_page_s(page, "group")
            screens.choose_units(page)
            for step in range(1, person + 1):
                screens.move_s(page, step)
            held.append(memory.held_mb(server.process.pid) or 0.0)
        strangers = sum(
            page.get_by_text(screens.told_steps(person)).count() != 1
            for person, page in enumerate(pages, start=1)
        )
        for page in pages:
            screens.change_page_s(page, "compare")
            held.append(memory.held_mb(server.process.pid) or 0.0)
    note = f"server and workers, shared pages once; with one person {held[0]:,.0f} MB"
    yield Target(f"memory with {PEOPLE} people at work", max(held) or None, HELD_MB, "MB", note)
    yield Target("people who see another's steps", float(strangers), 0.0, "", f"{PEOPLE} sessions")


def _median(name: str, values: Sequence[float], limit: float | None, unit: str, note: str) -> Target:
    spread = f"median of {len(values)}, {min(values):.3g}–{max(values):.3g}"
    return Target(name, statistics.median(values), limit, unit, f"{spread}; {note}")


def _address(server: browser.Server, name: str, region: str) -> str:
    return f"{server.url}/{name}?region={region}&lang={screens.LANG}"


@contextlib.contextmanager
def _chromium() -> Iterator[Callable[[], Any]]:
    """Start a browser; each page that it gives is a person's of his own, who has been nowhere before."""
    with browser.launched() as chromium:
        yield lambda: browser.new_page(chromium)
