"""The national data sets (国土数値情報): files with their real attribute names, read back from every packing."""

import os
import pathlib
import zipfile

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pyproj
import pytest
import shapely

from gunmane import schema
from gunmane.assets import take_rows
from gunmane.errors import FileError
from gunmane.exports import write_files
from gunmane.exports.samplefiles import sample_files
from gunmane.i18n import LANGUAGES, catalogue
from gunmane.ledgers.codelists import known_profile
from gunmane.ledgers.opening import open_raw
from gunmane.ledgers.profiles import Layout, Profile
from gunmane.ledgers.proposals import propose_profile
from gunmane.ledgers.raw import Raw
from gunmane.ledgers.recognition import known_sources, recognise_source
from gunmane.ledgers.references import reference_from
from gunmane.ledgers.roads import read_roads, roads_from
from gunmane.ledgers.understanding import understand
from gunmane.municipalities import find_region
from gunmane.sample import load_sample

SAMPLES = pathlib.Path(
    os.environ.get("GUNMANE_SAMPLES", pathlib.Path(__file__).parents[2] / "shared" / "samples")
)
KINDS = ("a16", "a31", "a50", "n03", "n10", "n13", "p13", "p22a", "p22b", "w05")
PACKINGS = ("geojson", "shp", "geojson.zip", "shp.zip", "both.zip")
# Three places in 草津市, and a square around each.
PLACES = [(135.96, 35.01), (135.95, 35.02), (135.94, 35.03)]
POINTS = [shapely.Point(place) for place in PLACES]
LINES = [shapely.LineString([(x, y), (x + 0.004, y + 0.003)]) for x, y in PLACES]
AREAS = [shapely.box(x, y, x + 0.004, y + 0.004) for x, y in PLACES]

