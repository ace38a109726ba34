"""Who may come in, and who it is: read from the settings at start, and at the door from every connection."""

from gunmane.access.door import Door, visitor
from gunmane.access.rules import ALONE, LOGIN, PROXY, Rule, is_loopback, read_rule
from gunmane.access.signpost import ASTRAY, Signpost
from gunmane.access.users import clean_user, user_of_claims

__all__ = [
    "ALONE",
    "ASTRAY",
    "LOGIN",
    "PROXY",
    "Door",
    "Rule",
    "Signpost",
    "clean_user",
    "is_loopback",
    "read_rule",
    "user_of_claims",
    "visitor",
]
