"""The workbook of a plan: what to know first, then bundles, members, comparison, assumptions and faults."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import pandas as pd

from gunmane import schema
from gunmane.contracts import KEYS as WORKS_KEYS
from gunmane.evidence import Evidence, today_state
from gunmane.explain import note_sentence
from gunmane.exports.broken import broken_sentence
from gunmane.exports.comparison import comparison_sheet, pair_sheets
from gunmane.exports.credits import credit_lines, sharing_notice
from gunmane.exports.data_sheets import faults_sheet, readiness_sheet, sources_sheet, table_sheet, with_titles
from gunmane.exports.geojson import approximate_counts, sample_of_bundles
from gunmane.exports.members import COLUMNS as MEMBER_COLUMNS
from gunmane.exports.members import member_table
from gunmane.exports.provenance import notices, provenance, rounded_jpy
from gunmane.exports.sheets import Sheet, workbook_bytes
from gunmane.exports.studies import STUDY_KEYS, study_sheets
from gunmane.exports.words import bundle_names, names, strand_word, word, words
from gunmane.i18n import catalogue, t
from gunmane.plans import scenario_assumptions
from gunmane.scenario import Plan
from gunmane.summaries import sample_part
from gunmane.workload import load_tasks, planned_tasks

PRINTED_MEMBERS = 500
BUNDLE_COLUMNS = (
    ("bundle_id", "code"),
    ("strand", "code"),
    ("municipalities", "text"),
    ("muni_codes", "text"),
    ("owners", "text"),
    ("owner_codes", "text"),
    ("fields", "text"),
    ("lead", "code"),
    ("base_name", "code"),
    ("annual_jpy_low", "int"),
    ("annual_jpy", "int"),
    ("annual_jpy_high", "int"),
    ("window_verdict", "code"),
    ("structure_count", "int"),
    ("onsite_hours", "decimal"),
    ("travel_hours", "decimal"),
    ("farthest_min", "decimal"),
    ("unit_count", "int"),
    ("asset_count", "int"),
    ("length_m", "int"),
    ("area_m2", "int"),
    ("worst_condition", "any"),
    ("approximate_place_count", "int"),
    ("is_wide_area", "code"),
    ("is_multi_sector", "code"),
    ("rules_broken", "text"),
    ("grade_e_share", "ratio"),
    ("is_synthetic", "code"),
)
ASSUMPTION_COLUMNS = (
    ("is_used", "code"),
    ("assumption_name", "text"),
    ("key", "code"),
    ("unit", "code"),
    ("low", "any"),
    ("central", "any"),
    ("high", "any"),
    ("confidence", "code"),
    ("source", "text"),
    ("note", "text"),
)
BROKEN_COLUMNS = (
    ("rule", "text"),
    ("bundle_id", "code"),
    ("unit_id", "code"),
    ("unit_name", "code"),
    ("amount", "any"),
    ("limit", "any"),
)


def workbook(plan: Plan, evidence: Evidence | None, lang: str = "ja") -> bytes:
    """
    Return the workbook of a plan as .xlsx.

    Parameters
    ----------
    plan
        Plan to tell.
    evidence
        Its comparison, or None: the sheet then says how to get it.
    lang
        "ja" or "en".
    """
    sheets = [
        _read_me(plan, lang),
        bundle_sheet(plan, lang, "bundles"),
        _members(plan, lang),
        comparison_sheet(evidence, lang),
        *pair_sheets(evidence, lang),
        *study_sheets(plan, lang),
        today_sheet(_today(plan, evidence), lang),
        _assumptions(plan, evidence, lang),
        readiness_sheet(plan, lang),
        sources_sheet(plan, lang),
        faults_sheet(plan, lang),
        _broken(plan, lang),
    ]
    told = notices(plan)
    lines = [told.get(f"sample_notice_{lang}"), told.get(f"disclaimer_{lang}")]
    lines.append(sharing_notice(plan.ground.provenance, lang))
    notice = " / ".join(line for line in lines if line)
    return workbook_bytes(sheets, notice=notice)


def _today(plan: Plan, evidence: Evidence | None) -> Plan:
    for fields in ("apart", "together"):
        if evidence is not None and (fields, "today") in evidence.plans:
            return evidence.plans[fields, "today"]
    return today_state(plan.scenario, plan.ground)


def _yes(value: Any, lang: str) -> str:
    return t("files.yes" if value else "files.no", lang)


def bundle_sheet(plan: Plan, lang: str, name: str) -> Sheet:
    """Return one row a bundle with its figures; yen rounded to the thousand, tax included."""
    region, parts, places = plan.ground.region, sample_of_bundles(plan), bundle_names(plan, lang)
    fields, approximate = _fields(plan, lang), approximate_counts(plan, "bundle_id")
    rows = []
    for bundle_id, row in plan.bundles.iterrows():
        rows.append(
            {
                **row.drop("geometry").to_dict(),
                "bundle_id": bundle_id,
                "strand": strand_word(region, str(row["strand"]), lang),
                "municipalities": places[bundle_id],
                "muni_codes": "; ".join(row["muni_codes"]),
                "owners": names(region, row["owner_codes"], lang),
                "owner_codes": "; ".join(row["owner_codes"]),
                "fields": fields[bundle_id],
                "lead": region.name_of(str(row["lead_code"]), lang),
                **{key: rounded_jpy(row[key]) for key in row.index if str(key).startswith("annual_jpy")},
                "window_verdict": word("verdict", row["window_verdict"], lang),
                "approximate_place_count": approximate.get(bundle_id, 0),
                "is_wide_area": _yes(row["is_wide_area"], lang),
                "is_multi_sector": _yes(row["is_multi_sector"], lang),
                "rules_broken": words("rule", row["rules_broken"], lang),
                "is_synthetic": t(f"files.sample_of.{parts[bundle_id]}", lang),
            }
        )
    is_one = (plan.assignment["strand"] == "").all()
    columns = [(key, kind) for key, kind in BUNDLE_COLUMNS if not (is_one and key == "strand")]
    return with_titles(table_sheet(name, columns, rows, lang), plan.titles, lang)


def _fields(plan: Plan, lang: str) -> dict[str, str]:
    """Return what each bundle maintains: of structures the sectors themselves, of which several make one field."""
    if plan.scenario.layer != "structures":
        return {key: words("field", fields, lang) for key, fields in plan.bundles["fields"].items()}
    sectors = plan.ground.assets.set_index("asset_id")["sector"]
    held = plan.members["asset_id"].map(sectors).groupby(plan.members["bundle_id"]).agg(set)
    return {
        key: words("sector", [s for s in schema.SECTORS if s in held.get(key, ())], lang)
        for key in plan.bundles.index
    }


def today_sheet(plan: Plan, lang: str) -> Sheet:
    """Return today as one row an area: today has no bundles and proposes no lead."""
    sheet = bundle_sheet(plan, lang, "today")
    lead = next(i for i, (name, _) in enumerate(sheet.columns) if name == t("files.column.lead", lang))
    columns = [(t("files.column.area", lang), "code"), *sheet.columns[1:lead], *sheet.columns[lead + 1 :]]
    rows = [[*row[:lead], *row[lead + 1 :]] for row in sheet.rows]
    return dataclasses.replace(sheet, columns=columns, rows=rows, remark=t("files.today_caution", lang))


def _data_word(is_synthetic: bool, lang: str) -> str:
    return t("files.sample_word" if is_synthetic else "files.real_word", lang)


def _members(plan: Plan, lang: str) -> Sheet:
    table = member_table(plan, lang)
    for column, group in (("package", "layer"), ("sector", "sector"), ("position", "position")):
        table[column] = table[column].map({key: word(group, key, lang) for key in table[column].unique()})
    table["is_synthetic"] = table["is_synthetic"].map({v: _data_word(v, lang) for v in (True, False)})
    columns = [_plain(table[name]) for name, _ in MEMBER_COLUMNS]
    headers = [(t(f"files.column.{key}", lang), kind) for key, kind in MEMBER_COLUMNS]
    rows = list(zip(*columns, strict=True))
    is_long = len(rows) > PRINTED_MEMBERS
    told = t("files.print_rows", lang, rows=PRINTED_MEMBERS, total=f"{len(rows):,}") if is_long else ""
    sheet = Sheet(t("files.sheet.members", lang), headers, rows, remark=told, print_rows=PRINTED_MEMBERS)
    return with_titles(sheet, plan.titles, lang)


def _plain(values: pd.Series) -> list[Any]:
    """Return a column as plain values, None where missing: sixty thousand rows pass here."""
    return values.astype(object).where(values.notna(), None).tolist()


def used_assumptions(plan: Plan) -> set[str]:
    """Return the keys of the coefficients that count this plan's work, by the task table, and of its window."""
    chosen = planned_tasks(plan.scenario, load_tasks())
    keys = {
        key for column in ("hours_key", "cost_key", "times_key", "every_years_key") for key in chosen[column]
    }
    # This key stands for a rule: a town's own spending first, split where it holds snow removal, else a median.
    if keys & {"road_upkeep", "road_snow_removal"}:
        keys |= {"road_upkeep_plain_jpy_per_km_year", "own_spending_range_ratio"}
        keys |= {"snow_removal_jpy_per_km_year", "road_upkeep_snow_jpy_per_km_year"}
    measure = "bundle_annual_jpy" if plan.scenario.layer == "daily" else "structures_bundle"
    table = scenario_assumptions(plan.scenario).table
    prefixes = (measure, f"travel_limit_min_base_{plan.scenario.layer}", "onsite_hours_per_crew_day")
    return {str(key) for key in table.index if key in keys or str(key).startswith(prefixes)}


