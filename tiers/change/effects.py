"""All effects of a change: a pure function of the plans before and after."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from tiers.change.data import data_changes, removal
from tiers.change.effect import Effect, EffectKind, together
from tiers.change.environment import environment_changes
from tiers.change.failed_over import failover_changes
from tiers.change.gone import gone_effects
from tiers.change.network import cluster_changes, namespace_changes, network_changes
from tiers.change.places import strays
from tiers.change.pods import pod_changes
from tiers.change.restored import restore_changes
from tiers.change.routes.cdn import cdn_changes
from tiers.change.servers import Change, cache_changes, server_changes
from tiers.change.upgraded import upgrade_changes as odoo_upgrade_changes
from tiers.change.versions.database_upgrade import upgrade_changes
from tiers.facts.compute import ClusterControlPlane, Namespace, NodeGroup, Workload
from tiers.facts.copies import DatabaseStandby
from tiers.facts.data import CacheGroup, CacheSpace, DatabaseInstance, FileShare, TenantDatabase
from tiers.facts.every_fact import FactId, FactRecord
from tiers.facts.names import DROP_DATABASE, DROP_OLD_DATABASE, EMPTY_FILESTORE, EMPTY_OLD_FILESTORE
from tiers.facts.network import Network
from tiers.facts.record import Origin
from tiers.plan.plan import Plan, TenantPlan, facts_of
from tiers.vocabulary import TenantId

_ENDING: Final = {
    DROP_DATABASE: "its database on the shared server is dropped for good",
    EMPTY_FILESTORE: "its folder on the shared file system is emptied for good",
    DROP_OLD_DATABASE: "the database it has moved from is dropped for good",
    EMPTY_OLD_FILESTORE: "the folder it has moved from is emptied for good",
}
"""What the jobs delete that a tenant gets at its end, or at the end of a move."""


def effects_of(before: Plan, after: Plan) -> tuple[Effect, ...]:
    """What the change does, the gravest first; the same thing that happens to several is one effect.

    Empty if nothing that runs changes. What is new runs nowhere yet, so it has no effect.
    """
    return together(_all(before, after))


def _all(before: Plan, after: Plan) -> Iterator[Effect]:
    users = _users(before)
    known = {fact.id: fact for fact in before.platform}
    everybody = tuple(each.tenant for each in before.tenants)
    for fact in after.platform:
        if (old := known.get(fact.id)) is not None and old != fact:
            for change in _changes(old, fact):
                yield _effect(change, fact, users.get(fact.id, everybody))
    yield from _removed(before.platform, after.platform, everybody)
    earlier = {each.tenant: each for each in before.tenants}
    for tenant in after.tenants:
        if tenant.tenant in earlier and earlier[tenant.tenant] != tenant:
            yield from _of_tenant(earlier[tenant.tenant], tenant)
    yield from gone_effects(before, after)


def _of_tenant(before: TenantPlan, after: TenantPlan) -> Iterator[Effect]:
    own = (after.tenant,)
    if parts := strays(before, after):
        what = f"leaves its {' and '.join(parts)} behind: Odoo would start on an empty place"
        yield Effect(EffectKind.DATA, what, own, own)
    if before.name != after.name:
        what = f"is called {after.name} in reports; its id stays {after.tenant}, and nothing is replaced"
        yield Effect(EffectKind.NOTICE, what, own, own)
    known = {fact.id: fact for fact in before.facts}
    for change in (
        *environment_changes(before, after),
        *cdn_changes(before, after),
        *restore_changes(before, after),
        *failover_changes(before, after),
        *odoo_upgrade_changes(before, after),
        *pod_changes(before, after),
    ):
        yield Effect(change.kind, change.what, own, own)
    for fact in after.facts:
        if (old := known.get(fact.id)) is not None and old != fact:
            yield from (_effect(change, fact, own) for change in _changes(old, fact))
        elif old is None and fact.name in _ENDING:
            what = f"{_ENDING[fact.name]} (job {fact.name})"
            yield Effect(EffectKind.DATA, what, own, own)
    yield from _removed(before.facts, after.facts, own)


def _removed(
    before: tuple[FactRecord, ...], after: tuple[FactRecord, ...], tenants: tuple[TenantId, ...]
) -> Iterator[Effect]:
    kept = {fact.id for fact in after}
    for fact in before:
        if fact.id not in kept and (change := removal(fact)):
            yield _effect(change, fact, tenants)


def _changes(before: FactRecord, after: FactRecord) -> Iterator[Change]:
    """What happens to one resource that was there before; to an adopted one Costack does nothing.

    Only what it makes by the name of an adopted cluster changes with that name.
    """
    if isinstance(before, ClusterControlPlane) and isinstance(after, ClusterControlPlane):
        yield from cluster_changes(before, after)
    elif after.origin is Origin.ADOPTED:
        return
    elif isinstance(before, DatabaseInstance | DatabaseStandby) and isinstance(
        after, DatabaseInstance | DatabaseStandby
    ):
        yield from server_changes(before, after)
        yield from upgrade_changes(before, after)
    elif isinstance(before, CacheGroup) and isinstance(after, CacheGroup):
        yield from cache_changes(before, after)
    elif isinstance(before, NodeGroup) and isinstance(after, NodeGroup):
        yield from _node_changes(before, after)
    elif isinstance(before, Namespace) and isinstance(after, Namespace):
        yield from namespace_changes(before, after)
    elif isinstance(before, Network) and isinstance(after, Network):
        yield from network_changes(before, after)
    else:
        yield from data_changes(before, after)


def _node_changes(before: NodeGroup, after: NodeGroup) -> Iterator[Change]:
    if before.instance_type != after.instance_type or before.volume_gib != after.volume_gib:
        yield Change(EffectKind.RESTART, "its nodes are exchanged, pods move to new ones")
    elif before.nodes > after.nodes:
        yield Change(
            EffectKind.RESTART, f"{before.nodes} → {after.nodes} nodes, pods move to those that stay"
        )


def _effect(change: Change, fact: FactRecord, tenants: tuple[TenantId, ...]) -> Effect:
    window = getattr(fact, "maintenance_window", None) if change.waits else None
    return Effect(change.kind, change.what, (fact.id,), tenants, window)


def _users(plan: Plan) -> Mapping[FactId, tuple[TenantId, ...]]:
    """The tenants that use each shared server, cache and file system."""
    found: dict[FactId, list[TenantId]] = {}
    for tenant in plan.tenants:
        used = [
            *(each.server for each in facts_of(tenant.facts, TenantDatabase)),
            *(each.group for each in facts_of(tenant.facts, CacheSpace)),
            *(each.file_system for each in facts_of(tenant.facts, FileShare)),
            *(each.nodes for each in facts_of(tenant.facts, Workload) if each.nodes),
        ]
        for fact in dict.fromkeys(used):
            found.setdefault(fact, []).append(tenant.tenant)
    return {fact: tuple(names) for fact, names in found.items()}