# Attribute names and types as the downloads have them.
FILES = {
    "n13": (
        {
            "N13_001": ["2024-04-01"] * 3,
            "N13_002": [1, 1, 3],
            "N13_003": [1, 3, 3],
            "N13_004": [2, 4, 1],
            "N13_005": [1, 0, 0],
            "N13_006": [3, 1, 6],
            "N13_007": [1, 1, 1],
            "N13_008": ["523577"] * 3,
        },
        LINES,
    ),
    "p13": (
        {
            "P13_001": ["滋賀県", "滋賀県", "近畿地方整備局"],
            "P13_002": ["草津市", "", ""],
            "P13_003": ["①公園", "矢橋帰帆島公園", "淀川公園"],
            "P13_004": [1, 4, 8],
            "P13_005": ["滋賀県"] * 3,
            "P13_006": ["草津市"] * 3,
            "P13_007": [1985, 1990, 2001],
            "P13_008": [2500.5, 160000.0, 90000.0],
            "P13_009": [1, 1, 2],
            "P13_010": ["", "", "備考"],
        },
        POINTS,
    ),
    "p22a": (
        {
            "P22a_001": ["25206", "25206", "25206"],
            "P22a_002": ["北山田ポンプ場", "矢橋ポンプ場", "駒井沢ポンプ場"],
            "P22a_003": ["滋賀県草津市北山田町"] * 3,
            "P22a_004": ["草津市", "滋賀県", "草津市"],
            "P22a_005": ["公共下水道"] * 3,
            "P22a_006": ["草津市公共下水道", "湖南中部", "草津市公共下水道"],
            "P22a_026": [1.5, 20.0, 3.0],
        },
        POINTS,
    ),
    "p22b": (
        {
            "P22b_001": ["25206", "25206", "25206"],
            "P22b_002": ["湖南中部浄化センター", "第二浄化センター", "第三浄化センター"],
            "P22b_003": ["滋賀県草津市矢橋町"] * 3,
            "P22b_004": ["滋賀県", "滋賀県", "草津市"],
            "P22b_005": ["流域下水道"] * 3,
            "P22b_006": ["湖南中部"] * 3,
            "P22b_031": [200000.0, 10.0, 5.0],
        },
        POINTS,
    ),
    "w05": (
        {
            "W05_001": ["860604"] * 3,
            "W05_002": ["8606040001", "8606040099", "8606040100"],
            "W05_003": ["1", "2", "4"],
            "W05_004": ["瀬田川", "草津川", "名称不明"],
            "W05_005": ["2", "2", "5"],
            "W05_006": ["1", "1", "2"],
            "W05_007": ["gb01", "gb02", "gb03"],
            "W05_008": ["gb04", "gb05", "gb06"],
            "W05_009": ["", "", ""],
            "W05_010": ["", "", ""],
        },
        LINES,
    ),
    "n10": (
        {
            "N10_001": ["25", "25", "25"],
            "N10_002": [1, 2, 9],
            "N10_003": [3, 4, 7],
            "N10_004": ["国道1号", "大津能登川長浜線", "市道～1号"],
            "N10_005": [1, 2, 3],
            "N10_006": [0, 0, 0],
            "N10_007": ["滋賀県地域防災計画"] * 3,
            "N10_008": ["2020 3"] * 3,
        },
        LINES,
    ),
    "a16": (
        {
            "A16_001": [252061, 252062, 12061],
            "A16_002": [25206, 25206, 1206],
            "A16_003": ["草津市", "草津市", "釧路市"],
            "A16_004": [1, 2, 1],
            "A16_005": [90000, 6000, 10],
            "A16_006": [11.5, 1.25, 0.5],
            "A16_007": [88000, 5800, 9],
            "A16_008": [11.0, 1.2, 0.5],
            "A16_009": [65.5, 4.0, 1.0],
            "A16_010": [17.0, 2.0, 1.0],
            "A16_011": [2015, 2015, 2015],
        },
        AREAS,
    ),
    "a31": (
        {
            "A31a_201": ["8606040001"] * 3,
            "A31a_202": ["瀬田川", "草津川", "草津川"],
            "A31a_203": [86] * 3,
            "A31a_204": ["琵琶湖河川事務所"] * 3,
            "A31a_205": [1, 3, 6],
        },
        AREAS,
    ),
    "a50": (
        {
            "A50_001": ["滋賀県"] * 3,
            "A50_003": ["草津市"] * 3,
            "A50_006": [1, 2, 3],
        },
        AREAS,
    ),
    "n03": (
        {
            "N03_001": ["滋賀県"] * 3,
            "N03_002": ["", "", ""],
            "N03_003": ["", "", ""],
            "N03_004": ["草津市", "草津市", "所属未定地"],
            "N03_007": ["25206", "25206", "25000"],
        },
        AREAS,
    ),
}


@pytest.fixture(scope="module")
def kusatsu():
    return find_region("shiga_kusatsu")


def write(kind, folder, packing):
    """Write a set as GeoJSON, as a shapefile whose texts are CP932, or as a zip of one or both."""
    columns, shapes = FILES[kind]
    table = gpd.GeoDataFrame(columns, geometry=shapes, crs=6668)
    inside = folder / "inside"
    inside.mkdir(parents=True)
    if packing != "shp" and not packing.startswith("shp"):
        pyogrio.write_dataframe(table, inside / f"{kind}.geojson", driver="GeoJSON")
    if packing != "geojson" and not packing.startswith("geojson"):
        pyogrio.write_dataframe(table, inside / f"{kind}.shp", encoding="CP932")
    if not packing.endswith(".zip"):
        return inside / f"{kind}.{packing}"
    with zipfile.ZipFile(folder / f"{kind}.zip", "w") as archive:
        for file in sorted(inside.iterdir()):
            archive.write(file, f"{kind}_GML/{file.name}")
    return folder / f"{kind}.zip"


def opened(path, region):
    raw = open_raw(path)
    return raw, propose_profile(raw, region=region)


@pytest.fixture(params=PACKINGS)
def read(request, tmp_path, kusatsu):
    """Write a set in one packing and open it: the file as it came and what it was recognised as."""

    def go(kind):
        raw, profile = opened(write(kind, tmp_path / kind, request.param), kusatsu)
        assert profile.kind == kind
        return raw, profile

    return go


def taken(raw, profile, region):
    rows = understand(raw, profile, region=region)
    result = take_rows(rows, region=region, source=raw.file)
    whole = result.rejects[~result.rejects["rule"].str.endswith("_value")]
    assert len(rows) == len(result.assets) + len(whole[["source_file", "row"]].drop_duplicates())
    return result


