"""Which body a text of a ledger names: its title, its sheet, its file's name, who answers for it."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Mapping

from gunmane.ledgers.raw import Raw
from gunmane.municipalities import Region, find_region, load_regions

# What follows the name of the first of several bodies: 宇陀市ほか3村.
OTHERS = r"\s*(ほか|外\s*\d|他\s*\d|他(市|町|村)|など|及び|および|・)"

# A municipality at the start of a title or file name, after a year, a prefecture and a county.
TOWN_AT_START = re.compile(
    r"[\d\s_.\-(【\[]*(?:(?:令和|平成|R|H)\s*(?:\d+|元)\s*年度?版?[\s_.\-]*)?"
    r"(?:北海道|東京都|[^\W\d_]{2,3}[府県])?(?:[^\W\d_]{1,4}郡)?"
    r"([一-龠々ぁ-んァ-ヶー]{1,5}?[市町村])(?![市町村街並計])"
)
# Words that end like one.
NO_TOWN = re.compile(
    r"^[都各全本旧元当同他新農山漁]の?[市町村]$|([市町]村|市町|中心市|(城下|門前|宿場|温泉)町)$"
)


def texts_of_ledger(raw: Raw, owner: str = "") -> list[str]:
    """Return what may name the body that keeps a ledger, the most telling first: who answers, file, title, sheet."""
    return [owner, raw.file, *(str(raw.told.get(key, "")) for key in ("title", "sheet"))]


def named_body(texts: list[str], region: Region) -> str:
    """
    Return the code of the one body of a region that the first telling text names, or "".

    A municipality goes before its prefecture; a text that names several (宇陀市ほか3村) says nothing, nor do those
    after it.
    """
    towns = {str(code): str(name) for code, name in region.municipalities["name_ja"].items()}
    prefectures = {code: region.name_of(code, "ja") for code in region.prefecture_codes}
    for text in texts:
        plain = unicodedata.normalize("NFKC", text)
        for bodies in (towns, prefectures):
            found = _named(plain, bodies)
            if found:
                is_one = len(found) == 1 and not re.search(re.escape(bodies[found[0]]) + OTHERS, plain)
                return found[0] if is_one else ""
    return ""


def other_town(texts: list[str], region: Region) -> str:
    """
    Return the municipality outside a region that the first telling text names, or "".

    The municipalities of other model regions are found anywhere in a text, others (吉野町橋梁台帳) at its start. A text
    with a municipality of the region says nothing, nor does a former town (大宇陀町) whose name the settlements bear.

    Parameters
    ----------
    texts
        As `texts_of_ledger`.
    region
        The region that the ledger is taken into.
    """
    ours = [str(name) for name in region.municipalities["name_ja"]]
    plain = [unicodedata.normalize("NFKC", text) for text in texts]
    if any(name in text for text in plain for name in ours):
        return ""
    for text in plain:
        known = sorted((name for name in _all_towns() if name in text), key=lambda name: (-len(name), name))
        found = TOWN_AT_START.match(text)
        named = known[0] if known else found.group(1) if found and not NO_TOWN.search(found.group(1)) else ""
        if named and not region.towns["town"].str.startswith(named[:-1]).any():
            return named
    return ""


@functools.cache
def _all_towns() -> frozenset[str]:
    """Names of the municipalities of all model regions."""
    return frozenset(
        str(name)
        for one in load_regions()["region_id"]
        for name in find_region(str(one)).municipalities["name_ja"]
    )


def named_town(texts: list[str], region: Region) -> str:
    """Return the code of the one municipality that texts name as `named_body` finds it, or ""."""
    code = named_body(texts, region)
    return code if code in region.municipalities.index else ""


def _named(text: str, bodies: Mapping[str, str]) -> list[str]:
    return sorted(code for code, name in bodies.items() if name in text)
