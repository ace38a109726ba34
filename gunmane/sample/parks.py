"""Parks at settlements: few large ones, many small ones, their areas summing to what the town reports."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gunmane.assumptions import Assumptions
from gunmane.sample.canvas import Canvas
from gunmane.sample.land import Floats, Ints, Land
from gunmane.sample.rows import as_condition, built_years, grades, make_rows, nth, place_names

# Largest first: they find their place before the small ones.
KINDS = (
    ("general", "総合公園"),
    ("sports", "運動公園"),
    ("district", "地区公園"),
    ("local", "近隣公園"),
    ("green", "都市緑地"),
    ("neighbourhood", "街区公園"),
)
LETTERS = np.array(["", "A", "B", "C", "D"], dtype=object)


def draw_parks(
    canvas: Canvas,
) -> tuple[gpd.GeoDataFrame | None, dict[str, dict[str, Any]]]:
    """
    Return the parks of every municipality with a park area on record, and what was made.

    Parameters
    ----------
    canvas
        The ground with its roads and streams; the coefficients used are
        `sample_park_…`; an area up to `sample_park_placeholder_m2` is a placeholder and counts as no record.
    """
    table = canvas.land.statistics
    parts: list[gpd.GeoDataFrame] = []
    facts: dict[str, dict[str, Any]] = {}
    for i, code in enumerate(canvas.land.codes):
        area = float(np.nan_to_num(table.at[code, "park_area_m2"]))
        if area <= canvas.value("sample_park_placeholder_m2"):
            facts[code] = {"parks": 0, "park_m2": 0, "has_park_record": False}
            continue
        rng = canvas.rng(f"parks/{code}")
        kind, size = _sizes(area, assumptions=canvas.assumptions, rng=rng)
        part = _park_rows(canvas, i, kind, size, rng)
        parts.append(part)
        facts[code] = {
            "parks": len(part),
            "park_m2": round(float(part["area_m2"].sum())),
            "park_target_m2": area,
            "has_park_record": True,
        }
    return (pd.concat(parts, ignore_index=True) if parts else None), facts


def _sizes(area: float, *, assumptions: Assumptions, rng: np.random.Generator) -> tuple[Ints, Floats]:
    """Kind and area of each park; a kind too large for the town leaves its share to the others."""
    share = np.array([assumptions.value(f"sample_park_share_{key}") for key, _ in KINDS])
    low, usual = (
        np.array([assumptions.value(f"sample_park_m2_{key}", level) for key, _ in KINDS])
        for level in ("low", "central")
    )
    fits = share * area >= low
    fits[-1] = True
    share = np.where(fits, share, 0.0) / share[fits].sum()
    kinds, sizes = [], []
    for k in range(len(KINDS)):
        if not fits[k]:
            continue
        count = max(1, round(float(share[k] * area / usual[k])))
        part = rng.lognormal(0, 0.45, count)
        kinds.append(np.full(count, k, dtype=np.int64))
        sizes.append(part / part.sum() * share[k] * area)
    return np.concatenate(kinds), np.concatenate(sizes)


def _park_rows(
    canvas: Canvas, muni: int, kind: Ints, size: Floats, rng: np.random.Generator
) -> gpd.GeoDataFrame:
    count = len(kind)
    order = np.lexsort((-size, kind))
    kind, size = kind[order], size[order]
    xy = _places(canvas, muni, kind, np.sqrt(size / np.pi), rng)
    shapes = _outlines(xy, size, rng)
    code = np.full(count, muni, dtype=np.int64)
    share = {4 - n: canvas.value(f"sample_park_grade_{c}_share") for n, c in enumerate("dcb")}
    grade = np.maximum(grades(share, count, rng=rng), 1)
    return make_rows(
        canvas.land,
        "park",
        shapes,
        code,
        subtype=np.array([label for _, label in KINDS], dtype=object)[kind],
        name=_park_names(canvas.land, xy, code, kind),
        built_year=built_years(count, "park", assumptions=canvas.assumptions, rng=rng),
        condition=as_condition(grade),
        condition_raw=LETTERS[grade],
        area_m2=shapely.area(shapes),
    )


def _places(canvas: Canvas, muni: int, kind: Ints, radius: Floats, rng: np.random.Generator) -> Floats:
    """Beside streets: small parks among them, large ones at their edge; apart from each other, inside the border."""
    own = np.flatnonzero(canvas.road_muni == muni)
    reach = canvas.streets.reach[own]
    middle = canvas.streets.coords[own].mean(axis=1)
    border = canvas.land.shapes[muni].boundary
    placed = np.empty((len(kind), 2))
    quantile = np.argsort(np.argsort(reach, kind="stable"), kind="stable") / max(len(own) - 1, 1)
    for n in range(len(kind)):
        is_small = kind[n] >= 3
        pool = own[:0] if is_small else np.flatnonzero(quantile > 0.5)
        pool = pool if len(pool) else np.flatnonzero(quantile < 0.8)
        tried = middle[rng.choice(pool, 24)]
        angle = rng.uniform(0, 2 * np.pi, 24)
        tried = tried + (radius[n] * 1.1 + 12) * np.column_stack([np.cos(angle), np.sin(angle)])
        room = shapely.distance(shapely.points(tried), border) - 1.3 * radius[n]
        room = np.where(shapely.contains_xy(canvas.land.shapes[muni], tried[:, 0], tried[:, 1]), room, -1e5)
        if n:
            away = np.hypot(tried[:, :1] - placed[:n, 0], tried[:, 1:] - placed[:n, 1]) - 1.25 * radius[:n]
            room = np.minimum(room, away.min(axis=1) - 1.25 * radius[n])
        fits = np.flatnonzero(room >= 0)
        placed[n] = tried[fits[0] if len(fits) else int(np.argmax(room))]
    return placed


def _outlines(xy: Floats, size: Floats, rng: np.random.Generator) -> NDArray[Any]:
    """Closed outlines of exactly the given areas: rounded lots for small parks, wavy edges for large ones."""
    corners = 20
    angle = np.linspace(0, 2 * np.pi, corners, endpoint=False)[None, :]
    turn = rng.uniform(0, np.pi, (len(size), 1))
    is_lot = size[:, None] < 12_000
    power, stretch = np.where(is_lot, 5.0, 2.4), rng.uniform(1.0, 1.7, (len(size), 1))
    cos, sin = np.cos(angle), np.sin(angle)
    shape = (np.abs(cos / stretch) ** power + np.abs(sin) ** power) ** (-1 / power)
    wave = 1 + sum(
        rng.uniform(0.02, 0.09, (len(size), 1))
        * ~is_lot
        * np.cos(k * angle + rng.uniform(0, 6.28, (len(size), 1)))
        for k in (2, 3, 5)
    )
    reach = shape * wave
    local = np.stack([reach * np.cos(angle + turn), reach * np.sin(angle + turn)], axis=2)
    raw = shapely.area(shapely.polygons(local))
    local *= np.sqrt(size / raw)[:, None, None]
    return np.asarray(shapely.polygons(np.round(local + xy[:, None, :], 2)), dtype=object)


def _park_names(land: Land, xy: Floats, muni: Ints, kind: Ints) -> list[str]:
    towns = place_names(land, xy, muni)
    city = land.region.municipalities["name_ja"].reindex(list(land.codes)).to_numpy()[muni]
    names = []
    number = nth(muni, np.array([f"{k}/{t}" for k, t in zip(kind, towns, strict=True)], dtype=object))
    for k, town, place, n in zip(kind, towns, city, number, strict=True):
        more = "" if n == 0 else f"第{n + 1}"
        label = {0: "総合公園", 1: "運動公園", 2: "中央公園", 3: "公園", 4: "緑地", 5: "児童公園"}[int(k)]
        names.append(f"{place}{more}{label}" if k < 2 and n == 0 else f"{town}{more}{label}")
    return names
