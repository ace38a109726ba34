"""What a file is and what its columns mean: proposed, written down, corrected, applied."""

import csv
import dataclasses
import os
import pathlib

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gunmane import schema
from gunmane.assets import take_rows
from gunmane.deliveries import take_delivery
from gunmane.errors import FileError
from gunmane.i18n import LANGUAGES, say, t
from gunmane.ledgers.addresses import match_addresses
from gunmane.ledgers.headings import (
    UNIT_FACTORS,
    factor_of,
    match_headings,
    sector_of_headings,
    sector_of_title,
    unit_of,
)
from gunmane.ledgers.places import JAPAN_LAT, JAPAN_LON, degrees
from gunmane.ledgers.profile_files import parse_profile, read_profile, sidecar, write_profile
from gunmane.ledgers.profiles import ROLES, Answers, Layout, Position, Profile
from gunmane.ledgers.proposals import propose_profile, unread_columns
from gunmane.ledgers.raw import Raw
from gunmane.ledgers.recognition import known_sources
from gunmane.ledgers.rows import check_places
from gunmane.ledgers.understanding import readings_of, understand
from gunmane.municipalities import find_region, load_regions

SAMPLES = pathlib.Path(
    os.environ.get("GUNMANE_SAMPLES", pathlib.Path(__file__).parents[2] / "shared" / "samples")
)
LON_LAT = pyproj.CRS.from_epsg(4326)


@pytest.fixture(scope="module")
def kusatsu():
    return find_region("shiga_kusatsu")


@pytest.fixture(scope="module")
def uda():
    return find_region("nara_uda")


def raw_of(columns, file="台帳.csv", *, shapes=None, crs=None, **told):
    table = pd.DataFrame(columns)
    table.index = pd.RangeIndex(2, 2 + len(table))
    return Raw(file, "csv" if shapes is None else "gpkg", table, shapes, crs, told)


def read_sample(name, encoding):
    path = SAMPLES / name
    if not path.exists():
        pytest.skip(f"{name} is not on this machine")
    with path.open(encoding=encoding, newline="") as file:
        lines = list(csv.reader(line for line in file if not line.startswith("#")))
    table = pd.DataFrame(lines[1:], columns=lines[0], dtype="str")
    table.index = pd.RangeIndex(2, 2 + len(table))
    return Raw(path.name, "csv", table)


def understood(raw, region):
    return understand(raw, propose_profile(raw, region=region), region=region)


def said(notes):
    return [note.key for note in notes]


# The file that a person corrects ------------------------------------------------------------------------

texts = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\x00"), max_size=12)
columns = st.sampled_from(schema.names("assets"))
places = st.builds(
    Position,
    crs=st.sampled_from(["", "EPSG:6674", "EPSG:4326"]),
    lon=texts,
    x=texts,
    is_x_north=st.booleans(),
    address=st.lists(texts, max_size=3).map(tuple),
    is_swapped=st.booleans(),
)


@settings(max_examples=150, deadline=None)
@given(
    st.builds(
        Profile,
        kind=st.sampled_from(["table", "own", "xroad_bridge"]),
        role=st.sampled_from(["assets", "unknown"]),
        columns=st.dictionaries(columns, st.lists(texts, max_size=3).map(tuple), max_size=4),
        constants=st.dictionaries(columns, texts, max_size=3),
        values=st.dictionaries(columns, st.dictionaries(texts, texts, max_size=3), max_size=3),
        position=places,
        layout=st.builds(Layout, encoding=texts, heading_row=st.integers(0, 20)),
        answers=st.builds(Answers, owner=texts, may_share=st.sampled_from(["", "yes", "no"])),
        year_style=st.sampled_from(["auto", "western", "era"]),
        factors=st.dictionaries(columns, st.floats(1e-9, 1e9), max_size=3),
        units=st.dictionaries(st.sampled_from(sorted(UNIT_FACTORS)), texts, max_size=2),
        grade_scale=st.sampled_from(["", "health_5"]),
    )
)
def test_a_written_profile_reads_back_equal(profile):
    factors = {name: factor for name, factor in profile.factors.items() if name not in profile.units}
    profile = dataclasses.replace(profile, factors=factors)
    assert parse_profile(write_profile(profile), file="x.toml") == profile


def test_a_profile_explains_each_part_to_a_clerk(tmp_path):
    profile = Profile(columns={"name": ("橋梁名",)}, constants={"sector": "bridge"})
    path = sidecar(tmp_path / "橋梁台帳.xlsx")
    assert path.name == "橋梁台帳.xlsx.profile.toml"
    path.write_text(write_profile(profile), encoding="utf-8-sig", newline="\r\n")
    assert "# 列の対応" in path.read_text(encoding="utf-8-sig")
    assert read_profile(path) == profile


