"""The arguments of the command, with their help in the user's language."""

from __future__ import annotations

import argparse
import locale
import os
import pathlib
from collections.abc import Sequence
from typing import Any

import gunmane
from gunmane import schema
from gunmane.cli.checking import add_check, add_reading, ledger_path
from gunmane.cli.fetching import add_fetch
from gunmane.cli.rerunning import add_rerun
from gunmane.cli.rules import add_rules
from gunmane.cli.saved import add_workspace
from gunmane.cli.supposing import add_what_if
from gunmane.cli.templates import add_template
from gunmane.cli.usage import Parser, folder
from gunmane.i18n import LANGUAGES, t

ENVIRONMENT = ("LC_ALL", "LC_MESSAGES", "LANG")


def chosen_language(argv: Sequence[str]) -> str:
    """Return the language asked for (`--lang`), else the locale's where it is ours, else Japanese."""
    for i, word in enumerate(argv):
        value = word.removeprefix("--lang=") if word.startswith("--lang=") else ""
        if word == "--lang" and i + 1 < len(argv):
            value = argv[i + 1]
        if value in LANGUAGES:
            return value
    named = next((os.environ[name] for name in ENVIRONMENT if os.environ.get(name)), "")
    return "en" if (named or locale.getlocale()[0] or "").lower().startswith("en") else "ja"


def build_parser(lang: str) -> argparse.ArgumentParser:
    """Return the parser of every `gunmane` command."""
    parser = Parser(prog="gunmane", description=t("cli.help.about", lang), allow_abbrev=False, lang=lang)
    parser.add_argument(
        "--version", action="version", version=f"gunmane {gunmane.__version__}", help=t("usage.version", lang)
    )
    commands = parser.add_subparsers(
        dest="command",
        required=True,
        metavar="{regions,check,plan,template,sample,fetch,workspace,rerun,what-if}",
    )

    regions = _command(commands, "regions", lang)
    regions.add_argument("--json", action="store_true", help=t("cli.help.json", lang))
    regions.add_argument("--find", metavar="TEXT", help=t("cli.help.find", lang))

    plan = _command(commands, "plan", lang)
    plan.add_argument("region", metavar="REGION", nargs="?", help=t("cli.help.region", lang))
    plan.add_argument(
        "--municipalities",
        metavar="CODE",
        nargs="+",
        action="extend",
        help=t("cli.help.municipalities", lang),
    )
    _add_choices(plan, lang)
    add_rules(plan, lang)
    _add_studies(plan, lang)
    _add_files(plan, lang)

    sample = _command(commands, "sample", lang)
    sample.add_argument("region", metavar="REGION", help=t("cli.help.region", lang))
    sample.add_argument("--out", metavar="DIR", type=folder, required=True, help=t("cli.help.out", lang))
    add_check(_command(commands, "check", lang), lang)
    add_template(_command(commands, "template", lang), lang)
    add_fetch(_command(commands, "fetch", lang), lang)
    add_workspace(_command(commands, "workspace", lang), lang)
    add_rerun(_command(commands, "rerun", lang), lang)
    add_what_if(_command(commands, "what-if", lang), lang)
    return parser


def _command(commands: argparse._SubParsersAction, name: str, lang: str) -> argparse.ArgumentParser:
    about = t(f"cli.help.{name.replace('-', '_')}", lang)
    parser: argparse.ArgumentParser = commands.add_parser(
        name, help=about, description=about, allow_abbrev=False, lang=lang
    )
    parser.add_argument("--lang", choices=LANGUAGES, default=lang, help=t("cli.help.lang", lang))
    parser.add_argument("--quiet", action="store_true", help=t("cli.help.quiet", lang))
    return parser


def _add_choices(plan: argparse.ArgumentParser, lang: str) -> None:
    def told(name: str) -> str:
        return t(f"cli.help.{name}", lang)

    plan.add_argument("--layer", choices=schema.PACKAGES, help=told("layer"))
    plan.add_argument(
        "--sectors",
        nargs="+",
        action="extend",
        metavar="SECTOR",
        help=f"{told('sectors')}: {', '.join(schema.SECTORS)}",
    )
    plan.add_argument("--bundles", type=int, metavar="N", help=told("bundles"))
    plan.add_argument("--floor-jpy", type=float, metavar="N", help=told("floor"))
    plan.add_argument("--ceiling-jpy", type=float, metavar="N", help=told("ceiling"))
    plan.add_argument("--hard-window", action="store_true", help=told("hard"))
    plan.add_argument("--travel-limit-min", type=float, metavar="N", help=told("travel_limit"))
    plan.add_argument("--no-cross-border", action="store_true", help=told("no_cross"))
    plan.add_argument("--no-join-owners", action="store_true", help=told("no_join"))
    plan.add_argument("--snow", action=argparse.BooleanOptionalAction, default=None, help=told("snow"))
    plan.add_argument("--seed", type=int, default=0, metavar="N", help=told("seed"))


def _add_studies(plan: argparse.ArgumentParser, lang: str) -> None:
    group = plan.add_argument_group(t("cli.group.studies", lang))

    def add(name: str, **more: Any) -> None:
        key = name.removeprefix("--").replace("-", "_")
        group.add_argument(name, help=t(f"cli.study.{key}", lang), **more)

    add("--evidence", action="store_true")
    add("--why-not", action="store_true")
    add("--alternatives", type=int, metavar="N")
    add("--trade-offs", action="store_true")
    add("--prices", action="store_true")
    add("--rollout", action="store_true")
    add("--robustness", type=int, metavar="N")
    add("--robustness-keeps-count", action="store_true")
    add("--exact", action="store_true")


def _add_files(plan: argparse.ArgumentParser, lang: str) -> None:
    def told(name: str) -> str:
        return t(f"cli.help.{name}", lang)

    plan.add_argument("--roads", type=pathlib.Path, metavar="FILE", help=told("roads"))
    plan.add_argument("--roads-as-assets", action="store_true", help=told("roads_as_assets"))
    plan.add_argument(
        "--assets",
        type=ledger_path,
        nargs="+",
        action="extend",
        default=[],
        metavar="FILE",
        help=told("assets"),
    )
    add_reading(plan, lang)
    plan.add_argument("--out", metavar="DIR", type=folder, required=True, help=told("out"))
