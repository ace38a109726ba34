"""What `gunmane check --out` writes: the faults to send back, the profile to correct, bridges in xROAD columns."""

from __future__ import annotations

import pathlib
from collections.abc import Collection, Sequence

from gunmane.cli import console, report
from gunmane.cli.checked import Look
from gunmane.deliveries import Delivery
from gunmane.i18n import t
from gunmane.municipalities import Region


def write_results(
    deliveries: Sequence[Delivery],
    looks: Sequence[Look],
    region: Region | None,
    out: pathlib.Path,
    lang: str,
    *,
    is_quiet: bool,
    given: Sequence[pathlib.Path | str] = (),
) -> None:
    """
    Write what goes back to whoever keeps the files.

    Parameters
    ----------
    deliveries
        Files that were taken.
    looks
        Files of which nothing was taken: their profiles are written, so that they can be corrected.
    region
        Region that the deliveries are for; None where there are none.
    out
        Folder.
    lang
        "ja" or "en".
    is_quiet
        Whether nothing is printed.
    given
        Files that the command was given: they and the profiles beside them are kept.

    Raises
    ------
    gunmane.errors.FileError
        If the folder cannot be written to.
    """
    from gunmane.exports import write_files
    from gunmane.exports.faults import faults_xlsx
    from gunmane.exports.overwriting import inputs_to_keep, is_kept
    from gunmane.exports.xroad import left_out, written_rows, xroad_csv
    from gunmane.ledgers.profile_files import write_profile

    keep = inputs_to_keep(given)
    taken = {path.name for path in keep if is_kept(out / path.name, keep)}
    contents: dict[str, bytes] = {}
    told: list[str] = []
    for one in deliveries:
        name = _free_name(one.file, {*contents, *taken})
        contents[f"{name}.profile.toml"] = write_profile(one.profile).encode("utf-8")
        if len(one.rejects):
            contents[f"{name}.faults.xlsx"] = faults_xlsx(one, lang)
        if region is None or one.assets.empty:
            continue
        if len(written_rows(one.assets)):
            contents[f"{name}.xroad.csv"] = xroad_csv(one.assets, region)
        left = left_out(one.assets)
        told += [
            t(f"check.xroad.{why}", lang, file=one.file, count=left[why])
            for why in ("no_place", "sample")
            if left[why]
        ]
    for look in looks:
        name = _free_name(look.raw.file, {*contents, *taken})
        contents[f"{name}.profile.toml"] = write_profile(look.profile).encode("utf-8")
    if not contents:
        return
    paths = write_files(contents, out, keep=keep)
    if not is_quiet:
        report.tell_files(paths, lang)
        for sentence in told:
            console.tell_wrapped(sentence, first="- ")


def _free_name(file: str, taken: Collection[str]) -> str:
    """Return a name under which neither a file of the same name nor a profile already there is written over."""
    name, number = file, 2
    while f"{name}.profile.toml" in taken:
        name, number = f"{file}.{number}", number + 1
    return name
