"""`gunmane check`: what each file was recognised as, what was taken, what is wrong with it and what to do."""

from __future__ import annotations

import argparse
import json
import pathlib
from collections.abc import Sequence
from typing import Any

from gunmane import schema
from gunmane.cli import console
from gunmane.deliveries import ON_INVALID, Delivery, LedgerFile, recognise, take_deliveries
from gunmane.errors import FileError, GunmaneError
from gunmane.explain import note_sentence
from gunmane.exports.words import word
from gunmane.homes import find_home
from gunmane.i18n import say, t
from gunmane.ledgers.postgis import is_postgis_url, parse_url
from gunmane.ledgers.profile_files import read_profile
from gunmane.municipalities import Region, find_region
from gunmane.summaries import reject_groups

SHOWN_READINGS = 5
SHOWN_FAULTS = 20
MEGABYTE = 1024**2


def add_check(parser: argparse.ArgumentParser, lang: str) -> None:
    """Add the arguments of `gunmane check` to its parser."""
    parser.add_argument(
        "files", metavar="FILE", nargs="+", type=pathlib.Path, help=t("check.help.files", lang)
    )
    parser.add_argument("--region", metavar="REGION", help=t("check.help.region", lang))
    add_reading(parser, lang)
    parser.add_argument("--json", action="store_true", help=t("cli.help.json", lang))
    parser.add_argument("--out", metavar="DIR", type=pathlib.Path, help=t("check.help.out", lang))


def add_reading(parser: argparse.ArgumentParser, lang: str) -> None:
    """Add the arguments that say how ledger files are read, for `check` and `plan`."""
    parser.add_argument(
        "--profile",
        metavar="TOML",
        type=pathlib.Path,
        action="append",
        default=[],
        help=t("check.help.profile", lang),
    )
    parser.add_argument(
        "--on-invalid", choices=ON_INVALID, default="fix", help=t("check.help.on_invalid", lang)
    )
    parser.add_argument("--town-hall", action="store_true", help=t("check.help.town_hall", lang))


def ledger_path(text: str) -> pathlib.Path | str:
    """Return a file's path; the address of a PostGIS table stays text, or its slashes would be lost."""
    return text if is_postgis_url(text) else pathlib.Path(text)


def ledger_files(options: argparse.Namespace, paths: Sequence[pathlib.Path | str]) -> list[LedgerFile]:
    """
    Return the files of the command with what its options say of them; profiles go to the files in their order.

    Raises
    ------
    gunmane.errors.FileError
        If a profile cannot be read, or there are more profiles than files.
    """
    profiles = [read_profile(path) for path in options.profile]
    if len(profiles) > len(paths):
        raise FileError("check_too_many_profiles", file=str(options.profile[-1]), files=len(paths))
    # One profile for several files holds for all of them: twelve sheets of one system look alike.
    said = profiles * len(paths) if len(profiles) == 1 else profiles
    return [
        LedgerFile(
            path,
            profile=said[i] if i < len(said) else None,
            on_invalid=options.on_invalid,
            places_at_town_hall=options.town_hall,
        )
        for i, path in enumerate(paths)
    ]


def file_name(path: pathlib.Path | str) -> str:
    """Return how a file is called; of a database address only what may be shown."""
    return path.name if isinstance(path, pathlib.Path) else parse_url(path).shown


def check_files(options: argparse.Namespace, lang: str) -> None:
    """
    Check files, print what was found, and write what is sent back to whoever keeps them.

    Raises
    ------
    gunmane.errors.GunmaneError
        If none of the files can be used, the region is unknown, or the folder cannot be written to.
    """
    files = ledger_files(options, options.files)
    region = (
        find_region(options.region)
        if options.region
        else _home_of(files, lang, is_quiet=options.json or options.quiet)
    )
    taken = list(take_deliveries(files, region=region, progress=console.progress_bar(lang)))
    console.wipe_bar()
    deliveries = [one for one in taken if isinstance(one, Delivery)]
    if options.json:
        rows = [_facts(one, region, lang) for one in taken]
        console.tell(json.dumps({"region_id": region.region_id, "files": rows}, ensure_ascii=False, indent=1))
    elif not options.quiet:
        _tell_all(taken, region, lang)
    if options.out is not None and deliveries:
        _write(deliveries, region, options.out, lang, is_quiet=options.quiet or options.json)
    errors = [one for one in taken if isinstance(one, FileError)]
    if errors and not deliveries:
        raise errors[0]


