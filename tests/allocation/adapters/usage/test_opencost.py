from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
import stamina

from allocation.adapters.usage.endpoint import Endpoint
from allocation.adapters.usage.opencost import HOURS, OpenCost
from allocation.adapters.usage.rows import UsageError, UsageRow
from allocation.charges import ChargePeriod
from allocation.engine.drivers import Driver
from tests.allocation.adapters.usage.server import Recorded, answering, in_turn

DAY = ChargePeriod(datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 10, 2, tzinfo=UTC))
GIB = 1024**3


def allocation(cores: Any = 24.5, memory: Any = 48 * GIB, volume: Any = 0) -> dict[str, Any]:
    hours = {"cpuCoreHours": cores, "ramByteHours": memory, "pvByteHours": volume}
    return {**hours, "cpuCost": 99.0, "totalCost": 1000.0, "minutes": 1440.0}


def reply(**allocations: Any) -> str:
    return json.dumps({"code": 200, "data": [allocations]})


def fetched(server: Recorded, unlabelled: str | None = "platform") -> list[UsageRow]:
    return list(OpenCost(Endpoint(server.url), unlabelled).fetch(DAY))


@pytest.fixture(autouse=True)
def _without_waiting() -> Iterator[None]:
    with stamina.set_testing(True, attempts=4):
        yield


def test_hours_are_read_and_prices_are_not() -> None:
    with answering(in_turn((200, reply(acme=allocation())))) as server:
        assert fetched(server) == [
            UsageRow("acme", "cpu-billable", *DAY, Decimal("24.5")),
            UsageRow("acme", "memory-billable", *DAY, Decimal(48)),
            UsageRow("acme", "storage-gib", *DAY, Decimal(0)),
        ]
    path, query, _ = server.asked[0]
    assert path == "/allocation"
    assert query == {
        "window": "2026-10-01T00:00:00Z,2026-10-02T00:00:00Z",
        "aggregate": "label:cost/tenant",
        "includeIdle": "false",
        "accumulate": "true",
    }
    assert set(HOURS) <= set(Driver)


def test_an_answer_that_names_no_tenant_is_refused() -> None:
    with answering(in_turn((200, reply(__unallocated__=allocation())))) as server:
        with pytest.raises(UsageError) as caught:
            fetched(server)
        sentence = (
            f"{server.url}: no usage of driver cpu-billable has a tenant's label; let kube-state-metrics"
        )
        assert str(caught.value).startswith(sentence)


def test_a_day_that_names_no_tenant_between_others_is_refused_and_before_them_told() -> None:
    period = ChargePeriod(DAY.start, datetime(2026, 10, 4, tzinfo=UTC))
    nobody, somebody = (200, reply(__unallocated__=allocation())), (200, reply(acme=allocation()))
    with (
        answering(in_turn(somebody, nobody, somebody)) as server,
        pytest.raises(UsageError, match="on 2026-10-02 has a"),
    ):
        list(OpenCost(Endpoint(server.url), "platform").fetch(period))
    told: list[str] = []
    with answering(in_turn(nobody, somebody, somebody)) as server:
        list(OpenCost(Endpoint(server.url), "platform", tell=told.append).fetch(period))
    (sentence,) = told
    assert sentence.startswith(
        "driver cpu-billable: no usage has a tenant's label on 1 of 3 days, 2026-10-01 to 20"
    )


def test_use_without_a_label_goes_to_the_pool_that_is_named_or_nowhere() -> None:
    answer = reply(__unallocated__=allocation(1), __unmounted__=allocation(2), acme=allocation(3))
    with answering(in_turn((200, answer))) as server:
        cores = {row.tenant: row.quantity for row in fetched(server) if row.driver == "cpu-billable"}
        assert cores == {"platform": Decimal(3), "acme": Decimal(3)}
        with pytest.raises(UsageError, match=r"use of __unallocated__; name the pool it belongs to"):
            fetched(server, unlabelled=None)


def test_a_number_that_could_not_be_computed_is_missing_and_not_zero() -> None:
    with answering(in_turn((200, reply(acme=allocation(cores=None), __unmounted__={})))) as server:
        found = {(row.tenant, row.driver): row.quantity for row in fetched(server)}
    assert found["acme", "cpu-billable"] is None
    assert found["acme", "memory-billable"] == 48
    assert found["platform", "storage-gib"] is None


def test_a_server_that_fails_once_is_asked_again() -> None:
    with answering(in_turn((503, ""), (200, reply(acme=allocation())))) as server:
        assert len(fetched(server)) == 3


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ('{"code": 400, "message": "bad window"}', "no success: bad window"),
        ('{"code": 200, "data": []}', r"no set of allocations: \[\]; check that it has data of that day"),
        ('{"code": 200, "data": [null]}', "no set of allocations"),
        ('{"code": 200, "data": [{}]}', "no set of allocations"),
        ('{"code": 200, "data": [{"a": {}}, {"a": {}}]}', "no set of allocations"),
        ('{"code": 200, "data": [{"a": {}}], "warning": "partial"}', "a warning: partial"),
        ('{"code": 200, "data": [{"a": {"cpuCoreHours": "1"}}]}', "cpuCoreHours that is no number: 1"),
        ("[]", "no success"),
        ("<html>", "no JSON"),
    ],
)
def test_any_other_answer_names_url_day_and_remedy(body: str, message: str) -> None:
    with answering(in_turn((200, body))) as server, pytest.raises(UsageError, match=message) as caught:
        fetched(server)
    assert str(caught.value).startswith(f"{server.url}: asked for allocations on 2026-10-01, answered ")
