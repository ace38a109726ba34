"""What a file must pass before it is read: it exists, is not empty, not too large, and what its name says."""

from __future__ import annotations

import hashlib
import pathlib

from gunmane.errors import FileError

VECTORS = (".geojson", ".json", ".gpkg", ".parquet", ".geoparquet", ".shp", ".fgb")
BOOKS = (".xlsx", ".xlsm", ".xls", ".ods")
TEXTS = (".csv", ".tsv", ".txt")
TABLES = (*TEXTS, *BOOKS)
MODELS = (".gml", ".osm", ".graphml", ".pbf")
READABLE = (*VECTORS, ".zip", *TABLES, *MODELS)

# Bounds of the machine, not of planning: a ledger of a region is far smaller than each of them.
MEGABYTE = 1024**2
MAX_FILE_BYTES = 500 * MEGABYTE
MAX_UNPACKED_BYTES = 1000 * MEGABYTE
MAX_ZIP_MEMBERS = 2000
MAX_ROWS = 2_000_000

# The first bytes that a file of each kind opens with.
ZIP_MAGIC = b"PK\x03\x04"
OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
MAGIC = {
    ".gpkg": b"SQLite format 3\x00",
    ".parquet": b"PAR1",
    ".geoparquet": b"PAR1",
    ".fgb": b"fgb\x03",
    ".shp": b"\x00\x00\x27\x0a",
    ".zip": ZIP_MAGIC,
    ".xlsx": ZIP_MAGIC,
    ".xlsm": ZIP_MAGIC,
    ".ods": ZIP_MAGIC,
    ".xls": OLE_MAGIC,
}


def checked_file(path: pathlib.Path) -> pathlib.Path:
    """
    Return `path` when a reader may open it.

    Raises
    ------
    FileError
        If it is missing, a folder, empty, too large, locked, of a kind that is not read, or not what its name says.
    """
    if path.is_dir():
        raise FileError("ledger_is_folder", file=path.name or str(path))
    if not path.is_file():
        raise FileError("ledger_missing", file=str(path))
    kind = path.suffix.lower()
    if kind not in READABLE:
        raise FileError("ledger_kind_unknown", file=path.name, kinds=" ".join(READABLE))
    size = path.stat().st_size
    if size == 0:
        raise FileError("ledger_empty", file=path.name)
    check_size(path.name, size)
    try:
        with path.open("rb") as file:
            start = file.read(16)
    except OSError as error:
        raise FileError("ledger_unreadable", file=path.name) from error
    if start.startswith(OLE_MAGIC) and MAGIC.get(kind) == ZIP_MAGIC:
        # A workbook with a password is wrapped into the older container.
        raise FileError("ledger_zip_locked", file=path.name)
    if not start.startswith(MAGIC.get(kind, b"")):
        raise FileError("ledger_unreadable", file=path.name)
    return path


def check_size(file: str, size: int) -> None:
    """
    Refuse a file of too many bytes before it is opened.

    Raises
    ------
    FileError
        If `size` (bytes) is above `MAX_FILE_BYTES`.
    """
    if size > MAX_FILE_BYTES:
        limit = MAX_FILE_BYTES // MEGABYTE
        raise FileError("ledger_too_large", file=file, size=size // MEGABYTE, limit=limit)


def file_sha256(path: pathlib.Path) -> str:
    """Return the SHA-256 of a file's bytes, as plan files name their inputs."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(MEGABYTE):
            digest.update(block)
    return digest.hexdigest()
