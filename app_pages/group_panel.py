"""A plan in figures and words: headline, rules, neighbouring numbers, notes, and the table of bundles."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app_pages import session, words
from app_pages.plan_map import labels_key
from app_pages.table_files import offer_csv
from app_pages.tables import check_list, figure_tiles, heading, html_table, swatch, window_bar
from gunmane.alternatives import neighbouring_counts
from gunmane.evidence import today_state
from gunmane.explain import bundle_places, is_window_undecided, note_sentence, rule_checklist
from gunmane.scenario import Plan, Scenario

PLACES_NAMED = 6
TODAY_KEPT = 32
COUNTS_KEPT = 64
SIZE_COLUMNS = ("verdict", "window", "work")
IMAGE_WIDTHS = {"label": 84, "window": 162}


def amount(value: float, plan: Plan) -> str:
    """Return an amount of a plan's work window in its measure: yen a year, or structures."""
    if plan.window["measure"] == "jpy":
        return words.yen(value, has_tax=False)
    return words.structures(value, plan.scenario.sectors)


def work_words(row: Any, plan: Plan) -> str:
    """Return the work of a bundle or plan: yen with range, and structures first where the window counts them."""
    yen = words.yen(row["annual_jpy"], row["annual_jpy_low"], row["annual_jpy_high"])
    if plan.window["measure"] == "jpy":
        return yen
    counted = words.structures(row["structure_count"], plan.scenario.sectors)
    return session.tr("group.structures_and_yen", structures=counted, yen=yen)


def show_summary(plan: Plan) -> DeltaGenerator:
    """Show headline, rules and notes; return the place between them for the neighbouring numbers of bundles."""
    st.html(figure_tiles(_headline(plan, _today(plan))))
    totals = plan.totals
    kinds = session.tr(
        "group.wide_and_multi", wide=totals["wide_area_count"], multi=totals["multi_sector_count"]
    )
    st.caption(kinds + session.tr("group.range_note", share=words.percent(totals["grade_e_share"])))
    st.caption(session.tr("notice.today"))
    st.html(heading(session.tr("group.checks")))
    st.html(check_list(_checks(plan)))
    place = st.container()
    st.html(heading(session.tr("group.notes")))
    sentences = [note_sentence(note, session.lang()) for note in plan.notes]
    st.markdown("\n".join(f"- {_plain(sentence)}" for sentence in sentences))
    return place


def _checks(plan: Plan) -> list[tuple[str, str, str]]:
    """Return the rules in words; where nearly every bundle is borderline that is said once, not end by end."""
    checks = rule_checklist(plan).to_dict("records")
    if not is_window_undecided(plan):
        return [check_words(plan, check) for check in checks]
    said = [check_words(plan, check) for check in checks if check["state"] != "borderline"]
    totals = plan.totals
    counts = {"count": words.count(totals["borderline"]), "all": words.count(totals["order_count"])}
    return [*said, ("borderline", session.tr("check.window_undecided", **counts), "")]


def _plain(text: str) -> str:
    """Keep names of files and bodies from being read as markup."""
    return "".join("\\" + sign if sign in "\\`*_[]<>#~$" else sign for sign in text)


def _today(plan: Plan) -> dict[str, float]:
    """Return the figures of today's state; rules do not change them, so they are kept from plan to plan."""
    choices = plan.scenario
    plain = Scenario(
        choices.region_id,
        choices.layer,
        choices.sectors,
        has_snow_removal=choices.has_snow_removal,
        assumption_overrides=choices.assumption_overrides,
    )

    def look() -> dict[str, float]:
        return today_state(plain, plan.ground).totals

    return session.remembered("today_totals", plain.fingerprint(), look, max_entries=TODAY_KEPT)


def _headline(plan: Plan, today: dict[str, float]) -> list[tuple[str, str, str]]:
    tr, totals, measure = session.tr, plan.totals, plan.window["measure"]
    yen = words.yen_short(totals["annual_jpy"])
    spread = tr("group.spread", range=words.yen_spread(totals["annual_jpy_low"], totals["annual_jpy_high"]))
    tiles = [
        (
            tr("group.orders"),
            tr("group.pieces", count=words.count(totals["order_count"])),
            tr("group.now", value=tr("group.pieces", count=words.count(today["order_count"]))),
        ),
        (tr("group.work_year"), yen, spread),
        (
            tr("group.off_window"),
            tr("group.pieces", count=words.count(totals["below_floor"] + totals["above_ceiling"])),
            tr("group.borderline_count", count=words.count(totals["borderline"])),
        ),
        (
            tr("group.travel_year"),
            words.hours(totals["travel_hours"]),
            tr("group.now", value=words.hours(today["travel_hours"])),
        ),
        (
            tr("group.onsite_year"),
            words.hours(totals["onsite_hours"]),
            tr("group.crew_hours"),
        ),
        (
            tr("group.farthest"),
            words.minutes(totals["farthest_min"]),
            tr("group.now", value=words.minutes(today["farthest_min"])),
        ),
    ]
    if measure == "structures":
        tiles[1] = (
            words.structures_name(plan.scenario.sectors),
            words.structures(totals["structure_count"], plan.scenario.sectors),
            tr("group.yen_spread", yen=yen, spread=spread),
        )
    return tiles


