"""A log group that somebody fills after the tenant's end stays."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, cast

import pytest

from lifecycle.adapters.purge import others
from lifecycle.adapters.purge.aws import Aws
from lifecycle.decommission.retained import Kind
from lifecycle.purge.ledger import LedgerLine
from tests.lifecycle.purge.world import DUE, ENDED_AT, REGION

GROUP = "/costack/acme"


class Logging:
    """An account with one log group, and the stream that was written to last."""

    def __init__(self, **written: datetime) -> None:
        self.stream = {name: round(at.timestamp() * 1000) for name, at in written.items()}

    def entries(self, *_: str, **__: str) -> Iterator[dict[str, Any]]:
        yield {"logGroupName": GROUP, "arn": "arn:x:*", "creationTime": 1, "storedBytes": 7}

    def ask(self, _: str, __: str, operation: str, **asked: Any) -> dict[str, Any]:
        if operation == "describe_log_streams":
            assert asked["descending"] is True
            return {"logStreams": [self.stream] if self.stream else []}
        return {"tags": {}}


@pytest.mark.parametrize(
    ("written", "busy"),
    [
        ({}, False),
        ({"lastEventTimestamp": ENDED_AT, "lastIngestionTime": ENDED_AT + timedelta(hours=23)}, False),
        ({"lastEventTimestamp": ENDED_AT, "lastIngestionTime": ENDED_AT + timedelta(hours=25)}, True),
        ({"lastEventTimestamp": ENDED_AT + timedelta(days=9)}, True),
    ],
)
def test_a_log_group_that_is_filled_after_the_end_stays(written: dict[str, datetime], *, busy: bool) -> None:
    line = LedgerLine(
        tenant="acme",
        ended_by="0",
        recorded_at=ENDED_AT,
        what=Kind.LOGS,
        id=GROUP,
        region=REGION,
        because="kept",
        until=DUE,
    )
    found = others.HANDLINGS[Kind.LOGS].look(cast("Aws", Logging(**written)), line)
    assert found is not None
    assert found.busy.startswith("it was written to at 20") is busy
    assert found.busy == "" or busy
