"""PLATEAU's CityGML in: bridges, tunnels and pipes as rows, in the right place, and a sentence for all else."""

import os
import pathlib

import geopandas as gpd
import numpy as np
import pytest
import shapely

from gunmane.assets import take_rows
from gunmane.errors import FileError
from gunmane.i18n import LANGUAGES, say, t
from gunmane.ledgers import citygml
from gunmane.ledgers.citygml import open_citygml
from gunmane.ledgers.proposals import propose_profile
from gunmane.ledgers.recognition import recognise_source
from gunmane.ledgers.remarks import remarks
from gunmane.ledgers.understanding import understand
from gunmane.municipalities import find_region, load_japan

SAMPLES = pathlib.Path(
    os.environ.get("GUNMANE_SAMPLES", pathlib.Path(__file__).parents[2] / "shared" / "samples")
)
NAGAOKA = SAMPLES / "plateau" / "nagaoka_sewer.gml"
NAMES = {
    "core": "http://www.opengis.net/citygml/2.0",
    "gml": "http://www.opengis.net/gml",
    "brid": "http://www.opengis.net/citygml/bridge/2.0",
    "tun": "http://www.opengis.net/citygml/tunnel/2.0",
    "frn": "http://www.opengis.net/citygml/cityfurniture/2.0",
    "gen": "http://www.opengis.net/citygml/generics/2.0",
    "bldg": "http://www.opengis.net/citygml/building/2.0",
    "uro": "https://www.geospatial.jp/iur/uro/3.1",
}
# A corner in 宇陀市 (latitude, longitude) and what a metre is there in degrees.
LAT, LON = 34.52, 135.95
M_LAT, M_LON = 1 / 110_930, 1 / 91_830


def model(*members, epsg=6697, head="", uro=NAMES["uro"]):
    names = " ".join(f'xmlns:{k}="{v}"' for k, v in {**NAMES, "uro": uro}.items())
    inside = "".join(f"<core:cityObjectMember>{m}</core:cityObjectMember>" for m in members)
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>{head}<core:CityModel {names}><gml:boundedBy>'
        f'<gml:Envelope srsName="http://www.opengis.net/def/crs/EPSG/0/{epsg}" srsDimension="3">'
        "<gml:lowerCorner>34 135 0</gml:lowerCorner><gml:upperCorner>35 136 9</gml:upperCorner>"
        f"</gml:Envelope></gml:boundedBy>{inside}</core:CityModel>"
    )


def ring(*corners):
    text = " ".join(
        f"{LAT + n * M_LAT:.12f} {LON + e * M_LON:.12f} {h}" for e, n, h in (*corners, corners[0])
    )
    return (
        "<gml:surfaceMember><gml:Polygon><gml:exterior><gml:LinearRing>"
        f"<gml:posList>{text}</gml:posList></gml:LinearRing></gml:exterior></gml:Polygon></gml:surfaceMember>"
    )


def box(east, north, length, width, height=3):
    """The six faces of a block, in metres from the corner."""
    e, n = (east, east + length), (north, north + width)
    flat = [ring((e[0], n[0], h), (e[1], n[0], h), (e[1], n[1], h), (e[0], n[1], h)) for h in (0, height)]
    walls = [ring((x, n[0], 0), (x, n[1], 0), (x, n[1], height), (x, n[0], height)) for x in e]
    walls += [ring((e[0], y, 0), (e[1], y, 0), (e[1], y, height), (e[0], y, height)) for y in n]
    return f"<gml:MultiSurface>{''.join(flat + walls)}</gml:MultiSurface>"


def curve(*places, lod=0):
    text = " ".join(f"{LAT + n * M_LAT:.12f} {LON + e * M_LON:.12f} 0" for e, n in places)
    return (
        f"<uro:frnDmAttribute><uro:DmGeometricAttribute><uro:lod{lod}Geometry><gml:MultiCurve><gml:curveMember>"
        f"<gml:LineString><gml:posList>{text}</gml:posList></gml:LineString></gml:curveMember></gml:MultiCurve>"
        f"</uro:lod{lod}Geometry></uro:DmGeometricAttribute></uro:frnDmAttribute>"
    )


