"""Road lines become a network: where they meet, where they pass, what is dropped, and how long it takes."""

import pathlib

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gunmane.assumptions import load_assumptions
from gunmane.graph import nearest_source, travel_minutes
from gunmane.municipalities import find_region
from gunmane.network import at_speeds, build_network, rural_edges

KUSATSU = (
    pathlib.Path(__file__).resolve().parents[2] / "shared" / "samples" / "kusatsu_osm_roads" / "roads.geojson"
)
ASSUMPTIONS = load_assumptions()
UNDIVIDED = ASSUMPTIONS.replaced({"network_edge_max_m": (1e9, 1e9, 1e9)})


def roads_of(*lines, **columns):
    """A road table from lists of points (m); further columns as given."""
    shapes = [line if isinstance(line, shapely.Geometry) else shapely.LineString(line) for line in lines]
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=6674, index=range(len(shapes)))


def network_of(*lines, tolerance=0.0, region=None, assumptions=UNDIVIDED, **columns):
    roads = roads_of(*lines, **columns)
    return build_network(roads, assumptions=assumptions, snap_tolerance_m=tolerance, region=region)


def places(network):
    return {(round(x, 3), round(y, 3)) for x, y in zip(network.x, network.y, strict=True)}


EAST = [(0, 0), (100, 0)]
NORTH = [(50, -50), (50, 50)]


def test_lines_that_cross_in_mid_segment_meet():
    network = network_of(EAST, NORTH)
    assert (50.0, 0.0) in places(network)
    assert len(network.source) == 4
    assert network.facts["split_crossings"] == 1
    assert network.length_m.sum() == pytest.approx(200)


@pytest.mark.parametrize(
    "columns", [{"is_bridge": [True, False]}, {"is_tunnel": [False, True]}, {"level": [1, 0]}]
)
def test_a_bridge_a_tunnel_or_another_level_passes_without_meeting(columns):
    network = network_of(EAST, NORTH, **columns)
    assert len(network.source) == 2
    assert network.facts["component_count"] == 2
    assert network.facts["passed_crossings"] == 1


def test_a_bridge_meets_the_road_at_its_ends():
    network = network_of(EAST, [(100, 0), (200, 0)], [(150, -50), (150, 50)], is_bridge=[False, True, False])
    joined = network.component[[network.x.tolist().index(0.0), network.x.tolist().index(200.0)]]
    assert joined[0] == joined[1]
    assert network.facts["component_count"] == 2


def test_a_bridge_vertex_above_a_road_vertex_does_not_meet_it():
    over = [(0, 0), (50, 0), (100, 0)]
    under = [(50, -50), (50, 0), (50, 50)]
    assert network_of(over, under, is_bridge=[True, False]).facts["component_count"] == 2
    assert network_of(over, under).facts["component_count"] == 1


def test_an_abutment_in_the_middle_of_a_road_meets_it():
    network = network_of(EAST, [(50, 0), (50, 80)], is_bridge=[False, True])
    assert network.facts["component_count"] == 1
    assert len(network.source) == 3


def test_shared_vertices_and_touching_ends_split_both_lines():
    network = network_of([(0, 0), (50, 0), (100, 0)], [(50, 0), (50, 90)], [(25, 0), (25, 40)])
    assert places(network) >= {(50.0, 0.0), (25.0, 0.0)}
    assert len(network.source) == 5


def test_a_line_that_crosses_itself_gets_a_node_there():
    loop = [(0, 0), (100, 0), (100, 50), (50, 50), (50, -50)]
    network = network_of(loop)
    assert (50.0, 0.0) in places(network)
    assert network.length_m.sum() == pytest.approx(shapely.length(shapely.LineString(loop)))


def test_a_closed_loop_alone_is_one_node_and_one_edge():
    network = network_of([(0, 0), (100, 0), (100, 100), (0, 0)])
    assert (len(network.x), len(network.source)) == (1, 1)
    assert network.matrix().nnz == 0


