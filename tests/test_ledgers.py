"""Files in: what each format gives, and one sentence for each file that cannot be used."""

import csv
import io
import json
import os
import pathlib
import zipfile

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pyogrio
import pytest
import shapely

from gunmane.assets import take_assets
from gunmane.errors import FileError
from gunmane.exports import write_files
from gunmane.exports.samplefiles import sample_files
from gunmane.i18n import LANGUAGES, catalogue, say
from gunmane.ledgers import files as limits
from gunmane.ledgers import read_assets, read_roads
from gunmane.municipalities import find_region
from gunmane.sample import load_sample

SAMPLES = pathlib.Path(
    os.environ.get("GUNMANE_SAMPLES", pathlib.Path(__file__).parents[2] / "shared" / "samples")
)
# Two bridges and a road in 草津市.
INSIDE = [(135.96, 35.01), (135.95, 35.02), (135.94, 35.03)]


@pytest.fixture(scope="module")
def kusatsu():
    return find_region("shiga_kusatsu")


@pytest.fixture
def ledger():
    """Three assets with a code that keeps its zero, blanks around text, and one value missing."""
    rows = {
        "asset_id": ["b1", " b2 ", "r1"],
        "sector": ["bridge", "bridge", "road"],
        "muni_code": ["01631", "25206", "25206"],
        "built_year": [1970, None, 1988],
        "length_m": [12.5, 30.0, None],
        "remark": ["=1+1", "x", "y"],
    }
    shapes = [shapely.Point(INSIDE[0]), shapely.Point(INSIDE[1]), shapely.LineString(INSIDE)]
    return gpd.GeoDataFrame(rows, geometry=shapes, crs=4326)


def write(table, path):
    if path.suffix == ".parquet":
        table.to_parquet(path)
    elif path.suffix == ".csv":
        plain = pd.DataFrame(table.drop(columns="geometry")).assign(wkt=table.geometry.to_wkt())
        plain.to_csv(path, index=False)
    elif path.suffix == ".xlsx":
        plain = pd.DataFrame(table.drop(columns="geometry")).assign(wkt=table.geometry.to_wkt())
        plain.to_excel(path, index=False)
    else:
        pyogrio.write_dataframe(table, path)
    return path


def fault(call, path, region, **values):
    """Return the key of the error, after checking that both languages can say it and that it names the file."""
    with pytest.raises(FileError) as caught:
        call(path, region=region)
    for lang in LANGUAGES:
        sentence = say(caught.value, lang)
        assert pathlib.Path(path).name in sentence and "\n" not in sentence
    assert {k: caught.value.values[k] for k in values} == values
    return caught.value.key


# What each format gives ---------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".geojson", ".gpkg", ".parquet", ".fgb", ".csv", ".xlsx"])
def test_every_format_gives_the_same_rows(ledger, kusatsu, tmp_path, suffix):
    rows = read_assets(write(ledger, tmp_path / f"own{suffix}"), region=kusatsu)
    by_id = rows.set_index("asset_id")
    assert sorted(by_id.index) == ["b1", "b2", "r1"]
    assert by_id.at["b1", "muni_code"] == "01631"
    assert float(by_id.at["b1", "built_year"]) == 1970 and pd.isna(by_id.at["b2", "built_year"])
    assert [float(by_id.at[i, "length_m"]) for i in ("b1", "b2")] == [12.5, 30]
    assert "remark" not in rows.columns
    assert np.allclose(by_id.geometry["b1"].coords[0], INSIDE[0])


def test_the_source_names_file_and_row(ledger, kusatsu, tmp_path):
    rows = read_assets(write(ledger, tmp_path / "own.geojson"), region=kusatsu)
    assert list(rows["source"]) == ["own.geojson#1", "own.geojson#2", "own.geojson#3"]


def test_a_shapefile_gets_back_the_names_that_its_dbf_cut(ledger, kusatsu, tmp_path):
    points = ledger.iloc[:2].assign(annual_cost_jpy=[1, 2], account_class="general")
    pyogrio.write_dataframe(points, tmp_path / "own.shp")
    rows = read_assets(tmp_path / "own.shp", region=kusatsu)
    assert list(rows["annual_cost_jpy"]) == ["1", "2"]
    assert list(rows["account_class"]) == ["general", "general"]


@pytest.mark.parametrize("declared", ["Shift_JIS", None])
def test_a_shapefile_in_cp932_is_read_with_its_japanese(ledger, kusatsu, tmp_path, declared):
    named = ledger.iloc[:1].assign(name="㈱渡辺橋髙")
    pyogrio.write_dataframe(named, tmp_path / "own.shp", encoding="CP932")
    (tmp_path / "own.cpg").unlink(missing_ok=True)
    if declared:
        (tmp_path / "own.cpg").write_text(declared)
    assert read_assets(tmp_path / "own.shp", region=kusatsu).at[0, "name"] == "㈱渡辺橋髙"