@pytest.mark.parametrize(
    ("text", "key", "line", "shown"),
    [
        ('kind = "table"\nrole = "asets"', "profile_value", 2, "role"),
        ('[columns]\nname = ["橋梁名"]\nlenght_m = ["橋長"]', "profile_column", 3, "columns.lenght_m"),
        ("[columns]\nname = 3", "profile_type", 2, "columns.name"),
        ('[position]\n# here\ncrs = "EPSG:99"', "profile_crs", 3, "position.crs"),
        ('[position]\nlonn = "経度"', "profile_key", 2, "position.lonn"),
        ('[factors]\narea_m2 = "ha"', "profile_type", 2, "factors.area_m2"),
        ("[factors]\narea_m2 = nan", "profile_type", 2, "factors.area_m2"),
        ("\n[columms]\n", "profile_key", 2, "columms"),
        ('[values]\nsector = "x"', "profile_type", 2, "values.sector"),
        ('[layout]\nheading_row = "1"', "profile_type", 2, "layout.heading_row"),
        ('[position]\nis_x_north = "yes"', "profile_type", 2, "position.is_x_north"),
        ('[answers]\nmay_share = "maybe"', "profile_value", 2, "answers.may_share"),
        ('[columns]\n\nname = ["橋梁名"', "profile_syntax", 3, None),
    ],
)
def test_a_fault_names_its_line_and_key(text, key, line, shown):
    with pytest.raises(FileError) as caught:
        parse_profile(text, file="橋.toml")
    assert caught.value.key == key and caught.value.values["line"] == line
    assert shown is None or caught.value.values["key"] == shown
    for lang in LANGUAGES:
        assert "橋.toml" in say(caught.value, lang)


def test_a_profile_that_is_no_text_or_not_there(tmp_path):
    (tmp_path / "a.toml").write_bytes("名".encode("cp932"))
    for name, key in (("a.toml", "profile_not_utf8"), ("b.toml", "profile_missing")):
        with pytest.raises(FileError) as caught:
            read_profile(tmp_path / name)
        assert caught.value.key == key and say(caught.value, "ja")


def test_every_known_source_is_sound():
    assert {known.profile.role for known in known_sources()} <= set(ROLES)
    assert all(parse_profile(write_profile(k.profile), file="x") == k.profile for k in known_sources())


# Headings -----------------------------------------------------------------------------------------------

LEDGERS = [
    (
        "bridge",
        "橋梁番号 橋梁名 フリガナ 路線名 所在地 橋長(m) 幅員(m) 架設年度 橋種 判定区分 点検年度 管理者",
        {
            "asset_id": "橋梁番号",
            "name": "橋梁名",
            "route_name": "路線名",
            "length_m": "橋長(m)",
            "width_m": "幅員(m)",
            "built_year": "架設年度",
            "subtype": "橋種",
            "condition_raw": "判定区分",
            "inspected_year": "点検年度",
            "owner_code": "管理者",
            "address": "所在地",
        },
    ),
    (
        "park",
        "公園名 公園種別 所在地 面積（ha） 開設年 年間維持費(千円)",
        {"name": "公園名", "subtype": "公園種別", "area_m2": "面積（ha）", "built_year": "開設年"},
    ),
    (
        "sewer",
        "管種 管径(mm) 布設年度 延長(m) 緊急度 上流人孔 下流人孔 処理分区",
        {"material": "管種", "diameter_mm": "管径(mm)", "condition_raw": "緊急度", "route_name": "処理分区"},
    ),
    ("river", "河川名 種別 延長(km)", {"name": "河川名", "subtype": "種別", "length_m": "延長(km)"}),
    (
        "tunnel",
        "トンネル名 路線名 トンネル延長 完成年度 健全性",
        {
            "name": "トンネル名",
            "length_m": "トンネル延長",
            "built_year": "完成年度",
            "condition_raw": "健全性",
        },
    ),
    (
        "bridge",
        "諸元_橋長(m) 諸元_全幅員(m) 点検記録_判定区分 基本情報_橋梁名",
        {"name": "基本情報_橋梁名", "length_m": "諸元_橋長(m)", "width_m": "諸元_全幅員(m)"},
    ),
]


@pytest.mark.parametrize(("sector", "headings", "wanted"), LEDGERS)
def test_headings_of_real_ledgers_are_understood(sector, headings, wanted):
    assert sector_of_headings(headings.split()) == sector
    matched = {ours: names[0] for ours, names in match_headings(headings.split(), sector).items()}
    assert {ours: matched.get(ours) for ours in wanted} == wanted


def test_blanks_line_breaks_and_full_width_do_not_count():
    matched = match_headings(["橋 梁 名", "橋長\n（ｍ）", "Ｘ座標", "№"], "bridge")
    assert matched == {
        "name": ("橋 梁 名",),
        "length_m": ("橋長\n（ｍ）",),
        "x": ("Ｘ座標",),
        "asset_id": ("№",),
    }


def test_an_exact_heading_beats_one_that_only_contains_it():
    assert match_headings(["道路実延長計", "延長", "歩道延長"], "road")["length_m"] == ("延長",)
    assert "length_m" not in match_headings(["歩道延長", "延長コード", "延長備考"], "road")