def test_an_end_that_misses_a_line_by_less_than_the_tolerance_is_joined():
    short = [(50, 1.5), (50, 50)]
    assert network_of(EAST, short, tolerance=1.0).facts["component_count"] == 2
    joined = network_of(EAST, short, tolerance=2.0)
    assert joined.facts["component_count"] == 1
    assert joined.facts["snapped_gaps"] == 1
    assert len(joined.source) == 3


def test_ends_that_miss_each_other_by_less_than_the_tolerance_are_joined():
    spread = [(0, 0), (100, 0)], [(101, 1), (200, 0)], [(100, 1.2), (100, 90)], [(101, 0), (150, -90)]
    network = network_of(*spread, tolerance=2.0)
    assert network.facts["component_count"] == 1
    assert len(network.x) == 5


def test_an_end_near_a_bridge_deck_is_not_joined_to_it():
    network = network_of(EAST, [(50, 1), (50, 50)], tolerance=2.0, is_bridge=[True, False])
    assert network.facts["component_count"] == 2


def test_a_short_overshoot_stays_a_stub():
    network = network_of(EAST, [(50, -1), (50, 80)], tolerance=2.0)
    assert network.facts["snapped_gaps"] == 0
    assert (50.0, -1.0) in places(network)


def test_a_line_drawn_twice_counts_once_whichever_way_it_runs():
    network = network_of(EAST, EAST[::-1], EAST)
    assert len(network.source) == 1
    assert network.facts["dropped_duplicates"] == 2


def test_two_one_way_lines_in_opposite_directions_make_a_two_way_road():
    network = network_of(EAST, EAST[::-1], is_oneway=[True, True])
    assert not network.is_oneway.any()
    assert network.matrix().nnz == 2


def test_of_equal_lines_the_known_class_stays():
    network = network_of(EAST, EAST, road_class=["unknown", "national"])
    assert network.facts["unknown_class_share"] == 0


def test_one_way_is_kept_and_may_be_ignored():
    network = network_of(EAST, is_oneway=[True])
    west, east = int(np.argmin(network.x)), int(np.argmax(network.x))
    assert np.isinf(travel_minutes(network, [east])[0, west])
    assert np.isfinite(travel_minutes(network, [east], is_directed=False)[0, west])


def test_faulty_geometries_are_counted_and_the_rest_is_used():
    rows = roads_of(EAST, shapely.Point(3, 3), shapely.LineString(), shapely.LineString([(5, 5), (5, 5)]))
    rows.loc[4, "geometry"] = None
    network = build_network(rows, assumptions=ASSUMPTIONS)
    assert len(network.source) == 1
    assert network.facts["skipped_geometries"] == 3
    assert network.facts["dropped_zero_length"] == 1


def test_multi_lines_and_collections_are_taken_apart_and_keep_their_row():
    parts = shapely.GeometryCollection(
        [shapely.Point(0, 0), shapely.MultiLineString([[(0, 0), (9, 0)], [(0, 50), (9, 50)]])]
    )
    network = network_of(EAST, parts)
    assert set(network.line) == {0, 1}
    assert np.sum(network.line == 1) == 2


def test_an_empty_table_gives_an_empty_network():
    network = build_network(gpd.GeoDataFrame(geometry=[], crs=6674), assumptions=ASSUMPTIONS)
    assert len(network.x) == 0
    assert network.facts["length_m"] == 0


def test_degrees_for_metres_are_refused():
    with pytest.raises(ValueError, match="metric"):
        build_network(roads_of(EAST).to_crs(4326), assumptions=ASSUMPTIONS)


def test_components_are_numbered_by_length_and_gaps_between_them_are_found():
    network = network_of([(0, 30), (90, 30)], [(0, 0), (500, 0)], [(0, 5000), (50, 5000)])
    main = network.component[network.y == 0]
    assert set(main) == {0}
    assert network.facts["component_count"] == 3
    assert network.gap_m.tolist() == [30.0]
    detour = ASSUMPTIONS.value("straight_line_detour_ratio")
    minutes = 0.03 * detour / ASSUMPTIONS.value("speed_kmh_unknown_class") * 60
    assert network.gap_min == pytest.approx([minutes])


