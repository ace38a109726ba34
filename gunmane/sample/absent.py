"""Where no sample can be drawn: no totals are known that it could follow."""

from __future__ import annotations

import geopandas as gpd
import pandas as pd

from gunmane import schema
from gunmane.municipalities import Region
from gunmane.sample.draw import SampleRows

NEEDED = ("population", "road_length_m")
"""Totals that a sample cannot do without: where nothing is on record of the others, nothing of theirs is drawn."""


def towns_without_totals(region: Region) -> tuple[str, ...]:
    """Return the codes of the municipalities of which a total is missing that a sample needs."""
    table = region.statistics.reindex(columns=list(NEEDED))
    return tuple(sorted(str(code) for code in table.index[table.isna().any(axis=1)]))


def no_sample(region: Region) -> SampleRows:
    """Return a sample without a row, for a region whose roads and ledgers the user brings."""
    return SampleRows(
        _empty(schema.ASSETS, region),
        _empty(schema.ROADS, region),
        {"municipalities": {}, "islands": [], "notes": [], "seed": 0, "with_water": False},
    )


def _empty(columns: tuple[schema.Column, ...], region: Region) -> gpd.GeoDataFrame:
    table = {column.name: pd.Series(dtype=column.dtype) for column in columns}
    return gpd.GeoDataFrame(table, geometry=gpd.GeoSeries(crs=region.epsg), crs=region.epsg)
