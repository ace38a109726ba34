"""What is different in two plans as map layers: units by where they went, and what moved on top of either plan."""

from __future__ import annotations

import dataclasses
import itertools

import geopandas as gpd
import pandas as pd

from app_pages import plan_map, session, words
from app_pages.difference_tables import Two
from app_pages.plan_map import View
from app_pages.plan_titles import short_title, with_titles
from gunmane import maps
from gunmane.maps import LayerSpec, LegendRow, Style
from gunmane.maps.palette import OKABE_ITO, PATTERNS
from gunmane.scenario import Plan
from gunmane.workbench.draft import name_order

PAIRS_NAMED = 24
GRID_M = 1.0
REST = Style(colour="#C3CAD1", weight=0.6, fill="#EEF1F4", opacity=0.75)
GROUPS = Style(colour="#1F2933", weight=2.2, halo="#FFFFFF", label="plate")
AFTER = Style(colour="#52606D", weight=2, halo="#FFFFFF", label="quiet")
BEFORE = Style(colour="#8A5A00", weight=1.6, dash="3 5", halo="#FFFFFF")
MARKED = Style(colour="#C2410C", weight=3, dash="8 5", halo="#FFFFFF")


def side_layers(two: Two, views: tuple[View, View]) -> tuple[list[LayerSpec], list[LayerSpec]]:
    """Return the layers of both plans; bundles of one pair have the same colour and hatching on either side."""
    made = []
    for plan, view, shades in zip((two.before, two.after), views, pair_shades(two, views), strict=True):
        layers = [_in_shades(layer, shades) for layer in plan_map.kept_layers(plan, view)]
        made.append(with_titles(plan, view, layers))
    return made[0], made[1]


