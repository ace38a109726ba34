"""Management units: each road belongs to the nearest town of its own municipality, and units touch along roads."""

import pathlib

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse.csgraph import dijkstra

from gunmane import schema
from gunmane.assumptions import load_assumptions
from gunmane.errors import PlanError
from gunmane.graph import arc_matrix
from gunmane.i18n import LANGUAGES, say
from gunmane.municipalities import Region, find_region
from gunmane.network import build_network
from gunmane.units import link_units, make_units, travel_matrix, unit_facts
from gunmane.units.minutes import contracted

KUSATSU = (
    pathlib.Path(__file__).resolve().parents[2] / "shared" / "samples" / "kusatsu_osm_roads" / "roads.geojson"
)
ASSUMPTIONS = load_assumptions()
WEST, EAST = shapely.box(0, 0, 5000, 4000), shapely.box(5000, 0, 10000, 4000)


def region_of(towns, areas=(("90001", WEST), ("90002", EAST))):
    """A region drawn from towns (code, name, x, y) and areas (code, polygon)."""
    codes = [code for code, _ in areas]
    shapes = gpd.GeoDataFrame(
        {"name_ja": codes, "name_en": codes},
        geometry=[area for _, area in areas],
        index=pd.Index(codes, name="muni_code", dtype="str"),
        crs=6674,
    )
    points = gpd.GeoDataFrame(
        {"muni_code": [t[0] for t in towns], "town": [t[1] for t in towns]},
        geometry=[shapely.Point(t[2], t[3]) for t in towns],
        crs=6674,
    )
    empty = pd.DataFrame(index=shapes.index)
    return Region(
        "drawn", "", "", "wide_area", "", 6674, "daily", ("road",), False, empty, shapes, points, 0, points, empty
    )  # fmt: skip


def network_of(*lines, **columns):
    roads = gpd.GeoDataFrame(columns, geometry=[shapely.LineString(line) for line in lines], crs=6674)
    return build_network(roads, assumptions=ASSUMPTIONS)


TOWNS = [("90001", "甲", 1000, 2000), ("90001", "乙", 3000, 2000), ("90002", "丙", 7000, 2000)]
MAIN = [(500, 2000), (9500, 2000)]


@pytest.fixture
def two_towns():
    """甲 --- 乙 --- | --- 丙 along one road of 9 km; the border is at x = 5000."""
    network = network_of(MAIN)
    units, node_unit = make_units(network, region_of(TOWNS))
    return network, units, node_unit, link_units(network, units, node_unit, assumptions=ASSUMPTIONS)


def test_units_are_numbered_and_named_in_each_municipality(two_towns):
    _, units, _, _ = two_towns
    assert list(units.index) == ["90001-001", "90001-002", "90002-001"]
    assert list(units["name"]) == ["乙", "甲", "丙"]
    schema.check_table(units, "units")


def test_each_node_goes_to_the_nearest_town_of_its_own_municipality(two_towns):
    network, units, node_unit, _ = two_towns
    names = pd.Series(units["name"].to_numpy()[node_unit], index=network.x.round().astype(int))
    assert names[500] == "甲"
    assert names[4500] == "乙"
    assert names[5500] == "丙"


def test_links_follow_the_road_and_know_the_border(two_towns):
    _, _, _, links = two_towns
    schema.check_table(links, "links")
    rows = links.set_index(["source_id", "target_id"])
    assert list(rows.index) == [("90001-001", "90001-002"), ("90001-001", "90002-001")]
    assert rows["crosses_border"].tolist() == [False, True]
    speed = ASSUMPTIONS.value("speed_kmh_unknown_class")
    assert rows["travel_min"].tolist() == pytest.approx([2 / speed * 60, 4 / speed * 60])
    assert not rows["is_assumed"].any()


def test_the_matrix_holds_the_minutes_between_unit_nodes(two_towns):
    network, units, _, links = two_towns
    minutes = travel_matrix(network, units, links)
    speed = ASSUMPTIONS.value("speed_kmh_unknown_class")
    assert minutes.dtype == np.float32
    assert minutes[0, 1] == pytest.approx(2 / speed * 60)
    assert minutes[1, 2] == pytest.approx(6 / speed * 60)
    assert (np.diag(minutes) == 0).all()


