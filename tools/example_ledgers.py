"""Ledgers as town halls keep them, made from the sample of a region: for pictures of the page データ."""

from __future__ import annotations

import io
import pathlib
import sys

import openpyxl
import pandas as pd

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from gunmane.municipalities import find_region  # noqa: E402
from gunmane.sample import load_sample  # noqa: E402

ROMAN = {"1": "Ⅰ", "2": "Ⅱ", "3": "Ⅲ", "4": "Ⅳ"}
ERAS = ((1989, "平成", 1988), (1926, "昭和", 1925), (1912, "大正", 1911), (1868, "明治", 1867))
TITLE = "橋梁台帳（作例）"


def example_ledgers(region_id: str, muni_code: str) -> dict[str, bytes]:
    """
    Return files by name: a workbook of bridges with a title over its headings, and a CP932 table of parks.

    Parameters
    ----------
    region_id
        Model region.
    muni_code
        Town whose sample rows are written down as its ledger, with a few of the faults that ledgers have.
    """
    region = find_region(region_id)
    assets = load_sample(region).assets
    own = assets[assets["muni_code"] == muni_code].to_crs(4326)
    town = region.name_of(muni_code, "ja")
    bridges = _bridges(own[own["sector"] == "bridge"])
    parks = _parks(own[own["sector"] == "park"], town)
    return {
        f"{town}橋梁台帳.xlsx": _book(bridges, f"{town} {TITLE}"),
        f"{town}公園一覧.csv": parks.to_csv(index=False).encode("cp932", "replace"),
    }


def era(year: object) -> str:
    """Return a western year as towns write it; "不明" where none is known."""
    if pd.isna(year):
        return "不明"
    number = int(str(year))
    name, zero = next((name, zero) for first, name, zero in ERAS if number >= first)
    return f"{name}{'元' if number - zero == 1 else number - zero}年"


def _bridges(rows: pd.DataFrame) -> pd.DataFrame:
    places = rows.geometry.representative_point()
    table = pd.DataFrame(
        {
            "橋梁番号": [f"B-{n:04d}" for n in range(1, len(rows) + 1)],
            "橋梁名": rows["name"].to_numpy(),
            "架設年度": [era(year) for year in rows["built_year"]],
            "橋長（m）": rows["length_m"].round(1).astype("str").to_numpy(),
            "判定区分": rows["condition_raw"]
            .astype("str")
            .map(lambda grade: ROMAN.get(grade, grade))
            .to_numpy(),
            "緯度": places.y.round(5).astype("str").to_numpy(),
            "経度": places.x.round(5).astype("str").to_numpy(),
            "備考": "",
        }
    )
    # Faults that every ledger has: another town's place, a year that cannot be, columns that changed places.
    table.loc[3, ["緯度", "経度"]] = ["34.2", "135.2"]
    table.loc[5, "架設年度"] = "昭和99年"
    table.loc[6, ["緯度", "経度"]] = table.loc[6, ["経度", "緯度"]].to_numpy()
    return table


def _parks(rows: pd.DataFrame, town: str) -> pd.DataFrame:
    places = rows.geometry.representative_point()
    return pd.DataFrame(
        {
            "公園名": rows["name"].to_numpy(),
            "所在地": town,
            "面積（ha）": (rows["area_m2"] / 10_000).round(2).to_numpy(),
            "緯度": places.y.round(5).to_numpy(),
            "経度": places.x.round(5).to_numpy(),
        }
    )


def _book(table: pd.DataFrame, title: str) -> bytes:
    book = openpyxl.Workbook()
    page = book.active
    page.title = "橋梁"
    page.append([title])
    page.append([])
    page.append(list(table.columns))
    for row in table.itertuples(index=False):
        page.append([None if cell == "" else str(cell) for cell in row])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
