"""The real world of a decommissioning: the tenant's file, Pulumi, AWS and the clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3

from allocation.adapters.pulumi.stack_outputs import inventory_of_stack
from allocation.charges import ChargePeriod
from allocation.errors import AllocationError
from allocation.estimate.folders import folders_of_plan
from allocation.preview.cost_estimate import Conditions
from lifecycle.adapters import tenant_file
from lifecycle.adapters.aws_account import Account
from lifecycle.adapters.pulumi_cli import Stack
from lifecycle.decommission.derivation import derived_plan
from lifecycle.decommission.final_backup import FinalBackup, FinalBackups, bucket_name, kept_days
from lifecycle.decommission.plan import DecommissionPlan
from lifecycle.decommission.retained import RemainingResource
from lifecycle.decommission.savings import Savings, savings
from lifecycle.refreshes.result import FOLDER, RefreshResult, refresh_results
from lifecycle.rehearsal.result import RehearsalResult, rehearsal_result
from lifecycle.restore_test.result import RestoreResult
from lifecycle.stack_resources import (
    NoSuchTenantError,
    Preview,
    created_at,
    is_released,
    mark_of,
    targets_of,
)
from tiers.catalog.loading import load_catalog
from tiers.errors import CatalogError
from tiers.facts.every_fact import Rehearsal
from tiers.facts.names import BACKUP_BUCKET
from tiers.inventory import Inventory
from tiers.plan.plan import TenantPlan, facts_of
from tiers.plan.resolve import plan_of_folder, resolve
from tiers.portfolio.folders import NoFileError, file_of
from tiers.portfolio.gates.reaper import ReaperSpec
from tiers.portfolio.loading import load_catalog_and_portfolio
from tiers.portfolio.platform import Platform
from tiers.strict_yaml import load_model
from tiers.vocabulary import TenantId


@dataclass
class CloudWorld:
    """The world in which a plan is carried out.

    Attributes:
        portfolio: The folder with the tenant's file.
        tried: The beginnings of the restore tests that count, of an evidence file; None when all count.
        backups: Where its backups are, found while it is still deployed; None when it has none.
    """

    plan: DecommissionPlan
    stack: Stack
    portfolio: Path
    clock: Callable[[], datetime]
    tried: frozenset[str] | None = None
    backups: FinalBackups | None = None

    @cached_property
    def _account(self) -> Account:
        return Account(self.plan.region)

    def now(self) -> datetime:
        """The time, in UTC."""
        return self.clock()

    def account(self) -> str:
        """The AWS account of the credentials in use."""
        return self._account.id

    def deployed(self) -> TenantPlan | None:
        """The tenant as the stack's inventory has it; None when it is removed."""
        return self._inventory().plan.tenant(self.plan.tenant)

    def wanted(self) -> TenantPlan | None:
        """The tenant as its file asks for it; None when it has no file."""
        return plan_of_folder(self.portfolio).tenant(self.plan.tenant)

    def derived(self) -> DecommissionPlan | None:
        """The plan that stack and catalog give now; None when the tenant is removed."""
        inventory = self._inventory()
        tenant = inventory.plan.tenant(self.plan.tenant)
        if tenant is None:
            return None
        return derived_plan(
            inventory.plan,
            tenant,
            self.stack.state(),
            load_catalog(folders_of_plan(inventory.plan, self.portfolio).catalog).classes,
            self.stack.name,
            self._account.id,
            self.plan.made_at,
            self.plan.early_because,
            request_dump=self.plan.requested_dump,
        )

    def reaper(self) -> ReaperSpec | None:
        """What platform.yaml says now of plans that are carried out without a phrase; None when nothing."""
        return reaper_of(self.portfolio)

    def savings(self) -> Mapping[str, Any]:
        """What its end saves, by the files of the portfolio with it and without it."""
        return savings_of_folder(self.portfolio, self.plan.tenant, self.clock())

    def released(self) -> bool:
        """Whether the stack has deployed that the tenant may be removed."""
        return is_released(self.stack.state(), self.plan.tenant)

    def created_at(self) -> datetime | None:
        """When the stack created the tenant, in UTC; None when it is not there, or nobody knows."""
        return created_at(self.stack.state(), self.plan.tenant)

    def restore_tested_at(self) -> datetime | None:
        """When a restore of its backups last succeeded, as its bucket says; None when it never did."""
        return self.backups.restored_at(self.plan.tenant, self.tried) if self.backups else None

    def _inventory(self) -> Inventory:
        inventory = inventory_of_stack(self.stack.name, self.stack.project)
        self.backups = self.backups or backups_of(inventory, self.plan)
        return inventory

    def urns(self) -> frozenset[str]:
        """The tenant's resources in the state."""
        try:
            found = targets_of(self.stack.state(), self.plan.tenant, f"stack '{self.stack.name}'")
        except NoSuchTenantError:
            return frozenset()
        return frozenset(target.urn for target in found)

    def write(self, name: str, value: str) -> bool:
        """Set a field in the tenant's file; whether that changed the file."""
        return tenant_file.set_field(file_of(self.portfolio, self.plan.tenant), name, value)

    def remove_file(self) -> bool:
        """Remove the tenant's file from the portfolio; whether it existed.

        Raises:
            CatalogError: When a file that may be the tenant's cannot be read.
        """
        try:
            path = file_of(self.portfolio, self.plan.tenant)
        except NoFileError:
            return False
        return tenant_file.remove(path)

    def preview(self) -> Preview:
        """What an update would delete, replace, create and change."""
        return self.stack.preview()

    def up(self) -> None:
        """Deploy the working tree."""
        self.stack.up()

    def last_backup(self) -> FinalBackup | None:
        """The backup made after the tenant was stopped; None while there is none."""
        if self.backups is None:
            return None
        mark = mark_of(self.stack.state(), self.plan.tenant)
        return self.backups.last(mark) if mark else None

    def reread(self, backup: FinalBackup) -> None:
        """Read a backup once more, and compare it with its manifest."""
        if self.backups is not None:
            self.backups.reread(backup)

    def shared_bucket(self) -> tuple[str, int]:
        """The platform's bucket of backups and uploads, and for how many days it keeps a dump."""
        inventory = self._inventory()
        return bucket_name(inventory, BACKUP_BUCKET), kept_days(inventory.plan, BACKUP_BUCKET)

    def stored(self, bucket: str, prefix: str) -> Mapping[str, int]:
        """The bytes that a tenant's prefix of a bucket holds, by kind."""
        return FinalBackups(_s3(self.plan.region), bucket, prefix).sizes()

    def export(self, backup: FinalBackup, name: str) -> Sequence[str]:
        """Deliver a backup to where the client can fetch it; the keys."""
        return self.backups.export(backup, name) if self.backups else ()

    def exported(self, keys: Sequence[str]) -> bool:
        """Whether an export is where the client may fetch it."""
        return self.backups is None or self.backups.has(keys)

    def mark_copies(self) -> Sequence[str]:
        """Write the tenant's tags on the file systems that replication fills now; their ids."""
        targets = targets_of(self.stack.state(), self.plan.tenant, f"stack '{self.stack.name}'")
        return self._account.mark_copies(self.plan, {copy for each in targets for copy in each.also})

    def delete_copies(self) -> Sequence[str]:
        """Delete the file system copies that replication left; their ids."""
        return self._account.delete_copies(self.plan)

    def remaining(self) -> tuple[RemainingResource, ...]:
        """The resources of the tenant that remain in the account."""
        return self._account.remaining(self.plan)