def test_a_zipped_shapefile_is_read_whatever_its_folder_is_called(ledger, kusatsu, tmp_path):
    pyogrio.write_dataframe(ledger.iloc[:2], tmp_path / "own.shp")
    with zipfile.ZipFile(tmp_path / "own.zip", "w") as archive:
        for file in sorted(tmp_path.glob("own.*")):
            if file.suffix != ".zip":
                archive.write(file, f"../../外/{file.name}")
    rows = read_assets(tmp_path / "own.zip", region=kusatsu)
    assert list(rows["source"]) == ["own.zip#1", "own.zip#2"]


@pytest.mark.parametrize("encoding", ["cp932", "utf-8-sig", "utf-8", "utf-16"])
def test_a_csv_with_longitude_and_latitude_is_read_in_any_encoding(kusatsu, tmp_path, encoding):
    text = "asset_id,sector,name,経度,緯度\np1,park,中央公園①,135.96,35.01\np2,park,西公園,，,\n"
    (tmp_path / "own.csv").write_text(text, encoding=encoding)
    rows = read_assets(tmp_path / "own.csv", region=kusatsu)
    assert rows.at[0, "name"] == "中央公園①"
    assert rows.crs == 4326 and rows.geometry.notna().tolist() == [True, False]


def test_full_width_digits_are_a_place(kusatsu, tmp_path):
    (tmp_path / "own.csv").write_text("asset_id,sector,lon,lat\np1,park,１３５．９６, 35.01 \n")
    assert read_assets(tmp_path / "own.csv", region=kusatsu).geometry[0].x == pytest.approx(135.96)


def test_another_coordinate_system_lies_at_the_same_place(ledger, kusatsu, tmp_path):
    write(ledger.to_crs(6674), tmp_path / "own.gpkg")
    rows = read_assets(tmp_path / "own.gpkg", region=kusatsu).to_crs(4326)
    assert np.allclose(rows.geometry[0].coords[0], INSIDE[0], atol=1e-6)


def test_a_row_with_broken_geometry_stays_for_the_intake_to_reject(kusatsu, tmp_path):
    shapes = ["[[135.96,35.01]]", "[[135.96,35.01],[135.95,35.02]]"]
    features = ",".join(
        f'{{"type":"Feature","properties":{{"asset_id":"{i}","sector":"road"}},'
        f'"geometry":{{"type":"LineString","coordinates":{shape}}}}}'
        for i, shape in enumerate(shapes)
    )
    (tmp_path / "own.geojson").write_text(f'{{"type":"FeatureCollection","features":[{features}]}}')
    rows = read_assets(tmp_path / "own.geojson", region=kusatsu)
    assert rows.geometry.isna().tolist() == [True, False]


def test_excel_numbers_come_back_as_a_person_wrote_them(kusatsu, tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["asset_id", "sector", "muni_code", "built_year", "lon", "lat"])
    book.active.append([7, "park", 25206, 1993.0, 135.96, 35.01])
    book.save(tmp_path / "own.xlsx")
    row = read_assets(tmp_path / "own.xlsx", region=kusatsu).iloc[0]
    assert (row["asset_id"], row["muni_code"], row["built_year"]) == ("7", "25206", "1993")


def test_a_geopackage_with_several_layers_gives_the_one_named_assets(ledger, kusatsu, tmp_path):
    for layer in ("notes", "assets"):
        pyogrio.write_dataframe(ledger.assign(subtype=layer), tmp_path / "own.gpkg", layer=layer)
    assert set(read_assets(tmp_path / "own.gpkg", region=kusatsu)["subtype"]) == {"assets"}


# One sentence for each file that cannot be used -----------------------------------------------------------


def test_a_missing_file(kusatsu, tmp_path):
    assert fault(read_assets, tmp_path / "own.gpkg", kusatsu) == "ledger_missing"


def test_a_folder(kusatsu, tmp_path):
    assert fault(read_assets, tmp_path, kusatsu) == "ledger_is_folder"


@pytest.mark.parametrize("name", ["own.dwg", "own", "own.docx"])
def test_a_kind_that_is_not_read(kusatsu, tmp_path, name):
    (tmp_path / name).write_text("x")
    assert fault(read_assets, tmp_path / name, kusatsu) == "ledger_kind_unknown"


@pytest.mark.parametrize("suffix", list(limits.READABLE))
def test_an_empty_file(kusatsu, tmp_path, suffix):
    (tmp_path / f"own{suffix}").touch()
    assert fault(read_assets, tmp_path / f"own{suffix}", kusatsu) == "ledger_empty"


