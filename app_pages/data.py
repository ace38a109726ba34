"""The ground that the pages stand on: the sample that all sessions share, or what one session's files made."""

from __future__ import annotations

import contextlib
import dataclasses
import pathlib
from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import TYPE_CHECKING, TypeVar, cast

import streamlit as st

from app_pages.place import go, lang, region, region_id, require_region, tr
from app_pages.waiting import watch
from app_pages.work import Job, Progress, Shelf
from gunmane import summaries
from gunmane.errors import GunmaneError
from gunmane.municipalities import Region, towns_without_totals
from gunmane.scenario import Ground

if TYPE_CHECKING:
    from gunmane.deliveries import Delivery

T = TypeVar("T")
GROUNDS_KEPT = 11


@dataclasses.dataclass(frozen=True)
class Upload:
    """
    A file that a user brought, as it came: its name and its bytes.

    Parameters
    ----------
    name
        As the user's machine calls it; only its last part is used.
    content
        The bytes; empty where `parts` has them.
    parts
        The files that make up a shapefile: suffix in small letters, and bytes.
    """

    name: str
    content: bytes
    parts: tuple[tuple[str, bytes], ...] = ()

    @property
    def size(self) -> int:
        """Bytes of the file, or of all its parts."""
        return len(self.content) + sum(len(content) for _, content in self.parts)


@dataclasses.dataclass(frozen=True, eq=False)
class OwnGround:
    """
    A ground made from a user's own files; it lives in this session alone.

    Parameters
    ----------
    ground
        The region made ready with them.
    roads, assets
        Names of the files: those of road lines joined, and each of the others.
    serial
        Grows with every ground of this session.
    files
        Names of all files.
    is_roads_as_assets
        Whether the road files' lines are the road assets.
    """

    ground: Ground
    roads: str
    assets: tuple[str, ...]
    serial: int
    files: tuple[str, ...] = ()
    is_roads_as_assets: bool = False


@st.cache_resource(show_spinner=False)
def shared_shelf(kind: str, max_entries: int) -> Shelf:
    """Return the shelf of this process for a kind of result."""
    return Shelf(kind, max_entries)


def own() -> OwnGround | None:
    """Return what this session made of its own files for the chosen region, if anything."""
    return cast("OwnGround | None", st.session_state.get("_own", {}).get(region_id()))


def sample_part() -> str:
    """Return which part of what the pages show is sample: "both", "mixed", "roads", "assets" or "none"."""
    mine = own()
    if without_totals():
        return "none"
    return "both" if mine is None else summaries.sample_part(mine.ground)


def without_totals() -> tuple[str, ...]:
    """Return the municipalities of which neither totals nor files are known, so that nothing can be shown yet."""
    place = region()
    return () if place is None or own() is not None else towns_without_totals(place)


def is_sample() -> bool:
    """Return whether sample roads or assets are in what the pages show."""
    return sample_part() != "none"


def ground() -> Ground:
    """
    Return the region made ready: the sample one that all sessions share, or this session's own.

    A bar with words stands on the page while it is made.

    Raises
    ------
    GunmaneError
        If it cannot be made.
    """
    mine = own()
    if mine is not None:
        return mine.ground
    place = require_region()
    if codes := without_totals():
        _lead_to_totals(place, codes)
    shelf = shared_shelf("grounds", GROUNDS_KEPT)
    known = shelf.find(place.region_id)
    if known is not None:
        return cast(Ground, known)

    def make(progress: Progress) -> Ground:
        from gunmane.grounds import prepare_ground

        return prepare_ground(place, progress=progress)

    with _place_of_its_own("_ground_bar"):
        return cast(Ground, watch(shelf.job(place.region_id, make), may_cancel=False))


def _lead_to_totals(place: Region, codes: Sequence[str]) -> None:
    """Say which totals are missing and lead to where they are brought; the page ends here."""
    names = tr("word.list_sep").join(place.name_of(code, lang()) for code in codes)
    st.info(tr("own_region.needs_totals", names=names))
    if st.button(tr("own_region.to_data"), type="primary", key="to_data"):
        go("data")
    st.stop()


