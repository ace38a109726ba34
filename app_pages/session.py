"""What a person's session holds: language, region, ground, choices, plan; the pages ask here for all of it."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import pathlib
import tempfile
import time
from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, cast

import streamlit as st

from app_pages.work import Job, Progress, Shelf
from gunmane import i18n
from gunmane.errors import GunmaneError, RegionError
from gunmane.municipalities import Region, find_region
from gunmane.scenario import Ground, Plan, Scenario

if TYPE_CHECKING:
    from gunmane.evidence import Evidence

T = TypeVar("T")
LOG = logging.getLogger("gunmane.pages")

PAGES = {
    "start": "start.py",
    "region": "region.py",
    "group": "group.py",
    "compare": "compare.py",
    "output": "output.py",
}
"""Pages in the order of the header, by the file beside main.py."""

LANGUAGES = {"ja": "日本語", "en": "English"}
GROUNDS_KEPT = 11
PLANS_KEPT = 64
EVIDENCE_KEPT = 24
QUIET_SECONDS = 0.4


@dataclasses.dataclass(frozen=True)
class Upload:
    """
    A file that a user brought, as it came: its name and its bytes.

    Parameters
    ----------
    name
        As the user's machine calls it; only its last part is used.
    content
        The bytes.
    """

    name: str
    content: bytes


@dataclasses.dataclass(frozen=True, eq=False)
class OwnGround:
    """
    A ground made from a user's own files; it lives in this session alone.

    Parameters
    ----------
    ground
        The region made ready with them.
    roads, assets
        Names of the files.
    serial
        Grows with every upload of this session.
    """

    ground: Ground
    roads: str
    assets: tuple[str, ...]
    serial: int


# -- language and region ------------------------------------------------------------------------------------


def lang() -> str:
    """Return the language of the pages: "ja" until the user chooses "en"."""
    return str(st.session_state.get("_lang", "ja"))


def tr(key: str, **values: object) -> str:
    """Return a sentence of the catalogue in the session's language."""
    return i18n.t(key, lang(), **values)


def set_lang(choice: str) -> None:
    """Change the language; anything but a known one is ignored."""
    if choice in LANGUAGES:
        st.session_state["_lang"] = choice


def region_id() -> str | None:
    """Return the id of the region that the pages show; None until one is chosen."""
    return cast("str | None", st.session_state.get("_region"))


def set_region(chosen: str | None) -> None:
    """
    Change the region.

    Raises
    ------
    RegionError
        If there is no such region; the one before stays.
    """
    st.session_state["_region"] = None if chosen is None else find_region(chosen).region_id


@st.cache_resource(show_spinner=False, max_entries=GROUNDS_KEPT)
def _region(chosen: str) -> Region:
    return find_region(chosen)


def region() -> Region | None:
    """Return the chosen region with its facts."""
    chosen = region_id()
    return None if chosen is None else _region(chosen)


def require_region() -> Region:
    """Return the chosen region; where none is chosen, say what to do next and end the page here."""
    chosen = region()
    if chosen is None:
        st.info(tr("app.no_region"))
        if st.button(tr("app.choose_region"), type="primary", key="choose_region"):
            go("start")
        st.stop()
    return chosen


def go(page: str, chosen: str | None = None) -> None:
    """Open a page (a key of `PAGES`), of another region where one is named."""
    if chosen is not None:
        set_region(chosen)
    st.switch_page(PAGES[page])


def read_address() -> None:
    """Take language and region from the address, when it says something else than was last written there."""
    written = st.session_state.get("_address", {})
    asked = {name: st.query_params.get(name) for name in ("lang", "region")}
    if asked["lang"] and asked["lang"] != written.get("lang"):
        set_lang(asked["lang"])
    if asked["region"] and asked["region"] != written.get("region"):
        try:
            set_region(asked["region"])
            st.session_state.pop("_region_error", None)
        except RegionError as error:
            st.session_state["_region_error"] = error


