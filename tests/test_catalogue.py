"""Both catalogues say the same things, and every key that the code asks for is there."""

import re
import string
from pathlib import Path

import pytest

from gunmane.i18n import LANGUAGES, catalogue, t
from gunmane.municipalities import load_decisions, load_regions
from gunmane.scenario import Note
from gunmane.schema import FIELDS, PACKAGES, ROAD_CLASSES, ROLES, SECTORS
from gunmane.workload import load_tasks

ROOT = Path(__file__).resolve().parent.parent
SOURCES = [*sorted((ROOT / "gunmane").rglob("*.py")), *sorted((ROOT / "app_pages").glob("*.py"))]
LITERAL = r'"([a-z0-9_]+(?:\.[A-Za-z0-9_/]+)+)"'
CALLS = re.compile(r"\b(?:t|tr|i18n\.t|session\.tr)\(\s*" + LITERAL)
OPEN_CALLS = re.compile(r'\b(?:t|tr|i18n\.t|session\.tr)\(\s*f"([a-z0-9_.]+[._])\{')
ERRORS = re.compile(r'\b(?:File|Region|Scenario|Plan|Table|Job|Workspace|Conflict)Error\(\s*"([a-z0-9_]+)"')
NOTES = re.compile(r'\bNote\.of\(\s*"([a-z0-9_]+)"')
STEPS = re.compile(r'"(progress\.[a-z_]+)"')
KANA = re.compile(r"[\u3040-\u30ff]")
JAPANESE = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")

# The trade's terms that pages show; the words stand in the catalogue once, under `term`.
TERMS = (
    "management_unit",
    "bundle",
    "bundle_area",
    "layer",
    "daily",
    "structures",
    "sector",
    "task",
    "asset",
    "ledger",
    "owner",
    "account_class",
    "base",
    "region",
    "lead",
    "co_lead",
    "member",
    "coordinator",
    "observer",
    "wide_area",
    "multi_sector",
    "horizontal",
    "vertical",
    "work_window",
    "must_rule",
    "preference",
    "must_link",
    "cannot_link",
    "relaxation",
    "current_state",
    "scenario",
    "plan",
    "alternative",
    "evidence_pair",
    "travel_time",
    "farthest",
    "condition",
    "bridge_grade",
    "sewer_urgency",
    "assumption",
    "range",
    "confidence",
    "sample_asset",
    "rejects",
    "completeness",
    "page_region",
    "page_group",
    "page_compare",
    "page_output",
)


def placeholders(sentence):
    """Names in braces; a value given once a language (`names_ja`, `names_en`) counts as one."""
    return sorted(
        {
            re.sub(r"_(ja|en)$", "", name)
            for _, name, _, _ in string.Formatter().parse(sentence)
            if name is not None
        }
    )


def found(pattern):
    return sorted(
        {(match, path.name) for path in SOURCES for match in pattern.findall(path.read_text("utf-8"))}
    )


def test_both_languages_have_the_same_keys():
    assert set(catalogue("ja")) == set(catalogue("en"))


def test_a_sentence_has_the_same_placeholders_in_both_languages():
    ja, en = catalogue("ja"), catalogue("en")
    other = {key: (ja[key], en[key]) for key in ja if placeholders(ja[key]) != placeholders(en[key])}
    assert other == {}


def test_no_sentence_is_empty():
    empty = [
        (lang, key) for lang in LANGUAGES for key, text in catalogue(lang).items() if not text.strip(" ")
    ]
    assert empty == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_key_named_in_code_is_in_the_catalogue(lang):
    asked = found(CALLS) + found(STEPS)
    asked += [(f"error.{key}", name) for key, name in found(ERRORS)]
    assert [(key, name) for key, name in asked if key not in catalogue(lang)] == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_note_has_its_sentence(lang):
    # Notes about a plan or its data stand under `note`, those of an explanation under a family of their own.
    last = {key.rsplit(".", 1)[1] for key in catalogue(lang)}
    assert [(key, name) for key, name in found(NOTES) if key not in last] == []


def test_every_family_of_keys_named_in_code_has_members():
    known = catalogue("ja")
    lost = [(start, name) for start, name in found(OPEN_CALLS) if not any(k.startswith(start) for k in known)]
    assert lost == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_terms_of_the_trade_are_there(lang):
    assert [term for term in TERMS if f"term.{term}" not in catalogue(lang)] == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_value_of_the_tables_has_a_word(lang):
    wanted = [f"sector.{key}" for key in SECTORS] + [f"field.{key}" for key in FIELDS]
    wanted += [f"layer.{key}" for key in PACKAGES] + [f"role.{key}" for key in ROLES]
    wanted += [f"road_class.{key}" for key in ROAD_CLASSES]
    wanted += [f"region_short.{key}" for key in load_regions()["region_id"]]
    wanted += [f"confidence.{key}" for key in load_decisions()["confidence"]]
    assert [key for key in wanted if key not in catalogue(lang)] == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_decision_has_its_sentence(lang):
    rows = load_decisions()
    numbers = rows.groupby("region_id").cumcount() + 1
    keys = "decision." + rows["region_id"] + "_" + numbers.astype(str)
    assert [key for key in keys if key not in catalogue(lang)] == []
    assert sum(key.startswith("decision.") for key in catalogue(lang)) == len(rows)


def test_tasks_have_names_in_both_languages():
    tasks = load_tasks()
    assert (tasks[["name_ja", "name_en"]] != "").all(axis=None)


def test_english_holds_no_kana():
    assert {key: text for key, text in catalogue("en").items() if KANA.search(text)} == {}


def test_whole_sentences_in_japanese_are_japanese():
    foreign = {
        key: text for key, text in catalogue("ja").items() if len(text) > 30 and not JAPANESE.search(text)
    }
    assert foreign == {}


def test_an_inference_is_never_worded_as_a_decision():
    inferred = load_decisions().query("confidence == 'E'")
    assert len(inferred) == 1
    assert "みられます" in t(f"decision.{inferred['region_id'].iloc[0]}_1", "ja")
    assert "seem" in t(f"decision.{inferred['region_id'].iloc[0]}_1", "en")


def test_no_sentence_promises_a_saving():
    promise = re.compile(r"[0-9０-９]+\s*[%％].{0,12}(削減|節約|saved|saving)")
    assert [key for lang in LANGUAGES for key, text in catalogue(lang).items() if promise.search(text)] == []


def test_a_note_of_the_ground_can_be_said():
    note = Note.of("sample_assets", region="nara_uda")
    assert t(f"note.{note.key}", "en", **dict(note.values))