def test_each_heading_is_used_once_and_years_fill_each_others_gaps():
    matched = match_headings(["架設年度", "供用年度", "名称", "施設名"], "bridge")
    assert matched["built_year"] == ("架設年度", "供用年度") and matched["name"] == ("名称",)


@pytest.mark.parametrize(
    ("heading", "ours", "factor"),
    [
        ("橋長(m)", "length_m", 1),
        ("延長（ｍ）", "length_m", 1),
        ("面積(㎡)", "area_m2", 1),
        ("面積（ha）", "area_m2", 10000),
        ("面積［㌶］", "area_m2", 10000),
        ("延長(km)", "length_m", 1000),
        ("延長㎞", "length_m", 1000),
        ("費用(千円)", "annual_cost_jpy", 1000),
        ("維持費（単位：百万円）", "annual_cost_jpy", 1e6),
        ("口径(cm)", "diameter_mm", 10),
        ("幅員", "width_m", 1),
    ],
)
def test_a_unit_in_a_heading_becomes_a_factor(heading, ours, factor):
    assert factor_of(heading, ours) == factor


def test_a_name_that_ends_like_a_unit_has_none():
    assert [unit_of(h) for h in ("area_m2", "name", "延長", "route_km")] == ["", "", "", ""]


@pytest.mark.parametrize(
    ("title", "sector"),
    [
        ("下水道台帳.xlsx", "sewer"),
        ("水道管路.csv", "water"),
        ("橋梁台帳_R6.xlsx", "bridge"),
        ("道路橋梁一覧", ""),
        ("公園・道路", ""),
        ("data.csv", ""),
    ],
)
def test_a_name_tells_the_sector_only_where_it_says_one(title, sector):
    assert sector_of_title(title) in ({sector, "bridge", "road"} if title == "道路橋梁一覧" else {sector})


def test_a_ledger_that_does_not_say_its_sector_is_asked_about(kusatsu):
    raw = raw_of({"名称": ["a"], "緯度": ["35.01"], "経度": ["135.96"]}, file="data.csv")
    profile = propose_profile(raw, region=kusatsu)
    assert profile.role == "unknown" and "sector" not in profile.constants
    assert said(profile.notes) == ["profile_no_sector"]


def test_the_sheet_tells_the_sector_where_headings_do_not(kusatsu):
    raw = raw_of({"名称": ["a"], "緯度": ["35.01"], "経度": ["135.96"]}, file="data.xlsx", sheet="公園")
    assert propose_profile(raw, region=kusatsu).constants == {"sector": "park"}


def test_a_column_of_sectors_is_read_word_by_word(kusatsu):
    raw = raw_of(
        {"施設種別": ["橋りょう", "都市公園", "庁舎"], "緯度": ["35.01"] * 3, "経度": ["135.96"] * 3}
    )
    rows = understood(raw, kusatsu)
    assert list(rows["sector"]) == ["bridge", "park", "庁舎"]
    readings = {(r["value"], r["became"], r["first_row"]) for r in rows.attrs["readings"]}
    assert readings == {("橋りょう", "bridge", 2), ("都市公園", "park", 3)}


def test_names_of_municipalities_are_left_to_the_intake(uda):
    raw = raw_of({"橋梁名": ["a", "b"], "市町村名": ["宇陀市", "曽爾村"], "管理者": ["建設課", "奈良県"]})
    columns = propose_profile(raw, region=uda).columns
    assert columns["muni_code"] == ("市町村名",) and columns["owner_code"] == ("管理者",)


def test_a_column_of_other_places_and_one_of_a_prefectures_code_say_not_where_a_row_lies(uda):
    elsewhere = raw_of({"橋梁名": ["a"], "市町村": ["横浜市"]})
    assert "muni_code" not in propose_profile(elsewhere, region=uda).columns
    assert "市町村" in unread_columns(elsewhere, propose_profile(elsewhere, region=uda))
    columns = propose_profile(raw_of({"橋梁名": ["a"], "団体コード": ["290009"]}), region=uda).columns
    assert columns["owner_code"] == ("団体コード",) and "muni_code" not in columns


@pytest.mark.parametrize(
    ("grades", "scale"),
    [(["Ⅰ", "Ⅲ"], ""), (["Ａ", "c"], "defect_rank"), (["5", "4.0"], "health_5"), (["x"], "")],
)
def test_the_scale_of_grades_is_told_by_the_values(kusatsu, grades, scale):
    raw = raw_of({"管種": ["VU"] * len(grades), "上流人孔": ["a"] * len(grades), "判定": grades})
    assert propose_profile(raw, region=kusatsu).grade_scale == scale


def test_a_number_that_repeats_is_no_id(kusatsu):
    raw = raw_of({"路線ID": ["1", "1", "2"], "道路名": ["a", "b", "c"], "実延長": ["1", "2", "3"]})
    profile = propose_profile(raw, region=kusatsu)
    assert "asset_id" not in profile.columns and "profile_ids_left_out" in said(profile.notes)


