"""Which files of the desk are read beside each other, so that the pieces of one ledger find each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gunmane.ledgers.sewers import MAPPING_COLUMNS, NUMBERED_FIELD

if TYPE_CHECKING:
    from app_pages.ledgers_brought import Brought

Company = tuple[tuple[int, int], ...]
"""Serial and revision of each file that lay beside another one while that was read."""
ROLES = ("assets", "unknown")


def company_of(files: Sequence[Brought]) -> Company:
    """Return what tells the files beside another one from those of an earlier reading."""
    return tuple((file.serial, file.revision) for file in files)


def companions(file: Brought, desk: Sequence[Brought]) -> list[Brought]:
    """
    Return the files that one must be read beside, as far as the last readings tell.

    Most files stand for themselves, and then no other is opened with them. A table without places is read beside the
    files with shapes, a file with shapes beside the tables that took some of them, and an export that names its fields
    by number beside the list of fields.

    Parameters
    ----------
    file
        A file of the desk.
    desk
        All of them.
    """
    known = [other for other in desk if _is_known(other)]
    pieces, shapes = [o for o in known if _is_piece(o)], [o for o in known if _comes_with_shapes(o)]
    wanted: list[Brought] = []
    gave = file in shapes and any(_joined_with(piece) == file.name for piece in pieces)
    if gave or (shapes and file in pieces):
        wanted += [*pieces, *shapes]
    if _is_numbered(file):
        wanted += [other for other in known if _is_field_list(other)]
    return [other for other in desk if other is not file and other in wanted]


def is_used_up(file: Brought) -> bool:
    """Return whether every row of a file went to another one that it was read beside."""
    return file.delivery is not None and any(note.key == "ledger_used_up" for note in file.delivery.notes)


def _is_known(file: Brought) -> bool:
    """Whether anything is known of a file that may be a piece of a ledger."""
    if file.delivery is None and file.look is None:
        return False
    return file.tried_profile.role in ROLES


def _comes_with_shapes(file: Brought) -> bool:
    if file.delivery is not None:
        return file.delivery.comes_with_shapes
    return file.look is not None and file.look.comes_with_shapes


def _is_piece(file: Brought) -> bool:
    """Whether a file is a table that has no places of its own."""
    if _joined_with(file):
        return True
    place = file.tried_profile.position
    has_places = bool(place.lon or place.x or place.lat_lon or place.wkt)
    return not (_comes_with_shapes(file) or has_places or _is_field_list(file))


def _joined_with(file: Brought) -> str:
    joined = file.told.get("joined") or {}
    return str(joined.get("file", ""))


def _is_field_list(file: Brought) -> bool:
    return set(MAPPING_COLUMNS) <= set(file.columns)


def _is_numbered(file: Brought) -> bool:
    """Whether an export names its fields by number, or did before a list of fields renamed them."""
    return bool(file.told.get("renamed")) or any(NUMBERED_FIELD.match(name) for name in file.columns)
