"""When a tenant may be backed up for another one's refresh: while people work, and nothing else goes on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from tiers.portfolio.restore.stage import Restore, RestoreStage
from tiers.portfolio.tenant import STAGED, Tenant
from tiers.vocabulary import LifecycleStage, TenantId


def asked_by(tenant: Tenant) -> Restore | None:
    """The refresh of *tenant* that has another one backed up at its stage; None where none does.

    Later stages read what was backed up, and ask for nothing more.
    """
    restore = tenant.restore
    if restore is None or not restore.live or restore.stage is not RestoreStage.PREPARE:
        return None
    return restore


def live_marks(tenants: Iterable[Tenant]) -> Mapping[TenantId, str]:
    """The tenants that are backed up for another one's refresh -> the mark of that backup."""
    asked = ((each.tenant, asked_by(each)) for each in tenants)
    return {
        one.from_tenant: one.asked_for_by(tenant)
        for tenant, one in asked
        if one is not None and one.from_tenant
    }


def live_faults(tenant: Tenant, other: Tenant, tenants: Iterable[Tenant]) -> Iterator[str]:
    """Why *other* may not be backed up now for *tenant*, among all *tenants*."""
    if asked_by(tenant) is None:
        return
    # Whatever began with the other one since then, such as a failover, is not to wait for this one.
    gives_up = f"where it is deployed already, write stage: {RestoreStage.DISCARD} here, which gives it up"
    for why in _why_not(other):
        yield f"{other.tenant} {why}: leave out --live, and take its newest backup; {gives_up}"
    for each in tenants:
        asked = asked_by(each)
        if each.tenant != tenant.tenant and asked is not None and asked.from_tenant == other.tenant:
            yield f"{other.tenant} is copied for {each.tenant} already: do it one after the other"


def _why_not(other: Tenant) -> Iterator[str]:
    if other.lifecycle_stage is not LifecycleStage.ACTIVE:
        yield f"is {other.lifecycle_stage}, and only an active tenant is copied"
    for name in STAGED:
        if getattr(getattr(other, name), "stage", None) is not None:
            yield f"has {name} at a stage, and is not copied before that has ended"
    if other.options.schedule is not None:
        yield "sleeps by schedule, and may be asleep when it is to be copied"
