"""Files opened: what each gives as it stands, and one sentence for each that cannot be used."""

import io
import json
import os
import pathlib
import shutil
import signal
import struct
import subprocess
import sys
import time
import zipfile
import zlib

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pyogrio
import pytest
import shapely

from gunmane import own_folders
from gunmane.errors import FileError
from gunmane.explain import note_sentence
from gunmane.exports.templates import TEMPLATES, template_xlsx
from gunmane.i18n import LANGUAGES, say, t
from gunmane.ledgers import files as limits
from gunmane.ledgers import read_roads
from gunmane.ledgers.opening import open_raw
from gunmane.ledgers.opening_notes import opening_notes
from gunmane.ledgers.profiles import Layout
from gunmane.municipalities import find_region

PLACES = [(135.96, 35.01), (135.95, 35.02), (135.94, 35.03)]
NAMES = "番号,橋梁名,所在地\n1,大橋,草津市草津町\n2,小橋,栗東市綣\n"


@pytest.fixture
def bridges():
    rows = {"番号": ["1", "2", "3"], "橋長": [12.5, None, 3.0], "年": [1970, 1980, 1990]}
    return gpd.GeoDataFrame(rows, geometry=[shapely.Point(p) for p in PLACES], crs=6668)


def refused(path, **options):
    """Return the key of the error, after checking that both languages can say it and name the file."""
    with pytest.raises(FileError) as caught:
        open_raw(path, **options)
    for lang in LANGUAGES:
        sentence = say(caught.value, lang)
        assert pathlib.Path(path).name in sentence and "\n" not in sentence
    return caught.value.key


def text_file(folder, text, *, name="own.csv", encoding="utf-8"):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
    return path


def workbook(folder, rows, *, name="own.xlsx", merged=()):
    book = openpyxl.Workbook()
    for number, row in enumerate(rows, start=1):
        for column, value in enumerate(row, start=1):
            book.active.cell(row=number, column=column, value=value)
    for area in merged:
        book.active.merge_cells(area)
    book.save(folder / name)
    return folder / name


def zipped(folder, members, *, name="own.zip"):
    with zipfile.ZipFile(folder / name, "w", zipfile.ZIP_DEFLATED) as archive:
        for inner, content in members.items():
            archive.writestr(inner, content)
    return folder / name


# Encodings ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp932", "euc_jp", "iso2022_jp"])
def test_a_table_in_any_japanese_encoding_is_read(tmp_path, encoding):
    raw = open_raw(text_file(tmp_path, NAMES, encoding=encoding))
    assert list(raw.table["所在地"]) == ["草津市草津町", "栗東市綣"]


def test_the_signs_that_only_windows_has_are_read(tmp_path):
    raw = open_raw(text_file(tmp_path, "番号,名\n1,㈱①髙橋Ⅲ\n", encoding="cp932"))
    assert raw.told["encoding"] == "cp932" and raw.table.at[2, "名"] == "㈱①髙橋Ⅲ"


def test_half_width_katakana_alone_are_no_euc(tmp_path):
    raw = open_raw(text_file(tmp_path, "no,kana\n1,ｵｵﾊｼ\n2,ｺﾊﾞｼ\n", encoding="cp932"))
    assert list(raw.table["kana"]) == ["ｵｵﾊｼ", "ｺﾊﾞｼ"]


def test_the_encoding_that_the_user_names_counts(tmp_path):
    path = text_file(tmp_path, "a,b\n1,é\n", encoding="latin-1")
    assert open_raw(path, layout=Layout(encoding="latin-1")).table.at[2, "b"] == "é"
    assert refused(path, layout=Layout(encoding="klingon")) == "ledger_encoding_unknown"


def test_a_fault_of_encoding_far_down_is_found_and_its_line_told(tmp_path):
    text = NAMES.encode("cp932") + "3,橋,町\n".encode("cp932") * 400_000 + b"4,\x81\xff,x\n"
    with pytest.raises(FileError) as caught:
        open_raw(text_file(tmp_path, text))
    assert (caught.value.key, caught.value.values["row"]) == ("ledger_encoding", 400_004)


@pytest.mark.parametrize("content", [b"\x00\x01\x02\x03,\x00\n", b"a,b\n1,\x00\n"])
def test_bytes_that_are_no_text_are_refused_under_a_table_name(tmp_path, content):
    assert refused(text_file(tmp_path, content)) == "ledger_encoding"


# Separators, headings, rows -------------------------------------------------------------------------------


@pytest.mark.parametrize("mark", [",", "\t", ";", "|"])
def test_a_separator_is_found(tmp_path, mark):
    text = "番号,橋梁名,橋長\n1,大橋,12.5\n2,小橋,3\n".replace(",", mark)
    raw = open_raw(text_file(tmp_path, text, name="own.txt"))
    assert raw.told["separator"] == mark and list(raw.table.columns) == ["番号", "橋梁名", "橋長"]


def test_a_comma_within_cells_is_no_separator_of_a_tab_file(tmp_path):
    raw = open_raw(text_file(tmp_path, "name\tnote\nA\tx, y, z\nB\tu, v\n", name="own.tsv"))
    assert list(raw.table["note"]) == ["x, y, z", "u, v"]


