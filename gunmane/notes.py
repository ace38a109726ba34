"""What a reader of a plan must know: gaps of the data, what was assumed, what is counted and what is not."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from gunmane.assumptions import Assumptions
from gunmane.clusters import Grouping
from gunmane.scenario import Ground, Note, Scenario
from gunmane.standins import sample_notes
from gunmane.strands import split_work
from gunmane.window import work_window
from gunmane.workload import load_tasks, planned_assets, planned_tasks, quantity_gaps, road_prices

SECTOR_OF_NOTE = {
    "sample_no_parks": "park",
    "sample_bridges_estimated": "bridge",
    "sample_rivers_estimated": "river",
    "bridges_beside_official": "bridge",
}
# What a reader must not overlook: a plan on part of the data, or on values that were refused.
WARNINGS = frozenset(
    {
        "bridges_beside_official",
        "ledger_beside_official",
        "ledger_beside_sample",
        "places_approximate",
        "rejected_rows",
        "roads_too_far",
        "totals_absent",
    }
)
JPY_PER_OKU = 1e8
JPY_PER_MILLION = 1e6


def plan_notes(
    scenario: Scenario,
    ground: Ground,
    work: pd.DataFrame,
    groupings: Sequence[Grouping],
    *,
    assumptions: Assumptions,
) -> tuple[Note, ...]:
    """
    Return what a reader of a plan must know, the data first.

    Parameters
    ----------
    scenario, ground, work
        What was planned, on which data, with which work (`schema.WORK`).
    groupings
        The solved strands; a cancelled one is told.
    assumptions
        The coefficients of the scenario.
    """
    notes = [note for note in _on_sample(scenario, ground) if _concerns(note, scenario, ground)]
    notes += _sector_notes(scenario, ground)
    if scenario.layer == "structures":
        notes.append(Note.of("repair_trips_not_counted"))
    if "road" in scenario.sectors and scenario.layer == "daily":
        notes += _road_price_notes(ground, assumptions)
    snow = work[work["task"] == "snow_removal"]
    if len(snow):
        notes.append(_snow_note(snow))
    notes += _small_strands(scenario, work, assumptions)
    if any(g.is_cancelled for g in groupings):
        notes.append(Note.of("cancelled", moves=sum(g.moves for g in groupings)))
    return tuple(notes)


def _on_sample(scenario: Scenario, ground: Ground) -> list[Note]:
    """The notes of a ground, those on its sample by what is sample still of the sectors that are planned."""
    given = ground.provenance
    is_written = bool((given.get("road_file_facts") or {}).get("is_synthetic"))
    has_roads = given.get("roads_source", "sample") == "sample" or is_written
    planned = ground.assets[ground.assets["sector"].isin(scenario.sectors)]
    facts = given.get("sample_facts") or {}
    return sample_notes(ground.notes, planned, ground.region, facts, has_sample_roads=has_roads)


def _concerns(note: Note, scenario: Scenario, ground: Ground) -> bool:
    """Whether a note on one sector, or on the sample data, concerns what a scenario plans; all other notes do."""
    if note.key == "sample_prefecture_estimated":
        return any(len(code) == 2 for code in ground.region.contributing_codes)
    if note.key == "sample_without_water":
        return scenario.layer == "daily" and "water" not in scenario.sectors
    sector = SECTOR_OF_NOTE.get(note.key)
    if note.key in {"ledger_beside_official", "ledger_beside_sample"}:
        sector = str(dict(note.values)["sector"])
    return sector is None or sector in scenario.sectors


def _sector_notes(scenario: Scenario, ground: Ground) -> list[Note]:
    notes = []
    has_task = set(planned_tasks(scenario, load_tasks())["sector"])
    without_task = [s for s in scenario.sectors if s not in has_task]
    if without_task:
        notes.append(Note.of("sector_without_task", sectors=", ".join(without_task), layer=scenario.layer))
    present = set(planned_assets(ground.assets, ground.region, scenario)["sector"])
    without_assets = [s for s in scenario.sectors if s in has_task and s not in present]
    if without_assets:
        notes.append(Note.of("sector_without_assets", sectors=", ".join(without_assets)))
    for sector, row in quantity_gaps(ground.assets, ground.region, scenario).iterrows():
        if row["without_quantity"] or row["without_condition"]:
            notes.append(Note.of("gaps", sector=sector, **{k: int(v) for k, v in row.items()}))
    return notes


def _road_price_notes(ground: Ground, assumptions: Assumptions) -> list[Note]:
    """Say of how many bodies the road price is their own settlement, and why the others take another."""
    basis = road_prices(ground.region, assumptions).basis
    kinds = [basis.get(code, "plain") for code in ground.region.contributing_codes]
    return [
        Note.of(f"road_price_{kind}", count=kinds.count(kind))
        for kind in ("own", "snow", "plain")
        if kind in kinds
    ]


def _snow_note(snow: pd.DataFrame) -> Note:
    sums = {level: float(snow[column].sum()) for level, column in YEN_OF_LEVEL.items()}
    values = {f"{level}_ja": _two_figures(total / JPY_PER_OKU) for level, total in sums.items()}
    values |= {f"{level}_en": _two_figures(total / JPY_PER_MILLION) for level, total in sums.items()}
    return Note.of("snow_included", **values)


YEN_OF_LEVEL = {"low": "annual_jpy_low", "central": "annual_jpy", "high": "annual_jpy_high"}


def _small_strands(scenario: Scenario, work: pd.DataFrame, assumptions: Assumptions) -> list[Note]:
    """Say of strands whose whole work is below the floor that no bundle can reach it."""
    window = work_window(scenario, assumptions)
    column = "annual_jpy" if window.measure == "jpy" else "pieces"
    totals = [float(rows[column].sum()) for rows in split_work(work, scenario).values()]
    floor = window.floor[1]
    small = [total for total in totals if 0 < total < floor]
    if not small:
        return []
    if window.measure == "structures":
        return [Note.of("floor_above_total_structures", count=len(small), all=len(totals), floor=f"{floor:,.0f}",
                        most=f"{max(small):,.0f}")]  # fmt: skip
    values = {
        f"{name}_{lang}": _two_figures(amount / unit)
        for name, amount in (("floor", floor), ("most", max(small)))
        for lang, unit in (("ja", JPY_PER_OKU), ("en", JPY_PER_MILLION))
    }
    return [Note.of("floor_above_total_jpy", count=len(small), all=len(totals), **values)]


def _two_figures(number: float) -> str:
    return f"{float(f'{number:.2g}'):,.10g}"
