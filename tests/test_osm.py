"""OpenStreetMap files: the same roads from .osm, .graphml and .osm.pbf, and nothing that unfolds or is cut off."""

import pathlib

import numpy as np
import osmium
import osmnx
import pytest
import shapely

from gunmane.errors import FileError
from gunmane.i18n import say
from gunmane.ledgers import osm, osm_ways
from gunmane.ledgers.osm import open_osm, way_settings

# A crossroads at node 3: a two-way road with a bend, a one-way bridge drawn against its order, a path of steps.
NODES = {
    1: (136.00, 34.50),
    2: (136.01, 34.505),
    3: (136.02, 34.50),
    4: (136.03, 34.50),
    5: (136.02, 34.51),
    6: (136.02, 34.49),
    7: (136.05, 34.55),
}
WAYS = {
    20: ([5, 3, 6], {"highway": "tertiary", "name": "宇陀線", "ref": "31", "width": "5.5"}),
    10: ([1, 2, 3, 4], {"highway": "residential", "service": "alley"}),
    30: ([6, 4], {"highway": "trunk", "oneway": "-1", "bridge": "yes", "layer": "1"}),
    40: ([4, 5], {"highway": "motorway"}),
    50: ([1, 6], {"building": "yes"}),
    60: ([1, 5, 7, 1], {"highway": "service", "access": "private", "junction": "roundabout"}),
}
SHAPES = {
    "10": [NODES[1], NODES[2], NODES[3], NODES[4]],
    "20": [NODES[5], NODES[3], NODES[6]],
    "30": [NODES[4], NODES[6]],
    "40": [NODES[4], NODES[5]],
}


def write_osm(path, *, ways=WAYS, nodes=NODES):
    if path.suffix == ".pbf" or path.name.endswith(".osm"):
        with osmium.SimpleWriter(str(path), overwrite=True) as writer:
            for number, place in nodes.items():
                writer.add_node(osmium.osm.mutable.Node(id=number, location=place))
            for number, (refs, tags) in ways.items():
                writer.add_way(osmium.osm.mutable.Way(id=number, nodes=refs, tags=tags))
    return path


@pytest.fixture
def xml_file(tmp_path):
    return write_osm(tmp_path / "roads.osm")


@pytest.fixture
def pbf_file(tmp_path):
    return write_osm(tmp_path / "roads.osm.pbf")


def key_of(path):
    with pytest.raises(FileError) as caught:
        open_osm(path)
    assert str(path.name) in say(caught.value, "ja") and say(caught.value, "en")
    return caught.value.key


@pytest.mark.parametrize("name", ["roads.osm", "roads.osm.pbf"])
def test_each_way_with_highway_is_one_row_with_its_tags_and_its_line(tmp_path, name):
    raw = open_osm(write_osm(tmp_path / name))
    rows = raw.table.set_index("osm_id")
    assert list(rows.index) == ["10", "20", "30", "40", "60"]
    assert list(raw.table.index) == [1, 2, 3, 4, 5]
    assert tuple(rows.columns) == osm.TAGS
    assert rows.loc["20", ["highway", "name", "ref", "width", "layer"]].tolist() == [
        "tertiary", "宇陀線", "31", "5.5", ""]  # fmt: skip
    for number, places in SHAPES.items():
        assert raw.shapes[list(rows.index).index(number)].equals_exact(shapely.LineString(places), 1e-7)
    assert raw.crs.to_epsg() == 4326


@pytest.mark.parametrize("name", ["roads.osm", "roads.osm.pbf"])
def test_a_road_driven_against_its_nodes_is_turned_and_an_unsaid_direction_stays_unsaid(tmp_path, name):
    rows = open_osm(write_osm(tmp_path / name)).table.set_index("osm_id")
    assert rows["oneway"].to_dict() == {"10": "", "20": "", "30": "yes", "40": "", "60": ""}


def test_xml_and_pbf_give_the_same_rows_and_lines(xml_file, pbf_file):
    one, two = open_osm(xml_file), open_osm(pbf_file)
    assert one.table.equals(two.table)
    assert shapely.equals(one.shapes, two.shapes).all()


def test_a_way_of_several_pieces_runs_as_it_was_drawn(tmp_path):
    ways = {70: ([5, 4, 3, 2, 1], {"highway": "residential", "oneway": "yes"})}
    ways |= {71: ([6, 4, 2], {"highway": "residential", "oneway": "-1"})}
    for name in ("a.osm", "a.osm.pbf"):
        forward, turned = open_osm(write_osm(tmp_path / name, ways=ways)).shapes
        assert list(forward.coords) == [NODES[n] for n in (5, 4, 3, 2, 1)]
        assert list(turned.coords) == [NODES[n] for n in (2, 4, 6)]