@pytest.mark.parametrize(
    ("ids", "is_id", "note"),
    [
        (["B1", "B2", "B3"], True, ""),
        (["B1", "B2", "B2"], True, "profile_ids_repeat"),
        (["B1", "B1"], True, "profile_ids_repeat"),
        (["B1", "B1", "B1"], False, "profile_ids_left_out"),
        (["", None, ""], True, ""),
    ],
)
def test_a_heading_that_names_the_id_is_the_id_though_some_repeat(kusatsu, ids, is_id, note):
    raw = raw_of({"管理番号": ids, "橋梁名": ["a"] * len(ids), "橋長": ["1"] * len(ids)})
    profile = propose_profile(raw, region=kusatsu)
    assert ("asset_id" in profile.columns) == is_id
    assert {key for key in said(profile.notes) if key.startswith("profile_ids")} == (
        {note} if note else set()
    )


def test_the_last_word_of_an_english_name_is_not_what_it_means(kusatsu):
    raw = raw_of({"terrain_name": ["hill"], "terrain type": ["x"], "bridge.name": ["a"], "橋長": ["5"]})
    assert propose_profile(raw, region=kusatsu).columns["name"] == ("bridge.name",)
    alone = raw_of({"terrain_name": ["hill"], "橋長": ["5"]})
    assert "name" not in propose_profile(alone, region=kusatsu).columns


@pytest.mark.parametrize(
    ("names", "ours"),
    [
        (("元号", "年"), "built_year"),
        (("架設年度 / 元号", "架設年度 / 年"), "built_year"),
        (("点検 元号", "点検 年"), "inspected_year"),
    ],
)
def test_an_era_and_its_year_side_by_side_are_one_year(kusatsu, names, ours):
    raw = raw_of(
        {"橋梁名": ["a", "b", "c", "d"], names[0]: ["昭和", "H", "令和", None], names[1]: ["55", "2", "元", None],
         "緯度": ["35"] * 4, "経度": ["135.9"] * 4}
    )  # fmt: skip
    profile = propose_profile(raw, region=kusatsu)
    assert profile.columns[ours] == names and not set(names) & set(unread_columns(raw, profile))
    assert parse_profile(write_profile(profile), file="x") == profile
    rows = understand(raw, profile, region=kusatsu)
    assert rows[ours].tolist()[:3] == ["昭和55", "H2", "令和元"] and pd.isna(rows[ours][3])
    taken = take_rows(
        rows.assign(geometry=kusatsu.towns.geometry[:4].to_crs(4326).to_numpy()), region=kusatsu, source="x"
    )
    assert taken.assets[ours].tolist() == [1980, 1990, 2019, pd.NA]


def test_numbers_beside_other_words_are_no_years(kusatsu):
    raw = raw_of({"橋梁名": ["a"], "判定": ["S"], "径間数": ["2"]})
    profile = propose_profile(raw, region=kusatsu)
    assert "built_year" not in profile.columns and "inspected_year" not in profile.columns


@pytest.mark.parametrize(
    ("years", "style"),
    [
        (["S55", "昭和６０年", "R1", "不明"], "era"),
        (["1980", "1993.0", ""], "western"),
        (["S55", "1980"], "auto"),
        (["55", "60"], "auto"),
    ],
)
def test_the_style_of_years_is_told_by_the_values(kusatsu, years, style):
    raw = raw_of({"橋梁名": list("abcd")[: len(years)], "架設年": years})
    assert propose_profile(raw, region=kusatsu).year_style == style


# Places -------------------------------------------------------------------------------------------------


def plane(region, epsg, count=20):
    """Points of towns as (north, east) in a zone."""
    towns = region.towns.geometry.iloc[:count].to_crs(epsg)
    return towns.y.round(3).astype("str").tolist(), towns.x.round(3).astype("str").tolist()


def test_x_is_north_in_the_regions_own_zone(uda):
    north, east = plane(uda, uda.epsg)
    raw = raw_of({"橋梁名": north, "X座標": north, "Y座標": east})
    profile = propose_profile(raw, region=uda)
    assert (profile.position.crs, profile.position.is_x_north) == ("EPSG:6674", True)
    rows = understand(raw, profile, region=uda)
    assert rows.geometry[0].x == pytest.approx(float(east[0])) and said(profile.notes) == ["place_zone"]


def test_x_that_is_east_is_seen_by_where_the_points_fall(uda):
    north, east = plane(uda, uda.epsg)
    profile = propose_profile(raw_of({"橋梁名": north, "X": east, "Y": north}), region=uda)
    assert (profile.position.crs, profile.position.is_x_north) == ("EPSG:6674", False)
    assert said(profile.notes) == ["place_zone_x_east"]


def test_another_zone_is_taken_where_only_it_falls_inside(uda):
    north, east = plane(uda, 6673)
    position = propose_profile(raw_of({"橋梁名": north, "X座標": north, "Y座標": east}), region=uda).position
    assert (position.crs, position.is_x_north) == ("EPSG:6673", True)


