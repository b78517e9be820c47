"""Upgrades that take more than one update, because RDS asks for one step after the other.

What runs is in the outputs of Pulumi's state, as of the last update or refresh. Sources: RDS User Guide,
"Upgrades of the RDS for PostgreSQL DB engine" ("you must first upgrade all of the read replicas before you
upgrade the source instance"; a major upgrade takes "in-Region read replicas" along, and no others);
terraform-provider-aws, issue 22107 (source and replica in one update fail).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from tiers.facts.copies import DatabaseStandby
from tiers.facts.data import DatabaseInstance
from tiers.facts.database_upgrade import major_of
from tiers.facts.every_fact import Fact, FactId
from tiers.naming import numbered, physical_name
from tiers.plan.plan import Plan, TenantPlan
from tiers.vocabulary import is_older_version, version_numbers

SERVER_TYPE: Final = "aws:rds/instance:Instance"
GROUP_TYPE: Final = "aws:rds/parameterGroup:ParameterGroup"
Server = DatabaseInstance | DatabaseStandby
_STANDBY: Final = "postgresql-standby"
_OPTIONS: Final[Mapping[str, str]] = {
    "engine_version": "--engine-version",
    "instance_class": "--db-instance-class",
    "storage_gib": "--allocated-storage",
}
"""A field of a server that waits for its window -> how `aws rds modify-db-instance` spells it."""


class Running(NamedTuple):
    """A server as it runs.

    Attributes:
        asked: The version that the provider keeps as the one asked for: a major one, or with its minor one.
        values: Field of its fact -> what runs; `engine_version` with its minor version.
        parameter_group: The name of the group that it has.
        was_promoted: Whether an update promoted it: it follows nobody, and leaves a final snapshot.
    """

    asked: str
    values: Mapping[str, Any]
    parameter_group: str = ""
    was_promoted: bool = False

    @property
    def version(self) -> str:
        """The version that runs."""
        return str(self.values["engine_version"])


class Servers(NamedTuple):
    """The servers of a stack.

    Attributes:
        running: Name of a server, which is its name in Pulumi and in AWS -> how it runs.
        asked: Id of its fact -> what the last complete update asked for, as plain data.
        groups: The names of all parameter groups in Pulumi.
    """

    running: Mapping[str, Running] = {}
    asked: Mapping[FactId, Mapping[str, Any]] = {}
    groups: Collection[str] = ()


def running(outputs: Mapping[str, Any]) -> Running | None:
    """What the outputs of a server say; None where they do not."""
    version, asked = outputs.get("engineVersionActual"), outputs.get("engineVersion")
    if not isinstance(version, str) or not isinstance(asked, str):
        return None
    storage = outputs.get("allocatedStorage")
    values = {
        "engine_version": version,
        "instance_class": outputs.get("instanceClass"),
        "storage_gib": None if storage is None else int(storage),  # the engine's answer has no integers
    }
    promoted = not outputs.get("replicateSourceDb") and outputs.get("skipFinalSnapshot") is False
    return Running(asked, values, str(outputs.get("parameterGroupName") or ""), promoted)


def name_of(portfolio: str, fact: Server) -> str:
    """The name of a server."""
    of = () if fact.tenant is None else (fact.tenant,)
    part = numbered(_STANDBY, fact.number) if isinstance(fact, DatabaseStandby) else "postgresql"
    return physical_name(portfolio, *of, part)


def next_step(plan: Plan, servers: Servers) -> tuple[Plan, tuple[str, ...]]:
    """*plan* as far as the next update may go, and sentences on what it leaves for a later one."""
    platform, said = _facts(plan.portfolio, plan.platform, servers)
    tenants, sentences = [], list(said)
    for tenant in plan.tenants:
        made, told = next_step_of_tenant(plan.portfolio, tenant, servers)
        tenants.append(made)
        sentences += told
    return plan.model_copy(update={"platform": platform, "tenants": tuple(tenants)}), tuple(sentences)


def next_step_of_tenant(
    portfolio: str, tenant: TenantPlan, servers: Servers
) -> tuple[TenantPlan, tuple[str, ...]]:
    """The same of one tenant."""
    facts, said = _facts(portfolio, tenant.facts, servers)
    return (tenant if facts == tenant.facts else tenant.model_copy(update={"facts": facts})), said


def _facts(
    portfolio: str, facts: tuple[Fact, ...], servers: Servers
) -> tuple[tuple[Fact, ...], tuple[str, ...]]:
    made: list[Fact] = []
    said: list[str] = []
    for fact in facts:
        there = servers.running.get(name_of(portfolio, fact)) if isinstance(fact, Server) else None
        if there is None or not isinstance(fact, Server):
            made.append(fact)
            continue
        changes, sentences = _changes(portfolio, fact, there, facts, servers)
        made.append(fact.model_copy(update=changes) if changes else fact)
        said += sentences
    return tuple(made), tuple(said)


def _changes(
    portfolio: str, fact: Server, there: Running, facts: Iterable[Fact], servers: Servers
) -> tuple[dict[str, Any], list[str]]:
    """What a server is in the next update other than what its fact says, and why."""
    changes: dict[str, Any] = {}
    asked = _asked(name_of(portfolio, fact), there, servers.asked.get(fact.id, {}), servers.groups)
    said = list(_taken_back(portfolio, fact, there, asked))
    kept = _kept(fact, there, asked)
    if kept:
        waits = kept == str(major_of(there.version))
        changes = {
            "kept_group_version": kept,
            "upgrade_is_asked": waits and there.asked == fact.engine_version,
        }
    elif isinstance(fact, DatabaseInstance) and (why := _waits(portfolio, fact, there, facts, servers)):
        changes["engine_version"] = there.asked
        said.append(
            f"{fact.id}: stays with PostgreSQL {there.version} in this update, which {why}, because RDS "
            "upgrades the standby first; run `pulumi up` again"
        )
    if isinstance(fact, DatabaseInstance) and _loses_standby(portfolio, fact, servers):
        changes |= {"may_have_replica": True, "master_number": int(asked.get("master_number", 0))}
        said.append(
            f"{fact.id}: keeps its master password in this update, which removes its standby, because RDS "
            "manages no password of a server that has one; run `pulumi up` again"
        )
    return changes, said


def _asked(
    name: str, there: Running, recorded: Mapping[str, Any], groups: Iterable[str]
) -> Mapping[str, Any]:
    """What was asked for last. An update that failed has no record; two things say what it began.

    The provider keeps a version as the one asked for while it waits, if it has its minor one
    (terraform-provider-aws, internal/service/rds/engine_version.go, `compareActualEngineVersion`). And there
    is a parameter group of a major version, which the last complete update did not keep.
    """
    start, kept = f"{name}-parameters-postgres", recorded.get("kept_group_version")
    majors = (each.removeprefix(start) for each in groups if each.startswith(start))
    versions = (str(recorded.get("engine_version") or ""), there.asked, *(m for m in majors if m != kept))
    return {**recorded, "engine_version": max(versions, key=version_numbers)}


def _loses_standby(portfolio: str, fact: DatabaseInstance, servers: Servers) -> bool:
    """Whether a tier without standbys comes while one is there; deletions are the last of an update."""
    return not fact.may_have_replica and standby_of(portfolio, fact, servers) is not None


def standby_of(portfolio: str, fact: DatabaseInstance, servers: Servers) -> Running | None:
    """The standby that follows a server, wanted or not; one that was promoted follows nobody."""
    known = [each for each in servers.asked.values() if each.get("server") == fact.id]
    if fact.tenant is None or any(each.get("promoted") for each in known):
        return None
    number = max((int(each.get("number") or 0) for each in known), default=0)
    return servers.running.get(physical_name(portfolio, fact.tenant, numbered(_STANDBY, number)))


def _kept(fact: Server, there: Running, asked: Mapping[str, Any]) -> str | None:
    """The major version whose parameter group stays: AWS may have the server in it still, or already."""
    wanted, runs, before = (
        major_of(each)
        for each in (fact.engine_version, there.version, str(asked.get("engine_version") or ""))
    )
    if wanted > runs:
        return str(runs)
    return str(before) if before > runs == wanted else None


def _waits(
    portfolio: str, fact: DatabaseInstance, there: Running, facts: Iterable[Fact], servers: Servers
) -> str | None:
    """What the update does first, where a server gets a newer minor version and a standby has none yet."""
    wanted = fact.engine_version
    if wanted == there.asked or is_older_version(wanted, there.version):
        return None
    known = (servers.running.get(name_of(portfolio, each)) for each in followers(fact, facts))
    if any(standby is not None and not _is_ready(standby, wanted) for standby in known):
        return f"takes its standby to {wanted}"
    if any(isinstance(each, DatabaseStandby) for each in facts):
        return None
    goes = standby_of(portfolio, fact, servers)
    return "removes its standby" if goes is not None and not _is_ready(goes, wanted) else None


def _is_ready(standby: Running, wanted: str) -> bool:
    """A major version alone means AWS' default minor one, which nobody here knows: it was asked for, then."""
    if "." not in wanted:
        return standby.asked == wanted
    return version_numbers(standby.version) >= version_numbers(wanted)