@pytest.mark.parametrize("suffix", [s for s in limits.READABLE if s not in limits.TABLES or s == ".xlsx"])
def test_random_bytes_under_any_name(kusatsu, tmp_path, suffix):
    junk = limits.MAGIC.get(suffix, b"") + np.random.default_rng(0).bytes(5000)
    (tmp_path / f"own{suffix}").write_bytes(junk)
    assert fault(read_assets, tmp_path / f"own{suffix}", kusatsu) in {
        "ledger_unreadable",
        "ledger_shapefile_incomplete",
        "citygml_broken",
    }


@pytest.mark.parametrize("suffix", [".geojson", ".gpkg", ".parquet", ".fgb", ".xlsx"])
def test_half_a_file(ledger, kusatsu, tmp_path, suffix):
    path = write(ledger, tmp_path / f"own{suffix}")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert fault(read_assets, path, kusatsu) == "ledger_unreadable"


def test_a_shapefile_cut_short(ledger, kusatsu, tmp_path):
    pyogrio.write_dataframe(ledger.iloc[:2], tmp_path / "own.shp")
    whole = (tmp_path / "own.shp").read_bytes()
    (tmp_path / "own.shp").write_bytes(whole[:-10])
    assert fault(read_assets, tmp_path / "own.shp", kusatsu) == "ledger_unreadable"


def test_a_flatgeobuf_cut_short_inside_its_index(kusatsu, tmp_path):
    points = gpd.GeoDataFrame({"sector": ["park"] * 500}, geometry=[shapely.Point(INSIDE[0])] * 500, crs=4326)
    path = write(points, tmp_path / "own.fgb")
    path.write_bytes(path.read_bytes()[:5000])
    assert fault(read_assets, path, kusatsu) == "ledger_unreadable"


def test_a_csv_of_bytes_that_are_no_text(kusatsu, tmp_path):
    (tmp_path / "own.csv").write_bytes(b"asset_id,lon,lat\n\x81\xff\xfe\xfd,1,2\n")
    assert fault(read_assets, tmp_path / "own.csv", kusatsu, row=2) == "ledger_encoding"


def test_a_csv_line_with_too_many_columns_is_named(kusatsu, tmp_path):
    (tmp_path / "own.csv").write_text("asset_id,sector,lon,lat\na,park,135.9,35.0\nb,park,135.9,35.0,5,6\n")
    assert fault(read_assets, tmp_path / "own.csv", kusatsu, row="3") == "ledger_ragged"


@pytest.mark.parametrize("text", ['{"type":"FeatureCollection","features":[]}', None])
def test_a_file_without_rows(kusatsu, tmp_path, text):
    path = tmp_path / ("own.geojson" if text else "own.csv")
    path.write_text(text or "asset_id,sector,lon,lat\n")
    assert fault(read_assets, path, kusatsu) == "ledger_no_rows"


def test_a_parquet_file_without_geometry(ledger, kusatsu, tmp_path):
    pd.DataFrame(ledger.drop(columns="geometry")).to_parquet(tmp_path / "own.parquet")
    assert fault(read_assets, tmp_path / "own.parquet", kusatsu) == "ledger_not_spatial"


def test_a_geopackage_without_geometry(ledger, kusatsu, tmp_path):
    pyogrio.write_dataframe(
        pd.DataFrame(ledger.drop(columns="geometry")), tmp_path / "own.gpkg", driver="GPKG"
    )
    assert fault(read_assets, tmp_path / "own.gpkg", kusatsu) == "ledger_not_spatial"


def test_a_table_without_a_place(kusatsu, tmp_path):
    (tmp_path / "own.csv").write_text("asset_id,sector\na,park\n")
    assert fault(read_assets, tmp_path / "own.csv", kusatsu) == "ledger_no_place"


def test_x_and_y_are_read_in_the_regions_zone_and_told(kusatsu, tmp_path):
    (tmp_path / "own.csv").write_text("asset_id,sector,X座標,Y座標\na,park,-110000,-5000\n")
    rows = read_assets(tmp_path / "own.csv", region=kusatsu)
    assert rows.crs == 6674 and rows.geometry[0].coords[0] == (-5000, -110000)
    assert [note.key for note in rows.attrs["notes"]] == ["place_zone"]


def test_x_and_y_that_fit_nowhere_are_not_guessed(kusatsu, tmp_path):
    (tmp_path / "own.csv").write_text("asset_id,sector,X座標,Y座標\na,park,9000000,-5000\n")
    assert fault(read_assets, tmp_path / "own.csv", kusatsu) == "ledger_xy"


