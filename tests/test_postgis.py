"""Tables of a real PostGIS server in, read-only, and a sentence for whatever a server can refuse."""

import contextlib
import pathlib
import pickle
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import geopandas as gpd
import numpy as np
import pytest
import shapely
from servers import PASSWORD, QUOTED, as_user, free_port

from gunmane.deliveries import take_delivery
from gunmane.errors import FileError
from gunmane.i18n import LANGUAGES, say
from gunmane.ledgers import postgis
from gunmane.ledgers.postgis import is_postgis_url, open_postgis, parse_url
from gunmane.ledgers.profiles import Profile
from gunmane.municipalities import find_region

TABLES = """
CREATE EXTENSION postgis;
CREATE SCHEMA roads;
CREATE TABLE roads.bridges (
    id integer PRIMARY KEY, name text, built smallint, length double precision, cost numeric(12,2), open date,
    tags jsonb, scan bytea, geom geometry(Point, 6674), edge geometry(LineString, 6674));
INSERT INTO roads.bridges SELECT i, '橋' || i, 1960 + i, i * 1.5, i * 1000.25, '2020-04-01', '{"a": 1}', '\\x00ff',
    ST_SetSRID(ST_MakePoint(-4000 + i, -163000 - i), 6674), NULL FROM generate_series(5, 1, -1) i;
INSERT INTO roads.bridges (id) VALUES (6);
CREATE VIEW roads.old AS SELECT id, name, geom FROM roads.bridges WHERE built < 1964;
CREATE MATERIALIZED VIEW roads.kept AS SELECT name, geom FROM roads.bridges;
CREATE TABLE roads."we""ird; DROP TABLE x;--" ("col""umn :x" text, g geometry(LineStringZ, 4326));
INSERT INTO roads."we""ird; DROP TABLE x;--" VALUES
    ('a', ST_GeomFromText('LINESTRING Z (135.9 34.5 9, 135.91 34.5 8)', 4326));
CREATE TABLE roads.keyed (name text, id integer PRIMARY KEY, geom geometry);
INSERT INTO roads.keyed SELECT 'n' || i, 9 - i, ST_SetSRID(ST_MakePoint(i, 0), 6674) FROM generate_series(1, 5) i;
CREATE TABLE roads.plain (id integer); INSERT INTO roads.plain VALUES (1);
CREATE TABLE roads.empty (id integer, geom geometry);
CREATE TABLE roads.mixed (id integer, geom geometry);
INSERT INTO roads.mixed VALUES (1, ST_SetSRID(ST_MakePoint(1, 2), 4326)), (2, ST_SetSRID(ST_MakePoint(1, 2), 6674));
CREATE TABLE roads.bare (id integer, geom geometry); INSERT INTO roads.bare VALUES (1, ST_MakePoint(1, 2));
CREATE TABLE roads.shapes (id integer, geom geometry);
INSERT INTO roads.shapes VALUES (1, ST_GeomFromText('CIRCULARSTRING(0 0, 1 1, 2 0)', 6674)),
    (2, ST_GeomFromText('TIN(((0 0 0, 0 1 0, 1 0 0, 0 0 0)))', 6674)), (3, ST_GeomFromText('POINT EMPTY', 6674));
CREATE TABLE roads.earth (id integer, geog geography); INSERT INTO roads.earth VALUES (1, 'POINT(135.9 34.5)');
CREATE TABLE roads.log (n integer);
CREATE FUNCTION roads.writes() RETURNS integer LANGUAGE sql VOLATILE AS 'INSERT INTO roads.log VALUES (1) RETURNING n';
CREATE VIEW roads.writing AS SELECT roads.writes() AS id, geom FROM roads.bridges;
CREATE VIEW roads.slow AS SELECT pg_sleep(30)::text AS id, geom FROM roads.bridges;
CREATE VIEW roads.failing AS SELECT 1 / (id - id) AS id, geom FROM roads.bridges;
CREATE ROLE reader LOGIN PASSWORD 'reader';
GRANT USAGE ON SCHEMA roads TO reader;
"""

BRIDGES = Profile(columns={"asset_id": ("id",), "name": ("name",)}, constants={"sector": "bridge"})


def programs():
    """Folder of the server's programs where PostGIS is installed too, else None."""
    for control in sorted(
        pathlib.Path("/usr/share/postgresql").glob("*/extension/postgis.control"), reverse=True
    ):
        folder = pathlib.Path("/usr/lib/postgresql") / control.parents[1].name / "bin"
        if (folder / "initdb").is_file():
            return folder
    return None