def write_address() -> None:
    """Keep the address in step, so that it can be sent to a colleague."""
    wanted = {"lang": lang()}
    chosen = region_id()
    if chosen:
        wanted["region"] = chosen
    if dict(st.query_params) != wanted:
        st.query_params.from_dict(wanted)
    st.session_state["_address"] = wanted


# -- ground -------------------------------------------------------------------------------------------------


@st.cache_resource(show_spinner=False)
def _shelf(kind: str, max_entries: int) -> Shelf:
    """Return the shelf of this process for a kind of result."""
    return Shelf(kind, max_entries)


def own() -> OwnGround | None:
    """Return what this session made of its own files for the chosen region, if anything."""
    return cast("OwnGround | None", st.session_state.get("_own", {}).get(region_id()))


def is_sample() -> bool:
    """Return whether sample roads or assets are in what the pages show."""
    mine = own()
    return True if mine is None else bool(mine.ground.provenance.get("is_synthetic", True))


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
    shelf = _shelf("grounds", GROUNDS_KEPT)
    known = shelf.find(place.region_id)
    if known is not None:
        return cast(Ground, known)

    def make(progress: Progress) -> Ground:
        from gunmane.grounds import prepare_ground

        return prepare_ground(place, progress=progress)

    return cast(Ground, watch(shelf.job(place.region_id, make), may_cancel=False))


def use_files(
    *, roads: Upload | None, assets: Sequence[Upload] = (), is_roads_as_assets: bool = False
) -> Ground:
    """
    Make this session's ground of the chosen region from the user's files; what was there stays if it fails.

    Raises
    ------
    GunmaneError
        If a file cannot be used; the error's sentence names it.
    """
    place = require_region()
    before = own()
    with tempfile.TemporaryDirectory(prefix="gunmane-") as folder:
        paths = [_written(file, pathlib.Path(folder), number) for number, file in enumerate(assets)]
        road_path = None if roads is None else _written(roads, pathlib.Path(folder), len(paths))

        def make(progress: Progress) -> Ground:
            from gunmane.grounds import prepare_ground

            return prepare_ground(
                place,
                roads=road_path,
                assets=paths,
                is_roads_as_assets=is_roads_as_assets,
                progress=progress,
            )

        made = watch(Job(make), may_cancel=False)
    mine = OwnGround(
        made,
        roads.name if roads else "",
        tuple(file.name for file in assets),
        1 if before is None else before.serial + 1,
    )
    st.session_state.setdefault("_own", {})[place.region_id] = mine
    return made


def _written(file: Upload, folder: pathlib.Path, number: int) -> pathlib.Path:
    """Write an upload under its own last name, each in a folder of its own so that equal names do not meet."""
    name = pathlib.PurePosixPath(file.name.replace("\\", "/")).name.lstrip(".") or "file"
    place = folder / str(number)
    place.mkdir()
    path = place / name
    path.write_bytes(file.content)
    return path


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
    whole = (_ground_key(), key)
    if own() is None:
        shelf = _shelf(kind, max_entries)
    else:
        shelf = st.session_state.setdefault("_own_shelves", {}).setdefault(kind, Shelf(kind, 2))
    known = shelf.find(whole)
    if known is None:
        known = make()
        shelf.put(whole, known)
    return cast(T, known)


def _ground_key() -> tuple[str, int]:
    mine = own()
    return (str(region_id()), 0 if mine is None else mine.serial)


# -- choices, plan, comparison ------------------------------------------------------------------------------


def scenario(layer: str | None = None) -> Scenario:
    """Return the choices for the region: those of its current package, or of `layer`."""
    place = require_region()
    current = st.session_state.setdefault("_layers", {}).get(place.region_id, place.default_layer)
    wanted = layer or current
    known = st.session_state.setdefault("_scenarios", {}).get((place.region_id, wanted))
    return cast(Scenario, known or Scenario.default(place, layer=wanted))


def set_scenario(chosen: Scenario) -> None:
    """Keep choices as those of their region and package, and make that package the current one."""
    st.session_state.setdefault("_scenarios", {})[chosen.region_id, chosen.layer] = chosen
    st.session_state.setdefault("_layers", {})[chosen.region_id] = chosen.layer


