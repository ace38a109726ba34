"""Who and where: regions, municipalities, borders, towns, statistics, what the regions decided."""

from gunmane.municipalities.facts import (
    Region,
    find_region,
    load_borders,
    load_decisions,
    load_japan,
    load_regions,
)
from gunmane.municipalities.statistics import region_codes, region_names, with_statistics

__all__ = [
    "Region",
    "find_region",
    "load_borders",
    "load_decisions",
    "load_japan",
    "load_regions",
    "region_codes",
    "region_names",
    "with_statistics",
]
