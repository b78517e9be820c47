from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocation.adapters.pulumi.stack_state import StateResource
from lifecycle.drift.owners import Owners
from lifecycle.drift.untracked import (
    AddedRule,
    Found,
    Known,
    OwnedRule,
    accounts_of,
    added_rules,
    known_of,
    untracked,
)
from tiers.facts.names import TENANT_STACK

ACCOUNT = "arn:aws:rds:us-east-1:123456789012"
ACME = {"cost/portfolio": "local", "cost/tenant": "acme"}


def resource(kind: str, name: str, id_: str, parent: str = "", **outputs: Any) -> StateResource:
    urn = f"urn:pulumi:a::b::{kind}::{name}"
    custom = not kind.startswith("costack")
    return StateResource(urn, kind, parent, custom, {}, outputs, False, False, None, id_)


TENANT = resource(TENANT_STACK, "acme", "")
STATE = (
    TENANT,
    resource(
        "aws:rds/instance:Instance",
        "acme-server",
        "db-ABC",
        TENANT.urn,
        identifier="local-acme-postgresql",
        arn=f"{ACCOUNT}:db:local-acme-postgresql",
        masterUserSecrets=[{"secretArn": "arn:aws:secretsmanager:us-east-1:123456789012:secret:rds!db-1-Ab"}],
    ),
    resource("aws:s3/bucket:Bucket", "backups", "local-backups-e8a965f", region="us-east-1"),
    resource("aws:ec2/securityGroup:SecurityGroup", "data", "sg-1", TENANT.urn),
    resource("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "in", "sgr-1", TENANT.urn),
)
OWNERS = Owners(STATE)
KNOWN = known_of(STATE, OWNERS)


@pytest.mark.parametrize(
    "names",
    [
        ("local-acme-postgresql",),
        ("rds:local-acme-postgresql-2026-11-30-05-30", "local-acme-postgresql"),
        (f"{ACCOUNT}:snapshot:rds:local-acme-postgresql-2026-11-30-05-30",),
        ("local-acme-postgresql-final-0a1b2c3d",),
        ("/aws/rds/instance/local-acme-postgresql/postgresql",),
        ("arn:aws:s3:::local-backups-e8a965f",),
        ("rds!db-1-Ab", "arn:aws:secretsmanager:us-east-1:123456789012:secret:rds!db-1-Ab"),
        ("default.postgres17",),
        ("aws/efs/automatic-backup-vault",),
        ("terraform-state-eu",),
    ],
)
def test_what_the_stack_or_aws_or_a_neighbour_made_has_an_owner(names: tuple[str, ...]) -> None:
    assert untracked([Found("it", names, "us-east-1")], KNOWN, "local", ["terraform-state-*"]) == ()


@pytest.mark.parametrize(
    ("found", "owner", "why"),
    [
        (Found("bucket", ("exports",), "global"), "", "has no cost tags"),
        (Found("database", ("local-acme-postgresql2",), "us-east-1", {}), "", "has no cost tags"),
        (Found("database", ("acme-copy",), "us-east-1", ACME), "acme", "has the cost tags of acme"),
        (
            Found("bucket", ("x-dumps",), "global", {"cost/portfolio": "local"}),
            "",
            "has the portfolio's cost tags",
        ),
    ],
)
def test_the_rest_has_none_or_the_one_that_its_tags_name(found: Found, owner: str, why: str) -> None:
    (one,) = untracked([found], KNOWN, "local")
    assert (one.owner, one.why.partition(",")[0]) == (owner, why)


def test_what_another_portfolio_tagged_is_left_to_it_also_where_its_listing_has_no_tags() -> None:
    listed = Found("bucket", ("theirs-dumps",), "global", None, 5)
    tagged = Found("bucket", ("arn:aws:s3:::theirs-dumps",), "global", {"cost/portfolio": "theirs"})
    assert untracked([listed, tagged], KNOWN, "local") == ()
    assert untracked([tagged, listed], KNOWN, "local") == ()


def test_a_resource_of_listing_and_tag_search_is_named_once_with_size_and_owner() -> None:
    listed = Found("bucket", ("acme-old-dumps",), "global", None, 5)
    tagged = Found("bucket", ("arn:aws:s3:::acme-old-dumps",), "global", ACME)
    for order in ([listed, tagged], [tagged, listed]):
        (one,) = untracked(order, KNOWN, "local")
        assert (one.owner, one.found.gib) == ("acme", 5)


@given(st.permutations(range(6)), st.lists(st.integers(0, 5)))
def test_order_and_repetition_change_nothing(order: list[int], twice: list[int]) -> None:
    listed = [Found("bucket", (f"stray-{number}",), "global") for number in range(6)]
    found = [listed[at] for at in (*order, *twice)]
    assert [each.found for each in untracked(found, KNOWN, "local")] == listed


def test_a_rule_that_somebody_added_belongs_to_the_owner_of_its_group() -> None:
    ours, theirs, strange = (
        AddedRule(id_, group, 5432, 5432, "tcp", "0.0.0.0/0")
        for id_, group in (("sgr-1", "sg-1"), ("sgr-2", "sg-1"), ("sgr-3", "sg-of-others"))
    )
    assert added_rules([ours, theirs, strange], KNOWN) == (OwnedRule("acme", "data", theirs),)
    assert theirs.said == "port 5432 open to 0.0.0.0/0"


def test_the_accounts_of_a_stack_are_those_of_its_arns() -> None:
    assert accounts_of(KNOWN) == {"123456789012"}
    assert accounts_of(Known({})) == frozenset()