BRIDGE = (
    '<brid:Bridge gml:id="brid_1"><gml:name>大橋</gml:name><brid:class codeSpace="x">01</brid:class>'
    "<brid:yearOfConstruction>1975</brid:yearOfConstruction>"
    "<brid:consistsOfBridgePart><brid:BridgePart><brid:class>02</brid:class><brid:usage>9</brid:usage>"
    f"<brid:lod2MultiSurface>{box(20, 0, 20, 8)}</brid:lod2MultiSurface></brid:BridgePart></brid:consistsOfBridgePart>"
    "<brid:outerBridgeConstruction><brid:BridgeConstructionElement><brid:function>77</brid:function>"
    "</brid:BridgeConstructionElement></brid:outerBridgeConstruction>"
    f"<brid:lod2MultiSurface>{box(0, 0, 20, 8)}</brid:lod2MultiSurface>"
    "<uro:bridDisasterRiskAttribute><uro:RiverFloodingRiskAttribute><uro:depth>3</uro:depth>"
    "</uro:RiverFloodingRiskAttribute></uro:bridDisasterRiskAttribute>"
    "<uro:bridStructureAttribute><uro:BridgeStructureAttribute><uro:material>3</uro:material>"
    '<uro:length uom="m">40.2</uro:length></uro:BridgeStructureAttribute></uro:bridStructureAttribute></brid:Bridge>'
)
TUNNEL = (
    '<tun:Tunnel gml:id="tun_1"><gml:name>隧道</gml:name><tun:yearOfConstruction>0001</tun:yearOfConstruction>'
    f"<tun:lod1MultiSurface>{box(0, 100, 300, 7)}</tun:lod1MultiSurface>"
    f"<tun:lod3MultiSurface>{box(0, 100, 310, 9)}</tun:lod3MultiSurface></tun:Tunnel>"
)
PIPE = (
    f'<uro:SewerPipe gml:id="unf_1"><gml:name>汚水管路</gml:name>{curve((0, 50), (30, 50), (30, 90))}'
    f"<frn:lod2Geometry>{box(0, 50, 31, 41)}</frn:lod2Geometry><uro:year>1988</uro:year>"
    '<uro:material>2</uro:material><uro:innerDiamiter uom="mm">250</uro:innerDiamiter>'
    '<gen:stringAttribute name="管種"><gen:value>ヒューム管</gen:value></gen:stringAttribute></uro:SewerPipe>'
)
SOLID = f"<frn:lod3Geometry>{box(0, 200, 25, 0.3)}</frn:lod3Geometry>"
SOLID_PIPE = f'<uro:WaterPipe gml:id="unf_2">{SOLID}</uro:WaterPipe>'
BARE_PIPE = (
    '<uro:SewerPipe gml:id="unf_3"><gml:name>図形なし</gml:name><uro:year>2001</uro:year></uro:SewerPipe>'
)
MANHOLE = '<uro:Manhole gml:id="unf_4"><uro:year>1995</uro:year></uro:Manhole>'
BUILDING = '<bldg:Building gml:id="bldg_1"><gml:name>家</gml:name></bldg:Building>'
ALL = (BRIDGE, TUNNEL, PIPE, SOLID_PIPE, BARE_PIPE, MANHOLE, BUILDING)


@pytest.fixture
def take(tmp_path):
    """Write a model and read it."""

    def read(text, **options):
        path = tmp_path / "udx.gml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return open_citygml(path, **options)

    return read


@pytest.fixture
def refused(take):
    """Read what must be refused, and return the error; its sentence stands in both languages."""

    def read(text):
        with pytest.raises(FileError) as caught:
            take(text)
        for lang in LANGUAGES:
            assert "udx.gml" in say(caught.value, lang)
        return caught.value

    return read


def metres(raw):
    return gpd.GeoSeries(raw.shapes, crs=raw.crs).to_crs(6674)


def test_each_bridge_tunnel_and_pipe_is_one_row(take):
    raw = take(model(*ALL))
    assert raw.table["plateau_class"].tolist() == ["Bridge", "Tunnel", "SewerPipe", "WaterPipe", "SewerPipe"]
    assert raw.table.index.tolist() == [1, 2, 3, 4, 5] and len(raw.shapes) == 5
    assert raw.format == "citygml" and raw.crs.to_epsg() == 6668


def test_what_is_left_out_is_told(take):
    told = take(model(*ALL)).told
    assert told["manholes"] == 1 and told["others"] == {"Building": 1}
    assert told["shapeless"] == 1 and told["derived"] == 3


