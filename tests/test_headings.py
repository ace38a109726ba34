"""Columns that compete, scales and units that are not ours: what is taken, and that the rest is told."""

import pandas as pd
import pytest

from gunmane.assets import take_rows
from gunmane.errors import FileError
from gunmane.explain import note_sentence
from gunmane.i18n import LANGUAGES
from gunmane.ledgers.cells import marked_grades
from gunmane.ledgers.headings import factor_of, match_headings, unknown_unit
from gunmane.ledgers.profile_files import kinds, parse_profile, write_profile
from gunmane.ledgers.proposals import propose_profile, unread_columns
from gunmane.ledgers.raw import Raw
from gunmane.ledgers.recognition import known_sources
from gunmane.ledgers.rounds import DATED, LATEST, NUMBERED, OLD, TURNED, Round, part_round
from gunmane.ledgers.scales import settle_scale
from gunmane.ledgers.understanding import understand
from gunmane.municipalities import find_region


@pytest.fixture(scope="module")
def uda():
    return find_region("nara_uda")


def ledger(columns, file="台帳.xlsx", **told):
    """A ledger in the region's middle, each cell repeated for as many rows as the longest column has."""
    count = max(len(cells) for cells in columns.values())
    table = pd.DataFrame({name: [*cells] * (count // len(cells)) for name, cells in columns.items()})
    table["緯度"] = [f"{34.44 + 0.002 * at:.4f}" for at in range(count)]
    table["経度"] = "135.96"
    table.index = pd.RangeIndex(2, 2 + count)
    return Raw(file, "xlsx", table, None, None, told)


def said(profile):
    for note in profile.notes:
        for lang in LANGUAGES:
            assert note_sentence(note, lang)
    return {note.key: dict(note.values) for note in profile.notes}


def taken(raw, region):
    profile = propose_profile(raw, region=region)
    rows = understand(raw, profile, region=region)
    scale, style = profile.grade_scale, profile.year_style
    found = take_rows(rows, region=region, source=raw.file, grade_scale=scale, year_style=style)
    order = found.assets["source"].str.rpartition("#")[2].astype("int64")
    return profile, found.assets.iloc[order.argsort()], found.rejects


# The sector ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "headings", "sector"),
    [
        ("橋梁台帳.xlsx", "橋梁名 路線番号 道路種別 橋長(m) 車道幅員(m) 判定", "bridge"),
        ("data.xlsx", "橋梁名 路線番号 道路種別 橋長(m) 車道幅員(m) 判定", "bridge"),
        ("トンネル台帳.xlsx", "トンネル名 路線番号 延長 道路幅員 車道幅員 健全性", "tunnel"),
        ("林道台帳.xlsx", "林道名 延長(km) 幅員(mm) 開設年度", "road"),
        ("農道橋一覧.xlsx", "橋名 農道名 橋長 幅員", "bridge"),
    ],
)
def test_what_names_the_asset_outweighs_columns_that_many_ledgers_share(uda, file, headings, sector):
    profile = propose_profile(ledger({name: ["1"] for name in headings.split()}, file), region=uda)
    assert profile.constants["sector"] == sector and profile.role == "assets"
    assert not {"profile_sector_open", "profile_sector_headings"} & set(said(profile))


def test_headings_and_a_title_that_disagree_are_told_and_a_tie_is_asked(uda):
    told = propose_profile(ledger({"橋梁名": ["a"], "橋長": ["5"]}, "下水道台帳.xlsx"), region=uda)
    assert told.constants["sector"] == "bridge"
    assert said(told)["profile_sector_headings"]["sectors"] == "sewer"
    tie = propose_profile(ledger({"公園名": ["a"], "名称": ["5"]}, "下水道台帳.xlsx"), region=uda)
    assert tie.role == "unknown" and "sector" not in tie.constants
    assert set(said(tie)["profile_sector_open"]["sectors"].split(", ")) == {"park", "sewer"}


def test_kinds_that_are_sectors_are_read_row_by_row(uda):
    raw = ledger({"種別": ["橋梁", "トンネル", "横断歩道橋"], "名称": ["a", "b", "c"]}, "道路施設台帳.xlsx")
    profile, assets, rejects = taken(raw, uda)
    assert list(assets["sector"]) == ["bridge", "tunnel"] and "profile_sector_by_rows" in said(profile)
    assert [(r["rule"], r["value"]) for _, r in rejects.iterrows()] == [("sector_unknown", "横断歩道橋")]


@pytest.mark.parametrize("words", [["1級市道", "その他市道"], ["市道", "農道"]])
def test_kinds_of_roads_are_no_sectors(uda, words):
    for names in ({"路線名": ["a", "b"]}, {"橋梁名": ["a", "b"]}):
        raw = ledger({**names, "種別": words}, "道路台帳.xlsx")
        assert "sector" not in propose_profile(raw, region=uda).columns


# Rounds, parts and marks --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("heading", "named"),
    [
        ("H26", Round(DATED, 2014)),
        ("点検結果 / R6", Round(DATED, 2024)),
        ("令和元年度 健全性", Round(DATED, 2019)),
        ("2024", Round(DATED, 2024)),
        ("判定区分（2巡目）", Round(TURNED, 2)),
        ("第３回点検判定", Round(TURNED, 3)),
        ("点検年度2", Round(NUMBERED, 2)),
        ("最新点検年度", Round(LATEST, 0)),
        ("前回判定", Round(OLD, 0)),
        ("健全性", None),
        ("橋長(m)", None),
        ("PH7", None),
    ],
)
def test_a_heading_names_its_round(heading, named):
    assert part_round(heading)[0] == (Round(NUMBERED, 7) if heading == "PH7" else named)


@pytest.mark.parametrize(
    ("columns", "grade", "year"),
    [
        ({"点検結果 / H26": ["Ⅰ"], "点検結果 / R1": ["Ⅱ"], "点検結果 / R6": ["Ⅳ"]}, 4, 2024),
        (
            {"R1 / 判定": ["Ⅱ"], "R1 / 点検日": ["R1.8.1"], "R6 / 判定": ["Ⅳ"], "R6 / 点検日": ["R6.8.1"]},
            4,
            2024,
        ),
        ({"判定区分（1巡目）": ["Ⅱ"], "判定区分（3巡目）": ["Ⅳ"], "最終点検年度": ["R6"]}, 4, 2024),
        ({"H30健全度": ["Ⅲ"], "R5健全度": ["Ⅰ"]}, 1, 2023),
        ({"2014": ["Ⅰ"], "2019": ["Ⅱ"], "2024": ["Ⅲ"]}, 3, 2024),
        ({"健全度1": ["Ⅰ"], "健全度2": ["Ⅲ"], "点検年度1": ["2023"], "点検年度2": ["2018"]}, 1, 2023),
        ({"判定": ["Ⅱ"], "点検年度1": ["2018"], "点検年度2": ["2023"]}, 2, 2023),
    ],
)
def test_the_newest_round_counts_with_its_own_date_and_older_ones_are_told(uda, columns, grade, year):
    profile, assets, _ = taken(ledger({"橋梁名": ["a"], **columns}), uda)
    assert list(assets["condition"]) == [grade] and list(assets["inspected_year"]) == [year]
    assert "profile_newest_round" in said(profile)


def test_an_older_round_fills_what_the_newest_leaves_empty_and_no_year_is_made_up(uda):
    raw = ledger({"橋梁名": ["a", "b", "c"], "H30健全度": ["Ⅰ", "Ⅲ", None], "R5健全度": ["Ⅱ", None, "－"]})
    profile, assets, _ = taken(raw, uda)
    assert assets["condition"].tolist()[:2] == [2, 3] and pd.isna(assets["condition"].iloc[2])
    assert assets["inspected_year"].isna().all() and "inspected_year" not in profile.constants


def test_a_grade_without_a_round_beside_older_ones_counts_and_they_are_told(uda):
    raw = ledger({"橋梁名": ["a"], "健全度": ["Ⅲ"], "H26健全度": ["Ⅰ"]})
    profile, assets, _ = taken(raw, uda)
    assert list(assets["condition"]) == [3]
    assert "H26健全度" in said(profile)["profile_columns_compete"]["found"]


@pytest.mark.parametrize(
    "names",
    [
        "健全性 / 主桁|健全性 / 下部工|健全性 / 橋全体",
        "健全性（主桁）|健全性（橋単位）",
        "健全性（床版）|判定",
    ],
)
def test_the_grade_of_the_whole_counts_and_not_that_of_a_part(uda, names):
    *parts, whole = names.split("|")
    raw = ledger({"橋梁名": ["a"], **{part: ["Ⅰ"] for part in parts}, whole: ["Ⅲ"]})
    assert list(taken(raw, uda)[1]["condition"]) == [3]


def test_where_only_parts_are_graded_the_condition_is_unknown_and_told(uda):
    profile, assets, _ = taken(ledger({"橋梁名": ["a"], "健全性 / 主桁": ["Ⅰ"], "健全性 / 床版": ["Ⅲ"]}), uda)
    assert assets["condition"].isna().all()
    assert said(profile)["profile_grades_of_parts"]["columns"] == "「健全性 / 主桁」「健全性 / 床版」"


def test_a_mark_under_a_grade_is_that_grade_and_two_marks_are_a_fault(uda):
    raw = ledger(
        {
            "橋梁名": ["a", "b", "c", "d"],
            "健全性 / Ⅰ": ["〇", None, None, "○"],
            "健全性 / Ⅱ": [None, None, None, None],
            "健全性 / Ⅲ": [None, "〇", None, "○"],
            "健全性 / Ⅳ": [None, None, "〇", None],
        }
    )
    profile, assets, rejects = taken(raw, uda)
    assert assets["condition"].fillna(0).tolist() == [1, 3, 4, 0]
    assert [(r["rule"], r["row"]) for _, r in rejects.iterrows()] == [("condition_value", 5)]
    assert "profile_grades_marked" in said(profile)
    assert marked_grades([pd.Series(["Ⅰ"]), pd.Series(["Ⅱ"])], ["1", "2"]) is None


# Scales -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sector", "heading", "words", "scale", "foreign"),
    [
        ("bridge", "健全度", "1 2 3 4", "", ""),
        ("bridge", "健全度", "1 2 3 4 5", "", "5"),
        ("bridge", "健全度", "100 85 3", "", "100 85"),
        ("bridge", "判定", "a b e", "", "a b e"),
        ("bridge", "判定", "i iii iia s 要監視", "", ""),
        ("bridge", "判定", "i v", "", "v"),
        ("park", "健全度", "a b e", "", "e"),
        ("park", "健全度", "a d 0", "", ""),
        ("sewer", "健全度", "1 2 3", "health_5", ""),
        ("sewer", "健全度", "i ii", "", "i ii"),
        ("sewer", "緊急度", "1 2 3", "", ""),
        ("sewer", "判定", "a b", "defect_rank", ""),
        ("sewer", "判定", "4 5", "health_5", ""),
        ("sewer", "劣化度", "a b", "defect_rank", ""),
        ("water", "健全度", "1 9", "", ""),
    ],
)
def test_the_scale_is_told_or_none_is_read(sector, heading, words, scale, foreign):
    found = settle_scale(words.split(), heading, sector)
    assert found == (scale, tuple(sorted(foreign.split())))


