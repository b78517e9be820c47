"""The names that the validator computes are the names that components declare, neither more nor fewer."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud.aws.name_rules import RULES
from tests.components.aws_names import MADE_UP, RANDOM_END, refused_by_aws
from tests.components.conftest import declare_plan
from tests.components.monitor import Declared
from tests.portfolios import LOCAL, ROOT, catalog, every_offer, failing_over, plan_of, two_regions
from tiers.plan.estate import names
from tiers.plan.plan import Plan
from tiers.plan.resolve import resolve
from tiers.portfolio.loading import load_portfolio

# The type, and the property that holds its name.
NAMED = {
    "aws:rds/instance:Instance": (names.SERVER, "identifier"),
    "aws:elasticache/replicationGroup:ReplicationGroup": (names.CACHE, "replicationGroupId"),
    "aws:elasticache/userGroup:UserGroup": (names.CACHE_USERS, "userGroupId"),
    "aws:elasticache/user:User": (names.CACHE_USER, "userId"),
    "aws:efs/fileSystem:FileSystem": (names.CREATION, "creationToken"),
    "aws:backup/vault:Vault": (names.VAULT, "name"),
    "aws:backup/plan:Plan": (names.BACKUP_PLAN, "name"),
    "aws:backup/selection:Selection": (names.SELECTION, "name"),
    "aws:backup/restoreTestingPlan:RestoreTestingPlan": (names.TESTING, "name"),
    "aws:backup/restoreTestingSelection:RestoreTestingSelection": (names.TESTING, "name"),
    "aws:iam/role:Role": (names.ROLE, "name"),
    "aws:kms/alias:Alias": (names.ALIAS, "name"),
    "aws:cloudwatch/logGroup:LogGroup": (names.LOGS, "name"),
    "aws:eks/cluster:Cluster": (names.CLUSTER, "name"),
}
# Types whose name Pulumi makes of the logical name.
CHOSEN = {"aws:s3/bucket:Bucket": names.BUCKET, "aws:eks/nodeGroup:NodeGroup": names.NODES}


SHORTEST, LONGEST = 3, 30
"""Of a tenant's id; with two digits that tell tenants apart (`TenantId` takes 30)."""


def in_aws(made: names.Made) -> str:
    """A name as AWS gets it."""
    return f"{made.name}{RANDOM_END}" if made.random else made.name


ELSEWHERE = {
    "aws:ssm/parameter:Parameter",
    "aws:scheduler/schedule:Schedule",
    "aws:elasticache/parameterGroup:ParameterGroup",
}
"""Types whose names components give in full, without a fact of their own."""

BY_KIND = {
    kind: RULES[token, {"aws:s3/bucket:Bucket": "bucket"}.get(token, "nodeGroupName")]
    if token in CHOSEN
    else RULES[token, NAMED[token][1]]
    for token, kind in {**{token: kind for token, (kind, _) in NAMED.items()}, **CHOSEN}.items()
}


def declared_names(declared: Iterable[Declared]) -> set[tuple[str, str]]:
    found = set()
    for each in declared:
        if each.type in NAMED:
            kind, prop = NAMED[each.type]
            found.add((kind, each.props[prop]))
        elif each.type in CHOSEN:
            found.add((CHOSEN[each.type], each.name))
        elif each.type.startswith("aws:"):
            assert not ({"identifier", "replicationGroupId", "creationToken"} & each.props.keys()), each.type
    return found


def plan_from(folder: Path) -> Plan:
    return resolve(catalog(), load_portfolio(folder, catalog()))


@cache
def declared_from(folder: Path) -> tuple[Declared, ...]:
    return tuple(declare_plan(plan_from(folder)))


FOLDERS = pytest.mark.parametrize(
    "folder", [LOCAL, ROOT / "examples" / "every-option"], ids=["local", "every-option"]
)


@pytest.mark.sample(1)
@FOLDERS
def test_a_portfolios_names_are_those_that_are_declared(folder: Path) -> None:
    made = {(made.kind, made.name) for made in names.names_of(plan_from(folder))}
    assert made == declared_names(declared_from(folder))


