"""The files of one delivery opened together, so that the pieces of one ledger find each other."""

from __future__ import annotations

import dataclasses
import hashlib
import pathlib
from collections.abc import Sequence
from typing import Literal

import pandas as pd

from gunmane import schema
from gunmane.errors import FileError
from gunmane.ledgers import file_sha256
from gunmane.ledgers.joins import has_shapes
from gunmane.ledgers.manifests import answers_beside
from gunmane.ledgers.opening import open_raw
from gunmane.ledgers.postgis import is_postgis_url, open_postgis
from gunmane.ledgers.profile_files import read_profile, sidecar
from gunmane.ledgers.profiles import Answers, Layout, Profile
from gunmane.ledgers.proposals import propose_profile
from gunmane.ledgers.raw import Raw
from gunmane.ledgers.sewers import MAPPING_COLUMNS, join_files, rename_by_mapping
from gunmane.ledgers.xroad import prepared
from gunmane.municipalities import Region
from gunmane.scenario import Note

OnInvalid = Literal["fix", "reject", "raise"]
ON_INVALID: tuple[OnInvalid, ...] = ("fix", "reject", "raise")
# From this size on only the columns that are understood are read, after a first look.
LARGE_BYTES = 64 * 1024**2
LOOK_ROWS = 500


@dataclasses.dataclass(frozen=True)
class LedgerFile:
    """
    A file to take, and what its bringer said of it.

    Parameters
    ----------
    path
        Where it lies; also the address of a PostGIS table (`postgresql://…?table=…`).
    profile
        What its columns mean; None takes the profile beside the file, else proposes one.
    on_invalid
        "fix" mends what can be mended without a guess, "reject" rejects such rows, "raise" refuses the file.
    places_at_town_hall
        True places bridges that only a report without coordinates knows at the town hall, marked as such.
    """

    path: pathlib.Path | str
    profile: Profile | None = None
    on_invalid: OnInvalid = "fix"
    places_at_town_hall: bool = False


@dataclasses.dataclass(frozen=True, eq=False)
class Opened:
    """
    A file as it came, and what its columns mean.

    Parameters
    ----------
    raw, profile
        See there; `raw.told["joined"]` where another file gave the places.
    sha256, byte_count
        Of the file; of a database table the hash of what was read, and 0.
    is_used_up
        True where every row of the file went to another one.
    """

    raw: Raw
    profile: Profile
    sha256: str
    byte_count: int
    is_used_up: bool = False


def recognise(
    path: pathlib.Path | str, *, region: Region | None, layout: Layout | None = None
) -> tuple[Raw, Profile]:
    """
    Take a first look at a file: its first rows, and what it seems to be.

    Raises
    ------
    FileError
        If the file cannot be read.
    """
    raw = _open(path, layout or Layout(), max_rows=LOOK_ROWS)
    profile = _said(path) or _proposed(path, raw, region)
    return (raw if layout else _with_headings(path, raw, profile, max_rows=LOOK_ROWS)), profile


def open_file(file: LedgerFile, region: Region, beside: Sequence[LedgerFile] = ()) -> Opened:
    """
    Open a file, with the shapes of those beside it where it is a table without places.

    Parameters
    ----------
    file
        The file.
    region
        Region that it is for.
    beside
        The other files of the delivery.

    Raises
    ------
    FileError
        If the file cannot be used as a whole; what is wrong with those beside it is theirs to tell.
    """
    raw, profile = _opened(file, region)
    digest, size = _identity(file.path, raw)
    own = Opened(raw, profile, digest, size)
    if not beside or profile.role not in {"assets", "unknown"}:
        return own
    others = [other for other in (_tried(one, region) for one in beside) if other is not None]
    lists = [other for other in others if is_field_list(other)]
    if lists and not is_field_list(raw):
        raw = rename_by_mapping(raw, lists[0].table)
        profile = file.profile or _said(file.path) or _proposed(file.path, raw, region)
        own = Opened(raw, profile, digest, size)
    others = [other for other in others if not is_field_list(other)]
    together = [raw, *others]
    if all(map(has_shapes, together)) or not any(map(has_shapes, together)):
        return own
    if len({one.file for one in together}) < len(together):
        return own
    joined = {one.file: one for one in join_files(together)}
    if raw.file not in joined:
        return dataclasses.replace(own, is_used_up=True)
    found = joined[raw.file]
    if found is raw:
        return own
    # With places the same columns may mean more than without.
    means = file.profile or _said(file.path) or _proposed(file.path, found, region)
    return dataclasses.replace(own, raw=found, profile=means)


def joining_notes(opened: Opened) -> list[Note]:
    """Return what to tell of files that were put together."""
    told, file = opened.raw.told, opened.raw.file
    if opened.is_used_up:
        return [Note.of("ledger_used_up", file=file)]
    if joined := told.get("joined"):
        by = " = ".join(dict.fromkeys(str(name) for name in joined["by"]))
        counts = {"found": int(joined["found"]), "rows": int(joined["rows"])}
        return [Note.of("ledger_joined", file=file, other=str(joined["file"]), by=by, **counts)]
    if told.get("joined_elsewhere"):
        return [Note.of("ledger_left_over", file=file, rows=int(told["joined_elsewhere"]))]
    return []


