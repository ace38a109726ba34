"""Profiles as small TOML files that a clerk can read and correct."""

from __future__ import annotations

import dataclasses
import functools
import json
import math
import pathlib
import re
import tomllib
from collections.abc import Mapping
from typing import Any

import pyproj

from gunmane import schema
from gunmane.errors import FileError
from gunmane.i18n import catalogue
from gunmane.ledgers.headings import UNIT_FACTORS
from gunmane.ledgers.profiles import ROLES, Answers, Layout, Position, Profile
from gunmane.ledgers.scales import scale_names

SUFFIX = ".profile.toml"
MAX_PROFILE_BYTES = 1024**2
# Words of the catalogue for kinds of packages; no file is one.
PACKAGES = ("wide_area", "multi_sector", "both")
YEAR_STYLES = ("auto", "western", "era")
MAY_SHARE = ("", "yes", "no")
NAME = re.compile(r"[a-z][a-z0-9_]*")
BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
LINE = re.compile(r"line (\d+)")
PLAIN = ("kind", "role", "year_style", "grade_scale")
TABLES = ("columns", "factors", "units", "constants", "values", "position", "layout", "answers")
# What stands above each part of the file, for a person who opens it in a text editor.
HEAD = (
    "このファイルは、台帳の列が何を表すかを gunmane に伝える設定です。メモ帳などで直して保存し、",
    "もう一度読み込むと、ここに書いたとおりに読みます。# で始まる行は説明で、読み込みには使いません。",
    "この設定で読むときは、見出しからの自動の対応は一切使いません。書いていない列は読まないので、",
    "数行だけの設定を新しく作らず、gunmane check --out が書き出したこのファイルの一部を直してください。",
)
ABOUT = {
    "kind": "台帳の種類（table は一般の表、own は gunmane の列名の表）",
    "role": "何に使うか: assets 施設 / roads 道路網 / conditions 点検結果 / statistics 団体別の合計 / "
    "borders 行政界 / reference 参考 / unknown 未定",
    "year_style": "年の書き方: auto 自動 / western 西暦 / era 和暦",
    "grade_scale": "健全度の区分の名前。空なら分野ごとの標準の区分",
    "columns": "列の対応。左が gunmane の列、右が台帳の見出し（複数書くと、左から順に空でない値を使う）\n"
    '例: name = ["橋梁名"]',
    "factors": "単位の換算。台帳の数字に掛ける数\n例: area_m2 = 10000.0（台帳が ha のとき）",
    "units": '行ごとの単位が書かれた台帳の列。左が gunmane の列、右が単位の列の見出し\n例: area_m2 = "単位"',
    "constants": "台帳に列がない、または空のときに使う値\n"
    '例: sector = "bridge"（road bridge tunnel park sewer water river）',
    "values": '台帳のことばの読み替え。左が台帳のことば、右が gunmane のことば\n例: "橋りょう" = "bridge"',
    "position": "位置の読み方。使うものだけ書く\n"
    "crs 座標系 / lon 経度の列 / lat 緯度の列 / lon_parts lat_parts 分と秒の列（度・分・秒が別の列のとき）\n"
    "x y 座標の列 / is_x_north X が北を指す\n"
    "lat_lon 「緯度,経度」の列 / wkt 図形の文字列の列 / address 住所の列 / is_swapped 図形の緯度と経度が逆",
    "layout": "ファイルの形。空や 0 は自動\n"
    "encoding 文字コード / separator 区切り / sheet シート / layer レイヤー\n"
    "heading_row 見出しの行 / heading_rows 見出しの行数",
    "answers": "データの責任者と利用条件\n"
    "owner 管理する団体 / licence 利用条件 / credit 出典の表示 / date 時点 / may_share 構成団体への共有 yes・no",
}


def sidecar(path: pathlib.Path) -> pathlib.Path:
    """Return where the profile of a ledger is kept: beside it, under its name with `.profile.toml`."""
    path = pathlib.Path(path)
    return path.parent / f"{path.name}{SUFFIX}"


