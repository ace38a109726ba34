"""What if: roads closed or built, snow, bases added or lost, and what that does to a plan."""

from gunmane.what_if.applying import apply
from gunmane.what_if.changes import (
    AddBase,
    AddLink,
    Change,
    CloseAsset,
    CloseAt,
    CloseRoad,
    LoseBase,
    WhatIf,
    Winter,
)
from gunmane.what_if.consequences import Consequences, consequences, told_consequences
from gunmane.what_if.detours import Detours
from gunmane.what_if.serving import idle_losses
from gunmane.what_if.streets import Streets, take_streets

__all__ = [
    "AddBase",
    "AddLink",
    "Change",
    "CloseAsset",
    "CloseAt",
    "CloseRoad",
    "Consequences",
    "Detours",
    "LoseBase",
    "Streets",
    "WhatIf",
    "Winter",
    "apply",
    "consequences",
    "idle_losses",
    "take_streets",
    "told_consequences",
]
