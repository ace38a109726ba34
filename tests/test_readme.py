"""What the README files promise is there: commands, options, columns, links, pictures, in both languages."""

import dataclasses
import importlib.util
import pathlib
import re
import shlex

import pytest

from gunmane import schema
from gunmane.assets import take_rows
from gunmane.cli import main
from gunmane.cli.options import build_parser
from gunmane.exports.studies import STUDY_FILES
from gunmane.ledgers.opening import open_raw
from gunmane.ledgers.profile_files import PLAIN, TABLES, kinds
from gunmane.ledgers.profiles import ROLES, Answers, Layout, Position
from gunmane.ledgers.proposals import propose_profile
from gunmane.ledgers.scales import scale_names
from gunmane.ledgers.understanding import understand
from gunmane.municipalities import find_region
from gunmane.scenario import Scenario
from gunmane.studies import STUDIES, Asked

ROOT = pathlib.Path(__file__).resolve().parent.parent
READMES = ("README.md", "README.ja.md")
METHODS = ("docs/method.md", "docs/method.ja.md")
LEDGERS = ("docs/ledgers.md", "docs/ledgers.ja.md")
DOCUMENTS = (*READMES, *METHODS, *LEDGERS, "docs/data.md", "docs/benchmarks.md", "CONTRIBUTING.md")
FENCE = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)#\s]+)[^)]*\)")
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+")
# Options of other commands that the documents name.
FOREIGN_OPTIONS = {"--check", "--quick", "--region", "--steps", "--roads-region", "--bound", "--markdown"}


def text_of(name):
    return (ROOT / name).read_text(encoding="utf-8")


def fences(name, *languages):
    return [body for language, body in FENCE.findall(text_of(name)) if language in languages]


def options_of(command):
    parser = build_parser("en")
    subparsers = next(a for a in parser._actions if hasattr(a, "choices") and "plan" in (a.choices or {}))
    return {name for action in subparsers.choices[command]._actions for name in action.option_strings}


