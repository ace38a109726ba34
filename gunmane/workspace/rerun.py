"""A plan made again from its file: the same plan, or a sentence that says what is not the same."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

from gunmane.errors import FileError, GunmaneError
from gunmane.exports.provenance import clean
from gunmane.plans import make_plan
from gunmane.scenario import Ground, Note, Plan
from gunmane.strands import Progress
from gunmane.workbench import Draft, draft_of, figures, ground_key
from gunmane.workbench.draft import as_labels, by_hand, with_choices
from gunmane.workspace.planfiles import PlanFile, check_inputs

# A sum of floats may end otherwise on another processor, further back than any figure is shown.
TOLERANCE = 1e-6


@dataclasses.dataclass(frozen=True, eq=False)
class Rerun:
    """
    A plan made again.

    Parameters
    ----------
    plan
        The plan, with the bundles and figures of the file.
    is_found_again
        True: the search gives these bundles from the choices alone. False: they were made by hand, or the search
        was ended early or is another one today; the stored bundles were taken and their figures are those of the file.
    """

    plan: Plan
    is_found_again: bool


def rerun(plan_file: PlanFile, ground: Ground, *, progress: Progress | None = None) -> Rerun:
    """
    Make the plan of a file again and hold it against the file.

    Parameters
    ----------
    plan_file
        The plan (`read_plan_file`).
    ground
        Its region, made ready from the same inputs.
    progress
        As for `make_plan`.

    Raises
    ------
    FileError
        If an input differs from the plan's (each is named), the file lacks units of the region, or its figures do not
        follow from its bundles.
    GunmaneError
        If the choices cannot be planned with.
    """
    check_inputs(plan_file, ground)
    plan = make_plan(plan_file.scenario, ground, progress=progress)
    if not difference(plan_file, plan):
        return Rerun(_with_hand(plan, plan_file), is_found_again=True)
    stored = _stored(plan_file, ground)
    differing = difference(plan_file, stored)
    if differing:
        raise FileError("plan_not_the_same", file=plan_file.file, figures=", ".join(differing))
    return Rerun(_with_hand(stored, plan_file), is_found_again=False)


def _with_hand(plan: Plan, plan_file: PlanFile) -> Plan:
    """Return the plan with what a person did to it, said in its notes as well."""
    told = plan_file.by_hand
    if not told:
        return plan
    notes = (Note.of("hand_made", steps=told["steps"]),) if told["steps"] else ()
    # Titles and locks of bundles or units that this plan does not have are left behind.
    kept = by_hand(with_choices(draft_of(plan), told), told["steps"])
    return dataclasses.replace(plan, by_hand=kept, notes=(*notes, *plan.notes))


def difference(plan_file: PlanFile, plan: Plan) -> list[str]:
    """
    Return what differs between a file and a plan: "assignment", "bases", or the names of figures; none if the same.

    Parameters
    ----------
    plan_file, plan
        What is told, and what was made.
    """
    found = []
    rows = plan.assignment.itertuples(index=False)
    if {(r.strand, r.unit_id): r.bundle_id for r in rows} != {
        (strand, unit): bundle for strand, own in plan_file.labels.items() for unit, bundle in own.items()
    }:
        found.append("assignment")
    bases = plan.bundles["base_unit_id"]
    if {str(k): v for k, v in bases.items() if v} != plan_file.bases:
        found.append("bases")
    made = clean(plan.totals)
    names = sorted({*made, *plan_file.totals})
    return found + [name for name in names if not _is_same(made.get(name), plan_file.totals.get(name))]


def _is_same(one: Any, other: Any) -> bool:
    if isinstance(one, int | float) and isinstance(other, int | float):
        return math.isclose(one, other, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    return bool(one == other)


def _stored(plan_file: PlanFile, ground: Ground) -> Plan:
    """Return the plan that the stored bundles and bases are."""
    labels = {strand: as_labels(own) for strand, own in plan_file.labels.items()}
    if not set(plan_file.bases.values()) <= set(ground.units.index):
        raise FileError("plan_file_edited", file=plan_file.file)
    names = {bundle: "" for own in plan_file.labels.values() for bundle in own.values()}
    draft = Draft(plan_file.scenario, ground_key(ground), labels, bases=dict(plan_file.bases), names=names)
    try:
        return figures(draft, ground)
    except GunmaneError:
        raise FileError("plan_file_edited", file=plan_file.file) from None
