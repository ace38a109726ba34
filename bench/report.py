"""The report: a table for the terminal, JSON for machines, Markdown for docs/benchmarks.md."""

from __future__ import annotations

import datetime
import json
import math
import os
import pathlib
import platform
import sys
from collections.abc import Sequence
from importlib import metadata
from typing import Any

from bench.rows import OURS, Row, Target, ratio_words

PACKAGES = (
    "numpy",
    "scipy",
    "numba",
    "shapely",
    "geopandas",
    "networkx",
    "osmnx",
    "spopt",
    "libpysal",
    "pymetis",
    "scikit-learn",
    "gerrychain",
    "highspy",
    "streamlit",
)
STATES = {"stopped": "stopped at", "failed": "failed after"}


def machine_facts(command: str) -> dict[str, Any]:
    """Return what the figures depend on: machine, load, Python, packages, day, command."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "command": command,
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gib": round(memory, 1),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in PACKAGES},
        "load_before": load_words(),
    }


def load_words() -> str:
    """Return the load of the last 1, 5 and 15 minutes."""
    return " ".join(f"{value:.1f}" for value in os.getloadavg())


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"


def seconds_words(row: Row) -> str:
    """Say a row's seconds: wall, and CPU where it differs."""
    if row.timed.state != "done":
        return f"{STATES[row.timed.state]} {row.timed.wall_s:.0f} s"
    rough = "~" if row.timed.factor > 1 else ""
    return f"{rough}{number(row.timed.wall_s)} s ({number(row.timed.cpu_s)})"


def number(value: float) -> str:
    """Return a number with three figures at most."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _measured(target: Target) -> str:
    """Return what was measured with its unit; what was never reached is said so."""
    if target.value is None:
        return "-"
    return "never" if math.isinf(target.value) else f"{number(target.value)} {target.unit}"


def step_rows(rows: Sequence[Row]) -> list[list[str]]:
    """Return cells: step, method, seconds, ratio, output, note."""
    ours = {row.step: row for row in rows if row.method == OURS}
    return [
        [
            row.step,
            row.method,
            seconds_words(row),
            ratio_words(row, ours.get(row.step)),
            row.output,
            row.note,
        ]
        for row in rows
    ]


def print_report(worlds: dict[str, str], rows: Sequence[Row], targets: Sequence[Target]) -> None:
    """Print the report."""
    for name, size in worlds.items():
        print(f"\n{name}: {size}")
    step = ""
    for cells in step_rows(rows):
        if cells[0] != step:
            step = cells[0]
            print(f"\n{step}")
        print(f"  {cells[1]:<46} {cells[2]:>22}  {cells[3]:>9}")
        for text in filter(None, cells[4:]):
            print(f"      {text}")
    if targets:
        print("\nfigures beside their targets")
    for target in targets:
        value = _measured(target)
        limit = "" if target.limit is None else f"<= {target.limit:g} {target.unit}"
        print(f"  {target.name:<72} {value:>10}  {limit:>10}  {target.verdict}")
        if target.note:
            print(f"      {target.note}")


def write_json(
    path: pathlib.Path,
    facts: dict[str, Any],
    worlds: dict[str, str],
    rows: Sequence[Row],
    targets: Sequence[Target],
) -> None:
    """Write the report as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {
        **facts,
        "worlds": worlds,
        "rows": [row.as_dict() for row in rows],
        "targets": [target.as_dict() for target in targets],
    }
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def verdict_words(targets: Sequence[Target]) -> str:
    """Say in one sentence which targets were met and which were missed."""
    missed = [target.name for target in targets if target.verdict == "missed"]
    absent = [target.name for target in targets if target.verdict == "not measured"]
    held = sum(target.verdict == "met" for target in targets)
    words = f"Met: {held}. Missed: {len(missed)}{' (' + '; '.join(missed) + ')' if missed else ''}."
    return words + (f" Not measured: {'; '.join(absent)}." if absent else "")


def markdown(
    facts: dict[str, Any],
    worlds: dict[str, str],
    rows: Sequence[Row],
    targets: Sequence[Target],
    sections: Sequence[str] = (),
) -> str:
    """Return the report as Markdown; `sections` are told as they are, after the figures."""
    packages = ", ".join(f"{name} {version}" for name, version in facts["packages"].items())
    lines = [
        f"- Command: `{facts['command']}`, {facts['date']}",
        (
            f"- Machine: {facts['cores']} cores, {facts['memory_gib']:.0f} GiB, {facts['system']}, "
            f"Python {facts['python']}"
        ),
        f"- Packages: {packages}",
        f"- Load (1, 5, 15 minutes): before {facts['load_before']}; after {facts['load_after']}",
        *(f"- Input: {name}: {size}" for name, size in worlds.items()),
    ]
    if targets:
        lines += [
            "",
            "## Whole figures beside their targets",
            "",
            verdict_words(targets),
            "",
            "| figure | measured | target | | |",
            "|---|--:|--:|---|---|",
        ]
    for target in targets:
        value = _measured(target)
        limit = "" if target.limit is None else f"≤ {target.limit:g} {target.unit}"
        verdict = f"**{target.verdict}**" if target.verdict == "missed" else target.verdict
        lines.append(f"| {target.name} | {value} | {limit} | {verdict} | {target.note} |")
    if sections:
        lines += ["", "## The engine beside its peers", ""]
        lines += [line for section in sections for line in (section, "")]
    if rows:
        lines += ["", "## Each step beside other libraries", ""]
    step = ""
    for cells in step_rows(rows):
        if cells[0] != step:
            step = cells[0]
            lines += [
                "",
                f"### {step}",
                "",
                "| method | wall s (CPU s) | CPU against ours | what came out | how it differs |",
                "|---|--:|--:|---|---|",
            ]
        lines.append("| " + " | ".join(cells[1:]) + " |")
    return "\n".join(lines).replace("\n\n\n", "\n\n") + "\n"


def tell_progress(text: str) -> None:
    """Tell a person at a terminal what is being measured."""
    print(f"  … {text}", file=sys.stderr, flush=True)
