"""What the command prints about a plan: today's words, two significant figures, ranges, what was assumed."""

from __future__ import annotations

import pathlib
import re
from typing import Any

import geopandas as gpd
import numpy as np

from gunmane.cli import console
from gunmane.cli.studies import tell_studies
from gunmane.evidence import Evidence, fixed_count
from gunmane.explain import note_sentence
from gunmane.exports.broken import broken_sentence
from gunmane.exports.credits import sharing_notice
from gunmane.exports.provenance import notices
from gunmane.exports.words import bundle_names, count_text, number_text, strand_word, word, words, yen_range
from gunmane.i18n import t
from gunmane.municipalities import Region
from gunmane.notes import WARNINGS
from gunmane.scenario import Plan

METRES_PER_KM = 1000
UNKNOWN = "–"
# Notes that say why a plan is as it is: they stand above its table, where many bundles have one cause.
CAUSES = ("several_components", "roads_too_far")
APART = re.compile(r"piece (\d+)")


def tell_regions(rows: list[dict[str, Any]], lang: str) -> None:
    """Print one line a region: id, name, kind, what it opens on, its bodies."""
    header = [
        t(f"cli.column.{key}", lang) for key in ("region_id", "name", "kind", "layer", "sectors", "bodies")
    ]
    lines = [
        [
            row["region_id"],
            row["name_ja" if lang == "ja" else "name_en"],
            word("kind", row["kind"], lang),
            word("layer", row["default_layer"], lang),
            words("sector", row["default_sectors"], lang),
            str(len(row["bodies"])),
        ]
        for row in rows
    ]
    console.tell_table(header, lines, numbers=(5,))


def tell_plan(plan: Plan, lang: str) -> None:
    """Print a plan: what it is of, its bundles, rules broken, other numbers, comparison, studies and notes."""
    region, chosen = plan.ground.region, plan.scenario
    told = notices(plan)
    console.tell(
        f"{region.name_ja if lang == 'ja' else region.name_en}  {word('package', chosen.layer, lang)}"
    )
    console.tell(f"{t('cli.sectors', lang)}: {words('sector', chosen.sectors, lang)}")
    for key in (f"sample_notice_{lang}", f"disclaimer_{lang}"):
        if key in told:
            console.tell(f"! {told[key]}")
    if warning := sharing_notice(plan.ground.provenance, lang):
        console.tell(f"! {warning}")
    for note in plan.notes:
        if note.key in CAUSES:
            console.tell_wrapped(note_sentence(note, lang), first="! ")
    console.tell()
    _tell_bundles(plan, lang)
    _tell_totals(plan, lang)
    _tell_broken(plan, lang)
    _tell_alternatives(plan, lang)
    if (evidence := plan.studies.get("evidence")) is not None:
        _tell_evidence(evidence, lang)
    tell_studies(plan, lang)
    _tell_roads(plan, lang)
    console.tell()
    for note in plan.notes:
        if note.key not in CAUSES:
            mark = "! " if note.key in WARNINGS else "- "
            console.tell_wrapped(note_sentence(note, lang), first=mark)


def unit_name(name: Any, lang: str) -> str:
    """Return what a unit is called: one that lies apart from the roads of its town has a number instead of a name."""
    found = APART.fullmatch(str(name))
    return t("cli.apart", lang, number=found.group(1)) if found else str(name)


def _tell_bundles(plan: Plan, lang: str) -> None:
    shown = _shown_columns(plan)
    region, places = plan.ground.region, bundle_names(plan, lang)
    lines = []
    for bundle_id, row in plan.bundles.iterrows():
        texts = {
            "bundle": plan.titled(str(bundle_id)) + ("!" if row["rules_broken"] else ""),
            "strand": strand_word(region, str(row["strand"]), lang),
            "municipalities": places[bundle_id],
            "fields": words("field", row["fields"], lang),
            "base": unit_name(row["base_name"], lang) or UNKNOWN,
            "annual": yen_range(row["annual_jpy_low"], row["annual_jpy"], row["annual_jpy_high"], lang),
            "verdict": word("verdict", row["window_verdict"], lang),
            "structures": count_text(row["structure_count"]),
            "travel": number_text(row["travel_hours"]),
            "farthest": number_text(row["farthest_min"]),
        }
        lines.append([texts[key] for key in shown])
    header = [t(f"cli.column.{key}", lang) for key in shown]
    right = [i for i, key in enumerate(shown) if key in {"structures", "travel", "farthest"}]
    console.tell_table(header, lines, numbers=right)


def _shown_columns(plan: Plan) -> list[str]:
    """Leave out what is the same in every row: strands, fields, structures where there is one or none."""
    hidden = set()
    if (plan.assignment["strand"] == "").all():
        hidden.add("strand")
    if len({field for fields in plan.bundles["fields"] for field in fields}) < 2:
        hidden.add("fields")
    if not plan.bundles["structure_count"].any():
        hidden.add("structures")
    keys = (
        "bundle",
        "strand",
        "municipalities",
        "fields",
        "base",
        "annual",
        "verdict",
        "structures",
        "travel",
        "farthest",
    )
    return [key for key in keys if key not in hidden]


