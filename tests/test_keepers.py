"""Who keeps what a ledger without owners lists: the body it names, the towns of its own column, the class of a road."""

import pandas as pd
import pytest

from gunmane.assets.owners import OUTSIDE, PREFECTURE, owner_by_class
from gunmane.deliveries import take_delivery
from gunmane.i18n import LANGUAGES, t
from gunmane.ledgers.bodies import named_body, other_town
from gunmane.municipalities import find_region

UDA, SONI, NARA = "29212", "29385", "29"
# One settlement of each: 宇陀市菟田野稲戸, 曽爾村今井.
PLACES = {"宇陀市": ("135.969532", "34.461962"), "曽爾村": ("136.110712", "34.530205")}


@pytest.fixture(scope="module")
def uda():
    return find_region("nara_uda")


def taken(tmp_path, region, file, rows, title=""):
    """Rows (town, further columns) as a CSV."""
    lines = [{"経度": PLACES[town][0], "緯度": PLACES[town][1]} | more for town, more in rows]
    text = pd.DataFrame(lines).to_csv(index=False)
    path = tmp_path / file
    path.write_text(f"{title}\n{text}" if title else text, encoding="utf-8")
    return take_delivery(path, region=region)


def owners(delivery):
    return dict(zip(delivery.assets["name"], delivery.assets["owner_code"], strict=True))


def keys(delivery):
    return [note.key for note in delivery.notes if note.key.startswith("ledger_keeper")]


BOTH = [("宇陀市", {"橋梁名": "a"}), ("曽爾村", {"橋梁名": "b"})]
OF_TOWNS = [(town, {"市町村名": town, **more}) for town, more in BOTH]


def test_a_body_in_the_file_name_keeps_the_whole_ledger(tmp_path, uda):
    found = taken(tmp_path, uda, "宇陀市橋梁台帳.csv", BOTH)
    assert owners(found) == {"a": UDA, "b": UDA} and keys(found) == ["ledger_keeper_named"]


@pytest.mark.parametrize("file", ["宇陀市橋梁台帳.csv", "宇陀市ほか1村_橋梁台帳.csv"])
def test_a_column_of_several_municipalities_goes_before_the_name_of_one(tmp_path, uda, file):
    found = taken(tmp_path, uda, file, OF_TOWNS)
    assert owners(found) == {"a": UDA, "b": SONI}
    assert keys(found) == (["ledger_keeper_towns"] if "ほか" not in file else [])


def test_a_column_of_one_municipality_says_nothing_against_its_name(tmp_path, uda):
    rows = [(town, {"市町村名": "宇陀市", **more}) for town, more in BOTH]
    assert owners(taken(tmp_path, uda, "宇陀市橋梁台帳.csv", rows)) == {"a": UDA, "b": UDA}


@pytest.mark.parametrize(
    "text", ["宇陀市ほか3村", "宇陀市外3村", "宇陀市 他 3村", "宇陀市・曽爾村", "宇陀市及び東部"]
)
def test_the_first_of_several_bodies_is_not_the_one(uda, text):
    assert named_body([text, "宇陀市"], uda) == ""


def test_one_body_is_found_in_any_text(uda):
    assert named_body(["", "宇陀市橋梁台帳（他団体を除く）"], uda) == UDA


@pytest.mark.parametrize(
    ("text", "owner"),
    [
        ("national", OUTSIDE),
        ("一般国道", OUTSIDE),
        ("国道３６９号", OUTSIDE),
        ("一般国道（指定区間）", OUTSIDE),
        ("一般国道（指定区間外）", PREFECTURE),
        ("主要地方道", PREFECTURE),
        ("一般県道", PREFECTURE),
        ("都道府県道", PREFECTURE),
        ("1級市道", ""),
        ("municipal_1", ""),
        ("農道", ""),
        ("国道橋", ""),
        ("", ""),
    ],
)
def test_the_class_of_a_road_says_who_keeps_it(text, owner):
    assert owner_by_class(text) == owner


ROADS = [
    ("宇陀市", {"路線名": name, "道路種別": kind})
    for name, kind in (("国道369号", "一般国道"), ("県道31号", "主要地方道"), ("市道1", "1級市道"))
]


def test_roads_of_the_state_and_the_prefecture_are_not_the_towns(tmp_path, uda):
    found = taken(tmp_path, uda, "宇陀市道路台帳.csv", ROADS)
    assert owners(found) == {"県道31号": NARA, "市道1": UDA}
    assert found.rejects.loc[0, ["row", "column", "rule"]].tolist() == [2, "subtype", "owner_outside"]
    assert found.rejected_count == 1
    told = found.readings[found.readings["column"] == "owner_code"]
    assert told[["value", "became"]].to_numpy().tolist() == [["prefectural", NARA]]


def test_an_owner_that_the_ledger_names_goes_before_the_class(tmp_path, uda):
    rows = [(town, {"管理者": "宇陀市", **more}) for town, more in ROADS]
    assert set(owners(taken(tmp_path, uda, "道路台帳.csv", rows)).values()) == {UDA}


def test_a_prefectures_own_ledger_keeps_its_national_roads(tmp_path, uda):
    found = taken(tmp_path, uda, "奈良県道路台帳.csv", ROADS[:2])
    assert owners(found) == {"国道369号": NARA, "県道31号": NARA} and found.rejected_count == 0


def test_a_park_called_like_a_road_is_the_towns(tmp_path, uda):
    rows = [("宇陀市", {"公園名": "a", "公園種別": "県道"})]
    assert owners(taken(tmp_path, uda, "公園台帳.csv", rows)) == {"a": UDA}


# --- the ledger of another town


def test_a_ledger_of_a_town_outside_the_region_is_told_of(tmp_path, uda):
    found = taken(tmp_path, uda, "吉野町橋梁台帳.csv", BOTH)
    told = {note.key: dict(note.values) for note in found.notes}
    assert told["ledger_names_other_town"]["town"] == "吉野町" and len(found.assets) == 2
    for lang in LANGUAGES:
        assert "吉野町" in t("note.ledger_names_other_town", lang, **told["ledger_names_other_town"])


@pytest.mark.parametrize(
    ("text", "town"),
    [
        ("奈良県吉野郡吉野町 橋梁台帳.xlsx", "吉野町"),
        ("令和6年度四日市市公園台帳", "四日市市"),
        ("2024_大町市道路台帳", "大町市"),
        ("橋梁台帳_豊岡市.xlsx", "豊岡市"),
        ("曽於市道路台帳", "曽於市"),
        ("京都市橋梁台帳", "京都市"),
        ("都市公園台帳", ""),
        ("市町村別一覧", ""),
        ("管内市町村の橋梁", ""),
        ("町道台帳", ""),
        ("市道橋一覧", ""),
        ("全市橋梁", ""),
        ("農村公園台帳", ""),
        ("大宇陀町橋梁台帳", ""),
        ("宇陀市と吉野町の橋", ""),
        ("吉野町との境の橋（宇陀市）", ""),
        ("bridge.csv", ""),
    ],
)
def test_which_words_name_another_town(uda, text, town):
    assert other_town(["", text, "", ""], uda) == town
