"""The files of a plan, each made when it is first asked for and then kept."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import threading
import zipfile
from collections.abc import Callable
from typing import Any

from gunmane import exports, i18n, summaries
from gunmane.alternatives import neighbouring_counts
from gunmane.evidence import Evidence
from gunmane.exports.credits import credit_texts
from gunmane.scenario import Plan

NAMES = ("bundles.geojson", "units.geojson", "workbook.xlsx", "members.csv", "plan.json")
MEDIA = {
    "geojson": "application/geo+json",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv",
    "json": "application/json",
    "zip": "application/zip",
}
SOURCES = ("borders", "towns", "town_halls", "statistics", "decisions", "assumptions")
FIRST_ROWS = 50


class PlanFiles:
    """
    The files of one plan in one language; any thread may ask.

    Parameters
    ----------
    plan, evidence
        What they hold; without evidence the workbook has no comparison.
    lang
        Language of the workbook and of the text beside the files.
    """

    def __init__(self, plan: Plan, evidence: Evidence | None, lang: str) -> None:
        self.plan, self.evidence, self.lang = plan, evidence, lang
        self._lock = threading.RLock()
        self._made: dict[str, bytes] = {}

    def content(self, name: str) -> bytes:
        """Return a file's bytes by its name in `NAMES`."""
        makers: dict[str, Callable[[], bytes]] = {
            "bundles.geojson": lambda: exports.bundles_geojson(self.plan),
            "units.geojson": lambda: exports.units_geojson(self.plan),
            "members.csv": lambda: exports.members_csv(self.plan),
            "workbook.xlsx": lambda: exports.workbook(self.plan, self.evidence, self.lang),
            "plan.json": lambda: exports.plan_json(_with_counts(self.plan)),
        }
        with self._lock:
            if name not in self._made:
                self._made[name] = makers[name]()
            return self._made[name]

    def archive(self) -> bytes:
        """Return all files and a text that says what they are as one zip."""
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("README.txt", self.read_me())
            for name in NAMES:
                archive.writestr(name, self.content(name))
        return buffer.getvalue()

    def read_me(self) -> str:
        """Return what stands beside the files: what they are, disclaimers, sources."""
        region = self.plan.ground.region
        name = region.name_ja if self.lang == "ja" else region.name_en
        lines = [i18n.t("output.readme_title", self.lang, region=name), ""]
        lines.append(i18n.t(f"notice.sample.{summaries.sample_part(self.plan.ground)}", self.lang))
        lines += [i18n.t("notice.disclaimer", self.lang), ""]
        lines += [f"{file}: {i18n.t('output.about.' + key(file), self.lang)}" for file in NAMES]
        lines += ["", *(i18n.t(f"source.{source}", self.lang) for source in SOURCES)]
        lines += ["", *credit_texts(self.plan.ground.provenance, self.lang)]
        return "\r\n".join(lines) + "\r\n"

    def rows(self, name: str) -> list[dict[str, Any]]:
        """Return the first rows that a GeoJSON or CSV file holds, as they leave."""
        if name.endswith(".geojson"):
            features = json.loads(self.content(name))["features"][:FIRST_ROWS]
            return [{column: _cell(value) for column, value in f["properties"].items()} for f in features]
        lines = io.StringIO(self.content(name).decode("utf-8-sig"))
        return [row for row, _ in zip(csv.DictReader(lines), range(FIRST_ROWS), strict=False)]


def _with_counts(plan: Plan) -> Plan:
    """Return a plan with its neighbouring numbers of bundles; the pages look for them only where they are shown."""
    if len(plan.alternatives):
        return plan
    return dataclasses.replace(plan, alternatives=neighbouring_counts(plan))


def key(name: str) -> str:
    """Return the catalogue key of a file: "bundles.geojson" -> "bundles_geojson"."""
    return name.replace(".", "_")


def _cell(value: Any) -> Any:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else value
