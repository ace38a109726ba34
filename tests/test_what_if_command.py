"""`gunmane what-if`: from a region or a plan file, told and written; what it cannot do is one sentence."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from caches import new_cache

from gunmane.cli import main
from gunmane.i18n import t

BRIDGE = "29453-bridge-000894"


@pytest.fixture(scope="module", autouse=True)
def own_cache(tmp_path_factory):
    """Sample data of the region used here, made once for this module."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GUNMANE_CACHE", str(new_cache(tmp_path_factory)))
        yield


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Files of a region whose only bridge to one unit is closed in winter."""
    out = tmp_path_factory.mktemp("out")
    assert main(["what-if", "nara_uda", "--close", BRIDGE, "--winter", "--out", str(out), "--quiet"]) == 0
    return out


@pytest.mark.parametrize("lang", ["ja", "en"])
def test_the_command_tells_before_and_after(lang, capsys):
    assert main(["what-if", "nara_uda", "--lang", lang, "--close", BRIDGE, "--winter", "0.5"]) == 0
    told = capsys.readouterr().out
    assert t("what_if.figure.unreached_units", lang) in told and t("what_if.no_way", lang) in told
    assert t("notice.disclaimer", lang) in told


def test_the_files_hold_no_infinite_number_and_their_changes_can_be_read_back(written, capsys):
    told = json.loads((written / "what_if.json").read_text(encoding="utf-8"))
    assert told["detours"][0]["after_min"] is None and told["detours"][0]["has_detour"] == "no"
    assert main(["what-if", "nara_uda", "--changes", str(written / "what_if.json"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["totals"] == told["totals"]


def test_the_tables_and_the_map_agree(written):
    units = pd.read_csv(written / "what_if_units.csv", encoding="utf-8-sig", dtype={"muni_code": "str"})
    features = json.loads((written / "what_if.geojson").read_text(encoding="utf-8"))["features"]
    kinds = pd.Series([feature["properties"]["feature"] for feature in features]).value_counts()
    assert kinds["unit"] == len(units) and kinds["closed"] == 1 and "detour" not in kinds
    assert list(units.loc[units["state"] == "unreached", "unit_id"]) == ["29453-001"]


def test_a_plan_file_is_asked_about_as_it_is(tmp_path, capsys):
    assert main(["plan", "nara_uda", "--bundles", "2", "--out", str(tmp_path), "--quiet"]) == 0
    assert main(["what-if", str(tmp_path / "plan.json"), "--winter", "1", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {row["bundle_id"] for row in told["bundles"]} == {"S1", "S2"}
    assert all(row["mark"] == "same" for row in told["totals"])


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ([], "Nothing is said to happen"),
        (["--close", "三尾橋"], "2 assets are called"),
        (["--close", "no such bridge"], "is no road, bridge or tunnel of this region"),
        (["--winter", "cold"], "cannot be the part of its speed"),
        (["--changes", "nowhere.json"], "nowhere.json cannot be read"),
    ],
)
def test_what_cannot_be_is_one_sentence_and_nothing_is_written(more, said, tmp_path, capsys):
    assert main(["what-if", "nara_uda", "--lang", "en", *more, "--out", str(tmp_path / "out")]) == 1
    assert said in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("content", [b"[" * 50_000, b"\xff\xfe", b'{"format": "\\ud800"}'])
def test_a_broken_file_of_changes_is_one_sentence(content, tmp_path, capsys):
    (tmp_path / "ch.json").write_bytes(content)
    assert main(["what-if", "nara_uda", "--lang", "en", "--changes", str(tmp_path / "ch.json")]) == 1
    assert "The record of what-if changes is broken" in capsys.readouterr().err


def test_a_base_lost_where_none_stands_is_told(capsys):
    assert main(["what-if", "nara_uda", "--lang", "en", "--lose-base", "29453-001"]) == 0
    assert "No base of this plan stands in" in capsys.readouterr().out


def test_files_of_somebody_else_are_not_written_over(tmp_path, capsys):
    (tmp_path / "what_if.json").write_text("mine")
    assert main(["what-if", "nara_uda", "--winter", "--out", str(tmp_path)]) == 1
    assert (tmp_path / "what_if.json").read_text() == "mine" and capsys.readouterr().err
