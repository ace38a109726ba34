"""A mixed-integer program that grows row by row, solved by HiGHS."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import time
from collections.abc import Callable, Iterator, Sequence

import highspy
import numpy as np

from gunmane.solver.problem import Array

# How far a row or a whole number may be missed.
FEASIBILITY = 1e-9


@dataclasses.dataclass(frozen=True, eq=False)
class Sum:
    """A linear expression: columns, what each counts, and a constant; `is_whole` where it takes whole values."""

    columns: Array
    values: Array
    constant: float = 0.0
    is_whole: bool = False

    def dense(self, size: int) -> Array:
        """Return what each of `size` columns counts."""
        return np.bincount(self.columns, weights=self.values, minlength=size)


@dataclasses.dataclass(frozen=True, eq=False)
class Answer:
    """
    What a solve found.

    Parameters
    ----------
    bound
        No solution lies below; minus infinity where nothing is known.
    solutions
        Value of each column in every solution met, the best one last; empty where none was met.
    """

    bound: float
    solutions: tuple[Array, ...]


class Program:
    """
    Columns and rows of one program, and the nodes and the time that all its solves may take together.

    Parameters
    ----------
    node_limit
        Nodes of the search trees.
    time_limit_s
        Seconds; infinite sets no limit.
    tell
        Asked now and then while a solve runs; False ends it.
    """

    def __init__(self, node_limit: int, time_limit_s: float, tell: Callable[[], bool]) -> None:
        self.size = 0
        self.nodes = 0
        self._row_count = 0
        self._node_limit = node_limit
        self._deadline = time.monotonic() + time_limit_s
        self._whole: list[Array] = []
        self._high: list[Array] = []
        self._met: list[Array] = []
        self._is_closed = np.zeros(0, dtype=bool)
        self._tell = tell
        self._rows: list[tuple[float, float, Array, Array]] = []
        self._highs = highspy.Highs()
        self._highs.silent()
        for name, value in {
            # One thread: the same tree on every machine.
            "threads": 1,
            "random_seed": 0,
            "mip_rel_gap": 0.0,
            "mip_abs_gap": FEASIBILITY,
            "mip_feasibility_tolerance": FEASIBILITY,
            "primal_feasibility_tolerance": FEASIBILITY,
        }.items():
            self._highs.setOptionValue(name, value)
        self._highs.cbMipSolution.subscribe(self._meet)
        self._highs.cbMipInterrupt.subscribe(self._listen)

    def _meet(self, event: highspy.HighsCallbackEvent) -> None:
        self._met.append(np.array(event.data_out.mip_solution))

    def _listen(self, event: highspy.HighsCallbackEvent) -> None:
        if not self._tell():
            event.interrupt()

    @property
    def row_count(self) -> int:
        """Rows asked for so far."""
        return self._row_count

    @property
    def seconds_left(self) -> float:
        """Seconds left up to the present limit; infinite without one."""
        return max(0.0, self._deadline - time.monotonic())

    @property
    def is_open(self) -> bool:
        """Whether the limits allow another solve."""
        return self.nodes < self._node_limit and self.seconds_left > 0

    @contextlib.contextmanager
    def limited(self, share: float) -> Iterator[None]:
        """Let no more than a share of the nodes and seconds left be spent inside a `with` block."""
        outer = self._node_limit, self._deadline
        self._node_limit = self.nodes + math.ceil(share * (outer[0] - self.nodes))
        self._deadline = time.monotonic() + share * self.seconds_left
        try:
            yield
        finally:
            self._node_limit, self._deadline = outer

    def add_columns(self, count: int, *, high: float = 1.0, is_whole: bool = False) -> Array:
        """Return the numbers of new columns from 0 to `high`."""
        self._highs.addVars(count, np.zeros(count), np.full(count, high))
        added = np.arange(self.size, self.size + count, dtype=np.int32)
        self.size += count
        self._high.append(np.full(count, high))
        if is_whole:
            self._whole.append(added)
        return added

    def add_row(
        self, low: float, high: float, columns: Sequence[int] | Array, values: Sequence[float] | Array
    ) -> None:
        """Ask `low <= sum <= high` of columns, each named once."""
        self._row_count += 1
        self._rows.append((low, high, np.asarray(columns, dtype=np.int32), np.asarray(values, dtype=float)))

    def bind(self, part: Sum, *, high: float) -> None:
        """Ask that an expression does not pass a value."""
        dense = part.dense(self.size)
        used = np.flatnonzero(dense)
        if len(used):
            self.add_row(-math.inf, high - part.constant, used, dense[used])

    def least(self, part: Sum) -> float:
        """Return a value that an expression cannot pass, from the limits of its columns alone."""
        dense = part.dense(self.size)
        below = dense < 0
        return part.constant + float(dense[below] @ np.concatenate(self._high)[below])

    @contextlib.contextmanager
    def closed(self, columns: Array) -> Iterator[None]:
        """Fix columns at 0 inside a `with` block and open them again; with none, what is fixed in it stays so."""
        self.close(columns[:0])
        before = self._is_closed.copy()
        self.close(columns)
        try:
            yield
        finally:
            if len(columns):
                again = np.flatnonzero(self._is_closed & ~before)
                self._is_closed = before
                self._set_high(again, np.concatenate(self._high)[again])

    def close(self, columns: Array) -> None:
        """Fix columns at 0."""
        if len(self._is_closed) < self.size:
            self._is_closed = np.append(
                self._is_closed, np.zeros(self.size - len(self._is_closed), dtype=bool)
            )
        self._is_closed[columns] = True
        self._set_high(columns, np.zeros(len(columns)))

    def _set_high(self, columns: Array, values: Array) -> None:
        if len(columns):
            lows = np.zeros(len(columns))
            self._highs.changeColsBounds(len(columns), columns.astype(np.int32), lows, values)

    def relaxed(self, part: Sum) -> tuple[float, Array] | None:
        """
        Return the least value where fractions are allowed, and what it rises at least with each column at 1.

        The rise is 0 where nothing is known of it, so for every column that takes fractions; None stands for no answer.
        """
        self._prepare(part, is_whole=False)
        self._set_limits()
        self._highs.run()
        if self._highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            return None
        value = self._highs.getInfo().objective_function_value + part.constant
        rise = np.zeros(self.size)
        whole = np.concatenate(self._whole)
        rise[whole] = np.maximum(np.array(self._highs.getSolution().col_dual)[whole], 0.0)
        return value, rise

    def solved(self, part: Sum, start: tuple[Array, Array] | None) -> Answer:
        """
        Return the least value of an expression.

        Parameters
        ----------
        part
            What to make small.
        start
            Columns and values of a known solution, the others left open; None for none.
        """
        self._prepare(part, is_whole=True)
        self._set_limits()
        if start is not None:
            columns, values = start
            self._highs.setSolution(len(columns), columns.astype(np.int32), values.astype(float))
        self._highs.run()
        info, met = self._highs.getInfo(), self._met
        self._met = []
        self.nodes += max(1, int(info.mip_node_count))
        if info.primal_solution_status != highspy.kSolutionStatusFeasible:
            # Without a solution the bound is taken as unknown, whatever the reason.
            return Answer(-math.inf, tuple(met))
        best = np.array(self._highs.getSolution().col_value)
        return Answer(float(info.mip_dual_bound) + part.constant, (*met, best))

    def _prepare(self, part: Sum, *, is_whole: bool) -> None:
        if self._rows:
            starts = np.cumsum([0, *(len(row[2]) for row in self._rows)])
            self._highs.addRows(
                len(self._rows),
                np.array([row[0] for row in self._rows]),
                np.array([row[1] for row in self._rows]),
                int(starts[-1]),
                starts[:-1].astype(np.int32),
                np.concatenate([row[2] for row in self._rows]),
                np.concatenate([row[3] for row in self._rows]),
            )
            self._rows = []
        everything = np.arange(self.size, dtype=np.int32)
        self._highs.changeColsCost(self.size, everything, part.dense(self.size))
        kind = highspy.HighsVarType.kInteger if is_whole else highspy.HighsVarType.kContinuous
        for columns in self._whole:
            self._highs.changeColsIntegrality(len(columns), columns, np.full(len(columns), kind))

    def _set_limits(self) -> None:
        self._highs.setOptionValue("mip_max_nodes", max(1, self._node_limit - self.nodes))
        # HiGHS counts the seconds of all its runs.
        self._highs.setOptionValue("time_limit", self._highs.getRunTime() + self.seconds_left)
