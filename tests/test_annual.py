"""道路メンテナンス年報: grades without a place, matched to the bridges of a ledger."""

import random

import geopandas as gpd
import openpyxl
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from gunmane import schema
from gunmane.assets import take_assets
from gunmane.assets.bridge_names import name_key, route_key
from gunmane.assets.matching import REASONS, match_conditions
from gunmane.deliveries import take_delivery
from gunmane.errors import FileError
from gunmane.i18n import t
from gunmane.ledgers.annual import conditions_from, western_year
from gunmane.ledgers.profiles import Profile
from gunmane.ledgers.raw import Raw
from gunmane.municipalities import find_region

UDA = find_region("nara_uda")
ANNUAL = Profile(kind="annual_bridges", role="conditions")
HEADS = (
    ["橋梁名", "", "路線名", "架設年度", "橋長(m)", "幅員(m)", "管理者名", "所在地", "", "点検結果"],
    ["", "(フリガナ)", "", "", "", "", "", "都道府県", "市区町村", "判定区分"],
)


def report(*bridges, title="令和6年度 橋梁点検結果（地方公共団体）"):
    """Three rows above the bridges, as the ministry's file has them: title, headings, headings."""
    rows = [[title, *[""] * 9], *HEADS, *bridges]
    head, *body = rows
    table = pd.DataFrame(body, columns=pd.Index(head), index=range(2, 2 + len(body)), dtype=object)
    return Raw(file="01-3.xlsx", format="xlsx", table=table)


def bridge(
    name, *, route="市道中央線", year="S55", length=12.3, owner="宇陀市", prefecture="奈良県", grade="Ⅱ"
):
    place = owner if owner.endswith(("市", "村")) else "宇陀市"
    return [name, "カナ", route, year, length, 5.0, owner, prefecture, place, grade]


def read(*bridges, **options):
    return conditions_from(report(*bridges, **options), ANNUAL, region=UDA)


def ledger(*bridges, synthetic=False):
    """Bridges of a ledger at the town hall: (id, name, route, year, length, condition, inspected)."""
    names = ("asset_id", "name", "route_name", "built_year", "length_m", "condition", "inspected_year")
    rows = pd.DataFrame([dict(zip(names, b, strict=True)) for b in bridges], columns=list(names))
    hall = UDA.halls.geometry["29212"]
    frame = gpd.GeoDataFrame(
        rows.assign(sector="bridge", muni_code="29212", is_synthetic=synthetic),
        geometry=[shapely.Point(hall.x + i, hall.y) for i in range(len(rows))],
        crs=UDA.epsg,
    )
    return take_assets(frame, region=UDA, source="ledger.csv")[0]


@pytest.mark.parametrize(
    ("cell", "year"),
    [
        ("S55", 1980),
        ("昭和55年度", 1980),
        ("H2", 1990),
        ("R1", 2019),
        ("令和元年", 2019),
        ("1993.0", 1993),
        ("１９９３年３月", 1993),
        ("不明", None),
        (None, None),
        ("", None),
    ],
)
def test_years_are_read_in_every_style(cell, year):
    assert western_year(cell) == year


def test_a_report_below_three_rows_of_headings_is_read():
    table = read(bridge("宇陀橋", grade="Ⅲ"), bridge("曽爾橋", owner="曽爾村", grade="Ⅰ"))
    assert table.iloc[0].to_dict() == {
        "owner_code": "29212",
        "owner_name": "宇陀市",
        "muni_code": "29212",
        "name": "宇陀橋",
        "route_name": "市道中央線",
        "condition_raw": "Ⅲ",
        "inspected_year": 2024,
        "built_year": 1980,
        "length_m": 12.3,
        "width_m": 5.0,
        "source": "01-3.xlsx#4",
    }
    assert table["owner_code"].tolist() == ["29212", "29385"]
    assert table.attrs["year_from"] == "title"


