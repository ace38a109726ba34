"""Pages that somebody without a mouse, without colours or with a screen at 200 % can use, in a real browser."""

import pytest
from axe import faults_of
from browsing import REGION, open_map, open_page

from gunmane.i18n import t

pytestmark = pytest.mark.browser


def test_nothing_behind_a_tab_of_a_region_keeps_anybody_out(page, address):
    open_page(page, address, "region", region=REGION)
    open_map(page)
    found = []
    for name in ("data", "today", "decided", "load"):
        page.get_by_role("tab", name=t(f"region.tab.{name}", "ja")).click()
        found += faults_of(page)
    assert found == []


def test_nothing_about_a_chosen_unit_keeps_anybody_out(page, address):
    open_page(page, address, "group", region=REGION)
    drawn = open_map(page)
    drawn.focus()
    page.keyboard.press(" ")
    page.get_by_role("button", name=t("hand.move", "ja"), exact=True).wait_for()
    assert faults_of(page) == []