def test_a_shapefile_without_prj(ledger, kusatsu, tmp_path):
    pyogrio.write_dataframe(ledger.iloc[:2], tmp_path / "own.shp")
    (tmp_path / "own.prj").unlink()
    rows = read_assets(tmp_path / "own.shp", region=kusatsu)
    assert np.allclose(rows.geometry[0].coords[0], INSIDE[0])
    assert [note.key for note in rows.attrs["notes"]] == ["place_crs_degrees"]


def test_a_shapefile_without_prj_that_fits_nowhere(ledger, kusatsu, tmp_path):
    far = ledger.iloc[:2].set_geometry([shapely.Point(9e6, 9e6)] * 2, crs=6674)
    pyogrio.write_dataframe(far, tmp_path / "own.shp")
    (tmp_path / "own.prj").unlink()
    assert fault(read_assets, tmp_path / "own.shp", kusatsu) == "ledger_prj_missing"


def test_a_shapefile_without_its_sisters(ledger, kusatsu, tmp_path):
    pyogrio.write_dataframe(ledger.iloc[:2], tmp_path / "own.shp")
    (tmp_path / "own.dbf").unlink()
    assert fault(read_assets, tmp_path / "own.shp", kusatsu, missing=".dbf") == "ledger_shapefile_incomplete"


@pytest.mark.parametrize("suffix", [".gpkg", ".parquet", ".fgb"])
@pytest.mark.filterwarnings("ignore:'crs' was not provided")
def test_a_file_without_a_coordinate_system(ledger, kusatsu, tmp_path, suffix):
    path = write(ledger.set_crs(None, allow_override=True), tmp_path / f"own{suffix}")
    rows = read_assets(path, region=kusatsu).set_index("asset_id")
    assert rows.crs == 4326 and np.allclose(rows.geometry["b1"].coords[0], INSIDE[0])


def test_metres_that_claim_to_be_degrees(ledger, kusatsu, tmp_path):
    wrong = ledger.to_crs(6674).set_crs(4326, allow_override=True)
    rows = read_assets(write(wrong, tmp_path / "own.gpkg"), region=kusatsu)
    assert rows.crs == 6674 and [note.key for note in rows.attrs["notes"]] == ["place_crs_zone"]


def test_metres_that_claim_to_be_degrees_and_fit_nowhere(ledger, kusatsu, tmp_path):
    wrong = ledger.set_geometry([shapely.Point(9e6, 9e6)] * 3, crs=4326)
    assert fault(read_assets, write(wrong, tmp_path / "own.gpkg"), kusatsu) == "ledger_not_degrees"


@pytest.mark.parametrize("epsg", [4326, 6674])
def test_swapped_coordinates(ledger, kusatsu, tmp_path, epsg):
    table = ledger.to_crs(epsg)
    turned = table.set_geometry(shapely.transform(table.geometry.to_numpy(), lambda c: c[:, ::-1]), crs=epsg)
    rows = read_assets(write(turned, tmp_path / "own.gpkg"), region=kusatsu).set_index("asset_id")
    assert rows.to_crs(4326).geometry["b1"].coords[0] == pytest.approx(INSIDE[0])
    assert [note.key for note in rows.attrs["notes"]] == ["place_shapes_swapped"]


def test_swapped_columns(kusatsu, tmp_path):
    (tmp_path / "own.csv").write_text("asset_id,sector,lon,lat\na,park,35.01,135.96\n")
    rows = read_assets(tmp_path / "own.csv", region=kusatsu)
    assert rows.geometry[0].coords[0] == (135.96, 35.01)
    assert [note.key for note in rows.attrs["notes"]] == ["place_swapped"]


def test_a_file_outside_the_region_says_where_it_lies(kusatsu, tmp_path):
    (tmp_path / "own.csv").write_text("asset_id,sector,lon,lat\na,park,135.8,34.6\n")
    with pytest.raises(FileError) as caught:
        read_assets(tmp_path / "own.csv", region=kusatsu)
    assert caught.value.key == "ledger_outside"
    assert "奈良県" in say(caught.value, "ja") and "草津市" in say(caught.value, "ja")


@pytest.mark.parametrize("place", ["", "不明", "nan", "inf"])
def test_a_file_whose_every_place_is_broken(kusatsu, tmp_path, place):
    (tmp_path / "own.csv").write_text(f"asset_id,sector,lon,lat\na,park,{place},35\nb,park,{place},35\n")
    assert fault(read_assets, tmp_path / "own.csv", kusatsu, rows=2) == "ledger_no_usable_place"


def test_of_several_layers_the_one_with_most_rows_is_read(ledger, kusatsu, tmp_path):
    for layer, count in (("north", 1), ("south", 3)):
        pyogrio.write_dataframe(ledger.iloc[:count], tmp_path / "own.gpkg", layer=layer)
    assert len(read_assets(tmp_path / "own.gpkg", region=kusatsu)) == 3


