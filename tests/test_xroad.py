"""xROAD: bridges and tunnels in as JSON and CSV, nested or flattened, and out again in its column form."""

import json

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from gunmane.assets import take_assets
from gunmane.errors import FileError
from gunmane.exports.xroad import MARK, left_out, xroad_csv
from gunmane.i18n import say
from gunmane.ledgers import xroad
from gunmane.ledgers.opening import open_raw
from gunmane.ledgers.recognition import recognise_source
from gunmane.ledgers.understanding import understand
from gunmane.ledgers.xroad import COLUMNS, dotted, open_json, prepared
from gunmane.municipalities import find_region

UDA = find_region("nara_uda")


def facility(
    number="BR0-292125-00019", *, at="34.5279,135.9527", year="S55", name="宇陀橋", grade=2.0, **other
):
    """One record as the interface answers: levels inside each other, numbers as numbers."""
    return {
        "shisetsu_id": at,
        "shisetsu_bangou": number,
        "kanrisya_code": "292125",
        "syogen": {
            "shisetsu": {"meisyou": name},
            "rosen": {"meisyou": "市道中央線"},
            "kanrisya": {"meisyou": "宇陀市"},
            "kasetsu_nendo": year,
            "kyouyou_nendo": None,
            "kyouchou": 12.3,
            "fukuin": 5.0,
            "gyousei_kuiki": {
                "todoufuken_mei": "奈良県",
                "shikuchouson_mei": "宇陀市",
                "shikuchouson_code": "292125",
            },
        },
        "tenken": {"nendo": 2021, "kiroku": {"hantei_kubun": grade}},
        **other,
    }


def flat(record, joint=".", before=""):
    out = {}
    for key, value in record.items():
        inner = flat(value, joint) if isinstance(value, dict) else {"": value}
        out |= {before + (f"{key}{joint}{name}" if name else key): cell for name, cell in inner.items()}
    return out


def saved(path, value):
    path.write_text(
        value if isinstance(value, str) else json.dumps(value, ensure_ascii=False), encoding="utf-8"
    )
    return path


def taken(raw):
    profile = recognise_source(raw)
    return take_assets(understand(raw, profile, region=UDA), region=UDA, source=raw.file)


