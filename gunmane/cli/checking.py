"""`gunmane check`: what each file was recognised as, what was taken, what is wrong with it and what to do."""

from __future__ import annotations

import argparse
import dataclasses
import json
import pathlib
from collections.abc import Mapping, Sequence

import geopandas as gpd
import pandas as pd

from gunmane.cli import checked, console
from gunmane.cli.checkfiles import write_results
from gunmane.cli.usage import folder
from gunmane.deliveries import ON_INVALID, Delivery, LedgerFile, recognise, take_deliveries
from gunmane.errors import FileError
from gunmane.exports.words import word
from gunmane.homes import find_home
from gunmane.i18n import say, t
from gunmane.ledgers.postgis import is_postgis_url, parse_url
from gunmane.ledgers.profile_files import read_profile
from gunmane.municipalities import Region, find_region
from gunmane.standins import StandIns, partial_notes


def add_check(parser: argparse.ArgumentParser, lang: str) -> None:
    """Add the arguments of `gunmane check` to its parser."""
    parser.add_argument(
        "files", metavar="FILE", nargs="+", type=pathlib.Path, help=t("check.help.files", lang)
    )
    parser.add_argument("--region", metavar="REGION", help=t("check.help.region", lang))
    add_reading(parser, lang)
    parser.add_argument("--json", action="store_true", help=t("cli.help.json", lang))
    parser.add_argument("--out", metavar="DIR", type=folder, help=t("check.help.out", lang))


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
        If one of the files cannot be used, the region is unknown, or the folder cannot be written to. What can be
        told of the files, and what can be written, comes before.
    """
    files = ledger_files(options, options.files)
    is_quiet = bool(options.json or options.quiet)
    region = find_region(options.region) if options.region else _home_of(files, options, lang)
    taken = list(take_deliveries(files, region=region, progress=console.progress_bar(lang)))
    console.wipe_bar()
    taken = with_matches(taken, region)
    looks = {
        number: look
        for number, one in enumerate(taken)
        if isinstance(one, FileError) and (look := _look(files[number], region)) is not None
    }
    if options.json:
        told = [checked.facts_of(one, region, lang) for one in taken]
        console.tell(json.dumps({"region_id": region.region_id, "files": told}, ensure_ascii=False, indent=1))
    elif not is_quiet:
        _tell_all(taken, looks, region, lang)
    if options.out is not None:
        deliveries = [one for one in taken if isinstance(one, Delivery)]
        given = [*options.files, *options.profile]
        found = list(looks.values())
        write_results(deliveries, found, region, options.out, lang, is_quiet=is_quiet, given=given)
    _raise_failed(taken, is_quiet=is_quiet, lang=lang)


def with_matches(taken: Sequence[Delivery | FileError], region: Region) -> list[Delivery | FileError]:
    """
    Return deliveries where those without places also say which of their rows found a bridge of the ledgers.

    Parameters
    ----------
    taken
        What the files of one call gave.
    region
        Region that they are for.
    """
    assets = _ledgers(taken)
    if assets is None:
        return list(taken)
    together = StandIns(assets, [], [])
    found: list[Delivery | FileError] = []
    for one in taken:
        if isinstance(one, FileError) or one.conditions is None:
            found.append(one)
            continue
        faults, notes, before = len(together.rejects), len(together.notes), together.assets
        together.grade(one, region)
        parts = [part for part in (one.rejects, *together.rejects[faults:]) if len(part)]
        rejects = pd.concat(parts, ignore_index=True) if parts else one.rejects
        told = (*one.notes, *together.notes[notes:])
        facts = one.facts | {"grade_changes": _grade_changes(before, together.assets)}
        found.append(dataclasses.replace(one, rejects=rejects, notes=told, facts=facts))
    return found


def _grade_changes(before: gpd.GeoDataFrame, after: gpd.GeoDataFrame) -> list[tuple[str, str, str]]:
    """Name and grade before and after of the ledgers' bridges that a report gave another grade, by name."""
    grades = [
        table.set_index("asset_id")["condition_raw"].fillna("").astype("str") for table in (before, after)
    ]
    names = before.set_index("asset_id")["name"].fillna("").astype("str")
    now = grades[1].reindex(grades[0].index)
    is_other = (now != grades[0]) & now.notna()
    return sorted(
        (name or str(asset_id), old, new)
        for asset_id, name, old, new in zip(
            names.index[is_other], names[is_other], grades[0][is_other], now[is_other], strict=True
        )
    )


