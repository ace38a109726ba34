"""One file of a user, from its bytes to assets, roads or totals, with every fault and every reading told."""

from __future__ import annotations

import dataclasses
import pathlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd

from gunmane import schema
from gunmane.assets import take_rows
from gunmane.errors import FileError
from gunmane.ledgers import file_sha256
from gunmane.ledgers.annual import conditions_from
from gunmane.ledgers.opening import open_raw
from gunmane.ledgers.profile_files import read_profile, sidecar
from gunmane.ledgers.profiles import Layout, Profile
from gunmane.ledgers.proposals import propose_profile
from gunmane.ledgers.raw import Raw
from gunmane.ledgers.references import reference_from
from gunmane.ledgers.roads import roads_from
from gunmane.ledgers.rows import check_places
from gunmane.ledgers.totals import totals_from
from gunmane.ledgers.understanding import understand
from gunmane.municipalities import Region
from gunmane.scenario import Note

OnInvalid = Literal["fix", "reject", "raise"]
ON_INVALID: tuple[OnInvalid, ...] = ("fix", "reject", "raise")
# What a person looks at; a ledger that is wrong throughout must not be held twice.
FIRST_ROWS = 20
FAULT_ROWS_KEPT = 20_000
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
        Where it lies.
    profile
        What its columns mean; None takes the profile beside the file, else proposes one.
    on_invalid
        "fix" mends what can be mended without a guess, "reject" rejects such rows, "raise" refuses the file.
    places_at_town_hall
        True places bridges that only a report without coordinates knows at the town hall, marked as such.
    """

    path: pathlib.Path
    profile: Profile | None = None
    on_invalid: OnInvalid = "fix"
    places_at_town_hall: bool = False


@dataclasses.dataclass(frozen=True, eq=False)
class Delivery:
    """
    What one file gave.

    Parameters
    ----------
    file, sha256, byte_count
        The file as it came.
    format
        As in `ledgers.Raw`.
    profile
        As it was used: `profile.kind` and `profile.role` say what the file was recognised as.
    columns
        The file's own column names.
    told
        What was found out while reading (encoding, heading row, sheets not read, layers …).
    row_count
        Rows in: `len(assets)` plus the rows that were rejected, for the role "assets".
    assets, rejects, readings
        Tables of `schema`; `assets` in the region's plane zone. Empty for other roles.
    first_rows
        The first rows, each original column as text, index as in `rejects`.
    fault_rows
        Rows with a fault (`FAULT_ROWS_KEPT` at most), each original column as text, index as in `rejects`.
    rejected_places
        Rejected rows that have a place: `row, rule`, points in WGS84.
    roads
        Lines for the network (`schema.ROADS`) where the role is "roads"; what was found out about them is in `facts`.
    conditions
        Grades without a place, to be matched to bridges, where the role is "conditions".
    statistics
        Totals by municipality, indexed by `muni_code`, where the role is "statistics".
    reference
        A layer to look at (borders, emergency routes, dense districts, flood depth), in WGS84.
    facts
        Counts for the page and the command.
    notes
        What the reader must know.
    """

    file: str
    sha256: str
    byte_count: int
    format: str
    profile: Profile
    columns: tuple[str, ...]
    told: dict[str, Any]
    row_count: int
    assets: gpd.GeoDataFrame
    rejects: pd.DataFrame
    readings: pd.DataFrame
    first_rows: pd.DataFrame
    fault_rows: pd.DataFrame
    rejected_places: gpd.GeoDataFrame
    roads: gpd.GeoDataFrame | None = None
    conditions: pd.DataFrame | None = None
    statistics: pd.DataFrame | None = None
    reference: gpd.GeoDataFrame | None = None
    facts: dict[str, Any] = dataclasses.field(default_factory=dict)
    notes: tuple[Note, ...] = ()
    places_at_town_hall: bool = False

    @property
    def rejected_count(self) -> int:
        """Rows that were not taken; a fault of one value keeps its row."""
        whole = self.rejects[~self.rejects["rule"].astype("str").str.endswith("_value")]
        return int(whole[["source_file", "row"]].drop_duplicates().shape[0])


def recognise(
    path: pathlib.Path, *, region: Region | None, layout: Layout | None = None
) -> tuple[Raw, Profile]:
    """
    Take a first look at a file: its first rows, and what it seems to be.

    Raises
    ------
    FileError
        If the file cannot be read.
    """
    raw = open_raw(path, layout=layout or Layout(), max_rows=LOOK_ROWS)
    return raw, _profile_of(path, raw, region)


def take_delivery(
    path: pathlib.Path,
    *,
    region: Region,
    profile: Profile | None = None,
    on_invalid: OnInvalid = "fix",
    places_at_town_hall: bool = False,
) -> Delivery:
    """
    Read one file for a region and take from it what it is for.

    Parameters
    ----------
    path
        The file.
    region
        Region that it is for.
    profile
        What its columns mean; None takes the profile beside the file (`<file>.profile.toml`), else proposes one.
    on_invalid
        As in `LedgerFile`.
    places_at_town_hall
        As in `LedgerFile`; kept for whoever joins the delivery to others.

    Returns
    -------
    delivery
        With the role "unknown" nothing is taken: the page asks what the file is.

    Raises
    ------
    FileError
        If the file cannot be used as a whole; nothing is kept of it.
    """
    raw, used = _opened(path, profile, region)
    empty = _Taken(gpd.GeoDataFrame(geometry=[], crs=region.epsg), *_no_faults(), _no_places())
    found: dict[str, Any] = {}
    taken = empty
    facts: dict[str, Any] = {}
    role = used.role
    if role == "assets":
        taken, facts = _assets(raw, used, region, on_invalid)
    elif role == "roads":
        found["roads"], facts = roads_from(raw, used, region=region)
    elif role == "conditions":
        found["conditions"] = conditions_from(raw, used, region=region)
        facts = dict(found["conditions"].attrs)
    elif role == "statistics":
        found["statistics"] = totals_from(raw, used, region=region)
        facts = dict(found["statistics"].attrs)
    elif role in {"borders", "reference"}:
        found["reference"] = reference_from(raw, used, region=region)
        facts = dict(found["reference"].attrs)
    faulty = taken.rejects["row"].drop_duplicates().dropna().astype("int64")
    return Delivery(
        file=path.name,
        sha256=file_sha256(path),
        byte_count=path.stat().st_size,
        format=raw.format,
        profile=used,
        columns=tuple(str(name) for name in raw.table.columns),
        told=raw.told,
        row_count=len(raw.table),
        assets=taken.assets,
        rejects=taken.rejects,
        readings=taken.readings,
        first_rows=_as_text(raw.table.iloc[:FIRST_ROWS]),
        fault_rows=_as_text(raw.table[raw.table.index.isin(faulty[:FAULT_ROWS_KEPT])]),
        rejected_places=taken.rejected_places,
        facts=facts,
        notes=(*used.notes, *facts.get("notes", ())),
        places_at_town_hall=places_at_town_hall,
        **found,
    )


def take_deliveries(
    files: Sequence[LedgerFile], *, region: Region, progress: Callable[[float, str], bool] | None = None
) -> Iterator[Delivery | FileError]:
    """
    Take file after file; one that cannot be used gives its error and stops none of the others.

    Parameters
    ----------
    files
        What to take, in this order.
    region
        Region that they are for.
    progress
        Called with a fraction (0-1) and a catalogue key under `progress.`; returning False stops.
    """
    for number, file in enumerate(files):
        if progress is not None and not progress(number / len(files), "progress.ledgers"):
            return
        try:
            yield take_delivery(
                file.path,
                region=region,
                profile=file.profile,
                on_invalid=file.on_invalid,
                places_at_town_hall=file.places_at_town_hall,
            )
        except FileError as error:
            yield error


@dataclasses.dataclass(frozen=True, eq=False)
class _Taken:
    assets: gpd.GeoDataFrame
    rejects: pd.DataFrame
    readings: pd.DataFrame
    rejected_places: gpd.GeoDataFrame


def _profile_of(path: pathlib.Path, raw: Raw, region: Region | None) -> Profile:
    beside = sidecar(path)
    return read_profile(beside) if beside.is_file() else propose_profile(raw, region=region)


def _opened(path: pathlib.Path, profile: Profile | None, region: Region) -> tuple[Raw, Profile]:
    """Open a file with the profile that holds for it; of a large one only the columns that are understood."""
    if profile is None and sidecar(path).is_file():
        profile = read_profile(sidecar(path))
    is_large = path.is_file() and path.stat().st_size > LARGE_BYTES
    if not is_large:
        raw = open_raw(path, layout=profile.layout if profile else Layout())
        return raw, profile or propose_profile(raw, region=region)
    if profile is None:
        profile = recognise(path, region=region)[1]
    return open_raw(path, layout=profile.layout, columns=named_columns(profile)), profile


def named_columns(profile: Profile) -> list[str]:
    """Return the file's columns that a profile names, sorted."""
    position = profile.position
    places = (
        position.lon,
        position.lat,
        position.x,
        position.y,
        position.lat_lon,
        position.wkt,
        *position.address,
    )
    named = {name for names in profile.columns.values() for name in names}
    return sorted(named | {name for name in places if name})


