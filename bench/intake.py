"""Step (f): files in. Half a million lines and a large CSV made on the fly: seconds beside pyogrio, peak memory."""

from __future__ import annotations

import json
import pathlib
import tempfile
from collections.abc import Iterator

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from bench.networks import Progress
from bench.rows import Target
from bench.wholes import Run, run_python
from gunmane.municipalities import Region

ROWS = 500_000
QUICK_ROWS = 50_000
CSV_MB = 200
QUICK_CSV_MB = 20
READ_RATIO = 1.5
INTAKE_S = 20.0
INSIDE_M = 100.0
INTAKE_MB = 3072.0
CSV_PEAK_MB = 1024.0
SUFFIXES = {"GeoPackage": ".gpkg", "shapefile": ".shp", "GeoParquet": ".parquet"}

# What a process held before it starts another counts as that one's peak, so files are made in a process of their own.
MAKE_CODE = """
import pathlib, sys
from bench.intake import large_csv, line_files
from gunmane.municipalities import find_region
folder = pathlib.Path(sys.argv[1])
line_files(find_region(sys.argv[2]), folder, int(sys.argv[3]))
large_csv(folder / "large.csv", int(sys.argv[4]))
"""
# Both readers run in the same process after imports; the faster of three runs counts for each.
READ_CODE = """
import json, pathlib, sys, time
import geopandas as gpd
import pyogrio
from gunmane.ledgers.opening import open_raw
path = pathlib.Path(sys.argv[1])
def plain():
    return gpd.read_parquet(path) if path.suffix == ".parquet" else pyogrio.read_dataframe(path)
def best(read):
    seconds = []
    for _ in range(3):
        begin = time.perf_counter()
        rows = read()
        seconds.append(time.perf_counter() - begin)
        count = len(rows) if hasattr(rows, "columns") else len(rows.table)
        del rows
    return min(seconds), count
ours, count = best(lambda: open_raw(path))
theirs, other = best(plain)
assert count == other, (count, other)
print(json.dumps([ours, theirs, count]))
"""
OPEN_CODE = """
import json, pathlib, sys, time
from gunmane.ledgers.opening import open_raw
begin = time.perf_counter()
raw = open_raw(pathlib.Path(sys.argv[1]))
print(json.dumps([time.perf_counter() - begin, len(raw.table)]))
"""
INTAKE_CODE = """
import json, pathlib, sys, time
from gunmane.deliveries import take_delivery
from gunmane.municipalities import find_region
region = find_region(sys.argv[2])
begin = time.perf_counter()
delivery = take_delivery(pathlib.Path(sys.argv[1]), region=region)
seconds = time.perf_counter() - begin
print(json.dumps([seconds, len(delivery.assets), len(delivery.rejects), delivery.row_count]))
"""


def intake_figures(region: str, tell: Progress, *, is_quick: bool) -> Iterator[Target]:
    """Measure reading and the whole intake on files that are made in a temporary folder and removed again."""
    rows, megabytes = (QUICK_ROWS, QUICK_CSV_MB) if is_quick else (ROWS, CSV_MB)
    with tempfile.TemporaryDirectory(prefix="gunmane-bench-") as name:
        folder = pathlib.Path(name)
        tell(f"(f) {rows:,} lines in three formats")
        run_python(MAKE_CODE, [str(folder), region, str(rows), str(megabytes)], folder)
        for kind, suffix in SUFFIXES.items():
            path = folder / f"pipes_{suffix[1:]}{suffix}"
            yield from _file_figures(kind, path, region, folder, tell)
            for file in folder.glob(f"{path.stem}.*"):
                file.unlink()
        tell("(f) CSV")
        path = folder / "large.csv"
        run = run_python(OPEN_CODE, [str(path)], folder)
        seconds, count = _last_line(run)
        note = f"{count:,} rows, {path.stat().st_size / 1e6:,.0f} MB on disk, {seconds:.1f} s"
        yield Target("open a large CSV: peak memory", run.peak_mb, CSV_PEAK_MB, "MB", note)


