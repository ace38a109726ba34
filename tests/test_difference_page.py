"""比べる, at the top: any two plans beside each other, what moved and what changed, by table, map and file."""

from __future__ import annotations

import dataclasses
import re

import pandas as pd
import pytest
from pages import open_page, own_cache  # noqa: F401

import gunmane
from app_pages import difference as page
from app_pages.difference_map import change_layers, marked_layer, pair_areas, side_layers
from app_pages.difference_tables import Two, bundle_table, town_change, town_table, unit_table, whole_table
from app_pages.plan_map import plan_views
from gunmane.evidence import today_state
from gunmane.i18n import t
from gunmane.workbench import Desk, MoveUnits, apply, draft_of
from gunmane.workbench.difference import difference
from gunmane.workspace import open_workspace
from gunmane.workspace.drafts import keep_draft

REGION = "nara_uda"
LANGS = ("ja", "en")
LATIN = re.compile(r"[A-Za-z]{4,}")


@pytest.fixture(scope="module")
def plan():
    return gunmane.plan(REGION)


@pytest.fixture(scope="module")
def today(plan):
    return today_state(plan.scenario, plan.ground)


def two_of(before, after, *, are_today=(False, False)):
    return Two(before, after, ("A", "B"), are_today, difference(before, after))


@pytest.fixture(scope="module")
def by_hand(plan):
    """The plan, and the same with one unit at the border of S1 moved to S2."""
    draft = draft_of(plan)
    return two_of(plan, Desk(plan.ground).figures(apply(draft, MoveUnits(("29212-074",), "S2"))))


def opened(lang="ja", **held):
    return open_page("compare", lang=lang, region=REGION, **held)


def shown(app):
    return app.dataframe[0].value


@pytest.mark.parametrize("lang", LANGS)
def test_today_and_the_plan_stand_side_by_side_with_every_figure_and_its_change(lang):
    app = opened(lang)
    assert not app.exception and not app.error
    figures = list(shown(app)[t("difference.col.figure", lang)])
    names = ("order_count", "below_floor", "annual_jpy", "travel_hours", "farthest_min", "broken_count")
    assert {t(f"compare.figure.{name}", lang) for name in names} <= set(figures)


def test_two_plans_can_be_swapped_and_chosen_from_today_the_plan_and_the_comparison():
    app = opened()
    lists = [box for box in app.selectbox if str(box.key).startswith("difference_")]
    assert [box.value for box in lists] == ["today", "current"]
    assert t("difference.state", "ja", name=t("compare.state.no_crossing", "ja")) in lists[0].options
    app.button(key="difference_swap").click().run()
    assert list(shown(app).columns[1:3]) == [t("difference.current", "ja"), t("compare.state.today", "ja")]


@pytest.mark.parametrize("name", ["bundles", "towns", "units"])
def test_the_tables_have_no_english_in_japanese(name):
    app = opened()
    app.segmented_control(key="difference_table").set_value(name).run()
    said = " ".join(map(str, [*shown(app).columns, *shown(app).to_numpy().ravel()]))
    assert len(shown(app)) > 2 and not LATIN.findall(said)


def test_moved_units_are_filtered_by_their_names():
    app = opened()
    app.segmented_control(key="difference_table").set_value("units").run()
    name = shown(app).iloc[0, 0]
    app.text_input(key="difference_filter").set_value(name).run()
    assert set(shown(app).iloc[:, 0]) == {name}


def test_a_plan_that_is_gone_leaves_the_usual_one_and_says_so():
    app = opened(**{f"difference_after_{REGION}": "saved:nobody"})
    assert t("difference.gone", "ja", name=t("difference.current", "ja")) in [w.value for w in app.warning]
    assert not app.error and not shown(app).empty


def test_a_saved_plan_is_compared_with_the_plan_in_use(by_hand):
    plans = open_workspace().as_user("")
    plan_id = keep_draft(plans, "手直し <案>", draft_of(by_hand.after), by_hand.after.ground)
    app = opened(
        **{f"difference_before_{REGION}": "current", f"difference_after_{REGION}": f"saved:{plan_id}"}
    )
    assert not app.error
    assert t("difference.saved", "ja", name="手直し <案>") in shown(app).columns
    assert t("compare.unit.units", "ja", count=1) in set(shown(app)[t("difference.col.change", "ja")])


