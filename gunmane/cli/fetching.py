"""`gunmane fetch`: what can be had, what was had, what to type next."""

from __future__ import annotations

import argparse
import pathlib
import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING

from gunmane.cli import console
from gunmane.cli.usage import folder
from gunmane.errors import FileError
from gunmane.i18n import say, t
from gunmane.municipalities import Region, file_stem, find_region

if TYPE_CHECKING:
    from gunmane.fetching import Download, Outcome

# Where the files go unless the user names a folder, under the one that the command was called in.
FOLDER = "gunmane-data-{region}"
STOPPED = 130
NOT_THERE = ("failed", "missing", "by_hand", "unreadable")
NEVER = "no"
MAX_LEFT_OVER = 20


def add_fetch(parser: argparse.ArgumentParser, lang: str) -> None:
    """Add the arguments of `gunmane fetch` to its parser."""

    def told(name: str) -> str:
        return t(f"cli.help.fetch_{name}", lang)

    parser.add_argument("region", metavar="REGION", help=t("cli.help.region", lang))
    parser.add_argument("--out", metavar="DIR", type=folder, help=told("out"))
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
    out = options.out or pathlib.Path(FOLDER.format(region=file_stem(region.region_id)))
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
        if options.carried is not None:
            _tell_left_over(options.carried, outcomes, lang)
        _tell_next(region, out, outcomes, lang)
    _raise_for_faults(outcomes, lang, has_names=bool(kinds))


def _tell_list(wanted: Sequence[Download], lang: str) -> None:
    """List each file once: where it is, under which names it is taken in, what it is for, what else to know."""
    header = [t(f"fetch.column.{key}", lang) for key in ("kind", "title", "version", "licence", "grade")]
    rows = [[one.kind, one.title_ja, one.version or "-", one.licence, one.confidence] for one in wanted]
    console.tell_table(header, list(dict.fromkeys(map(tuple, rows))))
    for one in wanted:
        console.tell()
        console.tell(f"{one.file or t('fetch.without_file', lang, title=one.title_ja)}")
        console.tell(f"    {t('fetch.from_where', lang, address=one.url or one.page)}")
        console.tell(f"    {t('fetch.named', lang, patterns=_patterns(one))}")
        console.tell(f"    {t('fetch.is_for', lang, use=t(f'fetch.use.{one.use}', lang))}")
        if one.note:
            console.tell(f"    {one.note}")
    console.tell()
    if any(one.checked == NEVER for one in wanted):
        console.tell(t("fetch.not_checked", lang))


def _patterns(one: Download) -> str:
    return " ".join(dict.fromkeys(name for name in (one.file, *one.patterns) if name))


def _tell_outcomes(outcomes: Sequence[Outcome], lang: str) -> None:
    header = [t(f"fetch.column.{key}", lang) for key in ("kind", "file", "state", "licence")]
    rows = [
        [o.download.kind, _file_of(o), t(f"fetch.state.{o.state}", lang), o.download.licence]
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
        console.tell(f"    {t('fetch.named', lang, patterns=_patterns(o.download))}")


def _file_of(outcome: Outcome) -> str:
    path = outcome.path or outcome.source
    return path.name if path is not None else outcome.download.name


def _tell_left_over(carried: pathlib.Path, outcomes: Sequence[Outcome], lang: str) -> None:
    """Name the files of a folder carried in that nothing was made of."""
    from gunmane.fetching import left_over, list_files

    left = left_over(list_files(carried), [o.source for o in outcomes if o.source is not None])
    if not left:
        return
    console.tell()
    console.tell(t("fetch.left_over", lang, count=len(left)))
    for path in left[:MAX_LEFT_OVER]:
        console.tell(f"  {path.relative_to(carried)}")
    if len(left) > MAX_LEFT_OVER:
        console.tell(f"  {t('fetch.more_left_over', lang, count=len(left) - MAX_LEFT_OVER)}")


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
    unread = [o for o in outcomes if o.state == "unreadable"]
    if unread:
        raise FileError("fetch_unreadable", count=len(unread), files=", ".join(map(_file_of, unread)))
    lost = [o for o in outcomes if o.state in NOT_THERE]
    if lost and (has_names or len(lost) == len(outcomes)):
        raise FileError("fetch_missing", count=len(lost), files=", ".join(o.download.name for o in lost))