def _assumptions(plan: Plan, evidence: Evidence | None, lang: str) -> Sheet:
    used = used_assumptions(plan)
    if evidence is not None and not evidence.trials.empty:
        used |= set(WORKS_KEYS)
    used |= {key for study in plan.studies for key in STUDY_KEYS.get(study, ())}
    table = scenario_assumptions(plan.scenario).table.reset_index()
    rows = [
        {
            **row,
            "is_used": _yes(row["key"] in used, lang),
            "unit": "/".join(word("unit", part, lang) for part in str(row["unit"]).split("/")),
            "assumption_name": catalogue(lang).get(f"files.assumption.{row['key']}"),
            "source": word("source", row["source"], lang),
            **{level: _four_figures(row[level]) for level in ("low", "central", "high")},
        }
        for row in table.to_dict("records")
    ]
    rows.sort(key=lambda row: row["key"] not in used)
    return table_sheet("assumptions", ASSUMPTION_COLUMNS, rows, lang)


def _four_figures(value: float) -> float:
    """Return a coefficient for reading: whole as it is, else with four significant figures."""
    number = float(value)
    return int(number) if number.is_integer() else float(f"{number:.4g}")


def _tidy(value: Any) -> Any:
    """Return a number for reading: whole where it is large or whole, else with a tenth."""
    if value is None or not math.isfinite(value):
        return None
    return round(value) if abs(value) >= 1000 or value == round(value) else round(float(value), 1)


