"""Ledgers in pieces: a table and its shapes, spans and manholes, numbered fields; and the parks of 神奈川."""

import os
import pathlib

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from gunmane.errors import FileError
from gunmane.i18n import LANGUAGES, say, t
from gunmane.ledgers.opening import open_raw
from gunmane.ledgers.proposals import propose_profile
from gunmane.ledgers.raw import Raw
from gunmane.ledgers.recognition import recognise_source
from gunmane.ledgers.remarks import remarks
from gunmane.ledgers.sewers import join_by_key, join_files, join_spans, rename_by_mapping

SAMPLES = pathlib.Path(
    os.environ.get("GUNMANE_SAMPLES", pathlib.Path(__file__).parents[2] / "shared" / "samples")
)
HANDA = SAMPLES / "handa_sewer"
PARKS = SAMPLES / "kanagawa_park_ledger" / "parks_cp932.csv"
needs_handa = pytest.mark.skipif(not HANDA.is_dir(), reason=f"{HANDA} is not here")


def table(file="spans.csv", **columns):
    frame = pd.DataFrame(columns)
    frame.index = pd.RangeIndex(2, len(frame) + 2)
    return Raw(file, "csv", frame)


def drawn(file="lines.gpkg", shapes=(), epsg=6674, **columns):
    frame = pd.DataFrame(columns, index=pd.RangeIndex(1, len(shapes) + 1))
    return Raw(file, "gpkg", frame, np.array([*shapes, None], dtype=object)[:-1], gpd.GeoSeries(crs=epsg).crs)


def line(i):
    return shapely.LineString([(i, 0), (i, 10)])


@pytest.fixture
def spans():
    """Three spans in a row: M1 - M2 - M3 - M4, as a ledger writes them."""
    return table(
        管渠番号=["S1", "S2", "S3"],
        上流人孔番号=["M1", "M2", "M3"],
        下流人孔番号=["M2", "M3", "M4"],
        管種=["ヒューム管", "塩ビ管", "陶管"],
    )


@pytest.fixture
def manholes():
    places = [shapely.Point(x, 0) for x in (0, 30, 60, 60)]
    places[3] = shapely.Point(60, 40)
    return drawn("人孔.shp", places, 人孔番号=["M1", "M2", "M3", "M4"], 種別=["1号"] * 4)


@pytest.fixture
def pieces():
    """A table of twelve spans, and their lines under another name for the key."""
    numbers = [101 + 7 * i for i in range(12)]
    left = table(管渠番号=[str(n) for n in numbers], 管種=["VU"] * 12)
    return left, drawn(
        shapes=[line(i) for i in range(12)], KEY_ID=[float(n) for n in numbers], 深さ=list(range(12))
    )


def lengths(raw):
    return [None if shape is None else round(shape.length) for shape in raw.shapes]


def test_spans_become_lines_between_their_manholes(spans, manholes):
    joined = join_spans(spans, manholes)
    assert lengths(joined) == [30, 30, 40] and joined.crs.to_epsg() == 6674
    assert joined.table.equals(spans.table) and "faults" not in joined.told
    assert joined.told["joined"]["by"] == ["上流人孔番号", "下流人孔番号", "人孔番号"]


def test_an_unknown_manhole_is_a_fault_and_its_span_stays(spans, manholes):
    spans.table.loc[3, "下流人孔番号"] = "M9"
    joined = join_spans(spans, manholes)
    assert lengths(joined) == [30, None, 40] and len(joined.table) == 3
    fault = {"row": 3, "column": "下流人孔番号", "value": "M9", "rule": "manhole_unknown"}
    assert joined.told["faults"] == [fault]


def test_a_manhole_in_two_places_and_a_span_to_itself_are_faults(spans, manholes):
    spans.table.loc[2, "下流人孔番号"] = "M1"
    manholes.table.loc[3, "人孔番号"] = "M4"
    joined = join_spans(spans, manholes)
    assert lengths(joined) == [None, None, None]
    rules = {(f["row"], f["rule"]) for f in joined.told["faults"]}
    assert rules == {
        (2, "span_without_length"),
        (4, "manhole_ambiguous"),
        (3, "manhole_unknown"),
        (4, "manhole_unknown"),
    }


