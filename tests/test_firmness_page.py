"""比べる, at the end: firm and fragile borders are looked for when asked, and stand on a map and in a table."""

from __future__ import annotations

import re

import pytest
from pages import open_page, own_cache, table_of  # noqa: F401

from app_pages import session
from app_pages.firmness import STYLES, Told, firmness_layer, firmness_table
from app_pages.plan_map import View
from gunmane.grounds import prepare_ground
from gunmane.i18n import t
from gunmane.plans import make_plan
from gunmane.robustness import firmness
from gunmane.scenario import Scenario

LANGS = ("ja", "en")
LATIN = re.compile(r"[A-Za-z]{4,}")
DRAWS = 2


def opened(lang="ja"):
    return open_page("compare", lang=lang)


def asked(app):
    app.number_input(key="firmness_draws").set_value(DRAWS)
    return app.button(key="firmness_ask").click().run()


def borders_of(app, lang="ja"):
    return table_of(app, t("firm_page.caption", lang, draws=DRAWS))


def said(app):
    return " ".join(element.value for kind in (app.markdown, app.caption) for element in kind)


@pytest.mark.parametrize("lang", LANGS)
def test_every_border_has_its_share_with_a_range_and_a_verdict(lang):
    app = asked(opened(lang))
    table = borders_of(app, lang)
    assert not app.exception
    assert re.findall(r'<th scope="row">([^<]+)', table)
    assert re.search(r"\d+ ?[–～]\d+ ?%", table)
    assert t("note.robustness_made", lang, done=DRAWS) in said(app)
    assert t("firm_page.honest", lang) in said(app)


def test_nothing_is_drawn_before_it_is_asked_for():
    app = opened()
    assert t("firm_page.honest", "ja") not in said(app)


def test_what_was_found_stays_while_the_plan_does():
    app = asked(opened())
    before = borders_of(app)
    app = app.switch_page("group.py").run().switch_page("compare.py").run()
    assert before and borders_of(app) == before


def test_no_english_leaks_into_the_japanese_words():
    table = re.sub(r"<[^>]+>", " ", borders_of(asked(opened())))
    assert table and not LATIN.findall(table)


def test_a_long_table_is_in_two_parts_that_leave_no_border_out():
    ground = prepare_ground("nara_uda")
    plan = make_plan(Scenario.default(ground.region), ground, has_alternatives=False)
    told, view = Told(plan, firmness(plan, draws=1, workers=1), keeps_count=False), View("", "", ("",))
    parts = [firmness_table(told, view, first=0, last=2), firmness_table(told, view, first=2)]
    rows = [re.findall(r'<th scope="row">(.+?)</th>', part) for part in parts]
    whole = re.findall(r'<th scope="row">(.+?)</th>', firmness_table(told, view))
    assert len(rows[0]) == 2 and rows[0] + rows[1] == whole and len(whole) == len(told.made.borders)


def test_verdicts_differ_in_width_and_dashes_and_not_in_colour_alone():
    firm, fragile, between = (STYLES[name] for name in ("firm", "fragile", "between"))
    assert not firm.dash and firm.weight > max(fragile.weight, between.weight)
    assert fragile.dash and between.dash and fragile.dash != between.dash


def test_every_border_is_a_line_along_both_bundles_in_the_style_of_its_verdict(monkeypatch):
    monkeypatch.setattr(session, "is_sample", lambda: True)
    ground = prepare_ground("nara_uda")
    plan = make_plan(Scenario.default(ground.region), ground, has_alternatives=False)
    told = Told(plan, firmness(plan, draws=DRAWS, workers=1), keeps_count=False)
    frame = firmness_layer(told, View("", "", ("",))).frame.set_index("id")
    for row in told.made.borders.to_dict("records"):
        line = frame.loc[f"{row['bundle_id']}/{row['to_bundle_id']}"]
        ends = plan.bundles.geometry[[row["bundle_id"], row["to_bundle_id"]]]
        assert line["style"] == list(STYLES).index(row["verdict"])
        assert line.geometry.length > 1000 and (ends.distance(line.geometry) < 0.1).all()
