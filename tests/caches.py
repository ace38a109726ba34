"""A cache folder of a test's own in which only the compiled loops are shared: compiling them takes half a minute."""

from __future__ import annotations

import contextlib
import pathlib

import pytest

from gunmane.solver import compiled


def new_cache(factory: pytest.TempPathFactory) -> pathlib.Path:
    """
    Return an empty cache folder that shares the compiled loops.

    Parameters
    ----------
    factory
        Makes the folder.
    """
    return share_loops(factory.mktemp("cache"))


def share_loops(folder: pathlib.Path) -> pathlib.Path:
    """
    Let loops that were compiled for this state of the code, here or by another test, be found in a cache folder.

    Parameters
    ----------
    folder
        The cache folder; made where it is not there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if not compiled.IS_COMPILED:
        return folder
    import numba

    loops = pathlib.Path(numba.config.CACHE_DIR)
    loops.mkdir(parents=True, exist_ok=True)
    # Windows lets only some users link; the loops are then compiled once more.
    with contextlib.suppress(OSError):
        (folder / loops.name).symlink_to(loops, target_is_directory=True)
    return folder
