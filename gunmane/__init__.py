"""gunmane: which infrastructure should be maintained together, across which borders and fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gunmane.scenario import Plan

__version__ = "0.1.0"
__all__ = ["__version__", "plan"]


def plan(region: str, **choices: Any) -> Plan:
    """
    Make a plan from a notebook: `gunmane.plan("nara_uda", layer="structures")`.

    Parameters
    ----------
    region
        Id, number or name of a region.
    **choices
        Any field of `gunmane.scenario.Scenario`; also `roads` (path), `assets` (paths, or
        `gunmane.deliveries.LedgerFile` with a profile) and `is_roads_as_assets`.

    Raises
    ------
    gunmane.errors.GunmaneError
        If the region is unknown, a file cannot be used, or a choice cannot be planned with.
    TypeError
        If a choice is not a field of the scenario.
    """
    from pathlib import Path

    from gunmane.grounds import prepare_ground
    from gunmane.plans import make_plan
    from gunmane.scenario import Scenario

    roads = choices.pop("roads", None)
    ground = prepare_ground(
        region,
        roads=Path(roads) if roads is not None else None,
        assets=tuple(choices.pop("assets", ())),
        is_roads_as_assets=bool(choices.pop("is_roads_as_assets", False)),
        has_water="water" in choices.get("sectors", ()),
    )
    return make_plan(Scenario.default(ground.region, **choices), ground)
