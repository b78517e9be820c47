"""What the declared roles let tenants' pods do in AWS, over every tier in every environment at once."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from itertools import product
from typing import Any

import pytest

from components.tenant.backups.dumps import KINDS
from tests.components.iam_access import ROLE_POLICY, Account, Role, access_of, arn_of, listed, may
from tests.components.monitor import Declared
from tests.components.queries import pod_specs
from tests.components.whole import whole, whole_plan
from tiers.facts.every_fact import LogicalBackup, Rehearsal
from tiers.facts.names import OPERATIONS_NAMESPACE
from tiers.plan.plan import facts_of

ACTIONS = (
    "backup:DeleteRecoveryPoint",
    "backup:StartRestoreJob",
    "elasticfilesystem:ClientMount",
    "kms:Decrypt",
    "kms:GenerateDataKey",
    "logs:GetLogEvents",
    "rds:CreateDBSnapshot",
    "rds:DeleteDBInstance",
    "rds:ModifyDBInstance",
    "s3:AbortMultipartUpload",
    "s3:DeleteObject",
    "s3:GetObject",
    "s3:ListBucket",
    "s3:PutObject",
    "secretsmanager:GetSecretValue",
)
SHARED_SECRET = "arn:aws:secretsmanager:us-east-1:1:secret:local-postgresql"
EXCUSED: Mapping[str, str] = {}
"""Policies of tenants' roles that name every action or every resource -> why they must."""


def accounts(declared: Sequence[Declared]) -> Iterator[tuple[str, Account]]:
    """Each tenant and a service account that pods of its own run under.

    Pods of the operations namespace act for the platform; one that is a tenant's own has the tenant's name
    in its account.
    """
    for each in declared:
        if each.type.endswith(":ServiceAccount") and "cost/tenant" in each.labels:
            metadata = each.props["metadata"]
            yield each.labels["cost/tenant"], Account(metadata["namespace"], metadata["name"])


def belongings(declared: Sequence[Declared]) -> dict[str, set[tuple[str, str]]]:
    """What is each tenant's: ARNs, and the parts of a bucket, each with the prefix a listing would name."""
    owned: dict[str, set[tuple[str, str]]] = {}
    for each in declared:
        owner = each.tags.get("cost/tenant") if each.custom and each.type.startswith("aws:") else None
        if owner is not None:
            mine = owned.setdefault(owner, set())
            mine |= {(arn_of(each.name), ""), (f"{arn_of(each.name)}/any", "")}
            if each.type == "aws:rds/instance:Instance":
                own = "" if each.props.get("manageMasterUserPassword") else "-master"
                mine.add((f"arn:aws:secretsmanager:us-east-1:1:secret:{each.name}{own}", ""))
    for _, spec in pod_specs(declared):
        given = {variable["name"]: variable.get("value") for variable in spec["containers"][0].get("env", ())}
        if "BUCKET" in given:
            bucket = arn_of(str(given["BUCKET"]).removesuffix("-1a2b3c4"))
            for kind in KINDS:
                prefix = f"{kind}/{given['PREFIX']}/"
                owned[str(given["TENANT"])] |= {(f"{bucket}/{prefix}2027.dump", prefix), (bucket, prefix)}
    return owned


def reached(declared: Sequence[Declared]) -> set[tuple[str, str, str, str]]:
    """Who may do what on what, and whose it is."""
    access, owned = access_of(declared), belongings(declared)
    return {
        (tenant, action, arn, owner)
        for tenant, account in accounts(declared)
        for role in access.roles_of(account)
        for (owner, things), action in product(owned.items(), ACTIONS)
        for arn, prefix in things
        if may(role, action, arn, {"s3:prefix": prefix} if prefix else {})
    }


def across(declared: Sequence[Declared]) -> set[tuple[str, str, str, str]]:
    return {each for each in reached(declared) if each[0] != each[3]}


def sweeping(declared: Sequence[Declared]) -> set[str]:
    """Policies of tenants' roles that allow every action of a service, or something on everything."""
    access = access_of(declared)
    return {
        role.name
        for _, account in accounts(declared)
        for role in access.roles_of(account)
        for statement in role.statements
        if statement["Effect"] == "Allow"
        and (
            any("*" in action or "?" in action for action in listed(statement["Action"]))
            or any(_names_too_much(arn) for arn in listed(statement["Resource"]))
        )
    }


def _names_too_much(arn: str) -> bool:
    """A wildcard is for the objects of one tenant: after a bucket, a kind and the tenant's prefix."""
    known, star, rest = arn.partition("*")
    return "?" in arn or (bool(star) and (rest != "" or known.count("/") < 3 or not known.endswith("/")))


def changed(rewrite: Callable[[str], str]) -> list[Declared]:
    return [
        replace(each, props={**each.props, "policy": rewrite(each.props["policy"])})
        if each.type == ROLE_POLICY
        else each
        for each in whole()
    ]