def by_row(assets):
    """Assets in the order of their rows."""
    return assets.assign(row=assets["source"].str.rpartition("#")[2].astype(int)).sort_values("row")


# Recognised ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_a_set_is_recognised_with_its_credit(kind, tmp_path, kusatsu):
    _, profile = opened(write(kind, tmp_path, "geojson"), kusatsu)
    assert profile.kind == kind
    assert "国土数値情報" in profile.answers.credit and "国土交通省" in profile.answers.credit
    assert profile.answers.licence


@pytest.mark.parametrize("kind", KINDS)
def test_lower_case_attributes_are_recognised_too(kind):
    columns, shapes = FILES[kind]
    table = pd.DataFrame(columns, index=[1, 2, 3]).rename(columns=str.lower)
    raw = Raw(f"{kind}.gpkg", "gpkg", table, np.array(shapes, dtype=object), pyproj.CRS(6668))
    found = recognise_source(raw)
    assert found is not None and found.kind == kind


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_kind_and_every_word_of_its_lists_has_a_name(lang):
    words = catalogue(lang)
    for kind in KINDS:
        profile = known_profile(kind)
        subtypes = {*profile.values.get("subtype", {}).values(), profile.constants.get("subtype")} - {None}
        assert f"kind.{kind}" in words and {f"subtype.{word}" for word in subtypes} <= set(words)


def test_the_word_lists_of_a_profile_hold_words_of_ours():
    for known in known_sources():
        profile = known.profile
        if profile.kind in KINDS and profile.role == "assets":
            assert profile.constants["sector"] in schema.SECTORS
        if profile.kind == "n13":
            assert set(profile.values["road_class"].values()) <= set(schema.ROAD_CLASSES)


@pytest.mark.parametrize("kind", ["n10", "n13", "p13"])
def test_a_shapefile_without_prj_is_read_where_its_degrees_fall(kind, tmp_path, kusatsu):
    path = write(kind, tmp_path, "shp")
    path.with_suffix(".prj").unlink()
    raw, profile = opened(path, kusatsu)
    assert profile.kind == kind and pyproj.CRS(profile.position.crs).is_geographic
    if profile.role == "reference":
        assert len(reference_from(raw, profile, region=kusatsu)) == 3
    elif profile.role == "roads":
        assert len(roads_from(raw, profile, region=kusatsu)[0]) == 2
    else:
        assert len(taken(raw, profile, kusatsu).assets) == 2


# Assets ----------------------------------------------------------------------------------------------------


def test_parks_become_assets_of_their_manager(read, kusatsu):
    result = taken(*read("p13"), kusatsu)
    assets = by_row(result.assets)
    assert list(assets["name"][:2]) == ["①公園", "矢橋帰帆島公園"]
    assert list(assets["subtype"][:2]) == ["街区公園", "総合公園"]
    assert list(assets["owner_code"][:2]) == ["25206", "25"]
    assert list(assets["built_year"][:2]) == [1985, 1990]
    assert list(assets["area_m2"][:2]) == [2500.5, 160000.0]
    assert set(assets["sector"]) == {"park"} and set(assets["muni_code"]) == {"25206"}


def test_a_park_of_the_state_is_told(read, kusatsu):
    result = taken(*read("p13"), kusatsu)
    told = result.rejects[(result.rejects["row"] == 3) & (result.rejects["column"] == "owner_code")]
    assert told[["value", "rule"]].to_numpy().tolist() == [["近畿地方整備局", "owner_outside"]]


@pytest.mark.parametrize(("kind", "subtype"), [("p22a", "pump_station"), ("p22b", "treatment_plant")])
def test_sewage_works_become_assets(read, kusatsu, kind, subtype):
    assets = by_row(taken(*read(kind), kusatsu).assets)
    columns = FILES[kind][0]
    owners = {"草津市": "25206", "滋賀県": "25"}
    assert list(assets["name"]) == columns[f"P{kind[1:]}_002"]
    assert list(assets["owner_code"]) == [owners[name] for name in columns[f"P{kind[1:]}_004"]]
    assert list(assets["route_name"]) == columns[f"P{kind[1:]}_006"]
    assert set(assets["subtype"]) == {subtype} and set(assets["sector"]) == {"sewer"}


