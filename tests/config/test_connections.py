"""Database connections outlive a request."""

from __future__ import annotations

import pytest
from django.db import close_old_connections, connection


@pytest.mark.django_db(transaction=True)
def test_the_next_request_of_a_thread_finds_the_connection_open() -> None:
    connection.close()
    connection.ensure_connection()
    opened = connection.connection
    close_old_connections()
    assert connection.connection is opened
