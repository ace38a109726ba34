"""In which order the parts of a plan join, and where one step ends and the next begins."""

from __future__ import annotations

import dataclasses
import functools
import itertools
from collections.abc import Callable, Iterable, Sequence

from gunmane.rollout.course import Course

Tally = tuple[int, int, float]
# How many unfinished orders are carried on side by side.
BEAM_WIDTH = 4
HOURS_DECIMALS = 6
SHARE_DECIMALS = 9


@dataclasses.dataclass(frozen=True)
class Branch:
    """
    The beginning of an order.

    Parameters
    ----------
    order
        Parts in the order in which they join.
    now
        Rules broken beyond those of the plan, orders and travel hours once they have joined.
    path
        The same three, summed over every beginning of this one: what is smaller brings its benefit earlier.
    tallies
        `now` after each part, the first before any has joined.
    """

    order: tuple[int, ...]
    now: Tally
    path: Tally
    tallies: tuple[Tally, ...]

    @functools.cached_property
    def joined(self) -> frozenset[int]:
        """Parts that have joined."""
        return frozenset(self.order)

    @property
    def key(self) -> tuple[Tally, tuple[int, ...]]:
        """What branches of one length are ranked by."""
        return self.path, self.order


def joining_order(course: Course, say: Callable[[float], bool]) -> tuple[Branch, bool]:
    """
    Return the order with the fewest rules broken, then orders, then travel hours, summed over its beginnings.

    A bundle that has begun is completed before another begins, unless that breaks a rule: a small start.

    Parameters
    ----------
    course
        The plan, part by part.
    say
        Told the part that is done (0-1); False ends the search: what is missing then joins in the order of bundles.
    """
    start = today_tally(course)
    beam = [Branch((), start, (0, 0, 0.0), (start,))]
    total = len(course.parts)
    is_cancelled = False
    for length in range(total):
        is_cancelled = is_cancelled or not say(length / total)
        if is_cancelled:
            branch = beam[0]
            beam = [_with_part(course, branch, min(set(range(total)) - branch.joined))]
            continue
        found: dict[frozenset[int], Branch] = {}
        for branch in beam:
            for longer in _continuations(course, branch):
                known = found.get(longer.joined)
                if known is None or longer.key < known.key:
                    found[longer.joined] = longer
        beam = sorted(found.values(), key=lambda branch: branch.key)[:BEAM_WIDTH]
    return beam[0], is_cancelled


def today_tally(course: Course) -> Tally:
    """Return no broken rule, and the orders and travel hours of today; hours that are not known count as none."""
    orders = sum(course.has_work(numbers) for numbers in course.parts_of_area.values())
    return 0, orders, round(sum(course.known_hours(part) for part in course.parts), HOURS_DECIMALS)


def _continuations(course: Course, branch: Branch) -> list[Branch]:
    """Return a branch continued by each part that may be next: of begun bundles, else, or if rules break, of all."""
    begun = {course.parts[i].bundle_id for i in branch.joined}
    missing = [i for i in range(len(course.parts)) if i not in branch.joined]
    first = [_with_part(course, branch, i) for i in missing if course.parts[i].bundle_id in begun]
    if any(longer.now[0] <= branch.now[0] for longer in first):
        return first
    rest = [_with_part(course, branch, i) for i in missing if course.parts[i].bundle_id not in begun]
    return first + rest


def _with_part(course: Course, branch: Branch, number: int) -> Branch:
    part = course.parts[number]
    here = course.lands[part.bundle_id].parts
    before, after = branch.joined & here, (branch.joined & here) | {number}
    breaks, orders, hours = branch.now
    if before:
        breaks -= course.new_breaks(before)
        orders -= course.stage(before).is_order
        hours -= course.stage(before).travel_hours
    breaks += course.new_breaks(after)
    orders += course.stage(after).is_order
    hours += course.stage(after).travel_hours - course.known_hours(part)
    rest = course.parts_of_area[part.area] - branch.joined
    orders -= course.has_work(rest) - course.has_work(rest - {number})
    now = (breaks, orders, round(hours, HOURS_DECIMALS))
    path = (branch.path[0] + now[0], branch.path[1] + now[1], round(branch.path[2] + now[2], HOURS_DECIMALS))
    return Branch((*branch.order, number), now, path, (*branch.tallies, now))


def step_ends(tallies: Sequence[Tally], shares: Sequence[float], most_share: float) -> list[int]:
    """
    Return after how many parts each step ends.

    Parameters
    ----------
    tallies
        Rules broken, orders and hours before the first part and after each.
    shares
        Share of the plan's work that each part brings (0-1).
    most_share
        Most that one step should bring; a part that is larger is a step by itself.

    Returns
    -------
    ends
        With the fewest rules broken at the ends of steps, then the least work above `most_share`, then the fewest
        steps, then the fewest orders and hours, summed over the steps.
    """
    done = [0.0, *itertools.accumulate(shares)]
    best: list[tuple[tuple[float, ...], list[int]]] = [((0.0,) * 5, [])]
    for end in range(1, len(tallies)):
        breaks, orders, hours = tallies[end]
        ways = []
        for start in range(end):
            above = round(max(done[end] - done[start] - most_share, 0.0), SHARE_DECIMALS)
            cost = (breaks, above, 1, orders, hours)
            ways.append((_added(best[start][0], cost), [*best[start][1], end]))
        best.append(min(ways))
    return best[-1][1]


def _added(one: Iterable[float], other: Iterable[float]) -> tuple[float, ...]:
    return tuple(round(a + b, HOURS_DECIMALS) for a, b in zip(one, other, strict=True))
