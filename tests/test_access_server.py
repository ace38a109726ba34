"""A server for a team, really started: it refuses without knowing its users, and knows them by login or proxy."""

import contextlib
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from axe import faults_of
from browsing import open_page
from caches import share_loops
from people import PROXY_HOST, free_port, provider_of, proxy_of

from gunmane.i18n import t
from gunmane.workspace import open_workspace

pytestmark = pytest.mark.browser

ROOT = Path(__file__).resolve().parent.parent
HANA, TARO = "hana@example.jp", "taro@example.jp"


def command(port, *more):
    run = [sys.executable, "-m", "streamlit", "run", str(ROOT / "app.py"), f"--server.port={port}"]
    return [*run, *more]


def settings(folder, **more):
    own = {
        "GUNMANE_CACHE": str(share_loops(folder / "cache")),
        "GUNMANE_WORKSPACE": str(folder / "plans.sqlite"),
    }
    return {**os.environ, **own, **more}


@contextlib.contextmanager
def served(folder, *more, port=0, **environment):
    """The app on a port of loopback with settings of its own; its port."""
    port = port or free_port()
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            command(port, *more), cwd=ROOT, env=settings(folder, **environment), stdout=log, stderr=log
        )
        try:
            wait_until_it_serves(port, server, folder / "log")
            yield port
        finally:
            server.terminate()
            server.wait(30)


def wait_until_it_serves(port, server, log):
    for _ in range(600):
        assert server.poll() is None, log.read_text("utf-8", "replace")[-2000:]
        with contextlib.suppress(OSError), asked(f"http://127.0.0.1:{port}/_stcore/health"):
            return
        time.sleep(0.1)
    pytest.fail("the server did not answer within a minute")


def asked(url, **headers):
    return urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=5)


def refusal(url, **headers):
    with pytest.raises(urllib.error.HTTPError) as told:
        asked(url, **headers).close()
    return told.value.code, told.value.read().decode()


def test_on_every_address_of_the_machine_it_does_not_start_and_says_what_to_set(tmp_path):
    run = command(free_port(), "--server.address=0.0.0.0")
    ended = subprocess.run(
        run, cwd=ROOT, env=settings(tmp_path), capture_output=True, timeout=60, check=False
    )
    said = ended.stdout.decode() + ended.stderr.decode()
    assert ended.returncode != 0
    assert "GUNMANE_TRUSTED_PROXIES" in said and "secrets.toml" in said and "Traceback" not in said


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where the team's server keeps its plans."""
    return tmp_path_factory.mktemp("team")


@pytest.fixture(scope="module")
def team(folder):
    """A server behind a proxy: its own address, and those that Hana and Taro open."""
    behind = {"GUNMANE_USER_HEADER": "X-Remote-User", "GUNMANE_TRUSTED_PROXIES": PROXY_HOST}
    with served(folder, "--server.address=0.0.0.0", **behind) as port, contextlib.ExitStack() as stack:
        users = [stack.enter_context(proxy_of(name, port)) for name in (HANA, TARO)]
        yield f"http://127.0.0.1:{port}", *users


def test_a_forged_header_past_the_proxy_gets_a_sentence_and_nothing_else(team):
    inside, hana, _ = team
    code, said = refusal(inside, **{"X-Remote-User": "hana@example.jp", "X-Forwarded-For": PROXY_HOST})
    assert code == 403 and t("error.access_not_named", "en") in said
    with asked(hana) as answer:
        assert answer.status == 200


def test_the_proxy_says_who_works_here(team, page):
    open_page(page, team[2], lang="en")
    page.get_by_text(TARO).first.wait_for()


@pytest.fixture
def another_page(browser):
    """A browser of somebody else."""
    context = browser.new_context(viewport={"width": 1366, "height": 768})
    tab = context.new_page()
    tab.set_default_timeout(120_000)
    yield tab
    context.close()


def lock_or_unlock(tab, key):
    tab.get_by_role("button", name=t(f"hand.{key}", "en"), exact=True).click()


