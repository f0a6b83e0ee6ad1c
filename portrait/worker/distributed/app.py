"""The Celery application of the workers: settings, tasks and signals. The web process does not import it."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from celery import Celery, Task, signals
from celery.exceptions import Reject
from celery.platforms import set_pdeathsig
from django.conf import settings
from django.core.checks import run_checks

from portrait.queue import delivery, recovery
from portrait.worker.distributed import child as children
from portrait.worker.distributed.child import Child, GiveBackMessage
from portrait.worker.distributed.family import Family
from portrait.worker.distributed.keeper import SILENT_AFTER, Keeper
from portrait.worker.distributed.reconnecting import ConnectAgain
from portrait.worker.running import WorkerOptions
from portrait.worker.upkeep import SWEEP_EVERY, reap_every, sweep, tell

# Seconds in which a child has to load the weights.
LOAD_SECONDS = 300.0
# Seconds above the deadline at which Celery kills a child; the keeper's own limits come first.
MARGIN = 60.0
# Seconds in which nothing was received before the connection is checked, and for each step of talking to the broker.
HEALTH_CHECK, BROKER_TIMEOUT = 25, 10.0

CHATTY = ("celery.app.trace", "celery.beat", "celery.worker.request", "celery.worker.strategy")

logger = logging.getLogger(__name__)


def build(
    options_for: Callable[[int], WorkerOptions], *, silent_after: float = SILENT_AFTER, **transport: Any
) -> Celery:
    """The application with its tasks. ``options_for`` gives the options of a worker with that many children."""
    app = delivery.app()
    options = options_for(settings.WORKERS)
    _configure(app, options, transport)
    app.steps["consumer"].add(ConnectAgain)
    worker = _Worker(options_for, silent_after)
    worker.connect()
    _add_tasks(app, worker)
    return app


class _Worker:
    """The worker that this process is, or is a child of."""

    def __init__(self, options_for: Callable[[int], WorkerOptions], silent_after: float) -> None:
        self.options_for = options_for
        self.options = options_for(settings.WORKERS)
        self.silent_after = silent_after
        self.family = Family()
        self.child: Child | None = None

    def connect(self) -> None:
        for signal, receiver in (
            (signals.setup_logging, self.leave_logging),
            (signals.worker_init, self.begin),
            (signals.worker_process_init, self.begin_child),
            (signals.worker_process_shutdown, self.end_child),
            (signals.worker_shutting_down, self.stop),
            (signals.beat_embedded_init, self.end_beat_with_worker),
        ):
            signal.connect(receiver, weak=False)

    def leave_logging(self, **_: Any) -> None:
        """Django's settings have set up the logs; a receiver keeps Celery from doing so.

        Celery tells of each message in several lines, every few seconds also without jobs: only for LOG_LEVEL=DEBUG.
        """
        if logging.getLogger().level >= logging.INFO:
            for name in CHATTY:
                logging.getLogger(name).setLevel(logging.WARNING)

    def begin(self, sender: Any, **_: Any) -> None:
        """In the parent, before the children are forked."""
        if "prefork" not in sender.pool_cls.__module__:
            sys.stderr.write("error: only the pool prefork can be used: children are killed and replaced\n")
            sys.exit(2)
        self.options = replace(self.options_for(sender.concurrency), processes=sender.concurrency)
        for message in run_checks():
            logger.warning("%s", message)
        program = Path(sys.argv[0])
        if program.name == "__main__.py":
            # At SIGHUP Celery starts itself again by this name, and `python -m celery` has none that can be started.
            sys.argv[0] = str(Path(sys.executable).with_name("celery"))

    def begin_child(self, **_: Any) -> None:
        self.child = children.start(self.options, self.family.name)
        Keeper(self.child, self.family, silent_after=self.silent_after).start()

    def end_child(self, **_: Any) -> None:
        if self.child is not None:
            children.sign_off(self.child)

    def stop(self, **_: Any) -> None:
        """In the parent's signal handler."""
        self.family.stop()

    def end_beat_with_worker(self, **_: Any) -> None:
        """In the process of ``-B``: as the children, it is killed with the worker."""
        set_pdeathsig("SIGKILL")

    def work(self, *, redelivered: bool) -> None:
        assert self.child is not None
        try:
            self.child.work(redelivered=redelivered)
        except GiveBackMessage as error:
            raise Reject("given back", requeue=True) from error


def _configure(app: Celery, options: WorkerOptions, transport: dict[str, Any]) -> None:
    every = reap_every(options)
    app.conf.update(
        # A message stays at the broker until its attempt has ended. One that comes twice changes nothing.
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        worker_prefetch_multiplier=1,
        # The attempt does not need the broker. After a reconnection the full number of messages is fetched at once.
        worker_cancel_long_running_tasks_on_connection_loss=False,
        worker_enable_prefetch_count_reduction=False,
        task_time_limit=max(options.deadline, options.fit_deadline) + options.cancel + options.hold + MARGIN,
        worker_soft_shutdown_timeout=options.grace,
        worker_concurrency=settings.WORKERS,
        worker_proc_alive_timeout=LOAD_SECONDS,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options={**_transport_options(options), **transport},
        # Commands over the broker are not needed, and their connection is one more that can be lost.
        worker_enable_remote_control=False,
        worker_send_task_events=False,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        # Nothing is kept between two runs of beat: all that it sends may come at any time.
        beat_scheduler="celery.beat:Scheduler",
        beat_max_loop_interval=every,
        beat_schedule={
            "tend": {
                "task": delivery.TEND,
                "schedule": every,
                "options": {"queue": delivery.UPKEEP, "expires": 2 * every},
            },
            "sweep": {
                "task": delivery.SWEEP,
                "schedule": SWEEP_EVERY,
                "options": {"queue": delivery.UPKEEP, "expires": SWEEP_EVERY},
            },
        },
    )


def _transport_options(options: WorkerOptions) -> dict[str, Any]:
    if not delivery.is_redis():
        return {}
    return {
        # Later than this Redis gives an unfinished message to another worker, which finds the job taken.
        "visibility_timeout": max(3600.0, 2 * options.deadline, 2 * options.fit_deadline),
        "socket_timeout": BROKER_TIMEOUT,
        "socket_connect_timeout": BROKER_TIMEOUT,
        "socket_keepalive": True,
        "health_check_interval": HEALTH_CHECK,
    }


def _add_tasks(app: Celery, worker: _Worker) -> None:
    @app.task(name=delivery.MAKE, bind=True)
    def make(self: Task, job_id: int) -> None:
        """Woken for ``job_id``: take the job whose turn it is."""
        worker.work(redelivered=bool((self.request.delivery_info or {}).get("redelivered")))

    @app.task(name=delivery.TEND)
    def tend() -> None:
        """End the attempts of dead workers, and send the messages that are missing."""
        options = worker.options
        recovery.reap_expired(backoff=options.backoff, lease_seconds=options.lease)
        sent = delivery.send_missing()
        if sent:
            logger.info("%s messages were sent again", sent)

    @app.task(name=delivery.SWEEP)
    def clean() -> None:
        """Delete old photos and files that no job names."""
        assert worker.child is not None
        tell(sweep, worker.child.health)
