"""Who and where: regions, municipalities, borders, towns, statistics, what the regions decided."""

from gunmane.municipalities.facts import (
    Region,
    load_borders,
    load_decisions,
    load_japan,
    load_regions,
)
from gunmane.municipalities.finding import find_region
from gunmane.municipalities.national import find_municipalities, load_municipalities
from gunmane.municipalities.own import file_stem, own_region, own_region_id
from gunmane.municipalities.statistics import (
    long_code,
    region_codes,
    region_names,
    total_faults,
    towns_without_totals,
    with_statistics,
)

__all__ = [
    "Region",
    "file_stem",
    "find_municipalities",
    "find_region",
    "load_borders",
    "load_decisions",
    "load_japan",
    "load_municipalities",
    "load_regions",
    "long_code",
    "own_region",
    "own_region_id",
    "region_codes",
    "region_names",
    "total_faults",
    "towns_without_totals",
    "with_statistics",
]
