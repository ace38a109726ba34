"""`gunmane workspace`: list, backup, restore, migrate; each fault one sentence."""

import json

import pytest

from gunmane.cli import main
from gunmane.workspace import open_workspace


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    path = tmp_path / "plans.sqlite"
    monkeypatch.setenv("LC_ALL", "en_US.UTF-8")
    monkeypatch.setenv("GUNMANE_WORKSPACE", str(path))
    return path


def fill(place, name, owner=""):
    with open_workspace(place, user=owner) as plans:
        plan_id = plans.create(name, region="nara_uda", base={}, data={})
        plans.append(plan_id, {"kind": "MoveUnits"}, 0)
    return plan_id


def test_the_list_shows_the_plans_of_one_who_works_alone(place, capsys):
    plan_id = fill(place, "宇陀の案")
    fill(place, "花子の案", "花子")
    assert main(["workspace", "list"]) == 0
    told = capsys.readouterr().out
    assert plan_id in told and "宇陀の案" in told and "1/1" in told and "花子の案" not in told


def test_the_list_of_a_user_is_json_when_asked(place, capsys):
    fill(place, "花子の案", "花子")
    assert main(["workspace", "list", "--user", "花子", "--json"]) == 0
    (card,) = json.loads(capsys.readouterr().out)
    assert card["name"] == "花子の案" and card["step_count"] == 1


def test_what_was_archived_is_listed_when_asked(place, capsys):
    with open_workspace(place) as plans:
        plans.archive(fill(place, "昔"))
    assert main(["workspace", "list", "--archived"]) == 0
    assert "昔" in capsys.readouterr().out


def test_a_backup_comes_back_only_over_nothing_or_when_asked(place, tmp_path, capsys):
    copy = str(tmp_path / "copy.sqlite")
    fill(place, "昔")
    assert main(["workspace", "backup", copy]) == 0
    fill(place, "今")
    assert main(["workspace", "restore", copy]) == 1
    assert "--replace" in capsys.readouterr().err
    assert main(["workspace", "restore", copy, "--replace"]) == 0
    assert "kept" in capsys.readouterr().out
    with open_workspace(place) as plans:
        assert [card.name for card in plans.list()] == ["昔"]


@pytest.mark.parametrize("action", ["backup", "restore"])
def test_a_backup_needs_a_file(action, capsys):
    assert main(["workspace", action]) == 1
    assert "FILE" in capsys.readouterr().err


def test_what_is_up_to_date_is_told_and_left(place, capsys):
    fill(place, "案")
    assert main(["workspace", "migrate"]) == 0
    assert "up to date" in capsys.readouterr().out


def test_a_place_that_cannot_be_used_is_one_sentence(tmp_path, capsys):
    assert main(["workspace", "list", "--workspace", str(tmp_path)]) == 1
    told = capsys.readouterr().err
    assert told.startswith("gunmane: ") and told.count("\n") == 1 and str(tmp_path) in told