PROGRAMS = programs()
needs_server = pytest.mark.skipif(
    PROGRAMS is None, reason="no PostgreSQL with PostGIS here (tools/install_postgis.sh)"
)


@pytest.fixture(scope="module")
def port():
    """A server of the tests' own on loopback, with a certificate that nobody vouches for."""
    user = as_user()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="gunmane-postgis-"))
    data, words = folder / "data", folder / "words"
    words.write_text(PASSWORD)
    has_tls = shutil.which("openssl") is not None
    if has_tls:
        request = [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=localhost",
        ]
        files = ["-keyout", str(folder / "server.key"), "-out", str(folder / "server.crt")]
        subprocess.run([*request, *files], check=True, capture_output=True)
        (folder / "server.key").chmod(0o600)
    if user:
        for path in (folder, *folder.iterdir()):
            shutil.chown(path, user["user"], user["group"])
    command = [PROGRAMS / "initdb", "-D", data, "-U", "owner", f"--pwfile={words}", "--auth=scram-sha-256"]
    subprocess.run(
        [*command, "-E", "UTF8", "--locale=C.UTF-8"], check=True, capture_output=True, cwd="/", **user
    )
    number = free_port()
    options = {"fsync": "off", "listen_addresses": "127.0.0.1", "unix_socket_directories": str(folder)}
    if has_tls:
        options |= {
            "ssl": "on",
            "ssl_cert_file": folder / "server.crt",
            "ssl_key_file": folder / "server.key",
        }
    settings = [word for key, value in options.items() for word in ("-c", f"{key}={value}")]
    log = (folder / "log").open("wb")
    server = subprocess.Popen(
        [PROGRAMS / "postgres", "-D", data, "-p", str(number), *settings],
        stdout=log,
        stderr=log,
        cwd="/",
        **user,
    )
    try:
        fill(number)
        yield number
    finally:
        # A fast stop: sessions that a failed test left open are cut off.
        server.send_signal(signal.SIGINT)
        server.wait(timeout=30)
        log.close()
        shutil.rmtree(folder, ignore_errors=True)


def fill(number):
    import pg8000.exceptions
    import pg8000.native

    for _ in range(300):
        with contextlib.suppress(pg8000.exceptions.Error, OSError):
            start = pg8000.native.Connection(
                "owner", port=number, host="127.0.0.1", database="postgres", password=PASSWORD
            )
            break
        time.sleep(0.1)
    for name in ("town", "bare", "crowd"):
        start.run(f"CREATE DATABASE {name}")
    start.close()
    for name, text in {
        "town": TABLES,
        "crowd": "CREATE EXTENSION postgis; CREATE TABLE single (g geometry); "
        "INSERT INTO single VALUES (ST_SetSRID(ST_MakePoint(135.9, 34.5), 6668));",
    }.items():
        made = pg8000.native.Connection(
            "owner", port=number, host="127.0.0.1", database=name, password=PASSWORD
        )
        made.run(text)
        made.close()


@pytest.fixture
def url(port):
    def build(table="", database="town", user="owner", password=QUOTED, mode=""):
        asked = "&".join(f"{k}={v}" for k, v in (("table", table), ("sslmode", mode)) if v)
        return f"postgresql://{user}:{password}@127.0.0.1:{port}/{database}" + (f"?{asked}" if asked else "")

    return build


def refusal(url, **options):
    """The error of what cannot be read: in both languages, and never with the password."""
    with pytest.raises(FileError) as caught:
        open_postgis(url, **options)
    told = [say(caught.value, lang) for lang in LANGUAGES]
    told += [
        str(caught.value),
        repr(caught.value),
        repr(caught.value.__cause__),
        repr(pickle.dumps(caught.value)),
    ]
    assert not any(secret in text for text in told for secret in (PASSWORD, QUOTED, "secret"))
    assert (
        caught.value.__suppress_context__
        or caught.value.__context__ is None
        or caught.value.__cause__ is None
    )
    return caught.value


