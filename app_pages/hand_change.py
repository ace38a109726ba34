"""群を組む, beside the map: what the last step by hand changed for the plan, its bundles and its towns."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence

import streamlit as st

from app_pages import session, words
from app_pages.hands import Hand
from app_pages.tables import Cell, check_list, heading, html_table
from gunmane.scenario import Plan
from gunmane.workbench import (
    Change,
    ChangeChoices,
    Edit,
    Improve,
    LockBundles,
    LockUnits,
    Merge,
    MoveUnits,
    NameBundle,
    NewBundle,
    SetBase,
    Split,
    UnlockBundles,
    UnlockUnits,
    step_changes,
)

COLUMNS_SHOWN, COLUMNS_BESIDE = 12, 4
FEWER_IS_BETTER = {"travel_hours", "farthest_min", "outside_count"}
FIGURES = (
    "travel_hours",
    "farthest_min",
    "verdict",
    "outside_count",
    "structures",
    "work",
    "contracts",
    "bundle_count",
)
"""Rows of the table, the most asked first; those whose every cell reads as before are left out."""
RANGES = {"work": "annual_jpy", "contracts": "contracts"}
"""Figures with a range, which has a row of its own below: beside a change it would read as the change's."""


def show_change(plan: Plan, hand: Hand) -> None:
    """Show what the last edit, undo or redo was, and every figure that it changed; what stayed is left out."""
    if hand.done is None:
        return
    tr = session.tr
    way, edit = hand.done
    changes = step_changes(hand.before, hand.accounts)
    lines = _rule_lines(changes)
    towns = [one for one in changes if one.kind == "town"]
    others = [one for one in changes if one.kind != "town"]
    parts = [_table(plan, hand, part) for part in (others, towns)]
    told = heading(tr(f"step.{way}", what=edit_words(plan, edit))) + (check_list(lines) if lines else "")
    st.html(f'<div class="gm-step">{told}{"".join(table for table, _ in parts)}</div>')
    if not (any(table for table, _ in parts) or lines):
        st.caption(tr("step.nothing"))
        return
    hidden = len(others) + len(towns) - sum(min(len(part), COLUMNS_SHOWN) for part in (others, towns))
    if hidden:
        st.caption(tr("step.more", count=hidden))
    changed = {name for _, names in parts for name in names}
    same = [tr(f"step.col.{name}") for name in _known(plan, changes) if name not in changed]
    if same:
        st.caption(tr("step.same", figures=tr("word.list_sep").join(same)))


def _known(plan: Plan, changes: Sequence[Change]) -> list[str]:
    """Return the figures that say anything of this plan: structures are its size or no figure of their own."""
    names = [name for name in FIGURES if any(_cell(one, name).text != "–" for one in changes)]
    return [name for name in names if name != "structures" or plan.window["measure"] != "jpy"]


def _table(plan: Plan, hand: Hand, changes: Sequence[Change]) -> tuple[str, list[str]]:
    """Return what changed as a table, one row a figure, one column a bundle or town, and the figures in it."""
    tr, shown = session.tr, changes[:COLUMNS_SHOWN]
    cells = {name: [_cell(one, name) for one in shown] for name in _known(plan, shown)}
    figures = [name for name, row in cells.items() if any("→" in cell.text for cell in row)]
    if not figures:
        return "", []
    rows = [(tr(f"step.col.{name}"), cells[name]) for name in figures]
    rows += [
        (tr(f"step.col.{name}_range"), [Cell(_range(one, name)) for one in shown])
        for name in RANGES
        if name in figures
    ]
    head = [_name(plan, hand, one) for one in shown]
    tables = []
    # Never wider than the room beside the map: what does not fit stands below.
    for first in range(0, len(shown), COLUMNS_BESIDE):
        columns = slice(first, first + COLUMNS_BESIDE)
        body: list[list[str | Cell]] = [[name, *row[columns]] for name, row in rows]
        tables.append(html_table([tr("step.figure"), *head[columns]], body, is_inline=True))
    return "".join(tables), figures


def _rule_lines(changes: Sequence[Change]) -> list[tuple[str, str, str]]:
    """Return the rules that the step broke and those that it mended, each with its bundles, for a list."""
    tr, comma = session.tr, session.tr("word.list_sep")
    lines = []
    for state, key in (("broken", "step.rules_broken"), ("kept", "step.rules_mended")):
        where: dict[str, list[str]] = {}
        for one in changes:
            before, after = (Counter(side.rules if side else ()) for side in (one.before, one.after))
            for rule in after - before if state == "broken" else before - after:
                where.setdefault(rule, []).extend([one.name] if one.kind == "bundle" else [])
        for rule, bundles in sorted(where.items()):
            named = tr("check.in_bundles", bundles=comma.join(bundles)) if bundles else ""
            lines.append((state, tr(key, rule=tr(f"rule.{rule}")), named))
    return lines