def followers(server: DatabaseInstance, facts: Iterable[Fact]) -> Iterator[DatabaseStandby]:
    """The standbys of a server among *facts*; one that was promoted follows nobody."""
    for each in facts:
        if isinstance(each, DatabaseStandby) and each.server == server.id and not each.promoted:
            yield each


def _taken_back(portfolio: str, fact: Server, there: Running, asked: Mapping[str, Any]) -> Iterator[str]:
    """What was asked for, may wait at AWS, and is asked for no longer: it is made nevertheless.

    The provider sends a value only where it differs from what runs (terraform-provider-aws,
    internal/service/rds/instance.go, `dbInstancePopulateModify`). RDS User Guide, "Using the schedule
    modifications setting": what is pending is reverted with a modification and "--apply-immediately".
    """
    if isinstance(fact, DatabaseStandby) and not fact.promoted:
        return  # nothing waits for it
    options = [
        f"{option} {there.values[field]}"
        for field, option in _OPTIONS.items()
        if _is_taken_back(field, asked.get(field), getattr(fact, field), there.values.get(field))
    ]
    if not options:
        return
    if major_of(str(asked.get("engine_version"))) > major_of(there.version):
        options.append(f"--db-parameter-group-name {there.parameter_group}")
    yield (
        f"{fact.id}: what the last update asked for may still be made when its maintenance window opens, "
        "because no difference is left for Pulumi to send. If `aws rds describe-db-instances` shows it under "
        "PendingModifiedValues, run this before the window and before the next update; it makes at once what "
        f"else is pending: `aws rds modify-db-instance --region {fact.region} --db-instance-identifier "
        f"{name_of(portfolio, fact)} {' '.join(options)} --apply-immediately`"
    )


def _is_taken_back(field: str, before: Any, after: Any, there: Any) -> bool:
    """Whether *before* was asked for and is not there, and *after* is; what only grows was more."""
    if before is None or there is None:
        return False
    if field == "engine_version":
        wanted = version_numbers(str(before))
        return wanted > version_numbers(str(there))[: len(wanted)] and _runs(str(after), str(there))
    if field == "storage_gib":
        return bool(before > there >= after)
    return bool(before != there == after)


def _runs(asked: str, there: str) -> bool:
    wanted = version_numbers(asked)
    return version_numbers(there)[: len(wanted)] == wanted
