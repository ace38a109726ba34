"""A plan as map layers: which strands to show together, what the pointer says, what lies around."""

from __future__ import annotations

import dataclasses
import functools
import weakref
from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import pandas as pd

from app_pages import session, words
from gunmane import maps
from gunmane.i18n import t
from gunmane.maps import GunmaneMap, LayerSpec, LegendRow, Link, Style
from gunmane.municipalities import Region, load_japan
from gunmane.scenario import Plan

TRUNKS = {"expressway": 2.4, "national": 2.0, "prefectural": 1.3}
LAYERS_KEPT = 32
TRUNK_COLOUR = "#5B6670"
_KEYS: weakref.WeakKeyDictionary[Plan, int] = weakref.WeakKeyDictionary()
"""Keys of the plans that some session holds: every page asks for them many times."""


@dataclasses.dataclass(frozen=True)
class View:
    """Strands of a plan that are drawn together: none of them covers another."""

    key: str
    label: str
    strands: tuple[str, ...]


def plan_views(plan: Plan) -> list[View]:
    """Return what of a plan can be drawn on one map: a field where fields stay apart, all bodies together."""
    region = plan.ground.region
    groups: dict[str, list[str]] = {}
    for name in sorted(set(plan.assignment["strand"])):
        owner, _, field = name.partition("/")
        if plan.scenario.joins_owners:
            owner, field = "", name
        is_prefecture = len(owner) == 2
        groups.setdefault(f"{owner if is_prefecture else ''}/{field}", []).append(name)
    views = []
    for key, strands in sorted(groups.items()):
        owner, _, field = key.partition("/")
        parts = [] if plan.scenario.joins_owners else [_owner_words(owner, region)]
        parts += [session.tr(f"field.{field}")] if field else []
        views.append(View(key, words.heading(session.tr("word.list_sep").join(parts)), tuple(strands)))
    return views


def _owner_words(owner: str, region: Region) -> str:
    return region.name_of(owner, session.lang()) if owner else session.tr("group.municipal")


def shown_units(plan: Plan, view: View) -> gpd.GeoDataFrame:
    """Return the units with the bundle that each lies in, in one view; the unit's own body goes first."""
    rows = plan.assignment[plan.assignment["strand"].isin(view.strands)]
    rows = rows.join(plan.ground.units["muni_code"], on="unit_id")
    is_own = rows["strand"].str.partition("/")[0] == rows["muni_code"]
    rows = rows.assign(is_own=is_own).sort_values(["is_own", "strand"], ascending=[False, True])
    bundle_of = rows.drop_duplicates("unit_id").set_index("unit_id")["bundle_id"]
    units = plan.ground.units
    return units.assign(bundle_id=bundle_of.reindex(units.index).astype("object"))


def plan_layers(plan: Plan, view: View, *, colours: pd.DataFrame) -> list[LayerSpec]:
    """Return the layers of a plan in one view: trunk roads, bundles with labels and bases."""
    units = shown_units(plan, view)
    strands = plan.bundles["strand"].isin(view.strands)
    bundles = plan.bundles[strands].copy()
    bundles["label"] = bundles.index.astype("str")
    bases = plan.ground.units.geometry.reindex(bundles["base_unit_id"])
    spots = bases.representative_point()
    bundles["base_x"], bundles["base_y"] = spots.x.to_numpy(), spots.y.to_numpy()
    units = units.assign(tip=_tips(plan, units))
    is_synthetic = session.is_sample()
    made = maps.bundle_layers(bundles, units, lang=session.lang(), colours=colours)
    made = [dataclasses.replace(layer, is_synthetic=is_synthetic) for layer in made]
    return [made[0], trunk_layer(plan, is_synthetic=is_synthetic), *made[1:]]


def kept_layers(plan: Plan, view: View) -> list[LayerSpec]:
    """Return the layers of a plan in one view, made once while plan, view and language stay the same."""

    def make() -> list[LayerSpec]:
        return plan_layers(plan, view, colours=bundle_shades(plan, plan_views(plan)))

    key = (plan.scenario.fingerprint(), plan.bundles.index[0], view.key, session.lang(), labels_key(plan))
    return session.remembered("plan_layers", key, make, max_entries=LAYERS_KEPT)


