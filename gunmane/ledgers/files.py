"""What a file must pass before it is read: it exists, is not empty, not too large, and what its name says."""

from __future__ import annotations

import hashlib
import pathlib
import zipfile

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

# What a file's first bytes say it is -> its name to a person and the ending that it should have ("": is not read).
CONTENTS = {
    OLE_MAGIC: ("Excel 97-2003 (xls)", ".xls"),
    MAGIC[".gpkg"]: ("GeoPackage (SQLite)", ".gpkg"),
    MAGIC[".parquet"]: ("Parquet", ".parquet"),
    MAGIC[".fgb"]: ("FlatGeobuf", ".fgb"),
    MAGIC[".shp"]: ("Shapefile", ".shp"),
    b"%PDF": ("PDF", ""),
    b"\x89PNG": ("PNG", ""),
    b"\xff\xd8\xff": ("JPEG", ""),
}
# A part that tells the kind of document in a zip.
ZIPPED = {
    "xl/workbook.xml": ("Excel (xlsx)", ".xlsx"),
    "xl/workbook.bin": ("Excel (xlsb)", ""),
    "word/document.xml": ("Word (docx)", ""),
    "content.xml": ("OpenDocument (ods)", ".ods"),
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
    if kind not in MAGIC or not start.startswith(MAGIC[kind]):
        _require_own_content(path, start)
    if not start.startswith(MAGIC.get(kind, b"")):
        raise FileError("ledger_unreadable", file=path.name)
    return path


def _require_own_content(path: pathlib.Path, start: bytes) -> None:
    """Refuse a file whose first bytes are those of another kind, saying of which."""
    found, wanted = next((named for magic, named in CONTENTS.items() if start.startswith(magic)), ("", ""))
    if start.startswith(ZIP_MAGIC):
        found, wanted = _zipped(path)
    if found:
        key = "ledger_content_differs" if wanted else "ledger_content_unread"
        raise FileError(key, file=path.name, found=found, suffix=path.suffix.lower(), wanted=wanted)


def _zipped(path: pathlib.Path) -> tuple[str, str]:
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError):
        names = set()
    return next((named for part, named in ZIPPED.items() if part in names), ("zip", ".zip"))


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
