"""What town halls really write in cells, and what becomes of it: read, mended, listed, never swallowed."""

import dataclasses

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import GeometryCollection, LineString, Point, Polygon, box

from gunmane import schema
from gunmane.assets import load_grades, read_grade, read_owner, read_year, take_rows
from gunmane.assets.faults import Faults
from gunmane.errors import FileError
from gunmane.i18n import catalogue, say
from gunmane.municipalities import find_region

EPSG = 6681
WEST, EAST = "01631", "01643"
HERE = Point(5_000, 5_000)


def two_squares():
    """Two municipalities side by side, ten kilometres square each: 音更町 from x=0, 幕別町 from x=10000."""
    shapes = gpd.GeoDataFrame(
        {"name_ja": ["音更町", "幕別町"], "name_en": ["Otofuke", "Makubetsu"]},
        index=pd.Index([WEST, EAST], name="muni_code"),
        geometry=[box(0, 0, 10_000, 10_000), box(10_000, 0, 20_000, 10_000)],
        crs=EPSG,
    )
    return dataclasses.replace(find_region("hokkaido_makubetsu"), municipalities=shapes)


REGION = two_squares()
LON, LAT = gpd.GeoSeries([HERE], crs=EPSG).to_crs(4326).iloc[0].coords[0]


def take(*rows, crs=EPSG, **options):
    """Rows as dictionaries; what they leave out gets a bridge in the west, each at a place of its own."""
    filled = [
        {"sector": "bridge", "geometry": Point(5_000 + 10 * i, 5_000), **row} for i, row in enumerate(rows)
    ]
    frame = gpd.GeoDataFrame(filled, geometry="geometry", crs=crs)
    return take_rows(frame, region=REGION, source="bridges.csv", **options)


def one(taken, column):
    assert len(taken.assets) == 1
    return taken.assets[column].iloc[0]


def rules(taken):
    return list(taken.rejects["rule"])


def reading(taken, column):
    own = taken.readings[taken.readings["column"] == column]
    return own[["value", "became", "reading"]].to_numpy().tolist()


# --- numbers


def test_an_area_of_a_spreadsheet_with_its_comma_and_blank_is_a_number():
    taken = take({"sector": "park", "area_m2": "32,500 "})
    assert one(taken, "area_m2") == 32_500 and not rules(taken)
    assert reading(taken, "area_m2") == [["32,500", "32500", "other"]]


@pytest.mark.parametrize(
    ("column", "text", "value", "how"),
    [
        ("area_m2", "３２，５００", 32_500, "width"),
        ("area_m2", "3.25ha", 32_500, "unit"),
        ("area_m2", "32,500㎡", 32_500, "unit"),
        ("length_m", "1.2km", 1_200, "unit"),
        ("length_m", "12.3 ㎞", 12_300, "unit"),
        ("length_m", "約120m", 120, "unit"),
        ("length_m", "およそ120", 120, "other"),
        ("width_m", "４．５ｍ", 4.5, "unit"),
        ("diameter_mm", "φ200", 200, "unit"),
        ("diameter_mm", "250φ", 250, "unit"),
        ("diameter_mm", "200mm", 200, "unit"),
        ("diameter_mm", "0.8m", 800, "unit"),
        ("annual_cost_jpy", "300千円", 300_000, "unit"),
        ("annual_cost_jpy", "￥1,200,000", 1_200_000, "unit"),
        ("annual_cost_jpy", "1.5百万円", 1_500_000, "unit"),
    ],
)
def test_a_number_is_read_in_the_unit_of_its_cell_and_told(column, text, value, how):
    taken = take({"sector": "road", column: text})
    assert one(taken, column) == value and not rules(taken)
    assert reading(taken, column) == [[text, str(value), how]]


@pytest.mark.parametrize(
    ("sector", "column", "text"),
    [
        ("bridge", "length_m", "32,500 "),
        ("tunnel", "length_m", "45km"),
        ("road", "width_m", "120"),
        ("sewer", "diameter_mm", "15000"),
        ("park", "area_m2", "400ha"),
    ],
)
def test_a_size_that_hardly_can_be_is_kept_and_told(sector, column, text):
    taken = take({"sector": sector, column: text})
    assert one(taken, column) > 0 and rules(taken) == [f"{column}_unusual_value"]
    assert taken.rejects["value"].tolist() == [text.strip()]
    assert len(take({"sector": sector, column: text}, on_invalid="raise").assets) == 1