def edit_words(plan: Plan, edit: Edit) -> str:
    """Return an edit as a phrase: what is done to which units or bundles."""
    tr = session.tr
    say: dict[str, object] = {}
    kind = edit.kind
    if isinstance(edit, MoveUnits | NewBundle | LockUnits | UnlockUnits):
        say = {"units": _units(plan, edit.units), "to": getattr(edit, "to", "")}
    elif isinstance(edit, Merge | LockBundles | UnlockBundles):
        say = {"bundles": tr("word.list_sep").join(edit.bundles)}
    elif isinstance(edit, Split):
        say = {"bundle": edit.bundle, "units": _units(plan, edit.units)}
    elif isinstance(edit, SetBase):
        kind = "best_base" if edit.unit is None else kind
        say = {"bundle": edit.bundle, "unit": _units(plan, (edit.unit or "",))}
    elif isinstance(edit, NameBundle):
        kind = kind if edit.title else "unname_bundle"
        say = {"bundle": edit.bundle, "title": edit.title}
    elif isinstance(edit, Improve):
        say = {"count": words.count(len(edit.labels))}
    elif isinstance(edit, ChangeChoices):
        say = {"count": words.count(len(edit.choices))}
    return tr(f"step.edit.{kind}", **say)


def _units(plan: Plan, units: Sequence[str]) -> str:
    names = plan.ground.units["name"]
    if len(units) == 1 and units[0] in names.index:
        return session.tr("step.unit", name=str(names[units[0]]))
    return session.tr("step.units", count=words.count(len(units)))


def _name(plan: Plan, hand: Hand, change: Change) -> str:
    tr = session.tr
    if change.kind == "plan":
        return tr("step.plan")
    if change.kind == "town":
        return plan.ground.region.name_of(change.name, session.lang())
    name = hand.titled(change.name)
    if change.before is None:
        return tr("step.new", bundle=name)
    return tr("step.gone", bundle=name) if change.after is None else name


def _cell(change: Change, figure: str) -> Cell:
    """Return a figure before and after, with the change of what is shown; "–" where there is none."""
    if figure == "verdict":
        told = [
            session.tr(f"verdict.{one.verdict}") if one and one.verdict else ""
            for one in (change.before, change.after)
        ]
        return Cell(_arrow(*told))
    if figure == "work":
        return _work(change)
    name, tell = _TOLD.get(figure, (figure, words.significant))
    before, after = ("" if math.isnan(value) else tell(value) for value in change.number(name))
    said = words.change(before, after)
    return Cell(_arrow(before, after), said, _mark(figure, said))


def _minutes(value: float) -> str:
    """Return minutes as `words.minutes` rounds them, without the unit."""
    return "" if math.isinf(value) else f"{value:,.0f}" if value >= 9.5 else words.significant(value)


_TOLD: dict[str, tuple[str, Callable[[float], str]]] = {
    "farthest_min": ("farthest_min", _minutes),
    "structures": ("structure_count", words.count),
    "outside_count": ("outside_count", words.count),
    "bundle_count": ("bundle_count", words.count),
}
"""Columns of the accounts and how they are said, where it is not two figures of the column of the same name."""


def _arrow(before: str, after: str) -> str:
    if before == after:
        return after or "–"
    return f"{before or '–'} → {after or '–'}"


def _mark(figure: str, said: str) -> str:
    if said[:1] not in ("+", "−") or figure not in FEWER_IS_BETTER:
        return "plain"
    return "better" if said.startswith("−") else "worse"


def _work(change: Change) -> Cell:
    before, after = change.number("annual_jpy")
    if math.isnan(before) and math.isnan(after):
        return Cell("–")
    said = words.yen_change(before, after)
    if not math.isnan(before) and words.yen_short(before) == words.yen_short(after):
        return Cell(words.yen_short(after), said)
    return Cell(words.yen_way(before, after), said)


def _range(change: Change, figure: str) -> str:
    """Return the range that a figure has after the step."""
    low, high = (change.number(f"{RANGES[figure]}_{end}")[1] for end in ("low", "high"))
    if math.isnan(low) or math.isnan(high):
        return "–"
    if figure == "work":
        return words.yen_spread(low, high)
    return session.tr("step.ends", low=words.significant(low), high=words.significant(high))
