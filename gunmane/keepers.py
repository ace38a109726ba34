"""Who keeps the assets of a ledger that has no column for it."""

from __future__ import annotations

import geopandas as gpd

from gunmane.assumptions import load_assumptions
from gunmane.ledgers.bodies import named_body, texts_of_ledger
from gunmane.ledgers.raw import Raw
from gunmane.municipalities import Region
from gunmane.scenario import Note


def settle_keeper(
    assets: gpd.GeoDataFrame, raw: Raw, said: str, region: Region
) -> tuple[gpd.GeoDataFrame, tuple[Note, ...]]:
    """
    Return the assets of one body's ledger as that body's, also those just across its border.

    Without a column for the owner each asset would belong to the municipality where it lies, and a bridge drawn a few
    metres beyond the border would stand for the whole ledger of the neighbour. The body is the one that the ledger
    names (in who answers for it, its file name, sheet or title), else the one that keeps nearly all rows
    (`ledger_one_keeper_share`).

    Parameters
    ----------
    assets
        `schema.ASSETS` of a ledger without a column for the owner; they are not changed.
    raw
        The ledger.
    said
        Who answers for it, as text, or "".
    region
        Its bodies.
    """
    if assets.empty:
        return assets, ()
    counts = assets["owner_code"].value_counts()
    share = load_assumptions().value("ledger_one_keeper_share")
    named = named_body(texts_of_ledger(raw, said), region)
    most = str(sorted(counts[counts == counts.max()].index)[0])
    keeper = named or (most if counts.max() >= share * len(assets) else "")
    others = int((assets["owner_code"] != keeper).sum())
    if not keeper or not others:
        return assets, ()
    note = Note.of(
        "ledger_keeper_named" if named else "ledger_keeper_most",
        file=raw.file,
        name_ja=region.name_of(keeper, "ja"),
        name_en=region.name_of(keeper, "en"),
        rows=others,
    )
    return assets.assign(owner_code=keeper), (note,)