def test_the_line_that_names_the_separator_is_not_counted(tmp_path):
    raw = open_raw(text_file(tmp_path, "sep=;\r\n番号;橋長\r\n1;12,5\r\n"))
    assert raw.table.loc[2].to_dict() == {"番号": "1", "橋長": "12,5"}


def test_a_cell_with_line_breaks_is_one_row(tmp_path):
    raw = open_raw(text_file(tmp_path, '番号,備考\n1,"上\n中\n下"\n2,x\n'))
    assert raw.table["備考"].to_dict() == {2: "上\n中\n下", 3: "x"}


def test_rows_keep_their_numbers_among_blank_and_short_rows(tmp_path):
    raw = open_raw(text_file(tmp_path, "台帳\n\n番号,橋名,橋長\n1,a,2\n\n,,\n2\n3,c,4,,\n"))
    assert raw.table["番号"].to_dict() == {4: "1", 7: "2", 8: "3"}
    assert raw.table.loc[7, ["橋名", "橋長"]].isna().all()
    assert (raw.told["title"], raw.told["short_rows"]) == ("台帳", 1)


def test_a_row_with_more_cells_than_headings_is_named(tmp_path):
    with pytest.raises(FileError) as caught:
        open_raw(text_file(tmp_path, "a,b\n1,2\n\n3,4,5\n"))
    assert (caught.value.key, caught.value.values["row"]) == ("ledger_ragged", "4")


def test_a_quote_that_is_never_closed_is_refused(tmp_path):
    assert refused(text_file(tmp_path, '番号,備考\n1,x\n2,"途中\n3,y\n')) == "ledger_quote_open"
    long = '番号,備考\n1,"' + "x,y\n" * 12_000_000
    assert refused(text_file(tmp_path, long)) == "ledger_quote_open"


def test_no_heading_and_no_cell_is_lost(tmp_path):
    raw = open_raw(text_file(tmp_path, "番号,橋長,橋長,,\n1,2,3,x,\n"))
    assert raw.table.loc[2].to_dict() == {"番号": "1", "橋長": "2", "橋長 (2)": "3", "列4": "x"}


def test_headings_in_three_rows_become_one_name_a_column(tmp_path):
    rows = [
        ["番号", "橋梁名", "位置", "", "諸元", ""],
        ["", "", "緯度", "経度", "橋長", "幅員"],
        ["", "", "", "", "(m)", "(m)"],
        ["1", "大橋", "35.01", "135.96", "12", "4"],
    ]
    raw = open_raw(text_file(tmp_path, "\n".join(",".join(row) for row in [["橋梁台帳"], *rows])))
    names = ["番号", "橋梁名", "位置 / 緯度", "位置 / 経度", "諸元 / 橋長(m)", "諸元 / 幅員(m)"]
    assert list(raw.table.columns) == names and list(raw.table.index) == [5]
    assert (raw.told["heading_row"], raw.told["heading_rows"]) == (2, 3)
    book = workbook(tmp_path, rows, merged=["A1:A3", "B1:B3", "C1:D1", "E1:F1", "C2:C3", "D2:D3"])
    raw = open_raw(book)
    assert list(raw.table.columns) == names and raw.told["heading_rows"] == 3


def test_the_heading_rows_that_the_user_names_count(tmp_path):
    path = text_file(tmp_path, "甲,乙\nア,イ\n1,2\n")
    assert list(open_raw(path, layout=Layout(heading_row=2)).table.columns) == ["ア", "イ"]
    both = open_raw(path, layout=Layout(heading_row=1, heading_rows=2)).table
    assert list(both.columns) == ["甲 / ア", "乙 / イ"] and list(both.index) == [3]


@pytest.mark.parametrize("name", ["own.csv", "own.xlsx", "own.gpkg", "own.parquet", "own.geojson", "own.shp"])
def test_a_first_look_reads_few_rows_and_the_columns_asked_for(tmp_path, bridges, name):
    if name.endswith((".csv", ".xlsx")):
        plain = pd.DataFrame(bridges.drop(columns="geometry"))
        (plain.to_csv if name.endswith("csv") else plain.to_excel)(tmp_path / name, index=False)
    elif name.endswith("parquet"):
        bridges.to_parquet(tmp_path / name)
    else:
        pyogrio.write_dataframe(bridges, tmp_path / name, encoding="UTF-8")
    raw = open_raw(tmp_path / name, columns=["番号"], max_rows=2)
    assert list(raw.table.columns) == ["番号"] and list(raw.table["番号"]) == ["1", "2"]
    assert raw.shapes is None or len(raw.shapes) == 2


# Workbooks ------------------------------------------------------------------------------------------------


def test_cells_come_back_as_a_person_wrote_them(tmp_path):
    day = pd.Timestamp("2024-04-01").to_pydatetime()
    rows = [["code", "no", "year", "date", "flag"], ["01631", 5.0, 0.5, day, True]]
    assert list(open_raw(workbook(tmp_path, rows)).table.loc[2]) == [
        "01631",
        "5",
        "0.5",
        "2024-04-01",
        "true",
    ]


def test_formulas_are_counted_never_computed(tmp_path):
    raw = open_raw(
        workbook(tmp_path, [["番号", "橋長"], [1, "=6*7"], [2, '=HYPERLINK("file:///etc/passwd")']])
    )
    assert raw.table["橋長"].isna().all() and raw.told["formulas_without_value"] == 2


