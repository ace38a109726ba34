"""How files and the command say a key, a list, an amount of money: the same words everywhere."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable
from typing import Any

from gunmane.explain import bundle_places
from gunmane.i18n import catalogue, t
from gunmane.municipalities import Region
from gunmane.scenario import Plan

SEPARATORS = {"ja": "・", "en": ", "}
OKU = 100_000_000
MAN = 10_000
MILLION = 1_000_000
FIGURES = 2


def word(group: str, key: object, lang: str) -> str:
    """Return the word for a key of a table (`files.<group>.<key>`); the key itself where it has none."""
    return catalogue(lang).get(f"files.{group}.{key}", str(key))


def words(group: str, keys: Iterable[object], lang: str) -> str:
    """Return the words for several keys as one text."""
    return SEPARATORS[lang].join(word(group, key, lang) for key in keys)


def names(region: Region, codes: Iterable[str], lang: str) -> str:
    """Return the names of municipalities or bodies as one text, in the order of their codes."""
    return SEPARATORS[lang].join(region.name_of(code, lang) for code in sorted(codes))


def bundle_names(plan: Plan, lang: str) -> dict[str, str]:
    """Return the municipalities of each bundle as one text; of one that it holds in part, that it is a part."""
    region, places = plan.ground.region, bundle_places(plan)
    divided = set(
        zip(*(places.loc[~places["is_whole"], key] for key in ("bundle_id", "muni_code")), strict=True)
    )
    told = {}
    for bundle_id, codes in plan.bundles["muni_codes"].items():
        named = [(code, region.name_of(code, lang)) for code in sorted(codes)]
        told[str(bundle_id)] = SEPARATORS[lang].join(
            t("files.part_of", lang, town=name) if (bundle_id, code) in divided else name
            for code, name in named
        )
    return told


def strand_word(region: Region, strand: str, lang: str) -> str:
    """Return what a strand ("", "park", "30", "30/park") is called."""
    if not strand:
        return t("files.together", lang)
    parts = strand.split("/")
    owner = [region.name_of(p, lang) for p in parts if p.isdigit()]
    field = [word("field", p, lang) for p in parts if not p.isdigit()]
    return SEPARATORS[lang].join([*owner, *field])


def two_figures(value: float) -> float:
    """Return a number rounded to two significant figures, as screens and tables show it."""
    if not math.isfinite(value) or value == 0:
        return value
    return round(value, FIGURES - 1 - math.floor(math.log10(abs(value))))


def yen_text(value: float, lang: str) -> str:
    """Return yen with two significant figures: 1.2億円, 340万円; "–" where unknown."""
    if not math.isfinite(value):
        return "–"
    amount = two_figures(value)
    if lang == "en":
        return f"JPY {_two(amount / MILLION)} M" if amount >= MAN else f"JPY {amount:,.0f}"
    if amount >= OKU:
        return f"{_two(amount / OKU)}億円"
    return f"{_two(amount / MAN)}万円" if amount >= MAN else f"{amount:,.0f}円"


def yen_range(low: float, central: float, high: float, lang: str) -> str:
    """Return the central value with its range in brackets; only the value where low and high are the same."""
    middle = yen_text(central, lang)
    ends = (yen_text(low, lang), yen_text(high, lang))
    return middle if ends[0] == ends[1] == middle else f"{middle} ({ends[0]}–{ends[1]})"


def number_text(value: Any, unit: str = "") -> str:
    """Return a number with two significant figures and thousands; "–" where unknown or unreachable."""
    if value is None or not math.isfinite(float(value)):
        return "–"
    return f"{_plain(two_figures(float(value)))}{unit}"


def count_text(value: Any) -> str:
    """Return a count with every figure and thousands; "–" where unknown."""
    return "–" if value is None or not math.isfinite(float(value)) else f"{round(float(value)):,}"


def _two(value: float) -> str:
    """Return a rounded number with its second figure also where that is a zero: 1.0."""
    return f"{value:.1f}" if 1 <= value < 10 else _plain(value)


def _plain(value: float) -> str:
    text = f"{round(value, 6):,.6f}".rstrip("0").rstrip(".")
    return text or "0"


def text_width(text: str) -> int:
    """Return the columns a text takes on a terminal: full-width characters take two."""
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    marks = sum(unicodedata.combining(c) != 0 for c in text)
    return len(text) + wide - marks
