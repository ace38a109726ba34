"""Places that refuse, break, fill up or are older: a sentence, and the last saved state; backups and the way back."""

import datetime
import pathlib
import shutil
import sqlite3
import subprocess
import sys
import tempfile

import pytest
import servers
from sqlalchemy import inspect, text

from gunmane.errors import WorkspaceError
from gunmane.i18n import LANGUAGES, say
from gunmane.workspace import backup, backups, databases, migrations, open_workspace, restore
from gunmane.workspace.tables import TABLES


@pytest.fixture(scope="module")
def server():
    with servers.running_server() as running:
        yield running


@pytest.fixture(params=["file", "server"])
def address(request, tmp_path):
    if request.param == "file":
        return tmp_path / "kept" / "plans.sqlite"
    return request.getfixturevalue("server").new_database()


@pytest.fixture(autouse=True)
def own_data_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(databases.platformdirs, "user_data_dir", lambda *_, **__: str(tmp_path / "data"))
    monkeypatch.delenv("GUNMANE_WORKSPACE", raising=False)


def refusal(key, act):
    """The fault of an act: of this key, with whole sentences that never hold the password."""
    with pytest.raises(WorkspaceError) as caught:
        act()
    assert caught.value.key == key, caught.value
    sentences = [say(caught.value, lang) for lang in LANGUAGES]
    assert not any("{" in sentence for sentence in sentences)
    told = " ".join([*sentences, repr(caught.value), repr(caught.value.__cause__)])
    assert servers.PASSWORD not in told and servers.QUOTED not in told
    return caught.value


def fill(address, count=3, name="案"):
    with open_workspace(address) as plans:
        plan_id = plans.create(name, region="r", base={"n": 1}, data={})
        for version in range(count):
            plans.append(plan_id, {"kind": "MoveUnits", "n": version}, version, state={"after": version})
        plans.share(plan_id, "花子")
        plans.annotate(plan_id, "了承")
    return plan_id


def whole(address):
    """Everything that is kept, as one value."""
    with open_workspace(address) as plans:
        return [
            (plans.load(card.plan_id), plans.history(card.plan_id)) for card in plans.list(is_archived=None)
        ]


# Where ---------------------------------------------------------------------------------------------------------


def test_without_an_address_plans_lie_in_the_users_data_folder(tmp_path):
    fill(None)
    assert (tmp_path / "data" / "plans.sqlite").is_file()


def test_the_environment_names_another_place(tmp_path, monkeypatch):
    monkeypatch.setenv("GUNMANE_WORKSPACE", str(tmp_path / "other.sqlite"))
    fill(None)
    assert (tmp_path / "other.sqlite").is_file() and not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    "name", ["", "mysql://a/b", "postgresql://127.0.0.1", "postgresql://u@h:x/d", "sqlite:///"]
)
def test_what_is_no_address_is_refused(name):
    refusal("workspace_address", lambda: open_workspace(name))


def test_a_file_may_be_named_as_an_address(tmp_path):
    plan_id = fill(f"sqlite:///{tmp_path}/a b%20.sqlite")
    assert whole(tmp_path / "a b%20.sqlite")[0][0].card.plan_id == plan_id


def test_a_folder_is_refused(tmp_path):
    refusal("workspace_is_folder", lambda: open_workspace(tmp_path))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps rights to files otherwise")
def test_only_the_owner_may_read_plans_and_their_backups(tmp_path):
    path = tmp_path / "plans.sqlite"
    fill(path)
    with open_workspace(path) as plans:
        plans.list()
        backup(plans.database, tmp_path / "b.sqlite")
        rights = {file.name: file.stat().st_mode & 0o777 for file in tmp_path.rglob("*.sqlite*")}
    assert set(rights.values()) == {0o600} and len(rights) >= 3


# Files that refuse -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [b"not a database at all, but long enough to be one" * 99, b"SQLite format 3\0" + b"\xff" * 5000],
)
def test_a_file_that_is_no_database_is_left_as_it_is(tmp_path, content):
    path = tmp_path / "plans.sqlite"
    path.write_bytes(content)
    refusal("workspace_broken", lambda: open_workspace(path))
    assert path.read_bytes() == content


def test_a_database_of_another_program_is_left_as_it_is(tmp_path):
    path = tmp_path / "other.sqlite"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE t (a)")
    refusal("workspace_other_program", lambda: open_workspace(path))
    with sqlite3.connect(path) as other:
        assert other.execute("SELECT name FROM sqlite_master").fetchall() == [("t",)]


def test_a_broken_file_names_the_daily_copy_and_goes_back_to_it(tmp_path):
    path = tmp_path / "plans.sqlite"
    fill(path)
    before = whole(path)
    with path.open("r+b") as file:
        file.write(b"\xff" * 4096)
    told = refusal("workspace_broken_with_backup", lambda: open_workspace(path))
    copy = pathlib.Path(told.values["backup"])
    refusal("workspace_broken", lambda: restore(copy, str(path)))
    restored = restore(copy, str(path), is_replacing=True)
    assert whole(path) == before and restored.kept.read_bytes()[:9] == b"\xff" * 9


