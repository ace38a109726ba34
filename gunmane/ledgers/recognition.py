"""Files of known sources, recognised by their columns: one TOML a source in `known/`."""

from __future__ import annotations

import dataclasses
import functools
import unicodedata
from collections.abc import Iterable, Mapping
from importlib import resources
from typing import Any

from gunmane.errors import FileError
from gunmane.ledgers.profile_files import build_profile, load_toml
from gunmane.ledgers.profiles import Position, Profile
from gunmane.ledgers.raw import Raw

RECOGNISE = ("columns", "any", "formats", "names", "words", "without")


@dataclasses.dataclass(frozen=True)
class Known:
    """
    A known source.

    Parameters
    ----------
    profile
        What its columns mean, under the names that the source gives them.
    columns
        Columns that must all be there.
    any
        Columns of which one must be there, if any is named.
    formats
        Formats (`Raw.format`) of which one must apply, if any is named.
    names
        Parts of which one must stand in the name of the file, its sheet or its layer, if any is named.
    words
        Parts each of which must stand in some column's name, whatever else that says.
    without
        Parts of which none may stand in any column's name.
    """

    profile: Profile
    columns: tuple[str, ...] = ()
    any: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    without: tuple[str, ...] = ()


@functools.cache
def known_sources() -> tuple[Known, ...]:
    """
    Return every source of `known/*.toml`, in the order of the file names.

    Raises
    ------
    FileError
        If one of the files is no sound profile: a fault of gunmane, not of the user.
    """
    folder = resources.files("gunmane.ledgers") / "known"
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".toml")), key=lambda f: f.name)
    return tuple(_known(file.read_text(encoding="utf-8"), file.name) for file in files)


def _known(text: str, file: str) -> Known:
    given = load_toml(text, file=file)
    recognise = given.pop("recognise", {})
    unknown = sorted(set(recognise) - set(RECOGNISE))
    if unknown or not any(recognise.values()):
        raise FileError("profile_key", file=file, line=1, key="recognise", allowed=", ".join(RECOGNISE))
    return Known(build_profile(given, text, file=file), **{k: tuple(v) for k, v in recognise.items()})


def plain_name(name: str) -> str:
    """Return a column's name as it is compared: full-width, case and blanks do not count."""
    return "".join(unicodedata.normalize("NFKC", str(name)).split()).casefold()


def recognise_source(raw: Raw) -> Profile | None:
    """
    Return the profile of the known source that a file comes from, under the file's own column names, or None.

    Of several that apply the one with most columns in the file wins.
    """
    present = {plain_name(name): str(name) for name in reversed(list(raw.table.columns))}
    title = plain_name(f"{raw.file} {raw.told.get('sheet', '')} {raw.told.get('layer', '')}")
    best: tuple[int, str, Profile] | None = None
    for known in known_sources():
        if not _applies(known, present, title, raw.format):
            continue
        profile = with_names(known.profile, present)
        asked = {plain_name(name) for name in (*known.columns, *known.any)} & set(present)
        asked |= {plain_name(name) for names in profile.columns.values() for name in names}
        if best is None or (-len(asked), profile.kind) < best[:2]:
            best = (-len(asked), profile.kind, profile)
    return best[2] if best else None


def _applies(known: Known, present: Mapping[str, str], title: str, file_format: str) -> bool:
    if not all(plain_name(name) in present for name in known.columns):
        return False
    if known.any and not any(plain_name(name) in present for name in known.any):
        return False
    if known.formats and file_format not in known.formats:
        return False
    if not all(any(plain_name(word) in name for name in present) for word in known.words):
        return False
    if any(plain_name(word) in name for word in known.without for name in present):
        return False
    return not known.names or any(plain_name(name) in title for name in known.names)


def with_names(profile: Profile, present: Mapping[str, str]) -> Profile:
    """
    Return a profile whose columns are spelt as in the file; columns that the file does not have are left out.

    Parameters
    ----------
    profile
        Profile under any spelling.
    present
        `plain_name` of each column of the file -> its spelling there.
    """

    def spelt(names: Iterable[str]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(present[plain_name(n)] for n in names if plain_name(n) in present))

    columns = {ours: spelt(names) for ours, names in profile.columns.items()}
    place = profile.position
    one: dict[str, Any] = {
        name: "".join(spelt([getattr(place, name)])) for name in ("lon", "lat", "x", "y", "lat_lon", "wkt")
    }
    position: Position = dataclasses.replace(place, **one, address=spelt(place.address))
    return dataclasses.replace(
        profile, columns={ours: names for ours, names in columns.items() if names}, position=position
    )
