"""A person's way through the app in a browser that reaches nothing but this machine."""

import io
import re

import geopandas as gpd
import openpyxl
import pytest
from axe import faults_of
from browsing import (
    PATIENCE_MS,
    REGION,
    arrived,
    choose,
    downloaded,
    go_to,
    idle,
    map_says,
    open_map,
    open_page,
    painted,
)

from gunmane.i18n import t

pytestmark = pytest.mark.browser

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


def test_the_way_from_the_map_of_japan_to_the_files(page, address, tmp_path):
    open_page(page, address)
    legend = open_map(page).locator(".gm-legend")
    assert t("map.kind.wide_area", "ja") in legend.inner_text()
    assert page.locator('[class*="st-key-card_"]').count() == 11

    page.locator(f".st-key-card_{REGION}").get_by_role("button", name=t("start.open", "ja")).click()
    arrived(page, "region")
    assert f"region={REGION}" in page.url
    page.get_by_role("button", name=t("region.to_group", "ja")).click()
    arrived(page, "group")
    drawn = open_map(page)
    assert painted(page, drawn) > 5
    _click_a_bundle(page, drawn)

    page.get_by_text("English", exact=True).click()
    go_to(page, "output", "en")
    bundles = downloaded(page, t("output.file.bundles_geojson", "en"), tmp_path)
    table = gpd.read_file(bundles)
    assert len(table) >= 1
    assert table.crs.to_epsg() == 4326
    assert table["bundle_id"].is_unique
    book = openpyxl.load_workbook(downloaded(page, t("output.file.workbook_xlsx", "en"), tmp_path))
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


@pytest.mark.parametrize("lang", ["ja", "en"])
@pytest.mark.parametrize("name", ["", "region", "data", "group", "compare", "what_if", "plans", "output"])
def test_a_page_fits_a_small_screen_and_shows_no_fault(page, address, name, lang):
    open_page(page, address, name, region=REGION, lang=lang)
    # The last line of the page: all above it has been shown.
    page.locator(".gm-credits").wait_for()
    idle(page)
    if name not in ("compare", "data", "plans"):
        open_map(page)
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
    map_says(page, "new Set(map.gunmane.stage.written.map((label) => label.place.id)).size === 11")


def test_a_region_is_whole_in_the_first_view_of_every_page(page, address):
    open_page(page, address, "region", region=REGION)
    for name in ("region", "group", "compare", "output"):
        # By the header, in one tab: a map of another height must not take over the view.
        go_to(page, name)
        open_map(page)
        # A map of another height frames the land anew, shortly after it has drawn.
        map_says(page, f"(([w, n, e, s, x, y]) => w >= 0 && e <= x && n >= 0 && s <= y)({LAND_AND_ROOM})")


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


def test_bad_files_are_told_a_column_is_corrected_and_the_good_one_planned_with(page, address, tmp_path):
    open_page(page, address, "data", region=REGION)
    page.get_by_text(t("data.empty", "ja")).wait_for()
    bring(page, {**BAD_FILES, "橋.csv": LEDGER})
    idle(page)
    cards = page.locator(".gm-card")
    assert cards.count() == 4
    assert cards.filter(has_text=t("data.state.failed", "ja")).count() >= 2
    page.locator('[class*="st-key-look_"] button').last.click()
    page.locator(".gm-title", has_text="橋.csv").wait_for()

    page.get_by_role("tab", name=t("data.part.faults", "ja"), exact=True).click()
    page.get_by_text(t("files.fault.outside_region", "ja"), exact=True).first.wait_for()
    book = openpyxl.load_workbook(downloaded(page, t("data.send_back", "ja"), tmp_path))
    assert "遠い橋" in {cell.value for cell in book.worksheets[0][3]}

    page.get_by_role("tab", name=t("data.part.columns", "ja"), exact=True).click()
    choose(page, t("ledger_column.name", "ja"), "呼び名")
    page.get_by_role("button", name=t("data.read_with", "ja"), exact=True).click()
    page.locator(".gm-next", has_text=t("data.next.rejected", "ja", count="1")).wait_for()

    page.get_by_role("button", name=t("data.plan_with", "ja"), exact=True).click()
    arrived(page, "group")
    open_map(page)
    assert page.get_by_text(t("notice.sample.mixed", "ja")).first.is_visible()
    go_to(page, "region")
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
    arrived(page, "group")
    page.get_by_text(t("notice.sample.mixed", "ja")).first.wait_for()


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
        arrived(first, "group")
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
