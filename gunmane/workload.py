"""Assets times tasks: the on-site hours and yen a year of each unit, body, sector and task."""

from __future__ import annotations

import dataclasses
import functools

import geopandas as gpd
import numpy as np
import pandas as pd

from gunmane import schema
from gunmane.assumptions import LEVELS, Assumptions, Level
from gunmane.cache import data_folder
from gunmane.municipalities import Region
from gunmane.scenario import Scenario
from gunmane.travel import crew_days

KEYS = ["unit_id", "owner_code", "sector", "task"]
QUANTITIES = {
    "length_km": ("length_m", 1e-3),
    "length_m": ("length_m", 1.0),
    "area_ha": ("area_m2", 1e-4),
    "area_m2": ("area_m2", 1.0),
}
# What a ledger's own yearly cost stands for; of other work it says nothing.
LEDGER_COST_TASKS = ("upkeep", "pump_station")


@functools.cache
def load_tasks() -> pd.DataFrame:
    """Return the task table that ships with gunmane (`data/model_regions/tasks.csv`), empty cells as ""."""
    return pd.read_csv(data_folder() / "tasks.csv", dtype="str", keep_default_na=False)


@dataclasses.dataclass(frozen=True, eq=False)
class RoadPrices:
    """
    Yen per km and year that each body spends on its roads.

    Parameters
    ----------
    upkeep, snow_removal
        Indexed by `owner_code`; columns `low, central, high, confidence` (JPY/km/year, tax included).
    basis
        `owner_code` -> "own" (settlement of the town itself), "snow" (the settlement holds snow removal, so that
        upkeep is the median of towns without snow and the rest is snow removal), "plain" (no settlement known).
    """

    upkeep: pd.DataFrame
    snow_removal: pd.DataFrame
    basis: dict[str, str]


def road_prices(region: Region, assumptions: Assumptions) -> RoadPrices:
    """
    Return what a kilometre of road costs each body a year: its own spending first.

    The settlement gives upkeep as a percentage of road and bridge spending in some towns (決算カード, 性質別).
    Where it is above all towns without snow (`road_upkeep_plain_jpy_per_km_year`, high) it is taken to hold snow
    removal: upkeep is then the plain row and snow removal the rest. All others take the plain row.
    """
    rows_upkeep, rows_snow, basis = {}, {}, {}
    ratio = [assumptions.value("own_spending_range_ratio", level) for level in LEVELS]
    plain = _row(assumptions, "road_upkeep_plain_jpy_per_km_year")
    snow = _row(assumptions, "snow_removal_jpy_per_km_year")
    snowy_above = assumptions.value("road_upkeep_plain_jpy_per_km_year", "high")
    own = own_upkeep_jpy_per_km(region)
    for code in sorted({*region.municipalities.index, *region.bodies["code"]}):
        spent = own.get(code, np.nan)
        if np.isnan(spent):
            rows_upkeep[code], rows_snow[code], basis[code] = plain, snow, "plain"
        elif spent > snowy_above:
            rest = [max(spent - plain[1], 0.0) * r for r in ratio]
            rows_upkeep[code], rows_snow[code], basis[code] = plain, [*rest, "E"], "snow"
        else:
            rows_upkeep[code], basis[code] = [*(spent * r for r in ratio), "D"], "own"
            rows_snow[code] = snow
    columns = [*LEVELS, "confidence"]
    return RoadPrices(
        pd.DataFrame.from_dict(rows_upkeep, orient="index", columns=columns),
        pd.DataFrame.from_dict(rows_snow, orient="index", columns=columns),
        basis,
    )


def own_upkeep_jpy_per_km(region: Region) -> pd.Series:
    """
    Return each town's own upkeep spending per km of municipal road (JPY/km/year), missing where not published.

    `road_bridge_spend_jpy * road_upkeep_percent_of_road_bridge_spend / 100 / road_length_km`.
    """
    table = region.statistics
    share = table["road_upkeep_percent_of_road_bridge_spend"] / 100
    return (table["road_bridge_spend_jpy"] * share / (table["road_length_m"] / 1000)).rename("own_jpy_per_km")


def _row(assumptions: Assumptions, key: str) -> list[float | str]:
    return [*(assumptions.value(key, level) for level in LEVELS), assumptions.confidence(key)]


