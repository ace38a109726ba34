"""A parser of arguments whose help and faults are in the language of the command."""

from __future__ import annotations

import argparse
import pathlib
import re
from typing import Any, NoReturn

from gunmane.i18n import t

USAGE_ERROR = 2
# What argparse says, and the sentence of ours that says the same; its groups fill the sentence.
SAID = (
    (r"the following arguments are required: (?P<names>.+)", "required"),
    (r"unrecognized arguments: (?P<names>.+)", "unknown"),
    (r"argument (?P<name>.+?): invalid choice: '?(?P<value>.*?)'? \(choose from (?P<choices>.+)\)", "choice"),
    (r"argument (?P<name>.+?): expected one argument", "one"),
    (r"argument (?P<name>.+?): expected at least one argument", "some"),
    (r"argument (?P<name>.+?): invalid int value: '(?P<value>.*)'", "whole"),
    (r"argument (?P<name>.+?): invalid float value: '(?P<value>.*)'", "number"),
    (r"argument (?P<name>.+?): form (?P<form>\S+): '(?P<value>.*)'", "form"),
    (r"argument (?P<name>.+?): ignored explicit argument '(?P<value>.*)'", "none"),
)


class Parser(argparse.ArgumentParser):
    """
    An `argparse.ArgumentParser` that speaks the user's language.

    Parameters
    ----------
    lang
        "ja" or "en".
    options
        As for `argparse.ArgumentParser`.
    """

    def __init__(self, *, lang: str = "en", **options: Any) -> None:
        super().__init__(**{**options, "add_help": False})
        self.lang = lang
        self._positionals.title = t("usage.positionals", lang)
        self._optionals.title = t("usage.options", lang)
        self.add_argument("-h", "--help", action="help", help=t("usage.help", lang))

    def format_usage(self) -> str:
        """Return the line that shows how the command is called."""
        return self._named(super().format_usage())

    def format_help(self) -> str:
        """Return the help of the command."""
        return self._named(super().format_help())

    def error(self, message: str) -> NoReturn:
        """Say what is wrong with the arguments, and end with 2."""
        self.exit(USAGE_ERROR, f"{self.format_usage()}{self.prog}: {usage_sentence(message, self.lang)}\n")

    def _named(self, text: str) -> str:
        head = t("usage.usage", self.lang)
        return head + text.removeprefix("usage: ") if text.startswith("usage: ") else text


def folder(text: str) -> pathlib.Path:
    """
    Return the path of a folder that is written to.

    Raises
    ------
    argparse.ArgumentTypeError
        If no folder is named: an empty variable of a script would fill the folder that it runs in.
    """
    if not text.strip():
        raise argparse.ArgumentTypeError(f"form DIR: '{text}'")
    return pathlib.Path(text)


def usage_sentence(message: str, lang: str) -> str:
    """Return a fault that argparse found in the user's language; one that is not known as argparse says it."""
    for pattern, key in SAID:
        if found := re.fullmatch(pattern, message, re.DOTALL):
            given = {name: text.replace("'", "") for name, text in found.groupdict().items()}
            return t(f"usage.{key}", lang, **given)
    return t("usage.other", lang, message=message)