def with_joining_faults(rejects: pd.DataFrame, raw: Raw) -> pd.DataFrame:
    """Return faults with the rows whose key found no shape, named with the key, beside the place that they lack."""
    faults = raw.told.get("faults", [])
    if not faults:
        return rejects
    more = pd.DataFrame(faults).assign(source_file=raw.file, became="")
    more["advice_key"] = "advice." + more["rule"]
    more = more[schema.names("rejects")].astype({column.name: column.dtype for column in schema.REJECTS})
    return pd.concat([rejects, more], ignore_index=True).sort_values(
        ["source_file", "row", "rule", "column"], ignore_index=True
    )


def is_field_list(raw: Raw) -> bool:
    """Return whether a file lists the fields of a ledger system instead of assets."""
    return set(MAPPING_COLUMNS) <= {str(name) for name in raw.table.columns}


def _tried(file: LedgerFile, region: Region) -> Raw | None:
    try:
        raw, profile = _opened(file, region)
    except FileError:
        return None
    return raw if profile.role in {"assets", "unknown"} else None


def _said(path: pathlib.Path | str) -> Profile | None:
    """The profile that lies beside a file; what it leaves open of who answers for the data, the manifest tells."""
    if is_postgis_url(str(path)):
        return None
    beside = sidecar(pathlib.Path(path))
    if not beside.is_file():
        return None
    profile = read_profile(beside)
    known = answers_beside(pathlib.Path(path))
    return profile if known is None else dataclasses.replace(profile, answers=_filled(known, profile.answers))


def _proposed(path: pathlib.Path | str, raw: Raw, region: Region | None) -> Profile:
    """The profile that a file seems to have; what was noted as it was fetched goes before what is known of its kind."""
    profile = propose_profile(raw, region=region)
    known = None if is_postgis_url(str(path)) else answers_beside(pathlib.Path(path))
    return profile if known is None else dataclasses.replace(profile, answers=_filled(profile.answers, known))


def _filled(answers: Answers, first: Answers) -> Answers:
    """Return answers with those that are given first in their stead."""
    told = {name: text for name, text in dataclasses.asdict(first).items() if text}
    return dataclasses.replace(answers, **told)


def _open(
    path: pathlib.Path | str,
    layout: Layout,
    *,
    columns: Sequence[str] | None = None,
    max_rows: int | None = None,
) -> Raw:
    if is_postgis_url(str(path)):
        return open_postgis(str(path), max_rows=max_rows)
    return prepared(open_raw(pathlib.Path(path), layout=layout, columns=columns, max_rows=max_rows))


def _with_headings(
    path: pathlib.Path | str, raw: Raw, profile: Profile, *, max_rows: int | None = None
) -> Raw:
    """Open a file again whose source is known to have its headings over other rows than those that were found."""
    wanted = profile.layout.heading_rows
    if not wanted or wanted == raw.told.get("heading_rows"):
        return raw
    return _open(path, profile.layout, max_rows=max_rows)


def _opened(file: LedgerFile, region: Region) -> tuple[Raw, Profile]:
    """Open a file with the profile that holds for it; of a large one only the columns that are understood."""
    profile = file.profile or _said(file.path)
    is_url = is_postgis_url(str(file.path))
    path = pathlib.Path(file.path)
    if is_url or not path.is_file() or path.stat().st_size <= LARGE_BYTES:
        raw = _open(file.path, profile.layout if profile else Layout())
        if profile is None:
            profile = _proposed(file.path, raw, region)
            raw = _with_headings(file.path, raw, profile)
        return raw, profile
    if profile is None:
        profile = recognise(path, region=region)[1]
    # What xROAD calls its columns and what its numbers say is made out from all of them.
    columns = None if profile.kind.startswith("xroad") else named_columns(profile)
    return _open(path, profile.layout, columns=columns), profile


def named_columns(profile: Profile) -> list[str]:
    """Return the file's columns that a profile names, sorted."""
    place = profile.position
    places: tuple[str, ...] = (place.lon, place.lat, place.x, place.y, place.lat_lon, place.wkt)
    places += (*place.lon_parts, *place.lat_parts, *place.address)
    named = {name for names in profile.columns.values() for name in names}
    return sorted(named | {*profile.units.values()} | {name for name in places if name})


def _identity(path: pathlib.Path | str, raw: Raw) -> tuple[str, int]:
    if not is_postgis_url(str(path)):
        file = pathlib.Path(path)
        return file_sha256(file), file.stat().st_size
    rows = pd.util.hash_pandas_object(raw.table.astype("str"), index=True).to_numpy()
    return hashlib.sha256(rows.tobytes()).hexdigest(), 0
