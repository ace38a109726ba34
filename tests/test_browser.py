"""A person's way through the app in a browser that reaches nothing but this machine."""

import io
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import geopandas as gpd
import openpyxl
import pytest
from axe import faults_of
from caches import new_cache

from gunmane.i18n import t

pytestmark = pytest.mark.browser

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
    """The app served on a free port of loopback, with a cache of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = tmp_path_factory.mktemp("app")
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", "app.py", f"--server.port={port}"],
            cwd=ROOT,
            env={
                **os.environ,
                "GUNMANE_CACHE": str(new_cache(tmp_path_factory)),
                "GUNMANE_WORKSPACE": str(folder / "plans.sqlite"),
            },
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait_until_it_serves(port, server)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(30)
    said = (folder / "log").read_text("utf-8", "replace")
    assert "Traceback" not in said, said[-3000:]


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
    """Wait until the map of the page has drawn every layer; return it."""
    drawn = tab.frame_locator("iframe").first.locator('.leaflet-container[data-busy="no"]')
    drawn.wait_for(state="visible")
    return drawn


def open_page(tab, address, name="", **query):
    asked = "&".join(f"{key}={value}" for key, value in query.items())
    tab.goto(f"{address}/{name}?{asked}")


LAND_AND_ROOM = """(() => {
    const land = map.gunmane.stage.sources.find((source) => source.spec.name === "ground.land").places;
    const size = 2 ** map.getZoom();
    const at = (x, y) => map.latLngToContainerPoint(map.unproject([x * size, y * size], map.getZoom()));
    const home = map.getContainer();
    const band = home.querySelector(".gm-band").offsetHeight, foot = home.querySelector(".gm-foot").offsetHeight;
    const first = at(Math.min(...land.map((p) => p.box[0])), Math.min(...land.map((p) => p.box[1])));
    const last = at(Math.max(...land.map((p) => p.box[2])), Math.max(...land.map((p) => p.box[3])));
    return [first.x, first.y - band, last.x, last.y - band, home.clientWidth, home.clientHeight - band - foot];
})()"""


SMALL_TEXT = """() => [...document.querySelectorAll(".stApp *")]
    .filter(e => e.offsetParent && [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()))
    .filter(e => parseFloat(getComputedStyle(e).fontSize) < 14 && parseFloat(getComputedStyle(e).fontSize) > 0)
    .map(e => e.tagName + " " + e.className + " " + e.textContent.slice(0, 40))"""


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


def test_the_way_from_the_map_of_japan_to_the_files(page, address, tmp_path):
    open_page(page, address)
    legend = open_map(page).locator(".gm-legend")
    assert t("map.kind.wide_area", "ja") in legend.inner_text()
    assert page.locator('[class*="st-key-card_"]').count() == 11

    page.get_by_role("button", name=t("start.open", "ja")).nth(5).click()
    page.wait_for_url("**/region?*")
    assert f"region={REGION}" in page.url
    page.get_by_role("button", name=t("app.page.group", "ja")).click()
    page.wait_for_url("**/group?*")
    drawn = open_map(page)
    assert painted(page, drawn) > 5
    _click_a_bundle(page, drawn)

    page.get_by_text("English", exact=True).click()
    page.get_by_role("link", name=t("app.page.output", "en")).wait_for()
    page.get_by_role("link", name=t("app.page.output", "en")).click()
    bundles = _downloaded(page, t("output.file.bundles_geojson", "en"), tmp_path)
    table = gpd.read_file(bundles)
    assert len(table) >= 1
    assert table.crs.to_epsg() == 4326
    assert table["bundle_id"].is_unique
    book = openpyxl.load_workbook(_downloaded(page, t("output.file.workbook_xlsx", "en"), tmp_path))
    cells = {cell.value for row in book.worksheets[1].iter_rows() for cell in row}
    assert set(table["bundle_id"]) <= cells


def _click_a_bundle(tab, drawn):
    """Click across the map until a bundle's sentences stand beside it."""
    box = drawn.bounding_box()
    told = tab.get_by_label(t("group.pick_bundle", "ja")).first
    for across, down in ((0.5, 0.45), (0.55, 0.5), (0.6, 0.4), (0.45, 0.55), (0.4, 0.4), (0.65, 0.5)):
        tab.mouse.click(box["x"] + box["width"] * across, box["y"] + box["height"] * down)
        for _ in range(50):
            if told.is_visible():
                return
            tab.wait_for_timeout(200)
    pytest.fail("no click met a bundle")