def test_grades_of_a_scale_that_is_not_known_are_not_read_at_all(uda):
    raw = ledger({"橋梁名": list("abcde"), "健全度": [5, 4, 3, 2, 1]})
    profile, assets, _ = taken(raw, uda)
    assert assets["condition"].isna().all() and "健全度" in unread_columns(raw, profile)
    assert said(profile)["profile_grades_foreign"]["values"] == "5"


def test_a_scale_that_is_not_the_usual_one_is_told(uda):
    raw = ledger({"管渠番号": list("abc"), "健全度": [3, 2, 1]}, "下水道台帳.xlsx")
    profile, assets, _ = taken(raw, uda)
    assert assets["condition"].tolist() == [3, 4, 4]
    note = next(note for note in profile.notes if note.key == "profile_scale_taken")
    assert "5 段階" in note_sentence(note, "ja") and "five steps" in note_sentence(note, "en")


def test_an_index_of_pavements_is_no_grade(uda):
    raw = ledger(
        {"路線名": ["a"], "区間延長": [250], "路線延長": [1000], "MCI": [3], "診断区分": ["Ⅰ"]}, "道路台帳"
    )
    profile, assets, _ = taken(raw, uda)
    assert (list(assets["condition"]), list(assets["length_m"])) == ([1], [250.0])
    assert "路線延長" in said(profile)["profile_columns_compete"]["found"]