def _kept(kind: str, choices: Scenario) -> tuple[Any, str] | None:
    """Return what this session kept last for a package, and the fingerprint it was made with."""
    held = st.session_state.get(f"_{kind}", {}).get((choices.region_id, choices.layer))
    if held is None or held[0] != _ground_key():
        return None
    return held[2], held[1]


def _keep(kind: str, choices: Scenario, value: Any) -> None:
    place = (choices.region_id, choices.layer)
    st.session_state.setdefault(f"_{kind}", {})[place] = (_ground_key(), choices.fingerprint(), value)


def plan() -> Plan | None:
    """Return the last good plan of the current region and package; its `scenario` says what it was made with."""
    choices = scenario()
    kept = _kept("plans", choices)
    if kept is not None:
        return cast(Plan, kept[0])
    if own() is None:
        return cast("Plan | None", _shelf("plans", PLANS_KEPT).find(choices.fingerprint()))
    return None


def make(choices: Scenario, *, is_redone: bool = False) -> Plan:
    """
    Return the plan of some choices and make them the session's; a bar with a cancel button stands meanwhile.

    Where it fails and there is a plan from before, that one stays: it is returned, with the error's sentence above.

    Parameters
    ----------
    choices
        The choices.
    is_redone
        True makes it anew even when it is known, for instance after it was cancelled.

    Raises
    ------
    GunmaneError
        If it cannot be made and there is none from before.
    """
    set_scenario(choices)
    before = plan()

    def work(progress: Progress) -> Plan:
        from gunmane.plans import make_plan

        return make_plan(choices, here, progress=progress)

    try:
        here = ground()
        return _made("plans", PLANS_KEPT, choices, work, is_redone=is_redone)
    except GunmaneError as error:
        if before is None:
            raise
        show_error(error)
        return before


def today() -> Plan:
    """
    Return today's state for the session's choices: one area a body and field.

    Raises
    ------
    GunmaneError
        If nothing is there to be counted.
    """
    choices, here = scenario(), ground()

    def look() -> Plan:
        from gunmane.evidence import today_state

        return today_state(choices, here)

    return remembered("today", choices.fingerprint(), look, max_entries=PLANS_KEPT)


def evidence(*, is_made: bool = True) -> Evidence | None:
    """
    Return the comparison of the session's choices, making it where it is not known yet.

    Parameters
    ----------
    is_made
        False only looks whether it is known.

    Raises
    ------
    GunmaneError
        If it cannot be made.
    """
    choices = scenario()
    if not is_made:
        kept = _kept("evidence", choices)
        if kept is not None and kept[1] == choices.fingerprint():
            return cast("Evidence", kept[0])
        found = None if own() else _shelf("evidence", EVIDENCE_KEPT).find(choices.fingerprint())
        return cast("Evidence | None", found)
    here = ground()

    def work(progress: Progress) -> Evidence:
        from gunmane.evidence import compare

        return compare(choices, here, progress=progress)

    return _made("evidence", EVIDENCE_KEPT, choices, work, is_redone=False)


def _made(
    kind: str, max_entries: int, choices: Scenario, work: Callable[[Progress], T], *, is_redone: bool
) -> T:
    """Return a result from this session, from the shelf all share, or by doing the work."""
    fingerprint = choices.fingerprint()
    kept = _kept(kind, choices)
    if kept is not None and kept[1] == fingerprint and not is_redone:
        return cast(T, kept[0])
    shelf = _shelf(kind, max_entries)
    if own() is None and not is_redone:
        known = shelf.find(fingerprint)
        if known is not None:
            _keep(kind, choices, known)
            return cast(T, known)

    jobs = cast("dict[str, tuple[Any, Job[T]]]", st.session_state.setdefault("_jobs", {}))
    name = (_ground_key(), fingerprint)
    if kind in jobs and jobs[kind][0] != name:
        jobs.pop(kind)[1].cancel()
    if kind not in jobs:
        jobs[kind] = (name, Job(work))
    job = jobs[kind][1]
    try:
        value = watch(job)
    finally:
        if job.wait(0):
            jobs.pop(kind, None)
    _keep(kind, choices, value)
    if own() is None and not job.is_cancelled:
        shelf.put(fingerprint, value)
    return value


