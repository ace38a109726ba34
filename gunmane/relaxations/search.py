"""The smallest sets of relaxations: what hits every conflict, and the conflicts found by what still fails."""

from __future__ import annotations

from collections.abc import Callable, Sequence

Set = frozenset[int]

# Sets of more changes than this are no advice that a meeting could follow.
LARGEST_SET = 8


class SetSearch:
    """
    Search for the smallest sets of levers after which the rules hold.

    A conflict is a set of rules that cannot hold together even where all others give way. Whatever mends a plan
    frees a rule of every conflict, so the smallest sets that hit all known conflicts are tried first; one that
    fails shows another conflict (R. Reiter, A theory of diagnosis from first principles, Artificial Intelligence 32,
    1987). A conflict is made minimal by halving (U. Junker, QuickXplain, AAAI 2004).

    Parameters
    ----------
    frees
        Numbers of the rules that each lever frees; every rule is freed by some lever alone.
    holds
        Whether the rules hold after some levers are pulled as far as they go; it may raise to end the search,
        and `sets` and `conflicts` then hold what was found so far.
    most
        Sets wanted at most.
    """

    def __init__(self, frees: Sequence[Set], holds: Callable[[Set], bool], *, most: int) -> None:
        self._frees = list(frees)
        self._rules = sorted(frozenset().union(*frees))
        self._holds = holds
        self._most = most
        self._failed: set[Set] = set()
        self.sets: list[Set] = []
        self.conflicts: list[Set] = []

    def run(self) -> None:
        """
        Fill `sets` with the smallest sets of levers, all of one size, and `conflicts` with what they hit.

        It is known that the rules do not hold as they are, and that they hold where every lever is pulled.
        """
        self._learn(frozenset())
        while len(self.sets) < self._most:
            chosen = self._next()
            if chosen is None:
                break
            if self._holds(chosen):
                self.sets.append(chosen)
            elif self.sets and len(chosen) == 1:
                # Beside a known single lever another one costs one trial; its conflict would cost several.
                self._failed.add(chosen)
            else:
                self._learn(chosen)
        if not self.sets:
            self.sets.append(self._thinned())

    def _freed(self, levers: Set) -> Set:
        return frozenset().union(*(self._frees[lever] for lever in levers))

    def _pulled(self, rules: Set) -> Set:
        """Return every lever that frees none but the given rules."""
        return frozenset(i for i, freed in enumerate(self._frees) if freed <= rules)

    def _learn(self, levers: Set) -> None:
        """Add a conflict among the rules that a failing set leaves."""
        freed = self._freed(levers)
        kept = [rule for rule in self._rules if rule not in freed]
        conflict = frozenset(self._narrowed(frozenset(), kept, is_open=False)) if kept else frozenset()
        if conflict:
            self.conflicts.append(conflict)
        self._failed.add(levers)

    def _is_conflict(self, kept: Set) -> bool:
        return not self._holds(self._pulled(frozenset(self._rules) - kept))

    def _narrowed(self, beside: Set, rules: list[int], *, is_open: bool) -> list[int]:
        """Return which of the rules a conflict needs beside those given, rules that come first preferred."""
        if is_open and self._is_conflict(beside):
            return []
        if len(rules) == 1:
            return rules
        middle = (len(rules) + 1) // 2
        first, second = rules[:middle], rules[middle:]
        late = self._narrowed(beside | set(first), second, is_open=True)
        early = self._narrowed(beside | set(late), first, is_open=bool(late))
        return early + late

    def _next(self) -> Set | None:
        """Return the smallest untried set that hits every conflict and holds no set that was found."""
        sizes = [len(self.sets[0])] if self.sets else range(1, LARGEST_SET + 1)
        for size in sizes:
            found = self._hitting(frozenset(), size, set())
            if found is not None:
                return found
        return None

    def _hitting(self, chosen: Set, left: int, seen: set[Set]) -> Set | None:
        if chosen in seen or any(known <= chosen for known in self.sets):
            return None
        seen.add(chosen)
        freed = self._freed(chosen)
        open_ones = [conflict for conflict in self.conflicts if not conflict & freed]
        if not open_ones and chosen not in self._failed:
            return chosen
        if left == 0:
            return None
        # Where all are hit by a set that failed without showing a conflict, anything more may mend it.
        wanted = open_ones[0] if open_ones else frozenset(self._rules) - freed
        for lever, rules in enumerate(self._frees):
            if rules & wanted and lever not in chosen:
                found = self._hitting(chosen | {lever}, left - 1, seen)
                if found is not None:
                    return found
        return None

    def _thinned(self) -> Set:
        """Return a set from which no lever can be taken, from all of them."""
        left = frozenset(range(len(self._frees)))
        for lever in sorted(left, reverse=True):
            if len(left) > 1 and self._holds(left - {lever}):
                left -= {lever}
        return left
