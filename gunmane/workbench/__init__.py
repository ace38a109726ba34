"""A plan shaped by hand, without any screen: drafts, edits, history, figures, checks, and what the engine adds."""

from gunmane.workbench.applying import apply
from gunmane.workbench.desk import Desk, figures
from gunmane.workbench.draft import Draft, draft_of, ground_key
from gunmane.workbench.edits import (
    ChangeChoices,
    Edit,
    Improve,
    LockAll,
    LockBundles,
    LockUnits,
    Merge,
    MoveUnits,
    NameBundle,
    NewBundle,
    SetBase,
    Split,
    UnlockAll,
    UnlockBundles,
    UnlockUnits,
    edit_from_json,
)
from gunmane.workbench.history import History, Step, replay

__all__ = [
    "ChangeChoices",
    "Desk",
    "Draft",
    "Edit",
    "History",
    "Improve",
    "LockAll",
    "LockBundles",
    "LockUnits",
    "Merge",
    "MoveUnits",
    "NameBundle",
    "NewBundle",
    "SetBase",
    "Split",
    "Step",
    "UnlockAll",
    "UnlockBundles",
    "UnlockUnits",
    "apply",
    "draft_of",
    "edit_from_json",
    "figures",
    "ground_key",
    "replay",
]
