"""A whole sample of one region, and how near it comes to the statistics."""

from __future__ import annotations

import dataclasses
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gunmane.assumptions import load_assumptions
from gunmane.municipalities import Region
from gunmane.sample.canvas import Canvas, make_canvas
from gunmane.sample.facts import gather_facts, road_facts
from gunmane.sample.land import Ints, Land
from gunmane.sample.parks import draw_parks
from gunmane.sample.pipes import draw_sewers, draw_water
from gunmane.sample.rivers import draw_rivers
from gunmane.sample.rows import (
    ROMAN,
    as_condition,
    built_years,
    grades,
    make_rows,
    nth,
    number_rows,
    place_names,
)
from gunmane.sample.streets import Streets
from gunmane.sample.structures import draw_bridges, draw_tunnels
from gunmane.sample.trunks import CLASS_NAMES, MUNICIPAL_OTHER, PREFECTURAL

PREFECTURE_ROADS = {"01": "道道", "27": "府道"}


@dataclasses.dataclass(frozen=True, eq=False)
class SampleRows:
    """
    Rows that imitate a region's ledgers, on no real place.

    Parameters
    ----------
    assets
        GeoDataFrame with the columns of `schema.ASSETS` in the region's plane zone.
    roads
        GeoDataFrame with the columns of `schema.ROADS` and `asset_id`: every road line, for routing.
    facts
        `municipalities`: per code what was made and what was aimed at; `islands`: towns that no road joins to the
        rest; `notes`: what a reader must know, as (catalogue key under `note.`, values); `seed`, `with_water`.
    """

    assets: gpd.GeoDataFrame
    roads: gpd.GeoDataFrame
    facts: dict[str, Any]


def sample_rows(region: Region, *, seed: int = 0, with_water: bool = False) -> SampleRows:
    """
    Return a sample of one region; the same for the same region, seed and assumptions.

    Parameters
    ----------
    region
        The region.
    seed
        Seed of every random choice.
    with_water
        Whether water mains are drawn as well.
    """
    canvas = make_canvas(region, assumptions=load_assumptions(), seed=seed)
    tunnels, in_tunnel = draw_tunnels(canvas)
    drawn = [draw_bridges(canvas), draw_parks(canvas), draw_sewers(canvas), draw_rivers(canvas)]
    if with_water:
        drawn.append(draw_water(canvas))
    parts = [_road_rows(canvas), tunnels, *(part for part, _ in drawn)]
    assets = number_rows([part for part in parts if part is not None])

    places = [road_facts(canvas), *(facts for _, facts in drawn)]
    facts = gather_facts(canvas, places, with_water=with_water)
    return SampleRows(assets, _routing_rows(canvas, assets, in_tunnel), facts)


def _road_rows(canvas: Canvas) -> gpd.GeoDataFrame:
    land, streets, muni = canvas.land, canvas.streets, canvas.road_muni
    codes = np.array(land.codes, dtype=object)[muni]
    is_prefectural = streets.road_class == PREFECTURAL
    drawn = pd.concat([_pavement(canvas, i) for i in range(len(land.codes))]).sort_index()
    grade = drawn["grade"].to_numpy()
    return make_rows(
        land,
        "road",
        shapely.linestrings(streets.coords),
        muni,
        owner_code=np.where(is_prefectural, np.array([c[:2] for c in codes], dtype=object), codes),
        subtype=CLASS_NAMES[streets.road_class],
        name=_road_names(land, streets, muni, is_prefectural),
        built_year=drawn["year"].array,
        condition=as_condition(grade),
        condition_raw=ROMAN[grade],
        length_m=np.round(streets.length_m, 2),
        width_m=drawn["width"].to_numpy(),
    )


def _pavement(canvas: Canvas, muni: int) -> pd.DataFrame:
    """Grade, width and year of one municipality's roads, indexed by row of `streets`; trunks are all surveyed."""
    rng = canvas.rng(f"roads/{canvas.land.codes[muni]}")
    here = np.flatnonzero(canvas.road_muni == muni)
    road_class = canvas.streets.road_class[here]
    surveyed = canvas.value("sample_pavement_surveyed_share")
    is_seen = (road_class < MUNICIPAL_OTHER) | (rng.uniform(size=len(here)) < surveyed)
    share = {grade: canvas.value(f"sample_pavement_grade{grade}_share") for grade in (3, 2)}
    grade = np.where(is_seen, np.maximum(grades(share, len(here), rng=rng), 1), 0)
    widths = np.array([canvas.value(f"sample_width_m_{name}") for name in CLASS_NAMES])
    width = np.round(widths[road_class] * np.exp(rng.normal(0, 0.12, len(here))), 1)
    years = built_years(len(here), "road", assumptions=canvas.assumptions, rng=rng)
    return pd.DataFrame({"grade": grade, "width": width, "year": years}, index=here)


def _road_names(land: Land, streets: Streets, muni: Ints, is_prefectural: Any) -> list[str]:
    towns = place_names(land, streets.coords.mean(axis=1), muni)
    places = land.region.municipalities["name_ja"].reindex(list(land.codes)).to_numpy()
    own = np.array([f"{name[-1]}道" for name in places], dtype=object)[muni]
    theirs = np.array([PREFECTURE_ROADS.get(code[:2], "県道") for code in land.codes], dtype=object)[muni]
    kind = np.where(is_prefectural, theirs, own)
    number = nth(muni, np.array([f"{k} {t}" for k, t in zip(kind, towns, strict=True)], dtype=object)) + 1
    return [f"{k} {t}{n}号線" for k, t, n in zip(kind, towns, number, strict=True)]


def _routing_rows(canvas: Canvas, assets: gpd.GeoDataFrame, in_tunnel: Ints) -> gpd.GeoDataFrame:
    roads = assets[assets["sector"] == "road"]
    is_tunnel = np.zeros(len(canvas.streets.edges), dtype=bool)
    is_tunnel[in_tunnel] = True
    table = {
        "road_class": pd.array(CLASS_NAMES[canvas.streets.road_class], dtype="str"),
        "is_oneway": False,
        "is_bridge": False,
        "is_tunnel": is_tunnel,
        "level": np.where(is_tunnel, -1, 0).astype("int8"),
        "asset_id": roads["asset_id"].array,
    }
    frame = gpd.GeoDataFrame(table, geometry=roads.geometry.array, crs=canvas.land.region.epsg)
    return frame.astype({"level": "Int8"})
