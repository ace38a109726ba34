"""A plan file made again: the same plan, or a sentence that names what is not the same."""

import dataclasses
import json
import pathlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gunmane.cli import main
from gunmane.errors import FileError
from gunmane.exports import plan_json
from gunmane.grounds import prepare_ground
from gunmane.i18n import LANGUAGES, say
from gunmane.plans import make_plan
from gunmane.scenario import Scenario
from gunmane.workbench import History, LockUnits, MoveUnits, NameBundle, SetBase, apply, draft_of, figures
from gunmane.workbench.draft import by_hand as hand_record
from gunmane.workspace.planfiles import check_inputs, differing_inputs, read_plan_file
from gunmane.workspace.rerun import rerun

LEDGER = "asset_id,sector,muni_code,lon,lat,length_m\n" + "".join(
    f"B-{n},bridge,29212,135.95{n},34.52{n},{10 + n}\n" for n in range(9)
)


@pytest.fixture(scope="module")
def ground():
    return prepare_ground("nara_uda")


@pytest.fixture(scope="module")
def plan(ground):
    return make_plan(Scenario.default(ground.region, layer="daily"), ground)


@pytest.fixture
def written(tmp_path):
    def write(plan, **changes):
        told = json.loads(plan_json(plan))
        path = tmp_path / "plan.json"
        path.write_text(json.dumps({**told, **changes}), encoding="utf-8")
        return path

    return write


def refusal(key, act):
    """The fault of an act: of this key, with whole sentences in both languages."""
    with pytest.raises(FileError) as caught:
        act()
    assert caught.value.key == key
    assert all("{" not in say(caught.value, lang) for lang in LANGUAGES)
    return caught.value


def by_hand(plan):
    """The plan with one unit moved to the next bundle and one base chosen."""
    draft = draft_of(plan)
    first, second, *_ = draft.bundles()
    draft = apply(draft, MoveUnits(units=tuple(draft.units_of(first)[:1]), to=second))
    draft = apply(draft, SetBase(bundle=second, unit=draft.units_of(second)[0]))
    return figures(draft, plan.ground)


# The same --------------------------------------------------------------------------------------------------------


def test_a_plan_made_by_hand_comes_back_with_titles_locks_and_bases(plan, ground, written):
    history = History(draft_of(plan))
    first, second, *_ = history.draft.bundles()
    unit = history.draft.units_of(first)[0]
    for edit in (
        MoveUnits((unit,), second),
        NameBundle(second, "川沿い"),
        LockUnits((unit,)),
        SetBase(second, unit),
    ):
        history = history.did(edit)
    told = hand_record(history.draft, 4)
    made = dataclasses.replace(figures(history.draft, ground), by_hand=told)
    again = rerun(read_plan_file(written(made)), ground).plan
    assert dict(again.by_hand) == told and told["titles"] == {second: "川沿い"}
    assert draft_of(again).to_json() == {**history.draft.to_json(), "names": draft_of(again).names}
    assert again.notes[0].key == "hand_made"


def test_a_file_of_an_older_gunmane_tells_of_no_hand(plan, ground, written):
    path = written(plan)
    told = json.loads(path.read_text("utf-8"))
    del told["by_hand"]
    path.write_text(json.dumps(told), encoding="utf-8")
    assert dict(rerun(read_plan_file(path), ground).plan.by_hand) == {}


HAND = {"steps": 1, "titles": {}, "bases": {}, "locked_units": [], "locked_bundles": []}
NO_HAND = [{"steps": "x"}, {"titles": []}, {"bases": []}, {"steps": -7}, {"steps": 10**40}, {"steps": float("inf")},
           {"steps": True}, {"titles": {"S1": "\ud800x"}}, {"titles": {"川": "x"}},
           {"locked_bundles": [["S1"]]}]  # fmt: skip


@pytest.mark.parametrize("told", [{"steps": 1}, [1], *({**HAND, **part} for part in NO_HAND)])
def test_what_a_hand_did_must_be_whole(plan, written, told):
    refusal("plan_file_edited", lambda: read_plan_file(written(plan, by_hand=told)))


