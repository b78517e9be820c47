"""A real Prometheus over made-up clusters: what is measured is the truth within the bound, or is refused."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal

import pytest

from allocation.adapters.usage.endpoint import Endpoint
from allocation.adapters.usage.prometheus import Prometheus
from allocation.adapters.usage.queries import Queries, queries
from allocation.adapters.usage.rows import UsageError
from allocation.charges import ChargePeriod
from tests.allocation.adapters.usage.clusters import (
    DAY,
    HOUR,
    MINUTE,
    Cluster,
    Pod,
    bound,
    day_of,
    lines_of,
    named,
    truth,
)
from tests.prometheus import running_prometheus, stored

pytestmark = [
    pytest.mark.prometheus,
    pytest.mark.whole(
        "test_real_exporters asks a real Prometheus, too; test_prometheus refuses days that are not whole"
    ),
]

EVERY = 2 * MINUTE
WHOLE = range(-HOUR, DAY + HOUR + 1, EVERY)
STEADY = Cluster((Pod("acme", "web-0", 2.0), Pod("bolt", "web-0", 0.5, node="b"), Pod("", "dns-0", 0.25)))


def but(hours: range) -> list[int]:
    """All scrapes but those of some hours."""
    return [moment for moment in WHOLE if moment // HOUR not in hours]


CHANGED = [*range(-HOUR, DAY // 2, MINUTE), *range(DAY // 2, DAY + HOUR + 1, EVERY)]
"""Scraped every minute until noon, and every second minute from then on."""
RARE = range(-HOUR + 17, DAY + HOUR + 1, 5 * MINUTE)
ALL_THE_TIME = tuple(range(8 * HOUR, 10 * HOUR, 130))
OVER_MIDNIGHT = [each for each in but(range(18, 24)) if not DAY <= each <= DAY + 1800]
LIVELY = Cluster(
    (
        Pod("acme", "web-0", 2.0, restarted=(7 * HOUR + 42, 13 * HOUR + 400)),
        Pod("acme", "web-1", 1.0, began=10 * HOUR + 77, node="b"),
        Pod("bolt", "web-0", 0.5, ended=15 * HOUR + 11),
        Pod("bolt", "backup-1", 1.0, began=3 * HOUR, ended=3 * HOUR + 1500, job=True),
        Pod("bolt", "hook-1", 1.0, began=5 * HOUR + 305, ended=5 * HOUR + 335, job=True),
    )
)

MEASURED: dict[str, tuple[Cluster, ...]] = {
    "steady": (STEADY,),
    "restarts, late starts, short jobs": (LIVELY,),
    "another interval from noon on": (replace(LIVELY, states=CHANGED),),
    "two clusters with the same names": (named(STEADY, "east"), named(LIVELY, "west")),
    "two clusters, OpenTelemetry's label": (
        named(STEADY, "east", "k8s_cluster_name"),
        named(STEADY, "west", "k8s_cluster_name"),
    ),
    "a cluster's label on kube-state-metrics only": (replace(named(STEADY, "east"), labels_of_nodes=False),),
    "a container that begins anew all the time": (
        Cluster((Pod("acme", "web-0", 2.0), Pod("acme", "loop-0", 0.1, restarted=ALL_THE_TIME))),
    ),
    "no honor_labels": (replace(STEADY, honours_labels=False),),
    "one cluster with honor_labels, one without": (
        named(STEADY, "east"),
        replace(named(LIVELY, "west"), honours_labels=False),
    ),
    "two exporters, half a minute apart": (
        STEADY,
        replace(STEADY, name="one", states=range(-HOUR + 30, DAY + HOUR, EVERY)),
    ),
}
"""Worlds that are measured."""


@dataclass(frozen=True)
class Refused:
    """A world that is refused, and why."""

    clusters: tuple[Cluster, ...]
    why: str
    driver: str = "cpu-used"
    label: str | None = None


REFUSED: dict[str, Refused] = {
    "two clusters that nothing tells apart": Refused(
        (STEADY, replace(STEADY, name="two")),
        r"two pods of one name at the same time: .*pod=web-0 \(288 of 288 samples\).*--cluster-label",
    ),
    "only one of two clusters has kube-state-metrics": Refused(
        (STEADY, replace(STEADY, name="two", states=(), nodes={"a": WHOLE, "b": WHOLE})),
        "containers of two pods of one name at the same time: namespace=kube-system pod=dns-0",
    ),
    "one pod under two clusters": Refused(
        (named(STEADY, "east"), replace(named(STEADY, "east"), labels={"cluster": "west"})),
        "one pod under several clusters, which would count several times: uid=",
    ),
    "a node that is not scraped for six hours": Refused(
        (replace(STEADY, nodes={"b": but(range(9, 15))}),),
        r"containers that ran and whose CPU was not measured: container=odoo namespace=odoo-bolt pod=web-0 "
        r"\(7\d of 288 samples\); check that cAdvisor",
    ),
    "the same of memory": Refused(
        (replace(STEADY, nodes={"b": but(range(9, 15))}),),
        "containers that ran and whose memory was not measured",
        "memory-used",
    ),
    "a node that is scraped every five minutes": Refused(
        (replace(STEADY, nodes={"b": RARE}),), r"not measured: .*odoo-bolt pod=web-0 \(288 of 288 samples\)"
    ),
    "one that is scraped too rarely from noon on": Refused(
        (
            replace(
                STEADY,
                nodes={"b": [*range(-HOUR, DAY // 2, EVERY), *range(DAY // 2 + 17, DAY + HOUR, 5 * MINUTE)]},
            ),
        ),
        r"not measured: .*odoo-bolt pod=web-0 \(14\d of 288 samples\)",
    ),
    "kube-state-metrics of one cluster starts late": Refused(
        (named(STEADY, "east"), replace(named(STEADY, "west"), states=but(range(-1, 6)))),
        r"pods that existed and were not seen: cluster=west .*\(72 of 288 samples\)",
        "cpu-requests",
    ),
    "kube-state-metrics of one cluster pauses": Refused(
        (named(STEADY, "east"), replace(named(STEADY, "west"), states=but(range(9, 15)))),
        r"pods that existed and were not seen: cluster=west .*\(7\d of 288 samples\)",
        "cpu-requests",
    ),
    "kube-state-metrics of one cluster pauses over midnight": Refused(
        (named(STEADY, "east"), replace(named(STEADY, "west"), states=OVER_MIDNIGHT)),
        "pods that existed and were not seen: cluster=west",
        "cpu-requests",
    ),
    "nothing says which pods there are": Refused(
        (replace(STEADY, without=frozenset({"kube_pod_labels"})),),
        "pods that used CPU and have no kube_pod_labels",
    ),
    "nothing says when pods began": Refused(
        (replace(STEADY, without=frozenset({"kube_pod_created"})),), "pods without kube_pod_created"
    ),
    "nothing says which containers run": Refused(
        (replace(STEADY, without=frozenset({"kube_pod_container_status_running"})),),
        "running pods without kube_pod_container_status_running",
    ),
    "nothing says which pods hold their requests": Refused(
        (replace(STEADY, without=frozenset({"kube_pod_status_phase"})),),
        "pods with requests and without kube_pod_labels or kube_pod_status_phase",
        "cpu-requests",
    ),
    "nothing says which pods are of Jobs": Refused(
        (replace(LIVELY, without=frozenset({"kube_pod_owner"})),),
        "pods without kube_pod_owner",
        "job-core-hours",
    ),
    "nothing says when Jobs ended": Refused(
        (replace(LIVELY, without=frozenset({"kube_pod_completion_time"})),),
        "ended pods of Jobs without kube_pod_start_time or kube_pod_completion_time: namespace=odoo-bolt",
        "job-core-hours",
    ),
    "the same of memory requests": Refused(
        (replace(STEADY, without=frozenset({"kube_pod_status_phase"})),),
        "pods with requests and without kube_pod_labels or kube_pod_status_phase",
        "memory-requests",
    ),
    "the same of memory that is used": Refused(
        (replace(STEADY, without=frozenset({"kube_pod_labels"})),),
        "pods that used memory and have no kube_pod_labels",
        "memory-used",
    ),
    "nothing says which pods have a node": Refused(
        (replace(STEADY, honours_labels=False, states_node="c"),),
        "kube-state-metrics with the label exported_node: instance=one:8080 job=kube-state-metrics",
        "cpu-requests",
    ),
    "no tenant's label": Refused(
        (replace(STEADY, pods=tuple(replace(each, tenant="") for each in STEADY.pods[2:])),),
        "no usage of driver cpu-used has a tenant's label; let kube-state-metrics",
    ),
    "a label that is not there": Refused(
        (named(STEADY, "east"),),
        "kube_pod_labels without the label site; choose another --cluster-label",
        label="site",
    ),
}


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("prometheus")
    worlds = [*MEASURED.values(), *(each.clusters for each in REFUSED.values())]
    for number, clusters in enumerate(worlds):
        stored(folder, f"{number}", lines_of(clusters, day_of(number)))
    with running_prometheus(folder) as running:
        yield running


def fetched(
    url: str, number: int, drivers: Sequence[str], told: list[str] | None = None, label: str | None = None
) -> dict[tuple[str, str], Decimal]:
    """Driver and tenant -> quantity."""
    day = ChargePeriod(day_of(number), day_of(number) + timedelta(days=1))
    said: list[str] = [] if told is None else told
    server = Prometheus(Endpoint(url), "", label, tell=said.append)
    return {(row.driver, row.tenant): row.quantity or Decimal() for row in server.fetch(day, drivers)}


@pytest.mark.sample(3)
@pytest.mark.parametrize("world", MEASURED)
def test_what_is_measured_is_the_truth_within_the_bound(url: str, world: str) -> None:
    clusters = MEASURED[world]
    # Two exporters of one cluster tell the same twice.
    true = truth(clusters[:1] if world.startswith("two exporters") else clusters)
    drivers = [each for each in sorted(queries().drivers) if each.startswith(("cpu-", "memory-"))]
    measured = fetched(url, list(MEASURED).index(world), drivers)
    assert measured.keys() == {(driver, tenant) for driver in drivers for tenant in true}
    for (driver, tenant), hours in measured.items():
        # A pod has a GiB for each core.
        off = abs(hours - true[tenant])
        assert off <= bound(clusters, tenant) + Decimal("0.01"), (driver, tenant, measured, true)


@pytest.mark.sample(6)
@pytest.mark.parametrize("world", REFUSED)
def test_what_was_not_seen_once_is_refused_by_name(url: str, world: str) -> None:
    each = REFUSED[world]
    with pytest.raises(UsageError, match=each.why):
        fetched(url, len(MEASURED) + list(REFUSED).index(world), [each.driver], label=each.label)


# Without their checks these worlds would be believed. Tenant, core-hours that would be told, and the truth.
BELIEVED: dict[str, tuple[str, int, int]] = {
    "two clusters that nothing tells apart": ("acme", 48, 96),
    "one pod under two clusters": ("acme", 96, 48),
    "a node that is not scraped for six hours": ("bolt", 9, 12),
    "a node that is scraped every five minutes": ("bolt", 0, 12),
    "kube-state-metrics of one cluster starts late": ("acme", 84, 96),
    "kube-state-metrics of one cluster pauses": ("acme", 84, 96),
}


@pytest.mark.parametrize("world", BELIEVED)
def test_no_exporter_as_a_whole_was_away_and_yet_the_figure_would_be_wrong(
    url: str, world: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    unchecked = Queries.model_validate(
        {
            **queries().model_dump(),
            "drivers": {
                name: {**each.model_dump(), "checks": ()} for name, each in queries().drivers.items()
            },
        }
    )
    for module in ("checks", "prometheus"):
        monkeypatch.setattr(f"allocation.adapters.usage.{module}.queries", lambda: unchecked)
    tenant, wrong, true = BELIEVED[world]
    each = REFUSED[world]
    told = fetched(url, len(MEASURED) + list(REFUSED).index(world), [each.driver])
    measured = told.get((each.driver, tenant), Decimal())
    assert abs(measured - wrong) <= Decimal("0.6")
    assert abs(measured - true) >= 3 - Decimal("0.6")


def test_jobs_that_are_too_short_to_be_measured_are_told_with_their_time(url: str) -> None:
    told: list[str] = []
    number = list(MEASURED).index("restarts, late starts, short jobs")
    measured = fetched(url, number, ["job-core-hours"], told)
    assert abs(measured["job-core-hours", "bolt"] - Decimal(1500) / 3600) <= Decimal(3) / 12
    (sentence,) = told
    assert sentence == (
        f"driver job-core-hours on {day_of(number):%Y-%m-%d}: pods of Jobs that ended before they could be "
        "measured; each used at most its CPU limit for this time: namespace=odoo-bolt pod=hook-1 (30 seconds)"
    )
