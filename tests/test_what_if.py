"""Changes of roads and bases: what they do to minutes and plans, on drawn streets and on regions of the country."""

from __future__ import annotations

import dataclasses
import functools

import geopandas as gpd
import numpy as np
import pytest
from caches import new_cache
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString

from gunmane.assumptions import load_assumptions
from gunmane.errors import GunmaneError, ScenarioError
from gunmane.evidence import today_state
from gunmane.grounds import prepare_ground
from gunmane.i18n import LANGUAGES, say
from gunmane.municipalities import find_region
from gunmane.network import build_network
from gunmane.plans import make_plan
from gunmane.scenario import Scenario
from gunmane.units import travel_matrix
from gunmane.what_if import (
    AddBase,
    AddLink,
    CloseAsset,
    CloseAt,
    CloseRoad,
    LoseBase,
    WhatIf,
    Winter,
    apply,
    consequences,
)

REGIONS = ("nara_uda", "shiga_kusatsu", "hokkaido_makubetsu")
QUICK = settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module", autouse=True)
def own_cache(tmp_path_factory):
    """Sample data of the regions used here, made once for this module."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GUNMANE_CACHE", str(new_cache(tmp_path_factory)))
        yield


@functools.cache
def ground_of(region):
    return prepare_ground(region)


@functools.cache
def plan_of(region):
    ground = ground_of(region)
    return make_plan(Scenario.default(ground.region), ground, has_alternatives=False)


def places(ground):
    """Longitude and latitude of every unit's middle."""
    spots = ground.units.geometry.representative_point().to_crs(4326)
    return list(zip(spots.x, spots.y, strict=True))


def some_roads(ground, numbers):
    ids = ground.assets.loc[ground.assets["sector"].isin(["road", "bridge"]), "asset_id"]
    return tuple(CloseAsset(str(ids.iloc[number % len(ids)])) for number in numbers)


def node_place(ground, unit):
    """Where the road node of a unit is, found by closing nothing."""
    from gunmane.what_if import take_streets

    network, node = take_streets(ground).network, int(ground.units["node"].iloc[unit])
    spot = gpd.GeoSeries.from_xy([network.x[node]], [network.y[node]], crs=ground.units.crs).to_crs(4326)
    return float(spot.x.iloc[0]), float(spot.y.iloc[0])


def link_between(ground, one, other):
    # One end by its place, the other by its unit.
    return AddLink((node_place(ground, one), str(ground.units.index[other])), speed_kmh=60)


numbers = st.lists(st.integers(0, 10_000), min_size=1, max_size=12)
units = st.integers(0, 60)


# -- properties on regions of the country ----------------------------------------------------------------------


@pytest.mark.parametrize("region", REGIONS)
def test_closing_nothing_changes_nothing(region):
    ground = ground_of(region)
    assert apply(ground, WhatIf()) is ground
    # A winter as quick as summer: all is worked out again, and nothing is different.
    after = apply(ground, WhatIf((Winter(1.0),)))
    assert np.array_equal(after.travel_min, ground.travel_min)
    assert after.links.equals(ground.links)


def test_a_planned_road_that_is_slower_than_walking_helps_nobody():
    ground = ground_of("nara_uda")
    link = AddLink((node_place(ground, 0), node_place(ground, 9)), speed_kmh=0.5)
    assert np.array_equal(apply(ground, WhatIf((link,))).travel_min, ground.travel_min)


@pytest.mark.parametrize("region", REGIONS)
@QUICK
@given(closed=numbers)
def test_no_way_becomes_quicker_by_closing_roads(region, closed):
    ground = ground_of(region)
    after = apply(ground, WhatIf(some_roads(ground, closed)))
    assert (after.travel_min >= ground.travel_min).all()


@pytest.mark.parametrize("region", REGIONS)
@settings(QUICK, max_examples=3)
@given(one=units, other=units)
def test_no_way_becomes_slower_by_a_planned_road(region, one, other):
    ground = ground_of(region)
    if one == other:
        return
    after = apply(ground, WhatIf((link_between(ground, one, other),)))
    assert (after.travel_min <= ground.travel_min).all()


@QUICK
@given(closed=numbers)
def test_what_is_closed_and_opened_again_is_as_before(closed):
    ground = ground_of("nara_uda")
    kept = ground.travel_min.copy()
    what_if = WhatIf(some_roads(ground, closed))
    assert not np.array_equal(apply(ground, what_if).travel_min, kept) or len(set(closed)) < 12
    opened = functools.reduce(WhatIf.without, what_if.changes, what_if)
    assert np.array_equal(apply(ground, opened).travel_min, kept)
    assert apply(ground, opened).links.equals(ground.links)


