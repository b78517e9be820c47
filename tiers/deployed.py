"""What a stack has already, as far as it decides whether an update may begin.

Pulumi's state has the records of tenants and platform (`components/record.py`): what was applied, not what
was asked for. A tenant that the stack has and no file describes is never a wish to delete it: a file may be
missing because of a bad merge, a wrong branch, an empty folder or a wrong name. So the update stops before it
begins.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from pydantic import ValidationError

from tiers.catalog.tier import Catalog
from tiers.change.cache_logins import late_tenants
from tiers.change.failed_over import wrongly_lost
from tiers.change.forbidden import forbidden, half_switched
from tiers.change.gone import new_name
from tiers.change.platform import Lasting, forbidden_of_platform, lasting, lasting_of
from tiers.change.routes.cdn import names_handed_over
from tiers.change.routes.route import handed_over
from tiers.change.versions.odoo import untried
from tiers.change.versions.refusals import refused_versions
from tiers.change.versions.upgrades import GROUP_TYPE, SERVER_TYPE, Running, Servers, running
from tiers.expectations import first_fault
from tiers.facts.names import FILES_COPY, FINAL_BACKUP, SHARED_PLATFORM, STACK, SWITCH_SIDE, TENANT_STACK
from tiers.inventory import OUTPUT_NAME
from tiers.naming import numbered, physical_name
from tiers.plan.plan import Plan, TenantPlan
from tiers.vocabulary import LifecycleStage

RECORD: Final = "deployed"
"""The last part of a record's name."""
RECORD_TYPE: Final = "pulumi:index:Stash"
VERSION: Final = "costack_version"
"""The part of a record that says which version of Costack it was deployed from."""
JOB_TYPE: Final = "costack:index:OneOffJob"
"""The component around a job: it is in the state before the job is, also when the update is killed then."""
_STOPPED_FOR: Final = (FINAL_BACKUP, SWITCH_SIDE)
"""The jobs of an update that has stopped pods, so that a database is saved and another takes its place."""
REPLICATION_TYPE: Final = "aws:efs/replicationConfiguration:ReplicationConfiguration"
RELEASED: Final = "released"
"""The output of a tenant's component that says whether the tenant may be removed."""


class DeployedTenant(NamedTuple):
    """A tenant of a stack, and whether it may be removed.

    `applied` is its plan as plain data, of its record or of the inventory that an older version exported;
    None before all of it was deployed once. `switches` is whether the jobs are there of an update in which a
    database takes the place of another. `replicates` is whether its files are replicated to another region.
    """

    tenant: str
    urn: str
    released: bool = False
    applied: Mapping[str, Any] | None = None
    switches: bool = False
    replicates: bool = False


class Deployed(NamedTuple):
    """The portfolios and tenants of a stack, what of its platform must last, and how its servers run."""

    portfolios: tuple[str, ...] = ()
    tenants: tuple[DeployedTenant, ...] = ()
    platform: Lasting = Lasting()
    servers: Servers = Servers()


def deployed_of(resources: Mapping[str, Any]) -> Deployed:
    """What is deployed.

    Args:
        resources: URN -> type and outputs of each resource of the stack, as the engine's function
            `pulumi:pulumi:readStackResourceOutputs` gives them.
    """
    portfolios: list[str] = []
    tenants: dict[str, DeployedTenant] = {}
    applied: dict[str, Mapping[str, Any]] = {}
    platform: Mapping[str, Any] = {}
    servers: dict[str, Running] = {}
    for urn, known in sorted(resources.items()):
        kind, name, outputs = str(known.get("type")), urn.rpartition("::")[2], _mapping(known.get("outputs"))
        if kind == SHARED_PLATFORM:
            portfolios.append(name)
        elif kind == TENANT_STACK:
            tenants[name] = DeployedTenant(name, urn, outputs.get(RELEASED) is True)
        elif kind == SERVER_TYPE and (server := running(outputs)) is not None:
            servers[name] = server
        elif kind == STACK:
            told = _mapping(_mapping(outputs.get(OUTPUT_NAME)).get("plan"))
            platform = platform or told
            applied = {str(each.get("tenant")): each for each in _mappings(told.get("tenants"))} | applied
        elif _qualified_type(urn).endswith(f"{SHARED_PLATFORM}${RECORD_TYPE}"):
            platform = _mapping(_mapping(outputs.get("input")).get("plan")) or platform
        elif _qualified_type(urn).endswith(f"{TENANT_STACK}${RECORD_TYPE}"):
            # What is there and cannot be read is refused below; it is not nothing.
            plan = _mapping(_mapping(outputs.get("input")).get("plan"))
            applied[str(plan.get("tenant", name.removesuffix(f"-{RECORD}")))] = plan
    return Deployed(
        tuple(portfolios),
        tuple(_with_what_it_has(tenants, applied, portfolios, resources)),
        lasting(_mappings(platform.get("platform"))),
        Servers(
            servers,
            {str(each.get("id")): each for each in _server_facts(platform, applied)},
            _named(resources, GROUP_TYPE),
        ),
    )


