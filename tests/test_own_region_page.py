"""ほかの市町村で組む: the form on はじめに, and the pages of a region of the user's own."""

import io
from pathlib import Path

import openpyxl
import pytest
from caches import new_cache
from streamlit.testing.v1 import AppTest

from gunmane.exports.templates import template_xlsx
from gunmane.i18n import t
from gunmane.municipalities import find_region, load_municipalities
from gunmane.municipalities.own import MAX_MUNICIPALITIES

PAGES = ("start", "region", "data", "group", "output")
FILES = {"data": "ledgers"}
MAIN = Path(__file__).resolve().parent.parent / "app_pages" / "main.py"
KNOWN, UNKNOWN = "own-29385-29386", "own-01601-01602"
LANGS = ("ja", "en")


@pytest.fixture(scope="module", autouse=True)
def own_cache(tmp_path_factory):
    """Sample data made once for this module."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GUNMANE_CACHE", str(new_cache(tmp_path_factory)))
        yield


def opened(page="start", *, region="", lang="ja"):
    app = AppTest.from_file(str(MAIN), default_timeout=300)
    app.query_params["lang"] = lang
    if region:
        app.query_params["region"] = region
    app.run()
    return app if page == "start" else app.switch_page(f"{FILES.get(page, page)}.py").run()


def with_form(**choices):
    app = opened(**choices)
    app.session_state["own_region_form"] = True
    return app.run()


def text_of(app):
    parts = [element.value for kind in ("markdown", "info", "caption", "error") for element in app.get(kind)]
    return " ".join(parts)


def totals_of(region_id):
    book = openpyxl.load_workbook(io.BytesIO(template_xlsx("totals", "ja", find_region(region_id))))
    column = {cell.value: cell.column for cell in book.active[1]}
    for row in (2, 3):
        for heading, value in (("人口（人）", 5000), ("道路延長（km）", 300), ("橋数（橋）", 60)):
            book.active.cell(row, column[heading], value)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("page", PAGES)
def test_every_page_opens_on_a_region_of_municipalities_with_statistics(page, lang):
    app = opened(page, region=KNOWN, lang=lang)
    assert list(app.exception) == []
    assert [error.value for error in app.error] == []


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("page", ["region", "group", "output"])
def test_a_page_of_a_region_without_totals_says_so_and_leads_to_the_data(page, lang):
    app = opened(page, region=UNKNOWN, lang=lang)
    assert find_region(UNKNOWN).name_of("01601", lang) in app.info[0].value
    assert app.button(key="to_data").label == t("own_region.to_data", lang)
    assert list(app.error) == []


def test_a_region_without_totals_is_not_said_to_be_sample_data():
    said = " ".join(element.proto.body for element in opened("data", region=UNKNOWN).get("html"))
    assert t("notice.sample.both", "ja") not in said


def test_the_region_stands_in_the_list_of_regions_while_it_is_open():
    app = opened(region=KNOWN)
    assert app.selectbox(key="_region_choice").value == KNOWN


def test_the_form_holds_all_municipalities_once_it_is_open():
    assert len(opened().multiselect) == 0
    assert len(with_form().multiselect(key="own_municipalities").options) == 1741


def test_the_form_begins_with_the_region_that_is_open():
    assert with_form(region=KNOWN).multiselect(key="own_municipalities").value == ["29385", "29386"]


def test_choosing_known_municipalities_opens_their_region():
    app = with_form()
    app.multiselect(key="own_municipalities").set_value(["29385", "29386"]).run()
    assert t("own_region.ready", "ja") in text_of(app)
    app.button(key="own_region_go").click().run()
    assert app.session_state["_region"] == KNOWN


def test_choosing_municipalities_without_totals_says_what_comes_next():
    app = with_form()
    app.multiselect(key="own_municipalities").set_value(["29385", "01601"]).run()
    assert t("own_region.will_need", "ja", names="日高町") in text_of(app)
    assert t("own_region.apart", "ja", names="日高町 / 曽爾村") in text_of(app)


def test_too_many_municipalities_are_told_and_lead_nowhere():
    app = with_form()
    codes = list(load_municipalities().index[: MAX_MUNICIPALITIES + 1])
    app.multiselect(key="own_municipalities").set_value(codes).run()
    assert t("own_region.too_many", "ja", most=60, count=61) in text_of(app)
    assert "own_region_go" not in [button.key for button in app.button]


@pytest.mark.parametrize("address", ["own-99999", "own-hoppo", "own-"])
def test_a_wrong_address_is_met_with_a_sentence(address):
    app = opened(region=address)
    assert len(app.error) == 1
    assert list(app.exception) == []


def test_a_sheet_of_totals_makes_a_plan_on_the_page():
    app = opened("data", region=UNKNOWN)
    app.file_uploader[0].upload("totals.xlsx", totals_of(UNKNOWN)).run()
    app.button(key="plan_with").click().run()
    assert [error.value for error in app.error] == []
    assert app.session_state["_own"][UNKNOWN].ground.region.region_id == UNKNOWN
