"""Who works in this session, from the login or the proxy; whoever is not known sees no page."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Mapping
from typing import Any

import streamlit as st

from app_pages.place import lang, plain, read_address, tr
from gunmane.access import ALONE, LOGIN, PROXY, Rule, clean_user, read_rule, user_of_claims, visitor
from gunmane.errors import AccessError
from gunmane.i18n import say

__all__ = ["clean_user", "require_user", "rule", "show_account", "user"]

WHO = "_who"
PACKAGES = ("authlib", "httpx")


def rule() -> Rule:
    """
    Return who may come in, by the settings of this server.

    Raises
    ------
    AccessError
        If others could come in and nobody would know who they are.
    """
    has_packages = all(importlib.util.find_spec(name) is not None for name in PACKAGES)
    return read_rule(st.get_option("server.address"), os.environ, _login(), has_packages=has_packages)


def _login() -> Mapping[str, Any]:
    """Return the section `[auth]` of the secrets; empty where there is none."""
    if not st.secrets.load_if_toml_exists():
        return {}
    found = st.secrets.get("auth", {})
    return found if isinstance(found, Mapping) else {}


def user() -> str | None:
    """Return who works in this session: "" for the one person at this machine, None where nobody can tell."""
    try:
        kind = rule().kind
    except AccessError:
        return None
    if kind == ALONE:
        return ""
    if kind == PROXY:
        return visitor(st.context.headers) or None
    is_in = bool(st.user.get("is_logged_in"))
    return (user_of_claims(dict(st.user)) or None) if is_in else None


def require_user() -> None:
    """
    Let the page go on for whom the server knows; end it for others with a way in.

    What a session held for somebody else is forgotten first: a tab may come back after another person logged in.
    """
    try:
        kind = rule().kind
    except AccessError as fault:
        # Served past app.py, which would not have started.
        st.error(say(fault, lang()))
        st.stop()
    who = user()
    if WHO in st.session_state and st.session_state[WHO] != who:
        st.session_state.clear()
        read_address()
    st.session_state[WHO] = who
    if who is not None:
        if kind == LOGIN and "_address" not in st.session_state:
            st.html(f"<script>{_GO_BACK}</script>", unsafe_allow_javascript=True)
        return
    if kind == LOGIN and not st.user.get("is_logged_in"):
        _show_login()
    else:
        key = "access_unnamed_login" if kind == LOGIN else "access_not_named"
        st.error(say(AccessError(key), lang()))
        if kind == LOGIN:
            st.button(tr("access.logout"), key="access_logout_unnamed", on_click=st.logout)
    st.stop()


# The provider leads back to the first page; what was asked for before is remembered in the browser meanwhile.
_REMEMBER = "if (location.search) sessionStorage.setItem('gunmane_goal', location.href);"
_GO_BACK = """const goal = sessionStorage.getItem('gunmane_goal');
sessionStorage.removeItem('gunmane_goal');
if (goal && goal.startsWith(location.origin + '/') && goal !== location.href) location.replace(goal);"""


def _show_login() -> None:
    st.html(f"<script>{_REMEMBER}</script>", unsafe_allow_javascript=True)
    st.title(tr("access.login_title"))
    st.markdown(tr("access.login_lead"))
    st.button(tr("access.login"), type="primary", key="access_login", on_click=st.login)


def show_account() -> None:
    """Show who is logged in, with a way out; nothing where one person works alone."""
    who = st.session_state.get(WHO)
    if not who:
        return
    is_login = bool(st.user.get("is_logged_in"))
    with st.popover(plain(who), type="tertiary", key="access_account", width="content"):
        st.text(tr("access.account", user=who))
        if is_login:
            st.button(tr("access.logout"), key="access_logout", on_click=st.logout)
