"""ほかの市町村で組む by keyboard in a browser that reaches nothing but this machine."""

import re

import pytest
from browsing import open_map, open_page

from gunmane.i18n import t

pytestmark = pytest.mark.browser


def test_municipalities_are_found_by_their_reading_and_opened_by_keyboard(page, address):
    open_page(page, address, lang="ja")
    page.get_by_text(t("own_region.title", "ja")).click()
    field = page.get_by_label(t("own_region.choose", "ja"))
    for reading, name in (("うだ", "宇陀市"), ("そに", "曽爾村")):
        field.click()
        page.keyboard.type(reading)
        # The list is long at first and grows short by what is typed: Enter takes what stands first.
        page.locator('[role="option"]').first.filter(has_text=name).wait_for()
        page.keyboard.press("Enter")
        page.locator("[data-tag]").filter(has_text=name).wait_for()
    page.keyboard.press("Escape")
    # What the server understood: both of them.
    page.get_by_text("宇陀市・曽爾村").first.wait_for()
    page.get_by_role("button", name=t("own_region.go", "ja")).click()
    page.wait_for_url(re.compile("region=own-29212-29385"))
    open_map(page)
    assert page.get_by_role("heading", name="宇陀市・曽爾村").is_visible()


def test_the_address_of_such_a_region_opens_it_again_in_english(page, address):
    open_page(page, address, "region", lang="en", region="own-29212-29385")
    open_map(page)
    assert page.get_by_role("heading", name="Uda and Soni (Nara)").is_visible()
