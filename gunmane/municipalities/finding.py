"""A region by what a person calls it: its id, number or name, or the codes of any municipalities."""

from __future__ import annotations

import difflib

from gunmane.errors import RegionError
from gunmane.municipalities.facts import Region, load_region, load_regions
from gunmane.municipalities.own import codes_in, names_codes, region_of_codes

# More of what somebody wrote is not repeated in a sentence.
NAMED_LENGTH = 60


def find_region(region_id: str) -> Region:
    """
    Return a region by its id, its number ("6") or a name that is unique; or one of any municipalities by their codes.

    Parameters
    ----------
    region_id
        "nara_uda", "6", 宇陀; or 5-digit codes: "29212,29385" or the id "own-29212-29385".

    Raises
    ------
    RegionError
        If no region fits (the error names the nearest ones), or a code is no municipality's.
    """
    wanted = str(region_id).strip()
    if names_codes(wanted):
        return region_of_codes(codes_in(wanted))
    table = load_regions()
    row = table[(table["region_id"] == wanted) | (table["region_no"].astype("str") == wanted)]
    names = table["name_ja"] + "/" + table["name_en"].str.lower()
    by_start = names.str.startswith(wanted) | table["name_en"].str.lower().str.startswith(wanted.lower())
    for named in (by_start, names.str.contains(wanted.lower(), regex=False)):
        if row.empty and wanted and named.sum() == 1:
            row = table[named]
    if row.empty:
        ids = list(table["region_id"])
        parts = {part: rid for rid in ids for part in (rid, rid.split("_", 1)[1])}
        close = difflib.get_close_matches(wanted.lower(), list(parts), n=3, cutoff=0.4)
        near = list(dict.fromkeys(parts[part] for part in close)) or ids
        raise RegionError(
            "region_unknown",
            region=wanted[:NAMED_LENGTH] + "…" * (len(wanted) > NAMED_LENGTH),
            near=", ".join(near),
        )
    return load_region(str(row.iloc[0]["region_id"]))
