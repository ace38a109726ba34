"""The formulas of trips and hours, used by every stage that counts them."""

from __future__ import annotations

import pandas as pd

MINUTES_PER_HOUR = 60


def crew_days(onsite_hours: pd.Series, *, onsite_hours_per_crew_day: float) -> pd.Series:
    """
    Days a year that a crew leaves its base: `onsite_hours / onsite_hours_per_crew_day`.

    Parameters
    ----------
    onsite_hours
        Crew hours of work at each unit (hours/year, >= 0), indexed by `unit_id`.
    onsite_hours_per_crew_day
        Hours that a crew works on site between leaving and returning (hours/day, > 0).

    Raises
    ------
    ValueError
        If `onsite_hours_per_crew_day` is not above zero.
    """
    if not onsite_hours_per_crew_day > 0:
        msg = f"onsite_hours_per_crew_day must be above 0, not {onsite_hours_per_crew_day}"
        raise ValueError(msg)
    return (onsite_hours / onsite_hours_per_crew_day).rename("crew_days")


def annual_travel_hours(
    onsite_hours: pd.Series, base_travel_min: pd.Series, *, onsite_hours_per_crew_day: float
) -> pd.Series:
    """
    Hours a year that crews spend driving between their base and each unit.

    Each crew-day drives out and back once, so dividing a unit leaves the sum unchanged:
    `onsite_hours / onsite_hours_per_crew_day * 2 * travel_min / 60`.

    Parameters
    ----------
    onsite_hours
        Crew hours of work at each unit (hours/year, >= 0), indexed by `unit_id`.
    base_travel_min
        One-way minutes from the unit's base, same index; infinite where no road leads.
    onsite_hours_per_crew_day
        Hours that a crew works on site between leaving and returning (hours/day, > 0).

    Returns
    -------
    travel_hours
        Hours/year on the same index; infinite where the base cannot be reached and there is work,
        zero where there is no work.

    Raises
    ------
    ValueError
        If a travel time is missing for a unit, or negative.
    """
    missing = onsite_hours.index.difference(base_travel_min.index)
    if len(missing) or (base_travel_min < 0).any() or base_travel_min.isna().any():
        msg = f"base_travel_min needs one value >= 0 for every unit; missing: {list(missing[:5])}"
        raise ValueError(msg)

    one_way_min = base_travel_min.reindex(onsite_hours.index)
    days = crew_days(onsite_hours, onsite_hours_per_crew_day=onsite_hours_per_crew_day)
    hours = days * 2 * one_way_min / MINUTES_PER_HOUR
    return hours.where(days > 0, 0.0).rename("travel_hours")
