"""The arguments of `gunmane plan` that set rules and wishes, and the fields of the scenario that they give."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from gunmane import schema
from gunmane.i18n import t
from gunmane.scenario import STRENGTHS

HARD = "hard"
LEVEL_COUNT = 3
PAIR, BORDER, LOCK, GROUP = "UNIT=UNIT", "CODE=CODE", "UNIT=NAME", "UNIT,UNIT,…"
WINDOW, COEFFICIENT = "COLUMN:FLOOR:CEILING[:hard]", "KEY=LOW,CENTRAL,HIGH"


def add_rules(plan: argparse.ArgumentParser, lang: str) -> None:
    """Add the arguments to the parser of `gunmane plan`."""
    group = plan.add_argument_group(t("cli.group.rules", lang))

    def add(name: str, form: str = "", **more: Any) -> None:
        key = name.removeprefix("--").removeprefix("no-").replace("-", "_")
        if form:
            more |= {"metavar": form, "action": "append", "default": []}
        group.add_argument(name, help=t(f"cli.rule.{key}", lang), **more)

    add("--no-join-fields", action="store_true")
    add("--whole-municipality", action=argparse.BooleanOptionalAction, default=None)
    add("--open-border", BORDER, type=_pair(BORDER))
    add("--most-municipalities", type=int, metavar="N")
    add("--must-link", PAIR, type=_pair(PAIR))
    add("--cannot-link", PAIR, type=_pair(PAIR))
    add("--lock-unit", LOCK, type=_pair(LOCK))
    add("--lock-bundle", GROUP, type=_group)
    add("--fixed-base", "UNIT", type=_unit)
    add("--base-count", type=int, metavar="N")
    add("--base-policy", choices=("best", "town_hall"))
    add("--side-window", WINDOW, type=_window)
    add("--site-limit-min", type=float, metavar="N")
    add("--site-limit-km", type=float, metavar="N")
    for name in STRENGTHS:
        add(f"--{name.replace('_', '-')}", type=float, metavar="X")
    add("--assume", COEFFICIENT, type=_coefficient)
    add("--moves", type=int, metavar="N")
    add("--metis", action="store_true")


def rule_choices(options: argparse.Namespace) -> dict[str, Any]:
    """Return the fields of the scenario that the arguments set; None where they say nothing."""
    lists = {
        "must_link": options.must_link,
        "cannot_link": options.cannot_link,
        "locked_units": options.lock_unit,
        "locked_bundles": options.lock_bundle,
        "fixed_bases": options.fixed_base,
        "open_borders": options.open_border,
        "side_windows": options.side_window,
    }
    overrides = tuple(sorted(dict(options.assume).items()))
    return {
        "joins_fields": False if options.no_join_fields else None,
        "keeps_municipality_whole": options.whole_municipality,
        "most_municipalities": options.most_municipalities,
        "base_count": options.base_count,
        "base_policy": options.base_policy,
        "site_limit_min": options.site_limit_min,
        "site_limit_km": options.site_limit_km,
        "assumption_overrides": overrides or None,
        "move_budget": options.moves,
        "uses_metis": options.metis or None,
        **{name: getattr(options, name) for name in STRENGTHS},
        **{name: tuple(given) or None for name, given in lists.items()},
    }


def _fault(form: str, text: str) -> argparse.ArgumentTypeError:
    """Return a fault that `usage` says in the user's language: the form that is asked for, and what was given."""
    return argparse.ArgumentTypeError(f"form {form}: '{text}'")


def _pair(form: str) -> Callable[[str], tuple[str, str]]:
    def read(text: str) -> tuple[str, str]:
        ends = [end.strip() for end in text.split("=")]
        if len(ends) != 2 or not all(ends):
            raise _fault(form, text)
        return ends[0], ends[1]

    return read


def _unit(text: str) -> str:
    if not text.strip():
        raise _fault("UNIT", text)
    return text.strip()


def _group(text: str) -> tuple[str, ...]:
    units = tuple(unit.strip() for unit in text.split(","))
    if not all(units):
        raise _fault(GROUP, text)
    return units


def _window(text: str) -> tuple[str, float | None, float | None, bool]:
    parts = [part.strip() for part in text.split(":")]
    is_hard = parts[LEVEL_COUNT:] == [HARD]
    parts = parts[:LEVEL_COUNT] if is_hard else parts
    if len(parts) != LEVEL_COUNT or parts[0] not in schema.SIDE_COLUMNS or not (parts[1] or parts[2]):
        raise _fault(WINDOW, text)
    floor, ceiling = (_number(part, WINDOW, text) if part else None for part in parts[1:])
    return parts[0], floor, ceiling, is_hard


def _coefficient(text: str) -> tuple[str, tuple[float, float, float]]:
    key, _, told = text.partition("=")
    values = [_number(part, COEFFICIENT, text) for part in told.split(",")]
    if not key.strip() or len(values) not in (1, LEVEL_COUNT):
        raise _fault(COEFFICIENT, text)
    low, central, high = values * LEVEL_COUNT if len(values) == 1 else values
    return key.strip(), (low, central, high)


def _number(part: str, form: str, text: str) -> float:
    try:
        return float(part)
    except ValueError:
        raise _fault(form, text) from None
