from __future__ import annotations

import pytest

from tests.portfolios import plan_of, tenant
from tiers.facts.compute import Job, ScheduledJob, Workload
from tiers.facts.data import Bucket, DatabaseInstance, FileSystemBackup, LogicalBackup
from tiers.facts.names import (
    BACKUP_BUCKET,
    CLOSING_JOBS,
    DROP_DATABASE,
    EMPTY_FILESTORE,
    FINAL_BACKUP,
    FINAL_DUMP,
)
from tiers.plan.plan import TenantPlan, facts_of
from tiers.portfolio.tenant import Tenant


def ending(tier: str, **changes: object) -> TenantPlan:
    return plan_of(tenant("acme", tier=tier, lifecycle_stage="decommissioning", **changes)).tenants[0]


def closing(plan: TenantPlan) -> list[str]:
    return [fact.name for fact in facts_of(plan.facts, Job) if fact.name in CLOSING_JOBS]


@pytest.mark.parametrize("tier", ["shared-namespace", "dedicated-db", "ha-postgresql", "cross-region-backup"])
def test_who_lives_has_no_jobs_for_an_end_and_runs(tier: str) -> None:
    plan = plan_of(tenant("acme", tier=tier)).tenants[0]
    assert closing(plan) == []
    assert all(fact.replicas for fact in facts_of(plan.facts, Workload))
    assert not any(fact.outlives_tenant for fact in facts_of(plan.facts, Bucket))


def test_who_ends_stands_still_and_is_saved_once_more_while_it_is_protected() -> None:
    plan = ending("ha-postgresql")
    assert closing(plan) == [FINAL_BACKUP]
    assert [(fact.replicas, fact.max_replicas) for fact in facts_of(plan.facts, Workload)] == [(0, 0), (0, 0)]


@pytest.mark.parametrize(
    ("tier", "jobs"),
    [
        ("shared-namespace", [FINAL_BACKUP, DROP_DATABASE, EMPTY_FILESTORE]),
        ("dedicated-db", [FINAL_BACKUP, EMPTY_FILESTORE]),
        ("cross-region-backup", [FINAL_BACKUP]),
    ],
)
def test_only_its_part_of_what_is_shared_is_taken_away_by_jobs(tier: str, jobs: list[str]) -> None:
    """An own server is never emptied: it goes as a whole, and leaves a snapshot of what it held."""
    assert closing(ending(tier, protected=False)) == jobs


def test_a_sandbox_has_nothing_to_save() -> None:
    ends = {"expires_at": "2027-01-31T00:00:00Z", "cutover": "2027-01-15"}
    plan = ending("shared-namespace", environment="migration", protected=False, **ends)
    assert closing(plan) == [DROP_DATABASE, EMPTY_FILESTORE]


def test_what_keeps_its_last_states_is_made_to_stay() -> None:
    plan = ending("cross-region-backup")
    assert all(fact.outlives_tenant for fact in facts_of(plan.facts, Bucket))
    assert all(fact.outlives_tenant for fact in facts_of(plan.facts, FileSystemBackup))


def test_protection_is_taken_away_by_a_word_of_its_own() -> None:
    from tests.portfolios import local_portfolio  # noqa: PLC0415

    guarded = local_portfolio().platform.model_copy(update={"deletion_protection": True})

    def protected(**changes: object) -> bool:
        one = tenant("acme", tier="ha-postgresql", **changes)
        return facts_of(plan_of(one, platform=guarded).tenants[0].facts, DatabaseInstance)[
            0
        ].deletion_protection

    assert protected()
    assert protected(lifecycle_stage="decommissioning")
    assert not protected(lifecycle_stage="decommissioning", protected=False)
    with pytest.raises(ValueError, match="protected: false is only for lifecycle_stage decommissioning"):
        Tenant.model_validate(tenant("acme").model_dump() | {"protected": False})


def test_a_dump_that_was_asked_for_has_a_place_where_the_offer_has_none() -> None:
    ends = {"expires_at": "2027-01-31T00:00:00Z", "cutover": "2027-01-15"}
    plan = ending("shared-namespace", environment="migration", final_dump=True, **ends)
    assert closing(plan) == [FINAL_BACKUP]
    (dump,) = facts_of(plan.facts, LogicalBackup)
    assert (dump.name, dump.bucket, dump.prefix) == (FINAL_DUMP, BACKUP_BUCKET, "acme")
    assert not [each for each in facts_of(plan.facts, ScheduledJob) if each.name == "backup"]
    bought = ending("ha-postgresql", final_dump=True)
    assert [each.name for each in facts_of(bought.facts, LogicalBackup)] == ["backups"]
    with pytest.raises(ValueError, match="final_dump: true is only for lifecycle_stage decommissioning"):
        Tenant.model_validate(tenant("acme").model_dump() | {"final_dump": True})
