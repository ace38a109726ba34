"""Fetching open data: from a server on this machine that breaks off, lies and forgets; and from a folder carried in."""

import dataclasses
import io
import json
import random
import re
import socket
import subprocess
import sys
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import geopandas as gpd
import osmnx
import pyogrio
import pytest
import shapely

from gunmane import fetching
from gunmane.cli import main
from gunmane.deliveries import take_delivery
from gunmane.errors import FileError
from gunmane.fetching import Limits, addresses, fetch_region, manifest, transfer
from gunmane.fetching.carried import version_of_name
from gunmane.fetching.transfer import download
from gunmane.i18n import say, t
from gunmane.ledgers import read_roads
from gunmane.ledgers.files import file_sha256
from gunmane.ledgers.manifests import answers_beside
from gunmane.ledgers.profile_files import sidecar, write_profile
from gunmane.ledgers.profiles import Answers
from gunmane.municipalities import find_region, load_regions

QUICK = Limits(tries=3, wait_s=0.01, max_wait_s=0.05, connect_s=5, read_s=5, deadline_s=20)


def zipped(**members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


FILE = zipped(a=bytes(range(256)) * 4000)


@dataclasses.dataclass
class Page:
    """What the server does under one address."""

    data: bytes = FILE
    etag: str = '"one"'
    has_range: bool = True
    statuses: list = dataclasses.field(default_factory=list)  # answered before anything else
    cut_after: list = dataclasses.field(default_factory=list)  # bytes after which the connection is closed
    extra_length: int = 0
    location: str = ""
    seen: list = dataclasses.field(default_factory=list)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        page = self.server.pages.get(self.path)
        if page is None:
            return self.answer(404, b"none")
        page.seen.append(dict(self.headers))
        if page.statuses:
            return self.answer(page.statuses.pop(0), b"busy", {"Retry-After": "0"})
        if page.location:
            return self.answer(302, b"", {"Location": page.location})
        begin = self.begin_of(page)
        if begin is not None and begin >= len(page.data):
            return self.answer(416, b"", {"Content-Range": f"bytes */{len(page.data)}"})
        body = page.data[begin or 0 :]
        headers = {"ETag": page.etag} if page.etag else {}
        if begin is not None:
            headers["Content-Range"] = f"bytes {begin}-{len(page.data) - 1}/{len(page.data)}"
        return self.send(200 if begin is None else 206, body, headers, page)

    def begin_of(self, page):
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        is_same = self.headers.get("If-Range", page.etag) == page.etag
        return int(asked.group(1)) if asked and page.has_range and is_same else None

    def send(self, status, body, headers, page):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body) + page.extra_length))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if page.cut_after:
            body = body[: page.cut_after.pop(0)]
            self.wfile.write(body)
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
            return
        self.wfile.write(body)
        self.close_connection = bool(page.extra_length)

    def answer(self, status, body, headers=()):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in dict(headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def server():
    made = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.daemon_threads = True
    made.handle_error = lambda *_: None  # clients that leave are what is tested
    made.pages = {}
    made.base = f"http://127.0.0.1:{made.server_port}"
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield made
    made.shutdown()
    made.server_close()
    thread.join()


def get(server, tmp_path, page, **options):
    server.pages["/a.zip"] = page
    return download(f"{server.base}/a.zip", tmp_path / "a.zip", limits=QUICK, **options)


def fault_of(server, tmp_path, page, **options):
    with pytest.raises(FileError) as caught:
        get(server, tmp_path, page, **options)
    assert "a.zip" in say(caught.value, "ja") and "a.zip" in say(caught.value, "en")
    return caught.value.key


# -- one file -------------------------------------------------------------------------------------------------


def test_a_file_arrives_whole_and_nothing_else_stays(server, tmp_path):
    seen = []
    digest = get(server, tmp_path, Page(), progress=seen.append)
    assert (tmp_path / "a.zip").read_bytes() == FILE
    assert digest == file_sha256(tmp_path / "a.zip")
    assert [p.name for p in tmp_path.iterdir()] == ["a.zip"]
    assert seen[-1] == 1.0


def test_a_connection_that_is_cut_is_gone_on_with(server, tmp_path):
    page = Page(cut_after=[400_000, 300_000])
    get(server, tmp_path, page)
    assert (tmp_path / "a.zip").read_bytes() == FILE
    asked = [headers.get("Range") for headers in page.seen]
    assert asked[0] is None
    assert all(range_ and int(range_[6:-1]) > 0 for range_ in asked[1:])
    assert [headers.get("If-Range") for headers in page.seen] == [None, page.etag, page.etag]


def test_a_later_run_goes_on_where_the_first_gave_up(server, tmp_path):
    assert fault_of(server, tmp_path, Page(cut_after=[300_000, 200_000, 100_000])) == "fetch_unreachable"
    held = (tmp_path / "a.zip.part").stat().st_size
    assert 0 < held < len(FILE)
    page = Page()
    get(server, tmp_path, page)
    assert page.seen[0]["Range"] == f"bytes={held}-"
    assert (tmp_path / "a.zip").read_bytes() == FILE


def test_a_server_that_ignores_the_range_is_read_from_the_start(server, tmp_path):
    get(server, tmp_path, Page(cut_after=[400_000], has_range=False))
    assert (tmp_path / "a.zip").read_bytes() == FILE


@pytest.mark.parametrize("etag", ['"two"', ""])
def test_a_file_that_changed_meanwhile_is_read_from_the_start(server, tmp_path, etag):
    with pytest.raises(FileError):
        get(server, tmp_path, Page(cut_after=[300_000, 10, 10], etag='"one"' if etag else ""))
    newer = zipped(b=b"newer" * 150_000)
    get(server, tmp_path, Page(data=newer, etag=etag))
    assert (tmp_path / "a.zip").read_bytes() == newer


def test_a_part_that_is_already_whole_is_taken(server, tmp_path):
    with pytest.raises(FileError):
        get(server, tmp_path, Page(cut_after=[400_000] * 3))
    (tmp_path / "a.zip.part").write_bytes(FILE)
    page = Page()
    get(server, tmp_path, page)
    assert (tmp_path / "a.zip").read_bytes() == FILE
    assert len(page.seen) == 1


def test_a_length_that_never_comes_is_a_fault(server, tmp_path):
    assert fault_of(server, tmp_path, Page(extra_length=10)) in {"fetch_cut", "fetch_unreachable"}
    assert not (tmp_path / "a.zip").exists()


def test_a_server_in_trouble_is_asked_again_but_not_for_ever(server, tmp_path):
    get(server, tmp_path, Page(statuses=[500, 503]))
    assert (tmp_path / "a.zip").read_bytes() == FILE
    page = Page(statuses=[500] * 9)
    assert fault_of(server, tmp_path, page) == "fetch_status"
    assert len(page.seen) == QUICK.tries


def test_what_is_not_there_is_asked_once(server, tmp_path):
    page = Page(statuses=[404] * 9)
    assert fault_of(server, tmp_path, page) == "fetch_not_found"
    assert len(page.seen) == 1


@pytest.mark.parametrize("location", ["file:///etc/passwd", "ftp://127.0.0.1/a.zip", "data:,x"])
def test_a_redirect_to_another_kind_of_address_is_refused(server, tmp_path, location):
    assert fault_of(server, tmp_path, Page(location=location)) == "fetch_scheme"


def test_redirects_are_followed_a_few_times(server, tmp_path):
    server.pages["/b.zip"] = Page()
    get(server, tmp_path, Page(location="/b.zip"))
    assert (tmp_path / "a.zip").read_bytes() == FILE
    assert fault_of(server, tmp_path, Page(location="/a.zip")) == "fetch_redirects"


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://host/a.zip", "/a.zip", "http:///a.zip", "data:,x"]
)
def test_only_http_and_https_are_asked(tmp_path, url):
    with pytest.raises(FileError) as caught:
        download(url, tmp_path / "a.zip", limits=QUICK)
    assert caught.value.key == "fetch_scheme"


