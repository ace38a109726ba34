"""The sample keeps the statistics, hangs together, is the same every time, and its cache is whole or not read."""

import dataclasses
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import shapely
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from gunmane import schema
from gunmane.assumptions import load_assumptions
from gunmane.i18n import t
from gunmane.municipalities import find_region, load_regions
from gunmane.sample import load_sample, sample_rows, store
from gunmane.sample.curves import bend_edges
from gunmane.sample.pipes import fill_streets

REGION_IDS = list(load_regions()["region_id"])
SMALL = ["nara_uda", "hiroshima_geihoku"]


@pytest.fixture(scope="module")
def drawn():
    """Samples already drawn in this module."""
    kept = {}

    def draw(region_id):
        if region_id not in kept:
            kept.clear()
            kept[region_id] = (find_region(region_id), sample_rows(find_region(region_id)))
        return kept[region_id]

    return draw


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GUNMANE_CACHE", str(tmp_path))
    return tmp_path


def own(assets, code, sector):
    return assets[(assets["owner_code"] == code) & (assets["sector"] == sector)]


def digest(sample):
    wkb = b"".join(shapely.to_wkb(sample.assets.geometry.to_numpy()))
    text = pd.DataFrame(sample.assets.drop(columns="geometry")).to_csv()
    return hashlib.sha256(wkb + text.encode() + json.dumps(sample.facts, sort_keys=True).encode()).hexdigest()


def check_calibration(region, sample):
    """Assert every official figure that a municipality of the region has."""
    for code, row in region.statistics.iterrows():
        roads = own(sample.assets, code, "road")
        assert roads["length_m"].sum() == pytest.approx(row["road_length_m"], rel=0.01), code
        bridges = own(sample.assets, code, "bridge")
        bridges = bridges[bridges["subtype"] != "農道橋"]
        if pd.notna(row["bridges_inspected"]):
            assert len(bridges) == row["bridges_inspected"], code
            assert (bridges["condition"] >= 3).sum() == row["bridges_grade_3_4"], code
        parks = own(sample.assets, code, "park")
        if np.nan_to_num(row["park_area_m2"]) > 10:
            assert parks["area_m2"].sum() == pytest.approx(row["park_area_m2"], rel=0.01), code
        else:
            assert parks.empty, code
        pipes = own(sample.assets, code, "sewer")
        pipes = pipes[pipes["subtype"] != "pump_station"]
        fact = sample.facts["municipalities"][code]
        assert pipes["length_m"].sum() == pytest.approx(fact.get("sewer_target_m", 0), rel=0.01), code


@pytest.mark.parametrize("region_id", SMALL)
def test_every_official_figure_is_met(drawn, region_id):
    check_calibration(*drawn(region_id))


@pytest.mark.slow
@pytest.mark.parametrize("region_id", REGION_IDS)
def test_every_official_figure_is_met_in_every_region(drawn, region_id):
    region, sample = drawn(region_id)
    check_calibration(region, sample)
    schema.check_table(sample.assets, "assets")
    assert sample.assets["asset_id"].is_unique
    assert sample.assets["is_synthetic"].all()
    assert parts_of(sample.roads) == 1 + len(sample.facts["islands"])
    check_pipes_within_the_range(region, sample)
    check_trunks(region, sample)


def parts_of(roads):
    """Number of road components when lines are joined at equal end points."""
    first = shapely.get_coordinates(shapely.get_point(roads.geometry.to_numpy(), 0))
    last = shapely.get_coordinates(shapely.get_point(roads.geometry.to_numpy(), -1))
    _, node = np.unique(np.round(np.vstack([first, last]), 2), axis=0, return_inverse=True)
    ends = node.reshape(2, -1)
    graph = coo_matrix((np.ones(len(roads)), (ends[0], ends[1])), shape=(node.max() + 1,) * 2)
    return connected_components(graph, directed=False)[0]


def check_pipes_within_the_range(region, sample):
    low, high = "low", "high"
    assumptions = load_assumptions()
    for code, row in region.statistics.iterrows():
        fact = sample.facts["municipalities"][code]
        if fact["people"]:
            metres = fact["sewer_m"] / row["sewered_population"]
            kind = "urban" if fact["m_per_person"] < 6 else "rural"
            key = f"sewer_m_per_person_{kind}"
            assert assumptions.value(key, low) <= metres <= assumptions.value(key, high), code


def check_trunks(region, sample):
    assumptions = load_assumptions()
    for code in region.statistics.index:
        fact = sample.facts["municipalities"][code]
        low, high = (assumptions.value("trunk_to_municipal_length_ratio", k) for k in ("low", "high"))
        assert low <= fact["prefectural_ratio"] <= high, code
        assert fact["trunk_m"] >= fact["prefectural_road_m"], code


def test_roads_are_one_network(drawn):
    assert parts_of(drawn("nara_uda")[1].roads) == 1


def test_the_prefecture_keeps_the_prefectural_roads(drawn):
    assets = drawn("nara_uda")[1].assets
    roads = assets[assets["sector"] == "road"]
    assert set(roads.loc[roads["subtype"] == "prefectural", "owner_code"]) == {"29"}
    assert set(roads.loc[roads["subtype"] != "prefectural", "owner_code"]) == set(roads["muni_code"])


