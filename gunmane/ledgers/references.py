"""Layers to look at: borders, emergency routes, dense districts, flood depth and other areas, in WGS84."""

from __future__ import annotations

import dataclasses
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
from numpy.typing import NDArray

from gunmane.assumptions import load_assumptions
from gunmane.errors import FileError
from gunmane.ledgers.borders import borders_from
from gunmane.ledgers.codelists import looked_up, named_text, named_words, number_of, plain_text, whole_code
from gunmane.ledgers.profiles import Profile
from gunmane.ledgers.raw import Raw
from gunmane.ledgers.rows import check_places
from gunmane.ledgers.shapes import shapes_of
from gunmane.municipalities import Region
from gunmane.scenario import Note

LON_LAT = 4326
LAYERS = ("borders", "emergency_route", "did", "flood", "other")
# What a flood file says: its column of ours, its list of words, the name of its scenario.
FLOOD_FAMILIES = (
    ("depth_rank_max", "depth", "maximum"),
    ("depth_rank_planned", "depth", "planned"),
    ("duration_rank", "duration", "duration"),
    ("collapse_code", "collapse", "collapse"),
)
COMMON = ("layer", "code", "name", "rank", "label", "label_key")
FIRST_SHOWN = 3


def reference_from(raw: Raw, profile: Profile, *, region: Region | None = None) -> gpd.GeoDataFrame:
    """
    Return a layer to look at, which no plan is made from.

    Parameters
    ----------
    raw
        The file as it came.
    profile
        What its columns mean; role "borders" or "reference".
    region
        Region to show it for: features farther away than `reference_margin_m` are left out, and flood areas are cut
        there (a whole prefecture's are too large to show). None keeps every feature.

    Returns
    -------
    layer
        In EPSG:4326, index as in `raw`, geometry valid. Columns: `layer` ("borders", "emergency_route", "did",
        "flood" or "other"), `code` (of the municipality or prefecture, text, "" where there is none), `name`,
        `rank` (class as the file codes it), `label` (what that class means, in Japanese), `label_key` (catalogue key
        of that meaning, or ""). Borders: one row a municipality, indexed by number, with `pref_name`, `area_km2`.
        Emergency routes: `road_kind`, `document`, `document_date`, `status`. Dense districts: `population`,
        `area_km2`, `year`. Flood: `scenario` ("maximum", "planned", "duration", "collapse"), `depth_low_m`,
        `depth_high_m` (missing: no upper bound), `keeper`. Other: the file's own columns as text.
        `attrs`: `layer`, `row_count`, `shown`, `outside`, `broken`, `mended`, `without_rank`, `notes`; of borders
        `municipalities`, `without_code`, `missing`, `areas` too.

    Raises
    ------
    FileError
        If nothing of the file can be shown, or all of it lies elsewhere.
    """
    places = shapes_of(raw, profile, region=region)
    if places.isna().all():
        first = "・".join(str(number) for number in raw.table.index[:FIRST_SHOWN])
        raise FileError("ledger_no_usable_place", file=raw.file, rows=len(places), first=first)
    taken = _take(places, region, is_cut=profile.constants.get("layer") == "flood")
    if region is not None and not taken.is_near.any():
        check_places(gpd.GeoDataFrame(geometry=places.set_axis(places.index - 1)), region, raw.file)
    if profile.role == "borders":
        return borders_from(raw, profile, taken.mended, taken.is_near, region=region)
    table = _columns(raw, profile)[taken.is_near]
    layer = gpd.GeoDataFrame(table, geometry=taken.mended[taken.is_near], crs=places.crs).to_crs(LON_LAT)
    layer.attrs = _facts(raw, profile, layer, taken)
    return layer


@dataclasses.dataclass(frozen=True, eq=False)
class _Places:
    """Shapes made valid (only the near ones), and which rows are near, broken or mended."""

    mended: gpd.GeoSeries
    is_near: NDArray[np.bool_]
    is_broken: NDArray[np.bool_]
    is_mended: NDArray[np.bool_]


def _take(places: gpd.GeoSeries, region: Region | None, *, is_cut: bool) -> _Places:
    """Return the shapes around the region made valid; cut to its surroundings where `is_cut`."""
    shapes = places.to_numpy().copy()
    is_broken = np.asarray(shapely.is_missing(shapes))
    box = _surroundings(region, places.crs) if region is not None else None
    is_near = ~is_broken
    if box is not None:
        bounds = shapely.bounds(shapes)
        with np.errstate(invalid="ignore"):
            is_near &= (bounds[:, 0] <= box[2]) & (bounds[:, 2] >= box[0])
            is_near &= (bounds[:, 1] <= box[3]) & (bounds[:, 3] >= box[1])
    at = np.flatnonzero(is_near)
    wrong = at[~shapely.is_valid(shapes[at])]
    shapes[wrong] = main_parts(shapely.make_valid(shapes[wrong]), shapely.get_dimensions(shapes[wrong]))
    is_mended = np.zeros(len(shapes), dtype=bool)
    is_mended[wrong] = True
    is_lost = np.zeros(len(shapes), dtype=bool)
    is_lost[wrong] = shapely.is_empty(shapes[wrong])
    if box is not None and is_cut:
        whole = shapely.get_dimensions(shapes[at])
        shapes[at] = main_parts(shapely.clip_by_rect(shapes[at], *box), whole)
    is_near &= ~shapely.is_empty(shapes)
    mended = gpd.GeoSeries(shapes, index=places.index, crs=places.crs)
    return _Places(mended, is_near, is_broken | is_lost, is_mended & is_near)