def _downloaded(tab, label, folder):
    with tab.expect_download() as arriving:
        tab.get_by_role("button", name=label, exact=True).click()
    path = folder / arriving.value.suggested_filename
    arriving.value.save_as(path)
    return path


@pytest.mark.parametrize("lang", ["ja", "en"])
@pytest.mark.parametrize("name", ["", "region", "data", "group", "compare", "output"])
def test_a_page_fits_a_small_screen_and_shows_no_fault(page, address, name, lang):
    open_page(page, address, name, region=REGION, lang=lang)
    page.locator(".gm-disclaimer").wait_for()
    if name not in ("compare", "data"):
        open_map(page)
    page.wait_for_timeout(1500)
    assert page.locator('[data-testid="stException"]').count() == 0
    assert page.locator('[data-testid="stAlertContentError"]').count() == 0
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert page.locator('[data-testid="stHeader"]').is_hidden()
    assert faults_of(page) == []
    # A screen at 200 %.
    page.set_viewport_size({"width": 683, "height": 384})
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


@pytest.mark.parametrize("lang", ["ja", "en"])
def test_the_map_of_japan_names_every_region(page, address, lang):
    open_page(page, address, lang=lang)
    open_map(page)
    page.wait_for_timeout(1500)
    names = in_map(page, "map.gunmane.stage.written.map((label) => label.place.id)")
    assert len(set(names)) == 11


def test_a_region_is_whole_in_the_first_view_of_every_page(page, address):
    open_page(page, address, "region", region=REGION)
    for name in ("region", "group", "compare", "output"):
        # By the header, in one tab: a map of another height must not take over the view.
        page.get_by_role("link", name=t(f"app.page.{name}", "ja")).click()
        page.wait_for_url(f"**/{name}?*")
        open_map(page)
        page.wait_for_timeout(2000)
        west, north, east, south, width, height = in_map(page, LAND_AND_ROOM)
        assert west >= 0 and east <= width
        assert north >= 0 and south <= height


def test_the_smallest_text_is_fourteen_pixels(page, address):
    open_page(page, address, "region", region=REGION)
    open_map(page)
    assert page.evaluate(SMALL_TEXT) == []


def test_the_region_can_be_walked_with_the_keyboard(page, address):
    open_page(page, address, "region", region=REGION)
    open_map(page)
    focused = "(document.activeElement.textContent || document.activeElement.ariaLabel || '').trim()"
    met = []
    while t("condition.1", "ja") not in met and len(met) < 30:
        page.keyboard.press("Tab")
        met.append(page.evaluate(focused))
    assert [t(f"app.page.{name}", "ja") for name in ("start", "region", "group")] == [
        words for words in met if words in {t(f"app.page.{n}", "ja") for n in ("start", "region", "group")}
    ]
    page.keyboard.press("ArrowRight")
    assert page.evaluate(focused) == t("condition.2", "ja")


LEDGER = (
    "橋梁番号,呼び名,架設年度,判定区分,管理者コード,緯度,経度,橋長（m）\n"
    + "".join(
        f"00{n},ほかの人に見せない橋{n},S5{n},Ⅲ,29212,{34.50 + n / 100},{135.93 + n / 100},12.5\n"
        for n in range(1, 6)
    )
    + "009,遠い橋,S50,Ⅱ,29212,34.2,135.2,8.0\n"
).encode("cp932")
BAD_FILES = {
    "empty.geojson": b"",
    "words.xlsx": b"these are words",
    "no_place.csv": "公園名,面積\n中央公園,500\n".encode(),
}


def bring(tab, files):
    """Drop files on the page データ and wait until each was read."""
    field = tab.locator('[class*="st-key-ledger_files_"] input[type="file"]').first
    field.wait_for(state="attached")
    field.set_input_files(
        [{"name": name, "mimeType": "", "buffer": io.BytesIO(data).read()} for name, data in files.items()]
    )
    for name in files:
        tab.locator(".gm-file", has_text=name).first.wait_for()


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