def test_a_long_bridge_of_the_sea_is_usual():
    assert not rules(take({"length_m": "1629"}))


@pytest.mark.parametrize(
    "text", ["12%", "１２％", "100以上", "300×300", "3-5", "12,5", "1_000", "0x10", "12坪", "12.5mm2"]
)
def test_what_is_no_number_is_a_fault_and_not_guessed(text):
    taken = take({"width_m": text, "length_m": "8"})
    assert np.isnan(one(taken, "width_m")) and rules(taken) == ["width_m_value"]
    assert taken.rejects["value"].tolist() == [text]


@pytest.mark.parametrize("text", ["不明", "", "-", "－", "なし", None])
def test_an_unknown_number_is_missing_without_a_fault(text):
    taken = take({"width_m": text, "built_year": text, "condition": text})
    assert not rules(taken) and taken.readings.empty
    assert taken.assets[["width_m", "built_year", "condition"]].isna().all(axis=None)


def test_a_plain_number_is_no_reading():
    assert take({"width_m": "4.50", "length_m": 12, "built_year": 1993.0, "condition": 2.0}).readings.empty


def test_a_very_long_cell_is_cut_in_the_lists():
    taken = take({"sector": "x" * 100_000}, {"built_year": "9" * 50_000})
    assert rules(taken) == ["sector_unknown", "built_year_value"]
    assert taken.rejects["value"].str.len().tolist() == [80, 80]


def test_half_a_character_of_a_broken_file_harms_nothing():
    cells = {"sector": ["bridge"], "name": ["橋\udfff"], "owner_code": ["\ud800"]}
    table = {name: pd.Series(values, dtype=object) for name, values in cells.items()}
    taken = take_rows(gpd.GeoDataFrame(table, geometry=[HERE], crs=EPSG), region=REGION, source="x")
    assert one(taken, "name") == "橋?" and rules(taken) == ["owner_code_value"]


# --- years


@pytest.mark.parametrize(
    ("text", "year"),
    [
        ("昭和55年", 1980),
        ("S55", 1980),
        ("Ｓ５５", 1980),
        ("S55.3", 1980),
        ("S55.3.31", 1980),
        ("昭和55年3月", 1980),
        ("昭和５５年度", 1980),
        ("昭和五十五年", 1980),
        ("H2", 1990),
        ("平成31", 2019),
        ("R1", 2019),
        ("令和元年", 2019),
        ("明治33年", 1900),
        ("大正12年", 1923),
        ("1993.0", 1993),
        ("1993年度", 1993),
        ("1980/04/01", 1980),
        ("1980-04-01 00:00:00", 1980),
        ("19800401", 1980),
        ("1980年4月1日", 1980),
        ("1975頃", 1975),
    ],
)
def test_a_year_is_read_however_it_is_written_and_told(text, year):
    taken = take({"built_year": text})
    assert one(taken, "built_year") == year and not rules(taken)
    assert reading(taken, "built_year")[0][:2] == [text, str(year)]


@pytest.mark.parametrize(
    "text",
    ["昭和70年", "平成32", "S0", "大正16", "55", "93", "1975年代", "1975以前", "29312", "1980/13/01", "19801301",
     "1993.5", "1993～1995", "昭和55年～57年", "9999", "1700", "S55.13", "X55"],
)  # fmt: skip
def test_a_year_that_would_be_a_guess_is_a_fault(text):
    taken = take({"built_year": text})
    assert taken.assets["built_year"].isna().all() and rules(taken) == ["built_year_value"]


def test_bare_years_of_an_era_are_read_only_where_the_ledger_is_said_to_have_them():
    assert one(take({"built_year": "55"}, year_style="era"), "built_year") == 1980
    assert one(take({"built_year": 55}, year_style="era"), "built_year") == 1980
    assert rules(take({"built_year": "20"}, year_style="era")) == ["built_year_value"]


