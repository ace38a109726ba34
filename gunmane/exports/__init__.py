"""A plan as files: GeoJSON, CSV, an Excel workbook and `plan.json`, all of them or none."""

from __future__ import annotations

import contextlib
import pathlib
from collections.abc import Iterator

from gunmane.cache import atomic_path
from gunmane.errors import FileError
from gunmane.evidence import Evidence
from gunmane.exports.geojson import bundles_geojson, units_geojson
from gunmane.exports.members import members_csv
from gunmane.exports.planfile import plan_json
from gunmane.exports.workbook import workbook
from gunmane.scenario import Plan

__all__ = [
    "bundles_geojson",
    "members_csv",
    "plan_json",
    "units_geojson",
    "workbook",
    "write_files",
    "write_plan",
]


def write_plan(
    plan: Plan, out: pathlib.Path, *, evidence: Evidence | None = None, lang: str = "ja"
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

    Raises
    ------
    FileError
        If the folder cannot be written to.
    """
    contents = {
        "bundles.geojson": bundles_geojson(plan),
        "units.geojson": units_geojson(plan),
        "members.csv": members_csv(plan),
        "workbook.xlsx": workbook(plan, evidence, lang),
        "plan.json": plan_json(plan),
    }
    return write_files(contents, pathlib.Path(out))


def write_files(contents: dict[str, bytes], out: pathlib.Path) -> dict[str, pathlib.Path]:
    """
    Write several files into a folder so that either all are new or all stay as they were.

    Raises
    ------
    FileError
        If the folder cannot be made or written to; earlier files stay.
    """
    paths = {name: out / name for name in contents}
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
