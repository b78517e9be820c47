"""Virtual tags say whose a charge is that neither a tag of its own nor the inventory names."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from allocation.engine.allocate import Allocation, allocate
from allocation.engine.attribution import Attributed, Caught, Known, attributed
from tests.allocation.rulebooks import POOL, RULE, rulebook
from tests.allocation.small import TAGS, Line, Usage, loaded, paid, present, total
from tests.sampling import examples

DIRECT: dict[str, Any] = {"rule": "direct", "direct": True, "when": {"owner": "tenant"}}
KNOWN = Known(
    tenants=frozenset({"acme", "zephyr"}),
    kinds={"zephyr/db": "database-instance", "platform/db": "database-instance"},
    owners={"zephyr/db": "zephyr"},
    resources={"db-of-zephyr": "zephyr/db", "db-of-all": "platform/db"},
    portfolios=frozenset({"local"}),
)
USAGE = [Usage("acme", "cpu-requests", 1), Usage("zephyr", "cpu-requests", 1)]
SPECIAL = POOL | {"pool": "special", "driver": {"fixed": {"acme": 25, "zephyr": 75}}}


def made(lines: list[Line], *virtual_tags: dict[str, Any]) -> tuple[Allocation, Attributed]:
    """The allocation under these virtual tags, and what they caught."""
    rules = rulebook(POOL, SPECIAL, rules=[DIRECT, RULE], virtual_tags=virtual_tags)
    with loaded(lines, USAGE) as connection:
        answer = allocate(connection, KNOWN, present("acme", "zephyr"), rules)
        assert total(answer) == answer.charged
        return answer, attributed(connection, rules)


def to_acme(**when: Any) -> dict[str, Any]:
    return {"tag": "legacy", "when": when, "tenant": "acme"}


CHARGE = {
    "sub_account": "111122223333",
    "region": "eu-west-1",
    "service": "Amazon RDS",
    "charge_category": "Purchase",
    "resource_id": "arn:aws:rds:eu-west-1:111122223333:db:reports_1",
    "tags": json.dumps({"user:team": "blue", "costCategory/Product": "Odoo"}),
}


@pytest.mark.sample(3)
@pytest.mark.parametrize(
    ("when", "catches"),
    [
        ({"accounts": ["111122223333"]}, True),
        ({"accounts": ["444455556666"]}, False),
        ({"services": ["Amazon RDS", "Amazon S3"]}, True),
        ({"services": ["Amazon S3"]}, False),
        ({"charge_categories": ["Purchase"]}, True),
        ({"charge_categories": ["Tax"]}, False),
        ({"regions": ["eu-west-1"]}, True),
        ({"regions": ["eu-west-2"]}, False),
        ({"resources": ["arn:aws:rds:*:db:reports_*"]}, True),
        ({"resources": ["arn:aws:rds:*:db:reports"]}, False),
        ({"resources": ["*reports?1"]}, False),
        ({"resources": ["*reports%"]}, False),
        ({"resources": ["*:db:report__1"]}, False),
        ({"tags": {"team": ["blue", "green"]}}, True),
        ({"tags": {"team": ["green"]}}, False),
        ({"cost_categories": {"Product": ["Odoo"]}}, True),
        ({"cost_categories": {"Product": ["Other"]}}, False),
        ({"cost_categories": {"team": ["blue"]}}, False),
        ({"accounts": ["111122223333"], "regions": ["eu-west-2"]}, False),
    ],
)
def test_a_virtual_tag_catches_what_meets_all_that_it_names(when: dict[str, Any], *, catches: bool) -> None:
    answer, count = made([Line(100, values=CHARGE), Line(8)], to_acme(**when))
    expected = {("acme", "direct"): 100} if catches else {}
    assert {key: units for key, units in paid(answer).items() if key[1] == "direct"} == expected
    assert count.caught == {"legacy": Caught(1, 100) if catches else Caught(0, 0)}


def test_into_a_pool_or_to_nobody_with_a_reason() -> None:
    pool = {"tag": "pooled", "when": {"regions": ["eu-west-1"]}, "pool": "special"}
    nobody = {
        "tag": "dispute",
        "when": {"services": ["Amazon S3"]},
        "unallocated_because": "we ask for it back",
    }
    answer, count = made([Line(100, values=CHARGE), Line(7, values={"service": "Amazon S3"})], pool, nobody)
    assert paid(answer) == {("acme", "special"): 25, ("zephyr", "special"): 75}
    assert [(item.reason, item.units) for item in answer.unallocated] == [("dispute: we ask for it back", 7)]
    assert count.caught == {"pooled": Caught(1, 100), "dispute": Caught(1, 7)}


def test_the_first_that_applies_decides() -> None:
    first, second = (
        to_acme(regions=["eu-west-1"]),
        to_acme(services=["Amazon RDS"]) | {"tenant": "zephyr", "tag": "b"},
    )
    answer, count = made([Line(100, values=CHARGE)], first, second)
    assert paid(answer) == {("acme", "direct"): 100}
    assert count.caught == {"legacy": Caught(1, 100), "b": Caught(0, 0)}


@pytest.mark.sample(2)
@pytest.mark.parametrize(
    ("days", "catches"),
    [((9, 10), False), ((10, 11), True), ((19, 20), True), ((20, 21), False), ((19, 21), True)],
)
def test_it_counts_from_a_day_until_another(days: tuple[int, int], *, catches: bool) -> None:
    dated = to_acme(regions=["eu-west-1"]) | {"since": "2026-11-10", "until": "2026-11-20"}
    answer, count = made([Line(100, days, CHARGE)], dated)
    assert (("acme", "direct") in paid(answer)) is catches
    assert count.caught["legacy"].rows == catches


def test_what_a_tag_or_the_inventory_names_is_not_its_business() -> None:
    lines = [
        Line(1, values=CHARGE | {"tags": json.dumps(TAGS | {"cost/tenant": "zephyr"})}),
        Line(2, values=CHARGE | {"resource_id": "db-of-zephyr"}),
        Line(4, values=CHARGE | {"tags": '{"cost/tenant": "ghost"}'}),
        Line(8, values=CHARGE | {"tags": '{"cost/tenant": "acme", "Cost/Tenant": "zephyr"}'}),
        Line(16, values=CHARGE | {"tags": '{"cost/portfolio": "theirs"}'}),
        Line(32, values=CHARGE | {"resource_id": "db-of-all"}),
        Line(64, values=CHARGE | {"tags": '{"cost/portfolio": "local"}'}),
    ]
    answer, count = made(lines, to_acme(regions=["eu-west-1"]))
    assert paid(answer) == {("zephyr", "direct"): 3, ("acme", "nodes"): 48, ("zephyr", "nodes"): 48}
    assert sum(item.units for item in answer.unallocated) == 28
    assert count.caught["legacy"].rows == 0


def test_it_mends_a_tenants_tag_when_it_looks_at_that_very_tag() -> None:
    mending = to_acme(tags={"cost/tenant": ["ghost", "Acme Ltd"]})
    lines = [
        Line(4, values={"tags": '{"user:cost/tenant": "ghost"}'}),
        Line(8, values={"tags": '{"cost/tenant": "Acme Ltd"}'}),
        Line(16, values={"tags": '{"cost/tenant": "zephyr"}'}),
    ]
    answer, count = made(lines, mending)
    assert paid(answer) == {("acme", "direct"): 12, ("zephyr", "direct"): 16}
    assert count.caught["legacy"] == Caught(2, 12)


def test_a_tenant_that_is_not_there_gets_nothing() -> None:
    answer, _ = made([Line(9, values=CHARGE)], to_acme(regions=["eu-west-1"]) | {"tenant": "gone"})
    (item,) = answer.unallocated
    assert (
        item.reason == "unknown-tenant: the inventory has no tenant 'gone', whom virtual tag 'legacy' names"
    )


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"pool": "nodes"}, "exactly one of `tenant: ID`, `pool: NAME`"),
        ({"tenant": None}, "exactly one of `tenant: ID`, `pool: NAME`"),
        ({"when": {}}, "looks at something"),
        ({"since": "2026-11-10", "until": "2026-11-10"}, "expected a day after 2026-11-10"),
        ({"tag": "shared"}, "rule 'shared' appears twice"),
        ({"tenant": None, "pool": "attic"}, "virtual tag 'legacy': no pool is called 'attic'"),
        ({"tenant": None, "pool": "nodes", "when": {"tags": {"user:cost/tenant": ["x"]}}}, "names a tenant"),
    ],
)
def test_one_that_cannot_be_meant_is_refused(changes: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        rulebook(POOL, virtual_tags=[to_acme(regions=["eu-west-1"]) | changes])


@examples(4, of=10)
@given(st.sampled_from(("acme", "zephyr", "ghost", " Acme", "zephyr ltd")), st.sampled_from(("acme", None)))
def test_no_virtual_tag_makes_a_neighbour_pay_for_who_is_named(named: str, tenant: str | None) -> None:
    wide = {"tag": "wide", "when": {"services": ["Amazon RDS"]}} | (
        {"tenant": tenant} if tenant else {"pool": "special"}
    )
    answer, _ = made([Line(100, values=CHARGE | {"tags": json.dumps({"cost/tenant": named})})], wide)
    payers = {key[0] for key, units in paid(answer).items() if units}
    assert payers <= {named.strip().lower()}
