"""What a file must pass before it is read: it exists, is not empty, not too large, and what its name says."""

from __future__ import annotations

import contextlib
import hashlib
import pathlib
import tempfile
import zipfile
from collections.abc import Iterator

from gunmane.errors import FileError

VECTORS = (".geojson", ".json", ".gpkg", ".parquet", ".geoparquet", ".shp", ".fgb")
TABLES = (".csv", ".tsv", ".txt", ".xlsx")
READABLE = (*VECTORS, ".zip", *TABLES)

# Bounds of the machine, not of planning: a ledger of a region is far smaller than each of them.
MAX_FILE_BYTES = 200 * 1024**2
MAX_UNPACKED_BYTES = 600 * 1024**2
MAX_ZIP_MEMBERS = 2000
MAX_ROWS = 2_000_000
MEGABYTE = 1024**2

# The first bytes that a file of each kind opens with.
MAGIC = {
    ".gpkg": b"SQLite format 3\x00",
    ".parquet": b"PAR1",
    ".geoparquet": b"PAR1",
    ".fgb": b"fgb\x03",
    ".shp": b"\x00\x00\x27\x0a",
    ".zip": b"PK\x03\x04",
    ".xlsx": b"PK\x03\x04",
}


def checked_file(path: pathlib.Path) -> pathlib.Path:
    """
    Return `path` when a reader may open it.

    Raises
    ------
    FileError
        If it is missing, a folder, empty, too large, of a kind that is not read, or not what its name says.
    """
    if path.is_dir():
        raise FileError("ledger_is_folder", file=path.name)
    if not path.is_file():
        raise FileError("ledger_missing", file=str(path))
    kind = path.suffix.lower()
    if kind not in READABLE:
        raise FileError("ledger_kind_unknown", file=path.name, kinds=" ".join(READABLE))
    size = path.stat().st_size
    if size == 0:
        raise FileError("ledger_empty", file=path.name)
    if size > MAX_FILE_BYTES:
        raise FileError(
            "ledger_too_large", file=path.name, size=size // MEGABYTE, limit=MAX_FILE_BYTES // MEGABYTE
        )
    try:
        with path.open("rb") as file:
            start = file.read(16)
    except OSError as error:
        raise FileError("ledger_unreadable", file=path.name) from error
    if not start.startswith(MAGIC.get(kind, b"")):
        raise FileError("ledger_unreadable", file=path.name)
    return path


def checked_zip(path: pathlib.Path) -> list[zipfile.ZipInfo]:
    """
    Return the members of a zip file whose unpacked size is bounded.

    Raises
    ------
    FileError
        If the file is no sound zip, is encrypted, or would unpack to too much.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = [m for m in archive.infolist() if not m.is_dir()]
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise FileError("ledger_unreadable", file=path.name) from error
    size = sum(member.file_size for member in members)
    if size > MAX_UNPACKED_BYTES or len(members) > MAX_ZIP_MEMBERS:
        raise FileError(
            "ledger_zip_too_large",
            file=path.name,
            size=size // MEGABYTE,
            limit=MAX_UNPACKED_BYTES // MEGABYTE,
        )
    if any(member.flag_bits & 0x1 for member in members):
        raise FileError("ledger_zip_locked", file=path.name)
    return members


@contextlib.contextmanager
def unpacked(path: pathlib.Path) -> Iterator[pathlib.Path]:
    """
    Yield the one ledger inside a zip file, unpacked into a temporary folder under a name of our own.

    Names inside the archive are never used as paths. A shapefile brings its sister files along.

    Raises
    ------
    FileError
        If the zip is unsound or too large, or holds no ledger or several.
    """
    members = checked_zip(path)
    ledgers = [m for m in members if _suffix(m) in VECTORS and "__MACOSX" not in m.filename]
    # Public downloads hold the same lines twice, as shapefile and as GeoJSON.
    shapes = [m for m in ledgers if _suffix(m) == ".shp"]
    chosen = shapes or ledgers
    if len(chosen) != 1:
        found = ", ".join(sorted(pathlib.PurePosixPath(m.filename).name for m in chosen)[:6]) or "-"
        raise FileError("ledger_zip_choice", file=path.name, found=found)
    stem = chosen[0].filename[: -len(_suffix(chosen[0]))].lower()
    sisters = [m for m in members if m.filename.lower().startswith(f"{stem}.")]
    with tempfile.TemporaryDirectory(prefix="gunmane-") as folder, zipfile.ZipFile(path) as archive:
        for member in sisters:
            target = pathlib.Path(folder) / f"ledger{_suffix(member)}"
            try:
                target.write_bytes(archive.read(member))
            except (
                zipfile.BadZipFile,
                OSError,
                EOFError,
                RuntimeError,
                NotImplementedError,
                ValueError,
            ) as error:
                raise FileError("ledger_unreadable", file=path.name) from error
        yield pathlib.Path(folder) / f"ledger{_suffix(chosen[0])}"


def _suffix(member: zipfile.ZipInfo) -> str:
    return pathlib.PurePosixPath(member.filename).suffix.lower()


def file_sha256(path: pathlib.Path) -> str:
    """Return the SHA-256 of a file's bytes, as plan files name their inputs."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(MEGABYTE):
            digest.update(block)
    return digest.hexdigest()
