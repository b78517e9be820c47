from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.portfolios import catalog, local_portfolio, tenant
from tiers.errors import CatalogError
from tiers.plan.resolve import resolve
from tiers.portfolio.tenant import Portfolio, Tenant
from tiers.portfolio.what_if import AssumedPortfolio, with_more, with_tenant, with_tiers


def of(assumed: AssumedPortfolio, name: str) -> Tenant:
    return next(each for each in assumed.portfolio.tenants if each.tenant == name)


def acme(tier: str | None = None, **settings: str) -> AssumedPortfolio:
    return with_tenant(catalog(), local_portfolio(), "acme", tier, settings)


def test_a_tier_is_one_line_of_one_tenant() -> None:
    assumed = acme("dedicated-db")
    assert of(assumed, "acme") == of(AssumedPortfolio(local_portfolio()), "acme").model_copy(
        update={"tier": "dedicated-db"}
    )
    assert [each for each in assumed.portfolio.tenants if each.tenant != "acme"] == [
        each for each in local_portfolio().tenants if each.tenant != "acme"
    ]
    assert assumed.notes == ()


def test_settings_are_written_as_in_the_file() -> None:
    changed = of(acme(users="80", data_residency="us-east-1,eu-west-1", budget_per_month="400.00"), "acme")
    assert changed.options.users == 80
    assert changed.data_residency == ("us-east-1", "eu-west-1")
    assert str(changed.budget_per_month) == "400.00"


def test_an_empty_setting_is_taken_out() -> None:
    assert of(AssumedPortfolio(local_portfolio()), "borealis").options.database_gib == 8
    assumed = with_tenant(catalog(), local_portfolio(), "borealis", settings={"database_gib": ""})
    assert of(assumed, "borealis").options.database_gib is None


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"user": "1"}, "a tenant has no setting 'user'; did you mean users?"),
        ({"colour": "red"}, "a tenant has no setting 'colour'; there are users, database_gib"),
        ({"users": "many"}, "what if: tenant acme: options.users: expected a whole number, found 'many'"),
        ({"users": ""}, "options.users: is missing"),
        ({"controls": "enhanced"}, "tier shared-namespace is not sold with enhanced controls"),
    ],
)
def test_a_setting_that_cannot_be_is_reported(settings: dict[str, str], message: str) -> None:
    with pytest.raises(CatalogError, match=message.replace("(", "\\(")):
        with_tenant(catalog(), local_portfolio(), "acme", settings=settings)


def test_an_unknown_tenant_is_reported_with_the_known_ones() -> None:
    with pytest.raises(CatalogError, match="'acmee' is not in portfolio local; there are acme, acme-staging"):
        with_tenant(catalog(), local_portfolio(), "acmee")


def test_an_unknown_tier_is_reported() -> None:
    with pytest.raises(CatalogError, match="tier: 'gold' is not in the catalog; there are cross-region"):
        acme("gold")


def test_the_second_region_comes_and_goes_with_the_tier() -> None:
    there = acme("cross-region-backup")
    assert of(there, "acme").options.dr_region == "eu-west-1"
    assert there.notes == ("acme: options.dr_region is assumed to be eu-west-1, the platform's only one",)
    back = with_tenant(catalog(), there.portfolio, "acme", "dedicated-db")
    assert of(back, "acme").options.dr_region is None
    assert back.notes == ("acme: options.dr_region is dropped: dedicated-db copies nothing",)


def test_a_second_region_that_was_named_is_kept_or_refused() -> None:
    with pytest.raises(CatalogError, match="dedicated-db keeps no copies"):
        acme("dedicated-db", dr_region="eu-west-1")


def test_a_contract_is_not_broken_on_the_way() -> None:
    promised = tenant(tier="ha-postgresql", options={"users": 5, "resilience_class": "business-critical"})
    portfolio = Portfolio(platform=local_portfolio().platform, tenants=(promised,))
    with pytest.raises(CatalogError, match="tier dedicated-db cannot honour business-critical"):
        with_tenant(catalog(), portfolio, "acme", "dedicated-db")


def test_all_tenants_of_a_tier_move() -> None:
    assumed = with_tiers(catalog(), local_portfolio(), {"shared-namespace": "dedicated-db"})
    tiers = {each.tenant: each.tier for each in assumed.portfolio.tenants}
    assert tiers["acme"] == tiers["acme-staging"] == tiers["borealis-migration"] == "dedicated-db"
    assert tiers["halcyon"] == "ha-postgresql"


def test_all_means_every_tier() -> None:
    assumed = with_tiers(catalog(), local_portfolio(), {"all": "ha-postgresql"})
    assert {each.tier for each in assumed.portfolio.tenants} == {"ha-postgresql"}


def test_a_move_from_no_tier_is_reported() -> None:
    with pytest.raises(CatalogError, match="tier 'bronze' is not in the catalog"):
        with_tiers(catalog(), local_portfolio(), {"bronze": "ha-postgresql"})


def test_more_tenants_are_as_large_as_those_there_are() -> None:
    assumed = with_more(catalog(), local_portfolio(), "shared-namespace", 3)
    names = {each.tenant for each in assumed.portfolio.tenants}
    assert {"another-1", "another-2", "another-3"} <= names
    assert of(assumed, "another-2").options.users == 9  # acme has 8, borealis 10
    assert assumed.notes[0] == "3 more on shared-namespace with 9 users each, the average of those on it"


def test_more_tenants_on_an_unused_tier_are_as_large_as_its_fair_use() -> None:
    alone = Portfolio(platform=local_portfolio().platform, tenants=(tenant(),))
    assumed = with_more(catalog(), alone, "ha-postgresql", 1)
    assert of(assumed, "another-1").options.users == 80
    assert "its fair use" in assumed.notes[0]


def test_names_that_are_taken_are_not_given_again() -> None:
    once = with_more(catalog(), local_portfolio(), "shared-namespace", 2).portfolio
    twice = with_more(catalog(), once, "shared-namespace", 2).portfolio
    assert len({each.tenant for each in twice.tenants}) == len(local_portfolio().tenants) + 4


def test_more_replications_than_a_region_takes_are_refused() -> None:
    with pytest.raises(CatalogError, match="AWS allows 20 per region"):
        with_more(catalog(), local_portfolio(), "cross-region-backup", 20)


_OPTIONS = st.fixed_dictionaries(
    {"users": st.integers(1, 200).map(str)}, optional={"database_gib": st.integers(1, 300).map(str)}
)


@given(tier=st.sampled_from(sorted(catalog().tiers)), settings=_OPTIONS)
@settings(max_examples=40, deadline=None)
def test_what_is_supposed_can_be_planned_and_taken_back(tier: str, settings: dict[str, str]) -> None:
    there = with_tenant(catalog(), local_portfolio(), "acme", tier, settings).portfolio
    assert [each.tenant for each in resolve(catalog(), there).tenants] == [
        each.tenant for each in local_portfolio().tenants
    ]
    undone = dict.fromkeys(settings, "") | {"users": "8"}
    assert with_tenant(catalog(), there, "acme", "shared-namespace", undone).portfolio == local_portfolio()
