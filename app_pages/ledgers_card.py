"""The card of one file on データ: what it was recognised as, what it gave, what to do next."""

from __future__ import annotations

import dataclasses
import html
import weakref
from typing import TYPE_CHECKING

import pandas as pd

from app_pages import session, words
from app_pages.ledgers_brought import Brought
from app_pages.ledgers_choice import unread
from app_pages.ledgers_company import is_used_up
from app_pages.session import tr
from gunmane import i18n, schema
from gunmane.assets.faults import NOTICES
from gunmane.deliveries import HEADING_RULE, kept_values
from gunmane.explain import note_sentence
from gunmane.exports.words import word

if TYPE_CHECKING:
    from gunmane.deliveries import Delivery

NEXT_BY_FAULT = {"desk_shapefile_parts": "parts", "ledger_zip_choice": "choice"}
JOINING_NOTES = ("ledger_joined", "ledger_left_over", "ledger_used_up", "spans_drawn")
ELSEWHERE = "other_file_duplicate"
TOWNS_NAMED = 2
# Faults are told of the column of the file, what came of it stands in another one.
FILLED = {"condition_raw": "condition"}


@dataclasses.dataclass(frozen=True)
class Told:
    """
    What the page tells of a delivery again and again, counted once.

    Parameters
    ----------
    counts
        Rows in, taken and rejected, values mended and set to unknown, cells that were read another way.
    to_mend
        Rejected rows that somebody has to mend: sums, remarks and what is abolished are none.
    sectors
        Assets by sector, in the order of `schema.SECTORS`.
    towns
        Codes of the municipalities, the one with the most assets first.
    dead
        Our columns that the file has, and of which no row could be read.
    """

    counts: dict[str, int]
    to_mend: int
    sectors: dict[str, int]
    towns: tuple[str, ...]
    dead: tuple[str, ...]


# By what was read, not by file: another reading is another delivery, and what is gone is counted no more.
_TOLD: weakref.WeakKeyDictionary[Delivery, Told] = weakref.WeakKeyDictionary()


def told_of(delivery: Delivery) -> Told:
    """Return the counts of a delivery; a ledger of a million rows is counted once."""
    if delivery not in _TOLD:
        counts = {
            "rows": delivery.row_count,
            "taken": delivery.row_count - delivery.rejected_count,
            "rejected": delivery.rejected_count,
            "mended": delivery.mended_count,
            "unset": delivery.unset_count,
            "readings": int(delivery.readings["rows"].sum()),
        }
        sectors = delivery.assets["sector"].value_counts() if len(delivery.assets) else {}
        towns = delivery.assets["muni_code"].value_counts() if len(delivery.assets) else {}
        _TOLD[delivery] = Told(
            counts,
            _to_mend(delivery.rejects),
            {name: int(sectors[name]) for name in schema.SECTORS if name in sectors},
            tuple(sorted(dict(towns), key=lambda code: (-towns[code], code))),
            _dead_columns(delivery),
        )
    return _TOLD[delivery]


def _to_mend(rejects: pd.DataFrame) -> int:
    rules = rejects["rule"].astype("str")
    whole = rejects[~rules.str.endswith("_value") & ~rules.isin(NOTICES)]
    return int(whole[["source_file", "row"]].drop_duplicates().shape[0])


def _dead_columns(delivery: Delivery) -> tuple[str, ...]:
    """Columns that the file has, of which every value was at fault and none could be read."""
    if delivery.assets.empty:
        return ()
    faults = kept_values(delivery.rejects)
    at_fault = set(faults.loc[faults["became"].fillna("") == "", "column"].dropna())
    assets = delivery.assets
    return tuple(
        ours
        for ours in delivery.profile.columns
        if ours in at_fault
        and FILLED.get(ours, ours) in assets.columns
        and assets[FILLED.get(ours, ours)].isna().all()
    )


def plain_notes(delivery: Delivery) -> list[str]:
    """Return the sentences on rows that are no faults: the title above the headings, rows of sums."""
    rejects = delivery.rejects
    titles = rejects[rejects["rule"] == HEADING_RULE].dropna(subset=["row"]).head(1)
    told = [tr("check.heading_row", row=int(row.row), title=row.value) for row in titles.itertuples()]
    sums = rejects.loc[rejects["rule"] == "summary_row", "row"].dropna().astype("int64").drop_duplicates()
    if len(sums):
        listed = tr("check.rows_sep").join(str(row) for row in sums.sort_values().head(10))
        more = tr("check.rows_more", rows=listed, more=len(sums) - 10)
        rows = more if len(sums) > 10 else tr("check.rows_listed", rows=listed)
        told.append(tr("check.summary_rows", rows=rows))
    return told


def dead_notes(delivery: Delivery) -> list[str]:
    """Return a sentence for each column of the file of which no row could be read."""
    known = i18n.catalogue(session.lang())
    return [
        tr("data.dead_column", column=known.get(f"ledger_column.{ours}", ours))
        for ours in told_of(delivery).dead
    ]


def use_of(file: Brought) -> str:
    """Return "in_use", "in_use_older" (planned with what was read before), or what became of the file."""
    mine = session.own()
    if mine is None or file.planned_version is None or file.name not in mine.files:
        return file.state
    return "in_use" if file.planned_version == file.version else "in_use_older"


