from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import duckdb
import pytest
import stamina

from allocation.adapters.usage.endpoint import Endpoint, Token
from allocation.adapters.usage.export import write_usage
from allocation.adapters.usage.intake import read_usage
from allocation.adapters.usage.prometheus import Prometheus
from allocation.adapters.usage.queries import queries
from allocation.adapters.usage.rows import UsageError, UsageRow
from allocation.charges import ChargePeriod
from tests.allocation.adapters.usage.server import (
    Answer,
    Recorded,
    answering,
    asks_for_presence,
    asks_for_use,
    vector,
)

DAY = ChargePeriod(datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 10, 2, tzinfo=UTC))
WHOLE_DAY = vector(({}, "288"))


def acme(value: str, tenant: str = "acme") -> tuple[dict[str, str], str]:
    return {"label_cost_tenant": tenant}, value


def prometheus(use: str | Answer, presence: str = WHOLE_DAY) -> Callable[[str, dict[str, str]], Answer]:
    """Answers with *use*, asked for the samples that are there with *presence*; checks find nothing."""

    def answer(path: str, query: dict[str, str]) -> Answer:
        assert path == "/api/v1/query"
        if asks_for_presence(query["query"]):
            return 200, presence
        if not asks_for_use(query["query"]):
            return 200, vector()
        return use if isinstance(use, tuple) else (200, use)

    return answer


def fetched(server: Recorded, *drivers: str, unlabelled: str | None = "platform") -> list[UsageRow]:
    return list(Prometheus(Endpoint(server.url), unlabelled).fetch(DAY, drivers or ("cpu-used",)))


@pytest.fixture(autouse=True)
def _without_waiting() -> Iterator[None]:
    with stamina.set_testing(True, attempts=4):
        yield


def test_use_is_in_the_unit_of_its_driver_for_each_tenant_and_the_pool_of_the_rest() -> None:
    with answering(prometheus(vector(acme("288.0"), acme("1e-05", "bolt"), ({}, "576")))) as server:
        assert fetched(server) == [
            UsageRow("acme", "cpu-used", *DAY, Decimal(24)),
            UsageRow("bolt", "cpu-used", *DAY, Decimal("0.000000833")),
            UsageRow("platform", "cpu-used", *DAY, Decimal(48)),
        ]


def test_a_day_is_evaluated_a_millisecond_before_its_end() -> None:
    with answering(prometheus(vector())) as server:
        assert fetched(server) == []
    used = [query for _, query, _ in server.asked if asks_for_use(query["query"])]
    assert [query["time"] for query in used] == ["2026-10-01T23:59:59.999Z"]
    assert all("[86400s:300s]" in query["query"] for query in used)
    # What a check needs to see of the next day ends a millisecond before an hour.
    assert {query["time"] for _, query, _ in server.asked} == {
        "2026-10-01T23:59:59.999Z",
        "2026-10-02T00:59:59.999Z",
    }
    assert {query["partial_response"] for _, query, _ in server.asked} == {"false"}


@pytest.mark.whole("tests/cli/actions/test_usage asks for a month")
def test_a_month_is_asked_day_by_day() -> None:
    with answering(prometheus(vector(acme("288")))) as server:
        rows = list(Prometheus(Endpoint(server.url)).fetch(ChargePeriod.month("2026-10"), ["cpu-used"]))
    assert len(rows) == 31
    assert all(one.end == other.start for one, other in pairwise(rows))
    assert sum((row.quantity or Decimal() for row in rows), Decimal()) == 744


def test_two_databases_of_a_tenant_are_one_row() -> None:
    gib = str(12 * 1024**3)
    samples = (({"datname": "odoo_acme_corp"}, gib), ({"datname": "odoo_acme_corp", "server": "b"}, gib))
    with answering(prometheus(vector(*samples))) as server:
        assert fetched(server, "database-gib") == [UsageRow("acme-corp", "database-gib", *DAY, Decimal(2))]


