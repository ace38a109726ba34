"""What else is asked of a plan: by the command and in a notebook, printed, written, refused."""

import csv
import io
import json
import pathlib

import geopandas as gpd
import openpyxl
import pandas as pd
import pytest

import gunmane
from gunmane import exports
from gunmane.cli import main
from gunmane.cli.commands import asked_studies, chosen_scenario
from gunmane.cli.options import build_parser
from gunmane.errors import FileError, GunmaneError, ScenarioError
from gunmane.exports.studies import STUDY_FILES, STUDY_KEYS, study_facts, study_files
from gunmane.i18n import LANGUAGES, say, t
from gunmane.plans import make_plan
from gunmane.scenario import Scenario
from gunmane.studies import STUDIES, Asked, study_plan

ASKED = [
    "--evidence",
    "--why-not",
    "--alternatives",
    "2",
    "--trade-offs",
    "--prices",
    "--rollout",
    "--exact",
    "--robustness",
    "3",
]
KEYS = ("evidence", "why_not", "alternatives", "trade_offs", "prices", "rollout", "proof", "robustness")


@pytest.fixture(autouse=True)
def japanese(monkeypatch):
    monkeypatch.setenv("LC_ALL", "ja_JP.UTF-8")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """One real run with everything asked: 宇陀, structures."""
    out = tmp_path_factory.mktemp("studies")
    assert main(["plan", "nara_uda", *ASKED, "--quiet", "--out", str(out)]) == 0
    return out


@pytest.fixture(scope="module")
def plan():
    """The same in a notebook."""
    return gunmane.plan(
        "nara_uda",
        evidence=True,
        why_not=True,
        alternatives=2,
        trade_offs=True,
        prices=True,
        rollout=True,
        exact=True,
        robustness=3,
    )


def rows_of(folder, name):
    return list(csv.DictReader(io.StringIO((folder / name).read_text(encoding="utf-8-sig"))))


def record(folder):
    return json.loads((folder / "plan.json").read_text(encoding="utf-8"))


def one_sentence(told):
    return told.out == "" and len(told.err.strip().splitlines()) == 1 and "Traceback" not in told.err


# A notebook -------------------------------------------------------------------------------------------------


def test_a_notebook_gets_every_study_that_it_asks_for(plan):
    assert set(plan.studies) == set(KEYS)
    assert len(plan.studies["alternatives"].plans) <= 3 and plan.studies["robustness"].asked == 3
    assert plan.studies["alternatives"].plans[0].assignment.equals(plan.assignment)


def test_nothing_is_studied_that_is_not_asked_for():
    assert gunmane.plan("nara_uda", rollout=False).studies == {}


def test_studies_leave_the_plan_as_it_is(plan):
    alone = gunmane.plan("nara_uda")
    pd.testing.assert_frame_equal(plan.assignment, alone.assignment)
    assert plan.totals == alone.totals


@pytest.mark.parametrize(
    "choice",
    [
        {"alternatives": 0},
        {"alternatives": -1},
        {"alternatives": 10_000},
        {"alternatives": 2.5},
        {"alternatives": True},
        {"alternatives": "5"},
        {"robustness": 0},
        {"robustness": 10_000},
        {"evidence": 3},
        {"rollout": "yes"},
        {"robustness_keeps_count": True},
        {"robustness_keeps_count": 1},
    ],
)
def test_what_cannot_be_asked_is_refused_before_anything_is_made(choice):
    with pytest.raises(ScenarioError) as refused:
        gunmane.plan("nowhere_at_all", **choice)
    (name,) = choice
    assert f"（{name}）" in say(refused.value, "ja") and f"({name})" in say(refused.value, "en")
    assert str(choice[name]) in say(refused.value, "en") or refused.value.key == "study_without_draws"


def test_a_notebook_can_hold_the_number_of_bundles_in_every_draw(plan):
    held = gunmane.plan("nara_uda", robustness=3, robustness_keeps_count=True).studies["robustness"]
    assert "robustness_count_held" in {note.key for note in held.facts}
    assert "robustness_count_held" not in {note.key for note in plan.studies["robustness"].facts}


def test_prices_tell_how_far_they_are():
    told = []
    study_plan(
        gunmane.plan("nara_uda", layer="daily"),
        Asked(prices=True),
        progress=lambda part, key: told.append((part, key)) or True,
    )
    parts = [part for part, key in told if key == "progress.pricing"]
    assert len(set(parts)) > 10 and parts == sorted(parts) and parts[-1] > 0.9


