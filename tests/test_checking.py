"""What `gunmane check` tells of files, what it writes, and how it ends."""

import json

import geopandas as gpd
import openpyxl
import pytest
import shapely

from gunmane.cli import console, main
from gunmane.cli.report import unit_name
from gunmane.deliveries import recognise, take_delivery
from gunmane.exports.words import text_width
from gunmane.exports.xroad import xroad_csv
from gunmane.homes import find_home
from gunmane.ledgers.profile_files import read_profile
from gunmane.municipalities import find_region

UDA = find_region("nara_uda")
HEADINGS = ["管理番号", "橋梁名", "路線名", "橋長(m)", "架設年度", "判定区分", "備考", "緯度", "経度"]


@pytest.fixture(autouse=True)
def japanese(monkeypatch):
    monkeypatch.setenv("LC_ALL", "ja_JP.UTF-8")
    monkeypatch.delenv("COLUMNS", raising=False)


def saved(path, rows, headings=HEADINGS, title=None):
    book = openpyxl.Workbook()
    sheet = book.active
    for line in ([[title], []] if title else []) + [headings, *rows]:
        sheet.append(line)
    book.save(path)
    return path


def bridge_rows(count):
    hall = UDA.halls.to_crs(4326).geometry["29212"]
    return [
        [
            f"B{i:03d}",
            f"第{i}橋",
            "市道1号",
            10 + i,
            "昭和55年",
            "Ⅱ",
            "",
            hall.y,
            round(hall.x + i * 0.0004, 6),
        ]
        for i in range(1, count + 1)
    ]


@pytest.fixture
def bridges(tmp_path):
    """Forty bridges; the first twelve have a grade that nobody can read, the last two stand with swapped degrees."""
    rows = bridge_rows(40)
    for row in rows[:12]:
        row[5] = "要確認"
    for row in rows[38:]:
        row[7:] = row[7:][::-1]
    return saved(tmp_path / "橋梁.xlsx", rows)


@pytest.fixture
def addressed(tmp_path):
    """Bridges that have an address and nothing else to place them by."""
    towns = ["小川", "鷲家", "木津川"]
    rows = [[i, f"{town}橋", f"東吉野村大字{town}", "Ⅱ"] for i, town in enumerate(towns, start=1)]
    return saved(tmp_path / "一覧.xlsx", rows, ["No.", "橋梁名", "所在地", "判定区分"])


def checked(*args, capsys):
    code = main(["check", *map(str, args)])
    told = capsys.readouterr()
    return code, told.out, told.err


def plain(text):
    """A text without what wrapping put into it."""
    return "".join(text.split())


def headings_of(text):
    """What stands first in the lines of the table of columns."""
    return {line.split("  ")[1] for line in text.splitlines() if line.startswith("  ") and "[" in line}


# Faults -------------------------------------------------------------------------------------------------


def test_a_fault_names_the_ledger_s_own_heading_and_up_to_ten_rows(bridges, capsys):
    _, out, _ = checked(bridges, capsys=capsys)
    assert "2、3、4、5、6、7、8、9、10、11行目ほか2（列判定区分→判定（台帳のまま）、値「要確認」）" in plain(
        out
    )
    assert "列geometry" not in plain(out) and "列condition_raw" not in plain(out)
    assert "40、41行目" in plain(out) and "--outを付けて書き出すExcel" in plain(out)


def test_the_advice_for_a_bridge_lists_no_scales_of_parks_and_sewers(bridges, capsys):
    _, out, _ = checked(bridges, capsys=capsys)
    assert "判定区分Ⅰ〜Ⅳ" in plain(out) and "公園A〜D" not in plain(out) and "緊急度" not in plain(out)


def test_no_line_is_wider_than_the_terminal(bridges, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "72")
    _, out, _ = checked(bridges, capsys=capsys)
    assert max(text_width(line) for line in out.splitlines()) <= 72


def test_lines_break_between_japanese_letters_but_not_before_a_full_stop():
    lines = console.wrapped("橋の位置を確かめてください。bridge_ledger.xlsx を直します。", 12)
    assert "".join(lines).replace(" ", "") == "橋の位置を確かめてください。bridge_ledger.xlsxを直します。"
    assert all(text_width(line) <= 12 or line == "bridge_ledger.xlsx" for line in lines)
    assert not any(line[0] in "。、" for line in lines)