@pytest.mark.parametrize("region_id", ["hokkaido_makubetsu", "nara_uda", "yamaguchi_shimonoseki"])
def test_without_a_region_points_find_the_model_region_they_fall_in(region_id):
    region = find_region(region_id)
    north, east = plane(region, region.epsg, 200)
    position = propose_profile(raw_of({"橋梁名": north, "X座標": north, "Y座標": east})).position
    assert (position.crs, position.is_x_north) == (f"EPSG:{region.epsg}", True)


def test_several_possible_zones_are_named_and_none_is_chosen():
    raw = raw_of({"橋梁名": ["a", "b"], "X座標": ["-30000", "-31000"], "Y座標": ["-20000", "-21000"]})
    profile = propose_profile(raw)
    assert profile.position.x == "X座標" and profile.position.crs == ""
    assert said(profile.notes) == ["place_zone_open"] and "EPSG:66" in dict(profile.notes[0].values)["found"]
    with pytest.raises(FileError) as caught:
        understand(raw, profile)
    assert caught.value.key == "ledger_xy"


def test_x_and_y_in_degrees_are_degrees_in_either_order(kusatsu):
    for x, y in (("135.96", "35.01"), ("35.01", "135.96")):
        rows = understood(raw_of({"橋梁名": ["a"], "X": [x], "Y": [y]}), kusatsu)
        assert rows.geometry[0].coords[0] == (135.96, 35.01)


def test_swapped_headings_are_put_right_and_told(kusatsu):
    raw = raw_of({"橋梁名": ["a"], "経度": ["35.01"], "緯度": ["135.96"]})
    profile = propose_profile(raw, region=kusatsu)
    assert said(profile.notes) == ["place_swapped"]
    assert understand(raw, profile, region=kusatsu).geometry[0].coords[0] == (135.96, 35.01)


@pytest.mark.parametrize(
    "text",
    [
        "135.96",
        "１３５．９６",
        "135度57分36秒",
        "東経135度57分36.0秒",
        "135°57'36\"",
        "135-57-36",
        "135.57.36",
        "1355736.0",
        "E135.96",
    ],
)
def test_degrees_in_any_spelling(text):
    assert degrees(pd.Series([text], dtype="str"), JAPAN_LON)[0] == pytest.approx(135.96)


@pytest.mark.parametrize("text", ["135.61.00", "13561", "不明", "", "135度57分", "abc"])
def test_what_is_no_degree_in_japan_is_not_made_one(text):
    value = degrees(pd.Series([text], dtype="str"), JAPAN_LON)[0]
    assert not (JAPAN_LON[0] <= value <= JAPAN_LON[1])


def test_numbers_packed_as_degrees_minutes_and_seconds_must_all_fit():
    packed = degrees(pd.Series([345959.9, 350000.0]), JAPAN_LAT)
    assert packed == pytest.approx([34.99997222, 35.0])
    assert degrees(pd.Series([346070.0, 350000.0]), JAPAN_LAT)[1] == 350000


@pytest.mark.parametrize("text", ["35.01,135.96", "35.01 135.96", "（35.01、135.96）", "135.96,35.01"])
def test_one_column_with_both(kusatsu, text):
    rows = understood(raw_of({"橋梁名": ["a", "b"], "緯度経度": [text, None]}), kusatsu)
    assert rows.geometry[0].coords[0] == (135.96, 35.01) and rows.geometry[1] is None


def test_shapes_without_a_system_are_degrees_or_the_regions_zone(uda):
    towns = uda.towns.geometry.iloc[:9]
    for epsg, crs, key in ((4326, "EPSG:4326", "place_crs_degrees"), (6674, "EPSG:6674", "place_crs_zone")):
        shapes = towns.to_crs(epsg).to_numpy()
        raw = raw_of({"橋梁名": list("abcdefghi")}, shapes=shapes)
        profile = propose_profile(raw, region=uda)
        assert profile.position.crs == crs and said(profile.notes) == [key]
        assert understand(raw, profile, region=uda).to_crs(6674).distance(towns).max() < 0.01


def test_turned_shapes_are_turned_back(uda):
    towns = uda.towns.geometry.iloc[:9].to_crs(4326)
    shapes = shapely.transform(towns.to_numpy(), lambda c: c[:, ::-1])
    rows = understood(raw_of({"橋梁名": list("abcdefghi")}, shapes=shapes, crs=LON_LAT), uda)
    assert np.allclose(rows.geometry.x, towns.x)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_note_about_a_place_can_be_said(lang, uda):
    north, east = plane(uda, uda.epsg)
    for columns in ({"X座標": north, "Y座標": east}, {"X座標": ["1", "999999"], "Y座標": ["3", "4"]}):
        for note in propose_profile(raw_of(columns), region=uda).notes:
            assert "台帳.csv" in t(f"note.{note.key}", lang, **dict(note.values))


# Addresses ----------------------------------------------------------------------------------------------


def found(addresses, region, codes=None):
    given = pd.Series(addresses, dtype="str")
    at, is_open = match_addresses(given, pd.Series(codes or [None] * len(given), dtype="str"), region)
    return [region.towns["town"].iloc[i] if i >= 0 else None for i in at], is_open.tolist()


