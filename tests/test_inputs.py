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
    doubled = made.rejects[made.rejects["rule"] == "asset_id_duplicate"]
    assert doubled[["source_file", "row"]].to_numpy().tolist() == [["two.csv", 2]]


def test_a_file_whose_every_id_stands_in_another_is_refused(tmp_path):
    for name in ("one.csv", "two.csv"):
        (tmp_path / name).write_text(f"{HEADER}a,bridge,{PLACE},29212\n")
    with pytest.raises(FileError) as caught:
        load_inputs(find_region("nara_uda"), None, [tmp_path / "one.csv", tmp_path / "two.csv"])
    assert caught.value.key == "no_row_taken" and caught.value.values["file"] == "two.csv"
