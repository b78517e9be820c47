"""What logs, metrics, security services and labour consume in a month."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Final

from allocation.estimate.quantities.lines import Category, Line, assumed, rounded, rule_of
from tiers.facts import every_fact as facts

_DAYS_PER_MONTH: Final = 30
_FREE_METRIC_SAMPLES: Final = 40_000_000


@rule_of.register
def _logs(fact: facts.LogGroup, _: date) -> Iterator[Line]:
    service, ingested = "AmazonCloudWatch", Decimal(fact.ingest_gib_per_month)
    yield assumed("ingest", service, "Logs ingest Standard class", ingested, Category.STORAGE)
    # The storage once retention is reached: the ingest of that many days.
    kept = rounded(ingested * fact.retention_days / _DAYS_PER_MONTH)
    yield assumed("storage", service, "Logs storage", kept, Category.STORAGE)


@rule_of.register
def _metrics(fact: facts.Metrics, _: date) -> Iterator[Line]:
    charged = max(fact.samples_per_month - _FREE_METRIC_SAMPLES, 0)
    item = "metric samples 40M..2B"
    yield assumed("samples", "AmazonPrometheus", item, charged, Category.STORAGE)


@rule_of.register
def _security_service(fact: facts.SecurityService, _: date) -> Iterator[Line]:
    yield assumed("metered", fact.service, fact.item, fact.quantity_per_month, fact.category)


@rule_of.register
def _labour(fact: facts.Labour, _: date) -> Iterator[Line]:
    # The hours a tier includes; a usage file can give the hours really worked.
    yield assumed("hours", "Labour", f"{fact.activity} hour", fact.hours_per_month, fact.category)