def test_a_file_held_by_another_program_is_told_after_a_wait(tmp_path, monkeypatch):
    monkeypatch.setattr(databases, "WAIT_S", 0.1)
    path = tmp_path / "plans.sqlite"
    plan_id = fill(path)
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with open_workspace(path) as plans:
        refusal("workspace_locked", lambda: plans.append(plan_id, {}, 3))
        holder.close()
        assert plans.append(plan_id, {}, 3) == 4


def test_a_full_database_keeps_the_last_saved_state(tmp_path):
    path = tmp_path / "plans.sqlite"
    plan_id = fill(path)
    with open_workspace(path) as plans:
        with plans.database.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA max_page_count = 40")
            connection.commit()
        refusal("workspace_full", lambda: plans.append(plan_id, {"long": "x" * 400_000}, 3))
        assert plans.append(plan_id, {"short": 1}, 3) == 4


FILLER = """
import resource, sys
from gunmane.errors import WorkspaceError
from gunmane.workspace import open_workspace
resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, resource.RLIM_INFINITY))
with open_workspace(sys.argv[1]) as plans:
    plan_id, version = plans.list()[0].plan_id, 3
    try:
        while version < 1000:
            version = plans.append(plan_id, {"kind": "long", "rest": "x" * 5000}, version)
    except WorkspaceError as error:
        print(error.key, version, plans.load(plan_id).version)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on the size of a file to set")
def test_a_disk_that_fills_up_keeps_every_step_that_was_saved(tmp_path):
    path = tmp_path / "plans.sqlite"
    plan_id = fill(path)
    told = subprocess.run([sys.executable, "-c", FILLER, path], capture_output=True, text=True, check=True)
    key, saved, loaded = told.stdout.split()
    assert key in ("workspace_full", "workspace_disk") and saved == loaded != "3"
    with open_workspace(path) as plans:
        assert plans.load(plan_id).version == int(saved)
        assert plans.append(plan_id, {"kind": "after"}, int(saved)) == int(saved) + 1


# Everything is loaded before the rights go: root itself may write anywhere.
READER = """
import os, sys
from gunmane.errors import WorkspaceError
from gunmane.workspace import open_workspace
open_workspace(sys.argv[1]).close()
if os.geteuid() == 0:
    os.setgroups([])
    os.setuid(65534)
try:
    open_workspace(sys.argv[2])
except WorkspaceError as error:
    print(error.key)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="rights to a folder are others on Windows")
def test_a_folder_without_the_right_to_write_is_told(tmp_path):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="gunmane-read-"))
    try:
        folder.chmod(0o555)
        command = [sys.executable, "-c", READER, tmp_path / "own.sqlite", folder / "plans.sqlite"]
        told = subprocess.run(command, capture_output=True, text=True, check=True)
        assert told.stdout.split() == ["workspace_read_only"]
        assert not list(folder.iterdir())
    finally:
        shutil.rmtree(folder)


@pytest.mark.skipif(sys.platform == "win32", reason="rights to a folder are others on Windows")
def test_a_file_without_the_right_to_write_is_told_and_stays(tmp_path):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="gunmane-read-"))
    try:
        fill(folder / "plans.sqlite")
        before = (folder / "plans.sqlite").read_bytes()
        (folder / "plans.sqlite").chmod(0o444)
        folder.chmod(0o555)
        command = [sys.executable, "-c", READER, tmp_path / "own.sqlite", folder / "plans.sqlite"]
        told = subprocess.run(command, capture_output=True, text=True, check=True)
        assert told.stdout.split() == ["workspace_read_only"]
        assert (folder / "plans.sqlite").read_bytes() == before
    finally:
        shutil.rmtree(folder)


# Servers that refuse ---------------------------------------------------------------------------------------------


def test_a_wrong_password_an_unknown_database_and_nobody_there_are_told_apart(server):
    refusal("workspace_login", lambda: open_workspace(server.url("postgres", password="wrong")))
    refusal("workspace_no_database", lambda: open_workspace(server.url("nowhere")))
    nobody = f"postgresql://a:{servers.QUOTED}@127.0.0.1:{servers.free_port()}/b"
    refusal("workspace_unreachable", lambda: open_workspace(nobody))


def test_a_role_without_the_right_to_make_tables_is_told(server):
    server.run("CREATE ROLE guest LOGIN PASSWORD 'guest'")
    url = server.new_database().replace(f"owner:{servers.QUOTED}", "guest:guest")
    refusal("workspace_no_right", lambda: open_workspace(url))


def test_a_server_that_stops_is_told_and_found_again_when_it_is_back():
    with servers.running_server() as own:
        url = own.new_database()
        plan_id = fill(url)
        with open_workspace(url) as plans:
            plans.load(plan_id)
            own.stop()
            refusal("workspace_unreachable", lambda: plans.append(plan_id, {}, 3))
            own.start()
            assert plans.append(plan_id, {}, 3) == 4


# Versions of the tables ------------------------------------------------------------------------------------------


