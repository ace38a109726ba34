"""Two plans side by side in a browser: what is done on one map, or in the table, is seen on both."""

import pytest
from browsing import idle, open_page

from gunmane.i18n import t

pytestmark = pytest.mark.browser

READY = "() => window.map && map.gunmane && map.gunmane.stage.drawn().some((s) => s.spec.kind === 'unit')"
AT = "() => [map.getCenter().lng.toFixed(4), map.getCenter().lat.toFixed(4), map.getZoom()]"
UNDER_POINTER = "() => map.gunmane.stage.hovered && map.gunmane.stage.hovered.place.id"
NAMED = "() => map.gunmane.stage.named ? map.gunmane.stage.named.size : 0"


def until(page, holds):
    """Wait until something holds that two frames tell together."""
    for _ in range(600):
        if holds():
            return
        page.wait_for_timeout(100)
    pytest.fail("it did not come to hold within a minute")


def open_maps(page, address, lang):
    """The frames of both maps, once the page has run to its end and each has drawn its units."""
    open_page(page, address, "compare", region="nara_uda", lang=lang)
    page.get_by_text(t("alternatives.title", lang), exact=True).wait_for()
    idle(page)
    frames = [page.locator("iframe").nth(i).element_handle().content_frame() for i in (0, 1)]
    for frame in frames:
        frame.wait_for_function(READY)
    until(page, lambda: frames[0].evaluate(AT) == frames[1].evaluate(AT))
    return frames


def test_the_other_map_follows_a_hand_and_shows_what_lies_at_the_same_place(page, address):
    one, other = open_maps(page, address, "ja")
    start = one.evaluate(AT)
    box = page.locator("iframe").first.bounding_box()
    # The middle of the map, where the region lies whatever its zoom.
    x, y = box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.5
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 60, y + 20, steps=5)
    page.mouse.up()
    until(page, lambda: start != one.evaluate(AT) == other.evaluate(AT))
    page.mouse.move(x + 62, y + 20)
    until(page, lambda: None is not one.evaluate(UNDER_POINTER) == other.evaluate(UNDER_POINTER))


def test_a_cell_of_the_table_leads_both_maps_to_the_units_behind_it(page, address):
    maps = open_maps(page, address, "en")
    for frame in maps:
        frame.evaluate("() => { window.map.wasHere = true; }")
    page.get_by_role("radio", name=t("difference.table.units", "en")).click()
    page.get_by_label(t("difference.filter", "en")).wait_for()
    idle(page)
    table = page.get_by_test_id("stDataFrame").first
    table.scroll_into_view_if_needed()
    table.click(position={"x": 60, "y": 54})
    until(page, lambda: all(frame.evaluate(NAMED) == 1 for frame in maps))
    # The maps are led there, not made anew.
    assert all(frame.evaluate("() => window.map.wasHere") for frame in maps)