def test_a_study_that_is_ended_leaves_the_later_ones_out():
    made = gunmane.plan("nara_uda")
    told = []

    def stop(fraction, key):
        told.append(fraction)
        return key != "progress.staging"

    ended = study_plan(made, Asked(rollout=True, prices=True, robustness=2), progress=stop)
    assert list(ended.studies) == ["prices", "rollout"] and ended.studies["rollout"].is_cancelled
    assert told == sorted(told) and max(told) <= 1


def test_studies_made_before_stay():
    made = gunmane.plan("nara_uda", rollout=True)
    more = study_plan(made, Asked(prices=True))
    assert list(more.studies) == ["rollout", "prices"] and more.studies["rollout"] is made.studies["rollout"]


# Files ------------------------------------------------------------------------------------------------------


def test_the_command_writes_a_file_of_every_study_and_names_it_in_the_plan_file(folder):
    expected = {name for key in KEYS for name in STUDY_FILES[key]}
    written = {path.name for path in folder.iterdir()} - set(exports.PLAN_FILES)
    assert written == expected and set(record(folder)["study_files"]) == expected
    assert set(record(folder)["studies"]) == set(KEYS)


def test_the_command_writes_what_the_notebook_has(folder, plan):
    for name, data in study_files(plan).items():
        assert (folder / name).read_bytes() == data, name


def test_tables_open_in_excel_with_their_codes_as_text(folder):
    for path in folder.glob("*.csv"):
        assert path.read_bytes().startswith("\ufeff".encode()) and b"\r" not in path.read_bytes()
    joined = {code for row in rows_of(folder, "rollout.csv") for code in row["joining_codes"].split(";")}
    assert joined == {"29212", "29385", "29386", "29453"}


def test_the_rows_of_the_steps_sum_to_the_plan(folder):
    told = sum(float(row["annual_jpy"]) for row in rows_of(folder, "rollout.csv"))
    assert told == pytest.approx(record(folder)["totals"]["annual_jpy"], abs=5000)


def test_borders_are_lines_between_the_bundles_that_they_part(folder, plan):
    borders = gpd.read_file(folder / "borders.geojson").to_crs(plan.bundles.crs)
    assert len(borders) == len(plan.studies["robustness"].borders) > 0
    assert set(borders.geom_type) <= {"LineString", "MultiLineString"}
    for row in borders.itertuples():
        for bundle in (row.bundle_id, row.to_bundle_id):
            assert row.geometry.distance(plan.bundles.geometry[bundle].boundary) < 1


def test_a_unit_s_bundle_in_every_alternative_stands_on_the_map(folder, plan):
    units = gpd.read_file(folder / "alternatives.geojson").set_index("unit_id")
    for number, other in enumerate(plan.studies["alternatives"].plans[1:], start=1):
        held = other.assignment.set_index("unit_id")["bundle_id"]
        assert (units[f"alternative_{number}"] == held.reindex(units.index)).all()
    assert len(units) == len(plan.ground.units)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_workbook_has_a_sheet_of_every_study_with_words_only(plan, lang):
    book = openpyxl.load_workbook(io.BytesIO(exports.workbook(plan, plan.studies["evidence"], lang)))
    added = {
        "ja": [
            "代替案",
            "兼ね合い",
            "境界の確かさ",
            "境を動かすと",
            "条件の緩和案",
            "段階導入",
            "最も良い案との差",
        ]
    }
    added["en"] = [
        "Alternatives",
        "Trade-offs",
        "Borders",
        "Moves",
        "Relaxations",
        "Roll-out",
        "Distance from the best",
    ]
    assert set(added[lang]) <= set(book.sheetnames)
    texts = [str(c.value) for name in added[lang] for row in book[name].iter_rows() for c in row if c.value]
    assert not [text for text in texts if "files." in text or "{" in text or text.startswith("[")]


def test_the_coefficients_of_the_studies_are_marked_as_used(plan):
    book = openpyxl.load_workbook(io.BytesIO(exports.workbook(plan, None, "ja")))
    rows = {row[2]: row[0] for row in book["前提値"].iter_rows(min_row=3, values_only=True)}
    keys = {key for keys in STUDY_KEYS.values() for key in keys}
    assert {key for key in keys if rows.get(key) != "はい"} == set()


