"""`gunmane what-if`: what closed roads, planned roads, winter and bases lost or added would do to a plan."""

from __future__ import annotations

import argparse
import json
import pathlib
import re
from typing import TYPE_CHECKING, Any

from gunmane import schema
from gunmane.cli import console
from gunmane.cli.checking import add_reading, ledger_files, ledger_path
from gunmane.cli.usage import folder
from gunmane.errors import FileError, ScenarioError
from gunmane.i18n import t
from gunmane.municipalities import find_region
from gunmane.scenario import Scenario

if TYPE_CHECKING:
    from gunmane.scenario import Ground, Plan
    from gunmane.what_if import Change, Consequences, WhatIf

# How the bar is shared out among reading, planning and looking.
GROUND_END, PLAN_END = 0.4, 0.7
PLACE = re.compile(r"\s*([+-]?\d+(?:\.\d+)?)\s*,\s*([+-]?\d+(?:\.\d+)?)\s*")
RANGE = "range"
ROWS_SHOWN = 10
# A hundred thousand changes.
MOST_BYTES = 16 << 20
NAMED = 5
CLOSABLE = ("road", "bridge", "tunnel")


def add_what_if(parser: argparse.ArgumentParser, lang: str) -> None:
    """Add the arguments of `gunmane what-if` to its parser."""

    def add(name: str, key: str, **more: Any) -> None:
        parser.add_argument(name, help=t(f"cli.what_if.{key}", lang), **more)

    several: dict[str, Any] = {"nargs": "+", "action": "extend", "default": []}
    add("plan", "plan", metavar="REGION|PLAN")
    add("--layer", "layer", choices=schema.PACKAGES)
    add("--close", "close", metavar="ID|NAME|LAT,LON", **several)
    add("--close-road", "close_road", metavar="NAME[@CODE]", **several)
    add("--link", "link", metavar=("UNIT|LAT,LON", "UNIT|LAT,LON"), nargs=2, action="append", default=[])
    add("--link-speed-kmh", "link_speed", type=float, metavar="N")
    add("--link-class", "link_class", choices=schema.ROAD_CLASSES, default="municipal_1")
    add("--winter", "winter", nargs="?", const=RANGE, metavar="RATIO")
    add("--add-base", "add_base", metavar="UNIT", **several)
    add("--lose-base", "lose_base", metavar="UNIT", **several)
    add("--changes", "changes", type=pathlib.Path, metavar="FILE")
    add("--replan", "replan", action="store_true")
    add("--roads", "roads", type=pathlib.Path, metavar="FILE")
    add("--assets", "assets", type=ledger_path, metavar="FILE", **several)
    add_reading(parser, lang)
    add("--json", "json", action="store_true")
    add("--out", "out", metavar="DIR", type=folder)


def what_if(options: argparse.Namespace, lang: str) -> None:
    """
    Tell what changes do to a plan, and write it where asked.

    Raises
    ------
    gunmane.errors.GunmaneError
        If the region, the plan or a file cannot be used, a change names nothing that there is, or the files cannot be
        written.
    """
    from gunmane.exports import write_files
    from gunmane.exports.overwriting import inputs_to_keep, refuse_inputs, refuse_others, says
    from gunmane.exports.what_if import MARK, WHAT_IF_FILES, what_if_files, what_if_json
    from gunmane.what_if import consequences

    given = [*options.assets, *options.profile]
    given += [path for path in (options.roads, options.changes, pathlib.Path(options.plan)) if path]
    keep = inputs_to_keep(given)
    if options.out is not None:
        own = [options.out / name for name in WHAT_IF_FILES]
        refuse_inputs(own, keep)
        if not says(own[0], MARK):
            refuse_others(own)
    plan = _plan(options, lang)
    asked = _asked(options, plan.ground)
    bar = console.progress_bar(lang, start=PLAN_END)
    found = consequences(plan, asked, is_replanned=options.replan, progress=bar)
    paths = write_files(what_if_files(found), options.out, keep=keep) if options.out is not None else {}
    console.wipe_bar()
    if options.json:
        console.tell(what_if_json(found).decode())
    elif not options.quiet:
        _tell(found, lang)
        for path in paths.values():
            console.tell(str(path))