# Units --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("heading", "ours", "factor"),
    [
        ("年間維持管理費（千円・税込）", "annual_cost_jpy", 1000),
        ("維持管理費(千円/年)（税抜）", "annual_cost_jpy", 1000),
        ("維持費（税抜・百万円）", "annual_cost_jpy", 1e6),
        ("面積（千㎡）", "area_m2", 1000),
        ("面積（百m2）", "area_m2", 100),
        ("面積（坪）", "area_m2", 400 / 121),
        ("面積（反）", "area_m2", 120000 / 121),
        ("延長（千m）", "length_m", 1000),
        ("延長（間）", "length_m", 20 / 11),
        ("口径（インチ）", "diameter_mm", 25.4),
        ("橋長（ｍ・実測）", "length_m", 1),
        ("面積（供用）", "area_m2", 1),
        ("延長（GIS）", "length_m", 1),
        ("供用期間", "length_m", 1),
    ],
)
def test_units_of_headings(heading, ours, factor):
    assert factor_of(heading, ours) == pytest.approx(factor) and unknown_unit(heading, ours) == ""


@pytest.mark.parametrize(
    ("heading", "ours", "unit"),
    [
        ("維持管理費（円/㎡）", "annual_cost_jpy", "円/m2"),
        ("維持管理費（ドル）", "annual_cost_jpy", "ドル"),
        ("面積（エーカー）", "area_m2", "エーカー"),
        ("面積（十ha）", "area_m2", "十ha"),
        ("延長（単位：リーグ）", "length_m", "リーグ"),
        ("面積（m）", "area_m2", "m"),
    ],
)
def test_a_size_in_a_unit_that_is_not_known_is_not_used_and_told(uda, heading, ours, unit):
    assert unknown_unit(heading, ours) == unit
    profile = propose_profile(ledger({"公園名": ["a"], heading: [5]}), region=uda)
    assert ours not in profile.columns and said(profile)["profile_unit_unknown"]["unit"] == unit