def pair_shades(two: Two, views: tuple[View, View]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """
    Return `colour` and `pattern` by bundle for either plan; what is no pair has a colour that the other side has not.

    Parameters
    ----------
    two
        The plans.
    views
        What of each plan is drawn.
    """
    sides = [
        plan.bundles[plan.bundles["strand"].isin(view.strands)]
        for plan, view in zip((two.before, two.after), views, strict=True)
    ]
    # The side of fewer bundles has the plain colours.
    first = int(len(sides[1]) < len(sides[0]))
    names = ["before", "after"]
    shades = maps.bundle_colours(sides[first])
    partner = two.made.pairs.set_index(names[1 - first])[names[first]]
    every = [(colour, pattern) for pattern in PATTERNS for colour in OKABE_ITO]
    used = set(zip(shades["colour"], shades["pattern"], strict=True))
    spare = itertools.cycle([one for one in every if one not in used] or every)
    ids = sorted(map(str, sides[1 - first].index), key=name_order)
    rows = [
        tuple(shades.loc[partner[name]]) if partner.get(name, "") in shades.index else next(spare)
        for name in ids
    ]
    others = pd.DataFrame(rows, columns=["colour", "pattern"], index=ids, dtype="object")
    others = others.reindex(sides[1 - first].index)
    return (others, shades) if first else (shades, others)


def _in_shades(layer: LayerSpec, shades: pd.DataFrame) -> LayerSpec:
    """Return the layer of a plan's areas in other colours; the places stay, so that nothing of them is sent again."""
    if layer.name != "bundles.units":
        return layer
    own = [
        dataclasses.replace(style, fill=shade.colour, pattern=shade.pattern)
        for style, shade in zip(layer.styles, shades.itertuples(), strict=False)
    ]
    legend = [dataclasses.replace(row, style=style) for row, style in zip(layer.legend, own, strict=False)]
    rest = layer.styles[len(own) :], layer.legend[len(own) :]
    return dataclasses.replace(layer, styles=(*own, *rest[0]), legend=(*legend, *rest[1]))


def main_moves(two: Two) -> pd.DataFrame:
    """Return for each unit that moved the pair of bundles that most of its moved work went between."""
    moved = two.made.moved.sort_values(
        ["annual_jpy", "before", "after"], ascending=[False, True, True], kind="stable"
    )
    return moved.drop_duplicates("unit_id").set_index("unit_id")[["before", "after"]]


def pair_areas(two: Two) -> gpd.GeoDataFrame:
    """Return the land that went between each pair of bundles: `before, after, unit_count`, the largest groups first."""
    moves = main_moves(two)
    units = two.after.ground.units
    own = gpd.GeoDataFrame(moves, geometry=units.geometry.reindex(moves.index), crs=units.crs)
    if own.empty:
        return own.assign(unit_count=pd.Series(dtype="int64"))
    areas = own.dissolve(by=["before", "after"], grid_size=GRID_M).reset_index()
    sizes = own.groupby(["before", "after"]).size().rename("unit_count").reset_index()
    areas = areas.merge(sizes, on=["before", "after"])
    order = sorted(areas.index, key=lambda i: (-areas.at[i, "unit_count"], name_order(areas.at[i, "after"])))
    return areas.loc[order].reset_index(drop=True)


def change_layers(two: Two, views: tuple[View, View]) -> list[LayerSpec]:
    """
    Return the layers of the map of what differs, in drawing order.

    Parameters
    ----------
    two
        The plans.
    views
        What of each plan is drawn.
    """
    tr, is_synthetic = session.tr, session.is_sample()
    areas = pair_areas(two)
    layers = [_unit_layer(two, areas)]
    layers.append(plan_map.trunk_layer(two.after, is_synthetic=is_synthetic))
    outlines = (
        (two.after, views[1], AFTER, "after", True),
        (two.before, views[0], BEFORE, "before", False),
    )
    for plan, view, style, name, has_label in outlines:
        bundles = plan.bundles[plan.bundles["strand"].isin(view.strands)]
        title = tr(f"difference.map.{name}")
        frame = bundles[[bundles.geometry.name]].assign(id=bundles.index.astype(str), style=0)
        if has_label:
            frame["label"] = [short_title(plan.titles, str(bundle)) for bundle in bundles.index]
        layers.append(
            LayerSpec(f"difference.{name}", title, "", frame, (style,), (LegendRow(title, style, "line"),))
        )
    layers.append(_group_layer(two, areas))
    return layers


def _unit_layer(two: Two, areas: gpd.GeoDataFrame) -> LayerSpec:
    """Return all units: those that stay pale, the others in a colour and hatching for each pair of bundles."""
    tr, units = session.tr, two.after.ground.units
    shades = maps.bundle_colours(areas)
    styles = [
        Style(colour="#FFFFFF", weight=0.6, fill=shade.colour, opacity=0.7, pattern=shade.pattern)
        for shade in shades.itertuples()
    ]
    row_of = {pair: i for i, pair in enumerate(zip(areas["before"], areas["after"], strict=True))}
    moves = main_moves(two)
    chosen = pd.Series(
        [row_of[pair] for pair in zip(moves["before"], moves["after"], strict=True)],
        index=moves.index,
        dtype="int64",
    )
    style = chosen.reindex(units.index).fillna(len(styles)).astype("int64")
    frame = units[[units.geometry.name]].assign(id=units.index.astype(str), style=style, tip=unit_tips(two))
    legend = [
        LegendRow(
            tr(
                "difference.map.pair",
                before=two.left(row.before),
                after=two.right(row.after),
                count=words.count(row.unit_count),
            ),
            styles[row.Index],
        )
        for row in areas.head(PAIRS_NAMED).itertuples()
    ]
    if len(areas) > PAIRS_NAMED:
        count = int(areas["unit_count"].iloc[PAIRS_NAMED:].sum())
        more = Style(colour="#52606D", weight=0.6, fill="#FFFFFF")
        legend.append(LegendRow(tr("difference.map.more", count=words.count(count)), more))
    legend.append(LegendRow(tr("difference.map.rest"), REST))
    title = tr("difference.map.moved")
    return LayerSpec(
        "difference.units",
        title,
        "unit",
        frame,
        (*styles, REST),
        tuple(legend),
        is_synthetic=session.is_sample(),
    )


def unit_tips(two: Two) -> pd.Series:
    """Return what stands at the pointer: the unit, and what of its work went where."""
    tr, lang, region = session.tr, session.lang(), two.after.ground.region
    units = two.after.ground.units
    said: dict[str, list[str]] = {}
    for row in two.made.moved.to_dict("records"):
        key = "move" if row["annual_jpy"] > 0 else "move_idle"
        yen = words.yen(row["annual_jpy"], has_tax=False)
        line = tr(
            f"difference.map.{key}", before=two.left(row["before"]), after=two.right(row["after"]), yen=yen
        )
        said.setdefault(str(row["unit_id"]), []).append(line)
    held = [_bundles_of(plan) for plan in (two.before, two.after)]
    tips = []
    for unit, name, code in zip(units.index.astype(str), units["name"], units["muni_code"], strict=True):
        town = region.name_of(str(code), lang)
        if unit in said:
            tips.append(tr("difference.map.tip", name=name, town=town, moves="\n".join(said[unit])))
            continue
        before, after = two.left(*held[0].get(unit, ())), two.right(*held[1].get(unit, ()))
        key = "stays_same" if before == after else "stays"
        tips.append(tr(f"difference.map.{key}", name=name, town=town, before=before, after=after))
    return pd.Series(tips, index=units.index)


def _bundles_of(plan: Plan) -> dict[str, list[str]]:
    rows = plan.assignment.groupby("unit_id")["bundle_id"].unique()
    return {str(unit): sorted(map(str, names), key=name_order) for unit, names in rows.items()}


def _group_layer(two: Two, areas: gpd.GeoDataFrame) -> LayerSpec:
    """Return the outlines of what went together, labelled with from and to."""
    tr = session.tr
    frame = areas[[areas.geometry.name]].assign(
        id=areas.index.astype(str),
        style=0,
        label=[
            tr("difference.map.label", before=two.left_name(row.before), after=two.right_name(row.after))
            for row in areas.itertuples()
        ],
    )
    title = tr("difference.map.groups")
    return LayerSpec("difference.groups", title, "", frame, (GROUPS,), (LegendRow(title, GROUPS, "line"),))


def marked_layer(two: Two) -> list[LayerSpec]:
    """Return the outline of all that moved, to lie on the map of either plan; none where nothing did."""
    areas = pair_areas(two)
    if areas.empty:
        return []
    whole = gpd.GeoSeries([areas.geometry.union_all(grid_size=GRID_M)], crs=areas.crs)
    frame = gpd.GeoDataFrame({"id": ["moved"], "style": [0]}, geometry=whole, crs=areas.crs)
    title = session.tr("difference.map.marked")
    return [LayerSpec("difference.marked", title, "", frame, (MARKED,), (LegendRow(title, MARKED, "line"),))]