def test_a_missing_end_is_a_fault(spans, manholes):
    spans.table.loc[4, "上流人孔番号"] = None
    joined = join_spans(spans, manholes)
    assert joined.shapes[2] is None and joined.told["faults"][0]["value"] == ""


@pytest.mark.parametrize(
    ("up", "down"),
    [
        ("mh_up", "mh_down"),
        ("U_MNSEQ", "L_MNSEQ"),
        ("上流マンホール", "下流マンホール"),
        ("上流側人孔 番号", "下流側人孔 番号"),
    ],
)
def test_ends_are_found_under_the_names_that_ledgers_use(spans, manholes, up, down):
    renamed = table(**{up: spans.table["上流人孔番号"].tolist(), down: spans.table["下流人孔番号"].tolist()})
    assert lengths(join_files([renamed, manholes])[0]) == [30, 30, 40]


def test_keys_that_a_spreadsheet_changed_still_meet(spans, manholes):
    spans.table["上流人孔番号"], spans.table["下流人孔番号"] = ["001", "２", "3.0"], ["2", "3", " 4 "]
    manholes.table["人孔番号"] = [1, 2, 3, 4]
    assert lengths(join_spans(spans, manholes)) == [30, 30, 40]


@given(order=st.permutations(range(3)))
def test_the_order_of_manholes_and_spans_changes_no_line(order):
    ends = [("a", "b"), ("b", "c"), ("c", "a")]
    rows = table(
        id=[str(i) for i in order], mh_up=[ends[i][0] for i in order], mh_down=[ends[i][1] for i in order]
    )
    places = {"a": (0, 0), "b": (3, 4), "c": (10, 0)}
    names = ["abc"[i] for i in order]
    joined = join_spans(rows, drawn(shapes=[shapely.Point(places[n]) for n in names], no=names))
    by_id = dict(zip(joined.table["id"], lengths(joined), strict=True))
    assert by_id == {"0": 5, "1": 8, "2": 10}


def test_columns_that_are_not_there_are_named(spans, manholes):
    for left, right in ((table(a=["1"]), manholes), (spans, drawn(shapes=[line(0)], a=["1"]))):
        with pytest.raises(FileError) as caught:
            join_spans(left, right)
        assert caught.value.key == "join_no_key" and all(
            left.file or say(caught.value, lang) for lang in LANGUAGES
        )


def test_a_table_takes_the_shapes_of_the_file_that_has_its_keys(pieces):
    (joined,) = join_files(pieces)
    assert joined.file == "spans.csv" and list(joined.table.columns) == ["管渠番号", "管種", "深さ"]
    assert joined.shapes[3] == line(3) and joined.table.index[0] == 2
    assert joined.told["joined"]["found"] == 12 and joined.told["joined"]["by"] == ["管渠番号", "KEY_ID"]


@given(seed=st.integers(0, 999))
def test_every_row_is_in_exactly_one_file_afterwards(seed):
    chance = np.random.default_rng(seed)
    keys = chance.choice(900, size=20, replace=False)
    left = table(span_id=[str(k) for k in keys[: 20 - int(chance.integers(0, 3))]])
    has = keys[int(chance.integers(0, 2)) :]
    right = drawn(shapes=[line(int(k)) for k in has], span_id=has)
    files = join_files([right, left] if seed % 2 else [left, right])
    found = sum(file.told["joined"]["found"] for file in files if "joined" in file.told)
    assert sum(len(f.table) for f in files) == len(left.table) + len(right.table) - found


def test_shapes_without_a_row_stay_a_file_of_their_own(pieces):
    left, right = pieces
    part = Raw(left.file, left.format, left.table.iloc[:10])
    joined, rest = join_files([part, right])
    assert len(joined.table) == 10 and len(rest.table) == 2 and rest.told["joined_elsewhere"] == 10
    assert [shape.coords[0][0] for shape in rest.shapes] == [10, 11]


