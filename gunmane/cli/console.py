"""What the command writes: aligned tables, a bar on a terminal, one sentence for an error."""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Callable, Sequence

from gunmane.exports.words import text_width
from gunmane.i18n import catalogue

BAR_WIDTH = 24
REDRAW_SECONDS = 0.1
GAP = "  "


def prepare_streams() -> None:
    """Let a character that the terminal does not know come out as a mark instead of an error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def tell(text: str = "") -> None:
    """Write one line of output."""
    sys.stdout.write(f"{text}\n")


def tell_error(text: str) -> None:
    """Write one line about an error; a bar that stands there is wiped first."""
    if sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K")
    sys.stderr.write(f"gunmane: {text}\n")


def tell_table(header: Sequence[str], rows: Sequence[Sequence[str]], *, numbers: Sequence[int] = ()) -> None:
    """
    Write a table whose columns are aligned also where text is full-width.

    Parameters
    ----------
    header, rows
        Texts.
    numbers
        Columns that are aligned to the right.
    """
    lines = [list(header), *[list(row) for row in rows]]
    widths = [max(text_width(line[i]) for line in lines) for i in range(len(header))]
    for number, line in enumerate(lines):
        cells = [_padded(text, widths[i], is_right=i in numbers) for i, text in enumerate(line)]
        tell(GAP.join(cells).rstrip())
        if number == 0:
            tell(GAP.join("-" * width for width in widths))


def _padded(text: str, width: int, *, is_right: bool) -> str:
    blank = " " * (width - text_width(text))
    return blank + text if is_right else text + blank


def progress_bar(lang: str, *, start: float = 0.0, end: float = 1.0) -> Callable[[float, str], bool]:
    """
    Return a progress callback: a bar on a terminal, nothing in a pipe.

    Parameters
    ----------
    lang
        Language of what is being done.
    start, end
        Part of the bar that this step fills (0-1).
    """
    if not sys.stderr.isatty():
        return lambda fraction, key: True
    drawn = {"at": 0.0}

    def draw(fraction: float, key: str) -> bool:
        now = time.monotonic()
        if now - drawn["at"] >= REDRAW_SECONDS:
            drawn["at"] = now
            done = start + (end - start) * min(max(fraction, 0.0), 1.0)
            full = round(BAR_WIDTH * done)
            what = catalogue(lang).get(key, catalogue(lang).get(f"progress.{key}", ""))
            bar = "#" * full + "." * (BAR_WIDTH - full)
            sys.stderr.write(f"\r\x1b[K[{bar}] {done:4.0%} {what}")
            sys.stderr.flush()
        return True

    return draw


def wipe_bar() -> None:
    """Take the bar away when the work is done."""
    if sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()
