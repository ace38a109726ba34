"""Sizes that can be true but hardly ever are: kept as the ledger has them, and listed."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from gunmane.assets.faults import Faults
from gunmane.assets.values import Cells
from gunmane.assumptions import load_assumptions

# Sector, column, and the assumption beyond which its value is told.
USUAL = (
    ("bridge", "length_m", "usual_bridge_length_m"),
    ("tunnel", "length_m", "usual_tunnel_length_m"),
    ("road", "length_m", "usual_road_length_m"),
    ("sewer", "length_m", "usual_pipe_length_m"),
    ("water", "length_m", "usual_pipe_length_m"),
    ("bridge", "width_m", "usual_road_width_m"),
    ("tunnel", "width_m", "usual_road_width_m"),
    ("road", "width_m", "usual_road_width_m"),
    ("sewer", "diameter_mm", "usual_sewer_diameter_mm"),
    ("water", "diameter_mm", "usual_water_diameter_mm"),
    ("park", "area_m2", "usual_park_area_m2"),
)
SIZES = tuple(dict.fromkeys(column for _, column, _ in USUAL))


def list_unusual(table: pd.DataFrame, given: Mapping[str, Cells], faults: Faults) -> None:
    """
    List sizes beyond what is usual in their sector; the values stay.

    Parameters
    ----------
    table
        `sector` and the columns of `SIZES`, read.
    given
        The cells of `SIZES` as the ledger has them.
    faults
        List that is added to.
    """
    assumptions = load_assumptions()
    for column in SIZES:
        values = table[column].to_numpy(dtype="float64", na_value=np.nan)
        is_unusual = np.zeros(len(table), dtype=bool)
        for sector, own, key in USUAL:
            if own == column:
                with np.errstate(invalid="ignore"):
                    is_beyond = values > assumptions.value(key)
                is_unusual |= is_beyond & (table["sector"] == sector).to_numpy(dtype=bool)
        faults.add(faults.usable & is_unusual, column, given[column], f"{column}_unusual_value")
