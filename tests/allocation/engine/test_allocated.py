"""Allocated charges of FOCUS 1.3 that somebody else made, and rows of our own."""

from __future__ import annotations

import json
from typing import Any

import pytest

from allocation.engine.attribution import Decider, Known, Shape
from allocation.engine.earlier.allocated import AllocatedTo, Written, read
from tests.allocation.rulebooks import PLATFORM, POOL, RULE, rulebook
from tests.allocation.small import Line, Usage, allocated, paid, present, tagged, total
from tiers.vocabulary import CostDomain

EC2 = "Amazon Elastic Compute Cloud"
DIRECT: dict[str, Any] = {"rule": "direct", "direct": True, "when": {"owner": "tenant"}}
RULES = rulebook(POOL, PLATFORM, rules=[DIRECT, RULE | {"when": {"services": [EC2]}}])
KNOWN = Known(
    tenants=frozenset({"acme", "bolt"}),
    kinds={"platform/nodes": "node-group", "acme/pods": "workload"},
    owners={"acme/pods": "acme"},
    domains={"platform/nodes": CostDomain.SHARED_PLATFORM, "acme/pods": CostDomain.TENANT_RUNTIME},
    resources={"i-node": "platform/nodes", "pod/acme": "acme/pods"},
)
NODE = Shape("{}", "platform/nodes", EC2, "Compute", "Usage", "")
TAGS = tagged("acme")["tags"]


def given(**said: str | None) -> str:
    return json.dumps({"method": "split-by-cpu", "to": None, "tags": None} | said)


def written(**said: str | None) -> str:
    whole = dict.fromkeys(Written._fields) | {
        "run": "r1",
        "rule": "direct",
        "domain": "tenant-runtime",
        "category": "compute",
        "behaviour": "variable",
    }
    return json.dumps(whole | said)


@pytest.mark.parametrize(
    "said",
    [
        given(to="arn:aws:eks:x:pod/1", tags=TAGS),
        given(to="pod/acme", tags='{"workload":"odoo"}'),
        given(to="acme"),
    ],
    ids=["its tags", "its resource", "its id"],
)
def test_an_allocated_charge_goes_to_the_tenant_that_it_names(said: str) -> None:
    decision = Decider(KNOWN, RULES).decide(NODE._replace(allocated=said))
    assert (decision.disposition, decision.tenant) == ("direct", "acme")
    assert decision.domain is CostDomain.TENANT_RUNTIME
    assert Decider(KNOWN, RULES).decide(NODE).disposition == "pooled"


def test_tags_of_the_consumer_are_stronger_than_those_of_the_node() -> None:
    node = NODE._replace(tags=tagged("bolt")["tags"], fact="")
    assert Decider(KNOWN, RULES).decide(node).tenant == "bolt"
    assert Decider(KNOWN, RULES).decide(node._replace(allocated=given(tags=TAGS))).tenant == "acme"
    # AllocatedTags leave out what Tags say (FOCUS 1.3): together they are the consumer's.
    tags = json.loads(TAGS)
    parts = [dict(list(tags.items())[:4]), dict(list(tags.items())[4:])]
    split = NODE._replace(tags=json.dumps(parts[0]), allocated=given(tags=json.dumps(parts[1])))
    assert Decider(KNOWN, RULES).decide(split).tenant == "acme"
    assert Decider(KNOWN, RULES).decide(split).tagged


@pytest.mark.parametrize("empty", [None, ""])
def test_a_consumers_tag_without_a_value_hides_no_tenant(empty: str | None) -> None:
    own = NODE._replace(tags=tagged("bolt")["tags"], fact="")
    shape = own._replace(allocated=given(tags=json.dumps({"cost/tenant": empty})))
    assert Decider(KNOWN, RULES).decide(shape).tenant == "bolt"


def test_a_consumer_whose_tags_name_another_tenant_is_nobody() -> None:
    decision = Decider(KNOWN, RULES).decide(NODE._replace(allocated=given(to="bolt", tags=TAGS)))
    assert (decision.disposition, decision.tenant, decision.rule) == (
        "unallocated",
        None,
        "contradicting-tags: cost/tenant is 'acme', and it was allocated to 'bolt'",
    )


def test_what_is_left_over_is_a_charge_like_any_other() -> None:
    assert Decider(KNOWN, RULES).decide(NODE._replace(allocated=given())) == Decider(KNOWN, RULES).decide(
        NODE
    )
    own = NODE._replace(tags=tagged("bolt")["tags"], fact="")
    assert Decider(KNOWN, RULES).decide(own._replace(allocated=given())).tenant == "bolt"


