"""One file of a user, from its bytes to assets, roads or totals, with every fault and every reading told."""

from __future__ import annotations

import dataclasses
import pathlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from gunmane import schema
from gunmane.assets import take_rows
from gunmane.errors import FileError
from gunmane.keepers import has_keepers, settle_keeper, with_state_roads
from gunmane.ledgers.annual import conditions_from
from gunmane.ledgers.joins import has_shapes
from gunmane.ledgers.opening_notes import opening_notes
from gunmane.ledgers.profiles import Profile
from gunmane.ledgers.raw import Raw
from gunmane.ledgers.references import reference_from
from gunmane.ledgers.remarks import remarks
from gunmane.ledgers.roads import roads_from
from gunmane.ledgers.rows import check_places
from gunmane.ledgers.totals import totals_from
from gunmane.ledgers.understanding import readings_of, understand
from gunmane.municipalities import Region
from gunmane.packets import (
    ON_INVALID,
    LedgerFile,
    OnInvalid,
    Opened,
    joining_notes,
    open_file,
    recognise,
    with_joining_faults,
)
from gunmane.scenario import Note

__all__ = [
    "ON_INVALID",
    "Delivery",
    "LedgerFile",
    "OnInvalid",
    "recognise",
    "take_deliveries",
    "take_delivery",
]

# What a person looks at; a ledger that is wrong throughout must not be held twice.
FIRST_ROWS = 20
FAULT_ROWS_KEPT = 20_000
# Says that a row holds the headings once more; nothing of it is mended.
HEADING_RULE = "heading_row_value"
# Ends of rules that ask to look again at a value which stays as the ledger has it.
DOUBTED = ("_unusual_value", "_far_value", "same_place_value")


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
        Rows with a fault (`FAULT_ROWS_KEPT` at most), each original column as text, index as in `rejects`; all rows
        with the role "conditions", whose faults come to light beside the ledgers.
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
        Counts for the page and the command; `empty_columns` are those of the file without any cell.
    notes
        What the reader must know.
    places_at_town_hall
        As in `LedgerFile`.
    comes_with_shapes
        Whether the file itself has shapes; those that another file gave it do not count.
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
    comes_with_shapes: bool = False

    @property
    def rejected_count(self) -> int:
        """Rows that were not taken; a fault of one value keeps its row."""
        whole = self.rejects[~self.rejects["rule"].astype("str").str.endswith("_value")]
        return int(whole[["source_file", "row"]].drop_duplicates().shape[0])

    @property
    def mended_count(self) -> int:
        """Values of rows that were taken which were mended: another value stands in their place."""
        return int((kept_values(self.rejects)["became"].fillna("") != "").sum())

    @property
    def unset_count(self) -> int:
        """Values of rows that were taken which could not be read and count as unknown."""
        faults = kept_values(self.rejects)
        is_doubted = faults["rule"].astype("str").str.endswith(DOUBTED)
        return int(((faults["became"].fillna("") == "") & ~is_doubted).sum())


