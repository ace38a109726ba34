"""Facts, changes and what they cost as sentences: the same in the app, the command and files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gunmane.i18n import LANGUAGES, catalogue, t
from gunmane.relaxations.in_force import ITEMS
from gunmane.relaxations.levers import Lever
from gunmane.relaxations.names import Names, amount
from gunmane.scenario import Ground, Note

if TYPE_CHECKING:
    from gunmane.relaxations.answer import Change, Relaxation

# A lever on all further entries of a list, beyond those that are tried one by one.
REST = "_rest"
MEASURES = {
    "travel_limit_min": "minutes",
    "site_limit_min": "minutes",
    "site_limit_km": "kilometres",
    "floor_jpy": "jpy",
    "ceiling_jpy": "jpy",
    "structures_bundle_pieces_floor": "structures",
    "structures_bundle_pieces_ceiling": "structures",
}


def fact_sentence(note: Note, lang: str) -> str:
    """
    Return what a note of `WhyNot.facts` tells.

    Raises
    ------
    KeyError
        If the catalogue has no such note, or its sentence names a value that the note has not.
    """
    return t(f"whynot.fact.{note.key}", lang, **dict(note.values))


def change_sentence(change: Change, ground: Ground, lang: str) -> str:
    """Return what a change sets otherwise, by how much, and where the plan needs it."""
    key = change.field
    if key == "open_borders" and change.after is None:
        key = "may_cross_border"
    elif key == "bundle_count":
        key = "bundle_count.none" if change.after is None else "bundle_count.other"
    elif key.endswith(REST):
        key = "rest"
    names = Names(ground)
    said = t(f"whynot.change.{key}", lang, **_values(change, names, lang))
    if change.where and not _names_itself(change):
        said += t("whynot.where", lang, places=names.listed(change.where, lang))
    return said


def _names_itself(change: Change) -> bool:
    """Whether the change names its places itself: pairs, locks, bases and borders."""
    return isinstance(change.before, (tuple, str)) or change.field == "open_borders"


def _values(change: Change, names: Names, lang: str) -> dict[str, str]:
    before, after = change.before, change.after
    measure = MEASURES.get(change.field, change.column or "count")
    said = {"column": t(f"field_name.{change.column}", lang) if change.column else ""}
    if change.field == "open_borders":
        borders = [
            t("whynot.between", lang, a=names.place(a, lang), b=names.place(b, lang)) for a, b in after or ()
        ]
        return {**said, "borders": t("word.list_sep", lang).join(borders)}
    if change.field.endswith(REST):
        return {**said, "count": str(len(before)), "rule": _rule_of_rest(change.field, lang)}
    if change.field == "locked_units":
        return {**said, "unit": names.place(before[0], lang), "lock": str(before[1])}
    if isinstance(before, tuple):
        ends = {"a": names.place(before[0], lang), "b": names.place(before[-1], lang)}
        return {**said, **ends, "units": names.listed(before, lang)}
    if isinstance(before, str):
        return {**said, "unit": names.place(before, lang)}
    return {**said, "before": _number(measure, before, lang), "after": _number(measure, after, lang)}


def _number(measure: str, value: Any, lang: str) -> str:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return t("whynot.none", lang)
    return amount(measure, value, lang)


def rule_phrase(lever: Lever, ground: Ground, lang: str) -> str:
    """Return a rule as it stands: "travel limit 60 min", "A and B share a bundle"."""
    names = Names(ground)
    before, measure = lever.before, MEASURES.get(lever.field, lever.column or "count")
    values: dict[str, str] = {"column": t(f"field_name.{lever.column}", lang) if lever.column else ""}
    if lever.field.endswith(REST):
        values |= {"count": str(len(before)), "rule": _rule_of_rest(lever.field, lang)}
    elif lever.field == "locked_units":
        values |= {"unit": names.place(before[0], lang), "lock": str(before[1])}
    elif isinstance(before, tuple) and lever.field != "open_borders":
        values |= {"a": names.place(before[0], lang), "b": names.place(before[-1], lang)}
        values["units"] = names.listed(before, lang)
    elif isinstance(before, str):
        values["unit"] = names.place(before, lang)
    else:
        values["before"] = _number(measure, before, lang)
    key = "rest" if lever.field.endswith(REST) else lever.field
    return t(f"whynot.rule.{key}", lang, **values)


def _rule_of_rest(field: str, lang: str) -> str:
    return t(f"rule.{ITEMS[field.removesuffix(REST)]}", lang)


def conflict_note(levers: Sequence[Lever], ground: Ground) -> Note:
    """Return the note that these rules cannot hold together, even where every other gives way."""
    key = "rule_alone" if len(levers) == 1 else "rules_together"
    return Note.of(
        key,
        **{
            f"rules_{lang}": t("whynot.and", lang).join(
                t("whynot.quoted", lang, text=rule_phrase(lever, ground, lang)) for lever in levers
            )
            for lang in LANGUAGES
        },
    )


def rule_names(counts: Mapping[str, int]) -> dict[str, object]:
    """Return the names of rules that are not kept as values of a note."""
    return {
        f"rules_{lang}": t("word.list_sep", lang).join(
            catalogue(lang).get(f"rule.{rule}", rule) for rule in sorted(counts) if counts[rule]
        )
        for lang in LANGUAGES
    }


def left_sentence(relaxation: Relaxation, lang: str) -> str:
    """Return what a relaxed plan still does not keep; "" where it keeps everything."""
    if relaxation.left.empty:
        return ""
    counts = Counter(relaxation.left["rule"].astype("str"))
    return t("whynot.left", lang, rules=rule_names(counts)[f"rules_{lang}"])


def cost_rows(relaxation: Relaxation, lang: str) -> list[tuple[str, str]]:
    """Return what a relaxed plan changes against the plan that was asked about: (what, how much), changes only."""
    rows = []
    for name, change in relaxation.costs.items():
        measure = {"travel_hours": "onsite_hours", "farthest_min": "minutes"}.get(name, "count")
        sign = "+" if change > 0 else "-"
        said = amount(measure, abs(change), lang)
        if said != amount(measure, 0, lang):
            rows.append((t(f"whynot.cost.{name}", lang), f"{sign}{said}"))
    return rows
