"""The dashboard and the alert rules ask for metrics and labels that a real scrape has."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator

import pytest
import yaml
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from common.metrics import storage_faults
from portrait.monitoring import collector
from portrait.queue import transitions, workers
from tests.paths import ROOT
from tests.portrait.kit import claim, enqueue, make_portrait, student

# Prometheus adds these itself.
OF_PROMETHEUS = {"up": {"job", "instance"}}
ADDED_LABELS = {"job", "instance"}
# A name that is followed by a bracket is a function or a clause.
NAME = re.compile(r"\b([a-z][a-z0-9]*(?:_[a-z0-9]+)+|up)\b(?!\s*\()(\{[^}]*\})?")
CLAUSE = re.compile(r"\b(?:by|without)\s*\(([^)]*)\)")


def alerts() -> Iterator[str]:
    for group in yaml.safe_load((ROOT / "deploy/alerts.yaml").read_text())["groups"]:
        for rule in group["rules"]:
            assert rule["annotations"]["summary"] and rule["labels"]["severity"] in ("page", "ticket")
            yield rule["expr"]


def panels() -> Iterator[str]:
    for panel in json.loads((ROOT / "deploy/grafana-dashboard.json").read_text())["panels"]:
        for target in panel["targets"]:
            yield target["expr"]


@pytest.mark.django_db(transaction=True)
def test_every_metric_and_label_that_is_asked_for_exists(client: Client) -> None:
    workers.beat("test", 2, "")
    make_portrait(student("alice"))
    enqueue(student("bob"))
    assert transitions.fail(claim(), "no_face", final=True)
    enqueue(student("cho"))
    assert transitions.fail(claim(), "storage_unavailable")
    client.get("/user/me/")
    storage_faults.inc()
    collector.forget()

    labels: dict[str, set[str]] = defaultdict(set, OF_PROMETHEUS)
    for family in text_string_to_metric_families(client.get("/metrics").content.decode()):
        for sample in family.samples:
            labels[sample.name] |= {*sample.labels, *ADDED_LABELS}

    asked = [*alerts(), *panels()]
    assert len(asked) > 20
    for expression in asked:
        found = NAME.findall(CLAUSE.sub("", expression))
        assert found, expression
        for name, selector in found:
            assert name in labels, expression
            assert set(re.findall(r"(\w+)\s*(?:=|!=|=~|!~)\s*\"", selector)) <= labels[name], expression
        for clause in CLAUSE.findall(expression):
            known = set().union(*(labels[name] for name, _ in found))
            assert {label.strip() for label in clause.split(",")} <= known, expression
