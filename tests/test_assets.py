"""Every row is taken or listed, whatever a spreadsheet did to it, and the order of the rows changes nothing."""

import dataclasses

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import GeometryCollection, LineString, MultiLineString, Point, Polygon, box

from gunmane import schema
from gunmane.assets import check_digit, plain_code, take_assets
from gunmane.errors import FileError
from gunmane.i18n import catalogue, say
from gunmane.municipalities import find_region

EPSG = 6681
WEST, EAST = "01631", "01643"


def two_squares():
    """Two municipalities side by side, ten kilometres square each: 01631 from x=0, 01643 from x=10000."""
    region = find_region("hokkaido_makubetsu")
    shapes = gpd.GeoDataFrame(
        {"name_ja": ["西", "東"], "name_en": ["West", "East"]},
        index=pd.Index([WEST, EAST], name="muni_code"),
        geometry=[box(0, 0, 10_000, 10_000), box(10_000, 0, 20_000, 10_000)],
        crs=EPSG,
    )
    return dataclasses.replace(region, municipalities=shapes)


REGION = two_squares()


def ledger(rows, crs=EPSG):
    """Rows as dictionaries; what they leave out gets a plain road in the west."""
    usual = {"asset_id": None, "sector": "road", "geometry": LineString([(100, 100), (400, 500)])}
    return gpd.GeoDataFrame([{**usual, **row} for row in rows], geometry="geometry", crs=crs)


def take(rows, **options):
    frame = rows if isinstance(rows, gpd.GeoDataFrame) else ledger(rows)
    return take_assets(frame, region=REGION, source="roads.csv", **options)


def rejected_rows(rejects):
    whole = rejects[~rejects["rule"].str.endswith("_value")]
    return len(whole[["source_file", "row"]].drop_duplicates())


def test_a_bare_row_gets_everything_that_its_place_tells():
    assets, rejects = take([{}])
    row = assets.iloc[0]
    assert rejects.empty
    assert (row["muni_code"], row["owner_code"], row["account_class"]) == (WEST, WEST, "general")
    assert (row["asset_id"], row["source"]) == ("roads.csv#1", "roads.csv#1")
    assert row["length_m"] == pytest.approx(500)
    assert list(assets.columns) == [*schema.names("assets"), "geometry"]
    assert not row["is_synthetic"]


@pytest.mark.parametrize(
    "code", ["01631", "1631", 1631, 1631.0, "1631.0", "016314", 16314, "０１６３１", " 01631 "]
)
def test_a_code_is_understood_however_it_is_written(code):
    assert plain_code(code, frozenset({WEST, EAST})) == WEST


def test_the_check_digit_is_that_of_the_official_list():
    halls = find_region("osaka_senshu").halls
    assert [check_digit(code) for code in halls.index] == [code[5] for code in halls["lg_code6"]]


@pytest.mark.parametrize("code", ["01", "1", 1, "010006", 10006])
def test_a_prefecture_may_be_the_owner(code):
    assets, rejects = take([{"owner_code": code}])
    assert assets.loc[0, "owner_code"] == "01"
    assert rejects.empty


def test_an_owner_that_cannot_be_read_falls_back_to_the_municipality_and_is_listed():
    assets, rejects = take([{"owner_code": "A-12"}])
    assert assets.loc[0, "owner_code"] == WEST
    assert rejects[["rule", "became"]].to_numpy().tolist() == [["owner_code_value", WEST]]


@pytest.mark.parametrize(
    "owner", ["国", "国土交通省 北海道開発局", "NEXCO東日本", "帯広市", "青森県", "13101"]
)
def test_what_a_body_outside_the_region_keeps_is_not_planned_and_told(owner):
    assets, rejects = take([{"owner_code": owner}])
    assert assets.empty and list(rejects["rule"]) == ["owner_outside"]