def _plan(options: argparse.Namespace, lang: str) -> Plan:
    """Return the plan of a file as it is there, or that of a region's own choices."""
    from gunmane.grounds import prepare_ground
    from gunmane.plans import make_plan
    from gunmane.workspace.planfiles import read_plan_file
    from gunmane.workspace.rerun import rerun

    file = pathlib.Path(options.plan)
    is_file = file.suffix.lower() == ".json" or file.is_file()
    told = read_plan_file(file) if is_file else None
    if told is not None:
        scenario = told.scenario
        place = find_region(scenario.region_id)
    else:
        place = find_region(options.plan)
        scenario = Scenario.default(place, layer=options.layer)
    has_files = options.roads is not None or bool(options.assets)
    ground = prepare_ground(
        place,
        roads=options.roads,
        assets=ledger_files(options, options.assets),
        is_roads_as_assets=told is not None and told.has_roads_as_assets and has_files,
        has_water="water" in scenario.sectors,
        progress=console.progress_bar(lang, end=GROUND_END),
    )
    bar = console.progress_bar(lang, start=GROUND_END, end=PLAN_END)
    if told is not None:
        return rerun(told, ground, progress=bar).plan
    return make_plan(scenario, ground, has_alternatives=False, progress=bar)


# -- changes --------------------------------------------------------------------------------------------------


def _asked(options: argparse.Namespace, ground: Ground) -> WhatIf:
    from gunmane.what_if import AddBase, AddLink, CloseRoad, LoseBase, WhatIf, Winter

    changes: list[Change] = list(_read(options.changes).changes) if options.changes is not None else []
    changes += [_closing(text, ground) for text in options.close]
    for text in options.close_road:
        name, _, owner = text.partition("@")
        changes.append(CloseRoad(name.strip(), owner.strip()))
    for ends in options.link:
        points = tuple(_place(end) or end for end in ends)
        changes.append(AddLink(points, options.link_speed_kmh, options.link_class))
    if options.winter is not None:
        changes.append(Winter(None if options.winter == RANGE else _ratio(options.winter)))
    changes += [AddBase(unit) for unit in options.add_base]
    changes += [LoseBase(unit) for unit in options.lose_base]
    if not changes:
        raise ScenarioError("what_if_nothing")
    return WhatIf(tuple(changes))


def _read(path: pathlib.Path) -> WhatIf:
    from gunmane.what_if import WhatIf

    try:
        with path.open("rb") as opened:
            content = opened.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            raise FileError("what_if_file_large", file=str(path), limit=MOST_BYTES >> 20)
        told = json.loads(content.decode("utf-8-sig"))
        # Half of a sign of two halves can be read, but never told or written.
        json.dumps(told, ensure_ascii=False).encode()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise FileError("what_if_file_unreadable", file=str(path), reason=reason) from error
    except (ValueError, RecursionError) as error:
        raise ScenarioError("what_if_broken", fault=str(error)) from error
    return WhatIf.from_json(told)