def test_river_sections_say_who_keeps_them(read, kusatsu):
    raw, profile = read("w05")
    rows = understand(raw, profile, region=kusatsu)
    assert rows["owner_code"].fillna("").tolist() == ["国土交通省", "都道府県", ""]
    assert list(rows["subtype"]) == ["一級河川（直轄区間）", "一級河川（指定区間）", "指定区間外の流路"]


def test_the_nodes_beside_the_rivers_are_left_out(tmp_path, kusatsu):
    columns, shapes = FILES["w05"]
    streams = gpd.GeoDataFrame(columns, geometry=shapes, crs=4612)
    nodes = gpd.GeoDataFrame({"W05_000": ["gb01"], "W05_011": [85.0]}, geometry=POINTS[:1], crs=4612)
    for name, table in (("W05-09_25-g_Stream", streams), ("W05-09_25-g_RiverNode", nodes)):
        pyogrio.write_dataframe(table, tmp_path / f"{name}.shp", encoding="CP932")
    with zipfile.ZipFile(tmp_path / "W05-09_25_GML.zip", "w") as archive:
        for file in sorted(tmp_path.glob("W05-09_25-g_*")):
            archive.write(file, file.name)
    raw, profile = opened(tmp_path / "W05-09_25_GML.zip", kusatsu)
    assert (profile.kind, len(raw.table)) == ("w05", 3)
    assert raw.told["left_out"] == ["W05-09_25-g_RiverNode.shp"]


@pytest.mark.parametrize(("file", "kind"), [("P22a", "p22a"), ("P22b", "p22b")])
def test_of_a_zip_of_both_kinds_of_sewage_works_one_is_named(tmp_path, kusatsu, file, kind):
    for one in ("p22a", "p22b"):
        columns, shapes = FILES[one]
        table = gpd.GeoDataFrame(columns, geometry=shapes, crs=6668)
        pyogrio.write_dataframe(
            table, tmp_path / f"P22-12_25_{one[0].upper()}{one[1:]}.shp", encoding="CP932"
        )
    with zipfile.ZipFile(tmp_path / "P22-12_25_GML.zip", "w") as archive:
        for each in sorted(tmp_path.glob("P22-12_25_P*")):
            archive.write(each, each.name)
    with pytest.raises(FileError) as caught:
        open_raw(tmp_path / "P22-12_25_GML.zip")
    assert caught.value.key == "ledger_zip_choice" and file in str(caught.value.values["found"])
    raw = open_raw(tmp_path / "P22-12_25_GML.zip", layout=Layout(layer=f"P22-12_25_{file}.shp"))
    assert propose_profile(raw, region=kusatsu).kind == kind


def test_river_sections_of_the_prefecture_and_the_town_become_assets(read, kusatsu):
    result = taken(*read("w05"), kusatsu)
    assets = by_row(result.assets).set_index("row")
    assert assets.loc[[2, 3], "owner_code"].tolist() == ["25", "25206"]
    assert assets.loc[[2, 3], "name"].tolist() == ["草津川", "名称不明"]
    assert assets.loc[2, "route_name"] == "8606040099"
    assert assets.loc[[2, 3], "length_m"].between(400, 600).all()
    told = result.rejects[(result.rejects["row"] == 1) & (result.rejects["column"] == "owner_code")]
    assert told[["value", "rule"]].to_numpy().tolist() == [["国土交通省", "owner_outside"]]


# Roads -----------------------------------------------------------------------------------------------------


def test_national_roads_have_class_structure_and_width(read, kusatsu):
    roads, facts = roads_from(*read("n13"), region=kusatsu)
    assert list(roads["road_class"]) == ["national", "municipal_other"]
    assert list(roads["is_bridge"]) == [True, False] and not roads["is_tunnel"].any()
    assert list(roads["level"]) == [1, 0] and list(roads["width_m"]) == [9.25, 3.0]
    assert (facts["scheme"], facts["row_count"], facts["not_for_cars"]) == ("n13", 3, 1)
    assert [note.key for note in facts["notes"]] == ["roads_left_out", "roads_n13"]


