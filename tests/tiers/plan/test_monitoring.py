from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from tests.portfolios import local_portfolio, measured, plan_of, tenant
from tiers.facts.every_fact import Alerts, Dashboards, LogShipper, Namespace
from tiers.plan.plan import Plan, facts_of
from tiers.portfolio.cluster import MonitoringSpec
from tiers.portfolio.platform import Platform
from tiers.portfolio.tenant import Tenant

IMAGE = f"registry.example.com/fluent-bit@sha256:{'6' * 64}"


def plan_with(*tenants: Tenant, **spec: Any) -> Plan:
    monitoring = MonitoringSpec.model_validate({"namespace": "monitoring", **spec}) if spec else None
    platform = local_portfolio().platform.model_copy(update={"monitoring": monitoring})
    return plan_of(*tenants, platform=platform)


def alerts_of(tier: str, environment: str = "production", **spec: Any) -> Alerts:
    ends = {"expires_at": "2027-01-31T00:00:00Z", "cutover": "2027-01-15"}
    changes = ends if environment == "migration" else {}
    acme = tenant("acme", tier=tier, environment=environment, **changes)
    ((fact,),) = (
        facts_of(each.facts, Alerts) for each in plan_with(acme, prometheus_operator=True, **spec).tenants
    )
    return fact


def test_who_asks_for_nothing_has_no_fact_of_it() -> None:
    plan = plan_with(tenant("acme"))
    assert [fact for fact in plan.all_facts() if isinstance(fact, Alerts | Dashboards)] == []


def test_dashboards_are_the_platforms_and_alerts_a_tenants() -> None:
    plan = plan_with(tenant("acme"), tenant("borealis"), dashboards=True, prometheus_operator=True)
    assert [fact.namespace for fact in facts_of(plan.platform, Dashboards)] == ["monitoring"]
    assert [facts_of(each.facts, Alerts)[0].id for each in plan.tenants] == ["acme/alerts", "borealis/alerts"]


@pytest.mark.parametrize(
    ("tier", "environment", "minutes"),
    [
        ("shared-namespace", "production", 1500),
        ("shared-namespace", "staging", 1500),
        ("shared-namespace", "migration", None),  # is not dumped at all
        ("ha-postgresql", "production", 420),
        ("cross-region-backup", "production", 420),
    ],
)
def test_a_backup_may_be_as_old_as_was_promised_or_as_the_next_run_is_far(
    tier: str, environment: str, minutes: int | None
) -> None:
    assert alerts_of(tier, environment).backup_age_minutes == minutes


@pytest.mark.parametrize(
    ("tier", "environment", "days"),
    [
        ("shared-namespace", "production", 35),
        ("shared-namespace", "staging", 35),
        ("shared-namespace", "migration", None),  # is not dumped at all
        ("ha-postgresql", "production", 14),
        ("cross-region-backup", "production", 10),
    ],
)
def test_a_restore_test_may_be_as_old_as_its_class_says(
    tier: str, environment: str, days: int | None
) -> None:
    assert alerts_of(tier, environment).restore_test_age_days == days
    assert alerts_of(tier, environment, restore_test_days=30).restore_test_age_days == days


def test_a_platform_may_ask_for_more_of_promises_beyond_standard() -> None:
    assert alerts_of("ha-postgresql", restore_test_days=3).restore_test_age_days == 3
    assert alerts_of("shared-namespace", restore_test_days=3).restore_test_age_days == 35


def test_alerts_live_where_their_tenant_does() -> None:
    assert alerts_of("shared-namespace").namespace == "odoo-production"
    assert alerts_of("dedicated-db").namespace == "odoo-acme"


def test_a_portfolio_says_by_which_labels_its_rules_are_found() -> None:
    labels = {"release": "kube-prometheus-stack", "app.kubernetes.io/part-of": "monitoring"}
    assert alerts_of("shared-namespace", rule_labels=labels).rule_labels == labels


@pytest.mark.parametrize(
    ("spec", "fault"),
    [
        ({"rule_labels": {"cost/tenant": "acme"}}, "is a cost tag, which every rule has already"),
        ({"rule_labels": {"": "x"}}, "should match pattern"),
        ({"rule_labels": {"release": ""}}, "should be 1 to 50 letters"),
        ({"namespace": "Monitoring"}, "should match pattern"),
        ({"restore_test_days": 0}, "greater than 0"),
        ({"grafana": True}, "Extra inputs"),
    ],
)
def test_what_no_cluster_would_take_is_refused(spec: dict[str, Any], fault: str) -> None:
    with pytest.raises(ValidationError, match=fault):
        MonitoringSpec.model_validate({"namespace": "monitoring", **spec})


@pytest.mark.parametrize(
    ("shipper", "said"),
    [
        ({}, "parts.log_shipper.image"),
        ({"image": "fluent/fluent-bit:4.0"}, "parts.log_shipper.image"),
        ({"image": IMAGE, "cpu_request_millicores": 0}, "parts.log_shipper.cpu_request_millicores"),
        ({"image": IMAGE, "memory_request_mib": 512}, "memory"),
        ({"image": IMAGE, "retention_days": 3}, "parts.log_shipper.retention_days"),
    ],
)
def test_a_log_shipper_that_cannot_run_is_refused(shipper: dict[str, Any], said: str) -> None:
    document = local_portfolio().platform.model_dump(mode="json")
    document["parts"] = {"scraped_from": "monitoring", "log_shipper": shipper}
    with pytest.raises(ValidationError) as refused:
        Platform.model_validate(document)
    assert said in str(refused.value)


def test_a_log_shipper_has_the_only_privileged_namespace_and_nobody_has_one_without() -> None:
    without = plan_of(tenant())
    made = plan_of(tenant(), platform=measured())
    levels = {each.namespace: each.pod_security for each in made.all_facts() if isinstance(each, Namespace)}
    assert [each for each, level in levels.items() if level != "restricted"] == ["odoo-platform-logs"]
    assert not facts_of(without.platform, LogShipper)
    assert {each.pod_security for each in without.all_facts() if isinstance(each, Namespace)} == {
        "restricted"
    }
