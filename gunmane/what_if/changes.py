"""What could happen to roads and bases, each change in one frozen object: closings, planned links, winter, bases."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from collections.abc import Mapping
from typing import Any, ClassVar

from gunmane import schema
from gunmane.errors import GunmaneError, ScenarioError

FORMAT = "gunmane-what-if/1"
KEY_LENGTH = 16
# As fast as anything may drive on a road of Japan (道路交通法施行令 27 条 2 項 and 特定の高速道路).
MOST_KMH = 120

Place = tuple[float, float]


@dataclasses.dataclass(frozen=True)
class CloseAsset:
    """
    A bridge, tunnel or road of the ledger that nobody can pass.

    Parameters
    ----------
    asset_id
        Its id; of a bridge or tunnel the stretch of road that it lies on is closed, of a road the whole row.
    """

    kind: ClassVar[str] = "close_asset"
    asset_id: str


@dataclasses.dataclass(frozen=True)
class CloseAt:
    """
    The stretch of road, between two junctions, that is nearest to a place.

    Parameters
    ----------
    lon, lat
        The place (degrees, WGS84).
    """

    kind: ClassVar[str] = "close_at"
    lon: float
    lat: float

    def __post_init__(self) -> None:
        """Refuse what is no place (`ScenarioError`)."""
        _check_place((self.lon, self.lat))


@dataclasses.dataclass(frozen=True)
class CloseRoad:
    """
    A whole road, every row of the ledger with this name and keeper.

    Parameters
    ----------
    name
        `name` or `route_name` of the rows.
    owner_code
        Body that keeps it: two towns may have roads of one name. "" where only one body has such a road.
    """

    kind: ClassVar[str] = "close_road"
    name: str
    owner_code: str = ""


@dataclasses.dataclass(frozen=True)
class AddLink:
    """
    A planned road (新設), open to traffic in both directions.

    Parameters
    ----------
    points
        Two or more places along it: (longitude, latitude), or the id of a unit for the node in its middle. Its ends
        join the nearest nodes of the network.
    speed_kmh
        Speed on it (km/h, 0-120); None takes that of its class outside built-up areas.
    road_class
        One of `schema.ROAD_CLASSES`.
    """

    kind: ClassVar[str] = "add_link"
    points: tuple[Place | str, ...]
    speed_kmh: float | None = None
    road_class: str = "municipal_1"

    def __post_init__(self) -> None:
        """
        Refuse a link that cannot be built.

        Raises
        ------
        ScenarioError
            If it has less than two places, or its speed or class cannot be.
        """
        points = tuple(p if isinstance(p, str) else (float(p[0]), float(p[1])) for p in self.points)
        object.__setattr__(self, "points", points)
        if len(set(points)) < 2:
            raise ScenarioError("what_if_link_ends")
        for place in points:
            if not isinstance(place, str):
                _check_place(place)
        if self.speed_kmh is not None and not 0 < self.speed_kmh <= MOST_KMH:
            raise ScenarioError("what_if_speed", value=self.speed_kmh, most=MOST_KMH)
        if self.road_class not in schema.ROAD_CLASSES:
            allowed = ", ".join(schema.ROAD_CLASSES)
            raise ScenarioError("what_if_class", value=self.road_class, allowed=allowed)


@dataclasses.dataclass(frozen=True)
class Winter:
    """
    Snow: every road is driven at a part of its speed.

    Parameters
    ----------
    speed_ratio
        That part (above 0, at most 1); None takes the assumption `speed_factor_winter` with its range.
    """

    kind: ClassVar[str] = "winter"
    speed_ratio: float | None = None

    def __post_init__(self) -> None:
        """Refuse a part that no snow makes (`ScenarioError`)."""
        if self.speed_ratio is not None and not 0 < self.speed_ratio <= 1:
            raise ScenarioError("what_if_winter", value=self.speed_ratio)


@dataclasses.dataclass(frozen=True)
class AddBase:
    """One more base in the bundle that this unit lies in; each unit is then served from the nearer one."""

    kind: ClassVar[str] = "add_base"
    unit_id: str


@dataclasses.dataclass(frozen=True)
class LoseBase:
    """No base can be in this unit (a disaster); its bundle is served from the best other unit."""

    kind: ClassVar[str] = "lose_base"
    unit_id: str


Change = CloseAsset | CloseAt | CloseRoad | AddLink | Winter | AddBase | LoseBase
CLOSINGS = (CloseAsset, CloseAt, CloseRoad)
KINDS: dict[str, type[Any]] = {
    kind.kind: kind for kind in (CloseAsset, CloseAt, CloseRoad, AddLink, Winter, AddBase, LoseBase)
}


@dataclasses.dataclass(frozen=True)
class WhatIf:
    """
    Changes that happen together; their order does not matter.

    Parameters
    ----------
    changes
        The changes, each once.
    """

    changes: tuple[Change, ...] = ()

    def __post_init__(self) -> None:
        """
        Leave out what is said twice.

        Raises
        ------
        ScenarioError
            If there are two winters, or a base is added and lost in one unit.
        """
        object.__setattr__(self, "changes", tuple(dict.fromkeys(self.changes)))
        if len(self.of(Winter)) > 1:
            raise ScenarioError("what_if_two_winters")
        both = {one.unit_id for one in self.of(AddBase)} & {one.unit_id for one in self.of(LoseBase)}
        if both:
            raise ScenarioError("what_if_base_both", unit=min(both))

    def of(self, *kinds: type[Any]) -> list[Any]:
        """Return the changes of some kinds."""
        return [change for change in self.changes if isinstance(change, kinds)]

    @property
    def has_roads(self) -> bool:
        """Whether the roads change, not only the bases."""
        return bool(self.of(*CLOSINGS, AddLink, Winter))

    def having(self, change: Change) -> WhatIf:
        """Return a copy with one more change; raises `ScenarioError` as the constructor does."""
        return WhatIf((*self.changes, change))

    def without(self, change: Change) -> WhatIf:
        """Return a copy without a change."""
        return WhatIf(tuple(one for one in self.changes if one != change))

    def fingerprint(self) -> str:
        """Return a hash of the changes, whatever their order."""
        told = sorted(json.dumps(_told(change), sort_keys=True) for change in self.changes)
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:KEY_LENGTH]

    def to_json(self) -> dict[str, Any]:
        """Return the changes as values that JSON can hold."""
        return {"format": FORMAT, "changes": [_told(change) for change in self.changes]}

    @staticmethod
    def from_json(told: Mapping[str, Any]) -> WhatIf:
        """
        Return the changes that `to_json` wrote.

        Raises
        ------
        ScenarioError
            If it is nothing of the kind, one of a newer gunmane, or a change cannot be.
        """
        form = told.get("format") if isinstance(told, Mapping) else None
        if form != FORMAT:
            raise ScenarioError("what_if_format", format=str(form), known=FORMAT)
        try:
            return WhatIf(tuple(_change(row) for row in told["changes"]))
        except GunmaneError:
            raise
        except (KeyError, TypeError, ValueError, AttributeError) as fault:
            raise ScenarioError("what_if_broken", fault=str(fault)) from fault


def _told(change: Change) -> dict[str, Any]:
    return {"kind": change.kind, **json.loads(json.dumps(dataclasses.asdict(change)))}


def _change(row: Mapping[str, Any]) -> Change:
    values = dict(row)
    made: Change = KINDS[values.pop("kind")](**values)
    return made


def _check_place(place: Place) -> None:
    lon, lat = place
    if not (math.isfinite(lon) and math.isfinite(lat) and abs(lon) <= 180 and abs(lat) <= 90):
        raise ScenarioError("what_if_place", lon=lon, lat=lat)
