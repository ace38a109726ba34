"""The code lists that stand beside PLATEAU's models: what the numbers in their attributes mean."""

from __future__ import annotations

import pathlib
import re
from collections.abc import Mapping

import pandas as pd
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import ParseError, parse

from gunmane.ledgers.files import MEGABYTE

# The only place where a model may point: the folder of code lists of its own download.
CODE_LIST = re.compile(r"\.\./\.\./codelists/([A-Za-z0-9_]{1,100}\.xml)")
GML = "{http://www.opengis.net/gml}"
MAX_BYTES = 4 * MEGABYTE
WORD = ".word"


def with_words(table: pd.DataFrame, code_spaces: Mapping[str, str], path: pathlib.Path) -> pd.DataFrame:
    """
    Return a table with a column of words beside each column of codes whose list is at hand.

    Parameters
    ----------
    table
        Codes as text.
    code_spaces
        Column -> where the model says that its code list is.
    path
        The model; only `../../codelists/NAME.xml` beside it is read, and only where it is there and sound.
    """
    words = {}
    for column in sorted(code_spaces):
        if column in table.columns and (known := code_words(path, code_spaces[column])):
            words[f"{column}{WORD}"] = table[column].map(known)
    return table.assign(**words)


def code_words(path: pathlib.Path, code_space: str) -> dict[str, str]:
    """
    Return code -> word of a code list, empty where it is not at hand, too large or broken.

    Parameters
    ----------
    path
        The model.
    code_space
        As the model gives it.
    """
    named = CODE_LIST.fullmatch(code_space)
    if named is None:
        return {}
    file = path.resolve().parent.parent.parent / "codelists" / named[1]
    try:
        if not file.is_file() or file.stat().st_size > MAX_BYTES:
            return {}
        root = parse(file, forbid_dtd=True).getroot()
    except (ParseError, DefusedXmlException, OSError, ValueError, LookupError):
        return {}
    entries = root.iter(f"{GML}Definition")
    pairs = [
        ((e.findtext(f"{GML}name") or "").strip(), (e.findtext(f"{GML}description") or "").strip())
        for e in entries
    ]
    return {code: word for code, word in pairs if code and word}
