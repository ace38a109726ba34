"""Whose data is in use: the lines that must be shown, the terms, and what may not be passed on."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping
from typing import Any

from gunmane.i18n import t
from gunmane.ledgers.profiles import Answers
from gunmane.ledgers.recognition import known_sources

# Source, terms and credit of the facts that every plan stands on (data/model_regions/README.md has each file's).
FACTS = (
    ("municipalities", "気象庁 発表区域 (国土数値情報 行政区域から作成)", "公共データ利用規約", "気象庁"),
    ("municipalities", "国土数値情報 行政区域 (気象庁 発表区域の元)", "公共データ利用規約", "国土数値情報"),
    ("towns", "Geolonia 住所データ", "CC BY 4.0", "Geolonia 住所データ"),
    ("town_halls", "localgovjp", "CC0", "localgovjp"),
    ("statistics", "総務省 公共施設状況調・住基人口・決算カード", "公共データ利用規約", "総務省"),
    ("statistics", "国土地理院 面積調", "公共データ利用規約", "国土地理院"),
    ("statistics", "国土交通省 道路メンテナンス年報", "公共データ利用規約", "国土交通省"),
    ("statistics", "内閣府 見える化DB", "公共データ利用規約", "内閣府"),
    ("assumptions", "前提値 (data/model_regions/assumptions.csv)", "行ごと（シート「前提値」の出所）", ""),
)
CARD = ("file", "kind", "role", "owner", "licence", "credit", "date", "may_share", "sha256")
LANGS = ("ja", "en")
ROADS = "roads/"
# A line of credit fits on a page; whoever writes a novel into a profile does not fill the paper with it.
MAX_TEXT = 300


def source_cards(given: Mapping[str, Any]) -> list[dict[str, str]]:
    """
    Return who answers for each of the user's files.

    Parameters
    ----------
    given
        `provenance` of a ground; without `sources` there are none.

    Returns
    -------
    cards
        One a file, in the order they were given, with the keys of `CARD`; each text on one line, "" where it was
        not said.
    """
    told = [card for card in given.get("sources", ()) if isinstance(card, Mapping)]
    cards = [*told, *_road_cards(given, {card.get("file") for card in told})]
    return [{key: one_line(card.get(key, "")) for key in CARD} for card in cards]


def _road_cards(given: Mapping[str, Any], named: Collection[Any]) -> list[dict[str, str]]:
    """Return cards of road files that came without one: whose they are is known by what their columns are."""
    files = {
        name.removeprefix(ROADS): digest
        for name, digest in sorted(given.get("input_sha256", {}).items())
        if name.startswith(ROADS) and name.removeprefix(ROADS) not in named
    }
    scheme = str((given.get("road_file_facts") or {}).get("scheme", ""))
    answers = next((k.profile.answers for k in known_sources() if k.profile.kind == scheme), Answers())
    return [
        {"file": name, "kind": scheme, "role": "roads", "sha256": digest, **dataclasses.asdict(answers)}
        for name, digest in files.items()
    ]


def one_line(value: Any) -> str:
    """Return a text of a user's file as one line without control characters, cut to what a page bears."""
    text = "" if value is None else str(value)
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= MAX_TEXT else f"{line[: MAX_TEXT - 1]}…"


def credit_lines(given: Mapping[str, Any], lang: str = "ja") -> tuple[str, ...]:
    """
    Return the credits of everything in use, each once: those of the facts, then those of the user's files.

    A file without a credit is named with its owner where it has one; terms stand in brackets where they were said,
    and that neither was said where it is so.

    Parameters
    ----------
    given
        `provenance` of a ground.
    lang
        "ja" or "en".
    """
    lines = [f"{credit} ({terms})" for _, _, terms, credit in FACTS if credit]
    for card in source_cards(given):
        said = card["credit"] or (f"{card['file']}: {card['owner']}" if card["owner"] else card["file"])
        if said and not card["credit"] and not card["licence"]:
            lines.append(t("credits.unsaid", lang, file=said))
        elif said:
            lines.append(f"{said} ({card['licence']})" if card["licence"] else said)
    return tuple(dict.fromkeys(lines))


def unshareable_files(given: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the user's files whose data, by what was said of them, may not be shared with the other members."""
    return tuple(card["file"] for card in source_cards(given) if card["may_share"].lower() == "no")


def sharing_notice(given: Mapping[str, Any], lang: str) -> str:
    """Return the warning that data of some files may not be shared further; "" where there is none."""
    files = unshareable_files(given)
    return t("notice.sharing", lang, files=", ".join(files)) if files else ""


def credit_members(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members that a file for programs carries: `credits`, and `sharing_notice_ja/_en` where one holds."""
    notices = {f"sharing_notice_{lang}": sharing_notice(given, lang) for lang in LANGS}
    return {"credits": list(credit_lines(given)), **{key: text for key, text in notices.items() if text}}


def credit_texts(given: Mapping[str, Any], lang: str) -> list[str]:
    """Return the lines of a text for people: a heading, each credit, and the warning where one holds."""
    lines = [f"{t('credits.title', lang)}:", *(f"- {line}" for line in credit_lines(given, lang))]
    notice = sharing_notice(given, lang)
    return [*lines, "", notice] if notice else lines