def check_words(plan: Plan, check: dict[str, Any]) -> tuple[str, str, str]:
    """Return (state, sentence, where) of one rule of a checklist."""
    tr = session.tr
    rule, state = str(check["rule"]), str(check["state"])
    is_size = rule in {"floor", "ceiling", "side_floor", "side_ceiling"}
    say = amount_words(plan, rule, str(check["column"]))
    limit = say(check["limit"]) if not pd.isna(check["limit"]) else ""
    found = say(check["amount"]) if not pd.isna(check["amount"]) else words.unknown()
    is_automatic = plan.scenario.layer == "daily" and plan.scenario.keeps_municipality_whole is None
    name = "municipality_auto" if rule == "municipality_whole" and is_automatic else rule
    if rule == "municipality_whole" and state == "broken" and plan.by_hand.get("steps"):
        # No search divided it for its size: the hand that did can put it together.
        name = "municipality_hand"
    measured = tr(f"field_name.{check['column']}") if check["column"] else ""
    text = tr(f"check.{name}_{state}", limit=limit, amount=found, measure=measured)
    if is_size and state != "kept" and not check["is_hard"]:
        text += tr("check.preference")
    return state, text, _where(plan, check) if state != "kept" else ""


def amount_words(plan: Plan, rule: str, column: str) -> Callable[[float], str]:
    """Return how amounts of a rule are said: in its own unit."""
    if rule in {"floor", "ceiling"}:
        return lambda value: amount(value, plan)
    if rule in {"bundle_count", "base_count", "municipality_limit"} or column == "structures":
        return words.count
    if rule == "site_distance" or column == "length_m":
        return words.kilometres
    if column == "jpy":
        return lambda value: words.yen(value, has_tax=False)
    return words.hours if column == "onsite_hours" else words.minutes


def _where(plan: Plan, check: dict[str, Any]) -> str:
    tr, comma = session.tr, session.tr("word.list_sep")
    bundles, units = list(check["bundle_ids"]), list(check["unit_ids"])
    said = []
    if bundles:
        more = tr("group.and_more", count=len(bundles) - PLACES_NAMED) if len(bundles) > PLACES_NAMED else ""
        said.append(tr("check.in_bundles", bundles=comma.join(bundles[:PLACES_NAMED]) + more))
    if units:
        names = plan.ground.units["name"].reindex(units).fillna("").astype("str")
        more = tr("group.and_more", count=len(units) - PLACES_NAMED) if len(units) > PLACES_NAMED else ""
        said.append(tr("check.in_units", units=comma.join(names[:PLACES_NAMED]) + more))
    return " ".join(said)


def show_neighbouring(plan: Plan) -> int | None:
    """Show what one bundle fewer and one more would give; return the number of bundles asked for instead."""
    if plan.assignment["strand"].nunique() > 1:
        return None
    key = (plan.scenario.fingerprint(), labels_key(plan))
    table = session.remembered(
        "neighbouring_counts", key, lambda: neighbouring_counts(plan), max_entries=COUNTS_KEPT
    )
    # Asked for one more or one less, the search may come back with the same number.
    ordered = table.assign(is_chosen=table["is_chosen"].astype("bool"))
    ordered = ordered.sort_values(["bundle_count", "is_chosen"], ascending=[True, False])
    table = ordered.drop_duplicates("bundle_count")
    if len(table) < 2:
        return None
    tr = session.tr
    st.html(heading(tr("group.alternatives")))
    off = "off" if plan.window["measure"] == "jpy" else "off_structures"
    head = [tr(f"group.alt_{name}") for name in ("count", "hours", "farthest", off, "broken")]
    rows = [
        [
            tr("group.chosen_count", count=row.bundle_count) if row.is_chosen else str(row.bundle_count),
            words.hours(row.travel_hours),
            words.minutes(row.farthest_min),
            str(row.below_floor + row.above_ceiling),
            str(row.broken_count),
        ]
        for row in table.itertuples()
    ]
    st.html(html_table(head, rows))
    st.caption(tr("group.not_ranked") + tr(f"group.{off}_note"))
    asked = None
    with st.container(horizontal=True):
        for count in table.loc[~table["is_chosen"].astype(bool), "bundle_count"]:
            if st.button(tr("group.use_count", count=int(count)), key=f"group_count_{int(count)}"):
                asked = int(count)
    return asked


