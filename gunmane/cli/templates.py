"""`gunmane template`: empty ledgers to fill in."""

from __future__ import annotations

import argparse

from gunmane.cli import report
from gunmane.cli.usage import folder
from gunmane.exports.template_fields import TEMPLATES
from gunmane.exports.templates import template_xlsx
from gunmane.i18n import LANGUAGES, t
from gunmane.municipalities import file_stem, find_region

ALL = "all"
ALL_WORDS = ("すべて", "全部", "全て")


def add_template(parser: argparse.ArgumentParser, lang: str) -> None:
    """Add the arguments of `gunmane template` to its parser."""
    parser.add_argument(
        "sector", metavar="SECTOR", type=template_name, choices=(*TEMPLATES, ALL), help=_sectors_told(lang)
    )
    parser.add_argument("--region", metavar="REGION", help=t("cli.help.template_region", lang))
    parser.add_argument("--out", metavar="DIR", type=folder, required=True, help=t("cli.help.out", lang))


def template_name(text: str) -> str:
    """Return the template that a word names: `bridge`, 橋梁, 橋梁台帳, "bridge ledger"; other words as they are."""
    if text in ALL_WORDS:
        return ALL
    for name in TEMPLATES:
        words = {t(f"template.title.{name}", lang) for lang in LANGUAGES}
        if name != "totals":
            words |= {t(f"sector.{name}", lang) for lang in LANGUAGES}
        if text.casefold() in {name, *(word.casefold() for word in words)}:
            return name
    return text


def _sectors_told(lang: str) -> str:
    names = [name if lang == "en" else f"{name}（{t(f'template.title.{name}', lang)}）" for name in TEMPLATES]
    return f"{t('check.help.template_sector', lang)}: {', '.join((*names, ALL))}"


def write_template(options: argparse.Namespace, lang: str) -> None:
    """
    Write the template of a sector, or all of them.

    Raises
    ------
    gunmane.errors.GunmaneError
        If the region is unknown, the folder cannot be written to, or a file there may have been filled in.
    """
    from gunmane.exports import write_files
    from gunmane.exports.overwriting import holds, refuse_others

    region = find_region(options.region) if options.region else None
    chosen = TEMPLATES if options.sector == ALL else (options.sector,)
    beside = f"_{file_stem(region.region_id)}" if region is not None else ""
    contents = {f"template_{name}{beside}_{lang}.xlsx": template_xlsx(name, lang, region) for name in chosen}
    refuse_others(
        options.out / name for name, data in contents.items() if not holds(options.out / name, data)
    )
    paths = write_files(contents, options.out)
    if not options.quiet:
        report.tell_files(paths, lang)
