"""A chart shows what its table says, and counts what is not known."""

import pandas as pd
import pytest
from test_pages import SMALL, opened, own_cache  # noqa: F401

from app_pages import charts
from app_pages.table_files import table_csv
from app_pages.tables import Cell
from gunmane import summaries
from gunmane.evidence import today_state
from gunmane.grounds import prepare_ground
from gunmane.i18n import t
from gunmane.municipalities import find_region
from gunmane.scenario import Scenario


@pytest.fixture
def bridges():
    """Seven bridges, one of them from 1931, one of 1962 without a grade, one without anything; and a road."""
    rows = [(1931, 4), (1962, 1), (1969, 3), (1962, None), (1985, 2), (None, 1), (None, None)]
    table = pd.DataFrame(rows, columns=["built_year", "condition"]).astype("Int16").assign(sector="bridge")
    return pd.concat([table, table.iloc[[0]].assign(sector="road")], ignore_index=True)


@pytest.fixture(scope="module")
def small(own_cache):  # noqa: F811
    """Today's state of a small region."""
    region = find_region(SMALL)
    return today_state(Scenario.default(region), prepare_ground(region))


def test_every_asset_of_the_sector_is_counted_once(bridges):
    table = summaries.conditions_by_age(bridges, "bridge")
    assert table.to_numpy().sum() == 7
    assert table.columns.tolist() == [1, 2, 3, 4, 0]


def test_decades_follow_each_other_and_what_has_no_year_comes_last(bridges):
    decades = summaries.conditions_by_age(bridges, "bridge").index
    assert decades[:-1].tolist() == [1940, 1950, 1960, 1970, 1980]
    assert decades[-1] is pd.NA


def test_a_missing_grade_and_a_missing_year_are_classes_of_their_own(bridges):
    table = summaries.conditions_by_age(bridges, "bridge")
    assert table.loc[1960].tolist() == [1, 0, 1, 0, 1]
    assert table.iloc[-1].tolist() == [1, 0, 0, 0, 1]


def test_a_sector_without_assets_has_no_rows(bridges):
    assert summaries.conditions_by_age(bridges, "park").empty


def test_the_order_of_rows_changes_nothing(bridges):
    turned = summaries.conditions_by_age(bridges[::-1], "bridge")
    pd.testing.assert_frame_equal(turned, summaries.conditions_by_age(bridges, "bridge"))


def test_the_table_beside_the_chart_has_its_figures_and_their_sum(bridges):
    head, rows = charts.age_table(summaries.conditions_by_age(bridges, "bridge"))
    assert head[-1] == t("chart.all", "ja")
    assert sum(int(row[-1]) for row in rows) == 7
    drawn = charts.age_chart(summaries.conditions_by_age(bridges, "bridge")).to_dict()
    values = next(iter(drawn["datasets"].values()))
    assert sum(value["n"] for value in values) == 7


def test_a_tab_of_the_region_draws_the_chart_with_its_figures_beside_it():
    app = opened("region")
    app.session_state["region_tabs_ja"] = t("region.tab.data", "ja")
    app.run()
    assert len(app.get("vega_lite_chart")) == 1
    assert any(t("chart.as_table", "ja") in html.proto.body for html in app.get("html"))


def test_the_work_of_today_is_shared_out_among_bodies_and_sectors(small):
    work = summaries.yearly_work(small)
    assert work["annual_jpy"].sum() == pytest.approx(small.totals["annual_jpy"])
    assert work["annual_jpy_high"].sum() == pytest.approx(small.totals["annual_jpy_high"])
    assert not work.duplicated(["owner_code", "sector"]).any()


def test_the_chart_of_work_names_every_body_and_draws_its_range(small):
    work = summaries.yearly_work(small)
    names = {code: code for code in work["owner_code"].unique()}
    bars, spread = charts.work_chart(work, names).to_dict()["datasets"].values()
    assert {row["body"] for row in bars} == {row["body"] for row in spread} == set(names)
    assert sum(row["annual_jpy_low"] for row in spread) * 1e8 == pytest.approx(small.totals["annual_jpy_low"])


def test_the_tab_of_today_draws_it():
    app = opened("region")
    app.session_state["region_tabs_ja"] = t("region.tab.today", "ja")
    app.run()
    assert len(app.get("vega_lite_chart")) == 1


def test_a_saved_table_holds_no_formula_and_opens_in_excel():
    data = table_csv(["名前\u200b", "=x"], [["=1+1", Cell("+2", small="-3")], ["橋", 4.5]])
    assert data.startswith(b"\xef\xbb\xbf")
    lines = data.decode("utf-8-sig").splitlines()
    assert lines[0].startswith("名前,")
    assert lines[1] == "'=1+1,'+2 -3"
    assert lines[2] == "橋,4.5"