def backups_of(inventory: Inventory, plan: DecommissionPlan) -> FinalBackups | None:
    """The backups of the plan's tenant; None when it has none."""
    return FinalBackups.of(inventory, plan.tenant, _s3(plan.region))


def restore_tests_of(inventory: Inventory, tenant: TenantId) -> Iterator[RestoreResult]:
    """The newest results of restore tests in *tenant*'s bucket, the newest first; none without backups.

    Raises:
        LifecycleError: When the bucket cannot be read, or holds no result where one should be.
    """
    backups = FinalBackups.of(inventory, tenant, _s3(inventory.plan.region))
    return backups.restore_tests(tenant) if backups else iter(())


def backups_kept_of(inventory: Inventory, tenant: TenantId) -> Mapping[str, Any] | None:
    """How many of *tenant*'s backups its bucket has, and since when, as `FinalBackups.kept` says it."""
    backups = FinalBackups.of(inventory, tenant, _s3(inventory.plan.region))
    return backups.kept() if backups else None


def newest_backup_of(inventory: Inventory, tenant: TenantId) -> Mapping[str, Any] | None:
    """The manifest of *tenant*'s newest backup; None where it has none.

    Raises:
        LifecycleError: When the bucket cannot be read, or it is no manifest.
    """
    backups = FinalBackups.of(inventory, tenant, _s3(inventory.plan.region))
    return backups.newest() if backups else None


