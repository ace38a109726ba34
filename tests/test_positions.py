"""Places as town halls write them: marks of every kind, columns of their own, one end of an asset, an old datum."""

import pandas as pd
import pytest

from gunmane.deliveries import take_delivery
from gunmane.i18n import LANGUAGES, t
from gunmane.ledgers.places import JAPAN_LAT, degrees
from gunmane.ledgers.profile_files import parse_profile, write_profile
from gunmane.ledgers.proposals import propose_profile, unread_columns
from gunmane.ledgers.raw import Raw
from gunmane.ledgers.understanding import understand
from gunmane.municipalities import find_region

LON, LAT = 135.9695, 34.4620


@pytest.fixture(scope="module")
def uda():
    return find_region("nara_uda")


def raw_of(columns, **told):
    table = pd.DataFrame(columns, dtype="str")
    table.index = pd.RangeIndex(2, 2 + len(table))
    return Raw("橋梁台帳.xlsx", "xlsx", table, None, None, told)


def place_of(raw, region):
    profile = propose_profile(raw, region=region)
    point = understand(raw, profile, region=region).geometry.to_crs(4326).iloc[0]
    return profile, (point.x, point.y)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("34°28′10.5″", 34 + 28 / 60 + 10.5 / 3600),
        ("34°28'10.5\"", 34 + 28 / 60 + 10.5 / 3600),
        ("34゜28′10″", 34 + 28 / 60 + 10 / 3600),
        ("34º28’10”", 34 + 28 / 60 + 10 / 3600),
        ("３４度２８分１０秒", 34 + 28 / 60 + 10 / 3600),
        ("北緯34度28.5分", 34 + 28.5 / 60),
        ("34°28.5′", 34 + 28.5 / 60),
    ],
)
def test_degrees_are_read_in_every_spelling(text, wanted):
    assert degrees(pd.Series([text]), JAPAN_LAT)[0] == pytest.approx(wanted)


def test_minutes_of_sixty_are_none():
    assert pd.isna(degrees(pd.Series(["34度60.0分", "34度28分60秒"]), JAPAN_LAT)).all()


@pytest.mark.parametrize("spelt", ["{}(度) {} / 分 {} / 秒", "{}度 {}分 {}秒", "{}_度 {}_分 {}_秒"])
def test_degrees_minutes_and_seconds_may_have_a_column_each(uda, spelt):
    north, east = (spelt.format(*[word] * 3).replace(" / ", "/").split() for word in ("緯度", "経度"))
    cells = ("34", "27", "43.2", "135", "58", "10.2")
    raw = raw_of({"橋梁名": ["a"]} | {name: [cell] for name, cell in zip(north + east, cells, strict=True)})
    profile, place = place_of(raw, uda)
    assert place == pytest.approx((135 + 58 / 60 + 10.2 / 3600, 34 + 27 / 60 + 43.2 / 3600))
    assert not unread_columns(raw, profile)
    assert parse_profile(write_profile(profile), file="x").position == profile.position


@pytest.mark.parametrize(("east", "north"), [("起点側経度", "起点側緯度"), ("上流経度", "上流緯度")])
def test_one_end_stands_for_an_asset_that_has_no_other_place(uda, east, north):
    other = {"終点側緯度": ["34.5"], "終点側経度": ["136.0"]}
    raw = raw_of({"橋梁名": ["a"], **other, north: [str(LAT)], east: [str(LON)]})
    assert place_of(raw, uda)[1] == pytest.approx((LON, LAT))


def test_the_upper_end_of_a_pipe_may_be_in_plane_coordinates(uda):
    cells = {"上流X": ["-170619.9"], "上流Y": ["-2799.2"], "下流X": ["-170619.9"], "下流Y": ["-2753.2"]}
    profile, place = place_of(raw_of({"管渠番号": ["a"], **cells}), uda)
    assert (profile.position.x, profile.position.y) == ("上流X", "上流Y")
    assert place == pytest.approx((135.96953, 34.46196), abs=1e-4)


def test_a_place_of_its_own_goes_before_one_end(uda):
    cells = {"起点緯度": ["34.5"], "起点経度": ["136.0"], "緯度": [str(LAT)], "経度": [str(LON)]}
    assert place_of(raw_of({"橋梁名": ["a"], **cells}), uda)[1] == pytest.approx((LON, LAT))


@pytest.mark.parametrize("said", ["日本測地系", "旧測地系", "Tokyo Datum"])
def test_the_old_datum_is_read_where_the_headings_say_so(uda, said):
    cells = {f"緯度（{said}）": ["34.458762"], f"経度（{said}）": ["135.972332"]}
    profile, place = place_of(raw_of({"橋梁名": ["a"], **cells}), uda)
    assert profile.position.crs == "EPSG:4301"
    assert place == pytest.approx((135.96953, 34.46196), abs=2e-4)
    assert [note.key for note in profile.notes] == ["place_old_datum"]
    assert all(
        "EPSG:4301" in t("note.place_old_datum", lang, **dict(profile.notes[0].values)) for lang in LANGUAGES
    )


@pytest.mark.parametrize("said", ["世界測地系", "日本測地系2011", "日本測地系 2000", "JGD2011"])
def test_the_new_datum_is_not_taken_for_the_old_one(uda, said):
    cells = {f"緯度（{said}）": [str(LAT)], f"経度（{said}）": [str(LON)]}
    assert place_of(raw_of({"橋梁名": ["a"], **cells}), uda)[0].position.crs == "EPSG:4326"


def datum_rows(tmp_path, uda, cells, title=""):
    lines = "".join(f"橋{i},34.46{i}962,135.969532,{cell}\n" for i, cell in enumerate(cells))
    path = tmp_path / "橋梁台帳.csv"
    path.write_text(f"{title}橋梁名,緯度,経度,測地系\n{lines}", encoding="utf-8")
    found = take_delivery(path, region=uda)
    return found, found.assets.sort_values("name").to_crs(4326).geometry.y.to_list()


def test_a_column_names_the_datum_of_each_row(tmp_path, uda):
    found, y = datum_rows(tmp_path, uda, ["日本測地系", "世界測地系", "", "旧", "日本測地系2011"])
    assert y[1::3] == pytest.approx([34.461962, 34.464962]) and y[2] == pytest.approx(34.462962)
    assert [y[0] - 34.460962, y[3] - 34.463962] == pytest.approx([0.0032, 0.0032], abs=2e-4)
    assert "place_old_datum_rows" in {note.key for note in found.notes}


def test_a_datum_that_is_not_understood_is_told(tmp_path, uda):
    found, y = datum_rows(tmp_path, uda, ["1", "2"])
    assert y == pytest.approx([34.460962, 34.461962])
    assert "place_datum_unread" in {note.key for note in found.notes}


def test_the_old_datum_in_a_title_moves_plane_coordinates(uda):
    cells = {"橋梁名": ["a"], "X座標": ["-170619.9"], "Y座標": ["-2799.2"]}
    profile, place = place_of(raw_of(cells, title="橋梁台帳（座標は日本測地系）"), uda)
    assert profile.position.crs == "EPSG:30166"
    assert 200 < 111_000 * abs(place[1] - 34.46196) < 500
