"""Messages that wake Celery's workers. The job's row stays the queue: a worker takes what the row allows.

A message for each job is sent once the job is committed. A lost one is replaced by :func:`send_missing`, and a
superfluous one wakes a worker that finds nothing to do. Celery is imported only where ``PORTRAIT_QUEUE`` is celery.
"""

from __future__ import annotations

import logging
import time
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction

from portrait.models import PortraitJob
from portrait.queue.clock import database_now

if TYPE_CHECKING:
    from celery import Celery
    from kombu.connection import Connection

State = PortraitJob.State

# The queues at the broker. Upkeep has its own, so that it never waits behind portraits.
PORTRAITS, UPKEEP = "portraits", "portrait-upkeep"
# The names of the tasks.
MAKE, TEND, SWEEP = "portrait.make", "portrait.tend", "portrait.sweep"

# Seconds for each step of sending: a broker that is away must not hold the thread of an upload.
SEND_TIMEOUT = 0.4
# Seconds for which nothing is sent after a failure.
PAUSE = 10.0
# Messages that one call of send_missing sends.
MOST_AT_ONCE = 1000

_silent_until = 0.0

logger = logging.getLogger(__name__)


def enabled() -> bool:
    """Whether Celery delivers the work."""
    return bool(settings.PORTRAIT_QUEUE == "celery")


def app() -> Celery:
    """The Celery application: the broker and its queues, no tasks. One for each broker and process."""
    return _app(str(settings.CELERY_BROKER_URL))


def wake(job_id: int) -> None:
    """Inside a transaction: send the job's message once it is committed. Whether that works changes nothing else."""
    if enabled():
        transaction.on_commit(partial(send, job_id), robust=True)


def send(job_id: int) -> bool:
    """Send one message, in about a second at most. False if the broker does not take it, or did not lately."""
    global _silent_until
    if time.monotonic() < _silent_until:
        return False
    try:
        with _connection() as connection:
            _send(connection, job_id)
    except Exception as error:
        _silent_until = time.monotonic() + PAUSE
        logger.warning("job %s: the broker takes no message, it is sent later (%s)", job_id, error)
        return False
    return True


def waiting() -> int:
    """How many messages wait at the broker for a worker. Raises kombu's and the transport's errors."""
    with _connection() as connection:
        return _waiting(connection)


def send_missing() -> int:
    """Send a message for each waiting job that has none at the broker; returns how many were sent.

    Which jobs have lost theirs is not known, and need not be: a woken worker takes the job whose turn it is. Raises
    kombu's and the transport's errors.
    """
    due = PortraitJob.objects.filter(state=State.QUEUED, not_before__lte=database_now())
    jobs = list(due.order_by("place", "id").values_list("pk", flat=True))
    if not jobs:
        return 0
    with _connection() as connection:
        missing = jobs[: max(0, min(MOST_AT_ONCE, len(jobs) - _waiting(connection)))]
        for job_id in missing:
            _send(connection, job_id)
    return len(missing)


def _send(connection: Connection, job_id: int) -> None:
    app().send_task(
        MAKE, args=[job_id], queue=PORTRAITS, connection=connection, retry=False, ignore_result=True
    )


def _waiting(connection: Connection) -> int:
    try:
        declared = connection.default_channel.queue_declare(queue=PORTRAITS, passive=True)
    except connection.channel_errors:
        return 0  # no such queue yet
    return int(declared.message_count)


def _connection() -> Connection:
    """A new connection with short timeouts. It is opened for each use: none is left stale by the broker's restart."""
    options: dict[str, Any] = {"max_retries": 0}
    if is_redis():
        options |= {"socket_timeout": SEND_TIMEOUT, "socket_connect_timeout": SEND_TIMEOUT}
    else:
        options |= {"read_timeout": SEND_TIMEOUT, "write_timeout": SEND_TIMEOUT}
    return app().connection_for_write(connect_timeout=SEND_TIMEOUT, transport_options=options)


def is_redis() -> bool:
    """Whether the broker is Redis, which takes other options than RabbitMQ."""
    return str(settings.CELERY_BROKER_URL).startswith("redis")


@lru_cache(maxsize=4)
def _app(broker: str) -> Celery:
    from celery import Celery
    from kombu.entity import Exchange, Queue

    application = Celery("portraits", broker=broker, set_as_current=False, fixups=[])
    exchange = Exchange("portraits", "direct")
    application.conf.update(
        task_queues=[Queue(name, exchange, routing_key=name) for name in (PORTRAITS, UPKEEP)],
        task_default_queue=PORTRAITS,
        task_ignore_result=True,
    )
    return application
