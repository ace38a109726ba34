"""群を組む by hand, without a browser: what a step changed, what is still wrong, and why a unit is where it is."""

from __future__ import annotations

import re
from decimal import Decimal
from types import SimpleNamespace

import pytest
from pages import html_of, open_page, own_cache, rows_of  # noqa: F401

from gunmane.i18n import t
from gunmane.workbench import LockAll, MoveUnits

LANGS = ("ja", "en")
REGION = "nara_uda"
UNIT, NAME, TOWN = "29386-001", "大字土屋原", {"ja": "御杖村", "en": "Mitsue Village"}
"""A unit that lies in S2 with its whole town."""


def opened(lang="ja", *, chosen=()):
    held = {"_group_chosen": (REGION, 1, tuple(chosen)), "_group_next_panel": "picked"}
    return open_page("group", lang=lang, region=REGION, **held)


def moved(lang="ja", *, to="S1"):
    app = opened(lang, chosen=[UNIT])
    app.selectbox(key="hand_to").set_value(to)
    return app.button(key="hand_move").click().run()


def table_with(app, head):
    """Return the first table that has a heading, which may be explained where it stands."""
    tables = [element.proto.body for element in app.get("html")]
    return next(
        (one for one in tables if re.search(rf'<th scope="col">(<[^>]+>)*{re.escape(head)}<', one)), ""
    )


def listed(app):
    """Return the lines of the lists of checks as (state, text)."""
    return re.findall(r'<li class="gm-check-(\w+)"><span[^>]*>.</span><div>([^<]*)', html_of(app))


@pytest.mark.parametrize("lang", LANGS)
def test_a_move_tells_what_it_changed_for_plan_bundles_and_towns(lang):
    app = moved(lang)
    table, towns = table_with(app, t("step.plan", lang)), table_with(app, TOWN[lang])
    assert not app.exception
    assert ">S1</th>" in table and ">S2</th>" in table and ">S3</th>" not in table
    assert t("step.col.work", lang) in table and t("step.col.contracts", lang) in table
    assert re.search(r"\d+ → \d+<span[^>]*>[+−]", table) and " → " in towns


def test_a_change_is_the_difference_of_what_stands_before_it_and_a_range_has_its_own_row():
    table = table_with(moved(), t("step.plan", "ja"))
    told = re.findall(r">([\d.,]+) → ([\d.,]+)<span[^>]*>([+−][\d.,]+)<", table)
    before, after, said = ([Decimal(re.sub("[,−+]", "", one[k])) for one in told] for k in range(3))
    assert said and [abs(b - a) for a, b in zip(before, after, strict=True)] == said
    own = table.split(t("step.col.contracts_range", "ja"))[1]
    assert "～" in own and "～" not in table.split(t("step.col.work_range", "ja"))[0]


def test_the_step_is_told_in_words_and_so_is_its_undo():
    app = moved()
    what = t("step.edit.move_units", "ja", units=t("step.unit", "ja", name=NAME), to="S1")
    assert t("step.did", "ja", what=what) in html_of(app)
    there = table_with(app, TOWN["ja"])
    app.button(key="hand_undo").click().run()
    assert t("step.undone", "ja", what=what) in html_of(app)
    (before, after), *_ = re.findall(r"([\d.]+) → ([\d.]+)", there)
    assert f"{after} → {before}" in table_with(app, TOWN["ja"])


def test_a_rule_that_a_step_broke_is_named_with_its_bundles():
    said = listed(moved())
    assert ("broken", t("step.rules_broken", "ja", rule=t("rule.municipality_whole", "ja"))) in said


def test_a_lock_is_told_to_change_no_figure():
    app = opened(chosen=[UNIT])
    app.button(key="hand_lock").click().run()
    assert t("step.nothing", "ja") in [caption.value for caption in app.caption]


@pytest.mark.parametrize("lang", LANGS)
def test_a_locked_unit_is_marked_on_the_map_and_named_where_it_is_not_moved(lang):
    app = opened(lang, chosen=[UNIT])
    assert app.session_state["_hand_locks"][1] == []
    app.button(key="hand_lock").click().run()
    (layer,) = app.session_state["_hand_locks"][1]
    assert (layer.legend[0].text, layer.frame["id"].tolist()) == (t("hand.locks", lang), [UNIT])
    app.selectbox(key="hand_to").set_value("S1")
    app.button(key="hand_move").click().run()
    said = " ".join(error.value for error in app.error)
    assert NAME in said and UNIT not in said


def test_chosen_units_are_named():
    assert NAME in [caption.value for caption in opened(chosen=[UNIT]).caption]


def test_moves_over_a_border_stand_under_the_titles_of_their_bundles(monkeypatch):
    from app_pages import prices

    named = {"S1": "S1 西の町", "S2": "S2"}
    monkeypatch.setattr(prices.session, "tr", lambda key, **values: t(key, "ja", **values))
    monkeypatch.setattr(prices, "hand_of", lambda plan: SimpleNamespace(titled=named.get))
    assert prices._way(None, {"bundle_id": "S1", "to_bundle_id": "S2"}) == "S1 西の町 → S2"


@pytest.mark.parametrize("lang", LANGS)
def test_the_next_problem_is_told_before_the_map_goes_there(lang):
    app = moved(lang)
    where = t("problem.unit", lang, name=NAME, town=TOWN[lang])
    where = t("problem.unit_in", lang, unit=where, bundle="S1")
    what = t("problem.connected", lang, where=where, count="2")
    assert t("problem.ahead", lang, what=what) in [caption.value for caption in app.caption]
    app.button(key="hand_next").click().run()
    assert ("broken", t("problem.number", lang, number=1, count=2) + what) in listed(app)
    assert app.selectbox(key="group_unit").value == UNIT