def test_towns_at_one_node_form_one_unit_with_their_names_joined():
    towns = [("90001", name, 1000 + i, 2000) for i, name in enumerate("丁乙甲丙")]
    units, _ = make_units(network_of([(900, 2000), (1000, 2000)]), region_of(towns, [("90001", WEST)]))
    assert list(units["name"]) == ["丁・丙ほか"]
    assert list(units["town_count"]) == [4]
    pair, _ = make_units(network_of([(900, 2000), (1000, 2000)]), region_of(towns[:2], [("90001", WEST)]))
    assert list(pair["name"]) == ["丁・乙"]


def test_a_road_of_the_neighbour_may_be_driven_on():
    """The far west road is reached from 甲 only through the east municipality."""
    detour = [(1000, 2000), (6000, 2000), (6000, 3000), (4000, 3000)]
    units, node_unit = make_units(network_of(detour), region_of(TOWNS[:1]))
    assert not units.loc[units["muni_code"] == "90001", "is_piece"].any()
    assert (node_unit >= 0).all()


def test_a_town_prefers_the_main_roads_to_a_fragment_slightly_nearer():
    network = network_of(MAIN, [(1000, 2200), (1050, 2200)])
    units, _ = make_units(network, region_of([("90001", "甲", 1000, 2150)]))
    town = units[units["name"] == "甲"].iloc[0]
    assert network.component[town["node"]] == 0


def test_a_short_fragment_near_other_roads_joins_the_unit_there():
    network = network_of(MAIN, [(1000, 2200), (1050, 2200)])
    units, node_unit = make_units(network, region_of(TOWNS))
    assert not units["is_piece"].any()
    assert (node_unit >= 0).all()
    facts = unit_facts(network, units, node_unit)
    assert (facts["joined_fragments"], facts["joined_fragment_nodes"]) == (1, 2)


@pytest.fixture
def with_piece():
    """A road of 1.5 km without a town, 300 m north of the main road."""
    network = network_of(MAIN, [(1000, 2300), (2500, 2300)])
    units, node_unit = make_units(network, region_of(TOWNS))
    return network, units, node_unit, link_units(network, units, node_unit, assumptions=ASSUMPTIONS)


def test_a_long_fragment_is_a_piece_with_an_assumed_link(with_piece):
    _, units, _, links = with_piece
    piece = units[units["is_piece"]]
    assert list(piece["name"]) == ["piece 1"]
    assert list(piece["muni_code"]) == ["90001"]
    assumed = links[links["is_assumed"]]
    assert set(assumed["source_id"]) | set(assumed["target_id"]) >= set(piece.index)
    gap_min = (
        0.3
        * ASSUMPTIONS.value("straight_line_detour_ratio")
        / ASSUMPTIONS.value("speed_kmh_unknown_class")
        * 60
    )
    assert (assumed["travel_min"] >= gap_min - 1e-9).all()


def test_a_piece_is_reached_over_its_assumed_link_only(with_piece):
    network, units, _, links = with_piece
    piece = int(np.flatnonzero(units["is_piece"])[0])
    assert np.isfinite(travel_matrix(network, units, links)).all()
    assert np.isinf(np.delete(travel_matrix(network, units)[piece], piece)).all()


def test_an_island_with_its_own_town_stays_apart():
    """An island of 1 km, 600 m off the coast, with the town 島."""
    network = network_of(MAIN, [(1000, 2600), (2000, 2600)])
    region = region_of([*TOWNS, ("90001", "島", 1500, 2610)])
    units, node_unit = make_units(network, region)
    links = link_units(network, units, node_unit, assumptions=ASSUMPTIONS)
    island = units.index[units["name"] == "島"][0]
    assert island not in set(links["source_id"]) | set(links["target_id"])
    assert np.isinf(travel_matrix(network, units, links)[units.index.get_loc(island)]).sum() == len(units) - 1
    assert unit_facts(network, units, node_unit)["island_units"] == 1


