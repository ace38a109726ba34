"""Reading the files on the desk: in the background, each alone and then beside those it may belong to."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import pathlib
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from app_pages.data import Upload, write_upload
from app_pages.ledgers_brought import Brought, Look, OnInvalid, Reading, State
from app_pages.ledgers_company import companions, company_of
from app_pages.ledgers_desk import brought
from app_pages.ledgers_parts import missing_parts
from app_pages.place import tr
from app_pages.waiting import QUIET_SECONDS
from app_pages.work import Job, Progress
from gunmane.errors import FileError, GunmaneError
from gunmane.ledgers.profiles import Layout, Profile
from gunmane.municipalities import Region
from gunmane.own_folders import own_folder

if TYPE_CHECKING:
    from gunmane.deliveries import LedgerFile

LOG = logging.getLogger("gunmane.pages")
LOOK_ROWS = 500
LOOK_SHOWN = 8
# Alone, beside those it may belong to, and those again from which others took something.
ROUNDS = 3


def read_waiting(place: Region) -> None:
    """
    Read the files that wait, one after the other, with a bar and a button to cancel; faults stay with their file.

    Files that may belong together are then read again beside each other.
    """
    bar = _Bar()
    for _ in range(ROUNDS):
        waiting = [file for file in brought() if file.state == "waiting"]
        for number, file in enumerate(waiting, start=1):
            # A click while the bar stands may take the job from the file: what was waited for is what is finished.
            job = file.job = file.job or _start(file, place)
            text = tr("desk.reading", number=number, total=len(waiting), file=file.name)
            bar.watch(job, text, done=(number - 1) / len(waiting))
            if file.job is job:
                _finish(file, job)
        for file in brought():
            if file.state != "cancelled" and file.company != company_of(companions(file, brought())):
                file.state = "waiting"
    bar.close()
    for file in brought():
        if file.state == "waiting":
            file.state, file.company = _state_of(file), company_of(companions(file, brought()))


def _state_of(file: Brought) -> State:
    return "read" if file.delivery is not None else "failed"


@dataclasses.dataclass(frozen=True)
class _Task:
    """What a reading needs of a file, apart from the session."""

    upload: Upload
    profile: Profile | None
    layout: Layout | None
    on_invalid: OnInvalid
    places_at_town_hall: bool

    def written(self, folder: pathlib.Path, place: Region) -> LedgerFile:
        """Write the file into a folder; where only a sheet was chosen, find out what its columns mean."""
        from gunmane.deliveries import LedgerFile, recognise

        missing = missing_parts(self.upload)
        if missing:
            raise FileError("desk_shapefile_parts", file=self.upload.name, missing=" ".join(missing))
        path, profile = write_upload(self.upload, folder), self.profile
        if profile is None and self.layout is not None:
            profile = recognise(path, region=place, layout=self.layout)[1]
        return LedgerFile(path, profile, self.on_invalid, self.places_at_town_hall)


def _task(file: Brought) -> _Task:
    return _Task(file.upload, file.profile, file.layout, file.on_invalid, file.places_at_town_hall)


def _start(file: Brought, place: Region) -> Job[Reading]:
    beside = companions(file, brought())
    file.company = company_of(beside)
    own, others = _task(file), [_task(other) for other in beside]

    def work(progress: Progress) -> Reading:
        from gunmane.deliveries import take_delivery

        progress(0.0, "progress.reading")
        with own_folder() as folder:
            try:
                written = own.written(folder, place)
                delivery = take_delivery(
                    written.path,
                    region=place,
                    profile=written.profile,
                    on_invalid=written.on_invalid,
                    places_at_town_hall=written.places_at_town_hall,
                    beside=_written(others, folder, place),
                )
            except GunmaneError as error:
                return None, error, _first_look(own, folder, place)
            return delivery, None, None

    return Job(work)


def _written(tasks: Sequence[_Task], folder: pathlib.Path, place: Region) -> list[LedgerFile]:
    """Write files beside another one; what is wrong with them is told where they are read themselves."""
    files = []
    for task in tasks:
        with contextlib.suppress(GunmaneError):
            files.append(task.written(folder, place))
    return files


def _first_look(task: _Task, folder: pathlib.Path, place: Region) -> Look | None:
    """Return the first rows and columns of a file that could not be used; None where not even they can be read."""
    from gunmane.ledgers.joins import has_shapes
    from gunmane.ledgers.opening import open_raw
    from gunmane.ledgers.proposals import propose_profile

    if missing_parts(task.upload):
        return None
    layout = task.profile.layout if task.profile else task.layout or Layout()
    try:
        raw = open_raw(write_upload(task.upload, folder), layout=layout, max_rows=LOOK_ROWS)
        proposed = propose_profile(raw, region=place)
    except GunmaneError:
        return None
    rows = raw.table.head(LOOK_SHOWN)
    text = rows.astype("object").where(rows.notna(), "").map(str)
    columns = tuple(str(name) for name in raw.table.columns)
    return Look(columns, raw.told, text, proposed, has_shapes(raw))


class _Bar:
    """One bar for all files of a run, with a button to cancel; it comes once they take longer than a moment."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._box: Any = None
        self._bar: Any = None

    def watch(self, job: Job[Reading], text: str, *, done: float) -> None:
        """Wait for a reading; a rerun leaves it going, and a cancelled one is not waited for."""
        left = self._started + QUIET_SECONDS - time.monotonic()
        if self._box is None and job.wait(max(left, 0.0)):
            return
        if self._box is None:
            self._box = st.empty()
            with self._box.container(
                horizontal=True, vertical_alignment="center", key=f"work_bar_{job.serial}"
            ):
                self._bar = st.progress(done, text=text)
                st.button(tr("app.cancel"), key=f"cancel_{job.serial}", on_click=_cancel_all)
        self._bar.progress(done, text=text)
        while not (job.is_cancelled or job.wait(0.2)):
            seconds = round(time.monotonic() - job.started)
            self._bar.progress(done, text=tr("desk.reading_since", what=text, seconds=seconds))

    def close(self) -> None:
        """Take the bar away."""
        if self._box is not None:
            self._box.empty()


def _cancel_all() -> None:
    """Cancel whatever is being read or waits to be."""
    for file in brought():
        if file.state == "waiting":
            if file.job is not None:
                file.job.cancel()
            file.state, file.job = _state_without_reading(file), None
            file.company = company_of(companions(file, brought()))


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
        # Shapes of a file that is gone must not stay with the one that took them.
        is_kept = file.company == file.read_company
        file.delivery = delivery or (file.delivery if is_kept else None)
        file.read_company = file.company
        file.sheets = max(file.sheets, tuple(map(str, file.told.get("sheets") or ())), key=len)
    except Exception:
        # One file that nobody foresaw must not keep the others from being read.
        LOG.exception("reading failed")
        file.error = FileError("desk_unexpected", file=file.name)
    file.state = _state_of(file)
    file.version += 1