def _surroundings(region: Region, crs: pyproj.CRS) -> tuple[float, float, float, float]:
    """Return west, south, east and north of the region's surroundings in another system."""
    margin = load_assumptions().value("reference_margin_m")
    west, south, east, north = region.municipalities.total_bounds
    box = shapely.box(west - margin, south - margin, east + margin, north + margin)
    # Straight edges bend in another system: their middles are carried along.
    fine = shapely.segmentize(box, max(east - west, north - south) / 10)
    bounds = gpd.GeoSeries([fine], crs=region.epsg).to_crs(crs).total_bounds
    return float(bounds[0]), float(bounds[1]), float(bounds[2]), float(bounds[3])


def main_parts(shapes: NDArray[Any], dimensions: NDArray[Any]) -> NDArray[Any]:
    """Return of each shape the parts of the dimension it should have (0 points, 1 lines, 2 areas)."""
    kept = np.asarray(shapes, dtype=object).copy()
    is_mixed = shapely.get_type_id(kept) == shapely.GeometryType.GEOMETRYCOLLECTION
    is_less = shapely.get_dimensions(kept) < dimensions
    for i in np.flatnonzero(is_mixed | is_less):
        parts = shapely.get_parts(kept[i])
        kept[i] = shapely.union_all(parts[shapely.get_dimensions(parts) == dimensions[i]])
    return kept


def _columns(raw: Raw, profile: Profile) -> pd.DataFrame:
    """Return the columns of the layer for every row of the file."""
    layer = profile.constants.get("layer", "other")
    layer = layer if layer in LAYERS else "other"
    rank = named_text(raw, profile, "rank")
    code_name = "pref_code" if "pref_code" in profile.columns else "code"
    table = pd.DataFrame(
        {
            "layer": layer,
            "code": whole_code(named_text(raw, profile, code_name), 2 if code_name == "pref_code" else 5),
            "name": named_text(raw, profile, "name"),
            "rank": rank,
            "label": looked_up(rank, profile.values.get("label", {})),
        },
        index=raw.table.index,
    )
    kind = profile.kind if layer == "other" else layer
    table["label_key"] = np.where(table["label"] != "", f"reference.rank.{kind}." + rank, "")
    if layer == "flood":
        return _flood(raw, profile, table)
    if layer == "did":
        values = {name: number_of(named_text(raw, profile, name)) for name in ("population", "area_km2")}
        return table.assign(**values, year=number_of(named_text(raw, profile, "year")).astype("Int64"))
    if layer == "emergency_route":
        others = ("road_kind", "document", "document_date", "status")
        return table.assign(**{name: named_words(raw, profile, name) for name in others})
    own = {str(name): plain_text(raw.table[name]) for name in raw.table.columns}
    return table.assign(**{name: text for name, text in own.items() if name not in (*COMMON, "geometry")})


def _flood(raw: Raw, profile: Profile, table: pd.DataFrame) -> pd.DataFrame:
    """Return the columns of a flood layer; of several families in one row the first of `FLOOD_FAMILIES` counts."""
    empty = pd.Series("", index=table.index, dtype="str")
    scenario, rank, label, key = empty, empty, empty, empty
    for name, words, word in reversed(FLOOD_FAMILIES):
        codes = named_text(raw, profile, name)
        is_said = codes != ""
        meaning = looked_up(codes, profile.values.get(f"{words}_label", {}))
        rank, label = codes.where(is_said, rank), meaning.where(is_said, label)
        scenario = scenario.mask(is_said, word)
        own_key = (f"reference.rank.{words}." + codes).where(meaning != "", "")
        key = own_key.where(is_said, key)
    is_depth = scenario.isin(["maximum", "planned"])
    bounds = {
        name: number_of(looked_up(rank.where(is_depth, ""), profile.values.get(name, {})))
        for name in ("depth_low_m", "depth_high_m")
    }
    keeper = named_text(raw, profile, "keeper")
    return table.assign(rank=rank, label=label, label_key=key, scenario=scenario, **bounds, keeper=keeper)


def _facts(raw: Raw, profile: Profile, layer: gpd.GeoDataFrame, taken: _Places) -> dict[str, Any]:
    has_classes = bool({"label", "depth_label"} & set(profile.values))
    without = layer["label"] == "" if has_classes else pd.Series(False, index=layer.index)
    facts: dict[str, Any] = {
        "layer": profile.constants.get("layer", "other"),
        "row_count": len(taken.is_near),
        "shown": len(layer),
        "outside": int((~taken.is_near & ~taken.is_broken).sum()),
        "broken": int(taken.is_broken.sum()),
        "mended": int(taken.is_mended.sum()),
        "without_rank": int(without.sum()),
    }
    notes = [Note.of("reference_unknown", file=raw.file)]
    if profile.kind == "a50":
        others = [str(name) for name in raw.table.columns if str(name).upper() != "A50_006"]
        notes.append(Note.of("reference_a50", file=raw.file, columns=", ".join(others)[:120] or "-"))
    margin = load_assumptions().value("reference_margin_m") / 1000
    if facts["outside"]:
        told = {"rows": facts["outside"], "total": facts["row_count"], "margin": f"{margin:g}"}
        notes.append(Note.of("reference_outside", file=raw.file, **told))
    if facts["broken"]:
        first = raw.table.index[taken.is_broken][0]
        notes.append(Note.of("reference_broken", file=raw.file, rows=facts["broken"], first=int(first)))
    if facts["mended"]:
        notes.append(Note.of("reference_mended", file=raw.file, rows=facts["mended"]))
    if facts["without_rank"]:
        found = ", ".join(sorted(set(layer.loc[without, "rank"]) - {""})[:FIRST_SHOWN]) or "-"
        told = {"rows": facts["without_rank"], "example": found}
        notes.append(Note.of("reference_no_rank", file=raw.file, **told))
    return facts | {"notes": tuple(notes)}