def test_a_consumer_that_is_unknown_is_nobody_elses() -> None:
    ghost = NODE._replace(allocated=given(tags=tagged("ghost")["tags"]))
    decision = Decider(KNOWN, RULES).decide(ghost)
    assert (decision.disposition, decision.rule) == (
        "unallocated",
        "unknown-tenant: the inventory has no tenant 'ghost'",
    )


@pytest.mark.parametrize(
    "tags", ["not json", "[1]", '{"a": {"b": 1}}', '"acme"', pytest.param("[" * 100_000, id="deep")]
)
def test_allocated_tags_that_cannot_be_read_are_not_no_tags(tags: str) -> None:
    shape = NODE._replace(allocated=given(tags=tags))
    decision = Decider(KNOWN, RULES).decide(shape)
    assert decision.disposition == "unallocated"
    assert decision.rule.startswith("allocated-tags: expected AllocatedTags as a flat JSON object")
    assert not Decider(KNOWN, RULES).decide(shape).tagged


def test_a_split_bill_is_paid_by_its_consumers_and_the_rest_is_shared_once() -> None:
    """100 units of a node: 60 for acme, 25 for bolt, 15 left over; none is divided twice."""
    lines = [
        Line(60, values={"allocated": given(to="pod/1", tags=TAGS)}),
        Line(25, values={"allocated": given(to="bolt")}),
        Line(15, values={"allocated": given()}),
    ]
    usage = [Usage("acme", "cpu-requests", 1), Usage("bolt", "cpu-requests", 2)]
    result = allocated(lines, usage, present("acme", "bolt"), RULES)
    assert paid(result) == {
        ("acme", "direct"): 60,
        ("bolt", "direct"): 25,
        ("acme", "nodes"): 5,
        ("bolt", "nodes"): 10,
    }
    assert total(result) == result.charged == 100


def test_both_forms_are_told_apart() -> None:
    assert read(given(to="pod/1")) == AllocatedTo("pod/1", None)
    one = read(written(tenant="acme"))
    assert isinstance(one, Written)
    assert (one.run, one.disposition, one.trouble({"acme"}, RULES)) == ("r1", "direct", None)


@pytest.mark.parametrize(
    ("said", "disposition", "trouble"),
    [
        ({"tenant": "acme"}, "direct", None),
        ({"tenant": "ghost"}, "direct", "a tenant of the inventory in x_Tenant, found 'ghost'"),
        ({}, "direct", "a tenant of the inventory in x_Tenant, found ''"),
        ({"reason": "no-rule: nothing", "rule": "no-rule: nothing"}, "unallocated", None),
        ({"part": "idle", "pool": "nodes", "via": "nodes"}, "shared", None),
        ({"part": "idle", "pool": "nodes", "via": "stage"}, "shared", "a pool of rulebook test in x_Via"),
        ({"part": "idle", "pool": "stage", "via": "nodes"}, "shared", "a pool of rulebook test in x_Pool"),
        ({"part": "some", "pool": "nodes", "via": "nodes"}, "shared", "use, idle or unallocated in x_Part"),
        ({"tenant": "acme", "domain": None}, "direct", "a cost domain in x_CostDomain, found ''"),
        ({"tenant": "acme", "category": "tea"}, "direct", "a cost category in x_CostCategory, found 'tea'"),
        ({"tenant": "acme", "behaviour": "odd"}, "direct", "fixed or variable in x_Behaviour, found 'odd'"),
        ({"tenant": "acme", "behaviour": None}, "direct", None),
        ({"tenant": "acme", "behaviour": None, "rule": "old"}, "direct", "a rule of rulebook test in x_Rule"),
    ],
)
def test_a_row_of_ours_must_fit_the_inventory_and_the_rulebook(
    said: dict[str, str | None], disposition: str, trouble: str | None
) -> None:
    row = read(written(**said))
    assert isinstance(row, Written)
    assert row.disposition == disposition
    found = row.trouble({"acme"}, RULES)
    assert found is None if trouble is None else (found is not None and trouble in found)


def test_what_was_decided_is_not_decided_again() -> None:
    """Tags, rules and resources of today would all say something else."""
    shape = NODE._replace(
        tags=tagged("bolt")["tags"], allocated=written(tenant="acme", rule="owned", category="support")
    )
    decision = Decider(KNOWN, RULES).decide(shape)
    assert decision[:4] == ("direct", "acme", None, "owned")
    assert (decision.category, decision.behaviour) == ("support", "variable")