def test_a_ledger_without_sectors_shows_the_columns_it_has(ledger, kusatsu, tmp_path):
    path = write(ledger.drop(columns="sector"), tmp_path / "own.gpkg")
    with pytest.raises(FileError) as caught:
        read_assets(path, region=kusatsu)
    assert caught.value.key == "ledger_no_sector" and "asset_id" in say(caught.value, "en")


def test_a_zip_that_would_unpack_to_too_much_is_not_unpacked(kusatsu, tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "MAX_UNPACKED_BYTES", 1_000_000)
    for name in ("own.zip", "own.xlsx"):
        with zipfile.ZipFile(tmp_path / name, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("own.geojson", b" " * 2_000_000)
        assert fault(read_assets, tmp_path / name, kusatsu) == "ledger_zip_too_large"


@pytest.mark.parametrize("names", [[], ["a.geojson", "b.geojson"]])
def test_a_zip_without_one_clear_ledger(kusatsu, tmp_path, names):
    with zipfile.ZipFile(tmp_path / "own.zip", "w") as archive:
        for name in [*names, "readme.pdf"]:
            archive.writestr(name, b"{}")
    assert fault(read_assets, tmp_path / "own.zip", kusatsu) == "ledger_zip_choice"


def test_a_file_above_the_limit(kusatsu, tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "MAX_FILE_BYTES", 10)
    (tmp_path / "own.csv").write_text("asset_id,sector,lon,lat\n")
    assert fault(read_assets, tmp_path / "own.csv", kusatsu) == "ledger_too_large"


@pytest.mark.parametrize(
    "text",
    [
        '<OGRVRTDataSource><OGRVRTLayer name="x"><SrcDataSource>{}</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>',
        '{{"type":"gdal_streamed_alg","command_line":"gdal vector pipeline ! read {} ! write --of stream s"}}',
    ],
)
def test_a_file_that_makes_gdal_open_another_is_refused(ledger, kusatsu, tmp_path, text):
    secret = write(ledger, tmp_path / "secret.geojson")
    (tmp_path / "own.geojson").write_text(text.format(secret))
    assert fault(read_assets, tmp_path / "own.geojson", kusatsu) == "ledger_unreadable"


def test_a_sheet_that_claims_the_whole_grid_is_read_at_its_real_size(kusatsu, tmp_path):
    buffer, book = io.BytesIO(), openpyxl.Workbook()
    book.active.append(["asset_id", "sector", "lon", "lat"])
    book.active.append(["a", "park", 135.96, 35.01])
    book.save(buffer)
    with zipfile.ZipFile(buffer) as old, zipfile.ZipFile(tmp_path / "own.xlsx", "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(b'ref="A1:D2"', b'ref="A1:XFD1048576"'))
    assert len(read_assets(tmp_path / "own.xlsx", region=kusatsu)) == 1


# Roads ----------------------------------------------------------------------------------------------------


def road_file(path, columns, shapes=None):
    lines = shapes or [shapely.LineString(INSIDE[:2])] * len(next(iter(columns.values())))
    return write(gpd.GeoDataFrame(columns, geometry=lines, crs=4326), path)


def test_tags_of_openstreetmap_give_class_direction_and_level(kusatsu, tmp_path):
    tags = {
        "highway": ["trunk", "['residential', 'tertiary']", "motorway", "footway"],
        "oneway": ["no", "-1", None, None],
        "bridge": [None, "viaduct", "no", None],
        "tunnel": ["culvert", None, None, None],
        "layer": ["-1", "1", "x", None],
    }
    roads, facts = read_roads(road_file(tmp_path / "osm.gpkg", tags), region=kusatsu)
    assert list(roads["road_class"]) == ["national", "municipal_other", "expressway"]
    assert list(roads["is_oneway"]) == [False, True, True]
    assert list(roads["is_bridge"]) == [False, True, False]
    assert list(roads["is_tunnel"]) == [True, False, False]
    assert list(roads["level"]) == [-1, 1, 0]
    assert (facts["scheme"], facts["not_for_cars"], facts["line_count"]) == ("osm", 1, 3)


def test_a_line_that_runs_against_its_drawing_is_turned(kusatsu, tmp_path):
    path = road_file(tmp_path / "osm.gpkg", {"highway": ["primary"], "oneway": ["-1"]})
    start = read_roads(path, region=kusatsu)[0].to_crs(4326).geometry[0].coords[0]
    assert np.allclose(start, INSIDE[1], atol=1e-6)


def test_attributes_of_n13_give_class_and_structure(kusatsu, tmp_path):
    columns = {"N13_003": [1, 3, 6, 2], "N13_004": [2, 3, 1, 5], "N13_006": [3, 1, 6, 1]}
    roads, facts = read_roads(road_file(tmp_path / "n13.geojson", columns), region=kusatsu)
    assert list(roads["road_class"]) == ["national", "municipal_other", "unknown"]
    assert list(roads["is_bridge"]) == [True, False, False] and list(roads["is_tunnel"]) == [
        False,
        True,
        False,
    ]
    assert roads["width_m"].fillna(-1).tolist() == [9.25, 3.0, -1]
    assert (facts["scheme"], facts["not_for_cars"]) == ("n13", 1)


def test_our_own_columns_are_taken_and_unknown_words_are_unknown(kusatsu, tmp_path):
    columns = {"road_class": ["prefectural", "wide"], "is_oneway": [True, False], "level": [2, 99]}
    roads, facts = read_roads(road_file(tmp_path / "own.gpkg", columns), region=kusatsu)
    assert list(roads["road_class"]) == ["prefectural", "unknown"]
    assert list(roads["is_oneway"]) == [True, False] and list(roads["level"]) == [2, 0]
    assert facts["scheme"] == "own" and facts["unknown_class_ratio"] == pytest.approx(0.5)


def test_lines_without_attributes_are_unknown_and_said_so(kusatsu, tmp_path):
    roads, facts = read_roads(road_file(tmp_path / "own.gpkg", {"id": [1, 2]}), region=kusatsu)
    assert set(roads["road_class"]) == {"unknown"} and not roads["is_oneway"].any()
    assert (facts["scheme"], facts["has_class"], facts["unknown_class_ratio"]) == ("none", False, 1.0)


def test_lines_in_parts_are_taken_apart_and_broken_ones_counted(kusatsu, tmp_path):
    parts = shapely.MultiLineString([INSIDE[:2], INSIDE[1:]])
    nothing = shapely.LineString([INSIDE[0], INSIDE[0]])
    path = road_file(tmp_path / "own.gpkg", {"id": [1, 2, 3]}, [parts, nothing, shapely.Point(INSIDE[0])])
    roads, facts = read_roads(path, region=kusatsu)
    assert list(roads["source"]) == ["own.gpkg#1"] * 2 and roads.crs == kusatsu.epsg
    assert (facts["broken"], facts["broken_rows"], facts["not_lines"]) == (1, [2], 1)


def test_a_road_file_of_points_is_refused(ledger, kusatsu, tmp_path):
    path = write(ledger.iloc[:2], tmp_path / "own.gpkg")
    assert fault(read_roads, path, kusatsu, found="Point") == "ledger_no_lines"


def test_a_road_file_of_footpaths_is_refused(kusatsu, tmp_path):
    path = road_file(tmp_path / "osm.gpkg", {"highway": ["steps", "path"]})
    assert fault(read_roads, path, kusatsu) == "ledger_no_usable_lines"


def test_the_real_network_of_kusatsu_has_its_known_length(kusatsu):
    path = SAMPLES / "kusatsu_osm_roads" / "roads.geojson"
    if not path.exists():
        pytest.skip("the real road lines of 草津市 are not on this machine")
    roads, facts = read_roads(path, region=kusatsu)
    assert facts["row_count"] == 6732 and facts["scheme"] == "none"
    assert facts["length_m"] == pytest.approx(272_000, abs=1000)
    assert facts["length_in_region_m"] == pytest.approx(236_000, abs=1000)
    assert roads.geometry.geom_type.eq("LineString").all()


@pytest.mark.parametrize(
    "name",
    [
        "handa_sewer/span_geoms.gpkg",
        "nara_n03/N03-21_29_210101.geojson",
        "kanagawa_park_ledger/parks_cp932.csv",
    ],
)
def test_real_files_of_other_places_are_refused_in_one_sentence(kusatsu, name):
    if not (SAMPLES / name).exists():
        pytest.skip(f"{name} is not on this machine")
    assert fault(read_assets, SAMPLES / name, kusatsu) in {
        "ledger_outside",
        "ledger_address_unfound",
    }


def test_every_fault_has_a_sentence_that_says_what_was_kept():
    from gunmane.i18n import catalogue

    kept = {"ja": "何も変更していません", "en": "Nothing was changed"}
    for lang in LANGUAGES:
        own = {k: v for k, v in catalogue(lang).items() if k.startswith("error.ledger_")}
        assert len(own) > 20 and all(kept[lang] in sentence for sentence in own.values())


def test_blank_rows_are_left_out_and_row_numbers_stay(kusatsu, tmp_path):
    (tmp_path / "own.csv").write_text(
        "asset_id,sector,lon,lat\na,park,135.96,35.01\n\n,,,\nb,park,135.96,35.01\n"
    )
    book = openpyxl.Workbook()
    for row in (["asset_id", "sector", "lon", "lat"], ["a", "park", 135.96, 35.01]):
        book.active.append(row)
    for column, value in enumerate(["b", "park", 135.96, 35.01], start=1):
        book.active.cell(row=5, column=column, value=value)
    book.save(tmp_path / "own.xlsx")
    for name in ("own.csv", "own.xlsx"):
        rows = read_assets(tmp_path / name, region=kusatsu)
        assert list(rows["source"]) == [f"{name}#2", f"{name}#5"] and list(rows.index) == [0, 1]


def test_a_line_with_a_coordinate_that_is_no_number_is_broken(kusatsu, tmp_path):
    lines = ["LINESTRING (135.96 35.01, NaN 35.02)", "LINESTRING (135.96 35.01, 135.95 35.02)"]
    pd.DataFrame({"sector": "road", "wkt": lines}).to_csv(tmp_path / "own.csv", index=False)
    assert read_assets(tmp_path / "own.csv", region=kusatsu).geometry.isna().tolist() == [True, False]


def test_names_in_the_wrong_case_are_still_our_columns(kusatsu, tmp_path):
    rows = [
        {
            "type": "Feature",
            "properties": {"SECTOR ": "park", "Asset_ID": "a"},
            "geometry": {"type": "Point", "coordinates": INSIDE[0]},
        }
    ]
    (tmp_path / "own.json").write_text(json.dumps({"type": "FeatureCollection", "features": rows}))
    assert list(read_assets(tmp_path / "own.json", region=kusatsu)["asset_id"]) == ["a"]


def test_of_two_columns_that_differ_in_case_the_one_spelt_as_ours_counts(kusatsu, tmp_path):
    (tmp_path / "own.csv").write_text("Sector,sector,lon,lat\nroad,park,135.96,35.01\n")
    assert list(read_assets(tmp_path / "own.csv", region=kusatsu)["sector"]) == ["park"]


def test_a_curve_in_wkt_is_a_fault_of_its_row(kusatsu, tmp_path):
    shapes = ["CIRCULARSTRING (135.96 35.01, 135.95 35.02, 135.94 35.03)", "POINT (135.96 35.01)"]
    pd.DataFrame({"sector": "park", "wkt": shapes}).to_csv(tmp_path / "own.csv", index=False)
    assert read_assets(tmp_path / "own.csv", region=kusatsu).geometry.isna().tolist() == [True, False]


def test_one_mistyped_longitude_does_not_refuse_the_file(kusatsu, tmp_path):
    (tmp_path / "own.csv").write_text("sector,lon,lat\npark,135.96,35.01\npark,13596,35.01\n")
    rows = read_assets(tmp_path / "own.csv", region=kusatsu)
    assets, rejects = take_assets(rows, region=kusatsu, source="own.csv")
    assert (len(assets), list(rejects["row"])) == (1, [3])


@pytest.mark.parametrize("end", ["13594 35.02", "135.94 95"])
def test_a_road_to_a_place_off_the_globe_is_broken(kusatsu, tmp_path, end):
    lines = [f"LINESTRING (135.96 35.01, {end})", "LINESTRING (135.96 35.01, 135.95 35.02)"]
    pd.DataFrame({"wkt": lines}).to_csv(tmp_path / "own.csv", index=False)
    roads, facts = read_roads(tmp_path / "own.csv", region=kusatsu)
    assert (len(roads), facts["broken_rows"]) == (1, [2]) and np.isfinite(facts["length_m"])


def test_a_sheet_of_too_many_rows_is_left_at_the_limit(kusatsu, tmp_path, monkeypatch):
    book = openpyxl.Workbook()
    for row in [["sector", "lon", "lat"], *[["park", 135.96, 35.01]] * 20]:
        book.active.append(row)
    book.save(tmp_path / "own.xlsx")
    monkeypatch.setattr("gunmane.ledgers.files.MAX_ROWS", 5)
    assert fault(read_assets, tmp_path / "own.xlsx", kusatsu, rows="6") == "ledger_too_many_rows"


# Row numbers and headings of a sheet ----------------------------------------------------------------------

HEADINGS = ["asset_id", "sector", "lon", "lat", "length_m"]
SHEET = [["a", "park", 135.96, 35.01, 3], ["b", "?", 135.96, 35.01, 4], ["c", "park", 135.95, 35.02, "x"]]


def sheet(path, rows):
    """Write rows of cells as they stand, headings and titles among them."""
    if path.suffix == ".xlsx":
        book = openpyxl.Workbook()
        for number, row in enumerate(rows, start=1):
            for column, value in enumerate(row, start=1):
                book.active.cell(row=number, column=column, value=value)
        book.save(path)
    else:
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(rows)
    return path


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
@pytest.mark.parametrize(
    "above", [[], [["橋梁台帳 令和5年度"]], [["橋梁台帳\n(甲)"], [], ["", "2024-04-01"]]]
)
def test_a_row_has_the_number_that_the_spreadsheet_shows(kusatsu, tmp_path, suffix, above):
    path = sheet(tmp_path / f"own{suffix}", [*above, HEADINGS, *SHEET])
    rows = read_assets(path, region=kusatsu)
    first = len(above) + 2
    assert list(rows["source"]) == [f"{path.name}#{first + i}" for i in range(3)]
    assets, rejects = take_assets(rows, region=kusatsu, source=path.name)
    assert list(assets["source"]) == [f"{path.name}#{first}", f"{path.name}#{first + 2}"]
    faults = rejects[rejects["rule"] != "heading_row_value"]
    assert faults[["row", "rule"]].to_numpy().tolist() == [
        [first + 1, "sector_unknown"],
        [first + 2, "length_m_value"],
    ]


def test_headings_below_a_title_are_told(kusatsu, tmp_path):
    path = sheet(tmp_path / "own.xlsx", [["橋梁台帳", "令和5年度"], [], HEADINGS, SHEET[0]])
    assets, rejects = take_assets(read_assets(path, region=kusatsu), region=kusatsu, source=path.name)
    assert len(assets) == 1
    told = rejects[["row", "value", "rule"]].to_numpy().tolist()
    assert told == [[3, "橋梁台帳 令和5年度", "heading_row_value"]]


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_blank_rows_above_the_headings_are_no_title(kusatsu, tmp_path, suffix):
    path = sheet(tmp_path / f"own{suffix}", [[], [], HEADINGS, SHEET[0]])
    assets, rejects = take_assets(read_assets(path, region=kusatsu), region=kusatsu, source=path.name)
    assert rejects.empty and list(assets["source"]) == [f"{path.name}#4"]


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_headings_in_japanese_below_a_title_are_read(kusatsu, tmp_path, suffix):
    rows = [["橋梁台帳 令和5年度"], ["橋梁名", "所在地", "橋長"], ["大橋", "草津町", "12"]]
    ledger = read_assets(sheet(tmp_path / f"own{suffix}", rows), region=kusatsu)
    row = ledger.iloc[0]
    assert (row["sector"], row["name"], row["length_m"]) == ("bridge", "大橋", "12")
    assert (row["position"], ledger.attrs["title"]) == ("town_point", "橋梁台帳 令和5年度")


def test_a_ragged_line_below_a_title_has_its_own_number(kusatsu, tmp_path):
    text = "台帳\n\nsector,lon,lat\npark,135.96,35.01\npark,135.96,35.01,1,2\n"
    (tmp_path / "own.csv").write_text(text)
    assert fault(read_assets, tmp_path / "own.csv", kusatsu, row="5") == "ledger_ragged"


def test_one_row_with_longitude_and_latitude_swapped_says_so(kusatsu, tmp_path):
    (tmp_path / "own.csv").write_text("sector,lon,lat\npark,135.96,35.01\npark,34.50,135.95\n")
    rows = read_assets(tmp_path / "own.csv", region=kusatsu)
    assets, rejects = take_assets(rows, region=kusatsu, source="own.csv")
    assert len(assets) == 1
    told = rejects[["row", "value", "rule"]].to_numpy().tolist()
    assert told == [[3, "lon=34.50, lat=135.95", "lon_lat_swapped"]]
    assert "経度と緯度が逆のようです" in catalogue("ja")["advice.lon_lat_swapped"]


@pytest.fixture(scope="module")
def written_sample(tmp_path_factory):
    """The files of `gunmane sample nara_uda` and the assets that they were written from."""
    region = find_region("nara_uda")
    rows = load_sample(region)
    out = tmp_path_factory.mktemp("sample")
    return region, rows.assets, write_files(sample_files(rows.assets, rows.roads, region), out)


@pytest.mark.parametrize("suffix", [".csv", ".gpkg", ".parquet"])
def test_a_written_sample_is_read_back_without_a_fault(written_sample, suffix):
    region, sample, paths = written_sample
    files = [path for path in paths.values() if path.suffix == suffix and "road" not in path.stem]
    assert len(files) == 1
    assets, rejects = take_assets(read_assets(files[0], region=region), region=region, source=files[0].name)
    assert rejects.empty
    assert len(assets) == len(sample) and set(assets["asset_id"]) == set(sample["asset_id"])
    ours = sample.set_index("asset_id").sort_index()
    theirs = assets.set_index("asset_id").sort_index()
    assert theirs["sector"].tolist() == ours["sector"].tolist()
    assert np.allclose(theirs["length_m"], ours["length_m"], rtol=1e-3, atol=0.1, equal_nan=True)
