"""Who keeps the assets of a ledger that has no column for it."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import pandas as pd

from gunmane.assets import is_of_state
from gunmane.assumptions import load_assumptions
from gunmane.ledgers.bodies import named_body, other_town, texts_of_ledger
from gunmane.ledgers.profiles import Profile
from gunmane.ledgers.raw import Raw
from gunmane.municipalities import Region
from gunmane.scenario import Note


def has_keepers(rows: gpd.GeoDataFrame) -> bool:
    """Return whether a ledger says who keeps its assets."""
    return "owner_code" in rows.columns and not bool(rows["owner_code"].isna().all())


def with_state_roads(rows: gpd.GeoDataFrame, raw: Raw, profile: Profile, region: Region) -> gpd.GeoDataFrame:
    """
    Return the rows of a prefecture's own ledger with its national roads as its own.

    A prefecture keeps the sections of national roads outside the designated ones (道路法 13 条), and lists no others.

    Parameters
    ----------
    rows
        As `understand`; not changed.
    raw, profile
        The ledger and what its columns mean.
    region
        Its bodies.
    """
    body = named_body(texts_of_ledger(raw, profile.answers.owner), region)
    if has_keepers(rows) or body not in region.prefecture_codes or "subtype" not in rows.columns:
        return rows
    is_road = is_of_state(rows["subtype"]) & (rows["sector"] == "road").to_numpy(dtype=bool)
    keeper = pd.Series(None, index=rows.index, dtype=object).where(~is_road, body)
    return rows.assign(owner_code=keeper) if is_road.any() else rows


def settle_keeper(
    assets: gpd.GeoDataFrame, raw: Raw, profile: Profile, region: Region
) -> tuple[gpd.GeoDataFrame, tuple[Note, ...]]:
    """
    Return the assets of one body's ledger as that body's, also those just across its border.

    Without a column for the owner each asset would belong to the municipality where it lies, and a bridge drawn a few
    metres beyond the border would stand for the whole ledger of the neighbour. The body is the one that the ledger
    names (in who answers for it, its file name, sheet or title), else the one that keeps nearly all rows
    (`ledger_one_keeper_share`). A ledger whose own column names several municipalities is theirs, each its rows; a
    road that is a prefecture's by its class stays so in the ledger of a municipality.

    Parameters
    ----------
    assets
        `schema.ASSETS` of a ledger without a column for the owner; they are not changed.
    raw, profile
        The ledger and what its columns mean; `profile.answers.owner` is who answers for it.
    region
        Its bodies.
    """
    if assets.empty:
        return assets, ()
    told_before = _other_town_notes(raw, profile, region)
    assets, notes = _settled(assets, raw, profile, region)
    return assets, (*told_before, *notes)


def _other_town_notes(raw: Raw, profile: Profile, region: Region) -> tuple[Note, ...]:
    """Warn of a ledger that names a municipality outside the region, and has no column that says otherwise."""
    town = other_town(texts_of_ledger(raw, profile.answers.owner), region)
    if not town or profile.columns.get("muni_code"):
        return ()
    names = {f"region_{lang}": getattr(region, f"name_{lang}") for lang in ("ja", "en")}
    return (Note.of("ledger_names_other_town", file=raw.file, town=town, **names),)


def _settled(
    assets: gpd.GeoDataFrame, raw: Raw, profile: Profile, region: Region
) -> tuple[gpd.GeoDataFrame, tuple[Note, ...]]:
    """Return the assets as the one body's that keeps them, and what to tell of it."""
    is_open = assets["owner_code"].isin(region.municipalities.index)
    counts = assets.loc[is_open, "owner_code"].value_counts()
    if counts.empty:
        return assets, ()
    share = load_assumptions().value("ledger_one_keeper_share")
    named = named_body(texts_of_ledger(raw, profile.answers.owner), region)
    most = str(sorted(counts[counts == counts.max()].index)[0])
    keeper = named or (most if counts.max() >= share * counts.sum() else "")
    is_other = is_open & (assets["owner_code"] != keeper)
    if not keeper or not is_other.any():
        return assets, ()
    names = {f"name_{lang}": region.name_of(keeper, lang) for lang in ("ja", "en")}
    told: dict[str, Any] = {"file": raw.file, "rows": int(is_other.sum()), **names}
    columns = profile.columns.get("muni_code", ())
    if columns and len(assets.loc[is_open, "muni_code"].unique()) > 1:
        return assets, (Note.of("ledger_keeper_towns", column=", ".join(columns), **told),)
    note = Note.of("ledger_keeper_named" if named else "ledger_keeper_most", **told)
    return assets.assign(owner_code=assets["owner_code"].where(~is_other, keeper)), (note,)
