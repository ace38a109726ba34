"""What a ledger says of a row beside our columns: its side, the asset it is a part of, whether it is in use."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gunmane.ledgers.annual import western_year
from gunmane.ledgers.headings import bare, match_headings
from gunmane.ledgers.profiles import Profile
from gunmane.ledgers.rounds import this_year

SIDE_HEADINGS = re.compile(r"(上下線?|上り下り|左右岸?|右岸左岸|岸|線路?方向|方向)(の?区分|の?別|種別|側)?")
SIDE = re.compile(r"(上り?|下り?|左岸?|右岸?|[東西南北]行き?|内回り?|外回り?|[東西南北])[側線]*")
STATE_HEADINGS = re.compile(
    r"(供用|使用|利用|運用|稼働|開設|開園|設置|整備|存廃|廃止|撤去|現在の?)?(の?状況|の?状態|区分|有無|フラグ|の別)|現況|現状|存廃|廃止|撤去|供用"
)
# In any column but a name these say by themselves that the asset is no more.
GONE = re.compile(r"撤去済み?|廃止済み?|供用廃止|廃橋(済み?)?|廃道|廃園|廃川|除却済み?")
GONE_STATE = re.compile(GONE.pattern + r"|廃止|撤去|除却|閉園|閉鎖済み?")
NOT_YET = re.compile(r"未(開設|供用|開園)|供用(開始)?前")
# Under other headings (整備状況, 現況) these may speak of a repair.
OPENING_HEADINGS = re.compile(r"(供用|開設|開園)((開始)?の?(状況|状態|区分|有無|フラグ|別))?")
NOT_YET_OPENED = re.compile(
    NOT_YET.pattern + r"|未(着手|整備|完成|設置)|(計画|建設|工事|施工|整備|事業)中|計画(のみ)?"
)
GONE_DATES = re.compile(r"(廃止|撤去|廃橋|廃園|廃道|除却|閉園)(した)?(年月日|年月|年度|年|日)")
TICKED_HEADINGS = re.compile(r"(廃止|撤去|除却)(済み?)?(フラグ)?")
TICKED = re.compile(r"[○◯〇●✓✔レ1有]|済み?|true", re.IGNORECASE)
# Headings of something beside the asset: an old bridge, a temporary one, a pipe along it, what was done.
OTHER_THING = re.compile(r"旧|仮設?橋|添架|占用|遊具|付属|附属|措置|対策|工事")
COMPACT_DATE = re.compile(r"^(\d{4})\d{4}$")
IN_USE = re.compile(r"供用中?|供用済み?|使用中|利用中|開設済み?|開園中|存続|現存|存")


def row_marks(table: pd.DataFrame, profile: Profile) -> dict[str, NDArray[Any]]:
    """
    Return what the rows of a ledger of assets say beside our columns; a column that says nothing is left out.

    Parameters
    ----------
    table
        The file's own columns.
    profile
        What they mean; other roles than "assets" give nothing.

    Returns
    -------
    columns
        `side` (上り, 左岸 … as written), `part_of` (a number that several rows share, where no column is the id),
        `out_of_use` ("abolished", "not_opened" or "") and `out_of_use_said` (the heading and the cell), texts each.
    """
    if profile.role != "assets" or table.empty:
        return {}
    marks = {"side": _sides(table), "part_of": _numbers(table, profile)}
    marks |= _uses(table, set(profile.columns.get("name", ())))
    return {name: texts for name, texts in marks.items() if (texts != "").any()}


def _sides(table: pd.DataFrame) -> NDArray[Any]:
    for at, heading in enumerate(table.columns):
        if SIDE_HEADINGS.fullmatch(bare(str(heading))):
            texts, codes = _texts(table.iloc[:, at])
            said = np.array([text if SIDE.fullmatch(text) else "" for text in texts], dtype=object)
            if (said != "").any():
                return np.asarray(said[codes])
    return np.full(len(table), "", dtype=object)


def _numbers(table: pd.DataFrame, profile: Profile) -> NDArray[Any]:
    headings = [str(column) for column in table.columns]
    names = match_headings(headings, profile.constants.get("sector", "")).get("asset_id", ())
    used = {name for listed in profile.columns.values() for name in listed}
    if "asset_id" in profile.columns or not names or names[0] in used:
        return np.full(len(table), "", dtype=object)
    texts, codes = _texts(table.iloc[:, headings.index(names[0])])
    return np.asarray(texts[codes])


def _uses(table: pd.DataFrame, names: set[str]) -> dict[str, NDArray[Any]]:
    """Return of each row whether it is in use no more or not yet; a state that says 供用中 goes before a date."""
    use, said = np.full(len(table), "", dtype=object), np.full(len(table), "", dtype=object)
    is_in_use = np.zeros(len(table), dtype=bool)
    for at, heading in enumerate(map(str, table.columns)):
        values = table.iloc[:, at]
        if heading in names or not (
            pd.api.types.is_string_dtype(values) or TICKED_HEADINGS.fullmatch(bare(heading))
        ):
            continue
        texts, codes = _texts(values)
        is_state = bool(STATE_HEADINGS.fullmatch(bare(heading)))
        rules = np.array([_use(bare(heading), text, is_state=is_state) for text in texts], dtype=object)
        is_in_use |= np.array([is_state and bool(IN_USE.fullmatch(text)) for text in texts], dtype=bool)[
            codes
        ]
        is_new = (use == "") & (rules != "")[codes]
        use[is_new] = rules[codes[is_new]]
        shown = np.array([f"{heading}: {text}" for text in texts], dtype=object)
        said[is_new] = shown[codes[is_new]]
    use[is_in_use], said[is_in_use] = "", ""
    return {"out_of_use": use, "out_of_use_said": said}


def _use(heading: str, text: str, *, is_state: bool) -> str:
    if (GONE.fullmatch(text) and not OTHER_THING.search(heading)) or (
        is_state and GONE_STATE.fullmatch(text)
    ):
        return "abolished"
    not_yet = NOT_YET_OPENED if OPENING_HEADINGS.fullmatch(heading) else NOT_YET
    if is_state and not_yet.fullmatch(text):
        return "not_opened"
    is_dated = GONE_DATES.fullmatch(heading) and _is_past(text)
    is_ticked = TICKED_HEADINGS.fullmatch(heading) and TICKED.fullmatch(text)
    return "abolished" if is_dated or is_ticked else ""


def _is_past(text: str) -> bool:
    """Whether a cell is a year or date that has been; 9999/12/31 and 00000000 stand for none in databases."""
    year = western_year(COMPACT_DATE.sub(r"\1", text))
    return year is not None and year <= this_year()


def _texts(values: pd.Series) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Return the distinct cells as they are compared, the last "" for missing ones, and the position of each row."""
    codes, distinct = pd.factorize(values, use_na_sentinel=True)
    texts = [
        "".join(unicodedata.normalize("NFKC", str(value)).split()).removesuffix(".0") for value in distinct
    ]
    return np.array([*texts, ""], dtype=object), np.asarray(codes)