def rehearsals_of(inventory: Inventory, tenant: TenantId) -> Iterator[RehearsalResult]:
    """The newest results of rehearsals in *tenant*'s bucket of copies, the newest first; none without one.

    Raises:
        LifecycleError: When the bucket cannot be read, or holds no result where one should be.
    """
    planned = inventory.plan.tenant(tenant)
    for fact in facts_of(planned.facts if planned else (), Rehearsal):
        copies = FinalBackups(_s3(fact.region), bucket_name(inventory, fact.bucket), fact.prefix)
        yield from (rehearsal_result(said, tenant) for said in copies.results("rehearsals"))


def refreshes_of(inventory: Inventory, tenant: TenantId) -> Iterator[RefreshResult]:
    """The newest results of refreshes of *tenant*, the newest first.

    They lie in the platform's bucket, wherever its own backups are: there its job reads the other tenant's.

    Raises:
        LifecycleError: When the bucket cannot be read, or holds no result where one should be.
    """
    region, bucket = inventory.plan.region, bucket_name(inventory, BACKUP_BUCKET)
    return refresh_results(FinalBackups(_s3(region), bucket, tenant).results(FOLDER), tenant)


def reaper_of(portfolio: Path) -> ReaperSpec | None:
    """What the platform.yaml in the folder *portfolio* says of plans that are carried out without a phrase.

    Raises:
        CatalogError: When it cannot be read.
    """
    return load_model(Platform, portfolio / "platform.yaml", within=portfolio).reaper


def savings_of_folder(portfolio: Path, tenant: TenantId, now: datetime) -> Mapping[str, Any]:
    """What the end of *tenant* saves, by the files in *portfolio* with it and without it, as plain data.

    Where files cannot be read or the cost cannot be estimated, it says so under `unknown`: that stops no end.
    """
    try:
        return _savings(portfolio, tenant, now).document()
    except (AllocationError, CatalogError) as error:
        return {"unknown": str(error)}


def _savings(portfolio: Path, tenant: TenantId, now: datetime) -> Savings:
    catalog, there = load_catalog_and_portfolio(portfolio)
    others = tuple(each for each in there.tenants if each.tenant != tenant)
    before, after = (
        resolve(catalog, there.model_copy(update={"tenants": tenants})) for tenants in (there.tenants, others)
    )
    regions = {fact.region for fact in before.all_facts()}
    folders = folders_of_plan(before, portfolio)
    month = ChargePeriod.month(f"{now:%Y-%m}")
    return savings(before, after, tenant, Conditions.of_month(month, before.currency, regions, folders))


def _s3(region: str) -> Any:
    make: Any = boto3.client
    return make("s3", region_name=region)
