"""Figures in words: two significant figures, a range, the unit said, missing said."""

from __future__ import annotations

import math
from collections.abc import Collection
from decimal import Decimal

from app_pages.session import lang, tr

JPY_UNITS = {
    "ja": ((1e8, "億"), (1e4, "万"), (1.0, "")),
    "en": ((1e9, " billion"), (1e6, " million"), (1e3, " thousand"), (1.0, "")),
}


def is_missing(value: object) -> bool:
    """Return whether a value is not known (None, NaN or a pandas missing value)."""
    if value is None:
        return True
    try:
        return math.isnan(float(value))  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return True


def significant(value: float, digits: int = 2) -> str:
    """Return a number with so many significant figures: 1,258 -> "1,300", 0.483 -> "0.48"."""
    if value == 0:
        return "0"
    decimals = digits - 1 - math.floor(math.log10(abs(value)))
    rounded = round(value, decimals)
    # Rounding may have brought a figure more: 9.96 -> 10.
    decimals = digits - 1 - math.floor(math.log10(abs(rounded)))
    return f"{rounded:,.{max(decimals, 0)}f}"


def change(before: str, after: str) -> str:
    """
    Return the change between two numbers as they are shown, so that it is the difference that a reader sees.

    Parameters
    ----------
    before, after
        The numbers in words ("10", "9.7", "1,300"); "" where one is missing.

    Returns
    -------
    change
        「−0.3」, "+1,200"; the words for "unchanged" where both read the same; "" where one is missing.
    """
    if not (before and after):
        return ""
    difference = Decimal(after.replace(",", "")) - Decimal(before.replace(",", ""))
    if not difference:
        return tr("word.no_change")
    return ("+" if difference > 0 else "−") + f"{abs(difference):,f}"


def yen_change(before: float, after: float) -> str:
    """Return the change between two amounts of JPY as `yen_short` shows them; as `change` where they are equal."""
    if is_missing(before) or is_missing(after):
        return ""
    shown = []
    for value in (float(before), float(after)):
        factor, _ = _unit_of(value)
        shown.append(Decimal(significant(value / factor).replace(",", "")) * int(factor))
    difference = shown[1] - shown[0]
    if not difference:
        return tr("word.no_change")
    factor, unit = _unit_of(float(difference))
    amount = f"{(abs(difference) / int(factor)).normalize():,f}"
    return ("+" if difference > 0 else "−") + tr("word.yen_change", amount=amount, unit=unit)


def yen(central: float, low: float | None = None, high: float | None = None, *, has_tax: bool = True) -> str:
    """
    Return an amount with its range, 「約1.2億円（0.48億～3.1億円）税込」.

    Parameters
    ----------
    central, low, high
        JPY; without low and high no range is said.
    has_tax
        Whether to say that tax is included.
    """
    if is_missing(central):
        return unknown()
    factor, unit = _unit_of(float(central))
    said = tr("word.yen", amount=significant(central / factor), unit=unit)
    if not (is_missing(low) or is_missing(high)):
        low_amount, high_amount = _ends(float(low or 0), float(high or 0), factor, unit)
        said += tr("word.yen_range", low=low_amount, high=high_amount)
    return said + (tr("word.tax") if has_tax else "")


def yen_short(value: float) -> str:
    """Return an amount alone, short enough for a tile: 「約4.6億円」, "JPY 460 million"."""
    if is_missing(value):
        return unknown()
    factor, unit = _unit_of(float(value))
    return tr("word.yen_short", amount=significant(value / factor), unit=unit)


def yen_spread(low: float, high: float) -> str:
    """Return the range of an amount alone, short enough for a tile: 「1.3億～19億円」, "JPY 0.13–1.9 billion"."""
    if is_missing(low) or is_missing(high):
        return unknown()
    factor, unit = _unit_of(float(high if lang() == "en" else low))
    low_amount, high_amount = _ends(float(low), float(high), factor, unit)
    return tr("word.yen_spread", low=low_amount, high=high_amount)


def yen_way(before: float, after: float) -> str:
    """Return two amounts, the later behind, short enough for a cell: 「2.6億 → 2.3億円」, "260 → 230 million"."""
    if is_missing(before) or is_missing(after):
        ends = ("–" if is_missing(value) else yen_short(value) for value in (before, after))
        return " → ".join(ends)
    first, second = _ends(float(before), float(after), *_unit_of(float(after if lang() == "en" else before)))
    return tr("word.yen_way", before=first, after=second)


def _unit_of(value: float) -> tuple[float, str]:
    units = JPY_UNITS[lang()]
    return next(((f, u) for f, u in units if abs(value) >= f * 0.995), units[-1])


def _ends(low: float, high: float, factor: float, unit: str) -> tuple[str, str]:
    """Return both ends of a range in a unit, the high one in a larger unit where it has grown out of it."""
    high_factor, high_unit = max((factor, unit), _unit_of(high))
    is_one_unit = high_unit == unit
    # English says a common unit once, at the end; Japanese reads better with the unit at each number.
    low_unit = "" if is_one_unit and lang() == "en" else unit
    return significant(low / factor) + low_unit, significant(high / high_factor) + high_unit


def hours(value: float) -> str:
    """Return hours a year with two significant figures."""
    return unknown() if is_missing(value) else tr("word.hours", value=significant(float(value)))


def minutes(value: float) -> str:
    """Return minutes, whole ones from ten up."""
    if is_missing(value) or math.isinf(float(value)):
        return unknown()
    return tr("word.minutes", value=f"{value:,.0f}" if value >= 9.5 else significant(float(value)))


def count(value: float) -> str:
    """Return a counted number with its thousands parted; missing is "no record"."""
    return no_record() if is_missing(value) else f"{float(value):,.0f}"


def heading(text: str) -> str:
    """Return a term as a heading or label begins: with a capital where the language has them."""
    return text[:1].upper() + text[1:]


def structures(value: float, sectors: Collection[str]) -> str:
    """Return a number of structures with its counter: bridges alone have one of their own."""
    key = "word.structures" if "tunnel" in sectors else "word.bridges"
    return no_record() if is_missing(value) else tr(key, count=count(value))


def structures_name(sectors: Collection[str]) -> str:
    """Return what the structures of some sectors are called together."""
    return tr("word.structures_name" if "tunnel" in sectors else "word.bridges_name")


def kilometres(length_m: float) -> str:
    """Return a length in whole kilometres (one decimal below ten)."""
    if is_missing(length_m):
        return no_record()
    length_km = float(length_m) / 1000
    return tr("word.km", value=f"{length_km:,.0f}" if length_km >= 9.5 else f"{length_km:,.1f}")


def percent(share: float) -> str:
    """Return a share (0-1) in whole per cent."""
    return unknown() if is_missing(share) else tr("word.percent", value=f"{100 * float(share):.0f}")


def no_record() -> str:
    """Return the words for a value that the source does not give."""
    return tr("word.no_record")


def unknown() -> str:
    """Return the words for a value that cannot be computed."""
    return tr("word.unknown")