def test_a_saved_plan_of_other_work_is_told_and_not_compared(plan):
    daily = gunmane.plan(REGION, layer="daily")
    plan_id = keep_draft(open_workspace().as_user(""), "日常", draft_of(daily), daily.ground)
    app = opened(**{f"difference_after_{REGION}": f"saved:{plan_id}"})
    assert any("日常" in warning.value for warning in app.warning)
    assert t("difference.current", "ja") in shown(app).columns and not app.error


# -- the tables -----------------------------------------------------------------------------------------------


def test_the_unit_that_was_moved_by_hand_is_the_one_that_is_told(by_hand):
    made = unit_table(by_hand)
    assert made.units == (("29212-074",),)
    assert list(made.table.iloc[0, 2:4]) == ["S1", "S2"]


def test_each_figure_of_the_whole_leads_to_the_units_behind_it(by_hand):
    made = whole_table(by_hand)
    rows = dict(zip(made.table.iloc[:, 0], made.units, strict=True))
    assert rows[t("difference.figure.moved", "ja")] == ("29212-074",)
    assert rows[t("compare.figure.travel_hours", "ja")] == ("29212-074",)
    assert rows[t("compare.figure.order_count", "ja")] == ()


def test_today_is_not_judged_by_rules(today, plan):
    table = whole_table(two_of(today, plan, are_today=(True, False))).table.set_index(
        t("difference.col.figure", "ja")
    )
    row = table.loc[t("compare.figure.broken_count", "ja")]
    assert row["A"] == t("compare.exempt", "ja") and t("difference.exempt", "ja") in set(row)


def test_works_contracts_stand_with_their_range_and_whether_the_change_is_sure(today, plan):
    table = whole_table(two_of(today, plan)).table.set_index(t("difference.col.figure", "ja"))
    row = table.loc[t("compare.figure.engineers", "ja")]
    assert "（" in row["A"] and row[t("difference.col.change", "ja")].startswith("前提値しだい")


def test_a_bundle_that_ends_is_said_to_end(today, plan):
    names = list(bundle_table(two_of(today, plan)).table.iloc[:, 0])
    assert t("difference.arrow", "ja", before="T2", after=t("difference.vanishes", "ja")) in names


def test_a_name_that_means_another_bundle_on_the_other_side_is_told_by_its_side(plan):
    turned = {"S1": "S2", "S2": "S3", "S3": "S1"}
    assignment = plan.assignment.assign(bundle_id=plan.assignment["bundle_id"].map(turned))
    other = dataclasses.replace(plan, assignment=assignment, bundles=plan.bundles.rename(index=turned))
    assert "左S1 → 右S2" in set(bundle_table(two_of(plan, other)).table.iloc[:, 0])
    assert list(bundle_table(two_of(plan, plan)).table.iloc[:, 0]) == ["S1", "S2", "S3"]


def test_every_town_has_its_account_and_units(today, plan):
    made = town_table(two_of(today, plan))
    towns = dict(zip(made.table.iloc[:, 0], made.units, strict=True))
    assert list(towns) == ["宇陀市", "曽爾村", "御杖村", "東吉野村"]
    assert len(towns["曽爾村"]) == 9


@pytest.mark.parametrize(
    ("after", "led", "said"),
    [({}, (1, 1), "nothing"), ({}, (1, 0), "lead_ends"), ({"shared_bundle_count": 1.0}, (0, 0), "shared_begins"),
     ({"travel_hours": 90.0}, (0, 0), "hours_more"), ({"travel_hours": float("nan")}, (0, 0), "hours_unknown")],
)  # fmt: skip
def test_what_changes_for_a_town_is_said_in_words(after, led, said):
    now = {"bundle_count": 1.0, "shared_bundle_count": 0.0, "travel_hours": 40.0}
    assert town_change([now, {**now, **after}], led) == t(f"difference.what.{said}", "ja")


def test_the_file_is_read_by_excel_and_holds_no_formula(by_hand):
    shown = whole_table(dataclasses.replace(by_hand, names=("=1+1", "B")))
    shown.table.iloc[0, 0] = "=2+2"
    written = page.table_bytes(shown)
    assert written.startswith(b"\xef\xbb\xbf") and b"'=1+1" in written and b"'=2+2" in written


# -- the map of what differs ----------------------------------------------------------------------------------


