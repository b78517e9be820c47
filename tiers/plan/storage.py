"""Storage of a database only grows: what a server has is what it once was given, or grew to by itself.

RDS cannot take allocated storage back, and Pulumi's provider passes over a smaller number where the storage
may grow by itself (terraform-provider-aws, `aws_db_instance`, DiffSuppressFunc of `allocated_storage`). So a
smaller offer goes on paying for the larger disk, until the data is restored into a new server.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tiers.facts.copies import DatabaseStandby
from tiers.facts.data import DatabaseInstance
from tiers.facts.every_fact import Fact, FactId
from tiers.plan.plan import Plan

_Server = DatabaseInstance | DatabaseStandby


def grown(plan: Plan, storage_gib: Mapping[FactId, int]) -> Plan:
    """*plan* with the storage that its servers really have, where that is more than it says."""

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
    """*after* as it would be once *before* was there, and a sentence for each server that stays larger."""
    had = {fact.id: fact.storage_gib for fact in _servers(before)}
    notes = tuple(
        f"{fact.id}: keeps its {had[fact.id]} GiB, where {fact.storage_gib} would do: the storage of a "
        "server cannot shrink; a smaller one is a new server with the data restored into it"
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