def test_rows_left_out_count_no_values_as_mended(bridges, capsys):
    _, out, _ = checked(bridges, "--on-invalid", "reject", "--json", capsys=capsys)
    (told,) = json.loads(out)["files"]
    assert (told["taken"], told["rejected"], told["mended"]) == (38, 2, 0)


def test_a_title_and_rows_of_sums_are_told_without_an_exclamation(tmp_path, capsys):
    rows = [*bridge_rows(12), ["", "合計", "", 222, "", "", "", "", ""]]
    path = saved(tmp_path / "橋梁.xlsx", rows, title="宇陀市 橋梁一覧表")
    _, out, _ = checked(path, capsys=capsys)
    assert "  ! " not in out and "「宇陀市橋梁一覧表」" in plain(out)
    assert "-合計・注記の行らしいので、施設として取り込みません:16行目" in plain(out)


# Columns ------------------------------------------------------------------------------------------------


def test_columns_stand_in_a_table_with_what_they_mean(bridges, capsys):
    _, out, _ = checked(bridges, capsys=capsys)
    line = next(line for line in out.splitlines() if line.startswith("  架設年度"))
    assert "建設年 [built_year]" in line and "昭和55年" in line
    assert "空の列: 備考" in out and "使わない列" not in out


def test_a_heading_found_through_a_full_width_space_is_not_also_unused(tmp_path, capsys):
    headings = [name.replace("橋梁名", "橋　梁　名") for name in HEADINGS]
    path = saved(tmp_path / "橋梁.xlsx", bridge_rows(12), headings)
    profile = tmp_path / "p.toml"
    profile.write_text(
        '[columns]\nname = ["橋梁名"]\n[constants]\nsector = "bridge"\n[position]\nlat = "緯度"\nlon = "経度"\n',
        encoding="utf-8",
    )
    _, out, _ = checked(path, "--profile", profile, "--json", capsys=capsys)
    (told,) = json.loads(out)["files"]
    assert told["columns_not_used"] == ["管理番号", "路線名", "橋長(m)", "架設年度", "判定区分"]
    assert told["columns_empty"] == ["備考"]


# A file that cannot be used -----------------------------------------------------------------------------


def test_one_broken_file_of_several_ends_with_one_and_is_told_last(bridges, tmp_path, capsys):
    (tmp_path / "空.csv").write_bytes(b"")
    code, out, err = checked(tmp_path / "空.csv", bridges, capsys=capsys)
    assert code == 1 and "橋梁.xlsx: 表形式の台帳" in out
    assert err.count("\n") == 1 and "2 個のファイルのうち 1 個が使えませんでした（空.csv）" in err
    assert (out + err).count("空のファイル") == 1


def test_the_fault_of_a_single_file_is_told_once(tmp_path, capsys):
    (tmp_path / "空.csv").write_bytes(b"")
    code, out, err = checked(tmp_path / "空.csv", "--region", "nara_uda", capsys=capsys)
    assert code == 1 and (out + err).count("空のファイル") == 1


def test_quiet_still_names_every_fault(bridges, tmp_path, capsys):
    (tmp_path / "空.csv").write_bytes(b"")
    code, out, err = checked(tmp_path / "空.csv", bridges, "--quiet", capsys=capsys)
    assert code == 1 and out == "" and "空のファイル" in err


def test_a_ledger_without_places_is_not_said_to_lie_outside(tmp_path, capsys):
    path = tmp_path / "公園.csv"
    path.write_text("公園名,面積\n中央公園,2500\n", encoding="utf-8")
    code, out, err = checked(path, "--out", tmp_path / "out", capsys=capsys)
    assert code == 1 and "位置の列" in out and "モデル地域の外" not in out + err
    assert "中央公園" in out and "面積（m²） [area_m2]" in out
    assert read_profile(tmp_path / "out" / "公園.csv.profile.toml").columns["name"] == ("公園名",)


