"""Each change in a sentence."""

from __future__ import annotations

from gunmane.i18n import t
from gunmane.scenario import Ground
from gunmane.what_if.changes import AddBase, AddLink, Change, CloseAsset, CloseAt, LoseBase, Winter

# A ten-thousandth of a degree is about ten metres.
PLACE_DECIMALS = 4


def change_sentence(change: Change, ground: Ground, lang: str) -> str:
    """
    Return a change in words.

    Parameters
    ----------
    change
        The change.
    ground
        Gives the names of what is named by an id; an id that it does not know stands for itself.
    lang
        "ja" or "en".
    """

    def say(**values: object) -> str:
        return t(f"what_if.change.{change.kind}", lang, **values)

    if isinstance(change, CloseAsset):
        return say(name=asset_name(ground, change.asset_id, lang))
    if isinstance(change, CloseAt):
        return say(place=_place(change.lon, change.lat))
    if isinstance(change, AddLink):
        ends = [
            unit_name(ground, point, lang) if isinstance(point, str) else _place(*point)
            for point in (change.points[0], change.points[-1])
        ]
        speed = (
            t("what_if.speed_of_class", lang) if change.speed_kmh is None else f"{change.speed_kmh:g} km/h"
        )
        kind = t(f"road_class.{change.road_class}", lang)
        return say(start=ends[0], end=ends[1], speed=speed, road_class=kind)
    if isinstance(change, Winter):
        if change.speed_ratio is None:
            return t("what_if.change.winter_range", lang)
        return say(percent=f"{100 * change.speed_ratio:.3g}")
    if isinstance(change, AddBase | LoseBase):
        return say(name=unit_name(ground, change.unit_id, lang))
    if not change.owner_code:
        return say(name=change.name)
    owner = ground.region.name_of(change.owner_code, lang)
    return say(name=t("what_if.named", lang, name=change.name, town=owner))


def _place(lon: float, lat: float) -> str:
    return f"{lat:.{PLACE_DECIMALS}f}, {lon:.{PLACE_DECIMALS}f}"


def asset_name(ground: Ground, asset_id: str, lang: str) -> str:
    """Return what an asset is called, with its municipality; its id where it has no name."""
    rows = ground.assets[ground.assets["asset_id"] == asset_id]
    if rows.empty:
        return asset_id
    row = rows.iloc[0]
    name = str(row["name"] or asset_id)
    return t("what_if.named", lang, name=name, town=ground.region.name_of(str(row["muni_code"]), lang))


def unit_name(ground: Ground, unit_id: str, lang: str) -> str:
    """Return what a unit is called, with its municipality."""
    if unit_id not in ground.units.index:
        return unit_id
    row = ground.units.loc[unit_id]
    name = str(row["name"] or unit_id)
    return t("what_if.named", lang, name=name, town=ground.region.name_of(str(row["muni_code"]), lang))
