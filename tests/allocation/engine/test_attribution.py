from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from allocation.engine.attribution import Decider, Known, Shape
from tests.allocation.rulebooks import PLATFORM, POOL, RULE, rulebook
from tests.allocation.small import Line, Usage, allocated, paid, present, tagged, total
from tiers.vocabulary import CostCategory, CostDomain

DIRECT: dict[str, Any] = {"rule": "direct", "direct": True, "when": {"owner": "tenant"}}
RULES = rulebook(
    POOL, PLATFORM, rules=[DIRECT, RULE | {"when": {"services": ["Amazon Elastic Compute Cloud"]}}]
)
KNOWN = Known(
    tenants=frozenset({"acme"}),
    kinds={"acme/db": "database-instance", "platform/db": "database-instance"},
    owners={"acme/db": "acme"},
    domains={"acme/db": CostDomain.RESILIENCE},
    resources={"arn:aws:rds:x": "acme/db"},
)
OF_A_TENANT = {"cost/client", "cost/tenant", "cost/environment", "cost/service-tier", "cost/recovery-class"}
NOTHING = Shape("{}", "", "", "", "Usage", "")


def test_tags_name_the_tenant_however_the_bill_spells_them() -> None:
    tags = json.loads(tagged("acme")["tags"])
    for spelling in ("{}", "user:{}", "resourceTags/user:{}"):
        text = json.dumps({spelling.format(key): value for key, value in tags.items()})
        decision = Decider(KNOWN, RULES).decide(NOTHING._replace(tags=text))
        assert (decision.disposition, decision.tenant, decision.rule) == ("direct", "acme", "direct")


def test_a_line_that_lost_its_tags_is_known_by_its_resource() -> None:
    decision = Decider(KNOWN, RULES).decide(NOTHING._replace(fact="acme/db"))
    assert (decision.tenant, decision.domain) == ("acme", CostDomain.RESILIENCE)


def test_an_unknown_tenant_is_unallocated_by_name() -> None:
    decision = Decider(KNOWN, RULES).decide(NOTHING._replace(tags=tagged("ghost")["tags"]))
    assert (decision.disposition, decision.tenant) == ("unallocated", None)
    assert decision.rule == "unknown-tenant: the inventory has no tenant 'ghost'"


def test_a_charge_of_another_portfolio_of_the_account_is_nobodys_here() -> None:
    """Both may have a tenant of that name, and both have a platform."""
    ours = dataclasses.replace(KNOWN, portfolios=frozenset({"local"}))
    shared = {
        key: value for key, value in json.loads(tagged("acme")["tags"]).items() if key not in OF_A_TENANT
    }
    tags = {
        "tenant": json.loads(tagged("acme")["tags"]),
        "platform": shared | {"cost/domain": "shared-platform"},
    }
    for what, cost in tags.items():
        named = {of: cost | {"cost/portfolio": of} for of in ("local", "mine")} | {"": cost}
        decided = {
            of: Decider(ours, RULES).decide(
                NOTHING._replace(tags=json.dumps(each), service="Amazon Elastic Compute Cloud")
            )
            for of, each in named.items()
        }
        assert decided["local"] == decided[""], what
        assert decided["local"].disposition == ("direct" if what == "tenant" else "pooled")
        assert (decided["mine"].disposition, decided["mine"].tenant) == ("unallocated", None)
        assert decided["mine"].rule == "another-portfolio: tagged with portfolio 'mine'"


def test_what_no_rule_claims_is_unallocated_with_the_reason() -> None:
    decision = Decider(KNOWN, RULES).decide(NOTHING._replace(service="Amazon Braket"))
    assert decision.rule == "no-rule: no rule of rulebook test claims Amazon Braket"


@pytest.mark.parametrize(
    ("when", "matches"),
    [
        ({"owner": "shared"}, True),
        ({"owner": "tenant"}, False),
        ({"facts": ["database-instance"]}, True),
        ({"services": ["A", "B"]}, True),
        ({"services": ["B"]}, False),
        ({"charge_categories": ["Tax"]}, False),
        ({"domains": ["shared-platform"]}, True),
        ({"categories": ["storage"]}, True),
        ({"sub_accounts": ["2"]}, False),
        ({"sub_accounts": [" 000000000001 "]}, True),  # a spreadsheet took the zeros of the bill away
        ({"tags": {"team": "a"}}, True),
        ({"tags": {"team": "a", "x": "y"}}, False),
        ({"services": ["A"], "categories": ["compute"]}, False),
    ],
)
def test_a_rule_matches_when_all_it_names_is_true(when: dict[str, Any], *, matches: bool) -> None:
    rules = rulebook(POOL, rules=[{"rule": "r", "pool": "nodes", "when": when}])
    shape = Shape('{"team": "a"}', "platform/db", "A", "Storage", "Usage", "1")
    assert (Decider(KNOWN, rules).decide(shape).disposition == "pooled") is matches


def test_the_first_rule_that_matches_decides() -> None:
    first = {"rule": "first", "unallocated_because": "a dispute with the provider"}
    decision = Decider(KNOWN, rulebook(POOL, rules=[first, RULE])).decide(NOTHING)
    assert decision.rule == "first: a dispute with the provider"


@pytest.mark.parametrize(
    ("tags", "service_category", "expected"),
    [
        ({}, "Storage", CostCategory.STORAGE),
        ({}, "Quantum", CostCategory.SUPPORT),
        ({"cost/category": "security"}, "Storage", CostCategory.SECURITY),
        ({"cost/category": "nonsense"}, "Storage", CostCategory.STORAGE),
    ],
)
def test_the_category_is_the_tags_or_the_services(
    tags: dict[str, str], service_category: str, expected: CostCategory
) -> None:
    shape = NOTHING._replace(tags=json.dumps(tags), service_category=service_category)
    assert Decider(KNOWN, RULES).decide(shape).category is expected


def test_a_kind_of_charge_that_nobody_knows_is_unallocated_by_name() -> None:
    of_acme = NOTHING._replace(tags=tagged("acme")["tags"], charge_category="Gift")
    decision = Decider(KNOWN, RULES).decide(of_acme)
    assert (decision.disposition, decision.tenant, decision.rule) == (
        "unallocated",
        None,
        "unknown-category: Gift",
    )
    claiming = rulebook(
        POOL, rules=[{"rule": "gifts", "when": {"charge_categories": ["Gift"]}, "pool": "nodes"}]
    )
    assert Decider(KNOWN, claiming).decide(of_acme).pool == "nodes"


def test_every_line_is_somewhere() -> None:
    lines = [
        Line(100, values=tagged("acme")),
        Line(-30, values=tagged("acme") | {"charge_category": "Credit"}),
        Line(1000),
        Line(-10, values={"charge_category": "Credit"}),
        Line(7, values=tagged("ghost")),
        Line(5, values={"service": "Amazon Braket", "service_category": None}),
        Line(3, values={"resource_id": "arn:aws:rds:x", "tags": '{"cost/tenant": "ACME!"}'}),
    ]
    answer = allocated(lines, [Usage("acme", "cpu-requests", 1)], present("acme"), RULES, KNOWN)
    assert paid(answer) == {("acme", "direct"): 70, ("acme", "nodes"): 990}
    assert {item.units for item in answer.unallocated} == {7, 5, 3}
    assert total(answer) == answer.charged == 1075
