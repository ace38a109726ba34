"""
Write the tables of columns into the README files and docs/data.md, from `gunmane.schema`, and the table of rules into
docs/ledgers.md and docs/ledgers.ja.md, from the catalogues.

`python tools/make_docs.py` rewrites what stands between the marks; `--check` only says whether it is up to date.
"""

from __future__ import annotations

import argparse
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from gunmane import schema  # noqa: E402
from gunmane.assets.faults import NOTICES, STANDING_RULES  # noqa: E402
from gunmane.i18n import catalogue  # noqa: E402

FILES = ("README.md", "README.ja.md", "docs/data.md", "docs/ledgers.md", "docs/ledgers.ja.md")
MARKS = re.compile(r"(<!-- columns:(\w+):(\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
RULE_MARKS = re.compile(r"(<!-- rules:(\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
RULES = "files.fault."
RULE_HEADS = {
    "en": "| rule | what it means | the row |\n|---|---|---|",
    "ja": "| 規則 | 意味 | その行 |\n|---|---|---|",
}
ROW_WORDS = {
    "en": {
        "left_out": "left out",
        "unmended": "left out (`fix` mends it where it can)",
        "no_asset": "left out, nothing to mend",
        "kept": "kept",
        "kept_told": "kept, nothing to mend",
        "kept_standing": "kept with its value, please look",
    },
    "ja": {
        "left_out": "取り込まない",
        "unmended": "取り込まない（`fix` なら、直せるものは直す）",
        "no_asset": "取り込まない（直す必要なし）",
        "kept": "残す",
        "kept_told": "残す（直す必要なし）",
        "kept_standing": "値ごと残す（要確認）",
    },
}

# What a reader's own file needs: the finished table has more than the file must bring.
ASSETS_EN = {
    "asset_id": ("Id in your ledger", "file name and row number"),
    "sector": ("Kind of asset", "the row is rejected"),
    "subtype": ("Class of road, kind of park, `pump_station` …", "empty"),
    "name": ("Name in the ledger; it is shown on screen, never written to plan files", "empty"),
    "route_name": ("Route, river or sewer district it belongs to", "empty"),
    "muni_code": (
        "Code of the municipality where it lies: 5 digits, or 6 with the check digit",
        "from the place",
    ),
    "owner_code": ("Code of the body that keeps it: as above, or 2 digits for a prefecture", "`muni_code`"),
    "account_class": ("Account that pays", "`enterprise` for sewer and water, else `general`"),
    "built_year": ("Western year", "not known"),
    "condition": ("1 sound, 2 watch, 3 early action, 4 urgent: the same for every sector", "not known"),
    "condition_raw": ("Grade as the ledger has it (区分Ⅲ, 緊急度Ⅱ …); `condition` follows from it", "empty"),
    "inspected_year": ("Western year of the inspection that gave the grade", "not known"),
    "material": ("Material or kind of pipe, as the ledger has it", "empty"),
    "diameter_mm": ("Inner diameter of a pipe (mm)", "not known"),
    "length_m": ("Length (m)", "measured on a line"),
    "width_m": ("Width (m)", "not known"),
    "area_m2": ("Area (m²)", "measured on a polygon"),
    "annual_cost_jpy": ("What its upkeep costs a year (JPY, tax included)", "reckoned from assumptions"),
    "position": ("How exact the place is: `ledger`, `town_point` (from an address), `town_hall`", "`ledger`"),
    "source": ("`file#row`", "set when the file is read"),
    "is_synthetic": ("`true` for a row that imitates a ledger", "`false`"),
}
ASSETS_JA = {
    "asset_id": ("台帳の番号", "ファイル名と行番号"),
    "sector": ("分野", "その行は取り込みません"),
    "subtype": ("道路の等級、公園の種別、`pump_station`（ポンプ場）など", "空"),
    "name": ("台帳の名称。画面には出ますが、検討案のファイルには書きません", "空"),
    "route_name": ("路線・河川・処理区の名称", "空"),
    "muni_code": ("所在する市町村の団体コード（5 桁。検査数字つきの 6 桁も可）", "位置から決めます"),
    "owner_code": ("管理者の団体コード（同上。都道府県は 2 桁）", "`muni_code` と同じ"),
    "account_class": (
        "会計区分（general は一般会計、enterprise は公営企業会計）",
        "下水道・水道は `enterprise`、ほかは `general`",
    ),
    "built_year": ("建設・供用の年（西暦）", "不明"),
    "condition": ("健全度（共通4段階）: 1 健全、2 経過観察、3 早めの措置、4 緊急", "不明"),
    "condition_raw": ("台帳のままの判定（区分Ⅲ、緊急度Ⅱ など）。`condition` はここから読み替えます", "空"),
    "inspected_year": ("判定した点検の年（西暦）", "不明"),
    "material": ("材質・管種（台帳のまま）", "空"),
    "diameter_mm": ("管の内径（mm）", "不明"),
    "length_m": ("延長（m）", "線なら図形から測ります"),
    "width_m": ("幅（m）", "不明"),
    "area_m2": ("面積（m²）", "面なら図形から測ります"),
    "annual_cost_jpy": ("維持管理の年間費用（円、税込）", "前提値から計算します"),
    "position": (
        "位置の確かさ: `ledger`（台帳の位置）、`town_point`（住所から大字の代表点）、`town_hall`（役所・役場）",
        "`ledger`",
    ),
    "source": ("`ファイル#行`", "読み込むときに付けます"),
    "is_synthetic": ("台帳をまねた行は `true`", "`false`"),
}
ROADS_EN = {
    "road_class": ("Class of road; it sets the speed", "`unknown`"),
    "is_oneway": ("`true` where traffic runs along the line's direction only", "two-way"),
    "is_bridge": ("`true` where the line passes over others without meeting them", "`false`"),
    "is_tunnel": ("`true` where the line passes under others without meeting them", "`false`"),
    "level": ("Layer above (+) or below (-) ground", "0"),
}
ROADS_JA = {
    "road_class": ("道路の等級。速度を決めます", "`unknown`（種別不明）"),
    "is_oneway": ("線の向きだけに通れる（一方通行）なら `true`", "両方向"),
    "is_bridge": ("ほかの線の上を、交わらずに越えるなら `true`", "`false`"),
    "is_tunnel": ("ほかの線の下を、交わらずにくぐるなら `true`", "`false`"),
    "level": ("地上より上（+）か下（-）かの層", "0"),
}
WORDS = {("assets", "en"): ASSETS_EN, ("assets", "ja"): ASSETS_JA}
WORDS |= {("roads", "en"): ROADS_EN, ("roads", "ja"): ROADS_JA}
HEADS = {
    "en": "| column | meaning | values | if it is absent |\n|---|---|---|---|",
    "ja": "| 列 | 意味 | 値 | 無いとき |\n|---|---|---|---|",
}
TYPES = {"str": "text", "bool": "true or false", "object": "list of texts"}


def table_text(table: str, kind: str) -> str:
    """
    Return the columns of a table as Markdown.

    Parameters
    ----------
    table
        Key of `schema.TABLES`.
    kind
        "en" or "ja" for a reader's own file, "full" for the finished table.
    """
    columns = schema.TABLES[table]
    if kind == "full":
        lines = ["| column | type | meaning | values | always there |", "|---|---|---|---|---|"]
        lines += [
            f"| `{c.name}` | {_type(c)} | {c.meaning} | {_values(c)} | {'yes' if c.is_required else ''} |"
            for c in columns
        ]
        return "\n".join(lines)
    words = WORDS[table, kind]
    lines = [HEADS[kind]]
    for column in columns:
        meaning, absent = words[column.name]
        mark = " **\\***" if column.name == "sector" else ""
        lines.append(f"| `{column.name}`{mark} | {meaning} | {_values(column)} | {absent} |")
    return "\n".join(lines)


def _type(column: schema.Column) -> str:
    if column.dtype.startswith(("Int", "int")):
        return "whole number"
    return TYPES.get(column.dtype, "number")


def _values(column: schema.Column) -> str:
    if column.allowed:
        return ", ".join(f"`{word}`" for word in column.allowed)
    if column.low is not None and column.high is not None:
        return f"{column.low:g} … {column.high:g}"
    return f"≥ {column.low:g}" if column.low is not None else ""


def rules_text(lang: str) -> str:
    """Return every rule of the catalogue as Markdown, those that leave a row out first."""
    words = catalogue(lang)
    rules = [key.removeprefix(RULES) for key in words if key.startswith(RULES)]
    rules.sort(key=lambda rule: (rule.endswith("_value"), rule))
    lines = [RULE_HEADS[lang]]
    lines += [
        f"| `{rule}` | {words[RULES + rule]} | {ROW_WORDS[lang][_fate(rule, rules)]} |" for rule in rules
    ]
    return "\n".join(lines)


def _fate(rule: str, rules: list[str]) -> str:
    """Return what becomes of a row with a fault: a key of `ROW_WORDS`."""
    if rule.endswith("_value"):
        return "kept_standing" if rule in STANDING_RULES else "kept_told" if rule in NOTICES else "kept"
    if rule in NOTICES:
        return "no_asset"
    return "unmended" if f"{rule}_value" in rules else "left_out"


def updated(text: str) -> str:
    """Return a document with every marked table as `schema` and the catalogues have it."""
    text = MARKS.sub(lambda m: f"{m.group(1)}{table_text(m.group(2), m.group(3))}\n{m.group(4)}", text)
    return RULE_MARKS.sub(lambda m: f"{m.group(1)}{rules_text(m.group(2))}\n{m.group(3)}", text)


def main() -> int:
    """Write the tables, or check them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="change nothing; exit code 1 if something is old"
    )
    is_check = parser.parse_args().check
    old = []
    for name in FILES:
        path = ROOT / name
        text = path.read_text(encoding="utf-8")
        if updated(text) != text:
            old.append(name)
            if not is_check:
                path.write_text(updated(text), encoding="utf-8")
    print(f"{'out of date' if is_check else 'rewritten'}: {', '.join(old) or 'nothing'}")
    return int(is_check and bool(old))


if __name__ == "__main__":
    sys.exit(main())