@pytest.mark.parametrize("region_id", load_regions()["region_id"])
def test_every_town_of_a_region_is_found_by_its_address(region_id):
    region = find_region(region_id)
    towns = region.towns
    address = [
        f"{region.name_of(code[:2], 'ja')}{region.municipalities.at[code, 'name_ja']}{town}12-3"
        for code, town in zip(towns["muni_code"], towns["town"], strict=True)
    ]
    at, is_open = match_addresses(pd.Series(address), pd.Series([None] * len(towns), dtype="str"), region)
    is_right = at == np.arange(len(towns))
    assert is_right.mean() > 0.998 and (is_right | is_open).all()


def test_blocks_and_letters_may_be_written_in_other_ways(kusatsu):
    towns, _ = found(
        ["草津市上笠１丁目2-3", "滋賀県草津市 上笠1-2-3", "上笠一丁目2番3号", "大字上寺町字前田12"], kusatsu
    )
    assert towns == ["上笠一丁目"] * 3 + ["上寺町"]


def test_an_address_elsewhere_is_not_matched(kusatsu):
    assert found(["神奈川県横浜市鶴見区三ツ池公園1-1", "宇陀市榛原1", "なし", ""], kusatsu)[0] == [None] * 4


def test_the_municipality_of_the_row_counts_where_the_address_names_none(uda):
    town = uda.towns.iloc[0]
    code = town["muni_code"]
    assert found([f"{town['town']}5"], uda, [code])[0] == [town["town"]]
    elsewhere = next(other for other in uda.municipalities.index if other != code)
    assert found([f"{town['town']}5"], uda, [elsewhere])[0] == [None]


def test_a_town_that_the_region_has_once_needs_no_municipality(uda):
    towns, _ = found(["大字鷲家", "鷲家1234番地", "大字鷲家（谷口）", "鷲家小学校前", "大字鷲屋"], uda)
    assert towns == ["大字鷲家"] * 3 + [None] * 2


def test_old_and_new_letters_of_a_town_are_the_same(uda):
    addresses = [
        "東吉野村大字麦谷1",
        "東吉野村麥谷",
        "奈良県吉野郡東吉野村大字滝野",
        "東吉野村狭戸",
        "曾爾村太良路",
    ]
    assert found(addresses, uda)[0] == ["大字麥谷", "大字麥谷", "大字瀧野", "大字狹戸", "大字太良路"]


@pytest.mark.parametrize("where", ["title", "sheet", "file"])
def test_a_village_list_whose_title_names_the_village_is_placed(uda, where):
    names = (
        {"title": "東吉野村　橋梁一覧表"}
        if where == "title"
        else {"sheet": "東吉野村"}
        if where == "sheet"
        else {}
    )
    file = "東吉野村_橋.xlsx" if where == "file" else "橋.xlsx"
    raw = raw_of({"橋梁名": ["a", "b"], "所在地": ["大字鷲家", "小"]}, file, **names)
    profile = propose_profile(raw, region=uda)
    assert profile.constants == {"sector": "bridge", "muni_code": "29453"}
    assert "place_town_named" in said(profile.notes)
    rows = understand(raw, profile, region=uda)
    assert rows["position"].tolist() == ["town_point"] * 2


def test_a_list_that_nowhere_names_its_village_says_so(uda):
    raw = raw_of({"橋梁名": ["a", "b"], "所在地": ["大字鷲家", "大字小川"]}, "橋.xlsx")
    profile = propose_profile(raw, region=uda)
    assert "muni_code" not in profile.constants and "place_town_unnamed" in said(profile.notes)


@pytest.mark.parametrize("suffix", ["geojson", "gpkg", "shp", "fgb"])
def test_a_gis_file_whose_every_place_is_turned_is_taken_like_a_table(uda, tmp_path, suffix):
    places = [shapely.Point(p.y, p.x) for p in uda.towns.to_crs(4326).geometry[:5]]
    path = tmp_path / f"橋梁.{suffix}"
    gpd.GeoDataFrame({"橋梁名": list("abcde")}, geometry=places, crs=4326).to_file(path)
    taken = take_delivery(path, region=uda)
    assert len(taken.assets) == 5 and taken.profile.position.is_swapped
    assert "place_shapes_swapped" in said(taken.notes)


def test_addresses_that_name_their_municipality_need_no_title(uda):
    raw = raw_of({"橋梁名": ["a"], "所在地": ["曽爾村大字太良路"]}, "東吉野村_橋.xlsx")
    assert "muni_code" not in propose_profile(raw, region=uda).constants


def test_an_address_that_fits_no_town_is_told_with_names_that_are_alike(uda):
    raw = raw_of(
        {"橋梁名": ["a", "b", "c"], "所在地": ["東吉野村大字鷲屋", "東吉野村大字鷲家", ""]}, "橋.csv"
    )
    rows = understood(raw, uda)
    assert rows["address_fault"].tolist() == ["address_unmatched", "", ""]
    assert rows["address"][0] == "東吉野村大字鷲屋 ≈ 東吉野村大字鷲家"
    taken = take_rows(rows, region=uda, source="橋.csv")
    assert taken.rejects["rule"].tolist() == ["address_unmatched", "geometry_missing"]
    assert taken.rejects["value"][0] == rows["address"][0] and len(taken.assets) == 1


