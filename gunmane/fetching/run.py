"""A region's open data into one folder: kept where it is whole, fetched or copied where not, every fault named."""

from __future__ import annotations

import contextlib
import dataclasses
import pathlib
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Literal

from gunmane.errors import FileError, GunmaneError
from gunmane.fetching.addresses import Download, wanted_downloads
from gunmane.fetching.carried import (
    check_carried,
    copy_carried,
    find_carried,
    fits,
    kept_name,
    list_files,
    version_of_name,
)
from gunmane.fetching.locking import only_run
from gunmane.fetching.manifest import Arrival, now, read_manifest, record
from gunmane.fetching.reading import is_useless, read_kind
from gunmane.fetching.soundness import is_sound, set_aside
from gunmane.fetching.transfer import LIMITS, Limits, download
from gunmane.i18n import t
from gunmane.ledgers.files import file_sha256
from gunmane.municipalities import Region, file_stem

State = Literal["kept", "fetched", "copied", "made", "by_hand", "missing", "failed", "unreadable"]
Progress = Callable[[float, str], bool]
PROGRESS_KEY = "progress.fetching"
LANG_OF_TERMS = "ja"  # the table tells titles and terms in Japanese
DAY_LETTERS = 10
# Files tried for one download: a folder carried in holds a few years of a data set.
MAX_FITTING = 20


@dataclasses.dataclass(frozen=True)
class Outcome:
    """
    What became of one file.

    Parameters
    ----------
    download
        The file that was wanted.
    state
        "kept": it lay there whole; "fetched", "copied", "made" (joined from others); "by_hand": the table has no
        address; "missing": not in the folder carried in; "failed"; "unreadable": it came, but our readers make nothing
        of it. One that was carried in is not copied then.
    path
        Where it lies, None where it does not or cannot be used.
    fault
        Why it failed or cannot be read, or what was set aside before another was taken.
    source
        The file of the folder carried in that it is, None where it is none.
    """

    download: Download
    state: State
    path: pathlib.Path | None = None
    fault: GunmaneError | None = None
    source: pathlib.Path | None = None


def fetch_region(
    region: Region,
    out: pathlib.Path,
    *,
    kinds: Collection[str] = (),
    carried: pathlib.Path | None = None,
    overpass: str = "",
    limits: Limits = LIMITS,
    progress: Progress | None = None,
) -> tuple[Outcome, ...]:
    """
    Bring a region's open data into a folder; one that fails does not stop the others.

    Parameters
    ----------
    region
        Region.
    out
        Folder; made where it does not exist.
    kinds
        Kinds of the table; none takes all but OpenStreetMap.
    carried
        Folder with the same files, carried in by hand: nothing is asked over the network then.
    overpass
        Address of the Overpass server in place of the table's.
    limits
        Bounds of each download.
    progress
        Called with the part done (0-1).

    Returns
    -------
    outcomes
        One a file, in the order of the table.

    Raises
    ------
    FileError
        If a kind is unknown, a folder cannot be used, or another run is at work in it.
    """
    wanted = wanted_downloads(region, kinds)
    files = None if carried is None else list_files(carried)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _not_written(out, error) from error
    with only_run(out):
        outcomes = _brought(
            wanted, region, out, files=files, overpass=overpass, limits=limits, progress=progress
        )
        return (*outcomes, *_joined_roads(outcomes, region, out))


def _brought(
    wanted: Sequence[Download],
    region: Region,
    out: pathlib.Path,
    *,
    files: tuple[pathlib.Path, ...] | None,
    overpass: str,
    limits: Limits,
    progress: Progress | None,
) -> list[Outcome]:
    """Bring one file after the other, over the network or from the files carried in."""
    outcomes = []
    for number, one in enumerate(wanted):

        def told(part: float, number: int = number) -> None:
            if progress:
                progress((number + part) / len(wanted), PROGRESS_KEY)

        told(0.0)
        try:
            if files is None:
                outcome = _fetched(one, region, out, overpass=overpass, limits=limits, progress=told)
            else:
                outcome = _copied(one, files, region, out)
        except GunmaneError as error:
            outcome = Outcome(one, "failed", fault=error)
        except OSError as error:
            outcome = Outcome(one, "failed", fault=_not_written(out, error))
        outcomes.append(outcome)
    return outcomes


