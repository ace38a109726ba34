"""Who may come in: settings that would let in people of whom nobody knows who they are are refused."""

import asyncio

import pytest

from gunmane.access import LOGIN, PROXY, Door, Signpost, clean_user, read_rule, user_of_claims, visitor
from gunmane.errors import AccessError
from gunmane.i18n import LANGUAGES, say

AUTH = {
    "redirect_uri": "https://plans.example/oauth2callback",
    "cookie_secret": "s" * 40,
    "client_id": "gunmane",
    "client_secret": "secret",
    "server_metadata_url": "https://login.example/.well-known/openid-configuration",
}
BEHIND = {"GUNMANE_USER_HEADER": "X-Remote-User", "GUNMANE_TRUSTED_PROXIES": "10.1.2.3, 192.168.4.0/24, ::1"}


@pytest.mark.parametrize("address", ["127.0.0.1", "localhost", "::1", "127.9.9.9"])
def test_this_machine_alone_needs_no_settings(address):
    assert read_rule(address, {}, {}).kind == "alone"


@pytest.mark.parametrize("address", [None, "", "0.0.0.0", "::", "192.168.1.4", "plans.example", "*"])
def test_any_other_address_needs_one_of_two_settings(address):
    with pytest.raises(AccessError) as told:
        read_rule(address, {}, {})
    assert told.value.key == "access_nobody_known"
    assert read_rule(address, BEHIND, {}).kind == PROXY
    assert read_rule(address, {}, AUTH).kind == LOGIN


@pytest.mark.parametrize(
    ("settings", "login", "key"),
    [
        (BEHIND, AUTH, "access_two_ways"),
        ({"GUNMANE_USER_HEADER": "X-Remote-User"}, {}, "access_proxies_missing"),
        ({"GUNMANE_TRUSTED_PROXIES": "10.1.2.3"}, {}, "access_header_missing"),
        ({**BEHIND, "GUNMANE_USER_HEADER": "X Remote User"}, {}, "access_header_name"),
        ({**BEHIND, "GUNMANE_USER_HEADER": "Cookie"}, {}, "access_header_name"),
        ({**BEHIND, "GUNMANE_TRUSTED_PROXIES": "proxy.example"}, {}, "access_proxy_address"),
        ({**BEHIND, "GUNMANE_TRUSTED_PROXIES": "0.0.0.0/0"}, {}, "access_proxy_everyone"),
        ({**BEHIND, "FORWARDED_ALLOW_IPS": "*"}, {}, "access_forwarded"),
        ({}, {**AUTH, "cookie_secret": "short"}, "access_login_secret"),
        ({}, {"client_id": "gunmane"}, "access_login_incomplete"),
    ],
)
def test_settings_that_do_not_hold_are_told_with_what_to_set(settings, login, key):
    with pytest.raises(AccessError) as told:
        read_rule("127.0.0.1", settings, login)
    assert told.value.key == key
    assert all(say(told.value, lang) for lang in LANGUAGES)


def test_a_login_without_its_packages_is_told():
    with pytest.raises(AccessError) as told:
        read_rule("0.0.0.0", {}, AUTH, has_packages=False)
    assert told.value.key == "access_login_packages"


def passed(rule, headers, *, client=("10.1.2.3", 5000), server=("127.0.0.1", 8501), kind="http", path="/"):
    """Send one connection through the door: the headers that the server inside gets, or the status it was ended by."""
    inside, told = [], []

    async def app(scope, receive, send):
        inside.append({name.decode(): value.decode("latin-1") for name, value in scope["headers"]})

    async def receive():
        return {"type": f"{kind}.connect"}

    async def send(message):
        told.append(message.get("status", message.get("code")))

    pairs = [(name.lower().encode(), value.encode()) for name, value in headers]
    scope = {"type": kind, "path": path, "headers": pairs, "client": client, "server": server}
    asyncio.run(Door(app, rule)(scope, receive, send))
    return inside[0] if inside else next(code for code in told if code)


NAMED = [("Host", "plans.example"), ("X-Remote-User", "hana@example.jp")]


def test_a_trusted_proxy_names_the_user():
    assert visitor(passed(read_rule("0.0.0.0", BEHIND, {}), NAMED)) == "hana@example.jp"


def test_a_name_in_kanji_arrives_as_it_is():
    headers = [("Host", "plans.example"), ("X-Remote-User", "山田 花")]
    assert visitor(passed(read_rule("0.0.0.0", BEHIND, {}), headers)) == "山田 花"


@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_the_header_from_anybody_else_is_no_name(kind):
    rule = read_rule("0.0.0.0", BEHIND, {})
    assert passed(rule, NAMED, client=("10.1.2.4", 5000), kind=kind) in (403, 1008)