def test_bridges_lie_on_roads_and_most_are_short(drawn):
    assets = drawn("nara_uda")[1].assets
    bridges = assets[assets["sector"] == "bridge"]
    roads = shapely.STRtree(assets.loc[assets["sector"] == "road"].geometry.to_numpy())
    assert roads.query_nearest(bridges.geometry.to_numpy(), return_distance=True)[1].max() < 0.1
    assert (bridges["length_m"] < 15).mean() >= load_assumptions().value("bridge_short_share")


def test_roads_stay_on_the_land(drawn):
    region, sample = drawn("nara_uda")
    land = region.municipalities.union_all().buffer(60)
    assert sample.roads.within(land).mean() > 0.999


def test_every_road_line_is_an_asset(drawn):
    _, sample = drawn("nara_uda")
    roads = sample.assets[sample.assets["sector"] == "road"].set_index("asset_id")
    assert list(sample.roads["asset_id"]) == list(roads.index)
    assert sample.roads.geometry.to_numpy().tolist() == roads.geometry.to_numpy().tolist()
    schema.check_table(sample.roads, "roads")


def test_rows_name_their_source_and_say_that_they_are_synthetic(drawn):
    assets = drawn("nara_uda")[1].assets
    assert assets["is_synthetic"].all()
    assert assets["source"].str.fullmatch(r"sample:\d{5}#\d+").all()
    assert assets["source"].is_unique


def test_parks_without_record_are_told(drawn):
    facts = drawn("nara_uda")[1].facts
    assert not facts["municipalities"]["29386"]["has_park_record"]  # 1 m2 is a placeholder
    assert dict(facts["notes"])["sample_no_parks"]["names_ja"] == "曽爾村、御杖村、東吉野村"


def test_every_note_has_its_sentence(drawn):
    for key, values in drawn("nara_uda")[1].facts["notes"]:
        assert all(t(f"note.{key}", lang, **values) for lang in ("ja", "en"))


@pytest.mark.slow
def test_kaizuka_bridges_are_estimated_from_its_neighbours(drawn):
    region, sample = drawn("osaka_senshu")
    fact = sample.facts["municipalities"]["27208"]
    near = region.statistics.loc[["27202", "27213", "27361"]]
    per_m = near["bridges_inspected"].sum() / near["road_length_m"].sum()
    assert fact["bridges_estimated"]
    assert fact["bridges"] == round(per_m * region.statistics.at["27208", "road_length_m"])


@pytest.mark.slow
def test_senshu_has_pump_stations_and_forty_thousand_assets(drawn):
    _, sample = drawn("osaka_senshu")
    stations = sample.assets[sample.assets["subtype"] == "pump_station"]
    assert len(sample.assets) >= 40_000
    assert set(stations["account_class"]) == {"enterprise"}
    assert stations["muni_code"].nunique() == 12


@pytest.mark.slow
def test_masuda_has_its_tunnels_farm_bridges_and_island(drawn):
    _, sample = drawn("shimane_masuda")
    assert len(own(sample.assets, "32204", "tunnel")) == 3
    assert (sample.assets["subtype"] == "農道橋").sum() == 38
    assert [island["towns"] for island in sample.facts["islands"]] == [["高島"]]
    assert sample.roads["is_tunnel"].sum() == 3


@pytest.mark.slow
def test_odate_keeps_52_rivers_of_136_km(drawn):
    rivers = own(drawn("akita_odate")[1].assets, "05204", "river")
    assert len(rivers) == 52
    assert rivers["length_m"].sum() == pytest.approx(136_000, rel=0.01)


@pytest.mark.slow
def test_islands_are_named_after_their_towns(drawn):
    islands = drawn("yamaguchi_shimonoseki")[1].facts["islands"]
    assert {"大字六連島", "大字蓋井島"} <= {town for island in islands for town in island["towns"]}


def test_water_mains_come_only_when_asked_for(drawn):
    region, sample = drawn("nara_uda")
    wet = sample_rows(region, with_water=True).assets
    mains = wet[wet["sector"] == "water"]
    assert not (sample.assets["sector"] == "water").any()
    assert mains["length_m"].sum() == pytest.approx(6 * region.statistics["population"].sum(), rel=0.02)


def test_the_order_of_the_towns_changes_nothing(drawn):
    region, sample = drawn("nara_uda")
    shuffled = dataclasses.replace(region, towns=region.towns.sample(frac=1, random_state=3))
    assert digest(sample_rows(shuffled)) == digest(sample)


def test_another_seed_draws_another_sample_of_the_same_size(drawn):
    region, sample = drawn("nara_uda")
    other = sample_rows(region, seed=1)
    assert digest(other) != digest(sample)
    check_calibration(region, other)


