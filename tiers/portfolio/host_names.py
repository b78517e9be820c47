"""Host names that one client must not have, because another's depend on them.

A page may set a cookie for its own domain or a parent of it, and browsers send it to every name below that
(RFC 6265, sections 5.1.3 and 5.3): of two clients one of which has the parent domain of the other, each can
give the other's visitors a session of its own choice. Two names beside each other can do the same through
the domain above both, unless browsers take that for a public suffix (section 5.3, step 5): no name of a
tenant shows that, so it is not checked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeVar

from tiers.portfolio.platform import Platform
from tiers.portfolio.tenant import Tenant
from tiers.strict_yaml import Fault

Place = TypeVar("Place")


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
) -> Iterator[tuple[Place, Place, str]]:
    """Tenants of *upper* whose host name is a parent domain of another client's in *lower*.

    Returns:
        The place of the upper one, that of the lower one, and why it is refused.
    """
    by_name = {tenant.hostname: (place, tenant) for place, tenant in upper.items()}
    for place, tenant in lower.items():
        for domain in parent_domains(tenant.hostname):
            at, above = by_name.get(domain, (place, tenant))
            if _party(above) != _party(tenant):
                sentence = (
                    f"'{domain}' is the parent domain of '{tenant.hostname}', which is another client's "
                    f"({place}): its pages could set cookies there; choose a domain of its own"
                )
                yield at, place, sentence


def domain_faults(platform: Platform) -> Iterator[Fault]:
    """Domains that `client_domains` gives to two clients."""
    first: dict[str, str] = {}
    for client, domains in platform.client_domains.items():
        for index, domain in enumerate(domains):
            if (other := first.setdefault(domain, client)) != client:
                yield ("client_domains", client, index), f"'{domain}' is already a domain of client {other}"


def _party(tenant: Tenant) -> str:
    """The client, by its first name: its tenants are renamed one after the other."""
    return tenant.first_client or tenant.client


def host_name_faults(
    by_place: Mapping[Place, Tenant], platform: Platform | None
) -> Iterator[tuple[Place, Fault]]:
    """The tenants whose host name is a parent of another client's, or lies in another client's domain."""
    for place, _, sentence in parents(by_place, by_place):
        yield place, (("hostname",), sentence)
    if platform is not None:
        yield from others_domains(by_place, platform)


def others_domains(by_place: Mapping[Place, Tenant], platform: Platform) -> Iterator[tuple[Place, Fault]]:
    """The tenants with a host name in a domain that *platform*, of any portfolio, gives to another client."""
    owners = {domain: client for client, domains in platform.client_domains.items() for domain in domains}
    for place, tenant in by_place.items():
        above = (tenant.hostname, *parent_domains(tenant.hostname))
        owner = next((owners[each] for each in above if each in owners), None)
        if owner not in {None, tenant.client, tenant.first_client}:
            said = f"'{tenant.hostname}' lies in a domain of client {owner}, as client_domains says"
            yield place, (("hostname",), said)