def _not_written(out: pathlib.Path, error: OSError) -> FileError:
    return FileError("output_not_written", folder=str(out), reason=error.strerror or type(error).__name__)


def _fetched(
    one: Download,
    region: Region,
    out: pathlib.Path,
    *,
    overpass: str,
    limits: Limits,
    progress: Callable[[float], None],
) -> Outcome:
    kept, fault = _kept(one, out)
    if kept is not None:
        return _looked_at(Outcome(one, "kept", kept), region)
    if not one.url:
        return Outcome(one, "by_hand")
    target = out / one.file
    if one.kind == "osm":
        from gunmane.fetching.overpass import fetch_roads

        url = overpass or one.url
        one = dataclasses.replace(one, version=now()[:DAY_LETTERS])
        fetch_roads(region, url, target, limits=limits)
        digest = file_sha256(target)
    else:
        url = one.url
        digest = download(url, target, sha256=one.sha256, limits=limits, progress=progress)
    size = target.stat().st_size
    reads_as, unread = _known_as(one, target, region)
    record(out, one, Arrival(target.name, digest, size, url=url, fetched_at=now(), reads_as=reads_as))
    return _told(Outcome(one, "fetched", target, fault), unread)


def _looked_at(outcome: Outcome, region: Region) -> Outcome:
    """
    Return the outcome of a file in the folder after our readers have looked at it, unless they did so before.

    What cannot be read does not stand in the command to type next; the file itself stays.
    """
    one, path = outcome.download, outcome.path
    if path is None or read_manifest(path.parent).get(path.name, {}).get("reads_as"):
        return outcome
    _, fault = _known_as(one, path, region)
    return _told(outcome, fault)


def _told(outcome: Outcome, fault: FileError | None) -> Outcome:
    """Return an outcome with what keeps our readers from its file, unusable where that is a file to plan with."""
    if fault is None:
        return outcome
    if is_useless(outcome.download, fault):
        return dataclasses.replace(outcome, state="unreadable", path=None, fault=fault)
    return dataclasses.replace(outcome, fault=outcome.fault or fault)


def _known_as(one: Download, path: pathlib.Path, region: Region) -> tuple[str, FileError | None]:
    """Return as what our readers know a file, "" with the fault where they do not."""
    try:
        return read_kind(one, path, region), None
    except FileError as error:
        return "", error


def _copied(one: Download, files: tuple[pathlib.Path, ...], region: Region, out: pathlib.Path) -> Outcome:
    """Take the best fitting file that is sound and can be read; a better one that is not is told of."""
    sources = find_carried(one, files)
    if not sources:
        kept, fault = _kept(one, out)
        if kept is None:
            return Outcome(one, "missing", fault=fault)
        return _looked_at(Outcome(one, "kept", kept), region)
    first: Outcome | None = None
    for source in sources[:MAX_FITTING]:
        try:
            digest = check_carried(one, source)
        except GunmaneError as error:
            first = first or Outcome(one, "failed", fault=error, source=source)
            continue
        reads_as, fault = _known_as(one, source, region)
        if fault is not None and is_useless(one, fault):
            first = first or Outcome(one, "unreadable", fault=fault, source=source)
            continue
        found = _taken(one, source, digest, reads_as, out)
        return dataclasses.replace(found, fault=first.fault if first else fault)
    return first or Outcome(one, "missing")


