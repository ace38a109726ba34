"""Who may come in: the one person at this machine, people who log in, or those whom a trusted proxy names."""

from __future__ import annotations

import dataclasses
import ipaddress
import re
from collections.abc import Mapping
from typing import Any

from gunmane.errors import AccessError

ALONE, LOGIN, PROXY = "alone", "login", "proxy"
USER_HEADER, TRUSTED_PROXIES = "GUNMANE_USER_HEADER", "GUNMANE_TRUSTED_PROXIES"
# uvicorn would take the peer's address from a header if this named more than the machine itself.
FORWARDED = "FORWARDED_ALLOW_IPS"
LOGIN_NEEDS = ("redirect_uri", "cookie_secret", "client_id", "client_secret", "server_metadata_url")
SECRET_LENGTH = 32
# RFC 9110, 5.1: a field name is a token. Those below say something else already.
HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
NOT_A_USER = {"host", "cookie", "origin", "connection", "upgrade", "forwarded", "x-forwarded-for", "via"}
EVERYWHERE = {"", "*"}
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclasses.dataclass(frozen=True)
class Rule:
    """
    Who may come in.

    Parameters
    ----------
    kind
        `ALONE`: whoever sits at this machine; `LOGIN`: people who log in at an OpenID Connect provider; `PROXY`: those
        whom a reverse proxy names.
    header
        Name of the proxy's header in small letters; "" for the others.
    proxies
        Addresses that are believed.
    """

    kind: str
    header: str = ""
    proxies: tuple[Network, ...] = ()

    def is_trusted(self, peer: str) -> bool:
        """Tell whether the header of a connection from this address is believed."""
        found = as_address(peer)
        return found is not None and any(
            found in network for network in self.proxies if network.version == found.version
        )


def read_rule(
    address: str | None, settings: Mapping[str, str], login: Mapping[str, Any], *, has_packages: bool = True
) -> Rule:
    """
    Return who may come in; where others could and nobody would know who they are, refuse.

    Parameters
    ----------
    address
        Where the server listens; None and "" mean every address of the machine, as the unspecified address does.
    settings
        The environment: `GUNMANE_USER_HEADER` with `GUNMANE_TRUSTED_PROXIES` (addresses or networks, by commas).
    login
        The section `[auth]` of `.streamlit/secrets.toml`; empty where there is none.
    has_packages
        Whether what a login needs is installed.

    Raises
    ------
    AccessError
        Saying what to set.
    """
    header = settings.get(USER_HEADER, "").strip()
    proxies = [part.strip() for part in settings.get(TRUSTED_PROXIES, "").split(",") if part.strip()]
    if (header or proxies) and login:
        raise AccessError("access_two_ways")
    if header or proxies:
        return _proxy_rule(header, proxies, settings)
    if login:
        return _login_rule(login, has_packages=has_packages)
    if not is_loopback(address):
        raise AccessError("access_nobody_known", address=address or "*")
    return Rule(ALONE)


def _proxy_rule(header: str, proxies: list[str], settings: Mapping[str, str]) -> Rule:
    if not header:
        raise AccessError("access_header_missing")
    if not HEADER_NAME.fullmatch(header) or header.lower() in NOT_A_USER:
        raise AccessError("access_header_name", header=header)
    if not proxies:
        raise AccessError("access_proxies_missing", header=header)
    if settings.get(FORWARDED, "").strip():
        raise AccessError("access_forwarded")
    networks = []
    for part in proxies:
        try:
            networks.append(ipaddress.ip_network(part))
        except ValueError:
            raise AccessError("access_proxy_address", address=part) from None
        if networks[-1].prefixlen == 0:
            raise AccessError("access_proxy_everyone", address=part)
    return Rule(PROXY, header.lower(), tuple(networks))


def _login_rule(login: Mapping[str, Any], *, has_packages: bool) -> Rule:
    lacking = [name for name in LOGIN_NEEDS if not str(login.get(name, "")).strip()]
    if lacking:
        raise AccessError("access_login_incomplete", names=", ".join(lacking))
    if len(str(login["cookie_secret"])) < SECRET_LENGTH:
        raise AccessError("access_login_secret", length=SECRET_LENGTH)
    if not has_packages:
        raise AccessError("access_login_packages")
    return Rule(LOGIN)


def is_loopback(address: str | None) -> bool:
    """Tell whether only this machine reaches an address; the name `localhost` counts, an empty one does not."""
    text = (address or "").strip().lower().rstrip(".")
    if text in EVERYWHERE:
        return False
    if text == "localhost":
        return True
    found = as_address(text)
    return found is not None and found.is_loopback


def as_address(text: str) -> Address | None:
    """Return an address, one of IPv4 that came in the form of IPv6 as what it is; None for anything else."""
    try:
        found = ipaddress.ip_address(text.strip().strip("[]").partition("%")[0])
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found
