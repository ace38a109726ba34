"""Pipes under streets: sewers where people are served, their pump stations, and water mains when asked for."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.spatial import cKDTree

from gunmane.sample.canvas import Canvas
from gunmane.sample.land import Floats, Ints
from gunmane.sample.mesh import Mesh
from gunmane.sample.rows import as_condition, built_years, grades, make_rows, nth, place_names
from gunmane.sample.streets import Streets

URGENCY = np.array(["", "劣化なし", "緊急度Ⅲ", "緊急度Ⅱ", "緊急度Ⅰ"], dtype=object)


def pipe_order(mesh: Mesh, streets: Streets) -> Ints:
    """Return the rows of `streets` in the order in which pipes reach them: the densest settlements first."""
    seats = mesh.xy[: mesh.town_count + mesh.hamlet_count]
    near = cKDTree(seats).query(seats, k=min(6, len(seats)))[0][:, -1]
    key = np.round(streets.reach + 1.5 * near[streets.seat], 2)
    return np.lexsort((streets.edges, key, mesh.muni[streets.edges]))


def fill_streets(length: Floats, goal_m: float, most: int) -> list[tuple[int, Ints]]:
    """
    Return rounds of streets to lay pipes under until the goal is reached.

    Parameters
    ----------
    length
        Length of each street in pipe order (m).
    goal_m
        Length of pipe wanted (m).
    most
        Rounds at most: one pipe a street and round.

    Returns
    -------
    rounds
        Number of the round (0 first) and positions of the streets in it.
    """
    rounds = []
    total = np.cumsum(length)
    for number in range(most):
        taken = np.flatnonzero(total - length / 2 <= goal_m)
        rounds.append((number, taken))
        goal_m -= float(length[taken].sum())
        if len(taken) < len(length):
            break
    return rounds


def draw_sewers(
    canvas: Canvas,
) -> tuple[gpd.GeoDataFrame | None, dict[str, dict[str, Any]]]:
    """
    Return sewers and pump stations of every municipality that serves people with sewers, and what was made.

    Parameters
    ----------
    canvas
        The ground with its roads and streams; the coefficients used are
        `sewer_m_per_person_urban`, `…_rural`, `sample_urban_density_per_km2`, `sample_sewer_…`,
        `sample_pump_station_people`.
    """
    table = canvas.land.statistics
    order = pipe_order(canvas.mesh, canvas.streets)
    muni = canvas.road_muni
    parts: list[gpd.GeoDataFrame] = []
    facts: dict[str, dict[str, Any]] = {}
    for i, code in enumerate(canvas.land.codes):
        people = float(np.nan_to_num(table.at[code, "sewered_population"]))
        if people <= 0:
            facts[code] = {"sewer_m": 0, "people": 0}
            continue
        rng = canvas.rng(f"sewers/{code}")
        density = table.at[code, "population"] / table.at[code, "area_km2"]
        is_urban = density >= canvas.value("sample_urban_density_per_km2")
        per_person = canvas.value(f"sewer_m_per_person_{'urban' if is_urban else 'rural'}")
        mine = order[muni[order] == i]
        part = _sewer_rows(canvas, mine, i, people * per_person, rng)
        parts.append(part)
        stations = max(1, round(people / canvas.value("sample_pump_station_people")))
        parts.append(_pump_rows(canvas, mine, i, stations, rng))
        facts[code] = {
            "sewer_m": round(float(part["length_m"].sum())),
            "sewer_target_m": round(people * per_person),
            "rain_sewer_m": round(float(part.loc[part["subtype"] == "雨水管", "length_m"].sum())),
            "people": int(people),
            "m_per_person": per_person,
            "pump_stations": stations,
        }
    return (pd.concat(parts, ignore_index=True) if parts else None), facts


def _sewer_rows(
    canvas: Canvas, order: Ints, muni: int, goal_m: float, rng: np.random.Generator
) -> gpd.GeoDataFrame:
    rounds = fill_streets(canvas.streets.length_m[order], goal_m, 2)
    rows = np.concatenate([order[taken] for _, taken in rounds])
    turn = np.concatenate([np.full(len(taken), number) for number, taken in rounds])
    lines = shapely.linestrings(canvas.streets.coords[rows])
    is_rain = turn == 1
    lines[is_rain] = shapely.offset_curve(lines[is_rain], canvas.value("sample_parallel_gap_m"))
    count = len(rows)
    code = np.full(count, muni, dtype=np.int64)
    towns = place_names(canvas.land, canvas.streets.coords[rows].mean(axis=1), code)
    is_seen = rng.uniform(size=count) < canvas.value("sample_sewer_inspected_share")
    share = {4 - n: canvas.value(f"sample_sewer_urgency{n + 1}_share") for n in range(3)}
    grade = np.where(is_seen, np.maximum(grades(share, count, rng=rng), 1), 0)
    label = np.where(is_rain, "雨水", "汚水")
    number = nth(code, np.array([f"{k}{t}" for k, t in zip(label, towns, strict=True)], dtype=object)) + 1
    return make_rows(
        canvas.land,
        "sewer",
        lines,
        code,
        account_class="enterprise",
        subtype=np.where(is_rain, "雨水管", "汚水管"),
        name=[f"{k} {t}{n}号" for k, t, n in zip(label, towns, number, strict=True)],
        built_year=built_years(count, "sewer", assumptions=canvas.assumptions, rng=rng),
        condition=as_condition(grade),
        condition_raw=URGENCY[grade],
        length_m=canvas.streets.length_m[rows],
        diameter_mm=rng.choice([200.0, 200.0, 250.0, 300.0, 450.0, 600.0], count) + is_rain * 300.0,
    )


def _pump_rows(
    canvas: Canvas, order: Ints, muni: int, count: int, rng: np.random.Generator
) -> gpd.GeoDataFrame:
    rows = np.sort(rng.choice(order[: max(count, len(order) * 2 // 3)], count, replace=False))
    xy = np.round(canvas.streets.coords[rows][:, 2], 2)
    code = np.full(count, muni, dtype=np.int64)
    towns = place_names(canvas.land, xy, code)
    return make_rows(
        canvas.land,
        "sewer",
        shapely.points(xy),
        code,
        account_class="enterprise",
        subtype="pump_station",
        name=[
            f"{t}{'' if n == 0 else f'第{n + 1}'}ポンプ場"
            for n, t in zip(nth(code, towns), towns, strict=True)
        ],
        built_year=built_years(count, "sewer", assumptions=canvas.assumptions, rng=rng),
    )


def draw_water(
    canvas: Canvas,
) -> tuple[gpd.GeoDataFrame, dict[str, dict[str, Any]]]:
    """
    Return water mains by inhabitants, up to three in a street, and what was made.

    Parameters
    ----------
    canvas
        The ground with its roads and streams; the coefficients used are
        `water_m_per_person`, `sample_parallel_gap_m`.
    """
    table = canvas.land.statistics
    order = pipe_order(canvas.mesh, canvas.streets)
    muni = canvas.road_muni
    parts: list[gpd.GeoDataFrame] = []
    facts: dict[str, dict[str, Any]] = {}
    for i, code in enumerate(canvas.land.codes):
        rng = canvas.rng(f"water/{code}")
        goal = float(table.at[code, "population"]) * canvas.value("water_m_per_person")
        mine = order[muni[order] == i]
        rounds = fill_streets(canvas.streets.length_m[mine], goal, 3)
        rows = np.concatenate([mine[taken] for _, taken in rounds])
        side = np.concatenate([np.full(len(taken), (0, -1, 2)[number]) for number, taken in rounds])
        lines = shapely.linestrings(canvas.streets.coords[rows])
        aside = side != 0
        lines[aside] = shapely.offset_curve(lines[aside], side[aside] * canvas.value("sample_parallel_gap_m"))
        code_of = np.full(len(rows), i, dtype=np.int64)
        parts.append(
            make_rows(
                canvas.land,
                "water",
                lines,
                code_of,
                account_class="enterprise",
                subtype="配水管",
                name=place_names(canvas.land, canvas.streets.coords[rows].mean(axis=1), code_of),
                built_year=built_years(len(rows), "water", assumptions=canvas.assumptions, rng=rng),
                length_m=canvas.streets.length_m[rows],
                diameter_mm=rng.choice([50.0, 75.0, 100.0, 150.0, 200.0], len(rows)),
            )
        )
        facts[code] = {
            "water_m": round(float(canvas.streets.length_m[rows].sum())),
            "water_target_m": round(goal),
        }
    return pd.concat(parts, ignore_index=True), facts
