"""`gunmane fetch`: what can be had, what was had, what to type next."""

from __future__ import annotations

import argparse
import pathlib
import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING

from gunmane.cli import console
from gunmane.errors import FileError
from gunmane.i18n import say, t
from gunmane.municipalities import Region, find_region

if TYPE_CHECKING:
    from gunmane.fetching import Download, Outcome

# Where the files go unless the user names a folder, under the one that the command was called in.
FOLDER = "gunmane-data-{region}"
STOPPED = 130
NOT_THERE = ("failed", "missing", "by_hand")


def add_fetch(parser: argparse.ArgumentParser, lang: str) -> None:
    """Add the arguments of `gunmane fetch` to its parser."""

    def told(name: str) -> str:
        return t(f"cli.help.fetch_{name}", lang)

    parser.add_argument("region", metavar="REGION", help=t("cli.help.region", lang))
    parser.add_argument("--out", metavar="DIR", type=pathlib.Path, help=told("out"))
    parser.add_argument("--only", metavar="KIND", nargs="+", action="extend", default=[], help=told("only"))
    parser.add_argument("--from", dest="carried", metavar="DIR", type=pathlib.Path, help=told("from"))
    parser.add_argument("--overpass", metavar="URL", default="", help=told("overpass"))
    parser.add_argument("--list", dest="is_list", action="store_true", help=told("list"))


def fetch(options: argparse.Namespace, lang: str) -> None:
    """
    Fetch a region's open data, copy it from a folder carried in, or list it.

    Raises
    ------
    gunmane.errors.GunmaneError
        If the region or a kind is unknown, a folder cannot be used, or a file could not be had (after all others).
    """
    from gunmane.fetching import fetch_region, known_kinds, wanted_downloads

    region = find_region(options.region)
    kinds = tuple(dict.fromkeys(kind for part in options.only for kind in part.split(",") if kind))
    if options.is_list:
        _tell_list(wanted_downloads(region, kinds or known_kinds()), lang)
        return
    out = options.out or pathlib.Path(FOLDER.format(region=region.region_id))
    try:
        outcomes = fetch_region(
            region,
            out,
            kinds=kinds,
            carried=options.carried,
            overpass=options.overpass,
            progress=console.progress_bar(lang),
        )
    except KeyboardInterrupt:
        # Unlike a plan, what has come so far stays.
        console.tell_error(t("fetch.stopped", lang))
        raise SystemExit(STOPPED) from None
    console.wipe_bar()
    if not options.quiet:
        _tell_outcomes(outcomes, lang)
        _tell_next(region, out, outcomes, lang)
    _raise_for_faults(outcomes, lang, has_names=bool(kinds))


def _tell_list(wanted: Sequence[Download], lang: str) -> None:
    header = [t(f"fetch.column.{key}", lang) for key in ("kind", "title", "version", "licence", "grade")]
    rows = [[one.kind, one.title_ja, one.version or "-", one.licence, one.confidence] for one in wanted]
    console.tell_table(header, rows)
    console.tell()
    for one in wanted:
        console.tell(f"{one.name}: {one.url or one.page}")
        console.tell(f"    {one.note}")
    console.tell()
    console.tell(t("fetch.not_checked", lang))


def _tell_outcomes(outcomes: Sequence[Outcome], lang: str) -> None:
    header = [t(f"fetch.column.{key}", lang) for key in ("kind", "file", "state", "licence")]
    rows = [
        [
            o.download.kind,
            o.path.name if o.path else o.download.name,
            t(f"fetch.state.{o.state}", lang),
            o.download.licence,
        ]
        for o in outcomes
    ]
    console.tell_table(header, rows)
    for o in outcomes:
        if o.fault is not None and o.state != "failed":
            console.tell(f"! {say(o.fault, lang)}")
    console.tell()
    for credit in dict.fromkeys(o.download.credit for o in outcomes if o.path is not None):
        console.tell(t("fetch.credit", lang, credit=credit))
    lost = [o for o in outcomes if o.state in ("missing", "by_hand")]
    if lost:
        console.tell()
        console.tell(t("fetch.get_by_hand", lang))
    for o in lost:
        console.tell(f"  {o.download.name}: {o.download.url or o.download.page}")
        console.tell(f"    {t('fetch.named', lang, patterns=' '.join(o.download.patterns))}")


def _tell_next(region: Region, out: pathlib.Path, outcomes: Sequence[Outcome], lang: str) -> None:
    """Print the commands that use what is there; roads and assets only where they are."""
    from gunmane.fetching import roads_and_assets

    roads, assets = roads_and_assets(outcomes)
    if roads is None and not assets:
        return
    words = ["gunmane", "plan", region.region_id]
    words += ["--roads", str(roads)] if roads is not None else []
    words += ["--assets", *map(str, assets)] if assets else []
    words += ["--out", str(out / "plan")]
    console.tell()
    console.tell(t("fetch.next", lang))
    console.tell(f"  {shlex.join(words)}")


def _raise_for_faults(outcomes: Sequence[Outcome], lang: str, *, has_names: bool) -> None:
    """
    Name at the end what could not be had.

    Files that a folder lacks are a fault only where they were named, or where nothing was there at all.
    """
    failed = [o for o in outcomes if o.state == "failed"]
    for o in failed:
        if o.fault is not None:
            console.tell_error(say(o.fault, lang))
    if failed:
        names = ", ".join(o.download.name for o in failed)
        raise FileError("fetch_incomplete", count=len(failed), files=names)
    lost = [o for o in outcomes if o.state in NOT_THERE]
    if lost and (has_names or len(lost) == len(outcomes)):
        raise FileError("fetch_missing", count=len(lost), files=", ".join(o.download.name for o in lost))
