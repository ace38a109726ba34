"""The sample on disk: built once, checked before every use, never read when anything is missing from it."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import pathlib
import shutil
import tempfile
import time
from importlib import metadata
from typing import Any

import geopandas as gpd
import pandas as pd

from gunmane import schema
from gunmane.assumptions import load_assumptions
from gunmane.cache import cache_folder
from gunmane.municipalities import Region, file_stem, load_borders
from gunmane.sample.draw import SampleRows, sample_rows

MANIFEST = "manifest.json"
TABLES = ("assets", "roads")
PACKAGES = ("geopandas", "numpy", "pandas", "scipy", "shapely")
ABANDONED_AFTER_S = 3_600.0


def load_sample(
    region: Region, *, with_water: bool = False, seed: int = 0, is_kept: bool = True
) -> SampleRows:
    """
    Return the sample of a region from the user's cache, or draw it and keep it there.

    Files whose checksum differs from the manifest, and folders without one, are drawn again. Two processes may
    draw the same sample at once: the first whole folder stays, and both return the same rows.

    Parameters
    ----------
    region
        The region.
    with_water
        Whether water mains are drawn as well.
    seed
        Seed of the sample.
    is_kept
        False draws it without a look at the cache and leaves nothing there: it follows a user's own totals.
    """
    if not is_kept:
        return sample_rows(region, seed=seed, with_water=with_water)
    folder = cache_folder() / "sample" / sample_key(region, with_water=with_water, seed=seed)
    known = read_folder(folder)
    if known is not None:
        return known
    sample = sample_rows(region, seed=seed, with_water=with_water)
    # A cache that cannot be written (full disk, read-only home) costs time on the next start, nothing else.
    with contextlib.suppress(OSError):
        write_folder(sample, folder)
    return sample


def sample_key(region: Region, *, with_water: bool, seed: int) -> str:
    """Return the name of a sample's folder: a hash of the code, the packages and every input."""
    digest = hashlib.sha256(f"{region.region_id}/{region.epsg}/{with_water}/{seed}".encode())
    for source in sorted(pathlib.Path(__file__).parent.glob("*.py")):
        digest.update(source.read_bytes())
    digest.update(pathlib.Path(schema.__file__).read_bytes())
    digest.update(" ".join(f"{name} {metadata.version(name)}" for name in PACKAGES).encode())
    for frame in (region.municipalities, region.towns, region.halls):
        digest.update(
            pd.DataFrame({**frame.drop(columns="geometry"), "wkb": frame.geometry.to_wkb(hex=True)})
            .to_csv()
            .encode()
        )
    digest.update(region.statistics.to_csv().encode())
    digest.update(load_borders().to_csv().encode())
    digest.update(load_assumptions().fingerprint().encode())
    return f"{file_stem(region.region_id)}-{digest.hexdigest()[:20]}"


def write_folder(sample: SampleRows, folder: pathlib.Path) -> None:
    """
    Write a sample beside `folder` and rename it into place; the manifest is the last file written.

    Raises
    ------
    OSError
        If the folder cannot be written.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    _sweep(folder.parent)
    draft = pathlib.Path(tempfile.mkdtemp(dir=folder.parent, prefix=".draft-"))
    try:
        for name in TABLES:
            getattr(sample, name).to_parquet(draft / f"{name}.parquet", compression="zstd")
        (draft / "facts.json").write_text(
            json.dumps(sample.facts, ensure_ascii=False, sort_keys=True), encoding="utf-8"
        )
        files = {file.name: _checksum(file) for file in sorted(draft.iterdir())}
        rows = {name: len(getattr(sample, name)) for name in TABLES}
        text = json.dumps({"files": files, "rows": rows}, sort_keys=True)
        with (draft / MANIFEST).open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        _move_into_place(draft, folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _move_into_place(draft: pathlib.Path, folder: pathlib.Path) -> None:
    try:
        draft.rename(folder)
    except OSError:
        if is_whole(folder):
            return
        # What lies there is broken: put it aside first, so that nobody sees a mixture.
        broken = pathlib.Path(tempfile.mkdtemp(dir=folder.parent, prefix=".broken-"))
        with contextlib.suppress(FileNotFoundError):
            folder.rename(broken / "folder")
        shutil.rmtree(broken, ignore_errors=True)
        with contextlib.suppress(FileExistsError):
            draft.rename(folder)


def read_folder(folder: pathlib.Path) -> SampleRows | None:
    """Return the sample in a folder, or None where it is missing, broken or half-written."""
    try:
        if not is_whole(folder):
            return None
        tables = {name: gpd.read_parquet(folder / f"{name}.parquet") for name in TABLES}
        facts = json.loads((folder / "facts.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, KeyError):
        return None
    return SampleRows(tables["assets"], tables["roads"], facts)


def is_whole(folder: pathlib.Path) -> bool:
    """Return whether every file that the manifest names is there with its checksum."""
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        files = manifest["files"]
        named = {f"{name}.parquet" for name in TABLES} | {"facts.json"}
        return set(files) == named and all(_checksum(folder / name) == files[name] for name in sorted(files))
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _checksum(file: pathlib.Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _sweep(parent: pathlib.Path) -> None:
    """Remove drafts that a killed process left long ago."""
    for pattern in (".draft-*", ".broken-*"):
        for old in parent.glob(pattern):
            with contextlib.suppress(OSError):
                if time.time() - old.stat().st_mtime > ABANDONED_AFTER_S:
                    shutil.rmtree(old, ignore_errors=True)
