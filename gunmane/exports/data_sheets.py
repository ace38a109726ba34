"""Sheets of a workbook on its data: how ready it is, whose it is, what is wrong in the ledgers."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from gunmane.assumptions import load_sources
from gunmane.exports.credits import FACTS, sharing_notice, source_cards
from gunmane.exports.faults import advice, outcomes
from gunmane.exports.provenance import clean
from gunmane.exports.sheets import Sheet
from gunmane.exports.words import word
from gunmane.i18n import catalogue, t
from gunmane.ledgers.profiles import Answers
from gunmane.readiness import readiness
from gunmane.scenario import Plan

SOURCE_COLUMNS = (
    ("section", "code"),
    ("title", "text"),
    ("reference", "code"),
    ("address", "text"),
    ("licence", "text"),
    ("credit", "text"),
    ("owner", "text"),
    ("data_date", "code"),
    ("may_share", "code"),
    ("sha256", "code"),
)
FAULT_COLUMNS = (
    ("source_file", "code"),
    ("row", "any"),
    ("outcome", "code"),
    ("column", "text"),
    ("value", "code"),
    ("became", "code"),
    ("reason", "text"),
    ("advice", "text"),
)
READY_COLUMNS = (
    ("owner_name", "code"),
    ("sector", "code"),
    ("is_synthetic", "code"),
    ("ready_assets", "int"),
    ("ready_sample", "int"),
    ("ready_size", "int"),
    ("ready_condition", "int"),
    ("ready_year", "int"),
    ("ready_newest", "any"),
    ("ready_approximate", "int"),
    ("ready_ours", "decimal"),
    ("ready_official", "decimal"),
    ("ready_unit", "code"),
    ("ready_files", "int"),
    ("data_date", "text"),
    ("licence", "text"),
    ("may_share", "text"),
)
UNITS = {"bridge": ("pieces", 1.0), "road": ("km", 1000.0), "park": ("ha", 10_000.0)}


def table_sheet(
    name: str, columns: Sequence[tuple[str, str]], rows: Iterable[dict[str, Any]], lang: str
) -> Sheet:
    """Return rows as a sheet (`files.sheet.<name>`) with these columns (`files.column.<key>`, kind)."""
    headers = [(t(f"files.column.{key}", lang), kind) for key, kind in columns]
    values = [[clean(row.get(key)) for key, _ in columns] for row in rows]
    if not values:
        values = [[t("files.none", lang), *[None] * (len(columns) - 1)]]
    return Sheet(t(f"files.sheet.{name}", lang), headers, values)


def with_titles(sheet: Sheet, titles: Mapping[str, str], lang: str) -> Sheet:
    """
    Return a sheet with the titles of bundles behind every column that names them; without titles, as it is.

    Parameters
    ----------
    sheet
        A sheet of `table_sheet`.
    titles
        Titles by `bundle_id` (`Plan.titles`).
    lang
        Language of its headers.
    """
    heads = {t(f"files.column.{key}", lang): key for key in ("bundle_id", "to_bundle_id")}
    named = [at for at, (head, _) in enumerate(sheet.columns) if head in heads]
    if not titles or not named:
        return sheet
    columns, rows = list(sheet.columns), [list(row) for row in sheet.rows]
    for at in reversed(named):
        told = t(f"files.column.{heads[columns[at][0]].removesuffix('_id')}_title", lang)
        columns.insert(at + 1, (told, "text"))
        for row in rows:
            row.insert(at + 1, titles.get(str(row[at])))
    return dataclasses.replace(sheet, columns=columns, rows=rows)


def readiness_sheet(plan: Plan, lang: str) -> Sheet:
    """Return how ready the data of each body and sector is, but for those of which nothing is known."""
    names = {field.name for field in dataclasses.fields(Answers)}
    answers = {
        card["file"]: Answers(**{key: value for key, value in card.items() if key in names})
        for card in source_cards(plan.ground.provenance)
    }
    table = readiness(plan.ground.assets, answers, plan.ground.region).reset_index()
    told = table[(table["assets"] > 0) | table["official"].notna()]
    rows = [_ready(row, plan, lang) for row in told.to_dict("records")]
    sheet = table_sheet("readiness", READY_COLUMNS, rows, lang)
    return dataclasses.replace(sheet, remark=t("files.ready_remark", lang))


def _ready(row: dict[str, Any], plan: Plan, lang: str) -> dict[str, Any]:
    unit, size = UNITS.get(row["sector"], ("", 1.0))
    shares = [word("may_share", one, lang) for one in str(row["may_share"]).split("; ") if one]
    if row["silent_files"]:
        shares.append(word("may_share", "unsaid", lang))
    return {
        "owner_name": plan.ground.region.name_of(str(row["owner_code"]), lang),
        "sector": word("sector", row["sector"], lang),
        "is_synthetic": word("state_of_data", row["state"], lang),
        **{f"ready_{name}": row[name] for name in ("assets", "sample", "files")},
        **{f"ready_{name}": row[f"with_{name}"] for name in ("size", "condition", "year")},
        "ready_newest": row["newest_inspected_year"],
        "ready_approximate": row["at_town_point"] + row["at_town_hall"],
        "ready_ours": row["ours"] / size,
        "ready_official": row["official"] / size,
        "ready_unit": word("ready_unit", unit, lang) if unit else None,
        "data_date": row["dates"],
        "licence": row["licences"],
        "may_share": "; ".join(shares),
    }


def sources_sheet(plan: Plan, lang: str) -> Sheet:
    """Return whose data is in use, then what the sections named in the assumptions' sources stand for."""
    section = t("files.source_kind.own", lang)
    rows: list[dict[str, Any]] = [
        {
            **card,
            "section": section,
            "title": card["file"],
            "data_date": card["date"],
            "may_share": word("may_share", card["may_share"] or "unsaid", lang),
        }
        for card in source_cards(plan.ground.provenance)
    ]
    section = t("files.source_kind.fact", lang)
    rows += [
        {"section": section, "title": source, "licence": terms, "credit": credit}
        for _, source, terms, credit in FACTS
    ]
    rows += load_sources().rename(columns={"title_ja": "title"}).to_dict("records")
    sheet = table_sheet("sources", SOURCE_COLUMNS, rows, lang)
    return dataclasses.replace(sheet, remark=sharing_notice(plan.ground.provenance, lang))


def faults_sheet(plan: Plan, lang: str) -> Sheet:
    """Return what is wrong in the ledgers: of each fault whether its row was taken, and what to do."""
    faults = plan.ground.rejects
    known = catalogue(lang)
    rows = [
        {
            **row,
            "outcome": t(f"faults.outcome.{outcome}", lang),
            "column": known.get(f"ledger_column.{row['column']}", row["column"]),
            "reason": word("fault", row["rule"], lang),
            "advice": advice(str(row["advice_key"]), lang),
        }
        for row, outcome in zip(faults.to_dict("records"), _outcomes(faults), strict=True)
    ]
    return table_sheet("rejects", FAULT_COLUMNS, rows, lang)


def _outcomes(faults: pd.DataFrame) -> pd.Series:
    return outcomes(faults if "became" in faults.columns else faults.assign(became=""))