def test_a_title_comes_back_on_one_line_and_without_signs_that_nobody_sees(plan, written):
    told = read_plan_file(
        written(plan, by_hand={**HAND, "titles": {"D1": " 川\n沿\x00い\x07 ", "D2": "長" * 200}})
    )
    assert told.by_hand["titles"] == {"D1": "川 沿い", "D2": "長" * 80}


@pytest.mark.parametrize("name", ['<img src="x">S1', "S", "D1 ", "", 1, ["D1"], "川1"])
def test_a_bundle_that_gunmane_would_not_name_so_is_told(plan, written, name):
    told = json.loads(plan_json(plan))
    first, *others = told["assignment"]
    rows = [{**first, "bundle_id": name}, *others]
    refusal("plan_file_edited", lambda: read_plan_file(written(plan, assignment=rows)))


@pytest.mark.skipif(not pathlib.Path("/dev/zero").exists(), reason="this system has no file without an end")
def test_a_file_without_an_end_is_not_read_to_it(monkeypatch):
    monkeypatch.setattr("gunmane.workspace.planfiles.MOST_BYTES", 1000)
    refusal("plan_file_large", lambda: read_plan_file("/dev/zero"))


def test_a_file_larger_than_any_plan_is_not_read(plan, written, monkeypatch):
    monkeypatch.setattr("gunmane.workspace.planfiles.MOST_BYTES", 1000)
    refusal("plan_file_large", lambda: read_plan_file(written(plan)))


def test_a_file_gives_back_every_choice_and_bundle(plan, written):
    told = read_plan_file(written(plan))
    rows = plan.assignment.itertuples(index=False)
    assert told.scenario == plan.scenario
    assert {(s, u): b for s, own in told.labels.items() for u, b in own.items()} == {
        (r.strand, r.unit_id): r.bundle_id for r in rows
    }


@pytest.mark.parametrize("choices", [{}, {"layer": "structures"}, {"layer": "daily", "joins_fields": False},
                                     {"layer": "daily", "must_link": (("29212-001", "29212-002"),)}])  # fmt: skip
def test_a_plan_of_the_search_is_found_again(ground, written, choices):
    plan = make_plan(Scenario.default(ground.region, **choices), ground)
    again = rerun(read_plan_file(written(plan)), ground)
    assert again.is_found_again
    assert plan_json(again.plan) == plan_json(plan)


def test_a_plan_made_by_hand_comes_back_with_its_bundles_and_bases(plan, written, ground):
    hand = by_hand(plan)
    again = rerun(read_plan_file(written(hand)), ground)
    assert not again.is_found_again
    assert plan_json(again.plan) == plan_json(hand)


# Not the same ----------------------------------------------------------------------------------------------------


def test_every_input_that_differs_is_named_with_what_differs(plan, written, ground):
    told = read_plan_file(written(plan))
    changed = {"facts": "other", "assets1/橋.xlsx": "ab", "roads/n13.zip": "cd"}
    other = dataclasses.replace(told, inputs={**told.inputs, **changed})
    error = refusal("plan_other_data", lambda: rerun(other, ground))
    japanese, english = say(error, "ja"), say(error, "en")
    assert "台帳 橋.xlsx（今回は指定がない）" in japanese and "付属する地域のデータ（中身が違う）" in japanese
    assert "roads n13.zip (not given now)" in english and error.values["count"] == 3


def test_other_assumptions_are_another_input(plan, written, ground):
    told = read_plan_file(written(plan))
    other = dataclasses.replace(told, inputs={**told.inputs, "assumptions": "0"})
    assert "前提値（中身が違う）" in say(
        refusal("plan_other_data", lambda: check_inputs(other, ground)), "ja"
    )


@given(st.dictionaries(st.sampled_from(["facts", "assets1/a.csv", "assets2/b.csv", "profile1/a.csv"]),
                       st.sampled_from("xyz")))  # fmt: skip
