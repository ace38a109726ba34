"""Zip files: bounded, never trusted with a path, and one ledger out of what they hold."""

from __future__ import annotations

import contextlib
import pathlib
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator

from gunmane.errors import FileError
from gunmane.ledgers import files
from gunmane.own_folders import own_folder

# What is read out of a zip, by order of preference: shapes, then tables and other formats, then loose text.
KINDS = (
    (".shp", ".gpkg", ".geojson", ".parquet", ".geoparquet", ".fgb"),
    (".xlsx", ".xlsm", ".xls", ".ods", ".csv", ".tsv", ".json", ".gml", ".osm", ".graphml", ".pbf"),
    (".txt",),
)
# Ends of names of files that only belong to another: the nodes of the lines of the national rivers (W05).
COMPANIONS = ("-g_rivernode",)
# Folders that only say in which form the same data stand: "UTF-8", "N13-22_GML", "01-01_シェープファイル形式".
FORM = re.compile(
    r"(?:utf-?8|shift[-_ ]?jis|sjis|cp932|geojson|shape(?:file)?|shp|gml|シェープ(?:ファイル)?)(?:形式|版)?",
    re.IGNORECASE,
)
FORM_NUMBER = re.compile(r"\d{1,2}(?:[-_]\d{1,2})?")
PLAIN_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
LOCAL_HEAD_BYTES = 30
UTF8_NAME = 0x800
ENCRYPTED = 0x1
# Deflate reaches about 1,000 : 1 on nothing but blanks; ledgers stay far below.
MAX_RATIO = 400
RATIO_FROM_BYTES = 50 * files.MEGABYTE
ZIP_FAULTS = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    OSError,
    EOFError,
    RuntimeError,
    NotImplementedError,
    ValueError,
)


