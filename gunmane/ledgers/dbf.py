"""The sister files of a shapefile: whether they are all there and whole, and how the table is written."""

from __future__ import annotations

import codecs
import pathlib

from gunmane.errors import FileError
from gunmane.ledgers.files import MEGABYTE, check_size

SHP_HEAD_BYTES = 100
SHX_RECORD_BYTES = 8
DBF_HEAD_BYTES = 32
UTF8_WORDS = {"utf8", "65001"}
CP932_WORDS = {"shiftjis", "sjis", "cp932", "932", "windows31j", "ms932", "xsjis"}


def check_shapefile(path: pathlib.Path) -> None:
    """
    Refuse a shapefile that lacks a sister file or was cut off; without `.prj` it passes.

    Raises
    ------
    FileError
        If `.shx` or `.dbf` is missing, a file is too large or shorter than its own head says, or shapes and rows are
        not equally many: the files do not belong together.
    """
    sisters = {suffix: sister(path, suffix) for suffix in (".shx", ".dbf")}
    missing = [suffix for suffix, file in sisters.items() if file is None]
    if missing:
        raise FileError("ledger_shapefile_incomplete", file=path.name, missing=" ".join(missing))
    # The heads of .shp and .shx give their length in 16-bit words; GDAL takes a file cut short for missing shapes.
    for file in (path, sisters[".shx"]):
        head = _start(file, SHP_HEAD_BYTES)
        if _size(file) < 2 * int.from_bytes(head[24:28], "big"):
            raise FileError("ledger_unreadable", file=path.name)
    head = _start(sisters[".dbf"], DBF_HEAD_BYTES)
    count, head_bytes, row_bytes = (
        int.from_bytes(head[a:b], "little") for a, b in ((4, 8), (8, 10), (10, 12))
    )
    check_size(path.name, _size(sisters[".dbf"]))
    if _size(sisters[".dbf"]) < head_bytes + count * row_bytes:
        raise FileError("ledger_unreadable", file=path.name)
    shapes = (_size(sisters[".shx"]) - SHP_HEAD_BYTES) // SHX_RECORD_BYTES
    if shapes != count:
        raise FileError("ledger_dbf_differs", file=path.name, shapes=f"{shapes:,}", rows=f"{count:,}")


def _start(path: pathlib.Path | None, count: int) -> bytes:
    if path is None:
        return b""
    with path.open("rb") as stream:
        return stream.read(count)


def _size(path: pathlib.Path | None) -> int:
    return path.stat().st_size if path else 0


def sister(path: pathlib.Path, suffix: str) -> pathlib.Path | None:
    """Return the file of the same name with another suffix, in small or capital letters; None where there is none."""
    for name in (suffix, suffix.upper()):
        candidate = path.with_suffix(name)
        if candidate.is_file():
            return candidate
    return None


def dbf_encoding(path: pathlib.Path) -> str:
    """Tell UTF-8 from CP932 by the bytes: a `.cpg` is often absent, or says Shift_JIS and means CP932."""
    dbf, cpg = sister(path, ".dbf"), sister(path, ".cpg")
    declared = cpg.read_text(encoding="ascii", errors="ignore") if cpg else ""
    word = declared.strip().lower().replace("-", "").replace("_", "").replace(" ", "")
    if word in UTF8_WORDS:
        return "UTF-8"
    if word in CP932_WORDS:
        return "CP932"
    return "UTF-8" if dbf is None or _is_utf8(dbf) else "CP932"


def _is_utf8(dbf: pathlib.Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    with dbf.open("rb") as stream:
        stream.seek(DBF_HEAD_BYTES)
        while block := stream.read(MEGABYTE):
            try:
                decoder.decode(block.replace(b"\x00", b" "))
            except UnicodeDecodeError:
                return False
    return True
