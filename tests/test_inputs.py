"""A user's files take the place of sample rows, and only as far as their own rows are taken."""

import itertools
import pickle

import pytest

import gunmane
from gunmane.errors import FileError
from gunmane.i18n import say
from gunmane.inputs import load_inputs
from gunmane.ledgers.profile_files import write_profile
from gunmane.ledgers.profiles import Position, Profile
from gunmane.municipalities import find_region
from gunmane.sample import load_sample

HEADER = "asset_id,sector,lon,lat,owner_code\n"
PLACE = "135.9525,34.5278"


def bridges(assets, owner):
    return assets[(assets["sector"] == "bridge") & (assets["owner_code"] == owner)]


def test_a_row_that_is_not_taken_takes_no_sample_rows_place(tmp_path):
    region = find_region("nara_uda")
    (tmp_path / "one.csv").write_text(f"{HEADER}a,bridge,{PLACE},29212\n")
    (tmp_path / "two.csv").write_text(f"{HEADER}a,bridge,{PLACE},29385\nb,park,{PLACE},29212\n")
    made = load_inputs(region, None, [tmp_path / "one.csv", tmp_path / "two.csv"])
    assert list(bridges(made.assets, "29212")["asset_id"]) == ["a"]
    sample = bridges(made.assets, "29385")
    assert len(sample) and sample["is_synthetic"].all()
    doubled = made.rejects[made.rejects["rule"] == "other_file_duplicate"]
    assert doubled[["source_file", "row"]].to_numpy().tolist() == [["two.csv", 2]]


def test_a_file_whose_every_id_stands_in_another_is_refused(tmp_path):
    (tmp_path / "one.csv").write_text(f"{HEADER}a,bridge,{PLACE},29212\nb,park,{PLACE},29212\n")
    (tmp_path / "two.csv").write_text(f"{HEADER}a,bridge,{PLACE},29212\n")
    with pytest.raises(FileError) as caught:
        load_inputs(find_region("nara_uda"), None, [tmp_path / "one.csv", tmp_path / "two.csv"])
    assert caught.value.key == "no_row_new" and caught.value.values["file"] == "two.csv"


def test_towns_that_number_their_bridges_from_one_keep_all_of_them(tmp_path):
    region = find_region("nara_uda")
    (tmp_path / "uda.csv").write_text(f"{HEADER}1,bridge,{PLACE},29212\n")
    (tmp_path / "soni.csv").write_text(f"{HEADER}1,bridge,136.12,34.52,29385\n1x,park,136.12,34.52,29385\n")
    made = load_inputs(region, None, [tmp_path / "uda.csv", tmp_path / "soni.csv"]).assets
    real = made[~made["is_synthetic"]]
    assert sorted(real["asset_id"]) == ["1", "1x", "soni:1"]
    assert made["asset_id"].is_unique


def test_the_order_of_files_changes_nothing(tmp_path):
    region = find_region("nara_uda")
    (tmp_path / "b.csv").write_text(f"{HEADER}1,bridge,{PLACE},29212\n2,park,{PLACE},29212\n")
    (tmp_path / "a.csv").write_text(f"{HEADER}1,bridge,136.12,34.52,29385\n")
    (tmp_path / "c.csv").write_text(f"{HEADER}1,bridge,{PLACE},29212\n3,park,135.98,34.5,29212\n")
    made = [
        load_inputs(region, None, [tmp_path / f"{name}.csv" for name in names])
        for names in itertools.permutations("abc")
    ]
    for one in made[1:]:
        assert one.assets.equals(made[0].assets) and one.rejects.equals(made[0].rejects)
    real = made[0].assets[~made[0].assets["is_synthetic"]]
    assert sorted(real["source"].str.split("#").str[0] + "/" + real["asset_id"]) == [
        "a.csv/a:1", "b.csv/1", "b.csv/2", "c.csv/3"
    ]  # fmt: skip


def test_the_same_file_twice_is_refused(tmp_path):
    for name in ("one.csv", "two.csv"):
        (tmp_path / name).write_text(f"{HEADER}a,bridge,{PLACE},29212\n")
    with pytest.raises(FileError) as caught:
        load_inputs(find_region("nara_uda"), None, [tmp_path / "one.csv", tmp_path / "two.csv"])
    assert caught.value.key == "ledger_twice"


def test_pump_stations_take_no_pipes_place(tmp_path):
    region = find_region("nara_uda")
    (tmp_path / "pumps.csv").write_text(f"{HEADER}p1,sewer,{PLACE},29212\n")
    made = load_inputs(region, None, [tmp_path / "pumps.csv"])
    sewers = made.assets[(made.assets["sector"] == "sewer") & (made.assets["owner_code"] == "29212")]
    assert sewers["length_m"].sum() > 100_000 and "p1" in set(sewers["asset_id"])
    assert "pieces_beside_sample" in {note.key for note in made.notes}


SIZED = "asset_id,sector,lon,lat,owner_code,length_m,area_m2,condition\n"


def told(made):
    return {note.key: dict(note.values) for note in made.notes}