@given(text=st.text(alphabet="昭和平成令元年度月日SHR頃約.・/-0123456789 ０５", max_size=9))
@settings(max_examples=200)
def test_a_year_is_a_whole_year_or_nothing(text):
    value = read_year(text).value
    assert value is None or np.isnan(value) or (value.is_integer() and 1800 <= value <= 9999)


# --- grades


@pytest.mark.parametrize(
    ("sector", "raw", "condition"),
    [
        ("bridge", "Ⅲ", 3),
        ("bridge", "判定Ⅲ", 3),
        ("bridge", "Ⅲ判定", 3),
        ("bridge", "区分Ⅲ", 3),
        ("bridge", "2.0", 2),
        ("bridge", 2.0, 2),
        ("bridge", "予防保全段階", 2),
        ("bridge", "Ⅲ（早期措置段階）", 3),
        ("tunnel", "Ⅳ", 4),
        ("park", "ａ", 1),
        ("park", "健全度Ｄ", 4),
        ("sewer", "緊急度Ⅰ", 4),
        ("sewer", "Ⅱ", 3),
        ("sewer", "劣化なし", 1),
        ("road", "Ⅲ-1", 3),
        ("road", "Ⅰ", 1),
    ],
)
def test_the_grade_of_each_sector_is_mapped_and_the_original_kept(sector, raw, condition):
    taken = take({"sector": sector, "condition_raw": raw})
    assert one(taken, "condition") == condition and not rules(taken)
    assert one(taken, "condition_raw") == (raw if isinstance(raw, str) else "2")
    assert reading(taken, "condition_raw")[0][1:] == [str(condition), "grade"]


def test_the_most_urgent_sewer_is_not_the_soundest_bridge():
    taken = take({"sector": "sewer", "condition_raw": "Ⅰ"}, {"condition_raw": "Ⅰ"})
    by_sector = taken.assets.set_index("sector")["condition"]
    assert by_sector["sewer"] == 4 and by_sector["bridge"] == 1


@pytest.mark.parametrize(
    ("sector", "raw"),
    [
        ("bridge", "緊急度Ⅰ"),
        ("sewer", "健全度Ⅰ"),
        ("bridge", "A"),
        ("park", "Ⅰ"),
        ("water", "B"),
        ("bridge", "Ⅱ・Ⅲ"),
    ],
)
def test_a_grade_of_another_scale_is_a_fault_and_stays_as_it_is(sector, raw):
    taken = take({"sector": sector, "condition_raw": raw})
    assert taken.assets["condition"].isna().all() and one(taken, "condition_raw") == raw
    assert taken.rejects[["column", "rule"]].to_numpy().tolist() == [["condition_raw", "condition_value"]]


def test_a_scale_may_be_named_and_holds_for_the_sectors_that_have_it():
    rows = [{"sector": "sewer", "condition_raw": "A"}, {"condition_raw": "Ⅱ"}]
    taken = take(*rows, grade_scale="defect_rank")
    assert taken.assets.set_index("sector")["condition"].to_dict() == {"sewer": 4, "bridge": 2}


def test_a_bridge_that_nobody_graded_is_no_fault():
    assert not rules(take({"condition_raw": "未点検"}, {"condition": "未判定"}))


def test_grades_are_facts_with_a_source_and_a_confidence():
    table = load_grades()
    assert table["condition"].between(1, 4).all() and table["confidence"].isin(list("ABCDE")).all()
    assert (table["source"] != "").all() and set(table["sector"]) <= set(schema.SECTORS)
    assert all(read_grade(r.grade, r.sector, r.scale) == r.condition for r in table.itertuples())


# --- codes and names


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("1631", WEST),
        ("016314", WEST),
        ("音更町", WEST),
        ("音更町役場", WEST),
        ("音更町長", WEST),
        ("北海道河東郡音更町", WEST),
        ("音更町 建設課", WEST),
        ("北海道", "01"),
        ("北海道十勝総合振興局", "01"),
        ("市町村", WEST),
        ("土木課", WEST),
        ("道", "01"),
    ],
)
def test_an_owner_is_read_from_its_code_or_name_and_told(text, code):
    taken = take({"owner_code": text})
    assert one(taken, "owner_code") == code and not rules(taken)
    assert reading(taken, "owner_code") == [[text, code, "code" if text.isdecimal() else "name"]]