def checked_zip(path: pathlib.Path, *, file: str = "") -> list[zipfile.ZipInfo]:
    """
    Return the members of a zip file whose unpacked size is bounded.

    Parameters
    ----------
    path
        File to look into.
    file
        Its name as the user knows it; "" takes the path's.

    Raises
    ------
    FileError
        If the file is no sound zip, is encrypted, or would unpack to too much.
    """
    file = file or path.name
    try:
        with zipfile.ZipFile(path) as archive:
            members = [m for m in archive.infolist() if not m.is_dir()]
    except ZIP_FAULTS as error:
        raise FileError("ledger_unreadable", file=file) from error
    size = sum(member.file_size for member in members)
    packed = max(sum(member.compress_size for member in members), 1)
    if size > files.MAX_UNPACKED_BYTES:
        limit = files.MAX_UNPACKED_BYTES // files.MEGABYTE
        raise FileError("ledger_zip_too_large", file=file, size=size // files.MEGABYTE, limit=limit)
    if len(members) > files.MAX_ZIP_MEMBERS:
        limit = files.MAX_ZIP_MEMBERS
        raise FileError("ledger_zip_many", file=file, count=f"{len(members):,}", limit=f"{limit:,}")
    if size > RATIO_FROM_BYTES and size / packed > MAX_RATIO:
        times = f"{size // packed:,}"
        raise FileError(
            "ledger_zip_blown", file=file, times=times, size=size // files.MEGABYTE, limit=MAX_RATIO
        )
    if any(member.flag_bits & ENCRYPTED for member in members):
        raise FileError("ledger_zip_locked", file=file)
    return members


def member_blocks(path: pathlib.Path, member: zipfile.ZipInfo, *, file: str = "") -> Iterator[bytes]:
    """
    Yield the unpacked bytes of one member, block by block, and stop where it gives more than its head says.

    Other readers of the same file may not look at the size that the head claims; what passes here is safe for them.

    Raises
    ------
    FileError
        If the member is cut off, packed in an unusual way, or larger than it claims.
    """
    file = file or path.name
    if member.compress_type not in PLAIN_METHODS:
        raise FileError("ledger_unreadable", file=file)
    given, left = 0, member.compress_size
    unpack = zlib.decompressobj(-zlib.MAX_WBITS) if member.compress_type == zipfile.ZIP_DEFLATED else None
    try:
        with path.open("rb") as stream:
            stream.seek(member.header_offset)
            name_size, extra_size = struct.unpack("<26x2H", stream.read(LOCAL_HEAD_BYTES))
            stream.seek(name_size + extra_size, 1)
            while left > 0:
                packed = stream.read(min(left, files.MEGABYTE))
                if not packed:
                    raise FileError("ledger_unreadable", file=file)
                left -= len(packed)
                while packed:
                    block = unpack.decompress(packed, 4 * files.MEGABYTE) if unpack else packed
                    packed = unpack.unconsumed_tail if unpack else b""
                    given += len(block)
                    if given > member.file_size:
                        raise FileError("ledger_zip_bomb", file=file)
                    yield block
    except ZIP_FAULTS as error:
        raise FileError("ledger_unreadable", file=file) from error
    if given != member.file_size:
        raise FileError("ledger_unreadable", file=file)


def shown_name(member: zipfile.ZipInfo) -> str:
    """Return a member's own name without its folders, readable also where Windows wrote it in CP932."""
    return _shown_parts(member)[-1]


def _shown_parts(member: zipfile.ZipInfo) -> tuple[str, ...]:
    name = member.filename
    if not member.flag_bits & UTF8_NAME:
        with contextlib.suppress(UnicodeError):
            name = name.encode("cp437").decode("cp932")
    parts = pathlib.PurePosixPath(name.replace("\\", "/")).parts
    return tuple(part for part in parts if part not in {"/", ".."}) or ("",)


def _key(member: zipfile.ZipInfo) -> tuple[str, ...]:
    """Return what several forms of the same data have in common: their folders and their name without its suffix."""
    folders: list[str] = []
    for part in _shown_parts(member)[:-1]:
        bare = FORM.sub("", part).strip("-_ .()（）") if FORM.search(part) else part
        is_form = bare != part and (not bare or FORM_NUMBER.fullmatch(bare))
        folders += [] if is_form else [bare.casefold()]
    return (*folders, _stem(member))


@contextlib.contextmanager
def unpacked(path: pathlib.Path, *, wanted: str = "") -> Iterator[tuple[pathlib.Path, str, list[str]]]:
    """
    Yield the one ledger inside a zip file, its name there, and the names of the ledgers left out.

    It is unpacked into a temporary folder under a name of our own; names inside the archive are never used as paths.
    A shapefile brings its sister files along. Files of one name in one folder in several formats or encodings, as
    national data sets come, count as one. Where two folders hold files of one name, names are told with their folders.

    Parameters
    ----------
    path
        Zip file.
    wanted
        Name of the file to take, with or without its suffix or its folders; "" finds out.

    Raises
    ------
    FileError
        If the zip is unsound or too large, holds another zip instead of a ledger, no ledger, or several.
    """
    members = [m for m in checked_zip(path) if _is_own(m)]
    chosen, name, left_out = _chosen(path.name, members, wanted)
    stem = chosen.filename[: -len(_suffix(chosen))].lower()
    is_shapefile = _suffix(chosen) == ".shp"
    sisters = [m for m in members if is_shapefile and m.filename.lower().startswith(f"{stem}.")] or [chosen]
    with own_folder() as folder:
        for member in sisters:
            target = folder / f"ledger{_suffix(member)}"
            with target.open("wb") as stream:
                stream.writelines(member_blocks(path, member))
            if _crc32(target) != member.CRC:
                raise FileError("ledger_unreadable", file=path.name)
        yield folder / f"ledger{_suffix(chosen)}", name, left_out


def _chosen(file: str, members: list[zipfile.ZipInfo], wanted: str) -> tuple[zipfile.ZipInfo, str, list[str]]:
    """Return the ledger to read, its name, and the names of the ledgers left out."""
    ledgers = sorted((m for m in members if any(_suffix(m) in kinds for kinds in KINDS)), key=_preference)
    label = _labels(ledgers)
    groups: dict[tuple[str, ...], zipfile.ZipInfo] = {}
    if wanted:
        groups = _named(ledgers, wanted)
    for kinds in KINDS:
        for member in ledgers if not groups else ():
            if _suffix(member) in kinds:
                groups.setdefault(_key(member), member)
        if groups:
            break
    if len(groups) > 1:
        groups = {key: first for key, first in groups.items() if not key[-1].endswith(COMPANIONS)}
    if len(groups) != 1:
        if not groups and any(_suffix(m) == ".zip" for m in members):
            raise FileError("ledger_zip_nested", file=file)
        names = sorted(label[first.filename] for first in groups.values())
        found = ", ".join(names[:6]) or "-"
        raise FileError("ledger_zip_choice", file=file, found=found, members=tuple(names))
    ((key, pick),) = groups.items()
    if any(m.filename == pick.filename and m.CRC != pick.CRC for m in ledgers):
        raise FileError("ledger_zip_double", file=file, member=label[pick.filename])
    others = {label[m.filename] for m in ledgers if _key(m) != key}
    others |= {shown_name(m) for m in members if _suffix(m) == ".zip"}
    return pick, label[pick.filename], sorted(others)


def _labels(ledgers: list[zipfile.ZipInfo]) -> dict[str, str]:
    """Return how each ledger is called: by its own name, with its folders where another ledger has the same name."""
    keys: dict[str, set[tuple[str, ...]]] = {}
    for member in ledgers:
        keys.setdefault(_stem(member), set()).add(_key(member))
    return {
        m.filename: "/".join(_shown_parts(m)) if len(keys[_stem(m)]) > 1 else shown_name(m) for m in ledgers
    }


def _named(ledgers: list[zipfile.ZipInfo], wanted: str) -> dict[tuple[str, ...], zipfile.ZipInfo]:
    """Return the ledgers that a name stands for; with its folders it stands for one."""
    wanted = wanted.casefold()
    exact = [m for m in ledgers if "/".join(_shown_parts(m)).casefold() == wanted]
    loose = [m for m in ledgers if wanted in {shown_name(m).casefold(), _stem(m)}]
    groups: dict[tuple[str, ...], zipfile.ZipInfo] = {}
    for member in exact or loose:
        groups.setdefault(_key(member), member)
    return groups


def _preference(member: zipfile.ZipInfo) -> tuple[int, bool, str]:
    order = [suffix for kinds in KINDS for suffix in kinds]
    # National data sets hold the same shapefile in both encodings.
    return order.index(_suffix(member)), "utf" not in member.filename.lower(), member.filename


def _is_own(member: zipfile.ZipInfo) -> bool:
    """Tell whether a member is the user's file, not what a Mac or an open Excel leaves beside it."""
    return "__MACOSX" not in member.filename and not shown_name(member).startswith((".", "~$"))


def _suffix(member: zipfile.ZipInfo) -> str:
    return pathlib.PurePosixPath(member.filename).suffix.lower()


def _stem(member: zipfile.ZipInfo) -> str:
    return pathlib.PurePath(shown_name(member)).stem.casefold()


def _crc32(path: pathlib.Path) -> int:
    total = 0
    with path.open("rb") as stream:
        while block := stream.read(files.MEGABYTE):
            total = zlib.crc32(block, total)
    return total
