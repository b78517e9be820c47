from __future__ import annotations

from tests.portfolios import local_plan, plan_of, tenant
from tiers.facts.compute import Namespace
from tiers.facts.data import Bucket, DatabaseInstance, FileSystem, FileSystemBackup, Key
from tiers.facts.every_fact import LogGroup
from tiers.facts.record import Origin
from tiers.plan.plan import fact_named, facts_of
from tiers.vocabulary import CostDomain


def test_what_is_bought_by_use_is_as_large_as_the_tenants_need() -> None:
    plan = plan_of(
        tenant("acme", options={"users": 1, "filestore_gib": 30}),
        tenant("borealis", options={"users": 1, "filestore_gib": 12}),
    )
    assert fact_named(plan.platform, FileSystem, "file-system").storage_gib == 42
    assert fact_named(plan.platform, FileSystemBackup, "file-system-backup").storage_gib == 42
    assert fact_named(plan.platform, Bucket, "backup-bucket").storage_gib == 38 + 30 + 38 + 12


def test_there_is_a_namespace_for_each_environment_in_use() -> None:
    plan = plan_of(tenant("acme"), tenant("other", environment="staging"))
    names = [fact.namespace for fact in facts_of(plan.platform, Namespace)]
    assert names == ["odoo-production", "odoo-staging", "odoo-operations"]


def test_everything_of_the_platform_is_shared() -> None:
    for fact in local_plan().platform:
        assert fact.tenant is None
        assert fact.domain is CostDomain.SHARED_PLATFORM


def test_the_cluster_is_adopted_and_the_data_services_are_created() -> None:
    adopted = {fact.kind for fact in local_plan().platform if fact.origin is Origin.ADOPTED}
    assert adopted == {
        "cluster-control-plane",
        "load-balancer",
        "log-group",
        "metrics",
        "nat-gateway",
        "node-group",
        "workload",
    }
    assert fact_named(local_plan().platform, LogGroup, "logs").origin is Origin.ADOPTED


def test_a_key_outlives_a_hasty_deletion_by_as_long_as_aws_allows() -> None:
    assert fact_named(local_plan().platform, Key, "key").deletion_window_days == 30


def test_protection_is_the_portfolios_choice() -> None:
    assert fact_named(local_plan().platform, DatabaseInstance, "database").deletion_protection is False
