"""Whose data is in use stands on every file and page, and what a ledger says of itself runs nowhere."""

import dataclasses
import io
import json
import zipfile

import openpyxl
import pandas as pd
import pytest
from test_exports import drawn_plan
from test_pages import html_of, opened, own_cache  # noqa: F401

from app_pages.files import PlanFiles
from gunmane import exports
from gunmane.evidence import Evidence
from gunmane.exports.credits import credit_lines, one_line, sharing_notice, source_cards, unshareable_files
from gunmane.i18n import t

NASTY = '=HYPERLINK("http://x","<img src=x onerror=alert(1)>")\r\nSECOND LINE\x00\ud800'
CARDS = [
    {
        "file": "n13.gpkg",
        "kind": "n13",
        "role": "roads",
        "owner": "",
        "licence": "CC BY 4.0",
        "credit": "「国土数値情報（道路データ）」（国土交通省）",
        "date": "2024",
        "may_share": "yes",
        "sha256": "ab" * 32,
    },
    {
        "file": "橋梁台帳.xlsx",
        "kind": "table",
        "owner": "宇陀市 建設課",
        "licence": "庁内限り",
        "may_share": "no",
    },
    {"file": "=evil.csv", "credit": NASTY, "owner": "@cmd", "licence": None, "may_share": "No"},
]


@pytest.fixture(scope="module")
def plan():
    made = drawn_plan(is_synthetic=False, roads_source="n13.gpkg")
    ground = dataclasses.replace(made.ground, provenance={**made.ground.provenance, "sources": CARDS})
    return dataclasses.replace(made, ground=ground)


@pytest.fixture(scope="module")
def evidence(plan):
    return Evidence(pd.DataFrame(), {("together", "today"): plan}, has_several_fields=False)


@pytest.fixture(scope="module")
def workbook(plan, evidence):
    return io.BytesIO(exports.workbook(plan, evidence, "ja"))


@pytest.fixture(scope="module")
def book(workbook):
    return openpyxl.load_workbook(workbook)


def test_a_ground_without_user_files_credits_the_facts():
    lines = credit_lines({})
    assert any("気象庁" in line for line in lines) and any("Geolonia" in line for line in lines)
    assert any("国土数値情報" in line for line in lines) and any("総務省" in line for line in lines)
    assert source_cards({}) == [] and sharing_notice({}, "ja") == ""


def test_a_file_is_credited_by_its_line_else_by_its_owner():
    lines = credit_lines({"sources": CARDS})
    assert "「国土数値情報（道路データ）」（国土交通省） (CC BY 4.0)" in lines
    assert "橋梁台帳.xlsx: 宇陀市 建設課 (庁内限り)" in lines


def test_a_file_of_which_nobody_said_terms_or_credit_says_so():
    given = {"sources": [{"file": "橋梁台帳.xlsx", "role": "assets"}]}
    assert credit_lines(given)[-1] == "橋梁台帳.xlsx（利用条件・出典 未記入）"
    assert "not given" in credit_lines(given, "en")[-1]


def test_a_credit_stands_once_however_many_files_share_it():
    both = credit_lines({"sources": [CARDS[0], {**CARDS[0], "file": "other.gpkg"}]})
    assert len(both) == len(set(both)) == len(credit_lines({})) + 1


@pytest.mark.parametrize(
    ("scheme", "credit"), [("osm", "© OpenStreetMap contributors"), ("n13", "道路データ")]
)
def test_a_road_file_without_a_card_is_credited_by_what_it_is(scheme, credit):
    given = {"input_sha256": {"roads/r.gpkg": "cd", "facts": "x"}, "road_file_facts": {"scheme": scheme}}
    (card,) = source_cards(given)
    assert (card["file"], card["role"], card["sha256"]) == ("r.gpkg", "roads", "cd")
    assert credit in credit_lines(given)[-1]
    told = {"file": "r.gpkg", "credit": "町の道路台帳"}
    assert [c["credit"] for c in source_cards({**given, "sources": [told]})] == ["町の道路台帳"]