@pytest.mark.parametrize(
    "text", ["音更町外二町組合", "北海道開発局", "北海道道路公社", "帯広市", "奈良県", "個人", "JR北海道"]
)
def test_a_body_outside_the_region_is_no_body_of_it(text):
    assert read_owner(text, REGION).code == "@outside"


def test_a_municipality_may_be_named():
    taken = take({"muni_code": "音更町"})
    assert one(taken, "muni_code") == WEST and reading(taken, "muni_code") == [["音更町", WEST, "name"]]


def test_an_asset_far_from_its_owner_is_doubted():
    taken = take({"owner_code": WEST, "geometry": Point(19_000, 5_000)})
    assert rules(taken) == ["owner_far_value"] and one(taken, "owner_code") == WEST


def test_flags_of_every_kind_stand_in_one_column():
    taken = take(*({"is_synthetic": flag} for flag in ("0", "1", "-", "")))
    assert taken.assets.sort_values("source")["is_synthetic"].tolist() == [False, True, False, False]


# --- places


def test_longitude_and_latitude_that_changed_places_are_changed_back_and_told():
    taken = take({"geometry": Point(LAT, LON)}, crs=4326)
    assert taken.assets.geometry.iloc[0].distance(HERE) < 0.01
    row = taken.rejects.iloc[0]
    assert row["rule"] == "lon_lat_swapped_value"
    assert row["value"].startswith(f"lon={int(LAT)}.") and row["became"].startswith(f"lon={int(LON)}.")


@pytest.mark.parametrize("xy", [(5_000, 4_000), (15_000, 4_000), (4_000, 15_000)])
def test_metres_in_columns_of_degrees_are_read_where_only_one_way_fits(xy):
    taken = take({"geometry": Point(xy)}, crs=4326)
    # In a square world both ways fit a point of the west square: then nothing is guessed.
    is_only = max(xy) > 10_000
    assert rules(taken) == ["metres_in_degrees_value" if is_only else "degrees_impossible"]
    assert len(taken.assets) == int(is_only)


@pytest.mark.parametrize(
    ("geometry", "crs", "rule", "shown"),
    [
        (Point(2.35, 48.85), 4326, "outside_japan", "lon=2.35000, lat=48.85000"),
        (Point(0, 0), 4326, "outside_japan", "lon=0.00000, lat=0.00000"),
        (Point(139.7, 35.7), 4326, "outside_region", "lon=139.70000, lat=35.70000"),
        (Point(5e5, 5e5), 4326, "degrees_impossible", "lon=500000.00, lat=500000.00"),
        (Point(34.5, 135.5), 4326, "lon_lat_swapped", "lon=34.50, lat=135.50"),
        (None, 4326, "geometry_missing", ""),
        (Polygon(), EPSG, "geometry_missing", ""),
    ],
)
def test_a_place_that_cannot_be_is_rejected_with_its_value(geometry, crs, rule, shown):
    taken = take({"geometry": geometry}, crs=crs)
    assert taken.assets.empty and taken.rejects[["rule", "value"]].to_numpy().tolist() == [[rule, shown]]


def test_a_collection_gives_its_main_part():
    mixed = GeometryCollection([Point(5, 5), LineString([(5, 5), (50, 5)])])
    taken = take({"sector": "road", "geometry": mixed})
    assert taken.assets.geometry.iloc[0].geom_type == "LineString"
    assert taken.rejects[["rule", "became"]].to_numpy().tolist() == [
        ["geometry_collection_value", "LineString"]
    ]


def test_rejected_rows_with_a_place_can_be_drawn():
    taken = take(
        {"geometry": Point(139.7, 35.7)},
        {"sector": "?", "geometry": Point(LON, LAT)},
        {"geometry": None},
        crs=4326,
    )
    places = taken.rejected_places
    assert places.crs.to_epsg() == 4326
    assert places[["row", "rule"]].to_numpy().tolist() == [[1, "outside_region"], [2, "sector_unknown"]]
    assert places.geometry.x.round(3).tolist() == [139.7, round(LON, 3)]