@settings(QUICK, max_examples=3)
@given(seed=st.integers(0, 99), closed=numbers)
def test_the_order_of_rows_changes_nothing(seed, closed):
    ground = ground_of("nara_uda")
    mixed = dataclasses.replace(
        ground,
        roads=ground.roads.sample(frac=1, random_state=seed).reset_index(drop=True),
        assets=ground.assets.sample(frac=1, random_state=seed),
    )
    changes = some_roads(ground, closed)
    one, other = apply(ground, WhatIf(changes)), apply(mixed, WhatIf(changes[::-1]))
    assert np.allclose(one.travel_min, other.travel_min, rtol=1e-5)
    assert WhatIf(changes).fingerprint() == WhatIf(changes[::-1]).fingerprint()


def test_the_ground_that_was_given_stays_as_it_was():
    ground = ground_of("nara_uda")
    minutes, links, given_hashes = ground.travel_min.copy(), ground.links.copy(), dict(ground.provenance)
    apply(ground, WhatIf((Winter(), *some_roads(ground, range(30)))))
    assert np.array_equal(ground.travel_min, minutes) and ground.links.equals(links)
    assert ground.provenance == given_hashes


@pytest.fixture(scope="module")
def one_way_ground():
    """A drawn town: a ring that is driven one way only, and a two-way road across it."""
    region = find_region("nara_uda")
    towns = region.towns[region.towns["muni_code"] == "29386"].geometry
    x, y = float(towns.x.mean()), float(towns.y.mean())
    corners = [(x, y), (x + 900, y), (x + 900, y + 900), (x, y + 900)]
    lines = [LineString([corners[i], corners[(i + 1) % 4]]) for i in range(4)] + [
        LineString([corners[0], corners[2]])
    ]
    roads = gpd.GeoDataFrame(
        {"road_class": "municipal_1", "is_oneway": [True] * 4 + [False]}, geometry=lines, crs=region.epsg
    )
    network = build_network(roads, assumptions=load_assumptions(), region=region)
    base = ground_of("nara_uda")
    rows = [int(np.hypot(network.x - px, network.y - py).argmin()) for px, py in corners]
    units = base.units.iloc[:4].assign(node=rows)
    links = base.links.iloc[:0]
    minutes = travel_matrix(network, units, links)
    return dataclasses.replace(base, roads=roads, units=units, links=links, travel_min=minutes)


def test_closing_never_lets_anybody_drive_against_one_way_roads(one_way_ground):
    middle = one_way_ground.roads.geometry.iloc[[0]].interpolate(0.5, normalized=True).to_crs(4326).iloc[0]
    after = apply(one_way_ground, WhatIf((CloseAt(middle.x, middle.y),)))
    assert (after.travel_min >= one_way_ground.travel_min).all()
    # The only way into the second corner is closed; from the third it would be near, against the traffic.
    assert np.isinf(after.travel_min[[0, 2, 3], 1]).all()


# -- what each change does --------------------------------------------------------------------------------------


def test_snow_slows_every_way_by_the_same_part():
    ground = ground_of("nara_uda")
    after = apply(ground, WhatIf((Winter(0.5),)))
    assert np.allclose(after.travel_min, 2 * ground.travel_min, rtol=1e-4)
    assert np.allclose(after.links["travel_min"], 2 * ground.links["travel_min"])


def test_a_winter_without_its_own_figure_has_the_range_of_the_assumption():
    found = consequences(plan_of("nara_uda"), WhatIf((Winter(),)))
    hours = found.totals.set_index("figure").loc["travel_hours"]
    assert hours["low"] == pytest.approx(hours["before"])
    assert hours["high"] == pytest.approx(2 * hours["before"], rel=1e-3)
    assert hours["low"] < hours["after"] < hours["high"]


def test_a_road_is_closed_as_a_whole_and_never_that_of_another_town_with_its_name():
    ground = ground_of("nara_uda")
    assets = ground.assets.copy()
    rows = assets.index[assets["sector"] == "road"][[0, 3, 4, 5]]
    assets.loc[rows, "name"], assets.loc[rows, "owner_code"] = "本町線", ["29212", "29212", "29212", "29385"]
    named = dataclasses.replace(ground, assets=assets)
    one = apply(named, WhatIf((CloseRoad("本町線", "29212"),)))
    parts = apply(named, WhatIf(tuple(CloseAsset(str(assets.at[row, "asset_id"])) for row in rows[:3])))
    assert np.array_equal(one.travel_min, parts.travel_min)
    with pytest.raises(ScenarioError, match="what_if_road_owners"):
        apply(named, WhatIf((CloseRoad("本町線"),)))


