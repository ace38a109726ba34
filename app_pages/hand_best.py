"""群を組む, while the engine goes on from a plan: how good the best so far is, and what it must leave alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from app_pages import session, words
from app_pages.hands import Hand
from gunmane.errors import GunmaneError
from gunmane.scenario import Plan
from gunmane.workbench import Draft, Improve, apply


def teller(plan: Plan, hand: Hand) -> Callable[[Improve | None], str]:
    """Return what says the best so far of a search that goes on from the plan of a hand."""
    draft, before = hand.history.draft, plan.totals
    known: dict[tuple[tuple[str, str, str], ...], str] = {}

    def tell(best: Improve | None) -> str:
        held = held_words(draft)
        if best is None:
            return held
        if best.labels not in known:
            known[best.labels] = best_words(hand, before, best)
        return known[best.labels] + held

    return tell


def best_words(hand: Hand, before: Mapping[str, float], best: Improve) -> str:
    """Return the figures of the best so far beside those of the plan that the search began with."""
    tr = session.tr
    if not best.labels:
        return tr("hand.best_none")
    try:
        after = hand.desk.figures(apply(hand.history.draft, best)).totals
    except GunmaneError:
        # The plan went on meanwhile; what the search found is refused at its end, with a sentence.
        return ""
    said = []
    for name, names, tell in (
        ("best_hours", ("travel_hours",), words.hours),
        ("best_rules", ("broken_count",), words.count),
        ("best_outside", ("below_floor", "above_ceiling"), words.count),
    ):
        old, new = (tell(sum(totals[figure] for figure in names)) for totals in (before, after))
        said.append(tr("hand.best_change", name=tr(f"hand.{name}"), before=old, after=new))
    return tr("hand.best", changes=tr("word.list_sep").join(said), count=words.count(len(best.labels)))


def held_words(draft: Draft) -> str:
    """Return what a hand has locked, which the engine leaves as it is; "" without any."""
    counts = {
        "units": len(draft.locked_units),
        "bundles": len(draft.locked_bundles),
        "bases": len(draft.bases),
    }
    return session.tr("hand.best_held", **counts) if any(counts.values()) else ""
