"""One asset in several rows, several assets in one place, and assets that are no more."""

import itertools

import pandas as pd
import pytest

from gunmane.deliveries import take_delivery
from gunmane.ledgers.marks import row_marks
from gunmane.ledgers.profiles import Profile
from gunmane.municipalities import find_region

HERE, THERE = {"緯度": "34.461962", "経度": "135.969532"}, {"緯度": "34.448596", "経度": "135.981455"}
TOWN = {"所在地": "宇陀市菟田野稲戸"}


@pytest.fixture(scope="module")
def uda():
    return find_region("nara_uda")


@pytest.fixture
def take(tmp_path, uda):
    def taken(*rows, file="橋梁台帳.csv", **options):
        path = tmp_path / file
        path.write_text(pd.DataFrame(rows).to_csv(index=False), encoding="utf-8")
        return take_delivery(path, region=uda, **options)

    return taken


def rules(delivery):
    return sorted(delivery.rejects["rule"])


def spans(*grades, **more):
    return [
        {"橋梁番号": "1", "橋梁名": "橋", "径間番号": i, "橋長": 30, "判定": g, **HERE, **more}
        for i, g in enumerate(grades)
    ]


def named(*grades, **more):
    return [{**row, "橋梁名": "中央橋"} for row in spans(*grades, **more)]


# --- parts of one asset


def test_the_spans_of_a_bridge_are_one_bridge_with_the_worst_grade(take):
    found = take(*spans("Ⅰ", "Ⅲ", "Ⅱ"))
    assert found.assets[["condition", "condition_raw", "length_m"]].to_numpy().tolist() == [[3, "Ⅲ", 30.0]]
    assert rules(found) == ["part_grade_value", "part_of_asset", "part_of_asset"]
    assert len(found.assets) + found.rejected_count == found.row_count
    told = found.rejects[found.rejects["rule"] == "part_grade_value"]
    assert told[["row", "value", "became"]].to_numpy().tolist() == [[2, "Ⅰ", "Ⅲ"]]


def test_the_order_of_spans_does_not_change_the_grade(take):
    for order in itertools.permutations(("Ⅰ", "Ⅲ", "Ⅱ")):
        assert list(take(*spans(*order)).assets["condition"]) == [3]


def test_spans_without_a_number_are_told_by_name_and_place(take):
    rows = [{k: v for k, v in row.items() if k != "橋梁番号"} for row in named("Ⅰ", "Ⅳ")]
    assert list(take(*rows).assets["condition"]) == [4]


def test_an_old_inspection_does_not_outweigh_the_newest(take):
    rows = [
        row | {"点検年度": year} for row, year in zip(spans("Ⅳ", "Ⅱ", "Ⅰ"), (2014, 2020, 2020), strict=True)
    ]
    assert take(*rows).assets[["condition", "inspected_year"]].to_numpy().tolist() == [[2, 2020]]


def test_a_value_that_only_a_later_part_has_is_kept(take):
    rows = spans("Ⅰ", "Ⅱ")
    rows[0]["橋長"] = None
    assert list(take(*rows).assets["length_m"]) == [30.0]


def test_one_id_at_two_places_stays_a_fault(take):
    other = [{**row, **THERE} for row in spans("Ⅱ")]
    ids = [
        {
            "橋梁番号": str(i),
            "橋梁名": f"橋{i}",
            "橋長": 5,
            "判定": "Ⅰ",
            "緯度": 34.46 + i / 1e4,
            "経度": 135.97,
        }
        for i in range(2, 40)
    ]
    found = take(*spans("Ⅰ"), *other, *ids)
    assert rules(found) == ["asset_id_duplicate"] and len(found.assets) == 39


@pytest.mark.parametrize("change", [{"橋梁名": "中央側道橋"}, {"橋長": 12, "点検年度": 2019}])
def test_rows_of_another_name_or_survey_are_no_parts(take, change):
    rows = named("Ⅰ", "Ⅱ", 点検年度=2024)
    rows[1] |= change
    assert "part_of_asset" not in rules(take(*rows))


def test_the_lengths_of_spans_add_up_and_the_worst_grade_counts(take):
    rows = [row | {"橋長": length} for row, length in zip(named("Ⅰ", "Ⅲ", "Ⅱ"), (10, 11, 12), strict=True)]
    for order in itertools.permutations(rows):
        found = take(*order)
        assert found.assets[["condition", "length_m"]].to_numpy().tolist() == [[3, 33.0]]
        assert set(rules(found)) <= {"part_grade_value", "part_of_asset"}
        assert rules(found).count("part_of_asset") == 2


def park(name, number, equipment, grade, area="0.25"):
    told = {"公園番号": number, "公園名": name, "種別": "街区公園", "面積(ha)": area, "開設年度": "S60"}
    return told | TOWN | {"遊具名": equipment, "健全度": grade}


def test_the_equipment_of_a_park_does_not_make_parks(take):
    rows = [
        park(f"第{n}公園", n, e, g) for n in (1, 2) for e, g in zip(("ブランコ", "砂場"), "AC", strict=True)
    ]
    found = take(*rows, file="公園台帳.csv")
    assert found.assets["area_m2"].sum() == pytest.approx(5000) and list(found.assets["condition"]) == [3, 3]


