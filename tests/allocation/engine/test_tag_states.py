"""A charge has no tags of ours, or they name one tenant, or are wrong: who is named is paid by no other."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocation.engine.attribution import Decider, Known, Shape, attributed
from tests.allocation.rulebooks import POOL, RULE, rulebook
from tests.allocation.small import TAGS, Line, Usage, allocated, loaded, paid, present, total
from tests.sampling import examples
from tiers.vocabulary import CostDomain

DIRECT: dict[str, Any] = {"rule": "direct", "direct": True, "when": {"owner": "tenant"}}
RULES = rulebook(POOL, rules=[DIRECT, RULE])
KNOWN = Known(
    tenants=frozenset({"acme", "zephyr", "ended"}),
    kinds={
        "acme/db": "database-instance",
        "zephyr/db": "database-instance",
        "platform/db": "database-instance",
    },
    owners={"acme/db": "acme", "zephyr/db": "zephyr"},
    domains={"acme/db": CostDomain.TENANT_RUNTIME, "platform/db": CostDomain.SHARED_PLATFORM},
    portfolios=frozenset({"local"}),
    clients={"acme": frozenset({"acme-ltd"}), "zephyr": frozenset({"zephyr-ltd"})},
)
PLATFORM = {
    "cost/domain": "shared-platform",
    "cost/region": "us-east-1",
    "cost/service-line": "odoo-hosting",
    "cost/lifecycle-stage": "active",
}


def decided(tags: dict[str, str], fact: str = "") -> tuple[str, str | None, str]:
    """Where a charge with *tags* goes, whose it is, and the rule or the reason."""
    decision = Decider(KNOWN, RULES).decide(Shape(json.dumps(tags), fact, "Amazon RDS", "", "Usage", ""))
    return decision.disposition, decision.tenant, decision.rule


@pytest.mark.parametrize(
    "tags",
    [
        {"cost/tenant": "acme"},
        {"cost/tenant": "Acme"},
        {"cost/tenant": "acme "},
        {"user:cost/tenant": " ACME"},
        {"resourceTags/user:cost/tenant": "acme"},
        {" user:cost/tenant": "acme"},
        {"resource_tags_user_cost_tenant": "acme"},
        {"cost_tenant": "acme"},
        {"Cost-Tenant": "acme"},
        {"labels/cost_tenant": "acme"},
        TAGS | {"cost/environment": "Production"},
        TAGS | {"cost/domain": "Tenant-Runtime"},
        TAGS | {"cost/domain": "nonsense"},
        TAGS | {"cost/recovery-class": ""},
        TAGS | {"cost/client": "a name from before"},
        TAGS | {"Cost/Tenant": "ACME"},
        TAGS | {"cost/portfolio": "Local"},
    ],
)
def test_tags_that_name_one_tenant_make_it_direct(tags: dict[str, str]) -> None:
    assert decided(tags) == ("direct", "acme", "direct")


@pytest.mark.parametrize(
    ("tags", "fact", "reason"),
    [
        ({"cost/tenant": "acmee"}, "", "unknown-tenant: the inventory has no tenant 'acmee'"),
        ({"cost/tenant": "(not set)"}, "acme/db", "unknown-tenant: the inventory has no tenant '(not set)'"),
        (
            {"cost/tenant": "acme", "user:cost/tenant": "zephyr"},
            "",
            "contradicting-tags: cost/tenant is both 'acme' and 'zephyr'",
        ),
        (
            TAGS | {"cost/domain": "shared-platform"},
            "",
            "contradicting-tags: cost/domain is shared-platform, and cost/tenant is 'acme'",
        ),
        (
            TAGS | {"cost/client": "zephyr-ltd"},
            "",
            "contradicting-tags: cost/tenant is 'acme', and cost/client is 'zephyr-ltd'",
        ),
        (
            {"cost/tenant": "acme"},
            "zephyr/db",
            "contradicting-tags: cost/tenant is 'acme', and by the inventory the resource is zephyr's",
        ),
        (
            {"cost/tenant": "acme"},
            "platform/db",
            "contradicting-tags: cost/tenant is 'acme', and by the inventory the resource is the platform's",
        ),
        (
            PLATFORM,
            "acme/db",
            "contradicting-tags: cost/domain is shared-platform, and by the inventory the resource is acme's",
        ),
        (
            PLATFORM | {"cost/client": "acme-ltd"},
            "",
            "contradicting-tags: cost/domain is shared-platform, and cost/client is 'acme-ltd'",
        ),
        (
            {"cost/client": "acme-ltd"},
            "platform/db",
            "contradicting-tags: cost/client is 'acme-ltd', and by the inventory the resource is the platform's",  # noqa: E501
        ),
        (
            {"cost/domain": "tenant-runtime"},
            "platform/db",
            "contradicting-tags: cost/domain is tenant-runtime, and by the inventory the resource is the platform's",  # noqa: E501
        ),
        (
            {"cost/client": "acme-ltd"},
            "",
            "unknown-tenant: cost/client is 'acme-ltd', and there is no cost/tenant",
        ),
        (
            {"cost/environment": "Production"},
            "",
            "unknown-tenant: cost/environment is 'Production', and there is no cost/tenant",
        ),
        (
            {"cost/domain": "tennant-runtime"},
            "",
            "unknown-tenant: cost/domain is 'tennant-runtime', and there is no cost/tenant",
        ),
    ],
)
def test_tags_that_are_wrong_are_nobodys_by_name(tags: dict[str, str], fact: str, reason: str) -> None:
    assert decided(tags, fact) == ("unallocated", None, reason)


@pytest.mark.parametrize(
    ("tags", "fact", "expected"),
    [
        ({}, "", ("pooled", None, "shared")),
        ({"team": "acme"}, "", ("pooled", None, "shared")),
        ({"tenant": "acme"}, "", ("pooled", None, "shared")),
        ({"cost/tenant": "  "}, "", ("pooled", None, "shared")),
        (PLATFORM, "", ("pooled", None, "shared")),
        (PLATFORM, "platform/db", ("pooled", None, "shared")),
        ({"cost/portfolio": "local"}, "", ("pooled", None, "shared")),
        ({"cost/environment": "production"}, "platform/db", ("pooled", None, "shared")),
        ({"cost/environment": "production"}, "acme/db", ("direct", "acme", "direct")),
        ({"cost/client": "acme-ltd"}, "acme/db", ("direct", "acme", "direct")),
    ],
)
def test_without_a_tenants_tag_the_resource_and_the_service_decide(
    tags: dict[str, str], fact: str, expected: tuple[str, str | None, str]
) -> None:
    assert decided(tags, fact) == expected


def test_the_name_of_a_portfolio_is_read_in_any_case() -> None:
    known = dataclasses.replace(KNOWN, portfolios=frozenset({"EU-West"}))
    for spelt, disposition in (("EU-West", "pooled"), ("eu-west ", "pooled"), ("eu-east", "unallocated")):
        shape = Shape(json.dumps({"cost/portfolio": spelt}), "", "Amazon RDS", "", "Usage", "")
        assert Decider(known, RULES).decide(shape).disposition == disposition, spelt


def test_a_tenant_that_ended_keeps_its_cost_though_its_client_has_another_tenant() -> None:
    assert decided({"cost/tenant": "ended", "cost/client": "acme-ltd"}) == ("direct", "ended", "direct")


def test_rows_with_completed_tags_are_counted() -> None:
    lines = [
        Line(100, values={"tags": json.dumps(TAGS)}),
        Line(5, values={"tags": '{"cost/tenant": "acme"}'}),
        Line(7, values={"tags": '{"cost/tenant": "ACME"}'}),
        Line(9, values={"tags": '{"cost/tenant": "ghost"}'}),
        Line(11),
    ]
    with loaded(lines, [Usage("acme", "cpu-requests", 1)]) as connection:
        from allocation.engine.allocate import allocate  # noqa: PLC0415

        allocate(connection, KNOWN, present("acme", "zephyr"), RULES)
        made = attributed(connection, RULES)
    assert (made.completed, made.tagged, made.whole) == (2, 112, 132)


def test_a_rule_finds_a_tag_however_it_is_spelt() -> None:
    rules = rulebook(POOL, rules=[RULE | {"when": {"tags": {"team": "a"}}}])
    for tags in ({"team": "a"}, {"user:team": "a"}, {"resourceTags/user:Team": "a"}):
        shape = Shape(json.dumps(tags), "", "", "", "Usage", "")
        assert Decider(KNOWN, rules).decide(shape).disposition == "pooled"
    both = Shape(json.dumps({"user:team": "a", "Team": "b"}), "", "", "", "Usage", "")
    assert Decider(KNOWN, rules).decide(both).disposition == "unallocated"


SPELLINGS = ("{}", "user:{}", "resourceTags/user:{}", "tags/{}", "labels/{}", " {} ")


@st.composite
def _spelt(draw: st.DrawFn, text: str) -> str:
    """*text* in any case, with spaces around it."""
    cased = "".join(draw(st.sampled_from((one.lower(), one.upper()))) for one in text)
    return draw(st.sampled_from(("", " ", "\t"))) + cased + draw(st.sampled_from(("", " ", "  ")))


@st.composite
def _tagging(draw: st.DrawFn) -> tuple[set[str], dict[str, str]]:
    """Tags of a charge, and whom they name: known or unknown tenants, once or twice."""
    names = draw(st.lists(st.sampled_from(("acme", "zephyr", "ghost")), min_size=1, max_size=2))
    tags = {}
    for index, name in enumerate(names):
        key = draw(st.sampled_from(SPELLINGS)).format(draw(_spelt("cost/tenant"))) + " " * index
        tags[key] = draw(_spelt(name))
    for key in draw(st.sets(st.sampled_from(sorted(TAGS.keys() - {"cost/tenant"})))):
        value = draw(st.sampled_from((TAGS[key], "", "Nonsense", "shared-platform")))
        tags[draw(st.sampled_from(SPELLINGS)).format(key)] = value
    return set(names), tags


@examples(15, of=2000)
@given(st.lists(st.tuples(st.integers(-(10**12), 10**12), _tagging()), min_size=1, max_size=6))
def test_what_names_a_tenant_is_never_paid_by_another(
    rows: list[tuple[int, tuple[set[str], dict[str, str]]]],
) -> None:
    """One row at a time: its tenant pays all of it, or nobody does, and no pool has any of it."""
    for units, (names, tags) in rows:
        decision = Decider(KNOWN, RULES).decide(Shape(json.dumps(tags), "", "Amazon RDS", "", "Usage", ""))
        assert decision.disposition in {"direct", "unallocated"}, (names, tags)
        assert decision.tenant is None or {decision.tenant} == names
        assert isinstance(units, int)
    lines = [Line(units, values={"tags": json.dumps(tags)}) for units, (_, tags) in rows]
    usage = [Usage("acme", "cpu-requests", 1), Usage("zephyr", "cpu-requests", 2)]
    answer = allocated([*lines, Line(1000)], usage, present("acme", "zephyr"), RULES, KNOWN)
    pooled = {key: units for key, units in paid(answer).items() if key[1] != "direct"}
    assert sum(pooled.values()) == 1000
    assert total(answer) == answer.charged == 1000 + sum(units for units, _ in rows)