def test_a_ledger_from_elsewhere_shows_its_columns_and_leaves_a_profile(tmp_path, capsys):
    path = tmp_path / "公園.csv"
    path.write_text("公園名,緯度,経度\n中央公園,35.68,139.76\n", encoding="utf-8")
    code, out, err = checked(path, "--out", tmp_path / "out", capsys=capsys)
    assert code == 1 and "東京都" in out and "中央公園" in out and "東京都" not in err
    assert (tmp_path / "out" / "公園.csv.profile.toml").is_file()


def test_a_file_that_fails_in_its_region_leaves_a_profile_too(tmp_path, capsys):
    path = tmp_path / "公園.csv"
    path.write_text("公園名,面積\n中央公園,2500\n", encoding="utf-8")
    code, out, _ = checked(path, "--region", "nara_uda", "--out", tmp_path / "out", capsys=capsys)
    assert code == 1 and "公園名" in out and list((tmp_path / "out").glob("*.profile.toml"))


def test_the_region_is_found_from_the_title_above_a_list(tmp_path):
    path = saved(
        tmp_path / "一覧.xlsx",
        [[1, "小川橋", "小川"]],
        ["No.", "橋梁名", "所在地"],
        title="東吉野村 橋梁一覧",
    )
    assert find_home(*recognise(path, region=None)).region_id == "nara_uda"


def test_a_home_is_told_without_counts_that_differ_from_what_is_taken(bridges, capsys):
    _, out, _ = checked(bridges, capsys=capsys)
    assert "行のうち" not in out.splitlines()[0] and "宇陀市" in out.splitlines()[0]


# What is written ----------------------------------------------------------------------------------------


def test_bridges_that_stand_by_address_stop_nothing_from_being_written(addressed, tmp_path, capsys):
    code, out, _ = checked(addressed, "--out", tmp_path / "out", capsys=capsys)
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert code == 0 and "一覧.xlsx.profile.toml" in names and "一覧.xlsx.xroad.csv" not in names
    assert "3件は、実際の位置ではないためxROAD形式のCSVに書きません" in plain(out)


def test_the_xroad_form_keeps_the_ledger_s_order(tmp_path):
    rows = [row[1:] for row in bridge_rows(12)]
    path = saved(tmp_path / "橋梁.xlsx", rows, HEADINGS[1:])
    text = xroad_csv(take_delivery(path, region=UDA).assets, UDA).decode("utf-8-sig")
    names = text.splitlines()[1:]
    assert [next(f"第{i}橋" for i in range(12, 0, -1) if f"第{i}橋" in line) for line in names] == [
        f"第{i}橋" for i in range(1, 13)
    ]


def test_a_report_beside_its_ledger_says_which_rows_found_their_bridge(tmp_path, capsys):
    ledger = saved(tmp_path / "橋梁.xlsx", bridge_rows(12))
    rows = [
        ["第1橋", "市道1号", "宇陀市", "奈良県", 2023, "Ⅳ"],
        ["知らない橋", "市道9号", "宇陀市", "奈良県", 2023, "Ⅱ"],
    ]
    headings = ["橋梁名", "路線名", "管理者名", "都道府県名", "点検実施年度", "判定区分"]
    report = saved(tmp_path / "年報.xlsx", rows, headings)
    code, out, _ = checked(report, ledger, "--out", tmp_path / "out", capsys=capsys)
    assert code == 0 and "判定が変わる橋1:第1橋Ⅱ→Ⅳ" in plain(out)
    assert "3行目" in plain(out) and "「知らない橋」" in out
    book = openpyxl.load_workbook(tmp_path / "out" / "年報.xlsx.faults.xlsx")
    assert any("知らない橋" in map(str, row) for row in book.worksheets[0].iter_rows(values_only=True))


