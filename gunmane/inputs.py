"""What a region's ground is made from: sample rows, and the user's own files in their place."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import pathlib
from collections.abc import Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

import gunmane
from gunmane import schema
from gunmane.assets import take_assets
from gunmane.cache import data_folder, national_folder
from gunmane.deliveries import Delivery, LedgerFile, take_deliveries
from gunmane.errors import FileError
from gunmane.ledgers import file_sha256, read_roads
from gunmane.ledgers.profile_files import write_profile
from gunmane.municipalities import Region, towns_without_totals, with_statistics
from gunmane.sample import SampleRows, load_sample, no_sample
from gunmane.scenario import Note
from gunmane.standins import StandIns, partial_notes, sample_notes

DATA_DATES = {
    "statistics": "FY2023/24",
    "bridges": "R2-R6",
    "settlement": "FY2024",
    "towns": "Geolonia",
    "borders": "JMA",
}


ADDED_FACTS = (
    "row_count",
    "line_count",
    "length_m",
    "length_in_region_m",
    "not_for_cars",
    "not_lines",
    "broken",
)
ANY_FACTS = ("has_class", "has_oneway", "has_levels", "is_synthetic")


@dataclasses.dataclass(frozen=True, eq=False)
class Inputs:
    """
    What the ground is made from.

    Parameters
    ----------
    region
        The region, with the totals that the user brought where there are any.
    assets, rejects, readings
        Tables of `schema`.
    roads
        `schema.ROADS` in the region's plane zone.
    references
        Layers to look at, by file.
    provenance, notes
        Hashes, dates, sources; what the reader must know.
    """

    region: Region
    assets: gpd.GeoDataFrame
    rejects: pd.DataFrame
    readings: pd.DataFrame
    roads: gpd.GeoDataFrame
    references: dict[str, gpd.GeoDataFrame]
    provenance: dict[str, Any]
    notes: tuple[Note, ...]


def load_inputs(
    region: Region,
    roads: pathlib.Path | None,
    files: Sequence[pathlib.Path | str | LedgerFile | Delivery],
    *,
    is_roads_as_assets: bool = False,
    has_water: bool = False,
) -> Inputs:
    """
    Read what the ground of a region is made from; parameters as for `grounds.prepare_ground`.

    Raises
    ------
    FileError
        If a file cannot be used, or none of its rows.
    """
    deliveries = _delivered(files, region)
    place, totals_notes = _with_totals(region, deliveries)
    has_roads = roads is not None or any(delivery.roads is not None for delivery in deliveries)
    sample, notes = _sample(place, has_roads=has_roads, with_water=has_water, is_kept=place is region)
    assets, rejects = take_assets(sample.assets, region=place, source=f"sample:{place.region_id}")
    notes += [Note.of("sample_assets", region=place.region_id)]
    notes += [Note.of(key, **values) for key, values in sample.facts["notes"]]
    notes += totals_notes
    faults = [delivery.rejects for delivery in deliveries if delivery.statistics is not None]
    table = StandIns(assets, [rejects, *faults], notes)
    provenance: dict[str, Any] = {
        "gunmane_version": gunmane.__version__,
        "data_dates": DATA_DATES,
        "roads_source": "sample",
        "assets_source": ["sample"],
        "sample_facts": sample.facts,
        "input_sha256": _facts_hashes(place),
        "sources": [_source_card(delivery) for delivery in deliveries],
    }
    for number, delivery in enumerate(deliveries, start=1):
        provenance["input_sha256"][f"assets{number}/{delivery.file}"] = delivery.sha256
        provenance["input_sha256"][f"profile{number}/{delivery.file}"] = _text_sha256(
            write_profile(delivery.profile)
        )
        notes += delivery.notes
    lines, has_sample_roads = _lines(sample.roads, roads, deliveries, place, provenance, notes)
    if is_roads_as_assets:
        if provenance["roads_source"] == "sample":
            raise FileError("roads_as_assets_needs_roads")
        _add_road_rows(table, lines, place, provenance)
    _add_ledgers(table, deliveries, place, provenance)
    if table.assets.empty:
        raise FileError("own_region_no_assets")
    notes += partial_notes(table.assets, table.made_way, place)
    provenance["is_synthetic"] = bool(table.assets["is_synthetic"].any()) or has_sample_roads
    return Inputs(
        region=place,
        assets=table.assets,
        rejects=pd.concat(table.rejects, ignore_index=True),
        readings=pd.concat([_no_readings(), *(d.readings for d in deliveries)], ignore_index=True),
        roads=lines,
        references={d.file: d.reference for d in deliveries if d.reference is not None},
        provenance=provenance,
        notes=tuple(
            sample_notes(notes, table.assets, place, sample.facts, has_sample_roads=has_sample_roads)
        ),
    )


def _sample(
    region: Region, *, has_roads: bool, with_water: bool, is_kept: bool
) -> tuple[SampleRows, list[Note]]:
    """
    The sample of a region, and what to tell of how the region was put together.

    Raises
    ------
    FileError
        If totals are missing that a sample needs, and no roads were brought that a plan can do with.
    """
    notes = [Note.of(key, **values) for key, values in region.remarks]
    lacking = towns_without_totals(region)
    if not lacking:
        return load_sample(region, with_water=with_water, is_kept=is_kept), notes
    names_ja = "、".join(region.name_of(code, "ja") for code in lacking)
    names_en = ", ".join(region.name_of(code, "en") for code in lacking)
    names = {"names_ja": names_ja, "names_en": names_en, "count": len(lacking)}
    if not has_roads:
        raise FileError("own_region_needs_totals", region=region.region_id, **names)
    return no_sample(region), [*notes, Note.of("own_region_no_sample", **names)]


def _delivered(files: Sequence[pathlib.Path | str | LedgerFile | Delivery], region: Region) -> list[Delivery]:
    """
    Return what files give, for use in a plan.

    Raises
    ------
    FileError
        If one cannot be used, or nobody has said what it is.
    """
    said = [file if isinstance(file, LedgerFile | Delivery) else LedgerFile(file) for file in files]
    to_take = [file for file in said if isinstance(file, LedgerFile)]
    found = iter(take_deliveries(to_take, region=region))
    deliveries: list[Delivery] = []
    brought: dict[str, str] = {}
    for file in said:
        one = file if isinstance(file, Delivery) else next(found)
        if isinstance(one, FileError):
            raise one
        if one.profile.role == "unknown":
            raise FileError("ledger_role_unknown", file=one.file, columns=", ".join(one.columns)[:200])
        if one.profile.role == "assets" and one.row_count and one.sha256 + repr(one.profile) in brought:
            raise FileError("ledger_twice", file=one.file, other=brought[one.sha256 + repr(one.profile)])
        brought[one.sha256 + repr(one.profile)] = one.file
        deliveries.append(one)
    return deliveries


def _with_totals(region: Region, deliveries: Sequence[Delivery]) -> tuple[Region, list[Note]]:
    """
    The region with the totals of the user's files, and what to tell of them.

    Raises
    ------
    FileError
        If a file has faults only, or contradicts another one.
    """
    notes: list[Note] = []
    for delivery in deliveries:
        if delivery.statistics is None:
            continue
        if not delivery.statistics.notna().to_numpy().any():
            raise FileError("totals_nothing_taken", file=delivery.file, rejected=len(delivery.rejects))
        region = with_statistics(region, delivery.statistics)
        cells = len(region.statistics.attrs["replaced"])
        towns = len(delivery.statistics)
        notes.append(Note.of("sample_from_totals", file=delivery.file, municipalities=towns, cells=cells))
    return region, notes


def _source_card(delivery: Delivery) -> dict[str, Any]:
    answers = delivery.profile.answers
    return {
        "file": delivery.file,
        "kind": delivery.profile.kind,
        "role": delivery.profile.role,
        "sha256": delivery.sha256,
        "rows": delivery.row_count,
        "taken": len(delivery.assets),
        "rejected": delivery.rejected_count,
        **dataclasses.asdict(answers),
    }


def _lines(
    sample_lines: gpd.GeoDataFrame,
    roads: pathlib.Path | None,
    deliveries: Sequence[Delivery],
    region: Region,
    provenance: dict[str, Any],
    notes: list[Note],
) -> tuple[gpd.GeoDataFrame, bool]:
    """Road lines of the network, and whether sample lines are among them; fills `provenance` and `notes`."""
    found = [(d.file, d.roads, dict(d.facts), d.sha256) for d in deliveries if d.roads is not None]
    if roads is not None:
        lines, facts = read_roads(roads, region=region)
        found.append((roads.name, lines, dict(facts), file_sha256(roads)))
        # Those of a delivery are told with the delivery.
        notes += facts["notes"]
    for _, _, facts, _ in found:
        facts.pop("notes", None)
    if not found:
        return sample_lines, True
    names = [name for name, _, _, _ in found]
    provenance["roads_source"] = ", ".join(names)
    provenance["road_file_facts"] = _joined_facts([facts for _, _, facts, _ in found])
    for name, _, _, digest in found:
        provenance["input_sha256"][f"roads/{name}"] = digest
        notes.append(Note.of("roads_replaced", file=name))
    parts = [lines for _, lines, _, _ in found]
    lines = parts[0] if len(parts) == 1 else pd.concat(parts, ignore_index=True)
    return lines, any(bool(facts["is_synthetic"]) for _, _, facts, _ in found)


def _joined_facts(facts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """What was found out about the lines of all road files together: counts and lengths add up."""
    if len(facts) == 1:
        return facts[0]
    joined = {name: sum(one[name] for one in facts) for name in ADDED_FACTS}
    length = max(joined["length_m"], 1e-9)
    unknown_m = sum(one["unknown_class_ratio"] * one["length_m"] for one in facts)
    schemes = {one["scheme"] for one in facts}
    return {
        **joined,
        **{name: any(one[name] for one in facts) for name in ANY_FACTS},
        "scheme": schemes.pop() if len(schemes) == 1 else "mixed",
        "unknown_class_ratio": unknown_m / length,
        "broken_rows": [row for one in facts for row in one["broken_rows"]][:10],
    }


def _add_road_rows(
    table: StandIns, lines: gpd.GeoDataFrame, region: Region, provenance: dict[str, Any]
) -> None:
    """Real lines stand for every road of the region, whoever keeps it: no sample road stays beside them."""
    name = provenance["roads_source"]
    # Sample roads that were written to a file and read back are sample still.
    is_synthetic = bool(provenance["road_file_facts"]["is_synthetic"])
    rows = roads_as_rows(lines, region, name).assign(is_synthetic=is_synthetic)
    table.notes.append(_official_lengths(rows, region))
    is_sample_road = table.assets["is_synthetic"] & (table.assets["sector"] == "road")
    dropped = int(is_sample_road.sum())
    table.make_way(table.assets[is_sample_road])
    table.assets = table.assets[~is_sample_road]
    own, faults = take_assets(rows, region=region, source=name)
    table.replace(own, faults, name, region)
    at = next(i for i, note in enumerate(table.notes) if note.key == "assets_replaced")
    values = dict(table.notes[at].values)
    table.notes[at] = Note.of("assets_replaced", **{**values, "sample_rows": values["sample_rows"] + dropped})
    provenance["assets_source"].append(name)


def _add_ledgers(
    table: StandIns, deliveries: Sequence[Delivery], region: Region, provenance: dict[str, Any]
) -> None:
    """
    Assets first, then the grades of reports, which need the bridges to be there.

    Files go by the body that they are of and by name, so that ids, doubles and the rows themselves do not depend on
    the order in which the files were named.
    """
    deliveries = sorted(deliveries, key=_rank)
    for delivery in deliveries:
        if delivery.profile.role == "assets" and delivery.row_count:
            table.replace(delivery.assets, delivery.rejects, delivery.file, region)
            provenance["assets_source"].append(delivery.file)
    for delivery in deliveries:
        if delivery.conditions is not None:
            table.grade(delivery, region)
            provenance["assets_source"].append(delivery.file)


def _rank(delivery: Delivery) -> tuple[str, str, str, str]:
    code = "" if delivery.assets.empty else str(delivery.assets["owner_code"].astype("str").min())
    return code, delivery.file, delivery.sha256, repr(delivery.profile)


def _text_sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _no_readings() -> pd.DataFrame:
    return pd.DataFrame({column.name: pd.Series(dtype=column.dtype) for column in schema.READINGS})


def roads_as_rows(lines: gpd.GeoDataFrame, region: Region, name: str) -> gpd.GeoDataFrame:
    """
    Return road lines as asset rows: cut at municipal borders, the part outside the region left out.

    Roads of a national or prefectural class belong to the prefecture's or the state's own keeping; expressways and
    national roads are left out, prefectural ones get the prefecture's code, all others the municipality's.
    """
    areas = region.municipalities.reset_index()[["muni_code", "geometry"]]
    classes = (
        lines["road_class"] if "road_class" in lines.columns else pd.Series("unknown", index=lines.index)
    )
    table = gpd.GeoDataFrame(
        {"subtype": classes.to_numpy(), "line": np.arange(1, len(lines) + 1)},
        geometry=lines.geometry.to_numpy(),
        crs=lines.crs,
    )
    table = table[~table["subtype"].isin(["expressway", "national"])]
    cut = gpd.overlay(table, areas, how="intersection", keep_geom_type=True)
    cut = cut.sort_values(["line", "muni_code"], ignore_index=True)
    owner = cut["muni_code"].where(cut["subtype"] != "prefectural", cut["muni_code"].str[:2])
    number = cut["line"].astype("str")
    return gpd.GeoDataFrame(
        {
            "asset_id": "road:" + number + ":" + cut["muni_code"],
            "sector": "road",
            "subtype": cut["subtype"],
            "muni_code": cut["muni_code"],
            "owner_code": owner,
            "account_class": "general",
            "source": name + "#" + number,
            "is_synthetic": False,
        },
        geometry=cut.geometry,
        crs=lines.crs,
    )


def _official_lengths(rows: gpd.GeoDataFrame, region: Region) -> Note:
    drawn_km = float(rows.geometry.length.sum()) / 1000
    official_km = float(region.statistics["road_length_m"].sum()) / 1000
    return Note.of("roads_as_assets", drawn_km=round(drawn_km, 1), official_km=round(official_km, 1))


def _facts_hashes(region: Region) -> dict[str, str]:
    """Hashes of the facts that a region is made of; those of all Japan only where they were used."""
    hashes = {"facts": facts_fingerprint()}
    return {**hashes, "national": _fingerprint(national_folder())} if region.remarks else hashes


def facts_fingerprint() -> str:
    """Return a hash of every fact file, for cache keys and plan files."""
    return _fingerprint(data_folder())


@functools.cache
def _fingerprint(folder: pathlib.Path) -> str:
    digest = hashlib.sha256()
    for file in sorted(folder.iterdir()):
        if file.is_file():
            digest.update(file.name.encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()
