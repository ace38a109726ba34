"""A plan shaped by hand, without any screen: drafts, edits, history, figures, checks, and what the engine adds."""

from gunmane.workbench.accounts import Account, Accounts, Change, plan_accounts, step_changes
from gunmane.workbench.applying import TITLE_LENGTH, apply
from gunmane.workbench.checklist import Item, Place, Problem, checklist, next_problem, problems
from gunmane.workbench.desk import Desk, figures
from gunmane.workbench.difference import Difference, difference
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
from gunmane.workbench.improving import improve, improve_kept, split_evenly
from gunmane.workbench.reasons import WhyHere, why_here
from gunmane.workbench.towns import town_figures

__all__ = [
    "TITLE_LENGTH",
    "Account",
    "Accounts",
    "Change",
    "ChangeChoices",
    "Desk",
    "Difference",
    "Draft",
    "Edit",
    "History",
    "Improve",
    "Item",
    "LockAll",
    "LockBundles",
    "LockUnits",
    "Merge",
    "MoveUnits",
    "NameBundle",
    "NewBundle",
    "Place",
    "Problem",
    "SetBase",
    "Split",
    "Step",
    "UnlockAll",
    "UnlockBundles",
    "UnlockUnits",
    "WhyHere",
    "apply",
    "checklist",
    "difference",
    "draft_of",
    "edit_from_json",
    "figures",
    "ground_key",
    "improve",
    "improve_kept",
    "next_problem",
    "plan_accounts",
    "problems",
    "replay",
    "split_evenly",
    "step_changes",
    "town_figures",
    "why_here",
]
