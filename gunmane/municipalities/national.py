"""Every municipality of Japan with its borders, settlements and town hall, and how one is looked for."""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Iterable

import geopandas as gpd
import pandas as pd

from gunmane.cache import national_folder
from gunmane.municipalities.facts import CODES, LON_LAT
from gunmane.municipalities.prefectures import PREFECTURES_EN, PREFECTURES_JA

NORTHERN_TERRITORIES = "hoppo"
"""On the map of Japan, but no municipality that anything can be planned for."""
KATAKANA, HIRAGANA = range(0x30A1, 0x30F7), 0x60


@functools.cache
def _municipalities() -> gpd.GeoDataFrame:
    shapes = gpd.read_parquet(national_folder() / "municipalities.parquet").set_index("muni_code")
    halls = national_halls().reindex(shapes.index)
    return shapes.assign(name_kana=halls["name_kana"].fillna("")).to_crs(LON_LAT)


def load_municipalities() -> gpd.GeoDataFrame:
    """
    Return every municipality of Japan, longitude and latitude, indexed by `muni_code` (text, sorted).

    Columns: `pref_ja, name_ja, name_en, name_kana`; designated cities are one row each. The last row, `hoppo`, is the
    Northern Territories.
    """
    return _municipalities().copy()


@functools.cache
def national_halls() -> pd.DataFrame:
    """Return the town halls indexed by `muni_code`: `lg_code6, name_ja, name_kana, lat, lng`."""
    return pd.read_csv(national_folder() / "town_halls.csv", dtype=CODES, encoding="utf-8").set_index(
        "muni_code"
    )


def national_towns(codes: Iterable[str]) -> pd.DataFrame:
    """
    Return the settlements of some municipalities: `muni_code, town, koaza, lat, lng`, sorted.

    Parameters
    ----------
    codes
        5-digit codes; only their part of the file is read.
    """
    wanted = sorted(set(codes))
    return pd.read_parquet(
        national_folder() / "towns.parquet", filters=[("muni_code", "in", wanted)]
    ).reset_index(drop=True)


@functools.cache
def _zones() -> dict[str, int]:
    table = pd.read_csv(national_folder() / "zones.csv", dtype={"code": "str"}, encoding="utf-8")
    return {str(code): int(zone) for code, zone in zip(table["code"], table["zone"], strict=True)}


def plane_zone(code: str) -> int:
    """Return the number of the plane rectangular zone (1-19) of a municipality, by its code."""
    zones = _zones()
    # The longest code counts: a single town before its group, and the group before its prefecture.
    return next(zones[code[:length]] for length in range(len(code), 1, -1) if code[:length] in zones)


def find_municipalities(text: str, *, limit: int = 50) -> pd.DataFrame:
    """
    Return the municipalities that a text names, those whose name or reading begins with it first.

    Parameters
    ----------
    text
        Part of a name, of its reading (hiragana, katakana or roman letters), of a code, or the name of a prefecture;
        several words must all fit. Case and width make no difference. An empty text finds nothing.
    limit
        Most rows.

    Returns
    -------
    found
        Indexed by `muni_code`: `pref_ja, name_ja, name_en, name_kana`.
    """
    words = [_plain(word) for word in text.split()]
    table = _search_texts()
    if not words:
        return table.iloc[:0].drop(columns=["all", "starts"])
    fits = pd.Series(True, index=table.index)
    for word in words:
        fits &= table["all"].str.contains(word, regex=False)
    hits = table[fits]
    begins = hits["starts"].str.contains(f"|{words[-1]}", regex=False)
    order = hits.assign(rank=(~begins).astype(int)).sort_values("rank", kind="stable")
    return order.head(limit).drop(columns=["all", "starts", "rank"])


@functools.cache
def _search_texts() -> pd.DataFrame:
    table = pd.DataFrame(_municipalities().drop(columns="geometry")).drop(index=NORTHERN_TERRITORIES)
    prefectures = table.index.str[:2]
    names = [table["name_ja"], table["name_kana"], table["name_en"], table.index.to_series()]
    starts = "|" + names[0].str.cat(names[1:], sep="|")
    beside = [PREFECTURES_JA[code] + "|" + PREFECTURES_EN[code] for code in prefectures]
    texts = table.assign(starts=starts.map(_plain))
    return texts.assign(all=texts["starts"] + "|" + pd.Series(beside, index=table.index).map(_plain))


def _plain(text: str) -> str:
    """Return a text in small, half-width letters and hiragana, the small ヶ of names as け."""
    folded = unicodedata.normalize("NFKC", text).casefold().replace("ヶ", "ケ")
    return "".join(chr(ord(c) - HIRAGANA) if ord(c) in KATAKANA else c for c in folded)
