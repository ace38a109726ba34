"""比べる: works contracts, engineers and single choices as a person reads them."""

from __future__ import annotations

import functools
import re
from types import SimpleNamespace

import pandas as pd
import pytest
from pages import html_of, open_page, own_cache  # noqa: F401

from app_pages.compare_works import other_choices, pair_table, table_notes
from gunmane.contrasts import PAIR_FIGURES
from gunmane.i18n import t

LANGS = ("ja", "en")
# A prefecture with towns; bodies that are all municipalities; roads alone.
MIXED, ALIKE, ROADS = "wakayama_ito", "nara_uda", "hiroshima_geihoku"


@functools.cache
def opened(region, lang="ja"):
    return open_page("compare", lang=lang, region=region)


def told(app):
    return [caption.value for caption in app.caption]


@pytest.mark.parametrize("lang", LANGS)
def test_works_contracts_and_engineers_have_rows_of_their_own(lang):
    said = html_of(opened(MIXED, lang))
    for figure in ("contracts", "dedicated_contracts", "engineers"):
        assert t(f"compare.figure.{figure}", lang) in said


@pytest.mark.parametrize("lang", LANGS)
def test_how_they_are_counted_is_told_with_every_number_of_the_assumptions(lang):
    app = opened(MIXED, lang)
    sentences = " ".join(told(app))
    for number in ("1.2", "0.80", "1.8", "4,500" if lang == "ja" else "45 million", "120"):
        assert number in sentences
    sizes = re.findall(r"<caption>[^<]*</caption>.*?</table>", html_of(app), re.DOTALL)
    assert any(
        all(t("compare.works.size", lang, count=n) in table for n in (1, 3, 5, 7, 10)) for table in sizes
    )


@pytest.mark.parametrize("lang", LANGS)
def test_each_choice_that_can_differ_has_a_row(lang):
    said = html_of(opened(MIXED, lang))
    for factor, setting in (("crossing", "owners_apart"), ("owners", "crossing_no")):
        assert t(f"compare.pair.{factor}", lang) in said
        assert t(f"compare.pair.setting.{setting}", lang) in said
    assert t("compare.pair.fields", lang) not in said


def test_where_bodies_are_municipalities_their_joining_is_not_shown_as_a_choice():
    app = opened(ALIKE)
    assert t("compare.pair.owners_same", "ja") in told(app)
    assert t("compare.pair.owners", "ja") not in html_of(app)


def test_roads_have_no_works_contracts_of_bridges():
    app = opened(ROADS)
    assert t("compare.figure.contracts", "ja") not in html_of(app)
    assert t("compare.works.how", "ja") not in [expander.label for expander in app.expander]
    assert t("compare.pair.crossing", "ja") in html_of(app)


# -- one cell --------------------------------------------------------------------------------------------------


def pair(figure, before, after, verdict, *, low=None, high=None):
    change = after - before
    row = {"factor": "crossing", "crossing": "", "owners": "joined", "fields": "", "verdict": verdict}
    row |= {f"before{end}": before for end in ("_low", "", "_high")}
    row |= {f"after{end}": after for end in ("_low", "", "_high")}
    ends = {"change_low": change if low is None else low, "change": change}
    return {**row, **ends, "change_high": change if high is None else high, "figure": figure}


def table_with(*rows):
    """The other figures are there and say nothing."""
    others = [
        pair(figure, 0.0, 0.0, "same")
        for figure in PAIR_FIGURES
        if figure not in {row["figure"] for row in rows}
    ]
    return pair_table(pd.DataFrame([*rows, *others]))


def test_a_change_stands_with_its_range_and_verdict():
    said = table_with(pair("contracts", 7.54, 7.26, "less", low=-0.5, high=0.0))
    assert "7.5 → 7.3" in said
    # What a reader finds who takes 7.3 from 7.5, not the rounded −0.28.
    assert "減る −0.2（幅 −0.5～0）" in said


def test_more_engineers_are_marked_as_worse_and_more_contracts_are_not():
    said = table_with(pair("engineers", 1.0, 3.0, "more"), pair("contracts", 1.0, 3.0, "more"))
    assert said.count("gm-worse") == 1


def test_a_change_that_cannot_be_seen_is_told_by_its_range_alone():
    said = table_with(pair("engineers", 0.82, 0.83, "more", low=0.0, high=0.9))
    assert "増える（幅 0～+0.9）" in said
    assert "同じ" in table_with(pair("engineers", 0.82, 0.83, "more", low=0.0, high=0.02))


@pytest.mark.parametrize(("states", "count"), [(("today", "crossing"), None), (("crossing_same_count",), 4)])
def test_only_columns_that_stand_in_the_table_are_spoken_of(states, count):
    plan = SimpleNamespace(scenario=SimpleNamespace(bundle_count=count))
    made = SimpleNamespace(table=pd.DataFrame({"state": states}), plans={("together", "crossing"): plan})
    said = table_notes(made)
    assert (t("compare.same_count", "ja") in said) == ("crossing_same_count" in states)
    assert (t("compare.fixed_count", "ja", count=count) in said) == (count is not None)


def test_hours_that_are_not_ranked_have_no_change():
    said = table_with(pair("travel_hours", 64.0, 65.0, "not_ranked"))
    assert "64 → 65" in said and "比べない" in said and "+1.0" not in said


def test_figures_that_are_nothing_everywhere_are_left_out():
    said = table_with(pair("broken_count", 0.0, 2.0, "more"))
    assert t("compare.pair.figure.broken_count", "ja") in said
    assert t("compare.pair.figure.multi_sector_count", "ja") not in said


def test_the_other_choices_are_named_in_words():
    assert other_choices({"crossing": "no", "owners": "", "fields": "together"}) == "越境なし、分野をまとめる"