def _tell_totals(plan: Plan, lang: str) -> None:
    sums = plan.totals
    console.tell()
    console.tell(
        t(
            "cli.totals",
            lang,
            orders=int(sums["order_count"]),
            below=int(sums["below_floor"]),
            borderline=int(sums["borderline"]),
            above=int(sums["above_ceiling"]),
            hours=number_text(sums["travel_hours"]),
            farthest=number_text(sums["farthest_min"]),
            yen=yen_range(sums["annual_jpy_low"], sums["annual_jpy"], sums["annual_jpy_high"], lang),
            percent=round(100 * sums["grade_e_share"]),
        )
    )


def _tell_broken(plan: Plan, lang: str) -> None:
    if plan.broken.empty:
        console.tell(t("cli.kept", lang))
        return
    console.tell(t("cli.broken", lang, count=len(plan.broken)))
    known = plan.ground.units["name"]
    for row in plan.broken.to_dict("records"):
        unit = unit_name(known.get(row["unit_id"], row["unit_id"]), lang)
        where = " ".join(str(x) for x in (plan.titled(str(row["bundle_id"])), unit) if x)
        said = broken_sentence(plan, row, lang)
        console.tell(f"  ! {where}: {said}" if where else f"  ! {said}")


def _tell_alternatives(plan: Plan, lang: str) -> None:
    table = plan.alternatives
    # Strands have numbers of their own; one line cannot tell them.
    if len(table) < 2 or plan.assignment["strand"].nunique() > 1:
        return
    parts = [
        t(
            "cli.alternative",
            lang,
            mark="*" if row["is_chosen"] else "",
            count=int(row["bundle_count"]),
            hours=number_text(row["travel_hours"]),
            below=int(row["below_floor"]),
            broken=int(row["broken_count"]),
        )
        for row in table.to_dict("records")
    ]
    console.tell(t("cli.alternatives", lang) + " " + " | ".join(parts))


def _tell_evidence(evidence: Evidence, lang: str) -> None:
    keys = (
        "fields",
        "state",
        "orders",
        "below",
        "borderline",
        "above",
        "travel",
        "farthest",
        "annual",
        "grade_e",
        "broken",
    )
    lines = [
        [
            word("joined", row["fields"], lang),
            word("state", row["state"], lang),
            *[_count(row[key]) for key in ("order_count", "below_floor", "borderline", "above_ceiling")],
            number_text(row["travel_hours"]),
            number_text(row["farthest_min"]),
            yen_range(row["annual_jpy_low"], row["annual_jpy"], row["annual_jpy_high"], lang),
            UNKNOWN if np.isnan(row["grade_e_share"]) else f"{row['grade_e_share']:.0%}",
            _count(row["broken_count"]),
        ]
        for row in evidence.table.to_dict("records")
    ]
    console.tell()
    console.tell(t("cli.comparison", lang))
    console.tell_table(
        [t(f"cli.column.{key}", lang) for key in keys], lines, numbers=(2, 3, 4, 5, 6, 7, 9, 10)
    )
    console.tell(t("cli.comparison_caution", lang))
    count = fixed_count(evidence)
    if count is not None:
        console.tell(t("compare.fixed_count", lang, count=count))
    console.tell(t("files.today_caution", lang))


def _count(value: float) -> str:
    return UNKNOWN if value is None or not np.isfinite(value) else f"{int(value)}"


def _tell_roads(plan: Plan, lang: str) -> None:
    facts = plan.ground.provenance.get("road_file_facts")
    if not facts:
        return
    official_m = float(plan.ground.region.statistics["road_length_m"].sum())
    console.tell()
    console.tell(
        t(
            "cli.roads",
            lang,
            file=plan.ground.provenance.get("roads_source", ""),
            lines=f"{facts['line_count']:,}",
            km=f"{facts['length_m'] / METRES_PER_KM:,.0f}",
            inside=f"{facts['length_in_region_m'] / METRES_PER_KM:,.0f}",
            official=f"{official_m / METRES_PER_KM:,.0f}",
        )
    )
    console.tell(
        t(f"cli.road_scheme.{facts['scheme']}", lang, percent=round(100 * facts["unknown_class_ratio"]))
    )


def tell_sample(region: Region, assets: gpd.GeoDataFrame, roads: gpd.GeoDataFrame, lang: str) -> None:
    """Print how many sample rows of each sector and municipality were written."""
    console.tell(f"! {t('notice.sample.both', lang)}")
    counts = assets.groupby(["muni_code", "sector"]).size()
    sectors = sorted(set(assets["sector"]))
    lines = [
        [code, region.name_of(code, lang), *[f"{int(counts.get((code, s), 0)):,}" for s in sectors]]
        for code in sorted(set(assets["muni_code"]))
    ]
    header = [
        t("cli.column.code", lang),
        t("cli.column.name", lang),
        *[word("sector", s, lang) for s in sectors],
    ]
    console.tell_table(header, lines, numbers=tuple(range(2, len(header))))
    console.tell(t("cli.sample_roads", lang, count=f"{len(roads):,}"))


def tell_files(paths: dict[str, pathlib.Path], lang: str) -> None:
    """Print which files were written."""
    folder = next(iter(paths.values())).parent
    console.tell()
    console.tell_wrapped(t("cli.written", lang, folder=str(folder), files=" ".join(paths)))