def test_bridges_of_other_managers_are_counted_and_left_out():
    others = (
        bridge("い橋", owner="奈良市"),
        bridge("う橋", owner="国土交通省"),
        bridge("え橋", owner="宇陀市", prefecture="東京都"),
        bridge("お橋", owner="奈良県"),
    )
    table = read(bridge("あ橋"), *others)
    assert table["name"].tolist() == (["あ橋", "お橋"] if "29" in set(UDA.bodies["code"]) else ["あ橋"])
    assert table.attrs["other_owner"] + table.attrs["kept"] == 5


def test_a_village_is_known_with_its_district_before_it():
    assert read(bridge("あ橋", owner="宇陀郡曽爾村"))["owner_code"].tolist() == ["29385"]


def test_a_table_that_is_no_report_is_refused():
    table = pd.DataFrame([["a", "1"]], columns=["列A", "列B"])
    with pytest.raises(FileError, match="annual_no_columns"):
        conditions_from(Raw("x.xlsx", "xlsx", table), ANNUAL, region=UDA)


def test_a_workbook_with_merged_headings_is_read(tmp_path):
    book = openpyxl.Workbook()
    for row in (["令和6年度 橋梁点検結果"], *HEADS, bridge("宇陀橋", grade="Ⅳ"), bridge("室生橋")):
        book.active.append(row)
    for area in ("A2:A3", "C2:C3", "D2:D3", "E2:E3", "F2:F3", "G2:G3", "H2:I2"):
        book.active.merge_cells(area)
    book.save(tmp_path / "01-3.xlsx")
    delivery = take_delivery(tmp_path / "01-3.xlsx", region=UDA)
    table = delivery.conditions
    assert (delivery.profile.kind, delivery.profile.role) == ("annual_bridges", "conditions")
    assert table["name"].tolist() == ["宇陀橋", "室生橋"]
    assert table["condition_raw"].tolist() == ["Ⅳ", "Ⅱ"]
    assert table["source"].tolist() == ["01-3.xlsx#4", "01-3.xlsx#5"]
    assert table["inspected_year"].tolist() == [2024, 2024]


def test_a_bridge_ledger_of_ones_own_is_no_report(tmp_path):
    hall = UDA.halls.to_crs(4326).geometry["29212"]
    head = ["橋梁名", "路線名", "管理者名", "判定区分", "緯度", "経度"]
    row = ["宇陀橋", "中央線", "宇陀市", "Ⅱ", hall.y, hall.x]
    pd.DataFrame([row], columns=head).to_csv(tmp_path / "橋梁台帳.csv", index=False, encoding="cp932")
    delivery = take_delivery(tmp_path / "橋梁台帳.csv", region=UDA)
    assert (delivery.profile.role, len(delivery.assets)) == ("assets", 1)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("大字 中ヶ谷橋", "中ケ谷ばし"),
        ("第二宇陀川橋", "第2宇陀川橋（ダイニウダガワバシ）"),
        ("ＡＢ１号橋", "AB一号橋"),
        ("滝之澤橋", "瀧の沢橋梁"),
    ],
)
def test_names_of_one_bridge_are_one(one, other):
    assert name_key(one) == name_key(other)


@pytest.mark.parametrize(("one", "other"), [("三輪橋", "3輪橋"), ("第1橋", "第2橋"), ("上橋", "下橋")])
def test_names_of_two_bridges_stay_two(one, other):
    assert name_key(one) != name_key(other)


@pytest.mark.parametrize("name", ["無名橋", "不明", "名称不明", "-", "", "　"])
def test_bridges_without_a_name_have_none(name):
    assert name_key(name) == ""


def test_routes_are_compared_without_their_class():
    assert route_key("市道　中央線") == route_key("中央") == route_key("(市)中央線")
    assert route_key("国道165号") != route_key("県道165号線")


