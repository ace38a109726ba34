"""比べる, at the end: the steps to a plan are looked for when asked, and stand in two tables with their files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from gunmane.i18n import t

MAIN = Path(__file__).resolve().parent.parent / "app_pages" / "main.py"
LANGS = ("ja", "en")
LATIN = re.compile(r"[A-Za-z]{4,}")


@pytest.fixture(scope="module", autouse=True)
def own_cache(tmp_path_factory):
    """Sample data of the region used here, made once for this module."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GUNMANE_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


def opened(lang="ja"):
    app = AppTest.from_file(str(MAIN), default_timeout=300)
    app.query_params["lang"] = lang
    app.query_params["region"] = "nara_uda"
    app.run()
    return app.switch_page("compare.py").run()


def asked(app):
    return app.button(key="rollout_ask").click().run()


def table_of(app, name, lang="ja"):
    caption = f"<caption>{t(f'rollout_page.{name}', lang)}</caption>"
    return next((e.proto.body for e in app.get("html") if caption in e.proto.body), "")


def steps_of(table):
    return re.findall(r'<th scope="row">([^<]+)', table)


@pytest.mark.parametrize("lang", LANGS)
def test_every_step_says_who_joins_and_what_the_region_is_after_it(lang):
    app = asked(opened(lang))
    assert not app.exception
    steps, stages = (steps_of(table_of(app, name, lang)) for name in ("steps", "stages"))
    assert stages == [t("rollout_page.today", lang), *sorted(set(steps), key=int)]
    assert {e.proto.label for e in app.get("download_button")} >= {
        t(f"rollout_page.download.{name}", lang) for name in ("rollout", "rollout_stages")
    }


def test_nothing_is_searched_before_it_is_asked_for():
    assert not table_of(opened(), "steps")


def test_the_steps_stay_while_the_plan_does():
    app = asked(opened())
    before = table_of(app, "steps")
    app = app.switch_page("group.py").run().switch_page("compare.py").run()
    assert before and table_of(app, "steps") == before


def test_no_english_leaks_into_the_japanese_tables():
    app = asked(opened())
    told = " ".join(re.sub(r"<[^>]+>", " ", table_of(app, name)) for name in ("steps", "stages"))
    assert told.strip() and not LATIN.findall(told)