def test_a_row_without_a_shape_is_a_fault_and_stays(pieces):
    left, right = pieces
    left.table.loc[5, "管渠番号"] = "X9"
    joined, rest = join_files([left, right])
    assert joined.shapes[3] is None and joined.told["faults"][0]["rule"] == "shape_key_unknown"
    assert len(rest.table) == 1


def test_a_key_of_two_shapes_is_a_fault_and_of_one_shape_twice_is_not(pieces):
    left, right = pieces
    twice = pd.concat([right.table, right.table.iloc[:1]], ignore_index=True)
    same = Raw("l.gpkg", "gpkg", twice, np.append(right.shapes, right.shapes[:1]), right.crs)
    assert join_by_key(left, same, "管渠番号", shape_key="KEY_ID").told["joined"]["found"] == 12
    other = Raw("l.gpkg", "gpkg", twice, np.append(right.shapes, [line(99)]), right.crs)
    joined = join_by_key(left, other, "管渠番号", shape_key="KEY_ID")
    assert joined.shapes[0] is None and joined.told["faults"][0]["rule"] == "shape_key_ambiguous"
    assert sum(len(f.table) for f in join_files([left, other])) == 12 + 2


def test_the_table_counts_and_its_gaps_are_filled(pieces):
    left, right = pieces
    left.table["深さ"] = [None, "9", *[str(i) for i in range(2, 12)]]
    joined = join_by_key(left, right, "管渠番号", shape_key="KEY_ID")
    assert joined.table["深さ"].tolist()[:2] == [0, "9"]
    assert joined.told["joined"]["filled"] == {"深さ": 1} and joined.told["joined"]["differing"] == {
        "深さ": 1
    }


def test_too_few_common_keys_join_nothing(pieces):
    left, right = pieces
    left.table["管渠番号"] = [f"x{i}" for i in range(2)] + left.table["管渠番号"].tolist()[2:]
    assert join_files([left, right]) == (left, right)


@pytest.mark.parametrize("name", ["No", "ID", "管理番号"])
def test_two_ledgers_that_both_count_their_rows_are_not_joined(name):
    parks = table(
        "公園.csv", **{name: [str(i) for i in range(1, 31)], "公園名": [f"第{i}公園" for i in range(30)]}
    )
    bridges = drawn(
        "橋.gpkg",
        [line(i) for i in range(40)],
        **{name: list(range(1, 41)), "橋名": [f"橋{i}" for i in range(40)]},
    )
    assert join_files([parks, bridges]) == (parks, bridges)


def test_counted_rows_are_joined_where_another_column_agrees():
    names = [f"第{i}公園" for i in range(30)]
    parks = table("公園.csv", No=[str(i) for i in range(1, 31)], 公園名=names)
    shapes = drawn("公園.gpkg", [line(i) for i in range(30)], No=list(range(1, 31)), 公園名=names)
    assert len(join_files([parks, shapes])) == 1


def test_a_table_with_places_of_its_own_is_left_alone(pieces):
    left, right = pieces
    left.table["経度"], left.table["緯度"] = [str(135.9 + i / 100) for i in range(12)], ["34.5"] * 12
    assert join_files([left, right]) == (left, right)


def test_the_order_of_files_changes_nothing(pieces, manholes, spans):
    files = [*pieces, manholes, Raw("管渠.csv", "csv", spans.table)]
    forth, back = join_files(files), join_files(files[::-1])
    assert {f.file: lengths(f) for f in forth} == {f.file: lengths(f) for f in back}
    assert {f.file for f in forth} == {"spans.csv", "管渠.csv"}


def test_what_was_joined_is_said_in_both_languages(pieces, spans, manholes):
    left, right = pieces
    left.table.loc[5, "管渠番号"] = "X9"
    left.table["深さ"] = ["77"] * 12
    notes = [*remarks(join_files([left, right])[0]), *remarks(join_spans(spans, manholes))]
    assert [n.key for n in notes] == ["join_differing", "spans_drawn"]
    for note in notes:
        assert all("{" not in t(f"note.{note.key}", lang, **dict(note.values)) for lang in LANGUAGES)


