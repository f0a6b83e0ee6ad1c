"""What ``/metrics`` and ``/readyz`` say of queue, workers, storage and weights."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import Settings

from common.health import readiness
from common.storage import media as storage_of
from portrait import monitoring
from portrait.engine_options import engine_options
from portrait.models import PortraitJob, PortraitWorker
from portrait.monitoring import collector
from portrait.queue import installation, transitions, workers
from tests.portrait.kit import claim, enqueue, make_portrait, student

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def nothing_kept() -> None:
    collector.forget()
    readiness.register("storage", monitoring.storage)


def scraped(client: Client) -> dict[str, float]:
    """The portraits' numbers, as ``name{value of each label}``, by the names of the labels."""
    found = {}
    for family in text_string_to_metric_families(client.get("/metrics").content.decode()):
        for sample in family.samples:
            if sample.name.startswith("portrait_"):
                values = ",".join(value for _, value in sorted(sample.labels.items()))
                found[f"{sample.name}{{{values}}}" if values else sample.name] = sample.value
    return found


def test_an_empty_school_has_empty_numbers(client: Client) -> None:
    numbers = scraped(client)
    assert numbers["portrait_database_up"] == 1
    assert (numbers["portrait_queue_jobs{queued}"], numbers["portrait_queue_oldest_seconds"]) == (0, 0)
    assert numbers["portrait_workers{working}"] == 0


def test_queue_and_workers_are_counted(client: Client) -> None:
    for name in ("alice", "bob", "cho"):
        enqueue(student(name))
    claim()
    assert transitions.fail(claim(), "out_of_memory", backoff=[60.0])
    PortraitJob.objects.filter(state="queued").update(queued_at="2020-01-01T00:00:00Z")
    workers.beat("good", 3, "")
    workers.beat("bad", 4, "the disk is full", paused=True)
    workers.beat("dead", 5, "")
    PortraitWorker.objects.filter(name="dead").update(seen_at="2020-01-01T00:00:00Z")

    numbers = scraped(client)
    assert (numbers["portrait_queue_jobs{queued}"], numbers["portrait_queue_jobs{running}"]) == (2, 1)
    assert numbers["portrait_queue_oldest_seconds"] > 10**8
    assert numbers["portrait_queue_retrying{out_of_memory}"] == 1
    assert [numbers[f"portrait_workers{{{state}}}"] for state in ("working", "paused", "silent")] == [1, 1, 1]
    assert numbers["portrait_worker_children"] == 3


def test_what_ended_within_the_hour_is_counted_by_outcome_and_code(client: Client) -> None:
    make_portrait(student("alice"))
    make_portrait(student("bob"))
    for name, code in (("cho", "no_face"), ("dean", "no_face"), ("ernie", "deadline_exceeded")):
        enqueue(student(name))
        assert transitions.fail(claim(), code, final=True)
    PortraitJob.objects.filter(error_code="deadline_exceeded").update(attempts=3)
    old = make_portrait(student("fleur"))
    PortraitJob.objects.filter(pk=old.pk).update(finished_at="2020-01-01T00:00:00Z")
    enqueue(ginny := student("ginny"))
    assert transitions.cancel(ginny.pk)

    numbers = scraped(client)
    assert {name: value for name, value in numbers.items() if name.startswith("portrait_jobs_ended")} == {
        "portrait_jobs_ended{,succeeded}": 2,
        "portrait_jobs_ended{no_face,failed}": 2,
        "portrait_jobs_ended{deadline_exceeded,failed}": 1,
        "portrait_jobs_ended{,cancelled}": 1,
    }
    assert numbers["portrait_jobs_retries"] == 2
    assert numbers["portrait_stage_seconds{0.5,animating}"] == 0.5
    assert numbers["portrait_job_seconds{0.95}"] >= 0


def test_two_scrapes_cost_the_queries_of_one(client: Client) -> None:
    with CaptureQueriesContext(connection) as queries:
        scraped(client)
        scraped(client)
    assert len(queries) <= 10


def test_without_the_database_the_scrape_says_so(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> None:
        raise OperationalError("gone")

    monkeypatch.setattr(monitoring, "queue_overview", away)
    numbers = scraped(client)
    assert numbers["portrait_database_up"] == 0 and "portrait_queue_oldest_seconds" not in numbers


def test_a_storage_of_another_installation_is_not_ready(client: Client) -> None:
    installation.check()
    assert client.get("/readyz").json()["storage"] == "ok"
    storage_of().delete([installation.MARK])
    readiness.register("storage", monitoring.storage)  # what was kept is forgotten
    response = client.get("/readyz")
    assert (response.status_code, response.json()["storage"]) == (
        503,
        "is not there, or belongs to another database",
    )


def test_a_full_disk_is_not_ready(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage("/")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=1000))
    assert client.get("/readyz").json()["storage"] == "is full"


def test_damaged_weights_are_not_ready(client: Client, settings: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "checkpoints"
    folder.mkdir()
    for path in engine_options().weights:
        (folder / path.name).symlink_to(path)
    shutil.copy(settings.PORTRAIT["CHECKPOINTS"] / "SHA256SUMS", folder)
    settings.PORTRAIT = {**settings.PORTRAIT, "CHECKPOINTS": folder}
    assert client.get("/readyz").json()["weights"] == "ok"
    painter = folder / "painter.yaml"
    painter.unlink()
    painter.write_text("cut short")
    readiness.register("weights", monitoring.weights)
    assert client.get("/readyz").json()["weights"] == "are missing or damaged"
