"""The command: what it prints, writes and answers, and that a fault is one sentence."""

import json
import os
import pathlib
import pty
import re
import select
import signal
import subprocess
import sys

import geopandas as gpd
import pytest

import gunmane
from gunmane.cli import console, main
from gunmane.cli.options import chosen_language
from gunmane.exports.words import text_width
from gunmane.i18n import t

FILES = ["bundles.geojson", "members.csv", "plan.json", "units.geojson", "workbook.xlsx"]
COMMAND = [sys.executable, "-c", "import sys; from gunmane.cli import main; sys.exit(main())"]
SAMPLES = pathlib.Path(
    os.environ.get("GUNMANE_SAMPLES", pathlib.Path(__file__).parents[2] / "shared" / "samples")
)


@pytest.fixture(autouse=True)
def japanese(monkeypatch):
    monkeypatch.setenv("LC_ALL", "ja_JP.UTF-8")


@pytest.fixture(scope="module")
def planned(tmp_path_factory):
    """One real run: 宇陀, structures."""
    out = tmp_path_factory.mktemp("plan")
    told = subprocess.run(
        [*COMMAND, "plan", "nara_uda", "--out", out],
        capture_output=True,
        text=True,
        env=environment(),
        check=False,
    )
    return out, told


def environment(**more):
    return {**os.environ, "LC_ALL": "ja_JP.UTF-8", "PYTHONUTF8": "1", **more}


