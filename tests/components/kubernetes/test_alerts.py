from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import pytest

from tests.components.conftest import declare_plan
from tests.components.monitor import Declared
from tests.portfolios import WORKING_HOURS, every_offer, plan_of, tenant
from tests.promql import KUBE_STATE_METRICS, selected
from tiers.plan.plan import Plan
from tiers.portfolio.tenant import Move, Tenant
from tiers.tags import KEYS
from tiers.vocabulary import MoveStage

RULE = "kubernetes:monitoring.coreos.com/v1:PrometheusRule"
SHARED, HIGHLY_AVAILABLE = "shared-namespace", "ha-postgresql"
# Neighbours whose names begin alike, or like a part of each other.
AWKWARD = ("acme", "acme-2", "acme-test", "acme-web-2", "acme-backup-1", "a", "web", "restore-test-1")


@cache
def declared(*tenants: Tenant) -> tuple[Declared, ...]:
    return tuple(declare_plan(plan_of(*tenants)))


def rules_of(name: str, everything: Sequence[Declared]) -> dict[str, dict[str, Any]]:
    """The alerts of a tenant, by name."""
    (one,) = [each for each in everything if (each.type, each.name) == (RULE, name)]
    (group,) = one.props["spec"]["groups"]
    rules = {rule["alert"]: rule for rule in group["rules"]}
    assert len(rules) == len(group["rules"])
    return rules


