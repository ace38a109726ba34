"""A plan as files: GeoJSON, CSV, an Excel workbook and `plan.json`, all of them or none."""

from __future__ import annotations

import contextlib
import pathlib
from collections.abc import Collection, Iterator

from gunmane.cache import atomic_path
from gunmane.errors import FileError
from gunmane.evidence import Evidence
from gunmane.exports.geojson import bundles_geojson, units_geojson
from gunmane.exports.members import members_csv
from gunmane.exports.overwriting import refuse_inputs, refuse_others, says
from gunmane.exports.planfile import FORMAT, plan_json
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


def check_plan_folder(out: pathlib.Path, *, keep: Collection[pathlib.Path] = ()) -> None:
    """
    Refuse a folder where writing a plan would destroy what is no earlier plan, before anything is computed.

    Raises
    ------
    FileError
        If one of a plan's files is a file to keep, or is there without the `plan.json` of an earlier plan.
    """
    paths = [out / name for name in PLAN_FILES]
    refuse_inputs(paths, keep)
    if not says(out / "plan.json", FORMAT):
        refuse_others(paths)


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

    `bundles.geojson`, `units.geojson`, `members.csv`, `workbook.xlsx` and `plan.json` are made in full before the
    first is written; files of an earlier plan stay until all new ones are on disk.

    Parameters
    ----------
    plan
        Plan to write.
    out
        Folder; made where it does not exist.
    evidence
        The plan's comparison, for the workbook.
    lang
        Language of the workbook.
    keep
        Files that must not be written over: those that the plan was made from.

    Raises
    ------
    FileError
        If the folder cannot be written to, or a file to keep lies where one of the plan's files goes.
    """
    contents = {
        "bundles.geojson": bundles_geojson(plan),
        "units.geojson": units_geojson(plan),
        "members.csv": members_csv(plan),
        "workbook.xlsx": workbook(plan, evidence, lang),
        "plan.json": plan_json(plan),
    }
    return write_files(contents, pathlib.Path(out), keep=keep)


def write_files(
    contents: dict[str, bytes], out: pathlib.Path, *, keep: Collection[pathlib.Path] = ()
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

    Raises
    ------
    FileError
        If the folder cannot be made or written to, or one of the files is one to keep; earlier files stay.
    """
    paths = {name: out / name for name in contents}
    refuse_inputs(paths.values(), keep)
    try:
        with contextlib.ExitStack() as stack:
            for path in paths.values():
                stack.enter_context(_put_back_on_error(path))
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
        is_changed = path.is_file() and (earlier is None or path.read_bytes() != earlier)
        if is_changed and earlier is None:
            path.unlink()
        elif is_changed and earlier is not None:
            path.write_bytes(earlier)
        raise
