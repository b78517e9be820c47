"""Host names that one client must not have, because another's depend on them; and names that two have.

A page may set a cookie for its own domain or a parent of it, and browsers send it to every name below that
(RFC 6265, sections 5.1.3 and 5.3): of two clients one of which has the parent domain of the other, each can
give the other's visitors a session of its own choice. Two names beside each other can do the same through
the domain above both, unless browsers take that for a public suffix (section 5.3, step 5): no name of a
tenant shows that, so it is not checked. Aliases and redirects count as host names do: who has one today may
serve pages at it tomorrow.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple, TypeVar

from tiers.portfolio.platform import Platform
from tiers.portfolio.tenant import Tenant
from tiers.strict_yaml import Fault, Location

Place = TypeVar("Place")


class Name(NamedTuple):
    """A host name of a tenant, and where its file says it."""

    where: Location
    host: str


def names_of(tenant: Tenant) -> tuple[Name, ...]:
    """All host names of *tenant*, the one that people know first."""
    cdn = tenant.routes.cdn
    own = [Name(("routes", "cdn", "hostname"), cdn.hostname)] if cdn else []
    return (*routed_names_of(tenant), *own)


def routed_names_of(tenant: Tenant) -> tuple[Name, ...]:
    """The host names of *tenant* that lead to the ingress controller, the one that people know first."""
    routes = tenant.routes
    return (
        Name(("hostname",), tenant.hostname),
        *(Name(("routes", "aliases", index), host) for index, host in enumerate(routes.aliases)),
        *(Name(("routes", "redirects", index), host) for index, host in enumerate(routes.redirects)),
    )


def parent_domains(name: str) -> Iterator[str]:
    """The domains that *name* is below, the nearest first.

    >>> list(parent_domains("shop.example.com"))
    ['example.com', 'com']
    """
    while "." in name:
        _, _, name = name.partition(".")
        yield name


def parents(
    upper: Mapping[Place, Tenant], lower: Mapping[Place, Tenant]
) -> Iterator[tuple[tuple[Place, Fault], tuple[Place, Fault]]]:
    """Names of *upper* that are parent domains of another client's in *lower*.

    Returns:
        Why it is refused, as a fault of the upper one at its place, and of the lower one at its own.
    """
    by_name = {
        name.host: (place, tenant, name) for place, tenant in upper.items() for name in names_of(tenant)
    }
    for place, tenant in lower.items():
        for name in names_of(tenant):
            for domain in parent_domains(name.host):
                if domain not in by_name:
                    continue
                at, above, known = by_name[domain]
                if not _same_client(above, tenant):
                    sentence = (
                        f"'{domain}' is the parent domain of '{name.host}', which is another client's "
                        f"({place}): its pages could set cookies there; choose a domain of its own"
                    )
                    yield (at, (known.where, sentence)), (place, (name.where, sentence))


def domain_faults(platform: Platform) -> Iterator[Fault]:
    """Domains that `client_domains` gives to two clients."""
    first: dict[str, str] = {}
    for client, domains in platform.client_domains.items():
        for index, domain in enumerate(domains):
            if (other := first.setdefault(domain, client)) != client:
                yield ("client_domains", client, index), f"'{domain}' is already a domain of client {other}"


def _same_client(one: Tenant, other: Tenant) -> bool:
    """By either name: a client's tenants are renamed one by one, and a new one has the new name only."""
    return one.client == other.client or _first_name(one) == _first_name(other)


def _first_name(tenant: Tenant) -> str:
    return tenant.first_client or tenant.client


def host_name_faults(
    by_place: Mapping[Place, Tenant], platform: Platform | None
) -> Iterator[tuple[Place, Fault]]:
    """The tenants whose host name is a parent of another client's, or lies in another client's domain."""
    for above, _ in parents(by_place, by_place):
        yield above
    if platform is not None:
        yield from others_domains(by_place, platform)


def others_domains(by_place: Mapping[Place, Tenant], platform: Platform) -> Iterator[tuple[Place, Fault]]:
    """The tenants with a host name in a domain that *platform*, of any portfolio, gives to another client."""
    owners = {domain: client for client, domains in platform.client_domains.items() for domain in domains}
    for place, tenant in by_place.items():
        for name in names_of(tenant):
            above = (name.host, *parent_domains(name.host))
            owner = next((owners[each] for each in above if each in owners), None)
            if owner not in {None, tenant.client, tenant.first_client}:
                said = f"'{name.host}' lies in a domain of client {owner}, as client_domains says"
                yield place, (name.where, said)


def shared_names(
    mine: Mapping[Place, Tenant], others: Mapping[Place, Tenant] | None = None
) -> Iterator[tuple[Place, Fault]]:
    """Names of *mine* that another of them has, or one of *others* if these are given."""
    first: dict[str, Place] = {}
    for place, tenant in (others or {}).items():
        first.update(dict.fromkeys((name.host for name in names_of(tenant)), place))
    for place, tenant in mine.items():
        here: set[str] = set()
        for name in names_of(tenant):
            if others is None and name.host in here:
                yield place, (name.where, f"'{name.host}' is already a host name of this tenant")
            elif name.host in first:
                yield place, (name.where, f"'{name.host}' is already used in {first[name.host]}")
            elif others is None:
                first[name.host] = place
            here.add(name.host)
