"""`gunmane workspace`: the plans that are kept, their backup and the way back."""

from __future__ import annotations

import argparse
import dataclasses
import json
import pathlib
from typing import TYPE_CHECKING

from gunmane.cli import console
from gunmane.errors import WorkspaceError
from gunmane.i18n import t

if TYPE_CHECKING:
    from gunmane.workspace import PlanCard

ACTIONS = ("list", "backup", "restore", "migrate")
MINUTE = 16
COLUMNS = ("plan_id", "name", "plan_region", "owner", "steps", "changed_at", "changed_by")


def add_workspace(parser: argparse.ArgumentParser, lang: str) -> None:
    """Add the arguments of `gunmane workspace` to its parser."""

    def told(name: str) -> str:
        return t(f"cli.help.workspace_{name}", lang)

    parser.add_argument("action", choices=ACTIONS, help=told("action"))
    parser.add_argument("file", metavar="FILE", nargs="?", type=pathlib.Path, help=told("file"))
    parser.add_argument("--workspace", metavar="ADDRESS", help=told("address"))
    parser.add_argument("--user", metavar="NAME", default="", help=told("user"))
    parser.add_argument("--archived", action="store_true", help=told("archived"))
    parser.add_argument("--replace", action="store_true", help=told("replace"))
    parser.add_argument("--json", action="store_true", help=t("cli.help.json", lang))


def keep(options: argparse.Namespace, lang: str) -> None:
    """
    List the plans that are kept, back them up, bring them back, or bring their tables up to date.

    Raises
    ------
    gunmane.errors.WorkspaceError
        If the place or the backup cannot be used; nothing is changed then.
    """
    if options.action in ("backup", "restore") and options.file is None:
        raise WorkspaceError("workspace_file_needed")
    lines = {"list": _listed, "backup": _backed_up, "restore": _restored, "migrate": _migrated}
    for line in lines[options.action](options, lang):
        if not options.quiet:
            console.tell(line)


def _listed(options: argparse.Namespace, lang: str) -> list[str]:
    from gunmane.workspace import open_workspace

    with open_workspace(options.workspace, user=options.user) as plans:
        cards, place = plans.list(is_archived=options.archived), plans.database.place
    if options.json:
        return [json.dumps([dataclasses.asdict(card) for card in cards], ensure_ascii=False, indent=1)]
    if not options.quiet and cards:
        header = [t(f"cli.column.{name}", lang) for name in COLUMNS]
        console.tell_table(header, [_cells(card) for card in cards], numbers=(COLUMNS.index("steps"),))
    return [t("cli.workspace.listed", lang, place=place, count=len(cards))]


def _cells(card: PlanCard) -> list[str]:
    steps = f"{card.position}/{card.step_count}"
    at = card.changed_at[:MINUTE].replace("T", " ")
    return [card.plan_id, card.name, card.region, card.owner or "-", steps, at, card.changed_by or "-"]


def _backed_up(options: argparse.Namespace, lang: str) -> list[str]:
    from gunmane.workspace import backup, open_workspace

    with open_workspace(options.workspace) as plans:
        out = backup(plans.database, options.file, is_replacing=options.replace)
    return [t("cli.workspace.backed_up", lang, file=str(out))]


def _restored(options: argparse.Namespace, lang: str) -> list[str]:
    from gunmane.workspace import restore

    restored = restore(options.file, options.workspace, is_replacing=options.replace)
    lines = [t("cli.workspace.restored", lang, count=restored.plan_count)]
    if restored.kept is not None:
        lines.append(t("cli.workspace.kept", lang, file=str(restored.kept)))
    return lines


def _migrated(options: argparse.Namespace, lang: str) -> list[str]:
    from gunmane.workspace.databases import connect
    from gunmane.workspace.migrations import MIGRATIONS, migrate

    database = connect(options.workspace)
    try:
        found, copy = migrate(database)
    finally:
        database.close()
    values = {"place": database.place, "version": found, "known": len(MIGRATIONS)}
    if found == len(MIGRATIONS):
        return [t("cli.workspace.up_to_date", lang, **values)]
    lines = [t("cli.workspace.migrated", lang, **values)]
    return lines if copy is None else [*lines, t("cli.workspace.kept", lang, file=str(copy))]
