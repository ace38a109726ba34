"""Who and where: regions, municipalities, borders, towns, statistics, what the regions decided."""

from gunmane.municipalities.facts import (
    Region,
    find_region,
    load_borders,
    load_decisions,
    load_japan,
    load_regions,
)

__all__ = ["Region", "find_region", "load_borders", "load_decisions", "load_japan", "load_regions"]
