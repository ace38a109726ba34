"""A region's open data into one folder: kept where it is whole, fetched or copied where not, every fault named."""

from __future__ import annotations

import contextlib
import dataclasses
import pathlib
from collections.abc import Callable, Collection, Iterable
from typing import Literal

from gunmane.errors import FileError, GunmaneError
from gunmane.fetching.addresses import Download, wanted_downloads
from gunmane.fetching.carried import copy_carried, find_carried, fits, kept_name, list_files
from gunmane.fetching.manifest import read_manifest, record
from gunmane.fetching.soundness import is_sound, set_aside
from gunmane.fetching.transfer import LIMITS, Limits, download
from gunmane.ledgers.files import file_sha256
from gunmane.municipalities import Region

State = Literal["kept", "fetched", "copied", "made", "by_hand", "missing", "failed"]
Progress = Callable[[float, str], bool]
PROGRESS_KEY = "progress.fetching"


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
        address; "missing": not in the folder carried in; "failed".
    path
        Where it lies, None where it does not.
    fault
        Why it failed, or what was set aside before it was fetched anew.
    """

    download: Download
    state: State
    path: pathlib.Path | None = None
    fault: GunmaneError | None = None


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
        If a kind is unknown, or a folder cannot be used.
    """
    wanted = wanted_downloads(region, kinds)
    files = None if carried is None else list_files(carried)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _not_written(out, error) from error
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
                outcome = _copied(one, files, out)
        except GunmaneError as error:
            outcome = Outcome(one, "failed", fault=error)
        except OSError as error:
            outcome = Outcome(one, "failed", fault=_not_written(out, error))
        outcomes.append(outcome)
    return (*outcomes, *_joined_roads(outcomes, region, out))


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
        return Outcome(one, "kept", kept)
    if not one.url:
        return Outcome(one, "by_hand")
    target = out / one.file
    if one.kind == "osm":
        from gunmane.fetching.overpass import fetch_roads

        url = overpass or one.url
        fetch_roads(region, url, target, limits=limits)
        digest = file_sha256(target)
    else:
        url = one.url
        digest = download(url, target, sha256=one.sha256, limits=limits, progress=progress)
    record(out, one, name=target.name, url=url, sha256=digest, byte_count=target.stat().st_size)
    return Outcome(one, "fetched", target, fault)


def _copied(one: Download, files: tuple[pathlib.Path, ...], out: pathlib.Path) -> Outcome:
    source = find_carried(one, files)
    if source is None:
        kept, fault = _kept(one, out)
        return Outcome(one, "missing", fault=fault) if kept is None else Outcome(one, "kept", kept)
    held = read_manifest(out)
    if kept_name(one, source) != one.file:
        # Another version than the table's: which one, only its name says.
        one = dataclasses.replace(one, version="")
    target, digest = copy_carried(one, source, out)
    if held.get(target.name, {}).get("sha256") == digest:
        return Outcome(one, "kept", target)
    url = str(read_manifest(source.parent).get(source.name, {}).get("url", ""))
    record(out, one, name=target.name, url=url, sha256=digest, byte_count=target.stat().st_size)
    return Outcome(one, "copied", target)


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
            record(out, one, name=name, url="", sha256=digest, byte_count=path.stat().st_size)
        return path, None
    return None, None


def _joined_roads(outcomes: list[Outcome], region: Region, out: pathlib.Path) -> Iterable[Outcome]:
    """Join roads that came in several mesh files: a plan takes one."""
    parts = [o for o in outcomes if o.download.kind == "n13" and o.path is not None]
    if len(parts) < 2 or any(o.download.kind == "n13" and o.path is None for o in outcomes):
        return ()
    from gunmane.fetching.meshes import join_meshes

    target = out / f"n13_{region.region_id}.gpkg"
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
        record(out, one, name=target.name, url="", sha256=digest, byte_count=size, made_of=made_of)
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