def test_cells_with_an_error_are_missing_and_counted(tmp_path):
    raw = open_raw(workbook(tmp_path, [["番号", "橋長"], [1, "#N/A"], [2, "#REF!"], [3, 4]]))
    assert raw.table["橋長"].isna().tolist() == [True, True, False] and raw.told["error_cells"] == 2


@pytest.mark.parametrize("kind", ["xls", "ods"])
def test_workbooks_of_other_programs_give_the_same_cells(tmp_path, kind):
    if not shutil.which("soffice"):
        pytest.skip("LibreOffice, which makes such files, is not on this machine")
    path = workbook(
        tmp_path, [["台帳"], ["番号", "橋梁名", "橋長"], ["007", "大橋①", 12.0], ["8", "小橋", 3.5]]
    )
    profile = f"-env:UserInstallation=file://{tmp_path}/office"
    order = ["soffice", profile, "--headless", "--convert-to", kind, "--outdir", str(tmp_path), str(path)]
    subprocess.run(order, check=True, capture_output=True, timeout=120)
    raw = open_raw(path.with_suffix(f".{kind}"))
    assert raw.format == kind and raw.table.equals(open_raw(path).table)
    assert raw.table.loc[3].to_list() == ["007", "大橋①", "12"]


def test_merged_cells_of_an_opendocument_sheet_are_filled_too(tmp_path):
    def cell(word, more=""):
        word = f"<text:p>{word}</text:p>"
        return f'<table:table-cell office:value-type="string" {more}>{word}</table:table-cell>'

    two_rows = 'table:number-rows-spanned="2"'
    rows = [cell("管理者") + cell("橋梁名"), cell("奈良県", two_rows) + cell("大橋")]
    rows += ["<table:covered-table-cell/>" + cell("小橋"), "<table:table-cell/>" + cell("別橋")]
    body = "".join(f"<table:table-row>{row}</table:table-row>" for row in rows)
    sheet = f'<office:spreadsheet><table:table table:name="a">{body}</table:table></office:spreadsheet>'
    base = "urn:oasis:names:tc:opendocument:xmlns"
    names = " ".join(f'xmlns:{name}="{base}:{name}:1.0"' for name in ("office", "table", "text"))
    xml = f"<office:document-content {names}><office:body>{sheet}</office:body></office:document-content>"
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    list_of_parts = f'<manifest:manifest xmlns:manifest="{base}:manifest:1.0"/>'
    members = {"mimetype": kind, "META-INF/manifest.xml": list_of_parts, "content.xml": xml}
    raw = open_raw(zipped(tmp_path, members, name="own.ods"))
    assert raw.table["管理者"].fillna("").tolist() == ["奈良県", "奈良県", ""]


def test_the_sheet_with_the_ledger_is_chosen_and_the_others_told(tmp_path):
    book = openpyxl.Workbook()
    book.active.title = "説明"
    book.active.append(["この台帳の使い方"])
    book.active.append(["よく読んでください"])
    for name, state in (("橋梁", "visible"), ("旧", "hidden")):
        sheet = book.create_sheet(name)
        sheet.sheet_state = state
        for row in [["番号", "橋梁名", "橋長"], [1, name, 3], [2, name, 4]]:
            sheet.append(row)
    book.create_sheet("空")
    book.save(tmp_path / "own.xlsx")
    raw = open_raw(tmp_path / "own.xlsx")
    assert raw.told["sheet"] == "橋梁" and raw.told["sheets"] == ["説明", "橋梁", "旧"]
    assert raw.told["hidden_sheets"] == ["旧"]
    told = [note_sentence(note, "ja") for note in opening_notes(raw)]
    assert len(told) == 2 and "非表示のシート（旧）" in told[0]
    assert "「橋梁」" in told[1] and "（説明）" in told[1]
    assert open_raw(tmp_path / "own.xlsx", layout=Layout(sheet="旧")).table.at[2, "橋梁名"] == "旧"
    assert refused(tmp_path / "own.xlsx", layout=Layout(sheet="無")) == "ledger_sheet_unknown"


def test_a_ledger_that_someone_hid_comes_before_a_note_that_is_shown(tmp_path):
    book = openpyxl.Workbook()
    for row in (["概要"], ["これは説明です"]):
        book.active.append(row)
    sheet = book.create_sheet("橋梁台帳")
    sheet.sheet_state = "hidden"
    for row in (["番号", "橋梁名", "橋長"], [1, "大橋", 3]):
        sheet.append(row)
    book.save(tmp_path / "own.xlsx")
    raw = open_raw(tmp_path / "own.xlsx")
    assert raw.told["sheet"] == "橋梁台帳"
    told = [note_sentence(note, "ja") for note in opening_notes(raw)]
    assert len(told) == 2 and "非表示のシート「橋梁台帳」を読みました" in told[0]


