"""The files that a session has brought: each with its bytes, its profile and what it gave; nobody else sees them."""

from __future__ import annotations

import dataclasses
import logging
import pathlib
import tempfile
import time
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any, Literal, cast

import pandas as pd
import streamlit as st

from app_pages.data import Upload, write_upload
from app_pages.place import region_id, tr
from app_pages.waiting import QUIET_SECONDS
from app_pages.work import Job, Progress
from gunmane.errors import FileError, GunmaneError
from gunmane.ledgers.profiles import Answers, Layout, Profile
from gunmane.municipalities import Region

if TYPE_CHECKING:
    from gunmane.deliveries import Delivery

LOG = logging.getLogger("gunmane.pages")
State = Literal["waiting", "read", "failed", "cancelled"]
OnInvalid = Literal["fix", "reject", "raise"]
ON_INVALID: tuple[OnInvalid, ...] = ("fix", "reject", "raise")
MAX_FILES = 30
MAX_TOTAL_BYTES = 600 * 1024**2
LOOK_ROWS = 500
LOOK_SHOWN = 8
MEGABYTE = 1024**2


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
    """

    columns: tuple[str, ...]
    told: dict[str, Any]
    first_rows: pd.DataFrame
    profile: Profile


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
    on_invalid
        What to do with values that can be mended.
    places_at_town_hall
        Whether bridges that only a report knows are placed at the town hall, marked as such.
    answers
        Who answers for it, once somebody said so.
    state
        "waiting" until it was read.
    version
        Grows with every reading, so that forms start from what was read last.
    planned_version
        The reading that the session's ground was made with; None where it was not.
    delivery, error, look
        What it gave last, why the last reading gave nothing, and the first look then.
    job
        The reading while it lasts.
    """

    serial: int
    upload: Upload
    profile: Profile | None = None
    on_invalid: OnInvalid = "fix"
    places_at_town_hall: bool = False
    answers: Answers | None = None
    state: State = "waiting"
    version: int = 0
    planned_version: int | None = None
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


def brought() -> list[Brought]:
    """Return this session's files for the chosen region, in the order in which they came."""
    held = st.session_state.setdefault("_brought", {})
    return cast("list[Brought]", held.setdefault(region_id(), []))