def test_hash_seed_and_threads_change_nothing(drawn):
    _, sample = drawn("nara_uda")
    code = (
        "import sys; sys.path.insert(0, 'tests'); from test_sample import digest;"
        "from gunmane.municipalities import find_region; from gunmane.sample import sample_rows;"
        "print(digest(sample_rows(find_region('nara_uda'))))"
    )
    env = {**os.environ, "PYTHONHASHSEED": "7", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    run = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == digest(sample)


@pytest.fixture
def stored(cache, drawn, monkeypatch):
    """A cache that holds one region, and a flag that tells whether it was drawn again."""
    region, sample = drawn("nara_uda")
    drawings = []

    def draw(*args, **kwargs):
        drawings.append(args)
        return sample

    monkeypatch.setattr(store, "sample_rows", draw)
    load_sample(region)
    drawings.clear()
    (folder,) = (cache / "sample").iterdir()
    return region, folder, drawings


def test_a_whole_cache_is_read_and_equals_what_was_drawn(stored, drawn):
    region, _, drawings = stored
    assert digest(load_sample(region)) == digest(drawn("nara_uda")[1])
    assert not drawings


@pytest.mark.parametrize("name", ["assets.parquet", "roads.parquet", "facts.json", "manifest.json"])
@pytest.mark.parametrize("harm", ["truncate", "delete", "garble"])
def test_a_broken_cache_is_drawn_again(stored, name, harm):
    region, folder, drawings = stored
    file = folder / name
    if harm == "delete":
        file.unlink()
    elif harm == "truncate":
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    else:
        body = bytearray(file.read_bytes())
        body[len(body) // 2] ^= 255
        file.write_bytes(bytes(body))
    load_sample(region)
    assert len(drawings) == 1
    assert store.is_whole(folder)


def test_another_version_of_the_code_has_another_key(stored, monkeypatch):
    region, folder, _ = stored
    monkeypatch.setattr(store.metadata, "version", lambda _: "0")
    assert store.sample_key(region, with_water=False, seed=0) != folder.name


def test_a_cache_that_cannot_be_written_still_gives_the_sample(stored, monkeypatch):
    region, folder, _ = stored
    shutil.rmtree(folder)
    monkeypatch.setattr(store, "write_folder", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    assert len(load_sample(region).assets)


DYING_WRITER = """
import os, signal, geopandas as gpd
from gunmane.municipalities import find_region
from gunmane.sample import load_sample
write = gpd.GeoDataFrame.to_parquet
def die(self, path, **options):
    if "roads" in str(path):
        with open(path, "wb") as file:
            file.write(b"PAR1")
        os.kill(os.getpid(), signal.SIGKILL)
    write(self, path, **options)
gpd.GeoDataFrame.to_parquet = die
load_sample(find_region("hiroshima_geihoku"))
"""
READER = """
from gunmane.municipalities import find_region
from gunmane.sample import load_sample
print(len(load_sample(find_region("hiroshima_geihoku")).assets))
"""


def test_a_writer_killed_half_way_leaves_nothing_to_read(cache):
    died = subprocess.run([sys.executable, "-c", DYING_WRITER], check=False, env=os.environ)
    assert died.returncode == -signal.SIGKILL
    assert not [folder for folder in (cache / "sample").iterdir() if store.is_whole(folder)]
    subprocess.run([sys.executable, "-c", READER], check=True, env=os.environ, capture_output=True)
    assert len([folder for folder in (cache / "sample").iterdir() if store.is_whole(folder)]) == 1


def test_two_processes_may_build_at_once(cache):
    runs = [
        subprocess.Popen([sys.executable, "-c", READER], env=os.environ, stdout=subprocess.PIPE)
        for _ in range(2)
    ]
    counts = [run.communicate(timeout=300)[0] for run in runs]
    assert [run.returncode for run in runs] == [0, 0]
    assert counts[0] == counts[1]
    (folder,) = (cache / "sample").iterdir()
    assert store.is_whole(folder)


def test_drafts_of_long_ago_are_swept(stored):
    region, folder, _ = stored
    old = folder.parent / ".draft-old"
    old.mkdir()
    os.utime(old, (0, 0))
    shutil.rmtree(folder)
    load_sample(region)
    assert not old.exists()


def test_curves_keep_their_ends_and_join_smoothly():
    xy = np.array([[0.0, 0.0], [100.0, 0.0], [200.0, 60.0]])
    source, target = np.array([0, 1]), np.array([1, 2])
    coords, length = bend_edges(xy, source, target, np.zeros(2, dtype=int), np.zeros(2), point_count=9)
    before, after = coords[0, -1] - coords[0, -2], coords[1, 1] - coords[1, 0]
    turn = np.arctan2(*after[::-1]) - np.arctan2(*before[::-1])
    assert coords[0, -1].tolist() == coords[1, 0].tolist() == [100.0, 0.0]
    assert abs(turn) < 0.2  # the straight lines meet at 0.54
    assert (length > [99.9, 116.6]).all()


def test_pipes_go_twice_under_a_street_only_when_every_street_has_one():
    length = np.array([100.0, 100.0, 100.0])
    once = fill_streets(length, 200.0, 2)
    twice = fill_streets(length, 400.0, 2)
    assert [(n, list(taken)) for n, taken in once] == [(0, [0, 1])]
    assert [(n, list(taken)) for n, taken in twice] == [(0, [0, 1, 2]), (1, [0])]