def test_a_bridge_gets_the_newer_grade_and_what_it_had_is_told():
    assets = ledger(("b1", "宇陀ばし", "中央線", 1980, 12.3, 2, 2019))
    found = match_conditions(assets, read(bridge("宇陀橋", grade="Ⅲ")), region=UDA)
    row = found.assets.iloc[0]
    assert (row["condition"], row["condition_raw"], row["inspected_year"]) == (3, "Ⅲ", 2024)
    assert found.replaced[["column", "before", "after"]].to_numpy().tolist() == [
        ["condition", "2", "3"],
        ["condition_raw", "", "Ⅲ"],
        ["inspected_year", "2019", "2024"],
    ]
    assert (found.matched, len(found.unmatched), found.bridges_left) == (1, 0, 0)
    assert assets.iloc[0]["condition"] == 2


def test_a_newer_grade_of_the_ledger_stays_and_is_told():
    assets = ledger(("b1", "宇陀橋", "中央線", 1980, 12.3, 2, 2025))
    found = match_conditions(assets, read(bridge("宇陀橋", grade="Ⅲ")), region=UDA)
    assert found.assets.iloc[0]["condition"] == 2
    assert found.unmatched[["reason", "asset_id"]].to_numpy().tolist() == [["ledger_newer", "b1"]]


def test_bridges_of_one_name_are_told_apart_by_length_and_year():
    assets = ledger(
        ("b1", "中橋", "", 1980, 12.3, None, None),
        ("b2", "中橋", "", 1990, 30.0, None, None),
        ("b3", "無名橋", "", 1975, 3.0, None, None),
    )
    rows = read(
        bridge("中橋", length=30.0, year="H2", grade="Ⅲ"),
        bridge("中橋", length=12.3, grade="Ⅰ"),
        bridge("無名橋", length=3.0, year="S50", grade="Ⅳ"),
    )
    found = match_conditions(assets, rows, region=UDA)
    assert found.assets.set_index("asset_id")["condition"].to_dict() == {"b1": 1, "b2": 3, "b3": 4}


def test_bridges_that_nothing_tells_apart_are_listed_and_keep_their_grade():
    assets = ledger(
        *((f"b{i}", name, "", 1980, 12.3, None, None) for i, name in enumerate(["中橋", "中橋", "無名橋"]))
    )
    rows = read(bridge("中橋", length=12.3), bridge("無名橋", length=99.0))
    found = match_conditions(assets, rows, region=UDA)
    assert found.assets["condition"].isna().all()
    assert sorted(found.unmatched["reason"]) == ["name_missing", "same_name"]
    assert found.bridges_left == 3


def test_of_two_inspections_of_one_bridge_the_newer_counts():
    old, new = read(bridge("中橋", grade="Ⅳ"), title="令和2年度"), read(bridge("中橋", grade="Ⅰ"))
    found = match_conditions(
        ledger(("b1", "中橋", "", None, None, None, None)), pd.concat([old, new]), region=UDA
    )
    assert found.assets["condition"].tolist() == [1]
    assert found.unmatched["reason"].tolist() == ["older_inspection"]


@pytest.mark.parametrize("lang", ["ja", "en"])
@pytest.mark.parametrize("reason", REASONS)
def test_every_reason_has_its_words(reason, lang):
    assert t(f"advice.condition_{reason}", lang)
    assert t(f"files.fault.condition_{reason}", lang)


def test_reports_of_two_years_under_one_file_name_do_not_clash():
    first = match_conditions(
        ledger(), read(bridge("あ橋"), title="令和5年度"), region=UDA, places_at_town_hall=True
    )
    both = match_conditions(first.assets, read(bridge("い橋")), region=UDA, places_at_town_hall=True)
    assert both.assets["name"].tolist() == ["あ橋", "い橋"]
    assert both.unmatched.empty


def test_a_bridge_unknown_to_the_ledger_is_listed_and_not_placed_unless_asked():
    found = match_conditions(
        ledger(("b1", "中橋", "", None, None, None, None)), read(bridge("遠橋")), region=UDA
    )
    assert len(found.assets) == 1
    assert found.unmatched["reason"].tolist() == ["no_bridge"]


