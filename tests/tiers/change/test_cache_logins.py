"""The way from the shared cache's token to users: which update may follow which, and why another may not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.portfolios import as_with_tokens, catalog, local_plan, local_portfolio
from tiers.change.cache_logins import CacheLogins, cache_logins
from tiers.change.platform import lasting
from tiers.deployed import Deployed, DeployedTenant, refusals
from tiers.plan.plan import Plan
from tiers.plan.resolve import resolve
from tiers.portfolio.rotation import TokenRotation


def at(number: int | None, stage: Any = None) -> Plan:
    """The local portfolio with that `cache.rotation`."""
    usual = local_portfolio()
    rotation = None if number is None else TokenRotation(number=number, stage=stage)
    cache = usual.platform.cache.model_copy(update={"rotation": rotation})
    platform = usual.platform.model_copy(update={"cache": cache})
    return resolve(catalog(), usual.model_copy(update={"platform": platform}))


def plain(plan: Plan) -> Mapping[str, Any]:
    """As an older version's record has it: without the fields that it did not know."""
    found: Mapping[str, Any] = plan.model_dump(mode="json")
    return found


def without_new_fields(plan: Plan) -> Mapping[str, Any]:
    found = dict(as_with_tokens(plan).model_dump(mode="json"))
    for fact in [*found["platform"], *(fact for each in found["tenants"] for fact in each["facts"])]:
        if fact["kind"] in ("cache-group", "cache-space"):
            fact.pop("users", None)
            fact.pop("user", None)
    return found


def said(before: Mapping[str, Any], after: Plan) -> list[str]:
    tenants = tuple(
        DeployedTenant(each["tenant"], f"urn::{each['tenant']}", applied=each) for each in before["tenants"]
    )
    deployed = Deployed((after.portfolio,), tenants, lasting(before["platform"]))
    return list(refusals(deployed, after, "local", catalog()))


def test_a_cache_with_a_token_gets_users_while_the_token_opens_it() -> None:
    early = without_new_fields(at(None))
    (sentence,) = said(early, at(None))
    assert "Run `costack rotate platform --begin --stack local`" in sentence
    assert sentence.endswith("; nothing was changed")
    assert said(early, at(1, "both-tokens")) == []
    assert said(without_new_fields(at(3)), at(4, "both-tokens")) == []


@pytest.mark.parametrize("number", [2, 7])
def test_the_number_is_that_of_the_token_that_pods_have(number: int) -> None:
    (sentence,) = said(without_new_fields(at(None)), at(number, "both-tokens"))
    assert "pods that run would be shut out" in sentence


def test_a_rotation_that_an_older_version_began_goes_on_with_users() -> None:
    """Its pods have one token or the other; both open the cache."""
    early = without_new_fields(at(4, "both-tokens"))
    assert said(early, at(4, "both-tokens")) == []
    (sentence,) = said(early, at(4))
    assert "pods that run would be shut out" in sentence


def test_the_token_ends_when_every_tenant_has_its_user() -> None:
    both = plain(at(1, "both-tokens"))
    assert said(both, at(1)) == []
    old = {each["tenant"]: each for each in without_new_fields(at(None))["tenants"]}
    late = {
        **both,
        "tenants": [
            old[each["tenant"]] if each["tenant"] in ("acme", "meridian") else each
            for each in both["tenants"]
        ],
    }
    (sentence,) = said(late, at(1))
    assert sentence.startswith("pods of acme may still log in to the shared session cache with the token")
    assert "{number: 1, stage: both-tokens}" in sentence
    assert "then `costack rotate platform --next --stack local`; " in sentence


def test_a_tenant_that_was_never_deployed_completely_may_have_the_token() -> None:
    both = plain(at(1, "both-tokens"))
    known = {each["tenant"]: each for each in both["tenants"]} | {"acme": None}
    tenants = tuple(DeployedTenant(name, f"urn::{name}", applied=plan) for name, plan in known.items())
    deployed = Deployed(("local",), tenants, lasting(both["platform"]))
    (sentence,) = refusals(deployed, at(1), "local", catalog())
    assert sentence.startswith("pods of acme may still log in to the shared session cache with the token")
    assert list(refusals(deployed, at(1, "both-tokens"), "local", catalog())) == []


def test_no_token_opens_a_cache_with_users_again() -> None:
    for before in (at(None), at(1)):
        (sentence,) = said(plain(before), at(2, "both-tokens"))
        assert "would let a token open the shared session cache again" in sentence
    assert said(plain(at(1)), at(1)) == []


def test_a_cache_of_its_own_is_no_shared_one() -> None:
    own = next(each for each in plain(local_plan())["tenants"] if each["tenant"] == "meridian")
    assert cache_logins(own["facts"]) is None
    assert cache_logins(plain(local_plan())["platform"]) == CacheLogins(users=True, number=0, replaced=None)
