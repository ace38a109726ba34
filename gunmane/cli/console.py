"""What the command writes: aligned tables, a bar on a terminal, one sentence for an error."""

from __future__ import annotations

import io
import re
import shutil
import sys
import time
from collections.abc import Callable, Sequence

from gunmane.exports.words import text_width
from gunmane.i18n import catalogue

BAR_WIDTH = 24
REDRAW_SECONDS = 0.1
GAP = "  "
# Columns of a line where nobody looks through a terminal, and the least that can be read.
PLAIN_WIDTH, LEAST_WIDTH = 100, 40
# A word of Latin letters stays whole; Japanese may break between any two characters but these.
TOKEN = re.compile(r"[!-~]+ *|\s|.", re.DOTALL)
NO_START, NO_END = frozenset("、。，．・：；？！）」』】〉》ー…々"), frozenset("（「『【〈《")


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


def terminal_width() -> int:
    """Return how many columns a line has: those of the terminal, 100 in a pipe."""
    return max(LEAST_WIDTH, shutil.get_terminal_size((PLAIN_WIDTH, 24)).columns)


def tell_wrapped(text: str, *, first: str = "", rest: str | None = None) -> None:
    """
    Write a text in lines as wide as the terminal.

    Parameters
    ----------
    text
        What to write.
    first
        What its first line begins with.
    rest
        What further lines begin with; None: blanks as wide as `first`.
    """
    further = " " * text_width(first) if rest is None else rest
    for number, line in enumerate(wrapped(text, terminal_width() - text_width(first))):
        tell((further if number else first) + line)


def wrapped(text: str, width: int) -> list[str]:
    """Return a text cut into lines of at most `width` columns; only a longer word than that stays whole."""
    lines, line, used = [], "", 0
    for token in _tokens(text):
        size = text_width(token.rstrip(" "))
        if line and used + size > width:
            lines.append(line.rstrip())
            line, used, token = "", 0, token.lstrip()
        line += token
        used += text_width(token)
    return [*lines, line.rstrip()]


def _tokens(text: str) -> list[str]:
    """Parts that no line break divides: closing marks stay with what they close, opening ones with what follows."""
    tokens: list[str] = []
    for part in TOKEN.findall(text):
        if tokens and (part[0] in NO_START or tokens[-1][-1] in NO_END):
            tokens[-1] += part
        else:
            tokens.append(part)
    return tokens


def cut(text: str, width: int) -> str:
    """Return a text on one line in at most `width` columns; what is longer ends in "…"."""
    line = " ".join(text.split())
    if text_width(line) <= width:
        return line
    while line and text_width(line) > width - 2:
        line = line[:-1]
    return f"{line}…"


def tell_table(
    header: Sequence[str], rows: Sequence[Sequence[str]], *, numbers: Sequence[int] = (), indent: str = ""
) -> None:
    """
    Write a table whose columns are aligned also where text is full-width.

    Parameters
    ----------
    header, rows
        Texts.
    numbers
        Columns that are aligned to the right.
    indent
        What each line begins with.
    """
    lines = [list(header), *[list(row) for row in rows]]
    widths = [max(text_width(line[i]) for line in lines) for i in range(len(header))]
    for number, line in enumerate(lines):
        cells = [_padded(text, widths[i], is_right=i in numbers) for i, text in enumerate(line)]
        tell((indent + GAP.join(cells)).rstrip())
        if number == 0:
            tell(indent + GAP.join("-" * width for width in widths))


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