def test_a_text_of_a_file_is_one_line_of_bounded_length():
    assert one_line("a\r\nb\x00\u2028c\ud800") == "a b c"
    assert len(one_line("あ" * 5000)) == 300
    assert one_line(None) == ""


def test_files_that_may_not_be_shared_are_named():
    assert unshareable_files({"sources": CARDS}) == ("橋梁台帳.xlsx", "=evil.csv")
    assert "橋梁台帳.xlsx" in sharing_notice({"sources": CARDS}, "ja")
    assert sharing_notice({"sources": CARDS[:1]}, "ja") == ""


@pytest.mark.parametrize("make", [exports.bundles_geojson, exports.units_geojson, exports.plan_json])
def test_geojson_and_the_plan_file_carry_credits_and_the_warning(plan, make):
    table = json.loads(make(plan))
    assert "© Geolonia" not in table["credits"] and "Geolonia 住所データ (CC BY 4.0)" in table["credits"]
    assert "橋梁台帳.xlsx" in table["sharing_notice_ja"] and "橋梁台帳.xlsx" in table["sharing_notice_en"]
    first = table["provenance"]["source_files"][0]
    assert (first["licence"], first["sha256"]) == ("CC BY 4.0", "ab" * 32)
    assert {"data", "source", "terms", "credit"} <= set(table["provenance"]["sources"][0])


def test_a_plan_of_samples_warns_of_nothing():
    table = json.loads(exports.bundles_geojson(drawn_plan()))
    assert table["credits"] and "sharing_notice_ja" not in table
    assert table["provenance"]["source_files"] == []


def test_the_workbook_lists_sources_with_terms_and_the_warning(book):
    sheet = book["出所"]
    header = [cell.value for cell in sheet[2]]
    rows = [dict(zip(header, [c.value for c in row], strict=True)) for row in sheet.iter_rows(min_row=3)]
    ledger = next(row for row in rows if "橋梁台帳.xlsx" in row.values())
    assert (ledger["利用条件"], ledger["台帳の持ち主"]) == ("庁内限り", "宇陀市 建設課")
    assert ledger["ほかの団体への提供"] == "渡せない"
    assert any(row["出典の表示"] == "気象庁" for row in rows)
    assert all("橋梁台帳.xlsx" in page["A1"].value for page in book.worksheets)


def test_no_text_of_a_ledger_becomes_a_formula(workbook, book):
    evil = [c for page in book.worksheets for row in page.iter_rows() for c in row if "evil" in str(c.value)]
    assert evil and all(cell.data_type == "s" for cell in evil)
    with zipfile.ZipFile(workbook) as archive:
        assert not any(b"<f>" in archive.read(name) for name in archive.namelist())


@pytest.mark.parametrize("lang", ["ja", "en"])
def test_the_text_beside_the_files_carries_credits_and_the_warning(plan, evidence, lang):
    with zipfile.ZipFile(io.BytesIO(PlanFiles(plan, evidence, lang).archive())) as archive:
        lines = archive.read("README.txt").decode().splitlines()
    assert "- Geolonia 住所データ (CC BY 4.0)" in lines
    assert t("credits.title", lang) + ":" in lines
    assert sharing_notice(plan.ground.provenance, lang) in lines
    assert not [line for line in lines if line.startswith("SECOND")]


@pytest.mark.parametrize("page", ["start", "region", "output"])
def test_every_page_ends_with_the_credits_of_what_is_in_use(page):
    said = html_of(opened(page))
    assert 'class="gm-credits"' in said and "Geolonia 住所データ" in said and "気象庁" in said


def test_the_foot_of_a_page_shows_what_a_ledger_says_as_text(monkeypatch, plan):
    from app_pages import frame

    shown = []
    monkeypatch.setattr(frame, "own", lambda: dataclasses.make_dataclass("Own", ["ground"])(plan.ground))
    monkeypatch.setattr(frame, "tr", lambda key, **values: t(key, "ja", **values))
    monkeypatch.setattr(frame.st, "html", lambda body, **_: shown.append(body))
    frame.footer()
    said = " ".join(shown)
    assert "&lt;img" in said and "<img" not in said
    assert "橋梁台帳.xlsx: 宇陀市 建設課 (庁内限り)" in said