def test_a_wrong_municipality_is_mended_from_the_place_and_listed():
    assets, rejects = take([{"muni_code": "13101", "geometry": Point(15_000, 5_000)}])
    assert assets.loc[0, "muni_code"] == EAST
    assert rejects.loc[0, ["rule", "value", "advice_key"]].tolist() == [
        "muni_code_value",
        "13101",
        "advice.muni_code_value",
    ]


def test_the_ledgers_municipality_stands_near_a_border_and_is_doubted_far_from_it():
    near, far = Point(11_000, 5_000), Point(19_000, 5_000)
    assets, rejects = take(
        [{"muni_code": WEST, "geometry": g, "asset_id": i} for i, g in enumerate([near, far])]
    )
    assert list(assets["muni_code"]) == [WEST, WEST]
    assert rejects[["row", "rule"]].to_numpy().tolist() == [[2, "muni_far_value"]]


def test_rows_outside_the_region_are_rejected_and_lines_that_reach_in_are_kept():
    outside, across = Point(-5_000, 0), LineString([(-5_000, 50), (50, 50)])
    assets, rejects = take([{"geometry": outside}, {"geometry": across}])
    assert list(assets["source"]) == ["roads.csv#2"]
    assert list(rejects["rule"]) == ["outside_region"]


def test_a_place_just_over_the_border_counts_as_inside():
    assets, _ = take([{"geometry": Point(-100, 5_000)}])
    assert assets.loc[0, "muni_code"] == WEST


@pytest.mark.parametrize(
    ("value", "year"),
    [
        ("1993", 1993),
        ("1993.0", 1993),
        (1993.0, 1993),
        ("１９９３", 1993),
        ("不明", pd.NA),
        ("", pd.NA),
    ],
)
def test_years_are_read_as_spreadsheets_write_them(value, year):
    assets, rejects = take([{"built_year": value}])
    assert rejects.empty
    assert assets["built_year"].array[0] is year if year is pd.NA else assets.loc[0, "built_year"] == year


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("built_year", 1700),
        ("built_year", 1993.5),
        ("built_year", "昭和70年"),
        ("condition", 5),
        ("condition", "Ⅲ?"),
        ("width_m", -1),
        ("width_m", 900),
        ("length_m", float("inf")),
        ("length_m", -3),
        ("area_m2", "wide"),
        ("annual_cost_jpy", "-5"),
        ("account_class", "特別会計"),
    ],
)
def test_a_faulty_value_is_listed_and_its_row_kept(column, value):
    assets, rejects = take([{column: value}])
    assert len(assets) == 1
    assert rejects[["column", "value", "rule"]].to_numpy().tolist() == [
        [column, str(value), f"{column}_value"]
    ]


def test_a_condition_with_a_decimal_point_is_a_whole_number():
    assert take([{"condition": 2.0}])[0].loc[0, "condition"] == 2


@pytest.mark.parametrize("value", [float("nan"), None, pd.NA, pd.NaT])
def test_missing_values_of_every_kind_are_missing(value):
    assets, rejects = take([{"built_year": value, "name": value, "length_m": value, "muni_code": value}])
    assert rejects.empty
    assert (assets.loc[0, "name"], assets.loc[0, "muni_code"]) == ("", WEST)
    assert assets["built_year"].isna().all()


@pytest.mark.parametrize(
    ("sector", "rule"),
    [("漁港", "sector_unknown"), (None, "sector_missing"), (" ", "sector_missing")],
)
def test_a_row_without_a_known_sector_is_rejected(sector, rule):
    assets, rejects = take([{"sector": sector}, {"sector": " Road "}])
    assert list(assets["sector"]) == ["road"]
    assert rejects[["row", "rule"]].to_numpy().tolist() == [[1, rule]]


@pytest.mark.parametrize("geometry", [None, LineString(), Polygon(), GeometryCollection()])
def test_a_row_without_a_place_is_rejected(geometry):
    assets, rejects = take([{"geometry": geometry}, {}])
    assert len(assets) == 1
    assert list(rejects["rule"]) == ["geometry_missing"]


