"""比べる, below: alternatives and trade-offs are searched when asked for, told in words, and can be taken."""

import json
import re

import pytest
from pages import html_of, open_page, own_cache, table_of  # noqa: F401

from app_pages.alternatives import change_words
from app_pages.front_chart import COLOURS, INNER_HEIGHT, INNER_WIDTH, MARKS, SPOTS, _box, _pixels, label_spots
from gunmane.i18n import t

SMALL = "hiroshima_geihoku"
LANGS = ("ja", "en")
LATIN = re.compile(r"[A-Za-z]{4,}")


def opened(lang="ja", *, region=SMALL):
    return open_page("compare", lang=lang, region=region)


def asked(app, kind):
    return app.button(key=f"{kind}_ask").click().run()


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


# -- the letters of the chart ---------------------------------------------------------------------------------


def boxes_of(x, y, letters):
    spots = label_spots(x, y, letters, "、")
    places = zip(_pixels(x, INNER_WIDTH), (INNER_HEIGHT - v for v in _pixels(y, INNER_HEIGHT)), strict=True)
    return [_box(place, text, spot) for place, (text, spot) in zip(places, spots, strict=True) if text]


def lie_apart(boxes):
    return not any(
        a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
        for i, a in enumerate(boxes)
        for b in boxes[i + 1 :]
    )


def test_letters_of_points_close_together_do_not_lie_on_each_other():
    x = [10.0, 10.4, 10.8, 11.2, 40.0, 40.4, 80.0]
    y = [50.0, 50.3, 50.0, 50.3, 20.0, 20.2, 5.0]
    assert lie_apart(boxes_of(x, y, ["この案", *"ABCDEF"]))


def test_points_at_one_place_share_a_label():
    assert label_spots([1.0, 2.0, 1.0], [1.0, 2.0, 1.0], ["A", "B", "C"], "、")[0][0] == "A、C"
    assert label_spots([1.0, 2.0, 1.0], [1.0, 2.0, 1.0], ["A", "B", "C"], "、")[2] == ("", -1)


def test_a_point_alone_has_its_letter_above_it_and_all_points_at_one_place_work_too():
    assert SPOTS[label_spots([3.0], [4.0], ["A"], "、")[0][1]] == ("center", -21)
    assert label_spots([3.0, 3.0], [4.0, 4.0], ["A", "B"], "、")[1] == ("", -1)


def test_the_chart_chooses_the_plan_and_marks_it():
    app = asked(opened(), "trade_offs")
    app.selectbox(key="trade_offs_choice").set_value(1).run()
    chart = app.get("vega_lite_chart")[0].proto
    layers = json.loads(chart.spec)["layer"]
    assert chart.selection_mode == ["chosen"]
    assert any(layer.get("params", [{}])[0].get("name") == "chosen" for layer in layers)
