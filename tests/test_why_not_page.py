"""群を組む: under rules that a plan does not keep stands why, and what would mend it is one click away."""

from __future__ import annotations

import re

import pytest
from pages import open_page, own_cache  # noqa: F401

from gunmane.i18n import t

LANGS = ("ja", "en")


def opened(lang="ja"):
    return open_page("group", lang=lang)


def limited(lang="ja", minutes=20):
    """The page with a travel limit that whole municipalities cannot keep."""
    app = opened(lang)
    app = app.segmented_control(key="group_panel_choice").set_value("choices").run()
    next(w for w in app.number_input if w.label == t("group.limit", lang)).set_value(minutes)
    return next(b for b in app.button if b.label == t("group.make", lang)).click().run()


def said(app):
    return re.sub(r"<[^>]+>", " ", " ".join(element.proto.body for element in app.get("html")))


def has_button(app, key):
    return any(button.key == key for button in app.button)


def has_broken_rule(app):
    return any('<li class="gm-check-broken">' in element.proto.body for element in app.get("html"))


def test_a_plan_that_keeps_its_rules_is_not_asked_about():
    assert not has_button(opened(), "why_not_ask")


@pytest.mark.parametrize("lang", LANGS)
def test_asking_tells_why_and_lists_relaxations(lang):
    app = limited(lang).button(key="why_not_ask").click().run()
    assert not app.exception
    assert t("whynot.options", lang) in said(app)
    assert t("whynot.change.keeps_municipality_whole", lang) in said(app)
    assert has_button(app, "why_not_use_1")


def test_one_click_makes_the_relaxed_plan():
    app = limited().button(key="why_not_ask").click().run()
    assert has_broken_rule(app)
    app = app.button(key="why_not_use_1").click().run()
    assert not app.exception
    assert not has_button(app, "why_not_ask")
    assert not has_broken_rule(app)


def test_the_form_shows_the_relaxed_choice():
    app = limited().button(key="why_not_ask").click().run()
    app = app.button(key="why_not_use_1").click().run()
    app = app.segmented_control(key="group_panel_choice").set_value("choices").run()
    limit = next(w for w in app.number_input if w.label == t("group.limit", "ja"))
    assert limit.value == 30


def test_another_plan_is_asked_about_anew():
    app = limited().button(key="why_not_ask").click().run()
    app = app.segmented_control(key="group_panel_choice").set_value("choices").run()
    next(w for w in app.number_input if w.label == t("group.limit", "ja")).set_value(15)
    app = next(b for b in app.button if b.label == t("group.make", "ja")).click().run()
    assert has_button(app, "why_not_ask")
    assert not has_button(app, "why_not_use_1")
