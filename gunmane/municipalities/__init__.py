"""Who and where: regions, municipalities, borders, towns, statistics, what the regions decided."""

from gunmane.municipalities.facts import (
    Region,
    find_region,
    load_borders,
    load_decisions,
    load_japan,
    load_regions,
)
from gunmane.municipalities.statistics import (
    long_code,
    region_codes,
    region_names,
    total_faults,
    with_statistics,
)

__all__ = [
    "Region",
    "find_region",
    "load_borders",
    "load_decisions",
    "load_japan",
    "load_regions",
    "long_code",
    "region_codes",
    "region_names",
    "total_faults",
    "with_statistics",
]