def test_a_plan_without_studies_takes_the_files_of_an_earlier_one_away(plan, tmp_path):
    exports.write_plan(plan, tmp_path)
    (tmp_path / "own.csv").write_text("mine")
    paths = exports.write_plan(gunmane.plan("nara_uda", rollout=True), tmp_path)
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {*exports.PLAN_FILES, *STUDY_FILES["rollout"], "own.csv"} == {*paths, "own.csv"}


def test_a_table_of_somebody_else_is_not_written_over(plan, tmp_path):
    (tmp_path / "rollout.csv").write_text("mine")
    with pytest.raises(FileError):
        exports.check_plan_folder(tmp_path, studies=["rollout"])
    exports.write_plan(gunmane.plan("nara_uda"), tmp_path)
    with pytest.raises(FileError):
        exports.check_plan_folder(tmp_path, studies=["rollout"])
    exports.check_plan_folder(tmp_path, studies=["prices"])
    assert (tmp_path / "rollout.csv").read_text() == "mine"


def test_a_failed_write_puts_taken_files_back(plan, tmp_path, monkeypatch):
    exports.write_plan(plan, tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    broken = pathlib.Path.write_bytes

    def failing(self, data):
        if self.name.startswith(".plan-") and b'"study_files": []' in data:
            raise OSError(28, "No space left on device")
        return broken(self, data)

    monkeypatch.setattr(pathlib.Path, "write_bytes", failing)
    with pytest.raises(FileError):
        exports.write_plan(gunmane.plan("nara_uda"), tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


# Printed ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lang", "words"), [("ja", ("段階導入", "代替案")), ("en", ("Staged roll-out", "Moves"))]
)
def test_what_was_asked_is_printed_in_the_language_chosen(lang, words, tmp_path, capsys):
    args = ["--rollout", "--prices", "--alternatives", "1", "--lang", lang, "--out", str(tmp_path)]
    assert main(["plan", "nara_uda", *args]) == 0
    told = capsys.readouterr().out
    assert words[0] in told and "29385" not in told.split(words[0])[1].split("\n\n")[0]
    assert not [line for line in told.splitlines() if "cli." in line or "{" in line]


def test_a_plan_and_its_studies_are_told_short_in_a_notebook(plan):
    assert repr(plan).startswith("Plan('nara_uda', 'structures', order_count=3")
    assert len(repr(plan)) < 120
    assert len(repr(plan.studies["why_not"])) < 2000


@pytest.mark.parametrize("wishes", [[], ["--evenness-strength", "0.5"]])
def test_moves_are_printed_with_what_decides_their_order_and_what_the_columns_mean(wishes, tmp_path, capsys):
    asked = ["plan", "nara_uda", "--prices", *wishes, "--lang", "en", "--out", str(tmp_path)]
    assert main(asked) == 0
    told = capsys.readouterr().out
    assert t("cli.column.work_structures", "en") in told
    assert t("prices.note", "en").split(",")[0] in " ".join(told.split())
    assert (t("cli.column.objective_change", "en") in told) == bool(wishes)


def test_bridges_join_as_bridges_and_nothing_to_move_is_said(tmp_path, capsys):
    args = ["--rollout", "--prices", "--bundles", "1", "--out", str(tmp_path)]
    assert main(["plan", "nara_uda", "--layer", "structures", *args]) == 0
    told = capsys.readouterr().out
    steps = told.split("段階導入")[1].split("\n\n")[0]
    assert "橋梁" in steps and "道路" not in steps and "移せる計画区画はありません" in told


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_fact_of_every_study_has_its_sentence(plan, lang):
    assert all(study_facts(plan, key, lang) for key in ("rollout", "robustness", "why_not", "proof"))


# Options ----------------------------------------------------------------------------------------------------

EVERY_RULE = """
--no-join-fields --no-whole-municipality --open-border 29212=29385 --open-border 29385=29386
--most-municipalities 2 --must-link 29212-001=29212-002 --cannot-link 29212-001=29453-001
--lock-unit 29212-003=A --lock-bundle 29385-001,29385-002 --fixed-base 29212-001 --base-count 3
--base-policy town_hall --side-window structures:10:500:hard --side-window onsite_hours::9000
--site-limit-min 120 --site-limit-km 50 --keeps-whole-strength 0.1 --status-quo-strength 0.2
--compactness-strength 0.3 --evenness-strength 0.4 --similarity-strength 0.5
--assume crew_size=2,3,4 --assume contract_years=5 --moves 700 --metis
"""


def scenario_of(*words):
    return chosen_scenario(build_parser("ja").parse_args(["plan", "nara_uda", "--out", "x", *words]))


def test_every_rule_of_a_meeting_can_be_put_to_the_command():
    made = scenario_of(*EVERY_RULE.split())
    plain = Scenario.default(exports_region())
    same = {name for name in Scenario.__dataclass_fields__ if getattr(made, name) == getattr(plain, name)}
    elsewhere = {"bundle_count", "floor_jpy", "ceiling_jpy", "is_window_hard", "travel_limit_min", "seed"}
    elsewhere |= {"region_id", "layer", "sectors", "may_cross_border", "joins_owners", "has_snow_removal"}
    assert same == elsewhere
    assert made.side_windows == (("structures", 10, 500, True), ("onsite_hours", None, 9000, False))
    assert made.locked_units == (("29212-003", "A"),) and made.keeps_municipality_whole is False
    assert made.assumption_overrides == (("contract_years", (5, 5, 5)), ("crew_size", (2, 3, 4)))


def exports_region():
    from gunmane.municipalities import find_region

    return find_region("nara_uda")


def test_what_is_not_said_is_as_the_region_opens():
    assert scenario_of() == Scenario.default(exports_region())


@pytest.mark.parametrize(
    "words",
    [
        "--must-link 29212-001",
        "--must-link =",
        "--lock-bundle ,",
        "--side-window moon:1:2",
        "--side-window structures::",
        "--side-window structures:a:b",
        "--side-window structures:1:2:soft",
        "--assume crew_size=1,2",
        "--assume crew_size",
        "--alternatives many",
        "--evenness-strength x",
        "--base-policy moon",
    ],
)
def test_a_choice_in_a_wrong_form_is_answered_by_two_and_one_sentence(words, capsys, tmp_path):
    with pytest.raises(SystemExit) as ended:
        main(["plan", "nara_uda", "--out", str(tmp_path), *words.split()])
    told = capsys.readouterr().err.splitlines()
    assert ended.value.code == 2 and words.split()[0] in told[-1] and "指定を読み取れません" not in told[-1]


@pytest.mark.parametrize(
    "words",
    [
        "--alternatives 0",
        "--alternatives 10000",
        "--robustness -5",
        "--robustness 10000",
        "--robustness-keeps-count",
        "--must-link nowhere=29212-001",
        "--open-border 29212=13101",
        "--fixed-base moon",
        "--lock-unit 29212-001=A --lock-unit 29212-001=B",
        "--must-link 29212-001=29212-002 --cannot-link 29212-002=29212-001",
        "--assume moon=1",
        "--assume crew_size=3,2,1",
        "--evenness-strength -1",
        "--base-count 0",
        "--side-window structures:9:1",
        "--layer daily --site-limit-km 5",
        "--moves -1",
    ],
)
def test_a_choice_that_cannot_be_planned_with_is_one_sentence(words, capsys, tmp_path):
    assert main(["plan", "nara_uda", *words.split(), "--out", str(tmp_path)]) == 1
    assert one_sentence(capsys.readouterr()) and not list(tmp_path.iterdir())


def test_the_command_holds_the_number_of_bundles_where_asked():
    def asked(*words):
        return asked_studies(build_parser("ja").parse_args(["plan", "nara_uda", "--out", "x", *words]))

    held = asked("--robustness", "7", "--robustness-keeps-count")
    assert (held.robustness, held.robustness_keeps_count) == (7, True)
    assert not asked("--robustness", "7").robustness_keeps_count


def test_help_tells_of_every_option_in_both_languages(capsys):
    for lang in LANGUAGES:
        with pytest.raises(SystemExit):
            build_parser(lang).parse_args(["plan", "--help"])
        told = capsys.readouterr().out
        assert "cli." not in told and "--rollout" in told and "--side-window" in told


def test_every_study_has_files_and_an_option():
    assert set(STUDIES) == set(STUDY_FILES)
    parser = build_parser("ja").parse_args(["plan", "nara_uda", "--out", "x"])
    assert all(hasattr(parser, name) for name, _ in STUDIES.values())
    assert issubclass(ScenarioError, GunmaneError) and make_plan
