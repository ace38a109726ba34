"""比べる, at the end: the steps to a plan are looked for when asked, and stand in two tables with their files."""

from __future__ import annotations

import re

import pytest
from pages import open_page, own_cache, rows_of, table_of  # noqa: F401

from gunmane.i18n import t

LANGS = ("ja", "en")
LATIN = re.compile(r"[A-Za-z]{4,}")


def opened(lang="ja"):
    return open_page("compare", lang=lang)


def asked(app):
    return app.button(key="rollout_ask").click().run()


def told_in(app, name, lang="ja"):
    return table_of(app, t(f"rollout_page.{name}", lang))


@pytest.mark.parametrize("lang", LANGS)
def test_every_step_says_who_joins_and_what_the_region_is_after_it(lang):
    app = asked(opened(lang))
    assert not app.exception
    steps, stages = (rows_of(told_in(app, name, lang)) for name in ("steps", "stages"))
    assert stages == [t("rollout_page.today", lang), *sorted(set(steps), key=int)]
    assert {e.proto.label for e in app.get("download_button")} >= {
        t(f"rollout_page.download.{name}", lang) for name in ("rollout", "rollout_stages")
    }


def test_nothing_is_searched_before_it_is_asked_for():
    assert not told_in(opened(), "steps")


def test_the_steps_stay_while_the_plan_does():
    app = asked(opened())
    before = told_in(app, "steps")
    app = app.switch_page("group.py").run().switch_page("compare.py").run()
    assert before and told_in(app, "steps") == before


def test_no_english_leaks_into_the_japanese_tables():
    app = asked(opened())
    told = " ".join(re.sub(r"<[^>]+>", " ", told_in(app, name)) for name in ("steps", "stages"))
    assert told.strip() and not LATIN.findall(told)
