"""What of a platform no update may change while it is deployed: namespaces, whose its cluster is, logins."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from tiers.change.cache_logins import CacheLogins, cache_logins, forbidden_logins
from tiers.facts.compute import ClusterControlPlane, Namespace
from tiers.facts.names import OPERATIONS_NAMESPACE
from tiers.facts.record import Origin
from tiers.plan.plan import Plan


class Lasting(NamedTuple):
    """What of a platform lasts as long as it is deployed; '' where it is not known.

    Attributes:
        operations: The namespace of database jobs, whose name has the prefix of all namespaces.
        cluster: The name of the cluster.
        origin: Whether Costack created the cluster, or adopted it.
        logins: Who may log in to the shared session cache; None where it is not known.
    """

    operations: str = ""
    cluster: str = ""
    origin: str = ""
    logins: CacheLogins | None = None


def lasting(facts: Iterable[Mapping[str, Any]]) -> Lasting:
    """The same of the facts of a platform, as plain data of any version."""
    known = list(facts)
    found = Lasting(logins=cache_logins(known))
    for each in known:
        namespace = str(each.get("namespace"))
        if each.get("kind") == _kind(Namespace) and namespace.endswith(OPERATIONS_NAMESPACE):
            found = found._replace(operations=namespace)
        if each.get("kind") == _kind(ClusterControlPlane):
            found = found._replace(cluster=str(each.get("cluster")), origin=str(each.get("origin") or ""))
    return found


def _kind(fact: type[Namespace | ClusterControlPlane]) -> str:
    return str(fact.model_fields["kind"].default)


def platform_faults(before: Plan, after: Plan) -> tuple[str, ...]:
    """Why the next update may not make the platform of *after* of that of *before*."""
    return tuple(forbidden_of_platform(lasting_of(before), lasting_of(after)))


def lasting_of(plan: Plan) -> Lasting:
    """What of the platform of *plan* lasts."""
    return lasting(fact.model_dump(mode="json") for fact in plan.platform)


def forbidden_of_platform(before: Lasting, after: Lasting, stack: str = "NAME") -> Iterator[str]:
    """Why a platform that is deployed in *stack* as *before* may not become *after*; nothing where it may."""
    if before.operations not in ("", after.operations):
        yield (
            "cluster.namespace_prefix cannot change while the portfolio is deployed: every namespace would "
            f"be deleted, such as '{before.operations}'; put it back as it was"
        )
    yield from forbidden_logins(before.logins, after.logins, stack)
    if before.origin in ("", after.origin):
        return
    if before.origin == Origin.CREATED:
        yield (
            "cluster.created cannot be taken out while the portfolio is deployed: cluster "
            f"'{before.cluster}' would be deleted with its nodes and everything in it; put it back as it was"
        )
    else:
        yield (
            "cluster.created cannot be added while the portfolio is deployed: a new, empty cluster "
            f"'{after.cluster}' would be made, and everything of the tenants stays in the adopted one; take "
            "it out again, or give the new cluster a portfolio of its own"
        )
