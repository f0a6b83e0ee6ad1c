"""The database's clock: all times of the queue are told by it, so that the clocks of the machines may differ."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.db import connection

from portrait.models import QUEUES, QueuedWork

State = QueuedWork.State

# To the millisecond, as Django's own Now() for SQLite; PostgreSQL's is that of the statement, not of the transaction.
_SQLITE = "SELECT strftime('%Y-%m-%d %H:%M:%f', 'now')"
_OTHER = "SELECT statement_timestamp()"


def database_now() -> datetime:
    """The time of the database server. One query, which touches no table."""
    sqlite = connection.vendor == "sqlite"
    with connection.cursor() as cursor:
        cursor.execute(_SQLITE if sqlite else _OTHER)
        value = cursor.fetchone()[0]
    return datetime.fromisoformat(value).replace(tzinfo=UTC) if sqlite else value


def mend_times(*, longest_wait: float, longest_lease: float) -> None:
    """Correct times that lie further in the future than they can, as after the clock was set back. In seconds.

    A job does not wait for the clock to catch up. A lease is shortened and not ended: its worker, if it lives, renews
    it, and loses nothing.
    """
    now = database_now()
    for model in QUEUES:
        rows = model._default_manager
        waiting = rows.filter(state=State.QUEUED)
        waiting.filter(queued_at__gt=now).update(**dict.fromkeys(model.WAITING_TIMES, now))
        waiting.filter(not_before__gt=now + timedelta(seconds=longest_wait)).update(not_before=now)
        lease = now + timedelta(seconds=longest_lease)
        rows.filter(state=State.RUNNING, lease_expires_at__gt=lease).update(lease_expires_at=lease)