def test_a_ledger_whose_addresses_all_fit_nothing_says_how_to_name_the_municipality(uda):
    raw = raw_of({"橋梁名": ["a"], "所在地": ["大字どこにもない"]}, "橋.csv")
    rows = understood(raw, uda)
    with pytest.raises(FileError) as caught:
        check_places(rows, uda, raw.file)
    assert caught.value.key == "ledger_address_unfound"
    for lang in LANGUAGES:
        assert "大字どこにもない" in say(caught.value, lang) and "29453 東吉野村" in say(caught.value, lang)


@pytest.mark.parametrize(
    "label",
    ["合計", "小 計", "総計", "計（12橋）", "合計 35橋", "Total", "※延長は実測による。", "(注) 令和5年度末"],
)
def test_sums_and_footnotes_are_told_apart_from_faults(uda, label):
    raw = raw_of(
        {"管理番号": ["1", label, None], "橋梁名": ["a", None, label], "橋長": ["5", "5", None],
         "所在地": ["東吉野村大字鷲家", None, None]}, "橋.csv",
    )  # fmt: skip
    taken = take_rows(understood(raw, uda), region=uda, source="橋.csv")
    assert taken.rejects["rule"].tolist() == ["summary_row"] * 2 and len(taken.assets) == 1
    assert taken.rejects["value"].tolist() == [label] * 2


def test_a_row_with_an_id_or_a_place_is_no_sum(uda):
    raw = raw_of(
        {"管理番号": ["1", "2"], "橋梁名": ["合計", "計橋"], "所在地": ["東吉野村大字鷲家", None]}, "橋.csv"
    )
    taken = take_rows(understood(raw, uda), region=uda, source="橋.csv")
    assert taken.rejects["rule"].tolist() == ["geometry_missing"] and len(taken.assets) == 1


def test_rows_without_coordinates_get_the_point_of_their_town(kusatsu):
    raw = raw_of(
        {
            "公園名": ["a", "b", "c"],
            "所在地": ["草津市上笠一丁目1", "草津市上笠一丁目1", "大津市1"],
            "緯度": ["35.01", "", ""],
            "経度": ["135.96", "", ""],
        }
    )
    rows = understood(raw, kusatsu)
    assert rows["position"].tolist()[:2] == ["ledger", "town_point"] and pd.isna(rows["position"][2])
    assert rows.attrs["positions"] == {"ledger": 1, "town_point": 1, "none": 1}
    assert rows.attrs["address_unmatched"] == 1 and rows.crs == 4326


# Understanding ------------------------------------------------------------------------------------------


def test_units_are_applied_and_told(kusatsu):
    raw = raw_of(
        {"公園名": ["a", "b"], "面積（ha）": ["1.5", "約2"], "緯度": ["35", "35"], "経度": ["136", "136"]}
    )
    rows = understood(raw, kusatsu)
    assert rows["area_m2"].tolist() == [15000.0, 20000.0]
    reading = rows.attrs["readings"][0]
    assert (reading["column"], reading["reading"], reading["rows"]) == ("area_m2", "unit", 2)
    assert rows.attrs["original"]["area_m2"] == ("面積（ha）",)
    table = schema.check_table(readings_of(rows, "台帳.csv"), "readings")
    assert table["source_file"].tolist() == ["台帳.csv"] and table["first_row"].tolist() == [2]


def test_the_first_filled_column_counts_and_constants_fill_the_rest(kusatsu):
    raw = raw_of({"a": ["1", " ", ""], "b": ["9", "2", None], "lon": ["136"] * 3, "lat": ["35"] * 3})
    profile = Profile(
        columns={"name": ("a", "b")},
        constants={"name": "無名", "sector": "park"},
        position=Position(lon="lon", lat="lat"),
    )
    rows = understand(raw, profile, region=kusatsu)
    assert rows["name"].tolist() == ["1", "2", "無名"] and set(rows["sector"]) == {"park"}
    assert rows["source"].tolist() == ["台帳.csv#2", "台帳.csv#3", "台帳.csv#4"]


def test_a_column_of_the_profile_that_the_file_does_not_have_is_named(kusatsu):
    raw = raw_of({"橋名": ["a"], "lon": ["136"], "lat": ["35"]})
    with pytest.raises(FileError) as caught:
        understand(raw, Profile(columns={"name": ("橋梁名",)}), region=kusatsu)
    assert caught.value.key == "profile_column_absent" and "橋梁名" in say(caught.value, "en")


def test_our_own_names_keep_their_meaning_beside_other_headings(kusatsu):
    raw = raw_of(
        {"sector": ["park"], "name": ["a"], "名称": ["b"], "Length_M": ["5"], "lon": ["136"], "lat": ["35"]}
    )
    profile = propose_profile(raw, region=kusatsu)
    assert profile.kind == "own" and profile.columns["name"] == ("name",)
    assert profile.columns["length_m"] == ("Length_M",)


