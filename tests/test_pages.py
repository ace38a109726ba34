"""Every page opens in both languages, says what it is made of, and meets wrong input with a sentence."""

import math
import threading
from pathlib import Path

import pytest
from caches import new_cache
from streamlit.testing.v1 import AppTest

from gunmane import summaries
from gunmane.i18n import t

PAGES = ("start", "region", "data", "group", "compare", "what_if", "output")
FILES = {"data": "ledgers"}
MAIN = Path(__file__).resolve().parent.parent / "app_pages" / "main.py"
SMALL = "hiroshima_geihoku"
LANGS = ("ja", "en")


@pytest.fixture(scope="module", autouse=True)
def own_cache(tmp_path_factory):
    """Sample data of one small region, made once for this module."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GUNMANE_CACHE", str(new_cache(tmp_path_factory)))
        yield


def opened(page="start", *, region=SMALL, lang="ja"):
    app = AppTest.from_file(str(MAIN), default_timeout=300)
    app.query_params["lang"] = lang
    if region:
        app.query_params["region"] = region
    app.run()
    return app if page == "start" else app.switch_page(f"{FILES.get(page, page)}.py").run()


def html_of(app):
    return " ".join(element.proto.body for element in app.get("html"))


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("page", PAGES)
def test_a_page_opens_without_a_fault(page, lang):
    app = opened(page, lang=lang)
    assert list(app.exception) == []
    assert [error.value for error in app.error] == []


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("page", PAGES)
def test_a_page_says_that_its_data_is_sample_and_its_figures_an_estimate(page, lang):
    said = html_of(opened(page, lang=lang))
    assert t("notice.sample.both", lang) in said
    assert t("notice.disclaimer", lang) in said


@pytest.mark.parametrize("page", PAGES[1:])
def test_a_page_without_a_region_says_what_to_do_next(page):
    app = opened(page, region=None)
    assert [info.value for info in app.info] == [t("app.no_region", "ja")]
    assert list(app.exception) == []


def test_an_unknown_region_in_the_address_is_a_sentence_that_names_near_ones():
    app = opened(region="uda_nara")
    assert len(app.error) == 1
    assert "nara_uda" in app.error[0].value
    assert list(app.exception) == []


def test_the_start_page_has_a_card_for_every_region():
    app = opened(region=None)
    assert sum(button.key.startswith("open_") for button in app.button if button.key) == 11


def test_an_inference_is_set_apart_from_decisions():
    said = html_of(opened(region=None))
    assert said.count('class="gm-inference"') == 1
    assert t("stage.inference", "ja") in said


@pytest.mark.parametrize(
    ("region", "stages"),
    [
        ("shiga_kusatsu", ["study"]),
        ("osaka_senshu", ["study"]),
        ("hiroshima_mihara", ["study"]),
        ("yamaguchi_shimonoseki", ["study"]),
        ("hyogo_tajima", ["policy"]),
        ("wakayama_ito", ["inference"]),
        ("nara_uda", ["trial"]),
        ("hiroshima_geihoku", ["trial"]),
        ("akita_odate", ["first_round", "procedure"]),
    ],
)
def test_an_undertaking_is_named_by_its_phase(region, stages):
    assert summaries.decisions(region)["stage"].tolist() == stages


@pytest.mark.parametrize("lang", LANGS)
def test_nothing_under_study_is_called_decided(lang):
    said = html_of(opened(region=None, lang=lang))
    assert said.count(f"<b>{t('stage.study', lang)}</b>") == 4
    assert "決まったこと" not in said
    assert "<b>Decided</b>" not in said


def test_the_language_can_be_switched_on_the_page():
    app = opened(region=None)
    app.segmented_control(key="_language_choice").set_value("en").run()
    assert t("start.title", "en") in html_of(app)
    assert app.query_params["lang"] == "en"


def test_choosing_a_card_opens_its_region():
    app = opened(region=None)
    app.button(key=f"open_{SMALL}").click().run()
    assert app.query_params["region"] == SMALL


def test_missing_figures_are_said_to_be_missing():
    app = opened("region", region="nara_uda")
    table = app.dataframe[0].value
    assert table.loc[table["name"] == "曽爾村", "park_ha"].isna().all()


def test_sample_assets_that_a_search_finds_are_called_sample():
    app = opened("region")
    app.text_input(key="asset_search").set_value("橋").run()
    names = app.dataframe[0].value[t("asset.name", "ja")]
    assert len(names)
    assert names.str.endswith("（模擬）").all()


def test_the_region_page_leads_to_the_page_on_which_ledgers_are_brought():
    app = opened("region")
    app.session_state["region_tabs_ja"] = t("region.tab.load", "ja")
    app.run()
    app.button(key="to_data").click().run()
    assert t("data.empty", "ja") in html_of(app)


def test_the_output_page_offers_every_file():
    app = opened("output")
    labels = [button.proto.label for button in app.get("download_button")]
    for name in ("bundles_geojson", "units_geojson", "workbook_xlsx", "members_csv", "plan_json"):
        assert t(f"output.file.{name}", "ja") in labels
    assert t("output.all", "ja") in labels


# -- words and work beside the pages ------------------------------------------------------------------------


@pytest.fixture
def words():
    from app_pages import words

    return words


def test_yen_have_two_figures_a_range_and_the_tax(words):
    assert words.yen(123_456_789, 48_000_000, 311_000_000) == "約1.2億円（0.48億～3.1億円）税込"
    assert words.yen(9_960) == "約1.0万円税込"


def test_the_end_of_a_range_changes_to_the_larger_unit_where_it_reaches_it(words):
    assert words.yen(72e6, 22e6, 2e8) == "約7,200万円（2,200万～2.0億円）税込"
    assert words.yen_spread(22e6, 2e8) == "2,200万～2.0億円"
    assert words.yen_spread(9e8, 7e9) == "9.0億～70億円"


def test_an_english_range_is_short_enough_for_a_tile(words, monkeypatch):
    monkeypatch.setattr(words, "lang", lambda: "en")
    monkeypatch.setattr(words, "tr", lambda key, **values: t(key, "en", **values))
    assert words.yen_spread(1.3e8, 1.9e9) == "JPY 0.13–1.9 billion"
    assert words.yen_short(4.6e8) == "JPY 460 million"
    assert words.yen(4.6e8, 1.3e8, 1.9e9) == "about JPY 460 million (130 million–1.9 billion), tax included"
    assert words.yen(1e8, 4e7, 3e8) == "about JPY 100 million (40–300 million), tax included"


def test_a_missing_figure_is_never_a_zero(words):
    assert words.yen(math.nan) == t("word.unknown", "ja")
    assert words.count(None) == t("word.no_record", "ja")
    assert words.minutes(math.inf) == t("word.unknown", "ja")
    assert words.hours(0) == "0時間"


@pytest.mark.parametrize(
    ("value", "said"),
    [(1258, "1,300"), (0.483, "0.48"), (9.96, "10"), (99.6, "100"), (0, "0"), (7.04, "7.0")],
)
def test_a_figure_keeps_two_significant_digits(words, value, said):
    assert words.significant(value) == said


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("10", "9.7", "−0.3"),
        ("2.0", "2.5", "+0.5"),
        ("51", "51", "変わらない"),
        ("1,300", "900", "−400"),
        ("", "5", ""),
    ],
)
def test_a_change_is_the_difference_of_the_figures_that_are_shown(words, before, after, said):
    assert words.change(before, after) == said


def test_a_change_of_yen_is_the_difference_of_the_amounts_that_are_shown(words):
    assert words.yen_change(2.64e8, 2.26e8) == "−3,000万円"
    assert words.yen_change(9.7e8, 1.24e10) == "+110.3億円"
    assert words.yen_change(4.61e8, 4.59e8) == "変わらない"


def test_a_shelf_drops_what_was_unused_longest():
    from app_pages.work import Shelf

    shelf = Shelf("test", 2)
    for key in "abc":
        shelf.put(key, key.upper())
        shelf.find("a")
    assert [shelf.find(key) for key in "abc"] == ["A", None, "C"]


def test_two_sessions_that_ask_at_once_share_one_job():
    from app_pages.work import Shelf

    shelf, gate, made = Shelf("test", 2), threading.Event(), []

    def work(progress):
        gate.wait(10)
        made.append(1)
        return "done"

    first, second = shelf.job("x", work), shelf.job("x", work)
    gate.set()
    assert first.wait(10)
    assert second.result() == "done"
    assert made == [1]


def test_a_cancelled_job_hands_back_its_best_so_far():
    from app_pages.work import Job

    started = threading.Event()

    def work(progress):
        best = 0
        while progress(0.5, "progress.planning"):
            best += 1
            started.set()
        return best

    job = Job(work)
    assert started.wait(10)
    job.cancel()
    assert job.wait(10)
    assert job.result() > 0


def test_a_failing_job_raises_what_the_work_raised():
    from app_pages.work import Job

    def work(progress):
        raise KeyError("lost")

    job = Job(work)
    assert job.wait(10)
    with pytest.raises(KeyError):
        job.result()


@pytest.mark.parametrize("page", ["region", "group", "compare", "output"])
def test_english_says_tax_after_the_year(page):
    app = opened(page, lang="en")
    if page == "region":
        app.session_state["region_tabs_en"] = t("region.tab.today", "en")
        app.run()
    said = html_of(app) + " ".join(e.value for kind in (app.markdown, app.caption) for e in kind)
    assert "tax included a year" not in said
    assert "tax included** a year" not in said