def test_every_fault_has_advice_and_a_short_name():
    rules = (
        "shape_key_unknown",
        "shape_key_ambiguous",
        "manhole_unknown",
        "manhole_ambiguous",
        "span_without_length",
    )
    assert all(
        t(f"{table}.{rule}", lang)
        for rule in rules
        for table in ("advice", "files.fault")
        for lang in LANGUAGES
    )


@pytest.fixture
def mapping():
    rows = [
        ("gesui_osui", "24001", "Atr24001_マンホール", "SAFIELD000", "ユーザID"),
        ("gesui_osui", "24001", "Atr24001_マンホール", "SAFIELD001", "人孔番号"),
        ("gesui_osui", "24021", "Atr24021_管渠", "SAUID", None),
        ("gesui_osui", "24021", "Atr24021_管渠", "SAFIELD000", "施工年度"),
        ("gesui_osui", "24021", "Atr24021_管渠", "SAFIELD001", "管種名称"),
        ("gesui_osui", "24021", "Atr24021_管渠", "SAFIELD002", "管径１(mm) 径/幅"),
    ]
    return pd.DataFrame(rows, columns=["group", "layer_no", "layer_table", "field_id", "title"])


def test_numbered_fields_get_their_titles(mapping):
    raw = table("export.csv", SAUID=["1"], SAFIELD000=["S60"], SAFIELD001=["HP"], SAFIELD002=["250"])
    renamed = rename_by_mapping(raw, mapping)
    assert list(renamed.table.columns) == ["SAUID", "施工年度", "管種名称", "管径１(mm) 径/幅"]
    profile = recognise_source(renamed)
    assert profile.kind == "sewer_export" and profile.columns["diameter_mm"] == ("管径１(mm) 径/幅",)


def test_the_name_of_the_file_or_an_answer_tells_the_layer(mapping):
    named = table("24001_マンホール.csv", SAFIELD000=["1"])
    assert list(rename_by_mapping(named, mapping).table.columns) == ["ユーザID"]
    asked = table("export.csv", SAFIELD000=["1"])
    assert list(rename_by_mapping(asked, mapping, layer="管渠").table.columns) == ["施工年度"]


def test_a_layer_that_is_not_clear_is_asked_for(mapping):
    with pytest.raises(FileError) as caught:
        rename_by_mapping(table("export.csv", SAFIELD000=["1"]), mapping)
    assert caught.value.key == "mapping_layer"
    with pytest.raises(FileError) as caught:
        rename_by_mapping(table("export.csv", SAFIELD000=["1"]), mapping.drop(columns="title"))
    assert caught.value.key == "mapping_columns"


def test_other_files_have_no_numbered_fields(mapping, spans):
    assert rename_by_mapping(spans, mapping) is spans


@pytest.mark.parametrize(
    ("headings", "kind"),
    [
        (
            ("管渠番号", "上流人孔番号", "下流人孔番号", "管種", "口径", "布設年度", "緊急度", "区間距離"),
            "sewer_ledger",
        ),
        (("SEQNO", "U_MNSEQ", "L_MNSEQ", "MATERIAL", "SEC_DIST", "CONST_YEAR"), "sewer_seqno"),
        (("SAUID", "SEKOU_YEAR", "KANSHU_MEI", "KANKEI_HABA"), "sewer_export"),
        (("span_id", "mh_up", "mh_down", "material"), "sewer_spans"),
        (("SAUID", "sewer_type", "kankei_mm", "kanshu"), "sewer_pipes"),
        (("ID", "名称", "所在地_連結表記", "緯度", "経度", "公園種別", "面積"), "park_open_data"),
    ],
)
def test_known_headings_are_recognised(headings, kind):
    profile = recognise_source(table("x.csv", **{name: ["1"] for name in headings}))
    assert profile.kind == kind and profile.constants["sector"] in {"sewer", "park"}