def test_a_break_of_a_few_metres_between_two_towns_roads_is_bridged():
    network = network_of([(500, 2000), (1980, 2000)], [(2020, 2000), (4500, 2000)])
    region = region_of(TOWNS[:2], [("90001", WEST)])
    units, node_unit = make_units(network, region)
    links = link_units(network, units, node_unit, assumptions=ASSUMPTIONS)
    assert links["is_assumed"].tolist() == [True]
    assert np.isfinite(travel_matrix(network, units, links)).all()


def test_scattered_short_roads_far_from_everything_form_one_piece_a_unit():
    far = [[(1000 + 100 * i, 3900), (1040 + 100 * i, 3900)] for i in range(5)]
    network = network_of([(x, 2000) for x in (500, 4500)], *far)
    units, node_unit = make_units(network, region_of(TOWNS[:2], [("90001", WEST)]))
    assert units["is_piece"].sum() == 1
    assert (node_unit >= 0).all()


def test_a_municipality_without_town_points_is_covered_by_pieces():
    network = network_of([(500, 2000), (9500, 2000)], [(6000, 3500), (6050, 3500)])
    units, node_unit = make_units(network, region_of([], [("90001", WEST)]))
    assert units["is_piece"].all()
    assert units.area.sum() == pytest.approx(WEST.area)
    assert (node_unit[network.x <= 5000] >= 0).all()


def test_a_municipality_without_roads_has_one_unit_that_covers_it():
    units, node_unit = make_units(network_of([(500, 2000), (4000, 2000)]), region_of(TOWNS))
    alone = units[units["muni_code"] == "90002"]
    assert alone["is_piece"].tolist() == [True]
    assert alone.geometry.iloc[0].area == pytest.approx(EAST.area)
    links = link_units(network_of([(500, 2000), (4000, 2000)]), units, node_unit, assumptions=ASSUMPTIONS)
    assert links["is_assumed"].any()


def test_roads_outside_the_region_link_units_but_belong_to_none():
    around = [(1000, 2000), (1000, -500), (3000, -500), (3000, 2000)]
    network = network_of(around)
    units, node_unit = make_units(network, region_of(TOWNS[:2], [("90001", WEST)]))
    assert ((node_unit == -1) == (network.y < 0)).all()
    assert len(link_units(network, units, node_unit, assumptions=ASSUMPTIONS)) == 1


def test_without_any_road_the_error_says_what_to_do():
    network = build_network(gpd.GeoDataFrame(geometry=[], crs=6674), assumptions=ASSUMPTIONS)
    with pytest.raises(PlanError) as caught:
        make_units(network, region_of(TOWNS))
    assert all(say(caught.value, lang) for lang in LANGUAGES)


def test_a_one_way_road_that_ends_at_the_files_edge_does_not_cut_a_unit_off():
    network = network_of([(1000, 2000), (3000, 2000)], is_oneway=[True])
    units, node_unit = make_units(network, region_of(TOWNS[:2], [("90001", WEST)]))
    assert np.isfinite(travel_matrix(network, units)).all()
    assert (node_unit >= 0).all()


def test_one_way_roads_are_driven_the_right_way():
    there = network_of(
        [(1000, 2000), (3000, 2000)], [(3000, 2000), (2000, 3000), (1000, 2000)], is_oneway=[True, True]
    )
    units, _ = make_units(there, region_of(TOWNS[:2], [("90001", WEST)]))
    minutes = travel_matrix(there, units)
    east, west = [units["name"].tolist().index(n) for n in ("乙", "甲")]
    assert minutes[east, west] > minutes[west, east]


places = st.tuples(st.integers(1, 49), st.integers(1, 39)).map(lambda p: (p[0] * 100.0, p[1] * 100.0))
some_towns = st.lists(places, min_size=1, max_size=8, unique=True)
some_lines = st.lists(st.lists(places, min_size=2, max_size=4, unique=True), min_size=1, max_size=8)


@settings(max_examples=30)
@given(towns=some_towns, lines=some_lines)
def test_cells_tile_the_municipality_and_every_node_has_a_unit(towns, lines):
    region = region_of([("90001", f"町{i}", *xy) for i, xy in enumerate(towns)], [("90001", WEST)])
    network = network_of(*lines)
    units, node_unit = make_units(network, region)
    assert units.area.sum() == pytest.approx(WEST.area, rel=1e-9)
    assert (units.area > 0).all()
    assert shapely.area(units.geometry.union_all()) == pytest.approx(WEST.area, rel=1e-9)
    assert (node_unit >= 0).all()
    assert (np.bincount(node_unit, minlength=len(units)) > 0).all()