SHAPES = {
    "list": lambda records: records,
    "data": lambda records: {"data": records, "total": 2},
    "result": lambda records: {"status": "ok", "result": records},
    "bridges": lambda records: {"bridges": records},
    "deep": lambda records: {"data": {"search": {"totalNumber": 2, "searchResults": records}}},
    "flat": lambda records: [flat(r) for r in records],
    "platform": lambda records: [{"id": "x", "metadata": flat(r, "_", "RSDB:")} for r in records],
    "prefixed": lambda records: [flat(r, "_", "meta_RSDB:") for r in records],
    "lines": lambda records: "\n".join(json.dumps(r, ensure_ascii=False) for r in records),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_of_an_answer_gives_the_same_bridges(tmp_path, shape):
    records = [
        facility(),
        facility("BR0-292125-00020", at="34.5300, 135.9600", year="H2", name="室生橋", grade=3),
    ]
    raw = open_raw(saved(tmp_path / "bridges.json", SHAPES[shape](records)))
    assert raw.format == "json"
    assert raw.table.index.tolist() == [1, 2]
    assets, rejects = taken(raw)
    assert rejects.empty
    assert assets["name"].tolist() == ["宇陀橋", "室生橋"]
    assert assets["condition"].tolist() == [2, 3]
    assert assets["built_year"].tolist() == [1980, 1990]
    assert assets["inspected_year"].tolist() == [2021, 2021]
    assert assets["owner_code"].tolist() == ["29212", "29212"]
    assert assets["source"].tolist() == ["bridges.json#1", "bridges.json#2"]


def test_one_record_alone_is_read(tmp_path):
    assert len(open_json(saved(tmp_path / "one.json", facility())).table) == 1


@pytest.mark.parametrize("joint", [".", "_"])
def test_a_csv_of_flattened_columns_is_read(tmp_path, joint):
    rows = pd.DataFrame([flat(facility(), joint, "" if joint == "." else "RSDB:")])
    rows.to_csv(tmp_path / "bridges.csv", index=False, encoding="utf-8-sig")
    for raw in (open_raw(tmp_path / "bridges.csv"), prepared(open_raw(tmp_path / "bridges.csv"))):
        assets, rejects = taken(raw)
        assert rejects.empty
        assert assets[["asset_id", "sector", "condition", "built_year"]].to_numpy().tolist() == [
            ["BR0-292125-00019", "bridge", 2, 1980]
        ]


def test_the_year_of_opening_stands_in_for_that_of_building(tmp_path):
    record = facility(year=None)
    record["syogen"]["kyouyou_nendo"] = "1993.0"
    assets, _ = taken(open_json(saved(tmp_path / "a.json", [record])))
    assert assets["built_year"].tolist() == [1993]


def test_unknown_years_are_missing_and_no_fault(tmp_path):
    assets, rejects = taken(open_json(saved(tmp_path / "a.json", [facility(year="不明")])))
    assert assets["built_year"].isna().all()
    assert rejects.empty


def test_the_manager_and_the_place_are_two_things(tmp_path):
    record = facility()
    record["kanrisya_code"] = "290009"
    record["syogen"]["gyousei_kuiki"]["shikuchouson_code"] = "292125"
    assets, _ = taken(open_json(saved(tmp_path / "a.json", [record])))
    assert assets[["owner_code", "muni_code"]].to_numpy().tolist() == [["29", "29212"]]


def test_the_number_names_the_manager_where_no_column_does(tmp_path):
    record = facility("BR0-293857-00001")
    record["kanrisya_code"] = None
    assets, _ = taken(open_json(saved(tmp_path / "a.json", [record])))
    assert assets["owner_code"].tolist() == ["29385"]


def test_a_bridge_outside_of_the_region_is_listed_and_left_out(tmp_path):
    raw = open_json(saved(tmp_path / "a.json", [facility(), facility("BR0-292125-2", at="38.2,140.6")]))
    assets, rejects = taken(raw)
    assert len(assets) == 1
    assert rejects[["row", "rule"]].to_numpy().tolist() == [[2, "outside_region"]]


def test_tunnels_and_footbridges_get_their_kind_and_others_are_listed(tmp_path):
    records = [
        facility("TN0-292125-00001"),
        facility("BR0-292125-00002", shisetsu_kubun="横断歩道橋"),
        facility("SH0-292125-00003", shisetsu_kubun="シェッド"),
        facility("GS0-292125-00004", shisetsu_kubun="門型標識等"),
    ]
    assets, rejects = taken(open_json(saved(tmp_path / "a.json", records)))
    assert assets.set_index("asset_id")[["sector", "subtype"]].to_numpy().tolist() == [
        ["bridge", "横断歩道橋"],
        ["tunnel", ""],
    ]
    assert rejects[["row", "rule", "value"]].to_numpy().tolist() == [
        [3, "sector_unknown", "シェッド"],
        [4, "sector_unknown", "門型標識"],
    ]


def test_of_several_inspections_the_newest_counts_and_is_told(tmp_path):
    record = facility()
    record["tenken"] = [
        {"nendo": "R4", "kiroku": {"hantei_kubun": 3}},
        {"nendo": "H30", "kiroku": {"hantei_kubun": 1}},
    ]
    raw = open_json(saved(tmp_path / "a.json", [record]))
    assert raw.told["inspections_left_out"] == 1
    assert raw.table.loc[1, "tenken.kiroku.hantei_kubun"] == "3"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("[" * 100_000, "xroad_too_deep"),
        ('{"shisetsu_id":' * 50_000, "xroad_too_deep"),
        (json.dumps([facility(), facility()])[:-40], "xroad_cut_off"),
        (json.dumps([facility(), facility()])[:-1], "xroad_cut_off"),
        ('{"a": 1}', "xroad_no_facility"),
        ("[]", "xroad_no_facility"),
        ("[1, 2]", "xroad_no_facility"),
        ("{", "xroad_cut_off"),
        ('[{"shisetsu_id": ' + "9" * 6000 + "}]", "ledger_unreadable"),
        (json.dumps([{"shisetsu_id": "1,2", **{f"k{i}": i for i in range(500)}}]), "xroad_too_many_columns"),
    ],
)
def test_what_is_not_xroad_is_refused_with_a_sentence(tmp_path, text, key):
    with pytest.raises(FileError) as error:
        open_json(saved(tmp_path / "bad.json", text))
    assert error.value.key == key
    assert "何も変更していません" in say(error.value, "ja")
    assert "Nothing was changed" in say(error.value, "en")


def test_moderate_nesting_is_refused_too(tmp_path):
    deep = {"shisetsu_id": "1,2"}
    for _ in range(30):
        deep = {"shisetsu_id": "1,2", "x": deep}
    with pytest.raises(FileError, match="xroad_too_deep"):
        open_json(saved(tmp_path / "a.json", [deep]))