def raw_roads(columns, shapes=None, crs=6668):
    count = len(next(iter(columns.values())))
    lines = np.array(shapes or [LINES[0]] * count, dtype=object)
    index = pd.RangeIndex(1, count + 1)
    return Raw("roads.shp", "shapefile", pd.DataFrame(columns, index=index), lines, pyproj.CRS(crs))


def test_roads_being_built_are_told(kusatsu):
    raw = raw_roads({"N13_003": ["1", "1", "1"], "N13_004": ["3", "5", "7"]})
    roads, facts = roads_from(raw, known_profile("n13"), region=kusatsu)
    assert list(roads["is_tunnel"]) == [True, False] and list(roads["source"]) == [
        "roads.shp#1",
        "roads.shp#3",
    ]
    assert (facts["being_built"], facts["not_for_cars"]) == (1, 1)
    assert dict(facts["notes"][0].values) == {"rows": 1}


def test_classes_in_japanese_words_are_understood(kusatsu):
    raw = raw_roads({"道路種別": ["県道", "１級市道", "林道", "?"]})
    profile = Profile(role="roads", columns={"road_class": ("道路種別",)})
    roads, facts = roads_from(raw, profile, region=kusatsu)
    assert list(roads["road_class"]) == ["prefectural", "municipal_1", "forest", "unknown"]
    assert facts["scheme"] == "table"


def test_a_written_sample_network_is_recognised_as_roads(kusatsu, tmp_path):
    sample = load_sample(kusatsu)
    paths = write_files(sample_files(sample.assets, sample.roads, kusatsu), tmp_path)
    path = next(path for path in paths.values() if "road" in path.stem)
    raw, profile = opened(path, kusatsu)
    roads, facts = roads_from(raw, profile, region=kusatsu)
    assert (profile.kind, profile.role, facts["scheme"]) == ("own_roads", "roads", "own")
    assert len(roads) == len(sample.roads) and facts["is_synthetic"]


def test_roads_elsewhere_are_refused(kusatsu):
    far = shapely.LineString([(141.0, 43.0), (141.01, 43.01)])
    with pytest.raises(FileError) as caught:
        roads_from(
            raw_roads({"N13_003": ["1"], "N13_004": ["1"]}, [far]), known_profile("n13"), region=kusatsu
        )
    assert caught.value.key == "ledger_outside"


def test_the_real_roads_of_kusatsu_are_all_read(kusatsu):
    path = SAMPLES / "kusatsu_osm_roads" / "roads.geojson"
    if not path.exists():
        pytest.skip("the real road lines of 草津市 are not on this machine")
    _, facts = read_roads(path, region=kusatsu)
    assert (facts["row_count"], facts["broken"], facts["line_count"]) == (6732, 1, 6731)


# References ------------------------------------------------------------------------------------------------


def test_emergency_routes_have_their_rank(read, kusatsu):
    layer = reference_from(*read("n10"), region=kusatsu)
    assert layer.crs == "EPSG:4326" and set(layer["layer"]) == {"emergency_route"}
    assert list(layer["rank"]) == ["1", "2", "9"] and set(layer["code"]) == {"25"}
    assert list(layer["label"]) == ["第1次緊急輸送道路", "第2次緊急輸送道路", "未指定"]
    assert list(layer["name"]) == FILES["n10"][0]["N10_004"]
    assert list(layer["road_kind"]) == ["一般国道", "主要地方道（都道府県道）", "市町村道"]


def test_emergency_routes_of_2024_have_other_attribute_names(kusatsu):
    columns = {name.replace("N10", "N01"): values for name, values in FILES["n10"][0].items()}
    raw = raw_roads({**columns, "N01_009": ["供用中"] * 3}, LINES)
    layer = reference_from(raw, recognise_source(raw), region=kusatsu)
    assert list(layer["rank"]) == ["1", "2", "9"] and set(layer["status"]) == {"供用中"}


