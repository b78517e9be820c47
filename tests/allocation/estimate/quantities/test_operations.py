from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocation.estimate.assumptions import KnownBy
from tests.allocation.estimate.quantities.examples import lines, one, said
from tiers.facts.every_fact import Labour, LogGroup, Metrics


def test_logs_are_paid_in_and_kept() -> None:
    found = lines(one(LogGroup, ingest_gib_per_month=3, retention_days=7))
    assert {name: said(line) for name, line in found.items()} == {
        "ingest": ("Logs ingest Standard class", Decimal(3), KnownBy.ASSUMED),
        "storage": ("Logs storage", Decimal("0.7"), KnownBy.ASSUMED),
    }


@given(days=st.integers(1, 3650), longer=st.integers(0, 3650), ingest=st.integers(1, 1000))
def test_keeping_logs_longer_never_costs_less(days: int, longer: int, ingest: int) -> None:
    short, long = (
        lines(one(LogGroup, ingest_gib_per_month=ingest, retention_days=kept))["storage"].quantity
        for kept in (days, days + longer)
    )
    assert short <= long


@pytest.mark.parametrize(("samples", "charged"), [(39_999_999, 0), (40_000_000, 0), (40_000_001, 1)])
def test_the_first_forty_million_samples_are_free(samples: int, charged: int) -> None:
    found = lines(one(Metrics, samples_per_month=samples))
    assert [line.quantity for line in found.values()] == ([Decimal(charged)] if charged else [])


def test_labour_is_paid_by_what_it_is() -> None:
    support = lines(one(Labour, activity="support", hours_per_month=2))
    assert said(support["hours"]) == ("support hour", Decimal(2), KnownBy.ASSUMED)
    test = lines(one(Labour, activity="restore-test", hours_per_month=1))
    assert said(test["hours"]) == ("restore-test hour", Decimal(1), KnownBy.ASSUMED)
