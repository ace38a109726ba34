"""Bridges where roads cross streams, and the tunnels that a town is known to have."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.special import ndtri

from gunmane.assumptions import Assumptions
from gunmane.municipalities import load_borders
from gunmane.sample.canvas import Canvas
from gunmane.sample.land import Bools, Floats, Ints, Land
from gunmane.sample.rows import ROMAN, as_condition, built_years, make_rows, nth, place_names
from gunmane.sample.streams import Streams
from gunmane.sample.streets import Streets
from gunmane.sample.trunks import CLASS_NAMES, MUNICIPAL_OTHER, PREFECTURAL

# Shorter ones are boxes under the road.
BOX_BRIDGE_M = 4.0


def crossings(streets: Streets, streams: Streams) -> pd.DataFrame:
    """Return where roads cross streams: `road` (row of streets), `x, y`, `catchment`, one row a road and stream."""
    roads = shapely.linestrings(streets.coords)
    water = shapely.linestrings(streams.coords)
    road, link = shapely.STRtree(water).query(roads, predicate="intersects")
    points = shapely.intersection(roads[road], water[link])
    at = shapely.get_coordinates(shapely.point_on_surface(points))
    table = pd.DataFrame({"road": road, "x": at[:, 0], "y": at[:, 1], "catchment": streams.catchment[link]})
    table = table.sort_values(["road", "catchment", "x", "y"], ascending=[True, False, True, True])
    return table.drop_duplicates("road").reset_index(drop=True)


def bridge_counts(land: Land) -> tuple[Ints, Ints, list[str]]:
    """
    Return bridges and those of grade III or IV per municipality, and the codes where they had to be estimated.

    Where no count exists, the neighbours' bridges per km of municipal road and their share of bad grades are used;
    where the region has no count at all, no bridge is drawn.
    """
    table = land.statistics
    borders = load_borders()
    counts, poor, estimated = [], [], []
    for code in land.codes:
        row = table.loc[code]
        if pd.notna(row["bridges_inspected"]):
            counts.append(int(row["bridges_inspected"]))
            poor.append(int(np.nan_to_num(row["bridges_grade_3_4"])))
            continue
        touching = borders[(borders["muni_code_a"] == code) | (borders["muni_code_b"] == code)]
        near = sorted({*touching["muni_code_a"], *touching["muni_code_b"]} - {code})
        known = table.reindex(near).dropna(subset=["bridges_inspected"])
        known = known if len(known) else table.dropna(subset=["bridges_inspected"])
        if known.empty:
            counts.append(0)
            poor.append(0)
            continue
        per_m = known["bridges_inspected"].sum() / known["road_length_m"].sum()
        counts.append(round(float(per_m * row["road_length_m"])))
        poor.append(
            round(
                float(
                    counts[-1] * known["bridges_grade_3_4"].sum() / max(known["bridges_inspected"].sum(), 1)
                )
            )
        )
        estimated.append(code)
    return np.array(counts), np.array(poor), estimated


def draw_bridges(
    canvas: Canvas,
) -> tuple[gpd.GeoDataFrame | None, dict[str, dict[str, Any]]]:
    """
    Return the bridges of every municipality and of the prefecture on its roads, and what was made.

    None where the statistics know of no bridge at all.

    Parameters
    ----------
    canvas
        The ground with its roads and streams; the coefficients used are
        `bridge_short_share`, `bridge_long_from_m`, `sample_bridge_…`, `sample_farm_bridge_count_CODE`.
    """
    places = crossings(canvas.streets, canvas.streams)
    counts, poor, estimated = bridge_counts(canvas.land)
    streets, muni = canvas.streets, canvas.road_muni
    parts: list[gpd.GeoDataFrame] = []
    facts: dict[str, dict[str, Any]] = {}
    for i, code in enumerate(canvas.land.codes):
        rng = canvas.rng(f"bridges/{code}")
        own = np.flatnonzero((muni == i) & (streets.road_class != PREFECTURAL))
        others = np.flatnonzero((muni == i) & (streets.road_class == PREFECTURAL))
        per_m = counts[i] / streets.length_m[own].sum()
        pref_count = round(float(per_m * streets.length_m[others].sum()))
        pref_poor = round(float(pref_count * poor[i] / max(counts[i], 1)))
        farm_key = f"sample_farm_bridge_count_{code}"
        farm = int(canvas.value(farm_key)) if canvas.has(farm_key) else 0
        chosen = _choose(places, streets, own, counts[i] + farm, rng)
        is_farm = _farm_bridges(streets, chosen, farm)
        pref = _choose(places, streets, others, pref_count, rng)
        for part, bad, owner, subtype in (
            (chosen[~is_farm], int(poor[i]), code, "道路橋"),
            (chosen[is_farm], 0, code, "農道橋"),
            (pref, pref_poor, code[:2], "道路橋"),
        ):
            if len(part):
                part = part.assign(owner_code=owner, subtype=subtype)
                parts.append(_bridge_rows(canvas, part, i, bad, rng))
        facts[code] = {
            "bridges": int((~is_farm).sum()),
            "bridges_poor": int(poor[i]),
            "farm_bridges": farm,
            "prefectural_bridges": len(pref),
            "prefectural_bridges_estimated": True,
            "bridges_estimated": code in estimated,
        }
    return (pd.concat(parts, ignore_index=True) if parts else None), facts


def _farm_bridges(streets: Streets, chosen: pd.DataFrame, count: int) -> Bools:
    """Mark the last bridges on local roads: they stand in for those of farm roads."""
    is_farm = np.zeros(len(chosen), dtype=bool)
    local = np.flatnonzero(streets.road_class[chosen["road"]] == MUNICIPAL_OTHER)
    is_farm[local[len(local) - count :]] = True
    return is_farm


def _choose(
    places: pd.DataFrame, streets: Streets, roads: Ints, count: int, rng: np.random.Generator
) -> pd.DataFrame:
    """The crossings with the most water and traffic; where there are too few, ditches in the middle of a road."""
    here = places[places["road"].isin(roads)].copy()
    is_trunk = streets.road_class[here["road"]] < MUNICIPAL_OTHER
    here["score"] = np.round(np.log(here["catchment"]) + 0.7 * is_trunk + rng.normal(0, 1.0, len(here)), 6)
    here = here.sort_values(["score", "road"], ascending=[False, True]).head(count)
    if len(here) < count:
        free = np.setdiff1d(roads, here["road"])
        extra = np.sort(rng.permutation(free)[: count - len(here)])
        middle = streets.coords[extra][:, 2]
        ditch = pd.DataFrame({"road": extra, "x": middle[:, 0], "y": middle[:, 1], "catchment": 1})
        ditch["score"] = np.round(rng.normal(-2, 0.5, len(extra)), 6)
        here = pd.concat([here, ditch], ignore_index=True)
    return here.reset_index(drop=True)


def _bridge_rows(
    canvas: Canvas, part: pd.DataFrame, muni: int, poor: int, rng: np.random.Generator
) -> gpd.GeoDataFrame:
    count = len(part)
    xy = part[["x", "y"]].to_numpy()
    code = np.full(count, muni, dtype=np.int64)
    length = _bridge_lengths(part["score"].to_numpy(), assumptions=canvas.assumptions, rng=rng)
    years = built_years(count, "bridge", assumptions=canvas.assumptions, rng=rng)
    grade = _bridge_grades(years, poor, assumptions=canvas.assumptions, rng=rng)
    widths = np.array([canvas.value(f"sample_width_m_{name}") for name in CLASS_NAMES])
    width = widths[canvas.streets.road_class[part["road"]]] * rng.uniform(0.8, 1.1, count)
    is_box = (length < BOX_BRIDGE_M) & (part["subtype"].to_numpy() == "道路橋")
    return make_rows(
        canvas.land,
        "bridge",
        shapely.points(np.round(xy, 2)),
        code,
        owner_code=part["owner_code"].to_numpy(),
        subtype=np.where(is_box, "溝橋", part["subtype"]),
        name=_bridge_names(code, place_names(canvas.land, xy, code)),
        built_year=years,
        condition=as_condition(grade),
        condition_raw=ROMAN[grade],
        length_m=length,
        width_m=np.round(width, 1),
    )


def _bridge_lengths(score: Floats, *, assumptions: Assumptions, rng: np.random.Generator) -> Floats:
    """Lengths (m): the wider the water, the longer; the long ones as few as the short share says."""
    count = len(score)
    limit = assumptions.value("bridge_long_from_m")
    short = (assumptions.value("bridge_short_share") + assumptions.value("bridge_short_share", "high")) / 2
    long_count = int((1 - short) * count)
    order = np.argsort(
        np.argsort(np.round(score + rng.normal(0, 0.8, count), 6), kind="stable"), kind="stable"
    )
    median = assumptions.value("sample_bridge_median_m")
    quantile = (order + 0.5) / max(count - long_count, 1)
    spread = np.log(limit / median) / 2.2
    shorts = median * np.exp(spread * ndtri(np.clip(quantile, 0.01, 0.985)))
    rest = np.clip((order - (count - long_count) + 0.5) / max(long_count, 1), 0.0, 0.995)
    longs = limit * np.exp(-assumptions.value("sample_bridge_long_spread") * np.log1p(-rest))
    length = np.where(order < count - long_count, np.clip(shorts, 2.0, limit - 0.1), longs + 0.1)
    return np.round(length, 1).astype("float64")


def _bridge_grades(years: Any, poor: int, *, assumptions: Assumptions, rng: np.random.Generator) -> Ints:
    """Grades 1-4 with exactly `poor` of them III or IV, old bridges more often."""
    count = len(years)
    age = 2025 - pd.Series(years).fillna(1970).to_numpy(dtype=float)
    order = np.argsort(-np.round(age / 25 + rng.gumbel(0, 1.0, count), 6), kind="stable")
    grade = np.ones(count, dtype=np.int64)
    fair = round(assumptions.value("sample_bridge_grade2_share") * (count - poor))
    grade[order[: poor + fair]] = 2
    grade[order[:poor]] = 3
    grade[order[: int(np.floor(assumptions.value("sample_bridge_grade4_share") * poor + 0.5))]] = 4
    return grade


def _bridge_names(muni: Ints, towns: Any) -> list[str]:
    forms = [
        "{}橋",
        "新{}橋",
        "上{}橋",
        "下{}橋",
        "中{}橋",
        "東{}橋",
        "西{}橋",
        "{}大橋",
        "{}小橋",
        "南{}橋",
        "北{}橋",
    ]
    number = nth(muni, towns)
    return [
        forms[n].format(t) if n < len(forms) else f"{t}{n - len(forms) + 1}号橋"
        for n, t in zip(number, towns, strict=True)
    ]


def draw_tunnels(
    canvas: Canvas,
) -> tuple[gpd.GeoDataFrame | None, Ints]:
    """
    Return the tunnels that towns are known to have, on their highest roads, and the rows of `streets` they lie on.

    Parameters
    ----------
    canvas
        The ground with its roads and streams; the coefficients used are
        `sample_tunnel_count_CODE`.
    """
    parts, rows = [], []
    streets = canvas.streets
    height = canvas.mesh.terrain.heights(streets.coords.mean(axis=1))
    for i, code in enumerate(canvas.land.codes):
        key = f"sample_tunnel_count_{code}"
        if not canvas.has(key):
            continue
        is_trunk = (streets.road_class > PREFECTURAL) & (streets.road_class < MUNICIPAL_OTHER)
        own = np.flatnonzero((canvas.road_muni == i) & is_trunk)
        # Every fourth of the highest: neighbours on one pass would make a single tunnel.
        chosen = own[np.argsort(-height[own], kind="stable")][: int(canvas.value(key)) * 4 : 4]
        parts.append(_tunnel_rows(canvas, chosen, i, canvas.rng(f"tunnels/{code}")))
        rows.append(chosen)
    if not parts:
        return None, np.empty(0, dtype=np.int64)
    return pd.concat(parts, ignore_index=True), np.concatenate(rows)


def _tunnel_rows(canvas: Canvas, chosen: Ints, muni: int, rng: np.random.Generator) -> gpd.GeoDataFrame:
    coords = canvas.streets.coords[chosen]
    code = np.full(len(chosen), muni, dtype=np.int64)
    towns = place_names(canvas.land, coords.mean(axis=1), code)
    grade = np.resize(np.array([2, 1, 2]), len(chosen))
    return make_rows(
        canvas.land,
        "tunnel",
        shapely.linestrings(coords),
        code,
        subtype="道路トンネル",
        name=[
            f"{t}{'' if n == 0 else f'第{n + 1}'}トンネル"
            for n, t in zip(nth(code, towns), towns, strict=True)
        ],
        built_year=built_years(len(chosen), "tunnel", assumptions=canvas.assumptions, rng=rng),
        condition=as_condition(grade),
        condition_raw=ROMAN[grade],
        length_m=canvas.streets.length_m[chosen],
        width_m=canvas.value("sample_width_m_municipal_2"),
    )
