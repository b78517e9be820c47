"""Security is a cost of its own from rulebook 2026-12 on, however a bill calls what watches."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as trying
from hypothesis import strategies as st

from allocation.charges import ChargePeriod
from allocation.engine.attribution import Decider, Known, Shape
from allocation.engine.rulebook import rules_on
from allocation.estimate.assumptions import Assumptions
from allocation.money import units_of
from allocation.preview.cost_estimate import Conditions, CostEstimate, cost_estimate
from tests.allocation.previews import prices
from tests.allocation.small import tagged
from tests.portfolios import plan_of, tenant, watched_over
from tiers.plan.plan import Plan
from tiers.vocabulary import CostCategory, CostDomain

BEFORE, NOW = rules_on(date(2026, 11, 30)), rules_on(date(2026, 12, 1))
DECEMBER = ChargePeriod.month("2026-12")
KNOWN = Known(
    tenants=frozenset({"acme"}),
    kinds={"platform/key": "key", "platform/eu-west-1/key": "key", "labour//patching": "labour"},
    domains={"platform/eu-west-1/key": CostDomain.RESILIENCE},
    second_regions=frozenset({"platform/eu-west-1/key"}),
)
WATCHING = [
    ("Amazon GuardDuty", "Security"),
    ("AmazonGuardDuty", ""),
    ("AWS CloudTrail", "Management and Governance"),
    ("AWSCloudTrail", ""),
    ("AWS Config", "Management and Governance"),
    ("AWSConfig", ""),
    ("Amazon Inspector", "Security"),
    ("AmazonInspectorV2", ""),
    ("AWS Security Hub", "Security"),
    ("AWSSecurityHub", ""),
    ("AWS WAF", "Security"),
    ("awswaf", ""),
    ("Amazon Macie", "Security"),
    ("AmazonMacie", ""),
    ("AWS Key Management Service", "Identity"),
    ("awskms", ""),
    ("AWS Secrets Manager", "Security"),
    ("AWSSecretsManager", ""),
    ("AWS Certificate Manager", "Security"),
    ("AWSCertificateManager", ""),
]


def shape(service: str, category: str = "", **more: Any) -> Shape:
    """A charge of *service*, whose FOCUS category a CUR does not have."""
    return Shape("{}", "", service, category, "Usage", "")._replace(**more)


@pytest.mark.parametrize(("service", "category"), WATCHING)
def test_what_watches_over_the_account_is_everybodys_security(service: str, category: str) -> None:
    decision = Decider(KNOWN, NOW).decide(shape(service, category))
    found = (decision.disposition, decision.pool, decision.category)
    assert found == ("pooled", "security", CostCategory.SECURITY)
    own = Decider(KNOWN, NOW).decide(shape(service, category, tags=tagged("acme")["tags"]))
    assert (own.disposition, own.tenant, own.category) == ("direct", "acme", CostCategory.SECURITY)


def test_before_most_of_it_was_nobodys() -> None:
    decided = [Decider(KNOWN, BEFORE).decide(shape(*each)) for each in WATCHING]
    nobodys = {
        service for (service, _), one in zip(WATCHING, decided, strict=True) if one.disposition != "pooled"
    }
    assert {"AmazonGuardDuty", "AWS CloudTrail", "AWS Config", "awswaf", "AmazonMacie"} <= nobodys


def test_a_key_of_what_is_shared_is_security_and_one_that_waits_is_resilience() -> None:
    decide = Decider(KNOWN, NOW).decide
    here, there = (decide(shape("awskms", fact=f"platform/{name}")) for name in ("key", "eu-west-1/key"))
    assert (here.pool, here.category) == ("security", CostCategory.SECURITY)
    assert (there.pool, there.category) == ("second-region", CostCategory.RESILIENCE)


def test_patches_for_everybody_are_everybodys_security() -> None:
    tags = '{"cost/category": "security"}'
    decision = Decider(KNOWN, NOW).decide(shape("Labour", "Other", fact="labour//patching", tags=tags))
    assert (decision.pool, decision.category) == ("security", CostCategory.SECURITY)


def test_images_are_storage_of_the_platform() -> None:
    decision = Decider(KNOWN, NOW).decide(shape("AmazonECR"))
    assert (decision.pool, decision.category) == ("platform", CostCategory.STORAGE)


def estimated(plan: Plan) -> CostEstimate:
    return cost_estimate(plan, Conditions(DECEMBER, prices(), NOW, Assumptions(date(2026, 12, 31))))


@trying(max_examples=6)
@given(st.lists(st.integers(1, 400), min_size=1, max_size=3))
def test_an_estimate_divides_what_the_platform_declares_by_users(users: list[int]) -> None:
    tenants = [tenant(f"t{number}", options={"users": each}) for number, each in enumerate(users)]
    found = estimated(plan_of(*tenants, platform=watched_over())).statement
    # 2 million events at 0.000004, 4,000 items at 0.003, 4 hours at 60; a shared key at 1, the shared
    # server's secret at 0.40.
    whole = units_of(Decimal("261.4"))
    shares = {line.tenant: line.pooled.get("security", 0) for line in found.tenants}
    assert sum(shares.values()) == whole
    assert not found.unallocated
    for number, each in enumerate(users):
        assert abs(shares[f"t{number}"] - Fraction(whole * each, sum(users))) < 1
    assert all(line.by_category[CostCategory.SECURITY] >= shares[line.tenant] for line in found.tenants)


def test_enhanced_controls_are_hours_of_ones_own() -> None:
    sold = {"tier": "dedicated-db", "data_residency": ("us-east-1",)}
    plan = plan_of(
        tenant("acme", **sold, options={"users": 5, "controls": "enhanced"}), tenant("borealis", **sold)
    )
    lines = {line.tenant: line for line in estimated(plan).statement.tenants}
    own = {
        name: sum(
            cell.units for cell in line.cells if cell.category is CostCategory.SECURITY and not cell.pool
        )
        for name, line in lines.items()
    }
    # An hour of patches and two of reviews at 60 beside its key and its server's secret.
    assert own["acme"] - own["borealis"] == units_of(Decimal(180))
