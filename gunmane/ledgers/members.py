"""Grades of parts: headings that name a part of the asset, themselves or by the column beside them."""

from __future__ import annotations

import collections
import functools
import itertools
import re

from gunmane.ledgers.headings import plain, vocabulary

# What a reader adds to a heading that stood there before: 判定 (2).
REPEATED = re.compile(r" \(\d+\)$")


def is_part(heading: str, headings: tuple[str, ...] = ()) -> bool:
    """
    Whether a grade is that of a part (主桁) and not of the whole (橋全体).

    Parameters
    ----------
    heading
        Heading of the grade.
    headings
        All headings of the file in their order: of 主桁, 判定, 床版, 判定 each 判定 is that of the part before it.
    """
    text, known = plain(heading), vocabulary()
    if any(word in text for word in known.whole):
        return False
    return any(word in text for word in known.part) or heading in _beside_parts(headings)


@functools.lru_cache(maxsize=8)
def _beside_parts(headings: tuple[str, ...]) -> frozenset[str]:
    """Return the headings that repeat, at least two of them right of a part's name and within the same distance."""
    groups = collections.defaultdict[str, list[int]](list)
    for at, heading in enumerate(headings):
        groups[REPEATED.sub("", heading)].append(at)
    found: set[str] = set()
    for places in groups.values():
        if len(places) > 1:
            width = min(after - before for before, after in itertools.pairwise(places))
            beside = [at for at in places if any(map(is_part, headings[max(at - width + 1, 0) : at]))]
            found |= {headings[at] for at in beside} if len(beside) > 1 else set()
    return frozenset(found)