def test_the_order_of_rows_changes_nothing(kusatsu):
    raw = raw_of(
        {
            "橋梁名": list("abcde"),
            "橋長": ["5", "4", "3", "2", "1"],
            "緯度": ["35.01"] * 5,
            "経度": ["135.96"] * 5,
        }
    )
    turned = Raw(raw.file, raw.format, raw.table.iloc[::-1])
    assert propose_profile(turned, region=kusatsu) == propose_profile(raw, region=kusatsu)
    first = understood(raw, kusatsu).sort_values("source", ignore_index=True)
    assert first.equals(understood(turned, kusatsu).sort_values("source", ignore_index=True))


def test_numbers_of_a_large_ledger_stay_numbers(kusatsu):
    count = 50_000
    rng = np.random.default_rng(0)
    table = {
        "管種": rng.choice(["HP", "VU", "陶管"], count),
        "口径": rng.choice(["200", "250"], count),
        "布設年度": rng.integers(1960, 2020, count),
        "延長(m)": rng.random(count) * 50,
        "上流人孔": [f"M{i}" for i in range(count)],
    }
    shapes = shapely.points(135.9 + rng.random(count) / 10, 35 + rng.random(count) / 10)
    raw = raw_of(table, "下水道.gpkg", shapes=shapes, crs=LON_LAT)
    rows = understood(raw, kusatsu)
    assert len(rows) == count and pd.api.types.is_numeric_dtype(rows["built_year"])


# Real files ---------------------------------------------------------------------------------------------


def test_the_park_ledger_of_kanagawa(kusatsu):
    raw = read_sample("kanagawa_park_ledger/parks_cp932.csv", "cp932")
    profile = propose_profile(raw, region=kusatsu)
    assert profile.constants == {"sector": "park"} and profile.year_style == "western"
    assert {k: v[0] for k, v in profile.columns.items()} == {
        "owner_code": "地方公共団体名",
        "asset_id": "ID",
        "name": "名称",
        "subtype": "公園種別",
        "built_year": "提供開始年",
        "area_m2": "面積",
    }
    rows = understand(raw, profile, region=kusatsu)
    assert len(rows) == 5 and rows["name"][1] == "三ツ池公園"
    assert rows.attrs["positions"]["none"] == 5 and rows.attrs["address_unmatched"] == 5


def test_the_sewers_of_handa(kusatsu):
    pipes = propose_profile(read_sample("handa_sewer/pipes_top300.csv", "utf-8-sig"), region=kusatsu)
    assert pipes.constants == {"sector": "sewer"} and pipes.columns["length_m"] == ("length_m",)
    spans = propose_profile(read_sample("handa_sewer/span_master.csv", "utf-8-sig"), region=kusatsu)
    assert spans.constants == {"sector": "sewer"}
    assert {k: v[0] for k, v in spans.columns.items()}.items() >= {
        ("asset_id", "span_id"),
        ("diameter_mm", "diameter_mm"),
        ("built_year", "sekou_year"),
    }


def test_the_spans_of_handa_keep_their_zone(kusatsu):
    path = SAMPLES / "handa_sewer" / "span_geoms.gpkg"
    if not path.exists():
        pytest.skip("span_geoms.gpkg is not on this machine")
    spans = gpd.read_file(path)
    table = pd.DataFrame(spans.drop(columns="geometry"))
    raw = Raw(path.name, "gpkg", table, spans.geometry.to_numpy(), spans.crs, {"layer": "下水道管渠"})
    rows = understood(raw, kusatsu)
    assert len(rows) == 60 and rows.crs == 6675 and set(rows["sector"]) == {"sewer"}


# Lines that say nothing ----------------------------------------------------------------------------------


def bare_lines(file, columns=None, *, shape=None):
    line = shape or shapely.LineString([(135.95, 35.0), (135.951, 35.0)])
    return raw_of(
        columns or {"memo": [None] * 3}, file, shapes=np.array([line] * 3, dtype=object), crs=LON_LAT
    )


@pytest.mark.parametrize("file", ["roads.geojson", "線.gpkg", "市道.shp"])
def test_lines_of_which_no_column_says_anything_are_the_network_and_that_is_told(kusatsu, file):
    profile = propose_profile(bare_lines(file), region=kusatsu)
    assert (profile.role, profile.kind, profile.constants) == ("roads", "lines", {"sector": "road"})
    assert "profile_lines_as_roads" in said(profile.notes)


@pytest.mark.parametrize(
    ("raw", "role"),
    [
        (bare_lines("河川.geojson"), "assets"),
        (bare_lines("道路台帳.geojson", {"路線名": list("甲乙丙")}), "assets"),
        (bare_lines("下水.geojson", {"管渠番号": ["1", "2", "3"]}), "assets"),
        (bare_lines("線.geojson", shape=shapely.Point(135.95, 35.0)), "unknown"),
    ],
)
def test_lines_of_another_sector_or_with_columns_that_say_something_stay_assets(kusatsu, raw, role):
    assert propose_profile(raw, region=kusatsu).role == role
