from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from tests.components.iam_access import (
    ASSOCIATION,
    ATTACHMENT,
    PODS,
    ROLE,
    ROLE_POLICY,
    Account,
    NotUnderstoodError,
    Role,
    access_of,
    arn_of,
    may,
    statements_of,
)
from tests.components.whole import whole

BUCKET = "arn:aws:s3:::dumps"
READ = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"{BUCKET}/acme/*"}


def role(*statements: Mapping[str, Any]) -> Role:
    text = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    return Role("arn", "acme", frozenset({PODS}), statements_of(text), managed=())


@pytest.mark.parametrize(
    ("action", "resource", "allowed"),
    [
        ("s3:GetObject", f"{BUCKET}/acme/2027.dump", True),
        ("s3:getobject", f"{BUCKET}/acme/deep/er/2027.dump", True),
        ("s3:GetObject", f"{BUCKET}/acme/", True),
        ("s3:GetObject", f"{BUCKET}/ACME/2027.dump", False),
        ("s3:GetObject", f"{BUCKET}/acme", False),
        ("s3:GetObject", f"{BUCKET}/acme-staging/2027.dump", False),
        ("s3:GetObjectAcl", f"{BUCKET}/acme/2027.dump", False),
        ("s3:PutObject", f"{BUCKET}/acme/2027.dump", False),
    ],
)
def test_a_statement_allows_what_it_names(action: str, resource: str, *, allowed: bool) -> None:
    assert may(role(READ), action, resource) is allowed


def test_without_a_statement_nothing_is_allowed_and_a_deny_wins() -> None:
    deny = {"Effect": "Deny", "Action": "s3:*", "Resource": "*/secret"}
    assert not may(role(), "s3:GetObject", f"{BUCKET}/acme/x")
    assert may(role(READ, deny), "s3:GetObject", f"{BUCKET}/acme/x")
    for order in ((READ, deny), (deny, READ)):
        assert not may(role(*order), "s3:GetObject", f"{BUCKET}/acme/secret")


def test_wildcards_are_any_text_and_one_character() -> None:
    loose = role({"Effect": "Allow", "Action": ["s3:?etObject", "kms:*"], "Resource": ["a?c*", "x.y"]})
    assert may(loose, "s3:GetObject", "abc/d:e")
    assert may(loose, "kms:Decrypt", "abc")
    assert not may(loose, "s3:ForgetObject", "abc")
    assert not may(loose, "s3:GetObject", "ac")
    assert not may(loose, "s3:GetObject", "xzy")


@pytest.mark.parametrize(
    ("condition", "context", "allowed"),
    [
        ({"StringLike": {"s3:prefix": ["a/*", "b/*"]}}, {"s3:prefix": "b/x"}, True),
        ({"StringLike": {"s3:prefix": "a/*"}}, {"s3:prefix": "c/x"}, False),
        ({"StringLike": {"s3:prefix": "a/*"}}, {}, False),
        ({"StringEquals": {"k": "a*"}}, {"k": "a*"}, True),
        ({"StringEquals": {"k": "a*"}}, {"k": "ab"}, False),
        ({"Bool": {"aws:SecureTransport": "true"}}, {"aws:SecureTransport": "True"}, True),
        ({"Bool": {"aws:SecureTransport": "true"}}, {"aws:SecureTransport": "false"}, False),
        ({"ArnEquals": {"k": "arn:aws:s3:*:*:a*"}}, {"k": "arn:aws:s3:eu:1:ab"}, True),
        ({"ArnEquals": {"k": "arn:aws:s3:*:a*"}}, {"k": "arn:aws:s3:eu:1:ab"}, False),
        ({"StringEquals": {"k": "a", "l": "b"}}, {"k": "a"}, False),
        ({"StringEquals": {"k": "a"}, "StringLike": {"k": "b*"}}, {"k": "a"}, False),
    ],
)
def test_conditions_must_all_hold_for_one_of_their_values(
    condition: Mapping[str, Any], context: Mapping[str, str], *, allowed: bool
) -> None:
    assert may(role({**READ, "Condition": condition}), "s3:GetObject", f"{BUCKET}/acme/x", context) is allowed


@pytest.mark.parametrize(
    "changed",
    [
        {"Effect": "allow"},
        {"NotAction": "s3:*"},
        {"NotResource": "*"},
        {"Principal": "*"},
        {"Resource": f"{BUCKET}/${{aws:PrincipalTag/tenant}}/*"},
        {"Resource": [{"Ref": "bucket"}]},
        {"Action": []},
        {"Condition": {"StringNotEquals": {"k": "a"}}},
        {"Condition": {"StringLikeIfExists": {"k": "a"}}},
        {"Condition": {"ForAnyValue:StringLike": {"k": "a"}}},
    ],
)
def test_what_is_not_understood_is_refused(changed: Mapping[str, Any]) -> None:
    with pytest.raises(NotUnderstoodError):
        role({**READ, **changed})


def test_a_managed_policy_is_not_guessed_at() -> None:
    with pytest.raises(NotUnderstoodError, match="AdministratorAccess"):
        may(replace(role(READ), managed=("AdministratorAccess",)), "s3:GetObject", BUCKET)


def test_policies_and_managed_policies_are_read_off_what_is_declared() -> None:
    access = access_of(whole())
    backup = access.roles[arn_of("local-acme-backup")]
    assert (backup.name, set(backup.services)) == ("local-acme-backup", {PODS})
    assert not backup.managed
    assert {each["Effect"] for each in backup.statements} == {"Allow"}
    vault = access.roles[arn_of("local-filestores-role")]
    assert (len(vault.managed), set(vault.services)) == (2, {"backup.amazonaws.com"})
    kinds = {each.type for each in whole()}
    assert {ROLE, ROLE_POLICY, ATTACHMENT, ASSOCIATION} <= kinds


def test_a_role_that_does_not_trust_pods_is_no_pods_role() -> None:
    access = access_of(whole())
    account = Account("odoo-production", "acme-backup")
    (tied,) = access.roles_of(account)
    distrustful = replace(tied, services=frozenset({"s3.amazonaws.com"}))
    changed = replace(access, roles={**access.roles, tied.arn: distrustful})
    assert changed.roles_of(account) == []
    assert access.roles_of(Account("odoo-staging", "acme-backup")) == []


@pytest.mark.parametrize(
    ("type_token", "change", "message"),
    [
        (
            ROLE,
            lambda each: replace(each, type="aws:iam/policyAttachment:PolicyAttachment"),
            "policyAttachment",
        ),
        (ROLE, lambda each: replace(each, props={**each.props, "managedPolicyArns": ["x"]}), "managedPolicy"),
        (ASSOCIATION, lambda each: replace(each, type="aws:eks/accessEntry:AccessEntry"), "accessEntry"),
    ],
)
def test_a_right_given_another_way_is_not_passed_over(
    type_token: str, change: Callable[[Any], Any], message: str
) -> None:
    first = next(each for each in whole() if each.type == type_token)
    with pytest.raises(NotUnderstoodError, match=message):
        access_of([*whole(), replace(change(first), name="another")])