def test_a_planned_road_takes_as_long_as_it_is_drawn_at_its_speed():
    ground = ground_of("nara_uda")
    far = np.unravel_index(np.argmax(ground.travel_min), ground.travel_min.shape)
    link = link_between(ground, *far)
    after = apply(ground, WhatIf((link,)))
    points = [node_place(ground, unit) for unit in far]
    ends = gpd.GeoSeries.from_xy(*zip(*points, strict=True), crs=4326).to_crs(ground.units.crs)
    assert link.points[0] == points[0] and after.travel_min[far] == pytest.approx(
        ends.iloc[0].distance(ends.iloc[1]) / 1000, rel=1e-3
    )


def test_a_closed_stretch_tells_its_detour_and_who_drove_over_it():
    plan = plan_of("nara_uda")
    found = consequences(plan, WhatIf(some_roads(plan.ground, range(0, 900, 7))))
    used = found.detours.table[found.detours.table["units"] > 0]
    assert len(used) and (used["added_min"] > 0).all()
    users = {unit for ids in used["unit_ids"] for unit in ids}
    slower = set(found.units.loc[found.units["state"].isin(["longer", "unreached"]), "unit_id"])
    assert slower <= users


def around(plan, unit):
    """Closings of every stretch that leads to a unit's node."""
    from gunmane.what_if import take_streets
    from gunmane.what_if.lines import take_lines

    network, node = take_streets(plan.ground).network, int(plan.ground.units.at[unit, "node"])
    edges = np.flatnonzero((network.source == node) | (network.target == node))
    spots = gpd.GeoSeries(
        [
            shape.interpolate(0.5, normalized=True)
            for shape in take_lines(plan.ground, network).edge_shapes(edges)
        ]
    )
    spots = spots.set_crs(plan.ground.units.crs).to_crs(4326)
    return tuple(CloseAt(float(spot.x), float(spot.y)) for spot in spots)


def far_unit(plan):
    units = consequences(plan, WhatIf()).units
    return str(units.loc[units["before_min"].idxmax(), "unit_id"])


def test_a_unit_that_no_road_reaches_is_counted_and_never_summed_as_infinite():
    plan = plan_of("nara_uda")
    found = consequences(plan, WhatIf(around(plan, far_unit(plan))))
    totals = found.totals.set_index("figure")
    assert totals.at["unreached_units", "after"] == 1
    assert np.isfinite(totals.loc[["travel_hours", "farthest_min"], "after"]).all()
    # The trips that nobody can drive any more are no gain.
    assert totals.at["travel_hours", "mark"] != "better" and found.units["lost_hours"].sum() > 0


def test_a_bundle_that_a_closing_cuts_breaks_the_rule_of_connection():
    plan = plan_of("nara_uda")
    unit = far_unit(plan)
    found = consequences(plan, WhatIf(around(plan, unit)))
    new = found.broken[found.broken["is_after"] & ~found.broken["is_before"]]
    assert "connected" in set(new["rule"])
    assert set(found.bundles.loc[found.bundles["mark"] == "worse", "bundle_id"]) >= set(new["bundle_id"])


@pytest.mark.parametrize("region", REGIONS)
def test_figures_before_are_those_of_the_plan(region):
    plan = plan_of(region)
    totals = consequences(plan, WhatIf()).totals.set_index("figure")
    for figure in ("travel_hours", "unreached_units", "broken_count"):
        assert totals.at[figure, "before"] == pytest.approx(plan.totals[figure])
        assert totals.at[figure, "after"] == pytest.approx(plan.totals[figure])


def test_todays_areas_stay_exempt_from_the_rules():
    ground = ground_of("nara_uda")
    today = today_state(Scenario.default(ground.region), ground)
    totals = consequences(today, WhatIf((Winter(0.3),))).totals.set_index("figure")
    assert totals.at["broken_count", "after"] == 0 and totals.at["travel_hours", "change"] > 0


