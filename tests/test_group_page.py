"""群を組む and 比べる: a plan without any input, choices that make another, wrong ones met with a sentence."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from caches import new_cache
from streamlit.testing.v1 import AppTest

from app_pages.data import shared_shelf
from gunmane.i18n import t

MAIN = Path(__file__).resolve().parent.parent / "app_pages" / "main.py"
LANGS = ("ja", "en")
LATIN = re.compile(r"[A-Za-z]{4,}")
STYLE = re.compile(r"<(style|script)")
KEYS = {"Ctrl", "Enter", "Shift", "Space"}
LATIN_ALLOWED = {"gunmane", "English", "Geolonia", "Excel", "GeoJSON", "localgovjp", *KEYS}


@pytest.fixture(scope="module", autouse=True)
def own_cache(tmp_path_factory):
    """Sample data of the regions used here, made once for this module."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GUNMANE_CACHE", str(new_cache(tmp_path_factory)))
        yield


def opened(page, *, region="nara_uda", lang="ja"):
    app = AppTest.from_file(str(MAIN), default_timeout=300)
    app.query_params["lang"] = lang
    app.query_params["region"] = region
    app.run()
    return app.switch_page(f"{page}.py").run()


def html_of(app):
    return " ".join(element.proto.body for element in app.get("html") if not STYLE.search(element.proto.body))


def text_of(app):
    """Return what a person reads, markup and labels of images left out."""
    parts = [re.sub(r"<[^>]+>", " ", html_of(app))]
    parts += [element.value for kind in (app.markdown, app.caption, app.info) for element in kind]
    return " ".join(parts)


def turn_to(app, panel):
    return app.segmented_control(key="group_panel_choice").set_value(panel).run()


def field(app, key, lang="ja"):
    label = t(key, lang)
    return next(
        w for w in (*app.number_input, *app.checkbox, *app.multiselect, *app.radio) if w.label == label
    )


def pressed(app, lang="ja"):
    return next(b for b in app.button if b.label == t("group.make", lang)).click().run()


def bundles_of(app):
    return list(app.dataframe[0].value["where"])


@pytest.mark.parametrize("lang", LANGS)
def test_a_region_opens_with_a_finished_plan(lang):
    app = opened("group", lang=lang)
    assert not app.exception
    assert not app.error
    assert len(bundles_of(app)) >= 2
    assert t("group.orders", lang) in html_of(app)
    assert t("check.connected_kept", lang) in html_of(app)


def test_no_english_leaks_into_the_japanese_page():
    for panel in ("summary", "picked", "choices"):
        words = set(LATIN.findall(text_of(turn_to(opened("group"), panel))))
        assert words <= LATIN_ALLOWED


def test_another_number_of_bundles_makes_another_plan():
    app = turn_to(opened("group"), "choices")
    field(app, "group.count").set_value(2)
    app = pressed(app)
    assert not app.error
    assert len(bundles_of(app)) == 2
    assert "束の数は指定の 2 です。" in html_of(app)


def test_a_neighbouring_number_is_one_click_away():
    app = opened("group")
    before = len(bundles_of(app))
    button = next(b for b in app.button if b.key and b.key.startswith("group_count_"))
    wanted = int(button.key.rsplit("_", 1)[1])
    app = button.click().run()
    assert len(bundles_of(app)) == wanted != before


@pytest.mark.parametrize("lang", LANGS)
def test_a_floor_above_the_ceiling_is_a_sentence_and_the_plan_stays(lang):
    app = turn_to(opened("group", lang=lang), "choices")
    before = bundles_of(app)
    field(app, "group.floor", lang).set_value(900)
    field(app, "group.ceiling", lang).set_value(100)
    app = pressed(app, lang)
    assert [e.value for e in app.error] == [
        t("error.window_order", lang, floor="9,000,000", ceiling="1,000,000")
    ]
    assert bundles_of(app) == before
    assert not app.exception


def test_a_floor_above_the_assumed_ceiling_is_a_sentence_too():
    app = turn_to(opened("group"), "choices")
    field(app, "group.floor").set_value(9_000_000)
    app = pressed(app)
    assert len(app.error) == 1
    assert not app.exception


@pytest.mark.parametrize(("key", "value"), [("group.count", 0), ("group.limit", -5), ("group.seed", -1)])
def test_a_number_out_of_range_is_a_sentence(key, value):
    app = turn_to(opened("group"), "choices")
    before = bundles_of(app)
    field(app, key).set_value(value)
    app = pressed(app)
    assert len(app.error) == 1
    assert bundles_of(app) == before