def test_dense_districts_have_people_and_area(read, kusatsu):
    layer = reference_from(*read("a16"), region=kusatsu)
    assert (
        list(layer["code"]) == ["25206", "25206", "01206"]
        and list(layer["name"]) == FILES["a16"][0]["A16_003"]
    )
    assert list(layer["population"]) == [90000, 6000, 10] and list(layer["area_km2"]) == [11.5, 1.25, 0.5]
    assert list(layer["year"]) == [2015] * 3


def test_flood_depth_has_words_and_metres(read, kusatsu):
    layer = reference_from(*read("a31"), region=kusatsu)
    assert list(layer["label"]) == ["0.5m未満", "3m以上5m未満", "20m以上"]
    assert list(layer["depth_low_m"]) == [0.0, 3.0, 20.0]
    assert list(layer["depth_high_m"].fillna(-1)) == [0.5, 5.0, -1]
    assert set(layer["scenario"]) == {"maximum"} and list(layer["name"]) == FILES["a31"][0]["A31a_202"]


@pytest.mark.parametrize(
    ("columns", "scenario", "key"),
    [
        ({"A31_101": ["2"]}, "planned", "reference.rank.depth.2"),
        ({"A31_101": ["8606040001"], "A31_105": [2]}, "planned", "reference.rank.depth.2"),
        ({"A31_201": [4.0]}, "maximum", "reference.rank.depth.4"),
        ({"A31_001": ["24"]}, "planned", "reference.rank.depth.24"),
        ({"A31b_301": [7]}, "duration", "reference.rank.duration.7"),
        ({"A31a_405": [2]}, "collapse", "reference.rank.collapse.2"),
    ],
)
def test_every_family_of_flood_attributes_is_read(kusatsu, columns, scenario, key):
    raw = raw_roads(columns, AREAS[:1])
    layer = reference_from(raw, recognise_source(raw), region=kusatsu)
    assert (layer["scenario"].iloc[0], layer["label_key"].iloc[0]) == (scenario, key)
    assert all(key in catalogue(lang) for lang in LANGUAGES)


def test_a_flood_rank_outside_the_list_is_told_and_has_no_depth(kusatsu):
    raw = raw_roads({"A31a_205": [1, 99, None]}, AREAS)
    layer = reference_from(raw, recognise_source(raw), region=kusatsu)
    assert list(layer["label"]) == ["0.5m未満", "", ""] and layer["depth_low_m"].isna().tolist() == [
        False,
        True,
        True,
    ]
    told = [dict(note.values) for note in layer.attrs["notes"] if note.key == "reference_no_rank"]
    assert told == [{"file": "roads.shp", "rows": 2, "example": "99"}]


def test_location_plans_keep_what_is_not_understood(read, kusatsu):
    layer = reference_from(*read("a50"), region=kusatsu)
    assert list(layer["label"]) == ["立地適正化計画区域", "居住誘導区域", "都市機能誘導区域"]
    assert set(layer["A50_001"]) == {"滋賀県"} and set(layer["A50_003"]) == {"草津市"}
    told = [dict(note.values)["columns"] for note in layer.attrs["notes"] if note.key == "reference_a50"]
    assert told == ["A50_001, A50_003"]


def test_flood_areas_are_cut_around_the_region_and_the_far_ones_counted(kusatsu):
    shapes = [shapely.box(134, 34, 137, 36), shapely.box(140, 40, 141, 41), shapely.Polygon()]
    raw = raw_roads({"A31a_205": [1, 2, 3]}, shapes)
    layer = reference_from(raw, recognise_source(raw), region=kusatsu)
    west, south, east, north = layer.total_bounds
    assert len(layer) == 1 and east - west < 0.5 and north - south < 0.5
    assert (layer.attrs["outside"], layer.attrs["broken"], layer.attrs["row_count"]) == (1, 1, 3)
    assert {note.key for note in layer.attrs["notes"]} >= {"reference_outside", "reference_broken"}


def test_an_area_that_crosses_itself_is_mended_and_told(kusatsu):
    x, y = PLACES[0]
    bow = shapely.Polygon([(x, y), (x + 0.01, y + 0.01), (x + 0.01, y), (x, y + 0.01)])
    raw = raw_roads({"A31a_205": [1]}, [bow])
    layer = reference_from(raw, recognise_source(raw), region=kusatsu)
    assert layer.geometry.is_valid.all() and layer.attrs["mended"] == 1


