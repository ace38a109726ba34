"""Names of bridges and routes as they are compared: two lists of one bridge seldom write it the same way."""

from __future__ import annotations

import re
import unicodedata

_SAME = str.maketrans(
    {
        "ヶ": "ケ",
        "ヵ": "カ",
        "之": "の",
        "ノ": "の",
        "澤": "沢",
        "嶋": "島",
        "嶌": "島",
        "瀧": "滝",
        "濱": "浜",
        "廣": "広",
        "國": "国",
        "櫻": "桜",
        "龍": "竜",
        "渕": "淵",
        "﨑": "崎",
        "髙": "高",
        "邊": "辺",
        "邉": "辺",
        "舘": "館",
        "榮": "栄",
        "圓": "円",
    }
)
_UNNAMED = re.compile(r"(無名|名称不明|名称なし|名称未定|不明|名無し?|未定|なし|無し|仮称)?(橋)?")
_READING = re.compile(r"[(\[〔【][ぁ-んァ-ヶー\s・]+[)\]〕】]")
_PLACE = re.compile(r"^(大字|字)")
_ENDING = re.compile(r"(橋梁|橋りょう|橋|ばし|はし)$")
_DIGITS = {c: i for i, c in enumerate("〇一二三四五六七八九")}
_COUNTED = re.compile(r"(?<=第)[〇一二三四五六七八九十]+|[〇一二三四五六七八九十]+(?=号)")
_CLASS = re.compile(
    r"^([(\[](一|主|国|市|町|村|県|府)[)\]]|主要地方道|一般(県|府|道)道|(市|町|村|区|県|府|道)道(?!路))+"
)
_LINE = re.compile(r"(号)?線$")


def name_key(name: str) -> str:
    """
    Return a bridge's name as it is compared; "" where the list gives it none (無名橋, 不明).

    Full width, blanks, a reading in brackets, 大字, ケ and ヶ, 第二 and 第2, old and new characters, and how 橋 is
    written at the end make no difference.

    Parameters
    ----------
    name
        Name as a list has it.
    """
    text = _READING.sub("", unicodedata.normalize("NFKC", name))
    text = re.sub(r"[\s・「」『』\"'.,、。-]+", "", text).translate(_SAME).casefold()
    if _UNNAMED.fullmatch(text):
        return ""
    text = _COUNTED.sub(_arabic, _PLACE.sub("", text))
    bare = _ENDING.sub("", text)
    return bare or text


def route_key(route: str) -> str:
    """Return a route's name as it is compared: without its class (市道, 一般県道) and 線; "" where there is none."""
    text = unicodedata.normalize("NFKC", route)
    text = re.sub(r"[\s・「」]+", "", text).translate(_SAME).casefold()
    if text in ("", "-", "不明", "なし"):
        return ""
    text = _COUNTED.sub(_arabic, _CLASS.sub("", text))
    return _LINE.sub("", text) or text


def _arabic(found: re.Match[str]) -> str:
    """A number in kanji up to 99 as digits; a longer one as it stands."""
    text = found.group(0)
    tens, ten, ones = text.rpartition("十")
    if ten:
        first = _DIGITS.get(tens, -1) if tens else 1
        last = _DIGITS.get(ones, -1) if ones else 0
        return text if min(first, last) < 0 else str(first * 10 + last)
    return "".join(str(_DIGITS[c]) for c in text)