@needs_server
def test_a_table_gives_its_columns_and_shapes(url):
    raw = open_postgis(url("roads.bridges"))
    assert raw.format == "postgis" and raw.file == "postgis:127.0.0.1/town/roads.bridges"
    assert list(raw.table.columns) == ["id", "name", "built", "length", "cost", "open", "tags"]
    assert raw.table.index.tolist() == [1, 2, 3, 4, 5, 6] and raw.table["id"].tolist() == [1, 2, 3, 4, 5, 6]
    assert raw.table.loc[2, ["name", "cost", "open"]].tolist() == ["橋2", "2000.50", "2020-04-01"]
    assert raw.table["length"].tolist()[:2] == [1.5, 3.0] and raw.table.loc[6, "name"] is not None
    assert (
        raw.crs.to_epsg() == 6674 and raw.shapes[0] == shapely.Point(-3999, -163001) and raw.shapes[5] is None
    )


@needs_server
def test_what_is_left_out_is_told(url):
    told = open_postgis(url("roads.bridges")).told
    assert told["columns_left_out"] == ["scan", "edge"] and told["shape_columns"] == ["geom", "edge"]


@needs_server
def test_a_table_is_taken_as_a_delivery_and_tells_no_password(url):
    delivery = take_delivery(url("roads.bridges"), region=find_region("nara_uda"), profile=BRIDGES)
    assert delivery.file == "postgis:127.0.0.1/town/roads.bridges" and len(delivery.assets) == 5
    assert [note.key for note in delivery.notes].count("postgis_left_out") == 1
    told = (
        repr(delivery)
        + repr([dict(note.values) for note in delivery.notes])
        + "".join(delivery.assets["source"])
    )
    assert PASSWORD not in told and QUOTED not in told


@needs_server
def test_the_place_comes_out_right(url):
    raw = open_postgis(url("roads.bridges"))
    point = gpd.GeoSeries(raw.shapes[:1], crs=raw.crs).to_crs(4326)[0]
    assert (round(point.x, 1), round(point.y, 1)) == (136.0, 34.5)


@needs_server
@pytest.mark.parametrize(
    ("table", "rows", "kind"), [("roads.old", 3, "view"), ("roads.kept", 6, "materialized view")]
)
def test_views_are_read_too(url, table, rows, kind):
    raw = open_postgis(url(table))
    assert len(raw.table) == rows and raw.told["relation"] == kind


@needs_server
def test_the_table_may_be_named_apart_from_the_address(url):
    assert len(open_postgis(url("roads.kept"), table="roads.old").table) == 3
    assert len(open_postgis(url(database="crowd")).table) == 1


@needs_server
def test_rows_come_in_the_order_of_their_key(url):
    assert open_postgis(url("roads.keyed")).table["name"].tolist() == ["n5", "n4", "n3", "n2", "n1"]


@needs_server
def test_rows_without_a_key_are_sorted(url):
    names = open_postgis(url("roads.kept")).table["name"].tolist()
    assert names[:5] == ["橋1", "橋2", "橋3", "橋4", "橋5"]


@needs_server
def test_names_with_quotes_and_commands_are_names(url):
    raw = open_postgis(url(), table='roads.we"ird; DROP TABLE x;--')
    assert list(raw.table.columns) == ['col"umn :x'] and raw.crs.to_epsg() == 4326
    assert shapely.get_coordinate_dimension(raw.shapes[0]) == 2


@needs_server
def test_curves_become_lines_and_what_is_no_shape_is_counted(url):
    raw = open_postgis(url("roads.shapes"))
    assert raw.shapes[0].geom_type == "LineString" and raw.shapes[0].length == pytest.approx(np.pi, rel=0.01)
    assert raw.shapes[1] is None and raw.told["broken"] == 1 and len(raw.table) == 3


@needs_server
def test_geography_is_degrees(url):
    raw = open_postgis(url("roads.earth"))
    assert raw.crs.to_epsg() == 4326 and raw.shapes[0] == shapely.Point(135.9, 34.5)


@needs_server
def test_a_table_without_a_system_says_none(url):
    assert open_postgis(url("roads.bare")).crs is None


@needs_server
def test_a_first_look_takes_few_rows(url):
    assert len(open_postgis(url("roads.bridges"), max_rows=2).table) == 2


@needs_server
def test_rows_arrive_in_chunks(url, monkeypatch):
    monkeypatch.setattr(postgis, "CHUNK_ROWS", 2)
    assert open_postgis(url("roads.bridges")).table["id"].tolist() == [1, 2, 3, 4, 5, 6]


@needs_server
def test_a_view_that_writes_is_stopped(url):
    assert refusal(url("roads.writing")).key == "postgis_writes"
    with postgis._session(parse_url(url())) as run:
        assert run("SELECT count(*) FROM roads.log") == [[0]]