def _tell_all(
    taken: Sequence[Delivery | FileError], looks: Mapping[int, checked.Look], region: Region, lang: str
) -> None:
    for number, one in enumerate(taken):
        if isinstance(one, Delivery):
            console.tell()
            checked.tell_delivery(one, region, lang)
            continue
        # The only file's fault is the command's own: it is told once, at the end.
        if len(taken) > 1:
            console.tell()
            console.tell_wrapped(say(one, lang), first="! ")
        if number in looks:
            checked.tell_look(looks[number], lang)
    _tell_beside_official(taken, region, lang)


def _tell_beside_official(taken: Sequence[Delivery | FileError], region: Region, lang: str) -> None:
    """Set the ledgers of one call beside what is published, so that half a ledger is noticed before a plan."""
    ledgers = _ledgers(taken)
    notes = [] if ledgers is None else partial_notes(ledgers, {}, region)
    for number, note in enumerate(notes):
        told = dict(note.values)
        values = {
            "name": told[f"name_{lang}"],
            "sector": word("sector", told.get("sector", "bridge"), lang),
            "ours": told.get("ours", told["taken"]),
            "official": told["official"],
            "unit": told.get(f"unit_{lang}") or t("check.bridges", lang),
        }
        if not number:
            console.tell()
        console.tell_wrapped(t("check.beside_official", lang, **values), first="! ")


def _ledgers(taken: Sequence[Delivery | FileError]) -> gpd.GeoDataFrame | None:
    """The assets of all files together; None where no file has any."""
    found = [one.assets for one in taken if isinstance(one, Delivery) and len(one.assets)]
    return gpd.GeoDataFrame(pd.concat(found, ignore_index=True), crs=found[0].crs) if found else None


def _raise_failed(taken: Sequence[Delivery | FileError], *, is_quiet: bool, lang: str) -> None:
    """
    Let the command end with 1 where a file could not be used.

    Raises
    ------
    FileError
        The fault of a file that stood alone; else which of the files could not be used.
    """
    errors = [one for one in taken if isinstance(one, FileError)]
    if not errors:
        return
    if len(taken) == 1:
        raise errors[0]
    if is_quiet:
        for error in errors:
            console.tell_error(say(error, lang))
    names = t("word.list_sep", lang).join(str(error.values.get("file", "")) for error in errors)
    raise FileError("check_files_failed", file=names[:200], failed=len(errors), files=len(taken))


def _look(file: LedgerFile, region: Region | None) -> checked.Look | None:
    """What can be told of a file that cannot be used; None where it cannot even be opened."""
    try:
        layout = file.profile.layout if file.profile else None
        raw, proposed = recognise(file.path, region=region, layout=layout)
    except FileError:
        return None
    return checked.Look(raw, file.profile or proposed)


def _home_of(files: Sequence[LedgerFile], options: argparse.Namespace, lang: str) -> Region:
    """
    The model region of the first file that lies in one.

    Raises
    ------
    FileError
        If none does; what the files are is told and their profiles are written before.
    """
    is_quiet = bool(options.json or options.quiet)
    looks: list[checked.Look] = []
    errors: list[FileError] = []
    for file in files:
        try:
            layout = file.profile.layout if file.profile else None
            raw, proposed = recognise(file.path, region=None, layout=layout)
            look = checked.Look(raw, file.profile or proposed, find_home(raw, file.profile or proposed))
        except FileError as error:
            errors.append(error)
            continue
        if look.home is not None and look.home.region_id:
            region = find_region(look.home.region_id)
            if not is_quiet:
                name = region.name_ja if lang == "ja" else region.name_en
                console.tell_wrapped(t("check.home", lang, file=raw.file, region=name))
            return region
        looks.append(look)
    if not looks:
        _raise_failed(errors, is_quiet=is_quiet, lang=lang)
    _tell_homeless(looks, errors, options, lang)
    raise FileError("check_no_region", file=", ".join(file_name(file.path) for file in files)[:200])


def _tell_homeless(
    looks: Sequence[checked.Look], errors: Sequence[FileError], options: argparse.Namespace, lang: str
) -> None:
    is_quiet = bool(options.json or options.quiet)
    if options.json:
        told = [checked.look_facts(look) for look in looks]
        console.tell(json.dumps({"region_id": "", "files": told}, ensure_ascii=False, indent=1))
    elif not is_quiet:
        for look in looks:
            console.tell()
            checked.tell_home(look, lang)
            checked.tell_look(look, lang)
        for error in errors:
            console.tell()
            console.tell_wrapped(say(error, lang), first="! ")
    if options.out is not None:
        given = [*options.files, *options.profile]
        write_results([], looks, None, options.out, lang, is_quiet=is_quiet, given=given)