def test_speed_follows_the_class_and_is_higher_away_from_towns():
    region = find_region("nara_uda")
    town = region.towns.geometry.union_all().centroid
    line = [(town.x + 200_000, town.y), (town.x + 201_000, town.y)]
    plain = network_of(line, road_class=["prefectural"])
    rural = network_of(line, road_class=["prefectural"], region=region)
    assert plain.speed_kmh == pytest.approx(ASSUMPTIONS.value("speed_kmh_prefectural_road"))
    assert rural.speed_kmh == pytest.approx(plain.speed_kmh * ASSUMPTIONS.value("speed_factor_rural"))
    assert plain.travel_min == pytest.approx(60 / plain.speed_kmh)
    assert rural.facts["lines_outside"] == 1


def test_roads_among_many_people_keep_the_speed_of_built_up_areas():
    region = find_region("osaka_senshu")
    hall = region.halls.geometry.iloc[0]
    network = network_of([(hall.x, hall.y), (hall.x + 300, hall.y)], region=region)
    assert network.speed_kmh == pytest.approx(ASSUMPTIONS.value("speed_kmh_unknown_class"))


def test_a_long_road_without_junctions_is_divided_evenly():
    network = network_of([(0, 0), (900, 0), (900, 1500)], assumptions=ASSUMPTIONS)
    limit = ASSUMPTIONS.value("network_edge_max_m")
    assert len(network.source) == np.ceil(2400 / limit)
    assert network.length_m == pytest.approx(2400 / len(network.source))
    assert network.facts["divided_edges"] == len(network.source) - 1


def test_of_parallel_roads_the_quicker_one_counts():
    network = network_of(EAST, [(0, 0), (50, 80), (100, 0)])
    assert network.matrix().max() == pytest.approx(network.travel_min.min())


def test_a_sweep_names_the_nearest_source_and_what_it_cannot_reach():
    network = network_of([(0, 0), (100, 0), (300, 0)], [(100, 0), (100, 9)], [(0, 900), (9, 900)])
    ends = [int(np.argmin(network.x + network.y)), int(np.argmax(network.x))]
    minutes, position = nearest_source(network.matrix(), ends)
    middle = int(np.flatnonzero((network.x == 100) & (network.y == 0))[0])
    assert position[middle] == 0
    assert (position == -1).sum() == 2
    assert np.isinf(minutes[position == -1]).all()


points = st.tuples(st.integers(0, 6), st.integers(0, 6)).map(lambda p: (p[0] * 100.0, p[1] * 100.0))
drawn_lines = st.lists(st.lists(points, min_size=2, max_size=4), min_size=1, max_size=6)


def usable(lines):
    return [shapely.LineString(line) for line in lines if shapely.length(shapely.LineString(line)) > 0]


@settings(max_examples=50)
@given(lines=drawn_lines)
def test_nodes_are_those_of_the_exact_union(lines):
    shapes = list({shapely.normalize(shape).wkb: shape for shape in usable(lines)}.values())
    if not shapes:
        return
    union = shapely.get_parts(shapely.unary_union(shapes))
    ends = {(round(p[0], 2), round(p[1], 2)) for part in union for p in (part.coords[0], part.coords[-1])}
    network = network_of(*shapes)
    own = {(round(x, 2), round(y, 2)) for x, y in zip(network.x, network.y, strict=True)}
    assert own == ends


@settings(max_examples=50)
@given(lines=drawn_lines)
def test_no_metre_is_lost_or_won(lines):
    shapes = usable(lines)
    network = network_of(*shapes)
    distinct = {shapely.normalize(s).wkb: s.length for s in shapes}
    assert network.length_m.sum() == pytest.approx(sum(distinct.values()), rel=1e-6)


