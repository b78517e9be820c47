from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocation.charges import ChargePeriod
from allocation.preview.cost_estimate import Conditions
from lifecycle.adoption.checks import Evidence, findings
from lifecycle.adoption.need import missing_for_size, need_of
from lifecycle.adoption.phase import Phase
from lifecycle.adoption.sizing import choices, proposed_size
from lifecycle.adoption.state import AdoptedTenant
from lifecycle.adoption.subject import Subject
from tests.lifecycle.adoption.estates import confirmed, row
from tests.portfolios import catalog, local_portfolio
from tiers.errors import CatalogError
from tiers.vocabulary import Environment, ResilienceClass


def subject(headroom: int = 25, adopted: AdoptedTenant | None = None, **facts: Any) -> Subject:
    known = adopted or AdoptedTenant(spellings=(confirmed("larkspur"),))
    rows = (row("larkspur", **facts),)
    return Subject("larkspur", known, rows, local_portfolio().platform, catalog(), headroom)


def fitting(one: Subject) -> dict[str, str]:
    return {each.tier.tier: each.workload_class for each in choices(one)[0]}


def test_the_smallest_class_of_each_tier_that_holds_the_peak() -> None:
    # xs: web 1000 + cron 500 millicores, 2048 + 1024 MiB, as classes.yaml says.
    assert fitting(subject(0, peak_vcpu="1.5", peak_memory_gib="3"))["shared-namespace"] == "xs"
    assert fitting(subject(0, peak_vcpu="1.501", peak_memory_gib="3"))["shared-namespace"] == "s"
    assert fitting(subject(0, peak_vcpu="1.5", peak_memory_gib="3.001"))["shared-namespace"] == "s"
    assert fitting(subject(25, peak_vcpu="1.2", peak_memory_gib="2.4"))["shared-namespace"] == "xs"
    assert fitting(subject(26, peak_vcpu="1.2", peak_memory_gib="2.4"))["shared-namespace"] == "s"


def test_fair_use_bounds_the_tier_and_says_why() -> None:
    found, why_not = choices(subject(users=11, database_gib="8.1"))
    assert "shared-namespace" not in {each.tier.tier for each in found}
    assert why_not == ("shared-namespace: for 10 users, not 11; for database_gib 10, not 10.125",)


def test_a_contract_bounds_the_tier() -> None:
    found, why_not = choices(subject(resilience_class=ResilienceClass.BUSINESS_CRITICAL))
    assert {each.tier.tier for each in found} == {"ha-postgresql", "cross-region-backup"}
    assert "shared-namespace: promises standard, and the contract business-critical" in why_not


def test_what_is_not_sold_for_an_environment_holds_nothing() -> None:
    found, why_not = choices(subject(environment=Environment.DEVELOPMENT))
    assert {each.tier.tier for each in found} == {"shared-namespace", "dedicated-db"}
    assert len(why_not) == 2
    assert all("not sold for development" in each for each in why_not)


def test_a_sandbox_stays_quiet_and_production_never_is_one() -> None:
    staging = subject(environment=Environment.STAGING, peak_memory_gib="1.2")
    assert set(fitting(staging).values()) == {"sandbox"}
    assert fitting(subject(environment=Environment.STAGING, peak_memory_gib="1.21")) == {}
    assert "sandbox" not in fitting(subject(peak_vcpu="0.1", peak_memory_gib="0.1")).values()


def test_a_class_that_the_catalog_does_not_have_is_named() -> None:
    adopted = AdoptedTenant(spellings=(confirmed("larkspur"),), workload_class="huge")
    assert choices(subject(adopted=adopted)) == (
        (),
        ("workload_class: 'huge' is not in the catalog; there are m, s, sandbox, xs",),
    )


def test_a_machine_without_a_peak_counts_whole() -> None:
    need = need_of(subject(peak_vcpu=None, peak_memory_gib="1", vcpu="4", memory_gib="16"))
    assert (need.vcpu, need.memory_gib, need.measured) == (Decimal(4), Decimal(1), False)