def test_what_was_derived_and_left_out_is_said_in_both_languages(take):
    notes = remarks(take(model(*ALL)))
    assert [note.key for note in notes] == ["plateau_derived", "plateau_manholes", "plateau_others"]
    for note in notes:
        assert all("{" not in t(f"note.{note.key}", lang, **dict(note.values)) for lang in LANGUAGES)


def test_a_bridge_covers_the_area_of_all_its_parts(take):
    raw = take(model(BRIDGE))
    assert metres(raw)[0].area == pytest.approx(40 * 8, rel=0.01)
    assert raw.table["plateau_length_m"][1] == pytest.approx(40, rel=0.01)
    assert raw.table["plateau_width_m"][1] == pytest.approx(8, rel=0.01)


def test_attributes_are_the_bridges_own_and_those_of_parts_only_fill_gaps(take):
    row = take(model(BRIDGE)).table.loc[1]
    assert row["brid:class"] == "01" and row["brid:usage"] == "9"
    assert row["uro:length"] == "40.2" and row["uro:material"] == "3" and row["gml:name"] == "大橋"
    assert "brid:function" not in row and "uro:depth" not in row


def test_a_part_that_comes_first_does_not_speak_for_the_whole(take):
    own = '<brid:class codeSpace="x">01</brid:class>'
    late = BRIDGE.replace(own, "").replace(
        "<uro:bridStructureAttribute>", f"{own}<uro:bridStructureAttribute>"
    )
    assert late != BRIDGE and take(model(late)).table.loc[1, "brid:class"] == "01"


def test_a_tunnel_is_the_middle_line_of_its_lowest_level(take):
    raw = take(model(TUNNEL))
    assert raw.table["plateau_lod"].tolist() == ["1"] and raw.table["plateau_shape"].tolist() == ["derived"]
    assert metres(raw)[0].geom_type == "LineString" and metres(raw)[0].length == pytest.approx(300, rel=0.01)


def test_a_pipe_is_taken_as_it_was_drawn(take):
    raw = take(model(PIPE))
    assert raw.table["plateau_shape"].tolist() == ["drawn"]
    assert metres(raw)[0].length == pytest.approx(70, rel=0.01)
    assert raw.table["plateau_diameter_mm"].tolist() == [250.0] and raw.table["gen:管種"].tolist() == [
        "ヒューム管"
    ]


def test_a_pipe_of_surfaces_becomes_a_line_and_that_is_told(take):
    raw = take(model(SOLID_PIPE))
    assert raw.told["derived"] == 1 and metres(raw)[0].length == pytest.approx(25, rel=0.01)


def test_a_feature_without_a_shape_keeps_its_row(take):
    raw = take(model(BARE_PIPE))
    assert raw.shapes[0] is None and raw.table["uro:year"].tolist() == ["2001"]


@pytest.mark.parametrize("version", ["2.0", "2.1", "3.0", "3.1"])
def test_every_version_of_the_extension_reads_the_same(take, version):
    raw = take(model(PIPE, uro=f"https://www.geospatial.jp/iur/uro/{version}"))
    assert raw.table["uro:year"].tolist() == ["1988"]


def test_latitude_first_and_longitude_first_lie_in_the_same_place(take):
    turned = PIPE
    for place in PIPE.split("<gml:posList>")[1:]:
        words = place.split("</gml:posList>")[0].split()
        swapped = " ".join(f"{words[i + 1]} {words[i]} {words[i + 2]}" for i in range(0, len(words), 3))
        turned = turned.replace(" ".join(words), swapped)
    first, second = take(model(PIPE)), take(model(turned))
    assert shapely.equals_exact(first.shapes[0], second.shapes[0], 1e-9)


def test_plane_coordinates_have_north_first(take):
    line = "<gml:LineString><gml:posList>158375.4 22146.9 0 158426.7 22147.1 0</gml:posList></gml:LineString>"
    pipe = f"<uro:SewerPipe><frn:lod0Geometry>{line}</frn:lod0Geometry></uro:SewerPipe>"
    raw = take(model(pipe, epsg=10169))
    assert raw.crs.to_epsg() == 6676
    assert np.allclose(shapely.get_coordinates(raw.shapes[0])[0], [22146.9, 158375.4])


def test_the_order_of_features_changes_nothing_but_the_order(take):
    forth, back = take(model(*ALL)), take(model(*reversed(ALL)))
    assert forth.table["gml:id"].tolist() == back.table["gml:id"].tolist()[::-1]
    by_id = dict(zip(back.table["gml:id"], back.shapes, strict=True))
    assert all(by_id[i] == s for i, s in zip(forth.table["gml:id"], forth.shapes, strict=True))