def test_a_lost_base_moves_to_the_best_unit_that_is_left():
    plan = plan_of("nara_uda")
    lost = str(plan.bundles["base_unit_id"].iloc[0])
    found = consequences(plan, WhatIf((LoseBase(lost),)))
    own = found.units[found.units["bundle_id"] == plan.bundles.index[0]]
    assert own["base_after"].nunique() == 1 and lost not in set(own["base_after"])
    hours = found.bundles[(found.bundles["figure"] == "travel_hours")].set_index("bundle_id")["change"]
    assert hours.iloc[0] > 0 and (hours.iloc[1:] == 0).all()


def test_a_base_more_serves_who_is_nearer_and_costs_nobody_time():
    plan = plan_of("nara_uda")
    unit = far_unit(plan)
    found = consequences(plan, WhatIf((AddBase(unit),)))
    rows = found.units.set_index("unit_id")
    assert rows.at[unit, "base_after"] == unit
    assert (found.units["change_min"].fillna(0) <= 0).all()


def test_a_new_plan_for_the_changed_roads_is_no_worse_than_the_old_one_kept():
    plan = plan_of("nara_uda")
    found = consequences(plan, WhatIf(some_roads(plan.ground, range(0, 900, 7))), is_replanned=True)
    assert found.replanned is not None and found.replanned_totals is not None
    kept, made = (table.set_index("figure")["after"] for table in (found.totals, found.replanned_totals))
    assert (made["broken_count"], made["travel_hours"]) <= (kept["broken_count"], kept["travel_hours"] + 1e-6)


def test_a_plan_of_changed_roads_is_known_by_its_inputs_and_notes():
    ground = apply(ground_of("nara_uda"), WhatIf((Winter(),)))
    assert ground.provenance["input_sha256"]["what_if"] == WhatIf((Winter(),)).fingerprint()
    assert [note.key for note in ground.notes].count("what_if") == 1


# -- saying it --------------------------------------------------------------------------------------------------

EVERY = WhatIf(
    (
        CloseAsset("29212-bridge-005634"),
        CloseAt(135.9, 34.5),
        CloseRoad("市道 大宇陀上1号線"),
        AddLink(((135.9, 34.5), (136.0, 34.4)), speed_kmh=40),
        Winter(0.6),
        AddBase("29212-003"),
        LoseBase("29212-004"),
    )
)


def test_changes_survive_json():
    import json

    assert WhatIf.from_json(json.loads(json.dumps(EVERY.to_json()))) == EVERY


@pytest.mark.parametrize(
    ("change", "key"),
    [
        (CloseAsset("nobody"), "what_if_asset_unknown"),
        (CloseAt(139.7, 35.6), "what_if_no_road_near"),
        (CloseRoad("no such road"), "what_if_road_unknown"),
        (AddLink(((139.7, 35.6), (135.9, 34.5))), "what_if_link_no_road"),
        (AddLink(("nowhere", (135.9, 34.5))), "what_if_end_unknown"),
        (LoseBase("nowhere"), "what_if_base_unknown"),
        (AddBase("nowhere"), "what_if_base_unknown"),
    ],
)
def test_a_change_that_fits_nothing_is_refused_with_a_sentence(change, key):
    with pytest.raises(GunmaneError) as caught:
        apply(ground_of("nara_uda"), WhatIf((change,)))
    assert caught.value.key == key
    assert all(not say(caught.value, lang).startswith(key) for lang in LANGUAGES)


@pytest.mark.parametrize(
    ("make", "key"),
    [
        (lambda: AddLink(((135.9, 34.5),)), "what_if_link_ends"),
        (lambda: AddLink(((1, 1), (2, 2)), speed_kmh=0), "what_if_speed"),
        (lambda: AddLink(((1, 1), (2, 2)), road_class="path"), "what_if_class"),
        (lambda: CloseAt(float("nan"), 0), "what_if_place"),
        (lambda: Winter(0), "what_if_winter"),
        (lambda: WhatIf((Winter(), Winter(0.5))), "what_if_two_winters"),
        (lambda: WhatIf((AddBase("a"), LoseBase("a"))), "what_if_base_both"),
        (lambda: WhatIf.from_json({"format": "gunmane-what-if/9"}), "what_if_format"),
        (lambda: WhatIf.from_json({"format": "gunmane-what-if/1", "changes": [{}]}), "what_if_broken"),
    ],
)
def test_a_change_that_cannot_be_is_refused_with_a_sentence(make, key):
    with pytest.raises(ScenarioError) as caught:
        make()
    assert caught.value.key == key
    assert all("{" not in say(caught.value, lang) for lang in LANGUAGES)
