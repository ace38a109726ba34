"""The plan on the workbench: which unit lies in which bundle, and what a person chose, named and held."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from gunmane.errors import GunmaneError, PlanError
from gunmane.plans import PREFIXES
from gunmane.scenario import Ground, Plan, Scenario

FORMAT = "gunmane-draft/1"
KEY_LENGTH = 32
# So many units or bundles at fault are named in a sentence.
NAMED = 5

Labels = dict[str, pd.Series]


@dataclasses.dataclass(frozen=True, eq=False)
class Draft:
    """
    A plan that is shaped by hand; it is never changed, every edit gives another one.

    Parameters
    ----------
    scenario
        The choices that it is judged by.
    ground_key
        What its ground was made of (`ground_key`).
    labels
        Strand -> bundle of each unit, indexed by `unit_id` in the order of the ids.
    bases
        Bundle -> unit of its base, where chosen by hand; the others have their best base.
    locked_units
        Units that neither a hand nor the engine moves.
    locked_bundles
        Bundles that no unit enters or leaves.
    names
        Every name that a bundle of this draft ever had -> the title that a person gave it ("" without). A name is
        never given twice, so that a bundle keeps its name on the map through all edits.
    """

    scenario: Scenario
    ground_key: str
    labels: Labels
    bases: dict[str, str] = dataclasses.field(default_factory=dict)
    locked_units: frozenset[str] = frozenset()
    locked_bundles: frozenset[str] = frozenset()
    names: dict[str, str] = dataclasses.field(default_factory=dict)

    def bundles(self, strand: str | None = None) -> list[str]:
        """Return the names of all bundles that hold a unit, of one strand or of all, D2 before D10."""
        chosen = self.labels.values() if strand is None else [self.labels[strand]]
        return sorted({name for labels in chosen for name in pd.unique(labels).tolist()}, key=name_order)

    def units_of(self, bundle: str) -> list[str]:
        """Return the units of a bundle in the order of their ids; none where there is no such bundle."""
        return [str(u) for labels in self.labels.values() for u in labels.index[labels == bundle]]

    def strand_of(self, bundle: str) -> str:
        """
        Return the strand that a bundle belongs to.

        Raises
        ------
        PlanError
            If the draft has no such bundle.
        """
        for strand, labels in self.labels.items():
            if (labels == bundle).any():
                return strand
        raise PlanError("bundle_unknown", bundle=bundle)

    def labels_key(self) -> str:
        """Return a hash of which unit lies in which bundle, and of nothing else."""
        told = {strand: list(zip(one.index, one, strict=True)) for strand, one in sorted(self.labels.items())}
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:KEY_LENGTH]

    def replace(self, **parts: Any) -> Draft:
        """Return a copy with other parts."""
        return dataclasses.replace(self, **parts)

    def to_json(self) -> dict[str, Any]:
        """Return everything that the draft is, as values that JSON can hold."""
        return {
            "format": FORMAT,
            "scenario": json.loads(json.dumps(dataclasses.asdict(self.scenario))),
            "ground_key": self.ground_key,
            "labels": {strand: _by_bundle(labels) for strand, labels in sorted(self.labels.items())},
            "bases": dict(sorted(self.bases.items())),
            "locked_units": sorted(self.locked_units),
            "locked_bundles": sorted(self.locked_bundles, key=name_order),
            "names": dict(sorted(self.names.items(), key=lambda item: name_order(item[0]))),
        }

    @staticmethod
    def from_json(told: Mapping[str, Any]) -> Draft:
        """
        Return the draft that `to_json` wrote.

        Raises
        ------
        PlanError
            If it is no draft, or one of a newer gunmane.
        ScenarioError
            If its choices cannot be.
        """
        if told.get("format") != FORMAT:
            raise PlanError("draft_format", format=str(told.get("format")), known=FORMAT)
        try:
            return Draft(
                scenario=Scenario(**told["scenario"]),
                ground_key=str(told["ground_key"]),
                labels={strand: _from_bundles(rows) for strand, rows in told["labels"].items()},
                bases=dict(told["bases"]),
                locked_units=frozenset(told["locked_units"]),
                locked_bundles=frozenset(told["locked_bundles"]),
                names=dict(told["names"]),
            )
        except GunmaneError:
            raise
        except (KeyError, TypeError, ValueError, AttributeError) as fault:
            raise PlanError("draft_broken", fault=str(fault)) from fault


def _by_bundle(labels: pd.Series) -> dict[str, list[str]]:
    names = sorted(pd.unique(labels).tolist(), key=name_order)
    return {name: [str(unit) for unit in labels.index[labels == name]] for name in names}


def _from_bundles(rows: Mapping[str, list[str]]) -> pd.Series:
    return as_labels({str(unit): name for name, units in rows.items() for unit in units})


def as_labels(bundle_of: Mapping[str, str]) -> pd.Series:
    """Return unit -> bundle as labels of a draft: in the order of the ids."""
    units = sorted(bundle_of)
    return pd.Series(
        np.array([bundle_of[unit] for unit in units], dtype=object),
        index=pd.Index(np.array(units, dtype=object), name="unit_id"),
        name="bundle_id",
        dtype=object,
    )


def name_order(name: str) -> tuple[int, str]:
    """Return what bundle names are sorted by: their number, so that D2 comes before D10."""
    digits = "".join(sign for sign in name if sign.isdigit())
    return (int(digits) if digits else 0, name)


def free_names(draft: Draft, count: int) -> list[str]:
    """Return names for new bundles that no bundle of the draft ever had."""
    last = max((name_order(name)[0] for name in draft.names), default=0)
    return [f"{PREFIXES[draft.scenario.layer]}{last + 1 + i}" for i in range(count)]


def ground_key(ground: Ground) -> str:
    """
    Return a hash of what a ground was made of: region, input files, units, and who keeps which asset.

    It does not depend on the machine, on when it was made or on gunmane's version.
    """
    given = ground.provenance
    head = {
        "region": ground.region.region_id,
        "inputs": given.get("input_sha256", {}),
        "sources": [given.get("roads_source", ""), given.get("assets_source", [])],
    }
    digest = hashlib.sha256(json.dumps(head, sort_keys=True, default=str).encode())
    columns = [ground.units.index, ground.units["muni_code"]]
    columns += [ground.assets[name] for name in ("asset_id", "sector", "owner_code")]
    for column in columns:
        digest.update("\n".join(column.astype("object").astype(str)).encode() + b"\0")
    return digest.hexdigest()[:KEY_LENGTH]


def draft_of(plan: Plan) -> Draft:
    """
    Return a plan as a draft to go on with by hand: its bundles under their names, every base the best one.

    What a person chose before (`Plan.by_hand`: titles, bases, locks) is in the draft again.

    Parameters
    ----------
    plan
        A plan of `make_plan`, of an alternative or of the workbench.
    """
    labels = {
        str(strand): as_labels(dict(zip(rows["unit_id"], rows["bundle_id"], strict=True)))
        for strand, rows in plan.assignment.groupby("strand", sort=True)
    }
    names = {str(name): "" for name in plan.bundles.index}
    draft = Draft(plan.scenario, ground_key(plan.ground), labels, names=names)
    return with_choices(draft, plan.by_hand)


def by_hand(draft: Draft, steps: int) -> dict[str, Any]:
    """
    Return what a person did to a draft, as `Plan.by_hand` tells it; empty where nothing.

    Parameters
    ----------
    draft
        The draft.
    steps
        Edits that led to it.
    """
    here = set(draft.bundles())
    titles = {name: title for name, title in draft.names.items() if title and name in here}
    locks = {
        "locked_units": sorted(draft.locked_units),
        "locked_bundles": sorted(draft.locked_bundles & here),
    }
    chosen = {"titles": titles, "bases": dict(draft.bases), **locks}
    return {"steps": steps, **chosen} if steps or any(chosen.values()) else {}


def with_choices(draft: Draft, told: Mapping[str, Any]) -> Draft:
    """
    Return a draft with the titles, bases and locks that `by_hand` told of; what the draft does not have is left out.

    Parameters
    ----------
    draft
        The draft.
    told
        `Plan.by_hand`.
    """
    if not told:
        return draft
    here = set(draft.bundles())
    units = {str(unit) for labels in draft.labels.values() for unit in labels.index}
    titles = {name: title for name, title in told.get("titles", {}).items() if name in here}
    return draft.replace(
        names={**draft.names, **titles},
        bases={
            bundle: unit for bundle, unit in told.get("bases", {}).items() if bundle in here and unit in units
        },
        locked_units=frozenset(told.get("locked_units", ())) & units,
        locked_bundles=frozenset(told.get("locked_bundles", ())) & here,
    )


def check_ground(draft: Draft, key: str) -> None:
    """
    Refuse to work on a draft with another ground than its own.

    Parameters
    ----------
    draft
        The draft.
    key
        `ground_key` of the ground at hand.

    Raises
    ------
    PlanError
        If they differ.
    """
    if draft.ground_key != key:
        raise PlanError("draft_other_ground", region=draft.scenario.region_id)