def _ratio(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ScenarioError("what_if_winter", value=text) from None


def _place(text: str) -> tuple[float, float] | None:
    """Return "latitude,longitude" as (longitude, latitude); None where it is something else."""
    found = PLACE.fullmatch(text)
    return None if found is None else (float(found.group(2)), float(found.group(1)))


def _closing(text: str, ground: Ground) -> Change:
    """Return what a text closes: a place, an asset's id, or the one asset of that name."""
    from gunmane.what_if import CloseAsset, CloseAt

    place = _place(text)
    if place is not None:
        return CloseAt(*place)
    assets = ground.assets[ground.assets["sector"].isin(CLOSABLE)]
    ids = assets.loc[assets["name"].astype("object").fillna("") == text.strip(), "asset_id"].tolist()
    if (assets["asset_id"] == text).any() or not ids:
        return CloseAsset(text)
    if len(ids) > 1:
        named = ", ".join(sorted(map(str, ids))[:NAMED])
        raise ScenarioError("what_if_many_named", name=text, count=len(ids), ids=named)
    return CloseAsset(str(ids[0]))


# -- telling --------------------------------------------------------------------------------------------------


def _tell(found: Consequences, lang: str) -> None:
    from gunmane.exports.provenance import notices
    from gunmane.what_if import idle_losses
    from gunmane.what_if.words import change_sentence, unit_name

    told = notices(found.plan)
    for key in (f"sample_notice_{lang}", f"disclaimer_{lang}"):
        if key in told:
            console.tell(f"! {told[key]}")
    console.tell()
    for change in found.what_if.changes:
        console.tell_wrapped(change_sentence(change, found.plan.ground, lang), first="- ")
    for unit in idle_losses(found.plan, found.what_if):
        name = unit_name(found.plan.ground, unit, lang)
        console.tell_wrapped(t("what_if.no_base_there", lang, name=name), first="! ")
    console.tell()
    _tell_totals(found, lang)
    _tell_bundles(found, lang)
    _tell_detours(found, lang)
    lost = float(found.units["lost_hours"].sum())
    if lost > 0:
        console.tell()
        hours = t("word.hours", lang, value=_number(lost))
        console.tell_wrapped(t("what_if.lost_note", lang, hours=hours), first="! ")


def _tell_totals(found: Consequences, lang: str) -> None:
    head = ["name", "before", "after"] + (["replanned"] if found.replanned_totals is not None else [])
    lines = []
    for at, row in enumerate(found.totals.to_dict("records")):
        cells = [t(f"what_if.figure.{row['figure']}", lang), _number(row["before"]), _after(row)]
        if found.replanned_totals is not None:
            cells.append(_after(found.replanned_totals.iloc[at].to_dict()))
        lines.append(cells)
    names = [t("what_if.figure.name" if name == "name" else f"what_if.{name}", lang) for name in head]
    console.tell_table(names, lines, numbers=range(1, len(head)))


def _tell_bundles(found: Consequences, lang: str) -> None:
    """Print the bundles in which something changes."""
    table = found.bundles
    changed = table.loc[~table["mark"].isin(["same", "unknown"]), "bundle_id"].drop_duplicates()
    figures = ["travel_hours", "farthest_min", "unreached_units", "broken_count"]
    lines = []
    for bundle in changed:
        own = table[table["bundle_id"] == bundle].set_index("figure")
        lines.append([found.plan.titled(str(bundle)), *(_both(own.loc[name].to_dict()) for name in figures)])
    if lines:
        console.tell()
        head = [t("what_if.col.bundle", lang), *(t(f"what_if.figure.{name}", lang) for name in figures)]
        console.tell_table(head, lines, numbers=range(1, len(head)))


def _tell_detours(found: Consequences, lang: str) -> None:
    from gunmane.what_if.words import change_sentence

    lines = []
    for row in found.detours.table.head(ROWS_SHOWN).to_dict("records"):
        change = found.what_if.changes[int(row["change"])]
        after = row["after_min"]
        around = t("what_if.no_way", lang) if after == float("inf") else _number(after)
        said = change_sentence(change, found.plan.ground, lang)
        lines.append([str(row["stretch"]), said, _number(row["before_min"]), around, str(row["units"])])
    if lines:
        console.tell()
        names = ("stretch", "along", "around", "users")
        head = ["", *(t(f"what_if.col.{name}", lang) for name in names)]
        console.tell_table(head, lines, numbers=range(2, len(head)))
        if len(found.detours.table) > ROWS_SHOWN:
            console.tell(t("cli.more_rows", lang, count=len(found.detours.table) - ROWS_SHOWN))


def _number(value: Any) -> str:
    from gunmane.exports.words import number_text

    return number_text(value)


def _after(row: dict[str, Any]) -> str:
    after, low, high = (_number(row[key]) for key in ("after", "low", "high"))
    return after if low == high else f"{after} ({low}–{high})"


def _both(row: dict[str, Any]) -> str:
    return f"{_number(row['before'])} → {_number(row['after'])}"