def test_words_of_merged_cells_hold_for_each_row_and_amounts_for_one(tmp_path):
    rows = [
        ["管理者", "橋梁名", "橋長(m)", "架設年", "備考"],
        ["奈良県", "大橋", "120", 1970, "x"],
        ["", "小橋", "", "", ""],
        ["", "中橋", "", "", ""],
        ["宇陀市", "別橋", "5", 1980, "横に広い"],
        ["", "", "", "", ""],
    ]
    path = workbook(tmp_path, rows, merged=["A2:A4", "C2:C4", "D2:D3", "A5:A6", "E2:F2"])
    raw = open_raw(path)
    assert raw.table["管理者"].to_dict() == {2: "奈良県", 3: "奈良県", 4: "奈良県", 5: "宇陀市"}
    assert raw.table["橋長(m)"].isna().tolist() == [False, True, True, False]
    assert raw.table["架設年"].fillna("").tolist() == ["1970", "1970", "", "1980"]
    assert raw.told["merged_filled"] == {"管理者": 2, "架設年": 1}
    assert raw.told["merged_kept"] == {"橋長(m)": 2}
    for lang in LANGUAGES:
        assert len([note_sentence(note, lang) for note in opening_notes(raw)]) == 2


@pytest.mark.parametrize(
    "heading",
    [
        "橋梁名,橋長,緯度,経度,,橋梁名,橋長,緯度,経度",
        "番号,橋梁名,橋長,所在,橋梁名,橋長,所在",
        "橋梁名,橋長,橋梁名,橋長",
    ],
)
def test_two_tables_side_by_side_are_refused(tmp_path, heading):
    cells = [f"x{i}" if name else "" for i, name in enumerate(heading.split(","))]
    text = "\n".join([heading, ",".join(cells), ",".join(cells)])
    assert refused(text_file(tmp_path, text)) == "ledger_tables_beside"
    book = workbook(tmp_path, [line.split(",") for line in text.split("\n")])
    assert refused(book) == "ledger_tables_beside"


@pytest.mark.parametrize(
    "heading",
    [
        "番号,橋梁名,点検年度,判定,点検者名,点検年度,判定,点検者名",
        "橋梁名,橋長,橋長,,",
        "緯度,経度,緯度,経度,橋梁名",
    ],
)
def test_headings_that_come_again_are_no_second_table(tmp_path, heading):
    line = ",".join(f"x{i}" for i in range(heading.count(",") + 1))
    assert len(open_raw(text_file(tmp_path, f"{heading}\n{line}\n")).table) == 1


def test_headings_far_down_are_found_and_may_be_named(tmp_path):
    above = "".join(f"説明{i},,\n" for i in range(60))
    path = text_file(tmp_path, f"{above}番号,橋梁名,橋長\n1,大橋,3\n")
    assert open_raw(path).told["heading_row"] == 61
    above = "".join(f"説明{i},,\n" for i in range(150))
    path = text_file(tmp_path, f"{above}番号,橋梁名,橋長\n1,大橋,3\n")
    raw = open_raw(path, layout=Layout(heading_row=151))
    assert list(raw.table.columns) == ["番号", "橋梁名", "橋長"] and list(raw.table.index) == [152]
    for layout in (Layout(heading_row=-3), Layout(heading_rows=-1)):
        assert refused(path, layout=layout) == "ledger_layout_row"


def test_degrees_with_a_decimal_comma_are_refused_with_the_value(tmp_path):
    path = text_file(tmp_path, "橋梁名;緯度;経度;橋長\nA;34,47;135,96;12,5\n")
    with pytest.raises(FileError) as caught:
        open_raw(path)
    assert (caught.value.key, caught.value.values["value"]) == ("ledger_decimal_comma", "34,47")


def with_part(path, part, change):
    """Write a workbook again with the text of one part changed."""
    buffer = io.BytesIO(path.read_bytes())
    with zipfile.ZipFile(buffer) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, change(old.read(name)) if name == part else old.read(name))
    return path


def test_a_sheet_that_claims_the_whole_grid_is_read_at_its_real_size(tmp_path):
    path = workbook(tmp_path, [["番号", "橋長"], [1, 2]])
    sheet = "xl/worksheets/sheet1.xml"
    with_part(path, sheet, lambda xml: xml.replace(b'ref="A1:B2"', b'ref="A1:XFD1048576"'))
    assert len(open_raw(path).table) == 1


def test_a_cell_at_the_end_of_the_grid_is_refused_at_once(tmp_path):
    path = workbook(tmp_path, [["番号", "橋長"], [1, 2]])
    far = b'<row r="1048576"><c s="0" r="XFD1048576"><v>1</v></c></row></sheetData>'
    with_part(path, "xl/worksheets/sheet1.xml", lambda xml: xml.replace(b"</sheetData>", far))
    assert refused(path) == "ledger_sheet_too_large"


def test_a_workbook_with_a_password_says_so(tmp_path):
    path = text_file(tmp_path, limits.OLE_MAGIC + bytes(600), name="own.xlsx")
    assert refused(path) == "ledger_zip_locked"


@pytest.mark.parametrize("name", ["own.xls", "own.ods", "own.xlsm"])
def test_a_workbook_that_is_none_is_refused(tmp_path, name):
    magic = limits.MAGIC[pathlib.Path(name).suffix]
    content = magic + np.random.default_rng(0).bytes(4000)
    assert refused(text_file(tmp_path, content, name=name)) == "ledger_unreadable"


