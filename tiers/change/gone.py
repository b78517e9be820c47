"""Tenants that a change takes out of the files: what is removed, what is left behind, what looks renamed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tiers.change.data import removal
from tiers.change.effect import Effect, EffectKind
from tiers.facts.data import FileShare, LogicalBackup, TenantDatabase
from tiers.facts.names import BACKUP_BUCKET, DATABASE, FILE_SYSTEM
from tiers.facts.network import Route
from tiers.plan.plan import Plan, TenantPlan, facts_of
from tiers.vocabulary import TenantId


def gone(before: Plan, after: Plan) -> tuple[TenantPlan, ...]:
    """The tenants of *before* that *after* does not have."""
    kept = {each.tenant for each in after.tenants}
    return tuple(each for each in before.tenants if each.tenant not in kept)


def renamed(before: Plan, after: Plan) -> dict[TenantId, TenantId]:
    """The new name of each tenant that is gone while a new one has its client and its host name."""
    known = {each.tenant for each in before.tenants}
    fresh = [each for each in after.tenants if each.tenant not in known]
    names = {each.tenant: new_name(each, fresh) for each in gone(before, after)}
    return {old: new for old, new in names.items() if new is not None}


def new_name(tenant: TenantPlan, fresh: Sequence[TenantPlan]) -> TenantId | None:
    """The one of *fresh* that has the client and the host name of *tenant*."""
    return next((each.tenant for each in fresh if _identity(each) == _identity(tenant)), None)


def gone_effects(before: Plan, after: Plan) -> Iterator[Effect]:
    """What happens to the data of each tenant that is gone."""
    names = renamed(before, after)
    for tenant in gone(before, after):
        yield Effect(
            EffectKind.DATA, _fate(tenant, names.get(tenant.tenant)), (tenant.tenant,), (tenant.tenant,)
        )


def _fate(tenant: TenantPlan, other: TenantId | None) -> str:
    taken = [
        f"{fact.id} {change.what}"
        for fact in tenant.facts
        if not isinstance(fact, LogicalBackup) and (change := removal(fact))
    ]
    left = list(_left_behind(tenant))
    parts = ["is in no file any more: its pods, route and passwords are removed"]
    if taken:
        parts.append("; ".join(taken))
    if left:
        parts.append(f"left behind and nobody's: {', '.join(left)}")
    if other is not None:
        parts.append(
            f"looks renamed, {other} has its client and host name and begins empty: `costack rename "
            f"{tenant.tenant} {other}` keeps its data"
        )
    return "; ".join(parts)


def _left_behind(tenant: TenantPlan) -> Iterator[str]:
    """Its parts of what tenants share, which outlive its resources."""
    for database in facts_of(tenant.facts, TenantDatabase):
        if database.server == DATABASE:
            yield f"database {database.database} and role {database.role} on {DATABASE}"
    for share in facts_of(tenant.facts, FileShare):
        if share.file_system == FILE_SYSTEM:
            yield f"files in {share.path} on {FILE_SYSTEM}"
    for backup in facts_of(tenant.facts, LogicalBackup):
        if backup.bucket == BACKUP_BUCKET:
            yield f"dumps under {backup.prefix}/ in {BACKUP_BUCKET}"


def _identity(tenant: TenantPlan) -> tuple[str, str]:
    route = next(iter(facts_of(tenant.facts, Route)), None)
    return tenant.client, route.hostname if route else ""