def _taken(one: Download, source: pathlib.Path, digest: str, reads_as: str, out: pathlib.Path) -> Outcome:
    """Copy a carried file and enter it, with what the manifest beside it knows of where and when it was fetched."""
    beside = read_manifest(source.parent).get(source.name, {})
    known = {key: str(beside.get(key) or "") for key in ("url", "fetched_at", "version", "licence")}
    if kept_name(one, source) != one.file:
        # Another version than the table's: which one, the manifest beside it or its name says.
        version = known["version"] or version_of_name(source.name)
        licence = known["licence"] or t("fetch.other_version", LANG_OF_TERMS, licence=one.licence)
        one = dataclasses.replace(one, version=version, licence=licence)
    held = read_manifest(out)
    target = copy_carried(one, source, digest, out)
    if held.get(target.name, {}).get("sha256") == digest:
        return Outcome(one, "kept", target, source=source)
    came = Arrival(
        target.name,
        digest,
        target.stat().st_size,
        url=known["url"],
        fetched_at=known["fetched_at"],
        carried_at=now(),
        reads_as=reads_as,
    )
    record(out, one, came)
    return Outcome(one, "copied", target, source=source)


def _kept(one: Download, out: pathlib.Path) -> tuple[pathlib.Path | None, FileError | None]:
    """
    Return the file where it lies in the folder whole.

    One that changed since it was fetched is set aside, with the fault that says so; one that nobody entered into the
    manifest is taken where it is what its name says.
    """
    entries = read_manifest(out)
    # Another version, carried in earlier, serves as well.
    others = [name for name, entry in entries.items() if entry.get("id") == one.id and fits(one, name)]
    names = dict.fromkeys([*([one.file] if one.file else []), *sorted(others, reverse=True)])
    for name in names:
        path = out / name
        if not path.is_file() or path.is_symlink():
            continue
        digest = file_sha256(path)
        known = [str(text).lower() for text in (entries.get(name, {}).get("sha256"), one.sha256) if text]
        if any(text != digest for text in known) or not is_sound(path, name):
            kept = set_aside(path, out / f"{name}.wrong")
            return None, FileError("fetch_wrong_checksum", file=name, kept=kept.name)
        if name not in entries:
            record(out, one, Arrival(name, digest, path.stat().st_size, carried_at=now()))
        return path, None
    return None, None


def _joined_roads(outcomes: list[Outcome], region: Region, out: pathlib.Path) -> Iterable[Outcome]:
    """Join roads that came in several mesh files: a plan takes one."""
    parts = [o for o in outcomes if o.download.kind == "n13" and o.path is not None]
    if len(parts) < 2 or any(o.download.kind == "n13" and o.path is None for o in outcomes):
        return ()
    from gunmane.fetching.meshes import join_meshes

    target = out / f"n13_{file_stem(region.region_id)}.gpkg"
    first = parts[0].download
    one = dataclasses.replace(first, id="n13_joined", url="", file=target.name, patterns=(), sha256="")
    sources = [o.path for o in parts if o.path is not None]
    made_of = " ".join(file_sha256(path) for path in sorted(sources))
    entry = read_manifest(out).get(target.name, {})
    if entry.get("made_of") == made_of and target.is_file() and file_sha256(target) == entry.get("sha256"):
        return (Outcome(one, "kept", target),)
    try:
        join_meshes(sources, region, target)
        digest = file_sha256(target)
        size = target.stat().st_size
        record(out, one, Arrival(target.name, digest, size, reads_as="n13", made_of=made_of))
    except GunmaneError as error:
        with contextlib.suppress(OSError):
            target.unlink(missing_ok=True)
        return (Outcome(one, "failed", fault=error),)
    return (Outcome(one, "made", target),)


def roads_and_assets(outcomes: Iterable[Outcome]) -> tuple[pathlib.Path | None, tuple[pathlib.Path, ...]]:
    """
    Return the one file of roads and the files of assets that `gunmane plan` takes.

    OpenStreetMap goes before the meshes when both are there: it was asked for by name, and it knows one-way roads.
    """
    there = [o for o in outcomes if o.path is not None]
    roads = [o for o in there if o.download.use == "roads"]
    meshes = [o for o in roads if o.download.id == "n13"]
    one_file = [o for o in roads if o.download.id != "n13"] or (meshes if len(meshes) == 1 else [])
    ranked = sorted(one_file, key=lambda o: o.download.kind != "osm")
    assets = tuple(o.path for o in there if o.download.use == "assets" and o.path is not None)
    return (ranked[0].path if ranked else None), assets
