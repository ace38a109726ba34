"""Which body a text of a ledger names: its title, its sheet, its file's name, who answers for it."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

from gunmane.ledgers.raw import Raw
from gunmane.municipalities import Region


def texts_of_ledger(raw: Raw, owner: str = "") -> list[str]:
    """Return what may name the body that keeps a ledger, the most telling first: who answers, file, title, sheet."""
    return [owner, raw.file, *(str(raw.told.get(key, "")) for key in ("title", "sheet"))]


def named_body(texts: list[str], region: Region) -> str:
    """
    Return the code of the one body of a region that the first telling text names, or "".

    A municipality goes before its prefecture; a text that names several says nothing, nor do those after it.
    """
    towns = {str(code): str(name) for code, name in region.municipalities["name_ja"].items()}
    prefectures = {code: region.name_of(code, "ja") for code in region.prefecture_codes}
    for text in texts:
        plain = unicodedata.normalize("NFKC", text)
        for bodies in (towns, prefectures):
            found = _named(plain, bodies)
            if found:
                return found[0] if len(found) == 1 else ""
    return ""


def named_town(texts: list[str], region: Region) -> str:
    """Return the code of the one municipality that texts name as `named_body` finds it, or ""."""
    code = named_body(texts, region)
    return code if code in region.municipalities.index else ""


def _named(text: str, bodies: Mapping[str, str]) -> list[str]:
    return sorted(code for code, name in bodies.items() if name in text)