def test_the_map_of_what_differs_names_from_and_to_in_legend_and_label(by_hand):
    layers = {layer.name: layer for layer in change_layers(by_hand, (plan_views(by_hand.before)[0],) * 2)}
    units, groups = layers["difference.units"], layers["difference.groups"]
    assert [row.text for row in units.legend] == ["S1 → S2（1 区画）", t("difference.map.rest", "ja")]
    assert list(groups.frame["label"]) == ["S1→S2"]
    moved = units.frame.set_index("id")["style"].eq(0)
    assert list(moved.index[moved]) == ["29212-074"]


def test_plans_that_are_the_same_have_no_mark(plan):
    two = two_of(plan, plan)
    assert pair_areas(two).empty and marked_layer(two) == []
    assert len(change_layers(two, (plan_views(plan)[0],) * 2)) == 5


def test_more_pairs_than_the_legend_names_are_counted_together(today, plan, monkeypatch):
    monkeypatch.setattr("app_pages.difference_map.PAIRS_NAMED", 0)
    layers = change_layers(two_of(today, plan), (plan_views(today)[0], plan_views(plan)[0]))
    assert layers[0].legend[0].text == t("difference.map.more", "ja", count=9)


def test_names_of_saved_plans_are_text_and_never_markup():
    assert "<b>" not in page.side_title("<b>x</b>")


def test_missing_hours_stay_missing(plan):
    bundles = plan.bundles.assign(travel_hours=pd.Series(float("nan"), index=plan.bundles.index))
    blind = dataclasses.replace(plan, bundles=bundles)
    assert t("word.unknown", "ja") in bundle_table(two_of(plan, blind)).table.to_string()


# -- what a trial found ----------------------------------------------------------------------------------------


def test_bundles_of_one_pair_have_the_same_colour_on_either_side(plan, today):
    two = two_of(today, plan, are_today=(True, False))
    views = plan_views(today)[0], plan_views(plan)[0]
    left, right = ({row.text: row.style for row in layers[0].legend} for layers in side_layers(two, views))
    for before, after in two.made.pairs[["before", "after"]].itertuples(index=False):
        if before and after:
            assert (left[before].fill, left[before].pattern) == (right[after].fill, right[after].pattern)
    for style in right.values():
        shared = sum((s.fill, s.pattern) == (style.fill, style.pattern) for s in left.values())
        assert shared <= 1
    assert len({(s.fill, s.pattern) for s in left.values()}) == len(left)


def test_titles_stand_on_the_map_and_in_every_table(by_hand):
    titled = dataclasses.replace(by_hand.after, by_hand={"steps": 1, "titles": {"S2": "東部の村"}})
    two = dataclasses.replace(by_hand, after=titled)
    view = plan_views(titled)[0]
    _, right = side_layers(two, (view, view))
    outlines = next(layer for layer in right if layer.name == "bundles.outlines")
    assert "S2 東部の村" in set(outlines.frame["label"]) and "S2 東部の村" in {
        r.text for r in right[0].legend
    }
    assert right[0].frame["tip"].str.contains("東部の村").any()
    for table in (bundle_table, town_table, unit_table):
        assert "S2 東部の村" in table(two).table.to_string()


def test_less_travel_of_fewer_orders_is_not_called_better(plan, today):
    two = two_of(today, plan)
    rows = whole_table(two).table.set_index(t("difference.col.figure", "ja"))[
        t("difference.col.change", "ja")
    ]
    assert plan.totals["order_count"] != today.totals["order_count"]
    said = rows[t("compare.figure.travel_hours", "ja")]
    assert "良し悪しはいえない" in said and "良くなる" not in said and "悪くなる" not in said


def test_every_change_is_the_difference_of_the_figures_beside_it(plan, today):
    rows = whole_table(two_of(today, plan)).table.to_numpy().tolist()
    numbers = [[re.findall(r"[−+]?[\d,.]+", str(cell)) for cell in row[1:]] for row in rows]
    told = [[float(n[0].replace(",", "").replace("−", "-")) for n in row] for row in numbers if all(row)]
    changes = [row for row in told if row[2]]
    assert len(changes) > 2 and all(row[1] - row[0] == pytest.approx(row[2]) for row in changes)


def test_where_units_lie_in_several_areas_on_one_side_it_is_said_why_so_many_moved(plan):
    two, twice = two_of(plan, plan), pd.concat([plan.assignment, plan.assignment.assign(strand="park")])
    apart = dataclasses.replace(two, before=dataclasses.replace(plan, assignment=twice))
    assert t("difference.other_strands", "ja") not in page._moved_lines(two)
    assert t("difference.other_strands", "ja") in page._moved_lines(apart)
