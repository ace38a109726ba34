"""What is different in two plans as tables: the whole, bundles, towns and moved units; each row knows its units."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import pandas as pd

from app_pages import session, words
from app_pages.compare_table import change_words, figure_words
from app_pages.compare_works import WORKS_ROWS, rate
from gunmane.explain import works_difference
from gunmane.scenario import Plan
from gunmane.workbench.behind import town_parts, units_behind, units_of
from gunmane.workbench.difference import Difference
from gunmane.workbench.draft import name_order

WHOLE = (
    "order_count",
    "below_floor",
    "borderline",
    "above_ceiling",
    "annual_jpy",
    "travel_hours",
    "farthest_min",
    "unreached_units",
    "broken_count",
    "wide_area_count",
    "multi_sector_count",
)
BUNDLES_NAMED = 6
Row = tuple[Sequence[str | float], tuple[str, ...]]
# What the column of work counts in, by language: 万円, thousands of yen.
PRICE_UNITS = {"ja": 1e4, "en": 1e3}


@dataclasses.dataclass(frozen=True, eq=False)
class Two:
    """
    Two plans and what is different.

    Parameters
    ----------
    before, after
        The plans.
    names
        What the page calls them.
    are_today
        Whether each is a state of today, which no rule judges.
    made
        Their difference.
    """

    before: Plan
    after: Plan
    names: tuple[str, str]
    are_today: tuple[bool, bool]
    made: Difference

    @property
    def needs_sides(self) -> bool:
        """Whether a name means another bundle on the right than on the left, so that the side is said with it."""
        pairs = self.made.pairs
        return bool(set(pairs["before"]) & set(pairs.loc[pairs["before"] != pairs["after"], "after"]) - {""})

    def left(self, *bundles: str) -> str:
        """Return bundles of the left plan as they are shown, with their titles; none at all is said to be none."""
        return self._named("left_name", [self.before.titled(name) for name in bundles if name])

    def right(self, *bundles: str) -> str:
        """Return bundles of the right plan as they are shown, with their titles; none at all is said to be none."""
        return self._named("right_name", [self.after.titled(name) for name in bundles if name])

    def left_name(self, bundle: str) -> str:
        """Return the name of a bundle of the left plan without its title, for the narrow places of a map."""
        return self._named("left_name", [bundle] if bundle else [])

    def right_name(self, bundle: str) -> str:
        """Return the name of a bundle of the right plan without its title, for the narrow places of a map."""
        return self._named("right_name", [bundle] if bundle else [])

    def _named(self, side: str, bundles: Sequence[str]) -> str:
        if not bundles:
            return session.tr("difference.none")
        more = len(bundles) - BUNDLES_NAMED
        said = session.tr("word.list_sep").join(bundles[:BUNDLES_NAMED])
        said += session.tr("group.and_more", count=more) if more > 0 else ""
        return session.tr(f"difference.{side}", name=said) if self.needs_sides else said


@dataclasses.dataclass(frozen=True, eq=False)
class Shown:
    """
    A table as it is shown.

    Parameters
    ----------
    table
        Words by column.
    units
        For each row the ids of the units that stand behind it.
    """

    table: pd.DataFrame
    units: tuple[tuple[str, ...], ...]


def _table(columns: Sequence[str], rows: Sequence[Row]) -> Shown:
    """Return rows of words under the names of columns; columns that no row fills are left out."""
    tr = session.tr
    table = pd.DataFrame([list(cells) for cells, _ in rows], columns=list(columns))
    table = table.loc[:, [name for name in columns if not len(table) or table[name].ne("").any()]]
    named = {name: tr(f"difference.col.{name}") for name in table.columns if not name.startswith("=")}
    shown = table.rename(
        columns={**named, **{name: name[1:] for name in table.columns if name.startswith("=")}}
    )
    return Shown(shown, tuple(units for _, units in rows))


def arrow(before: str, after: str, change: str = "") -> str:
    """Return both values in words; one alone where they read the same."""
    if before == after:
        return after
    key = "difference.arrow_change" if change else "difference.arrow"
    return session.tr(key, before=before, after=after, change=change)


def whole_table(two: Two) -> Shown:
    """Return the figures of the whole plans, one row a figure: left, right and change in words."""
    tr, made = session.tr, two.made
    moved = tuple(dict.fromkeys(made.moved["unit_id"].astype(str)))
    # Two plans of one name still have a column each.
    right = two.names[1] + (" " if two.names[0] == two.names[1] else "")
    columns = ("figure", "=" + two.names[0], "=" + right, "change")
    count = tr("compare.unit.units", count=words.count(len(moved)))
    rows: list[Row] = [((tr("difference.figure.moved"), "—", "—", count), moved)]
    totals = made.totals.set_index("figure")
    # More orders mean more bases and so less travel, whatever the plan is worth.
    is_ranked = totals.at["order_count", "before"] == totals.at["order_count", "after"]
    for figure in WHOLE:
        if figure == "annual_jpy":
            both = [_yen(plan.totals) for plan in (two.before, two.after)]
            change = tr("difference.no_change") if both[0] == both[1] else ""
            rows.append(((tr("compare.figure.annual_jpy"), *both, change), ()))
            continue
        row = totals.loc[figure]
        cells = _whole_cells(figure, row, two.are_today, is_ranked=is_ranked)
        if figure in {"unreached_units", "multi_sector_count"} and not row[["before", "after"]].gt(0).any():
            continue
        has_place = str(row["mark"]) not in {"same", "unknown"}
        behind = units_behind(figure, two.before, two.after, made) if has_place else ()
        rows.append(((tr(f"compare.figure.{figure}"), *cells), behind))
    return _table(columns, [*rows, *_works_rows(two)])


def _works_rows(two: Two) -> list[Row]:
    """Return the rows of works contracts of bridges and their engineers; none for other work."""
    tr = session.tr
    rows: list[Row] = []
    for row in works_difference(two.before, two.after, figures=WORKS_ROWS).to_dict("records"):
        sides = (("before", "before_low", "before_high"), ("value", "low", "high"))
        before, after = (
            tr("compare.works.ranged", value=rate(row[value]), low=rate(row[low]), high=rate(row[high]))
            for value, low, high in sides
        )
        rows.append(((tr(f"compare.figure.{row['figure']}"), before, after, _works_words(row)), ()))
    return rows


def _works_words(row: dict[str, Any]) -> str:
    """Say how a figure changes over the whole range of its coefficients."""
    tr, verdict = session.tr, str(row["verdict"])
    if verdict == "unknown":
        return tr("difference.unknown")
    before, after = rate(row["before"]), rate(row["value"])
    if verdict == "same" or before == after:
        return tr("difference.no_change")
    mark = "either" if verdict == "borderline" else str(row["mark"])
    return tr(f"difference.mark.{mark}", change=words.change(before, after))


def _whole_cells(
    figure: str, row: pd.Series, are_today: tuple[bool, bool], *, is_ranked: bool
) -> tuple[str, str, str]:
    tr = session.tr
    if figure == "broken_count" and any(are_today):
        said = [
            tr("compare.exempt") if is_today else figure_words(figure, row[side])
            for side, is_today in zip(("before", "after"), are_today, strict=True)
        ]
        return said[0], said[1], tr("difference.exempt")
    before, after = (figure_words(figure, row[side]) for side in ("before", "after"))
    mark = str(row["mark"])
    if mark == "unknown":
        return before, after, tr("difference.unknown")
    # What reads the same is not called a change.
    if mark == "same" or before == after:
        return before, after, tr("difference.no_change")
    if figure == "travel_hours" and not is_ranked:
        mark = "not_ranked"
    return (
        before,
        after,
        tr(f"difference.mark.{mark}", change=change_words(figure, row["before"], row["after"])),
    )


def _yen(row: pd.Series | dict[str, float]) -> str:
    return words.yen(row["annual_jpy"], row["annual_jpy_low"], row["annual_jpy_high"], has_tax=False)


def bundle_table(two: Two) -> Shown:
    """Return the figures of the bundles, one row a pair of them: left and right with the change."""
    tr = session.tr
    columns = ("bundle", "units", "work", "structures", "verdict", "hours", "farthest")
    moved = two.made.moved
    rows: list[Row] = []
    for before, after in _pairs_in_order(two):
        ends = [_row_of(two.before, before), _row_of(two.after, after)]
        name = arrow(
            two.left(before),
            tr("difference.vanishes")
            if not after
            else two.right(after)
            if before
            else tr("difference.new", bundle=two.right(after)),
        )
        has_structures = two.after.scenario.layer == "structures"
        cells = (
            name,
            _both("unit_count", ends),
            arrow(*(_yen(end) if end is not None else "—" for end in ends)),
            _both("structure_count", ends) if has_structures else "",
            arrow(*(tr(f"verdict.{end['window_verdict']}") if end is not None else "—" for end in ends)),
            _both("travel_hours", ends),
            _both("farthest_min", ends),
        )
        touched = moved["before"].isin({before} - {""}) | moved["after"].isin({after} - {""})
        ids = tuple(dict.fromkeys(map(str, moved.loc[touched, "unit_id"])))
        rows.append((cells, ids or units_of(two.after, {after}) or units_of(two.before, {before})))
    return _table(columns, rows)


def _pairs_in_order(two: Two) -> list[tuple[str, str]]:
    pairs = two.made.pairs.sort_values(
        "before", key=lambda names: names.map(lambda n: (not n, name_order(n)))
    )
    return [(str(a), str(b)) for a, b in zip(pairs["before"], pairs["after"], strict=True)]


def _row_of(plan: Plan, bundle: str) -> pd.Series | None:
    return plan.bundles.loc[bundle] if bundle else None


def _both(figure: str, ends: Sequence[pd.Series | None]) -> str:
    """Return a figure on both sides with its change; "—" on the side that has no such bundle."""
    values = [float("nan") if end is None else float(end[figure]) for end in ends]
    said = ["—" if end is None else _said(figure, value) for end, value in zip(ends, values, strict=True)]
    is_told = said[0] != said[1] and all(end is not None for end in ends)
    return arrow(said[0], said[1], change_words(figure, *values) if is_told else "")


def _said(figure: str, value: float) -> str:
    if figure in {"travel_hours", "onsite_hours"}:
        return words.hours(value)
    if figure == "farthest_min":
        return words.minutes(value)
    return words.unknown() if words.is_missing(value) else words.count(value)


def town_table(two: Two) -> Shown:
    """Return the account of each town: what changes for it in words, then its figures left and right."""
    columns = ("town", "what", "hours", "farthest", "work", "bundles", "led", "onsite")
    region, lang = two.after.ground.region, session.lang()
    figures = two.made.towns.set_index(["muni_code", "figure"])
    parts = town_parts(two.before), town_parts(two.after)
    moved = two.made.moved
    town_of = two.after.ground.units["muni_code"].astype(str)
    rows: list[Row] = []
    for code in parts[1].index:
        ends = [{**_town_ends(figures.loc[code], side)} for side in ("before", "after")]
        own = [table.loc[code] for table in parts]
        cells = (
            region.name_of(code, lang),
            town_change(ends, [len(end["led"]) for end in own]),
            _both("travel_hours", ends),
            _both("farthest_min", ends),
            arrow(*(_yen(end) for end in own)),
            arrow(two.left(*own[0]["bundles"]), two.right(*own[1]["bundles"])),
            arrow(two.left(*own[0]["led"]), two.right(*own[1]["led"])),
            _both("onsite_hours", ends),
        )
        gone = tuple(dict.fromkeys(moved.loc[moved["muni_code"].astype(str) == code, "unit_id"].astype(str)))
        rows.append((cells, gone or tuple(map(str, town_of.index[town_of == code]))))
    return _table(columns, rows)


def _town_ends(figures: pd.DataFrame, side: str) -> dict[str, float]:
    return {str(name): float(value) for name, value in figures[side].items()}


def town_change(ends: Sequence[dict[str, float]], led: Sequence[int]) -> str:
    """Say in a few words what changes for a town: what it would lead, what it shares, the driving to it."""
    tr = session.tr
    said = [
        _count_change("lead", *led),
        _count_change("shared", *(end["shared_bundle_count"] for end in ends)),
    ]
    before, after = (end["bundle_count"] for end in ends)
    if before != after:
        said.append(tr("difference.what.count", before=words.count(before), after=words.count(after)))
    hours = [end["travel_hours"] for end in ends]
    told = [words.hours(value) for value in hours]
    if any(map(words.is_missing, hours)):
        said.append(tr("difference.what.hours_unknown"))
    elif told[0] != told[1]:
        said.append(tr(f"difference.what.hours_{'more' if hours[1] > hours[0] else 'less'}"))
    return tr("word.list_sep").join(filter(None, said)) or tr("difference.what.nothing")


def _count_change(name: str, before: float, after: float) -> str:
    """Return words for bundles that a town comes to lead or share, or does so no more; "" where nothing changes."""
    if before == after:
        return ""
    way = "begins" if not before else "ends" if not after else "count"
    return session.tr(f"difference.what.{name}_{way}", before=words.count(before), after=words.count(after))


def unit_table(two: Two, wanted: str = "") -> Shown:
    """
    Return the units that moved, the ones with most work first.

    Parameters
    ----------
    two
        The plans.
    wanted
        Words that a row's unit, town or bundles must contain; "" for all.
    """
    region, lang, tr = two.after.ground.region, session.lang(), session.tr
    moved = two.made.moved.sort_values(["annual_jpy", "unit_id"], ascending=[False, True], kind="stable")
    rows: list[Row] = []
    for row in moved.to_dict("records"):
        town = region.name_of(str(row["muni_code"]), lang)
        names = (two.before.titled(str(row["before"])), two.after.titled(str(row["after"])))
        ends = [name or tr("difference.none") for name in names]
        if wanted and wanted.casefold() not in " ".join([str(row["name"]), town, *ends]).casefold():
            continue
        # Numbers, so that a reader can sort by them.
        figures = (_rounded(row["annual_jpy"] / PRICE_UNITS[lang]), _rounded(row["onsite_hours"]))
        rows.append(((str(row["name"]), town, *ends, *figures), (str(row["unit_id"]),)))
    return _table(("unit", "town", "before", "after", "price", "hours_alone"), rows)


def _rounded(value: float) -> float:
    return float(words.significant(float(value)).replace(",", ""))