def test_half_a_ledger_is_told_with_what_made_way_for_it(tmp_path):
    rows = f"a,sewer,{PLACE},29212,100,,\nb,park,{PLACE},29212,,5000,\n"
    (tmp_path / "own.csv").write_text(SIZED + rows)
    notes = told(load_inputs(find_region("nara_uda"), None, [tmp_path / "own.csv"]))
    park, sewer = notes["ledger_beside_official"], notes["ledger_beside_sample"]
    assert (park["sector"], park["ours"], park["official"], park["sample_rows"]) == (
        "park",
        "0.5",
        "71.6",
        83,
    )
    assert (sewer["sector"], sewer["ours"]) == ("sewer", "0.1")
    assert sewer["sample_rows"] > 1000 and float(sewer["sample"]) > 100


def test_two_halves_of_a_ledger_are_one_whole(tmp_path):
    for i, name in enumerate(("one.csv", "two.csv")):
        (tmp_path / name).write_text(f"{SIZED}p{i},park,135.95{i}5,34.5278,29212,,358000,\n")
    notes = told(load_inputs(find_region("nara_uda"), None, [tmp_path / "one.csv", tmp_path / "two.csv"]))
    assert "ledger_beside_official" not in notes


def test_notes_on_the_sample_say_only_what_is_sample_still(tmp_path):
    (tmp_path / "park.csv").write_text(f"{SIZED}p,park,136.13,34.52,29385,,5000,\n")
    region = find_region("nara_uda")
    assert "sample_assets" in told(load_inputs(region, None, []))
    notes = told(load_inputs(region, None, [tmp_path / "park.csv"]))
    assert "曽爾村" not in notes["sample_no_parks"]["names_ja"]
    assert notes["sample_roads_and_some"]["sectors"].startswith("road, bridge")


def test_own_roads_leave_no_note_on_sample_roads(tmp_path):
    load_sample(find_region("nara_uda")).roads.assign(is_synthetic=False).to_file(tmp_path / "roads.gpkg")
    notes = told(load_inputs(find_region("nara_uda"), tmp_path / "roads.gpkg", []))
    assert "sample_assets_only" in notes
    assert not {"sample_assets", "sample_trunks_thinned", "sample_islands"} & set(notes)


def test_totals_with_faults_only_are_refused_and_other_faults_go_into_the_plan(tmp_path):
    heads = "団体コード,市町村名,道路延長（km）,橋数（橋）\n"
    (tmp_path / "bad.csv").write_text(f"{heads}29385,東吉野村,1,1\n")
    with pytest.raises(FileError) as caught:
        load_inputs(find_region("nara_uda"), None, [tmp_path / "bad.csv"])
    assert caught.value.key == "totals_nothing_taken"
    (tmp_path / "some.csv").write_text(f"{heads}29385,東吉野村,1,1\n29212,宇陀市,780,500\n")
    made = load_inputs(find_region("nara_uda"), None, [tmp_path / "some.csv"])
    assert made.rejects["rule"].tolist() == ["totals_code_name"]


# The face for notebooks -------------------------------------------------------------------------------


def test_a_notebook_takes_one_path_as_one_file_and_reads_it_as_told(tmp_path):
    (tmp_path / "台帳.csv").write_text(f"橋名,種別,位1,位2\nあ橋,bridge,{PLACE}\n", encoding="utf-8")
    profile = Profile(
        kind="table",
        role="assets",
        columns={"name": ("橋名",), "sector": ("種別",)},
        position=Position(lon="位1", lat="位2"),
        constants={"owner_code": "29212"},
    )
    (tmp_path / "読み方.toml").write_text(write_profile(profile), encoding="utf-8")
    plan = gunmane.plan(
        "nara_uda",
        layer="structures",
        assets=str(tmp_path / "台帳.csv"),
        profile=str(tmp_path / "読み方.toml"),
        on_invalid="reject",
        town_hall=False,
        move_budget=10,
    )
    assert bridges(plan.ground.assets, "29212")["name"].tolist() == ["あ橋"]
    assert any("台帳.csv" in sentence for sentence in gunmane.notes_of(plan))
    assert all("Note(" not in sentence for sentence in gunmane.notes_of(plan, "en"))


def test_a_wrong_way_to_take_faults_is_a_wrong_call():
    with pytest.raises(ValueError, match="on_invalid"):
        gunmane.plan("nara_uda", on_invalid="ignore")


def test_an_error_reads_as_its_sentence(tmp_path):
    with pytest.raises(FileError) as caught:
        gunmane.plan("nara_uda", assets=[tmp_path / "無い.csv"])
    assert str(caught.value) == f"{say(caught.value, 'ja')} ({caught.value.key})"
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)
    assert str(FileError("no_such_key", row=1)) == "no_such_key: {'row': 1}"


def test_a_road_line_that_is_left_out_is_told_and_no_note_leaks_into_the_facts(tmp_path):
    lines = '{"type":"Feature","properties":{},"geometry":{"type":"LineString","coordinates":%s}}'
    drawn = [[[135.95, 34.52], [135.96, 34.53]], [[135.95, 34.52], [135.95, 34.52]]]
    features = ",".join(lines % coordinates for coordinates in drawn)
    (tmp_path / "roads.geojson").write_text(f'{{"type":"FeatureCollection","features":[{features}]}}')
    made = load_inputs(find_region("nara_uda"), tmp_path / "roads.geojson", [])
    told = next(note for note in made.notes if note.key == "roads_left_out")
    assert dict(told.values)["broken"] == 1 and dict(told.values)["rows"] == "2"
    assert "notes" not in made.provenance["road_file_facts"]
