"""The guided first visit leads through the real pages, and stays closed once it was closed."""

from unittest.mock import PropertyMock, patch

import pytest
from test_pages import html_of, opened, own_cache  # noqa: F401

from app_pages import tour
from gunmane.i18n import t


def title(step, lang="ja"):
    return t("tour.title", lang, step=step, steps=len(tour.STEPS))


def pressed(app, key):
    app.button(key=key).click()
    return app.run()


@pytest.fixture
def browser_says():
    """A browser that sends a word with its first request, as a real one sends its cookie."""
    with patch(
        "streamlit.runtime.context.ContextProxy.cookies", new_callable=PropertyMock, return_value={}
    ) as told:

        def say(word):
            told.return_value = {tour.COOKIE: word}

        yield say


def test_a_first_visit_begins_on_the_first_page_and_goes_on_with_an_example():
    app = opened(region=None)
    assert title(1) in html_of(app)
    app = pressed(app, "tour_next")
    assert title(2) in html_of(app)
    assert app.query_params["region"] == tour.EXAMPLE


def test_a_region_that_was_chosen_is_the_one_gone_on_with():
    app = pressed(opened(), "tour_next")
    assert app.query_params["region"] == "hiroshima_geihoku"


def test_a_page_opened_otherwise_says_its_own_step_and_the_one_before_is_a_press_away():
    app = opened("region")
    assert title(2) in html_of(app)
    assert title(1) in html_of(pressed(app, "tour_back"))


def test_a_page_beside_the_way_leads_back_to_it():
    app = opened("region").switch_page("ledgers.py").run()
    assert t("tour.goes_on", "ja", step=2) in html_of(app)
    assert title(2) in html_of(pressed(app, "tour_resume"))


def test_a_visit_that_was_closed_is_over_until_the_help_brings_it_back():
    app = pressed(opened(region=None), "tour_close")
    assert title(1) not in html_of(app)
    assert f"{tour.COOKIE}={tour.CLOSED};" in html_of(app)
    assert title(1) in html_of(pressed(app, "tour_show"))


def test_the_browser_is_told_how_far_the_visit_went():
    assert f"{tour.COOKIE}=2.hiroshima_geihoku;" in html_of(opened("region"))


def test_a_browser_in_which_it_was_closed_does_not_show_it_again(browser_says):
    browser_says("closed")
    assert title(1) not in html_of(opened(region=None))


def test_an_earlier_visit_can_be_taken_up_in_its_region(browser_says):
    browser_says("2.hiroshima_geihoku")
    app = opened(region=None)
    assert t("tour.goes_on", "ja", step=2) in html_of(app)
    app = pressed(app, "tour_resume")
    assert title(2) in html_of(app)
    assert app.query_params["region"] == "hiroshima_geihoku"


@pytest.mark.parametrize("word", ["9", "2.no_such_region", "<b>", "closed;x", ""])
def test_a_word_that_the_browser_cannot_have_from_here_stops_nobody(browser_says, word):
    browser_says(word)
    app = opened(region=None)
    assert list(app.exception) == []
    assert app.button(key="tour_close") is not None


def test_the_last_step_has_one_way_out():
    app = opened("output")
    assert title(5) in html_of(app)
    keys = {button.key for button in app.button}
    assert "tour_done" in keys and "tour_close" not in keys
