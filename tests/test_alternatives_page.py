"""比べる, below: alternatives and trade-offs are searched when asked for, told in words, and can be taken."""

import json
import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app_pages.alternatives import COLOURS, MARKS, change_words
from gunmane.i18n import t

MAIN = Path(__file__).resolve().parent.parent / "app_pages" / "main.py"
SMALL = "hiroshima_geihoku"
LANGS = ("ja", "en")
LATIN = re.compile(r"[A-Za-z]{4,}")


@pytest.fixture(scope="module", autouse=True)
def own_cache(tmp_path_factory):
    """Sample data of one small region, made once for this module."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GUNMANE_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


def opened(lang="ja", *, region=SMALL):
    app = AppTest.from_file(str(MAIN), default_timeout=300)
    app.query_params["lang"] = lang
    app.query_params["region"] = region
    app.run()
    return app.switch_page("compare.py").run()


def html_of(app):
    return " ".join(element.proto.body for element in app.get("html"))


def asked(app, kind):
    return app.button(key=f"{kind}_ask").click().run()


def table_of(app, caption):
    return next(e.proto.body for e in app.get("html") if f"<caption>{caption}</caption>" in e.proto.body)


@pytest.mark.parametrize("lang", LANGS)
def test_alternatives_stand_beside_the_plan_with_a_picture_each(lang):
    app = asked(opened(lang), "alternatives")
    assert not app.exception
    table = table_of(app, t("alternatives.caption", lang))
    names = re.findall(r'<th scope="row">([^<]+)', table)
    assert names[:2] == [t("alternatives.this", lang), t("alternatives.name", lang, number=1)]
    assert html_of(app).count("data:image/svg+xml") >= len(names)


def test_nothing_is_searched_before_it_is_asked_for():
    app = opened()
    assert t("alternatives.caption", "ja") not in html_of(app)
    assert t("alternatives.trade.caption", "ja") not in html_of(app)


def test_an_alternative_that_is_taken_is_the_plan_and_the_first_one_can_be_taken_back():
    app = asked(opened(), "alternatives")
    app.button(key="alternative_use_1").click().run()
    said = " ".join(element.value for element in app.markdown)
    assert t("alternatives.name", "ja", number=1) in said
    app = app.switch_page("compare.py").run()
    assert app.button(key="alternative_use_1").disabled
    app.button(key="alternative_use_0").click().run()
    assert t("alternatives.name", "ja", number=1) not in " ".join(e.value for e in app.markdown)


@pytest.mark.parametrize("lang", LANGS)
def test_the_chart_of_trade_offs_has_its_facts_in_a_table_too(lang):
    app = asked(opened(lang), "trade_offs")
    assert not app.exception
    chart = app.get("vega_lite_chart")[0].proto
    assert json.loads(chart.spec)["layer"][0]["mark"]["type"] == "point"
    rows = re.findall(r'<th scope="row">', table_of(app, t("alternatives.trade.caption", lang)))
    assert len(rows) >= 2


def test_no_english_leaks_into_the_japanese_words():
    app = asked(asked(opened(), "alternatives"), "trade_offs")
    for caption in ("alternatives.caption", "alternatives.trade.caption"):
        assert not LATIN.findall(re.sub(r"<[^>]+>", " ", table_of(app, t(caption, "ja"))))
    title = re.compile("|".join(map(re.escape, ("代替案", "兼ね合い"))))
    said = [e.value for e in (*app.caption, *app.info) if title.search(e.value)]
    assert not LATIN.findall(" ".join(said))


def test_whole_towns_that_leave_no_choice_are_said_to():
    app = asked(opened(region="nara_uda"), "alternatives")
    said = " ".join(info.value for info in app.info)
    assert t("note.alternatives_none", "ja", margin="5") in said


def test_no_two_numbers_of_borders_look_alike_in_the_chart():
    looks = {(COLOURS[i % len(COLOURS)], MARKS[i % len(MARKS)]) for i in range(len(COLOURS) * len(MARKS))}
    assert len(looks) == len(COLOURS) * len(MARKS) > 40


@pytest.mark.parametrize(("ratio", "said"), [(-0.0003, "±0"), (-0.0234, "−2.3"), (0.01, "+1.0")])
def test_a_change_that_rounds_to_nothing_has_no_minus(ratio, said):
    assert said in change_words(ratio)
    assert "-0.0" not in change_words(ratio)