def _assets(
    raw: Raw, profile: Profile, region: Region, on_invalid: OnInvalid
) -> tuple[_Taken, dict[str, Any]]:
    rows = understand(raw, profile, region=region)
    if "sector" not in rows.columns:
        raise FileError(
            "ledger_no_sector", file=raw.file, columns=", ".join(map(str, raw.table.columns))[:200]
        )
    check_places(rows.set_axis(raw.table.index - 1, axis="index"), region, raw.file)
    taken = take_rows(
        rows,
        region=region,
        source=raw.file,
        on_invalid=on_invalid,
        grade_scale=profile.grade_scale,
        year_style=profile.year_style,
    )
    facts = {name: rows.attrs[name] for name in ("positions", "address_unmatched", "address_ambiguous")}
    return _Taken(taken.assets, taken.rejects, taken.readings, taken.rejected_places), facts


def _as_text(table: pd.DataFrame) -> pd.DataFrame:
    return table.astype("object").where(table.notna(), "").map(str)


def _no_faults() -> tuple[pd.DataFrame, pd.DataFrame]:
    rejects, readings = (
        pd.DataFrame({column.name: pd.Series(dtype=column.dtype) for column in schema.TABLES[name]})
        for name in ("rejects", "readings")
    )
    return rejects, readings


def _no_places() -> gpd.GeoDataFrame:
    rows = {"row": np.empty(0, dtype="int64"), "rule": pd.Series(dtype="str")}
    return gpd.GeoDataFrame(rows, geometry=[], crs="EPSG:4326")
