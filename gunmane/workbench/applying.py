"""An edit done to a draft: checked first, so that an edit that cannot be changes nothing."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping

import pandas as pd

from gunmane.errors import PlanError, ScenarioError
from gunmane.workbench.draft import NAMED, Draft, as_labels, free_names, name_order
from gunmane.workbench.edits import (
    ChangeChoices,
    Edit,
    Improve,
    LockAll,
    LockBundles,
    LockUnits,
    Merge,
    MoveUnits,
    NameBundle,
    NewBundle,
    SetBase,
    Split,
    UnlockAll,
    UnlockBundles,
    UnlockUnits,
)

# Choices that decide what is planned apart: with others the bundles of a draft mean nothing.
FIXED_CHOICES = frozenset({"region_id", "layer", "joins_owners", "joins_fields"})
TITLE_LENGTH = 80


def apply(draft: Draft, edit: Edit) -> Draft:
    """
    Return the draft after an edit; the draft given stays as it is.

    Parameters
    ----------
    draft
        What it is done to.
    edit
        What is done.

    Raises
    ------
    PlanError
        If a unit or bundle is not there, is locked, belongs to another strand, or nothing would change.
    ScenarioError
        If new choices cannot be.
    """
    return _done(edit, draft)


@functools.singledispatch
def _done(edit: Edit, draft: Draft) -> Draft:  # noqa: ARG001
    raise PlanError("edit_format", kind=type(edit).__name__, format="")


@_done.register
def _(edit: MoveUnits, draft: Draft) -> Draft:
    strand = draft.strand_of(edit.to)
    moving = _movable(draft, strand, edit.units, but=edit.to)
    if not moving:
        raise PlanError("edit_nothing", bundle=edit.to)
    _check_open(draft, [edit.to])
    return _moved(draft, strand, dict.fromkeys(moving, edit.to))


@_done.register
def _(edit: NewBundle, draft: Draft) -> Draft:
    if edit.strand not in draft.labels:
        raise PlanError("strand_unknown", strand=edit.strand)
    moving = _movable(draft, edit.strand, edit.units)
    own = {draft.labels[edit.strand][unit] for unit in moving}
    if not moving or (len(own) == 1 and len(moving) == len(draft.units_of(next(iter(own))))):
        raise PlanError("edit_nothing", bundle=", ".join(sorted(own)))
    (name,) = free_names(draft, 1)
    return _moved(_named(draft, [name]), edit.strand, dict.fromkeys(moving, name))


@_done.register
def _(edit: Merge, draft: Draft) -> Draft:
    chosen = sorted(set(edit.bundles), key=name_order)
    strands = {draft.strand_of(bundle) for bundle in chosen}
    if len(chosen) < 2:
        raise PlanError("merge_needs_two")
    if len(strands) > 1:
        raise PlanError("strands_mixed", bundles=_told(chosen))
    _check_open(draft, chosen)
    held = {bundle: draft.units_of(bundle) for bundle in chosen}
    kept = max(chosen, key=lambda bundle: len(held[bundle]))
    moving = [unit for bundle in chosen if bundle != kept for unit in held[bundle]]
    (strand,) = strands
    _check_units_free(draft, moving)
    return _moved(draft, strand, dict.fromkeys(moving, kept))


@_done.register
def _(edit: Split, draft: Draft) -> Draft:
    strand = draft.strand_of(edit.bundle)
    held = set(draft.units_of(edit.bundle))
    outside = sorted(set(edit.units) - held)
    if outside:
        raise PlanError("units_elsewhere", units=_told(outside), bundle=edit.bundle)
    if not edit.units or len(set(edit.units)) == len(held):
        raise PlanError("split_needs_part", bundle=edit.bundle)
    moving = _movable(draft, strand, edit.units)
    (name,) = free_names(draft, 1)
    return _moved(_named(draft, [name]), strand, dict.fromkeys(moving, name))


@_done.register
def _(edit: SetBase, draft: Draft) -> Draft:
    held = draft.units_of(edit.bundle)
    draft.strand_of(edit.bundle)
    _check_open(draft, [edit.bundle])
    if edit.unit is None:
        return draft.replace(bases={k: v for k, v in draft.bases.items() if k != edit.bundle})
    if edit.unit not in held:
        raise PlanError("units_elsewhere", units=edit.unit, bundle=edit.bundle)
    return draft.replace(bases={**draft.bases, edit.bundle: edit.unit})


@_done.register
def _(edit: NameBundle, draft: Draft) -> Draft:
    draft.strand_of(edit.bundle)
    title = " ".join(edit.title.split())
    if len(title) > TITLE_LENGTH:
        raise PlanError("title_too_long", length=len(title), limit=TITLE_LENGTH)
    return draft.replace(names={**draft.names, edit.bundle: title})


@_done.register
def _(edit: LockUnits, draft: Draft) -> Draft:
    _check_known(draft, edit.units)
    return draft.replace(locked_units=draft.locked_units | set(edit.units))


@_done.register
def _(edit: UnlockUnits, draft: Draft) -> Draft:
    _check_known(draft, edit.units)
    return draft.replace(locked_units=draft.locked_units - set(edit.units))


@_done.register
def _(edit: LockBundles, draft: Draft) -> Draft:
    for bundle in edit.bundles:
        draft.strand_of(bundle)
    return draft.replace(locked_bundles=draft.locked_bundles | set(edit.bundles))


@_done.register
def _(edit: UnlockBundles, draft: Draft) -> Draft:
    for bundle in edit.bundles:
        draft.strand_of(bundle)
    return draft.replace(locked_bundles=draft.locked_bundles - set(edit.bundles))


@_done.register
def _(_: LockAll, draft: Draft) -> Draft:
    return draft.replace(locked_bundles=frozenset(draft.bundles()))


@_done.register
def _(_: UnlockAll, draft: Draft) -> Draft:
    return draft.replace(locked_units=frozenset(), locked_bundles=frozenset())


@_done.register
def _(edit: Improve, draft: Draft) -> Draft:
    # The engine worked while a hand may have gone on: what it found fits the draft that it began with.
    if edit.labels_key and edit.labels_key != draft.labels_key():
        raise PlanError("draft_went_on")
    by_strand: dict[str, dict[str, str]] = {}
    for strand, unit, bundle in edit.labels:
        if strand not in draft.labels:
            raise PlanError("strand_unknown", strand=strand)
        by_strand.setdefault(strand, {})[unit] = bundle
    wanted = sorted({bundle for _, _, bundle in edit.labels} - set(draft.names), key=name_order)
    after = _named(draft, wanted)
    for strand, bundle_of in by_strand.items():
        _movable(draft, strand, bundle_of)
        _check_open(draft, set(bundle_of.values()))
        after = _moved(after, strand, bundle_of)
    return after


@_done.register
def _(edit: ChangeChoices, draft: Draft) -> Draft:
    choices = dict(edit.choices)
    unknown = sorted(set(choices) - {*draft.scenario.__dataclass_fields__})
    if unknown:
        raise ScenarioError("choice_unknown", choice=unknown[0])
    changed = {name for name, value in choices.items() if value != getattr(draft.scenario, name)}
    is_apart = not (draft.scenario.joins_owners and draft.scenario.joins_fields)
    fixed = changed & (FIXED_CHOICES | ({"sectors"} if is_apart else set()))
    if fixed:
        raise PlanError("choice_needs_new_plan", name=min(fixed))
    return draft.replace(scenario=draft.scenario.replace(**choices))


def _movable(draft: Draft, strand: str, units: Iterable[str], *, but: str = "") -> list[str]:
    """Return units that are to leave their bundles, without those that lie in `but` already."""
    labels = draft.labels[strand]
    chosen = sorted(set(units))
    missing = [unit for unit in chosen if unit not in labels.index]
    if missing:
        _check_known(draft, missing)
        raise PlanError("units_other_strand", units=_told(missing), strand=strand)
    moving = [unit for unit in chosen if labels[unit] != but]
    _check_units_free(draft, moving)
    _check_open(draft, {str(labels[unit]) for unit in moving})
    return moving


def _check_known(draft: Draft, units: Iterable[str]) -> None:
    known = {unit for labels in draft.labels.values() for unit in labels.index}
    unknown = sorted(set(units) - known)
    if unknown:
        raise PlanError("units_unknown", units=_told(unknown))


def _check_units_free(draft: Draft, units: Iterable[str]) -> None:
    locked = sorted(draft.locked_units.intersection(units))
    if locked:
        raise PlanError("units_locked", units=_told(locked), count=len(locked))


def _check_open(draft: Draft, bundles: Iterable[str]) -> None:
    locked = sorted(draft.locked_bundles.intersection(bundles), key=name_order)
    if locked:
        raise PlanError("bundles_locked", bundles=_told(locked))


def _moved(draft: Draft, strand: str, bundle_of: Mapping[str, str]) -> Draft:
    """Return the draft with units in other bundles; a base that left its bundle is chosen anew."""
    own = draft.labels[strand]
    labels = as_labels({**dict(zip(own.index, own.to_numpy(), strict=True)), **bundle_of})
    moved = draft.replace(labels={**draft.labels, strand: labels})
    gone = set(pd.unique(own)) - set(pd.unique(labels))
    bases = {
        bundle: unit
        for bundle, unit in draft.bases.items()
        if bundle not in gone and bundle_of.get(unit, bundle) == bundle
    }
    return moved.replace(bases=bases, locked_bundles=draft.locked_bundles - gone)


def _named(draft: Draft, names: Iterable[str]) -> Draft:
    return draft.replace(names={**draft.names, **dict.fromkeys(names, "")})


def _told(names: Iterable[str]) -> str:
    chosen = list(names)
    return ", ".join(chosen[:NAMED]) + (" …" if len(chosen) > NAMED else "")