# --- duplicates


def test_a_row_listed_twice_is_taken_once_and_names_the_first():
    taken = take(*({"asset_id": i, "name": "中央橋", "geometry": HERE} for i in ("A", "B")))
    assert list(taken.assets["asset_id"]) == ["A"]
    assert taken.rejects[["rule", "value", "became"]].to_numpy().tolist() == [
        ["same_place_duplicate", "B", "A"]
    ]


def test_two_bridges_at_one_place_with_other_names_are_both_kept_and_told():
    taken = take(*({"name": name, "geometry": HERE} for name in ("中央橋（上り）", "中央橋（下り）")))
    assert len(taken.assets) == 2 and rules(taken) == ["same_place_value"]


def test_rows_without_a_name_are_one_only_if_they_are_equal_in_all():
    taken = take(*({"built_year": year, "geometry": HERE} for year in (1980, 1980, 1990)))
    assert len(taken.assets) == 2 and rules(taken) == ["same_place_duplicate", "same_place_value"]


def test_another_sector_at_the_same_place_is_no_duplicate():
    assert not rules(take({"geometry": HERE}, {"sector": "park", "geometry": HERE}))


@pytest.mark.parametrize("position", ["town_point", "town_hall"])
def test_rows_that_share_the_point_of_their_settlement_are_no_duplicates(position):
    taken = take(*({"position": position, "geometry": HERE} for _ in range(3)))
    assert len(taken.assets) == 3 and not rules(taken)
    assert set(taken.assets["position"]) == {position}


# --- what may be mended


def test_reject_takes_no_row_that_needs_mending_but_keeps_those_with_a_faulty_value():
    rows = [{"geometry": Point(LAT, LON)}, {"geometry": Point(LON, LAT), "width_m": "?"}]
    taken = take(*rows, crs=4326, on_invalid="reject")
    assert list(taken.assets["source"]) == ["bridges.csv#2"]
    assert rules(taken) == ["lon_lat_swapped", "width_m_value"]


def test_raise_names_the_first_fault_and_how_many_there_are():
    with pytest.raises(FileError) as caught:
        take({"width_m": "?"}, {"built_year": "?"}, on_invalid="raise")
    assert caught.value.key == "assets_invalid" and caught.value.values["count"] == 2
    assert caught.value.values["row"] == 1
    assert all("width_m" in say(caught.value, lang) for lang in ("ja", "en"))


def test_raise_takes_a_faultless_ledger():
    assert len(take({"built_year": "S55"}, on_invalid="raise").assets) == 1


def test_readings_are_counted_and_the_rare_ones_summed():
    rows = [{"width_m": f"{n / 100:.2f}m"} for n in range(1, 701)] + [{"width_m": "9m"}] * 3
    listed = take(*rows).readings
    assert len(listed) == 501 and listed["rows"].sum() == 703
    assert listed.iloc[0][["value", "rows"]].tolist() == ["9m", 3]
    assert listed.iloc[-1][["value", "rows"]].tolist() == ["…", 201]
    schema.check_table(listed, "readings")


# --- properties

CELLS = st.sampled_from(
    [None, "", "-", "不明", "S55", "昭和70年", "1,200", "12m", "３", "Ⅲ", "A", "緊急度Ⅰ", 2, 2.0, 1993.0, 5, -1, True,
     "音更町", "国", "1631", "99999", "013", "φ200", "town_point", "general", "一般会計", "x", float("nan"),
     float("inf")]
)  # fmt: skip
SHAPES = st.sampled_from(
    [Point(LON, LAT), Point(LAT, LON), Point(15_000, 4_000), Point(139.7, 35.7), Point(np.nan, 3), Point(500, 500),
     None, LineString([(LON, LAT), (LON + 0.001, LAT)]), LineString([(LON, LAT), (LON, LAT)]), LineString(),
     Polygon([(LON, LAT), (LON + 0.001, LAT + 0.001), (LON + 0.001, LAT), (LON, LAT + 0.001)]),
     GeometryCollection([Point(LON, LAT), LineString([(LON, LAT), (LON + 0.001, LAT)])])]
)  # fmt: skip
COLUMNS = [name for name in schema.names("assets") if name != "sector"]
ROWS = st.lists(
    st.fixed_dictionaries(
        {"geometry": SHAPES, "sector": st.sampled_from([*schema.SECTORS, "橋梁", "x", None])},
        optional=dict.fromkeys(COLUMNS, CELLS),
    ),
    min_size=1,
    max_size=8,
)
MODES = st.sampled_from(["fix", "reject", "raise"])


