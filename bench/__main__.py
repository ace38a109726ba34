"""`python -m bench`: measure the chosen steps, print them, write `bench/results/latest.json`."""

from __future__ import annotations

import argparse
import pathlib
import sys
from collections.abc import Iterator, Sequence

from bench import report
from bench.rows import ENGINE_PARTS, Row, Target

ROOT = pathlib.Path(__file__).resolve().parent.parent
STEPS = ("network", "paths", "links", "bundles", "engine", "intake", "whole", "ui")
BOUND_S = 120.0
QUICK_BOUND_S = 20.0
QUICK_SEEDS = 2
MARK = "<!-- measured -->"


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the options."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--region", default="osaka_senshu", help="region to measure (default: %(default)s)")
    parser.add_argument("--steps", nargs="+", choices=STEPS, default=list(STEPS), help="steps to measure")
    parser.add_argument("--quick", action="store_true", help="a small region and short time bounds")
    parser.add_argument("--roads", type=pathlib.Path, help="a real road file, measured as well")
    parser.add_argument("--roads-region", default="shiga_kusatsu", help="the region of that file")
    parser.add_argument("--bound", type=float, help="seconds after which a method is stopped")
    parser.add_argument(
        "--engine-parts",
        nargs="*",
        choices=ENGINE_PARTS,
        default=["1k"],
        help="parts of the engine step (default: 1k; all take hours); the others are told as measured last, "
        "and with none named all of them are",
    )
    parser.add_argument(
        "--development",
        action="store_true",
        help="the engine on the seeds that were used to develop it; nothing is kept",
    )
    parser.add_argument("--seeds", type=int, help="how many seeds of drawn land (default: all)")
    parser.add_argument("--moves", type=int, help="moves that the engine may evaluate in each part")
    parser.add_argument(
        "--markdown", type=pathlib.Path, help="write the figures into this file, below its mark"
    )
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark and return the exit code."""
    options = build_parser().parse_args(argv)
    if options.quick and options.region == "osaka_senshu":
        options.region = "nara_uda"
    bound_s = options.bound or (QUICK_BOUND_S if options.quick else BOUND_S)
    facts = report.machine_facts(" ".join(["python -m bench", *(argv or sys.argv[1:])]))
    worlds: dict[str, str] = {}
    rows = list(_rows(options, bound_s, worlds))
    targets, sections = _engine(options)
    targets += _targets(options)
    facts["load_after"] = report.load_words()
    report.print_report(worlds, rows, targets)
    print("\n\n".join(["", *sections]))
    print(f"\nload before {facts['load_before']}, after {facts['load_after']}")
    # The engine's parts have a file of their own.
    if options.steps != ["engine"]:
        path = ROOT / "bench" / "results" / "latest.json"
        report.write_json(path, facts, worlds, rows, targets)
        print(f"written to {path.relative_to(ROOT)}")
    if options.markdown:
        before, _, _ = options.markdown.read_text(encoding="utf-8").partition(MARK)
        text = before + MARK + "\n\n" + report.markdown(facts, worlds, rows, targets, sections)
        options.markdown.write_text(text, encoding="utf-8")
    return 0


def _rows(options: argparse.Namespace, bound_s: float, worlds: dict[str, str]) -> Iterator[Row]:
    if not set(options.steps) & {"network", "paths", "links", "bundles"}:
        return
    from bench import bundling, networks
    from bench.world import load_world, size_words

    places = [(options.region, None)]
    if options.roads:
        places.append((options.roads_region, options.roads))
    for region, roads in places:
        world = load_world(region, roads)
        worlds[world.name] = size_words(world)
        suffix = "" if roads is None else f", {roads.name}"
        for name, measure in {
            "network": networks.build_steps,
            "paths": networks.path_steps,
            "links": networks.link_steps,
        }.items():
            if name in options.steps:
                for row in measure(world, bound_s, report.tell_progress):
                    yield Row(row.step + suffix, row.method, row.timed, row.output, row.note)
    if "bundles" in options.steps:
        task = bundling.make_task(options.region)
        yield from bundling.bundle_steps(task, bound_s, report.tell_progress)


def _engine(options: argparse.Namespace) -> tuple[list[Target], list[str]]:
    if "engine" not in options.steps:
        return [], []
    from bench.engine import steps

    is_trial = options.quick or options.development
    seeds = steps.seeds_of(
        is_development=is_trial, count=options.seeds or (QUICK_SEEDS if options.quick else None)
    )
    parts = ["1k"] if options.quick else options.engine_parts
    path = None if is_trial else ROOT / "bench" / "results" / "engine.json"
    return steps.measure(parts, seeds, report.tell_progress, moves=options.moves, path=path)


def _targets(options: argparse.Namespace) -> Iterator[Target]:
    if "intake" in options.steps:
        from bench.intake import intake_figures

        yield from intake_figures(options.region, report.tell_progress, is_quick=options.quick)
    if "whole" in options.steps:
        from bench.wholes import whole_figures

        yield from whole_figures(options.region, report.tell_progress, all_regions=not options.quick)
    if "ui" in options.steps:
        from bench.ui import ui_figures

        yield from ui_figures(options.region, report.tell_progress, times=1 if options.quick else 5)


if __name__ == "__main__":
    sys.exit(main())
