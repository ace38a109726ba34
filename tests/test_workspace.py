"""Saved plans: every step stays, nobody overwrites another, nobody sees another's; in a file and on a server."""

import concurrent.futures

import pytest
import servers
from hypothesis import given, settings
from hypothesis import strategies as st

from gunmane.errors import ConflictError, WorkspaceError
from gunmane.i18n import LANGUAGES, catalogue, say
from gunmane.workspace import open_workspace
from gunmane.workspace.faults import OF_POSTGRES, OF_SQLITE


@pytest.fixture(scope="module")
def server():
    with servers.running_server() as running:
        yield running


@pytest.fixture(params=["file", "server"])
def address(request, tmp_path):
    if request.param == "file":
        return tmp_path / "kept" / "plans.sqlite"
    return request.getfixturevalue("server").new_database()


@pytest.fixture
def plans(address):
    with open_workspace(address) as opened:
        yield opened


@pytest.fixture
def plan_id(plans):
    return plans.create(
        "泉州の案", region="osaka_senshu", base={"labels": {"": [0, 1]}}, data={"facts": "ab"}
    )


def move(number):
    return {"kind": "MoveUnits", "units": [f"27204-{number:03}"], "to": "束1 'A'; --"}


def saved(plans, plan_id, count):
    version = plans.load(plan_id).version
    for number in range(count):
        version = plans.append(plan_id, move(number), version)
    return version


def refusal(key, act, kind=WorkspaceError):
    """The fault of an act: of this key, with a sentence in both languages that has no open place."""
    with pytest.raises(kind) as caught:
        act()
    assert caught.value.key == key
    assert all("{" not in say(caught.value, lang) for lang in LANGUAGES)
    return caught.value


# Kept -------------------------------------------------------------------------------------------------------


def test_what_was_saved_is_there_when_opened_again(plans, plan_id, address):
    version = saved(plans, plan_id, 3)
    plans.close()
    with open_workspace(address) as again:
        kept = again.load(plan_id)
    assert kept.base == {"labels": {"": [0, 1]}} and kept.data == {"facts": "ab"}
    assert [step.step for step in kept.steps] == [move(0), move(1), move(2)]
    assert (kept.version, kept.position, kept.card.name) == (version, 3, "泉州の案")


def test_every_step_says_who_saved_it_and_when(plans, plan_id):
    plans.share(plan_id, "花子")
    plans.as_user("花子").append(plan_id, move(1), 0)
    (step,) = plans.load(plan_id).steps
    assert step.who == "花子" and step.at.endswith("+00:00")
    assert plans.list()[0].changed_by == "花子"


def test_a_step_after_undo_leaves_what_was_undone_in_the_record(plans, plan_id):
    version = plans.set_position(plan_id, 1, saved(plans, plan_id, 3))
    plans.append(plan_id, move(9), version)
    kept = plans.load(plan_id)
    assert [step.step for step in kept.steps] == [move(0), move(9)]
    assert [step.step for step in kept.dropped] == [move(1), move(2)]
    assert kept.position == kept.card.step_count == 2


def test_undone_steps_can_be_redone_after_opening_again(plans, plan_id, address):
    plans.set_position(plan_id, 1, saved(plans, plan_id, 3))
    with open_workspace(address) as again:
        kept = again.load(plan_id)
    assert kept.position == 1 and len(kept.steps) == 3


def test_a_position_outside_the_line_is_refused_and_nothing_changes(plans, plan_id):
    version = saved(plans, plan_id, 2)
    for position in (-1, 3):
        refusal("plan_position", lambda position=position: plans.set_position(plan_id, position, version))
    assert plans.load(plan_id).version == version


def test_loading_starts_from_the_latest_state_in_force(plans, plan_id):
    version = saved(plans, plan_id, 2)
    version = plans.append(plan_id, move(2), version, state={"after": 3})
    plans.keep_state(plan_id, 1, {"after": 1})
    assert plans.load(plan_id).snapshot == (3, {"after": 3})
    version = plans.set_position(plan_id, 2, version)
    assert plans.load(plan_id).snapshot == (1, {"after": 1})
    plans.append(plan_id, move(7), version)
    assert plans.load(plan_id).snapshot == (1, {"after": 1})


def test_a_state_of_a_step_that_is_not_there_is_refused(plans, plan_id):
    refusal("plan_position", lambda: plans.keep_state(plan_id, 1, {}))