def test_the_unit_of_the_heading_holds_for_about_so_much(uda):
    raw = ledger({"公園名": list("abcd"), "面積(ha)": ["約0.5", "0.5ha", "5000㎡", "０．５程度"]})
    assert list(taken(raw, uda)[1]["area_m2"]) == [5000.0] * 4


@pytest.mark.parametrize("unit", ["単位", "面積単位", "面積の単位"])
def test_a_column_of_units_is_read_row_by_row(uda, unit):
    raw = ledger({"公園名": list("abcd"), "面積": [0.5, 5000, 50, 3], unit: ["ha", "㎡", "a", "枚"]})
    profile, assets, rejects = taken(raw, uda)
    assert assets["area_m2"].tolist()[:3] == [5000.0] * 3 and pd.isna(assets["area_m2"].iloc[3])
    assert list(rejects["rule"]) == ["area_m2_value"] and list(rejects["row"]) == [5]
    assert "profile_unit_column" in said(profile) and unit not in unread_columns(raw, profile)
    assert parse_profile(write_profile(profile), file="x") == profile


# Which of several ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sector", "headings", "ours", "wanted"),
    [
        ("road", "舗装延長 未舗装延長 延長合計", "length_m", "延長合計"),
        ("road", "路線延長 区間延長", "length_m", "区間延長"),
        ("road", "車道幅員 道路部幅員", "width_m", "道路部幅員"),
        ("park", "緑地面積 敷地面積 供用面積(ha)", "area_m2", "供用面積(ha)"),
        ("tunnel", "トンネル名 内空断面積", "area_m2", ""),
        ("sewer", "管渠番号 断面形状", "wkt", ""),
    ],
)
def test_the_column_that_means_it_most_is_taken(sector, headings, ours, wanted):
    assert "".join(match_headings(headings.split(), sector).get(ours, ())) == wanted


def test_columns_not_taken_are_named(uda):
    raw = ledger({"公園名": ["a"], "敷地面積": [3000], "供用面積(ha)": [0.3]})
    found = said(propose_profile(raw, region=uda))["profile_columns_compete"]["found"]
    assert found == "「供用面積(ha)」 ← 「敷地面積」"
    alone = ledger({"公園名": ["a"], "供用面積(ha)": [0.3]})
    assert "profile_columns_compete" not in said(propose_profile(alone, region=uda))


# Years and profiles -------------------------------------------------------------------------------------


def test_the_era_of_a_heading_is_that_of_its_bare_years(uda):
    raw = ledger({"橋梁名": list("abcd"), "架設年（昭和）": [55, 10, 30, "S48"]})
    assert list(taken(raw, uda)[1]["built_year"]) == [1980, 1935, 1955, 1973]
    open_era = ledger({"橋梁名": list("ab"), "架設年（昭和・平成）": [55, 10]})
    assert taken(open_era, uda)[1]["built_year"].isna().tolist() == [False, True]


@pytest.mark.parametrize("line", ['kind = "tabel"', 'grade_scale = "health5"', 'kind = "wide_area"'])
def test_a_kind_or_scale_that_there_is_not_is_refused(line):
    with pytest.raises(FileError) as caught:
        parse_profile(f'role = "assets"\n{line}\n', file="橋.toml")
    assert caught.value.key == "profile_value" and caught.value.values["line"] == 2
    assert "health_5" in caught.value.values["allowed"] or "table" in caught.value.values["allowed"]


def test_every_known_kind_may_stand_in_a_profile():
    assert {known.profile.kind for known in known_sources()} <= set(kinds())
