"""What `gunmane check` tells of a file: what it was read as, its columns, what was taken, what is wrong with it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, NamedTuple

import pandas as pd

from gunmane import schema
from gunmane.cli import console
from gunmane.deliveries import Delivery
from gunmane.errors import FileError
from gunmane.explain import note_sentence
from gunmane.exports.faults import HEADING_RULE, advice, column_word, fault_kinds
from gunmane.exports.words import text_width, word
from gunmane.homes import Home
from gunmane.i18n import catalogue, say, t
from gunmane.ledgers.profiles import Profile
from gunmane.ledgers.raw import Raw
from gunmane.ledgers.recognition import plain_name
from gunmane.municipalities import Region
from gunmane.notes import WARNINGS
from gunmane.scenario import Note

SUMMARY_RULE = "summary_row"
CONDITION_ADVICE = "advice.condition_value"
APPROXIMATE = ("town_point", "town_hall")
SHOWN_READINGS = 5
SHOWN_FAULTS = 20
SHOWN_ROWS = 10
SHOWN_UNUSED = 30
SHOWN_COLUMNS = 60
SHOWN_EXAMPLES = 2
# Columns of a terminal that a heading gets of a line at most, and an example at least.
HEADING_WIDTH, EXAMPLE_WIDTH = 34, 16
INDENT, BELOW = "  ", "      "
PLACES = ("lon", "lat", "x", "y", "lat_lon", "wkt")


@dataclasses.dataclass(frozen=True, eq=False)
class Look:
    """
    A first look at a file of which nothing was taken.

    Parameters
    ----------
    raw, profile
        Its first rows, and what it seems to be.
    home
        Where it lies, where that was asked; None where not.
    """

    raw: Raw
    profile: Profile
    home: Home | None = None


def tell_delivery(one: Delivery, region: Region, lang: str) -> None:
    """Print what one file gave."""
    console.tell(t("check.file", lang, file=one.file, kind=t(f"kind.{one.profile.kind}", lang)))
    _tell_role(one, region, lang)
    _tell_columns(one, lang)
    _tell_readings(one, lang)
    _tell_faults(one, lang)
    for sentence in plain_notes(one, lang):
        console.tell_wrapped(sentence, first=f"{INDENT}- ")
    count = _approximate(one)
    near = [Note.of("places_approximate", file=one.file, count=count, total=len(one.assets))] if count else []
    for note in (*one.notes, *near):
        mark = "!" if note.key in WARNINGS else "-"
        console.tell_wrapped(note_sentence(note, lang), first=f"{INDENT}{mark} ")


def tell_look(look: Look, lang: str) -> None:
    """Print the columns of a file of which nothing was taken, with what its first rows hold."""
    rows = columns_told(look.raw.table.columns, look.profile, look.raw.table, lang, is_whole=True)
    _tell_column_table(rows, lang)


def tell_home(look: Look, lang: str) -> None:
    """Print why a file belongs to none of the model regions."""
    home, profile = look.home, look.profile
    if home is None:
        return
    values = {"file": look.raw.file, "kind": t(f"kind.{profile.kind}", lang), "rows": home.rows}
    if home.placed:
        where = home.prefecture or t("check.nowhere", lang)
        console.tell_wrapped(t("check.outside", lang, where=where, **values))
    elif profile.position.address:
        columns = " / ".join(profile.position.address)
        console.tell_wrapped(t("check.no_town", lang, columns=columns, **values))
    else:
        console.tell_wrapped(t("check.no_place", lang, **values))


def facts_of(one: Delivery | FileError, region: Region, lang: str) -> dict[str, Any]:
    """Return what is told of a file, for programs."""
    if isinstance(one, FileError):
        return {"error": one.key, "sentence": say(one, lang), "file": str(one.values.get("file", ""))}
    counts = one.assets.groupby(["muni_code", "sector"]).size() if len(one.assets) else {}
    unused, empty = left_columns(one)
    faults = fault_kinds(one.rejects[one.rejects["rule"] != HEADING_RULE])
    return {
        "file": one.file,
        "sha256": one.sha256,
        "format": one.format,
        "kind": one.profile.kind,
        "role": one.profile.role,
        "rows": one.row_count,
        "taken": len(one.assets),
        "approximate_places": _approximate(one),
        "rejected": one.rejected_count,
        "mended": one.mended_count,
        "unset": one.unset_count,
        "columns": {ours: list(names) for ours, names in sorted(one.profile.columns.items())},
        "columns_not_used": unused,
        "columns_empty": empty,
        "counts": [
            {"muni_code": code, "name": region.name_of(code, lang), "sector": sector, "assets": int(count)}
            for (code, sector), count in dict(counts).items()
        ],
        "faults": faults.astype("object").where(faults.notna(), None).to_dict("records"),
        "notes": [*plain_notes(one, lang), *(note_sentence(note, lang) for note in one.notes)],
    }


def look_facts(look: Look) -> dict[str, Any]:
    """Return what a first look found, for programs."""
    return {
        "file": look.raw.file,
        "format": look.raw.format,
        "kind": look.profile.kind,
        "role": look.profile.role,
        "prefecture": look.home.prefecture if look.home else "",
        "columns": {ours: list(names) for ours, names in sorted(look.profile.columns.items())},
        "file_columns": [str(name) for name in look.raw.table.columns],
    }


def plain_notes(one: Delivery, lang: str) -> list[str]:
    """Return the sentences that tell of no fault: the title above the headings, rows of sums, grades that change."""
    rejects = one.rejects
    heading = rejects[rejects["rule"] == HEADING_RULE]
    told = [
        t("check.heading_row", lang, row=int(row.row), title=row.value)
        for row in heading.head(1).itertuples()
        if pd.notna(row.row)
    ]
    sums = rejects[rejects["rule"] == SUMMARY_RULE]
    if len(sums):
        told.append(t("check.summary_rows", lang, rows=_rows_text(sums["row"], lang)))
    if changes := one.facts.get("grade_changes"):
        pairs = [
            t("check.grade_change", lang, name=name, before=before or t("check.no_grade", lang), after=after)
            for name, before, after in changes[:SHOWN_ROWS]
        ]
        listed = t("word.list_sep", lang).join(pairs) + ("…" if len(changes) > SHOWN_ROWS else "")
        told.append(t("check.grade_changes", lang, count=len(changes), changes=listed))
    return told


def _tell_role(one: Delivery, region: Region, lang: str) -> None:
    role = one.profile.role
    if role == "roads" and one.roads is not None:
        km = round(one.facts["length_m"] / 1000)
        told = t("check.roads", lang, rows=one.row_count, lines=len(one.roads), km=km)
    elif role == "assets":
        values = {"rows": one.row_count, "taken": len(one.assets), "rejected": one.rejected_count}
        told = t("check.rows", lang, **values, mended=one.mended_count, unset=one.unset_count)
    else:
        told = t(f"check.role.{role}", lang, rows=one.row_count)
    console.tell_wrapped(told, first=INDENT)
    _tell_counts(one, region, lang)


def _approximate(one: Delivery) -> int:
    if one.assets.empty or "position" not in one.assets.columns:
        return 0
    return int(one.assets["position"].isin(APPROXIMATE).sum())


def _tell_counts(one: Delivery, region: Region, lang: str) -> None:
    if one.assets.empty:
        return
    counts = one.assets.groupby(["muni_code", "sector"]).size().unstack(fill_value=0)
    sectors = [sector for sector in schema.SECTORS if sector in counts.columns]
    header = [
        t("cli.column.code", lang),
        t("cli.column.name", lang),
        *(word("sector", s, lang) for s in sectors),
    ]
    lines = [
        [str(code), region.name_of(str(code), lang), *(f"{int(row[s]):,}" for s in sectors)]
        for code, row in counts.iterrows()
    ]
    console.tell_table(header, lines, numbers=tuple(range(2, len(header))), indent=INDENT)


# Columns ------------------------------------------------------------------------------------------------


def left_columns(one: Delivery) -> tuple[list[str], list[str]]:
    """Return the file's columns that are not used, and those that are empty, in the file's order."""
    used = {plain_name(name) for names in one.profile.columns.values() for name in names}
    used |= {plain_name(name) for name, _ in _placed_by(one.profile)}
    place = one.profile.position
    beside = (*one.profile.units.values(), *place.lon_parts, *place.lat_parts)
    used |= {plain_name(name) for name in beside}
    empty = set(one.facts.get("empty_columns", ()))
    left = [name for name in one.columns if name in empty or plain_name(name) not in used]
    return [name for name in left if name not in empty], [name for name in left if name in empty]


def _placed_by(profile: Profile) -> list[tuple[str, str]]:
    place = profile.position
    named = [(getattr(place, key), key) for key in PLACES]
    return [(name, key) for name, key in (*named, *((n, "address") for n in place.address)) if name]


def columns_told(
    columns: Sequence[Any],
    profile: Profile,
    rows: pd.DataFrame,
    lang: str,
    *,
    is_whole: bool = False,
) -> list[list[str]]:
    """
    Return one row a column of a file that is used: its heading, what it means, what its first rows hold.

    Parameters
    ----------
    columns
        The file's columns, in its order.
    profile
        What they mean.
    rows
        First rows of the file.
    lang
        "ja" or "en".
    is_whole
        Whether columns that mean nothing to us are listed too.
    """
    known = catalogue(lang)
    meanings: dict[str, list[str]] = {}
    for ours, names in profile.columns.items():
        said = known.get(f"ledger_column.{ours}", known.get(f"template.total.{ours}", ""))
        for name in names:
            meanings.setdefault(plain_name(name), []).append(f"{said} [{ours}]" if said else f"[{ours}]")
    for name, key in _placed_by(profile):
        meanings.setdefault(plain_name(name), []).append(t(f"check.place.{key}", lang))
    told = []
    for at, name in enumerate(columns):
        means = " / ".join(meanings.get(plain_name(str(name)), []))
        if means or is_whole:
            told.append([str(name), means or t("check.unused_column", lang), _examples(rows, at)])
    return told


def _examples(rows: pd.DataFrame, at: int) -> str:
    if at >= rows.shape[1]:
        return ""
    cells = rows.iloc[:, at].dropna().astype("str").str.strip()
    return " / ".join(list(dict.fromkeys(cells[cells != ""]))[:SHOWN_EXAMPLES])


def _tell_columns(one: Delivery, lang: str) -> None:
    unused, empty = left_columns(one)
    told = columns_told(one.columns, one.profile, one.first_rows, lang)
    _tell_column_table([row for row in told if row[0] not in empty], lang)
    for key, names in (("unused", unused), ("empty", empty)):
        if names:
            more = "…" if len(names) > SHOWN_UNUSED else ""
            listed = t("word.list_sep", lang).join(
                console.cut(n, HEADING_WIDTH) for n in names[:SHOWN_UNUSED]
            )
            console.tell_wrapped(t(f"check.{key}", lang, columns=listed + more), first=INDENT, rest=BELOW)


def _tell_column_table(rows: list[list[str]], lang: str) -> None:
    if not rows:
        return
    room = console.terminal_width() - len(INDENT) - 2 * len(console.GAP)
    longest = [max(text_width(row[at]) for row in rows[:SHOWN_COLUMNS]) for at in range(2)]
    heading = min(longest[0], HEADING_WIDTH)
    means = max(min(longest[1], room - heading - EXAMPLE_WIDTH), EXAMPLE_WIDTH)
    widths = (heading, means, max(room - heading - means, EXAMPLE_WIDTH))
    cut = [
        [console.cut(text, width) for text, width in zip(row, widths, strict=True)]
        for row in rows[:SHOWN_COLUMNS]
    ]
    header = [t(f"check.column.{key}", lang) for key in ("heading", "means", "example")]
    console.tell_table(header, cut, indent=INDENT)
    if len(rows) > SHOWN_COLUMNS:
        console.tell(INDENT + t("check.more_columns", lang, count=len(rows) - SHOWN_COLUMNS))


def _tell_readings(one: Delivery, lang: str) -> None:
    if one.readings.empty:
        return
    shown = one.readings.sort_values(["rows", "column", "value"], ascending=[False, True, True])
    known = catalogue(lang)
    pairs = [
        f"{known.get(f'ledger_column.{row.column}', row.column)}: {row.value} → {row.became}"
        for row in shown.head(SHOWN_READINGS).itertuples()
    ]
    values = {"count": len(one.readings), "examples": t("word.list_sep", lang).join(pairs)}
    console.tell_wrapped(t("check.readings", lang, **values), first=INDENT, rest=BELOW)


# Faults -------------------------------------------------------------------------------------------------


class _Kind(NamedTuple):
    """One kind of fault, as `fault_kinds` groups them."""

    rule: str
    column: str
    value: str
    became: str
    advice_key: str


def _tell_faults(one: Delivery, lang: str) -> None:
    faults = one.rejects[~one.rejects["rule"].isin([HEADING_RULE, SUMMARY_RULE])]
    if faults.empty:
        return
    kinds = fault_kinds(faults)
    console.tell(INDENT + t("check.faults", lang, kinds=len(kinds)))
    keys = faults[["rule", "column", "advice_key"]].fillna("")
    is_cut = len(kinds) > SHOWN_FAULTS
    for row in kinds.head(SHOWN_FAULTS)[list(_Kind._fields)].itertuples(index=False):
        kind = _Kind(*row)
        is_ours = (keys == [kind.rule, kind.column, kind.advice_key]).all(axis=1)
        is_mended = faults["became"].fillna("") != ""
        rows = faults.loc[is_ours & (is_mended == (kind.became != "")), "row"]
        is_cut |= len(rows) > SHOWN_ROWS
        _tell_kind(one, kind, rows, lang)
    if is_cut:
        console.tell_wrapped(t("check.all_rows", lang), first=INDENT)


def _tell_kind(one: Delivery, kind: _Kind, rows: pd.Series, lang: str) -> None:
    where = column_word(one, kind.column, lang) if kind.column else ""
    details = [t("check.in_column", lang, column=where)] if where else []
    if kind.value:
        shown = console.cut(kind.value, HEADING_WIDTH)
        became = console.cut(kind.became, HEADING_WIDTH)
        key = "check.value_became" if kind.became else "check.value"
        details.append(t(key, lang, value=shown, became=became))
    values = {"fault": word("fault", kind.rule, lang), "rows": _rows_text(rows, lang)}
    key = "check.fault" if details else "check.fault_plain"
    told = t(key, lang, **values, details=t("word.list_sep", lang).join(details))
    console.tell_wrapped(told, first=f"{INDENT}! ", rest=BELOW)
    console.tell_wrapped(_advice(one, kind.advice_key, lang), first=BELOW)


def _advice(one: Delivery, key: str, lang: str) -> str:
    """What to do about a fault; of grades only the scale of the ledger's own sector is told."""
    sectors = set(one.assets["sector"]) if len(one.assets) else set()
    sectors |= {one.profile.constants.get("sector", "")} - {""}
    if key == CONDITION_ADVICE and len(sectors) == 1:
        scale = catalogue(lang).get(f"check.scale.{sectors.pop()}", "")
        return t("check.condition_advice", lang, scale=scale)
    return advice(key, lang)


def _rows_text(rows: pd.Series, lang: str) -> str:
    numbers = sorted({int(row) for row in rows.dropna()})
    if not numbers:
        return t("check.rows_unknown", lang, count=len(rows))
    listed = t("check.rows_sep", lang).join(str(n) for n in numbers[:SHOWN_ROWS])
    more = len(numbers) - SHOWN_ROWS
    if more > 0:
        return t("check.rows_more", lang, rows=listed, more=more)
    return t("check.rows_listed" if len(numbers) > 1 else "check.row_listed", lang, rows=listed)
