"""The page データ: files are read one by one, their faults told, their columns corrected, and planned with."""

import io
import json
import threading
import types
import zipfile
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
from caches import new_cache
from streamlit.testing.v1 import AppTest

from gunmane import deliveries
from gunmane.i18n import t

MAIN = Path(__file__).resolve().parent.parent / "app_pages" / "main.py"
SMALL = "hiroshima_geihoku"
TOWN = "34368"
HEAD = "橋梁番号,橋梁名,架設年度,判定区分,市町村コード,緯度,経度,橋長（m）\n"


@pytest.fixture(scope="module", autouse=True)
def own_cache(tmp_path_factory):
    """Sample data of one small region, made once for this module."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GUNMANE_CACHE", str(new_cache(tmp_path_factory)))
        yield


def bridges(count=5, *, extra=""):
    rows = [
        f"00{n},第{n}橋,S55,Ⅲ,{TOWN},{34.6 + n / 1000},{132.3 + n / 1000},12.5\n" for n in range(1, count + 1)
    ]
    return (HEAD + "".join(rows) + extra).encode("cp932")


def opened(lang="ja"):
    app = AppTest.from_file(str(MAIN), default_timeout=300)
    app.query_params["lang"] = lang
    app.query_params["region"] = SMALL
    app.run()
    return app.switch_page("ledgers.py").run()


def drop(app, *files):
    """Drop files into the field, whichever key it has by now."""
    (field,) = [f for f in app.file_uploader if f.key.startswith("ledger_files_")]
    return field.set_value([(name, content, "") for name, content in files]).run()


def html_of(app):
    return " ".join(element.proto.body for element in app.get("html"))


def show_part(app, name, lang="ja"):
    app.session_state[f"data_parts_{lang}"] = t(f"data.part.{name}", lang)
    return app.run()


def desk(app):
    return app.session_state["_brought"][SMALL]


@pytest.mark.parametrize("lang", ["ja", "en"])
def test_without_a_file_the_page_says_what_to_do_next(lang):
    app = opened(lang)
    said = html_of(app)
    assert t("data.empty", lang) in said
    assert t("data.step.drop", lang) in said
    assert t("data.in_use_sample", lang) in said
    assert list(app.exception) == []


@pytest.mark.parametrize("lang", ["ja", "en"])
def test_every_part_of_a_file_opens_without_a_fault(lang):
    app = drop(opened(lang), ("橋.csv", bridges(extra="009,遠い橋,1700,Ⅱ,34368,10,132.3,5\n")))
    for name in ("columns", "faults", "map", "result", "readings", "answers"):
        show_part(app, name, lang)
        assert list(app.exception) == []
        assert [error.value for error in app.error] == []


def test_a_file_says_what_it_was_recognised_as_and_counts_its_rows():
    app = drop(opened(), ("橋.csv", bridges(4, extra="009,遠い橋,S55,Ⅱ,34368,10,132.3,5\n")))
    (file,) = desk(app)
    assert (file.delivery.row_count, len(file.delivery.assets)) == (5, 4)
    said = html_of(app)
    assert t("data.next.rejected", "ja", count="1") in said
    assert t("data.role.assets", "ja") in said


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.geojson", b""),
        ("words.geojson", b"these are words"),
        ("picture.csv", bytes(range(256)) * 40),
    ],
)
def test_a_file_that_cannot_be_read_says_so_and_does_not_stop_the_others(name, content):
    app = drop(opened(), (name, content), ("橋.csv", bridges()))
    assert [file.state for file in desk(app)] == ["failed", "read"]
    assert name in html_of(app)
    assert any(name in error.value for error in app.error)
    assert t("notice.sample.both", "ja") in html_of(app)


def test_a_fault_that_nobody_foresaw_is_a_sentence_and_the_others_are_read(monkeypatch):
    real = deliveries.take_delivery

    def take(path, **choices):
        if path.name == "odd.csv":
            raise ZeroDivisionError
        return real(path, **choices)

    monkeypatch.setattr(deliveries, "take_delivery", take)
    app = drop(opened(), ("odd.csv", bridges()), ("橋.csv", bridges()))
    assert [file.state for file in desk(app)] == ["failed", "read"]
    assert t("error.desk_unexpected", "ja", file="odd.csv") in [error.value for error in app.error]


def test_two_files_of_one_name_both_stay():
    app = drop(opened(), ("橋.csv", bridges(3)), ("橋.csv", bridges(4)))
    assert [(file.name, len(file.delivery.assets)) for file in desk(app)] == [
        ("橋.csv", 3),
        ("橋 (2).csv", 4),
    ]
    drop(app, ("橋.csv", bridges(2)))
    assert [file.name for file in desk(app)] == ["橋.csv", "橋 (2).csv", "橋 (3).csv"]


@pytest.mark.parametrize("name", ["../../secret.csv", "..\\..\\secret.csv", "/etc/secret.csv"])
def test_no_part_of_a_files_name_is_used_as_a_path(name):
    app = drop(opened(), (name, bridges()))
    assert [file.name for file in desk(app)] == ["secret.csv"]
    assert desk(app)[0].state == "read"


def test_nothing_that_was_brought_stays_on_disk(monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    drop(opened(), ("橋.csv", bridges()), ("empty.geojson", b""))
    assert list(tmp_path.iterdir()) == []


def test_faults_are_grouped_with_advice_and_their_first_rows():
    app = drop(opened(), ("橋.csv", bridges(3, extra="009,遠い橋,S55,Ⅱ,34368,10,132.3,5\n")))
    said = html_of(show_part(app, "faults"))
    rule = desk(app)[0].delivery.rejects["rule"].iloc[0]
    assert t(f"files.fault.{rule}", "ja") in said
    assert t(f"advice.{rule}", "ja") in said
    assert "遠い橋" in said
    assert t("data.send_back", "ja") in [button.proto.label for button in app.get("download_button")]


def test_first_rows_show_what_a_cell_became_beside_what_it_was():
    app = drop(opened(), ("橋.csv", bridges(2)))
    table = app.dataframe[0].value
    assert table["架設年度 → " + t("ledger_column.built_year", "ja")].tolist() == ["S55 → 1980"] * 2
    assert table["判定区分 → " + t("ledger_column.condition_raw", "ja")].tolist() == ["Ⅲ → 3"] * 2


def test_a_column_is_corrected_by_drop_down_and_the_file_read_anew():
    content = "呼び名,番号,緯度,経度\n第一橋,7,34.6,132.3\n".encode()
    app = drop(opened(), ("謎.csv", content))
    assert desk(app)[0].delivery.profile.role == "unknown"
    assert t("data.next.unknown", "ja") in html_of(app)
    app.selectbox(key="role_1_1").set_value("assets")
    app.selectbox(key="sector_1_1").set_value("bridge")
    app.selectbox(key="column_name_1_1").set_value("呼び名")
    press(app, t("data.read_with", "ja"))
    (file,) = desk(app)
    assert file.delivery.assets["name"].tolist() == ["第一橋"]
    assert file.delivery.assets["sector"].tolist() == ["bridge"]


def test_a_file_that_could_not_be_used_shows_its_columns_to_be_corrected():
    content = "橋名称,北の座標,東の座標\n第一橋,34.6,132.3\n".encode()
    app = drop(opened(), ("橋.csv", content))
    assert desk(app)[0].state == "failed"
    assert app.dataframe[0].value["橋名称"].tolist() == ["第一橋"]
    app.selectbox(key="sector_1_1").set_value("bridge")
    app.selectbox(key="place_lat_1_1").set_value("北の座標")
    app.selectbox(key="place_lon_1_1").set_value("東の座標")
    press(app, t("data.read_with", "ja"))
    assert len(desk(app)[0].delivery.assets) == 1


def press(app, label):
    return next(button for button in app.button if button.label == label).click().run()


def test_reading_with_wrong_columns_keeps_what_was_read_before():
    app = drop(opened(), ("橋.csv", bridges()))
    app.selectbox(key="role_1_1").set_value("roads")
    press(app, t("data.read_with", "ja"))
    (file,) = desk(app)
    assert len(file.delivery.assets) == 5
    assert len(app.error) == 1
    assert t("data.earlier_kept", "ja") in [info.value for info in app.info]


def test_a_saved_profile_reads_the_next_file_the_same_way():
    from gunmane.ledgers.profile_files import write_profile

    app = drop(opened(), ("橋.csv", bridges()))
    kept = write_profile(desk(app)[0].delivery.profile).replace('name = ["橋梁名"]', 'name = ["橋梁番号"]')
    field = next(f for f in app.file_uploader if f.key.startswith("profile_take"))
    field.set_value([("橋.profile.toml", kept.encode(), "")]).run()
    assert desk(app)[0].delivery.assets["name"].tolist()[0] == "001"


def test_a_profile_that_is_no_profile_is_refused_in_a_sentence():
    app = drop(opened(), ("橋.csv", bridges()))
    field = next(f for f in app.file_uploader if f.key.startswith("profile_take"))
    field.set_value([("x.toml", b"columns = [", "")]).run()
    assert any("x.toml" in error.value for error in app.error)
    assert len(desk(app)[0].delivery.assets) == 5


def test_ledgers_are_planned_with_and_the_sample_can_be_put_back():
    app = drop(opened(), ("橋.csv", bridges()), ("empty.csv", b""))
    app.button(key="plan_with").click().run()
    assert app.session_state["_own"][SMALL].assets == ("橋.csv",)
    assert t("notice.sample.mixed", "ja") in html_of(app)
    app.switch_page("ledgers.py").run()
    assert t("data.in_use_own", "ja", files="橋.csv") in html_of(app)
    assert t("data.state.in_use", "ja") in html_of(app)
    app.button(key="back_to_sample").click().run()
    assert t("notice.sample.both", "ja") in html_of(app)


def test_a_file_that_was_read_anew_says_that_plans_still_use_what_was_read_before():
    app = drop(opened(), ("橋.csv", bridges()))
    app.button(key="plan_with").click().run()
    app.switch_page("ledgers.py").run()
    app.selectbox(key="column_name_1_1").set_value("橋梁番号")
    press(app, t("data.read_with", "ja"))
    assert t("data.next.in_use_older", "ja") in html_of(app)
    app.button(key="plan_with").click().run()
    assert t("data.state.in_use", "ja") in html_of(app.switch_page("ledgers.py").run())


@pytest.mark.parametrize("lang", ["ja", "en"])
def test_road_lines_are_told_and_drawn(lang):
    lines = [[[132.30 + n / 1000, 34.60], [132.301 + n / 1000, 34.602]] for n in range(5)]
    features = [
        {
            "type": "Feature",
            "properties": {"highway": "residential"},
            "geometry": {"type": "LineString", "coordinates": line},
        }
        for line in lines
    ]
    content = json.dumps({"type": "FeatureCollection", "features": features}).encode()
    app = drop(opened(lang), ("道路.geojson", content))
    assert desk(app)[0].delivery.profile.role == "roads"
    for name in ("columns", "map", "result"):
        show_part(app, name, lang)
        assert list(app.exception) == [] and [error.value for error in app.error] == []


def test_who_answers_for_a_file_stands_in_the_readiness_table():
    app = show_part(drop(opened(), ("橋.csv", bridges())), "answers")
    app.text_input[0].set_value("北広島町 建設課")
    next(field for field in app.text_input if field.label == t("data.answers.date", "ja")).set_value(
        "2025-03-31"
    )
    press(app, t("data.answers.keep", "ja"))
    app.button(key="plan_with").click().run()
    app.switch_page("ledgers.py").run()
    app.session_state["data_tabs_ja"] = t("data.tab.ready", "ja")
    said = html_of(app.run())
    assert "2025-03-31" in said
    assert t("data.badge.real", "ja") in said and t("data.badge.sample", "ja") in said


def test_readiness_counts_nothing_flattering_of_sample_data():
    app = opened()
    app.session_state["data_tabs_ja"] = t("data.tab.ready", "ja")
    said = html_of(app.run())
    assert t("ready.head.complete", "ja") in said
    assert "健全度 " not in said.split("<thead>")[1]


@pytest.mark.parametrize("lang", ["ja", "en"])
def test_a_template_is_handed_out_for_every_sector(lang):
    app = opened(lang)
    app.session_state[f"data_tabs_{lang}"] = t("data.tab.templates", lang)
    app.run()
    assert len(app.get("download_button")) == 8
    assert list(app.exception) == []


def test_a_file_can_be_taken_from_the_desk():
    app = drop(opened(), ("橋.csv", bridges()), ("別.csv", bridges(2)))
    app.button(key="remove_1").click().run()
    assert [file.name for file in desk(app)] == ["別.csv"]


def test_more_files_than_there_is_room_for_are_refused_by_name(monkeypatch):
    from app_pages import ledgers_desk

    monkeypatch.setattr(ledgers_desk, "MAX_FILES", 1)
    app = drop(opened(), ("橋.csv", bridges()), ("多い.csv", bridges()))
    assert [file.name for file in desk(app)] == ["橋.csv"]
    assert any("多い.csv" in error.value for error in app.error)


# -- pieces of one ledger -----------------------------------------------------------------------------------


def shapefile(folder, stem="道路", *, keep=(".shp", ".shx", ".dbf", ".prj", ".cpg")):
    """Bridges as the files that make up a shapefile, by name."""
    folder.mkdir(exist_ok=True)
    rows = {"kyo_no": [f"00{n}" for n in range(1, 6)]}
    points = gpd.points_from_xy([132.301 + n / 1000 for n in range(5)], [34.601 + n / 1000 for n in range(5)])
    gpd.GeoDataFrame(rows, geometry=points, crs=6668).to_file(folder / f"{stem}.shp", encoding="utf-8")
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.suffix in keep}


def table_without_places():
    rows = [f"00{n},第{n}橋,S55,Ⅲ,{TOWN},12.5\n" for n in range(1, 6)]
    return ("kyo_no,橋梁名,架設年度,判定区分,市町村コード,橋長（m）\n" + "".join(rows)).encode("cp932")


def points_of_bridges():
    features = [
        {
            "type": "Feature",
            "properties": {"kyo_no": f"00{n}"},
            "geometry": {"type": "Point", "coordinates": [132.3 + n / 1000, 34.6 + n / 1000]},
        }
        for n in range(1, 6)
    ]
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


@pytest.mark.parametrize("is_table_first", [True, False])
@pytest.mark.parametrize("is_at_once", [True, False])
def test_a_table_finds_its_shapes_in_another_file_whichever_comes_first(is_table_first, is_at_once):
    files = [("橋.csv", table_without_places()), ("位置.geojson", points_of_bridges())]
    files = files if is_table_first else files[::-1]
    app = drop(opened(), *files) if is_at_once else drop(drop(opened(), files[0]), files[1])
    by_name = {file.name: file for file in desk(app)}
    assert len(by_name["橋.csv"].delivery.assets) == 5
    assert by_name["橋.csv"].delivery.assets["name"].tolist()[0] == "第1橋"
    assert by_name["位置.geojson"].delivery.row_count == 0
    assert t("data.next.used_up", "ja") in html_of(app)
    app.button(key="plan_with").click().run()
    own = app.session_state["_own"][SMALL].ground
    assert (~own.assets["is_synthetic"]).sum() == 5


def test_a_table_whose_shapes_are_taken_away_has_no_places_any_more():
    app = drop(opened(), ("橋.csv", table_without_places()), ("位置.geojson", points_of_bridges()))
    app.button(key="remove_2").click().run()
    (file,) = desk(app)
    assert file.company == ()
    assert file.delivery is None or file.delivery.assets.empty


def test_files_that_belong_to_no_other_are_read_once(monkeypatch):
    taken, real = [], deliveries.take_delivery

    def take(path, **choices):
        taken.append((path.name, len(choices["beside"])))
        return real(path, **choices)

    monkeypatch.setattr(deliveries, "take_delivery", take)
    drop(opened(), ("橋.csv", bridges()), ("位置.geojson", points_of_bridges()), ("別.csv", bridges(2)))
    assert sorted(taken) == [("位置.geojson", 0), ("別.csv", 0), ("橋.csv", 0)]


# -- parts of a shapefile, profiles beside their ledger -----------------------------------------------------


def test_parts_of_a_shapefile_are_one_file_whatever_their_case(tmp_path):
    parts = shapefile(tmp_path / "s", "橋梁")
    parts = {name.replace(".dbf", ".DBF").replace(".shx", ".Shx"): data for name, data in parts.items()}
    app = drop(opened(), *parts.items(), ("橋.csv", bridges()))
    assert [file.name for file in desk(app)] == ["橋梁.shp", "橋.csv"]
    assert len(desk(app)[0].delivery.assets) == 5
    assert desk(app)[0].delivery.told["has_prj"]


def test_a_lone_part_says_what_is_missing_and_takes_it_when_it_comes(tmp_path):
    parts = shapefile(tmp_path / "s", "橋梁")
    app = drop(opened(), ("橋梁.dbf", parts.pop("橋梁.dbf")))
    assert desk(app)[0].state == "failed"
    said = t("error.desk_shapefile_parts", "ja", file="橋梁.dbf", missing=".shp .shx")
    assert said in [error.value for error in app.error]
    drop(app, *parts.items())
    assert [(file.name, file.state) for file in desk(app)] == [("橋梁.shp", "read")]
    assert len(desk(app)[0].delivery.assets) == 5


def test_two_shapefiles_of_one_name_both_stay(tmp_path):
    parts = shapefile(tmp_path / "s", "橋梁")
    app = drop(drop(opened(), *parts.items()), *parts.items())
    assert [file.name for file in desk(app)] == ["橋梁.shp", "橋梁 (2).shp"]
    assert [len(file.delivery.assets) for file in desk(app)] == [5, 5]


@pytest.mark.parametrize("order", [(0, 1), (1, 0), None])
def test_a_profile_dropped_beside_its_ledger_is_used_whichever_comes_first(order):
    from gunmane.ledgers.profile_files import write_profile

    profile = drop(opened(), ("橋.csv", bridges())).session_state["_brought"][SMALL][0].delivery.profile
    kept = write_profile(profile).replace('name = ["橋梁名"]', 'name = ["橋梁番号"]').encode()
    files = [("橋.csv", bridges()), ("橋.csv.profile.toml", kept)]
    app = opened()
    if order is None:
        drop(app, *files)
    else:
        drop(app, files[order[0]])
        if order[0] == 1:
            assert any("橋.csv" in caption.value for caption in app.caption)
        drop(app, files[order[1]])
    assert [file.name for file in desk(app)] == ["橋.csv"]
    assert desk(app)[0].delivery.assets["name"].tolist()[0] == "001"


# -- several ledgers in one file ----------------------------------------------------------------------------


def zip_of(**members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.csv", content)
    return buffer.getvalue()


def book_of(**counts):
    buffer = io.BytesIO()
    with pd.ExcelWriter(buffer) as writer:
        for name, count in counts.items():
            table = pd.read_csv(io.BytesIO(bridges(count)), encoding="cp932", dtype="str")
            table.to_excel(writer, sheet_name=name, index=False)
    return buffer.getvalue()


def test_a_zip_of_several_ledgers_offers_the_choice():
    app = drop(opened(), ("台帳.zip", zip_of(橋梁=bridges(3), 橋梁2=bridges(4))))
    assert desk(app)[0].state == "failed"
    assert app.selectbox(key="part_1_1").options == ["橋梁.csv", "橋梁2.csv"]
    app.selectbox(key="part_1_1").set_value("橋梁2.csv")
    app.button(key="part_instead_1_1").click().run()
    assert len(desk(app)[0].delivery.assets) == 4
    app.button(key="part_add_1_2").click().run()
    assert [(file.name, len(file.delivery.assets)) for file in desk(app)] == [
        ("台帳.zip", 4),
        ("台帳［橋梁.csv］.zip", 3),
    ]


def test_all_ledgers_of_a_zip_are_added_at_once():
    app = drop(opened(), ("台帳.zip", zip_of(橋梁=bridges(3), 橋梁2=bridges(4), 橋梁3=bridges(2))))
    app.button(key="part_all_1_1").click().run()
    assert sorted(len(file.delivery.assets) for file in desk(app)) == [2, 3, 4]


def test_another_sheet_of_a_workbook_becomes_a_further_file_without_a_second_upload():
    app = drop(opened(), ("橋.xlsx", book_of(北=5, 南=2)))
    assert len(desk(app)[0].delivery.assets) == 5
    app.button(key="part_add_1_1").click().run()
    first, second = desk(app)
    assert (second.name, len(second.delivery.assets)) == ("橋［南］.xlsx", 2)
    assert second.upload.content is first.upload.content
    app.button(key="look_2").click().run()
    app.button(key="part_instead_2_1").click().run()
    assert len(desk(app)[1].delivery.assets) == 5


def test_values_mended_and_values_set_to_unknown_are_told_apart():
    # Latitude and longitude the wrong way round, and a year that nothing says.
    extra = "008,八橋,S55,Ⅲ,34368,132.302,34.602,5\n009,九橋,1700,Ⅲ,34368,34.603,132.303,5\n"
    delivery = desk(drop(opened(), ("橋.csv", bridges(2, extra=extra))))[0].delivery
    assert (delivery.mended_count, delivery.unset_count) == (1, 1)
    assert delivery.row_count == len(delivery.assets) + delivery.rejected_count == 4


def test_a_row_says_which_of_its_values_were_mended_unknown_or_only_doubted():
    extra = (
        "007,七橋,S55,Ⅲ,34369,34.602,132.302,5\n"  # the town lies far from the place
        "008,八橋,S55,Ⅲ,34368,132.302,34.602,5\n"
        "009,九橋,1700,Ⅲ,34368,34.603,132.303,5\n"
        "010,十橋,1700,Ⅲ,34368,132.304,34.604,5\n"
    )
    app = drop(opened(), ("橋.csv", bridges(1, extra=extra)))
    told = app.dataframe[0].value[t("faults.head.outcome", "ja")].tolist()
    kinds = ("taken", "kept", "mended", "unset", "both")
    assert told == [t(f"data.row_{kind}", "ja") for kind in kinds]


def routes_and_floods():
    """Emergency routes as the national data set has them."""
    features = [
        {
            "type": "Feature",
            "properties": {
                "N10_001": "34",
                "N10_002": str(rank),
                "N10_003": "1",
                "N10_004": "国道<b>1</b>号",
            },
            "geometry": {"type": "LineString", "coordinates": [[132.30, 34.6], [132.31, 34.6 + rank / 100]]},
        }
        for rank in (1, 2)
    ]
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


@pytest.mark.parametrize("lang", ["ja", "en"])
def test_a_layer_to_look_at_stands_on_the_maps_of_all_pages_with_its_source(lang, monkeypatch):
    from app_pages import reference_map

    shown, real = [], reference_map.maps.reference_layers

    def layers(references, **choices):
        shown.append((sorted(references), [layer.name for layer in real(references, **choices)]))
        return real(references, **choices)

    monkeypatch.setattr(reference_map.maps, "reference_layers", layers)
    app = drop(opened(lang), ("N10-15_34.geojson", routes_and_floods()))
    assert desk(app)[0].delivery.profile.role == "reference"
    show_part(app, "map", lang)
    app.button(key="plan_with").click().run()
    app.switch_page("region.py").run()
    assert list(app.exception) == [] and len(shown) == 2
    assert {tuple(files) for files, _ in shown} == {("N10-15_34.geojson",)}
    (source,) = reference_map.reference_sources(app.session_state["_own"][SMALL].ground)
    assert "国土数値情報" in source


# -- the desk -----------------------------------------------------------------------------------------------


def test_a_cancelled_reading_leaves_what_was_read_before():
    from app_pages.ledgers_brought import Brought
    from app_pages.ledgers_reading import _finish
    from app_pages.session import Upload
    from app_pages.work import Job

    gate = threading.Event()
    job = Job(lambda progress: gate.wait(10))
    file = Brought(1, Upload("橋.csv", b""), job=job)
    job.cancel()
    _finish(file, job)
    assert (file.state, file.delivery) == ("cancelled", None)
    file.delivery, file.state = types.SimpleNamespace(), "waiting"
    _finish(file, job)
    gate.set()
    assert file.state == "read"


# -- what plans make of the files ---------------------------------------------------------------------------


def planned(app):
    app.button(key="plan_with").click().run()
    return app.switch_page("ledgers.py").run()


def test_rows_that_another_ledger_has_are_told_on_the_card_and_under_faults():
    other = bridges(1, extra=f"801,新橋,S55,Ⅲ,{TOWN},34.64,132.34,9\n")
    app = planned(drop(opened(), ("橋.csv", bridges(3)), ("追加.csv", other)))
    assert t("data.planned_elsewhere", "ja", used="1", elsewhere="1") in html_of(app)
    app.button(key="look_2").click().run()
    said = html_of(show_part(app, "faults"))
    assert t("files.fault.other_file_duplicate", "ja") in said
    assert "第1橋" in said
    assert (desk(app)[1].planned_used, desk(app)[0].planned_faults.empty) == (1, True)


def test_a_ledger_of_which_all_rows_stand_in_another_says_so_on_its_card():
    app = planned(drop(opened(), ("橋.csv", bridges(3)), ("複製.csv", bridges(2)), ("同じ.csv", bridges(3))))
    said = html_of(app)
    assert t("error.no_row_new", "ja", file="複製.csv", rows=2) in said
    assert t("error.ledger_twice", "ja", file="同じ.csv", other="橋.csv") in said
    assert t("data.next.not_planned", "ja") in said
    assert [file.planned_version is None for file in desk(app)] == [False, True, True]


def test_a_file_taken_from_the_desk_while_in_use_says_so_and_leaves_the_plans_on_request():
    second = bridges(0, extra=f"901,山橋,S55,Ⅲ,{TOWN},34.65,132.35,9\n")
    app = planned(drop(opened(), ("橋.csv", bridges()), ("別.csv", second)))
    app.button(key="remove_1").click().run()
    assert any(t("data.still_used", "ja", files="橋.csv") == one.value for one in app.markdown)
    app.button(key="unplan").click().run()
    assert app.session_state["_own"][SMALL].files == ("別.csv",)
    app.button(key="remove_2").click().run()
    assert t("data.empty", "ja") not in html_of(app)
    assert t("data.desk_empty", "ja") in [info.value for info in app.info]
    app.button(key="unplan").click().run()
    assert t("notice.sample.both", "ja") in html_of(app)
    assert t("data.empty", "ja") in html_of(app)


def test_a_card_names_sector_and_town_first():
    said = html_of(drop(opened(), ("橋.csv", bridges(4))))
    holds = t("data.holds", "ja", sectors=f"{t('sector.bridge', 'ja')} 4", towns="安芸太田町")
    assert holds in said and said.index(holds) < said.index(t("kind.table", "ja"))


def test_sheets_not_read_are_told_on_the_card_and_all_of_them_leaves_out_what_is_read():
    app = drop(opened(), ("橋.xlsx", book_of(北=5, 南=2, 東=3)))
    assert t("data.next.sheet_left", "ja", count=2) in html_of(app)
    app.button(key="part_add_1_1").click().run()
    assert t("data.next.sheet_left", "ja", count=1) in html_of(app)
    assert not [button for button in app.button if button.key == "part_all_1_1"]
    app.selectbox(key="part_1_1").set_value("東")
    app.button(key="part_add_1_1").click().run()
    assert t("data.next.sheet_left", "ja", count=1) not in html_of(app)
    assert len(desk(app)) == 3


def test_a_sector_without_sample_rows_is_real_although_other_bodies_have_none():
    from app_pages.ledgers_ready import _summary
    from gunmane import schema

    index = pd.MultiIndex.from_product([["1", "2"], schema.SECTORS], names=["owner_code", "sector"])
    table = pd.DataFrame({"state": "none", "assets": 0}, index=index)
    table.loc[("1", "park")] = ["real", 3]
    said = _summary(table)
    assert said.count("gm-badge-real") == 1 and "gm-badge-mixed" not in said


def test_sums_and_titles_are_plain_notes_and_not_faults():
    app = drop(opened(), ("橋.csv", bridges(3, extra=",合計,,,,,,37.5\n")))
    assert desk(app)[0].delivery.rejects["rule"].tolist() == ["summary_row"]
    assert t("data.next.good", "ja") in html_of(app)
    show_part(app, "faults")
    rows = t("check.rows_listed", "ja", rows="5")
    assert t("check.summary_rows", "ja", rows=rows) in [caption.value for caption in app.caption]
    assert t("data.none.faults", "ja") in [info.value for info in app.info]


def test_a_column_of_which_no_row_can_be_read_is_named():
    content = bridges(3).decode("cp932").replace(",12.5", ",不詳だ").encode("cp932")
    app = drop(opened(), ("橋.csv", content))
    column = t("ledger_column.length_m", "ja")
    assert t("data.dead_column", "ja", column=column) in html_of(app)


def test_the_map_opens_on_rejected_rows_near_the_region_and_counts_those_far_away():
    from app_pages.ledgers_map import view_of
    from gunmane.municipalities import find_region

    place = find_region(SMALL)
    west, south, east, north = place.municipalities.to_crs(4326).total_bounds.round(5).tolist()
    lost = gpd.GeoDataFrame(
        {"row": [2, 3]}, geometry=gpd.points_from_xy([west - 0.3, 10], [south, 10]), crs=4326
    )
    assert view_of(place, lost) == ((round(west - 0.3, 5), south, east, north), 1)
    assert view_of(place, lost.iloc[:0]) == ((west, south, east, north), 0)


# -- correcting ---------------------------------------------------------------------------------------------


def test_a_town_and_a_keeper_of_all_rows_are_chosen_by_name():
    content = bridges(3).decode("cp932").replace("市町村コード", "メモ").encode("cp932")
    app = drop(opened(), ("橋.csv", content))
    field = app.selectbox(key="all_owner_code_1_1")
    assert "広島県" in field.options and "安芸太田町" in field.options
    field.set_value("34")
    app.selectbox(key="all_muni_code_1_1").set_value(TOWN)
    press(app, t("data.read_with", "ja"))
    (file,) = desk(app)
    assert file.delivery.profile.constants["owner_code"] == "34"
    assert file.delivery.profile.constants["muni_code"] == TOWN
    assert set(file.delivery.assets["owner_code"]) == {"34"}


def test_correcting_a_table_does_not_read_its_shapes_again(monkeypatch):
    app = drop(opened(), ("橋.csv", table_without_places()), ("位置.geojson", points_of_bridges()))
    taken, real = [], deliveries.take_delivery

    def take(path, **choices):
        taken.append(path.name)
        return real(path, **choices)

    monkeypatch.setattr(deliveries, "take_delivery", take)
    version = desk(app)[0].version
    app.selectbox(key=f"column_name_1_{version}").set_value("kyo_no")
    press(app, t("data.read_with", "ja"))
    assert taken == ["橋.csv"]
    assert desk(app)[0].delivery.assets["name"].tolist()[0] == "001"


def test_a_file_with_nothing_to_correct_offers_no_form():
    app = drop(opened(), ("empty.csv", b""))
    assert desk(app)[0].error.key == "ledger_empty"
    assert t("data.read_with", "ja") not in [button.label for button in app.button]


# -- other pages --------------------------------------------------------------------------------------------


def test_a_page_loaded_anew_says_that_the_files_are_gone_and_what_to_do():
    app = drop(opened(), ("橋.csv", bridges()))
    # The address of a test follows the run with a delay of one.
    assert app.run().query_params["own"] in ("1", ["1"])
    fresh = AppTest.from_file(str(MAIN), default_timeout=300)
    for name, value in (("lang", "ja"), ("region", SMALL), ("own", "1")):
        fresh.query_params[name] = value
    fresh.run().switch_page("ledgers.py").run()
    assert t("data.lost", "ja") in [one.value for one in fresh.warning]
    drop(fresh, ("橋.csv", bridges()))
    fresh.run()
    assert t("data.lost", "ja") not in [one.value for one in fresh.warning]


def test_faults_of_the_region_say_what_became_of_the_row_in_japanese_words():
    from app_pages.region_data import reject_rows

    rejects = pd.DataFrame(
        {
            "source_file": ["橋.csv"] * 2,
            "row": [2, 3],
            "column": ["built_year", "geometry"],
            "value": ["1700", ""],
            "became": ["", ""],
            "rule": ["built_year_value", "no_place"],
            "advice_key": ["advice.built_year_value", "advice.no_place"],
        }
    )
    rows = reject_rows(rejects, "ja")
    assert [row[1] for row in rows] == [t("faults.outcome.unset", "ja"), t("faults.outcome.rejected", "ja")]
    assert rows[0][3] == t("ledger_column.built_year", "ja")
