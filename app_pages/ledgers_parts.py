"""What a person drops, put together: parts of one shapefile become one file, a kept profile goes to its ledger."""

from __future__ import annotations

import dataclasses
import pathlib
from collections.abc import Sequence

from app_pages.data import Upload, last_name
from gunmane.ledgers.profiles import Profile
from gunmane.own_folders import own_folder

NEEDED = (".shp", ".shx", ".dbf")
SHAPEFILE_PARTS = (
    ".shp.xml", *NEEDED, ".prj", ".cpg", ".qpj", ".qmd", ".sbn", ".sbx", ".qix", ".fbn", ".fbx", ".ain", ".aih", ".ixs",
    ".mxs", ".atx",
)  # fmt: skip
"""Endings of the files that make up a shapefile; those beyond `NEEDED`, `.prj` and `.cpg` only speed other tools up."""
PROFILE_ENDINGS = (".profile.toml", ".toml")


def part_of(name: str) -> tuple[str, str]:
    """Return stem and ending (in small letters) of a part of a shapefile; two empty texts for any other file."""
    ending = next((part for part in SHAPEFILE_PARTS if name.lower().endswith(part)), "")
    return (name[: -len(ending)], ending) if ending else ("", "")


def gathered(uploads: Sequence[Upload]) -> list[Upload]:
    """Return files with the parts of one stem put together as one shapefile, where its first part stood."""
    found: dict[tuple[str, int], Upload] = {}
    for number, upload in enumerate(uploads):
        name = last_name(upload.name)
        stem, ending = part_of(name)
        if not ending:
            found["", number] = dataclasses.replace(upload, name=name)
            continue
        copies = (copy for copy in range(len(uploads)) if (stem.casefold(), copy) in found)
        same = [copy for copy in copies if ending not in dict(found[stem.casefold(), copy].parts)]
        if same:
            key = stem.casefold(), same[0]
            found[key] = with_parts(found[key], ((ending, upload.content),))
        else:
            found[stem.casefold(), number] = Upload(name, b"", ((ending, upload.content),))
    return list(found.values())


def with_parts(upload: Upload, parts: Sequence[tuple[str, bytes]]) -> Upload:
    """Return a shapefile with further parts; it is called by its `.shp` once that is there."""
    every = {**dict(upload.parts), **dict(parts)}
    stem = part_of(upload.name)[0]
    name = f"{stem}.shp" if ".shp" in every else upload.name
    return Upload(name, b"", tuple(sorted(every.items())))


def missing_parts(upload: Upload) -> list[str]:
    """Return the endings without which a shapefile cannot be read; none for any other file."""
    given = dict(upload.parts)
    return [ending for ending in NEEDED if ending not in given] if given else []


def completes(upload: Upload, other: Upload) -> bool:
    """Return whether a drop brings only parts that a shapefile dropped before still lacks."""
    if not (upload.parts and other.parts) or not missing_parts(upload):
        return False
    same = part_of(upload.name)[0].casefold() == part_of(other.name)[0].casefold()
    return same and not set(dict(upload.parts)) & set(dict(other.parts))


# -- profiles -----------------------------------------------------------------------------------------------


def ledger_of(name: str) -> str:
    """Return the name of the ledger that a profile lies beside ("a.csv.profile.toml"); "" for any other file."""
    ending = next((part for part in PROFILE_ENDINGS if name.lower().endswith(part)), "")
    return name[: -len(ending)] if ending else ""


def is_meant(ledger: str, name: str) -> bool:
    """Return whether a profile's name says this file, with or without the file's own ending."""
    return ledger.casefold() in {name.casefold(), pathlib.PurePath(name).stem.casefold()}


def profile_of(name: str, content: bytes) -> Profile:
    """
    Return a profile that was kept as a file.

    Raises
    ------
    FileError
        If it is none.
    """
    from gunmane.ledgers.profile_files import read_profile

    with own_folder() as folder:
        path = folder / last_name(name)
        path.write_bytes(content)
        return read_profile(path)