@pytest.mark.parametrize("step", [{"a": float("nan")}, {"a": object()}])
def test_what_json_cannot_hold_is_never_half_saved(plans, plan_id, step):
    with pytest.raises((ValueError, TypeError)):
        plans.append(plan_id, step, 0)
    assert plans.load(plan_id).version == 0


@settings(max_examples=30)
@given(value=st.text() | st.integers() | st.lists(st.floats(allow_nan=False, allow_infinity=False)))
def test_any_text_and_number_comes_back_as_it_was(value, tmp_path_factory):
    with open_workspace(tmp_path_factory.mktemp("kept") / "p.sqlite") as plans:
        plan_id = plans.create("案", region="r", base={"v": value}, data={})
        assert plans.load(plan_id).base == {"v": value}


def test_odd_characters_come_back_from_either_database(plans):
    odd = {"\x00\ud800": "髙﨑\u200d😀' OR 1=1; --\\"}
    plan_id = plans.create("案", region="r", base=odd, data={})
    assert plans.load(plan_id).base == odd


@settings(max_examples=25)
@given(st.lists(st.one_of(st.just(None), st.integers(0, 6)), max_size=25))
def test_the_line_is_that_of_a_list_with_undo(tmp_path_factory, acts):
    line, position, every = [], 0, 0
    with open_workspace(tmp_path_factory.mktemp("kept") / "p.sqlite") as plans:
        plan_id = plans.create("案", region="r", base={}, data={})
        for version, act in enumerate(acts):
            if act is None:
                plans.append(plan_id, move(version), version)
                line, every = [*line[:position], move(version)], every + 1
                position = len(line)
            else:
                position = min(act, len(line))
                plans.set_position(plan_id, position, version)
        kept = plans.load(plan_id)
    assert [step.step for step in kept.steps] == line and kept.position == position
    assert len(kept.steps) + len(kept.dropped) == every


# Names, copies, notes -----------------------------------------------------------------------------------------


def test_a_copy_has_the_line_and_goes_its_own_way(plans, plan_id):
    version = saved(plans, plan_id, 2)
    copy = plans.duplicate(plan_id, "写し")
    plans.append(copy, move(5), version)
    assert [step.step for step in plans.load(copy).steps] == [move(0), move(1), move(5)]
    assert len(plans.load(plan_id).steps) == 2
    assert plans.history(copy)[0].detail == {"name": "写し", "of": plan_id}


def test_a_new_name_is_shown_and_the_old_one_stays_in_the_history(plans, plan_id):
    plans.rename(plan_id, "  新しい\n名前 ")
    assert plans.load(plan_id).card.name == "新しい 名前"
    assert plans.history(plan_id)[-1].detail == {"from": "泉州の案", "to": "新しい 名前"}


@pytest.mark.parametrize(("name", "key"), [("", "plan_name_empty"), ("\x00 \n", "plan_name_empty"),
                                           ("案" * 201, "plan_name_long")])  # fmt: skip
def test_a_name_that_shows_nothing_or_fills_the_screen_is_refused(plans, name, key):
    refusal(key, lambda: plans.create(name, region="r", base={}, data={}))
    assert plans.list() == []


def test_notes_stay_in_the_order_of_writing(plans, plan_id):
    plans.annotate(plan_id, "橋の統合を確認")
    plans.annotate(plan_id, "了承")
    assert [note.detail["text"] for note in plans.load(plan_id).notes] == ["橋の統合を確認", "了承"]


def test_a_note_or_a_new_name_stops_nobody_who_is_at_work(plans, plan_id):
    plans.annotate(plan_id, "メモ")
    plans.rename(plan_id, "別名")
    assert plans.append(plan_id, move(1), 0) == 1


def test_an_archived_plan_leaves_the_list_and_comes_back(plans, plan_id):
    plans.archive(plan_id)
    assert plans.list() == [] and len(plans.list(is_archived=True)) == 1
    refusal("plan_archived", lambda: plans.append(plan_id, move(1), 0))
    plans.restore(plan_id)
    assert plans.append(plan_id, move(1), 0) == 1


def test_the_list_is_of_one_region_the_last_changed_first(plans, plan_id):
    other = plans.create("宇陀の案", region="nara_uda", base={}, data={})
    plans.append(plan_id, move(1), 0)
    assert [card.plan_id for card in plans.list()] == [plan_id, other]
    assert [card.plan_id for card in plans.list(region="nara_uda")] == [other]


