"""Which municipality each row of a table of totals is of, which rows count, and what is wrong with the others."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from gunmane import schema
from gunmane.ledgers.annual import bare_name, plain_digits
from gunmane.municipalities import Region, region_codes, region_names
from gunmane.scenario import Note

TOWN_LENGTH = 5
_CODE = re.compile(r"\d{4,6}")
_BODY = re.compile(r"[都道府県市町村区]$")
_SUM = re.compile(r"合計|総計|小計|^計$|.計$|総数|平均|全国")
_REMARK = re.compile(r"^[※*＊]|^[(（]?注|出典|資料")
SHOWN = 5


@dataclasses.dataclass(frozen=True)
class RowFault:
    """A fault of one cell of a table of totals, by our name of its column."""

    row: Any
    column: str
    value: str
    rule: str


@dataclasses.dataclass(frozen=True)
class Towns:
    """
    Whose each row is.

    Parameters
    ----------
    codes
        5-digit code of each row's municipality, "" where it is none of the region's or cannot be told.
    faults
        Rows whose municipality cannot be told.
    elsewhere, sums
        What rows of other municipalities, and sums and remarks, are called.
    """

    codes: pd.Series
    faults: tuple[RowFault, ...] = ()
    elsewhere: tuple[str, ...] = ()
    sums: tuple[str, ...] = ()

    def notes(self, file: str) -> list[Note]:
        """Return what to tell of the rows that are not of the region."""
        told = []
        for key, names in (("totals_other_towns", self.elsewhere), ("totals_sum_rows", self.sums)):
            if names:
                each = list(dict.fromkeys(name for name in names if name))
                more = "…" if len(each) > SHOWN else ""
                examples = ", ".join(each[:SHOWN]) + more
                told.append(Note.of(key, file=file, count=len(names), examples=examples or "-"))
        return told


def towns_of_rows(
    cells: Mapping[str, pd.Series], index: pd.Index, region: Region, *, is_published: bool
) -> Towns:
    """
    Return the municipality of each row by its code and its name, which must not contradict each other.

    Parameters
    ----------
    cells
        Texts by our name of the column: `muni_code`, `name`, `prefecture`; those that the table has.
    index
        Rows.
    region
        Municipalities that are looked for.
    is_published
        True for a table of all Japan: a row that cannot be told is then none of the region's, not a fault.
    """
    by_code, by_name = region_codes(region), region_names(region)
    empty = pd.Series("", index=index)
    homes = cells.get("prefecture", empty)
    # A prefecture's name stands on its first row only.
    homes = homes.where(homes != "").ffill().fillna("").map(bare_name)
    homes = homes.map(lambda name: by_name.get(name, "?") if name else "")
    codes: list[str] = []
    faults: list[RowFault] = []
    elsewhere: list[str] = []
    sums: list[str] = []
    table = zip(index, cells.get("muni_code", empty), cells.get("name", empty), homes, strict=True)
    for row, number, name, home in table:
        digits = plain_digits(number)
        code, word = by_code.get(digits, ""), bare_name(name)
        named = by_name.get(word, "")
        if home and named[:2] != home[:2]:
            named = ""
        hit, rule = _town(digits, code, named, word, region)
        codes.append(hit)
        if rule:
            faults.append(RowFault(row, "muni_code", f"{number} {name}".strip(), rule))
        elif not hit and (number or name):
            shown = str(name or number)
            if _SUM.search(word) or _REMARK.search(shown) or len(code) == len("29"):
                sums.append(shown)
            elif is_published or _CODE.fullmatch(digits) or _BODY.search(word):
                elsewhere.append(shown)
            else:
                faults.append(RowFault(row, "name" if name else "muni_code", shown, "totals_town_unknown"))
    found = pd.Series(codes, index=index, dtype="str")
    return Towns(found, tuple(faults), tuple(elsewhere), tuple(sums))


def _town(digits: str, code: str, named: str, word: str, region: Region) -> tuple[str, str]:
    """Return the municipality that code and name agree on, and the rule that they break where they do not."""
    if len(code) == TOWN_LENGTH:
        is_same = _is_called(word, region.name_of(code, "ja")) and named in {"", code}
        return (code, "") if is_same else ("", "totals_code_name")
    if len(named) != TOWN_LENGTH:
        return "", ""
    if not _CODE.fullmatch(digits):
        return named, ""
    # A town of another prefecture may have the same name: 府中市 lies in Tokyo and in Hiroshima.
    is_near = {digits.zfill(6)[:2], digits.zfill(5)[:2]} & set(region.prefecture_codes)
    return "", "totals_code_name" if is_near else ""


def _is_called(word: str, official: str) -> bool:
    """Whether a name may be another way to write that of a municipality: 曾爾村 and 奈良県曽爾村 are 曽爾村."""
    official = bare_name(official)
    if not word or not _BODY.search(word) or official in word:
        return True
    differing = sum(a != b for a, b in zip(word, official, strict=False))
    return len(word) == len(official) and differing <= 1


def settle_doubles(latest: pd.DataFrame, values: Sequence[str]) -> tuple[pd.DataFrame, list[RowFault]]:
    """
    Return one row a municipality: of rows that say the same the first, of rows that contradict each other none.

    Parameters
    ----------
    latest
        Newest rows with `muni_code` and `values`.
    values
        Columns that count.
    """
    faults: list[RowFault] = []
    kept: list[Any] = []
    for code, rows in latest.groupby("muni_code", sort=True):
        is_one = len(rows.drop_duplicates(list(values))) == 1
        kept += list(rows.index[:1]) if is_one else []
        rule = "totals_double" if is_one else "totals_double_differs"
        faults += [RowFault(row, "muni_code", str(code), rule) for row in rows.index[int(is_one) :]]
    return latest.loc[kept], faults


def newest_rows(table: pd.DataFrame) -> pd.DataFrame:
    """Return of each `muni_code` the rows of its newest `year`; without years all of them."""
    newest = table.groupby("muni_code")["year"].transform("max")
    return table[((table["year"] == newest) | newest.isna()).fillna(False).astype("bool")]


def rejects_of(faults: Sequence[RowFault], file: str) -> pd.DataFrame:
    """Return faults as `schema.REJECTS`, sorted."""
    rows = [
        {
            "source_file": file,
            "row": int(fault.row),
            "column": fault.column,
            "value": fault.value,
            "became": "",
            "rule": fault.rule,
            "advice_key": f"advice.{fault.rule}",
        }
        for fault in faults
    ]
    table = pd.DataFrame(rows, columns=schema.names("rejects"))
    table = table.astype({column.name: column.dtype for column in schema.REJECTS})
    return table.sort_values(["row", "rule", "column"], ignore_index=True)
