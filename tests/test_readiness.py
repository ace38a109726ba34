"""The readiness of data is counted body by body and sector by sector, and never flattered."""

import geopandas as gpd
import pandas as pd
import pytest
from shapely.geometry import Point

from gunmane import schema
from gunmane.ledgers.profiles import Answers
from gunmane.municipalities import find_region
from gunmane.readiness import readiness

UDA, SONI = "29212", "29385"


@pytest.fixture(scope="module")
def region():
    return find_region("nara_uda")


def asset(number, *, owner=UDA, sector="bridge", source="橋.csv#2", **values):
    row = {
        "asset_id": f"a{number}",
        "sector": sector,
        "owner_code": owner,
        "muni_code": owner[:5].ljust(5, "0"),
    }
    return row | {"source": source, "is_synthetic": False, "position": "ledger"} | values


def table(*rows):
    frame = pd.DataFrame(list(rows)).reindex(columns=schema.names("assets"))
    types = {column.name: column.dtype for column in schema.ASSETS}
    return gpd.GeoDataFrame(frame.astype(types), geometry=[Point(0, 0)] * len(rows), crs=6674)


@pytest.fixture
def two_bridges_and_a_sample_park():
    """宇陀市: a bridge with everything, a bridge with nothing; a sample park of 曽爾村."""
    full = {"length_m": 12.0, "condition": 3, "built_year": 1970, "inspected_year": 2022}
    return table(
        asset(1, **full),
        asset(2, source="橋.csv#3", position="town_point"),
        asset(3, owner=SONI, sector="park", is_synthetic=True, area_m2=500.0, source="sample#1"),
    )


def test_every_body_and_sector_has_a_row(two_bridges_and_a_sample_park, region):
    ready = readiness(two_bridges_and_a_sample_park, {}, region)
    assert ready.index.is_unique
    assert len(ready) == len(region.contributing_codes) * len(schema.SECTORS)
    assert set(ready["state"]) == {"real", "sample", "none"}


def test_counts_stand_beside_the_number_they_are_part_of(two_bridges_and_a_sample_park, region):
    row = readiness(two_bridges_and_a_sample_park, {}, region).loc[UDA, "bridge"]
    assert row[["assets", "with_size", "with_condition", "with_year"]].tolist() == [2, 1, 1, 1]
    assert row[["at_ledger", "at_town_point", "at_town_hall"]].tolist() == [1, 1, 0]
    assert row["newest_inspected_year"] == 2022
    assert (row["ours"], row["official"]) == (2, region.statistics.at[UDA, "bridges_inspected"])


def test_what_files_say_of_themselves_is_told_once_and_silence_counted(two_bridges_and_a_sample_park, region):
    answers = {"橋.csv": Answers(licence="CC BY 4.0", date="2025-03-31", may_share="yes")}
    told = readiness(two_bridges_and_a_sample_park, answers, region).loc[UDA, "bridge"]
    assert told[["dates", "licences", "may_share"]].tolist() == ["2025-03-31", "CC BY 4.0", "yes"]
    assert told["silent_files"] == 0
    assert readiness(two_bridges_and_a_sample_park, {}, region).at[(UDA, "bridge"), "silent_files"] == 1


def test_sample_rows_have_no_file_that_answers(two_bridges_and_a_sample_park, region):
    row = readiness(two_bridges_and_a_sample_park, {}, region).loc[SONI, "park"]
    assert (row["state"], row["assets"], row["sample"], row["files"]) == ("sample", 1, 1, 0)


def test_the_order_of_the_rows_changes_nothing(two_bridges_and_a_sample_park, region):
    turned = two_bridges_and_a_sample_park.iloc[::-1]
    first = readiness(two_bridges_and_a_sample_park, {}, region)
    pd.testing.assert_frame_equal(first, readiness(turned, {}, region))


def test_real_and_sample_rows_of_one_body_and_sector_are_called_mixed(region):
    both = table(asset(1), asset(2, is_synthetic=True, source="sample#1"))
    assert readiness(both, {}, region).at[(UDA, "bridge"), "state"] == "mixed"


def test_a_body_that_takes_no_part_is_told_when_it_keeps_an_asset(region):
    ready = readiness(table(asset(1, owner="27100")), {}, region)
    assert ready.at[("27100", "bridge"), "state"] == "real"
    assert pd.isna(ready.at[("27100", "bridge"), "official"])