# GIS files ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["own.gpkg", "own.geojson", "own.fgb", "own.shp", "own.parquet"])
def test_a_gis_file_gives_its_columns_shapes_and_row_numbers(tmp_path, bridges, name):
    writes = bridges.to_parquet if name.endswith("parquet") else bridges.to_file
    writes(tmp_path / name)
    raw = open_raw(tmp_path / name)
    # A FlatGeobuf keeps its rows in the order of its index.
    order = np.argsort(raw.table["番号"].to_numpy(dtype=object), kind="stable")
    assert list(raw.table.index) == [1, 2, 3] and raw.crs.is_geographic
    assert raw.table["橋長"].isna().to_numpy()[order].tolist() == [False, True, False]
    assert np.allclose(shapely.get_coordinates(raw.shapes[order]), PLACES)


def test_dates_truths_and_nothing_come_back_as_text_and_truths(tmp_path):
    rows = {"when": pd.to_datetime(["2024-04-01", None]), "flag": [True, False], "none": [None, None]}
    table = gpd.GeoDataFrame(rows, geometry=[shapely.Point(1, 2)] * 2, crs=4326)
    for name in ("own.gpkg", "own.parquet"):
        (table.to_parquet if name.endswith("parquet") else table.to_file)(tmp_path / name)
        raw = open_raw(tmp_path / name)
        assert raw.table.at[1, "when"].startswith("2024-04-01") and pd.isna(raw.table.at[2, "when"])
        assert raw.table["flag"].tolist() == [True, False] and raw.table["none"].isna().all()


def test_a_property_with_parts_comes_back_as_its_json(tmp_path):
    place = {"type": "Point", "coordinates": PLACES[0]}
    rows = [{"type": "Feature", "properties": {"id": 1, "more": {"a": [1, "橋"]}}, "geometry": place}]
    path = text_file(
        tmp_path, json.dumps({"type": "FeatureCollection", "features": rows}), name="own.geojson"
    )
    assert json.loads(open_raw(path).table.at[1, "more"]) == {"a": [1, "橋"]}


def test_a_curve_becomes_a_line_and_a_height_is_left_out(tmp_path):
    curve = json.dumps("CIRCULARSTRING (0 0, 1 1, 2 0)")
    text = f'id,WKT\n1,{curve}\n2,"LINESTRING Z (0 0 5, 1 1 6)"\n'
    source = text_file(tmp_path, text, name="curves.csv")
    if not shutil.which("ogr2ogr"):
        blob = struct.pack("<BII", 1, 8, 3) + struct.pack("<6d", 0, 0, 1, 1, 2, 0)
        lines = gpd.GeoDataFrame(
            {"id": [1, 2]}, geometry=[shapely.LineString([(0, 0, 5), (1, 1, 6)])] * 2, crs=6674
        )
        pyogrio.write_dataframe(lines, tmp_path / "own.gpkg", geometry_type="Unknown")
        import sqlite3

        with sqlite3.connect(tmp_path / "own.gpkg") as base:
            for (trigger,) in base.execute("select name from sqlite_master where type='trigger'").fetchall():
                base.execute(f'drop trigger "{trigger}"')
            head = b"GP\x00\x01" + struct.pack("<i", 6674)
            base.execute("update own set geom = ? where fid = 1", (head + blob,))
        base.close()
    else:
        order = ["ogr2ogr", "-a_srs", "EPSG:6674", str(tmp_path / "own.gpkg"), str(source)]
        subprocess.run(order, check=True)
    raw = open_raw(tmp_path / "own.gpkg")
    assert shapely.get_type_id(raw.shapes).tolist() == [1, 1] and not shapely.has_z(raw.shapes).any()
    assert len(raw.shapes[0].coords) > 3


def test_a_shapefile_without_prj_is_opened_and_told(tmp_path, bridges):
    pyogrio.write_dataframe(bridges, tmp_path / "own.shp", encoding="UTF-8")
    (tmp_path / "own.prj").unlink()
    raw = open_raw(tmp_path / "own.shp")
    assert raw.crs is None and raw.told["has_prj"] is False and len(raw.table) == 3


@pytest.mark.parametrize("cpg", ["Shift_JIS", "x-sjis", None])
def test_a_shapefile_in_cp932_with_capital_suffixes_is_read(tmp_path, bridges, cpg):
    pyogrio.write_dataframe(bridges.assign(name="㈱髙橋①"), tmp_path / "own.shp", encoding="CP932")
    (tmp_path / "own.cpg").unlink(missing_ok=True)
    if cpg:
        (tmp_path / "own.cpg").write_text(cpg)
    for path in list(tmp_path.iterdir()):
        path.rename(path.with_suffix(path.suffix.upper()))
    raw = open_raw(tmp_path / "own.SHP")
    assert set(raw.table["name"]) == {"㈱髙橋①"} and "番号" in raw.table


def test_the_layer_with_most_rows_is_read_and_the_others_told(tmp_path, bridges):
    pyogrio.write_dataframe(bridges.head(1), tmp_path / "own.gpkg", layer="small")
    pyogrio.write_dataframe(bridges, tmp_path / "own.gpkg", layer="large", append=True)
    notes = pd.DataFrame({"memo": ["x"] * 9})
    pyogrio.write_dataframe(notes, tmp_path / "own.gpkg", layer="notes", append=True)
    raw = open_raw(tmp_path / "own.gpkg")
    assert (raw.told["layer"], sorted(raw.told["layers"])) == ("large", ["large", "notes", "small"])
    assert len(open_raw(tmp_path / "own.gpkg", layout=Layout(layer="small")).table) == 1
    assert open_raw(tmp_path / "own.gpkg", layout=Layout(layer="notes")).shapes is None
    assert refused(tmp_path / "own.gpkg", layout=Layout(layer="none")) == "ledger_layer_unknown"


