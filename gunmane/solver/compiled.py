"""Loops that numba compiles where it is installed, and that run as plain Python, slower, where it is not."""

from __future__ import annotations

import hashlib
import os
import pathlib
from collections.abc import Callable
from typing import Any, TypeVar

from gunmane.cache import cache_folder

Function = TypeVar("Function", bound=Callable[..., Any])
Decorator = Callable[[Function], Function]

# "1" runs every loop as plain Python: for reading what a loop does, and for machines where numba fails.
PLAIN_SWITCH = "GUNMANE_PLAIN_LOOPS"
KERNELS = pathlib.Path(__file__).parent / "kernels"


def _as_it_is(function: Function) -> Function:
    return function


def _decorators() -> tuple[Decorator, Decorator, bool]:
    if os.environ.get(PLAIN_SWITCH) == "1":
        return _as_it_is, _as_it_is, False
    try:
        import numba
    except ImportError:
        return _as_it_is, _as_it_is, False
    # numba does not see that a loop inlined from another file has changed: each state of the files has its folder.
    config: Any = numba.config
    config.CACHE_DIR = str(cache_folder() / f"loops-{_digest()}")
    # No loop makes an array, so none needs its references counted; counting them takes most of the time.
    options: dict[str, Any] = {"cache": True, "nogil": True, "error_model": "numpy", "_nrt": False}
    # The arrays of a game are handed on by value: a call that is not inlined copies all their descriptions.
    njit: Any = numba.njit
    return njit(**options), njit(**options, forceinline=True), True


def _digest() -> str:
    found = hashlib.sha256()
    for path in sorted(KERNELS.glob("*.py")):
        found.update(path.read_bytes())
    return found.hexdigest()[:12]


compiled, inlined, IS_COMPILED = _decorators()