def _broken(plan: Plan, lang: str) -> Sheet:
    known = plan.ground.units["name"]
    rows = [
        {
            **row,
            "rule": broken_sentence(plan, row, lang),
            "unit_name": known.get(row.get("unit_id"), ""),
            "amount": _tidy(row["amount"]),
            "limit": _tidy(row["limit"]),
        }
        for row in plan.broken.to_dict("records")
    ]
    return with_titles(table_sheet("broken", BROKEN_COLUMNS, rows, lang), plan.titles, lang)


def _data_details(plan: Plan, lang: str) -> list[str]:
    """Say of the roads and of each sector in the plan whether it is sample or of a user's own file."""
    has_sample_roads = sample_part(plan.ground) in {"both", "mixed", "roads"}
    assets = plan.ground.assets
    planned = assets[assets["asset_id"].isin(plan.members["asset_id"])]
    told = [t(f"files.data.roads_{'sample' if has_sample_roads else 'own'}", lang)]
    for sector, flags in planned["is_synthetic"].astype(bool).groupby(planned["sector"]):
        sample = int(flags.sum())
        counts = {"own": f"{len(flags) - sample:,}", "sample": f"{sample:,}"}
        told.append(t("files.data.assets", lang, sector=word("sector", sector, lang), **counts))
    return told


def _read_me(plan: Plan, lang: str) -> Sheet:
    given, region = provenance(plan), plan.ground.region
    chosen = plan.scenario
    pairs: list[tuple[str, str]] = [
        ("about", t("notice.disclaimer", lang)),
        ("data_kind", t(f"notice.sample.{sample_part(plan.ground)}", lang)),
        ("region", region.name_ja if lang == "ja" else region.name_en),
        ("package", word("package", chosen.layer, lang)),
        ("sectors", words("sector", chosen.sectors, lang)),
        ("bodies", names(region, region.contributing_codes, lang)),
        ("assumed", t("files.assumed", lang, percent=round(100 * plan.totals.get("grade_e_share", 0.0)))),
        ("tax", t("files.tax", lang)),
    ]
    pairs[2:2] = [("data_detail", text) for text in _data_details(plan, lang)]
    pairs += [("note", note_sentence(note, lang)) for note in plan.notes]
    pairs += [("source", line) for line in credit_lines(plan.ground.provenance, lang)]
    pairs += [("version", f"gunmane {given['gunmane_version']}"), ("seed", str(chosen.seed))]
    pairs += [("input", f"{name}: sha256 {digest}") for name, digest in sorted(given["input_sha256"].items())]
    headers = [(t("files.column.item", lang), "code"), (t("files.column.content", lang), "text")]
    rows = [[t(f"files.item.{key}", lang), text] for key, text in pairs]
    return Sheet(t("files.sheet.read_me", lang), headers, rows)
