"""保存した案, and the address that opens one: notes, record, put away and back, and what cannot be opened is told."""

import dataclasses
import json
from pathlib import Path

import pytest
from caches import new_cache
from streamlit import config
from streamlit.testing.v1 import AppTest

import gunmane
from app_pages import kept, moments
from gunmane.exports import plan_json
from gunmane.i18n import t
from gunmane.workbench import History, LockAll, MoveUnits, draft_of
from gunmane.workspace import open_workspace
from gunmane.workspace.drafts import keep_draft, save_history

MAIN = Path(__file__).resolve().parent.parent / "app_pages" / "main.py"
REGION = "nara_uda"


@pytest.fixture(scope="module", autouse=True)
def own_cache(tmp_path_factory):
    """Sample data made once for this module."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GUNMANE_CACHE", str(new_cache(tmp_path_factory)))
        yield


@pytest.fixture(scope="module")
def plan():
    return gunmane.plan(REGION)


@pytest.fixture
def place(monkeypatch, tmp_path):
    """Where the pages keep plans."""
    monkeypatch.setenv("GUNMANE_WORKSPACE", str(tmp_path / "plans.sqlite"))
    kept._place.clear()
    yield open_workspace()
    kept._place.clear()


@pytest.fixture
def saved(place, plan):
    """A plan with two steps: a unit of the first bundle moved into the second, and everything locked."""
    before = History(draft_of(plan))
    plan_id = keep_draft(place, "川沿いの案", before.draft, plan.ground)
    one, other = before.draft.bundles()[:2]
    moved = before.did(MoveUnits((before.draft.units_of(one)[0],), other))
    for version, after in enumerate((moved, moved.did(LockAll()))):
        save_history(place, plan_id, before, after, version)
        before = after
    return plan_id


def opened(page, **query):
    app = AppTest.from_file(str(MAIN), default_timeout=300)
    for name, value in {"lang": "ja", **query}.items():
        app.query_params[name] = value
    return app.run().switch_page(f"{page}.py").run()


def named(app, name):
    """What the address says under a name."""
    value = app.query_params.get(name)
    return value[0] if isinstance(value, list) else value


def errors(app):
    return [error.value for error in app.error]


def test_an_address_opens_region_plan_and_package_again(saved):
    app = opened("group", region=REGION, plan=saved)
    assert not app.exception and errors(app) == []
    assert not app.button(key="hand_undo").disabled
    assert named(app, "plan") == saved and named(app, "layer") == "structures"


def test_a_plan_alone_in_the_address_says_its_region(saved):
    assert named(opened("group", plan=saved), "region") == REGION


@pytest.mark.parametrize("asked", ["0" * 32, "../plans", ""])
def test_a_stale_plan_is_a_sentence_and_the_region_stands(place, asked):
    app = opened("group", region=REGION, plan=asked)
    assert errors(app) == ([t("error.plan_unknown", "ja")] if asked else [])
    assert len(app.dataframe[0].value) >= 2 and "plan" not in app.query_params


def test_a_plan_of_another_region_is_a_sentence_and_the_region_stands(place, plan):
    other = place.create("紀の川の案", region="wakayama_ito", base=draft_of(plan).to_json(), data={})
    app = opened("group", region=REGION, plan=other)
    assert "紀の川の案" in errors(app)[0] and "和歌山" in errors(app)[0]
    assert named(app, "region") == REGION and named(app, "plan") is None


def test_an_address_without_a_page_is_told_once_and_a_long_region_not_repeated_whole(place):
    app = AppTest.from_file(str(MAIN), default_timeout=300)
    app.query_params.update({"region": "x" * 5000, "astray": "1"})
    app.run()
    assert [warning.value for warning in app.warning] == [t("access.astray", "ja")]
    assert len(errors(app)) == 1 and "xxx…" in errors(app)[0] and len(errors(app)[0]) < 400
    assert not app.run().warning and "astray" not in app.query_params


def test_somebody_elses_plan_is_told_as_one_that_is_not_there(place, plan):
    theirs = keep_draft(place.as_user("taro"), "秘密", draft_of(plan), plan.ground)
    app = opened("group", region=REGION, plan=theirs)
    assert errors(app) == [t("error.plan_unknown", "ja")]
    assert "秘密" not in str([caption.value for caption in (*app.caption, *app.text)])


def test_a_plan_of_other_data_says_which(place, plan):
    inputs = {"roads/n13.zip": "0" * 64, "facts": plan.ground.provenance["input_sha256"]["facts"]}
    other = place.create("道路台帳の案", region=REGION, base=draft_of(plan).to_json(), data=inputs)
    assert "n13.zip" in errors(opened("group", region=REGION, plan=other))[0]


@pytest.mark.parametrize(
    ("asked", "shown"), [("daily", "daily"), ("structures", "structures"), ("x", "structures")]
)
def test_a_package_in_the_address_is_the_one_in_use(place, asked, shown):
    assert named(opened("plans", region=REGION, layer=asked), "layer") == shown


def test_a_note_is_kept_with_the_plan(saved, place):
    app = opened("plans", region=REGION, plan=saved)
    app.text_area(key="plans_note_text").set_value("議会に *出す* 案")
    next(b for b in app.button if b.label == t("plans.add_note", "ja")).click().run()
    assert [note.detail["text"] for note in place.load(saved).notes] == ["議会に *出す* 案"]
    assert "議会に *出す* 案" in [text.value for text in app.text]


def test_the_record_names_every_step_and_leads_to_any(saved, place):
    app = opened("plans", region=REGION, plan=saved)
    said = " ".join(element.proto.body for element in app.get("html"))
    assert t("plans.edit.lock_all", "ja") in said and t("plans.event.created", "ja") in said
    app = next(box for box in app.selectbox if box.label == t("plans.place", "ja")).select_index(0).run()
    app = app.button(key="plans_go_to").click().run()
    assert not app.exception and place.load(saved).position == 0
    assert app.switch_page("group.py").run().button(key="hand_undo").disabled


def test_a_plan_of_a_region_that_nobody_knows_any_more_is_listed_all_the_same(place):
    place.create("昔の案", region="old_region", base={}, data={})
    app = opened("plans")
    assert not app.exception and list(app.dataframe[0].value["region"]) == ["old_region"]


def test_a_plan_in_the_address_goes_before_a_package_in_it(saved):
    app = opened("group", region=REGION, plan=saved, layer="daily")
    assert named(app, "layer") == "structures" and not app.button(key="hand_undo").disabled


def test_what_was_put_away_is_found_and_taken_out_again(saved, place):
    app = opened("plans", region=REGION, plan=saved)
    app = app.button(key="plans_archive").click().run()
    assert place.list() == []
    app = app.segmented_control(key="plans_which").set_value("archived").run()
    app.selectbox(key="plans_pick").select_index(0).run()
    app.button(key="plans_restore").click().run()
    assert [card.name for card in place.list()] == ["川沿いの案"]


def test_a_plan_can_be_saved_before_anything_is_changed(place):
    app = opened("group", region=REGION).button(key="kept_now").click().run()
    assert [card.step_count for card in place.list()] == [0]
    assert named(app, "plan") == place.list()[0].plan_id


def chip(app):
    """What the band above says of the plan."""
    return [link.proto.label for link in app.get("page_link") if link.proto.page.endswith("plans")]


def test_the_band_names_the_plan_and_says_whether_it_is_saved(place):
    app = opened("group", region=REGION)
    assert chip(app) == [t("plans.chip_fresh", "ja")]
    app = app.button(key="kept_now").click().run()
    assert "保存済み" in chip(app)[0] and place.list()[0].name[:5] in chip(app)[0]
    place.archive(place.list()[0].plan_id)
    app = app.button(key="hand_lock_all").click().run()
    assert "未保存" in chip(app)[0] and "片付けて" in errors(app)[0]


def brought(plan, content):
    """The page of saved plans after a file was brought and its plan asked for."""
    app = opened("plans", region="wakayama_ito")
    app.file_uploader(key="plans_file").set_value(("plan.json", content, "application/json")).run()
    return app.button(key="plans_file_open").click().run()


def test_a_plan_file_opens_again_in_its_own_region(place, plan):
    app = brought(plan, plan_json(plan))
    assert not app.exception and errors(app) == [] and named(app, "region") == REGION
    assert t("rerun.found_again", "ja", file="plan.json") in [info.value for info in app.info]


def test_a_plan_file_of_other_data_names_what_differs_and_nothing_changes(place, plan):
    told = json.loads(plan_json(plan))
    told["provenance"]["input_sha256"]["roads/n13.zip"] = "0" * 64
    app = brought(plan, json.dumps(told).encode())
    assert "n13.zip" in errors(app)[0] and named(app, "region") == "wakayama_ito"


@pytest.mark.parametrize("content", [b"", b"{}", b"[" * 10_000, b"\xff\xfe"])
def test_what_is_no_plan_file_is_a_sentence(place, plan, content):
    app = brought(plan, content)
    assert not app.exception and len(errors(app)) == 1


def test_pages_served_past_the_door_to_other_machines_show_nothing(place):
    before = config.get_option("server.address")
    config.set_option("server.address", "0.0.0.0")
    try:
        app = AppTest.from_file(str(MAIN), default_timeout=60).run()
    finally:
        config.set_option("server.address", before)
    assert errors(app) == [t("error.access_nobody_known", "ja", address="0.0.0.0")]
    assert not app.get("page_link")


def behind(saved, place):
    """The page of saved plans, with a step that could not be saved: another window saved first."""
    app = opened("group", region=REGION, plan=saved)
    place.set_position(saved, 1, place.load(saved).version)
    app = app.button(key="hand_undo").click().run()
    assert "未保存" in chip(app)[0]
    return app.switch_page("plans.py").run().button(key="plans_open").click().run()


def test_opening_a_plan_over_a_step_that_is_saved_nowhere_asks_first(saved, place):
    app = behind(saved, place)
    assert "川沿いの案" in app.warning[0].value and "未保存" in chip(app)[0]
    app = app.button(key="unsaved_stay").click().run()
    assert not app.warning and "未保存" in chip(app)[0]


def test_what_is_saved_nowhere_becomes_a_plan_of_its_own_before_another_is_opened(saved, place):
    app = behind(saved, place).button(key="unsaved_save").click().run()
    own = next(card for card in place.list() if card.plan_id != saved)
    assert not app.exception and own.step_count == 2 and "写し" in own.name
    assert named(app, "plan") == saved and "保存済み" in chip(app)[0]


def test_a_plan_file_is_not_opened_over_a_step_that_is_saved_nowhere(saved, place, plan):
    app = behind(saved, place)
    app.file_uploader(key="plans_file").set_value(("plan.json", plan_json(plan), "application/json")).run()
    app = app.button(key="plans_file_open").click().run()
    assert "保存していない手直し" in errors(app)[0] and "未保存" in chip(app)[0]


def test_where_the_place_broke_the_page_says_what_is_not_saved_and_leads_to_a_file(saved, tmp_path):
    app = opened("group", region=REGION, plan=saved)
    kept._place()[0].close()
    for file in tmp_path.glob("plans.sqlite*"):
        file.write_bytes(b"no database" * 1000)
    app = app.button(key="hand_undo").click().run()
    assert t("unsaved.said", "ja") in [warning.value for warning in app.warning]
    assert t("unsaved.to_file", "ja") in [link.proto.label for link in app.get("page_link")]


def test_who_comes_second_reads_when_by_the_clock_of_the_lists(saved, place):
    app = opened("group", region=REGION, plan=saved)
    place.set_position(saved, 1, place.load(saved).version)
    app = app.button(key="hand_undo").click().run()
    assert moments.told(place.load(saved).card.changed_at) in errors(app)[0]


def test_a_file_that_is_no_plan_is_told_in_words_of_the_page(place, plan):
    assert errors(brought(plan, b"{}")) == [t("error.upload_none", "ja", file="plan.json")]


def test_a_plan_file_made_by_hand_is_called_so_and_goes_on_from_its_steps(place, plan):
    hand = {"steps": 2, "titles": {}, "bases": {}, "locked_units": [], "locked_bundles": []}
    app = brought(plan, plan_json(dataclasses.replace(plan, by_hand=hand)))
    assert chip(app) == [t("plans.chip_by_hand", "ja")]
    app = app.switch_page("group.py").run().button(key="hand_lock_all").click().run()
    app = app.button(key="hand_undo").click().run()
    assert t("hand.state", "ja", steps=2, bundles=0, units=0) in [caption.value for caption in app.caption]


def test_the_plan_of_the_pages_can_be_saved_where_plans_are_listed(place, plan):
    app = brought(plan, plan_json(plan)).switch_page("plans.py").run()
    app = app.button(key="kept_now").click().run()
    assert "保存済み" in chip(app)[0] and len(place.list()) == 1
