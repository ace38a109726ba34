"""Say in tables why a plan is as it is; the words are the pages' and the papers'."""

from gunmane.explain.bundles import BundleReasons, bundle_places, explain_bundle
from gunmane.explain.checks import SIDE_FIGURES, is_window_undecided, rule_checklist, work_sources
from gunmane.explain.comparison import (
    LESS_IS_BETTER,
    change_mark,
    crossing_notes,
    state_changes,
    works_changes,
    works_difference,
    works_notes,
)
from gunmane.explain.frame import Frame, strand_frame
from gunmane.explain.notes import note_sentence
from gunmane.explain.units import UnitReasons, explain_unit, move_prices

__all__ = [
    "LESS_IS_BETTER",
    "SIDE_FIGURES",
    "BundleReasons",
    "Frame",
    "UnitReasons",
    "bundle_places",
    "change_mark",
    "crossing_notes",
    "explain_bundle",
    "explain_unit",
    "is_window_undecided",
    "move_prices",
    "note_sentence",
    "rule_checklist",
    "state_changes",
    "strand_frame",
    "work_sources",
    "works_changes",
    "works_difference",
    "works_notes",
]