def _home_of(files: Sequence[LedgerFile], lang: str, *, is_quiet: bool) -> Region:
    """The model region of the first file that lies in one; where none does, what the files are is told."""
    lines: list[str] = []
    error: GunmaneError | None = None
    for file in files:
        try:
            raw, profile = recognise(
                file.path, region=None, layout=file.profile.layout if file.profile else None
            )
            home = find_home(raw, file.profile or profile)
        except FileError as fault:
            error = error or fault
            continue
        if home.region_id:
            region = find_region(home.region_id)
            if not is_quiet:
                name = region.name_ja if lang == "ja" else region.name_en
                console.tell(
                    t("check.home", lang, file=raw.file, region=name, inside=home.inside, rows=home.rows)
                )
            return region
        where = home.prefecture or t("check.nowhere", lang)
        kind = t(f"kind.{profile.kind}", lang)
        lines.append(t("check.outside", lang, file=raw.file, kind=kind, rows=home.rows, where=where))
    if not lines and error is not None:
        raise error
    for line in lines:
        console.tell(line)
    raise FileError("check_no_region", file=", ".join(file_name(file.path) for file in files)[:200])


def _facts(one: Delivery | FileError, region: Region, lang: str) -> dict[str, Any]:
    if isinstance(one, FileError):
        return {"error": one.key, "sentence": say(one, lang), "file": str(one.values.get("file", ""))}
    counts = one.assets.groupby(["muni_code", "sector"]).size() if len(one.assets) else {}
    return {
        "file": one.file,
        "sha256": one.sha256,
        "format": one.format,
        "kind": one.profile.kind,
        "role": one.profile.role,
        "rows": one.row_count,
        "taken": len(one.assets),
        "rejected": one.rejected_count,
        "mended": one.mended_count,
        "unset": one.unset_count,
        "columns": {ours: list(names) for ours, names in sorted(one.profile.columns.items())},
        "columns_not_used": _unused(one),
        "counts": [
            {"muni_code": code, "name": region.name_of(code, lang), "sector": sector, "assets": int(count)}
            for (code, sector), count in dict(counts).items()
        ],
        "faults": reject_groups(one.rejects).to_dict("records"),
        "notes": [note_sentence(note, lang) for note in one.notes],
    }


def _unused(one: Delivery) -> list[str]:
    used = {name for names in one.profile.columns.values() for name in names}
    position = one.profile.position
    used |= {
        position.lon,
        position.lat,
        position.x,
        position.y,
        position.lat_lon,
        position.wkt,
        *position.address,
    }
    return [name for name in one.columns if name not in used]


def _tell_all(taken: Sequence[Delivery | FileError], region: Region, lang: str) -> None:
    for one in taken:
        console.tell()
        if isinstance(one, FileError):
            console.tell(f"! {say(one, lang)}")
            continue
        _tell_one(one, region, lang)


