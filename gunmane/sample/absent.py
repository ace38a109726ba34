"""Where no sample can be drawn: no totals are known that it could follow."""

from __future__ import annotations

import geopandas as gpd
import pandas as pd

from gunmane import schema
from gunmane.municipalities import Region
from gunmane.sample.draw import SampleRows


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