def test_a_reader_of_roads_gets_the_layer_of_roads(tmp_path, bridges):
    pyogrio.write_dataframe(bridges, tmp_path / "own.gpkg", layer="assets")
    lines = bridges.head(2).set_geometry([shapely.LineString(PLACES[:2]), shapely.LineString(PLACES[1:])])
    pyogrio.write_dataframe(lines, tmp_path / "own.gpkg", layer="roads", append=True)
    roads, _ = read_roads(tmp_path / "own.gpkg", region=find_region("shiga_kusatsu"))
    assert len(roads) == 2 and open_raw(tmp_path / "own.gpkg").told["layer"] == "assets"


def test_json_that_is_no_geojson_goes_to_its_own_reader(tmp_path, bridges):
    bridges.to_file(tmp_path / "own.geojson")
    (tmp_path / "own.geojson").rename(tmp_path / "own.json")
    assert open_raw(tmp_path / "own.json").format == "geojson"
    facility = {"result": [{"shisetsu": {"shisetsu_id": "35.0,135.9", "meisho": "大橋"}}]}
    other = text_file(tmp_path, json.dumps(facility), name="other.json")
    assert refused(other).startswith("xroad_")


# Cut off, too large ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
@pytest.mark.parametrize(
    "name", ["own.gpkg", "own.fgb", "own.parquet", "own.geojson", "own.xlsx", "own.zip", "own.shp"]
)
def test_a_file_cut_off_in_the_middle_is_refused(tmp_path, bridges, name, share):
    many = pd.concat([bridges] * 400, ignore_index=True)
    path = tmp_path / name
    if name.endswith("xlsx"):
        pd.DataFrame(many.drop(columns="geometry")).to_excel(path, index=False)
    elif name.endswith("zip"):
        zipped(tmp_path, {"own.csv": many.to_csv(index=False)})
    else:
        (many.to_parquet if name.endswith("parquet") else many.to_file)(path)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    assert refused(path) == "ledger_unreadable"


def test_the_table_of_another_shapefile_is_refused(tmp_path, bridges):
    pyogrio.write_dataframe(bridges, tmp_path / "own.shp", encoding="UTF-8")
    pyogrio.write_dataframe(pd.concat([bridges] * 2), tmp_path / "other.shp", encoding="UTF-8")
    shutil.copy(tmp_path / "other.dbf", tmp_path / "own.dbf")
    assert refused(tmp_path / "own.shp") == "ledger_dbf_differs"


@pytest.mark.parametrize("sister", [".dbf", ".shx"])
def test_a_sister_of_a_shapefile_cut_off_is_refused(tmp_path, bridges, sister):
    pyogrio.write_dataframe(bridges, tmp_path / "own.shp", encoding="UTF-8")
    path = tmp_path / f"own{sister}"
    path.write_bytes(path.read_bytes()[:-12])
    assert refused(tmp_path / "own.shp") == "ledger_unreadable"


@pytest.mark.parametrize("name", ["own.csv", "own.gpkg", "own.zip"])
def test_a_file_of_two_gigabytes_is_refused(tmp_path, name):
    with (tmp_path / name).open("wb") as stream:
        stream.write(limits.MAGIC.get(pathlib.Path(name).suffix, b"a,b\n"))
        stream.truncate(2 * 1024**3)
    assert refused(tmp_path / name) == "ledger_too_large"


# Zips -----------------------------------------------------------------------------------------------------


def test_a_zip_may_hold_a_table_whatever_its_path_says(tmp_path):
    path = zipped(
        tmp_path, {"../../外/own.csv": NAMES, "__MACOSX/._own.csv": b"\x00", "readme.txt": "read me"}
    )
    raw = open_raw(path)
    assert (raw.file, raw.format, raw.told["member"]) == ("own.zip", "csv", "own.csv")
    assert raw.told["left_out"] == ["readme.txt"] and len(raw.table) == 2
    assert not (tmp_path.parent.parent / "外").exists()


def test_names_in_cp932_inside_a_zip_are_shown_readably(tmp_path):
    path = zipped(tmp_path, {"AAAA.csv": NAMES, "BBBB.csv": NAMES})
    content = (
        path.read_bytes().replace(b"AAAA", "橋梁".encode("cp932")).replace(b"BBBB", "公園".encode("cp932"))
    )
    path.write_bytes(content)
    with pytest.raises(FileError) as caught:
        open_raw(path)
    assert caught.value.key == "ledger_zip_choice" and caught.value.values["found"] == "公園.csv, 橋梁.csv"
    assert open_raw(path, layout=Layout(layer="公園")).told["member"] == "公園.csv"


def test_the_same_data_in_several_forms_counts_as_one(tmp_path, bridges):
    for folder, encoding in (("UTF-8", "UTF-8"), ("Shift-JIS", "CP932")):
        (tmp_path / folder).mkdir()
        pyogrio.write_dataframe(bridges, tmp_path / folder / "N13.shp", encoding=encoding)
    pyogrio.write_dataframe(bridges, tmp_path / "N13.geojson")
    members = {str(f.relative_to(tmp_path)): f.read_bytes() for f in tmp_path.rglob("N13.*")}
    raw = open_raw(zipped(tmp_path, members))
    assert (raw.format, raw.told["encoding"], raw.told.get("left_out")) == ("shapefile", "UTF-8", None)
    assert list(raw.table["番号"]) == ["1", "2", "3"]


