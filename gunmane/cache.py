"""Where files lie and how they are written: the facts' folder, the user's cache, atomic writes."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import pathlib
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping

import platformdirs

MANIFEST = "manifest.json"


def data_folder() -> pathlib.Path:
    """
    Return the folder of the facts: `data/model_regions` of a checkout, else the copy inside the wheel.

    Raises
    ------
    FileNotFoundError
        If neither exists; the installation is broken.
    """
    return _facts("model_regions", "regions.csv")


def national_folder() -> pathlib.Path:
    """
    Return the folder of the facts of all Japan: `data/national` of a checkout, else the copy inside the wheel.

    Raises
    ------
    FileNotFoundError
        If neither exists; the installation is broken.
    """
    return _facts("national", "municipalities.parquet")


def _facts(name: str, file: str) -> pathlib.Path:
    package = pathlib.Path(__file__).resolve().parent
    for folder in (package.parent / "data" / name, package / "_data" / name):
        if (folder / file).is_file():
            return folder
    msg = f"the facts of {name} are missing beside {package}; install gunmane again"
    raise FileNotFoundError(msg)


def cache_folder() -> pathlib.Path:
    """
    Return the user's cache folder for gunmane; `GUNMANE_CACHE` names another.

    A folder that cannot be made holds nothing to read; only writing into it is an error.
    """
    chosen = os.environ.get("GUNMANE_CACHE")
    folder = (
        pathlib.Path(chosen)
        if chosen
        else pathlib.Path(platformdirs.user_cache_dir("gunmane", appauthor=False))
    )
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextlib.contextmanager
def atomic_path(path: pathlib.Path) -> Iterator[pathlib.Path]:
    """
    Yield a temporary path beside `path`, and move it there when the block ends without an error.

    A reader sees the old file or the whole new one, never a part; after an error the old file stays.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem[:40]}-", suffix=path.suffix)
    os.close(handle)
    temporary = pathlib.Path(name)
    try:
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        mask = os.umask(0)
        os.umask(mask)
        temporary.chmod(0o666 & ~mask)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_entry(kind: str, key: str, writers: Mapping[str, Callable[[pathlib.Path], None]]) -> pathlib.Path:
    """
    Write the files of one cache entry and move them into place as a whole.

    Parameters
    ----------
    kind, key
        The entry lies in `cache_folder()/kind/key`.
    writers
        File name -> function that writes the file at the path it is given.

    Returns
    -------
    folder
        The entry's folder; when another process was faster, that one's.
    """
    parent = cache_folder() / kind
    parent.mkdir(parents=True, exist_ok=True)
    temporary = pathlib.Path(tempfile.mkdtemp(dir=parent, prefix=".new-"))
    folder = parent / key
    try:
        for name, write in writers.items():
            write(temporary / name)
        manifest = {name: _digest(temporary / name) for name in writers}
        (temporary / MANIFEST).write_text(json.dumps(manifest, sort_keys=True), encoding="utf-8")
        if folder.exists() and read_entry(kind, key) is None:
            shutil.rmtree(folder, ignore_errors=True)
        # Another process may have put the same entry there in the meantime; it holds the same content.
        with contextlib.suppress(OSError):
            temporary.rename(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return folder


def read_entry(kind: str, key: str) -> pathlib.Path | None:
    """Return the folder of a whole and unbroken entry (every file has the digest of its manifest), else None."""
    folder = cache_folder() / kind / key
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        is_named = isinstance(manifest, dict) and bool(manifest)
        is_whole = is_named and all(_digest(folder / name) == digest for name, digest in manifest.items())
    except (OSError, ValueError):
        return None
    return folder if is_whole else None


def _digest(path: pathlib.Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
