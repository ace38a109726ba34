"""Pages that somebody without a mouse, without colours or with a screen at 200 % can use, in a real browser."""

import pytest
from axe import faults_of
from browsing import REGION, idle, in_map, open_map, open_page

from app_pages import tour
from gunmane.i18n import t

pytestmark = pytest.mark.browser


def test_a_map_is_not_made_anew_by_the_first_thing_chosen_after_a_region_was_made_ready(page, address):
    open_page(page, address, "region", region=REGION)
    open_map(page)
    in_map(page, "window.isTheSame = true")
    page.get_by_role("button", name=t("region.grade.3", "ja"), exact=True).click()
    page.frame_locator("iframe").first.get_by_text(t("map.grade.1", "ja")).wait_for(state="hidden")
    assert in_map(page, "window.isTheSame")


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


def test_the_help_opens_by_its_key_and_keeps_nobody_out(page, address):
    open_page(page, address, "data", region=REGION, lang="en")
    page.locator(".gm-credits").wait_for()
    idle(page)
    page.keyboard.press("?")
    page.get_by_role("heading", name=t("help.keys", "en")).wait_for()
    assert faults_of(page) == []
    page.keyboard.press("Escape")
    page.get_by_role("heading", name=t("help.keys", "en")).wait_for(state="hidden")


def test_a_term_is_opened_and_closed_by_keyboard(page, address):
    open_page(page, address, "data", region=REGION)
    page.locator(".gm-credits").wait_for()
    idle(page)
    page.locator(".gm-terms").get_by_role("button", name=t("term.ledger", "ja"), exact=True).focus()
    page.keyboard.press("Enter")
    meaning = page.get_by_text(t("meaning.ledger", "ja"))
    meaning.wait_for()
    page.keyboard.press("Escape")
    meaning.wait_for(state="hidden")


def test_a_guide_that_was_closed_stays_closed_in_the_same_browser(page, address):
    open_page(page, address, "data")
    page.get_by_role("button", name=t("tour.close", "ja")).click()
    page.wait_for_function(f"document.cookie.includes('{tour.COOKIE}={tour.CLOSED}')")
    open_page(page, address)
    page.locator(".gm-credits").wait_for()
    idle(page)
    assert page.get_by_role("button", name=t("tour.close", "ja")).count() == 0