def _tell_one(one: Delivery, region: Region, lang: str) -> None:
    console.tell(t("check.file", lang, file=one.file, kind=t(f"kind.{one.profile.kind}", lang)))
    role = one.profile.role
    if role == "assets":
        values = {"rows": one.row_count, "taken": len(one.assets), "rejected": one.rejected_count}
        values |= {"mended": one.mended_count, "unset": one.unset_count}
        console.tell("  " + t("check.rows", lang, **values))
        _tell_counts(one, region, lang)
    elif role == "roads" and one.roads is not None:
        km = round(one.facts["length_m"] / 1000)
        console.tell("  " + t("check.roads", lang, rows=one.row_count, lines=len(one.roads), km=km))
    else:
        console.tell("  " + t(f"check.role.{role}", lang, rows=one.row_count))
    used = [f"{' / '.join(names)} → {ours}" for ours, names in sorted(one.profile.columns.items())]
    if used:
        console.tell("  " + t("check.columns", lang, columns=t("word.list_sep", lang).join(used)))
    if unused := _unused(one):
        console.tell("  " + t("check.unused", lang, columns=t("word.list_sep", lang).join(unused[:30])))
    _tell_readings(one, lang)
    _tell_faults(one, lang)
    for note in one.notes:
        console.tell(f"  - {note_sentence(note, lang)}")


def _tell_counts(one: Delivery, region: Region, lang: str) -> None:
    if one.assets.empty:
        return
    counts = one.assets.groupby(["muni_code", "sector"]).size().unstack(fill_value=0)
    sectors = [sector for sector in schema.SECTORS if sector in counts.columns]
    header = [
        t("cli.column.code", lang),
        t("cli.column.name", lang),
        *(word("sector", s, lang) for s in sectors),
    ]
    lines = [
        [str(code), region.name_of(str(code), lang), *(f"{int(row[s]):,}" for s in sectors)]
        for code, row in counts.iterrows()
    ]
    console.tell_table(header, lines, numbers=tuple(range(2, len(header))))


def _tell_readings(one: Delivery, lang: str) -> None:
    if one.readings.empty:
        return
    shown = one.readings.sort_values(["rows", "column", "value"], ascending=[False, True, True])
    pairs = [f"{row.column}: {row.value} → {row.became}" for row in shown.head(SHOWN_READINGS).itertuples()]
    values = {"count": len(one.readings), "examples": t("word.list_sep", lang).join(pairs)}
    console.tell("  " + t("check.readings", lang, **values))


def _tell_faults(one: Delivery, lang: str) -> None:
    if one.rejects.empty:
        return
    groups = reject_groups(one.rejects)
    console.tell("  " + t("check.faults", lang, kinds=len(groups)))
    for row in groups.head(SHOWN_FAULTS).itertuples():
        advice = t(str(row.advice_key), lang)
        values = {
            "rows": int(row.rows),
            "first": int(row.first_row),
            "column": row.column,
            "value": row.value,
        }
        console.tell("  ! " + t("check.fault", lang, advice=advice, **values))


def _write(
    deliveries: Sequence[Delivery], region: Region, out: pathlib.Path, lang: str, *, is_quiet: bool
) -> None:
    """Write what is sent back: faults as a workbook, the profile to correct, bridges in xROAD columns."""
    from gunmane.cli.report import tell_files
    from gunmane.exports import write_files
    from gunmane.exports.faults import faults_xlsx
    from gunmane.exports.xroad import xroad_csv
    from gunmane.ledgers.profile_files import write_profile

    contents: dict[str, bytes] = {}
    for one in deliveries:
        name = _free_name(one.file, contents)
        contents[f"{name}.profile.toml"] = write_profile(one.profile).encode("utf-8")
        if len(one.rejects):
            contents[f"{name}.faults.xlsx"] = faults_xlsx(one, lang)
        if one.profile.role == "assets" and (one.assets["sector"].isin(["bridge", "tunnel"])).any():
            contents[f"{name}.xroad.csv"] = xroad_csv(one.assets, region)
    paths = write_files(contents, out)
    if not is_quiet:
        tell_files(paths, lang)


def _free_name(file: str, contents: dict[str, bytes]) -> str:
    """Two files of one name from two folders must not overwrite each other's results."""
    name, number = file, 2
    while f"{name}.profile.toml" in contents:
        name, number = f"{file}.{number}", number + 1
    return name
