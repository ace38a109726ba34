"""Charts of a region, each with its figures in a table: condition by age, and a year's work by body and sector."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from app_pages import session, words
from app_pages.session import tr
from app_pages.table_files import offer_csv
from app_pages.tables import html_table
from gunmane import summaries
from gunmane.maps import OKABE_ITO
from gunmane.scenario import Ground, Plan
from gunmane.schema import SECTORS

if TYPE_CHECKING:
    import altair as alt

GRADES = (1, 2, 3, 4, 0)
GRADE_COLOURS = {1: "#0072B2", 2: "#56B4E9", 3: "#F5B700", 4: "#C4281A", 0: "#FFFFFF"}
"""As on the map; white with a line around it: no grade on record."""

SECTOR_COLOURS = {
    "road": OKABE_ITO[7],
    "bridge": OKABE_ITO[4],
    "tunnel": OKABE_ITO[3],
    "park": OKABE_ITO[2],
    "sewer": OKABE_ITO[6],
    "water": OKABE_ITO[1],
    "river": OKABE_ITO[0],
}
INK = "#1A1A1A"
FONT_PX = 14
ROW_PX = 36
AGE_PX = 330
UNITS = {"ja": (1e8, "chart.unit_1e8"), "en": (1e6, "chart.unit_1e6")}


def show_conditions(ground: Ground) -> None:
    """Show how old a sector's assets are and in which condition; what is not known is a class of its own."""
    there = [sector for sector in SECTORS if (ground.assets["sector"] == sector).any()]
    if not there:
        return
    sector = st.selectbox(
        tr("chart.sector"),
        there,
        index=there.index("bridge") if "bridge" in there else 0,
        format_func=lambda name: tr(f"sector.{name}"),
        key="chart_sector",
        width=240,
    )
    table = summaries.conditions_by_age(ground.assets, sector)
    name = tr(f"sector.{sector}")
    st.markdown(f"**{tr('chart.age_title', sector=name)}**")
    st.caption(tr("chart.age_lead"))
    st.altair_chart(age_chart(table), theme=None, alt=tr("chart.alt_age", sector=name))
    head, rows = age_table(table)
    st.html(html_table(head, rows, caption=tr("chart.as_table")))
    offer_csv(head, rows, name=f"condition_by_age_{sector}", key="age_csv")


def age_table(table: pd.DataFrame) -> tuple[list[str], list[list[str]]]:
    """Return heads and rows of `summaries.conditions_by_age` in words, the sum of a row last."""
    head = [tr("chart.decade"), *(tr(f"region.grade.{grade}") for grade in GRADES), tr("chart.all")]
    rows = [
        [_decade(decade), *(words.count(row[grade]) for grade in GRADES), words.count(row.sum())]
        for decade, row in table.iterrows()
    ]
    return head, rows


def age_chart(table: pd.DataFrame) -> alt.Chart:
    """Return bars of `summaries.conditions_by_age`: a decade each, parted by grade."""
    import altair as alt

    long = pd.DataFrame(
        [
            {"decade": _decade(decade), "grade": tr(f"region.grade.{grade}"), "order": GRADES.index(grade), "n": int(n)}
            for decade, row in table.iterrows()
            for grade, n in row.items()
        ]
    )  # fmt: skip
    grades = [tr(f"region.grade.{grade}") for grade in GRADES]
    chart = (
        alt.Chart(long)
        .mark_bar(stroke=INK, strokeWidth=0.6)
        .encode(
            x=alt.X("decade:N", sort=None, title=tr("chart.decade"), axis=alt.Axis(labelAngle=-40)),
            y=alt.Y("n:Q", title=tr("chart.count")),
            color=alt.Color(
                "grade:N",
                sort=grades,
                scale=alt.Scale(domain=grades, range=[GRADE_COLOURS[grade] for grade in GRADES]),
                legend=alt.Legend(title=None, orient="top", columns=3),
            ),
            order=alt.Order("order:Q"),
            tooltip=[
                alt.Tooltip("decade:N", title=tr("chart.decade")),
                alt.Tooltip("grade:N", title=tr("asset.condition")),
                alt.Tooltip("n:Q", title=tr("chart.count"), format=","),
            ],
        )
        .properties(height=AGE_PX)
    )
    return _plain(chart)


def _decade(decade: Any) -> str:
    if pd.isna(decade):
        return tr("chart.no_year")
    if decade == summaries.OLDEST_DECADE:
        return tr("chart.oldest")
    return tr("chart.decade_value", decade=int(decade))


def show_work(plan: Plan) -> None:
    """Show a year's work of each body by sector, with its range."""
    work = summaries.yearly_work(plan)
    if work.empty:
        return
    st.markdown(f"**{tr('chart.work_title')}**")
    st.caption(tr("chart.work_lead"))
    names = {code: plan.ground.region.name_of(code, session.lang()) for code in work["owner_code"].unique()}
    st.altair_chart(work_chart(work, names), theme=None, alt=tr("chart.alt_work"))
    head, rows = work_table(work, names)
    st.html(html_table(head, rows, caption=tr("chart.as_table")))
    offer_csv(*_work_figures(work, names), name="annual_work", key="work_csv")