def add(uploads: Sequence[Upload]) -> tuple[GunmaneError, ...]:
    """
    Put files on the desk to be read; two of one name both stay.

    Returns
    -------
    faults
        Of each file for which there is no room.
    """
    faults: list[GunmaneError] = []
    desk = brought()
    for upload in uploads:
        size = sum(len(file.upload.content) for file in desk) + len(upload.content)
        if len(desk) >= MAX_FILES or size > MAX_TOTAL_BYTES:
            limits = {"files": MAX_FILES, "megabytes": MAX_TOTAL_BYTES // MEGABYTE}
            faults.append(FileError("desk_full", file=upload.name, **limits))
            continue
        serial = st.session_state["_brought_serial"] = st.session_state.get("_brought_serial", 0) + 1
        name = _free_name(upload.name, {file.name for file in desk})
        desk.append(Brought(serial, Upload(name, upload.content)))
    return tuple(faults)


def _free_name(name: str, taken: set[str]) -> str:
    """Return a file's last name, numbered where another of that name lies on the desk: "a.csv", "a (2).csv"."""
    own = pathlib.PurePosixPath(name.replace("\\", "/")).name.lstrip(".") or "file"
    path, number, free = pathlib.PurePosixPath(own), 2, own
    while free in taken:
        free, number = f"{path.stem} ({number}){path.suffix}", number + 1
    return free


def remove(file: Brought) -> None:
    """Take a file from the desk."""
    if file.job is not None:
        file.job.cancel()
    desk = brought()
    desk[:] = [other for other in desk if other is not file]


def read_again(file: Brought, profile: Profile | None, *, on_invalid: OnInvalid | None = None) -> None:
    """Have a file read anew with a corrected profile; what it gave before stays until then."""
    if file.job is not None:
        file.job.cancel()
    file.profile, file.job, file.state = profile, None, "waiting"
    file.on_invalid = on_invalid or file.on_invalid


def read_waiting(place: Region) -> None:
    """Read the files that wait, one after the other, with a bar and a button to cancel; faults stay with their file."""
    waiting = [file for file in brought() if file.state == "waiting"]
    for number, file in enumerate(waiting, start=1):
        if file.job is None:
            file.job = _start(file, place)
        text = tr("desk.reading", number=number, total=len(waiting), file=file.name)
        _watch(file.job, text, done=(number - 1) / len(waiting))
        _finish(file, file.job)


def _start(file: Brought, place: Region) -> Job[Reading]:
    profile, on_invalid, upload, at_hall = (
        file.profile,
        file.on_invalid,
        file.upload,
        file.places_at_town_hall,
    )

    def work(progress: Progress) -> Reading:
        from gunmane.deliveries import take_delivery

        progress(0.0, "progress.reading")
        with tempfile.TemporaryDirectory(prefix="gunmane-") as folder:
            path = write_upload(upload, pathlib.Path(folder))
            try:
                delivery = take_delivery(
                    path,
                    region=place,
                    profile=profile,
                    on_invalid=on_invalid,
                    places_at_town_hall=at_hall,
                )
            except GunmaneError as error:
                return None, error, _first_look(path, profile, place)
            return delivery, None, None

    return Job(work)


def _first_look(path: pathlib.Path, profile: Profile | None, place: Region) -> Look | None:
    """Return the first rows and columns of a file that could not be used; None where not even they can be read."""
    from gunmane.ledgers.opening import open_raw
    from gunmane.ledgers.proposals import propose_profile

    try:
        raw = open_raw(path, layout=profile.layout if profile else Layout(), max_rows=LOOK_ROWS)
        proposed = propose_profile(raw, region=place)
    except GunmaneError:
        return None
    rows = raw.table.head(LOOK_SHOWN)
    text = rows.astype("object").where(rows.notna(), "").map(str)
    return Look(tuple(str(name) for name in raw.table.columns), raw.told, text, proposed)


def _watch(job: Job[Reading], text: str, *, done: float) -> None:
    """Wait for a reading; a rerun leaves it going, and a cancelled one is not waited for."""
    if job.wait(QUIET_SECONDS):
        return
    box = st.empty()
    with box.container(horizontal=True, vertical_alignment="center", key=f"work_bar_{job.serial}"):
        bar = st.progress(done, text=text)
        st.button(tr("app.cancel"), key=f"cancel_{job.serial}", on_click=_cancel_all)
    while not (job.is_cancelled or job.wait(0.2)):
        seconds = round(time.monotonic() - job.started)
        bar.progress(done, text=tr("desk.reading_since", what=text, seconds=seconds))
    box.empty()


def _cancel_all() -> None:
    """Cancel whatever is being read or waits to be."""
    for file in brought():
        if file.state == "waiting":
            if file.job is not None:
                file.job.cancel()
            file.state, file.job = _state_without_reading(file), None


def _state_without_reading(file: Brought) -> State:
    """Return what a file is when a reading gave nothing: what an earlier one gave stays."""
    return "read" if file.delivery is not None else "cancelled"


def _finish(file: Brought, job: Job[Reading]) -> None:
    """Keep what a reading gave with its file; where it failed, what an earlier one gave."""
    file.job = None
    if job.is_cancelled:
        file.state = _state_without_reading(file)
        return
    try:
        delivery, file.error, file.look = job.result()
        file.delivery = delivery or file.delivery
    except Exception:
        # One file that nobody foresaw must not keep the others from being read.
        LOG.exception("reading failed")
        file.error = FileError("desk_unexpected", file=file.name)
    file.state = "read" if file.delivery is not None else "failed"
    file.version += 1


def answer(file: Brought, answers: Answers) -> None:
    """Keep who answers for a file; nothing is read anew."""
    file.answers = answers


def usable() -> list[Delivery]:
    """Return what the files gave that can be planned with, each with what a person answered for it."""
    return [
        dataclasses.replace(file.delivery, profile=file.used_profile)
        for file in brought()
        if file.delivery is not None and file.delivery.profile.role != "unknown"
    ]


def mark_planned(names: Collection[str]) -> None:
    """Remember which reading of each file the session's ground was made with."""
    for file in brought():
        file.planned_version = file.version if file.name in names else None


def chosen() -> Brought | None:
    """Return the file whose details are shown: the one chosen, else the newest that was read or failed."""
    desk = brought()
    serial = st.session_state.get("_brought_chosen")
    return next((file for file in desk if file.serial == serial), desk[-1] if desk else None)


def choose(file: Brought) -> None:
    """Show the details of a file."""
    st.session_state["_brought_chosen"] = file.serial
