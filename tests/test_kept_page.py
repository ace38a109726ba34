"""Whose plans a page may save and list: those of the one person at this machine, or of somebody who logged in."""

import pytest
from streamlit import config

from app_pages import kept
from gunmane.errors import WorkspaceError


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