def work_table(work: pd.DataFrame, names: dict[str, str]) -> tuple[list[str], list[list[str]]]:
    """Return heads and rows in words: a body each, its sectors (central) and its total with range."""
    sectors = [sector for sector in SECTORS if sector in set(work["sector"])]
    central = work.pivot_table(index="owner_code", columns="sector", values="annual_jpy", aggfunc="sum")
    sums = work.groupby("owner_code")[["annual_jpy", "annual_jpy_low", "annual_jpy_high"]].sum()
    head = [tr("chart.body"), *(tr(f"sector.{sector}") for sector in sectors), tr("chart.total")]
    rows = [
        [
            name,
            *("–" if pd.isna(value) else words.yen_short(value) for value in central.loc[code, sectors]),
            words.yen(*sums.loc[code], has_tax=False),
        ]
        for code, name in names.items()
    ]
    return head, rows


def _work_figures(
    work: pd.DataFrame, names: dict[str, str]
) -> tuple[list[str], list[list[str | float | None]]]:
    """Return heads and rows for a file: a body and sector each, in whole yen."""
    head = [tr("chart.body"), tr("asset.sector")]
    head += [f"{tr(f'chart.{name}')} (JPY)" for name in ("low", "central", "high")]
    rows: list[list[str | float | None]] = [
        [
            names[row.owner_code],
            tr(f"sector.{row.sector}"),
            round(row.annual_jpy_low),
            round(row.annual_jpy),
            round(row.annual_jpy_high),
        ]
        for row in work.itertuples()
    ]
    return head, rows


def work_chart(work: pd.DataFrame, names: dict[str, str]) -> alt.LayerChart:
    """Return bars of `summaries.yearly_work`: a body each, parted by sector, with the range of its total."""
    import altair as alt

    factor, unit = UNITS[session.lang()]
    amounts = ["annual_jpy", "annual_jpy_low", "annual_jpy_high"]
    told = work.assign(
        body=work["owner_code"].map(names),
        sector=work["sector"].map(lambda name: tr(f"sector.{name}")),
        order=work["sector"].map(SECTORS.index),
        **{name: work[name] / factor for name in amounts},
    )
    y = alt.Y("body:N", sort=list(names.values()), title=None)
    x = alt.X("annual_jpy:Q", title=tr("chart.amount", unit=tr(unit)))
    shown = [sector for sector in SECTORS if sector in set(work["sector"])]
    bars = (
        alt.Chart(told)
        .mark_bar(height=14, stroke=INK, strokeWidth=0.6)
        .encode(x=x, y=y, color=_sector_colours(shown), order=alt.Order("order:Q"), tooltip=_work_tooltip())
    )
    sums = told.groupby("body", sort=False)[amounts].sum().reset_index()
    spread = alt.Chart(sums).mark_rule(stroke=INK, strokeWidth=2)
    spread = spread.encode(x="annual_jpy_low:Q", x2="annual_jpy_high:Q", y=y)
    return _plain((bars + spread).properties(height=ROW_PX * len(names) + 90))


def _sector_colours(shown: list[str]) -> alt.Color:
    import altair as alt

    return alt.Color(
        "sector:N",
        scale=alt.Scale(
            domain=[tr(f"sector.{name}") for name in shown], range=[SECTOR_COLOURS[name] for name in shown]
        ),
        legend=alt.Legend(title=None, orient="top", columns=4),
    )


def _work_tooltip() -> list[alt.Tooltip]:
    import altair as alt

    words_of = {"body:N": "chart.body", "sector:N": "asset.sector"}
    amounts = {"annual_jpy": "chart.central", "annual_jpy_low": "chart.low", "annual_jpy_high": "chart.high"}
    return [
        *(alt.Tooltip(name, title=tr(key)) for name, key in words_of.items()),
        *(alt.Tooltip(f"{name}:Q", title=tr(key), format=",.2~f") for name, key in amounts.items()),
    ]


def _plain(chart: Any) -> Any:
    """Return a chart in the page's own letters, none smaller than the page's."""
    font = "Noto Sans CJK JP, Noto Sans JP, Yu Gothic UI, Hiragino Sans, Meiryo, sans-serif"
    return (
        chart.configure(font=font, background="#FFFFFF")
        .configure_axis(
            labelFontSize=FONT_PX, titleFontSize=FONT_PX, titleFontWeight="normal", labelColor=INK, titleColor=INK
        )
        .configure_legend(labelFontSize=FONT_PX, titleFontSize=FONT_PX, labelColor=INK, labelLimit=220)
        .configure_view(stroke=None)
    )  # fmt: skip
