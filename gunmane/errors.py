"""The family of errors: each carries a catalogue key and values, never a finished sentence."""

from __future__ import annotations

from collections.abc import Callable


class GunmaneError(Exception):
    """
    A fault that a user can act on.

    Parameters
    ----------
    key
        Catalogue key under `error.` that says what happened, what was kept and what to do.
    values
        What the sentence names: file, row, column, value, remedy.
    """

    def __init__(self, key: str, /, **values: object) -> None:
        self.key = key
        self.values = values
        super().__init__(f"{key}: {values}")

    def __str__(self) -> str:
        """Return the sentence in Japanese with the key behind it; without a catalogue the key and the values."""
        told = next((sentence for say in _SAYERS if (sentence := say(self))), "")
        return f"{told} ({self.key})" if told else super().__str__()

    def __reduce__(self) -> tuple[object, ...]:
        """Keep key and values when the error crosses a process border."""
        return _rebuild, (type(self), self.key, self.values)


def _rebuild(kind: type[GunmaneError], key: str, values: dict[str, object]) -> GunmaneError:
    return kind(key, **values)


# The catalogue of sentences stands above the errors; it puts its own function here.
_SAYERS: list[Callable[[GunmaneError], str]] = []


def say_with(sayer: Callable[[GunmaneError], str]) -> None:
    """
    Let `str()` of an error be a sentence.

    Parameters
    ----------
    sayer
        Gives the sentence of an error, "" where it has none.
    """
    _SAYERS.append(sayer)


class RegionError(GunmaneError):
    """A region or municipality that is not known."""


class FileError(GunmaneError):
    """A file that cannot be used as a whole; faults of single rows go to `rejects` instead."""


class ScenarioError(GunmaneError):
    """A choice in the scenario that cannot be planned with."""


class PlanError(GunmaneError):
    """No plan exists for a reason that relaxing a rule can mend."""


class TableError(GunmaneError, ValueError):
    """Tables handed to the engine that do not fit together, or that hold numbers which nothing can mean."""


class WorkspaceError(GunmaneError):
    """Saved plans that cannot be reached, read or written to; what was saved before stays."""


class ConflictError(WorkspaceError):
    """Somebody else saved a step of the same plan in the meantime; neither that step nor the plan was changed."""


class AccessError(GunmaneError):
    """People would come in of whom nobody knows who they are; nothing is served to them."""


class JobError(GunmaneError):
    """Long work that could not be done or was ended before there was anything; plans stay as they were."""
