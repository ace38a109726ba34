"""`gunmane template`: empty ledgers to fill in."""

from __future__ import annotations

import argparse
import pathlib

from gunmane.cli import report
from gunmane.exports.templates import TEMPLATES, template_xlsx
from gunmane.i18n import t

ALL = "all"


def add_template(parser: argparse.ArgumentParser, lang: str) -> None:
    """Add the arguments of `gunmane template` to its parser."""
    parser.add_argument("sector", metavar="SECTOR", choices=(*TEMPLATES, ALL), help=_sectors_told(lang))
    parser.add_argument(
        "--out", metavar="DIR", type=pathlib.Path, required=True, help=t("cli.help.out", lang)
    )


def _sectors_told(lang: str) -> str:
    return f"{t('check.help.template_sector', lang)}: {', '.join((*TEMPLATES, ALL))}"


def write_template(options: argparse.Namespace, lang: str) -> None:
    """
    Write the template of a sector, or all of them.

    Raises
    ------
    gunmane.errors.FileError
        If the folder cannot be written to.
    """
    from gunmane.exports import write_files

    chosen = TEMPLATES if options.sector == ALL else (options.sector,)
    contents = {f"template_{name}_{lang}.xlsx": template_xlsx(name, lang) for name in chosen}
    paths = write_files(contents, options.out)
    if not options.quiet:
        report.tell_files(paths, lang)
