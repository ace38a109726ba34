"""Nothing that people made is written over: inputs, profiles beside them, ledgers filled in, files of others."""

import shutil

import openpyxl
import pytest

from gunmane.cli import main
from gunmane.errors import FileError
from gunmane.exports import write_files
from gunmane.exports.overwriting import inputs_to_keep

LEDGER = "橋梁名,橋長,緯度,経度\n大橋,12,34.4620,135.9695\n小橋,8,34.4485,135.9814\n"


def run(*arguments):
    return main([*map(str, arguments), "--quiet", "--lang", "ja"])


def test_a_file_to_keep_is_not_written_over_under_any_name(tmp_path):
    (tmp_path / "own.csv").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path)
    for keep in (tmp_path / "own.csv", tmp_path / "link" / "own.csv"):
        with pytest.raises(FileError) as caught:
            write_files({"new.csv": b"x", "own.csv": b"x"}, tmp_path, keep=[keep])
        assert caught.value.key == "output_is_input" and caught.value.values["file"] == "own.csv"
    assert (tmp_path / "own.csv").read_text() == "mine" and not (tmp_path / "new.csv").exists()


def test_a_database_is_no_file_to_keep(tmp_path):
    ledger = tmp_path / "own.csv"
    assert inputs_to_keep(["postgresql://host/base?table=t", ledger]) == [
        ledger,
        tmp_path / "own.csv.profile.toml",
    ]


def test_a_check_keeps_the_profile_beside_its_ledger(tmp_path):
    ledger = tmp_path / "橋梁台帳.csv"
    ledger.write_text(LEDGER, encoding="utf-8")
    beside = tmp_path / "橋梁台帳.csv.profile.toml"
    assert run("check", ledger, "--region", "nara_uda", "--out", tmp_path) == 0
    mine = beside.read_text(encoding="utf-8") + "# わたしの覚え書き\n"
    beside.write_text(mine, encoding="utf-8")
    for _ in range(2):
        assert run("check", ledger, "--region", "nara_uda", "--out", tmp_path) == 0
    assert beside.read_text(encoding="utf-8") == mine and ledger.read_text(encoding="utf-8") == LEDGER
    names = sorted(path.name for path in tmp_path.glob("*.toml"))
    assert names == ["橋梁台帳.csv.2.profile.toml", "橋梁台帳.csv.profile.toml"]


def test_a_plan_does_not_destroy_the_workbook_it_is_made_from(tmp_path, capsys):
    source = tmp_path / "橋梁.csv"
    source.write_text(LEDGER, encoding="utf-8")
    book = openpyxl.Workbook()
    for line in LEDGER.splitlines():
        book.active.append(line.split(","))
    book.save(tmp_path / "workbook.xlsx")
    before = (tmp_path / "workbook.xlsx").read_bytes()
    # Even where an earlier plan lies in the folder.
    (tmp_path / "plan.json").write_text('{"format": "gunmane-plan/1"}')
    asked = ("plan", "nara_uda", "--assets", tmp_path / "workbook.xlsx", "--out", tmp_path)
    assert run(*asked) == 1 and "workbook.xlsx は残してあり" in capsys.readouterr().err
    assert (tmp_path / "workbook.xlsx").read_bytes() == before
    (tmp_path / "plan.json").unlink()
    assert run("plan", "nara_uda", "--assets", source, "--out", tmp_path) == 1
    assert "ほかで作った" in capsys.readouterr().err
    assert (tmp_path / "workbook.xlsx").read_bytes() == before and not (tmp_path / "plan.json").exists()


def test_a_sample_replaces_a_sample_but_no_readme_of_others(tmp_path, capsys):
    (tmp_path / "README.md").write_text("# わたしのメモ\n", encoding="utf-8")
    assert run("sample", "nara_uda", "--out", tmp_path) == 1
    assert "README.md は残してあり" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["README.md"]
    for _ in range(2):
        assert run("sample", "nara_uda", "--out", tmp_path / "sample") == 0


def test_a_template_that_was_filled_in_is_kept(tmp_path, capsys):
    for _ in range(2):
        assert run("template", "bridge", "--out", tmp_path) == 0
    path = tmp_path / "template_bridge_ja.xlsx"
    book = openpyxl.load_workbook(path)
    book.worksheets[0].cell(row=2, column=1, value="大橋")
    book.save(path)
    before = path.read_bytes()
    assert run("template", "all", "--out", tmp_path) == 1
    assert path.read_bytes() == before and [p.name for p in tmp_path.iterdir()] == [path.name]
    assert "記入済み" in capsys.readouterr().err
    shutil.rmtree(tmp_path)
    assert run("template", "bridge", "--out", tmp_path) == 0


@pytest.mark.parametrize(
    "order", [["check", "", "--region", "nara_uda"], ["plan", "nara_uda", "--assets", ""]]
)
def test_no_name_at_all_is_one_sentence(tmp_path, order, capsys):
    assert run(*order, "--out", tmp_path) == 1
    assert "フォルダー" in capsys.readouterr().err and not list(tmp_path.iterdir())
