"""Assets are divided among the units of their own municipality, and none is lost."""

import pathlib

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gunmane import schema
from gunmane.assumptions import load_assumptions
from gunmane.municipalities import Region, find_region
from gunmane.network import build_network
from gunmane.quantities import place_assets
from gunmane.units import make_units

KUSATSU = (
    pathlib.Path(__file__).resolve().parents[2] / "shared" / "samples" / "kusatsu_osm_roads" / "roads.geojson"
)
ASSUMPTIONS = load_assumptions()


def drawn_region():
    """West (90001) with the towns 甲 and 乙, east (90002) with 丙; the border is at x = 5000."""
    codes = pd.Index(["90001", "90002"], name="muni_code", dtype="str")
    areas = [shapely.box(0, 0, 5000, 4000), shapely.box(5000, 0, 10000, 4000)]
    shapes = gpd.GeoDataFrame({"name_ja": codes, "name_en": codes}, geometry=areas, index=codes, crs=6674)
    towns = gpd.GeoDataFrame(
        {"muni_code": ["90001", "90001", "90002"], "town": ["甲", "乙", "丙"]},
        geometry=gpd.points_from_xy([1000, 3000, 7000], [2000] * 3),
        crs=6674,
    )
    none = pd.DataFrame(index=codes)
    return Region(
        "drawn", "", "", "wide_area", "", 6674, "daily", ("road",), False, none, shapes, towns, 0, towns, none
    )


@pytest.fixture(scope="module")
def ground():
    """One road from west to east, y = 2000."""
    roads = gpd.GeoDataFrame(geometry=[shapely.LineString([(500, 2000), (9500, 2000)])], crs=6674)
    network = build_network(roads, assumptions=ASSUMPTIONS)
    return network, *make_units(network, drawn_region())


def assets_of(*shapes, muni="90001"):
    codes = [muni] * len(shapes) if isinstance(muni, str) else muni
    ids = [f"a{i:03d}" for i in range(len(shapes))]
    return gpd.GeoDataFrame({"asset_id": ids, "muni_code": codes}, geometry=list(shapes), crs=6674)


def shares_of(ground, assets):
    network, units, node_unit = ground
    return place_assets(assets, units, node_unit, network)


def test_a_point_goes_whole_to_the_unit_of_the_nearest_road(ground):
    shares = shares_of(ground, assets_of(shapely.Point(3100, 2040)))
    schema.check_table(shares, "shares")
    names = ground[1].loc[shares["unit_id"], "name"]
    assert list(names) == ["乙"]
    assert shares["share"].tolist() == [1.0]
    assert shares["snap_m"].iloc[0] == pytest.approx(40, abs=8)


def test_a_line_is_divided_by_length_where_the_units_meet(ground):
    shares = shares_of(ground, assets_of(shapely.LineString([(1000, 2000), (3000, 2000)])))
    by_name = shares.set_index(shares["unit_id"].map(ground[1]["name"]))["share"]
    cut = ASSUMPTIONS.value("asset_cut_length_m") + ASSUMPTIONS.value("network_edge_max_m") / 2
    assert set(by_name.index) == {"甲", "乙"}
    assert by_name["甲"] == pytest.approx(0.5, abs=cut / 2000)


def test_shares_follow_metres_and_not_the_number_of_vertices(ground):
    many = shapely.LineString([(1000 + x, 2000) for x in range(31)])
    few = shapely.LineString([(3000, 2000), (3010, 2000)])
    shares = shares_of(ground, assets_of(shapely.union_all([many, few])))
    assert sorted(shares["share"]) == pytest.approx([0.25, 0.75])


def test_an_area_is_one_place_to_visit(ground):
    park = shapely.box(900, 1500, 3800, 1600)
    assert len(shares_of(ground, assets_of(park))) == 1


def test_an_asset_stays_in_its_own_municipality_even_when_a_neighbours_road_is_nearer(ground):
    shares = shares_of(ground, assets_of(shapely.Point(7000, 2000)))
    assert ground[1].loc[shares["unit_id"].iloc[0], "muni_code"] == "90001"
    assert shares["snap_m"].iloc[0] > 1500


def test_an_asset_of_a_municipality_without_units_goes_to_the_nearest_unit(ground):
    shares = shares_of(ground, assets_of(shapely.Point(7000, 2500), muni="99999"))
    assert ground[1].loc[shares["unit_id"].iloc[0], "name"] == "丙"