@pytest.fixture(scope="module")
def make_docs():
    spec = importlib.util.spec_from_file_location("make_docs", ROOT / "tools" / "make_docs.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(("english", "japanese"), [READMES, METHODS, LEDGERS])
def test_both_languages_have_the_same_headings_commands_and_pictures(english, japanese):
    def shape(name):
        body = FENCE.sub("", text_of(name))
        return [len(mark) for mark in re.findall(r"^(#+) ", body, re.MULTILINE)]

    assert shape(english) == shape(japanese)
    assert fences(english, "sh", "python", "csv", "toml") == fences(japanese, "sh", "python", "csv", "toml")
    pictures = [sorted(re.sub("_(ja|en)$", "", p) for p in LINK.findall(text_of(n)) if p.endswith(".png"))
                for n in (english, japanese)]  # fmt: skip
    assert len(pictures[0]) == len(pictures[1])


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_link_and_picture_leads_to_a_file(name):
    home = (ROOT / name).parent
    links = [link for link in LINK.findall(text_of(name)) if not link.startswith(("http", "mailto"))]
    missing = [link for link in links if not (home / link).exists()]
    assert not missing


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_make_target_that_is_named_exists(name):
    makefile = text_of("Makefile")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    commands = re.findall(r"`make ([^`]*)`", text_of(name))
    commands += re.findall(r"^make ([^\n#]*)", text_of(name), re.MULTILINE)
    named = {word for words in commands for word in words.split() if re.fullmatch(r"[a-z-]+", word)}
    assert named <= targets


@pytest.mark.parametrize("name", [*READMES, *LEDGERS])
def test_every_option_that_is_named_is_one_of_the_command(name):
    commands = ("plan", "check", "template", "sample", "regions", "fetch", "workspace", "rerun", "what-if")
    known = set().union(*map(options_of, commands)) | FOREIGN_OPTIONS
    plain = "\n".join(line for line in text_of(name).splitlines() if "pip install" not in line)
    assert set(OPTION.findall(plain)) <= known


def test_the_readme_names_every_option_of_plan():
    assert options_of("plan") - {"--help", "-h"} <= set(OPTION.findall(text_of("README.md")))


@pytest.mark.parametrize("name", READMES)
def test_the_readme_names_every_study_with_its_files(name):
    named = set(re.findall(r"`([a-z_]+(?:\.csv|\.geojson|=True|=N))`", text_of(name)))
    files = {file for files in STUDY_FILES.values() for file in files}
    assert files <= named
    assert {field.name for field in dataclasses.fields(Asked)} == {a.split("=")[0] for a in named if "=" in a}


@pytest.mark.parametrize("name", [*READMES, *LEDGERS])
def test_every_command_of_the_documents_is_understood(name):
    lines = [line for body in fences(name, "sh") for line in body.splitlines()]
    commands = [shlex.split(line)[1:] for line in lines if line.startswith("gunmane ")]
    assert commands
    for words in commands:
        options = build_parser("en").parse_args(words)
        if getattr(options, "region", None):
            assert find_region(options.region)


def test_the_notebook_example_names_fields_of_the_scenario_and_columns_of_the_bundles():
    code = "\n".join(fences("README.md", "python"))
    choices = re.findall(r"(\w+)=", code)
    columns = re.findall(r'"(\w+)"', re.search(r"bundles\[\[(.*?)\]\]", code).group(1))
    of_files = {
        "municipalities",
        "roads",
        "assets",
        "is_roads_as_assets",
        "profile",
        "on_invalid",
        "town_hall",
    }
    studies = set(Asked.__dataclass_fields__)
    assert set(choices) <= set(Scenario.__dataclass_fields__) | of_files | studies
    assert set(re.findall(r'studies\["(\w+)"\]', code)) <= set(STUDIES)
    assert re.search(r"assets=\[", code)
    assert set(columns) <= set(schema.names("bundles"))


@pytest.mark.parametrize("name", ["README.md", "README.ja.md", "docs/data.md"])
def test_tables_of_columns_are_those_of_the_schema(name, make_docs):
    text = text_of(name)
    assert make_docs.updated(text) == text
    assert "<!-- columns:" in text


@pytest.mark.parametrize("name", LEDGERS)
def test_the_table_of_rules_is_that_of_the_catalogues(name, make_docs):
    text = text_of(name)
    assert make_docs.updated(text) == text
    assert "| `owner_outside` |" in text and "| `built_year_value` |" in text


@pytest.mark.parametrize("name", LEDGERS)
def test_kinds_scales_and_parts_of_a_profile_are_all_described(name):
    body = FENCE.sub("", text_of(name))
    named = set(re.findall(r"`\[?([a-z0-9_]+)(?:\.[a-z]+)?\]?`", body))
    parts = [field.name for part in (Position, Layout, Answers) for field in dataclasses.fields(part)]
    assert {*kinds(), *scale_names(), *ROLES, *PLAIN, *TABLES, *parts} <= named


def test_the_example_of_the_ledgers_document_is_read_as_it_says(tmp_path):
    path = tmp_path / "bridges.csv"
    path.write_text(fences("docs/ledgers.md", "csv")[0], encoding="utf-8")
    region = find_region("nara_uda")
    raw = open_raw(path)
    rows = understand(raw, propose_profile(raw, region=region), region=region)
    taken = take_rows(rows, region=region, source=raw.file)
    assets, rejects = taken.assets.set_index("asset_id"), taken.rejects
    assert dict(assets["condition"]) == {"B-1": 2, "B-2": 3, "B-3": 1}
    assert list(assets["built_year"].fillna(0)) == [1980, 1980, 0]
    assert assets.at["B-2", "length_m"] == 120 and set(assets["owner_code"]) == {"29212"}
    assert sorted(zip(rejects["row"], rejects["rule"], strict=True)) == [
        (4, "built_year_value"),
        (4, "lon_lat_swapped_value"),
        (5, "owner_outside"),
        (6, "summary_row"),
    ]


def test_a_plan_with_the_example_counts_only_what_somebody_has_to_mend(tmp_path, capsys):
    path = tmp_path / "bridges.csv"
    path.write_text(fences("docs/ledgers.md", "csv")[0], encoding="utf-8")
    words = ["plan", "nara_uda", "--assets", str(path), "--lang", "en", "--out", str(tmp_path / "out")]
    assert main(words) == 0
    assert "The ledgers have 3 faults." in capsys.readouterr().out


@pytest.mark.parametrize(("name", "lang"), [("README.md", "en"), ("README.ja.md", "ja")])
def test_the_printed_example_is_what_the_command_prints_today(name, lang, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("COLUMNS", raising=False)
    assert main(["plan", "nara_uda", "--lang", lang, "--out", "out/nara_uda"]) == 0
    assert capsys.readouterr().out in fences(name, "text")


@pytest.mark.parametrize("name", READMES)
def test_the_house_names_only_modules_that_exist_and_all_that_do(name):
    house = next(body for body in fences(name, "text") if "scenario.py" in body)
    named = set(re.findall(r"(?<![\w/])([a-z0-9_]+\.py|[a-z_]+/)", house))
    package = {p.name if p.is_file() else f"{p.name}/" for p in (ROOT / "gunmane").iterdir()}
    package -= {"__init__.py", "__main__.py", "__pycache__/", "_data/", "py.typed"}
    outside = {
        "gunmane/",
        "app.py",
        "app_pages/",
        "data/",
        "model_regions/",
        "national/",
        "bench/",
        "tests/",
        "tools/",
        "docs/",
    }
    assert package <= named
    assert named <= package | outside


@pytest.mark.parametrize("name", READMES)
def test_the_readme_says_what_is_sample_and_who_stays_responsible(name):
    text = text_of(name)
    phrases = {
        "README.md": (
            "samples, not real ones",
            "mechanical trial calculation",
            "duties remain with each body",
        ),
        "README.ja.md": ("模擬データ", "機械的な試算", "管理者の責任は各団体に残ります"),
    }
    assert all(phrase in text for phrase in phrases[name])
    assert not re.search(r"(save|saving|削減|節約)[^.。\n]{0,20}\d+ ?[%％]", text)


def test_pictures_are_small_enough_to_be_sent():
    sizes = {p.name: p.stat().st_size for p in (ROOT / "docs" / "images").glob("*.png")}
    assert sizes
    assert max(sizes.values()) < 400_000