@pytest.fixture
def hanas(team, folder, page):
    """Hana's page with a plan that she has saved a step of, the plan's id, and the place as she sees it."""
    open_page(page, team[1], "group", lang="en", region="nara_uda")
    lock_or_unlock(page, "lock_all")
    page.get_by_text(t("kept.saved", "en")).wait_for()
    with open_workspace(folder / "plans.sqlite", user=HANA) as plans:
        yield page, plans.list()[0].plan_id, plans


def test_what_one_saved_another_neither_lists_nor_sees_nor_opens(team, hanas, another_page):
    open_page(another_page, team[2], "group", lang="en", region="nara_uda", plan=hanas[1])
    another_page.get_by_text(t("error.plan_unknown", "en")).wait_for()
    another_page.get_by_role("link", name=t("plans.chip_fresh", "en")).wait_for()
    another_page.get_by_text(t("kept.title", "en", count=0)).wait_for()
    assert another_page.get_by_role("button", name=t("hand.undo", "en")).is_disabled()


def test_two_people_on_one_plan_the_second_is_told_and_keeps_her_own(team, hanas, another_page):
    page, plan_id, plans = hanas
    before = len(plans.list())
    plans.share(plan_id, TARO)
    open_page(another_page, team[2], "group", lang="en", region="nara_uda", plan=plan_id)
    lock_or_unlock(another_page, "unlock_all")
    # Shown once the step is saved, unlike the word for it, which stands there from the beginning.
    another_page.get_by_role("button", name=t("hand.lock_all", "en"), exact=True).wait_for()
    page.get_by_role("button", name=t("hand.undo", "en")).click()
    page.get_by_text(TARO).wait_for()
    page.get_by_role("button", name=t("kept.save_apart", "en")).click()
    page.get_by_text(t("kept.saved", "en")).wait_for()
    assert [step.who for step in plans.load(plan_id).steps] == [HANA, TARO]
    assert len(plans.list()) == before + 1 and len(plans.as_user(TARO).list()) == 1


def test_nothing_about_saved_plans_keeps_anybody_out(team, page):
    open_page(page, team[1], "group", lang="ja", region="nara_uda")
    page.get_by_role("button", name=t("plans.keep_now", "ja")).click()
    page.get_by_text(t("kept.saved", "ja")).wait_for()
    page.get_by_role("link", name=re.compile(t("plans.chip_saved", "ja", name=".*"))).click()
    page.get_by_role("button", name=t("plans.share", "ja"), exact=True).wait_for()
    assert faults_of(page) == []


def test_who_logs_in_at_the_provider_is_known_by_the_address_it_verified(page, tmp_path):
    person = {"sub": "7", "email": "Hana@Example.jp", "email_verified": True}
    with provider_of(person) as issuer:
        port = free_port()
        secrets = tmp_path / "secrets.toml"
        lines = {
            "redirect_uri": f"http://127.0.0.1:{port}/oauth2callback",
            "cookie_secret": "x" * 40,
            "client_id": "gunmane",
            "client_secret": "secret",
            "server_metadata_url": f"{issuer}/.well-known/openid-configuration",
        }
        secrets.write_text("[auth]\n" + "".join(f'{name} = "{value}"\n' for name, value in lines.items()))
        with served(tmp_path, f"--secrets.files={secrets}", port=port):
            open_page(page, f"http://127.0.0.1:{port}", "region", lang="en", region="nara_uda")
            page.get_by_role("button", name=t("access.login", "en")).click()
            page.get_by_text("hana@example.jp").first.wait_for()
            page.wait_for_url("**/region?*region=nara_uda*")


@pytest.mark.slow
def test_a_server_that_ends_is_told_on_the_page_in_its_language(page, tmp_path):
    with served(tmp_path) as port:
        open_page(page, f"http://127.0.0.1:{port}", lang="ja")
        page.get_by_role("link", name=t("plans.title", "ja")).wait_for()
    told = "getComputedStyle(document.querySelector('.stApp'), '::before')"
    page.wait_for_function(
        f"{told}.visibility === 'visible' && {told}.content.includes('接続が切れています')"
    )