def bundle_table(plan: Plan, shades: pd.DataFrame) -> pd.DataFrame:
    """Return the table of bundles as it is shown, one row a bundle with work."""
    tr, lang, region = session.tr, session.lang(), plan.ground.region
    comma, measure = tr("word.list_sep"), plan.window["measure"]
    bundles = plan.bundles[plan.bundles["window_verdict"] != "none"]
    where = place_words(plan)
    ends = (
        ("annual_jpy_low", "annual_jpy", "annual_jpy_high") if measure == "jpy" else ("structure_count",) * 3
    )
    floor, ceiling = plan.window["floor"][1], plan.window["ceiling"][1]
    top = max(float(bundles[ends[2]].max()) if len(bundles) else 0.0, ceiling) * 1.03
    rows = []
    for bundle_id, row in bundles.iterrows():
        low, central, high = (float(row[name]) for name in ends)
        rows.append(
            {
                "label": swatch(
                    str(shades.at[bundle_id, "colour"]), str(shades.at[bundle_id, "pattern"]), str(bundle_id)
                ),
                "where": where[str(bundle_id)],
                "base": str(row["base_name"]) or words.unknown(),
                "verdict": tr(f"verdict.{row['window_verdict']}"),
                "window": window_bar(low, central, high, floor=floor, ceiling=ceiling, top=top),
                "work": work_words(row, plan),
                "travel": _rounded(row["travel_hours"]),
                "onsite": _rounded(row["onsite_hours"]),
                "farthest": _rounded(row["farthest_min"]),
                "fields": comma.join(tr(f"field.{field}") for field in row["fields"]),
                "structures": round(float(row["structure_count"])),
                "assets": int(row["asset_count"]),
                "length": _rounded(row["length_m"] / 1000),
                "area": _rounded(row["area_m2"] / 10_000),
                "urgent": tr(f"condition.{row['worst_condition']}")
                if not pd.isna(row["worst_condition"])
                else words.no_record(),
                "lead": region.name_of(str(row["lead_code"]), lang),
                "broken": comma.join(tr(f"rule.{rule}") for rule in row["rules_broken"]),
            }
        )
    return pd.DataFrame(rows, index=bundles.index)


def _rounded(value: float) -> float | None:
    """Return two significant figures; None where unknown."""
    if words.is_missing(value) or value in (float("inf"), float("-inf")):
        return None
    return float(words.significant(float(value)).replace(",", ""))


def place_words(plan: Plan) -> dict[str, str]:
    """Return for every bundle the municipalities that it lies in, parts and islands said."""
    tr, region, lang = session.tr, plan.ground.region, session.lang()
    said: dict[str, list[str]] = {}
    for row in bundle_places(plan).itertuples():
        town = region.name_of(row.muni_code, lang)
        name = town if row.is_whole else tr("group.part_of", town=town)
        if row.is_apart:
            name = tr("group.apart", name=name)
        said.setdefault(str(row.bundle_id), []).append(name)
    comma = tr("word.list_sep")
    return {
        bundle: comma.join(names[:PLACES_NAMED])
        + (tr("group.and_more", count=len(names) - PLACES_NAMED) if len(names) > PLACES_NAMED else "")
        for bundle, names in said.items()
    }


def _offer_bundles(table: pd.DataFrame, config: Mapping[str, Any]) -> None:
    """Offer the table of bundles as a file, under the headings that it has on the page."""
    head = [session.tr("group.pick_bundle"), *(str(config[name]["label"]) for name in table.columns)]
    cells = table.astype("object").where(table.notna(), None)
    rows = [[str(name), *row] for name, row in zip(table.index, cells.to_numpy().tolist(), strict=True)]
    offer_csv(head, rows, name="bundles", key="bundles_csv")


def show_bundle_table(
    plan: Plan, shades: pd.DataFrame, *, picked: str | None, key: str, titles: Mapping[str, str]
) -> str | None:
    """Show the table of bundles with their titles; return the bundle whose row the user has just chosen."""
    tr = session.tr
    table = bundle_table(plan, shades)
    if titles:
        table.insert(1, "title", [titles.get(str(name), "") for name in table.index])
    if plan.window["measure"] == "jpy" or not table["structures"].any():
        table = table.drop(columns="structures")
    for name in ("length", "area", "broken"):
        if not table[name].astype("bool").any():
            table = table.drop(columns=name)
    images, numbers = (
        {"label", "window"},
        {"travel", "onsite", "farthest", "structures", "assets", "length", "area"},
    )
    counts_structures = plan.window["measure"] != "jpy"
    config: dict[str, Any] = {}
    for name in table.columns:
        column = f"{name}_structures" if counts_structures and name in SIZE_COLUMNS else name
        label, about = tr(f"group.col.{column}"), tr(f"group.col_help.{column}")
        if name in images:
            config[name] = st.column_config.ImageColumn(
                label, help=about, pinned=name == "label", width=IMAGE_WIDTHS[name]
            )
        elif name in numbers:
            config[name] = st.column_config.NumberColumn(label, help=about, format="localized")
        else:
            config[name] = st.column_config.TextColumn(label, help=about)
    chosen = st.dataframe(
        table,
        hide_index=True,
        column_config=config,
        on_select="rerun",
        selection_mode="single-row",
        row_height=36,
        height=min(36 * (len(table) + 1) + 4, 300),
        key=key,
    )
    _offer_bundles(table.drop(columns=list(images)), config)
    rows = chosen["selection"]["rows"] if chosen else []
    found = str(table.index[rows[0]]) if rows and rows[0] < len(table) else None
    before = st.session_state.get(f"{key}_seen")
    st.session_state[f"{key}_seen"] = found
    return found if found != before and found is not None and found != picked else None