def test_bad_files_are_told_a_column_is_corrected_and_the_good_one_planned_with(page, address, tmp_path):
    open_page(page, address, "data", region=REGION)
    page.get_by_text(t("data.empty", "ja")).wait_for()
    bring(page, {**BAD_FILES, "橋.csv": LEDGER})
    cards = page.locator(".gm-card")
    assert cards.count() == 4
    assert cards.filter(has_text=t("data.state.failed", "ja")).count() >= 2
    page.locator('[class*="st-key-look_"] button').last.click()
    page.locator(".gm-title", has_text="橋.csv").wait_for()

    page.get_by_role("tab", name=t("data.part.faults", "ja"), exact=True).click()
    page.get_by_text(t("files.fault.outside_region", "ja"), exact=True).first.wait_for()
    book = openpyxl.load_workbook(_downloaded(page, t("data.send_back", "ja"), tmp_path))
    assert "遠い橋" in {cell.value for cell in book.worksheets[0][3]}

    page.get_by_role("tab", name=t("data.part.columns", "ja"), exact=True).click()
    choose(page, t("ledger_column.name", "ja"), "呼び名")
    page.get_by_role("button", name=t("data.read_with", "ja"), exact=True).click()
    page.locator(".gm-next", has_text=t("data.next.rejected", "ja", count="1")).wait_for()

    page.get_by_role("button", name=t("data.plan_with", "ja"), exact=True).click()
    page.wait_for_url("**/group?*")
    open_map(page)
    assert page.get_by_text(t("notice.sample.mixed", "ja")).first.is_visible()
    page.get_by_role("link", name=t("app.page.region", "ja")).click()
    page.wait_for_url("**/region?*")
    open_map(page)
    page.get_by_placeholder(t("region.search", "ja")).fill("見せない橋3")
    page.keyboard.press("Enter")
    page.get_by_text(
        re.compile(t("region.hits_lead", "ja", count=1, limit=20).split("（")[0])
    ).first.wait_for()


def shapefile(folder):
    """Bridges without attributes but a key, as the files that make up a shapefile."""
    points = gpd.points_from_xy(
        [135.93 + n / 100 for n in range(1, 6)], [34.50 + n / 100 for n in range(1, 6)]
    )
    gpd.GeoDataFrame({"kyo_no": [f"00{n}" for n in range(1, 6)]}, geometry=points, crs=6668).to_file(
        folder / "橋梁.shp", encoding="utf-8"
    )
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def card(tab, name):
    return tab.locator(".gm-card", has_text=name)


def test_parts_of_a_shapefile_are_one_file_and_the_missing_ones_are_asked_for(page, address, tmp_path):
    parts = shapefile(tmp_path)
    open_page(page, address, "data", region=REGION)
    bring(page, {"橋梁.dbf": parts.pop("橋梁.dbf")})
    page.locator(".gm-fault", has_text=".shp .shx").wait_for()
    assert card(page, "橋梁.dbf").count() == 1
    field = page.locator('[class*="st-key-ledger_files_"] input[type="file"]').first
    idle(page)
    field.set_input_files([{"name": n, "mimeType": "", "buffer": data} for n, data in parts.items()])
    card(page, "橋梁.shp").get_by_text(t("data.state.read", "ja"), exact=True).wait_for()
    assert page.locator(".gm-card").count() == 1


def test_a_table_and_its_shapes_are_put_together_and_planned_with(page, address, tmp_path):
    table = "kyo_no,橋梁名,判定区分,管理者コード\n" + "".join(
        f"00{n},結合橋{n},Ⅲ,29212\n" for n in range(1, 6)
    )
    open_page(page, address, "data", region=REGION)
    bring(page, {"一覧.csv": table.encode("cp932")})
    idle(page)
    parts = shapefile(tmp_path)
    field = page.locator('[class*="st-key-ledger_files_"] input[type="file"]').first
    field.set_input_files([{"name": n, "mimeType": "", "buffer": data} for n, data in parts.items()])
    card(page, "橋梁.shp").get_by_text(t("data.next.used_up", "ja")).wait_for()
    joined = t("note.ledger_joined", "ja", file="一覧.csv", other="橋梁.shp", by="kyo_no", rows=5, found=5)
    card(page, "一覧.csv").get_by_text(joined).first.wait_for()
    idle(page)
    page.get_by_role("button", name=t("data.plan_with", "ja"), exact=True).click()
    page.wait_for_url("**/group?*")
    assert page.get_by_text(t("notice.sample.mixed", "ja")).first.is_visible()


