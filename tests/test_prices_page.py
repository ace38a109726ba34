"""群を組む: what moving a unit over a border would change stands in figures and in a plain sentence."""

from __future__ import annotations

import re

import pandas as pd
import pytest
from pages import open_page, own_cache, table_of  # noqa: F401

from app_pages.prices import standing
from gunmane.i18n import t

LANGS = ("ja", "en")
LATIN = re.compile(r"[A-Za-z]{4,}")
BUNDLE, BORDER_UNIT = "S1", "29212-074"


def opened(lang="ja"):
    return open_page("group", lang=lang)


def picked(lang="ja", *, unit=None):
    app = opened(lang)
    app = app.segmented_control(key="group_panel_choice").set_value("picked").run()
    app = app.selectbox(key="group_bundle").set_value(BUNDLE).run()
    return app if unit is None else app.selectbox(key="group_unit").set_value(unit).run()


@pytest.mark.parametrize("lang", LANGS)
def test_whole_towns_say_that_every_move_breaks_a_rule(lang):
    app = opened(lang)
    table = table_of(app, t("prices.best_caption", lang))
    count = len(re.findall(r'<th scope="row">', table))
    assert not app.exception
    assert count > 0
    assert t("prices.said.broken", lang, count=count) in [element.value for element in app.markdown]
    assert t("prices.rules", lang, change="+1") in table


@pytest.mark.parametrize("lang", LANGS)
def test_a_picked_unit_has_its_prices_in_each_bundle_next_to_it(lang):
    app = picked(lang, unit=BORDER_UNIT)
    rows = re.findall(r'<th scope="row">([^<]+)', table_of(app, t("prices.unit_title", lang)))
    assert not app.exception
    assert rows and all(row.startswith(f"{BUNDLE} → S") for row in rows)


def test_a_picked_unit_has_one_table_of_moves_that_names_the_rule_and_the_way():
    app = picked(unit=BORDER_UNIT)
    table = table_of(app, t("prices.unit_title", "ja"))
    assert t("rule.municipality_whole", "ja") in table and t("group.move_minutes", "ja") in table
    head = f">{t('group.move_minutes', 'ja')}</th>"
    assert sum(element.proto.body.count(head) for element in app.get("html")) == 1
    assert [element.value for element in app.caption].count(t("prices.note", "ja")) == 1


def test_a_picked_bundle_has_the_moves_over_its_own_borders():
    table = table_of(picked(), t("prices.best_caption", "ja"))
    ways = re.findall(r"(S\d) → (S\d)", table)
    assert ways and all(BUNDLE in way for way in ways)


def test_no_english_leaks_into_the_japanese_tables():
    app = picked(unit=BORDER_UNIT)
    tables = [table_of(app, t(f"prices.{name}", "ja")) for name in ("best_caption", "unit_title")]
    assert all(tables)
    assert not LATIN.findall(re.sub(r"<[^>]+>", " ", " ".join(tables)))


def best(**changes):
    none = dict.fromkeys(("breaks_change", "excess_change", "window_change", "objective_change"), 0.0)
    return pd.DataFrame([none | changes])


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"objective_change": -3.0}, "better"),
        ({"objective_change": 3.0}, "not_better"),
        ({}, "not_better"),
        ({"breaks_change": 1, "objective_change": -3.0}, "broken"),
        ({"window_change": 0.1, "objective_change": -3.0}, "not_better"),
        ({"breaks_change": -1, "objective_change": 3.0}, "better"),
    ],
)
def test_moves_are_judged_by_rules_then_size_then_hours(changes, said):
    assert standing(best(**changes)) == said