def test_no_sector_at_all_is_a_sentence():
    app = turn_to(opened("group"), "choices")
    field(app, "group.sectors").set_value([])
    app = pressed(app)
    assert len(app.error) == 1
    assert len(bundles_of(app)) >= 2


def test_more_bundles_than_possible_say_how_many_were_made():
    app = turn_to(opened("group"), "choices")
    field(app, "group.count").set_value(999)
    app = pressed(app)
    assert f"束の数 999 では作れないため、{len(bundles_of(app))} で作りました" in html_of(app)


@pytest.mark.parametrize("lang", LANGS)
def test_a_chosen_bundle_says_why_it_is_as_it_is(lang):
    app = turn_to(opened("group", lang=lang), "picked")
    assert t("group.nothing_picked", lang) in [info.value for info in app.info]
    app = app.selectbox(key="group_bundle").set_value("S2").run()
    assert t("group.bundle_title", lang, bundle="S2") in html_of(app)
    assert t("group.members", lang) in html_of(app)


@pytest.mark.parametrize("lang", LANGS)
def test_a_chosen_unit_says_what_moving_it_would_change(lang):
    app = turn_to(opened("group", lang=lang), "picked")
    app = app.selectbox(key="group_bundle").set_value("S2").run()
    units = app.selectbox(key="group_unit")
    app = units.set_value(units.options[0] if units.options[0] in units.options else None).run()
    assert t("prices.unit_title", lang) in html_of(app)


def test_another_layer_shows_its_own_plan():
    app = opened("group")
    assert t("check.municipality_whole_kept", "ja") in html_of(app)
    app = app.segmented_control(key="group_layer_nara_uda").set_value("daily").run()
    assert not app.exception
    assert t("group.work_year", "ja") in html_of(app)


def test_going_back_to_the_first_choices_forgets_the_others():
    app = turn_to(opened("group"), "choices")
    first = bundles_of(app)
    field(app, "group.count").set_value(2)
    app = turn_to(pressed(app), "choices")
    assert bundles_of(app) != first
    app = app.button(key="group_reset").click().run()
    assert bundles_of(app) == first


@pytest.mark.parametrize("lang", LANGS)
def test_the_comparison_has_today_beside_the_plans(lang):
    app = opened("compare", lang=lang)
    said = html_of(app)
    assert not app.exception
    assert not app.error
    for state in ("today", "today_moved", "no_crossing", "crossing"):
        assert t(f"compare.state.{state}", lang) in said
    assert t("compare.exempt", lang) in said
    assert t("crossing.title", lang) in " ".join(info.value for info in app.info)


def test_no_english_leaks_into_the_japanese_comparison():
    assert set(LATIN.findall(text_of(opened("compare")))) <= LATIN_ALLOWED


def test_an_unknown_office_is_unknown_and_not_guessed():
    app = opened("compare", region="hiroshima_geihoku")
    assert t("word.unknown", "ja") in html_of(app)
    assert t("compare.unknown_base", "ja") in [caption.value for caption in app.caption]


def test_a_comparison_that_was_cancelled_can_be_made_again(monkeypatch):
    monkeypatch.setattr("app_pages.session.COMPARE", "long_jobs:stopped_at_first")
    # Another module's pages may have left the whole comparison.
    shared_shelf.clear()
    app = opened("compare", region="wakayama_ito")
    assert t("compare.partial", "ja") in [warning.value for warning in app.warning]
    monkeypatch.undo()
    app.button(key="compare_again").click().run()
    assert list(app.warning) == []
    assert t("compare.state.crossing", "ja") in html_of(app)


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("page", ["group", "compare"])
def test_the_current_state_is_said_to_be_assumed(page, lang):
    app = opened(page, lang=lang)
    assert t("notice.today", lang) in [caption.value for caption in app.caption]


def test_bridges_are_counted_as_stock_and_not_as_yearly_work():
    said = text_of(opened("group"))
    assert re.search(r"[0-9] 橋", said)
    assert not re.search(r"[0-9] ?基|年間業務規模 [0-9,]+ ?(橋|か所)", said)
    assert t("group.window_note.structures", "ja") in said
    assert t("group.window_note.jpy", "ja") not in said


def test_the_field_of_bridges_is_not_called_roads_alone():
    fields = opened("group").dataframe[0].value["fields"]
    assert set(fields) == {t("field.road", "ja")} == {"道路・橋梁"}
