"""Works contracts of bridges: how many a year to expect, which need an engineer each, which two may share."""

from gunmane.contracts.engineers import shared_pairs
from gunmane.contracts.expected import backlog_contracts, bundle_contracts, expected_contracts
from gunmane.contracts.terms import KEYS, Duties, Terms, duties_of, terms_of
from gunmane.contracts.trials import COUNTS, RANGED, works_figures, works_trials

__all__ = [
    "COUNTS",
    "KEYS",
    "RANGED",
    "Duties",
    "Terms",
    "backlog_contracts",
    "bundle_contracts",
    "duties_of",
    "expected_contracts",
    "shared_pairs",
    "terms_of",
    "works_figures",
    "works_trials",
]
