"""One name for one user, however it was written."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any

MAX_USER = 200


def clean_user(name: str) -> str:
    """
    Return the name that a user's plans are kept under; "" where a text names nobody.

    An e-mail address is the same in capitals and small letters; any other name is taken as it is.

    Parameters
    ----------
    name
        As a provider, a proxy or a colleague wrote it.
    """
    plain = unicodedata.normalize("NFC", name).strip()
    if not plain or len(plain) > MAX_USER or any(unicodedata.category(c)[0] == "C" for c in plain):
        return ""
    return plain.lower() if "@" in plain else plain


def user_of_claims(claims: Mapping[str, Any]) -> str:
    """
    Return the user whom an OpenID Connect provider has told of; "" where it told of nobody.

    An address that the provider calls not verified could be anybody's: the provider's own id of the person is taken
    then (OpenID Connect Core 1.0, section 5.7).

    Parameters
    ----------
    claims
        What the provider's ID token says: `email`, `email_verified`, `iss`, `sub`.
    """
    email = claims.get("email")
    if isinstance(email, str) and "@" in email and claims.get("email_verified") is not False:
        return clean_user(email)
    subject, issuer = claims.get("sub"), claims.get("iss")
    if isinstance(subject, str) and subject and isinstance(issuer, str) and issuer:
        return clean_user(f"{issuer}#{subject}")
    return ""
