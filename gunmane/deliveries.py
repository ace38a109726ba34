"""One file of a user, from its bytes to assets, roads or totals, with every fault and every reading told."""

from __future__ import annotations

import dataclasses
from typing import Any

import geopandas as gpd
import pandas as pd

from gunmane.ledgers.profiles import Profile
from gunmane.scenario import Note


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
        Every row (up to `FAULT_ROWS_KEPT`) with a fault, each original column as text, index as in `rejects`.
    rejected_places
        Rejected rows that have a place: `row, rule`, points in WGS84.
    roads
        Lines for the network (`schema.ROADS`) where the role is "roads".
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
