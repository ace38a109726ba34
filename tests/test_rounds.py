"""Rounds of inspections side by side, grades of parts, units above a table, grades with their words."""

import pandas as pd
import pytest

from gunmane.assets import take_rows
from gunmane.assets.grades import read_grade
from gunmane.errors import FileError
from gunmane.explain import note_sentence
from gunmane.i18n import LANGUAGES, say
from gunmane.ledgers.profile_files import parse_profile
from gunmane.ledgers.proposals import propose_profile
from gunmane.ledgers.raw import Raw
from gunmane.ledgers.understanding import understand
from gunmane.municipalities import find_region


@pytest.fixture(scope="module")
def uda():
    return find_region("nara_uda")


def ledger(columns, file="台帳.xlsx", **told):
    count = max(len(cells) for cells in columns.values())
    table = pd.DataFrame({name: [*cells] * (count // len(cells)) for name, cells in columns.items()})
    table["緯度"] = [f"{34.44 + 0.002 * at:.4f}" for at in range(count)]
    table["経度"] = "135.96"
    table.index = pd.RangeIndex(2, 2 + count)
    return Raw(file, "xlsx", table, None, None, told)


def taken(raw, region):
    """Return profile, assets in the file's order and the keys of the notes, each of which has its sentences."""
    profile = propose_profile(raw, region=region)
    rows = understand(raw, profile, region=region)
    found = take_rows(
        rows,
        region=region,
        source=raw.file,
        grade_scale=profile.grade_scale,
        year_style=profile.year_style,
    )
    assert all(note_sentence(note, lang) for note in profile.notes for lang in LANGUAGES)
    order = found.assets["source"].str.rpartition("#")[2].astype("int64").argsort()
    return profile, found.assets.iloc[order], {note.key for note in profile.notes}


# Grades and their words ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("Ⅱ予防保全段階", 2),
        ("Ⅲ早期措置", 3),
        ("判定Ⅰ健全", 1),
        ("Ⅱ早期措置段階", None),
        ("ⅡⅡ", None),
        ("22", None),
        ("Ⅲ-1", 3),
        ("Ⅲ－２", 3),
        ("Ⅱ－１", 2),
    ],
)
def test_a_grade_may_have_its_word_attached_and_be_divided(text, condition):
    assert read_grade(text, "bridge") == condition


# Units in a profile -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('[columns]\nname = ["名"]\n[units]\nname = "単位"\n', "profile_unitless"),
        ('[units]\narea_m2 = "単位"\n[factors]\narea_m2 = 10000.0\n', "profile_unit_twice"),
    ],
)
def test_units_that_cannot_be_are_refused(text, key):
    with pytest.raises(FileError) as caught:
        parse_profile(text, file="a.profile.toml")
    assert caught.value.key == key
    assert all("units." in say(caught.value, lang) for lang in LANGUAGES)
    assert parse_profile('[units]\narea_m2 = "単位"\n', file="a").units == {"area_m2": "単位"}