@needs_server
def test_the_session_cannot_write(url):
    with pytest.raises(FileError) as caught, postgis._session(parse_url(url())) as run:
        run("INSERT INTO roads.log VALUES (1)")
    assert caught.value.key == "postgis_writes"


@needs_server
def test_a_statement_that_takes_too_long_is_stopped(url, monkeypatch):
    monkeypatch.setitem(postgis.SESSION, "statement_timeout", "300ms")
    assert refusal(url("roads.slow")).key == "postgis_slow"


@needs_server
@pytest.mark.parametrize(
    ("asked", "key"),
    [
        ({"table": "roads.bridges", "password": "secret"}, "postgis_login"),
        ({"table": "roads.bridges", "password": ""}, "postgis_login"),
        ({"table": "roads.bridges", "user": "nobody"}, "postgis_login"),
        ({"table": "roads.bridges", "database": "nowhere"}, "postgis_no_database"),
        ({"table": "roads.bridges", "database": "bare"}, "postgis_absent"),
        ({"table": "roads.bridges", "user": "reader", "password": "reader"}, "postgis_no_right"),
        ({"table": "roads.nothing"}, "postgis_no_table"),
        ({"table": "nothing.bridges"}, "postgis_no_table"),
        ({"table": "bridges"}, "postgis_no_table"),
        ({"table": ""}, "postgis_which_table"),
        ({"table": "roads.plain"}, "postgis_no_shapes"),
        ({"table": "roads.empty"}, "ledger_no_rows"),
        ({"table": "roads.mixed"}, "postgis_many_srid"),
        ({"table": "roads.failing"}, "postgis_failed"),
    ],
)
def test_each_refusal_has_its_sentence(url, asked, key):
    assert refusal(url(**asked)).key == key


@needs_server
def test_too_many_rows_are_refused(url, monkeypatch):
    monkeypatch.setattr(postgis, "MAX_ROWS", 3)
    assert refusal(url("roads.bridges")).key == "ledger_too_many_rows"


@needs_server
def test_too_many_bytes_are_refused(url, monkeypatch):
    monkeypatch.setattr(postgis, "MAX_UNPACKED_BYTES", 100)
    assert refusal(url("roads.bridges")).key == "ledger_too_large"


@needs_server
@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl here to make a certificate")
def test_encryption_is_used_where_offered_and_checked_where_required(url):
    with postgis._session(parse_url(url())) as run:
        assert run("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()") == [[True]]
    with postgis._session(parse_url(url(mode="disable"))) as run:
        assert run("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()") == [[False]]
    assert refusal(url("roads.bridges", mode="require")).key == "postgis_certificate"


@pytest.mark.parametrize("mode", ["prefer", "disable", "require"])
def test_nobody_answering_is_told(mode):
    where = f"postgresql://me:secret@127.0.0.1:{free_port()}/town?sslmode={mode}"
    assert refusal(where, table="a.b").key == "postgis_unreachable"


@pytest.mark.parametrize(
    "answer", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"N" + b"\xff" * 64, b"NR\x00\x00\x00\x08"]
)
def test_something_that_is_no_database_is_told(answer, monkeypatch):
    import threading

    monkeypatch.setattr(postgis, "CONNECT_S", 2.0)
    listener = socket.create_server(("127.0.0.1", 0))

    def reply():
        with contextlib.suppress(OSError):
            peer = listener.accept()[0]
            peer.recv(64)
            peer.sendall(answer)
            peer.close()

    threading.Thread(target=reply, daemon=True).start()
    number = listener.getsockname()[1]
    assert (
        refusal(f"postgresql://me:secret@127.0.0.1:{number}/town", table="a.b").key == "postgis_unreachable"
    )
    listener.close()


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://me:secret@host",
        "postgresql://host/town",
        "postgresql://me:secret@host:port/town",
        "mysql://me:secret@host/town",
        "postgresql://me:secret@host/town?sslmode=maybe",
        "postgresql://me:secret@host/town?options=-c",
        "postgresql://me:secret@[bad/town",
        "",
    ],
)
def test_a_wrong_address_is_told_without_repeating_it(text):
    assert refusal(text).key == "postgis_url"


def test_an_address_never_shows_its_password():
    address = parse_url(f"postgresql://me:{QUOTED}@host/town?table=a.b")
    assert (
        address.password == PASSWORD
        and PASSWORD not in repr(address)
        and address.shown == "postgis:host/town"
    )
    assert is_postgis_url("postgres://x") and not is_postgis_url("/home/x.gpkg")
