"""
Take the pictures of the README files: `python tools/screenshots.py [--only NAME …]`.

Starts the app on a free port of this machine with sample data, opens it in Chromium with everything outside blocked,
and writes docs/images/NAME.png (1366 x 768, 256 colours so that each stays small). Those of the page データ show
ledgers that are made for them from the sample and brought as a user would.
"""

from __future__ import annotations

import argparse
import io
import pathlib
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
SHOTS = {
    "start_ja": "?lang=ja",
    "region_ja": f"region?lang=ja&region={REGION}",
    "group_ja": f"group?lang=ja&region={REGION}",
    "compare_ja": f"compare?lang=ja&region={REGION}",
    "group_en": f"group?lang=en&region={REGION}",
    "data_ja": f"data?lang=ja&region={REGION}",
    "data_en": f"data?lang=en&region={REGION}",
}
LEDGERS = ("data_ja", "data_en")
TOWN = "29212"


def take(page: Any, url: str, path: pathlib.Path) -> int:
    """
    Write one picture and return its size in bytes.

    Raises
    ------
    RuntimeError
        If the page shows an error, or the picture is too large.
    """
    page.goto(url)
    if path.stem in LEDGERS:
        plan_with_ledgers(page, path.stem[-2:])
    else:
        browser.wait_for_map(page)
    page.locator('[data-testid="stStatusWidget"]').wait_for(state="detached")
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
    with browser.open_page() as (page, outside), browser.serve() as server:
        for name in chosen:
            size = take(page, f"{server.url}/{SHOTS[name]}", FOLDER / f"{name}.png")
            print(f"{name}.png {size:,} bytes")
    if outside:
        print(f"asked for outside the machine: {outside[:3]}", file=sys.stderr)
    return int(bool(outside))


if __name__ == "__main__":
    sys.exit(main())
