"""`plan.json` read back: the choices, the bundles, and the fingerprint of every input that they rest on."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import pathlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from gunmane.errors import FileError, ScenarioError
from gunmane.exports.planfile import FORMAT
from gunmane.i18n import LANGUAGES, t
from gunmane.plans import scenario_assumptions
from gunmane.scenario import Ground, Scenario
from gunmane.workbench import TITLE_LENGTH

FAMILY = FORMAT.partition("/")[0]
SEPARATORS = {"ja": "、", "en": "; "}
# So many inputs are named in a sentence.
NAMED = 6
NAMED_LENGTH = 80
# 60 municipalities of 100,000 units with all notes take some 30 MB.
MOST_BYTES = 128 << 20
# More steps than a person does in a working life.
MOST_STEPS = 1_000_000
# As `bundles` names them: a letter and a number.
BUNDLE = re.compile(r"[A-Z][0-9]{1,9}", re.ASCII)
# Half of a sign of two halves, as JSON writes it: alone it is no text, and no file or page can hold it.
HALF_SIGN = re.compile(r"\\u[dD][89a-fA-F]")
# What stands where nobody gave a file; it is no road file.
SAMPLE = "sample"
KINDS = ("facts", "national", "assets", "profile", "roads", "assumptions")
Inputs = Mapping[str, str]


@dataclasses.dataclass(frozen=True, eq=False)
class PlanFile:
    """
    A plan as its file tells it.

    Parameters
    ----------
    file
        Name of the file.
    scenario
        The choices.
    inputs
        Fingerprint of each input by name: `facts`, `assets1/bridges.xlsx`, `roads/n13.zip`, … and `assumptions`.
    has_roads_as_assets
        Whether the lines of the road file were its road assets.
    labels
        Strand -> unit -> bundle.
    bases
        Bundle -> unit of its base, where it has one.
    totals
        Figures of the whole plan.
    gunmane_version
        What made it.
    by_hand
        What a person did to it (`Plan.by_hand`); empty where nobody did, or an older gunmane wrote the file.
    """

    file: str
    scenario: Scenario
    inputs: dict[str, str]
    has_roads_as_assets: bool
    labels: dict[str, dict[str, str]]
    bases: dict[str, str]
    totals: dict[str, float | None]
    gunmane_version: str
    by_hand: dict[str, Any] = dataclasses.field(default_factory=dict)


def read_plan_file(path: pathlib.Path | str) -> PlanFile:
    """
    Return the plan of a `plan.json`.

    Parameters
    ----------
    path
        The file.

    Raises
    ------
    FileError
        If it cannot be read, is no plan file, is larger than any, was changed by hand or cut off, or is of a newer
        gunmane.
    """
    file = pathlib.Path(path)
    text = _text(file)
    told = _loaded(text, file)
    try:
        if HALF_SIGN.search(text):
            json.dumps(told, ensure_ascii=False).encode()
        given = told["provenance"]
        scenario = _scenario(told["scenario"], given["scenario"], file.name)
        strands: dict[str, dict[str, str]] = {}
        for row in told["assignment"]:
            strands.setdefault(str(row["strand"]), {})[str(row["unit_id"])] = _bundle(row["bundle_id"])
        return PlanFile(
            file=file.name,
            scenario=scenario,
            inputs={**given["input_sha256"], "assumptions": told["assumptions_sha256"]},
            has_roads_as_assets=given["roads_source"] in set(given["assets_source"]) - {SAMPLE},
            labels=strands,
            bases={
                _bundle(row["bundle_id"]): str(row["base_unit_id"])
                for row in told["bundles"]
                if row["base_unit_id"]
            },
            totals={name: told["totals"][name] for name in told["totals"]},
            gunmane_version=str(given["gunmane_version"]),
            by_hand=_by_hand(told.get("by_hand", {})),
        )
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError):
        raise FileError("plan_file_edited", file=file.name) from None


def _by_hand(told: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a person did, each part of its kind; anything else in the file is a fault of it."""
    if not told:
        return {}
    steps = told["steps"]
    if type(steps) is not int or not 0 <= steps <= MOST_STEPS:
        raise ValueError(steps)
    return {
        "steps": steps,
        "titles": {_bundle(name): _title(title) for name, title in told["titles"].items()},
        "bases": {_bundle(bundle): str(unit) for bundle, unit in told["bases"].items()},
        "locked_units": [str(unit) for unit in told["locked_units"]],
        "locked_bundles": [_bundle(bundle) for bundle in told["locked_bundles"]],
    }


def _bundle(told: object) -> str:
    """Return the name of a bundle; `ValueError` where gunmane names none so."""
    if not isinstance(told, str) or BUNDLE.fullmatch(told) is None:
        raise ValueError(told)
    return told


def _title(told: object) -> str:
    """Return a title as the page would take it: on one line, of signs that can be seen, and not longer."""
    spaced = " ".join(str(told).split())
    return "".join(sign for sign in spaced if sign.isprintable())[:TITLE_LENGTH]