def contents(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


# Regions ------------------------------------------------------------------------------------------------


def test_regions_lists_the_eleven(capsys):
    assert main(["regions"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 13 and any("宇陀市" in line for line in lines)


def test_regions_as_json_keeps_codes_as_text(capsys):
    assert main(["regions", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert len(rows) == 11 and sum(len(row["bodies"]) for row in rows) == 40
    assert "01631" in {m["muni_code"] for row in rows for m in row["municipalities"]}


def test_columns_line_up_where_text_is_full_width(capsys):
    console.tell_table(["名前", "x"], [["幕別町", "1"], ["ab", "22"]], numbers=[1])
    lines = capsys.readouterr().out.splitlines()
    assert [text_width(line) for line in lines] == [10, 10, 10, 10]


# A plan -------------------------------------------------------------------------------------------------


def test_a_plan_writes_its_five_files_and_prints_a_table(planned):
    out, told = planned
    assert told.returncode == 0, told.stderr
    assert sorted(path.name for path in out.iterdir()) == FILES
    assert "道路・施設は模擬です。実在の位置ではありません" in told.stdout
    assert "機械的な試算です" in told.stdout and "宇陀市" in told.stdout


def test_no_bar_and_no_word_on_stderr_in_a_pipe(planned):
    assert planned[1].stderr == "" and "\x1b" not in planned[1].stdout


def test_the_same_command_gives_the_same_files_and_quiet_prints_nothing(planned, tmp_path, capsys):
    assert main(["plan", "nara_uda", "--out", str(tmp_path / "again"), "--quiet"]) == 0
    assert contents(tmp_path / "again") == contents(planned[0])
    assert capsys.readouterr() == ("", "")


def test_a_notebook_gets_the_plan_that_the_command_writes(planned):
    plan = gunmane.plan("nara_uda", layer="structures")
    written = json.loads((planned[0] / "plan.json").read_text(encoding="utf-8"))
    assert {b["bundle_id"] for b in written["bundles"]} == set(plan.bundles.index)
    assert written["totals"]["travel_hours"] == pytest.approx(plan.totals["travel_hours"])


def test_options_reach_the_scenario(tmp_path, capsys):
    args = "plan nara_uda --layer daily --sectors road,park --no-cross-border --no-join-owners --seed 3"
    more = (
        "--bundles 4 --floor-jpy 1000 --ceiling-jpy 9e9 --hard-window --travel-limit-min 200 --snow --lang en"
    )
    assert main([*args.split(), *more.split(), "--out", str(tmp_path)]) == 0
    chosen = json.loads((tmp_path / "plan.json").read_text(encoding="utf-8"))["scenario"]
    assert (chosen["layer"], chosen["sectors"], chosen["seed"]) == ("daily", ["road", "park"], 3)
    assert not chosen["may_cross_border"] and not chosen["joins_owners"] and chosen["is_window_hard"]
    assert (chosen["bundle_count"], chosen["floor_jpy"], chosen["ceiling_jpy"]) == (4, 1000, 9e9)
    assert chosen["travel_limit_min"] == 200 and chosen["has_snow_removal"]
    assert "Municipalities" in capsys.readouterr().out


def test_evidence_adds_the_comparison_with_today_first(tmp_path, capsys):
    assert main(["plan", "nara_uda", "--evidence", "--out", str(tmp_path)]) == 0
    told = capsys.readouterr().out
    assert told.index("比較（現況と案）") < told.index("拠点だけ見直し") < told.index("越境あり")
    assert "役所・役場から行うと仮定した姿" in told


@pytest.mark.parametrize(("lang", "previous"), [("ja", "前の案"), ("en", "previous plan")])
def test_a_refused_choice_speaks_of_no_plan_before_where_there_was_none(lang, previous, tmp_path, capsys):
    asked = ["plan", "nara_uda", "--bundles", "0", "--lang", lang, "--out", str(tmp_path / "out")]
    assert main(asked) == 1
    told = capsys.readouterr().err
    assert told and previous not in told


def test_a_number_of_bundles_that_only_crossing_plans_keep_is_told(tmp_path, capsys):
    assert main(["plan", "nara_uda", "--evidence", "--bundles", "2", "--out", str(tmp_path)]) == 0
    assert t("compare.fixed_count", "ja", count=2) in capsys.readouterr().out


def test_the_real_network_of_kusatsu_is_planned_on_and_described(tmp_path, capsys):
    path = SAMPLES / "kusatsu_osm_roads" / "roads.geojson"
    if not path.exists():
        pytest.skip("the real road lines of 草津市 are not on this machine")
    assert main(["plan", "shiga_kusatsu", "--roads", str(path), "--out", str(tmp_path)]) == 0
    told = capsys.readouterr().out
    assert all(fact in told for fact in ("272 km", "236 km", "516 km", "種別は不明"))
    notice = json.loads((tmp_path / "units.geojson").read_bytes())["sample_notice_ja"]
    assert notice.startswith("施設の全部または一部は模擬です")


def test_lines_that_say_nothing_are_the_network_of_a_plan(tmp_path, capsys):
    path = SAMPLES / "kusatsu_osm_roads" / "roads.geojson"
    if not path.exists():
        pytest.skip("the real road lines of 草津市 are not on this machine")
    assert main(["plan", "shiga_kusatsu", "--assets", str(path), "--out", str(tmp_path)]) == 0
    told = capsys.readouterr().out
    assert "272 km" in told and "roads.geojson は線だけで" in told
    assert json.loads((tmp_path / "plan.json").read_bytes())["provenance"]["roads_source"] == "roads.geojson"


# Its own errors -----------------------------------------------------------------------------------------


def one_sentence(told):
    lines = told.err.strip().splitlines()
    return told.out == "" and len(lines) == 1 and "Traceback" not in told.err


def test_an_unknown_region_suggests_the_nearest(capsys, tmp_path):
    assert main(["plan", "nara_udo", "--out", str(tmp_path)]) == 1
    told = capsys.readouterr()
    assert one_sentence(told) and "nara_uda" in told.err


@pytest.mark.parametrize("args", [[], ["plan"], ["plan", "nara_uda"], ["plan", "x", "--layer", "y"], ["fly"]])
def test_wrong_usage_is_answered_by_two(args, capsys):
    with pytest.raises(SystemExit) as ended:
        main(args)
    assert ended.value.code == 2


@pytest.mark.parametrize("name", ["", " "])
def test_no_folder_is_not_the_folder_it_runs_in(name, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main(["sample", "nara_uda", "--out", name])
    assert ended.value.code == 2 and "--out" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_file_that_cannot_be_used_leaves_the_plan_before(planned, capsys):
    before = contents(planned[0])
    assert main(["plan", "nara_uda", "--roads", "nowhere.gpkg", "--out", str(planned[0])]) == 1
    assert one_sentence(capsys.readouterr()) and contents(planned[0]) == before


def test_a_folder_that_cannot_be_written_to(capsys, tmp_path):
    (tmp_path / "file").touch()
    assert main(["plan", "nara_uda", "--out", str(tmp_path / "file" / "out")]) == 1
    assert one_sentence(capsys.readouterr())


@pytest.mark.parametrize(
    "more", [["--bundles", "0"], ["--floor-jpy", "nan"], ["--sectors", "moon"], ["--seed", "-1"]]
)
def test_a_choice_that_cannot_be_planned_with(capsys, tmp_path, more):
    assert main(["plan", "nara_uda", *more, "--out", str(tmp_path)]) == 1
    assert one_sentence(capsys.readouterr())


def test_an_unexpected_error_is_one_sentence_with_a_hint(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr("gunmane.plans.make_plan", lambda *args, **more: 1 / 0)
    assert main(["plan", "nara_uda", "--out", str(tmp_path)]) == 1
    told = capsys.readouterr()
    assert one_sentence(told) and "GUNMANE_DEBUG=1" in told.err and not list(tmp_path.iterdir())


def test_the_hint_gives_a_full_record(capsys, caplog, tmp_path, monkeypatch):
    monkeypatch.setenv("GUNMANE_DEBUG", "1")
    monkeypatch.setattr("gunmane.plans.make_plan", lambda *args, **more: 1 / 0)
    assert main(["plan", "nara_uda", "--out", str(tmp_path)]) == 1
    assert "ZeroDivisionError" in caplog.text


def test_a_stop_by_the_user_writes_nothing(capsys, tmp_path, monkeypatch):
    def stopped(*args, **more):
        raise KeyboardInterrupt

    monkeypatch.setattr("gunmane.plans.make_plan", stopped)
    assert main(["plan", "nara_uda", "--out", str(tmp_path)]) == 130
    assert one_sentence(capsys.readouterr()) and not list(tmp_path.iterdir())


def test_a_reader_that_goes_away_is_no_error():
    run = subprocess.Popen(
        [*COMMAND, "regions"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()
    )
    run.stdout.close()
    assert run.stderr.read() == b"" and run.wait(timeout=60) == 0


# Terminals and languages ----------------------------------------------------------------------------------


def on_terminal(args):
    """Start the command with a terminal as its stderr; return it and the terminal's other end."""
    master, slave = pty.openpty()
    run = subprocess.Popen([*COMMAND, *args], stdout=slave, stderr=slave, env=environment())
    os.close(slave)
    return run, master


def read_terminal(master, until=None):
    """Return what came until the pattern, or until the end."""
    seen = b""
    while not (until and re.search(until, seen)) and select.select([master], [], [], 180)[0]:
        try:
            block = os.read(master, 4096)
        except OSError:
            break
        seen += block
    return seen


def test_a_bar_is_drawn_on_a_terminal_and_wiped_at_the_end(tmp_path):
    run, master = on_terminal(["plan", "nara_uda", "--quiet", "--out", tmp_path])
    seen = read_terminal(master)
    assert run.wait(timeout=60) == 0
    assert re.search(rb"\[#*\.*\] +\d+%", seen) and seen.endswith(b"\r\x1b[K")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_leaves_no_half_written_file(tmp_path, number, code):
    run, master = on_terminal(["plan", "osaka_senshu", "--out", tmp_path / "out"])
    read_terminal(master, until=rb"\d+%")
    run.send_signal(number)
    seen = read_terminal(master)
    assert run.wait(timeout=60) == code and b"Traceback" not in seen
    assert not (tmp_path / "out").exists() or not list((tmp_path / "out").iterdir())


@pytest.mark.parametrize(
    ("argv", "environ", "lang"),
    [
        ([], {"LC_ALL": "en_US.UTF-8"}, "en"),
        ([], {"LC_ALL": "", "LANG": "ja_JP.UTF-8"}, "ja"),
        ([], {"LC_ALL": "C.UTF-8"}, "ja"),
        (["plan", "--lang", "en"], {"LC_ALL": "ja_JP"}, "en"),
        (["plan", "--lang=ja"], {"LC_ALL": "en_US"}, "ja"),
    ],
)
def test_the_language_is_the_one_asked_for_else_the_locale(argv, environ, lang, monkeypatch):
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert chosen_language(argv) == lang


def test_the_version_is_the_package_s(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0 and gunmane.__version__ in capsys.readouterr().out


# Sample files ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sampled(tmp_path_factory):
    out = tmp_path_factory.mktemp("sample")
    assert main(["sample", "nara_uda", "--out", str(out), "--quiet"]) == 0
    return out


def test_sample_files_say_that_they_are_sample(sampled):
    assert (sampled / "README.md").read_text(encoding="utf-8").startswith("# 道路・施設は模擬です")
    for name in ("assets.gpkg", "roads.gpkg"):
        assert gpd.read_file(sampled / name)["is_synthetic"].all()
    for name in ("assets.parquet", "roads.parquet"):
        assert gpd.read_parquet(sampled / name)["is_synthetic"].all()


@pytest.mark.parametrize("kind", ["gpkg", "csv", "parquet"])
def test_sample_files_read_back_give_the_same_plan(sampled, planned, tmp_path, kind):
    args = ["plan", "nara_uda", "--assets", str(sampled / f"assets.{kind}"), "--out", str(tmp_path)]
    assert main([*args, "--quiet"]) == 0
    mine, first = [json.loads((folder / "plan.json").read_text("utf-8")) for folder in (tmp_path, planned[0])]
    assert mine["sample_notice_ja"] == first["sample_notice_ja"] and mine["rejected_rows"] == 0
    assert mine["assignment"] == first["assignment"]
    assert mine["totals"]["annual_jpy"] == pytest.approx(first["totals"]["annual_jpy"], rel=1e-6)


def test_sample_roads_read_back_are_still_sample(sampled, tmp_path):
    args = ["plan", "nara_uda", "--roads", str(sampled / "roads.gpkg"), "--out", str(tmp_path), "--quiet"]
    assert main(args) == 0
    notice = json.loads((tmp_path / "plan.json").read_text("utf-8"))["sample_notice_ja"]
    assert notice == "道路・施設は模擬です。実在の位置ではありません"


def test_the_same_sample_gives_the_same_files(sampled, tmp_path):
    assert main(["sample", "nara_uda", "--out", str(tmp_path), "--quiet"]) == 0
    assert contents(tmp_path) == contents(sampled)