def _with_what_it_has(
    tenants: Mapping[str, DeployedTenant],
    applied: Mapping[str, Mapping[str, Any]],
    portfolios: Sequence[str],
    resources: Mapping[str, Any],
) -> Iterator[DeployedTenant]:
    jobs, replications = _named(resources, JOB_TYPE), _named(resources, REPLICATION_TYPE)
    for name, each in tenants.items():
        plan = applied.get(name)
        yield each._replace(
            applied=plan,
            switches=not jobs.isdisjoint(_stopping_jobs(name)),
            replicates=not replications.isdisjoint(_replications(portfolios, name, plan)),
        )


def _stopping_jobs(tenant: str) -> Iterator[str]:
    """The jobs of an update that has stopped the pods of *tenant* to let another database take the place."""
    return (physical_name(tenant, job) for job in _STOPPED_FOR)


def _replications(portfolios: Sequence[str], tenant: str, applied: Mapping[str, Any] | None) -> Iterator[str]:
    """The name of the replication of a tenant's files, also of one that was to end."""
    number = _mapping(applied).get("failovers", 0)
    for portfolio in portfolios:
        yield physical_name(portfolio, tenant, numbered(FILES_COPY, number if isinstance(number, int) else 0))


def _named(resources: Mapping[str, Any], kind: str) -> frozenset[str]:
    """The names of all resources of a type."""
    found = (urn for urn, known in resources.items() if known.get("type") == kind)
    return frozenset(urn.rpartition("::")[2] for urn in found)


def _server_facts(
    platform: Mapping[str, Any], tenants: Mapping[str, Mapping[str, Any]]
) -> Iterator[Mapping[str, Any]]:
    of_tenants = (fact for each in tenants.values() for fact in _mappings(each.get("facts")))
    for fact in (*_mappings(platform.get("platform")), *of_tenants):
        if fact.get("kind") in ("database-instance", "database-standby"):
            yield fact


def _qualified_type(urn: str) -> str:
    """The types in a URN, from the outermost parent's to its own: a program may have stashes of its own."""
    return urn.split("::")[2]


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _mappings(value: object) -> list[Mapping[str, Any]]:
    return [_mapping(each) for each in value] if isinstance(value, list | tuple) else []


def is_released(applied: Mapping[str, Any]) -> bool:
    """Whether a tenant may be removed: decommissioning and `protected: false`, both deployed.

    Args:
        applied: Its plan as plain data.
    """
    ends = applied.get("lifecycle_stage") == LifecycleStage.DECOMMISSIONING
    return ends and applied.get("protected") is False


