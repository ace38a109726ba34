"""Every sentence a user sees: the same keys in Japanese and English."""

from __future__ import annotations

import functools
import tomllib
from importlib import resources
from typing import Any

from gunmane.errors import GunmaneError, say_with

LANGUAGES = ("ja", "en")
# Values of an error that are keys themselves, and the family of sentences where their words stand.
WORDS_OF_VALUES = {"name": "field_name", "rule": "rule"}


def _flatten(table: dict[str, Any], prefix: str = "") -> dict[str, str]:
    flat: dict[str, str] = {}
    for name, value in table.items():
        key = f"{prefix}{name}"
        if isinstance(value, dict):
            flat.update(_flatten(value, f"{key}."))
        else:
            flat[key] = str(value)
    return flat


@functools.cache
def catalogue(lang: str) -> dict[str, str]:
    """
    Return every sentence of one language by its dotted key.

    Parameters
    ----------
    lang
        "ja" or "en".

    Raises
    ------
    ValueError
        If the language has no catalogue, or two files of it give the same key.
    """
    if lang not in LANGUAGES:
        msg = f"language must be one of {LANGUAGES}, not {lang!r}"
        raise ValueError(msg)

    sentences: dict[str, str] = {}
    files = [f for f in (resources.files("gunmane") / "locales" / lang).iterdir() if f.name.endswith(".toml")]
    for file in sorted(files, key=lambda f: f.name):
        flat = _flatten(tomllib.loads(file.read_text(encoding="utf-8")))
        twice = sorted(set(flat) & set(sentences))
        if twice:
            msg = f"{lang}/{file.name} repeats keys of another file: {twice[:5]}"
            raise ValueError(msg)
        sentences.update(flat)
    return sentences


def t(key: str, lang: str, /, **values: object) -> str:
    """
    Return the sentence of `key` in `lang`, its {names} filled with `values`.

    Raises
    ------
    KeyError
        If the key is missing from the catalogue, or the sentence names a value not given.
    """
    return catalogue(lang)[key].format(**values)


def say(error: GunmaneError, lang: str) -> str:
    """Return the sentence for an error of our own; its key stands under `error.`, the words of its values elsewhere."""
    words = {
        name: catalogue(lang).get(f"{WORDS_OF_VALUES[name]}.{value}", value)
        if name in WORDS_OF_VALUES
        else value
        for name, value in error.values.items()
    }
    return t(f"error.{error.key}", lang, **words)


def _japanese(error: GunmaneError) -> str:
    """Return the sentence that a notebook shows; "" where the catalogue has none or it names a value not given."""
    try:
        return say(error, "ja")
    except KeyError:
        return ""


say_with(_japanese)
