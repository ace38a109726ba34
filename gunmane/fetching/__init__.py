"""Open data of a region, fetched when asked or taken from a folder carried in by hand, with its licence beside it."""

from gunmane.fetching.addresses import Download, known_kinds, wanted_downloads
from gunmane.fetching.carried import left_over, list_files
from gunmane.fetching.run import Outcome, fetch_region, roads_and_assets
from gunmane.fetching.transfer import LIMITS, Limits

__all__ = [
    "LIMITS",
    "Download",
    "Limits",
    "Outcome",
    "fetch_region",
    "known_kinds",
    "left_over",
    "list_files",
    "roads_and_assets",
    "wanted_downloads",
]