def planned_faults(file: Brought) -> pd.DataFrame | None:
    """Return the faults of the reading shown that came up only beside the other files in use; None without any."""
    is_shown = use_of(file) == "in_use" and file.planned_faults is not None and len(file.planned_faults)
    return file.planned_faults if is_shown else None


def planned_words(file: Brought) -> str:
    """Return how much of a file plans use, where the other files took something from it; "" where all."""
    faults = planned_faults(file)
    if faults is None:
        return ""
    elsewhere = int((faults["rule"] == ELSEWHERE).sum())
    if elsewhere:
        counts = {"used": words.count(file.planned_used), "elsewhere": words.count(elsewhere)}
        return tr("data.planned_elsewhere", **counts)
    kinds = faults["rule"].value_counts()
    listed = [
        tr("data.planned_fault", fault=word("fault", rule, session.lang()), rows=words.count(rows))
        for rule, rows in kinds.items()
    ]
    return tr("data.planned_faults", faults=tr("word.list_sep").join(listed))


def kind_words(delivery: Delivery) -> str:
    """Return what a file was recognised as, in words."""
    kind = delivery.profile.kind
    return i18n.catalogue(session.lang()).get(f"kind.{kind}", kind)


def card_html(file: Brought) -> str:
    """Return the card of a file."""
    badge = html.escape(tr(f"data.state.{use_of(file)}"))
    state = f'<span class="gm-badge gm-badge-{file.state}">{badge}</span>'
    lines = [f'<p class="gm-file"><b>{html.escape(file.name)}</b> {state}</p>']
    delivery = file.delivery
    if delivery is not None:
        if not is_used_up(file):
            role = tr(f"data.role.{file.used_profile.role}")
            holds = holds_words(delivery)
            lines += [f"<p><b>{html.escape(holds)}</b></p>"] if holds else []
            recognised = tr("data.recognised", kind=kind_words(delivery), role=role)
            lines.append(f"<p>{html.escape(recognised)}</p>")
            lines.append(f'<dl class="gm-counts">{_counts(delivery)}</dl>')
        joined = [note for note in delivery.notes if note.key in JOINING_NOTES]
        said = [*(note_sentence(note, session.lang()) for note in joined), planned_words(file)]
        lines += [f"<p>{html.escape(sentence)}</p>" for sentence in said if sentence]
    faults = [error for error in (file.error, file.use_error) if error is not None]
    lines += [f'<p class="gm-fault">{html.escape(i18n.say(error, session.lang()))}</p>' for error in faults]
    lines += [f'<p class="gm-next">{html.escape(sentence)}</p>' for sentence in _next(file)]
    return f'<div class="gm-card">{"".join(lines)}</div>'


def holds_words(delivery: Delivery) -> str:
    """Return which sectors and how many assets a file holds, and of which towns: "橋梁 524（宇陀市）"."""
    told, place = told_of(delivery), session.region()
    if not told.sectors or place is None:
        return ""
    lang = session.lang()
    sectors = [
        f"{words.heading(tr(f'sector.{name}'))} {words.count(count)}" for name, count in told.sectors.items()
    ]
    named = told.towns if len(told.towns) <= TOWNS_NAMED + 1 else told.towns[:TOWNS_NAMED]
    towns = tr("word.list_sep").join(place.name_of(code, lang) for code in named)
    if len(named) < len(told.towns):
        towns = tr("data.towns_more", towns=towns, count=len(told.towns) - len(named))
    return tr("data.holds", sectors=tr("word.list_sep").join(sectors), towns=towns)


def _counts(delivery: Delivery) -> str:
    return "".join(
        f"<div><dt>{html.escape(tr(f'data.count.{name}'))}</dt><dd>{words.count(value)}</dd></div>"
        for name, value in told_of(delivery).counts.items()
    )


def _next(file: Brought) -> list[str]:
    """Return what to do next with a file; what else it holds is told beside that."""
    told = [] if file.delivery is None else dead_notes(file.delivery)
    choice = unread(file)
    if file.delivery is not None and choice is not None:
        told.append(tr(f"data.next.{choice.kind}_left", count=len(choice.others)))
    return [_next_step(file), *told]


def _next_step(file: Brought) -> str:
    if file.delivery is None:
        return tr(f"data.next.{NEXT_BY_FAULT.get(file.error.key if file.error else '', file.state)}")
    if is_used_up(file):
        return tr("data.next.used_up")
    if file.use_error is not None:
        return tr("data.next.not_planned")
    if file.delivery.profile.role == "unknown":
        return tr("data.next.unknown")
    if file.delivery.profile.role == "assets" and file.delivery.assets.empty:
        return tr("data.next.nothing_taken")
    if use_of(file) == "in_use_older":
        return tr("data.next.in_use_older")
    told = told_of(file.delivery)
    if told.to_mend:
        return tr("data.next.rejected", count=words.count(told.to_mend))
    if planned_faults(file) is not None:
        return tr("data.next.elsewhere")
    return tr("data.next.mended" if told.counts["mended"] + told.counts["unset"] else "data.next.good")