def planned_tasks(scenario: Scenario, tasks: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the task table that a scenario plans: its package, its sectors, its options."""
    chosen = tasks[(tasks["package"] == scenario.layer) & tasks["sector"].isin(scenario.sectors)]
    if not scenario.has_snow_removal:
        chosen = chosen[chosen["task"] != "snow_removal"]
    return chosen


def planned_assets(assets: gpd.GeoDataFrame, region: Region, scenario: Scenario) -> gpd.GeoDataFrame:
    """Return the assets of bodies that take part, in the sectors of the scenario."""
    return assets[
        assets["owner_code"].isin(region.contributing_codes) & assets["sector"].isin(scenario.sectors)
    ]


def unit_work(
    assets: gpd.GeoDataFrame,
    shares: pd.DataFrame,
    tasks: pd.DataFrame,
    *,
    scenario: Scenario,
    region: Region,
    assumptions: Assumptions,
) -> pd.DataFrame:
    """
    Return the work of each unit, body, sector and task.

    Parameters
    ----------
    assets
        Table `assets`; only bodies that take part and sectors of the scenario are counted.
    shares
        Which part of which asset lies in which unit.
    tasks
        The task table (`load_tasks`).
    scenario, region, assumptions
        What is planned, where, with which coefficients.

    Returns
    -------
    work
        `schema.WORK`, sorted; hours and JPY a year, tax included. An asset whose quantity is missing adds nothing
        and is counted by `quantity_gaps`.
    """
    chosen = planned_assets(assets, region, scenario)
    prices = road_prices(region, assumptions)
    parts = shares.merge(_plain(chosen), on="asset_id", how="inner", validate="many_to_one")
    tables = [
        _task_work(parts, task, prices, assumptions)
        for task in planned_tasks(scenario, tasks).to_dict("records")
        if (parts["sector"] == task["sector"]).any()
    ]
    if not tables:
        return pd.DataFrame({name: [] for name in schema.names("work")})
    work = pd.concat(tables, ignore_index=True)
    work.insert(4, "package", scenario.layer)
    return schema.check_table(work.sort_values(KEYS, ignore_index=True)[schema.names("work")], "work")


def _plain(assets: gpd.GeoDataFrame) -> pd.DataFrame:
    columns = [
        "asset_id",
        "sector",
        "subtype",
        "owner_code",
        "condition",
        "length_m",
        "area_m2",
        "annual_cost_jpy",
    ]
    table = pd.DataFrame(assets[columns])
    for column in ("condition", "length_m", "area_m2", "annual_cost_jpy"):
        table[column] = pd.to_numeric(table[column], errors="coerce").astype("float64")
    return table


def _task_work(
    parts: pd.DataFrame, task: dict[str, str], prices: RoadPrices, assumptions: Assumptions
) -> pd.DataFrame:
    long_from_m = assumptions.value("bridge_long_from_m")
    chosen = parts[(parts["sector"] == task["sector"]) & _applies(parts, task["applies_to"], long_from_m)]
    times = _value(assumptions, task["times_key"]) / _value(assumptions, task["every_years_key"])
    hours = np.zeros(len(chosen))
    if task["hours_key"]:
        hours = _amount(chosen, task["hours_quantity"]) * _value(assumptions, task["hours_key"]) * times
    cost = {level: _cost(chosen, task, prices, assumptions, level) for level in LEVELS}
    is_inspection = task["task"].startswith("inspection")
    grade_e = cost["central"] * _rests_on_e(chosen, task, prices, assumptions)
    table = chosen[["unit_id", "owner_code", "sector"]].assign(
        task=task["task"],
        onsite_hours=np.nan_to_num(hours),
        annual_jpy=cost["central"],
        annual_jpy_low=cost["low"],
        annual_jpy_high=cost["high"],
        pieces=chosen["share"] if is_inspection else 0.0,
        grade_e_jpy=grade_e,
    )
    summed = table.groupby(KEYS, sort=True, as_index=False).sum()
    return summed.assign(shares_trip_with=task["shares_trip_with"])


def _applies(parts: pd.DataFrame, applies_to: str, long_from_m: float) -> pd.Series:
    is_pump = (parts["subtype"] == "pump_station").fillna(False).astype(bool)
    # A bridge without a length counts as short: four of five municipal bridges are.
    is_long = parts["length_m"].fillna(0.0) >= long_from_m
    chosen: pd.Series = {
        "all": pd.Series(True, index=parts.index),
        "pipe": ~is_pump,
        "pump_station": is_pump,
        "short": ~is_long,
        "long": is_long,
        "grade_3_4": parts["condition"] >= 3,
    }[applies_to]
    return chosen


def _value(assumptions: Assumptions, key: str, level: Level = "central") -> float:
    return assumptions.value(key, level) if key else 1.0


def _amount(parts: pd.DataFrame, quantity: str) -> np.ndarray:
    share: np.ndarray = parts["share"].to_numpy()
    if quantity == "piece":
        return share
    column, factor = QUANTITIES[quantity]
    amount: np.ndarray = parts[column].to_numpy() * factor * share
    return amount


def _cost(
    parts: pd.DataFrame, task: dict[str, str], prices: RoadPrices, assumptions: Assumptions, level: Level
) -> np.ndarray:
    key = task["cost_key"]
    if not key:
        return np.zeros(len(parts))
    if key in ("road_upkeep", "road_snow_removal"):
        table = prices.upkeep if key == "road_upkeep" else prices.snow_removal
        price: np.ndarray | float = parts["owner_code"].map(table[level]).to_numpy(dtype="float64")
    else:
        price = assumptions.value(key, level)
    # The low end of a cost takes the low frequency and the long interval, the high end the other way round.
    other: Level = {"low": "high", "high": "low", "central": "central"}[level]  # type: ignore[assignment]
    times = _value(assumptions, task["times_key"], level) / _value(
        assumptions, task["every_years_key"], other
    )
    cost = np.nan_to_num(_amount(parts, task["cost_quantity"]) * price * times)
    if task["task"] in LEDGER_COST_TASKS:
        known = (parts["annual_cost_jpy"] * parts["share"]).to_numpy()
        cost = np.where(np.isnan(known), cost, known)
    return cost


def _rests_on_e(
    parts: pd.DataFrame, task: dict[str, str], prices: RoadPrices, assumptions: Assumptions
) -> np.ndarray:
    key = task["cost_key"]
    if not key:
        return np.zeros(len(parts))
    if key in ("road_upkeep", "road_snow_removal"):
        table = prices.upkeep if key == "road_upkeep" else prices.snow_removal
        grade = (parts["owner_code"].map(table["confidence"]) == "E").to_numpy()
    else:
        grade = np.full(len(parts), assumptions.confidence(key) == "E")
    known = parts["annual_cost_jpy"].notna().to_numpy() & (task["task"] in LEDGER_COST_TASKS)
    return np.where(known, 0.0, grade.astype("float64"))


def quantity_gaps(assets: gpd.GeoDataFrame, region: Region, scenario: Scenario) -> pd.DataFrame:
    """
    Count, for each sector, the assets whose work cannot be counted fully.

    Returns
    -------
    gaps
        Indexed by `sector`: `assets, without_quantity` (no length or area), `without_condition`,
        `without_built_year`.
    """
    chosen = planned_assets(assets, region, scenario)
    by_area = chosen["sector"] == "park"
    by_piece = chosen["sector"].isin(["bridge"]) | (chosen["subtype"] == "pump_station").fillna(False)
    size = chosen["length_m"].where(~by_area, chosen["area_m2"])
    table = pd.DataFrame(
        {
            "sector": chosen["sector"],
            "assets": 1,
            "without_quantity": (size.isna() & ~by_piece).astype("int64"),
            "without_condition": chosen["condition"].isna().astype("int64"),
            "without_built_year": chosen["built_year"].isna().astype("int64"),
        }
    )
    return table.groupby("sector", sort=True).sum()


def strand_load(work: pd.DataFrame, *, measure: str, assumptions: Assumptions) -> pd.DataFrame:
    """
    Return what the solver needs of the work of one strand, by unit.

    A task that may share its trips with another task of the strand needs fewer crew-days of its own:
    `onsite_hours / onsite_hours_per_crew_day * (1 - shared_crew_day_share)`. The rule is linear, so that cutting a
    unit in two changes nothing.

    Parameters
    ----------
    work
        Rows of `schema.WORK` that are planned together.
    measure
        "jpy" or "structures": what the work window counts.
    assumptions
        For `onsite_hours_per_crew_day` and `shared_crew_day_share`.

    Returns
    -------
    load
        Indexed by `unit_id`: `crew_days` (1/year), `measure`, `is_needed` (True where there is work).
    """
    per_day = assumptions.value("onsite_hours_per_crew_day")
    present = set(work["sector"].str.cat(work["task"], sep=":"))
    is_guest = work["shares_trip_with"].isin(present)
    saved = is_guest.astype("float64") * assumptions.value("shared_crew_day_share")
    table = pd.DataFrame(
        {
            "unit_id": work["unit_id"],
            "crew_days": crew_days(
                work["onsite_hours"], onsite_hours_per_crew_day=per_day, shared_ratio=saved
            ),
            "measure": work["annual_jpy"] if measure == "jpy" else work["pieces"],
        }
    )
    load = table.groupby("unit_id", sort=True).sum()
    load["is_needed"] = (load["crew_days"] > 0) | (load["measure"] > 0)
    return load
