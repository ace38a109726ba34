"""What each command does: list the regions, plan one, write its sample."""

from __future__ import annotations

import argparse
import dataclasses
import json
import re
from typing import Any

from gunmane.assets.values import sector_key
from gunmane.cli import console, report
from gunmane.cli.checking import ledger_files
from gunmane.cli.rules import rule_choices
from gunmane.errors import RegionError
from gunmane.i18n import t
from gunmane.municipalities import Region, find_municipalities, find_region, load_regions
from gunmane.scenario import Scenario
from gunmane.studies import Asked

Options = argparse.Namespace
# How the bar is shared out among reading, planning and comparing.
GROUND_END, PLAN_END = 0.4, 0.7


def list_regions(options: Options, lang: str) -> None:
    """
    Print the regions as a table or as JSON, or the municipalities of Japan that a text names.

    Raises
    ------
    gunmane.errors.RegionError
        If no municipality is named so.
    """
    if options.find is not None:
        _list_municipalities(options, lang)
        return
    rows = [_region_facts(str(region_id)) for region_id in load_regions()["region_id"]]
    if options.json:
        console.tell(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    report.tell_regions(rows, lang)


def _list_municipalities(options: Options, lang: str) -> None:
    """Print the municipalities of Japan that a text names, with their codes."""
    found = find_municipalities(options.find).reset_index()
    if found.empty:
        raise RegionError("own_region_none_found", text=options.find)
    if options.json:
        console.tell(json.dumps(found.to_dict("records"), ensure_ascii=False, indent=1))
        return
    keys = ("muni_code", "name_ja", "name_kana", "name_en", "pref_ja")
    console.tell_table(
        [t(f"cli.municipality.{key}", lang) for key in keys], found[list(keys)].to_numpy().tolist()
    )


def _region_facts(region_id: str) -> dict[str, Any]:
    region = find_region(region_id)
    return {
        "region_id": region.region_id,
        "name_ja": region.name_ja,
        "name_en": region.name_en,
        "kind": region.kind,
        "direction": region.direction,
        "default_layer": region.default_layer,
        "default_sectors": list(region.default_sectors),
        "bodies": region.bodies.to_dict("records"),
        "municipalities": [
            {"muni_code": code, "name_ja": row["name_ja"], "name_en": row["name_en"]}
            for code, row in region.municipalities.drop(columns="geometry").iterrows()
        ],
    }


def plan_region(options: Options, lang: str) -> None:
    """
    Plan a region, write its files and print what they say.

    Raises
    ------
    gunmane.errors.GunmaneError
        If the region, a file or a choice cannot be planned with, or the files cannot be written.
    """
    region = chosen_region(options)
    scenario, asked = chosen_scenario(options), asked_studies(options)

    from gunmane.exports import check_plan_folder, write_plan
    from gunmane.exports.overwriting import inputs_to_keep
    from gunmane.grounds import prepare_ground
    from gunmane.plans import make_plan
    from gunmane.studies import study_plan

    given = [*(options.assets or ()), *options.profile, *([options.roads] if options.roads else [])]
    keep = inputs_to_keep(given)
    check_plan_folder(options.out, keep=keep, studies=asked.keys)
    ground = prepare_ground(
        region,
        roads=options.roads,
        assets=ledger_files(options, options.assets),
        is_roads_as_assets=options.roads_as_assets,
        has_water="water" in scenario.sectors,
        progress=console.progress_bar(lang, end=GROUND_END),
    )
    plan_end = PLAN_END if asked.keys else 1.0
    plan = make_plan(scenario, ground, progress=console.progress_bar(lang, start=GROUND_END, end=plan_end))
    plan = study_plan(plan, asked, progress=console.progress_bar(lang, start=plan_end))
    paths = write_plan(plan, options.out, lang=lang, keep=keep)
    console.wipe_bar()
    if not options.quiet:
        report.tell_plan(plan, lang)
        report.tell_files(paths, lang)


def chosen_region(options: Options) -> Region:
    """
    Return the region that the command names, or the one of its `--municipalities`.

    Raises
    ------
    gunmane.errors.RegionError
        If the region or a code is unknown, or both or none are given.
    """
    codes = [code for part in options.municipalities or () for code in re.split(r"[,、\s]+", part) if code]
    if options.municipalities is None and options.region is not None:
        return find_region(options.region)
    if options.region is not None or not codes:
        raise RegionError("own_region_two_ways" if codes else "own_region_neither")
    return find_region(",".join(codes))


def asked_studies(options: Options) -> Asked:
    """
    Return the studies that the command's options ask for.

    Raises
    ------
    gunmane.errors.GunmaneError
        If a number of alternatives or draws cannot be made.
    """
    return Asked(**{field.name: getattr(options, field.name) for field in dataclasses.fields(Asked)})


def chosen_scenario(options: Options) -> Scenario:
    """
    Return the scenario of the command's options; what is not given is as the region opens.

    Raises
    ------
    gunmane.errors.GunmaneError
        If the region is unknown or a choice cannot be planned with.
    """
    named = [name for part in options.sectors or () for name in re.split("[,、・]", part) if name.strip()]
    given = [sector_key(name.strip()) for name in named]
    return Scenario.default(
        chosen_region(options),
        layer=options.layer,
        sectors=tuple(given) or None,
        bundle_count=options.bundles,
        floor_jpy=options.floor_jpy,
        ceiling_jpy=options.ceiling_jpy,
        is_window_hard=options.hard_window or None,
        travel_limit_min=options.travel_limit_min,
        may_cross_border=False if options.no_cross_border else None,
        joins_owners=False if options.no_join_owners else None,
        has_snow_removal=options.snow,
        seed=options.seed,
        **rule_choices(options),
    )


def write_sample(options: Options, lang: str) -> None:
    """
    Write a region's sample assets and roads as files that the plan command reads back.

    Raises
    ------
    gunmane.errors.GunmaneError
        If the region is unknown, the folder cannot be written to, or files that are no earlier sample are there.
    """
    region = find_region(options.region)

    from gunmane.exports import write_files
    from gunmane.exports.overwriting import refuse_others, says
    from gunmane.exports.samplefiles import README, README_TITLE, sample_files
    from gunmane.sample import load_sample

    rows = load_sample(region)
    contents = sample_files(rows.assets, rows.roads, region)
    if not says(options.out / README, t(README_TITLE, "ja")):
        refuse_others(options.out / name for name in contents)
    paths = write_files(contents, options.out)
    if not options.quiet:
        report.tell_sample(region, rows.assets, rows.roads, lang)
        report.tell_files(paths, lang)