def test_what_is_no_number_is_refused_by_the_reader_and_never_zero(tmp_path: Path) -> None:
    odd = vector(
        acme("NaN"), acme("+Inf", "bolt"), acme("-1", "corp"), acme("1e+300", "dyne"), acme("12", "echo")
    )
    with answering(prometheus(odd)) as server:
        write_usage(fetched(server), tmp_path / "usage.csv")
    intake = read_usage(duckdb.connect(), [tmp_path / "usage.csv"], DAY, ["cpu-used"])
    assert (intake.taken, intake.refused) == (1, {"not-a-number": 2, "negative": 1, "too-large": 1})


def test_a_server_that_fails_once_is_asked_again() -> None:
    failures = [(500, "oops")]
    healthy = prometheus(vector(acme("12")))
    with answering(lambda path, query: failures.pop() if failures else healthy(path, query)) as server:
        assert [row.quantity for row in fetched(server)] == [Decimal(1)]
    assert [query["query"] for _, query, _ in server.asked[:2]] == [server.asked[0][1]["query"]] * 2


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (
            json.dumps({"status": "error", "error": "query timed out"}),
            "no success: query timed out; check the query",
        ),
        (
            (422, '{"status": "error", "errorType": "execution", "error": "many-to-many"}'),
            "execution: many-to-many",
        ),
        ("[]", r"no success: \[\]"),
        ("not json", "no JSON: not json"),
        (json.dumps({"status": "success"}), "no vector"),
        (json.dumps({"status": "success", "data": {"resultType": "matrix", "result": []}}), "no vector"),
        (json.dumps({"status": "success", "data": {"resultType": "vector", "result": [{}]}}), "no vector"),
        (vector(acme("twelve")), "a value that is no number"),
        (
            json.dumps(
                {
                    "status": "success",
                    "data": {"resultType": "vector", "result": [{"metric": {"a": {}}, "value": [1, "1"]}]},
                }
            ),
            "no vector",
        ),
        (
            vector(acme("1"), warnings=["PromQL: partial response"]),
            r"a warning: \['PromQL: partial response'\]",
        ),
    ],
)
def test_any_other_answer_names_url_driver_day_and_remedy(answer: str | Answer, message: str) -> None:
    with answering(prometheus(answer)) as server, pytest.raises(UsageError, match=message) as caught:
        fetched(server)
    assert str(caught.value).startswith(f"{server.url}: asked for driver cpu-used on 2026-10-01, answered ")
    assert "; " in str(caught.value)


def test_information_about_a_query_is_no_warning() -> None:
    with answering(prometheus(vector(acme("12"), infos=["metric might not be a counter"]))) as server:
        assert len(fetched(server)) == 1


@pytest.mark.parametrize(
    ("there", "whole"), [("288", True), ("286", True), ("285", False), ("NaN", False), ("9e999998", True)]
)
def test_gaps_are_distinguished_from_no_use(there: str, *, whole: bool) -> None:
    with answering(prometheus(vector(acme("12")), vector(({}, there)))) as server:
        if whole:
            assert len(fetched(server)) == 1
        else:
            with pytest.raises(
                UsageError, match=f"answered that {there} of 288 are there; check that the exp"
            ):
                fetched(server)


def test_no_samples_at_all_are_no_zero() -> None:
    with (
        answering(prometheus(vector(acme("12")), vector())) as server,
        pytest.raises(UsageError, match="0 of 288"),
    ):
        fetched(server)


def test_usage_without_a_tenant_needs_a_pool() -> None:
    with answering(prometheus(vector(({}, "12")))) as server:
        with pytest.raises(UsageError, match="usage without label_cost_tenant; name the pool"):
            fetched(server, unlabelled=None)
        assert fetched(server, "job-core-hours")[0].tenant == "platform"


def test_a_label_that_is_on_no_day_is_refused_with_the_remedy() -> None:
    with answering(prometheus(vector(({}, "12")))) as server, pytest.raises(UsageError) as caught:
        fetched(server)
    assert str(caught.value) == (
        f"{server.url}: no usage of driver cpu-used has a tenant's label; let kube-state-metrics show the "
        "pods' label (--metric-labels-allowlist=pods=[cost/tenant]), and let the server keep it"
    )