@pytest.mark.parametrize(
    "change", [{"公園名": "別公園"}, {"面積(ha)": "0.5"}, {"開設年度": "S61"}, {"公園番号": 9}]
)
def test_parks_of_one_settlement_that_differ_are_parks(take, change):
    rows = [park("第1公園", 1, "砂場", "A"), park("第1公園", 1, "砂場", "B") | change]
    if "公園番号" not in change:
        rows = [{name: cell for name, cell in row.items() if name != "公園番号"} for row in rows]
    assert len(take(*rows, file="公園台帳.csv").assets) == 2


def test_nameless_bridges_of_one_settlement_stay_bridges(take):
    rows = [{"橋梁名": "無名橋", "橋長": 5, "判定": g, **TOWN} for g in "ⅠⅡ"]
    assert len(take(*rows).assets) == 2


@pytest.mark.parametrize("name", ["1号橋", "床版橋", "無名橋", "第２号橋", "農道橋"])
def test_bridges_with_a_name_of_many_stay_bridges(take, name):
    assert len(take(*[{"橋梁名": name, "橋長": 5, **TOWN}] * 3).assets) == 3


@pytest.mark.parametrize("name", ["児童遊園", "ちびっこ広場", "街区公園", "児童公園"])
def test_parks_with_a_name_of_many_stay_parks(take, name):
    assert len(take(*[{"公園名": name, "面積": 300, **TOWN}] * 3, file="公園台帳.csv").assets) == 3


@pytest.mark.parametrize(
    ("file", "row"),
    [
        ("舗装点検.csv", {"路線番号": "100", "路線名": "中央線", "区間延長": 250}),
        ("下水道管渠台帳.csv", {"管種": "VU", "口径": 200, "延長": 250}),
    ],
)
def test_sections_at_one_point_add_up(take, file, row):
    found = take(*[row | HERE | {"区間番号": i} for i in range(4)], file=file)
    assert found.assets["length_m"].sum() == 1000 and set(rules(found)) == {"same_place_value"}


def test_sections_of_a_road_in_one_settlement_add_up(take):
    rows = [{"路線番号": "1", "路線名": "市道中央線", "延長": 100, **TOWN} for _ in range(2)]
    found = take(*rows, file="道路台帳.csv")
    assert found.assets["length_m"].sum() == 200


def test_parts_are_nobodys_fault(take):
    assert len(take(*spans("Ⅰ", "Ⅲ"), on_invalid="raise").assets) == 1


# --- sides


@pytest.mark.parametrize(("heading", "sides"), [("上下線", "上下"), ("上下線区分", ("上り線", "下り線"))])
def test_two_directions_are_two_bridges(take, heading, sides):
    rows = [{"橋梁名": "中央橋", heading: side, "橋長": 50, **HERE} for side in sides]
    found = take(*rows)
    assert len(found.assets) == 2 and found.rejects.empty


def test_two_banks_are_two_works(take):
    rows = [{"河川名": "宇陀川", "左右岸": side, "延長(m)": 500, **HERE} for side in "左右"]
    assert take(*rows, file="河川台帳.csv").assets["length_m"].sum() == 1000


def test_two_directions_of_one_id_get_ids_of_their_own(take):
    pair = [{"管理番号": "1", "橋梁名": "中央橋", "上下線": side, "橋長": 50, **HERE} for side in "上下"]
    rest = [
        {
            "管理番号": str(i),
            "橋梁名": f"橋{i}",
            "上下線": None,
            "橋長": 5,
            "緯度": 34.46 + i / 1e4,
            "経度": 135.97,
        }
        for i in range(2, 40)
    ]
    found = take(*pair, *rest)
    assert {"1 (上)", "1 (下)"} <= set(found.assets["asset_id"]) and len(found.assets) == 40
    assert rules(found) == ["part_id_value", "part_id_value"]


# --- in use


@pytest.mark.parametrize(
    ("heading", "cell", "rule"),
    [
        ("供用状況", "廃止", "abolished"),
        ("供用状況", "未開設", "not_opened"),
        ("供用区分", "建設中", "not_opened"),
        ("区分", "撤去済", "abolished"),
        ("備考", "廃橋", "abolished"),
        ("廃止年月日", "R3.3.31", "abolished"),
        ("廃止", "○", "abolished"),
        ("供用状況", "供用中", ""),
        ("備考", "廃止予定", ""),
        ("対策内容", "撤去", ""),
        ("廃止年月日", "-", ""),
        ("計画", "計画中", ""),
        ("開設状況", "事業中", "not_opened"),
        ("開園状況", "計画", "not_opened"),
        ("整備状況", "工事中", ""),
        ("現況", "計画", ""),
        ("整備状況", "未着手", ""),
    ],
)
def test_what_is_not_in_use_is_told_and_not_counted(take, heading, cell, rule):
    found = take({"橋梁名": "a", "橋長": 5, heading: cell, **HERE}, {"橋梁名": "b", "橋長": 5, **THERE})
    assert rules(found) == ([rule] if rule else [])
    assert list(found.assets["name"]) == (["b"] if rule else ["a", "b"])
    assert not rule or found.rejects["value"][0] == f"{heading}: {cell}"


def test_a_name_does_not_abolish_and_use_goes_before_a_date():
    table = pd.DataFrame({"名称": ["廃川"], "供用状況": ["供用中"], "廃止年月日": ["R3"]}, dtype="str")
    assert row_marks(table, Profile(columns={"name": ("名称",)})) == {}


def test_another_role_has_no_marks():
    assert row_marks(pd.DataFrame({"供用状況": ["廃止"]}, dtype="str"), Profile(role="statistics")) == {}