def use_files(
    deliveries: Sequence[Delivery], *, is_roads_as_assets: bool = False
) -> tuple[GunmaneError, ...]:
    """
    Make this session's ground of the chosen region from the user's files; what was there stays if none can be used.

    Parameters
    ----------
    deliveries
        The files as they were taken; no two of one name.
    is_roads_as_assets
        True makes the road files' lines inside the region the road assets.

    Returns
    -------
    faults
        Of every file that could not be used, its error; the other files are used without it.

    Raises
    ------
    GunmaneError
        If something other than one of the files is at fault.
    """
    place = require_region()
    faults: list[GunmaneError] = []
    left, made, as_assets = list(deliveries), None, False
    while made is None and left:
        as_assets = is_roads_as_assets and any(delivery.roads is not None for delivery in left)
        try:
            made = _made_from(place, left, is_roads_as_assets=as_assets)
        except GunmaneError as error:
            at_fault = str(error.values.get("file", ""))
            faults.append(error)
            if all(delivery.file != at_fault for delivery in left):
                raise
            left = [delivery for delivery in left if delivery.file != at_fault]
    if made is not None:
        keep_ground(made, left, is_roads_as_assets=as_assets)
    return tuple(faults)


def keep_ground(made: Ground, files: Sequence[Delivery], *, is_roads_as_assets: bool = False) -> None:
    """Make a ground this session's own for the chosen region."""
    before = own()
    roads = ", ".join(delivery.file for delivery in files if delivery.roads is not None)
    others = tuple(delivery.file for delivery in files if delivery.roads is None)
    serial = st.session_state["_own_serial"] = st.session_state.get("_own_serial", 0) + 1
    if before is not None:
        # Plans of the ground before are of no use any more.
        st.session_state.pop("_own_shelves", None)
    st.session_state.setdefault("_own", {})[region_id()] = OwnGround(
        made, roads, others, serial, tuple(delivery.file for delivery in files), is_roads_as_assets
    )


def _made_from(place: Region, deliveries: Sequence[Delivery], *, is_roads_as_assets: bool) -> Ground:
    def make(progress: Progress) -> Ground:
        from gunmane.grounds import prepare_ground

        return prepare_ground(
            place, assets=deliveries, is_roads_as_assets=is_roads_as_assets, progress=progress
        )

    return watch(Job(make), may_cancel=False)


def write_upload(file: Upload, folder: pathlib.Path) -> pathlib.Path:
    """Write an upload into a folder under its own last name; no part of the name is used as a path."""
    path = folder / last_name(file.name)
    if not file.parts:
        path.write_bytes(file.content)
        return path
    for suffix, content in file.parts:
        path.with_suffix(suffix).write_bytes(content)
    return path.with_suffix(".shp")


def last_name(name: str) -> str:
    """Return the last part of a file's name, whichever system wrote it, without the dots of a hidden file."""
    return pathlib.PurePosixPath(name.replace("\\", "/")).name.lstrip(".") or "file"


def forget_files() -> None:
    """Go back to the sample data of the chosen region."""
    st.session_state.get("_own", {}).pop(region_id(), None)
    st.session_state.pop("_own_shelves", None)


def remembered(kind: str, key: Hashable, make: Callable[[], T], *, max_entries: int) -> T:
    """
    Return something made from the ground of the chosen region, made once while nothing of its key changes.

    Parameters
    ----------
    kind
        What it is, for instance "asset_layers".
    key
        What it depends on beside the ground.
    make
        Makes it.
    max_entries
        How many of the kind are kept: for all sessions where the ground is the sample, else for this session.
    """
    whole = (ground_key(), key)
    if own() is None:
        shelf = shared_shelf(kind, max_entries)
    else:
        shelf = st.session_state.setdefault("_own_shelves", {}).setdefault(kind, Shelf(kind, 2))
    known = shelf.find(whole)
    if known is None:
        with _said_to_be_busy():
            known = make()
        shelf.put(whole, known)
    return cast(T, known)


@contextlib.contextmanager
def _said_to_be_busy() -> Iterator[None]:
    """Say in the header that something is being made ready, once that takes half a second."""
    with _place_of_its_own("_busy"), st.spinner(tr("app.working")):
        yield


@contextlib.contextmanager
def _place_of_its_own(name: str) -> Iterator[None]:
    """
    Let what shows for a while stand in a place that the header keeps for it, on every run of the page.

    What comes and goes between other elements moves those after it, and a map that was moved begins anew.
    """
    kept = st.session_state.get(name)
    if kept is None:
        yield
        return
    with kept.container():
        yield
    kept.empty()


def ground_key() -> tuple[str, int]:
    """Return what tells one ground of this session from another: the region, and which upload (0: the sample)."""
    mine = own()
    return (str(region_id()), 0 if mine is None else mine.serial)
