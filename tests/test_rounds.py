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


@pytest.mark.parametrize(
    ("title", "columns", "factors", "note"),
    [
        (
            "宇陀市 道路延長調書 単位：km",
            {"路線名": "r", "延長": "1.2", "幅員": "5"},
            {"length_m": 1000},
            "profile_unit_above",
        ),
        ("(単位：㎞)", {"路線名": "r", "延長": "1.2"}, {"length_m": 1000}, "profile_unit_above"),
        ("単位：km", {"路線名": "r", "延長(m)": "1.2"}, {}, ""),
        ("単位：m", {"路線名": "r", "延長": "1.2", "幅員": "5"}, {}, ""),
        ("単位：箇所", {"路線名": "r", "延長": "1.2"}, {}, ""),
        (
            "単位 延長：km、幅員：m",
            {"路線名": "r", "延長": "1.2", "幅員": "5"},
            {"length_m": 1000},
            "profile_unit_above",
        ),
        ("単位：箇所 2023年度 km", {"路線名": "r", "延長": "1.2"}, {}, ""),
        (
            "宇陀市公園維持費一覧（単位：千円、ha）",
            {"公園名": "p", "面積": "0.5", "年間維持管理費": "300"},
            {"area_m2": 10000, "annual_cost_jpy": 1000},
            "profile_unit_above",
        ),
        ("単位：ha、㎡", {"公園名": "p", "面積": "0.5"}, None, "profile_unit_above_open"),
        ("単位：cm", {"路線名": "r", "延長": "1.2", "幅員": "5"}, None, "profile_unit_above_open"),
        ("単位：フィート", {"橋梁名": "b", "橋長": "12"}, None, "profile_unit_above_open"),
    ],
)
def test_a_unit_above_the_table_is_that_of_the_column_it_can_be(uda, title, columns, factors, note):
    file = "道路台帳.xlsx" if "路線名" in columns else "台帳.xlsx"
    cells = {name: [cell, cell] for name, cell in columns.items()}
    raw = ledger(cells, file, title=title, heading_row=2)
    profile, assets, notes = taken(raw, uda)
    assert profile.factors == (factors or {})
    assert {key for key in notes if key.startswith("profile_unit_above")} == ({note} if note else set())
    if factors is None:
        assert not {"length_m", "width_m", "area_m2"} & set(profile.columns)
    if "length_m" in profile.factors:
        assert assets["length_m"].tolist() == [1200, 1200]


def test_a_grade_of_a_part_is_no_material(uda):
    raw = ledger({"橋梁名": ["a", "b"], "健全性_上部構造": ["Ⅱ", "Ⅲ"], "健全性_下部構造": ["Ⅱ", "Ⅲ"]})
    profile, _, notes = taken(raw, uda)
    assert "material" not in profile.columns
    assert "condition_raw" not in profile.columns
    assert "profile_grades_of_parts" in notes


# Rounds and parts side by side --------------------------------------------------------------------------


def test_a_grade_of_an_older_round_has_the_date_of_that_round(uda):
    columns = {
        "橋梁名": list("abcd"),
        "H30判定": ["Ⅰ", "Ⅱ", "Ⅲ", None],
        "H30点検日": ["2018/8/1", "2018/8/1", "2018/8/1", None],
        "R5判定": ["Ⅱ", None, "－", None],
        "R5点検日": ["2023/8/1", "2023/8/1", "2023/8/1", "2023/8/1"],
    }
    _, assets, _ = taken(ledger(columns), uda)
    assert assets["condition"].tolist()[:3] == [2, 2, 3]
    assert assets["inspected_year"].tolist() == [2023, 2018, 2018, 2023]


@pytest.mark.parametrize("years", [(2014, 2019, 2024), (2024, 2019, 2014)])
def test_of_columns_that_repeat_the_newest_is_taken_by_their_years(uda, years):
    columns = {"橋梁名": ["a", "b"]}
    for mark, year, grade in zip(("", " (2)", " (3)"), years, "ⅠⅡⅢ", strict=True):
        columns |= {f"点検年度{mark}": [year, year], f"判定区分{mark}": [grade, grade]}
    _, assets, notes = taken(ledger(columns), uda)
    assert assets["inspected_year"].tolist() == [2024, 2024]
    assert assets["condition"].tolist() == [1 + years.index(2024)] * 2
    assert "profile_newest_round" in notes


def test_without_years_nothing_says_that_the_second_column_is_newer(uda):
    columns = {"橋梁名": ["a", "b"], "判定": ["Ⅱ", "Ⅱ"], "判定 (2)": ["Ⅲ", "Ⅲ"]}
    _, assets, notes = taken(ledger(columns), uda)
    assert assets["condition"].tolist() == [2, 2]
    assert "profile_columns_compete" in notes


@pytest.mark.parametrize("between", [(), ("材質",)])
def test_grades_beside_the_names_of_parts_are_not_the_bridges(uda, between):
    columns = {"橋梁名": ["a", "b"]}
    for mark, part in zip(("", " (2)", " (3)"), ("主桁", "床版", "下部工"), strict=True):
        columns |= {part: ["鋼", "RC"]} | {f"{name}{mark}": ["x", "y"] for name in between}
        columns |= {f"判定{mark}": ["Ⅱ", "Ⅲ"]}
    _, assets, notes = taken(ledger(columns), uda)
    assert assets["condition"].isna().all()
    assert "profile_grades_of_parts" in notes
    _, assets, _ = taken(ledger(columns | {"総合判定": ["Ⅳ", "Ⅰ"]}), uda)
    assert assets["condition"].tolist() == [4, 1]


def test_a_mark_under_a_bare_numeral_is_a_grade(uda):
    columns = {"橋梁名": list("abc"), "Ⅰ": ["○", None, None], "Ⅱ": [None, None, None], "Ⅲ": [None, "○", "－"]}
    _, assets, notes = taken(ledger(columns), uda)
    assert assets["condition"].fillna(0).tolist() == [1, 3, 0]
    assert "profile_grades_marked" in notes
    _, assets, _ = taken(ledger(columns | {"判定": ["Ⅳ", "Ⅳ", "Ⅳ"]}), uda)
    assert assets["condition"].tolist() == [4, 4, 4]