@pytest.mark.parametrize("lang", ["ja", "en"])
@pytest.mark.parametrize("name", ["", "region", "data", "group", "compare", "output"])
def test_at_two_hundred_percent_nothing_is_cut_off_at_the_side(page, address, name, lang):
    page.set_viewport_size({"width": 683, "height": 384})
    open_page(page, address, name, region=REGION, lang=lang)
    page.locator(".gm-credits").wait_for(state="attached")
    if name == "data":
        bring(page, {"橋.csv": LEDGER})
    idle(page)
    cut = """() => [...document.querySelectorAll(".stApp button, .stApp input, .stApp h3, .gm-card, .gm-bands")]
        .filter(e => e.offsetParent && !e.closest('[role="tablist"], .gm-table, [data-testid="stDataFrame"]'))
        .filter(e => e.getBoundingClientRect().right > innerWidth + 1)
        .map(e => e.tagName + " " + (e.textContent || e.ariaLabel))"""
    assert page.evaluate(cut) == []


def test_the_smallest_text_of_the_data_page_is_fourteen_pixels(page, address):
    open_page(page, address, "data", region=REGION)
    bring(page, {"empty.geojson": b"", "橋.csv": LEDGER})
    page.wait_for_timeout(1500)
    assert page.evaluate(SMALL_TEXT) == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_a_page_of_one_user_never_shows_the_files_of_another(browser, address):
    one, other = browser.new_context(), browser.new_context()
    try:
        first = one.new_page()
        first.set_default_timeout(PATIENCE_MS)
        open_page(first, address, "data", region=REGION)
        bring(first, {"secret.csv": LEDGER.decode("cp932").replace("呼び名", "橋梁名").encode()})
        first.get_by_role("button", name=t("data.plan_with", "ja"), exact=True).click()
        first.wait_for_url("**/group?*")
        open_map(first)
        second = other.new_page()
        second.set_default_timeout(PATIENCE_MS)
        open_page(second, address, "region", region=REGION)
        open_map(second)
        second.get_by_placeholder(t("region.search", "ja")).fill("見せない")
        second.keyboard.press("Enter")
        second.get_by_text(t("region.nothing_found", "ja", text="見せない")).wait_for()
        open_page(second, address, "data", region=REGION)
        second.get_by_text(t("data.empty", "ja")).wait_for()
        assert second.get_by_text("secret.csv").count() == 0
    finally:
        one.close()
        other.close()


# -- several units at once ----------------------------------------------------------------------------------

CHOSEN = "[...map.gunmane.choosing.ids]"
INSIDE = """(([x, y, r]) => map.gunmane.choosing.placesOf().filter((place) => {
    const spot = map.latLngToContainerPoint(map.unproject(
        [place.at[0] * 2 ** map.getZoom(), place.at[1] * 2 ** map.getZoom()], map.getZoom()));
    return Math.abs(spot.x - x) < r && Math.abs(spot.y - y) < r;
}).map((place) => place.id))"""


def draw_square(page, half, *, modifier=None):
    """Draw around the middle of the map; return its place in the frame."""
    frame = page.locator("iframe").first.bounding_box()
    x, y = frame["width"] / 2, frame["height"] / 2
    corners = [(half, half), (-half, half), (-half, -half), (half, -half), (half, half)]
    if modifier:
        page.keyboard.down(modifier)
    page.mouse.move(frame["x"] + x + half, frame["y"] + y + half)
    page.mouse.down()
    for dx, dy in corners[1:]:
        page.mouse.move(frame["x"] + x + dx, frame["y"] + y + dy, steps=4)
    page.mouse.up()
    if modifier:
        page.keyboard.up(modifier)
    return x, y


def test_units_are_chosen_by_drawing_around_them_and_their_sum_is_shown(page, address):
    open_page(page, address, "group", region=REGION)
    drawn = open_map(page)
    page.frame_locator("iframe").first.get_by_role("button", name=t("map.draw", "ja")).click()
    x, y = draw_square(page, 60)
    chosen = in_map(page, CHOSEN)
    assert sorted(chosen) == sorted(in_map(page, f"{INSIDE}([{x}, {y}, 60])"))
    assert len(chosen) > 3
    page.get_by_text(t("group.chosen_title", "ja", count=len(chosen))).wait_for()
    # The page ran again with the choice: nothing of it is lost, nor does the line stay.
    assert sorted(in_map(page, CHOSEN)) == sorted(chosen)
    assert drawn.get_attribute("data-chosen") == str(len(chosen))


def test_drawing_with_alt_leaves_units_out(page, address):
    open_page(page, address, "group", region=REGION)
    open_map(page)
    page.frame_locator("iframe").first.get_by_role("button", name=t("map.draw", "ja")).click()
    draw_square(page, 90)
    before = set(in_map(page, CHOSEN))
    x, y = draw_square(page, 40, modifier="Alt")
    assert set(in_map(page, CHOSEN)) == before - set(in_map(page, f"{INSIDE}([{x}, {y}, 40])"))