def test_a_one_way_road_that_goes_there_and_back_counts_twice(tmp_path):
    path = write_osm(tmp_path / "a.osm", ways={70: ([1, 2, 1], {"highway": "service", "oneway": "yes"})})
    osmnx.save_graphml(osmnx.graph_from_xml(path, simplify=False), tmp_path / "a.graphml")
    raw = open_osm(tmp_path / "a.graphml")
    assert sorted(line.coords[0] for line in raw.shapes) == [NODES[1], NODES[2]]


def test_the_order_of_ways_in_the_file_changes_nothing(tmp_path, xml_file):
    turned = write_osm(tmp_path / "turned.osm", ways=dict(reversed(WAYS.items())))
    one, two = open_osm(xml_file), open_osm(turned)
    assert one.table.equals(two.table)
    assert shapely.equals(one.shapes, two.shapes).all()


@pytest.mark.parametrize("name", ["roads.osm", "roads.osm.pbf"])
def test_licence_and_credit_stand_beside_the_rows(tmp_path, name):
    told = open_osm(write_osm(tmp_path / name)).told
    assert (told["licence"], told["credit"]) == ("ODbL 1.0", "© OpenStreetMap contributors")


@pytest.mark.parametrize("is_simplified", [True, False])
def test_the_two_directions_of_an_edge_count_once_and_one_way_roads_keep_theirs(xml_file, is_simplified):
    graph = osmnx.graph_from_xml(xml_file, simplify=is_simplified, retain_all=True)
    path = xml_file.with_suffix(".graphml")
    osmnx.save_graphml(graph, path)
    raw = open_osm(path)
    lines = open_osm(xml_file).shapes
    assert shapely.length(raw.shapes).sum() == pytest.approx(shapely.length(lines).sum())
    both = [not d["oneway"] for _, _, d in graph.edges(data=True) if "highway" in d]
    assert raw.told["twins"] == sum(both) // 2
    bridge = raw.shapes[(raw.table["osm_id"] == "30").to_numpy()]
    assert [line.coords[0] for line in bridge] == [NODES[4]]


def test_a_graph_saved_in_another_order_gives_the_same_rows(xml_file, tmp_path):
    graph = osmnx.graph_from_xml(xml_file, simplify=False, retain_all=True)
    turned = graph.__class__(**graph.graph)
    turned.add_nodes_from(reversed(list(graph.nodes(data=True))))
    turned.add_edges_from(reversed(list(graph.edges(data=True))))
    osmnx.save_graphml(graph, tmp_path / "a.graphml")
    osmnx.save_graphml(turned, tmp_path / "b.graphml")
    one, two = open_osm(tmp_path / "a.graphml"), open_osm(tmp_path / "b.graphml")
    assert one.table.equals(two.table)
    assert shapely.equals_exact(one.shapes, two.shapes).all()


def test_a_simplified_edge_of_several_ways_is_named_by_its_largest_road(xml_file, tmp_path):
    graph = osmnx.graph_from_xml(xml_file, simplify=False, retain_all=True)
    for _, _, data in graph.edges(data=True):
        data["highway"] = ["residential", "trunk_link"]
    osmnx.save_graphml(graph, tmp_path / "mixed.graphml")
    assert set(open_osm(tmp_path / "mixed.graphml").table["highway"]) == {"trunk_link"}


@pytest.mark.parametrize("name", ["part.osm", "part.osm.pbf"])
def test_an_extract_without_some_nodes_keeps_the_rest_of_the_way(tmp_path, name):
    nodes = {number: place for number, place in NODES.items() if number not in {3, 7}}
    raw = open_osm(write_osm(tmp_path / name, nodes=nodes))
    lines = dict(zip(raw.table["osm_id"], raw.shapes, strict=True))
    assert raw.told["nodes_missing"] == 2
    assert lines["10"].equals(shapely.LineString([NODES[1], NODES[2]]))
    assert lines["20"] is None


def test_the_settings_of_osmnx_are_as_before(xml_file):
    before = {name: getattr(osmnx.settings, name) for name in way_settings()}
    open_osm(xml_file)
    assert {name: getattr(osmnx.settings, name) for name in before} == before