@cache
def granted() -> frozenset[tuple[str, str, str, str]]:
    return frozenset(reached(whole()))


def test_no_role_of_a_tenant_reaches_what_is_anothers() -> None:
    owned = belongings(whole())
    assert set(owned) == {each.tenant for each in whole_plan().tenants}
    assert min(len(things) for things in owned.values()) >= 4
    assert {each for each in granted() if each[0] != each[3]} == set()


def test_a_tenants_backup_does_its_work_on_its_own_part_of_the_bucket() -> None:
    backed_up = {tenant for tenant, account in accounts(whole()) if account.name == f"{tenant}-backup"}
    assert len(backed_up) >= 10
    for tenant in backed_up:
        did = {(action, arn.partition("/")[2]) for who, action, arn, _ in granted() if who == tenant}
        for kind, action in product(KINDS, ("s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload")):
            assert (action, f"{kind}/{tenant}/2027.dump") in did
        # Manifests, owner's marks, results of restore tests and files are never deleted by it.
        gone = {path for action, path in did if action == "s3:DeleteObject"}
        assert gone == {f"dumps/{tenant}/2027.dump"}
        assert ("s3:ListBucket", "") in did


# What would make a deleted or overwritten object unrecoverable (Amazon S3 User Guide, "Deleting object
# versions from a versioning-enabled bucket").
FOR_GOOD = (
    *("s3:DeleteObjectVersion", "s3:PutBucketVersioning", "s3:PutLifecycleConfiguration", "s3:DeleteBucket"),
    *("s3:PutBucketPolicy", "s3:DeleteBucketPolicy", "s3:PutReplicationConfiguration"),
)


def test_what_a_backup_deletes_or_overwrites_stays_as_a_version() -> None:
    access = access_of(whole())
    roles = [role for _, account in accounts(whole()) for role in access.roles_of(account)]
    buckets = [each for each in whole() if each.type == "aws:s3/bucket:Bucket"]
    assert (len(buckets) >= 3, len(roles) >= 10) == (True, True)
    for role, bucket, action in product(roles, buckets, FOR_GOOD):
        arn = arn_of(bucket.name)
        things = (arn, *(f"{arn}/{kind}/acme/2027.dump" for kind in KINDS))
        assert not [thing for thing in things if may(role, action, thing)], (role.name, action)
    versioned = {
        each.props["bucket"]
        for each in whole()
        if each.type == "aws:s3/bucketVersioning:BucketVersioning"
        and each.props["versioningConfiguration"]["status"] == "Enabled"
    }
    kept = {
        each.props["bucket"]: min(
            rule["noncurrentVersionExpiration"]["noncurrentDays"]
            for rule in each.props["rules"]
            if "noncurrentVersionExpiration" in rule
        )
        for each in whole()
        if each.type == "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
    }
    assert len(versioned) == len(buckets)
    assert kept.keys() == versioned
    assert min(kept.values()) >= 7


def test_an_own_servers_administrator_reads_its_secret_and_no_other() -> None:
    readers = {(who, arn) for who, action, arn, _ in granted() if action.startswith("secretsmanager:")}
    servers = {
        (each.tags["cost/tenant"], f"arn:aws:secretsmanager:us-east-1:1:secret:{each.name}{own}")
        for each in whole()
        if each.type == "aws:rds/instance:Instance"
        and "username" in each.props
        and "cost/tenant" in each.tags
        for own in ["" if each.props.get("manageMasterUserPassword") else "-master"]
    }
    assert readers == servers
    assert len(servers) == 3


def test_no_role_lists_a_whole_bucket() -> None:
    access = access_of(whole())
    buckets = [arn_of(each.name) for each in whole() if each.type == "aws:s3/bucket:Bucket"]
    roles = [role for _, account in accounts(whole()) for role in access.roles_of(account)]
    asked: list[dict[str, str]] = [{}, {"s3:prefix": ""}, {"s3:prefix": "dumps/"}, {"s3:prefix": "dumps/acm"}]
    assert len(buckets) >= 3
    for role, bucket, context in product(roles, buckets, asked):
        assert not may(role, "s3:ListBucket", bucket, context), role.name


def test_the_secret_and_the_key_of_what_is_shared_are_the_administrators() -> None:
    access = access_of(whole())
    (role,) = access.roles_of(Account(OPERATIONS_NAMESPACE, "database-admin"))
    assert may(role, "secretsmanager:GetSecretValue", SHARED_SECRET)
    for things, action in product(belongings(whole()).values(), ACTIONS):
        assert not [arn for arn, _ in things if may(role, action, arn)]
    others = [role for _, account in accounts(whole()) for role in access.roles_of(account)]
    assert [role.name for role in others if may(role, "secretsmanager:GetSecretValue", SHARED_SECRET)] == []


