"""Old dumps in a cheaper storage class: what lies where, and what of it is paid for."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.portfolios import catalog, local_portfolio
from tiers.facts.archive import LEAST_DAYS, ArchiveClass
from tiers.facts.data import Bucket, LogicalBackup
from tiers.plan.backups.archive import archived
from tiers.plan.expected_usage import dumps_gib
from tiers.plan.plan import Plan, facts_of
from tiers.plan.resolve import resolve
from tiers.portfolio.backups.bucket import BackupBucketSpec

CLASS = catalog().classes.backup_classes["six-hourly-90"]
DAYS = st.integers(1, 400)


def spec(
    storage_class: str = "GLACIER_IR", after_days: int = 35, expire_after_days: int = 500
) -> BackupBucketSpec:
    archive = {"storage_class": storage_class, "after_days": after_days}
    return BackupBucketSpec.model_validate(
        {"noncurrent_days": 7, "expire_after_days": expire_after_days, "archive": archive}
    )


@given(DAYS, DAYS, st.integers(0, 500), st.sampled_from(ArchiveClass))
def test_every_dump_lies_in_one_place_and_is_paid_for_at_least_its_days(
    after: int, kept: int, database: int, storage_class: ArchiveClass
) -> None:
    backup = CLASS.model_copy(update={"retention_days": kept})
    archive = archived(spec(storage_class, after), backup, database)
    if kept <= after:
        assert archive is None
        return
    assert archive is not None
    assert archive.stored_gib + dumps_gib(backup, database, after) == dumps_gib(backup, database, kept)
    assert archive.charged_gib >= archive.stored_gib - 1  # each is rounded up by itself
    assert archive.charged_gib >= dumps_gib(backup, database, LEAST_DAYS[storage_class])


def plan_with(**bucket: Any) -> Plan:
    portfolio = local_portfolio()
    changed = portfolio.platform.model_copy(update={"backup_bucket": spec(**bucket)})
    return resolve(catalog(), portfolio.model_copy(update={"platform": changed}))


def test_the_shared_bucket_has_what_its_tenants_have() -> None:
    plan = plan_with(after_days=20)
    (shared,) = facts_of(plan.platform, Bucket)
    dumps = [
        fact
        for tenant in plan.tenants
        for fact in facts_of(tenant.facts, LogicalBackup)
        if fact.bucket == shared.id
    ]
    archives = [fact.archive for fact in dumps if fact.archive]
    assert archives
    assert shared.archive is not None
    assert shared.archive.charged_gib == sum(each.charged_gib for each in archives)
    assert shared.storage_gib + shared.archive.stored_gib == sum(fact.storage_gib for fact in dumps)


def test_a_copy_in_another_region_is_read_at_once() -> None:
    plan = plan_with(storage_class="DEEP_ARCHIVE", after_days=20)
    own = [fact for tenant in plan.tenants for fact in facts_of(tenant.facts, Bucket)]
    assert own
    for fact in own:
        assert bool(fact.archive) is not fact.name.endswith("-copy")


def test_nothing_is_archived_unless_somebody_says_so() -> None:
    plan = resolve(catalog(), local_portfolio())
    assert all(fact.archive is None for fact in facts_of(plan.platform, Bucket))


@pytest.mark.parametrize(
    ("storage_class", "after_days", "expires", "said"),
    [
        ("GLACIER_IR", 90, 90, "is not before expire_after_days 90: no dump would ever be archived"),
        ("STANDARD_IA", 30, 90, "GLACIER_IR"),
        ("GLACIER", 0, 90, "greater than or equal to 1"),
    ],
)
def test_an_archive_that_cannot_be(storage_class: str, after_days: int, expires: int, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        spec(storage_class, after_days, expires)
