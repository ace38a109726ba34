"""Where files lie and how they are written: the facts' folder, the user's cache, atomic writes."""

from __future__ import annotations

import contextlib
import os
import pathlib
import tempfile
from collections.abc import Iterator

import platformdirs


def data_folder() -> pathlib.Path:
    """
    Return the folder of the facts: `data/model_regions` of a checkout, else the copy inside the wheel.

    Raises
    ------
    FileNotFoundError
        If neither exists; the installation is broken.
    """
    package = pathlib.Path(__file__).resolve().parent
    for folder in (package.parent / "data" / "model_regions", package / "_data" / "model_regions"):
        if (folder / "regions.csv").is_file():
            return folder
    msg = f"the facts of the model regions are missing beside {package}; install gunmane again"
    raise FileNotFoundError(msg)


def cache_folder() -> pathlib.Path:
    """Return the user's cache folder for gunmane; `GUNMANE_CACHE` names another."""
    chosen = os.environ.get("GUNMANE_CACHE")
    folder = pathlib.Path(chosen) if chosen else pathlib.Path(platformdirs.user_cache_dir("gunmane", appauthor=False))
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