def test_a_place_that_is_not_finite_is_rejected():
    assert list(take([{"geometry": Point(np.inf, 0)}, {}])[1]["rule"]) == ["geometry_invalid"]


def test_a_line_without_length_is_rejected():
    assert list(take([{"geometry": LineString([(5, 5), (5, 5)])}, {}])[1]["rule"]) == ["geometry_invalid"]


def test_a_crossing_outline_is_mended_and_listed():
    bow = Polygon([(0, 0), (100, 100), (100, 0), (0, 100)])
    assets, rejects = take([{"sector": "park", "geometry": bow}])
    assert assets.geometry.is_valid.all()
    assert assets.loc[0, "area_m2"] == pytest.approx(5_000)
    assert list(rejects["rule"]) == ["geometry_mended_value"]


def test_heights_are_dropped_and_lines_of_several_parts_stay():
    lines = MultiLineString([[(0, 0, 9), (30, 40, 9)], [(100, 0, 1), (130, 40, 1)]])
    assets, _ = take([{"geometry": lines}])
    assert not assets.has_z.any()
    assert assets.geometry.iloc[0].geom_type == "MultiLineString"
    assert assets.loc[0, "length_m"] == pytest.approx(100)


def test_a_length_in_the_ledger_stands():
    assert take([{"length_m": "1,200"}])[0].loc[0, "length_m"] == 1_200


def test_longitude_and_latitude_are_moved_to_the_regions_zone():
    there = gpd.GeoSeries([Point(5_000, 5_000)], crs=EPSG).to_crs(4326)
    assets, _ = take(ledger([{"geometry": there.iloc[0]}], crs=4326))
    assert assets.crs.to_epsg() == EPSG
    assert assets.geometry.iloc[0].distance(Point(5_000, 5_000)) < 0.01


def test_of_two_rows_with_one_id_the_lower_row_stays():
    rows = ledger([{"asset_id": "A", "name": "first"}, {"asset_id": "A", "name": "second"}])
    for frame in (rows, rows.iloc[::-1]):
        assets, rejects = take(frame)
        assert list(assets["name"]) == ["first"]
        assert rejects[["row", "rule"]].to_numpy().tolist() == [[2, "asset_id_duplicate"]]


def test_a_rejected_row_does_not_take_the_id_from_a_good_one():
    assets, rejects = take([{"asset_id": "A", "sector": "?"}, {"asset_id": "A"}])
    assert list(assets["source"]) == ["roads.csv#2"]
    assert list(rejects["rule"]) == ["sector_unknown"]


def test_rows_keep_the_source_that_they_name():
    assets, _ = take([{"source": "park.csv#7", "sector": "?"}, {"source": "park.csv#9"}])
    assert list(assets["source"]) == ["park.csv#9"]


def test_pipes_belong_to_an_enterprise_account_unless_the_ledger_says_otherwise():
    assets, _ = take(
        [
            {"asset_id": "1", "sector": "sewer"},
            {"asset_id": "2", "sector": "sewer", "account_class": "general"},
        ]
    )
    assert list(assets["account_class"]) == ["enterprise", "general"]


def test_no_rows_give_no_assets():
    assets, rejects = take(ledger([{}]).iloc[:0])
    assert len(assets) == len(rejects) == 0
    assert list(rejects.columns) == schema.names("rejects")


@pytest.mark.parametrize(
    ("rows", "key"),
    [
        (ledger([{}], crs=None), "assets_no_crs"),
        (ledger([{}]).drop(columns="sector"), "assets_no_sector"),
        (pd.DataFrame({"sector": ["road"]}), "assets_no_geometry"),
    ],
)
def test_a_file_that_cannot_be_used_says_why_and_what_to_do(rows, key):
    with pytest.raises(FileError) as caught:
        take_assets(rows, region=REGION, source="roads.csv")
    assert caught.value.key == key
    assert all("roads.csv" in say(caught.value, lang) for lang in ("ja", "en"))


