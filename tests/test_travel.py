"""Trips: every crew-day drives out and back once."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gunmane.travel import crew_days, driving_hours


def test_a_crew_day_drives_out_and_back_once():
    assert driving_hours(np.array([3.0]), np.array([20.0]), np.array([40.0])) == pytest.approx([3.0])


def test_work_that_no_road_reaches_is_infinite_and_no_work_is_zero():
    hours = driving_hours(np.array([1.0, 0.0]), np.array([np.inf, np.inf]), np.array([np.inf, np.inf]))
    assert hours.tolist() == [np.inf, 0.0]


def test_shared_trips_need_no_days_of_their_own():
    hours = pd.Series({"u1": 45.0, "u2": 45.0})
    days = crew_days(hours, onsite_hours_per_crew_day=4.5, shared_ratio=pd.Series({"u1": 0.3, "u2": 0.0}))
    assert days.to_dict() == pytest.approx({"u1": 7.0, "u2": 10.0})


@given(part=st.floats(0, 1), hours=st.floats(0, 1e4), minutes=st.floats(0, 300))
def test_cutting_a_unit_in_two_leaves_the_hours_unchanged(part, hours, minutes):
    def driven(*onsite):
        days = crew_days(pd.Series(onsite), onsite_hours_per_crew_day=4.5).to_numpy()
        return driving_hours(days, np.full(len(days), minutes), np.full(len(days), minutes)).sum()

    assert driven(hours * part, hours * (1 - part)) == pytest.approx(driven(hours))


def test_a_crew_day_without_hours_is_refused():
    with pytest.raises(ValueError, match="above 0"):
        crew_days(pd.Series([1.0]), onsite_hours_per_crew_day=0)