def test_a_sewer_ledger_says_how_urgent_each_span_is(spans):
    spans.table["緊急度"] = ["I", "II", "III"]
    profile = propose_profile(spans)
    assert profile.columns["condition"] == ("緊急度",) and profile.grade_scale == "urgency"


@needs_handa
def test_the_spans_of_handa_find_their_lines():
    files = [open_raw(HANDA / name) for name in ("span_master.csv", "span_geoms.gpkg")]
    (joined,) = join_files(files)
    assert joined.file == "span_master.csv" and len(joined.table) == 60 and joined.crs.to_epsg() == 6675
    assert joined.told["joined"]["found"] == 60 and joined.told["joined"]["by"] == ["span_id", "span_id"]
    lines = gpd.GeoSeries(joined.shapes, crs=joined.crs)
    said = joined.table["length_m"].astype("float64")
    assert np.allclose(lines.length, said, atol=0.01)
    west, south, east, north = lines.to_crs(4326).total_bounds
    assert 136.90 < west < east < 136.96 and 34.88 < south < north < 34.92


@needs_handa
def test_the_files_of_handa_are_recognised():
    kinds = {
        "span_master.csv": "sewer_spans",
        "span_geoms.gpkg": "sewer_lines",
        "pipes_top300.csv": "sewer_pipes",
    }
    for name, kind in kinds.items():
        profile = propose_profile(open_raw(HANDA / name))
        assert (profile.kind, profile.role, profile.constants) == (kind, "assets", {"sector": "sewer"})


@needs_handa
def test_comment_lines_above_the_pipes_are_no_rows():
    raw = open_raw(HANDA / "pipes_top300.csv")
    assert len(raw.table) == 300 and raw.table.index[0] == 4
    assert raw.table["sewer_type"].value_counts().to_dict() == {"雨水": 256, "汚水": 44}
    assert not any(
        name.startswith(("p_", "ml_", "risk"))
        for names in propose_profile(raw).columns.values()
        for name in names
    )


@needs_handa
def test_all_files_of_handa_together_lose_no_row():
    names = ("span_master.csv", "span_geoms.gpkg", "pipes_top300.csv", "survey.csv", "ledger.geojson")
    files = [open_raw(HANDA / name) for name in names]
    joined = {f.file: f for f in join_files(files)}
    assert sum(len(f.table) for f in joined.values()) == sum(len(f.table) for f in files) - 60 - 197
    assert [f["value"] for f in joined["survey.csv"].told["faults"]] == ["X90001", "X90002"]
    assert len(joined["ledger.geojson"].table) == 4 and "joined" not in joined["pipes_top300.csv"].told


@needs_handa
def test_the_list_of_fields_of_handa_names_an_export():
    mapping = open_raw(HANDA / "field_mapping.csv").table
    fields = {f"SAFIELD{i:03}": ["1"] for i in range(5)}
    renamed = rename_by_mapping(table("24021_管渠.csv", SAUID=["9"], **fields), mapping)
    titles = ["SAUID", "施工年度", "管種名称", "管径１(mm) 径/幅", "上流土被り(m)", "下流土被り(m)"]
    assert list(renamed.table.columns) == titles and propose_profile(renamed).kind == "sewer_export"


@pytest.mark.skipif(not PARKS.is_file(), reason=f"{PARKS} is not here")
def test_the_parks_of_kanagawa_are_read_by_their_address():
    raw = open_raw(PARKS)
    assert raw.table.shape == (5, 54) and raw.told["encoding"].lower().replace("-", "") in {
        "cp932",
        "shiftjis",
    }
    assert (
        raw.table.loc[4, "所在地"] == "神奈川県横浜市旭区鶴ｹ峰二丁目21-12"
        and raw.table.loc[2, "ID"] == "002654"
    )
    assert {"0", "1", "-"} <= {str(v) for name in raw.table.columns[7:30] for v in raw.table[name].dropna()}
    profile = propose_profile(raw)
    assert profile.kind == "park_open_data" and profile.constants == {"sector": "park"}
    assert profile.position.address == ("所在地",) and profile.columns["area_m2"] == ("面積",)
