"""群を組む: what moving one management unit over a border would change, of a unit, a bundle or the whole plan."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from app_pages import session, words
from app_pages.group_panel import amount
from app_pages.group_pick import signed_hours
from app_pages.hands import hand_of
from app_pages.plan_map import labels_key
from app_pages.tables import Cell, heading, html_table
from gunmane.explain import UnitReasons
from gunmane.prices import DECIMALS, ORDER, best_moves, border_prices
from gunmane.scenario import Plan

PLANS_KEPT = 32
MOVES_SHOWN = 5


def show_best_moves(plan: Plan) -> None:
    """Show the moves of one unit that make a plan best, and say whether any makes it better."""
    table = _telling(_prices(plan))
    if table.empty:
        return
    tr = session.tr
    best = best_moves(table, MOVES_SHOWN)
    st.html(heading(tr("prices.best_title")))
    if best.empty:
        st.caption(tr("prices.only_emptying"))
        return
    st.markdown(tr(f"prices.said.{standing(best)}", count=len(best)))
    st.html(prices_table(plan, best, caption=tr("prices.best_caption")))
    st.caption(tr("prices.note"))


def show_unit_prices(plan: Plan, moves: pd.DataFrame, reasons: UnitReasons) -> None:
    """Show the moves of one unit, with the way to the other base and the rules that the unit alone would break."""
    if moves.empty:
        return
    st.html(unit_table(plan, moves, reasons))
    st.caption(session.tr("prices.note"))


def unit_table(plan: Plan, moves: pd.DataFrame, reasons: UnitReasons) -> str:
    """
    Return the moves of one unit as a table, one row a bundle that it could go to.

    Parameters
    ----------
    plan
        The plan that is shown.
    moves
        Its prices, as `workbench.why_here` gives them.
    reasons
        Why it lies where it does.
    """
    tr, known = session.tr, reasons.moves.set_index("bundle_id")
    here = tr("group.instead_of", minutes=words.minutes(reasons.base_min))
    head = [tr("prices.col.to"), tr("group.move_minutes")]
    head += [tr(f"prices.col.{name}") for name in ("work", "hours", "rules", "window")]
    rows: list[list[str | Cell]] = []
    for move in moves.to_dict("records"):
        way = _way(plan, move)
        emptied = tr("prices.emptied", bundle=move["bundle_id"]) if move["count_change"] < 0 else ""
        alone = known.loc[move["to_bundle_id"]] if move["to_bundle_id"] in known.index else None
        minutes = words.unknown() if alone is None else words.minutes(alone["base_min"])
        rows.append(
            [
                Cell(way, emptied, "plain"),
                Cell(minutes, here, "plain"),
                _work(plan, move),
                _hours(move),
                _rules(move, [] if alone is None or move["moved_units"] > 1 else [*alone["breaks"]]),
                _window(move),
            ]
        )
    return f'<div class="gm-wrap">{html_table(head, rows, caption=tr("prices.unit_title"))}</div>'


def show_bundle_prices(plan: Plan, bundle_id: str, *, has_note: bool = True) -> None:
    """Show the moves over the borders of a bundle, out of it and into it, that cost least; the note once a page."""
    table = _telling(_prices(plan))
    across = table[(table["bundle_id"] == bundle_id) | (table["to_bundle_id"] == bundle_id)]
    best = best_moves(across, MOVES_SHOWN)
    if best.empty:
        return
    tr = session.tr
    st.html(heading(tr("prices.bundle_title", bundle=bundle_id)))
    st.html(prices_table(plan, best, caption=tr("prices.best_caption")))
    if has_note:
        st.caption(tr("prices.note"))


def _prices(plan: Plan) -> pd.DataFrame:
    """Return the prices of a plan, worked out once; those of a person's own data stay in that session."""

    def look() -> pd.DataFrame:
        with st.spinner(session.tr("progress.pricing")):
            return border_prices(plan)

    key = (plan.scenario.fingerprint(), labels_key(plan))
    return session.remembered("border_prices", key, look, max_entries=PLANS_KEPT)


def _telling(table: pd.DataFrame) -> pd.DataFrame:
    """Leave out units without work whose move changes nothing: nobody would move them for it."""
    changes = table[[*ORDER, "measure_moved"]].astype("float64").round(DECIMALS)
    return table[changes.ne(0).any(axis=1)]


def standing(best: pd.DataFrame) -> str:
    """
    Return what the best of some moves does to its plan.

    Parameters
    ----------
    best
        Moves as `best_moves` gives them, at least one.

    Returns
    -------
    standing
        "better"; "broken" where even the best breaks a rule, or breaks it by more; "not_better" otherwise.
    """
    changes = tuple(round(float(best.iloc[0][name]), DECIMALS) for name in ORDER)
    if changes < (0,) * len(ORDER):
        return "better"
    return "broken" if changes[:2] > (0, 0) else "not_better"


def prices_table(plan: Plan, moves: pd.DataFrame, *, caption: str) -> str:
    """Return moves as a table, one row a move: what goes where, and hours, rules and size that change."""
    tr = session.tr
    names = plan.ground.units["name"].reindex(moves["unit_id"]).astype("str").tolist()
    head = [tr(f"prices.col.{name}") for name in ("unit", "work", "hours", "rules", "window")]
    rows: list[list[str | Cell]] = []
    for name, move in zip(names, moves.to_dict("records"), strict=True):
        rows.append(
            [
                Cell(name, _way(plan, move), "plain"),
                _work(plan, move),
                _hours(move),
                _rules(move),
                _window(move),
            ]
        )
    return f'<div class="gm-wrap">{html_table(head, rows, caption=caption)}</div>'


def _way(plan: Plan, move: dict[str, float]) -> str:
    """Return out of which bundle a move leads into which, under the titles that they were given."""
    titled = hand_of(plan).titled
    return session.tr(
        "prices.way", bundle=titled(str(move["bundle_id"])), to=titled(str(move["to_bundle_id"]))
    )


def _work(plan: Plan, move: dict[str, float]) -> Cell:
    count = int(move["moved_units"])
    along = session.tr("prices.along", count=words.count(count)) if count > 1 else ""
    return Cell(amount(move["measure_moved"], plan), along, "plain")


def _hours(move: dict[str, float]) -> Cell:
    travel, whole = float(move["travel_hours_change"]), float(move["objective_change"])
    soft = session.tr("prices.with_soft", hours=signed_hours(whole)) if abs(whole - travel) >= 0.05 else ""
    return Cell(signed_hours(travel), soft, "plain")


def _rules(move: dict[str, float], names: Sequence[str] = ()) -> Cell:
    """Return how many rules more or fewer are broken, with the names of those newly broken where they are known."""
    tr, count = session.tr, int(move["breaks_change"])
    by_more = round(float(move["excess_change"]), DECIMALS)
    if count:
        sign = "+" if count > 0 else "−"
        said = tr("word.list_sep").join(tr(f"rule.{name}") for name in names) if count > 0 else ""
        return Cell(said, tr("prices.rules", change=sign + words.count(abs(count))), _mark(count))
    if by_more:
        return Cell("", tr("prices.by_more" if by_more > 0 else "prices.by_less"), _mark(by_more))
    return Cell(tr("prices.same"))


def _window(move: dict[str, float]) -> Cell:
    change = round(float(move["window_change"]), DECIMALS)
    if not change:
        return Cell(session.tr("prices.same"))
    return Cell("", session.tr("prices.farther_off" if change > 0 else "prices.nearer"), _mark(change))


def _mark(change: float) -> str:
    return "worse" if change > 0 else "better"
