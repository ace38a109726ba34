"""Borders of municipalities from a file that may have many rows for one of them (islands, exclaves)."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gunmane.assumptions import load_assumptions
from gunmane.errors import FileError
from gunmane.ledgers.codelists import named_text, whole_code
from gunmane.ledgers.profiles import Profile
from gunmane.ledgers.raw import Raw
from gunmane.municipalities import Region
from gunmane.scenario import Note

LON_LAT = 4326
# Equal-area system of the world: areas of a file whose region is not known.
EQUAL_AREA = 6933
UNCLAIMED = "所属未定地"
M2_PER_KM2 = 1e6
FIRST_SHOWN = 5


def borders_from(
    raw: Raw, profile: Profile, shapes: gpd.GeoSeries, is_near: NDArray[np.bool_], *, region: Region | None
) -> gpd.GeoDataFrame:
    """
    Return one row a municipality, its parts joined; land that belongs to none yet is left out and counted.

    Parameters
    ----------
    raw, profile
        The file, and what its columns mean (`muni_code`, `muni_name`, `district_name`, `pref_name`).
    shapes
        Its shapes in its own system; those that are near are valid.
    is_near
        Which rows lie around the region; a municipality with one such row is kept whole.
    region
        Region whose municipalities are compared with its statistics; None compares nothing.

    Returns
    -------
    borders
        As `reference_from`, sorted by code.

    Raises
    ------
    FileError
        If no row has the code of a municipality.
    """
    code = whole_code(named_text(raw, profile, "muni_code"), 5)
    name = named_text(raw, profile, "muni_name")
    is_claimed = (
        (code.str.len() == 5) & ~code.str.endswith("000") & ~name.str.contains(UNCLAIMED)
    ).to_numpy()
    if not is_claimed.any():
        raise FileError("borders_no_code", file=raw.file, rows=len(code))
    is_area = shapely.get_dimensions(shapes.to_numpy()) == 2
    is_kept = is_claimed & code.isin(set(code[is_near & is_claimed])).to_numpy() & is_area
    ward = named_text(raw, profile, "ward_name")
    table = pd.DataFrame(
        {"code": code, "name": name + ward, "pref_name": named_text(raw, profile, "pref_name")}
    )[is_kept]
    kept = shapes.to_numpy()[is_kept]
    whole = {one: _joined(kept[at]) for one, at in table.groupby("code").indices.items()}
    first = table.sort_values(["code", "name"]).drop_duplicates("code").reset_index(drop=True)
    layer = gpd.GeoDataFrame(
        {"layer": "borders", "code": first["code"], "name": first["name"], "rank": "", "label": ""}
        | {"label_key": "", "pref_name": first["pref_name"]},
        geometry=[whole[one] for one in first["code"]],
        crs=shapes.crs,
    )
    areas = layer.geometry.to_crs(region.epsg if region else EQUAL_AREA).area / M2_PER_KM2
    layer.insert(7, "area_km2", areas)
    layer = layer.to_crs(LON_LAT)
    layer.attrs = _facts(raw, layer, region, {"claimed": is_claimed, "area": is_area}, code)
    return layer


def _joined(parts: NDArray[Any]) -> Any:
    """Return the parts as one shape: side by side where they are apart (islands), else united."""
    if len(parts) == 1:
        return parts[0]
    beside = shapely.multipolygons(shapely.get_parts(parts))
    if shapely.is_valid(beside):
        return beside
    return shapely.union_all(np.where(shapely.is_valid(parts), parts, shapely.make_valid(parts)))


def _facts(
    raw: Raw,
    layer: gpd.GeoDataFrame,
    region: Region | None,
    rows: dict[str, NDArray[np.bool_]],
    code: pd.Series,
) -> dict[str, Any]:
    """Return what was found out; `rows` marks which are claimed by a municipality and which have an area."""
    count, unclaimed = code[rows["claimed"]].nunique(), int((~rows["claimed"]).sum())
    is_broken = rows["claimed"] & ~rows["area"]
    areas = _areas(layer, region)
    ours = list(region.municipalities.index) if region else []
    missing = [one for one in ours if one not in set(layer["code"])]
    facts: dict[str, Any] = {
        "layer": "borders",
        "row_count": len(raw.table),
        "shown": len(layer),
        "municipalities": count,
        "without_code": unclaimed,
        "broken": int(is_broken.sum()),
        "missing": missing,
        "areas": areas,
    }
    told = {"known": len(ours) - len(missing), "expected": len(ours)}
    notes = [Note.of("borders_read", file=raw.file, count=count, **told)] if region else []
    if missing and region:
        names = "・".join(region.name_of(one, "ja") for one in missing[:FIRST_SHOWN])
        notes.append(Note.of("borders_missing", file=raw.file, names=names))
    if unclaimed:
        notes.append(Note.of("borders_without_code", file=raw.file, rows=unclaimed))
    if is_broken.any():
        first = int(raw.table.index[is_broken][0])
        notes.append(Note.of("reference_broken", file=raw.file, rows=int(is_broken.sum()), first=first))
    limit = load_assumptions().value("border_area_apart_ratio")
    for area in areas:
        if area["apart"] is not None and abs(area["apart"]) > limit:
            told_area = {"area": f"{area['area_km2']:,.1f}", "official": f"{area['official_km2']:,.1f}"}
            percent = f"{100 * abs(area['apart']):.1f}"
            notes.append(Note.of("borders_area", name=area["name"], percent=percent, **told_area))
    return facts | {"notes": tuple(notes)}


def _areas(layer: gpd.GeoDataFrame, region: Region | None) -> list[dict[str, Any]]:
    """Area of each of the region's municipalities in the file beside that of the statistics (km2)."""
    if region is None:
        return []
    official = region.statistics["area_km2"]
    areas = []
    for row in layer[layer["code"].isin(region.municipalities.index)].itertuples():
        known = float(official.get(row.code, float("nan")))
        apart = row.area_km2 / known - 1 if known > 0 else None
        areas.append(
            {
                "code": row.code,
                "name": row.name,
                "area_km2": float(row.area_km2),
                "official_km2": known if known > 0 else None,
                "apart": apart,
            }
        )
    return areas
