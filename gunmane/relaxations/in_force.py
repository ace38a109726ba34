"""Which rules a plan stands under, and the lever that relaxes each."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gunmane.plans import plan_tasks, scenario_assumptions
from gunmane.relaxations.levers import Lever, item, number, switch
from gunmane.scenario import Ground, Plan, Scenario
from gunmane.window import travel_limit_min

# Yen are chosen in steps of 10,000 (万円), as the form takes them.
MAN = 10_000
M_PER_KM = 1000
# How near the least yen must come to a value that fails, relative to the limit.
GRAIN = 0.01
# Entries of lists (pairs, locks, bases) that are tried one by one; the others only all at once.
MOST_ITEMS = 24
PIECES = {"floor": "structures_bundle_pieces_floor", "ceiling": "structures_bundle_pieces_ceiling"}
ITEMS = {
    "must_link": "must_link",
    "cannot_link": "cannot_link",
    "fixed_bases": "fixed_base",
    "locked_units": "locked_unit",
    "locked_bundles": "locked_bundle",
}


def levers_of(plan: Plan) -> list[Lever]:
    """Return a lever for every rule that a plan stands under, those of the rules that it breaks first."""
    levers = [
        *_travel(plan),
        *_count(plan),
        *_window(plan),
        *_side_windows(plan),
        *_sites(plan),
        *_borders(plan),
        *_places(plan),
        *_items(plan),
        *_joins(plan),
    ]
    broken = set(plan.broken["rule"])
    return sorted(levers, key=lambda lever: not broken.intersection(lever.rules))


def _travel(plan: Plan) -> list[Lever]:
    before = travel_limit_min(plan.scenario, scenario_assumptions(plan.scenario))
    farthest = _farthest(plan.ground)
    found = []
    if before < farthest:
        found.append(
            number("travel_limit_min", "travel_limit", before, farthest, _setter("travel_limit_min"))
        )
    if plan.scenario.base_policy == "town_hall":
        found.append(
            switch("base_policy", "base_policy", "best", plan.scenario, rules=("travel_limit", "base_count"))
        )
    return found


def _farthest(ground: Ground) -> float:
    """Return whole minutes that no way in the region takes longer than."""
    minutes = ground.travel_min[np.isfinite(ground.travel_min)]
    return float(math.ceil(float(minutes.max(initial=0.0))) + 1)


def _setter(field: str) -> Any:
    return lambda choices, value: choices.replace(**{field: value})


def _whole_setter(field: str) -> Any:
    return lambda choices, value: choices.replace(**{field: int(value)})


def _count(plan: Plan) -> list[Lever]:
    asked = plan.scenario.bundle_count
    if asked is None:
        return []

    def made(loose: Plan) -> tuple[int, ...]:
        counts = [counted(known) for known in (plan, loose)]
        return tuple(sorted({n for own in counts for n in own} - {asked}, key=lambda n: (abs(n - asked), n)))

    return [
        Lever(
            field="bundle_count",
            frees=frozenset({"bundle_count"}),
            rules=("bundle_count",),
            before=asked,
            loosest=None,
            apply=_setter("bundle_count"),
            amount=lambda value: 1.0 if value is None else abs(value - asked) / asked,
            way="count",
            choices=made,
        )
    ]


def counted(plan: Plan) -> list[int]:
    """Return the number of bundles of each strand of a plan."""
    return [int(n) for n in plan.assignment.groupby("strand")["bundle_id"].nunique()]


def _window(plan: Plan) -> list[Lever]:
    scenario = plan.scenario
    if not scenario.is_window_hard:
        return []
    is_yen = plan.window["measure"] == "jpy"
    step = MAN if is_yen else 1.0
    total = float(plan.work["annual_jpy" if is_yen else "pieces"].sum())
    most = math.ceil(total / step) * step + step
    floor, ceiling = float(plan.window["floor"][1]), float(plan.window["ceiling"][1])
    found = []
    for end, before, loosest in (("floor", floor, step if is_yen else 0.0), ("ceiling", ceiling, most)):
        if not (loosest < before if end == "floor" else loosest > before):
            continue
        field = f"{end}_jpy" if is_yen else PIECES[end]
        apply = _setter(field) if is_yen else _coefficient_setter(field)
        grain = GRAIN * before if is_yen else 0.0
        found.append(number(field, end, before, loosest, apply, step=step, grain=grain))
    soft = Lever(
        field="is_window_hard",
        frees=frozenset().union(*(lever.frees for lever in found)),
        rules=("floor", "ceiling"),
        before=True,
        loosest=False,
        apply=_setter("is_window_hard"),
        amount=lambda value: 1.0,
    )
    return [*found, soft] if found else []


def _coefficient_setter(key: str) -> Any:
    """Return what puts a central value into the overrides of the assumptions; low and high make way for it."""

    def put(choices: Scenario, value: float) -> Scenario:
        known = scenario_assumptions(choices)
        low, high = known.value(key, "low"), known.value(key, "high")
        others = {name: values for name, values in choices.assumption_overrides if name != key}
        others[key] = (min(low, float(value)), float(value), max(high, float(value)))
        return choices.replace(assumption_overrides=tuple(sorted(others.items())))

    return put


def _side_windows(plan: Plan) -> list[Lever]:
    tasks = plan_tasks(plan)
    found: list[Lever] = []
    for place, (column, floor, ceiling, is_hard) in enumerate(plan.scenario.side_windows):
        if not is_hard:
            continue
        total = sum(float(task.load[column].sum()) for task in tasks if column in task.load)
        step = MAN if column == "jpy" else 1.0
        own = []
        if floor:
            own.append(_side_end("side_floor", 1, place, column, floor, 0.0, step))
        if ceiling and ceiling < total:
            own.append(
                _side_end(
                    "side_ceiling", 2, place, column, ceiling, math.ceil(total / step) * step + step, step
                )
            )
        if own:
            soft = Lever(
                field="side_windows.is_hard",
                frees=frozenset().union(*(lever.frees for lever in own)),
                rules=("side_floor", "side_ceiling"),
                before=True,
                loosest=False,
                apply=_side_setter(place, 3),
                amount=lambda value: 1.0,
                column=column,
            )
            found += [*own, soft]
    return found


def _side_end(
    rule: str, part: int, place: int, column: str, before: float, loosest: float, step: float
) -> Lever:
    field = f"side_windows.{'floor' if part == 1 else 'ceiling'}"
    # A floor of 0 is no floor.
    setter = _side_setter(place, part)
    return number(
        field,
        rule,
        before,
        loosest,
        lambda choices, value: setter(choices, float(value) or None),
        step=step,
        grain=GRAIN * before,
        column=column,
        name=f"{rule}:{place}",
    )


def _side_setter(place: int, part: int) -> Any:
    def put(choices: Scenario, value: Any) -> Scenario:
        windows = [list(window) for window in choices.side_windows]
        windows[place][part] = value
        return choices.replace(side_windows=tuple(tuple(window) for window in windows))

    return put


def _sites(plan: Plan) -> list[Lever]:
    scenario, ground = plan.scenario, plan.ground
    west, south, east, north = ground.units.total_bounds
    across = float(math.ceil(math.hypot(east - west, north - south) / M_PER_KM) + 1)
    limits = (
        ("site_limit_min", "site_minutes", _farthest(ground), 1.0),
        ("site_limit_km", "site_distance", across, float(M_PER_KM)),
    )
    found = []
    for field, rule, most, scale in limits:
        before = getattr(scenario, field)
        if before is not None and before < most:
            found.append(number(field, rule, before, most, _setter(field), scale=scale))
    return found


def _borders(plan: Plan) -> list[Lever]:
    scenario = plan.scenario
    borders = borders_of(plan.ground)
    is_shut = not scenario.may_cross_border
    opened = () if is_shut else scenario.open_borders
    if opened is None or not borders:
        return []

    def put(choices: Scenario, value: Any) -> Scenario:
        more = None if value is None else (*opened, *value)
        return choices.replace(may_cross_border=True, open_borders=more)

    known = {frozenset(pair) for pair in opened}
    return [
        Lever(
            field="open_borders",
            frees=frozenset({"border"}),
            rules=("border_crossed",),
            before=False if is_shut else opened,
            loosest=None,
            apply=put,
            amount=lambda value: 1.0 if value is None else len(value) / len(borders),
            way="thin",
            choices=lambda loose: tuple(
                border for border in crossed_borders(loose) if frozenset(border) not in known
            ),
        )
    ]


def borders_of(ground: Ground) -> list[tuple[str, str]]:
    """Return the pairs of municipalities that a link joins, sorted."""
    codes = ground.units["muni_code"].astype("str")
    ends = ground.links["source_id"].map(codes), ground.links["target_id"].map(codes)
    return sorted({(min(a, b), max(a, b)) for a, b in zip(*ends, strict=True) if a != b})


def crossed_borders(plan: Plan) -> list[tuple[str, str]]:
    """Return the pairs of municipalities that a link inside a bundle joins, sorted."""
    codes = plan.ground.units["muni_code"].astype("str")
    links, found = plan.ground.links, set()
    for _, rows in plan.assignment.groupby("strand", sort=True):
        bundle = rows.set_index("unit_id")["bundle_id"]
        a, b = links["source_id"].map(bundle), links["target_id"].map(bundle)
        inside = links[(a == b) & a.notna()]
        pairs = zip(inside["source_id"].map(codes), inside["target_id"].map(codes), strict=True)
        found |= {(min(pair), max(pair)) for pair in pairs if pair[0] != pair[1]}
    return sorted(found)


def _places(plan: Plan) -> list[Lever]:
    scenario, ground = plan.scenario, plan.ground
    found = []
    if scenario.keeps_municipality_whole is not False:
        found.append(switch("keeps_municipality_whole", "municipality_whole", False, scenario))
    towns = ground.units["muni_code"].nunique()
    for field, rule, most in (
        ("most_municipalities", "municipality_limit", towns),
        ("base_count", "base_count", len(ground.units)),
    ):
        before = getattr(scenario, field)
        if before is not None and before < most:
            found.append(number(field, rule, before, most, _whole_setter(field)))
    return found


def _items(plan: Plan) -> list[Lever]:
    units = set(plan.broken["unit_id"])
    near = plan.assignment.loc[plan.assignment["bundle_id"].isin(set(plan.broken["bundle_id"])), "unit_id"]

    def rank(field: str, entry: Any) -> int:
        named = {"fixed_bases": (entry,), "locked_units": entry[:1]}.get(field, entry)
        return 0 if units.intersection(named) else 1 if set(near).intersection(named) else 2

    listed = [
        (rank(field, entry), number, field, entry)
        for field in ITEMS
        for number, entry in enumerate(dict.fromkeys(getattr(plan.scenario, field)))
    ]
    listed.sort(key=lambda row: row[:2])
    found = [item(field, ITEMS[field], entry, plan.scenario) for _, _, field, entry in listed[:MOST_ITEMS]]
    rest: dict[str, list[Any]] = {}
    for _, _, field, entry in listed[MOST_ITEMS:]:
        rest.setdefault(field, []).append(entry)
    return found + [_rest(field, tuple(entries), plan.scenario) for field, entries in rest.items()]


def _rest(field: str, entries: tuple[Any, ...], scenario: Scenario) -> Lever:
    """Return the lever that takes all further entries out of a field."""

    def without(choices: Scenario, value: Any) -> Scenario:
        if value is not None:
            return choices
        kept = tuple(entry for entry in getattr(choices, field) if entry not in entries)
        return choices.replace(**{field: kept})

    return Lever(
        field=f"{field}_rest",
        frees=frozenset({f"{ITEMS[field]}:rest"}),
        rules=(ITEMS[field],),
        before=entries,
        loosest=None,
        apply=without,
        amount=lambda value: len(entries) / len(getattr(scenario, field)),
    )


def _joins(plan: Plan) -> list[Lever]:
    if plan.assignment["strand"].nunique() < 2:
        return []
    fields = ("joins_fields", "fields_apart"), ("joins_owners", "owners_apart")
    return [
        switch(field, rule, True, plan.scenario, rules=())
        for field, rule in fields
        if not getattr(plan.scenario, field)
    ]
