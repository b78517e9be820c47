"""Says which versions of servers an update may not ask for, because RDS would refuse them in its middle."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tiers.change.versions.database_upgrade import refused_upgrades
from tiers.change.versions.upgrades import Server, Servers, followers, name_of
from tiers.facts.copies import DatabaseStandby
from tiers.facts.database_upgrade import major_of
from tiers.facts.every_fact import DatabaseInstance, Fact
from tiers.plan.plan import Plan, TenantPlan, facts_of


def refused_versions(plan: Plan, servers: Servers) -> Iterator[str]:
    """Why the next update may not be: versions that RDS would refuse in its middle."""
    yield from _older_majors(plan.portfolio, plan.platform, servers)
    yield from refused_upgrades(plan.portfolio, plan.platform, servers)
    for tenant in plan.tenants:
        yield from refused_versions_of_tenant(plan.portfolio, tenant, servers)


def refused_versions_of_tenant(portfolio: str, tenant: TenantPlan, servers: Servers) -> Iterator[str]:
    """The same of one tenant."""
    yield from _older_majors(portfolio, tenant.facts, servers)
    yield from _left_standbys(portfolio, tenant, servers)
    yield from _promoted_standbys(portfolio, tenant, servers)
    yield from _unchecked(portfolio, tenant, servers)
    yield from refused_upgrades(portfolio, tenant.facts, servers)


def _older_majors(portfolio: str, facts: Iterable[Fact], servers: Servers) -> Iterator[str]:
    """Servers that would go back (RDS User Guide, "Upgrading the major version": there is no way back)."""
    for fact in facts:
        there = servers.running.get(name_of(portfolio, fact)) if isinstance(fact, Server) else None
        if there is None or not isinstance(fact, Server):
            continue
        if 0 < major_of(fact.engine_version) < (runs := major_of(there.version)):
            yield (
                f"{fact.id}: RDS takes no server back from PostgreSQL {runs} to {fact.engine_version}: "
                f"write {_line_of(fact)} {runs}"
            )


def _line_of(server: Server) -> str:
    """What names the version of a server: that of a tenant's own stands in its file, or in the platform's."""
    return "engine_version" if server.tenant is None else "options.database_engine_version"


def _left_standbys(portfolio: str, tenant: TenantPlan, servers: Servers) -> Iterator[str]:
    """Standbys that major upgrades of their servers would leave behind."""
    for fact in tenant.facts:
        there = servers.running.get(name_of(portfolio, fact)) if isinstance(fact, Server) else None
        if not isinstance(fact, DatabaseInstance) or there is None:
            continue
        runs, wanted = major_of(there.version), major_of(fact.engine_version)
        for standby in followers(fact, tenant.facts) if wanted > runs else ():
            yield (
                f"{standby.id}: RDS takes no standby in another region from PostgreSQL {runs} to "
                f"{wanted} with its server: take warm_standby out of {tenant.tenant}.yaml, and write it "
                f"again when its server runs {wanted} and `pulumi refresh` has seen it"
            )


def _unchecked(portfolio: str, tenant: TenantPlan, servers: Servers) -> Iterator[str]:
    """Promoted standbys that would be upgraded although no check has looked into what is in them.

    What RDS finds in the way, it finds when the server has stopped answering.
    """
    for fact in facts_of(tenant.facts, DatabaseStandby):
        there = servers.running.get(name_of(portfolio, fact))
        if there is None or not (fact.promoted or there.was_promoted):
            continue
        runs, wanted = major_of(there.version), major_of(fact.engine_version)
        asked = major_of(str(servers.asked.get(fact.id, {}).get("engine_version") or ""))
        if wanted > max(runs, asked):  # what was asked for before waits for its window
            home = "bring it home (`costack failback`)"
            leads = home if tenant.failover else "take warm_standby out"
            yield (
                f"{fact.id}: was promoted and runs PostgreSQL {runs}, and no check has looked into it for "
                f"{fact.engine_version}: write {_line_of(fact)} {runs}, {leads}, then upgrade with `costack "
                f"upgrade-database {tenant.tenant}`"
            )


def _promoted_standbys(portfolio: str, tenant: TenantPlan, servers: Servers) -> Iterator[str]:
    """Standbys that the stage of a failover takes for followers, and an update that failed has promoted.

    One that a person promoted ends a fence, and the way back from there must stay open.
    """
    failover = tenant.failover
    for fact in facts_of(tenant.facts, DatabaseStandby) if failover else ():
        there = servers.running.get(name_of(portfolio, fact))
        if not fact.promoted and there is not None and there.was_promoted:
            yield (
                f"{fact.id}: an update that failed has promoted it, and of a promoted server AWS makes no "
                f"standby again: write stage: promote into the failover of {tenant.tenant}.yaml and run "
                "`pulumi up`, which goes on; `costack failback` leads home"
            )
