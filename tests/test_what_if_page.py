"""もしも: what happens is chosen, taken back, and told before and after; the plan stays as it is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from caches import new_cache
from streamlit.testing.v1 import AppTest

from gunmane.i18n import t

MAIN = Path(__file__).resolve().parent.parent / "app_pages" / "main.py"
LANGS = ("ja", "en")
BRIDGE = "三尾橋"


@pytest.fixture(scope="module", autouse=True)
def own_cache(tmp_path_factory):
    """Sample data of the region used here, made once for this module."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GUNMANE_CACHE", str(new_cache(tmp_path_factory)))
        yield


def opened(lang="ja"):
    app = AppTest.from_file(str(MAIN), default_timeout=300)
    app.query_params["lang"] = lang
    app.query_params["region"] = "nara_uda"
    app.run()
    return app.switch_page("what_if.py").run()


def of_kind(app, kind):
    return app.segmented_control(key="what_if_kind").set_value(kind).run()


def closed(app, text=BRIDGE):
    app = of_kind(app, "close")
    app.text_input(key="what_if_search").set_value(text).run()
    return app.button(key="what_if_close_hit").click().run()


def with_link(app, start, end):
    app = of_kind(app, "link")
    for side, unit in (("from", start), ("to", end)):
        app.selectbox(key=f"what_if_{side}_nara_uda").set_value(unit)
    return app.run().button(key="what_if_link_add").click().run()


def tables(app):
    return [e.proto.body for e in app.get("html") if '<table class="gm-table' in e.proto.body]


def words_of(html):
    return re.sub(r"<[^>]+>", " ", html)


def whole(app):
    """Figure -> what stands in its row."""
    rows = re.findall(r"<tr>(<th scope=\"row\">.*?)</tr>", tables(app)[0])
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in rows]
    return [[words_of(cell).strip() for cell in row] for row in cells]


@pytest.mark.parametrize("lang", LANGS)
def test_a_closed_bridge_is_told_before_and_after(lang):
    app = closed(opened(lang))
    assert not app.exception and not app.error
    rows = whole(app)
    names = ("travel_hours", "farthest_min", "unreached_units", "broken_count")
    assert [row[0] for row in rows] == [t(f"what_if.figure.{name}", lang) for name in names]
    # This bridge is the only way to one unit: that is counted, and fewer hours for it are called no gain.
    assert rows[2][1].startswith("0") and rows[2][2].startswith("1")
    said = " ".join(words_of(table) for table in tables(app))
    assert t("compare.mark.better", lang, change="x").partition("x")[2].strip("（）()") not in said
    assert lang == "en" or not re.findall(r"[A-Za-z]{4,}", said)


def test_a_winter_is_told_with_its_range_and_taken_back_as_if_never_chosen():
    app = of_kind(opened(), "winter")
    app = app.button(key="what_if_winter").click().run()
    assert "〜" in whole(app)[0][2]
    assert t("what_if.winter_range_note", "ja") in " ".join(c.value for c in app.caption)
    app = app.button(key="what_if_remove_0").click().run()
    assert not tables(app) and [info.value for info in app.info] == [t("what_if.none", "ja")]


def test_a_new_road_is_chosen_from_lists_and_brings_somebody_nearer():
    app = with_link(opened(), "29212-107", "29212-060")
    assert not app.exception and not app.error
    assert t("compare.mark.better", "ja", change="x").partition("x")[2].strip() in whole(app)[1][2]


def test_what_cannot_be_is_a_sentence_and_the_rest_stays():
    app = with_link(closed(opened()), "29212-001", "29212-001")
    assert [e.value for e in app.error] == [t("error.what_if_link_ends", "ja")]
    assert whole(app)[2][2].startswith("1")


def test_a_plan_made_anew_stands_beside_the_one_that_is_kept():
    app = closed(opened())
    app = app.toggle(key="what_if_replan").set_value(True).run()
    assert all(len(row) == 4 for row in whole(app))


def test_only_a_unit_with_a_base_can_lose_one():
    app = of_kind(opened(), "base")
    for unit, can_lose in (("29212-107", True), ("29212-001", False)):
        app = app.selectbox(key="what_if_base_nara_uda").set_value(unit).run()
        assert app.button(key="what_if_base_lose_form").disabled is not can_lose
        assert app.button(key="what_if_base_add_form").disabled is can_lose


def test_lists_stay_above_the_figures_and_fold_once_something_happens():
    app = closed(opened())
    (lists,) = app.expander
    assert lists.label == t("what_if.more", "ja")
    found = [button.key for button in lists.button] + [search.key for search in lists.text_input]
    assert {"what_if_close_hit", "what_if_search"} <= set(found)


def test_a_lost_base_says_where_its_crews_start_from_then():
    app = of_kind(opened(), "base")
    app = app.selectbox(key="what_if_base_nara_uda").set_value("29212-107").run()
    app = app.button(key="what_if_base_lose_form").click().run()
    (said,) = [text.value for text in app.text if text.value.startswith("束 ")]
    before, _, after = said.partition(" → ")
    assert "宇陀市" in before and "宇陀市" in after and after not in before


def test_who_cannot_be_reached_at_all_is_told_so_in_words():
    app = closed(opened())
    said = " ".join(words_of(table) for table in tables(app))
    assert t("files.broken.no_way", "ja", limit="120") in said and "–" not in said
