"""The rivers that towns keep: stems of the streams, as many and as long as is known."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.ops import substring

from gunmane.sample.canvas import Canvas
from gunmane.sample.rows import built_years, make_rows, nth, place_names
from gunmane.sample.streams import Streams


def draw_rivers(
    canvas: Canvas,
) -> tuple[gpd.GeoDataFrame | None, dict[str, dict[str, Any]]]:
    """
    Return the rivers that towns keep, where a number of them is known or assumed, and what was made.

    Parameters
    ----------
    canvas
        The ground with its streams; the coefficients `sample_river_count_CODE` and `sample_river_km_CODE` name
        the municipalities that have some.
    """
    parts, facts = [], {}
    for i, code in enumerate(canvas.land.codes):
        key = f"sample_river_count_{code}"
        if not canvas.has(key):
            continue
        rng = canvas.rng(f"rivers/{code}")
        count, goal_m = int(canvas.value(key)), 1_000 * canvas.value(f"sample_river_km_{code}")
        lines = _river_lines(canvas.streams, i, count, goal_m, rng)
        part = _river_rows(canvas, i, lines, rng=rng)
        parts.append(part)
        made = round(float(part["length_m"].sum()))
        is_estimated = canvas.assumptions.confidence(key) == "E"
        facts[code] = {
            "rivers": len(part),
            "river_m": made,
            "river_target_m": goal_m,
            "rivers_estimated": is_estimated,
        }
    return (pd.concat(parts, ignore_index=True) if parts else None), facts


def _river_lines(
    streams: Streams, muni: int, count: int, goal_m: float, rng: np.random.Generator
) -> list[Any]:
    """Stems of the stream tree, each from its mouth upstream, cut to lengths that sum to the goal."""
    links = np.flatnonzero(streams.muni == muni)
    by_lower: dict[int, list[int]] = {}
    for link in links[np.argsort(streams.catchment[links], kind="stable")].tolist():
        by_lower.setdefault(int(streams.lower[link]), []).append(link)
    has_above = np.zeros(len(streams.xy), dtype=bool)
    has_above[streams.upper[links]] = True
    stems = []
    for link in links[np.argsort(-streams.catchment[links], kind="stable")].tolist():
        siblings = by_lower[int(streams.lower[link])]
        if siblings[-1] == link and has_above[streams.lower[link]]:
            continue
        stem = [link]
        while (above := by_lower.get(int(streams.upper[stem[-1]]))) is not None:
            stem.append(above[-1])
        stems.append((float(streams.length_m[stem].sum()), stem))
    wish = np.sort(rng.lognormal(0, 0.5, count))[::-1]
    wish *= goal_m / wish.sum()
    # The longest stems are rivers of the state or the prefecture; towns keep the next ones.
    stems = sorted(stems, key=lambda s: (-round(s[0], 2), s[1][0]))
    skip = min(max(0, len(stems) - count), max(0, sum(length > wish[0] * 2 for length, _ in stems)))
    stems = stems[skip : skip + count]
    got = np.minimum(wish[: len(stems)], [length for length, _ in stems])
    room = np.array([length for length, _ in stems]) - got
    got += room * min(1.0, max(0.0, goal_m - got.sum()) / max(room.sum(), 1e-9))
    return [_cut(streams, stem, length) for (_, stem), length in zip(stems, got, strict=True)]


def _cut(streams: Streams, stem: list[int], length_m: float) -> Any:
    """The lowest `length_m` of a stem as one line, its source first."""
    coords = np.vstack([streams.coords[link][::-1][(0 if n == 0 else 1) :] for n, link in enumerate(stem)])
    line = shapely.LineString(coords)
    return shapely.reverse(substring(line, 0, min(length_m, line.length)))


def _river_rows(canvas: Canvas, muni: int, lines: list[Any], *, rng: np.random.Generator) -> gpd.GeoDataFrame:
    geometry = np.array(lines, dtype=object)
    code = np.full(len(lines), muni, dtype=np.int64)
    middle = shapely.get_coordinates(shapely.line_interpolate_point(geometry, 0.5, normalized=True))
    towns = place_names(canvas.land, middle, code)
    forms = np.array(["{}川", "{}沢川", "上{}川", "{}谷川", "小{}川", "下{}川"], dtype=object)
    number = nth(code, towns)
    names = [forms[n % len(forms)].format(t) for n, t in zip(number, towns, strict=True)]
    return make_rows(
        canvas.land,
        "river",
        geometry,
        code,
        subtype="普通河川",
        name=names,
        length_m=shapely.length(geometry),
        width_m=np.round(rng.uniform(1.5, 8.0, len(lines)), 1),
        built_year=built_years(len(lines), "river", assumptions=canvas.assumptions, rng=rng),
    )
