"""The address of a client in the log, and the network by which it is limited."""

from __future__ import annotations

import pytest
from django.test import RequestFactory

from common.addresses import client_address, client_network


@pytest.mark.parametrize(
    ("said", "address", "network"),
    [
        ("203.0.113.7", "203.0.113.7", "203.0.113.7"),
        ("203.0.113.7:4711", "203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3::7", "2001:db8:1:2:3::7", "2001:db8:1:2::/64"),
        ("[2001:db8:1:2:3::7]:443", "2001:db8:1:2:3::7", "2001:db8:1:2::/64"),
        ("[2001:db8::7]", "2001:db8::7", "2001:db8::/64"),
        ("2001:DB8:0:0::7", "2001:db8::7", "2001:db8::/64"),
        ("fe80::1%eth0", "fe80::1", "fe80::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7", "203.0.113.7"),
        ("", "''", "''"),
        ("unix\n:", "'unix\\n:'", "'unix\\n:'"),
        ("203.0.113.700", "'203.0.113.700'", "'203.0.113.700'"),
    ],
)
def test_an_address_is_read_in_every_form_and_escaped_where_it_is_none(
    said: str, address: str, network: str
) -> None:
    request = RequestFactory().get("/", REMOTE_ADDR=said)
    assert (client_address(request), client_network(request)) == (address, network)