def test_what_nobody_says_is_missing() -> None:
    told = missing_for_size(subject(database_gib=None, filestore_gib=None, peak_vcpu=None))
    assert [each.split(":")[0] for each in told] == ["database_gib", "filestore_gib", "peak_vcpu"]


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        ({}, ["peak_vcpu: line 3 does not say it", "peak_memory_gib: line 3 does not say it"]),
        ({"type": "aws:ec2/instance:Instance"}, ["peak_vcpu: line 3", "peak_memory_gib: line 3"]),
        ({"peak_vcpu": "1"}, ["peak_memory_gib: line 3"]),
        ({"storage_gib": "40", "memory_gib": "4"}, ["peak_vcpu: line 3"]),
        ({"storage_gib": "40"}, []),  # a disk elsewhere
        ({"type": "aws:s3/bucket:Bucket"}, []),
    ],
)
def test_a_second_machine_of_unknown_size_is_not_taken_for_none(facts: Any, told: list[str]) -> None:
    unknown = {"peak_vcpu": None, "peak_memory_gib": None}
    rows = (row("larkspur"), row("larkspur", 3, **{**unknown, **facts}))
    adopted = AdoptedTenant(spellings=(confirmed("larkspur"),))
    missing = missing_for_size(Subject("larkspur", adopted, rows, local_portfolio().platform, catalog(), 25))
    assert len(missing) == len(told)
    assert all(each.startswith(start) for each, start in zip(missing, told, strict=True)), missing


@pytest.fixture(scope="module")
def month() -> Conditions:
    return Conditions.of_month(ChargePeriod.month("2026-11"), "USD", {"us-east-1", "eu-west-1"})


def test_the_cheapest_is_proposed_with_cost_fee_and_margin(month: Conditions) -> None:
    size = proposed_size(subject(), local_portfolio(), month, "of-the-test")
    assert (size.tier, size.workload_class) == ("shared-namespace", "xs")
    assert size.fee_per_month == Decimal("249.00")
    assert size.margin_per_month == size.fee_per_month - size.cost_per_month
    assert 0 < size.cost_per_month < 249
    assert size.cost_today == Decimal("96.10")
    assert size.unpriced == 0
    assert size.why == "holds peak 0.6 vCPU and 1.4 GiB of memory, 25 % headroom"


@pytest.mark.whole("one row more of the test above")
def test_a_cost_of_today_that_is_not_known_of_every_row_says_so(month: Conditions) -> None:
    rows = (row("larkspur"), row("larkspur", 3, type="aws:s3/bucket:Bucket", cost_per_month=None))
    adopted = AdoptedTenant(spellings=(confirmed("larkspur"),))
    one = Subject("larkspur", adopted, rows, local_portfolio().platform, catalog(), 25)
    size = proposed_size(one, local_portfolio(), month, "of-the-test")
    assert (size.cost_today, size.rows_without_cost) == (Decimal("96.10"), 1)
    sized = replace(one, adopted=adopted.model_copy(update={"proposed": size}))
    told = findings(sized, Evidence(date(2026, 11, 30), "of-the-test"))[Phase.SIZE].proven
    assert "(today 96.10, and 1 row does not say it)" in told


def test_a_person_chooses_a_dearer_tier(month: Conditions) -> None:
    adopted = AdoptedTenant(spellings=(confirmed("larkspur"),), tier="dedicated-db", workload_class="m")
    size = proposed_size(subject(adopted=adopted), local_portfolio(), month, "of-the-test")
    assert (size.tier, size.workload_class) == ("dedicated-db", "m")
    assert size.fee_per_month == Decimal("649.00")


def test_what_nothing_holds_is_told_by_tier(month: Conditions) -> None:
    with pytest.raises(CatalogError) as error:
        proposed_size(subject(users=150), local_portfolio(), month, "of-the-test")
    assert len(error.value.problems) == 4
    assert "larkspur: dedicated-db: for 30 users, not 150" in error.value.problems


@given(
    st.decimals("0.01", 8, places=2),
    st.decimals("0.01", 24, places=2),
    st.integers(1, 100),
    st.decimals("0.1", 120, places=1),
    st.integers(0, 100),
)
def test_no_choice_is_smaller_than_what_was_measured(
    vcpu: Decimal, memory: Decimal, users: int, database: Decimal, headroom: int
) -> None:
    one = subject(headroom, peak_vcpu=vcpu, peak_memory_gib=memory, users=users, database_gib=database)
    found, why_not = choices(one)
    assert len(found) + len(why_not) == len(catalog().tiers)
    for each in found:
        offer = each.tier.offers[Environment.PRODUCTION]
        assert each.cpu_millicores * 100 >= vcpu * 1000 * (100 + headroom)
        assert each.memory_mib * 100 >= memory * 1024 * (100 + headroom)
        assert offer.fair_use.users >= users
        assert offer.fair_use.database_gib * 100 >= database * (100 + headroom)
