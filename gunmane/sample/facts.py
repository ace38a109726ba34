"""What a sample was calibrated to, what is not on record, what had to be estimated."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.sparse.csgraph import connected_components

from gunmane.sample.canvas import Canvas
from gunmane.sample.land import Land
from gunmane.sample.trunks import PREFECTURAL

Facts = dict[str, dict[str, Any]]
TOWNS_TOLD = 5


def gather_facts(canvas: Canvas, parts: Sequence[Facts], *, with_water: bool) -> dict[str, Any]:
    """
    Return the facts of a whole sample, fit for JSON.

    Parameters
    ----------
    canvas
        The ground with its roads.
    parts
        Facts per municipality from each step; their keys differ.
    with_water
        Whether water mains were drawn.
    """
    places: Facts = {code: {} for code in canvas.land.codes}
    for part in parts:
        for code, values in part.items():
            places[code].update(values)
    islands = island_facts(canvas)
    return {
        "municipalities": places,
        "islands": islands,
        "notes": _notes(canvas.land, places, islands, with_water=with_water),
        "seed": canvas.seed,
        "with_water": with_water,
    }


def _notes(
    land: Land, places: Facts, islands: list[dict[str, Any]], *, with_water: bool
) -> list[tuple[str, dict[str, Any]]]:
    """What a reader must know, as catalogue keys under `note.` with their values."""
    marked = (
        ("sample_no_parks", [c for c, f in places.items() if not f["has_park_record"]]),
        ("sample_bridges_estimated", [c for c, f in places.items() if f["bridges_estimated"]]),
        ("sample_rivers_estimated", [c for c, f in places.items() if f.get("rivers_estimated", False)]),
        ("sample_trunks_thinned", [c for c, f in places.items() if f["is_thinned"]]),
    )
    notes: list[tuple[str, dict[str, Any]]] = [("sample_prefecture_estimated", {})]
    notes += [(key, _named(land, codes)) for key, codes in marked if codes]
    if islands:
        towns = "、".join(_told_towns(island["towns"]) for island in islands)
        notes.append(("sample_islands", {"count": len(islands), "towns": towns}))
    if not with_water:
        notes.append(("sample_without_water", {}))
    return notes


def _told_towns(towns: Sequence[str]) -> str:
    """Return the first settlements of an island, and that there are more."""
    return "・".join(towns[:TOWNS_TOLD]) + ("…" if len(towns) > TOWNS_TOLD else "") or "-"


def _named(land: Land, codes: list[str]) -> dict[str, str]:
    return {
        "names_ja": "、".join(land.region.name_of(code, "ja") for code in codes),
        "names_en": ", ".join(land.region.name_of(code, "en") for code in codes),
    }


def road_facts(canvas: Canvas) -> dict[str, dict[str, Any]]:
    """Return per municipality what was drawn: lengths (m) of its own, trunk and prefectural roads, settlements."""
    land, mesh, trunks, streets = canvas.land, canvas.mesh, canvas.trunks, canvas.streets
    muni = canvas.road_muni
    official = land.official_road_m
    count = len(official)

    def total(chosen: Any) -> Any:
        return np.bincount(muni[chosen], streets.length_m[chosen], minlength=count)

    own = total(streets.road_class != PREFECTURAL)
    prefectural = total(streets.road_class == PREFECTURAL)
    trunk = total(np.isin(streets.edges, trunks.edges))
    hamlets = np.bincount(mesh.hamlet_muni, minlength=count)
    return {
        code: {
            "road_m": round(float(own[i])),
            "road_target_m": round(float(official[i])),
            "trunk_m": round(float(trunk[i])),
            "gabriel_m": round(float(trunks.gabriel_m[i])),
            "is_thinned": bool(trunks.is_thinned[i]),
            "prefectural_road_m": round(float(prefectural[i])),
            "prefectural_ratio": round(float(prefectural[i] / official[i]), 3),
            "added_settlements": int(hamlets[i]),
            "merged_towns": int(land.merged[i]),
        }
        for i, code in enumerate(land.codes)
    }


def island_facts(canvas: Canvas) -> list[dict[str, Any]]:
    """Groups of roads that nothing joins to the longest one, named after their towns."""
    land, mesh, streets = canvas.land, canvas.mesh, canvas.streets
    label = connected_components(mesh.graph(streets.edges, mesh.length_m), directed=False)[1]
    length = np.bincount(label[mesh.source[streets.edges]], streets.length_m, minlength=label.max() + 1)
    found = []
    for part in np.argsort(-length, kind="stable")[1:]:
        if length[part] <= 0:
            break
        towns = np.flatnonzero(label[: mesh.town_count] == part)
        found.append(
            {
                "muni_codes": sorted({land.codes[m] for m in land.town_muni[towns]}),
                "towns": sorted(str(name) for name in land.town_name[towns]),
                "road_m": round(float(length[part])),
            }
        )
    return found
