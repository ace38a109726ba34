"""The engine's measurements in parts that may run on different days: run, kept in a file, put into one report."""

from __future__ import annotations

import dataclasses
import datetime
import json
import math
import pathlib
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from bench.engine import bound, figures, gap
from bench.engine.comparators import Result, compare_all, warm_up
from bench.engine.instances import DEVELOPMENT_SEEDS, HELD_OUT_SEEDS, Instance, make_instance, region_instance
from bench.engine.parts import make_parts
from bench.engine.table import Bound, group_section
from bench.rows import ENGINE_PARTS, OURS, Target
from gunmane.municipalities import load_regions

Tell = Callable[[str], None]

PARTS = ENGINE_PARTS
SIZES = {"1k": 1_000, "10k": 10_000, "100k": 100_000}
# Evaluated moves of the engine by part; where none stands, the solver's own default.
MOVES = {"1k": 1_000_000, "10k": 2_000_000, "100k": 2_000_000}
# How many instances of a size get a bound: one of 10,000 units takes seven minutes and more.
BOUNDS = {"1k": 20, "10k": 1}


@dataclasses.dataclass
class PartReport:
    """What one part measured, when, on which seeds and with how many moves."""

    part: str
    date: str = ""
    seeds: str = ""
    moves: int | None = None
    results: list[Result] = dataclasses.field(default_factory=list)
    bounds: list[Bound] = dataclasses.field(default_factory=list)
    targets: list[Target] = dataclasses.field(default_factory=list)


def run_part(part: str, seeds: Sequence[int], tell: Tell, *, moves: int | None = None) -> PartReport:
    """
    Measure one part.

    Parameters
    ----------
    part
        One of `PARTS`.
    seeds
        Seeds of drawn land.
    tell
        Told what is being done.
    moves
        Moves of the engine; None: as `MOVES` has it.
    """
    warm_up()
    moves = moves or MOVES.get(part)
    # These measure one piece of drawn land, not one of every seed.
    is_single = part in ("100k", "moves")
    told = str(seeds[0]) if is_single else f"{min(seeds)} to {max(seeds)}"
    report = PartReport(part, _today(), told, moves)
    if part in ("1k", "10k"):
        _compare_drawn(report, seeds, tell)
        report.targets += figures.metis_targets(report.results)
    elif part == "regions":
        names = [str(name) for name in load_regions()["region_id"]]
        drawn = (region_instance(name) for name in names)
        report.results += compare_all(drawn, part, move_budget=moves, tell=tell)
    elif part == "100k":
        targets, results = figures.large_figures(seeds[0], tell, units=SIZES[part], move_budget=moves)
        report.targets += targets
        report.results += results
    elif part == "moves":
        report.targets += figures.region_figures(tell)
        report.targets += figures.price_figures(seeds[0], tell)
    else:
        report.targets += gap.gap_targets(gap.gap_rows(seeds, tell))
    return report


def _compare_drawn(report: PartReport, seeds: Sequence[int], tell: Tell) -> None:
    drawn = (make_instance(SIZES[report.part], seed) for seed in seeds)
    report.results += compare_all(drawn, report.part, move_budget=report.moves, tell=tell)
    ours = {result.instance: result.hours for result in report.results if result.method == OURS}
    for seed in seeds[: BOUNDS[report.part]]:
        instance = make_instance(SIZES[report.part], seed)
        tell(f"{instance.name}: bound")
        report.bounds.append(instance_bound(instance, report.part, ours[instance.name]))


def instance_bound(instance: Instance, group: str, known_hours: float) -> Bound:
    """Return what no plan of an instance can go below: the bounds of its connected parts, summed."""
    parts = make_parts(instance)
    begin = time.process_time()
    days = sum(part.days.sum() for part in parts)
    hours = sum(bound.lower_bound(part, known_hours * part.days.sum() / days) for part in parts)
    return Bound(group, instance.name, hours, time.process_time() - begin)


def seeds_of(*, is_development: bool, count: int | None) -> list[int]:
    """Return the seeds to measure on: those kept for the last table, or those used while developing."""
    seeds = list(DEVELOPMENT_SEEDS if is_development else HELD_OUT_SEEDS)
    return seeds[:count]


def read_reports(path: pathlib.Path) -> dict[str, PartReport]:
    """Return the parts measured before, by name."""
    if not path.is_file():
        return {}
    kinds: dict[str, Any] = {"results": Result, "bounds": Bound, "targets": Target}
    found = {}
    for part, told in json.loads(path.read_text(encoding="utf-8")).items():
        lists = {
            name: [kind(**{key: _number(value) for key, value in row.items()}) for row in told.pop(name)]
            for name, kind in kinds.items()
        }
        found[part] = PartReport(**told, **lists)
    return found


def write_reports(path: pathlib.Path, reports: dict[str, PartReport]) -> None:
    """Write the parts, numbers that JSON does not have as words."""
    content = {part: _plain(dataclasses.asdict(reports[part])) for part in PARTS if part in reports}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return round(value, 6) if math.isfinite(value) else str(value)
    return value


def _number(value: Any) -> Any:
    return float(value) if value in ("nan", "inf", "-inf") else value


def sections(reports: Iterable[PartReport]) -> Iterator[str]:
    """Return the Markdown sections of the parts that compared."""
    for report in reports:
        text = group_section(report.part, report.results, report.bounds)
        if text:
            seeds = "" if report.part == "regions" else f", seeds {report.seeds}"
            moves = "the solver's own number of moves" if report.moves is None else f"{report.moves:,} moves"
            yield f"{text}\n\nMeasured {report.date}{seeds}, {moves}."


def measure(
    parts: Sequence[str],
    seeds: Sequence[int],
    tell: Tell,
    *,
    moves: int | None = None,
    path: pathlib.Path | None = None,
) -> tuple[list[Target], list[str]]:
    """
    Measure parts, and return the figures and sections of these and of the parts measured before.

    Parameters
    ----------
    parts, seeds, tell, moves
        As for `run_part`.
    path
        File in which parts are kept; None keeps nothing.
    """
    reports = {} if path is None else read_reports(path)
    for part in parts:
        reports[part] = run_part(part, seeds, tell, moves=moves)
        if path is not None:
            write_reports(path, reports)
    known = [reports[part] for part in PARTS if part in reports]
    return [target for report in known for target in report.targets], list(sections(known))


def _today() -> str:
    return datetime.datetime.now(datetime.UTC).date().isoformat()
