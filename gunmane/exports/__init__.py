"""A plan as files: GeoJSON, CSV, an Excel workbook and `plan.json`, all of them or none."""

from __future__ import annotations

import contextlib
import dataclasses
import pathlib
from collections.abc import Collection, Iterable, Iterator, Sequence

from gunmane.cache import atomic_path
from gunmane.errors import FileError
from gunmane.evidence import Evidence
from gunmane.exports.geojson import bundles_geojson, units_geojson
from gunmane.exports.members import members_csv
from gunmane.exports.overwriting import refuse_inputs, refuse_others, says
from gunmane.exports.planfile import FORMAT, earlier_files, plan_json
from gunmane.exports.studies import STUDY_FILES, study_files
from gunmane.exports.workbook import workbook
from gunmane.scenario import Plan

__all__ = [
    "bundles_geojson",
    "check_plan_folder",
    "members_csv",
    "plan_json",
    "units_geojson",
    "workbook",
    "write_files",
    "write_plan",
]

PLAN_FILES = ("bundles.geojson", "units.geojson", "members.csv", "workbook.xlsx", "plan.json")


def check_plan_folder(
    out: pathlib.Path, *, keep: Collection[pathlib.Path] = (), studies: Iterable[str] = ()
) -> None:
    """
    Refuse a folder where writing a plan would destroy what is no earlier plan, before anything is computed.

    Parameters
    ----------
    out
        The folder.
    keep
        Files that must not be written over.
    studies
        Keys of the studies (`Plan.studies`) that will be written too.

    Raises
    ------
    FileError
        If one of a plan's files is a file to keep, or is there without an earlier plan's `plan.json` that names it.
    """
    own = [out / name for name in PLAN_FILES]
    beside = [out / name for key in studies for name in STUDY_FILES[key]]
    refuse_inputs([*own, *beside], keep)
    if not says(out / "plan.json", FORMAT):
        refuse_others(own)
    known = set(earlier_files(out / "plan.json"))
    refuse_others(path for path in beside if path.name not in known)


def write_plan(
    plan: Plan,
    out: pathlib.Path,
    *,
    evidence: Evidence | None = None,
    lang: str = "ja",
    keep: Collection[pathlib.Path] = (),
) -> dict[str, pathlib.Path]:
    """
    Write a plan's files into a folder and return their paths by name.

    `bundles.geojson`, `units.geojson`, `members.csv`, `workbook.xlsx`, `plan.json` and those of the plan's studies
    (`STUDY_FILES`) are made in full before the first is written; files of an earlier plan stay until all new ones
    are on disk, and those of its studies that this plan does not have are then taken away.

    Parameters
    ----------
    plan
        Plan to write.
    out
        Folder; made where it does not exist.
    evidence
        The plan's comparison, where it is not among the plan's studies.
    lang
        Language of the workbook.
    keep
        Files that must not be written over: those that the plan was made from.

    Raises
    ------
    FileError
        If the folder cannot be written to, or a file to keep lies where one of the plan's files goes.
    """
    if evidence is not None:
        plan = dataclasses.replace(plan, studies={**plan.studies, "evidence": evidence})
    studies = study_files(plan)
    contents = {
        "bundles.geojson": bundles_geojson(plan),
        "units.geojson": units_geojson(plan),
        "members.csv": members_csv(plan),
        "workbook.xlsx": workbook(plan, plan.studies.get("evidence"), lang),
        **studies,
        "plan.json": plan_json(plan, files=tuple(studies)),
    }
    folder = pathlib.Path(out)
    may_go = {name for names in STUDY_FILES.values() for name in names} - set(studies)
    stale = may_go & set(earlier_files(folder / "plan.json"))
    return write_files(contents, folder, keep=keep, stale=sorted(stale))


def write_files(
    contents: dict[str, bytes],
    out: pathlib.Path,
    *,
    keep: Collection[pathlib.Path] = (),
    stale: Sequence[str] = (),
) -> dict[str, pathlib.Path]:
    """
    Write several files into a folder so that either all are new or all stay as they were.

    Parameters
    ----------
    contents
        Bytes of each file by its name.
    out
        Folder; made where it does not exist.
    keep
        Files that must not be written over: what the command was given.
    stale
        Names of files in the folder to take away with the same writing: what an earlier one wrote and this does not.

    Raises
    ------
    FileError
        If the folder cannot be made or written to, or one of the files is one to keep; earlier files stay.
    """
    paths = {name: out / name for name in contents}
    gone = [out / name for name in stale if (out / name).is_file()]
    refuse_inputs([*paths.values(), *gone], keep)
    try:
        with contextlib.ExitStack() as stack:
            for path in [*paths.values(), *gone]:
                stack.enter_context(_put_back_on_error(path))
            for path in gone:
                path.unlink()
            for name, data in contents.items():
                stack.enter_context(atomic_path(paths[name])).write_bytes(data)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise FileError("output_not_written", folder=str(out), reason=reason) from error
    return paths


@contextlib.contextmanager
def _put_back_on_error(path: pathlib.Path) -> Iterator[None]:
    """Put an earlier file back when another cannot be moved into place: it is open in Excel, or a folder."""
    earlier = path.read_bytes() if path.is_file() else None
    try:
        yield
    except BaseException:
        now = path.read_bytes() if path.is_file() else None
        if now != earlier and earlier is None:
            path.unlink()
        elif now != earlier and earlier is not None:
            path.write_bytes(earlier)
        raise