def _file_figures(
    kind: str, path: pathlib.Path, region: str, folder: pathlib.Path, tell: Progress
) -> Iterator[Target]:
    tell(f"(f) {kind}")
    ours, theirs, count = _last_line(run_python(READ_CODE, [str(path)], folder))
    plain = "geopandas.read_parquet" if path.suffix == ".parquet" else "pyogrio.read_dataframe"
    note = f"{count:,} lines: {ours:.2f} s; {plain} {theirs:.2f} s"
    yield Target(f"open a {kind} beside plain reading", ours / theirs, READ_RATIO, "x", note)
    run = run_python(INTAKE_CODE, [str(path), region], folder)
    seconds, assets, rejects, taken = _last_line(run)
    note = f"{taken:,} rows to {assets:,} assets, {rejects:,} faults"
    yield Target(f"whole intake of a {kind}: time", seconds, INTAKE_S, "s", note)
    yield Target(f"whole intake of a {kind}: peak memory", run.peak_mb, INTAKE_MB, "MB")


def _last_line(run: Run) -> list[float]:
    values: list[float] = json.loads(run.text.strip().splitlines()[-1])
    return values


def line_files(region: Region, folder: pathlib.Path, count: int) -> None:
    """
    Write so many sewer pipes in three formats.

    Each is a line of four points with six columns under our own names, spread over the region's first municipality.
    """
    rng = np.random.default_rng(0)
    area = region.municipalities.to_crs(region.epsg).geometry.iloc[0].buffer(-INSIDE_M)
    west, south, east, north = area.bounds
    shapely.prepare(area)
    starts = rng.uniform((west, south), (east, north), (10 * count, 2))
    starts = starts[shapely.contains_xy(area, starts)][:count]
    steps = rng.uniform(-15, 15, (count, 3, 2)).cumsum(axis=1)
    points = np.concatenate([starts[:, None], starts[:, None] + steps], axis=1)
    table = gpd.GeoDataFrame(
        {
            "asset_id": [f"P{number:07d}" for number in range(count)],
            "sector": "sewer",
            "subtype": "gravity",
            "built_year": rng.integers(1960, 2024, count),
            "diameter_mm": rng.choice([150.0, 200.0, 250.0, 300.0, 600.0], count),
            "material": rng.choice(["VU", "HP", "PRP"], count),
        },
        geometry=shapely.linestrings(points),
        crs=region.epsg,
    )
    for suffix in SUFFIXES.values():
        path = folder / f"pipes_{suffix[1:]}{suffix}"
        if suffix == ".parquet":
            table.to_parquet(path)
        else:
            table.to_file(path, engine="pyogrio")


def large_csv(path: pathlib.Path, megabytes: int) -> None:
    """Write a ledger in CP932 of at least so many megabytes (10^6 bytes), part by part."""
    rng = np.random.default_rng(0)
    with path.open("w", encoding="cp932", newline="") as stream:
        stream.write("管理番号,施設名,所在地,経度,緯度,布設年度,管種,口径,延長,備考\r\n")
        number = 0
        while stream.buffer.tell() < megabytes * 1_000_000:
            size = 20_000
            part = pd.DataFrame(
                {
                    "id": np.arange(number, number + size),
                    "name": "下水道管きょ第",
                    "place": rng.choice(["草津市草津町", "栗東市綣", "守山市守山"], size),
                    "lon": rng.uniform(135.9, 136.0, size).round(7),
                    "lat": rng.uniform(35.0, 35.1, size).round(7),
                    "year": rng.integers(1960, 2024, size),
                    "kind": rng.choice(["VU", "HP", "陶管"], size),
                    "width": rng.choice([150, 200, 250], size),
                    "length": rng.uniform(5, 60, size).round(2),
                    "remark": "平成の合併により移管された路線",
                }
            )
            stream.write(part.to_csv(index=False, header=False, lineterminator="\r\n"))
            number += size
            stream.flush()