def test_a_zip_in_a_zip_is_refused_with_a_sentence(tmp_path):
    inner = zipped(tmp_path, {"own.csv": NAMES}, name="inner.zip").read_bytes()
    assert refused(zipped(tmp_path, {"inner.zip": inner})) == "ledger_zip_nested"


def test_a_zip_that_claims_to_unpack_to_too_much_is_not_unpacked(tmp_path):
    path = tmp_path / "own.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("own.csv", "w") as member:
        for _ in range(80):
            member.write(bytes(1024**2))
    assert refused(path) == "ledger_zip_blown"


def test_a_zip_that_is_too_large_names_the_limit_it_breaks(tmp_path, monkeypatch):
    path = zipped(tmp_path, {"own.csv": NAMES, "other.txt": "x"})
    monkeypatch.setattr(limits, "MAX_ZIP_MEMBERS", 1)
    assert refused(path) == "ledger_zip_many"
    monkeypatch.setattr(limits, "MAX_UNPACKED_BYTES", 10)
    assert refused(path) == "ledger_zip_too_large"


def test_a_zip_with_a_folder_a_town_asks_which_and_reads_each(tmp_path, bridges):
    other = NAMES.replace("大橋", "別橋")
    path = zipped(tmp_path, {"宇陀市/橋梁台帳.csv": NAMES, "曽爾村/橋梁台帳.csv": other})
    with pytest.raises(FileError) as caught:
        open_raw(path)
    names = ("宇陀市/橋梁台帳.csv", "曽爾村/橋梁台帳.csv")
    assert (caught.value.key, caught.value.values["members"]) == ("ledger_zip_choice", names)
    assert refused(path, layout=Layout(layer="橋梁台帳")) == "ledger_zip_choice"
    raw = open_raw(path, layout=Layout(layer=names[1]))
    assert (raw.told["member"], raw.told["left_out"]) == (names[1], [names[0]])
    assert raw.table["橋梁名"].iloc[0] == "別橋"


def test_shapefiles_of_two_towns_do_not_mix(tmp_path, bridges):
    for town, rows in (("29212_utf8", bridges), ("29385_utf8", bridges.head(1))):
        (tmp_path / town).mkdir()
        pyogrio.write_dataframe(rows, tmp_path / town / "橋梁.shp", encoding="UTF-8")
    members = {str(f.relative_to(tmp_path)): f.read_bytes() for f in tmp_path.rglob("橋梁.*")}
    path = zipped(tmp_path, members)
    assert refused(path) == "ledger_zip_choice"
    assert len(open_raw(path, layout=Layout(layer="29385_utf8/橋梁.shp")).table) == 1


def test_two_members_of_one_name_are_read_only_where_they_are_the_same(tmp_path):
    for second, outcome in ((NAMES, None), (NAMES.replace("大橋", "別橋"), "ledger_zip_double")):
        with zipfile.ZipFile(tmp_path / "own.zip", "w") as archive:
            archive.writestr("own.csv", NAMES)
            with pytest.warns(UserWarning, match="Duplicate name"):
                archive.writestr("own.csv", second)
        if outcome:
            assert refused(tmp_path / "own.zip") == outcome
        else:
            assert len(open_raw(tmp_path / "own.zip").table) == 2