def labelled_on(*days: int) -> Callable[[str, dict[str, str]], Answer]:
    """Usage every day, and a tenant's on some *days* of October only."""

    def answer(path: str, query: dict[str, str]) -> Answer:
        tenants = [acme("12")] if int(query["time"][8:10]) in days else []
        return prometheus(vector(({}, "12"), *tenants))(path, query)

    return answer


def test_a_label_that_is_lost_for_a_day_is_refused() -> None:
    month = ChargePeriod.month("2026-10")
    without_the_fifth = [day for day in range(1, 32) if day != 5]
    with (
        answering(labelled_on(*without_the_fifth)) as server,
        pytest.raises(UsageError, match="driver cpu-used on 2026-10-05 has a tenant's label"),
    ):
        list(Prometheus(Endpoint(server.url), "platform").fetch(month, ["cpu-used"]))


def test_days_before_the_first_tenant_are_told() -> None:
    told: list[str] = []
    with answering(labelled_on(*range(15, 32))) as server:
        reader = Prometheus(Endpoint(server.url), "platform", tell=told.append)
        rows = list(reader.fetch(ChargePeriod.month("2026-10"), ["cpu-used"]))
    assert len(rows) == 31 + 17
    (sentence,) = told
    assert sentence == (
        "driver cpu-used: no usage has a tenant's label on 14 of 31 days, 2026-10-01 to 2026-10-14, "
        "and all of it went to platform"
    )


@pytest.mark.parametrize("value", ["3", "NaN", "+Inf"])
def test_what_a_check_answers_beyond_one_per_cent_is_refused(value: str) -> None:
    found = vector(({"namespace": "odoo-acme", "pod": "web-0\x1b[31m"}, value))

    def answer(path: str, query: dict[str, str]) -> Answer:
        if "unless" in query["query"] and "kube_pod_created" in query["query"]:
            return 200, found
        return prometheus(vector(acme("12")))(path, query)

    with (
        answering(answer) as server,
        pytest.raises(UsageError, match="pods without kube_pod_created") as caught,
    ):
        fetched(server)
    assert "namespace=odoo-acme pod=web-0\\u001b[31m" in str(caught.value)
    found = vector(({"namespace": "odoo-acme", "pod": "web-0"}, "2"))
    with answering(answer) as server:
        assert len(fetched(server)) == 1


def test_drivers_share_the_checks_of_a_day() -> None:
    with answering(prometheus(vector(acme("12")))) as server:
        fetched(server, "cpu-used", "cpu-billable")
    asked = [query["query"] for _, query, _ in server.asked]
    assert len(asked) == len(set(asked))


def test_a_driver_that_is_not_measured_is_known_before_anything_is_asked() -> None:
    with answering(prometheus(vector())) as server, pytest.raises(UsageError, match="driver 'fee'"):
        fetched(server, "cpu-used", "fee")
    assert server.asked == []


def test_a_step_that_does_not_divide_the_day_is_refused() -> None:
    reader = Prometheus(Endpoint("http://127.0.0.1:9"), step_seconds=7000)
    with pytest.raises(UsageError, match="step of 7000 seconds: does not divide 2026-10-01"):
        list(reader.fetch(DAY, ["cpu-used"]))


def test_the_token_goes_along() -> None:
    with answering(prometheus(vector())) as server:
        list(Prometheus(Endpoint(server.url, Token("T", "abc"))).fetch(DAY, ["cpu-used"]))
    assert {headers["Authorization"] for _, _, headers in server.asked} == {"Bearer abc"}


OPTIONAL = {name for name, query in queries().drivers.items() if query.otherwise}
EARLIER = "2026-09-30T23:59:59.999Z"