@settings(max_examples=30)
@given(towns=some_towns, lines=some_lines, seed=st.integers(0, 9))
def test_row_order_changes_neither_units_nor_links(towns, lines, seed):
    rows = [("90001", f"町{i}", *xy) for i, xy in enumerate(towns)]
    order = np.random.default_rng(seed).permutation(len(rows))
    turned = np.random.default_rng(seed).permutation(len(lines))
    made = []
    for chosen, drawn in ((rows, lines), ([rows[i] for i in order], [lines[i] for i in turned])):
        network = network_of(*drawn)
        units, node_unit = make_units(network, region_of(chosen, [("90001", WEST)]))
        made.append((units, node_unit, link_units(network, units, node_unit, assumptions=ASSUMPTIONS)))
    pd.testing.assert_frame_equal(made[0][0].drop(columns="geometry"), made[1][0].drop(columns="geometry"))
    assert made[0][0].geometry.geom_equals(made[1][0].geometry).all()
    np.testing.assert_array_equal(made[0][1], made[1][1])
    pd.testing.assert_frame_equal(made[0][2], made[1][2])


@settings(max_examples=30)
@given(
    arcs=st.lists(
        st.tuples(st.integers(0, 14), st.integers(0, 14), st.integers(1, 20)), min_size=1, max_size=60
    ),
    ends=st.sets(st.integers(0, 14), min_size=1, max_size=4),
)
def test_contracting_changes_no_distance(arcs, ends):
    start, end, weight = (np.array(column) for column in zip(*arcs, strict=True))
    terminals = np.array(sorted(ends))
    whole = arc_matrix(start, end, weight, 15)
    keep, small = contracted(start, end, weight, terminals, 15)
    place = np.searchsorted(keep, terminals)
    np.testing.assert_allclose(
        dijkstra(small, indices=place)[:, place], dijkstra(whole, indices=terminals)[:, terminals]
    )


@settings(max_examples=30)
@given(towns=some_towns, lines=some_lines)
def test_a_link_is_never_quicker_than_the_quickest_way(towns, lines):
    region = region_of([("90001", f"町{i}", *xy) for i, xy in enumerate(towns)], [("90001", WEST)])
    network = network_of(*lines)
    units, node_unit = make_units(network, region)
    links = link_units(network, units, node_unit, assumptions=ASSUMPTIONS)
    minutes = travel_matrix(network, units, links)
    row = units.index.get_indexer(links["source_id"])
    column = units.index.get_indexer(links["target_id"])
    assert (links["source_id"] < links["target_id"]).all()
    assert (minutes[row, column] <= links["travel_min"] * (1 + 1e-5) + 1e-5).all()


@pytest.fixture(scope="module")
def kusatsu():
    if not KUSATSU.is_file():
        pytest.skip("the real roads of Kusatsu are not here: ../shared/samples/kusatsu_osm_roads")
    region = find_region("shiga_kusatsu")
    network = build_network(
        gpd.read_file(KUSATSU).to_crs(region.epsg), assumptions=ASSUMPTIONS, region=region
    )
    units, node_unit = make_units(network, region)
    return region, network, units, node_unit


def test_the_real_roads_of_kusatsu_give_every_town_a_unit(kusatsu):
    region, network, units, node_unit = kusatsu
    assert units["town_count"].sum() == len(region.towns)
    assert units.area.sum() == pytest.approx(region.municipalities.area.sum(), rel=1e-6)
    assert unit_facts(network, units, node_unit)["nodes_outside"] > 0


def test_minutes_on_the_real_roads_are_those_of_the_whole_network(kusatsu):
    _, network, units, node_unit = kusatsu
    links = link_units(network, units, node_unit, assumptions=ASSUMPTIONS)
    nodes = units["node"].to_numpy()
    plain = dijkstra(network.matrix(), indices=nodes)[:, nodes]
    np.testing.assert_allclose(travel_matrix(network, units, links), plain, rtol=1e-5)
