"""ほかの市町村で組む: any municipalities of Japan, found by name, reading, prefecture or code, become a region."""

from __future__ import annotations

import streamlit as st

from app_pages import session
from app_pages.session import tr
from gunmane.municipalities import (
    find_region,
    load_municipalities,
    load_regions,
    own_region_id,
    towns_without_totals,
)
from gunmane.municipalities.national import NORTHERN_TERRITORIES
from gunmane.municipalities.own import MAX_MUNICIPALITIES
from gunmane.municipalities.prefectures import PREFECTURES_EN

FIELD = "own_municipalities"


def show_form() -> None:
    """Show the form folded; open, the municipalities to choose from, and the way on with those chosen."""
    title = f"**{tr('own_region.title')}**: {tr('own_region.lead')}"
    form = st.expander(title, key="own_region_form", on_change="rerun")
    if not form.open:
        # 1,741 names are sent to the browser only when somebody wants them.
        return
    with form:
        chosen = _choice()
        if len(chosen) > MAX_MUNICIPALITIES:
            st.info(tr("own_region.too_many", most=MAX_MUNICIPALITIES, count=len(chosen)))
        elif chosen:
            _way_on(chosen)
        else:
            st.caption(tr("own_region.how"))


def _choice() -> list[str]:
    """Return the codes chosen; at first those of the region that is open, where it is one of these."""
    labels = _labels(session.lang())
    if FIELD not in st.session_state:
        st.session_state[FIELD] = _open_codes()
    chosen: list[str] = st.multiselect(
        tr("own_region.choose"),
        list(labels),
        format_func=lambda code: labels[code],
        key=FIELD,
        placeholder=tr("own_region.placeholder"),
        select_all=False,
        persist_state="session",
    )
    return chosen


def _open_codes() -> list[str]:
    place = session.region()
    if place is None or place.region_id in set(load_regions()["region_id"]):
        return []
    return list(place.municipalities.index)


def _way_on(chosen: list[str]) -> None:
    """Say what is known of the municipalities chosen, and open them as a region."""
    place = find_region(own_region_id(chosen))
    lacking = towns_without_totals(place)
    name = place.name_ja if session.lang() == "ja" else place.name_en
    said = [tr("own_region.chosen", name=name, count=len(chosen))]
    apart = dict(place.remarks).get("own_region_apart")
    if apart is not None:
        said.append(tr("own_region.apart", names=apart[f"names_{session.lang()}"]))
    if lacking:
        names = tr("word.list_sep").join(place.name_of(code, session.lang()) for code in lacking)
        said.append(tr("own_region.will_need", names=names))
    else:
        said.append(tr("own_region.ready"))
    st.markdown("  \n".join(said))
    if st.button(tr("own_region.go"), type="primary", key="own_region_go"):
        session.go("data" if lacking else "region", place.region_id)


@st.cache_data(show_spinner=False)
def _labels(lang: str) -> dict[str, str]:
    """Return name, reading, prefecture and code of each municipality: typing any of them finds it."""
    table = load_municipalities().drop(index=NORTHERN_TERRITORIES)
    # The search of the field puts first what begins a word: hence the blanks before each name and reading.
    if lang == "ja":
        rows = zip(table.index, table["name_ja"], table["name_kana"], table["pref_ja"], strict=True)
        return {code: f"{name} {kana}（{prefecture} {code}）" for code, name, kana, prefecture in rows}
    rows = zip(table.index, table["name_en"], table["name_ja"], table.index.str[:2], strict=True)
    return {
        code: f"{name} {name_ja} ({PREFECTURES_EN[prefecture].removesuffix(' Prefecture')} {code})"
        for code, name, name_ja, prefecture in rows
    }