def _text(file: pathlib.Path) -> str:
    """Return what is in a file; one without an end, such as a device, is read no further than any plan goes."""
    try:
        with file.open("rb") as opened:
            content = opened.read(MOST_BYTES + 1)
        size = max(len(content), file.stat().st_size)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise FileError("plan_file_unreadable", file=file.name, reason=reason) from None
    if len(content) > MOST_BYTES:
        raise FileError("plan_file_large", file=file.name, size=-(-size >> 20), limit=MOST_BYTES >> 20)
    try:
        return content.decode(json.detect_encoding(content))
    except ValueError:
        raise FileError("plan_file_none", file=file.name) from None


def _loaded(text: str, file: pathlib.Path) -> dict[str, Any]:
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        raise FileError("plan_file_none", file=file.name) from None
    found = str(told.get("format", "")) if isinstance(told, dict) else ""
    if found == FORMAT:
        return dict(told)
    key = "plan_file_newer" if found.startswith(f"{FAMILY}/") else "plan_file_none"
    # What is named in a sentence must be text that can be written, and not a page of it.
    known = found[:NAMED_LENGTH].encode(errors="replace").decode()
    raise FileError(key, file=file.name, format=known, known=FORMAT)


def _scenario(told: Mapping[str, Any], fingerprint: str, file: str) -> Scenario:
    """Return the choices of a file whose own fingerprint still fits them."""
    text = json.dumps(told, sort_keys=True, ensure_ascii=True)
    if hashlib.sha256(text.encode()).hexdigest()[: len(fingerprint)] != fingerprint:
        raise FileError("plan_file_edited", file=file)
    unknown = sorted(set(told) - {field.name for field in dataclasses.fields(Scenario)})
    if unknown:
        raise FileError("plan_file_newer", file=file, format=", ".join(unknown), known=FORMAT)
    try:
        return Scenario(**told)
    except ScenarioError:
        raise FileError("plan_file_edited", file=file) from None


def check_inputs(plan_file: PlanFile, ground: Ground) -> None:
    """
    Refuse a ground that was made from other inputs than the plan.

    A file is known by what is in it, whatever it is called now.

    Parameters
    ----------
    plan_file
        The plan.
    ground
        The region made ready from the inputs at hand.

    Raises
    ------
    FileError
        Naming each input that differs, and how: other content, not given, or not of the plan.
    """
    found = differing_inputs(plan_file.inputs, ground_inputs(ground, plan_file.scenario))
    if found:
        raise FileError("plan_other_data", file=plan_file.file, count=len(found), **input_texts(found))


def ground_inputs(ground: Ground, scenario: Scenario) -> dict[str, str]:
    """Return the fingerprint of everything that a plan of this ground and these choices rests on, by name."""
    given = dict(ground.provenance["input_sha256"])
    return {**given, "assumptions": scenario_assumptions(scenario).fingerprint()}


def input_texts(found: Sequence[tuple[str, str, str]]) -> dict[str, str]:
    """Return what `differing_inputs` found as words for a sentence: `inputs_ja`, `inputs_en`."""
    return {
        f"inputs_{lang}": SEPARATORS[lang].join(_input_text(*one, lang) for one in found[:NAMED])
        for lang in LANGUAGES
    }


def differing_inputs(told: Inputs, now: Inputs) -> list[tuple[str, str, str]]:
    """
    Return which inputs differ between a plan and today.

    Parameters
    ----------
    told, now
        Fingerprint of each input by name, as in `PlanFile.inputs`.

    Returns
    -------
    differing
        (kind, name of the file, "changed", "missing" or "extra"), sorted.
    """
    found: list[tuple[str, str, str]] = []
    before, after = _by_kind(told), _by_kind(now)
    for kind in sorted({*before, *after}):
        old, new = before.get(kind, {}), after.get(kind, {})
        gone = {name for name, digest in old.items() if digest not in new.values()}
        come = {name for name, digest in new.items() if digest not in old.values()}
        found += [(kind, name, "changed") for name in sorted(gone & come)]
        found += [(kind, name, "missing") for name in sorted(gone - come)]
        found += [(kind, name, "extra") for name in sorted(come - gone)]
    # How a file is read says nothing new where the file itself is another.
    files = {name for kind, name, _ in found if kind == "assets"}
    return [one for one in found if one[0] != "profile" or one[1] not in files]


def _by_kind(inputs: Inputs) -> dict[str, dict[str, str]]:
    """Kind -> name -> fingerprint; the number of a file among the others is no part of it."""
    kinds: dict[str, dict[str, str]] = {}
    for key, digest in inputs.items():
        kind, _, name = key.partition("/")
        kinds.setdefault(kind.rstrip("0123456789"), {})[name] = str(digest)
    return kinds


def _input_text(kind: str, name: str, how: str, lang: str) -> str:
    what = t(f"rerun.input.{kind}", lang) if kind in KINDS else kind
    return t(f"rerun.how.{how}", lang, what=f"{what} {name}".strip())
