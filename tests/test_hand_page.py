"""群を組む by hand, without a browser: what a step changed, what is still wrong, and why a unit is where it is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from gunmane.i18n import t

MAIN = Path(__file__).resolve().parent.parent / "app_pages" / "main.py"
LANGS = ("ja", "en")
REGION = "nara_uda"
UNIT, NAME, TOWN = "29386-001", "大字土屋原", {"ja": "御杖村", "en": "Mitsue Village"}
"""A unit that lies in S2 with its whole town."""


@pytest.fixture(scope="module", autouse=True)
def own_cache(tmp_path_factory):
    """Sample data of the region used here, made once for this module, and plans kept nowhere else."""
    folder = tmp_path_factory.mktemp("hand")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GUNMANE_CACHE", str(folder / "cache"))
        patch.setenv("GUNMANE_WORKSPACE", str(folder / "plans.sqlite"))
        yield


def opened(lang="ja", *, chosen=()):
    app = AppTest.from_file(str(MAIN), default_timeout=300)
    app.query_params["lang"] = lang
    app.query_params["region"] = REGION
    app.run()
    app.switch_page("group.py").run()
    app.session_state["_group_chosen"] = (REGION, 1, tuple(chosen))
    return app.segmented_control(key="group_panel_choice").set_value("picked").run()


def moved(lang="ja", *, to="S1"):
    app = opened(lang, chosen=[UNIT])
    app.selectbox(key="hand_to").set_value(to)
    return app.button(key="hand_move").click().run()


def html_of(app):
    return " ".join(element.proto.body for element in app.get("html"))


def table_with(app, head):
    return next((e.proto.body for e in app.get("html") if f">{head}</th>" in e.proto.body), "")


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
def test_a_picked_unit_says_what_holds_it_and_the_price_of_each_neighbour(lang):
    app = opened(lang)
    app.selectbox(key="group_bundle").set_value("S2").run()
    app.selectbox(key="group_unit").set_value("29385-001").run()
    assert t("hand.why", lang) in html_of(app)
    assert t("why_here.town_stays_whole", lang) in html_of(app)
    rows = re.findall(r'<th scope="row">([^<]+)', table_with(app, t("prices.col.to", lang)))
    assert rows and all(row.startswith("S2 → S") for row in rows)
