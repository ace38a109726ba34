"""Colours that stand beside each other can be told apart without red or without green."""

import itertools

import numpy as np
import pytest

from app_pages.charts import GRADE_COLOURS, GRADES, SECTOR_COLOURS
from gunmane.maps import OKABE_ITO
from gunmane.schema import SECTORS

# Machado, Oliveira, Fernandes (2009), severity 1, on linear RGB: https://doi.org/10.1109/TVCG.2009.113
VISIONS = {
    "everyone": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
}
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
WHITE = TO_XYZ @ np.ones(3)
# Ten of CIE 1976 are seen at a glance on two areas that touch; each has a dark line around it besides.
SEEN = 10


def lab(colour, vision):
    """CIE L*a*b* of #rrggbb as somebody sees it."""
    rgb = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    ratio = TO_XYZ @ np.clip(VISIONS[vision] @ linear, 0, 1) / WHITE
    f = np.where(ratio > (6 / 29) ** 3, np.cbrt(ratio), ratio / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def difference(one, other, vision):
    return float(np.linalg.norm(lab(one, vision) - lab(other, vision)))


@pytest.mark.parametrize("vision", VISIONS)
def test_any_two_bundles_of_eight_differ(vision):
    close = [p for p in itertools.combinations(OKABE_ITO, 2) if difference(*p, vision) < SEEN]
    assert close == []


@pytest.mark.parametrize("vision", VISIONS)
def test_any_two_conditions_differ(vision):
    colours = [GRADE_COLOURS[grade] for grade in GRADES]
    assert [p for p in itertools.combinations(colours, 2) if difference(*p, vision) < SEEN] == []


@pytest.mark.parametrize("vision", VISIONS)
def test_any_two_sectors_differ(vision):
    colours = [SECTOR_COLOURS[sector] for sector in SECTORS]
    assert [p for p in itertools.combinations(colours, 2) if difference(*p, vision) < SEEN] == []


def test_the_measure_itself_sees_that_red_and_green_become_one():
    assert difference("#C00000", "#5A7A00", "everyone") > 3 * difference("#C00000", "#5A7A00", "protanopia")