def test_what_was_given_is_not_changed():
    rows = ledger([{"sector": " ROAD ", "muni_code": 1631}])
    before = rows.copy()
    take(rows)
    pd.testing.assert_frame_equal(pd.DataFrame(rows), pd.DataFrame(before))


GEOMETRIES = st.sampled_from(
    [
        LineString([(100, 100), (400, 500)]),
        LineString([(9_900, 5_000), (10_300, 5_000)]),
        LineString([(7, 7), (7, 7)]),
        Point(15_000, 5_000),
        Point(-90_000, 0),
        Point(np.nan, 3),
        box(100, 100, 200, 200),
        Polygon([(0, 0), (100, 100), (100, 0), (0, 100)]),
        GeometryCollection([Point(5, 5), LineString([(5, 5), (50, 5)])]),
        None,
        LineString(),
    ]
)
CELLS = st.sampled_from(
    [
        None,
        "",
        "01631",
        1631,
        16314,
        1643.0,
        "99999",
        "abc",
        float("nan"),
        float("inf"),
        -1,
        2,
        "2.0",
        True,
    ]
)
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "geometry": GEOMETRIES,
            "sector": st.sampled_from([*schema.SECTORS, "ROAD ", "x", None, 3]),
        },
        optional=dict.fromkeys(
            (
                "asset_id",
                "muni_code",
                "owner_code",
                "account_class",
                "built_year",
                "condition",
                "length_m",
                "width_m",
                "name",
                "is_synthetic",
                "source",
            ),
            CELLS,
        ),
    ),
    min_size=1,
    max_size=12,
)


@given(rows=ROWS)
@settings(max_examples=60)
def test_every_row_is_an_asset_or_rejected(rows):
    assets, rejects = take(rows)
    assert len(assets) + rejected_rows(rejects) == len(rows)
    assert assets["asset_id"].is_unique
    schema.check_table(rejects, "rejects")


@given(rows=ROWS, data=st.data())
@settings(max_examples=40)
def test_the_order_of_the_rows_changes_nothing(rows, data):
    frame = ledger(rows)
    shuffled = frame.iloc[data.draw(st.permutations(range(len(frame))))]
    for one, other in zip(take(frame), take(shuffled), strict=True):
        pd.testing.assert_frame_equal(pd.DataFrame(one), pd.DataFrame(other))


@given(rows=ROWS)
@settings(max_examples=30)
def test_taken_assets_are_taken_again_unchanged(rows):
    once, _ = take(rows)
    twice, rejects = take_assets(once, region=REGION, source="again")
    assert rejected_rows(rejects) == 0
    columns = [name for name in once.columns if name != "source"]
    pd.testing.assert_frame_equal(pd.DataFrame(once[columns]), pd.DataFrame(twice[columns]))


def test_every_rule_has_its_advice_in_both_languages():
    rules = {
        "sector_missing",
        "sector_unknown",
        "geometry_missing",
        "geometry_invalid",
        "geometry_mended_value",
        "heading_row_value",
        "lon_lat_swapped",
    }
    rules |= {
        "outside_region",
        "asset_id_duplicate",
        "muni_code_value",
        "muni_far_value",
        "owner_code_value",
    }
    rules |= {"account_class_value"} | {
        f"{c.name}_value" for c in schema.ASSETS if c.dtype in ("Int16", "Int8", "float64")
    }
    for lang in ("ja", "en"):
        assert {f"advice.{rule}" for rule in rules} <= set(catalogue(lang))


def test_a_large_ledger_is_taken_row_for_row():
    rng = np.random.default_rng(0)
    x = rng.uniform(0, 20_000, 20_000)
    y = rng.uniform(0, 10_000, 20_000)
    rows = gpd.GeoDataFrame({"sector": ["bridge"] * len(x)}, geometry=shapely.points(x, y), crs=EPSG)
    assets, rejects = take(rows)
    assert rejects.empty
    assert (assets["muni_code"] == EAST).sum() == (x >= 10_000).sum()