def test_the_tables_are_those_that_the_statements_name(address):
    with open_workspace(address) as plans, plans.database.reading() as connection:
        there = inspect(connection)
        found = {name: [c["name"] for c in there.get_columns(name)] for name in there.get_table_names()}
        keys = {name: set(there.get_pk_constraint(name)["constrained_columns"]) for name in found}
    assert found == {table.name: [c.name for c in table.c] for table in TABLES.sorted_tables}
    assert keys == {table.name: {c.name for c in table.primary_key} for table in TABLES.sorted_tables}


def add_column(connection):
    connection.execute(text("ALTER TABLE gunmane_plans ADD COLUMN colour TEXT"))


def test_an_older_place_is_brought_up_to_date_after_a_backup(address, monkeypatch, tmp_path):
    fill(address)
    before = whole(address)
    monkeypatch.setattr(migrations, "MIGRATIONS", (*migrations.MIGRATIONS, add_column))
    monkeypatch.setattr(backups, "MIGRATIONS", migrations.MIGRATIONS)
    database = databases.connect(address)
    found, copy = migrations.migrate(database)
    assert found == len(migrations.MIGRATIONS) - 1 and migrations.migrate(database)[1] is None
    database.close()
    assert whole(address) == before
    restore(copy, str(tmp_path / "again.sqlite"))
    assert whole(tmp_path / "again.sqlite") == before


def test_a_migration_that_fails_changes_nothing(address, monkeypatch):
    fill(address)
    before = whole(address)

    def failing(connection):
        add_column(connection)
        connection.execute(text("SELECT * FROM nowhere"))

    with monkeypatch.context() as patch:
        patch.setattr(migrations, "MIGRATIONS", (*migrations.MIGRATIONS, failing))
        refusal("workspace_failed", lambda: open_workspace(address))
    assert whole(address) == before
    with open_workspace(address) as plans, plans.database.reading() as connection:
        assert "colour" not in {c["name"] for c in inspect(connection).get_columns("gunmane_plans")}


def test_a_place_of_a_newer_gunmane_is_refused_and_left_as_it_is(address):
    fill(address)
    with open_workspace(address) as plans, plans.database.writing() as connection:
        connection.execute(text("UPDATE gunmane_schema SET version = 99"))
    told = refusal("workspace_newer", lambda: open_workspace(address))
    assert told.values["version"] == 99


# Backups ---------------------------------------------------------------------------------------------------------


def test_a_backup_brings_everything_back_in_either_database(address, tmp_path, server):
    fill(address)
    before = whole(address)
    with open_workspace(address) as plans:
        copy = backup(plans.database, tmp_path / "b.sqlite")
    other = server.new_database()
    for target in (other, tmp_path / "new.sqlite"):
        assert restore(copy, str(target)).plan_count == 1
        assert whole(target) == before


def test_plans_that_are_there_are_replaced_only_when_asked_and_then_kept(address, tmp_path):
    fill(address, name="昔")
    with open_workspace(address) as plans:
        copy = backup(plans.database, tmp_path / "b.sqlite")
    fill(address, name="今")
    now = whole(address)
    told = refusal("restore_would_replace", lambda: restore(copy, str(address)))
    assert told.values["count"] == 2 and whole(address) == now
    kept = restore(copy, str(address), is_replacing=True).kept
    assert [plan.card.name for plan, _ in whole(address)] == ["昔"]
    restore(kept, str(address), is_replacing=True)
    assert whole(address) == now


def test_a_backup_never_takes_the_place_of_a_file_unasked(tmp_path):
    path, out = tmp_path / "plans.sqlite", tmp_path / "b.sqlite"
    fill(path)
    out.write_text("mine")
    with open_workspace(path) as plans:
        refusal("backup_exists", lambda: backup(plans.database, out))
        refusal("backup_is_workspace", lambda: backup(plans.database, path, is_replacing=True))
        refusal("backup_not_written", lambda: backup(plans.database, out / "below.sqlite"))
        assert out.read_text() == "mine"
        backup(plans.database, out, is_replacing=True)
    assert out.read_bytes().startswith(b"SQLite format 3")


@pytest.mark.parametrize("content", [None, b"", b"no backup" * 900])
def test_what_is_no_backup_changes_nothing(tmp_path, content):
    path, out = tmp_path / "plans.sqlite", tmp_path / "b.sqlite"
    fill(path)
    before = whole(path)
    if content is not None:
        out.write_bytes(content)
    key = "backup_unreadable" if content is None else "backup_unusable"
    refusal(key, lambda: restore(out, str(path), is_replacing=True))
    assert whole(path) == before


def test_one_copy_a_day_is_kept_and_seven_days(tmp_path, monkeypatch):
    path = tmp_path / "plans.sqlite"
    fill(path)

    class Clock(datetime.datetime):
        day = 1

        @classmethod
        def now(cls, tz=None):
            return datetime.datetime(2026, 4, cls.day, tzinfo=tz)

    monkeypatch.setattr(backups.datetime, "datetime", Clock)
    for Clock.day in (1, 1, *range(2, 12)):
        open_workspace(path).close()
    names = sorted(copy.name[6:14] for copy in (tmp_path / "backups").iterdir())
    assert names == [f"202604{day:02}" for day in range(5, 12)]