BOMB = (
    '<?xml version="1.0"?>\n<!DOCTYPE osm [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>\n<{root}>&b;</{root}>\n'
)


@pytest.mark.parametrize("name", ["bomb.osm", "bomb.graphml"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_document_type_is_refused_before_anything_is_read(tmp_path, name, encoding):
    path = tmp_path / name
    path.write_bytes(BOMB.format(root=path.suffix[1:]).encode(encoding))
    assert key_of(path) == "osm_document_type"


@pytest.mark.parametrize("name", ["roads.osm", "roads.osm.pbf", "roads.graphml"])
@pytest.mark.parametrize("part", [0.3, 0.6, 0.95])
def test_a_file_cut_off_in_the_middle_is_refused(xml_file, tmp_path, name, part):
    path = tmp_path / name
    if path.suffix == ".graphml":
        osmnx.save_graphml(osmnx.graph_from_xml(xml_file, retain_all=True), path)
    else:
        write_osm(path)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * part)])
    assert key_of(path) == "ledger_unreadable"


@pytest.mark.parametrize("name", ["x.osm", "x.graphml", "x.osm.pbf"])
def test_a_binary_or_empty_file_under_such_a_name_is_refused(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(bytes(range(256)) * 40)
    assert key_of(path) == "ledger_unreadable"
    path.write_bytes(b"")
    assert key_of(path) == "ledger_empty"


def test_another_xml_under_the_name_is_refused(tmp_path):
    path = tmp_path / "x.osm"
    path.write_text('<?xml version="1.0"?><kml xmlns="http://www.opengis.net/kml/2.2"></kml>')
    assert key_of(path) == "osm_other_root"


GRAPHML = '<graphml xmlns="http://graphml.graphdrawing.org/xmlns">{body}</graphml>'
EDGES = (
    '<key id="h" for="edge" attr.name="highway" attr.type="string"/><graph edgedefault="directed">{nodes}'
    '<edge source="1" target="2"><data key="h">{value}</data></edge></graph>'
)


@pytest.mark.parametrize("nodes", ['<node id="n1"/><node id="n2"/>', '<node id="1"/><node id="2"/>'])
@pytest.mark.parametrize("value", ["residential", "[" * 5000 + "]" * 5000, "{" + "1+" * 9000 + "}"])
def test_a_graph_of_another_program_is_refused(tmp_path, nodes, value):
    path = tmp_path / "x.graphml"
    path.write_text(GRAPHML.format(body=EDGES.format(nodes=nodes, value=value)))
    assert key_of(path) == "osm_not_osmnx"


def test_nothing_in_a_graph_is_run(tmp_path, xml_file):
    trace = tmp_path / "trace"
    graph = osmnx.graph_from_xml(xml_file, retain_all=True)
    for _, _, data in graph.edges(data=True):
        data["name"] = f"[__import__('pathlib').Path({str(trace)!r}).touch()]"
    osmnx.save_graphml(graph, tmp_path / "x.graphml")
    assert open_osm(tmp_path / "x.graphml").table["name"].str.contains("__import__").all()
    assert not trace.exists()


@pytest.mark.parametrize("name", ["x.osm", "x.osm.pbf"])
def test_a_file_without_roads_says_so(tmp_path, name):
    path = write_osm(tmp_path / name, ways={1: ([1, 2], {"building": "yes"})})
    assert key_of(path) == "osm_no_roads"


def test_a_file_above_the_limit_is_not_opened(tmp_path, monkeypatch, xml_file):
    monkeypatch.setitem(osm.MAX_BYTES, ".osm", 100)
    assert key_of(xml_file) == "osm_too_large"
    monkeypatch.setattr(osm_ways, "MAX_NODES", 5)
    assert key_of(write_osm(tmp_path / "x.osm.pbf")) == "osm_too_many"
    assert key_of(pathlib.Path("nowhere.osm")) == "ledger_missing"


def test_the_lines_are_the_same_numbers_each_time(pbf_file):
    one, two = open_osm(pbf_file), open_osm(pbf_file)
    assert np.array_equal(shapely.get_coordinates(one.shapes), shapely.get_coordinates(two.shapes))


def test_a_large_xml_is_read_by_pyosmium_into_the_same_rows(xml_file, monkeypatch):
    small = open_osm(xml_file)
    monkeypatch.setattr(osm, "OSMNX_BYTES", 0)
    large = open_osm(xml_file)
    assert small.table.equals(large.table)
    assert shapely.equals(small.shapes, large.shapes).all()
