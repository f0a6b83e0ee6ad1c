"""What follows from the address that a server listens on: who may ask, and which front ends may."""

from __future__ import annotations

import contextlib
import ipaddress
import socket

from django.conf import settings

LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "[::1]"})
# Front ends that developers serve on the same machine, at any port.
LOCAL_FRONT_ENDS = r"http://(localhost|127\.0\.0\.1)(:[0-9]{1,5})?\Z"

# Of each private range, and of documentation: the system says from which of its addresses it would send there.
_ELSEWHERE = ("10.255.255.255", "172.31.255.255", "192.168.255.255", "192.0.2.1")


def is_loopback(host: str) -> bool:
    """Whether only programs on this machine reach a server that listens on ``host``."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def own_addresses(host: str) -> list[str]:
    """IPv4 addresses at which other machines may reach a server that listens on ``host``; none for loopback."""
    if is_loopback(host):
        return []
    if host not in ("0.0.0.0", "::", ""):
        return [host]
    found: list[str] = []
    for elsewhere in _ELSEWHERE:
        with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            # Nothing is sent.
            probe.connect((elsewhere, 9))
            found.append(str(probe.getsockname()[0]))
    with contextlib.suppress(OSError):
        found += [str(row[4][0]) for row in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)]
    return [address for address in dict.fromkeys(found) if not is_loopback(address)]


def adapt_settings(host: str) -> None:
    """Adapt what the installation has not chosen to the address that its server listens on.

    A server for this machine alone is for trying it out: front ends on the machine may call it, without credentials.
    A server for other machines answers under its own addresses.
    """
    unset = set(settings.ALLOWED_HOSTS) <= LOOPBACK_HOSTS
    if not is_loopback(host):
        if unset:
            settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, *own_addresses(host)]
        return
    # A proxy in front of it would let others in.
    proxied = bool(settings.HTTPS or settings.REST_FRAMEWORK["NUM_PROXIES"] or not unset)
    if not settings.CORS_ALLOWED_ORIGINS and not proxied:
        settings.CORS_ALLOWED_ORIGIN_REGEXES = [LOCAL_FRONT_ENDS]
