"""gunmane: which infrastructure should be maintained together, across which borders and fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gunmane.municipalities import Region
    from gunmane.scenario import Plan

__version__ = "0.1.0"
__all__ = ["__version__", "notes_of", "plan"]


def plan(region: str | Region | None = None, *, municipalities: Sequence[str] = (), **choices: Any) -> Plan:
    """
    Make a plan from a notebook: `gunmane.plan("nara_uda", layer="structures", assets=["bridges.xlsx"])`.

    Parameters
    ----------
    region
        Id, number or name of a region, or a `gunmane.municipalities.Region`.
    municipalities
        Codes of any municipalities of Japan, in place of a region: `gunmane.plan(municipalities=["29212", "29385"])`.
    **choices
        Any field of `gunmane.scenario.Scenario`; also `roads` (path), `assets` (a path, several, or
        `gunmane.deliveries.LedgerFile`), `is_roads_as_assets`, and for all of `assets`: `profile` (path of a
        `.profile.toml`), `on_invalid` ("fix", "reject", "raise") and `town_hall` (True places bridges that only a
        report knows at the town hall). What else is asked of the plan: `alternatives=5`, `robustness=50`,
        `robustness_keeps_count=True`, `evidence=True`, `why_not=True`, `prices=True`, `rollout=True`, `exact=True`,
        `trade_offs=True` (see `gunmane.studies.Asked`); the answers are in `plan.studies`.

    Raises
    ------
    gunmane.errors.GunmaneError
        If the region is unknown, a file cannot be used, or a choice or study cannot be made; its text is the sentence
        in Japanese, `gunmane.i18n.say(error, "en")` the English one.
    ValueError
        If `on_invalid` is none of the three, or not exactly one of `region` and `municipalities` is given.
    TypeError
        If a choice is not a field of the scenario.
    """
    from pathlib import Path

    from gunmane.grounds import prepare_ground
    from gunmane.municipalities import own_region
    from gunmane.plans import make_plan
    from gunmane.scenario import Scenario
    from gunmane.studies import Asked, study_plan

    # Text alone is one code; it would otherwise be taken letter by letter.
    codes = [municipalities] if isinstance(municipalities, str) else list(municipalities)
    if bool(codes) == (region is not None):
        msg = "plan() needs a region or municipalities, not both"
        raise ValueError(msg)
    place = own_region("", codes) if region is None else region
    asked = Asked.take_from(choices)
    roads = choices.pop("roads", None)
    files = _ledger_files(choices.pop("assets", ()), choices)
    ground = prepare_ground(
        place,
        roads=Path(roads) if roads is not None else None,
        assets=files,
        is_roads_as_assets=bool(choices.pop("is_roads_as_assets", False)),
        has_water="water" in choices.get("sectors", ()),
    )
    return study_plan(make_plan(Scenario.default(ground.region, **choices), ground), asked)


def _ledger_files(assets: Any, choices: dict[str, Any]) -> tuple[Any, ...]:
    """Take out of `choices` how ledgers are read, and return each ledger with it."""
    from pathlib import Path

    from gunmane.deliveries import ON_INVALID, LedgerFile
    from gunmane.ledgers.postgis import is_postgis_url
    from gunmane.ledgers.profile_files import read_profile

    profile = choices.pop("profile", None)
    on_invalid = choices.pop("on_invalid", "fix")
    if on_invalid not in ON_INVALID:
        msg = f"on_invalid must be one of {ON_INVALID}, not {on_invalid!r}"
        raise ValueError(msg)
    said = read_profile(Path(profile)) if isinstance(profile, str | Path) else profile
    is_at_hall = bool(choices.pop("town_hall", False))
    # A path alone is one file; text would otherwise be taken letter by letter.
    files = [assets] if isinstance(assets, str | Path | LedgerFile) else list(assets or ())
    return tuple(
        LedgerFile(
            file if is_postgis_url(str(file)) else Path(file),
            said,
            on_invalid,
            places_at_town_hall=is_at_hall,
        )
        if isinstance(file, str | Path)
        else file
        for file in files
    )


def notes_of(plan: Plan, lang: str = "ja") -> list[str]:
    """
    Return what a reader of a plan must know, as sentences.

    Parameters
    ----------
    plan
        The plan.
    lang
        "ja" or "en".
    """
    from gunmane.explain import note_sentence

    return [note_sentence(note, lang) for note in plan.notes]
