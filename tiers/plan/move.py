"""The facts of a tenant that moves to another tier: both tiers' resources, and the jobs that copy data.

Expand, migrate, switch, contract: every stage is one update, and no update both creates and removes what
holds data.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tiers.catalog.classes import WorkloadClass
from tiers.catalog.tier import Catalog
from tiers.facts.every_fact import (
    CacheSpace,
    DatabaseInstance,
    Egress,
    Fact,
    FileShare,
    Job,
    Labour,
    LogicalBackup,
    NodeGroup,
    Route,
    ScheduledJob,
    SleepSchedule,
    TenantDatabase,
    Traffic,
    UsageExporter,
    Workload,
)
from tiers.facts.names import (
    COPY_DATABASE,
    COPY_FILES,
    CUT_OVER,
    DATABASE,
    DROP_OLD_DATABASE,
    EMPTY_OLD_FILESTORE,
    FILE_SYSTEM,
    FINAL_BACKUP,
    OTHER_DATABASE,
)
from tiers.plan.namespaces.priority import with_priority
from tiers.plan.namespaces.shared import operations_namespace
from tiers.plan.owner import about, own_node_group
from tiers.plan.tenant import tenant_facts
from tiers.plan.versions.jobs import starts_pods
from tiers.portfolio.move import on_tier, working_tier
from tiers.portfolio.platform import Platform
from tiers.portfolio.tenant import Move, Tenant
from tiers.vocabulary import CostCategory, LifecycleStage, MoveStage

# Facts that exist once, on the tier in use: what runs, is reached or is backed up.
_OF_WORK: Final = (
    *(CacheSpace, Egress, Job, Labour, LogicalBackup, Route, ScheduledJob, SleepSchedule),
    *(TenantDatabase, Traffic, UsageExporter, Workload),
)


def move_facts(catalog: Catalog, platform: Platform, tenant: Tenant) -> Iterator[Fact]:
    """All facts of *tenant*: of one tier, or of both while it moves."""
    if tenant.move is None:
        # A server that is stopped is neither asked nor upgraded, in whichever window.
        yield from tenant_facts(catalog, platform, awake(tenant) if tenant.database_upgrade else tenant)
    else:
        yield from _MoveFacts(catalog, platform, tenant, tenant.move).facts()


def awake(tenant: Tenant) -> Tenant:
    """*tenant* without a schedule: none may stop or start one whose data is worked on."""
    return tenant.model_copy(update={"options": tenant.options.model_copy(update={"schedule": None})})


class _MoveFacts:
    """The facts of one tenant that moves."""

    def __init__(self, catalog: Catalog, platform: Platform, tenant: Tenant, move: Move) -> None:
        self._platform, self._tenant, self._stage = platform, tenant, move.stage
        working = working_tier(tenant, move)
        resting = tenant.tier if working == move.from_tier else move.from_tier
        here, there = (awake(on_tier(catalog, tenant, tier)) for tier in (working, resting))
        if move.stage is MoveStage.CONTRACT:
            # The next update may remove what is left, except copies that cannot be emptied: they stay.
            left = {"protected": False, "lifecycle_stage": LifecycleStage.DECOMMISSIONING}
            there = there.model_copy(update=left)
        self._here = list(tenant_facts(catalog, platform, here))
        self._there = list(tenant_facts(catalog, platform, there))
        offered = catalog.tiers[working].offers[tenant.environment].workload_class
        size = tenant.options.workload_class or offered
        self._size: WorkloadClass = catalog.classes.workload_classes[size]
        self._has_nodes = any(isinstance(fact, NodeGroup) for fact in self._here)
        (self._route,) = (fact for fact in self._here if isinstance(fact, Route))

    def facts(self) -> Iterator[Fact]:
        """The facts in use come first: of two mounted shares the first is the one in use."""
        share = self._other_share()
        for fact in self._here:
            stays = self._stage is MoveStage.MIGRATE and starts_pods(fact)
            if not stays and (share is None or fact.id != share.id):
                yield self._of_both(fact)
        known = {fact.id for fact in self._here} | ({share.id} if share else set())
        for fact in self._there:
            if fact.id not in known and not isinstance(fact, _OF_WORK):
                yield fact
        if share is not None:
            yield share
        yield from self._jobs(share)

    def _of_both(self, fact: Fact) -> Fact:
        if isinstance(fact, DatabaseInstance):
            # A standby of either tier follows it: AWS may manage its master password at no stage.
            for other in self._there:
                if isinstance(other, DatabaseInstance) and other.may_have_replica:
                    told = {name: getattr(other, name) for name in ("may_have_replica", "master_number")}
                    return fact.model_copy(update=told)
        return self._scaled(fact) if isinstance(fact, Workload) else fact

    def _scaled(self, workload: Workload) -> Workload:
        if self._stage is MoveStage.MIGRATE:
            return workload.model_copy(update={"replicas": 0, "max_replicas": 0})
        # After `migrate` comes `switch`, or `contract` when the move is undone.
        return workload.model_copy(update={"starts_again": self._stage is not MoveStage.EXPAND})

    def _other_share(self) -> FileShare | None:
        """The share that is not in use, mounted while a job works on it."""
        (here,), (there,) = (
            [fact for fact in facts if isinstance(fact, FileShare) and fact.mounted]
            for facts in (self._here, self._there)
        )
        if here.id == there.id:
            return None
        filled = self._stage is MoveStage.MIGRATE
        emptied = self._stage is MoveStage.CONTRACT and there.file_system == FILE_SYSTEM
        return there.model_copy(update={"namespace": here.namespace, "mounted": filled or emptied})

    def _other_database(self) -> TenantDatabase | None:
        here, there = (
            next(fact for fact in facts if isinstance(fact, TenantDatabase))
            for facts in (self._here, self._there)
        )
        if here.server == there.server or self._stage is MoveStage.EXPAND:
            return None
        named = about(self._tenant, OTHER_DATABASE, CostCategory.STORAGE)
        return there.model_copy(update={"id": named["id"]})

    def _jobs(self, share: FileShare | None) -> Iterator[Fact]:
        database = self._other_database()
        if database is not None:
            yield database
        for name, wanted in self._wanted(database, share).items():
            if wanted:
                files, dump = name in (COPY_FILES, EMPTY_OLD_FILESTORE), name == FINAL_BACKUP
                jobs_of_all = operations_namespace(self._platform)
                where = self._route.namespace if files or dump else jobs_of_all
                made = self._job(name, where, as_odoo=files)
                yield with_priority(self._platform, self._tenant, made)

    def _wanted(self, database: TenantDatabase | None, share: FileShare | None) -> dict[str, bool]:
        """The jobs of this stage, in order."""
        moves = database is not None
        if self._stage is MoveStage.MIGRATE:
            return {COPY_DATABASE: moves, COPY_FILES: share is not None}
        if self._stage is MoveStage.SWITCH:
            return {CUT_OVER: moves}
        if self._stage is MoveStage.CONTRACT:
            return {
                FINAL_BACKUP: any(isinstance(fact, LogicalBackup) for fact in self._here),
                DROP_OLD_DATABASE: database is not None and database.server == DATABASE,
                EMPTY_OLD_FILESTORE: share is not None and share.mounted,
            }
        return {}

    def _job(self, name: str, namespace: str, *, as_odoo: bool = False) -> Job:
        tools, odoo = self._platform.images.operations, self._platform.images.odoo
        return Job(
            **about(self._tenant, name, CostCategory.COMPUTE),
            namespace=namespace,
            image=tools.image,
            run_as_user=odoo.run_as_user if as_odoo else tools.run_as_user,
            run_as_group=odoo.run_as_group,
            compute=self._size.job,
            nodes=own_node_group(self._tenant) if self._has_nodes else None,
        )
