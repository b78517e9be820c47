"""The names that the validator computes are the names that components declare, neither more nor fewer."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.components.conftest import declare_plan
from tests.components.monitor import Declared
from tests.portfolios import LOCAL, ROOT, catalog, every_offer, plan_of
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


@pytest.mark.parametrize("folder", [LOCAL, ROOT / "examples" / "every-option"], ids=["local", "every-option"])
def test_a_portfolios_names_are_those_that_are_declared(folder: Path) -> None:
    plan = plan_from(folder)
    assert {(made.kind, made.name) for made in names.names_of(plan)} == declared_names(declare_plan(plan))


def test_the_names_of_every_offer_are_those_that_are_declared() -> None:
    plan = plan_of(*every_offer())
    assert {(made.kind, made.name) for made in names.names_of(plan)} == declared_names(declare_plan(plan))


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
