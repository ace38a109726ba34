"""Rows that stand twice in a ledger: one id, or one place and kind."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gunmane.assets.faults import Faults

# What two rows at one place must share to be one asset; years, grades and costs may be of two surveys.
IDENTITY = ("subtype", "name", "route_name", "owner_code", "material", "diameter_mm", "side")
# Rows without a name are one asset only if they share everything else as well.
REST = (
    "account_class",
    "built_year",
    "condition",
    "condition_raw",
    "inspected_year",
    "length_m",
    "width_m",
    "area_m2",
    "annual_cost_jpy",
)
# Listed in sections; several of them may stand at one point of a route, and their lengths add up.
OF_SECTIONS = ("road", "sewer", "water", "river")


def drop_same_ids(ids: pd.Series, faults: Faults) -> None:
    """Of the usable rows with one id keep the one with the lowest row number."""
    order = ordered(faults)
    is_later = np.zeros(len(ids), dtype=bool)
    is_later[order] = ids.iloc[order].duplicated().to_numpy()
    faults.add(is_later, "asset_id", ids, "asset_id_duplicate")


def drop_same_places(table: pd.DataFrame, geometry: NDArray[Any], faults: Faults) -> None:
    """
    Of rows with the very same geometry, sector and identity keep the one with the lowest row number.

    Named rows are the same if they share `IDENTITY`, rows without a name if they share `REST` as well. Rows at one
    place that differ (the two directions of a bridge, the benches of a park) are kept and listed, and so are sections
    of roads, pipes and rivers that a point stands for. A place that is not
    the ledger's own (the point of a settlement, a town hall) says nothing.

    Parameters
    ----------
    table
        The rows: `asset_id, sector, position` and the columns of `IDENTITY` (`side`: 上り, 左岸 …, "" where it is
        not said) and `REST`.
    geometry
        Their geometries in the region's zone.
    faults
        List that is added to.
    """
    at = np.flatnonzero(faults.usable & (table["position"] == "ledger").to_numpy(dtype=bool))
    is_candidate = np.zeros(len(table), dtype=bool)
    is_candidate[at[may_repeat(table["sector"].iloc[at], geometry[at])]] = True
    order = ordered(faults)
    order = order[is_candidate[order]]
    if not len(order):
        return
    shape = pd.factorize(pd.Series(shapely.to_wkb(geometry[order]), dtype=object))[0]
    kind = table.iloc[order].assign(shape=shape)
    kind["rest"] = kind.groupby(list(REST), dropna=False).ngroup().where(kind["name"] == "", -1)
    same_place = ["shape", "sector"]
    same_asset = [*same_place, *IDENTITY, "rest"]
    ids = kind["asset_id"]
    is_twice = kind.duplicated(same_asset).to_numpy() & ~are_sections(kind, geometry[order])
    first_of_asset = ids.groupby([kind[c] for c in same_asset], dropna=False).transform("first")
    # The two directions or banks that a ledger names need no second look.
    is_left = ~is_twice & (kind["side"] == "").to_numpy(dtype=bool)
    left = kind[is_left]
    is_beside = left.duplicated(same_place).to_numpy()
    first_of_place = left["asset_id"].groupby([left[c] for c in same_place]).transform("first")
    tell_doubles(order[is_twice], table["asset_id"], first_of_asset[is_twice], "same_place_duplicate", faults)
    beside = order[is_left][is_beside]
    tell_doubles(beside, table["asset_id"], first_of_place[is_beside], "same_place_value", faults)


def part_sides(table: pd.DataFrame, faults: Faults) -> None:
    """Give the sides of one id an id each (12 (上り), 12 (下り)); changes `table`."""
    if (table["side"] == "").all():
        return
    order = ordered(faults)
    kind = table.iloc[order][["asset_id", "side"]]
    sides = kind["side"].where(kind["side"] != "").groupby(kind["asset_id"]).transform("nunique")
    at = order[((sides > 1) & (kind["side"] != "")).to_numpy(dtype=bool)]
    mask = np.zeros(len(table), dtype=bool)
    mask[at] = True
    became = table["asset_id"].where(~mask, table["asset_id"] + " (" + table["side"] + ")")
    faults.add(mask, "asset_id", table["asset_id"], "part_id_value", became=became)
    table["asset_id"] = became


def tell_doubles(at: NDArray[Any], ids: pd.Series, other: pd.Series, rule: str, faults: Faults) -> None:
    """List rows by their id, beside the id of the row that was taken."""
    mask = np.zeros(len(ids), dtype=bool)
    mask[at] = True
    became = np.full(len(ids), "", dtype=object)
    became[at] = other.to_numpy(dtype=object)
    faults.add(mask, "asset_id", ids, rule, became=became)


def may_repeat(sector: pd.Series, geometry: NDArray[Any]) -> NDArray[np.bool_]:
    """Whether another row of the sector has the same bounds and number of corners: cheap, and true of few."""
    bounds = pd.DataFrame(shapely.bounds(geometry))
    bounds["corners"] = shapely.get_num_coordinates(geometry)
    bounds["sector"] = pd.factorize(sector)[0]
    return bounds.duplicated(keep=False).to_numpy()


def are_sections(table: pd.DataFrame, geometry: NDArray[Any]) -> NDArray[np.bool_]:
    """Whether each row is a length of a road, pipe or river without a line of its own."""
    is_long = table["sector"].isin(OF_SECTIONS) & (table["length_m"].fillna(0) > 0)
    return is_long.to_numpy(dtype=bool) & (shapely.get_dimensions(geometry) == 0)


def ordered(faults: Faults) -> NDArray[np.int64]:
    """Positions of the usable rows, by file and row."""
    file = pd.factorize(faults.origins["source_file"], sort=True)[0]
    order = np.lexsort((faults.origins["row"].to_numpy(), file))
    return order[faults.usable[order]]