def test_only_old_folders_of_our_own_are_swept_away(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    for name in ("gunmane-old", "gunmane-new", "gunmane-shared", "other-old"):
        (tmp_path / name).mkdir(mode=0o700)
    (tmp_path / "gunmane-old" / "ledger.csv").write_text("x")
    (tmp_path / "gunmane-shared").chmod(0o777)
    day_ago = time.time() - own_folders.OLD_SECONDS - 60
    for name in ("gunmane-old", "gunmane-shared", "other-old"):
        os.utime(tmp_path / name, (day_ago, day_ago))
    assert own_folders.sweep_old_folders() == [tmp_path / "gunmane-old"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["gunmane-new", "gunmane-shared", "other-old"]


def test_the_folder_of_a_killed_process_goes_at_once_and_that_of_a_living_one_stays(tmp_path):
    order = """
import pathlib, sys, time
from gunmane.own_folders import own_folder
with own_folder(pathlib.Path(sys.argv[1])) as folder:
    print(folder, flush=True)
    time.sleep(600)
"""
    held = [subprocess.Popen([sys.executable, "-c", order, str(tmp_path)], stdout=subprocess.PIPE, text=True)
            for _ in "ab"]  # fmt: skip
    killed, living = (pathlib.Path(process.stdout.readline().strip()).parent for process in held)
    held[0].kill()
    held[0].wait()
    assert own_folders.sweep_old_folders(tmp_path) == [killed] and living.is_dir()
    held[1].kill()
    held[1].wait()


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="this system has no SIGHUP")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_a_signal_leaves_no_temporary_folder(tmp_path, name):
    order = """
import os, signal, sys, time
import gunmane.ledgers.opening as opening
from gunmane.cli import main
def stop(*arguments, **options):
    os.kill(os.getpid(), signal.NAME)
    time.sleep(30)
opening.open_delimited = stop
# A shell that was told to go on without its terminal hands down an ignored SIGHUP.
signal.signal(signal.NAME, signal.SIG_DFL)
main(["check", sys.argv[1], "--region", "nara_uda"])
""".replace("NAME", name)
    path = zipped(tmp_path, {"own.csv": NAMES})
    (tmp_path / "own").mkdir()
    environ = os.environ | {"TMPDIR": str(tmp_path / "own")}
    run = subprocess.run([sys.executable, "-c", order, str(path)], env=environ, timeout=60, check=False)
    assert run.returncode == 128 + getattr(signal, name) and not list((tmp_path / "own").iterdir())


@pytest.mark.parametrize("name", ["own.zip", "own.xlsx", "own.ods"])
def test_a_member_that_unpacks_to_more_than_it_claims_is_stopped(tmp_path, name):
    members = {"content.xml": b"<a/>", "xl/worksheets/sheet1.xml": b"<a/>", "own.csv": b" " * 30_000_000}
    path = zipped(tmp_path, members, name=name)
    true, false = struct.pack("<I", 30_000_000), struct.pack("<I", 1000)
    crc_true, crc_false = (struct.pack("<I", zlib.crc32(b" " * n)) for n in (30_000_000, 1000))
    path.write_bytes(path.read_bytes().replace(true, false).replace(crc_true, crc_false))
    assert refused(path) == "ledger_zip_bomb"


def test_a_zip_with_a_password_says_so(tmp_path):
    path = zipped(tmp_path, {"own.csv": NAMES})
    content = bytearray(path.read_bytes())
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(bytes(content))
    assert refused(path) == "ledger_zip_locked"


def test_an_entity_in_a_workbook_is_refused(tmp_path):
    bomb = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bbbb">]><a>&b;</a>'
    path = workbook(tmp_path, [["番号"], [1]])
    with_part(path, "xl/workbook.xml", lambda _: bomb)
    assert refused(path) == "ledger_unreadable"
    ods = zipped(tmp_path, {"mimetype": "x", "content.xml": bomb}, name="own.ods")
    assert refused(ods) == "ledger_unreadable"


def test_a_cell_repeated_over_the_whole_grid_is_refused(tmp_path):
    table = "urn:oasis:names:tc:opendocument:xmlns:table:1.0"
    text = "urn:oasis:names:tc:opendocument:xmlns:text:1.0"
    cell = '<t:table-cell t:number-columns-repeated="16384"><x:p>1</x:p></t:table-cell>'
    row = f'<t:table-row t:number-rows-repeated="1048576">{cell}</t:table-row>'
    xml = f'<d xmlns:t="{table}" xmlns:x="{text}"><t:table t:name="a">{row}</t:table></d>'
    assert refused(zipped(tmp_path, {"content.xml": xml}, name="own.ods")) == "ledger_sheet_too_large"


@pytest.mark.parametrize(
    ("start", "found", "wanted"),
    [
        (limits.OLE_MAGIC, "xls", ".xls"),
        (limits.MAGIC[".gpkg"], "GeoPackage", ".gpkg"),
        (limits.MAGIC[".parquet"], "Parquet", ".parquet"),
        (limits.ZIP_MAGIC, "zip", ".zip"),
        (b"%PDF-1.7", "PDF", ""),
        (b"\x89PNG\r\n\x1a\n", "PNG", ""),
    ],
)
@pytest.mark.parametrize("suffix", [".csv", ".geojson", ".gml"])
def test_a_file_of_another_kind_than_its_name_says_is_told_so(tmp_path, start, found, wanted, suffix):
    path = text_file(tmp_path, start + bytes(600), name=f"own{suffix}")
    assert refused(path) == ("ledger_content_differs" if wanted else "ledger_content_unread")
    with pytest.raises(FileError) as caught:
        open_raw(path)
    for lang in LANGUAGES:
        assert found in say(caught.value, lang) and wanted in say(caught.value, lang)


@pytest.mark.parametrize("name", ["own.csv", "own.gpkg", "own.xls"])
def test_a_workbook_under_another_name_is_called_a_workbook(tmp_path, name):
    path = workbook(tmp_path, [["橋梁名", "緯度"], ["a", "35"]])
    path = path.rename(tmp_path / name)
    with pytest.raises(FileError) as caught:
        open_raw(path)
    assert caught.value.key == "ledger_content_differs" and caught.value.values["wanted"] == ".xlsx"


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", TEMPLATES)
def test_an_empty_template_has_no_rows_though_its_second_sheet_explains(tmp_path, name, lang):
    path = text_file(tmp_path, template_xlsx(name, lang), name="own.xlsx")
    with pytest.raises(FileError) as caught:
        open_raw(path)
    assert caught.value.key == "ledger_only_explained"
    assert t(f"template.sheet.{name}", lang) in say(caught.value, "ja")


def test_the_sheets_that_explain_a_template_are_not_told_as_left_out(tmp_path):
    path = text_file(tmp_path, template_xlsx("bridge", "ja"), name="own.xlsx")
    book = openpyxl.load_workbook(path)
    book.worksheets[0].append(["1", "大橋"])
    book.save(path)
    raw = open_raw(path)
    assert len(raw.table) == 1 and raw.told["sheets"] == [raw.told["sheet"]] and not opening_notes(raw)
