"""Database storage only grows: a server keeps what it was once given, or what it grew to by itself.

RDS cannot shrink allocated storage, and Pulumi's provider ignores a smaller number where the storage
may grow by itself (terraform-provider-aws, `aws_db_instance`, DiffSuppressFunc of `allocated_storage`). So a
smaller offer still pays for the larger disk, until the data is restored into a new server.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tiers.facts.copies import DatabaseStandby, RestoredServer
from tiers.facts.data import DatabaseInstance
from tiers.facts.every_fact import Fact, FactId
from tiers.plan.plan import Plan

_Server = DatabaseInstance | DatabaseStandby | RestoredServer


def grown(plan: Plan, storage_gib: Mapping[FactId, int]) -> Plan:
    """*plan* with the storage that its servers really have, where that is larger."""

    def facts(known: tuple[Fact, ...]) -> tuple[Fact, ...]:
        return tuple(_at_least(fact, storage_gib.get(fact.id, 0)) for fact in known)

    concerned = [fact for fact in _servers(plan) if storage_gib.get(fact.id, 0) > fact.storage_gib]
    if not concerned:
        return plan
    owners = {fact.tenant for fact in concerned}
    tenants = tuple(
        tenant.model_copy(update={"facts": facts(tenant.facts)}) if tenant.tenant in owners else tenant
        for tenant in plan.tenants
    )
    return plan.model_copy(update={"platform": facts(plan.platform), "tenants": tenants})


def keeping_storage(before: Plan, after: Plan) -> tuple[Plan, tuple[str, ...]]:
    """*after* as it follows *before*, and a sentence for each server that stays larger."""
    had = {fact.id: fact.storage_gib for fact in _servers(before)}
    notes = tuple(
        f"{fact.id}: keeps its {had[fact.id]} GiB, {fact.storage_gib} GiB would be enough: the storage of a "
        "server cannot shrink; for a smaller one, restore the data into a new server"
        for fact in _servers(after)
        if had.get(fact.id, 0) > fact.storage_gib
    )
    return grown(after, had), notes


def _servers(plan: Plan) -> Iterator[_Server]:
    return (fact for fact in plan.all_facts() if isinstance(fact, _Server))


def _at_least(fact: Fact, storage_gib: int) -> Fact:
    if not isinstance(fact, _Server) or storage_gib <= fact.storage_gib:
        return fact
    most = max(fact.max_storage_gib, storage_gib)
    return fact.model_copy(update={"storage_gib": storage_gib, "max_storage_gib": most})
