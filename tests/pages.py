"""The pages as tests open them: without a browser, on sample data and saved plans of the test module's own."""

import re
from pathlib import Path

import pytest
from caches import new_cache
from streamlit.testing.v1 import AppTest

from app_pages import kept

MAIN = Path(__file__).resolve().parent.parent / "app_pages" / "main.py"


@pytest.fixture(scope="module", autouse=True)
def own_cache(tmp_path_factory):
    """Sample data and saved plans in a folder of this module's own, so that nothing is made twice or left behind."""
    folder = new_cache(tmp_path_factory)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GUNMANE_CACHE", str(folder))
        patch.setenv("GUNMANE_WORKSPACE", str(folder / "plans.sqlite"))
        # The place that another module's pages had opened is held by the process.
        kept._place.clear()
        yield
        kept._place.clear()


def open_page(name, *, lang="ja", region="nara_uda", **held):
    """The page of a region in a new session, which already holds what is named."""
    app = AppTest.from_file(str(MAIN), default_timeout=300)
    app.query_params["lang"] = lang
    app.query_params["region"] = region
    app.run()
    for key, value in held.items():
        app.session_state[key] = value
    return app.switch_page(f"{name}.py").run()


def html_of(app):
    """All that the page shows as HTML."""
    return " ".join(element.proto.body for element in app.get("html"))


def table_of(app, caption):
    """The HTML table with a caption; "" where there is none."""
    wanted = f"<caption>{caption}</caption>"
    return next((e.proto.body for e in app.get("html") if wanted in e.proto.body), "")


def rows_of(table):
    """The names of a table's rows, without the marks of terms that are explained."""
    return [
        re.sub(r"<[^>]+>", "", name) for name in re.findall(r'<th scope="row">(.*?)</th>', table, re.DOTALL)
    ]
