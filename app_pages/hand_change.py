"""群を組む, beside the map: what the last step by hand changed for the plan, its bundles and its towns."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence

import streamlit as st

from app_pages import session, words
from app_pages.hands import Hand
from app_pages.tables import Cell, check_list, heading, html_table
from gunmane.explain import change_mark
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

COLUMNS_SHOWN = 12
FEWER_IS_BETTER = {"travel_hours", "farthest_min", "outside_count"}


def show_change(plan: Plan, hand: Hand) -> None:
    """Show what the last edit, undo or redo was, and every figure that it changed; what stayed is left out."""
    if hand.done is None:
        return
    tr = session.tr
    way, edit = hand.done
    st.html(heading(tr(f"step.{way}", what=edit_words(plan, edit))))
    changes = step_changes(hand.before, hand.accounts)
    lines = _rule_lines(changes)
    if lines:
        st.html(check_list(lines))
    towns = [one for one in changes if one.kind == "town"]
    others = [one for one in changes if one.kind != "town"]
    told = [_show_table(plan, hand, part) for part in (others, towns)]
    if not any(told) and not lines:
        st.caption(tr("step.nothing"))
        return
    other_size = "structures" if plan.window["measure"] == "jpy" else ""
    same = [tr(f"step.col.{name}") for name in _FIGURES if name not in {*told[0], *told[1], other_size}]
    if same:
        st.caption(tr("step.same", figures=tr("word.list_sep").join(same)))


def _show_table(plan: Plan, hand: Hand, changes: Sequence[Change]) -> list[str]:
    """Show what changed as a table, one row a figure, one column a bundle or town; return the figures."""
    figures = [name for name, is_other in _FIGURES.items() if any(map(is_other, changes))]
    if plan.window["measure"] == "jpy":
        figures = [name for name in figures if name != "structures"]
    if not figures:
        return []
    shown, tr = changes[:COLUMNS_SHOWN], session.tr
    head = [_name(plan, hand, one) for one in shown]
    rows: list[list[str | Cell]] = [
        [tr(f"step.col.{name}"), *(_cell(one, name) for one in shown)] for name in figures
    ]
    st.html(html_table([tr("step.figure"), *head], rows))
    if len(changes) > len(shown):
        st.caption(tr("step.more", count=len(changes) - len(shown)))
    return figures


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


def _has_other_verdict(change: Change) -> bool:
    return bool(change.before and change.after and change.before.verdict != change.after.verdict)


def _differs(name: str) -> Callable[[Change], bool]:
    return lambda change: change.has_other(name)


_FIGURES: dict[str, Callable[[Change], bool]] = {
    "travel_hours": _differs("travel_hours"),
    "farthest_min": _differs("farthest_min"),
    "verdict": _has_other_verdict,
    "outside_count": _differs("outside_count"),
    "structures": _differs("structure_count"),
    "work": _differs("annual_jpy"),
    "contracts": _differs("contracts"),
    "bundle_count": _differs("bundle_count"),
}
"""Rows of the table, and whether a change has something to say in one."""


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


def _cell(change: Change, column: str) -> Cell:
    if column == "verdict":
        told = [
            session.tr(f"verdict.{one.verdict}") if one and one.verdict else ""
            for one in (change.before, change.after)
        ]
        return Cell(_arrow(*told))
    if column == "work":
        return _work(change)
    if column == "contracts":
        return _contracts(change)
    if column == "structures":
        return _number(change, "structure_count", words.count)
    tell = words.count if column in ("bundle_count", "outside_count") else words.significant
    return _number(change, column, words.minutes if column == "farthest_min" else tell)


def _number(change: Change, name: str, tell: Callable[[float], str]) -> Cell:
    before, after = change.number(name)
    told = _arrow(*("" if math.isnan(value) else tell(value) for value in (before, after)))
    return Cell(told, _signed(after - before, tell), _mark(name, after - before))


def _arrow(before: str, after: str) -> str:
    if before == after:
        return after or "–"
    return f"{before or '–'} → {after or '–'}"


def _signed(change: float, tell: Callable[[float], str]) -> str:
    if math.isnan(change) or abs(change) < 1e-6:
        return ""
    return ("+" if change > 0 else "−") + tell(abs(change))


def _mark(name: str, change: float) -> str:
    mark = change_mark(name, change) if name not in FEWER_IS_BETTER else _less(change)
    return mark if mark in ("better", "worse") else "plain"


def _less(change: float) -> str:
    if math.isnan(change) or change == 0:
        return "plain"
    return "better" if change < 0 else "worse"


def _work(change: Change) -> Cell:
    """Return the work of a bundle before and after with the change, and the range that it has after."""
    before, after = change.number("annual_jpy")
    low, high = change.number("annual_jpy_low")[1], change.number("annual_jpy_high")[1]
    parts = [_signed(after - before, words.yen_short)]
    parts += [session.tr("step.range", range=words.yen_spread(low, high))] if change.after else []
    told = _arrow(*("" if math.isnan(value) else words.yen_short(value) for value in (before, after)))
    return Cell(told, "\n".join(filter(None, parts)), "plain")


def _contracts(change: Change) -> Cell:
    cell = _number(change, "contracts", words.significant)
    low, high = change.number("contracts_low")[1], change.number("contracts_high")[1]
    if math.isnan(low):
        return cell
    ends = session.tr("step.ends", low=words.significant(low), high=words.significant(high))
    return Cell(cell.text, f"{cell.small}\n{session.tr('step.range', range=ends)}".strip(), "plain")