def refusals(
    deployed: Deployed,
    plan: Plan,
    stack: str,
    catalog: Catalog,
    elsewhere: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[str]:
    """Why *plan* may not be deployed over what is there; nothing where it may.

    Args:
        deployed: What is there.
        plan: What is to be deployed.
        stack: Pulumi's name of the stack.
        catalog: What its tenants are sold from.
        elsewhere: The tenants of other stacks of the portfolio, with the names of their stacks within it.
    """
    for portfolio in deployed.portfolios:
        if portfolio != plan.portfolio:
            yield (
                f"stack '{stack}' deploys portfolio '{portfolio}', and this is '{plan.portfolio}': nothing "
                f"was changed. Check costack:portfolio in stacks/Pulumi.{stack}.yaml; another "
                "portfolio needs another stack"
            )
            return
    after_it = lasting_of(plan)
    known = {each.tenant: each.applied or {} for each in deployed.tenants}
    late = late_tenants(deployed.platform.logins, after_it.logins, known, stack)
    names = (*handed_over(known, plan), *names_handed_over(known, plan))
    left = (*refused_versions(plan, deployed.servers), *untried(known, plan), *names)
    for sentence in (*forbidden_of_platform(deployed.platform, after_it, stack), *late, *left):
        yield f"{sentence}; nothing was changed"
    wanted = {tenant.tenant: tenant for tenant in plan.tenants}
    fresh = [each for name, each in wanted.items() if name not in {one.tenant for one in deployed.tenants}]
    for each in deployed.tenants:
        after = wanted.get(each.tenant)
        if after is None:
            if not each.released:
                yield _moved(each, elsewhere) or _gone(each, fresh, plan.portfolio, stack)
        else:
            for sentence in _forbidden(each, after, catalog, stack):
                yield f"{sentence}; nothing was changed"


def _forbidden(tenant: DeployedTenant, after: TenantPlan, catalog: Catalog, stack: str) -> Iterator[str]:
    same = tenant.applied == after.model_dump(mode="json")
    if tenant.applied is None or (same and not tenant.switches):
        return  # reading a plan takes longer than comparing it
    try:
        before = TenantPlan.model_validate(tenant.applied)
    except ValidationError as error:
        yield (
            f"{tenant.tenant}: what is deployed of it cannot be read ({first_fault(error)}), so what this "
            "update would do is unknown; use the version of costack that deployed it, or a newer one"
        )
        return
    if tenant.switches:
        yield from half_switched(before, after, stack)
    yield from wrongly_lost(before, after, stack, replicates=tenant.replicates)
    yield from forbidden(before, after, catalog, stack)


def _moved(tenant: DeployedTenant, elsewhere: Mapping[str, str]) -> str | None:
    """What is to be done with a tenant that `cells.yaml` has in another stack; None where it has not."""
    stack = elsewhere.get(tenant.tenant)
    if stack is None:
        return None
    return (
        f"tenant '{tenant.tenant}' is deployed here, and cells.yaml has it in {stack}: nothing was changed. "
        "Run `costack stacks split`, which moves its resources into the state of that stack"
    )


def _gone(tenant: DeployedTenant, fresh: Sequence[TenantPlan], portfolio: str, stack: str) -> str:
    name = tenant.tenant
    if tenant.applied is None:
        return (
            f"tenant '{name}' is in the stack, was never deployed completely, and has no file in "
            f"portfolios/{portfolio}/tenants: nothing was changed. Bring {name}.yaml back and run `pulumi "
            "up`; to give it up, make sure that nobody has worked with it, then run "
            f"`pulumi destroy --stack {stack} --target '{tenant.urn}' --target-dependents`"
        )
    return (
        f"tenant '{name}' is deployed and has no file in portfolios/{portfolio}/tenants: nothing was "
        f"changed. Bring {name}.yaml back (`git log -- portfolios/{portfolio}/tenants/{name}.yaml` shows "
        f"where it went); to end the tenant, run `costack decommission {name} --stack {stack}`"
        f"{_renamed(tenant, fresh, stack)}"
    )


def _renamed(tenant: DeployedTenant, fresh: Sequence[TenantPlan], stack: str) -> str:
    try:
        before = TenantPlan.model_validate(tenant.applied)
    except ValidationError:
        return ""
    other = new_name(before, fresh)
    if other is None:
        return ""
    return (
        f"; '{other}' has its client and host name, and would begin empty: if it is the same tenant, run "
        f"`costack rename {tenant.tenant} {other} --stack {stack}`, which keeps its data"
    )