@pytest.mark.parametrize("lang", LANGS)
def test_a_divided_town_is_named_by_its_smaller_part_which_can_be_moved_back_at_once(lang):
    app = moved(lang)
    app.button(key="hand_next").click().run()
    app.button(key="hand_next").click().run()
    values = {"town": TOWN[lang], "bundles": t("problem.and", lang).join(("S1", "S2")), "small": "S1"}
    said = t("problem.municipality_whole", lang, **values, count="1", large="S2")
    assert ("broken", t("problem.number", lang, number=2, count=2) + said) in listed(app)
    assert app.session_state["_group_chosen"][2] == (UNIT,)
    assert app.selectbox(key="hand_to").value == "S2"
    app.button(key="hand_move").click().run()
    assert app.button(key="hand_next").disabled


def test_a_town_that_a_hand_divided_is_advised_to_be_moved_back():
    app = moved()
    app.segmented_control(key="group_panel_choice").set_value("summary").run()
    assert t("check.municipality_hand_broken", "ja") in html_of(app)


@pytest.mark.parametrize("lang", LANGS)
def test_a_picked_unit_says_what_holds_it_and_the_price_of_each_neighbour(lang):
    app = opened(lang)
    app.selectbox(key="group_bundle").set_value("S2").run()
    app.selectbox(key="group_unit").set_value("29385-001").run()
    assert t("hand.why", lang) in html_of(app)
    assert t("why_here.town_stays_whole", lang) in html_of(app)
    rows = rows_of(table_with(app, t("prices.col.to", lang)))
    assert rows and all(row.startswith("S2 → S") for row in rows)


def named(app, title, lang="ja"):
    app.selectbox(key="group_bundle").set_value("S2").run()
    before = next(field for field in app.text_input if field.key and field.key.startswith("hand_title_S2_"))
    before.set_value(title)
    return next(b for b in app.button if b.label == t("hand.title_now", lang)).click().run()


@pytest.mark.parametrize("lang", LANGS)
def test_a_bundle_is_named_in_table_and_lists_and_the_name_can_be_undone(lang):
    app = named(opened(lang), "<b>北の谷</b>", lang)
    assert not app.exception
    assert "<b>北の谷</b>" in list(app.dataframe[0].value["title"])
    assert "S2 <b>北の谷</b>" in app.selectbox(key="group_bundle").options
    assert "&lt;b&gt;北の谷&lt;/b&gt;" in html_of(app) and "<b>北の谷" not in html_of(app)
    app.button(key="hand_undo").click().run()
    assert "title" not in app.dataframe[0].value


def test_a_name_of_a_bundle_stands_on_the_map_and_at_the_pointer():
    app = named(opened(), "北の谷あいと峠の道")
    layers = {layer.name: layer for layer in app.session_state["_hand_layers"][2]}
    assert "S2 北の谷あいと峠…" in set(layers["bundles.outlines"].frame["label"])
    tip = layers["bundles.units"].frame.set_index("id")["tip"][UNIT]
    assert t("hand.tip.title", "ja", bundle="S2", title="北の谷あいと峠の道") in tip.split("\n")


def test_the_pointer_says_in_short_what_holds_a_unit():
    app = opened(chosen=[UNIT])
    app.button(key="hand_lock").click().run()
    tips = app.session_state["_hand_layers"][2][0].frame.set_index("id")["tip"]
    assert t("hand.tip.locked", "ja") in tips[UNIT]
    assert sum(t("hand.tip.base", "ja", bundle=name) in "".join(tips) for name in ("S1", "S2", "S3")) == 3
    assert re.search(r"いちばん近い拠点: S[13]（\d+分）", tips[UNIT])


@pytest.mark.parametrize("lang", LANGS)
def test_units_are_listed_with_their_bundle_and_found_by_words(lang):
    app = opened(lang, chosen=[UNIT])
    app.toggle(key="group_units_on").set_value(True).run()
    table = app.dataframe[0].value
    app.text_input(key="group_units_filter").set_value(f"s2 {TOWN[lang]}").run()
    found = app.dataframe[0].value
    assert not app.exception
    assert len(table) > len(found) == 4 and set(found["town"]) == {TOWN[lang]}
    assert t("units.note", lang, count=4, chosen=1) in [caption.value for caption in app.caption]


def test_what_was_clicked_while_the_page_ran_is_done_in_its_order():
    app = opened(chosen=[UNIT])
    hand = app.session_state["_hands"][REGION, "structures"]
    # Each click ends the page that runs: it waits until one has the time for it.
    hand.waiting += [lambda one: one.did(MoveUnits((UNIT,), "S1")), lambda one: one.did(LockAll())]
    app.run()
    assert t("hand.state", "ja", steps=2, bundles=3, units=0) in [caption.value for caption in app.caption]
    assert hand.waiting == [] and not hand.is_unsaved


def test_a_click_that_cannot_be_done_is_told_and_those_after_it_are_done():
    app = opened(chosen=[UNIT])
    hand = app.session_state["_hands"][REGION, "structures"]
    hand.waiting += [lambda one: one.did(MoveUnits((UNIT,), "S9")), lambda one: one.did(LockAll())]
    app.run()
    assert [error.value for error in app.error] == [t("error.bundle_unknown", "ja", bundle="S9")]
    assert t("hand.state", "ja", steps=1, bundles=3, units=0) in [caption.value for caption in app.caption]
