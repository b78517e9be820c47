from __future__ import annotations

import pytest

from tests.portfolios import every_offer, plan_of, tenant
from tiers.facts.data import Bucket, FileShare, FileSystem, Key, LogicalBackup
from tiers.facts.every_fact import (
    DatabaseBackupCopy,
    FactRecord,
    FileSystemReplica,
    Labour,
    Rehearsal,
    RestoreTest,
    VaultCopy,
)
from tiers.facts.names import BACKUP_BUCKET, FILE_SYSTEM
from tiers.plan.plan import TenantPlan, fact_named, facts_of
from tiers.vocabulary import CostDomain


def planned(tier: str, environment: str = "production") -> TenantPlan:
    return plan_of(tenant("acme", tier=tier, environment=environment)).tenants[0]


def test_what_is_copied_lies_in_the_second_region_and_is_the_tenants_own_resilience_cost() -> None:
    plan = planned("cross-region-backup")
    there: list[FactRecord] = [fact for fact in plan.facts if fact.region == "eu-west-1"]
    assert {type(fact) for fact in there} == {
        Key,
        Bucket,
        DatabaseBackupCopy,
        FileSystemReplica,
        VaultCopy,
        Rehearsal,
        RestoreTest,
    }
    assert {(fact.tenant, fact.domain) for fact in there} == {("acme", CostDomain.RESILIENCE)}


def test_a_copy_keeps_what_its_offer_says() -> None:
    plan = planned("cross-region-backup")
    assert fact_named(plan.facts, DatabaseBackupCopy, "server-copy").retention_days == 14
    here = fact_named(plan.facts, Bucket, "backup-bucket")
    copy = fact_named(plan.facts, Bucket, "backup-bucket-copy")
    # 50 GiB dumped to a quarter, four times a day, for 90 and for 35 days, and 100 GiB of files.
    assert (here.storage_gib, here.expire_after_days) == (120 * 90 * 50 * 25 // 3000 + 100, 90)
    assert (copy.storage_gib, copy.expire_after_days) == (120 * 35 * 50 * 25 // 3000 + 100, 35)
    assert fact_named(plan.facts, Labour, "restore-test-labour").hours_per_month == 2


def test_dumps_go_to_a_bucket_of_its_own_and_files_to_a_file_system_of_its_own() -> None:
    plan = planned("cross-region-backup")
    assert facts_of(plan.facts, LogicalBackup)[0].bucket == "acme/backup-bucket"
    shares = {share.file_system: share.mounted for share in facts_of(plan.facts, FileShare)}
    assert shares == {FILE_SYSTEM: False, facts_of(plan.facts, FileSystem)[0].id: True}


@pytest.mark.parametrize("environment", ["staging", "migration"])
def test_a_copy_of_production_for_work_is_not_copied_again(environment: str) -> None:
    ends = {"expires_at": "2027-01-31T00:00:00Z", "cutover": "2027-01-15"}
    more = ends if environment == "migration" else {}
    each = tenant("acme", tier="cross-region-backup", environment=environment, **more)
    plan = plan_of(each).tenants[0]
    assert {fact.region for fact in plan.facts} == {"us-east-1"}


def test_what_lies_apart_is_not_in_the_shared_quantities() -> None:
    plan = plan_of(tenant("small"), tenant("acme", tier="cross-region-backup"))
    shared = fact_named(plan.platform, Bucket, "backup-bucket")
    assert shared.id == BACKUP_BUCKET
    assert shared == fact_named(plan_of(tenant("small")).platform, Bucket, "backup-bucket")
    alone = fact_named(plan_of(tenant("small")).platform, FileSystem, "file-system")
    assert fact_named(plan.platform, FileSystem, "file-system") == alone


def test_a_tenant_mounts_exactly_one_directory() -> None:
    for each in plan_of(*every_offer()).tenants:
        assert sum(share.mounted for share in facts_of(each.facts, FileShare)) == 1, each.tenant
