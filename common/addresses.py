"""Where a request comes from: the address for logs, and the network for limits."""

from __future__ import annotations

import ipaddress
import re

from django.http import HttpRequest
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

# Some proxies append the client's port; an IPv6 address then stands in brackets.
_WITH_PORT = re.compile(r"\[(?P<six>[^]]+)](?::\d+)?|(?P<four>\d+(?:\.\d+){3}):\d+")

# A provider gives one customer a whole /64, from which each request can take another address.
_IPV6_PREFIX = 64


def client_address(request: HttpRequest | Request) -> str:
    """The client's address, as the proxies of ``NUM_PROXIES`` saw it; escaped where it is no address."""
    said = BaseThrottle().get_ident(request) or ""  # type: ignore[arg-type]
    address = _parsed(said)
    return ascii(said[:100]) if address is None else str(address)


def client_network(request: HttpRequest | Request) -> str:
    """The part of the address that a client cannot vary: the whole IPv4 address, the /64 of an IPv6 address."""
    said = client_address(request)
    address = _parsed(said)
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((int(address), _IPV6_PREFIX), strict=False))
    return said


def _parsed(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address in ``text``, without port and zone; an IPv4 address that is written as IPv6 is IPv4."""
    match = _WITH_PORT.fullmatch(text)
    bare = (match["six"] or match["four"]) if match else text
    try:
        address = ipaddress.ip_address(bare.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