def test_a_forwarded_address_does_not_make_a_visitor_a_proxy():
    headers = [*NAMED, ("X-Forwarded-For", "10.1.2.3")]
    assert passed(read_rule("0.0.0.0", BEHIND, {}), headers, client=("10.9.9.9", 5000)) == 403


def test_a_header_that_comes_twice_is_no_name():
    headers = [*NAMED, ("X-Remote-User", "taro@example.jp")]
    assert passed(read_rule("0.0.0.0", BEHIND, {}), headers) == 403


def test_what_the_door_tells_the_pages_cannot_be_written_by_a_visitor():
    forged = [("Host", "plans.example"), ("X-Gunmane-Visitor", "0" * 32 + " taro")]
    rule = read_rule("0.0.0.0", BEHIND, {})
    assert passed(rule, forged) == 403
    assert visitor(passed(rule, [*NAMED, forged[1]])) == "hana@example.jp"
    assert visitor({"x-gunmane-visitor": "0" * 32 + " taro"}) == ""


def test_the_health_of_the_server_is_told_to_anybody():
    rule = read_rule("0.0.0.0", BEHIND, {})
    assert isinstance(passed(rule, [], client=("10.9.9.9", 1), path="/_stcore/health"), dict)


@pytest.mark.parametrize("host", ["127.0.0.1:8501", "localhost:8501", "[::1]:8501", "localhost"])
def test_alone_this_machine_comes_in_by_its_own_names(host):
    assert isinstance(passed(read_rule("127.0.0.1", {}, {}), [("Host", host)]), dict)


@pytest.mark.parametrize(
    ("headers", "server"),
    [
        ([("Host", "evil.example:8501")], ("127.0.0.1", 8501)),
        ([("Host", "127.0.0.1:8501"), ("X-Forwarded-For", "10.9.9.9")], ("127.0.0.1", 8501)),
        ([("Host", "127.0.0.1:8501")], ("192.168.1.4", 8501)),
        ([], ("127.0.0.1", 8501)),
    ],
)
def test_alone_nothing_else_comes_in_wherever_the_server_really_listens(headers, server):
    assert passed(read_rule("127.0.0.1", {}, {}), headers, server=server) == 403


@pytest.mark.parametrize(
    ("claims", "user"),
    [
        (
            {"email": "Hana@Example.jp", "email_verified": True, "sub": "7", "iss": "https://i"},
            "hana@example.jp",
        ),
        ({"email": "hana@example.jp", "sub": "7", "iss": "https://i"}, "hana@example.jp"),
        (
            {"email": "boss@example.jp", "email_verified": False, "sub": "7", "iss": "https://i"},
            "https://i#7",
        ),
        ({"sub": "7", "iss": "https://i"}, "https://i#7"),
        ({"name": "Hana"}, ""),
    ],
)
def test_a_login_is_known_by_what_its_provider_vouches_for(claims, user):
    assert user_of_claims(claims) == user


@pytest.mark.parametrize(
    ("text", "user"), [(" A@B.jp ", "a@b.jp"), ("Hana", "Hana"), ("a\nb", ""), ("x" * 201, "")]
)
def test_one_user_has_one_name(text, user):
    assert clean_user(text) == user


def led_to(path, query="", accepts="text/html,*/*", method="GET", base=""):
    """Where the signpost leads a browser; None where it lets the server answer."""
    sent = []

    async def inside(scope, receive, send):
        sent.append({"headers": []})

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": method, "path": path, "query_string": query.encode()}
    headers = [(b"accept", accepts.encode())]
    asyncio.run(Signpost(inside, ["group"], base)({**scope, "headers": headers}, None, send))
    return dict(sent[0]["headers"]).get(b"location", b"").decode() or None


def test_an_address_without_a_page_leads_to_the_first_with_all_that_it_says():
    assert led_to("/nopage", "region=nara_uda&lang=en") == "/?region=nara_uda&lang=en&astray=1"
    assert led_to("/plans/nopage/", base="/plans") == "/plans/?astray=1"
    assert led_to("//evil.example/x") == "/?astray=1"


@pytest.mark.parametrize(
    "path", ["/", "/group", "/group/", "/_stcore/health", "/oauth2callback", "/static/js/a.js"]
)
def test_what_the_server_has_is_answered_by_the_server(path):
    assert led_to(path) is None


def test_only_a_browser_that_opens_a_page_is_led_anywhere():
    assert led_to("/nopage", accepts="*/*") is None and led_to("/nopage", method="POST") is None
