"""もしも: the figures before and after, of the plan, its bundles, towns and units, and the detours."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from app_pages import session, words
from app_pages.tables import Cell, html_table
from gunmane.exports.broken import broken_sentence
from gunmane.what_if import Consequences
from gunmane.what_if.detours import STRETCHES_MOST
from gunmane.what_if.words import change_sentence, unit_name

TABS = ("whole", "bundles", "towns", "units", "detours")
# The rest stands in the files.
UNITS_SHOWN, STRETCHES_SHOWN, USERS_SHOWN = 200, 40, 3
COLUMNS = {
    "travel_hours": "hours",
    "farthest_min": "farthest",
    "unreached_units": "unreached",
    "broken_count": "rules",
}
TELLING = ("no_base", "unreached", "longer", "shorter", "reached")


def show_figures(found: Consequences) -> None:
    """Show every figure before and after, each sort in its own tab."""
    tr = session.tr
    labels = [tr(f"what_if.tab.{name}") for name in TABS]
    tabs = st.tabs(labels, key=f"what_if_tabs_{session.lang()}", on_change="rerun")
    shown = (_show_whole, _show_bundles, _show_towns, _show_units, _show_detours)
    for tab, show in zip(tabs, shown, strict=True):
        if tab.open:
            with tab:
                show(found)


def figure(name: str, value: float) -> str:
    """Return a figure with its unit."""
    if words.is_missing(value):
        return words.unknown()
    if name == "travel_hours":
        return words.hours(value)
    if name == "farthest_min":
        return words.minutes(value)
    unit = "units" if name == "unreached_units" else "rules"
    return session.tr(f"compare.unit.{unit}", count=words.count(value))


def change_cell(row: dict[str, Any]) -> Cell:
    """Return what a figure is after the changes, with its change in words and sign."""
    tr, name = session.tr, str(row["figure"])
    before, after, change = (float(row[key]) for key in ("before", "after", "change"))
    low, high = float(row["low"]), float(row["high"])
    text = figure(name, after)
    if figure(name, low) != figure(name, high):
        text = tr("what_if.range", after=text, low=figure(name, low), high=figure(name, high))
    if math.isnan(change):
        return Cell(text)
    if row["mark"] == "same":
        return Cell(text, tr("compare.same"), "plain")
    if text == figure(name, before):
        # What reads the same is not called a change; the tables of units and detours have it to the tenth.
        return Cell(text, tr("what_if.hardly"), "plain")
    sign = "+" if change > 0 else "−"
    said = tr(f"compare.mark.{row['mark']}", change=sign + figure(name, abs(after - before)))
    return Cell(text, said, str(row["mark"]))


def moved_cell(row: dict[str, Any]) -> Cell:
    """Return a figure before and after in one cell, with its change in words and sign."""
    after = change_cell(row)
    if row["mark"] == "same" and row["low"] == row["high"]:
        return Cell(figure(str(row["figure"]), row["before"]), after.small, after.mark)
    text = session.tr("what_if.from_to", before=figure(str(row["figure"]), row["before"]), after=after.text)
    return Cell(text, after.small, after.mark)


def whole_table(found: Consequences) -> str:
    """Return the figures of the whole plan, and beside them those of the plan made anew where there is one."""
    tr, again = session.tr, found.replanned_totals
    head = [tr("what_if.figure.name"), tr("what_if.before"), tr("what_if.after")]
    head += [tr("what_if.replanned")] if again is not None else []
    rows: list[list[str | Cell]] = []
    for at, row in enumerate(found.totals.to_dict("records")):
        name = str(row["figure"])
        more = [] if again is None else [change_cell(again.iloc[at].to_dict())]
        rows.append([tr(f"what_if.figure.{name}"), figure(name, row["before"]), change_cell(row), *more])
    # Beside a third column of figures their changes need a line of their own.
    return html_table(head, rows, is_inline=again is None)


def _show_whole(found: Consequences) -> None:
    tr = session.tr
    for said in base_sentences(found):
        st.text(said)
    st.html(whole_table(found))
    lost = float(found.units["lost_hours"].sum())
    notes = [tr("what_if.lost_note", hours=words.hours(lost))] if lost > 0 else []
    if (found.totals["low"] != found.totals["high"]).any():
        notes.append(tr("what_if.winter_range_note"))
    if not found.units["state"].isin(TELLING).any():
        notes.append(tr("what_if.all_same"))
    if notes:
        st.caption(" ".join(notes))
    is_new = found.broken["is_after"] & ~found.broken["is_before"]
    is_gone = found.broken["is_before"] & ~found.broken["is_after"]
    for key, rows in (("rules_new", found.broken[is_new]), ("rules_mended", found.broken[is_gone])):
        if len(rows):
            head = [tr("what_if.col.bundle"), tr("what_if.col.rules")]
            told = [_rule_row(found, row) for row in rows.to_dict("records")]
            st.html(html_table(head, told, caption=tr(f"what_if.{key}"), left=(1,)))


def base_sentences(found: Consequences) -> list[str]:
    """Return for each bundle whose bases change where its crews start from then."""
    tr, ground, lang = session.tr, found.plan.ground, session.lang()
    said = []
    for bundle, before in found.plan.bundles["base_unit_id"].items():
        after = found.bases.get(str(bundle), ())
        old = (str(before),) if before else ()
        if set(after) == set(old):
            continue
        names = [
            tr("word.list_sep").join(unit_name(ground, unit, lang) for unit in units)
            for units in (old, after)
        ]
        key = "base_now" if after else "base_none"
        said.append(tr(f"what_if.{key}", bundle=bundle, before=names[0] or words.unknown(), after=names[1]))
    return said


def _rule_row(found: Consequences, row: dict[str, Any]) -> list[str | Cell]:
    """Return the bundle that a rule is about, and the rule with its amounts and the unit where there is one."""
    said = broken_sentence(found.plan, row, session.lang())
    where = unit_name(found.plan.ground, row["unit_id"], session.lang()) if row["unit_id"] else ""
    return [str(row["bundle_id"]) or session.tr("what_if.tab.whole"), Cell(said, where)]


def _long_table(table: pd.DataFrame, by: str, names: dict[str, str], first: str) -> str:
    """Return a table of bundles or towns: a row each, a column a figure with its change below."""
    tr = session.tr
    figures = [name for name in COLUMNS if name in set(table["figure"])]
    told = table.set_index([by, "figure"])
    # A column in which nothing is and nothing happens tells nothing.
    empty = [n for n in figures[2:] if not told.xs(n, level="figure")[["before", "after"]].to_numpy().any()]
    figures = [name for name in figures if name not in empty]
    head = [tr(f"what_if.col.{first}"), *(tr(f"what_if.col.{COLUMNS[name]}") for name in figures)]
    rows: list[list[str | Cell]] = [
        [label, *(moved_cell({**told.loc[(key, name)].to_dict(), "figure": name}) for name in figures)]
        for key, label in names.items()
    ]
    return html_table(head, rows)


def _show_bundles(found: Consequences) -> None:
    names = {str(name): str(name) for name in found.bundles["bundle_id"].drop_duplicates()}
    order = list(found.plan.bundles.index)
    names = dict(sorted(names.items(), key=lambda item: order.index(item[0])))
    st.html(_long_table(found.bundles, "bundle_id", names, "bundle"))


def _show_towns(found: Consequences) -> None:
    region = found.plan.ground.region
    codes = sorted(found.towns["muni_code"].drop_duplicates())
    names = {str(code): region.name_of(str(code), session.lang()) for code in codes}
    st.html(_long_table(found.towns, "muni_code", names, "town"))


def _show_units(found: Consequences) -> None:
    """Show the units whose driving changes, the worst first; sorted and searched in the table itself."""
    tr, region = session.tr, found.plan.ground.region
    rows = found.units[found.units["state"].isin(TELLING)]
    if rows.empty:
        st.info(tr("what_if.units_none"))
        return
    worst = rows["state"].map(TELLING.index)
    rows = rows.assign(worst=worst, size=-rows["change_min"].abs()).sort_values(["worst", "size", "unit_id"])
    rows = rows.head(UNITS_SHOWN)
    table = {
        tr("what_if.col.unit"): rows["name"],
        tr("what_if.col.before"): rows["before_min"].round(1),
        tr("what_if.col.after"): rows["after_min"].round(1),
        tr("what_if.col.change"): rows["change_min"].round(1),
        tr("what_if.col.state"): [tr(f"what_if.state.{state}") for state in rows["state"]],
        tr("what_if.col.bundle"): rows["bundle_id"],
        tr("what_if.col.town"): [region.name_of(code, session.lang()) for code in rows["muni_code"]],
    }
    st.dataframe(pd.DataFrame(table), hide_index=True, height=330, key="what_if_units")


def _show_detours(found: Consequences) -> None:
    tr, lang = session.tr, session.lang()
    table = found.detours.table
    if table.empty:
        st.info(tr("what_if.detours_none"))
        return
    head = ["", *(tr(f"what_if.col.{name}") for name in ("stretch", "along", "around", "users"))]
    rows: list[Sequence[str | Cell]] = []
    for row in table.head(STRETCHES_SHOWN).to_dict("records"):
        change = found.what_if.changes[int(row["change"])]
        count = tr("what_if.unit_word", count=row["units"])
        names = found.plan.ground.units["name"].reindex(row["unit_ids"][:USERS_SHOWN]).astype(str)
        users = tr("word.list_sep").join(names) + (" …" if row["units"] > USERS_SHOWN else "")
        rows.append(
            [
                str(row["stretch"]),
                change_sentence(change, found.plan.ground, lang),
                words.minutes(row["before_min"]),
                # Both in one cell: a further column is cut beside the map.
                Cell(_around(row["after_min"]), _added(row["added_min"])),
                f"{count}{tr('what_if.of_them', names=users)}" if users else count,
            ]
        )
    st.html(html_table(head, rows, left=(1, 4)))
    if len(table) > STRETCHES_MOST:
        st.caption(tr("what_if.detour_most", count=STRETCHES_MOST))


def _added(minutes: float) -> str:
    return session.tr("what_if.added", minutes=words.minutes(minutes)) if math.isfinite(minutes) else ""


def _around(minutes: float) -> str:
    if math.isnan(minutes):
        return session.tr("what_if.not_looked")
    return session.tr("what_if.no_way") if math.isinf(minutes) else words.minutes(minutes)