def series(everything: Sequence[Declared]) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Its owner, its origin, and the labels of each series that a cluster would have."""
    for each in everything:
        kind = each.type.rpartition(":")[2]
        if kind not in ("Job", "CronJob", "Deployment"):
            continue
        metadata, owner = each.props["metadata"], each.labels["cost/tenant"]
        name, where = metadata["name"], {"namespace": metadata["namespace"]}
        if kind == "Job":
            yield owner, kind, {**where, "job_name": name, "condition": "true"}
        elif kind == "CronJob":
            yield owner, kind, {**where, "cronjob": name}
            yield owner, kind, {**where, "job_name": f"{name}-29384716", "condition": "true"}
        else:
            yield owner, kind, {**where, "deployment": name}
            pod = {"pod": f"{name}-7d4b9c6f5d-x2x9k", "reason": "OOMKilled"}
            yield owner, kind, {**where, **pod}


def matched(rules: dict[str, dict[str, Any]], labels: dict[str, str]) -> set[str]:
    """The alerts that look at a series with these labels."""
    return {
        alert
        for alert, rule in rules.items()
        for one in selected(rule["expr"])
        if {label for label, _, _ in one.matchers} <= labels.keys() and one.takes(labels)
    }


@cache
def of_every_kind() -> tuple[Plan, tuple[Declared, ...]]:
    """Every offer, asleep where it may be; a tenant that moves and one that ends."""
    moving = tenant("moving", tier=HIGHLY_AVAILABLE, move=Move(from_tier=SHARED, stage=MoveStage.CONTRACT))
    ending = tenant("ending", lifecycle_stage="decommissioning", protected=False)
    plan = plan_of(*every_offer(), moving, ending)
    return plan, tuple(declare_plan(plan))


@pytest.mark.whole("sixteen seconds of tenants of every kind; those of the portfolio are watched above")
def test_whatever_a_tenant_runs_is_watched_under_its_real_name() -> None:
    plan, everything = of_every_kind()
    rules = {each.tenant: rules_of(each.tenant, everything) for each in plan.tenants}
    seen = list(series(everything))
    assert {kind for _, kind, _ in seen} == {"Job", "CronJob", "Deployment"}
    for owner, _, labels in seen:
        assert matched(rules[owner], labels), labels


def test_no_alert_looks_at_a_neighbour() -> None:
    everything = declared(
        *(tenant(name) for name in AWKWARD if name != "acme-test"),
        tenant("acme-test", environment="staging", options={"users": 3, "schedule": WORKING_HOURS}),
    )
    tests = [
        (
            name,
            {
                "namespace": "odoo-production",
                "job_name": f"{name}-restore-test-20261124",
                "condition": "true",
            },
        )
        for name in AWKWARD
    ]
    seen = [*tests, *((owner, labels) for owner, _, labels in series(everything))]
    for name in AWKWARD:
        rules = rules_of(name, everything)
        looked_at = {owner for owner, labels in seen if matched(rules, labels)}
        assert looked_at == {name}


@pytest.mark.whole("`make alerts` asks Prometheus itself")
def test_only_metrics_and_labels_that_kube_state_metrics_has_are_asked() -> None:
    plan, everything = of_every_kind()
    asked = [
        one
        for each in plan.tenants
        for rule in rules_of(each.tenant, everything).values()
        for one in selected(rule["expr"])
    ]
    assert len(asked) > 100
    for one in asked:
        assert {label for label, _, _ in one.matchers} <= KUBE_STATE_METRICS[one.metric], one
    assert {one.metric for one in asked} <= KUBE_STATE_METRICS.keys()


def test_every_alert_says_whose_it_is_how_bad_and_what_to_do() -> None:
    plan, everything = of_every_kind()
    for each in plan.tenants:
        for alert, rule in rules_of(each.tenant, everything).items():
            labels = rule["labels"]
            tags = {key.removeprefix("cost/").replace("-", "_") for key in KEYS.values()}
            assert labels.keys() == tags | {"severity"}
            assert (labels["tenant"], labels["client"]) == (each.tenant, each.client)
            assert labels["severity"] in ("critical", "warning")
            saved = "Backup" in alert or "Restore" in alert
            assert labels["domain"] == ("resilience" if saved else "tenant-runtime")
            assert rule["annotations"].keys() == {"summary", "description"}
            assert rule["annotations"]["description"].endswith(".")


@pytest.mark.parametrize(
    ("tier", "minutes"),
    # A dump a day, and a day lost at most; six hours between two dumps, whatever the server recovers.
    [(SHARED, 24 * 60 + 60), (HIGHLY_AVAILABLE, 6 * 60 + 60)],
)
def test_a_backup_is_late_when_the_promise_or_the_next_run_has_passed(tier: str, minutes: int) -> None:
    rule = rules_of("acme", declared(tenant("acme", tier=tier)))["TenantBackupLate"]
    assert rule["expr"].endswith(f" > {minutes * 60}")


def test_a_restore_test_is_overdue_by_what_its_class_says() -> None:
    for tier, days in ((SHARED, 35), (HIGHLY_AVAILABLE, 14)):
        rules = rules_of("acme", declared(tenant("acme", tier=tier)))
        overdue = rules["TenantRestoreTestOverdue"]["expr"]
        assert f"[{days}d:1h]" in overdue
        assert overdue.endswith(f" > {days * 86400}")
        # The scheduled one remembers its last success when its Jobs are gone.
        assert 'kube_cronjob_status_last_successful_time{namespace="odoo-' in overdue
        assert ',cronjob="acme-restore-test"}' in overdue
        assert {"TenantRestoreTestFailed"} == {name for name in rules if "Test" in name and "Failed" in name}


def test_who_has_no_backups_is_not_asked_for_any() -> None:
    ends = {"expires_at": "2027-01-31T00:00:00Z", "cutover": "2027-01-15"}
    rules = rules_of("acme", declared(tenant("acme", environment="migration", **ends)))
    assert [alert for alert in rules if "Backup" in alert or "Restore" in alert] == []
    assert "OdooDown" in rules


def test_alerts_name_the_jobs_of_a_move_and_of_an_end() -> None:
    plan, everything = of_every_kind()
    assert {each.tenant for each in plan.tenants} >= {"moving", "ending"}
    moving = rules_of("moving", everything)["TenantJobFailed"]["expr"]
    assert "drop-left-database|final-backup" in moving
    ending = rules_of("ending", everything)["TenantJobFailed"]["expr"]
    assert "final-backup" in ending


def test_a_sleeping_tenant_is_distinguished_from_one_that_is_down() -> None:
    asleep = tenant("acme", environment="staging", options={"users": 3, "schedule": WORKING_HOURS})
    rules = rules_of("acme", declared(asleep))
    assert {"TenantSleepFailed", "TenantWakeFailed"} <= rules.keys()
    assert "kube_deployment_spec_replicas" in rules["OdooDown"]["expr"]


def test_a_tier_change_replaces_nothing_but_words() -> None:
    """The rule stays in its place as long as its tenant does."""
    where = [
        each.urn
        for tier in ("dedicated-db", HIGHLY_AVAILABLE)
        for each in declared(tenant("acme", tier=tier))
        if each.type == RULE
    ]
    assert len(where) == 2
    assert len(set(where)) == 1