@settings(max_examples=50)
@given(lines=drawn_lines, seed=st.integers(0, 99))
def test_row_order_does_not_change_the_network(lines, seed):
    shapes = usable(lines)
    classes = ["municipal_1", "unknown", "national"]
    roads = roads_of(*shapes, road_class=[classes[i % 3] for i in range(len(shapes))])
    shuffled = roads.sample(frac=1, random_state=seed)
    one = build_network(roads, assumptions=ASSUMPTIONS)
    other = build_network(shuffled, assumptions=ASSUMPTIONS)
    for name in ("x", "y", "source", "target", "length_m", "travel_min", "component", "gap_m"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)


@settings(max_examples=50)
@given(lines=drawn_lines)
def test_every_point_along_the_roads_lies_on_them_near_the_node_it_names(lines):
    shapes = usable(lines)
    if not shapes:
        return
    network = network_of(*shapes)
    marks = shapely.points(network.point_x, network.point_y)
    assert shapely.distance(marks, shapely.union_all(shapes)).max() < 1e-6
    straight = np.hypot(
        network.point_x - network.x[network.point_node], network.point_y - network.y[network.point_node]
    )
    assert (straight <= network.point_m + 1e-6).all()


@pytest.fixture(scope="module")
def kusatsu():
    if not KUSATSU.is_file():
        pytest.skip("the real roads of Kusatsu are not here: ../shared/samples/kusatsu_osm_roads")
    region = find_region("shiga_kusatsu")
    roads = gpd.read_file(KUSATSU).to_crs(region.epsg)
    return roads, build_network(roads, assumptions=ASSUMPTIONS, region=region)


def test_the_real_roads_of_kusatsu_become_one_network(kusatsu):
    roads, network = kusatsu
    assert network.facts["length_m"] == pytest.approx(roads.length.sum(), rel=1e-3)
    assert network.facts["longest_component_share"] > 0.99
    assert network.facts["unknown_class_share"] == 1
    assert network.facts["lines_outside"] > 0


def test_the_real_roads_are_noded_as_the_exact_union_is(kusatsu):
    roads, _ = kusatsu
    network = build_network(roads, assumptions=UNDIVIDED, snap_tolerance_m=0)
    ends = shapely.boundary(shapely.get_parts(shapely.unary_union(roads.geometry.array)))
    union = np.unique(np.round(shapely.get_coordinates(ends), 2), axis=0)
    away = shapely.STRtree(shapely.points(network.x, network.y)).query_nearest(
        shapely.points(union), return_distance=True, all_matches=False
    )[1]
    assert away.max() < 0.02
    assert abs(len(network.x) - len(union)) <= 2


def test_columns_that_a_file_does_not_know_may_hold_blanks():
    blanks = {"road_class": [None, "farm"], "is_oneway": [None, True], "level": pd.array([None, 0], "Int8")}
    network = network_of(EAST, NORTH, **blanks)
    assert len(network.source) == 4
    assert network.is_oneway.sum() == 2


def test_roads_driven_at_other_speeds_are_those_built_with_them():
    slow = ASSUMPTIONS.replaced({"speed_kmh_national_road": (10, 12, 50), "speed_factor_rural": (1, 1.1, 2)})
    region = find_region("nara_uda")
    middle = region.towns.geometry.iloc[0]
    line = [(middle.x + step, middle.y) for step in (0, 900, 9_000)]
    roads = roads_of(line, [line[0], line[2]], road_class=["national", "municipal_1"]).set_crs(
        region.epsg, allow_override=True
    )
    built = build_network(roads, assumptions=ASSUMPTIONS, region=region)
    driven = at_speeds(built, slow, rural_edges(built, slow, region))
    anew = build_network(roads, assumptions=slow, region=region)
    assert driven.travel_min == pytest.approx(anew.travel_min)
    assert driven.travel_min.sum() > 1.2 * built.travel_min.sum()
