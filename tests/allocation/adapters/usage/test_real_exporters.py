"""A real Prometheus over made-up databases, volumes and requests of one and of two clusters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from allocation.adapters.usage.endpoint import Endpoint
from allocation.adapters.usage.prometheus import Prometheus
from allocation.adapters.usage.queries import queries
from allocation.adapters.usage.rows import UsageError
from allocation.charges import ChargePeriod
from tests.allocation.adapters.usage.clusters import HOUR, day_of, lines_of
from tests.allocation.adapters.usage.exporters import LATE, PAUSED, RARELY, Exporter
from tests.allocation.adapters.usage.test_real_prometheus import REFUSED as CLUSTERS
from tests.prometheus import running_prometheus, stored

pytestmark = pytest.mark.prometheus

DATABASES, CLAIMS, INGRESS, SERVICES = (Exporter(of) for of in ("databases", "claims", "ingress", "services"))
TENANTS, PODS = (Exporter(of) for of in ("tenants", "pods"))
CREATED = frozenset({"kube_persistentvolumeclaim_created"})
RENAMED = {"service": "traefik", "exported_service": "odoo-acme-web-http@kubernetes"}


def two(exporter: Exporter, label: str = "cluster") -> tuple[Exporter, ...]:
    """The same of two clusters, which a label tells apart, or nothing when it is empty."""
    return tuple(
        replace(exporter, cluster=name, labels={**exporter.labels, **({label: name} if label else {})})
        for name in ("east", "west")
    )


# Worlds: exporters, a driver, the truth, and how far from it is near enough: a counter misses its first step.
MEASURED: dict[str, tuple[tuple[Exporter, ...], str, int, int]] = {
    "one database": ((DATABASES,), "database-gib", 240, 0),
    "databases of one name in two clusters": (two(DATABASES), "database-gib", 480, 0),
    "their active time": (two(DATABASES), "database-active-seconds", 86400, 300),
    "users of a tenant": ((PODS, TENANTS), "users", 120, 0),
    "modules of a tenant": ((PODS, TENANTS), "modules", 1920, 0),
    "claims of one name in two clusters": (two(CLAIMS), "storage-gib", 960, 0),
    "claims without honor_labels": (
        (replace(CLAIMS, labels={"namespace": "monitoring", "exported_namespace": "odoo-acme"}),),
        "storage-gib",
        480,
        0,
    ),
    "a claim of six in the morning": (
        (
            CLAIMS,
            replace(CLAIMS, labels={"persistentvolumeclaim": "more"}, scraped=LATE, created=6 * HOUR - 90),
        ),
        "storage-gib",
        840,
        0,
    ),
    "a database that was dropped and restored": (
        (
            DATABASES,
            replace(DATABASES, labels={"datname": "odoo_bolt"}, scraped=PAUSED),
        ),
        "database-gib",
        240,
        0,
    ),
    "requests of two clusters": ((*two(INGRESS), *two(SERVICES)), "ingress-requests", 345600, 1200),
    "requests without honor_labels": (
        (replace(INGRESS, labels=RENAMED), SERVICES),
        "ingress-requests",
        172800,
        600,
    ),
}
REFUSED: dict[str, tuple[tuple[Exporter, ...], str, str]] = {
    "databases of one name that nothing tells apart": (
        tuple(replace(each, labels={"server": ""}) for each in two(DATABASES, "")),
        "database-gib",
        r"databases of one name from several exporters that do not name their server: datname=odoo_acme",
    ),
    "the same of their active time": (
        tuple(replace(each, labels={"server": ""}) for each in two(DATABASES, "")),
        "database-active-seconds",
        "several exporters that do not name their server: datname=odoo_acme",
    ),
    "one of two servers pauses": (
        (two(DATABASES)[0], replace(two(DATABASES)[1], scraped=PAUSED)),
        "database-gib",
        r"database servers that were there before and after, and in between were not seen: cluster=west",
    ),
    "one of two servers is scraped too rarely": (
        (two(DATABASES)[0], replace(two(DATABASES)[1], scraped=RARELY)),
        "database-active-seconds",
        "database servers whose active time was not measured: cluster=west server=db:5432",
    ),
    "claims that nothing tells apart": (
        two(CLAIMS, ""),
        "storage-gib",
        "two claims of one name at the same time: namespace=odoo-acme persistentvolumeclaim=files",
    ),
    "claims without labels": (
        (
            CLAIMS,
            replace(
                CLAIMS,
                labels={"namespace": "odoo-bolt"},
                without=frozenset({"kube_persistentvolumeclaim_labels"}),
            ),
        ),
        "storage-gib",
        "claims without kube_persistentvolumeclaim_labels or kube_persistentvolumeclaim_info: namespace",
    ),
    "kube-state-metrics of one cluster pauses": (
        (two(CLAIMS)[0], replace(two(CLAIMS)[1], scraped=PAUSED)),
        "storage-gib",
        "claims that existed and were not seen: cluster=west",
    ),
    "kube-state-metrics of one cluster starts late": (
        (two(CLAIMS)[0], replace(two(CLAIMS)[1], scraped=LATE)),
        "storage-gib",
        r"claims that existed and were not seen: cluster=west .*\(72 of 288 samples\)",
    ),
    "it pauses, and no claim tells when it was created": (
        (two(CLAIMS)[0], replace(two(CLAIMS)[1], scraped=PAUSED, without=CREATED)),
        "storage-gib",
        r"claims that existed and were not seen: cluster=west .*\(7\d of 288 samples\)",
    ),
    "Services that nothing tells apart": (
        (INGRESS, *two(SERVICES, "")),
        "ingress-requests",
        "two Services of one name at the same time: namespace=odoo-acme service=web",
    ),
    "requests to a Service that nobody knows": (
        (INGRESS, replace(SERVICES, labels={"service": "other"})),
        "ingress-requests",
        "Services with requests and without kube_service_labels: backend=odoo-acme-web",
    ),
    "one of two Traefiks pauses": (
        (INGRESS, replace(INGRESS, cluster="two", scraped=PAUSED), SERVICES),
        "ingress-requests",
        "instances of Traefik whose requests were not measured: instance=two:1",
    ),
    "one of two Traefiks is scraped too rarely": (
        (INGRESS, replace(INGRESS, cluster="two", scraped=RARELY), SERVICES),
        "ingress-requests",
        "instances of Traefik whose requests were not measured: instance=two:1",
    ),
}
REFUSED |= {
    "a tenant that two usage exporters measure": (
        two(TENANTS, ""),
        "users",
        "tenants of one name that two exporters measured at the same time: tenant=acme",
    ),
    "a tenant whose usage exporter never answers": (
        (PODS, replace(TENANTS, labels={"tenant": "bolt"})),
        "users",
        "tenants whose pods ran and that were not measured: tenant=acme",
    ),
    "one of two usage exporters pauses": (
        (replace(TENANTS, labels={"tenant": "bolt"}), replace(TENANTS, scraped=PAUSED)),
        "users",
        "tenants that were measured before and after, and in between were not: tenant=acme",
    ),
}
LATER: dict[str, tuple[tuple[Exporter, ...], str, str]] = {
    "a tenant": (
        (TENANTS, replace(TENANTS, labels={"tenant": "bolt"}, scraped=LATE)),
        "users",
        "tenants that were measured in a part of the day only; the rest is not counted: tenant=bolt",
    ),
    "a database": (
        (DATABASES, replace(DATABASES, labels={"server": "new:5432"}, scraped=LATE)),
        "database-gib",
        "database servers that were seen in a part of the day only; the rest is not counted: server=new:5432",
    ),
    "a claim": (
        (CLAIMS, replace(CLAIMS, labels={"persistentvolumeclaim": "more"}, scraped=LATE, without=CREATED)),
        "storage-gib",
        "claims without a time of creation that were seen in a part of the day only; the rest is not counted",
    ),
    "a Traefik": (
        (INGRESS, replace(INGRESS, cluster="two", scraped=LATE), SERVICES),
        "ingress-requests",
        "instances of Traefik that were seen in a part of the day only; the rest is not counted: instance=",
    ),
}


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("prometheus")
    worlds = [each[0] for group in (MEASURED, REFUSED, LATER) for each in group.values()]
    for number, exporters in enumerate(worlds):
        stored(folder, f"{number}", lines_of(exporters, day_of(number)))
    with running_prometheus(folder) as running:
        yield running


def fetched(url: str, world: str, driver: str, told: list[str] | None = None) -> dict[str, Decimal]:
    day = day_of([*MEASURED, *REFUSED, *LATER].index(world))
    said: list[str] = [] if told is None else told
    rows = Prometheus(Endpoint(url), tell=said.append).fetch(
        ChargePeriod(day, day + timedelta(days=1)), [driver]
    )
    return {row.tenant: row.quantity or Decimal() for row in rows}


@pytest.mark.sample(3)
@pytest.mark.parametrize("world", MEASURED)
def test_what_is_measured_is_the_truth(url: str, world: str) -> None:
    _, driver, true, near = MEASURED[world]
    told: list[str] = []
    measured = fetched(url, world, driver, told)
    assert told == []
    assert measured.keys() - {"bolt"} == {"acme"}
    assert abs(measured["acme"] - true) <= near, measured


@pytest.mark.parametrize("world", REFUSED)
def test_what_was_not_seen_once_is_refused_by_name(url: str, world: str) -> None:
    _, driver, why = REFUSED[world]
    with pytest.raises(UsageError, match=why):
        fetched(url, world, driver)


def test_every_check_that_refuses_has_a_world() -> None:
    reasons = [each.why for each in CLUSTERS.values()] + [why for *_, why in REFUSED.values()]
    for name, check in queries().checks.items():
        assert check.says or any(check.finds in each for each in reasons), name


@pytest.mark.parametrize("world", LATER)
def test_what_was_seen_from_a_later_hour_on_is_told(url: str, world: str) -> None:
    _, driver, what = LATER[world]
    told: list[str] = []
    fetched(url, world, driver, told)
    (sentence,) = told
    assert what in sentence
    # A rate begins a sample later.
    assert sentence.endswith(("(72 of 288 samples)", "(73 of 288 samples)"))