def test_a_first_look_stops_early(take):
    assert len(take(model(*ALL), max_rows=2).table) == 2


def test_a_list_that_does_not_divide_leaves_the_shape_empty(take):
    broken = PIPE.replace(" 0</gml:posList></gml:LineString>", "</gml:posList></gml:LineString>")
    assert take(model(broken)).table["plateau_lod"].tolist() == ["2"]


def test_a_shape_with_a_word_in_it_is_broken(take):
    broken = BARE_PIPE.replace(
        "</gml:name>", "</gml:name>" + curve((0, 0), (1, 1)).replace(" 0</gml", " x</gml")
    )
    assert take(model(broken)).shapes[0] is None


BILLION = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'
OUTSIDE = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]>'


@pytest.mark.parametrize(
    "head",
    [BILLION, OUTSIDE, "<!DOCTYPE x [<!ELEMENT x ANY>]>", '<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">'],
)
def test_entities_and_dtds_are_refused(refused, head):
    assert refused(model(PIPE, head=head)).key == "citygml_entities"


@pytest.mark.parametrize("part", [0.3, 0.7, 0.99])
def test_a_file_that_was_cut_off_gives_no_half_ledger(refused, part):
    text = model(*ALL)
    assert refused(text[: int(len(text) * part)]).key == "citygml_broken"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("", "ledger_empty"),
        ("no xml at all", "citygml_broken"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "citygml_broken"),
        ("<html><body/></html>", "citygml_other"),
        ('<ksj:Dataset xmlns:ksj="http://nlftp.mlit.go.jp/ksj/schemas/ksj-app"/>', "citygml_ksj"),
        ('<c:CityModel xmlns:c="http://www.opengis.net/citygml/3.0"/>', "citygml_version"),
        (model(BUILDING), "citygml_no_features"),
        (model(MANHOLE), "citygml_no_features"),
        (model(), "citygml_no_features"),
        (model(PIPE, epsg=999999), "ledger_crs_unusable"),
    ],
)
def test_what_is_no_such_model_is_refused_with_a_sentence(refused, text, key):
    assert refused(text).key == key


def test_two_coordinate_systems_in_one_file_are_refused(refused):
    other = PIPE.replace("<gml:MultiCurve>", '<gml:MultiCurve srsName="urn:ogc:def:crs:EPSG::6669">')
    assert refused(model(other)).key == "citygml_many_crs"


def test_without_a_system_degrees_are_guessed_and_metres_refused(take, refused):
    plain = model(PIPE).replace("srsName", "name")
    assert take(plain).told["crs_guessed"] and take(plain).crs.to_epsg() == 6668
    metre = model(PIPE.replace("34.52", "22146").replace("135.95", "158426")).replace("srsName", "name")
    assert refused(metre).key == "citygml_no_crs"


def test_endless_nesting_is_refused(refused):
    deep = "<uro:x>" * 5000 + "</uro:x>" * 5000
    assert refused(model(f"<uro:SewerPipe>{deep}</uro:SewerPipe>")).key == "citygml_too_deep"


def test_an_endless_text_is_refused(refused, monkeypatch):
    monkeypatch.setattr(citygml, "MAX_TEXT", 1000)
    assert refused(model(PIPE.replace("汚水管路", "長" * 5000))).key == "citygml_too_large"


def test_memory_is_freed_from_feature_to_feature(take):
    import tracemalloc

    text = model(*[TUNNEL.replace("tun_1", f"t{i}") for i in range(400)])
    tracemalloc.start()
    raw = take(text)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(raw.table) == 400 and peak < 4 * len(text.encode())


@pytest.mark.skipif(not NAGAOKA.is_file(), reason=f"{NAGAOKA} is not here")
def test_the_pipes_of_nagaoka_lie_in_niigata():
    raw = open_citygml(NAGAOKA)
    assert raw.table["plateau_class"].tolist() == ["SewerPipe", "SewerPipe"] and raw.told["manholes"] == 2
    assert raw.table["gml:name"].tolist() == ["雨水管路", "汚水管路"]
    assert raw.table["uro:year"].tolist() == ["2011", "1999"]
    assert raw.table["plateau_shape"].tolist() == ["drawn", "derived"]
    lines = gpd.GeoSeries(raw.shapes, crs=raw.crs)
    assert lines.length.round(1).tolist() == [51.3, 7.9]
    degrees = lines.interpolate(0.5, normalized=True).to_crs(4326)
    niigata = load_japan().set_index("pref_ja").geometry["新潟県"]
    assert degrees.within(niigata).all()
    # 長岡市: 138.6 to 139.1 east, 37.2 to 37.7 north.
    assert degrees.x.between(138.74, 138.76).all()
    assert degrees.y.between(37.42, 37.44).all()


