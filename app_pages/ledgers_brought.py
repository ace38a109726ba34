"""One file of a session on the desk of the page データ: its bytes, how it is read, and what that gave."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from app_pages.data import Upload
from app_pages.ledgers_company import Company
from app_pages.work import Job
from gunmane.errors import GunmaneError
from gunmane.ledgers.profiles import Answers, Layout, Profile

if TYPE_CHECKING:
    from gunmane.deliveries import Delivery

State = Literal["waiting", "read", "failed", "cancelled"]
OnInvalid = Literal["fix", "reject", "raise"]
ON_INVALID: tuple[OnInvalid, ...] = ("fix", "reject", "raise")


@dataclasses.dataclass(frozen=True, eq=False)
class Look:
    """
    A first look at a file that could not be used: enough to say what its columns mean.

    Parameters
    ----------
    columns
        The file's own column names.
    told
        What was found out while opening it.
    first_rows
        Its first rows, as text.
    profile
        What it seems to be.
    comes_with_shapes
        Whether any of those rows has a shape.
    """

    columns: tuple[str, ...]
    told: dict[str, Any]
    first_rows: pd.DataFrame
    profile: Profile
    comes_with_shapes: bool = False


Reading = tuple["Delivery | None", "GunmaneError | None", "Look | None"]
"""What reading a file gave: the delivery, or why there is none and a first look where one was possible."""


@dataclasses.dataclass(eq=False)
class Brought:
    """
    One file of this session for one region.

    Parameters
    ----------
    serial
        Tells it from every other file of the session, also from one of the same name.
    upload
        Its name, made unique among the region's files, and its bytes.
    profile
        As a person corrected it; None lets gunmane propose one.
    layout
        The sheet, layer or file of a zip that a person chose, while no profile says it.
    on_invalid
        What to do with values that can be mended.
    places_at_town_hall
        Whether bridges that only a report knows are placed at the town hall, marked as such.
    answers
        Who answers for it, once somebody said so.
    came_as
        Name under which it was dropped.
    sheets
        All sheets of a workbook that have rows; a reading of one of them names that one alone.
    revision
        Grows whenever it gives the files beside it something else.
    company, read_company
        Files beside which it was read last, and those of the reading whose delivery is kept.
    state
        "waiting" until it was read.
    version
        Grows with every reading, so that forms start from what was read last.
    planned_version
        The reading that the session's ground was made with; None where it was not.
    planned_used, planned_faults
        Of that ground: how many assets are the file's, and the faults that came up only beside the other files.
    use_error
        Why the ground was made without it.
    delivery, error, look
        What it gave last, why the last reading gave nothing, and the first look then.
    job
        The reading while it lasts.
    """

    serial: int
    upload: Upload
    profile: Profile | None = None
    layout: Layout | None = None
    on_invalid: OnInvalid = "fix"
    places_at_town_hall: bool = False
    answers: Answers | None = None
    came_as: str = ""
    sheets: tuple[str, ...] = ()
    revision: int = 0
    company: Company = ()
    read_company: Company = ()
    state: State = "waiting"
    version: int = 0
    planned_version: int | None = None
    planned_used: int = 0
    planned_faults: pd.DataFrame | None = None
    use_error: GunmaneError | None = None
    delivery: Delivery | None = None
    error: GunmaneError | None = None
    look: Look | None = None
    job: Job[Reading] | None = None

    @property
    def name(self) -> str:
        """Name under which the file stands on the page."""
        return self.upload.name

    @property
    def used_profile(self) -> Profile:
        """The profile as it was read with, with what a person answered since."""
        profile = self.delivery.profile if self.delivery is not None else self.tried_profile
        return profile if self.answers is None else dataclasses.replace(profile, answers=self.answers)

    @property
    def tried_profile(self) -> Profile:
        """The profile that a person goes on correcting: of the last reading, also where it failed."""
        if self.error is None and self.delivery is not None:
            return self.used_profile
        proposed = self.look.profile if self.look is not None else Profile()
        return self.profile or proposed

    @property
    def columns(self) -> tuple[str, ...]:
        """The file's own column names, as far as they are known."""
        if self.delivery is not None:
            return self.delivery.columns
        return self.look.columns if self.look is not None else ()

    @property
    def told(self) -> dict[str, Any]:
        """What was found out while opening the file."""
        if self.delivery is not None:
            return self.delivery.told
        return self.look.told if self.look is not None else {}