def keys_of_buckets() -> dict[str, str]:
    """Bucket to the key that encrypts what is written to it."""
    return {
        str(each.props["bucket"]).removesuffix("-1a2b3c4"): str(
            each.props["rules"][0]["applyServerSideEncryptionByDefault"]["kmsMasterKeyId"]
        )
        for each in whole()
        if each.type.endswith(":BucketServerSideEncryptionConfiguration")
    }


def through(bucket: str) -> dict[str, str]:
    """How S3 asks for the key of a bucket."""
    return {
        "kms:ViaService": "s3.us-east-1.amazonaws.com",
        "kms:EncryptionContext:aws:s3:arn": arn_of(bucket),
    }


def test_who_writes_to_an_encrypted_bucket_may_use_its_key_for_that_bucket_only() -> None:
    """S3 asks the caller for kms:GenerateDataKey, and for kms:Decrypt when an upload has several parts."""
    access, keys, asked = access_of(whole()), keys_of_buckets(), 0
    for tenant, account in accounts(whole()):
        for role, (bucket, key) in product(access.roles_of(account), keys.items()):
            if not may(role, "s3:PutObject", f"{arn_of(bucket)}/dumps/{tenant}/2027.dump"):
                continue
            for action, other in product(("kms:GenerateDataKey", "kms:Decrypt"), keys):
                assert may(role, action, key, through(other)) is (other == bucket), (role.name, other)
            asked += 1
    assert asked >= 10


def test_every_tie_is_of_one_account_to_one_role_and_of_one_role_to_one_account() -> None:
    ties = access_of(whole()).associations
    assert len(ties) >= 12
    assert len({account for account, _ in ties}) == len({arn for _, arn in ties}) == len(ties)


def test_a_tie_is_to_an_account_that_exists() -> None:
    metadata = [each.props["metadata"] for each in whole() if each.type.endswith(":ServiceAccount")]
    existing = {Account(each["namespace"], each["name"]) for each in metadata}
    # `costack failover --rehearse` makes its account and its namespace, and takes both away.
    rehearse = {
        Account(fact.namespace, fact.service_account)
        for tenant in whole_plan().tenants
        for fact in facts_of(tenant.facts, Rehearsal)
    }
    assert rehearse
    assert {account for account, _ in access_of(whole()).associations} - existing == rehearse


def test_pods_of_odoo_itself_have_no_role() -> None:
    access = access_of(whole())
    odoo = [account for tenant, account in accounts(whole()) if account.name == tenant]
    assert len(odoo) == len(whole_plan().tenants)
    assert [account for account in odoo if access.roles_of(account)] == []


def test_no_policy_of_a_tenant_is_sweeping_without_a_reason() -> None:
    assert sweeping(whole()) == set(EXCUSED)
    assert all(EXCUSED.values())


def test_tenants_roles_have_no_managed_policy() -> None:
    access = access_of(whole())
    roles: list[Role] = [role for _, account in accounts(whole()) for role in access.roles_of(account)]
    assert len(roles) >= 12
    assert [role.name for role in roles if role.managed] == []


def _one_prefix_for_all(policy: str) -> str:
    for tenant in sorted((each.tenant for each in whole_plan().tenants), key=len, reverse=True):
        policy = policy.replace(f"/{tenant}/*", "/*")
    return policy


def _prefix_left_open(policy: str) -> str:
    """`dumps/acme*` instead of `dumps/acme/*`: acme would reach acme-staging."""
    return policy.replace("/acme/*", "/acme*")


def _unconditional(policy: str) -> str:
    document = json.loads(policy)
    for statement in document["Statement"]:
        statement.pop("Condition", None)
    return json.dumps(document)


def _everything_in_s3(policy: str) -> str:
    document = json.loads(policy)
    statement: dict[str, Any] = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    return json.dumps({**document, "Statement": [*document["Statement"], statement]})


def _every_secret(policy: str) -> str:
    return policy.replace("secret:local-dd-production-postgresql", "secret:*")


@pytest.mark.sample(3)
@pytest.mark.parametrize(
    ("rewrite", "seen"),
    [
        (_one_prefix_for_all, across),
        (_one_prefix_for_all, sweeping),
        (_unconditional, across),
        (_everything_in_s3, across),
        (_everything_in_s3, sweeping),
        (_every_secret, across),
        (_every_secret, sweeping),
        (_prefix_left_open, sweeping),
    ],
)
def test_a_policy_that_is_too_wide_is_seen(
    rewrite: Callable[[str], str], seen: Callable[[Sequence[Declared]], set[Any]]
) -> None:
    assert seen(changed(rewrite))


def test_a_role_goes_with_every_policy_it_has() -> None:
    """An update that dies between a policy and its record leaves one that no state has."""
    roles = [each for each in whole() if each.type == "aws:iam/role:Role"]
    dumped = [each for each in whole_plan().tenants if facts_of(each.facts, LogicalBackup)]
    assert len(roles) > len(dumped) > 0
    assert [each.name for each in roles if each.props.get("forceDetachPolicies") is not True] == []