def rejected_count(rejects):
    whole = rejects[~rejects["rule"].str.endswith("_value")]
    return len(whole[["source_file", "row"]].drop_duplicates())


@given(rows=ROWS, mode=MODES)
@settings(max_examples=80, deadline=None)
def test_rows_in_are_assets_and_rejected_rows(rows, mode):
    if mode == "raise" and not take(*rows, crs=4326).rejects.empty:
        with pytest.raises(FileError, match="assets_invalid"):
            take(*rows, crs=4326, on_invalid=mode)
        return
    taken = take(*rows, crs=4326, on_invalid=mode)
    assert len(taken.assets) + rejected_count(taken.rejects) == len(rows)
    for name in ("assets", "rejects", "readings"):
        schema.check_table(getattr(taken, name), name)


@given(rows=ROWS, data=st.data())
@settings(max_examples=40, deadline=None)
def test_the_order_of_the_rows_changes_nothing(rows, data):
    frame = gpd.GeoDataFrame(rows, geometry="geometry", crs=4326)
    shuffled = frame.iloc[data.draw(st.permutations(range(len(frame))))]
    one, other = (take_rows(f, region=REGION, source="x") for f in (frame, shuffled))
    for name in ("assets", "rejects", "readings", "rejected_places"):
        pd.testing.assert_frame_equal(pd.DataFrame(getattr(one, name)), pd.DataFrame(getattr(other, name)))


@given(rows=ROWS)
@settings(max_examples=40, deadline=None)
def test_what_was_taken_is_taken_again_unchanged(rows):
    once = take(*rows, crs=4326).assets
    again = take_rows(once, region=REGION, source="again")
    assert rejected_count(again.rejects) == 0
    columns = [name for name in once.columns if name != "source"]
    pd.testing.assert_frame_equal(pd.DataFrame(once[columns]), pd.DataFrame(again.assets[columns]))


def test_every_rule_has_its_advice_and_name_in_both_languages():
    found = {"outside_japan", "owner_outside", "owner_far_value", "same_place_duplicate", "same_place_value"}
    found |= {"degrees_impossible", "position_value"}
    for rule in ("lon_lat_swapped", "metres_in_degrees", "geometry_mended", "geometry_collection"):
        found |= {rule, f"{rule}_value"}
    for lang in ("ja", "en"):
        known = set(catalogue(lang))
        assert {f"advice.{rule}" for rule in found} | {f"files.fault.{rule}" for rule in found} <= known


def test_a_large_ledger_of_texts_is_read_once_a_word():
    rng = np.random.default_rng(0)
    xy = rng.uniform(0, 10_000, (50_000, 2))
    rows = gpd.GeoDataFrame(
        {"sector": "橋梁", "built_year": [f"S{i % 60 + 1}" for i in range(len(xy))]},
        geometry=shapely.points(xy),
        crs=EPSG,
    )
    taken = take_rows(rows, region=REGION, source="x")
    assert len(taken.assets) == 50_000 and taken.rejects.empty
    assert len(taken.readings) == 61 and taken.readings["rows"].sum() == 100_000


def test_a_fault_that_keeps_the_row_does_not_reject_it():
    faults = Faults(pd.DataFrame({"source_file": ["x"] * 2, "row": [1, 2]}))
    faults.add(np.array([True, False]), "width_m", ["?", "?"], "width_m_value")
    assert faults.usable.all() and faults.table()["row"].tolist() == [1]