def test_placed_bridges_stand_at_their_town_hall_and_say_so():
    assets = ledger(("b1", "中橋", "", None, None, None, None))
    rows = read(bridge("遠橋", grade="Ⅲ"), bridge("村橋", owner="曽爾村"))
    found = match_conditions(assets, rows, region=UDA, places_at_town_hall=True)
    placed = found.placed.set_index("name")
    assert placed["position"].eq("town_hall").all()
    assert placed.loc["村橋", ["muni_code", "owner_code"]].tolist() == ["29385", "29385"]
    assert placed.geometry["村橋"].equals(UDA.halls.geometry["29385"])
    assert placed.loc["遠橋", ["condition", "condition_raw", "source"]].tolist() == [3, "Ⅲ", "01-3.xlsx#4"]
    assert not placed["is_synthetic"].any()
    assert len(found.assets) == 3
    assert found.unmatched.empty
    schema.check_table(found.assets, "assets")


def test_the_sample_is_never_matched_and_makes_way_only_for_placed_bridges():
    sample = ledger(("s1", "中橋", "", None, None, 1, None), synthetic=True)
    stays = match_conditions(sample, read(bridge("中橋", grade="Ⅲ")), region=UDA)
    assert (len(stays.assets), stays.assets["condition"].tolist()) == (1, [1])
    gone = match_conditions(sample, read(bridge("中橋", grade="Ⅲ")), region=UDA, places_at_town_hall=True)
    assert gone.assets["is_synthetic"].tolist() == [False]
    assert gone.sample_removed == {"29212": 1}


def test_sample_bridges_of_owners_with_real_ones_stay():
    real, sample = (
        ledger(("b1", "中橋", "", None, None, None, None)),
        ledger(("s1", "模擬橋", "", None, None, None, None), synthetic=True),
    )
    both = pd.concat([real, sample], ignore_index=True)
    found = match_conditions(both, read(bridge("遠橋")), region=UDA, places_at_town_hall=True)
    assert found.sample_removed == {}
    assert len(found.assets) == 3


NAMES = st.sampled_from(["中橋", "上橋", "無名橋", "第二橋", ""])
LISTED = st.lists(
    st.tuples(NAMES, st.sampled_from([None, 3.0, 12.3, 30.0]), st.sampled_from(["Ⅰ", "Ⅲ", "-"])), max_size=8
)


@given(
    LISTED,
    st.lists(st.tuples(NAMES, st.sampled_from([3.0, 12.3, 30.0])), min_size=1, max_size=6),
    st.randoms(),
)
def test_every_row_is_applied_placed_or_listed_whatever_the_order(listed, known, rng):
    rows = [bridge(name, length=length, grade=grade) for name, length, grade in listed] or [bridge("遠橋")]
    conditions = read(*rows)
    assets = ledger(
        *((f"b{i}", name, "", None, length, None, None) for i, (name, length) in enumerate(known))
    )
    found = match_conditions(assets, conditions, region=UDA, places_at_town_hall=True)
    applied = found.replaced.loc[found.replaced["column"] == "condition_raw", "source"]
    told = [*applied, *found.placed["source"], *found.unmatched["source"]]
    assert sorted(told) == sorted(conditions["source"])
    order = list(range(len(conditions)))
    rng.shuffle(order)
    again = match_conditions(
        assets.sample(frac=1, random_state=random.Random(0).randint(0, 9)),
        conditions.iloc[order],
        region=UDA,
        places_at_town_hall=True,
    )
    pd.testing.assert_frame_equal(
        pd.DataFrame(found.assets.sort_values("asset_id", ignore_index=True).drop(columns="geometry")),
        pd.DataFrame(again.assets.sort_values("asset_id", ignore_index=True).drop(columns="geometry")),
    )
    pd.testing.assert_frame_equal(found.unmatched, again.unmatched)
