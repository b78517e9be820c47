"""Host names that one client must not have beside another's."""

from __future__ import annotations

from typing import Any

import pytest

from tests.portfolios import local_portfolio, tenant
from tiers.portfolio.host_names import domain_faults, host_name_faults, shared_names
from tiers.portfolio.tenant import Tenant


def faults(*tenants: Tenant, **fields: Any) -> list[str]:
    about = local_portfolio().platform.model_copy(update=fields)
    by_place = {each.tenant: each for each in tenants}
    return [
        f"{place}: {'.'.join(map(str, where))}: {said}"
        for place, (where, said) in host_name_faults(by_place, about)
    ]


def named(name: str, client: str, hostname: str, **more: Any) -> Tenant:
    return tenant(name, client=client, hostname=hostname, **more)


@pytest.mark.parametrize("below", ["shop.example.com", "a.b.example.com"])
def test_a_parent_domain_of_another_clients_name_is_refused(below: str) -> None:
    upper = named("upper", "one", "example.com")
    (said,) = faults(named("lower", "two", below), upper)
    assert said == (
        f"upper: hostname: 'example.com' is the parent domain of '{below}', which is another client's "
        "(lower): its pages could set cookies there; choose a domain of its own"
    )
    assert faults(named("lower", "one", below), upper) == []
    assert faults(named("lower", "two", "notexample.com"), upper) == []


@pytest.mark.parametrize("name", ["vega.example", "shop.vega.example"])
def test_a_name_in_the_domain_of_another_client_is_refused(name: str) -> None:
    domains = {"vega": ("vega.example",)}
    (said,) = faults(named("mine", "other", name), client_domains=domains)
    assert said == f"mine: hostname: '{name}' lies in a domain of client vega, as client_domains says"
    assert faults(named("mine", "vega", name), client_domains=domains) == []
    assert faults(named("mine", "new", name, first_client="vega"), client_domains=domains) == []
    assert faults(named("mine", "other", "notvega.example"), client_domains=domains) == []


def test_the_nearest_domain_counts() -> None:
    domains = {"vega": ("vega.example",), "shop": ("shop.vega.example",)}
    assert faults(named("mine", "shop", "a.shop.vega.example"), client_domains=domains) == []
    assert len(faults(named("mine", "vega", "a.shop.vega.example"), client_domains=domains)) == 1


def test_tenants_of_one_client_are_renamed_one_after_the_other() -> None:
    renamed = named("upper", "new", "example.com", first_client="old")
    assert faults(renamed, named("lower", "old", "shop.example.com")) == []
    assert faults(renamed, named("lower", "new", "shop.example.com")) == []


def test_a_domain_has_one_client() -> None:
    about = local_portfolio().platform
    domains = {"vega": ("vega.example", "both.example"), "acme": ("both.example",)}
    found = list(domain_faults(about.model_copy(update={"client_domains": domains})))
    assert found == [(("client_domains", "acme", 0), "'both.example' is already a domain of client vega")]


@pytest.mark.parametrize("field", ["aliases", "redirects"])
def test_further_names_are_held_to_the_same(field: str) -> None:
    upper = named("upper", "one", "upper.example", routes={field: ["other.example", "example.com"]})
    (said,) = faults(named("lower", "two", "lower.example", routes={field: ["shop.example.com"]}), upper)
    assert said.startswith(
        f"upper: routes.{field}.1: 'example.com' is the parent domain of 'shop.example.com'"
    )
    mine = named("mine", "other", "mine.example", routes={field: ["shop.vega.example"]})
    (said,) = faults(mine, client_domains={"vega": ("vega.example",)})
    assert said.startswith(f"mine: routes.{field}.0: 'shop.vega.example' lies in a domain of client vega")


@pytest.mark.parametrize("theirs", ["hostname", "aliases", "redirects"])
@pytest.mark.parametrize("mine", ["hostname", "aliases", "redirects"])
def test_no_name_is_two_tenants_in_whatever_field(mine: str, theirs: str) -> None:
    def with_name(name: str, field: str) -> Tenant:
        if field == "hostname":
            return named(name, "one", "shop.example")
        return named(name, "one", f"{name}.example", routes={field: ["shop.example"]})

    one, other = with_name("one", theirs), with_name("other", mine)
    place = ("hostname",) if mine == "hostname" else ("routes", mine, 0)
    wanted = [("other", (place, "'shop.example' is already used in one"))]
    assert list(shared_names({"one": one, "other": other})) == wanted
    assert list(shared_names({"other": other}, {"one": one})) == wanted


def test_a_tenant_has_a_name_once() -> None:
    twice = named("one", "one", "shop.example", routes={"aliases": ["shop.example"]})
    (found,) = shared_names({"one": twice})
    assert found == (
        "one",
        (("routes", "aliases", 0), "'shop.example' is already a host name of this tenant"),
    )