# Words of the command -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["plan"], "次の指定が必要です: --out"),
        (["plan", "x", "--out", "o", "--layer", "y"], "--layer に「y」は使えません"),
        (["plan", "x", "--out", "o", "--bundles", "y"], "--bundles は整数にしてください"),
        (["plan", "x", "--out"], "--out には値が 1 つ必要です"),
        (["check", "x", "--zzz"], "知らない指定です: --zzz"),
        (["template", "宇宙", "--out", "o"], "「宇宙」は使えません"),
    ],
)
def test_wrong_usage_is_told_in_the_language_of_the_command(args, said, capsys):
    for lang in ("ja", "en"):
        with pytest.raises(SystemExit) as ended:
            main([*args[:1], "--lang", lang, *args[1:]])
        told = capsys.readouterr().err
        assert ended.value.code == 2 and (said in told) == (lang == "ja")
        assert told.startswith("使い方: " if lang == "ja" else "usage: ")


def test_the_help_of_the_command_is_in_its_language(capsys):
    with pytest.raises(SystemExit):
        main(["plan", "--help", "--lang", "ja"])
    told = capsys.readouterr().out
    assert "使い方: " in told and "オプション:" in told and "show this help" not in told
    assert "gunmane の列名" not in told


def test_a_broken_network_is_told_above_the_bundles_that_it_makes(tmp_path, capsys):
    hall = UDA.halls.geometry["29212"]
    lines = [
        shapely.LineString([(hall.x + i * 3000, hall.y), (hall.x + i * 3000 + 900, hall.y)])
        for i in range(-2, 3)
    ]
    gpd.GeoDataFrame(geometry=lines, crs=UDA.epsg).to_file(tmp_path / "roads.gpkg")
    assert (
        main(["plan", "nara_uda", "--roads", str(tmp_path / "roads.gpkg"), "--out", str(tmp_path / "o")]) == 0
    )
    told = capsys.readouterr().out
    assert told.index("! 道路網は") < told.index("年間業務額（幅）") and "piece " not in told
    assert plain(told).count("個に分かれています") == 1


def test_sectors_are_named_in_japanese_too(tmp_path):
    assert main(["plan", "nara_uda", "--sectors", "橋梁", "トンネル", "--out", str(tmp_path), "--quiet"]) == 0
    chosen = json.loads((tmp_path / "plan.json").read_text("utf-8"))["scenario"]
    assert chosen["sectors"] == ["bridge", "tunnel"]


def test_places_that_are_only_near_are_told_as_a_warning(addressed, capsys):
    _, out, _ = checked(addressed, capsys=capsys)
    assert any(line.startswith("  ! ") and "3 件" in line for line in out.splitlines())


def test_half_a_ledger_is_set_beside_the_official_count(bridges, capsys):
    _, out, _ = checked(bridges, capsys=capsys)
    assert "!宇陀市の橋梁:台帳は" in plain(out) and "公的統計は" in out


def test_a_length_that_is_only_doubted_counts_as_read(tmp_path, capsys):
    rows = bridge_rows(12)
    rows[3][3] = "32,500"
    _, out, _ = checked(saved(tmp_path / "橋梁.xlsx", rows), "--json", capsys=capsys)
    (told,) = json.loads(out)["files"]
    assert (told["taken"], told["unset"]) == (12, 0) and told["faults"][0]["rule"] == "length_m_unusual_value"


def test_a_unit_apart_from_the_roads_of_its_town_has_a_name_of_the_language():
    assert [unit_name("piece 3", lang) for lang in ("ja", "en")] == ["離れた部分 3", "part 3 apart"]
    assert unit_name("鷲家", "ja") == "鷲家"


def test_a_column_of_units_or_of_minutes_is_not_called_unused(tmp_path, capsys):
    hall = UDA.halls.to_crs(4326).geometry["29212"]
    minutes = [int(value % 1 * 60) for value in (hall.y, hall.x)]
    headings = [
        "管理番号",
        "橋梁名",
        "橋長",
        "単位",
        "緯度（度）",
        "緯度（分）",
        "経度（度）",
        "経度（分）",
        "備考",
    ]
    row = ["B1", "中央橋", 12.5, "m", int(hall.y), minutes[0], int(hall.x), minutes[1], "なし"]
    path = saved(tmp_path / "橋梁台帳.xlsx", [row], headings)
    _, out, _ = checked(path, "--region", "nara_uda", "--json", capsys=capsys)
    assert json.loads(out)["files"][0]["columns_not_used"] == ["備考"]
