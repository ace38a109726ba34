"""Whose plans a page may save and list: those of the one person at this machine, or of somebody who logged in."""

import pytest
from streamlit import config

import gunmane
from app_pages import kept
from app_pages.chosen import chosen_table
from app_pages.hands import Hand, Kept
from gunmane.errors import WorkspaceError
from gunmane.workbench import Desk, History, LockUnits, MoveUnits, draft_of
from gunmane.workspace.drafts import open_history


@pytest.fixture
def served_at(monkeypatch, tmp_path):
    """A function that says at which address the pages are served."""
    monkeypatch.setenv("GUNMANE_WORKSPACE", str(tmp_path / "plans.sqlite"))
    before = config.get_option("server.address")
    yield lambda address: config.set_option("server.address", address)
    config.set_option("server.address", before)
    kept._place.clear()


@pytest.mark.parametrize("address", ["0.0.0.0", "192.168.1.4", None])
def test_where_nobody_can_tell_who_asks_no_plan_is_saved_or_listed(served_at, address):
    served_at(address)
    with pytest.raises(WorkspaceError) as told:
        kept.workspace()
    assert told.value.key == "workspace_nobody"


def test_the_one_person_at_this_machine_has_plans_of_his_own(served_at):
    served_at("127.0.0.1")
    assert len(kept.workspace().list()) == 0


@pytest.fixture(scope="module")
def plan():
    return gunmane.plan("nara_uda")


@pytest.fixture
def hand(plan):
    return Hand(History(draft_of(plan)), Desk(plan.ground), ("", 0))


def move(hand, place):
    """Move one unit of the first bundle into the second."""
    one, other = hand.history.draft.bundles()[:2]
    hand.history = hand.history.did(MoveUnits((hand.history.draft.units_of(one)[place],), other))


def stored(plan):
    (card,) = kept.workspace().list(region="nara_uda")
    return open_history(kept.workspace().load(card.plan_id), plan.ground)


def test_what_could_not_be_saved_is_saved_with_the_next_step(served_at, plan, hand):
    served_at(None)
    move(hand, 0)
    kept.save(plan, hand)
    assert hand.kept.fault.key == "workspace_nobody"
    served_at("127.0.0.1")
    move(hand, 1)
    kept.save(plan, hand)
    assert hand.kept.fault is None
    assert len(stored(plan).steps) == 2


def test_undo_and_another_branch_come_back_as_they_were(served_at, plan, hand):
    served_at("127.0.0.1")
    for place in (0, 3):
        move(hand, place)
    kept.save(plan, hand)
    hand.history = hand.history.undone()
    unit = hand.history.draft.units_of(hand.history.draft.bundles()[0])[0]
    hand.history = hand.history.did(LockUnits((unit,)))
    kept.save(plan, hand)
    again = stored(plan)
    assert again.draft.to_json() == hand.history.draft.to_json()
    assert again.position == hand.history.position == 3


def test_an_undo_is_saved(served_at, plan, hand):
    served_at("127.0.0.1")
    move(hand, 0)
    kept.save(plan, hand)
    hand.history = hand.history.undone()
    kept.save(plan, hand)
    assert stored(plan).can_redo and not stored(plan).can_undo


def test_a_file_that_was_taken_away_is_never_told_as_saved_to(served_at, plan, hand, tmp_path):
    served_at("127.0.0.1")
    move(hand, 0)
    kept.save(plan, hand)
    for file in tmp_path.glob("plans.sqlite*"):
        file.unlink()
    move(hand, 1)
    kept.save(plan, hand)
    assert hand.kept.fault.key in kept.NOT_HERE
    hand.kept = Kept("", 0, History(hand.history.base))
    kept.save(plan, hand)
    assert hand.kept.fault is None and len(stored(plan).steps) == 2


def test_a_file_that_broke_is_told_and_the_plan_goes_on(served_at, plan, hand, tmp_path):
    served_at("127.0.0.1")
    move(hand, 0)
    kept.save(plan, hand)
    kept._place()[0].close()
    (tmp_path / "plans.sqlite").write_bytes(b"no database" * 1000)
    move(hand, 1)
    kept.save(plan, hand)
    assert hand.kept.fault.key.startswith("workspace_broken")
    assert len(hand.history.line()) == 2


def test_on_a_full_disk_the_last_saved_state_stays_and_a_later_step_saves_all(served_at, plan, hand):
    served_at("127.0.0.1")
    move(hand, 0)
    kept.save(plan, hand)
    allow_pages(1)
    while hand.kept.fault is None and len(hand.history.steps) < 40:
        move(hand, 0)
        kept.save(plan, hand)
    done = len(hand.history.steps)
    assert hand.kept.fault.key == "workspace_full" and len(stored(plan).steps) == done - 1
    allow_pages(10**6)
    kept.save(plan, hand)
    assert hand.kept.fault is None and len(stored(plan).steps) == done


def allow_pages(count):
    """Let the file have so many pages from now on, never fewer than it has: SQLite's own word for a full disk."""
    with kept.workspace().database.engine.connect() as connection:
        connection.exec_driver_sql(f"PRAGMA max_page_count = {count}")


def test_chosen_units_of_another_view_are_no_rows(plan):
    assert chosen_table(plan, tuple(plan.ground.units.index[:3]), ("no such strand",)).empty


def test_a_bundle_whose_chosen_units_have_no_work_stays_in_the_table(plan):
    idle = plan.assignment[~plan.assignment["unit_id"].isin(plan.work["unit_id"])].iloc[0]
    table = chosen_table(plan, (idle["unit_id"],), (idle["strand"],))
    assert table.loc[idle["bundle_id"], "units"] == 1 and table.loc[idle["bundle_id"], "annual_jpy"] == 0
