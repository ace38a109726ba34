"""A whole sample of one region, and how near it comes to the statistics."""

from __future__ import annotations

import dataclasses
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gunmane.assumptions import Assumptions, load_assumptions
from gunmane.municipalities import Region
from gunmane.sample.facts import gather_facts, island_facts, road_facts
from gunmane.sample.land import Ints, Land, read_land, rng_of
from gunmane.sample.mesh import Mesh, make_mesh
from gunmane.sample.parks import draw_parks
from gunmane.sample.pipes import draw_sewers, draw_water
from gunmane.sample.rivers import draw_rivers, draw_streams
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
from gunmane.sample.streets import Streets, draw_streets
from gunmane.sample.structures import draw_bridges, draw_tunnels
from gunmane.sample.trunks import CLASS_NAMES, MUNICIPAL_OTHER, PREFECTURAL, draw_trunks

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
    assumptions = load_assumptions()
    land = read_land(region, assumptions=assumptions)
    mesh = make_mesh(land, assumptions=assumptions, seed=seed)
    trunks = draw_trunks(land, mesh, assumptions=assumptions)
    streets = draw_streets(land, mesh, trunks, assumptions=assumptions, seed=seed)
    streams = draw_streams(land, mesh.terrain, seed=seed)

    bridges, bridge_facts = draw_bridges(land, mesh, streets, streams, assumptions=assumptions, seed=seed)
    tunnels, in_tunnel = draw_tunnels(land, mesh, streets, assumptions=assumptions, seed=seed)
    parks, park_facts = draw_parks(land, mesh, streets, assumptions=assumptions, seed=seed)
    sewers, sewer_facts = draw_sewers(land, mesh, streets, assumptions=assumptions, seed=seed)
    rivers, river_facts = draw_rivers(land, streams, assumptions=assumptions, seed=seed)
    parts = [
        _road_rows(land, mesh, streets, assumptions=assumptions, seed=seed),
        bridges,
        tunnels,
        parks,
        sewers,
        rivers,
    ]
    water_facts: dict[str, dict[str, Any]] = {}
    if with_water:
        water, water_facts = draw_water(land, mesh, streets, assumptions=assumptions, seed=seed)
        parts.append(water)
    assets = number_rows([part for part in parts if part is not None])

    parts_facts = (
        road_facts(land, mesh, trunks, streets),
        bridge_facts,
        park_facts,
        sewer_facts,
        river_facts,
        water_facts,
    )
    islands = island_facts(land, mesh, streets)
    facts = gather_facts(land, parts_facts, islands, seed=seed, with_water=with_water)
    return SampleRows(assets, _routing_rows(land, streets, assets, in_tunnel), facts)


def _road_rows(
    land: Land, mesh: Mesh, streets: Streets, *, assumptions: Assumptions, seed: int
) -> gpd.GeoDataFrame:
    muni = mesh.muni[streets.edges]
    codes = np.array(land.codes, dtype=object)[muni]
    class_name = CLASS_NAMES[streets.road_class]
    is_prefectural = streets.road_class == PREFECTURAL
    widths = np.array([assumptions.value(f"sample_width_m_{name}") for name in CLASS_NAMES])
    parts = []
    for i, code in enumerate(land.codes):
        rng = rng_of(f"roads/{code}", seed=seed)
        here = np.flatnonzero(muni == i)
        is_seen = (streets.road_class[here] < MUNICIPAL_OTHER) | (
            rng.uniform(size=len(here)) < assumptions.value("sample_pavement_surveyed_share")
        )
        share = {
            3: assumptions.value("sample_pavement_grade3_share"),
            2: assumptions.value("sample_pavement_grade2_share"),
        }
        grade = np.where(is_seen, np.maximum(grades(share, len(here), rng=rng), 1), 0)
        width = widths[streets.road_class[here]]
        years = built_years(len(here), "road", assumptions=assumptions, rng=rng)
        wide = np.round(width * np.exp(rng.normal(0, 0.12, len(here))), 1)
        parts.append(pd.DataFrame({"grade": grade, "width": wide, "year": years}, index=here))
    drawn = pd.concat(parts).sort_index()
    owner = np.where(is_prefectural, np.array([c[:2] for c in codes], dtype=object), codes)
    grade = drawn["grade"].to_numpy()
    return make_rows(
        land,
        "road",
        shapely.linestrings(streets.coords),
        muni,
        owner_code=owner,
        subtype=class_name,
        name=_road_names(land, streets, muni, is_prefectural),
        built_year=drawn["year"].array,
        condition=as_condition(grade),
        condition_raw=ROMAN[grade],
        length_m=np.round(streets.length_m, 2),
        width_m=drawn["width"].to_numpy(),
    )


def _road_names(land: Land, streets: Streets, muni: Ints, is_prefectural: Any) -> list[str]:
    towns = place_names(land, streets.coords.mean(axis=1), muni)
    places = land.region.municipalities["name_ja"].reindex(list(land.codes)).to_numpy()
    own = np.array([f"{name[-1]}道" for name in places], dtype=object)[muni]
    theirs = np.array([PREFECTURE_ROADS.get(code[:2], "県道") for code in land.codes], dtype=object)[muni]
    kind = np.where(is_prefectural, theirs, own)
    number = nth(muni, np.array([f"{k} {t}" for k, t in zip(kind, towns, strict=True)], dtype=object)) + 1
    return [f"{k} {t}{n}号線" for k, t, n in zip(kind, towns, number, strict=True)]


def _routing_rows(
    land: Land, streets: Streets, assets: gpd.GeoDataFrame, in_tunnel: Ints
) -> gpd.GeoDataFrame:
    roads = assets[assets["sector"] == "road"]
    is_tunnel = np.zeros(len(streets.edges), dtype=bool)
    is_tunnel[in_tunnel] = True
    table = {
        "road_class": pd.array(CLASS_NAMES[streets.road_class], dtype="str"),
        "is_oneway": False,
        "is_bridge": False,
        "is_tunnel": is_tunnel,
        "level": np.where(is_tunnel, -1, 0).astype("int8"),
        "asset_id": roads["asset_id"].array,
    }
    frame = gpd.GeoDataFrame(table, geometry=roads.geometry.array, crs=land.region.epsg)
    return frame.astype({"level": "Int8"})