def test_a_file_above_the_limit_is_refused_before_it_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(xroad, "MAX_JSON_BYTES", 10)
    with pytest.raises(FileError, match="ledger_too_large"):
        open_json(saved(tmp_path / "a.json", [facility()]))


@pytest.mark.parametrize("name", COLUMNS)
def test_every_spelling_of_a_column_is_one(name):
    joined = name.replace(".", "_")
    assert {dotted(n) for n in (name, joined, f"RSDB:{joined}", f"meta_RSDB:{joined}", name.upper())} == {
        name
    }


def ledger(*names, **other):
    hall = UDA.halls.geometry["29212"]
    table = {
        "asset_id": [f"BR0-292125-{i:05}" for i in range(len(names))],
        "sector": "bridge",
        "name": names,
        "route_name": "市道中央線",
        "muni_code": "29212",
        "owner_code": "29",
        "built_year": 1980,
        "inspected_year": 2021,
        "length_m": 12.3,
        "width_m": 5.5,
        "condition": 3,
        **other,
    }
    points = [shapely.Point(hall.x + 10 * i, hall.y) for i in range(len(names))]
    return take_assets(gpd.GeoDataFrame(table, geometry=points, crs=UDA.epsg), region=UDA, source="own.csv")[
        0
    ]


def read_back(data, tmp_path):
    (tmp_path / "out.csv").write_bytes(data)
    return taken(prepared(open_raw(tmp_path / "out.csv")))


def test_bridges_written_and_read_again_are_the_same(tmp_path):
    assets = ledger("宇陀橋", "室生橋", "曽爾橋", built_year=[1980, None, 2001], condition=[1, 4, None])
    again, rejects = read_back(xroad_csv(assets, UDA), tmp_path)
    assert rejects.empty
    same = [c for c in assets.columns if c not in ("source", "condition_raw", "geometry")]
    pd.testing.assert_frame_equal(pd.DataFrame(assets[same]), pd.DataFrame(again[same]))
    assert assets.geometry.distance(again.geometry).max() < 0.05


def test_what_xroad_gave_goes_back_as_it_came(tmp_path):
    first, _ = taken(open_json(saved(tmp_path / "a.json", [facility(), facility("BR0-292125-00020")])))
    again, _ = read_back(xroad_csv(first, UDA), tmp_path)
    assert first["condition"].tolist() == again["condition"].tolist()
    assert first["asset_id"].tolist() == again["asset_id"].tolist()


def test_the_columns_are_those_of_xroad_with_long_codes():
    text = xroad_csv(ledger("宇陀橋"), UDA).decode("utf-8-sig")
    head, row, _ = text.split("\n")
    assert set(head.split(",")) <= set(COLUMNS)
    assert '"34.' in row
    assert ",290009," in row
    assert ",292125," in row
    assert row.endswith(",2021,3")


def test_tunnels_have_their_own_length(tmp_path):
    assets = ledger("宇陀トンネル", sector="tunnel", asset_id=["TN0-292125-1"])
    again, _ = read_back(xroad_csv(assets, UDA), tmp_path)
    assert again[["sector", "length_m"]].to_numpy().tolist() == [["tunnel", 12.3]]


def test_sample_rows_are_left_out_unless_marked():
    sample = ledger("模擬橋", is_synthetic=True)
    assert left_out(sample)["sample"] == 1
    with pytest.raises(FileError) as error:
        xroad_csv(sample, UDA)
    assert "模擬データ 1 件" in say(error.value, "ja")
    marked = xroad_csv(sample, UDA, with_sample=True).decode("utf-8-sig")
    assert marked.split("\n")[0].endswith(MARK)
    assert marked.split("\n")[1].endswith("true")


def test_bridges_at_a_town_hall_are_left_out():
    assets = ledger("あ橋", "い橋").assign(position=["ledger", "town_hall"])
    assert left_out(assets)["no_place"] == 1
    assert xroad_csv(assets, UDA).count(b"\n") == 2


@pytest.mark.parametrize("name", ["=1+1", "+橋", "-橋", "@SUM(A1)", "\t=1"])
def test_names_that_a_spreadsheet_would_run_get_an_apostrophe(name):
    text = xroad_csv(ledger("あ橋").assign(name=name), UDA).decode("utf-8-sig")
    assert ",'" in text.split("\n")[1]