def take_delivery(
    path: pathlib.Path | str,
    *,
    region: Region,
    profile: Profile | None = None,
    on_invalid: OnInvalid = "fix",
    places_at_town_hall: bool = False,
    beside: Sequence[LedgerFile] = (),
) -> Delivery:
    """
    Read one file for a region and take from it what it is for.

    Parameters
    ----------
    path
        The file, or the address of a PostGIS table.
    region
        Region that it is for.
    profile
        What its columns mean; None takes the profile beside the file (`<file>.profile.toml`), else proposes one.
    on_invalid
        As in `LedgerFile`.
    places_at_town_hall
        As in `LedgerFile`; kept for whoever joins the delivery to others.
    beside
        Other files of the same delivery, one of which may hold the shapes of this table.

    Returns
    -------
    delivery
        With the role "unknown" nothing is taken: the page asks what the file is.

    Raises
    ------
    FileError
        If the file cannot be used as a whole; nothing is kept of it.
    """
    file = LedgerFile(path, profile, on_invalid, places_at_town_hall)
    opened = open_file(file, region, beside)
    raw, used = opened.raw, opened.profile
    taken, found, facts = _by_role(opened, region, on_invalid)
    used = _with_found_columns(used, facts.pop("columns", {}))
    facts["empty_columns"] = _empty_columns(raw.table)
    faulty = taken.rejects["row"].drop_duplicates().dropna().astype("int64")
    return Delivery(
        file=raw.file,
        sha256=opened.sha256,
        byte_count=opened.byte_count,
        format=raw.format,
        profile=used,
        columns=tuple(str(name) for name in raw.table.columns),
        told=raw.told,
        row_count=0 if opened.is_used_up else len(raw.table),
        assets=taken.assets,
        rejects=taken.rejects,
        readings=taken.readings,
        first_rows=_as_text(raw.table.iloc[:FIRST_ROWS]),
        fault_rows=_as_text(_rows_kept(raw.table, faulty, is_all=used.role == "conditions")),
        rejected_places=taken.rejected_places,
        facts=facts,
        notes=(
            *joining_notes(opened),
            *remarks(raw),
            *opening_notes(raw),
            *used.notes,
            *facts.get("notes", ()),
        ),
        places_at_town_hall=places_at_town_hall,
        comes_with_shapes="joined" not in raw.told and has_shapes(raw),
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
    alone: list[Delivery | FileError] = []
    for number, file in enumerate(files):
        if progress is not None and not progress(number / len(files), "progress.ledgers"):
            return
        alone.append(_tried(file, region, ()))
    # Only where a table lacks places may another file belong to it; else nothing is opened a second time.
    if len(files) == 1 or not any(map(_lacks_places, alone)):
        yield from alone
        return
    for file in files:
        yield _tried(file, region, [other for other in files if other is not file])


def _tried(file: LedgerFile, region: Region, beside: Sequence[LedgerFile]) -> Delivery | FileError:
    try:
        return take_delivery(
            file.path,
            region=region,
            profile=file.profile,
            on_invalid=file.on_invalid,
            places_at_town_hall=file.places_at_town_hall,
            beside=beside,
        )
    except FileError as error:
        return error


def _lacks_places(taken: Delivery | FileError) -> bool:
    """Whether a file may be one piece of a ledger whose shapes, or names of fields, came in another file."""
    if isinstance(taken, FileError):
        return True
    if taken.profile.role not in {"assets", "unknown"}:
        return False
    place = taken.profile.position
    return not (taken.comes_with_shapes or place.lon or place.x or place.lat_lon or place.wkt)


def kept_values(rejects: pd.DataFrame) -> pd.DataFrame:
    """Return of all faults those of one value whose row was taken; that headings were found is none of a value."""
    rules = rejects["rule"].astype("str")
    lost = rejects.loc[~rules.str.endswith("_value"), "row"]
    return rejects[
        rules.str.endswith("_value") & (rules != HEADING_RULE) & ~rejects["row"].isin(set(lost.dropna()))
    ]


@dataclasses.dataclass(frozen=True, eq=False)
class _Taken:
    assets: gpd.GeoDataFrame
    rejects: pd.DataFrame
    readings: pd.DataFrame
    rejected_places: gpd.GeoDataFrame


def _by_role(
    opened: Opened, region: Region, on_invalid: OnInvalid
) -> tuple[_Taken, dict[str, Any], dict[str, Any]]:
    """What a file gives by its role: assets and faults, other tables by the field of `Delivery`, and facts."""
    raw, used = opened.raw, opened.profile
    taken = _Taken(gpd.GeoDataFrame(geometry=[], crs=region.epsg), *_no_faults(), _no_places())
    role = "" if opened.is_used_up else used.role
    if role == "assets":
        taken, facts = _assets(raw, used, region, on_invalid)
        return taken, {}, facts
    if role == "roads":
        roads, facts = roads_from(raw, used, region=region)
        return taken, {"roads": roads}, facts
    if role == "conditions":
        conditions = conditions_from(raw, used, region=region)
        return taken, {"conditions": conditions}, dict(conditions.attrs)
    if role == "statistics":
        totals = totals_from(raw, used, region=region)
        facts = dict(totals.attrs)
        # A table within the attributes of a table breaks when tables are joined.
        rejects = facts.pop("rejects")
        totals.attrs = {"file": raw.file}
        _raise_first(rejects, on_invalid)
        return dataclasses.replace(taken, rejects=rejects), {"statistics": totals}, facts
    if role in {"borders", "reference"}:
        reference = reference_from(raw, used, region=region)
        return taken, {"reference": reference}, dict(reference.attrs)
    return taken, {}, {}


def _raise_first(rejects: pd.DataFrame, on_invalid: OnInvalid) -> None:
    """
    Refuse totals with a fault where the caller wants none; ledgers are refused where they are taken.

    Raises
    ------
    FileError
        `assets_invalid`, naming the first fault and how many there are.
    """
    if on_invalid != "raise" or rejects.empty:
        return
    first = rejects.iloc[0]
    named = {name: str(first[name]) or "-" for name in ("column", "value", "rule")}
    raise FileError(
        "assets_invalid",
        file=str(first["source_file"]),
        row=int(first["row"]),
        count=len(rejects),
        **named,
    )


def _with_found_columns(profile: Profile, columns: Mapping[str, tuple[str, ...]]) -> Profile:
    """A profile with the columns that a reader found by their headings; what it said itself goes first."""
    found = {ours: names for ours, names in columns.items() if ours not in profile.columns}
    return dataclasses.replace(profile, columns={**profile.columns, **found}) if found else profile


def _assets(
    raw: Raw, profile: Profile, region: Region, on_invalid: OnInvalid
) -> tuple[_Taken, dict[str, Any]]:
    rows = understand(raw, profile, region=region)
    if "sector" not in rows.columns:
        raise FileError(
            "ledger_no_sector", file=raw.file, columns=", ".join(map(str, raw.table.columns))[:200]
        )
    check_places(rows.set_axis(raw.table.index - 1, axis="index"), region, raw.file)
    is_kept = has_keepers(rows)
    taken = take_rows(
        with_state_roads(rows, raw, profile, region),
        region=region,
        source=raw.file,
        on_invalid=on_invalid,
        grade_scale=profile.grade_scale,
        year_style=profile.year_style,
    )
    facts = {name: rows.attrs[name] for name in ("positions", "address_unmatched", "address_ambiguous")}
    parts = [part for part in (readings_of(rows, raw.file), taken.readings) if len(part)]
    readings = pd.concat(parts, ignore_index=True) if parts else taken.readings
    rejects = with_joining_faults(taken.rejects, raw)
    assets = taken.assets
    if not is_kept:
        assets, facts["notes"] = settle_keeper(assets, raw, profile, region)
    return _Taken(assets, rejects, readings, taken.rejected_places), facts


def _rows_kept(table: pd.DataFrame, faulty: pd.Series, *, is_all: bool) -> pd.DataFrame:
    return table.head(FAULT_ROWS_KEPT) if is_all else table[table.index.isin(faulty[:FAULT_ROWS_KEPT])]


def _empty_columns(table: pd.DataFrame) -> list[str]:
    """Columns of which no cell holds anything, such as those of a template that were not needed."""
    columns = [table.iloc[:, at] for at in range(table.shape[1])]
    return [str(cells.name) for cells in columns if not (cells.notna() & (cells != "")).any()]


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
