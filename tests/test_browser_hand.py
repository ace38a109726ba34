"""群を組む by hand in a browser that reaches nothing but this machine: units drawn around, moved, locked, kept."""

import re

import pytest
from browsing import PATIENCE_MS, REGION, in_map, map_says, open_map, open_page

from gunmane.i18n import t

pytestmark = pytest.mark.browser

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
    page.get_by_role("table").filter(has_text=t("step.plan", lang)).filter(has_text="→").first.wait_for()
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
    map_says(page, f"map.getZoom() > {before}")
    page.get_by_role("button", name=t("hand.improve", "ja")).click()
    page.get_by_text("より良い案が見つかり").wait_for()
    page.get_by_text(t("hand.state", "ja", steps=2, bundles=0, units=0)).wait_for()


def test_rows_of_the_table_of_units_are_chosen_on_the_map_too(page, address):
    open_page(page, address, "group", region=REGION)
    drawn = open_map(page)
    page.get_by_text(t("group.panel.picked", "ja"), exact=True).click()
    page.get_by_text(t("units.show", "ja"), exact=True).click()
    words = page.get_by_placeholder(t("units.filter", "ja"))
    words.fill("御杖村")
    words.press("Enter")
    page.get_by_text(t("units.note", "ja", count=4, chosen=0)).wait_for()
    table = page.get_by_test_id("stDataFrame").first
    # The left end of the first row, below the headings.
    table.click(position={"x": 18, "y": 53})
    page.get_by_text(t("group.chosen_title", "ja", count=1)).wait_for()
    map_says(page, f"{CHOSEN}.length === 1")
    assert drawn.get_attribute("data-chosen") == "1"
    page.get_by_role("button", name=t("hand.move", "ja"), exact=True).click()
    page.get_by_text(t("hand.state", "ja", steps=1, bundles=0, units=0)).wait_for()