def read_profile(path: pathlib.Path) -> Profile:
    """
    Return the profile that a TOML file holds.

    Raises
    ------
    FileError
        If the file is missing, no TOML, or has a key, a type, a column of ours or a coordinate system
        that is not known; the error names the line and the key.
    """
    path = pathlib.Path(path)
    try:
        if path.stat().st_size > MAX_PROFILE_BYTES:
            raise FileError("profile_too_large", file=path.name, limit=MAX_PROFILE_BYTES // 1024)
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise FileError("profile_missing", file=str(path)) from error
    except UnicodeDecodeError as error:
        raise FileError("profile_not_utf8", file=path.name) from error
    return parse_profile(text, file=path.name)


def parse_profile(text: str, *, file: str) -> Profile:
    """
    Return the profile that a text in TOML says.

    Parameters
    ----------
    text
        TOML, as `write_profile` makes it; every part may be left out.
    file
        Name to give in errors.

    Raises
    ------
    FileError
        As `read_profile`.
    """
    return build_profile(load_toml(text, file=file), text, file=file)


def load_toml(text: str, *, file: str) -> dict[str, Any]:
    """
    Return what a text in TOML holds.

    Raises
    ------
    FileError
        If it is no TOML; the error names the line.
    """
    try:
        return tomllib.loads(text.replace("\r\n", "\n"))
    except tomllib.TOMLDecodeError as error:
        found = LINE.search(str(error))
        line = int(found.group(1)) if found else text.count("\n") + 1
        raise FileError("profile_syntax", file=file, line=line) from error
    except RecursionError as error:
        raise FileError("profile_syntax", file=file, line=1) from error


def build_profile(given: Mapping[str, Any], text: str, *, file: str) -> Profile:
    """
    Return the profile of parsed TOML.

    Parameters
    ----------
    given
        What `load_toml` returned.
    text
        Its source, to name lines in errors.
    file
        Name to give in errors.

    Raises
    ------
    FileError
        If a key, a type, a column of ours or a coordinate system is not known.
    """
    reader = _Reader(text, file)
    reader.known(given, (*PLAIN, *TABLES), "")
    plain: dict[str, Any] = {key: reader.text(given, key, "") for key in PLAIN if key in given}
    if plain.get("role", "assets") not in ROLES:
        raise reader.fault("profile_value", "", "role", allowed=" / ".join(ROLES))
    if plain.get("year_style", "auto") not in YEAR_STYLES:
        raise reader.fault("profile_value", "", "year_style", allowed=" / ".join(YEAR_STYLES))
    tables = {name: reader.table(given, name, "") for name in TABLES}
    role = plain.get("role", "assets")
    for name in ("columns", "factors", "units", "constants", "values"):
        reader.ours(tables[name], name, role)
    _check_named(plain, reader)
    _check_units(tables, role, reader)
    answers = reader.part(tables["answers"], Answers, "answers")
    if answers.may_share not in MAY_SHARE:
        raise reader.fault("profile_value", "answers", "may_share", allowed='yes / no / ""')
    position = reader.part(tables["position"], Position, "position")
    if position.crs and not _is_crs(position.crs):
        raise reader.fault("profile_crs", "position", "crs", crs=position.crs)
    return Profile(
        **plain,
        columns={k: reader.texts(tables["columns"], k, "columns") for k in tables["columns"]},
        constants={k: reader.text(tables["constants"], k, "constants") for k in tables["constants"]},
        values={k: reader.words(tables["values"], k) for k in tables["values"]},
        factors={k: reader.factor(tables["factors"], k) for k in tables["factors"]},
        units={k: reader.text(tables["units"], k, "units") for k in tables["units"]},
        position=position,
        layout=reader.part(tables["layout"], Layout, "layout"),
        answers=answers,
    )


@functools.cache
def kinds() -> tuple[str, ...]:
    """Return every kind of file that a profile may name."""
    named = (key.removeprefix("kind.") for key in catalogue("ja") if key.startswith("kind."))
    return tuple(kind for kind in named if kind not in PACKAGES)


def _check_named(plain: Mapping[str, str], reader: _Reader) -> None:
    """Refuse a kind or a scale of grades that there is not: a mistyped one would be passed over in silence."""
    for key, allowed in (("kind", kinds()), ("grade_scale", ("", *scale_names()))):
        if plain.get(key, allowed[0]) not in allowed:
            raise reader.fault("profile_value", "", key, allowed=" / ".join(filter(None, allowed)))


def _check_units(tables: Mapping[str, Mapping[str, Any]], role: str, reader: _Reader) -> None:
    """Refuse a column of units beside one that is in no unit, and two ways to the unit of one column."""
    for name in tables["units"]:
        if role in {"assets", "unknown"} and name not in UNIT_FACTORS:
            raise reader.fault("profile_unitless", "units", name, allowed=", ".join(UNIT_FACTORS))
        if name in tables["factors"]:
            raise reader.fault("profile_unit_twice", "units", name, ours=name)


def _is_crs(name: str) -> bool:
    try:
        pyproj.CRS.from_user_input(name)
    except pyproj.exceptions.CRSError:
        return False
    return True


@dataclasses.dataclass(frozen=True)
class _Reader:
    """Takes values out of parsed TOML and names the line of what does not fit."""

    source: str
    file: str

    def fault(self, key: str, table: str, name: str, **values: object) -> FileError:
        line = self.line(table, name)
        shown = f"{table}.{name}" if table else name
        return FileError(key, file=self.file, line=line, key=shown, **values)

    def line(self, table: str, name: str) -> int:
        """Return the line on which a key stands; that of its table, or 1, where it is not found."""
        at, section = 1, ""
        for number, line in enumerate(self.source.splitlines(), start=1):
            head = re.match(r"\s*\[+\s*([^\]]+?)\s*\]+", line)
            if head:
                section = head.group(1)
                at = number if section in (table, name, f"{table}.{name}") else at
            key = re.match(r"""\s*["']?([^"'=#]+?)["']?\s*=""", line)
            if key and section == table and key.group(1).strip() == name:
                return number
        return at

    def known(self, given: Mapping[str, Any], allowed: tuple[str, ...], table: str) -> None:
        for name in given:
            if name not in allowed:
                raise self.fault("profile_key", table, name, allowed=", ".join(allowed))

    def table(self, given: Mapping[str, Any], name: str, table: str) -> dict[str, Any]:
        value = given.get(name, {})
        if not isinstance(value, dict):
            raise self.fault("profile_type", table, name, wanted="[…]")
        return value

    def text(self, given: Mapping[str, Any], name: str, table: str) -> str:
        if not isinstance(given[name], str):
            raise self.fault("profile_type", table, name, wanted='"…"')
        return str(given[name])

    def texts(self, given: Mapping[str, Any], name: str, table: str) -> tuple[str, ...]:
        value = given[name]
        values = [value] if isinstance(value, str) else value
        if not isinstance(values, list) or not all(isinstance(v, str) for v in values):
            raise self.fault("profile_type", table, name, wanted='["…", "…"]')
        return tuple(values)

    def words(self, given: Mapping[str, Any], name: str) -> dict[str, str]:
        words = self.table(given, name, "values")
        return {word: self.text(words, word, f"values.{name}") for word in words}

    def factor(self, given: Mapping[str, Any], name: str) -> float:
        value = given[name]
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not math.isfinite(value) or value <= 0:
            raise self.fault("profile_type", "factors", name, wanted="1000.0")
        return float(value)

    def ours(self, given: Mapping[str, Any], table: str, role: str) -> None:
        """Check the names of our columns: those of assets are all known, other roles have tables of their own."""
        allowed = schema.names("assets")
        for name in given:
            is_known = name in allowed if role in {"assets", "unknown"} else NAME.fullmatch(name)
            if not is_known:
                raise self.fault("profile_column", table, name, allowed=", ".join(allowed))

    def part(self, given: Mapping[str, Any], kind: type[Any], table: str) -> Any:
        fields = {field.name: field for field in dataclasses.fields(kind)}
        self.known(given, tuple(fields), table)
        values: dict[str, Any] = {}
        for name, value in given.items():
            default = fields[name].default
            if isinstance(default, tuple):
                values[name] = self.texts(given, name, table)
            elif isinstance(default, bool) or type(value) is not type(default):
                if type(value) is not type(default):
                    wanted = {bool: "true", int: "0", str: '"…"'}[type(default)]
                    raise self.fault("profile_type", table, name, wanted=wanted)
                values[name] = value
            else:
                values[name] = value
        return kind(**values)


def write_profile(profile: Profile) -> str:
    """Return a profile as TOML with comments in Japanese; `parse_profile` gives an equal profile back."""
    lines = [f"# {line}" for line in HEAD] + [""]
    for key in PLAIN:
        lines += [*_comment(key), f"{key} = {_quoted(getattr(profile, key))}"]
    for name in ("columns", "factors", "units", "constants"):
        table = getattr(profile, name)
        lines += ["", *_comment(name), f"[{name}]"]
        lines += [f"{_key(key)} = {_value(value)}" for key, value in table.items()]
    lines += ["", *_comment("values")]
    for key, words in profile.values.items():
        lines += [f"[values.{_key(key)}]", *(f"{_key(k)} = {_quoted(v)}" for k, v in words.items())]
    for name in ("position", "layout", "answers"):
        part = getattr(profile, name)
        lines += ["", *_comment(name), f"[{name}]"]
        for field in dataclasses.fields(part):
            value = getattr(part, field.name)
            # What asks nothing of the reader is shown as an example only.
            mark = "# " if value == field.default else ""
            lines.append(f"{mark}{field.name} = {_value(value)}")
    return "\n".join(lines) + "\n"


def _comment(key: str) -> list[str]:
    return [f"# {line}" for line in ABOUT[key].split("\n")]


def _key(text: str) -> str:
    return text if BARE_KEY.fullmatch(text) else _quoted(text)


def _quoted(text: str) -> str:
    # JSON's escapes are all TOML's too; a lone surrogate and DEL are not allowed in TOML as they stand.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, int | float):
        return repr(value)
    return "[" + ", ".join(_quoted(text) for text in value) + "]"