@pytest.mark.whole("the names of the portfolio, which has every tier, are compared above")
def test_the_names_of_every_offer_are_those_that_are_declared() -> None:
    plan = plan_of(*every_offer())
    assert {(made.kind, made.name) for made in names.names_of(plan)} == declared_names(declare_plan(plan))


@pytest.mark.whole("the longest portfolio has names that are cut, too")
@pytest.mark.sample(2)
@pytest.mark.parametrize("stage", [None, "save", "return"])
def test_the_names_in_two_regions_are_those_that_are_declared(stage: str | None) -> None:
    plan = plan_of(failing_over(stage), platform=two_regions())
    made = list(names.names_of(plan))
    assert {(each.kind, each.name) for each in made} == declared_names(declare_plan(plan))
    assert len({(each.kind, each.name, each.where) for each in made}) == len(made)


@pytest.mark.whole("every name of the longest portfolio is tried here")
def test_names_that_are_cut_are_those_that_are_declared() -> None:
    """A long portfolio and long tenants: what is cut ends in the same hash in both places."""
    tenants = [
        each.model_copy(update={"tenant": f"{'t' * 26}{number:02}"})
        for number, each in enumerate(every_offer())
    ]
    plan = plan_of(*tenants).model_copy(update={"portfolio": "p" * 50})
    made = list(names.names_of(plan))
    assert {(each.kind, each.name) for each in made} == declared_names(declare_plan(plan))
    refused = {each.kind for each in made if each.length > names.LIMITS[each.kind]}
    assert refused == {names.VAULT, names.BACKUP_PLAN, names.SELECTION, names.BUCKET}


@cache
def estate(tenant: int) -> Plan:
    """Every offer, for tenants whose ids have so many characters."""
    tenants = [
        each.model_copy(update={"tenant": f"{'t' * (tenant - 2)}{number:02}"})
        for number, each in enumerate(every_offer())
    ]
    return plan_of(*tenants)


def called(portfolio: str, tenant: int) -> Plan:
    """The same in a portfolio of that name."""
    return estate(tenant).model_copy(update={"portfolio": portfolio})


@pytest.mark.sample(1)
@pytest.mark.parametrize("tenant", [SHORTEST, LONGEST])
def test_every_name_of_the_longest_portfolio_that_validate_takes_is_taken_by_aws(tenant: int) -> None:
    """Every resource of every offer; with one character more validate refuses, and AWS would, too."""
    fits = [size for size in range(1, 64) if not list(names.too_long(called("p" * size, tenant)))]
    assert fits == list(range(1, len(fits) + 1))
    assert 0 < len(fits) < 63
    assert refused_by_aws(declare_plan(called("p" * len(fits), tenant))) == []
    said = list(names.too_long(called("p" * (len(fits) + 1), tenant)))
    assert said
    assert [made for made in said if BY_KIND[made.kind].takes(in_aws(made))] == []


@pytest.mark.sample(1)
@FOLDERS
def test_what_a_portfolio_names_and_describes_is_taken_by_aws(folder: Path) -> None:
    """An apostrophe in the description of a security group stopped the first `up` of every portfolio."""
    declared = declared_from(folder)
    assert refused_by_aws(declared) == []
    kinds = {each.type for each in declared}
    named = {kind for kind, name in RULES if name in ("name", *MADE_UP.values())}
    # What Pulumi names and this test does not know of would go unread.
    assert {kind for kind in kinds & named if kind not in {*NAMED, *MADE_UP}} <= ELSEWHERE


@given(
    st.from_regex(r"[a-z][a-z0-9]{1,20}(-[a-z0-9]{1,10}){0,3}", fullmatch=True),
    st.sampled_from([SHORTEST, 12, 21, LONGEST]),
)
def test_a_name_of_the_plan_is_too_long_exactly_where_aws_refuses_it(portfolio: str, tenant: int) -> None:
    for made in names.names_of(called(portfolio, tenant)):
        assert BY_KIND[made.kind].takes(in_aws(made)) is (made.length <= names.LIMITS[made.kind]), made