def test_a_layer_of_another_place_is_refused(kusatsu):
    raw = raw_roads({"A31a_205": [1]}, [shapely.box(140, 40, 141, 41)])
    with pytest.raises(FileError) as caught:
        reference_from(raw, recognise_source(raw), region=kusatsu)
    assert caught.value.key == "ledger_outside"


# Borders ---------------------------------------------------------------------------------------------------


def test_a_municipality_of_several_rows_is_one_and_land_of_none_is_told(read, kusatsu):
    layer = reference_from(*read("n03"), region=kusatsu)
    assert list(layer["code"]) == ["25206"] and list(layer["name"]) == ["草津市"]
    assert layer.geometry.iloc[0].geom_type == "MultiPolygon"
    assert (layer.attrs["municipalities"], layer.attrs["without_code"]) == (1, 1)
    assert {note.key for note in layer.attrs["notes"]} == {
        "borders_read",
        "borders_without_code",
        "borders_area",
    }


def test_codes_that_lost_their_zero_are_whole_again():
    columns = {
        "N03_001": ["北海道"] * 3,
        "N03_004": ["釧路市", "幕別町", "音更町"],
        "N03_007": [1206, 1643.0, 1631],
    }
    raw = raw_roads(columns, AREAS)
    assert list(reference_from(raw, recognise_source(raw))["code"]) == ["01206", "01631", "01643"]


def test_borders_without_codes_are_refused():
    raw = raw_roads({"N03_001": ["奈良県"], "N03_004": ["所属未定地"], "N03_007": [None]}, AREAS[:1])
    with pytest.raises(FileError) as caught:
        reference_from(raw, recognise_source(raw))
    assert caught.value.key == "borders_no_code"


def test_a_border_that_is_broken_is_told(kusatsu):
    columns = {"N03_001": ["滋賀県"] * 2, "N03_004": ["草津市", "栗東市"], "N03_007": ["25206", "25208"]}
    raw = raw_roads(columns, [AREAS[0], shapely.Polygon()])
    layer = reference_from(raw, recognise_source(raw), region=kusatsu)
    assert list(layer["code"]) == ["25206"] and layer.attrs["broken"] == 1
    assert "reference_broken" in {note.key for note in layer.attrs["notes"]}


def test_the_order_of_rows_changes_no_border(kusatsu):
    columns, shapes = FILES["n03"]
    raw = raw_roads(columns, shapes)
    turned = raw_roads({k: v[::-1] for k, v in columns.items()}, shapes[::-1])
    layers = [reference_from(one, recognise_source(one), region=kusatsu) for one in (raw, turned)]
    assert layers[0].drop(columns="geometry").equals(layers[1].drop(columns="geometry"))
    assert layers[0].geometry.normalize().equals(layers[1].geometry.normalize())


@pytest.fixture(scope="module")
def nara():
    path = SAMPLES / "nara_n03" / "N03-21_29_210101.geojson"
    if not path.exists():
        pytest.skip("the real borders of 奈良県 are not on this machine")
    return path


def test_the_real_borders_of_nara_are_39_municipalities(nara):
    raw = open_raw(nara)
    layer = reference_from(raw, propose_profile(raw, region=None))
    assert len(layer) == 39 and layer["code"].is_unique and layer["code"].str.match(r"29\d{3}$").all()
    assert set(layer["pref_name"]) == {"奈良県"} and layer.geometry.is_valid.all()


def test_the_real_borders_agree_with_the_statistics(nara):
    region = find_region("nara_uda")
    raw = open_raw(nara)
    layer = reference_from(raw, propose_profile(raw, region=region), region=region)
    assert layer.attrs["municipalities"] == 39 and layer.attrs["missing"] == []
    assert [area["name"] for area in layer.attrs["areas"]] == ["宇陀市", "曽爾村", "御杖村", "東吉野村"]
    assert all(abs(area["apart"]) < 0.01 for area in layer.attrs["areas"])
    assert [note.key for note in layer.attrs["notes"]] == ["borders_read"]
