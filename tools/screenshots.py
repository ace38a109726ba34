"""
Take the pictures of every page: `make screenshots`, or `python tools/screenshots.py [--only NAME …]`.

Starts the app on a free port of this machine with sample data and no saved plans, opens it in Chromium with everything
outside blocked, and writes docs/images/PAGE_LANG.png (1366 x 768, 256 colours so that each stays small). Those of the
page データ show ledgers that are made for them from the sample and brought as a user would; those of the saved plans
one plan that was saved as a user would, with the time at which that was.
"""

from __future__ import annotations

import argparse
import io
import pathlib
import re
import sys
import tempfile
from typing import Any

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench import browser  # noqa: E402
from gunmane.i18n import t  # noqa: E402
from tools.example_ledgers import example_ledgers  # noqa: E402

FOLDER = ROOT / "docs" / "images"
MAX_BYTES = 400_000
SETTLE_MS = 1_500
REGION = "nara_uda"
LANGS = ("ja", "en")
# The plan that is saved for the last one would stand in the lists of those before.
PAGES = ("start", "region", "data", "group", "compare", "what_if", "output", "plans")
SHOTS = {
    f"{page}_{lang}": ("" if page == "start" else page)
    + f"?lang={lang}"
    + ("" if page == "start" else f"&region={REGION}")
    for page in PAGES
    for lang in LANGS
}
# The guide of a first visit is closed: it has its own words in the README.
GUIDE = {"name": "gunmane_tour", "value": "closed"}
TOWN = "29212"


def take(page: Any, url: str, path: pathlib.Path) -> int:
    """
    Write one picture and return its size in bytes.

    Raises
    ------
    RuntimeError
        If the page shows an error, or the picture is too large.
    """
    name, lang = path.stem.rsplit("_", 1)
    if name == "plans":
        save_plan(page, url.replace("/plans?", "/group?"), lang)
    else:
        page.goto(url)
    if name == "data":
        plan_with_ledgers(page, lang)
    page.locator(".gm-credits").wait_for()
    browser.wait_for_maps(page)
    page.wait_for_timeout(SETTLE_MS)
    if page.locator('[data-testid="stException"]').count():
        msg = f"{url} shows an error; no picture taken"
        raise RuntimeError(msg)
    picture = small_png(page.screenshot())
    if len(picture) > MAX_BYTES:
        msg = f"{path.name} has {len(picture):,} bytes, more than {MAX_BYTES:,}"
        raise RuntimeError(msg)
    path.write_bytes(picture)
    return len(picture)


def plan_with_ledgers(page: Any, lang: str) -> None:
    """Bring example ledgers to the page データ, plan with them, and come back to look at the first one."""
    with tempfile.TemporaryDirectory(prefix="gunmane-") as folder:
        paths = []
        for name, content in example_ledgers(REGION, TOWN).items():
            path = pathlib.Path(folder) / name
            path.write_bytes(content)
            paths.append(str(path))
        field = page.locator('[class*="st-key-ledger_files_"] input[type="file"]').first
        field.wait_for(state="attached")
        field.set_input_files(paths)
        page.locator(".gm-card").nth(len(paths) - 1).wait_for()
    page.get_by_role("button", name=t("data.plan_with", lang), exact=True).click()
    browser.wait_for_map(page)
    page.get_by_role("link", name=t("app.page.data", lang)).click()
    page.locator(".gm-card").nth(len(paths) - 1).wait_for()


def save_plan(page: Any, url: str, lang: str) -> None:
    """Save the plan of 群を組む as it was computed, and go to the page of saved plans."""
    page.goto(url)
    browser.wait_for_map(page)
    page.get_by_role("button", name=t("plans.keep_now", lang), exact=True).click()
    page.get_by_text(t("kept.saved", lang)).first.wait_for()
    page.get_by_role("link", name=re.compile(t("plans.chip_saved", lang, name=".*"))).click()
    page.wait_for_url("**/plans?*")
    page.get_by_text(t("plans.record", lang)).first.wait_for()


def small_png(content: bytes) -> bytes:
    """Return a PNG with a palette of 256 colours, without anything but the picture in it."""
    from PIL import Image

    with Image.open(io.BytesIO(content)) as picture:
        palette = picture.convert("RGB").quantize(
            256, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE
        )
    out = io.BytesIO()
    palette.save(out, format="PNG", optimize=True)
    return out.getvalue()


def take_all(names: list[str], outside: list[str]) -> None:
    """Take pictures from a server without saved plans; what was asked for outside this machine is added to a list."""
    with (
        tempfile.TemporaryDirectory(prefix="gunmane-") as folder,
        browser.launched() as chromium,
        browser.serve(workspace=pathlib.Path(folder) / "plans.sqlite") as server,
    ):
        for name in names:
            # A person of his own each time: no picture depends on those before it.
            page = browser.new_page(chromium, outside)
            page.context.add_cookies([{**GUIDE, "url": server.url}])
            size = take(page, f"{server.url}/{SHOTS[name]}", FOLDER / f"{name}.png")
            page.context.close()
            print(f"{name}.png {size:,} bytes", flush=True)


def main() -> int:
    """Take the chosen pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", choices=sorted(SHOTS), help="take these alone")
    chosen = parser.parse_args().only or list(SHOTS)
    reason = browser.missing_reason()
    if reason:
        print(f"no pictures: {reason}", file=sys.stderr)
        return 1
    FOLDER.mkdir(parents=True, exist_ok=True)
    outside: list[str] = []
    for lang in LANGS:
        take_all([name for name in chosen if name.endswith(lang)], outside)
    if outside:
        print(f"asked for outside the machine: {outside[:3]}", file=sys.stderr)
    return int(bool(outside))


if __name__ == "__main__":
    sys.exit(main())
