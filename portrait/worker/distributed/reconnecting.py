"""A message that cannot be acknowledged makes the worker connect again.

Celery logs the error and goes on. With Redis the message then counts as unfinished for ever; since a child has one
message at most, the worker would receive nothing any more although it looks alive (kombu 5.7: ``QoS.ack`` keeps the
credit when the command fails, and a consumer without credit does not notice that its connection is closed).
"""

from __future__ import annotations

import logging
from typing import Any

from celery import bootsteps
from celery.worker import state

logger = logging.getLogger(__name__)


class ConnectAgain(bootsteps.StartStopStep):
    """Runs with each new connection, after the consumer of the queues."""

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def start(self, consumer: Any) -> None:
        channel = consumer.task_consumer.channel
        channel.Message = type("Message", (_Strict, channel.Message), {})


class _Strict:
    """For a kombu ``Message``: a lost connection is the consumer's affair, which mends it."""

    def ack_log_error(self, logger_: Any, errors: Any, multiple: bool = False) -> None:
        self._or_again(errors, self.ack, multiple=multiple)  # type: ignore[attr-defined]

    def reject_log_error(self, logger_: Any, errors: Any, requeue: bool = False) -> None:
        self._or_again(errors, self.reject, requeue=requeue)  # type: ignore[attr-defined]

    def _or_again(self, errors: Any, step: Any, **arguments: Any) -> None:
        try:
            step(**arguments)
        except errors as error:
            logger.warning("a message could not be acknowledged (%s), it may come twice", error)
            # A worker that ends needs no connection.
            if state.should_stop is None and state.should_terminate is None:
                raise