def test_nobody_there_is_a_sentence(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(FileError) as caught:
        download(f"http://127.0.0.1:{port}/a.zip", tmp_path / "a.zip", limits=QUICK)
    assert caught.value.key == "fetch_unreachable"


@pytest.mark.parametrize("has_length", [True, False])
def test_a_file_above_the_bound_leaves_nothing(server, tmp_path, has_length, monkeypatch):
    if not has_length:
        monkeypatch.setattr(transfer, "_total", lambda response: None)
    limits = dataclasses.replace(QUICK, max_bytes=300_000)
    server.pages["/a.zip"] = Page()
    with pytest.raises(FileError) as caught:
        download(f"{server.base}/a.zip", tmp_path / "a.zip", limits=limits)
    assert caught.value.key == "fetch_too_large"
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_says_it_is_above_the_bound_is_not_begun(server, tmp_path):
    page = Page(extra_length=10**12)
    assert fault_of(server, tmp_path, page) == "fetch_too_large"
    assert len(page.seen) == 1 and list(tmp_path.iterdir()) == []


def test_a_wrong_checksum_sets_the_file_aside(server, tmp_path):
    assert fault_of(server, tmp_path, Page(), sha256="0" * 64) == "fetch_wrong_checksum"
    assert [p.name for p in tmp_path.iterdir()] == ["a.zip.wrong"]


@pytest.mark.parametrize(
    "data", [b"<html>moved</html>", FILE[:-30], FILE[:300] + b"x" * 40 + FILE[340:], b""]
)
def test_a_page_or_a_broken_zip_is_not_taken_for_the_file(server, tmp_path, data):
    assert fault_of(server, tmp_path, Page(data=data)) == "fetch_not_what_it_says"
    assert not (tmp_path / "a.zip").exists()


def test_an_earlier_file_stays_when_the_new_one_fails(server, tmp_path):
    (tmp_path / "a.zip").write_bytes(b"before")
    fault_of(server, tmp_path, Page(statuses=[404]))
    assert (tmp_path / "a.zip").read_bytes() == b"before"


# -- the table ------------------------------------------------------------------------------------------------


def test_every_row_of_the_table_says_what_it_is_and_how_sure():
    table = addresses.load_table()
    assert table["id"].is_unique
    told = ["kind", "use", "title_ja", "patterns", "licence", "owner", "credit", "page", "checked"]
    assert (table[told] != "").all(axis=None)
    assert table["confidence"].isin(list("ABCDE")).all()
    # Nobody has opened these addresses from here, and the table says so, once a row.
    assert (table["checked"] == "no").all() and not table["note"].str.contains("未確認|事実集").any()
    assert ((table["url"] == "") == (table["file"] == "")).all()
    assert table["url"].str.match("^(https://.*)?$").all() and table["page"].str.startswith("https://").all()


@pytest.mark.parametrize("region_id", list(load_regions()["region_id"]))
def test_every_region_has_its_files_and_no_place_stays_open(region_id):
    found = fetching.wanted_downloads(find_region(region_id), fetching.known_kinds())
    assert {one.kind for one in found} == set(fetching.known_kinds())
    assert not [one for one in found if "{" in one.url + one.file + "".join(one.patterns)]
    assert len({one.name for one in found}) == len(found)


def test_meshes_and_years_are_those_of_the_place():
    uda = find_region("nara_uda")
    assert addresses.mesh_codes(uda) == ("5135", "5136")
    assert [one.file for one in fetching.wanted_downloads(uda, ["w05"])] == ["W05-09_29_GML.zip"]
    masuda = fetching.wanted_downloads(find_region("shimane_masuda"), ["w05"])
    assert [one.file for one in masuda] == ["W05-08_32_GML.zip"]


def test_openstreetmap_is_had_only_by_name():
    kinds = {one.kind for one in fetching.wanted_downloads(find_region("nara_uda"))}
    assert kinds == set(fetching.known_kinds()) - {"osm"}


def test_an_unknown_kind_names_the_known_ones():
    with pytest.raises(FileError) as caught:
        fetching.wanted_downloads(find_region("nara_uda"), ["n99"])
    assert "n13" in say(caught.value, "ja")


# -- a region -------------------------------------------------------------------------------------------------


def mesh_zip(lines):
    """Road lines with the names and types of N13."""
    rows = gpd.GeoDataFrame(
        {"N13_003": ["3"] * len(lines), "N13_004": ["1"] * len(lines), "N13_006": ["2"] * len(lines)},
        geometry=[shapely.LineString(line) for line in lines],
        crs=6668,
    )
    return zipped(**{"N13-24.geojson": rows.to_json(drop_id=True).encode()})


SEAM = [(136.0, 34.5), (136.01, 34.51)]
WEST = mesh_zip([[(135.95, 34.5), (135.96, 34.51)], SEAM, [(135.2, 34.1), (135.21, 34.1)]])
EAST = mesh_zip([SEAM, [(136.05, 34.5), (136.06, 34.51)]])


def park_zip(name="春日公園"):
    """One park of Uda with the names of P13."""
    row = {"P13_001": "29000", "P13_002": "29212", "P13_003": name, "P13_004": "1", "P13_005": "奈良県"}
    row |= {"P13_006": "宇陀市", "P13_007": 1980, "P13_008": 2500, "P13_009": 1, "P13_010": ""}
    rows = gpd.GeoDataFrame([row], geometry=[shapely.Point(135.95, 34.53)], crs=4326)
    return zipped(**{"P13-11_29.geojson": rows.to_json().encode()})


PARKS = park_zip()
DATA = {"N13-24_5135_GEOJSON.zip": WEST, "N13-24_5136_GEOJSON.zip": EAST, "P13-11_29_GML.zip": PARKS}
KINDS = ("n13", "p13")


@pytest.fixture
def here(server, monkeypatch):
    """The table with every address on this machine, and the files of Uda behind three of them."""
    table = addresses.load_table()
    table["url"] = table["url"].str.replace(r"^https://.*/", f"{server.base}/", regex=True)
    monkeypatch.setattr(addresses, "load_table", table.copy)
    server.pages |= {f"/{name}": Page(data=data) for name, data in DATA.items()}
    return server


def states(outcomes):
    return {o.path.name if o.path else o.download.name: o.state for o in outcomes}


def test_a_region_comes_with_its_manifest_and_licences(here, tmp_path):
    region = find_region("nara_uda")
    outcomes = fetch_region(region, tmp_path / "out", kinds=KINDS, limits=QUICK)
    assert states(outcomes) == {**dict.fromkeys(DATA, "fetched"), "n13_nara_uda.gpkg": "made"}
    held = json.loads((tmp_path / "out" / "manifest.json").read_text("utf-8"))["files"]
    assert {name: held[name]["sha256"] for name in DATA} == {
        name: file_sha256(tmp_path / "out" / name) for name in DATA
    }
    entry = held["P13-11_29_GML.zip"]
    assert entry["url"] == f"{here.base}/P13-11_29_GML.zip" and entry["bytes"] == len(PARKS)
    text = (tmp_path / "out" / "P13-11_29_GML.zip.licence.txt").read_text("utf-8")
    assert entry["licence"] in text and entry["credit"] in text and entry["sha256"] in text


def test_meshes_become_one_file_of_roads_that_a_plan_reads(here, tmp_path):
    region = find_region("nara_uda")
    outcomes = fetch_region(region, tmp_path, kinds=KINDS, limits=QUICK)
    roads, assets = fetching.roads_and_assets(outcomes)
    assert assets == (tmp_path / "P13-11_29_GML.zip",)
    lines, facts = read_roads(roads, region=region)
    # The seam counts once; what lies far outside is left out.
    assert len(lines) == 3
    assert facts["scheme"] == "n13"


def test_a_second_run_asks_for_nothing(here, tmp_path):
    region = find_region("nara_uda")
    fetch_region(region, tmp_path, kinds=KINDS, limits=QUICK)
    asked = sum(len(page.seen) for page in here.pages.values())
    again = fetch_region(region, tmp_path, kinds=KINDS, limits=QUICK)
    assert set(states(again).values()) == {"kept"}
    assert sum(len(page.seen) for page in here.pages.values()) == asked


def test_a_file_that_changed_on_disk_is_set_aside_and_fetched_anew(here, tmp_path):
    region = find_region("nara_uda")
    fetch_region(region, tmp_path, kinds=["p13"], limits=QUICK)
    (tmp_path / "P13-11_29_GML.zip").write_bytes(zipped(other=b"x"))
    (outcome,) = fetch_region(region, tmp_path, kinds=["p13"], limits=QUICK)
    assert outcome.state == "fetched" and outcome.fault.key == "fetch_wrong_checksum"
    assert (tmp_path / "P13-11_29_GML.zip").read_bytes() == PARKS
    assert (tmp_path / "P13-11_29_GML.zip.wrong").exists()


def test_a_file_put_there_by_hand_is_taken_and_entered(here, tmp_path):
    (tmp_path / "P13-11_29_GML.zip").write_bytes(PARKS)
    (outcome,) = fetch_region(find_region("nara_uda"), tmp_path, kinds=["p13"], limits=QUICK)
    assert outcome.state == "kept"
    assert "P13-11_29_GML.zip" in manifest.read_manifest(tmp_path)


def test_one_that_fails_does_not_stop_the_others(here, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("gunmane.fetching.run.LIMITS", QUICK)
    del here.pages["/N13-24_5136_GEOJSON.zip"]
    code = main(["fetch", "nara_uda", "--out", str(tmp_path), "--only", *KINDS, "--lang", "en"])
    told = capsys.readouterr()
    assert code == 1
    assert (tmp_path / "P13-11_29_GML.zip").exists()
    assert "N13-24_5136_GEOJSON.zip" in told.err and "404" in told.err
    assert f"--assets {tmp_path / 'P13-11_29_GML.zip'}" in told.out


def test_the_command_says_what_to_type_next(here, tmp_path, capsys):
    assert main(["fetch", "nara_uda", "--out", str(tmp_path), "--only", "n13", "p13"]) == 0
    out = capsys.readouterr().out
    assert f"gunmane plan nara_uda --roads {tmp_path / 'n13_nara_uda.gpkg'} --assets" in out
    assert "国土数値情報（道路データ）" in out


def test_stopping_keeps_what_came_and_says_so(here, tmp_path, capsys, monkeypatch):
    real = transfer._write_blocks

    def stop_at_parks(response, part, *rest):
        real(response, part, *rest)
        if part.name.startswith("P13"):
            raise KeyboardInterrupt

    monkeypatch.setattr(transfer, "_write_blocks", stop_at_parks)
    with pytest.raises(SystemExit) as caught:
        main(["fetch", "nara_uda", "--out", str(tmp_path), "--only", *KINDS, "--lang", "en"])
    assert caught.value.code == 130 and "kept" in capsys.readouterr().err
    assert (tmp_path / "N13-24_5135_GEOJSON.zip").exists() and (tmp_path / "P13-11_29_GML.zip.part").exists()


def test_a_manifest_that_is_no_longer_one_is_set_aside(here, tmp_path):
    (tmp_path / "manifest.json").write_text("[" * 100_000)
    fetch_region(find_region("nara_uda"), tmp_path, kinds=["p13"], limits=QUICK)
    assert list(manifest.read_manifest(tmp_path)) == ["P13-11_29_GML.zip"]
    assert (tmp_path / "manifest.json.unreadable").exists()


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(FileError) as caught:
        fetch_region(find_region("nara_uda"), tmp_path / "file" / "out", kinds=["p13"], limits=QUICK)
    assert caught.value.key == "output_not_written"


# -- carried in by hand ---------------------------------------------------------------------------------------


@pytest.fixture
def no_network(monkeypatch):
    """Every attempt to open a connection fails the test."""

    def refuse(*args, **_):
        raise AssertionError(f"a connection was opened: {args}")

    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, refuse)
    for name in ("getaddrinfo", "gethostbyname", "create_connection"):
        monkeypatch.setattr(socket, name, refuse)


@pytest.fixture
def carried(tmp_path):
    folder = tmp_path / "usb"
    (folder / "道路" / "r02").mkdir(parents=True)
    (folder / "道路" / "n13-24_5135_geojson.ZIP").write_bytes(WEST)
    (folder / "道路" / "N13-24_5136_GEOJSON.zip").write_bytes(EAST)
    (folder / "P13-10_29_GML.zip").write_bytes(zipped(old=b"x"))
    (folder / "P13-12_29_GML.zip").write_bytes(PARKS)
    (folder / "道路" / "r02" / "01-3.xlsx").write_bytes(zipped(book=b"x"))
    return folder


def test_a_folder_carried_in_is_taken_without_a_connection(carried, tmp_path, no_network):
    out = tmp_path / "out"
    kinds = (*KINDS, "annual_bridges")
    outcomes = fetch_region(find_region("nara_uda"), out, kinds=kinds, carried=carried)
    found = states(outcomes)
    assert {name for name, state in found.items() if state == "copied"} == {
        "N13-24_5135_GEOJSON.zip", "N13-24_5136_GEOJSON.zip", "P13-12_29_GML.zip", "annual_bridges_r02.xlsx"
    }  # fmt: skip
    assert [name for name, state in found.items() if state == "missing"] == [
        f"annual_bridges_r0{year}.xlsx" for year in (3, 4, 5, 6)
    ]
    assert found["n13_nara_uda.gpkg"] == "made"
    assert (out / "P13-12_29_GML.zip.licence.txt").exists()
    again = states(fetch_region(find_region("nara_uda"), out, kinds=KINDS, carried=carried))
    assert set(again.values()) == {"kept"}


@pytest.mark.parametrize(
    "options", [["--list"], ["--from", "usb"], ["--from", "usb", "--only", "n13", "p13"]]
)
def test_listing_and_carrying_in_open_no_connection(
    carried, tmp_path, no_network, monkeypatch, capsys, options
):
    monkeypatch.chdir(tmp_path)
    assert main(["fetch", "宇陀", *options]) == 0
    assert "https://nlftp.mlit.go.jp/" in capsys.readouterr().out or "--only" in options


@pytest.mark.parametrize("command", ["regions", "sample", "plan"])
def test_no_other_command_opens_a_connection(tmp_path, no_network, monkeypatch, capsys, command):
    monkeypatch.setenv("GUNMANE_CACHE", str(tmp_path / "cache"))
    options = [] if command == "regions" else ["hiroshima_geihoku", "--out", str(tmp_path / "out")]
    assert main([command, *options]) == 0


def test_a_file_of_openstreetmap_is_read_without_a_connection(tmp_path, no_network):
    region = find_region("nara_uda")
    path = tmp_path / "a.osm"
    nodes = "".join(
        f'<node id="{e["id"]}" lat="{e["lat"]}" lon="{e["lon"]}"/>'
        for e in ANSWER["elements"]
        if e["type"] == "node"
    )
    way = '<way id="1"><nd ref="1"/><nd ref="2"/><nd ref="3"/><tag k="highway" v="tertiary"/></way>'
    path.write_text(f'<osm version="0.6">{nodes}{way}</osm>')
    lines, _ = read_roads(path, region=region)
    assert len(lines) == 1


def test_the_guard_against_connections_works(no_network, tmp_path, capsys):
    with pytest.raises(AssertionError):
        download("http://127.0.0.1:9/a.zip", tmp_path / "a.zip", limits=QUICK)


def test_what_a_folder_lacks_is_named_with_where_to_get_it(carried, tmp_path, capsys):
    code = main(
        ["fetch", "nara_uda", "--from", str(carried), "--out", str(tmp_path / "o"), "--only", "p13", "w05"]
    )
    told = capsys.readouterr()
    assert code == 1
    assert "https://nlftp.mlit.go.jp/ksj/gml/data/W05/W05-09/W05-09_29_GML.zip" in told.out
    assert "W05-09_29_GML.zip" in told.err


@pytest.mark.parametrize("data", [FILE[:-40], b"<html></html>"])
def test_a_broken_carried_file_is_not_taken_in(carried, tmp_path, data):
    (carried / "P13-12_29_GML.zip").write_bytes(data)
    (outcome,) = fetch_region(find_region("nara_uda"), tmp_path / "o", kinds=["p13"], carried=carried)
    assert outcome.state == "failed" and outcome.fault.key == "fetch_carried_broken"
    assert not (tmp_path / "o" / "P13-12_29_GML.zip").exists()


def test_a_carried_file_is_held_against_the_manifest_beside_it(here, tmp_path):
    region = find_region("nara_uda")
    fetch_region(region, tmp_path / "usb", kinds=["p13"], limits=QUICK)
    (outcome,) = fetch_region(region, tmp_path / "one", kinds=["p13"], carried=tmp_path / "usb")
    assert outcome.state == "copied"
    # Where it was first fetched from travels along.
    assert manifest.read_manifest(tmp_path / "one")["P13-11_29_GML.zip"]["url"].startswith(here.base)
    (tmp_path / "usb" / "P13-11_29_GML.zip").write_bytes(zipped(other=b"x"))
    (outcome,) = fetch_region(region, tmp_path / "two", kinds=["p13"], carried=tmp_path / "usb")
    assert outcome.fault.key == "fetch_carried_checksum"


README_ONLY = zipped(**{"readme.txt": b"Stream data of the prefecture\nsee the page\n"})


def test_what_our_readers_cannot_use_stays_out_of_the_command(carried, tmp_path, capsys):
    (carried / "W05-09_29_GML.zip").write_bytes(README_ONLY)
    (carried / "xroad_2025.csv").write_bytes(zipped(**{"[Content_Types].xml": b"<x/>"}))
    out = tmp_path / "o"
    words = ["--only", "p13", "w05", "xroad", "--lang", "en"]
    code = main(["fetch", "nara_uda", "--from", str(carried), "--out", str(out), *words])
    told = capsys.readouterr()
    (command,) = [line for line in told.out.splitlines() if "gunmane plan" in line]
    assert "P13-12_29_GML.zip" in command and "W05" not in command and "xroad" not in command
    assert code == 1 and "W05-09_29_GML.zip, xroad_2025.csv" in told.err
    assert not (out / "W05-09_29_GML.zip").exists() and not (out / "xroad_2025.csv").exists()


def test_a_file_without_a_row_is_not_taken_in_and_the_counts_agree(carried, tmp_path, capsys):
    empty = '{"type": "FeatureCollection", "features": []}'
    names = ["N03-20250101_29_1.geojson", "W05-09_29.geojson"]
    for name in names:
        (carried / name).write_text(empty)
    out = tmp_path / "o"
    words = ["--only", "n03", "p13", "w05", "--lang", "ja"]
    assert main(["fetch", "nara_uda", "--from", str(carried), "--out", str(out), *words]) == 1
    told = capsys.readouterr()
    assert "2 件は読めない" in told.err and all(name in told.err for name in names)
    assert sum(line.startswith("! ") for line in told.out.splitlines()) == 2
    assert not any((out / name).exists() for name in names) and (out / "P13-12_29_GML.zip").exists()


def test_an_older_file_serves_where_the_newer_cannot_be_read_and_that_is_told(carried, tmp_path):
    (carried / "P13-10_29_GML.zip").write_bytes(PARKS)
    (carried / "P13-12_29_GML.zip").write_bytes(README_ONLY)
    (outcome,) = fetch_region(find_region("nara_uda"), tmp_path / "o", kinds=["p13"], carried=carried)
    assert (outcome.state, outcome.path.name) == ("copied", "P13-10_29_GML.zip")
    assert "P13-12_29_GML.zip" in say(outcome.fault, "ja")


def test_a_fetched_file_that_is_not_the_data_is_kept_but_not_planned_with(here, tmp_path):
    here.pages["/P13-11_29_GML.zip"] = Page(data=README_ONLY)
    region = find_region("nara_uda")
    for _ in range(2):
        outcomes = fetch_region(region, tmp_path, kinds=["p13"], limits=QUICK)
        assert [o.state for o in outcomes] == ["unreadable"]
        assert fetching.roads_and_assets(outcomes) == (None, ())
    assert (tmp_path / "P13-11_29_GML.zip").exists()
    # It came whole: asking for it again would bring the same.
    assert len(here.pages["/P13-11_29_GML.zip"].seen) == 1


def test_files_of_the_folder_that_were_not_used_are_named(carried, tmp_path, capsys):
    (carried / "うちの橋梁台帳.xlsx").write_bytes(b"x")
    out = ["--out", str(tmp_path / "o"), "--lang", "ja"]
    assert main(["fetch", "nara_uda", "--from", str(carried), "--only", "n13", "p13", *out]) == 0
    told = capsys.readouterr().out
    left = told[told.index("使っていません") : told.index("次に使うコマンド")]
    assert "うちの橋梁台帳.xlsx" in left and "P13-10_29_GML.zip" in left
    assert "P13-12_29_GML.zip" not in left and "n13-24_5135" not in left


def test_a_fetched_folder_carried_on_has_nothing_left_over(here, tmp_path, capsys):
    region = find_region("nara_uda")
    fetch_region(region, tmp_path / "usb", kinds=["p13"], limits=QUICK)
    words = ["--from", str(tmp_path / "usb"), "--out", str(tmp_path / "o"), "--only", "p13"]
    assert main(["fetch", "nara_uda", *words, "--lang", "ja"]) == 0
    assert "使っていません" not in capsys.readouterr().out


def test_the_list_says_names_use_and_what_was_not_checked_once(capsys):
    assert main(["fetch", "nara_uda", "--list", "--lang", "ja"]) == 0
    told = capsys.readouterr().out
    assert "*定員管理*.xlsx" in told and "*xroad*.csv" in told and "P13-*_29_GML.zip" in told
    assert t("fetch.use.statistics", "ja") in told and t("fetch.use.conditions", "ja") in told
    assert told.count("確かめていません") == 1 and "未確認" not in told
    assert "xROAD" in told[told.index("手で入手）") - 60 :]


# -- what was known when it was fetched -------------------------------------------------------------------------


def test_date_and_terms_of_a_fetched_file_answer_for_it(here, tmp_path):
    region = find_region("nara_uda")
    fetch_region(region, tmp_path / "usb", kinds=["p13"], limits=QUICK)
    fetch_region(region, tmp_path / "o", kinds=["p13"], carried=tmp_path / "usb")
    one = fetching.wanted_downloads(region, ["p13"])[0]
    for folder in ("usb", "o"):
        told = take_delivery(tmp_path / folder / one.file, region=region).profile.answers
        assert (told.date, told.licence, told.owner) == ("2011", one.licence, "国土交通省")
        assert told.credit == one.credit


def test_the_licence_alone_answers_where_no_manifest_came_along(here, tmp_path):
    region = find_region("nara_uda")
    fetch_region(region, tmp_path, kinds=["p13"], limits=QUICK)
    (tmp_path / "manifest.json").unlink()
    path = tmp_path / "P13-11_29_GML.zip"
    assert answers_beside(path).date == "2011" and answers_beside(path).owner == "国土交通省"
    path.write_bytes(park_zip("別の公園"))
    assert answers_beside(path) is None


def test_what_a_person_said_goes_before_the_manifest(here, tmp_path):
    region = find_region("nara_uda")
    fetch_region(region, tmp_path, kinds=["p13"], limits=QUICK)
    path = tmp_path / "P13-11_29_GML.zip"
    profile = take_delivery(path, region=region).profile
    said = dataclasses.replace(profile, answers=Answers(licence="庁内限り"))
    sidecar(path).write_text(write_profile(said), encoding="utf-8")
    told = take_delivery(path, region=region).profile.answers
    assert (told.licence, told.date) == ("庁内限り", "2011")


def test_a_file_carried_in_has_a_date_of_taking_in_and_the_year_of_its_name(carried, tmp_path):
    out = tmp_path / "o"
    fetch_region(find_region("nara_uda"), out, kinds=["p13"], carried=carried)
    entry = manifest.read_manifest(out)["P13-12_29_GML.zip"]
    assert entry["version"] == "2012" and "fetched_at" not in entry and entry["carried_at"]
    text = (out / "P13-12_29_GML.zip.licence.txt").read_text("utf-8")
    assert "取り込み日時" in text and "取得日時" not in text
    assert "表とは別の版" in text


@pytest.mark.parametrize(
    ("name", "version"),
    [
        ("N03-20240101_29_GML.zip", "2024-01-01"),
        ("W05-09_29_GML.zip", "2009"),
        ("A31a-24_29_10_GEOJSON.zip", "2024"),
        ("osm_nara_uda.gpkg", ""),
    ],
)
def test_a_data_set_tells_its_year_by_its_name(name, version):
    assert version_of_name(name) == version


# -- two runs, large files --------------------------------------------------------------------------------------

HOLD = """
import pathlib, sys
from gunmane.fetching.locking import only_run
with only_run(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def other_run(tmp_path):
    """Another process that is at work in the folder."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout.readline() == b"held\n"
    yield process
    process.kill()
    process.wait()
    process.stdin.close()
    process.stdout.close()


def test_a_second_run_in_the_same_folder_is_refused_by_name(here, other_run, tmp_path, capsys):
    before = sorted(path.name for path in tmp_path.iterdir())
    assert main(["fetch", "nara_uda", "--out", str(tmp_path), "--only", "p13", "--lang", "ja"]) == 1
    assert str(other_run.pid) in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == before
    assert not any(page.seen for page in here.pages.values())


def test_a_lock_that_a_killed_run_left_behind_holds_nobody_up(here, other_run, tmp_path):
    other_run.kill()
    other_run.wait()
    assert (tmp_path / ".gunmane-fetch.lock").exists()
    (outcome,) = fetch_region(find_region("nara_uda"), tmp_path, kinds=["p13"], limits=QUICK)
    assert outcome.state == "fetched"
    assert not (tmp_path / ".gunmane-fetch.lock").exists()


def test_an_archive_too_large_to_read_is_kept_with_what_to_do(carried, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("gunmane.ledgers.files.MAX_UNPACKED_BYTES", 1_000_000)
    (carried / "A31a-25_29_10_GEOJSON.zip").write_bytes(zipped(**{"a.geojson": random.randbytes(2_000_000)}))
    out = tmp_path / "o"
    words = ["--only", "a31", "p13", "--lang", "ja"]
    main(["fetch", "nara_uda", "--from", str(carried), "--out", str(out), *words])
    told = capsys.readouterr().out
    assert (out / "A31a-25_29_10_GEOJSON.zip").exists()
    (line,) = [line for line in told.splitlines() if line.startswith("! A31a")]
    assert "QGIS" in line and "135." in line and "34." in line


def test_a_link_out_of_the_folder_is_not_followed(tmp_path):
    (tmp_path / "secret.zip").write_bytes(FILE)
    usb = tmp_path / "usb"
    usb.mkdir()
    (usb / "P13-11_29_GML.zip").symlink_to(tmp_path / "secret.zip")
    (outcome,) = fetch_region(find_region("nara_uda"), tmp_path / "o", kinds=["p13"], carried=usb)
    assert outcome.state == "missing"


def test_a_folder_that_is_not_there_is_a_sentence(tmp_path, capsys):
    assert main(["fetch", "nara_uda", "--from", str(tmp_path / "none"), "--out", str(tmp_path / "o")]) == 1
    assert "none" in capsys.readouterr().err


# -- OpenStreetMap --------------------------------------------------------------------------------------------

ANSWER = {
    "version": 0.6,
    "generator": "Overpass API 0.7.62",
    "osm3s": {"timestamp_osm_base": "2026-01-01T00:00:00Z", "copyright": "ODbL"},
    "elements": [
        {"type": "way", "id": 10, "nodes": [1, 2, 3], "tags": {"highway": "tertiary", "name": "宇陀線"}},
        {
            "type": "way",
            "id": 11,
            "nodes": [3, 4],
            "tags": {"highway": "motorway", "oneway": "no", "layer": "1"},
        },
        {"type": "way", "id": 12, "nodes": [4, 1], "tags": {"highway": "residential", "oneway": "-1"}},
        {"type": "node", "id": 1, "lat": 34.50, "lon": 136.00},
        {"type": "node", "id": 2, "lat": 34.505, "lon": 136.01},
        {"type": "node", "id": 3, "lat": 34.50, "lon": 136.02},
        {"type": "node", "id": 4, "lat": 34.49, "lon": 136.02},
    ],
}
STATUS = (
    b"Connected as: 1\nCurrent time: 2026-01-01T00:00:00Z\nAnnounced endpoint: none\n"
    b"Rate limit: 2\n2 slots available now.\n"
)


class Overpass(Handler):
    def do_GET(self):
        self.server.asked.append(self.path)
        self.answer(200, STATUS)

    def do_POST(self):
        self.server.asked.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
        status, body = self.server.answers.pop(0) if len(self.server.answers) > 1 else self.server.answers[0]
        self.answer(status, body, {"Content-Type": "application/json"})


@pytest.fixture
def overpass():
    made = ThreadingHTTPServer(("127.0.0.1", 0), Overpass)
    made.daemon_threads = True
    made.handle_error = lambda *_: None  # clients that leave are what is tested
    made.asked, made.answers = [], [(200, json.dumps(ANSWER).encode())]
    made.base = f"http://127.0.0.1:{made.server_port}/api"
    threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield made
    made.shutdown()
    made.server_close()


def settings_now():
    return {name: getattr(osmnx.settings, name) for name in dir(osmnx.settings) if not name.startswith("_")}


def test_roads_come_from_the_overpass_server_that_was_named(overpass, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before, resolve = settings_now(), socket.getaddrinfo
    code = main(["fetch", "nara_uda", "--out", "o", "--only", "osm", "--overpass", overpass.base])
    assert code == 0
    assert settings_now() == before and socket.getaddrinfo is resolve
    assert "--roads o/osm_nara_uda.gpkg" in capsys.readouterr().out
    rows = pyogrio.read_dataframe(tmp_path / "o" / "osm_nara_uda.gpkg", layer="roads").set_index("osm_id")
    assert rows["oneway"].to_dict() == {"10": "", "11": "no", "12": "yes"}
    assert rows.geometry["12"].coords[0] == (136.00, 34.50)
    assert "ODbL 1.0" in (tmp_path / "o" / "osm_nara_uda.gpkg.licence.txt").read_text("utf-8")
    assert not (tmp_path / "cache").exists()


def test_the_roads_can_be_planned_with(overpass, tmp_path):
    region = find_region("nara_uda")
    (outcome,) = fetch_region(region, tmp_path, kinds=["osm"], overpass=overpass.base, limits=QUICK)
    lines, facts = read_roads(outcome.path, region=region)
    assert facts["scheme"] == "osm"
    assert lines["is_oneway"].sum() == 1
    (again,) = fetch_region(region, tmp_path, kinds=["osm"], overpass=overpass.base, limits=QUICK)
    assert again.state == "kept"


@pytest.mark.parametrize(
    ("status", "body", "key"),
    [
        (200, b"<html>hello</html>", "fetch_not_overpass"),
        (200, b'{"elements": []}', "fetch_no_roads"),
        (200, b'{"other": 1}', "fetch_not_overpass"),
        (200, b'{"elements": [{"type": "way", "id": 1, "nodes": [1, 2]}]}', "fetch_not_overpass"),
        (400, b"<html>bad</html>", "fetch_not_overpass"),
    ],
)
def test_another_answer_is_a_sentence_and_writes_nothing(overpass, tmp_path, status, body, key):
    overpass.answers = [(status, body)]
    (outcome,) = fetch_region(
        find_region("nara_uda"), tmp_path, kinds=["osm"], overpass=overpass.base, limits=QUICK
    )
    assert (outcome.state, outcome.fault.key) == ("failed", key)
    assert list(tmp_path.iterdir()) == []


def test_a_busy_server_is_not_asked_for_ever(overpass, tmp_path):
    overpass.answers = [(429, b"busy")]
    limits = dataclasses.replace(QUICK, tries=1)
    (outcome,) = fetch_region(
        find_region("nara_uda"), tmp_path, kinds=["osm"], overpass=overpass.base, limits=limits
    )
    assert outcome.fault.key == "fetch_status"
    assert len([text for text in overpass.asked if text.startswith("data=")]) == 1


def test_an_answer_without_end_is_cut(overpass, tmp_path):
    overpass.answers = [(200, b" " * 5_000_000 + json.dumps(ANSWER).encode())]
    limits = dataclasses.replace(QUICK, max_bytes=1_000_000)
    (outcome,) = fetch_region(
        find_region("nara_uda"), tmp_path, kinds=["osm"], overpass=overpass.base, limits=limits
    )
    assert outcome.fault.key == "fetch_too_large"


def test_an_overpass_address_of_another_kind_is_refused(tmp_path):
    (outcome,) = fetch_region(find_region("nara_uda"), tmp_path, kinds=["osm"], overpass="file:///etc")
    assert outcome.fault.key == "fetch_scheme"
