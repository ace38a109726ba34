"""The formulas of trips and hours, used by every stage that counts them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

Floats = np.ndarray[Any, np.dtype[np.float64]]

MINUTES_PER_HOUR = 60


def crew_days(
    onsite_hours: pd.Series, *, onsite_hours_per_crew_day: float, shared_ratio: pd.Series | float = 0.0
) -> pd.Series:
    """
    Days a year that a crew leaves its base for this work.

    `onsite_hours / onsite_hours_per_crew_day * (1 - shared_ratio)`: linear, so that cutting a unit in two changes
    nothing.

    Parameters
    ----------
    onsite_hours
        Crew hours of work (hours/year, >= 0).
    onsite_hours_per_crew_day
        Hours that a crew works on site between leaving and returning (hours/day, > 0).
    shared_ratio
        Part of the days that ride along with other work (0-1), same index.

    Raises
    ------
    ValueError
        If `onsite_hours_per_crew_day` is not above zero.
    """
    if not onsite_hours_per_crew_day > 0:
        msg = f"onsite_hours_per_crew_day must be above 0, not {onsite_hours_per_crew_day}"
        raise ValueError(msg)
    return (onsite_hours / onsite_hours_per_crew_day * (1 - shared_ratio)).rename("crew_days")


def driving_hours(days: Floats, out_min: Floats, back_min: Floats) -> Floats:
    """
    Hours a year that crews spend driving between their base and each unit.

    Each crew-day drives out and back once: `days * (out_min + back_min) / 60`.

    Parameters
    ----------
    days
        Crew-days at each unit (1/year, >= 0).
    out_min, back_min
        Minutes from the base to each unit and back, same shape; infinite where no road leads.

    Returns
    -------
    hours
        Hours/year; infinite where the base cannot be reached and there is work, zero where there is none.
    """
    hours = np.zeros(len(days))
    np.multiply(days, (out_min + back_min) / MINUTES_PER_HOUR, out=hours, where=days > 0)
    return hours
