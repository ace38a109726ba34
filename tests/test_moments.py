"""Moments on the pages: by the clock of the browser, which is named."""

from unittest.mock import PropertyMock, patch

import pytest

from app_pages import moments


@pytest.fixture
def browser_in():
    """A browser that tells the zone of its clock, as a real one does."""
    with patch("streamlit.runtime.context.ContextProxy.timezone", new_callable=PropertyMock) as told:
        yield lambda zone: setattr(told, "return_value", zone)


@pytest.mark.parametrize(
    ("zone", "said"),
    [
        ("Asia/Tokyo", "2026-03-01 09:30（日本時間）"),
        ("Asia/Kolkata", "2026-03-01 06:00（UTC+5:30）"),
        ("America/New_York", "2026-02-28 19:30（UTC−5）"),
        ("UTC", "2026-03-01 00:30（UTC）"),
    ],
)
def test_a_moment_is_told_by_the_clock_of_the_browser(browser_in, zone, said):
    browser_in(zone)
    assert moments.told("2026-03-01T00:30:00+00:00") == said


@pytest.mark.parametrize("zone", [None, "No/Where", "../../etc/passwd"])
def test_a_zone_that_nobody_knows_leaves_the_clock_of_the_machine(browser_in, zone):
    browser_in(zone)
    told = moments.told("2026-03-01T00:30:00+00:00")
    assert told.startswith(moments.local("2026-03-01T00:30:00+00:00")) and told.endswith("）")
