"""Which body a text of a ledger names: its title, its sheet, its file's name, who answers for it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from gunmane.ledgers.raw import Raw
from gunmane.municipalities import Region

# What follows the name of the first of several bodies: 宇陀市ほか3村.
OTHERS = r"\s*(ほか|外\s*\d|他\s*\d|他(市|町|村)|など|及び|および|・)"


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


def named_town(texts: list[str], region: Region) -> str:
    """Return the code of the one municipality that texts name as `named_body` finds it, or ""."""
    code = named_body(texts, region)
    return code if code in region.municipalities.index else ""


def _named(text: str, bodies: Mapping[str, str]) -> list[str]:
    return sorted(code for code, name in bodies.items() if name in text)