def test_inputs_differ_from_none_but_others(inputs):
    renamed = {key.replace("a.csv", "new name.csv"): digest for key, digest in inputs.items()}
    assert differing_inputs(inputs, inputs) == [] == differing_inputs(inputs, renamed)
    more = differing_inputs(inputs, {**inputs, "roads/r.zip": "w"})
    assert more == [("roads", "r.zip", "extra")]
    assert differing_inputs({**inputs, "roads/r.zip": "w"}, inputs) == [("roads", "r.zip", "missing")]


def test_figures_that_do_not_follow_from_the_bundles_are_refused(plan, written, ground):
    path = written(plan, totals={**json.loads(plan_json(plan))["totals"], "travel_hours": 1.0})
    error = refusal("plan_not_the_same", lambda: rerun(read_plan_file(path), ground))
    assert error.values["figures"] == "travel_hours"


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"format": 3}', b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_plan_file_is_told(tmp_path, content):
    path = tmp_path / "plan.json"
    path.write_bytes(content)
    refusal("plan_file_none", lambda: read_plan_file(path))


def test_a_file_that_is_not_there_is_told(tmp_path):
    refusal("plan_file_unreadable", lambda: read_plan_file(tmp_path / "none.json"))


def test_a_file_of_a_newer_gunmane_is_told(plan, written):
    refusal("plan_file_newer", lambda: read_plan_file(written(plan, format="gunmane-plan/2")))


@pytest.mark.parametrize("part", ["scenario", "provenance", "assignment", "bundles", "totals"])
def test_a_part_that_was_changed_or_is_missing_is_told(plan, written, part):
    for value in (None, 3, "x", [1]):
        refusal("plan_file_edited", lambda value=value: read_plan_file(written(plan, **{part: value})))


def test_a_choice_changed_by_hand_is_told(plan, written):
    scenario = {**json.loads(plan_json(plan))["scenario"], "seed": 7}
    refusal("plan_file_edited", lambda: read_plan_file(written(plan, scenario=scenario)))


def test_a_unit_left_out_of_the_file_is_told(plan, written, ground):
    rows = json.loads(plan_json(plan))["assignment"][1:]
    refusal("plan_file_edited", lambda: rerun(read_plan_file(written(plan, assignment=rows)), ground))


def test_a_base_that_is_no_unit_of_the_region_is_told(plan, written, ground):
    first, *others = json.loads(plan_json(plan))["bundles"]
    path = written(plan, bundles=[{**first, "base_unit_id": "nowhere"}, *others])
    refusal("plan_file_edited", lambda: rerun(read_plan_file(path), ground))


# The command -----------------------------------------------------------------------------------------------------


def test_the_command_makes_the_plan_of_own_ledgers_again(tmp_path, capsys):
    ledger = tmp_path / "bridges.csv"
    ledger.write_text(LEDGER, encoding="utf-8")
    first, second = tmp_path / "first", tmp_path / "second"
    given = ["--assets", str(ledger), "--lang", "en"]
    assert main(["plan", "nara_uda", *given, "--out", str(first)]) == 0
    assert main(["rerun", str(first / "plan.json"), *given, "--out", str(second)]) == 0
    assert "The same plan as plan.json" in capsys.readouterr().out
    assert (second / "plan.json").read_bytes() == (first / "plan.json").read_bytes()
    ledger.write_text(LEDGER.replace("B-0", "B-X"), encoding="utf-8")
    assert main(["rerun", str(first / "plan.json"), *given]) == 1
    assert "ledger bridges.csv (other content)" in capsys.readouterr().err
    assert main(["rerun", str(first / "plan.json"), "--lang", "en"]) == 1
    assert "ledger bridges.csv (not given now)" in capsys.readouterr().err


def test_the_command_never_writes_over_the_plan_that_it_reads(plan, written, capsys):
    path = written(plan)
    before = path.read_bytes()
    assert main(["rerun", str(path), "--out", str(path.parent)]) == 1
    assert path.read_bytes() == before and capsys.readouterr().err.count("\n") == 1
