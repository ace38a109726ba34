"""A user's files take the place of sample rows, and only as far as their own rows are taken."""

import pytest

from gunmane.errors import FileError
from gunmane.inputs import load_inputs
from gunmane.municipalities import find_region

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
    assert caught.value.key == "no_row_taken" and caught.value.values["file"] == "two.csv"


def test_towns_that_number_their_bridges_from_one_keep_all_of_them(tmp_path):
    region = find_region("nara_uda")
    (tmp_path / "uda.csv").write_text(f"{HEADER}1,bridge,{PLACE},29212\n")
    (tmp_path / "soni.csv").write_text(f"{HEADER}1,bridge,136.12,34.52,29385\n1x,park,136.12,34.52,29385\n")
    made = load_inputs(region, None, [tmp_path / "uda.csv", tmp_path / "soni.csv"]).assets
    real = made[~made["is_synthetic"]]
    assert sorted(real["asset_id"]) == ["1", "1x", "soni:1"]
    assert made["asset_id"].is_unique


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