def test_an_id_that_a_spreadsheet_made_a_number_stays_an_id():
    rows = ledger([{"asset_id": 7.0}, {"asset_id": np.nan, "geometry": Point(5, 5)}])
    assert list(take(rows)[0]["asset_id"]) == ["7", "roads.csv#2"]


@pytest.mark.parametrize(
    ("word", "sector"),
    [
        ("道路", "road"),
        ("橋梁", "bridge"),
        (" トンネル ", "tunnel"),
        ("ﾄﾝﾈﾙ", "tunnel"),
        ("公園", "park"),
        ("下水道", "sewer"),
        ("水道", "water"),
        ("河川", "river"),
    ],
)
def test_a_sector_in_the_words_of_a_ledger_is_understood(word, sector):
    assets, rejects = take([{"sector": word, "geometry": Point(5, 5)}])
    assert list(assets["sector"]) == [sector] and rejects.empty


@pytest.mark.parametrize(
    ("column", "text", "number"),
    [
        ("length_m", "12.5m", 12.5),
        ("length_m", "１２．５ ｍ", 12.5),
        ("length_m", "1,234.5", 1234.5),
        ("width_m", "4.0M", 4.0),
        ("area_m2", "1,200㎡", 1200.0),
        ("area_m2", "1200 m²", 1200.0),
        ("annual_cost_jpy", "30,000円", 30000.0),
    ],
)
def test_a_number_may_carry_the_unit_of_its_column(column, text, number):
    assets, rejects = take([{column: text, "geometry": Point(5, 5)}])
    assert rejects.empty and assets.loc[0, column] == number


@pytest.mark.parametrize(
    ("column", "text"),
    [
        ("length_m", "12.5m2"),
        ("length_m", "12%"),
        ("length_m", "m"),
        ("length_m", "12,5"),
        ("length_m", "12m以上"),
        ("area_m2", "12m"),
        ("annual_cost_jpy", "300ドル"),
    ],
)
def test_any_other_unit_is_a_fault_and_a_point_has_no_measure(column, text):
    assets, rejects = take([{column: text, "geometry": Point(5, 5)}])
    assert np.isnan(assets.loc[0, column])
    assert rejects[["value", "rule"]].to_numpy().tolist() == [[text, f"{column}_value"]]


def test_advice_on_a_length_is_true_of_points():
    assert "点と面の行は延長を不明" in catalogue("ja")["advice.length_m_value"]
    assert "not known" in catalogue("en")["advice.length_m_value"]


@pytest.mark.parametrize(("text", "grade"), [("Ⅰ", 1), ("Ⅱ", 2), ("「Ⅲ」", 3), ("IV", 4)])
@pytest.mark.parametrize("sector", ["bridge", "トンネル"])
def test_the_grades_of_bridges_and_tunnels_are_read(sector, text, grade):
    rows = [
        {"sector": sector, "condition": text},
        {"sector": sector, "condition": 2, "geometry": Point(5, 5)},
    ]
    assets, rejects = take(rows)
    assert rejects.empty and list(assets["condition"]) == [grade, 2]
    assert list(assets["condition_raw"]) == [text, ""]


def test_a_grade_beside_its_own_raw_grade_leaves_that_as_it_is():
    row = {"sector": "bridge", "condition": "Ⅲ", "condition_raw": "Ⅲ（主桁）"}
    assert take([row])[0].loc[0, "condition_raw"] == "Ⅲ（主桁）"


@pytest.mark.parametrize("sector", ["water", "river", "park"])
def test_a_grade_that_the_sector_does_not_have_is_not_guessed(sector):
    rows = [
        {"sector": sector, "condition": "Ⅰ"},
        {"sector": sector, "condition": "1", "geometry": Point(5, 5)},
    ]
    assets, rejects = take(rows)
    assert assets["condition"].isna().tolist() == [True, False]
    assert list(assets["condition_raw"]) == ["Ⅰ", ""]
    assert rejects[["row", "value", "rule"]].to_numpy().tolist() == [[1, "Ⅰ", "condition_value"]]