def test_units_are_chosen_with_the_keyboard_alone(page, address):
    open_page(page, address, "group", region=REGION)
    drawn = open_map(page)
    drawn.focus()
    page.keyboard.press(" ")
    assert len(in_map(page, CHOSEN)) == 1
    page.keyboard.press(" ")
    assert in_map(page, CHOSEN) == []


def test_a_drag_without_the_tool_moves_the_map_and_chooses_nothing(page, address):
    open_page(page, address, "group", region=REGION)
    open_map(page)
    draw_square(page, 60)
    assert in_map(page, CHOSEN) == []


# -- shaping by hand ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["ja", "en"])
def test_chosen_units_are_moved_and_the_move_is_taken_back_and_done_again(page, address, lang):
    open_page(page, address, "group", region=REGION, lang=lang)
    open_map(page)
    page.frame_locator("iframe").first.get_by_role("button", name=t("map.draw", lang)).click()
    draw_square(page, 50)

    def steps(count):
        return page.get_by_text(t("hand.state", lang, steps=count, bundles=0, units=0))

    page.get_by_role("button", name=t("hand.move", lang), exact=True).click()
    steps(1).wait_for()
    # What the step changed stands beside the map.
    page.get_by_role("heading", name=t("step.did", lang, what="").strip()).wait_for()
    page.get_by_role("row", name=t("step.plan", lang)).filter(has_text="→").wait_for()
    page.keyboard.press("Control+z")
    steps(0).wait_for()
    page.get_by_role("button", name=t("hand.redo", lang)).click()
    steps(1).wait_for()
    assert page.locator('[data-testid="stException"]').count() == 0


def test_a_locked_unit_stays_and_the_page_says_why(page, address):
    open_page(page, address, "group", region=REGION)
    open_map(page)
    page.frame_locator("iframe").first.get_by_role("button", name=t("map.draw", "ja")).click()
    draw_square(page, 50)
    chosen = len(in_map(page, CHOSEN))
    page.get_by_role("button", name=t("hand.lock", "ja"), exact=True).click()
    page.get_by_text(t("hand.state", "ja", steps=1, bundles=0, units=chosen)).wait_for()
    page.get_by_role("button", name=t("hand.move", "ja"), exact=True).click()
    page.get_by_text("固定されています").wait_for()
    page.get_by_text(t("hand.state", "ja", steps=1, bundles=0, units=chosen)).wait_for()


def test_a_plan_shaped_by_hand_is_there_again_in_a_new_session(browser, page, address):
    open_page(page, address, "group", region="wakayama_ito")
    open_map(page)
    page.frame_locator("iframe").first.get_by_role("button", name=t("map.draw", "ja")).click()
    draw_square(page, 50)
    page.get_by_role("button", name=t("hand.move", "ja"), exact=True).click()
    page.get_by_text(t("kept.saved", "ja")).wait_for()
    page.close()
    again = browser.new_context(viewport={"width": 1366, "height": 768}).new_page()
    again.set_default_timeout(PATIENCE_MS)
    open_page(again, address, "group", region="wakayama_ito")
    again.get_by_text(t("kept.title", "ja", count=1)).click()
    again.get_by_role("button", name=t("kept.open", "ja"), exact=True).click()
    again.get_by_text(t("hand.state", "ja", steps=1, bundles=0, units=0)).wait_for()
    again.context.close()


def test_the_map_goes_to_the_next_problem_and_the_engine_goes_on_from_the_hand_made_plan(page, address):
    open_page(page, address, "group", region=REGION)
    open_map(page)
    page.frame_locator("iframe").first.get_by_role("button", name=t("map.draw", "ja")).click()
    draw_square(page, 50)
    page.get_by_role("button", name=t("hand.move", "ja"), exact=True).click()
    page.get_by_text(t("hand.state", "ja", steps=1, bundles=0, units=0)).wait_for()
    before = in_map(page, "map.getZoom()")
    page.get_by_role("button", name=re.compile("次の問題へ")).click()
    page.wait_for_timeout(4000)
    assert in_map(page, "map.getZoom()") > before
    page.get_by_role("button", name=t("hand.improve", "ja")).click()
    page.get_by_text("より良い案が見つかり").wait_for()
    page.get_by_text(t("hand.state", "ja", steps=2, bundles=0, units=0)).wait_for()