def optional(presence: Callable[[str, str], str]) -> Callable[[str, dict[str, str]], Answer]:
    """Every driver is there all day but those of a tenant's exporter: *presence* of a query at a moment."""

    def answer(_: str, query: dict[str, str]) -> Answer:
        text = query["query"]
        if asks_for_presence(text):
            there = presence(text, query["time"]) if "group(tenant_" in text else "288"
            return 200, vector(({}, there)) if there else vector()
        name = {"tenant": "acme", "label_cost_tenant": "acme", "datname": "odoo_acme"}
        return 200, vector((name, "288")) if asks_for_use(text) else vector()

    return answer


def all_of(server: Recorded, told: list[str]) -> set[str]:
    rows = Prometheus(Endpoint(server.url), "platform", tell=told.append).fetch(DAY)
    return {row.driver for row in rows}


def test_without_the_exporter_that_is_an_option_all_others_are_measured_and_its_drivers_are_told() -> None:
    told: list[str] = []
    with answering(optional(lambda _, __: "")) as server:
        assert all_of(server, told) == queries().drivers.keys() - OPTIONAL
    assert [sentence.partition(":")[0] for sentence in told] == [
        f"driver {each}" for each in sorted(OPTIONAL)
    ]
    assert told[-1] == (
        "driver users: no tenant's usage exporter was there all day on 2026-10-01, so it has no row; "
        "it comes from the plan, or Odoo's own count in the manifests of the backups (costack usage "
        "backups)"
    )


def test_with_it_every_driver_is_measured() -> None:
    told: list[str] = []
    with answering(optional(lambda _, __: "288")) as server:
        assert all_of(server, told) == queries().drivers.keys()
    assert told == []


def test_an_exporter_that_began_during_the_first_day_leaves_the_month_to_what_is_declared() -> None:
    told: list[str] = []
    with answering(optional(lambda _, moment: "" if moment == EARLIER else "144")) as server:
        assert not all_of(server, told) & OPTIONAL
    assert len(told) == len(OPTIONAL)


def test_an_exporter_that_was_there_before_and_is_away_is_a_gap() -> None:
    away = "driver backup-gib on 2026-10-01, answered that 0 of 288 are"
    with (
        answering(optional(lambda _, moment: "288" if moment == EARLIER else "")) as server,
        pytest.raises(UsageError, match=away),
    ):
        all_of(server, [])


def databases(own: str, tenants: str) -> Callable[[str, dict[str, str]], Answer]:
    """Where postgres_exporter and the usage exporters were there for so many samples of every day."""

    def answer(_: str, query: dict[str, str]) -> Answer:
        text = query["query"]
        by_tenants = "tenant_database_bytes" in text
        if asks_for_presence(text):
            there = tenants if by_tenants else own
            return 200, vector(({}, there)) if there else vector()
        if not asks_for_use(text):
            return 200, vector()
        size = str(12 * 1024**3)
        return 200, vector(({"tenant": "acme"}, size) if by_tenants else ({"datname": "odoo_bolt"}, size))

    return answer


@pytest.mark.parametrize(
    ("own", "tenants", "measured"),
    [("288", "288", "bolt"), ("288", "", "bolt"), ("", "288", "acme"), ("144", "288", "bolt")],
    ids=["both", "postgres_exporter", "usage exporters", "postgres_exporter with a gap"],
)
def test_the_size_of_databases_is_told_by_one_source(own: str, tenants: str, measured: str) -> None:
    told: list[str] = []
    with answering(databases(own, tenants)) as server:
        rows = Prometheus(Endpoint(server.url), tell=told.append).fetch(DAY, ["database-gib"])
        if own == "144":
            with pytest.raises(UsageError, match="database-gib on 2026-10-01, answered that 144 of 288"):
                list(rows)
            return
        assert list(rows) == [UsageRow(measured, "database-gib", *DAY, Decimal(1))]
    assert [sentence[:62] for sentence in told] == (
        ["driver database-gib: measured by the usage exporters of tenant"] if measured == "acme" else []
    )


def test_who_names_a_driver_gets_it_or_a_sentence() -> None:
    with answering(optional(lambda _, __: "")) as server, pytest.raises(UsageError, match="that 0 of 288"):
        fetched(server, "users")
