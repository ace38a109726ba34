"""`gunmane rerun plan.json`: a plan made again from its file, and whether it is the same."""

from __future__ import annotations

import argparse
import pathlib
from typing import TYPE_CHECKING

import gunmane
from gunmane.cli import console, report
from gunmane.cli.checking import add_reading, ledger_files, ledger_path
from gunmane.cli.usage import folder
from gunmane.i18n import t
from gunmane.municipalities import find_region

if TYPE_CHECKING:
    from gunmane.scenario import Ground
    from gunmane.workspace.planfiles import PlanFile

# How the bar is shared out between reading and planning.
GROUND_END = 0.4


def add_rerun(parser: argparse.ArgumentParser, lang: str) -> None:
    """Add the arguments of `gunmane rerun` to its parser."""

    def told(name: str) -> str:
        return t(f"cli.help.{name}", lang)

    parser.add_argument("plan", metavar="PLAN", type=pathlib.Path, help=told("rerun_plan"))
    parser.add_argument("--roads", type=pathlib.Path, metavar="FILE", help=told("rerun_roads"))
    parser.add_argument(
        "--assets",
        type=ledger_path,
        nargs="+",
        action="extend",
        default=[],
        metavar="FILE",
        help=told("rerun_assets"),
    )
    add_reading(parser, lang)
    parser.add_argument("--out", metavar="DIR", type=folder, help=told("rerun_out"))


def rerun_plan(options: argparse.Namespace, lang: str) -> None:
    """
    Make the plan of a file again, tell whether it is the same, and write its files where asked.

    Raises
    ------
    gunmane.errors.GunmaneError
        If the file is no plan, an input differs, the result is another, or the files cannot be written.
    """
    from gunmane.exports import check_plan_folder, write_plan
    from gunmane.exports.overwriting import inputs_to_keep
    from gunmane.workspace.planfiles import read_plan_file
    from gunmane.workspace.rerun import rerun

    plan_file = read_plan_file(options.plan)
    given = [options.plan, *options.assets, *options.profile, *([options.roads] if options.roads else [])]
    keep = inputs_to_keep(given)
    if options.out is not None:
        check_plan_folder(options.out, keep=keep)
    ground = _ground(plan_file, options, lang)
    made = rerun(plan_file, ground, progress=console.progress_bar(lang, start=GROUND_END))
    paths = write_plan(made.plan, options.out, lang=lang, keep=keep) if options.out is not None else {}
    console.wipe_bar()
    if options.quiet:
        return
    report.tell_plan(made.plan, lang)
    console.tell()
    key = "rerun.found_again" if made.is_found_again else "rerun.stored"
    console.tell_wrapped(t(key, lang, file=plan_file.file))
    if plan_file.gunmane_version != gunmane.__version__:
        versions = {"made": plan_file.gunmane_version, "now": gunmane.__version__}
        console.tell_wrapped(t("rerun.other_version", lang, **versions))
    if paths:
        report.tell_files(paths, lang)


def _ground(plan_file: PlanFile, options: argparse.Namespace, lang: str) -> Ground:
    from gunmane.grounds import prepare_ground

    has_files = options.roads is not None or bool(options.assets)
    return prepare_ground(
        find_region(plan_file.scenario.region_id),
        roads=options.roads,
        assets=ledger_files(options, options.assets),
        # Without the road file it is the road file that has to be told as missing.
        is_roads_as_assets=plan_file.has_roads_as_assets and has_files,
        has_water="water" in plan_file.scenario.sectors,
        progress=console.progress_bar(lang, end=GROUND_END),
    )
