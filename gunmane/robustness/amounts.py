"""The work of every part of every asset, taken once, so that a draw only multiplies and adds up."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from gunmane import schema
from gunmane.assumptions import Assumptions
from gunmane.graph import Bools, Floats
from gunmane.robustness.draws import Draw
from gunmane.scenario import Ground, Scenario
from gunmane.workload import (
    LEDGER_COST_TASKS,
    load_tasks,
    planned_assets,
    planned_tasks,
    road_prices,
    unit_work,
)

Numbers = npt.NDArray[np.int64]
KEYS = ["unit_id", "owner_code", "sector", "task"]
TEXTS = (*KEYS, "package", "shares_trip_with")
YEN = ("annual_jpy", "annual_jpy_low", "annual_jpy_high", "grade_e_jpy")


@dataclasses.dataclass(frozen=True, eq=False)
class Amounts:
    """
    Work as it is at known coefficients, in parts small enough to be drawn.

    Work is the amount of an asset times its coefficients, so that other coefficients only multiply it.

    Parameters
    ----------
    rows
        `schema.WORK` without its numbers, and of the task table `hours_key, cost_key, times_key, every_years_key`.
    row, asset
        Of each part of an asset in a unit and task: its row in `rows`, and its row in `assets`.
    numbers
        Value of each part by column of `schema.WORK`.
    is_known
        Where the ledger itself gives the yen of a part: no coefficient changes them.
    assets
        `owner_code, sector` of each planned asset, indexed by `asset_id`, sorted.
    pivot
        Coefficients that the numbers were taken with, none of them zero where its range is not.
    upkeep, snow_removal
        Road prices that the numbers were taken with.
    """

    rows: pd.DataFrame
    row: Numbers
    asset: Numbers
    numbers: dict[str, Floats]
    is_known: Bools
    assets: pd.DataFrame
    pivot: Assumptions
    upkeep: pd.Series
    snow_removal: pd.Series


def take_amounts(scenario: Scenario, ground: Ground, assumptions: Assumptions) -> Amounts:
    """Return the work of a scenario in parts (`workload.unit_work`, once, every part as if it were a unit)."""
    table = assumptions.table
    pivot = Assumptions(table.assign(central=table["central"].where(table["central"] != 0, table["high"])))
    parts = ground.shares[["asset_id", "unit_id", "share"]].reset_index(drop=True)
    work = unit_work(
        ground.assets,
        parts.assign(unit_id=parts.index.astype("str")),
        load_tasks(),
        scenario=scenario,
        region=ground.region,
        assumptions=pivot,
    )
    part = work["unit_id"].astype("int64").to_numpy()
    work = work.assign(unit_id=parts["unit_id"].to_numpy()[part])
    order = np.argsort(parts["asset_id"].to_numpy()[part], kind="stable")
    work, part = work.iloc[order].reset_index(drop=True), part[order]
    row = work.groupby(KEYS, sort=True).ngroup().to_numpy(np.int64)
    rows = work[list(TEXTS)].drop_duplicates(KEYS).sort_values(KEYS, ignore_index=True)
    prices = road_prices(ground.region, pivot)
    planned = pd.DataFrame(planned_assets(ground.assets, ground.region, scenario)).set_index("asset_id")
    assets = planned[["owner_code", "sector", "annual_cost_jpy"]].sort_index()
    asset = assets.index.get_indexer(parts["asset_id"].to_numpy()[part]).astype(np.int64)
    has_cost = pd.to_numeric(assets["annual_cost_jpy"], errors="coerce").notna().to_numpy()
    return Amounts(
        rows=_with_keys(rows, scenario),
        row=row,
        asset=asset,
        numbers={name: work[name].to_numpy(float) for name in schema.names("work") if name not in TEXTS},
        is_known=has_cost[asset] & work["task"].isin(LEDGER_COST_TASKS).to_numpy(),
        assets=assets[["owner_code", "sector"]],
        pivot=pivot,
        upkeep=prices.upkeep["central"].astype(float),
        snow_removal=prices.snow_removal["central"].astype(float),
    )


def _with_keys(rows: pd.DataFrame, scenario: Scenario) -> pd.DataFrame:
    keys = ["hours_key", "cost_key", "times_key", "every_years_key"]
    tasks = planned_tasks(scenario, load_tasks())[["sector", "task", *keys]]
    return rows.merge(tasks, on=["sector", "task"], how="left", validate="many_to_one")


def drawn_work(amounts: Amounts, draw: Draw) -> pd.DataFrame:
    """Return the work (`schema.WORK`) of one draw; its low and high yen move with the central ones."""
    hours, yen = _factors(amounts, draw)
    copies = draw.copies[amounts.asset]
    work = amounts.rows[list(TEXTS)].copy()
    for name, values in amounts.numbers.items():
        total = copies * values
        if name in YEN:
            fixed = _summed(amounts, np.where(amounts.is_known, total, 0.0))
            work[name] = fixed + yen * _summed(amounts, np.where(amounts.is_known, 0.0, total))
        else:
            work[name] = _summed(amounts, total) * (hours if name == "onsite_hours" else 1.0)
    return work[schema.names("work")]


def _summed(amounts: Amounts, values: npt.ArrayLike) -> Any:
    return np.bincount(amounts.row, weights=values, minlength=len(amounts.rows))


def _factors(amounts: Amounts, draw: Draw) -> tuple[Floats, Floats]:
    """How much more hours and yen each row of work has than at the pivot."""
    rows, before, after = amounts.rows, amounts.pivot.table["central"], draw.assumptions.table["central"]
    change = (after / before.where(before != 0)).fillna(1.0)
    change[""] = 1.0
    often = rows["times_key"].map(change) / rows["every_years_key"].map(change)
    price = rows["cost_key"].map(change)
    owner = rows["owner_code"]
    for key, drawn, pivot in (
        ("road_upkeep", draw.upkeep, amounts.upkeep),
        ("road_snow_removal", draw.snow_removal, amounts.snow_removal),
    ):
        price = price.mask(rows["cost_key"] == key, owner.map((drawn / pivot.where(pivot != 0)).fillna(1.0)))
    hours = rows["hours_key"].map(change) * often
    return hours.to_numpy(float), (price * often).to_numpy(float)