def watch(job: Job[T], *, may_cancel: bool = True) -> T:
    """
    Wait for a job with a bar, words and the time that may be left; return or raise what it ends with.

    Parameters
    ----------
    job
        The job. A rerun of the page leaves it running; the next run waits for it again.
    may_cancel
        Whether a button to cancel stands beside the bar.
    """
    if not job.wait(QUIET_SECONDS):
        box = st.empty()
        with box.container(horizontal=True, vertical_alignment="center", key=f"work_bar_{id(job)}"):
            bar = st.progress(job.fraction, text=_progress_words(job))
            if may_cancel:
                st.button(tr("app.cancel"), key=f"cancel_{id(job)}", on_click=job.cancel)
        while not job.wait(0.2):
            bar.progress(job.fraction, text=_progress_words(job))
        box.empty()
    return job.result()


def _progress_words(job: Job[Any]) -> str:
    if job.is_cancelled:
        return tr("app.stopping")
    spent = time.monotonic() - job.started
    what = i18n.catalogue(lang()).get(job.key) or tr("app.working")
    if job.fraction < 0.1 or spent < 2:
        return what
    left = max(1, round(spent * (1 - job.fraction) / job.fraction))
    return tr("app.time_left", what=what, seconds=left)


# -- what every page shows ----------------------------------------------------------------------------------


def show_error(error: GunmaneError) -> None:
    """Show an error of our own as its sentence."""
    st.error(i18n.say(error, lang()))


@contextlib.contextmanager
def page_guard() -> Iterator[None]:
    """Turn whatever goes wrong on a page into one sentence; a traceback goes to the server's log only."""
    try:
        yield
    except GunmaneError as error:
        LOG.info("page stopped: %s", error)
        show_error(error)
    except Exception:
        LOG.exception("page failed")
        st.error(tr("app.unexpected"))


def header(page: str) -> None:
    """Show the header of a page: its name among the pages, region, language, and what the data is."""
    read_region_error = st.session_state.pop("_region_error", None)
    with st.container(
        horizontal=True, vertical_alignment="center", key="header", gap="small", horizontal_alignment="left"
    ):
        st.html(f'<span class="gm-brand">{tr("app.name")}</span>', width="content")
        for name, file in PAGES.items():
            if (pathlib.Path(__file__).parent / file).exists():
                label = tr(f"app.page.{name}")
                st.page_link(file, label=f"**{label}**" if name == page else label, width="content")
        _region_choice()
        _language_choice()
    _bands(page)
    if read_region_error is not None:
        show_error(read_region_error)


def _region_choice() -> None:
    from gunmane.municipalities import load_regions

    names = load_regions().set_index("region_id")["name_ja" if lang() == "ja" else "name_en"]
    st.session_state["_region_choice"] = region_id()
    st.selectbox(
        tr("app.region"),
        list(names.index),
        format_func=lambda code: str(names[code]),
        key="_region_choice",
        placeholder=tr("app.choose_region"),
        label_visibility="collapsed",
        width=390,
        on_change=lambda: set_region(st.session_state["_region_choice"]),
    )


def _language_choice() -> None:
    st.session_state["_language_choice"] = lang()
    st.segmented_control(
        tr("app.language"),
        list(LANGUAGES),
        format_func=LANGUAGES.__getitem__,
        key="_language_choice",
        required=True,
        label_visibility="collapsed",
        on_change=lambda: set_lang(st.session_state["_language_choice"]),
    )


def _bands(page: str) -> None:
    notes = []
    if is_sample():
        extra = tr("app.sample_band_start") if page == "start" else ""
        notes.append(f'<span class="gm-sample">{tr("app.sample_band")}{extra}</span>')
    notes.append(f'<span class="gm-disclaimer">{tr("app.disclaimer")}</span>')
    st.html(f'<div class="gm-bands" role="note">{"".join(notes)}</div>')
