"""A PostgreSQL server of the tests' own on loopback, from the programs that the system has."""

import contextlib
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import pytest

# A password with every sign that an address must not be broken by.
PASSWORD = "p@ss:wörd/?#%"
QUOTED = "p%40ss%3Aw%C3%B6rd%2F%3F%23%25"


def programs():
    """Folder of the server's programs, None where there are none."""
    folders = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)
    found = shutil.which("initdb")
    return folders[0].parent if folders else pathlib.Path(found).parent if found else None


def as_user():
    """The server refuses to run as root; another user of this machine runs it then."""
    if os.geteuid() != 0:
        return {}
    import pwd

    names = {entry.pw_name for entry in pwd.getpwall()}
    name = next((n for n in ("postgres", "nobody") if n in names), None)
    if name is None:
        pytest.skip("only root here, and the server does not run as root")
    return {"user": name, "group": pwd.getpwnam(name).pw_gid, "extra_groups": []}


def free_port():
    with contextlib.closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


class Server:
    """Databases on a server that can be stopped and started again."""

    def __init__(self, folder):
        self.folder, self.port, self.count = folder, free_port(), 0
        self.user, self.process, self.log = as_user(), None, (folder / "log").open("wb")
        words = folder / "words"
        words.write_text(PASSWORD)
        if self.user:
            for path in (folder, words):
                shutil.chown(path, self.user["user"], self.user["group"])
        command = [programs() / "initdb", "-D", folder / "data", "-U", "owner", f"--pwfile={words}"]
        command += ["--auth=scram-sha-256", "-E", "UTF8", "--locale=C.UTF-8", "-N"]
        subprocess.run(command, check=True, capture_output=True, cwd="/", **self.user)

    def start(self):
        options = {"fsync": "off", "listen_addresses": "127.0.0.1", "unix_socket_directories": self.folder}
        settings = [word for key, value in options.items() for word in ("-c", f"{key}={value}")]
        command = [programs() / "postgres", "-D", self.folder / "data", "-p", str(self.port), *settings]
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log, cwd="/", **self.user)
        self.run("SELECT 1")

    def stop(self):
        # A fast stop: sessions that a failed test left open are cut off.
        self.process.send_signal(signal.SIGINT)
        self.process.wait(timeout=30)

    def run(self, text, database="postgres"):
        import pg8000.exceptions
        import pg8000.native

        for _ in range(300):
            with contextlib.suppress(pg8000.exceptions.Error, OSError):
                session = pg8000.native.Connection(
                    "owner", port=self.port, host="127.0.0.1", database=database, password=PASSWORD
                )
                break
            time.sleep(0.1)
        try:
            return session.run(text)
        finally:
            session.close()

    def new_database(self):
        self.count += 1
        self.run(f"CREATE DATABASE team{self.count}")
        return self.url(f"team{self.count}")

    def url(self, database, *, user="owner", password=QUOTED):
        return f"postgresql://{user}:{password}@127.0.0.1:{self.port}/{database}"


@contextlib.contextmanager
def running_server():
    """A server that runs until the block ends; skips where there are no programs."""
    if programs() is None:
        pytest.skip("no PostgreSQL here (tools/install_postgis.sh)")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="gunmane-team-"))
    server = Server(folder)
    try:
        server.start()
        yield server
    finally:
        if server.process is not None:
            server.stop()
        server.log.close()
        shutil.rmtree(folder, ignore_errors=True)