def test_an_asset_without_a_place_is_kept_in_its_municipality(ground):
    shares = shares_of(ground, assets_of(shapely.Point(), shapely.LineString(), None))
    assert len(shares) == 3
    assert shares["snap_m"].isna().all()
    assert shares["unit_id"].str.startswith("90001").all()


def test_a_line_without_length_is_placed_like_a_point(ground):
    line = shapely.LineString([(1000, 2000), (1000, 2000)])
    shares = shares_of(ground, assets_of(line))
    assert shares["share"].tolist() == [1.0]


def test_the_assets_of_a_municipality_without_roads_go_to_its_unit():
    roads = gpd.GeoDataFrame(geometry=[shapely.LineString([(500, 2000), (4500, 2000)])], crs=6674)
    network = build_network(roads, assumptions=ASSUMPTIONS)
    units, node_unit = make_units(network, drawn_region())
    shares = place_assets(assets_of(shapely.Point(7000, 2000), muni="90002"), units, node_unit, network)
    assert shares["unit_id"].tolist() == ["90002-001"]
    assert shares["snap_m"].iloc[0] > 2000


def test_an_asset_id_given_twice_is_refused(ground):
    assets = assets_of(shapely.Point(1, 1), shapely.Point(2, 2)).assign(asset_id="same")
    with pytest.raises(ValueError, match="same"):
        shares_of(ground, assets)


def test_no_assets_give_no_shares(ground):
    assert len(shares_of(ground, assets_of())) == 0


places = st.tuples(st.integers(0, 100), st.integers(0, 40)).map(lambda p: (p[0] * 100.0, p[1] * 100.0))
shapes = st.one_of(
    places.map(shapely.Point),
    st.lists(places, min_size=2, max_size=5).map(shapely.LineString),
    st.lists(st.lists(places, min_size=2, max_size=3), min_size=1, max_size=3).map(shapely.MultiLineString),
    places.map(lambda p: shapely.box(p[0], p[1], p[0] + 250, p[1] + 130)),
)
rows = st.lists(st.tuples(shapes, st.sampled_from(["90001", "90002"])), min_size=1, max_size=10)


@settings(max_examples=40)
@given(drawn=rows)
def test_the_shares_of_every_asset_sum_to_one_in_its_own_municipality(ground, drawn):
    assets = assets_of(*[s for s, _ in drawn], muni=[m for _, m in drawn])
    shares = shares_of(ground, assets)
    total = shares.groupby("asset_id")["share"].sum().reindex(assets["asset_id"])
    assert (total - 1).abs().max() < 1e-9
    own = assets.set_index("asset_id")["muni_code"].reindex(shares["asset_id"]).to_numpy()
    assert (ground[1]["muni_code"].reindex(shares["unit_id"]).to_numpy() == own).all()


@settings(max_examples=40)
@given(drawn=rows, seed=st.integers(0, 9))
def test_sorting_the_ledger_does_not_change_the_shares(ground, drawn, seed):
    assets = assets_of(*[s for s, _ in drawn], muni=[m for _, m in drawn])
    shuffled = assets.sample(frac=1, random_state=seed)
    pd.testing.assert_frame_equal(shares_of(ground, assets), shares_of(ground, shuffled), check_exact=True)


def test_the_real_roads_of_kusatsu_placed_as_assets_lie_on_their_own_network():
    if not KUSATSU.is_file():
        pytest.skip("the real roads of Kusatsu are not here: ../shared/samples/kusatsu_osm_roads")
    region = find_region("shiga_kusatsu")
    roads = gpd.read_file(KUSATSU).to_crs(region.epsg)
    network = build_network(roads, assumptions=ASSUMPTIONS, region=region)
    units, node_unit = make_units(network, region)
    inside = roads[roads.within(region.municipalities.geometry.iloc[0])].geometry
    shares = place_assets(assets_of(*inside, muni="25206"), units, node_unit, network)
    assert shares["snap_m"].max() <= ASSUMPTIONS.value("asset_cut_length_m")
    assert np.abs(shares.groupby("asset_id")["share"].sum() - 1).max() < 1e-9
    assert shares["asset_id"].nunique() == len(inside)
