"""Sheets of the comparison: one row a state, and one row a choice changed alone and figure."""

from __future__ import annotations

import dataclasses

from gunmane.contrasts import ENDS, FACTORS
from gunmane.evidence import Evidence
from gunmane.exports.data_sheets import table_sheet
from gunmane.exports.provenance import rounded_jpy
from gunmane.exports.sheets import Sheet
from gunmane.exports.words import SEPARATORS, word
from gunmane.i18n import t

COMPARISON_COLUMNS = (
    ("fields", "code"),
    ("state", "code"),
    ("order_count", "int"),
    ("below_floor", "int"),
    ("borderline", "int"),
    ("above_ceiling", "int"),
    ("travel_hours", "decimal"),
    ("farthest_min", "decimal"),
    ("annual_jpy_low", "int"),
    ("annual_jpy", "int"),
    ("annual_jpy_high", "int"),
    ("grade_e_share", "ratio"),
    ("broken_count", "int"),
)
WORKS_COLUMNS = (
    ("bridge_count", "int"),
    ("backlog_count", "int"),
    ("ungraded_count", "int"),
    ("worsening_contracts", "decimal"),
    ("backlog_contracts", "decimal"),
    *((f"contracts{end}", "decimal") for end in ENDS),
    *((f"dedicated_contracts{end}", "decimal") for end in ENDS),
    ("borderline_contracts", "decimal"),
    *((f"engineers{end}", "decimal") for end in ENDS),
)
PAIR_COLUMNS = (
    ("pair_factor", "text"),
    ("pair_others", "text"),
    ("pair_figure", "text"),
    *((f"{part}{end}", "decimal") for part in ("before", "after", "change") for end in ENDS),
    ("pair_verdict", "code"),
)


def comparison_sheet(evidence: Evidence | None, lang: str) -> Sheet:
    """Return the comparison, one row a state; unknown figures stay empty, works contracts only where there are any."""
    if evidence is None:
        header = [(t("files.column.state", lang), "text")]
        return Sheet(t("files.sheet.comparison", lang), header, [[t("files.no_evidence", lang)]])
    rows = [
        {
            **row,
            "fields": word("joined", row["fields"], lang),
            "state": word("state", row["state"], lang),
            **{key: rounded_jpy(row[key]) for key in row if str(key).startswith("annual_jpy")},
        }
        for row in evidence.table.to_dict("records")
    ]
    columns = COMPARISON_COLUMNS if evidence.trials.empty else (*COMPARISON_COLUMNS, *WORKS_COLUMNS)
    sheet = table_sheet("comparison", columns, rows, lang)
    return dataclasses.replace(sheet, remark=t("files.today_caution", lang))


def pair_sheets(evidence: Evidence | None, lang: str) -> list[Sheet]:
    """Return what each choice alone changes as a sheet; none where no choice can make a difference."""
    if evidence is None or evidence.pairs.empty:
        return []
    known = evidence.pairs[evidence.pairs["verdict"] != "unknown"]
    rows = [
        {
            **row,
            "pair_factor": t(f"compare.pair.{row['factor']}", lang),
            "pair_others": SEPARATORS[lang].join(
                t(f"compare.pair.setting.{name}_{row[name]}", lang) for name in FACTORS if row[name]
            ),
            "pair_figure": t(f"compare.pair.figure.{row['figure']}", lang),
            "pair_verdict": t(f"compare.pair.verdict.{row['verdict']}", lang),
        }
        for row in known.to_dict("records")
    ]
    sheet = table_sheet("pairs", PAIR_COLUMNS, rows, lang)
    return [dataclasses.replace(sheet, remark=t("compare.pair.note", lang))]
