"""はじめに: Japan with the 11 regions."""

from app_pages import session

with session.page_guard():
    session.header("start")
