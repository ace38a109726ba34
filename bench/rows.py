"""The rows of the report: one method of one step, beside ours."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

from bench.measure import Timed

OURS = "gunmane"
# Parts of the engine step, as a command names them.
ENGINE_PARTS = ("1k", "10k", "regions", "100k", "moves", "gap")


@dataclasses.dataclass(frozen=True)
class Row:
    """
    One line of the comparison.

    Parameters
    ----------
    step
        What is done.
    method
        Who does it; `OURS` first in each step.
    timed
        Its seconds.
    output
        What came out, in words: counts, quality.
    note
        Where the output is not equal to ours, and how.
    """

    step: str
    method: str
    timed: Timed
    output: str = ""
    note: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return the row for a JSON file."""
        return {
            "step": self.step,
            "method": self.method,
            "wall_s": round(self.timed.wall_s, 4),
            "cpu_s": round(self.timed.cpu_s, 4),
            "state": self.timed.state,
            "extrapolated_from": round(1 / self.timed.factor, 6),
            "output": self.output,
            "note": self.note,
        }


@dataclasses.dataclass(frozen=True)
class Target:
    """
    A whole figure beside what it should stay under.

    Parameters
    ----------
    name, unit
        What is measured, in which unit.
    value
        Measured; None where it could not be, infinite where it was never reached.
    limit
        What it should not pass; None: told without a target.
    note
        What the figure holds.
    """

    name: str
    value: float | None
    limit: float | None
    unit: str
    note: str = ""

    @property
    def verdict(self) -> str:
        """Return "met", "missed", "not measured" or "" where there is no target."""
        if self.value is None:
            return "not measured"
        if self.limit is None:
            return ""
        return "met" if self.value <= self.limit else "missed"

    def as_dict(self) -> dict[str, Any]:
        """Return the figure for a JSON file."""
        value = None if self.value is None or not math.isfinite(self.value) else self.value
        return {**dataclasses.asdict(self), "value": value, "verdict": self.verdict}


def ratio_words(row: Row, ours: Row | None) -> str:
    """Say how a method's seconds stand to ours; CPU seconds, which a busy machine disturbs less."""
    if ours is None or row.method == OURS or row.timed.state == "failed" or ours.timed.state != "done":
        return ""
    if ours.timed.cpu_s <= 0:
        return ""
    times = row.timed.cpu_s / ours.timed.cpu_s
    sign = "> " if row.timed.state == "stopped" else ""
    return f"{sign}{times:.2g} x" if times < 10 else f"{sign}{times:,.0f} x"
