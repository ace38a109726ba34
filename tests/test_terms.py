"""Every term that a page uses is explained there, in both languages, and reachable without a mouse."""

import re

import pytest
from test_pages import html_of, opened, own_cache  # noqa: F401

from app_pages import terms
from app_pages.help import KEYS
from app_pages.tables import figure_tiles, html_table
from gunmane.i18n import LANGUAGES, catalogue, t


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_explained_term_has_a_word_and_one_sentence(lang):
    for term in terms.terms():
        assert terms.name_of(term, lang)
        assert t(f"meaning.{term}", lang).endswith(("。", "."))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_label_named_is_a_sentence_of_the_catalogue_and_has_a_meaning(lang):
    known = set(terms.terms())
    assert [key for key in terms.LABELS if key not in catalogue(lang)] == []
    assert set(terms.LABELS.values()) - known == set()
    assert {term for page in terms.OF_PAGE.values() for term in page} - known == set()


def test_a_heading_that_is_a_term_opens_its_meaning_and_another_does_not():
    made = html_table([t("asset.sector", "ja"), "ほか"], [["<b>", "1"]])
    assert 'popovertarget="gm-term-sector"' in made
    assert '<th scope="col">ほか</th>' in made
    assert "&lt;b&gt;" in made


def test_a_tile_that_is_a_term_opens_its_meaning():
    made = figure_tiles([(t("group.travel_year", "ja"), "51", "")])
    assert f'popovertarget="gm-term-travel_time">{t("group.travel_year", "ja")}</button>' in made


@pytest.mark.parametrize("page", ["start", "region", "data"])
def test_every_term_of_a_page_has_its_meaning_on_that_page(page):
    said = html_of(opened(page))
    asked = set(re.findall(r'popovertarget="([^"]+)"', said))
    assert asked
    assert [name for name in asked if said.count(f'id="{name}"') != 1] == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_help_lists_every_key_and_every_term(lang):
    said = html_of(opened(region=None, lang=lang))
    for key in KEYS:
        assert t(f"key.{key}", lang) in said
    for term in terms.terms():
        assert f"<dt>{terms.name_of(term, lang)}</dt>" in said