# Two at once --------------------------------------------------------------------------------------------------


def test_who_saves_second_is_told_who_saved_first_and_when(plans, plan_id):
    plans.share(plan_id, "花子")
    plans.as_user("花子").append(plan_id, move(1), 0)
    told = refusal("plan_saved_by_another", lambda: plans.append(plan_id, move(2), 0), ConflictError)
    assert told.values["who"] == "花子" and told.values["count"] == 1
    assert told.values["at"][:10] == plans.load(plan_id).steps[0].at[:10]
    assert [step.step for step in plans.load(plan_id).steps] == [move(1)]


def test_a_second_window_of_one_user_is_told_too(plans, plan_id, address):
    version = saved(plans, plan_id, 1)
    with open_workspace(address) as window:
        window.set_position(plan_id, 0, version)
    refusal("plan_saved_elsewhere", lambda: plans.append(plan_id, move(2), version), ConflictError)
    assert plans.load(plan_id).position == 0


def test_a_version_that_was_never_saved_is_refused(plans, plan_id):
    refusal("plan_version_unknown", lambda: plans.append(plan_id, move(2), 7), ConflictError)


def test_of_many_who_save_at_the_same_moment_each_version_has_one(plans, plan_id, address):
    def act(number):
        with open_workspace(address) as own:
            for _ in range(200):
                try:
                    return own.append(plan_id, move(number), own.load(plan_id).version)
                except ConflictError:
                    continue
        return None

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        versions = list(pool.map(act, range(12)))
    assert sorted(versions) == list(range(1, 13))
    assert sorted(s.step["units"][0] for s in plans.load(plan_id).steps) == sorted(
        move(n)["units"][0] for n in range(12)
    )


def test_many_may_open_a_new_place_at_the_same_moment(address):
    def act(number):
        with open_workspace(address) as own:
            return own.create(f"案{number}", region="r", base={}, data={})

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(act, range(8)))) == 8
    with open_workspace(address) as plans:
        assert len(plans.list()) == 8


# Whose --------------------------------------------------------------------------------------------------------


def test_nobody_sees_or_changes_a_plan_of_another(plans, plan_id):
    other = plans.as_user("太郎")
    assert other.list() == [] and other.list(owner="") == []
    for act in (other.load, other.history, other.archive, other.restore):
        refusal("plan_unknown", lambda act=act: act(plan_id))
    for act in (other.rename, other.annotate, other.duplicate, other.share, other.unshare):
        refusal("plan_unknown", lambda act=act: act(plan_id, "x"))
    for act in (other.append, other.keep_state):
        refusal("plan_unknown", lambda act=act: act(plan_id, 1, {}))
    refusal("plan_unknown", lambda: other.set_position(plan_id, 0, 0))
    assert len(plans.history(plan_id)) == 1


def test_a_plan_shared_to_look_at_can_be_copied_and_not_changed(plans, plan_id):
    plans.share(plan_id, "太郎", may_edit=False)
    other = plans.as_user("太郎")
    assert not other.list()[0].may_edit and other.load(plan_id).base
    refusal("plan_to_look_at", lambda: other.append(plan_id, move(1), 0))
    refusal("plan_of_another", lambda: other.rename(plan_id, "x"))
    assert other.append(other.duplicate(plan_id, "自分の案"), move(1), 0) == 1


def test_sharing_can_be_taken_back(plans, plan_id):
    plans.share(plan_id, "太郎", may_edit=False)
    plans.share(plan_id, "太郎")
    assert plans.load(plan_id).shared_with == {"太郎": True}
    plans.unshare(plan_id, "太郎")
    refusal("plan_unknown", lambda: plans.as_user("太郎").load(plan_id))


@pytest.mark.parametrize("name", ["", "太郎"])
def test_a_plan_is_shared_with_somebody_else(plans, name):
    own = plans.as_user("太郎")
    refusal("share_with_nobody", lambda: own.share("x", name))


# Sentences ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_refusal_of_a_database_has_a_sentence(lang):
    keys = {*OF_SQLITE.values(), *OF_POSTGRES.values(), "workspace_failed", "workspace_unreachable"}
    assert {f"error.{key}" for key in keys} <= set(catalogue(lang))