def labels_key(plan: Plan) -> int:
    """Tell plans of the same choices apart: today, or one that was cancelled."""
    known = _KEYS.get(plan)
    if known is None:
        known = _KEYS[plan] = _labels_key(plan)
    return known


def _labels_key(plan: Plan) -> int:
    bases = plan.bundles["base_unit_id"].astype("object")
    parts = (tuple(plan.assignment["bundle_id"]), tuple(plan.assignment["strand"]), tuple(bases))
    return hash(parts)


def _tips(plan: Plan, units: gpd.GeoDataFrame) -> pd.Series:
    """Return what stands at the pointer: the unit, its municipality, its bundle and the way from the base."""
    lang, region = session.lang(), plan.ground.region
    muni = units["muni_code"].map({c: region.name_of(c, lang) for c in set(units["muni_code"])})
    base = units["bundle_id"].map(plan.bundles["base_unit_id"])
    row = plan.ground.units.index.get_indexer(base.fillna(""))
    drive = plan.ground.travel_min[row, np.arange(len(units))].astype("float64")
    in_words = functools.cache(words.minutes)
    said = [
        in_words(round(minutes, 2)) if place >= 0 else words.unknown()
        for place, minutes in zip(row, drive, strict=True)
    ]
    tips = [
        t("group.tip", lang, name=name, muni=town, bundle=bundle, minutes=minutes)
        if isinstance(bundle, str)
        else name
        for name, town, bundle, minutes in zip(units["name"], muni, units["bundle_id"], said, strict=True)
    ]
    return pd.Series(tips, index=units.index)


def trunk_layer(plan: Plan, *, is_synthetic: bool) -> LayerSpec:
    """Return the main roads as thin lines, so that a reader finds his way on the bundles."""
    roads = plan.ground.roads
    kind = roads["road_class"] if "road_class" in roads.columns else pd.Series("", index=roads.index)
    chosen = roads[kind.isin(list(TRUNKS))]
    names = list(TRUNKS)
    styles = tuple(
        Style(colour=TRUNK_COLOUR, weight=width, opacity=0.8, grows=True) for width in TRUNKS.values()
    )
    style = chosen["road_class"].map(names.index) if len(chosen) else pd.Series([], dtype="int64")
    frame = gpd.GeoDataFrame(
        {"id": chosen.index.astype("str"), "style": style.astype("int64")},
        geometry=chosen.geometry,
        crs=roads.crs,
    )
    shown = sorted(set(frame["style"]))
    legend = tuple(LegendRow(session.tr(f"road_class.{names[i]}"), styles[i], "line") for i in shown)
    title = session.tr("group.trunks")
    return LayerSpec("trunks", title, "", frame, styles, legend, is_synthetic=is_synthetic)


def region_map(
    region: Region,
    *,
    view_name: str = "",
    credits_of: Sequence[str] = (),
    bounds: tuple[float, float, float, float] | None = None,
    link: Link | None = None,
) -> GunmaneMap:
    """
    Return the ground of a region's map, with the land around it.

    Parameters
    ----------
    region
        Region on which the map opens.
    view_name
        Name under which the browser keeps the view; the region's own by default.
    credits_of
        Credits of whatever else is shown.
    bounds
        West, south, east, north (degrees) to open on instead.
    link
        The maps beside it that look at the same place.
    """
    areas = region.municipalities.reset_index().rename(columns={"name_ja": "name"})
    west, south, east, north = areas.to_crs(4326).total_bounds
    near = load_japan().cx[west - 1.5 : east + 1.5, south - 1 : north + 1]
    sources = [session.tr(f"source.{name}") for name in ("borders", "towns")]
    return maps.base_map(
        areas,
        lang=session.lang(),
        backdrop=near,
        bounds=bounds,
        sources=[*sources, *credits_of],
        view_name=view_name or region.region_id,
        link=link,
    )


def bundle_shades(plan: Plan, views: Sequence[View]) -> pd.DataFrame:
    """Return colour and hatching of every bundle, chosen view by view."""
    tables = [maps.bundle_colours(plan.bundles[plan.bundles["strand"].isin(view.strands)]) for view in views]
    return pd.concat(tables)
