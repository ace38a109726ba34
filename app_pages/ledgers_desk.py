"""The files that a session has brought for a region; nobody else sees them."""

from __future__ import annotations

import dataclasses
import pathlib
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

import pandas as pd
import streamlit as st

from app_pages.data import OwnGround, Upload, own
from app_pages.ledgers_brought import Brought, OnInvalid
from app_pages.ledgers_parts import completes, gathered, is_meant, ledger_of, profile_of, with_parts
from app_pages.place import region_id
from gunmane.errors import FileError, GunmaneError
from gunmane.ledgers.profiles import Answers, Layout, Profile

if TYPE_CHECKING:
    from gunmane.deliveries import Delivery

MAX_FILES = 30
MAX_TOTAL_BYTES = 600 * 1024**2
MEGABYTE = 1024**2
# What is added to the name of a file of which another sheet is read.
PART_NAME = re.compile(r"［[^［］]*］$")


def brought() -> list[Brought]:
    """Return this session's files for the chosen region, in the order in which they came."""
    held = st.session_state.setdefault("_brought", {})
    return cast("list[Brought]", held.setdefault(region_id(), []))


def add(uploads: Sequence[Upload]) -> tuple[GunmaneError, ...]:
    """
    Put files on the desk to be read; two of one name both stay.

    Parts of a shapefile become one file, also where one comes later; a profile goes to the ledger of its name.

    Returns
    -------
    faults
        Of each file for which there is no room, and each profile that is none.
    """
    faults: list[GunmaneError] = []
    desk, before = brought(), len(brought())
    for upload in gathered([one for one in uploads if not ledger_of(one.name)]):
        lacking = next((file for file in reversed(desk) if completes(upload, file.upload)), None)
        if lacking is not None:
            _complete(lacking, upload)
            continue
        if not _has_room(upload.size):
            limits = {"files": MAX_FILES, "megabytes": MAX_TOTAL_BYTES // MEGABYTE}
            faults.append(FileError("desk_full", file=upload.name, **limits))
            continue
        put(upload)
    for upload in uploads:
        try:
            if ledger := ledger_of(upload.name):
                kept_profiles()[ledger] = profile_of(upload.name, upload.content)
        except GunmaneError as error:
            faults.append(error)
    _use_kept_profiles()
    if len(desk) > before:
        choose(desk[before])
    return tuple(faults)


def _has_room(size: int) -> bool:
    """Whether there is room for one more file; the bytes that two files share count once."""
    held = {id(file.upload.content or file.upload.parts): file.upload.size for file in brought()}
    return len(brought()) < MAX_FILES and sum(held.values()) + size <= MAX_TOTAL_BYTES


def put(upload: Upload, *, layout: Layout | None = None) -> Brought:
    """Put one file on the desk, under a name that no other there has."""
    desk = brought()
    serial = st.session_state["_brought_serial"] = st.session_state.get("_brought_serial", 0) + 1
    name = _free_name(upload.name, {file.name for file in desk})
    file = Brought(serial, dataclasses.replace(upload, name=name), layout=layout, came_as=upload.name)
    desk.append(file)
    return file


def put_part(file: Brought, part: str, layout: Layout) -> GunmaneError | None:
    """Put another sheet, layer or member of a file on the desk; return why there is no room for it."""
    path = pathlib.PurePosixPath(file.name)
    stem = PART_NAME.sub("", path.stem) if file.layout is not None else path.stem
    word = "".join("・" if sign in '/\\:*?"<>|［］' else sign for sign in part)[:40]
    upload = dataclasses.replace(file.upload, name=f"{stem}［{word}］{path.suffix}")
    if not _has_room(0):
        limits = {"files": MAX_FILES, "megabytes": MAX_TOTAL_BYTES // MEGABYTE}
        return FileError("desk_full", file=upload.name, **limits)
    put(upload, layout=layout).sheets = file.sheets
    return None


def _complete(file: Brought, upload: Upload) -> None:
    """Add parts to a shapefile that was dropped without them, and have it read."""
    whole = with_parts(file.upload, upload.parts)
    taken = {other.name for other in brought() if other is not file}
    file.upload, file.came_as = dataclasses.replace(whole, name=_free_name(whole.name, taken)), whole.name
    file.revision += 1
    read_again(file, file.profile)
    choose(file)


def kept_profiles() -> dict[str, Profile]:
    """Return the profiles that wait for their ledger, by the name of that."""
    held = st.session_state.setdefault("_brought_profiles", {})
    return cast("dict[str, Profile]", held.setdefault(region_id(), {}))


def _use_kept_profiles() -> None:
    """Read each ledger with the profile that was dropped beside it, whichever of the two came first."""
    for ledger in list(kept_profiles()):
        meant = [file for file in brought() if is_meant(ledger, file.came_as)]
        if meant:
            read_again(meant[-1], kept_profiles().pop(ledger))


def _free_name(name: str, taken: set[str]) -> str:
    """Return a file's last name, numbered where another of that name lies on the desk: "a.csv", "a (2).csv"."""
    last = pathlib.PurePosixPath(name.replace("\\", "/")).name.lstrip(".") or "file"
    path, number, free = pathlib.PurePosixPath(last), 2, last
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
    file.revision += _is_new_beside(file, profile)
    file.profile, file.job, file.state = profile, None, "waiting"
    file.use_error = None
    file.on_invalid = on_invalid or file.on_invalid


def _is_new_beside(file: Brought, profile: Profile | None) -> bool:
    """Whether a file gives those beside it something else when it is read with a profile: they ask for its rows."""
    from gunmane.packets import LARGE_BYTES, named_columns

    before = file.tried_profile
    if profile is None or (profile.layout, profile.role) != (before.layout, before.role):
        return True
    return file.upload.size > LARGE_BYTES and named_columns(profile) != named_columns(before)


def read_part(file: Brought, layout: Layout) -> None:
    """Have another sheet, layer or member of a file read in its place; what its columns mean is found out anew."""
    file.layout = layout
    read_again(file, None)


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


def mark_planned(mine: OwnGround, faults: Sequence[GunmaneError]) -> None:
    """
    Remember which reading of each file the session's ground was made with, and what came up beside the others.

    Parameters
    ----------
    mine
        The ground.
    faults
        Of files without which it was made.
    """
    mark_unused(faults)
    for file in brought():
        file.planned_version, file.planned_used, file.planned_faults = None, 0, None
        if file.delivery is not None and file.name in mine.files:
            file.planned_version = file.version
            sources = mine.ground.assets["source"].astype("str").str.rpartition("#")[0]
            file.planned_used = int((sources == file.name).sum())
            file.planned_faults = planned_faults(file.delivery, mine.ground.rejects)


def mark_unused(faults: Sequence[GunmaneError]) -> None:
    """Keep with each file why it could not be planned with, where the ground from before stays."""
    failed = {str(error.values.get("file", "")): error for error in faults}
    for file in brought():
        file.use_error = failed.get(file.name)


def planned_faults(delivery: Delivery, rejects: pd.DataFrame) -> pd.DataFrame:
    """Return a file's faults that came up only as it was put together with the other files."""
    names = ["row", "column", "rule"]
    ours = rejects[rejects["source_file"] == delivery.file]
    now, before = (
        pd.MultiIndex.from_frame(table[names].astype("object").fillna("").astype("str"))
        for table in (ours, delivery.rejects)
    )
    return ours[~now.isin(before)].reset_index(drop=True)


def left_in_use() -> list[str]:
    """Return the names of the files that plans use still, although they were taken from the desk."""
    mine = own()
    held = {file.name for file in brought() if file.planned_version is not None}
    return [] if mine is None else [name for name in mine.files if name not in held]


def chosen() -> Brought | None:
    """Return the file whose details are shown: the one chosen, else the newest that was read or failed."""
    desk = brought()
    serial = st.session_state.get("_brought_chosen")
    return next((file for file in desk if file.serial == serial), desk[-1] if desk else None)


def choose(file: Brought) -> None:
    """Show the details of a file."""
    st.session_state["_brought_chosen"] = file.serial
