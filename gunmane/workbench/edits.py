"""The edits of the workbench: small things a hand does, each kept as JSON and done again the same way."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, ClassVar

from gunmane.errors import PlanError

FORMAT = "gunmane-edit/1"


@dataclasses.dataclass(frozen=True)
class Edit:
    """One thing done to a draft; `kind` names it in files."""

    kind: ClassVar[str] = ""

    def to_json(self) -> dict[str, Any]:
        """Return the edit as values that JSON can hold."""
        told = {field.name: _plain(getattr(self, field.name)) for field in dataclasses.fields(self)}
        return {"format": FORMAT, "kind": self.kind, **told}


@dataclasses.dataclass(frozen=True)
class MoveUnits(Edit):
    """Move units into a bundle. A bundle that is left without units is gone."""

    units: tuple[str, ...]
    to: str
    kind: ClassVar[str] = "move_units"


@dataclasses.dataclass(frozen=True)
class NewBundle(Edit):
    """Put units into a bundle of their own. Where fields or bodies are planned apart, `strand` says which of them."""

    units: tuple[str, ...]
    strand: str = ""
    kind: ClassVar[str] = "new_bundle"


@dataclasses.dataclass(frozen=True)
class Merge(Edit):
    """Join bundles into one, which keeps the name, base and title of the one with most units."""

    bundles: tuple[str, ...]
    kind: ClassVar[str] = "merge"


@dataclasses.dataclass(frozen=True)
class Split(Edit):
    """
    Take units out of a bundle into a new one.

    Parameters
    ----------
    bundle
        The bundle.
    units
        Some of its units, not all.
    is_even
        Whether the engine chose the units so that both parts have about as much work (`split_evenly`).
    """

    bundle: str
    units: tuple[str, ...]
    is_even: bool = False
    kind: ClassVar[str] = "split"


@dataclasses.dataclass(frozen=True)
class SetBase(Edit):
    """Choose the base of a bundle, one of its units; None gives it its best base again."""

    bundle: str
    unit: str | None
    kind: ClassVar[str] = "set_base"


@dataclasses.dataclass(frozen=True)
class NameBundle(Edit):
    """Give a bundle a title beside its name; "" takes it away."""

    bundle: str
    title: str
    kind: ClassVar[str] = "name_bundle"


@dataclasses.dataclass(frozen=True)
class LockUnits(Edit):
    """Hold units in their bundle."""

    units: tuple[str, ...]
    kind: ClassVar[str] = "lock_units"


@dataclasses.dataclass(frozen=True)
class UnlockUnits(Edit):
    """Let units move again."""

    units: tuple[str, ...]
    kind: ClassVar[str] = "unlock_units"


@dataclasses.dataclass(frozen=True)
class LockBundles(Edit):
    """Let no unit enter or leave bundles."""

    bundles: tuple[str, ...]
    kind: ClassVar[str] = "lock_bundles"


@dataclasses.dataclass(frozen=True)
class UnlockBundles(Edit):
    """Let units enter and leave bundles again."""

    bundles: tuple[str, ...]
    kind: ClassVar[str] = "unlock_bundles"


@dataclasses.dataclass(frozen=True)
class LockAll(Edit):
    """Lock every bundle."""

    kind: ClassVar[str] = "lock_all"


@dataclasses.dataclass(frozen=True)
class UnlockAll(Edit):
    """Take away every lock, of bundles and of units."""

    kind: ClassVar[str] = "unlock_all"


@dataclasses.dataclass(frozen=True)
class Improve(Edit):
    """
    What the engine found when it went on from a draft.

    Parameters
    ----------
    labels
        (strand, unit, bundle) of every unit that lies elsewhere; bundles that the draft does not have are new.
    moves
        Moves that the search evaluated.
    is_cancelled
        Whether it was ended early.
    labels_key
        `Draft.labels_key` of the draft that it went on from; it can be done to that alone. "" is not checked.
    """

    labels: tuple[tuple[str, str, str], ...]
    moves: int = 0
    is_cancelled: bool = False
    labels_key: str = ""
    kind: ClassVar[str] = "improve"


@dataclasses.dataclass(frozen=True)
class ChangeChoices(Edit):
    """Choose otherwise: fields of `Scenario` by name, each with its new value, sorted by name."""

    choices: tuple[tuple[str, Any], ...]
    kind: ClassVar[str] = "change_choices"

    @classmethod
    def of(cls, **choices: Any) -> ChangeChoices:
        """Return the edit that sets these fields."""
        return cls(tuple((name, _tuples(value)) for name, value in sorted(choices.items())))


KINDS: dict[str, type[Edit]] = {
    edit.kind: edit
    for edit in (
        MoveUnits,
        NewBundle,
        Merge,
        Split,
        SetBase,
        NameBundle,
        LockUnits,
        UnlockUnits,
        LockBundles,
        UnlockBundles,
        LockAll,
        UnlockAll,
        Improve,
        ChangeChoices,
    )
}


def edit_from_json(told: Mapping[str, Any]) -> Edit:
    """
    Return the edit that `to_json` wrote.

    Raises
    ------
    PlanError
        If it is no edit, or of a kind or form that this gunmane does not know.
    """
    kind = KINDS.get(str(told.get("kind")))
    if told.get("format") != FORMAT or kind is None:
        raise PlanError("edit_format", kind=str(told.get("kind")), format=str(told.get("format")))
    values = {name: _tuples(value) for name, value in told.items() if name not in ("format", "kind")}
    try:
        return kind(**values)
    except TypeError as fault:
        raise PlanError("edit_format", kind=kind.kind, format=FORMAT) from fault


def _plain(value: Any) -> Any:
    return [_plain(part) for part in value] if isinstance(value, tuple) else value


def _tuples(value: Any) -> Any:
    return tuple(_tuples(part) for part in value) if isinstance(value, list | tuple) else value