@pytest.mark.parametrize(("member", "kind"), [(BRIDGE, "bridge"), (TUNNEL, "tunnel"), (PIPE, "sewer")])
def test_each_kind_of_file_is_recognised(take, member, kind):
    profile = recognise_source(take(model(member)))
    assert profile is not None and profile.kind == f"plateau_{kind}"
    assert profile.values["sector"][take(model(member)).table["plateau_class"][1]] == kind


def test_a_mixed_file_gives_every_feature_its_sector(take):
    raw = take(model(*ALL))
    words = recognise_source(raw).values["sector"]
    sectors = raw.table["plateau_class"].map(words)
    assert sectors.tolist() == ["bridge", "tunnel", "sewer", "water", "sewer"]


def test_features_become_assets_of_their_sectors(take):
    region = find_region("nara_uda")
    raw = take(model(*ALL))
    rows = understand(raw, propose_profile(raw, region=region), region=region)
    taken = take_rows(rows, region=region, source=raw.file)
    assets = taken.assets.set_index("asset_id")
    assert assets["sector"].to_dict() == {
        "brid_1": "bridge",
        "tun_1": "tunnel",
        "unf_1": "sewer",
        "unf_2": "water",
    }
    assert assets["length_m"].round(1).tolist() == [40.2, 300.0, 70.0, 25.0] and set(assets["muni_code"]) == {
        "29212"
    }
    assert (
        assets["built_year"].fillna(0).tolist() == [1975, 0, 1988, 0]
        and assets.loc["unf_1", "diameter_mm"] == 250
    )
    assert taken.rejects[["row", "rule"]].to_numpy().tolist() == [[5, "geometry_missing"]]


LIST = (
    '<?xml version="1.0" encoding="UTF-8"?><gml:Dictionary xmlns:gml="http://www.opengis.net/gml" gml:id="l">'
    "<gml:name>list</gml:name><gml:dictionaryEntry><gml:Definition><gml:description>鋼</gml:description>"
    "<gml:name>3</gml:name></gml:Definition></gml:dictionaryEntry></gml:Dictionary>"
)


def coded(space):
    return model(BRIDGE.replace("<uro:material>", f'<uro:material codeSpace="{space}">'))


@pytest.fixture
def folder(tmp_path):
    """A download as PLATEAU packs it: udx/brid beside codelists."""
    (tmp_path / "udx" / "brid").mkdir(parents=True)
    (tmp_path / "codelists").mkdir()
    return tmp_path


def test_codes_get_their_words_from_the_lists_beside_the_model(folder):
    (folder / "codelists" / "Bridge_material.xml").write_text(LIST)
    path = folder / "udx" / "brid" / "a.gml"
    path.write_text(coded("../../codelists/Bridge_material.xml"))
    raw = open_citygml(path)
    assert raw.table.loc[1, ["uro:material", "uro:material.word"]].tolist() == ["3", "鋼"]
    assert recognise_source(raw).columns["material"][0] == "uro:material.word"


@pytest.mark.parametrize(
    ("space", "text"),
    [
        ("../../codelists/../secret.xml", LIST),
        ("../../../codelists/Bridge_material.xml", LIST),
        ("http://127.0.0.1:9/Bridge_material.xml", LIST),
        ("../../codelists/Bridge_material.xml", LIST[:200]),
        ("../../codelists/Bridge_material.xml", LIST.replace("?><", f"?>{BILLION}<", 1)),
        ("../../codelists/Other.xml", LIST),
    ],
)
def test_lists_elsewhere_or_broken_are_not_read(folder, space, text):
    for name in ("codelists/Bridge_material.xml", "secret.xml"):
        (folder / name).write_text(text)
    path = folder / "udx" / "brid" / "a.gml"
    path.write_text(coded(space))
    assert "uro:material.word" not in open_citygml(path).table.columns
