"""Whether our readers can make something of a file, so that no command is proposed that will fail."""

from __future__ import annotations

import pathlib

from gunmane.errors import FileError
from gunmane.fetching.addresses import LON_LAT, Download
from gunmane.ledgers.files import MAX_UNPACKED_BYTES, MEGABYTE
from gunmane.municipalities import Region
from gunmane.packets import recognise

# National data sets with a profile of their own: one that is read as just some table is not the data set.
KNOWN_KINDS = ("n03", "n13", "p13", "p22", "w05", "n10", "a16", "a31")
# Uses whose files stand in the command that is proposed; the others are looked at and told of only.
PLANNED = ("roads", "assets")
# A file without a row is none of any use.
EMPTY = ("ledger_no_rows", "ledger_only_explained")
TOO_LARGE = ("ledger_too_large", "ledger_zip_too_large")
PLACES = 2


def is_useless(one: Download, fault: FileError) -> bool:
    """Return whether a fault that our readers found keeps a file out: of one to plan with each, of others no rows."""
    return one.use in PLANNED or fault.key in EMPTY


def read_kind(one: Download, path: pathlib.Path, region: Region) -> str:
    """
    Return as what kind of data our readers know a file.

    Parameters
    ----------
    one
        What the file should be.
    path
        The file; of a large one only the first rows are read.
    region
        Region that it is for.

    Raises
    ------
    FileError
        If it cannot be read, is too large once unpacked, or is something else than the data set.
    """
    try:
        raw, profile = recognise(path, region=region)
    except FileError as error:
        if error.key in TOO_LARGE:
            raise _too_large(path, region, error) from error
        raise
    is_known = one.kind not in KNOWN_KINDS or profile.kind.startswith(one.kind)
    if raw.table.empty:
        raise FileError("ledger_no_rows", file=path.name)
    if profile.role != one.use or not is_known:
        raise FileError("fetch_not_the_data", file=path.name, title=one.title_ja)
    return profile.kind


def _too_large(path: pathlib.Path, region: Region, error: FileError) -> FileError:
    """Return what to do with a file that no reader of ours takes: cut it to the region, whose frame is named."""
    west, south, east, north = region.municipalities.to_crs(LON_LAT).total_bounds
    lon, lat = (f"{low:.{PLACES}f}–{high:.{PLACES}f}" for low, high in ((west, east), (south, north)))
    return FileError(
        "fetch_too_large_to_read",
        file=path.name,
        size=error.values.get("size", ""),
        limit=error.values.get("limit", MAX_UNPACKED_BYTES // MEGABYTE),
        lon=lon,
        lat=lat,
    )
